package sqlfacts_test

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"
	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	_ "modernc.org/sqlite"

	"github.com/tenure-go/tenure/examples/sqlfacts"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/internal/pgtest"
)

var day = date.New(2027, 6, 1)

// facts are two hundred deals, each third won.
func facts() []forecast.Deal {
	var deals []forecast.Deal
	for i := range 200 {
		d := forecast.Deal{ID: forecast.DealID(fmt.Sprintf("deal-%03d", i)), Opened: forecast.On(day - date.Date(i%90)), Tags: forecast.Tags{"channel": fmt.Sprint("channel ", i%4)}}
		switch i % 3 {
		case 0:
			d.Closed, d.Outcome = forecast.On(d.Opened.On+20), forecast.OutcomeWon
			d.Money = forecast.Money{Amount: decimal.New(int64(1000+i), -2), Currency: "RUB"}
		case 1:
			d.Closed, d.Outcome = forecast.On(d.Opened.On+10), forecast.OutcomeLost
		}
		deals = append(deals, d)
	}
	return deals
}

func fill(t *testing.T, db *sql.DB) {
	t.Helper()
	_, err := db.Exec("create table deals (n integer primary key, id text, opened text, closed text, outcome text, amount text, currency text, channel text)")
	require.NoError(t, err)
	quote := func(s string) string {
		if s == "" {
			return "null"
		}
		return "'" + s + "'"
	}
	var rows []string
	for i, d := range facts() {
		closed, outcome, amount := "", "", ""
		if d.Closed.On != 0 {
			closed, outcome = d.Closed.On.String(), []string{"", "won", "lost"}[d.Outcome]
		}
		if d.Currency != "" {
			amount = d.Amount.String()
		}
		rows = append(rows, fmt.Sprintf("(%d, %s, %s, %s, %s, %s, %s, %s)", i, quote(string(d.ID)), quote(d.Opened.On.String()), quote(closed), quote(outcome), quote(amount), quote(d.Currency), quote(d.Tags["channel"])))
	}
	_, err = db.Exec("insert into deals values " + strings.Join(rows, ", "))
	require.NoError(t, err)
}

const query = "select id, opened, closed, outcome, amount, currency, channel from deals order by n"

// The same report from a database as from memory; and where the cursor fails at row 150, no report.
// poison is an expression that the database cannot compute for that row.
func requireSame(t *testing.T, db *sql.DB, poison string) {
	t.Helper()
	ctx := context.Background()
	fill(t, db)
	funnel := forecast.FunnelConfig{Period: forecast.Period{From: day - 90, To: day + 60}, By: "channel"}
	want, err := forecast.Funnel(forecast.All(facts()), funnel)
	require.NoError(t, err)
	got, err := forecast.Funnel(sqlfacts.Deals(ctx, db, query), funnel)
	require.NoError(t, err)
	require.Equal(t, want.Table(), got.Table())
	require.NotZero(t, got.Total.Won)

	options := forecast.DealsConfig{Options: forecast.Options{AsOf: day, Seed: 1}}
	money, err := forecast.OpenDeals(forecast.All(facts()), options)
	require.NoError(t, err)
	same, err := forecast.OpenDeals(sqlfacts.Deals(ctx, db, query), options)
	require.NoError(t, err)
	require.Equal(t, money.Table(), same.Table())

	broken := strings.Replace(query, "select id", "select case when n = 150 then "+poison+" else id end", 1)
	got, err = forecast.Funnel(sqlfacts.Deals(ctx, db, broken), funnel)
	require.Error(t, err)
	require.ErrorContains(t, err, "forecast: after ")
	require.Empty(t, got.Rows)
	same, err = forecast.OpenDeals(sqlfacts.Deals(ctx, db, broken), options)
	require.Error(t, err)
	require.Empty(t, same.Buckets)

	stopped, cancel := context.WithCancel(ctx)
	cancel()
	_, err = forecast.Funnel(sqlfacts.Deals(stopped, db, query), funnel)
	require.ErrorIs(t, err, context.Canceled)
}

func TestSQLite(t *testing.T) {
	db, err := sql.Open("sqlite", ":memory:")
	require.NoError(t, err)
	defer db.Close()
	db.SetMaxOpenConns(1)
	requireSame(t, db, "json('no json')")
}

func TestPostgreSQL(t *testing.T) {
	db, err := sql.Open("pgx", pgtest.URL(t))
	require.NoError(t, err)
	t.Cleanup(func() { _ = db.Close() })
	requireSame(t, db, "cast(1/(150-n) as text)")
}
