package ical

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
)

// Reconcile compares a poll with what is believed of the feed. It says what changed, what it doubts
// and what to believe next; the package doc has its rules. It is pure: the time is the poll's At.
//
// A poll that changes nothing costs no allocation, unless the end of an item is near or the feed
// holds an echo.
func Reconcile(s State, p Poll, policy Policy) (Plan, State) {
	policy = policy.withDefaults()
	now := p.At.UTC().Truncate(time.Microsecond)
	if p.Err != nil {
		var plan Plan
		for _, it := range s.Items {
			plan.Doubt = append(plan.Doubt, Doubt{it, DoubtFailedPoll})
		}
		return plan, s
	}
	next := s
	next.LastGood = now
	switch {
	case p.Unchanged:
	case p.Calendar.cancels():
		next.Tag = "" // it is no answer to compare the next one with
	default:
		next.Tag = p.Tag
	}
	if quiet(&s, &p, &policy, now) {
		return Plan{}, next
	}
	r := newRound(s, p, policy, now)
	r.look()
	r.judge()
	next.Items, next.DoubtSince, next.Lives = r.believed(), r.doubtSince, r.lives
	r.plan.sort()
	return r.plan, next
}

// cancels reports whether the calendar is a message that its events are cancelled, not a feed.
func (c *Calendar) cancels() bool { return strings.EqualFold(c.Method, "CANCEL") }

// quiet reports, without an allocation, that the poll shows what is known and nothing is in doubt;
// if false, it may yet be so.
func quiet(s *State, p *Poll, policy *Policy, now time.Time) bool {
	if !s.DoubtSince.IsZero() || p.Calendar.cancels() || !s.sorted() || slices.ContainsFunc(p.Problems, Problem.leftOut) {
		return false
	}
	// Wherever it is, today is one of these or between them.
	first, last := date.NewAt(now.Add(-12*time.Hour)), date.NewAt(now.Add(14*time.Hour))
	for i := range s.Items {
		if s.Items[i].missing() || s.Items[i].To < last {
			return false
		}
	}
	if p.Unchanged {
		return true
	}
	var met [20_000/64 + 1]uint64
	count := 0
	for i := range p.Calendar.Events {
		e := &p.Calendar.Events[i]
		if policy.own(e.UID) || e.cancelled() {
			return false
		}
		if e.Transparent {
			continue
		}
		at, ok := slices.BinarySearchFunc(s.Items, e, func(it Item, e *Event) int {
			return cmp.Or(cmp.Compare(it.From, e.From), cmp.Compare(it.To, e.To), cmp.Compare(it.UID, e.UID))
		})
		if !ok {
			if e.To <= first {
				continue
			}
			return false
		}
		bit := uint64(1) << (at % 64)
		if at/64 >= len(met) || met[at/64]&bit != 0 || s.Items[at].Sequence != e.Sequence || s.Items[at].Kind != policy.kind(e) {
			return false
		}
		met[at/64] |= bit
		count++
	}
	return count == len(s.Items)
}

// A round is one poll in the course of being judged.
type round struct {
	policy     Policy
	poll       Poll
	now        time.Time
	zone       *time.Location
	today      date.Date
	doubtSince time.Time
	lives      map[string]int
	livesOwned bool // and not the state's

	items    []Item // as they were known
	next     []Item // what becomes of each
	fate     []fate // of each
	newcomer []Item

	byUID  map[string][]int // the items of a UID
	same   map[nights]int   // the item of a UID on its dates
	copies map[string]int   // how many events that are not over have a UID
	plan   Plan
}

// A fate is what a poll says of an item.
type fate uint8

const (
	fateAbsent    fate = iota
	fatePresent        // in the feed, at next
	fateCancelled      // the feed says so
	fateKept           // absent, but not to be counted: see the doubt
	fateGone           // over, or cancelled by absence
)

// A sight is an event that closes nights, or says that it no longer does.
type sight struct {
	*Event
	kind Kind
}

