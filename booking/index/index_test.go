package index_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/index"
)

var (
	june = date.New(2027, time.June, 1)
	noon = time.Date(2027, 5, 20, 12, 0, 0, 0, time.UTC)
)

func nights(from, to int) booking.Span {
	s, err := booking.Nights(june+date.Date(from), june+date.Date(to))
	if err != nil {
		panic(err)
	}
	return s
}

// An index that was loaded and one that followed from the beginning answer alike, and go on alike.
func TestLoadedAndFollowed(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	mem := booking.NewMemory()
	now := noon
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return now }})
	require.NoError(t, err)
	units := []booking.UnitID{"a", "b", "c"}
	for _, u := range units {
		_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: u, Capacity: len(u) + int(u[0]-'a')}})
		require.NoError(t, err)
	}
	for i := range 20 {
		now = now.Add(time.Minute)
		_, _ = desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(fmt.Sprint(i)), Unit: units[i%3], Span: nights(i%7, i%7+3), Policy: booking.PolicyQueue})
	}
	cals, err := mem.Load(ctx, booking.Query{Units: units, Window: nights(0, 100)})
	require.NoError(t, err)
	loaded, followed := index.New(june, 100), index.New(june, 100)
	require.NoError(t, loaded.Load(cals...))
	events, cursor, err := mem.Since(ctx, "", 1000)
	require.NoError(t, err)
	require.NoError(t, followed.Apply(events...))
	same := func() {
		for from := range 12 {
			for _, count := range []int{1, 2, 3} {
				var a, b index.Set
				require.True(t, loaded.Free(&a, nights(from, from+2), count, now))
				require.True(t, followed.Free(&b, nights(from, from+2), count, now))
				require.Equal(t, slices.Sorted(a.All()), slices.Sorted(b.All()))
				require.Equal(t, a.Len(), len(slices.Collect(a.All())))
			}
			for _, u := range units {
				require.Equal(t, loaded.Status(u, nights(from, from+1), now), followed.Status(u, nights(from, from+1), now))
			}
		}
	}
	same()
	now = now.Add(14 * time.Minute) // the first holds lapse, nobody ticks
	same()
	_, err = desk.Tick(ctx, mem, 100)
	require.NoError(t, err)
	events, _, err = mem.Since(ctx, cursor, 1000)
	require.NoError(t, err)
	require.NotEmpty(t, events)
	require.NoError(t, loaded.Apply(events...))
	require.NoError(t, followed.Apply(events...))
	same()
}

func TestWhatAnIndexRefuses(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	mem := booking.NewMemory()
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "a"}})
	require.NoError(t, err)
	_, err = desk.Hold(ctx, booking.Hold{ID: "h", Unit: "a", Span: nights(1, 3)})
	require.NoError(t, err)
	events, _, err := mem.Since(ctx, "", 10)
	require.NoError(t, err)

	x := index.New(june, 30)
	var gap *index.GapError
	require.ErrorAs(t, x.Apply(events[1:]...), &gap)
	require.Equal(t, index.GapError{Unit: "a", Had: 0, Got: 2}, *gap)
	require.Contains(t, gap.Text("ru"), "загрузите")
	cals, err := mem.Load(ctx, booking.Query{Units: []booking.UnitID{"a"}, Window: nights(0, 3)})
	require.NoError(t, err)
	require.ErrorIs(t, x.Load(cals...), booking.ErrInvalid)

	var set index.Set
	require.Zero(t, set.Len())
	require.Empty(t, slices.Collect(set.All()))
	require.False(t, x.Free(&set, nights(29, 31), 1, noon), "beyond the last day")
	require.False(t, x.Free(&set, nights(-1, 2), 1, noon), "before the first")
	require.False(t, x.Free(&set, booking.Span{}, 1, noon))
	require.Equal(t, booking.StatusUnknown, x.Status("nobody", nights(1, 2), noon))

	require.NoError(t, x.Apply(events...))
	require.Equal(t, booking.StatusHeld, x.Status("a", nights(1, 2), noon))
	require.True(t, x.Free(&set, nights(3, 5), 1, noon))
	set.And(x.Only("a", "nobody"))
	require.Equal(t, []booking.UnitID{"a"}, slices.Collect(set.All()))
	set.And(x.Only())
	require.Zero(t, set.Len())
}

