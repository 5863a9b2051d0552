package channel_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/ical"
	"github.com/tenure-go/tenure/internal/pgtest"
)

// The glue: a plan as commands for one Do, and a clash with our own booking that waits.
func ExampleFeed_Commands() {
	ctx := context.Background()
	desk, err := booking.New(booking.Config{Store: booking.NewMemory(), Now: clock})
	if err != nil {
		fmt.Println(err)
		return
	}
	ours, err := booking.Nights(june(7), june(9))
	if err != nil {
		fmt.Println(err)
		return
	}
	_, err = desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: unit}}, booking.Block{ID: "painters", Unit: unit, Span: ours})
	if err != nil {
		fmt.Println(err)
		return
	}
	plan, _ := ical.Reconcile(ical.State{}, pollAt(1, 8, 20), airbnb.Policy)
	cmds, err := airbnb.Commands(plan)
	if err != nil {
		fmt.Println(err)
		return
	}
	result, err := desk.Do(ctx, cmds...)
	fmt.Println(err)
	for _, r := range result.All {
		fmt.Println(r.ID, r.Claims[0].Span, r.State)
	}
	// Output:
	// <nil>
	// airbnb/stay-1@airbnb.example 2026-06-08/2026-06-10 queued
	// airbnb/stay-2@airbnb.example 2026-06-20/2026-06-22 blocked
}

// follow applies three polls of one feed to an office and prints what the unit has after each: a
// crash falls between the second and its commit, and then it is applied again.
func follow(ctx context.Context, o office) error {
	if _, err := o.desk().Do(ctx, booking.Define{Unit: booking.Unit{ID: unit}}); err != nil {
		return err
	}
	for _, step := range []struct {
		what   string
		days   []int
		before func() error
	}{
		{"two stays", []int{8, 20}, fine},
		{"the first moved, a third; but a crash", []int{9, 20, 25}, func() error { return errCrash }},
		{"the same poll again", []int{9, 20, 25}, fine},
	} {
		_, err := o.apply(ctx, airbnb, pollAt(1, step.days...), step.before)
		all, err2 := booked(ctx, o)
		if err2 != nil {
			return err2
		}
		fmt.Println(step.what, "->", err)
		for _, line := range all {
			fmt.Println("  ", line)
		}
	}
	return nil
}

func ExampleFeed_sQLite() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "office")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	o, err := openLite(ctx, filepath.Join(dir, "office.db"), clock)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer o.db.Close()
	if err := follow(ctx, o); err != nil {
		fmt.Println(err)
	}
	// Output:
	// two stays -> <nil>
	//    airbnb/stay-1@airbnb.example 2026-06-08/2026-06-10 blocked
	//    airbnb/stay-2@airbnb.example 2026-06-20/2026-06-22 blocked
	// the first moved, a third; but a crash -> crash
	//    airbnb/stay-1@airbnb.example 2026-06-08/2026-06-10 blocked
	//    airbnb/stay-2@airbnb.example 2026-06-20/2026-06-22 blocked
	// the same poll again -> <nil>
	//    airbnb/stay-1@airbnb.example 2026-06-09/2026-06-11 blocked
	//    airbnb/stay-2@airbnb.example 2026-06-20/2026-06-22 blocked
	//    airbnb/stay-3@airbnb.example 2026-06-25/2026-06-27 blocked
}

func ExampleFeed_postgreSQL() {
	ctx := context.Background()
	url, drop, err := pgtest.Open()
	if err != nil {
		fmt.Println(err)
		return
	}
	defer func() { _ = drop() }()
	o, err := openLarge(ctx, url, clock)
	if err != nil {
		fmt.Println(err)
		return
	}
	defer o.pool.Close()
	if err := follow(ctx, o); err != nil {
		fmt.Println(err)
	}
	// Output:
	// two stays -> <nil>
	//    airbnb/stay-1@airbnb.example 2026-06-08/2026-06-10 blocked
	//    airbnb/stay-2@airbnb.example 2026-06-20/2026-06-22 blocked
	// the first moved, a third; but a crash -> crash
	//    airbnb/stay-1@airbnb.example 2026-06-08/2026-06-10 blocked
	//    airbnb/stay-2@airbnb.example 2026-06-20/2026-06-22 blocked
	// the same poll again -> <nil>
	//    airbnb/stay-1@airbnb.example 2026-06-09/2026-06-11 blocked
	//    airbnb/stay-2@airbnb.example 2026-06-20/2026-06-22 blocked
	//    airbnb/stay-3@airbnb.example 2026-06-25/2026-06-27 blocked
}