func newRound(s State, p Poll, policy Policy, now time.Time) *round {
	r := &round{policy: policy, poll: p, now: now, zone: policy.zone(), doubtSince: s.DoubtSince, lives: s.Lives}
	r.today = date.NewAt(now.In(r.zone))
	r.items = s.Items
	if !s.sorted() {
		r.items = slices.SortedFunc(slices.Values(s.Items), compareItems)
	}
	r.next = slices.Clone(r.items)
	r.fate = make([]fate, len(r.items))
	r.byUID = make(map[string][]int, len(r.items))
	r.same = make(map[nights]int, len(r.items))
	for i := range r.items {
		it := &r.items[i]
		r.byUID[it.UID] = append(r.byUID[it.UID], i)
		r.same[nights{it.UID, it.From, it.To}] = i
	}
	return r
}

// look finds what the poll shows of each item, and what is new.
func (r *round) look() {
	if r.poll.Unchanged {
		for i := range r.items {
			if !r.items[i].missing() {
				r.fate[i] = fatePresent
			}
		}
		r.age()
		return
	}
	live, dead := r.sights()
	live = r.known(live)
	r.cancelled(dead)
	live = r.notSentBack(live)
	live = r.windows(live)
	r.age()
	r.add(live)
}

// sights sorts the events into those that close nights and those that say they are cancelled; both
// in the order of their dates, whatever their order in the file.
func (r *round) sights() (live, dead []sight) {
	all := r.poll.Calendar.cancels()
	for _, e := range distinct(r.poll.Calendar.Events) {
		switch {
		case r.policy.own(e.UID):
			r.plan.Echo = append(r.plan.Echo, e)
		case all || e.cancelled():
			dead = append(dead, sight{&e, KindStay})
		case !e.Transparent && e.From < e.To:
			live = append(live, sight{&e, r.policy.kind(&e)})
		}
	}
	byDates := func(a, b sight) int { return compareEvents(a.Event, b.Event) }
	slices.SortFunc(live, byDates)
	slices.SortFunc(dead, byDates)
	r.copies = make(map[string]int, len(live))
	for _, s := range slices.Concat(live, dead) {
		if s.To <= r.today {
			continue
		}
		if r.copies[s.UID]++; r.copies[s.UID] == 2 {
			r.give(shareKey(s.UID), 1)
		}
	}
	return live, dead
}

// known matches events with the items of the same UID, and returns those that match none: first by
// the same dates, then by nights in common, then the only event with the only item of a UID.
func (r *round) known(live []sight) []sight {
	var rest []sight
	left := make(map[string][]sight)
	for _, s := range live {
		if i, ok := r.same[nightsOf(s.Event)]; ok {
			r.see(i, s)
		} else if len(r.byUID[s.UID]) > 0 && s.UID != "" {
			left[s.UID] = append(left[s.UID], s)
		} else {
			rest = append(rest, s)
		}
	}
	for uid, sights := range left {
		items := r.byUID[uid]
		sights = r.pair(items, sights, r.moved, r.see)
		if len(items) == 1 && len(sights) == 1 && !r.shared(uid) && r.fate[items[0]] == fateAbsent && r.items[items[0]].To > r.today && sights[0].To > r.today {
			r.see(items[0], sights[0])
			sights = nil
		}
		rest = append(rest, sights...)
	}
	rest = slices.DeleteFunc(rest, func(s sight) bool { return s.To <= r.today })
	slices.SortFunc(rest, func(a, b sight) int { return compareEvents(a.Event, b.Event) })
	return rest
}

// moved reports whether an event may be the item on other dates. One that is over can only make a
// stay shorter that had begun; and what is over is not judged by an older copy.
func (r *round) moved(it *Item, s sight) bool {
	switch {
	case !overlap(it.From, it.To, s.From, s.To):
		return false
	case s.To > r.today && it.To >= r.today:
		return true
	case s.Sequence < it.Sequence:
		return false
	}
	return s.To > r.today || it.From <= r.today && r.alone(s.UID)
}

