package forecast

import (
	"fmt"
	"strings"
)

// A Problem is something wrong with one row, or worth knowing about all of them. Why is a word for
// machines; Text says it to people.
type Problem struct {
	Line  int    // the row, from 1; 0 if it is about no single row
	Field string // of the row or the config
	Value string
	Why   string
}

// The words of Problem.Why.
const (
	WhyMissing     = "missing"            // a date or value that must be there is not
	WhyOrder       = "out_of_order"       // a date before the one that must precede it
	WhyCurrency    = "unknown_currency"   // not an ISO 4217 code
	WhyMixed       = "mixed_currencies"   // one row, or one forecast, in two currencies
	WhyNegative    = "negative"           // a count or price below zero
	WhyCount       = "wrong_count"        // neither one value nor one for each
	WhyUnknown     = "unknown_value"      // not one of the values it can have
	WhyZeroNights  = "zero_nights"        // stays without a night, left out
	WhyWaiting     = "waiting"            // promises whose condition is not met, not expected
	WhyOtherMoney  = "other_currency"     // rows in another currency than the one asked for
	WhyNoAmount    = "no_amount"          // nothing says what a deal is worth
	WhyNeverAdded  = "never_added"        // money into escrow and out of it in one sum
	WhyOpen        = "open_without_close" // closed without an outcome, or the reverse
	WhyNoFinished  = "no_finished_period" // nothing to compare yet
	WhyFromReceipt = "not_from_receipts"  // the plan does not carry its promises
)

var whyText = map[string][2]string{
	WhyMissing:     {"is missing", "не заполнено"},
	WhyOrder:       {"is before the date that must precede it", "раньше даты, после которой должно быть"},
	WhyCurrency:    {"is not a currency of ISO 4217", "нет такой валюты в ISO 4217"},
	WhyMixed:       {"mixes currencies", "смешивает валюты"},
	WhyNegative:    {"is below zero", "меньше нуля"},
	WhyCount:       {"is neither one value nor one for each", "не одно значение и не по одному на каждый"},
	WhyUnknown:     {"is not one of the values it can have", "такого значения не бывает"},
	WhyZeroNights:  {"stays without a night were left out", "брони без ночей пропущены"},
	WhyWaiting:     {"promises wait for a condition", "платежи ждут условия"},
	WhyOtherMoney:  {"rows are in another currency", "строки в другой валюте"},
	WhyNoAmount:    {"nothing tells what the deals are worth", "неизвестно, сколько стоят сделки"},
	WhyNeverAdded:  {"adds money into escrow and out of it", "складывает деньги на эскроу и с эскроу"},
	WhyOpen:        {"has an outcome without a closing day, or the reverse", "исход без даты закрытия или наоборот"},
	WhyNoFinished:  {"no period has finished yet", "ни один период ещё не закончился"},
	WhyFromReceipt: {"does not carry its promises: build it by Receipts as of its day", "не помнит своих платежей: постройте через Receipts на тот день"},
}

// Text says it in English, or in Russian for "ru".
func (p Problem) Text(lang string) string {
	text, row := p.Why, "row"
	if t, ok := whyText[p.Why]; ok {
		text = t[0]
		if lang == "ru" {
			text = t[1]
		}
	}
	if lang == "ru" {
		row = "строка"
	}
	var b strings.Builder
	if p.Line > 0 {
		fmt.Fprintf(&b, "%s %d: ", row, p.Line)
	}
	b.WriteString(p.Field)
	if p.Value != "" {
		fmt.Fprintf(&b, " %q", p.Value)
	}
	return strings.TrimSpace(b.String() + " " + text)
}

// A RowError names the faulty row, counted from 1 in the order of the stream, and the field.
type RowError Problem

func (e *RowError) Error() string { return "forecast: " + Problem(*e).Text("en") }

// Text says it in English, or in Russian for "ru".
func (e *RowError) Text(lang string) string { return Problem(*e).Text(lang) }

// An InvalidError is a value in a config that cannot be.
type InvalidError struct{ Field, Value, Why string }

func (e *InvalidError) problem() Problem {
	return Problem{Field: e.Field, Value: e.Value, Why: e.Why}
}

func (e *InvalidError) Error() string { return "forecast: " + e.Text("en") }

// Text says it in English, or in Russian for "ru".
func (e *InvalidError) Text(lang string) string { return e.problem().Text(lang) }

// A ConfigError lists all that is wrong with a config.
type ConfigError struct{ Problems []Problem }

func (e *ConfigError) Error() string { return "forecast: " + e.Text("en") }

// Text says it in English, or in Russian for "ru".
func (e *ConfigError) Text(lang string) string {
	parts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		parts[i] = p.Text(lang)
	}
	return strings.Join(parts, "; ")
}

// A HistoryError says that a method was asked for by name and there is too little history for it:
// days of stays, deals won, or promises paid.
type HistoryError struct {
	Method     string
	Need, Have int
}

func (e *HistoryError) Error() string { return "forecast: " + e.Text("en") }

// Text says it in English, or in Russian for "ru".
func (e *HistoryError) Text(lang string) string {
	if lang == "ru" {
		return fmt.Sprintf("методу %q мало истории: нужно %d, есть %d", e.Method, e.Need, e.Have)
	}
	return fmt.Sprintf("method %q has too little history: it needs %d, there are %d", e.Method, e.Need, e.Have)
}

// A reader walks a stream, judges each row and turns the faulty ones into an error or a note.
type reader struct {
	skip  bool
	line  int
	notes []Problem
}

// read calls use for each row that check finds no fault with. The row is lent: the next one takes its
// place, so that a million rows are not a million allocations.
func read[T any](r *reader, rows Facts[T], check func(*T) *Problem, use func(*T)) error {
	if rows == nil {
		return nil
	}
	r.line = 0
	var row T
	for next, err := range rows {
		if err != nil {
			return fmt.Errorf("forecast: after %d rows: %w", r.line, err)
		}
		r.line++
		row = next
		if p := check(&row); p != nil {
			p.Line = r.line
			if !r.skip {
				e := RowError(*p)
				return &e
			}
			r.notes = append(r.notes, *p)
			continue
		}
		use(&row)
	}
	return nil
}
