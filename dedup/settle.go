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

// settle works out anew which cards there are wherever something changed, and notes what moved.
func (w *work) settle(ctx context.Context) error {
	if len(w.fresh) == 0 && len(w.changed) == 0 {
		return nil
	}
	if w.solitary() {
		return nil
	}
	if err := w.spreadOut(ctx); err != nil {
		return err
	}
	if err := w.classify(ctx); err != nil {
		return err
	}
	w.order()
	g := w.graph(nil)
	w.name(g)
	for i := range g.links {
		l := &g.links[i]
		class := ClassPersonal
		switch {
		case l.shared:
			continue
		case g.contested(l):
			class = ClassContested
		}
		if u := w.use(l.key); u.Class != class {
			w.editUse(l.key).Class = class
		}
	}
	return nil
}

// solitary settles the commonest case by itself: one new touch that shares nothing with any other
// is a new card.
func (w *work) solitary() bool {
	if len(w.added) != 1 || len(w.fresh) != 1 || len(w.changed) > w.desk.config.MaxPeers {
		return false
	}
	c := w.traces.at(w.fresh[0])
	if c.was != nil || c.now == nil || len(c.now.Bonds) > 0 || len(c.now.Founders) > 0 || c.now.Lead != w.added[0] || len(w.changed) != len(c.now.Keys) {
		return false
	}
	for _, k := range c.now.Keys {
		if u := w.uses.at(k); u.was != nil || u.now.Ruled || u.now.Switchboard || len(u.now.Traces) != 1 {
			return false
		}
	}
	w.solo = true
	w.order()
	c.now.Card = CardID(c.now.Lead)
	return true
}

// graph settles the traces that spreadOut found.
func (w *work) graph(log func(step)) *graph {
	g := &w.g
	g.reset(w.desk.config.Reader, w.desk.config.limits(), log)
	for _, id := range w.spread {
		tr := w.trace(id)
		g.add(node{id: id, keys: tr.Keys, name: tr.Name, first: tr.First, bonds: tr.Bonds})
	}
	for i := range g.links {
		u := w.use(g.links[i].key)
		g.links[i].shared, g.links[i].since = u.Class == ClassShared, u.Since
	}
	g.settle()
	return g
}

// spreadOut finds the traces whose cards may change: those that hang together with what changed by
// keys that are, or were, not shared, and by rulings.
func (w *work) spreadOut(ctx context.Context) error {
	w.spread = w.spread[:0]
	visited := make(map[TraceID]bool)
	crossed := make(map[Key]bool)
	var next []TraceID
	var keys []store.Key // to be read with next
	visit := func(id TraceID) {
		if !visited[id] {
			visited[id] = true
			next = append(next, id)
		}
	}
	cross := func(k Key) {
		if crossed[k] {
			return
		}
		crossed[k] = true
		c := w.uses.at(k)
		c.used = true
		if c.now == nil || c.was != nil && c.was.Class == ClassShared && !c.now.reopened(c.was) {
			return
		}
		for _, id := range c.now.Traces {
			visit(id)
		}
		for _, peers := range c.now.Peers {
			for _, k := range peers {
				if !crossed[k] {
					keys = append(keys, useKey(k))
				}
			}
		}
	}
	for _, id := range w.fresh {
		if c := w.traces.at(id); c == nil || c.now != nil {
			visit(id)
		}
	}
	for _, k := range w.changed {
		cross(k)
	}
	for len(next) > 0 {
		round := next
		next = nil
		for _, id := range round {
			keys = append(keys, traceKey(id))
		}
		if err := w.only(ctx, keys...); err != nil {
			return err
		}
		keys = keys[:0]
		for _, id := range round {
			tr := w.trace(id)
			if tr == nil || !tr.Erased.IsZero() {
				continue
			}
			w.spread = append(w.spread, id)
			for _, k := range tr.Keys {
				keys = append(keys, useKey(k))
			}
			for _, b := range tr.Bonds {
				for _, peer := range b.Peers {
					visit(peer)
				}
			}
		}
		if len(w.spread) > w.desk.config.MaxReplay {
			return w.tooLarge()
		}
		if err := w.only(ctx, keys...); err != nil {
			return err
		}
		for _, k := range keys {
			if w.uses.at(Key(k.ID)).now == nil {
				return errTorn
			}
			cross(Key(k.ID))
		}
	}
	return nil
}

// reopened reports whether a ruling on the key changed, so that it may link again.
func (u *KeyUse) reopened(was *KeyUse) bool {
	return u.Ruled != was.Ruled || u.Class != was.Class
}

