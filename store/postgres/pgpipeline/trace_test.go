package pgpipeline_test

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/pipelinetest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/internal/fresh"
	"github.com/tenure-go/tenure/store/postgres/pgpipeline"
)

// Leads, moves, claims and ticks, on a pool and in a transaction, send only statements that find
// their rows on one shard.
func TestStatements(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	w, pool, s := fresh.Tapped(t, "pipeline", pgpipeline.New)
	desk, err := pipeline.New(pipeline.Config{Store: s, Rules: pipelinetest.Rules(), Now: func() time.Time { return time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC) },
		Pools: func(context.Context, pipeline.PoolID) (pipeline.Pool, error) {
			return pipeline.Pool{Members: []pipeline.Member{{ID: "m1"}, {ID: "m2"}}}, nil
		}})
	require.NoError(t, err)
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
	w.RequireShards(t, 40)
}
