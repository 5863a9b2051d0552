package ical

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"
)

// file makes a calendar of lines.
func file(lines ...string) string {
	all := append([]string{"BEGIN:VCALENDAR", "PRODID:-//Example//EN", "VERSION:2.0"}, lines...)
	return strings.Join(append(all, "END:VCALENDAR", ""), "\r\n")
}

// event makes the lines of one event.
func event(lines ...string) []string {
	return append(append([]string{"BEGIN:VEVENT"}, lines...), "END:VEVENT")
}

func apr(d int) date.Date { return date.New(2026, time.April, d) }

func utc(d, h, m int) time.Time { return time.Date(2026, time.April, d, h, m, 0, 0, time.UTC) }

func read(t *testing.T, text string) (Calendar, []Problem) {
	t.Helper()
	c, problems, err := Read(strings.NewReader(text), Options{})
	require.NoError(t, err)
	return c, problems
}

// TestReading is the reading table, line by line. UID, DTSTART and so on stand in the one event of a
// file; its BEGIN is on line 4.
func TestReading(t *testing.T) {
	t.Parallel()
	moscow := []string{"BEGIN:VTIMEZONE", "TZID:Desk", "BEGIN:STANDARD", "DTSTART:19700101T000000", "TZOFFSETFROM:+0300", "TZOFFSETTO:+0300", "END:STANDARD", "END:VTIMEZONE"}
	changing := []string{"BEGIN:VTIMEZONE", "TZID:Desk", "BEGIN:STANDARD", "TZOFFSETTO:+0100", "END:STANDARD", "BEGIN:DAYLIGHT", "TZOFFSETTO:+0200", "END:DAYLIGHT", "END:VTIMEZONE"}
	nights := func(from, to int) Event { return Event{UID: "a", From: apr(from), To: apr(to)} }
	timed := func(from, to int, fromAt, toAt time.Time) Event {
		return Event{UID: "a", From: apr(from), To: apr(to), FromAt: fromAt, ToAt: toAt}
	}
	for _, c := range []struct {
		name    string
		lines   []string // of the event, after its UID
		outside []string // before the event
		want    Event
		problem Problem
	}{
		{name: "two dates", lines: []string{"DTSTART;VALUE=DATE:20260405", "DTEND;VALUE=DATE:20260408"}, want: nights(5, 8)},
		{name: "DATE, no DTEND: one night", lines: []string{"DTSTART;VALUE=DATE:20260405"}, want: nights(5, 6)},
		{name: "DATE and DURATION", lines: []string{"DTSTART;VALUE=DATE:20260405", "DURATION:P3D"}, want: nights(5, 8)},
		{name: "DATE and DURATION in weeks", lines: []string{"DTSTART;VALUE=DATE:20260405", "DURATION:P1W"}, want: nights(5, 12)},
		{name: "DATE and DURATION in hours", lines: []string{"DTSTART;VALUE=DATE:20260405", "DURATION:PT48H"}, want: nights(5, 7)},
		{name: "DTSTART without VALUE=DATE", lines: []string{"DTSTART:20260405", "DTEND:20260407"}, want: nights(5, 7)},
		{name: "DATE with TZID: the zone is ignored", lines: []string{"DTSTART;VALUE=DATE;TZID=Nowhere:20260405", "DTEND;VALUE=DATE;TZID=Nowhere:20260407"}, want: nights(5, 7)},
		{name: "DTEND = DTSTART: one night", lines: []string{"DTSTART;VALUE=DATE:20260405", "DTEND;VALUE=DATE:20260405"}, want: nights(5, 6), problem: Problem{4, CodeEmptySpan, "a", "20260405"}},
		{name: "instants equal: one night", lines: []string{"DTSTART:20260405T100000Z", "DTEND:20260405T100000Z"}, want: timed(5, 6, utc(5, 10, 0), utc(5, 10, 0)), problem: Problem{4, CodeEmptySpan, "a", "20260405T100000Z"}},
		{name: "DATE-TIME: dates of its zone", lines: []string{"DTSTART;TZID=Europe/Moscow:20260405T010000", "DTEND;TZID=Europe/Moscow:20260408T120000"}, want: timed(5, 8, utc(4, 22, 0), utc(8, 9, 0))},
		{name: "DATE-TIME within a day: one night", lines: []string{"DTSTART:20260405T100000Z", "DTEND:20260405T120000Z"}, want: timed(5, 6, utc(5, 10, 0), utc(5, 12, 0))},
		{name: "DATE-TIME, no DTEND", lines: []string{"DTSTART:20260405T100000Z"}, want: timed(5, 6, utc(5, 10, 0), time.Time{})},
		{name: "DATE-TIME and DURATION over a clock change: a day is a day", lines: []string{"DTSTART;TZID=Europe/Berlin:20260328T220000", "DURATION:P1DT1H"},
			want: Event{UID: "a", From: date.New(2026, 3, 28), To: date.New(2026, 3, 29), FromAt: time.Date(2026, 3, 28, 21, 0, 0, 0, time.UTC), ToAt: time.Date(2026, 3, 29, 21, 0, 0, 0, time.UTC)}},
		{name: "floating time", lines: []string{"DTSTART:20260405T100000", "DTEND:20260406T100000"}, want: timed(5, 6, utc(5, 10, 0), utc(6, 10, 0))},
		{name: "zones of both ends", lines: []string{"DTSTART;TZID=Europe/Moscow:20260405T140000", "DTEND:20260405T113000Z"}, want: timed(5, 6, utc(5, 11, 0), utc(5, 11, 30))},
		{name: "Windows zone", lines: []string{"DTSTART;TZID=Russian Standard Time:20260405T140000", "DTEND;TZID=Russian Standard Time:20260407T120000"}, want: timed(5, 7, utc(5, 11, 0), utc(7, 9, 0))},
		{name: "offset as zone", lines: []string{`DTSTART;TZID="UTC+03:00":20260405T140000`, `DTEND;TZID="UTC+03:00":20260407T120000`}, want: timed(5, 7, utc(5, 11, 0), utc(7, 9, 0))},
		{name: "VTIMEZONE with one offset", outside: moscow, lines: []string{"DTSTART;TZID=Desk:20260405T140000", "DTEND;TZID=Desk:20260407T120000"}, want: timed(5, 7, utc(5, 11, 0), utc(7, 9, 0))},
		{name: "VTIMEZONE with two offsets", outside: changing, lines: []string{"DTSTART;TZID=Desk:20260405T140000", "DTEND;TZID=Desk:20260407T120000"}, want: nights(5, 7), problem: Problem{13, CodeUnknownZone, "a", "Desk"}},
		{name: "unknown zone: never silently UTC", lines: []string{"DTSTART;TZID=Nowhere:20260405T140000", "DTEND;TZID=Nowhere:20260407T120000"}, want: nights(5, 7), problem: Problem{4, CodeUnknownZone, "a", "Nowhere"}},
		{name: "the machine's own zone has no name", lines: []string{"DTSTART;TZID=Local:20260405T140000", "DTEND;TZID=Local:20260407T120000"}, want: nights(5, 7), problem: Problem{4, CodeUnknownZone, "a", "Local"}},
		{name: "quoted parameters", lines: []string{`DTSTART;X-NOTE="a;b:c";VALUE=DATE:20260405`, `DTEND;X-NOTE=":";VALUE=DATE:20260407`}, want: nights(5, 7)},
		{name: "small letters", lines: []string{"dtstart;value=date:20260405", "Dtend;value=date:20260407"}, want: nights(5, 7)},
		{name: "RRULE: the first occurrence", lines: []string{"DTSTART;VALUE=DATE:20260405", "RRULE:FREQ=WEEKLY"}, want: nights(5, 6), problem: Problem{4, CodeRecurring, "a", "FREQ=WEEKLY"}},
		{name: "free", lines: []string{"DTSTART;VALUE=DATE:20260405", "TRANSP:TRANSPARENT"}, want: Event{UID: "a", From: apr(5), To: apr(6), Transparent: true}},
		{name: "an alarm's lines are not the event's", lines: []string{"DTSTART;VALUE=DATE:20260405", "BEGIN:VALARM", "UID:alarm", "DURATION:P9D", "SUMMARY:Wake", "END:VALARM", "SUMMARY:Reserved"}, want: Event{UID: "a", From: apr(5), To: apr(6), Summary: "Reserved"}},
		{name: "what else is read", lines: []string{"DTSTART:20260405", "SUMMARY:a\\, b\\; c\\\\ d\\ne", "STATUS:TENTATIVE", "SEQUENCE:7", "LAST-MODIFIED:20260401T080000Z", "RECURRENCE-ID;VALUE=DATE:20260405"},
			want: Event{UID: "a", From: apr(5), To: apr(6), Summary: "a, b; c\\ d\ne", Status: "TENTATIVE", Sequence: 7, Modified: utc(1, 8, 0), RecurrenceID: "20260405"}},
		{name: "leap second", lines: []string{"DTSTART:20260405T235960Z"}, want: timed(5, 6, time.Date(2026, 4, 5, 23, 59, 59, 0, time.UTC), time.Time{})},
		{name: "the last night there is", lines: []string{"DTSTART:99991230", "DTEND:99991231"}, want: Event{UID: "a", From: date.New(9999, 12, 30), To: date.New(9999, 12, 31)}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			got, problems := read(t, file(append(c.outside, event(append([]string{"UID:a"}, c.lines...)...)...)...))
			require.Equal(t, []Event{c.want}, got.Events)
			var want []Problem
			if c.problem != (Problem{}) {
				want = []Problem{c.problem}
			}
			require.Equal(t, want, problems)
		})
	}
}

