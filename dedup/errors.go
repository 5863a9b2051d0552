package dedup

import (
	"errors"
	"fmt"
	"strings"
)

// What the errors of this package unwrap to.
var (
	ErrMismatch      = errors.New("dedup: the same ID with other content")
	ErrUnknown       = errors.New("dedup: unknown ID")
	ErrInvalid       = errors.New("dedup: invalid value")
	ErrConfig        = errors.New("dedup: faulty configuration")
	ErrRow           = errors.New("dedup: faulty row")
	ErrContradiction = errors.New("dedup: the ruling contradicts an earlier one")
	ErrFull          = errors.New("dedup: the key is shared for good")
	ErrTooLarge      = errors.New("dedup: too many inquiries hang together")
)

// A MismatchError says that an ID is known with other content.
type MismatchError struct {
	ID       string
	Field    string // the first that differs
	Had, Got string
}

func (e *MismatchError) Error() string { return e.Text("en") }
func (e *MismatchError) Unwrap() error { return ErrMismatch }

// Text says it in English ("en") or Russian ("ru").
func (e *MismatchError) Text(lang string) string {
	return say(lang, "dedup: %q is known with another %s: %s, not %s", "dedup: %q уже есть с другим полем %s: %s, а не %s",
		e.ID, e.Field, clip(e.Had), clip(e.Got))
}

// An UnknownError says that nothing has this ID.
type UnknownError struct {
	Kind string // "touch", "card", "decision"
	ID   string
}

func (e *UnknownError) Error() string { return e.Text("en") }
func (e *UnknownError) Unwrap() error { return ErrUnknown }

// Text says it in English ("en") or Russian ("ru").
func (e *UnknownError) Text(lang string) string {
	return say(lang, "dedup: there is no %s %q", "dedup: нет такого ID (%s): %q", e.Kind, e.ID)
}

// An InvalidError says which value cannot be worked with, and why.
type InvalidError struct {
	Field, Value, Why string
}

func (e *InvalidError) Error() string { return e.Text("en") }
func (e *InvalidError) Unwrap() error { return ErrInvalid }

// Text says it in English ("en") or Russian ("ru"); Why stays as it is.
func (e *InvalidError) Text(lang string) string {
	return say(lang, "dedup: %s %s %s", "dedup: недопустимое значение: %s %s: %s", e.Field, clip(e.Value), e.Why)
}

// A ConfigError lists all that is wrong with a configuration.
type ConfigError struct{ Problems []Problem }

func (e *ConfigError) Error() string { return e.Text("en") }
func (e *ConfigError) Unwrap() error { return ErrConfig }

// Text says it in English ("en") or Russian ("ru").
func (e *ConfigError) Text(lang string) string {
	texts := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		texts[i] = p.Text(lang)
	}
	return "dedup: " + strings.Join(texts, "; ")
}

// A RowError says what is wrong with a row of an import. A source yields it for a row that it
// cannot read; Import counts the row and goes on.
type RowError struct {
	Line, Column      int // from 1; 0 if unknown
	Field, Value, Why string
}

func (e *RowError) Error() string { return e.Text("en") }
func (e *RowError) Unwrap() error { return ErrRow }

// Text says it in English ("en") or Russian ("ru"); Why stays as it is.
func (e *RowError) Text(lang string) string {
	return say(lang, "line %d: %s %s: %s", "строка %d: %s %s: %s", e.Line, e.Field, clip(e.Value), e.Why)
}

// A ContradictionError names the ruling in force that a new one contradicts. Withdraw that one
// first.
type ContradictionError struct{ Decision, With DecisionID }

func (e *ContradictionError) Error() string { return e.Text("en") }
func (e *ContradictionError) Unwrap() error { return ErrContradiction }

// Text says it in English ("en") or Russian ("ru").
func (e *ContradictionError) Text(lang string) string {
	return say(lang, "dedup: ruling %q contradicts %q: withdraw that one first", "dedup: решение %q противоречит решению %q: сначала отзовите то", e.Decision, e.With)
}

