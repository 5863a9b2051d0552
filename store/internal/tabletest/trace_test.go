package tabletest_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store/internal/tabletest"
)

// A check that passes everything would pass the stores, too.
func TestCheckStatement(t *testing.T) {
	t.Parallel()
	for _, bad := range []string{
		`insert into event (n, id) values (nextval('n'), $1)`,
		`select max(n) from event where id = $1`,
		`select pg_advisory_xact_lock($1)`,
		`select version from k where id = any($1) for update`,
		`select version from k where id in ($1, $2) for share`,
		`select version from k where version > $1 and id = $2`,
		`select version from k for update`,
		`update k set n = n + 1`,
		`delete from k`,
		`lock table k`,
		`insert into k select * from old`,
		`commit; begin immediate; select 1`,
		`select txid_current()`,
	} {
		require.Error(t, tabletest.CheckStatement(bad), bad)
	}
	for _, good := range []string{
		"select version\n\tfrom k where id = $1 and kind = $2 for share",
		`with k as (update k set version = $4 where id = $1 returning 1) select 1/(select count(*)::int from k)`,
		`with k as (insert into k as old (id, kind) values ($1, $2) on conflict (id, kind) do nothing returning 1) select 1`,
		`insert into k (id, kind, version) values ($1, $2, 0) on conflict do nothing`,
		`delete from k where id = $1`,
		`begin; set local lock_timeout = '100ms'`,
	} {
		require.NoError(t, tabletest.CheckStatement(good), good)
	}
}
