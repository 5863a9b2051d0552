package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Bounds of one definition.
const (
	maxNames    = 64   // roles, conditions and side processes
	maxParts    = 512  // stages, fields, moves, edits, timers and copies
	maxNeeds    = 2048 // needs in all
	maxProblems = 1000 // after which Check says no more
)

// Check finds every fault of the rules at once. Problems that are no Warning keep them from being
// compiled.
//
// Beyond names and spelling it walks through every state that cases can get into, fields and
// side processes included: where a field can be edited it can hold anything, so only what is frozen
// counts. It assumes that each role that is named has somebody, and that conditions can
// hold. Past 100,000 states it says too_complex, and does not guess.
func Check(r Rules) Problems {
	c := checker{rules: &r, pipelines: make(map[PipelineID]*Definition)}
	for i := range r.Definitions {
		d := &r.Definitions[i]
		if known := c.pipelines[d.ID]; known == nil || known.Version < d.Version {
			c.pipelines[d.ID] = d
		}
	}
	type version struct {
		id PipelineID
		n  int
	}
	seen := make(map[version]bool)
	for i := range r.Definitions {
		d := &r.Definitions[i]
		path := fmt.Sprintf("definitions[%d]", i)
		if key := (version{d.ID, d.Version}); seen[key] {
			c.add("duplicate", path+".id", string(d.ID))
		} else {
			seen[key] = true
		}
		c.definition(d, path)
	}
	c.routes()
	return c.found
}

type checker struct {
	rules     *Rules
	pipelines map[PipelineID]*Definition // the newest of each
	found     Problems
}

func (c *checker) add(code, path string, names ...string) {
	if len(c.found) >= maxProblems {
		return
	}
	p := Problem{Code: code, Path: path, Names: names}
	for at := path; ; { // a name that is missing lies where its parent does
		if place, ok := c.rules.places[at]; ok {
			p.Line, p.Column = place.line, place.column
			break
		}
		cut := strings.LastIndexAny(at, ".[")
		if cut < 0 {
			break
		}
		at = at[:cut]
	}
	c.found = append(c.found, p)
}

func (c *checker) warn(code, path string, names ...string) {
	if before := len(c.found); before < maxProblems {
		c.add(code, path, names...)
		c.found[before].Warning = true
	}
}

// known reports a name that is not among those defined.
func known[S ~string](c *checker, path string, name S, defined []S) bool {
	if slices.Contains(defined, name) {
		return true
	}
	c.add("unknown_name", path, append([]string{string(name)}, nearest(string(name), defined)...)...)
	return false
}

// unique reports IDs that are empty, no ID, or repeated.
func unique[S ~string](c *checker, path string, ids []S) {
	for i, id := range ids {
		at := fmt.Sprintf("%s[%d].id", path, i)
		if id == "" || checkID("", string(id)) != nil {
			c.add("bad_value", at, string(id))
		} else if slices.Contains(ids[:i], id) {
			c.add("duplicate", at, string(id))
		}
	}
}

func collect[T any, S ~string](list []T, id func(*T) S) []S {
	out := make([]S, len(list))
	for i := range list {
		out[i] = id(&list[i])
	}
	return out
}

func (c *checker) definition(d *Definition, path string) {
	before := len(c.found)
	if d.ID == "" || checkID("", string(d.ID)) != nil {
		c.add("bad_value", path+".id", string(d.ID))
	}
	if !c.limits(d, path) {
		return
	}
	n := names{
		stages: collect(d.Stages, func(s *Stage) StageID { return s.ID }),
		fields: collect(d.Fields, func(f *Field) FieldID { return f.ID }),
		sides:  collect(d.Sides, func(s *Side) string { return s.ID }),
		copies: collect(d.Copies, func(k *Copy) string { return k.ID }),
	}
	unique(c, path+".stages", n.stages)
	unique(c, path+".fields", n.fields)
	unique(c, path+".sides", n.sides)
	unique(c, path+".copies", n.copies)
	unique(c, path+".timers", collect(d.Timers, func(t *Timer) string { return t.ID }))
	for _, m := range d.Moves {
		if !slices.Contains(n.actions, m.Action) {
			n.actions = append(n.actions, m.Action)
		}
	}
	for _, s := range d.Sides {
		for _, a := range []Action{openAction + Action(s.ID), closeAction + Action(s.ID)} {
			if slices.Contains(n.actions, a) {
				c.add("duplicate", path+".sides", string(a))
			}
			n.actions = append(n.actions, a)
		}
	}
	c.fields(d, &n, path)
	c.stagesAndMoves(d, &n, path)
	c.edits(d, &n, path)
	c.sides(d, &n, path)
	c.timers(d, &n, path)
	c.copies(d, &n, path)
	if len(d.Stages) == 0 {
		c.add("dead_end", path+".stages")
	} else if !slices.ContainsFunc(c.found[before:], func(p Problem) bool {
		return p.Code == "unknown_name" || p.Code == "duplicate" || p.Code == "bad_value" || p.Code == "ambiguous" || p.Code == "too_many"
	}) {
		c.walk(d, path) // states can be told only where names can
	}
}

