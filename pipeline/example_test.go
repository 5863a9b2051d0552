package pipeline_test

import (
	"context"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/tenure-go/tenure/pipeline"
)

// A small sale, as a team would load it from a file.
const small = `{"definitions": [{
  "id": "sales", "claim": ["manager"], "parties": ["us", "client"],
  "fields": [{"id": "price", "kind": "number"}, {"id": "passport", "kind": "check", "party": "client", "title": {"ru": "Паспорт"}}],
  "stages": [{"id": "new"}, {"id": "papers"}, {"id": "won", "final": "won", "enter": [{"field": "passport"}]}],
  "moves": [
    {"action": "agree", "from": ["new"], "to": "papers", "roles": ["manager"], "needs": [{"field": "price"}]},
    {"action": "win", "from": ["papers"], "to": "won", "roles": ["head"]}],
  "edits": [{"fields": ["*"], "roles": ["manager"]}],
  "timers": [{"id": "answer", "start": "inquired", "stop": "responded", "within": "30s", "to": "head"}]
}], "routes": [{"id": "all", "pipeline": "sales", "pool": "sellers"}]}`

func smallRules() pipeline.Rules {
	rules, err := pipeline.Read(strings.NewReader(small))
	if err != nil {
		panic(err)
	}
	return rules
}

func noon() time.Time { return time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC) }

func sellers(context.Context, pipeline.PoolID) (pipeline.Pool, error) {
	return pipeline.Pool{Members: []pipeline.Member{{ID: "ivan"}, {ID: "olga"}}}, nil
}

func Example() {
	ctx := context.Background()
	desk, err := pipeline.New(pipeline.Config{Store: pipeline.NewMemory(), Rules: smallRules(), Now: noon})
	if err != nil {
		fmt.Println(err)
		return
	}
	ivan := pipeline.Actor{ID: "ivan", Roles: []pipeline.Role{"manager"}}
	_, _ = desk.Open(ctx, pipeline.Open{ID: "r-1", Case: "deal-7", Pipeline: "sales", By: ivan})
	_, err = desk.Do(ctx, pipeline.Command{ID: "r-2", Case: "deal-7", Action: "win", By: ivan})
	fmt.Println(err)
	deal, _ := desk.Case(ctx, "deal-7")
	for _, d := range deal.Explain(nil, ivan) {
		fmt.Println(deal.Stage, d.Action, d.OK)
	}
	// Output:
	// pipeline: deal-7: "win" is refused: only for: head; not from this stage, only from: papers; passport is not ticked
	// new agree false
	// new win false
}

func ExampleRead() {
	_, err := pipeline.Read(strings.NewReader(`{
  "definitions": [{"id": "sales", "stagez": []}]
}`))
	fmt.Println(err)
	// Output: pipeline: 2:35 definitions[0].stagez: unknown key (stagez, stages)
}

func ExampleCheck() {
	rules := smallRules()
	rules.Definitions[0].Moves[1].To = "wonn"
	rules.Definitions[0].Fields[1].Kind = "tick"
	for _, p := range pipeline.Check(rules) {
		fmt.Println(p.Text("en"))
	}
	// Output:
	// 3:76 definitions[0].fields[1].kind: the name is not defined (tick)
	// 7:49 definitions[0].moves[1].to: the name is not defined (wonn, won)
}

func ExampleDesk_Open() {
	ctx := context.Background()
	desk, _ := pipeline.New(pipeline.Config{Store: pipeline.NewMemory(), Rules: smallRules(), Pools: sellers, Now: noon})
	site := pipeline.Actor{ID: "site", Roles: []pipeline.Role{pipeline.RoleIntake}}
	first, _ := desk.Open(ctx, pipeline.Open{ID: "form-1", Cards: []pipeline.CardID{"anna"}, Channel: "site", By: site})
	fmt.Println(first.Case.ID, first.Created, first.To)
	again, _ := desk.Open(ctx, pipeline.Open{ID: "call-2", Cards: []pipeline.CardID{"anna"}, Channel: "phone", By: site})
	fmt.Println(again.Case.ID, again.Joined, again.Case.Owner)
	other, _ := desk.Open(ctx, pipeline.Open{ID: "form-3", Cards: []pipeline.CardID{"boris"}, By: site})
	fmt.Println(other.Case.ID, other.To, other.Trace[1].Text("ru"))
	// Output:
	// sales/anna/0 true [ivan]
	// sales/anna/0 true ivan
	// sales/boris/0 [olga] берёт olga
}

