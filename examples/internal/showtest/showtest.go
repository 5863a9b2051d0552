// Package showtest runs example programs whole.
package showtest

import (
	"bytes"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/internal/pgtest"
)

// Facts are the facts of a run by their English names.
type Facts map[string]show.Fact

// Found requires a fact, that it held, and what was found.
func (f Facts) Found(t testing.TB, what, found string) {
	t.Helper()
	require.Contains(t, f, what)
	require.True(t, f[what].OK, "%s: %s", what, f[what].Found)
	require.Equal(t, found, f[what].Found, what)
}

// Play runs a program once, and requires its status and that the story is whole: no format was given
// the wrong arguments.
func Play(t testing.TB, p show.Program, status int, args ...string) (facts Facts, out, errs string) {
	t.Helper()
	var a, b bytes.Buffer
	res := p.Run(t.Context(), args, &a, &b)
	out, errs = a.String(), b.String()
	require.Equal(t, status, res.Status, "%s\n%s", out, errs)
	require.NotContains(t, out, "%!")
	require.NotContains(t, errs, "%!")
	facts = make(Facts)
	for _, f := range res.Facts {
		require.NotContains(t, facts, f.What, "a fact is told twice")
		require.NotEmpty(t, f.What2, f.What)
		facts[f.What] = f
	}
	return facts, out, errs
}

// Whole runs a program on a temporary SQLite file, on PostgreSQL and in Russian: each time all checks
// pass, and the first two tell one story, word for word. It returns the facts of the first.
func Whole(t *testing.T, program func() show.Program, args ...string) Facts {
	t.Helper()
	facts, lite, _ := Play(t, program(), 0, args...)
	_, pg, _ := Play(t, program(), 0, slices.Concat(args, []string{"-postgres", pgtest.URL(t)})...)
	_, lite, _ = strings.Cut(lite, "\n") // the first line says where the data are
	_, pg, _ = strings.Cut(pg, "\n")
	require.Equal(t, lite, pg)
	russian, ru, _ := Play(t, program(), 0, slices.Concat(args, []string{"-lang", "ru"})...)
	require.NotEqual(t, lite, ru)
	require.Len(t, russian, len(facts))
	return facts
}
