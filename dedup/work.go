package dedup

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A cell is a row as a command found it, and as it leaves it.
type cell[T any] struct {
	version int64
	was     *T      // nil: absent
	now     *T      // nil: absent; never changed in place while it is was
	own     T       // what now is once it was edited
	latest  *Latest // of a trace, if a key brought it along
	dirty   bool
	grown   bool // of a trace: a touch joins it, so what was read of its touches no longer holds
	used    bool // the decision rests on it: it is guarded
	whole   bool // of a trace: its touches are here
}

// edit returns the row to be changed, a zero one if it was absent.
func (c *cell[T]) edit() *T {
	c.used = true
	if !c.dirty {
		c.dirty = true
		if c.now != nil {
			c.own = *c.now
		}
		c.now = &c.own
	}
	return c.now
}

// A table is the cells of one kind, in the order in which they came. It is used again and again.
type table[ID comparable, T any] struct {
	ids   []ID
	cells []*cell[T]      // behind len(ids): clean ones
	index map[ID]*cell[T] // once there are many
}

const few = 16 // as many are found faster without an index

// at returns the cell of id, nil if it is not here.
func (t *table[ID, T]) at(id ID) *cell[T] {
	if len(t.ids) > few {
		return t.index[id]
	}
	for i := range t.ids {
		if t.ids[i] == id {
			return t.cells[i]
		}
	}
	return nil
}

// add makes a cell for id, which has none.
func (t *table[ID, T]) add(id ID) *cell[T] {
	n := len(t.ids)
	if n == len(t.cells) {
		t.cells = append(t.cells, new(cell[T]))
	}
	c := t.cells[n]
	t.ids = append(t.ids, id)
	switch {
	case n == few:
		if t.index == nil {
			t.index = make(map[ID]*cell[T])
		}
		for i, id := range t.ids {
			t.index[id] = t.cells[i]
		}
	case n > few:
		t.index[id] = c
	}
	return c
}

// edit returns the row of id to be changed.
func (t *table[ID, T]) edit(id ID) *T {
	c := t.at(id)
	if c == nil {
		c = t.add(id)
	}
	return c.edit()
}

// all goes through the cells that are here.
func (t *table[ID, T]) all() iter.Seq2[ID, *cell[T]] {
	return func(yield func(ID, *cell[T]) bool) {
		for i, id := range t.ids {
			if !yield(id, t.cells[i]) {
				return
			}
		}
	}
}

func (t *table[ID, T]) clear() {
	for _, c := range t.cells[:len(t.ids)] {
		*c = cell[T]{}
	}
	clear(t.ids)
	t.ids = t.ids[:0]
	clear(t.index)
}

// A work is the part of a store that one command reads, decides on and changes.
type work struct {
	desk    *Desk
	lock    bool // a commit follows
	ahead   bool // the touches of what hangs together will be wanted
	command string
	cause   store.Key // the touch or ruling that brings it about
	by, why string
	now     time.Time // the desk's clock
	stamp   time.Time // not before anything seen: orders what is written

	touches   table[TouchID, StoredTouch]
	uses      table[Key, KeyUse]
	traces    table[TraceID, Trace]
	decisions table[DecisionID, StoredDecision]

	fresh   []TraceID // new, or with another First or other bonds: settle starts from them
	changed []Key     // keys whose traces or rulings changed
	added   []TouchID // touches that this command stores
	spread  []TraceID // what settle visited
	solo    bool      // the one touch added is a card of its own that nobody was on
	filed   []filed   // how the filings added were answered
	events  []Event
	seq     int64 // of the last event of the cause

	// Kept from one use of w to the next.
	guards   []store.Guard
	rows     []Aggregate
	asked    []store.Key
	g        graph
	founders []Founder // pieces of it are lists in the rows, as of the following
	ids      []TraceID
	keys     []Key
	peers    [][]Key
}

type filed struct {
	touch TouchID
	claim Claim
}

