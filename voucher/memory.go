package voucher

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/tenure-go/tenure/store"
)

// Memory is a Store in memory, for tests and for services that keep nothing. It is a [Finder] and
// a [Feed] too, safe for any number of goroutines.
type Memory struct {
	mu       sync.Mutex
	versions map[store.Key]int64
	of       map[ReservationID][]VoucherID
	vouchers map[VoucherID]Voucher
	counters map[CounterKey]Counter
	order    []Place // of all vouchers, sorted
	events   []Event
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		versions: map[store.Key]int64{},
		of:       map[ReservationID][]VoucherID{},
		vouchers: map[VoucherID]Voucher{},
		counters: map[CounterKey]Counter{},
	}
}

// Load returns the aggregates asked for, in key order.
func (m *Memory) Load(ctx context.Context, q Query) ([]Aggregate, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	reservations := slices.Clone(q.Reservations)
	for _, id := range q.Vouchers {
		if v, ok := m.vouchers[id]; ok {
			reservations = append(reservations, v.Item.Reservation)
		}
	}
	slices.Sort(reservations)
	var as []Aggregate
	for _, id := range slices.Compact(reservations) {
		a := Aggregate{Key: id.Key(), Version: m.versions[id.Key()]}
		for _, v := range m.of[id] {
			a.Vouchers = append(a.Vouchers, m.vouchers[v].Clone())
		}
		slices.SortFunc(a.Vouchers, Voucher.Compare)
		as = append(as, a)
	}
	counters := slices.SortedFunc(slices.Values(q.Counters), CounterKey.Compare)
	for _, k := range slices.Compact(counters) {
		c := m.counters[k]
		c.CounterKey = k
		as = append(as, Aggregate{Key: k.Key(), Version: m.versions[k.Key()], Counter: c})
	}
	return as, nil
}

// Commit applies the change if every guard's version holds.
func (m *Memory) Commit(ctx context.Context, c Change) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range c.Guards {
		if m.versions[g.Key] != g.Version {
			return fmt.Errorf("voucher: %s has version %d, not %d: %w", g.Key, m.versions[g.Key], g.Version, store.ErrConflict)
		}
	}
	for _, g := range c.Guards {
		if g.Write {
			m.versions[g.Key]++
		}
	}
	for _, v := range c.Vouchers {
		if _, ok := m.vouchers[v.ID]; !ok {
			place := Place{v.Number, v.ID}
			at, _ := slices.BinarySearchFunc(m.order, place, Place.Compare)
			m.order = slices.Insert(m.order, at, place)
		}
		m.vouchers[v.ID] = v.Clone()
	}
	for _, h := range c.Holdings {
		m.of[h.Reservation] = slices.Clone(h.Vouchers)
	}
	for _, row := range c.Counters {
		m.counters[row.CounterKey] = row
	}
	for _, e := range c.Events {
		m.events = append(m.events, e.Clone())
	}
	return nil
}

// Find implements [Finder].
func (m *Memory) Find(ctx context.Context, f Filter, after store.Cursor, limit int) ([]Voucher, store.Cursor, error) {
	place, err := f.From(after, limit)
	if err != nil {
		return nil, "", err
	}
	if ctx.Err() != nil {
		return nil, "", context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	at, there := slices.BinarySearchFunc(m.order, place, Place.Compare)
	if there {
		at++
	}
	var found []Voucher
	for _, p := range m.order[at:] {
		v := m.vouchers[p.ID]
		if !f.Match(v) {
			continue
		}
		if len(found) == limit {
			return found, store.Cursor(found[limit-1].ID), nil
		}
		found = append(found, v.Clone())
	}
	return found, "", nil
}

// Since implements [Feed].
func (m *Memory) Since(ctx context.Context, after store.Cursor, limit int) ([]Event, store.Cursor, error) {
	if limit < 1 {
		return nil, after, invalid("limit", strconv.Itoa(limit), "limit")
	}
	if ctx.Err() != nil {
		return nil, after, context.Cause(ctx)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	n := 0
	if after != "" {
		number, name, _ := strings.Cut(string(after), ":")
		var err error
		if n, err = strconv.Atoi(number); err != nil || n < 1 || n > len(m.events) || m.mark(n) != string(after) {
			return nil, after, fmt.Errorf("voucher: no event %s (%s): %w", number, name, store.ErrRewound)
		}
	}
	end := min(len(m.events), n+limit)
	events := make([]Event, 0, end-n)
	for _, e := range m.events[n:end] {
		events = append(events, e.Clone())
	}
	if end == 0 {
		return events, "", nil
	}
	return events, store.Cursor(m.mark(end)), nil
}

// mark names the n-th event so that the same place in another history is told apart.
func (m *Memory) mark(n int) string {
	e := m.events[n-1]
	return fmt.Sprintf("%d:%s#%d@%d", n, e.Key, e.Seq, e.At.UnixMicro())
}
