package sqlite_test

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/internal/tabletest"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/storetest"
	"github.com/tenure-go/tenure/store/table"
)

func openFile(t *testing.T, file string) (*sqlite.DB, table.DB) {
	db, err := sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	require.NoError(t, sqlite.Apply(t.Context(), db, tabletest.Part.Name))
	tables, err := sqlite.Tables(t.Context(), db, tabletest.Part)
	require.NoError(t, err)
	return db, tables
}

func open(t *testing.T) (*sqlite.DB, table.DB) {
	return openFile(t, filepath.Join(t.TempDir(), "a file? #1.db"))
}

func TestTables(t *testing.T) {
	t.Parallel()
	for name, try := range map[string]func(*testing.T, table.DB){
		"followers agree": tabletest.FollowersAgree,
		"feed order":      tabletest.FeedOrder,
		"due":             tabletest.Dues,
		"erased":          tabletest.Erased,
		"done context":    tabletest.DoneContext,
		"storetest":       func(t *testing.T, db table.DB) { storetest.Run(t, tabletest.Fixture(db)) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, tables := open(t)
			try(t, tables)
		})
	}
	t.Run("storetest in transactions", func(t *testing.T) {
		t.Parallel()
		db, _ := open(t)
		storetest.Run(t, tabletest.Fixture(tabletest.In(func(ctx context.Context, fn func(table.Tables) error) error {
			return sqlite.InTx(ctx, db, func(tx *sql.Tx) error { return fn(sqlite.Join(tx, tabletest.Part)) })
		})))
	})
	t.Run("conflict in a transaction", func(t *testing.T) {
		t.Parallel()
		db, tables := open(t)
		tabletest.ConflictInTransaction(t, tables, func(fn func(table.Tables) error) error {
			return sqlite.InTx(t.Context(), db, func(tx *sql.Tx) error { return fn(sqlite.Join(tx, tabletest.Part)) })
		})
	})
}

func TestFeedRewound(t *testing.T) {
	t.Parallel()
	db, tables := open(t)
	file := filepath.Join(t.TempDir(), "backup.db")
	tabletest.Rewound(t, tables, func() table.DB {
		_, err := db.ExecContext(t.Context(), "vacuum into $1", file)
		require.NoError(t, err)
		_, restored := openFile(t, file)
		return restored
	})
}

// Forty writers of one process, each through its own transactions, and another process beside
// them: all get through, none is overtaken for long.
func TestFortyWriters(t *testing.T) {
	t.Parallel()
	const writers, each = 40, 5
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "office.db")
	db, tables := openFile(t, file)
	_, elsewhere := openFile(t, file) // has a queue of its own, as another process has
	_, err := db.ExecContext(ctx, "create table own (writer integer, n integer)")
	require.NoError(t, err)
	var all sync.WaitGroup
	errs := make([]error, writers+1)
	for w := range writers {
		all.Go(func() {
			for n := range each {
				errs[w] = errors.Join(errs[w], sqlite.InTx(ctx, db, func(tx *sql.Tx) error {
					if _, err := tx.ExecContext(ctx, "insert into own values ($1, $2)", w, n); err != nil {
						return err
					}
					ids := []string{"a", "b", fmt.Sprint("own-", w)}
					if w%2 == 1 {
						slices.Reverse(ids)
					}
					for _, id := range ids {
						if err := tabletest.Happen(ctx, sqlite.Join(tx, tabletest.Part), id, tabletest.Noon); err != nil {
							return err
						}
					}
					return nil
				}))
			}
		})
	}
	all.Go(func() {
		var retry store.Retry
		for range each {
			errs[writers] = errors.Join(errs[writers], retry.Do(ctx, nil, func(ctx context.Context) error {
				return tabletest.Happen(ctx, elsewhere, "a", tabletest.Noon)
			}))
		}
	})
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	for id, want := range map[string]int64{"a": writers*each + each, "b": writers * each} {
		_, c, err := tabletest.Load(ctx, tables, id, false)
		require.NoError(t, err)
		require.Equal(t, want, c.Seq)
	}
	var own int
	require.NoError(t, db.QueryRowContext(ctx, "select count(*) from own").Scan(&own))
	require.Equal(t, writers*each, own)
}

