package pipeline_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/pipeline"
)

func TestTheFixtureHasNoProblem(t *testing.T) {
	t.Parallel()
	require.Empty(t, pipeline.Check(readSales(t)).Text("en"))
}

// Law 5: Check finds each planted defect, and all at once.
func TestPlantedDefects(t *testing.T) {
	t.Parallel()
	type d = pipeline.Definition
	plants := map[string]struct {
		path  string
		plant func(r *pipeline.Rules, d *d)
	}{
		"unknown_name": {"definitions[0].moves[0].to", func(r *pipeline.Rules, d *d) { d.Moves[0].To = "talk" }},
		"unknown_name condition": {"definitions[0].moves[1].conditions[0]", func(r *pipeline.Rules, d *d) {
			d.Moves[1].Conditions = []string{"rich"}
		}},
		"unknown_name calendar": {"definitions[0].timers[0].calendar", func(r *pipeline.Rules, d *d) { d.Timers[0].Calendar = "office" }},
		"unknown_name party":    {"definitions[0].timers[1].pause[0]", func(r *pipeline.Rules, d *d) { d.Timers[1].Pause = []string{"clients"} }},
		"unknown_name value": {"definitions[0].moves[2].needs[1].is[0]", func(r *pipeline.Rules, d *d) {
			d.Moves[2].Needs[1].Is = []string{"crypto"}
		}},
		"unknown_name action": {"definitions[0].sides[0].blocks[0]", func(r *pipeline.Rules, d *d) { d.Sides[0].Blocks = []pipeline.Action{"winn"} }},
		"unknown_name edit":   {"definitions[0].edits[0].in[0]", func(r *pipeline.Rules, d *d) { d.Edits[0].In = []pipeline.StageID{"nev"} }},
		"unknown_name route":  {"routes[1].pipeline", func(r *pipeline.Rules, d *d) { r.Routes[1].Pipeline = "sale" }},
		"duplicate":           {"definitions[0].fields[1].id", func(r *pipeline.Rules, d *d) { d.Fields[1].ID = "phone" }},
		"duplicate version":   {"definitions[1].id", func(r *pipeline.Rules, d *d) { r.Definitions[1].ID = "sales" }},
		"unreachable": {"definitions[0].stages[5]", func(r *pipeline.Rules, d *d) {
			d.Stages = append(d.Stages, pipeline.Stage{ID: "moon", Final: pipeline.Won})
		}},
		"dead_end": {"definitions[1].stages[2]", func(r *pipeline.Rules, _ *d) {
			c := &r.Definitions[1]
			c.Stages = append(c.Stages, pipeline.Stage{ID: "limbo"})
			c.Moves = append(c.Moves, pipeline.Move{Action: "park", From: []pipeline.StageID{"asked"}, To: "limbo", Roles: []pipeline.Role{"banker"}})
		}},
		"trap": {"definitions[1].stages[2]", func(r *pipeline.Rules, _ *d) {
			c := &r.Definitions[1]
			c.Stages = append(c.Stages, pipeline.Stage{ID: "ping"}, pipeline.Stage{ID: "pong"})
			for from, to := range map[pipeline.StageID]pipeline.StageID{"asked": "ping", "ping": "pong", "pong": "ping"} {
				c.Moves = append(c.Moves, pipeline.Move{Action: "hit", From: []pipeline.StageID{from}, To: to, Roles: []pipeline.Role{"banker"}})
			}
		}},
		"trap of a frozen value": {"definitions[1].stages[2]", func(r *pipeline.Rules, _ *d) {
			c := &r.Definitions[1] // who comes to "sure" from Moscow cannot leave: the city is frozen there
			c.Stages = append(c.Stages, pipeline.Stage{ID: "sure"})
			c.Edits[0].In = []pipeline.StageID{"asked"}
			c.Moves = append(c.Moves,
				pipeline.Move{Action: "settle", From: []pipeline.StageID{"asked"}, To: "sure", Roles: []pipeline.Role{"banker"}},
				pipeline.Move{Action: "pay", From: []pipeline.StageID{"sure"}, To: "granted", Roles: []pipeline.Role{"banker"}, Needs: []pipeline.Need{{Field: "city", Is: []string{"irkutsk"}}}})
		}},
		"ambiguous": {"definitions[0].moves[6]", func(r *pipeline.Rules, d *d) {
			d.Moves = append(d.Moves, pipeline.Move{Action: "lose", From: []pipeline.StageID{"new"}, To: "lost", Roles: []pipeline.Role{"head"}})
		}},
		"no_role_can_leave": {"definitions[1].stages[0]", func(r *pipeline.Rules, _ *d) { r.Definitions[1].Moves[0].Roles = nil }},
		"no_role_can_leave timer": {"definitions[1].stages[0]", func(r *pipeline.Rules, _ *d) {
			r.Definitions[1].Moves[0].Roles = []pipeline.Role{pipeline.RoleTimer} // and no timer does it
		}},
		"unfillable_need": {"definitions[0].moves[0].needs[0]", func(r *pipeline.Rules, d *d) {
			d.Moves[0].Needs = []pipeline.Need{{Field: "debts"}}
		}},
		"unfillable_need in time": {"definitions[0].moves[2]", func(r *pipeline.Rules, d *d) {
			d.Moves[2].Needs = append(d.Moves[2].Needs, pipeline.Need{Field: "price"})
			d.Edits[1].In = []pipeline.StageID{"won"}
		}},
		"contradictory_need": {"definitions[0].moves[1].needs", func(r *pipeline.Rules, d *d) {
			d.Moves[1].Needs = append(d.Moves[1].Needs, pipeline.Need{Field: "city", Is: []string{"moscow"}}, pipeline.Need{Field: "city", Is: []string{"irkutsk"}})
		}},
		"timer_to_nowhere":       {"definitions[0].timers[0]", func(r *pipeline.Rules, d *d) { d.Timers[0].To = "" }},
		"timer_to_nowhere start": {"definitions[0].timers[0].start", func(r *pipeline.Rules, d *d) { d.Timers[0].Start = "sunrise" }},
		"timer_to_nowhere do":    {"definitions[0].timers[0].do", func(r *pipeline.Rules, d *d) { d.Timers[0].Do = "win" }},
		"copy_target":            {"definitions[0].copies[0].to", func(r *pipeline.Rules, d *d) { d.Copies[0].To = "credits" }},
		"copy_field":             {"definitions[0].copies[0].fields[0]", func(r *pipeline.Rules, d *d) { r.Definitions[1].Fields[0].Values = []string{"moscow"} }},
		"side_blocks_all": {"definitions[0].sides[0]", func(r *pipeline.Rules, d *d) {
			d.Sides[0].Blocks, d.Sides[0].Close = []pipeline.Action{"*"}, nil
		}},
		"shadowed_route": {"routes[2]", func(r *pipeline.Rules, d *d) {
			r.Routes = append(r.Routes, pipeline.Route{ID: "late", Forms: []string{"credit", "auto"}, Pipeline: "sales"})
		}},
		"empty_route": {"routes[0]", func(r *pipeline.Rules, d *d) { r.Routes[0].Forms = []string{} }},
		"bad_link":    {"definitions[0].fields[8].link", func(r *pipeline.Rules, d *d) { d.Fields[8].Link = "https://{name}.example/" }},
		"too_many needs": {"definitions[0]", func(r *pipeline.Rules, d *d) {
			d.Moves[0].Needs = make([]pipeline.Need, 3000)
		}},
		"too_many": {"definitions[0]", func(r *pipeline.Rules, d *d) {
			for i := range 65 {
				d.Claim = append(d.Claim, pipeline.Role(fmt.Sprint("r", i)))
			}
		}},
		"bad_value": {"definitions[0].timers[0].within", func(r *pipeline.Rules, d *d) { d.Timers[0].Within = -time.Second }},
	}

	for name, p := range plants {
		rules := readSales(t)
		p.plant(&rules, &rules.Definitions[0])
		code, _, _ := strings.Cut(name, " ")
		found := pipeline.Check(rules)
		i := slices.IndexFunc(found, func(x pipeline.Problem) bool { return x.Code == code && x.Path == p.path && !x.Warning })
		require.GreaterOrEqual(t, i, 0, "%s at %s is not among\n%s", name, p.path, found.Text("en"))
		require.Positive(t, found[i].Line, "%s: what was read has a place", name)
		require.NotEqual(t, found[i].Text("en"), found[i].Text("ru"))
		_, err := pipeline.Compile(rules)
		require.ErrorIs(t, err, pipeline.ErrConfig, name)

	}

	// A side process that somebody can close there is a warning.
	rules := readSales(t)
	rules.Definitions[0].Sides[0].Blocks = []pipeline.Action{"*"}
	found := pipeline.Check(rules)
	require.NotEmpty(t, found)
	for _, p := range found {
		require.True(t, p.Warning && p.Code == "side_blocks_all", "%+v", p)
	}
	_, err := pipeline.Compile(rules)
	require.NoError(t, err)

	// Several defects are told at once.
	plants["unknown_name"].plant(&rules, &rules.Definitions[0])
	plants["bad_link"].plant(&rules, &rules.Definitions[0])
	plants["empty_route"].plant(&rules, &rules.Definitions[0])
	found = pipeline.Check(rules)
	for _, code := range []string{"unknown_name", "bad_link", "empty_route", "side_blocks_all"} {
		require.True(t, slices.ContainsFunc(found, func(p pipeline.Problem) bool { return p.Code == code }), code)
	}
	require.Contains(t, found[slices.IndexFunc(found, func(p pipeline.Problem) bool { return p.Code == "unknown_name" })].Names, "talks", "the nearest name")
}

