package pipeline_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/pipeline"
)

// Law 1: Decide says yes exactly when Apply of the bare action succeeds, and Explain agrees.
func TestDecideIsApply(t *testing.T) {
	t.Parallel()
	var allowed, denied atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		r := drawRules(t)
		e, err := pipeline.Compile(r)
		if err != nil {
			return
		}
		c := drawWalk(t, r, e)
		for _, by := range []pipeline.Actor{ann, bob, {}} {
			for i, d := range c.Explain(nil, by) {
				require.Equal(t, d.OK, c.Decide(by, d.Action).OK)
				require.Equal(t, actionsOf(c)[i], d.Action)
				before := asJSON(t, c.Record)
				next, events, err := c.Apply(nil, pipeline.Command{Action: d.Action, By: by}, start)
				require.Equal(t, before, asJSON(t, c.Record), "law 3: Apply never changes its input")
				require.Equal(t, d.OK, err == nil, "%s by %s: %v", d.Action, by.ID, err)
				if d.OK {
					allowed.Add(1)
					require.Empty(t, d.Reasons())
					require.NotEmpty(t, events)
					if d.To != "" {
						require.Equal(t, d.To, next.Stage)
					}
					continue
				}
				denied.Add(1)
				var no *pipeline.RefusedError
				require.ErrorAs(t, err, &no)
				require.Equal(t, d.Reasons(), no.Reasons)
				require.NotEmpty(t, no.Reasons)
				require.Equal(t, c, next, "a denial leaves the case as it was")
				require.Empty(t, events)
				requireOrdered(t, no.Reasons)
			}
		}
	})
	require.Positive(t, allowed.Load())
	require.Positive(t, denied.Load())
}

func requireOrdered(t require.TestingT, reasons []pipeline.Reason) {
	order := []string{"role", "not_from", "missing", "unchecked", "condition", "blocked"}
	last := 0
	for _, r := range reasons {
		at := slices.Index(order, r.Code)
		require.GreaterOrEqual(t, at, last)
		last = at
		require.NotEqual(t, r.Text("en"), r.Text("ru"))
	}
}

// cure removes one reason from the record, or from the actor.
func cure(rec *pipeline.Record, by *pipeline.Actor, r pipeline.Reason) {
	set := func(f pipeline.FieldID, v string) {
		values := map[pipeline.FieldID]pipeline.Value{}
		for k, old := range rec.Values {
			values[k] = old
		}
		values[f] = pipeline.Value{Text: v}
		rec.Values = values
	}
	switch r.Code {
	case "role":
		if r.Roles[0] == pipeline.RoleOwner {
			rec.Owner = by.ID
		} else {
			by.Roles = append(slices.Clone(by.Roles), r.Roles[0])
		}
	case "not_from":
		if r.Name != "" { // a side process
			if len(rec.Sides) > 0 {
				rec.Sides = nil
			} else {
				rec.Sides = []string{r.Name}
			}
			return
		}
		rec.Stage = r.From[0]
	case "missing":
		v := map[pipeline.FieldID]string{"pay": "cash", "text": "x"}[r.Field]
		if len(r.Want) > 0 {
			v = r.Want[0]
		}
		set(r.Field, v)
	case "unchecked":
		set(r.Field, "yes")
	case "condition":
		set("text", "x")
	case "blocked":
		rec.Sides = nil
	}
}

