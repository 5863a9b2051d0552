// Newbuild follows the buyers of a new building from their first inquiry on.
//
//	go run ./examples/newbuild
//	go run ./examples/newbuild -db office.db -lang ru
//	go run ./examples/newbuild -postgres postgres://localhost/office
//
// Each chapter plays a part of the work with packages of tenure, on stores in memory, in an SQLite
// file or in PostgreSQL; the facts in the table at the end are computed by other code than the code
// that did the work. The program exits with 0 only if all of them hold.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/sqlite"
)

// A world is what the chapters share.
type world struct {
	lang   string // "en" or "ru": of reasons and refusals
	out    string // a folder for what is written; "": nothing is
	seed   uint64
	clock  *show.Clock
	checks *show.Checks
	lite   *sqlite.DB    // nil unless -db
	pg     *pgxpool.Pool // nil unless -postgres
}

// apply creates a package's tables where the chapters run on a database.
func (w *world) apply(ctx context.Context, part string) error {
	switch {
	case w.pg != nil:
		return postgres.Apply(ctx, w.pg, part)
	case w.lite != nil:
		return sqlite.Apply(ctx, w.lite, part)
	}
	return nil
}

func main() {
	if was, err := lived(context.Background()); was {
		if err != nil {
			fmt.Fprintln(os.Stderr, "newbuild: a seller:", err)
			os.Exit(1)
		}
		return
	}
	db := flag.String("db", "", "an SQLite file to keep the cards in")
	url := flag.String("postgres", "", "the URL of a PostgreSQL to keep the cards in")
	lang := flag.String("lang", "en", "the language of reasons: en or ru")
	out := flag.String("out", "", "a folder for documents and charts")
	seed := flag.Uint64("seed", 1, "of whatever is random")
	flag.Parse()

	w := &world{lang: *lang, out: *out, seed: *seed, checks: &show.Checks{},
		clock: show.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))}
	if err := run(context.Background(), w, *db, *url); err != nil {
		fmt.Fprintln(os.Stderr, "newbuild:", err)
		os.Exit(1)
	}
	os.Exit(w.checks.Print(os.Stdout))
}

func run(ctx context.Context, w *world, db, url string) (err error) {
	if db != "" {
		if w.lite, err = sqlite.Open(ctx, db); err != nil {
			return err
		}
		defer w.lite.Close()
	}
	if url != "" {
		if w.pg, err = pgxpool.New(ctx, url); err != nil {
			return err
		}
		defer w.pg.Close()
	}
	for _, chapter := range []func(context.Context, *world) error{
		inquiries,
		office,
		papers,
		func(_ context.Context, w *world) error { return money(drawHouse(w.seed), w.lang, w.out, w.checks) },
	} {
		if err := chapter(ctx, w); err != nil {
			return err
		}
	}
	return nil
}
