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

// A Card is one person: all that was ever heard of him, derived from the touches.
type Card struct {
	ID       CardID
	Aliases  []CardID // further IDs of cards that are this one now, the oldest first
	Timeline []Entry  // by time
	Keys     []KeySpan
	Record   map[string]Value // "name", "phone", "email" and the fields
	First    Touch            // the first touch of his, by time: it keeps its source for good
	Last     Touch
	Sources  map[Source]int // touches of his per source
	Claims   []Claim        // by filing
	Disputes []Dispute
}

// An Entry is a touch on a card.
type Entry struct {
	Touch
	Sure    bool // false: only time tells that it is this card's and not another's
	Echo    bool // it only brought back what we had written
	Erased  bool // its values were erased
	Reasons []Reason
}

// A KeySpan says from when to when a card had a key.
type KeySpan struct {
	Key      Key
	Class    Class
	From, To time.Time // To is zero if nobody had it since
}

// A Value is a value of a card's record.
type Value struct {
	Value string
	Touch TouchID // where it is from
	At    time.Time
}

// Card returns the card on which the touch that id names lies now. An id that no touch ever had is
// an *UnknownError.
func (d *Desk) Card(ctx context.Context, id CardID) (Card, error) {
	var card Card
	err := d.read(ctx, nil, func(ctx context.Context, w *work) error {
		current, err := w.resolve(ctx, TouchID(id), "card")
		if err != nil {
			return err
		}
		v, err := w.view(ctx, current)
		if err != nil {
			return err
		}
		card = v.card(&d.config, w.now)
		return nil
	})
	return card, err
}

// resolve returns the card of a touch.
func (w *work) resolve(ctx context.Context, id TouchID, kind string) (CardID, error) {
	if validID("ID", string(id)) != nil {
		return "", &UnknownError{Kind: kind, ID: string(id)}
	}
	st, err := w.stored(ctx, id)
	if err != nil {
		return "", err
	}
	if st == nil {
		return "", &UnknownError{Kind: kind, ID: string(id)}
	}
	card, _ := w.cardOf(st, after)
	return card, nil
}

// stored returns the touch with all that tells its card; nil if there is none.
func (w *work) stored(ctx context.Context, id TouchID) (*StoredTouch, error) {
	if err := w.need(ctx, touchKey(id)); err != nil {
		return nil, err
	}
	w.touches.at(id).used = true
	st := w.touch(id)
	if st == nil || st.Trace == "" {
		return nil, nil
	}
	if st.Root != "" {
		if err := w.need(ctx, touchKey(st.Root)); err != nil {
			return nil, err
		}
		w.touches.at(st.Root).used = true
		if root := w.touch(st.Root); root == nil || root.Trace != st.Trace {
			return nil, errTorn
		}
	}
	if err := w.ring(ctx, st.Trace); err != nil {
		return nil, err
	}
	return st, w.whole(st)
}

// A view is a card's rows.
type view struct {
	w       *work
	id      CardID
	touches []*StoredTouch // by time
	traces  []*Trace
}

// view loads a card whole.
func (w *work) view(ctx context.Context, id CardID) (*view, error) {
	if err := w.load(ctx, Query{Cards: []CardID{id}}); err != nil {
		return nil, err
	}
	traces, err := w.reach(ctx, id)
	if err != nil {
		return nil, err
	}
	if err := w.histories(ctx, traces...); err != nil {
		return nil, err
	}
	return w.seen(id, after), nil
}

// reach loads and returns the traces of which touches may lie on a card, of which one is here: those
// on it, which hang together by the keys they have and by rulings, and those without a name on their
// keys.
func (w *work) reach(ctx context.Context, id CardID) ([]TraceID, error) {
	var traces []TraceID
	var needs []store.Key
	for known := -1; known < len(traces); {
		known = len(traces)
		traces, needs = traces[:0], needs[:0]
		for trace, c := range w.traces.all() {
			if c.now == nil || c.now.Card != id {
				if c.was == nil || c.was.Card != id {
					continue
				}
			}
			c.used = true
			traces = append(traces, trace)
			for _, r := range [2]*Trace{c.was, c.now} {
				if r == nil {
					continue
				}
				for _, k := range r.Keys {
					needs = append(needs, useKey(k))
				}
				for _, peer := range r.peers() {
					needs = append(needs, traceKey(peer))
				}
			}
		}
		if err := w.only(ctx, needs...); err != nil {
			return nil, err
		}
		var others []store.Key
		for _, k := range needs {
			for _, trace := range w.linked(k) {
				others = append(others, traceKey(trace))
			}
		}
		if err := w.only(ctx, others...); err != nil {
			return nil, err
		}
	}
	if len(traces) == 0 {
		// A single touch whose keys are all shared.
		st, err := w.stored(ctx, TouchID(id))
		if err != nil || st == nil {
			return nil, err
		}
		return []TraceID{st.Trace}, nil
	}
	for _, k := range needs {
		for _, trace := range w.linked(k) {
			if tr := w.trace(trace); tr != nil && tr.leaf() {
				traces = append(traces, trace)
			}
		}
	}
	slices.Sort(traces)
	return slices.Compact(traces), nil
}

