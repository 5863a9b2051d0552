package dedup

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A Memory is a Store that lives in this process. Rows are kept as bytes: what Load returns is
// nobody else's.
type Memory struct {
	mu      sync.RWMutex
	version int64 // the last one given: none is given twice
	touches rows[touchRow]
	traces  rows[traceRow]
	uses    map[Key]docRow
	rulings map[DecisionID]docRow
	filings map[PartnerID][]int32 // touches
	events  []string
	buf     []byte
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{
		touches: rows[touchRow]{index: make(map[string]int32)},
		traces:  rows[traceRow]{index: make(map[string]int32)},
		uses:    make(map[Key]docRow),
		rulings: make(map[DecisionID]docRow),
		filings: make(map[PartnerID][]int32),
	}
}

// A docRow is a row as bytes. Version 0: it is absent.
type docRow struct {
	doc     string
	version int64
}

// A touchRow is a touch, in a list of those of its trace, the latest first. The traces on the card
// that it founded are a list too.
type touchRow struct {
	docRow
	received int64 // microseconds
	moment   int64 // when it stands, in microseconds
	next     int32 // of its trace; places count from 1, 0 is none
	trace    int32
	card     int32 // the first trace on the card of this name
}

type traceRow struct {
	docRow
	touches int32 // the latest
	next    int32 // on its card
	card    int32 // the touch its card is named after
}

// rows are rows that others refer to by their place; place 0 is nobody's.
type rows[T any] struct {
	index map[string]int32
	rows  []T
	ids   []string
}

// at returns the place of id, making one if need be.
func (r *rows[T]) at(id string) int32 {
	i, ok := r.index[id]
	if !ok {
		if len(r.rows) == 0 {
			r.rows, r.ids = append(r.rows, *new(T)), append(r.ids, "")
		}
		i = int32(len(r.rows))
		r.rows, r.ids = append(r.rows, *new(T)), append(r.ids, id)
		r.index[id] = i
	}
	return i
}

// find returns the place of id, 0 if it has none.
func (r *rows[T]) find(id string) int32 { return r.index[id] }

// Load is Store's.
func (m *Memory) Load(ctx context.Context, q Query) ([]Aggregate, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("dedup: memory: %w", context.Cause(ctx))
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	l := loading{m: m, out: make([]Aggregate, 0, 2*len(q.Keys)+4)}
	for _, k := range q.Keys {
		l.key(k)
	}
	for _, card := range q.Cards {
		l.card(m.touches.find(string(card)))
	}
	for _, id := range q.History {
		if t := m.traces.find(string(id)); t != 0 {
			for i := m.traces.rows[t].touches; i != 0; i = m.touches.rows[i].next {
				l.touch(i)
			}
		}
	}
	return l.out, l.err
}

// A loading collects what one Load returns, each row once.
type loading struct {
	m    *Memory
	out  []Aggregate
	seen map[store.Key]bool // once there are many
	err  error
}

func (l *loading) have(k store.Key) bool {
	const few = 24
	if len(l.out) < few {
		for i := range l.out {
			if l.out[i].Key == k {
				return true
			}
		}
		return false
	}
	if l.seen == nil {
		l.seen = make(map[store.Key]bool)
		for i := range l.out {
			l.seen[l.out[i].Key] = true
		}
	}
	if l.seen[k] {
		return true
	}
	l.seen[k] = true
	return false
}

func (l *loading) key(k store.Key) {
	switch k.Kind {
	case RowTouch:
		if i := l.m.touches.find(k.ID); i != 0 {
			l.touch(i)
			return
		}
	case RowTrace:
		if i := l.m.traces.find(k.ID); i != 0 {
			l.trace(i)
			return
		}
	case RowKey:
		u := l.use(Key(k.ID))
		if u == nil {
			return
		}
		for _, id := range u.Traces {
			tr := l.latest(l.m.traces.find(string(id)))
			if tr == nil || u.Class == ClassShared {
				continue
			}
			for _, other := range tr.Keys {
				l.use(other)
			}
		}
		return
	case RowDecision:
		if !l.have(k) {
			row := l.m.rulings[DecisionID(k.ID)]
			a := Aggregate{Key: k, Version: row.version}
			if row.doc != "" {
				a.Decision = new(StoredDecision)
				l.decode(row.doc, func(c *coder) { c.decision(a.Decision) })
			}
			l.out = append(l.out, a)
		}
		return
	}
	if !l.have(k) {
		l.out = append(l.out, Aggregate{Key: k})
	}
}

func (l *loading) touch(i int32) {
	row := &l.m.touches.rows[i]
	a := Aggregate{Key: store.Key{Kind: RowTouch, ID: l.m.touches.ids[i]}, Version: row.version}
	if l.have(a.Key) {
		return
	}
	if row.doc != "" {
		a.Touch = new(StoredTouch)
		l.decode(row.doc, func(c *coder) { c.touch(a.Touch) })
	}
	l.out = append(l.out, a)
}

