package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/internal/tabletest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/storetest"
	"github.com/tenure-go/tenure/store/table"
)

// connect opens a pool on a schema of the test's own, with a default isolation level.
func connect(t *testing.T, url, isolation string) *pgxpool.Pool {
	config, err := pgxpool.ParseConfig(url)
	require.NoError(t, err)
	config.ConnConfig.RuntimeParams["default_transaction_isolation"] = isolation
	config.MaxConns = 16
	pool, err := pgxpool.NewWithConfig(t.Context(), config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func open(t *testing.T) (*pgxpool.Pool, table.DB) {
	pool := connect(t, pgtest.URL(t), "read committed")
	require.NoError(t, postgres.Apply(t.Context(), pool, tabletest.Part.Name))
	db, err := postgres.Tables(t.Context(), pool, tabletest.Part)
	require.NoError(t, err)
	return pool, db
}

var isolations = []string{"read committed", "repeatable read", "serializable"}

func TestTables(t *testing.T) {
	t.Parallel()
	for _, isolation := range isolations {
		t.Run(isolation, func(t *testing.T) {
			t.Parallel()
			fresh := func(t *testing.T) (*pgxpool.Pool, table.DB) {
				pool := connect(t, pgtest.URL(t), isolation)
				require.NoError(t, postgres.Apply(t.Context(), pool, tabletest.Part.Name))
				db, err := postgres.Tables(t.Context(), pool, tabletest.Part)
				require.NoError(t, err)
				return pool, db
			}
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
					_, db := fresh(t)
					try(t, db)
				})
			}
			t.Run("storetest in transactions", func(t *testing.T) {
				t.Parallel()
				pool, _ := fresh(t)
				storetest.Run(t, tabletest.Fixture(tabletest.In(func(ctx context.Context, fn func(table.Tables) error) error {
					return postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return fn(postgres.Join(tx, tabletest.Part)) })
				})))
			})
			t.Run("conflict in a transaction", func(t *testing.T) {
				t.Parallel()
				pool, db := fresh(t)
				tabletest.ConflictInTransaction(t, db, inTx(t, pool))
			})
		})
	}
}

func inTx(t *testing.T, pool *pgxpool.Pool) func(fn func(table.Tables) error) error {
	return func(fn func(table.Tables) error) error {
		return postgres.InTx(t.Context(), pool, func(tx pgx.Tx) error { return fn(postgres.Join(tx, tabletest.Part)) })
	}
}

// A feed must not skip what was written first and committed last.
func TestFeedWaitsForNoLateCommitter(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pool, db := open(t)
	early, err := pool.Begin(ctx)
	require.NoError(t, err)
	late, err := pool.Begin(ctx)
	require.NoError(t, err)
	require.NoError(t, tabletest.Happen(ctx, postgres.Join(early, tabletest.Part), "written-first", tabletest.Noon))
	require.NoError(t, tabletest.Happen(ctx, postgres.Join(late, tabletest.Part), "written-last", tabletest.Noon.AddDate(0, 0, 1)))

	// Four followers read at once, before, between and after the commits.
	const followers = 4
	cursors, seen := make([]store.Cursor, followers), make([][]string, followers)
	follow := func() {
		var all sync.WaitGroup
		errs := make([]error, followers)
		for f := range followers {
			all.Go(func() {
				events, next, err := tabletest.Follow(ctx, db, cursors[f], 1)
				errs[f], cursors[f] = err, next
				for _, e := range events {
					seen[f] = append(seen[f], e.ID)
				}
			})
		}
		all.Wait()
		require.NoError(t, errors.Join(errs...))
	}
	follow()
	require.NoError(t, late.Commit(ctx))
	follow()
	require.NoError(t, early.Commit(ctx))
	follow()
	for f := range followers {
		require.Equal(t, []string{"written-last", "written-first"}, seen[f])
	}
	var numbered []int64
	rows, err := pool.Query(ctx, "select n from tenure_booking_event order by n")
	require.NoError(t, err)
	numbered, err = pgx.CollectRows(rows, pgx.RowTo[int64])
	require.NoError(t, err)
	require.Equal(t, []int64{1, 2}, numbered, "no gap")
}

