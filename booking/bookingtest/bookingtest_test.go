package bookingtest_test

import (
	"testing"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/bookingtest"
)

func TestMemory(t *testing.T) {
	bookingtest.TestStore(t, func(*testing.T) booking.Store { return booking.NewMemory() })
}

func TestMemoryFeed(t *testing.T) {
	bookingtest.TestFeed(t, func(*testing.T) (booking.Store, booking.Feed) { m := booking.NewMemory(); return m, m })
}

func TestMemoryDue(t *testing.T) {
	bookingtest.TestDue(t, func(*testing.T) (booking.Store, booking.Due) { m := booking.NewMemory(); return m, m })
}

func BenchmarkMemory(b *testing.B) {
	bookingtest.BenchmarkStore(b, func(*testing.B) booking.Store { return booking.NewMemory() })
}
