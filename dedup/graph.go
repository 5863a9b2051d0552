package dedup

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A TraceID names a trace: touches with the same evidence. It is the ID of its first-arrived touch.
type TraceID string

// A graph is a set of traces with the keys that link them. settle decides which are one person.
type graph struct {
	reader *Reader
	limits limits
	nodes  []node
	links  []link
	order  []int32       // of the links that join, while settle runs
	byKey  map[Key]int32 // once there are many
	log    func(step)    // told of each decision; nil: nobody asks
}

type limits struct{ names, peers, traces int }

// A node is a trace.
type node struct {
	id    TraceID
	keys  []Key // sorted
	name  string
	given string // the given part of name
	first time.Time
	bonds []Bond

	links  []int32
	parent int32   // of the union-find forest
	peer   int32   // the same for Same rulings alone
	card   []int32 // at a root: the nodes of its card
	leaf   bool
	loose  bool // dissolved: each of its touches is alone
}

// A link is a key with the traces that have it.
type link struct {
	key    Key
	shared bool
	board  bool      // seen with an extension
	since  time.Time // the earliest trace that was erased
	first  time.Time
	nodes  []int32
}

// A step is one decision of settle, for Explain.
type step struct {
	rule   Rule
	key    Key
	a, b   int32
	linked bool
	why    string
}

func (g *graph) add(n node) int32 {
	i := int32(len(g.nodes))
	if g.nodes = slices.Grow(g.nodes, 1)[:i+1]; cap(g.nodes[i].card) > 0 { // of a graph before
		n.links, n.card = g.nodes[i].links[:0], g.nodes[i].card[:0]
	}
	n.given = givenPart(n.name)
	n.parent, n.peer = i, i
	for _, k := range n.keys {
		l := g.link(k)
		g.links[l].nodes = append(g.links[l].nodes, i)
		n.links = append(n.links, l)
	}
	g.nodes[i] = n
	return i
}

// reset makes g empty. It keeps its memory.
func (g *graph) reset(r *Reader, l limits, log func(step)) {
	*g = graph{reader: r, limits: l, log: log, nodes: g.nodes[:0], links: g.links[:0], order: g.order}
}

// link returns the place of k among the links.
func (g *graph) link(k Key) int32 {
	if g.byKey == nil {
		for i := range g.links {
			if g.links[i].key == k {
				return int32(i)
			}
		}
	} else if l, ok := g.byKey[k]; ok {
		return l
	}
	l := int32(len(g.links))
	g.links = slices.Grow(g.links, 1)[:l+1]
	g.links[l] = link{key: k, nodes: g.links[l].nodes[:0]}
	switch {
	case g.byKey != nil:
		g.byKey[k] = l
	case len(g.links) > few:
		g.byKey = make(map[Key]int32, 2*few)
		for i := range g.links {
			g.byKey[g.links[i].key] = int32(i)
		}
	}
	return l
}

// prove tells from the traces on a key whether it is shared, and why; full is true if there are
// too many to list.
func (g *graph) prove(l *link) (shared, full bool, why string) {
	if l.board {
		shared, why = true, "switchboard"
	}
	distinct := 0
	given := make([]string, 0, 8)
	peers := make([]Key, 0, 8)
	kind := l.key.Kind()
	for i, at := range l.nodes {
		n := &g.nodes[at]
		if !slices.ContainsFunc(l.nodes[:i], func(o int32) bool { return g.nodes[o].name == n.name && slices.Equal(g.nodes[o].keys, n.keys) }) {
			distinct++
		}
		if n.given != "" && !slices.Contains(given, n.given) {
			given = append(given, n.given)
		}
		if kind == KindExternal {
			continue
		}
		for _, k := range n.keys {
			if p := k.Kind(); p != kind && p != KindExternal && !slices.Contains(peers, k) {
				peers = append(peers, k)
			}
		}
	}
	switch {
	case distinct > g.limits.traces:
		return true, true, "traces"
	case shared:
	case len(peers) > g.limits.peers:
		return true, false, "peers"
	case len(given) > g.limits.names && differentNames(given, g.limits.names):
		return true, false, "names"
	}
	return shared, false, why
}

