package bookingtest_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/bookingtest"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// A broken store is a good one with a fault in what it is asked, what it answers or what it writes.
type broken struct {
	*booking.Memory
	query  func(*booking.Query)
	answer func([]booking.Calendar) []booking.Calendar
	change func(*booking.Change)
}

func (b broken) Load(ctx context.Context, q booking.Query) ([]booking.Calendar, error) {
	asked := q
	asked.Units, asked.IDs = slices.Clone(q.Units), slices.Clone(q.IDs)
	if b.query != nil {
		b.query(&asked)
	}
	cals, err := b.Memory.Load(ctx, asked)
	if err != nil {
		return nil, err
	}
	for i := range cals {
		cals[i].Window, cals[i].IDs = q.Window, slices.Clone(q.IDs)
	}
	if b.answer != nil {
		cals = b.answer(cals)
	}
	return cals, nil
}

func (b broken) Commit(ctx context.Context, c booking.Change) error {
	if b.change != nil {
		c.Heads, c.Rows = slices.Clone(c.Heads), slices.Clone(c.Rows)
		b.change(&c)
	}
	return b.Memory.Commit(ctx, c)
}

// each changes every reservation of an answer, or drops it.
func each(f func(u booking.UnitID, r *booking.Reservation) (keep bool)) func([]booking.Calendar) []booking.Calendar {
	return func(cals []booking.Calendar) []booking.Calendar {
		for i := range cals {
			var kept []booking.Reservation
			for _, r := range cals[i].Reservations {
				if f(cals[i].Unit.ID, &r) {
					kept = append(kept, r)
				}
			}
			cals[i].Reservations = kept
		}
		return cals
	}
}

// mixed gives the first reservation of an answer as the answer before had it.
func mixed() func([]booking.Calendar) []booking.Calendar {
	var mu sync.Mutex
	last := make(map[booking.UnitID]booking.Reservation)
	return func(cals []booking.Calendar) []booking.Calendar {
		mu.Lock()
		defer mu.Unlock()
		for i := range cals {
			if rows := cals[i].Reservations; len(rows) == 2 {
				slices.SortFunc(rows, func(a, b booking.Reservation) int { return strings.Compare(string(a.ID), string(b.ID)) })
				was, ok := last[cals[i].Unit.ID]
				last[cals[i].Unit.ID] = rows[0]
				if ok {
					rows[0] = was
				}
			}
		}
		return cals
	}
}

// cut is a span of nights without its first or last ones.
func cut(s booking.Span, first, last date.Date) booking.Span {
	arrival, departure := s.Dates()
	shorter, err := booking.Nights(arrival+first, departure-last)
	if err != nil || s.Forever() {
		return s
	}
	return shorter
}

