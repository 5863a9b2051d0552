package litepipeline_test

import (
	"context"
	"database/sql"
	"encoding/csv"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/realdata"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/pipelinetest"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/internal/fresh"
	"github.com/tenure-go/tenure/store/sqlite/litepipeline"
	"github.com/tenure-go/tenure/store/table"
)

func open(t testing.TB) (*sqlite.DB, *litepipeline.Store) {
	return fresh.Store(t, "pipeline", litepipeline.New)
}

func TestStore(t *testing.T) {
	t.Parallel()
	pipelinetest.TestStore(t, func(t *testing.T) pipelinetest.Store { _, s := open(t); return s })
}

func TestTx(t *testing.T) {
	t.Parallel()
	db, s := open(t)
	pipelinetest.TestTx(t, s, func(ctx context.Context, fn func(pipeline.Store) error) error {
		return sqlite.InTx(ctx, db, func(tx *sql.Tx) error { return fn(litepipeline.In(tx)) })
	})
}

func TestSchemaIsTheCallersToApply(t *testing.T) {
	t.Parallel()
	db, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "empty.db"))
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, db.Close()) })
	_, err = litepipeline.New(t.Context(), db)
	var schema *table.SchemaError
	require.ErrorAs(t, err, &schema)
}

func TestReservations(t *testing.T) {
	t.Parallel()
	_, s := open(t)
	require.NoError(t, pipelinetest.Reservations(t.Context(), s, 2000/part, 5, 2))
}

func TestRealLeads(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(strings.NewReader(string(realdata.Read(t, "crm/olist_leads.csv.gz")))).ReadAll()
	require.NoError(t, err)
	_, s := open(t)
	leads := pipelinetest.LeadsOf(rows)
	require.Len(t, leads, 6697)
	require.NoError(t, pipelinetest.Leads(t.Context(), s, leads[:len(leads)/part], 2))
	t.Logf("olist_leads: %d leads, each sent twice", len(leads)/part)
}
