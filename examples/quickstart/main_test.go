package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if os.Getenv("QUICKSTART") != "" {
		main()
		return
	}
	os.Exit(m.Run())
}

// The program as a process: it ends well, says what it found, and leaves no file.
func TestWhole(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	run := exec.Command(os.Args[0])
	run.Env = append(os.Environ(), "QUICKSTART=1", "TMPDIR="+dir)
	out, err := run.CombinedOutput()
	require.NoError(t, err, "%s", out)
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	require.Len(t, lines, 3)
	require.Contains(t, lines[0], "lead-71: held until ")
	require.Contains(t, lines[1], "lead-72: booking: flat-12 is taken on ")
	require.Contains(t, lines[1], "by lead-71; next free: ")
	require.Equal(t, "after a restart: lead-71 is confirmed", lines[2])
	left, err := filepath.Glob(filepath.Join(dir, "*"))
	require.NoError(t, err)
	require.Empty(t, left)
}

// The README shows this program as it is, in fewer than sixty lines.
func TestReadmeShowsIt(t *testing.T) {
	t.Parallel()
	program, err := os.ReadFile("main.go")
	require.NoError(t, err)
	require.Less(t, strings.Count(string(program), "\n"), 60)
	readme, err := os.ReadFile(filepath.Join("..", "..", "README.md"))
	require.NoError(t, err)
	require.Contains(t, string(readme), "```go\n"+string(program)+"```\n")
}
