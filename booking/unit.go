package booking

import (
	"maps"
	"sync"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"
)

// A UnitID names a unit: UTF-8 of 1 to 256 bytes without NUL, compared byte by byte.
type UnitID string

// A Unit is what is reserved: a flat, a pool of alike rooms, a manager's day, a partner's quota.
// A field left zero takes its default when the unit is defined.
type Unit struct {
	ID   UnitID `json:"id"`
	Axis Axis   `json:"axis"` // cannot change once defined. Defaults to AxisNights.

	// Capacity is how many places the unit has. Defaults to 1.
	Capacity int `json:"capacity"`

	// Tags (complex, building, layout) stand on every event of the unit.
	Tags map[string]string `json:"tags,omitempty"`

	// Turnover is kept free after each stay, as it stands when the stay is claimed.
	Turnover Turnover `json:"turnover,omitzero"`

	// Zone is the IANA name of the unit's time zone. Defaults to "UTC".
	Zone string `json:"zone"`

	// CheckIn and CheckOut are the hours of arrival and departure of a unit of nights.
	// Default to 15:00 and 11:00; midnight is said as 24:00.
	CheckIn  clock.Clock `json:"check_in"`
	CheckOut clock.Clock `json:"check_out"`

	// TTL is how long a hold lasts that names no time of its own. Defaults to 15 minutes.
	TTL time.Duration `json:"ttl"`

	// MaxHold is how long a hold may last in all, however often it is extended.
	// Defaults to 2 hours, or TTL if that is longer.
	MaxHold time.Duration `json:"max_hold"`

	Rules  Rules `json:"rules,omitzero"`
	Closed bool  `json:"closed,omitempty"` // takes nothing new
}

// Turnover is the time between two stays: nights on a unit of nights, a duration on the other.
type Turnover struct {
	Nights int           `json:"nights,omitempty"`
	Time   time.Duration `json:"time,omitempty"` // in whole microseconds
}

// Rules limit what may be held anew. Zero is no rule. Blocks are not bound by them.
type Rules struct {
	MinNights int           `json:"min_nights,omitempty"`
	MaxNights int           `json:"max_nights,omitempty"`
	Notice    time.Duration `json:"notice,omitempty"` // between the hold and the arrival, at least
}

const (
	defaultTTL      = 15 * time.Minute
	defaultMaxHold  = 2 * time.Hour
	defaultCheckIn  = 15 * clock.Hour
	defaultCheckOut = 11 * clock.Hour
)

// withDefaults returns the unit as it is stored.
func (u Unit) withDefaults() Unit {
	u.Capacity = orDefault(u.Capacity, 1)
	u.Zone = orDefault(u.Zone, "UTC")
	u.CheckIn = orDefault(u.CheckIn.TruncateMillisecond(), defaultCheckIn)
	u.CheckOut = orDefault(u.CheckOut.TruncateMillisecond(), defaultCheckOut)
	u.TTL = orDefault(u.TTL, defaultTTL)
	u.MaxHold = orDefault(u.MaxHold, max(defaultMaxHold, u.TTL))
	u.Tags = maps.Clone(u.Tags)
	if len(u.Tags) == 0 {
		u.Tags = nil
	}
	return u
}

func orDefault[T comparable](v, def T) T {
	var zero T
	if v == zero {
		return def
	}
	return v
}

// Stay returns the instants of arrival and departure of a stay on the unit: the check-in hour of
// the first day and the check-out hour of the last, by the wall clock of the unit's zone. A span
// without end has no departure: out is zero. A zone that this machine does not know counts as UTC.
func (u Unit) Stay(s Span) (in, out time.Time) {
	if s.Empty() {
		return
	}
	if s.axis == AxisTimes {
		return s.Times()
	}
	loc := location(u.Zone)
	in = wall(dateOf(s.from), orDefault(u.CheckIn, defaultCheckIn), loc)
	if !s.Forever() {
		out = wall(dateOf(s.to), orDefault(u.CheckOut, defaultCheckOut), loc)
	}
	return in, out
}

// today returns the civil day at now as the nights' axis counts it.
func (u *Unit) today(now time.Time) int64 {
	_, offset := now.In(location(u.Zone)).Zone()
	return floorDiv(now.UnixMicro()+int64(offset)*1e6, day) * day
}

// arrivalDay is the civil day on which the span begins, as today counts.
func (u *Unit) arrivalDay(s Span) int64 {
	if s.axis == AxisNights {
		return s.from
	}
	return u.today(instant(s.from))
}

// busy is the span with the unit's turnover behind it.
func (u *Unit) busy(s Span) Span {
	if s.Forever() {
		return s
	}
	if u.Axis == AxisNights {
		s.to += int64(u.Turnover.Nights) * day
	} else {
		s.to += u.Turnover.Time.Microseconds()
	}
	return s
}

// locations remembers zones that were loaded: reading one takes longer than all the rest of a hold.
var locations sync.Map // string -> *time.Location

func location(zone string) *time.Location {
	if zone == "" || zone == "UTC" {
		return time.UTC
	}
	if loc, ok := locations.Load(zone); ok {
		return loc.(*time.Location)
	}
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return time.UTC
	}
	locations.Store(zone, loc)
	return loc
}

// wall returns the instant at which clocks in loc show c on d. Where a clock change skips that
// time it is as much later as was skipped; where one repeats it, the earlier of the two.
func wall(d date.Date, c clock.Clock, loc *time.Location) time.Time {
	naive := time.UnixMicro(dayOf(d) + int64(c)/1e3).UTC()
	if loc == time.UTC {
		return naive
	}
	// At most one clock change lies within a day to either side; before it and after it the
	// zone's offset is the only one that can be meant.
	before, after := naive.Add(-offsetAt(naive.Add(-24*time.Hour), loc)), naive.Add(-offsetAt(naive.Add(24*time.Hour), loc))
	fits := func(t time.Time) bool { return naive.Equal(t.Add(offsetAt(t, loc))) }
	if !fits(before) && fits(after) {
		return after
	}
	return before
}

func offsetAt(t time.Time, loc *time.Location) time.Duration {
	_, seconds := t.In(loc).Zone()
	return time.Duration(seconds) * time.Second
}
