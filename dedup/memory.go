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
	version int64      // how many were given: none is given twice. See next
	spots   rows[spot] // of touches and traces
	uses    rows[docRow]
	rulings rows[docRow]
	filings map[PartnerID][]int32 // spots of touches
	events  []string
	log     strings.Builder // the latest of events are pieces of it
	out     coder
	places  []int32 // of the guards of a commit
}

// NewMemory returns an empty store.
func NewMemory() *Memory {
	return &Memory{filings: make(map[PartnerID][]int32), out: coder{writing: true}}
}

// A docRow is a row as bytes. Version 0: it is absent.
type docRow struct {
	doc     string
	version int64
}

// A spot is what an ID stands for: a touch, the trace that it leads, the card that it founded.
//
// The touches of a trace are a list, the latest first, and so are the traces on a card. They refer
// to one another by their places; 0 is nobody's.
type spot struct {
	touch    docRow
	trace    docRow
	received int64 // of the touch, in microseconds
	moment   int64 // when the touch stands, in microseconds
	of, next int32 // the touch's trace, and the next touch of that one
	touches  int32 // the trace's latest
	on, also int32 // the card that the trace is on, and the next trace on it
	traces   int32 // the first on the card of this name
}

// at returns the place of k, making one if need be.
func (m *Memory) at(k store.Key) int32 {
	switch k.Kind {
	case RowTouch, RowTrace:
		return m.spots.at(k.ID)
	case RowKey:
		return m.uses.at(k.ID)
	}
	return m.rulings.at(k.ID)
}

// find returns the place of k, 0 if it has none.
func (m *Memory) find(k store.Key) int32 {
	switch k.Kind {
	case RowTouch, RowTrace:
		return m.spots.find(k.ID)
	case RowKey:
		return m.uses.find(k.ID)
	}
	return m.rulings.find(k.ID)
}

// row returns the row of the given kind at a place.
func (m *Memory) row(kind string, place int32) *docRow {
	switch kind {
	case RowTouch:
		return &m.spots.row(place).touch
	case RowTrace:
		return &m.spots.row(place).trace
	case RowKey:
		return m.uses.row(place)
	}
	return m.rulings.row(place)
}

func (m *Memory) versionOf(k store.Key) int64 {
	place := m.find(k)
	if place == 0 {
		return 0
	}
	return m.row(k.Kind, place).version
}

// Load is Store's.
func (m *Memory) Load(ctx context.Context, q Query) ([]Aggregate, error) {
	if ctx.Err() != nil {
		return nil, fmt.Errorf("dedup: memory: %w", context.Cause(ctx))
	}
	m.mu.RLock()
	defer m.mu.RUnlock()
	l := loading{m: m, bare: q.Bare, out: make([]Aggregate, 0, len(q.Keys)+len(q.Cards)+len(q.History))}
	l.seen = l.few[:0]
	for _, k := range q.Keys {
		l.key(k)
	}
	for _, card := range q.Cards {
		if i := m.spots.find(string(card)); i != 0 {
			for i = m.spots.row(i).traces; i != 0; i = m.spots.row(i).also {
				l.trace(i, false)
			}
		}
	}
	for _, id := range q.History {
		if i := m.spots.find(string(id)); i != 0 {
			for i = m.spots.row(i).touches; i != 0; i = m.spots.row(i).next {
				l.touch(i)
			}
		}
	}
	return l.out, l.err
}

// A loading collects what one Load returns, each row once.
type loading struct {
	m      *Memory
	bare   bool
	out    []Aggregate
	seen   []mark
	few    [16]mark
	many   map[mark]int       // once there are many: where in out a row is
	absent map[store.Key]bool // the same for rows that are not there
	err    error
}

// A mark is a row that was collected.
type mark struct {
	kind  byte
	place int32
}

// have returns where in out a row is, -1 if it is to come next.
func (l *loading) have(m mark) int {
	if l.many != nil {
		if i, ok := l.many[m]; ok {
			return i
		}
		l.many[m] = len(l.out)
		return -1
	}
	for i := range l.seen {
		if l.seen[i] == m {
			return i
		}
	}
	l.seen = append(l.seen, m)
	if len(l.seen) == len(l.few) {
		l.many = make(map[mark]int, 4*len(l.few))
		for i, m := range l.seen {
			l.many[m] = i
		}
	}
	return -1
}

// missed reports whether an absent row was asked for before.
func (l *loading) missed(k store.Key) bool {
	if len(l.out) < few {
		for i := range l.out {
			if l.out[i].Key == k {
				return true
			}
		}
		return false
	}
	if l.absent == nil {
		l.absent = make(map[store.Key]bool)
		for i := range l.out {
			l.absent[l.out[i].Key] = true
		}
	}
	missed := l.absent[k]
	l.absent[k] = true
	return missed
}

