package pipeline

import (
	"maps"
	"slices"
)

// route returns the lead with its pipeline and pool, and with what the route sets.
func (e *Engine) route(o Open) (Open, error) {
	if o.Pipeline != "" {
		return o, nil
	}
	i := firstRoute(e.rules.Routes, &o)
	if i < 0 {
		return o, invalid("pipeline", "", "is not given and no route takes the lead", "не указана, и ни один маршрут не берёт заявку")
	}
	r := &e.rules.Routes[i]
	o.Pipeline = r.Pipeline
	if o.Pool == "" {
		o.Pool = r.Pool
	}
	set := make(map[FieldID]string, len(r.Set)+len(o.Set))
	maps.Copy(set, r.Set)
	maps.Copy(set, o.Set)
	o.Set = set
	return o, nil
}

// firstRoute is the first route that takes the lead, or -1.
func firstRoute(routes []Route, o *Open) int {
	lead := [6]string{o.Channel, o.Form, o.Site, o.Group, o.Listing, o.Region}
	return slices.IndexFunc(routes, func(r Route) bool {
		for i, list := range r.lists() {
			if list != nil && !slices.Contains(list, lead[i]) {
				return false
			}
		}
		return true
	})
}

// A box is a set of leads: for each of their six words either a list, or all but a list.
type box [6]words

type words struct {
	but  bool // all but these
	list []string
}

func boxOf(r *Route) (b box) {
	for i, list := range r.lists() {
		b[i] = words{but: list == nil, list: list}
	}
	return b
}

func (w words) and(o words) words {
	switch {
	case w.but && o.but:
		return words{true, append(slices.Clone(w.list), o.list...)}
	case w.but:
		return words{false, intersectNot(o.list, w.list)}
	case o.but:
		return words{false, intersectNot(w.list, o.list)}
	}
	return words{false, intersect(w.list, o.list)}
}

func intersectNot(a, b []string) []string {
	return slices.DeleteFunc(slices.Clone(a), func(s string) bool { return slices.Contains(b, s) })
}

func (w words) not() words  { return words{!w.but, w.list} }
func (w words) empty() bool { return !w.but && len(w.list) == 0 }

// word is one of the words; of those all but a list allows, one that no route names.
func (w words) word() string {
	if !w.but {
		return w.list[0]
	}
	other := ""
	for slices.Contains(w.list, other) {
		other += "~"
	}
	return other
}

// maxBoxes bounds the exact search of all routes.
const maxBoxes = 100_000

// winner finds a lead that the route wins against those before it. It is exact: what earlier
// routes take is cut out of what this one takes, until something is left or nothing is.
func winner(routes []Route, i int, left *int) (lead Open, wins, known bool) {
	b, ok := remains(boxOf(&routes[i]), routes[:i], left)
	if !ok {
		return Open{}, false, *left > 0
	}
	return Open{Channel: b[0].word(), Form: b[1].word(), Site: b[2].word(), Group: b[3].word(), Listing: b[4].word(), Region: b[5].word()}, true, true
}

func remains(b box, earlier []Route, left *int) (box, bool) {
	for _, w := range b {
		if w.empty() {
			return box{}, false
		}
	}
	if *left--; *left <= 0 {
		return box{}, false
	}
	if len(earlier) == 0 {
		return b, true
	}
	cut := boxOf(&earlier[0])
	for i := range b {
		// What differs from the earlier route in this word, and agrees in those before it.
		part := b
		part[i] = b[i].and(cut[i].not())
		if rest, ok := remains(part, earlier[1:], left); ok {
			return rest, true
		}
		b[i] = b[i].and(cut[i])
	}
	return box{}, false
}