// TestUnreadableEvents: an event that cannot be read is told of by its line, and the others stand.
func TestUnreadableEvents(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		lines []string
		code  Code
		got   string
	}{
		{"no DTSTART", nil, CodeUnreadable, "DTSTART"},
		{"no such day", []string{"DTSTART:20260230"}, CodeUnreadable, "DTSTART=20260230"},
		{"no such month", []string{"DTSTART:20261301"}, CodeUnreadable, "DTSTART=20261301"},
		{"no such hour", []string{"DTSTART:20260405T240000"}, CodeUnreadable, "DTSTART=20260405T240000"},
		{"before 1900", []string{"DTSTART:18991231"}, CodeUnreadable, "DTSTART=18991231"},
		{"the year 0", []string{"DTSTART:00000101"}, CodeUnreadable, "DTSTART=00000101"},
		{"after 9999", []string{"DTSTART:99991231"}, CodeUnreadable, "9999-12-31/+10000-01-01"},
		{"five digits of a year", []string{"DTSTART:100000101"}, CodeUnreadable, "DTSTART=100000101"},
		{"DTEND is no date", []string{"DTSTART:20260405", "DTEND:soon"}, CodeUnreadable, "end soon"},
		{"DURATION is none", []string{"DTSTART:20260405", "DURATION:P"}, CodeUnreadable, "end P"},
		{"DURATION without end", []string{"DTSTART:20260405", "DURATION:P999999999999999999999D"}, CodeUnreadable, "end P999999999999999999999D"},
		{"dates the wrong way", []string{"DTSTART:20260405", "DTEND:20260404"}, CodeEndFirst, "20260405/20260404"},
		{"instants the wrong way", []string{"DTSTART:20260405T100000Z", "DTEND:20260405T090000Z"}, CodeEndFirst, "20260405T100000Z/20260405T090000Z"},
		{"DURATION below zero", []string{"DTSTART:20260405", "DURATION:-P1D"}, CodeEndFirst, "20260405/20260404"},
		{"no END", []string{"DTSTART:20260405", "BEGIN:VEVENT", "UID:x", "DTSTART:20260405"}, CodeUnreadable, "no END:VEVENT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			lines := append(event("UID:before", "DTSTART:20260401"), event(append([]string{"UID:bad"}, c.lines...)...)...)
			got, problems := read(t, file(append(lines, event("UID:after", "DTSTART:20260420")...)...))
			require.Equal(t, "before", got.Events[0].UID)
			require.Equal(t, "after", got.Events[len(got.Events)-1].UID)
			require.Equal(t, []Problem{{8, c.code, "bad", c.got}}, problems)
			for _, lang := range []string{"en", "ru"} {
				require.Contains(t, problems[0].Text(lang), "8: ")
				require.Contains(t, problems[0].Text(lang), "bad")
			}
		})
	}
}

