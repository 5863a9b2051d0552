package pgbooking_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/bookingtest"
	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgbooking"
)

func open(t testing.TB, isolation string) (*pgxpool.Pool, *pgbooking.Store) {
	ctx := t.Context()
	config, err := pgxpool.ParseConfig(pgtest.URL(t))
	require.NoError(t, err)
	config.ConnConfig.RuntimeParams["default_transaction_isolation"] = isolation
	pool, err := pgxpool.NewWithConfig(ctx, config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, postgres.Apply(ctx, pool, "booking"))
	s, err := pgbooking.New(ctx, pool)
	require.NoError(t, err)
	return pool, s
}

// The suite holds at every isolation level that a pool may have as its default.
func TestSuite(t *testing.T) {
	t.Parallel()
	for _, isolation := range []string{"read committed", "repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			t.Parallel()
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