func TestBrokenStores(t *testing.T) {
	t.Parallel()
	on := func(u booking.UnitID, r *booking.Reservation) bool {
		return slices.ContainsFunc(r.Claims, func(c booking.Claim) bool { return c.Unit == u })
	}
	tests := []struct {
		fault  string
		caught string // by this case
		store  broken
	}{
		{"the first night of a window is lost", "window", broken{query: func(q *booking.Query) { q.Window = cut(q.Window, 1, 0) }}},
		{"the last night of a window is lost", "window", broken{query: func(q *booking.Query) { q.Window = cut(q.Window, 0, 1) }}},
		{"stays of over a year are lost", "window", broken{answer: each(func(_ booking.UnitID, r *booking.Reservation) bool {
			nights, _ := r.Claims[0].Span.Len()
			return nights < 366
		})}},
		{"sales are lost", "window", broken{answer: each(func(_ booking.UnitID, r *booking.Reservation) bool { return !r.Claims[0].Span.Forever() })}},
		{"a window is compared by its axis", "window of instants", broken{query: func(q *booking.Query) {
			if q.Window.Axis() == booking.AxisTimes {
				q.Window = booking.Span{}
			}
		}}},
		{"rows are found where they lay first", "window moves", broken{change: func(c *booking.Change) {
			for i, r := range c.Rows {
				if r.Reservation.Rev > 1 {
					c.Rows[i].Live = false
				}
			}
		}}},
		{"rows are read one after the other", "one moment", broken{answer: mixed()}},
		{"what has ended is lost", "id", broken{answer: each(func(_ booking.UnitID, r *booking.Reservation) bool { return r.State != booking.StateCancelled })}},
		{"signposts are lost", "id", broken{answer: each(func(u booking.UnitID, r *booking.Reservation) bool { return on(u, r) })}},
		{"rows outside the window are lost", "id", broken{query: func(q *booking.Query) { q.IDs = nil }}},
		{"rows of one ID are one row", "no more than one unit", broken{answer: func(cals []booking.Calendar) []booking.Calendar {
			seen := map[booking.ReservationID]booking.Reservation{}
			return each(func(_ booking.UnitID, r *booking.Reservation) bool {
				if first, ok := seen[r.ID]; ok {
					*r = first
				}
				seen[r.ID] = *r
				return true
			})(cals)
		}}},
		{"unknown units are left out", "unknown unit", broken{answer: func(cals []booking.Calendar) []booking.Calendar {
			return slices.DeleteFunc(cals, func(c booking.Calendar) bool { return c.Version == 0 })
		}}},
		{"the window is not told", "what was loaded", broken{answer: func(cals []booking.Calendar) []booking.Calendar {
			for i := range cals {
				cals[i].Window = booking.Span{}
			}
			return cals
		}}},
		{"tags are lost", "head", broken{answer: func(cals []booking.Calendar) []booking.Calendar {
			for i := range cals {
				cals[i].Unit.Tags = nil
			}
			return cals
		}}},
		{"clocks are kept to the second", "head", broken{change: func(c *booking.Change) {
			for i := range c.Heads {
				c.Heads[i].Clock = c.Heads[i].Clock.Truncate(time.Second)
			}
		}}},
		{"rooms are lost", "reservation", broken{answer: each(func(_ booking.UnitID, r *booking.Reservation) bool {
			for i := range r.Claims {
				r.Claims[i].Places = nil
			}
			return true
		})}},
		{"whether an offer was seen is lost", "reservation", broken{answer: each(func(_ booking.UnitID, r *booking.Reservation) bool { r.Unseen = false; return true })}},
		{"IDs are trimmed", "hostile texts", broken{change: func(c *booking.Change) {
			for i := range c.Rows {
				c.Rows[i].Reservation.ID = booking.ReservationID(strings.TrimSpace(string(c.Rows[i].Reservation.ID)))
			}
		}}},
		{"IDs are folded", "hostile texts", broken{change: func(c *booking.Change) {
			for i := range c.Rows {
				c.Rows[i].Reservation.ID = booking.ReservationID(strings.ToLower(string(c.Rows[i].Reservation.ID)))
			}
		}}},
		{"guards are not compared", "one winner", broken{change: func(c *booking.Change) { c.Guards = nil }}},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			tt.store.Memory = booking.NewMemory()
			requireCaught(t, bookingtest.Cases(tt.store), tt.caught)
		})
	}
}

// requireCaught runs cases on something broken: the one meant must fail.
func requireCaught(t *testing.T, cases []storetest.Case, caught string) {
	t.Helper()
	i := slices.IndexFunc(cases, func(c storetest.Case) bool { return c.Name == caught })
	require.GreaterOrEqual(t, i, 0, "no case %q", caught)
	require.NotEmpty(t, cases[i].Rule)
	if caught == "one winner" || caught == "one moment" { // a race: some round catches it
		for range 200 {
			if cases[i].Run(context.Background()) != nil {
				return
			}
		}
	}
	require.Error(t, cases[i].Run(context.Background()), "the case passes a broken store")
}

// A brokenFeed is a good one with a fault in what it answers.
type brokenFeed struct {
	*booking.Memory
	since func(m *booking.Memory, ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error)
}

func (b brokenFeed) Since(ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
	return b.since(b.Memory, ctx, after, limit)
}

