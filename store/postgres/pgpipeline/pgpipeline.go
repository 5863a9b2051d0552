// Package pgpipeline keeps the cases of package pipeline in PostgreSQL.
//
//	pool, err := pgxpool.New(ctx, url)
//	err = postgres.Apply(ctx, pool, "pipeline")
//	store, err := pgpipeline.New(ctx, pool)
//	desk, err := pipeline.New(pipeline.Config{Store: store, Rules: rules})
//
// See package postgres for transactions, round trips and distribution.
package pgpipeline

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/table/pipelinetable"
)

// A Store is a pipeline.Store, pipeline.Feed, pipeline.Due, pipeline.Find and pipeline.History.
type Store = pipelinetable.Store

// New returns the store in a database. It fails with a *table.SchemaError where postgres.Apply(ctx,
// db, "pipeline") is missing.
func New(ctx context.Context, db postgres.DB) (*Store, error) {
	tables, err := postgres.Tables(ctx, db, pipelinetable.Part)
	if err != nil {
		return nil, err
	}
	return pipelinetable.New(tables), nil
}

// In returns the store within the caller's transaction, for desk.In. It makes one attempt: repeat
// the transaction on a conflict, as postgres.InTx does.
func In(tx pgx.Tx) *pipelinetable.Cases {
	return pipelinetable.In(postgres.Join(tx, pipelinetable.Part))
}
