package dedup

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/store"
)

// An arrival is a touch on its way into the store.
type arrival struct {
	touch      Touch
	undated    bool // At was left to us
	unreceived bool // Received was
	said       evidence
	room       [2]Key // for said.keys
	repeat     bool   // it was there before
	echo       bool
	err        error
}

// keys appends all that must be read to place a.
func (a *arrival) keys(dst []store.Key) []store.Key {
	dst = append(dst, touchKey(a.touch.ID))
	if a.touch.Follows != "" {
		dst = append(dst, touchKey(a.touch.Follows))
	}
	for _, k := range a.said.keys {
		if !a.touch.silent() || k.Kind() == KindExternal {
			dst = append(dst, useKey(k))
		}
	}
	for _, k := range a.said.boards {
		dst = append(dst, useKey(k))
	}
	return dst
}

// place stores a touch in the trace it belongs to.
func (w *work) place(ctx context.Context, a *arrival) error {
	t := &a.touch
	if st := w.touch(t.ID); st != nil && st.Trace != "" {
		a.repeat = true
		if st.Erased {
			return nil
		}
		return sameContent(st.Touch, a.given())
	}
	w.touches.at(t.ID).used = true
	st := w.touches.at(t.ID).edit()
	awaited := st.Awaited
	*st = StoredTouch{Touch: *t, Stored: w.stamp, Reasons: a.said.reasons}
	w.added = append(w.added, t.ID)
	if err := w.mark(ctx, a); err != nil {
		return err
	}
	switch {
	case st.Echo:
		a.repeat, a.echo = true, true
	case t.Follows != "":
		if err := w.follow(ctx, st, t.Follows); err != nil {
			return err
		}
	default:
		if err := w.attach(ctx, st, &a.said); err != nil {
			return err
		}
	}
	w.grow(st.Trace)
	if st.files() {
		w.editTrace(st.Trace).Filings++
	}
	for _, id := range awaited {
		if err := w.join(ctx, id, st); err != nil {
			return err
		}
	}
	return nil
}

// grow notes that a touch joins a trace. It gets another version, though the touch may change
// nothing in it: who moves the trace's touches must not overlook one that comes meanwhile.
func (w *work) grow(id TraceID) {
	c := w.traces.at(id)
	c.used, c.grown = true, true
}

// files reports whether a touch takes part in partners' claims.
func (st *StoredTouch) files() bool { return !st.Echo && st.Touch.files() }

func (t *Touch) files() bool {
	return t.Source.Partner != "" || t.Kind == TouchConfirm || t.Kind == TouchAward
}

// attach puts st into the trace that says the same, or into a new one.
func (w *work) attach(ctx context.Context, st *StoredTouch, e *evidence) error {
	keys, name := e.keys, e.name
	if st.silent() {
		keys, name = nil, ""
	}
	when := st.When()
	if id := w.sameTrace(keys, name, nil); id != "" {
		st.Trace = id
		if when.Before(w.trace(id).First) {
			w.editTrace(id).First = when
			w.fresh = append(w.fresh, id)
		}
	} else {
		st.Trace = TraceID(st.ID)
		tr := w.editTrace(st.Trace)
		*tr = Trace{Keys: keys, Name: name, First: when, Lead: st.ID, Born: w.stamp, Changed: w.stamp}
		w.fresh = append(w.fresh, st.Trace)
		for _, k := range keys {
			w.enter(k, st.Trace, keys)
		}
	}
	if !st.silent() {
		for _, board := range e.boards {
			if u := w.use(board); u == nil || !u.Switchboard {
				w.editUse(board).Switchboard = true
				w.changed = append(w.changed, board)
			}
		}
	}
	return nil
}

// peersOn loads the traces on keys that are here: a key that another one brought along comes without
// them.
func (w *work) peersOn(ctx context.Context, keys []Key) error {
	var traces []store.Key
	for _, k := range keys {
		if u := w.use(k); u != nil {
			for _, id := range u.Traces {
				traces = append(traces, traceKey(id))
			}
		}
	}
	return w.need(ctx, traces...)
}

