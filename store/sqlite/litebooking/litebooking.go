// Package litebooking keeps the calendars of package booking in SQLite.
//
//	db, err := sqlite.Open(ctx, "office.db")
//	err = sqlite.Apply(ctx, db, "booking")
//	store, err := litebooking.New(ctx, db)
//	desk, err := booking.New(booking.Config{Store: store})
//
// See package sqlite for transactions, writers and pragmas.
package litebooking

import (
	"context"
	"database/sql"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/table/bookingtable"
)

// A Store is a booking.Store, booking.Feed and booking.Due.
type Store = bookingtable.Store

// New returns the store in a database. It fails with a *table.SchemaError where sqlite.Apply(ctx,
// db, "booking") is missing.
func New(ctx context.Context, db *sqlite.DB) (*Store, error) {
	tables, err := sqlite.Tables(ctx, db, bookingtable.Part)
	if err != nil {
		return nil, err
	}
	return bookingtable.New(tables), nil
}

// In returns the store within the caller's transaction, for desk.In. It makes one attempt: repeat
// the transaction on a conflict, as sqlite.InTx does.
func In(tx *sql.Tx) booking.Store { return bookingtable.In(sqlite.Join(tx, bookingtable.Part)) }
