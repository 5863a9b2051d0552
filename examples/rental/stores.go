package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgbooking"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
)

// reach is how long a database may take to answer for the first time.
const reach = 15 * time.Second

// stores is where the example keeps its bookings.
type stores struct {
	store booking.Store
	feed  booking.Feed
	due   booking.Due
	close func()
}

// openStores opens the database that the options name, or memory. A season is played from its
// first day, so the database must not hold another.
func openStores(ctx context.Context, o options) (stores, error) {
	ctx, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	var s stores
	var err error
	switch {
	case o.db != "" && o.postgres != "":
		err = errors.New("-db and -postgres: only one of them can keep the bookings")
	case o.db != "":
		s, err = openLite(ctx, o.db)
	case o.postgres != "":
		s, err = openPostgres(ctx, o.postgres)
	default:
		mem := booking.NewMemory()
		s = stores{store: mem, feed: mem, due: mem, close: func() {}}
	}
	if err != nil {
		return stores{}, fmt.Errorf("%s; without -db and -postgres the bookings are kept in memory", strings.Join(strings.Fields(err.Error()), " "))
	}
	events, _, err := s.feed.Since(ctx, "", 1)
	if err == nil && len(events) > 0 {
		err = errors.New("the database already holds a season: name a new file or an empty schema")
	}
	if err != nil {
		s.close()
		return stores{}, err
	}
	return s, nil
}

func openLite(ctx context.Context, file string) (stores, error) {
	db, err := sqlite.Open(ctx, file)
	if err != nil {
		return stores{}, err
	}
	var s *litebooking.Store
	if err = sqlite.Apply(ctx, db, "booking"); err == nil {
		s, err = litebooking.New(ctx, db)
	}
	if err != nil {
		db.Close()
		return stores{}, err
	}
	return stores{store: s, feed: s, due: s, close: func() { db.Close() }}, nil
}

func openPostgres(ctx context.Context, url string) (stores, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return stores{}, err
	}
	var s *pgbooking.Store
	if err = postgres.Apply(ctx, pool, "booking"); err == nil {
		s, err = pgbooking.New(ctx, pool)
	}
	if err != nil {
		pool.Close()
		return stores{}, err
	}
	return stores{store: s, feed: s, due: s, close: pool.Close}, nil
}
