package booking_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/booking"
)

// Law 12: a guest who is moved has one place at every version, and the nights before today stay
// what they were.
func TestMoveGuest(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		mem := booking.NewMemory()
		now := base.Add(16 * time.Hour)
		desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return now }})
		require.NoError(t, err)
		units := []booking.UnitID{"a", "b", "pool"}
		for _, u := range units {
			capacity := 1
			if u == "pool" {
				capacity = 2
			}
			_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: u, Zone: "Europe/Moscow", Capacity: capacity}})
			require.NoError(t, err)
		}
		for i := range rapid.IntRange(0, 3).Draw(t, "others") {
			from := rapid.IntRange(0, 8).Draw(t, "other from")
			_, _ = desk.Do(ctx, booking.Block{ID: booking.ReservationID(fmt.Sprint("other", i)), Unit: rapid.SampledFrom(units).Draw(t, "other on"), Span: nightSpan(from, from+2)})
		}
		guest, err := desk.Hold(ctx, booking.Hold{ID: "guest", Unit: "a", Span: nightSpan(0, 10)})
		if err != nil {
			t.Skip("no room for the guest")
		}
		ref := booking.Ref{Unit: "a", ID: "guest"}
		_, err = desk.Do(ctx, booking.Confirm{Ref: guest.Ref()}, booking.CheckIn{Ref: ref})
		require.NoError(t, err)
		where := map[int]booking.UnitID{} // nights that are over
		for range rapid.IntRange(1, 8).Draw(t, "moves") {
			now = now.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "hours")) * time.Hour)
			today := int(now.Add(3*time.Hour).Sub(base.Add(3*time.Hour)) / (24 * time.Hour))
			before, err := desk.Reservation(ctx, ref)
			require.NoError(t, err)
			var claims []booking.Claim
			for _, c := range before.Claims { // what is over stays; sometimes it is forgotten
				arrival, departure := c.Span.Dates()
				if arrival < june+date.Date(today) && rapid.IntRange(0, 9).Draw(t, "forget") > 0 {
					s, _ := booking.Nights(arrival, min(departure, june+date.Date(today)))
					claims = append(claims, booking.Claim{Unit: c.Unit, Span: s})
				}
			}
			until := today + rapid.IntRange(1, 6).Draw(t, "nights")
			claims = append(claims, booking.Claim{Unit: rapid.SampledFrom(units).Draw(t, "to"), Span: nightSpan(today, until)})
			_, err = desk.Do(ctx, booking.Move{Ref: ref, Claims: claims})
			after, readErr := desk.Reservation(ctx, ref)
			require.NoError(t, readErr)
			if err != nil {
				require.Equal(t, before, after, "a refusal leaves no trace")
			}
			for night := range 12 {
				on := map[booking.UnitID]int{}
				for _, c := range after.Claims {
					if c.Span.Overlaps(nightSpan(night, night+1)) {
						on[c.Unit]++
						require.True(t, night > today || len(c.Places) == 1, "a guest who is there has a room: %+v", c)
					}
				}
				if had, ok := where[night]; ok {
					require.Equal(t, map[booking.UnitID]int{had: 1}, on, "night %d is over", night)
				}
				if night == today && err == nil {
					require.Len(t, on, 1, "night %d", night)
				}
				if night < today {
					for u := range on {
						where[night] = u
					}
				}
			}
		}
		requireFold(t, mem, mem, units...)
		// At every version of the feed the units agree on where the guest is.
		events, _, err := mem.Since(ctx, "", 1<<20)
		require.NoError(t, err)
		revs := map[int64]booking.Reservation{}
		for _, e := range events {
			if e.Reservation != nil && e.Reservation.ID == "guest" {
				if other, ok := revs[e.Reservation.Rev]; ok {
					require.Equal(t, other, *e.Reservation)
				}
				revs[e.Reservation.Rev] = *e.Reservation
			}
		}
	})
}

func TestRooms(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base.Add(10 * time.Hour) // the first of June, 10:00 in Moscow
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "pool", Capacity: 2, Zone: "Europe/Moscow"}})
	require.NoError(t, err)
	book := func(id string, from, to int) booking.Ref {
		res, err := desk.Do(ctx, booking.Hold{ID: booking.ReservationID(id), Unit: "pool", Span: nightSpan(from, to)}, booking.Confirm{Ref: booking.Ref{Unit: "pool", ID: booking.ReservationID(id)}})
		require.NoError(t, err)
		return booking.Ref{Unit: res.Claims[0].Unit, ID: res.ID}
	}
	ann, bob, eve := book("ann", 0, 1), book("bob", 0, 3), book("eve", 1, 3)
	in := func(ref booking.Ref, places ...int) (booking.Result, error) {
		return desk.Do(ctx, booking.CheckIn{Ref: ref, Places: places})
	}
	res, err := in(ann)
	require.NoError(t, err)
	require.Equal(t, []int{1}, res.Claims[0].Places)
	var taken *booking.TakenError
	_, err = in(bob, 1)
	require.ErrorAs(t, err, &taken)
	require.Equal(t, booking.ReservationID("ann"), taken.By[0].ID)
	_, err = in(bob, 3)
	require.ErrorIs(t, err, booking.ErrInvalid)
	_, err = in(bob, 2)
	require.NoError(t, err)
	_, err = in(eve)
	var refused *booking.RefusedError
	require.ErrorAs(t, err, &refused)
	require.Equal(t, booking.CodeEarly, refused.Reasons[0].Code)

	now = now.Add(24 * time.Hour) // Ann leaves today, but is still in her room
	_, err = in(eve)
	require.ErrorAs(t, err, &taken)
	require.Len(t, taken.By, 2)
	_, err = desk.Do(ctx, booking.CheckOut{Ref: ann})
	require.NoError(t, err)
	res, err = in(eve)
	require.NoError(t, err)
	require.Equal(t, []int{1}, res.Claims[0].Places)
	again, err := in(eve)
	require.NoError(t, err)
	require.True(t, again.Replayed)
	_, err = desk.Do(ctx, booking.CheckOut{Ref: bob}) // two nights early
	require.NoError(t, err)
	left, err := desk.Reservation(ctx, bob)
	require.NoError(t, err)
	require.Equal(t, nightSpan(0, 1), left.Claims[0].Span)
	res, err = in(eve, 2) // to the better room
	require.NoError(t, err)
	require.Equal(t, []int{2}, res.Claims[0].Places)
}
