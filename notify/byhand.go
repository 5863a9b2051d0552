package notify

import (
	"slices"
	"time"
)

// Force sends a message on a channel by hand, at once: while a step is waiting, after the last
// failed, or when a delivered message stays unread. A dead letter is revived. Opt-outs, quiet
// hours and the deadline hold all the same.
type Force struct {
	ID      MessageID
	Channel ChannelID
	By, Why string
}

// Cancel withdraws a message: no further step is sent.
type Cancel struct {
	ID      MessageID
	By, Why string
}

// force puts a step in front of those not yet tried. A repeat before it is sent changes nothing.
func (e *Engine) force(d Delivery, f Force, facts []Fact, now time.Time) (Delivery, []Event, error) {
	refused := func(r Reason) (Delivery, []Event, error) {
		return d, nil, &RefusedError{ID: d.ID, Reasons: []Reason{r}}
	}
	if d.State.ended() || d.State == StateReached {
		return refused(Reason{Code: ReasonState, Got: d.State.String()})
	}
	if e.channels[f.Channel] == nil {
		return d, nil, unknown("channel", f.Channel, e.channels)
	}
	next := d.tried() + 1
	if next < len(d.Steps) && d.Steps[next].Forced && d.Steps[next].Channel == f.Channel && d.State == StatePending {
		return d, nil, nil
	}
	v := begin(d, now)
	v.by, v.why = f.By, f.Why
	v.d.Steps = slices.Insert(v.d.Steps, next, StepReport{Channel: f.Channel, Forced: true})
	m := e.moment(&v.d, facts, now)
	expected, _, _ := e.step(&m, d.To.Lang, f.Channel)
	v.d.Steps[next].Until = expected.Until
	q := e.weigh(&m, &v.d, next, time.Time{})
	q.compose(&v.d, next, v.out)
	if q.reason.Code != "" {
		return refused(q.reason)
	}
	v.d.Steps[next].quoted(&q)
	v.d.State, v.d.Wake = StatePending, m.at
	v.event(EventForced, next, len(v.d.Steps)-next)
	return v.d, v.events, nil
}

// cancel ends d by command; one that ended otherwise is refused.
func (e *Engine) cancel(d Delivery, c Cancel, now time.Time) (Delivery, []Event, error) {
	if d.State == StateCancelled {
		return d, nil, nil
	}
	if d.State != StatePending {
		return d, nil, &RefusedError{ID: d.ID, Reasons: []Reason{{Code: ReasonState, Got: d.State.String()}}}
	}
	v := begin(d, now)
	v.by, v.why = c.By, c.Why
	first := d.tried() + 1
	for k := first; k < len(v.d.Steps); k++ {
		v.d.Steps[k].Skipped = &Reason{Code: ReasonWithdrawn}
	}
	v.d.State, v.d.Wake = StateCancelled, time.Time{}
	v.event(EventCancelled, first, len(v.d.Steps)-first)
	return v.d, v.events, nil
}

// withdrawn reports whether a Cancel ended d, so that no occasion brings it back.
func (d *Delivery) withdrawn() bool {
	return d.State == StateCancelled && slices.ContainsFunc(d.Steps, func(s StepReport) bool {
		return s.Skipped != nil && s.Skipped.Code == ReasonWithdrawn
	})
}

// end stops d for good: nothing more is sent, receipts are still joined.
func end(d Delivery, state State, by, why string, now time.Time) (Delivery, []Event) {
	v := begin(d, now)
	v.by, v.why = by, why
	v.d.State, v.d.Wake = state, time.Time{}
	kind := EventCancelled
	if state == StateSuperseded {
		kind = EventSuperseded
	}
	v.event(kind, 0, 0)
	return v.d, v.events
}

// gone makes d a dead letter because its attachment was withdrawn.
func gone(d Delivery, ref string, now time.Time) (Delivery, []Event) {
	v := begin(d, now)
	first := d.tried() + 1
	for k := first; k < len(v.d.Steps); k++ {
		v.d.Steps[k].Skipped = &Reason{Code: ReasonAttachmentGone, Got: ref}
	}
	v.why = string(ReasonAttachmentGone)
	v.d.State, v.d.Wake = StateDead, time.Time{}
	v.event(EventDead, first, len(v.d.Steps)-first)
	return v.d, v.events
}

// postpone lets d wait until at.
func postpone(d Delivery, at time.Time, why string, now time.Time) (Delivery, []Event) {
	v := begin(d, now)
	v.why = why
	v.d.Wake = at
	v.event(EventDeferred, 0, 0)
	return v.d, v.events
}
