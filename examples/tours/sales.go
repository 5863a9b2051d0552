package main

import (
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/forecast/chart"
	"github.com/tenure-go/tenure/region"
)

// months is how many months the reports cover: January to the 14th of June, and the same a year before.
const months = 6

var asOf = june(14)

// dimensions are what sales are reported by: columns of the program's own table.
var dimensions = []struct{ tag, en, ru string }{
	{"country", "country", "странам"}, {"region", "region", "регионам"}, {"city", "city", "городам"},
	{"airport", "airport", "аэропортам"}, {"agency", "agency", "агентствам"}, {"manager", "representative", "представителям"},
}

// sales keeps what was sold in a table of its own, and reports it by everything that a tour operator
// asks on Monday.
func (o *operator) sales(ctx context.Context, s *show.Story) error {
	if err := o.keepSales(ctx, s); err != nil {
		return err
	}
	sold, err := soldSales(ctx, s)
	if err != nil {
		return err
	}
	var sections []chart.Section
	for _, d := range dimensions {
		var tables []forecast.Table
		var charts []chart.SVG
		for _, m := range []forecast.Measure{forecast.MeasureMoney, forecast.MeasurePax} {
			report, err := forecast.Sales(forecast.All(sold), forecast.SalesConfig{AsOf: asOf, Months: months, Rows: []string{d.tag}, Measure: m})
			if err != nil {
				return err
			}
			tables = append(tables, report.Table().In(s.Lang))
			charts = append(charts, bars(s, report, m))
			if m == forecast.MeasurePax {
				continue
			}
			if d.tag == "region" {
				tellSales(s, report)
			}
			if err := checkSales(ctx, s, d.tag, d.en, d.ru, report); err != nil {
				return err
			}
		}
		sections = append(sections, chart.Section{Title: s.T("By "+d.en, "По "+d.ru), Charts: charts, Tables: tables})
	}
	visits := o.visited.Table().In(s.Lang)
	return s.Page("sales.html", append(sections, chart.Section{Title: s.T("Visits", "Визиты"), Tables: []forecast.Table{visits}})...)
}

// tellSales prints a report for the manager who reads it at once.
func tellSales(s *show.Story, report forecast.SalesReport) {
	s.Say("%-25s %4s %13s %13s %8s %11s", "%-25s %4s %13s %13s %8s %11s", s.T("1 January to 14 June", "С 1 января по 14 июня"), "", "2021", "2020", s.T("change", "рост"), s.T("passengers", "пассажиров"))
	for _, row := range append(slices.Clone(report.Rows), report.Totals...) {
		title := s.T("total", "всего")
		if len(row.Tags) > 0 {
			title = row.Tags[0]
		}
		change := "–"
		if g, ok := row.Total.Growth(forecast.MeasureMoney).Value(); ok {
			change = g.Mul(decimal.New(100, 0)).StringFixed(0) + " %"
		}
		s.Say("%-25s %4s %13s %13s %8s %5d /%4d", "%-25s %4s %13s %13s %8s %5d /%4d", title, row.Currency, thousands(row.Total.This.Money), thousands(row.Total.Before.Money), change, row.Total.This.Pax, row.Total.Before.Pax)
	}
}

// thousands writes a sum without its kopecks: 38 174 567.
func thousands(d decimal.Decimal) string {
	text := d.StringFixed(0)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}

// bars shows this year beside the year before, month by month, in the first currency.
func bars(s *show.Story, r forecast.SalesReport, m forecast.Measure) chart.SVG {
	this, before := chart.Series{Name: "2021"}, chart.Series{Name: "2020"}
	title := s.T("Money, ", "Деньги, ") + r.Totals[0].Currency
	if m == forecast.MeasurePax {
		title = s.T("Passengers, sales in ", "Пассажиры, продажи в ") + r.Totals[0].Currency
	}
	for i, c := range r.Totals[0].Cells {
		this.Points = append(this.Points, chart.Point{Label: r.Columns[i].Title, Value: c.This.By(m)})
		before.Points = append(before.Points, chart.Point{Label: r.Columns[i].Title, Value: c.Before.By(m)})
	}
	return chart.Bars(title, this, before)
}

