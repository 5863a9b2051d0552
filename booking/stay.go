package booking

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// checkIn and what else concerns a guest who is there: rooms, an early departure, a move.

func (d *decider) checkIn(c CheckIn) (answer, error) {
	e, err := d.target(c.Ref)
	if e == nil {
		return answer{}, err
	}
	switch {
	case e.State == StateCheckedOut, e.State == StateCheckedIn && d.hasPlaces(e, c):
		return answer{entry: e, replayed: true}, nil
	}
	if err := current(e, c.Ref, StateConfirmed, StateCheckedIn); err != nil {
		return answer{}, err
	}
	if err := d.early(e); err != nil {
		return answer{}, err
	}
	claims := cloneClaims(e.Claims)
	given, arriving := c.Places, d.arriving(e, c.Ref)
	for i := range claims {
		claim := &claims[i]
		p := d.page(claim.Unit)
		if !d.begun(p, claim) {
			continue
		}
		places := claim.Places
		if i == arriving && len(given) > 0 {
			places, given = given, nil
		} else if len(places) > 0 {
			continue
		}
		claim.Places = nil
		if err := d.assign(e, p, claims, i, places); err != nil || d.asked {
			return answer{}, err
		}
	}
	if len(given) > 0 {
		return answer{}, &InvalidError{Field: "places", Value: placesText(given), Why: WhyPlaces}
	}
	kind := KindMoved
	if e.State != StateCheckedIn {
		kind = KindCheckedIn
		d.enter(e, StateCheckedIn, d.now)
	}
	e.own()
	e.Claims = claims
	d.note(e, kind)
	return answer{entry: e}, nil
}

// unitOf is the unit of the reference, or the first one if the reservation has left that.
func (e *entry) unitOf(r Ref) UnitID {
	if e.on(r.Unit) {
		return r.Unit
	}
	return e.Claims[0].Unit
}

// arriving is the index of the claim that a check-in's places are for: on the reference's unit, of
// those that have begun the last; -1 if none has.
func (d *decider) arriving(e *entry, r Ref) int {
	at, u := -1, e.unitOf(r)
	for i := range e.Claims {
		c := &e.Claims[i]
		if c.Unit == u && d.begun(d.page(u), c) && (at < 0 || compareStart(*c, e.Claims[at]) > 0) {
			at = i
		}
	}
	return at
}

// hasPlaces reports whether the guest has the places that the command asks for, and wants none.
func (d *decider) hasPlaces(e *entry, cmd CheckIn) bool {
	for i := range e.Claims {
		c := &e.Claims[i]
		if !d.begun(d.page(c.Unit), c) {
			continue
		}
		if len(c.Places) == 0 {
			return false
		}
		if i == d.arriving(e, cmd.Ref) && len(cmd.Places) > 0 && !slices.Equal(c.Places, cmd.Places) {
			return false
		}
	}
	return true
}

// begun reports whether a claim's day has come, or its time: only then has it rooms.
func (d *decider) begun(p *page, c *Claim) bool {
	if p.Unit.Axis == AxisNights {
		return c.Span.from <= p.Unit.today(d.now)
	}
	return c.Span.from <= d.now.UnixMicro()
}

