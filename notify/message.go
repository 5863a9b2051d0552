package notify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

type (
	MessageID  string // names a message, chosen by the caller: the same ID is the same message
	ThreadID   string // names what several messages are about: a stay, a unit on a listing site
	ChannelID  string // names a channel: "sms", "whatsapp", "email"
	CategoryID string // names a category of messages: "service", "marketing"
	PlanID     string // names a plan
	TemplateID string // names a template
)

// A Message is what somebody is to learn.
type Message struct {
	ID       MessageID         `json:"id"`
	Template TemplateID        `json:"template"`
	To       Recipient         `json:"to"`
	Vars     map[string]string `json:"vars,omitempty"` // exactly the variables that the template declares
	Attach   []Attachment      `json:"attach,omitempty"`

	// NotBefore is the earliest moment of sending, Deadline the first moment at which it is too
	// late. Default to at once and never.
	NotBefore time.Time `json:"not_before,omitzero"`
	Deadline  time.Time `json:"deadline,omitzero"`

	// Thread and Rev order messages about one thing: no lower Rev is sent after a higher one.
	// Default to no thread.
	Thread ThreadID `json:"thread,omitempty"`
	Rev    int64    `json:"rev,omitempty"`

	By  string `json:"by,omitempty"`
	Why string `json:"why,omitempty"`
}

// A Recipient is a person, a mailbox or a site.
type Recipient struct {
	ID        string               `json:"id,omitempty"`        // what to find deliveries by; a card's ID, say
	Addresses map[ChannelID]string `json:"addresses,omitempty"` // opaque: a phone number, a user's ID, a mailbox, a URL
	Zone      string               `json:"zone,omitempty"`      // IANA, for quiet hours; defaults to Rules.Zone
	Lang      string               `json:"lang,omitempty"`      // "ru", "en-GB"; defaults to the template's first
}

// An Attachment is fetched by its Ref when the message is sent, so that it is as new as it can be.
type Attachment struct {
	Name      string `json:"name"`
	MediaType string `json:"media_type"`
	Ref       string `json:"ref"` // what Config.Attach is called with
}

// A Channel sends. It must be safe for concurrent use.
//
// Send returns by ctx's deadline. What it is sure of it says: a Level, or a Failed with a Code.
// If it does not know whether the message left (a time-out, a connection cut after the request was
// written, an answer that cannot be read) it must return a Receipt whose Level and Failed are zero,
// for a message that was perhaps sent is never sent again on a channel that is not idempotent.
// It must not send twice by itself, and must not change or keep what o refers to. ID, Step and
// Channel of the Receipt are filled in by the caller. Package notifytest proves these duties.
type Channel interface {
	Send(ctx context.Context, o Outgoing) Receipt
}

// Outgoing is one step of one message, ready to be sent.
type Outgoing struct {
	ID       MessageID
	Step     int
	Channel  ChannelID
	Address  string
	Subject  string
	Body     string
	Approved string            // the provider's template, to be sent with Vars; empty: Body is sent as it is
	Vars     map[string]string // read-only
	Attach   []Attachment      // read-only
	Data     [][]byte          // the content of Attach, in its order
	TTL      time.Duration     // how long the provider may try; 0: the provider's default
	Thread   ThreadID
	Rev      int64
}

// Key returns ID#Step: the same for every try of this step, so a provider that takes an
// idempotency key gets this one.
func (o Outgoing) Key() string { return string(o.ID) + "#" + strconv.Itoa(o.Step) }

// ParseKey returns the message and the step of a Key.
func ParseKey(key string) (MessageID, int, error) {
	id, step, ok := cutLast(key, "#")
	n, err := strconv.Atoi(step)
	if !ok || err != nil || n < 0 || id == "" {
		return "", 0, &InvalidError{Field: "key", Value: key, Why: "want message#step"}
	}
	return MessageID(id), n, nil
}

func cutLast(s, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(s, sep); i >= 0 {
		return s[:i], s[i+len(sep):], true
	}
	return s, "", false
}

// A Receipt tells how far a step has come. The answer to a send is the first one; the rest come by
// webhook: late, twice, in any order. With Level and Failed zero the outcome is unknown.
type Receipt struct {
	Channel    ChannelID     `json:"channel,omitempty"`
	External   string        `json:"external,omitempty"` // the provider's ID of the message
	ID         MessageID     `json:"id,omitempty"`       // with Step: found without External
	Step       int           `json:"step,omitempty"`
	Level      Level         `json:"level,omitzero"`
	Failed     Failure       `json:"failed,omitzero"`
	Code       string        `json:"code,omitempty"`        // the provider's own
	RetryAfter time.Duration `json:"retry_after,omitempty"` // with FailureBusy: how long to wait; 0: our own backoff
	At         time.Time     `json:"at,omitzero"`           // defaults to when it is received
}

// A Fact is something known of an address. The newest of a kind, by At, is the one that counts.
type Fact struct {
	Channel  ChannelID  `json:"channel"`
	Address  string     `json:"address"`
	Kind     FactKind   `json:"kind"`
	Category CategoryID `json:"category,omitempty"` // of a consent or an opt-out; empty: all
	Text     string     `json:"text,omitempty"`     // of an inbound message: a stop word is an opt-out
	At       time.Time  `json:"at,omitzero"`        // defaults to when it is learned
}