func ExampleDesk_Tick() {
	ctx, now := context.Background(), noon()
	s := pipeline.NewMemory()
	desk, _ := pipeline.New(pipeline.Config{Store: s, Rules: smallRules(), Pools: sellers, Now: func() time.Time { return now }})
	res, _ := desk.Open(ctx, pipeline.Open{ID: "form-1", Cards: []pipeline.CardID{"anna"}, By: pipeline.Actor{ID: "site"}})
	tasks, _ := desk.Next(ctx, s, "ivan", 10)
	fmt.Println(tasks[0].Case, tasks[0].Timer, tasks[0].Due.Format(time.TimeOnly))
	now = now.Add(time.Minute)
	n, _ := desk.Tick(ctx, s, 100)
	log, _ := s.History(ctx, res.Case.ID, 0, 100)
	last := log[len(log)-1]
	fmt.Println(n, last.Kind, last.Name, last.To, last.At.Format(time.TimeOnly))
	// Output:
	// sales/anna/0 answer 12:00:30
	// 1 breached answer head 12:00:30
}

func ExampleCompile() {
	engine, err := pipeline.Compile(smallRules())
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(engine.Who("sales", "win"), engine.Can("sales", "manager", "agree"))
	ivan := pipeline.Actor{ID: "ivan", Roles: []pipeline.Role{"manager"}}
	deal, events, _ := engine.Open(nil, pipeline.Open{ID: "r-1", Case: "deal-7", Pipeline: "sales", By: ivan}, noon())
	deal, events, _ = deal.Apply(events, pipeline.Command{ID: "r-2", Action: "agree", Set: map[pipeline.FieldID]string{"price": "100"}, By: ivan}, noon())
	for _, e := range events {
		fmt.Println(e.Seq, e.Kind, e.Name, e.From, e.To)
	}
	next := deal.Next(noon())
	fmt.Println("waits for", next.Party, next.Needs[0].Field)
	again, _ := engine.Replay(events)
	fmt.Println(again.Stage)
	// Output:
	// [head] [new]
	// 1 opened sales 0 new
	// 2 turn   us
	// 3 set price  100
	// 4 moved agree new papers
	// 5 turn  us client
	// waits for client passport
	// papers
}

func ExampleCase_Path() {
	engine, _ := pipeline.Compile(smallRules())
	ivan := pipeline.Actor{ID: "ivan", Roles: []pipeline.Role{"manager"}}
	olga := pipeline.Actor{ID: "olga", Roles: []pipeline.Role{"head"}}
	deal, _, _ := engine.Open(nil, pipeline.Open{ID: "r-1", Case: "deal-7", Pipeline: "sales", By: ivan}, noon())
	way, _ := deal.Path("won", []pipeline.Actor{ivan, olga})
	for _, step := range way {
		fmt.Println(step.By, step.Action, step.Fill)
	}
	_, err := deal.Path("won", []pipeline.Actor{ivan})
	fmt.Println(err)
	// Output:
	// ivan agree [passport price]
	// olga win []
	// pipeline: deal-7: refused: only for: head
}

func ExampleAssign() {
	pool := pipeline.Pool{ID: "sellers", Members: []pipeline.Member{
		{ID: "ivan", Regions: []string{"irkutsk"}}, {ID: "olga", Regions: []string{"irkutsk", "moscow"}}, {ID: "petr", Regions: []string{"moscow"}},
	}}
	to, trace := pipeline.Assign(pool, map[pipeline.ActorID]int64{"ivan": 7, "olga": 3}, pipeline.Open{Region: "irkutsk"}, noon())
	fmt.Println(to)
	for _, r := range trace {
		fmt.Println(r.Text("en"))
	}
	// Output:
	// [olga]
	// petr: another region (irkutsk)
	// olga takes it
}

func ExampleFacts() {
	engine, _ := pipeline.Compile(smallRules())
	ivan := pipeline.Actor{ID: "ivan", Roles: []pipeline.Role{"manager"}}
	deal, events, _ := engine.Open(nil, pipeline.Open{ID: "r-1", Pipeline: "sales", Channel: "site", By: ivan}, noon())
	_, events, _ = deal.Apply(events, pipeline.Command{ID: "r-2", Touch: &pipeline.Touch{Kind: "call", Channel: "phone", Out: true}, By: ivan}, noon().Add(20*time.Second))
	for _, f := range pipeline.Facts(events, nil) {
		fmt.Println(f.Kind, f.Name, f.Channel, f.Work)
	}
	// Output:
	// stage new  0s
	// inquiry  site 0s
	// response  phone 20s
	// wait us  0s
	// touch call phone 0s
}

func ExampleEngine_WriteMermaid() {
	engine, _ := pipeline.Compile(smallRules())
	_ = engine.WriteMermaid(os.Stdout, "sales", nil, "en")
	// Output:
	// stateDiagram-v2
	//     state "new" as s0
	//     state "papers" as s1
	//     state "won" as s2
	//     [*] --> s0
	//     s0 --> s1 : agree
	//     s1 --> s2 : win
	//     s2 --> [*]
}
