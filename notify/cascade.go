package notify

import (
	"hash/fnv"
	"slices"
	"strconv"
	"time"

	"github.com/shopspring/decimal"
)

// Start takes a message: which steps it will go by, in which order, at what cost, and which are
// not possible as far as is known. Nothing is sent. A message that no step can carry is a dead
// letter at once.
func (e *Engine) Start(m Message, known []Fact, now time.Time) (Delivery, []Event, error) {
	m = m.normal()
	if _, err := e.accept(m); err != nil {
		return Delivery{}, nil, err
	}
	d, events := e.lay(Delivery{}, m, EventStarted, known, instant(now))
	return d, events, nil
}

// lay gives d its content and the steps of its plan. None of d's own steps was tried.
func (e *Engine) lay(d Delivery, content Message, kind EventKind, facts []Fact, now time.Time) (Delivery, []Event) {
	tpl := e.templates[content.Template]
	v := begin(Delivery{Message: content, Category: tpl.Category, Seq: d.Seq}, now)
	v.by, v.why = content.By, content.Why
	for _, s := range tpl.plan.steps {
		v.d.Steps = append(v.d.Steps, StepReport{Channel: s.Channel, Until: s.Until})
	}
	m := e.moment(&v.d, facts, now)
	usable, lasting := 0, true
	for k := range v.d.Steps {
		q := e.weigh(&m, &v.d, k, time.Time{})
		q.compose(&v.d, k, v.out)
		v.d.Steps[k].quoted(&q)
		if q.reason.Code == "" {
			usable++
			continue
		}
		lasting = lasting && q.lasting
	}
	if tpl.plan.Cheapest {
		e.order(&m, &v.d, 0)
	}
	v.d.Wake = m.at
	start := v.event(kind, 0, len(v.d.Steps))
	start.Message, start.Category = &content, tpl.Category
	if usable == 0 && (lasting || !m.at.After(now)) {
		v.d.State, v.d.Wake = StateDead, time.Time{}
		v.event(EventDead, 0, 0)
	}
	return v.d, v.events
}

// order sorts the steps from first on: what was put in by hand, then by price; ties as they stand.
// What is not usable keeps its place by price, so that it is passed over where it would have been.
// Quotes are brought up to date.
func (e *Engine) order(m *moment, d *Delivery, first int) {
	for k := first; k < len(d.Steps); k++ {
		q := e.weigh(m, d, k, time.Time{})
		d.Steps[k].quoted(&q)
		for i := k; i > first && before(&d.Steps[i], &d.Steps[i-1]); i-- {
			d.Steps[i], d.Steps[i-1] = d.Steps[i-1], d.Steps[i]
		}
	}
}

func before(a, b *StepReport) bool {
	if a.Forced != b.Forced {
		return a.Forced
	}
	return !a.Forced && cheaper(a.Amount, b.Amount)
}

// cheaper compares without the allocation that a comparison with a bare zero takes.
func cheaper(a, b decimal.Decimal) bool {
	if a.Sign() == 0 || b.Sign() == 0 {
		return a.Sign() < b.Sign()
	}
	return a.LessThan(b)
}

// Advance moves d on as far as it goes at now, by what is known of its recipient's addresses.
// If it returns an Outgoing, that step counts as sent from here on: commit the Delivery first,
// then send, then commit what Receive makes of the answer. An Outgoing that is never answered has
// an unknown outcome.
func (e *Engine) Advance(d Delivery, known []Fact, now time.Time) (Delivery, *Outgoing, []Event) {
	now = instant(now)
	if d.Wake.IsZero() || now.Before(d.Wake) {
		return d, nil, nil
	}
	v := begin(d, now)
	if d.State != StatePending {
		v.d.State, v.d.Wake = StateUnread, time.Time{}
		v.event(EventUnread, max(d.tried(), 0), 0)
		return v.d, nil, v.events
	}
	tried := d.tried()
	next := tried + 1
	if tried >= 0 {
		s := &v.d.Steps[tried]
		switch {
		case s.over(), !now.Before(s.Ends), next < len(v.d.Steps) && v.d.Steps[next].Forced:
		case s.Failed == FailureBusy, s.Unknown() && e.idempotent(s.Channel):
			next = tried
		default:
			v.d.Wake = s.Ends
			v.event(EventDeferred, tried, 0)
			return v.d, nil, v.events
		}
	}
	m := e.moment(&v.d, known, now)
	if m.tpl != nil && m.tpl.plan.Cheapest && tried+2 < len(v.d.Steps) {
		e.order(&m, &v.d, tried+1)
	}
	for k := next; k < len(v.d.Steps); k++ {
		s := &v.d.Steps[k]
		q := e.weigh(&m, &v.d, k, s.Ends)
		q.compose(&v.d, k, v.out)
		switch {
		case q.reason.Code != "" && k == tried: // no further try: it stays as it was answered
		case q.reason.Code != "":
			s.quoted(&q)
			v.event(EventSkipped, k, len(v.d.Steps)-k)
		case m.at.After(now):
			v.d.Wake = m.at
			v.event(EventDeferred, k, len(v.d.Steps)-k)
			return v.d, nil, v.events
		default:
			e.claim(&v, k, &q)
			return v.d, v.out, v.events
		}
	}
	v.d.State, v.d.Wake = StateDead, time.Time{}
	kind := EventDead
	if v.d.level() >= LevelDelivered {
		v.d.State, kind = StateUnread, EventUnread
	}
	v.event(kind, max(tried, 0), 0)
	return v.d, nil, v.events
}

