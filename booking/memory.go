package booking

import (
	"cmp"
	"container/heap"
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenure-go/tenure/store"
)

// Memory keeps calendars in memory. It is a [Store], a [Feed] and a [Due]; it keeps every event.
type Memory struct {
	mu     sync.RWMutex
	units  map[UnitID]*memoryUnit
	events []Event
	due    dueHeap
}

type memoryUnit struct {
	head    Head
	version int64
	rows    map[ReservationID]*Row
	short   rowsByStart // live rows of up to a month
	long    []*Row      // the other live rows
}

// monthly is the longest Busy of rows that are found by their start.
const monthly = 31 * day

// rowsByStart is sorted by the start of Busy.
type rowsByStart []*Row

func (s rowsByStart) search(r *Row) (int, bool) {
	return slices.BinarySearchFunc(s, r, func(a, b *Row) int {
		return cmp.Or(cmp.Compare(a.Busy.from, b.Busy.from), strings.Compare(string(a.Reservation.ID), string(b.Reservation.ID)))
	})
}

// NewMemory returns an empty store.
func NewMemory() *Memory { return &Memory{units: make(map[UnitID]*memoryUnit)} }

// Load implements [Store].
func (m *Memory) Load(ctx context.Context, q Query) ([]Calendar, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	cals := make([]Calendar, len(q.Units))
	for i, id := range q.Units {
		u := m.units[id]
		if u == nil {
			cals[i] = Calendar{Head: Head{Unit: Unit{ID: id}}, Window: q.Window, IDs: slices.Clone(q.IDs)}
			continue
		}
		cals[i] = u.load(q)
	}
	return cals, nil
}

func (u *memoryUnit) load(q Query) Calendar {
	c := Calendar{Head: u.head, Version: u.version, Window: q.Window, IDs: slices.Clone(q.IDs)}
	c.Unit.Tags = maps.Clone(c.Unit.Tags)
	first, _ := slices.BinarySearchFunc(u.short, max(q.Window.from, -forever+monthly)-monthly, func(r *Row, from int64) int { return cmp.Compare(r.Busy.from, from) })
	last := first
	for last < len(u.short) && u.short[last].Busy.from < q.Window.to {
		last++
	}
	c.Reservations = make([]Reservation, 0, last-first+len(u.long)+len(q.IDs))
	for _, rows := range [][]*Row{u.short[first:last], u.long} {
		for _, r := range rows {
			if r.Busy.meets(q.Window) {
				c.Reservations = append(c.Reservations, r.Reservation.clone())
			}
		}
	}
	for i, id := range q.IDs {
		if r := u.rows[id]; r != nil && !(r.Live && r.Busy.meets(q.Window)) && !slices.Contains(q.IDs[:i], id) {
			c.Reservations = append(c.Reservations, r.Reservation.clone())
		}
	}
	return c
}

// Commit implements [Store].
func (m *Memory) Commit(ctx context.Context, c Change) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	for _, g := range c.Guards {
		var version int64
		if u := m.units[UnitID(g.ID)]; u != nil {
			version = u.version
		}
		if version != g.Version {
			return fmt.Errorf("booking: unit %s has version %d, not %d: %w", g.ID, version, g.Version, store.ErrConflict)
		}
	}
	for _, h := range c.Heads {
		u := m.unit(h.Unit.ID)
		u.head = h
		u.head.Unit.Tags = maps.Clone(h.Unit.Tags)
	}
	for _, g := range c.Guards {
		if g.Write {
			m.unit(UnitID(g.ID)).version++
		}
	}
	for _, r := range c.Rows {
		row := r
		row.Reservation = r.Reservation.clone()
		m.unit(r.Unit).put(&row)
		if row.Live && !row.Deadline.IsZero() {
			heap.Push(&m.due, &row)
		}
	}
	for _, e := range c.Events {
		m.events = append(m.events, e.clone())
	}
	return nil
}

func (m *Memory) unit(id UnitID) *memoryUnit {
	u := m.units[id]
	if u == nil {
		u = &memoryUnit{head: Head{Unit: Unit{ID: id}}, rows: make(map[ReservationID]*Row)}
		m.units[id] = u
	}
	return u
}

func (u *memoryUnit) put(r *Row) {
	isShort := func(r *Row) bool { return r.Busy.to-r.Busy.from <= monthly }
	if old := u.rows[r.Reservation.ID]; old != nil && old.Live {
		if isShort(old) {
			if i, ok := u.short.search(old); ok {
				u.short = slices.Delete(u.short, i, i+1)
			}
		} else {
			u.long = slices.DeleteFunc(u.long, func(o *Row) bool { return o == old })
		}
	}
	u.rows[r.Reservation.ID] = r
	switch {
	case !r.Live:
	case isShort(r):
		i, _ := u.short.search(r)
		u.short = slices.Insert(u.short, i, r)
	default:
		u.long = append(u.long, r)
	}
}

// clone returns a copy that shares nothing with e.
func (e Event) clone() Event {
	e.Tags = maps.Clone(e.Tags)
	if e.Reservation != nil {
		r := e.Reservation.clone()
		e.Reservation = &r
	}
	if e.Unit != nil {
		u := *e.Unit
		u.Tags = maps.Clone(u.Tags)
		e.Unit = &u
	}
	return e
}

// Since implements [Feed].
func (m *Memory) Since(ctx context.Context, after store.Cursor, limit int) ([]Event, store.Cursor, error) {
	if ctx.Err() != nil {
		return nil, after, context.Cause(ctx)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	n := 0
	if after != "" {
		if _, err := fmt.Sscanf(string(after), "%d-", &n); err != nil || n < 1 || n > len(m.events) || m.cursor(n) != after {
			return nil, after, fmt.Errorf("booking: cursor %q: %w", after, store.ErrRewound)
		}
	}
	end := min(len(m.events), n+max(0, limit))
	events := make([]Event, 0, end-n)
	for _, e := range m.events[n:end] {
		events = append(events, e.clone())
	}
	if end > n {
		after = m.cursor(end)
	}
	return events, after, nil
}

// cursor names the n-th event, the first being 1, so that a follower of another store is noticed.
func (m *Memory) cursor(n int) store.Cursor {
	e := m.events[n-1]
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d %d", e.Key, e.Seq, e.At.UnixMicro())
	return store.Cursor(fmt.Sprintf("%d-%x", n, h.Sum64()))
}

// Due implements [Due].
func (m *Memory) Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	var keys []store.Key
	var still []*Row
	for len(m.due) > 0 && len(keys) < limit && !m.due[0].Deadline.After(now) {
		r := heap.Pop(&m.due).(*Row)
		if m.units[r.Unit].rows[r.Reservation.ID] != r {
			continue // it was written again since
		}
		still = append(still, r)
		if k := unitKey(r.Unit); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	for _, r := range still {
		heap.Push(&m.due, r)
	}
	return keys, nil
}

// dueHeap is of rows with a deadline, the earliest on top; some have been replaced since.
type dueHeap []*Row

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].Deadline.Before(h[j].Deadline) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)        { *h = append(*h, x.(*Row)) }
func (h *dueHeap) Pop() any {
	old := *h
	r := old[len(old)-1]
	*h = old[:len(old)-1]
	return r
}
