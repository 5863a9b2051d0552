package main

import (
	"cmp"
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/pipeline"
	rules "github.com/tenure-go/tenure/pipeline/ready"
)

// rental is the pipeline of the board, as the rules file has it: its titles and order.
var rental = func() pipeline.Definition {
	defs := rules.Rules().Definitions
	return defs[slices.IndexFunc(defs, func(d pipeline.Definition) bool { return d.ID == "rental" })]
}()

// perColumn is how many deals of a stage are sent; the others are counted.
const perColumn = 12

type column struct {
	Stage pipeline.Stage
	Total int
	Deals []dealLine
}

// More is how many deals of the stage are not sent.
func (c column) More() int { return c.Total - len(c.Deals) }

type dealLine struct {
	ID          pipeline.CaseID
	Name        string
	Owner, Unit string
	Money       string
	Late        []string // clocks that were overrun
	Timer       string   // the clock that runs out next
	Due         time.Time
	Work        time.Duration // working time until then
	Problem     bool
	opened      time.Time
}

// dealsPage shows the deals by stage.
func (s *server) dealsPage(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "deals")
	return s.show(w, r, p.with(s.columns(p)))
}

func (s *server) columns(p page) []column {
	v := s.h.view
	v.mu.RLock()
	defer v.mu.RUnlock()
	columns := make([]column, len(rental.Stages))
	index := map[pipeline.StageID]*column{}
	for i, stage := range rental.Stages {
		columns[i].Stage = stage
		index[stage.ID] = &columns[i]
	}
	for id, c := range v.deals {
		col := index[c.Stage]
		col.Total++
		col.Deals = append(col.Deals, dealLine{ID: id, opened: c.Opened})
	}
	for i := range columns {
		d := columns[i].Deals
		slices.SortFunc(d, func(a, b dealLine) int { return cmp.Or(b.opened.Compare(a.opened), cmp.Compare(a.ID, b.ID)) })
		d = d[:min(len(d), perColumn)]
		for j := range d {
			s.line(&d[j], v.deals[d[j].ID], v.late[d[j].ID], p)
		}
		columns[i].Deals = d
	}
	return columns
}

// line fills a deal's line: whose turn it is, and how much working time is left for it.
func (s *server) line(l *dealLine, c *pipeline.Case, late map[string]bool, p page) {
	l.Name, l.Owner, l.Unit = c.Values["name"].Text, string(c.Owner), number(booking.UnitID(c.Values["unit"].Text))
	l.Money = grouped(c.Values["price"].Text)
	l.Problem = len(c.Sides) > 0
	for timer := range late {
		l.Late = append(l.Late, timer)
	}
	slices.Sort(l.Late)
	if next := c.Next(p.Now); !next.Due.IsZero() {
		l.Timer, l.Due = next.Timer, next.Due
		if work, err := s.h.office.Between(p.Now, next.Due); err == nil {
			l.Work = work
		}
	}
}

// A dealSheet is one deal, as one actor may work on it.
type dealSheet struct {
	dealLine
	Case    *pipeline.Case
	Stage   pipeline.Stage
	Party   string
	Card    string
	Fields  []dealField
	Actions []dealAction
	History []pipeline.Event
	Request string
	Done    string
}

type dealField struct {
	pipeline.Field
	Value pipeline.Value
	Why   []string // why the actor may not edit it; none: he may
}

type dealAction struct {
	Action pipeline.Action
	Title  string
	To     string
	OK     bool
	Why    []string
}

// rank puts what may be done first, and what belongs to other stages last.
func (a dealAction) rank() int {
	switch {
	case a.OK:
		return 0
	case a.To != "":
		return 1
	}
	return 2
}

// Elsewhere reports whether the action belongs to other stages.
func (a dealAction) Elsewhere() bool { return a.rank() == 2 }

// deal is one deal with what the chosen actor may do to it, and why not the rest.
func (s *server) deal(w http.ResponseWriter, r *http.Request) error {
	return s.showDeal(w, r, pipeline.CaseID(r.PathValue("id")), "")
}

