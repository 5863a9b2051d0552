package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/examples/internal/show"
)

// The chapter ends well in memory and, twice on one file, in SQLite; it writes what it prints.
func TestVouchers(t *testing.T) {
	out, db := t.TempDir(), filepath.Join(t.TempDir(), "tours.db")
	for _, o := range []options{{dir: out, lang: "ru"}, {db: db, lang: "en", seed: 1}, {db: db, lang: "ru", seed: 2}} {
		o.out, o.checks = io.Discard, new(show.Checks)
		require.NoError(t, vouchers(t.Context(), o))
		require.Zero(t, o.checks.Print(io.Discard))
	}
	for _, name := range []string{"01080621.html", "01080621.pdf", "03080621.pdf"} {
		file, err := os.ReadFile(filepath.Join(out, name))
		require.NoError(t, err)
		require.NotEmpty(t, file)
	}
}