func TestUIDs(t *testing.T) {
	t.Parallel()
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		got, problems := read(t, file(event("DTSTART:20260405", "DTEND:20260407")...))
		require.Equal(t, []Event{{From: apr(5), To: apr(7)}}, got.Events)
		require.Equal(t, []Problem{{4, CodeNoUID, "", "2026-04-05/2026-04-07"}}, problems)
	})
	t.Run("twice on the same dates: the newest copy", func(t *testing.T) {
		t.Parallel()
		older := event("UID:a", "DTSTART:20260405", "SUMMARY:old", "SEQUENCE:1")
		newer := event("UID:a", "DTSTART:20260405", "SUMMARY:new", "SEQUENCE:2")
		for _, lines := range [][]string{append(older, newer...), append(newer, older...)} {
			got, problems := read(t, file(lines...))
			require.Len(t, got.Events, 1)
			require.Equal(t, "new", got.Events[0].Summary)
			require.Empty(t, problems)
		}
	})
	t.Run("twice on other dates", func(t *testing.T) {
		t.Parallel()
		got, problems := read(t, file(append(event("UID:a", "DTSTART:20260405"), event("UID:a", "DTSTART:20260409")...)...))
		require.Len(t, got.Events, 2)
		require.Equal(t, []Problem{{8, CodeDuplicate, "a", "2026-04-09/2026-04-10"}}, problems)
	})
	t.Run("an override of a series has another RECURRENCE-ID", func(t *testing.T) {
		t.Parallel()
		got, problems := read(t, file(append(event("UID:a", "DTSTART:20260405"), event("UID:a", "RECURRENCE-ID:20260412", "DTSTART:20260413")...)...))
		require.Len(t, got.Events, 2)
		require.Empty(t, problems)
	})
}

