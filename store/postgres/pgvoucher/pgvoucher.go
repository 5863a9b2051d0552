// Package pgvoucher keeps the vouchers of package voucher in PostgreSQL.
//
//	pool, err := pgxpool.New(ctx, url)
//	err = postgres.Apply(ctx, pool, "voucher")
//	store, err := pgvoucher.New(ctx, pool)
//	desk, err := voucher.New(voucher.Config{Store: store})
//
// See package postgres for transactions, round trips and distribution.
package pgvoucher

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/table/vouchertable"
	"github.com/tenure-go/tenure/voucher"
)

// A Store is a voucher.Store, voucher.Finder and voucher.Feed.
type Store = vouchertable.Store

// New returns the store in a database. It fails with a *table.SchemaError where postgres.Apply(ctx,
// db, "voucher") is missing.
func New(ctx context.Context, db postgres.DB) (*Store, error) {
	tables, err := postgres.Tables(ctx, db, vouchertable.Part)
	if err != nil {
		return nil, err
	}
	return vouchertable.New(tables), nil
}

// In returns the store within the caller's transaction, for desk.In: issue last, as the counter stays
// locked to the commit. It makes one attempt: repeat
// the transaction on a conflict, as postgres.InTx does.
func In(tx pgx.Tx) voucher.Store { return vouchertable.In(postgres.Join(tx, vouchertable.Part)) }
