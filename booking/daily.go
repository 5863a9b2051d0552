package booking

import (
	"slices"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"
)

// Daily returns a span for each date from first to last, both included: the hours from from to to
// by the wall clock of an IANA zone. If to is not later than from it is on the next day. A time
// that a clock change skips is as much later as was skipped; of a time that comes twice the
// earlier is meant. A date of which nothing is left is passed over.
func Daily(first, last date.Date, from, to clock.Clock, zone string) ([]Span, error) {
	var k checker
	k.number("from", int64(from), int64(clock.Day))
	k.number("to", int64(to), int64(clock.Day))
	loc, err := time.LoadLocation(orDefault(zone, "UTC"))
	switch {
	case k.err != nil:
		return nil, k.err
	case err != nil || zone == "Local":
		return nil, &InvalidError{Field: "zone", Value: zone, Why: WhyZone}
	case first > last:
		return nil, &InvalidError{Field: "last", Value: last.String(), Why: WhyEmpty}
	case first < minDate || last >= maxDate || int64(last-first) > maxSpan/day:
		return nil, &InvalidError{Field: "last", Value: last.String(), Why: WhyRange}
	}
	next := date.Date(0)
	if to <= from {
		next = 1
	}
	spans := make([]Span, 0, last-first+1)
	for d := first; d <= last; d++ {
		s := Span{AxisTimes, wall(d, from, loc).UnixMicro(), wall(d+next, to, loc).UnixMicro()}
		if !s.Empty() {
			spans = append(spans, s)
		}
	}
	return spans, nil
}

// maxSlots bounds what Slots returns, and a tenth of what it tries.
const maxSlots = 100_000

// Slots cuts the open spans into slots of a length, one beginning every step (defaults to the
// length) from the beginning of its open span, and returns those on which every calendar has a
// place left, in the order of open; 100,000 at most. A calendar of nights takes part by the hours
// of its stays. A slot that a calendar does not know is not free. After 1,000,000 tries it stops.
func Slots(open []Span, length, step time.Duration, cals ...Calendar) []Span {
	long, stride := length.Microseconds(), step.Microseconds()
	if stride <= 0 {
		stride = long
	}
	if long <= 0 {
		return nil
	}
	profiles := make([]*profile, len(cals))
	for i := range cals {
		profiles[i] = cals[i].inTimes()
	}
	var slots []Span
	tries := 0
	for _, o := range open {
		if o.axis != AxisTimes || o.Forever() {
			continue
		}
		for from := o.from; from+long <= o.to && len(slots) < maxSlots && tries < 10*maxSlots; from += stride {
			tries++
			s := Span{AxisTimes, from, from + long}
			taken := func(i int) bool { return !cals[i].freeAt(profiles[i], s) }
			if !slices.ContainsFunc(indexes(cals), taken) {
				slots = append(slots, s)
			}
		}
	}
	return slots
}

func indexes(cals []Calendar) []int {
	list := make([]int, len(cals))
	for i := range list {
		list[i] = i
	}
	return list
}

// inTimes is the calendar's profile in instants.
func (c *Calendar) inTimes() *profile {
	if c.Unit.Axis == AxisTimes {
		return c.profiled()
	}
	taken := c.taken()
	for i := range taken {
		stay := Span{AxisNights, taken[i].at, forever}
		in, _ := c.Unit.Stay(stay)
		if taken[i].by < 0 && taken[i].at != forever {
			_, in = c.Unit.Stay(Span{AxisNights, taken[i].at - day, taken[i].at})
		}
		if taken[i].at != forever {
			taken[i].at = in.UnixMicro()
		}
	}
	return newProfile(c.Unit.Capacity, taken)
}

func (c *Calendar) freeAt(p *profile, s Span) bool {
	if c.Version == 0 || c.Unit.Closed {
		return false
	}
	known, busy := s, s
	if c.Unit.Axis == AxisTimes {
		known, busy = c.Unit.busy(s), c.Unit.busy(s)
	} else {
		known = Span{AxisNights, c.Unit.today(instant(s.from)) - day, c.Unit.today(instant(s.to)) + day}
	}
	return c.Window.covers(known) && p.least(busy.from, busy.to) > 0
}
