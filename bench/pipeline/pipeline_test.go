// Package pipeline_test measures pipeline and pipeline/worktime beside what people use today.
package pipeline_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/casbin/casbin/v2"
	"github.com/casbin/casbin/v2/model"
	"github.com/looplab/fsm"
	"github.com/qmuntal/stateless"
	"github.com/rickar/cal/v2"
	"github.com/rickar/cal/v2/ru"
	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/ready"
	"github.com/tenure-go/tenure/pipeline/worktime"
)

// The same deal for all: that of a rental team (pipeline/ready), where a guest lives in the flat. A
// head may finish it once the flat is inspected and no problem is open.
var (
	head  = pipeline.Actor{ID: "olga", Roles: []pipeline.Role{"head"}}
	start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
)

func rental() pipeline.Definition {
	for _, d := range ready.Rules().Definitions {
		if d.ID == "rental" {
			d.Timers = nil // the peers have none
			return d
		}
	}
	panic("no rental")
}

func engine(b *testing.B) *pipeline.Engine {
	e, err := pipeline.Compile(pipeline.Rules{Definitions: []pipeline.Definition{rental()}})
	if err != nil {
		b.Fatal(err)
	}
	return e
}

func deal(b *testing.B) pipeline.Case {
	c, err := engine(b).Bind(pipeline.Record{ID: "deal-7", Pipeline: "rental", Version: 1, Stage: "living", Opened: start, Values: map[pipeline.FieldID]pipeline.Value{"inspected": {Text: "yes"}}})
	if err != nil {
		b.Fatal(err)
	}
	return c
}

// froms lists the stages that a move leaves.
func froms(d pipeline.Definition, m pipeline.Move) (out []string) {
	for _, s := range d.Stages {
		if slices.Contains(m.From, s.ID) || s.Final == "" && slices.Contains(m.From, "*") {
			out = append(out, string(s.ID))
		}
	}
	return out
}

// A rival does the same thing as the others, n times.
type rival struct {
	name string
	do   func(n int)
}

// race says what each rival takes, and how many times ours, the first, by the best round of each
// and by the middle one: they go in turns, in rounds too short for a neighbour on the machine to
// break into all of them. Collections fall between the best rounds, so these are kind to who
// allocates.
func race(b *testing.B, rivals ...rival) {
	const rounds, round = 200, 500 * time.Microsecond
	times := make([]int, len(rivals))
	for i, r := range rivals {
		times[i] = 1
		for start := time.Now(); time.Since(start) < round; times[i] *= 2 {
			start = time.Now()
			r.do(times[i])
		}
	}
	took := make([][]float64, len(rivals))
	for range rounds {
		for i, r := range rivals {
			start := time.Now()
			r.do(times[i])
			took[i] = append(took[i], float64(time.Since(start).Nanoseconds())/float64(times[i]))
		}
	}
	for i, r := range rivals {
		slices.Sort(took[i])
		b.Run(r.name, func(b *testing.B) {
			b.ReportAllocs()
			r.do(b.N)
			b.ReportMetric(took[i][0], "best-ns/op")
			if i > 0 {
				b.ReportMetric(took[i][0]/took[0][0], "x-best")
				b.ReportMetric(took[i][rounds/2]/took[0][rounds/2], "x-middle")
			}
		})
	}
}

