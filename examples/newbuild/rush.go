package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/voucher"
)

const (
	sellers   = 6
	firstRush = 101
	rushFlats = 12

	paidAtOnce = "paid at once"
)

// rush lets six sellers offer twelve flats at once, each to a buyer of his own for every flat. Who
// is first depends on the machine; that nobody is second does not.
func (o *office) rush(ctx context.Context) error {
	o.at(13, 10, 0)
	var wait sync.WaitGroup
	failed := make([]error, sellers)
	for seller := range sellers {
		wait.Go(func() { failed[seller] = o.offer(ctx, seller) })
	}
	wait.Wait()
	if err := errors.Join(failed...); err != nil {
		return err
	}
	if err := o.tick(ctx); err != nil {
		return err
	}

	// The feed, by itself: who had a flat while another had it?
	events, err := o.bookings(ctx)
	if err != nil {
		return err
	}
	has := make(map[string]string) // flat -> who has it
	double, held, sold := 0, 0, 0
	for _, e := range events {
		if e.Reservation == nil || e.Reservation.Claims[0].Unit != booking.UnitID(e.Key.ID) || !e.Reservation.Claims[0].Span.Forever() {
			continue
		}
		who := string(e.Reservation.ID)
		switch e.Kind {
		case booking.KindHeld, booking.KindConfirmed:
			if has[e.Key.ID] != "" && has[e.Key.ID] != who {
				double++
			}
			has[e.Key.ID] = who
		case booking.KindQueued, booking.KindExpired, booking.KindCancelled:
			if has[e.Key.ID] == who {
				has[e.Key.ID] = ""
			}
		}
		if n := o.numberOf(e.Key.ID); n >= firstRush {
			switch e.Kind {
			case booking.KindHeld:
				held++
			case booking.KindConfirmed:
				sold++
			}
		}
	}
	numbers, seen := 0, make(map[int64]bool)
	for v, err := range voucher.All(ctx, o.Voucher, voucher.Filter{Series: []voucher.SeriesID{voucher.SeriesID(o.house)}, Trip: voucher.Dates{First: o.today(), Last: o.today()}}) {
		if err != nil {
			return err
		}
		numbers++
		seen[v.Number.Seq()] = true
	}
	holes := 0
	for n := range numbers {
		if !seen[int64(n+1)] {
			holes++
		}
	}
	o.Say("within a minute %d buyers ask for %d flats: %d get one, %d are told no and keep their place as clients", "за минуту — запросов %d на %d квартир: согласий %d, отказов %d, и карточка с обращением осталась у каждого",
		sellers*rushFlats, rushFlats, sold, sellers*rushFlats-sold)
	o.Add("flats held or sold twice at once, by the feed", "квартир, забронированных или проданных дважды сразу, по ленте", double == 0, o.T("%d of %d attempts", "%d из %d попыток"), double, sellers*rushFlats)
	o.Add("flats held once and sold once in the rush", "квартир, забронированных и проданных по разу", held == rushFlats && sold == rushFlats, o.T("%d and %d of %d", "%d и %d из %d"), held, sold, rushFlats)
	o.Add("agreement numbers of the day: doubled or left out", "номера соглашений за день: двойные или пропущенные", holes == 0 && numbers == rushFlats, "%s", o.of(holes, numbers))
	return nil
}

// offer is one seller's morning.
func (o *office) offer(ctx context.Context, seller int) error {
	random := rand.New(rand.NewPCG(o.Seed, uint64(seller)))
	for _, i := range random.Perm(rushFlats) {
		p := person{"a buyer", "Покупатель", 1000 + 100*seller + i}
		buyer, err := o.client(ctx, fmt.Sprintf("rush-%d-%d", seller+1, firstRush+i), p, dedup.Source{Channel: "site"})
		if err != nil {
			return err
		}
		c := wish{client: buyer, flat: firstRush + i, ttl: 24 * time.Hour}
		_, _, err = o.hold(ctx, c)
		if errors.Is(err, booking.ErrTaken) {
			continue
		}
		if err != nil {
			return err
		}
		if _, err := o.sell(ctx, c, paidAtOnce); err != nil {
			return err
		}
	}
	return nil
}

// numberOf is the number of a flat of this house, 0 for any other unit.
func (o *office) numberOf(unit string) (n int) {
	if _, err := fmt.Sscanf(unit, o.house+"/flat-%d", &n); err != nil {
		return 0
	}
	return n
}
