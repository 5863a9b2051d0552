package notify

import (
	"slices"
	"strings"
	"time"
)

// An Occasion is what reminders follow from: a stay, a meeting, a trip, the status of a unit on a
// site. It is posted whole after every change.
type Occasion struct {
	ID   string // chosen by the caller; may hold a revision ("01080627#2")
	Kind string // which reminders follow

	// Thread is what the occasion is about; all that is unsent in it is replaced by a Post, so two
	// occasions that live side by side need two threads. An older Rev than the thread has seen
	// changes nothing. Thread defaults to ID.
	Thread ThreadID
	Rev    int64

	Made, Start, End time.Time // zero: reminders from there do not arise
	Zone             string    // IANA, for calendar offsets; defaults to Rules.Zone
	To               Recipient
	Vars             map[string]string // of all its reminders; each takes those its template declares
	Attach           []Attachment
	Cancelled        bool // nothing is left to send
	By, Why          string
}

// check is what holds of every occasion, whatever the rules.
func (o Occasion) check() error {
	if err := checkName("id", o.ID); err != nil {
		return err
	}
	if err := checkName("kind", o.Kind); err != nil {
		return err
	}
	if err := checkText("thread", string(o.Thread), maxName); err != nil {
		return err
	}
	if o.Rev < 0 {
		return &InvalidError{Field: "rev", Value: "negative", Why: "below zero"}
	}
	if _, err := loadZone(o.Zone); err != nil {
		return &InvalidError{Field: "zone", Value: o.Zone, Why: "not an IANA zone"}
	}
	return nil
}

func (o Occasion) thread() ThreadID {
	if o.Thread == "" {
		return ThreadID(o.ID)
	}
	return o.Thread
}

// A derived message is missed if its moment passed before anybody asked for it.
type derived struct {
	Message
	missed bool
}

// Remind returns the messages that follow from o as it is now, in the order of the rules. It does
// not know what was sent before: IDs are occasion|reminder|due, so that who sends them all again
// sends none twice.
func (e *Engine) Remind(o Occasion, now time.Time) []Message {
	var messages []Message
	for _, m := range e.derive(o, instant(now)) {
		if !m.missed {
			messages = append(messages, m.Message)
		}
	}
	return messages
}

func (e *Engine) derive(o Occasion, now time.Time) []derived {
	if o.Cancelled {
		return nil
	}
	var all []derived
	for _, r := range e.reminders[o.Kind] {
		due := e.due(r, o)
		deadline := o.anchor(r.Until)
		if due.IsZero() || !deadline.IsZero() && !due.Before(deadline) {
			continue
		}
		m := Message{
			ID:       MessageID(o.ID + "|" + r.ID + "|" + due.Format(time.RFC3339Nano)),
			Template: r.Template, To: o.To, Attach: o.Attach,
			NotBefore: due, Deadline: deadline, Thread: o.thread(), Rev: o.Rev, By: o.By, Why: o.Why,
		}
		for _, name := range e.templates[r.Template].Vars {
			if value, ok := o.Vars[name]; ok {
				if m.Vars == nil {
					m.Vars = map[string]string{}
				}
				m.Vars[name] = value
			}
		}
		late := due.Before(now)
		over := !deadline.IsZero() && !now.Before(deadline)
		all = append(all, derived{m.normal(), late && !r.Late || over})
	}
	return all
}

// due is the moment of a reminder; zero if the occasion has no such anchor.
func (e *Engine) due(r Reminder, o Occasion) time.Time {
	from := o.anchor(r.From)
	switch {
	case from.IsZero():
		return time.Time{}
	case r.calendar():
		return wall(from, r.Days, r.At, e.zoneOf(o.Zone)).UTC()
	}
	return from.Add(r.Shift)
}

func (o Occasion) anchor(a Anchor) time.Time {
	switch a {
	case AnchorMade:
		return instant(o.Made)
	case AnchorStart:
		return instant(o.Start)
	case AnchorEnd:
		return instant(o.End)
	}
	return time.Time{}
}

// of reports whether a message follows from the occasion of this ID.
func (m *Message) of(occasion string) bool {
	rest, _, ok := cutLast(string(m.ID), "|")
	rest, _, second := cutLast(rest, "|")
	return ok && second && rest == occasion
}

// post decides what becomes of the unfinished messages of o's thread, and which messages start.
// had are all deliveries that the thread still holds and those that o's messages name.
func (e *Engine) post(o Occasion, had map[MessageID]Delivery, known func(Recipient) []Fact, now time.Time) (changed []Delivery, events []Event, err error) {
	take := func(d Delivery, ev []Event) {
		if len(ev) > 0 {
			changed = append(changed, d)
			events = append(events, ev...)
		}
	}
	wanted := map[MessageID]bool{}
	for _, m := range e.derive(o, now) {
		wanted[m.ID] = true
		d, exists := had[m.ID]
		if m.missed && !exists {
			continue
		}
		if _, err := e.accept(m.Message); err != nil {
			return nil, nil, err
		}
		switch {
		case !exists:
			take(e.lay(Delivery{}, m.Message, EventStarted, known(m.To), now))
		case d.tried() >= 0 && d.State == StatePending && d.Rev < m.Rev:
			take(revise(d, m.Message, now))
		case d.tried() >= 0, m.missed && d.State != StatePending, d.withdrawn():
		case d.State == StatePending && d.mismatch(m.Message) == nil:
		case d.State == StateDead && d.mismatch(m.Message) == nil:
		default:
			take(e.lay(d, m.Message, EventReplaced, known(m.To), now))
		}
	}
	state := StateSuperseded
	if o.Cancelled {
		state = StateCancelled
	}
	for _, id := range sortedIDs(had) {
		d := had[id]
		if wanted[id] || d.State != StatePending || d.Thread != o.thread() || d.Rev > o.Rev {
			continue
		}
		if o.Cancelled && d.Rev == o.Rev && !d.of(o.ID) {
			continue // another occasion's, as new as this cancellation
		}
		if !o.Cancelled && d.Rev < o.Rev && d.inFlight() != nil {
			continue // the thread waits for its answer; it goes no further
		}
		take(end(d, state, o.By, o.Why, now))
	}
	return changed, events, nil
}

// revise lets a message that is already on its way belong to a newer revision.
func revise(d Delivery, m Message, now time.Time) (Delivery, []Event) {
	v := begin(d, now)
	v.by, v.why = m.By, m.Why
	v.d.Rev = m.Rev
	changed := v.d.Message
	ev := v.event(EventReplaced, 0, len(v.d.Steps))
	ev.Message, ev.Category = &changed, d.Category
	return v.d, v.events
}

func sortedIDs(had map[MessageID]Delivery) []MessageID {
	ids := make([]MessageID, 0, len(had))
	for id := range had {
		ids = append(ids, id)
	}
	slices.SortFunc(ids, func(a, b MessageID) int { return strings.Compare(string(a), string(b)) })
	return ids
}