// sameTrace returns the trace with this evidence, "" if there is none or none can be found: then a
// further one does the same, for all its keys are shared.
func (w *work) sameTrace(keys []Key, name string, bonds []Bond) TraceID {
	for _, k := range keys {
		u := w.use(k)
		if u == nil {
			return ""
		}
		if u.Full {
			continue
		}
		for _, id := range u.Traces {
			c := w.traces.at(id)
			if c == nil || c.now == nil {
				continue
			}
			if tr := c.now; tr.Name == name && compareBonds(tr.Bonds, bonds) == 0 && slices.Equal(tr.Keys, keys) {
				return id
			}
		}
		return ""
	}
	return ""
}

// enter lists a trace with these keys on one of them.
func (w *work) enter(k Key, id TraceID, keys []Key) {
	if u := w.use(k); u != nil && u.Full {
		return
	}
	u := w.editUse(k)
	u.Traces = extend(&w.ids, u.Traces, id)
	var peers []Key
	for _, o := range keys {
		if o != k {
			peers = extend(&w.keys, peers, o)
		}
	}
	u.Peers = extend(&w.peers, u.Peers, peers)
	w.changed = append(w.changed, k)
}

// leave takes a trace off a key's list.
func (w *work) leave(k Key, id TraceID) {
	u := w.use(k)
	if u == nil || !slices.Contains(u.Traces, id) {
		return
	}
	w.editUse(k).leave(id)
	w.changed = append(w.changed, k)
}

// follow lays st where the touch it follows lies, or alone until that one comes.
func (w *work) follow(ctx context.Context, st *StoredTouch, leader TouchID) error {
	if err := w.need(ctx, touchKey(leader)); err != nil {
		return err
	}
	w.touches.at(leader).used = true
	lead := w.touch(leader)
	if leader == st.ID || lead == nil || lead.Trace == "" {
		if leader != st.ID {
			row := w.touches.at(leader).edit()
			row.Awaited = append(slices.Clip(row.Awaited), st.ID)
		}
		st.Reasons = append(slices.Clip(st.Reasons), Reason{Code: ReasonFollows, Field: "Follows", Value: string(leader)})
		return w.attach(ctx, st, &evidence{})
	}
	root := leader
	if lead.Root != "" {
		root = lead.Root
	}
	if root == st.ID { // a circle: this one stands for all
		return w.attach(ctx, st, &evidence{})
	}
	st.Trace, st.Root = lead.Trace, root
	if err := w.need(ctx, touchKey(root), traceKey(st.Trace)); err != nil {
		return err
	}
	return w.whole(st)
}

// whole returns a conflict if the trace that a touch names is not there any more: it was read
// before, and moved meanwhile.
func (w *work) whole(st *StoredTouch) error {
	if w.trace(st.Trace) == nil {
		return errTorn
	}
	return nil
}

// join lays the touch id, which waited for lead, and all that lies with it where lead lies.
func (w *work) join(ctx context.Context, id TouchID, lead *StoredTouch) error {
	if err := w.need(ctx, touchKey(id)); err != nil {
		return err
	}
	st := w.touch(id)
	if st == nil || st.Erased || st.Trace == lead.Trace || st.Trace == "" {
		return nil
	}
	old := st.Trace
	if err := w.need(ctx, traceKey(old)); err != nil {
		return err
	}
	if err := w.whole(st); err != nil {
		return err
	}
	if err := w.histories(ctx, old); err != nil {
		return err
	}
	root := lead.ID
	if lead.Root != "" {
		root = lead.Root
	}
	target, sames := lead.Trace, w.sames(old)
	switch bonds := w.trace(old).Bonds; {
	case len(bonds) == 0:
	case !w.trace(target).Erased.IsZero(): // nobody is tied to who was erased
		w.fresh = append(w.fresh, w.trace(old).peers()...)
	default:
		if err := w.bind(ctx, root, bonds); err != nil {
			return err
		}
		target = w.touch(root).Trace
	}
	for _, member := range w.members(old) {
		row := w.touches.at(member).edit()
		row.Trace, row.Root = target, root
		row.Reasons = slices.DeleteFunc(slices.Clone(row.Reasons), func(r Reason) bool { return r.Code == ReasonFollows })
	}
	w.absorb(target, old, w.touch(root).When())
	return w.repeer(ctx, append(sames, w.sames(target)...))
}

