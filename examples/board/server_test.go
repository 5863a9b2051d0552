package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
)

func TestBadInput(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	unit, first := b.freeDays(t, 1)
	client := string(b.view.find("", 1)[0].ID)
	hold := func(change ...string) url.Values {
		form := url.Values{"unit": {string(unit)}, "first": {first.String()}, "nights": {"1"}, "client": {client}, "id": {"H-1"}, "policy": {"reject"}}
		for i := 0; i < len(change); i += 2 {
			form.Set(change[i], change[i+1])
		}
		return form
	}
	long := strings.Repeat("x", 300)
	for _, bad := range []struct {
		method, path string
		form         url.Values
		status       int
		kind         string
	}{
		{"GET", "/nowhere", nil, 404, "main.refusal"},
		{"GET", "/?view=moon", nil, 400, "main.refusal"},
		{"GET", "/?view=floors&on=2026-02-31", nil, 400, "main.refusal"},
		{"GET", "/?view=floors&on=9999-12-31", nil, 400, "main.refusal"},
		{"GET", "/rows?unit=-1", nil, 400, "main.refusal"},
		{"GET", "/rows?units=100000", nil, 400, "main.refusal"},
		{"GET", "/rows?days=99999999999999999999", nil, 400, "main.refusal"},
		{"GET", "/rows?day=%zz", nil, 400, "main.refusal"},
		{"GET", "/ask/flat-1?first=2026-06-10&nights=1", nil, 404, "booking.UnknownError"},
		{"GET", "/ask/" + string(unit) + "?first=x&nights=1", nil, 400, "main.refusal"},
		{"GET", "/stay/" + string(unit) + "/nobody", nil, 404, "booking.UnknownError"},
		{"GET", "/stay/" + string(unit) + "/nobody?peek=1", nil, 404, "booking.UnknownError"},
		{"GET", "/stay/" + string(unit) + "/%00", nil, 400, "booking.InvalidError"},
		{"GET", "/deals/nobody", nil, 404, "pipeline.UnknownError"},
		{"GET", "/deals/%ff%fe", nil, 0, ""},
		{"GET", "/cards/" + long, nil, 0, ""},
		{"GET", "/cards/%00", nil, 0, ""},
		{"GET", "/messages?show=<script>", nil, 400, "main.refusal"},
		{"GET", "/code/../main.go", nil, 0, ""},
		{"GET", "/code/main", nil, 404, "main.refusal"},
		{"POST", "/hold", url.Values{}, 400, "main.refusal"},
		{"POST", "/hold", hold("unit", "flat-1"), 404, "booking.UnknownError"},
		{"POST", "/hold", hold("unit", long), 400, "booking.InvalidError"},
		{"POST", "/hold", hold("unit", "\x00"), 400, "booking.InvalidError"},
		{"POST", "/hold", hold("first", "0000-00-00"), 400, "booking.InvalidError"},
		{"POST", "/hold", hold("first", "2020-01-01"), 409, "booking.RefusedError"},
		{"POST", "/hold", hold("nights", "0"), 400, "main.refusal"},
		{"POST", "/hold", hold("nights", "1e9"), 400, "main.refusal"},
		{"POST", "/hold", hold("client", ""), 400, "main.refusal"},
		{"POST", "/hold", hold("client", "nobody"), 404, "dedup.UnknownError"},
		{"POST", "/hold", hold("policy", "steal"), 400, "main.refusal"},
		{"POST", "/hold", hold("id", ""), 400, "main.refusal"},
		{"POST", "/hold", hold("id", "a|b"), 400, "main.refusal"},
		{"POST", "/hold", hold("id", long), 400, "main.refusal"},
		{"POST", "/race", hold("nights", "many"), 400, "main.refusal"},
		{"POST", "/stay/" + string(unit) + "/nobody", url.Values{"do": {"confirm"}}, 404, "booking.UnknownError"},
		{"POST", "/stay/" + string(unit) + "/nobody", url.Values{"do": {"explode"}}, 400, "main.refusal"},
		{"POST", "/stay/" + string(unit) + "/nobody", url.Values{"do": {"confirm"}, "rev": {"-4"}}, 400, "main.refusal"},
		{"POST", "/deals/nobody", url.Values{"id": {"1"}, "action": {"win"}}, 404, "pipeline.UnknownError"},
		{"POST", "/deals/nobody", url.Values{"id": {"1"}}, 400, "main.refusal"},
		{"POST", "/cards/nobody", url.Values{"id": {"1"}, "do": {"split"}}, 404, "dedup.UnknownError"},
		{"POST", "/cards/" + client, url.Values{"id": {"1"}, "do": {"split"}, "touch": {"nobody"}}, 400, "main.refusal"},
		{"POST", "/cards/" + client, url.Values{"id": {"1"}, "do": {"join"}, "touch": {"nobody"}}, 404, "dedup.UnknownError"},
		{"POST", "/cards/" + client, url.Values{"id": {"1"}, "do": {"withdraw"}, "undo": {"nobody"}}, 404, "dedup.UnknownError"},
		{"POST", "/messages", url.Values{"id": {"1"}}, 400, "main.refusal"},
		{"POST", "/plug", url.Values{"channel": {"pigeon"}, "out": {"yes"}}, 400, "main.refusal"},
		{"POST", "/plug", url.Values{"channel": {"sms"}, "out": {"maybe"}}, 400, "main.refusal"},
		{"POST", "/clock", url.Values{"do": {"back"}}, 400, "main.refusal"},
		{"POST", "/as", url.Values{"who": {"root"}}, 400, "main.refusal"},
		{"POST", "/as", url.Values{"lang": {"tlh"}}, 400, "main.refusal"},
		{"POST", "/", url.Values{}, 404, "main.refusal"},
		{"DELETE", "/hold", nil, 404, "main.refusal"},
	} {
		status, text := b.send(t, bad.method, bad.path, strings.NewReader(bad.form.Encode()), "Accept", "application/json", "Content-Type", "application/x-www-form-urlencoded")
		what := fmt.Sprintf("%s %s %v: %s", bad.method, bad.path, bad.form, text)
		require.True(t, status >= 300 && status < 500, what)
		require.NotContains(t, text, "goroutine", what)
		require.NotContains(t, text, ".go:", what)
		if bad.status == 0 {
			continue
		}
		require.Equal(t, bad.status, status, what)
		var said struct {
			Error string            `json:"error"`
			Text  map[string]string `json:"text"`
		}
		require.NoError(t, json.Unmarshal([]byte(text), &said), what)
		require.Equal(t, bad.kind, said.Error, what)
		require.NotEmpty(t, said.Text["en"], what)
		require.NotEmpty(t, said.Text["ru"], what)

		// The same for who reads it.
		status, text = b.send(t, bad.method, bad.path, strings.NewReader(bad.form.Encode()), "Content-Type", "application/x-www-form-urlencoded")
		require.Equal(t, bad.status, status, what)
		require.Contains(t, text, `<div class="no" role="alert">`, what)
		require.NotContains(t, text, "<script>", what)
	}
}