// linked returns the traces that a key that is here links or linked; none of what is no key.
func (w *work) linked(k store.Key) []TraceID {
	if k.Kind != RowKey {
		return nil
	}
	c := w.uses.at(Key(k.ID))
	c.used = true
	var traces []TraceID
	for _, u := range [2]*KeyUse{c.was, c.now} {
		if u != nil && u.Class != ClassShared {
			traces = append(traces, u.Traces...)
		}
	}
	return traces
}

// seen gathers the rows of a card among those that are here.
func (w *work) seen(id CardID, s side) *view {
	v := &view{w: w, id: id}
	for _, c := range w.touches.all() {
		if st := row(c, s); st != nil && st.Trace != "" {
			if card, _ := w.cardOf(st, s); card == id {
				v.touches = append(v.touches, st)
			}
		}
	}
	slices.SortFunc(v.touches, func(a, b *StoredTouch) int {
		return cmp.Or(a.When().Compare(b.When()), strings.Compare(string(a.ID), string(b.ID)))
	})
	for _, c := range w.traces.all() {
		if tr := row(c, s); tr != nil && tr.Card == id {
			v.traces = append(v.traces, tr)
		}
	}
	slices.SortFunc(v.traces, compareTraces)
	return v
}

// filings returns the card's touches as claims are judged by them.
func (v *view) filings(s side) []filing {
	out := make([]filing, 0, len(v.touches))
	for _, st := range v.touches {
		f := filing{StoredTouch: st, identified: st.Erased && !slices.Contains(st.Reasons, anonymity)}
		if c := v.w.touches.at(st.ID); c.was != nil && c.was.Trace != "" {
			f.answered = true
		}
		if tr := row(v.w.traces.at(st.Trace), s); tr != nil && !st.Erased {
			f.keys = tr.Keys
			f.identified = v.w.identifies(tr, s)
			f.ruled = slices.ContainsFunc(tr.Bonds, func(b Bond) bool { return b.Ruling == RulingSame })
		}
		out = append(out, f)
	}
	return out
}

// identifies reports whether a trace has a key that is not shared.
func (w *work) identifies(tr *Trace, s side) bool {
	return slices.ContainsFunc(tr.Keys, func(k Key) bool {
		u := row(w.uses.at(k), s)
		return u != nil && u.Class != ClassShared
	})
}

func (v *view) card(c *Config, now time.Time) Card {
	card := Card{ID: v.id, Aliases: v.aliases(), Sources: make(map[Source]int), Record: v.record(c)}
	for _, st := range v.touches {
		_, sure := v.w.cardOf(st, after)
		card.Timeline = append(card.Timeline, Entry{Touch: st.Touch, Sure: sure, Echo: st.Echo, Erased: st.Erased, Reasons: st.Reasons})
		if st.Echo || st.Kind == TouchSent || st.Kind == TouchCorrect || st.Kind == TouchAward {
			continue
		}
		if card.First.ID == "" {
			card.First = st.Touch
		}
		card.Last = st.Touch
		card.Sources[st.Source]++
	}
	card.Keys = v.keys()
	card.Claims, card.Disputes, _ = judge(v.filings(after), c.Claims, now)
	return card
}

// aliases returns the card's further IDs, which each of its traces has.
func (v *view) aliases() []CardID {
	for _, tr := range v.traces {
		return tr.Aliases
	}
	return nil
}

// keys returns the keys of the card's traces, and when it had them.
func (v *view) keys() []KeySpan {
	spans := make(map[Key]*KeySpan)
	for _, tr := range v.traces {
		for _, k := range tr.Keys {
			if s := spans[k]; s == nil {
				spans[k] = &KeySpan{Key: k, From: tr.First}
			} else if tr.First.Before(s.From) {
				s.From = tr.First
			}
		}
	}
	out := make([]KeySpan, 0, len(spans))
	for _, k := range slices.Sorted(maps.Keys(spans)) {
		s := spans[k]
		if u := v.w.use(k); u != nil {
			s.Class = u.Class
			for _, id := range u.Traces {
				tr := row(v.w.traces.at(id), after)
				if u.Class == ClassShared || tr == nil || tr.leaf() || tr.Card == v.id || !tr.First.After(s.From) {
					continue
				}
				if s.To.IsZero() || tr.First.Before(s.To) {
					s.To = tr.First
				}
			}
		}
		out = append(out, *s)
	}
	return out
}

// record works out the golden record.
func (v *view) record(c *Config) map[string]Value {
	record := make(map[string]Value)
	corrected := make(map[string]bool)
	offer := func(st *StoredTouch, field, value string) {
		if value == "" {
			return
		}
		correct := st.Kind == TouchCorrect
		_, had := record[field]
		if had && !correct && (corrected[field] || c.Golden[field] == KeepFirst) {
			return
		}
		record[field] = Value{value, st.ID, st.When()}
		corrected[field] = correct
	}
	for _, st := range v.touches {
		if st.Echo || st.Erased || st.Kind == TouchSent {
			continue
		}
		e := c.Reader.read(&st.Touch)
		if _, bad := unreadable("Name", st.Name); !bad && c.Reader.Name(st.Name).String() != "" {
			offer(st, "name", strings.TrimSpace(st.Name))
		}
		for _, r := range e.readings {
			if r.Grade == GradeUsable && r.Kind != KindExternal {
				_, value, _ := strings.Cut(string(r.Key), ":")
				offer(st, r.Kind.String(), value)
			}
		}
		for field, value := range st.Fields {
			offer(st, field, value)
		}
	}
	return record
}
