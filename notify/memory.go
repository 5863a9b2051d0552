package notify

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/tenure-go/tenure/store"
)

// Memory keeps everything in memory: for tests, examples and small services that may forget. It is
// a [Store], [Due], [Feed] and [Finder], safe for concurrent use.
type Memory struct {
	mu      sync.Mutex
	version int64
	rows    map[store.Key]Aggregate
	pending map[ThreadID]map[MessageID]bool
	wakes   wakes
	events  []Event
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{rows: map[store.Key]Aggregate{}, pending: map[ThreadID]map[MessageID]bool{}}
}

// Load implements [Store].
func (m *Memory) Load(ctx context.Context, q Query) ([]Aggregate, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	loaded := make([]Aggregate, 0, len(q.Keys))
	for _, k := range q.Keys {
		loaded = append(loaded, m.get(k))
		if k.Kind == KindThread {
			for id := range m.pending[ThreadID(k.ID)] {
				loaded = append(loaded, m.get(deliveryKey(id)))
			}
		}
	}
	return loaded, nil
}

func (m *Memory) get(k store.Key) Aggregate {
	a := m.rows[k].Clone()
	a.Key = k
	return a
}

// Commit implements [Store].
func (m *Memory) Commit(ctx context.Context, c Change) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range c.Guards {
		if had := m.rows[g.Key].Version; had != g.Version {
			return fmt.Errorf("notify: %s is at version %d, not %d: %w", g.Key, had, g.Version, store.ErrConflict)
		}
	}
	for _, a := range c.Rows {
		a = a.Clone()
		a.Version = m.rows[a.Key].Version
		m.index(m.rows[a.Key].Delivery, a.Delivery)
		m.rows[a.Key] = a
	}
	for _, g := range c.Guards {
		if g.Write {
			m.version++
			a := m.rows[g.Key]
			a.Key, a.Version = g.Key, m.version
			m.rows[g.Key] = a
		}
	}
	for _, e := range c.Events {
		m.events = append(m.events, e.Clone())
	}
	return nil
}

func (m *Memory) index(had, has *Delivery) {
	if had != nil {
		delete(m.pending[had.Thread], had.ID)
	}
	if has == nil {
		return
	}
	if has.Thread != "" && has.State == StatePending {
		if m.pending[has.Thread] == nil {
			m.pending[has.Thread] = map[MessageID]bool{}
		}
		m.pending[has.Thread][has.ID] = true
	}
	if !has.Wake.IsZero() {
		heap.Push(&m.wakes, wake{has.Wake, has.ID})
	}
}

// Due implements [Due].
func (m *Memory) Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []store.Key
	var kept []wake
	for len(keys) < limit && len(m.wakes) > 0 && !m.wakes[0].at.After(now) {
		w := heap.Pop(&m.wakes).(wake)
		d := m.rows[deliveryKey(w.id)].Delivery
		if d == nil || !d.Wake.Equal(w.at) || len(kept) > 0 && kept[len(kept)-1] == w {
			continue // it has moved on
		}
		kept = append(kept, w)
		keys = append(keys, deliveryKey(w.id))
	}
	for _, w := range kept {
		heap.Push(&m.wakes, w)
	}
	return keys, nil
}

// Since implements [Feed].
func (m *Memory) Since(ctx context.Context, after store.Cursor, limit int) ([]Event, store.Cursor, error) {
	if ctx.Err() != nil {
		return nil, after, context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	if after != "" {
		var err error
		if n, err = strconv.Atoi(string(after)); err != nil || n < 0 {
			return nil, after, &InvalidError{Field: "cursor", Value: string(after), Why: "not one of this feed"}
		}
	}
	if n > len(m.events) {
		return nil, after, fmt.Errorf("notify: cursor %d of %d events: %w", n, len(m.events), store.ErrRewound)
	}
	var events []Event
	for _, e := range m.events[n:min(len(m.events), n+max(limit, 0))] {
		events = append(events, e.Clone())
	}
	return events, store.Cursor(strconv.Itoa(n + len(events))), nil
}

// Find implements [Finder].
func (m *Memory) Find(ctx context.Context, f Filter, after MessageID, limit int) ([]Delivery, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var found []Delivery
	for _, k := range slices.SortedFunc(maps.Keys(m.rows), store.Key.Compare) {
		d := m.rows[k].Delivery
		if d == nil || d.ID <= after || !f.Match(d) {
			continue
		}
		if len(found) >= limit {
			break
		}
		found = append(found, d.Clone())
	}
	return found, nil
}

type wake struct {
	at time.Time
	id MessageID
}

// wakes is a heap, the earliest first. An entry whose delivery has moved on is dropped when it
// comes up.
type wakes []wake

func (w wakes) Len() int { return len(w) }
func (w wakes) Less(i, j int) bool {
	return cmp.Or(w[i].at.Compare(w[j].at), cmp.Compare(w[i].id, w[j].id)) < 0
}
func (w wakes) Swap(i, j int) { w[i], w[j] = w[j], w[i] }
func (w *wakes) Push(x any)   { *w = append(*w, x.(wake)) }
func (w *wakes) Pop() any {
	last := (*w)[len(*w)-1]
	*w = (*w)[:len(*w)-1]
	return last
}
