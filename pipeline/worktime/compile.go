package worktime

import (
	"cmp"
	"slices"
	"strconv"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"
)

// A Spec says what a calendar counts.
type Spec struct {
	// Zone is the IANA name of the zone whose wall clock the hours follow. Required.
	Zone string

	// Country is RU, KZ or BY, whose 2024 to 2026 are built in. Defaults to none: then First and
	// Last are required, and dates follow Week but for Dates and Years.
	Country string

	// Week holds the hours of an ordinary week, by time.Weekday.
	Week [7][]Hours

	// Short is the working time cut from the end of a short day. Defaults to 1 hour.
	Short time.Duration

	// Dates are the caller's own days within the years. They win over everything.
	Dates map[date.Date]Day

	// Years are further years, or newer ones than those built in: a letter a day from 1 January,
	// o off, w work, s short. A letter that agrees with a Monday-to-Friday week lists nothing.
	Years map[int]string

	// First and Last are the years the calendar covers, inclusive. They default to those loaded.
	First, Last int
}

// Compile turns the years into spans. Its errors are of type [*InvalidError].
func Compile(s Spec) (*Calendar, error) {
	loc, err := zone(s.Zone)
	if err != nil {
		return nil, err
	}
	week, err := checkWeek(s.Week)
	if err != nil {
		return nil, err
	}
	short := s.Short
	if short == 0 {
		short = time.Hour
	}
	if short < 0 {
		return nil, invalid("short", short.String(), "is negative", "меньше нуля")
	}
	listed, first, last, err := years(s)
	if err != nil {
		return nil, err
	}
	b := builder{
		Calendar: Calendar{first: first, last: last, day0: date.New(first, time.January, 1)},
		walls:    walls{loc: loc},
	}
	end := date.New(last+1, time.January, 1)
	for d, own := range s.Dates {
		if d < b.day0 || d >= end {
			return nil, invalid("dates", d.String(), "lies outside the years", "вне лет календаря")
		}
		if own.Off && len(own.Hours) > 0 {
			return nil, invalid("dates", d.String(), "is off and has hours", "выходной, а часы указаны")
		}
		if _, err := checkHours("dates", own.Hours); err != nil {
			return nil, err
		}
	}
	for d := b.day0; d < end; d++ {
		hours, cut := week[d.Weekday()], time.Duration(0)
		own, isOwn := s.Dates[d]
		switch mark := listed[d]; {
		case isOwn:
			hours, _ = checkHours("dates", own.Hours)
		case mark&off != 0:
			hours = nil
		default:
			if mark&worked != 0 {
				hours = week[time.Monday]
			}
			if mark&shortened != 0 {
				cut = short
			}
		}
		b.add(d, hours, cut)
	}
	b.midnight = append(b.midnight, b.at(end, 0))
	b.begin = append(b.begin, int32(len(b.from)))
	b.done = make([]int64, 1, len(b.from)+1)
	for i := range b.from {
		b.done = append(b.done, b.done[i]+b.to[i]-b.from[i])
	}
	return &b.Calendar, nil
}

func zone(name string) (*time.Location, error) {
	if name == "" || name == "Local" {
		return nil, invalid("zone", name, "is not an IANA zone name", "не имя зоны IANA")
	}
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, invalid("zone", name, "is not known here; a program without zone data imports time/tzdata", "здесь неизвестна; программа без базы зон импортирует time/tzdata")
	}
	return loc, nil
}

func checkWeek(week [7][]Hours) (out [7][]Hours, err error) {
	for d, hours := range week {
		if out[d], err = checkHours("week."+time.Weekday(d).String(), hours); err != nil {
			return out, err
		}
	}
	return out, nil
}

const wholeDay = 24 * clock.Hour

// checkHours sorts a day's hours and lets the last of them end on the next day.
func checkHours(field string, hours []Hours) ([]Hours, error) {
	out := slices.Clone(hours)
	for i, h := range out {
		if h.From < 0 || h.From >= wholeDay {
			return nil, invalid(field, h.From.String(), "is not a time of the day to begin at", "не время начала в сутках")
		}
		if h.To < 0 || h.To > wholeDay {
			return nil, invalid(field, h.To.String(), "is not a time of the day to end at", "не время конца в сутках")
		}
		if h.To <= h.From {
			out[i].To += wholeDay
		}
	}
	slices.SortFunc(out, func(a, b Hours) int { return cmp.Compare(a.From, b.From) })
	for i := 1; i < len(out); i++ {
		if out[i].From < out[i-1].To {
			return nil, invalid(field, out[i].From.String(), "begins in hours that are not over", "начинается в ещё не оконченных часах")
		}
	}
	return out, nil
}

