package booking

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenure-go/tenure/store"
)

// Gathering: callers who wait while a commit on their unit is in flight ride together in the next
// one. Each of them is decided on what the one before left, and a refusal touches only its caller.
// No goroutine is started: whoever gets the unit's turn carries the others.

// maxGathered is how many calls one commit carries.
const maxGathered = 32

// A call is a caller's commands on their way.
type call struct {
	cmds  []Command
	query Query
	asks  Query // what the attempt at work loads for it

	one   [1]Command // room for cmds and the query
	units [1]UnitID
	ids   [1]ReservationID

	state  callState // guarded by lanes.mu while waiting; afterwards the carrier's, then the caller's
	result Result
	err    error
}

type callState uint8

const (
	callWaiting callState = iota // may be carried by another
	callTaken                    // is being carried
	callAlone                    // goes by itself
	callDone
)

func newCall(cmds ...Command) *call {
	c := new(call)
	c.cmds = append(c.one[:0], cmds...)
	return c
}

// ask sets the query, once the commands are what they shall be.
func (c *call) ask() {
	c.query = queryOf(c.cmds, Query{Units: c.units[:0], IDs: c.ids[:0], Lock: true})
}

// lanes hold the calls that wait for their unit's turn.
type lanes struct {
	mu      sync.Mutex
	waiting map[UnitID][]*call
}

func (l *lanes) enter(u UnitID, c *call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting == nil {
		l.waiting = make(map[UnitID][]*call)
	}
	l.waiting[u] = append(l.waiting[u], c)
}

// leave takes a call out that nobody carries yet, and returns how it stands.
func (l *lanes) leave(u UnitID, c *call) callState {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.state == callWaiting {
		l.set(u, slices.DeleteFunc(l.waiting[u], func(o *call) bool { return o == c }))
	}
	return c.state
}

// take returns how a call stands that has the turn and, if it waits, those to carry: they have
// waited longest.
func (l *lanes) take(u UnitID, c *call) (callState, []*call) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if c.state != callWaiting {
		return c.state, nil
	}
	waiting := l.waiting[u]
	n := min(maxGathered, len(waiting))
	calls := waiting[:n:n]
	for _, c := range calls {
		c.state = callTaken
	}
	l.set(u, waiting[n:])
	return callWaiting, calls
}

func (l *lanes) set(u UnitID, calls []*call) {
	if len(calls) == 0 {
		delete(l.waiting, u)
		return
	}
	l.waiting[u] = calls
}

// finish hands a call back to its caller.
func (l *lanes) finish(c *call, s callState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.state = s
}

// run carries out a call: alone in a transaction, else in its unit's turn. A call of several units
// takes the turns of all of them and carries nobody.
func (d *Desk) run(ctx context.Context, c *call) (Result, error) {
	if err := ctx.Err(); err != nil {
		return Result{}, fmt.Errorf("booking: nothing was done: %w", context.Cause(ctx))
	}
	if d.single {
		if err := d.attempt(ctx, []*call{c}); err != nil {
			return Result{}, err
		}
		return c.result, c.err
	}
	keys := make([]store.Key, len(c.query.Units))
	for i, u := range c.query.Units {
		keys[i] = unitKey(u)
	}
	lane := UnitID("")
	if len(keys) == 1 {
		lane = c.query.Units[0]
		d.lanes.enter(lane, c)
	} else {
		c.state = callAlone
	}
	err := d.retry.Do(ctx, keys, func(ctx context.Context) error { return d.turn(ctx, lane, c) })
	switch d.lanes.leave(lane, c) {
	case callWaiting: // ctx ended before its turn
		return Result{}, fmt.Errorf("booking: nothing was done: %w", err)
	case callDone:
		return c.result, c.err
	case callTaken: // ctx ended while another carries it
		err = fmt.Errorf("booking: the outcome is unknown, repeat the command: %w", err)
	}
	return Result{}, err
}

// turn is one attempt of a caller who has the turn. It may find that another has carried it.
func (d *Desk) turn(ctx context.Context, lane UnitID, c *call) error {
	for {
		state, calls := d.lanes.take(lane, c)
		switch state {
		case callDone:
			return nil
		case callAlone:
			if err := d.attempt(ctx, []*call{c}); err != nil {
				return err
			}
			d.lanes.finish(c, callDone)
			return nil
		}
		if err := d.carry(ctx, calls); err != nil {
			return err
		}
	}
}

// carry attempts calls together. After a conflict, or if the attempt panics, each goes alone.
func (d *Desk) carry(ctx context.Context, calls []*call) error {
	next := callAlone
	defer func() {
		for _, c := range calls {
			d.lanes.finish(c, next)
		}
	}()
	if len(calls) > 1 {
		ctx = context.WithoutCancel(ctx)
	}
	err := d.attempt(ctx, calls)
	switch {
	case err == nil:
		next = callDone
	case errors.Is(err, store.ErrConflict):
		return err
	default: // the store's: each caller hears of it
		next = callDone
		for _, c := range calls {
			c.result, c.err = Result{}, err
		}
	}
	return nil
}

// attempt loads, decides every call on what the one before left, and commits. An error is the
// store's; each call keeps its own answer.
func (d *Desk) attempt(ctx context.Context, calls []*call) error {
	for _, c := range calls {
		c.asks = c.query
	}
	for range maxLoads {
		query := calls[0].asks
		for _, c := range calls[1:] {
			query = query.and(c.asks)
		}
		loaded, err := d.load(ctx, query)
		if err != nil {
			return err
		}
		change, enough := d.decideAll(loaded, query, calls)
		if !enough {
			continue
		}
		if !change.Empty() {
			return d.config.Store.Commit(ctx, change)
		}
		same, err := d.unchanged(ctx, loaded)
		if err != nil {
			return err
		}
		if same {
			return nil
		}
	}
	return store.ErrConflict
}

