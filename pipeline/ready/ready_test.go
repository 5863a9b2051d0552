package ready_test

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/ready"
)

var (
	ctx   = context.Background()
	start = time.Date(2026, time.June, 10, 2, 0, 0, 0, time.UTC) // 10:00 in Irkutsk, a working Wednesday
	head  = pipeline.Actor{ID: "head", Roles: []pipeline.Role{"head"}}
	gate  = pipeline.Actor{ID: "gate", Roles: []pipeline.Role{pipeline.RoleIntake}}
	price = pipeline.Actor{ID: "petr", Roles: []pipeline.Role{"pricer"}}
	ivan  = pipeline.Actor{ID: "ivan", Roles: []pipeline.Role{"manager", "seller", "operator", "credit", "buyer"}}
)

type fields = map[pipeline.FieldID]string

func open(t *testing.T) (*pipeline.Desk, *pipeline.Memory) {
	people := map[pipeline.PoolID][]pipeline.Member{ready.PoolOperators: {{ID: "op-1"}, {ID: "op-2"}}, ready.PoolCredit: {{ID: "bella", Regions: []string{"irkutsk"}}, {ID: "boris", Regions: []string{"moscow"}}}}
	for _, p := range []pipeline.PoolID{ready.PoolRental, ready.PoolNewbuild, ready.PoolTours, ready.PoolAuto, ready.PoolBuyout} {
		people[p] = []pipeline.Member{{ID: "ivan"}}
	}
	s := pipeline.NewMemory()
	d, err := pipeline.New(pipeline.Config{Store: s, Rules: ready.Rules(), Pools: ready.Pools(people, "head"), Now: func() time.Time { return start }})
	require.NoError(t, err)
	return d, s
}

// do gives a command that has to succeed.
func do(t *testing.T, d *pipeline.Desk, id pipeline.CaseID, a pipeline.Action, by pipeline.Actor, set fields) pipeline.Case {
	res, err := d.Do(ctx, pipeline.Command{Case: id, Action: a, By: by, Set: set})
	require.NoError(t, err, "%s by %s", a, by.ID)
	return res.Case
}

func refuses(t *testing.T, d *pipeline.Desk, id pipeline.CaseID, a pipeline.Action, by pipeline.Actor, set fields) []pipeline.Reason {
	_, err := d.Do(ctx, pipeline.Command{Case: id, Action: a, By: by, Set: set})
	var no *pipeline.RefusedError
	require.ErrorAs(t, err, &no, "%s by %s", a, by.ID)
	return no.Reasons
}

func TestRulesHaveNoProblem(t *testing.T) {
	t.Parallel()
	require.Empty(t, pipeline.Check(ready.Rules()).Text("en"))
}

func TestEveryNameHasBothLanguages(t *testing.T) {
	t.Parallel()
	for _, d := range ready.Rules().Definitions {
		titles := map[string]map[string]string{string(d.ID): d.Title}
		for _, f := range d.Fields {
			titles[string(f.ID)] = f.Title
		}
		for _, s := range d.Stages {
			titles["stage "+string(s.ID)] = s.Title
		}
		for _, m := range d.Moves {
			titles["action "+string(m.Action)] = m.Title
		}
		for name, title := range titles {
			require.NotEmpty(t, title["en"], "%s: %s", d.ID, name)
			require.NotEmpty(t, title["ru"], "%s: %s", d.ID, name)
		}
	}
}

