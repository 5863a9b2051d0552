// Package index answers "which of a hundred thousand units are free on these nights" from a copy
// in memory that follows the feed.
//
// A search page must not ask the store for every unit. An [Index] is loaded once and then told of
// each event; it lets holds lapse and queues move up by itself, as the desk does:
//
//	ix := index.New(first, 730)
//	err := ix.Load(cals...)                          // once, from the store
//	events, cursor, err := feed.Since(ctx, cursor, 1000)
//	err = ix.Apply(events...)                        // again and again
//	known := ix.Free(&set, span, 1, time.Now())      // which units have a place left
//	for unit := range set.All() { ... }
//
// An Index is for units of nights. Units of instants may be in it, because reservations can span
// both, and answer [Index.Status]; a search never finds them.
package index

import (
	"container/heap"
	"fmt"
	"iter"
	"math/bits"
	"slices"
	"sync"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
)

// An Index follows the calendars of units over a number of days. It may be used by any number of
// goroutines.
type Index struct {
	first date.Date
	days  int

	mu       sync.RWMutex
	now      time.Time
	names    []booking.UnitID
	ordinals map[booking.UnitID]int
	units    []*unit
	free     [][]uint64 // by day, then by unit: a place is free, the unit's turnover behind it too
	due      dueHeap
	used     []int32 // scratch: places used by day
}

// A unit is one calendar: as the feed told it, and as it is at now.
type unit struct {
	told  booking.Calendar
	shown booking.Calendar
	rows  map[booking.ReservationID]int // index in told.Reservations
	wakes time.Time                     // its place in the heap; zero if it has none
	short bool                          // it was loaded up to a day only: what lies behind is not known
}

// New returns an empty index of days days, the first of which is first.
func New(first date.Date, days int) *Index {
	days = max(1, days)
	return &Index{first: first, days: days, ordinals: make(map[booking.UnitID]int), free: make([][]uint64, days), used: make([]int32, days+1)}
}

// whole is a window that covers everything: an index knows all there is of its units.
var whole = booking.NightsFrom(date.Min())

// Load takes calendars in as they were loaded from a store, or read from a desk: with a window
// from the index's first day on, the unit's turnover behind the last day included. It replaces what
// the index had of those units. Of a unit loaded with a window that ends, Free says nothing about
// spans without end.
func (x *Index) Load(cals ...booking.Calendar) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	for _, c := range cals {
		from, to := c.Window.Bounds()
		wanted, _ := booking.Nights(x.first, x.first+date.Date(x.days+c.Unit.Turnover.Nights))
		wantFrom, wantTo := wanted.Bounds()
		if from > wantFrom || to < wantTo {
			return fmt.Errorf("index: calendar of %s was loaded for %s, not for %s: %w", c.Unit.ID, c.Window, wanted, booking.ErrInvalid)
		}
	}
	changed := make([]int, len(cals))
	for i, c := range cals {
		short := !c.Window.Forever()
		c.Window, c.IDs = whole, nil
		c.Reservations = slices.Clone(c.Reservations)
		n := x.ordinal(c.Unit.ID)
		u := x.units[n]
		u.short = short
		u.told, u.rows = c, make(map[booking.ReservationID]int, len(c.Reservations))
		for j, r := range c.Reservations {
			u.rows[r.ID] = j
		}
		changed[i] = n
	}
	x.show(changed)
	return nil
}

// A GapError says that an event was skipped: load the unit again.
type GapError struct {
	Unit booking.UnitID
	Had  int64 // the last event known
	Got  int64 // the one that came
}

func (e *GapError) Error() string { return "index: " + e.Text("en") }

// Text says it in a language: "en" or "ru".
func (e *GapError) Text(lang string) string {
	if lang == "ru" {
		return fmt.Sprintf("у %s после события %d пришло %d; загрузите его снова", e.Unit, e.Had, e.Got)
	}
	return fmt.Sprintf("after event %d of %s comes %d: load it again", e.Had, e.Unit, e.Got)
}

