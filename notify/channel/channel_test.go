package channel_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"net/http"
	"net/mail"
	"net/smtp"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"encoding/base64"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/channel"
	"github.com/tenure-go/tenure/notify/notifytest"
)

var (
	noon     = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	allMoods = []notifytest.Mood{notifytest.Accepts, notifytest.Busy, notifytest.Refuses, notifytest.Denies, notifytest.Hangs, notifytest.Cuts, notifytest.Away}
)

const secret = "a secret of enough bytes"

func gatewayConfig(url string) channel.GatewayConfig {
	return channel.GatewayConfig{
		Channel: "viber", URL: url + "/send?ref={{query .Key}}",
		Header: map[string]string{"X-Token": "t", "Idempotency-Key": "{{.Key}}"},
		Body: `{"to": {{json .Address}}, "text": {{json .Body}}, "ttl": {{.Seconds}}, "template": {{json .Approved}}, "vars": {{json .Vars}},` +
			` "files": [{{range $i, $f := .Files}}{{if $i}},{{end}}{"name": {{json $f.Name}}, "data": {{json $f.Base64}}}{{end}}]}`,
		ID: "messages.0.id", Code: "status",
		Codes: map[string]channel.Outcome{"0": {Level: notify.LevelAccepted}, "6": {Failed: notify.FailureUnreachable}},
		Webhook: channel.Webhook{Secrets: []string{"the old one, still valid", secret}, Items: "events", External: "message.id", Reference: "message.ref",
			Status: "status", Reason: "error.code", Reasons: map[string]channel.Outcome{"131026": {Failed: notify.FailureUnreachable}}, At: "at", From: "from", Text: "text"},
	}
}

func newGateway(t testing.TB, url string) *channel.Gateway {
	t.Helper()
	g, err := channel.NewGateway(gatewayConfig(url))
	require.NoError(t, err)
	return g
}

func TestGateway(t *testing.T) {
	notifytest.TestChannel(t, func(t testing.TB, m notifytest.Mood) notifytest.Far {
		p := newProvider(t, m)
		return notifytest.Far{Channel: newGateway(t, p.URL), Address: "+77011234567", Took: p.took}
	}, allMoods...)
}

func TestSMTP(t *testing.T) {
	notifytest.TestChannel(t, func(t testing.TB, m notifytest.Mood) notifytest.Far {
		s := newMailServer(t, m, false)
		return notifytest.Far{Channel: newSMTP(t, s), Address: "guest@example.com", Took: s.took}
	}, allMoods...)
}

func TestLog(t *testing.T) {
	notifytest.TestChannel(t, func(t testing.TB, _ notifytest.Mood) notifytest.Far {
		var b bytes.Buffer
		return notifytest.Far{Channel: &channel.Log{W: &b}, Address: "the console", Took: func() int { return strings.Count(b.String(), " to the console") }}
	}, notifytest.Accepts)
}

func newSMTP(t testing.TB, s *mailServer) *channel.SMTP {
	t.Helper()
	c, err := channel.NewSMTP(channel.SMTPConfig{Addr: s.addr(), From: "Гостиница <hotel@example.com>", Now: func() time.Time { return noon },
		Auth: smtp.PlainAuth("", "hotel", "password", "127.0.0.1"), TLS: &tls.Config{RootCAs: s.roots, ServerName: "127.0.0.1"}})
	require.NoError(t, err)
	return c
}

