package pgdedup_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/dedup/deduptest"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/internal/tabletest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/internal/fresh"
	"github.com/tenure-go/tenure/store/postgres/pgdedup"
	"github.com/tenure-go/tenure/store/table"
	"github.com/tenure-go/tenure/store/table/deduptable"
)

func open(t testing.TB, isolation string) (*pgxpool.Pool, *pgdedup.Store) {
	return fresh.Store(t, isolation, "dedup", pgdedup.New)
}

// The suite holds at every isolation level that a pool may have as its default.
func TestSuite(t *testing.T) {
	t.Parallel()
	fresh.EachIsolation(t, func(t *testing.T, isolation string) {
		t.Run("store", func(t *testing.T) {
			t.Parallel()
			deduptest.TestStore(t, func(t *testing.T) dedup.Store {
				_, s := open(t, isolation)
				return s
			})
		})
		t.Run("feed", func(t *testing.T) {
			t.Parallel()
			deduptest.TestFeed(t, func(t *testing.T) (dedup.Store, dedup.Feed) {
				_, s := open(t, isolation)
				return s, s
			})
		})
		t.Run("find", func(t *testing.T) {
			t.Parallel()
			deduptest.TestFind(t, func(t *testing.T) (dedup.Store, dedup.Finder) {
				_, s := open(t, isolation)
				return s, s
			})
		})
		t.Run("transaction", func(t *testing.T) {
			t.Parallel()
			deduptest.TestTx(t, func(t *testing.T) deduptest.Tx {
				pool, s := open(t, isolation)
				return deduptest.Tx{Store: s, InTx: func(ctx context.Context, fn func(context.Context, dedup.Store) error) error {
					return postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return fn(ctx, pgdedup.In(tx)) })
				}}
			})
		})
	})
}

// A wire counts the round trips to a part's tables, and keeps the statements.
type wire struct {
	table.DB
	trips int
	sql   []string
}

func (w *wire) Read(ctx context.Context, lock []store.Key, reads ...table.Read) error {
	w.trips++
	for _, r := range reads {
		w.sql = append(w.sql, r.SQL)
	}
	return w.DB.Read(ctx, lock, reads...)
}

func (w *wire) Commit(ctx context.Context, c *table.Write) error {
	w.trips++
	_, rest, err := c.Plan(deduptable.Part)
	for _, s := range rest {
		w.sql = append(w.sql, s.SQL)
	}
	if err != nil {
		return err
	}
	return w.DB.Commit(ctx, c)
}

// A touch costs at most 4 round trips, three to read and one to commit, however many touches and
// cards there are; and every statement finds its rows on one shard.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	pool := fresh.Pool(t, fresh.Committed)
	require.NoError(t, postgres.Apply(ctx, pool, "dedup"))
	tables, err := postgres.Tables(ctx, pool, deduptable.Part)
	require.NoError(t, err)
	w := &wire{DB: tables}
	desk, err := dedup.New(dedup.Config{Store: deduptable.New(w), Now: func() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }})
	require.NoError(t, err)
	counts := make(map[int]int)
	total, touches := 0, deduptest.Records(t, 3000)
	for _, touch := range touches {
		w.trips = 0
		_, err := desk.Ingest(ctx, touch)
		require.NoError(t, err)
		counts[w.trips]++
		total += w.trips
	}
	t.Logf("%d touches, %.2f round trips each; how many took how many: %v", len(touches), float64(total)/float64(len(touches)), counts)
	require.LessOrEqual(t, float64(total)/float64(len(touches)), 4.0)
	slices.Sort(w.sql)
	for _, sql := range slices.Compact(w.sql) {
		require.NoError(t, tabletest.CheckStatement(sql))
	}
}

// 64 writers of the first 10,000 records of the stream end in Partition.
func TestWriters(t *testing.T) {
	t.Parallel()
	_, s := open(t, fresh.Committed)
	deduptest.TestWriters(t, s, 64, 10_000)
}
