// Package litepipeline keeps the cases of package pipeline in SQLite.
//
//	db, err := sqlite.Open(ctx, "office.db")
//	err = sqlite.Apply(ctx, db, "pipeline")
//	store, err := litepipeline.New(ctx, db)
//	desk, err := pipeline.New(pipeline.Config{Store: store, Rules: rules})
//
// See package sqlite for transactions, writers and pragmas.
package litepipeline

import (
	"context"
	"database/sql"

	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/table/pipelinetable"
)

// A Store is a pipeline.Store, pipeline.Feed, pipeline.Due, pipeline.Find and pipeline.History.
type Store = pipelinetable.Store

// New returns the store in a database. It fails with a *table.SchemaError where sqlite.Apply(ctx,
// db, "pipeline") is missing.
func New(ctx context.Context, db *sqlite.DB) (*Store, error) {
	tables, err := sqlite.Tables(ctx, db, pipelinetable.Part)
	if err != nil {
		return nil, err
	}
	return pipelinetable.New(tables), nil
}

// In returns the store within the caller's transaction, for desk.In. It makes one attempt: repeat
// the transaction on a conflict, as sqlite.InTx does.
func In(tx *sql.Tx) *pipelinetable.Cases {
	return pipelinetable.In(sqlite.Join(tx, pipelinetable.Part))
}
