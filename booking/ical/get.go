package ical

import (
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// A Poll is one attempt to read a feed. Its Calendar counts only if Err is nil and it is not
// Unchanged.
type Poll struct {
	At        time.Time
	Calendar  Calendar
	Problems  []Problem
	Unchanged bool   // the channel says that it is as at the answer of State.Tag
	Tag       string // the answer's ETag
	Err       error  // a *FormatError, *StatusError or *FetchError from Get
}

// Get asks for a feed once, conditionally if s has the tag of an answer. Whatever goes wrong is the
// poll's Err, and none of it holds the address, which is a secret: nor is it told to the server that
// a redirect leads to. A nil client is http.DefaultClient.
func Get(ctx context.Context, c *http.Client, url string, s State, o Options) Poll {
	o = o.withDefaults()
	poll := Poll{At: o.Now().UTC().Truncate(time.Microsecond)}
	if err := poll.get(ctx, c, url, s, o); err != nil {
		return Poll{At: poll.At, Tag: s.Tag, Err: secret(ctx, err)}
	}
	return poll
}

func (p *Poll) get(ctx context.Context, c *http.Client, address string, s State, o Options) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil || req.URL.Host == "" || req.URL.Scheme != "http" && req.URL.Scheme != "https" {
		return &FetchError{Why: WhyAddress}
	}
	req.Header.Set("Accept", "text/calendar, */*;q=0.1")
	req.Header.Set("Accept-Encoding", "gzip") // asked for by name, so that the transport leaves the length as announced
	conditional := validTag(s.Tag)
	if conditional {
		req.Header.Set("If-None-Match", s.Tag)
	}
	resp, err := discreet(c).Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && conditional {
		p.Unchanged, p.Tag = true, s.Tag
		return nil
	}
	if resp.StatusCode != http.StatusOK {
		return &StatusError{Code: resp.StatusCode}
	}
	p.Tag = resp.Header.Get("ETag")
	body := io.Reader(resp.Body)
	if strings.EqualFold(resp.Header.Get("Content-Encoding"), "gzip") {
		packed := io.LimitReader(resp.Body, o.MaxBytes+1)
		if body, err = gzip.NewReader(packed); err != nil {
			return unpacked(err)
		}
	}
	p.Calendar, p.Problems, err = Read(body, o)
	return unpacked(err)
}

// unpacked makes one error of the ways in which a packed body may be cut or faulty.
func unpacked(err error) error {
	switch {
	case errors.Is(err, io.ErrUnexpectedEOF), err == io.EOF:
		return &FormatError{Why: WhyShortBody}
	case errors.Is(err, gzip.ErrHeader), errors.Is(err, gzip.ErrChecksum):
		return &FetchError{Why: WhyBroken}
	}
	return err
}

// validTag reports whether a tag can be sent: it came from a header, and State may come from anywhere.
func validTag(tag string) bool {
	return tag != "" && len(tag) <= 1024 && !strings.ContainsFunc(tag, func(r rune) bool { return r < ' ' || r >= 0x7f })
}

// discreet returns a client that tells no server which address led to it.
func discreet(c *http.Client) *http.Client {
	if c == nil {
		c = http.DefaultClient
	}
	quiet, check := *c, c.CheckRedirect
	quiet.CheckRedirect = func(req *http.Request, via []*http.Request) error {
		req.Header.Del("Referer")
		if check != nil {
			return check(req, via)
		}
		if len(via) >= 10 {
			return &FetchError{Why: WhyUnreachable}
		}
		return nil
	}
	return &quiet
}

// secret turns an error into one of this package's, which hold no address.
func secret(ctx context.Context, err error) error {
	var (
		format  *FormatError
		status  *StatusError
		fetch   *FetchError
		invalid *InvalidError
		network net.Error
		wrapped *url.Error
	)
	switch {
	case ctx.Err() != nil:
		return &FetchError{Why: WhyDone, cause: context.Cause(ctx)}
	case errors.As(err, &format):
		return format
	case errors.As(err, &status):
		return status
	case errors.As(err, &fetch):
		return fetch
	case errors.As(err, &invalid):
		return invalid
	case errors.As(err, &network) && network.Timeout():
		return &FetchError{Why: WhyTimeout}
	case errors.As(err, &wrapped):
		return &FetchError{Why: WhyUnreachable}
	}
	return &FetchError{Why: WhyBroken}
}

// A pollText is a Poll as JSON. Errors that are not this package's keep their text.
type pollText struct {
	At        time.Time  `json:"at"`
	Calendar  *Calendar  `json:"calendar,omitempty"`
	Problems  []Problem  `json:"problems,omitempty"`
	Unchanged bool       `json:"unchanged,omitempty"`
	Tag       string     `json:"tag,omitempty"`
	Err       *errorText `json:"err,omitempty"`
}

type errorText struct {
	Format  *FormatError  `json:"format,omitempty"`
	Status  *StatusError  `json:"status,omitempty"`
	Fetch   *FetchError   `json:"fetch,omitempty"`
	Invalid *InvalidError `json:"invalid,omitempty"`
	Text    string        `json:"text,omitempty"`
}

// MarshalJSON writes the poll, its error too.
func (p Poll) MarshalJSON() ([]byte, error) {
	t := pollText{At: p.At, Problems: p.Problems, Unchanged: p.Unchanged, Tag: p.Tag}
	if p.Err == nil && !p.Unchanged {
		t.Calendar = &p.Calendar
	}
	if p.Err != nil {
		t.Err = new(errorText)
		switch {
		case errors.As(p.Err, &t.Err.Format), errors.As(p.Err, &t.Err.Status), errors.As(p.Err, &t.Err.Fetch), errors.As(p.Err, &t.Err.Invalid):
		default:
			t.Err.Text = p.Err.Error()
		}
	}
	return json.Marshal(t)
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (p *Poll) UnmarshalJSON(text []byte) error {
	var t pollText
	if err := json.Unmarshal(text, &t); err != nil {
		return err
	}
	*p = Poll{At: t.At, Problems: t.Problems, Unchanged: t.Unchanged, Tag: t.Tag}
	if t.Calendar != nil {
		p.Calendar = *t.Calendar
	}
	if e := t.Err; e != nil {
		switch {
		case e.Format != nil:
			p.Err = e.Format
		case e.Status != nil:
			p.Err = e.Status
		case e.Fetch != nil:
			p.Err = e.Fetch
		case e.Invalid != nil:
			p.Err = e.Invalid
		default:
			p.Err = errors.New(e.Text)
		}
	}
	return nil
}
