package booking_test

import (
	"context"
	"encoding/json"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
)

// cornerDesk is a desk over units, and its clock.
func cornerDesk(t *testing.T, now *time.Time, units ...booking.Unit) (*booking.Desk, *booking.Memory) {
	t.Helper()
	mem := booking.NewMemory()
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return *now }})
	require.NoError(t, err)
	for _, u := range units {
		_, err = desk.Do(context.Background(), booking.Define{Unit: u})
		require.NoError(t, err)
	}
	return desk, mem
}

// stay is a guest who is there.
func stay(t *testing.T, desk *booking.Desk, id booking.ReservationID, places []int, claims ...booking.Claim) booking.Ref {
	t.Helper()
	ctx := context.Background()
	first := claims[0]
	_, err := desk.Hold(ctx, booking.Hold{ID: id, Unit: first.Unit, Span: first.Span, Count: first.Count, And: claims[1:]})
	require.NoError(t, err)
	ref := booking.Ref{Unit: first.Unit, ID: id}
	_, err = desk.Do(ctx, booking.Confirm{Ref: ref}, booking.CheckIn{Ref: ref, Places: places})
	require.NoError(t, err)
	return ref
}

// Law 11: what has been sold for ever is not free again at the end of time.
func TestNextFreeOfSold(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "flat"})
	_, err := desk.Hold(ctx, booking.Hold{ID: "sale", Unit: "flat", Span: booking.NightsFrom(june + 5)})
	require.NoError(t, err)
	cals, err := desk.Calendar(ctx, booking.NightsFrom(june), "flat")
	require.NoError(t, err)
	next, ok := cals[0].NextFree(booking.NightsFrom(june), 1)
	require.False(t, ok, "%v", next)
}

// Each of these frees nights that no other has; the room for that is not looked up one by one.
func TestManyEndTogether(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "pool", Capacity: 2})
	var cancels []booking.Command
	for i := range 200 {
		hold, err := desk.Hold(ctx, booking.Hold{Unit: "pool", Span: nightSpan(i, i+1)})
		require.NoError(t, err)
		cancels = append(cancels, booking.Cancel{Ref: hold.Ref()})
	}
	res, err := desk.Do(ctx, cancels...)
	require.NoError(t, err)
	require.Len(t, res.All, 200)
}

func TestPointerIsNoCommand(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, _ := cornerDesk(t, &now)
	var none *booking.Cancel
	for _, cmd := range []booking.Command{&booking.Hold{ID: "h", Unit: "flat", Span: nightSpan(1, 2)}, none} {
		_, err := desk.Do(ctx, cmd)
		require.ErrorIs(t, err, booking.ErrInvalid)
		_, err = booking.Decide(nil, base, cmd)
		require.ErrorIs(t, err, booking.ErrInvalid)
	}
}

// A guest whose stay goes on in another room takes that for the part that begins, and a repeat
// changes nothing.
func TestRoomOfSecondPart(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base.Add(16 * time.Hour)
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "pool", Capacity: 3, Zone: "Europe/Moscow"})
	ref := stay(t, desk, "guest", []int{1}, booking.Claim{Unit: "pool", Span: nightSpan(0, 2)}, booking.Claim{Unit: "pool", Span: nightSpan(2, 4)})
	now = now.Add(48 * time.Hour)
	for i := range 2 {
		res, err := desk.Do(ctx, booking.CheckIn{Ref: ref, Places: []int{3}})
		require.NoError(t, err)
		require.Equal(t, []int{1}, res.Claims[0].Places, "the nights that are over")
		require.Equal(t, []int{3}, res.Claims[1].Places)
		require.Equal(t, i == 1, res.Replayed)
	}
}

// Who leaves before it begins frees all but a moment, also of several claims.
func TestLeftBeforeItBegan(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base.Add(10 * time.Hour)
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "flat", Axis: booking.AxisTimes}, booking.Unit{ID: "manager", Axis: booking.AxisTimes})
	span, err := booking.Between(now.Add(time.Hour), now.Add(2*time.Hour))
	require.NoError(t, err)
	ref := stay(t, desk, "showing", nil, booking.Claim{Unit: "flat", Span: span}, booking.Claim{Unit: "manager", Span: span})
	_, err = desk.Do(ctx, booking.CheckOut{Ref: ref})
	require.NoError(t, err)
	later, err := booking.Between(now.Add(time.Hour+time.Minute), now.Add(2*time.Hour))
	require.NoError(t, err)
	_, err = desk.Hold(ctx, booking.Hold{ID: "next", Unit: "flat", Span: later, And: []booking.Claim{{Unit: "manager", Span: later}}})
	require.NoError(t, err)
}

