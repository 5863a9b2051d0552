package dedup

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A Desk takes touches in and answers which card they are on. It is safe for concurrent use, and
// any number of desks may share a store.
type Desk struct {
	config   Config
	once     bool // in the caller's transaction: one attempt
	retry    *store.Retry
	works    *sync.Pool
	arrivals *sync.Pool
}

// New returns a desk. Its error is a *ConfigError.
func New(c Config) (*Desk, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	if c.Store == nil {
		return nil, &ConfigError{Problems: []Problem{{Code: ProblemMissing, Field: "Store"}}}
	}
	return &Desk{config: c, retry: new(store.Retry), works: new(sync.Pool), arrivals: new(sync.Pool)}, nil
}

// In returns the desk over a store in the caller's transaction. It makes one attempt at each
// command and leaves what to do about a conflict to the caller.
func (d *Desk) In(s Store) *Desk {
	in := *d
	in.config.Store, in.once = s, true
	return &in
}

// A Result tells where a touch lies.
type Result struct {
	Card      CardID
	Aliases   []CardID // further IDs of this card
	Created   bool     // it founded the card
	Repeat    bool     // the touch was there before, or is an echo: nothing changed
	Ambiguous bool     // several cards have its only key: it lies where time says
	Previous  TouchID  // the touch before it on this card with an identifier in common, "" if none: a double form shows here
	Readings  []Reading
	Reasons   []Reason // why something did not count
	Claim     *Claim   // of a partner's touch: the claim it made, renewed or was refused
	Events    []Event
}

// Ingest takes a touch in. The same touch again answers the same card and changes nothing; with
// other content it is a *MismatchError that names the field. Only a touch over 1 MiB or with an
// impossible ID is refused, as an *InvalidError: what cannot be read is kept and said in Reasons.
func (d *Desk) Ingest(ctx context.Context, t Touch) (Result, error) {
	a, err := d.arrive(t)
	if err != nil {
		return Result{}, err
	}
	defer d.leave(a)
	var res Result
	attempt := func(ctx context.Context) error {
		w := d.newWork("ingest", true)
		defer w.free()
		a.reset()
		if err := w.ingest(ctx, []*arrival{a}); err != nil {
			return w.because(ctx, err)
		}
		if err := w.commit(ctx); err != nil {
			return err
		}
		res = w.result(a)
		return nil
	}
	err = d.run(ctx, nil, func(ctx context.Context) error {
		err := attempt(ctx)
		if errors.Is(err, ErrTooLarge) {
			a.isolate()
			err = attempt(ctx)
		}
		return err
	})
	return res, err
}

// arrive reads a touch.
func (d *Desk) arrive(t Touch) (*arrival, error) {
	a, ok := d.arrivals.Get().(*arrival)
	if !ok {
		a = new(arrival)
	}
	a.touch, a.undated, a.unreceived = t, t.At.IsZero(), t.Received.IsZero()
	reason, err := a.touch.prepare(instant(d.config.Now()))
	if err != nil {
		return nil, err
	}
	a.said.keys = a.room[:0]
	d.config.Reader.readInto(&a.said, &a.touch)
	if reason.Code != "" {
		a.said.reasons = append(a.said.reasons, reason)
		a.unreceived = true // as if it had been left to us
	}
	return a, nil
}

// leave gives a back. Nothing of it may be used any more, but for its readings.
func (d *Desk) leave(a *arrival) {
	*a = arrival{}
	d.arrivals.Put(a)
}

// given is the touch as the caller gave it, so far as it is compared with one that is here.
func (a *arrival) given() Touch {
	t := a.touch
	if a.undated {
		t.At = time.Time{}
	}
	if a.unreceived {
		t.Received = time.Time{}
	}
	return t
}

// reset forgets what an attempt found out.
func (a *arrival) reset() { a.repeat, a.echo, a.err = false, false, nil }

// isolate makes a touch that would join too much stay alone.
func (a *arrival) isolate() {
	a.said.reasons = append(a.said.reasons, Reason{Code: ReasonTooLarge, Field: "Identifiers"})
	a.said.keys, a.said.boards = nil, nil
}

