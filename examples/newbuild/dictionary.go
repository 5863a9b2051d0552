package main

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"unicode"

	"github.com/tenure-go/tenure/internal/edits"
)

// A dictionary holds, of each word of the office, how agencies and listing sites spell it.
type dictionary map[string][]string

// The one dictionary of the house. Whatever comes in is read by it, and the calendars take no other
// words.
func complexes() dictionary {
	return dictionary{
		"north-park": {"Северный парк", "ЖК Северный парк", "Сев. парк", "North Park", "NorthPark"},
		"river-side": {"Речной берег", "ЖК «Речной берег»", "River Side", "Riverside"},
		"old-mill":   {"Старая мельница", "Ст. мельница", "Old Mill"},
	}
}

func buildings() dictionary {
	return dictionary{
		"1": {"1", "корпус 1", "корп. 1", "к1", "building 1", "литер А"},
		"2": {"2", "корпус 2", "корп. 2", "к2", "building 2", "литер Б"},
	}
}

func layouts() dictionary {
	return dictionary{
		"studio": {"студия", "студ.", "studio", "ст"},
		"1":      {"1", "1-комн.", "1к", "однушка", "one bedroom"},
		"2":      {"2", "2-комн.", "2к", "двушка", "евротрёшка", "two bedrooms"},
		"3":      {"3", "3-комн.", "3к", "трёшка", "three bedrooms"},
	}
}

// knownTags are the dictionary's words as the calendars check them.
func knownTags() map[string][]string {
	tags := make(map[string][]string)
	for tag, d := range map[string]dictionary{"complex": complexes(), "building": buildings(), "layout": layouts()} {
		for word := range d {
			tags[tag] = append(tags[tag], word)
		}
		slices.Sort(tags[tag])
	}
	return tags
}

// A SpellingError is a spelling that the dictionary does not have, and the nearest that it has.
type SpellingError struct {
	Got     string
	Nearest []string
}

func (e *SpellingError) Error() string { return e.Text("en") }

// Text says it in "en" or "ru".
func (e *SpellingError) Text(lang string) string {
	format := "%q is not in the dictionary; nearest: %s"
	if lang == "ru" {
		format = "%q нет в словаре; ближайшие: %s"
	}
	return fmt.Sprintf(format, e.Got, strings.Join(e.Nearest, ", "))
}

// read returns the office's word for a spelling, whatever its case, dots, quotes and dashes. Nothing
// is guessed: an unknown spelling is a *SpellingError.
func (d dictionary) read(text string) (word string, err error) {
	if strings.TrimSpace(text) == "" {
		return "", nil
	}
	type near struct {
		spelling string
		far      int
	}
	var all []near
	got := plain(text)
	for word, spellings := range d {
		for _, s := range spellings {
			far := edits.Distance(plain(s), got)
			if far == 0 {
				return word, nil
			}
			all = append(all, near{s, far})
		}
	}
	slices.SortFunc(all, func(a, b near) int {
		return cmp.Or(cmp.Compare(a.far, b.far), strings.Compare(a.spelling, b.spelling))
	})
	e := &SpellingError{Got: text}
	for _, n := range all[:2] {
		e.Nearest = append(e.Nearest, n.spelling)
	}
	return "", e
}

// plain keeps letters and digits, in lower case.
func plain(s string) []rune {
	var out []rune
	for _, r := range strings.ReplaceAll(strings.ToLower(s), "ё", "е") {
		if unicode.IsLetter(r) || unicode.IsDigit(r) {
			out = append(out, r)
		}
	}
	return out
}