// extend returns list and v in a piece of room, which it extends.
func extend[T any](room *[]T, list []T, v T) []T {
	from := len(*room)
	*room = append(append(*room, list...), v)
	return slices.Clip((*room)[from:])
}

func (d *Desk) newWork(command string, lock bool) *work {
	w, ok := d.works.Get().(*work)
	if !ok {
		w = new(work)
	}
	now := instant(d.config.Now())
	w.desk, w.lock, w.command, w.now, w.stamp = d, lock, command, now, now
	return w
}

// free gives w back. Nothing of it may be used any more, but for the rows themselves.
func (w *work) free() {
	d := w.desk
	if len(w.touches.ids)+len(w.traces.ids) > 512 {
		return // clearing a large map costs more than a new one
	}
	w.touches.clear()
	w.uses.clear()
	w.traces.clear()
	w.decisions.clear()
	w.solo, w.seq, w.filed = false, 0, w.filed[:0]
	w.founders, w.ids, w.keys, w.peers, w.ahead = w.founders[:0], w.ids[:0], w.keys[:0], w.peers[:0], false
	w.fresh, w.changed, w.added, w.spread = w.fresh[:0], w.changed[:0], w.added[:0], w.spread[:0]
	clear(w.rows)
	w.events, w.cause, w.by, w.why = nil, store.Key{}, "", ""
	d.works.Put(w)
}

func touchKey(id TouchID) store.Key       { return store.Key{Kind: RowTouch, ID: string(id)} }
func useKey(k Key) store.Key              { return store.Key{Kind: RowKey, ID: string(k)} }
func traceKey(id TraceID) store.Key       { return store.Key{Kind: RowTrace, ID: string(id)} }
func decisionKey(id DecisionID) store.Key { return store.Key{Kind: RowDecision, ID: string(id)} }

// has reports whether the row of k is here.
func (w *work) has(k store.Key) bool {
	switch k.Kind {
	case RowTouch:
		return w.touches.at(TouchID(k.ID)) != nil
	case RowKey:
		return w.uses.at(Key(k.ID)) != nil
	case RowTrace:
		return w.traces.at(TraceID(k.ID)) != nil
	}
	return w.decisions.at(DecisionID(k.ID)) != nil
}

// need loads the rows that are not here yet, with what keys bring along.
func (w *work) need(ctx context.Context, keys ...store.Key) error {
	return w.fetch(ctx, Query{}, keys)
}

// only loads the rows that are not here yet, and no others.
func (w *work) only(ctx context.Context, keys ...store.Key) error {
	return w.fetch(ctx, Query{Bare: true}, keys)
}

func (w *work) fetch(ctx context.Context, q Query, keys []store.Key) error {
	missing := w.asked[:0]
	for _, k := range keys {
		// Among many it is for the store to see what is asked for twice.
		if !w.has(k) && (len(missing) > few || !slices.Contains(missing, k)) {
			missing = append(missing, k)
		}
	}
	if w.asked = missing; len(missing) == 0 {
		return nil
	}
	q.Keys, q.Ahead = missing, w.ahead
	if err := w.load(ctx, q); err != nil {
		return err
	}
	for _, k := range missing {
		if !w.has(k) {
			return fmt.Errorf("dedup: the store did not answer for %v", k)
		}
	}
	return nil
}

// histories loads the touches of traces that are here, so far as they are not and the trace is not
// new.
func (w *work) histories(ctx context.Context, traces ...TraceID) error {
	var q Query
	for _, id := range traces {
		if c := w.traces.at(id); c == nil || c.was != nil && !c.whole {
			q.History = append(q.History, id)
		}
	}
	if len(q.History) == 0 {
		return nil
	}
	if err := w.load(ctx, q); err != nil {
		return err
	}
	for _, id := range q.History {
		if c := w.traces.at(id); c != nil {
			c.whole = true
		}
	}
	return nil
}

func (w *work) load(ctx context.Context, q Query) error {
	q.Lock = w.lock
	rows, err := w.desk.config.Store.Load(ctx, q)
	if err != nil {
		return err
	}
	for i := range rows {
		if err := w.put(&rows[i]); err != nil {
			return err
		}
	}
	return nil
}

