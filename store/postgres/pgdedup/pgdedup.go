// Package pgdedup keeps the cards of package dedup in PostgreSQL.
//
//	pool, err := pgxpool.New(ctx, url)
//	err = postgres.Apply(ctx, pool, "dedup")
//	store, err := pgdedup.New(ctx, pool)
//	desk, err := dedup.New(dedup.Config{Store: store})
//
// See package postgres for transactions, round trips and distribution.
package pgdedup

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/table/deduptable"
)

// A Store is a dedup.Store, dedup.Feed and dedup.Finder.
type Store = deduptable.Store

// New returns the store in a database. It fails with a *table.SchemaError where postgres.Apply(ctx,
// db, "dedup") is missing.
func New(ctx context.Context, db postgres.DB) (*Store, error) {
	tables, err := postgres.Tables(ctx, db, deduptable.Part)
	if err != nil {
		return nil, err
	}
	return deduptable.New(tables), nil
}

// In returns the store within the caller's transaction, for desk.In. It makes one attempt: repeat
// the transaction on a conflict, as postgres.InTx does.
func In(tx pgx.Tx) dedup.Store { return deduptable.In(postgres.Join(tx, deduptable.Part)) }