// members returns the touches of a trace whose history is here, sorted.
func (w *work) members(id TraceID) []TouchID {
	var ids []TouchID
	for touch, c := range w.touches.all() {
		if c.now != nil && c.now.Trace == id {
			ids = append(ids, touch)
		}
	}
	slices.Sort(ids)
	return ids
}

// absorb ends a trace whose touches went to another, where they are placed by what happened at.
func (w *work) absorb(into, old TraceID, at time.Time) {
	from := w.trace(old)
	tr := w.editTrace(into)
	tr.Founders = slices.Clip(tr.Founders)
	for _, f := range from.Founders {
		f.At = at
		tr.Founders = append(tr.Founders, f)
	}
	tr.Filings += from.Filings
	if from.Born.Before(tr.Born) {
		tr.Lead, tr.Born = from.Lead, from.Born
	}
	if len(from.Keys) > 0 && from.First.Before(tr.First) {
		tr.First = from.First
	}
	for _, k := range from.Keys {
		w.leave(k, old)
	}
	forget(w.traces.at(old))
	w.fresh = append(w.fresh, into)
}

// mark notes the touch on the external keys that we wrote to, and finds what is an echo by that:
// this touch, or one that came before it and is one no longer.
func (w *work) mark(ctx context.Context, a *arrival) error {
	t := &a.touch
	if t.silent() && t.Kind != TouchSent {
		return nil
	}
	var sent TouchID
	for _, k := range a.said.keys {
		if k.Kind() != KindExternal {
			continue
		}
		u := w.use(k)
		if t.Kind != TouchSent && (u == nil || !slices.ContainsFunc(u.Marks, func(m Mark) bool { return m.Sent })) {
			continue
		}
		row := w.editUse(k)
		before := echoes(row.Marks)
		row.Marks = append(slices.Clip(row.Marks), t.mark(&a.said))
		slices.SortFunc(row.Marks, compareMarks)
		if len(row.Marks) > maxMarks {
			row.Marks = row.Marks[len(row.Marks)-maxMarks:]
		}
		after := echoes(row.Marks)
		if s := after[t.ID]; s != "" && (sent == "" || s < sent) {
			sent = s
		}
		for _, id := range slices.Sorted(maps.Keys(before)) {
			if id != t.ID && after[id] == "" {
				if err := w.heed(ctx, id); err != nil {
					return err
				}
			}
		}
		for _, id := range slices.Sorted(maps.Keys(after)) {
			if id != t.ID && before[id] == "" {
				if err := w.ignore(ctx, id, after[id]); err != nil {
					return err
				}
			}
		}
	}
	if sent != "" {
		st := w.touches.at(t.ID).edit()
		st.Echo = true
		return w.follow(ctx, st, sent)
	}
	return nil
}

const maxMarks = 64 // of a key: older ones no longer tell an echo

// heed makes a touch that was taken for an echo count.
func (w *work) heed(ctx context.Context, id TouchID) error {
	if err := w.need(ctx, touchKey(id)); err != nil {
		return err
	}
	if old := w.touch(id); old == nil || old.Erased || !old.Echo {
		return nil
	}
	w.touches.at(id).used = true
	st := w.touches.at(id).edit()
	st.Echo, st.Root = false, ""
	e := w.desk.config.Reader.read(&st.Touch)
	again := arrival{touch: st.Touch, said: e}
	if err := w.need(ctx, again.keys(nil)...); err != nil {
		return err
	}
	if err := w.peersOn(ctx, e.keys); err != nil {
		return err
	}
	if err := w.attach(ctx, st, &e); err != nil {
		return err
	}
	if st.files() {
		w.editTrace(st.Trace).Filings++
	}
	return nil
}

// ignore lays a touch that turned out to be an echo where what was sent lies.
func (w *work) ignore(ctx context.Context, id, sent TouchID) error {
	if err := w.need(ctx, touchKey(id)); err != nil {
		return err
	}
	old := w.touch(id)
	if old == nil || old.Erased || old.Echo || old.Trace == "" {
		return nil
	}
	if err := w.depart(ctx, []TouchID{id}, old.Trace, ""); err != nil {
		return err
	}
	st := w.touches.at(id).edit()
	st.Echo = true
	return w.follow(ctx, st, sent)
}

