package notify

import (
	"fmt"
	"slices"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/store"
)

// A Delivery is a message and how far it has come. What a Delivery refers to is shared with the
// events it came from: read it, do not change it.
type Delivery struct {
	Message  `json:"message"`
	Category CategoryID   `json:"category,omitempty"`
	State    State        `json:"state,omitzero"`
	Steps    []StepReport `json:"steps,omitempty"` // in the order of trying; before that, a quote
	Wake     time.Time    `json:"wake,omitzero"`   // when something is due; zero: nothing is
	Seq      int64        `json:"seq"`             // events so far
}

// A StepReport tells of one step: why it was skipped, or what became of it. Until the step is
// tried it is a quote: Segments, Amount and Skipped as they would be now.
type StepReport struct {
	Channel  ChannelID `json:"channel"`
	Until    Level     `json:"until"` // what counts as reached
	Level    Level     `json:"level,omitzero"`
	Failed   Failure   `json:"failed,omitzero"`
	Forced   bool      `json:"forced,omitempty"`  // put in by hand
	Settled  bool      `json:"settled,omitempty"` // the step came to the level at which its channel charges
	Skipped  *Reason   `json:"skipped,omitempty"`
	Code     string    `json:"code,omitempty"`     // the provider's, of Failed
	External string    `json:"external,omitempty"` // the provider's ID of the message

	Tries     int       `json:"tries,omitempty"`
	Sent      time.Time `json:"sent,omitzero"`      // the last try; zero: never tried
	Ends      time.Time `json:"ends,omitzero"`      // when the next step's turn comes
	Delivered time.Time `json:"delivered,omitzero"` // the earliest receipt that says so
	Read      time.Time `json:"read,omitzero"`      // likewise

	Segments int             `json:"segments,omitempty"` // SMS parts; 0 where the price is not per part
	Amount   decimal.Decimal `json:"amount,omitzero"`    // the price of this step: owed once Settled
	Currency string          `json:"currency,omitempty"` // ISO 4217; empty if the channel costs nothing
}

// Unknown reports whether the step was tried and nothing was heard of it.
func (s *StepReport) Unknown() bool {
	return !s.Sent.IsZero() && s.Level == LevelUnknown && s.Failed == FailureNone
}

// over reports whether the step is known to have failed for good.
func (s *StepReport) over() bool { return s.Failed > FailureBusy && s.Level < LevelDelivered }

// tried is the index of the last step that was tried; -1 if none was.
func (d *Delivery) tried() int {
	for k := len(d.Steps) - 1; k >= 0; k-- {
		if !d.Steps[k].Sent.IsZero() {
			return k
		}
	}
	return -1
}

// inFlight is the step that was sent and not answered; nil if there is none.
func (d *Delivery) inFlight() *StepReport {
	if k := d.tried(); k >= 0 && d.Steps[k].Unknown() {
		return &d.Steps[k]
	}
	return nil
}

// level is the highest level of any step.
func (d *Delivery) level() Level {
	l := LevelUnknown
	for i := range d.Steps {
		l = max(l, d.Steps[i].Level)
	}
	return l
}

func (d *Delivery) key() store.Key { return deliveryKey(d.ID) }

// An EventKind says what happened.
type EventKind string

const (
	EventStarted       EventKind = "started"        // the message was taken
	EventReplaced      EventKind = "replaced"       // its content changed before it was sent
	EventDeferred      EventKind = "deferred"       // it waits: quiet hours, another revision in flight, a rate
	EventSkipped       EventKind = "skipped"        // Step was not possible
	EventSent          EventKind = "sent"           // Step was claimed and is being sent
	EventReceipt       EventKind = "receipt"        // Receipt changed Step
	EventReached       EventKind = "reached"        // Step came as far as it had to
	EventUnread        EventKind = "unread"         // delivered, and unread for too long: for a manager
	EventUnreadCleared EventKind = "unread_cleared" // read after all
	EventDead          EventKind = "dead"           // a dead letter
	EventCancelled     EventKind = "cancelled"
	EventSuperseded    EventKind = "superseded"
	EventForced        EventKind = "forced" // Step was put in by hand
	EventAlert         EventKind = "alert"  // the provider of Step's channel does not serve us
	EventLearned       EventKind = "learned"
)

