// Package postgres holds what the PostgreSQL stores of all packages share.
//
// A service keeps its holds, its deals and its own rows in one PostgreSQL, and wants them to commit
// together or not at all. The stores are small packages beside this one (pgbooking, ...); the
// service applies their schema once, and then uses them on its own pool:
//
//	pool, err := pgxpool.New(ctx, url)
//	err = postgres.Apply(ctx, pool, "booking") // once, or by your own migration tool from Schema
//	store, err := pgbooking.New(ctx, pool)
//	desk, err := booking.New(booking.Config{Store: store})
//
// # One transaction
//
// [InTx] runs a function in a transaction and repeats the whole of it on a conflict. What it does
// through In(tx) stands or falls with the caller's own rows:
//
//	err = postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
//		if _, err := desk.In(pgbooking.In(tx)).Hold(ctx, hold); err != nil {
//			return err
//		}
//		_, err := tx.Exec(ctx, "insert into lead ...")
//		return err
//	})
//
// At READ COMMITTED an [store.ErrConflict] leaves the transaction usable; at stricter levels, and
// where PostgreSQL itself gave up (serialization failure, deadlock), it is over.
//
// # Round trips
//
// Load and Commit of a store on a pool are one round trip each: all statements go in one pipelined
// batch, which is one implicit transaction. In a caller's transaction a Load that is to be followed
// by a Commit locks, and the Commit takes a second round trip only for keys that were not loaded so.
// Statements are prepared by the pool on first use.
//
// # Distributed PostgreSQL
//
// Each statement of Load and Commit names one key by equality, and the key leads every primary
// key. There is no sequence, no advisory lock, no max and no lock across keys.
//
// # A store for another package
//
// A new part is three files: schema/NAME.sql here, package NAMEtable beside [table], and pgNAME,
// on the model of pgbooking. Package [table] says how; this package's [Tables] and [Join] give the
// part its tables.
package postgres

import (
	"context"
	"embed"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
)

// Schema holds one SQL file per package, schema/booking.sql and so on, each with its own version.
// Apply them by [Apply] or by your own migration tool: no store does.
//
//go:embed schema/*.sql
var Schema embed.FS

// A DB is what the stores need of a pool; *pgxpool.Pool is one, and so is *pgx.Conn for who has no
// more than one goroutine. A transaction is not: use the stores' In.
type DB interface {
	BeginTx(ctx context.Context, options pgx.TxOptions) (pgx.Tx, error)
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}

// Apply creates the tables of the parts named ("booking") unless they are there. It fails with a
// *[table.SchemaError] where they have another version than [Schema].
func Apply(ctx context.Context, db DB, parts ...string) error {
	for _, name := range parts {
		ddl, err := Schema.ReadFile("schema/" + name + ".sql")
		if err != nil {
			return fmt.Errorf("postgres: there is no part %q: %w", name, err)
		}
		have, err := version(ctx, db, name)
		if err != nil {
			return err
		}
		if have > 0 {
			continue // New compares it with what the store needs
		}
		err = InTx(ctx, db, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, string(ddl), pgx.QueryExecModeSimpleProtocol)
			return err
		})
		if err != nil {
			// Another process may have applied it meanwhile.
			if have, _ := version(ctx, db, name); have > 0 {
				continue
			}
			return fmt.Errorf("postgres: apply schema %q: %w", name, err)
		}
	}
	return nil
}

// Tables returns a part's tables in a database. It fails with a *[table.SchemaError] where they are
// missing or of another version.
func Tables(ctx context.Context, db DB, part table.Part) (table.DB, error) {
	have, err := version(ctx, db, part.Name)
	if err != nil {
		return nil, err
	}
	if have != part.Version {
		return nil, &table.SchemaError{Store: "postgres", Part: part.Name, Want: part.Version, Got: have}
	}
	return &pool{db: db, part: part, statements: write(part)}, nil
}

// Join returns a part's tables within a transaction. It makes no check: Tables did.
func Join(tx pgx.Tx, part table.Part) table.Tables {
	j := &joined{tx: tx, part: part, statements: write(part), held: make(map[store.Key]int64)}
	if t, ok := tx.(*transaction); ok {
		j.locks = t.locks
	}
	return j
}

// version returns the version of a part's tables, 0 where there are none.
func version(ctx context.Context, db DB, part string) (int, error) {
	version := 0
	b := &pgx.Batch{}
	b.Queue(table.Version, part).Query(func(rows pgx.Rows) error {
		return each(rows, func(scan func(dest ...any) error) error { return scan(&version) })
	})
	err := db.SendBatch(ctx, b).Close()
	if code(err) == undefinedTable {
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("postgres: check the schema: %w", explain(ctx, err))
	}
	return version, nil
}

// PostgreSQL's error codes.
const (
	divisionByZero       = "22012" // how a guard fails
	exclusionViolation   = "23P01"
	serializationFailure = "40001"
	deadlockDetected     = "40P01"
	lockNotAvailable     = "55P03"
	undefinedTable       = "42P01"
	readOnly             = "25006"
)

func code(err error) string {
	var pg *pgconn.PgError
	if errors.As(err, &pg) {
		return pg.Code
	}
	return ""
}

// explain gives an error of pgx the house's names: a conflict, the cause of a done context, or
// what to do.
func explain(ctx context.Context, err error) error {
	if err == nil || errors.Is(err, store.ErrConflict) {
		return err
	}
	switch code(err) {
	case exclusionViolation, serializationFailure, deadlockDetected, lockNotAvailable:
		return fmt.Errorf("%w: %w", store.ErrConflict, err)
	case undefinedTable:
		return fmt.Errorf("%w: apply the part's schema, or set the search_path to where it is", err)
	case readOnly:
		return fmt.Errorf("%w: connect to a primary server, to a database that may be written", err)
	}
	if ctx.Err() != nil && !errors.Is(err, context.Cause(ctx)) {
		return fmt.Errorf("%w: %w", context.Cause(ctx), err)
	}
	if errors.Is(err, puddle.ErrClosedPool) {
		return fmt.Errorf("%w: close it only after the last use of its stores", err)
	}
	return err
}