// Law 2: curing every reason allows the action, and all but one does not.
func TestReasonsAreAllAndOnlyWhatIsMissing(t *testing.T) {
	t.Parallel()
	var cured atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		r := drawRules(t)
		e, err := pipeline.Compile(r)
		if err != nil {
			return
		}
		c := drawWalk(t, r, e)
		by := rapid.SampledFrom([]pipeline.Actor{ann, bob, {ID: "eve"}}).Draw(t, "by")
		action := rapid.SampledFrom(actionsOf(c)).Draw(t, "action")
		// A value chosen to cure one need may bring a conditional one: then there is another round.
		for round := 0; ; round++ {
			require.Less(t, round, 4, "never allowed")
			d := c.Decide(by, action)
			if d.OK {
				return
			}
			reasons := d.Reasons()
			contradiction := false
			for _, reason := range reasons {
				contradiction = contradiction || reason.Code == "missing" && reason.Want != nil && len(reason.Want) == 0
			}
			if contradiction {
				return // conditional needs that exclude each other: no value will do
			}
			for skip, left := range reasons {
				// A condition and a need may look at the same field: curing one cures the other.
				if left.Code == "condition" || left.Field == "text" {
					continue
				}
				rec, who := c.Record, by
				for i, reason := range reasons {
					if i != skip {
						cure(&rec, &who, reason)
					}
				}
				next, err := e.Bind(rec)
				require.NoError(t, err)
				require.False(t, next.Decide(who, action).OK, "without curing %+v of %+v", left, reasons)
			}
			rec, who := c.Record, by
			for _, reason := range reasons {
				cure(&rec, &who, reason)
			}
			next, err := e.Bind(rec)
			require.NoError(t, err)
			c, by = next, who
			cured.Add(1)
		}
	})
	require.Positive(t, cured.Load())
}

// explore finds every state that commands lead to, and how many it takes.
func explore(t require.TestingT, c pipeline.Case, all []pipeline.Command) (steps map[string]int, stages map[pipeline.StageID]int) {
	steps, stages = map[string]int{state(c): 0}, map[pipeline.StageID]int{c.Stage: 0}
	for queue := []pipeline.Case{c}; len(queue) > 0; queue = queue[1:] {
		from := queue[0]
		for _, cmd := range all {
			next, _, err := from.Apply(nil, cmd, start)
			if err != nil {
				continue
			}
			if _, known := steps[state(next)]; known {
				continue
			}
			n := steps[state(from)] + 1
			steps[state(next)] = n
			if _, known := stages[next.Stage]; !known {
				stages[next.Stage] = n
			}
			queue = append(queue, next)
		}
	}
	return steps, stages
}

// Laws 5 and 6: where Check finds nothing, every state met by lawful walks can reach a final; Path's
// steps pass Apply, no search finds fewer, and where it finds no way there is none.
func TestPathIsShortestAndChecksProofHolds(t *testing.T) {
	t.Parallel()
	var checked, paths atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		r := drawRules(t)
		e, err := pipeline.Compile(r)
		if err != nil {
			return
		}
		c := drawWalk(t, r, e)
		_, stages := explore(t, c, commands(r))
		_, won := stages["won"]
		_, lost := stages["lost"]
		require.True(t, won || lost, "Check found no trap, and yet no final can be reached from %s", state(c))
		checked.Add(1)
		for _, goal := range r.Definitions[0].Stages {
			way, err := c.Path(goal.ID, []pipeline.Actor{ann, bob})
			want, reachable := stages[goal.ID]
			if !reachable {
				var no *pipeline.RefusedError
				require.ErrorAs(t, err, &no, "%s from %s", goal.ID, state(c))
				continue
			}
			require.NoError(t, err, "%s from %s: %d commands do", goal.ID, state(c), want)
			require.Len(t, way, want, "%s from %s", goal.ID, state(c))
			at := c
			for _, step := range way {
				by := ann
				if step.By == "bob" {
					by = bob
				}
				require.Len(t, step.With, len(step.Fill))
				at = must(t, at, pipeline.Command{Action: step.Action, Set: step.With, By: by}, start)
			}
			require.Equal(t, goal.ID, at.Stage)
			paths.Add(1)
		}
	})
	require.Positive(t, checked.Load())
	require.Positive(t, paths.Load())
}

