package pgvoucher_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/internal/fresh"
	"github.com/tenure-go/tenure/store/postgres/pgvoucher"
	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/vouchertest"
)

func open(t testing.TB, isolation string) (*pgxpool.Pool, *pgvoucher.Store) {
	return fresh.Store(t, isolation, "voucher", pgvoucher.New)
}

// The suite holds at every isolation level that a pool may have as its default.
func TestSuite(t *testing.T) {
	t.Parallel()
	fresh.EachIsolation(t, func(t *testing.T, isolation string) {
		t.Run("store", func(t *testing.T) {
			t.Parallel()
			vouchertest.TestStore(t, func(t *testing.T) voucher.Store { _, s := open(t, isolation); return s })
		})
		t.Run("find", func(t *testing.T) {
			t.Parallel()
			vouchertest.TestFind(t, func(t *testing.T) vouchertest.Store { _, s := open(t, isolation); return s })
		})
		t.Run("tx", func(t *testing.T) {
			t.Parallel()
			vouchertest.TestTx(t, func(t *testing.T) (vouchertest.Store, vouchertest.InTx) {
				pool, s := open(t, isolation)
				return s, func(ctx context.Context, fn func(voucher.Store) error) error {
					return postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return fn(pgvoucher.In(tx)) })
				}
			})
		})
	})
}