// Apply takes events in, in the order of the feed. Events that are known already change nothing.
// At a gap it stops, with a [GapError]; what came before it is applied.
func (x *Index) Apply(events ...booking.Event) error {
	x.mu.Lock()
	defer x.mu.Unlock()
	var changed []int
	seen := make(map[int]bool)
	var err error
	for _, e := range events {
		n := x.ordinal(booking.UnitID(e.Key.ID))
		u := x.units[n]
		if e.Seq <= u.told.Seq {
			continue
		}
		if e.Seq != u.told.Seq+1 {
			err = &GapError{Unit: u.told.Unit.ID, Had: u.told.Seq, Got: e.Seq}
			break
		}
		u.apply(e)
		if !seen[n] {
			seen[n] = true
			changed = append(changed, n)
		}
	}
	x.show(changed)
	return err
}

func (x *Index) ordinal(id booking.UnitID) int {
	n, ok := x.ordinals[id]
	if ok {
		return n
	}
	n = len(x.units)
	x.ordinals[id] = n
	x.names = append(x.names, id)
	u := &unit{rows: make(map[booking.ReservationID]int)}
	u.told.Unit.ID, u.told.Window = id, whole
	u.shown = u.told
	x.units = append(x.units, u)
	if n/64 >= len(x.free[0]) {
		for d := range x.free {
			x.free[d] = append(x.free[d], 0)
		}
	}
	return n
}

func (u *unit) apply(e booking.Event) {
	u.told.Version, u.told.Seq, u.told.Clock = max(1, u.told.Version), e.Seq, e.At
	if e.Unit != nil {
		u.told.Unit = *e.Unit
	}
	if e.Reservation == nil {
		return
	}
	r := *e.Reservation
	i, known := u.rows[r.ID]
	on := func(c booking.Claim) bool { return c.Unit == u.told.Unit.ID }
	if (r.State.Ended() && r.State != booking.StateCheckedOut) || !slices.ContainsFunc(r.Claims, on) {
		if known { // it is over, or elsewhere
			last := len(u.told.Reservations) - 1
			moved := u.told.Reservations[last]
			u.told.Reservations[i] = moved
			u.told.Reservations = u.told.Reservations[:last]
			u.rows[moved.ID] = i
			delete(u.rows, r.ID)
		}
		return
	}
	if known {
		u.told.Reservations[i] = r
		return
	}
	u.rows[r.ID] = len(u.told.Reservations)
	u.told.Reservations = append(u.told.Reservations, r)
}

// show brings units, and those that their queues reach, to now.
func (x *Index) show(changed []int) {
	var reached map[int]bool // beside the one that was asked for
	for _, n := range changed {
		if reached[n] {
			continue
		}
		cals := x.closed(n)
		for _, c := range cals {
			m := x.ordinals[c.Unit.ID]
			if len(cals) > 1 {
				if reached == nil {
					reached = make(map[int]bool)
				}
				reached[m] = true
			}
			x.units[m].shown = c
			x.mark(m)
			x.await(m)
		}
	}
}

// closed returns the unit's calendar at now, with those that it depends on. A unit that the index
// was never told of cannot be asked: what waits for it keeps waiting.
func (x *Index) closed(n int) []booking.Calendar {
	cals := []booking.Calendar{x.units[n].copyTold()}
	for {
		shown, need := booking.At(x.now, cals...)
		if need == nil {
			return shown
		}
		grown := false
		for _, u := range need.Units {
			if m, ok := x.ordinals[u]; ok && !slices.ContainsFunc(cals, func(c booking.Calendar) bool { return c.Unit.ID == u }) {
				cals = append(cals, x.units[m].copyTold())
				grown = true
			}
		}
		if !grown {
			return cals
		}
	}
}

func (u *unit) copyTold() booking.Calendar {
	c := u.told
	c.Reservations = slices.Clone(c.Reservations)
	return c
}

