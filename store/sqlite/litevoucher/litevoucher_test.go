package litevoucher_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litevoucher"
	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/vouchertest"
)

func open(t *testing.T) (*litevoucher.Store, *sqlite.DB) {
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "vouchers.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, sqlite.Apply(t.Context(), db, "voucher"))
	s, err := litevoucher.New(t.Context(), db)
	require.NoError(t, err)
	return s, db
}

func TestStore(t *testing.T) {
	vouchertest.TestStore(t, func(t *testing.T) voucher.Store { s, _ := open(t); return s })
}

func TestFind(t *testing.T) {
	vouchertest.TestFind(t, func(t *testing.T) vouchertest.Store { s, _ := open(t); return s })
}

func TestTx(t *testing.T) {
	vouchertest.TestTx(t, func(t *testing.T) (vouchertest.Store, vouchertest.InTx) {
		s, db := open(t)
		return s, func(ctx context.Context, fn func(voucher.Store) error) error {
			return sqlite.InTx(ctx, db, func(tx *sql.Tx) error { return fn(litevoucher.In(tx)) })
		}
	})
}