// names are those of one definition.
type names struct {
	stages  []StageID
	fields  []FieldID
	sides   []string
	copies  []string
	actions []Action
}

// limits is false if there is so much that looking on would take too long.
func (c *checker) limits(d *Definition, path string) bool {
	roles := make(map[Role]bool)
	conditions := make(map[string]bool)
	add := func(list []Role) {
		for _, r := range list {
			roles[r] = true
		}
	}
	add(d.Claim)
	for _, m := range d.Moves {
		add(m.Roles)
		for _, name := range m.Conditions {
			conditions[name] = true
		}
	}
	for _, e := range d.Edits {
		add(e.Roles)
	}
	for _, s := range d.Sides {
		add(s.Open)
		add(s.Close)
	}
	needs := 0
	for _, m := range d.Moves {
		needs += len(m.Needs) + len(m.From) + len(m.Conditions) + len(m.Copies)
	}
	for _, s := range d.Stages {
		needs += len(s.Enter)
	}
	for _, s := range d.Sides {
		needs += len(s.Needs) + len(s.Blocks)
	}
	for _, e := range d.Edits {
		needs += len(e.Fields) + len(e.In)
	}
	ok := true
	for _, count := range []struct {
		what     string
		n, limit int
	}{
		{"roles", len(roles), maxNames}, {"conditions", len(conditions), maxNames}, {"sides", len(d.Sides), maxNames},
		{"stages", len(d.Stages), maxParts}, {"fields", len(d.Fields), maxParts}, {"moves", len(d.Moves), maxParts},
		{"edits", len(d.Edits), maxParts}, {"timers", len(d.Timers), maxParts}, {"copies", len(d.Copies), maxParts}, {"needs", needs, maxNeeds},
	} {
		if count.n > count.limit {
			c.add("too_many", path, count.what)
			ok = false
		}
	}
	return ok
}

func (c *checker) fields(d *Definition, n *names, path string) {
	for i := range d.Fields {
		f := &d.Fields[i]
		at := fmt.Sprintf("%s.fields[%d]", path, i)
		switch f.Kind {
		case KindText, KindNumber, KindDate, KindTime, KindCheck:
			if len(f.Values) > 0 {
				c.add("bad_value", at+".values", f.Values...)
			}
		case KindChoice:
			if len(f.Values) == 0 || slices.Contains(f.Values, "") {
				c.add("bad_value", at+".values")
			}
			if twice := repeated(f.Values); twice != "" {
				c.add("duplicate", at+".values", twice)
			}
		default:
			known(c, at+".kind", f.Kind, []string{KindText, KindNumber, KindDate, KindTime, KindChoice, KindCheck})
		}
		if f.ID == FieldOwner || f.ID == FieldPool || f.ID == FieldCards || f.ID == "*" {
			c.add("duplicate", at+".id", string(f.ID))
		}
		if f.Party != "" {
			known(c, at+".party", f.Party, d.Parties)
		}
		if f.Link != "" {
			used, ok := linkFields(f.Link)
			if !ok {
				c.add("bad_link", at+".link", f.Link)
			}
			for _, name := range used {
				if !slices.Contains(n.fields, name) {
					c.add("bad_link", at+".link", append([]string{string(name)}, nearest(string(name), n.fields)...)...)
				}
			}
		}
	}
	if twice := repeated(d.Parties); twice != "" {
		c.add("duplicate", path+".parties", twice)
	}
}