// differentNames reports whether more than limit of the readings are different names: pairwise
// without anything in common. It only grows with further readings.
func differentNames(given []string, limit int) bool {
	var several []string
	count := 0
	for _, s := range given {
		if !strings.Contains(s, "|") {
			count++
		}
	}
	if count > limit {
		return true
	}
	for _, s := range given {
		if strings.Contains(s, "|") && !slices.ContainsFunc(given, func(o string) bool { return !strings.Contains(o, "|") && shareName(o, s) }) {
			several = append(several, s)
		}
	}
	return disjoint(several, nil, limit+1-count)
}

// disjoint reports whether need of the sets, together with chosen, have pairwise nothing in common.
func disjoint(sets, chosen []string, need int) bool {
	if need <= 0 {
		return true
	}
	if len(sets) < need {
		return false
	}
	s := sets[0]
	if !slices.ContainsFunc(chosen, func(o string) bool { return shareName(o, s) }) && disjoint(sets[1:], append(slices.Clip(chosen), s), need-1) {
		return true
	}
	return disjoint(sets[1:], chosen, need)
}

// settle decides which traces are one person.
func (g *graph) settle() {
	for i := range g.nodes {
		n := &g.nodes[i]
		n.card = append(n.card[:0], int32(i))
		united := slices.ContainsFunc(n.bonds, func(b Bond) bool { return b.Ruling == RulingSame })
		n.leaf = n.name == "" && len(n.keys) == 1 && len(n.bonds) == 0
		n.loose = len(n.keys) > 0 && !united && !slices.ContainsFunc(n.links, func(l int32) bool { return !g.links[l].shared })
	}
	g.uniteSame()
	order := g.order[:0]
	for i := range g.links {
		l := &g.links[i]
		slices.SortFunc(l.nodes, g.compare)
		l.first = l.since
		if len(l.nodes) > 0 && (l.since.IsZero() || g.nodes[l.nodes[0]].first.Before(l.since)) {
			l.first = g.nodes[l.nodes[0]].first
		}
		if !l.shared {
			order = append(order, int32(i))
		}
	}
	slices.SortFunc(order, func(a, b int32) int {
		x, y := &g.links[a], &g.links[b]
		return cmp.Or(-cmp.Compare(x.key.Kind(), y.key.Kind()), x.first.Compare(y.first), strings.Compare(string(x.key), string(y.key)))
	})
	for _, l := range order {
		g.join(&g.links[l])
	}
	g.order = order
}

func (g *graph) uniteSame() {
	var first map[DecisionID]int32
	for i := range g.nodes {
		for _, b := range g.nodes[i].bonds {
			if b.Ruling != RulingSame {
				continue
			}
			if first == nil {
				first = make(map[DecisionID]int32)
			}
			if j, ok := first[b.Decision]; ok {
				g.unite(j, int32(i))
				g.nodes[g.peerRoot(int32(i))].peer = g.peerRoot(j)
				g.note(step{RuleSame, "", j, int32(i), true, string(b.Decision)})
			} else {
				first[b.Decision] = int32(i)
			}
		}
	}
}

// compare orders traces by their first touch, then by what they say.
func (g *graph) compare(a, b int32) int {
	if a == b {
		return 0
	}
	x, y := &g.nodes[a], &g.nodes[b]
	return cmp.Or(x.first.Compare(y.first), strings.Compare(x.name, y.name), slices.Compare(x.keys, y.keys), compareBonds(x.bonds, y.bonds))
}

// join unites the cards that have l, those with a name first: each with the first earlier one that
// it does not contradict.
func (g *graph) join(l *link) {
	var buf [8]int32
	cards := buf[:0] // roots, in the order of their first trace on the key
	var at [8]int32
	nodes := at[:0]
	for _, i := range l.nodes {
		if n := &g.nodes[i]; n.leaf {
			continue
		}
		if root := g.root(i); !slices.Contains(cards, root) {
			cards, nodes = append(cards, root), append(nodes, i)
		}
	}
	for i := 1; i < len(cards); i++ {
		if !g.named(cards[i]) {
			continue
		}
		for j := range i {
			if !g.named(cards[j]) || g.root(cards[j]) == g.root(cards[i]) {
				continue
			}
			if why := g.conflict(g.root(cards[j]), g.root(cards[i])); why != "" {
				g.note(step{Rule(why), l.key, nodes[j], nodes[i], false, ""})
				continue
			}
			g.unite(cards[j], cards[i])
			g.note(step{RuleKey, l.key, nodes[j], nodes[i], true, ""})
			break
		}
	}
	for i := range cards {
		if g.named(cards[i]) {
			continue
		}
		if j := g.host(cards, i); j >= 0 {
			rule := RuleNameless
			g.unite(cards[j], cards[i])
			g.note(step{rule, l.key, nodes[j], nodes[i], true, ""})
		}
	}
}

