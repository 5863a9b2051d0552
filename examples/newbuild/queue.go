package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/tenure-go/tenure/booking"
)

// queue lets a deposit beat a telephone call, and a hold that lapses pass the flat on.
func (o *office) queue(ctx context.Context) error {
	start := o.at(6, 10, 0)
	flat := o.flat(7)
	span := booking.NightsFrom(o.today())
	looks, differ := 0, 0
	show := func() error {
		n, bad, err := o.channels(ctx)
		looks, differ = looks+n, differ+bad
		return err
	}
	for i, ask := range []struct {
		booking.Hold
		en, ru string
	}{
		{booking.Hold{ID: "call", Holder: "call"}, "a caller holds it for half an hour", "позвонивший держит её полчаса"},
		{booking.Hold{ID: "form", Holder: "form", Policy: booking.PolicyQueue}, "who wrote by form joins the queue", "написавший с сайта встаёт в очередь"},
		{booking.Hold{ID: "deposit", Holder: "deposit", Policy: booking.PolicyPreempt, Priority: 5}, "a deposit goes before the call", "задаток важнее звонка"},
	} {
		o.Clock.Set(start.Add(time.Duration(i) * time.Minute))
		ask.Unit, ask.Span, ask.By = flat, span, "irina"
		if _, err := o.flats.Hold(ctx, ask.Hold); err != nil && !ended(err) {
			return err
		}
		o.Say("  %s, flat 7: %s", "  %s, квартира 7: %s", o.when(o.Clock.Now()), o.T(ask.en, ask.ru))
	}
	if err := show(); err != nil {
		return err
	}
	for i, said := range [][2]string{
		{"the deposit never came: the flat is the caller's again", "задаток не пришёл: квартира снова за позвонившим"},
		{"nor did the caller: now it is offered to who wrote by form", "не пришёл и он: теперь она предложена написавшему"},
	} {
		o.Clock.Set(start.Add(time.Duration(33*(i+1)) * time.Minute))
		if err := show(); err != nil { // its tick records who moved up, and tells the sites
			return err
		}
		o.Say("  %s, flat 7: %s", "  %s, квартира 7: %s", o.when(o.Clock.Now()), o.T(said[0], said[1]))
	}
	o.Clock.Advance(5 * time.Minute)
	if _, err := o.flats.Confirm(ctx, booking.Confirm{Ref: booking.Ref{Unit: flat, ID: "form"}, By: "irina", Why: "paid"}); err != nil {
		return err
	}
	if err := show(); err != nil {
		return err
	}
	o.Say("  %s, flat 7: paid and sold", "  %s, квартира 7: оплачена и продана", o.when(o.Clock.Now()))
	_, err := o.flats.Confirm(ctx, booking.Confirm{Ref: booking.Ref{Unit: flat, ID: "deposit"}, By: "irina"})
	if err == nil {
		return fmt.Errorf("a hold that lapsed was confirmed")
	}

	events, err := o.bookings(ctx)
	if err != nil {
		return err
	}
	var story []string
	for _, e := range events {
		if e.Reservation != nil && e.Key.ID == string(flat) {
			story = append(story, string(e.Reservation.ID)+" "+string(e.Kind))
		}
	}
	want := "call held, form queued, call queued, deposit held, deposit expired, call held, call expired, form held, form confirmed"
	o.Add("preempted, lapsed, promoted, sold, by the feed", "вытеснен, истёк, продвинут, продан, по ленте", strings.Join(story, ", ") == want, "%s", o.of(len(story), strings.Count(want, ",")+1))
	o.Add("flats shown otherwise than in the office, at any of five moments", "квартир, показанных иначе, чем в офисе, за пять моментов", differ == 0 && looks > 0, "%s", o.of(differ, looks))
	return nil
}