// Writers are served in the order in which they came.
func TestWritersQueue(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "office.db")
	synctest.Test(t, func(t *testing.T) {
		ctx := t.Context()
		db, err := sqlite.Open(ctx, file)
		require.NoError(t, err)
		defer db.Close()
		end := make(chan struct{})
		var all sync.WaitGroup
		all.Go(func() {
			_ = sqlite.InTx(ctx, db, func(*sql.Tx) error { <-end; return nil })
		})
		var order []int
		for n := range 10 {
			synctest.Wait()
			all.Go(func() {
				_ = sqlite.InTx(ctx, db, func(*sql.Tx) error { order = append(order, n); return nil })
			})
		}
		synctest.Wait()
		impatient, cancel := context.WithCancelCause(ctx)
		cancel(errors.New("no time"))
		require.EqualError(t, sqlite.InTx(impatient, db, nil), "no time")
		close(end)
		all.Wait()
		require.Equal(t, []int{0, 1, 2, 3, 4, 5, 6, 7, 8, 9}, order)
	})
}

// A transaction that read before another committed cannot write any more: that is a conflict, not
// an error of its own kind, and InTx never meets it.
func TestDeferredTransactionConflicts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, tables := open(t)
	tx, err := db.BeginTx(ctx, nil)
	require.NoError(t, err)
	defer tx.Rollback()
	joined := sqlite.Join(tx, tabletest.Part)
	_, _, err = tabletest.Load(ctx, joined, "a", false)
	require.NoError(t, err)
	require.NoError(t, tabletest.Happen(ctx, tables, "a", tabletest.Noon))
	require.ErrorIs(t, tabletest.Happen(ctx, joined, "a", tabletest.Noon), store.ErrConflict)
}

func TestInTxHoldsTheWriteLockFromTheStart(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "office.db")
	db, _ := openFile(t, file)
	require.NoError(t, sqlite.InTx(ctx, db, func(*sql.Tx) error {
		rival := raw(t, file, "_pragma=busy_timeout(0)")
		_, err := rival.ExecContext(ctx, "create table rival (n)")
		require.ErrorContains(t, err, "locked")
		return nil
	}))
}

func TestInTxRetriesOnlyConflicts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, tables := open(t)
	tries := 0
	require.NoError(t, sqlite.InTx(ctx, db, func(tx *sql.Tx) error {
		tries++
		if err := tabletest.Happen(ctx, sqlite.Join(tx, tabletest.Part), "a", tabletest.Noon); err != nil {
			return err
		}
		if tries < 3 {
			return fmt.Errorf("not yet: %w", store.ErrConflict)
		}
		return nil
	}))
	require.Equal(t, 3, tries)
	_, c, err := tabletest.Load(ctx, tables, "a", false)
	require.NoError(t, err)
	require.EqualValues(t, 1, c.Seq, "two of three attempts were rolled back")

	no := errors.New("no")
	require.Equal(t, no, sqlite.InTx(ctx, db, func(tx *sql.Tx) error {
		require.NoError(t, tabletest.Happen(ctx, sqlite.Join(tx, tabletest.Part), "refused", tabletest.Noon))
		return no
	}))
	version, _, err := tabletest.Load(ctx, tables, "refused", false)
	require.NoError(t, err)
	require.Zero(t, version, "rolled back")

	require.Panics(t, func() { _ = sqlite.InTx(ctx, db, func(*sql.Tx) error { panic("at the disco") }) })
	require.NoError(t, tabletest.Happen(ctx, tables, "a", tabletest.Noon), "a panic gives the lock back")
}

// raw opens a file with a data source name of the caller's.
func raw(t *testing.T, file, query string) *sql.DB {
	db, err := sql.Open("sqlite", "file:"+url.PathEscape(file)+"?"+query)
	require.NoError(t, err)
	t.Cleanup(func() { db.Close() })
	return db
}

