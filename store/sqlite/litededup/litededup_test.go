package litededup_test

import (
	"bytes"
	"context"
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/dedup/deduptest"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/internal/fresh"
	"github.com/tenure-go/tenure/store/sqlite/litededup"
)

func open(t testing.TB) (*sqlite.DB, *litededup.Store) { return fresh.Store(t, "dedup", litededup.New) }

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

// What was erased is in none of the file's bytes once the write-ahead log is folded in.
func TestErasedFromTheFile(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "office.db")
	db, err := sqlite.Open(ctx, file)
	require.NoError(t, err)
	require.NoError(t, sqlite.Apply(ctx, db, "dedup"))
	s, err := litededup.New(ctx, db)
	require.NoError(t, err)
	desk, err := dedup.New(dedup.Config{Store: s})
	require.NoError(t, err)
	for _, touch := range []dedup.Touch{
		{ID: "1", Name: "Аделаида", Phone: "8 916 765-43-21", Email: "adelaida@mail.ru", Data: []byte("secret-data"), Why: "secret-why"},
		{ID: "2", Phone: "+79167654321", Fields: map[string]string{"comment": "secret-comment"}},
		{ID: "3", Name: "Вера", Phone: "8 916 111-22-33"},
	} {
		_, err := desk.Ingest(ctx, touch)
		require.NoError(t, err)
	}
	_, err = desk.Erase(ctx, dedup.Erase{ID: "e", Card: "2"})
	require.NoError(t, err)
	require.NoError(t, db.Close())
	raw, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoFileExists(t, file+"-wal")
	require.True(t, bytes.Contains(raw, []byte("Вера")), "the other card is there")
	for _, value := range []string{"Аделаида", "adelaida", "765-43-21", "9167654321", "c2VjcmV0LWRhdGE", "secret"} {
		require.False(t, bytes.Contains(raw, []byte(value)), value)
	}
}
