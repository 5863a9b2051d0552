package pipeline

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenure-go/tenure/store"
)

// Memory keeps everything in memory. It is a [Store], [Due], [Feed], [Find] and [History].
type Memory struct {
	mu    sync.RWMutex
	rows  map[store.Key]*memoryRow
	cards map[CardID][]CaseID
	wakes map[CaseID]time.Time
	feed  []Event
}

type memoryRow struct {
	Aggregate
	events   []Event
	commands map[CommandID][]int // places in events
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{rows: make(map[store.Key]*memoryRow), cards: make(map[CardID][]CaseID), wakes: make(map[CaseID]time.Time)}
}

// Load implements [Store].
func (m *Memory) Load(ctx context.Context, q Query) ([]Aggregate, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	keys := slices.Clone(q.Keys)
	for _, card := range q.Cards {
		for _, id := range m.cards[card] {
			if key := (store.Key{Kind: KeyCase, ID: string(id)}); !slices.Contains(keys, key) {
				keys = append(keys, key)
			}
		}
	}
	out := make([]Aggregate, len(keys))
	for i, key := range keys {
		out[i] = m.load(key, q.Command)
	}
	return out, nil
}

func (m *Memory) load(key store.Key, command CommandID) Aggregate {
	row := m.rows[key]
	if row == nil {
		return Aggregate{Key: key}
	}
	a := row.Aggregate
	a.Turns = maps.Clone(a.Turns)
	if a.Case != nil {
		r := a.Case.clone()
		a.Case = &r
	}
	if command != "" {
		for _, i := range row.commands[command] {
			a.Done = append(a.Done, row.events[i].clone())
		}
	}
	return a
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
		if row := m.rows[g.Key]; row != nil {
			version = row.Version
		}
		if version != g.Version {
			return fmt.Errorf("pipeline: %s has version %d, not %d: %w", g.Key, version, g.Version, store.ErrConflict)
		}
	}
	for _, g := range c.Guards {
		if g.Write {
			m.row(g.Key).Version++
		}
	}
	for _, a := range c.Rows {
		row := m.row(a.Key)
		if a.Case != nil {
			r := a.Case.clone()
			m.index(row.Case, &r)
			row.Case = &r
		}
		row.Turns = maps.Clone(a.Turns)
	}
	for i := range c.Events {
		e := c.Events[i].clone()
		m.feed = append(m.feed, e)
		row := m.row(e.Key)
		if e.Command != "" {
			if row.commands == nil {
				row.commands = make(map[CommandID][]int)
			}
			row.commands[e.Command] = append(row.commands[e.Command], len(row.events))
		}
		row.events = append(row.events, e)
	}
	return nil
}

func (m *Memory) row(key store.Key) *memoryRow {
	row := m.rows[key]
	if row == nil {
		row = &memoryRow{Aggregate: Aggregate{Key: key}}
		m.rows[key] = row
	}
	return row
}

func (m *Memory) index(old, r *Record) {
	if old != nil {
		for _, card := range old.Cards {
			m.cards[card] = slices.DeleteFunc(m.cards[card], func(id CaseID) bool { return id == r.ID })
		}
	}
	for _, card := range r.Cards {
		if !slices.Contains(m.cards[card], r.ID) {
			m.cards[card] = append(m.cards[card], r.ID)
		}
	}
	if r.Wake.IsZero() {
		delete(m.wakes, r.ID)
	} else {
		m.wakes[r.ID] = r.Wake
	}
}

// Due implements [Due].
func (m *Memory) Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var ids []CaseID
	for id, wake := range m.wakes {
		if !wake.After(now) {
			ids = append(ids, id)
		}
	}
	slices.SortFunc(ids, func(a, b CaseID) int {
		return cmp.Or(m.wakes[a].Compare(m.wakes[b]), strings.Compare(string(a), string(b)))
	})
	ids = ids[:min(len(ids), max(limit, 0))]
	keys := make([]store.Key, len(ids))
	for i, id := range ids {
		keys[i] = store.Key{Kind: KeyCase, ID: string(id)}
	}
	return keys, nil
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
		if _, err := fmt.Sscanf(string(after), "%d-", &n); err != nil || n < 1 || n > len(m.feed) || m.cursor(n) != after {
			return nil, after, fmt.Errorf("pipeline: cursor %q: %w", after, store.ErrRewound)
		}
	}
	end := min(len(m.feed), n+max(limit, 0))
	if end > n {
		after = m.cursor(end)
	}
	return cloneEvents(m.feed[n:end]), after, nil
}

// cursor names the n-th event, the first being 1, so that a follower of another store is noticed.
func (m *Memory) cursor(n int) store.Cursor {
	e := &m.feed[n-1]
	h := fnv.New64a()
	fmt.Fprintf(h, "%s %d %d", e.Key, e.Seq, e.At.UnixMicro())
	return store.Cursor(fmt.Sprintf("%d-%x", n, h.Sum64()))
}

// Find implements [Find].
func (m *Memory) Find(ctx context.Context, f Filter, after CaseID, limit int) ([]Record, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	order := func(a, b *Record) int {
		return cmp.Or(a.Opened.Compare(b.Opened), strings.Compare(string(a.ID), string(b.ID)))
	}
	var last *Record
	if after != "" {
		row := m.rows[store.Key{Kind: KeyCase, ID: string(after)}]
		if row == nil || row.Case == nil {
			return nil, nil
		}
		last = row.Case
	}
	rows := maps.Values(m.rows)
	if len(f.Cards) > 0 {
		rows = m.ofCards(f.Cards)
	}
	var found []*Record
	for row := range rows {
		if row.Case != nil && f.Matches(row.Case) && (last == nil || order(row.Case, last) > 0) {
			found = append(found, row.Case)
		}
	}
	slices.SortFunc(found, order)
	found = slices.Compact(found) // a case of several cards
	found = found[:min(len(found), max(limit, 0))]
	out := make([]Record, len(found))
	for i, r := range found {
		out[i] = r.clone()
	}
	return out, nil
}

func (m *Memory) ofCards(cards []CardID) iter.Seq[*memoryRow] {
	return func(yield func(*memoryRow) bool) {
		for _, card := range cards {
			for _, id := range m.cards[card] {
				if !yield(m.rows[store.Key{Kind: KeyCase, ID: string(id)}]) {
					return
				}
			}
		}
	}
}

// History implements [History].
func (m *Memory) History(ctx context.Context, id CaseID, after int64, limit int) ([]Event, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	row := m.rows[store.Key{Kind: KeyCase, ID: string(id)}]
	if row == nil {
		return nil, nil
	}
	var out []Event
	for i := range row.events {
		if row.events[i].Seq > after && len(out) < limit {
			out = append(out, row.events[i].clone())
		}
	}
	return out, nil
}
