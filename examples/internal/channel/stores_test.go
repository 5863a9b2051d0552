package channel_test

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/ical"
	"github.com/tenure-go/tenure/examples/internal/channel"
	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgbooking"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
)

// The caller's own table: a row for each feed.
const feedTable = `create table feed (unit text not null, source text not null, state text not null, primary key (unit, source))`

// An office is a service's database: its desk, and its own way to apply a poll.
type office interface {
	desk() *booking.Desk
	state(ctx context.Context, f channel.Feed) (ical.State, error)

	// apply judges a poll and saves what is believed, in one transaction. before runs last in it:
	// its error is a crash before the commit.
	apply(ctx context.Context, f channel.Feed, poll ical.Poll, before func() error) (ical.Plan, error)
}

func decode(text string) (s ical.State, err error) {
	err = json.Unmarshal([]byte(text), &s)
	return s, err
}

func encode(s ical.State) (string, error) {
	text, err := json.Marshal(s)
	return string(text), err
}

// lite is an office on SQLite.
type lite struct {
	db  *sqlite.DB
	all *booking.Desk
}

func openLite(ctx context.Context, file string, now func() time.Time) (*lite, error) {
	db, err := sqlite.Open(ctx, file)
	if err != nil {
		return nil, err
	}
	if err := sqlite.Apply(ctx, db, "booking"); err != nil {
		return nil, err
	}
	if _, err := db.ExecContext(ctx, feedTable); err != nil {
		return nil, err
	}
	store, err := litebooking.New(ctx, db)
	if err != nil {
		return nil, err
	}
	desk, err := booking.New(booking.Config{Store: store, Now: now})
	return &lite{db, desk}, err
}

func (l *lite) desk() *booking.Desk { return l.all }

func (l *lite) state(ctx context.Context, f channel.Feed) (ical.State, error) {
	var text string
	err := l.db.QueryRowContext(ctx, `select state from feed where unit = ? and source = ?`, f.Unit, f.Source).Scan(&text)
	if errors.Is(err, sql.ErrNoRows) {
		return ical.State{}, nil
	}
	if err != nil {
		return ical.State{}, err
	}
	return decode(text)
}

func (l *lite) apply(ctx context.Context, f channel.Feed, poll ical.Poll, before func() error) (plan ical.Plan, err error) {
	err = sqlite.InTx(ctx, l.db, func(tx *sql.Tx) error {
		text := "{}"
		err := tx.QueryRowContext(ctx, `select state from feed where unit = ? and source = ?`, f.Unit, f.Source).Scan(&text)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		state, err := decode(text)
		if err != nil {
			return err
		}
		if plan, state, err = f.Apply(ctx, l.all.In(litebooking.In(tx)), state, poll); err != nil {
			return err
		}
		if text, err = encode(state); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `insert into feed values (?, ?, ?) on conflict (unit, source) do update set state = excluded.state`, f.Unit, f.Source, text)
		return errors.Join(err, before())
	})
	return plan, err
}

// large is an office on PostgreSQL.
type large struct {
	pool *pgxpool.Pool
	all  *booking.Desk
}

func openLarge(ctx context.Context, url string, now func() time.Time) (*large, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	if err := postgres.Apply(ctx, pool, "booking"); err != nil {
		return nil, err
	}
	if _, err := pool.Exec(ctx, feedTable); err != nil {
		return nil, err
	}
	store, err := pgbooking.New(ctx, pool)
	if err != nil {
		return nil, err
	}
	desk, err := booking.New(booking.Config{Store: store, Now: now})
	return &large{pool, desk}, err
}

func (l *large) desk() *booking.Desk { return l.all }

func (l *large) state(ctx context.Context, f channel.Feed) (ical.State, error) {
	var text string
	err := l.pool.QueryRow(ctx, `select state from feed where unit = $1 and source = $2`, f.Unit, f.Source).Scan(&text)
	if errors.Is(err, pgx.ErrNoRows) {
		return ical.State{}, nil
	}
	if err != nil {
		return ical.State{}, err
	}
	return decode(text)
}

func (l *large) apply(ctx context.Context, f channel.Feed, poll ical.Poll, before func() error) (plan ical.Plan, err error) {
	err = postgres.InTx(ctx, l.pool, func(tx pgx.Tx) error {
		// The row is there before it is locked: two pollers of one feed take turns.
		if _, err := tx.Exec(ctx, `insert into feed values ($1, $2, '{}') on conflict do nothing`, f.Unit, f.Source); err != nil {
			return err
		}
		var text string
		if err := tx.QueryRow(ctx, `select state from feed where unit = $1 and source = $2 for update`, f.Unit, f.Source).Scan(&text); err != nil {
			return err
		}
		state, err := decode(text)
		if err != nil {
			return err
		}
		if plan, state, err = f.Apply(ctx, l.all.In(pgbooking.In(tx)), state, poll); err != nil {
			return err
		}
		if text, err = encode(state); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `update feed set state = $3 where unit = $1 and source = $2`, f.Unit, f.Source, text)
		return errors.Join(err, before())
	})
	return plan, err
}