func BenchmarkPipelineDecide(b *testing.B) {
	c := deal(b)
	tenure := func(n int) {
		for range n {
			if !c.Decide(head, "finish").OK {
				b.Fatal("refused")
			}
		}
	}

	d := rental()
	role, inspected, problem := "head", "yes", false
	has := func(roles []pipeline.Role) func(context.Context, ...any) bool {
		return func(context.Context, ...any) bool { return slices.Contains(roles, pipeline.Role(role)) }
	}
	isInspected := func(context.Context, ...any) bool { return inspected != "" }
	noProblem := func(context.Context, ...any) bool { return !problem }
	sm := stateless.NewStateMachine("living")
	for _, m := range d.Moves {
		for _, from := range froms(d, m) {
			guards := []stateless.GuardFunc{has(m.Roles)}
			if m.Action == "finish" {
				guards = append(guards, isInspected, noProblem)
			}
			sm.Configure(from).Permit(string(m.Action), string(m.To), guards...)
		}
	}
	canFire := func(n int) {
		for range n {
			if ok, err := sm.CanFire("finish"); !ok || err != nil {
				b.Fatal("refused", err)
			}
		}
	}

	ctx := context.Background()
	var events fsm.Events
	for _, m := range d.Moves {
		events = append(events, fsm.EventDesc{Name: string(m.Action), Src: froms(d, m), Dst: string(m.To)})
	}
	heads := has([]pipeline.Role{"head"})
	machine := fsm.NewFSM("living", events, fsm.Callbacks{"before_finish": func(ctx context.Context, e *fsm.Event) {
		if !heads(ctx) || !isInspected(ctx) || !noProblem(ctx) {
			e.Cancel()
		}
	}})
	// Its Can ignores guards, so an answer is a guarded fire.
	fire := func(n int) {
		for range n {
			machine.SetState("living")
			if err := machine.Event(ctx, "finish"); err != nil {
				b.Fatal(err)
			}
		}
	}

	m, err := model.NewModelFromString(`
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act`)
	if err != nil {
		b.Fatal(err)
	}
	enforcer, err := casbin.NewEnforcer(m)
	if err != nil {
		b.Fatal(err)
	}
	for _, m := range d.Moves {
		for _, from := range froms(d, m) {
			for _, role := range m.Roles {
				if _, err := enforcer.AddPolicy(string(role), from, string(m.Action)); err != nil {
					b.Fatal(err)
				}
			}
		}
	}
	if _, err := enforcer.AddGroupingPolicy("olga", "head"); err != nil {
		b.Fatal(err)
	}
	enforce := func(n int) { // the role alone, no fields
		for range n {
			if ok, err := enforcer.Enforce("olga", "living", "finish"); !ok || err != nil {
				b.Fatal("refused", err)
			}
		}
	}
	race(b, rival{"tenure", tenure}, rival{"stateless.CanFire", canFire}, rival{"looplab.Event", fire}, rival{"casbin.Enforce", enforce})
}

func BenchmarkPipelineExplain(b *testing.B) {
	c := deal(b)
	dst := make([]pipeline.Decision, 0, 16)
	actions := len(c.Explain(dst, head))
	race(b, rival{"action", func(n int) {
		for range n / actions {
			dst = c.Explain(dst[:0], head)
		}
	}})
}

// BenchmarkPipelineApply makes a plain move, with its one event, and one with three.
func BenchmarkPipelineApply(b *testing.B) {
	living := deal(b)
	talks, _, err := engine(b).Open(nil, pipeline.Open{ID: "o-1", Case: "deal-8", Pipeline: "rental", By: head,
		Set: map[pipeline.FieldID]string{"name": "Анна", "phone": "+79161234567"}}, start)
	if err == nil {
		talks, _, err = talks.Apply(nil, pipeline.Command{ID: "c-0", Action: "accept", By: head}, start)
	}
	if err != nil {
		b.Fatal(err)
	}
	dst := make([]pipeline.Event, 0, 16)
	apply := func(c *pipeline.Case, a pipeline.Action, events int) func(int) {
		cmd := pipeline.Command{ID: "c-1", Action: a, By: head}
		return func(n int) {
			for range n {
				_, got, err := c.Apply(dst, cmd, start)
				if err != nil || len(got) != events {
					b.Fatal(err, got)
				}
			}
		}
	}
	race(b, rival{"show", apply(&talks, "show", 1)}, rival{"finish", apply(&living, "finish", 3)})
}

func BenchmarkPipelineAdd(b *testing.B) {
	zone := time.FixedZone("", 8*3600)
	asked := time.Date(2026, time.June, 11, 16, 59, 45, 0, zone)
	office, err := worktime.Compile(worktime.Spec{Zone: "Asia/Irkutsk", Country: "RU", Week: worktime.Weekdays(worktime.Hours{From: clock.New(9, 0, 0, 0), To: clock.New(18, 0, 0, 0)})})
	if err != nil {
		b.Fatal(err)
	}
	var due time.Time
	tenure := func(n int) {
		for range n {
			if due, err = office.Add(asked, 30*time.Second); err != nil {
				b.Fatal(err)
			}
		}
	}
	tenure(1)
	if want := time.Date(2026, time.June, 15, 9, 0, 15, 0, zone); !due.Equal(want) {
		b.Fatal(due)
	}
	theirs := cal.NewBusinessCalendar()
	theirs.SetWorkHours(9*time.Hour, 18*time.Hour)
	theirs.AddHoliday(ru.Holidays...)
	race(b, rival{"tenure", tenure}, rival{"rickar.AddWorkHours", func(n int) {
		for range n {
			due = theirs.AddWorkHours(asked, 30*time.Second)
		}
	}})
}