func repeated[S ~string](list []S) S {
	for i, s := range list {
		if slices.Contains(list[:i], s) {
			return s
		}
	}
	return ""
}

func (c *checker) stagesAndMoves(d *Definition, n *names, path string) {
	for i := range d.Stages {
		s := &d.Stages[i]
		at := fmt.Sprintf("%s.stages[%d]", path, i)
		if s.ID == "*" {
			c.add("bad_value", at+".id", "*")
		}
		if s.Final != "" {
			known(c, at+".final", s.Final, []string{Won, Lost})
		}
		c.needs(d, n, s.Enter, at+".enter")
	}
	type step struct {
		stage  int
		action Action
	}
	seen := make(map[step]bool)
	for i := range d.Moves {
		m := &d.Moves[i]
		at := fmt.Sprintf("%s.moves[%d]", path, i)
		if m.Action == "" || checkID("", string(m.Action)) != nil {
			c.add("bad_value", at+".action", string(m.Action))
		}
		for j, from := range m.From {
			if from != "*" {
				known(c, fmt.Sprintf("%s.from[%d]", at, j), from, n.stages)
			}
		}
		if len(m.From) == 0 {
			c.add("bad_value", at+".from")
		}
		enter := []Need(nil)
		if known(c, at+".to", m.To, n.stages) {
			enter = d.Stages[slices.Index(n.stages, m.To)].Enter
		}
		for _, s := range stagesOf(d, m.From) {
			if key := (step{s, m.Action}); seen[key] {
				c.add("ambiguous", at, string(m.Action), string(d.Stages[s].ID))
			} else {
				seen[key] = true
			}
		}
		c.needs(d, n, m.Needs, at+".needs")
		contradiction(c, slices.Concat(m.Needs, enter), at+".needs")
		for j, name := range m.Conditions {
			if c.rules.Conditions[name] == nil {
				known(c, fmt.Sprintf("%s.conditions[%d]", at, j), name, slices.DeleteFunc(slices.Sorted(maps.Keys(c.rules.Conditions)), func(k string) bool { return c.rules.Conditions[k] == nil }))
			}
		}
		for j, name := range m.Copies {
			known(c, fmt.Sprintf("%s.copies[%d]", at, j), name, n.copies)
		}
	}
}

// needs checks the names of needs, and that each value can be had at all.
func (c *checker) needs(d *Definition, n *names, needs []Need, path string) {
	for i := range needs {
		at := fmt.Sprintf("%s[%d]", path, i)
		depth := 0
		for need := &needs[i]; need != nil; need, at = need.When, at+".when" {
			if depth++; depth > maxDepth {
				c.add("too_complex", at)
				break
			}
			if need.Field == FieldOwner || need.Field == FieldPool {
				continue
			}
			if !known(c, at+".field", need.Field, n.fields) {
				continue
			}
			f := &d.Fields[slices.Index(n.fields, need.Field)]
			for j, v := range need.Is {
				if f.Kind == KindChoice {
					known(c, fmt.Sprintf("%s.is[%d]", at, j), v, f.Values)
				} else if v == "" || f.check(v) != nil {
					c.add("bad_value", fmt.Sprintf("%s.is[%d]", at, j), v)
				}
			}
			if need == &needs[i] && need.When == nil && !c.canBeSet(d, need.Field) {
				c.add("unfillable_need", at, string(need.Field))
			}
		}
	}
	contradiction(c, needs, path)
}

// canBeSet: by somebody somewhere, or from the start by a route or a copy.
func (c *checker) canBeSet(d *Definition, f FieldID) bool {
	for i := range d.Edits {
		if e := &d.Edits[i]; len(e.Roles) > 0 && (slices.Contains(e.Fields, f) || slices.Contains(e.Fields, "*")) {
			return true
		}
	}
	for i := range c.rules.Routes {
		if r := &c.rules.Routes[i]; r.Pipeline == d.ID && r.Set[f] != "" {
			return true
		}
	}
	return c.copiedInto(d.ID, f)
}

func (c *checker) copiedInto(p PipelineID, f FieldID) bool {
	for i := range c.rules.Definitions {
		for _, k := range c.rules.Definitions[i].Copies {
			if k.To == p && slices.Contains(k.Fields, f) {
				return true
			}
		}
	}
	return false
}

