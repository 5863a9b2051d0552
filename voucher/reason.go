package voucher

import (
	"cmp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/tenure-go/tenure/internal/edits"
)

// A Reason is one thing that stands in the way, and whose turn it is to remove it.
type Reason struct {
	Code        string // "missing", "live_voucher", "paper_outdated", ...
	Party       Party
	Reservation ReservationID     // in a command of several
	Paper       PaperID           // "" if it is about no paper
	Step        StepID            // "" if it is about no step
	Field       FieldID           // "" if it is about no field; "tourists[2].passport" in a list
	Title       map[string]string // what the field, paper or step is called, by language
	Got, Want   string            // what is there; what would make it pass
}

// Text says it in "en" or "ru": what it is about, whose turn it is, what was found and what would
// make it pass.
func (r Reason) Text(lang string) string {
	var b strings.Builder
	if r.Reservation != "" {
		b.WriteString(shorten(string(r.Reservation)) + ": ")
	}
	about := cmp.Or(string(r.Field), string(r.Paper), string(r.Step))
	if title := cmp.Or(r.Title[lang], r.Title["en"]); title != "" {
		b.WriteString("«" + title + "»")
		if about != "" {
			b.WriteString(" (" + shorten(about) + ")")
		}
		b.WriteString(": ")
	} else if about != "" {
		b.WriteString(shorten(about) + ": ")
	}
	b.WriteString(say(lang, r.Code))
	b.WriteString(gotWant(lang, r.Got, r.Want))
	b.WriteString(" [" + r.Party.Text(lang) + "]")
	return b.String()
}

// Text returns the party's name in "en" or "ru", or the party itself if it is the caller's own.
func (p Party) Text(lang string) string {
	if _, ok := texts["party_"+string(p)]; ok {
		return say(lang, "party_"+string(p))
	}
	return string(p)
}

func (r Reason) compare(o Reason) int {
	return cmp.Or(
		strings.Compare(string(r.Reservation), string(o.Reservation)),
		strings.Compare(string(r.Paper), string(o.Paper)),
		strings.Compare(string(r.Step), string(o.Step)),
		strings.Compare(string(r.Field), string(o.Field)),
		strings.Compare(r.Code, o.Code),
		strings.Compare(string(r.Party), string(o.Party)),
		strings.Compare(r.Got, o.Got),
		strings.Compare(r.Want, o.Want),
	)
}

// sortReasons puts reasons into the one order that does not depend on how they were found, each
// once.
func sortReasons(rs []Reason) []Reason {
	slices.SortFunc(rs, func(a, b Reason) int {
		return cmp.Or(a.compare(b), strings.Compare(a.Title["en"], b.Title["en"]))
	})
	return slices.CompactFunc(rs, func(a, b Reason) bool { return a.compare(b) == 0 })
}

// badID returns the code of what keeps a caller's ID from being stored anywhere, or "".
func badID(id string) string {
	switch {
	case len(id) > 200:
		return "id_too_long"
	case !utf8.ValidString(id):
		return "not_utf8"
	case strings.ContainsFunc(id, unicode.IsControl):
		return "control_character"
	}
	return ""
}

// nearest returns the candidate with the fewest letters to change, if they are few; else "".
func nearest(to string, candidates []string) string {
	best, least := "", len([]rune(to))/2+1
	for _, c := range candidates {
		if d := edits.Distance([]rune(to), []rune(c)); d < least || d == least && best != "" && c < best {
			best, least = c, d
		}
	}
	return best
}
