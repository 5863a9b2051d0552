package dedup

import (
	"cmp"
	"slices"
	"strings"
)

// Partition says which touches are one person's, by the rules of this package: it is what any
// order of Ingest, Import and Decide ends in. Each touch is in exactly one group. Groups and the
// IDs in them are sorted. It reads nothing but its arguments; c.Store and c.MaxReplay do not
// matter.
//
// The error is an *InvalidError, a *MismatchError, an *UnknownError, a *ContradictionError or a
// *ConfigError.
func Partition(t []Touch, d []Decide, c Config) ([][]TouchID, error) {
	if err := c.fill(); err != nil {
		return nil, err
	}
	p := partition{reader: c.Reader, index: make(map[TouchID]int, len(t)), forms: make(map[DecisionID]*Decide)}
	p.graph = graph{reader: c.Reader, limits: c.limits(), byKey: make(map[Key]int32)}
	if err := p.read(t, c); err != nil {
		return nil, err
	}
	if err := p.rule(d); err != nil {
		return nil, err
	}
	p.fold()
	return p.groups(), nil
}

// A partition is the work of one call of Partition.
type partition struct {
	reader  *Reader
	touches []Touch
	said    []evidence
	index   map[TouchID]int
	root    []int // of each touch: the one whose evidence places it
	bonds   [][]Bond
	node    []int32 // of each root with evidence
	forms   map[DecisionID]*Decide
	ruled   map[Key]Ruling
	graph   graph
}

func (p *partition) read(t []Touch, c Config) error {
	now := instant(c.Now())
	marks := make(map[Key][]Mark)
	for _, touch := range t {
		given := touch
		if _, err := touch.prepare(now); err != nil {
			return err
		}
		if had, ok := p.index[touch.ID]; ok {
			if err := sameContent(p.touches[had], given); err != nil {
				return err
			}
			continue
		}
		e := p.reader.read(&touch)
		p.index[touch.ID] = len(p.touches)
		for _, k := range e.keys {
			if k.Kind() == KindExternal && (!touch.silent() || touch.Kind == TouchSent) {
				marks[k] = append(marks[k], touch.mark(&e))
			}
		}
		p.touches, p.said = append(p.touches, touch), append(p.said, e)
	}
	// An echo lies where what was sent lies.
	follows := make([]TouchID, len(p.touches))
	for i := range p.touches {
		follows[i] = p.touches[i].Follows
	}
	for _, m := range marks {
		for id, sent := range echoes(m) {
			if i := p.index[id]; follows[i] == "" || sent < follows[i] {
				follows[i] = sent
			}
		}
	}
	p.root = make([]int, len(p.touches))
	for i := range p.touches {
		at, lowest := i, -1
		for hops := 0; follows[at] != ""; hops++ {
			next, ok := p.index[follows[at]]
			if !ok {
				break
			}
			at = next
			if hops >= len(p.touches) { // a circle: one of it stands for all
				if hops >= 2*len(p.touches) {
					at = lowest
					break
				}
				if lowest < 0 || p.touches[at].ID < p.touches[lowest].ID {
					lowest = at
				}
			}
		}
		p.root[i] = at
		if follows[i] != "" || p.touches[i].silent() {
			p.said[i].keys, p.said[i].boards, p.said[i].name = nil, nil, ""
		}
	}
	return nil
}

// rule applies the rulings in their order.
func (p *partition) rule(d []Decide) error {
	p.ruled = make(map[Key]Ruling)
	force := make([]*Decide, 0, len(d))
	for i := range d {
		ruling := &d[i]
		if err := ruling.check(p.reader); err != nil {
			return err
		}
		if had, ok := p.forms[ruling.ID]; ok {
			if err := had.same(ruling); err != nil {
				return err
			}
			continue
		}
		p.forms[ruling.ID] = ruling
		for _, id := range slices.Concat(ruling.A, ruling.B) {
			if _, ok := p.index[id]; !ok {
				return &UnknownError{Kind: "touch", ID: string(id)}
			}
		}
		if ruling.Ruling == RulingWithdraw {
			if had, ok := p.forms[ruling.Undo]; ok && had.Ruling == RulingWithdraw {
				return &InvalidError{Field: "Undo", Value: string(ruling.Undo), Why: "cannot be withdrawn"}
			}
			at := slices.IndexFunc(force, func(f *Decide) bool { return f.ID == ruling.Undo })
			if at < 0 {
				return &UnknownError{Kind: "decision", ID: string(ruling.Undo)}
			}
			force = slices.Delete(force, at, at+1)
			continue
		}
		if with := p.contradicted(force, ruling); with != "" {
			return &ContradictionError{Decision: ruling.ID, With: with}
		}
		force = append(force, ruling)
	}
	p.bonds = make([][]Bond, len(p.touches))
	for _, f := range force {
		switch f.Ruling {
		case RulingShared, RulingPersonal:
			p.ruled[f.Key] = f.Ruling
		default:
			for side, ids := range [2][]TouchID{f.A, f.B} {
				for _, id := range ids {
					root := p.root[p.index[id]]
					b := Bond{Decision: f.ID, Ruling: f.Ruling, B: side == 1}
					if !slices.ContainsFunc(p.bonds[root], func(o Bond) bool { return o.Decision == b.Decision && o.B == b.B }) {
						p.bonds[root] = append(p.bonds[root], b)
					}
				}
			}
		}
	}
	for i := range p.bonds {
		slices.SortFunc(p.bonds[i], func(a, b Bond) int { return compareBonds([]Bond{a}, []Bond{b}) })
	}
	return nil
}

