package pipeline

import (
	"slices"
	"time"
)

// matches reports whether the event is what the signal waits for.
func (s *signal) matches(ev *Event) bool {
	switch s.kind {
	case EventMoved:
		return (ev.Kind == EventMoved || ev.Kind == EventOpened) && ev.To == s.name
	case leftStage:
		return ev.Kind == EventMoved && ev.From == s.name && ev.To != s.name
	case EventSet:
		return ev.Kind == EventSet && ev.Name == s.name && (ev.From != ev.To)
	case "":
		return false
	}
	return ev.Kind == s.kind && (s.name == "" || ev.Name == s.name)
}

// restarts reports whether the signal begins a clock anew that runs already.
func (s *signal) restarts() bool { return s.kind == EventMoved || s.kind == EventSet }

func (c *Case) clock(timer string) int {
	return slices.IndexFunc(c.p.Clocks, func(k running) bool { return k.Timer == timer })
}

// foldClocks stops, starts, pauses and resumes the clocks that an event concerns.
func (x change) foldClocks(ev *Event) error {
	for i := range x.c.def.timers {
		if err := x.foldClock(&x.c.def.timers[i], ev); err != nil {
			return err
		}
	}
	return nil
}

func (x change) foldClock(t *timer, ev *Event) error {
	at := x.c.clock(t.ID)
	if at >= 0 {
		k := &x.c.p.Clocks[at]
		switch {
		case ev.Kind == EventBreached && ev.Name == t.ID:
			k = x.own(at)
			k.Missed, k.Due, k.From = k.Due, time.Time{}, time.Time{}
		case ev.Kind == EventWithdrawn && ev.Name == t.ID:
			x.drop(at)
		case !k.Missed.IsZero():
			if ev.Kind == EventMoved && t.stop.kind == leftStage && t.stop.matches(ev) || ev.Kind == EventClosed {
				x.drop(at) // the breach stands
			}
		case t.stop.matches(ev), ev.Kind == EventClosed && !x.justEntered(t):
			x.drop(at)
		case ev.Kind == EventTurn && len(t.Pause) > 0 && !t.start.date:
			if err := x.pause(t, at, ev); err != nil {
				return err
			}
		}
	}
	if t.start.matches(ev) {
		return x.start(t, ev)
	}
	return nil
}

// justEntered keeps the clock of a final stage running when that stage closes the case.
func (x change) justEntered(t *timer) bool {
	return t.start.kind == EventMoved && t.start.name == string(x.c.Stage) && x.c.def.Stages[x.c.at.stage].Final != ""
}

// ownClocks makes the clocks this change's, to be written.
func (x change) ownClocks() {
	if !x.ownClock {
		p := x.past()
		p.Clocks, x.ownClock = slices.Clone(p.Clocks), true
	}
}

// own returns one of them.
func (x change) own(i int) *running {
	x.ownClocks()
	return &x.c.p.Clocks[i]
}

func (x change) drop(i int) {
	x.own(i)
	x.c.p.Clocks = slices.Delete(x.c.p.Clocks, i, i+1)
}

func (x change) start(t *timer, ev *Event) error {
	at := x.c.clock(t.ID)
	if at >= 0 && x.c.p.Clocks[at].Missed.IsZero() && !t.start.restarts() {
		return nil
	}
	if at >= 0 {
		x.drop(at)
	}
	if t.start.kind == EventSet && ev.To == "" {
		return nil
	}
	k := running{Timer: t.ID, Start: ev.At, From: ev.At, Left: t.Within}
	var err error
	switch {
	case t.start.date:
		var date time.Time
		if date, err = fieldTime(ev.To); err != nil {
			return nil // the field is no date: Check said so
		}
		if t.Within < 0 {
			k.Due = date.Add(t.Within)
		} else {
			k.Due, err = t.deadline(date, t.Within)
		}
		if k.Due.Before(ev.At) {
			k.Due = ev.At
		}
	case slices.Contains(t.Pause, x.c.p.Turn):
		k.From = time.Time{}
	default:
		k.Due, err = t.deadline(ev.At, t.Within)
	}
	if err != nil {
		return err
	}
	x.ownClocks()
	x.c.p.Clocks = append(x.c.p.Clocks, k)
	return nil
}

