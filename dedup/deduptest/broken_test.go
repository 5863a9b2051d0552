package deduptest_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/dedup/deduptest"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// A broken store does one thing wrong.
type broken struct {
	*dedup.Memory
	load   func(q *dedup.Query, rows []dedup.Aggregate) []dedup.Aggregate
	commit func(c *dedup.Change)
	find   func(ids []dedup.TouchID) []dedup.TouchID
	since  func(events []dedup.Event) []dedup.Event
}

func (b *broken) Load(ctx context.Context, q dedup.Query) ([]dedup.Aggregate, error) {
	rows, err := b.Memory.Load(ctx, q)
	if b.load != nil && err == nil {
		rows = b.load(&q, rows)
	}
	return rows, err
}

func (b *broken) Commit(ctx context.Context, c dedup.Change) error {
	if b.commit != nil {
		c.Guards, c.Rows = slices.Clone(c.Guards), slices.Clone(c.Rows)
		b.commit(&c)
	}
	return b.Memory.Commit(ctx, c)
}

func (b *broken) Find(ctx context.Context, f dedup.Filter, after store.Cursor, limit int) ([]dedup.TouchID, store.Cursor, error) {
	ids, next, err := b.Memory.Find(ctx, f, after, limit)
	if b.find != nil {
		ids = b.find(ids)
	}
	return ids, next, err
}

func (b *broken) Since(ctx context.Context, after store.Cursor, limit int) ([]dedup.Event, store.Cursor, error) {
	events, next, err := b.Memory.Since(ctx, after, limit)
	if b.since != nil {
		events = b.since(events)
	}
	return events, next, err
}

// asked reports whether a query names a row.
func asked(q *dedup.Query, a dedup.Aggregate) bool { return slices.Contains(q.Keys, a.Key) }

func drop(rows []dedup.Aggregate, which func(dedup.Aggregate) bool) []dedup.Aggregate {
	return slices.DeleteFunc(rows, which)
}

// The suite finds what it is for: each of these stores fails at least one case.
func TestSuiteFindsBrokenStores(t *testing.T) {
	t.Parallel()
	eachTouch := func(change func(*dedup.StoredTouch)) func(*dedup.Query, []dedup.Aggregate) []dedup.Aggregate {
		return func(_ *dedup.Query, rows []dedup.Aggregate) []dedup.Aggregate {
			for _, a := range rows {
				if a.Touch != nil {
					change(a.Touch)
				}
			}
			return rows
		}
	}
	for name, b := range map[string]*broken{
		"no ring": {load: func(q *dedup.Query, rows []dedup.Aggregate) []dedup.Aggregate {
			if len(q.Cards)+len(q.History) > 0 {
				return rows
			}
			return drop(rows, func(a dedup.Aggregate) bool { return !asked(q, a) })
		}},
		"no keys of traces": {load: func(q *dedup.Query, rows []dedup.Aggregate) []dedup.Aggregate {
			return drop(rows, func(a dedup.Aggregate) bool { return a.Key.Kind == dedup.RowKey && !asked(q, a) })
		}},
		"no latest": {load: func(_ *dedup.Query, rows []dedup.Aggregate) []dedup.Aggregate {
			for i := range rows {
				rows[i].Latest = nil
			}
			return rows
		}},
		"some latest": {load: func(_ *dedup.Query, rows []dedup.Aggregate) []dedup.Aggregate {
			for i := range rows {
				if rows[i].Latest != nil {
					rows[i].Latest.Received = rows[i].Latest.Received.Add(-time.Hour)
				}
			}
			return rows
		}},
		"no cards": {load: func(q *dedup.Query, rows []dedup.Aggregate) []dedup.Aggregate {
			if len(q.Cards) == 0 {
				return rows
			}
			return drop(rows, func(a dedup.Aggregate) bool { return !asked(q, a) })
		}},
		"half a history": {load: func(q *dedup.Query, rows []dedup.Aggregate) []dedup.Aggregate {
			if len(q.History) == 0 || len(rows) < 2 {
				return rows
			}
			return rows[:len(rows)-1]
		}},
		"a history of old": {load: func(q *dedup.Query, rows []dedup.Aggregate) []dedup.Aggregate {
			for i := range rows {
				if rows[i].Touch != nil && len(q.History) > 0 {
					rows[i].Version--
				}
			}
			return rows
		}},
		"versions only with rows": {commit: func(c *dedup.Change) {
			for i := range c.Guards {
				g := &c.Guards[i]
				g.Write = g.Write && (slices.Contains(c.Forget, g.Key) || slices.ContainsFunc(c.Rows, func(a dedup.Aggregate) bool { return a.Key == g.Key }))
			}
		}},
		"a lost reason":    {load: eachTouch(func(t *dedup.StoredTouch) { t.Reasons = nil })},
		"a truncated time": {load: eachTouch(func(t *dedup.StoredTouch) { t.Received = t.Received.Truncate(time.Millisecond) })},
		"trimmed texts":    {load: eachTouch(func(t *dedup.StoredTouch) { t.Name = string([]rune(t.Name)) })},
		"absence unanswered": {load: func(_ *dedup.Query, rows []dedup.Aggregate) []dedup.Aggregate {
			return drop(rows, func(a dedup.Aggregate) bool { return a.Version == 0 })
		}},
		"nothing forgotten": {commit: func(c *dedup.Change) { c.Forget = nil }},
		"no guards compared": {commit: func(c *dedup.Change) {
			c.Guards = slices.DeleteFunc(c.Guards, func(g store.Guard) bool { return !g.Write })
		}},
		"a row lost": {commit: func(c *dedup.Change) {
			c.Rows = slices.DeleteFunc(c.Rows, func(a dedup.Aggregate) bool { return a.Decision != nil })
		}},
		"a short list": {find: func(ids []dedup.TouchID) []dedup.TouchID { return ids[:len(ids)/2] }},
		"no events moved": {since: func(e []dedup.Event) []dedup.Event {
			return slices.DeleteFunc(e, func(e dedup.Event) bool { return e.Kind == dedup.EventMerged || e.Kind == dedup.EventMoved })
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b.Memory = dedup.NewMemory()
			var failed []string
			for _, c := range slices.Concat(deduptest.Cases(b), deduptest.FeedCases(b, b), deduptest.FindCases(b, b)) {
				if run(t.Context(), c) != nil {
					failed = append(failed, c.Name)
				}
			}
			require.NotEmpty(t, failed)
		})
	}
}

// run runs a case; a store so broken that a case panics has failed it.
func run(ctx context.Context, c storetest.Case) (err error) {
	defer func() {
		if recover() != nil {
			err = errors.New("panic")
		}
	}()
	return c.Run(ctx)
}
