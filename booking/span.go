package booking

import (
	"math"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
)

// An Axis says in what a unit is counted: nights or instants.
type Axis uint8

const (
	AxisNights Axis = iota // from an arrival date to a departure date
	AxisTimes              // from an instant to an instant
)

var axisNames = []string{"nights", "times"}

// String returns "nights" or "times".
func (a Axis) String() string { return nameOf(axisNames, a) }

// MarshalText writes the axis as String does.
func (a Axis) MarshalText() ([]byte, error) { return marshalName(axisNames, "axis", a) }

// UnmarshalText reads what MarshalText wrote.
func (a *Axis) UnmarshalText(text []byte) error { return unmarshalName(axisNames, "axis", a, text) }

// A Span is half-open: of nights [arrival, departure) or of instants [from, to). It may be open
// at the end: a sale ends at no date. Spans are comparable with ==. The zero value is empty and
// is accepted by no command.
type Span struct {
	axis     Axis
	from, to int64 // microseconds since 1970 UTC; a night is the day of its date
}

const (
	day     = int64(24 * time.Hour / time.Microsecond) // of the nights' axis, where no clock changes
	forever = int64(math.MaxInt64)

	maxSpan = 20 * 366 * day // what a command accepts, open ends apart
)

var (
	epoch            = date.New(1970, time.January, 1)
	minDate, maxDate = date.New(1, time.January, 1), date.New(9999, time.December, 31)
)

// Nights returns the span of the nights from arrival to departure, the night of departure not
// included. Dates lie in the years 1 to 9999.
func Nights(arrival, departure date.Date) (Span, error) {
	s := Span{AxisNights, dayOf(arrival), dayOf(departure)}
	text := func() string { return arrival.String() + "/" + departure.String() }
	switch {
	case arrival < minDate || departure > maxDate:
		return Span{}, &InvalidError{Field: "span", Value: text(), Why: WhyRange}
	case arrival >= departure:
		return Span{}, &InvalidError{Field: "span", Value: text(), Why: WhyEmpty}
	}
	return s, nil
}

// NightsFrom returns the span of all nights from d on: a sale.
func NightsFrom(d date.Date) Span {
	return Span{AxisNights, dayOf(min(max(d, minDate), maxDate)), forever}
}

// Between returns the span of the instants from one to another, both truncated to microseconds.
// Instants lie in the years 1 to 9999.
func Between(from, to time.Time) (Span, error) {
	from, to = from.UTC(), to.UTC()
	text := func() string { return from.Format(time.RFC3339Nano) + "/" + to.Format(time.RFC3339Nano) }
	if from.Year() < 1 || to.Year() > 9999 || to.Year() < 1 || from.Year() > 9999 {
		return Span{}, &InvalidError{Field: "span", Value: text(), Why: WhyRange}
	}
	s := Span{AxisTimes, from.UnixMicro(), to.UnixMicro()}
	if s.from >= s.to {
		return Span{}, &InvalidError{Field: "span", Value: text(), Why: WhyEmpty}
	}
	return s, nil
}

func dayOf(d date.Date) int64 { return int64(d-epoch) * day }

func dateOf(day64 int64) date.Date { return epoch + date.Date(floorDiv(day64, day)) }

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}

// Axis tells whether the span is of nights or of instants.
func (s Span) Axis() Axis { return s.axis }

// Empty reports whether the span contains nothing, as the zero value does.
func (s Span) Empty() bool { return s.from >= s.to }

// Forever reports whether the span has no end.
func (s Span) Forever() bool { return s.to == forever }

// Dates returns the arrival and departure of a span of nights. The departure of a span without
// end is the last date there is, 9999-12-31. Of a span of instants both are zero.
func (s Span) Dates() (arrival, departure date.Date) {
	if s.axis != AxisNights || s.Empty() {
		return 0, 0
	}
	if s.Forever() {
		return dateOf(s.from), maxDate
	}
	return dateOf(s.from), dateOf(s.to)
}

// Times returns the ends of a span of instants, in UTC; the end of a span without end is zero. Of
// a span of nights both are zero: only a unit's zone makes instants of dates, see [Unit.Stay].
func (s Span) Times() (from, to time.Time) {
	if s.axis != AxisTimes || s.Empty() {
		return time.Time{}, time.Time{}
	}
	if !s.Forever() {
		to = instant(s.to)
	}
	return instant(s.from), to
}

