package booking

import (
	"cmp"
	"errors"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A Decision is what commands come to: what to commit and what to answer, or what else to load.
type Decision struct {
	Change Change `json:"change"` // empty: nothing to commit
	Result Result `json:"result"`
	Need   *Query `json:"need,omitempty"` // not nil: load this and decide again; the rest is zero
}

// A Result is the answer to commands that were granted.
type Result struct {
	Reservation               // of the last command; zero after Define and Reset
	All         []Reservation `json:"all,omitempty"`      // one for each command; Reservation is the last of them
	Side        []Reservation `json:"side,omitempty"`     // who else changed: promoted, preempted, expired; by unit, then ID
	Replayed    bool          `json:"replayed,omitempty"` // everything held already
}

// Decide judges commands, which stand or fall together, on calendars at an instant; it is what a
// [Desk] does between Load and Commit. The calendars must hold a row for the ID of each command's
// reservation, or know that there is none; what is returned shares memory with them. Room for what moves, and for holds that would rather be
// refused than wait, is judged at the end, so two Moves are a swap.
func Decide(cals []Calendar, now time.Time, cmds ...Command) (Decision, error) {
	for _, cmd := range cmds {
		if err := checkCommand(cmd); err != nil {
			return Decision{}, err
		}
	}
	for i := range cals {
		if slices.ContainsFunc(cals[:i], func(c Calendar) bool { return c.Unit.ID == cals[i].Unit.ID }) {
			return Decision{}, &InvalidError{Field: "calendars", Value: string(cals[i].Unit.ID), Why: WhyTwice}
		}
	}
	return decide(cals, now, cmds)
}

func decide(cals []Calendar, now time.Time, cmds []Command) (Decision, error) {
	b := openBook(cals, commandTime(now, cals, cmds))
	if !b.close() {
		return Decision{Need: b.missing()}, nil
	}
	b.lapse()
	d := decider{book: b}
	d.placed = b.onePlaced[:0]
	answers := make([]answer, len(cmds))
	for i, cmd := range cmds {
		b.command = i
		var err error
		if answers[i], err = d.apply(cmd); b.asked {
			b.foresee(cmds[i+1:])
			return Decision{Need: b.missing()}, nil
		} else if err != nil {
			return Decision{}, err
		}
	}
	if err := d.judge(); b.asked {
		return Decision{Need: b.missing()}, nil
	} else if err != nil {
		return Decision{}, err
	}
	if d.freed {
		if !b.close() { // who waited behind a preempted hold, or behind what moved
			return Decision{Need: b.missing()}, nil
		}
		b.promote(b.now)
	}
	dec := Decision{Result: d.result(answers)}
	if !dec.Result.Replayed {
		dec.Change = b.change(cmds)
	}
	return dec, nil
}

// commandTime is the desk time of a commit: later than that of every calendar that is not reset.
func commandTime(now time.Time, cals []Calendar, cmds []Command) time.Time {
	kept := cals
	for _, cmd := range cmds {
		if r, ok := cmd.(Reset); ok {
			kept = slices.DeleteFunc(slices.Clone(kept), func(c Calendar) bool { return c.Unit.ID == r.Unit })
		}
	}
	return deskTime(now, kept, time.Microsecond)
}

// A decider applies commands to a book.
type decider struct {
	*book
	placed []*entry // granted on condition that there is room in the end
	freed  bool     // room may have become free: the queue is to move up
}

// An answer is what a command came to.
type answer struct {
	entry    *entry // nil for units
	replayed bool
}

func (d *decider) result(answers []answer) Result {
	r := Result{Replayed: true, All: make([]Reservation, len(answers))}
	for i, a := range answers {
		r.Replayed = r.Replayed && a.replayed
		if a.entry != nil {
			r.All[i] = a.entry.clone()
		}
	}
	for i := range r.All {
		if !r.Replayed { // the commit announces them all
			r.All[i].announce()
		}
	}
	r.Reservation = r.All[len(r.All)-1]
	if r.Replayed {
		return r
	}
	var told []*entry
	for _, p := range d.pages {
		for _, e := range p.rows {
			isAnswer := slices.ContainsFunc(answers, func(a answer) bool { return a.entry == e })
			if e.dirty && !isAnswer && !slices.Contains(told, e) {
				told = append(told, e)
				side := e.clone()
				side.announce()
				r.Side = append(r.Side, side)
			}
		}
	}
	slices.SortFunc(r.Side, func(a, b Reservation) int { // a store returns rows in any order
		x, y := a.Ref(), b.Ref()
		return cmp.Or(strings.Compare(string(x.Unit), string(y.Unit)), strings.Compare(string(x.ID), string(y.ID)))
	})
	return r
}

func (d *decider) apply(cmd Command) (answer, error) {
	switch c := cmd.(type) {
	case Define:
		return d.define(c)
	case Hold:
		return d.add(request{
			Reservation: Reservation{ID: c.ID, Asked: joinClaims(c.Unit, c.Span, c.Count, c.And), TTL: c.TTL, Priority: c.Priority, Holder: c.Holder, Source: c.Source},
			policy:      c.Policy})
	case Block:
		policy := PolicyReject
		if c.Wait {
			policy = PolicyQueue
		}
		return d.add(request{
			Reservation: Reservation{ID: c.ID, Asked: joinClaims(c.Unit, c.Span, c.Count, c.And), Source: c.Source, Block: true},
			policy:      policy})
	case Rehold:
		return d.rehold(c)
	case Extend:
		return d.extend(c)
	case Confirm:
		return d.confirm(c)
	case Cancel:
		return d.cancel(c)
	case CheckIn:
		return d.checkIn(c)
	case CheckOut:
		return d.checkOut(c)
	case NoShow:
		return d.noShow(c)
	case Move:
		return d.move(c)
	case Reset:
		return d.reset(c)
	case lapse:
		if p, err := d.unit(c.Unit); err == nil && p != nil {
			d.requireWindow(p, Span{p.Unit.Axis, d.now.UnixMicro() - lapseWindow, forever})
			d.close()
		}
		return answer{}, nil
	}
	return answer{}, &InvalidError{Field: "command", Value: cmd.verb(), Why: WhySyntax}
}

// lapseWindow is how far back Tick looks first for what fell due.
const lapseWindow = 60 * day

func joinClaims(u UnitID, s Span, count int, and []Claim) []Claim {
	claims := make([]Claim, 1, 2*(1+len(and))) // and room for what becomes of them
	claims[0] = Claim{Unit: u, Span: s, Count: orDefault(count, 1)}
	for _, c := range and {
		claims = append(claims, c.asked())
	}
	return claims
}

// unit returns the page of a unit that is defined; nil without an error if it must be loaded.
func (d *decider) unit(u UnitID) (*page, error) {
	p := d.require(u)
	if p != nil && p.version == 0 && !p.touched {
		return nil, &UnknownError{Kind: KindUnit, ID: string(u)}
	}
	return p, nil
}

// target returns the reservation of a command that needs one, with the pages of all its units;
// nil without an error if more must be loaded.
func (d *decider) target(r Ref) (*entry, error) {
	if p, err := d.unit(r.Unit); p == nil {
		return nil, err
	}
	e := d.find(r.Unit, r.ID)
	if d.asked {
		return nil, nil
	}
	if e == nil {
		return nil, &UnknownError{Kind: "reservation", ID: r.String()}
	}
	for i := range e.Claims {
		d.require(e.Claims[i].Unit)
	}
	if d.asked {
		return nil, nil
	}
	return e, nil
}

// current refuses a command whose reference is of an older revision, or whose reservation is in
// none of the states that it fits.
func current(e *entry, r Ref, fits ...State) error {
	if !slices.Contains(fits, e.State) {
		return refuse(e, Reason{Code: CodeState, Unit: r.Unit, Limit: stateList(fits), Got: e.State.String()})
	}
	if r.Rev != 0 && r.Rev != e.Rev {
		return &StaleError{ID: e.ID, Had: e.Rev, Got: r.Rev}
	}
	return nil
}

func stateList(states []State) string {
	names := make([]string, len(states))
	for i, s := range states {
		names[i] = s.String()
	}
	return strings.Join(names, ", ")
}

func refuse(e *entry, reasons ...Reason) error {
	r := e.clone()
	return &RefusedError{Ref: r.Ref(), Reasons: reasons, Reservation: &r}
}

func (d *decider) define(c Define) (answer, error) {
	p := d.require(c.Unit.ID)
	if p == nil {
		return answer{}, nil
	}
	u, old := c.Unit.withDefaults(), p.Unit
	if p.version != 0 || p.touched {
		switch {
		case u.Axis != old.Axis:
			return answer{}, &MismatchError{ID: string(u.ID), Field: "axis", Had: old.Axis.String(), Got: u.Axis.String()}
		case reflect.DeepEqual(u, old):
			return answer{replayed: true}, nil
		case !d.requireWindow(p, Span{old.Axis, old.today(d.now) - day, forever}) || !d.close():
			return answer{}, nil
		}
	}
	p.Unit = u
	if err := d.holdsPromises(p); err != nil || d.asked {
		return answer{}, err
	}
	for _, e := range p.rows {
		if e.State == StateQueued && e.on(u.ID) {
			e.rewrite = true // its row's Deadline depends on the unit's hours and zone
		}
	}
	p.touched, d.changed, d.freed = true, true, true
	unit := u
	unit.Tags = maps.Clone(u.Tags)
	d.steps = append(d.steps, step{kind: KindDefined, command: d.command, units: []UnitID{u.ID}, unit: &unit})
	return answer{}, nil
}

// holdsPromises refuses a unit that has become smaller than what is taken on it from today on.
func (d *decider) holdsPromises(p *page) error {
	from := p.Unit.today(d.now)
	if p.Unit.Axis == AxisTimes {
		from = d.now.UnixMicro()
	}
	ahead := Span{p.Unit.Axis, from, forever}
	d.buffer = p.takenOn(d.buffer[:0], ahead, nil)
	var by []Ref
	for _, e := range p.rows {
		for i := range e.Claims {
			if c := &e.Claims[i]; c.Unit == p.Unit.ID && e.State.takes() && c.Busy.to > from && slices.ContainsFunc(c.Places, func(n int) bool { return n > p.Unit.Capacity }) {
				by = append(by, e.Ref())
			}
		}
	}
	if peak(d.buffer) <= p.Unit.Capacity && len(by) == 0 {
		return nil
	}
	if len(by) == 0 {
		by = p.takers(ahead, nil)
	}
	return &TakenError{Unit: p.Unit.ID, Span: ahead, By: by}
}

// takers lists who takes room on the page within s.
func (p *page) takers(s Span, except *entry) []Ref {
	var by []Ref
	for _, e := range p.rows {
		takes := func(c Claim) bool { return c.Unit == p.Unit.ID && c.Busy.meets(s) }
		if e != except && e.State.takes() && slices.ContainsFunc(e.Claims, takes) {
			by = append(by, e.Ref())
		}
	}
	slices.SortFunc(by, func(a, b Ref) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return by
}

// A request is a reservation that shall be made: Asked and the caller's fields are set.
type request struct {
	Reservation
	policy Policy
	joined time.Time // zero: now
}

func (d *decider) add(r request) (answer, error) {
	if e, err := d.known(r); e != nil || err != nil || d.asked {
		return answer{entry: e, replayed: true}, err
	}
	made := &struct {
		entry
		Reservation
	}{Reservation: r.Reservation}
	e := &made.entry
	e.Reservation, e.owned = &made.Reservation, true
	n := len(r.Asked)
	e.Claims = append(r.Asked, r.Asked...)[n : 2*n : 2*n]
	e.Asked = r.Asked[:n:n]
	for i := range e.Claims {
		c := &e.Claims[i]
		p := d.page(c.Unit)
		if c.Span.axis != p.Unit.Axis {
			return answer{}, &InvalidError{Field: "span", Value: c.Span.String(), Why: WhyAxis}
		}
		c.Busy = p.Unit.busy(c.Span)
		d.requireWindow(p, c.Busy)
	}
	if d.asked || !d.close() {
		return answer{}, nil
	}
	if reasons := d.rules(e); len(reasons) > 0 {
		return answer{}, &RefusedError{Ref: e.Ref(), Reasons: reasons}
	}
	e.Joined = orDefault(r.joined, d.now)
	for _, u := range units(e.Claims) {
		p := d.page(u)
		p.rows = append(p.rows, e)
	}
	d.place(e, r.policy)
	d.note(e, kindOf(e.State))
	return answer{entry: e}, nil
}

// known returns the reservation that one of the request's units knows by its ID, if it is the
// same; an error if it is another, or if it no longer has what was asked.
func (d *decider) known(r request) (*entry, error) {
	var e *entry
	for _, u := range units(r.Asked) {
		if p, err := d.unit(u); err != nil {
			return nil, err
		} else if p == nil {
			continue
		}
		if found := d.find(u, r.ID); e == nil {
			e = found
		}
	}
	if e == nil || d.asked {
		return nil, nil
	}
	mismatch := func(field, had, got string) (*entry, error) {
		return nil, &MismatchError{ID: string(r.ID), Field: field, Had: had, Got: got}
	}
	present := cloneClaims(e.Claims)
	for i, c := range present {
		present[i] = c.asked()
	}
	switch {
	case e.Block != r.Block:
		return mismatch("block", strconv.FormatBool(e.Block), strconv.FormatBool(r.Block))
	case !sameClaims(e.Asked, r.Asked) && !sameClaims(present, r.Asked):
		return mismatch("claims", claimsText(e.Asked), claimsText(r.Asked))
	case e.Holder != r.Holder:
		return mismatch("holder", e.Holder, r.Holder)
	case e.Source != r.Source:
		return mismatch("source", e.Source, r.Source)
	case e.Priority != r.Priority:
		return mismatch("priority", strconv.Itoa(e.Priority), strconv.Itoa(r.Priority))
	case e.TTL != r.TTL:
		return mismatch("ttl", e.TTL.String(), r.TTL.String())
	}
	for i := range e.Claims {
		d.require(e.Claims[i].Unit)
	}
	fits := []State{StateHeld, StateConfirmed, StateCheckedIn, StateCheckedOut, StateBlocked}
	if r.policy != PolicyReject {
		fits = append(fits, StateQueued)
	}
	if d.asked {
		return nil, nil
	}
	return e, current(e, Ref{Unit: r.Asked[0].Unit}, fits...)
}

func claimsText(claims []Claim) string {
	texts := make([]string, len(claims))
	for i, c := range claims {
		texts[i] = string(c.Unit) + " " + c.Span.String() + " x" + strconv.Itoa(c.Count)
	}
	return strings.Join(texts, ", ")
}

// place gives a new entry its room. What would rather be refused than wait is granted on
// condition; the others are judged here.
func (d *decider) place(e *entry, policy Policy) {
	switch {
	case policy == PolicyReject:
		d.grantIfRoom(e)
	case d.fits(e) && !d.anyClosed(e.Claims), policy == PolicyPreempt && d.preempt(e):
		d.grant(e, d.now)
	case d.mayWait(e):
		d.enter(e, StateQueued, d.now)
	default:
		d.grantIfRoom(e)
	}
}

func (d *decider) grantIfRoom(e *entry) {
	d.grant(e, d.now)
	d.placed = append(d.placed, e)
}

// mayWait reports whether a wait could end well: a guest cannot wait past the arrival, nor for more
// places than there are. A block waits all the same, for it stands for what has happened.
func (d *decider) mayWait(e *entry) bool {
	if e.Block {
		return true
	}
	waiting := *e.Reservation
	waiting.State = StateQueued
	due, ok := d.due(&waiting)
	few := func(c Claim) bool { return c.Count > d.page(c.Unit).Unit.Capacity }
	return (!ok || due.After(d.now)) && !slices.ContainsFunc(e.Claims, few)
}

// preempt sends holds of lower priority back to the queue if that makes room for e: the lowest
// first, among equals who joined last, and nobody who need not go.
func (d *decider) preempt(e *entry) bool {
	var lower []*entry
	for _, u := range units(e.Claims) {
		for _, v := range d.page(u).rows {
			meets := func(c Claim) bool { return c.Unit == u && meetsAny(e.Claims, c) }
			if v.State == StateHeld && v.Priority < e.Priority && !slices.Contains(lower, v) && slices.ContainsFunc(v.Claims, meets) {
				lower = append(lower, v)
			}
		}
	}
	slices.SortFunc(lower, func(a, b *entry) int { return byTurn(b, a) })
	gone := 0
	for gone < len(lower) && !d.fits(e) {
		lower[gone].own()
		lower[gone].State = StateQueued
		gone++
	}
	enough := d.fits(e)
	var victims []*entry
	for _, v := range slices.Backward(lower[:gone]) {
		v.State = StateHeld
		if enough && !d.fits(e) {
			v.State = StateQueued
			victims = append(victims, v)
		}
	}
	for _, v := range slices.Backward(victims) {
		d.requireAll(v)
		d.enter(v, StateQueued, d.now)
		v.Unseen = false
		d.note(v, KindQueued)
	}
	d.freed = d.freed || len(victims) > 0
	return enough
}

// meetsAny reports whether c shares room with one of the claims.
func meetsAny(claims []Claim, c Claim) bool {
	return slices.ContainsFunc(claims, func(o Claim) bool { return o.Unit == c.Unit && o.Busy.meets(c.Busy) })
}

// rules lists what the units' rules have against a new reservation.
func (d *decider) rules(e *entry) []Reason {
	var reasons []Reason
	for i := range e.Claims {
		c := &e.Claims[i]
		u := &d.page(c.Unit).Unit
		if u.Closed {
			reasons = append(reasons, Reason{Code: CodeClosed, Unit: u.ID})
		}
		reasons = d.pastRule(reasons, u, c, e.Block)
		if !e.Block {
			reasons = d.noticeRule(stayRules(reasons, u, c), u, c)
		}
	}
	if ttl, limit := e.TTL, time.Duration(0); !e.Block && ttl > 0 {
		if _, limit = d.limits(e.Claims); ttl > limit {
			reasons = append(reasons, Reason{Code: CodeMaxHold, Unit: e.Claims[0].Unit, Limit: timeText(d.now.Add(limit)), Got: timeText(d.now.Add(ttl))})
		}
	}
	return reasons
}

// pastRule: nothing new begins before today, or now; a block may have begun if it has not ended.
func (d *decider) pastRule(reasons []Reason, u *Unit, c *Claim, block bool) []Reason {
	first := d.now.UnixMicro()
	if u.Axis == AxisNights {
		first = u.today(d.now)
	}
	if c.Span.from < first && !block || c.Span.to <= first {
		limit, _, _ := strings.Cut(Span{u.Axis, first, forever}.String(), "/")
		got, _, _ := strings.Cut(c.Span.String(), "/")
		reasons = append(reasons, Reason{Code: CodePast, Unit: u.ID, Limit: limit, Got: got})
	}
	return reasons
}

// stayRules: a stay's length; a sale has none.
func stayRules(reasons []Reason, u *Unit, c *Claim) []Reason {
	nights, _ := c.Span.Len()
	if u.Axis != AxisNights || c.Span.Forever() {
		return reasons
	}
	if low := u.Rules.MinNights; nights < low {
		reasons = append(reasons, Reason{Code: CodeMinStay, Unit: u.ID, Limit: strconv.Itoa(low), Got: strconv.Itoa(nights)})
	}
	if high := u.Rules.MaxNights; high > 0 && nights > high {
		reasons = append(reasons, Reason{Code: CodeMaxStay, Unit: u.ID, Limit: strconv.Itoa(high), Got: strconv.Itoa(nights)})
	}
	return reasons
}

func (d *decider) noticeRule(reasons []Reason, u *Unit, c *Claim) []Reason {
	if u.Rules.Notice == 0 {
		return reasons
	}
	in, _ := u.Stay(c.Span)
	if latest := in.Add(-u.Rules.Notice); d.now.After(latest) {
		reasons = append(reasons, Reason{Code: CodeNotice, Unit: u.ID, Limit: timeText(latest), Got: timeText(d.now)})
	}
	return reasons
}

func timeText(t time.Time) string { return t.Format(time.RFC3339) }

func (d *decider) rehold(c Rehold) (answer, error) {
	old, err := d.target(c.Ref)
	if old == nil {
		return answer{}, err
	}
	asked := cloneClaims(old.Claims)
	for i, claim := range asked {
		asked[i] = claim.asked()
	}
	r := request{
		Reservation: Reservation{ID: c.ID, Asked: asked, TTL: orDefault(c.TTL, old.TTL), Priority: old.Priority, Holder: old.Holder, Source: old.Source, Block: old.Block},
		policy:      c.Policy,
	}
	if old.Unseen {
		r.joined = old.Joined
	}
	if e, err := d.known(r); e != nil || err != nil || d.asked {
		return answer{entry: e, replayed: true}, err
	}
	if err := current(old, c.Ref, StateExpired, StateCancelled, StateNoShow); err != nil {
		return answer{}, err
	}
	return d.add(r)
}

func (d *decider) extend(c Extend) (answer, error) {
	e, err := d.target(c.Ref)
	if e == nil {
		return answer{}, err
	}
	deadline := d.now.Add(c.TTL.Truncate(time.Microsecond))
	if e.State == StateHeld && !e.Deadline.Before(deadline) {
		return answer{entry: e, replayed: true}, nil
	}
	if err := current(e, c.Ref, StateHeld); err != nil {
		return answer{}, err
	}
	_, maxHold := d.limits(e.Claims)
	if latest := e.Since.Add(maxHold); deadline.After(latest) {
		return answer{}, refuse(e, Reason{Code: CodeMaxHold, Unit: c.Ref.Unit, Limit: timeText(latest), Got: timeText(deadline)})
	}
	e.own()
	e.Deadline = deadline
	d.note(e, KindExtended)
	return answer{entry: e}, nil
}

func (d *decider) confirm(c Confirm) (answer, error) {
	e, err := d.target(c.Ref)
	if e == nil {
		return answer{}, err
	}
	switch e.State {
	case StateConfirmed, StateCheckedIn, StateCheckedOut:
		return answer{entry: e, replayed: true}, nil
	}
	if err := current(e, c.Ref, StateHeld); err != nil {
		return answer{}, err
	}
	d.enter(e, StateConfirmed, d.now)
	e.Unseen = false
	d.note(e, KindConfirmed)
	return answer{entry: e}, nil
}

func (d *decider) cancel(c Cancel) (answer, error) {
	e, err := d.target(c.Ref)
	if e == nil {
		return answer{}, err
	}
	if e.State == StateCancelled {
		return answer{entry: e, replayed: true}, nil
	}
	if err := current(e, c.Ref, StateQueued, StateHeld, StateConfirmed, StateBlocked); err != nil {
		return answer{}, err
	}
	return d.end(e, StateCancelled)
}

// end frees all that the entry has.
func (d *decider) end(e *entry, s State) (answer, error) {
	if !d.requireAll(e) {
		return answer{}, nil
	}
	d.enter(e, s, d.now)
	e.Unseen = false
	d.note(e, kindOf(s))
	d.freed = true
	return answer{entry: e}, nil
}

func (d *decider) noShow(c NoShow) (answer, error) {
	e, err := d.target(c.Ref)
	if e == nil {
		return answer{}, err
	}
	if e.State == StateNoShow {
		return answer{entry: e, replayed: true}, nil
	}
	if err := current(e, c.Ref, StateConfirmed); err != nil {
		return answer{}, err
	}
	if err := d.early(e); err != nil {
		return answer{}, err
	}
	return d.end(e, StateNoShow)
}

// early refuses what can only be known on the day of arrival.
func (d *decider) early(e *entry) error {
	var err error
	for i := range e.Claims {
		c := &e.Claims[i]
		u := &d.page(c.Unit).Unit
		arrival, today := u.arrivalDay(c.Span), u.today(d.now)
		if arrival <= today {
			return nil
		}
		if err == nil {
			err = refuse(e, Reason{Code: CodeEarly, Unit: u.ID, Limit: dateOf(arrival).String(), Got: dateOf(today).String()})
		}
	}
	return err
}

// judge refuses what was granted on condition of room that there is not.
func (d *decider) judge() error {
	var errs []error
	for _, e := range d.placed {
		if !e.State.takes() && e.State != StateQueued { // a later command may have ended it
			continue
		}
		for i := range e.Claims {
			if c := &e.Claims[i]; !d.fitsClaim(e, c) { // or a later hold have preempted it
				if err := d.taken(e, c); err != nil {
					errs = append(errs, err)
				}
			}
		}
	}
	if len(errs) == 1 {
		return errs[0]
	}
	return errors.Join(errs...)
}

// taken says who is in the way of a claim; nil if more must be loaded to say when it is free next.
func (d *decider) taken(e *entry, c *Claim) error {
	p := d.page(c.Unit)
	takenOn := func(s Span) []mark { // also by the entry's other claims
		taken := p.takenOn(d.buffer[:0], s, e)
		for i := range e.Claims {
			if o := &e.Claims[i]; o != c && o.Unit == c.Unit {
				taken = marks(taken, o, s)
			}
		}
		d.buffer = taken
		return taken
	}
	err := &TakenError{Unit: c.Unit, Span: c.Span, By: p.takers(c.Busy, e), Free: max(0, p.Unit.Capacity-peak(takenOn(c.Busy)))}
	if len(err.By) == 0 && err.Free < p.Unit.Capacity {
		err.By = []Ref{{Unit: c.Unit, ID: e.ID, Rev: e.Rev}} // it is in its own way
	}
	if c.Span.Forever() {
		return err
	}
	ahead := Span{c.Busy.axis, c.Busy.from, c.Busy.to + nextWindow}
	if !d.requireWindow(p, ahead) || !d.close() {
		return nil
	}
	free := newProfile(p.Unit.Capacity, takenOn(ahead))
	length := c.Busy.to - c.Busy.from
	if start, ok := free.next(c.Busy.from, length, c.Count); ok && start+length <= ahead.to {
		err.Next = Span{c.Span.axis, start, start + c.Span.to - c.Span.from}
	}
	return err
}

// nextWindow is how far a refusal looks for free room.
const nextWindow = 60 * day

func (d *decider) reset(c Reset) (answer, error) {
	p, err := d.unit(c.Unit)
	if p == nil {
		return answer{}, err
	}
	if !p.Clock.After(d.now) {
		return answer{replayed: true}, nil
	}
	p.touched, d.changed = true, true
	d.steps = append(d.steps, step{kind: KindReset, command: d.command, units: []UnitID{c.Unit}})
	return answer{}, nil
}

func unitKey(u UnitID) store.Key { return store.Key{Kind: KindUnit, ID: string(u)} }

func guard(u UnitID, version int64, write bool) store.Guard {
	return store.Guard{Key: unitKey(u), Version: version, Write: write}
}
