package ical

import (
	"time"

	"github.com/rickb777/date/v2"
)

const (
	firstYear = 1900
	daySecs   = 24 * 60 * 60
)

var (
	firstDate = date.New(firstYear, time.January, 1)
	lastDate  = date.New(9999, time.December, 31)
)

// A moment is a DATE or a DATE-TIME by the wall clock of its zone.
type moment struct {
	day   date.Date
	secs  int // of the day
	timed bool
	utc   bool // written with Z
	set   bool
	zone  *time.Location // of a DATE-TIME; nil: not known
}

// parseMoment reads 20260405, 20260405T140000 or 20260405T140000Z.
func parseMoment(value []byte) (m moment, ok bool) {
	const dateLen, timeLen = len("20060102"), len("20060102T150405")
	if len(value) < dateLen {
		return moment{}, false
	}
	y, ok1 := digits(value[0:4])
	mo, ok2 := digits(value[4:6])
	d, ok3 := digits(value[6:8])
	if !ok1 || !ok2 || !ok3 || y < firstYear || mo < 1 || mo > 12 || d < 1 || d > 31 {
		return moment{}, false
	}
	m.day, m.set = date.New(y, time.Month(mo), d), true
	if d > 28 && m.day.Day() != d {
		return moment{}, false
	}
	if len(value) == dateLen {
		return m, true
	}
	if len(value) == timeLen+1 && (value[timeLen] == 'Z' || value[timeLen] == 'z') {
		m.utc, value = true, value[:timeLen]
	}
	if len(value) != timeLen || value[dateLen] != 'T' && value[dateLen] != 't' {
		return moment{}, false
	}
	h, ok1 := digits(value[9:11])
	mi, ok2 := digits(value[11:13])
	s, ok3 := digits(value[13:15])
	if !ok1 || !ok2 || !ok3 || h > 23 || mi > 59 || s > 60 {
		return moment{}, false
	}
	m.timed, m.secs = true, h*60*60+mi*60+min(s, 59) // RFC 5545, 3.3.12: a leap second may be read as the one before
	return m, true
}

func digits(value []byte) (n int, ok bool) {
	for _, c := range value {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int(c-'0')
	}
	return n, true
}

// in returns the instant at which the wall clock of a zone shows the moment. In a gap of the clock it
// is as much later, in a fold the first.
func (m moment) in(zone *time.Location) time.Time {
	y, mo, d := m.day.Date()
	return time.Date(y, mo, d, m.secs/3600, m.secs/60%60, m.secs%60, 0, zone).UTC()
}

func (m moment) instant() time.Time { return m.in(m.zone) }

// String writes the moment as RFC 5545 does.
func (m moment) String() string {
	if !m.timed {
		return m.day.Format("20060102")
	}
	text := m.in(time.UTC).Format("20060102T150405")
	if m.utc {
		text += "Z"
	}
	return text
}

// compareMoments orders by the instant if both zones are known, else by the wall clock; a date is
// compared with the day.
func compareMoments(a, b moment) int {
	if a.timed && b.timed {
		if a.zone == nil || b.zone == nil {
			return a.in(time.UTC).Compare(b.in(time.UTC))
		}
		return a.instant().Compare(b.instant())
	}
	return int(a.day - b.day)
}

// A length is a DURATION: days by the calendar, and exact time.
type length struct {
	days, secs int
	set        bool
}

// maxLength bounds a length to what the years that are read can hold.
const maxLength = 9999 * 366

// parseLength reads P3D, P1W, PT36H, P1DT12H, -P1D. What is none is not set.
func parseLength(value []byte) (l length) {
	sign := 1
	if len(value) > 0 && (value[0] == '-' || value[0] == '+') {
		if value[0] == '-' {
			sign = -1
		}
		value = value[1:]
	}
	if len(value) < 3 || value[0]|0x20 != 'p' {
		return length{}
	}
	n, some, inTime := 0, false, false
	for _, c := range value[1:] {
		if '0' <= c && c <= '9' {
			n, some = n*10+int(c-'0'), true
			if n > maxLength*daySecs {
				return length{}
			}
			continue
		}
		switch unit := c &^ 0x20; {
		case unit == 'T' && !some && !inTime:
			inTime = true
			continue
		case !some:
			return length{}
		case unit == 'W' && !inTime:
			l.days += 7 * n
		case unit == 'D' && !inTime:
			l.days += n
		case unit == 'H' && inTime:
			l.secs += n * 60 * 60
		case unit == 'M' && inTime:
			l.secs += n * 60
		case unit == 'S' && inTime:
			l.secs += n
		default:
			return length{}
		}
		if n, some = 0, false; l.days > maxLength || l.secs > maxLength*daySecs {
			return length{}
		}
	}
	if some {
		return length{}
	}
	return length{days: sign * l.days, secs: sign * l.secs, set: true}
}

// plus adds a length: days by the wall clock, then time as it passes. A date takes whole days of the
// time.
func (m moment) plus(l length) moment {
	m.day += date.Date(l.days)
	switch {
	case l.secs == 0:
	case !m.timed:
		m.day += date.Date(l.secs / daySecs)
	default:
		zone := m.zone
		if zone == nil {
			zone = time.UTC
		}
		t := m.in(zone).Add(time.Duration(l.secs) * time.Second).In(zone)
		m.day, m.secs = date.NewAt(t), t.Hour()*60*60+t.Minute()*60+t.Second()
	}
	return m
}
