package main

import (
	"os"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(childEnv); file != "" {
		exit(write(file, os.Stdout)) // the process that is killed
		return
	}
	os.Exit(m.Run())
}

// A part of what go run ./sim does, on every store that is here.
func TestSeeds(t *testing.T) {
	b, err := openBackends()
	require.NoError(t, err)
	defer b.close()
	if b.postgres == nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "no PostgreSQL here, and CI may not skip")
		t.Log("no PostgreSQL here: memory and SQLite only")
	}
	require.Zero(t, run(t, b, 60, 0))
}

// A seed decides everything: the same steps, the same faults, the same answers.
func TestSeedRepeats(t *testing.T) {
	t.Parallel()
	for seed := range int64(3) {
		one, two := simulate(t, openMemory(), seed), simulate(t, openMemory(), seed)
		require.Equal(t, one.steps, two.steps)
		require.Equal(t, one.faults, two.faults)
		require.NotEmpty(t, one.steps)
	}
}