// mark writes the unit's bit of every day. A night counts as free only with the turnover behind
// it, so that a stay is free if each of its nights is.
func (x *Index) mark(n int) {
	c := &x.units[n].shown
	clear(x.used)
	for i := range c.Reservations {
		r := &c.Reservations[i]
		if !r.Blocks(c.Clock) {
			continue
		}
		for _, claim := range r.Claims {
			if claim.Unit == c.Unit.ID {
				x.use(claim, c.Unit.Turnover.Nights)
			}
		}
	}
	word, bit := n/64, uint64(1)<<(n%64)
	open := c.Version != 0 && !c.Unit.Closed && c.Unit.Axis == booking.AxisNights
	used := int32(0)
	for d := range x.days {
		used += x.used[d]
		if open && int(used) < c.Unit.Capacity {
			x.free[d][word] |= bit
		} else {
			x.free[d][word] &^= bit
		}
	}
	if c.Unit.Turnover.Nights > 0 && c.Unit.Capacity > 1 && open {
		x.markExactly(n)
	}
}

// use adds a claim to the days used; the nights before it that could not turn over in time too.
func (x *Index) use(c booking.Claim, turnover int) {
	arrival, departure := c.Busy.Dates()
	if c.Busy.Forever() {
		departure = x.first + date.Date(x.days)
	}
	from := min(max(int(arrival-x.first)-turnover, 0), x.days)
	to := min(max(int(departure-x.first), 0), x.days)
	x.used[from] += int32(c.Count)
	x.used[to] -= int32(c.Count)
}

// markExactly corrects the bits of a pool with turnover: claims that never overlap on one night may
// both have been added to another.
func (x *Index) markExactly(n int) {
	c := &x.units[n].shown
	word, bit := n/64, uint64(1)<<(n%64)
	for d := range x.days {
		night, _ := booking.Nights(x.first+date.Date(d), x.first+date.Date(d)+1)
		if free, _ := c.Free(night); free > 0 {
			x.free[d][word] |= bit
		}
	}
}

// await puts the unit's next deadline on the heap.
func (x *Index) await(n int) {
	var next time.Time
	c := &x.units[n].shown
	for i := range c.Reservations {
		r := &c.Reservations[i]
		var due time.Time
		switch r.State {
		case booking.StateHeld:
			due = r.Deadline
		case booking.StateQueued:
			due = x.arrival(r)
		}
		if !due.IsZero() && (next.IsZero() || due.Before(next)) {
			next = due
		}
	}
	if u := x.units[n]; !next.IsZero() && (u.wakes.IsZero() || next.Before(u.wakes)) {
		u.wakes = next
		heap.Push(&x.due, dueUnit{next, n})
	}
}

// arrival is when a reservation that waits ends by itself; zero if never.
func (x *Index) arrival(r *booking.Reservation) time.Time {
	var first time.Time
	for _, c := range r.Claims {
		if c.Span.Forever() {
			return time.Time{}
		}
		n, ok := x.ordinals[c.Unit]
		if !ok {
			continue
		}
		if in, _ := x.units[n].told.Unit.Stay(c.Span); first.IsZero() || in.Before(first) {
			first = in
		}
	}
	return first
}

