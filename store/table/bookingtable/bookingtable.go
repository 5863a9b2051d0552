// Package bookingtable keeps the calendars of package booking in the tables of any SQL store.
//
// Use it through pgbooking or litebooking. A unit's head is the document of its key; each
// reservation is a row of its own on every unit it is or was on.
package bookingtable

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
)

// Part names the tables of package booking.
var Part = table.Part{Name: "booking", Version: 1}

// A Store keeps calendars in a database, with their feed and what is due: a booking.Store,
// booking.Feed and booking.Due.
type Store struct {
	calendars
	db table.DB
}

// New returns the store over a database's tables.
func New(db table.DB) *Store { return &Store{calendars{db}, db} }

// In returns the store over the tables of a caller's transaction.
func In(tx table.Tables) booking.Store { return calendars{tx} }

// Load is booking.Store's.
func (s *Store) Load(ctx context.Context, q booking.Query) ([]booking.Calendar, error) {
	return table.Reread(ctx, func(ctx context.Context) ([]booking.Calendar, error) { return s.calendars.Load(ctx, q) })
}

// Since is booking.Feed's.
func (s *Store) Since(ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
	return table.Since[booking.Event](ctx, s.db, after, limit)
}

// Due is booking.Due's.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
	return table.Reread(ctx, func(ctx context.Context) ([]store.Key, error) {
		return table.DueBy(ctx, s.db, table.Read{SQL: due, Args: []any{now, max(limit, 0)}})
	})
}

var (
	live = Part.Expand(`select id, doc from {row} where unit = $1 and live and busy_to >= $2 and busy_from <= $3`)
	byID = Part.Expand(`select id, doc from {row} where unit = $1 and id = $2`)
	due  = Part.Expand(`select '` + booking.KindUnit + `', unit from {row} where live and deadline is not null and deadline <= $1
		group by unit order by min(deadline), unit limit $2`)
	upsert = Part.Expand(`insert into {row} (unit, id, state, holder, source, busy_from, busy_to, live, deadline, doc)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (unit, id) do update set state = excluded.state, holder = excluded.holder, source = excluded.source,
			busy_from = excluded.busy_from, busy_to = excluded.busy_to, live = excluded.live, deadline = excluded.deadline, doc = excluded.doc`)
)

// calendars is a booking.Store over either kind of tables.
type calendars struct{ tables table.Tables }

func (c calendars) Load(ctx context.Context, q booking.Query) ([]booking.Calendar, error) {
	cals := make([]booking.Calendar, len(q.Units))
	var lock []store.Key
	var reads []table.Read
	for i, unit := range q.Units {
		cal := &cals[i]
		cal.Unit.ID, cal.Window, cal.IDs = unit, q.Window, append(cal.IDs, q.IDs...)
		key := store.Key{Kind: booking.KindUnit, ID: string(unit)}
		if q.Lock {
			lock = append(lock, key)
		}
		reads = append(reads, Part.ReadKey(key, func(version int64, doc string) error {
			cal.Version = version
			return decode(doc, &cal.Head)
		}))
		seen := make(map[string]bool)
		row := func(scan func(dest ...any) error) error {
			var id, doc string
			if err := scan(&id, &doc); err != nil {
				return err
			}
			if seen[id] {
				return nil
			}
			seen[id] = true
			var r booking.Reservation
			if err := decode(doc, &r); err != nil {
				return err
			}
			cal.Reservations = append(cal.Reservations, r)
			return nil
		}
		if !q.Window.Empty() {
			from, to := bounds(q.Window)
			reads = append(reads, table.Read{SQL: live, Args: []any{string(unit), from, to}, Row: row})
		}
		for _, id := range q.IDs {
			reads = append(reads, table.Read{SQL: byID, Args: []any{string(unit), string(id)}, Row: row})
		}
	}
	if err := c.tables.Read(ctx, lock, reads...); err != nil {
		return nil, err
	}
	return cals, nil
}

func (c calendars) Commit(ctx context.Context, change booking.Change) error {
	w := &table.Write{Guards: change.Guards}
	for _, h := range change.Heads {
		w.Put(store.Key{Kind: booking.KindUnit, ID: string(h.Unit.ID)}, time.Time{}, h)
	}
	for _, r := range change.Rows {
		var from, to, deadline any
		if !r.Busy.Empty() {
			from, to = bounds(r.Busy)
		}
		if !r.Deadline.IsZero() {
			deadline = r.Deadline
		}
		v := &r.Reservation
		w.Exec(upsert, string(r.Unit), string(v.ID), v.State.String(), v.Holder, v.Source, from, to, r.Live, deadline, w.JSON(v))
	}
	for _, e := range change.Events {
		w.Append(e.Key, e.Seq, e.At, e)
	}
	return c.tables.Commit(ctx, w)
}

var (
	first = time.Date(1, time.January, 1, 0, 0, 0, 0, time.UTC)
	last  = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC) // and for ever
)

// bounds places a span on the line of instants as columns can hold it. What lies beyond its ends
// is moved to them, so comparisons let ends meet: a row too many does no harm.
func bounds(s booking.Span) (from, to time.Time) {
	place := func(micros int64) time.Time {
		return time.UnixMicro(min(max(micros, first.UnixMicro()), last.UnixMicro())).UTC()
	}
	a, b := s.Bounds()
	return place(a), place(b)
}

func decode(doc string, v any) error {
	if err := json.Unmarshal([]byte(doc), v); err != nil {
		return fmt.Errorf("bookingtable: a document cannot be read: %w", err)
	}
	return nil
}