// pair gives each event the first absent item that fits, and returns the events that got none. Both
// stand by their dates; items that fit overlap or touch.
func (r *round) pair(items []int, sights []sight, fits func(*Item, sight) bool, match func(int, sight)) (rest []sight) {
	for _, s := range sights {
		for len(items) > 0 && (r.fate[items[0]] != fateAbsent || r.items[items[0]].To < s.From) {
			items = items[1:]
		}
		found := false
		for _, i := range items {
			if r.items[i].From > s.To {
				break
			}
			if r.fate[i] == fateAbsent && fits(&r.items[i], s) {
				match(i, s)
				found = true
				break
			}
		}
		if !found {
			rest = append(rest, s)
		}
	}
	return rest
}

// see records that an event of the item's UID is in the feed.
func (r *round) see(i int, s sight) {
	it, n := &r.items[i], &r.next[i]
	r.fate[i] = fatePresent
	n.Missed, n.MissedSince = 0, time.Time{}
	if s.Sequence < it.Sequence {
		if s.From != it.From || s.To != it.To {
			r.plan.Doubt = append(r.plan.Doubt, Doubt{*n, DoubtOlderCopy})
		}
		return
	}
	r.take(i, s)
}

// take gives the item what the event says.
func (r *round) take(i int, s sight) {
	it, n := &r.items[i], &r.next[i]
	r.fate[i] = fatePresent
	n.Missed, n.MissedSince = 0, time.Time{}
	n.UID, n.Kind, n.Sequence = s.UID, s.kind, s.Sequence
	if s.From != it.From || s.To != it.To {
		n.From, n.To = s.From, s.To
		n.Rev++
		r.plan.Move = append(r.plan.Move, Moved{*it, *n})
	}
}

// cancelled ends the items that events say are cancelled.
func (r *round) cancelled(dead []sight) {
	end := func(i int, s sight) {
		if s.Sequence < r.items[i].Sequence {
			r.see(i, s)
			return
		}
		r.fate[i] = fateCancelled
		r.plan.Cancel = append(r.plan.Cancel, r.items[i])
	}
	for _, s := range dead {
		i, ok := r.same[nightsOf(s.Event)]
		if items := r.byUID[s.UID]; !ok && s.To > r.today && len(items) == 1 && r.alone(s.UID) {
			i, ok = items[0], true
		}
		if ok && r.fate[i] == fateAbsent {
			end(i, s)
		}
	}
}

// alone reports whether a UID never stood for more than one item: then it can be meant, whatever its
// dates.
func (r *round) alone(uid string) bool {
	return uid != "" && r.lives[safeKey(uid)] <= 1 && !r.shared(uid)
}

// shared reports whether a UID ever stood for several items at once.
func (r *round) shared(uid string) bool { return r.lives[shareKey(uid)] > 0 }

func shareKey(uid string) string { return safeKey(uid) + "#" }

// give counts a key as given.
func (r *round) give(key string, lives int) {
	if r.lives[key] >= lives {
		return
	}
	if !r.livesOwned {
		if r.lives = maps.Clone(r.lives); r.lives == nil {
			r.lives = make(map[string]int)
		}
		r.livesOwned = true
	}
	r.lives[key] = lives
}

// notSentBack leaves out the windows that are what we sent.
func (r *round) notSentBack(live []sight) []sight {
	if len(r.policy.Sent) == 0 {
		return live
	}
	cut := func(g Range) Range { return Range{max(g.From, r.today), g.To} }
	sent := make(map[Range]bool)
	var joined Range
	for _, g := range slices.SortedFunc(slices.Values(r.policy.Sent), func(a, b Range) int { return cmp.Compare(a.From, b.From) }) {
		g = cut(g)
		if g.From >= g.To {
			continue
		}
		sent[g] = true
		if g.From <= joined.To {
			joined.To = max(joined.To, g.To)
		} else {
			sent[joined] = true
			joined = g
		}
	}
	sent[joined] = true
	return slices.DeleteFunc(live, func(s sight) bool {
		echo := s.kind == KindWindow && sent[cut(Range{s.From, s.To})]
		if echo {
			r.plan.Echo = append(r.plan.Echo, *s.Event)
		}
		return echo
	})
}

