package booking

import (
	"cmp"
	"slices"
	"strings"

	"github.com/rickb777/date/v2"
)

// A Calendar is one unit's state as a store loaded it, or as [At] or a [Desk] brought it to an
// instant: its Clock. Its answers are as of Clock.
type Calendar struct {
	Head
	Version      int64           `json:"version"`         // the store's; 0: never defined
	Window       Span            `json:"window,omitzero"` // what was loaded: every live row that overlaps it by its bounds,
	IDs          []ReservationID `json:"ids,omitempty"`   // and the rows of these in any state
	Reservations []Reservation   `json:"reservations,omitempty"`

	profile *profile // of what is taken; nil on a calendar that was not built here
}

// A Status is what a unit shows for a span.
type Status uint8

const (
	StatusUnknown   Status = iota // not loaded
	StatusFree                    // a place is left all over the span
	StatusHeld                    // taken, by a hold at least
	StatusConfirmed               // taken, by a confirmed stay or a guest
	StatusSold                    // confirmed for ever
	StatusBlocked                 // blocked, in turnover, or closed
)

var statusNames = []string{"unknown", "free", "held", "confirmed", "sold", "blocked"}

// String returns the status as text.
func (s Status) String() string { return nameOf(statusNames, s) }

// MarshalText writes the status as String does.
func (s Status) MarshalText() ([]byte, error) { return marshalName(statusNames, "status", s) }

// UnmarshalText reads what MarshalText wrote.
func (s *Status) UnmarshalText(text []byte) error {
	return unmarshalName(statusNames, "status", s, text)
}

// A Day is how the places of a unit are used on a date: the night that begins on it or, on a unit
// of instants, the civil day. On the latter Free is the least that is free at any moment.
type Day struct {
	Date      date.Date `json:"date"`
	Free      int       `json:"free"`
	Held      int       `json:"held,omitempty"`
	Confirmed int       `json:"confirmed,omitempty"` // also guests who are or were there
	Sold      int       `json:"sold,omitempty"`
	Blocked   int       `json:"blocked,omitempty"` // also in turnover
	Known     bool      `json:"known"`             // false: not loaded, the rest is zero
}

// taken returns the marks of all that is taken, as of Clock.
func (c *Calendar) taken() []mark {
	all := Span{c.Unit.Axis, -forever, forever}
	marksOf := make([]mark, 0, 2*len(c.Reservations))
	for i := range c.Reservations {
		r := &c.Reservations[i]
		if !r.Blocks(c.Clock) {
			continue
		}
		for j := range r.Claims {
			if claim := &r.Claims[j]; claim.Unit == c.Unit.ID {
				marksOf = marks(marksOf, claim, all)
			}
		}
	}
	return marksOf
}

func (c *Calendar) newProfile() *profile { return newProfile(c.Unit.Capacity, c.taken()) }

// profiled returns the calendar's profile, made on the spot for a calendar that was not built by
// this package.
func (c *Calendar) profiled() *profile {
	if c.profile != nil {
		return c.profile
	}
	return c.newProfile()
}

// Free returns how many places are left all over the span, turnover included: a hold of as many
// at this instant is granted, the unit's rules apart. A closed unit has none. It is not known
// outside of Window, or on the other axis.
func (c *Calendar) Free(s Span) (places int, known bool) {
	busy := c.Unit.busy(s)
	if s.Empty() || s.axis != c.Unit.Axis || c.Version == 0 || !c.Window.covers(busy) {
		return 0, false
	}
	if c.Unit.Closed {
		return 0, true
	}
	return max(0, c.profiled().least(busy.from, busy.to)), true
}

// NextFree returns the first span as long as s, beginning where s does or later, over which count
// places are left, turnover included; false if there is none within Window.
func (c *Calendar) NextFree(s Span, count int) (Span, bool) {
	busy := c.Unit.busy(s)
	if s.Empty() || s.axis != c.Unit.Axis || c.Version == 0 || c.Unit.Closed || s.from < c.Window.from {
		return Span{}, false
	}
	length := busy.to - busy.from
	if s.Forever() {
		length = forever
	}
	start, ok := c.profiled().next(s.from, length, max(1, count))
	switch {
	case !ok:
		return Span{}, false
	case s.Forever():
		s.from = start
		if s.Empty() || !c.Window.Forever() {
			return Span{}, false
		}
		return s, true
	case start+length > c.Window.to || start+length < start:
		return Span{}, false
	}
	return Span{s.axis, start, start + s.to - s.from}, true
}

