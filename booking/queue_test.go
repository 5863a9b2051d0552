package booking_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
)

// Law 9: only strictly higher priority preempts, the lowest goes first, among equals who joined
// last, and nobody who need not go; who was preempted keeps priority and place.
func TestPreempt(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "pool", Capacity: 3}})
	require.NoError(t, err)
	hold := func(id string, from, to, priority int) booking.Result {
		now = now.Add(time.Second)
		res, err := desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(id), Unit: "pool", Span: nightSpan(from, to), Priority: priority, Policy: booking.PolicyPreempt})
		require.NoError(t, err)
		return res
	}
	hold("middle", 1, 9, 1)
	early := hold("early", 1, 4, 0)
	hold("late", 3, 9, 0)
	equal := hold("equal", 3, 4, 0)
	require.Equal(t, booking.StateQueued, equal.State)
	require.Empty(t, equal.Side)

	high := hold("high", 3, 5, 2) // one of the two low ones must go: who joined last
	require.Equal(t, booking.StateHeld, high.State)
	require.Len(t, high.Side, 1)
	late := high.Side[0]
	require.Equal(t, booking.ReservationID("late"), late.ID)
	require.Equal(t, booking.StateQueued, late.State)
	require.Equal(t, 0, late.Priority)

	highest := hold("highest", 6, 7, 3) // there is room on that night: nobody goes
	require.Equal(t, booking.StateHeld, highest.State)
	require.Empty(t, highest.Side)

	_, err = desk.Confirm(ctx, booking.Confirm{Ref: early.Ref()})
	require.NoError(t, err)
	two, err := desk.Hold(ctx, booking.Hold{ID: "two", Unit: "pool", Span: nightSpan(3, 4), Count: 3, Priority: 9, Policy: booking.PolicyPreempt})
	require.NoError(t, err)
	require.Equal(t, booking.StateQueued, two.State, "what is confirmed never goes")
	require.Empty(t, two.Side)
	freed, err := desk.Cancel(ctx, booking.Cancel{Ref: high.Ref()})
	require.NoError(t, err)
	require.Len(t, freed.Side, 1)
	require.Equal(t, booking.ReservationID("late"), freed.Side[0].ID, "before those who joined later")
	require.Equal(t, late.Joined, freed.Side[0].Joined)
}

// Law 8: nobody is promoted into a closed unit, and all who can be are once it opens, or grows.
func TestClosedUnit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	flat := booking.Unit{ID: "flat"}
	define := func() booking.Result {
		now = now.Add(time.Second)
		res, err := desk.Do(ctx, booking.Define{Unit: flat})
		require.NoError(t, err)
		return res
	}
	define()
	first, err := desk.Hold(ctx, booking.Hold{ID: "first", Unit: "flat", Span: nightSpan(1, 3)})
	require.NoError(t, err)
	for _, id := range []booking.ReservationID{"second", "third"} {
		now = now.Add(time.Second)
		_, err = desk.Hold(ctx, booking.Hold{ID: id, Unit: "flat", Span: nightSpan(1, 3), Policy: booking.PolicyQueue})
		require.NoError(t, err)
	}
	flat.Closed = true
	require.Empty(t, define().Side)
	freed, err := desk.Cancel(ctx, booking.Cancel{Ref: first.Ref()})
	require.NoError(t, err)
	require.Empty(t, freed.Side, "closed")
	window := nightSpan(0, 9)
	cals, err := desk.Calendar(ctx, window, "flat")
	require.NoError(t, err)
	free, known := cals[0].Free(nightSpan(1, 3))
	require.True(t, known)
	require.Zero(t, free, "a closed unit has no place")
	_, err = desk.Hold(ctx, booking.Hold{ID: "fourth", Unit: "flat", Span: nightSpan(1, 3), Policy: booking.PolicyQueue})
	require.ErrorIs(t, err, booking.ErrRefused)

	flat.Closed = false
	opened := define()
	require.Len(t, opened.Side, 1)
	require.Equal(t, booking.ReservationID("second"), opened.Side[0].ID)
	flat.Capacity = 2
	grown := define()
	require.Len(t, grown.Side, 1)
	require.Equal(t, booking.ReservationID("third"), grown.Side[0].ID)
	flat.Capacity = 1
	_, err = desk.Do(ctx, booking.Define{Unit: flat})
	var taken *booking.TakenError
	require.ErrorAs(t, err, &taken)
	require.Len(t, taken.By, 2, "what is promised stays")
}