// tooLarge is the error for what hangs together by too many traces.
func (w *work) tooLarge() error {
	count := make(map[Key]int)
	for _, id := range w.spread {
		for _, k := range w.traces.at(id).now.Keys {
			count[k]++
		}
	}
	keys := slices.SortedFunc(maps.Keys(count), func(a, b Key) int {
		return cmp.Or(cmp.Compare(count[b], count[a]), strings.Compare(string(a), string(b)))
	})
	return &TooLargeError{Keys: keys[:min(len(keys), 3)], Limit: w.desk.config.MaxReplay}
}

// classify tells of each key whose traces or rulings changed whether it is shared now.
func (w *work) classify(ctx context.Context) error {
	for _, k := range w.changed {
		u := w.use(k)
		if u == nil || u.Full {
			continue
		}
		keys := make([]store.Key, 0, 8)
		for _, id := range u.Traces {
			keys = append(keys, traceKey(id))
		}
		if err := w.need(ctx, keys...); err != nil {
			return err
		}
		limits, others := w.desk.config.limits(), 0
		for _, id := range u.Traces {
			tr := w.trace(id)
			if tr == nil {
				return errTorn
			}
			others += len(tr.Keys) - 1
		}
		if len(u.Traces) <= min(limits.names, limits.traces) && others <= limits.peers && !u.Switchboard && !u.Proved && !u.Ruled && u.Class != ClassShared {
			continue
		}
		g := graph{limits: limits}
		for _, id := range u.Traces {
			tr := w.trace(id)
			g.nodes = append(g.nodes, node{keys: tr.Keys, name: tr.Name, given: givenPart(tr.Name)})
		}
		l := link{key: k, board: u.Switchboard}
		for i := range g.nodes {
			l.nodes = append(l.nodes, int32(i))
		}
		shared, full, why := g.prove(&l)
		if u.Proved {
			shared = true
		}
		if u.Ruled && !full {
			shared, why = u.Class == ClassShared, "ruling"
		}
		was := w.uses.at(k).was
		class := ClassPersonal
		if shared {
			class = ClassShared
		} else if u.Class == ClassContested {
			class = ClassContested // worked out once the cards are known
		}
		if class != u.Class || full {
			row := w.editUse(k)
			row.Class = class
			if full {
				row.Full, row.Traces, row.Peers = true, nil, nil
			}
		}
		if shared && (was == nil || was.Class != ClassShared) {
			w.emit(Event{Kind: EventClass, Touch: TouchID(w.cause.ID), Rule: Rule("shared_" + why)})
		}
	}
	return nil
}

// name gives each card its ID, and each trace its card.
func (w *work) name(g *graph) {
	type claimant struct {
		born time.Time
		id   TouchID
		own  bool // founded a card
	}
	best := make([]claimant, len(g.nodes)) // by root
	offer := func(root int32, c claimant) {
		b := &best[root]
		switch {
		case b.id == "", c.own && !b.own:
			*b = c
		case c.own == b.own && cmp.Or(c.born.Compare(b.born), strings.Compare(string(c.id), string(b.id))) < 0:
			*b = c
		}
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		if n.loose {
			continue
		}
		tr := w.traces.at(n.id).now
		if n.leaf {
			l := &g.links[n.links[0]]
			if g.holder(l, time.Time{}) < 0 {
				offer(int32(i), claimant{tr.Born, tr.Lead, false})
			}
			for _, f := range tr.Founders {
				if h := g.holder(l, f.At); h >= 0 {
					offer(g.root(h), claimant{f.Born, f.Touch, true})
				} else {
					offer(int32(i), claimant{f.Born, f.Touch, true})
				}
			}
			continue
		}
		root := g.root(int32(i))
		offer(root, claimant{tr.Born, tr.Lead, false})
		for _, f := range tr.Founders {
			offer(root, claimant{f.Born, f.Touch, true})
		}
	}
	aliases := make(map[int32][]Founder) // by root, where there are several
	for i := range g.nodes {
		n := &g.nodes[i]
		for _, f := range w.traces.at(n.id).now.Founders {
			root := g.root(int32(i))
			if n.leaf && !n.loose {
				if h := g.holder(&g.links[n.links[0]], f.At); h >= 0 {
					root = g.root(h)
				}
			}
			if !n.loose && best[root].id != f.Touch {
				aliases[root] = append(aliases[root], f)
			}
		}
	}
	names := make(map[int32][]CardID, len(aliases))
	for root, founders := range aliases {
		names[root] = named(founders)
	}
	for i := range g.nodes {
		n := &g.nodes[i]
		root := g.root(int32(i))
		var card CardID
		var further []CardID
		if !n.loose && !(n.leaf && g.holder(&g.links[n.links[0]], time.Time{}) >= 0) {
			card, further = CardID(best[root].id), names[root]
		}
		if tr := w.traces.at(n.id).now; tr.Card != card || !slices.Equal(tr.Aliases, further) {
			row := w.editTrace(n.id)
			row.Card, row.Aliases = card, further
		}
	}
}