func (l *loading) trace(i int32) *Trace {
	if i == 0 {
		return nil
	}
	row := &l.m.traces.rows[i]
	a := Aggregate{Key: store.Key{Kind: RowTrace, ID: l.m.traces.ids[i]}, Version: row.version}
	if row.doc != "" {
		a.Trace = new(Trace)
		l.decode(row.doc, func(c *coder) { c.trace(a.Trace) })
	}
	if !l.have(a.Key) {
		l.out = append(l.out, a)
	}
	return a.Trace
}

// latest returns a trace with its latest touch.
func (l *loading) latest(i int32) *Trace {
	before := len(l.out)
	tr := l.trace(i)
	if len(l.out) == before {
		return tr
	}
	if last := l.m.traces.rows[i].touches; last != 0 {
		row := &l.m.touches.rows[last]
		l.out[before].Latest = &Latest{TouchID(l.m.touches.ids[last]), time.UnixMicro(row.received).UTC(), time.UnixMicro(row.moment).UTC()}
	}
	return tr
}

func (l *loading) use(k Key) *KeyUse {
	row := l.m.uses[k]
	a := Aggregate{Key: useKey(k), Version: row.version}
	if row.doc != "" {
		a.Use = new(KeyUse)
		l.decode(row.doc, func(c *coder) { c.use(a.Use) })
	}
	if !l.have(a.Key) {
		l.out = append(l.out, a)
	}
	return a.Use
}

func (l *loading) card(touch int32) {
	if touch == 0 {
		return
	}
	for i := l.m.touches.rows[touch].card; i != 0; i = l.m.traces.rows[i].next {
		l.trace(i)
	}
}

func (l *loading) decode(doc string, read func(*coder)) {
	c := coder{in: doc}
	if read(&c); c.bad || c.in != "" {
		l.err = fmt.Errorf("dedup: memory: a row cannot be read")
	}
}

