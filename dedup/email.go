package dedup

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// An Email is one address of a field.
type Email struct {
	Grade Grade
	Raw   string // what was read
	key   Key
}

// Emails appends every address in raw to dst, in their order. What holds an @ but is no address is
// there with GradeInvalid.
func (r *Reader) Emails(dst []Email, raw string) []Email {
	for from := 0; from < len(raw); {
		at := strings.IndexByte(raw[from:], '@')
		if at < 0 {
			// A full-width @ is rare enough to be looked for only where there is no other.
			if strings.ContainsRune(raw[from:], '＠') {
				return r.Emails(dst, strings.ReplaceAll(raw[from:], "＠", "@"))
			}
			return dst
		}
		at += from
		start, end := at, at
		for start > from {
			c, size := utf8.DecodeLastRuneInString(raw[from:start])
			if partsEmails(c) {
				break
			}
			start -= size
		}
		for end < len(raw) {
			c, size := utf8.DecodeRuneInString(raw[end:])
			if partsEmails(c) {
				break
			}
			end += size
		}
		dst = append(dst, r.email(raw[start:end]))
		from = end
	}
	return dst
}

func partsEmails(c rune) bool {
	if 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '.' || c == '@' {
		return false
	}
	switch c {
	case ',', ';', '<', '>', '(', ')', '[', ']', '"', '«', '»', '|':
		return true
	}
	return unicode.IsSpace(c)
}

// String is the address in its canonical form, "" if there is none.
func (e Email) String() string { return strings.TrimPrefix(string(e.key), "mailto:") }

// Key returns the address's key, "" if there is no address.
func (e Email) Key() Key { return e.key }

func (r *Reader) email(raw string) Email {
	e := Email{Raw: raw}
	if !utf8.ValidString(raw) {
		return e
	}
	text := raw
	if folded, ok := foldLookalikes(text); ok {
		text = folded
	}
	text = strings.ToLower(text)
	text = strings.TrimPrefix(text, "mailto:")
	text = strings.Trim(text, ".:'`")
	if strings.Contains(text, "*") || strings.Contains(text, "•") {
		e.Grade = GradeMasked
		return e
	}
	local, domain, ok := strings.Cut(text, "@")
	if !ok || !validLocal(local) {
		return e
	}
	if !isASCII(local) {
		local = norm.NFC.String(local)
	}
	domain, ok = asciiDomain(domain)
	if !ok {
		return e
	}
	if p, ok := r.providers[domain]; ok {
		domain = p.canonical
		if plus := strings.IndexByte(local, '+'); p.plus && plus > 0 {
			local = local[:plus]
		}
		if p.dots {
			local = strings.ReplaceAll(local, ".", "")
		}
		if p.dash {
			local = strings.ReplaceAll(local, ".", "-")
		}
	}
	if local == "" || len(local)+1+len(domain) > maxValue {
		return e
	}
	e.key = Key("mailto:" + local + "@" + domain)
	address := e.String()
	switch {
	case r.noEmail[address] || r.noEmail[address[len(local):]]:
		e.Grade = GradePlaceholder
	case r.roles[strings.TrimRight(local, "0123456789")]:
		e.Grade = GradeRole
	default:
		e.Grade = GradeUsable
	}
	return e
}

func validLocal(local string) bool {
	if local == "" || len(local) > 64 || local[0] == '.' || local[len(local)-1] == '.' || strings.Contains(local, "..") {
		return false
	}
	for _, c := range local {
		switch {
		case c < utf8.RuneSelf:
			if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || strings.ContainsRune(".!#$%&'*+/=?^_`{|}~-", c)) {
				return false
			}
		case !unicode.IsLetter(c) && !unicode.IsDigit(c) && !unicode.IsMark(c):
			return false
		}
	}
	return true
}

// asciiDomain returns the domain in its IDNA form, if it could be one.
func asciiDomain(domain string) (string, bool) {
	if !isASCII(domain) {
		ascii, err := idna.Lookup.ToASCII(domain)
		if err != nil {
			return "", false
		}
		domain = ascii
	}
	if len(domain) > 253 {
		return "", false
	}
	labels, start := 0, 0
	for i := 0; i <= len(domain); i++ {
		if i < len(domain) && domain[i] != '.' {
			c := domain[i]
			if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-') {
				return "", false
			}
			continue
		}
		label := domain[start:i]
		if label == "" || len(label) > 63 || label[0] == '-' || label[len(label)-1] == '-' {
			return "", false
		}
		if i == len(domain) && (len(label) < 2 || label[0] >= '0' && label[0] <= '9') {
			return "", false
		}
		labels++
		start = i + 1
	}
	return domain, labels >= 2
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// foldLookalikes replaces Cyrillic and Greek letters that look like Latin ones, if the text also
// has Latin letters and nothing else but ASCII remains: "mаil" with a Cyrillic а is "mail", and an
// address in Cyrillic stays one.
func foldLookalikes(text string) (string, bool) {
	latin, other := false, false
	for i := range len(text) {
		c := text[i]
		latin = latin || 'a' <= c|0x20 && c|0x20 <= 'z'
		other = other || c >= utf8.RuneSelf
	}
	// The Latin letters of an encoded domain are nobody's typing.
	if !latin || !other || strings.Contains(strings.ToLower(text), "xn--") {
		return "", false
	}
	b := make([]byte, 0, len(text))
	for _, c := range norm.NFKC.String(text) {
		if c < utf8.RuneSelf {
			b = append(b, byte(c))
		} else if l, ok := lookalikes[c]; ok {
			b = append(b, l)
		} else if l, ok := lookalikes[unicode.ToLower(c)]; ok { // an address is its small letters
			b = append(b, l)
		} else {
			return "", false
		}
	}
	return string(b), true
}

// lookalikes: Unicode's confusables (UTS #39) of single Latin letters, Cyrillic and Greek.
var lookalikes = map[rune]byte{
	'а': 'a', 'А': 'A', 'В': 'B', 'с': 'c', 'С': 'C', 'ԁ': 'd', 'е': 'e', 'Е': 'E', 'ё': 'e', 'Ё': 'E', 'һ': 'h', 'Н': 'H',
	'і': 'i', 'І': 'I', 'ј': 'j', 'Ј': 'J', 'к': 'k', 'К': 'K', 'М': 'M', 'о': 'o', 'О': 'O', 'р': 'p', 'Р': 'P',
	'ѕ': 's', 'Ѕ': 'S', 'Т': 'T', 'у': 'y', 'У': 'Y', 'х': 'x', 'Х': 'X', 'ԛ': 'q', 'ԝ': 'w',
	'α': 'a', 'Α': 'A', 'Β': 'B', 'Ε': 'E', 'Η': 'H', 'ι': 'i', 'Ι': 'I', 'Κ': 'K', 'Μ': 'M', 'Ν': 'N', 'ν': 'v', 'ο': 'o',
	'Ο': 'O', 'ρ': 'p', 'Ρ': 'P', 'Τ': 'T', 'Υ': 'Y', 'Χ': 'X', 'Ζ': 'Z',
}
