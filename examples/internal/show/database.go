package show

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgbooking"
	"github.com/tenure-go/tenure/store/postgres/pgdedup"
	"github.com/tenure-go/tenure/store/postgres/pgnotify"
	"github.com/tenure-go/tenure/store/postgres/pgpipeline"
	"github.com/tenure-go/tenure/store/postgres/pgvoucher"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
	"github.com/tenure-go/tenure/store/sqlite/litededup"
	"github.com/tenure-go/tenure/store/sqlite/litenotify"
	"github.com/tenure-go/tenure/store/sqlite/litepipeline"
	"github.com/tenure-go/tenure/store/sqlite/litevoucher"
	"github.com/tenure-go/tenure/store/table/bookingtable"
	"github.com/tenure-go/tenure/store/table/deduptable"
	"github.com/tenure-go/tenure/store/table/notifytable"
	"github.com/tenure-go/tenure/store/table/pipelinetable"
	"github.com/tenure-go/tenure/store/table/vouchertable"
	"github.com/tenure-go/tenure/voucher"
)

// A Database keeps everything of a program: the stores of all packages, and rows of the program's
// own beside them. It is an SQLite file or a PostgreSQL; a program need not know which.
type Database struct {
	Booking  *bookingtable.Store
	Dedup    *deduptable.Store
	Pipeline *pipelinetable.Store
	Notify   *notifytable.Store
	Voucher  *vouchertable.Store

	lite *sqlite.DB    // one of the two
	pg   *pgxpool.Pool // is there
}

// A Tx is one transaction over all the packages' stores, for desk.In, and over own rows.
type Tx struct {
	Booking  booking.Store
	Dedup    dedup.Store
	Pipeline *pipelinetable.Cases
	Notify   notify.Store
	Voucher  voucher.Store

	// Exec carries out a statement on own rows, with parameters $1, $2 and so on.
	Exec func(query string, args ...any) error
}

// parts are the packages that keep state.
var parts = []string{"booking", "dedup", "pipeline", "notify", "voucher"}

// reach is how long a database may take to answer for the first time.
const reach = 15 * time.Second

func openDatabase(ctx context.Context, file, url string) (d *Database, err error) {
	start, cancel := context.WithTimeout(ctx, reach)
	defer cancel()
	switch {
	case url != "":
		d, err = openPostgres(start, url)
	case file != "":
		d, err = openLite(start, func(ctx context.Context) (*sqlite.DB, error) { return sqlite.Open(ctx, file) })
	default:
		d, err = openLite(start, sqlite.Temp)
	}
	if err != nil {
		return nil, fmt.Errorf("%w; without -db and -postgres a temporary SQLite file will do", err)
	}
	return d, nil
}

func openLite(ctx context.Context, open func(context.Context) (*sqlite.DB, error)) (*Database, error) {
	db, err := open(ctx)
	if err != nil {
		return nil, err
	}
	d := &Database{lite: db}
	err = sqlite.Apply(ctx, db, parts...)
	for _, one := range []func() error{
		func() (err error) { d.Booking, err = litebooking.New(ctx, db); return },
		func() (err error) { d.Dedup, err = litededup.New(ctx, db); return },
		func() (err error) { d.Pipeline, err = litepipeline.New(ctx, db); return },
		func() (err error) { d.Notify, err = litenotify.New(ctx, db); return },
		func() (err error) { d.Voucher, err = litevoucher.New(ctx, db); return },
	} {
		if err == nil {
			err = one()
		}
	}
	if err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return d, nil
}

func openPostgres(ctx context.Context, url string) (*Database, error) {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return nil, err
	}
	d := &Database{pg: pool}
	err = postgres.Apply(ctx, pool, parts...)
	for _, one := range []func() error{
		func() (err error) { d.Booking, err = pgbooking.New(ctx, pool); return },
		func() (err error) { d.Dedup, err = pgdedup.New(ctx, pool); return },
		func() (err error) { d.Pipeline, err = pgpipeline.New(ctx, pool); return },
		func() (err error) { d.Notify, err = pgnotify.New(ctx, pool); return },
		func() (err error) { d.Voucher, err = pgvoucher.New(ctx, pool); return },
	} {
		if err == nil {
			err = one()
		}
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return d, nil
}

// Close closes the database.
func (d *Database) Close() error {
	if d.pg != nil {
		d.pg.Close()
		return nil
	}
	return d.lite.Close()
}

// InTx runs fn in one transaction, all of it or nothing, and repeats the whole of it on a conflict.
func (d *Database) InTx(ctx context.Context, fn func(Tx) error) error {
	if d.pg != nil {
		return postgres.InTx(ctx, d.pg, func(tx pgx.Tx) error {
			return fn(Tx{pgbooking.In(tx), pgdedup.In(tx), pgpipeline.In(tx), pgnotify.In(tx), pgvoucher.In(tx), func(query string, args ...any) error {
				_, err := tx.Exec(ctx, query, args...)
				return err
			}})
		})
	}
	return sqlite.InTx(ctx, d.lite, func(tx *sql.Tx) error {
		return fn(Tx{litebooking.In(tx), litededup.In(tx), litepipeline.In(tx), litenotify.In(tx), litevoucher.In(tx), func(query string, args ...any) error {
			_, err := tx.ExecContext(ctx, query, args...)
			return err
		}})
	})
}

// Exec carries out a statement on own rows, with parameters $1, $2 and so on.
func (d *Database) Exec(ctx context.Context, query string, args ...any) error {
	if d.pg != nil {
		_, err := d.pg.Exec(ctx, query, args...)
		return err
	}
	return sqlite.InTx(ctx, d.lite, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, query, args...)
		return err
	})
}

// Rows returns what a query over own rows finds, column by column as text.
func (d *Database) Rows(ctx context.Context, query string, args ...any) ([][]string, error) {
	if d.pg != nil {
		rows, err := d.pg.Query(ctx, query, args...)
		if err != nil {
			return nil, err
		}
		return pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]string, error) {
			values, err := row.Values()
			return texts(values), err
		})
	}
	rows, err := d.lite.QueryContext(ctx, query, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	columns, err := rows.Columns()
	if err != nil {
		return nil, err
	}
	var all [][]string
	for rows.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		all = append(all, texts(row))
	}
	return all, rows.Err()
}

func texts(values []any) []string {
	row := make([]string, len(values))
	for i, v := range values {
		row[i] = fmt.Sprint(v)
	}
	return row
}