// Law 6: Who and Can say by role what Decide says.
func TestWhoAndCan(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := drawRules(t)
		e, err := pipeline.Compile(r)
		if err != nil {
			return
		}
		c, _, err := e.Open(nil, pipeline.Open{ID: "o", Case: "c", Pipeline: "p", By: ann}, start)
		require.NoError(t, err)
		for _, action := range actionsOf(c) {
			var who []pipeline.Role
			for _, role := range []pipeline.Role{"a", "b", pipeline.RoleOwner} {
				var can []pipeline.StageID
				for _, s := range r.Definitions[0].Stages {
					rec := c.Record
					rec.Stage, rec.Owner = s.ID, "eve"
					by := pipeline.Actor{ID: "me", Roles: []pipeline.Role{role}}
					if role == pipeline.RoleOwner {
						rec.Owner, by.Roles = "me", nil
					}
					at, err := e.Bind(rec)
					require.NoError(t, err)
					d := at.Decide(by, action)
					if d.OK || !slices.ContainsFunc(d.Reasons(), func(r pipeline.Reason) bool { return r.Code == "role" || r.Code == "not_from" && r.Name == "" }) {
						can = append(can, s.ID)
					}
				}
				require.Equal(t, can, e.Can("p", role, action))
				if len(can) > 0 {
					who = append(who, role)
				}
			}
			require.ElementsMatch(t, who, e.Who("p", action))
		}
	})
}

// timed are rules with a clock of every kind.
func timed(t require.TestingT) *pipeline.Engine {
	rules := readSales(t)
	d := &rules.Definitions[0]
	d.Fields = append(d.Fields, pipeline.Field{ID: "visit", Kind: pipeline.KindTime})
	d.Edits = append(d.Edits, pipeline.Edit{Fields: []pipeline.FieldID{"visit"}, Roles: []pipeline.Role{"manager"}})
	d.Timers = append(d.Timers,
		pipeline.Timer{ID: "idle", Start: "entered talks", Stop: "touched", Within: 2 * time.Minute, Do: pipeline.DoReassign},
		pipeline.Timer{ID: "dead", Start: "entered talks", Within: 10 * time.Minute, Do: "lose", Pause: []string{"client"}},
		pipeline.Timer{ID: "visit", Start: "date visit", Within: -time.Minute, To: "manager"},
		pipeline.Timer{ID: "side", Start: "side_opened problem", Stop: "side_closed problem", Within: time.Minute, To: "head"},
		pipeline.Timer{ID: "after", Start: "entered lost", Within: 3 * time.Minute, To: "head"},
	)
	e, err := pipeline.Compile(rules)
	require.NoError(t, err)
	return e
}

func drawCommand(t *rapid.T, now time.Time) pipeline.Command {
	cmd := pipeline.Command{
		ID:     pipeline.CommandID(fmt.Sprint("c", rapid.IntRange(0, 1<<30).Draw(t, "id"))),
		Action: rapid.SampledFrom([]pipeline.Action{"", "", "call", "sign", "back", "win", "lose", "reopen", "open:problem", "close:problem"}).Draw(t, "action"),
		By:     rapid.SampledFrom([]pipeline.Actor{ivan, olga, pricer, gate}).Draw(t, "by"),
	}
	switch rapid.IntRange(0, 6).Draw(t, "what") {
	case 0:
		cmd.Set = map[pipeline.FieldID]string{"phone": rapid.SampledFrom([]string{"", "1", "2"}).Draw(t, "phone")}
	case 1:
		cmd.Set = map[pipeline.FieldID]string{"city": "irkutsk", "passport": rapid.SampledFrom([]string{"", "yes"}).Draw(t, "passport"), "payment": rapid.SampledFrom([]string{"", "cash", "credit"}).Draw(t, "payment")}
	case 2:
		cmd.Set = map[pipeline.FieldID]string{pipeline.FieldOwner: rapid.SampledFrom([]string{"", "ivan", "olga"}).Draw(t, "owner")}
	case 3:
		cmd.Set = map[pipeline.FieldID]string{"visit": now.Add(time.Duration(rapid.IntRange(-3, 9).Draw(t, "visit")) * time.Minute).Format(time.RFC3339)}
	case 4, 5:
		cmd.Action = ""
		cmd.Touch = &pipeline.Touch{Kind: "call", Channel: "phone", Out: rapid.Bool().Draw(t, "out"), Answered: rapid.Bool().Draw(t, "answered")}
		cmd.At = now.Add(-time.Duration(rapid.IntRange(0, 90).Draw(t, "late")) * time.Second)
	case 6:
		if cmd.Action == "" {
			cmd.By, cmd.SourceRev = gate, rapid.Int64Range(1, 4).Draw(t, "rev")
			cmd.Set = map[pipeline.FieldID]string{"status": rapid.SampledFrom([]string{"", "x", "y"}).Draw(t, "status"), "price": "1"}
		}
	}
	return cmd
}

