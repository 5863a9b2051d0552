package pgtest

import (
	"net/url"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestEachSchemaIsItsOwn(t *testing.T) {
	t.Parallel()
	a, b := URL(t), URL(t)
	require.NotEqual(t, ask(t, a, "show search_path"), ask(t, b, "show search_path"))
	ask(t, a, "create table unit (id text)")
	require.Equal(t, "unit", ask(t, a, "select to_regclass('unit')"))
	require.Empty(t, ask(t, b, "select to_regclass('unit')"))
}

func TestNamedServer(t *testing.T) {
	t.Parallel()
	base := URL(t)
	s, err := named(base)
	require.NoError(t, err)
	u, drop, err := s.open()
	require.NoError(t, err)
	schema := ask(t, u, "select current_schema()")
	require.NotEqual(t, ask(t, base, "select current_schema()"), schema, "the last search_path counts")

	const count = "select count(*) from pg_namespace where nspname = "
	ask(t, u, "create table unit (id text)")
	require.Equal(t, "1", ask(t, base, count+"'"+schema+"'"))
	require.NoError(t, drop())
	require.Equal(t, "0", ask(t, base, count+"'"+schema+"'"))
}

func TestNamedServerWantsAURL(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{"host=localhost dbname=x", "mysql://localhost", "postgres://%zz"} {
		_, err := named(bad)
		require.ErrorContains(t, err, "TENURE_TEST_POSTGRES must be", bad)
	}
}

func TestURLKeepsWhatItWasGiven(t *testing.T) {
	t.Parallel()
	base, err := url.Parse("postgres://me:p%40ss@db:6432/app?sslmode=disable&options=-cjit%3Doff")
	require.NoError(t, err)
	s := &server{base: base}
	require.Equal(t, "postgres://me:p%40ss@db:6432/app?options=-cjit%3Doff%20-csearch_path%3Ds&sslmode=disable", s.at("-csearch_path=s"))
}

func TestWithoutPostgreSQL(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		ci   string
		err  error
		want string
	}{
		{"", nil, ""},
		{"true", nil, ""},
		{"", ErrNone, "skip"},
		{"true", ErrNone, "fail"},
		{"", exec.ErrNotFound, "fail"},
	} {
		require.Equal(t, c.want, verdict(c.err, c.ci), "CI=%q, %v", c.ci, c.err)
	}
}

// ask returns what psql prints for a statement.
func ask(t *testing.T, url, sql string) string {
	t.Helper()
	s, err := running()
	require.NoError(t, err)
	out, err := exec.Command(s.psql, "-X", "-q", "-A", "-t", "-d", url, "-c", sql).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.TrimSpace(string(out))
}
