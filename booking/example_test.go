package booking_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/index"
)

// The examples' clock stands at noon of 20 May 2027, or moves when they say so.
func deskAt(now *time.Time) (*booking.Desk, *booking.Memory) {
	*now = time.Date(2027, 5, 20, 12, 0, 0, 0, time.UTC)
	mem := booking.NewMemory()
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return *now }})
	if err != nil {
		panic(err)
	}
	return desk, mem
}

func Example() {
	ctx := context.Background()
	span, _ := booking.Nights(date.New(2027, 7, 8), date.New(2027, 7, 15))
	july, _ := booking.Nights(date.New(2027, 7, 1), date.New(2027, 8, 1))

	desk, _ := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return time.Date(2027, 5, 20, 12, 0, 0, 0, time.UTC) }})
	_, _ = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat-12"}})
	hold, err := desk.Hold(ctx, booking.Hold{ID: "lead-71", Unit: "flat-12", Span: span, Holder: "card-9"})
	fmt.Println(hold.State, hold.Deadline.Format("15:04"), err)
	confirmed, _ := desk.Confirm(ctx, booking.Confirm{Ref: hold.Ref()})
	fmt.Println(confirmed.State)
	cals, _ := desk.Calendar(ctx, july, "flat-12")
	next, _ := cals[0].NextFree(span, 1)
	fmt.Println(cals[0].Status(span), next)

	_, err = desk.Hold(ctx, booking.Hold{ID: "lead-72", Unit: "flat-12", Span: span, Holder: "card-4"})
	fmt.Println(err)
	// Output:
	// held 12:15 <nil>
	// confirmed
	// confirmed 2027-07-15/2027-07-22
	// booking: flat-12 is taken on 2027-07-08/2027-07-15, places left 0, by lead-71; next free: 2027-07-15/2027-07-22
}

// A waiting list: who waits is offered the room in the commit that frees it.
func ExampleDesk_Cancel_waitlist() {
	ctx, now := context.Background(), time.Time{}
	desk, _ := deskAt(&now)
	span, _ := booking.Nights(date.New(2027, 7, 8), date.New(2027, 7, 15))
	_, _ = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat-12"}})
	first, _ := desk.Hold(ctx, booking.Hold{ID: "lead-71", Unit: "flat-12", Span: span})
	second, _ := desk.Hold(ctx, booking.Hold{ID: "lead-72", Unit: "flat-12", Span: span, Policy: booking.PolicyQueue})
	fmt.Println(first.State, second.State)

	now = now.Add(5 * time.Minute)
	freed, _ := desk.Cancel(ctx, booking.Cancel{Ref: first.Ref(), By: "anna", Why: "changed plans"})
	for _, r := range freed.Side {
		fmt.Println(r.ID, "is", r.State, "until", r.Deadline.Format("15:04"))
	}
	// Output:
	// held queued
	// lead-72 is held until 12:20
}

// A deposit beats a phone call: a hold of higher priority takes the place of a lower one, which
// waits again. A confirmed stay is never touched.
func ExamplePolicy_preempt() {
	ctx, now := context.Background(), time.Time{}
	desk, _ := deskAt(&now)
	span, _ := booking.Nights(date.New(2027, 7, 8), date.New(2027, 7, 15))
	_, _ = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat-12"}})
	_, _ = desk.Hold(ctx, booking.Hold{ID: "call", Unit: "flat-12", Span: span})
	deposit, _ := desk.Hold(ctx, booking.Hold{ID: "deposit", Unit: "flat-12", Span: span, Priority: 5, Policy: booking.PolicyPreempt})
	fmt.Println(deposit.ID, deposit.State)
	fmt.Println(deposit.Side[0].ID, deposit.Side[0].State)
	// Output:
	// deposit held
	// call queued
}

// A showing takes the flat and the manager for half an hour, together or not at all.
func ExampleHold_showing() {
	ctx, now := context.Background(), time.Time{}
	desk, _ := deskAt(&now)
	_, _ = desk.Do(ctx,
		booking.Define{Unit: booking.Unit{ID: "flat-12/showings", Axis: booking.AxisTimes}},
		booking.Define{Unit: booking.Unit{ID: "manager-3", Axis: booking.AxisTimes}})
	at := time.Date(2027, 5, 21, 10, 0, 0, 0, time.UTC)
	span, _ := booking.Between(at, at.Add(30*time.Minute))
	showing, err := desk.Hold(ctx, booking.Hold{ID: "showing-1", Unit: "flat-12/showings", Span: span, And: []booking.Claim{{Unit: "manager-3", Span: span}}})
	fmt.Println(showing.State, len(showing.Claims), err)
	_, err = desk.Hold(ctx, booking.Hold{ID: "meeting-1", Unit: "manager-3", Span: span})
	fmt.Println(errors.Is(err, booking.ErrTaken))
	// Output:
	// held 2 <nil>
	// true
}