// used is room for events in which others stood before, every field of theirs filled.
func used(t require.TestingT) []pipeline.Event {
	old := pipeline.Event{
		Key: storeKey{Kind: "pool", ID: "x"}, Seq: 9, At: start, Kind: "x", By: "x", Why: "x", Command: "x", Recorded: start, Name: "x", From: "x", To: "x",
		Actors: []pipeline.ActorID{"x"}, Data: &pipeline.Command{}, Open: &pipeline.Open{}, Retry: start,
	}
	for i := range reflect.TypeFor[pipeline.Event]().NumField() {
		require.False(t, reflect.ValueOf(old).Field(i).IsZero())
	}
	return slices.Repeat([]pipeline.Event{old}, 32)[:0]
}

// Law 3: folding the events gives the case, Apply never changes its input, and a denial writes nothing.
// Law 12: stage facts cover a case without gap or overlap, and wait facts each stage.
func TestReplayGivesTheCase(t *testing.T) {
	t.Parallel()
	e := timed(t)
	rapid.Check(t, func(t *rapid.T) {
		now := start
		c, events, err := e.Open(nil, pipeline.Open{ID: "o", Cards: []pipeline.CardID{"k"}, Pipeline: "sales", By: ivan, Region: "r", Skills: []string{"s"}}, now)
		require.NoError(t, err)
		for range rapid.IntRange(0, 20).Draw(t, "commands") {
			now = now.Add(time.Duration(rapid.IntRange(-20, 200).Draw(t, "pass")) * time.Second)
			before, had := asJSON(t, c.Record), len(events)
			var next pipeline.Case
			if rapid.IntRange(0, 4).Draw(t, "tick") == 0 {
				next, events = c.Tick(events, now)
			} else {
				cmd := drawCommand(t, now)
				next, events, err = c.Apply(events, cmd, now)
				_, again, _ := c.Apply(used(t), cmd, now)
				require.Equal(t, slices.Clip(events[had:]), again, "what dst held before is gone")
				if err != nil {
					require.Len(t, events, had)
					require.Equal(t, c, next)
				}
			}
			require.Equal(t, before, asJSON(t, c.Record))
			c = next
		}
		folded, err := e.Replay(events)
		require.NoError(t, err)
		require.Equal(t, asJSON(t, c.Record), asJSON(t, folded.Record))
		require.Equal(t, c.Explain(nil, pipeline.Actor{})[0].OK, folded.Explain(nil, pipeline.Actor{})[0].OK)
		latest := start
		for i, ev := range events {
			require.Equal(t, int64(i+1), ev.Seq)
			if ev.Recorded.After(latest) {
				latest = ev.Recorded
			}
			require.False(t, ev.At.After(latest), "a case's time never runs ahead of the clock's latest")
		}
		requirePartition(t, events)
	})
}