// TestShapes: the same two events, however they are written.
func TestShapes(t *testing.T) {
	t.Parallel()
	plain := file(append(event("UID:a", "DTSTART:20260405", "SUMMARY:Бронь, 2 ночи"), event("UID:b", "DTSTART:20260409")...)...)
	want, _ := read(t, plain)
	require.Len(t, want.Events, 2)
	fold := func(at int) string {
		i := strings.Index(plain, "Бронь") + at
		return plain[:i] + "\r\n " + plain[i:]
	}
	for name, text := range map[string]string{
		"byte order mark":             "\uFEFF" + plain,
		"LF":                          strings.ReplaceAll(plain, "\r\n", "\n"),
		"CR":                          strings.ReplaceAll(plain, "\r\n", "\r"),
		"CR CR LF":                    strings.ReplaceAll(plain, "\r\n", "\r\r\n"),
		"blank lines":                 "\r\n\r\n" + strings.ReplaceAll(plain, "\r\n", "\r\n\r\n"),
		"spaces before":               "  \n" + plain,
		"no line end at the end":      strings.TrimSpace(plain),
		"folded between characters":   fold(2),
		"folded inside a character":   fold(3),
		"folded with a tab":           strings.Replace(plain, "SUMMARY", "SUMM\r\n\tARY", 1),
		"folded across a blank line":  strings.Replace(plain, "SUMMARY", "SUMM\r\n\r\n ARY", 1),
		"two calendars in a file":     strings.Replace(plain, "END:VEVENT\r\nBEGIN:VEVENT", "END:VEVENT\r\nEND:VCALENDAR\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT", 1),
		"something after the end":     plain + "<!-- served in 3 ms -->\r\n",
		"lines that are none":         strings.Replace(plain, "UID:b", "UID:b\r\nthis line has no colon", 1),
		"a to-do and a free/busy":     strings.Replace(plain, "BEGIN:VEVENT", "BEGIN:VTODO\r\nUID:x\r\nDTSTART:20260401\r\nEND:VTODO\r\nBEGIN:VFREEBUSY\r\nEND:VFREEBUSY\r\nBEGIN:VEVENT", 1),
		"a to-do that does not end":   strings.Replace(plain, "BEGIN:VEVENT", "BEGIN:VTODO\r\nBEGIN:VEVENT", 1),
		"a component inside its like": strings.Replace(plain, "BEGIN:VEVENT", "BEGIN:X\r\nBEGIN:X\r\nEND:X\r\nUID:x\r\nEND:X\r\nBEGIN:VEVENT", 1),
		"small letters":               strings.NewReplacer("BEGIN:VCALENDAR", "begin:vcalendar", "END:VEVENT", "end:vevent").Replace(plain),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, problems := read(t, text)
			require.Equal(t, want, got)
			require.Empty(t, problems)
		})
	}
	t.Run("header repeated after PRODID", func(t *testing.T) {
		t.Parallel()
		got, problems := read(t, strings.Replace(plain, "VERSION:2.0\r\n", "BEGIN:VCALENDAR\r\nPRODID:-//Merged//EN\r\nVERSION:2.0\r\n", 1))
		require.Equal(t, want, got)
		require.Equal(t, []Problem{{3, CodeNestedHeader, "", ""}}, problems)
	})
}

