package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
)

// A Store keeps calendars in a KV. It is a booking.Store, a booking.Feed and a booking.Due.
type Store struct {
	kv    KV
	retry store.Retry // of transactions
}

// NewStore returns a store over a KV.
func NewStore(kv KV) *Store { return &Store{kv: kv} }

// A document lies under a unit's key: all that a decision about the unit looks at, so that one
// revision stands for all of it. What has ended lies under keys of its own: the document of a flat
// is as small after ten years as after one.
type document struct {
	Head booking.Head  `json:"head"`
	Live []booking.Row `json:"live,omitempty"`
}

// No ID holds a NUL, so no key can be taken for one of another family, unit or reservation.

func unitKey(u string) string { return "unit\x00" + u }

func endedKey(u booking.UnitID, r booking.ReservationID) string {
	return "ended\x00" + string(u) + "\x00" + string(r)
}

// Load implements booking.Store. One Get brings everything as of one moment, so no row is older
// than the revision that its calendar has for a version.
func (s *Store) Load(ctx context.Context, q booking.Query) ([]booking.Calendar, error) {
	var keys []string
	for _, u := range q.Units {
		keys = append(keys, unitKey(string(u)))
		for _, id := range q.IDs {
			keys = append(keys, endedKey(u, id))
		}
	}
	pairs, err := s.kv.Get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	var cals []booking.Calendar
	for _, u := range q.Units {
		cal, err := calendar(u, q, pairs[0], pairs[1:1+len(q.IDs)])
		if err != nil {
			return nil, err
		}
		cals, pairs = append(cals, cal), pairs[1+len(q.IDs):]
	}
	return cals, nil
}

// calendar makes a calendar of what lies under a unit's key and under those of ended reservations.
func calendar(u booking.UnitID, q booking.Query, unit Pair, ended []Pair) (booking.Calendar, error) {
	doc, err := decode[document](unit)
	if err != nil {
		return booking.Calendar{}, err
	}
	cal := booking.Calendar{Head: doc.Head, Version: unit.Rev, Window: q.Window, IDs: slices.Clone(q.IDs)}
	cal.Unit.ID = u
	from, to := q.Window.Bounds()
	for _, row := range doc.Live {
		start, end := row.Busy.Bounds()
		if start < to && from < end || slices.Contains(q.IDs, row.Reservation.ID) {
			cal.Reservations = append(cal.Reservations, row.Reservation)
		}
	}
	for _, pair := range ended {
		row, err := decode[booking.Row](pair)
		if err != nil {
			return booking.Calendar{}, err
		}
		if pair.Rev != 0 {
			cal.Reservations = append(cal.Reservations, row.Reservation)
		}
	}
	return cal, nil
}

// Commit implements booking.Store. It reads the documents of the guarded units, gives up if one has
// another revision than the guard, and hands the new ones to one Swap, which is held to the same
// revisions: whatever comes in between makes it fail.
func (s *Store) Commit(ctx context.Context, c booking.Change) error {
	keys := make([]string, len(c.Guards))
	for i, g := range c.Guards {
		keys[i] = unitKey(g.ID)
	}
	pairs, err := s.kv.Get(ctx, keys...)
	if err != nil {
		return err
	}
	had := make([]Stamp, len(pairs))
	edits := map[string]*edit{} // by unit
	for i, g := range c.Guards {
		if had[i] = pairs[i].Stamp; had[i].Rev != g.Version {
			return fmt.Errorf("%s is at revision %d, not %d: %w", g.Key, had[i].Rev, g.Version, store.ErrConflict)
		}
		if g.Write {
			doc, err := decode[document](pairs[i])
			if err != nil {
				return err
			}
			edits[g.ID] = &edit{doc, due(g.ID, doc)}
		}
	}
	var w writes
	for _, h := range c.Heads {
		doc := edits[string(h.Unit.ID)]
		if doc == nil {
			return fmt.Errorf("unit %q changes, and no guard says so", h.Unit.ID)
		}
		doc.Head = h
	}
	for _, row := range c.Rows {
		doc, id := edits[string(row.Unit)], row.Reservation.ID
		if doc == nil {
			return fmt.Errorf("unit %q changes, and no guard says so", row.Unit)
		}
		doc.Live = slices.DeleteFunc(doc.Live, func(r booking.Row) bool { return r.Reservation.ID == id })
		if row.Live {
			doc.Live = append(doc.Live, row)
			w.delete(endedKey(row.Unit, id)) // it may have been moved away once, and comes back
		} else {
			w.put(endedKey(row.Unit, id), row)
		}
	}
	for id, doc := range edits {
		w.put(unitKey(id), doc.document)
		w.moveDue(id, doc.due, due(id, doc.document))
	}
	for _, e := range c.Events {
		w.put(pendingKey(e), e)
	}
	if w.err != nil {
		return w.err
	}
	swapped, err := s.kv.Swap(ctx, had, w.puts)
	if err == nil && !swapped {
		err = fmt.Errorf("overtaken between reading and writing: %w", store.ErrConflict)
	}
	return err
}

// An edit is a document on its way to the next revision.
type edit struct {
	document
	due string // where the unit stood in the index before
}

// writes collects the changes of a Swap.
type writes struct {
	puts []Put
	err  error
}

func (w *writes) put(key string, v any) {
	text, err := json.Marshal(v)
	w.puts, w.err = append(w.puts, Put{key, string(text)}), errors.Join(w.err, err)
}

func (w *writes) delete(key string) { w.puts = append(w.puts, Put{Key: key}) }

// decode reads what put wrote; of an absent key it is the zero value.
func decode[T any](p Pair) (v T, err error) {
	if p.Rev != 0 {
		if err = json.Unmarshal([]byte(p.Value), &v); err != nil {
			err = fmt.Errorf("key %q: %w", p.Key, err)
		}
	}
	return v, err
}