func requirePartition(t require.TestingT, events []pipeline.Event) {
	facts := pipeline.Facts(events, nil)
	var stages, waits []pipeline.Fact
	for _, f := range facts {
		switch f.Kind {
		case pipeline.FactStage:
			stages = append(stages, f)
		case pipeline.FactWait:
			waits = append(waits, f)
		}
	}
	// The facts that the events themselves say: from the opening, or a reopening, to each closing.
	var opened time.Time
	open := false
	at := 0
	cover := func(end time.Time) {
		for !opened.Equal(end) {
			require.Less(t, at, len(stages))
			require.True(t, stages[at].From.Equal(opened), "a gap before %v", stages[at].From)
			opened = stages[at].To
			at++
			if opened.IsZero() {
				return
			}
		}
		for at < len(stages) && stages[at].From.Equal(end) && stages[at].To.Equal(end) {
			at++ // stages of no length
		}
	}
	for _, ev := range events {
		switch {
		case ev.Kind == pipeline.EventOpened || ev.Kind == pipeline.EventMoved && !open:
			opened, open = ev.At, true
		case ev.Kind == pipeline.EventClosed:
			cover(ev.At)
			open = false
		}
	}
	if open {
		cover(time.Time{})
	}
	require.Len(t, stages, at)
	// Waits, joined, are the stages, joined.
	sum := func(facts []pipeline.Fact) (d time.Duration, ends int) {
		for _, f := range facts {
			if f.To.IsZero() {
				ends++
			} else {
				d += f.To.Sub(f.From)
			}
		}
		return d, ends
	}
	for _, w := range waits {
		inside := slices.ContainsFunc(stages, func(s pipeline.Fact) bool {
			return !w.From.Before(s.From) && (s.To.IsZero() || !w.To.IsZero() && !w.To.After(s.To))
		})
		require.True(t, inside, "%+v lies in no stage", w)
	}
	var closedStages, closedWaits []pipeline.Fact
	for _, s := range stages {
		if !s.To.IsZero() {
			closedStages = append(closedStages, s)
		}
	}
	openFrom := time.Time{}
	if n := len(stages); n > 0 && stages[n-1].To.IsZero() {
		openFrom = stages[n-1].From
	}
	for _, w := range waits {
		if openFrom.IsZero() || w.From.Before(openFrom) {
			closedWaits = append(closedWaits, w)
		}
	}
	ds, _ := sum(closedStages)
	dw, _ := sum(closedWaits)
	require.Equal(t, ds, dw, "waits cover each stage")
}

// Law 7: ticks at any instants leave the events of one tick at the end, but for Recorded.
func TestTicksAreTimeless(t *testing.T) {
	t.Parallel()
	e := timed(t)
	var breaches atomic.Int64
	rapid.Check(t, func(t *rapid.T) {
		now := start
		c, _, err := e.Open(nil, pipeline.Open{ID: "o", Cards: []pipeline.CardID{"k"}, Pipeline: "sales", By: ivan}, now)
		require.NoError(t, err)
		for range rapid.IntRange(0, 8).Draw(t, "commands") {
			now = now.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "pass")) * time.Second)
			if next, _, err := c.Apply(nil, drawCommand(t, now), now); err == nil {
				c = next
			}
		}
		end := now.Add(time.Hour)
		once, want := c.Tick(nil, end)
		many, got := c, []pipeline.Event(nil)
		for range rapid.IntRange(1, 6).Draw(t, "ticks") {
			now = now.Add(time.Duration(rapid.IntRange(0, 900).Draw(t, "pass")) * time.Second)
			if now.Before(end) {
				many, got = many.Tick(got, now)
			}
		}
		many, got = many.Tick(got, end)
		breaches.Add(int64(len(want)))
		for i := range got {
			got[i].Recorded = time.Time{}
		}
		for i := range want {
			want[i].Recorded = time.Time{}
		}
		require.Equal(t, want, got)
		require.Equal(t, asJSON(t, once.Record), asJSON(t, many.Record))
		again, none := many.Tick(nil, end)
		require.Empty(t, none)
		require.Equal(t, asJSON(t, many.Record), asJSON(t, again.Record))
	})
	require.Positive(t, breaches.Load())
}

