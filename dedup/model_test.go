package dedup

import (
	"fmt"
	"slices"
	"sort"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The naive model of Partition: the rules as the package doc words them, on values whose reading is
// written down by hand, by sets and loops over all pairs. It shares no code with the package.

type naiveTouch struct {
	id      string
	keys    []string
	name    string // "" none; "anna", "petr", "sasha" listed; "zorro", "anan" not
	surname string
	day     int
}

// naiveGiven: what each name may stand for; nil: an unlisted word.
var naiveGiven = map[string][]string{"anna": {"anna"}, "petr": {"petr"}, "sasha": {"aleksandr", "aleksandra"}, "aleksandr": {"aleksandr"}, "zorro": nil, "anan": nil}

// naiveClash: the pairs of names that exclude one another.
func naiveClash(a, b string) bool {
	if a == "" || b == "" || a == b {
		return false
	}
	x, y := naiveGiven[a], naiveGiven[b]
	switch {
	case x == nil && y == nil:
		return false
	case x == nil || y == nil:
		// By hand: "anan" is one letter off "ana", as Анна is spelled; "zorro" is like nothing.
		word, listed := a, b
		if x != nil {
			word, listed = b, a
		}
		return !(word == "anan" && listed == "anna")
	}
	for _, p := range x {
		if slices.Contains(y, p) {
			return false
		}
	}
	return true
}

type naiveTrace struct {
	keys          []string
	name, surname string
	first         int
	touches       []naiveTouch
	card          int
}

func (t *naiveTrace) leaf() bool { return t.name == "" && t.surname == "" && len(t.keys) == 1 }

func naivePartition(touches []naiveTouch, maxNames, maxPeers, maxTraces int) [][]string {
	var traces []*naiveTrace
	var groups [][]string
	for _, t := range touches {
		if len(t.keys) == 0 {
			groups = append(groups, []string{t.id})
			continue
		}
		var mine *naiveTrace
		for _, tr := range traces {
			if fmt.Sprint(tr.keys) == fmt.Sprint(t.keys) && tr.name == t.name && tr.surname == t.surname {
				mine = tr
			}
		}
		if mine == nil {
			mine = &naiveTrace{keys: t.keys, name: t.name, surname: t.surname, first: t.day}
			traces = append(traces, mine)
		}
		mine.first = min(mine.first, t.day)
		mine.touches = append(mine.touches, t)
	}
	order := func(list []*naiveTrace) {
		sort.Slice(list, func(i, j int) bool {
			a, b := list[i], list[j]
			if a.first != b.first {
				return a.first < b.first
			}
			if an, bn := naiveReading(a), naiveReading(b); an != bn {
				return an < bn
			}
			return fmt.Sprint(a.keys) < fmt.Sprint(b.keys)
		})
	}
	on := make(map[string][]*naiveTrace)
	for i, tr := range traces {
		tr.card = i
		for _, k := range tr.keys {
			on[k] = append(on[k], tr)
		}
	}
	shared := make(map[string]bool)
	var keys []string
	for k, list := range on {
		order(list)
		names, peers := make(map[string]bool), make(map[string]bool)
		for _, tr := range list {
			names[tr.name] = true
			for _, o := range tr.keys {
				if o[0] != k[0] {
					peers[o] = true
				}
			}
		}
		// The largest set of names of which no two may be one.
		delete(names, "")
		most := 0
		var all []string
		for n := range names {
			all = append(all, n)
		}
		for set := range 1 << len(all) {
			size, ok := 0, true
			for i := range all {
				for j := range i {
					if set>>i&1 == 1 && set>>j&1 == 1 && naiveSame(all[i], all[j]) {
						ok = false
					}
				}
				size += set >> i & 1
			}
			if ok {
				most = max(most, size)
			}
		}
		shared[k] = most > maxNames || len(peers) > maxPeers || len(list) > maxTraces
		if !shared[k] {
			keys = append(keys, k)
		}
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := keys[i], keys[j]
		if a[0] != b[0] {
			return a[0] == 'm' // e-mails come before phones
		}
		if x, y := on[a][0].first, on[b][0].first; x != y {
			return x < y
		}
		return a < b
	})
	namesOf := func(card int) (names []string) {
		for _, tr := range traces {
			if tr.card == card && !tr.leaf() && tr.name != "" {
				names = append(names, tr.name)
			}
		}
		return names
	}
	move := func(from, to int) {
		for _, tr := range traces {
			if tr.card == from {
				tr.card = to
			}
		}
	}
	for _, k := range keys {
		var cards []int
		for _, tr := range on[k] {
			if !tr.leaf() && !slices.Contains(cards, tr.card) {
				cards = append(cards, tr.card)
			}
		}
		now := make(map[int]int) // where a card of the list went
		for _, c := range cards {
			now[c] = c
		}
		for i, c := range cards {
			if len(namesOf(c)) == 0 {
				continue
			}
		earlier:
			for _, e := range cards[:i] {
				if len(namesOf(now[e])) == 0 {
					continue
				}
				for _, x := range namesOf(now[e]) {
					for _, y := range namesOf(c) {
						if naiveClash(x, y) {
							continue earlier
						}
					}
				}
				move(c, now[e])
				now[c] = now[e]
				break
			}
		}
		for i, c := range cards {
			if now[c] != c || len(namesOf(c)) > 0 {
				continue
			}
			host := -1
			for _, e := range cards[:i] {
				if len(namesOf(now[e])) > 0 {
					host = now[e]
				}
			}
			for _, e := range cards {
				if host < 0 && len(namesOf(now[e])) > 0 {
					host = now[e]
				}
			}
			if host < 0 && i > 0 {
				host = now[cards[0]]
			}
			if host >= 0 {
				move(c, host)
				now[c] = host
			}
		}
	}
	cards := make(map[int][]string)
	for i, tr := range traces {
		loose := true
		for _, k := range tr.keys {
			loose = loose && shared[k]
		}
		for _, t := range tr.touches {
			switch {
			case loose:
				groups = append(groups, []string{t.id})
			case tr.leaf():
				at := -1 - i
				for _, h := range on[tr.keys[0]] {
					if !h.leaf() && (at < 0 || h.first <= t.day) {
						at = h.card
					}
				}
				cards[at] = append(cards[at], t.id)
			default:
				cards[tr.card] = append(cards[tr.card], t.id)
			}
		}
	}
	for _, g := range cards {
		groups = append(groups, g)
	}
	for _, g := range groups {
		slices.Sort(g)
	}
	sort.Slice(groups, func(i, j int) bool { return groups[i][0] < groups[j][0] })
	return groups
}

