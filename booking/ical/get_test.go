package ical

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// at is the Options.Now of the tests.
func at() time.Time { return utc(1, 12, 0).Add(1234567 * time.Nanosecond) }

const secretPath = "/calendar/ical/s3cr3t.ics?t=t0k3n"

// serve starts a server for one test, and returns the secret address of a feed there.
func serve(t *testing.T, answer http.HandlerFunc) string {
	t.Helper()
	server := httptest.NewServer(answer)
	t.Cleanup(server.Close)
	return server.URL + secretPath
}

func get(t *testing.T, address string, s State, o Options) Poll {
	t.Helper()
	o.Now = at
	poll := Get(t.Context(), nil, address, s, o)
	require.Equal(t, utc(1, 12, 0).Add(1234*time.Microsecond), poll.At)
	requireSecret(t, address, poll)
	return poll
}

// requireSecret: nothing of the address is in an error or in what a log writes of a poll.
func requireSecret(t *testing.T, address string, poll Poll) {
	t.Helper()
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("poll", "poll", poll, "err", poll.Err)
	said := log.String() + fmt.Sprintf("%v %+v %#v %s", poll, poll, poll.Err, poll.Err)
	for err := poll.Err; err != nil; err = errors.Unwrap(err) {
		said += fmt.Sprintf("%#v", err)
	}
	host, _, _ := strings.Cut(strings.TrimPrefix(address, "http://"), "/")
	for _, part := range []string{host, "s3cr3t", "t0k3n"} {
		require.NotContains(t, said, part)
	}
}

var whole = file(event("UID:a", "DTSTART:20260405", "DTEND:20260408")...)

func packed(text string) []byte {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	_, _ = w.Write([]byte(text))
	_ = w.Close()
	return b.Bytes()
}

func send(status int, header, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if name, value, ok := strings.Cut(header, ": "); ok {
			w.Header().Set(name, value)
		}
		w.WriteHeader(status)
		_, _ = w.Write([]byte(body))
	}
}

func TestGet(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RequestURI() != secretPath || r.Method != http.MethodGet || r.Header.Get("If-None-Match") != "" {
			w.WriteHeader(http.StatusTeapot)
			return
		}
		w.Header().Set("ETag", `W/"7"`)
		_, _ = w.Write([]byte(whole))
	})
	poll := get(t, address, State{}, Options{})
	require.NoError(t, poll.Err)
	require.Equal(t, `W/"7"`, poll.Tag)
	require.False(t, poll.Unchanged)
	require.Equal(t, []Event{{UID: "a", From: apr(5), To: apr(8)}}, poll.Calendar.Events)
}

func TestGetConditionally(t *testing.T) {
	t.Parallel()
	asked := make(chan string, 4)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		asked <- r.Header.Get("If-None-Match")
		w.WriteHeader(http.StatusNotModified)
	})
	poll := get(t, address, State{Tag: `"7"`}, Options{})
	require.Equal(t, `"7"`, <-asked)
	require.NoError(t, poll.Err)
	require.True(t, poll.Unchanged)
	require.Equal(t, `"7"`, poll.Tag)

	for _, tag := range []string{"", "a\r\nX-Evil: 1", strings.Repeat("x", 2000)} {
		poll = get(t, address, State{Tag: tag}, Options{})
		require.Empty(t, <-asked, "such a tag is not sent")
		require.Equal(t, &StatusError{http.StatusNotModified}, poll.Err, "nobody asked")
	}
}

