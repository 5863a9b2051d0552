package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store/sqlite"
)

// The sellers that are killed are this program once more, which in a test is the test's.
func TestMain(m *testing.M) {
	if was, err := lived(context.Background()); was {
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// officeFacts are what the chapter's table must say.
var officeFacts = []string{
	"office: hours free for flat and manager, against plain arithmetic  passed  14 of 14",
	"office: a showing takes the manager too                            passed  true",
	"office: a hold and its deal, sent twice                            passed  1 row",
	"office: rolled back, no row and no hold are left                   passed  0 rows",
	"office: preempted, lapsed, promoted, sold, by the feed             passed  9 events",
	"office: a partner is stopped by quota                              passed  2 of 2 granted",
	"office: a cancelled flat gives its place of the quota back         passed  3 in all, 2 at once",
	"office: a sold flat is free in no year to come                     passed  true",
	"office: sellers killed in the middle                               passed  5",
	"office: what a client was told and a death undid                   passed  0 of 12",
	"office: holds without their deal, or deals without their hold      passed  0 after 5 deaths",
	"office: flats held once and sold once in all the lives             passed  12 of 12",
	"office: site and listing against the office's calendar             passed  0 of 150 looks differ",
	"office: flats sold by the deals, once each by the feed             passed  13 of 13",
	"office: events told twice or skipped                               passed  0 in 80",
}

func playOffice(t *testing.T, w *world) {
	w.lang, w.checks = "ru", new(show.Checks)
	w.clock = show.NewClock(time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC))
	require.NoError(t, office(t.Context(), w))
	var table bytes.Buffer
	require.Zero(t, w.checks.Print(&table), table.String())
	for _, fact := range officeFacts {
		require.Contains(t, table.String(), fact)
	}
	require.Equal(t, len(officeFacts), strings.Count(table.String(), "office: "))
}

// The second house in one file begins anew, and another seed kills at other moments.
func TestOfficeOnSQLite(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "office.db"))
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	for seed := range uint64(2) {
		playOffice(t, &world{seed: seed, lite: db})
	}
}

func TestOfficeOnPostgreSQL(t *testing.T) {
	t.Parallel()
	pool, err := pgxpool.New(t.Context(), pgtest.URL(t))
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	for seed := range uint64(2) {
		playOffice(t, &world{seed: seed, pg: pool})
	}
}

// Without a database the office makes a file for itself, and leaves none behind.
func TestOfficeInAFileOfItsOwn(t *testing.T) {
	folder := t.TempDir()
	t.Setenv("TMPDIR", folder)
	playOffice(t, &world{seed: 7})
	left, err := os.ReadDir(folder)
	require.NoError(t, err)
	require.Empty(t, left)
}
