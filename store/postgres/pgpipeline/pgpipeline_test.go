package pgpipeline_test

import (
	"context"
	"encoding/csv"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/realdata"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/pipelinetest"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/internal/fresh"
	"github.com/tenure-go/tenure/store/postgres/pgpipeline"
	"github.com/tenure-go/tenure/store/table"
)

func open(t testing.TB, isolation string) (*pgxpool.Pool, *pgpipeline.Store) {
	return fresh.Store(t, isolation, "pipeline", pgpipeline.New)
}

// The suite holds at every isolation level that a pool may have as its default.
func TestSuite(t *testing.T) {
	t.Parallel()
	fresh.EachIsolation(t, func(t *testing.T, isolation string) {
		t.Run("store", func(t *testing.T) {
			t.Parallel()
			pipelinetest.TestStore(t, func(t *testing.T) pipelinetest.Store { _, s := open(t, isolation); return s })
		})
		t.Run("tx", func(t *testing.T) {
			t.Parallel()
			db, s := open(t, isolation)
			pipelinetest.TestTx(t, s, func(ctx context.Context, fn func(pipeline.Store) error) error {
				return postgres.InTx(ctx, db, func(tx pgx.Tx) error { return fn(pgpipeline.In(tx)) })
			})
		})
	})
}

func TestSchemaIsTheCallersToApply(t *testing.T) {
	t.Parallel()
	_, err := pgpipeline.New(t.Context(), fresh.Pool(t, fresh.Committed))
	var schema *table.SchemaError
	require.ErrorAs(t, err, &schema)
}

func TestReservations(t *testing.T) {
	t.Parallel()
	_, s := open(t, fresh.Committed)
	require.NoError(t, pipelinetest.Reservations(t.Context(), s, 2000/part, 5, 3))
}

func TestRealLeads(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(strings.NewReader(string(realdata.Read(t, "crm/olist_leads.csv.gz")))).ReadAll()
	require.NoError(t, err)
	_, s := open(t, fresh.Committed)
	leads := pipelinetest.LeadsOf(rows)
	require.Len(t, leads, 6697)
	require.NoError(t, pipelinetest.Leads(t.Context(), s, leads[:len(leads)/part], 3))
	t.Logf("olist_leads: %d leads, each sent twice", len(leads)/part)
}
