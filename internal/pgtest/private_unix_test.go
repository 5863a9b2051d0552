//go:build unix

package pgtest

import (
	"bufio"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// TestKilledProcessLeavesNothing runs this test binary once more, kills it while its server runs,
// and waits for the end of a pipe that the server and its keeper have inherited.
func TestKilledProcessLeavesNothing(t *testing.T) {
	if os.Getenv("PGTEST_VICTIM") != "" {
		s, err := private()
		require.NoError(t, err)
		_, err = os.Stdout.WriteString(s.base.Query().Get("host") + "\n")
		require.NoError(t, err)
		_, _ = io.Copy(io.Discard, os.Stdin) // until killed
		return
	}
	t.Parallel()
	if _, err := newest(programs()); err != nil {
		URL(t) // skips or fails, unless a server is named
		t.Skip(err)
	}
	dir := make(map[string]string)
	for _, how := range []string{"killed", "ended"} {
		ended, held, err := os.Pipe()
		require.NoError(t, err)
		defer ended.Close()
		cmd := exec.Command(os.Args[0], "-test.run=^TestKilledProcessLeavesNothing$")
		cmd.Env = append(os.Environ(), "PGTEST_VICTIM=1")
		cmd.ExtraFiles = []*os.File{held}
		stdin, err := cmd.StdinPipe()
		require.NoError(t, err)
		stdout, err := cmd.StdoutPipe()
		require.NoError(t, err)
		require.NoError(t, cmd.Start())
		require.NoError(t, held.Close())
		line, err := bufio.NewReader(stdout).ReadString('\n')
		require.NoError(t, err)
		dir[how] = strings.TrimSuffix(line, "\n")
		require.FileExists(t, filepath.Join(dir[how], "data", "postmaster.pid"))

		if how == "killed" {
			require.NoError(t, cmd.Process.Kill())
		} else {
			require.NoError(t, stdin.Close())
		}
		_ = cmd.Wait()
		_, err = io.Copy(io.Discard, ended)
		require.NoError(t, err)
		require.NoDirExists(t, dir[how])
	}
	require.NotEqual(t, dir["killed"], dir["ended"])
}

// TestNewest is not parallel: a program just written cannot run while a fork holds it open.
func TestNewest(t *testing.T) {
	install := func(says string) string {
		dir := t.TempDir()
		script := "#!/bin/sh\necho '" + says + "'\n"
		for _, name := range []string{"initdb", "pg_ctl"} {
			require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(script), 0o755))
		}
		return dir
	}
	old := install("initdb (PostgreSQL) 14.9")
	fifteen := install("initdb (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)")
	another := install("initdb (PostgreSQL) 15.2")
	beta := install("initdb (PostgreSQL) 19beta1")
	foreign := install("initdb of something else")
	empty := t.TempDir()

	for _, dirs := range [][]string{nil, {empty}, {old, foreign, empty}} {
		_, err := newest(dirs)
		require.ErrorIs(t, err, ErrNone)
	}
	got, err := newest([]string{empty, old, fifteen, another})
	require.NoError(t, err)
	require.Equal(t, fifteen, got, "the first of equals")
	got, err = newest([]string{fifteen, beta, old})
	require.NoError(t, err)
	require.Equal(t, beta, got)
}
