package main

import (
	"fmt"
	"math"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/bench/internal/dataset"
	"github.com/tenure-go/tenure/forecast"
)

var dealNaive = []string{"persistence of wins", "stage-weighted pipeline", "same days last quarter"}

func crm(dir string, b *board, sums *adder) error {
	r, err := dataset.Open(dir, "crm/sales_pipeline.csv.gz")
	if err != nil {
		return err
	}
	deals, unbegun, err := dataset.Deals(r)
	if err != nil {
		return fmt.Errorf("crm deals: %w", err)
	}
	fmt.Printf("crm: %d deals, %d never begun left out\n", len(deals), unbegun)
	first, end := date.New(2017, 5, 3), date.New(2017, 9, 1)
	for _, at := range []struct {
		days     int
		fresh    bool
		bar, aim float64
	}{{30, false, .33, .22}, {60, false, .25, .13}, {30, true, .19, .14}, {60, true, .10, .07}} {
		origins := weekly(first, end, at.days, 7)
		name := "crm, open deals"
		if at.fresh {
			name = "crm, all won"
		}
		c := cell{name: fmt.Sprintf("%s, %d days", name, at.days), days: at.days, step: 7, naive: dealNaive, bar: at.bar, aim: at.aim}
		if !at.fresh {
			c.bias = .20
		}
		if at.days == 30 {
			c.coverLeast = 9
		}
		forecasts, err := each(origins, func(o date.Date) (forecast.Forecast, error) {
			return forecast.OpenDeals(forecast.All(dealsAsOf(deals, o)), forecast.DealsConfig{
				Options: forecast.Options{AsOf: o, Days: at.days, By: "manager", Seed: 1}, NewBusiness: at.fresh,
			})
		})
		if err != nil {
			return err
		}
		for k, f := range forecasts {
			sums.forecast(c.name+" at "+origins[k].String(), f)
			s := of(f.Total, f.Method)
			s.came = won(deals, origins[k], at.days, at.fresh)
			s.naive = naiveDeals(deals, origins[k], at.days, at.fresh)
			c.windows = append(c.windows, s)
		}
		b.add(c)
	}
	return funnelAddsUp(deals, date.New(2017, 3, 1), end, "product", sums)
}

// won is the money of the deals won in the days after the origin: those open at it, or all.
func won(deals []forecast.Deal, o date.Date, days int, fresh bool) float64 {
	total := 0.0
	for _, d := range deals {
		if d.Outcome == forecast.OutcomeWon && d.Closed.On > o && d.Closed.On <= o+date.Date(days) && (fresh || d.Opened.On <= o) {
			total += d.Amount.InexactFloat64()
		}
	}
	return total
}

func naiveDeals(deals []forecast.Deal, o date.Date, days int, fresh bool) []float64 {
	history := date.New(2017, 3, 1)
	before := func(back date.Date) float64 {
		if o-back < history-1 {
			return math.NaN()
		}
		return won(deals, o-back, days, fresh)
	}
	open, closed, wins, revenue := 0.0, 0.0, 0.0, 0.0
	for _, d := range deals {
		switch {
		case d.Opened.On > o:
		case d.Closed.On == 0 || d.Closed.On > o:
			open++
		default:
			closed++
			if d.Outcome == forecast.OutcomeWon {
				wins++
				revenue += d.Amount.InexactFloat64()
			}
		}
	}
	quarter := before(91)
	if days > 91 {
		quarter = math.NaN()
	}
	return []float64{before(date.Date(days)), open * revenue / closed, quarter}
}

func funnelAddsUp(deals []forecast.Deal, from, to date.Date, by string, sums *adder) error {
	f, err := forecast.Funnel(forecast.All(deals), forecast.FunnelConfig{Period: forecast.Period{From: from, To: to}, By: by})
	if err != nil {
		return err
	}
	sums.seen++
	var opened, wins []decimal.Decimal
	money := map[string][]decimal.Decimal{}
	for _, r := range f.Rows {
		opened, wins = append(opened, decimal.NewFromInt(int64(r.Opened))), append(wins, decimal.NewFromInt(int64(r.Won)))
		for _, m := range r.Money {
			money[m.Currency] = append(money[m.Currency], m.Won)
		}
	}
	sums.check("funnel opened", opened, decimal.NewFromInt(int64(f.Total.Opened)))
	sums.check("funnel won", wins, decimal.NewFromInt(int64(f.Total.Won)))
	for _, m := range f.Total.Money {
		sums.check("funnel money", money[m.Currency], m.Won)
	}
	return nil
}
