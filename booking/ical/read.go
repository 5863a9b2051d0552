package ical

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rickb777/date/v2"
)

// Options bound what is read.
type Options struct {
	// MaxBytes is how long a file may be, unpacked.
	// Defaults to 8 MiB.
	MaxBytes int64 `json:"max_bytes,omitempty"`

	// MaxEvents is how many events a file may have.
	// Defaults to 20,000.
	MaxEvents int `json:"max_events,omitempty"`

	// Zone is where a time of day without a zone is meant.
	// Defaults to "UTC".
	Zone string `json:"zone,omitempty"`

	// Now tells when a poll was made. Read does not ask.
	// Defaults to time.Now.
	Now func() time.Time `json:"-"`
}

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 20
	}
	if o.MaxEvents <= 0 {
		o.MaxEvents = 20_000
	}
	if o.Zone == "" {
		o.Zone = "UTC"
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return o
}

// Read reads a whole iCalendar file. The problems tell of every event that was read with a doubt or
// is missing from the calendar. What is not a whole calendar is a [FormatError]; a calendar without
// events is none. It reads at most MaxBytes + 1 bytes.
func Read(r io.Reader, o Options) (Calendar, []Problem, error) {
	o = o.withDefaults()
	floating, ok := location(o.Zone)
	if !ok {
		return Calendar{}, nil, &InvalidError{Field: "zone", Value: o.Zone, Why: WhyZone}
	}
	var buf bytes.Buffer
	buf.Grow(32 << 10) // most feeds are smaller, few much larger
	switch n, err := buf.ReadFrom(io.LimitReader(r, o.MaxBytes+1)); {
	case errors.Is(err, io.ErrUnexpectedEOF):
		return Calendar{}, nil, &FormatError{Why: WhyShortBody}
	case err != nil:
		return Calendar{}, nil, fmt.Errorf("ical: read: %w", err)
	case n > o.MaxBytes:
		return Calendar{}, nil, &FormatError{Why: WhyBytes}
	}
	p := parser{lines: newLines(buf.Bytes()), maxEvents: o.MaxEvents, floating: floating}
	if err := p.run(); err != nil {
		return Calendar{}, nil, err
	}
	return p.cal, p.problems, nil
}

// A parser turns the lines of a file into a calendar.
type parser struct {
	lines     lines
	maxEvents int
	floating  *time.Location
	zones     map[string]*time.Location // by TZID; nil: not known

	cal      Calendar
	starts   []int // the lines of cal.Events
	problems []Problem

	opened   bool   // there was a BEGIN:VCALENDAR
	calendar bool   // and it is open
	inEvent  bool   // BEGIN:VEVENT is open
	events   int    // begun so far
	skip     string // the component that is open and not read
	depth    int    // of components of that name
	draft    draft
}

// A draft is an event as far as its lines were read.
type draft struct {
	Event
	line                 int
	start, end           moment
	length               length
	recurs               string
	startText, endText   string // what stands in the file, where it cannot be read
	unknownZone          string
	hasUID, hasSpan, bad bool
}

func (p *parser) run() error {
	if err := p.header(); err != nil {
		return err
	}
	n := min(bytes.Count(p.lines.data, []byte("BEGIN:VEVENT")), p.maxEvents)
	p.cal.Events, p.starts = make([]Event, 0, n), make([]int, 0, n)
	for {
		line, at, ok := p.lines.next()
		if !ok {
			break
		}
		name, params, value, ok := property(line)
		if !ok {
			continue
		}
		var err error
		switch {
		case name == "BEGIN":
			err = p.begin(component(value), at)
		case name == "END":
			err = p.close(component(value), at)
		case p.skip != "":
		case p.inEvent:
			p.eventProperty(name, params, value, at)
		default:
			p.calendarProperty(name, value)
		}
		if err != nil {
			return err
		}
	}
	switch {
	case p.inEvent:
		return &FormatError{Line: p.draft.line, Why: WhyOpenEvent}
	case p.calendar, p.skip != "":
		return &FormatError{Line: p.lines.line, Why: WhyCut}
	case !p.opened:
		return &FormatError{Line: 1, Why: WhyOther}
	}
	p.settle()
	return nil
}

// header accepts a file that begins as a calendar does.
func (p *parser) header() error {
	l := &p.lines
	l.data = bytes.TrimPrefix(l.data, []byte("\uFEFF"))
	text := bytes.TrimLeft(l.data, " \t\r\n")
	l.line = bytes.Count(l.data[:len(l.data)-len(text)], []byte{'\n'})
	l.data = text
	const begin = "BEGIN:VCALENDAR"
	switch {
	case len(text) == 0:
		return &FormatError{Why: WhyEmpty}
	case len(text) >= len(begin) && strings.EqualFold(string(text[:len(begin)]), begin):
		return nil
	case text[0] == '<':
		return &FormatError{Line: 1, Why: WhyHTML}
	}
	return &FormatError{Line: 1, Why: WhyOther}
}

