package ical

import (
	"bytes"
	"io"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rickb777/date/v2"
)

const utcLayout = "20060102T150405Z"

// Write writes a calendar as RFC 5545 has it: lines end in CR LF and are of at most 75 bytes. What
// Read would not read back the same is an [InvalidError], and nothing is written: an empty UID, an
// empty span, the same UID twice on the same dates, control characters other than line breaks in a
// Summary or a Name, instants whose dates in UTC are not the event's nights.
func Write(w io.Writer, c Calendar) error {
	var b writer
	b.line("BEGIN", "VCALENDAR")
	b.line("VERSION", "2.0")
	b.text("PRODID", "", c.ProdID, false)
	if c.Method != "" {
		b.text("METHOD", "", c.Method, false)
	}
	if c.Name != "" {
		b.text("X-WR-CALNAME", "", c.Name, true)
	}
	seen := make(map[nights]bool, len(c.Events))
	for i := range c.Events {
		e := &c.Events[i]
		b.event(e)
		if seen[nightsOf(e)] {
			b.fail(e.UID, "UID", e.From.String()+"/"+e.To.String(), WhyTwice)
		}
		seen[nightsOf(e)] = true
		if b.err != nil {
			return b.err
		}
	}
	b.line("END", "VCALENDAR")
	if b.err != nil {
		return b.err
	}
	_, err := w.Write(b.out.Bytes())
	return err
}

// A writer collects the lines, and the first fault.
type writer struct {
	out bytes.Buffer
	err error
}

func (b *writer) fail(uid, field, value string, why Why) {
	if b.err == nil {
		if uid != "" {
			field = uid + " " + field
		}
		b.err = &InvalidError{Field: field, Value: value, Why: why}
	}
}

func (b *writer) event(e *Event) {
	b.line("BEGIN", "VEVENT")
	if e.UID == "" {
		b.fail("", "UID", "", WhyMissing)
	}
	b.text("UID", "", e.UID, false)
	stamp := "19700101T000000Z" // DTSTAMP is required, and a file is the same each time it is written
	if !e.Modified.IsZero() {
		stamp = b.instant(e, "LAST-MODIFIED", e.Modified)
		b.line("LAST-MODIFIED", stamp)
	}
	b.line("DTSTAMP", stamp)
	b.span(e)
	if e.RecurrenceID != "" {
		b.recurrence(e)
	}
	if e.Sequence < 0 || e.Sequence > 1<<30 {
		b.fail(e.UID, "SEQUENCE", strconv.Itoa(e.Sequence), WhyRange)
	}
	if e.Sequence != 0 {
		b.line("SEQUENCE", strconv.Itoa(e.Sequence))
	}
	if e.Summary != "" {
		b.text("SUMMARY", e.UID, e.Summary, true)
	}
	if e.Status != "" {
		b.text("STATUS", e.UID, e.Status, false)
	}
	if e.Transparent {
		b.line("TRANSP", "TRANSPARENT")
	}
	b.line("END", "VEVENT")
}

func (b *writer) span(e *Event) {
	text := e.From.String() + "/" + e.To.String()
	switch {
	case e.From < firstDate || e.To > lastDate:
		b.fail(e.UID, "DTSTART", text, WhyRange)
	case e.From >= e.To:
		b.fail(e.UID, "DTSTART", text, WhyEmptySpan)
	case e.FromAt.IsZero() && e.ToAt.IsZero():
		b.line("DTSTART;VALUE=DATE", dateText(e.From))
		b.line("DTEND;VALUE=DATE", dateText(e.To))
	default:
		b.times(e)
	}
}

// times writes a span that has times of day, in UTC.
func (b *writer) times(e *Event) {
	last := e.From
	if !e.ToAt.IsZero() {
		last = date.NewAt(e.ToAt.UTC())
	}
	switch {
	case e.FromAt.IsZero():
		b.fail(e.UID, "DTSTART", "", WhyMissing)
	case !e.ToAt.IsZero() && !e.FromAt.Before(e.ToAt):
		b.fail(e.UID, "DTEND", e.ToAt.UTC().Format(time.RFC3339), WhyEmptySpan)
	case date.NewAt(e.FromAt.UTC()) != e.From, max(last, e.From+1) != e.To:
		b.fail(e.UID, "DTSTART", e.FromAt.UTC().Format(time.RFC3339), WhyZone)
	default:
		b.line("DTSTART", b.instant(e, "DTSTART", e.FromAt))
		if !e.ToAt.IsZero() {
			b.line("DTEND", b.instant(e, "DTEND", e.ToAt))
		}
	}
}

func (b *writer) instant(e *Event, field string, t time.Time) string {
	t = t.UTC()
	if t.Nanosecond() != 0 {
		b.fail(e.UID, field, t.Format(time.RFC3339Nano), WhyFraction)
	}
	if t.Year() < firstYear || t.Year() > 9999 {
		b.fail(e.UID, field, t.Format(time.RFC3339), WhyRange)
	}
	return t.Format(utcLayout)
}

func (b *writer) recurrence(e *Event) {
	m, ok := parseMoment([]byte(e.RecurrenceID))
	name := "RECURRENCE-ID"
	if !m.timed {
		name += ";VALUE=DATE"
	}
	if !ok {
		b.fail(e.UID, name, e.RecurrenceID, WhySyntax)
	}
	b.line(name, e.RecurrenceID)
}

func dateText(d date.Date) string { return d.Format("20060102") }

var escapes = strings.NewReplacer(`\`, `\\`, ";", `\;`, ",", `\,`, "\n", `\n`)

// text writes a TEXT value; breaks says whether it may have several lines.
func (b *writer) text(name, uid, value string, breaks bool) {
	forbidden := func(r rune) bool { return control(r) && !(breaks && r == '\n') }
	if !utf8.ValidString(value) || strings.ContainsFunc(value, forbidden) {
		b.fail(uid, name, value, WhyControl)
	}
	b.line(name, escapes.Replace(value))
}

// line writes one content line, folded.
func (b *writer) line(name, value string) {
	const most = 75
	text := name + ":" + value
	for room := most; len(text) > room; room = most - 1 {
		end := room
		for end > 0 && !utf8.RuneStart(text[end]) {
			end--
		}
		if end == 0 {
			end = room // not UTF-8: it was refused
		}
		b.out.WriteString(text[:end])
		b.out.WriteString("\r\n ")
		text = text[end:]
	}
	b.out.WriteString(text)
	b.out.WriteString("\r\n")
}