var (
	unit   = booking.UnitID("flat-12")
	airbnb = channel.Feed{Unit: unit, Source: "airbnb", Policy: ical.Policy{Own: "example.org"}}
	start  = time.Date(2026, time.June, 1, 6, 0, 0, 0, time.UTC)
)

func clock() time.Time { return start }

func june(d int) date.Date { return date.New(2026, time.June, d) }

// pollAt is the n-th hourly poll, with stays of two nights each from these days of June.
func pollAt(n int, days ...int) ical.Poll {
	p := ical.Poll{At: start.Add(time.Duration(n) * time.Hour), Tag: fmt.Sprintf(`"%d"`, n)}
	for i, d := range days {
		if d > 0 {
			p.Calendar.Events = append(p.Calendar.Events, ical.Event{UID: fmt.Sprintf("stay-%d@airbnb.example", i+1), From: june(d), To: june(d + 2), Summary: "Reserved"})
		}
	}
	return p
}

func fine() error { return nil }

// booked is every reservation of the unit, as text.
func booked(ctx context.Context, o office) ([]string, error) {
	window, err := booking.Nights(june(1), june(30))
	if err != nil {
		return nil, err
	}
	cals, err := o.desk().Calendar(ctx, window, unit)
	if err != nil {
		return nil, err
	}
	var all []string
	for _, r := range cals[0].Reservations {
		all = append(all, fmt.Sprintf("%s %s %s", r.ID, r.Claims[0].Span, r.State))
	}
	return all, nil
}

func forEachStore(t *testing.T, test func(t *testing.T, o office)) {
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		o, err := openLite(t.Context(), filepath.Join(t.TempDir(), "office.db"), clock)
		require.NoError(t, err)
		t.Cleanup(func() { require.NoError(t, o.db.Close()) })
		define(t, o)
		test(t, o)
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		o, err := openLarge(t.Context(), pgtest.URL(t), clock)
		require.NoError(t, err)
		t.Cleanup(o.pool.Close)
		define(t, o)
		test(t, o)
	})
}

func define(t *testing.T, o office) {
	t.Helper()
	_, err := o.desk().Do(t.Context(), booking.Define{Unit: booking.Unit{ID: unit}})
	require.NoError(t, err)
}

func requireBooked(t *testing.T, o office, want ...string) {
	t.Helper()
	got, err := booked(t.Context(), o)
	require.NoError(t, err)
	require.ElementsMatch(t, want, got)
}

const (
	first  = "airbnb/stay-1@airbnb.example 2026-06-08/2026-06-10 blocked"
	second = "airbnb/stay-2@airbnb.example 2026-06-20/2026-06-22 blocked"
)

// TestSync: what a channel shows is what the calendar has, poll by poll.
func TestSync(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, o office) {
		apply := func(p ical.Poll) ical.Plan {
			plan, err := o.apply(t.Context(), airbnb, p, fine)
			require.NoError(t, err)
			return plan
		}
		require.Len(t, apply(pollAt(1, 8, 20)).Add, 2)
		requireBooked(t, o, first, second)

		require.Equal(t, ical.Plan{}, apply(pollAt(2, 8, 20)), "repeated sync never doubles")
		requireBooked(t, o, first, second)

		require.Len(t, apply(ical.Poll{At: start.Add(3 * time.Hour), Err: &ical.StatusError{Code: 502}}).Doubt, 2)
		require.Len(t, apply(pollAt(4)).Doubt, 2, "empty")
		requireBooked(t, o, first, second)

		require.Len(t, apply(pollAt(5, 9, 20)).Move, 1)
		requireBooked(t, o, "airbnb/stay-1@airbnb.example 2026-06-09/2026-06-11 blocked", second)

		require.Len(t, apply(pollAt(6, 0, 20)).Doubt, 1)
		require.Len(t, apply(pollAt(7, 0, 20)).Cancel, 1)
		requireBooked(t, o, second)
	})
}

// TestEndedHere: what a manager took out of our calendar stays out, whatever the channel does with it,
// and its move is shown once.
func TestEndedHere(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, o office) {
		apply := func(p ical.Poll) ical.Plan {
			plan, err := o.apply(t.Context(), airbnb, p, fine)
			require.NoError(t, err)
			return plan
		}
		apply(pollAt(1, 8, 20))
		_, err := o.desk().Cancel(t.Context(), booking.Cancel{Ref: booking.Ref{Unit: unit, ID: "airbnb/stay-1@airbnb.example"}, By: "olga"})
		require.NoError(t, err)
		moved := apply(pollAt(2, 9, 20))
		require.Empty(t, moved.Move)
		require.Len(t, moved.Doubt, 1)
		require.Equal(t, ical.DoubtEndedHere, moved.Doubt[0].Code)
		require.Equal(t, ical.Plan{}, apply(pollAt(3, 9, 20)))
		requireBooked(t, o, second)

		require.Len(t, apply(pollAt(4, 0, 20)).Doubt, 1)
		require.Empty(t, apply(pollAt(5, 0, 20)).Cancel, "it has gone already")
		requireBooked(t, o, second)
	})
}

