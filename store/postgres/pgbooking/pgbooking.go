// Package pgbooking keeps the calendars of package booking in PostgreSQL.
//
//	pool, err := pgxpool.New(ctx, url)
//	err = postgres.Apply(ctx, pool, "booking")
//	store, err := pgbooking.New(ctx, pool)
//	desk, err := booking.New(booking.Config{Store: store})
//
// See package postgres for transactions, round trips and distribution.
package pgbooking

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/table/bookingtable"
)

// A Store is a booking.Store, booking.Feed and booking.Due.
type Store = bookingtable.Store

// New returns the store in a database. It fails with a *table.SchemaError where postgres.Apply(ctx,
// db, "booking") is missing.
func New(ctx context.Context, db postgres.DB) (*Store, error) {
	tables, err := postgres.Tables(ctx, db, bookingtable.Part)
	if err != nil {
		return nil, err
	}
	return bookingtable.New(tables), nil
}

// In returns the store within the caller's transaction, for desk.In. It makes one attempt: repeat
// the transaction on a conflict, as postgres.InTx does.
func In(tx pgx.Tx) booking.Store { return bookingtable.In(postgres.Join(tx, bookingtable.Part)) }