func TestCalendarProperties(t *testing.T) {
	t.Parallel()
	got, problems := read(t, file("X-WR-CALNAME:Flat 12\\, sea view", "METHOD:PUBLISH"))
	require.Empty(t, problems)
	require.Equal(t, Calendar{ProdID: "-//Example//EN", Name: "Flat 12, sea view", Method: "PUBLISH"}, got)
}

// TestNotACalendar is law 3 by example; TestTruncated has the rest.
func TestNotACalendar(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("x", 1<<20)
	for _, c := range []struct {
		name, text string
		err        error
		want       FormatError
	}{
		{"empty", "", ErrNotCalendar, FormatError{0, WhyEmpty}},
		{"blank", " \r\n\r\n", ErrNotCalendar, FormatError{0, WhyEmpty}},
		{"a byte order mark alone", "\uFEFF", ErrNotCalendar, FormatError{0, WhyEmpty}},
		{"error page", "<!DOCTYPE html>\n<title>502</title>", ErrNotCalendar, FormatError{1, WhyHTML}},
		{"JSON", `{"error":"not found"}`, ErrNotCalendar, FormatError{1, WhyOther}},
		{"binary", "\x1f\x8b\x08\x00\x00", ErrNotCalendar, FormatError{1, WhyOther}},
		{"a calendar of another kind", "BEGIN:VCARD\r\nEND:VCARD\r\n", ErrNotCalendar, FormatError{1, WhyOther}},
		{"a longer name", "BEGIN:VCALENDARS\r\nEND:VCALENDARS\r\n", ErrNotCalendar, FormatError{1, WhyOther}},
		{"a page about calendars", "Your calendar:\r\n" + file(), ErrNotCalendar, FormatError{1, WhyOther}},
		{"no end", "BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", ErrTruncated, FormatError{2, WhyCut}},
		{"an open event at the end", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\n", ErrTruncated, FormatError{2, WhyOpenEvent}},
		{"an open event before the end", "BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:a\r\nEND:VCALENDAR\r\n", ErrTruncated, FormatError{4, WhyOpenEvent}},
		{"a second calendar cut short", file() + "BEGIN:VCALENDAR\r\n", ErrTruncated, FormatError{5, WhyCut}},
		{"one line of a megabyte", long, ErrNotCalendar, FormatError{1, WhyOther}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			_, _, err := Read(strings.NewReader(c.text), Options{})
			require.ErrorIs(t, err, c.err)
			var format *FormatError
			require.ErrorAs(t, err, &format)
			require.Equal(t, c.want, *format)
			require.NotEqual(t, format.Text("en"), format.Text("ru"))
		})
	}
}

func TestLimits(t *testing.T) {
	t.Parallel()
	text := file(append(event("UID:a", "DTSTART:20260405"), event("UID:b", "DTSTART:20260409")...)...)
	size := int64(len(text))

	_, _, err := Read(strings.NewReader(text), Options{MaxBytes: size, MaxEvents: 2})
	require.NoError(t, err)
	_, _, err = Read(strings.NewReader(text), Options{MaxBytes: size - 1})
	require.ErrorIs(t, err, ErrTooLarge)
	_, _, err = Read(strings.NewReader(text), Options{MaxEvents: 1})
	require.ErrorIs(t, err, ErrTooLarge)
	require.Equal(t, &FormatError{8, WhyEvents}, err)

	ten := io.MultiReader(strings.NewReader("BEGIN:VCALENDAR\n"), &forever{text: []byte(strings.Join(event("UID:x", "DTSTART:20260405", ""), "\n"))})
	_, _, err = Read(ten, Options{})
	require.ErrorIs(t, err, ErrTooLarge)

	_, _, err = Read(strings.NewReader(text), Options{Zone: "Nowhere"})
	require.ErrorIs(t, err, ErrInvalid)
}

