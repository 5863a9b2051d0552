package channel

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"text/template"
	"time"

	"github.com/tenure-go/tenure/notify"
)

// An Outcome is what a provider's code means. The zero value: nobody knows.
type Outcome struct {
	Level  notify.Level
	Failed notify.Failure
}

// GatewayConfig describes an HTTP API as data. Channel, URL and Body are required.
//
// URL, Header and Body are text/template patterns over the message: .ID, .Step, .Key, .Channel,
// .Address, .Subject, .Body, .Approved, .Vars, .Thread, .Rev, .Seconds (the validity, 0 for the
// provider's default) and .Files, each with .Name, .MediaType and .Base64. The functions json and
// query quote a value for a JSON body and for a URL or form.
type GatewayConfig struct {
	Channel notify.ChannelID
	Method  string // defaults to POST
	URL     string
	Header  map[string]string // Content-Type defaults to application/json
	Body    string

	// Client sends. Its Timeout only matters if it is shorter than the desk's.
	// Defaults to a client that follows no redirects.
	Client *http.Client

	// ID and Code are paths into the JSON of the answer, such as "messages.0.id". Codes says
	// what codes mean; one that is not there leaves the outcome unknown. Without Code the HTTP
	// status decides alone.
	ID    string
	Code  string
	Codes map[string]Outcome

	// Statuses overrides what an HTTP status means. By default 2xx is accepted, 429 busy, 401,
	// 402 and 403 denied, any other 4xx refused, and the rest unknown.
	Statuses map[int]Outcome

	Webhook
}

// A Gateway is a channel over HTTP: see [NewGateway]. It is safe for concurrent use.
type Gateway struct {
	c      GatewayConfig
	url    *template.Template
	body   *template.Template
	header map[string]*template.Template

	mu   sync.Mutex
	seen map[string]time.Time // signatures of webhooks, until they are stale by themselves
}

// maxAnswer is how much of an answer or a webhook is read, in bytes.
const maxAnswer = 1 << 20

// NewGateway checks c and returns its channel. What is wrong is a [notify.InvalidError].
func NewGateway(c GatewayConfig) (*Gateway, error) {
	if c.Channel == "" {
		return nil, &notify.InvalidError{Field: "Channel", Why: "required"}
	}
	if c.Method == "" {
		c.Method = http.MethodPost
	}
	if c.Client == nil {
		c.Client = &http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	}
	g := &Gateway{c: c, header: map[string]*template.Template{}, seen: map[string]time.Time{}}
	var err error
	if g.url, err = pattern("URL", c.URL); err != nil {
		return nil, err
	}
	if g.body, err = pattern("Body", c.Body); err != nil {
		return nil, err
	}
	if _, ok := c.Header["Content-Type"]; !ok {
		c.Header = maps.Clone(c.Header)
		if c.Header == nil {
			c.Header = map[string]string{}
		}
		c.Header["Content-Type"] = "application/json"
	}
	for _, name := range slices.Sorted(maps.Keys(c.Header)) {
		if g.header[name], err = pattern("Header."+name, c.Header[name]); err != nil {
			return nil, err
		}
	}
	if err := c.Webhook.check(); err != nil {
		return nil, err
	}
	if _, err := g.request(context.Background(), notify.Outgoing{ID: "probe", Channel: c.Channel, Address: "probe"}); err != nil {
		return nil, &notify.InvalidError{Field: "URL, Header, Body", Why: err.Error()}
	}
	return g, nil
}

func pattern(field, text string) (*template.Template, error) {
	if text == "" {
		return nil, &notify.InvalidError{Field: field, Why: "required"}
	}
	t, err := template.New(field).Option("missingkey=zero").Funcs(template.FuncMap{"json": quoteJSON, "query": url.QueryEscape}).Parse(text)
	if err != nil {
		return nil, &notify.InvalidError{Field: field, Value: text, Why: err.Error()}
	}
	return t, nil
}

func quoteJSON(v any) (string, error) {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	err := enc.Encode(v)
	return strings.TrimSpace(b.String()), err
}

// view is what the patterns see.
type view struct {
	notify.Outgoing
	Key     string
	Seconds int
	Files   []file
}

type file struct{ Name, MediaType, Base64 string }

func (g *Gateway) request(ctx context.Context, o notify.Outgoing) (*http.Request, error) {
	v := view{Outgoing: o, Key: o.Key(), Seconds: int(o.TTL / time.Second)}
	for i, a := range o.Attach {
		if i < len(o.Data) {
			v.Files = append(v.Files, file{a.Name, a.MediaType, base64.StdEncoding.EncodeToString(o.Data[i])})
		}
	}
	render := func(t *template.Template) (string, error) {
		var b strings.Builder
		err := t.Execute(&b, v)
		return b.String(), err
	}
	target, err := render(g.url)
	if err != nil {
		return nil, err
	}
	body, err := render(g.body)
	if err != nil {
		return nil, err
	}
	r, err := http.NewRequestWithContext(ctx, g.c.Method, target, strings.NewReader(body))
	if err != nil {
		return nil, err
	}
	r.GetBody = nil // a request that may have arrived is not repeated behind our back
	for name, t := range g.header {
		value, err := render(t)
		if err != nil {
			return nil, err
		}
		if strings.ContainsAny(value, "\r\n") {
			return nil, fmt.Errorf("header %s has a line break", name)
		}
		r.Header.Set(name, value)
	}
	return r, nil
}

