package pgpipeline_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/pgtest"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/pipelinetest"
	"github.com/tenure-go/tenure/store/internal/tabletest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgpipeline"
)

// A wire sees the statements that go to the server.
type wire struct {
	mu         sync.Mutex
	statements []string
}

func (w *wire) TraceQueryStart(ctx context.Context, _ *pgx.Conn, q pgx.TraceQueryStartData) context.Context {
	w.note(q.SQL)
	return ctx
}

func (w *wire) TraceQueryEnd(context.Context, *pgx.Conn, pgx.TraceQueryEndData) {}

func (w *wire) TraceBatchStart(ctx context.Context, _ *pgx.Conn, b pgx.TraceBatchStartData) context.Context {
	for _, q := range b.Batch.QueuedQueries {
		w.note(q.SQL)
	}
	return ctx
}

func (w *wire) TraceBatchQuery(context.Context, *pgx.Conn, pgx.TraceBatchQueryData) {}
func (w *wire) TraceBatchEnd(context.Context, *pgx.Conn, pgx.TraceBatchEndData)     {}

func (w *wire) note(sql string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.statements = append(w.statements, sql)
}

// Leads, moves, claims and ticks, on a pool and in a transaction, send only statements that find
// their rows on one shard.
func TestStatements(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w := new(wire)
	config, err := pgxpool.ParseConfig(pgtest.URL(t))
	require.NoError(t, err)
	config.ConnConfig.Tracer = w
	pool, err := pgxpool.NewWithConfig(ctx, config)
	require.NoError(t, err)
	t.Cleanup(pool.Close)
	require.NoError(t, postgres.Apply(ctx, pool, "pipeline"))
	s, err := pgpipeline.New(ctx, pool)
	require.NoError(t, err)
	desk, err := pipeline.New(pipeline.Config{Store: s, Rules: pipelinetest.Rules(), Now: func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) },
		Pools: func(context.Context, pipeline.PoolID) (pipeline.Pool, error) {
			return pipeline.Pool{Members: []pipeline.Member{{ID: "m1"}, {ID: "m2"}}}, nil
		}})
	require.NoError(t, err)
	w.statements = nil
	work := func(desk *pipeline.Desk, prefix string) error {
		by := pipeline.Actor{ID: "m1", Roles: []pipeline.Role{"manager"}}
		var id pipeline.CaseID
		for _, lead := range []pipeline.CommandID{"1", "1", "2"} { // new, repeated, joining
			res, err := desk.Open(ctx, pipeline.Open{ID: pipeline.CommandID(prefix) + lead, Pipeline: "p", Pool: "sellers", Cards: []pipeline.CardID{pipeline.CardID(prefix), pipeline.CardID(prefix + "x")}, By: by})
			if err != nil {
				return err
			}
			id = res.Case.ID
		}
		_, err := desk.Do(ctx,
			pipeline.Command{ID: "take", Case: id, Action: "take", Set: map[pipeline.FieldID]string{"note": "x"}, By: by},
			pipeline.Command{ID: "win", Case: id, Action: "win", By: by})
		return err
	}
	require.NoError(t, work(desk, "a"))
	require.NoError(t, postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return work(desk.In(pgpipeline.In(tx)), "b") }))
	require.Greater(t, len(w.statements), 40)
	for _, sql := range w.statements {
		require.NoError(t, tabletest.CheckStatement(sql), sql)
	}
}