// ingest places touches and settles. A touch that is refused has its err set.
func (w *work) ingest(ctx context.Context, arrivals []*arrival) error {
	var buf [8]store.Key
	keys := buf[:0]
	for _, a := range arrivals {
		keys = a.keys(keys)
		w.ahead = w.ahead || a.touch.files() || w.desk.config.Claims.OwnBlock > 0
	}
	if err := w.need(ctx, keys...); err != nil {
		return err
	}
	for _, a := range arrivals {
		if err := w.place(ctx, a); err != nil {
			if len(arrivals) == 1 || !errors.Is(err, ErrMismatch) {
				return err
			}
			a.err = err
		}
	}
	if len(w.added) == 0 {
		for _, a := range arrivals {
			if st := w.touch(a.touch.ID); a.err == nil && st != nil {
				if _, err := w.stored(ctx, a.touch.ID); err != nil {
					return err
				}
				if card, _ := w.cardOf(st, after); st.files() {
					if _, err := w.view(ctx, card); err != nil {
						return err
					}
				}
			}
		}
		return nil
	}
	w.cause = touchKey(w.added[0])
	if err := w.settle(ctx); err != nil {
		return err
	}
	for _, a := range arrivals {
		if a.err == nil {
			if _, err := w.stored(ctx, a.touch.ID); err != nil {
				return err
			}
		}
	}
	if len(w.fresh)+len(w.changed) > 0 && !w.solo {
		if err := w.moves(ctx); err != nil {
			return err
		}
	}
	for _, id := range w.added {
		if st := w.touches.at(id).now; !st.Echo {
			card, _ := w.cardOf(st, after)
			w.emit(Event{Key: touchKey(id), Kind: EventAttached, Touch: id, Card: card, Rule: st.rule(), By: st.By})
		}
	}
	if err := w.claims(ctx); err != nil {
		return err
	}
	w.finish()
	return nil
}

func (st *StoredTouch) rule() Rule {
	if st.Follows != "" {
		return RuleFollows
	}
	return RuleTrace
}

// claims notes which partners' claims changed, and answers those that were filed.
func (w *work) claims(ctx context.Context) error {
	if w.undisputed() {
		return nil
	}
	var cards []CardID
	affected := func(card CardID) {
		if card != "" && !slices.Contains(cards, card) {
			cards = append(cards, card)
		}
	}
	matters := false // partners filed
	for _, id := range w.added {
		st := w.touches.at(id).now
		matters = matters || st.files()
		card, _ := w.cardOf(st, after)
		affected(card)
	}
	for _, id := range w.spread {
		c := w.traces.at(id)
		if c.was == nil || c.now == nil || c.was.Card != c.now.Card || w.identifies(c.was, before) != w.identifies(c.now, after) {
			for _, r := range [2]*Trace{c.was, c.now} {
				if r != nil {
					affected(r.Card)
				}
			}
		}
	}
	for i := range w.events { // a touch without a name may move though no trace does
		affected(w.events[i].Card)
		affected(w.events[i].Was)
	}
	for _, c := range w.traces.all() {
		for _, r := range [2]*Trace{c.was, c.now} {
			if r != nil && (r.Claimed || r.Filings > 0) && (r.Card == "" || slices.Contains(cards, r.Card)) {
				matters = true
			}
		}
	}
	if !matters {
		return nil
	}
	for _, card := range cards {
		if w.solo {
			w.editTrace(TraceID(card)).Claimed = true
			break
		}
		traces, err := w.reach(ctx, card)
		if err != nil {
			return err
		}
		if err := w.histories(ctx, traces...); err != nil {
			return err
		}
		claimed := slices.ContainsFunc(traces, func(id TraceID) bool {
			tr := w.trace(id)
			return tr != nil && tr.Filings > 0
		})
		for _, id := range traces {
			if tr := w.trace(id); tr != nil && tr.Card == card && tr.Claimed != claimed {
				w.editTrace(id).Claimed = claimed
			}
		}
	}
	var had []Claim
	var disputed []TouchID
	for _, card := range cards {
		if w.solo {
			break
		}
		claims, disputes, _ := judge(w.seen(card, before).filings(before), w.desk.config.Claims, w.now)
		had = append(had, claims...)
		for _, d := range disputes {
			disputed = append(disputed, d.Claims[1].Touch)
		}
	}
	for _, card := range cards {
		claims, disputes, of := judge(w.seen(card, after).filings(after), w.desk.config.Claims, w.now)
		for _, id := range w.added {
			if i, ok := of.to(id); ok {
				w.filed = append(w.filed, filed{id, claims[i]})
			}
		}
		for _, c := range claims {
			if i := slices.IndexFunc(had, func(old Claim) bool { return old.Touch == c.Touch }); i >= 0 {
				was := had[i].State
				had = slices.Delete(had, i, i+1)
				if was == c.State {
					continue
				}
			}
			w.emit(Event{Kind: EventClaim, Touch: c.Touch, Card: card, Rule: Rule(c.State.String())})
			if c.State == ClaimRefused && slices.Contains(w.added, c.Touch) {
				row := w.touches.at(c.Touch).edit()
				row.Reasons = append(slices.Clip(row.Reasons), c.Reasons...)
			}
		}
		for _, d := range disputes {
			if !slices.Contains(disputed, d.Claims[1].Touch) {
				w.emit(Event{Kind: EventDispute, Touch: d.Claims[1].Touch, Was: CardID(d.Claims[0].Touch), Card: card, Rule: d.Rule})
			}
		}
	}
	for _, c := range had { // and are not there any more
		card, _ := w.cardOf(w.touch(c.Touch), after)
		w.emit(Event{Kind: EventClaim, Touch: c.Touch, Card: card, Rule: RuleNone})
	}
	return nil
}

