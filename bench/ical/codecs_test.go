package ical

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/apognu/gocal"
	arran4 "github.com/arran4/golang-ical"
	emersion "github.com/emersion/go-ical"
	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking/ical"
)

// A reading is what any codec can say of an event.
type reading struct {
	uid      string
	from, to date.Date // the nights
	at       time.Time // DTSTART, if it has a time of day
}

// A codec reads a feed into nights, as a careful user of it would.
type codec struct {
	name string
	read func([]byte) ([]reading, error)
}

var codecs = []codec{
	{"tenure", readTenure},
	{"arran4/golang-ical", readArran4},
	{"emersion/go-ical", readEmersion},
	{"apognu/gocal", readApognu},
}

func readTenure(feed []byte) ([]reading, error) {
	c, _, err := ical.Read(bytes.NewReader(feed), ical.Options{})
	if err != nil {
		return nil, err
	}
	events := make([]reading, 0, len(c.Events))
	for _, e := range c.Events {
		events = append(events, reading{e.UID, e.From, e.To, e.FromAt})
	}
	return events, nil
}

// nightsOf makes a reading of two instants that a codec gave for the ends.
func nightsOf(uid string, from, to time.Time, day bool) reading {
	r := reading{uid: uid, from: date.NewAt(from), to: max(date.NewAt(to), date.NewAt(from)+1)}
	if !day {
		r.at = from.UTC()
	}
	return r
}

func readArran4(feed []byte) ([]reading, error) {
	c, err := arran4.ParseCalendar(bytes.NewReader(feed))
	if err != nil {
		return nil, err
	}
	var events []reading
	for _, e := range c.Events() {
		from, err := e.GetStartAt()
		if err != nil {
			return nil, err
		}
		to, err := e.GetEndAt()
		if err != nil {
			return nil, err
		}
		events = append(events, nightsOf(e.Id(), from, to, len(e.GetProperty(arran4.ComponentPropertyDtStart).Value) == len("20060102")))
	}
	return events, nil
}

func readEmersion(feed []byte) ([]reading, error) {
	c, err := emersion.NewDecoder(bytes.NewReader(feed)).Decode()
	if err != nil {
		return nil, err
	}
	var events []reading
	for _, e := range c.Events() {
		from, err := e.DateTimeStart(time.UTC)
		if err != nil {
			return nil, err
		}
		to, err := e.DateTimeEnd(time.UTC)
		if err != nil {
			return nil, err
		}
		uid, err := e.Props.Text(emersion.PropUID)
		if err != nil {
			return nil, err
		}
		events = append(events, nightsOf(uid, from, to, e.Props.Get(emersion.PropDateTimeStart).ValueType() == emersion.ValueDate))
	}
	return events, nil
}

func readApognu(feed []byte) ([]reading, error) {
	p := gocal.NewParser(bytes.NewReader(feed))
	p.SkipBounds = true
	if err := p.Parse(); err != nil {
		return nil, err
	}
	var events []reading
	for _, e := range p.Events {
		if e.Start == nil || e.End == nil {
			return nil, fmt.Errorf("%s has no start or end", e.Uid)
		}
		r := nightsOf(e.Uid, *e.Start, *e.End, len(e.RawStart.Value) == len("20060102"))
		if len(e.RawEnd.Value) == len("20060102") {
			r.to = date.NewAt(*e.End) + 1 // it ends an all-day event within its last day
		}
		events = append(events, r)
	}
	return events, nil
}