func TestReasonsAreTheLibrarys(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	unit, first := b.freeDays(t, 1)
	before := booking.Hold{ID: "before", Unit: unit, Span: nights(t, first, 1), Holder: "another"}
	_, err := b.units.Hold(t.Context(), before)
	require.NoError(t, err)
	form := url.Values{"unit": {string(unit)}, "first": {first.String()}, "nights": {"1"}, "client": {string(b.view.find("", 1)[0].ID)}, "id": {"H-1"}}
	status, text := b.post(t, "/hold", form, "Accept", "application/json")
	require.Equal(t, http.StatusConflict, status)
	var said struct {
		Error  string
		Detail booking.TakenError
	}
	require.NoError(t, json.Unmarshal([]byte(text), &said))
	require.Equal(t, "booking.TakenError", said.Error)
	require.Equal(t, unit, said.Detail.Unit)
	require.Equal(t, before.ID, said.Detail.By[0].ID)

	// Sent twice, a form is done once.
	form.Set("policy", "queue")
	for range 2 {
		status, text = b.post(t, "/hold", form, "Accept", "application/json")
		require.Equal(t, http.StatusOK, status, text)
	}
	form.Set("nights", "2")
	status, text = b.post(t, "/hold", form, "Accept", "application/json")
	require.Equal(t, http.StatusConflict, status)
	require.Contains(t, text, "booking.MismatchError")
}

