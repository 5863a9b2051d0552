// Package phone finds the telephone numbers in what people type into one field.
//
// A field holds "8 (916) 123-45-67, доб. 12 или +375 29 123-45-67", a half-hidden number, a
// misread letter, or no number at all. A [Scanner] yields every number in it with a [Grade], and
// never repairs what is wrong: a field that may mean two numbers means none.
//
// Numbers of +7 (Russia and Kazakhstan) are read by the strict rules below. All others are left
// to nyaruka/phonenumbers and count only if they are valid there.
//
// # How a number of +7 is read
//
//   - ten digits, or eleven that begin with the trunk prefix 8 or with 7;
//   - "+7 8 916…" and "+7 7 916…", where a form had already written the code, and "+8 916…";
//   - "007…" and "8~10 7…", dialled from abroad or as if from there;
//   - its area code must be in use: see [AssignedNDC].
package phone

import (
	"unicode"
	"unicode/utf8"
)

// A Grade says what a number is good for.
type Grade uint8

// The grades. Only GradeInvalid and GradeMasked leave a Number without digits.
const (
	GradeInvalid    Grade = iota // no number can be read: Why tells
	GradeUsable                  // reaches one line
	GradeTollFree                // well-formed, but a service's: toll-free, premium or shared cost
	GradeUnassigned              // well-formed in +7, but its area code is not known to be in use
	GradeMasked                  // some digits are hidden: "+7 (995) ***-**-27"
)

// Why tells what is wrong with an invalid number.
type Why uint8

// The reasons.
const (
	WhyNone           Why = iota
	WhyTooShort           // fewer digits than any number has
	WhyTooLong            // more digits than any number has, and no two numbers either
	WhyUnknownCountry     // no plan has this calling code
	WhyInvalid            // no such number in its country's plan
	WhyLetters            // a letter stands where a digit belongs: "9I6"
)

// A Line is the kind of line behind a number.
type Line uint8

// The kinds of line.
const (
	LineUnknown Line = iota
	LineFixed
	LineMobile
	LineFixedOrMobile
	LineTollFree
	LineNonGeographic // premium, shared cost, VoIP, personal
)

// A Number is one number of a text.
type Number struct {
	Grade   Grade
	Why     Why    // set for GradeInvalid only
	Line    Line   // of a number with digits
	Country string // ISO 3166-1 alpha-2 of the plan that issued it; "" if no country did
	Ext     string // digits of the extension, "" if none

	// E164 is the number's E.164 digits read as one integer: 74951234567. No calling code begins
	// with 0, so nothing is lost. 0 if the grade leaves the number without digits.
	E164 uint64

	CodeLen int // how many of the digits are the calling code

	// text[Start:End] is what was read, with its plus sign and its extension.
	Start, End int
}

// AppendE164 appends "+74951234567" to b, or nothing if the number has no digits.
func (n Number) AppendE164(b []byte) []byte {
	if n.E164 == 0 {
		return b
	}
	return appendDigits(append(b, '+'), n.E164)
}

// String is the E.164 form: "+74951234567", "" if the number has no digits.
func (n Number) String() string {
	var buf [16]byte
	return string(n.AppendE164(buf[:0]))
}

// NSN returns the national significant number as an integer and the count of its digits, for a
// plan may begin numbers with 0.
func (n Number) NSN() (nsn uint64, digits int) {
	digits, pow := -n.CodeLen, uint64(1)
	for v := n.E164; v > 0; v /= 10 {
		digits++
	}
	for range digits {
		pow *= 10
	}
	return n.E164 % pow, digits
}

// A Scanner reads fields. The zero value reads as in Russia.
type Scanner struct {
	region string
}

// NewScanner returns a Scanner for fields in which numbers without a calling code belong to
// region, an ISO 3166-1 alpha-2 code; false if no numbering plan is known for it.
func NewScanner(region string) (Scanner, bool) {
	return Scanner{region}, knownRegion(region)
}

// Append appends the numbers of text to dst, in their order. Every digit of text lies in one
// number, its extension included, or in an invalid one. A text without digits has none.
func (s Scanner) Append(dst []Number, text string) []Number {
	if s.plus7() {
		if nsn, ok := Seven(text); ok {
			if grade, country, line := classify7(nsn); grade != GradeInvalid {
				return append(dst, Number{Grade: grade, Line: line, Country: country, E164: 7e10 + nsn, CodeLen: 1,
					Start: fieldStart(text), End: fieldEnd(text)})
			}
		}
	}
	return s.scan(dst, text)
}