// contradicted returns the ruling in force that a new one contradicts, "" if none.
func (p *partition) contradicted(force []*Decide, d *Decide) DecisionID {
	if d.Key != "" {
		for _, f := range force {
			if f.Key == d.Key && f.Ruling != d.Ruling {
				return f.ID
			}
		}
		return ""
	}
	group := make(map[int]int) // root touch -> any of its group
	var find func(i int) int
	find = func(i int) int {
		if j, ok := group[i]; ok && j != i {
			return find(j)
		}
		return i
	}
	at := func(id TouchID) int { return p.root[p.index[id]] }
	clash := func(f *Decide) bool {
		return slices.ContainsFunc(f.A, func(a TouchID) bool {
			return slices.ContainsFunc(f.B, func(b TouchID) bool { return find(at(a)) == find(at(b)) })
		})
	}
	unite := func(f *Decide) {
		for _, id := range f.A[1:] {
			if a, b := find(at(f.A[0])), find(at(id)); a != b {
				group[b] = a
			}
		}
	}
	for _, f := range append(slices.Clip(force), d) {
		if f.Ruling == RulingSame {
			unite(f)
			if d.Ruling == RulingDifferent && clash(d) {
				return f.ID
			}
		}
	}
	for _, f := range force {
		if f.Ruling == RulingDifferent && clash(f) {
			return f.ID
		}
	}
	if d.Ruling == RulingDifferent && clash(d) {
		return d.ID // two touches of which one follows the other
	}
	return ""
}

// fold makes a trace of the touches that say the same, and settles.
func (p *partition) fold() {
	type voice struct{ keys, name, bonds string }
	folds := make(map[voice]int32)
	p.node = make([]int32, len(p.touches))
	for i := range p.touches {
		p.node[i] = -1
		if p.root[i] != i {
			continue
		}
		e := &p.said[i]
		v := voice{keys: joinKeys(e.keys), name: e.name}
		for _, b := range p.bonds[i] {
			side := "A"
			if b.B {
				side = "B"
			}
			v.bonds += side + string(b.Decision) + "\x00"
		}
		if len(e.keys) == 0 {
			v.bonds = string(p.touches[i].ID)
		}
		at, ok := folds[v]
		if !ok {
			at = p.graph.add(node{id: TraceID(p.touches[i].ID), keys: e.keys, name: v.name, first: p.touches[i].When(), bonds: p.bonds[i]})
			folds[v] = at
		} else if first := p.touches[i].When(); first.Before(p.graph.nodes[at].first) {
			p.graph.nodes[at].first = first
		}
		p.node[i] = at
		for _, board := range e.boards {
			p.graph.links[p.graph.link(board)].board = true
		}
	}
	for i := range p.graph.links {
		l := &p.graph.links[i]
		var full bool
		l.shared, full, _ = p.graph.prove(l)
		if !full {
			switch ruling, ok := p.ruled[l.key]; {
			case !ok:
			case ruling == RulingShared:
				l.shared = true
			case ruling == RulingPersonal:
				l.shared = false
			}
		}
	}
	p.graph.settle()
}

func joinKeys(keys []Key) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(string(k))
		b.WriteByte(0)
	}
	return b.String()
}

func (p *partition) groups() [][]TouchID {
	type place struct {
		node int32
		solo int
	}
	at := make(map[place]int)
	var out [][]TouchID
	for i := range p.touches {
		root := p.root[i]
		n := p.node[root]
		where := place{solo: -1}
		switch node := &p.graph.nodes[n]; {
		case node.loose:
			where = place{-1, root}
		case node.leaf:
			where.node = n
			if h := p.graph.holder(&p.graph.links[node.links[0]], p.touches[root].When()); h >= 0 {
				where.node = p.graph.root(h)
			}
		default:
			where.node = p.graph.root(n)
		}
		k, ok := at[where]
		if !ok {
			k = len(out)
			at[where] = k
			out = append(out, nil)
		}
		out[k] = append(out[k], p.touches[i].ID)
	}
	for _, group := range out {
		slices.Sort(group)
	}
	slices.SortFunc(out, func(a, b []TouchID) int { return cmp.Compare(a[0], b[0]) })
	return out
}