func TestBrokenFeeds(t *testing.T) {
	t.Parallel()
	type since = func(m *booking.Memory, ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error)
	edit := func(f func(*booking.Event)) since {
		return func(m *booking.Memory, ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
			events, next, err := m.Since(ctx, after, limit)
			for i := range events {
				f(&events[i])
			}
			return events, next, err
		}
	}
	tests := []struct {
		fault, caught string
		since         since
	}{
		{"an event is skipped", "each once, in order", func(m *booking.Memory, ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
			events, next, err := m.Since(ctx, after, limit)
			if len(events) > 2 {
				events = slices.Delete(events, 1, 2)
			}
			return events, next, err
		}},
		{"events come backwards", "each once, in order", func(m *booking.Memory, ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
			events, next, err := m.Since(ctx, after, limit)
			slices.Reverse(events)
			return events, next, err
		}},
		{"the limit is ignored", "limit", func(m *booking.Memory, ctx context.Context, after store.Cursor, _ int) ([]booking.Event, store.Cursor, error) {
			return m.Since(ctx, after, 1<<20)
		}},
		{"the cursor runs ahead of the events", "limit", func(m *booking.Memory, ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
			events, next, err := m.Since(ctx, after, limit)
			if _, further, err := m.Since(ctx, next, 1); err == nil && len(events) > 0 {
				next = further
			}
			return events, next, err
		}},
		{"the end moves the cursor", "end", func(m *booking.Memory, ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
			events, next, err := m.Since(ctx, after, limit)
			if len(events) == 0 && err == nil {
				next = ""
			}
			return events, next, err
		}},
		{"who did it is lost", "exact", edit(func(e *booking.Event) { e.By = "" })},
		{"tags are lost", "exact", edit(func(e *booking.Event) { e.Tags = nil })},
		{"instants are kept to the millisecond", "exact", edit(func(e *booking.Event) { e.At = e.At.Truncate(time.Millisecond) })},
		{"any cursor is the beginning", "rewound", func(m *booking.Memory, ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
			events, next, err := m.Since(ctx, after, limit)
			if errors.Is(err, store.ErrRewound) {
				return m.Since(ctx, "", limit)
			}
			return events, next, err
		}},
		{"a done ctx is ignored", "done ctx", func(m *booking.Memory, _ context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
			return m.Since(context.Background(), after, limit)
		}},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			m := booking.NewMemory()
			requireCaught(t, bookingtest.FeedCases(m, brokenFeed{m, tt.since}), tt.caught)
		})
	}
	t.Run("an event that was committed late is skipped", func(t *testing.T) {
		t.Parallel()
		late := &lateStore{Memory: booking.NewMemory()}
		cases := bookingtest.FeedCases(late, late)
		requireCaught(t, cases, "no gap")
	})
}

// lateStore makes every third event of a unit visible only after the next one, as a feed does that
// orders by a number given before the commit; a follower who has gone on never sees it.
type lateStore struct {
	*booking.Memory
	mu   sync.Mutex
	seen map[store.Key]int64
}

func (s *lateStore) Since(ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
	events, next, err := s.Memory.Since(ctx, after, limit)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.seen == nil {
		s.seen = map[store.Key]int64{}
	}
	var visible []booking.Event
	for _, e := range events {
		if e.Seq%3 == 0 && s.seen[e.Key] < e.Seq {
			s.seen[e.Key] = e.Seq
			continue
		}
		visible = append(visible, e)
	}
	return visible, next, err
}

type brokenDue struct {
	*booking.Memory
	due func(m *booking.Memory, ctx context.Context, now time.Time, limit int) ([]store.Key, error)
}

func (b brokenDue) Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
	return b.due(b.Memory, ctx, now, limit)
}

