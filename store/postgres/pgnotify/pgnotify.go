// Package pgnotify keeps the deliveries of package notify in PostgreSQL.
//
//	pool, err := pgxpool.New(ctx, url)
//	err = postgres.Apply(ctx, pool, "notify")
//	store, err := pgnotify.New(ctx, pool)
//	desk, err := notify.New(notify.Config{Store: store, Rules: rules, Channels: channels})
//
// See package postgres for transactions, round trips and distribution.
package pgnotify

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/table/notifytable"
)

// A Store is a notify.Store, notify.Feed, notify.Due and notify.Finder.
type Store = notifytable.Store

// New returns the store in a database. It fails with a *table.SchemaError where postgres.Apply(ctx,
// db, "notify") is missing.
func New(ctx context.Context, db postgres.DB) (*Store, error) {
	tables, err := postgres.Tables(ctx, db, notifytable.Part)
	if err != nil {
		return nil, err
	}
	return notifytable.New(tables), nil
}

// In returns the store within the caller's transaction, for desk.In. It makes one attempt: repeat
// the transaction on a conflict, as postgres.InTx does.
func In(tx pgx.Tx) notify.Store { return notifytable.In(postgres.Join(tx, notifytable.Part)) }