// contradiction: two needs that always hold leave a field no value. It is told once per list.
func contradiction(c *checker, needs []Need, path string) {
	for i := range needs {
		for j := range i {
			a, b := &needs[i], &needs[j]
			if a.Field == b.Field && a.When == nil && b.When == nil && len(a.Is) > 0 && len(b.Is) > 0 && len(intersect(a.Is, b.Is)) == 0 {
				c.add("contradictory_need", path, string(a.Field))
				return
			}
		}
	}
}

func (c *checker) edits(d *Definition, n *names, path string) {
	fields := append([]FieldID{"*", FieldOwner, FieldPool, FieldCards}, n.fields...)
	for i := range d.Edits {
		e := &d.Edits[i]
		at := fmt.Sprintf("%s.edits[%d]", path, i)
		for j, f := range e.Fields {
			known(c, fmt.Sprintf("%s.fields[%d]", at, j), f, fields)
		}
		for j, s := range e.In {
			known(c, fmt.Sprintf("%s.in[%d]", at, j), s, n.stages)
		}
	}
}

func (c *checker) sides(d *Definition, n *names, path string) {
	for i := range d.Sides {
		s := &d.Sides[i]
		at := fmt.Sprintf("%s.sides[%d]", path, i)
		if s.Party != "" {
			known(c, at+".party", s.Party, d.Parties)
		}
		for j, a := range s.Blocks {
			if a != "*" {
				known(c, fmt.Sprintf("%s.blocks[%d]", at, j), a, n.actions)
			}
		}
		c.needs(d, n, s.Needs, at+".needs")
		for stage := range d.Stages {
			c.blocksAll(d, s, stage, at)
		}
	}
}

// blocksAll: while the side is open nothing leaves the stage. That is a warning if somebody can
// close it there, else an error.
func (c *checker) blocksAll(d *Definition, s *Side, stage int, at string) {
	if d.Stages[stage].Final != "" || len(s.Open) == 0 {
		return
	}
	any := false
	for i := range d.Moves {
		m := &d.Moves[i]
		if !slices.Contains(stagesOf(d, m.From), stage) {
			continue
		}
		any = true
		if !slices.Contains(s.Blocks, m.Action) && !slices.Contains(s.Blocks, "*") {
			return
		}
	}
	if !any {
		return
	}
	closable := len(s.Close) > 0 && !slices.Contains(s.Blocks, closeAction+Action(s.ID))
	for i := range s.Needs {
		closable = closable && (s.Needs[i].When != nil || editableAt(d, s.Needs[i].Field, stage))
	}
	if closable {
		c.warn("side_blocks_all", at, string(d.Stages[stage].ID))
	} else {
		c.add("side_blocks_all", at, string(d.Stages[stage].ID))
	}
}

func editableAt(d *Definition, f FieldID, stage int) bool {
	for i := range d.Edits {
		e := &d.Edits[i]
		if len(e.Roles) > 0 && (len(e.In) == 0 || slices.Contains(e.In, d.Stages[stage].ID)) &&
			(slices.Contains(e.Fields, f) || slices.Contains(e.Fields, "*") && f != FieldOwner && f != FieldPool) {
			return true
		}
	}
	return false
}

func (c *checker) timers(d *Definition, n *names, path string) {
	for i := range d.Timers {
		t := &d.Timers[i]
		at := fmt.Sprintf("%s.timers[%d]", path, i)
		c.signal(d, n, t.Start, at+".start", true)
		if t.Stop != "" {
			c.signal(d, n, t.Stop, at+".stop", false)
		}
		start, _ := parseSignal(t.Start)
		if !start.date && t.Within <= 0 {
			c.add("bad_value", at+".within", t.Within.String())
		}
		if t.Calendar != "" && c.rules.Calendars[t.Calendar] == nil {
			known(c, at+".calendar", t.Calendar, slices.DeleteFunc(slices.Sorted(maps.Keys(c.rules.Calendars)), func(k string) bool { return c.rules.Calendars[k] == nil }))
		}
		for j, p := range t.Pause {
			known(c, fmt.Sprintf("%s.pause[%d]", at, j), p, d.Parties)
		}
		switch {
		case t.To == "" && t.Do == "":
			c.add("timer_to_nowhere", at, t.ID)
		case t.Do != "" && t.Do != DoReassign:
			if known(c, at+".do", t.Do, n.actions) && !timerMay(d, t.Do) {
				c.add("timer_to_nowhere", at+".do", string(t.Do))
			}
		}
	}
}

