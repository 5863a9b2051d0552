// Command autocredit plays the days of a car dealer: forms pick pipelines, a sale goes to credit of its city,
// a win is refused until everything is there, and a clock of 30 seconds runs over night and holiday.
//
//	go run ./examples/autocredit
//	go run ./examples/autocredit -db deals.db
//	go run ./examples/autocredit -postgres postgres://localhost/crm -lang en
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

func main() {
	db := flag.String("db", "", "keep the deals in this SQLite file")
	url := flag.String("postgres", "", "keep the deals in this PostgreSQL, a URL")
	lang := flag.String("lang", "ru", "language of titles and reasons: en or ru")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	os.Exit(run(ctx, os.Stdout, os.Stderr, *db, *url, *lang))
}

// run returns the exit status: 0, 1 if a check or a store failed, 2 if the flags cannot be used.
func run(ctx context.Context, out, errs io.Writer, db, url, lang string) int {
	if lang != "en" && lang != "ru" {
		fmt.Fprintf(errs, "autocredit: -lang %q: must be en or ru\n", lang)
		return 2
	}
	s, closing, err := openStore(ctx, db, url)
	if err != nil {
		fmt.Fprintln(errs, "autocredit:", err)
		return 1
	}
	defer closing()
	var checks show.Checks
	if err := play(ctx, out, s, lang, &checks); err != nil {
		fmt.Fprintln(errs, "autocredit:", err)
		return 1
	}
	return checks.Print(out)
}