func TestGatewayRequest(t *testing.T) {
	t.Parallel()
	p := newProvider(t, notifytest.Accepts)
	r := newGateway(t, p.URL).Send(t.Context(), notify.Outgoing{ID: "stay-1|in", Step: 2, Address: `+7"`, Body: "«Да» & {{.Key}}\n", Approved: "in_ru", TTL: 90 * time.Second,
		Vars: map[string]string{"code": "<1>"}, Attach: []notify.Attachment{{Name: "a"}, {Name: "b"}}, Data: [][]byte{{1}, {2}}})
	require.Equal(t, notify.Receipt{Level: notify.LevelAccepted, External: "ext-1", Code: "0"}, r)
	require.Equal(t, "stay-1|in#2", p.last().header.Get("Idempotency-Key"))
	require.JSONEq(t, `{"to": "+7\"", "text": "«Да» & {{.Key}}\n", "ttl": 90, "template": "in_ru", "vars": {"code": "<1>"}, "files": [{"name": "a", "data": "AQ=="}, {"name": "b", "data": "Ag=="}]}`, p.last().body)
}

// answering is a provider that answers one thing.
func answering(t *testing.T, status int, body string) notify.Receipt {
	c := gatewayConfig("http://provider.example")
	c.Statuses = map[int]channel.Outcome{404: {Failed: notify.FailureUnreachable}}
	c.Client = &http.Client{Transport: transport(func(*http.Request) (*http.Response, error) {
		return &http.Response{StatusCode: status, Header: http.Header{"Retry-After": {"120"}}, Body: io.NopCloser(strings.NewReader(body))}, nil
	})}
	g, err := channel.NewGateway(c)
	require.NoError(t, err)
	return g.Send(t.Context(), notify.Outgoing{ID: "m", Address: "a", Body: "b"})
}

type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

func TestGatewayAnswers(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name   string
		status int
		body   string
		want   notify.Receipt
	}{
		{"accepted", 200, `{"status": 0, "messages": [{"id": 7}]}`, notify.Receipt{Level: notify.LevelAccepted, External: "7", Code: "0"}},
		{"200 with a failure inside", 200, `{"status": 6}`, notify.Receipt{Failed: notify.FailureUnreachable, Code: "6"}},
		{"200 with something nobody knows inside", 200, `{"status": 99}`, notify.Receipt{Code: "99"}},
		{"200 and half an answer", 200, `{"status": 0, "mess`, notify.Receipt{Code: "200, unreadable"}},
		{"200 and HTML", 200, `<html>`, notify.Receipt{Code: "200, unreadable"}},
		{"200 and more behind", 200, `{"status": 0} {"status": 6}`, notify.Receipt{Code: "200, unreadable"}},
		{"no code", 200, `{}`, notify.Receipt{Level: notify.LevelAccepted, Code: "200"}},
		{"busy", 429, ``, notify.Receipt{Failed: notify.FailureBusy, RetryAfter: 2 * time.Minute, Code: "429"}},
		{"denied", 402, `{}`, notify.Receipt{Failed: notify.FailureDenied, Code: "402"}},
		{"refused", 400, `no`, notify.Receipt{Failed: notify.FailureRefused, Code: "400"}},
		{"as the config says", 404, ``, notify.Receipt{Failed: notify.FailureUnreachable, Code: "404"}},
		{"a code decides where HTTP refuses", 400, `{"status": "6"}`, notify.Receipt{Failed: notify.FailureUnreachable, Code: "6"}},
		{"their error: nobody knows", 500, `{}`, notify.Receipt{Code: "500"}},
		{"a proxy's error: nobody knows", 502, `bad gateway`, notify.Receipt{Code: "502, unreadable"}},
		{"a redirect is not followed", 302, `{}`, notify.Receipt{Code: "302"}},
	} {
		t.Run(c.name, func(t *testing.T) { require.Equal(t, c.want, answering(t, c.status, c.body)) })
	}
}

func TestNewGatewayRefuses(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*channel.GatewayConfig){
		"no channel":        func(c *channel.GatewayConfig) { c.Channel = "" },
		"no URL":            func(c *channel.GatewayConfig) { c.URL = "" },
		"a bad pattern":     func(c *channel.GatewayConfig) { c.Body = "{{" },
		"an unknown field":  func(c *channel.GatewayConfig) { c.Body = "{{.Adress}}" },
		"a URL that is not": func(c *channel.GatewayConfig) { c.URL = "http://[" },
		"a short secret":    func(c *channel.GatewayConfig) { c.Secrets = []string{"1234"} },
	} {
		t.Run(name, func(t *testing.T) {
			c := gatewayConfig("http://x")
			change(&c)
			_, err := channel.NewGateway(c)
			require.ErrorIs(t, err, notify.ErrInvalid)
		})
	}
}

