package main

import (
	"fmt"
	"math/rand/v2"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/forecast/chart"
)

// tourFacts are the sales of a tour operator and the visits of its representatives.
type tourFacts struct {
	today  date.Date
	sales  []forecast.Sale
	visits []forecast.Visit
}

func drawTours(seed uint64) tourFacts {
	rng := rand.New(rand.NewPCG(seed, 13))
	f := tourFacts{today: date.New(2027, 6, 8)}
	places := []struct{ country, region, city string }{
		{"Russia", "Volga", "Kazan"}, {"Russia", "Volga", "Samara"}, {"Russia", "Ural", "Perm"}, {"Kazakhstan", "South", "Almaty"},
	}
	managers, airports, branches := []string{"Anna", "Boris", "Vera"}, []string{"KZN", "KUF", "PEE", "ALA"}, []string{"East", "West"}
	outcomes := []string{"contract", "call back", "no interest"}
	for i := range 4000 {
		sold := f.today - date.Date(rng.IntN(560))
		agency := rng.IntN(40)
		place := places[agency%len(places)]
		s := forecast.Sale{
			ID: forecast.SaleID(fmt.Sprint("sale-", i)), Sold: forecast.On(sold), TripStart: sold + date.Date(rng.IntN(120)),
			Money: forecast.Money{Amount: decimal.New(rng.Int64N(40_000_000)+2_000_000, -2), Currency: "RUB"}, Pax: 1 + rng.IntN(4),
			Tags: forecast.Tags{
				"country": place.country, "region": place.region, "city": place.city, "agency": fmt.Sprintf("agency %02d", agency),
				"manager": managers[agency%len(managers)], "airport": airports[rng.IntN(len(airports))], "branch": branches[agency%len(branches)],
			},
		}
		if place.country == "Kazakhstan" {
			s.Currency = "KZT"
		}
		if rng.IntN(12) == 0 {
			s.Cancelled = forecast.On(sold + date.Date(rng.IntN(60)))
		}
		f.sales = append(f.sales, s)
	}
	for range 400 {
		agency := rng.IntN(40)
		f.visits = append(f.visits, forecast.Visit{
			Dated: forecast.On(f.today - date.Date(rng.IntN(60))), Kind: []string{"meeting", "call"}[rng.IntN(2)], Outcome: outcomes[rng.IntN(len(outcomes))],
			Agency: forecast.AgencyID(fmt.Sprintf("agency %02d", agency)), Tags: forecast.Tags{"manager": managers[agency%len(managers)]},
		})
	}
	return f
}

// salesPage is the Monday of a tour operator: six sales reports, what is on the books against the
// same time last year, and whom the representatives met.
func salesPage(f tourFacts, lang, out string, checks *show.Checks) error {
	presets := []struct {
		preset forecast.Preset
		title  string
	}{
		{forecast.PresetRepresentative, "By representative"}, {forecast.PresetMoney, "Money"}, {forecast.PresetPax, "Guests"},
		{forecast.PresetRegional, "Regional"}, {forecast.PresetCity, "By city"}, {forecast.PresetBranch, "By branch"},
	}
	var sections []chart.Section
	for _, p := range presets {
		r, err := forecast.Sales(forecast.All(f.sales), forecast.SalesPreset(p.preset, f.today, 3))
		if err != nil {
			return err
		}
		checkSales(f, p.title, r, checks)
		sections = append(sections, chart.Section{Title: p.title, Charts: []chart.SVG{salesBars(p.title, r)}, Tables: []forecast.Table{r.Table().In(lang)}})
	}
	books, err := forecast.Sales(forecast.All(f.sales), forecast.SalesConfig{AsOf: f.today, Months: 3, Rows: []string{"country"}, Measure: forecast.MeasurePax, Compare: forecast.CompareSTLY})
	if err != nil {
		return err
	}
	visits, err := forecast.Visits(forecast.All(f.visits), forecast.VisitsConfig{AsOf: f.today, Kinds: []string{"meeting"}})
	if err != nil {
		return err
	}
	met := 0
	for _, v := range f.visits {
		if v.Kind == "meeting" && v.On > date.New(2027, 5, 8) {
			met++
		}
	}
	checks.Add("meetings of the month equal the visits", visits.Total.Visits == met, "%d", met)
	return show.Page(checks, out, "tours.html", append(sections,
		chart.Section{Title: "On the books", Charts: []chart.SVG{salesBars("On the books and at the same time last year", books)}, Tables: []forecast.Table{books.Table().In(lang)}},
		chart.Section{Title: "Visits", Charts: []chart.SVG{visitBars(visits)}, Tables: []forecast.Table{visits.Table().In(lang)}},
	)...)
}

// salesBars shows this year beside the year before, by column, in the currency of the first total.
func salesBars(title string, r forecast.SalesReport) chart.SVG {
	this, before := chart.Series{Name: "this year"}, chart.Series{Name: "year before"}
	if len(r.Totals) > 0 {
		for i, c := range r.Totals[0].Cells {
			this.Points = append(this.Points, chart.Point{Label: r.Columns[i].Title, Value: c.This.By(r.Config.Measure)})
			before.Points = append(before.Points, chart.Point{Label: r.Columns[i].Title, Value: c.Before.By(r.Config.Measure)})
		}
		title += ", sales in " + r.Totals[0].Currency
	}
	return chart.Bars(title, this, before)
}

func visitBars(r forecast.VisitsReport) chart.SVG {
	month := chart.Series{Name: "agencies met in a month"}
	for _, row := range r.Rows {
		month.Points = append(month.Points, chart.Point{Label: row.Manager, Value: decimal.NewFromInt(int64(row.Met[3]))})
	}
	return chart.Bars("Agencies met", month)
}

// checkSales sums April, May and the first days of June by hand, this year and the one before.
func checkSales(f tourFacts, title string, r forecast.SalesReport, checks *show.Checks) {
	for _, total := range r.Totals {
		var money [2]decimal.Decimal
		var pax [2]int
		for _, s := range f.sales {
			if s.Currency != total.Currency || (s.Cancelled.On != 0 && s.Cancelled.On <= f.today) {
				continue
			}
			for k, year := range []int{2027, 2026} {
				if s.Sold.On >= date.New(year, 4, 1) && s.Sold.On <= date.New(year, 6, 8) {
					money[k] = money[k].Add(s.Amount)
					pax[k] += s.Pax
				}
			}
		}
		t := total.Total
		ok := t.This.Money.Equal(money[0]) && t.Before.Money.Equal(money[1]) && t.This.Pax == pax[0] && t.Before.Pax == pax[1]
		checks.Add(title+": totals equal the sales in "+total.Currency, ok, "%s against %s, guests %d against %d", money[0], money[1], pax[0], pax[1])
	}
}
