package main

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"reflect"
	"sync"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
)

// A checker looks at the store behind everybody's back.
type checker struct {
	stage
	units []booking.Unit

	cursor   store.Cursor // it follows the feed all the time
	seq      map[booking.UnitID]int64
	folded   map[place]booking.Reservation
	made     map[place]int
	all      []booking.Event
	byAuthor map[string][]booking.Event

	followers [3]follower // these read when they please

	mu    sync.Mutex
	found error
}

type place struct {
	unit booking.UnitID
	id   booking.ReservationID
}

type follower struct {
	cursor store.Cursor
	seen   []booking.Event
}

func newChecker(s stage) *checker {
	k := &checker{stage: s, seq: make(map[booking.UnitID]int64), folded: make(map[place]booking.Reservation),
		made: make(map[place]int), byAuthor: make(map[string][]booking.Event)}
	for _, set := range sets {
		k.units = append(k.units, set...)
	}
	return k
}

// fail notes what a client found.
func (k *checker) fail(err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.found == nil {
		k.found = err
	}
}

// check holds the store to what must be true after every commit; now is the latest of all clocks.
func (k *checker) check(ctx context.Context, now time.Time) error {
	k.mu.Lock()
	found := k.found
	k.mu.Unlock()
	if found != nil {
		return found
	}
	if err := k.fold(ctx); err != nil {
		return err
	}
	q := booking.Query{Window: booking.NightsFrom(arrival - 30)}
	ids := make(map[booking.ReservationID]bool)
	for at := range k.folded {
		if !ids[at.id] {
			ids[at.id] = true
			q.IDs = append(q.IDs, at.id)
		}
	}
	for _, u := range k.units {
		q.Units = append(q.Units, u.ID)
	}
	cals, err := k.store.Load(ctx, q)
	if err != nil {
		return err
	}
	rows := make(map[place]booking.Reservation)
	for _, c := range cals {
		for _, r := range c.Reservations {
			rows[place{c.Unit.ID, r.ID}] = r
		}
	}
	for _, c := range cals {
		if err := noOverlap(c); err != nil {
			return err
		}
		if c.Seq != k.seq[c.Unit.ID] {
			return violation("fold(events) == state", "unit %s has had %d events, the feed %d", c.Unit.ID, c.Seq, k.seq[c.Unit.ID])
		}
		for _, r := range c.Reservations {
			if err := k.checkRow(c.Unit.ID, r, rows); err != nil {
				return err
			}
		}
	}
	for at, r := range k.folded {
		if _, ok := rows[at]; !ok {
			return violation("fold(events) == state", "%s on %s is in the feed, not in the store", r.ID, at.unit)
		}
	}
	return k.expired(ctx, now, q.Units)
}

func on(r booking.Reservation, u booking.UnitID) bool {
	for _, c := range r.Claims {
		if c.Unit == u {
			return true
		}
	}
	return false
}

// noOverlap counts, night by night, what blocks the unit by its own clock.
func noOverlap(c booking.Calendar) error {
	for night := -5; night < horizon+10; night++ {
		taken := 0
		var by []booking.ReservationID
		for _, r := range c.Reservations {
			if !blocks(r, c.Clock) {
				continue
			}
			for _, claim := range r.Claims {
				if claim.Unit == c.Unit.ID && claim.Busy.Overlaps(nights(night, night+1)) {
					taken += claim.Count
					by = append(by, r.ID)
				}
			}
		}
		if taken > c.Unit.Capacity {
			return violation("no overlap", "night %d of %s (capacity %d) is held %d times, by %v", night, c.Unit.ID, c.Unit.Capacity, taken, by)
		}
	}
	return nil
}

func blocks(r booking.Reservation, at time.Time) bool {
	switch r.State {
	case booking.StateHeld:
		return r.Deadline.After(at)
	case booking.StateConfirmed, booking.StateCheckedIn, booking.StateBlocked:
		return true
	}
	return false
}

