//go:build unix

// Package notify measures package notify, and its desk beside the bare send of nikoksr/notify.
package notify_test

import (
	"context"
	"fmt"
	"math"
	"strconv"
	"strings"
	"testing"
	"time"

	nikoksr "github.com/nikoksr/notify"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/ready"
	"github.com/tenure-go/tenure/notify/sms"
)

var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func message(id, template string, vars map[string]string) notify.Message {
	return notify.Message{ID: notify.MessageID(id), Template: notify.TemplateID(template), Vars: vars,
		To: notify.Recipient{ID: "card-9", Lang: "ru", Zone: "Europe/Moscow", Addresses: map[notify.ChannelID]string{"whatsapp": "+79001234567", "viber": "+79001234567", "sms": "+79001234567"}}}
}

// plans are one whose steps go as written and one that goes the cheapest way.
var plans = map[string]notify.Message{
	"written":  message("deal-7|missed", "missed_call", map[string]string{"name": "Айгуль", "phone": "+77270000000"}),
	"cheapest": message("stay-1|out", "check_out", map[string]string{"name": "Айгуль", "place": "Лесной дом", "until": "12:00"}),
}

var known = []notify.Fact{
	{Channel: "whatsapp", Address: "+79001234567", Kind: notify.FactInbound, At: noon.Add(-time.Hour)},
	{Channel: "sms", Address: "+79001234567", Kind: notify.FactReachable, At: noon.Add(-time.Hour)},
}

func started(b *testing.B, m notify.Message) (*notify.Engine, notify.Delivery) {
	engine, err := notify.Compile(ready.Rules())
	require.NoError(b, err)
	d, _, err := engine.Start(m, known, noon)
	require.NoError(b, err)
	return engine, d
}

// decide says how many decisions a second of one core makes, the collector's part included, and
// what one takes in the best of many rounds too short for a neighbour on the machine to break into
// all of them.
func decide(b *testing.B, decision func()) {
	b.ReportAllocs()
	since := cpu()
	for b.Loop() {
		decision()
	}
	used := cpu() - since
	if used > 0 {
		b.ReportMetric(float64(b.N)/used.Seconds(), "decisions/cpu-s")
	}
	const rounds, round = 300, 200
	best := time.Duration(math.MaxInt64)
	for range rounds {
		start := time.Now()
		for range round {
			decision()
		}
		best = min(best, time.Since(start))
	}
	b.ReportMetric(float64(best.Nanoseconds())/round, "best-ns/op")
}

// An Advance that sends: the dearest decision there is.
func BenchmarkNotifyAdvance(b *testing.B) {
	for _, plan := range []string{"written", "cheapest"} {
		b.Run(plan, func(b *testing.B) {
			engine, d := started(b, plans[plan])
			decide(b, func() {
				if _, out, _ := engine.Advance(d, known, noon); out == nil {
					b.Fatal("nothing to send")
				}
			})
		})
	}
}

// An Advance that finds nothing to do yet.
func BenchmarkNotifyAdvanceEarly(b *testing.B) {
	engine, d := started(b, plans["written"])
	d, _, _ = engine.Advance(d, known, noon)
	decide(b, func() {
		if _, out, _ := engine.Advance(d, known, noon.Add(time.Minute)); out != nil {
			b.Fatal("sent again")
		}
	})
}

// A Receive that reaches.
func BenchmarkNotifyReceive(b *testing.B) {
	engine, d := started(b, plans["written"])
	d, out, _ := engine.Advance(d, known, noon)
	r := notify.Receipt{ID: out.ID, Step: out.Step, Channel: out.Channel, External: "wamid.1", Level: notify.LevelDelivered, At: noon.Add(time.Second)}
	decide(b, func() {
		if _, events := engine.Receive(d, r, noon.Add(2*time.Second)); len(events) == 0 {
			b.Fatal("no effect")
		}
	})
}

func BenchmarkNotifySMSCount(b *testing.B) {
	for _, c := range []struct{ name, text string }{
		{"gsm", strings.Repeat("Your flat is ready. Key code 4711. ", 8)},
		{"ucs2", strings.Repeat("Квартира готова, код ключа 4711. ", 8)},
	} {
		b.Run(c.name, func(b *testing.B) {
			n := float64(len([]rune(c.text)))
			b.ReportAllocs()
			for b.Loop() {
				sms.Count(c.text)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/n, "ns/char")
		})
	}
}

// nowhere takes every message, for both.
type nowhere struct{}

func (nowhere) Send(context.Context, notify.Outgoing) notify.Receipt {
	return notify.Receipt{Level: notify.LevelDelivered}
}

type nowhereElse struct{}

func (nowhereElse) Send(context.Context, string, string) error { return nil }

// One message: through a desk over the memory store (taken, claimed, sent, answered, all of it
// kept), and through the bare send of nikoksr/notify, which keeps nothing.
func BenchmarkNotifyMessage(b *testing.B) {
	b.Run("tenure", func(b *testing.B) {
		mem := notify.NewMemory()
		channels := map[notify.ChannelID]notify.Channel{}
		for _, spec := range ready.Rules().Channels {
			channels[spec.ID] = nowhere{}
		}
		desk, err := notify.New(notify.Config{Store: mem, Rules: ready.Rules(), Channels: channels, Now: func() time.Time { return noon }, Workers: 1})
		require.NoError(b, err)
		b.ReportAllocs()
		n := 0
		for b.Loop() {
			n++
			m := plans["written"]
			m.ID = notify.MessageID(strconv.Itoa(n))
			if _, err := desk.Send(b.Context(), m); err != nil {
				b.Fatal(err)
			}
			if moved, err := desk.Tick(b.Context(), mem, 1); moved != 1 || err != nil {
				b.Fatal(moved, err)
			}
		}
	})
	b.Run("nikoksr", func(b *testing.B) {
		n := nikoksr.New()
		n.UseServices(nowhereElse{})
		b.ReportAllocs()
		for b.Loop() {
			text := fmt.Sprintf("%s, не смогли дозвониться. Перезвоните нам, пожалуйста: %s.", "Айгуль", "+77270000000")
			if err := n.Send(b.Context(), "", text); err != nil {
				b.Fatal(err)
			}
		}
	})
}