func TestBrokenDue(t *testing.T) {
	t.Parallel()
	var once sync.Map
	tests := []struct {
		fault, caught string
		due           func(m *booking.Memory, ctx context.Context, now time.Time, limit int) ([]store.Key, error)
	}{
		{"due a moment late", "due", func(m *booking.Memory, ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
			return m.Due(ctx, now.Add(-time.Microsecond), limit)
		}},
		{"due a moment early", "due", func(m *booking.Memory, ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
			return m.Due(ctx, now.Add(time.Microsecond), limit)
		}},
		{"the latest comes first", "order", func(m *booking.Memory, ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
			keys, err := m.Due(ctx, now, 1<<20)
			slices.Reverse(keys)
			return keys[:min(limit, len(keys))], err
		}},
		{"the limit is ignored", "order", func(m *booking.Memory, ctx context.Context, now time.Time, _ int) ([]store.Key, error) {
			return m.Due(ctx, now, 1<<20)
		}},
		{"a unit comes twice", "order", func(m *booking.Memory, ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
			keys, err := m.Due(ctx, now, limit)
			if len(keys) > 0 {
				keys = append(keys, keys[0])
			}
			return keys, err
		}},
		{"what was due once is due for ever", "written again", func(m *booking.Memory, ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
			keys, err := m.Due(ctx, now, limit)
			for _, k := range keys {
				once.Store(k, true)
			}
			if len(keys) == 0 {
				once.Range(func(k, _ any) bool { keys = append(keys, k.(store.Key)); return false })
			}
			return keys, err
		}},
		{"nothing is ever due", "tick", func(*booking.Memory, context.Context, time.Time, int) ([]store.Key, error) { return nil, nil }},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			m := booking.NewMemory()
			requireCaught(t, bookingtest.DueCases(m, brokenDue{m, tt.due}), tt.caught)
		})
	}
}

// A shelf is a store with transactions, one at a time, of the kind that cases need: what a
// transaction did is undone by doing all before it again.
type shelf struct {
	mu   sync.Mutex
	mem  *booking.Memory
	log  []booking.Change
	rows []string

	faults
}

type faults struct{ keepRows, keepHolds, blind, refuse bool }

func (s *shelf) Load(ctx context.Context, q booking.Query) ([]booking.Calendar, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.mem.Load(ctx, q)
}

func (s *shelf) Commit(ctx context.Context, c booking.Change) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.commit(ctx, c)
}

func (s *shelf) commit(ctx context.Context, c booking.Change) error {
	err := s.mem.Commit(ctx, c)
	if err == nil {
		s.log = append(s.log, c)
	}
	return err
}

// inside is the shelf in a transaction.
type inside struct {
	*shelf
	before *booking.Memory // what a blind transaction reads
}

func (s inside) Load(ctx context.Context, q booking.Query) ([]booking.Calendar, error) {
	if s.blind {
		return s.before.Load(ctx, q)
	}
	return s.mem.Load(ctx, q)
}

func (s inside) Commit(ctx context.Context, c booking.Change) error { return s.commit(ctx, c) }

func (s *shelf) replayed(ctx context.Context, n int) *booking.Memory {
	m := booking.NewMemory()
	for _, c := range s.log[:n] {
		if err := m.Commit(ctx, c); err != nil {
			panic(err)
		}
	}
	return m
}

func (s *shelf) tx() bookingtest.Tx {
	return bookingtest.Tx{
		Store: s,
		InTx: func(ctx context.Context, fn func(context.Context, booking.Store, func(string) error) error) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			commits, rows := len(s.log), len(s.rows)
			own := func(text string) error {
				if s.refuse && strings.HasPrefix(text, "refused") {
					return errors.New("current transaction is aborted")
				}
				s.rows = append(s.rows, text)
				return nil
			}
			err := fn(ctx, inside{s, s.replayed(ctx, commits)}, own)
			if err != nil {
				if !s.keepRows {
					s.rows = s.rows[:rows]
				}
				if !s.keepHolds {
					s.mem = s.replayed(ctx, commits)
					s.log = s.log[:commits]
				}
			}
			return err
		},
		Own: func(context.Context) ([]string, error) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return slices.Clone(s.rows), nil
		},
	}
}

func TestTxCases(t *testing.T) {
	t.Parallel()
	good := &shelf{mem: booking.NewMemory()}
	bookingtest.TestTx(t, func(*testing.T) bookingtest.Tx { return good.tx() })
	tests := []struct {
		fault, caught string
		faults        faults
	}{
		{"the caller's rows outlive a rollback", "or not at all", faults{keepRows: true}},
		{"the hold outlives a rollback", "or not at all", faults{keepHolds: true}},
		{"a transaction is blind to itself", "own writes", faults{blind: true}},
		{"a refusal ends the transaction", "refusal", faults{refuse: true}},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			s := &shelf{mem: booking.NewMemory(), faults: tt.faults}
			requireCaught(t, bookingtest.TxCases(s.tx()), tt.caught)
		})
	}
}