func TestOnlyHeadsFinish(t *testing.T) {
	t.Parallel()
	rules := ready.Rules()
	e, err := pipeline.Compile(rules)
	require.NoError(t, err)
	finals := 0
	for _, d := range rules.Definitions {
		for _, m := range d.Moves {
			i := slices.IndexFunc(d.Stages, func(s pipeline.Stage) bool { return s.ID == m.To })
			if d.Stages[i].Final == "" {
				continue
			}
			finals++
			require.Contains(t, e.Who(d.ID, m.Action), pipeline.Role("head"))
			for _, role := range e.Who(d.ID, m.Action) {
				operatorsOwn := d.ID == "callcenter" && m.Action == "handle" && role == pipeline.RoleOwner
				cancelled := d.ID == "tours" && m.Action == "cancel" && role == pipeline.RoleIntake // by the partner
				require.True(t, role == "head" || operatorsOwn || cancelled, "%s %s by %s", d.ID, m.Action, role)
			}
		}
	}
	require.Greater(t, finals, 10)
	d, _ := open(t)
	res, err := d.Open(ctx, pipeline.Open{ID: "1", Case: "tour-1", Pipeline: "tours", By: gate, Set: fields{"tour": "Olkhon", "date": "2026-06-20", "seats": "2", "status": "paid"}})
	require.NoError(t, err)
	do(t, d, res.Case.ID, "confirm", ivan, nil)
	do(t, d, res.Case.ID, "issue", ivan, fields{"pickup": "Hotel"})
	require.Equal(t, []pipeline.Role{"head"}, refuses(t, d, res.Case.ID, "finish", ivan, nil)[0].Roles)
	require.Equal(t, pipeline.StageID("done"), do(t, d, res.Case.ID, "finish", head, nil).Stage)
}

func TestPricersEditUntilDocuments(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	res, err := d.Open(ctx, pipeline.Open{ID: "1", Form: "rent", Cards: []pipeline.CardID{"anna"}, By: gate, Set: fields{"name": "Анна", "phone": "+7"}})
	require.NoError(t, err)
	id := res.Case.ID
	do(t, d, id, "", price, fields{"price": "100"})
	refuses(t, d, id, "", head, fields{"price": "90"}) // edits bind heads too
	do(t, d, id, "accept", ivan, nil)
	do(t, d, id, "book", ivan, fields{"unit": "12", "check_in": "2026-07-01", "check_out": "2026-07-05"})
	do(t, d, id, "", price, fields{"price": "110"})
	do(t, d, id, "prepare", ivan, fields{"deposit": "yes"})
	reasons := refuses(t, d, id, "", price, fields{"price": "120"})
	require.Equal(t, "role", reasons[0].Code)
	require.Equal(t, []pipeline.StageID{"new", "talks", "showing", "booked"}, reasons[0].From)
}

func TestALeadIsAcceptedOnlyWithItsFields(t *testing.T) {
	t.Parallel()
	for form, c := range map[string]struct {
		action pipeline.Action
		want   []pipeline.FieldID
	}{
		"rent":     {"accept", []pipeline.FieldID{"name", "phone"}},
		"newbuild": {"accept", []pipeline.FieldID{"name", "phone", "complex"}},
		"auto":     {"accept", []pipeline.FieldID{"name", "phone", "city"}},
		"buyout":   {"inspect", []pipeline.FieldID{"name", "phone", "car"}},
	} {
		d, _ := open(t)
		res, err := d.Open(ctx, pipeline.Open{ID: "1", Form: form, Cards: []pipeline.CardID{"anna"}, By: gate})
		require.NoError(t, err)
		require.Equal(t, []pipeline.ActorID{"ivan"}, res.To, form)
		var missing []pipeline.FieldID
		for _, r := range refuses(t, d, res.Case.ID, c.action, ivan, nil) {
			require.Equal(t, "missing", r.Code)
			missing = append(missing, r.Field)
		}
		require.Equal(t, c.want, missing, form)
		set := fields{"name": "Анна", "phone": "+7"}
		for _, f := range c.want {
			if set[f] == "" {
				set[f] = "irkutsk"
			}
		}
		do(t, d, res.Case.ID, c.action, ivan, set)
	}
}

func TestAnAgencysSourceIsConfirmedBeforeBooking(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	for i, form := range []string{"agency", "newbuild"} {
		res, err := d.Open(ctx, pipeline.Open{ID: pipeline.CommandID(fmt.Sprint(i)), Form: form, Cards: []pipeline.CardID{pipeline.CardID(form)}, By: gate, Set: fields{"name": "Анна", "phone": "+7", "complex": "North"}})
		require.NoError(t, err)
		id := res.Case.ID
		do(t, d, id, "accept", ivan, nil)
		do(t, d, id, "", price, fields{"price": "5000000"})
		if form == "newbuild" {
			do(t, d, id, "book", ivan, fields{"unit": "7"})
			continue
		}
		reasons := refuses(t, d, id, "book", ivan, fields{"unit": "8"})
		require.Equal(t, []pipeline.Reason{{Code: "unchecked", Field: "agency_confirmed"}}, reasons)
		refuses(t, d, id, "", ivan, fields{"agency_confirmed": "yes"})
		do(t, d, id, "", head, fields{"agency_confirmed": "yes"})
		do(t, d, id, "book", ivan, fields{"unit": "8"})
	}
}

