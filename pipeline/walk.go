package pipeline

import (
	"fmt"
	"slices"
)

// maxStates bounds the walk.
const maxStates = 100_000

// A walk visits every state that a case can get into, up to what cannot matter. A field that
// somebody may edit where the case stands can hold anything, so only fields that are frozen there
// and are looked at later are told apart; of side processes only those that block.
type walk struct {
	d       *definition
	domains [][]string // by relevant field: the values told apart; "" first
	fields  []FieldID
	free    [][]bool // by field, by stage: somebody may edit it there
	live    [][]bool // by field, by stage: a need from there on looks at it
	seen    map[string]int
	states  []walkState
	back    [][]int // by state: those that lead to it
	enabled map[*move]bool
	work    int // ways to make moves looked at so far
	full    bool
}

type walkState struct {
	stage int
	sides uint64
	held  []uint8 // by field: which value; anything where it is free or no longer looked at
}

const anything = 255

// other stands for a value that no need names.
const other = "\x00other"

func (c *checker) walk(def *Definition, path string) {
	r := *c.rules
	d := compile(*def, r)
	w := walk{d: d, seen: make(map[string]int), enabled: make(map[*move]bool)}
	reached := c.structure(d, path)
	if !w.survey() {
		c.warn("too_complex", path)
		return
	}
	w.start(c)
	for i := 0; i < len(w.states) && !w.full; i++ {
		w.steps(i)
	}
	if w.full {
		c.warn("too_complex", path)
		return
	}
	c.verdict(&w, reached, path)
}

// survey lists the fields that needs look at, with the values told apart.
func (w *walk) survey() bool {
	if len(w.d.Stages)*len(w.d.actions)*len(w.d.needs) > 100*maxStates {
		return false
	}
	at := make(map[FieldID]int)
	add := func(n *Need) {
		for ; n != nil; n = n.When {
			i, ok := at[n.Field]
			if !ok {
				i = len(w.fields)
				at[n.Field] = i
				w.fields = append(w.fields, n.Field)
				w.domains = append(w.domains, []string{""})
			}
			for _, v := range n.Is {
				if !slices.Contains(w.domains[i], v) {
					w.domains[i] = append(w.domains[i], v)
				}
			}
		}
	}
	for i := range w.d.needs {
		add(&w.d.needs[i])
	}
	for i, id := range w.fields {
		f := w.d.fields[id]
		switch {
		case f != nil && f.Kind == KindCheck:
			if !slices.Contains(w.domains[i], "yes") {
				w.domains[i] = append(w.domains[i], "yes")
			}
		case f != nil && f.Kind == KindChoice:
			if slices.ContainsFunc(f.Values, func(v string) bool { return !slices.Contains(w.domains[i], v) }) {
				w.domains[i] = append(w.domains[i], other)
			}
		default:
			w.domains[i] = append(w.domains[i], other)
		}
		if len(w.domains[i]) >= anything {
			return false
		}
		free := make([]bool, len(w.d.Stages))
		for s := range free {
			free[s] = len(w.d.editors(id, s)) > 0 || id == FieldOwner && len(w.d.Claim) > 0
		}
		w.free = append(w.free, free)
		w.live = append(w.live, w.looksAt(id))
	}
	return true
}

// looksAt tells at which stages a need from there on looks at the field.
func (w *walk) looksAt(id FieldID) []bool {
	live := make([]bool, len(w.d.Stages))
	mentions := func(m *move) bool {
		for _, n := range m.needs {
			for need := &w.d.needs[n]; need != nil; need = need.When {
				if need.Field == id {
					return true
				}
			}
		}
		return false
	}
	for changed := true; changed; {
		changed = false
		for _, a := range w.d.actions {
			for s, m := range a.at {
				if m != nil && !live[s] && (mentions(m) || m.to >= 0 && live[m.to]) {
					live[s], changed = true, true
				}
			}
		}
	}
	return live
}

// performable: somebody, or a timer, can do it if nothing else stands in the way.
func (w *walk) performable(m *move) bool {
	return slices.ContainsFunc(m.roles, func(r Role) bool {
		return r != RoleTimer || slices.ContainsFunc(w.d.Timers, func(t Timer) bool { return t.Do == m.action })
	})
}