// Past 100,000 states Check says so, and does not guess.
func TestTooComplexIsSaid(t *testing.T) {
	t.Parallel()
	var d pipeline.Definition
	d.ID = "big"
	d.Stages = []pipeline.Stage{{ID: "a"}, {ID: "b"}, {ID: "won", Final: pipeline.Won}}
	d.Moves = []pipeline.Move{{Action: "go", From: []pipeline.StageID{"a"}, To: "b", Roles: []pipeline.Role{"x"}}, {Action: "win", From: []pipeline.StageID{"b"}, To: "won", Roles: []pipeline.Role{"x"}}}
	for i := range 20 { // frozen at b, and looked at there
		f := pipeline.FieldID(fmt.Sprint("f", i))
		d.Fields = append(d.Fields, pipeline.Field{ID: f, Kind: pipeline.KindCheck})
		d.Edits = append(d.Edits, pipeline.Edit{Fields: []pipeline.FieldID{f}, Roles: []pipeline.Role{"x"}, In: []pipeline.StageID{"a"}})
		d.Moves[1].Needs = append(d.Moves[1].Needs, pipeline.Need{Field: f})
	}
	found := pipeline.Check(pipeline.Rules{Definitions: []pipeline.Definition{d}})
	require.Len(t, found, 1)
	require.Equal(t, "too_complex", found[0].Code)
	require.True(t, found[0].Warning)
	d.Moves[0].Needs = d.Moves[1].Needs // the move pins them: one state again
	require.Empty(t, pipeline.Check(pipeline.Rules{Definitions: []pipeline.Definition{d}}))
}