// assign gives the i-th of the entry's claims these places, or any. A guest who leaves today has
// the room until checked out, and one who has left it for the turnover.
func (d *decider) assign(e *entry, p *page, claims []Claim, i int, places []int) error {
	c := &claims[i]
	reach := c.Busy
	if p.Unit.Axis == AxisNights {
		today := p.Unit.today(d.now)
		reach = Span{AxisNights, min(c.Busy.from, today-day), max(c.Busy.to, today+day)}
	}
	if !d.requireWindow(p, reach) || !d.close() {
		return nil
	}
	occupied := d.occupied(e, p, claims, i)
	if len(places) > 0 && (len(places) != c.Count || slices.Max(places) > p.Unit.Capacity) {
		return &InvalidError{Field: "places", Value: placesText(places), Why: WhyPlaces}
	}
	taken := &TakenError{Unit: c.Unit, Span: c.Span, Free: p.Unit.Capacity - len(occupied)}
	if len(places) == 0 {
		places = slices.Clone(c.Places) // what the guest has stays
		for n := 1; n <= p.Unit.Capacity && len(places) < c.Count; n++ {
			if _, ok := occupied[n]; !ok && !slices.Contains(places, n) {
				places = append(places, n)
			}
		}
		if len(places) == c.Count {
			c.Places = places
			return nil
		}
		places = slices.Collect(maps.Keys(occupied))
	}
	for _, n := range places {
		if r, ok := occupied[n]; ok && !slices.Contains(taken.By, r) {
			taken.By = append(taken.By, r)
		}
	}
	if len(taken.By) > 0 {
		slices.SortFunc(taken.By, func(a, b Ref) int { return strings.Compare(string(a.ID), string(b.ID)) })
		return taken
	}
	c.Places = slices.Clone(places)
	return nil
}

// occupied says who has which place when the guest of the i-th claim arrives.
func (d *decider) occupied(e *entry, p *page, claims []Claim, i int) map[int]Ref {
	occupied := make(map[int]Ref)
	note := func(o *entry, c *Claim) {
		for _, n := range c.Places {
			occupied[n] = o.Ref()
		}
	}
	for j := range claims {
		if c := &claims[j]; j != i && c.Unit == p.Unit.ID && c.Busy.meets(claims[i].Busy) {
			note(e, c)
		}
	}
	today := p.Unit.today(d.now)
	for _, o := range p.rows {
		if o == e || o.State != StateCheckedIn && o.State != StateCheckedOut {
			continue
		}
		for j := range o.Claims {
			c := &o.Claims[j]
			there := c.Busy.meets(claims[i].Busy) || p.Unit.Axis == AxisNights && o.State == StateCheckedIn && c.Busy.to >= today
			if c.Unit == p.Unit.ID && there {
				note(o, c)
			}
		}
	}
	return occupied
}

func placesText(places []int) string {
	texts := make([]string, len(places))
	for i, n := range places {
		texts[i] = strconv.Itoa(n)
	}
	return strings.Join(texts, ", ")
}

func (d *decider) checkOut(c CheckOut) (answer, error) {
	e, err := d.target(c.Ref)
	if e == nil {
		return answer{}, err
	}
	if e.State == StateCheckedOut {
		return answer{entry: e, replayed: true}, nil
	}
	if err := current(e, c.Ref, StateCheckedIn); err != nil {
		return answer{}, err
	}
	if !d.requireAll(e) {
		return answer{}, nil
	}
	d.enter(e, StateCheckedOut, d.now)
	d.setClaims(e, d.trimmed(e))
	d.note(e, KindCheckedOut)
	d.freed = true
	return answer{entry: e}, nil
}

// trimmed is what a guest who leaves now has had: at least a night, or a moment, of it stays.
func (d *decider) trimmed(e *entry) []Claim {
	var kept []Claim
	first := 0
	for i, c := range e.Claims {
		cut, had := d.cut(c)
		if compareStart(c, e.Claims[first]) < 0 {
			first = i
		}
		if had || len(e.Claims) == 1 {
			kept = append(kept, cut)
		}
	}
	if len(kept) == 0 {
		cut, _ := d.cut(e.Claims[first])
		kept = append(kept, cut)
	}
	return kept
}

// cut is a claim as it ends now, a night or a moment at least, and whether any of it was had.
func (d *decider) cut(c Claim) (cut Claim, had bool) {
	u := &d.page(c.Unit).Unit
	end, least := d.now.UnixMicro(), int64(1)
	if u.Axis == AxisNights {
		end, least = u.today(d.now), day
	}
	had = c.Span.from < end || c.Span.from == end && len(c.Places) > 0
	turnover := c.Busy.to - c.Span.to
	if to := max(c.Span.from+least, min(c.Span.to, end)); to < c.Span.to {
		if c.Span.Forever() {
			turnover = u.busy(Span{u.Axis, 0, to}).to - to
		}
		c.Span.to = to
		c.Busy.to = to + turnover
	}
	return c, had
}

