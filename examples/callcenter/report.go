package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/forecast/chart"
	"github.com/tenure-go/tenure/pipeline"
)

// report counts the week's calls out of the histories of the cases, against the week before.
func (c *centre) report(ctx context.Context, s *show.Story) error {
	histories, err := c.histories(ctx, s)
	if err != nil {
		return err
	}
	list := c.drawBefore(s)
	for _, h := range histories {
		list = append(list, callsOf(h)...)
	}
	from, to := at(8, 0, 0, 0), at(15, 0, 0, 0)
	var reports []forecast.CallsReport
	for _, by := range [][]string{{"group"}, {"operator"}} {
		r, err := forecast.Calls(forecast.All(list), forecast.CallsConfig{From: from, To: to, By: by})
		if err != nil {
			return err
		}
		reports = append(reports, r)
	}
	s.Say("group         accepted  outgoing  missed  in 30 s  not called back", "группа        принято  исходящих  пропущено  за 30 с  не перезвонили")
	rows := slices.SortedFunc(slices.Values(reports[0].Rows), func(a, b forecast.CallsRow) int { return b.This.Answered - a.This.Answered })
	for _, r := range rows[:min(len(rows), 8)] {
		n := r.This
		s.Say("%-12s  %8d  %8d  %6d  %7d  %15d", "%-12s  %7d  %9d  %9d  %7d  %14d", said(s, r.By[0]), n.Answered, n.Outgoing, n.Missed, n.InTime, n.Lost)
	}
	s.Say("agent         accepted  outgoing  rang in vain", "оператор      принято  исходящих  не снял трубку")
	for _, r := range reports[1].Rows {
		if n := r.This; r.By[0] != "" && n.Answered+n.Outgoing+n.Rings > 0 {
			s.Say("%-12s  %8d  %8d  %12d", "%-12s  %7d  %9d  %14d", said(s, r.By[0]), r.This.Answered, r.This.Outgoing, r.This.Rings)
		}
	}
	all := reports[0].Total
	s.Say("Answered %s %% of the calls of the week, %s %% of those of the week before.", "Принято за неделю %s %% звонков, неделей раньше %s %%.", percent(all.This), percent(all.Before))
	c.checkReport(s, reports, histories)
	return c.page(s, reports)
}

// callsOf reads the calls out of the history of a case.
func callsOf(history []pipeline.Event) (calls []forecast.Call) {
	var last *forecast.Call
	begin := func(c forecast.Call) {
		calls = append(calls, c)
		last = &calls[len(calls)-1]
	}
	for _, e := range history {
		if e.Open != nil {
			group, _, _ := strings.Cut(e.Open.Group, "/")
			begin(forecast.Call{ID: forecast.CallID(e.Command), At: e.At, Line: e.Open.Channel, Group: group, Customer: e.Open.Set["phone"]})
		}
		switch {
		case e.Kind == pipeline.EventSet && e.Name == string(pipeline.FieldOwner) && e.To == "":
			last.Rang = nil
			for _, id := range e.Actors {
				last.Rang = append(last.Rang, forecast.OperatorID(id))
			}
		case e.Kind == pipeline.EventTouched && e.Name == "call":
			last.Answered, last.By = e.At, forecast.OperatorID(e.By)
		case e.Kind == pipeline.EventTouched && e.Name == "outgoing":
			begin(forecast.Call{ID: forecast.CallID(e.Command), At: e.At, Out: true, Line: last.Line, Group: last.Group, Customer: last.Customer, By: forecast.OperatorID(e.By)})
		case e.Kind == pipeline.EventMoved && e.Name == "handle":
			last.Ended = e.At
		}
	}
	return calls
}

// drawBefore is the exchange's export of 3 to 7 June, of whose calls no cases were kept.
func (c *centre) drawBefore(s *show.Story) (list []forecast.Call) {
	rnd := rand.New(rand.NewPCG(s.Seed, 19))
	for n := range 180 {
		line := c.numbers[rnd.IntN(len(c.numbers))]
		call := forecast.Call{ID: forecast.CallID(fmt.Sprint("export-", n)), At: at(3+rnd.IntN(5), 5+rnd.IntN(18), rnd.IntN(60), 0), Line: line.channel, Group: line.group}
		switch rnd.IntN(4) {
		case 0: // nobody
		case 1:
			call.Out, call.By = true, forecast.OperatorID(agents[rnd.IntN(len(agents))].id)
		default:
			call.Answered, call.By = call.At.Add(time.Duration(5+rnd.IntN(40))*time.Second), forecast.OperatorID(agents[rnd.IntN(len(agents))].id)
		}
		list = append(list, call)
	}
	return list
}

func percent(n forecast.CallCounts) string {
	if n.Answered+n.Missed == 0 {
		return "0"
	}
	return decimal.NewFromInt(int64(100*n.Answered)).DivRound(decimal.NewFromInt(int64(n.Answered+n.Missed)), 0).String()
}

// A tally is of one agent or group.
type tally struct{ accepted, outgoing, missed int }