// plus7 reports whether a bare number of ten digits belongs to +7, with the trunk prefix 8.
func (s Scanner) plus7() bool { return s.region == "" || s.region == "RU" || s.region == "KZ" }

// Seven is the fast path for the commonest field: one number of +7 in ASCII digits, spaces and
// "+()-." alone, as +7 and ten digits, 7 or 8 and ten digits, or ten digits that begin with
// neither. It returns the ten digits as one integer. It does not ask whether the area code is in
// use; false means only that the field needs [Scanner.Append].
func Seven(text string) (nsn uint64, ok bool) {
	if len(text) > 32 {
		return 0, false
	}
	digits, plus := 0, false
	for i := 0; i < len(text); i++ {
		c := text[i]
		if d := c - '0'; d <= 9 {
			nsn = nsn*10 + uint64(d)
			digits++
			continue
		}
		switch c {
		case ' ', '(', ')', '-', '.':
		case '+':
			if plus || digits > 0 {
				return 0, false
			}
			plus = true
		default:
			return 0, false
		}
	}
	const pow10 = 10_000_000_000
	switch {
	case digits == 11 && nsn/pow10 == 7:
	case digits == 11 && nsn/pow10 == 8 && !plus:
	case digits == 10 && !plus && nsn/(pow10/10) != 7 && nsn/(pow10/10) != 8:
	default:
		return 0, false
	}
	return nsn % pow10, true
}

func fieldStart(text string) int {
	i := 0
	for text[i] != '+' && (text[i] < '0' || text[i] > '9') {
		i++
	}
	return i
}

func fieldEnd(text string) int {
	i := len(text)
	for text[i-1] < '0' || text[i-1] > '9' {
		i--
	}
	return i
}

// scan cuts text into chunks, at whatever cannot stand inside a number, and reads each.
func (s Scanner) scan(dst []Number, text string) []Number {
	var c chunk
	c.reset()
	last := -1 // the number in dst that an extension would belong to
	flush := func() {
		if c.digitCount == 0 && !c.long {
			c.reset()
			return
		}
		dst = s.appendChunk(dst, &c)
		last = -1
		if n := len(dst) - 1; dst[n].E164 != 0 {
			last = n
		}
		c.reset()
	}
	extend := func(from int) int {
		start, end := extension(text, from)
		if last < 0 || start == end {
			return from
		}
		dst[last].Ext, dst[last].End = plainDigits(text[start:end]), end
		last = -1
		return end
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		d, isDigit := digit(r)
		switch {
		case isDigit:
			c.add(d, i, i+size)
		case r == '+' || r == '＋':
			if c.digitCount > 0 || c.maskCount > 0 {
				flush()
			}
			c.plus, c.start = true, i
		case ignorable(r):
		case glue(r):
			c.gap = true
		case r == '/' || r == '\\':
			c.gap, c.slash = true, true
		case r == '#' || r == '*':
			end := runEnd(text, i, func(q rune) bool { return q == r })
			if from, to := extension(text, end); end == i+1 && from < to && s.complete(&c) {
				flush()
				i = extend(end)
				continue
			}
			c.mask(i, end, text)
			i = end
			continue
		case r == '_' || r == '•' || r == '●' || r == '∗':
			c.mask(i, i+size, text)
		case r == '|' && c.digitCount > 0 && !c.gap:
			c.bad = true
		case unicode.IsLetter(r):
			end := runEnd(text, i, unicode.IsLetter)
			word := text[i:end]
			isX := everyRune(word, isX)
			switch {
			case isExtensionWord(word) || isX && end == i+size:
				if isX && !s.complete(&c) {
					c.mask(i, end, text)
					break
				}
				flush()
				end = extend(end)
			case isX:
				c.mask(i, end, text)
			case lookalike(word) && touchesDigit(text, i, end):
				c.bad, c.end = true, end
				if c.start < 0 {
					c.start = i
				}
			default:
				flush()
			}
			i = end
			continue
		default:
			flush()
		}
		i += size
	}
	flush()
	return dst
}

// appendDigits appends v in decimal.
func appendDigits(b []byte, v uint64) []byte {
	var buf [20]byte
	i := len(buf)
	for {
		i--
		buf[i] = byte('0' + v%10)
		if v /= 10; v == 0 {
			return append(b, buf[i:]...)
		}
	}
}
