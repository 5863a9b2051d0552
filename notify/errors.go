package notify

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Sentinels that the errors of this package unwrap to.
var (
	ErrInvalid  = errors.New("notify: invalid")
	ErrUnknown  = errors.New("notify: unknown")
	ErrMismatch = errors.New("notify: the same ID with other content")
	ErrRefused  = errors.New("notify: refused")
	ErrConfig   = errors.New("notify: faulty rules")

	// ErrGone is what Config.Attach returns, wrapped or not, for what must not be sent any more:
	// the document of a void voucher. The message becomes a dead letter.
	ErrGone = errors.New("notify: gone")
)

// An InvalidError names a value that cannot be used, and why.
type InvalidError struct{ Field, Value, Why string }

func (e *InvalidError) Error() string { return "notify: " + e.Text("en") }

// Text says it in English ("en") or Russian ("ru").
func (e *InvalidError) Text(lang string) string {
	if lang == "ru" {
		return fmt.Sprintf("поле %s: значение %q не годится: %s", e.Field, e.Value, e.Why)
	}
	return fmt.Sprintf("%s: %q: %s", e.Field, e.Value, e.Why)
}

func (e *InvalidError) Unwrap() error { return ErrInvalid }

// An UnknownError names something that does not exist, and the nearest that does.
type UnknownError struct{ Kind, ID, Nearest string }

func (e *UnknownError) Error() string { return "notify: " + e.Text("en") }

// Text says it in English ("en") or Russian ("ru").
func (e *UnknownError) Text(lang string) string {
	format, near := "no %s %q", "; did you mean %q?"
	if lang == "ru" {
		format, near = "нет такого (%s): %q", "; может быть, %q?"
	}
	s := fmt.Sprintf(format, e.Kind, e.ID)
	if e.Nearest != "" {
		s += fmt.Sprintf(near, e.Nearest)
	}
	return s
}

func (e *UnknownError) Unwrap() error { return ErrUnknown }

func unknown[ID ~string, V any](kind string, id ID, known map[ID]V) error {
	list := make([]string, 0, len(known))
	for k := range known {
		list = append(list, string(k))
	}
	slices.Sort(list)
	return &UnknownError{Kind: kind, ID: string(id), Nearest: nearest(string(id), list)}
}

// A MismatchError tells that a message of this ID exists with other content.
type MismatchError struct {
	ID       MessageID
	Field    string
	Had, Got string
}

func (e *MismatchError) Error() string { return "notify: " + e.Text("en") }

// Text says it in English ("en") or Russian ("ru").
func (e *MismatchError) Text(lang string) string {
	format := "message %q exists with another %s: had %s, got %s"
	if lang == "ru" {
		format = "сообщение %q уже есть, но поле %s другое: было %s, стало %s"
	}
	return fmt.Sprintf(format, e.ID, e.Field, e.Had, e.Got)
}

func (e *MismatchError) Unwrap() error { return ErrMismatch }

// A RefusedError tells why a Force or a Cancel came too late.
type RefusedError struct {
	ID      MessageID
	Reasons []Reason
}

func (e *RefusedError) Error() string { return "notify: " + e.Text("en") }

// Text says it in English ("en") or Russian ("ru").
func (e *RefusedError) Text(lang string) string {
	said := make([]string, len(e.Reasons))
	for i, r := range e.Reasons {
		said[i] = r.Text(lang)
	}
	return fmt.Sprintf("%s: %s", e.ID, strings.Join(said, "; "))
}

func (e *RefusedError) Unwrap() error { return ErrRefused }

// A ConfigError lists all that is wrong with the rules or the Config.
type ConfigError struct{ Problems Problems }

func (e *ConfigError) Error() string { return "notify: " + e.Text("en") }

// Text says it in English ("en") or Russian ("ru"), a line for each problem.
func (e *ConfigError) Text(lang string) string {
	said := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		said[i] = p.Text(lang)
	}
	return strings.Join(said, "\n")
}

func (e *ConfigError) Unwrap() error { return ErrConfig }

