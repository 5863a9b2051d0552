// Command callcenter reports a week of calls: what was answered, what was missed and not returned,
// who answered how fast, by group, line and operator, and against the week before.
//
//	go run ./examples/callcenter -out out
//	go run ./examples/callcenter -lang ru -seed 7
//
// It ends with a table of facts, each computed by other code than what did the work.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"os/signal"

	"github.com/tenure-go/tenure/examples/internal/show"
)

// options are what every chapter is told.
type options struct {
	db, postgres, lang, out string
	seed                    uint64
	checks                  *show.Checks
}

// chapters are played in order.
var chapters = []func(ctx context.Context, o options) error{
	calls,
}

func main() {
	o := options{checks: new(show.Checks)}
	flag.StringVar(&o.db, "db", "", "keep what the chapters keep in this SQLite file; reports keep nothing")
	flag.StringVar(&o.postgres, "postgres", "", "keep what the chapters keep in this PostgreSQL, a URL; reports keep nothing")
	flag.StringVar(&o.lang, "lang", "en", "language of the tables: en or ru")
	flag.StringVar(&o.out, "out", "", "a folder for the page")
	flag.Uint64Var(&o.seed, "seed", 1, "what is drawn")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	for _, chapter := range chapters {
		if err := chapter(ctx, o); err != nil {
			fmt.Fprintln(os.Stderr, "callcenter:", err)
			os.Exit(1)
		}
	}
	os.Exit(o.checks.Print(os.Stdout))
}
