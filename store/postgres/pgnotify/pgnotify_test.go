package pgnotify_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/channel"
	"github.com/tenure-go/tenure/notify/notifytest"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/internal/fresh"
	"github.com/tenure-go/tenure/store/postgres/pgnotify"
)

func open(t testing.TB, isolation string) (*pgxpool.Pool, *pgnotify.Store) {
	return fresh.Store(t, isolation, "notify", pgnotify.New)
}

// The suite holds at every isolation level that a pool may have as its default.
func TestSuite(t *testing.T) {
	t.Parallel()
	fresh.EachIsolation(t, func(t *testing.T, isolation string) {
		t.Run("store", func(t *testing.T) {
			t.Parallel()
			notifytest.TestStore(t, func(t *testing.T) notify.Store { _, s := open(t, isolation); return s })
		})
		t.Run("due", func(t *testing.T) {
			t.Parallel()
			notifytest.TestDue(t, func(t *testing.T) (notify.Store, notify.Due) { _, s := open(t, isolation); return s, s })
		})
		t.Run("feed", func(t *testing.T) {
			t.Parallel()
			notifytest.TestFeed(t, func(t *testing.T) (notify.Store, notify.Feed) { _, s := open(t, isolation); return s, s })
		})
		t.Run("find", func(t *testing.T) {
			t.Parallel()
			notifytest.TestFind(t, func(t *testing.T) (notify.Store, notify.Finder) { _, s := open(t, isolation); return s, s })
		})
		t.Run("tx", func(t *testing.T) {
			t.Parallel()
			notifytest.TestTx(t, func(t *testing.T) notifytest.Tx { return openTx(t, isolation) })
		})
	})
}

func openTx(t *testing.T, isolation string) notifytest.Tx {
	pool, s := open(t, isolation)
	_, err := pool.Exec(t.Context(), "create table own (text text)")
	require.NoError(t, err)
	return notifytest.Tx{
		Store: s,
		InTx: func(ctx context.Context, fn func(context.Context, notify.Store, func(string) error) error) error {
			return postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
				return fn(ctx, pgnotify.In(tx), func(text string) error {
					_, err := tx.Exec(ctx, "insert into own values ($1)", text)
					return err
				})
			})
		},
		Own: func(ctx context.Context) ([]string, error) {
			rows, err := pool.Query(ctx, "select text from own")
			if err != nil {
				return nil, err
			}
			return pgx.CollectRows(rows, pgx.RowTo[string])
		},
	}
}

// All that a desk does, on a pool and in a transaction, sends only statements that find their rows
// on one shard.
func TestStatements(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, pool, s := fresh.Tapped(t, "notify", pgnotify.New)
	now := time.Date(2027, 6, 1, 12, 0, 0, 0, time.UTC)
	desk, err := notify.New(notify.Config{Store: s, Rules: notifytest.Rules(), Now: func() time.Time { return now },
		Channels: map[notify.ChannelID]notify.Channel{"sms": &channel.Log{Level: notify.LevelAccepted}, "site": &channel.Log{}}})
	require.NoError(t, err)
	stay := notify.Occasion{ID: "stay-1", Kind: "stay", Start: now.Add(72 * time.Hour), To: notify.Recipient{Addresses: map[notify.ChannelID]string{"sms": "+7701"}}, Vars: map[string]string{"text": "x"}}
	work := func(desk *notify.Desk) {
		posted, err := desk.Post(ctx, stay)
		require.NoError(t, err)
		stay.Rev++
		stay.Start = stay.Start.Add(time.Hour)
		_, err = desk.Post(ctx, stay)
		require.NoError(t, err)
		require.NoError(t, desk.Learn(ctx, notify.Fact{Channel: "sms", Address: "+7701", Kind: notify.FactInbound}))
		require.NoError(t, desk.Receive(ctx, notify.Receipt{Channel: "sms", External: "nobody's", Level: notify.LevelRead}))
		_, err = desk.Delivery(ctx, posted[0].ID)
		require.NoError(t, err)
	}
	work(desk)
	require.NoError(t, postgres.InTx(ctx, pool, func(tx pgx.Tx) error { work(desk.In(pgnotify.In(tx))); return nil }))
	w.RequireShards(t, 40)
	now = now.Add(72 * time.Hour)
	due, err := s.Due(ctx, now, 10)
	require.NoError(t, err)
	require.Len(t, due, 1)
	w.Take()
	_, err = desk.Tick(ctx, dues(due), 10)
	require.NoError(t, err)
	require.NoError(t, desk.Receive(ctx, notify.Receipt{Channel: "sms", External: due[0].ID + "#0", Level: notify.LevelDelivered}))
	w.RequireShards(t, 5)
	d, err := desk.Delivery(ctx, notify.MessageID(due[0].ID))
	require.NoError(t, err)
	require.Equal(t, notify.StateReached, d.State)
}

// dues is a due list that is known already.
type dues []store.Key

func (d dues) Due(context.Context, time.Time, int) ([]store.Key, error) { return d, nil }
