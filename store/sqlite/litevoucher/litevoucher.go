// Package litevoucher keeps the vouchers of package voucher in SQLite.
//
//	db, err := sqlite.Open(ctx, "office.db")
//	err = sqlite.Apply(ctx, db, "voucher")
//	store, err := litevoucher.New(ctx, db)
//	desk, err := voucher.New(voucher.Config{Store: store})
//
// See package sqlite for transactions, writers and pragmas.
package litevoucher

import (
	"context"
	"database/sql"

	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/table/vouchertable"
	"github.com/tenure-go/tenure/voucher"
)

// A Store is a voucher.Store, voucher.Finder and voucher.Feed.
type Store = vouchertable.Store

// New returns the store in a database. It fails with a *table.SchemaError where sqlite.Apply(ctx,
// db, "voucher") is missing.
func New(ctx context.Context, db *sqlite.DB) (*Store, error) {
	tables, err := sqlite.Tables(ctx, db, vouchertable.Part)
	if err != nil {
		return nil, err
	}
	return vouchertable.New(tables), nil
}

// In returns the store within the caller's transaction, for desk.In: issue last, as the counter stays
// locked to the commit. It makes one attempt: repeat
// the transaction on a conflict, as sqlite.InTx does.
func In(tx *sql.Tx) voucher.Store { return vouchertable.In(sqlite.Join(tx, vouchertable.Part)) }
