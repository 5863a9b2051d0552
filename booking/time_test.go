package booking_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
)

// Law 2: over a closed set, At(t1) then At(t2) equals At(t2), and a Tick between changes no answer.
func TestAtTwice(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t)
		for range rapid.IntRange(3, 12).Draw(t, "holds") {
			r.now++
			r.model.lapse(r.now)
			r.hold(t)
		}
		whole := booking.Query{Units: []booking.UnitID{"a", "b", "c"}, Window: booking.NightsFrom(june - 30)}
		cals, err := r.mem.Load(context.Background(), whole)
		require.NoError(t, err)
		t1 := at(r.now + rapid.IntRange(0, 50).Draw(t, "t1"))
		t2 := t1.Add(time.Duration(rapid.IntRange(0, 3000).Draw(t, "later")) * time.Minute)
		first, need := booking.At(t1, cals...)
		require.Nil(t, need)
		twice, need := booking.At(t2, first...)
		require.Nil(t, need)
		once, need := booking.At(t2, cals...)
		require.Nil(t, need)
		require.Equal(t, once, twice)

		r.now = int(t1.Sub(base) / time.Minute)
		_, err = r.desk.Tick(context.Background(), r.mem, 100)
		require.NoError(t, err)
		ticked, err := r.mem.Load(context.Background(), whole)
		require.NoError(t, err)
		after, need := booking.At(t2, ticked...)
		require.Nil(t, need)
		for i, c := range once {
			require.Equal(t, liveOf(c, t2), liveOf(after[i], t2))
		}
	})
}

// liveOf is what a calendar answers: who has or waits for what, but not whether it was announced.
func liveOf(c booking.Calendar, now time.Time) map[booking.ReservationID]booking.Reservation {
	live := map[booking.ReservationID]booking.Reservation{}
	for _, r := range c.Reservations {
		if !r.State.Ended() {
			r.Unseen = false
			live[r.ID] = r
		}
	}
	return live
}

// Law 16: whatever the clock does, desk time only grows: every commit on a unit is later than the
// one before, nothing overlaps, and no hold blocks at its deadline.
func TestClockJumps(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		mem := booking.NewMemory()
		now := base
		desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return now }, MaxSkew: 1000 * time.Hour})
		require.NoError(t, err)
		for _, u := range []booking.UnitID{"x", "y"} {
			_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: u}})
			require.NoError(t, err)
		}
		for i := range rapid.IntRange(5, 25).Draw(t, "commands") {
			now = now.Add(time.Duration(rapid.IntRange(-60, 90).Draw(t, "minutes")) * time.Minute)
			from := rapid.IntRange(5, 9).Draw(t, "from")
			h := booking.Hold{ID: booking.ReservationID(fmt.Sprint(i)), Unit: "x", Span: nightSpan(from, from+2), Policy: booking.PolicyQueue}
			if rapid.Bool().Draw(t, "both") {
				h.And = []booking.Claim{{Unit: "y", Span: h.Span}}
			}
			_, err := desk.Hold(ctx, h)
			require.NoError(t, err)
			cals, err := desk.Calendar(ctx, nightSpan(0, 30), "x", "y")
			require.NoError(t, err)
			for _, c := range cals {
				require.False(t, c.Clock.Before(now.Truncate(time.Microsecond)))
				for _, r := range c.Reservations {
					require.True(t, r.State != booking.StateHeld || c.Clock.Before(r.Deadline))
				}
				for _, d := range c.Days(june, june+20) {
					require.LessOrEqual(t, d.Held+d.Confirmed, 1)
				}
			}
		}
		events, _, err := mem.Since(ctx, "", 1<<20)
		require.NoError(t, err)
		last := map[store.Key]booking.Event{}
		for _, e := range events {
			had := last[e.Key]
			require.False(t, e.At.Before(had.At), "commits go back in time")
			if e.Reservation != nil {
				require.False(t, e.Reservation.Since.After(e.At))
			}
			last[e.Key] = e
		}
	})
}

func nightSpan(from, to int) booking.Span {
	s, err := booking.Nights(june+date.Date(from), june+date.Date(to))
	if err != nil {
		panic(err)
	}
	return s
}

// A clock that ran ahead: commands are refused until it is reset.
func TestReset(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	mem := booking.NewMemory()
	now := base.Add(5 * time.Hour)
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "x"}})
	require.NoError(t, err)
	now = base
	var ahead *booking.ClockError
	_, err = desk.Hold(ctx, booking.Hold{ID: "h", Unit: "x", Span: nightSpan(3, 4)})
	require.ErrorAs(t, err, &ahead)
	require.Equal(t, booking.UnitID("x"), ahead.Unit)
	_, err = desk.Do(ctx, booking.Reset{Unit: "x", By: "admin"})
	require.NoError(t, err)
	res, err := desk.Do(ctx, booking.Reset{Unit: "x"})
	require.NoError(t, err)
	require.True(t, res.Replayed)
	h, err := desk.Hold(ctx, booking.Hold{ID: "h", Unit: "x", Span: nightSpan(3, 4)})
	require.NoError(t, err)
	require.WithinDuration(t, base, h.Since, time.Second)
	requireFold(t, mem, mem, "x")
}