func (p *parser) begin(name string, at int) error {
	switch {
	case name == "VEVENT":
		if p.inEvent {
			p.draft.bad = true
			p.finish("no END:VEVENT")
		}
		if p.events++; p.events > p.maxEvents {
			return &FormatError{Line: at, Why: WhyEvents}
		}
		p.calendar, p.inEvent, p.skip = true, true, ""
		p.draft = draft{line: at}
	case name == "VCALENDAR":
		if p.calendar {
			p.problem(at, CodeNestedHeader, "", "")
		}
		p.opened, p.calendar, p.skip = true, true, ""
	case p.skip == "":
		p.skip, p.depth = name, 1
	case p.skip == name:
		p.depth++
	}
	return nil
}

func (p *parser) close(name string, at int) error {
	switch {
	case name == "VEVENT":
		if p.inEvent {
			p.finish("")
		}
		p.inEvent, p.skip = false, ""
	case name == "VCALENDAR":
		if p.inEvent {
			return &FormatError{Line: at, Why: WhyOpenEvent}
		}
		p.calendar, p.skip = false, ""
	case name == p.skip:
		if p.depth--; p.depth == 0 {
			p.skip = ""
		}
	}
	return nil
}

func (p *parser) calendarProperty(name string, value []byte) {
	first := func(field *string) {
		if *field == "" {
			*field = text(value)
		}
	}
	switch name {
	case "PRODID":
		first(&p.cal.ProdID)
	case "METHOD":
		first(&p.cal.Method)
	case "X-WR-CALNAME", "NAME":
		first(&p.cal.Name)
	}
}

// eventProperty takes one line of an event. Where a property stands twice, the first counts.
func (p *parser) eventProperty(name string, params, value []byte, at int) {
	d := &p.draft
	switch name {
	case "UID":
		if !d.hasUID {
			d.UID, d.hasUID = text(value), true
		}
	case "RECURRENCE-ID":
		d.RecurrenceID = text(value)
	case "SUMMARY":
		d.Summary = p.repeated(value, func(e *Event) string { return e.Summary })
	case "STATUS":
		d.Status = p.repeated(value, func(e *Event) string { return e.Status })
	case "DTSTART":
		if d.startText == "" && !d.start.set {
			d.start, d.startText = p.moment(params, value, at)
		}
	case "DTEND":
		if d.endText == "" && !d.end.set {
			d.end, d.endText = p.moment(params, value, at)
			d.hasSpan = true
		}
	case "DURATION":
		if !d.length.set && d.endText == "" {
			if d.length = parseLength(bytes.TrimSpace(value)); !d.length.set {
				d.endText = clip(value)
			}
		}
	case "RRULE", "RDATE":
		d.recurs = clip(value)
	case "SEQUENCE":
		d.Sequence = number(bytes.TrimSpace(value))
	case "LAST-MODIFIED":
		if m, ok := parseMoment(bytes.TrimSpace(value)); ok && m.timed {
			d.Modified = m.in(time.UTC)
		}
	case "TRANSP":
		d.Transparent = strings.EqualFold(string(bytes.TrimSpace(value)), "TRANSPARENT")
	}
}

// repeated returns the text of a value, the same string as the event before if that has the same.
func (p *parser) repeated(value []byte, of func(*Event) string) string {
	if n := len(p.cal.Events); n > 0 {
		if s := of(&p.cal.Events[n-1]); s == string(value) {
			return s
		}
	}
	return text(value)
}

// moment reads the value of DTSTART or DTEND; if it cannot, the text that stands there is not empty.
func (p *parser) moment(params, value []byte, at int) (m moment, unreadable string) {
	m, ok := parseMoment(bytes.TrimSpace(value))
	if !ok {
		return moment{}, "=" + clip(value)
	}
	switch tzid := param(params, "TZID"); {
	case !m.timed:
	case m.utc:
		m.zone = time.UTC
	case len(tzid) == 0:
		m.zone = p.floating
	default:
		if m.zone = p.zone(tzid); m.zone == nil {
			p.draft.unknownZone = clip(tzid)
		}
	}
	return m, ""
}

func (p *parser) problem(line int, code Code, uid, got string) {
	p.problems = append(p.problems, Problem{Line: line, Code: code, UID: uid, Got: got})
}

