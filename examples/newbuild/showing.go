package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/notify"
)

// travel is how long Irina needs from one showing to the next.
const travel = 30 * time.Minute

// showings offers the hours at which both the flat and the manager are free, and books one for both.
func (o *office) showings(ctx context.Context) error {
	now := o.at(4, 12, 0)
	flat, manager := o.unit("show-flat"), o.unit("irina")
	type visit struct {
		at    time.Time
		units []booking.UnitID
	}
	at := func(day, hour int) time.Time { return time.Date(2026, time.March, day, hour-3, 0, 0, 0, time.UTC) }
	booked := []visit{
		{at(5, 10), []booking.UnitID{manager}}, {at(5, 13), []booking.UnitID{flat}},
		{at(5, 15), []booking.UnitID{manager, flat}}, {at(6, 11), []booking.UnitID{manager}},
	}
	for i, v := range booked {
		if err := o.visit(ctx, fmt.Sprint("visit-", i), "", v.at, v.units...); err != nil {
			return err
		}
	}
	first := date.New(2026, time.March, 5)
	open, err := booking.Daily(first, first+1, clock.New(10, 0, 0, 0), clock.New(18, 0, 0, 0), zone)
	if err != nil {
		return err
	}
	window, err := booking.Between(at(5, 0), at(7, 0))
	if err != nil {
		return err
	}
	slots := func() ([]booking.Span, error) {
		cals, err := o.flats.Calendar(ctx, window, flat, manager)
		return booking.Slots(open, time.Hour, time.Hour/2, cals...), err
	}
	before, err := slots()
	if err != nil {
		return err
	}
	var wanted time.Time
	if known, err := o.flats.Reservation(ctx, booking.Ref{Unit: flat, ID: "visit-orlova"}); err == nil { // of a run that was killed
		wanted, _ = known.Claims[0].Span.Times()
	} else if len(before) > 0 {
		wanted, _ = before[0].Times()
	}
	if err := o.visit(ctx, "visit-orlova", "orlova", wanted, flat, manager); err != nil {
		return err
	}
	booked = append(booked, visit{wanted, []booking.UnitID{manager, flat}})
	o.Say("%d hours are free for both the flat and Irina; Orlova takes the first, %s", "и квартира, и Ирина свободны: %d вариантов; Орлова берёт первый, %s", len(before), o.when(wanted))
	err = o.visit(ctx, "visit-belov", "belov", wanted, manager)
	taken, ok := errors.AsType[*booking.TakenError](err)
	if !ok {
		return fmt.Errorf("a manager would be in two places: %w", err)
	}
	next, _ := taken.Next.Times()
	o.Say("Belov wants the same hour: Irina is with Orlova then, and free next at %s", "Белов хочет тот же час: Ирина тогда с Орловой, а свободна с %s", o.when(next))

	orlova := o.orlova()
	if _, err := o.letters.Post(ctx, notify.Occasion{
		ID: o.id("visit-orlova"), Kind: "viewing", Made: now, Start: wanted, To: o.to(orlova, ""),
		Vars: map[string]string{"name": orlova.Ru, "when": wanted.Add(3 * time.Hour).Format("02.01 15:04"), "place": "«Северный парк», корпус 2", "manager": "Ирина", "phone": "+7 999 000-00-01"},
	}); err != nil {
		return err
	}
	if err := o.tick(ctx); err != nil {
		return err
	}

	// The same by plain clock arithmetic over what was booked, and the clashes by the feed.
	after, err := slots()
	if err != nil {
		return err
	}
	free, same := 0, 0
	for _, day := range []int{5, 6} {
		for t := at(day, 10); !t.Add(time.Hour).After(at(day, 18)); t = t.Add(time.Hour / 2) {
			if slices.ContainsFunc(booked, func(v visit) bool {
				gap := time.Duration(0)
				if slices.Contains(v.units, manager) {
					gap = travel
				}
				return t.Before(v.at.Add(time.Hour+gap)) && v.at.Before(t.Add(time.Hour+gap))
			}) {
				continue
			}
			free++
			if slices.ContainsFunc(after, func(s booking.Span) bool { from, _ := s.Times(); return from.Equal(t) }) {
				same++
			}
		}
	}
	events, err := o.bookings(ctx)
	if err != nil {
		return err
	}
	clashes, told := 0, make(map[string][]time.Time)
	for _, e := range events {
		if e.Kind != booking.KindConfirmed || e.Key.ID != string(flat) && e.Key.ID != string(manager) {
			continue
		}
		from, _ := e.Reservation.Claims[0].Span.Times()
		if slices.ContainsFunc(told[e.Key.ID], func(t time.Time) bool { return t.Sub(from).Abs() < time.Hour }) {
			clashes++
		}
		told[e.Key.ID] = append(told[e.Key.ID], from)
	}
	o.Add("hours left for showings, by plain arithmetic", "часы, оставшиеся для показов, по простой арифметике", same == free && same == len(after), "%s", o.of(same, free))
	o.Add("showings that clash", "показов, которые накладываются", clashes == 0, "%s", o.of(clashes, len(told[string(flat)])+len(told[string(manager)])))
	return nil
}

// visit books an hour of all the units, or of none.
func (o *office) visit(ctx context.Context, id, holder string, at time.Time, units ...booking.UnitID) error {
	span, err := booking.Between(at, at.Add(time.Hour))
	if err != nil {
		return err
	}
	hold := booking.Hold{ID: booking.ReservationID(id), Unit: units[0], Span: span, Holder: holder, By: "irina"}
	for _, u := range units[1:] {
		hold.And = append(hold.And, booking.Claim{Unit: u, Span: span})
	}
	if _, err := o.flats.Do(ctx, hold, booking.Confirm{Ref: booking.Ref{Unit: hold.Unit, ID: hold.ID}, By: "irina"}); err != nil {
		return err
	}
	return o.Promise("showing %s %s", units[0], id)
}
