package main

import (
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/examples/internal/show"
)

func TestPapers(t *testing.T) {
	w := &world{lang: "ru", out: t.TempDir(), checks: new(show.Checks)}
	require.NoError(t, papers(t.Context(), w))
	require.Zero(t, w.checks.Print(io.Discard))
	for _, name := range []string{"contract.html", "escrow.pdf", "registration.pdf"} {
		file, err := os.ReadFile(filepath.Join(w.out, name))
		require.NoError(t, err)
		require.NotEmpty(t, file)
	}
}
