package pgvoucher_test

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgvoucher"
	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/vouchertest"
)

func open(t *testing.T) (*pgvoucher.Store, *pgxpool.Pool) {
	pool, err := pgxpool.New(t.Context(), pgtest.URL(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, postgres.Apply(t.Context(), pool, "voucher"))
	s, err := pgvoucher.New(t.Context(), pool)
	require.NoError(t, err)
	return s, pool
}

func TestStore(t *testing.T) {
	vouchertest.TestStore(t, func(t *testing.T) voucher.Store { s, _ := open(t); return s })
}

func TestFind(t *testing.T) {
	vouchertest.TestFind(t, func(t *testing.T) vouchertest.Store { s, _ := open(t); return s })
}

func TestTx(t *testing.T) {
	vouchertest.TestTx(t, func(t *testing.T) (vouchertest.Store, vouchertest.InTx) {
		s, pool := open(t)
		return s, func(ctx context.Context, fn func(voucher.Store) error) error {
			return postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return fn(pgvoucher.In(tx)) })
		}
	})
}
