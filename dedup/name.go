package dedup

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Name is what a written name says: given names that the list knows («Саша» may be two), or else
// one word that it does not know, and a surname. Patronymics and initials drop out, and the script
// does not matter: «Анна Нечаева» and "Anna Nechaeva" are equal.
type Name struct {
	Given   []string // spellings of the listed names it may be, sorted
	Word    string   // the unlisted word, if Given is empty
	Surname string
}

// Name reads a written name. The zero Name is one that says nothing.
func (r *Reader) Name(raw string) Name {
	if raw == "" || len(raw) > maxValue || !utf8.ValidString(raw) {
		return Name{}
	}
	return r.name(raw)
}

// name reads a name that is valid UTF-8 and not too long.
func (r *Reader) name(raw string) Name {
	if r.saysNothing(raw) {
		return Name{}
	}
	var spelled [128]byte
	var buf [8]string
	words := buf[:0]
	var n Name
	for at := 0; at < len(raw); {
		word := raw[at:nameEnd(raw, at)]
		at += len(word)
		if word == "" {
			_, size := utf8.DecodeRuneInString(raw[at:])
			at += size
			continue
		}
		s := appendSpelling(spelled[:0], word)
		if len(s) < 2 || s[0] >= utf8.RuneSelf && utf8.RuneCount(s) < 2 || isPatronymic(s) {
			continue
		}
		if n.Given == nil {
			if n.Given = r.names[string(s)]; n.Given != nil {
				continue
			}
		}
		words = append(words, string(s))
	}
	switch {
	case n.Given != nil || len(words) == 0:
	case len(words) == 1:
		n.Word, words = words[0], nil
	default:
		// Of two unlisted words the one with a surname's ending is the surname, else the second.
		i := 0
		if isSurname(words[0]) && !isSurname(words[1]) {
			i = 1
		}
		n.Word = words[i]
		words = slices.Delete(words, i, i+1)
	}
	if len(words) == 1 {
		n.Surname = words[0]
	} else {
		n.Surname = strings.Join(words, " ")
	}
	return n
}

// saysNothing reports whether a name is on the list of placeholders.
func (r *Reader) saysNothing(raw string) bool {
	raw = strings.TrimSpace(raw)
	if len(raw) > r.longest {
		return false
	}
	var buf [96]byte
	lower := buf[:0]
	for _, c := range raw {
		lower = utf8.AppendRune(lower, toLower(c))
	}
	return r.noName[string(lower)]
}

// nameEnd returns where the word that begins at a place ends: there, if none does.
func nameEnd(raw string, at int) int {
	for i, c := range raw[at:] {
		if partsNames(c) {
			return at + i
		}
	}
	return len(raw)
}

func partsNames(c rune) bool {
	switch {
	case 'а' <= c && c <= 'я' || 'А' <= c && c <= 'Я' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z':
		return false
	case c < utf8.RuneSelf:
		return c != '\''
	}
	return !unicode.IsLetter(c) && !unicode.IsMark(c) && c != '’'
}

// String is the reading in one line: given names joined by "|" or the unlisted word after "?",
// then a space and the surname. Equal readings have equal strings.
func (n Name) String() string {
	switch {
	case n.Given == nil && n.Word == "" && n.Surname == "":
		return ""
	case n.Surname == "" && len(n.Given) == 1:
		return n.Given[0]
	}
	given := strings.Join(n.Given, "|")
	if n.Word != "" {
		given = "?" + n.Word
	}
	if n.Surname == "" {
		return given
	}
	return given + " " + n.Surname
}

// givenPart returns what a reading says of the given name: "" for nothing.
func givenPart(reading string) string {
	given, _, _ := strings.Cut(reading, " ")
	return given
}

// conflict reports whether the given names of two readings exclude one another: listed names with
// nothing in common; or a listed and an unlisted one that is no misspelling of it. Two unlisted
// ones never do, for nobody knows them.
func (r *Reader) conflict(a, b string) bool {
	switch {
	case a == b || a == "" || b == "":
		return false
	case a[0] == '?' && b[0] == '?':
		return false
	case a[0] == '?':
		return !r.mayBe(a[1:], b)
	case b[0] == '?':
		return !r.mayBe(b[1:], a)
	}
	return !shareName(a, b)
}

// shareName reports whether two sets of given names joined by "|" have one in common.
func shareName(a, b string) bool {
	for x := range strings.SplitSeq(a, "|") {
		for y := range strings.SplitSeq(b, "|") {
			if x == y {
				return true
			}
		}
	}
	return false
}