func (e *Engine) idempotent(id ChannelID) bool {
	ch := e.channels[id]
	return ch != nil && ch.Idempotent
}

// claim makes step k the one that is being sent.
func (e *Engine) claim(v *move, k int, q *verdict) {
	s := &v.d.Steps[k]
	if s.Ends.IsZero() {
		s.Ends = v.now.Add(q.within)
	}
	s.Failed, s.Code, s.External = FailureNone, "", ""
	s.quoted(q)
	s.Sent = v.now
	s.Tries++
	v.d.Wake = s.Ends
	if q.ch.Idempotent {
		v.d.Wake = earliest(s.Ends, v.now.Add(max(e.lease, unsettled(&v.d, q.ch))))
	}
	v.event(EventSent, k, len(v.d.Steps)-k)
}

// Receive joins a receipt to the step it is about. The same receipts in any order and any number
// make the same levels, costs and state. It returns no events if the receipt changes nothing:
// also when it is about another message, or a step that was never sent.
func (e *Engine) Receive(d Delivery, r Receipt, now time.Time) (Delivery, []Event) {
	now = instant(now)
	k := d.find(r)
	if k < 0 || d.Steps[k].Sent.IsZero() {
		return d, nil
	}
	s := d.Steps[k]
	charge := LevelAccepted
	if ch := e.channels[s.Channel]; ch != nil {
		charge = ch.Charge
	}
	s.join(r, charge, now)
	state, wake, kind := e.react(&d, k, &s, &r, now)
	if s == d.Steps[k] && state == d.State && wake.Equal(d.Wake) {
		return d, nil
	}
	heard := &struct {
		events  [2]Event
		receipt Receipt
	}{receipt: r}
	v := move{d: d, now: now, events: heard.events[:0]}
	v.d.Steps = slices.Clone(d.Steps)
	v.d.Steps[k], v.d.State, v.d.Wake = s, state, wake
	v.event(EventReceipt, k, 1).Receipt = &heard.receipt
	if kind != "" {
		v.event(kind, k, 0)
	}
	if s.Failed == FailureDenied && d.Steps[k].Failed != FailureDenied {
		v.event(EventAlert, k, 0).Why = r.Code
	}
	return v.d, v.events
}

// find is the step a receipt is about, -1 if none: by the provider's ID, else by ID and Step, else
// the last that was tried on the channel.
func (d *Delivery) find(r Receipt) int {
	if r.ID != "" && r.ID != d.ID {
		return -1
	}
	last := -1
	for k := range d.Steps {
		s := &d.Steps[k]
		if r.Channel != "" && s.Channel != r.Channel || s.Sent.IsZero() {
			continue
		}
		if r.External != "" && s.External == r.External {
			return k
		}
		last = k
	}
	if r.ID == "" {
		return last
	}
	if r.Step < 0 || r.Step >= len(d.Steps) || r.Channel != "" && d.Steps[r.Step].Channel != r.Channel {
		return -1
	}
	return r.Step
}

