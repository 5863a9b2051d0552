package region

import (
	"fmt"
	"strconv"
	"strings"
)

// An InvalidError tells that a value cannot be what it should be.
//
// Why of a number is one of not_a_number, too_short, too_long, unknown_country, invalid (no such
// number in its country's plan) and several (the text holds more than one number).
type InvalidError struct {
	Field string // what it was given for: "number", "country", "file"
	Value string // as given
	Why   string
}

func (e *InvalidError) Error() string {
	return fmt.Sprintf("region: %s %s: %s", e.Field, quote(e.Value), strings.ReplaceAll(e.Why, "_", " "))
}

// Text is the error for a reader of lang, "en" or "ru".
func (e *InvalidError) Text(lang string) string {
	return say(lang, e.Field) + " " + quote(e.Value) + ": " + say(lang, e.Why)
}

// A Problem is one fault of a configuration.
type Problem struct {
	Row   int    // the faulty row of the table given, from 0
	Field string // of the row
	Value string
	Why   string // of a number as in [InvalidError]; else order, overlaps, empty, duplicate, unknown, taken
}

// Text is the problem for a reader of lang, "en" or "ru".
func (p Problem) Text(lang string) string {
	return say(lang, "row") + " " + strconv.Itoa(p.Row) + ", " + say(lang, p.Field) + " " + quote(p.Value) + ": " + say(lang, p.Why)
}

// A ConfigError lists everything that is wrong with a table of the caller's.
type ConfigError struct{ Problems []Problem }

func (e *ConfigError) Error() string { return "region: configuration: " + e.list("en") }

// Text is the error for a reader of lang, "en" or "ru".
func (e *ConfigError) Text(lang string) string { return e.list(lang) }

func (e *ConfigError) list(lang string) string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Text(lang)
	}
	return strings.Join(texts, "; ")
}

func (e *ConfigError) add(row int, field, value, why string) {
	e.Problems = append(e.Problems, Problem{Row: row, Field: field, Value: value, Why: why})
}

// orNil is e as an error, nil if nothing is wrong.
func (e *ConfigError) orNil() error {
	if len(e.Problems) == 0 {
		return nil
	}
	return e
}

// A HeaderError tells that a file is not the register: its first line lacks columns.
type HeaderError struct {
	Missing []string // the columns, by their name in the register
	Got     string   // the beginning of the file
	HTML    bool     // the file is a web page, as a failed download leaves it
}

func (e *HeaderError) Error() string { return "region: " + e.Text("en") }

// Text is the error for a reader of lang, "en" or "ru".
func (e *HeaderError) Text(lang string) string {
	switch ru := isRussian(lang); {
	case e.HTML && ru:
		return "вместо реестра в файле веб-страница: " + quote(e.Got)
	case e.HTML:
		return "the file is a web page, not the register: " + quote(e.Got)
	case ru:
		return "в первой строке нет столбцов " + strings.Join(e.Missing, ", ") + ": " + quote(e.Got)
	}
	return "the first line lacks the columns " + strings.Join(e.Missing, ", ") + ": " + quote(e.Got)
}

// A RowError tells what is wrong with one row of the register.
type RowError struct {
	Line   int    // of the file, from 1
	Column int    // of the line, from 1; 0: the whole line
	Field  string // the column's name: code, from, to, capacity, columns
	Value  string // as it stands there
	Why    string // not_a_number, out_of_range, order, sum, missing
}

func (e *RowError) Error() string { return "region: " + e.Text("en") }

// Text is the error for a reader of lang, "en" or "ru".
func (e *RowError) Text(lang string) string {
	return fmt.Sprintf("%s %d: %s %s: %s", say(lang, "line"), e.Line, say(lang, e.Field), quote(e.Value), say(lang, e.Why))
}

// A FormatError tells that bytes are not a plan file, or not a whole one.
type FormatError struct {
	Offset int    // where it shows
	Why    string // not_a_plan, unknown_version, checksum, cut_short, out_of_range, surplus, bad_text, unknown_subdivision, duplicate
}

func (e *FormatError) Error() string { return "region: " + e.Text("en") }

// Text is the error for a reader of lang, "en" or "ru".
func (e *FormatError) Text(lang string) string {
	if isRussian(lang) {
		return fmt.Sprintf("файл плана, байт %d: %s", e.Offset, say(lang, e.Why))
	}
	return fmt.Sprintf("plan file, byte %d: %s", e.Offset, say(lang, e.Why))
}

// quote is s in quotes, cut where it grows long: an input may be a whole file.
func quote(s string) string {
	const most = 80
	if len(s) > most {
		return strconv.Quote(strings.ToValidUTF8(s[:most], "")) + "…"
	}
	return strconv.Quote(s)
}

func isRussian(lang string) bool { return strings.HasPrefix(lang, "ru") }

// say is the text of a code word.
func say(lang, word string) string {
	if isRussian(lang) {
		if s, ok := russian[word]; ok {
			return s
		}
	}
	return strings.ReplaceAll(word, "_", " ")
}

var russian = map[string]string{
	"number":   "номер",
	"country":  "страна",
	"file":     "файл",
	"row":      "запись",
	"line":     "строка",
	"first":    "первый номер",
	"last":     "последний номер",
	"to":       "конец",
	"from":     "начало",
	"code":     "код",
	"capacity": "ёмкость",
	"columns":  "столбцы",
	"id":       "код офиса",
	"zone":     "часовой пояс",
	"serves":   "территория",
	"fallback": "запасной офис",

	"not_a_number":    "не номер",
	"too_short":       "слишком короткий",
	"too_long":        "слишком длинный",
	"unknown_country": "нет такого кода страны",
	"invalid":         "такого номера не бывает",
	"several":         "несколько номеров",
	"order":           "конец раньше начала",
	"overlaps":        "пересекается с другой записью",
	"empty":           "пусто",
	"duplicate":       "уже есть",
	"unknown":         "неизвестно",
	"taken":           "у территории уже есть офис",
	"out_of_range":    "вне диапазона",
	"sum":             "ёмкость не равна длине диапазона",
	"missing":         "не хватает столбцов",

	"too_large":           "слишком большой",
	"not_a_plan":          "это не файл плана",
	"unknown_version":     "неизвестная версия",
	"checksum":            "контрольная сумма не сходится",
	"cut_short":           "файл обрезан",
	"surplus":             "лишние байты",
	"bad_text":            "испорченный текст",
	"unknown_subdivision": "неизвестный регион",
}
