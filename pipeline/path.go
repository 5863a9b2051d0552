package pipeline

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// A Step is one command on the way to a goal: who gives it, the action, and the fields to fill with it.
type Step struct {
	By     ActorID
	Action Action // "" if only fields are to be filled
	Fill   []FieldID
	With   map[FieldID]string // values that would do; stand-ins where anything would
}

// maxPath bounds the search.
const maxPath = 20_000

// Path returns the fewest commands of the given actors that bring the case to the goal, nil if it
// is there. Each is lawful when its turn comes: the field values that a move asks for are filled
// by who may, where he may. Conditions are asked of the case as it would be, with stand-ins for
// values that are free to choose. Time stands still.
//
// Without a way it is a [*RefusedError] with what stands in the way at the stages that can be reached.
// An unknown goal is an [*UnknownError].
func (c *Case) Path(goal StageID, as []Actor) ([]Step, error) {
	if c.at == nil {
		return nil, &UnknownError{Kind: "case", ID: string(c.ID)}
	}
	to, ok := c.def.stages[goal]
	if !ok {
		return nil, &UnknownError{Kind: "stage", ID: string(goal), Nearest: nearest(string(goal), slices.Sorted(maps.Keys(c.def.stages)))}
	}
	s := search{as: as, values: c.def.standIns(), seen: make(map[string]bool)}
	s.visit(&node{c: c})
	for i := 0; i < len(s.queue); i++ {
		n := s.queue[i]
		if n.c.at.stage == to {
			return n.steps(), nil
		}
		if len(s.queue) > maxPath {
			return nil, fmt.Errorf("pipeline: no way to %s within %d states", goal, maxPath)
		}
		s.expand(n)
	}
	return nil, &RefusedError{Case: c.ID, Reasons: s.obstacles()}
}

// A search goes breadth first over the case as it would be after each command.
type search struct {
	as     []Actor
	values map[FieldID][]string // worth trying, by field that a need looks at
	seen   map[string]bool
	queue  []*node
}

type node struct {
	c    *Case
	from *node
	by   Actor
	act  *move
	fill map[FieldID]string
}

// standIns lists, for every field that a need looks at, the values worth trying: those that some need
// names, one that none does, and none. A move's condition may look at any field.
func (d *definition) standIns() map[FieldID][]string {
	out := make(map[FieldID][]string)
	for i := range d.needs {
		for n := &d.needs[i]; n != nil; n = n.When {
			for _, v := range n.Is {
				if !slices.Contains(out[n.Field], v) {
					out[n.Field] = append(out[n.Field], v)
				}
			}
			if _, ok := out[n.Field]; !ok {
				out[n.Field] = nil
			}
		}
	}
	if slices.ContainsFunc(d.Moves, func(m Move) bool { return len(m.Conditions) > 0 }) {
		for id := range d.fields {
			if _, ok := out[id]; !ok {
				out[id] = nil
			}
		}
	}
	for id, named := range out {
		if !d.plain(id) {
			named = append(named, "") // emptied, a condition may no longer hold
			out[id] = named
		}
		f := d.fields[id]
		if f == nil {
			continue
		}
		for _, v := range f.samples() {
			if !slices.Contains(named, v) {
				out[id] = append(named, v)
				break
			}
		}
	}
	return out
}

// samples are values the field can hold.
func (f *Field) samples() []string {
	switch f.Kind {
	case KindChoice:
		return f.Values
	case KindCheck:
		return []string{"yes"}
	case KindNumber:
		return numbers
	case KindDate:
		return dates
	case KindTime:
		return instants
	}
	return words64
}

var numbers, dates, instants, words64 = func() (n, d, t, w []string) {
	for i := range 256 {
		n = append(n, fmt.Sprint(i+1))
		d = append(d, fmt.Sprintf("2%03d-01-01", i))
		t = append(t, fmt.Sprintf("2%03d-01-01T00:00:00Z", i))
		w = append(w, strings.Repeat("…", i+1))
	}
	return
}()

func (s *search) visit(n *node) {
	if key := n.c.stateKey(s.values); !s.seen[key] {
		s.seen[key] = true
		s.queue = append(s.queue, n)
	}
}

// stateKey tells apart what decisions can depend on.
func (c *Case) stateKey(values map[FieldID][]string) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d %d %q", c.at.stage, c.sides, c.Owner)
	for _, f := range slices.Sorted(maps.Keys(values)) {
		fmt.Fprintf(&b, " %q", c.value(f))
	}
	return b.String()
}

func (s *search) expand(n *node) {
	for _, a := range s.as {
		s.fill(n, a, func(c *Case, fill map[FieldID]string) {
			if len(fill) > 0 {
				s.visit(&node{c: c, from: n, by: a, fill: fill})
			}
			for i := range c.def.actions {
				if m := c.def.actions[i].at[c.at.stage]; m != nil && !m.opens && c.may(&a, m) {
					s.visit(&node{c: c.after(m), from: n, by: a, act: m, fill: fill})
				}
			}
		})
	}
}

