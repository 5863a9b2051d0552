package pipeline_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rickb777/date/v2/clock"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/worktime"
)

// kinds lists what happened of the kinds asked for, with names.
func kinds(events []pipeline.Event, want ...pipeline.EventKind) (out []string) {
	for _, e := range events {
		if slices.Contains(want, e.Kind) {
			out = append(out, string(e.Kind)+" "+e.Name+" "+e.At.Format("15:04:05"))
		}
	}
	return out
}

func lead(t *testing.T, e *pipeline.Engine, now time.Time) (pipeline.Case, []pipeline.Event) {
	c, events, err := e.Open(nil, pipeline.Open{ID: "o", Cards: []pipeline.CardID{"anna"}, Pipeline: "sales", By: ivan}, now)
	require.NoError(t, err)
	return c, events
}

func call(out, answered bool) *pipeline.Touch {
	return &pipeline.Touch{Kind: "call", Channel: "phone", Out: out, Answered: answered}
}

func TestAtTheDeadlineIsInTime(t *testing.T) {
	t.Parallel()
	c, _ := lead(t, engine(t), start)
	_, events, err := c.Apply(nil, pipeline.Command{ID: "1", Touch: call(true, false), By: ivan}, start.Add(30*time.Second))
	require.NoError(t, err)
	require.Empty(t, kinds(events, pipeline.EventBreached))
	_, events, err = c.Apply(nil, pipeline.Command{ID: "1", Touch: call(true, false), By: ivan}, start.Add(30*time.Second+time.Microsecond))
	require.NoError(t, err)
	require.Equal(t, []string{"breached answer 09:00:30", "responded  09:00:30"}, kinds(events, pipeline.EventBreached, pipeline.EventResponded))
	require.Equal(t, "head", events[0].To)
}

func TestAMissedCallIsNoAnswer(t *testing.T) {
	t.Parallel()
	c, _ := lead(t, engine(t), start)
	c, events, err := c.Apply(nil, pipeline.Command{ID: "1", Touch: call(false, false), By: gate}, start.Add(time.Second))
	require.NoError(t, err)
	require.Equal(t, []string{"touched missed_call 09:00:01"}, kinds(events, pipeline.EventTouched, pipeline.EventResponded))
	_, events, err = c.Apply(nil, pipeline.Command{ID: "2", Touch: call(false, true), By: gate}, start.Add(2*time.Second))
	require.NoError(t, err)
	require.Equal(t, []string{"touched call 09:00:02", "responded  09:00:02"}, kinds(events, pipeline.EventTouched, pipeline.EventResponded))
}

func TestALateReportWithdrawsTheBreach(t *testing.T) {
	t.Parallel()
	e := engine(t)
	c, all := lead(t, e, start)
	c, all = c.Tick(all, start.Add(time.Minute))
	require.Equal(t, []string{"breached answer 09:00:30"}, kinds(all, pipeline.EventBreached))
	c, all, err := c.Apply(all, pipeline.Command{ID: "1", Touch: call(true, true), At: start.Add(20 * time.Second), By: gate}, start.Add(2*time.Minute))
	require.NoError(t, err)
	require.Equal(t, []string{"withdrawn answer 09:00:20"}, kinds(all, pipeline.EventWithdrawn))
	// One that is told later still was later: nothing more to withdraw.
	_, all, err = c.Apply(all, pipeline.Command{ID: "2", Touch: call(true, true), At: start.Add(25 * time.Second), By: gate}, start.Add(3*time.Minute))
	require.NoError(t, err)
	require.Len(t, kinds(all, pipeline.EventWithdrawn), 1)
	require.Len(t, kinds(all, pipeline.EventResponded), 1)
	// Reported before anybody looked, it was never breached.
	c, _ = lead(t, e, start)
	_, events, err := c.Apply(nil, pipeline.Command{ID: "1", Touch: call(true, true), At: start.Add(20 * time.Second), By: gate}, start.Add(2*time.Minute))
	require.NoError(t, err)
	require.Empty(t, kinds(events, pipeline.EventBreached, pipeline.EventWithdrawn))
}

func TestAClockStandsStillWithTheClient(t *testing.T) {
	t.Parallel()
	c := deal(t, map[pipeline.FieldID]string{"phone": "1", "city": "moscow"})
	c = must(t, c, pipeline.Command{Action: "call", By: ivan}, start)
	c = must(t, c, pipeline.Command{Action: "sign", By: olga}, start)
	next := c.Next(start)
	require.Equal(t, "client", next.Party, "his passport is missing")
	require.Equal(t, []pipeline.Reason{{Code: "unchecked", Field: "passport"}, {Code: "missing", Field: "payment", Want: []string{"cash", "credit"}}}, sorted(next.Needs))
	require.True(t, next.Due.IsZero(), "and nothing runs")
	after := start.Add(200 * time.Hour)
	_, none := c.Tick(nil, after)
	require.Empty(t, none)
	c = must(t, c, pipeline.Command{Set: map[pipeline.FieldID]string{"passport": "yes"}, By: ivan}, after)
	next = c.Next(after)
	require.Equal(t, "us", next.Party)
	require.Equal(t, "stuck", next.Timer)
	require.Equal(t, after.Add(72*time.Hour), next.Due)
	// Half of it is used before the turn goes over again.
	half := after.Add(36 * time.Hour)
	c = must(t, c, pipeline.Command{Action: "open:problem", By: ivan}, half)
	require.Equal(t, "client", c.Next(half).Party, "the problem is his")
	c = must(t, c, pipeline.Command{Action: "close:problem", By: olga}, half.Add(1000*time.Hour))
	require.Equal(t, half.Add(1036*time.Hour), c.Next(half.Add(1000*time.Hour)).Due)
}