// A FullError says that a key cannot be ruled personal any more: so many different inquiries came
// with it that they are no longer listed.
type FullError struct{ Key Key }

func (e *FullError) Error() string { return e.Text("en") }
func (e *FullError) Unwrap() error { return ErrFull }

// Text says it in English ("en") or Russian ("ru").
func (e *FullError) Text(lang string) string {
	return say(lang, "dedup: %q came with too many different inquiries and stays shared", "dedup: ключ %q встречался в слишком многих обращениях и остаётся общим", e.Key)
}

// A TooLargeError says that a ruling would make more inquiries hang together than Config.MaxReplay.
// Rule one of Keys shared first.
type TooLargeError struct {
	Keys  []Key // that hold them together, those with the most inquiries first
	Limit int
}

func (e *TooLargeError) Error() string { return e.Text("en") }
func (e *TooLargeError) Unwrap() error { return ErrTooLarge }

// Text says it in English ("en") or Russian ("ru").
func (e *TooLargeError) Text(lang string) string {
	return say(lang, "dedup: more than %d different inquiries hang together by %q: rule a key shared", "dedup: больше %d разных обращений связаны ключами %q: объявите ключ общим", e.Limit, e.Keys)
}

// A ProblemCode says what is wrong with a configuration.
type ProblemCode string

// The problems.
const (
	ProblemRegion     ProblemCode = "unknown_region"
	ProblemRow        ProblemCode = "faulty_row"
	ProblemUnreadable ProblemCode = "unreadable"
	ProblemMissing    ProblemCode = "missing"
	ProblemNegative   ProblemCode = "negative"
	ProblemKeep       ProblemCode = "unknown_keep"
)

// A Problem is faulty data in a configuration.
type Problem struct {
	Code         ProblemCode
	Field, Value string
	Line         int // of the list, from 1; 0 outside lists
}

// Text says it in English ("en") or Russian ("ru").
func (p Problem) Text(lang string) string {
	text := problemTexts[p.Code][0]
	if lang == "ru" {
		text = problemTexts[p.Code][1]
	}
	where := p.Field
	if p.Line > 0 {
		where = fmt.Sprintf("%s:%d", p.Field, p.Line)
	}
	if p.Value == "" {
		return where + ": " + text
	}
	return where + ": " + text + ": " + clip(p.Value)
}

var problemTexts = map[ProblemCode][2]string{
	ProblemRegion:     {"no numbering plan is known for this country", "план нумерации этой страны неизвестен"},
	ProblemRow:        {"the row does not have this list's columns", "в строке не те столбцы"},
	ProblemUnreadable: {"cannot be read", "не читается"},
	ProblemMissing:    {"is required", "обязательно"},
	ProblemNegative:   {"must not be negative", "не может быть отрицательным"},
	ProblemKeep:       {"is no way to keep a field", "нет такого способа хранить поле"},
}

// A ReasonCode says why something did not count.
type ReasonCode string

// The reasons.
const (
	ReasonInvalid     ReasonCode = "invalid"              // no number or address can be read
	ReasonTollFree    ReasonCode = "toll_free"            // a service's number
	ReasonPlaceholder ReasonCode = "placeholder"          // stands for no value
	ReasonRole        ReasonCode = "role"                 // the mailbox of a function
	ReasonMasked      ReasonCode = "masked"               // partly hidden
	ReasonTooLong     ReasonCode = "too_long"             // more than 256 bytes
	ReasonEncoding    ReasonCode = "not_utf8"             // not UTF-8
	ReasonSystem      ReasonCode = "no_system"            // an external identifier without its system
	ReasonTime        ReasonCode = "impossible_time"      // before 1990, or more than 24 hours ahead
	ReasonTooMany     ReasonCode = "too_many_identifiers" // more than 16: none counts
	ReasonTooLarge    ReasonCode = "too_large"            // more than MaxReplay inquiries would hang together
	ReasonFollows     ReasonCode = "unknown_follows"      // what it follows has not arrived yet
	ReasonShared      ReasonCode = "shared"               // the key is an office's: it does not link
	ReasonAmbiguous   ReasonCode = "ambiguous"            // several cards have the key: placed by time
	ReasonOwnClient   ReasonCode = "own_client"           // a claim: he came himself within OwnBlock
	ReasonTaken       ReasonCode = "taken"                // a claim: another partner's claim is valid
	ReasonNoIdentity  ReasonCode = "no_identity"          // a claim: nothing tells who he is
	ReasonLapsed      ReasonCode = "lapsed"               // a claim: not confirmed, or its window is over
	ReasonMerged      ReasonCode = "merged"               // a claim: an earlier one of another card won
	ReasonAwarded     ReasonCode = "awarded"              // a claim: settled by an award
)