// windows matches windows with those that were there under another UID: on the same dates, with
// nights in common, or next to each other.
func (r *round) windows(live []sight) []sight {
	var items []int
	same := make(map[Range][]int)
	for i := range r.items {
		if it := &r.items[i]; r.fate[i] == fateAbsent && it.Kind == KindWindow {
			items = append(items, i)
			dates := Range{it.From, it.To}
			same[dates] = append(same[dates], i)
		}
	}
	slid := func(i int, s sight) {
		if s.UID != r.items[i].UID && len(r.byUID[s.UID]) > 0 {
			r.give(shareKey(s.UID), 1)
		}
		r.take(i, s)
	}
	var windows, rest []sight
	for _, s := range live {
		dates := Range{s.From, s.To}
		switch {
		case s.kind != KindWindow:
			rest = append(rest, s)
		case len(same[dates]) > 0:
			slid(same[dates][0], s)
			same[dates] = same[dates][1:]
		default:
			windows = append(windows, s)
		}
	}
	windows = r.pair(items, windows, func(it *Item, s sight) bool { return overlap(it.From, it.To, s.From, s.To) }, slid)
	windows = r.pair(items, windows, func(*Item, sight) bool { return true }, slid)
	return append(rest, windows...)
}

func overlap(from1, to1, from2, to2 date.Date) bool { return from1 < to2 && from2 < to1 }

// age lets go of what is over. On the day it ends, an item that is still in the feed stays, so that
// one which is made longer on that day is a move.
func (r *round) age() {
	for i, f := range r.fate {
		to := r.next[i].To
		if f != fateCancelled && (to < r.today || f == fateAbsent && to <= r.today) {
			r.fate[i] = fateGone
			r.plan.Aged = append(r.plan.Aged, r.next[i])
		}
	}
}

// add makes items of what is new.
func (r *round) add(live []sight) {
	if len(live) == 0 {
		return
	}
	slices.SortFunc(live, func(a, b sight) int { return compareEvents(a.Event, b.Event) })
	for i := range r.items {
		r.give(r.items[i].Key, 1)
	}
	for _, s := range live {
		key := safeKey(s.UID)
		switch {
		case s.UID == "":
			key = s.From.String() + "/" + s.To.String()
		case r.copies[s.UID] > 1 || r.knows(s.UID):
			r.give(shareKey(s.UID), 1)
			key += "#" + s.From.String()
		}
		it := Item{Key: r.name(key), UID: s.UID, Kind: s.kind, From: s.From, To: s.To, Rev: 1, Sequence: s.Sequence}
		r.newcomer = append(r.newcomer, it)
		r.plan.Add = append(r.plan.Add, it)
	}
}

// knows reports whether an item has the UID and goes on.
func (r *round) knows(uid string) bool {
	return slices.ContainsFunc(r.byUID[uid], func(i int) bool { return r.fate[i] != fateCancelled && r.fate[i] != fateGone })
}

// name returns the key, or if it was given before, the key of its next life.
func (r *round) name(key string) string {
	name, n := key, r.lives[key]
	for r.lives[name] > 0 {
		n++
		name = key + "~" + strconv.Itoa(n)
	}
	r.give(key, max(n, 1))
	r.give(name, 1)
	return name
}

// judge decides what becomes of the items that the poll does not show.
func (r *round) judge() {
	if r.poll.Calendar.cancels() {
		for i, f := range r.fate {
			if f == fateAbsent {
				r.fate[i] = fateKept // such a file is a message about some events, not the feed
			}
		}
		return
	}
	r.keepUnreadable()
	r.settle()
	r.count()
}

// keepUnreadable keeps what may be an event that could not be read. One without a UID may be any.
func (r *round) keepUnreadable() {
	unreadable := make(map[string]bool)
	for _, p := range r.poll.Problems {
		if p.leftOut() {
			unreadable[p.UID] = true
		}
	}
	for _, e := range r.poll.Calendar.Events {
		if e.From >= e.To {
			unreadable[e.UID] = true
		}
	}
	for i := range r.items {
		if r.fate[i] == fateAbsent && (unreadable[r.items[i].UID] || unreadable[""]) {
			r.keep(i, DoubtUnreadable)
		}
	}
}

