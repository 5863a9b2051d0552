package pgbooking_test

import (
	"context"
	"fmt"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store/internal/tabletest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgbooking"
)

// A wire sees what goes to the server: the statements, and how often an answer was waited for.
type wire struct {
	mu         sync.Mutex
	statements []string
	trips      int
}

func (w *wire) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	w.note(q.SQL)
	return ctx
}

func (w *wire) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (w *wire) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	for _, q := range b.Batch.QueuedQueries {
		w.note(q.SQL)
	}
	return ctx
}

func (w *wire) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (w *wire) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

func (w *wire) note(sql string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.statements = append(w.statements, sql)
}

// take returns what was seen since the last time.
func (w *wire) take() (statements []string, trips int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	statements, trips = w.statements, w.trips
	w.statements, w.trips = nil, 0
	return statements, trips
}

// A counted connection counts a round trip whenever something is read after something was written.
type counted struct {
	net.Conn
	wire  *wire
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

// tap opens a pool of one connection that is seen through.
func tap(t *testing.T) (*wire, *pgxpool.Pool, *pgbooking.Store) {
	ctx := t.Context()
	w := &wire{}
	config, err := pgxpool.ParseConfig(pgtest.URL(t))
	require.NoError(t, err)
	config.MaxConns = 1
	config.ShouldPing = func(context.Context, pgxpool.ShouldPingParams) bool { return false }
	config.ConnConfig.Tracer = w
	dial := config.ConnConfig.DialFunc
	config.ConnConfig.DialFunc = func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := dial(ctx, network, addr)
		return &counted{Conn: conn, wire: w}, err
	}
	pool, err := pgxpool.NewWithConfig(ctx, config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, postgres.Apply(ctx, pool, "booking"))
	s, err := pgbooking.New(ctx, pool)
	require.NoError(t, err)
	w.take()
	return w, pool, s
}

func nights(t *testing.T, from, to int) booking.Span {
	first := date.New(2027, time.June, 1)
	s, err := booking.Nights(first+date.Date(from), first+date.Date(to))
	require.NoError(t, err)
	return s
}

var noon = time.Date(2027, time.May, 1, 12, 0, 0, 0, time.UTC)

func newDesk(t *testing.T, s booking.Store, units ...booking.UnitID) *booking.Desk {
	desk, err := booking.New(booking.Config{Store: s, Now: func() time.Time { return noon }})
	require.NoError(t, err)
	for _, u := range units {
		_, err := desk.Do(t.Context(), booking.Define{Unit: booking.Unit{ID: u}})
		require.NoError(t, err)
	}
	return desk
}

// Every command, on a pool and in a transaction, sends only statements that find their rows on one
// shard.
func TestStatements(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, pool, s := tap(t)
	outside := newDesk(t, s, "a", "b", "c")
	day := 0
	for name, run := range map[string]func(fn func(desk *booking.Desk) error) error{
		"on a pool": func(fn func(desk *booking.Desk) error) error { return fn(outside) },
		"in a transaction": func(fn func(desk *booking.Desk) error) error {
			return postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return fn(outside.In(pgbooking.In(tx))) })
		},
	} {
		day += 40
		require.NoError(t, run(func(desk *booking.Desk) error {
			hold := booking.Hold{ID: booking.ReservationID(name), Unit: "a", Span: nights(t, day, day+2), And: []booking.Claim{
				{Unit: "b", Span: nights(t, day, day+2)}, {Unit: "c", Span: nights(t, day, day+2)}}}
			h, err := desk.Hold(ctx, hold)
			require.NoError(t, err)
			again, err := desk.Hold(ctx, hold)
			require.NoError(t, err)
			require.True(t, again.Replayed)
			hold.ID += " too"
			_, err = desk.Hold(ctx, hold)
			require.ErrorIs(t, err, booking.ErrTaken)
			hold.Policy = booking.PolicyQueue
			_, err = desk.Hold(ctx, hold)
			require.NoError(t, err)
			_, err = desk.Do(ctx, booking.Extend{Ref: h.Ref(), TTL: time.Hour})
			require.NoError(t, err)
			_, err = desk.Do(ctx, booking.Move{Ref: booking.Ref{Unit: "a", ID: h.ID}, Claims: []booking.Claim{{Unit: "b", Span: nights(t, day+5, day+6)}}})
			require.NoError(t, err)
			_, err = desk.Confirm(ctx, booking.Confirm{Ref: booking.Ref{Unit: "b", ID: h.ID}})
			require.NoError(t, err)
			_, err = desk.Cancel(ctx, booking.Cancel{Ref: booking.Ref{Unit: "b", ID: h.ID}})
			require.NoError(t, err)
			_, err = desk.Calendar(ctx, nights(t, day, day+9), "a", "b", "c")
			return err
		}))
		statements, _ := w.take()
		require.Greater(t, len(statements), 20, name)
		for _, sql := range statements {
			require.NoError(t, tabletest.CheckStatement(sql), name)
		}
	}
}

// A hold is one round trip to load and one to commit, for one unit as for three, once statements
// are prepared and where no queue and no clash is met; in a transaction it is the same
// between BEGIN and COMMIT.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, pool, s := tap(t)
	desk := newDesk(t, s, "a", "b", "c")
	hold := func(desk *booking.Desk, n int, and ...booking.UnitID) {
		h := booking.Hold{ID: booking.ReservationID(fmt.Sprint("h-", n)), Unit: "a", Span: nights(t, n, n+1)}
		for _, u := range and {
			h.And = append(h.And, booking.Claim{Unit: u, Span: h.Span})
		}
		_, err := desk.Hold(ctx, h)
		require.NoError(t, err)
	}
	hold(desk, 0)
	hold(desk, 1, "b", "c")
	w.take()

	hold(desk, 2)
	_, trips := w.take()
	require.Equal(t, 2, trips, "one unit")
	hold(desk, 3, "b", "c")
	_, trips = w.take()
	require.Equal(t, 2, trips, "three units")
	_, err := desk.Calendar(ctx, nights(t, 0, 30), "a")
	require.NoError(t, err)
	_, trips = w.take()
	require.Equal(t, 1, trips, "a calendar")

	for n := range 2 {
		require.NoError(t, postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
			w.take()
			hold(desk.In(pgbooking.In(tx)), 4+n, "b", "c")
			return nil
		}))
		_, trips = w.take()
	}
	require.Equal(t, 3, trips, "load, write; COMMIT")

	_, _, err = s.Since(ctx, "", 100)
	require.NoError(t, err)
	_, next, err := s.Since(ctx, "", 100)
	require.NoError(t, err)
	w.take()
	_, _, err = s.Since(ctx, next, 100)
	require.NoError(t, err)
	_, trips = w.take()
	require.Equal(t, 1, trips, "a follower that is up to date takes no lock")
}