// Send implements [notify.Channel].
func (g *Gateway) Send(ctx context.Context, o notify.Outgoing) notify.Receipt {
	if ctx.Err() != nil {
		return notify.Receipt{Failed: notify.FailureBusy, Code: "context"} // nothing was sent
	}
	if code := smuggles(o); code != "" {
		return notify.Receipt{Failed: notify.FailureRefused, Code: code}
	}
	r, err := g.request(ctx, o)
	if err != nil {
		return notify.Receipt{Failed: notify.FailureRefused, Code: "request: " + err.Error()}
	}
	answer, err := g.c.Client.Do(r)
	if err != nil {
		var op *net.OpError
		if errors.As(err, &op) && op.Op == "dial" && ctx.Err() == nil {
			return notify.Receipt{Failed: notify.FailureBusy, Code: "dial"} // nobody was there to take it
		}
		return notify.Receipt{Code: "no answer"}
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(io.LimitReader(answer.Body, maxAnswer))
	return g.judge(answer, text, err)
}

// judge reads an answer. What cannot be understood leaves the outcome unknown.
func (g *Gateway) judge(answer *http.Response, text []byte, cut error) notify.Receipt {
	outcome := g.status(answer.StatusCode)
	r := notify.Receipt{Level: outcome.Level, Failed: outcome.Failed, Code: strconv.Itoa(answer.StatusCode)}
	if outcome.Failed == notify.FailureBusy {
		if seconds, err := strconv.Atoi(answer.Header.Get("Retry-After")); err == nil && seconds > 0 && seconds <= 86400 {
			r.RetryAfter = time.Duration(seconds) * time.Second
		}
	}
	if g.c.Code == "" && g.c.ID == "" {
		return r
	}
	var doc any
	parsed := cut == nil && decodeJSON(text, &doc) == nil
	if !parsed {
		if outcome.Failed == notify.FailureNone {
			return notify.Receipt{Code: r.Code + ", unreadable"}
		}
		return r
	}
	r.External, _ = lookup(doc, g.c.ID)
	if g.c.Code == "" {
		return r
	}
	if code, ok := lookup(doc, g.c.Code); ok {
		if meaning, known := g.c.Codes[code]; known {
			outcome = meaning
		} else if outcome.Failed == notify.FailureNone {
			outcome = Outcome{} // accepted by HTTP, and something else inside
		}
		r.Level, r.Failed, r.Code = outcome.Level, outcome.Failed, code
	}
	return r
}

func (g *Gateway) status(code int) Outcome {
	if outcome, ok := g.c.Statuses[code]; ok {
		return outcome
	}
	switch {
	case code >= 200 && code < 300:
		return Outcome{Level: notify.LevelAccepted}
	case code == http.StatusTooManyRequests:
		return Outcome{Failed: notify.FailureBusy}
	case code == http.StatusUnauthorized, code == http.StatusPaymentRequired, code == http.StatusForbidden:
		return Outcome{Failed: notify.FailureDenied}
	case code == http.StatusRequestTimeout:
		return Outcome{}
	case code >= 400 && code < 500:
		return Outcome{Failed: notify.FailureRefused}
	}
	return Outcome{}
}

func decodeJSON(text []byte, to any) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(to); err != nil {
		return err
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return errors.New("text behind the end")
	}
	return nil
}

// at walks a path such as "messages.0.id".
func at(doc any, path string) (any, bool) {
	if path == "" {
		return doc, true
	}
	for name := range strings.SplitSeq(path, ".") {
		switch node := doc.(type) {
		case map[string]any:
			next, ok := node[name]
			if !ok {
				return nil, false
			}
			doc = next
		case []any:
			i, err := strconv.Atoi(name)
			if err != nil || i < 0 || i >= len(node) {
				return nil, false
			}
			doc = node[i]
		default:
			return nil, false
		}
	}
	return doc, true
}

// lookup is the scalar at a path, as text.
func lookup(doc any, path string) (string, bool) {
	if path == "" {
		return "", false
	}
	v, ok := at(doc, path)
	if !ok {
		return "", false
	}
	switch v := v.(type) {
	case string:
		return v, true
	case json.Number:
		return v.String(), true
	case bool:
		return strconv.FormatBool(v), true
	}
	return "", false
}