// checkRow: all copies of a reservation are alike, and it is what its events say.
func (k *checker) checkRow(u booking.UnitID, r booking.Reservation, rows map[place]booking.Reservation) error {
	if !on(r, u) {
		return nil // a signpost
	}
	for _, claim := range r.Claims {
		if copied := rows[place{claim.Unit, r.ID}]; !same(copied, r) {
			return violation("all or none", "%s is %s on %s and %s on %s", r.ID, text(r), u, text(copied), claim.Unit)
		}
	}
	if folded := k.folded[place{u, r.ID}]; !same(folded, r) {
		return violation("fold(events) == state", "%s on %s is %s, by its events %s", r.ID, u, text(r), text(folded))
	}
	if r.State == booking.StateHeld && r.Deadline.Sub(r.Since) > 2*time.Hour {
		return violation("no extension past MaxHold", "%s", text(r))
	}
	return nil
}

func same(a, b booking.Reservation) bool { return reflect.DeepEqual(a, b) }

func text(r booking.Reservation) string {
	doc, _ := json.Marshal(r)
	return string(doc)
}

// fold reads what is new in the feed.
func (k *checker) fold(ctx context.Context) error {
	for {
		events, next, err := k.feed.Since(ctx, k.cursor, 50)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			return nil
		}
		k.cursor = next
		k.all = append(k.all, events...)
		for _, e := range events {
			u := booking.UnitID(e.Key.ID)
			k.seq[u]++
			if e.Seq != k.seq[u] {
				return violation("the feed skips nothing", "after event %d of %s came %d", k.seq[u]-1, u, e.Seq)
			}
			if e.By != "" {
				k.byAuthor[e.By] = append(k.byAuthor[e.By], e)
			}
			if e.Reservation == nil {
				continue
			}
			at := place{u, e.Reservation.ID}
			k.folded[at] = *e.Reservation
			if made := e.Command == "hold" || e.Command == "block" || e.Command == "rehold"; made && e.By == string(e.Reservation.ID) {
				if k.made[at]++; k.made[at] > 1 {
					return violation("one reservation per request", "%s was made %d times on %s", at.id, k.made[at], u)
				}
			}
		}
	}
}

// expired asks as anybody would: no hold is shown at or after its deadline.
func (k *checker) expired(ctx context.Context, now time.Time, units []booking.UnitID) error {
	desk, err := booking.New(booking.Config{Store: k.store, Now: func() time.Time { return now }})
	if err != nil {
		return err
	}
	cals, err := desk.Calendar(ctx, nights(-2, horizon+4), units...)
	if err != nil {
		return err
	}
	for _, c := range cals {
		if err := noOverlap(c); err != nil {
			return err
		}
		for _, r := range c.Reservations {
			if r.State == booking.StateHeld && !r.Deadline.After(c.Clock) {
				return violation("no hold past its deadline", "%s at %v", text(r), c.Clock)
			}
		}
	}
	return nil
}

// follow lets a follower read a page, whenever that is.
func (k *checker) follow(ctx context.Context, rng *rand.Rand) error {
	f := &k.followers[rng.IntN(len(k.followers))]
	return f.read(ctx, k.feed, 1+rng.IntN(6))
}

func (f *follower) read(ctx context.Context, feed booking.Feed, limit int) error {
	events, next, err := feed.Since(ctx, f.cursor, limit)
	if err != nil {
		return err
	}
	if len(events) > 0 {
		f.seen, f.cursor = append(f.seen, events...), next
	}
	return nil
}

// caughtUp lets every follower read the rest: all have seen the same, in the same order.
func (k *checker) caughtUp(ctx context.Context) error {
	for i := range k.followers {
		f := &k.followers[i]
		for before := -1; len(f.seen) > before; {
			before = len(f.seen)
			if err := f.read(ctx, k.feed, 7); err != nil {
				return err
			}
		}
		if !reflect.DeepEqual(f.seen, k.all) {
			return violation("the feed skips nothing", "follower %d has seen %d events, another %d, or in another order", i, len(f.seen), len(k.all))
		}
	}
	return nil
}