func (l *loading) key(k store.Key) {
	place := l.m.find(k)
	if place == 0 {
		if l.missed(k) {
			return
		}
		l.have(mark{'0', int32(len(l.out))})
		l.out = append(l.out, Aggregate{Key: k})
		return
	}
	switch k.Kind {
	case RowTouch:
		l.touch(place)
	case RowTrace:
		l.trace(place, false)
	case RowKey:
		u := l.use(place)
		if u == nil || l.bare {
			return
		}
		for _, id := range u.Traces {
			tr := l.trace(l.m.spots.find(string(id)), true)
			if tr == nil || u.Class == ClassShared {
				continue
			}
			for _, other := range tr.Keys {
				l.use(l.m.uses.find(string(other)))
			}
		}
	default:
		if l.have(mark{'d', place}) < 0 {
			row := l.m.rulings.row(place)
			a := Aggregate{Key: k, Version: row.version}
			if row.doc != "" {
				a.Decision = new(StoredDecision)
				c := coder{in: row.doc}
				c.decision(a.Decision)
				l.add(a, &c)
			} else {
				l.out = append(l.out, a)
			}
		}
	}
}

// add collects a row that was read.
func (l *loading) add(a Aggregate, c *coder) {
	if c.bad || c.in != "" {
		l.err = fmt.Errorf("dedup: memory: the row of %v cannot be read", a.Key)
	}
	l.out = append(l.out, a)
}

func (l *loading) touch(place int32) {
	if l.have(mark{'t', place}) >= 0 {
		return
	}
	row := &l.m.spots.row(place).touch
	a := Aggregate{Key: store.Key{Kind: RowTouch, ID: l.m.spots.id(place)}, Version: row.version}
	c := coder{in: row.doc}
	if row.doc != "" {
		a.Touch = new(StoredTouch)
		c.touch(a.Touch)
	}
	l.add(a, &c)
}

// trace loads a trace, with its latest touch if a key brings it along.
func (l *loading) trace(place int32, brought bool) *Trace {
	if place == 0 {
		return nil
	}
	if i := l.have(mark{'r', place}); i >= 0 {
		return l.out[i].Trace
	}
	row := &l.m.spots.row(place).trace
	a := Aggregate{Key: store.Key{Kind: RowTrace, ID: l.m.spots.id(place)}, Version: row.version}
	c := coder{in: row.doc}
	if row.doc != "" {
		b := new(traceBlock)
		b.trace.Keys, b.trace.Founders = b.keys[:0], b.founders[:0]
		c.trace(&b.trace)
		if a.Trace = &b.trace; brought {
			a.Latest = l.latest(place, &b.latest)
		}
	}
	l.add(a, &c)
	return a.Trace
}

// A traceBlock is a trace with what mostly goes with it, in one piece.
type traceBlock struct {
	trace    Trace
	keys     [2]Key
	founders [1]Founder
	latest   Latest
}

// A useBlock is a key with what mostly goes with it, in one piece.
type useBlock struct {
	use    KeyUse
	traces [2]TraceID
}

// latest sets to the latest touch of a trace.
func (l *loading) latest(place int32, to *Latest) *Latest {
	last := l.m.spots.row(place).touches
	if last == 0 {
		return nil
	}
	s := l.m.spots.row(last)
	*to = Latest{TouchID(l.m.spots.id(last)), time.UnixMicro(s.received).UTC(), time.UnixMicro(s.moment).UTC()}
	return to
}

func (l *loading) use(place int32) *KeyUse {
	if place == 0 {
		return nil
	}
	if i := l.have(mark{'u', place}); i >= 0 {
		return l.out[i].Use
	}
	row := l.m.uses.row(place)
	a := Aggregate{Key: store.Key{Kind: RowKey, ID: l.m.uses.id(place)}, Version: row.version}
	c := coder{in: row.doc}
	if row.doc != "" {
		b := new(useBlock)
		b.use.Traces = b.traces[:0]
		c.use(&b.use)
		a.Use = &b.use
	}
	l.add(a, &c)
	return a.Use
}

