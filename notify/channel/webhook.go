package channel

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/tenure-go/tenure/notify"
)

// ErrSignature is what every refusal to trust a webhook unwraps to.
var ErrSignature = errors.New("channel: the webhook cannot be trusted")

// A SignatureError tells why a webhook is not trusted: "missing", "malformed", "forged", "stale"
// or "replayed". Nothing of such a webhook may be used.
type SignatureError struct{ Why string }

func (e *SignatureError) Error() string { return "channel: webhook: " + e.Text("en") }

// Text says it in English ("en") or Russian ("ru").
func (e *SignatureError) Text(lang string) string {
	if lang == "ru" {
		said := map[string]string{"missing": "нет подписи", "malformed": "подпись не читается", "forged": "подпись неверна", "stale": "подпись устарела", "replayed": "уже было получено"}
		return said[e.Why]
	}
	said := map[string]string{"missing": "there is no signature", "malformed": "the signature cannot be read", "forged": "the signature is wrong", "stale": "the signature is too old", "replayed": "it came before"}
	return said[e.Why]
}

func (e *SignatureError) Unwrap() error { return ErrSignature }

// Stale is how far a webhook's time may be from now.
const Stale = 5 * time.Minute

// Webhook describes what a provider posts back. It is signed with HMAC-SHA-256 over the time, a
// dot and the body; the header says "t=1717243200,v1=HEX", where v1 may occur several times while
// a secret is changed. A provider that repeats a webhook must sign it anew.
type Webhook struct {
	Secrets   []string // any of them; none: every webhook is refused
	Signature string   // the header's name; defaults to "X-Signature"

	// Items is the path to the list of events; empty: the body is one event, or a list.
	// The other paths start at an event.
	Items string

	External  string             // to the provider's ID of the message
	Reference string             // to what the request called .Key
	Status    string             // to the status, whose meaning Outcomes gives; others are no receipts
	Outcomes  map[string]Outcome // defaults to accepted, sent, delivered, read; failed and undelivered are refused
	Reason    string             // to the code of a failure
	Reasons   map[string]Outcome // overrides Outcomes where a failure has this code
	At        string             // to the time: RFC 3339, or seconds of Unix time

	From string // to the address of somebody who wrote
	Text string // to what they wrote
}

var defaultOutcomes = map[string]Outcome{
	"accepted":    {Level: notify.LevelAccepted},
	"sent":        {Level: notify.LevelSent},
	"delivered":   {Level: notify.LevelDelivered},
	"read":        {Level: notify.LevelRead},
	"failed":      {Failed: notify.FailureRefused},
	"undelivered": {Failed: notify.FailureUnreachable},
}

func (w *Webhook) check() error {
	for _, s := range w.Secrets {
		if len(s) < 16 {
			return &notify.InvalidError{Field: "Secrets", Why: "shorter than 16 bytes"}
		}
	}
	return nil
}

// Sign returns the header value for a body posted at t: for tests, and for sites of one's own.
func Sign(secret string, body []byte, t time.Time) string {
	stamp := strconv.FormatInt(t.Unix(), 10)
	return "t=" + stamp + ",v1=" + hex.EncodeToString(sum(secret, stamp, body))
}

func sum(secret, stamp string, body []byte) []byte {
	mac := hmac.New(sha256.New, []byte(secret))
	mac.Write([]byte(stamp + "."))
	mac.Write(body)
	return mac.Sum(nil)
}

// Parse checks a webhook's signature and returns its receipts and facts. A webhook that is forged,
// older than [Stale] or was parsed before is a [SignatureError]; one that is longer than 1 MiB, or
// is not what Webhook describes, a [notify.InvalidError]. Then nothing is returned.
func (g *Gateway) Parse(header http.Header, body []byte, now time.Time) ([]notify.Receipt, []notify.Fact, error) {
	if len(body) > maxAnswer {
		return nil, nil, &notify.InvalidError{Field: "body", Value: fmt.Sprintf("%d bytes", len(body)), Why: "longer than 1 MiB"}
	}
	name := g.c.Signature
	if name == "" {
		name = "X-Signature"
	}
	mac, err := g.c.verify(header.Get(name), body, now)
	if err != nil {
		return nil, nil, err
	}
	receipts, facts, err := g.c.read(g.c.Channel, body)
	if err != nil {
		return nil, nil, err
	}
	if g.replayed(mac, now) {
		return nil, nil, &SignatureError{Why: "replayed"}
	}
	return receipts, facts, nil
}