// feed is what a listing site sends: 176 events, 57 KB.
func feed() []byte {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\r\n", args...) }
	line("BEGIN:VCALENDAR")
	line("PRODID;X-RICAL-TZSOURCE=TZINFO:-//Example Listing//Hosting Calendar 0.8.8//EN")
	line("CALSCALE:GREGORIAN")
	line("VERSION:2.0")
	day := date.New(2026, time.March, 1)
	for i := range 176 {
		from, to := day+date.Date(4*i), day+date.Date(4*i+3)
		line("BEGIN:VEVENT")
		line("DTEND;VALUE=DATE:%s", to.Format("20060102"))
		line("DTSTART;VALUE=DATE:%s", from.Format("20060102"))
		line("DTSTAMP:20260225T061455Z")
		line("UID:1418fb94e984-%032x@listing.example", i*i*7919)
		if i%5 == 0 {
			line("SUMMARY:Not available")
		} else {
			line("DESCRIPTION:Reservation URL: https://listing.example/hosting/reservations/d")
			line(" etails/HM%08X\\nPhone Number (Last 4 Digits): %04d", i*104729, i*37%10000)
			line("SUMMARY:Reserved")
		}
		line("STATUS:CONFIRMED")
		line("TRANSP:OPAQUE")
		line("END:VEVENT")
	}
	line("END:VCALENDAR")
	return []byte(b.String())
}

func TestIcalFeedIsReadAlike(t *testing.T) {
	t.Parallel()
	want, err := readTenure(feed())
	require.NoError(t, err)
	require.Len(t, want, 176)
	t.Logf("%d bytes", len(feed()))
	for _, c := range codecs {
		got, err := c.read(feed())
		require.NoError(t, err, c.name)
		require.Equal(t, want, got, c.name)
	}
}

// An awkward input is one that channels send, or that comes in place of what they send.
type awkward struct {
	name string
	file string
	want []reading // none: it must be an error
}

func awkwardInputs() []awkward {
	day := func(d int) date.Date { return date.New(2026, time.April, d) }
	stay := func(lines ...string) string {
		return calendar(append(append([]string{"BEGIN:VEVENT", "UID:a@example.com", "DTSTAMP:20260301T000000Z"}, lines...), "END:VEVENT")...)
	}
	one := []reading{{"a@example.com", day(5), day(8), time.Time{}}}
	night := []reading{{"a@example.com", day(5), day(6), time.Time{}}}
	plain := stay("DTSTART;VALUE=DATE:20260405", "DTEND;VALUE=DATE:20260408")
	moscow := time.Date(2026, time.April, 5, 11, 0, 0, 0, time.UTC)
	return []awkward{
		{"byte order mark", "\uFEFF" + plain, one},
		{"LF and blank lines", strings.ReplaceAll(strings.ReplaceAll(plain, "\r\n", "\n"), "BEGIN:VEVENT", "\nBEGIN:VEVENT"), one},
		{"header repeated after PRODID", strings.Replace(plain, "VERSION:2.0\r\n", "VERSION:2.0\r\nBEGIN:VCALENDAR\r\nPRODID:-//Merged//EN\r\nVERSION:2.0\r\n", 1), one},
		{"colon in a quoted parameter", stay(`ORGANIZER;CN="Desk: front; left":mailto:desk@example.com`, "DTSTART;VALUE=DATE:20260405", "DTEND;VALUE=DATE:20260408"), one},
		{"folded inside a character", stay("SUMMARY:\xd0\r\n \x91\xd1\x80\xd0\xbe\xd0\xbd\xd1\x8c", "DTSTART;VALUE=DATE:20260405", "DTEND;VALUE=DATE:20260408"), one},
		{"date without VALUE=DATE", stay("DTSTART:20260405", "DTEND:20260408"), one},
		{"date without DTEND", stay("DTSTART;VALUE=DATE:20260405"), night},
		{"date with TZID", stay("DTSTART;TZID=Europe/Moscow;VALUE=DATE:20260405", "DTEND;TZID=Europe/Moscow;VALUE=DATE:20260408"), one},
		{"DTEND equal to DTSTART", stay("DTSTART;VALUE=DATE:20260405", "DTEND;VALUE=DATE:20260405"), night},
		{"Windows zone", stay("DTSTART;TZID=Russian Standard Time:20260405T140000", "DTEND;TZID=Russian Standard Time:20260408T120000"), []reading{{"a@example.com", day(5), day(8), moscow}}},
		{"unknown zone, not taken for UTC", stay("DTSTART;TZID=Middle-earth:20260405T140000", "DTEND;TZID=Middle-earth:20260408T120000"), one},
		{"error page with status 200", "<!DOCTYPE html>\n<html><body>Service unavailable</body></html>\n", nil},
		{"file cut short", plain[:strings.Index(plain, "END:VEVENT")], nil},
	}
}