// mayBe reports whether an unlisted word may be one of the listed names: at most one letter
// differs, or the first three letters are those of a form.
func (r *Reader) mayBe(word, given string) bool {
	for name := range strings.SplitSeq(given, "|") {
		for _, form := range r.forms[name] {
			if len(form) >= 3 && strings.HasPrefix(word, form[:3]) || withinOneEdit(word, form) {
				return true
			}
		}
	}
	return false
}

// withinOneEdit reports whether one letter added, dropped or changed makes a into b.
func withinOneEdit(a, b string) bool {
	if len(a) > len(b) {
		a, b = b, a
	}
	if len(b)-len(a) > 1 {
		return false
	}
	i := 0
	for i < len(a) && a[i] == b[i] {
		i++
	}
	if len(a) == len(b) {
		return i == len(a) || a[i+1:] == b[i+1:]
	}
	return a[i:] == b[i+1:]
}

func (r *Reader) addName(columns []string) bool {
	if len(columns) > 3 {
		return false
	}
	name := spell(columns[0])
	if name == "" || strings.ContainsAny(name, " |?") {
		return false
	}
	add := func(form string) {
		form = spell(form)
		if form == "" {
			return
		}
		if !slices.Contains(r.names[form], name) {
			r.names[form] = append(r.names[form], name)
			slices.Sort(r.names[form])
		}
		if !slices.Contains(r.forms[name], form) {
			r.forms[name] = append(r.forms[name], form)
		}
	}
	add(columns[0])
	for _, column := range columns[1:] {
		for form := range strings.FieldsSeq(column) {
			add(form)
		}
	}
	return true
}

var patronymics = [...]string{"ovich", "evich", "eich", "ilich", "kuzmich", "lukich", "fomich", "nikitich", "ovna", "evna", "ichna", "inichna"}

func isPatronymic(s []byte) bool {
	n := len(s)
	if n > 3 && (string(s[n-2:]) == "ch" || string(s[n-2:]) == "na") {
		for _, p := range patronymics {
			if n >= len(p) && string(s[n-len(p):]) == p {
				return true
			}
		}
	}
	return string(s) == "ogli" || string(s) == "oglu" || string(s) == "kizi"
}

var surnames = [...]string{"ov", "ova", "ev", "eva", "in", "ina", "ski", "aia", "ko", "ih", "uk", "ian", "dze", "shvili"}

func isSurname(s string) bool {
	for _, e := range surnames {
		if len(s) > len(e)+1 && strings.HasSuffix(s, e) {
			return true
		}
	}
	return false
}

// toLower is unicode.ToLower, faster for Russian.
func toLower(c rune) rune {
	switch {
	case 'а' <= c && c <= 'я':
		return c
	case 'А' <= c && c <= 'Я':
		return c + 'а' - 'А'
	}
	return unicode.ToLower(c)
}

// spell writes a word in lower-case Latin letters such that the customary spellings of a Russian
// name come out equal: Юлия, Yulia, Julia -> iulia. Other scripts stay as they are.
func spell(word string) string { return string(appendSpelling(nil, word)) }

// appendSpelling appends what spell returns.
func appendSpelling(dst []byte, word string) []byte {
	var buf [64]byte
	b := buf[:0]
	for _, c := range word {
		c = toLower(c)
		switch {
		case 'а' <= c && c <= 'я':
			b = append(b, latin[c-'а']...)
		case c == 'ё':
			b = append(b, 'e')
		case c == '\'' || c == '’' || unicode.IsMark(c):
		default:
			b = utf8.AppendRune(b, c)
		}
	}
	// In place: what is written is never longer than what was read, but for x.
	o := dst
	for i := 0; i < len(b); i++ {
		next := byte(0)
		if i+1 < len(b) {
			next = b[i+1]
		}
		w, skip := b[i], 0
		switch b[i] {
		case 'y':
			w = 'i'
			if i == 0 && next == 'e' {
				continue // Yelena
			}
		case 'j':
			w = 'i'
		case 'w':
			w = 'v'
		case 'k':
			if next == 'h' {
				w, skip = 'h', 1
			}
		case 'p':
			if next == 'h' {
				w, skip = 'f', 1
			}
		case 'c':
			if next != 'h' {
				w = 'k'
			}
		case 'x':
			o = append(o, 'k')
			w = 's'
		}
		i += skip
		if n := len(o); n > len(dst) && o[n-1] == w && w < utf8.RuneSelf {
			continue // double letters
		}
		o = append(o, w)
	}
	return o
}

// latin is how spell writes the letters from а to я.
var latin = [...]string{"a", "b", "v", "g", "d", "e", "zh", "z", "i", "i", "k", "l", "m", "n", "o", "p", "r", "s", "t", "u",
	"f", "h", "ts", "ch", "sh", "sch", "", "i", "", "e", "iu", "ia"}
