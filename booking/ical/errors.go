package ical

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// What a [FormatError] unwraps to.
var (
	ErrNotCalendar = errors.New("ical: not a calendar")
	ErrTruncated   = errors.New("ical: cut short")
	ErrTooLarge    = errors.New("ical: too large")
)

// What the other errors unwrap to.
var (
	ErrInvalid = errors.New("ical: invalid")
	ErrStatus  = errors.New("ical: no calendar came back")
	ErrFetch   = errors.New("ical: no answer")
)

// A FormatError says why bytes are not a whole calendar. It unwraps to [ErrNotCalendar],
// [ErrTruncated] or [ErrTooLarge].
type FormatError struct {
	Line int `json:"line"` // counted from 1, as an editor does; 0: there is none
	Why  Why `json:"why"`
}

func (e *FormatError) Error() string { return "ical: " + e.Text("en") }

func (e *FormatError) Unwrap() error {
	switch e.Why {
	case WhyCut, WhyOpenEvent, WhyShortBody:
		return ErrTruncated
	case WhyBytes, WhyEvents:
		return ErrTooLarge
	}
	return ErrNotCalendar
}

// Text says it in a language: "en" or "ru".
func (e *FormatError) Text(lang string) string { return atLine(e.Line, lang) + e.Why.Text(lang) }

func atLine(line int, lang string) string {
	if line == 0 {
		return ""
	}
	return fmt.Sprintf(choose([2]string{"line %d: ", "строка %d: "}, lang), line)
}

// A StatusError says that the channel answered with a status that brings no calendar.
type StatusError struct {
	Code int `json:"code"` // of HTTP
}

func (e *StatusError) Error() string { return "ical: " + e.Text("en") }
func (e *StatusError) Unwrap() error { return ErrStatus }

// Text says it in a language: "en" or "ru".
func (e *StatusError) Text(lang string) string {
	return fmt.Sprintf(choose([2]string{"the channel answered with HTTP status %d", "канал ответил кодом HTTP %d"}, lang), e.Code)
}

// A FetchError says that there was no answer, or that it broke off. It holds neither the address nor
// an error that does, for a feed's address is a secret. It unwraps to [ErrFetch], and to the cause
// of a context that ended.
type FetchError struct {
	Why   Why `json:"why"`
	cause error
}

func (e *FetchError) Error() string { return "ical: " + e.Text("en") }

func (e *FetchError) Unwrap() []error {
	if e.cause == nil {
		return []error{ErrFetch}
	}
	return []error{ErrFetch, e.cause}
}

// Text says it in a language: "en" or "ru".
func (e *FetchError) Text(lang string) string { return e.Why.Text(lang) }

// An InvalidError names a value that cannot be written, or an option that cannot be.
type InvalidError struct {
	Field string `json:"field"` // led by the event's UID, if it is an event's
	Value string `json:"value"`
	Why   Why    `json:"why"`
}

func (e *InvalidError) Error() string { return "ical: " + e.Text("en") }
func (e *InvalidError) Unwrap() error { return ErrInvalid }

// Text says it in a language: "en" or "ru".
func (e *InvalidError) Text(lang string) string {
	return e.Field + " " + strconv.Quote(e.Value) + ": " + e.Why.Text(lang)
}

// A Why says what is wrong.
type Why string

const (
	// Of a FormatError.
	WhyEmpty     Why = "empty"      // no content at all
	WhyHTML      Why = "html"       // a web page
	WhyOther     Why = "other"      // something else
	WhyCut       Why = "cut"        // no END:VCALENDAR
	WhyOpenEvent Why = "open_event" // an event does not end
	WhyShortBody Why = "short_body" // fewer bytes than announced
	WhyBytes     Why = "bytes"      // more bytes than Options.MaxBytes
	WhyEvents    Why = "events"     // more events than Options.MaxEvents

	// Of a FetchError.
	WhyAddress     Why = "address"     // not an http or https address
	WhyDone        Why = "done"        // the context ended
	WhyTimeout     Why = "timeout"     // no answer in time
	WhyUnreachable Why = "unreachable" // no connection: name, network or certificate
	WhyBroken      Why = "broken"      // the answer broke off, or cannot be unpacked

	// Of an InvalidError.
	WhyMissing   Why = "missing"    // may not be empty
	WhySyntax    Why = "syntax"     // cannot be written so
	WhyControl   Why = "control"    // control characters, or not UTF-8
	WhyEmptySpan Why = "empty_span" // ends where it begins, or before
	WhyRange     Why = "range"      // outside the years 1900 to 9999, or below zero
	WhyTwice     Why = "twice"      // the same UID on the same dates
	WhyZone      Why = "zone"       // from Read: Options.Zone is not known; from Write: the nights are not those of the instants in UTC
	WhyFraction  Why = "fraction"   // an instant that is not of a whole second in UTC
)

