package fresh

import (
	"context"
	"net"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store/internal/tabletest"
	"github.com/tenure-go/tenure/store/postgres"
)

// A Wire sees what goes to the server: the statements, and how often an answer was waited for.
type Wire struct {
	mu         sync.Mutex
	statements []string
	trips      int
}

// Tapped is [Store] on a pool of one connection that is seen through. The wire begins after the
// store is open.
func Tapped[S any](t testing.TB, part string, store func(context.Context, postgres.DB) (S, error)) (*Wire, *pgxpool.Pool, S) {
	w := &Wire{}
	c := config(t, Committed)
	c.MaxConns = 1
	c.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	c.ConnConfig.Tracer = (*tracer)(w)
	dial := c.ConnConfig.DialFunc
	c.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return &counted{Conn: conn, wire: w}, err
	}
	pool, s := apply(t, open(t, c), part, store)
	w.Take()
	return w, pool, s
}

// Take returns what was seen since the last time.
func (w *Wire) Take() (statements []string, trips int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	statements, trips = w.statements, w.trips
	w.statements, w.trips = nil, 0
	return statements, trips
}

// RequireShards requires that more than least statements were seen since the last time, and that each
// finds its rows on one shard.
func (w *Wire) RequireShards(t testing.TB, least int) {
	t.Helper()
	statements, _ := w.Take()
	require.Greater(t, len(statements), least)
	for _, sql := range statements {
		require.NoError(t, tabletest.CheckStatement(sql))
	}
}

// A tracer is a Wire as pgx sees it.
type tracer Wire

func (w *tracer) note(sql string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.statements = append(w.statements, sql)
}

func (w *tracer) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	w.note(q.SQL)
	return ctx
}

func (w *tracer) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	for _, q := range b.Batch.QueuedQueries {
		w.note(q.SQL)
	}
	return ctx
}

func (w *tracer) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData)     {}
func (w *tracer) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (w *tracer) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

// A counted connection counts a round trip whenever something is read after something was written.
type counted struct {
	net.Conn
	wire  *Wire
	wrote bool
}

func (c *counted) Write(b []byte) (int, error) {
	c.wire.mu.Lock()
	c.wrote = true
	c.wire.mu.Unlock()
	return c.Conn.Write(b)
}

func (c *counted) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.wire.mu.Lock()
	if n > 0 && c.wrote {
		c.wire.trips++
		c.wrote = false
	}
	c.wire.mu.Unlock()
	return n, err
}
