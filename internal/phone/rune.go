package phone

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// digit reads ASCII and full-width digits.
func digit(r rune) (byte, bool) {
	switch {
	case r >= '0' && r <= '9':
		return byte(r - '0'), true
	case r >= '０' && r <= '９':
		return byte(r - '０'), true
	}
	return 0, false
}

// ignorable reports whether r leaves no trace on paper: soft hyphen, zero-width and direction
// marks, which come along when a number is copied from an address book.
func ignorable(r rune) bool {
	switch {
	case r == 0xAD, r == 0xFEFF, r == 0x2060,
		r >= 0x200B && r <= 0x200F, r >= 0x202A && r <= 0x202E, r >= 0x2066 && r <= 0x2069:
		return true
	}
	return false
}

// glue reports whether r may stand between the digits of one number.
func glue(r rune) bool {
	switch r {
	case ' ', '-', '.', '(', ')', '[', ']', '~', '\t', 0x2212, 0x30FC, 0xFF0D, '（', '）', '．':
		return true
	}
	return r >= 0x2010 && r <= 0x2015 || r > 0x7F && unicode.Is(unicode.Zs, r)
}

// isX reports whether r is a letter that hides a digit ("8916xxx4567") or begins an extension.
func isX(r rune) bool { return r == 'x' || r == 'X' || r == 'х' || r == 'Х' }

// lookalike reports whether word is a misread digit or three.
func lookalike(word string) bool {
	return utf8.RuneCountInString(word) <= 3 &&
		everyRune(word, func(r rune) bool { return strings.ContainsRune("OoОоIlіІЗзЗБбBВSsZz", r) })
}

// touchesDigit reports whether a digit stands right before or right after text[start:end].
func touchesDigit(text string, start, end int) bool {
	before, _ := utf8.DecodeLastRuneInString(text[:start])
	after, _ := utf8.DecodeRuneInString(text[end:])
	_, b := digit(before)
	_, a := digit(after)
	return a || b
}

// isExtensionWord reports whether word announces an extension, in Russian or English.
func isExtensionWord(word string) bool {
	for _, w := range [...]string{"доб", "добав", "добавочный", "вн", "внутр", "внутренний", "ext", "extn", "extension"} {
		if strings.EqualFold(word, w) {
			return true
		}
	}
	return false
}

const maxExtension = 7 // digits

// extension finds the digits of the extension announced right before text[from]; start == end
// if there is none.
func extension(text string, from int) (start, end int) {
	start = runEnd(text, from, func(r rune) bool {
		return strings.ContainsRune(".:=#№*-(", r) || ignorable(r) || unicode.IsSpace(r)
	})
	end, count := start, 0
	for end < len(text) {
		r, size := utf8.DecodeRuneInString(text[end:])
		if _, ok := digit(r); !ok {
			break
		}
		end += size
		count++
	}
	if count > maxExtension {
		return start, start
	}
	return start, end
}

// plainDigits returns s with its digits in ASCII.
func plainDigits(s string) string {
	if len(s) == utf8.RuneCountInString(s) {
		return s
	}
	b := make([]byte, 0, maxExtension)
	for _, r := range s {
		d, _ := digit(r)
		b = append(b, '0'+d)
	}
	return string(b)
}
