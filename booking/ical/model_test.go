package ical

import (
	"fmt"
	"sort"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
)

// A model believes a feed by the eight rules, taken literally and one after the other, with nothing
// but loops over lists. It shares no code with Reconcile.
type model struct {
	items      []modelItem
	used       map[string]bool
	lives      map[string]int  // by UID
	shared     map[string]bool // by UID: it stood for several at once
	doubtSince time.Time
}

type modelItem struct {
	Item
	here, ended bool // in this round
}

// An outcome is a round's plan as text, a line for each change.
type outcome struct{ changes, doubts, echoes []string }

func (o *outcome) change(verb string, it Item) {
	o.changes = append(o.changes, fmt.Sprintf("%s %s %s/%s rev %d", verb, it.Key, it.From, it.To, it.Rev))
}

func (o *outcome) sort() {
	sort.Strings(o.changes)
	sort.Strings(o.doubts)
	sort.Strings(o.echoes)
}

func (m *model) isWindow(e Event) bool { return e.Summary == "Not available" }

// run judges a poll. Times are in UTC, Own is own.example, Misses 2, EmptyFor 24 hours.
func (m *model) run(p Poll, sent []Range) outcome {
	var out outcome
	doubt := func(it *modelItem, code DoubtCode) { out.doubts = append(out.doubts, it.Key+" "+string(code)) }
	if p.Err != nil {
		for i := range m.items {
			doubt(&m.items[i], DoubtFailedPoll)
		}
		out.sort()
		return out
	}
	events, message := p.Calendar.Events, p.Calendar.Method == "CANCEL"
	if p.Unchanged {
		events, message = nil, false
	}
	today := date.NewAt(p.At)
	for i := range m.items {
		m.items[i].here, m.items[i].ended = p.Unchanged && m.items[i].MissedSince.IsZero(), false
	}

	// Sort the events.
	sorted := append([]Event(nil), events...)
	sort.SliceStable(sorted, func(i, j int) bool {
		a, b := sorted[i], sorted[j]
		if a.From != b.From {
			return a.From < b.From
		}
		if a.To != b.To {
			return a.To < b.To
		}
		return a.UID < b.UID
	})
	var live, dead []Event
	for i, e := range sorted {
		newest := true
		for j, o := range sorted {
			if o.UID == e.UID && o.From == e.From && o.To == e.To && i != j {
				mine := fmt.Sprintf("%09d %t %t %s %s", e.Sequence, e.Status != "CANCELLED", !e.Transparent, e.Summary, e.Status)
				other := fmt.Sprintf("%09d %t %t %s %s", o.Sequence, o.Status != "CANCELLED", !o.Transparent, o.Summary, o.Status)
				if other > mine || other == mine && j < i {
					newest = false
				}
			}
		}
		switch {
		case !newest:
		case strings.HasSuffix(e.UID, "@own.example"):
			out.echoes = append(out.echoes, e.UID)
		case message || e.Status == "CANCELLED":
			dead = append(dead, e)
		case !e.Transparent:
			live = append(live, e)
		}
	}

	copies := make(map[string]int)
	for _, e := range append(append([]Event(nil), live...), dead...) {
		if e.To <= today {
			continue
		}
		if copies[e.UID]++; copies[e.UID] > 1 {
			m.shared[e.UID] = true
		}
	}

	// Who is known by UID.
	var fresh []Range // of stays
	show := func(it *modelItem, e Event, sameUID bool) {
		it.here, it.Missed, it.MissedSince = true, 0, time.Time{}
		if sameUID && e.Sequence < it.Sequence {
			if e.From != it.From || e.To != it.To {
				doubt(it, DoubtOlderCopy)
			}
			return
		}
		it.UID, it.Sequence, it.Kind = e.UID, e.Sequence, KindStay
		if m.isWindow(e) {
			it.Kind = KindWindow
		}
		if e.From != it.From || e.To != it.To {
			it.From, it.To, it.Rev = e.From, e.To, it.Rev+1
			out.change("move", it.Item)
			if it.Kind == KindStay {
				fresh = append(fresh, Range{e.From, e.To})
			}
		}
	}
	of := func(uid string) (n int) {
		for i := range m.items {
			if m.items[i].UID == uid {
				n++
			}
		}
		return n
	}
	uids := make([]string, len(m.items)) // before anything was shown
	dates := make([]Range, len(m.items))
	for i := range m.items {
		uids[i], dates[i] = m.items[i].UID, Range{m.items[i].From, m.items[i].To}
	}
	items := make(map[string]int)
	for _, uid := range uids {
		items[uid] = of(uid)
	}
	free := func(i int) bool { return !m.items[i].here && !m.items[i].ended }
	match := func(events []Event, fits func(i int, e Event) bool, found func(i int, e Event)) []Event {
		var rest []Event
		for _, e := range events {
			done := false
			for i := range m.items {
				if !done && free(i) && fits(i, e) {
					found(i, e)
					done = true
				}
			}
			if !done {
				rest = append(rest, e)
			}
		}
		return rest
	}
	exact := func(i int, e Event) bool {
		return uids[i] == e.UID && dates[i] == Range{e.From, e.To}
	}
	common := func(i int, e Event) bool {
		return uids[i] == e.UID && e.UID != "" && dates[i].From < e.To && e.From < dates[i].To
	}
	alone := func(uid string) bool { return m.lives[uid] <= 1 && !m.shared[uid] && items[uid] == 1 }
	see := func(i int, e Event) { show(&m.items[i], e, true) }
	live = match(live, exact, see)
	live = match(live, func(i int, e Event) bool {
		return common(i, e) && (e.To > today || dates[i].From <= today && alone(e.UID)) && (dates[i].To >= today && e.To > today || e.Sequence >= m.items[i].Sequence)
	}, see)
	left := make(map[string]int)
	for _, e := range live {
		left[e.UID]++
	}
	live = match(live, func(i int, e Event) bool {
		return e.UID != "" && uids[i] == e.UID && items[e.UID] == 1 && left[e.UID] == 1 && !m.shared[e.UID] && dates[i].To > today && e.To > today
	}, see)

	// Who is cancelled by an event.
	end := func(i int, e Event) {
		it := &m.items[i]
		if e.Sequence < it.Sequence {
			show(it, e, true)
			return
		}
		it.ended = true
		out.change("cancel", it.Item)
	}
	for _, e := range dead {
		rest := match([]Event{e}, exact, end)
		match(rest, func(i int, e Event) bool { return e.UID != "" && uids[i] == e.UID && e.To > today && alone(e.UID) }, end)
	}

	// What is over, what we sent.
	var rest []Event
	for _, e := range live {
		echo := false
		for _, g := range sent {
			if m.isWindow(e) && max(g.From, today) == max(e.From, today) && g.To == e.To {
				echo = true
			}
		}
		switch {
		case e.To <= today:
		case echo:
			out.echoes = append(out.echoes, e.UID)
		default:
			rest = append(rest, e)
		}
	}

	// Windows that slid.
	window := func(i int, e Event) bool { return m.items[i].Kind == KindWindow && m.isWindow(e) }
	slid := func(i int, e Event) {
		if e.UID != uids[i] && items[e.UID] > 0 {
			m.shared[e.UID] = true
		}
		show(&m.items[i], e, false)
	}
	rest = match(rest, func(i int, e Event) bool { return window(i, e) && dates[i] == Range{e.From, e.To} }, slid)
	rest = match(rest, func(i int, e Event) bool { return window(i, e) && dates[i].From < e.To && e.From < dates[i].To }, slid)
	rest = match(rest, func(i int, e Event) bool { return window(i, e) && dates[i].From <= e.To && e.From <= dates[i].To }, slid)

	// Who is over.
	for i := range m.items {
		it := &m.items[i]
		if !it.ended && (it.To < today || !it.here && it.To <= today) {
			it.ended = true
			out.change("aged", it.Item)
		}
	}

	// Who is new.
	var added []modelItem
	for _, e := range rest {
		goesOn := false
		for i := range m.items {
			if uids[i] == e.UID && !m.items[i].ended {
				goesOn = true
			}
		}
		key := e.UID
		if e.UID == "" {
			key = e.From.String() + "/" + e.To.String()
		} else if copies[e.UID] > 1 || goesOn {
			m.shared[e.UID] = true
			key += "#" + e.From.String()
		}
		name := key
		for n := 2; m.used[name]; n++ {
			name = fmt.Sprintf("%s~%d", key, n)
		}
		m.used[name] = true
		m.lives[e.UID]++
		it := modelItem{Item: Item{Key: name, UID: e.UID, From: e.From, To: e.To, Rev: 1, Sequence: e.Sequence}, here: true}
		if m.isWindow(e) {
			it.Kind = KindWindow
		} else {
			fresh = append(fresh, Range{e.From, e.To})
		}
		out.change("add", it.Item)
		added = append(added, it)
	}

	if !message {
		m.absent(p, today, added, fresh, &out, doubt)
	}
	var kept []modelItem
	for _, it := range append(m.items, added...) {
		if !it.ended {
			kept = append(kept, it)
		}
	}
	m.items = kept
	sort.Slice(m.items, func(i, j int) bool {
		a, b := m.items[i], m.items[j]
		if a.From != b.From {
			return a.From < b.From
		}
		if a.To != b.To {
			return a.To < b.To
		}
		if a.UID != b.UID {
			return a.UID < b.UID
		}
		return a.Key < b.Key
	})
	out.sort()
	return out
}

