// Package pipeline_test measures pipeline and pipeline/worktime beside what people use today.
package pipeline_test

import (
	"context"
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
	"github.com/tenure-go/tenure/pipeline/worktime"
)

// The same deal for all: five stages, a head wins it from papers once two fields are filled.
var (
	head  = pipeline.Actor{ID: "olga", Roles: []pipeline.Role{"head"}}
	start = time.Date(2026, time.March, 2, 9, 0, 0, 0, time.UTC)
)

func rules() pipeline.Rules {
	manager, heads := []pipeline.Role{"manager", "head"}, []pipeline.Role{"head"}
	return pipeline.Rules{Definitions: []pipeline.Definition{{
		ID: "sales", Parties: []string{"us", "client"},
		Fields: []pipeline.Field{{ID: "phone", Kind: pipeline.KindText}, {ID: "passport", Kind: pipeline.KindCheck, Party: "client"}},
		Stages: []pipeline.Stage{{ID: "new"}, {ID: "talks"}, {ID: "papers"}, {ID: "won", Final: pipeline.Won}, {ID: "lost", Final: pipeline.Lost}},
		Moves: []pipeline.Move{
			{Action: "call", From: []pipeline.StageID{"new"}, To: "talks", Roles: manager},
			{Action: "sign", From: []pipeline.StageID{"talks"}, To: "papers", Roles: manager},
			{Action: "win", From: []pipeline.StageID{"papers"}, To: "won", Roles: heads, Needs: []pipeline.Need{{Field: "phone"}, {Field: "passport"}}},
			{Action: "back", From: []pipeline.StageID{"papers"}, To: "talks", Roles: manager},
			{Action: "lose", From: []pipeline.StageID{"*"}, To: "lost", Roles: heads},
		},
		Edits: []pipeline.Edit{{Fields: []pipeline.FieldID{"*"}, Roles: manager}},
	}}}
}

func deal(b *testing.B) *pipeline.Case {
	e, err := pipeline.Compile(rules())
	if err != nil {
		b.Fatal(err)
	}
	c, _, err := e.Open(nil, pipeline.Open{ID: "o", Case: "deal-7", Pipeline: "sales", By: head, Set: map[pipeline.FieldID]string{"phone": "+7", "passport": "yes"}}, start)
	for _, a := range []pipeline.Action{"call", "sign"} {
		if err == nil {
			c, _, err = c.Apply(nil, pipeline.Command{Action: a, By: head}, start)
		}
	}
	if err != nil {
		b.Fatal(err)
	}
	return c
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
			sink = c.Decide(head, "win").OK
		}
		if !sink {
			b.Fatal("refused")
		}
	})

	fields := map[string]string{"phone": "+7", "passport": "yes"}
	role := "head"
	is := func(want ...string) func(context.Context, ...any) bool {
		return func(context.Context, ...any) bool {
			for _, w := range want {
				if role == w {
					return true
				}
			}
			return false
		}
	}
	papers := func(context.Context, ...any) bool { return fields["phone"] != "" && fields["passport"] != "" }
	sm := stateless.NewStateMachine("papers")
	sm.Configure("new").Permit("call", "talks", is("manager", "head")).Permit("lose", "lost", is("head"))
	sm.Configure("talks").Permit("sign", "papers", is("manager", "head")).Permit("lose", "lost", is("head"))
	sm.Configure("papers").Permit("win", "won", is("head"), papers).Permit("back", "talks", is("manager", "head")).Permit("lose", "lost", is("head"))
	p.run("stateless.CanFire", func(b *testing.B) {
		var err error
		for b.Loop() {
			sink, err = sm.CanFire("win")
		}
		if !sink || err != nil {
			b.Fatal("refused", err)
		}
	})

	ctx := context.Background()
	machine := fsm.NewFSM("papers", fsm.Events{
		{Name: "call", Src: []string{"new"}, Dst: "talks"}, {Name: "sign", Src: []string{"talks"}, Dst: "papers"}, {Name: "win", Src: []string{"papers"}, Dst: "won"},
		{Name: "back", Src: []string{"papers"}, Dst: "talks"}, {Name: "lose", Src: []string{"new", "talks", "papers"}, Dst: "lost"},
	}, fsm.Callbacks{"before_win": func(ctx context.Context, e *fsm.Event) {
		if !is("head")(ctx) || !papers(ctx) {
			e.Cancel()
		}
	}})
	// Its Can ignores guards, so an answer is a guarded fire.
	p.run("looplab.Event", func(b *testing.B) {
		for b.Loop() {
			machine.SetState("papers")
			if err := machine.Event(ctx, "win"); err != nil {
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
	for _, rule := range [][]string{{"manager", "new", "call"}, {"head", "new", "call"}, {"manager", "talks", "sign"}, {"head", "talks", "sign"}, {"head", "papers", "win"},
		{"manager", "papers", "back"}, {"head", "papers", "back"}, {"head", "new", "lose"}, {"head", "talks", "lose"}, {"head", "papers", "lose"}} {
		if _, err := enforcer.AddPolicy(rule); err != nil {
			b.Fatal(err)
		}
	}
	if _, err := enforcer.AddGroupingPolicy("olga", "head"); err != nil {
		b.Fatal(err)
	}
	p.run("casbin.Enforce", func(b *testing.B) { // the role alone, no fields
		for b.Loop() {
			if sink, err = enforcer.Enforce("olga", "papers", "win"); err != nil || !sink {
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
		if _, _, err := c.Apply(dst, pipeline.Command{ID: "c-1", Action: "back", By: head}, start); err != nil {
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
