package pipelinetest_test

import (
	"context"
	"encoding/csv"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/realdata"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/pipelinetest"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

func TestMemory(t *testing.T) {
	t.Parallel()
	pipelinetest.TestStore(t, func(*testing.T) pipelinetest.Store { return pipeline.NewMemory() })
}

func TestLeadsInMemory(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(strings.NewReader(string(realdata.Read(t, "crm/olist_leads.csv.gz")))).ReadAll()
	require.NoError(t, err)
	leads := pipelinetest.LeadsOf(rows)
	require.Len(t, leads, 6697)
	require.NoError(t, pipelinetest.Leads(t.Context(), pipeline.NewMemory(), leads, 1))
	t.Logf("olist_leads: %d leads, each sent twice", len(leads))
}

func TestReservationsInMemory(t *testing.T) {
	t.Parallel()
	require.NoError(t, pipelinetest.Reservations(t.Context(), pipeline.NewMemory(), 2000, 5, 1))
}

// A broken store breaks one promise.
type broken struct {
	*pipeline.Memory
	load    func([]pipeline.Aggregate) []pipeline.Aggregate
	commit  func(pipeline.Change) pipeline.Change
	due     func([]store.Key) []store.Key
	find    func([]pipeline.Record) []pipeline.Record
	history func([]pipeline.Event) []pipeline.Event
	since   func([]pipeline.Event) []pipeline.Event
	query   func(pipeline.Query) pipeline.Query
	deaf    bool // its feed does not know a foreign cursor
}

func (b broken) Load(ctx context.Context, q pipeline.Query) ([]pipeline.Aggregate, error) {
	if b.query != nil {
		q = b.query(q)
	}
	got, err := b.Memory.Load(ctx, q)
	if b.load != nil {
		got = b.load(got)
	}
	return got, err
}

func (b broken) Commit(ctx context.Context, c pipeline.Change) error {
	if b.commit != nil {
		c = b.commit(c)
	}
	return b.Memory.Commit(ctx, c)
}

func (b broken) Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
	keys, err := b.Memory.Due(ctx, now, limit)
	if b.due != nil {
		keys = b.due(keys)
	}
	return keys, err
}

func (b broken) Find(ctx context.Context, f pipeline.Filter, after pipeline.CaseID, limit int) ([]pipeline.Record, error) {
	got, err := b.Memory.Find(ctx, f, after, limit)
	if b.find != nil {
		got = b.find(got)
	}
	return got, err
}

func (b broken) History(ctx context.Context, id pipeline.CaseID, after int64, limit int) ([]pipeline.Event, error) {
	got, err := b.Memory.History(ctx, id, after, limit)
	if b.history != nil {
		got = b.history(got)
	}
	return got, err
}

func (b broken) Since(ctx context.Context, after store.Cursor, limit int) ([]pipeline.Event, store.Cursor, error) {
	if b.deaf && strings.HasSuffix(string(after), "-0") {
		return nil, after, nil
	}
	got, cursor, err := b.Memory.Since(ctx, after, limit)
	if b.since != nil {
		got = b.since(got)
	}
	return got, cursor, err
}

func TestBrokenStoresAreFound(t *testing.T) {
	t.Parallel()
	dropLast := func(e []pipeline.Event) []pipeline.Event { return e[:max(len(e)-1, 0)] }
	for name, b := range map[string]broken{
		"done": {load: func(got []pipeline.Aggregate) []pipeline.Aggregate {
			for i := range got {
				got[i].Done = dropLast(got[i].Done)
			}
			return got
		}},
		"cards": {query: func(q pipeline.Query) pipeline.Query {
			q.Cards = slices.Clone(q.Cards)
			for i := range q.Cards {
				q.Cards[i] = pipeline.CardID(strings.ToLower(string(q.Cards[i])))
			}
			return q
		}},
		"record comes back whole": {commit: func(c pipeline.Change) pipeline.Change {
			for i := range c.Rows {
				if r := c.Rows[i].Case; r != nil {
					c.Rows[i].Case = &pipeline.Record{ID: r.ID, Pipeline: r.Pipeline, Version: r.Version, Stage: r.Stage, Owner: r.Owner, Pool: r.Pool,
						Cards: r.Cards, Values: r.Values, Sides: r.Sides, Opened: r.Opened, Closed: r.Closed, Wake: r.Wake, Rev: r.Rev} // forgets the clocks
				}
			}
			return c
		}},
		"slot": {commit: func(c pipeline.Change) pipeline.Change {
			c.Guards = slices.DeleteFunc(slices.Clone(c.Guards), func(g store.Guard) bool { return g.Kind == pipeline.KeySlot })
			return c
		}},
		"turns": {load: func(got []pipeline.Aggregate) []pipeline.Aggregate {
			for i := range got {
				for who, n := range got[i].Turns {
					got[i].Turns[who] = int64(int32(n))
				}
			}
			return got
		}},
		"history": {history: dropLast},
		"due": {due: func(keys []store.Key) []store.Key {
			slices.Reverse(keys)
			return keys
		}},
		"find": {find: func(r []pipeline.Record) []pipeline.Record {
			if len(r) > 1 {
				return append(r[:1:1], r[0])
			}
			return r
		}},
		"feed": {since: func(e []pipeline.Event) []pipeline.Event {
			return slices.DeleteFunc(e, func(e pipeline.Event) bool { return e.Kind == pipeline.EventMoved })
		}},
		"one taker": {load: func(got []pipeline.Aggregate) []pipeline.Aggregate { // as it was before anybody claimed
			for i := range got {
				if got[i].Case != nil {
					got[i].Case.Owner = ""
				}
			}
			return got
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b.Memory = pipeline.NewMemory()
			require.Error(t, run(t, b, name), "the suite does not notice")
		})
	}
	b := broken{Memory: pipeline.NewMemory(), deaf: true}
	require.ErrorContains(t, run(t, b, "feed"), "ErrRewound")
	require.NoError(t, run(t, broken{Memory: pipeline.NewMemory()}, "feed"), "a good store passes")
}

func run(t *testing.T, s pipelinetest.Store, name string) error {
	cases := pipelinetest.Cases(s)
	i := slices.IndexFunc(cases, func(c storetest.Case) bool { return c.Name == name })
	require.GreaterOrEqual(t, i, 0, name)
	return cases[i].Run(t.Context())
}

func TestCrowdReturnsErrors(t *testing.T) {
	t.Parallel()
	require.ErrorContains(t, pipelinetest.Crowd(100, func(i int) error {
		if i == 71 {
			return fmt.Errorf("71 fails")
		}
		return nil
	}), "71 fails")
}
