package ical

import (
	_ "embed"
	"strings"
	"time"
)

//go:embed windows_zones.txt
var windowsZones string

// location finds an IANA zone. The machine's own zone has no name.
func location(name string) (*time.Location, bool) {
	if name == "" || name == "Local" {
		return nil, false
	}
	zone, err := time.LoadLocation(name)
	return zone, err == nil
}

// zone finds what a TZID means; nil if nobody knows.
func (p *parser) zone(tzid []byte) *time.Location {
	if zone, ok := p.zones[string(tzid)]; ok {
		return zone
	}
	if p.zones == nil {
		p.zones = make(map[string]*time.Location)
	}
	name := string(tzid)
	zone := namedZone(strings.TrimSpace(name))
	if zone == nil {
		zone = describedZone(p.lines.data, name)
	}
	p.zones[name] = zone
	return zone
}

// namedZone reads an IANA name, a Windows name, or an offset.
func namedZone(name string) *time.Location {
	if zone, ok := location(name); ok {
		return zone
	}
	if _, rest, ok := strings.Cut(windowsZones, "\n"+name+"\t"); ok && !strings.ContainsAny(name, "#\t\n") {
		iana, _, _ := strings.Cut(rest, "\n")
		if zone, ok := location(iana); ok {
			return zone
		}
	}
	for _, prefix := range []string{"UTC", "GMT"} {
		if offset, ok := strings.CutPrefix(name, prefix); ok {
			return offsetZone(offset)
		}
	}
	return nil
}

// offsetZone reads +03:00, +0300, +3 or +030000: hours east of UTC.
func offsetZone(text string) *time.Location {
	if len(text) < 2 || text[0] != '+' && text[0] != '-' {
		return nil
	}
	hhmmss := strings.ReplaceAll(text[1:], ":", "")
	if len(hhmmss)%2 == 1 {
		hhmmss = "0" + hhmmss
	}
	if len(hhmmss) > len("hhmmss") {
		return nil
	}
	secs, unit := 0, 60*60
	for i := 0; i < len(hhmmss); i += 2 {
		n, ok := digits([]byte(hhmmss[i : i+2]))
		if !ok || i > 0 && n > 59 {
			return nil
		}
		secs += n * unit
		unit /= 60
	}
	if secs > 18*60*60 {
		return nil
	}
	if text[0] == '-' {
		secs = -secs
	}
	return time.FixedZone("", secs)
}

// describedZone looks for the VTIMEZONE of that name. One that has a single offset is a zone; to
// follow one that changes its clock would mean its recurrence rules.
func describedZone(data []byte, tzid string) *time.Location {
	l := newLines(data)
	var zone *time.Location
	in, found, several := false, false, false
	for {
		line, _, ok := l.next()
		if !ok {
			break
		}
		name, _, value, _ := property(line)
		switch {
		case name == "BEGIN" && component(value) == "VTIMEZONE":
			in, found, several, zone = true, false, false, nil
		case name == "END" && component(value) == "VTIMEZONE":
			if found && !several {
				return zone
			}
			in = false
		case !in:
		case name == "TZID":
			found = string(value) == tzid
		case name == "TZOFFSETTO":
			next := offsetZone(strings.TrimSpace(string(value)))
			if next == nil || zone != nil && !sameOffset(zone, next) {
				several = true
			}
			zone = next
		}
	}
	return nil
}

func sameOffset(a, b *time.Location) bool {
	_, x := time.Unix(0, 0).In(a).Zone()
	_, y := time.Unix(0, 0).In(b).Zone()
	return x == y
}
