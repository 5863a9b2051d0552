package dedup

import (
	"context"
	"maps"
	"slices"

	"github.com/tenure-go/tenure/store"
)

// Erase takes everything personal from a card: the values of its touches, its keys and names. What
// remains is when touches came, from which source, and the partners' claims on them.
type Erase struct {
	ID      DecisionID
	Card    CardID
	By, Why string
}

// Erased tells what an erasure did.
type Erased struct {
	Card    CardID
	Touches int
	Keys    []Key // that nobody has any more
	Events  []Event
}

// Erase erases a card. Its touches keep their IDs, times, sources and claims; their values are gone
// from the store, and one of them ingested again is a Repeat. Other cards and the class of shared
// keys stay as they are. The same erasure again does nothing.
func (d *Desk) Erase(ctx context.Context, e Erase) (Erased, error) {
	if err := validID("ID", string(e.ID)); err != nil {
		return Erased{}, err
	}
	var out Erased
	err := d.run(ctx, []store.Key{decisionKey(e.ID)}, func(ctx context.Context) error {
		w := d.newWork("erase", true)
		defer w.free()
		w.cause, w.by, w.why = decisionKey(e.ID), e.By, e.Why
		out = Erased{}
		if err := w.erase(ctx, &e, &out); err != nil {
			return err
		}
		out.Events = w.events
		return w.commit(ctx)
	})
	return out, err
}

func (w *work) erase(ctx context.Context, e *Erase, out *Erased) error {
	if err := w.need(ctx, decisionKey(e.ID)); err != nil {
		return err
	}
	row := w.decisions.at(e.ID)
	row.used = true
	if row.now != nil {
		had := Decide{ID: e.ID, Ruling: rulingErase, By: e.By, Why: e.Why}
		if err := row.now.same(&had); err != nil {
			return err
		}
		if row.now.Touch != TouchID(e.Card) {
			return &MismatchError{ID: string(e.ID), Field: "Card", Had: string(row.now.Touch), Got: string(e.Card)}
		}
		card, err := w.resolve(ctx, TouchID(e.Card), "card")
		out.Card = card
		return err
	}
	card, err := w.resolve(ctx, TouchID(e.Card), "card")
	if err != nil {
		return err
	}
	v, err := w.view(ctx, card)
	if err != nil {
		return err
	}
	*row.edit() = StoredDecision{Decide: Decide{ID: e.ID, Ruling: rulingErase, By: e.By, Why: e.Why}, Touch: TouchID(e.Card), Made: w.stamp}
	claims, _, _ := judge(v.filings(after), w.desk.config.Claims, w.now)
	anonymous := make(map[TouchID]bool)
	for _, c := range claims {
		anonymous[c.Touch] = c.has(ReasonNoIdentity)
	}
	grave := TraceID(string(card) + "\x1ferased")
	if err := w.need(ctx, traceKey(grave)); err != nil {
		return err
	}
	lost := make(map[TraceID][]*StoredTouch)
	var founders []Founder
	for _, st := range v.touches {
		if st.Trace != grave {
			lost[st.Trace] = append(lost[st.Trace], st)
		}
	}
	var left []*StoredTouch
	for _, id := range slices.Sorted(maps.Keys(lost)) {
		if err := w.vacate(ctx, id, lost[id], &founders, out); err != nil {
			return err
		}
	}
	for _, st := range v.touches {
		cell := w.touches.at(st.ID)
		cell.used = true
		bare := cell.edit()
		w.unawait(ctx, bare)
		bare.strip(anonymous[st.ID])
		bare.Trace, bare.Root = grave, ""
		left = append(left, bare)
	}
	aliases := v.aliases()
	tr := w.editTrace(grave)
	if tr.Erased.IsZero() {
		tr.Erased = w.stamp
	}
	tr.Card, tr.First, tr.Lead, tr.Filings = card, v.touches[0].When(), "", 0
	tr.take(left, founders)
	for _, f := range founders {
		if !slices.Contains(tr.Founders, f) {
			tr.Founders = append(tr.Founders, f)
		}
	}
	tr.Aliases, tr.Claimed = aliases, tr.Filings > 0
	out.Card, out.Touches = card, len(left)
	slices.Sort(out.Keys)
	w.emit(Event{Kind: EventErased, Card: card})
	w.finish()
	return nil
}

