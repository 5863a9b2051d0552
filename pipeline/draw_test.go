package pipeline_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/pipeline"
)

// drawRules draws a small definition; most, not all, pass Check.
func drawRules(t *rapid.T) pipeline.Rules {
	var d pipeline.Definition
	d.ID, d.Version = "p", 1
	d.Fields = []pipeline.Field{
		{ID: "tick", Kind: pipeline.KindCheck}, {ID: "pay", Kind: pipeline.KindChoice, Values: []string{"cash", "loan"}}, {ID: "text", Kind: pipeline.KindText},
	}
	left := rapid.IntRange(0, 2).Draw(t, "left out") // two fields make states enough
	d.Fields = slices.Delete(d.Fields, left, left+1)
	field := rapid.Map(rapid.SampledFrom(d.Fields), func(f pipeline.Field) pipeline.FieldID { return f.ID })
	open := rapid.IntRange(1, 3).Draw(t, "open stages")
	for i := range open {
		d.Stages = append(d.Stages, pipeline.Stage{ID: pipeline.StageID(fmt.Sprint("s", i))})
	}
	d.Stages = append(d.Stages, pipeline.Stage{ID: "won", Final: pipeline.Won}, pipeline.Stage{ID: "lost", Final: pipeline.Lost})
	roles := func(name string) []pipeline.Role {
		return rapid.SliceOfNDistinct(rapid.SampledFrom([]pipeline.Role{"a", "b", pipeline.RoleOwner}), 1, 2, rapid.ID).Draw(t, name)
	}
	need := func() (n pipeline.Need) {
		n.Field = field.Draw(t, "need")
		if n.Field == "pay" && rapid.Bool().Draw(t, "named") {
			n.Is = []string{rapid.SampledFrom([]string{"cash", "loan"}).Draw(t, "is")}
		}
		return n
	}
	needs := func() (list []pipeline.Need) {
		for range rapid.IntRange(0, 2).Draw(t, "needs") {
			n := need()
			if rapid.IntRange(0, 2).Draw(t, "conditional") == 0 {
				when := need()
				if when.Field != n.Field {
					n.When = &when
				}
			}
			list = append(list, n)
		}
		return list
	}
	for i := range open {
		to := pipeline.StageID("won")
		if i+1 < open {
			to = d.Stages[i+1].ID
		}
		d.Moves = append(d.Moves, pipeline.Move{Action: "next", From: []pipeline.StageID{d.Stages[i].ID}, To: to, Roles: roles("roles"), Needs: needs()})
	}
	for i := range rapid.IntRange(0, 2).Draw(t, "more moves") {
		m := pipeline.Move{Action: pipeline.Action(fmt.Sprint("jump", i)), To: rapid.SampledFrom(d.Stages).Draw(t, "to").ID, Roles: roles("roles"), Needs: needs()}
		m.From = []pipeline.StageID{rapid.SampledFrom(append([]pipeline.Stage{{ID: "*"}}, d.Stages...)).Draw(t, "from").ID}
		if rapid.IntRange(0, 3).Draw(t, "condition") == 0 {
			m.Conditions = []string{"sunny"}
		}
		d.Moves = append(d.Moves, m)
	}
	d.Moves = append(d.Moves, pipeline.Move{Action: "lose", From: []pipeline.StageID{"*"}, To: "lost", Roles: roles("roles"), Needs: needs()})
	for _, f := range d.Fields {
		e := pipeline.Edit{Fields: []pipeline.FieldID{f.ID}, Roles: roles("editors")}
		if rapid.IntRange(0, 3).Draw(t, "frozen") == 0 {
			e.In = []pipeline.StageID{rapid.SampledFrom(d.Stages).Draw(t, "in").ID}
		}
		d.Edits = append(d.Edits, e)
	}
	d.Edits = append(d.Edits, pipeline.Edit{Fields: []pipeline.FieldID{pipeline.FieldOwner}, Roles: []pipeline.Role{"a"}})
	if rapid.Bool().Draw(t, "side") {
		d.Sides = []pipeline.Side{{ID: "x", Open: roles("open"), Close: roles("close"), Needs: needs(), Blocks: []pipeline.Action{"next"}}}
	}
	return pipeline.Rules{Definitions: []pipeline.Definition{d}, Conditions: map[string]func(pipeline.Case, pipeline.Actor) bool{
		"sunny": func(c pipeline.Case, _ pipeline.Actor) bool { return c.Values["text"].Text != "" },
	}}
}

var (
	ann = pipeline.Actor{ID: "ann", Roles: []pipeline.Role{"a"}}
	bob = pipeline.Actor{ID: "bob", Roles: []pipeline.Role{"b"}}
)

// commands are all that the two actors can try on a small case: every action with every value.
func commands(r pipeline.Rules) (out []pipeline.Command) {
	d := &r.Definitions[0]
	actions := []pipeline.Action{""}
	for _, m := range d.Moves {
		if !slices.Contains(actions, m.Action) {
			actions = append(actions, m.Action)
		}
	}
	for _, s := range d.Sides {
		actions = append(actions, pipeline.Action("open:"+s.ID), pipeline.Action("close:"+s.ID))
	}
	sets := []map[pipeline.FieldID]string{nil}
	times := func(f pipeline.FieldID, values ...string) {
		for _, set := range sets {
			for _, v := range values {
				with := map[pipeline.FieldID]string{f: v}
				for k, old := range set {
					with[k] = old
				}
				sets = append(sets, with)
			}
		}
	}
	for _, f := range d.Fields {
		times(f.ID, map[pipeline.FieldID][]string{"tick": {"", "yes"}, "pay": {"", "cash", "loan"}, "text": {"", "x"}}[f.ID]...)
	}
	if strings.Contains(fmt.Sprint(d.Moves, d.Edits, d.Sides), string(pipeline.RoleOwner)) {
		times(pipeline.FieldOwner, "ann", "bob")
	}
	for _, by := range []pipeline.Actor{ann, bob} {
		for _, a := range actions {
			for _, set := range sets {
				out = append(out, pipeline.Command{Action: a, By: by, Set: set})
			}
		}
	}
	return out
}

// state tells apart what decisions depend on.
func state(c pipeline.Case) string {
	return fmt.Sprint(c.Stage, c.Sides, c.Owner, c.Values["tick"].Text, c.Values["pay"].Text, c.Values["text"].Text)
}

func actionsOf(c pipeline.Case) (out []pipeline.Action) {
	for _, d := range c.Explain(nil, ann) {
		out = append(out, d.Action)
	}
	return out
}

func asJSON(t require.TestingT, v any) string {
	text, err := json.Marshal(v)
	require.NoError(t, err)
	return string(text)
}

// drawWalk takes a few random lawful steps.
func drawWalk(t *rapid.T, r pipeline.Rules, e *pipeline.Engine) pipeline.Case {
	c, _, err := e.Open(nil, pipeline.Open{ID: "o", Case: "c", Pipeline: "p", By: ann}, start)
	require.NoError(t, err)
	all := commands(r)
	for range rapid.IntRange(0, 12).Draw(t, "steps") {
		if next, _, err := c.Apply(nil, rapid.SampledFrom(all).Draw(t, "command"), start); err == nil {
			c = next
		}
	}
	return c
}
