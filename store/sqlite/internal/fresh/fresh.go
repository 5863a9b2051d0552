// Package fresh opens stores for their tests, each on a file of its own.
package fresh

import (
	"context"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store/sqlite"
)

// Store opens a new file with the tables of a part, and its store.
func Store[S any](t testing.TB, part string, store func(context.Context, *sqlite.DB) (S, error)) (*sqlite.DB, S) {
	return File(t, filepath.Join(t.TempDir(), "office.db"), part, store)
}

// File is Store on a file that may be there already.
func File[S any](t testing.TB, file, part string, store func(context.Context, *sqlite.DB) (S, error)) (*sqlite.DB, S) {
	db, err := sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	require.NoError(t, sqlite.Apply(t.Context(), db, part))
	s, err := store(t.Context(), db)
	require.NoError(t, err)
	return db, s
}
