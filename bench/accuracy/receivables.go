package main

import (
	"fmt"
	"math"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/bench/internal/dataset"
	"github.com/tenure-go/tenure/forecast"
)

var payNaive = []string{"schedule, overdue now", "schedule, overdue ignored", "schedule, shifted", "last equal window"}

func receivables(dir string, b *board, sums *adder) error {
	r, err := dataset.Open(dir, "receivables/accounts_receivable.csv.gz")
	if err != nil {
		return err
	}
	invoices, err := dataset.Invoices(r)
	if err != nil {
		return fmt.Errorf("receivables: %w", err)
	}
	fmt.Printf("receivables: %d invoices\n", len(invoices))
	for _, at := range []struct {
		days     int
		bar, aim float64
	}{{7, .16, .13}, {14, .105, .08}, {30, .038, .035}} {
		origins := weekly(date.New(2012, 5, 2), date.New(2012, 12, 31), 30, 7)
		c := cell{name: fmt.Sprintf("receivables, %d days", at.days), days: at.days, step: 7, naive: payNaive, bar: at.bar, aim: at.aim}
		forecasts, err := each(origins, func(o date.Date) (forecast.Forecast, error) {
			return forecast.Receipts(forecast.All(invoices), forecast.ReceiptsConfig{Options: forecast.Options{AsOf: o, Days: at.days, By: "payer", Seed: 1}})
		})
		if err != nil {
			return err
		}
		for k, f := range forecasts {
			sums.forecast(c.name+" at "+origins[k].String(), f)
			s := of(f.Total, f.Method)
			s.came = settled(invoices, origins[k], at.days)
			s.naive = naiveReceipts(invoices, origins[k], at.days)
			c.windows = append(c.windows, s)
		}
		b.add(c)
	}
	return nil
}

// settled is the money that came in the days after the origin on invoices issued by it.
func settled(invoices []forecast.Promise, o date.Date, days int) float64 {
	total := 0.0
	for _, p := range invoices {
		if p.Made.On <= o && len(p.Paid) > 0 && p.Paid[0].On > o && p.Paid[0].On <= o+date.Date(days) {
			total += p.Amount.InexactFloat64()
		}
	}
	return total
}

func naiveReceipts(invoices []forecast.Promise, o date.Date, days int) []float64 {
	delay, n := 0.0, 0.0
	for _, p := range invoices {
		if len(p.Paid) > 0 && p.Paid[0].On <= o {
			delay += float64(p.Paid[0].On - p.Dues[0].On)
			n++
		}
	}
	shift := date.Date(math.Round(delay / n))
	out := make([]float64, len(payNaive))
	for _, p := range invoices {
		if p.Made.On > o || (len(p.Paid) > 0 && p.Paid[0].On <= o) {
			continue
		}
		due, v := p.Dues[0].On, p.Amount.InexactFloat64()
		if due <= o+date.Date(days) {
			out[0] += v
		}
		if due > o && due <= o+date.Date(days) {
			out[1] += v
		}
		if due+shift <= o+date.Date(days) {
			out[2] += v
		}
	}
	out[3] = settled(invoices, o-date.Date(days), days)
	return out
}