// An offer that lapsed before anybody could know of it is unseen, and keeps its place when it is
// asked for again.
func TestUnseenOffer(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	mem := booking.NewMemory()
	now := base
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat"}})
	require.NoError(t, err)
	hold := func(id string, policy booking.Policy) booking.Result {
		now = now.Add(time.Second)
		res, err := desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(id), Unit: "flat", Span: nightSpan(1, 3), Policy: policy})
		require.NoError(t, err)
		return res
	}
	hold("first", booking.PolicyReject)
	waiting := hold("waiting", booking.PolicyQueue)
	now = now.Add(time.Hour) // the first hold lapsed, so did the offer to who waited
	lapsed, err := desk.Reservation(ctx, waiting.Ref())
	require.NoError(t, err)
	require.Equal(t, booking.StateExpired, lapsed.State)
	require.True(t, lapsed.Unseen)
	other := hold("other", booking.PolicyReject)
	require.Len(t, other.Side, 2)
	events, _, err := mem.Since(ctx, "", 100)
	require.NoError(t, err)
	var told []booking.Kind
	for _, e := range events {
		if e.Reservation != nil && e.Reservation.ID == "waiting" {
			told = append(told, e.Kind)
		}
	}
	require.Equal(t, []booking.Kind{booking.KindQueued, booking.KindExpired}, told, "an offer nobody could take is not told")
	again, err := desk.Do(ctx, booking.Rehold{ID: "again", Ref: booking.Ref{Unit: "flat", ID: "waiting"}, Policy: booking.PolicyQueue})
	require.NoError(t, err)
	require.Equal(t, booking.StateQueued, again.State)
	require.Equal(t, waiting.Joined, again.Joined)
	_, err = desk.Cancel(ctx, booking.Cancel{Ref: other.Ref()})
	require.NoError(t, err)

	now = now.Add(time.Second) // an offer that was announced, and lapsed, has lost its place
	offered, err := desk.Reservation(ctx, again.Ref())
	require.NoError(t, err)
	require.Equal(t, booking.StateHeld, offered.State)
	now = now.Add(time.Hour)
	offered, err = desk.Reservation(ctx, again.Ref())
	require.NoError(t, err)
	require.False(t, offered.Unseen)
	third, err := desk.Do(ctx, booking.Rehold{ID: "third", Ref: booking.Ref{Unit: "flat", ID: "again"}})
	require.NoError(t, err)
	require.NotEqual(t, waiting.Joined, third.Joined)
}

// Law 6: however often a hold is extended, it never lasts longer than MaxHold in all.
func TestExtendCap(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat", TTL: 10 * time.Minute, MaxHold: time.Hour}})
	require.NoError(t, err)
	hold, err := desk.Hold(ctx, booking.Hold{ID: "h", Unit: "flat", Span: nightSpan(1, 3)})
	require.NoError(t, err)
	ref := booking.Ref{Unit: "flat", ID: "h"}
	for range 20 {
		now = now.Add(9 * time.Minute)
		res, err := desk.Do(ctx, booking.Extend{Ref: ref, TTL: 10 * time.Minute})
		if err != nil {
			var refused *booking.RefusedError
			require.ErrorAs(t, err, &refused)
			if refused.Reasons[0].Code == booking.CodeState {
				require.Equal(t, booking.StateExpired, refused.Reservation.State)
				return
			}
			require.Equal(t, booking.CodeMaxHold, refused.Reasons[0].Code)
			require.Equal(t, hold.Since.Add(time.Hour).Format(time.RFC3339), refused.Reasons[0].Limit)
			continue
		}
		require.False(t, res.Deadline.After(hold.Since.Add(time.Hour)))
	}
	t.Fatal("a hold was extended for ever")
}

// Law 13: what ends makes room for what begins: a pool is not full where two stays touch.
func TestTouchingStays(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return base }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "pool", Capacity: 2}})
	require.NoError(t, err)
	for i, s := range []booking.Span{nightSpan(1, 3), nightSpan(3, 5), nightSpan(5, 7), nightSpan(2, 6)} {
		_, err = desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(fmt.Sprint(i)), Unit: "pool", Span: s})
		require.NoError(t, err, "%v", s)
	}
	_, err = desk.Hold(ctx, booking.Hold{ID: "full", Unit: "pool", Span: nightSpan(4, 5)})
	require.ErrorIs(t, err, booking.ErrTaken)
}