// A restored backup is a schema with the rows that the tables had when it was taken.
func TestFeedRewound(t *testing.T) {
	t.Parallel()
	pool, db := open(t)
	url := pgtest.URL(t)
	tabletest.Rewound(t, db, func() table.DB {
		ctx := t.Context()
		restored := connect(t, url, "read committed")
		require.NoError(t, postgres.Apply(ctx, restored, tabletest.Part.Name))
		var from, to string
		require.NoError(t, pool.QueryRow(ctx, "select current_schema()").Scan(&from))
		require.NoError(t, restored.QueryRow(ctx, "select current_schema()").Scan(&to))
		_, err := restored.Exec(ctx, "delete from tenure_booking_feed")
		require.NoError(t, err)
		for _, name := range []string{"key", "event", "feed"} {
			_, err := restored.Exec(ctx, fmt.Sprintf("insert into %s.tenure_booking_%[3]s select * from %[2]s.tenure_booking_%[3]s",
				pgx.Identifier{to}.Sanitize(), pgx.Identifier{from}.Sanitize(), name))
			require.NoError(t, err)
		}
		db, err := postgres.Tables(ctx, restored, tabletest.Part)
		require.NoError(t, err)
		return db
	})
}

// The caller's row and the key stand or fall together, whoever conflicts, and transactions that
// name keys in opposite orders all get through.
func TestInTxOppositeOrders(t *testing.T) {
	t.Parallel()
	for _, isolation := range isolations {
		t.Run(isolation, func(t *testing.T) {
			t.Parallel()
			ctx := t.Context()
			pool := connect(t, pgtest.URL(t), isolation)
			require.NoError(t, postgres.Apply(ctx, pool, tabletest.Part.Name))
			_, err := pool.Exec(ctx, "create table own (n int)")
			require.NoError(t, err)
			const transactions = 40
			var all sync.WaitGroup
			errs := make([]error, transactions)
			for n := range transactions {
				all.Go(func() {
					ids := []string{"a", "b", "c"}
					if n%2 == 1 {
						slices.Reverse(ids)
					}
					errs[n] = eventually(ctx, func() error {
						return postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
							if _, err := tx.Exec(ctx, "insert into own values ($1)", n); err != nil {
								return err
							}
							for _, id := range ids {
								if err := tabletest.Happen(ctx, postgres.Join(tx, tabletest.Part), id, tabletest.Noon); err != nil {
									return err
								}
							}
							return nil
						})
					})
				})
			}
			all.Wait()
			require.NoError(t, errors.Join(errs...))
			var own int
			require.NoError(t, pool.QueryRow(ctx, "select count(*) from own").Scan(&own))
			require.Equal(t, transactions, own)
			db, err := postgres.Tables(ctx, pool, tabletest.Part)
			require.NoError(t, err)
			for _, id := range []string{"a", "b", "c"} {
				_, c, err := tabletest.Load(ctx, db, id, false)
				require.NoError(t, err)
				require.EqualValues(t, transactions, c.Seq)
			}
		})
	}
}

// eventually goes on where InTx gave up after MaxTries.
func eventually(ctx context.Context, fn func() error) error {
	for {
		if err := fn(); !errors.Is(err, store.ErrConflict) || ctx.Err() != nil {
			return err
		}
	}
}