// and is what both queries load.
func (q Query) and(o Query) Query {
	q.Units = union(q.Units, o.Units)
	q.IDs = union(q.IDs, o.IDs)
	q.Window = q.Window.hull(o.Window)
	return q
}

func union[T ~string](a, b []T) []T {
	all := slices.Concat(a, b)
	slices.Sort(all)
	return slices.Compact(all)
}

// has reports whether what o would load was loaded with q.
func (q Query) has(o Query) bool {
	return q.Window.covers(o.Window) && !slices.ContainsFunc(o.Units, func(u UnitID) bool { return !slices.Contains(q.Units, u) }) &&
		!slices.ContainsFunc(o.IDs, func(id ReservationID) bool { return !slices.Contains(q.IDs, id) })
}

// decideAll fills in the calls' answers and returns what all of them together commit. Each is
// decided on what its own query loads, so riding together changes nothing; where that is not
// enough its query grows, and what was loaded may not be enough.
func (d *Desk) decideAll(cals []Calendar, loaded Query, calls []*call) (all Change, enough bool) {
	now := d.config.Now()
	var read []UnitID // by those who are refused, or told what is
	for i, c := range calls {
		var dec Decision
		c.result, c.err = Result{}, nil
		for range maxLoads {
			if !loaded.has(c.asks) {
				return Change{}, false
			}
			own := narrowed(cals, c.asks)
			if c.err = d.checkClocks(own, now, c.cmds); c.err != nil {
				break
			}
			if dec, c.err = decide(own, now, c.cmds); dec.Need == nil {
				break
			}
			need := *dec.Need
			need.Lock = true
			if loaded.has(need) && c.asks.has(need) {
				return Change{}, false // the calendars are torn: the same again
			}
			c.asks = need
		}
		if len(c.asks.Units) > 1 {
			read = union(read, c.asks.Units)
		}
		if c.err != nil {
			continue
		}
		c.result = dec.Result
		if !dec.Change.Empty() {
			all = all.and(dec.Change)
			if i < len(calls)-1 {
				after(cals, dec.Change)
			}
		}
	}
	return all.reading(cals, read), true
}

// reading is a change that stands only if these units, too, are what they were: an answer over
// several units that rides with a commit is of one moment.
func (c Change) reading(cals []Calendar, read []UnitID) Change {
	if c.Empty() {
		return c
	}
	for i := range cals {
		key := unitKey(cals[i].Unit.ID)
		guarded := slices.ContainsFunc(c.Guards, func(g store.Guard) bool { return g.Key == key })
		if !guarded && slices.Contains(read, cals[i].Unit.ID) {
			c.Guards = append(c.Guards, guard(cals[i].Unit.ID, cals[i].Version, false))
		}
	}
	return c
}

// narrowed is what of the calendars a query would have loaded.
func narrowed(cals []Calendar, q Query) []Calendar {
	if len(cals) == len(q.Units) && len(cals[0].IDs) == len(q.IDs) && cals[0].Window == q.Window {
		return cals
	}
	own := make([]Calendar, 0, len(q.Units))
	for _, c := range cals {
		if slices.Contains(q.Units, c.Unit.ID) {
			c.Window, c.IDs = q.Window, q.IDs
			own = append(own, c)
		}
	}
	return own
}

func (d *Desk) checkClocks(cals []Calendar, now time.Time, cmds []Command) error {
	for i := range cals {
		c := &cals[i]
		resets := func(cmd Command) bool { r, ok := cmd.(Reset); return ok && r.Unit == c.Unit.ID }
		if c.Clock.Sub(now) > d.config.MaxSkew && !slices.ContainsFunc(cmds, resets) {
			return &ClockError{Unit: c.Unit.ID, Clock: c.Clock, Now: now.UTC()}
		}
	}
	return nil
}

// and is both changes as one commit; o was decided on what c left.
func (c Change) and(o Change) Change {
	if c.Empty() {
		return o
	}
	for _, g := range o.Guards {
		i := slices.IndexFunc(c.Guards, func(had store.Guard) bool { return had.Key == g.Key })
		if i < 0 {
			c.Guards = append(c.Guards, g)
		} else {
			c.Guards[i].Write = c.Guards[i].Write || g.Write
		}
	}
	for _, h := range o.Heads {
		i := slices.IndexFunc(c.Heads, func(had Head) bool { return had.Unit.ID == h.Unit.ID })
		if i < 0 {
			c.Heads = append(c.Heads, h)
		} else {
			c.Heads[i] = h
		}
	}
	for _, r := range o.Rows {
		i := slices.IndexFunc(c.Rows, func(had Row) bool { return had.Unit == r.Unit && had.Reservation.ID == r.Reservation.ID })
		if i < 0 {
			c.Rows = append(c.Rows, r)
		} else {
			c.Rows[i] = r
		}
	}
	c.Events = append(c.Events, o.Events...)
	return c
}

// after brings calendars that were loaded to what a change, not committed yet, makes of them.
func after(cals []Calendar, c Change) {
	for i := range cals {
		cal := &cals[i]
		for _, h := range c.Heads {
			if h.Unit.ID == cal.Unit.ID {
				cal.Head = h
				cal.Version = max(cal.Version, 1) // it is defined; the first guard of all keeps what was loaded
			}
		}
		for _, row := range c.Rows {
			if row.Unit != cal.Unit.ID {
				continue
			}
			j := slices.IndexFunc(cal.Reservations, func(r Reservation) bool { return r.ID == row.Reservation.ID })
			if j < 0 {
				cal.Reservations = append(cal.Reservations, row.Reservation)
			} else {
				cal.Reservations[j] = row.Reservation
			}
		}
	}
}
