package ical

import "bytes"

// lines cuts a file into content lines: those that go on in the next one are joined, blank ones left
// out. A line ends with CR LF, LF or CR.
type lines struct {
	data   []byte
	pos    int
	line   int    // physical lines so far
	lf     int    // where the next LF is, as far as known: before pos it is not
	joined []byte // the last line that had to be joined
}

func newLines(data []byte) lines { return lines{data: data, lf: -1} }

// next returns a content line and the number of its first physical line. The bytes are good until
// the next call.
func (l *lines) next() (content []byte, number int, ok bool) {
	for len(content) == 0 {
		if content, ok = l.physical(); !ok {
			return nil, l.line, false
		}
		number = l.line
	}
	folded := false
	for l.pos < len(l.data) {
		switch c := l.data[l.pos]; c {
		case ' ', '\t':
			if !folded {
				l.joined, folded = append(l.joined[:0], content...), true
			}
			more, _ := l.physical()
			l.joined = append(l.joined, more[1:]...)
			continue
		case '\r', '\n':
			l.physical()
			continue
		}
		break
	}
	if folded {
		content = l.joined
	}
	return content, number, true
}

// physical returns the next line as it stands.
func (l *lines) physical() ([]byte, bool) {
	if l.pos >= len(l.data) {
		return nil, false
	}
	if l.lf < l.pos {
		l.lf = len(l.data)
		if i := bytes.IndexByte(l.data[l.pos:], '\n'); i >= 0 {
			l.lf = l.pos + i
		}
	}
	l.line++
	line, end := l.data[l.pos:l.lf], l.lf
	if i := bytes.IndexByte(line, '\r'); i >= 0 {
		line, end = line[:i], l.pos+i
		if end+1 == l.lf {
			end = l.lf // CR LF
		}
	}
	l.pos = end + 1
	return line, true
}

// maxName is longer than any name of a property that is read.
const maxName = 16

// property splits a content line. The name is in capitals, "" if it is longer than any that matters.
func property(line []byte) (name string, params, value []byte, ok bool) {
	end, quoted := -1, false // of the name
scan:
	for i, c := range line {
		switch {
		case c == '"':
			quoted = !quoted
		case quoted:
		case c == ';' && end < 0:
			end = i
		case c == ':':
			if end < 0 {
				end = i
			} else {
				params = line[end+1 : i]
			}
			value, ok = line[i+1:], true
			break scan
		}
	}
	if !ok {
		return "", nil, nil, false
	}
	return capitals(line[:end], names[:]), params, value, true
}

// names are the properties that are read.
var names = [...]string{"BEGIN", "END", "UID", "DTSTART", "DTEND", "DURATION", "SUMMARY", "STATUS", "SEQUENCE", "LAST-MODIFIED", "TRANSP",
	"RECURRENCE-ID", "RRULE", "RDATE", "PRODID", "METHOD", "X-WR-CALNAME", "NAME", "TZID", "TZOFFSETTO"}

// components are those that are looked for.
var components = [...]string{"VEVENT", "VCALENDAR", "VTIMEZONE"}

// capitals returns which of the words this is, in any case of letters; else "".
func capitals(word []byte, words []string) string {
	if len(word) > maxName {
		return ""
	}
	var upper [maxName]byte
	for i, c := range word {
		if 'a' <= c && c <= 'z' {
			c -= 'a' - 'A'
		}
		upper[i] = c
	}
	for _, w := range words {
		if w == string(upper[:len(word)]) {
			return w
		}
	}
	return ""
}

// component returns the name of a component, in capitals.
func component(value []byte) string {
	value = bytes.TrimSpace(value)
	if name := capitals(value, components[:]); name != "" {
		return name
	}
	return string(bytes.ToUpper(value))
}

// param returns the value of a parameter, without its quotes.
func param(params []byte, name string) []byte {
	for len(params) > 0 {
		end, quoted := 0, false
		for end < len(params) && (quoted || params[end] != ';') {
			if params[end] == '"' {
				quoted = !quoted
			}
			end++
		}
		key, value, _ := bytes.Cut(params[:end], []byte{'='})
		if bytes.EqualFold(bytes.TrimSpace(key), []byte(name)) {
			return bytes.Trim(bytes.TrimSpace(value), `"`)
		}
		params = params[min(end+1, len(params)):]
	}
	return nil
}
