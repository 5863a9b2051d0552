// Package worktime counts business time: working hours that know nights, lunch, decreed days
// off, worked Saturdays, short days and clock changes.
//
// "First answer within 30 seconds of working time" needs the production calendar, not holiday
// rules: the rules give Russia 253 working days in 2025, the decrees 247. A [Calendar] answers when
// so much working time will be over, how much lay between two instants, and what an operator's
// timecard says:
//
//	week := worktime.Weekdays(worktime.Hours{From: clock.New(9, 0, 0, 0), To: clock.New(18, 0, 0, 0)})
//	cal, err := worktime.Compile(worktime.Spec{Zone: "Asia/Irkutsk", Country: "RU", Week: week})
//	due, err := cal.Add(inquired, 30*time.Second)
//	spent, err := cal.Between(inquired, answered)
//	days, err := cal.Timecard(first, last, shifts)
//
// # Which hours a date has
//
// A date that the country lists decides: a day off has no hours; a worked weekend has Monday's; a
// short day loses its last hour, be it a weekday or a worked weekend. Any other date follows
// the week. Public holidays are listed on weekends too, so that a shop open on Saturdays closes on
// them. Spec.Dates wins over everything.
//
// Hours belong to the day on which they start. A night shift of a working Friday runs into an off
// Saturday, and an off Friday has none. Where the hours of a day reach into those of the next,
// the common part is the earlier day's.
//
// # Clock changes
//
// A wall time that the clocks skip moves forward by the gap; of two instants with one wall time
// the earlier is meant. A shift over a change is an hour longer or shorter in real time, and real
// time is what counts.
//
// # Limits
//
// Nothing is guessed outside the loaded years: an argument or a result beyond them is a
// [RangeError]. A shift that starts in the year before the first loaded one is not known. Durations
// and instants are whole microseconds; what is finer is cut off.
//
// The package knows nothing of the domain and may be used on its own.
package worktime

import (
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"
)

// Hours are a part of a day that is worked, by the wall clock: half-open, From within
// [00:00, 24:00). To at or before From is on the next day, so 00:00 to 00:00 is the whole day.
type Hours struct {
	From clock.Clock `json:"from"`
	To   clock.Clock `json:"to"`
}

// A Day is what one date of [Spec.Dates] is: off, or worked at these hours.
type Day struct {
	Off   bool    `json:"off,omitempty"`
	Hours []Hours `json:"hours,omitempty"`
}

// A Span is a stretch of real time, half-open.
type Span struct {
	From, To time.Time
}

// Weekdays returns a week with the given hours from Monday to Friday.
func Weekdays(h ...Hours) [7][]Hours {
	var week [7][]Hours
	for d := time.Monday; d <= time.Friday; d++ {
		week[d] = h
	}
	return week
}

// A Kind says what a date is.
type Kind uint8

const (
	KindOff   Kind = iota // no hours
	KindWork              // worked
	KindShort             // worked, and the country ends it early
)

// String returns off, work or short.
func (k Kind) String() string {
	switch k {
	case KindWork:
		return "work"
	case KindShort:
		return "short"
	}
	return "off"
}

// A Calendar holds the working time of its years. It is immutable and safe to share.
type Calendar struct {
	first, last int       // years
	day0        date.Date // 1 January of first
	kinds       []Kind    // by day
	midnight    []int64   // by day, and one more: local midnight, in Unix microseconds
	begin       []int32   // by day, and one more: its first span
	from, to    []int64   // spans in Unix microseconds, sorted and disjoint
	done        []int64   // by span: work before it; and one more: all of it
}

// Add returns the earliest instant at which so much work is done since t. Add(t, 0) is t. Work
// below zero is an [InvalidError], an instant outside the loaded years a [RangeError].
func (c *Calendar) Add(t time.Time, work time.Duration) (time.Time, error) {
	at, err := c.micros(t)
	if err != nil {
		return time.Time{}, err
	}
	us := int64(work / time.Microsecond)
	if us <= 0 {
		if work < 0 {
			return time.Time{}, invalid("work", work.String(), "is negative", "меньше нуля")
		}
		return time.UnixMicro(at).UTC(), nil
	}
	i := c.next(at)
	if i < len(c.from) {
		goal := c.done[i] + us
		if at > c.from[i] {
			goal += at - c.from[i]
		}
		i = c.reach(i, goal)
		if i < len(c.from) {
			if at = c.to[i] - (c.done[i+1] - goal); at <= c.end() {
				return time.UnixMicro(at).UTC(), nil
			}
		}
	}
	return time.Time{}, c.outside(time.UnixMicro(c.end()).UTC())
}