// named returns the cards that founders named, the oldest first.
func named(founders []Founder) []CardID {
	slices.SortFunc(founders, func(a, b Founder) int {
		return cmp.Or(a.Born.Compare(b.Born), strings.Compare(string(a.Touch), string(b.Touch)))
	})
	ids := make([]CardID, len(founders))
	for i, f := range founders {
		ids[i] = CardID(f.Touch)
	}
	return ids
}

// found notes the touches that founded a card.
func (w *work) found() {
	for _, id := range w.added {
		st := w.touches.at(id).now
		if st.Root != "" {
			continue
		}
		tr := w.traces.at(st.Trace).now
		if tr.Card == CardID(id) && !slices.ContainsFunc(tr.Founders, func(f Founder) bool { return f.Touch == id }) {
			row := w.editTrace(st.Trace)
			row.Founders = extend(&w.founders, row.Founders, Founder{Touch: id, At: st.When(), Born: st.Stored})
		}
	}
}

// A side is the state before or after a command.
type side bool

const (
	before side = false
	after  side = true
)

func row[T any](c *cell[T], s side) *T {
	switch {
	case c == nil:
		return nil
	case s == before:
		return c.was
	}
	return c.now
}

// sure is row for what a decision rests on: it is guarded.
func sure[T any](c *cell[T], s side) *T {
	if c != nil {
		c.used = true
	}
	return row(c, s)
}

// leaf reports whether a trace's touches are placed by time: nameless, with one key.
func (tr *Trace) leaf() bool { return tr.Name == "" && len(tr.Keys) == 1 && len(tr.Bonds) == 0 }

// cardOf returns the card on which a touch lies, and whether that is sure: not only by time on a
// key that several cards have. What it needs must be here: see ring.
func (w *work) cardOf(st *StoredTouch, s side) (CardID, bool) {
	tr := sure(w.traces.at(st.Trace), s)
	if tr == nil {
		return "", false
	}
	root := st
	if st.Root != "" {
		if r := row(w.touches.at(st.Root), s); r != nil {
			root = r
		}
	}
	if tr.Card != "" {
		return tr.Card, true
	}
	if tr.leaf() {
		if u := sure(w.uses.at(tr.Keys[0]), s); u != nil && u.Class != ClassShared {
			if h := w.holder(u, root.When(), s); h != nil {
				return h.Card, u.Class != ClassContested
			}
		}
	}
	return CardID(root.ID), true
}

// holder returns whose key it was at a moment; nil if only leaves have it.
func (w *work) holder(u *KeyUse, at time.Time, s side) *Trace {
	var held, first *Trace
	for _, id := range u.Traces {
		tr := row(w.traces.at(id), s)
		if tr == nil || tr.leaf() {
			continue
		}
		w.traces.at(id).used = true
		if first == nil || compareTraces(tr, first) < 0 {
			first = tr
		}
		if !tr.First.After(at) && (held == nil || compareTraces(tr, held) > 0) {
			held = tr
		}
	}
	if held == nil {
		return first
	}
	return held
}

func compareTraces(a, b *Trace) int {
	return cmp.Or(a.First.Compare(b.First), strings.Compare(a.Name, b.Name), slices.Compare(a.Keys, b.Keys), compareBonds(a.Bonds, b.Bonds))
}

// ring loads what cardOf needs for the touches of these traces.
func (w *work) ring(ctx context.Context, traces ...TraceID) error {
	if len(traces) == 1 {
		if c := w.traces.at(traces[0]); c != nil && c.now != nil && c.now.Card != "" {
			c.used = true
			return nil
		}
	}
	keys := make([]store.Key, 0, 4)
	for _, id := range traces {
		keys = append(keys, traceKey(id))
	}
	if err := w.need(ctx, keys...); err != nil {
		return err
	}
	keys = keys[:0]
	for _, id := range traces {
		if tr := w.trace(id); tr != nil && tr.Card == "" {
			for _, k := range tr.Keys {
				keys = append(keys, useKey(k))
			}
		}
	}
	if len(keys) == 0 {
		return nil
	}
	if err := w.need(ctx, keys...); err != nil {
		return err
	}
	uses := keys
	keys = nil
	for _, k := range uses {
		if u := w.use(Key(k.ID)); u != nil && u.Class != ClassShared {
			for _, id := range u.Traces {
				keys = append(keys, traceKey(id))
			}
		}
	}
	return w.need(ctx, keys...)
}

