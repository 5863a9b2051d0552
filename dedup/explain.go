package dedup

import (
	"context"
	"slices"
)

// A Rule names the rule that a step or an event comes from.
type Rule string

// The rules.
const (
	RuleRead      Rule = "read"      // how a value was read
	RuleTrace     Rule = "trace"     // both say the same
	RuleKey       Rule = "key"       // both have the key, and nothing keeps them apart
	RuleNameless  Rule = "nameless"  // without a name it joins whoever had the key
	RuleLeaf      Rule = "leaf"      // without a name and with one key, it is placed by time
	RuleSame      Rule = "same"      // a ruling
	RuleFollows   Rule = "follows"   // the caller said so
	RuleEcho      Rule = "echo"      // it brought back what we had written
	RuleDifferent Rule = "different" // a ruling keeps them apart
	RuleNames     Rule = "names"     // their given names exclude one another
	RuleShared    Rule = "shared"    // the key is an office's and links nobody
	RuleNothing   Rule = "nothing"   // no chain of keys leads from one to the other
)

// An Explanation tells why two touches are on one card or on two.
type Explanation struct {
	Together bool
	Cards    [2]CardID
	Steps    []Step // for one card: the way from the first to the second; for two: what kept them apart
}

// A Step is one decision between two touches, or what was read from one.
type Step struct {
	Rule   Rule
	Key    Key
	A, B   TouchID // touches that stand for all that say the same
	Linked bool
	Why    string // the value read, the ruling's ID, the two names
}

// Text says it in English ("en") or Russian ("ru").
func (s Step) Text(lang string) string {
	text := stepTexts[s.Rule][0]
	if lang == "ru" {
		text = stepTexts[s.Rule][1]
	}
	if s.Key != "" {
		text += " " + string(s.Key)
	}
	if s.Why != "" {
		text += " (" + s.Why + ")"
	}
	if s.B != "" {
		return string(s.A) + " – " + string(s.B) + ": " + text
	}
	return string(s.A) + ": " + text
}

var stepTexts = map[Rule][2]string{
	RuleRead:      {"read", "прочитано"},
	RuleTrace:     {"both say the same", "сообщают одно и то же"},
	RuleKey:       {"both have", "у обоих"},
	RuleNameless:  {"without a name, joins whoever had", "без имени, к тому, у кого был"},
	RuleLeaf:      {"without a name, placed by time on", "без имени, по времени на"},
	RuleSame:      {"ruled to be one person", "решено: один человек"},
	RuleFollows:   {"follows the other by the caller's word", "продолжает другое, как указано"},
	RuleEcho:      {"brought back what was written", "вернулось то, что мы записали"},
	RuleDifferent: {"ruled to be different persons", "решено: разные люди"},
	RuleNames:     {"the given names exclude one another, in spite of", "имена несовместимы, хотя общий"},
	RuleShared:    {"an office's, so it does not link:", "принадлежит организации и не связывает:"},
	RuleNothing:   {"no chain of identifiers leads from one to the other", "нет цепочки общих идентификаторов"},
}

// Explain tells why a and b are on one card or on two. If they are one touch it tells how each of
// its values was read.
func (d *Desk) Explain(ctx context.Context, a, b TouchID) (Explanation, error) {
	var x Explanation
	err := d.read(ctx, nil, func(ctx context.Context, w *work) error {
		x = Explanation{}
		var ends [2]*StoredTouch
		for i, id := range [2]TouchID{a, b} {
			card, err := w.resolve(ctx, id, "touch")
			if err != nil {
				return err
			}
			x.Cards[i], ends[i] = card, w.touch(id)
		}
		x.Together = x.Cards[0] == x.Cards[1]
		if a == b {
			return w.explainOne(ctx, ends[0], &x)
		}
		return w.explainTwo(ctx, ends, &x)
	})
	return x, err
}

func (w *work) explainOne(ctx context.Context, st *StoredTouch, x *Explanation) error {
	switch {
	case st.Echo:
		x.Steps = append(x.Steps, Step{Rule: RuleEcho, A: st.ID, B: st.root(), Linked: true})
	case st.Follows != "":
		x.Steps = append(x.Steps, Step{Rule: RuleFollows, A: st.ID, B: st.Follows, Linked: st.Root != ""})
	}
	for _, r := range w.desk.config.Reader.read(&st.Touch).readings {
		s := Step{Rule: RuleRead, A: st.ID, Key: r.Key, Why: r.Field + " " + clip(r.Raw) + ": " + r.Grade.String()}
		if r.Grade == GradeUsable {
			if err := w.need(ctx, useKey(r.Key)); err != nil {
				return err
			}
			if u := w.use(r.Key); u != nil {
				s.Linked = u.Class != ClassShared && !st.silent()
				s.Why += ", " + u.Class.String()
			}
		}
		x.Steps = append(x.Steps, s)
	}
	return nil
}