// Commit is Store's.
func (m *Memory) Commit(ctx context.Context, c Change) error {
	if ctx.Err() != nil {
		return fmt.Errorf("dedup: memory: %w", context.Cause(ctx))
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.places = m.places[:0]
	for i := range c.Guards {
		g := &c.Guards[i]
		place := m.guarded(g)
		version := int64(0)
		if place != 0 {
			version = m.row(g.Kind, place).version
		}
		if version != g.Version {
			return fmt.Errorf("dedup: memory: %v has version %d, not %d: %w", g.Key, version, g.Version, store.ErrConflict)
		}
		m.places = append(m.places, place)
	}
	for i := range c.Guards {
		if g := &c.Guards[i]; g.Write {
			if m.places[i] == 0 {
				m.places[i] = m.at(g.Key)
			}
			m.row(g.Kind, m.places[i]).version = m.next(m.places[i])
		}
	}
	at := 0 // rows come in the order of their guards
	for i := range c.Rows {
		k := c.Rows[i].Key
		for at < len(c.Guards) && c.Guards[at].Key != k {
			at++
		}
		place := int32(0)
		if at < len(c.Guards) {
			place = m.places[at]
		} else {
			at = 0
		}
		if place == 0 {
			place = m.at(k)
		}
		m.write(place, &c.Rows[i])
	}
	for _, k := range c.Forget {
		if place := m.find(k); place != 0 {
			m.forget(k.Kind, place)
		}
	}
	for i := range c.Events {
		m.append(&c.Events[i])
	}
	return nil
}

// next gives the version after the last. It ends in the place of its row, so that a guard finds that
// without looking for the ID.
func (m *Memory) next(place int32) int64 {
	m.version++
	return m.version<<placeBits | int64(place)
}

const placeBits = 28

// guarded returns the place of a guard's key, 0 if it has none.
func (m *Memory) guarded(g *store.Guard) int32 {
	if place := int32(g.Version & (1<<placeBits - 1)); place > 0 && m.is(g.Key, place) {
		return place
	}
	return m.find(g.Key)
}

// is reports whether a place is that of k.
func (m *Memory) is(k store.Key, place int32) bool {
	switch k.Kind {
	case RowTouch, RowTrace:
		return m.spots.is(k.ID, place)
	case RowKey:
		return m.uses.is(k.ID, place)
	}
	return m.rulings.is(k.ID, place)
}

const logSize = 32 << 10

// append adds an event. Events share their memory: none is ever taken away.
func (m *Memory) append(e *Event) {
	m.out.out = m.out.out[:0]
	m.out.event(e)
	if m.log.Cap()-m.log.Len() < len(m.out.out) {
		m.log = strings.Builder{}
		m.log.Grow(max(logSize, len(m.out.out)))
	}
	from := m.log.Len()
	m.log.Write(m.out.out)
	m.events = append(m.events, m.log.String()[from:])
}

func (m *Memory) write(place int32, a *Aggregate) {
	m.out.out = m.out.out[:0]
	switch {
	case a.Touch != nil:
		s := m.spots.row(place)
		if p := a.Touch.Source.Partner; p != "" && s.touch.doc == "" {
			m.filings[p] = append(m.filings[p], place)
		}
		m.unlinkTouch(place)
		m.out.touch(a.Touch)
		s.touch.doc = string(m.out.out)
		s.received, s.moment = a.Touch.Received.UnixMicro(), a.Touch.When().UnixMicro()
		if trace := string(a.Touch.Trace); trace != "" {
			of := place
			if trace != a.Key.ID {
				of = m.spots.at(trace)
			}
			m.linkTouch(place, of)
		}
	case a.Trace != nil:
		m.unlinkTrace(place)
		m.out.trace(a.Trace)
		m.spots.row(place).trace.doc = string(m.out.out)
		if card := string(a.Trace.Card); card != "" {
			on := place
			if card != a.Key.ID {
				on = m.spots.at(card)
			}
			s := m.spots.row(place)
			s.on, s.also = on, m.spots.row(on).traces
			m.spots.row(on).traces = place
		}
	case a.Use != nil:
		m.out.use(a.Use)
		m.uses.row(place).doc = string(m.out.out)
	case a.Decision != nil:
		m.out.decision(a.Decision)
		m.rulings.row(place).doc = string(m.out.out)
	}
}

func (m *Memory) forget(kind string, place int32) {
	switch kind {
	case RowTouch:
		m.unlinkTouch(place)
	case RowTrace:
		m.unlinkTrace(place)
	case RowKey:
		m.uses.drop(place)
		return
	}
	*m.row(kind, place) = docRow{}
}

// linkTouch puts a touch into its trace's list, which is ordered by (Received, ID), the latest first.
func (m *Memory) linkTouch(place, trace int32) {
	row := m.spots.row(place)
	row.of = trace
	at := &m.spots.row(trace).touches
	for *at != 0 {
		o := m.spots.row(*at)
		if cmp.Or(cmp.Compare(o.received, row.received), strings.Compare(m.spots.id(*at), m.spots.id(place))) < 0 {
			break
		}
		at = &o.next
	}
	row.next, *at = *at, place
}

func (m *Memory) unlinkTouch(place int32) {
	row := m.spots.row(place)
	if row.of == 0 {
		return
	}
	at := &m.spots.row(row.of).touches
	for *at != place {
		at = &m.spots.row(*at).next
	}
	*at, row.next, row.of = row.next, 0, 0
}

func (m *Memory) unlinkTrace(place int32) {
	row := m.spots.row(place)
	if row.on == 0 {
		return
	}
	at := &m.spots.row(row.on).traces
	for *at != place {
		at = &m.spots.row(*at).also
	}
	*at, row.also, row.on = row.also, 0, 0
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
			(&coder{in: m.spots.row(i).touch.doc}).touch(&st)
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