func TestGuards(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	form := url.Values{"do": {"pause"}}
	for _, foreign := range [][]string{{"Sec-Fetch-Site", "cross-site"}, {"Sec-Fetch-Site", "same-site"}, {"Origin", "https://elsewhere.example"}, {"Origin", "null"}} {
		status, _ := b.post(t, "/clock", form, foreign...)
		require.Equal(t, http.StatusForbidden, status, foreign)
	}
	status, _ := b.post(t, "/clock", form, "Sec-Fetch-Site", "same-origin")
	require.Equal(t, http.StatusSeeOther, status)
	status, _ = b.get(t, "/", "Host", "elsewhere.example")
	require.Equal(t, http.StatusMisdirectedRequest, status)
	status, _ = b.post(t, "/clock", url.Values{"do": {strings.Repeat("x", maxBody)}})
	require.Equal(t, http.StatusRequestEntityTooLarge, status)
	status, text := b.post(t, "/as", url.Values{"lang": {"ru"}, "back": {"//elsewhere.example/"}})
	require.Equal(t, http.StatusSeeOther, status)
	require.NotContains(t, text, "elsewhere")

	// What a guest typed is shown, never run.
	_, err := b.customers.Ingest(t.Context(), touch(`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`))
	require.NoError(t, err)
	require.NoError(t, b.follow(t.Context()))
	for _, path := range []string{"/cards", "/cards/hostile", "/cards?q=" + url.QueryEscape(`"><script>`), "/messages"} {
		status, text := b.get(t, path)
		require.Equal(t, http.StatusOK, status)
		require.NotContains(t, text, "<script>", path)
		require.NotContains(t, text, "<img src=x", path)
	}
}

// TestWeight adds up what a browser loads for the first screen.
func TestWeight(t *testing.T) {
	t.Parallel()
	b := newBoard(t)
	for _, path := range []string{"/?units=60&days=30", "/?view=floors", "/deals", "/cards", "/messages", "/money"} {
		_, page := b.get(t, path)
		total := len(page)
		if path == "/?units=60&days=30" {
			require.Equal(t, floors*perFloor, strings.Count(page, "<tr data-u="))
		}
		for _, asset := range regexp.MustCompile(`(?:href|src)="(/static/[^"]+)"`).FindAllStringSubmatch(page, -1) {
			_, text := b.get(t, asset[1])
			total += len(text)
		}
		t.Logf("%s: %d bytes, of them %d HTML", path, total, len(page))
		require.Less(t, total, 150_000, path)
		require.NotRegexp(t, `(?i)\s(style|on[a-z]+)="`, page, "nothing inline")
		require.NotContains(t, page, "<style")
	}
}

func TestEveryWordIsThere(t *testing.T) {
	t.Parallel()
	names, err := filepath.Glob("templates/*.html")
	require.NoError(t, err)
	for _, name := range names {
		text, err := os.ReadFile(name)
		require.NoError(t, err)
		for _, key := range regexp.MustCompile(`\.T "([^"]+)"`).FindAllStringSubmatch(string(text), -1) {
			require.Contains(t, words, key[1], name)
		}
	}
	for key, w := range words {
		require.NotEmpty(t, w[0], key)
		require.NotEmpty(t, w[1], key)
	}
}

func TestCodeIsItself(t *testing.T) {
	t.Parallel()
	for panel, functions := range shown {
		for _, f := range functions {
			s, ok := sources[f]
			require.True(t, ok, "%s: %s", panel, f)
			file, err := os.ReadFile(s.File)
			require.NoError(t, err)
			lines := strings.Split(string(file), "\n")
			for _, l := range s.Lines {
				var text strings.Builder
				for _, token := range l.Tokens {
					text.WriteString(token.Text)
				}
				require.Equal(t, lines[l.Number-1], text.String(), "%s:%d", s.File, l.Number)
			}
		}
	}
}

// TestRestart opens a house again: it goes on where it was.
func TestRestart(t *testing.T) {
	t.Parallel()
	image, err := seeded()
	require.NoError(t, err)
	file := filepath.Join(t.TempDir(), "house.db")
	require.NoError(t, os.WriteFile(file, image, 0o600))
	h, err := openHouse(t.Context(), file, 7, "en")
	require.NoError(t, err)
	require.Equal(t, opening, h.clock.Now())
	require.NoError(t, h.step(t.Context(), 30))
	flats, deals, cards := h.view.order, len(h.view.deals), len(h.view.cards)
	require.Len(t, flats, floors*perFloor)
	require.NoError(t, h.close())

	h, err = openHouse(t.Context(), file, 7, "en")
	require.NoError(t, err)
	require.True(t, h.clock.Now().After(opening), h.clock.Now())
	require.Equal(t, flats, h.view.order)
	require.Len(t, h.view.deals, deals)
	require.Len(t, h.view.cards, cards)
	require.NoError(t, h.close())
}
