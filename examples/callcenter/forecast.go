package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/forecast/chart"
)

// week is the week reported; the one before is drawn, too.
var week = time.Date(2027, time.June, 7, 0, 0, 0, 0, time.UTC)

func drawCalls(seed uint64) []forecast.Call {
	rng := rand.New(rand.NewPCG(seed, 19))
	operators := []forecast.OperatorID{"Anna", "Boris", "Vera", "Gleb"}
	groups, lines := []string{"sales", "support"}, []string{"495", "812"}
	var list []forecast.Call
	for i := range 3000 {
		at := week.Add(time.Duration(rng.IntN(14*24*3600)-7*24*3600) * time.Second)
		c := forecast.Call{
			ID: forecast.CallID(fmt.Sprint("call-", i)), At: at, Group: groups[rng.IntN(2)], Line: lines[rng.IntN(2)],
			Customer: fmt.Sprintf("+7916%07d", rng.IntN(900)), Out: rng.IntN(4) == 0,
		}
		switch {
		case c.Out:
			c.By = operators[rng.IntN(len(operators))]
		default:
			c.Rang = operators[:1+rng.IntN(len(operators))]
			if rng.IntN(5) > 0 {
				c.By, c.Answered = c.Rang[rng.IntN(len(c.Rang))], at.Add(time.Duration(2+rng.IntN(50))*time.Second)
				c.Ended = c.Answered.Add(time.Duration(20+rng.IntN(400)) * time.Second)
			} else if rng.IntN(2) == 0 { // called back
				list = append(list, forecast.Call{
					ID: c.ID + "-back", At: at.Add(time.Duration(1+rng.IntN(45)) * time.Minute), Group: c.Group, Line: c.Line, Customer: c.Customer, Out: true, By: "Anna",
				})
			}
		}
		list = append(list, c)
	}
	return list
}

// calls is the page of a call centre's week.
func calls(_ context.Context, o options) error {
	list := drawCalls(o.seed)
	var reports []forecast.CallsReport
	for _, by := range [][]string{{"group", "line"}, {"operator"}} {
		r, err := forecast.Calls(forecast.All(list), forecast.CallsConfig{From: week, To: week.AddDate(0, 0, 7), By: by})
		if err != nil {
			return err
		}
		checkCalls(list, r, o.checks)
		reports = append(reports, r)
	}
	answered, missed := chart.Series{Name: "answered"}, chart.Series{Name: "missed"}
	for _, row := range reports[0].Rows {
		label := row.By[0] + " " + row.By[1]
		answered.Points = append(answered.Points, chart.Point{Label: label, Value: decimal.NewFromInt(int64(row.This.Answered))})
		missed.Points = append(missed.Points, chart.Point{Label: label, Value: decimal.NewFromInt(int64(row.This.Missed))})
	}
	t := reports[0].Total.This
	steps := []chart.Point{
		{Label: "incoming", Value: decimal.NewFromInt(int64(t.Answered + t.Missed))}, {Label: "answered", Value: decimal.NewFromInt(int64(t.Answered))},
		{Label: "in time", Value: decimal.NewFromInt(int64(t.InTime))},
	}
	return show.Page(o.checks, o.out, "callcenter.html",
		chart.Section{Title: "Calls of the week", Charts: []chart.SVG{chart.Bars("Calls by group and line", answered, missed), chart.Steps("Answered in time", steps...)},
			Tables: []forecast.Table{reports[0].Table().In(o.lang)}},
		chart.Section{Title: "Operators", Tables: []forecast.Table{reports[1].Table().In(o.lang)}},
	)
}

// checkCalls counts by hand.
func checkCalls(list []forecast.Call, r forecast.CallsReport, checks *show.Checks) {
	answered, missed, outgoing, lost := 0, 0, 0, 0
	for _, c := range list {
		if c.At.Before(week) || !c.At.Before(week.AddDate(0, 0, 7)) {
			continue
		}
		switch {
		case c.Out:
			outgoing++
		case !c.Answered.IsZero():
			answered++
		default:
			missed++
			back := false
			for _, b := range list {
				back = back || b.Out && b.Customer == c.Customer && !b.At.Before(c.At) && !b.At.After(c.At.Add(30*time.Minute))
			}
			if !back {
				lost++
			}
		}
	}
	t := r.Total.This
	checks.Add(fmt.Sprint("calls by ", r.Config.By, " equal the calls"), t.Answered == answered && t.Missed == missed && t.Outgoing == outgoing && t.Lost == lost,
		"%d answered, %d missed, %d outgoing, %d not returned", answered, missed, outgoing, lost)
}
