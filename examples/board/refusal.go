package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"reflect"
	"strconv"
	"strings"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/worktime"
	"github.com/tenure-go/tenure/store"
)

// A refusal is a "no" of the board itself. Those of the library come as its own errors.
type refusal struct {
	Status int    `json:"-"` // Defaults to 409.
	Code   string `json:"code"`
	Field  string `json:"field,omitempty"`
	Value  string `json:"value,omitempty"`
	En     string `json:"-"`
	Ru     string `json:"-"`
}

func (e *refusal) Error() string { return "board: " + e.Text("en") }

// Text says it in a language: "en" or "ru".
func (e *refusal) Text(lang string) string {
	text := e.En
	if lang == "ru" {
		text = e.Ru
	}
	if e.Field != "" {
		text = fmt.Sprintf("%s %q: %s", e.Field, e.Value, text)
	}
	return text
}

var (
	notFound = &refusal{Status: http.StatusNotFound, Code: "not_found", En: "there is no such page", Ru: "такой страницы нет"}
	busy     = &refusal{Status: http.StatusTooManyRequests, Code: "busy", En: "too many commands at once: try again in a moment", Ru: "слишком много команд сразу: повторите через минуту"}
	foreign  = &refusal{Status: http.StatusForbidden, Code: "cross_origin", En: "another site may not command the board", Ru: "другой сайт не может управлять доской"}
)

func badField(field, value, en, ru string) error {
	if len(value) > 80 {
		value = strings.ToValidUTF8(value[:80], "") + "…"
	}
	return &refusal{Status: http.StatusBadRequest, Code: "invalid", Field: field, Value: value, En: en, Ru: ru}
}

func badForm(err error) error {
	if big := (*http.MaxBytesError)(nil); errors.As(err, &big) {
		return &refusal{Status: http.StatusRequestEntityTooLarge, Code: "too_large", En: "the request is too large", Ru: "запрос слишком велик"}
	}
	return &refusal{Status: http.StatusBadRequest, Code: "form", En: "the form cannot be read", Ru: "форма не читается"}
}

// requestID reads the ID that a form gives its command, so that it is done once however often it is sent.
func requestID(r *http.Request) (string, error) {
	id := r.PostForm.Get("id")
	for _, b := range []byte(id) {
		if !(b >= 'a' && b <= 'z' || b >= 'A' && b <= 'Z' || b >= '0' && b <= '9' || b == '-') {
			id = ""
			break
		}
	}
	if id == "" || len(id) > 60 {
		return "", badField("id", r.PostForm.Get("id"), "must be letters, digits and dashes, 60 at most", "должно быть из латинских букв, цифр и дефисов, не больше 60")
	}
	return id, nil
}

// A texter says itself in a language: every error of the library does.
type texter interface{ Text(lang string) string }

// statuses are the HTTP statuses of the library's errors; any other is a fault of ours.
var statuses = []struct {
	is     error
	status int
}{
	{booking.ErrUnknown, http.StatusNotFound}, {pipeline.ErrUnknown, http.StatusNotFound}, {dedup.ErrUnknown, http.StatusNotFound}, {notify.ErrUnknown, http.StatusNotFound},
	{booking.ErrInvalid, http.StatusBadRequest}, {pipeline.ErrInvalid, http.StatusBadRequest}, {dedup.ErrInvalid, http.StatusBadRequest}, {notify.ErrInvalid, http.StatusBadRequest},
	{booking.ErrTaken, http.StatusConflict}, {booking.ErrRefused, http.StatusConflict}, {booking.ErrStale, http.StatusConflict}, {booking.ErrMismatch, http.StatusConflict}, {booking.ErrClock, http.StatusConflict},
	{pipeline.ErrRefused, http.StatusConflict}, {pipeline.ErrStale, http.StatusConflict}, {pipeline.ErrMismatch, http.StatusConflict},
	{dedup.ErrMismatch, http.StatusConflict}, {dedup.ErrContradiction, http.StatusConflict}, {dedup.ErrTooLarge, http.StatusConflict}, {dedup.ErrFull, http.StatusConflict},
	{notify.ErrMismatch, http.StatusConflict}, {notify.ErrRefused, http.StatusConflict},
	{store.ErrConflict, http.StatusConflict},
}