func calendar(lines ...string) string {
	all := append([]string{"BEGIN:VCALENDAR", "PRODID:-//Example//EN", "VERSION:2.0"}, lines...)
	return strings.Join(append(all, "END:VCALENDAR", ""), "\r\n")
}

// reads reports whether the codec reads the input rightly. The instant of an unknown zone may be
// left out or refused.
func (a awkward) reads(c codec) bool {
	got, err := c.read([]byte(a.file))
	if a.want == nil {
		return err != nil
	}
	return err == nil && len(got) == len(a.want) && got[0].uid == a.want[0].uid && got[0].from == a.want[0].from && got[0].to == a.want[0].to && got[0].at.Equal(a.want[0].at)
}

func TestIcalAwkward(t *testing.T) {
	inputs := awkwardInputs()
	require.Len(t, inputs, 13)
	t.Log(awkwardTable(inputs))
	for _, in := range inputs {
		require.True(t, in.reads(codecs[0]), in.name)
	}
}

// awkwardTable says which inputs each codec reads rightly.
func awkwardTable(inputs []awkward) string {
	var b strings.Builder
	fmt.Fprintf(&b, "\n%-34s", "")
	for _, c := range codecs {
		fmt.Fprintf(&b, " %-18s", c.name)
	}
	sums := make([]int, len(codecs))
	for _, in := range inputs {
		fmt.Fprintf(&b, "\n%-34s", in.name)
		for i, c := range codecs {
			verdict := "no"
			if in.reads(c) {
				verdict = "yes"
				sums[i]++
			}
			fmt.Fprintf(&b, " %-18s", verdict)
		}
	}
	fmt.Fprintf(&b, "\n%-34s", "rightly")
	for _, n := range sums {
		fmt.Fprintf(&b, " %-18s", fmt.Sprintf("%d of %d", n, len(inputs)))
	}
	return b.String()
}

func BenchmarkIcalRead(b *testing.B) {
	text := feed()
	for _, c := range codecs {
		b.Run(c.name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				if _, err := c.read(text); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkIcalRatio reads the feed with every codec, turn by turn, and reports by the best turn of
// each how much longer the fastest peer takes, and by how much our allocations are fewer than the
// fewest of a peer; beside them how many awkward inputs are read rightly.
func BenchmarkIcalRatio(b *testing.B) {
	text := feed()
	best := make([]time.Duration, len(codecs))
	for b.Loop() {
		for i, c := range codecs {
			start := time.Now()
			if _, err := c.read(text); err != nil {
				b.Fatal(err)
			}
			if spent := time.Since(start); best[i] == 0 || spent < best[i] {
				best[i] = spent
			}
		}
	}
	allocs := make([]float64, len(codecs))
	for i, c := range codecs {
		allocs[i] = testing.AllocsPerRun(3, func() { _, _ = c.read(text) })
	}
	b.ReportMetric(float64(slices.Min(best[1:]))/float64(best[0]), "time-ratio")
	b.ReportMetric(allocs[0]/slices.Min(allocs[1:]), "allocs-ratio")
	inputs, rightly := awkwardInputs(), 0
	for _, in := range inputs {
		if in.reads(codecs[0]) {
			rightly++
		}
	}
	b.ReportMetric(float64(rightly), fmt.Sprintf("rightly-of-%d", len(inputs)))
}
