package pgbooking_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/bookingtest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/internal/fresh"
	"github.com/tenure-go/tenure/store/postgres/pgbooking"
)

func open(t testing.TB, isolation string) (*pgxpool.Pool, *pgbooking.Store) {
	return fresh.Store(t, isolation, "booking", pgbooking.New)
}

// The suite holds at every isolation level that a pool may have as its default.
func TestSuite(t *testing.T) {
	t.Parallel()
	fresh.EachIsolation(t, func(t *testing.T, isolation string) {
		t.Run("store", func(t *testing.T) {
			t.Parallel()
			bookingtest.TestStore(t, func(t *testing.T) booking.Store {
				_, s := open(t, isolation)
				return s
			})
		})
		t.Run("feed", func(t *testing.T) {
			t.Parallel()
			bookingtest.TestFeed(t, func(t *testing.T) (booking.Store, booking.Feed) {
				_, s := open(t, isolation)
				return s, s
			})
		})
		t.Run("due", func(t *testing.T) {
			t.Parallel()
			bookingtest.TestDue(t, func(t *testing.T) (booking.Store, booking.Due) {
				_, s := open(t, isolation)
				return s, s
			})
		})
		t.Run("tx", func(t *testing.T) {
			t.Parallel()
			bookingtest.TestTx(t, func(t *testing.T) bookingtest.Tx { return openTx(t, isolation) })
		})
	})
}

func openTx(t *testing.T, isolation string) bookingtest.Tx {
	pool, s := open(t, isolation)
	_, err := pool.Exec(t.Context(), "create table own (text text)")
	require.NoError(t, err)
	return bookingtest.Tx{
		Store: s,
		InTx: func(ctx context.Context, fn func(context.Context, booking.Store, func(string) error) error) error {
			return postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
				return fn(ctx, pgbooking.In(tx), func(text string) error {
					_, err := tx.Exec(ctx, "insert into own values ($1)", text)
					return err
				})
			})
		},
		Own: func(ctx context.Context) ([]string, error) {
			rows, err := pool.Query(ctx, "select text from own")
			if err != nil {
				return nil, err
			}
			return pgx.CollectRows(rows, pgx.RowTo[string])
		},
	}
}

func BenchmarkPostgres(b *testing.B) {
	bookingtest.BenchmarkStore(b, func(b *testing.B) booking.Store {
		_, s := open(b, "read committed")
		return s
	})
}