func compareStart(a, b Claim) int { return cmp.Compare(a.Span.from, b.Span.from) }

// setClaims changes what the entry has; units it leaves keep a signpost.
func (d *decider) setClaims(e *entry, claims []Claim) {
	old := units(e.Claims)
	e.own()
	e.Claims = claims
	for _, u := range old {
		if !e.on(u) && !slices.Contains(e.left, u) {
			e.left = append(e.left, u)
		}
	}
	e.left = slices.DeleteFunc(e.left, e.on)
	for _, u := range units(claims) {
		if p := d.page(u); !slices.Contains(p.rows, e) {
			p.rows = slices.DeleteFunc(p.rows, func(o *entry) bool { return o.ID == e.ID }) // its own signpost
			p.rows = append(p.rows, e)
		}
	}
}

func (d *decider) move(c Move) (answer, error) {
	e, err := d.target(c.Ref)
	if e == nil {
		return answer{}, err
	}
	asked := make([]Claim, len(c.Claims))
	for i, claim := range c.Claims {
		asked[i] = claim.asked()
	}
	if err := d.unitsKnow(e, asked); err != nil || d.asked {
		return answer{}, err
	}
	if !e.State.Ended() && sameClaims(e.Claims, asked) {
		return answer{entry: e, replayed: true}, nil
	}
	if c.Wait && !e.Block {
		return answer{}, &InvalidError{Field: "wait", Value: "true", Why: WhyWaits}
	}
	if err := current(e, c.Ref, StateQueued, StateHeld, StateConfirmed, StateCheckedIn, StateBlocked); err != nil {
		return answer{}, err
	}
	claims, err := d.moved(e, asked)
	if err != nil || d.asked || !d.close() {
		return answer{}, err
	}
	if reasons := d.moveRules(e, claims); len(reasons) > 0 {
		return answer{}, refuse(e, reasons...)
	}
	d.setClaims(e, claims)
	switch {
	case e.State == StateQueued:
	case c.Wait && !d.fits(e):
		d.enter(e, StateQueued, d.now)
	default:
		d.placed = append(d.placed, e)
	}
	d.note(e, KindMoved)
	d.freed = true
	return answer{entry: e}, nil
}

// unitsKnow looks on the units of the claims for another reservation of the entry's ID.
func (d *decider) unitsKnow(e *entry, claims []Claim) error {
	for _, u := range units(claims) {
		p, err := d.unit(u)
		if err != nil {
			return err
		}
		if p == nil {
			continue
		}
		if o := d.find(u, e.ID); o != nil && o != e && !d.asked {
			return &MismatchError{ID: string(e.ID), Field: "claims", Had: claimsText(o.Claims), Got: claimsText(claims)}
		}
	}
	return nil
}

// moved is what the entry would have: what stays keeps its rooms and its turnover.
func (d *decider) moved(e *entry, asked []Claim) ([]Claim, error) {
	if !d.requireAll(e) {
		return nil, nil
	}
	claims := make([]Claim, len(asked))
	for i, c := range asked {
		p := d.page(c.Unit)
		if c.Span.axis != p.Unit.Axis {
			return nil, &InvalidError{Field: "span", Value: c.Span.String(), Why: WhyAxis}
		}
		c.Busy = p.Unit.busy(c.Span)
		for _, old := range e.Claims {
			if old.Unit == c.Unit && old.Count == c.Count && old.Span == c.Span {
				c.Busy = old.Busy
			}
		}
		c.Places = e.roomsFor(c, claims[:i])
		claims[i] = c
		d.requireWindow(p, c.Busy)
	}
	if d.asked || e.State != StateCheckedIn {
		return claims, nil
	}
	for i := range claims {
		c := &claims[i]
		switch p := d.page(c.Unit); {
		case len(c.Places) == c.Count:
		case !d.begun(p, c):
			c.Places = nil
		default:
			if err := d.assign(e, p, claims, i, nil); err != nil || d.asked {
				return nil, err
			}
		}
	}
	return claims, nil
}