// verify returns the signature by which the body can be trusted.
func (w *Webhook) verify(header string, body []byte, now time.Time) (mac string, err error) {
	if header == "" {
		return "", &SignatureError{Why: "missing"}
	}
	var stamp string
	var signed [][]byte
	for part := range strings.SplitSeq(header, ",") {
		key, value, ok := strings.Cut(strings.TrimSpace(part), "=")
		if !ok {
			return "", &SignatureError{Why: "malformed"}
		}
		switch key {
		case "t":
			stamp = value
		case "v1":
			raw, err := hex.DecodeString(value)
			if err != nil || len(signed) == 8 {
				return "", &SignatureError{Why: "malformed"}
			}
			signed = append(signed, raw)
		}
	}
	seconds, err := strconv.ParseInt(stamp, 10, 64)
	if err != nil || len(signed) == 0 {
		return "", &SignatureError{Why: "malformed"}
	}
	for _, secret := range w.Secrets {
		want := sum(secret, stamp, body)
		for _, s := range signed {
			if hmac.Equal(s, want) {
				mac = string(want)
			}
		}
	}
	if mac == "" {
		return "", &SignatureError{Why: "forged"}
	}
	if age := now.Unix() - seconds; age > int64(Stale/time.Second) || age < -int64(Stale/time.Second) {
		return "", &SignatureError{Why: "stale"}
	}
	return mac, nil
}

// replayed remembers a signature for as long as it would not be stale.
func (g *Gateway) replayed(mac string, now time.Time) bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	for m, until := range g.seen {
		if now.After(until) {
			delete(g.seen, m)
		}
	}
	if _, ok := g.seen[mac]; ok {
		return true
	}
	g.seen[mac] = now.Add(2 * Stale)
	return false
}

func (w *Webhook) read(ch notify.ChannelID, body []byte) ([]notify.Receipt, []notify.Fact, error) {
	var doc any
	if err := decodeJSON(body, &doc); err != nil {
		return nil, nil, &notify.InvalidError{Field: "body", Why: err.Error()}
	}
	items, ok := at(doc, w.Items)
	if !ok {
		return nil, nil, &notify.InvalidError{Field: "body." + w.Items, Why: "missing"}
	}
	list, ok := items.([]any)
	if !ok {
		list = []any{items}
	}
	var receipts []notify.Receipt
	var facts []notify.Fact
	for i, item := range list {
		if _, ok := item.(map[string]any); !ok {
			return nil, nil, &notify.InvalidError{Field: fmt.Sprintf("body.%s[%d]", w.Items, i), Why: "not an object"}
		}
		at, err := w.moment(item)
		if err != nil {
			return nil, nil, err
		}
		if from, ok := lookup(item, w.From); ok && from != "" {
			text, _ := lookup(item, w.Text)
			facts = append(facts, notify.Fact{Channel: ch, Address: from, Kind: notify.FactInbound, Text: text, At: at})
			continue
		}
		if r, ok := w.receipt(ch, item); ok {
			r.At = at
			receipts = append(receipts, r)
		}
	}
	return receipts, facts, nil
}

func (w *Webhook) receipt(ch notify.ChannelID, item any) (notify.Receipt, bool) {
	outcomes := w.Outcomes
	if outcomes == nil {
		outcomes = defaultOutcomes
	}
	status, _ := lookup(item, w.Status)
	outcome, ok := outcomes[status]
	if !ok {
		return notify.Receipt{}, false
	}
	r := notify.Receipt{Channel: ch}
	r.External, _ = lookup(item, w.External)
	if key, ok := lookup(item, w.Reference); ok {
		if id, step, err := notify.ParseKey(key); err == nil {
			r.ID, r.Step = id, step
		}
	}
	if r.External == "" && r.ID == "" {
		return r, false
	}
	r.Code, _ = lookup(item, w.Reason)
	if meaning, ok := w.Reasons[r.Code]; ok && outcome.Failed != notify.FailureNone {
		outcome = meaning
	}
	r.Level, r.Failed = outcome.Level, outcome.Failed
	return r, true
}

func (w *Webhook) moment(item any) (time.Time, error) {
	text, ok := lookup(item, w.At)
	if !ok || text == "" {
		return time.Time{}, nil
	}
	if seconds, err := strconv.ParseInt(text, 10, 64); err == nil && seconds > 0 && seconds < 1<<33 {
		return time.Unix(seconds, 0).UTC(), nil
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return time.Time{}, &notify.InvalidError{Field: w.At, Value: text, Why: "neither RFC 3339 nor seconds of Unix time"}
	}
	return t.UTC(), nil
}