// forever repeats a text up to a bound that no limit should reach.
type forever struct {
	text []byte
	n    int
}

func (f *forever) Read(p []byte) (int, error) {
	if f.n > 1<<25 {
		return 0, io.EOF
	}
	n := 0
	for n < len(p) {
		n += copy(p[n:], f.text[(f.n+n)%len(f.text):])
	}
	f.n += n
	return n, nil
}

func TestReaderFails(t *testing.T) {
	t.Parallel()
	broken := errors.New("the disk is on fire")
	_, _, err := Read(iotest.ErrReader(broken), Options{})
	require.ErrorIs(t, err, broken)
	_, _, err = Read(io.MultiReader(strings.NewReader(file()), iotest.ErrReader(io.ErrUnexpectedEOF)), Options{})
	require.ErrorIs(t, err, ErrTruncated)
	got, _, err := Read(iotest.OneByteReader(strings.NewReader(file(event("UID:a", "DTSTART:20260405")...))), Options{})
	require.NoError(t, err)
	require.Len(t, got.Events, 1)
}

// Law 3: however a file is cut, it is an error.
func TestTruncated(t *testing.T) {
	t.Parallel()
	text := strings.TrimRight(file(append(event("UID:a", "DTSTART:20260405", "SUMMARY:Бронь"), event("UID:b", "DTSTART:20260409")...)...), "\r\n")
	for n := range len(text) {
		_, _, err := Read(strings.NewReader(text[:n]), Options{})
		var format *FormatError
		require.ErrorAs(t, err, &format, "cut after %d bytes", n)
	}
}

func TestTextIsCleaned(t *testing.T) {
	t.Parallel()
	got, _ := read(t, file(event("UID:a\x00b\xff", "DTSTART:20260405", "SUMMARY:\x1b[31mred\x07\tand \xd0\xcf\\q\\")...))
	require.Equal(t, "ab\uFFFD", got.Events[0].UID)
	require.Equal(t, "[31mred\tand \uFFFD\uFFFD\\q\\", got.Events[0].Summary)
	_, problems := read(t, file(event("UID:a", "DTSTART:"+strings.Repeat("ы", 100))...))
	require.LessOrEqual(t, len(problems[0].Got), 64+len("DTSTART="))
}

func TestZones(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(windowsZones) {
		if strings.HasPrefix(line, "#") {
			continue
		}
		windows, iana, ok := strings.Cut(strings.TrimSpace(line), "\t")
		require.True(t, ok, line)
		zone := namedZone(windows)
		require.NotNil(t, zone, windows)
		require.Contains(t, []string{iana, windows}, zone.String()) // UTC is both
	}
	for name, offset := range map[string]int{"UTC+03:00": 3 * 3600, "UTC+3": 3 * 3600, "GMT-0430": -(4*3600 + 1800), "UTC+05:45:10": 5*3600 + 45*60 + 10} {
		zone := namedZone(name)
		require.NotNil(t, zone, name)
		_, got := utc(1, 0, 0).In(zone).Zone()
		require.Equal(t, offset, got, name)
	}
	for _, name := range []string{"", "Local", "UTC+", "UTC+99", "UTC+3:99", "UTC+1234567", "+0300x", "../../etc/passwd", "/etc/passwd", "#", "Russian Standard Time\tEurope", "Time"} {
		require.Nil(t, namedZone(name), name)
	}
}