// Commit is Store's.
func (m *Memory) Commit(ctx context.Context, c Change) error {
	if ctx.Err() != nil {
		return fmt.Errorf("dedup: memory: %w", context.Cause(ctx))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, g := range c.Guards {
		if v := m.versionOf(g.Key); v != g.Version {
			return fmt.Errorf("dedup: memory: %v has version %d, not %d: %w", g.Key, v, g.Version, store.ErrConflict)
		}
	}
	for _, g := range c.Guards {
		if g.Write {
			m.touchVersion(g.Key)
		}
	}
	for i := range c.Rows {
		m.write(&c.Rows[i])
	}
	for _, k := range c.Forget {
		m.forget(k)
	}
	for i := range c.Events {
		m.events = append(m.events, m.encode(func(c2 *coder) { c2.event(&c.Events[i]) }))
	}
	return nil
}

func (m *Memory) versionOf(k store.Key) int64 {
	switch k.Kind {
	case RowTouch:
		if i := m.touches.find(k.ID); i != 0 {
			return m.touches.rows[i].version
		}
		return 0
	case RowTrace:
		if i := m.traces.find(k.ID); i != 0 {
			return m.traces.rows[i].version
		}
		return 0
	case RowKey:
		return m.uses[Key(k.ID)].version
	}
	return m.rulings[DecisionID(k.ID)].version
}

func (m *Memory) touchVersion(k store.Key) {
	m.version++
	switch k.Kind {
	case RowTouch:
		m.touches.rows[m.touches.at(k.ID)].version = m.version
	case RowTrace:
		m.traces.rows[m.traces.at(k.ID)].version = m.version
	case RowKey:
		m.uses[Key(k.ID)] = docRow{m.uses[Key(k.ID)].doc, m.version}
	default:
		m.rulings[DecisionID(k.ID)] = docRow{m.rulings[DecisionID(k.ID)].doc, m.version}
	}
}

func (m *Memory) encode(write func(*coder)) string {
	c := coder{writing: true, out: m.buf[:0]}
	write(&c)
	m.buf = c.out
	return string(c.out)
}

func (m *Memory) write(a *Aggregate) {
	switch {
	case a.Touch != nil:
		i := m.touches.at(a.Key.ID)
		m.unlinkTouch(i)
		row := &m.touches.rows[i]
		if p := a.Touch.Source.Partner; p != "" && row.doc == "" {
			m.filings[p] = append(m.filings[p], i)
		}
		row.doc = m.encode(func(c *coder) { c.touch(a.Touch) })
		row.received, row.moment = a.Touch.Received.UnixMicro(), a.Touch.When().UnixMicro()
		if a.Touch.Trace != "" {
			m.linkTouch(i, m.traces.at(string(a.Touch.Trace)))
		}
	case a.Trace != nil:
		i := m.traces.at(a.Key.ID)
		m.unlinkTrace(i)
		m.traces.rows[i].doc = m.encode(func(c *coder) { c.trace(a.Trace) })
		if a.Trace.Card != "" {
			card := m.touches.at(string(a.Trace.Card))
			row := &m.traces.rows[i]
			row.card, row.next = card, m.touches.rows[card].card
			m.touches.rows[card].card = i
		}
	case a.Use != nil:
		k := Key(a.Key.ID)
		m.uses[k] = docRow{m.encode(func(c *coder) { c.use(a.Use) }), m.uses[k].version}
	case a.Decision != nil:
		id := DecisionID(a.Key.ID)
		m.rulings[id] = docRow{m.encode(func(c *coder) { c.decision(a.Decision) }), m.rulings[id].version}
	}
}

func (m *Memory) forget(k store.Key) {
	switch k.Kind {
	case RowTouch:
		if i := m.touches.find(k.ID); i != 0 {
			m.unlinkTouch(i)
			m.touches.rows[i].docRow = docRow{}
		}
	case RowTrace:
		if i := m.traces.find(k.ID); i != 0 {
			m.unlinkTrace(i)
			m.traces.rows[i].docRow = docRow{}
		}
	case RowKey:
		delete(m.uses, Key(k.ID))
	default:
		delete(m.rulings, DecisionID(k.ID))
	}
}

// linkTouch puts a touch into its trace's list, which is ordered by (Received, ID), the latest first.
func (m *Memory) linkTouch(i, trace int32) {
	row := &m.touches.rows[i]
	row.trace = trace
	at := &m.traces.rows[trace].touches
	for *at != 0 {
		o := &m.touches.rows[*at]
		if cmp.Or(cmp.Compare(o.received, row.received), strings.Compare(m.touches.ids[*at], m.touches.ids[i])) < 0 {
			break
		}
		at = &o.next
	}
	row.next, *at = *at, i
}

func (m *Memory) unlinkTouch(i int32) {
	row := &m.touches.rows[i]
	if row.trace == 0 {
		return
	}
	at := &m.traces.rows[row.trace].touches
	for *at != i {
		at = &m.touches.rows[*at].next
	}
	*at, row.next, row.trace = row.next, 0, 0
}

func (m *Memory) unlinkTrace(i int32) {
	row := &m.traces.rows[i]
	if row.card == 0 {
		return
	}
	at := &m.touches.rows[row.card].card
	for *at != i {
		at = &m.traces.rows[*at].next
	}
	*at, row.next, row.card = row.next, 0, 0
}

// Since returns up to limit events after the cursor, in the order of their commits, and the cursor
// behind them.
func (m *Memory) Since(ctx context.Context, after store.Cursor, limit int) ([]Event, store.Cursor, error) {
	if ctx.Err() != nil {
		return nil, after, fmt.Errorf("dedup: memory: %w", context.Cause(ctx))
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	from := 0
	if after != "" {
		n, err := strconv.Atoi(string(after))
		if err != nil || n < 0 {
			return nil, after, &InvalidError{Field: "after", Value: string(after), Why: "is no cursor of this feed"}
		}
		if from = n; from > len(m.events) {
			return nil, after, fmt.Errorf("dedup: memory has %d events, not %d: %w", len(m.events), from, store.ErrRewound)
		}
	}
	to := min(from+max(limit, 0), len(m.events))
	events := make([]Event, 0, to-from)
	for _, doc := range m.events[from:to] {
		c := coder{in: doc}
		var e Event
		c.event(&e)
		events = append(events, e)
	}
	if to == 0 {
		return events, "", nil
	}
	return events, store.Cursor(strconv.Itoa(to)), nil
}

// A Filter selects partners' touches. The zero Filter selects them all.
type Filter struct {
	Partner  PartnerID
	Scope    string    // "": any
	From, To time.Time // of Received; zero is open
}

// Matches reports whether f selects t. Stores may use it.
func (f Filter) Matches(t *Touch) bool {
	return t.Source.Partner != "" && (f.Partner == "" || f.Partner == t.Source.Partner) && (f.Scope == "" || f.Scope == t.Source.Scope) &&
		(f.From.IsZero() || !t.Received.Before(f.From)) && (f.To.IsZero() || t.Received.Before(f.To))
}

// Find is Finder's.
func (m *Memory) Find(ctx context.Context, f Filter, after store.Cursor, limit int) ([]TouchID, store.Cursor, error) {
	if ctx.Err() != nil {
		return nil, after, fmt.Errorf("dedup: memory: %w", context.Cause(ctx))
	}
	from, err := ParseFound(after)
	if err != nil {
		return nil, after, err
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	var found []Found
	for partner, places := range m.filings {
		if f.Partner != "" && f.Partner != partner {
			continue
		}
		for _, i := range places {
			var st StoredTouch
			(&coder{in: m.touches.rows[i].doc}).touch(&st)
			if here := (Found{st.Received, st.ID}); f.Matches(&st.Touch) && here.compare(from) > 0 {
				found = append(found, here)
			}
		}
	}
	slices.SortFunc(found, Found.compare)
	found = found[:min(len(found), max(limit, 0))]
	ids := make([]TouchID, len(found))
	for i, at := range found {
		ids[i], after = at.ID, at.Cursor()
	}
	return ids, after, nil
}
