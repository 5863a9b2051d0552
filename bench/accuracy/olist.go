package main

import (
	"fmt"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/bench/internal/dataset"
	"github.com/tenure-go/tenure/forecast"
)

// olist has no money: a won lead counts as one dollar, so that the forecast counts wins. No bar.
func olist(dir string, b *board, sums *adder) error {
	leads, err := dataset.Open(dir, "crm/olist_leads.csv.gz")
	if err != nil {
		return err
	}
	closed, err := dataset.Open(dir, "crm/olist_closed_deals.csv.gz")
	if err != nil {
		return err
	}
	deals, early, err := dataset.Leads(leads, closed)
	if err != nil {
		return fmt.Errorf("olist: %w", err)
	}
	fmt.Printf("olist: %d leads, %d won before its first contact\n\n", len(deals), early)
	end := date.New(2018, 4, 30)
	funnel, err := forecast.Funnel(forecast.All(deals), forecast.FunnelConfig{Period: forecast.Period{From: date.New(2017, 6, 14), To: end + 1}, By: "channel"})
	if err != nil {
		return err
	}
	fmt.Println("olist: funnel by channel")
	for _, r := range append(funnel.Rows, funnel.Total) {
		name := r.Tag
		if name == "" {
			name = "(none)"
		}
		share, _ := r.Conversion().Value()
		fmt.Printf("  %-18s %5d leads %4d won %7s%%\n", name, r.Opened, r.Won, share.Shift(2).StringFixed(2))
	}
	fmt.Println()
	for i := range deals {
		if deals[i].Outcome == forecast.OutcomeWon {
			deals[i].Money = forecast.Money{Amount: one, Currency: "USD"}
		}
	}
	c := cell{name: "olist, wins of 30 days", days: 30, step: 7, naive: []string{"persistence of wins"}}
	for _, o := range weekly(date.New(2018, 2, 28), end, 30, 7) {
		f, err := forecast.OpenDeals(forecast.All(dealsAsOf(deals, o)), forecast.DealsConfig{Options: forecast.Options{AsOf: o, Seed: 1}, NewBusiness: true})
		if err != nil {
			return err
		}
		sums.forecast("olist at "+o.String(), f)
		s := of(f.Total, f.Method)
		s.came = won(deals, o, 30, true)
		s.naive = []float64{won(deals, o-30, 30, true)}
		c.windows = append(c.windows, s)
	}
	b.add(c)
	return funnelAddsUp(deals, date.New(2017, 6, 14), end+1, "channel", sums)
}

var one = decimal.NewFromInt(1)
