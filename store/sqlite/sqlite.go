// Package sqlite holds what the SQLite stores of all packages share.
//
// One office, one process, one file: no server to run, and still no flat sold twice when the power
// goes. The stores are small packages beside this one (litebooking, ...); the service opens the file
// once, applies their schema once, and uses them on it:
//
//	db, err := sqlite.Open(ctx, "office.db")
//	err = sqlite.Apply(ctx, db, "booking") // once, or by your own migration tool from Schema
//	store, err := litebooking.New(ctx, db)
//	desk, err := booking.New(booking.Config{Store: store})
//
// # One transaction
//
// [InTx] runs a function in a transaction and repeats the whole of it on a conflict. What it does
// through In(tx) stands or falls with the caller's own rows:
//
//	err = sqlite.InTx(ctx, db, func(tx *sql.Tx) error {
//		if _, err := desk.In(litebooking.In(tx)).Hold(ctx, hold); err != nil {
//			return err
//		}
//		_, err := tx.ExecContext(ctx, "insert into lead ...")
//		return err
//	})
//
// # Writers
//
// SQLite has one writer at a time, and who waits for it by polling may wait long. The writers of one
// [DB] therefore queue, first come first served; writers of other processes are waited for by
// busy_timeout. Within InTx use In(tx) only: a store made by New would queue behind the transaction
// it is called from.
//
// Every transaction that will write takes the write lock by its first statement: one that read
// first would fail as soon as another has committed.
//
// # A store for another package
//
// A new part is three files: schema/NAME.sql here, package NAMEtable beside [table], and liteNAME,
// on the model of litebooking. Package [table] says how; this package's [Tables] and [Join] give
// the part its tables.
package sqlite

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"strings"

	driver "modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
)

// Schema holds one SQL file per package, schema/booking.sql and so on, each with its own version.
// Apply them by [Apply] or by your own migration tool: no store does.
//
//go:embed schema/*.sql
var Schema embed.FS

// A DB is a database whose writers wait for one another in order of arrival. Make it by [Open] or
// [Use], once for each file, or by [Temp].
type DB struct {
	*sql.DB
	writers chan struct{} // holds one token while somebody writes; channels serve first come first
	temp    string        // the folder of a temporary database
}

// pragmas are what every connection needs: a reader that does not block the writer, a wait for
// other processes, commits that outlive a power cut, and no bytes of what was erased in the file.
const pragmas = "_pragma=busy_timeout(5000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)&_pragma=secure_delete(on)"

// Open opens a file, made if missing, with the pragmas that the stores need.
func Open(ctx context.Context, file string) (*DB, error) {
	db, err := open(file, pragmas)
	if err != nil {
		return nil, err
	}
	d, err := Use(ctx, db)
	if err != nil {
		db.Close()
		return nil, err
	}
	return d, nil
}

// Temp opens a database that lives as long as it is open, for tests, trials and replays: a file in a
// folder of its own, which Close removes. It makes the same promises as [Open] but one: it does not
// wait for the disk, so it would not outlive a power cut.
func Temp(ctx context.Context) (*DB, error) {
	dir, err := os.MkdirTemp("", "tenure-")
	if err != nil {
		return nil, fmt.Errorf("sqlite: a temporary database: %w", err)
	}
	db, err := open(filepath.Join(dir, "temp.db"), strings.Replace(pragmas, "synchronous(full)", "synchronous(off)", 1))
	if err == nil {
		err = explain(ctx, db.PingContext(ctx))
	}
	if err != nil {
		_ = os.RemoveAll(dir)
		return nil, err
	}
	return &DB{DB: db, writers: make(chan struct{}, 1), temp: dir}, nil
}

// Close closes the database, and removes it if it is temporary.
func (db *DB) Close() error {
	err := db.DB.Close()
	if db.temp != "" {
		err = errors.Join(err, os.RemoveAll(db.temp))
	}
	return err
}

func open(file, pragmas string) (*sql.DB, error) {
	db, err := sql.Open("sqlite", (&url.URL{Scheme: "file", Opaque: url.PathEscape(file), RawQuery: pragmas}).String())
	if err != nil {
		return nil, fmt.Errorf("sqlite: open %s: %w", file, err)
	}
	return db, nil
}

// Use takes a database that the caller opened by modernc.org/sqlite. It fails with a *[PragmaError]
// unless all connections run with journal_mode WAL, a busy_timeout of 1 s or more and synchronous
// FULL or EXTRA: set them in the data source name, an Exec reaches one connection only.
func Use(ctx context.Context, db *sql.DB) (*DB, error) {
	// Two connections at once, or one if the pool has no more: an Exec reached one at most.
	for held := range 2 {
		if limit := db.Stats().MaxOpenConnections; limit > 0 && held >= limit {
			break
		}
		conn, err := db.Conn(ctx)
		if err != nil {
			return nil, explain(ctx, err)
		}
		defer conn.Close()
		if err := check(ctx, conn); err != nil {
			return nil, err
		}
	}
	return &DB{DB: db, writers: make(chan struct{}, 1)}, nil
}