func sorted(r []pipeline.Reason) []pipeline.Reason {
	slices.SortFunc(r, func(a, b pipeline.Reason) int { return len(b.Code) - len(a.Code) })
	return r
}

func TestBusinessTime(t *testing.T) {
	t.Parallel()
	week := worktime.Weekdays(worktime.Hours{From: clock.New(9, 0, 0, 0), To: clock.New(18, 0, 0, 0)})
	office, err := worktime.Compile(worktime.Spec{Zone: "Asia/Irkutsk", Country: "RU", Week: week})
	require.NoError(t, err)
	rules := readSales(t)
	rules.Calendars = map[string]*worktime.Calendar{"office": office}
	rules.Definitions[0].Timers[0].Calendar = "office"
	e, err := pipeline.Compile(rules)
	require.NoError(t, err)
	irkutsk := time.FixedZone("", 8*3600)
	// On the eve of Russia Day the office closes at 17:00, and opens on Monday the 15th.
	asked := time.Date(2026, time.June, 11, 16, 59, 45, 0, irkutsk)
	c, _ := lead(t, e, asked)
	require.Equal(t, time.Date(2026, time.June, 15, 9, 0, 15, 0, irkutsk).UTC(), c.Next(asked).Due)
	// A year that is not loaded is an error, and nothing is applied.
	_, _, err = e.Open(nil, pipeline.Open{ID: "o", Cards: []pipeline.CardID{"k"}, Pipeline: "sales", By: ivan}, time.Date(2031, 1, 1, 0, 0, 0, 0, time.UTC))
	var outside *worktime.RangeError
	require.ErrorAs(t, err, &outside)
}

func TestADateFieldThatChangesMovesItsClock(t *testing.T) {
	t.Parallel()
	e := timed(t)
	c, _, err := e.Open(nil, pipeline.Open{ID: "o", Case: "c", Pipeline: "sales", By: ivan, Set: map[pipeline.FieldID]string{"visit": "2026-03-02T12:00:00Z"}}, start)
	require.NoError(t, err)
	require.Equal(t, time.Date(2026, 3, 2, 11, 59, 0, 0, time.UTC), c.Next(start).Due)
	c = must(t, c, pipeline.Command{Set: map[pipeline.FieldID]string{"visit": "2026-03-03T12:00:00Z"}, By: ivan}, start)
	require.Equal(t, time.Date(2026, 3, 3, 11, 59, 0, 0, time.UTC), c.Next(start).Due)
	_, none := c.Tick(nil, time.Date(2026, 3, 2, 13, 0, 0, 0, time.UTC))
	require.Empty(t, none)
	c = must(t, c, pipeline.Command{Set: map[pipeline.FieldID]string{"visit": ""}, By: ivan}, start)
	require.Empty(t, c.Next(start).Timer)
}

func TestWhatIsNotMeantIsRefusedWhole(t *testing.T) {
	t.Parallel()
	c := deal(t, map[pipeline.FieldID]string{"phone": "1"})
	c = must(t, c, pipeline.Command{Action: "call", By: ivan}, start.Add(time.Hour))
	now := start.Add(2 * time.Hour)
	set := func(f pipeline.FieldID, v string) pipeline.Command {
		return pipeline.Command{Set: map[pipeline.FieldID]string{"phone": "2", f: v}, By: ivan}
	}
	for name, cmd := range map[string]pipeline.Command{
		"choice":             set("city", "omsk"),
		"check":              set("passport", "no"),
		"number":             {Set: map[pipeline.FieldID]string{"price": "1e9"}, By: pricer},
		"text with NUL":      set("phone", "a\x00b"),
		"text not UTF-8":     set("phone", "\xff"),
		"future":             {Action: "sign", At: now.Add(time.Second), By: ivan},
		"before the move":    {Touch: call(true, true), At: start.Add(59 * time.Minute), By: ivan},
		"status with action": {Action: "sign", SourceRev: 1, By: gate},
		"negative revision":  {SourceRev: -1, By: gate},
		"touch without kind": {Touch: &pipeline.Touch{}, By: gate},
		"another case":       {Case: "deal-8", By: gate},
		"long ID":            {ID: pipeline.CommandID(make([]byte, 300)), By: gate},
	} {
		before := asJSON(t, c.Record)
		next, events, err := c.Apply(nil, cmd, now)
		var invalid *pipeline.InvalidError
		require.ErrorAs(t, err, &invalid, name)
		require.NotEqual(t, invalid.Text("en"), invalid.Text("ru"), name)
		require.Equal(t, c, next)
		require.Empty(t, events)
		require.Equal(t, before, asJSON(t, c.Record))
	}
	var unknown *pipeline.UnknownError
	_, _, err := c.Apply(nil, set("passprt", "yes"), now)
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, []string{"passport"}, unknown.Nearest)
	_, _, err = c.Apply(nil, pipeline.Command{Action: "sing", By: ivan}, now)
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, []string{"sign"}, unknown.Nearest)
	require.NotEqual(t, unknown.Text("en"), unknown.Text("ru"))
	var stale *pipeline.StaleError
	_, _, err = c.Apply(nil, pipeline.Command{Rev: 1, Action: "sign", By: ivan}, now)
	require.ErrorAs(t, err, &stale)
	require.NotEqual(t, stale.Text("en"), stale.Text("ru"))
}
