package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/examples/internal/show"
)

func TestLetters(t *testing.T) {
	t.Parallel()
	var checks show.Checks
	require.NoError(t, letters(t.Context(), os.Stdout, &checks))
	require.Zero(t, checks.Print(os.Stdout))
}
