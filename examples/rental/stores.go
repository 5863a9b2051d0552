package main

import (
	"context"

	"github.com/tenure-go/tenure/booking"
)

// stores is where the example keeps its bookings.
type stores struct {
	store booking.Store
	feed  booking.Feed
	close func()
}

func openStores(_ context.Context, _ options) (stores, error) {
	mem := booking.NewMemory()
	return stores{store: mem, feed: mem, close: func() {}}, nil
}