// Law 11: commands of distinct SourceRev end alike in any order, an absent field stays, and a
// repeat adds no event.
func TestOutsideRevisionsAreBlindToOrder(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		fields := []pipeline.FieldID{"phone", "status", "city", "price"} // price is the house's own
		n := rapid.IntRange(1, 6).Draw(t, "revisions")
		opens := make([]pipeline.Open, n)
		newest := map[pipeline.FieldID]string{}
		var cards []pipeline.CardID
		for i := range opens {
			o := pipeline.Open{ID: pipeline.CommandID(fmt.Sprint("r", i)), Case: "out-1", Pipeline: "sales", SourceRev: int64(i + 1), By: gate, Set: map[pipeline.FieldID]string{}}
			for _, f := range fields {
				if rapid.Bool().Draw(t, "has") {
					o.Set[f] = rapid.SampledFrom([]string{"", "irkutsk", "moscow"}).Draw(t, "value")
					if f == "price" {
						o.Set[f] = "100"
						continue
					}
					newest[f] = o.Set[f]
				}
			}
			if rapid.Bool().Draw(t, "cards") {
				o.Cards = []pipeline.CardID{pipeline.CardID(fmt.Sprint("card-", i))}
				cards = o.Cards
			}
			opens[i] = o
		}
		for range 2 {
			clk := &testClock{start}
			desk, mem := newDesk(t, clk)
			order := rapid.Permutation(opens).Draw(t, "order")
			for _, o := range order {
				res, err := desk.Open(ctx, o)
				require.NoError(t, err)
				for _, ch := range res.Changes {
					if ch.Field == "price" {
						require.Equal(t, pipeline.KeptRole, ch.Kept, "the house's own")
					}
				}
			}
			log, err := mem.History(ctx, "out-1", 0, 1000)
			require.NoError(t, err)
			for _, o := range order {
				_, err := desk.Open(ctx, o)
				require.NoError(t, err)
			}
			again, err := mem.History(ctx, "out-1", 0, 1000)
			require.NoError(t, err)
			require.Len(t, again, len(log), "a repeat adds no event")
			c, err := desk.Case(ctx, "out-1")
			require.NoError(t, err)
			for _, f := range fields {
				require.Equal(t, newest[f], c.Values[f].Text, "%s", f)
			}
			require.Equal(t, cards, c.Cards)
		}
	})
}

// Law 4: the same command twice is one; other content is a mismatch.
func TestCommandsAreIdempotent(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clk := &testClock{start}
		desk, mem := newDesk(t, clk)
		_, err := desk.Open(ctx, pipeline.Open{ID: "o", Case: "c", Pipeline: "sales", By: ivan})
		require.NoError(t, err)
		for range rapid.IntRange(1, 10).Draw(t, "commands") {
			clk.now = clk.now.Add(time.Second)
			cmd := drawCommand(t, clk.now)
			cmd.Case = "c"
			first, err := desk.Do(ctx, cmd)
			if err != nil {
				continue
			}
			log, _ := mem.History(ctx, "c", 0, 1000)
			wrote := slices.ContainsFunc(log, func(e pipeline.Event) bool { return e.Command == cmd.ID })
			clk.now = clk.now.Add(time.Minute)
			again, err := desk.Do(ctx, cmd)
			require.NoError(t, err)
			require.Equal(t, wrote, again.Replayed)
			after, _ := mem.History(ctx, "c", 0, 1000)
			if wrote {
				require.Len(t, after, len(log))
				require.Equal(t, first.Case.Stage, again.Case.Stage)
				other := cmd
				other.Why = "another reason"
				_, err = desk.Do(ctx, other)
				require.ErrorIs(t, err, pipeline.ErrMismatch)
			}
		}
	})
}