// start enters the first stage with whatever an opening, a route or a copy can bring.
func (w *walk) start(c *checker) {
	choices := make([][]uint8, len(w.fields))
	for i, f := range w.fields {
		switch {
		case w.free[i][0] || !w.live[i][0]:
			choices[i] = []uint8{anything}
		case f == FieldPool || c.copiedInto(w.d.ID, f):
			choices[i] = w.all(i)
		default:
			choices[i] = []uint8{0}
			for _, r := range c.rules.Routes {
				if v := r.Set[f]; r.Pipeline == w.d.ID && v != "" {
					choices[i] = append(choices[i], w.class(i, v))
				}
			}
		}
	}
	w.product(choices, func(held []uint8) { w.enter(walkState{stage: 0, held: held}, -1) })
}

func (w *walk) all(i int) []uint8 {
	out := make([]uint8, len(w.domains[i]))
	for v := range out {
		out[v] = uint8(v)
	}
	return out
}

func (w *walk) class(i int, v string) uint8 {
	if at := slices.Index(w.domains[i], v); at >= 0 {
		return uint8(at)
	}
	return uint8(len(w.domains[i]) - 1) // other
}

// product calls f with each combination, until the walk is full.
func (w *walk) product(choices [][]uint8, f func([]uint8)) {
	size := 1
	for _, c := range choices {
		if size *= len(c); size > maxStates {
			w.full = true
			return
		}
	}
	if w.work += size; w.work > 10*maxStates {
		w.full = true
		return
	}
	pick := make([]int, len(choices))
	for range size {
		held := make([]uint8, len(choices))
		for i := range held {
			held[i] = choices[i][pick[i]]
		}
		f(held)
		for i := range pick {
			if pick[i]++; pick[i] < len(choices[i]) {
				break
			}
			pick[i] = 0
		}
	}
}

func (w *walk) enter(s walkState, from int) {
	key := fmt.Sprint(s.stage, s.sides, s.held)
	at, known := w.seen[key]
	if !known {
		if len(w.states) >= maxStates {
			w.full = true
			return
		}
		at = len(w.states)
		w.seen[key] = at
		w.states = append(w.states, s)
		w.back = append(w.back, nil)
	}
	if from >= 0 {
		w.back[at] = append(w.back[at], from)
	}
}

func (w *walk) steps(i int) {
	s := w.states[i]
	for a := range w.d.actions {
		m := w.d.actions[a].at[s.stage]
		if m == nil || !w.performable(m) || s.sides&m.blockedBy != 0 {
			continue
		}
		next := walkState{stage: m.to, sides: s.sides}
		if m.side >= 0 {
			if len(w.d.Sides[m.side].Blocks) == 0 || (s.sides>>m.side&1 == 1) == m.opens {
				continue
			}
			next.stage = s.stage
			next.sides ^= 1 << m.side
		}
		w.make(i, m, next)
		if w.full {
			return
		}
	}
}

// make enters every state that the move can lead to: with each way of meeting its needs that
// makes a difference later.
func (w *walk) make(from int, m *move, next walkState) {
	s := w.states[from]
	choices := make([][]uint8, len(w.fields))
	for i := range w.fields {
		loose := s.held[i] == anything && w.free[i][s.stage]
		if !loose {
			choices[i] = []uint8{s.held[i]}
			continue
		}
		matters := w.live[i][next.stage] && !w.free[i][next.stage]
		choices[i] = w.useful(i, m, matters)
		if len(choices[i]) == 0 {
			return // a need that nothing can meet
		}
	}
	w.product(choices, func(held []uint8) {
		value := func(f FieldID) string {
			i := slices.Index(w.fields, f)
			if held[i] == anything {
				return ""
			}
			return w.domains[i][held[i]]
		}
		for _, n := range m.needs {
			if !w.d.needs[n].met(value) {
				return
			}
		}
		w.enabled[m] = true
		next.held = make([]uint8, len(held))
		for i := range held {
			next.held[i] = held[i]
			if w.free[i][next.stage] || !w.live[i][next.stage] {
				next.held[i] = anything
			}
		}
		w.enter(next, from)
	})
}

