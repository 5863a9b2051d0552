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

func deal(b *testing.B) *pipeline.Case {
	e, err := pipeline.Compile(pipeline.Rules{Definitions: []pipeline.Definition{rental()}})
	if err != nil {
		b.Fatal(err)
	}
	c, err := e.Bind(pipeline.Record{ID: "deal-7", Pipeline: "rental", Version: 1, Stage: "living", Opened: start, Values: map[pipeline.FieldID]pipeline.Value{"inspected": {Text: "yes"}}})
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

// A pair measures ours first, and then says how many times longer each peer takes.
type pair struct {
	b    *testing.B
	ours float64
}

func (p *pair) run(name string, f func(b *testing.B)) {
	p.b.Run(name, func(b *testing.B) {
		b.ReportAllocs()
		f(b)
		ns := float64(b.Elapsed().Nanoseconds()) / float64(b.N)
		if name == "tenure" {
			p.ours = ns
		} else if p.ours > 0 {
			b.ReportMetric(ns/p.ours, "x-tenure")
		}
	})
}

var sink bool

func BenchmarkPipelineDecide(b *testing.B) {
	p := pair{b: b}
	c := deal(b)
	p.run("tenure", func(b *testing.B) {
		for b.Loop() {
			sink = c.Decide(head, "finish").OK
		}
		if !sink {
			b.Fatal("refused")
		}
	})

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
	p.run("stateless.CanFire", func(b *testing.B) {
		var err error
		for b.Loop() {
			sink, err = sm.CanFire("finish")
		}
		if !sink || err != nil {
			b.Fatal("refused", err)
		}
	})

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
	p.run("looplab.Event", func(b *testing.B) {
		for b.Loop() {
			machine.SetState("living")
			if err := machine.Event(ctx, "finish"); err != nil {
				b.Fatal(err)
			}
		}
	})

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
	p.run("casbin.Enforce", func(b *testing.B) { // the role alone, no fields
		for b.Loop() {
			if sink, err = enforcer.Enforce("olga", "living", "finish"); err != nil || !sink {
				b.Fatal("refused", err)
			}
		}
	})
}

func BenchmarkPipelineExplain(b *testing.B) {
	c := deal(b)
	dst := make([]pipeline.Decision, 0, 16)
	n := 0
	b.ReportAllocs()
	for b.Loop() {
		n = len(c.Explain(dst, head))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/action")
}

func BenchmarkPipelineApply(b *testing.B) {
	c := deal(b)
	dst := make([]pipeline.Event, 0, 16)
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := c.Apply(dst, pipeline.Command{ID: "c-1", Action: "finish", By: head}, start); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPipelineAdd(b *testing.B) {
	p := pair{b: b}
	zone := time.FixedZone("", 8*3600)
	asked := time.Date(2026, time.June, 11, 16, 59, 45, 0, zone)
	office, err := worktime.Compile(worktime.Spec{Zone: "Asia/Irkutsk", Country: "RU", Week: worktime.Weekdays(worktime.Hours{From: clock.New(9, 0, 0, 0), To: clock.New(18, 0, 0, 0)})})
	if err != nil {
		b.Fatal(err)
	}
	var due time.Time
	p.run("tenure", func(b *testing.B) {
		for b.Loop() {
			if due, err = office.Add(asked, 30*time.Second); err != nil {
				b.Fatal(err)
			}
		}
	})
	if want := time.Date(2026, time.June, 15, 9, 0, 15, 0, zone); !due.Equal(want) {
		b.Fatal(due)
	}
	theirs := cal.NewBusinessCalendar()
	theirs.SetWorkHours(9*time.Hour, 18*time.Hour)
	theirs.AddHoliday(ru.Holidays...)
	p.run("rickar.AddWorkHours", func(b *testing.B) {
		for b.Loop() {
			due = theirs.AddWorkHours(asked, 30*time.Second)
		}
	})
}