// timerMay: the role timer may do the action at some stage.
func timerMay(d *Definition, a Action) bool {
	return slices.ContainsFunc(d.Moves, func(m Move) bool { return m.Action == a && slices.Contains(m.Roles, RoleTimer) }) ||
		slices.ContainsFunc(d.Sides, func(s Side) bool {
			return a == openAction+Action(s.ID) && slices.Contains(s.Open, RoleTimer) || a == closeAction+Action(s.ID) && slices.Contains(s.Close, RoleTimer)
		})
}

func (c *checker) signal(d *Definition, n *names, text, path string, start bool) {
	s, ok := parseSignal(text)
	if !ok || s.date && !start {
		c.add("timer_to_nowhere", path, text)
		return
	}
	switch s.kind {
	case EventMoved:
		known(c, path, StageID(s.name), n.stages)
	case EventSideOpened, EventSideClosed:
		known(c, path, s.name, n.sides)
	case EventSet:
		if s.name == string(FieldOwner) && !s.date {
			return
		}
		if known(c, path, FieldID(s.name), n.fields) && s.date {
			if f := d.Fields[slices.Index(n.fields, FieldID(s.name))]; f.Kind != KindDate && f.Kind != KindTime {
				c.add("bad_value", path, s.name, f.Kind)
			}
		}
	}
}

func (c *checker) copies(d *Definition, n *names, path string) {
	for i := range d.Copies {
		k := &d.Copies[i]
		at := fmt.Sprintf("%s.copies[%d]", path, i)
		to := c.pipelines[k.To]
		if to == nil {
			c.add("copy_target", at+".to", append([]string{string(k.To)}, nearest(string(k.To), slices.Sorted(maps.Keys(c.pipelines)))...)...)
		}
		if k.By != "" {
			known(c, at+".by", k.By, n.fields)
		}
		for j, f := range k.Fields {
			here := slices.Index(n.fields, f)
			if here < 0 {
				c.add("copy_field", fmt.Sprintf("%s.fields[%d]", at, j), string(f))
				continue
			}
			if to == nil {
				continue
			}
			there := slices.IndexFunc(to.Fields, func(o Field) bool { return o.ID == f })
			if there < 0 || to.Fields[there].Kind != d.Fields[here].Kind ||
				slices.ContainsFunc(d.Fields[here].Values, func(v string) bool { return !slices.Contains(to.Fields[there].Values, v) }) {
				c.add("copy_field", fmt.Sprintf("%s.fields[%d]", at, j), string(f))
			}
		}
	}
}

func (c *checker) routes() {
	routes := c.rules.Routes
	if len(routes) > maxNeeds {
		c.add("too_many", "routes")
		return
	}
	left := maxBoxes
	unique(c, "routes", collect(routes, func(r *Route) string { return r.ID }))
	for i := range routes {
		r := &routes[i]
		at := fmt.Sprintf("routes[%d]", i)
		empty := r.Pipeline == ""
		for _, list := range r.lists() {
			empty = empty || list != nil && len(list) == 0
		}
		if empty {
			c.add("empty_route", at, r.ID)
			continue
		}
		if known(c, at+".pipeline", r.Pipeline, slices.Sorted(maps.Keys(c.pipelines))) {
			d := c.pipelines[r.Pipeline]
			for _, f := range slices.Sorted(maps.Keys(r.Set)) {
				j := slices.IndexFunc(d.Fields, func(o Field) bool { return o.ID == f })
				if j < 0 {
					known(c, at+".set."+string(f), f, collect(d.Fields, func(f *Field) FieldID { return f.ID }))
				} else if v := r.Set[f]; v != "" && d.Fields[j].check(v) != nil {
					c.add("bad_value", at+".set."+string(f), v)
				}
			}
		}
		if _, wins, known := winner(routes, i, &left); !known {
			c.warn("too_complex", at, r.ID)
		} else if !wins {
			c.add("shadowed_route", at, r.ID)
		}
	}
}
