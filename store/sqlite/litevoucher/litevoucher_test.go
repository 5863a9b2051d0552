package litevoucher_test

import (
	"context"
	"database/sql"
	"testing"

	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/internal/fresh"
	"github.com/tenure-go/tenure/store/sqlite/litevoucher"
	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/vouchertest"
)

func open(t testing.TB) (*sqlite.DB, *litevoucher.Store) {
	return fresh.Store(t, "voucher", litevoucher.New)
}

func TestStore(t *testing.T) {
	vouchertest.TestStore(t, func(t *testing.T) voucher.Store { _, s := open(t); return s })
}

func TestFind(t *testing.T) {
	vouchertest.TestFind(t, func(t *testing.T) vouchertest.Store { _, s := open(t); return s })
}

func TestTx(t *testing.T) {
	vouchertest.TestTx(t, func(t *testing.T) (vouchertest.Store, vouchertest.InTx) {
		db, s := open(t)
		return s, func(ctx context.Context, fn func(voucher.Store) error) error {
			return sqlite.InTx(ctx, db, func(tx *sql.Tx) error { return fn(litevoucher.In(tx)) })
		}
	})
}