func (w *work) explainTwo(ctx context.Context, ends [2]*StoredTouch, x *Explanation) error {
	var roots [2]*StoredTouch
	for i, st := range ends {
		roots[i] = w.touch(st.root())
		switch {
		case st.Echo:
			x.Steps = append(x.Steps, Step{Rule: RuleEcho, A: st.ID, B: st.root(), Linked: true})
		case st.Root != "":
			x.Steps = append(x.Steps, Step{Rule: RuleFollows, A: st.ID, B: st.Root, Linked: true})
		}
	}
	if roots[0].ID == roots[1].ID {
		return nil
	}
	w.fresh = append(w.fresh, roots[0].Trace, roots[1].Trace)
	if err := w.spreadOut(ctx); err != nil {
		return err
	}
	var log []step
	g := w.graph(func(s step) { log = append(log, s) })
	at := [2]int32{-1, -1}
	for i := range g.nodes {
		for e := range roots {
			if g.nodes[i].id == roots[e].Trace {
				at[e] = int32(i)
			}
		}
	}
	if at[0] < 0 || at[1] < 0 { // erased: the card is all that is known
		return nil
	}
	stand := func(i int32) TouchID { return w.traces.at(g.nodes[i].id).now.Lead }
	if at[0] == at[1] && x.Together {
		x.Steps = append(x.Steps, Step{Rule: RuleTrace, A: roots[0].ID, B: roots[1].ID, Linked: true})
		return nil
	}
	// A leaf stands where the holder of its key at its time stands.
	for e := range at {
		n := &g.nodes[at[e]]
		if !n.leaf || n.loose {
			continue
		}
		if h := g.holder(&g.links[n.links[0]], roots[e].When()); h >= 0 {
			x.Steps = append(x.Steps, Step{Rule: RuleLeaf, Key: n.keys[0], A: roots[e].ID, B: stand(h), Linked: true})
			at[e] = h
		}
	}
	if x.Together {
		for _, s := range way(log, at[0], at[1], len(g.nodes)) {
			x.Steps = append(x.Steps, Step{Rule: s.rule, Key: s.key, A: stand(s.a), B: stand(s.b), Linked: true, Why: s.why})
		}
		return nil
	}
	apart := 0
	for _, s := range log {
		p, q := g.root(s.a), g.root(s.b)
		if u, v := g.root(at[0]), g.root(at[1]); !s.linked && (p == u && q == v || p == v && q == u) {
			x.Steps = append(x.Steps, Step{Rule: s.rule, Key: s.key, A: stand(s.a), B: stand(s.b), Why: g.nodes[s.a].given + ", " + g.nodes[s.b].given})
			apart++
		}
	}
	for _, k := range g.nodes[at[0]].keys {
		if slices.Contains(g.nodes[at[1]].keys, k) && g.links[g.link(k)].shared {
			x.Steps = append(x.Steps, Step{Rule: RuleShared, Key: k, A: stand(at[0]), B: stand(at[1])})
			apart++
		}
	}
	if apart == 0 {
		x.Steps = append(x.Steps, Step{Rule: RuleNothing, A: ends[0].ID, B: ends[1].ID})
	}
	return nil
}

// way returns the linked steps that lead from one node to another.
func way(log []step, from, to int32, nodes int) []step {
	by := make([]int, nodes) // the step by which a node was reached, from 1
	before := make([]int32, nodes)
	queue := []int32{from}
	for len(queue) > 0 && by[to] == 0 {
		at := queue[0]
		queue = queue[1:]
		for i, s := range log {
			next := s.b
			if s.b == at {
				next = s.a
			} else if s.a != at {
				continue
			}
			if s.linked && next != from && by[next] == 0 {
				by[next], before[next] = i+1, at
				queue = append(queue, next)
			}
		}
	}
	var steps []step
	for at := to; at != from && by[at] != 0; at = before[at] {
		steps = append(steps, log[by[at]-1])
	}
	slices.Reverse(steps)
	return steps
}
