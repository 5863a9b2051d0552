package litebooking_test

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"net/url"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"
	lite "modernc.org/sqlite"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store/internal/tabletest"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
)

// A wire sees the statements that go to the driver.
type wire struct {
	driver.Driver
	name string

	mu         sync.Mutex
	statements []string
}

func (w *wire) Connect(context.Context) (driver.Conn, error) {
	c, err := w.Driver.Open(w.name)
	return &seen{c.(conn), w}, err
}

func (w *wire) note(sql string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.statements = append(w.statements, sql)
}

func (w *wire) take() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	statements := w.statements
	w.statements = nil
	return statements
}

type connector struct{ *wire }

func (c connector) Driver() driver.Driver { return c.wire }

type conn interface {
	driver.Conn
	driver.ConnBeginTx
	driver.ExecerContext
	driver.QueryerContext
}

type seen struct {
	conn
	wire *wire
}

func (s *seen) ExecContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Result, error) {
	s.wire.note(query)
	return s.conn.ExecContext(ctx, query, args)
}

func (s *seen) QueryContext(ctx context.Context, query string, args []driver.NamedValue) (driver.Rows, error) {
	s.wire.note(query)
	return s.conn.QueryContext(ctx, query, args)
}

// Every command, on the file and in a transaction, sends only statements that name one key.
func TestStatements(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := &wire{Driver: &lite.Driver{}, name: "file:" + url.PathEscape(filepath.Join(t.TempDir(), "office.db")) +
		"?_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)"}
	db, err := sqlite.Use(ctx, sql.OpenDB(connector{w}))
	require.NoError(t, err)
	defer db.Close()
	require.NoError(t, sqlite.Apply(ctx, db, "booking"))
	s, err := litebooking.New(ctx, db)
	require.NoError(t, err)
	w.take()

	first := date.New(2027, time.June, 1)
	nights := func(from, to int) booking.Span {
		s, err := booking.Nights(first+date.Date(from), first+date.Date(to))
		require.NoError(t, err)
		return s
	}
	outside, err := booking.New(booking.Config{Store: s})
	require.NoError(t, err)
	for _, u := range []booking.UnitID{"a", "b", "c"} {
		_, err := outside.Do(ctx, booking.Define{Unit: booking.Unit{ID: u}})
		require.NoError(t, err)
	}
	day := 0
	for name, run := range map[string]func(fn func(desk *booking.Desk) error) error{
		"on the file": func(fn func(desk *booking.Desk) error) error { return fn(outside) },
		"in a transaction": func(fn func(desk *booking.Desk) error) error {
			return sqlite.InTx(ctx, db, func(tx *sql.Tx) error { return fn(outside.In(litebooking.In(tx))) })
		},
	} {
		day += 40
		require.NoError(t, run(func(desk *booking.Desk) error {
			hold := booking.Hold{ID: booking.ReservationID(name), Unit: "a", Span: nights(day, day+2), And: []booking.Claim{
				{Unit: "b", Span: nights(day, day+2)}, {Unit: "c", Span: nights(day, day+2)}}}
			_, err := desk.Hold(ctx, hold)
			require.NoError(t, err)
			hold.ID += " too"
			_, err = desk.Hold(ctx, hold)
			require.ErrorIs(t, err, booking.ErrTaken)
			_, err = desk.Do(ctx, booking.Move{Ref: booking.Ref{Unit: "a", ID: booking.ReservationID(name)},
				Claims: []booking.Claim{{Unit: "b", Span: nights(day+5, day+6)}}})
			require.NoError(t, err)
			_, err = desk.Calendar(ctx, nights(day, day+9), "a", "b", "c")
			return err
		}))
		statements := w.take()
		require.Greater(t, len(statements), 20, name)
		for _, sql := range statements {
			require.NoError(t, tabletest.CheckStatement(sql), name)
		}
	}
}
