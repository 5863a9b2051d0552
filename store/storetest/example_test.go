package storetest_test

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// A package that keeps notes, and its store in memory.
type (
	Query struct{ Notes []string }
	Note  struct {
		ID      string
		Version int64
		Text    string
		Edited  time.Time
	}
	Change struct {
		Guards []store.Guard
		Notes  []Note
	}
	Memory struct {
		mu    sync.Mutex
		notes map[string]Note
	}
)

func (m *Memory) Load(ctx context.Context, q Query) ([]Note, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []Note
	for _, id := range q.Notes {
		if n, ok := m.notes[id]; ok {
			found = append(found, n)
		}
	}
	return found, context.Cause(ctx)
}

func (m *Memory) Commit(ctx context.Context, c Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, g := range c.Guards {
		if m.notes[g.ID].Version != g.Version {
			return fmt.Errorf("note %s: %w", g.ID, store.ErrConflict)
		}
	}
	if m.notes == nil {
		m.notes = make(map[string]Note)
	}
	for _, n := range c.Notes {
		n.Version = m.notes[n.ID].Version + 1
		m.notes[n.ID] = n
	}
	return nil
}

// The fixture is what the package's own suite keeps; in a test, storetest.Run(t, fixture) does the
// rest.
func Example() {
	fixture := storetest.Fixture[Query, Note, Change]{
		Store: new(Memory),
		Kinds: []string{"note"},
		Lacks: storetest.NoErase | storetest.NoAmount,
		Query: func(keys []store.Key, lock bool) Query {
			var q Query
			for _, k := range keys {
				q.Notes = append(q.Notes, k.ID)
			}
			return q
		},
		Change: func(steps []storetest.Step) Change {
			var c Change
			for _, s := range steps {
				c.Guards = append(c.Guards, s.Guard)
				if s.Write {
					c.Notes = append(c.Notes, Note{ID: s.ID, Text: s.Value.Text, Edited: s.Value.At})
				}
			}
			return c
		},
		Row: func(n Note) storetest.Row {
			return storetest.Row{
				Key:     store.Key{Kind: "note", ID: n.ID},
				Version: n.Version,
				Value:   storetest.Value{Text: n.Text, At: n.Edited},
			}
		},
	}
	broken := make(map[string]string)
	for _, c := range storetest.Cases(fixture) {
		if err := c.Run(context.Background()); err != nil {
			broken[c.Name] = c.Rule
		}
	}
	fmt.Println("promises broken:", len(broken), slices.Sorted(maps.Keys(broken)))
	// Output: promises broken: 0 []
}