// FuzzRead is law 2, and that what was read can be reconciled, and what can be written comes back.
func FuzzRead(f *testing.F) {
	for _, seed := range readSeeds() {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		const most = 1 << 16
		counted := &countingReader{r: bytes.NewReader(text)}
		c, problems, err := Read(counted, Options{MaxBytes: most, MaxEvents: 100})
		require.LessOrEqual(t, counted.n, most+1)
		if err != nil {
			var format *FormatError
			require.ErrorAs(t, err, &format)
			require.Zero(t, c)
			require.Empty(t, problems)
			return
		}
		for _, p := range problems {
			require.Contains(t, codeTexts, p.Code)
			require.Positive(t, p.Line)
			require.NotEmpty(t, p.Text("en"))
		}
		for _, e := range c.Events {
			require.Less(t, e.From, e.To)
			require.GreaterOrEqual(t, e.From, firstDate)
			require.LessOrEqual(t, e.To, lastDate)
		}
		poll := Poll{At: utc(1, 12, 0), Calendar: c, Problems: problems}
		_, state := Reconcile(State{}, poll, Policy{})
		keys := make(map[string]bool)
		for _, it := range state.Items {
			require.False(t, keys[it.Key])
			require.LessOrEqual(t, len(it.Key), 256)
			keys[it.Key] = true
		}
		again, same := Reconcile(state, poll, Policy{})
		require.Empty(t, again.Add)
		require.Empty(t, again.Move)
		require.Empty(t, again.Cancel)
		require.Equal(t, state, same)
		var b bytes.Buffer
		if Write(&b, c) == nil {
			back, _, err := Read(&b, Options{})
			require.NoError(t, err)
			require.Equal(t, c, back)
		}
	})
}

type countingReader struct {
	r io.Reader
	n int
}

func (c *countingReader) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += n
	return n, err
}

// readSeeds are the shapes of what channels send, made for this project.
func readSeeds() []string {
	seeds := []string{
		"", "\uFEFF", "<html>", "BEGIN:VCALENDAR", file(),
		file(event("DTEND;VALUE=DATE:20260408", "DTSTART;VALUE=DATE:20260405", "UID:1418fb94e984-3f@airbnb.example", "DESCRIPTION:Reservation URL: https://listing.example/d", " etails/HM0\\nPhone Number (Last 4 Digits): 0000", "SUMMARY:Reserved")...),
		file(event("DTEND;VALUE=DATE:20260408", "DTSTART;VALUE=DATE:20260405", "UID:7f@airbnb.example", "SUMMARY:Airbnb (Not available)")...),
		file(event("DTSTART;VALUE=DATE:20260405", "DTEND;VALUE=DATE:20260408", "UID:c1@booking.example", "SUMMARY:CLOSED - Not available")...),
		file(event("UID:v1", "DTSTAMP:20260301T000000Z", "DTSTART;TZID=Russian Standard Time:20260405T140000", "DTEND;TZID=UTC+03:00:20260408T120000", "SUMMARY:Blocked")...),
		file("BEGIN:VTIMEZONE", "TZID:Desk", "BEGIN:STANDARD", "TZOFFSETTO:+0300", "END:STANDARD", "END:VTIMEZONE", "BEGIN:VEVENT", "UID:z", "DTSTART;TZID=Desk:20260405T140000", "DURATION:P1DT2H", "BEGIN:VALARM", "TRIGGER:-PT15M", "END:VALARM", "END:VEVENT"),
		file(append(event("UID:r", "DTSTART:20260405", "RRULE:FREQ=DAILY", "SEQUENCE:3"), event("UID:r", "RECURRENCE-ID:20260406", "DTSTART:20260407", "STATUS:CANCELLED")...)...),
		file(event("DTSTART:20260405", "DTEND:20260405", "TRANSP:TRANSPARENT", "LAST-MODIFIED:20260301T000000Z")...),
		file("METHOD:CANCEL", "BEGIN:VEVENT", "UID:x\\,y", "DTSTART:20260230", "END:VEVENT"),
		"BEGIN:VCALENDAR\rPRODID:x\rBEGIN:VCALENDAR\rBEGIN:VEVENT\rUID;X=\":\":a\rDTSTART:20260405\rEND:VEVENT\rEND:VCALENDAR\r",
	}
	for i := range 3 {
		seeds = append(seeds, strings.Replace(seeds[5+i], "END:VEVENT\r\n", "", 1), fmt.Sprintf("%s%d", seeds[6+i], i))
	}
	return seeds
}
