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
	last   *memoryUnit // that a commit wrote
	events eventLog
	due    dueHeap
}

type memoryUnit struct {
	head    Head
	version int64
	rows    map[ReservationID]*memoryRow
	short   rowsByStart  // live rows of up to a month
	long    []*memoryRow // the other live rows
}

// A memoryRow is a Row whose reservation the event that tells of it shares: neither ever changes.
type memoryRow struct {
	unit        UnitID
	reservation Reservation
	busy        Span
	live        bool
	deadline    time.Time
}

// monthly is the longest Busy of rows that are found by their start.
const monthly = 31 * day

// rowsByStart is sorted by the start of Busy.
type rowsByStart []*memoryRow

func (s rowsByStart) search(r *memoryRow) (int, bool) {
	return slices.BinarySearchFunc(s, r, func(a, b *memoryRow) int {
		return cmp.Or(cmp.Compare(a.busy.from, b.busy.from), strings.Compare(string(a.reservation.ID), string(b.reservation.ID)))
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
			cals[i] = Calendar{Head: Head{Unit: Unit{ID: id}}, Window: q.Window, IDs: q.IDs}
			continue
		}
		u.load(&cals[i], &q)
	}
	return cals, nil
}

func (u *memoryUnit) load(c *Calendar, q *Query) {
	c.Head, c.Version, c.Window, c.IDs = u.head, u.version, q.Window, q.IDs
	c.Unit.Tags = maps.Clone(c.Unit.Tags)
	var found []*Reservation
	first, _ := slices.BinarySearchFunc(u.short, max(q.Window.from, -forever+monthly)-monthly, func(r *memoryRow, from int64) int { return cmp.Compare(r.busy.from, from) })
	for _, r := range u.short[first:] {
		if r.busy.from >= q.Window.to {
			break
		}
		if r.busy.meets(q.Window) {
			found = append(found, &r.reservation)
		}
	}
	for _, r := range u.long {
		if r.busy.meets(q.Window) {
			found = append(found, &r.reservation)
		}
	}
	for i, id := range q.IDs {
		if r := u.rows[id]; r != nil && !(r.live && r.busy.meets(q.Window)) && !slices.Contains(q.IDs[:i], id) {
			found = append(found, &r.reservation)
		}
	}
	c.Reservations = cloneAll(found)
}

// cloneAll copies reservations with one allocation for all of their claims.
func cloneAll(found []*Reservation) []Reservation {
	claims := 0
	for _, r := range found {
		claims += len(r.Asked) + len(r.Claims)
	}
	room := make(claimRoom, 0, claims)
	all := make([]Reservation, len(found))
	for i, r := range found {
		all[i] = *r
		all[i].Asked, all[i].Claims = room.clone(r.Asked), room.clone(r.Claims)
	}
	return all
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
	var few [4]*memoryRow
	told := few[:0]
	for i := range c.Rows {
		r := &c.Rows[i]
		row := &memoryRow{unit: r.Unit, reservation: r.Reservation.clone(), busy: r.Busy, live: r.Live, deadline: r.Deadline}
		told = append(told, row)
		m.unit(r.Unit).put(row)
		if row.live && !row.deadline.IsZero() {
			heap.Push(&m.due, row)
		}
	}
	for i := range c.Events {
		m.events.add(c.Events[i].toldOf(told))
	}
	return nil
}

// toldOf returns a copy of an event, whose reservation is that of the row that it tells of.
func (e Event) toldOf(rows []*memoryRow) Event {
	for _, row := range rows {
		r := e.Reservation
		if r != nil && e.Key.ID == string(row.unit) && r.ID == row.reservation.ID && r.Rev == row.reservation.Rev {
			e.Tags, e.Reservation = maps.Clone(e.Tags), &row.reservation
			return e
		}
	}
	return e.clone()
}

// An eventLog is a list that grows without moving what is in it.
type eventLog struct {
	chunks [][]Event
	n      int
}

const chunkEvents = 64

func (l *eventLog) add(e Event) {
	if l.n%chunkEvents == 0 {
		var chunk []Event
		if l.n > 0 {
			chunk = make([]Event, 0, chunkEvents)
		}
		l.chunks = append(l.chunks, chunk)
	}
	last := &l.chunks[len(l.chunks)-1]
	*last = append(*last, e)
	l.n++
}

func (l *eventLog) at(i int) *Event { return &l.chunks[i/chunkEvents][i%chunkEvents] }

// unit is the unit that a commit writes: most write one.
func (m *Memory) unit(id UnitID) *memoryUnit {
	if m.last != nil && m.last.head.Unit.ID == id {
		return m.last
	}
	u := m.units[id]
	if u == nil {
		u = &memoryUnit{head: Head{Unit: Unit{ID: id}}, rows: make(map[ReservationID]*memoryRow)}
		m.units[id] = u
	}
	m.last = u
	return u
}

func (u *memoryUnit) put(r *memoryRow) {
	isShort := func(r *memoryRow) bool { return r.busy.to-r.busy.from <= monthly }
	old := u.rows[r.reservation.ID]
	u.rows[r.reservation.ID] = r
	if old != nil && old.live {
		if i, ok := u.short.search(old); ok {
			if r.live && r.busy.from == old.busy.from && isShort(r) {
				u.short[i] = r
				return
			}
			u.short = slices.Delete(u.short, i, i+1)
		} else {
			u.long = slices.DeleteFunc(u.long, func(o *memoryRow) bool { return o == old })
		}
	}
	switch {
	case !r.live:
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
		if _, err := fmt.Sscanf(string(after), "%d-", &n); err != nil || n < 1 || n > m.events.n || m.cursor(n) != after {
			return nil, after, fmt.Errorf("booking: cursor %q: %w", after, store.ErrRewound)
		}
	}
	end := min(m.events.n, n+max(0, limit))
	events := make([]Event, 0, end-n)
	for i := n; i < end; i++ {
		events = append(events, m.events.at(i).clone())
	}
	if end > n {
		after = m.cursor(end)
	}
	return events, after, nil
}

// cursor names the n-th event, the first being 1, so that a follower of another store is noticed.
func (m *Memory) cursor(n int) store.Cursor {
	e := m.events.at(n - 1)
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
	var still []*memoryRow
	for len(m.due) > 0 && len(keys) < limit && !m.due[0].deadline.After(now) {
		r := heap.Pop(&m.due).(*memoryRow)
		if m.units[r.unit].rows[r.reservation.ID] != r {
			continue // it was written again since
		}
		still = append(still, r)
		if k := unitKey(r.unit); !slices.Contains(keys, k) {
			keys = append(keys, k)
		}
	}
	for _, r := range still {
		heap.Push(&m.due, r)
	}
	return keys, nil
}

// dueHeap is of rows with a deadline, the earliest on top, then by unit; some have been replaced since.
type dueHeap []*memoryRow

func (h dueHeap) Len() int      { return len(h) }
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h dueHeap) Less(i, j int) bool {
	return cmp.Or(h[i].deadline.Compare(h[j].deadline), strings.Compare(string(h[i].unit), string(h[j].unit))) < 0
}
func (h *dueHeap) Push(x any) { *h = append(*h, x.(*memoryRow)) }
func (h *dueHeap) Pop() any {
	old := *h
	r := old[len(old)-1]
	*h = old[:len(old)-1]
	return r
}