func (w *work) put(a *Aggregate) error {
	switch a.Key.Kind {
	case RowTouch:
		if a.Touch != nil {
			w.see(a.Touch.Stored)
		}
		return keep(&w.touches, TouchID(a.Key.ID), a, a.Touch)
	case RowKey:
		return keep(&w.uses, Key(a.Key.ID), a, a.Use)
	case RowTrace:
		if a.Trace != nil {
			w.see(a.Trace.Changed)
		}
		if err := keep(&w.traces, TraceID(a.Key.ID), a, a.Trace); err != nil {
			return err
		}
		c := w.traces.at(TraceID(a.Key.ID))
		if a.Latest != nil {
			c.latest = a.Latest
		}
		c.whole = c.whole || a.Whole
		return nil
	case RowDecision:
		return keep(&w.decisions, DecisionID(a.Key.ID), a, a.Decision)
	}
	return nil
}

var errTorn = fmt.Errorf("dedup: rows changed while they were read: %w", store.ErrConflict)

func keep[ID comparable, T any](t *table[ID, T], id ID, a *Aggregate, row *T) error {
	if c := t.at(id); c != nil {
		if c.version != a.Version {
			return errTorn
		}
		return nil
	}
	if a.Version == 0 {
		row = nil
	}
	c := t.add(id)
	c.version, c.was, c.now = a.Version, row, row
	return nil
}

// see moves the stamp behind t, so that what follows from an event bears a later time.
func (w *work) see(t time.Time) {
	if !t.Before(w.stamp) {
		w.stamp = t.Add(time.Microsecond)
	}
}

// touch, use and trace return rows that are here, nil if absent. What is read this way is guarded.
func (w *work) touch(id TouchID) *StoredTouch {
	c := w.touches.at(id)
	if c == nil {
		return nil
	}
	return c.now
}

func (w *work) use(k Key) *KeyUse {
	c := w.uses.at(k)
	if c == nil {
		return nil
	}
	c.used = true
	return c.now
}

func (w *work) trace(id TraceID) *Trace {
	c := w.traces.at(id)
	if c == nil {
		return nil
	}
	c.used = true
	return c.now
}

func (w *work) editTrace(id TraceID) *Trace { return w.traces.edit(id) }

func (w *work) editUse(k Key) *KeyUse { return w.uses.edit(k) }

// forget makes a row absent.
func forget[T any](c *cell[T]) {
	c.used, c.dirty, c.now = true, true, nil
}

func (w *work) emit(e Event) {
	if e.Key == (store.Key{}) {
		e.Key = w.cause
	}
	e.Seq, e.Command, e.Why = 1, w.command, w.why // a touch that is not the cause has one
	if e.Key == w.cause {
		w.seq++
		e.Seq = w.seq
	}
	if e.By == "" {
		e.By = w.by
	}
	w.events = append(w.events, e)
}

// order gives what w adds its times: behind all that it has seen, and behind what it moves.
func (w *work) order() {
	for i, id := range w.added {
		st := w.touches.at(id).edit()
		st.Stored = w.stamp.Add(time.Duration(i+1) * time.Microsecond)
		if c := w.traces.at(st.Trace); c.was == nil && c.now.Lead == id {
			c.now.Born = st.Stored
		}
	}
}

// finish gives all that w wrote its final times.
func (w *work) finish() {
	w.order()
	w.found()
	for i := range w.events {
		e := &w.events[i]
		e.At = w.stamp
		if e.Kind == EventAttached {
			e.At = w.touches.at(e.Touch).now.Stored
		}
	}
}

