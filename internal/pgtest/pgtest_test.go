package pgtest

import (
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func ask(t *testing.T, url, sql string) string {
	t.Helper()
	s, err := running()
	require.NoError(t, err)
	out, err := exec.Command(s.psql, "-X", "-q", "-A", "-t", "-d", url, "-c", sql).CombinedOutput()
	require.NoError(t, err, "%s", out)
	return strings.TrimSpace(string(out))
}

func TestEachSchemaIsItsOwn(t *testing.T) {
	a, b := URL(t), URL(t)
	require.NotEqual(t, ask(t, a, "show search_path"), ask(t, b, "show search_path"))
	ask(t, a, "create table unit (id text)")
	require.Equal(t, "unit", ask(t, a, "select to_regclass('unit')"))
	require.Empty(t, ask(t, b, "select to_regclass('unit')"))
}