// Len returns how many nights the span has, or how long it is. What does not apply is 0; a span
// without end has the greatest value.
func (s Span) Len() (nights int, length time.Duration) {
	switch {
	case s.Empty():
		return 0, 0
	case s.axis == AxisNights && s.Forever():
		return math.MaxInt, 0
	case s.axis == AxisNights:
		return int((s.to - s.from) / day), 0
	case s.Forever() || s.to-s.from > int64(math.MaxInt64/time.Microsecond):
		return 0, math.MaxInt64
	}
	return 0, time.Duration(s.to-s.from) * time.Microsecond
}

// Overlaps reports whether the spans are of one axis and have a night or an instant in common.
func (s Span) Overlaps(o Span) bool {
	return s.axis == o.axis && s.from < o.to && o.from < s.to && !s.Empty() && !o.Empty()
}

// Contains reports whether o is of the same axis, not empty and lies within s.
func (s Span) Contains(o Span) bool {
	return s.axis == o.axis && !o.Empty() && s.from <= o.from && o.to <= s.to
}

// Intersect returns what the spans have in common, or the zero value.
func (s Span) Intersect(o Span) Span {
	if !s.Overlaps(o) {
		return Span{}
	}
	return Span{s.axis, max(s.from, o.from), min(s.to, o.to)}
}

// Bounds places the span on one line for both axes, in microseconds since 1970 UTC: a date lies at
// its midnight UTC, an open end at the greatest int64; the zero value is (0, 0). A store loads by
// it: a row belongs to a window if each begins before the other ends.
func (s Span) Bounds() (from, to int64) { return s.from, s.to }

// hull returns the smallest span that covers both. On two axes it is one of instants, by Bounds.
func (s Span) hull(o Span) Span {
	switch {
	case s.Empty():
		return o
	case o.Empty():
		return s
	}
	axis := s.axis
	if s.axis != o.axis {
		axis = AxisTimes
	}
	return Span{axis, min(s.from, o.from), max(s.to, o.to)}
}

// covers reports whether what overlaps o by its bounds was loaded with window s.
func (s Span) covers(o Span) bool { return o.Empty() || s.from <= o.from && o.to <= s.to }

// meets is Overlaps for spans that are known to be of one axis, or compared by their bounds.
func (s Span) meets(o Span) bool { return s.from < o.to && o.from < s.to }

// String returns the ISO 8601 text: 2027-06-08/2027-06-15, 2027-06-08/.. for a span without end,
// 2027-06-08T10:00:00Z/2027-06-08T10:30:00Z, or "" for the zero value.
func (s Span) String() string {
	if s.Empty() {
		return ""
	}
	end := ".."
	if s.axis == AxisNights {
		if !s.Forever() {
			end = dateOf(s.to).String()
		}
		return dateOf(s.from).String() + "/" + end
	}
	if !s.Forever() {
		end = instant(s.to).Format(time.RFC3339Nano)
	}
	return instant(s.from).Format(time.RFC3339Nano) + "/" + end
}

// MarshalText writes the span as String does.
func (s Span) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what [ParseSpan] accepts, and "" as the zero value.
func (s *Span) UnmarshalText(text []byte) error {
	if len(text) == 0 {
		*s = Span{}
		return nil
	}
	parsed, err := ParseSpan(string(text))
	if err == nil {
		*s = parsed
	}
	return err
}

// ParseSpan reads an ISO 8601 interval of two dates or of two instants with their offsets
// (RFC 3339); ".." for the end means none.
func ParseSpan(text string) (Span, error) {
	invalid := func(why Why) (Span, error) {
		return Span{}, &InvalidError{Field: "span", Value: text, Why: why}
	}
	first, last, ok := strings.Cut(text, "/")
	if !ok || len(text) > 128 {
		return invalid(WhySyntax)
	}
	axis, from, ok := parseEnd(first)
	if !ok {
		return invalid(WhySyntax)
	}
	s := Span{axis, from, forever}
	if last != ".." {
		axis, to, ok := parseEnd(last)
		if !ok || axis != s.axis {
			return invalid(WhySyntax)
		}
		s.to = to
	}
	if s.from >= s.to {
		return invalid(WhyEmpty)
	}
	return s, nil
}

func parseEnd(text string) (axis Axis, at int64, ok bool) {
	if len(text) == len(time.DateOnly) {
		t, err := time.Parse(time.DateOnly, text)
		return AxisNights, t.UnixMicro(), err == nil && t.Year() >= 1
	}
	t, err := time.Parse(time.RFC3339Nano, text)
	t = t.UTC()
	return AxisTimes, t.UnixMicro(), err == nil && t.Year() >= 1 && t.Year() <= 9999
}

func instant(micro int64) time.Time { return time.UnixMicro(micro).UTC() }