// change returns all that w decided, with everything it rests on.
func (w *work) change() Change {
	var c Change
	c.Guards, c.Rows = w.guards[:0], w.rows[:0]
	for id, cell := range w.touches.all() {
		if add(&c, cell, touchKey(id)) {
			c.Rows = append(c.Rows, Aggregate{Key: touchKey(id), Touch: cell.now})
		}
		if cell.was != nil && cell.was.Trace != "" && (cell.now == nil || cell.now.Trace != cell.was.Trace) {
			c.Unlist = append(c.Unlist, Listing{touchKey(id), string(cell.was.Trace)})
		}
	}
	for id, cell := range w.uses.all() {
		if add(&c, cell, useKey(id)) {
			c.Rows = append(c.Rows, Aggregate{Key: useKey(id), Use: cell.now})
		}
	}
	for id, cell := range w.traces.all() {
		if add(&c, cell, traceKey(id)) {
			cell.now.Changed = w.stamp.Add(time.Duration(len(w.added)) * time.Microsecond)
			c.Rows = append(c.Rows, Aggregate{Key: traceKey(id), Trace: cell.now})
		}
		if cell.was != nil && cell.was.Card != "" && (cell.now == nil || cell.now.Card != cell.was.Card) {
			c.Unlist = append(c.Unlist, Listing{traceKey(id), string(cell.was.Card)})
		}
	}
	for id, cell := range w.decisions.all() {
		if add(&c, cell, decisionKey(id)) {
			c.Rows = append(c.Rows, Aggregate{Key: decisionKey(id), Decision: cell.now})
		}
	}
	c.Events = w.events
	w.guards, w.rows = c.Guards, c.Rows
	return c
}

// add appends the cell's guard, and reports whether it is a row to write.
func add[T any](c *Change, cell *cell[T], key store.Key) bool {
	if !cell.used {
		return false
	}
	write := cell.dirty && (cell.now != nil || cell.was != nil) || cell.grown
	c.Guards = append(c.Guards, store.Guard{Key: key, Version: cell.version, Write: write})
	if write && cell.now == nil {
		c.Forget = append(c.Forget, key)
	}
	return cell.dirty && write && cell.now != nil
}

// commit writes what w decided, if anything.
func (w *work) commit(ctx context.Context) error {
	c := w.change()
	if len(c.Rows) == 0 && len(c.Forget) == 0 {
		return nil
	}
	return w.desk.config.Store.Commit(ctx, c)
}

// because returns err, the reason for which w ends; a conflict if w read rows that did not all stand
// at one moment, so that the reason may be none.
func (w *work) because(ctx context.Context, err error) error {
	if errors.Is(err, store.ErrConflict) {
		return err
	}
	if torn := w.unchanged(ctx); torn != nil {
		return torn
	}
	return err
}

// unchanged reads everything again that w rests on, and returns a conflict if it is not the same.
func (w *work) unchanged(ctx context.Context) error {
	c := w.change()
	if len(c.Guards) == 0 {
		return nil
	}
	keys := make([]store.Key, len(c.Guards))
	versions := make(map[store.Key]int64, len(c.Guards))
	for i, g := range c.Guards {
		keys[i], versions[g.Key] = g.Key, g.Version
	}
	rows, err := w.desk.config.Store.Load(ctx, Query{Keys: keys})
	if err != nil {
		return err
	}
	for _, a := range rows {
		if v, ok := versions[a.Key]; ok && v != a.Version {
			return errTorn
		}
	}
	return nil
}

// run makes one attempt after another until one meets no conflict; one only in the caller's
// transaction. Attempts that name a common key take turns, once one has met a conflict.
func (d *Desk) run(ctx context.Context, keys []store.Key, attempt func(context.Context) error) error {
	if err := ctx.Err(); err != nil {
		return context.Cause(ctx)
	}
	err := attempt(ctx)
	if d.once || err == nil || !errors.Is(err, store.ErrConflict) {
		return err
	}
	return d.retry.Do(ctx, keys, attempt)
}

// read runs look on rows that all stood at one moment.
func (d *Desk) read(ctx context.Context, keys []store.Key, look func(ctx context.Context, w *work) error) error {
	return d.run(ctx, keys, func(ctx context.Context) error {
		w := d.newWork("", false)
		defer w.free()
		return w.because(ctx, look(ctx, w))
	})
}