func (r *round) keep(i int, code DoubtCode) {
	r.fate[i] = fateKept
	r.plan.Doubt = append(r.plan.Doubt, Doubt{r.next[i], code})
}

func (r *round) cancel(i int) {
	r.fate[i] = fateGone
	r.plan.Cancel = append(r.plan.Cancel, r.next[i])
}

// settle cancels what is absent and whose nights a stay has taken that is new there.
func (r *round) settle() {
	var fresh []Range
	for _, it := range r.newcomer {
		if it.Kind == KindStay {
			fresh = append(fresh, Range{it.From, it.To})
		}
	}
	for _, m := range r.plan.Move {
		if m.Now.Kind == KindStay {
			fresh = append(fresh, Range{m.Now.From, m.Now.To})
		}
	}
	slices.SortFunc(fresh, func(a, b Range) int { return cmp.Compare(a.From, b.From) })
	for i := 1; i < len(fresh); i++ {
		fresh[i].To = max(fresh[i].To, fresh[i-1].To) // the furthest so far
	}
	for i := range r.items {
		if r.fate[i] != fateAbsent {
			continue
		}
		it := &r.items[i]
		n, _ := slices.BinarySearchFunc(fresh, it.To, func(g Range, to date.Date) int { return cmp.Compare(g.From, to) })
		if n > 0 && fresh[n-1].To > it.From {
			r.cancel(i)
		}
	}
}

// count counts the misses of what is still absent, unless the whole poll is in doubt.
func (r *round) count() {
	var absent []int
	shown, stays, lost := len(r.newcomer), 0, 0
	for i, f := range r.fate {
		n := &r.next[i]
		switch {
		case f == fatePresent:
			shown++
			if n.Kind == KindStay && n.From > r.today {
				stays++
			}
		case f == fateKept:
			shown++
		case f == fateAbsent:
			if !n.missing() {
				n.MissedSince = r.now
			}
			if n.From <= date.NewAt(n.MissedSince.In(r.zone)) {
				r.keep(i, DoubtInStay)
				continue
			}
			absent = append(absent, i)
			if n.Kind == KindStay {
				stays++
				lost++
			}
		}
	}
	const fewest = 4 // below that, stays may well end together
	code := DoubtMissed
	switch {
	case len(absent) == 0:
	case shown == 0:
		code = DoubtEmptyFeed
	case lost >= fewest && 2*lost > stays:
		code = DoubtMassDrop
	}
	if code == DoubtMissed {
		r.doubtSince = time.Time{}
	} else if r.doubtSince.IsZero() {
		r.doubtSince = r.now
	}
	doubted := code != DoubtMissed && r.now.Sub(r.doubtSince) < r.policy.EmptyFor
	for _, i := range absent {
		if !doubted {
			if r.next[i].Missed++; r.next[i].Missed >= r.policy.Misses {
				r.cancel(i)
				continue
			}
		}
		r.keep(i, code)
	}
}

// believed returns the items of the next state.
func (r *round) believed() []Item {
	items := make([]Item, 0, len(r.next)+len(r.newcomer))
	for i, f := range r.fate {
		if f != fateGone && f != fateCancelled {
			items = append(items, r.next[i])
		}
	}
	items = append(items, r.newcomer...)
	slices.SortFunc(items, compareItems)
	if len(items) == 0 {
		return nil
	}
	return items
}

// sort puts the lists in the order of dates.
func (p *Plan) sort() {
	slices.SortFunc(p.Cancel, compareItems)
	slices.SortFunc(p.Move, func(a, b Moved) int { return compareItems(a.Was, b.Was) })
	slices.SortFunc(p.Aged, compareItems)
	slices.SortFunc(p.Doubt, func(a, b Doubt) int { return cmp.Or(compareItems(a.Item, b.Item), cmp.Compare(a.Code, b.Code)) })
	slices.SortFunc(p.Echo, func(a, b Event) int { return compareEvents(&a, &b) })
}
