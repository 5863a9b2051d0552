package pipeline_test

import (
	"encoding/csv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/realdata"
	"github.com/tenure-go/tenure/pipeline"
)

func TestFactsOfOneDeal(t *testing.T) {
	t.Parallel()
	e := engine(t)
	c, all := lead(t, e, start)
	step := func(cmd pipeline.Command, after time.Duration) {
		var err error
		c, all, err = c.Apply(all, cmd, start.Add(after))
		require.NoError(t, err)
	}
	step(pipeline.Command{Touch: call(false, false), By: gate}, 10*time.Second)
	step(pipeline.Command{Set: map[pipeline.FieldID]string{pipeline.FieldOwner: "ivan", "phone": "1", "city": "moscow"}, By: ivan}, 15*time.Second)
	step(pipeline.Command{Action: "call", Touch: call(true, true), By: ivan}, 20*time.Second)
	step(pipeline.Command{Action: "sign", By: ivan}, time.Hour)
	step(pipeline.Command{Set: map[pipeline.FieldID]string{"passport": "yes", "payment": "cash"}, By: ivan}, 3*time.Hour)
	step(pipeline.Command{Action: "win", By: olga}, 4*time.Hour)
	var got []string
	for _, f := range pipeline.Facts(all, nil) {
		got = append(got, f.Kind+" "+f.Name+" "+f.Work.String()+" "+string(f.Owner)+" "+f.Channel)
	}
	require.ElementsMatch(t, []string{
		"stage new 20s ivan ", "wait us 20s ivan ", "inquiry  0s  ", "response  20s ivan phone", "touch missed_call 0s  phone",
		"touch call 0s ivan phone", "stage talks 59m40s ivan ", "wait us 59m40s ivan ", "stage papers 3h0m0s ivan ", "wait client 2h0m0s ivan ", "wait us 1h0m0s ivan ", "outcome won 4h0m0s ivan ",
	}, got)
	// Business time: from 09:00 on a Monday, the office's first hours.
	for _, f := range pipeline.Facts(all, office(t)) {
		if f.Kind == pipeline.FactOutcome {
			require.Equal(t, 4*time.Hour, f.Work)
		}
	}
}

// The made-up hardware seller's funnel, replayed as commands.
func TestRealDealsReplayed(t *testing.T) {
	t.Parallel()
	rows, err := csv.NewReader(strings.NewReader(string(realdata.Read(t, "crm/sales_pipeline.csv.gz")))).ReadAll()
	require.NoError(t, err)
	seller := []pipeline.Role{"seller"}
	e, err := pipeline.Compile(pipeline.Rules{Definitions: []pipeline.Definition{{
		ID: "funnel", Fields: []pipeline.Field{{ID: "value", Kind: pipeline.KindNumber}},
		Stages: []pipeline.Stage{{ID: "prospecting"}, {ID: "engaging"}, {ID: "won", Final: pipeline.Won, Enter: []pipeline.Need{{Field: "value"}}}, {ID: "lost", Final: pipeline.Lost}},
		Moves: []pipeline.Move{{Action: "engage", From: []pipeline.StageID{"prospecting"}, To: "engaging", Roles: seller},
			{Action: "win", From: []pipeline.StageID{"engaging"}, To: "won", Roles: seller}, {Action: "lose", From: []pipeline.StageID{"engaging"}, To: "lost", Roles: seller}},
		Edits: []pipeline.Edit{{Fields: []pipeline.FieldID{"value"}, Roles: seller}},
	}}})
	require.NoError(t, err)
	day := func(s string) time.Time {
		d, err := time.Parse(time.DateOnly, s)
		require.NoError(t, err)
		return d
	}
	var all []pipeline.Event
	want := map[pipeline.CaseID]time.Duration{}
	for _, row := range rows[1:] {
		by := pipeline.Actor{ID: pipeline.ActorID(row[1]), Roles: seller}
		at := day("2016-01-01") // Prospecting deals have no date
		if row[5] != "" {
			at = day(row[5])
		}
		c, events, err := e.Open(all, pipeline.Open{ID: "open", Case: pipeline.CaseID(row[0]), Pipeline: "funnel", By: by}, at)
		require.NoError(t, err)
		apply := func(cmd pipeline.Command, now time.Time) {
			cmd.By = by
			c, events, err = c.Apply(events, cmd, now)
			require.NoError(t, err)
		}
		if row[4] != "Prospecting" {
			apply(pipeline.Command{Action: "engage"}, at)
		}
		switch row[4] {
		case "Won":
			apply(pipeline.Command{Action: "win", Set: map[pipeline.FieldID]string{"value": row[7]}}, day(row[6]))
		case "Lost":
			apply(pipeline.Command{Action: "lose"}, day(row[6]))
		}
		if row[6] != "" {
			want[c.ID] = day(row[6]).Sub(day(row[5]))
		}
		all = events
	}
	outcomes, open := map[string]int{}, 0
	for _, f := range pipeline.Facts(all, nil) {
		switch {
		case f.Kind == pipeline.FactOutcome:
			outcomes[f.Name]++
			require.Equal(t, want[f.Case], f.To.Sub(f.From), "%s", f.Case)
			require.Equal(t, want[f.Case], f.Work)
			delete(want, f.Case)
		case f.Kind == pipeline.FactStage && f.To.IsZero():
			open++
		}
	}
	require.Equal(t, map[string]int{pipeline.Won: 2539, pipeline.Lost: 1552}, outcomes)
	require.Equal(t, 2765, open)
	require.Empty(t, want, "each closed deal has its days")
	t.Logf("sales_pipeline: %d deals", len(rows)-1)
}
