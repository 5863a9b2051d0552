package voucher

import (
	"cmp"
	"encoding/json"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rickb777/date/v2"
)

// A SeriesID names a row of numbers: a brand, an office.
type SeriesID string

// MaxSeq is the last place in a row.
const MaxSeq = 999_999_999

// A Number is a place in a series' row of one trip start. It orders by its parts, never by its
// text: the 99th of 8 June 2021 is 99080621 and comes before the 100th, 100080621.
//
// The zero Number is none. A number taken over as text ([Adopt]) has no place: its Seq is 0.
type Number struct {
	trip   date.Date
	series SeriesID
	seq    int64
}

// NewNumber returns the seq-th number of a series on a trip start. The year must lie in 1..9999
// and seq in 1..[MaxSeq]; anything else is an [InvalidError].
func NewNumber(series SeriesID, tripStart date.Date, seq int64) (Number, error) {
	if y := tripStart.Year(); y < 1 || y > 9999 || tripStart == 0 {
		return Number{}, &InvalidError{Field: "trip_start", Value: tripStart.String(), Why: "year"}
	}
	if seq < 1 || seq > MaxSeq {
		return Number{}, &InvalidError{Field: "seq", Value: strconv.FormatInt(seq, 10), Why: "seq"}
	}
	return Number{tripStart, series, seq}, nil
}

// Series returns the row the number belongs to.
func (n Number) Series() SeriesID { return n.series }

// TripStart returns the day whose row the number belongs to.
func (n Number) TripStart() date.Date { return n.trip }

// Seq returns the place in the row, from 1; 0 for a number that was taken over as text.
func (n Number) Seq() int64 { return n.seq }

// Compare orders numbers by trip start, then series, then place.
func (n Number) Compare(o Number) int {
	return cmp.Or(cmp.Compare(n.trip, o.trip), strings.Compare(string(n.series), string(o.series)), cmp.Compare(n.seq, o.seq))
}

type numberJSON struct {
	TripStart date.Date `json:"trip_start"`
	Series    SeriesID  `json:"series,omitempty"`
	Seq       int64     `json:"seq,omitempty"`
}

