package main

import (
	"fmt"
	"math"
	"math/rand/v2"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/forecast/chart"
)

// roomFacts are two years of a house of sixty rooms.
type roomFacts struct {
	today date.Date
	house forecast.Inventory
	stays []forecast.Stay
}

func drawRooms(seed uint64) roomFacts {
	rng := rand.New(rand.NewPCG(seed, 17))
	f := roomFacts{today: date.New(2027, 6, 8)}
	f.house = forecast.Inventory{{From: f.today - 900, To: f.today + 400, Rooms: 60}, {From: f.today + 5, To: f.today + 19, OutOfOrder: 6}}
	channels := []string{"own site", "portal", "phone"}
	taken := map[date.Date]int{}
	for i := range 24_000 {
		arrival := f.today - 750 + date.Date(rng.IntN(850))
		season := 1 + math.Sin(2*math.Pi*float64(arrival.YearDay()-110)/365)
		if rng.Float64() > .25+.35*season {
			continue
		}
		channel := rng.IntN(len(channels))
		s := forecast.Stay{
			ID: forecast.StayID(fmt.Sprint("stay-", i)), Booked: forecast.On(arrival - date.Date(rng.ExpFloat64()*25)), Arrival: arrival,
			Departure: arrival + date.Date(1+rng.IntN(4)), Pax: 1 + rng.IntN(3),
			Tags: forecast.Tags{"channel": channels[channel], "segment": channels[channel], "deposit": []string{"none", "paid"}[rng.IntN(2)]},
		}
		if s.Booked.On > f.today {
			continue
		}
		full := false
		for n := s.Arrival; n < s.Departure; n++ {
			full = full || taken[n] >= 54
		}
		if full {
			continue
		}
		for n := s.Arrival; n < s.Departure; n++ {
			s.Nights = append(s.Nights, forecast.Money{Amount: decimal.New(300_000+rng.Int64N(400_000), -2), Currency: "RUB"})
		}
		gone := s.Booked.On + date.Date(rng.IntN(int(arrival-s.Booked.On)+1))
		if rng.IntN(6+channel*4) == 0 && gone <= f.today {
			s.Cancelled = forecast.On(gone)
		} else if s.NoShow = rng.IntN(80) == 0; !s.NoShow {
			for n := s.Arrival; n < s.Departure; n++ {
				taken[n]++
			}
		}
		f.stays = append(f.stays, s)
	}
	return f
}

// rooms is the page of a house: how full it will be, what of the books will be lost, and what the
// channels brought.
func rooms(f roomFacts, out string, checks *show.Checks) error {
	o := forecast.Options{AsOf: f.today, Days: 60, By: "channel"}
	nights, err := forecast.Occupancy(forecast.All(f.stays), f.house, forecast.StaysConfig{Options: o})
	if err != nil {
		return err
	}
	o.Every = forecast.EveryWeek
	revenue, err := forecast.Occupancy(forecast.All(f.stays), f.house, forecast.StaysConfig{Options: o, Measure: forecast.MeasureMoney})
	if err != nil {
		return err
	}
	lost, err := forecast.Cancellations(forecast.All(f.stays), forecast.StaysConfig{Options: o})
	if err != nil {
		return err
	}
	past := forecast.Period{From: date.New(2026, 6, 1), To: date.New(2027, 6, 1)}
	months, err := forecast.Rooms(forecast.All(f.stays), f.house, forecast.RoomsConfig{Period: past, Every: forecast.EveryMonth})
	if err != nil {
		return err
	}
	channels, err := forecast.Rooms(forecast.All(f.stays), f.house, forecast.RoomsConfig{Period: past, Every: forecast.EveryYear, By: "channel"})
	if err != nil {
		return err
	}
	checkRooms(f, past, nights, months, checks)
	var heat []chart.Day
	for _, b := range nights.Buckets {
		heat = append(heat, chart.Day{On: b.From, Share: forecast.Ratio{Num: b.Mean, Den: decimal.NewFromInt(60)}})
	}
	bars := chart.Series{Name: "revenue"}
	for _, r := range months.Rows {
		bars.Points = append(bars.Points, chart.Point{Label: r.From.Format("2006-01"), Value: r.Revenue})
	}
	return show.Page(checks, out, "rental.html",
		chart.Section{Title: "Occupancy", Text: fmt.Sprintf("By method %q. %s", nights.Method, nights.Degraded),
			Charts: []chart.SVG{chart.Fan("Nights sold by day", nights), chart.Heat("How full the coming days will be", heat...)},
			Tables: []forecast.Table{revenue.Table(), nights.PartsTable(), nights.EvidenceTable()}},
		chart.Section{Title: "Cancellations", Charts: []chart.SVG{chart.Fan("Bookings that will be cancelled, by week of arrival", lost)}, Tables: []forecast.Table{lost.Table()}},
		chart.Section{Title: "Channels", Charts: []chart.SVG{chart.Bars("Revenue by month, RUB", bars)}, Tables: []forecast.Table{months.Table(), channels.Table()}},
	)
}

// checkRooms counts the nights by hand.
func checkRooms(f roomFacts, past forecast.Period, nights forecast.Forecast, months forecast.RoomsReport, checks *show.Checks) {
	books, sold, revenue := 0, 0, decimal.Zero
	for _, s := range f.stays {
		for k, n := 0, s.Arrival; n < s.Departure; k, n = k+1, n+1 {
			stands := s.Cancelled.On == 0 && !(s.NoShow && s.Arrival <= f.today)
			if n > f.today && n <= f.today+60 && stands {
				books++
			}
			kept := (s.Cancelled.On == 0 || s.Cancelled.On >= past.To) && !s.NoShow && s.Booked.On < past.To
			if n >= past.From && n < past.To && kept {
				sold++
				revenue = revenue.Add(s.Nights[k].Amount)
			}
		}
	}
	checks.Add("nights on the books equal the bookings", nights.Total.Contract.Equal(decimal.NewFromInt(int64(books))), "%d", books)
	checks.Add("nights sold in the year equal the stays", months.Totals[0].Sold == sold, "%d", sold)
	checks.Add("revenue of the year equals the stays", months.Totals[0].Revenue.Equal(revenue), "%s", revenue)
	parts := decimal.Zero
	for _, p := range nights.Parts {
		parts = parts.Add(p.Mean)
	}
	checks.Add("channels add up to the forecast", parts.Equal(nights.Total.Mean), "%s", parts)
}