func header(value string) http.Header { return http.Header{"X-Signature": {value}} }

const webhook = `{"events": [
	{"message": {"id": "ext-1", "ref": "stay-1|in#2"}, "status": "delivered", "at": 1780315200},
	{"message": {"id": "ext-2"}, "status": "failed", "error": {"code": 131026}, "at": "2026-06-01T15:00:01+03:00"},
	{"message": {"id": "ext-3"}, "status": "typing"},
	{"status": "delivered"},
	{"from": "+7701", "text": "СТОП", "at": "2026-06-01T12:00:02Z"}
]}`

func TestParse(t *testing.T) {
	t.Parallel()
	g := newGateway(t, "http://x")
	receipts, facts, err := g.Parse(header(channel.Sign(secret, []byte(webhook), noon)), []byte(webhook), noon.Add(time.Minute))
	require.NoError(t, err)
	require.Equal(t, []notify.Receipt{
		{Channel: "viber", External: "ext-1", ID: "stay-1|in", Step: 2, Level: notify.LevelDelivered, At: noon},
		{Channel: "viber", External: "ext-2", Failed: notify.FailureUnreachable, Code: "131026", At: noon.Add(time.Second)},
	}, receipts)
	require.Equal(t, []notify.Fact{{Channel: "viber", Address: "+7701", Kind: notify.FactInbound, Text: "СТОП", At: noon.Add(2 * time.Second)}}, facts)
}

func TestParseRefuses(t *testing.T) {
	t.Parallel()
	body := []byte(webhook)
	good := channel.Sign(secret, body, noon)
	for _, c := range []struct {
		name, header, why string
		body              string
		now               time.Time
	}{
		{"no signature", "", "missing", webhook, noon},
		{"no secret of ours", channel.Sign("another secret, as long", body, noon), "forged", webhook, noon},
		{"another body", good, "forged", webhook + " ", noon},
		{"another time", strings.Replace(good, "t=1", "t=2", 1), "forged", webhook, noon},
		{"stale", good, "stale", webhook, noon.Add(channel.Stale + time.Second)},
		{"from the future", good, "stale", webhook, noon.Add(-channel.Stale - time.Second)},
		{"no time", strings.TrimPrefix(good, "t="), "malformed", webhook, noon},
		{"not hex", "t=1,v1=zz", "malformed", webhook, noon},
		{"no pairs", "garbage", "malformed", webhook, noon},
		{"too many", "t=1" + strings.Repeat(",v1=00", 9), "malformed", webhook, noon},
	} {
		t.Run(c.name, func(t *testing.T) {
			receipts, facts, err := newGateway(t, "http://x").Parse(header(c.header), []byte(c.body), c.now)
			var refused *channel.SignatureError
			require.ErrorAs(t, err, &refused)
			require.ErrorIs(t, err, channel.ErrSignature)
			require.Equal(t, c.why, refused.Why)
			require.NotEqual(t, refused.Text("en"), refused.Text("ru"))
			require.Empty(t, receipts)
			require.Empty(t, facts)
		})
	}
	t.Run("replayed", func(t *testing.T) {
		g := newGateway(t, "http://x")
		_, _, err := g.Parse(header(good), body, noon)
		require.NoError(t, err)
		_, _, err = g.Parse(header(good), body, noon.Add(time.Second))
		require.Equal(t, &channel.SignatureError{Why: "replayed"}, err)
		anew := channel.Sign(secret, body, noon.Add(time.Second))
		_, _, err = g.Parse(header(anew), body, noon.Add(time.Second))
		require.NoError(t, err, "signed anew it is a repetition, which receipts bear")
	})
	t.Run("a secret is being changed", func(t *testing.T) {
		both := good + strings.TrimPrefix(channel.Sign("the old one, still valid", body, noon), "t=1780315200")
		_, _, err := newGateway(t, "http://x").Parse(header(both), body, noon)
		require.NoError(t, err)
	})
	for name, text := range map[string]string{
		"not JSON": "{", "no events": "{}", "events of another kind": `{"events": [1]}`, "a bad time": `{"events": [{"status": "read", "at": "yesterday"}]}`,
		"too long": `{"events": "` + strings.Repeat("a", 1<<20) + `"}`, "deep": strings.Repeat("[", 1<<19),
	} {
		t.Run(name, func(t *testing.T) {
			_, _, err := newGateway(t, "http://x").Parse(header(channel.Sign(secret, []byte(text), noon)), []byte(text), noon)
			require.ErrorIs(t, err, notify.ErrInvalid)
		})
	}
}