func fieldTime(text string) (time.Time, error) {
	if t, err := time.Parse(time.DateOnly, text); err == nil {
		return t, nil
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	return clean(t), err
}

func (t *timer) deadline(from time.Time, within time.Duration) (time.Time, error) {
	if t.calendar == nil {
		return from.Add(within), nil
	}
	return t.calendar.Add(from, within)
}

func (t *timer) spent(from, to time.Time) (time.Duration, error) {
	if t.calendar == nil {
		return to.Sub(from), nil
	}
	return t.calendar.Between(from, to)
}

// pause stops or resumes a clock as the turn changes.
func (x change) pause(t *timer, at int, ev *Event) error {
	k := x.c.p.Clocks[at]
	still := slices.Contains(t.Pause, ev.To)
	if still == k.Due.IsZero() {
		return nil
	}
	var err error
	if still {
		var spent time.Duration
		if ev.At.After(k.From) { // a report dated back does not turn the clock back
			spent, err = t.spent(k.From, ev.At)
		}
		k.Left, k.From, k.Due = max(k.Left-spent, 0), time.Time{}, time.Time{}
	} else {
		k.From = ev.At
		k.Due, err = t.deadline(ev.At, k.Left)
	}
	if err != nil {
		return err
	}
	*x.own(at) = k
	return nil
}

// cured lists the timers whose recorded breach the event undoes: it was in time, and is only
// told late.
func (c *Case) cured(ev *Event) (names []string) {
	for i := range c.p.Clocks {
		k := &c.p.Clocks[i]
		if k.Missed.IsZero() || ev.At.After(k.Missed) || ev.At.Before(k.Start) {
			continue
		}
		for j := range c.def.timers {
			if t := &c.def.timers[j]; t.ID == k.Timer && t.stop.matches(ev) {
				names = append(names, k.Timer)
			}
		}
	}
	return names
}

// nextWake is the first instant at which Tick has something to record. A deadline is still in
// time, so it is the microsecond after one.
func (c *Case) nextWake() (wake time.Time) {
	for i := range c.p.Clocks {
		if due := c.p.Clocks[i].Due; !due.IsZero() && (wake.IsZero() || due.Before(wake)) {
			wake = due
		}
	}
	if !wake.IsZero() {
		wake = wake.Add(time.Microsecond)
	}
	if c.Owner == "" && c.Pool != "" && c.Closed.IsZero() && !c.p.Retry.IsZero() && (wake.IsZero() || c.p.Retry.Before(wake)) {
		wake = c.p.Retry
	}
	return wake
}

// maxLapse bounds what one call records: two timers that send a case to and fro for years are done in
// several.
const maxLapse = 10_000

// lapse records the deadlines before the given instant, in order of time.
func (x change) lapse(until time.Time) error {
	if len(x.c.p.Clocks) == 0 {
		return nil
	}
	return x.breaches(until)
}

func (x change) breaches(until time.Time) error {
	outer := *x.journal
	for range maxLapse {
		first := -1
		for i := range x.c.p.Clocks {
			k := &x.c.p.Clocks[i]
			if k.Due.IsZero() || !k.Due.Before(until) {
				continue
			}
			if first < 0 || k.Due.Before(x.c.p.Clocks[first].Due) || k.Due.Equal(x.c.p.Clocks[first].Due) && k.Timer < x.c.p.Clocks[first].Timer {
				first = i
			}
		}
		if first < 0 {
			break
		}
		if err := x.breach(first); err != nil {
			return err
		}
	}
	x.at, x.by, x.why, x.id, x.data, x.lead, x.told = outer.at, outer.by, outer.why, outer.id, outer.data, outer.lead, outer.told
	return nil
}

// breach records one missed deadline, as of then, and does what its timer says.
func (x change) breach(i int) error {
	k := x.c.p.Clocks[i]
	x.at = k.Due
	x.by, x.why, x.id, x.data, x.lead, x.told = Actor{ID: "timer", Roles: timerRoles}, "", "", nil, nil, true
	var t *timer
	for j := range x.c.def.timers {
		if x.c.def.timers[j].ID == k.Timer {
			t = &x.c.def.timers[j]
		}
	}
	if t == nil { // a clock of rules that are gone
		x.drop(i)
		return nil
	}
	if err := x.emit(EventBreached, t.ID, "", string(t.To)); err != nil {
		return err
	}
	switch {
	case t.Do == DoReassign:
		if x.c.Owner != "" && x.c.Closed.IsZero() {
			ev := x.event(EventSet, string(FieldOwner), string(x.c.Owner), "")
			ev.Retry = x.at
			return x.tell(ev)
		}
	case t.Do != "":
		x.judge()
		if d := x.c.Decide(x.by, t.Do); d.OK {
			if err := x.act(d.move); err != nil {
				return err
			}
			return x.settle()
		}
	}
	return nil
}

var timerRoles = []Role{RoleTimer}
