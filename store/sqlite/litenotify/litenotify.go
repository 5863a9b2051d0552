// Package litenotify keeps the deliveries of package notify in SQLite.
//
//	db, err := sqlite.Open(ctx, "office.db")
//	err = sqlite.Apply(ctx, db, "notify")
//	store, err := litenotify.New(ctx, db)
//	desk, err := notify.New(notify.Config{Store: store, Rules: rules, Channels: channels})
//
// See package sqlite for transactions, writers and pragmas.
package litenotify

import (
	"context"
	"database/sql"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/table/notifytable"
)

// A Store is a notify.Store, notify.Feed, notify.Due and notify.Finder.
type Store = notifytable.Store

// New returns the store in a database. It fails with a *table.SchemaError where sqlite.Apply(ctx,
// db, "notify") is missing.
func New(ctx context.Context, db *sqlite.DB) (*Store, error) {
	tables, err := sqlite.Tables(ctx, db, notifytable.Part)
	if err != nil {
		return nil, err
	}
	return notifytable.New(tables), nil
}

// In returns the store within the caller's transaction, for desk.In. It makes one attempt: repeat
// the transaction on a conflict, as sqlite.InTx does.
func In(tx *sql.Tx) notify.Store { return notifytable.In(sqlite.Join(tx, notifytable.Part)) }