// Searches, deadlines and events from many goroutines.
func TestConcurrent(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	mem := booking.NewMemory()
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	for i := range 100 {
		u := booking.UnitID(fmt.Sprint("u", i))
		_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: u}})
		require.NoError(t, err)
		_, err = desk.Hold(ctx, booking.Hold{ID: "h", Unit: u, Span: nights(i%10, i%10+2), TTL: time.Duration(i+1) * time.Minute})
		require.NoError(t, err)
	}
	events, _, err := mem.Since(ctx, "", 1000)
	require.NoError(t, err)
	x := index.New(june, 30)
	var wg sync.WaitGroup
	wg.Go(func() {
		for _, e := range events {
			if err := x.Apply(e); err != nil {
				t.Error(err)
			}
		}
	})
	for range 4 {
		wg.Go(func() {
			var set index.Set
			for i := range 200 {
				x.Free(&set, nights(3, 5), 1, noon.Add(time.Duration(i)*time.Minute))
				for u := range set.All() {
					x.Status(u, nights(3, 5), noon)
				}
			}
		})
	}
	wg.Wait()
	var set index.Set
	require.True(t, x.Free(&set, nights(0, 29), 1, noon.Add(3*time.Hour)))
	require.Equal(t, 100, set.Len(), "every hold has lapsed")
}

// A search for 5 nights among 100,000 units over 730 days.
func BenchmarkFree(b *testing.B) {
	x := filled(b, 100_000)
	var set index.Set
	span := nights(300, 305)
	x.Free(&set, span, 1, noon)
	b.ReportAllocs()
	for b.Loop() {
		if !x.Free(&set, span, 1, noon) {
			b.Fatal("not known")
		}
	}
	b.ReportMetric(float64(set.Len()), "found")
}

func filled(b testing.TB, units int) *index.Index {
	x := index.New(june, 730)
	cals := make([]booking.Calendar, 0, units)
	for i := range units {
		c := booking.Calendar{Head: booking.Head{Unit: booking.Unit{ID: booking.UnitID(fmt.Sprint("u", i)), Capacity: 1, Zone: "UTC"}, Clock: noon}, Version: 1, Window: nights(0, 730)}
		for j := range 8 {
			from := (i*37 + j*90) % 720
			s := nights(from, from+1+i%9)
			c.Reservations = append(c.Reservations, booking.Reservation{ID: booking.ReservationID(fmt.Sprint(j)), State: booking.StateConfirmed,
				Claims: []booking.Claim{{Unit: c.Unit.ID, Span: s, Count: 1, Busy: s}}})
		}
		cals = append(cals, c)
	}
	require.NoError(b, x.Load(cals...))
	return x
}

// Law 11 for an index that was loaded: what lies just behind its days can keep a stay off them by
// the turnover, and a sale by being there.
func TestLoadedTooShort(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	mem := booking.NewMemory()
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "a", Turnover: booking.Turnover{Nights: 2}}})
	require.NoError(t, err)
	_, err = desk.Hold(ctx, booking.Hold{ID: "h", Unit: "a", Span: nights(31, 33)})
	require.NoError(t, err)
	x := index.New(june, 30)
	free := func(s booking.Span) bool {
		var set index.Set
		require.True(t, x.Free(&set, s, 1, noon))
		return set.Len() > 0
	}
	load := func(window booking.Span) error {
		cals, err := mem.Load(ctx, booking.Query{Units: []booking.UnitID{"a"}, Window: window})
		require.NoError(t, err)
		return x.Load(cals...)
	}
	if err := load(nights(0, 30)); err == nil {
		require.False(t, free(nights(29, 30)))
	}
	require.NoError(t, load(nights(0, 32)))
	require.False(t, free(nights(29, 30)))
	require.True(t, free(nights(28, 29)))

	_, err = desk.Cancel(ctx, booking.Cancel{Ref: booking.Ref{Unit: "a", ID: "h"}})
	require.NoError(t, err)
	far, err := desk.Hold(ctx, booking.Hold{ID: "far", Unit: "a", Span: nights(100, 103)})
	require.NoError(t, err)
	sale := booking.NightsFrom(june + 20)
	require.NoError(t, load(nights(0, 90)))
	require.True(t, free(nights(20, 25)))
	require.False(t, free(sale), "what lies behind the window is not known")
	require.NoError(t, load(booking.NightsFrom(june)))
	require.False(t, free(sale))
	_, err = desk.Cancel(ctx, booking.Cancel{Ref: far.Ref()})
	require.NoError(t, err)
	require.NoError(t, load(booking.NightsFrom(june)))
	require.True(t, free(sale))
}