// explain asks the rules about every action and every field. Nothing is tried: a decision is a pure
// function of the case, the actor and the time.
func (s *server) explain(c *pipeline.Case, p page) (actions []dealAction, fields []dealField) {
	for _, d := range c.Explain(nil, p.Who.Actor) {
		a := dealAction{Action: d.Action, OK: d.OK, Title: actionTitle(d.Action, p)}
		if d.To != "" {
			a.To = stageTitle(d.To, p)
		}
		for _, reason := range d.Reasons() {
			a.Why = append(a.Why, reason.Text(p.Lang))
		}
		actions = append(actions, a)
	}
	slices.SortStableFunc(actions, func(a, b dealAction) int { return cmp.Compare(a.rank(), b.rank()) })
	for _, f := range rental.Fields {
		field := dealField{Field: f, Value: c.Values[f.ID]}
		_, _, err := c.Apply(nil, pipeline.Command{Case: c.ID, By: p.Who.Actor, Set: map[pipeline.FieldID]string{f.ID: sample(f)}}, p.Now)
		if refused := (*pipeline.RefusedError)(nil); errors.As(err, &refused) {
			for _, reason := range refused.Reasons {
				field.Why = append(field.Why, reason.Text(p.Lang))
			}
		}
		fields = append(fields, field)
	}
	return actions, fields
}

// sample is a value that a field could hold.
func sample(f pipeline.Field) string {
	switch f.Kind {
	case pipeline.KindNumber:
		return "1"
	case pipeline.KindDate:
		return "2026-06-08"
	case pipeline.KindChoice:
		return f.Values[0]
	}
	return "yes"
}

func stageTitle(id pipeline.StageID, p page) string {
	for _, s := range rental.Stages {
		if s.ID == id {
			return p.Title(s.Title)
		}
	}
	return string(id)
}

// StageTitle is for the history in the template.
func (p page) StageTitle(id string) string { return stageTitle(pipeline.StageID(id), p) }

func actionTitle(a pipeline.Action, p page) string {
	for _, m := range rental.Moves {
		if m.Action == a {
			return p.Title(m.Title)
		}
	}
	for _, side := range rental.Sides {
		if verb, name, _ := strings.Cut(string(a), ":"); name == side.ID {
			return p.Title(side.Title) + ": " + p.T(verb)
		}
	}
	return string(a)
}

func (s *server) showDeal(w http.ResponseWriter, r *http.Request, id pipeline.CaseID, done string) error {
	p := s.page(r, "deals")
	c, err := s.h.deals.Case(r.Context(), id)
	if err != nil {
		return err
	}
	if wantsJSON(r) {
		return writeJSON(w, c.Record)
	}
	sh := dealSheet{Case: &c, Request: newRequest(), Done: done}
	sh.ID = id
	s.h.view.mu.RLock()
	s.line(&sh.dealLine, &c, s.h.view.late[id], p)
	s.h.view.mu.RUnlock()
	for _, stage := range rental.Stages {
		if stage.ID == c.Stage {
			sh.Stage = stage
		}
	}
	if len(c.Cards) > 0 {
		sh.Card = string(c.Cards[0])
	}
	sh.Party = c.Next(p.Now).Party
	sh.Actions, sh.Fields = s.explain(&c, p)
	if sh.History, err = s.h.cases.History(r.Context(), id, max(0, c.Rev-14), 14); err != nil {
		return err
	}
	slices.Reverse(sh.History)
	name := "deal"
	if !isPart(r) {
		name = "page-deal"
	}
	s.render(w, http.StatusOK, name, p.with(sh))
	return nil
}

// command does an action on a deal, with the fields that were filled in, or neither.
func (s *server) command(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "deals")
	id := pipeline.CaseID(r.PathValue("id"))
	request, err := requestID(r)
	if err != nil {
		return err
	}
	cmd := pipeline.Command{ID: pipeline.CommandID(request), Case: id, Action: pipeline.Action(r.PostForm.Get("action")), By: p.Who.Actor}
	if r.PostForm.Get("call") != "" {
		cmd.Touch = &pipeline.Touch{Kind: "call", Channel: "phone", Out: true, Answered: true}
	}
	for key, values := range r.PostForm {
		if field, ok := strings.CutPrefix(key, "set."); ok {
			if cmd.Set == nil {
				cmd.Set = map[pipeline.FieldID]string{}
			}
			cmd.Set[pipeline.FieldID(field)] = values[len(values)-1] // a box that is not ticked sends "" alone
		}
	}
	if cmd.Action == "" && cmd.Set == nil && cmd.Touch == nil {
		return badField("action", "", "nothing is asked for", "ничего не запрошено")
	}
	if _, err := s.h.deals.Do(r.Context(), cmd); err != nil {
		return err
	}
	if err := s.h.follow(r.Context()); err != nil {
		return err
	}
	if !isPart(r) && !wantsJSON(r) {
		return back(w, r)
	}
	return s.showDeal(w, r, id, "done")
}