// join adds what r says to s. Every field goes one way only, so the order does not matter.
func (s *StepReport) join(r Receipt, charge Level, now time.Time) {
	at := now
	if !r.At.IsZero() {
		at = earliest(now, latest(instant(r.At), s.Sent))
	}
	first := func(had time.Time) time.Time {
		if had.IsZero() {
			return at
		}
		return earliest(had, at)
	}
	s.Level = max(s.Level, r.Level)
	if r.Level >= LevelDelivered {
		s.Delivered = first(s.Delivered)
	}
	if r.Level >= LevelRead {
		s.Read = first(s.Read)
	}
	if s.External == "" {
		s.External = r.External
	}
	switch {
	case r.Failed > s.Failed && (r.Failed != FailureBusy || s.Level == LevelUnknown):
		s.Failed, s.Code = r.Failed, r.Code
	case r.Failed == s.Failed && r.Code > s.Code && s.Level < LevelDelivered:
		s.Code = r.Code
	}
	if s.Level >= LevelDelivered || s.Failed == FailureBusy && s.Level > LevelUnknown {
		s.Failed, s.Code = FailureNone, ""
	}
	s.Settled = s.Level >= charge
}

// react is what becomes of d when its step k has become s: its state, what is due next, and the
// event to tell.
func (e *Engine) react(d *Delivery, k int, s *StepReport, r *Receipt, now time.Time) (State, time.Time, EventKind) {
	switch reached := s.Level >= s.Until; {
	case d.State.ended():
		return d.State, d.Wake, ""
	case d.State == StateUnread && s.Level >= LevelRead:
		return StateReached, time.Time{}, EventUnreadCleared
	case d.State == StateUnread:
		return d.State, d.Wake, ""
	case d.State == StateReached:
		return d.State, e.alertAt(d, k, s), ""
	case reached:
		return StateReached, e.alertAt(d, k, s), EventReached
	case d.State == StateDead && s.Level >= LevelDelivered:
		return StateUnread, time.Time{}, EventUnread
	case d.State == StateDead, k != d.tried():
		return d.State, d.Wake, ""
	case s.over():
		return d.State, now, ""
	case s.Failed == FailureBusy && d.Steps[k].Failed != FailureBusy:
		return d.State, earliest(s.Ends, now.Add(backoff(d.ID, k, s.Tries, r.RetryAfter))), ""
	case s.Unknown() && r.Level == LevelUnknown && r.Failed == FailureNone && e.idempotent(s.Channel):
		again := now.Add(backoff(d.ID, k, s.Tries, r.RetryAfter))
		return d.State, earliest(s.Ends, latest(again, s.Sent.Add(unsettled(d, e.channels[s.Channel])))), ""
	case s.Level > d.Steps[k].Level && !(k+1 < len(d.Steps) && d.Steps[k+1].Forced):
		return d.State, s.Ends, ""
	}
	return d.State, d.Wake, ""
}

// unsettled is how long after a try that was not answered the same step must not be tried again.
// In a thread the first try may act late: a second one, answered at once, would let the next
// revision go, and the first would then undo it.
func unsettled(d *Delivery, ch *channel) time.Duration {
	if d.Thread == "" {
		return 0
	}
	return ch.Settle
}

// alertAt is when a delivered message becomes one that nobody reads; zero: it was read, or nobody
// is to be told. Step k of d is now s.
func (e *Engine) alertAt(d *Delivery, k int, s *StepReport) time.Time {
	var at time.Time
	tpl := e.templates[d.Template]
	for i := range d.Steps {
		step := &d.Steps[i]
		if i == k {
			step = s
		}
		if step.Level >= LevelRead {
			return time.Time{}
		}
		alert := tpl.alert(step.Channel)
		if step.Level < LevelDelivered || alert == 0 {
			continue
		}
		if due := step.Delivered.Add(alert); at.IsZero() || due.Before(at) {
			at = due
		}
	}
	return at
}

// alert is how long a message delivered on a channel may stay unread; 0: for ever.
func (t *template) alert(id ChannelID) time.Duration {
	if t != nil {
		for i := range t.plan.steps {
			if t.plan.steps[i].Channel == id {
				return t.plan.steps[i].UnreadAlert
			}
		}
	}
	return 0
}

// Backoff after a busy answer without a RetryAfter.
const (
	backoffFirst = 15 * time.Second
	backoffMost  = 15 * time.Minute
)

// backoff is how long to wait after the given number of tries. The jitter comes from the ID, so
// that a decision repeated is the same, while a thousand messages spread out.
func backoff(id MessageID, step, tries int, after time.Duration) time.Duration {
	h := fnv.New32a()
	_, _ = h.Write([]byte(id))
	_, _ = h.Write([]byte(strconv.Itoa(step) + "." + strconv.Itoa(tries)))
	share := time.Duration(h.Sum32() % 1000)
	if after > 0 {
		return after + min(after, backoffMost)/4*share/1000
	}
	wait := min(backoffFirst<<min(max(tries-1, 0), 10), backoffMost)
	return wait/2 + wait/2*share/1000
}