// TestClash: a channel's booking over ours waits, and a manager sees it.
func TestClash(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, o office) {
		span, err := booking.Nights(june(7), june(9))
		require.NoError(t, err)
		held, err := o.desk().Hold(t.Context(), booking.Hold{ID: "ours", Unit: unit, Span: span})
		require.NoError(t, err)
		_, err = o.desk().Confirm(t.Context(), booking.Confirm{Ref: held.Ref()})
		require.NoError(t, err)

		_, err = o.apply(t.Context(), airbnb, pollAt(1, 8, 20), fine)
		require.NoError(t, err)
		requireBooked(t, o, "ours 2026-06-07/2026-06-09 confirmed", "airbnb/stay-1@airbnb.example 2026-06-08/2026-06-10 queued", second)

		_, err = o.desk().Cancel(t.Context(), booking.Cancel{Ref: booking.Ref{Unit: unit, ID: "ours"}})
		require.NoError(t, err)
		requireBooked(t, o, first, second)
	})
}

var errCrash = errors.New("crash")

// TestCrashBeforeCommit: neither bookings nor state are there, and the next poll asks again, with the
// old tag.
func TestCrashBeforeCommit(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, o office) {
		_, err := o.apply(t.Context(), airbnb, pollAt(1, 8), fine)
		require.NoError(t, err)
		_, err = o.apply(t.Context(), airbnb, pollAt(2, 8, 20), func() error { return errCrash })
		require.ErrorIs(t, err, errCrash)
		requireBooked(t, o, first)
		state, err := o.state(t.Context(), airbnb)
		require.NoError(t, err)
		require.Equal(t, `"1"`, state.Tag)

		plan, err := o.apply(t.Context(), airbnb, pollAt(2, 8, 20), fine)
		require.NoError(t, err)
		require.Len(t, plan.Add, 1)
		requireBooked(t, o, first, second)
	})
}

// TestErrorAfterCommit: who does not know that the poll was applied applies it again, whether from
// what was saved or from what it remembers.
func TestErrorAfterCommit(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, o office) {
		_, err := o.apply(t.Context(), airbnb, pollAt(1, 8, 20), fine)
		require.NoError(t, err)
		remembered, err := o.state(t.Context(), airbnb)
		require.NoError(t, err)
		for _, p := range []ical.Poll{pollAt(2, 9, 0, 14), pollAt(3, 9, 0, 14)} { // moved, missed and at last cancelled, added
			plan, err := o.apply(t.Context(), airbnb, p, fine)
			require.NoError(t, err, "%+v", plan)
			again, err := o.apply(t.Context(), airbnb, ical.Poll{At: p.At, Unchanged: true, Tag: p.Tag}, fine)
			require.NoError(t, err)
			require.Empty(t, append(again.Add, again.Aged...))
			require.Empty(t, again.Move)

			plan, remembered, err = airbnb.Apply(t.Context(), o.desk(), remembered, p)
			require.NoError(t, err, "%+v", plan)
		}
		requireBooked(t, o, "airbnb/stay-1@airbnb.example 2026-06-09/2026-06-11 blocked", "airbnb/stay-3@airbnb.example 2026-06-14/2026-06-16 blocked")
	})
}

// TestTwoPollers: two processes that poll one feed at the same time book once.
func TestTwoPollers(t *testing.T) {
	t.Parallel()
	forEachStore(t, func(t *testing.T, o office) {
		var group sync.WaitGroup
		errs := make([]error, 4)
		for i := range errs {
			group.Go(func() { _, errs[i] = o.apply(t.Context(), airbnb, pollAt(1, 8, 20), fine) })
		}
		group.Wait()
		require.NoError(t, errors.Join(errs...))
		requireBooked(t, o, first, second)
	})
}

// TestMain leaves out the example on PostgreSQL where there is none, which an example cannot do
// itself; with CI=true it runs and fails.
func TestMain(m *testing.M) {
	flag.Parse()
	_, drop, err := pgtest.Open()
	if errors.Is(err, pgtest.ErrNone) && os.Getenv("CI") != "true" && flag.Lookup("test.skip").Value.String() == "" {
		fmt.Println("skipping ExampleFeed_postgreSQL:", err)
		_ = flag.Set("test.skip", "^ExampleFeed_postgreSQL$")
	}
	if err == nil {
		err = drop()
	}
	if err != nil && !errors.Is(err, pgtest.ErrNone) {
		fmt.Println(err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}
