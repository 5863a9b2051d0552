// Command rental replays a season of a house: every booking asks for a room from one of many
// goroutines, guests arrive, leave, cancel or do not come, and an independent ledger checks that no
// night was ever sold twice.
//
//	go run ./examples/rental
//	go run ./examples/rental -in bookings.csv.gz -rooms 95
//	go run ./examples/rental -db season.db
//	go run ./examples/rental -postgres postgres://localhost/season
//
// The file has the columns of the public hotel booking demand set (Antonio, Almeida, Nunes, Data
// in Brief 22, 2019): lead_time, arrival_date_year, arrival_date_month, arrival_date_day_of_month,
// stays_in_weekend_nights, stays_in_week_nights, assigned_room_type, reservation_status (Check-Out,
// Canceled, No-Show) and reservation_status_date.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"

	"github.com/tenure-go/tenure/examples/internal/show"
)

type options struct {
	in, db, postgres string
	out              string
	seed             uint64
	rooms            int
}

func main() {
	var o options
	flag.StringVar(&o.in, "in", "", "a file of bookings, plain or .gz (default: the example's own)")
	flag.IntVar(&o.rooms, "rooms", 100, "rooms in per cent of the highest demand, 1 to 100; below 100 every other row would rather wait")
	flag.StringVar(&o.db, "db", "", "keep the bookings in this SQLite file")
	flag.StringVar(&o.postgres, "postgres", "", "keep the bookings in this PostgreSQL, a URL")
	flag.StringVar(&o.out, "out", "", "write a page of forecasts into this folder")
	flag.Uint64Var(&o.seed, "seed", 1, "of the house that is forecast")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Stdout, os.Stderr, o))
}

// run returns the exit status: 0, 1 if a check or a store failed, 2 if the input cannot be used.
func run(ctx context.Context, out, errs io.Writer, o options) int {
	fail := func(status int, err error) int {
		fmt.Fprintln(errs, "rental:", err)
		return status
	}
	if o.rooms < 1 || o.rooms > 100 {
		return fail(2, fmt.Errorf("-rooms %d: must be from 1 to 100", o.rooms))
	}
	stays, bad, err := readFile(o.in)
	if err != nil {
		return fail(2, err)
	}
	for i, row := range bad {
		if i == 20 {
			fmt.Fprintf(errs, "rental: and %d more rows that cannot be read\n", len(bad)-i)
			break
		}
		fmt.Fprintln(errs, "rental:", row)
	}
	if len(stays) == 0 {
		return fail(2, fmt.Errorf("no row can be read; a right one is 5,2027,June,15,0,2,A,Check-Out,2027-06-17 under the columns' names"))
	}
	s, err := openStores(ctx, o)
	if err != nil {
		return fail(1, err)
	}
	defer s.close()
	var checks show.Checks
	if err := play(ctx, out, s, stays, o.rooms, &checks); err != nil {
		return fail(1, err)
	}
	for _, chapter := range []func(context.Context, io.Writer, *show.Checks) error{calendars, messages} {
		if err := chapter(ctx, out, &checks); err != nil {
			return fail(1, err)
		}
	}
	if err := rooms(drawRooms(o.seed), o.out, &checks); err != nil {
		return fail(1, err)
	}
	return checks.Print(out)
}
