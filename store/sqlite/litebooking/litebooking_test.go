package litebooking_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/bookingtest"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/internal/fresh"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
)

func open(t testing.TB) (*sqlite.DB, *litebooking.Store) {
	return fresh.Store(t, "booking", litebooking.New)
}

func TestStore(t *testing.T) {
	t.Parallel()
	bookingtest.TestStore(t, func(t *testing.T) booking.Store {
		_, s := open(t)
		return s
	})
}

func TestFeed(t *testing.T) {
	t.Parallel()
	bookingtest.TestFeed(t, func(t *testing.T) (booking.Store, booking.Feed) {
		_, s := open(t)
		return s, s
	})
}

func TestDue(t *testing.T) {
	t.Parallel()
	bookingtest.TestDue(t, func(t *testing.T) (booking.Store, booking.Due) {
		_, s := open(t)
		return s, s
	})
}

func TestTx(t *testing.T) {
	t.Parallel()
	bookingtest.TestTx(t, func(t *testing.T) bookingtest.Tx {
		db, s := open(t)
		_, err := db.ExecContext(t.Context(), "create table own (text text)")
		require.NoError(t, err)
		return bookingtest.Tx{
			Store: s,
			InTx: func(ctx context.Context, fn func(context.Context, booking.Store, func(string) error) error) error {
				return sqlite.InTx(ctx, db, func(tx *sql.Tx) error {
					return fn(ctx, litebooking.In(tx), func(text string) error {
						_, err := tx.ExecContext(ctx, "insert into own values ($1)", text)
						return err
					})
				})
			},
			Own: func(ctx context.Context) ([]string, error) {
				rows, err := db.QueryContext(ctx, "select text from own")
				if err != nil {
					return nil, err
				}
				defer rows.Close()
				var all []string
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

func BenchmarkSQLite(b *testing.B) {
	bookingtest.BenchmarkStore(b, func(b *testing.B) booking.Store {
		_, s := open(b)
		return s
	})
}
