package booking

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// At brings calendars to an instant: holds whose deadline came end, in the order of their
// deadlines, and after each the queue moves up. It returns the calendars as they are then, or
// what else to load first: who sticks out of the windows or the units may be changed by what lies
// there. It records nothing; a calendar's clock is never set back.
func At(now time.Time, cals ...Calendar) ([]Calendar, *Query) {
	b := openBook(cals, deskTime(now, cals, 0))
	if !b.close() {
		return nil, b.missing()
	}
	b.lapse()
	return b.calendars(), nil
}

// deskTime is now, or the latest clock and a step if that is later.
func deskTime(now time.Time, cals []Calendar, step time.Duration) time.Time {
	now = now.UTC().Truncate(time.Microsecond)
	for i := range cals {
		if c := cals[i].Clock; !c.IsZero() && !c.Add(step).Before(now) {
			now = c.Add(step)
		}
	}
	return now
}

// due is when the reservation ends by itself: a hold at its deadline, what waits at its arrival.
func (b *book) due(r *Reservation) (time.Time, bool) {
	switch r.State {
	case StateHeld:
		return r.Deadline, true
	case StateQueued:
		var first time.Time
		for i := range r.Claims {
			c := &r.Claims[i]
			if c.Span.Forever() {
				return time.Time{}, false
			}
			p := b.page(c.Unit)
			if p == nil {
				continue
			}
			if in, _ := p.Unit.Stay(c.Span); first.IsZero() || in.Before(first) {
				first = in
			}
		}
		if first.Before(r.Since) && !first.IsZero() {
			first = r.Since // preempted or moved after the arrival: it does not end before it began to wait
		}
		return first, !first.IsZero()
	}
	return time.Time{}, false
}

// lapse records all that fell due by now, on a closed book.
func (b *book) lapse() {
	for {
		var next time.Time
		b.each(func(e *entry) {
			if due, ok := b.due(e.Reservation); ok && !due.After(b.now) && (next.IsZero() || due.Before(next)) {
				next = due
			}
		})
		if next.IsZero() {
			return
		}
		var over []*entry
		b.each(func(e *entry) {
			if due, ok := b.due(e.Reservation); ok && due.Equal(next) {
				over = append(over, e)
			}
		})
		slices.SortStableFunc(over, byID) // their events come in one order, whatever the store's is
		for _, e := range over {
			b.enter(e, StateExpired, next)
			b.noteLapse(e, KindExpired)
		}
		b.promote(next)
	}
}

// noteLapse notes a change that came by time alone. Of several before one commit only the last is
// told: an offer that has lapsed already could only mislead.
func (b *book) noteLapse(e *entry, kind Kind) {
	if e.lapsed > 0 {
		b.steps[e.lapsed-1].dropped = true
	}
	b.note(e, kind)
	e.lapsed = len(b.steps)
}

// each calls f once for every reservation that is on a page.
func (b *book) each(f func(*entry)) {
	for _, p := range b.pages {
		for _, e := range p.rows {
			if e.State != StateHeld && e.State != StateQueued {
				continue // only these fall due or move up
			}
			if e.on(p.Unit.ID) && (!grouped(e.Claims) || b.firstPage(e) == p) {
				f(e)
			}
		}
	}
}

// firstPage is the page on which a group's entry is met first.
func (b *book) firstPage(e *entry) *page {
	var first *page
	for i := range e.Claims {
		if p := b.page(e.Claims[i].Unit); p != nil && (first == nil || p.Unit.ID < first.Unit.ID) && slices.Contains(p.rows, e) {
			first = p
		}
	}
	return first
}

func byID(a, b *entry) int { return strings.Compare(string(a.ID), string(b.ID)) }

// byTurn orders who waits: higher priority first, then who joined earlier.
func byTurn(a, b *entry) int {
	return cmp.Or(cmp.Compare(b.Priority, a.Priority), a.Joined.Compare(b.Joined), byID(a, b))
}

// promote gives room to who waits and finds all of it free, in turn. Nobody is promoted into a
// closed unit.
func (b *book) promote(at time.Time) {
	var waiting []*entry
	b.each(func(e *entry) {
		if e.State == StateQueued {
			waiting = append(waiting, e)
		}
	})
	if len(waiting) == 0 {
		return
	}
	slices.SortFunc(waiting, byTurn)
	for _, e := range waiting {
		if b.anyClosed(e.Claims) || !b.fits(e) {
			continue
		}
		b.grant(e, at)
		if b.command < 0 {
			b.noteLapse(e, kindOf(e.State))
		} else {
			b.note(e, kindOf(e.State))
		}
	}
}

// grant gives an entry its claims at an instant.
func (b *book) grant(e *entry, at time.Time) {
	e.own()
	e.Unseen = e.State == StateQueued && !e.Block
	if e.Block {
		b.enter(e, StateBlocked, at)
		return
	}
	b.enter(e, StateHeld, at)
	e.Deadline = at.Add(b.holdTTL(e))
}

// holdTTL is how long a hold of the entry lasts: as asked, else as the units say, and no longer
// than they let it.
func (b *book) holdTTL(e *entry) time.Duration {
	ttl, limit := b.limits(e.Claims)
	return max(min(orDefault(e.TTL, ttl), limit).Truncate(time.Microsecond), time.Microsecond)
}

// limits returns the shortest TTL and MaxHold of the claims' units.
func (b *book) limits(claims []Claim) (ttl, maxHold time.Duration) {
	for i := range claims {
		u := &b.page(claims[i].Unit).Unit
		if i == 0 {
			ttl, maxHold = u.TTL, u.MaxHold
		}
		ttl, maxHold = min(ttl, u.TTL), min(maxHold, u.MaxHold)
	}
	return ttl, maxHold
}

func (b *book) anyClosed(claims []Claim) bool {
	return slices.ContainsFunc(claims, func(c Claim) bool { return b.page(c.Unit).Unit.Closed })
}

func kindOf(s State) Kind { return Kind(s.String()) }

// calendars returns the pages as calendars at desk time.
func (b *book) calendars() []Calendar {
	cals := make([]Calendar, len(b.pages))
	for i, p := range b.pages {
		c := Calendar{Head: p.Head, Version: p.version, Window: p.window, IDs: p.ids}
		if p.version != 0 {
			c.Clock = b.now
		}
		for _, e := range p.rows {
			c.Reservations = append(c.Reservations, *e.Reservation)
		}
		c.profile = c.newProfile()
		cals[i] = c
	}
	return cals
}
