package pgdedup_test

import (
	"context"
	"fmt"
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

func wired(t *testing.T) (*wire, *dedup.Desk) {
	ctx := t.Context()
	pool := fresh.Pool(t, fresh.Committed)
	require.NoError(t, postgres.Apply(ctx, pool, "dedup"))
	tables, err := postgres.Tables(ctx, pool, deduptable.Part)
	require.NoError(t, err)
	w := &wire{DB: tables}
	desk, err := dedup.New(dedup.Config{Store: deduptable.New(w), Now: func() time.Time { return time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC) }})
	require.NoError(t, err)
	return w, desk
}

// A touch costs at most 4 round trips, three to read and one to commit, however many touches and
// cards there are; only where a chain of traces and keys leads further than two keys away, one more
// each. Every statement finds its rows on one shard.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	w, desk := wired(t)
	counts := make(map[int]int)
	total, touches := 0, deduptest.Records(t, 3000)
	for _, touch := range touches {
		w.trips = 0
		_, err := desk.Ingest(t.Context(), touch)
		require.NoError(t, err)
		counts[w.trips]++
		total += w.trips
		if touch.Source.Partner != "" {
			require.LessOrEqual(t, w.trips, 4, "the filing %s", touch.ID)
		}
		require.LessOrEqual(t, w.trips, 5, touch.ID)
	}
	t.Logf("%d touches, %.2f round trips each; how many took how many: %v", len(touches), float64(total)/float64(len(touches)), counts)
	require.LessOrEqual(t, float64(total)/float64(len(touches)), 2.5)
	require.LessOrEqual(t, counts[5], len(touches)/1000)
	slices.Sort(w.sql)
	for _, sql := range slices.Compact(w.sql) {
		require.NoError(t, tabletest.CheckStatement(sql))
	}
}

// Nor does it matter how long a card is on which partners file. On the card with two phones one end
// is three keys away from the other.
func TestRoundTripsOfLongCards(t *testing.T) {
	t.Parallel()
	const phone, mail, second = "8 916 000-00-01", "anna.kotova@mail.ru", "8 916 000-00-02"
	ways := []dedup.Touch{{Phone: phone}, {Name: "Анна", Phone: phone, Email: mail}, {Name: "Анна", Email: mail}, {Name: "Аня Котова", Phone: phone},
		{Name: "Анна Котова", Phone: second, Email: mail}, {Name: "Анна", Phone: second}}
	for title, card := range map[string]struct{ ways, limit int }{"a phone and a mailbox": {4, 4}, "two phones": {6, 5}} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			w, desk := wired(t)
			for i := range 300 {
				touch := ways[i%card.ways]
				touch.ID = dedup.TouchID(fmt.Sprintf("t%03d", i))
				touch.Received = time.Date(2026, 1, 1, i, 0, 0, 0, time.UTC)
				if i%3 != 0 {
					touch.Source.Partner = dedup.PartnerID(fmt.Sprintf("p%d", i%5))
				}
				w.trips = 0
				res, err := desk.Ingest(t.Context(), touch)
				require.NoError(t, err)
				require.LessOrEqual(t, w.trips, card.limit, touch.ID)
				require.Equal(t, dedup.CardID("t000"), res.Card)
				require.Equal(t, touch.Source.Partner != "", res.Claim != nil)
			}
			long, err := desk.Card(t.Context(), "t000")
			require.NoError(t, err)
			require.Len(t, long.Timeline, 300)
		})
	}
}

// 64 writers of the first 10,000 records of the stream end in Partition.
func TestWriters(t *testing.T) {
	t.Parallel()
	_, s := open(t, fresh.Committed)
	deduptest.TestWriters(t, s, 64, 10_000)
}
