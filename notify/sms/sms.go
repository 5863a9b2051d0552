// Package sms counts the parts that a text message is sent, and billed, in.
//
// One «, —, №, ₽ or no-break space halves what fits into a part, and nobody sees it in the text:
//
//	segments, left := sms.Count("Дом 5, код 1234") // 1, 55
//
// # Rules
//
// A text of characters of the GSM 03.38 alphabet alone travels in septets: 160 fit into one part,
// 153 into each of several. A character of the extension table (^ { } [ ] ~ \ | € and the form
// feed) takes two septets, which are never cut apart. Any other text travels in UTF-16 units: 70
// and 67, and a surrogate pair is never cut apart. The source is 3GPP TS 23.038, 6.2.1, and
// TS 23.040, 9.2.3.24.1; national language tables are not used.
package sms

import "unicode/utf8"

// Septets and UTF-16 units that fit into the only part, and into each part of several.
const (
	septetsAlone, septetsEach = 160, 153
	unitsAlone, unitsEach     = 70, 67
)

// Count returns how many parts the text takes and how many septets, or UTF-16 units, the last of
// them has left. An empty text takes no part and leaves 160. A byte that is not UTF-8 counts as
// U+FFFD.
func Count(text string) (segments, left int) {
	total, parts, used := 0, 1, 0
	for i := 0; i < len(text); {
		var width int
		if c := text[i]; c < utf8.RuneSelf {
			width = int(ascii[c])
			i++
		} else {
			r, size := utf8.DecodeRuneInString(text[i:])
			width = wide(r)
			i += size
		}
		if width == 0 {
			return countUnits(text)
		}
		total += width
		if used += width; used > septetsEach {
			parts++
			used = width
		}
	}
	switch {
	case total == 0:
		return 0, septetsAlone
	case total <= septetsAlone:
		return 1, septetsAlone - total
	}
	return parts, septetsEach - used
}

func countUnits(text string) (segments, left int) {
	total, parts, used := 0, 1, 0
	for i := 0; i < len(text); {
		width := 1
		switch c := text[i]; {
		case c < utf8.RuneSelf:
			i++
		case c >= 0xC2 && c <= 0xDF && i+1 < len(text) && text[i+1]&0xC0 == 0x80: // two bytes: Cyrillic, Greek, Latin
			i += 2
		default:
			r, size := utf8.DecodeRuneInString(text[i:])
			if r > 0xFFFF {
				width = 2
			}
			i += size
		}
		total += width
		if used += width; used > unitsEach {
			parts++
			used = width
		}
	}
	if total <= unitsAlone {
		return 1, unitsAlone - total
	}
	return parts, unitsEach - used
}

// ascii is the septets of each ASCII character; 0: not in the alphabet.
var ascii = func() (t [utf8.RuneSelf]uint8) {
	for c := ' '; c <= '~'; c++ {
		t[c] = 1
	}
	t['\n'], t['\r'] = 1, 1
	t['`'] = 0
	for _, c := range "\f^{}[]~\\|" {
		t[c] = 2
	}
	return t
}()

// wide is the septets of a character beyond ASCII. Ç is in the alphabet, ç is not.
func wide(r rune) int {
	switch r {
	case '£', '¥', 'è', 'é', 'ù', 'ì', 'ò', 'Ç', 'Ø', 'ø', 'Å', 'å',
		'Δ', 'Φ', 'Γ', 'Λ', 'Ω', 'Π', 'Ψ', 'Σ', 'Θ', 'Ξ',
		'Æ', 'æ', 'ß', 'É', '¤', '¡', 'Ä', 'Ö', 'Ñ', 'Ü', '§', '¿', 'ä', 'ö', 'ñ', 'ü', 'à':
		return 1
	case '€':
		return 2
	}
	return 0
}
