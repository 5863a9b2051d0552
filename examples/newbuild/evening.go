package main

import (
	"context"
	"strings"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
)

// evening sums up the day of the most inquiries, out of the deals' own histories, and sends it to
// the head at seven.
func (o *office) evening(ctx context.Context, all []*inquiry) error {
	came := make(map[date.Date]int)
	var day date.Date
	for _, q := range all {
		d := o.date(q.at)
		if came[d]++; came[d] > came[day] {
			day = d
		}
	}
	deals, err := o.dealFacts(ctx, all)
	if err != nil {
		return err
	}
	sum, err := forecast.Daily(forecast.Sources{Deals: forecast.All(deals)}, forecast.DailyConfig{
		Options: forecast.Options{AsOf: day}, Zone: zone,
		Funnel: forecast.FunnelConfig{WorkTime: func(from, to time.Time) time.Duration {
			work, _ := o.hours.Between(from, to)
			return work
		}},
	})
	if err != nil {
		return err
	}
	for line := range strings.Lines(sum.Text(o.Lang)) {
		o.Say("  %s", "  %s", strings.TrimSpace(line))
	}
	o.Clock.Set(day.MidnightUTC().Add(16 * time.Hour))
	digest, err := o.letters.Post(ctx, notify.Occasion{
		ID: o.id("day-%s", day), Kind: "day", Start: o.Clock.Now(), Zone: zone,
		To:   notify.Recipient{ID: string(head.ID), Addresses: map[notify.ChannelID]string{"email": "head@example.org"}, Lang: "ru"},
		Vars: map[string]string{"name": "Елена", "day": day.String(), "summary": sum.Text("ru")},
	})
	if err != nil {
		return err
	}
	for _, d := range digest {
		if _, err := o.letters.Tick(ctx, only{{Kind: notify.KindDelivery, ID: string(d.ID)}}, 1); err != nil {
			return err
		}
	}

	// The same by the file: a deal's first inquiry is new, any later one is a repeat; who asks after
	// the office has closed is answered on another day.
	first := make(map[pipeline.CaseID]*inquiry)
	for _, q := range all {
		if had := first[q.deal]; had == nil || q.at.Before(had.at) {
			first[q.deal] = q
		}
	}
	opened, sameDay, repeated := 0, 0, make(map[pipeline.CaseID]bool)
	for _, q := range all {
		switch opens, err := o.hours.NextOpen(q.at); {
		case err != nil:
			return err
		case o.date(q.at) != day:
		case q == first[q.deal]:
			opened++
			if o.date(opens) == day {
				sameDay++
			}
		case o.date(first[q.deal].at) < day:
			repeated[q.deal] = true
		}
	}
	o.Add("the day's new and repeated inquiries, by the file", "новые и повторные обращения дня, по файлу", sum.Deals.New == opened && sum.Deals.Repeated == len(repeated), o.T("%d and %d", "%d и %d"), sum.Deals.New, sum.Deals.Repeated)
	o.Add("the day's new inquiries answered in time, by the file", "новые обращения, на которые ответили в тот же день и вовремя, по файлу", sum.Deals.InTime == sameDay, "%s", o.of(sum.Deals.InTime, opened))
	return nil
}

// dealFacts makes facts for forecasts of the inquiries' deals: when each was opened, moved, asked
// about, answered and closed.
func (o *office) dealFacts(ctx context.Context, all []*inquiry) (deals []forecast.Deal, err error) {
	known := make(map[pipeline.CaseID]bool)
	for _, q := range all {
		if known[q.deal] {
			continue
		}
		known[q.deal] = true
		c, err := o.deals.Case(ctx, q.deal)
		if err != nil {
			return nil, err
		}
		d := forecast.Deal{ID: forecast.DealID(c.ID), Opened: forecast.On(o.date(c.Opened)), Tags: forecast.Tags{"manager": o.word(string(c.Owner))}}
		events, err := o.Pipeline.History(ctx, c.ID, 0, 10_000)
		if err != nil {
			return nil, err
		}
		for _, f := range pipeline.Facts(events, nil) {
			switch {
			case f.Kind == pipeline.FactStage:
				d.Stages = append(d.Stages, forecast.Entered{Stage: f.Name, Dated: forecast.On(o.date(f.From))})
			case f.Kind == pipeline.FactInquiry:
				d.Touches = append(d.Touches, forecast.Touch{At: f.From})
			case f.Kind == pipeline.FactResponse && !f.To.IsZero():
				d.Touches = append(d.Touches, forecast.Touch{At: f.To, Out: true})
			case f.Kind == pipeline.FactOutcome:
				d.Closed = forecast.On(o.date(f.To))
				d.Outcome = map[string]forecast.Outcome{pipeline.Won: forecast.OutcomeWon, pipeline.Lost: forecast.OutcomeLost}[f.Name]
			}
		}
		deals = append(deals, d)
	}
	return deals, nil
}
