package show

import (
	"regexp"
	"strings"
)

// Words are the Russian words for names that rules and input write in Latin letters: of fields, roles,
// people, towns.
type Words map[string]string

// latin is a name as rules and input write it.
var latin = regexp.MustCompile(`[A-Za-z][A-Za-z_-]*`)

// In returns text in a language, "en" or "ru": for Russian every known name becomes its word.
func (w Words) In(lang, text string) string {
	if lang != "ru" {
		return text
	}
	return latin.ReplaceAllStringFunc(text, func(name string) string {
		if word, ok := w[name]; ok {
			return word
		}
		return name
	})
}

// Reasons tells reasons, of any package, in a language and in its words.
func Reasons[R interface{ Text(lang string) string }](w Words, lang string, reasons []R) string {
	all := make([]string, len(reasons))
	for i, r := range reasons {
		all[i] = w.In(lang, r.Text(lang))
	}
	return strings.Join(all, "; ")
}