// advance lets lapse what is due by now. It holds no lock.
func (x *Index) advance(now time.Time) {
	now = now.UTC().Truncate(time.Microsecond)
	x.mu.RLock()
	due := len(x.due) > 0 && !x.due[0].at.After(now)
	x.mu.RUnlock()
	if !due {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	if now.After(x.now) {
		x.now = now
	}
	var changed []int
	for len(x.due) > 0 && !x.due[0].at.After(x.now) {
		d := heap.Pop(&x.due).(dueUnit)
		x.units[d.unit].wakes = time.Time{}
		changed = append(changed, d.unit)
	}
	x.show(changed)
}

// Free puts into dst the units that have count places left on every night of the span, turnover
// included, at now, which may step back: the index does not. It reports whether the index's days
// cover the span; if not, dst is empty. After the first use of dst it allocates nothing.
func (x *Index) Free(dst *Set, span booking.Span, count int, now time.Time) (known bool) {
	x.advance(now)
	x.mu.RLock()
	defer x.mu.RUnlock()
	dst.reset(x)
	arrival, departure := span.Dates()
	from, to := int(arrival-x.first), int(departure-x.first)
	if span.Forever() {
		to = x.days
	}
	if span.Empty() || span.Axis() != booking.AxisNights || from < 0 || from >= to || to > x.days {
		return false
	}
	words := dst.bits
	copy(words, x.free[from])
	for d := from + 1; d < to; d += 2 { // two nights at a time: half the traffic to memory
		night, next := x.free[d][:len(words)], x.free[min(d+1, to-1)][:len(words)]
		for i := range words {
			words[i] &= night[i] & next[i]
		}
	}
	if count > 1 || span.Forever() {
		dst.check(span, max(1, count))
	}
	return true
}

// Status returns what the unit shows for a span at now; StatusUnknown for a unit that the index
// was never told of.
func (x *Index) Status(u booking.UnitID, span booking.Span, now time.Time) booking.Status {
	x.advance(now)
	x.mu.RLock()
	defer x.mu.RUnlock()
	n, ok := x.ordinals[u]
	if !ok {
		return booking.StatusUnknown
	}
	return x.units[n].shown.Status(span)
}

// Only returns the set of these units, those that the index knows: to be intersected with others.
func (x *Index) Only(units ...booking.UnitID) *Set {
	x.mu.RLock()
	defer x.mu.RUnlock()
	s := new(Set)
	s.reset(x)
	for _, u := range units {
		if n, ok := x.ordinals[u]; ok {
			s.bits[n/64] |= 1 << (n % 64)
		}
	}
	return s
}

// A Set is a set of an index's units. The zero value is empty.
type Set struct {
	index *Index
	bits  []uint64
}

// reset empties the set for an index whose lock is held.
func (s *Set) reset(x *Index) {
	s.index = x
	words := len(x.free[0])
	s.bits = slices.Grow(s.bits[:0], words)[:words]
	clear(s.bits)
}

// check drops the units that have not count places on the span after all.
func (s *Set) check(span booking.Span, count int) {
	for w, word := range s.bits {
		for ; word != 0; word &= word - 1 {
			n := w*64 + bits.TrailingZeros64(word)
			u := s.index.units[n]
			if free, _ := u.shown.Free(span); free < count || u.short && span.Forever() {
				s.bits[w] &^= 1 << (n % 64)
			}
		}
	}
}

// And keeps the units that are in both sets. Both must be of one index.
func (s *Set) And(o *Set) {
	for i := range s.bits {
		if i < len(o.bits) {
			s.bits[i] &= o.bits[i]
		} else {
			s.bits[i] = 0
		}
	}
}

// Len returns how many units are in the set.
func (s *Set) Len() int {
	n := 0
	for _, w := range s.bits {
		n += bits.OnesCount64(w)
	}
	return n
}

// All yields the units of the set, in the order in which the index met them.
func (s *Set) All() iter.Seq[booking.UnitID] {
	return func(yield func(booking.UnitID) bool) {
		if s.index == nil {
			return
		}
		s.index.mu.RLock()
		names := s.index.names
		s.index.mu.RUnlock()
		for w, word := range s.bits {
			for ; word != 0; word &= word - 1 {
				if !yield(names[w*64+bits.TrailingZeros64(word)]) {
					return
				}
			}
		}
	}
}

// dueUnit says when a unit's calendar changes by itself, at the earliest.
type dueUnit struct {
	at   time.Time
	unit int
}

type dueHeap []dueUnit

func (h dueHeap) Len() int           { return len(h) }
func (h dueHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h dueHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(d any)        { *h = append(*h, d.(dueUnit)) }
func (h *dueHeap) Pop() any {
	old := *h
	d := old[len(old)-1]
	*h = old[:len(old)-1]
	return d
}