// Law 9: members eligible for the same leads differ by at most one while neither leaves; who returns
// gets one lead at most before each of the others has one.
func TestTurnsAreFair(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(t, "members")
		present := make([]bool, n)
		since := make([]int, n) // leads each got since the last coming or going
		for i := range present {
			present[i] = true
		}
		turns := map[pipeline.ActorID]int64{}
		var last int64
		returned := -1
		got := map[int]int{}
		for range rapid.IntRange(1, 40).Draw(t, "leads") {
			if rapid.IntRange(0, 5).Draw(t, "change") == 0 {
				i := rapid.IntRange(0, n-1).Draw(t, "who")
				present[i] = !present[i]
				returned = -1
				if present[i] {
					returned, got = i, map[int]int{}
				}
				clear(since)
			}
			var p pipeline.Pool
			for i := range n {
				if present[i] {
					p.Members = append(p.Members, pipeline.Member{ID: pipeline.ActorID(fmt.Sprint("m", i))})
				}
			}
			to, trace := pipeline.Assign(p, turns, pipeline.Open{}, start)
			require.NotEmpty(t, trace)
			if len(p.Members) == 0 {
				require.Empty(t, to)
				continue
			}
			require.Len(t, to, 1)
			last++
			turns[to[0]] = last
			var who int
			_, err := fmt.Sscanf(string(to[0]), "m%d", &who)
			require.NoError(t, err)
			since[who]++
			got[who]++
			if returned >= 0 && got[returned] == 2 {
				for i := range n {
					require.True(t, !present[i] || i == returned || got[i] >= 1, "m%d, back, got two before m%d had one", returned, i)
				}
			}
			// The longest absent come first, so a difference of one can be carried over a change.
			low, high := 1<<30, 0
			for i := range n {
				if present[i] {
					low, high = min(low, since[i]), max(high, since[i])
				}
			}
			require.LessOrEqual(t, high-low, 1)
		}
	})
}

// Law 10: repeats of a hand-over make one case and one conversation.
func TestHandOverHappensOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		clk := &testClock{start}
		desk, mem := newDesk(t, clk)
		_, err := desk.Open(ctx, pipeline.Open{ID: "o", Case: "c", Pipeline: "sales", By: ivan, Set: map[pipeline.FieldID]string{"phone": "1", "city": "moscow"}})
		require.NoError(t, err)
		do := func(id string, a pipeline.Action, by pipeline.Actor) {
			_, err := desk.Do(ctx, pipeline.Command{ID: pipeline.CommandID(id), Case: "c", Action: a, By: by})
			require.NoError(t, err)
		}
		do("1", "call", ivan)
		for i := range rapid.IntRange(1, 4).Draw(t, "times") {
			do(fmt.Sprint("s", i), "sign", olga)
			do(fmt.Sprint("s", i), "sign", olga)
			do(fmt.Sprint("b", i), "back", ivan)
		}
		found, err := mem.Find(ctx, pipeline.Filter{Pipeline: "credit"}, "", 10)
		require.NoError(t, err)
		require.Len(t, found, 1)
		log, err := mem.History(ctx, found[0].ID, 0, 100)
		require.NoError(t, err)
		conversations := 0
		for _, e := range log {
			if e.Kind == pipeline.EventConversation {
				conversations++
				require.Equal(t, []pipeline.ActorID{"bogdan", "boris", "boss"}, e.Actors)
			}
		}
		require.Equal(t, 1, conversations)
	})
}

// Law 10 again, over a store in memory with many at once.
func TestConcurrentLeadsMakeOneCase(t *testing.T) {
	t.Parallel()
	for seed := range uint64(5) {
		clk := &testClock{start}
		desk, mem := newDesk(t, clk)
		rng := rand.New(rand.NewPCG(seed, 0))
		var opens []pipeline.Open
		for i := range 32 {
			cards := []pipeline.CardID{"c1", "c2"}
			rng.Shuffle(2, func(i, j int) { cards[i], cards[j] = cards[j], cards[i] })
			opens = append(opens, pipeline.Open{ID: pipeline.CommandID(fmt.Sprint("l", i)), Cards: cards, By: gate})
		}
		errs := make(chan error, len(opens))
		for _, o := range opens {
			go func() {
				_, err := desk.Open(ctx, o)
				errs <- err
			}()
		}
		var all []error
		for range opens {
			all = append(all, <-errs)
		}
		require.NoError(t, errors.Join(all...))
		found, err := mem.Find(ctx, pipeline.Filter{Open: true}, "", 100)
		require.NoError(t, err)
		require.Len(t, found, 1)
	}
}
