package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/tenure-go/tenure/booking"
)

// A target is a reservation that somebody asked for: commands may name it whether it came to be or
// not.
type target struct {
	booking.Ref
	spans []booking.Claim
}

type answer string

const (
	answerGranted  answer = "granted"
	answerReplayed answer = "replayed"
	answerRefused  answer = "refused"
	answerUnknown  answer = "unknown" // the last of several attempts failed, too
)

// An op is one wish of a client, repeated with the same ID until it is answered.
type op struct {
	id     string // By of its events
	client int
	set    int
	verb   string // hold, confirm, cancel, extend, move, calendar; others are not modelled
	cmd    booking.Command
	on     target
	ttl    time.Duration

	lo, hi    time.Time // what the clocks of its desks showed meanwhile
	desk      int
	call, ret int64 // steps

	answer answer
	err    error
	result booking.Result
	cals   []booking.Calendar

	applied *booking.Event // the event that it left, if it took effect
}

// A client is one goroutine at a desk.
type client struct {
	id    int
	world *world
	rng   *rand.Rand
	ops   []*op

	// guarded by world.mu:
	busy   *op
	cancel context.CancelCauseFunc
}

func newClient(w *world, id int, rng *rand.Rand) *client { return &client{id: id, world: w, rng: rng} }

// sees notes what a clock shows while an op is under way. The caller holds world.mu.
func (c *client) sees(desk int, t time.Time) {
	o := c.busy
	if o == nil || o.desk != desk {
		return
	}
	if o.lo.IsZero() || t.Before(o.lo) {
		o.lo = t
	}
	if t.After(o.hi) {
		o.hi = t
	}
}

var errGaveUp = errors.New("the caller gave up")

// giveUp ends the context of the attempt under way.
func (c *client) giveUp() bool {
	c.world.mu.Lock()
	defer c.world.mu.Unlock()
	if c.cancel == nil {
		return false
	}
	c.cancel(errGaveUp)
	return true
}

func (c *client) run(ctx context.Context) {
	ctx = context.WithValue(ctx, clientKey{}, c.id)
	for n := range opsPerClient {
		c.world.gate.stop(c.id, "begin")
		o := c.wish(n)
		c.ops = append(c.ops, o)
		for range 5 {
			c.attempt(ctx, o)
			if o.answer != answerUnknown || o.relative() {
				break
			}
			c.world.gate.stop(c.id, "repeat") // with the same ID, perhaps at another desk
		}
		c.world.mu.Lock()
		c.busy, o.ret = nil, c.world.step
		c.world.mu.Unlock()
		c.repeat(ctx, o)
	}
}

// repeat delivers a granted command once more, now and then: it must have no effect.
func (c *client) repeat(ctx context.Context, o *op) {
	if o.cmd == nil || o.answer != answerGranted && o.answer != answerReplayed || o.relative() || c.rng.IntN(6) > 0 {
		return
	}
	c.world.gate.stop(c.id, "deliver again")
	c.world.note("request delivered twice", "client %d: %s", c.id, o.id)
	again := *o
	c.attempt(ctx, &again)
	if o.verb == "hold" && o.answer == answerGranted && again.answer == answerGranted {
		c.world.rules.fail(violation("one reservation per request", "%s was granted again: %+v", o.id, again.result.Reservation))
	}
}

func (c *client) attempt(ctx context.Context, o *op) {
	w := c.world
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	w.mu.Lock()
	o.desk = c.id / clientsPerDesk
	if o.answer == answerUnknown && c.rng.IntN(3) == 0 {
		o.desk = c.rng.IntN(desks)
	}
	c.cancel = cancel
	if c.busy == o {
		c.sees(o.desk, w.clocks[o.desk])
	}
	w.mu.Unlock()
	desk := w.desks[o.desk]
	var err error
	switch o.verb {
	case "calendar":
		units := make([]booking.UnitID, 0, 2)
		for _, u := range sets[o.set] {
			units = append(units, u.ID)
		}
		o.cals, err = desk.Calendar(ctx, nights(-2, horizon+4), units...)
	case "tick":
		_, err = desk.Tick(ctx, w.due, 3)
	default:
		o.result, err = desk.Do(ctx, o.cmd)
	}
	w.mu.Lock()
	c.cancel = nil
	w.mu.Unlock()
	o.err = err
	switch {
	case err == nil && o.result.Replayed:
		o.answer = answerReplayed
	case err == nil:
		o.answer = answerGranted
	case errors.Is(err, booking.ErrTaken), errors.Is(err, booking.ErrRefused), errors.Is(err, booking.ErrClock), errors.Is(err, booking.ErrUnknown):
		o.answer = answerRefused
	case errors.Is(err, booking.ErrMismatch), errors.Is(err, booking.ErrInvalid), errors.Is(err, booking.ErrStale):
		o.answer = answerRefused
		w.rules.fail(violation("one effect for one content", "%s: %v", o.id, err))
	default:
		o.answer = answerUnknown
	}
	w.note("", "client %d: %s %s", c.id, o.id, o.text())
}

