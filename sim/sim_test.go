package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
)

func TestMain(m *testing.M) {
	if file := os.Getenv(childEnv); file != "" {
		exit(write(file, os.Stdout)) // the process that is killed
		return
	}
	os.Exit(m.Run())
}

// A part of what go run ./sim does, on every store that is here.
func TestSeeds(t *testing.T) {
	b, err := openBackends()
	require.NoError(t, err)
	defer b.close()
	if b.postgres == "" {
		require.NotEqual(t, "true", os.Getenv("CI"), "no PostgreSQL here, and CI may not skip")
		t.Log("no PostgreSQL here: memory and SQLite only")
	}
	require.Zero(t, run(t, b, 60, 0))
}

// A seed decides everything: the same steps, the same faults, the same answers.
func TestSeedRepeats(t *testing.T) {
	t.Parallel()
	for seed := range int64(3) {
		open := func() (stage, error) { return openMemory(), nil }
		one, two := simulate(t, open, seed), simulate(t, open, seed)
		require.Equal(t, one.steps, two.steps)
		require.Equal(t, one.faults, two.faults)
		require.NotEmpty(t, one.steps)
	}
}

// stages opens an empty stage on every store that is here.
func stages(t *testing.T, try func(t *testing.T, s stage)) {
	b, err := openBackends()
	require.NoError(t, err)
	t.Cleanup(b.close)
	for _, seed := range []int64{0, 5, 8} { // one of each, where there is PostgreSQL
		s, err := b.open(seed)
		require.NoError(t, err)
		t.Run(s.name, func(t *testing.T) {
			defer s.close()
			try(t, s)
		})
	}
}

// Two services whose clocks are an hour apart sell nothing twice.
func TestClocksAnHourApart(t *testing.T) {
	stages(t, func(t *testing.T, s stage) {
		ctx := t.Context()
		var services [2]*booking.Desk
		for i := range services {
			desk, err := booking.New(booking.Config{Store: s.store, Now: func() time.Time { return dawn.Add(time.Duration(i) * time.Hour) }})
			require.NoError(t, err)
			services[i] = desk
		}
		units := sets[0]
		for _, u := range units {
			_, err := services[0].Do(ctx, booking.Define{Unit: u})
			require.NoError(t, err)
		}
		const each = 12
		var all sync.WaitGroup
		var granted atomic.Int64
		for i, desk := range services {
			for n := range each {
				all.Go(func() {
					_, err := desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(fmt.Sprint(i, "-", n)), Unit: units[n%2].ID, Span: nights(n/2, n/2+2), TTL: 5 * time.Minute})
					switch {
					case err == nil:
						granted.Add(1)
					case !errors.Is(err, booking.ErrTaken) && !errors.Is(err, booking.ErrClock):
						t.Error(err)
					}
				})
			}
		}
		all.Wait()
		require.Positive(t, granted.Load())
		k := newChecker(s)
		k.units = units
		require.NoError(t, k.check(ctx, dawn.Add(time.Hour)))
	})
}

// Text that a database would refuse, or change, is refused before a store sees it.
func TestHostileTextsReachNoStore(t *testing.T) {
	t.Parallel()
	s := openMemory()
	reached := 0
	desk, err := booking.New(booking.Config{Store: faulty{
		Store: s.store,
		load: func(ctx context.Context, inner booking.Store, q booking.Query) ([]booking.Calendar, error) {
			reached++
			return inner.Load(ctx, q)
		},
	}})
	require.NoError(t, err)
	for _, bad := range []string{"a\x00b", "\xff", "a\xc3", string([]byte{0xed, 0xa0, 0x80}), strings.Repeat("x", 257)} {
		for _, cmd := range []booking.Command{
			booking.Define{Unit: booking.Unit{ID: booking.UnitID(bad)}},
			booking.Define{Unit: booking.Unit{ID: "u", Tags: map[string]string{"complex": bad}}},
			booking.Define{Unit: booking.Unit{ID: "u", Tags: map[string]string{bad: "x"}}},
			booking.Hold{ID: booking.ReservationID(bad), Unit: "u", Span: nights(0, 1)},
			booking.Hold{ID: "h", Unit: booking.UnitID(bad), Span: nights(0, 1)},
			booking.Hold{ID: "h", Unit: "u", Span: nights(0, 1), Holder: bad},
			booking.Hold{ID: "h", Unit: "u", Span: nights(0, 1), And: []booking.Claim{{Unit: booking.UnitID(bad), Span: nights(0, 1)}}},
			booking.Block{ID: "b", Unit: "u", Span: nights(0, 1), Source: bad},
			booking.Confirm{Ref: booking.Ref{Unit: "u", ID: booking.ReservationID(bad)}},
			booking.Cancel{Ref: booking.Ref{Unit: "u", ID: "h"}, By: bad},
			booking.Cancel{Ref: booking.Ref{Unit: "u", ID: "h"}, Why: bad},
		} {
			_, err := desk.Do(t.Context(), cmd)
			require.ErrorIs(t, err, booking.ErrInvalid, "%+v", cmd)
		}
		_, err = desk.Calendar(t.Context(), nights(0, 1), booking.UnitID(bad))
		require.ErrorIs(t, err, booking.ErrInvalid)
		_, err = desk.Reservation(t.Context(), booking.Ref{Unit: "u", ID: booking.ReservationID(bad)})
		require.ErrorIs(t, err, booking.ErrInvalid)
	}
	require.Zero(t, reached)
}
