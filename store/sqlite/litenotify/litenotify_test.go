package litenotify_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/notifytest"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/internal/fresh"
	"github.com/tenure-go/tenure/store/sqlite/litenotify"
)

func open(t testing.TB) (*sqlite.DB, *litenotify.Store) {
	return fresh.Store(t, "notify", litenotify.New)
}

func openFile(t testing.TB, file string) (*sqlite.DB, *litenotify.Store) {
	return fresh.File(t, file, "notify", litenotify.New)
}

func TestStore(t *testing.T) {
	t.Parallel()
	notifytest.TestStore(t, func(t *testing.T) notify.Store { _, s := open(t); return s })
}

func TestDue(t *testing.T) {
	t.Parallel()
	notifytest.TestDue(t, func(t *testing.T) (notify.Store, notify.Due) { _, s := open(t); return s, s })
}

func TestFeed(t *testing.T) {
	t.Parallel()
	notifytest.TestFeed(t, func(t *testing.T) (notify.Store, notify.Feed) { _, s := open(t); return s, s })
}

func TestFind(t *testing.T) {
	t.Parallel()
	notifytest.TestFind(t, func(t *testing.T) (notify.Store, notify.Finder) { _, s := open(t); return s, s })
}

func TestTx(t *testing.T) {
	t.Parallel()
	notifytest.TestTx(t, func(t *testing.T) notifytest.Tx {
		db, s := open(t)
		_, err := db.ExecContext(t.Context(), "create table own (text text)")
		require.NoError(t, err)
		return notifytest.Tx{
			Store: s,
			InTx: func(ctx context.Context, fn func(context.Context, notify.Store, func(string) error) error) error {
				return sqlite.InTx(ctx, db, func(tx *sql.Tx) error {
					return fn(ctx, litenotify.In(tx), func(text string) error {
						_, err := tx.ExecContext(ctx, "insert into own values ($1)", text)
						return err
					})
				})
			},
			Own: func(ctx context.Context) (all []string, err error) {
				rows, err := db.QueryContext(ctx, "select text from own")
				if err != nil {
					return nil, err
				}
				defer rows.Close()
				for rows.Next() {
					var text string
					if err := rows.Scan(&text); err != nil {
						return nil, err
					}
					all = append(all, text)
				}
				return all, rows.Err()
			},
		}
	})
}