// A Reason says why something did not count, with the value at fault.
type Reason struct {
	Code  ReasonCode `json:"code"`
	Field string     `json:"field,omitempty"`
	Value string     `json:"value,omitempty"`
	Touch TouchID    `json:"touch,omitempty"` // the evidence, for claims
}

// Text says it in English ("en") or Russian ("ru").
func (r Reason) Text(lang string) string {
	text := reasonTexts[r.Code][0]
	if lang == "ru" {
		text = reasonTexts[r.Code][1]
	}
	if r.Field != "" {
		text = r.Field + ": " + text
	}
	if r.Value != "" {
		text += ": " + clip(r.Value)
	}
	if r.Touch != "" {
		text += say(lang, " (see %q)", " (см. %q)", r.Touch)
	}
	return text
}

var reasonTexts = map[ReasonCode][2]string{
	ReasonInvalid:     {"nothing can be read from it", "не удалось прочитать"},
	ReasonTollFree:    {"a service's number does not tell who calls", "сервисный номер не говорит, кто звонит"},
	ReasonPlaceholder: {"stands for no value", "заполнитель вместо значения"},
	ReasonRole:        {"the mailbox of an office, not of a person", "почта отдела, а не человека"},
	ReasonMasked:      {"partly hidden", "часть скрыта"},
	ReasonTooLong:     {"longer than 256 bytes", "длиннее 256 байт"},
	ReasonEncoding:    {"is not UTF-8", "не в кодировке UTF-8"},
	ReasonSystem:      {"an external identifier needs its system", "внешнему идентификатору нужна система"},
	ReasonTime:        {"an impossible time: the time of receipt stands in", "невозможное время: взято время получения"},
	ReasonTooMany:     {"more than 16 identifiers: none counts", "больше 16 идентификаторов: ни один не учтён"},
	ReasonTooLarge:    {"would make too many inquiries hang together: it stays alone", "связало бы слишком много обращений: оставлено отдельно"},
	ReasonFollows:     {"has not arrived yet: alone until then", "ещё не пришло: пока отдельно"},
	ReasonShared:      {"belongs to an office, so it does not link", "принадлежит организации и не связывает"},
	ReasonAmbiguous:   {"several cards have it: placed by time", "есть у нескольких карточек: выбрана по времени"},
	ReasonOwnClient:   {"he had come himself before", "клиент раньше обращался сам"},
	ReasonTaken:       {"another claim is valid", "действует другая заявка"},
	ReasonNoIdentity:  {"nothing tells who he is", "нечем определить клиента"},
	ReasonLapsed:      {"the claim's time is over", "срок заявки истёк"},
	ReasonMerged:      {"an earlier claim of the same customer wins", "побеждает более ранняя заявка на того же клиента"},
	ReasonAwarded:     {"settled by an award", "решено по спору"},
}

func say(lang, en, ru string, args ...any) string {
	if lang == "ru" {
		return fmt.Sprintf(ru, args...)
	}
	return fmt.Sprintf(en, args...)
}

// clip quotes a value, and shortens what would fill the screen.
func clip(s string) string {
	const limit = 120
	if len(s) > limit {
		return fmt.Sprintf("%q…", s[:limit])
	}
	return fmt.Sprintf("%q", s)
}
