package pgvoucher_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store/internal/tabletest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgvoucher"
	"github.com/tenure-go/tenure/voucher"
)

// A wire keeps the statements of batches: Load and Commit send nothing else.
type wire struct {
	mu   sync.Mutex
	sent []string
}

func (w *wire) TraceBatchStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceBatchStartData) context.Context {
	return ctx
}

func (w *wire) TraceBatchQuery(_ context.Context, _ *pgx.Conn, q pgx.TraceBatchQueryData) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.sent = append(w.sent, q.SQL)
}

func (w *wire) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData) {}

func (w *wire) TraceQueryStart(ctx context.Context, _ *pgx.Conn, _ pgx.TraceQueryStartData) context.Context {
	return ctx
}

func (w *wire) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

// Every command, on a pool and in a transaction, sends only statements that find their rows on one
// shard.
func TestStatements(t *testing.T) {
	ctx := t.Context()
	config, err := pgxpool.ParseConfig(pgtest.URL(t))
	require.NoError(t, err)
	w := &wire{}
	config.ConnConfig.Tracer = w
	pool, err := pgxpool.NewWithConfig(ctx, config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, postgres.Apply(ctx, pool, "voucher"))
	s, err := pgvoucher.New(ctx, pool)
	require.NoError(t, err)
	desk, err := voucher.New(voucher.Config{Store: s, Now: func() time.Time { return time.Date(2027, 5, 1, 0, 0, 0, 0, time.UTC) }})
	require.NoError(t, err)
	june8 := date.New(2027, 6, 8)
	commands := func(desk *voucher.Desk, name string) error {
		cmd := voucher.Issue{ID: "i"}
		for i := range 75 {
			cmd.Items = append(cmd.Items, voucher.Item{Reservation: voucher.ReservationID(fmt.Sprint(name, i)), TripStart: june8 + date.Date(i%2)})
		}
		vs, err := desk.Issue(ctx, cmd)
		require.NoError(t, err)
		_, err = desk.Reissue(ctx, voucher.Reissue{Ref: vs[0].Ref(), ID: "r", Item: voucher.Item{TripStart: june8 + 9}})
		require.NoError(t, err)
		_, err = desk.Void(ctx, voucher.Void{Ref: vs[1].Ref()})
		require.NoError(t, err)
		_, err = desk.Adopt(ctx, voucher.Adopt{ID: "a", Number: "old " + name, Issued: june8 - 90, Item: voucher.Item{Reservation: voucher.ReservationID(name), TripStart: june8}})
		return err
	}
	w.sent = nil
	require.NoError(t, commands(desk, "pool"))
	require.NoError(t, postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return commands(desk.In(pgvoucher.In(tx)), "tx") }))
	require.Greater(t, len(w.sent), 600)
	for _, sql := range w.sent {
		require.NoError(t, tabletest.CheckStatement(sql))
	}
}