func check(ctx context.Context, conn *sql.Conn) error {
	for _, p := range []struct {
		name, want string
		ok         func(got string, n int) bool
	}{
		{"journal_mode", "wal", func(got string, _ int) bool { return got == "wal" }},
		{"busy_timeout", "5000", func(_ string, n int) bool { return n >= 1000 }},
		{"synchronous", "full", func(_ string, n int) bool { return n >= 2 }},
	} {
		var got string
		if err := conn.QueryRowContext(ctx, "pragma "+p.name).Scan(&got); err != nil {
			return explain(ctx, err)
		}
		n := 0
		fmt.Sscan(got, &n)
		if !p.ok(got, n) {
			return &PragmaError{Name: p.name, Want: p.want, Got: got}
		}
	}
	return nil
}

// A PragmaError says which setting of a connection the stores cannot work with.
type PragmaError struct{ Name, Want, Got string }

func (e *PragmaError) Error() string { return e.Text("en") }

// Text says what to do, in English ("en") or Russian ("ru").
func (e *PragmaError) Text(lang string) string {
	if lang == "ru" {
		return fmt.Sprintf("sqlite: pragma %s = %s не подходит: откройте файл через sqlite.Open или добавьте _pragma=%[1]s(%[3]s) в строку подключения", e.Name, e.Got, e.Want)
	}
	return fmt.Sprintf("sqlite: pragma %s = %s will not do: open the file by sqlite.Open, or add _pragma=%[1]s(%[3]s) to the data source name", e.Name, e.Got, e.Want)
}

// Apply creates the tables of the parts named ("booking") unless they are there.
func Apply(ctx context.Context, db *DB, parts ...string) error {
	for _, name := range parts {
		ddl, err := Schema.ReadFile("schema/" + name + ".sql")
		if err != nil {
			return fmt.Errorf("sqlite: there is no part %q: %w", name, err)
		}
		err = InTx(ctx, db, func(tx *sql.Tx) error {
			have, err := version(ctx, tx, name)
			if err != nil || have > 0 { // New compares it with what the store needs
				return err
			}
			_, err = tx.ExecContext(ctx, string(ddl))
			return err
		})
		if err != nil {
			return fmt.Errorf("sqlite: apply schema %q: %w", name, err)
		}
	}
	return nil
}

// InTx runs fn in a transaction that has the write lock from its start, and commits it. On a
// conflict, fn's or SQLite's own, it rolls back, waits a little and runs fn again, up to
// [store.MaxTries] times, so whatever fn does outside the transaction may happen more than once.
// Any other error of fn rolls back and is returned.
func InTx(ctx context.Context, db *DB, fn func(tx *sql.Tx) error) error {
	var retry store.Retry
	return retry.Do(ctx, nil, func(ctx context.Context) error { return db.write(ctx, fn) })
}

// write makes one attempt.
func (db *DB) write(ctx context.Context, fn func(tx *sql.Tx) error) error {
	select {
	case db.writers <- struct{}{}:
	case <-ctx.Done():
		return context.Cause(ctx)
	}
	defer func() { <-db.writers }()
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return explain(ctx, err)
	}
	defer tx.Rollback() // after Commit it does nothing
	if err := lock(ctx, tx); err != nil {
		return explain(ctx, err)
	}
	if err := fn(tx); err != nil {
		return explain(ctx, err)
	}
	return explain(ctx, tx.Commit())
}

// lock turns a transaction that database/sql has just begun into one that has the write lock.
func lock(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `commit; begin immediate`)
	return err
}

type querier interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// version returns the version of a part's tables, 0 where there are none.
func version(ctx context.Context, db querier, part string) (int, error) {
	var tables, version int
	err := db.QueryRowContext(ctx, `select count(*) from sqlite_schema where name = 'tenure_schema'`).Scan(&tables)
	if err != nil || tables == 0 {
		return 0, err
	}
	err = db.QueryRowContext(ctx, table.Version, part).Scan(&version)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return version, err
}

// explain gives an error of the driver the house's names: a conflict, the cause of a done context,
// or what to do.
func explain(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, store.ErrConflict) {
		return err
	}
	if ctx.Err() != nil && !errors.Is(err, context.Cause(ctx)) {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	var lite *driver.Error
	if errors.As(err, &lite) {
		switch lite.Code() & 0xff {
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return fmt.Errorf("%w: %w", store.ErrConflict, err)
		case sqlite3.SQLITE_READONLY, sqlite3.SQLITE_CANTOPEN:
			return fmt.Errorf("%w: the stores need a file, and a folder, that may be written", err)
		}
		if strings.Contains(lite.Error(), "no such table: tenure_") {
			return fmt.Errorf("%w: apply the part's schema", err)
		}
	}
	if err.Error() == "sql: database is closed" {
		return fmt.Errorf("%w: close it only after the last use of its stores", err)
	}
	return err
}
