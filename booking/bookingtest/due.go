package bookingtest

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// TestDue runs the cases for a store's scan of what fell due. The store must be empty.
func TestDue(t *testing.T, open func(*testing.T) (booking.Store, booking.Due)) {
	storetest.RunCases(t, DueCases(open(t)))
}

// DueCases are what TestDue runs.
func DueCases(s booking.Store, d booking.Due) []storetest.Case {
	var cases []storetest.Case
	add := func(name, rule string, run func(context.Context, booking.Store, booking.Due) error) {
		cases = append(cases, storetest.Case{Name: name, Rule: rule, Run: func(ctx context.Context) error { return run(ctx, s, d) }})
	}
	add("due", "a unit is due from the instant of a live row's Deadline on", tryDueInstant)
	add("order", "the earliest comes first, of equals the one with the lesser ID, each unit once, no more than limit, none for a limit of 0 or less", tryDueOrder)
	add("written again", "what is written again with another deadline, or none, is due by that", tryDueAgain)
	add("tick", "a Tick leaves nothing due", tryTick)
	return cases
}

// promise commits a hold with a deadline; a zero one confirms it.
func promise(ctx context.Context, s booking.Store, u booking.UnitID, id booking.ReservationID, deadline time.Time) error {
	r := newReservation(id, u, nights(1, 2))
	if !deadline.IsZero() {
		r.State, r.Deadline = booking.StateHeld, deadline
	}
	return write(ctx, s, headOf(u), newRow(u, r))
}

func wantDue(ctx context.Context, d booking.Due, at time.Time, limit int, want ...booking.UnitID) error {
	keys, err := d.Due(ctx, at, limit)
	if err != nil {
		return err
	}
	var wanted []store.Key
	for _, u := range want {
		wanted = append(wanted, store.Key{Kind: booking.KindUnit, ID: string(u)})
	}
	if !slices.Equal(keys, wanted) {
		return fmt.Errorf("at %s, limit %d: got %v, want %v", at.Format(time.RFC3339Nano), limit, keys, wanted)
	}
	return nil
}

func tryDueInstant(ctx context.Context, s booking.Store, d booking.Due) error {
	u, at := mint(), now.Add(-500*time.Hour)
	if err := promise(ctx, s, u, "x", at); err != nil {
		return err
	}
	if err := wantDue(ctx, d, at.Add(-time.Microsecond), 10); err != nil {
		return err
	}
	if err := wantDue(ctx, d, at, 10, u); err != nil {
		return err
	}
	if err := wantDue(ctx, d, at.Add(time.Hour), 10, u); err != nil {
		return err
	}
	return promise(ctx, s, u, "x", time.Time{})
}

func tryDueOrder(ctx context.Context, s booking.Store, d booking.Due) error {
	units := []booking.UnitID{mint(), mint(), mint()}
	at := now.Add(-400 * time.Hour)
	for i, u := range units {
		if err := promise(ctx, s, u, "late", at.Add(-time.Duration(i)*time.Minute)); err != nil {
			return err
		}
		if err := promise(ctx, s, u, "later", at); err != nil {
			return err
		}
	}
	if err := wantDue(ctx, d, at, 10, units[2], units[1], units[0]); err != nil {
		return err
	}
	if err := wantDue(ctx, d, at, 2, units[2], units[1]); err != nil {
		return err
	}
	for _, limit := range []int{0, -1} {
		if err := wantDue(ctx, d, at, limit); err != nil {
			return err
		}
	}
	for _, u := range units {
		if err := promise(ctx, s, u, "late", at.Add(-time.Hour)); err != nil {
			return err
		}
	}
	if err := wantDue(ctx, d, at, 10, slices.Sorted(slices.Values(units))...); err != nil {
		return err
	}
	for _, u := range units {
		for _, id := range []booking.ReservationID{"late", "later"} {
			if err := promise(ctx, s, u, id, time.Time{}); err != nil {
				return err
			}
		}
	}
	return nil
}

func tryDueAgain(ctx context.Context, s booking.Store, d booking.Due) error {
	u, at := mint(), now.Add(-300*time.Hour)
	if err := promise(ctx, s, u, "x", at); err != nil {
		return err
	}
	if err := promise(ctx, s, u, "x", at.Add(time.Hour)); err != nil {
		return err
	}
	if err := wantDue(ctx, d, at, 10); err != nil {
		return err
	}
	if err := wantDue(ctx, d, at.Add(time.Hour), 10, u); err != nil {
		return err
	}
	if err := promise(ctx, s, u, "x", time.Time{}); err != nil {
		return err
	}
	return wantDue(ctx, d, at.Add(time.Hour), 10)
}

func tryTick(ctx context.Context, s booking.Store, d booking.Due) error {
	desk, err := newDesk(s, now)
	if err != nil {
		return err
	}
	u := mint()
	if _, err := desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: u}}); err != nil {
		return err
	}
	for i, policy := range []booking.Policy{booking.PolicyReject, booking.PolicyQueue} {
		if _, err := desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(fmt.Sprint("h-", i)), Unit: u, Span: nights(1, 2), Policy: policy}); err != nil {
			return err
		}
	}
	later, err := newDesk(s, now.Add(20*time.Minute))
	if err != nil {
		return err
	}
	if n, err := later.Tick(ctx, d, 10); err != nil || n != 2 {
		return fmt.Errorf("a Tick after one hold of two lapsed: %d changed, want 2 (one expired, one promoted), %w", n, err)
	}
	return wantDue(ctx, d, now.Add(20*time.Minute), 10)
}