func TestInTxRetriesOnlyConflicts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pool, db := open(t)
	for _, code := range []string{"40001", "40P01", "23P01"} {
		tries := 0
		require.NoError(t, postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
			tries++
			if err := tabletest.Happen(ctx, postgres.Join(tx, tabletest.Part), code, tabletest.Noon); err != nil {
				return err
			}
			if tries < 3 {
				return fmt.Errorf("my own statement: %w", &pgconn.PgError{Code: code})
			}
			return nil
		}))
		require.Equal(t, 3, tries)
		_, c, err := tabletest.Load(ctx, db, code, false)
		require.NoError(t, err)
		require.EqualValues(t, 1, c.Seq, "two of three attempts were rolled back")
	}
	tries, no := 0, errors.New("no")
	require.Equal(t, no, postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
		tries++
		require.NoError(t, tabletest.Happen(ctx, postgres.Join(tx, tabletest.Part), "refused", tabletest.Noon))
		return no
	}))
	require.Equal(t, 1, tries)
	version, _, err := tabletest.Load(ctx, db, "refused", false)
	require.NoError(t, err)
	require.Zero(t, version, "rolled back")
	require.Panics(t, func() {
		_ = postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
			require.NoError(t, tabletest.Happen(ctx, postgres.Join(tx, tabletest.Part), "panicked", tabletest.Noon))
			panic("at the disco")
		})
	})
	require.Zero(t, pool.Stat().AcquiredConns(), "a panic gives the connection back")
}

func TestSchema(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pool := connect(t, pgtest.URL(t), "read committed")
	var missing *table.SchemaError
	_, err := postgres.Tables(ctx, pool, tabletest.Part)
	require.ErrorAs(t, err, &missing)
	require.Equal(t, &table.SchemaError{Store: "postgres", Part: "booking", Want: 1}, missing)

	var all sync.WaitGroup
	errs := make([]error, 4)
	for n := range errs {
		all.Go(func() { errs[n] = postgres.Apply(ctx, pool, "booking") })
	}
	all.Wait()
	require.NoError(t, errors.Join(errs...), "several processes start at once")
	_, err = postgres.Tables(ctx, pool, tabletest.Part)
	require.NoError(t, err)
	require.ErrorContains(t, postgres.Apply(ctx, pool, "weather"), `there is no part "weather"`)

	_, err = pool.Exec(ctx, "update tenure_schema set version = 7 where part = 'booking'")
	require.NoError(t, err)
	_, err = postgres.Tables(ctx, pool, tabletest.Part)
	require.ErrorAs(t, err, &missing)
	require.Equal(t, 7, missing.Got)
}

func TestBadSurroundings(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pool, db := open(t)

	readonly, err := pool.Acquire(ctx)
	require.NoError(t, err)
	_, err = readonly.Exec(ctx, "set default_transaction_read_only = on")
	require.NoError(t, err)
	standby, err := postgres.Tables(ctx, readonly.Conn(), tabletest.Part)
	require.NoError(t, err)
	require.ErrorContains(t, tabletest.Happen(ctx, standby, "a", tabletest.Noon), "connect to a primary server")
	_, err = readonly.Exec(ctx, "set default_transaction_read_only = off")
	require.NoError(t, err)
	readonly.Release()

	_, err = pool.Exec(ctx, "drop table tenure_booking_event")
	require.NoError(t, err)
	require.ErrorContains(t, tabletest.Happen(ctx, db, "a", tabletest.Noon), "apply the part's schema")
	version, _, err := tabletest.Load(ctx, db, "a", false)
	require.NoError(t, err)
	require.Zero(t, version, "nothing half-written")

	pool.Close()
	require.ErrorContains(t, tabletest.Happen(ctx, db, "a", tabletest.Noon), "close it only after the last use")
	require.ErrorContains(t, postgres.InTx(ctx, pool, func(pgx.Tx) error { return nil }), "close it only after the last use")
	_, _, err = db.Since(ctx, "", 1)
	require.ErrorContains(t, err, "close it only after the last use")
	_, err = postgres.Tables(ctx, pool, tabletest.Part)
	require.ErrorContains(t, err, "close it only after the last use")
}
