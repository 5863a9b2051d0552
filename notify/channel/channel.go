// Package channel has the channels that most services begin with: a log, an HTTP gateway (a
// messenger's or an SMS provider's API, a listing site), and SMTP.
//
//	whatsapp, err := channel.NewGateway(channel.GatewayConfig{
//		Channel: "whatsapp",
//		URL:     "https://gateway.example/v1/messages",
//		Header:  map[string]string{"Authorization": "Bearer " + token, "Idempotency-Key": "{{.Key}}"},
//		Body:    `{"to": {{json .Address}}, "text": {{json .Body}}, "ttl": {{.Seconds}}}`,
//		ID:      "messages.0.id",
//		Secrets: []string{secret},
//	})
//	desk, err := notify.New(notify.Config{Channels: map[notify.ChannelID]notify.Channel{"whatsapp": whatsapp, ...}, ...})
//	// in the handler of its webhooks:
//	receipts, facts, err := whatsapp.Parse(request.Header, body, time.Now())
//	err = errors.Join(desk.Receive(ctx, receipts...), desk.Learn(ctx, facts...))
//
// Whoever writes another channel proves it with notifytest.TestChannel.
package channel

import (
	"context"
	"fmt"
	"io"
	"strings"
	"sync"

	"github.com/tenure-go/tenure/notify"
)

// A Log writes messages instead of sending them: for a first run, for tests, and for staff who
// read a console.
type Log struct {
	// W is written to, one message at a time.
	// Defaults to nowhere.
	W io.Writer

	// Level is what the receipts say.
	// Defaults to delivered.
	Level notify.Level

	mu sync.Mutex
}

// Send implements [notify.Channel].
func (l *Log) Send(ctx context.Context, o notify.Outgoing) notify.Receipt {
	if ctx.Err() != nil {
		return notify.Receipt{Failed: notify.FailureBusy, Code: "context"} // nothing was written
	}
	if code := smuggles(o); code != "" {
		return notify.Receipt{Failed: notify.FailureRefused, Code: code}
	}
	level := l.Level
	if level == notify.LevelUnknown {
		level = notify.LevelDelivered
	}
	if l.W != nil {
		var b strings.Builder
		fmt.Fprintf(&b, "%s to %s", o.Channel, o.Address)
		if o.Subject != "" {
			fmt.Fprintf(&b, " [%s]", o.Subject)
		}
		fmt.Fprintf(&b, ": %s", strings.ReplaceAll(o.Body, "\n", "\n    "))
		for _, a := range o.Attach {
			fmt.Fprintf(&b, " (+ %s)", a.Name)
		}
		b.WriteByte('\n')
		l.mu.Lock()
		_, err := io.WriteString(l.W, b.String())
		l.mu.Unlock()
		if err != nil {
			return notify.Receipt{} // some of it may be there
		}
	}
	return notify.Receipt{Level: level, External: o.Key()}
}

// smuggles names the field with a line break, by which a header could be smuggled in.
func smuggles(o notify.Outgoing) string {
	for _, f := range []struct{ name, text string }{{"address", o.Address}, {"subject", o.Subject}} {
		if strings.ContainsAny(f.text, "\r\n\x00") {
			return "line_break_in_" + f.name
		}
	}
	return ""
}
