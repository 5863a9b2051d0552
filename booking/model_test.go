package booking_test

import (
	"slices"
	"sort"
	"time"

	"github.com/tenure-go/tenure/booking"
)

// model is a naive booking desk: it knows everything, looks at every night one by one and shares
// no code with the package. Units count nights, in a zone three hours ahead of UTC; instants are
// minutes since base.
type model struct {
	units map[string]*modelUnit
	all   []*modelRes
}

type modelUnit struct {
	capacity, turnover int
	min, max           int
	closed             bool
}

type modelRes struct {
	id       string
	asked    []modelClaim
	claims   []modelClaim
	state    string
	since    int
	deadline int
	ttl      int
	priority int
	joined   int
	holder   string
	block    bool
	been     map[string]bool // units that know the ID
}

type modelClaim struct {
	unit            string
	from, to, count int // nights
	busy            int // where turnover ends
	placed          bool
}

const (
	horizon    = 90 // a sale's last night, for the model
	modelTTL   = 15
	modelMax   = 120
	checkInMin = 15 * 60
)

func (m *model) today(now int) int { return floor(now, 24*60) }

func floor(a, b int) int {
	if a < 0 {
		return -((-a + b - 1) / b)
	}
	return a / b
}

func (r *modelRes) takes() bool {
	return slices.Contains([]string{"held", "confirmed", "checked_in", "checked_out", "blocked"}, r.state)
}

func (r *modelRes) arrival() (int, bool) {
	first := horizon * 10
	for _, c := range r.claims {
		if c.to == horizon {
			return 0, false
		}
		first = min(first, c.from)
	}
	return first*24*60 + checkInMin, true
}

func (m *model) used(unit string, night int, except *modelRes) int {
	n := 0
	for _, r := range m.all {
		if r != except && r.takes() {
			n += r.usedBy(unit, night)
		}
	}
	return n
}

func (r *modelRes) usedBy(unit string, night int) int {
	n := 0
	for _, c := range r.claims {
		if c.unit == unit && c.from <= night && night < c.busy {
			n += c.count
		}
	}
	return n
}

func (m *model) fits(r *modelRes) bool {
	for _, c := range r.claims {
		for night := c.from; night < c.busy; night++ {
			if m.used(c.unit, night, r)+r.usedBy(c.unit, night) > m.units[c.unit].capacity {
				return false
			}
		}
	}
	return true
}

func (m *model) free(unit string, from, to int) int {
	least := m.units[unit].capacity
	if m.units[unit].closed {
		return 0
	}
	if to != horizon {
		to += m.units[unit].turnover
	}
	for night := from; night < to; night++ {
		least = min(least, m.units[unit].capacity-m.used(unit, night, nil))
	}
	return max(0, least)
}

func (r *modelRes) due() (int, bool) {
	switch r.state {
	case "held":
		return r.deadline, true
	case "queued":
		at, ok := r.arrival()
		return max(at, r.since), ok // not before it began to wait
	}
	return 0, false
}

func (m *model) lapse(now int) {
	for {
		next := now + 1
		for _, r := range m.all {
			if t, ok := r.due(); ok {
				next = min(next, t)
			}
		}
		if next > now {
			return
		}
		for _, r := range m.all {
			if t, ok := r.due(); ok && t == next {
				r.state, r.since = "expired", next
			}
		}
		m.promote(next)
	}
}

func (m *model) grant(r *modelRes, at int) {
	r.state, r.since = "held", at
	if r.block {
		r.state = "blocked"
		return
	}
	r.deadline = at + modelTTL
	if r.ttl > 0 {
		r.deadline = at + r.ttl
	}
}

func (m *model) closed(r *modelRes) bool {
	return slices.ContainsFunc(r.claims, func(c modelClaim) bool { return m.units[c.unit].closed })
}

func (m *model) promote(at int) {
	var queue []*modelRes
	for _, r := range m.all {
		if r.state == "queued" {
			queue = append(queue, r)
		}
	}
	sort.Slice(queue, func(i, j int) bool { return before(queue[i], queue[j]) })
	for _, r := range queue {
		if !m.closed(r) && m.fits(r) {
			m.grant(r, at)
		}
	}
}

func before(a, b *modelRes) bool {
	if a.priority != b.priority {
		return a.priority > b.priority
	}
	if a.joined != b.joined {
		return a.joined < b.joined
	}
	return a.id < b.id
}

// know returns what a unit knows by an ID.
func (m *model) know(unit, id string) *modelRes {
	for _, r := range m.all {
		if r.id == id && r.been[unit] {
			return r
		}
	}
	return nil
}

func (m *model) withBusy(claims []modelClaim) []modelClaim {
	out := slices.Clone(claims)
	for i, c := range out {
		out[i].busy = c.to
		if c.to != horizon {
			out[i].busy += m.units[c.unit].turnover
		}
	}
	return out
}