// A guest who is there keeps the room, however the claims of the stay are cut.
func TestMoveKeepsRoom(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	pool := booking.Unit{ID: "pool", Capacity: 4, Zone: "Europe/Moscow"}
	tests := []struct {
		name   string
		claims []booking.Claim
		moved  []booking.Claim
		keeps  int
	}{
		{"two parts become one", []booking.Claim{{Unit: "pool", Span: nightSpan(0, 2)}, {Unit: "pool", Span: nightSpan(2, 4)}}, []booking.Claim{{Unit: "pool", Span: nightSpan(0, 4)}}, 1},
		{"one room more", []booking.Claim{{Unit: "pool", Span: nightSpan(0, 4)}}, []booking.Claim{{Unit: "pool", Span: nightSpan(0, 4), Count: 2}}, 1},
		{"one room less", []booking.Claim{{Unit: "pool", Span: nightSpan(0, 4), Count: 2}}, []booking.Claim{{Unit: "pool", Span: nightSpan(0, 4)}}, 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			now := base.Add(16 * time.Hour)
			desk, _ := cornerDesk(t, &now, pool)
			rooms := []int{3, 4}[:max(1, tt.claims[0].Count)]
			ref := stay(t, desk, "guest", rooms, tt.claims...)
			res, err := desk.Do(ctx, booking.Move{Ref: ref, Claims: tt.moved})
			require.NoError(t, err)
			got := res.Claims[0].Places
			require.Len(t, got, max(1, tt.moved[0].Count))
			require.Contains(t, got, 3, "%v", got)
		})
	}
}

// A reset minds the clocks of the units that it does not name.
func TestResetAmongOthers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "a"}, booking.Unit{ID: "b"})
	now = base.Add(5 * time.Hour)
	for _, u := range []booking.UnitID{"a", "b"} {
		_, err := desk.Hold(ctx, booking.Hold{ID: "h", Unit: u, Span: nightSpan(1, 2)})
		require.NoError(t, err)
	}
	now = base
	var clock *booking.ClockError
	_, err := desk.Do(ctx, booking.Reset{Unit: "a"}, booking.Hold{ID: "i", Unit: "b", Span: nightSpan(3, 4)})
	require.ErrorAs(t, err, &clock)
	require.Equal(t, booking.UnitID("b"), clock.Unit)
	_, err = desk.Do(ctx, booking.Reset{Unit: "a"}, booking.Reset{Unit: "b"}, booking.Hold{ID: "i", Unit: "b", Span: nightSpan(3, 4)})
	require.NoError(t, err)
}

func TestClaimsAreCounted(t *testing.T) {
	t.Parallel()
	desk, err := booking.New(booking.Config{Store: untouched{t}})
	require.NoError(t, err)
	and := make([]booking.Claim, 500)
	for i := range and {
		and[i] = booking.Claim{Unit: "u", Span: nightSpan(i, i+1)}
	}
	for _, cmd := range []booking.Command{booking.Hold{ID: "r", Unit: "u", Span: nightSpan(500, 501), And: and}, booking.Block{ID: "r", Unit: "u", Span: nightSpan(500, 501), And: and}} {
		_, err = desk.Do(context.Background(), cmd)
		require.ErrorIs(t, err, booking.ErrInvalid)
	}
}

// Who is preempted after the hour of arrival does not expire before that.
func TestPreemptedAfterArrival(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base.Add(17 * time.Hour)
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "flat", Zone: "Europe/Moscow"})
	low, err := desk.Hold(ctx, booking.Hold{ID: "low", Unit: "flat", Span: nightSpan(0, 2)})
	require.NoError(t, err)
	now = now.Add(time.Minute)
	high, err := desk.Hold(ctx, booking.Hold{ID: "high", Unit: "flat", Span: nightSpan(0, 2), Priority: 1, Policy: booking.PolicyPreempt})
	require.NoError(t, err)
	require.Len(t, high.Side, 1)
	now = now.Add(time.Minute)
	gone, err := desk.Reservation(ctx, low.Ref())
	require.NoError(t, err)
	require.Equal(t, booking.StateExpired, gone.State)
	require.False(t, gone.Since.Before(high.Side[0].Since), "since %s, waited since %s", gone.Since, high.Side[0].Since)
}

// What a reservation takes from itself is no room for it: the refusal does not offer what was
// asked for.
func TestTakenByItself(t *testing.T) {
	t.Parallel()
	now := base
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "flat"})
	span := nightSpan(1, 3)
	_, err := desk.Hold(context.Background(), booking.Hold{ID: "h", Unit: "flat", Span: span, And: []booking.Claim{{Unit: "flat", Span: span}}})
	var taken *booking.TakenError
	require.ErrorAs(t, err, &taken)
	require.NotEqual(t, span, taken.Next)
}