var whyTexts = map[Why][2]string{
	WhyEmpty:       {"the file is empty", "файл пуст"},
	WhyHTML:        {"a web page, not a calendar", "веб-страница, а не календарь"},
	WhyOther:       {"not a calendar", "не календарь"},
	WhyCut:         {"the file ends before END:VCALENDAR", "файл обрывается до END:VCALENDAR"},
	WhyOpenEvent:   {"an event that does not end", "событие не закончено"},
	WhyShortBody:   {"the body is shorter than announced", "тело короче объявленного"},
	WhyBytes:       {"more bytes than allowed", "больше байт, чем разрешено"},
	WhyEvents:      {"more events than allowed", "больше событий, чем разрешено"},
	WhyZone:        {"the zone does not fit", "часовой пояс не подходит"},
	WhyAddress:     {"the address is not one of http or https", "адрес не http и не https"},
	WhyDone:        {"the context ended", "контекст завершён"},
	WhyTimeout:     {"no answer in time", "ответа нет вовремя"},
	WhyUnreachable: {"the channel cannot be reached", "канал недоступен"},
	WhyBroken:      {"the answer broke off or cannot be unpacked", "ответ оборвался или не распаковывается"},
	WhyMissing:     {"may not be empty", "не может быть пустым"},
	WhySyntax:      {"cannot be written so", "так записать нельзя"},
	WhyControl:     {"contains control characters or is not UTF-8", "содержит управляющие символы или не UTF-8"},
	WhyEmptySpan:   {"ends where it begins, or before", "кончается не позже, чем начинается"},
	WhyRange:       {"is out of range", "вне допустимых границ"},
	WhyTwice:       {"the same UID twice on the same dates", "один UID дважды на те же даты"},
	WhyFraction:    {"is not a whole second in UTC", "не целая секунда UTC"},
}

// Text says it in a language: "en" or "ru".
func (w Why) Text(lang string) string {
	if texts, ok := whyTexts[w]; ok {
		return choose(texts, lang)
	}
	return string(w)
}

// choose returns the text of a language: Russian for "ru", else English.
func choose(texts [2]string, lang string) string {
	if lang == "ru" {
		return texts[1]
	}
	return texts[0]
}

// A Code says what kind of [Problem] an event has.
type Code string

const (
	CodeUnreadable   Code = "unreadable_event" // left out; what is known of its UID stays
	CodeEndFirst     Code = "end_before_start" // left out; what is known of its UID stays
	CodeEmptySpan    Code = "empty_span"       // read as one night
	CodeUnknownZone  Code = "unknown_zone"     // its nights are read, its instants are not known
	CodeRecurring    Code = "recurring"        // only the first occurrence is read
	CodeNoUID        Code = "no_uid"           // is known by its dates
	CodeDuplicate    Code = "duplicate_uid"    // one UID on several dates
	CodeNestedHeader Code = "nested_header"    // BEGIN:VCALENDAR inside a calendar
)

var codeTexts = map[Code][2]string{
	CodeUnreadable:   {"event {uid} cannot be read: {got}", "событие {uid} не читается: {got}"},
	CodeEndFirst:     {"event {uid} ends before it begins: {got}", "событие {uid} кончается раньше, чем начинается: {got}"},
	CodeEmptySpan:    {"event {uid} ends where it begins, read as one night: {got}", "событие {uid} кончается там же, где начинается, прочитано как одна ночь: {got}"},
	CodeUnknownZone:  {"event {uid} is in a zone that is not known: {got}", "событие {uid} в неизвестном часовом поясе: {got}"},
	CodeRecurring:    {"event {uid} recurs, read as its first occurrence: {got}", "событие {uid} повторяется, прочитан первый раз: {got}"},
	CodeNoUID:        {"an event has no UID, it is known by its dates: {got}", "у события нет UID, оно известно по датам: {got}"},
	CodeDuplicate:    {"UID {uid} stands on several dates: {got}", "UID {uid} стоит на разных датах: {got}"},
	CodeNestedHeader: {"a calendar begins inside a calendar", "календарь начинается внутри календаря"},
}

// A Problem tells of an event that was read with a doubt, or could not be read.
type Problem struct {
	Line int    `json:"line"` // where the event, or what is wrong with it, begins; counted from 1
	Code Code   `json:"code"`
	UID  string `json:"uid,omitempty"`
	Got  string `json:"got,omitempty"` // the value, at most 64 bytes of it
}

// leftOut reports whether the problem's event is not among the calendar's.
func (p Problem) leftOut() bool { return p.Code == CodeUnreadable || p.Code == CodeEndFirst }

// Text says it in a language: "en" or "ru".
func (p Problem) Text(lang string) string {
	texts, ok := codeTexts[p.Code]
	if !ok {
		return atLine(p.Line, lang) + string(p.Code)
	}
	uid := cmp.Or(p.UID, "?")
	return atLine(p.Line, lang) + strings.NewReplacer("{uid}", uid, "{got}", p.Got).Replace(choose(texts, lang))
}