// vacate takes touches out of a trace, and the trace off its keys if nothing remains of it.
func (w *work) vacate(ctx context.Context, id TraceID, gone []*StoredTouch, founders *[]Founder, out *Erased) error {
	source := *w.trace(id)
	var rest []*StoredTouch
	for _, touch := range w.members(id) {
		st := w.touch(touch)
		if !slices.ContainsFunc(gone, func(o *StoredTouch) bool { return o.ID == touch }) {
			rest = append(rest, st)
		}
	}
	for _, f := range source.Founders {
		if slices.ContainsFunc(gone, func(o *StoredTouch) bool { return o.ID == f.Touch }) {
			*founders = append(*founders, f)
		}
	}
	if len(rest) > 0 {
		tr := w.editTrace(id)
		tr.First, tr.Lead, tr.Filings, tr.Founders = rest[0].When(), "", 0, nil
		tr.take(rest, source.Founders)
	} else {
		forget(w.traces.at(id))
	}
	for _, k := range source.Keys {
		if err := w.need(ctx, useKey(k)); err != nil {
			return err
		}
		if w.use(k) == nil {
			return errTorn // it was read before the trace came
		}
		u := w.editUse(k)
		u.Marks = slices.DeleteFunc(slices.Clone(u.Marks), func(m Mark) bool {
			return slices.ContainsFunc(gone, func(o *StoredTouch) bool { return o.ID == m.Touch })
		})
		if len(rest) > 0 {
			continue
		}
		u.leave(id)
		if u.Since.IsZero() || source.First.Before(u.Since) {
			u.Since = source.First
		}
		if u.Class == ClassShared {
			u.Proved = u.Proved || !u.Ruled
			continue
		}
		if len(u.Traces) == 0 && !u.Ruled && !u.Switchboard {
			forget(w.uses.at(k))
			out.Keys = append(out.Keys, k)
			continue
		}
		if err := w.reclass(ctx, u); err != nil {
			return err
		}
	}
	return nil
}

// reclass tells anew whether several cards have a key.
func (w *work) reclass(ctx context.Context, u *KeyUse) error {
	u.Class = ClassPersonal
	card := CardID("")
	for _, id := range u.Traces {
		if err := w.need(ctx, traceKey(id)); err != nil {
			return err
		}
		if tr := w.trace(id); tr != nil && !tr.leaf() {
			if card != "" && tr.Card != card {
				u.Class = ClassContested
			}
			card = tr.Card
		}
	}
	return nil
}

// unawait takes a touch that waits for another off that one's list.
func (w *work) unawait(ctx context.Context, st *StoredTouch) {
	c := w.touches.at(st.Follows)
	if st.Follows == "" || c == nil || c.now == nil || !slices.Contains(c.now.Awaited, st.ID) {
		return
	}
	lead := c.edit()
	lead.Awaited = slices.DeleteFunc(slices.Clone(lead.Awaited), func(id TouchID) bool { return id == st.ID })
}

// anonymity is the reason on an erased filing that had no identity until the end. One that only came
// without has it without the Field.
var anonymity = Reason{Code: ReasonNoIdentity, Field: "Identifiers"}

// strip leaves of a touch what tells nobody who he is.
func (st *StoredTouch) strip(anonymous bool) {
	t := &st.Touch
	*t = Touch{ID: t.ID, Follows: t.Follows, Kind: t.Kind, At: t.At, Received: t.Received, Source: t.Source}
	var reasons []Reason
	for _, r := range st.Reasons {
		if r.Code == ReasonTaken || r.Code == ReasonOwnClient || r.Code == ReasonNoIdentity && !anonymous {
			reasons = append(reasons, Reason{Code: r.Code, Touch: r.Touch}) // it was not granted when it came
		}
	}
	if anonymous {
		reasons = append(reasons, anonymity)
	}
	st.Reasons, st.Erased = reasons, true
}