func statusOf(err error) int {
	if own := (*refusal)(nil); errors.As(err, &own) {
		return cmp.Or(own.Status, http.StatusConflict)
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return busy.Status
	}
	if years := (*worktime.RangeError)(nil); errors.As(err, &years) {
		return http.StatusConflict
	}
	for _, s := range statuses {
		if errors.Is(err, s.is) {
			return s.status
		}
	}
	return http.StatusInternalServerError
}

// A no is what is shown and sent of an error: the library's own kind, reasons and values.
type no struct {
	Kind    string            `json:"error"` // booking.TakenError
	Text    map[string]string `json:"text"`
	Detail  any               `json:"detail,omitempty"`
	Reasons []string          `json:"-"`
	Next    *nextFree         `json:"-"`
	Back    string            `json:"-"`
}

type nextFree struct{ Unit, First, Nights, Text string }

func newNo(err error, lang string) no {
	n := no{Kind: "board.Error", Text: map[string]string{"en": "something broke here", "ru": "здесь что-то сломалось"}}
	for e := err; e != nil; e = errors.Unwrap(e) {
		if t, ok := e.(texter); ok {
			n.Kind = strings.TrimPrefix(reflect.TypeOf(e).String(), "*")
			n.Text = map[string]string{"en": t.Text("en"), "ru": t.Text("ru")}
			n.Detail = e
			break
		}
	}
	var taken *booking.TakenError
	var rules *booking.RefusedError
	var rights *pipeline.RefusedError
	switch {
	case errors.Is(err, context.DeadlineExceeded):
		return newNo(busy, lang)
	case errors.As(err, &taken):
		n.Reasons = []string{taken.Text(lang)}
		if !taken.Next.Empty() && !taken.Next.Forever() {
			first, _ := taken.Next.Dates()
			nights, _ := taken.Next.Len()
			n.Next = &nextFree{string(taken.Unit), first.String(), strconv.Itoa(nights), spanText(taken.Next, lang)}
		}
	case errors.As(err, &rules):
		for _, r := range rules.Reasons {
			n.Reasons = append(n.Reasons, r.Text(lang))
		}
	case errors.As(err, &rights):
		for _, r := range rights.Reasons {
			n.Reasons = append(n.Reasons, r.Text(lang))
		}
	default:
		n.Reasons = []string{n.Text[lang]}
	}
	return n
}

// refuse answers with the reasons: as JSON, as a part of the page, or as a page.
func (s *server) refuse(w http.ResponseWriter, r *http.Request, err error) {
	if errors.Is(err, context.Canceled) && r.Context().Err() != nil {
		return // nobody is there any more
	}
	status := statusOf(err)
	if status >= http.StatusInternalServerError {
		log.Printf("%s %s: %v", r.Method, r.URL.Path, err)
	}
	p := s.page(r, "no")
	n := newNo(err, p.Lang)
	if back, err := url.Parse(r.Referer()); err == nil && strings.HasPrefix(back.Path, "/") && !strings.HasPrefix(back.Path, "//") {
		n.Back = back.Path
	}
	w.Header().Set("Cache-Control", "no-store")
	switch {
	case wantsJSON(r):
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(n)
	case isPart(r):
		s.render(w, status, "no", p.with(n))
	default:
		s.render(w, status, "no-page", p.with(n))
	}
}

func wantsJSON(r *http.Request) bool {
	return strings.Contains(r.Header.Get("Accept"), "application/json")
}

// isPart reports whether the page's script asks for a part of it.
func isPart(r *http.Request) bool { return r.Header.Get("X-Part") != "" }