// relative tells whether the command may have another effect when it is repeated after others had
// theirs: whoever repeats a Move or an Extend must name the revision that he saw.
func (o *op) relative() bool { return o.verb == "move" || o.verb == "extend" }

func (o *op) text() string {
	switch {
	case o.err != nil:
		return fmt.Sprintf("%s: %v", o.answer, o.err)
	case o.verb == "calendar":
		text := "saw"
		for _, c := range o.cals {
			text += fmt.Sprintf(" %s at %s:", c.Unit.ID, c.Clock.Format(time.TimeOnly))
			for _, r := range c.Reservations {
				text += fmt.Sprintf(" %s %s", r.ID, r.State)
			}
		}
		return text
	}
	return fmt.Sprintf("%s: %s %s until %s", o.answer, o.result.ID, o.result.State, o.result.Deadline.Format(time.TimeOnly))
}

// wish draws the next op.
func (c *client) wish(n int) *op {
	w := c.world
	o := &op{client: c.id, set: c.rng.IntN(len(sets)), call: 0}
	units := sets[o.set]
	claims := func() []booking.Claim {
		from := c.rng.IntN(horizon)
		span := nights(from, from+1+c.rng.IntN(3))
		u := c.rng.IntN(len(units))
		claims := []booking.Claim{{Unit: units[u].ID, Span: span, Count: 1 + c.rng.IntN(max(units[u].Capacity, 1))}}
		if c.rng.IntN(3) == 0 {
			claims = append(claims, booking.Claim{Unit: units[(u+1)%len(units)].ID, Span: span, Count: 1})
		}
		return claims
	}
	o.ttl = time.Duration(1+c.rng.IntN(20)) * time.Minute
	kinds := []string{"hold", "hold", "hold", "confirm", "confirm", "cancel", "cancel", "extend", "move", "calendar"}
	if o.set == wild {
		kinds = append(kinds, "hold", "block", "rehold", "tick")
	}
	o.verb = kinds[c.rng.IntN(len(kinds))]

	w.mu.Lock()
	defer w.mu.Unlock()
	if len(w.known[o.set]) > 0 {
		o.on = w.known[o.set][c.rng.IntN(len(w.known[o.set]))]
	} else if o.verb != "calendar" && o.verb != "tick" {
		o.verb = "hold"
	}
	o.id = fmt.Sprintf("%s-%d-%d", o.verb, c.id, n)
	if o.verb == "hold" || o.verb == "block" || o.verb == "rehold" {
		if o.verb != "rehold" {
			o.on.spans = claims()
		}
		ref := o.on.Ref
		o.on.Ref = booking.Ref{Unit: o.on.spans[0].Unit, ID: booking.ReservationID(o.id)}
		w.known[o.set] = append(w.known[o.set], o.on)
		first, and := o.on.spans[0], o.on.spans[1:]
		switch o.verb {
		case "hold":
			h := booking.Hold{ID: o.on.ID, Unit: first.Unit, Span: first.Span, Count: first.Count, And: and, Holder: o.id, TTL: o.ttl, By: o.id}
			if o.set == wild {
				h.Policy, h.Priority = booking.Policy(c.rng.IntN(3)), c.rng.IntN(3)
			}
			o.cmd = h
		case "block":
			o.cmd = booking.Block{ID: o.on.ID, Unit: first.Unit, Span: first.Span, Count: first.Count, And: and, Source: "owner", Wait: c.rng.IntN(2) == 0, By: o.id}
		case "rehold":
			o.cmd = booking.Rehold{ID: o.on.ID, Ref: ref, Policy: booking.Policy(c.rng.IntN(3)), By: o.id}
		}
	}
	switch o.verb {
	case "confirm":
		o.cmd = booking.Confirm{Ref: o.on.Ref, By: o.id}
	case "cancel":
		o.cmd = booking.Cancel{Ref: o.on.Ref, By: o.id}
	case "extend":
		o.cmd = booking.Extend{Ref: o.on.Ref, TTL: o.ttl, By: o.id}
	case "move":
		o.on.spans = claims()
		o.cmd = booking.Move{Ref: o.on.Ref, Claims: o.on.spans, By: o.id}
	}
	o.call, c.busy = w.step, o
	return o
}

// complete finds out by the events whether the op took effect, and holds its answer to that.
func (o *op) complete(events []booking.Event) error {
	for i, e := range events {
		if e.Reservation != nil && e.Reservation.ID == o.on.ID && e.Command == o.verb {
			o.applied = &events[i]
		}
	}
	if o.cmd != nil && o.answer == answerGranted && o.applied == nil && o.verb != "tick" {
		return violation("a granted command took effect", "%s was granted and left no event", o.id)
	}
	return nil
}