func TestPragmas(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	const wal, wait, full = "_pragma=journal_mode(wal)", "&_pragma=busy_timeout(5000)", "&_pragma=synchronous(full)"
	for query, want := range map[string]sqlite.PragmaError{
		wait + full:       {Name: "journal_mode", Want: "wal", Got: "delete"},
		wal + full:        {Name: "busy_timeout", Want: "5000", Got: "0"},
		wal + wait:        {},
		wal + wait + full: {},
		wal + wait + "&_pragma=synchronous(normal)": {Name: "synchronous", Want: "full", Got: "1"},
		wal + wait + "&_pragma=synchronous(extra)":  {},
	} {
		_, err := sqlite.Use(ctx, raw(t, filepath.Join(t.TempDir(), "x.db"), query))
		if want == (sqlite.PragmaError{}) {
			require.NoError(t, err, query)
			continue
		}
		var got *sqlite.PragmaError
		require.ErrorAs(t, err, &got, query)
		require.Equal(t, want, *got)
		require.Contains(t, got.Error(), "add _pragma="+want.Name)
		require.Contains(t, got.Text("ru"), "откройте файл через sqlite.Open")
	}

	// An Exec reaches one connection; the next has none of it.
	one := raw(t, filepath.Join(t.TempDir(), "x.db"), wal+full)
	_, err := one.ExecContext(ctx, "pragma busy_timeout = 5000")
	require.NoError(t, err)
	_, err = sqlite.Use(ctx, one)
	var got *sqlite.PragmaError
	require.ErrorAs(t, err, &got)

	single := raw(t, filepath.Join(t.TempDir(), "x.db"), wal+wait+full)
	single.SetMaxOpenConns(1)
	_, err = sqlite.Use(ctx, single)
	require.NoError(t, err, "a pool of one connection is enough")
}

func TestSchema(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	db, err := sqlite.Open(ctx, filepath.Join(t.TempDir(), "x.db"))
	require.NoError(t, err)
	defer db.Close()
	var missing *table.SchemaError
	_, err = sqlite.Tables(ctx, db, tabletest.Part)
	require.ErrorAs(t, err, &missing)
	require.Equal(t, &table.SchemaError{Store: "sqlite", Part: "booking", Want: 1}, missing)

	var all sync.WaitGroup
	errs := make([]error, 4)
	for n := range errs {
		all.Go(func() { errs[n] = sqlite.Apply(ctx, db, "booking") })
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...))
	require.ErrorContains(t, sqlite.Apply(ctx, db, "weather"), `there is no part "weather"`)

	_, err = db.ExecContext(ctx, "update tenure_schema set version = 7")
	require.NoError(t, err)
	_, err = sqlite.Tables(ctx, db, tabletest.Part)
	require.ErrorAs(t, err, &missing)
	require.Equal(t, 7, missing.Got)
}

func TestBadSurroundings(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	file := filepath.Join(t.TempDir(), "office.db")
	db, tables := openFile(t, file)

	readonly, err := sqlite.Use(ctx, raw(t, file, "mode=ro&_pragma=busy_timeout(5000)&_pragma=synchronous(full)"))
	require.NoError(t, err)
	_, err = sqlite.Tables(ctx, readonly, tabletest.Part)
	require.ErrorContains(t, err, "need a file, and a folder, that may be written")

	_, err = sqlite.Open(ctx, filepath.Join(t.TempDir(), "no such folder", "office.db"))
	require.ErrorContains(t, err, "need a file, and a folder, that may be written")

	_, err = db.ExecContext(ctx, "drop table tenure_booking_event")
	require.NoError(t, err)
	require.ErrorContains(t, tabletest.Happen(ctx, tables, "a", tabletest.Noon), "apply the part's schema")
	version, _, err := tabletest.Load(ctx, tables, "a", false)
	require.NoError(t, err)
	require.Zero(t, version, "nothing half-written")

	db.Close()
	require.ErrorContains(t, tabletest.Happen(ctx, tables, "a", tabletest.Noon), "close it only after the last use")
	require.ErrorContains(t, sqlite.InTx(ctx, db, func(*sql.Tx) error { return nil }), "close it only after the last use")
	_, _, err = tables.Since(ctx, "", 1)
	require.ErrorContains(t, err, "close it only after the last use")
	_, err = sqlite.Tables(ctx, db, tabletest.Part)
	require.ErrorContains(t, err, "close it only after the last use")
}

func TestTempLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("TMPDIR", dir)
	db, err := sqlite.Temp(t.Context())
	require.NoError(t, err)
	require.NoError(t, sqlite.Apply(t.Context(), db, "booking"))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Len(t, files, 1)
	require.NoError(t, db.Close())
	files, err = os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, files)

	t.Setenv("TMPDIR", filepath.Join(dir, "absent"))
	_, err = sqlite.Temp(t.Context())
	require.Error(t, err)
}
