package worktime

import (
	"fmt"
	"time"
)

// A RangeError is an argument or a result outside the loaded years.
type RangeError struct {
	At          time.Time // the argument, or the end of the years if the answer lies beyond it
	First, Last int       // years, inclusive
}

func (e *RangeError) Error() string { return "worktime: " + e.Text("en") }

// Text says it in "en" or "ru".
func (e *RangeError) Text(lang string) string {
	if lang == "ru" {
		return fmt.Sprintf("%s: вне загруженных лет, %d–%d", e.At.Format(time.RFC3339), e.First, e.Last)
	}
	return fmt.Sprintf("%s is outside the loaded years, %d to %d", e.At.Format(time.RFC3339), e.First, e.Last)
}

func (c *Calendar) outside(at time.Time) error {
	return &RangeError{At: at, First: c.first, Last: c.last}
}

// An InvalidError is a value that cannot be meant: an unknown zone or letter, a year of the wrong
// length, overlapping hours, a reversed span, negative work.
type InvalidError struct {
	Field, Value, Why string

	ru string // Why in Russian
}

func (e *InvalidError) Error() string { return "worktime: " + e.Text("en") }

// Text says it in "en" or "ru".
func (e *InvalidError) Text(lang string) string {
	if lang == "ru" && e.ru != "" {
		return fmt.Sprintf("%s: «%s» %s", e.Field, e.Value, e.ru)
	}
	return fmt.Sprintf("%s: %q %s", e.Field, e.Value, e.Why)
}

func invalid(field, value, why, ru string) error {
	return &InvalidError{Field: field, Value: value, Why: why, ru: ru}
}
