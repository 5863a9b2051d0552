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

// What a calendar shows: a status for a span, a row for a day, on both axes.
func TestCalendarShows(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base.Add(12 * time.Hour)
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "pool", Capacity: 4, Zone: "Europe/Moscow", Turnover: booking.Turnover{Nights: 1}}},
		booking.Define{Unit: booking.Unit{ID: "flat"}}, booking.Define{Unit: booking.Unit{ID: "hall", Axis: booking.AxisTimes, Zone: "Europe/Moscow", Capacity: 2}})
	require.NoError(t, err)
	hold := func(id, unit string, s booking.Span) booking.Ref {
		res, err := desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(id), Unit: booking.UnitID(unit), Span: s})
		require.NoError(t, err)
		return res.Ref()
	}
	hold("held", "pool", nightSpan(1, 3))
	_, err = desk.Confirm(ctx, booking.Confirm{Ref: hold("confirmed", "pool", nightSpan(2, 4))})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Block{ID: "repair", Unit: "pool", Span: nightSpan(2, 3)})
	require.NoError(t, err)
	_, err = desk.Confirm(ctx, booking.Confirm{Ref: hold("sale", "flat", booking.NightsFrom(june+5))})
	require.NoError(t, err)
	slot, err := booking.Between(base.Add(34*time.Hour), base.Add(35*time.Hour)) // 2 June, 10:00 in Moscow
	require.NoError(t, err)
	hold("meeting", "hall", slot)

	cals, err := desk.Calendar(ctx, nightSpan(0, 9), "pool", "flat", "hall")
	require.NoError(t, err)
	pool, flat, hall := &cals[0], &cals[1], &cals[2]
	require.Equal(t, booking.Day{Date: june + 2, Free: 1, Held: 1, Confirmed: 1, Blocked: 1, Known: true}, pool.Days(june+2, june+2)[0])
	require.Equal(t, booking.Day{Date: june + 3, Free: 1, Confirmed: 1, Blocked: 2, Known: true}, pool.Days(june+3, june+3)[0], "two are in turnover")
	require.False(t, pool.Days(june+300, june+300)[0].Known)
	require.Equal(t, booking.StatusFree, pool.Status(nightSpan(2, 3)), "a place is left")
	require.Equal(t, booking.StatusSold, flat.Status(nightSpan(6, 7)))
	require.Equal(t, booking.StatusFree, flat.Status(nightSpan(1, 5)))
	require.Equal(t, booking.StatusUnknown, flat.Status(nightSpan(200, 201)))
	require.Equal(t, booking.StatusUnknown, flat.Status(slot), "the other axis")
	require.Equal(t, booking.Day{Date: june + 1, Free: 1, Held: 1, Known: true}, hall.Days(june+1, june+1)[0])
	free, known := hall.Free(slot)
	require.True(t, known)
	require.Equal(t, 1, free)
	_, ok := flat.NextFree(nightSpan(6, 7), 1)
	require.False(t, ok, "sold for ever")
	next, ok := flat.NextFree(nightSpan(2, 4), 1)
	require.True(t, ok)
	require.Equal(t, nightSpan(2, 4), next)

	// A calendar that comes from elsewhere, without what was computed here, answers alike.
	text, err := json.Marshal(pool)
	require.NoError(t, err)
	var again booking.Calendar
	require.NoError(t, json.Unmarshal(text, &again))
	require.Equal(t, pool.Days(june, june+8), again.Days(june, june+8))
	a, _ := pool.Free(nightSpan(1, 3))
	b, known := again.Free(nightSpan(1, 3))
	require.True(t, known)
	require.Equal(t, a, b)
	require.Equal(t, pool.Plan(), again.Plan())

	in, out := pool.Unit.Stay(nightSpan(1, 3))
	require.Equal(t, "2027-06-02T12:00:00Z 2027-06-04T08:00:00Z", in.Format(time.RFC3339)+" "+out.Format(time.RFC3339))
	_, out = flat.Unit.Stay(booking.NightsFrom(june))
	require.True(t, out.IsZero(), "a sale has no departure")
}

func TestSpan(t *testing.T) {
	t.Parallel()
	a, b := nightSpan(1, 5), nightSpan(4, 9)
	require.True(t, a.Overlaps(b))
	require.False(t, a.Overlaps(nightSpan(5, 9)), "half-open")
	require.Equal(t, nightSpan(4, 5), a.Intersect(b))
	require.True(t, a.Contains(nightSpan(1, 5)))
	require.False(t, a.Contains(b))
	require.False(t, a.Contains(booking.Span{}))
	nights, length := a.Len()
	require.Equal(t, 4, nights)
	require.Zero(t, length)
	arrival, departure := a.Dates()
	require.Equal(t, june+1, arrival)
	require.Equal(t, june+5, departure)
	sale := booking.NightsFrom(june)
	require.True(t, sale.Forever())
	require.True(t, sale.Contains(a))
	_, err := booking.Nights(june, june)
	require.ErrorIs(t, err, booking.ErrInvalid)
	_, err = booking.Nights(date.New(-5, 1, 1), june)
	require.ErrorIs(t, err, booking.ErrInvalid)
	moment, err := booking.Between(base, base.Add(1500*time.Nanosecond))
	require.NoError(t, err)
	_, length = moment.Len()
	require.Equal(t, time.Microsecond, length, "whole microseconds")
	require.False(t, moment.Overlaps(a), "two axes")
	_, err = booking.Between(base, base.Add(900*time.Nanosecond))
	require.ErrorIs(t, err, booking.ErrInvalid)
}

// An empty ID is minted, so such a command is not repeatable; many claims of many places do not
// wrap around.
func TestMintedAndHuge(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := base
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "u", Capacity: 1_000_000}})
	require.NoError(t, err)
	one, err := desk.Hold(ctx, booking.Hold{Unit: "u", Span: nightSpan(1, 2)})
	require.NoError(t, err)
	two, err := desk.Hold(ctx, booking.Hold{Unit: "u", Span: nightSpan(1, 2)})
	require.NoError(t, err)
	require.NotEmpty(t, one.ID)
	require.NotEqual(t, one.ID, two.ID)

	huge := make([]booking.Claim, 499)
	for i := range huge {
		huge[i] = booking.Claim{Unit: "u", Span: nightSpan(5, 6), Count: 1_000_000}
	}
	var cmds []booking.Command
	for range 9 {
		cmds = append(cmds, booking.Hold{Unit: "u", Span: nightSpan(5, 6), Count: 1_000_000, And: huge})
	}
	_, err = desk.Do(ctx, cmds...)
	require.ErrorIs(t, err, booking.ErrTaken)
	_, err = booking.Decide([]booking.Calendar{{}, {}}, now, booking.Reset{Unit: "u"})
	require.ErrorIs(t, err, booking.ErrInvalid)
}