// checkReport counts the exchange's log by hand, and the facts that the pipeline knows.
func (c *centre) checkReport(s *show.Story, reports []forecast.CallsReport, histories [][]pipeline.Event) {
	groups, people := map[string]tally{}, map[string]tally{}
	lost := 0
	for _, l := range c.log {
		g, a := groups[l.Group], people[string(l.By)]
		switch {
		case l.Out:
			g.outgoing++
			a.outgoing++
		case l.Answered.IsZero():
			g.missed++
			a.missed++
			returned := slices.ContainsFunc(c.log, func(b forecast.Call) bool {
				return b.Out && b.Customer == l.Customer && !b.At.Before(l.At) && b.At.Sub(l.At) <= 30*time.Minute
			})
			if !returned {
				lost++
			}
		default:
			g.accepted++
			a.accepted++
		}
		groups[l.Group], people[string(l.By)] = g, a
	}
	differs := func(r forecast.CallsReport, log map[string]tally) (wrong int) {
		seen := map[string]bool{}
		for _, row := range r.Rows {
			seen[row.By[0]] = true
			if (tally{row.This.Answered, row.This.Outgoing, row.This.Missed}) != log[row.By[0]] {
				wrong++
			}
		}
		for name := range log {
			if !seen[name] {
				wrong++
			}
		}
		return wrong
	}
	wrong := differs(reports[0], groups)
	s.Add("accepted, outgoing, missed of each group are those of the exchange's log", "принятые, исходящие, пропущенные по группам те же, что в журнале АТС", wrong == 0, s.T("%d of %d groups differ", "расходятся групп: %d из %d"), wrong, len(groups))
	wrong = differs(reports[1], people)
	s.Add("accepted and outgoing of each agent are those of the exchange's log", "принятые и исходящие по операторам те же, что в журнале АТС", wrong == 0, s.T("%d of %d rows differ", "расходятся строк: %d из %d"), wrong, len(people))
	s.Add("calls that nobody returned within half an hour", "звонки, на которые не перезвонили за полчаса", reports[0].Total.This.Lost == lost, s.T("%d, by the log %d", "%d, по журналу %d"), reports[0].Total.This.Lost, lost)

	hidden, cases := 0, 0
	for _, l := range c.log {
		if l.Customer == anonymous {
			hidden++
		}
	}
	for _, h := range histories {
		if h[0].Open != nil && h[0].Open.Set["phone"] == anonymous {
			cases++
		}
	}
	s.Add("callers who hide their number are not taken for one guest", "скрывшие номер не слиты в одного гостя", hidden == cases && hidden > 0, s.T("%d calls, %d cases", "звонков %d, дел %d"), hidden, cases)

	touched := map[string]tally{}
	folded := 0
	for _, h := range histories {
		for _, f := range pipeline.Facts(h, nil) {
			if f.Kind != pipeline.FactTouch || f.From.Before(at(8, 0, 0, 0)) {
				continue
			}
			n := touched[string(f.Owner)]
			switch f.Name {
			case "call":
				n.accepted++
			case "outgoing":
				n.outgoing++
			case "missed_call":
				n.missed++
			}
			touched[string(f.Owner)] = n
		}
		if one, err := c.calls.Engine().Replay(h); err == nil && string(one.ID) == h[0].Key.ID && one.Rev == int64(len(h)) {
			folded++
		}
	}
	wrong = 0
	for name := range people {
		if touched[name] != people[name] {
			wrong++
		}
	}
	s.Add("the pipeline's facts count the same per agent", "факты воронки дают по операторам то же", wrong == 0 && len(touched) == len(people), s.T("%d of %d differ", "расходятся %d из %d"), wrong, len(people))
	s.Add("every history folds to its case", "каждая история складывается в своё дело", folded == len(histories), s.T("%d of %d", "%d из %d"), folded, len(histories))
}

// page draws the week.
func (c *centre) page(s *show.Story, reports []forecast.CallsReport) error {
	answered, missed := chart.Series{Name: s.T("accepted", "принято")}, chart.Series{Name: s.T("missed", "пропущено")}
	for _, r := range reports[0].Rows {
		label := said(s, r.By[0])
		answered.Points = append(answered.Points, chart.Point{Label: label, Value: decimal.NewFromInt(int64(r.This.Answered))})
		missed.Points = append(missed.Points, chart.Point{Label: label, Value: decimal.NewFromInt(int64(r.This.Missed))})
	}
	t := reports[0].Total.This
	steps := []chart.Point{
		{Label: s.T("incoming", "входящие"), Value: decimal.NewFromInt(int64(t.Answered + t.Missed))},
		{Label: s.T("accepted", "принято"), Value: decimal.NewFromInt(int64(t.Answered))},
		{Label: s.T("within 30 s", "за 30 с"), Value: decimal.NewFromInt(int64(t.InTime))},
	}
	return s.Page("callcenter.html",
		chart.Section{Title: s.T("Calls of the week", "Звонки за неделю"),
			Charts: []chart.SVG{chart.Bars(s.T("Calls by group", "Звонки по группам"), answered, missed), chart.Steps(s.T("Answered in time", "Приняты вовремя"), steps...)},
			Tables: []forecast.Table{reports[0].Table().In(s.Lang)}},
		chart.Section{Title: s.T("Agents", "Операторы"), Tables: []forecast.Table{reports[1].Table().In(s.Lang)}},
	)
}