// years collects the dates that are listed, and the range that the calendar covers.
func years(s Spec) (listed map[date.Date]mark, first, last int, err error) {
	listed = make(map[date.Date]mark)
	loaded := make(map[int]bool)
	known := s.Country == ""
	for _, y := range builtIn {
		if y.country != s.Country {
			continue
		}
		known = true
		if _, newer := s.Years[y.year]; !newer {
			y.list(listed)
			loaded[y.year] = true
		}
	}
	if !known {
		return nil, 0, 0, invalid("country", s.Country, "has no built-in years: RU, KZ and BY have", "не имеет встроенных лет: они есть у RU, KZ и BY")
	}
	for year, letters := range s.Years {
		if err := listLetters(listed, year, letters); err != nil {
			return nil, 0, 0, err
		}
		loaded[year] = true
	}
	first, last = s.First, s.Last
	if s.Country == "" && (first == 0 || last == 0) {
		return nil, 0, 0, invalid("first", strconv.Itoa(first), "and last are required without a country", "и last обязательны без страны")
	}
	for year := range loaded {
		if s.First == 0 && (first == 0 || year < first) {
			first = year
		}
		if s.Last == 0 && (last == 0 || year > last) {
			last = year
		}
	}
	if first > last {
		return nil, 0, 0, invalid("first", strconv.Itoa(first), "is after last, "+strconv.Itoa(last), "позже last, "+strconv.Itoa(last))
	}
	if first < 1 || last > 9998 || last-first >= maxYears {
		return nil, 0, 0, invalid("first", strconv.Itoa(first), "to "+strconv.Itoa(last)+" is no range of at most "+strconv.Itoa(maxYears)+" years", "– "+strconv.Itoa(last)+": не промежуток до "+strconv.Itoa(maxYears)+" лет")
	}
	for year := first; year <= last; year++ {
		if s.Country != "" && !loaded[year] {
			return nil, 0, 0, invalid("years", strconv.Itoa(year), "is not loaded for "+s.Country, "не загружен для "+s.Country)
		}
	}
	return listed, first, last, nil
}

// maxYears bounds what a Spec may ask for: three centuries are a typing error.
const maxYears = 200

func listLetters(listed map[date.Date]mark, year int, letters string) error {
	d := date.New(year, time.January, 1)
	if days := int(date.New(year+1, time.January, 1) - d); len(letters) != days {
		return invalid("years", strconv.Itoa(year), "has "+strconv.Itoa(len(letters))+" letters, not "+strconv.Itoa(days), "содержит букв: "+strconv.Itoa(len(letters))+", а не "+strconv.Itoa(days))
	}
	for i := range len(letters) {
		weekend := d.Weekday() == time.Saturday || d.Weekday() == time.Sunday
		var m mark
		switch letters[i] {
		case 'o':
			if !weekend {
				m = off
			}
		case 's':
			m = shortened
			fallthrough
		case 'w':
			if weekend {
				m |= worked
			}
		default:
			return invalid("years", strconv.QuoteRune(rune(letters[i])), "is not a day's letter: o, w or s", "не буква дня: o, w или s")
		}
		if m != 0 {
			listed[d] = m
		}
		d++
	}
	return nil
}

type builder struct {
	Calendar
	walls
}

// add appends a day: its hours, less what is cut from their end.
func (b *builder) add(d date.Date, hours []Hours, cut time.Duration) {
	b.midnight = append(b.midnight, b.at(d, 0))
	b.begin = append(b.begin, int32(len(b.from)))
	kind := KindOff
	if len(hours) > 0 {
		kind = KindWork
		if cut > 0 {
			kind = KindShort
		}
	}
	b.kinds = append(b.kinds, kind)
	own := len(b.from)
	for _, h := range hours {
		from, to := b.at(d, h.From), b.at(d, h.To)
		if n := len(b.to); n > 0 {
			from = max(from, b.to[n-1])
		}
		if from < to {
			b.from, b.to = append(b.from, from), append(b.to, to)
		}
	}
	for rest := cut.Microseconds(); rest > 0 && len(b.from) > own; {
		n := len(b.from) - 1
		if length := b.to[n] - b.from[n]; length > rest {
			b.to[n] -= rest
			return
		} else {
			rest -= length
		}
		b.from, b.to = b.from[:n], b.to[:n]
	}
}

// walls turns wall times into instants. It remembers the stretch without clock changes that it
// saw last, for most days of a year are answered by two of them.
type walls struct {
	loc          *time.Location
	since, until int64 // seconds; between them the offset holds
	offset       int64
}

// at returns the instant in Unix microseconds: the earlier of two, and past a gap by its length.
// time.Date settles both differently from zone to zone.
func (w *walls) at(d date.Date, c clock.Clock) int64 {
	const reach = 15 * 3600 // no offset from UTC is larger
	day := int64(d-date.New(1970, time.January, 1)) * 86400
	ns := int64(c)
	wall := day + ns/1e9
	if wall-reach < w.since || wall+reach >= w.until {
		w.find(wall, reach)
	}
	return (wall-w.offset)*1e6 + ns%1e9/1e3
}

// find settles the offset of a wall time near a clock change, or opens a new quiet stretch.
func (w *walls) find(wall, reach int64) {
	t := time.Unix(wall-reach, 0).In(w.loc)
	for {
		_, offset := t.Zone()
		_, next := t.ZoneBounds()
		w.offset, w.since, w.until = int64(offset), t.Unix(), wall+reach+1
		if next.IsZero() {
			w.until = 1<<62 - 1
			return
		}
		if next.Unix() > wall+reach {
			w.until = next.Unix()
			return
		}
		if wall-int64(offset) < next.Unix() {
			break // the wall time comes before the change
		}
		_, after := next.Zone()
		if wall-int64(after) < next.Unix() {
			break // skipped by the change: the old offset moves it on by the gap
		}
		t = next
	}
	w.since, w.until = 0, 0 // two offsets are near: nothing to remember
}
