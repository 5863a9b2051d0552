package pipeline_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/pipeline"
)

type refused = *pipeline.RefusedError

func codes(err error) (out []string) {
	if r, ok := err.(refused); ok {
		for _, reason := range r.Reasons {
			out = append(out, reason.Code+" "+string(reason.Field)+reason.Name)
		}
	}
	return out
}

func TestADealFromCallToWin(t *testing.T) {
	t.Parallel()
	clk := &testClock{start}
	desk, mem := newDesk(t, clk)
	res, err := desk.Open(ctx, pipeline.Open{ID: "l-1", Cards: []pipeline.CardID{"anna"}, Channel: "site", By: gate, Set: map[pipeline.FieldID]string{"name": "Анна", "city": "irkutsk"}})
	require.NoError(t, err)
	require.True(t, res.Created)
	require.Equal(t, pipeline.CaseID("sales/anna/0"), res.Case.ID)
	require.Equal(t, []pipeline.ActorID{"igor"}, res.To)
	id := res.Case.ID

	_, err = desk.Do(ctx, pipeline.Command{ID: "c-1", Case: id, Action: "win", By: ivan})
	require.Equal(t, []string{"role ", "not_from ", "missing payment", "unchecked passport"}, codes(err))

	clk.now = clk.now.Add(20 * time.Second)
	_, err = desk.Do(ctx, pipeline.Command{ID: "c-2", Case: id, Action: "call", By: ivan, Touch: &pipeline.Touch{Kind: "call", Out: true}})
	require.NoError(t, err)
	_, err = desk.Do(ctx, pipeline.Command{ID: "c-3", Case: id, Action: "sign", By: ivan, Set: map[pipeline.FieldID]string{"phone": "+7"}})
	require.Equal(t, []string{"role "}, codes(err), "igor owns it")
	res, err = desk.Do(ctx, pipeline.Command{ID: "c-4", Case: id, Action: "sign", By: pipeline.Actor{ID: "igor", Roles: []pipeline.Role{"manager"}}, Set: map[pipeline.FieldID]string{"phone": "+7"}})
	require.NoError(t, err)
	require.Equal(t, []pipeline.CaseID{id + "/credit"}, res.Copies)

	credit, err := desk.Case(ctx, id+"/credit")
	require.NoError(t, err)
	require.Equal(t, "irkutsk", credit.Values["city"].Text)
	require.Equal(t, []pipeline.CardID{"anna"}, credit.Cards)
	log, err := mem.History(ctx, credit.ID, 0, 100)
	require.NoError(t, err)
	last := log[len(log)-1]
	require.Equal(t, pipeline.EventConversation, last.Kind)
	require.Equal(t, []pipeline.ActorID{"bella", "bogdan", "boss"}, last.Actors)

	again, err := desk.Do(ctx, pipeline.Command{ID: "c-4", Case: id, Action: "sign", By: pipeline.Actor{ID: "igor"}, Set: map[pipeline.FieldID]string{"phone": "+7"}})
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, res.Copies, again.Copies)
	_, err = desk.Do(ctx, pipeline.Command{ID: "c-4", Case: id, Action: "sign", By: pipeline.Actor{ID: "igor"}, Set: map[pipeline.FieldID]string{"phone": "+8"}})
	var mismatch *pipeline.MismatchError
	require.ErrorAs(t, err, &mismatch)
	require.Equal(t, "set", mismatch.Field)

	_, err = desk.Do(ctx, pipeline.Command{ID: "c-5", Case: id, Action: "win", By: olga})
	require.Equal(t, []string{"missing payment", "unchecked passport"}, codes(err))
	_, err = desk.Do(ctx, pipeline.Command{ID: "c-6", Case: id, By: ivan, Set: map[pipeline.FieldID]string{"payment": "credit", "passport": "yes"}})
	require.NoError(t, err)
	_, err = desk.Do(ctx, pipeline.Command{ID: "c-7", Case: id, Action: "open:problem", By: ivan})
	require.NoError(t, err)
	_, err = desk.Do(ctx, pipeline.Command{ID: "c-8", Case: id, Action: "win", By: olga})
	require.Equal(t, []string{"unchecked approved", "blocked problem"}, codes(err))
	res, err = desk.Do(ctx,
		pipeline.Command{ID: "c-9", Case: id, Action: "close:problem", By: olga},
		pipeline.Command{ID: "c-10", Case: id, By: ivan, Set: map[pipeline.FieldID]string{"approved": "yes"}},
		pipeline.Command{ID: "c-11", Case: id, Action: "win", By: olga})
	require.NoError(t, err)
	require.Equal(t, pipeline.StageID("won"), res.Case.Stage)

	log, err = mem.History(ctx, id, 0, 1000)
	require.NoError(t, err)
	folded, err := desk.Engine().Replay(log)
	require.NoError(t, err)
	stored, err := mem.Load(ctx, pipeline.Query{Keys: []storeKey{{Kind: "case", ID: string(id)}}})
	require.NoError(t, err)
	want, err := json.Marshal(stored[0].Case)
	require.NoError(t, err)
	got, err := json.Marshal(folded.Record)
	require.NoError(t, err)
	require.JSONEq(t, string(want), string(got))
}