func FuzzWebhook(f *testing.F) {
	f.Add("t=1780315200,v1=00", webhook, true)
	f.Add("", `{"events": [{"status": "read", "message": {"ref": "#1"}}]}`, true)
	f.Add("t=,v1=", `[]`, false)
	f.Fuzz(func(t *testing.T, sig, body string, signed bool) {
		c := gatewayConfig("http://x")
		c.Items = ""
		g, err := channel.NewGateway(c)
		if err != nil {
			t.Fatal(err)
		}
		if signed {
			sig = channel.Sign(secret, []byte(body), noon)
		}
		receipts, facts, err := g.Parse(header(sig), []byte(body), noon)
		switch {
		case err != nil && (len(receipts) > 0 || len(facts) > 0):
			t.Fatal("an error, and something to use all the same")
		case err != nil && !errors.Is(err, channel.ErrSignature) && !errors.Is(err, notify.ErrInvalid):
			t.Fatalf("not an error of ours: %v", err)
		case err == nil && !signed && !json.Valid([]byte(body)):
			t.Fatal("unsigned garbage was taken")
		}
		desk, err := notify.New(notify.Config{Store: notify.NewMemory(), Rules: notifytest.Rules(),
			Channels: map[notify.ChannelID]notify.Channel{"sms": &channel.Log{}, "site": &channel.Log{}}})
		if err != nil {
			t.Fatal(err)
		}
		if err := desk.Receive(context.Background(), receipts...); err != nil && !errors.Is(err, notify.ErrInvalid) && !errors.Is(err, notify.ErrUnknown) {
			t.Fatal(err)
		}
		if err := desk.Learn(context.Background(), facts...); err != nil && !errors.Is(err, notify.ErrInvalid) {
			t.Fatal(err)
		}
	})
}