// Limits on what is stored, in bytes.
const (
	maxName = 512       // an ID, an address
	maxText = 64 * 1024 // a variable, a reason
)

// instant is t as a store keeps it.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// checkName accepts what every store can keep as a key.
func checkName(field, s string) error {
	if s == "" {
		return &InvalidError{Field: field, Value: s, Why: "empty"}
	}
	return checkText(field, s, maxName)
}

func checkText(field, s string, limit int) error {
	switch {
	case len(s) > limit:
		return &InvalidError{Field: field, Value: s[:32] + "…", Why: fmt.Sprintf("longer than %d bytes", limit)}
	case !utf8.ValidString(s):
		return &InvalidError{Field: field, Value: strconv.QuoteToASCII(s), Why: "not UTF-8"}
	case strings.ContainsRune(s, 0):
		return &InvalidError{Field: field, Value: strconv.QuoteToASCII(s), Why: "has a NUL character"}
	}
	return nil
}

// checkLine also refuses CR and LF, with which an address or a subject could smuggle in a header.
func checkLine(field, s string, limit int) error {
	if err := checkText(field, s, limit); err != nil {
		return err
	}
	if strings.ContainsAny(s, "\r\n") {
		return &InvalidError{Field: field, Value: strconv.QuoteToASCII(s), Why: "has a line break"}
	}
	return nil
}

// check is what holds of every message, whatever the rules.
func (m Message) check() error {
	if err := checkName("id", string(m.ID)); err != nil {
		return err
	}
	for _, f := range []struct {
		field, text string
		limit       int
	}{
		{"thread", string(m.Thread), maxName},
		{"to.id", m.To.ID, maxName},
		{"to.lang", m.To.Lang, maxName},
		{"by", m.By, maxName},
		{"why", m.Why, maxText},
	} {
		if err := checkText(f.field, f.text, f.limit); err != nil {
			return err
		}
	}
	for _, ch := range slices.Sorted(maps.Keys(m.To.Addresses)) {
		if err := checkName("to.addresses", string(ch)); err != nil {
			return err
		}
		if err := checkLine("to.addresses."+string(ch), m.To.Addresses[ch], maxName); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(m.Vars)) {
		if err := checkText("vars."+name, m.Vars[name], maxText); err != nil {
			return err
		}
	}
	for i, a := range m.Attach {
		field := fmt.Sprintf("attach[%d]", i)
		for _, s := range []string{a.Name, a.MediaType, a.Ref} {
			if err := checkLine(field, s, maxName); err != nil {
				return err
			}
		}
		if a.Ref == "" {
			return &InvalidError{Field: field + ".ref", Why: "empty"}
		}
	}
	if m.Rev < 0 {
		return &InvalidError{Field: "rev", Value: strconv.FormatInt(m.Rev, 10), Why: "below zero"}
	}
	return nil
}

// normal is m as it is stored: instants in UTC, and absent things in one spelling only.
func (m Message) normal() Message {
	m.NotBefore, m.Deadline = instant(m.NotBefore), instant(m.Deadline)
	m.Vars = maps.Clone(m.Vars)
	m.Attach = slices.Clone(m.Attach)
	m.To.Addresses = maps.Clone(m.To.Addresses)
	maps.DeleteFunc(m.To.Addresses, func(_ ChannelID, address string) bool { return address == "" })
	if len(m.Vars) == 0 {
		m.Vars = nil
	}
	if len(m.Attach) == 0 {
		m.Attach = nil
	}
	if len(m.To.Addresses) == 0 {
		m.To.Addresses = nil
	}
	return m
}

// mismatch names the first field in which two normal messages of one ID differ. By and Why are
// not content.
func (m Message) mismatch(o Message) error {
	differ := func(field string, had, got any) error {
		return &MismatchError{ID: m.ID, Field: field, Had: fmt.Sprint(had), Got: fmt.Sprint(got)}
	}
	switch {
	case m.Template != o.Template:
		return differ("template", m.Template, o.Template)
	case m.To.ID != o.To.ID:
		return differ("to.id", m.To.ID, o.To.ID)
	case !maps.Equal(m.To.Addresses, o.To.Addresses):
		return differ("to.addresses", m.To.Addresses, o.To.Addresses)
	case m.To.Zone != o.To.Zone:
		return differ("to.zone", m.To.Zone, o.To.Zone)
	case m.To.Lang != o.To.Lang:
		return differ("to.lang", m.To.Lang, o.To.Lang)
	case !maps.Equal(m.Vars, o.Vars):
		return differ("vars", m.Vars, o.Vars)
	case !slices.Equal(m.Attach, o.Attach):
		return differ("attach", m.Attach, o.Attach)
	case !m.NotBefore.Equal(o.NotBefore):
		return differ("not_before", m.NotBefore, o.NotBefore)
	case !m.Deadline.Equal(o.Deadline):
		return differ("deadline", m.Deadline, o.Deadline)
	case m.Thread != o.Thread:
		return differ("thread", m.Thread, o.Thread)
	case m.Rev != o.Rev:
		return differ("rev", m.Rev, o.Rev)
	}
	return nil
}