// host returns which of cards the nameless cards[i] joins: the latest named one before it, else
// the first named one, else the first. A Different ruling excludes one. -1: none.
func (g *graph) host(cards []int32, i int) int {
	me := g.root(cards[i])
	may := func(j int) bool {
		root := g.root(cards[j])
		return root == me || !g.different(root, me)
	}
	for j := i - 1; j >= 0; j-- {
		if g.named(g.root(cards[j])) && may(j) {
			return g.unlessMine(cards, j, me)
		}
	}
	for j := range cards {
		if g.named(g.root(cards[j])) && may(j) {
			return g.unlessMine(cards, j, me)
		}
	}
	for j := range i {
		if may(j) {
			return g.unlessMine(cards, j, me)
		}
	}
	return -1
}

func (g *graph) unlessMine(cards []int32, j int, me int32) int {
	if g.root(cards[j]) == me {
		return -1
	}
	return j
}

func (g *graph) root(i int32) int32 {
	for g.nodes[i].parent != i {
		g.nodes[i].parent = g.nodes[g.nodes[i].parent].parent
		i = g.nodes[i].parent
	}
	return i
}

func (g *graph) peerRoot(i int32) int32 {
	for g.nodes[i].peer != i {
		i = g.nodes[i].peer
	}
	return i
}

func (g *graph) unite(a, b int32) {
	a, b = g.root(a), g.root(b)
	if a == b {
		return
	}
	g.nodes[b].parent = a
	g.nodes[a].card = append(g.nodes[a].card, g.nodes[b].card...)
}

// named reports whether a trace of i's card has a given name.
func (g *graph) named(i int32) bool {
	return slices.ContainsFunc(g.nodes[g.root(i)].card, func(n int32) bool { return g.nodes[n].given != "" })
}

// conflict returns the rule that keeps two cards apart, "" if none does.
func (g *graph) conflict(a, b int32) Rule {
	if g.different(a, b) {
		return RuleDifferent
	}
	for _, x := range g.nodes[a].card {
		for _, y := range g.nodes[b].card {
			if p, q := g.nodes[x].given, g.nodes[y].given; p != q && g.reader.conflict(p, q) && !g.excused(a, b, p, q) {
				return RuleNames
			}
		}
	}
	return ""
}

// excused reports whether a Same ruling on one of two cards says that one person has both names.
func (g *graph) excused(a, b int32, p, q string) bool {
	for _, card := range [2]int32{a, b} {
		for _, x := range g.nodes[card].card {
			if len(g.nodes[x].bonds) == 0 || g.nodes[x].given == "" || g.reader.conflict(g.nodes[x].given, p) {
				continue
			}
			for _, y := range g.nodes[card].card {
				if x != y && g.peerRoot(x) == g.peerRoot(y) && g.nodes[y].given != "" && !g.reader.conflict(g.nodes[y].given, q) {
					return true
				}
			}
		}
	}
	return false
}

// different reports whether a ruling separates two cards.
func (g *graph) different(a, b int32) bool {
	for _, x := range g.nodes[a].card {
		for _, p := range g.nodes[x].bonds {
			if p.Ruling != RulingDifferent {
				continue
			}
			for _, y := range g.nodes[b].card {
				if slices.ContainsFunc(g.nodes[y].bonds, func(q Bond) bool { return q.Decision == p.Decision && q.B != p.B }) {
					return true
				}
			}
		}
	}
	return false
}

// holder returns whose a key is at a moment: the trace that came with it last before, else the
// first; -1 if the key has only leaves.
func (g *graph) holder(l *link, at time.Time) int32 {
	found := int32(-1)
	for _, i := range l.nodes {
		n := &g.nodes[i]
		if n.leaf {
			continue
		}
		if found >= 0 && n.first.After(at) {
			break
		}
		found = i
	}
	return found
}

// contested reports whether several cards have a key that is not shared.
func (g *graph) contested(l *link) bool {
	card := int32(-1)
	for _, i := range l.nodes {
		if g.nodes[i].leaf {
			continue
		}
		if root := g.root(i); card >= 0 && root != card {
			return true
		} else {
			card = root
		}
	}
	return false
}

func (g *graph) note(s step) {
	if g.log != nil {
		g.log(s)
	}
}
