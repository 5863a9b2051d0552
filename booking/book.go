package booking

import (
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A book is the working state of one decision: the calendars that were loaded, as one. It notes
// what else it would have to load (need) and what happened (steps).
type book struct {
	now   time.Time // desk time
	pages []*page   // in the order of their units
	torn  bool      // copies of one reservation differ: they were loaded around a commit
	need  Query     // what is missing; asked for tells whether anything is
	asked bool

	steps   []step
	command int // index of the command at work; -1: what falls due
	changed bool
	buffer  []mark

	// Room for what most decisions need: so a book is one allocation.
	onePage    [1]page
	onePointer [1]*page
	fewRows    [4]*entry
	fewEntries [4]entry
	onePlaced  [1]*entry
	oneStep    [1]step
	oneChange  changeRoom
}

// changeRoom is for a Change of one event on one unit.
type changeRoom struct {
	guards [1]store.Guard
	heads  [1]Head
	rows   [1]Row
	events [1]Event
}

// A page is one unit's calendar in the book.
type page struct {
	Head
	version int64
	window  Span
	ids     []ReservationID
	rows    []*entry // also signposts
	touched bool
}

// An entry is one reservation; the pages of its units share it. On a page that it is not on, it
// is a signpost.
type entry struct {
	*Reservation          // the calendar's until own is called, which must be before any change
	owned        bool     // it is a copy that no step has
	dirty        bool     // it changed
	rewrite      bool     // its rows did, though it did not
	left         []UnitID // units it has left in this decision
	lapsed       int      // 1 + index of the step by which it last lapsed here
}

// A step is a change of an entry, or of a unit.
type step struct {
	kind    Kind
	command int
	after   *Reservation // as the change left it: a further one makes a copy of its own
	units   []UnitID     // whose events tell of it
	unit    *Unit        // of KindDefined
	dropped bool
	oneUnit [1]UnitID // room for units
}

// openBook joins calendars into a book at desk time now. What a store returned beyond the window
// and IDs it was asked for is left out, so that all stores lead to the same decisions.
func openBook(cals []Calendar, now time.Time) *book {
	b := &book{now: now, command: -1}
	b.steps = b.oneStep[:0]
	pages := b.onePage[:]
	b.pages = b.onePointer[:]
	if len(cals) != 1 {
		pages, b.pages = make([]page, len(cals)), make([]*page, len(cals))
	}
	for i := range cals {
		c := &cals[i]
		pages[i] = page{Head: c.Head, version: c.Version, window: c.Window, ids: c.IDs}
		b.pages[i] = &pages[i]
	}
	slices.SortFunc(b.pages, func(x, y *page) int { return strings.Compare(string(x.Unit.ID), string(y.Unit.ID)) })
	var groups []copied
	for i := range cals {
		p := b.page(cals[i].Unit.ID)
		entries := b.fewEntries[:0]
		p.rows = b.fewRows[:0]
		if len(cals) > 1 || len(cals[i].Reservations) >= len(b.fewRows) {
			p.rows = make([]*entry, 0, len(cals[i].Reservations)+1)
			entries = make([]entry, 0, len(cals[i].Reservations))
		}
		for j := range cals[i].Reservations {
			r := &cals[i].Reservations[j]
			if !p.loads(r) {
				continue
			}
			signpost := !r.on(p.Unit.ID)
			if !signpost && grouped(r.Claims) {
				if e := findGroup(groups, p.Unit.ID, r.ID); e != nil {
					b.torn = b.torn || e.Rev != r.Rev
					p.rows = append(p.rows, e)
					continue
				}
			}
			entries = append(entries, entry{Reservation: r})
			e := &entries[len(entries)-1]
			p.rows = append(p.rows, e)
			if signpost || grouped(r.Claims) {
				groups = append(groups, copied{e, signpost})
			}
		}
	}
	b.torn = b.torn || b.missesCopies(groups)
	return b
}

// loads reports whether the row belongs to what the page was loaded for.
func (p *page) loads(r *Reservation) bool {
	return slices.Contains(p.ids, r.ID) || r.busyOn(p.Unit.ID).meets(p.window)
}

func grouped(claims []Claim) bool {
	for i := range claims {
		if claims[i].Unit != claims[0].Unit {
			return true
		}
	}
	return false
}

// A copied entry is one that other pages have copies of, or that points at them.
type copied struct {
	*entry
	signpost bool
}

func findGroup(groups []copied, u UnitID, id ReservationID) *entry {
	for _, g := range groups {
		if g.ID == id && !g.signpost && g.on(u) {
			return g.entry
		}
	}
	return nil
}

// missesCopies reports whether a group lacks a copy that a page must have, or a signpost points at
// an older revision than its own: signs of a load that a commit divided.
func (b *book) missesCopies(groups []copied) bool {
	for _, g := range groups {
		for i := range g.Claims {
			p := b.page(g.Claims[i].Unit)
			if p == nil {
				continue
			}
			switch row := p.row(g.ID); {
			case row == nil && g.live() && p.loads(g.Reservation), row != nil && row.Rev < g.Rev:
				return true
			case row != nil && row != g.entry && !g.signpost:
				return true
			}
		}
	}
	return false
}

func (b *book) page(u UnitID) *page {
	if len(b.pages) == 1 {
		if b.pages[0].Unit.ID == u {
			return b.pages[0]
		}
		return nil
	}
	i, ok := slices.BinarySearchFunc(b.pages, u, func(p *page, u UnitID) int { return strings.Compare(string(p.Unit.ID), string(u)) })
	if !ok {
		return nil
	}
	return b.pages[i]
}

func (p *page) row(id ReservationID) *entry {
	for _, e := range p.rows {
		if e.ID == id {
			return e
		}
	}
	return nil
}

// units returns the distinct units of claims, in their order.
func units(claims []Claim) []UnitID {
	return appendUnits(make([]UnitID, 0, len(claims)), claims)
}

func appendUnits(us []UnitID, claims []Claim) []UnitID {
	for i := range claims {
		if !slices.Contains(us, claims[i].Unit) {
			us = append(us, claims[i].Unit)
		}
	}
	return us
}

// require returns the unit's page, or notes that it is needed.
func (b *book) require(u UnitID) *page {
	p := b.page(u)
	if p == nil {
		b.asked = true
		b.need.Units = append(b.need.Units, u)
	}
	return p
}

// requireID reports whether the row of the ID on the page, or its absence, is known; else it is
// needed.
func (b *book) requireID(p *page, id ReservationID) bool {
	if slices.Contains(p.ids, id) {
		return true
	}
	b.asked = true
	b.need.IDs = append(b.need.IDs, id)
	return false
}

// requireWindow reports whether all live rows of the page that meet s are known; else they are
// needed.
func (b *book) requireWindow(p *page, s Span) bool {
	if p.window.covers(s) {
		return true
	}
	b.asked = true
	b.need.Window = b.need.Window.hull(s)
	return false
}

// requireAll reports whether the calendars of an entry are known wherever it takes room.
func (b *book) requireAll(e *entry) bool {
	known := true
	for i := range e.Claims {
		p := b.require(e.Claims[i].Unit)
		known = p != nil && b.requireWindow(p, e.Claims[i].Busy) && known
	}
	return known
}

// close reports whether everything is known that what is due here may change: lapses free room
// wherever they had it, and who waits must see all that he waits for.
func (b *book) close() bool {
	if b.torn {
		b.asked = true
		return false
	}
	for _, p := range b.pages {
		for _, e := range p.rows {
			if e.State == StateQueued || e.State == StateHeld && !e.Deadline.After(b.now) {
				if e.on(p.Unit.ID) {
					b.requireAll(e)
				}
			}
		}
	}
	return !b.asked
}

// foresee asks for what further commands are likely to need, so that a hundred cancellations of a
// hundred dates cost one more load and not a hundred.
func (b *book) foresee(cmds []Command) {
	for _, id := range queryOf(cmds, Query{}).IDs {
		for _, p := range b.pages {
			if e := p.row(id); e != nil {
				b.requireAll(e)
			}
		}
	}
}

// missing is the query that would load what the book has and what it needs.
func (b *book) missing() *Query {
	q := b.need
	for _, p := range b.pages {
		q.Units = append(q.Units, p.Unit.ID)
		q.IDs = append(q.IDs, p.ids...)
		q.Window = q.Window.hull(p.window)
	}
	slices.Sort(q.Units)
	q.Units = slices.Compact(q.Units)
	slices.Sort(q.IDs)
	q.IDs = slices.Compact(q.IDs)
	return &q
}

// find returns the reservation that a unit knows by this ID, following signposts; nil if it is
// unknown, or if more must be loaded first.
func (b *book) find(u UnitID, id ReservationID) *entry {
	for range maxClaims {
		p := b.require(u)
		if p == nil || !b.requireID(p, id) {
			return nil
		}
		e := p.row(id)
		if e == nil || e.on(u) {
			return e
		}
		u = e.Claims[0].Unit
	}
	return nil
}

// marks appends what a claim takes of [s.from, s.to) to the buffer.
func marks(buffer []mark, c *Claim, s Span) []mark {
	from, to := max(c.Busy.from, s.from), min(c.Busy.to, s.to)
	if from >= to {
		return buffer
	}
	return append(buffer, mark{from, int64(c.Count)}, mark{to, -int64(c.Count)})
}

// takenOn appends what entries other than except take on the page within s.
func (p *page) takenOn(buffer []mark, s Span, except *entry) []mark {
	for _, e := range p.rows {
		if e == except || !e.State.takes() {
			continue
		}
		for i := range e.Claims {
			if c := &e.Claims[i]; c.Unit == p.Unit.ID {
				buffer = marks(buffer, c, s)
			}
		}
	}
	return buffer
}

// fits reports whether there is room for all claims of the entry, beside what others take.
func (b *book) fits(e *entry) bool {
	for i := range e.Claims {
		if !b.fitsClaim(e, &e.Claims[i]) {
			return false
		}
	}
	return true
}

func (b *book) fitsClaim(e *entry, c *Claim) bool {
	p := b.page(c.Unit)
	b.buffer = p.takenOn(b.buffer[:0], c.Busy, e)
	if len(b.buffer) == 0 && len(e.Claims) == 1 {
		return c.Count <= p.Unit.Capacity
	}
	for i := range e.Claims {
		if o := &e.Claims[i]; o.Unit == c.Unit {
			b.buffer = marks(b.buffer, o, c.Busy)
		}
	}
	return peak(b.buffer) <= p.Unit.Capacity
}

// own makes the entry's reservation a copy that may be changed.
func (e *entry) own() {
	if !e.owned {
		own := *e.Reservation
		e.Reservation, e.owned = &own, true
	}
}

// enter puts an entry into a state.
func (b *book) enter(e *entry, s State, at time.Time) {
	e.own()
	e.State, e.Since, e.Deadline = s, at, time.Time{}
}

// note records that the entry has just changed.
func (b *book) note(e *entry, kind Kind) {
	e.own()
	e.Rev++
	e.dirty, b.changed = true, true
	b.steps = append(b.steps, step{kind: kind, command: b.command, after: e.Reservation})
	e.owned = false
	st := &b.steps[len(b.steps)-1]
	st.units = appendUnits(st.oneUnit[:0], e.Claims)
	for _, u := range e.left {
		if !slices.Contains(st.units, u) {
			st.units = append(st.units, u)
		}
	}
}

// change makes the book's steps a Change: one commit at desk time. authors gives By, Why and the
// verb of each command.
func (b *book) change(cmds []Command) Change {
	if !b.changed {
		return Change{}
	}
	room := &b.oneChange
	c := Change{Guards: room.guards[:0], Heads: room.heads[:0], Rows: room.rows[:0], Events: room.events[:0]}
	for i := range b.steps {
		st := &b.steps[i]
		if st.dropped {
			continue
		}
		var by, why, verb string
		if st.command >= 0 {
			by, why = cmds[st.command].author()
			verb = cmds[st.command].verb()
		}
		for _, u := range st.units {
			p := b.page(u)
			p.Seq++
			p.touched = true
			ev := Event{Key: unitKey(u), Seq: p.Seq, At: b.now, Kind: st.kind, By: by, Why: why, Command: verb, Tags: p.Unit.Tags, Unit: st.unit}
			if st.unit == nil && st.kind != KindReset {
				st.after.announce()
				ev.Reservation = st.after
			}
			c.Events = append(c.Events, ev)
		}
	}
	for _, p := range b.pages {
		if p.touched {
			p.Clock = b.now
			c.Heads = append(c.Heads, p.Head)
		}
		c.Guards = append(c.Guards, guard(p.Unit.ID, p.version, p.touched))
		for _, e := range p.rows {
			if (e.dirty || e.rewrite && p.touched) && (e.on(p.Unit.ID) || slices.Contains(e.left, p.Unit.ID)) {
				r := *e.Reservation
				r.announce()
				c.Rows = append(c.Rows, b.newRow(p.Unit.ID, r))
			}
		}
	}
	return c
}

// announce is what a commit does to an offer: from now on it is known.
func (r *Reservation) announce() {
	if r.State == StateHeld {
		r.Unseen = false
	}
}

func (b *book) newRow(u UnitID, r Reservation) Row {
	row := Row{Unit: u, Reservation: r, Busy: r.busyOn(u)}
	row.Live = !row.Busy.Empty() && r.live()
	if row.Live {
		if due, ok := b.due(&r); ok {
			row.Deadline = due
		}
	}
	return row
}