func TestProblemsRunBesideTheStages(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	res, err := d.Open(ctx, pipeline.Open{ID: "1", Form: "rent", Cards: []pipeline.CardID{"anna"}, By: gate, Set: fields{"name": "Анна", "phone": "+7", "unit": "12", "check_in": "2026-07-01", "check_out": "2026-07-05"}})
	require.NoError(t, err)
	id := res.Case.ID
	do(t, d, id, "open:problem", ivan, nil)
	do(t, d, id, "accept", ivan, nil)
	do(t, d, id, "book", ivan, nil)
	do(t, d, id, "", price, fields{"price": "100"})
	do(t, d, id, "prepare", ivan, fields{"deposit": "yes"})
	do(t, d, id, "settle", ivan, fields{"passport": "yes", "contract": "yes"})
	c := do(t, d, id, "", ivan, fields{"inspected": "yes"})
	require.Equal(t, []string{"problem"}, c.Sides, "it lasted over four moves")
	require.Equal(t, []pipeline.Reason{{Code: "blocked", Name: "problem"}}, refuses(t, d, id, "finish", head, nil))
	refuses(t, d, id, "close:problem", ivan, nil)
	do(t, d, id, "close:problem", head, nil)
	require.Equal(t, pipeline.StageID("done"), do(t, d, id, "finish", head, nil).Stage)
}

func TestAKnownReservationIsUpdated(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	o := pipeline.Open{ID: "1", Case: "TRIP-1", Pipeline: "tours", SourceRev: 1, By: gate, Set: fields{"tour": "Olkhon", "seats": "2", "status": "new"}}
	res, err := d.Open(ctx, o)
	require.NoError(t, err)
	require.True(t, res.Created)
	do(t, d, "TRIP-1", "", ivan, fields{"pickup": "Hotel", "seats": "4"}) // the operator knows better
	o.ID, o.SourceRev, o.Set = "2", 2, fields{"seats": "3", "pickup": "Station", "date": "2026-06-20"}
	res, err = d.Open(ctx, o)
	require.NoError(t, err)
	require.False(t, res.Created)
	require.Equal(t, []pipeline.Changed{
		{Field: "date", To: "2026-06-20"},
		{Field: "pickup", From: "Hotel", To: "Station", Kept: pipeline.KeptRole},
		{Field: "seats", From: "4", To: "3"},
	}, res.Changes)
	require.Equal(t, "Hotel", res.Case.Values["pickup"].Text)
}

func TestTheDialledGroupPicksThePool(t *testing.T) {
	t.Parallel()
	d, _ := open(t)
	for i, c := range []struct {
		group    string
		pipeline pipeline.PipelineID
		pool     pipeline.PoolID
		rung     []pipeline.ActorID
	}{
		{"auto", "auto_sales", ready.PoolAuto, []pipeline.ActorID{"ivan"}},
		{"rental", "rental", ready.PoolRental, []pipeline.ActorID{"ivan"}},
		{"newbuild", "newbuild", ready.PoolNewbuild, []pipeline.ActorID{"ivan"}},
		{"", "callcenter", ready.PoolOperators, []pipeline.ActorID{"op-1", "op-2"}},
	} {
		res, err := d.Open(ctx, pipeline.Open{ID: pipeline.CommandID(fmt.Sprint(i)), Group: c.group, Channel: "phone", Cards: []pipeline.CardID{pipeline.CardID(fmt.Sprint("k", i))}, By: gate})
		require.NoError(t, err)
		require.Equal(t, c.pipeline, res.Case.Pipeline)
		require.Equal(t, c.pool, res.Case.Pool)
		require.Equal(t, c.rung, res.To)
	}
}