// keepSales fills the table: two years drawn, and the season's own reservations.
func (o *operator) keepSales(ctx context.Context, s *show.Story) error {
	if err := s.Exec(ctx, `create table if not exists tours_sale (run integer not null, id text not null, sold text not null, cancelled text not null, trip_start text not null,
		kopecks bigint not null, currency text not null, pax integer not null, country text not null, region text not null, city text not null,
		airport text not null, agency text not null, manager text not null, primary key (run, id))`); err != nil {
		return err
	}
	rng := rand.New(rand.NewPCG(s.Seed, 13))
	ids := slices.Sorted(maps.Keys(o.partners))
	var rows [][]any
	for i := range 1500 {
		sold := asOf - date.Date(rng.IntN(540))
		row := o.saleOf(s, ids[rng.IntN(len(ids))], []string{"IKT", "OVB", "BTK", "ALA"}[rng.IntN(4)])
		cancelled := ""
		if rng.IntN(12) == 0 {
			cancelled = (sold + date.Date(rng.IntN(60))).String()
		}
		rows = append(rows, append([]any{s.Run, fmt.Sprint("sale-", i), sold.String(), cancelled, (sold + date.Date(rng.IntN(120))).String(), 2_000_000 + rng.Int64N(40_000_000)}, row(1+rng.IntN(4))...))
	}
	cases, err := o.casesOf(ctx, s, "tours")
	if err != nil {
		return err
	}
	own := 0
	for _, id := range slices.Sorted(maps.Keys(cases)) {
		c := cases[id]
		price, err := decimal.NewFromString(c.Values["price"].Text)
		if err != nil {
			return err
		}
		pax, err := strconv.Atoi(c.Values["seats"].Text)
		if err != nil {
			return err
		}
		partner := ""
		for _, card := range c.Cards {
			_, partner, _ = strings.Cut(string(card), "|")
			partner, _, _ = strings.Cut(partner, "|")
		}
		cancelled := ""
		if c.Stage == "cancelled" {
			cancelled = date.NewAt(c.Closed).String()
		}
		start, err := date.ParseISO(c.Values["start"].Text)
		if err != nil {
			return err
		}
		row := o.saleOf(s, partner, c.Values["airport"].Text)(pax)
		row[0] = c.Values["currency"].Text
		rows = append(rows, append([]any{s.Run, id, min(date.NewAt(c.Opened), start).String(), cancelled, start.String(), price.Shift(2).IntPart()}, row...))
		own++
	}
	s.Say("Two years of sales are in the office's own table, this season's %d reservations among them.", "В собственной таблице офиса два года продаж, среди них брони этого сезона: %d.", own)
	return s.InTx(ctx, func(tx show.Tx) error {
		for part := range slices.Chunk(rows, 200) {
			var values []string
			var args []any
			for _, row := range part {
				var marks []string
				for _, v := range row {
					args = append(args, v)
					marks = append(marks, fmt.Sprint("$", len(args)))
				}
				values = append(values, "("+strings.Join(marks, ", ")+")")
			}
			if err := tx.Exec("insert into tours_sale values "+strings.Join(values, ", "), args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// saleOf returns the columns from currency on for a partner's sale.
func (o *operator) saleOf(s *show.Story, id, airport string) func(pax int) []any {
	p, known := o.partners[id]
	country, currency := "RU", "RUB"
	if strings.HasPrefix(string(p.subdivision), "KZ") {
		country, currency = "KZ", "KZT"
	}
	if !known {
		p.company, p.city, p.cityRu, p.manager = "–", "–", "–", "–"
	}
	return func(pax int) []any {
		return []any{currency, pax, country, string(p.subdivision), s.T(p.city, p.cityRu), airport, p.company, p.manager}
	}
}

// soldSales reads the table as facts of package forecast. A million rows would be streamed, as
// examples/sqlfacts does.
func soldSales(ctx context.Context, s *show.Story) (sales []forecast.Sale, err error) {
	rows, err := s.Rows(ctx, `select id, sold, cancelled, trip_start, kopecks, currency, pax, country, region, city, airport, agency, manager from tours_sale where run = $1 order by id`, s.Run)
	if err != nil {
		return nil, err
	}
	for _, f := range rows {
		sale := forecast.Sale{ID: forecast.SaleID(f[0]), Tags: forecast.Tags{"city": f[9], "airport": f[10], "agency": f[11]}}
		sale.Tags["country"], sale.Tags["region"], sale.Tags["manager"] = titles(s, f[7], f[8], f[12])
		if sale.Sold.On, err = date.ParseISO(f[1]); err != nil {
			return nil, err
		}
		if f[2] != "" {
			if sale.Cancelled.On, err = date.ParseISO(f[2]); err != nil {
				return nil, err
			}
		}
		if sale.TripStart, err = date.ParseISO(f[3]); err != nil {
			return nil, err
		}
		kopecks, err := strconv.ParseInt(f[4], 10, 64)
		if err != nil {
			return nil, err
		}
		sale.Money = forecast.Money{Amount: decimal.New(kopecks, -2), Currency: f[5]}
		if sale.Pax, err = strconv.Atoi(f[6]); err != nil {
			return nil, err
		}
		sales = append(sales, sale)
	}
	return sales, nil
}

func titles(s *show.Story, country, subdivision, manager string) (string, string, string) {
	if country == "KZ" {
		country = s.T("Kazakhstan", "Казахстан")
	} else {
		country = s.T("Russia", "Россия")
	}
	if subdivision == "" {
		subdivision = s.T("no partner", "без партнёра")
	} else {
		subdivision = region.Subdivision(subdivision).Name(s.Lang)
	}
	return country, subdivision, person(s, manager)
}

// checkSales lets the database add up the same, row by row, in kopecks and passengers.
func checkSales(ctx context.Context, s *show.Story, tag, en, ru string, report forecast.SalesReport) error {
	rows := map[string][4]int64{} // kopecks and passengers, this year and last
	for side, year := range []int{2021, 2020} {
		found, err := s.Rows(ctx, `select `+tag+`, currency, cast(sum(kopecks) as bigint), cast(sum(pax) as bigint) from tours_sale
			where run = $1 and sold >= $2 and sold <= $3 and (cancelled = '' or cancelled > $4) group by `+tag+`, currency`,
			s.Run, date.New(year, 1, 1).String(), date.New(year, asOf.Month(), asOf.Day()).String(), asOf.String())
		if err != nil {
			return err
		}
		for _, f := range found {
			title := f[0]
			switch country, subdivision, manager := titles(s, f[0], f[0], f[0]); tag {
			case "country":
				title = country
			case "region":
				title = subdivision
			case "manager":
				title = manager
			}
			row := rows[title+f[1]]
			for i, text := range f[2:] {
				if row[2*side+i], err = strconv.ParseInt(text, 10, 64); err != nil {
					return err
				}
			}
			rows[title+f[1]] = row
		}
	}
	kopecks := func(c forecast.SalesCell) [4]int64 {
		return [4]int64{c.This.Money.Shift(2).IntPart(), int64(c.This.Pax), c.Before.Money.Shift(2).IntPart(), int64(c.Before.Pax)}
	}
	differ := 0
	sums := map[string][4]int64{}
	for _, row := range report.Rows {
		if kopecks(row.Total) != rows[row.Tags[0]+row.Currency] {
			differ++
		}
		sum := sums[row.Currency]
		for i, n := range rows[row.Tags[0]+row.Currency] {
			sum[i] += n
		}
		sums[row.Currency] = sum
	}
	var found []string
	for _, total := range report.Totals {
		if sums[total.Currency] != kopecks(total.Total) {
			differ++
		}
		found = append(found, fmt.Sprintf("%s %s", total.Total.This.Money.StringFixed(2), total.Currency))
	}
	s.Add("sales by "+en+" are what the database adds up", "продажи по "+ru+" — то, что складывает база", differ == 0 && len(rows) == len(report.Rows),
		s.T("%d of %d rows differ; %s", "различаются %d из %d строк; %s"), differ, len(rows), strings.Join(found, ", "))
	return nil
}