// Claims side by side keep rooms of their own.
func TestMoveKeepsRoomsApart(t *testing.T) {
	t.Parallel()
	now := base.Add(16 * time.Hour)
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "pool", Capacity: 4, Zone: "Europe/Moscow"})
	part := func(to int) booking.Claim { return booking.Claim{Unit: "pool", Span: nightSpan(0, to)} }
	ref := stay(t, desk, "guest", []int{3}, part(4), part(4))
	res, err := desk.Do(context.Background(), booking.Move{Ref: ref, Claims: []booking.Claim{part(5), part(5)}})
	require.NoError(t, err)
	require.Equal(t, []int{3}, res.Claims[0].Places)
	require.Equal(t, []int{1}, res.Claims[1].Places)
}

// What a commit announced is announced in its result, also of who changed nothing by the command.
func TestAnnouncedWithOthers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "flat"})
	for _, id := range []booking.ReservationID{"first", "waits"} {
		now = now.Add(time.Second)
		_, err := desk.Hold(ctx, booking.Hold{ID: id, Unit: "flat", Span: nightSpan(5, 7), Policy: booking.PolicyQueue})
		require.NoError(t, err)
	}
	now = now.Add(16 * time.Minute) // the first hold lapsed: an offer to who waits
	offer := booking.Ref{Unit: "flat", ID: "waits"}
	res, err := desk.Do(ctx, booking.Extend{Ref: offer, TTL: time.Second}, booking.Hold{ID: "other", Unit: "flat", Span: nightSpan(1, 2)})
	require.NoError(t, err)
	now = now.Add(time.Second)
	kept, err := desk.Reservation(ctx, offer)
	require.NoError(t, err)
	require.Equal(t, kept, res.All[0])
}

func TestCalendarOfAllTimeIsRead(t *testing.T) {
	t.Parallel()
	now := base
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "flat"})
	last, err := booking.Nights(date.New(9990, time.January, 1), date.New(9999, time.December, 31))
	require.NoError(t, err)
	for _, window := range []booking.Span{booking.NightsFrom(date.Min()), last} {
		cals, err := desk.Calendar(context.Background(), window, "flat")
		require.NoError(t, err)
		require.True(t, cals[0].Window.Contains(window))
		text, err := json.Marshal(cals[0])
		require.NoError(t, err)
		var again booking.Calendar
		require.NoError(t, json.Unmarshal(text, &again))
		require.Equal(t, cals[0].Window, again.Window)
	}
}

// More places than there are: nobody is in the way, and nobody is named.
func TestTakenByNobody(t *testing.T) {
	t.Parallel()
	now := base
	desk, _ := cornerDesk(t, &now, booking.Unit{ID: "pool", Capacity: 3})
	_, err := desk.Hold(context.Background(), booking.Hold{ID: "h", Unit: "pool", Span: nightSpan(1, 3), Count: 5})
	var taken *booking.TakenError
	require.ErrorAs(t, err, &taken)
	require.Equal(t, "pool is taken on 2027-06-02/2027-06-04, places left 3", taken.Text("en"))
	require.Equal(t, "pool занят на 2027-06-02/2027-06-04, свободных мест 3", taken.Text("ru"))
}

// In one commit a hold that would rather be refused than wait is not sent to the queue by a later
// one: all of it is refused.
func TestPreemptedInOneCommit(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	mem := booking.NewMemory()
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return base }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat"}})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Hold{ID: "call", Unit: "flat", Span: nightSpan(1, 3)},
		booking.Hold{ID: "deposit", Unit: "flat", Span: nightSpan(1, 3), Priority: 1, Policy: booking.PolicyPreempt})
	require.ErrorIs(t, err, booking.ErrTaken)
	_, err = desk.Reservation(ctx, booking.Ref{Unit: "flat", ID: "deposit"})
	require.ErrorIs(t, err, booking.ErrUnknown)
}

// A guest who is there cannot be moved to begin tomorrow: there would be no place for tonight.
func TestNoPlaceForTonight(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base.Add(16 * time.Hour)
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat", Zone: "Europe/Moscow"}})
	require.NoError(t, err)
	ref := booking.Ref{Unit: "flat", ID: "guest"}
	_, err = desk.Do(ctx, booking.Hold{ID: "guest", Unit: "flat", Span: nightSpan(0, 3)}, booking.Confirm{Ref: ref}, booking.CheckIn{Ref: ref})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Move{Ref: ref, Claims: []booking.Claim{{Unit: "flat", Span: nightSpan(1, 3)}}})
	require.ErrorIs(t, err, booking.ErrRefused)
	_, err = desk.Do(ctx, booking.Move{Ref: ref, Claims: []booking.Claim{{Unit: "flat", Span: nightSpan(0, 2)}}})
	require.NoError(t, err)
}