// roomsFor lists the rooms that the guest has and keeps for a claim of a move, as many as it needs
// at most: those of the last part of the stay first, and none that an earlier claim keeps.
func (e *entry) roomsFor(c Claim, earlier []Claim) []int {
	var rooms []int
	had := slices.Clone(e.Claims)
	slices.SortStableFunc(had, func(a, b Claim) int { return compareStart(b, a) })
	for _, old := range had {
		if old.Unit != c.Unit || !old.Span.Overlaps(c.Span) {
			continue
		}
		for _, n := range old.Places {
			kept := func(o Claim) bool { return o.Unit == c.Unit && o.Busy.meets(c.Busy) && slices.Contains(o.Places, n) }
			if len(rooms) < c.Count && !slices.Contains(rooms, n) && !slices.ContainsFunc(earlier, kept) {
				rooms = append(rooms, n)
			}
		}
	}
	return rooms
}

// moveRules lists what the rules have against a move. They bind what is new: neither a closed
// unit nor a past arrival stops a stay from being shortened. A guest who is there has had the nights
// before today, and has a place for this one.
func (d *decider) moveRules(e *entry, claims []Claim) []Reason {
	var reasons []Reason
	if e.State == StateCheckedIn && (!sameClaims(d.before(e.Claims), d.before(claims)) || d.covered(e.Claims) && !d.covered(claims)) {
		reasons = append(reasons, Reason{Code: CodePast, Unit: e.Claims[0].Unit, Limit: dateOf(d.page(e.Claims[0].Unit).Unit.today(d.now)).String(), Got: claimsText(d.before(claims))})
	}
	for i := range claims {
		c := &claims[i]
		u := &d.page(c.Unit).Unit
		same := func(old Claim) bool { return compareClaims(old, *c) == 0 }
		within := func(old Claim) bool { return old.Unit == c.Unit && old.Span.Contains(c.Span) && old.Count >= c.Count }
		begun := func(old Claim) bool { return old.Unit == c.Unit && old.Span.from <= c.Span.from }
		if slices.ContainsFunc(e.Claims, same) {
			continue
		}
		if !e.Block && e.State != StateCheckedIn {
			reasons = stayRules(reasons, u, c)
		}
		if slices.ContainsFunc(e.Claims, within) {
			continue
		}
		if u.Closed {
			reasons = append(reasons, Reason{Code: CodeClosed, Unit: u.ID})
		}
		if e.State == StateCheckedIn {
			continue
		}
		if !slices.ContainsFunc(e.Claims, begun) {
			reasons = d.pastRule(reasons, u, c, e.Block)
			if !e.Block {
				reasons = d.noticeRule(reasons, u, c)
			}
		}
	}
	return reasons
}

// covered reports whether claims have a place for the guest now: for this night, at this moment.
func (d *decider) covered(claims []Claim) bool {
	return slices.ContainsFunc(claims, func(c Claim) bool {
		u := &d.page(c.Unit).Unit
		at := d.now.UnixMicro()
		if u.Axis == AxisNights {
			at = u.today(d.now)
		}
		return c.Span.from <= at && at < c.Span.to
	})
}

// before is the part of claims that lies before today, or before now, joined where it touches.
func (d *decider) before(claims []Claim) []Claim {
	var past []Claim
	for _, c := range claims {
		u := &d.page(c.Unit).Unit
		end := d.now.UnixMicro()
		if u.Axis == AxisNights {
			end = u.today(d.now)
		}
		if c = c.asked(); c.Span.from < end {
			c.Span.to = min(c.Span.to, end)
			past = append(past, c)
		}
	}
	slices.SortFunc(past, compareClaims)
	joined := past[:0]
	for _, c := range past {
		if n := len(joined); n > 0 && joined[n-1].Unit == c.Unit && joined[n-1].Count == c.Count && joined[n-1].Span.to == c.Span.from {
			joined[n-1].Span.to = c.Span.to
			continue
		}
		joined = append(joined, c)
	}
	return joined
}
