package main

import (
	"context"
	"errors"
	"os"
	"path/filepath"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgbooking"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
)

// A stage is an empty store that a seed plays on.
type stage struct {
	name  string
	store booking.Store
	feed  booking.Feed
	due   booking.Due
	close func()

	// plant puts a fault between the desks and the gate, so that tests see it found.
	// Defaults to none.
	plant func(booking.Store) booking.Store
}

// backends are what stages are made of.
type backends struct {
	postgres string // its URL; "": none here
	close    func()
}

func openBackends() (*backends, error) {
	url, drop, err := pgtest.Open()
	if errors.Is(err, pgtest.ErrNone) {
		return &backends{close: func() {}}, nil
	}
	if err != nil {
		return nil, err
	}
	b := &backends{postgres: url, close: func() { _ = drop() }}
	pool, err := pgxpool.New(context.Background(), url)
	if err != nil {
		return nil, err
	}
	defer pool.Close()
	return b, postgres.Apply(context.Background(), pool, "booking")
}

// open makes the seed's stage: half of the seeds play in memory, the others on SQLite and, fewer,
// on PostgreSQL.
func (b *backends) open(seed int64) (stage, error) {
	switch {
	case seed%10 >= 8 && b.postgres != "":
		return openPostgres(b.postgres)
	case seed%10 >= 5:
		return openSQLite()
	}
	return openMemory(), nil
}

func openMemory() stage {
	m := booking.NewMemory()
	return stage{name: "memory", store: m, feed: m, due: m, close: func() {}}
}

func openSQLite() (stage, error) {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "tenure-sim-")
	if err != nil {
		return stage{}, err
	}
	db, s, err := openFile(ctx, filepath.Join(dir, "office.db"))
	if err != nil {
		return stage{}, err
	}
	return stage{name: "sqlite", store: s, feed: s, due: s, close: func() {
		db.Close()
		os.RemoveAll(dir)
	}}, nil
}

func openFile(ctx context.Context, file string) (*sqlite.DB, *litebooking.Store, error) {
	db, err := sqlite.Open(ctx, file)
	if err != nil {
		return nil, nil, err
	}
	if err := sqlite.Apply(ctx, db, "booking"); err != nil {
		return nil, nil, err
	}
	s, err := litebooking.New(ctx, db)
	return db, s, err
}

// openPostgres connects anew: a connection has timers, which belong to the bubble they were made in.
func openPostgres(url string) (stage, error) {
	ctx := context.Background()
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return stage{}, err
	}
	_, err = pool.Exec(ctx, `truncate tenure_booking_key, tenure_booking_event, tenure_booking_row; update tenure_booking_feed set n = 0`)
	if err != nil {
		pool.Close()
		return stage{}, err
	}
	s, err := pgbooking.New(ctx, pool)
	return stage{name: "postgres", store: s, feed: s, due: s, close: pool.Close}, err
}