// useful lists the values of a loose field that are worth telling apart in a move: those that its
// plain needs allow; only one of them if neither a condition nor the future looks.
func (w *walk) useful(i int, m *move, matters bool) []uint8 {
	var plain, conditional bool
	values := w.all(i)
	for _, n := range m.needs {
		need := &w.d.needs[n]
		if need.Field == w.fields[i] && need.When == nil {
			plain = true
			values = slices.DeleteFunc(values, func(v uint8) bool {
				return !need.holdsNow(func(FieldID) string { return w.domains[i][v] })
			})
		}
		for when := need; when != nil; when = when.When {
			conditional = conditional || need.When != nil && when.Field == w.fields[i]
		}
	}
	switch {
	case matters || conditional:
		return values
	case plain:
		return values[:min(1, len(values))]
	}
	return []uint8{0}
}

// structure reports what the graph of moves shows without its needs.
func (c *checker) structure(d *definition, path string) []bool {
	reached := make([]bool, len(d.Stages))
	reached[0] = true
	for changed := true; changed; {
		changed = false
		for s := range d.Stages {
			for _, m := range d.first[s] {
				if reached[s] && !reached[m.to] {
					reached[m.to], changed = true, true
				}
			}
		}
	}
	w := walk{d: d}
	for i, s := range d.Stages {
		at := fmt.Sprintf("%s.stages[%d]", path, i)
		if !reached[i] {
			c.add("unreachable", at, string(s.ID))
		}
		if s.Final != "" {
			continue
		}
		if len(d.first[i]) == 0 {
			c.add("dead_end", at, string(s.ID))
		} else if !slices.ContainsFunc(d.first[i], w.performable) {
			c.add("no_role_can_leave", at, string(s.ID))
		}
	}
	return reached
}

// verdict reports what the walk shows beyond the graph.
func (c *checker) verdict(w *walk, reached []bool, path string) {
	visited := make([]bool, len(w.d.Stages))
	safe := make([]bool, len(w.states))
	var queue []int
	for i, s := range w.states {
		visited[s.stage] = true
		if w.d.Stages[s.stage].Final != "" {
			safe[i] = true
			queue = append(queue, i)
		}
	}
	for len(queue) > 0 {
		i := queue[0]
		queue = queue[1:]
		for _, from := range w.back[i] {
			if !safe[from] {
				safe[from] = true
				queue = append(queue, from)
			}
		}
	}
	trapped := make([]bool, len(w.d.Stages))
	for i, s := range w.states {
		trapped[s.stage] = trapped[s.stage] || !safe[i]
	}
	for i, s := range w.d.Stages {
		at := fmt.Sprintf("%s.stages[%d]", path, i)
		if !visited[i] && reached[i] {
			c.add("unreachable", at, string(s.ID))
		}
		if trapped[i] && len(w.d.first[i]) > 0 && slices.ContainsFunc(w.d.first[i], w.performable) {
			c.add("trap", at, string(s.ID))
		}
	}
	c.neverEnabled(w, visited, path)
}

// neverEnabled reports needs that no state in which their move stands can meet.
func (c *checker) neverEnabled(w *walk, visited []bool, path string) {
	told := make(map[*move]bool)
	for _, a := range w.d.actions {
		for s, m := range a.at {
			if m == nil || w.enabled[m] || told[m] || !visited[s] || !w.performable(m) {
				continue
			}
			told[m] = true
			for _, n := range m.needs {
				need := &w.d.needs[n]
				if need.When != nil || w.canHold(need, m) || !c.canBeSet(&w.d.Definition, need.Field) {
					continue // the last was told already
				}
				at := path + ".moves"
				if i := slices.IndexFunc(w.d.Moves, func(x Move) bool { return x.Action == m.action && x.To == m.toID }); i >= 0 {
					at = fmt.Sprintf("%s[%d]", at, i)
				}
				c.add("unfillable_need", at, string(need.Field))
			}
		}
	}
}

// canHold: in some state where the move stands, the need holds or can be made to.
func (w *walk) canHold(n *Need, m *move) bool {
	i := slices.Index(w.fields, n.Field)
	for _, s := range w.states {
		if !slices.ContainsFunc(w.d.actions, func(a action) bool { return a.at[s.stage] == m }) {
			continue
		}
		if s.held[i] == anything {
			if w.free[i][s.stage] {
				return true
			}
			continue
		}
		if n.holdsNow(func(FieldID) string { return w.domains[i][s.held[i]] }) {
			return true
		}
	}
	return false
}