// A partner may hold two flats at a time: the quota is a unit of capacity 2, claimed with the flat.
func ExampleHold_quota() {
	ctx, now := context.Background(), time.Time{}
	desk, _ := deskAt(&now)
	_, _ = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "quota/agency-7", Capacity: 2}})
	sale := booking.NightsFrom(date.New(2027, 5, 20))
	for _, flat := range []booking.UnitID{"flat-1", "flat-2", "flat-3"} {
		_, _ = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: flat}})
		_, err := desk.Hold(ctx, booking.Hold{ID: booking.ReservationID("agency-7/" + flat), Unit: flat, Span: sale, And: []booking.Claim{{Unit: "quota/agency-7", Span: sale}}})
		var taken *booking.TakenError
		if errors.As(err, &taken) {
			fmt.Println(flat, "refused:", taken.Unit, "has", taken.Free, "left")
			continue
		}
		fmt.Println(flat, "held")
	}
	// Output:
	// flat-1 held
	// flat-2 held
	// flat-3 refused: quota/agency-7 has 0 left
}

// A sale has no last night.
func ExampleNightsFrom() {
	ctx, now := context.Background(), time.Time{}
	desk, _ := deskAt(&now)
	_, _ = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat-12", TTL: 72 * time.Hour}})
	sale := booking.NightsFrom(date.New(2027, 5, 20))
	hold, _ := desk.Hold(ctx, booking.Hold{ID: "deal-5", Unit: "flat-12", Span: sale})
	_, _ = desk.Confirm(ctx, booking.Confirm{Ref: hold.Ref(), Why: "contract signed"})
	cals, _ := desk.Calendar(ctx, sale, "flat-12")
	fmt.Println(sale, cals[0].Status(sale))
	// Output:
	// 2027-05-20/.. sold
}

// A pool refuses only when a night is full: rooms are given at check-in, and there always is a plan.
func ExampleCalendar_Plan() {
	ctx, now := context.Background(), time.Time{}
	desk, _ := deskAt(&now)
	_, _ = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "doubles", Capacity: 2}})
	first := date.New(2027, 7, 1)
	for i, stay := range [][2]date.Date{{0, 2}, {1, 3}, {2, 4}, {3, 5}} {
		span, _ := booking.Nights(first+stay[0], first+stay[1])
		_, _ = desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(fmt.Sprint("stay-", i+1)), Unit: "doubles", Span: span})
	}
	july, _ := booking.Nights(first, first+31)
	cals, _ := desk.Calendar(ctx, july, "doubles")
	fmt.Println(cals[0].Plan())
	// Output:
	// map[stay-1:[1] stay-2:[2] stay-3:[1] stay-4:[2]]
}

// Two guests change flats: both moves in one commit.
func ExampleDesk_Do_swap() {
	ctx, now := context.Background(), time.Time{}
	desk, _ := deskAt(&now)
	span, _ := booking.Nights(date.New(2027, 7, 8), date.New(2027, 7, 15))
	refs := map[booking.UnitID]booking.Ref{}
	for _, flat := range []booking.UnitID{"flat-1", "flat-2"} {
		_, _ = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: flat}})
		hold, _ := desk.Hold(ctx, booking.Hold{ID: booking.ReservationID("guest of " + flat), Unit: flat, Span: span})
		refs[flat] = hold.Ref()
	}
	swapped, err := desk.Do(ctx,
		booking.Move{Ref: refs["flat-1"], Claims: []booking.Claim{{Unit: "flat-2", Span: span}}},
		booking.Move{Ref: refs["flat-2"], Claims: []booking.Claim{{Unit: "flat-1", Span: span}}})
	for _, r := range swapped.All {
		fmt.Println(r.ID, "is on", r.Claims[0].Unit)
	}
	fmt.Println(err)
	// The old reference still finds the guest, wherever moved.
	r, _ := desk.Reservation(ctx, refs["flat-1"])
	fmt.Println(r.Claims[0].Unit)
	// Output:
	// guest of flat-1 is on flat-2
	// guest of flat-2 is on flat-1
	// <nil>
	// flat-2
}