// fill calls f with the case as the actor may fill it: not at all, or with the values that are
// worth trying. Fields that only ever have to be filled are filled all at once, for that never stands
// in a way; the others are tried value by value.
func (s *search) fill(n *node, a Actor, f func(*Case, map[FieldID]string)) {
	c := n.c
	always := make(map[FieldID]string)
	var open []FieldID
	for _, id := range slices.Sorted(maps.Keys(s.values)) {
		if id == FieldOwner || id == FieldPool || !c.has(a, c.def.editors(id, c.at.stage)) {
			continue
		}
		if c.def.plain(id) {
			if c.value(id) == "" {
				always[id] = s.values[id][0]
			}
			continue
		}
		open = append(open, id)
	}
	owners := []string{string(c.Owner)}
	if c.def.needsOwner() {
		for _, other := range s.as {
			mayAssign := c.has(a, c.def.editors(FieldOwner, c.at.stage))
			claims := c.Owner == "" && other.ID == a.ID && c.has(a, c.def.Claim)
			if other.ID != c.Owner && other.ID != "" && (mayAssign || claims) {
				owners = append(owners, string(other.ID))
			}
		}
	}
	var try func(i int, fill map[FieldID]string)
	try = func(i int, fill map[FieldID]string) {
		if len(s.queue) > maxPath {
			return
		}
		if i == len(open) {
			for _, owner := range owners {
				all := maps.Clone(fill)
				if owner != string(c.Owner) {
					all[FieldOwner] = owner
				}
				f(c.filled(all), all)
			}
			return
		}
		try(i+1, fill)
		for _, v := range s.values[open[i]] {
			if v != c.value(open[i]) {
				with := maps.Clone(fill)
				with[open[i]] = v
				try(i+1, with)
			}
		}
	}
	try(0, always)
}

// plain: all that needs want of the field is that it is filled, and no condition looks at it.
func (d *definition) plain(id FieldID) bool {
	for i := range d.needs {
		n := &d.needs[i]
		f := d.fields[n.Field]
		if n.Field == id && len(n.Is) > 0 && (f == nil || f.Kind != KindCheck) {
			return false
		}
		for when := n.When; when != nil; when = when.When {
			if when.Field == id {
				return false
			}
		}
	}
	return true
}

func (d *definition) needsOwner() bool {
	for _, a := range d.actions {
		for _, m := range a.at {
			if m != nil && slices.Contains(m.roles, RoleOwner) {
				return true
			}
		}
	}
	for _, by := range d.edits {
		for _, roles := range by {
			if slices.Contains(roles, RoleOwner) {
				return true
			}
		}
	}
	return slices.ContainsFunc(d.needs, func(n Need) bool { return n.Field == FieldOwner })
}

// filled is the case with other values, for a look ahead.
func (c *Case) filled(fill map[FieldID]string) *Case {
	if len(fill) == 0 {
		return c
	}
	next := *c
	next.Values = maps.Clone(c.Values)
	if next.Values == nil {
		next.Values = make(map[FieldID]Value)
	}
	for f, v := range fill {
		if f == FieldOwner {
			next.Owner = ActorID(v)
			continue
		}
		next.Values[f] = Value{Text: v}
	}
	next.judge()
	return &next
}

// after is the case after a move, for a look ahead.
func (c *Case) after(m *move) *Case {
	next := *c
	if m.side >= 0 {
		next.Sides = slices.DeleteFunc(slices.Clone(c.Sides), func(s string) bool { return s == c.def.Sides[m.side].ID })
		next.judge()
		return &next
	}
	next.setStage(m.toID)
	return &next
}

// steps are the commands to the node, each with no more fields than it and later ones need.
func (n *node) steps() []Step {
	var way []*node
	for ; n.from != nil; n = n.from {
		own := *n
		own.fill = maps.Clone(n.fill)
		way = append(way, &own)
	}
	slices.Reverse(way)
	for _, at := range way {
		for _, f := range slices.Sorted(maps.Keys(at.fill)) {
			v := at.fill[f]
			delete(at.fill, f)
			if !n.c.allows(way) {
				at.fill[f] = v
			}
		}
	}
	out := make([]Step, len(way))
	for i, at := range way {
		out[i] = Step{By: at.by.ID, Fill: slices.Sorted(maps.Keys(at.fill)), With: at.fill}
		if at.act != nil {
			out[i].Action = at.act.action
		}
	}
	return out
}

// allows reports whether the commands can be given in this order.
func (c *Case) allows(way []*node) bool {
	for _, at := range way {
		for f := range at.fill {
			if !c.has(at.by, c.def.editors(f, c.at.stage)) &&
				(f != FieldOwner || c.Owner != "" || at.fill[f] != string(at.by.ID) || !c.has(at.by, c.def.Claim)) {
				return false
			}
		}
		c = c.filled(at.fill)
		if at.act == nil {
			continue
		}
		if m := c.def.action(at.act.action).at[c.at.stage]; m != at.act || !c.may(&at.by, m) {
			return false
		}
		c = c.after(at.act)
	}
	return true
}

// obstacles are the reasons against the moves that nobody could make anywhere the search came.
func (s *search) obstacles() (out []Reason) {
	last := make(map[*move]*Case)
	var order []*move
	done := make(map[*move]bool)
	for _, n := range s.queue {
		for _, m := range n.c.def.first[n.c.at.stage] {
			if last[m] == nil {
				order = append(order, m)
			}
			last[m] = n.c
			done[m] = done[m] || slices.ContainsFunc(s.as, func(a Actor) bool { return n.c.may(&a, m) })
		}
	}
	told := make(map[string]bool)
	for _, m := range order {
		if done[m] {
			continue
		}
		c := last[m]
		var actor Actor
		for _, a := range s.as {
			if c.has(a, m.roles) {
				actor = a
			}
		}
		for _, r := range c.Decide(actor, m.action).Reasons() {
			if text := r.Text("en"); !told[text] {
				told[text] = true
				out = append(out, r)
			}
		}
	}
	return out
}