func TestMail(t *testing.T) {
	t.Parallel()
	s := newMailServer(t, notifytest.Accepts, false)
	body := "Здравствуйте!\n.\nВаш ваучер во вложении.\r\n" + strings.Repeat("длинная строка ", 50)
	o := notify.Outgoing{ID: "v|letter", Step: 0, Address: "Гость <guest@почта.рф>", Subject: "Ваучер № 01080626 — " + strings.Repeat("важно ", 20), Body: body,
		Attach: []notify.Attachment{{Name: "ваучер.pdf", MediaType: "application/pdf"}, {Name: "x", MediaType: "not a type"}}, Data: [][]byte{bytes.Repeat([]byte{0, 255, '\n', '.'}, 100), nil}}
	smtp := newSMTP(t, s)
	r := smtp.Send(t.Context(), o)
	require.Equal(t, notify.LevelAccepted, r.Level)
	require.Equal(t, "TO:<guest@xn--80a1acny.xn--p1ai>", s.rcpts[0])
	require.True(t, strings.HasPrefix(s.froms[0], "FROM:<hotel@example.com>"))

	m, err := mail.ReadMessage(strings.NewReader(s.mails[0]))
	require.NoError(t, err)
	require.Equal(t, r.External, m.Header.Get("Message-ID"))
	require.Equal(t, "Mon, 01 Jun 2026 12:00:00 +0000", m.Header.Get("Date"))
	subject, err := new(mime.WordDecoder).DecodeHeader(m.Header.Get("Subject"))
	require.NoError(t, err)
	require.Equal(t, o.Subject, subject)
	from, err := m.Header.AddressList("From")
	require.NoError(t, err)
	require.Equal(t, "Гостиница", from[0].Name)
	for line := range strings.Lines(s.mails[0]) {
		require.LessOrEqual(t, len(line), 998)
	}
	media, params, err := mime.ParseMediaType(m.Header.Get("Content-Type"))
	require.NoError(t, err)
	require.Equal(t, "multipart/mixed", media)
	parts := multipart.NewReader(m.Body, params["boundary"])
	for i, want := range []string{strings.ReplaceAll(strings.ReplaceAll(body, "\r\n", "\n"), "\n", "\r\n"), string(o.Data[0]), ""} {
		part, err := parts.NextPart()
		require.NoError(t, err)
		got, err := io.ReadAll(base64.NewDecoder(base64.StdEncoding, part))
		require.NoError(t, err)
		require.Equal(t, want, string(got))
		if i == 1 {
			require.Equal(t, "ваучер.pdf", part.FileName())
		}
	}
	require.Equal(t, r.External, smtp.Send(t.Context(), o).External, "the same step has the same Message-ID")
}

func TestMailRefuses(t *testing.T) {
	t.Parallel()
	require.Equal(t, notify.FailureUnreachable, newSMTP(t, newMailServer(t, notifytest.Accepts, false)).Send(t.Context(), notify.Outgoing{Address: "not an address"}).Failed)
	r := newSMTP(t, newMailServer(t, notifytest.Refuses, false)).Send(t.Context(), notify.Outgoing{ID: "m", Address: "a@example.com"})
	require.Equal(t, notify.FailureUnreachable, r.Failed)
	require.Contains(t, r.Code, "550")

	t.Run("a server without STARTTLS is not trusted", func(t *testing.T) {
		s := newMailServer(t, notifytest.Accepts, true)
		r := newSMTP(t, s).Send(t.Context(), notify.Outgoing{ID: "m", Address: "a@example.com"})
		require.Equal(t, notify.FailureDenied, r.Failed)
		require.Zero(t, s.took())
		open, err := channel.NewSMTP(channel.SMTPConfig{Addr: s.addr(), From: "a@example.com", Plain: true})
		require.NoError(t, err)
		require.Equal(t, notify.LevelAccepted, open.Send(t.Context(), notify.Outgoing{ID: "m", Address: "a@example.com", Body: "x"}).Level)
		require.Contains(t, s.mails[0], "eA==", "a message without attachments has its text")
	})
	t.Run("a server with another certificate is not trusted", func(t *testing.T) {
		s := newMailServer(t, notifytest.Accepts, false)
		c, err := channel.NewSMTP(channel.SMTPConfig{Addr: s.addr(), From: "a@example.com"})
		require.NoError(t, err)
		require.Equal(t, notify.FailureDenied, c.Send(t.Context(), notify.Outgoing{ID: "m", Address: "a@example.com"}).Failed)
		require.Zero(t, s.took())
	})
	for _, c := range []channel.SMTPConfig{{Addr: "nowhere", From: "a@b.example"}, {Addr: "h:25", From: "x"}} {
		_, err := channel.NewSMTP(c)
		require.ErrorIs(t, err, notify.ErrInvalid)
	}
}