// depart takes touches, and what follows them, out of a trace and into another; into "" only
// takes them out. What is left of the trace is worked out anew.
func (w *work) depart(ctx context.Context, roots []TouchID, from, into TraceID) error {
	if err := w.need(ctx, traceKey(from)); err != nil {
		return err
	}
	if w.trace(from) == nil {
		return errTorn
	}
	if err := w.histories(ctx, from); err != nil {
		return err
	}
	source := w.editTrace(from)
	var rest, gone []*StoredTouch
	for _, id := range w.members(from) {
		if st := w.touch(id); slices.Contains(roots, st.root()) {
			row := w.touches.at(id).edit()
			row.Trace = into
			gone = append(gone, row)
		} else {
			rest = append(rest, st)
		}
	}
	if into != "" {
		w.editTrace(into).take(gone, source.Founders)
		w.fresh = append(w.fresh, into)
	}
	if len(rest) == 0 {
		for _, k := range source.Keys {
			w.leave(k, from)
		}
		forget(w.traces.at(from))
		return nil
	}
	founders := source.Founders
	source.First, source.Lead, source.Filings, source.Founders = time.Time{}, "", 0, nil
	source.take(rest, founders)
	w.fresh = append(w.fresh, from)
	return nil
}

// take counts touches in; founders lists those among them, and others, that founded a card.
func (tr *Trace) take(touches []*StoredTouch, founders []Founder) {
	tr.Founders = slices.Clip(tr.Founders)
	for _, st := range touches {
		if when := st.When(); st.Root == "" && (tr.First.IsZero() || when.Before(tr.First)) {
			tr.First = when
		}
		if tr.Lead == "" || cmp.Or(st.Stored.Compare(tr.Born), strings.Compare(string(st.ID), string(tr.Lead))) < 0 {
			tr.Lead, tr.Born = st.ID, st.Stored
		}
		if st.files() {
			tr.Filings++
		}
		for _, f := range founders {
			if f.Touch == st.ID {
				tr.Founders = append(tr.Founders, f)
			}
		}
	}
}

// root returns the touch whose evidence places st.
func (st *StoredTouch) root() TouchID {
	if st.Root != "" {
		return st.Root
	}
	return st.ID
}

// bind gives the touch id, alone of its trace, further bonds.
func (w *work) bind(ctx context.Context, id TouchID, bonds []Bond) error {
	st := w.touch(id)
	if err := w.need(ctx, traceKey(st.Trace)); err != nil {
		return err
	}
	if err := w.whole(st); err != nil {
		return err
	}
	had := w.trace(st.Trace).Bonds
	all := slices.Clone(had)
	for _, b := range bonds {
		if !slices.ContainsFunc(all, func(o Bond) bool { return o.Decision == b.Decision && o.B == b.B }) {
			all = append(all, b)
		}
	}
	if len(all) == len(had) {
		return nil
	}
	slices.SortFunc(all, func(a, b Bond) int { return compareBonds([]Bond{a}, []Bond{b}) })
	return w.rebind(ctx, id, all)
}

// rebind moves the touch id to the trace that says the same with these bonds.
func (w *work) rebind(ctx context.Context, id TouchID, bonds []Bond) error {
	from := w.touch(id).Trace
	if err := w.need(ctx, traceKey(from)); err != nil {
		return err
	}
	if err := w.whole(w.touch(id)); err != nil {
		return err
	}
	source := *w.trace(from)
	var loads []store.Key
	for _, k := range source.Keys {
		loads = append(loads, useKey(k))
	}
	into := TraceID(id) // with what no touch's ID has
	for _, b := range bonds {
		into += "\x1f" + TraceID(b.Decision)
	}
	if err := w.need(ctx, append(loads, traceKey(into))...); err != nil {
		return err
	}
	if err := w.peersOn(ctx, source.Keys); err != nil {
		return err
	}
	if same := w.sameTrace(source.Keys, source.Name, bonds); same != "" {
		into = same
	} else {
		tr := w.editTrace(into)
		tr.Keys, tr.Name, tr.Bonds = source.Keys, source.Name, bonds
		for _, k := range tr.Keys {
			w.enter(k, into, tr.Keys)
		}
	}
	return w.depart(ctx, []TouchID{id}, from, into)
}