func (m *model) absent(p Poll, today date.Date, added []modelItem, fresh []Range, out *outcome, doubt func(*modelItem, DoubtCode)) {
	unreadable := 0
	var absent []*modelItem
	present, stays, lost := len(added), 0, 0
	for i := range m.items {
		it := &m.items[i]
		if it.ended {
			continue
		}
		if it.here {
			present++
			if it.Kind == KindStay && it.From > today {
				stays++
			}
			continue
		}
		hidden, taken := false, false
		for _, problem := range p.Problems {
			hidden = hidden || problem.UID == it.UID || problem.UID == ""
		}
		for _, g := range fresh {
			taken = taken || g.From < it.To && it.From < g.To
		}
		if hidden {
			unreadable++
			doubt(it, DoubtUnreadable)
			continue
		}
		if taken {
			it.ended = true
			out.change("cancel", it.Item)
			continue
		}
		if it.MissedSince.IsZero() {
			it.MissedSince = p.At
		}
		if it.From <= date.NewAt(it.MissedSince) {
			doubt(it, DoubtInStay)
			continue
		}
		absent = append(absent, it)
		if it.Kind == KindStay {
			stays++
			lost++
		}
	}
	code := DoubtMissed
	if len(absent) > 0 && present+unreadable == 0 {
		code = DoubtEmptyFeed
	} else if lost >= 4 && lost > stays-lost {
		code = DoubtMassDrop
	}
	if code == DoubtMissed {
		m.doubtSince = time.Time{}
	} else if m.doubtSince.IsZero() {
		m.doubtSince = p.At
	}
	for _, it := range absent {
		if code == DoubtMissed || p.At.Sub(m.doubtSince) >= 24*time.Hour {
			it.Missed++
			if it.Missed == 2 {
				it.ended = true
				out.change("cancel", it.Item)
				continue
			}
		}
		doubt(it, code)
	}
}
