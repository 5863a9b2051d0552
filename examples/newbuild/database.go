package main

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgbooking"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
	"github.com/tenure-go/tenure/store/table/bookingtable"
)

// A database is where the sales office keeps the calendars, and beside them rows of its own.
type database struct {
	*bookingtable.Store

	// inTx runs fn in one transaction, over the calendars and over own rows, and repeats the
	// whole of it on a conflict.
	inTx func(ctx context.Context, fn func(calendars booking.Store, own statement) error) error

	// read returns the office's own rows, column by column as text.
	read func(ctx context.Context, query string, args ...any) ([][]string, error)
}

// A statement is carried out on the office's own rows.
type statement func(query string, args ...any) error

const ownTables = `
	create table if not exists office_house (number text primary key);
	create table if not exists office_deal (
		id    text primary key,
		flat  text not null,
		buyer text not null,
		state text not null -- held, sold
	);`

// database opens the world's database for the office.
func (w *world) database(ctx context.Context) (*database, error) {
	if err := w.apply(ctx, "booking"); err != nil {
		return nil, err
	}
	if w.pg != nil {
		return onPostgres(ctx, w.pg)
	}
	return onLite(ctx, w.lite)
}

func onLite(ctx context.Context, db *sqlite.DB) (*database, error) {
	s, err := litebooking.New(ctx, db)
	if err != nil {
		return nil, err
	}
	_, err = db.ExecContext(ctx, ownTables)
	return &database{
		Store: s,
		inTx: func(ctx context.Context, fn func(booking.Store, statement) error) error {
			return sqlite.InTx(ctx, db, func(tx *sql.Tx) error {
				return fn(litebooking.In(tx), func(query string, args ...any) error {
					_, err := tx.ExecContext(ctx, query, args...)
					return err
				})
			})
		},
		read: func(ctx context.Context, query string, args ...any) ([][]string, error) {
			rows, err := db.QueryContext(ctx, query, args...)
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
				row, into := make([]string, len(columns)), make([]any, len(columns))
				for i := range row {
					into[i] = &row[i]
				}
				if err := rows.Scan(into...); err != nil {
					return nil, err
				}
				all = append(all, row)
			}
			return all, rows.Err()
		},
	}, err
}

func onPostgres(ctx context.Context, pool *pgxpool.Pool) (*database, error) {
	s, err := pgbooking.New(ctx, pool)
	if err != nil {
		return nil, err
	}
	_, err = pool.Exec(ctx, ownTables)
	return &database{
		Store: s,
		inTx: func(ctx context.Context, fn func(booking.Store, statement) error) error {
			return postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
				return fn(pgbooking.In(tx), func(query string, args ...any) error {
					_, err := tx.Exec(ctx, query, args...)
					return err
				})
			})
		},
		read: func(ctx context.Context, query string, args ...any) ([][]string, error) {
			rows, err := pool.Query(ctx, query, args...)
			if err != nil {
				return nil, err
			}
			return pgx.CollectRows(rows, func(row pgx.CollectableRow) ([]string, error) {
				values, err := row.Values()
				texts := make([]string, len(values))
				for i, v := range values {
					texts[i] = fmt.Sprint(v)
				}
				return texts, err
			})
		},
	}, err
}