// naiveSame reports whether two names count as one for a key's class.
func naiveSame(a, b string) bool {
	if naiveGiven[a] == nil || naiveGiven[b] == nil {
		return a == b
	}
	return !naiveClash(a, b)
}

// naiveReading is what traces are ordered by where their days are equal.
func naiveReading(t *naiveTrace) string {
	spelled := map[string]string{"": "", "anna": "ana", "petr": "petr", "sasha": "aleksandr|aleksandra", "aleksandr": "aleksandr", "zorro": "?zoro", "anan": "?anan"}
	if t.surname == "" {
		return spelled[t.name]
	}
	return spelled[t.name] + " " + t.surname
}

// Law 1: Partition is the rules, word by word.
func TestPartitionIsTheRules(t *testing.T) {
	t.Parallel()
	written := map[string]string{"": "", "anna": "Анна", "petr": "Пётр", "sasha": "Саша", "aleksandr": "Александр", "zorro": "Зорро", "anan": "Анан"}
	var names []string
	for n := range written {
		names = append(names, n)
	}
	slices.Sort(names)
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(1, 16).Draw(t, "n")
		var simple []naiveTouch
		var touches []Touch
		for i := range n {
			s := naiveTouch{id: fmt.Sprintf("t%02d", i), name: rapid.SampledFrom(names).Draw(t, "name"), day: rapid.IntRange(0, 6).Draw(t, "day")}
			touch := Touch{ID: TouchID(s.id), Received: lawEpoch.AddDate(0, 0, s.day), Name: written[s.name]}
			if s.name != "" && rapid.IntRange(0, 3).Draw(t, "has surname") == 0 {
				s.surname = "kotov"
				touch.Name += " Котов"
			}
			if mail := rapid.IntRange(0, 5).Draw(t, "mail"); mail < 3 {
				touch.Email = fmt.Sprintf("person%d@mail.ru", mail)
				s.keys = append(s.keys, "mailto:"+touch.Email)
			}
			for phone := range 3 {
				if rapid.IntRange(0, 2).Draw(t, "phone") == 0 {
					touch.Identifiers = append(touch.Identifiers, Identifier{Raw: fmt.Sprintf("8 916 000-00-0%d", phone+1)})
					s.keys = append(s.keys, fmt.Sprintf("tel:+7916000000%d", phone+1))
				}
			}
			simple, touches = append(simple, s), append(touches, touch)
		}
		limits := [3]int{rapid.IntRange(1, 3).Draw(t, "names"), rapid.IntRange(1, 3).Draw(t, "peers"), rapid.IntRange(3, 8).Draw(t, "traces")}
		groups, err := Partition(touches, nil, Config{MaxNames: limits[0], MaxPeers: limits[1], MaxTraces: limits[2]})
		require.NoError(t, err)
		var got [][]string
		for _, g := range groups {
			var ids []string
			for _, id := range g {
				ids = append(ids, string(id))
			}
			got = append(got, ids)
		}
		require.Equal(t, naivePartition(simple, limits[0], limits[1], limits[2]), got)
	})
}
