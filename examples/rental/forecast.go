package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"

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

// drawRooms invents them.
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

// comingWeeks is the chapter of what is to come: how full the house will be, what of the books will be
// lost, and what the channels brought; with -out as a page.
func comingWeeks(_ context.Context, s *show.Story) error {
	f := drawRooms(s.Seed)
	o := forecast.Options{AsOf: f.today, Days: 60, By: "channel"}
	sold, err := forecast.Occupancy(forecast.All(f.stays), f.house, forecast.StaysConfig{Options: o})
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
	s.Say("%s, a house of 60 rooms with two years of history; the 60 days to come:", "%s, дом на 60 номеров с историей за два года; ближайшие 60 дней:", day(s, f.today))
	s.Say("  %s nights are on the books; %s will be sold, four times of five between %s and %s", "  забронировано ночей %s; будет продано %s, в четырёх случаях из пяти от %s до %s",
		sold.Total.Contract.StringFixed(0), sold.Total.Mean.StringFixed(0), sold.Total.Low.StringFixed(0), sold.Total.High.StringFixed(0))
	s.Say("  they will bring %s RUB, between %s and %s", "  они принесут %s ₽, от %s до %s", revenue.Total.Mean.StringFixed(0), revenue.Total.Low.StringFixed(0), revenue.Total.High.StringFixed(0))
	s.Say("  of %s bookings for these days %s will be cancelled", "  из %s броней на эти дни отменят %s", lost.Total.Contract.StringFixed(0), lost.Total.Mean.StringFixed(0))
	for i, e := range sold.Evidence {
		if e.Method == sold.Method {
			s.Say("  so far this method (%s) missed by %.1f %%, and %d others were tried", "  до сих пор этот метод (%s) ошибался на %.1f %%, испытано других: %d", e.Method, 100*sold.Evidence[i].WAPE, len(sold.Evidence)-1)
		}
	}
	sums := make(map[string]decimal.Decimal)
	for _, r := range channels.Rows {
		sums[r.Tag] = sums[r.Tag].Add(r.Revenue)
	}
	var brought []string
	for _, tag := range slices.Sorted(maps.Keys(sums)) {
		brought = append(brought, tag+" "+sums[tag].StringFixed(0))
	}
	s.Say("  the year behind brought %s RUB: %s", "  прошедший год принёс %s ₽: %s", months.Totals[0].Revenue.StringFixed(0), strings.Join(brought, ", "))
	f.check(s, past, sold, months)

	var heat []chart.Day
	for _, b := range sold.Buckets {
		heat = append(heat, chart.Day{On: b.From, Share: forecast.Ratio{Num: b.Mean, Den: decimal.NewFromInt(60)}})
	}
	bars := chart.Series{Name: s.T("revenue", "выручка")}
	for _, r := range months.Rows {
		bars.Points = append(bars.Points, chart.Point{Label: r.From.Format("2006-01"), Value: r.Revenue})
	}
	return s.Page("rental.html",
		chart.Section{Title: s.T("Occupancy", "Загрузка"), Text: strings.TrimSpace(fmt.Sprintf(s.T("By method: %s. %s", "Метод: %s. %s"), sold.Method, sold.Degraded)),
			Charts: []chart.SVG{chart.Fan(s.T("Nights sold by day", "Продано ночей по дням"), sold), chart.Heat(s.T("How full the coming days will be", "Как заполнены ближайшие дни"), heat...)},
			Tables: []forecast.Table{revenue.Table().In(s.Lang), sold.PartsTable().In(s.Lang), sold.EvidenceTable().In(s.Lang)}},
		chart.Section{Title: s.T("Cancellations", "Отмены"), Charts: []chart.SVG{chart.Fan(s.T("Bookings that will be cancelled, by week of arrival", "Брони, которые отменят, по неделе заезда"), lost)}, Tables: []forecast.Table{lost.Table().In(s.Lang)}},
		chart.Section{Title: s.T("Channels", "Каналы"), Charts: []chart.SVG{chart.Bars(s.T("Revenue by month, RUB", "Выручка по месяцам, ₽"), bars)}, Tables: []forecast.Table{months.Table().In(s.Lang), channels.Table().In(s.Lang)}},
	)
}

// check counts the nights by hand.
func (f roomFacts) check(s *show.Story, past forecast.Period, ahead forecast.Forecast, months forecast.RoomsReport) {
	books, sold, revenue := 0, 0, decimal.Zero
	for _, st := range f.stays {
		for k, n := 0, st.Arrival; n < st.Departure; k, n = k+1, n+1 {
			stands := st.Cancelled.On == 0 && !(st.NoShow && st.Arrival <= f.today)
			if n > f.today && n <= f.today+60 && stands {
				books++
			}
			kept := (st.Cancelled.On == 0 || st.Cancelled.On >= past.To) && !st.NoShow && st.Booked.On < past.To
			if n >= past.From && n < past.To && kept {
				sold++
				revenue = revenue.Add(st.Nights[k].Amount)
			}
		}
	}
	year := months.Totals[0]
	parts := decimal.Zero
	for _, p := range ahead.Parts {
		parts = parts.Add(p.Mean)
	}
	s.Add("forecast: nights on the books are those of the bookings", "прогноз: забронированные ночи те же, что в бронях", ahead.Total.Contract.Equal(decimal.NewFromInt(int64(books))), "%s", number(s, books))
	s.Add("forecast: nights and revenue of the year are those of the stays", "прогноз: ночи и выручка года те же, что в заездах", year.Sold == sold && year.Revenue.Equal(revenue), "%s, %s RUB", number(s, sold), revenue.StringFixed(2))
	s.Add("forecast: the channels add up to the whole", "прогноз: каналы складываются в целое", parts.Equal(ahead.Total.Mean), "%s", parts)
}
