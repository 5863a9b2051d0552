package voucher

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// ErrRefused is what every refusal of a command unwraps to.
var ErrRefused = errors.New("voucher: refused")

// A RefusedError lists every reason against a command at once. Nothing was written.
type RefusedError struct {
	Reasons []Reason // at least one, sorted
}

// Error lists the reasons in English.
func (e *RefusedError) Error() string { return "voucher: refused: " + e.Text("en") }

// Text lists the reasons in "en" or "ru".
func (e *RefusedError) Text(lang string) string {
	texts := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		texts[i] = r.Text(lang)
	}
	return strings.Join(texts, "; ")
}

// Unwrap returns [ErrRefused].
func (e *RefusedError) Unwrap() error { return ErrRefused }

// A MismatchError says that a command's ID was used before, with other content.
type MismatchError struct {
	ID       CommandID
	Field    string // the first field that differs
	Had, Got string
}

// Error says it in English.
func (e *MismatchError) Error() string { return "voucher: " + e.Text("en") }

// Text says it in "en" or "ru".
func (e *MismatchError) Text(lang string) string {
	return say(lang, "mismatch", "id", string(e.ID), "field", e.Field, "had", e.Had, "got", e.Got)
}

// A StaleError says that a voucher was revised since the caller saw it.
type StaleError struct {
	ID       VoucherID
	Had, Got int64 // the revision it has; the one the command named
}

// Error says it in English.
func (e *StaleError) Error() string { return "voucher: " + e.Text("en") }

// Text says it in "en" or "ru".
func (e *StaleError) Text(lang string) string {
	return say(lang, "stale", "id", string(e.ID), "had", strconv.FormatInt(e.Had, 10), "got", strconv.FormatInt(e.Got, 10))
}

// A TakenError says that a number to be adopted belongs to another reservation.
type TakenError struct {
	Number string
	By     ReservationID
}

// Error says it in English.
func (e *TakenError) Error() string { return "voucher: " + e.Text("en") }

// Text says it in "en" or "ru".
func (e *TakenError) Text(lang string) string {
	return say(lang, "taken", "number", e.Number, "by", string(e.By))
}

// An UnknownError names a thing that does not exist.
type UnknownError struct {
	Kind    string // "voucher", "series", "pack"
	ID      string
	Nearest string // the existing ID most like it, "" if none is
}

// Error says it in English.
func (e *UnknownError) Error() string { return "voucher: " + e.Text("en") }

// Text says it in "en" or "ru".
func (e *UnknownError) Text(lang string) string {
	text := say(lang, "unknown_"+e.Kind, "id", e.ID)
	if e.Nearest != "" {
		text += say(lang, "nearest", "nearest", e.Nearest)
	}
	return text
}

// An InvalidError names a value that means nothing here, whatever the state.
type InvalidError struct {
	Field    string
	Value    string
	Why      string // a code: "digit", "no_such_day", "too_short", ...
	Position int    // of the first character at fault, from 1; 0: the value as a whole
}

// Error says it in English.
func (e *InvalidError) Error() string { return "voucher: " + e.Text("en") }

// Text says it in "en" or "ru".
func (e *InvalidError) Text(lang string) string {
	text := fmt.Sprintf("%s %q: %s", e.Field, shorten(e.Value), say(lang, e.Why))
	if e.Position > 0 {
		text += say(lang, "position", "position", strconv.Itoa(e.Position))
	}
	return text
}

// A RowError points at what is wrong in a file.
type RowError struct {
	File         string // "" where a reader was given
	Line, Column int    // from 1; the column counts characters
	Field        string // the path in the file: "validators[2].kind"
	Value        string
	Why          string // a code: "unknown_key", "twice", "syntax", ...
}

// Error says it in English.
func (e *RowError) Error() string { return "voucher: " + e.Text("en") }

// Text says it in "en" or "ru".
func (e *RowError) Text(lang string) string {
	return Problem{Code: e.Why, File: e.File, Line: e.Line, Column: e.Column, Field: e.Field, Got: e.Value}.Text(lang)
}

// A ConfigError lists every fault of a configuration, a template or a pack.
type ConfigError struct {
	Problems Problems
}

// Error lists the problems in English.
func (e *ConfigError) Error() string { return "voucher: " + e.Text("en") }

// Text lists the problems in "en" or "ru".
func (e *ConfigError) Text(lang string) string { return e.Problems.Text(lang) }

// A Problem is a fault in data that a programmer or an editor wrote: a template, a pack, a Config.
type Problem struct {
	Code         string
	File         string
	Line, Column int    // from 1; 0 where there is no text to point into
	Field        string // what it is about: a field, a step, a series
	Got, Want    string
}

// Text says it in "en" or "ru".
func (p Problem) Text(lang string) string {
	var b strings.Builder
	if p.File != "" {
		b.WriteString(p.File + ":")
	}
	if p.Line > 0 {
		fmt.Fprintf(&b, "%d:%d:", p.Line, p.Column)
	}
	if b.Len() > 0 {
		b.WriteByte(' ')
	}
	if p.Field != "" {
		b.WriteString(shorten(p.Field) + ": ")
	}
	b.WriteString(say(lang, p.Code))
	b.WriteString(gotWant(lang, p.Got, p.Want))
	return b.String()
}

// Problems are all the faults found, in the order of the text or the data.
type Problems []Problem

// Text lists them in "en" or "ru".
func (ps Problems) Text(lang string) string {
	texts := make([]string, len(ps))
	for i, p := range ps {
		texts[i] = p.Text(lang)
	}
	return strings.Join(texts, "; ")
}

// Err returns nil if there are none, else a [ConfigError].
func (ps Problems) Err() error {
	if len(ps) == 0 {
		return nil
	}
	return &ConfigError{ps}
}

func gotWant(lang, got, want string) string {
	switch {
	case got != "" && want != "":
		return say(lang, "got_want", "got", shorten(got), "want", shorten(want))
	case want != "":
		return say(lang, "want", "want", shorten(want))
	case got != "":
		return say(lang, "got", "got", shorten(got))
	}
	return ""
}

// shorten keeps a hostile value from filling a log.
func shorten(s string) string {
	if rs := []rune(s); len(rs) > 80 {
		return string(rs[:80]) + "…"
	}
	return s
}