func TestAPartnerSeesHisDealsStatuses(t *testing.T) {
	t.Parallel()
	d, s := open(t)
	for i, card := range []pipeline.CardID{"agency-7", "someone", "agency-7"} {
		_, err := d.Open(ctx, pipeline.Open{ID: pipeline.CommandID(fmt.Sprint(i)), Case: pipeline.CaseID(fmt.Sprint("N-", i)), Pipeline: "newbuild", Cards: []pipeline.CardID{card, pipeline.CardID(fmt.Sprint("buyer-", i))}, By: gate, Set: fields{"name": "Анна", "phone": "+7", "complex": "North"}})
		require.NoError(t, err)
	}
	do(t, d, "N-2", "accept", head, nil)
	found, err := s.Find(ctx, pipeline.Filter{Cards: []pipeline.CardID{"agency-7"}}, "", 10)
	require.NoError(t, err)
	seen := map[pipeline.CaseID]pipeline.StageID{}
	for _, r := range found {
		seen[r.ID] = r.Stage
	}
	require.Equal(t, map[pipeline.CaseID]pipeline.StageID{"N-0": "lead", "N-2": "accepted"}, seen)
}

func TestASaleGoesToCreditOfItsCity(t *testing.T) {
	t.Parallel()
	d, s := open(t)
	res, err := d.Open(ctx, pipeline.Open{ID: "1", Form: "auto", Cards: []pipeline.CardID{"anna"}, By: gate, Set: fields{"name": "Анна", "phone": "+7", "city": "irkutsk"}})
	require.NoError(t, err)
	id := res.Case.ID
	do(t, d, id, "accept", ivan, nil)
	do(t, d, id, "offer", ivan, fields{"car": "Lada"})
	do(t, d, id, "", price, fields{"price": "1000000"})
	do(t, d, id, "credit", ivan, fields{"payment": "credit"})
	c, err := d.Case(ctx, id+"/credit")
	require.NoError(t, err)
	require.Equal(t, "irkutsk", c.Values["city"].Text)
	log, err := s.History(ctx, c.ID, 0, 100)
	require.NoError(t, err)
	last := log[len(log)-1]
	require.Equal(t, pipeline.EventConversation, last.Kind)
	require.Equal(t, []pipeline.ActorID{"bella", "head"}, last.Actors)
}

func TestAVisitAndAVoucher(t *testing.T) {
	t.Parallel()
	d, s := open(t)
	_, err := d.Open(ctx, pipeline.Open{ID: "1", Case: "T", Pipeline: "tours", By: gate, Set: fields{"tour": "Olkhon", "date": "2026-06-20", "seats": "2", "status": "paid"}})
	require.NoError(t, err)
	do(t, d, "T", "confirm", ivan, nil)
	do(t, d, "T", "issue", ivan, fields{"pickup": "Hotel"})
	_, err = d.Do(ctx, pipeline.Command{Case: "T", Touch: &pipeline.Touch{Kind: "visit", Answered: true}, By: ivan})
	require.NoError(t, err)
	log, err := s.History(ctx, "T", 0, 100)
	require.NoError(t, err)
	var told []string
	for _, e := range log {
		if e.Kind == pipeline.EventEmitted || e.Kind == pipeline.EventTouched {
			told = append(told, e.Name)
		}
	}
	require.Equal(t, []string{"voucher", "visit"}, told)
}

func TestACallIsTakenOver(t *testing.T) {
	t.Parallel()
	d, s := open(t)
	res, err := d.Open(ctx, pipeline.Open{ID: "1", Channel: "phone", By: gate})
	require.NoError(t, err)
	id := res.Case.ID
	queue, err := s.Find(ctx, pipeline.Filter{Pool: ready.PoolOperators, Open: true}, "", 10)
	require.NoError(t, err)
	require.Len(t, queue, 1)
	op1 := pipeline.Actor{ID: "op-1", Roles: []pipeline.Role{"operator"}}
	op2 := pipeline.Actor{ID: "op-2", Roles: []pipeline.Role{"operator"}}
	do(t, d, id, "", op1, fields{pipeline.FieldOwner: "op-1"})
	do(t, d, id, "answer", op1, nil)
	refuses(t, d, id, "again", op2, nil)
	do(t, d, id, "", op2, fields{pipeline.FieldOwner: "op-2"})
	do(t, d, id, "handle", op2, fields{"topic": "auto", "result": "answered"})
}