// Law 8: a route reported shadowed wins no lead; each other comes with one that it wins.
func TestShadowedRoutesAreExact(t *testing.T) {
	t.Parallel()
	words := []string{"", "a", "b", "c", "~"}
	rapid.Check(t, func(t *rapid.T) {
		list := rapid.Custom(func(t *rapid.T) []string {
			if rapid.IntRange(0, 2).Draw(t, "any") == 0 {
				return nil
			}
			return rapid.SliceOfNDistinct(rapid.SampledFrom([]string{"a", "b", "c"}), 1, 3, rapid.ID).Draw(t, "words")
		})
		var routes []pipeline.Route
		for i := range rapid.IntRange(1, 7).Draw(t, "routes") {
			routes = append(routes, pipeline.Route{ID: fmt.Sprint(i), Pipeline: "sales", Channels: list.Draw(t, "channels"), Groups: list.Draw(t, "groups"), Regions: list.Draw(t, "regions")})
		}
		rules := readSales(t)
		rules.Routes = routes
		reported := map[string]bool{}
		for _, p := range pipeline.Check(rules) {
			require.Equal(t, "shadowed_route", p.Code)
			reported[p.Names[0]] = true
		}
		wins := map[string]bool{}
		for _, c := range words {
			for _, g := range words {
				for _, r := range words {
					if i := pipeline.FirstRoute(routes, &pipeline.Open{Channel: c, Group: g, Region: r}); i >= 0 {
						wins[routes[i].ID] = true
					}
				}
			}
		}
		for i, r := range routes {
			require.Equal(t, !wins[r.ID], reported[r.ID], "route %s of %+v", r.ID, routes)
			left := 1000
			lead, ok, known := pipeline.Winner(routes, i, &left)
			require.True(t, known)
			require.Equal(t, wins[r.ID], ok)
			if ok {
				require.Equal(t, i, pipeline.FirstRoute(routes, &lead), "%+v", lead)
			}
		}
	})
}