// A listing site that is away, then hangs, then works ends with the last status, and the desk
// knows what it knows.
func TestSiteThroughAnOutage(t *testing.T) {
	t.Parallel()
	p := newProvider(t, notifytest.Hangs)
	g, err := channel.NewGateway(channel.GatewayConfig{Channel: "site", URL: p.URL, Body: `{"status": {{json .Body}}}`, ID: "messages.0.id"})
	require.NoError(t, err)
	now := noon
	mem := notify.NewMemory()
	desk, err := notify.New(notify.Config{Store: mem, Rules: notifytest.Rules(), Now: func() time.Time { return now }, Lease: 200 * time.Millisecond,
		Channels: map[notify.ChannelID]notify.Channel{"sms": &channel.Log{}, "site": g}})
	require.NoError(t, err)
	for rev, status := range []string{"held", "free", "sold"} {
		_, err := desk.Send(t.Context(), notify.Message{ID: notify.MessageID(status), Template: "status", Thread: "flat-7", Rev: int64(rev),
			To: notify.Recipient{Addresses: map[notify.ChannelID]string{"site": "flat-7"}}, Vars: map[string]string{"text": status}})
		require.NoError(t, err)
		_, err = desk.Tick(t.Context(), mem, 10)
		require.NoError(t, err)
	}
	require.Equal(t, 1, p.took(), "one in flight, its outcome unknown")
	p.mu.Lock()
	p.mood = notifytest.Accepts
	p.mu.Unlock()
	now = now.Add(2 * time.Minute)
	_, err = desk.Tick(t.Context(), mem, 10)
	require.NoError(t, err)
	require.JSONEq(t, `{"status": "sold"}`, p.last().body)
	require.Equal(t, 2, p.took())
	d, err := desk.Delivery(t.Context(), "sold")
	require.NoError(t, err)
	require.Equal(t, notify.StateReached, d.State)
	require.Equal(t, "ext-2", d.Steps[0].External)
}

func ExampleNewGateway() {
	sms, err := channel.NewGateway(channel.GatewayConfig{
		Channel: "sms",
		URL:     "https://gateway.example/v1/messages",
		Header:  map[string]string{"Authorization": "Bearer token", "Idempotency-Key": "{{.Key}}"},
		Body:    `{"to": {{json .Address}}, "text": {{json .Body}}, "validity": {{.Seconds}}}`,
		ID:      "id",
		Code:    "status",
		Codes: map[string]channel.Outcome{
			"ok":      {Level: notify.LevelAccepted},
			"blocked": {Failed: notify.FailureUnreachable},
		},
	})
	fmt.Println(sms != nil, err)
	// Output: true <nil>
}

func ExampleGateway_Parse() {
	sms, _ := channel.NewGateway(channel.GatewayConfig{
		Channel: "sms", URL: "https://gateway.example", Body: "{}",
		Webhook: channel.Webhook{Secrets: []string{"a secret of enough bytes"}, External: "id", Status: "status"},
	})
	body := []byte(`{"id": "sms-1", "status": "delivered"}`)
	header := http.Header{"X-Signature": {channel.Sign("a secret of enough bytes", body, noon)}}
	receipts, _, err := sms.Parse(header, body, noon)
	fmt.Println(receipts[0].External, receipts[0].Level, err)
	_, _, err = sms.Parse(header, body, noon)
	fmt.Println(err)
	// Output:
	// sms-1 delivered <nil>
	// channel: webhook: it came before
}

func ExampleLog() {
	console := &channel.Log{W: os.Stdout}
	console.Send(context.Background(), notify.Outgoing{Channel: "sms", Address: "+77011234567", Body: "Door code 4711."})
	// Output: sms to +77011234567: Door code 4711.
}

func ExampleNewSMTP() {
	letters, err := channel.NewSMTP(channel.SMTPConfig{Addr: "mail.example.com:587", From: "Hotel <hotel@example.com>", Auth: smtp.PlainAuth("", "hotel", "password", "mail.example.com")})
	fmt.Println(letters != nil, err)
	// Output: true <nil>
}
