package show

import "regexp"

// Words are the Russian words for names that rules and input write in Latin letters: of fields, roles,
// people, towns.
type Words map[string]string

// latin is a name as rules and input write it.
var latin = regexp.MustCompile(`[A-Za-z][A-Za-z_]*`)

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
