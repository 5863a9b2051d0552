package ical

import (
	"bytes"
	"errors"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestWrite(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	require.NoError(t, Write(&b, Calendar{ProdID: "-//Example//EN", Name: "Flat 12; north, left", Events: []Event{
		{UID: "b-7@example.org", From: apr(5), To: apr(8), Summary: "Not available", Status: "CONFIRMED", Sequence: 2, Modified: utc(1, 8, 30)},
		{UID: "t", From: apr(5), To: apr(6), FromAt: utc(5, 10, 0), ToAt: utc(5, 11, 30), RecurrenceID: "20260405T100000Z", Transparent: true},
	}}))
	require.Equal(t, strings.Join([]string{
		"BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Example//EN", `X-WR-CALNAME:Flat 12\; north\, left`,
		"BEGIN:VEVENT", "UID:b-7@example.org", "LAST-MODIFIED:20260401T083000Z", "DTSTAMP:20260401T083000Z", "DTSTART;VALUE=DATE:20260405", "DTEND;VALUE=DATE:20260408",
		"SEQUENCE:2", "SUMMARY:Not available", "STATUS:CONFIRMED", "END:VEVENT",
		"BEGIN:VEVENT", "UID:t", "DTSTAMP:19700101T000000Z", "DTSTART:20260405T100000Z", "DTEND:20260405T113000Z", "RECURRENCE-ID:20260405T100000Z", "TRANSP:TRANSPARENT", "END:VEVENT",
		"END:VCALENDAR", "",
	}, "\r\n"), b.String())
}

func TestWriteRefuses(t *testing.T) {
	t.Parallel()
	good := Event{UID: "a", From: apr(5), To: apr(8)}
	timed := Event{UID: "a", From: apr(5), To: apr(8), FromAt: utc(5, 10, 0), ToAt: utc(8, 10, 0)}
	with := func(e Event, change func(*Event)) Calendar { change(&e); return Calendar{Events: []Event{e}} }
	for _, c := range []struct {
		name string
		cal  Calendar
		want InvalidError
	}{
		{"no UID", with(good, func(e *Event) { e.UID = "" }), InvalidError{"UID", "", WhyMissing}},
		{"a control character in a UID", with(good, func(e *Event) { e.UID = "a\nb" }), InvalidError{"UID", "a\nb", WhyControl}},
		{"a control character in a summary", with(good, func(e *Event) { e.Summary = "a\rb" }), InvalidError{"a SUMMARY", "a\rb", WhyControl}},
		{"not UTF-8", with(good, func(e *Event) { e.Status = "\xff" }), InvalidError{"a STATUS", "\xff", WhyControl}},
		{"an empty span", with(good, func(e *Event) { e.To = e.From }), InvalidError{"a DTSTART", "2026-04-05/2026-04-05", WhyEmptySpan}},
		{"before 1900", with(good, func(e *Event) { e.From = date.New(1899, 1, 1) }), InvalidError{"a DTSTART", "1899-01-01/2026-04-08", WhyRange}},
		{"after 9999", with(good, func(e *Event) { e.To = date.New(10000, 1, 1) }), InvalidError{"a DTSTART", "2026-04-05/+10000-01-01", WhyRange}},
		{"nights that are not the instants'", with(timed, func(e *Event) { e.From++ }), InvalidError{"a DTSTART", "2026-04-05T10:00:00Z", WhyZone}},
		{"an end alone", with(timed, func(e *Event) { e.FromAt = time.Time{} }), InvalidError{"a DTSTART", "", WhyMissing}},
		{"instants the wrong way", with(timed, func(e *Event) { e.ToAt = e.FromAt }), InvalidError{"a DTEND", "2026-04-05T10:00:00Z", WhyEmptySpan}},
		{"a part of a second", with(timed, func(e *Event) { e.FromAt = e.FromAt.Add(1) }), InvalidError{"a DTSTART", "2026-04-05T10:00:00.000000001Z", WhyFraction}},
		{"an instant before 1900", with(good, func(e *Event) { e.Modified = time.Date(1, 2, 3, 0, 0, 0, 0, time.UTC) }), InvalidError{"a LAST-MODIFIED", "0001-02-03T00:00:00Z", WhyRange}},
		{"SEQUENCE below zero", with(good, func(e *Event) { e.Sequence = -1 }), InvalidError{"a SEQUENCE", "-1", WhyRange}},
		{"SEQUENCE over what is read", with(good, func(e *Event) { e.Sequence = 1<<30 + 1 }), InvalidError{"a SEQUENCE", "1073741825", WhyRange}},
		{"RECURRENCE-ID that is no date", with(good, func(e *Event) { e.RecurrenceID = "first" }), InvalidError{"a RECURRENCE-ID;VALUE=DATE", "first", WhySyntax}},
		{"the same twice", Calendar{Events: []Event{good, good}}, InvalidError{"a UID", "2026-04-05/2026-04-08", WhyTwice}},
		{"a control character in a name", Calendar{Name: "\x00"}, InvalidError{"X-WR-CALNAME", "\x00", WhyControl}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			var b bytes.Buffer
			err := Write(&b, c.cal)
			require.ErrorIs(t, err, ErrInvalid)
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, c.want, *invalid)
			require.Zero(t, b.Len())
			require.NotEqual(t, invalid.Text("en"), invalid.Text("ru"))
		})
	}
}

type fullDisk struct{}

