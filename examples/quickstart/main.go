// Command quickstart defines a flat, holds it, refuses the next caller and says why, confirms, and
// finds all of it again after a restart.
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
	dir := must(os.MkdirTemp("", "quickstart-"))
	defer os.RemoveAll(dir)
	ctx, file := context.Background(), filepath.Join(dir, "bookings.db")
	week := must(booking.Nights(date.NewAt(time.Now())+7, date.NewAt(time.Now())+14))

	desk, stop := open(ctx, file)
	must(desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: "flat-12"}})) // once, before its first hold
	hold := must(desk.Hold(ctx, booking.Hold{ID: "lead-71", Unit: "flat-12", Span: week, Holder: "card-9"}))
	fmt.Println("lead-71:", hold.State, "until", hold.Deadline.Format(time.TimeOnly))
	_, refusal := desk.Hold(ctx, booking.Hold{ID: "lead-72", Unit: "flat-12", Span: week, Holder: "card-4"})
	fmt.Println("lead-72:", refusal) // who is in the way, and when the flat is free next
	must(desk.Confirm(ctx, booking.Confirm{Ref: hold.Ref()}))
	stop()

	desk, stop = open(ctx, file) // another process, another day
	found := must(desk.Reservation(ctx, hold.Ref()))
	stop()
	if refusal == nil || found.State != booking.StateConfirmed {
		log.Fatal("the flat must have one guest, and keep him: ", found.State)
	}
	fmt.Println("after a restart:", found.ID, "is", found.State)
}

// open returns a desk over an SQLite file, and what closes it.
func open(ctx context.Context, file string) (*booking.Desk, func() error) {
	db := must(sqlite.Open(ctx, file))
	must(db, sqlite.Apply(ctx, db, "booking"))
	store := must(litebooking.New(ctx, db))
	return must(booking.New(booking.Config{Store: store})), db.Close
}

func must[T any](v T, err error) T {
	if err != nil {
		log.Fatal(err)
	}
	return v
}
