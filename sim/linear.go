package main

import (
	"errors"
	"fmt"
	"maps"
	"math"
	"reflect"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/tenure-go/tenure/booking"
)

// maxHistory is how many operations one check takes: beyond, the search may take for ever.
const maxHistory = 60

// linearizable says whether there is an order of the operations of one set of units, in which each
// follows those that ended before it began, that explains every answer.
func linearizable(units []booking.Unit, history []*op) error {
	var ops []porcupine.Operation
	for _, o := range history {
		if o.answer == answerUnknown && o.applied == nil {
			continue // nothing happened and nothing was said
		}
		p := porcupine.Operation{ClientId: o.client, Input: o, Output: o, Call: 2 * o.call, Return: 2*o.ret + 1}
		if o.answer == answerUnknown {
			p.Return = math.MaxInt64 / 2
		}
		ops = append(ops, p)
		if len(ops) == maxHistory {
			break
		}
	}
	m := model(units)
	if porcupine.CheckOperationsTimeout(m, ops, 20*time.Second) != porcupine.Illegal {
		return nil
	}
	var lines string
	slices.SortFunc(ops, func(a, b porcupine.Operation) int { return int(a.Call - b.Call) })
	for _, p := range ops {
		o := p.Input.(*op)
		lines += fmt.Sprintf("\n  %4d-%-4d %s %v: %s", p.Call, min(p.Return, 9999), o.id, o.on, o.text())
	}
	return violation("linearizable", "no order explains these %d operations on %s, %s:%s", len(ops), units[0].ID, units[1].ID, lines)
}

// A naive state: what every reservation is, by ID.
type state map[booking.ReservationID]stay

type stay struct {
	claims   []booking.Claim // unit, span, count
	state    booking.State
	since    time.Time
	deadline time.Time
}

func (s stay) live(at time.Time) bool {
	return s.state == booking.StateConfirmed || s.state == booking.StateHeld && s.deadline.After(at)
}

// model is the sequential specification: no queue, no clock of its own. An op that took effect
// says when, by its event; a refusal must be right at the earliest moment that it may have been
// decided at if it is for lack of room, at the latest if it is for a deadline.
func model(units []booking.Unit) porcupine.Model {
	return porcupine.Model{
		Init:  func() any { return state{} },
		Step:  func(s, in, _ any) (bool, any) { return step(units, s.(state), in.(*op)) },
		Equal: func(a, b any) bool { return reflect.DeepEqual(a, b) },
	}
}

func step(units []booking.Unit, s state, o *op) (bool, state) {
	had, exists := s[o.on.ID]
	late := o.hi.Add(maxAhead)
	if o.verb == "calendar" {
		return o.answer == answerRefused && errors.Is(o.err, booking.ErrClock) || saw(s, o.cals), s
	}
	if o.applied == nil {
		if o.answer == answerRefused && errors.Is(o.err, booking.ErrClock) {
			return true, s
		}
		ok := false
		switch {
		case o.answer == answerReplayed && o.verb == "hold":
			ok = exists
		case o.answer == answerReplayed && o.verb == "confirm":
			ok = exists && had.state == booking.StateConfirmed
		case o.answer == answerReplayed && o.verb == "cancel":
			ok = exists && had.state == booking.StateCancelled
		case o.answer == answerReplayed && o.verb == "extend":
			ok = exists && had.live(o.lo)
		case o.answer == answerReplayed && o.verb == "move":
			ok = exists && sameClaims(had.claims, o.on.spans)
		case o.verb == "hold":
			ok = !exists && !fits(units, s, "", o.on.spans, o.lo)
		case o.verb == "confirm":
			ok = !exists || had.state != booking.StateHeld && had.state != booking.StateConfirmed || !had.live(late)
		case o.verb == "cancel":
			ok = !exists || !had.live(late)
		case o.verb == "extend":
			ok = !exists || had.state != booking.StateHeld || !had.live(late) || late.Add(o.ttl).Sub(had.since) > maxHold
		case o.verb == "move":
			ok = !exists || !had.live(late) || !fits(units, s, o.on.ID, o.on.spans, o.lo)
		}
		return ok, s
	}
	// A command that took effect may be refused when it is repeated, if others went on from there.
	at, after := o.applied.At, *o.applied.Reservation
	if at.Before(o.lo) {
		return false, s
	}
	next := maps.Clone(s)
	switch o.verb {
	case "hold":
		if exists || !fits(units, s, "", o.on.spans, at) || !after.Deadline.Equal(at.Add(o.ttl)) {
			return false, s
		}
		had = stay{claims: o.on.spans, state: booking.StateHeld, since: at, deadline: after.Deadline}
	case "confirm":
		if had.state != booking.StateHeld || !had.live(at) {
			return false, s
		}
		had.state = booking.StateConfirmed
	case "cancel":
		if !had.live(at) {
			return false, s
		}
		had.state = booking.StateCancelled
	case "extend":
		if had.state != booking.StateHeld || !had.live(at) || after.Deadline.Before(had.deadline) || after.Deadline.Sub(had.since) > maxHold {
			return false, s
		}
		had.deadline = after.Deadline
	case "move":
		if !had.live(at) || !fits(units, s, o.on.ID, o.on.spans, at) {
			return false, s
		}
		had.claims = o.on.spans
	}
	next[o.on.ID] = had
	return true, next
}

const (
	maxHold  = 2 * time.Hour
	maxAhead = 2 * time.Hour // a calendar's clock may be ahead of a desk's
)

// fits counts night by night whether claims find room beside all but one reservation.
func fits(units []booking.Unit, s state, but booking.ReservationID, claims []booking.Claim, at time.Time) bool {
	for _, u := range units {
		for night := -2; night < horizon+8; night++ {
			asked := count(u, claims, night)
			if asked == 0 {
				continue
			}
			taken := 0
			for id, other := range s {
				if id != but && other.live(at) {
					taken += count(u, other.claims, night)
				}
			}
			if asked+taken > max(u.Capacity, 1) {
				return false
			}
		}
	}
	return true
}

// count is how many places of the unit claims take in a night; cleaning takes them on.
func count(u booking.Unit, claims []booking.Claim, night int) (n int) {
	for _, c := range claims {
		if c.Unit != u.ID {
			continue
		}
		for cleaned := range u.Turnover.Nights + 1 {
			if c.Span.Overlaps(nights(night-cleaned, night-cleaned+1)) {
				n += max(c.Count, 1)
				break
			}
		}
	}
	return n
}

// saw says whether calendars show what is there at their own clocks.
func saw(s state, cals []booking.Calendar) bool {
	for _, c := range cals {
		shown := make(map[booking.ReservationID]bool)
		for _, r := range c.Reservations {
			if on(r, c.Unit.ID) && blocks(r, c.Clock) {
				shown[r.ID] = true
			}
		}
		there := make(map[booking.ReservationID]bool)
		for id, other := range s {
			if other.live(c.Clock) && slices.ContainsFunc(other.claims, func(claim booking.Claim) bool { return claim.Unit == c.Unit.ID }) {
				there[id] = true
			}
		}
		if !maps.Equal(shown, there) {
			return false
		}
	}
	return true
}

func sameClaims(a, b []booking.Claim) bool {
	key := func(c booking.Claim) string { return fmt.Sprint(c.Unit, c.Span, max(c.Count, 1)) }
	x, y := make(map[string]int), make(map[string]int)
	for _, c := range a {
		x[key(c)]++
	}
	for _, c := range b {
		y[key(c)]++
	}
	return maps.Equal(x, y)
}