// A RowError tells where rules could not be read. Line and Column count from 1, the column in
// bytes.
type RowError struct {
	Line, Column      int
	Field, Value, Why string
}

func (e *RowError) Error() string { return "notify: " + e.Text("en") }

// Text says it in English ("en") or Russian ("ru").
func (e *RowError) Text(lang string) string {
	format := "line %d, column %d: %s: %q: %s"
	if lang == "ru" {
		format = "строка %d, позиция %d: %s: %q: %s"
	}
	return fmt.Sprintf(format, e.Line, e.Column, e.Field, e.Value, e.Why)
}

func (e *RowError) Unwrap() error { return ErrInvalid }

// A ReasonCode says why a step was skipped or a command refused.
type ReasonCode string

const (
	ReasonNoAddress      ReasonCode = "no_address"      // the recipient has none on this channel
	ReasonUnreachable    ReasonCode = "unreachable"     // tried before, in vain; Until says until when that counts
	ReasonNoConsent      ReasonCode = "no_consent"      // the category needs consent
	ReasonOptedOut       ReasonCode = "opted_out"       // the recipient wants none of it
	ReasonWindowClosed   ReasonCode = "window_closed"   // the recipient has not written for too long, and no text is approved
	ReasonNoText         ReasonCode = "no_text"         // the template has no text for this channel
	ReasonTooLong        ReasonCode = "too_long"        // the text is longer than the channel takes
	ReasonNoTime         ReasonCode = "no_time"         // the deadline is nearer than the channel can do
	ReasonNoChannel      ReasonCode = "no_channel"      // the rules have no such channel any more
	ReasonAttachmentGone ReasonCode = "attachment_gone" // what was to be attached was withdrawn
	ReasonWithdrawn      ReasonCode = "withdrawn"       // cancelled by hand
	ReasonState          ReasonCode = "state"           // the delivery has ended
)

// A Reason is a "no", with the values it came from.
type Reason struct {
	Code  ReasonCode `json:"code"`
	Got   string     `json:"got,omitempty"`
	Limit string     `json:"limit,omitempty"`
	Until time.Time  `json:"until,omitzero"` // when it ceases to hold by itself
}

var reasonTexts = map[ReasonCode][2]string{
	ReasonNoAddress:      {"no address on this channel", "нет адреса в этом канале"},
	ReasonUnreachable:    {"the address was found unreachable", "адрес оказался недоступен"},
	ReasonNoConsent:      {"the recipient has not consented to this category", "получатель не давал согласия на такие сообщения"},
	ReasonOptedOut:       {"the recipient has opted out", "получатель отказался от сообщений"},
	ReasonWindowClosed:   {"the session window is closed and no text is approved", "окно переписки закрыто, а одобренного шаблона нет"},
	ReasonNoText:         {"the template has no text for this channel", "в шаблоне нет текста для этого канала"},
	ReasonTooLong:        {"the text is too long for this channel", "текст слишком длинный для этого канала"},
	ReasonNoTime:         {"too little time is left", "осталось слишком мало времени"},
	ReasonNoChannel:      {"there is no such channel", "такого канала нет"},
	ReasonAttachmentGone: {"the attachment was withdrawn", "вложение отозвано"},
	ReasonWithdrawn:      {"cancelled by hand", "отменено вручную"},
	ReasonState:          {"the delivery has ended", "доставка уже завершена"},
}

// Text says it in English ("en") or Russian ("ru").
func (r Reason) Text(lang string) string {
	i, got, limit, until := 0, "got", "limit", "until"
	if lang == "ru" {
		i, got, limit, until = 1, "есть", "предел", "до"
	}
	s := reasonTexts[r.Code][i]
	if s == "" {
		s = string(r.Code)
	}
	var more []string
	if r.Got != "" {
		more = append(more, got+" "+r.Got)
	}
	if r.Limit != "" {
		more = append(more, limit+" "+r.Limit)
	}
	if !r.Until.IsZero() {
		more = append(more, until+" "+r.Until.Format(time.RFC3339))
	}
	if len(more) > 0 {
		s += " (" + strings.Join(more, ", ") + ")"
	}
	return s
}
