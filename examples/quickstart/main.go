// Command quickstart defines a flat, holds it, is refused, confirms, and finds all of it again after
// a restart.
//
//	go run ./examples/quickstart
package main

import (
	"context"
	"fmt"
	"log"
	"os"
	"path/filepath"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
)

func main() {
	dir, err := os.MkdirTemp("", "quickstart-")
	check(err)
	defer os.RemoveAll(dir)
	file, ctx := filepath.Join(dir, "bookings.db"), context.Background()
	span, err := booking.Nights(date.NewAt(time.Now())+7, date.NewAt(time.Now())+14)
	check(err)

	desk, stop := open(ctx, file)
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat-12"}}) // once, before its first hold
	check(err)
	hold, err := desk.Hold(ctx, booking.Hold{ID: "lead-71", Unit: "flat-12", Span: span, Holder: "card-9"})
	check(err)
	fmt.Println("lead-71:", hold.State, "until", hold.Deadline.Format(time.TimeOnly))
	_, err = desk.Hold(ctx, booking.Hold{ID: "lead-72", Unit: "flat-12", Span: span, Holder: "card-4"})
	fmt.Println("lead-72:", err) // who is in the way, and when it is free next
	_, err = desk.Confirm(ctx, booking.Confirm{Ref: hold.Ref()})
	check(err)
	stop()

	desk, stop = open(ctx, file) // another process, another day
	defer stop()
	r, err := desk.Reservation(ctx, hold.Ref())
	check(err)
	fmt.Println("after a restart:", r.ID, "is", r.State)
}

// open returns a desk over a SQLite file, and what closes it.
func open(ctx context.Context, file string) (*booking.Desk, func()) {
	db, err := sqlite.Open(ctx, file)
	check(err)
	check(sqlite.Apply(ctx, db, "booking"))
	store, err := litebooking.New(ctx, db)
	check(err)
	desk, err := booking.New(booking.Config{Store: store})
	check(err)
	return desk, func() { check(db.Close()) }
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}