func TestAKnownCaseNeedsNoRoute(t *testing.T) {
	t.Parallel()
	rules := readSales(t)
	rules.Routes = rules.Routes[:1] // only the credit form
	desk, err := pipeline.New(pipeline.Config{Store: pipeline.NewMemory(), Rules: rules, Now: (&testClock{start}).Now})
	require.NoError(t, err)
	var invalid *pipeline.InvalidError
	_, err = desk.Open(ctx, pipeline.Open{ID: "1", Case: "T-1", By: gate})
	require.ErrorAs(t, err, &invalid)
	_, err = desk.Open(ctx, pipeline.Open{ID: "2", Case: "T-1", Form: "credit", By: gate})
	require.NoError(t, err)
	res, err := desk.Open(ctx, pipeline.Open{ID: "3", Case: "T-1", Cards: []pipeline.CardID{"anna"}, By: gate})
	require.NoError(t, err)
	require.Equal(t, []pipeline.CardID{"anna"}, res.Case.Cards)
	var mismatch *pipeline.MismatchError
	_, err = desk.Open(ctx, pipeline.Open{ID: "4", Case: "T-1", Pipeline: "sales", By: gate})
	require.ErrorAs(t, err, &mismatch)
	require.NotEqual(t, mismatch.Text("en"), mismatch.Text("ru"))
}

func TestHostileIDsNeverReachTheStore(t *testing.T) {
	t.Parallel()
	desk, _ := newDesk(t, &testClock{start})
	for _, id := range []string{"a\x00b", "\xff", string(make([]byte, 257))} {
		_, err := desk.Open(ctx, pipeline.Open{ID: pipeline.CommandID(id), By: gate})
		require.ErrorIs(t, err, pipeline.ErrInvalid)
		_, err = desk.Open(ctx, pipeline.Open{ID: "x", Cards: []pipeline.CardID{pipeline.CardID(id)}, By: gate})
		require.ErrorIs(t, err, pipeline.ErrInvalid)
		_, err = desk.Open(ctx, pipeline.Open{ID: "x", Skills: []string{id}, By: gate})
		require.ErrorIs(t, err, pipeline.ErrInvalid)
		_, err = desk.Do(ctx, pipeline.Command{ID: "x", Case: pipeline.CaseID(id), By: gate})
		require.ErrorIs(t, err, pipeline.ErrInvalid)
		_, err = desk.Case(ctx, pipeline.CaseID(id))
		require.ErrorIs(t, err, pipeline.ErrInvalid)
	}
	_, err := desk.Case(ctx, "nobody")
	require.ErrorIs(t, err, pipeline.ErrUnknown)
	_, err = pipeline.New(pipeline.Config{})
	require.ErrorIs(t, err, pipeline.ErrConfig)
}

func TestRecordsOfOtherRules(t *testing.T) {
	t.Parallel()
	e := engine(t)
	_, err := e.Bind(pipeline.Record{Pipeline: "sales", Version: 2, Stage: "new"})
	require.ErrorIs(t, err, pipeline.ErrUnknown)
	_, err = e.Bind(pipeline.Record{Pipeline: "sales", Version: 1, Stage: "newer"})
	require.ErrorIs(t, err, pipeline.ErrUnknown)
	_, err = e.Replay(nil)
	require.ErrorIs(t, err, pipeline.ErrInvalid)
	_, err = e.Replay([]pipeline.Event{{Kind: pipeline.EventOpened, Name: "sales", From: "1", To: "nowhere"}})
	require.ErrorIs(t, err, pipeline.ErrUnknown)
	c, err := e.Bind(pipeline.Record{ID: "c", Pipeline: "credit", Version: 1, Stage: "asked", Sides: []string{"gone"}})
	require.NoError(t, err)
	_, _, err = c.Apply(nil, pipeline.Command{Action: "grant", By: pipeline.Actor{ID: "b", Roles: []pipeline.Role{"banker"}}}, start)
	require.NoError(t, err, "a side process that is gone blocks nothing")
}

func TestNobodyListsHimselfAsOwner(t *testing.T) {
	t.Parallel()
	c := deal(t, map[pipeline.FieldID]string{"phone": "1", "city": "moscow"})
	c = must(t, c, pipeline.Command{Action: "call", By: ivan}, start)
	require.False(t, c.Decide(pipeline.Actor{ID: "eve", Roles: []pipeline.Role{pipeline.RoleOwner}}, "sign").OK)
	require.False(t, c.Decide(pipeline.Actor{}, "sign").OK, "nor is nobody the owner of a case without one")
}

func TestZeroCaseAllowsNothing(t *testing.T) {
	t.Parallel()
	var none pipeline.Case
	d := none.Decide(olga, "win")
	require.False(t, d.OK)
	require.Equal(t, "not_from", d.Reasons()[0].Code)
	require.Empty(t, none.Explain(nil, olga))
	require.Zero(t, none.Next(start))
	require.Empty(t, none.Link("debts"))
	_, events, err := none.Apply(nil, pipeline.Command{Action: "win", By: olga}, start)
	require.ErrorIs(t, err, pipeline.ErrUnknown)
	require.Empty(t, events)
	none.Wake = start
	same, events := none.Tick(nil, start.Add(time.Hour))
	require.Equal(t, none, same)
	require.Empty(t, events)
	_, err = none.Path("won", []pipeline.Actor{olga})
	require.ErrorIs(t, err, pipeline.ErrUnknown)
	var out strings.Builder
	require.NoError(t, engine(t).WriteMermaid(&out, "sales", &none, "en"))
}
