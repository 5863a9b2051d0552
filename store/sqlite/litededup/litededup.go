// Package litededup keeps the cards of package dedup in SQLite.
//
//	db, err := sqlite.Open(ctx, "office.db")
//	err = sqlite.Apply(ctx, db, "dedup")
//	store, err := litededup.New(ctx, db)
//	desk, err := dedup.New(dedup.Config{Store: store})
//
// See package sqlite for transactions, writers and pragmas.
package litededup

import (
	"context"
	"database/sql"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/table/deduptable"
)

// A Store is a dedup.Store, dedup.Feed and dedup.Finder.
type Store = deduptable.Store

// New returns the store in a database. It fails with a *table.SchemaError where sqlite.Apply(ctx,
// db, "dedup") is missing.
func New(ctx context.Context, db *sqlite.DB) (*Store, error) {
	tables, err := sqlite.Tables(ctx, db, deduptable.Part)
	if err != nil {
		return nil, err
	}
	return deduptable.New(tables), nil
}

// In returns the store within the caller's transaction, for desk.In. It makes one attempt: repeat
// the transaction on a conflict, as sqlite.InTx does.
func In(tx *sql.Tx) dedup.Store { return deduptable.In(sqlite.Join(tx, deduptable.Part)) }
