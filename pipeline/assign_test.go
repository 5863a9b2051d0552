package pipeline_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rickb777/date/v2/clock"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/worktime"
)

func office(t require.TestingT) *worktime.Calendar {
	cal, err := worktime.Compile(worktime.Spec{Zone: "UTC", Country: "RU", Week: worktime.Weekdays(worktime.Hours{From: clock.New(9, 0, 0, 0), To: clock.New(18, 0, 0, 0)})})
	require.NoError(t, err)
	return cal
}

func traceOf(trace []pipeline.Reason) (out []string) {
	for _, r := range trace {
		out = append(out, r.Code+" "+r.Name)
	}
	return out
}

func TestTheTraceSaysWhyNot(t *testing.T) {
	t.Parallel()
	saturday := time.Date(2026, time.March, 14, 10, 0, 0, 0, time.UTC)
	p := pipeline.Pool{ID: "p", Members: []pipeline.Member{
		{ID: "moscow", Regions: []string{"moscow"}},
		{ID: "novice", Regions: []string{"irkutsk"}, Skills: []string{"rent"}},
		{ID: "office", Skills: []string{"rent", "english"}, Calendar: office(t)},
		{ID: "beach", Skills: []string{"english"}, Away: []worktime.Span{{From: saturday.AddDate(0, 0, -1), To: saturday.AddDate(0, 0, 7)}}},
	}}
	o := pipeline.Open{Region: "irkutsk", Skills: []string{"english"}}
	to, trace := pipeline.Assign(p, nil, o, saturday)
	require.Empty(t, to)
	require.Equal(t, []string{"region moscow", "skill novice", "off_hours office", "away beach", "empty p", "opens 2026-03-16T09:00:00Z"}, traceOf(trace))
	for _, r := range trace {
		require.NotEqual(t, r.Text("en"), r.Text("ru"))
	}
	to, trace = pipeline.Assign(p, nil, o, saturday.AddDate(0, 0, 2))
	require.Equal(t, []pipeline.ActorID{"office"}, to)
	require.Equal(t, "taken office", traceOf(trace)[3])
	p.Members = p.Members[:2]
	_, trace = pipeline.Assign(p, nil, o, saturday)
	require.Equal(t, "empty p", traceOf(trace)[2], "and no opening is in sight")
	require.Len(t, trace, 3)
}

// poolDesk is a desk with the given pools.
func poolDesk(t *testing.T, clk *testClock, pools map[pipeline.PoolID]pipeline.Pool) (*pipeline.Desk, *pipeline.Memory) {
	s := pipeline.NewMemory()
	d, err := pipeline.New(pipeline.Config{Store: s, Rules: readSales(t), Now: clk.Now, Pools: func(_ context.Context, id pipeline.PoolID) (pipeline.Pool, error) {
		p, ok := pools[id]
		if !ok {
			return p, errors.New("no such pool")
		}
		return p, nil
	}})
	require.NoError(t, err)
	return d, s
}

