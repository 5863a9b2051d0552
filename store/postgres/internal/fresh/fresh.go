// Package fresh opens stores for their tests, each on a schema of its own.
package fresh

import (
	"context"
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/store/postgres"
)

// Committed is the isolation level that PostgreSQL has unless somebody chose another.
const Committed = "read committed"

// EachIsolation runs a test at every level that a pool may have as its default: the promises of a
// store hold at each.
func EachIsolation(t *testing.T, test func(t *testing.T, isolation string)) {
	for _, isolation := range []string{Committed, "repeatable read", "serializable"} {
		t.Run(isolation, func(t *testing.T) {
			t.Parallel()
			test(t, isolation)
		})
	}
}

// Pool opens a pool on an empty schema.
func Pool(t testing.TB, isolation string) *pgxpool.Pool { return open(t, config(t, isolation)) }

// Store opens a pool on a schema with the tables of a part, and its store.
func Store[S any](t testing.TB, isolation, part string, store func(context.Context, postgres.DB) (S, error)) (*pgxpool.Pool, S) {
	return apply(t, Pool(t, isolation), part, store)
}

func config(t testing.TB, isolation string) *pgxpool.Config {
	c, err := pgxpool.ParseConfig(pgtest.URL(t))
	require.NoError(t, err)
	c.ConnConfig.RuntimeParams["default_transaction_isolation"] = isolation
	return c
}

func open(t testing.TB, c *pgxpool.Config) *pgxpool.Pool {
	pool, err := pgxpool.NewWithConfig(t.Context(), c)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	return pool
}

func apply[S any](t testing.TB, pool *pgxpool.Pool, part string, store func(context.Context, postgres.DB) (S, error)) (*pgxpool.Pool, S) {
	require.NoError(t, postgres.Apply(t.Context(), pool, part))
	s, err := store(t.Context(), pool)
	require.NoError(t, err)
	return pool, s
}
