package bookingtest

import (
	"fmt"
	"testing"

	"github.com/tenure-go/tenure/booking"
)

// BenchmarkStore measures a desk over the store: a hold and its confirmation on one of 100 flats.
func BenchmarkStore(b *testing.B, open func(*testing.B) booking.Store) {
	ctx := b.Context()
	desk, err := newDesk(open(b), now)
	if err != nil {
		b.Fatal(err)
	}
	units := make([]booking.UnitID, 100)
	for i := range units {
		units[i] = mint()
		if _, err := desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: units[i]}}); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	n := 0
	for b.Loop() {
		from := n / len(units) % 7000
		h, err := desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(fmt.Sprint("h-", n)), Unit: units[n%len(units)], Span: nights(from, from+1)})
		if err != nil {
			b.Fatal(err)
		}
		if _, err := desk.Confirm(ctx, booking.Confirm{Ref: h.Ref()}); err != nil {
			b.Fatal(err)
		}
		n++
	}
}