// MarshalJSON writes the three parts of the number.
func (n Number) MarshalJSON() ([]byte, error) {
	return json.Marshal(numberJSON{n.trip, n.series, n.seq})
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (n *Number) UnmarshalJSON(raw []byte) error {
	var parts numberJSON
	if err := json.Unmarshal(raw, &parts); err != nil {
		return err
	}
	*n = Number{parts.TripStart, parts.Series, parts.Seq}
	return nil
}

// A Format writes and reads the numbers of one series.
type Format struct {
	series  SeriesID
	pattern string
	parts   []part
	fixed   int // significant characters beside the place
	width   int // least digits of the place
}

type part struct {
	kind  byte // 's'eq, 'd'ay, 'm'onth, 'y'ear, 'l'iteral
	width int
	text  string
}

// NewFormat reads a pattern: {seq:W} is the place in W digits at least (1 to 9), {dd} the day,
// {mm} the month, {yy} or {yyyy} the year of the trip start; all else stands for itself.
//
// A pattern must let a number be read back: it has each of place, day, month and year exactly
// once. Otherwise it is an [InvalidError] with the position.
func NewFormat(series SeriesID, pattern string) (*Format, error) {
	fail := func(at int, why string) (*Format, error) {
		return nil, &InvalidError{Field: "pattern", Value: pattern, Why: why, Position: at + 1}
	}
	if len(pattern) > 100 {
		return fail(100, "too_long")
	}
	f := &Format{series: series, pattern: pattern}
	seen := map[byte]bool{}
	for i := 0; i < len(pattern); {
		if pattern[i] != '{' {
			end := i + strings.IndexByte(pattern[i:]+"{", '{')
			text := pattern[i:end]
			if strings.ContainsFunc(text, func(r rune) bool { return r == unicode.ReplacementChar || r == '}' || unicode.IsControl(r) }) {
				return fail(i, "literal")
			}
			f.parts = append(f.parts, part{kind: 'l', text: text, width: significant(text)})
			i = end
			continue
		}
		end := strings.IndexByte(pattern[i:], '}')
		if end < 0 {
			return fail(i, "unclosed")
		}
		p, ok := placeholder(pattern[i+1 : i+end])
		if !ok {
			return fail(i, "placeholder")
		}
		if seen[p.kind] {
			return fail(i, "twice")
		}
		seen[p.kind] = true
		f.parts = append(f.parts, p)
		i += end + 1
	}
	if len(seen) != len("sdmy") {
		return fail(len(pattern), "ambiguous")
	}
	for _, p := range f.parts {
		if p.kind == 's' {
			f.width = p.width
		} else {
			f.fixed += p.width
		}
	}
	return f, nil
}

func placeholder(name string) (part, bool) {
	switch name {
	case "dd", "mm", "yy":
		return part{kind: name[0], width: 2}, true
	case "yyyy":
		return part{kind: 'y', width: 4}, true
	}
	w, ok := strings.CutPrefix(name, "seq:")
	if !ok || len(w) != 1 || w[0] < '1' || w[0] > '9' {
		return part{}, false
	}
	return part{kind: 's', width: int(w[0] - '0')}, true
}

// Series returns the series whose numbers the format writes.
func (f *Format) Series() SeriesID { return f.series }

// String returns the pattern.
func (f *Format) String() string { return f.pattern }

// Format writes the number. A place that outgrows its width takes as many digits as it needs: the
// 100th of {seq:2}{dd}{mm}{yy} on 8 June 2021 is 100080621.
func (f *Format) Format(n Number) string {
	var room [128]byte
	text := room[:0]
	year, month, day := n.trip.Date()
	for _, p := range f.parts {
		switch p.kind {
		case 'l':
			text = append(text, p.text...)
		case 's':
			text = appendDigits(text, n.seq, p.width)
		case 'd':
			text = appendDigits(text, int64(day), 2)
		case 'm':
			text = appendDigits(text, int64(month), 2)
		case 'y':
			if p.width == 2 {
				year %= 100
			}
			text = appendDigits(text, int64(year), p.width)
		}
	}
	return string(text)
}

func appendDigits(text []byte, n int64, width int) []byte {
	for limit := int64(10); width > 1; width, limit = width-1, limit*10 {
		if n < limit {
			text = append(text, '0')
		}
	}
	return strconv.AppendInt(text, n, 10)
}

// Parse reads a number as it was typed: spaces and dashes are ignored. The century of a
// two-digit year is the one that puts the year within 20 years before near and 79 after.
//
// An impossible date, place 0, a letter among digits, a wrong length are an [InvalidError] with
// the position of the first character at fault.
func (f *Format) Parse(text string, near date.Date) (Number, error) {
	fail := func(at int, why string) (Number, error) {
		return Number{}, &InvalidError{Field: "number", Value: text, Why: why, Position: at}
	}
	if len(text) > 200 {
		return fail(200, "too_long")
	}
	width := significant(text) - f.fixed
	n := Number{series: f.series}
	var year, yearWidth, month, day int
	var seqAt, dayAt, monthAt int
	r := reader{text: text}
	for _, p := range f.parts {
		if p.kind == 'l' {
			for _, want := range p.text {
				if ignored(want) {
					continue
				}
				if got, ok := r.next(); !ok {
					return fail(r.at+1, "too_short")
				} else if got != want {
					return fail(r.at, "literal_differs")
				}
			}
			continue
		}
		digits := p.width
		if p.kind == 's' {
			digits = max(width, p.width)
		}
		value, at := int64(0), 0
		for i := range digits {
			c, ok := r.next()
			if !ok {
				return fail(r.at+1, "too_short")
			}
			if c < '0' || c > '9' {
				return fail(r.at, "digit")
			}
			if i == 0 {
				at = r.at
				if c == '0' && digits > p.width {
					return fail(r.at, "leading_zero")
				}
			}
			if value = value*10 + int64(c-'0'); value > MaxSeq {
				return fail(r.at, "too_long")
			}
		}
		switch p.kind {
		case 's':
			n.seq, seqAt = value, at
		case 'd':
			day, dayAt = int(value), at
		case 'm':
			month, monthAt = int(value), at
		case 'y':
			year, yearWidth = int(value), p.width
		}
	}
	if _, more := r.next(); more {
		return fail(r.at, "too_long")
	}
	if n.seq == 0 {
		return fail(seqAt, "seq_zero")
	}
	if yearWidth == 2 {
		year = century(year, near.Year())
	}
	if month < 1 || month > 12 {
		return fail(monthAt, "no_such_month")
	}
	n.trip = date.New(year, time.Month(month), day)
	if n.trip.Day() != day || n.trip.Month() != time.Month(month) || year < 1 {
		return fail(dayAt, "no_such_day")
	}
	return n, nil
}

// century returns the year that ends in the two digits and lies in near-20 .. near+79.
func century(digits, near int) int {
	first := near - 20
	return first + ((digits-first)%100+100)%100
}

// PlainNumber returns the text of a number without what a reader ignores: spaces and dashes. Two
// texts that it makes equal are the same number to whoever types one.
func PlainNumber(text string) string {
	return strings.Map(func(r rune) rune {
		if ignored(r) {
			return -1
		}
		return r
	}, text)
}

func ignored(r rune) bool {
	if r <= unicode.MaxASCII {
		return r == ' ' || r == '-' || r == '\t'
	}
	return unicode.IsSpace(r) || unicode.Is(unicode.Pd, r) || r == '\u2212' // the minus sign
}

func significant(text string) int {
	n := 0
	for _, r := range text {
		if !ignored(r) {
			n++
		}
	}
	return n
}

// A reader hands out the significant characters of a text; at is the place of the last one, from 1.
type reader struct {
	text string
	off  int
	at   int
}

func (r *reader) next() (rune, bool) {
	for r.off < len(r.text) {
		c, size := utf8.DecodeRuneInString(r.text[r.off:])
		r.off += size
		r.at++
		if !ignored(c) {
			return c, true
		}
	}
	return 0, false
}
