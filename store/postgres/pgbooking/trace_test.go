package pgbooking_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/internal/fresh"
	"github.com/tenure-go/tenure/store/postgres/pgbooking"
)

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
	w, pool, s := fresh.Tapped(t, "booking", pgbooking.New)
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
		w.RequireShards(t, 20)
	}
}

// A hold is one round trip to load and one to commit, for one unit as for three, once statements
// are prepared and where no queue and no clash is met; in a transaction it is the same
// between BEGIN and COMMIT.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, pool, s := fresh.Tapped(t, "booking", pgbooking.New)
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
	w.Take()

	hold(desk, 2)
	_, trips := w.Take()
	require.Equal(t, 2, trips, "one unit")
	hold(desk, 3, "b", "c")
	_, trips = w.Take()
	require.Equal(t, 2, trips, "three units")
	_, err := desk.Calendar(ctx, nights(t, 0, 30), "a")
	require.NoError(t, err)
	_, trips = w.Take()
	require.Equal(t, 1, trips, "a calendar")

	for n := range 2 {
		require.NoError(t, postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
			w.Take()
			hold(desk.In(pgbooking.In(tx)), 4+n, "b", "c")
			return nil
		}))
		_, trips = w.Take()
	}
	require.Equal(t, 3, trips, "load, write; COMMIT")

	_, _, err = s.Since(ctx, "", 100)
	require.NoError(t, err)
	_, next, err := s.Since(ctx, "", 100)
	require.NoError(t, err)
	w.Take()
	_, _, err = s.Since(ctx, next, 100)
	require.NoError(t, err)
	_, trips = w.Take()
	require.Equal(t, 1, trips, "a follower that is up to date takes no lock")
}