func sameModelClaims(a, b []modelClaim) bool {
	key := func(cs []modelClaim) []modelClaim {
		cs = slices.Clone(cs)
		for i := range cs {
			cs[i].busy, cs[i].placed = 0, false
		}
		sort.Slice(cs, func(i, j int) bool {
			x, y := cs[i], cs[j]
			if x.unit != y.unit {
				return x.unit < y.unit
			}
			if x.from != y.from {
				return x.from < y.from
			}
			if x.to != y.to {
				return x.to < y.to
			}
			return x.count < y.count
		})
		return cs
	}
	return slices.Equal(key(a), key(b))
}

// hold returns what the desk must answer: "" for granted, or the kind of the refusal.
func (m *model) hold(now int, id string, claims []modelClaim, holder string, ttl, priority int, policy booking.Policy, block bool, joined int) (*modelRes, string) {
	for _, c := range claims {
		if r := m.know(c.unit, id); r != nil {
			switch {
			case r.block != block, !sameModelClaims(r.asked, claims) && !sameModelClaims(r.claims, claims), r.holder != holder, r.ttl != ttl, r.priority != priority:
				return r, "mismatch"
			case r.takes(), r.state == "queued" && policy != booking.PolicyReject:
				return r, ""
			}
			return r, "refused"
		}
	}
	r := &modelRes{id: id, asked: claims, claims: m.withBusy(claims), ttl: ttl, priority: priority, holder: holder, block: block, joined: joined, been: map[string]bool{}}
	for _, c := range r.claims {
		u := m.units[c.unit]
		nights := c.to - c.from
		past := c.from < m.today(now) && !block || c.to <= m.today(now)
		short := !block && c.to != horizon && (nights < u.min || u.max > 0 && nights > u.max)
		if u.closed || past || short {
			return nil, "refused"
		}
	}
	if !block && ttl > modelMax {
		return nil, "refused"
	}
	answer := m.place(r, now, policy)
	if answer == "" {
		m.all = append(m.all, r)
		for _, c := range r.claims {
			r.been[c.unit] = true
		}
		m.promote(now)
	}
	return r, answer
}

func (m *model) place(r *modelRes, now int, policy booking.Policy) string {
	if m.fits(r) {
		m.grant(r, now)
		return ""
	}
	if policy == booking.PolicyPreempt {
		var lower []*modelRes
		for _, v := range m.all {
			shares := false
			for _, c := range r.claims {
				for night := c.from; night < c.busy; night++ {
					shares = shares || v.usedBy(c.unit, night) > 0
				}
			}
			if v.state == "held" && v.priority < r.priority && shares {
				lower = append(lower, v)
			}
		}
		sort.Slice(lower, func(i, j int) bool { return before(lower[j], lower[i]) })
		for n := 1; n <= len(lower); n++ {
			for _, v := range lower[:n] {
				v.state = "queued"
			}
			if m.fits(r) {
				for i := n - 1; i >= 0; i-- {
					if lower[i].state = "held"; !m.fits(r) {
						lower[i].state = "queued"
						lower[i].since = now
					}
				}
				m.grant(r, now)
				return ""
			}
			for _, v := range lower[:n] {
				v.state = "held"
			}
		}
	}
	arrival, ends := r.arrival()
	late := ends && arrival <= now
	for _, c := range r.claims {
		late = late || c.count > m.units[c.unit].capacity
	}
	if policy == booking.PolicyReject || late && !r.block {
		return "taken"
	}
	r.state, r.since = "queued", now
	return ""
}

// end carries out a command that ends or confirms.
func (m *model) step(now int, verb string, r *modelRes) string {
	is := func(states ...string) bool { return slices.Contains(states, r.state) }
	day := horizon
	for _, c := range r.claims {
		day = min(day, c.from)
	}
	early := m.today(now) < day
	switch verb {
	case "confirm":
		switch {
		case is("confirmed", "checked_in", "checked_out"):
		case is("held"):
			r.state, r.since = "confirmed", now
		default:
			return "refused"
		}
	case "cancel":
		switch {
		case is("cancelled"):
		case is("queued", "held", "confirmed", "blocked"):
			r.state, r.since = "cancelled", now
			m.promote(now)
		default:
			return "refused"
		}
	case "no_show":
		switch {
		case is("no_show"):
		case !is("confirmed") || early:
			return "refused"
		default:
			r.state, r.since = "no_show", now
			m.promote(now)
		}
	case "check_in":
		if is("checked_out") {
			return ""
		}
		if !is("confirmed", "checked_in") || early {
			if is("checked_in") {
				return ""
			}
			return "refused"
		}
		claims := slices.Clone(r.claims)
		for i, c := range claims {
			if c.from > m.today(now) || c.placed {
				continue
			}
			left := m.units[c.unit].capacity
			for _, o := range m.all {
				for _, oc := range o.claims {
					meets := oc.from < c.busy && c.from < oc.busy
					if o != r && oc.unit == c.unit && oc.placed && (o.state == "checked_in" && (meets || oc.busy >= m.today(now)) || o.state == "checked_out" && meets) {
						left -= oc.count
					}
				}
			}
			for j, oc := range claims {
				if j != i && oc.unit == c.unit && oc.placed && oc.from < c.busy && c.from < oc.busy {
					left -= oc.count
				}
			}
			if left < c.count {
				return "taken"
			}
			claims[i].placed = true
		}
		r.claims = claims
		if is("confirmed") {
			r.state, r.since = "checked_in", now
		}
	case "check_out":
		switch {
		case is("checked_out"):
		case !is("checked_in"):
			return "refused"
		default:
			r.state, r.since = "checked_out", now
			today := m.today(now)
			var kept []modelClaim
			for _, c := range r.claims {
				if c.from > today && len(r.claims) > 1 || c.from == today && len(r.claims) > 1 && !c.placed {
					continue
				}
				turnover := c.busy - c.to
				if c.to == horizon {
					turnover = m.units[c.unit].turnover
				}
				if to := max(c.from+1, min(c.to, today)); to < c.to {
					c.to, c.busy = to, to+turnover
				}
				kept = append(kept, c)
			}
			r.claims = kept
			m.promote(now)
		}
	}
	return ""
}

