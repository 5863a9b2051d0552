package booking_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
)

var june = date.New(2027, time.June, 1)

func nights(t testing.TB, from, to int) booking.Span {
	t.Helper()
	s, err := booking.Nights(june+date.Date(from), june+date.Date(to))
	require.NoError(t, err)
	return s
}

func newFlat(b testing.TB, stays int) (*booking.Desk, *booking.Memory) {
	mem := booking.NewMemory()
	now := time.Date(2027, 5, 1, 12, 0, 0, 0, time.UTC)
	desk, err := booking.New(booking.Config{Store: mem, Now: func() time.Time { return now }})
	require.NoError(b, err)
	ctx := context.Background()
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat-12", Zone: "Europe/Moscow"}})
	require.NoError(b, err)
	for i := range stays {
		h, err := desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(fmt.Sprint("stay-", i)), Unit: "flat-12", Span: nights(b, 6*i, 6*i+3), Holder: "card"})
		require.NoError(b, err)
		_, err = desk.Confirm(ctx, booking.Confirm{Ref: h.Ref()})
		require.NoError(b, err)
	}
	return desk, mem
}

// A hold on a flat with 64 stays; the one before it was cancelled.
func BenchmarkHold(b *testing.B) {
	desk, _ := newFlat(b, 64)
	ctx := context.Background()
	span := nights(b, 6*30+3, 6*30+6)
	var took []time.Duration
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		id := booking.ReservationID("lead-" + strconv.Itoa(n))
		n++
		start := time.Now()
		h, err := desk.Hold(ctx, booking.Hold{ID: id, Unit: "flat-12", Span: span, Holder: "card-9"})
		took = append(took, time.Since(start))
		if err != nil {
			b.Fatal(err)
		}
		if _, err = desk.Cancel(ctx, booking.Cancel{Ref: h.Ref()}); err != nil {
			b.Fatal(err)
		}
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[0].Nanoseconds()), "best-ns/hold")
	b.ReportMetric(float64(took[n/2].Nanoseconds()), "middle-ns/hold")
}

func BenchmarkFree(b *testing.B) {
	desk, _ := newFlat(b, 64)
	cals, err := desk.Calendar(context.Background(), nights(b, 0, 365), "flat-12")
	require.NoError(b, err)
	span := nights(b, 6*30+3, 6*30+6)
	b.ReportAllocs()
	for b.Loop() {
		if n, ok := cals[0].Free(span); n != 1 || !ok {
			b.Fatal(n, ok)
		}
	}
}