// moves notes which touches changed their card.
func (w *work) moves(ctx context.Context) error {
	if moved, ok := w.wholeCards(); ok {
		slices.SortFunc(moved, func(a, b move) int { return strings.Compare(string(a.old), string(b.old)) })
		for _, m := range moved {
			if m.to != m.old {
				w.emit(Event{Kind: EventMerged, Card: m.to, Was: m.old, Rule: RuleKey})
			}
		}
		return nil
	}
	if err := w.histories(ctx, w.existing()...); err != nil {
		return err
	}
	olds := make(map[CardID]bool)
	splits := make(map[CardID]CardID)
	for _, id := range slices.Sorted(slices.Values(w.touches.ids)) {
		c := w.touches.at(id)
		if c.was == nil || c.was.Trace == "" || c.now == nil || c.was.Echo && c.now.Echo {
			continue
		}
		had, _ := w.cardOf(c.was, before)
		got, _ := w.cardOf(c.now, after)
		olds[had] = true
		if had == got && c.was.Echo == c.now.Echo {
			continue
		}
		w.emit(Event{Kind: EventMoved, Touch: id, Card: got, Was: had})
		splits[got] = had
	}
	for _, card := range slices.Sorted(maps.Keys(splits)) {
		if !olds[card] {
			w.emit(Event{Kind: EventSplit, Card: card, Was: splits[card]})
		}
	}
	return nil
}

// existing returns the traces here that had touches before.
func (w *work) existing() []TraceID {
	var ids []TraceID
	for id, c := range w.traces.all() {
		if c.was != nil && c.used {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	return ids
}

// A move is where a card went.
type move struct{ old, to CardID }

// wholeCards returns where each card went, if each went somewhere as a whole.
func (w *work) wholeCards() ([]move, bool) {
	for _, c := range w.touches.all() {
		if c.was != nil && c.now != nil && c.was.Trace != "" && c.was.Trace != c.now.Trace {
			return nil, false
		}
	}
	moved := make([]move, 0, 4)
	index := make(map[CardID]CardID)
	whole := true
	pair := func(old, now CardID) {
		to, ok := index[old]
		switch {
		case !ok:
			index[old] = now
			moved = append(moved, move{old, now})
		case to != now:
			whole = false
		}
	}
	for _, id := range w.spread {
		c := w.traces.at(id)
		if c.was == nil {
			continue
		}
		if c.was.Card != "" && c.now != nil && c.now.Card != "" {
			pair(c.was.Card, c.now.Card)
			continue
		}
		a, b := w.placing(c.was, before), w.placing(c.now, after)
		if a == nil && b == nil {
			continue // loose, before and after
		}
		if a == nil || b == nil {
			return nil, false
		}
		for i, j := 0, 0; ; {
			pair(a[i].card, b[j].card)
			switch {
			case i+1 == len(a) && j+1 == len(b):
			case j+1 == len(b) || i+1 < len(a) && a[i+1].from.Before(b[j+1].from):
				i++
				continue
			case i+1 == len(a) || b[j+1].from.Before(a[i+1].from):
				j++
				continue
			default:
				i, j = i+1, j+1
				continue
			}
			break
		}
	}
	for _, m := range moved {
		if next, ok := index[m.to]; m.old != m.to && ok && next != m.to {
			whole = false // it went where another one left
		}
	}
	return moved, whole
}

// A stretch is the card of a trace's touches from a moment on.
type stretch struct {
	from time.Time
	card CardID
}

// placing tells where a trace's touches lie, by their time; nil if each is alone.
func (w *work) placing(tr *Trace, s side) []stretch {
	if tr.Card != "" {
		return []stretch{{card: tr.Card}}
	}
	if !tr.leaf() {
		return nil
	}
	u := sure(w.uses.at(tr.Keys[0]), s)
	if u == nil || u.Class == ClassShared {
		return nil
	}
	var holders []*Trace
	for _, id := range u.Traces {
		if h := row(w.traces.at(id), s); h != nil && !h.leaf() {
			w.traces.at(id).used = true
			holders = append(holders, h)
		}
	}
	slices.SortFunc(holders, compareTraces)
	var out []stretch
	for i, h := range holders {
		switch {
		case i == 0:
			out = append(out, stretch{card: h.Card})
		case out[len(out)-1].card != h.Card:
			out = append(out, stretch{h.First, h.Card})
		}
	}
	return out
}
