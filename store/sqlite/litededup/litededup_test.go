package litededup_test

import (
	"context"
	"database/sql"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/dedup/deduptest"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litededup"
)

func open(t testing.TB) (*sqlite.DB, *litededup.Store) {
	ctx := t.Context()
	db, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "office.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	require.NoError(t, sqlite.Apply(ctx, db, "dedup"))
	s, err := litededup.New(ctx, db)
	require.NoError(t, err)
	return db, s
}

func TestStore(t *testing.T) {
	t.Parallel()
	deduptest.TestStore(t, func(t *testing.T) dedup.Store {
		_, s := open(t)
		return s
	})
}

func TestFeed(t *testing.T) {
	t.Parallel()
	deduptest.TestFeed(t, func(t *testing.T) (dedup.Store, dedup.Feed) {
		_, s := open(t)
		return s, s
	})
}

func TestFind(t *testing.T) {
	t.Parallel()
	deduptest.TestFind(t, func(t *testing.T) (dedup.Store, dedup.Finder) {
		_, s := open(t)
		return s, s
	})
}

func TestTx(t *testing.T) {
	t.Parallel()
	deduptest.TestTx(t, func(t *testing.T) deduptest.Tx {
		db, s := open(t)
		return deduptest.Tx{Store: s, InTx: func(ctx context.Context, fn func(context.Context, dedup.Store) error) error {
			return sqlite.InTx(ctx, db, func(tx *sql.Tx) error { return fn(ctx, litededup.In(tx)) })
		}}
	})
}

// 64 writers of the first 10,000 records of the stream end in Partition.
func TestWriters(t *testing.T) {
	t.Parallel()
	_, s := open(t)
	deduptest.TestWriters(t, s, 64, 10_000)
}
