// Command tours plays the season of a tour operator: what its partners book, and what becomes of
// it.
//
//	go run ./examples/tours
//	go run ./examples/tours -db tours.db -seed 7
//	go run ./examples/tours -postgres postgres://localhost/crm -lang en
//
// It ends with a table of facts, each computed by other code than what did the work.
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

// options are what every chapter is told.
type options struct {
	db, postgres, lang, dir string
	seed                    uint64
	out                     io.Writer
	checks                  *show.Checks
}

// chapters are played in order.
var chapters = []func(ctx context.Context, o options) error{
	reservations,
	vouchers,
	func(ctx context.Context, o options) error { return letters(ctx, o.out, o.checks) },
}

func main() {
	o := options{out: os.Stdout, checks: new(show.Checks)}
	flag.StringVar(&o.db, "db", "", "keep everything in this SQLite file")
	flag.StringVar(&o.postgres, "postgres", "", "keep everything in this PostgreSQL, a URL")
	flag.StringVar(&o.lang, "lang", "ru", "language of titles and reasons: en or ru")
	flag.StringVar(&o.dir, "out", "", "write documents into this folder")
	flag.Uint64Var(&o.seed, "seed", 1, "what is drawn")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for _, chapter := range chapters {
		if err := chapter(ctx, o); err != nil {
			fmt.Fprintln(os.Stderr, "tours:", err)
			os.Exit(1)
		}
	}
	os.Exit(o.checks.Print(o.out))
}