// Working hours by the wall clock, cut into slots on the night when clocks go back.
func ExampleSlots() {
	ctx, now := context.Background(), time.Time{}
	desk, _ := deskAt(&now)
	_, _ = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "night-shift", Axis: booking.AxisTimes}})
	open, _ := booking.Daily(date.New(2027, 10, 31), date.New(2027, 10, 31), 1*clock.Hour, 4*clock.Hour, "Europe/Berlin")
	_, _ = desk.Hold(ctx, booking.Hold{ID: "call", Unit: "night-shift", Span: booking.Slots(open, time.Hour, 0)[1]})
	day, _ := booking.Nights(date.New(2027, 10, 30), date.New(2027, 11, 2))
	cals, _ := desk.Calendar(ctx, day, "night-shift")
	for _, slot := range booking.Slots(open, time.Hour, 0, cals...) {
		from, _ := slot.Times()
		berlin, _ := time.LoadLocation("Europe/Berlin")
		fmt.Println(from.In(berlin).Format("15:04 MST"))
	}
	// Output:
	// 01:00 CEST
	// 02:00 CET
	// 03:00 CET
}

// Search over a copy that follows the feed.
func Example_index() {
	ctx, now := context.Background(), time.Time{}
	desk, mem := deskAt(&now)
	span, _ := booking.Nights(date.New(2027, 7, 8), date.New(2027, 7, 15))
	for _, flat := range []booking.UnitID{"flat-1", "flat-2", "flat-3"} {
		_, _ = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: flat}})
	}
	_, _ = desk.Hold(ctx, booking.Hold{ID: "lead-71", Unit: "flat-2", Span: span})

	site := index.New(date.New(2027, 5, 1), 365)
	events, _, _ := mem.Since(ctx, "", 100)
	_ = site.Apply(events...)
	var set index.Set
	for _, at := range []time.Time{now, now.Add(time.Hour)} { // the hold lapses in between
		site.Free(&set, span, 1, at)
		fmt.Println(slices.Collect(set.All()))
	}
	// Output:
	// [flat-1 flat-3]
	// [flat-1 flat-2 flat-3]
}

// Without a store or a desk: a pure decision on calendars that the caller has.
func ExampleDecide() {
	now := time.Date(2027, 5, 20, 12, 0, 0, 0, time.UTC)
	span, _ := booking.Nights(date.New(2027, 7, 8), date.New(2027, 7, 15))
	hold := booking.Hold{ID: "lead-71", Unit: "flat-12", Span: span, Holder: "card-9"}
	calendar := booking.Calendar{
		Head:    booking.Head{Unit: booking.Unit{ID: "flat-12", Capacity: 1, Zone: "UTC", TTL: time.Hour, MaxHold: 2 * time.Hour}},
		Version: 4, Window: span, IDs: []booking.ReservationID{"lead-71"}, // loaded, and empty
	}
	decision, err := booking.Decide([]booking.Calendar{calendar}, now, hold)
	fmt.Println(decision.Result.State, decision.Result.Deadline.Format("15:04"), err)
	for _, e := range decision.Change.Events {
		fmt.Println(e.Kind, e.Key, e.Seq)
	}
	// Output:
	// held 13:00 <nil>
	// held unit/flat-12 1
}

// A refusal in two languages, and what would help.
func ExampleTakenError() {
	ctx, now := context.Background(), time.Time{}
	desk, _ := deskAt(&now)
	span, _ := booking.Nights(date.New(2027, 7, 8), date.New(2027, 7, 15))
	_, _ = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat-12"}})
	_, _ = desk.Hold(ctx, booking.Hold{ID: "lead-71", Unit: "flat-12", Span: span})
	_, err := desk.Hold(ctx, booking.Hold{ID: "lead-72", Unit: "flat-12", Span: span})
	var taken *booking.TakenError
	if errors.As(err, &taken) {
		fmt.Println(taken.Text("en"))
		fmt.Println(taken.Text("ru"))
	}
	// Output:
	// flat-12 is taken on 2027-07-08/2027-07-15, places left 0, by lead-71; next free: 2027-07-15/2027-07-22
	// flat-12 занят на 2027-07-08/2027-07-15, свободных мест 0, занимают: lead-71; ближайшее свободное: 2027-07-15/2027-07-22
}