// An Event is a change of a delivery or of an address, and who made it and why.
type Event struct {
	Key     store.Key `json:"key"` // kind "delivery" or "address"
	Seq     int64     `json:"seq"` // of this key, from 1
	At      time.Time `json:"at"`
	Kind    EventKind `json:"kind"`
	By      string    `json:"by,omitempty"`
	Why     string    `json:"why,omitempty"`
	Command MessageID `json:"command,omitempty"` // the message of a delivery's event

	Step     int          `json:"step,omitempty"`
	Receipt  *Receipt     `json:"receipt,omitempty"`
	Message  *Message     `json:"message,omitempty"`  // as it is from here on
	Fact     *Fact        `json:"fact,omitempty"`     // of an address's event
	Category CategoryID   `json:"category,omitempty"` // with Message
	Steps    []StepReport `json:"steps,omitempty"`    // the reports from Step on, as they became
	State    State        `json:"state,omitzero"`     // what the delivery became
	Wake     time.Time    `json:"wake,omitzero"`
}

// Replay returns the delivery that its events, from the first on and in order, tell of.
func Replay(events []Event) (Delivery, error) {
	var d Delivery
	for i, e := range events {
		switch {
		case e.Seq != int64(i+1):
			return Delivery{}, &InvalidError{Field: fmt.Sprintf("events[%d].seq", i), Value: fmt.Sprint(e.Seq), Why: fmt.Sprintf("want %d", i+1)}
		case i > 0 && e.Key != events[0].Key:
			return Delivery{}, &InvalidError{Field: fmt.Sprintf("events[%d].key", i), Value: e.Key.String(), Why: "of another delivery"}
		case i == 0 && e.Message == nil:
			return Delivery{}, &InvalidError{Field: "events[0].message", Why: "missing"}
		case e.Step < 0 || e.Step > len(d.Steps):
			return Delivery{}, &InvalidError{Field: fmt.Sprintf("events[%d].step", i), Value: fmt.Sprint(e.Step), Why: "there is no such step"}
		}
		if e.Message != nil {
			d.Message, d.Category = *e.Message, e.Category
		}
		if e.Kind == EventStarted || e.Kind == EventReplaced {
			d.Steps = nil
		}
		for k, s := range e.Steps {
			if e.Step+k < len(d.Steps) {
				d.Steps[e.Step+k] = s
			} else {
				d.Steps = append(d.Steps, s)
			}
		}
		d.State, d.Wake, d.Seq = e.State, e.Wake, e.Seq
	}
	d.Steps = slices.Clip(d.Steps)
	return d, nil
}

// A move is a delivery's next value, its events, and what is sent.
type move struct {
	d       Delivery
	now     time.Time
	by, why string
	events  []Event
	out     *Outgoing
}

// What outlives a move that may send is one allocation, with room for the steps of most plans.
type (
	sending struct {
		event [1]Event
		out   Outgoing
	}
	sendingFew struct {
		sending
		steps [3]StepReport
	}
	sendingMany struct {
		sending
		steps [8]StepReport
	}
)

// begin starts a move of d with steps of its own.
func begin(d Delivery, now time.Time) move {
	v := move{d: d, now: now}
	if len(d.Steps) <= len(sendingFew{}.steps) {
		r := &sendingFew{}
		v.events, v.out, v.d.Steps = r.event[:0], &r.out, append(r.steps[:0], d.Steps...)
	} else {
		r := &sendingMany{}
		v.events, v.out, v.d.Steps = r.event[:0], &r.out, append(r.steps[:0], d.Steps...)
	}
	return v
}

// event records what v.d has become, with n steps from step on.
func (v *move) event(kind EventKind, step, n int) *Event {
	v.d.Seq++
	v.events = append(v.events, Event{})
	ev := &v.events[len(v.events)-1]
	ev.Key, ev.Seq, ev.At, ev.Kind = v.d.key(), v.d.Seq, v.now, kind
	ev.By, ev.Why, ev.Command = v.by, v.why, v.d.ID
	ev.Step, ev.Steps, ev.State, ev.Wake = step, v.d.Steps[step:step+n:step+n], v.d.State, v.d.Wake
	return ev
}
