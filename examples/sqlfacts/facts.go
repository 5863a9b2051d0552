// Package sqlfacts shows how the rows of a SQL database become the facts of package forecast: as a
// stream, row by row, so that a million rows are never in memory together, and so that a cursor
// that fails midway is an error and no half of a report.
package sqlfacts

import (
	"context"
	"database/sql"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/forecast"
)

// Stream runs the query when it is first read, and scans each row into a fact.
func Stream[T any](ctx context.Context, db *sql.DB, query string, scan func(*sql.Rows) (T, error)) forecast.Facts[T] {
	return func(yield func(T, error) bool) {
		var none T
		rows, err := db.QueryContext(ctx, query)
		if err != nil {
			yield(none, err)
			return
		}
		defer rows.Close()
		for rows.Next() {
			row, err := scan(rows)
			if !yield(row, err) || err != nil {
				return
			}
		}
		if err := rows.Err(); err != nil {
			yield(none, err)
		}
	}
}

// Deals streams deals from a query with the columns id, opened, closed (or null), outcome (won, lost
// or null), amount (text, or null), currency and channel. Days are text in ISO 8601.
func Deals(ctx context.Context, db *sql.DB, query string) forecast.Facts[forecast.Deal] {
	return Stream(ctx, db, query, func(rows *sql.Rows) (d forecast.Deal, err error) {
		var opened, channel string
		var closed, outcome, amount, currency sql.NullString
		if err = rows.Scan(&d.ID, &opened, &closed, &outcome, &amount, &currency, &channel); err != nil {
			return d, err
		}
		d.Tags = forecast.Tags{"channel": channel}
		if d.Opened.On, err = date.ParseISO(opened); err != nil {
			return d, err
		}
		if closed.Valid {
			if d.Closed.On, err = date.ParseISO(closed.String); err != nil {
				return d, err
			}
		}
		switch outcome.String {
		case "won":
			d.Outcome = forecast.OutcomeWon
		case "lost":
			d.Outcome = forecast.OutcomeLost
		}
		if amount.Valid {
			d.Currency = currency.String
			d.Amount, err = decimal.NewFromString(amount.String)
		}
		return d, err
	})
}