// undisputed reports whether no claim can have changed: what was added are customers' own touches,
// which do not count against partners, nothing moved and no key came to be shared or ceased to.
func (w *work) undisputed() bool {
	if w.desk.config.Claims.OwnBlock > 0 {
		return false
	}
	for _, e := range w.events {
		if e.Kind != EventAttached {
			return false
		}
	}
	for id, c := range w.touches.all() {
		if c.dirty && (c.was != nil || c.now.files() || !slices.Contains(w.added, id)) {
			return false
		}
	}
	for _, c := range w.uses.all() {
		if c.dirty && (c.now == nil || (c.was != nil && c.was.Class == ClassShared) != (c.now.Class == ClassShared)) {
			return false
		}
	}
	for _, c := range w.traces.all() {
		if c.was != nil && c.dirty && (c.now == nil || c.was.Card != c.now.Card || c.was.Filings != c.now.Filings) {
			return false
		}
	}
	for _, c := range w.traces.all() {
		if c.was == nil && c.now != nil && c.now.Card != "" && w.claimed(c.now.Card) {
			c.edit().Claimed = true
		}
	}
	return true
}

// claimed reports whether a card that is here has partners' touches.
func (w *work) claimed(card CardID) bool {
	for _, c := range w.traces.all() {
		if c.was != nil && c.was.Card == card && c.was.Claimed {
			return true
		}
	}
	return false
}

// result tells where an arrival came to lie.
func (w *work) result(a *arrival) Result {
	st := w.touch(a.touch.ID)
	res := Result{Repeat: a.repeat, Readings: a.said.readings, Reasons: st.Reasons}
	var sure bool
	res.Card, sure = w.cardOf(st, after)
	res.Ambiguous = !sure
	if !sure {
		res.Reasons = append(slices.Clip(res.Reasons), Reason{Code: ReasonAmbiguous, Field: "Identifiers"})
	}
	res.Created = !a.repeat && res.Card == CardID(st.ID)
	for i := range res.Readings {
		if r := &res.Readings[i]; r.Grade == GradeUsable {
			if u := row(w.uses.at(r.Key), after); u != nil && u.Class != ClassPersonal {
				r.Class = u.Class
				if u.Class == ClassShared {
					res.Reasons = append(slices.Clip(res.Reasons), Reason{Code: ReasonShared, Field: r.Field, Value: r.Raw})
				}
			}
		}
	}
	var previous Latest
	for id, c := range w.traces.all() {
		switch {
		case c.now == nil:
			continue
		case c.now.Card == res.Card:
			res.Aliases = c.now.Aliases
		case c.now.Card != "":
			continue
		}
		last := c.latest
		if last == nil || last.ID == st.ID || last.compare(previous) < 0 || last.compare(Latest{ID: st.ID, Received: st.Received}) > 0 {
			continue
		}
		lying := StoredTouch{Touch: Touch{ID: last.ID, At: last.When, Received: last.When}, Trace: id}
		if card, _ := w.cardOf(&lying, after); card == res.Card {
			previous = *last
		}
	}
	res.Previous = previous.ID
	if i := slices.IndexFunc(w.filed, func(f filed) bool { return f.touch == st.ID }); i >= 0 {
		claim := w.filed[i].claim
		res.Claim = &claim
	} else if a.repeat && st.files() {
		claims, _, of := judge(w.seen(res.Card, after).filings(after), w.desk.config.Claims, w.now)
		if i, ok := of.to(st.ID); ok {
			res.Claim = &claims[i]
		}
	}
	if !a.repeat {
		res.Events = slices.Clip(w.events)
	}
	return res
}

func (l Latest) compare(o Latest) int {
	return cmp.Or(l.Received.Compare(o.Received), strings.Compare(string(l.ID), string(o.ID)))
}