func TestGetFails(t *testing.T) {
	t.Parallel()
	slashes := strings.Repeat("/", 1<<20)
	for _, c := range []struct {
		name   string
		answer http.HandlerFunc
		want   error
	}{
		{"a page with status 200", send(200, "Content-Type: text/html", "<html>Please log in</html>"), &FormatError{1, WhyHTML}},
		{"nothing with status 200", send(200, "", ""), &FormatError{0, WhyEmpty}},
		{"204", send(204, "", ""), &StatusError{204}},
		{"206", send(206, "", whole), &StatusError{206}},
		{"403", send(403, "", whole), &StatusError{403}},
		{"404", send(404, "", "<html>"), &StatusError{404}},
		{"429", send(429, "Retry-After: 60", ""), &StatusError{429}},
		{"500", send(500, "", whole), &StatusError{500}},
		{"a file cut short by the channel", send(200, "", whole[:80]), &FormatError{4, WhyOpenEvent}},
		{"a body over the limit", send(200, "", "BEGIN:VCALENDAR\r\n"+strings.Repeat("X:y\r\n", 3000)), &FormatError{0, WhyBytes}},
		{"a packed body over the limit", send(200, "Content-Encoding: gzip", string(packed("BEGIN:VCALENDAR\r\n"+strings.Repeat("X:y\r\n", 1<<20)))), &FormatError{0, WhyBytes}},
		{"not packed, though it says so", send(200, "Content-Encoding: gzip", whole), &FetchError{Why: WhyBroken}},
		{"packed, and cut", send(200, "Content-Encoding: gzip", string(packed(whole)[:60])), &FormatError{0, WhyShortBody}},
		{"packed, and cut in its header", send(200, "Content-Encoding: gzip", "\x1f\x8b"), &FormatError{0, WhyShortBody}},
		{"packed, and damaged", send(200, "Content-Encoding: gzip", string(damaged())), &FetchError{Why: WhyBroken}},
		{"a body shorter than announced", func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Length", strconv.Itoa(len(whole)+100))
			_, _ = w.Write([]byte(whole)) // even if all of the calendar came
		}, &FormatError{0, WhyShortBody}},
		{"a connection that breaks off", func(w http.ResponseWriter, _ *http.Request) {
			_, _ = w.Write([]byte(whole[:40]))
			w.(http.Flusher).Flush()
			panic(http.ErrAbortHandler)
		}, &FormatError{0, WhyShortBody}},
		{"no answer but a closed connection", func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }, &FetchError{Why: WhyUnreachable}},
		{"a redirect to a login page", func(w http.ResponseWriter, r *http.Request) {
			if r.URL.Path != "/login" {
				http.Redirect(w, r, "/login?next="+r.URL.Path, http.StatusFound)
				return
			}
			_, _ = w.Write([]byte("<html>Please log in</html>"))
		}, &FormatError{1, WhyHTML}},
		{"a redirect without end", func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, r.URL.String(), http.StatusFound) }, &FetchError{Why: WhyUnreachable}},
		{"a redirect to nowhere", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, "gopher://x/"+r.URL.Path, http.StatusFound)
		}, &FetchError{Why: WhyUnreachable}},
		{"a header of a megabyte of slashes", send(200, "X-Slashes: "+slashes, "<html>"), &FormatError{1, WhyHTML}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			address := serve(t, c.answer)
			poll := get(t, address, State{Tag: `"7"`}, Options{MaxBytes: 10_000})
			require.Equal(t, c.want, poll.Err)
			require.Equal(t, `"7"`, poll.Tag, "a failed poll leaves the tag")
			require.Zero(t, poll.Calendar)
		})
	}
}

// damaged is a packed calendar with a wrong checksum.
func damaged() []byte {
	b := packed(whole)
	b[len(b)-8] ^= 1
	return b
}

func TestGetPacked(t *testing.T) {
	t.Parallel()
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Accept-Encoding") != "gzip" {
			w.WriteHeader(http.StatusNotAcceptable)
			return
		}
		w.Header().Set("Content-Encoding", "gzip")
		_, _ = w.Write(packed(whole))
	})
	poll := get(t, address, State{}, Options{})
	require.NoError(t, poll.Err)
	require.Len(t, poll.Calendar.Events, 1)
}

// TestGetIsDiscreet: the server that a redirect leads to does not learn the address.
func TestGetIsDiscreet(t *testing.T) {
	t.Parallel()
	seen := make(chan http.Header, 1)
	other := serve(t, func(w http.ResponseWriter, r *http.Request) {
		seen <- r.Header.Clone()
		_, _ = w.Write([]byte(whole))
	})
	address := serve(t, func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, other, http.StatusFound) })
	checked := 0
	client := &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { checked++; return nil }}
	poll := Get(t.Context(), client, address, State{}, Options{})
	require.NoError(t, poll.Err)
	require.Empty(t, (<-seen).Get("Referer"))
	require.Equal(t, 1, checked, "the client's own check is asked too")
}

func TestGetAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{"", "s3cr3t.ics", "ftp://127.0.0.1/s3cr3t", "http://", "http://127.0.0.1/s3cr3t\x00", "http://[::1/s3cr3t"} {
		poll := Get(t.Context(), nil, address, State{}, Options{})
		require.Equal(t, &FetchError{Why: WhyAddress}, poll.Err, address)
		require.ErrorIs(t, poll.Err, ErrFetch)
	}
	server := httptest.NewServer(send(200, "", whole))
	server.Close()
	poll := get(t, server.URL+secretPath, State{}, Options{})
	require.Equal(t, &FetchError{Why: WhyUnreachable}, poll.Err)
}

// TestGetSlowBody: a body that never ends ends with the context, whose cause the error wraps.
func TestGetSlowBody(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{}, 1)
	address := serve(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = w.Write([]byte("BEGIN:VCALENDAR\r\n"))
		w.(http.Flusher).Flush()
		begun <- struct{}{}
		<-r.Context().Done()
	})
	shutdown := errors.New("the service is going down")
	ctx, cancel := context.WithCancelCause(t.Context())
	go func() {
		<-begun
		cancel(shutdown)
	}()
	poll := Get(ctx, nil, address, State{Tag: `"7"`}, Options{})
	requireSecret(t, address, poll)
	require.ErrorIs(t, poll.Err, shutdown)
	require.ErrorIs(t, poll.Err, ErrFetch)
	require.Equal(t, `"7"`, poll.Tag)

	poll = Get(ctx, nil, address, State{}, Options{})
	require.ErrorIs(t, poll.Err, shutdown, "done before it began")
}

// late is a transport whose client has run out of patience.
type late struct{}

func (late) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, &timeoutError{r.URL.String()}
}

type timeoutError struct{ address string }

func (e *timeoutError) Error() string { return "awaiting headers of " + e.address }
func (e *timeoutError) Timeout() bool { return true }
func (*timeoutError) Temporary() bool { return true }

func TestGetTimeout(t *testing.T) {
	t.Parallel()
	poll := Get(t.Context(), &http.Client{Transport: late{}}, "http://127.0.0.1"+secretPath, State{}, Options{})
	require.Equal(t, &FetchError{Why: WhyTimeout}, poll.Err)
}

func TestGetBadOptions(t *testing.T) {
	t.Parallel()
	poll := get(t, serve(t, send(200, "", whole)), State{}, Options{Zone: "Nowhere"})
	require.ErrorIs(t, poll.Err, ErrInvalid)
}

func TestPollJSON(t *testing.T) {
	t.Parallel()
	for _, p := range []Poll{
		{At: utc(1, 2, 3), Tag: `"7"`, Calendar: Calendar{ProdID: "x", Events: []Event{{UID: "a", From: apr(5), To: apr(6), FromAt: utc(5, 1, 0), Modified: utc(1, 0, 0)}}}, Problems: []Problem{{4, CodeRecurring, "a", "FREQ=DAILY"}}},
		{At: utc(1, 2, 3), Tag: `"7"`, Unchanged: true},
		{At: utc(1, 2, 3), Err: &FormatError{3, WhyCut}},
		{At: utc(1, 2, 3), Err: &StatusError{502}},
		{At: utc(1, 2, 3), Err: &FetchError{Why: WhyTimeout}},
		{At: utc(1, 2, 3), Err: &InvalidError{"zone", "Nowhere", WhyZone}},
		{At: utc(1, 2, 3), Err: errors.New("a poller's own")},
	} {
		text, err := json.Marshal(p)
		require.NoError(t, err)
		var back Poll
		require.NoError(t, json.Unmarshal(text, &back))
		require.Equal(t, p, back, "%s", text)
	}
	require.Error(t, json.Unmarshal([]byte(`{"at":7}`), new(Poll)))
}