func TestReadIsStrict(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		text, code   string
		line, column int
	}{
		"empty":         {"", "syntax", 1, 1},
		"cut":           {"{\n \"definitions\": [", "syntax", 2, 18},
		"no JSON":       {"{\n  oops", "syntax", 2, 3},
		"unknown key":   {"{\n  \"definition\": []\n}", "unknown_key", 2, 3},
		"other case":    {"{\"Routes\": []}", "unknown_key", 1, 2},
		"duplicate key": {"{\"routes\": [],\n \"routes\": []}", "duplicate_key", 2, 2},
		"wrong kind":    {"{\"routes\": [{\"id\": 7}]}", "wrong_type", 1, 20},
		"an object":     {"{\"routes\": {\"a\": [1, {}]}}", "wrong_type", 1, 12},
		"bad duration":  {"{\"definitions\": [{\"timers\": [{\"within\": \"ages\"}]}]}", "wrong_type", 1, 41},
		"more after it": {"{} {}", "syntax", 1, 5},
		"bad UTF-8":     {"{\"routes\": [{\"id\": \"д\xff\"}]}", "syntax", 1, 22},
		"too large":     {"{\"routes\": [" + strings.Repeat(" ", 1<<20) + "]}", "too_large", 1, 1<<20 + 1},
		"too deep":      {"{\"definitions\": [{\"moves\": [{\"needs\": [" + strings.Repeat("{\"when\": ", 40) + "null" + strings.Repeat("}", 40) + "]}]}]}", "too_complex", 1, 284},
	} {
		_, err := pipeline.Read(strings.NewReader(c.text))
		var config *pipeline.ConfigError
		require.ErrorAs(t, err, &config, name)
		p := config.Problems[0]
		require.Equal(t, c.code, p.Code, name)
		require.Equal(t, c.line, p.Line, name)
		if name != "too deep" && name != "more after it" {
			require.Equal(t, c.column, p.Column, name)
		}
		require.NotEqual(t, err.Error(), config.Text("ru"))
	}
	_, err := pipeline.Read(io.MultiReader(strings.NewReader("{"), failing{}))
	require.ErrorIs(t, err, errDisk)
	// All that is wrong is told at once.
	_, err = pipeline.Read(strings.NewReader(`{"routes": [{"id": 1, "formz": []}], "x": {"y": [1]}}`))
	var config *pipeline.ConfigError
	require.ErrorAs(t, err, &config)
	require.Len(t, config.Problems, 3)
	require.Contains(t, config.Problems[1].Names, "forms")
}

var errDisk = errors.New("disk")

type failing struct{}

func (failing) Read([]byte) (int, error) { return 0, errDisk }

// FuzzRead: no bytes make Read, Check or Compile panic; what compiles can be asked.
func FuzzRead(f *testing.F) {
	f.Add([]byte(sales))
	f.Add([]byte(`{"definitions":[{"id":"a","stages":[{"id":"x"},{"id":"y","final":"won"}],"moves":[{"action":"g","from":["*"],"to":"y","roles":["r"]}]}]}`))
	f.Add([]byte(`{"routes":[{"id":"\u0000","channels":[""],"set":{"a":"b"}}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		rules, err := pipeline.Read(bytes.NewReader(text))
		if err != nil {
			return
		}
		for _, p := range pipeline.Check(rules) {
			require.NotEmpty(t, p.Text("ru"))
		}
		e, err := pipeline.Compile(rules)
		if err != nil {
			return
		}
		for _, d := range rules.Definitions {
			require.NoError(t, e.WriteMermaid(io.Discard, d.ID, nil, "ru"))
			c, _, err := e.Open(nil, pipeline.Open{ID: "o", Case: "c", Pipeline: d.ID}, start)
			if err != nil {
				continue
			}
			for _, decision := range c.Explain(nil, ivan) {
				_, _, err := c.Apply(nil, pipeline.Command{Action: decision.Action, By: ivan}, start)
				if decision.OK {
					var refusal *pipeline.RefusedError
					require.False(t, errors.As(err, &refusal), "%v", err)
				} else {
					require.Error(t, err)
					require.NotEmpty(t, decision.Reasons())
				}
			}
			c.Next(start)
		}
	})
}

func TestMermaid(t *testing.T) {
	t.Parallel()
	rules := readSales(t)
	rules.Definitions[0].Stages[0].Title = map[string]string{"ru": "Новая; \"end\" {x}\n#1"}
	e, err := pipeline.Compile(rules)
	require.NoError(t, err)
	c, _, err := e.Open(nil, pipeline.Open{ID: "o", Case: "c", Pipeline: "sales", By: ivan}, start)
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, e.WriteMermaid(&out, "sales", &c, "ru"))
	require.Equal(t, `stateDiagram-v2
    state "Новая#59; #quot;end#quot; #123;x#125; #35;1" as s0
    state "talks" as s1
    state "papers" as s2
    state "won" as s3
    state "lost" as s4
    [*] --> s0
    s0 --> s1 : call
    s1 --> s2 : sign
    s2 --> s3 : win
    s2 --> s1 : back
    s0 --> s4 : lose
    s1 --> s4 : lose
    s2 --> s4 : lose
    s4 --> s0 : reopen
    s3 --> [*]
    s4 --> [*]
    classDef here stroke-width:4px
    class s0 here
`, out.String())
	var unknown *pipeline.UnknownError
	require.ErrorAs(t, e.WriteMermaid(&out, "sale", nil, "en"), &unknown)
	require.Equal(t, []string{"sales"}, unknown.Nearest)
}
