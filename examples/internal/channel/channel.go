// Package channel keeps a unit's booking calendar and the listing sites that sell it equal: it turns
// what package ical found in a site's feed into commands of package booking.
package channel

import (
	"context"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/ical"
)

// A Feed is one channel's calendar for one unit.
type Feed struct {
	Unit   booking.UnitID
	Source string // the channel's name
	Policy ical.Policy
}

// Apply judges a poll by what was believed before, and books what changed. It returns what to believe
// next. Run it where desk.In(store) lives in a transaction, and save the state in the same one: then
// either both are done or the answer is asked for again.
func (f Feed) Apply(ctx context.Context, desk *booking.Desk, before ical.State, poll ical.Poll) (ical.Plan, ical.State, error) {
	plan, next := ical.Reconcile(before, poll, f.Policy)
	if err := f.yield(ctx, desk, &plan); err != nil {
		return plan, before, err
	}
	cmds, err := f.Commands(plan)
	if err != nil {
		return plan, before, err
	}
	if _, err := desk.Do(ctx, cmds...); err != nil {
		return plan, before, err
	}
	return plan, next, nil
}

// yield leaves alone what has ended on our side, by a manager's hand or by lapse: the channel cancels
// it to no effect, and a move of it is a doubt for a person to see, who may block the new nights.
func (f Feed) yield(ctx context.Context, desk *booking.Desk, plan *ical.Plan) error {
	ended := func(it ical.Item) (bool, error) {
		r, err := desk.Reservation(ctx, f.ref(it))
		return r.State.Ended(), err
	}
	var cancels []ical.Item
	for _, it := range plan.Cancel {
		over, err := ended(it)
		if err != nil {
			return err
		}
		if !over {
			cancels = append(cancels, it)
		}
	}
	var moves []ical.Moved
	for _, m := range plan.Move {
		over, err := ended(m.Now)
		if err != nil {
			return err
		}
		if over {
			plan.Doubt = append(plan.Doubt, ical.Doubt{Item: m.Now, Code: ical.DoubtEndedHere})
			continue
		}
		moves = append(moves, m)
	}
	plan.Cancel, plan.Move = cancels, moves
	return nil
}

// Commands returns a plan as commands for one Do: what goes first, then what moves, then what comes.
func (f Feed) Commands(plan ical.Plan) ([]booking.Command, error) {
	var cmds []booking.Command
	for _, it := range plan.Cancel {
		cmds = append(cmds, booking.Cancel{Ref: f.ref(it), By: f.Source})
	}
	for _, m := range plan.Move {
		span, err := span(m.Now)
		if err != nil {
			return nil, err
		}
		cmds = append(cmds, booking.Move{Ref: f.ref(m.Now), Claims: []booking.Claim{{Unit: f.Unit, Span: span}}, Wait: true, By: f.Source})
	}
	for _, it := range plan.Add {
		span, err := span(it)
		if err != nil {
			return nil, err
		}
		cmds = append(cmds, booking.Block{ID: f.ref(it).ID, Unit: f.Unit, Span: span, Source: f.Source, Wait: true, By: f.Source})
	}
	return cmds, nil
}

// ref names an item's reservation. Two channels may use one UID, so the channel is part of the name.
func (f Feed) ref(it ical.Item) booking.Ref {
	return booking.Ref{Unit: f.Unit, ID: booking.ReservationID(f.Source + "/" + it.Key)}
}

// span is an item's nights. Some channels close a flat until the end of the century: for a booking
// that is for ever.
func span(it ical.Item) (booking.Span, error) {
	const long = date.Date(20 * 365)
	if it.To-it.From > long {
		return booking.NightsFrom(it.From), nil
	}
	return booking.Nights(it.From, it.To)
}

// Busy is what a calendar has taken from a day on, as the other channels may know it. What waits is
// not there: it has no room.
func Busy(cal booking.Calendar, from date.Date) []ical.Busy {
	var busy []ical.Busy
	for _, r := range cal.Reservations {
		switch r.State {
		case booking.StateHeld, booking.StateConfirmed, booking.StateCheckedIn, booking.StateBlocked:
		default:
			continue
		}
		for _, c := range r.Claims {
			if first, last := c.Span.Dates(); c.Unit == cal.Unit.ID && last > from {
				busy = append(busy, ical.Busy{ID: string(r.ID), From: first, To: last, Rev: int(r.Rev), Source: r.Source})
			}
		}
	}
	return busy
}