// Law 15: the hours are those of the wall clock also on days of 23 and 25 hours.
func TestDaily(t *testing.T) {
	t.Parallel()
	day := func(m time.Month, d int) date.Date { return date.New(2027, m, d) }
	tests := []struct {
		name     string
		d        date.Date
		from, to clock.Clock
		want     string
	}{
		{"ordinary", day(6, 1), 9 * clock.Hour, 18 * clock.Hour, "2027-06-01T07:00:00Z/2027-06-01T16:00:00Z"},
		{"23 hours", day(3, 28), 0, clock.Day, "2027-03-27T23:00:00Z/2027-03-28T22:00:00Z"},
		{"25 hours", day(10, 31), 0, clock.Day, "2027-10-30T22:00:00Z/2027-10-31T23:00:00Z"},
		{"skipped begin goes forward", day(3, 28), 2*clock.Hour + 30*clock.Minute, 5 * clock.Hour, "2027-03-28T01:30:00Z/2027-03-28T03:00:00Z"},
		{"repeated end is the earlier", day(10, 31), clock.Hour, 2*clock.Hour + 30*clock.Minute, "2027-10-30T23:00:00Z/2027-10-31T00:30:00Z"},
		{"overnight", day(6, 1), 22 * clock.Hour, 6 * clock.Hour, "2027-06-01T20:00:00Z/2027-06-02T04:00:00Z"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			spans, err := booking.Daily(tt.d, tt.d, tt.from, tt.to, "Europe/Berlin")
			require.NoError(t, err)
			require.Len(t, spans, 1)
			require.Equal(t, tt.want, spans[0].String())
		})
	}
}

// Law 15 as a property: in any zone, on any day, Daily begins and ends at the wall clock's hours
// unless a clock change skipped them.
func TestDailyAnywhere(t *testing.T) {
	t.Parallel()
	zones := []string{"Europe/Berlin", "America/Santiago", "Australia/Lord_Howe", "Asia/Tehran", "America/Sao_Paulo", "Africa/Casablanca", "Asia/Novosibirsk", "Pacific/Apia"}
	rapid.Check(t, func(t *rapid.T) {
		zone := rapid.SampledFrom(zones).Draw(t, "zone")
		loc, err := time.LoadLocation(zone)
		require.NoError(t, err)
		d := date.New(2010, 1, 1) + date.Date(rapid.IntRange(0, 20*365).Draw(t, "day"))
		from := clock.Clock(rapid.IntRange(0, 23*60).Draw(t, "from")) * clock.Minute
		spans, err := booking.Daily(d, d, from, clock.Day, zone)
		require.NoError(t, err)
		if len(spans) == 0 {
			return // the rest of the day was skipped, as Samoa skipped 30 December 2011
		}
		begin, _ := spans[0].Times()
		naive := d.MidnightUTC().Add(time.Duration(from))
		shown := func(at time.Time) time.Time {
			at = at.In(loc)
			return time.Date(at.Year(), at.Month(), at.Day(), at.Hour(), at.Minute(), at.Second(), 0, time.UTC)
		}
		// Brute force: the first minute that shows the time, or that is past it.
		for at := naive.Add(-26 * time.Hour); ; at = at.Add(time.Minute) {
			if shown(at).Equal(naive) {
				require.Equal(t, at, begin, "%s %s %s", zone, d, from)
				return
			}
			if at.After(naive.Add(26 * time.Hour)) {
				break
			}
		}
		require.True(t, shown(begin).After(naive), "a time that was skipped goes forward: %s %s %s", zone, d, from)
	})
}

// Law 15: slots lie within the open hours and touch no claim, and none that would is left out.
func TestSlots(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		now := time.Date(2027, 10, 25, 12, 0, 0, 0, time.UTC)
		desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: func() time.Time { return now }})
		require.NoError(t, err)
		turnover := time.Duration(rapid.IntRange(0, 3).Draw(t, "turnover")) * 10 * time.Minute
		_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "manager", Axis: booking.AxisTimes, Turnover: booking.Turnover{Time: turnover}}})
		require.NoError(t, err)
		first := date.New(2027, 10, 30)
		open, err := booking.Daily(first, first+2, 0, 5*clock.Hour, "Europe/Berlin")
		require.NoError(t, err)
		var busy []booking.Span
		for i := range rapid.IntRange(0, 8).Draw(t, "claims") {
			o := rapid.SampledFrom(open).Draw(t, "open")
			from, _ := o.Times()
			from = from.Add(time.Duration(rapid.IntRange(0, 30).Draw(t, "ten minutes")) * 10 * time.Minute)
			s, err := booking.Between(from, from.Add(time.Duration(rapid.IntRange(1, 9).Draw(t, "length"))*10*time.Minute))
			require.NoError(t, err)
			if _, err := desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(fmt.Sprint(i)), Unit: "manager", Span: s}); err == nil {
				_, to := s.Times()
				s, _ = booking.Between(from, to.Add(turnover))
				busy = append(busy, s)
			}
		}
		window, err := booking.Nights(first-1, first+4)
		require.NoError(t, err)
		cals, err := desk.Calendar(ctx, window, "manager")
		require.NoError(t, err)
		got := booking.Slots(open, 30*time.Minute, 20*time.Minute, cals...)
		var want []booking.Span
		for _, o := range open {
			from, to := o.Times()
			for ; !from.Add(30 * time.Minute).After(to); from = from.Add(20 * time.Minute) {
				slot, _ := booking.Between(from, from.Add(30*time.Minute))
				taken, _ := booking.Between(from, from.Add(30*time.Minute+turnover))
				free := true
				for _, b := range busy {
					free = free && !b.Overlaps(taken)
				}
				if free {
					want = append(want, slot)
				}
			}
		}
		require.Equal(t, want, got)
	})
}