var errFull = errors.New("no space left")

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func TestWriterFails(t *testing.T) {
	t.Parallel()
	require.ErrorIs(t, Write(fullDisk{}, Calendar{}), errFull)
}

// drawText draws what may stand in a text value, and what may not.
func drawText(t *rapid.T, name string, breaks bool) string {
	runes := []rune("aZ9 \t\\;,:\"'()@|яé語🏠\u0301\uFFFD")
	if breaks {
		runes = append(runes, '\n')
	}
	return rapid.StringOfN(rapid.SampledFrom(runes), 0, 120, -1).Draw(t, name)
}

func drawEvent(t *rapid.T) Event {
	from := date.New(2026, time.January, 1) + date.Date(rapid.IntRange(0, 900).Draw(t, "from"))
	e := Event{
		UID: "u" + drawText(t, "uid", false), From: from, To: from + date.Date(rapid.IntRange(1, 30).Draw(t, "nights")),
		Summary: drawText(t, "summary", true), Status: rapid.SampledFrom([]string{"", "CONFIRMED", "TENTATIVE", "CANCELLED", "x, y"}).Draw(t, "status"),
		Sequence: rapid.IntRange(0, 9).Draw(t, "sequence"), Transparent: rapid.Bool().Draw(t, "free"),
		RecurrenceID: rapid.SampledFrom([]string{"", "20260405", "20260405T100000Z"}).Draw(t, "recurrence"),
	}
	if rapid.Bool().Draw(t, "modified?") {
		e.Modified = time.Unix(rapid.Int64Range(0, 4e9).Draw(t, "modified"), 0).UTC()
	}
	if rapid.Bool().Draw(t, "timed") {
		y, m, d := from.Date()
		e.FromAt = time.Date(y, m, d, 0, 0, rapid.IntRange(0, daySecs-1).Draw(t, "at"), 0, time.UTC)
		e.To = from + 1
		if rapid.Bool().Draw(t, "end?") {
			e.ToAt = e.FromAt.Add(time.Duration(rapid.IntRange(1, 5*daySecs).Draw(t, "seconds")) * time.Second)
			e.To = max(date.NewAt(e.ToAt), from+1)
		}
	}
	return e
}

// Law 1: what was written is read back the same; lines end in CR LF, are of at most 75 octets, and
// split no UTF-8 sequence.
func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := Calendar{
			ProdID: drawText(t, "prodid", false), Name: drawText(t, "name", true),
			Method: rapid.SampledFrom([]string{"", "PUBLISH", "CANCEL"}).Draw(t, "method"),
			Events: rapid.SliceOfNDistinct(rapid.Custom(drawEvent), 0, 6, func(e Event) nights { return nightsOf(&e) }).Draw(t, "events"),
		}
		if len(c.Events) == 0 {
			c.Events = nil
		}
		var b bytes.Buffer
		require.NoError(t, Write(&b, c))
		checkLines(t, b.String())
		got, problems, err := Read(&b, Options{})
		require.NoError(t, err)
		require.Equal(t, c, got)
		for _, p := range problems {
			require.Equal(t, CodeDuplicate, p.Code)
		}
	})
}

func checkLines(t require.TestingT, text string) {
	require.True(t, strings.HasSuffix(text, "\r\n"))
	for _, line := range strings.Split(strings.TrimSuffix(text, "\r\n"), "\r\n") {
		require.LessOrEqual(t, len(line), 75)
		require.True(t, utf8.ValidString(line), "%q", line)
		require.NotContains(t, line, "\n")
		require.NotContains(t, line, "\r")
	}
}

// FuzzRoundTrip is law 1 with whatever text there may be: Write refuses it, or it comes back.
func FuzzRoundTrip(f *testing.F) {
	f.Add("a@example.org", "Reserved", "Flat 12", "CONFIRMED", "20260405", 5, 3, 1, int64(0), int64(0))
	f.Add("", "", "", "", "", 0, 0, 0, int64(-1), int64(1))
	f.Add("a,b;c\\", strings.Repeat("語", 60), "line\nbreak", "x\ty", "20260405T100000Z", 400, 1, 1<<30, int64(1e9), int64(86400))
	f.Add("\xff", "a\x00b", "\r", " lead and trail ", "soon", -1000000, 20, -1, int64(-4e10), int64(-1))
	f.Fuzz(func(t *testing.T, uid, summary, name, status, recurrence string, day, length, sequence int, modified, seconds int64) {
		from := apr(1) + date.Date(day%4_000_000)
		e := Event{UID: uid, Summary: summary, Status: status, RecurrenceID: recurrence, From: from, To: from + date.Date(length%1_000_000), Sequence: sequence}
		if modified != 0 {
			e.Modified = time.Unix(modified%1e12, 0).UTC()
		}
		if seconds != 0 {
			e.FromAt = time.Unix(modified%1e11, 0).UTC()
			e.ToAt = e.FromAt.Add(time.Duration(seconds%1e8) * time.Second)
			e.From = date.NewAt(e.FromAt)
			e.To = max(date.NewAt(e.ToAt), e.From+1)
		}
		c := Calendar{ProdID: "-//Example//EN", Name: name, Events: []Event{e}}
		var b bytes.Buffer
		if err := Write(&b, c); err != nil {
			require.ErrorIs(t, err, ErrInvalid)
			require.Zero(t, b.Len())
			return
		}
		checkLines(t, b.String())
		got, _, err := Read(&b, Options{})
		require.NoError(t, err)
		require.Equal(t, c, got)
	})
}
