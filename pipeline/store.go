package pipeline

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A Store keeps cases, the turns of pools, and slots. See package store for what it promises.
type Store = store.Store[Query, Aggregate, Change]

// A Query asks for aggregates by key, absent ones too (Version 0), and for every case of the cards.
type Query struct {
	Keys    []store.Key
	Cards   []CardID
	Command CommandID // with each case its events of this command, as Done
	Lock    bool      // a Commit follows
}

// An Aggregate is what is kept under a key. A case has Case, a pool Turns, a slot neither.
type Aggregate struct {
	store.Key
	Version int64             `json:"-"`
	Case    *Record           `json:"case,omitempty"`
	Turns   map[ActorID]int64 `json:"turns,omitempty"`
	Done    []Event           `json:"-"` // never written
}

// A Change is one commit. Rows replace what is kept under keys whose guard says Write.
type Change struct {
	Guards []store.Guard
	Rows   []Aggregate
	Events []Event
}

// Due lists the keys of cases whose Wake has come, the earliest first.
type Due interface {
	Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error)
}

// Feed hands out all events in the order in which they became visible.
type Feed interface {
	Since(ctx context.Context, after store.Cursor, limit int) ([]Event, store.Cursor, error)
}

// Find lists cases, the oldest first, after the one given ("": from the first).
type Find interface {
	Find(ctx context.Context, f Filter, after CaseID, limit int) ([]Record, error)
}

// History is the audit log of one case, in order, after the given Seq.
type History interface {
	History(ctx context.Context, id CaseID, after int64, limit int) ([]Event, error)
}

// A Filter says which cases to list: those that agree with every field that is set.
type Filter struct {
	Pipeline PipelineID
	Stage    StageID
	Owner    ActorID
	Pool     PoolID   // its live queue: only cases without an owner
	Cards    []CardID // of any of them: a partner's view
	Open     bool     // not in a final stage
}

// Matches reports whether the filter lists the record: for stores that cannot say it in a query.
func (f Filter) Matches(r *Record) bool {
	return (f.Pipeline == "" || f.Pipeline == r.Pipeline) &&
		(f.Stage == "" || f.Stage == r.Stage) &&
		(f.Owner == "" || f.Owner == r.Owner) &&
		(f.Pool == "" || f.Pool == r.Pool && r.Owner == "") &&
		(len(f.Cards) == 0 || slices.ContainsFunc(f.Cards, func(c CardID) bool { return slices.Contains(r.Cards, c) })) &&
		(!f.Open || r.Closed.IsZero())
}

// clone returns a copy that shares nothing with r that can be written.
func (r Record) clone() Record {
	r.Cards, r.Sides, r.Values = slices.Clone(r.Cards), slices.Clone(r.Sides), maps.Clone(r.Values)
	return r
}

// clone returns a copy that shares nothing with e.
func (e Event) clone() Event {
	e.Actors = slices.Clone(e.Actors)
	if e.Data != nil {
		data := *e.Data
		data.Set, data.By.Roles = maps.Clone(data.Set), slices.Clone(data.By.Roles)
		if data.Touch != nil {
			touch := *data.Touch
			data.Touch = &touch
		}
		e.Data = &data
	}
	if e.Open != nil {
		open := *e.Open
		open.Set, open.By.Roles = maps.Clone(open.Set), slices.Clone(open.By.Roles)
		open.Cards, open.Skills = slices.Clone(open.Cards), slices.Clone(open.Skills)
		e.Open = &open
	}
	return e
}

func cloneEvents(events []Event) []Event {
	if len(events) == 0 {
		return nil
	}
	out := make([]Event, len(events))
	for i := range events {
		out[i] = events[i].clone()
	}
	return out
}