func TestNobodyOnDutyWaitsForTheOpening(t *testing.T) {
	t.Parallel()
	clk := &testClock{time.Date(2026, time.March, 14, 10, 0, 0, 0, time.UTC)}
	desk, mem := poolDesk(t, clk, map[pipeline.PoolID]pipeline.Pool{
		"sellers": {Fallback: "night", Members: []pipeline.Member{{ID: "ivan", Calendar: office(t)}}},
		"night":   {Fallback: "sellers", Members: []pipeline.Member{{ID: "nora", Regions: []string{"moscow"}}}},
	})
	res, err := desk.Open(ctx, pipeline.Open{ID: "1", Region: "irkutsk", Cards: []pipeline.CardID{"anna"}, By: gate})
	require.NoError(t, err)
	require.Empty(t, res.To)
	require.Equal(t, []string{"route rest", "off_hours ivan", "empty sellers", "opens 2026-03-16T09:00:00Z", "fallback night", "region nora", "empty night"}, traceOf(res.Trace))
	queue, err := mem.Find(ctx, pipeline.Filter{Pool: "sellers", Open: true}, "", 10)
	require.NoError(t, err)
	require.Len(t, queue, 1, "it waits in the live queue")

	clk.now = time.Date(2026, time.March, 16, 8, 59, 59, 0, time.UTC)
	_, err = desk.Tick(ctx, mem, 10)
	require.NoError(t, err)
	c, err := desk.Case(ctx, res.Case.ID)
	require.NoError(t, err)
	require.Empty(t, c.Owner)
	clk.now = clk.now.Add(time.Second)
	n, err := desk.Tick(ctx, mem, 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	c, err = desk.Case(ctx, res.Case.ID)
	require.NoError(t, err)
	require.Equal(t, pipeline.ActorID("ivan"), c.Owner)
	n, err = desk.Tick(ctx, mem, 10)
	require.NoError(t, err)
	require.Zero(t, n)

	// Of another region the night pool takes it at once.
	res, err = desk.Open(ctx, pipeline.Open{ID: "2", Region: "moscow", Cards: []pipeline.CardID{"olga"}, By: gate})
	require.NoError(t, err)
	require.Len(t, res.To, 1)
}

func TestRingAllAndTheFirstClaimWins(t *testing.T) {
	t.Parallel()
	clk := &testClock{start}
	desk, _ := poolDesk(t, clk, map[pipeline.PoolID]pipeline.Pool{"sellers": {RingAll: true, Members: []pipeline.Member{{ID: "ivan"}, {ID: "inna"}}}})
	res, err := desk.Open(ctx, pipeline.Open{ID: "1", Cards: []pipeline.CardID{"anna"}, By: gate})
	require.NoError(t, err)
	require.Equal(t, []pipeline.ActorID{"inna", "ivan"}, res.To)
	require.Empty(t, res.Case.Owner)
	inna := pipeline.Actor{ID: "inna", Roles: []pipeline.Role{"manager"}}
	own := func(by pipeline.Actor) error {
		_, err := desk.Do(ctx, pipeline.Command{Case: res.Case.ID, Set: map[pipeline.FieldID]string{pipeline.FieldOwner: string(by.ID)}, By: by})
		return err
	}
	require.NoError(t, own(inna))
	require.ErrorIs(t, own(ivan), pipeline.ErrRefused)
	again, err := desk.Open(ctx, pipeline.Open{ID: "1", Cards: []pipeline.CardID{"anna"}, By: gate})
	require.NoError(t, err)
	require.True(t, again.Replayed)
	require.Equal(t, res.To, again.To)
}

func TestAClientComesBackToHisSeller(t *testing.T) {
	t.Parallel()
	clk := &testClock{start}
	people := []pipeline.Member{{ID: "a"}, {ID: "b"}, {ID: "c"}}
	desk, _ := poolDesk(t, clk, map[pipeline.PoolID]pipeline.Pool{"sellers": {Sticky: true, Members: people}})
	var owners []pipeline.ActorID
	for i, card := range []pipeline.CardID{"k1", "k2", "k3"} {
		res, err := desk.Open(ctx, pipeline.Open{ID: pipeline.CommandID(fmt.Sprint(i)), Cards: []pipeline.CardID{card}, By: gate})
		require.NoError(t, err)
		owners = append(owners, res.To...)
		_, err = desk.Do(ctx, pipeline.Command{Case: res.Case.ID, Action: "lose", By: olga})
		require.NoError(t, err)
	}
	require.Equal(t, []pipeline.ActorID{"a", "b", "c"}, owners)
	res, err := desk.Open(ctx, pipeline.Open{ID: "back", Cards: []pipeline.CardID{"k2"}, By: gate})
	require.NoError(t, err)
	require.True(t, res.Created, "his first deal is over")
	require.Equal(t, pipeline.CaseID("sales/k2/1"), res.Case.ID)
	require.Equal(t, []pipeline.ActorID{"b"}, res.To)
	res, err = desk.Open(ctx, pipeline.Open{ID: "new", Cards: []pipeline.CardID{"k4"}, By: gate})
	require.NoError(t, err)
	require.Equal(t, []pipeline.ActorID{"a"}, res.To, "outside the rotation")
	joined, err := desk.Open(ctx, pipeline.Open{ID: "again", Cards: []pipeline.CardID{"k4", "k9"}, By: gate})
	require.NoError(t, err)
	require.True(t, joined.Joined)
	require.Equal(t, res.Case.ID, joined.Case.ID)
}

func TestABreachGivesTheCaseToAnother(t *testing.T) {
	t.Parallel()
	rules := readSales(t)
	rules.Definitions[0].Timers = append(rules.Definitions[0].Timers, pipeline.Timer{ID: "slow", Start: "inquired", Stop: "responded", Within: time.Minute, Do: pipeline.DoReassign})
	s, clk := pipeline.NewMemory(), &testClock{start}
	desk, err := pipeline.New(pipeline.Config{Store: s, Rules: rules, Pools: pools, Now: clk.Now})
	require.NoError(t, err)
	res, err := desk.Open(ctx, pipeline.Open{ID: "1", Cards: []pipeline.CardID{"anna"}, By: gate})
	require.NoError(t, err)
	require.Equal(t, pipeline.ActorID("igor"), res.Case.Owner)
	clk.now = start.Add(2 * time.Minute)
	n, err := desk.Tick(ctx, s, 10)
	require.NoError(t, err)
	require.Equal(t, 1, n)
	c, err := desk.Case(ctx, res.Case.ID)
	require.NoError(t, err)
	require.Equal(t, pipeline.ActorID("inna"), c.Owner)

	// Tasks of a person, the soonest deadline first.
	for i := range 3 {
		clk.now = clk.now.Add(time.Second)
		_, err := desk.Open(ctx, pipeline.Open{ID: pipeline.CommandID(fmt.Sprint("t", i)), Case: pipeline.CaseID(fmt.Sprint("task-", i)), Pipeline: "sales", By: olga})
		require.NoError(t, err)
		_, err = desk.Do(ctx, pipeline.Command{Case: pipeline.CaseID(fmt.Sprint("task-", i)), Set: map[pipeline.FieldID]string{pipeline.FieldOwner: "inna"}, By: olga})
		require.NoError(t, err)
	}
	tasks, err := desk.Next(ctx, s, "inna", 3)
	require.NoError(t, err)
	require.Len(t, tasks, 3)
}