// finish adds the draft to the calendar, or says why not.
func (p *parser) finish(fault string) {
	d := &p.draft
	leftOut := func(code Code, got string) { p.problem(d.line, code, d.UID, got) }
	switch {
	case d.bad:
		leftOut(CodeUnreadable, fault)
		return
	case !d.start.set:
		leftOut(CodeUnreadable, "DTSTART"+d.startText)
		return
	case d.endText != "":
		leftOut(CodeUnreadable, "end "+strings.TrimPrefix(d.endText, "="))
		return
	}
	end, hasEnd := d.end, d.hasSpan
	if !hasEnd && d.length.set {
		end, hasEnd = d.start.plus(d.length), true
	}
	d.From, d.To = d.start.day, d.start.day+1
	empty := false
	if hasEnd {
		order := compareMoments(d.start, end)
		if order > 0 {
			leftOut(CodeEndFirst, d.start.String()+"/"+end.String())
			return
		}
		empty = order == 0
		d.To = max(end.day, d.To)
	}
	if d.To > lastDate {
		leftOut(CodeUnreadable, d.From.String()+"/"+d.To.String())
		return
	}
	if d.start.zone != nil && (!hasEnd || end.zone != nil) {
		d.FromAt = d.start.instant()
		if hasEnd {
			d.ToAt = end.instant()
		}
	}
	if d.unknownZone != "" {
		p.problem(d.line, CodeUnknownZone, d.UID, d.unknownZone)
	}
	if empty {
		p.problem(d.line, CodeEmptySpan, d.UID, d.start.String())
	}
	if d.recurs != "" {
		p.problem(d.line, CodeRecurring, d.UID, d.recurs)
	}
	if d.UID == "" {
		p.problem(d.line, CodeNoUID, "", d.From.String()+"/"+d.To.String())
	}
	p.cal.Events = append(p.cal.Events, d.Event)
	p.starts = append(p.starts, d.line)
}

// settle makes one of the copies of an event, and tells of a UID that stands on several dates.
func (p *parser) settle() {
	if len(p.cal.Events) == 0 {
		p.cal.Events = nil
	}
	first := make(map[string]int, len(p.cal.Events))
	again := false
	for i := range p.cal.Events {
		e := &p.cal.Events[i]
		j, ok := first[e.UID]
		if !ok {
			first[e.UID] = i
			continue
		}
		again = true
		o := &p.cal.Events[j]
		if e.UID != "" && e.RecurrenceID == o.RecurrenceID && (e.From != o.From || e.To != o.To) {
			p.problem(p.starts[i], CodeDuplicate, e.UID, e.From.String()+"/"+e.To.String())
		}
	}
	if again {
		p.cal.Events = distinct(p.cal.Events)
	}
}

// A nights is what makes two events of a file the same.
type nights struct {
	uid      string
	from, to date.Date
}

func nightsOf(e *Event) nights { return nights{e.UID, e.From, e.To} }

// distinct keeps one event of those with the same UID and dates: the newest, whatever their order.
func distinct(events []Event) []Event {
	at := make(map[nights]int, len(events))
	kept := make([]Event, 0, len(events))
	for i := range events {
		e := &events[i]
		j, ok := at[nightsOf(e)]
		switch {
		case !ok:
			at[nightsOf(e)] = len(kept)
			kept = append(kept, *e)
		case compareCopies(e, &kept[j]) > 0:
			kept[j] = *e
		}
	}
	return kept
}

// compareCopies orders events of one UID and the same dates, older copies first. Of equals the one
// that stands is later than the one that is cancelled or free: nothing is freed by a doubt.
func compareCopies(a, b *Event) int {
	return cmp.Or(cmp.Compare(a.Sequence, b.Sequence), a.Modified.Compare(b.Modified),
		-compareBools(a.cancelled(), b.cancelled()), -compareBools(a.Transparent, b.Transparent),
		cmp.Compare(a.Summary, b.Summary), cmp.Compare(a.Status, b.Status), cmp.Compare(a.RecurrenceID, b.RecurrenceID),
		a.FromAt.Compare(b.FromAt), a.ToAt.Compare(b.ToAt))
}

func compareBools(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func (e *Event) cancelled() bool { return strings.EqualFold(e.Status, "CANCELLED") }

// number reads a count; what is none is 0.
func number(value []byte) int {
	n := 0
	for _, c := range value {
		if c < '0' || c > '9' || n > 1<<30/10 {
			return 0
		}
		n = n*10 + int(c-'0')
	}
	return n
}

// text undoes the escapes of a TEXT value, and leaves out what no text may contain.
func text(value []byte) string {
	plain := true
	for _, c := range value {
		if c == '\\' || c < ' ' || c >= 0x7f {
			plain = false
			break
		}
	}
	if plain {
		return string(value)
	}
	var b strings.Builder
	b.Grow(len(value))
	for i := 0; i < len(value); {
		r, size := utf8.DecodeRune(value[i:])
		if r == '\\' && i+1 < len(value) {
			i++
			switch c := value[i]; c {
			case 'n', 'N':
				b.WriteByte('\n')
				i++
			case '\\', ';', ',', ':', '"':
				b.WriteByte(c)
				i++
			default:
				b.WriteByte('\\')
			}
			continue
		}
		if !control(r) {
			b.WriteRune(r) // a byte that is not UTF-8 becomes U+FFFD
		}
		i += size
	}
	return b.String()
}

// control reports whether a text value may not contain r: no control character but the tab.
func control(r rune) bool { return r < ' ' && r != '\t' || r == 0x7f }

// clip returns at most 64 bytes of what stands in the file.
func clip(value []byte) string {
	const most = 64
	s := text(value)
	if len(s) <= most {
		return s
	}
	end := most
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end]
}