func (m *model) extend(now int, r *modelRes, ttl int) string {
	switch {
	case r.state == "held" && r.deadline >= now+ttl:
		return ""
	case r.state != "held", now+ttl > r.since+modelMax:
		return "refused"
	}
	r.deadline = now + ttl
	return ""
}

// move carries out moves of one commit, judged at the end.
func (m *model) move(now int, moves map[*modelRes][]modelClaim, order []*modelRes, wait bool) string {
	type saved struct {
		claims []modelClaim
		state  string
		since  int
		been   []string
	}
	had := map[*modelRes]saved{}
	undo := func(answer string) string {
		for r, s := range had {
			r.claims, r.state, r.since = s.claims, s.state, s.since
			for _, u := range s.been {
				delete(r.been, u)
			}
		}
		return answer
	}
	var placed []*modelRes
	for _, r := range order {
		claims := moves[r]
		for _, c := range claims {
			if o := m.know(c.unit, r.id); o != nil && o != r {
				return undo("mismatch")
			}
		}
		ended := slices.Contains([]string{"expired", "cancelled", "no_show", "checked_out"}, r.state)
		if !ended && sameModelClaims(r.claims, claims) {
			continue
		}
		if wait && !r.block {
			return undo("invalid")
		}
		if ended {
			return undo("refused")
		}
		next := m.withBusy(claims)
		for i, c := range next {
			u := m.units[c.unit]
			same, within, begun := false, false, false
			for _, old := range r.claims {
				if old.unit != c.unit {
					continue
				}
				if old.from == c.from && old.to == c.to && old.count == c.count {
					same = true
					next[i].busy = old.busy
				}
				within = within || old.from <= c.from && c.to <= old.to && old.count >= c.count
				begun = begun || old.from <= c.from
			}
			nights := c.to - c.from
			if same {
				continue
			}
			if !r.block && c.to != horizon && (nights < u.min || u.max > 0 && nights > u.max) {
				return undo("refused")
			}
			if within {
				continue
			}
			if u.closed {
				return undo("refused")
			}
			if past := c.from < m.today(now) && !r.block || c.to <= m.today(now); past && !begun {
				return undo("refused")
			}
		}
		s := saved{claims: r.claims, state: r.state, since: r.since}
		for _, c := range next {
			if !r.been[c.unit] {
				s.been = append(s.been, c.unit)
				r.been[c.unit] = true
			}
		}
		had[r] = s
		r.claims = next
		if r.state == "queued" {
			continue
		}
		if wait && !m.fits(r) {
			r.state, r.since = "queued", now
			continue
		}
		placed = append(placed, r)
	}
	for _, r := range placed {
		if !m.fits(r) {
			return undo("taken")
		}
	}
	if len(had) > 0 {
		m.promote(now)
	}
	return ""
}

// kindOf names an error as the model does.
func errorKind(err error) string {
	if err == nil {
		return ""
	}
	kinds := []struct {
		name string
		is   error
	}{{"taken", booking.ErrTaken}, {"refused", booking.ErrRefused}, {"mismatch", booking.ErrMismatch}, {"stale", booking.ErrStale},
		{"unknown", booking.ErrUnknown}, {"invalid", booking.ErrInvalid}, {"clock", booking.ErrClock}}
	for _, k := range kinds {
		if isError(err, k.is) {
			return k.name
		}
	}
	return "other: " + err.Error()
}

var base = time.Date(2027, 5, 31, 21, 0, 0, 0, time.UTC) // the first instant of 1 June, three hours ahead of UTC

func at(minute int) time.Time { return base.Add(time.Duration(minute) * time.Minute) }