// Status returns what the unit shows for the span: free if a place is left, else the strongest of
// what takes it.
func (c *Calendar) Status(s Span) Status {
	if s.Empty() || s.axis != c.Unit.Axis || c.Version == 0 || !c.Window.covers(s) {
		return StatusUnknown
	}
	free := c.profiled().least(s.from, s.to) > 0
	switch {
	case free && c.Unit.Closed:
		return StatusBlocked
	case free:
		return StatusFree
	}
	status := StatusFree
	for i := range c.Reservations {
		r := &c.Reservations[i]
		if !r.Blocks(c.Clock) {
			continue
		}
		for j := range r.Claims {
			if claim := &r.Claims[j]; claim.Unit == c.Unit.ID && claim.Busy.meets(s) {
				status = max(status, r.statusOf(claim, s))
			}
		}
	}
	return status
}

// statusOf is what a reservation that takes a claim makes of the unit on s.
func (r *Reservation) statusOf(c *Claim, s Span) Status {
	switch {
	case r.State == StateBlocked, !c.Span.meets(s):
		return StatusBlocked
	case r.State == StateHeld:
		return StatusHeld
	case c.Span.Forever():
		return StatusSold
	}
	return StatusConfirmed
}

// Days returns how the unit is used on each date from first to last, both included; at most 20
// years of them.
func (c *Calendar) Days(first, last date.Date) []Day {
	first, last = max(first, minDate), min(last, maxDate, first+date.Date(maxSpan/day))
	var days []Day
	loc := location(c.Unit.Zone)
	prof := c.profiled()
	for d := first; d <= last; d++ {
		s := Span{AxisNights, dayOf(d), dayOf(d) + day}
		if c.Unit.Axis == AxisTimes {
			s = Span{AxisTimes, wall(d, 0, loc).UnixMicro(), wall(d+1, 0, loc).UnixMicro()}
		}
		if c.Version == 0 || !c.Window.covers(s) {
			days = append(days, Day{Date: d})
			continue
		}
		days = append(days, c.day(d, s, prof))
	}
	return days
}

func (c *Calendar) day(d date.Date, s Span, prof *profile) Day {
	count := [StatusBlocked + 1]int{}
	for i := range c.Reservations {
		r := &c.Reservations[i]
		if !r.Blocks(c.Clock) {
			continue
		}
		for j := range r.Claims {
			if claim := &r.Claims[j]; claim.Unit == c.Unit.ID && claim.Busy.meets(s) {
				count[r.statusOf(claim, s)] += claim.Count
			}
		}
	}
	free := max(0, prof.least(s.from, s.to))
	if c.Unit.Closed {
		free = 0
	}
	return Day{Date: d, Free: free, Held: count[StatusHeld], Confirmed: count[StatusConfirmed],
		Sold: count[StatusSold], Blocked: count[StatusBlocked], Known: true}
}

// Plan gives everybody who has room from today on their places, 1 to Capacity, in the order of
// their claims: who is there keeps the ones they have, the others get any that are free all along.
// There always is a plan. A plan made after the next commit may differ in all but the former.
func (c *Calendar) Plan() map[ReservationID][]int {
	today := c.Clock.UnixMicro()
	if c.Unit.Axis == AxisNights {
		today = c.Unit.today(c.Clock)
	}
	type need struct {
		id    ReservationID
		claim *Claim
		at    int // index of the first of its places in the plan's slice
	}
	plan := make(map[ReservationID][]int)
	until := make([]int64, c.Unit.Capacity) // until when each place is taken
	var needs []need
	for i := range c.Reservations {
		r := &c.Reservations[i]
		if !r.Blocks(c.Clock) {
			continue
		}
		for j := range r.Claims {
			claim := &r.Claims[j]
			if claim.Unit != c.Unit.ID || claim.Busy.to <= today {
				continue
			}
			at := len(plan[r.ID])
			plan[r.ID] = append(plan[r.ID], make([]int, claim.Count)...)
			if len(claim.Places) == claim.Count && claim.Busy.from <= today {
				copy(plan[r.ID][at:], claim.Places)
				for _, n := range claim.Places {
					if n >= 1 && n <= len(until) {
						until[n-1] = max(until[n-1], claim.Busy.to)
					}
				}
				continue
			}
			needs = append(needs, need{r.ID, claim, at})
		}
	}
	// In the order of arrival any place that is free then will do: those taken later begin later.
	slices.SortFunc(needs, func(a, b need) int {
		return cmp.Or(cmp.Compare(max(a.claim.Busy.from, today), max(b.claim.Busy.from, today)), strings.Compare(string(a.id), string(b.id)))
	})
	for _, n := range needs {
		given := 0
		for i := 0; i < len(until) && given < n.claim.Count; i++ {
			if until[i] <= max(n.claim.Busy.from, today) {
				plan[n.id][n.at+given] = i + 1
				until[i] = n.claim.Busy.to
				given++
			}
		}
	}
	return plan
}