// Between returns the working time from a to b, negative when b is before a.
func (c *Calendar) Between(a, b time.Time) (time.Duration, error) {
	from, err := c.micros(a)
	if err != nil {
		return 0, err
	}
	to, err := c.micros(b)
	if err != nil {
		return 0, err
	}
	return time.Duration(c.before(to)-c.before(from)) * time.Microsecond, nil
}

// Open reports whether t lies in working hours.
func (c *Calendar) Open(t time.Time) (bool, error) {
	at, err := c.inside(t)
	if err != nil {
		return false, err
	}
	i := c.next(at)
	return i < len(c.from) && c.from[i] <= at, nil
}

// NextOpen returns t when it lies in working hours, else the instant when they begin next.
func (c *Calendar) NextOpen(t time.Time) (time.Time, error) {
	at, err := c.inside(t)
	if err != nil {
		return time.Time{}, err
	}
	i := c.next(at)
	if i == len(c.from) || max(at, c.from[i]) >= c.end() {
		return time.Time{}, c.outside(time.UnixMicro(c.end()).UTC())
	}
	return time.UnixMicro(max(at, c.from[i])).UTC(), nil
}

// Kind returns what the date is.
func (c *Calendar) Kind(d date.Date) (Kind, error) {
	i := int64(d - c.day0)
	if i < 0 || i >= int64(len(c.kinds)) {
		return KindOff, c.outside(d.MidnightUTC())
	}
	return c.kinds[i], nil
}

func (c *Calendar) start() int64 { return c.midnight[0] }
func (c *Calendar) end() int64   { return c.midnight[len(c.midnight)-1] }

// micros is t in Unix microseconds; the end of the last year is still an answer.
func (c *Calendar) micros(t time.Time) (int64, error) {
	sec := t.Unix()
	if sec < c.start()/1e6 || sec > c.end()/1e6 {
		return 0, c.outside(t)
	}
	at := sec*1e6 + int64(t.Nanosecond()/1e3)
	if at < c.start() || at > c.end() {
		return 0, c.outside(t)
	}
	return at, nil
}

// inside is micros for a question about the instant itself, whose end is half-open.
func (c *Calendar) inside(t time.Time) (int64, error) {
	at, err := c.micros(t)
	if err == nil && at == c.end() {
		return 0, c.outside(t)
	}
	return at, err
}

// before is the work done before the instant.
func (c *Calendar) before(at int64) int64 {
	i := c.next(at)
	if i < len(c.from) && at > c.from[i] {
		return c.done[i] + at - c.from[i]
	}
	return c.done[i]
}

// next is the first span that ends after the instant. Its day is guessed by 24 hours a day, then
// found; hours of the day before may run into it.
func (c *Calendar) next(at int64) int {
	const day = int64(24 * time.Hour / time.Microsecond)
	d := min(int((at-c.midnight[0])/day), len(c.kinds)-1)
	for d > 0 && c.midnight[d] > at {
		d--
	}
	for d+1 < len(c.kinds) && c.midnight[d+1] <= at {
		d++
	}
	i := int(c.begin[max(d-1, 0)])
	for i < len(c.to) && c.to[i] <= at {
		i++
	}
	return i
}

// reach is the first span from i on at whose end the goal is done, or their number: most are near, so the steps
// grow before they are halved.
func (c *Calendar) reach(i int, goal int64) int {
	step := 1
	for i+step < len(c.done) && c.done[i+step] < goal {
		i, step = i+step, step*2
	}
	hi := min(i+step, len(c.done)) - 1
	for i < hi {
		mid := int(uint(i+hi) / 2)
		if c.done[mid+1] < goal {
			i = mid + 1
		} else {
			hi = mid
		}
	}
	return i
}
