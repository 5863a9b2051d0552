package notify_test

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store"
)

// noon is when most tests begin.
var noon = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

func dec(s string) decimal.Decimal { return decimal.RequireFromString(s) }

// testRules are three people's channels and a site, with round prices.
func testRules() notify.Rules {
	rub := func(amount string) []notify.Price { return []notify.Price{{Amount: dec(amount), Currency: "RUB"}} }
	both := func(ru, en string) []notify.Text {
		return []notify.Text{{Lang: "en", Subject: "About your stay", Body: en}, {Lang: "ru", Subject: "О вашем отдыхе", Body: ru}}
	}
	return notify.Rules{
		Channels: []notify.ChannelSpec{
			{ID: "whatsapp", Receipts: notify.LevelRead, Charge: notify.LevelDelivered, Window: 24 * time.Hour, MinTTL: 30 * time.Second, Forget: 30 * 24 * time.Hour,
				Prices: []notify.Price{{Amount: dec("0.80"), Currency: "RUB", FreeInWindow: true}}},
			{ID: "viber", Receipts: notify.LevelRead, Charge: notify.LevelDelivered, MinTTL: 30 * time.Second, MaxTTL: 14 * 24 * time.Hour, Forget: 30 * 24 * time.Hour, Prices: rub("1.20")},
			{ID: "sms", Receipts: notify.LevelDelivered, Charge: notify.LevelAccepted, Segments: true, MaxTTL: 24 * time.Hour, Forget: 24 * time.Hour, Prices: rub("2.50")},
			{ID: "email", Receipts: notify.LevelAccepted},
			{ID: "site", Receipts: notify.LevelAccepted, Idempotent: true, Settle: 2 * time.Minute},
		},
		Categories: []notify.Category{
			{ID: "service"},
			{ID: "reminder", OptOut: true, QuietFrom: clock.New(22, 0, 0, 0), QuietTo: clock.New(8, 0, 0, 0)},
			{ID: "marketing", OptOut: true, Consent: true},
		},
		Plans: []notify.Plan{
			{ID: "person", Steps: []notify.Step{
				{Channel: "whatsapp", Within: 10 * time.Minute, UnreadAlert: 2 * time.Hour},
				{Channel: "viber", Within: 10 * time.Minute},
				{Channel: "sms", Within: time.Hour},
			}},
			{ID: "cheapest", Cheapest: true, Steps: []notify.Step{
				{Channel: "sms", Within: time.Hour},
				{Channel: "viber", Within: 10 * time.Minute},
				{Channel: "whatsapp", Within: 10 * time.Minute},
			}},
			{ID: "letter", Steps: []notify.Step{{Channel: "email", Until: notify.LevelAccepted, Within: time.Hour}}},
			{ID: "site", Steps: []notify.Step{{Channel: "site", Until: notify.LevelAccepted, Within: time.Hour}}},
		},
		Templates: []notify.Template{
			{ID: "received", Category: "service", Plan: "person", Vars: []string{"name"}, Texts: append(both("{name}, заявка получена.", "{name}, we have your inquiry."),
				notify.Text{Lang: "en", Channel: "whatsapp", Body: "{name}, we have your inquiry.", Approved: "received_en"},
				notify.Text{Lang: "ru", Channel: "whatsapp", Body: "{name}, заявка получена.", Approved: "received_ru"})},
			{ID: "offer", Category: "marketing", Plan: "cheapest", Vars: []string{"name"}, Texts: append(both("{name}, скидка.", "{name}, an offer."),
				notify.Text{Lang: "en", Channel: "whatsapp", Body: "{name}, an offer.", Approved: "offer"},
				notify.Text{Lang: "ru", Channel: "whatsapp", Body: "{name}, скидка.", Approved: "offer"})},
			{ID: "chat", Category: "service", Plan: "person", Vars: []string{"name"}, Texts: both("{name}!", "{name}!")},
			{ID: "check_in", Category: "reminder", Plan: "cheapest", Vars: []string{"name", "code"}, Texts: append(both("{name}, код {code}.", "{name}, code {code}."),
				notify.Text{Lang: "en", Channel: "whatsapp", Body: "{name}, code {code}.", Approved: "in"},
				notify.Text{Lang: "ru", Channel: "whatsapp", Body: "{name}, код {code}.", Approved: "in"})},
			{ID: "letter", Category: "service", Plan: "letter", Vars: []string{"name"}, Texts: both("{name}, ваучер.", "{name}, the voucher.")},
			{ID: "status", Category: "service", Plan: "site", Vars: []string{"status"}, Texts: both("{status}", "{status}")},
		},
		Reminders: []notify.Reminder{
			{ID: "received", Kind: "stay", From: notify.AnchorMade, Late: true, Template: "received"},
			{ID: "in", Kind: "stay", From: notify.AnchorStart, Until: notify.AnchorStart, Shift: -24 * time.Hour, Late: true, Template: "check_in"},
			{ID: "out", Kind: "stay", From: notify.AnchorEnd, Until: notify.AnchorEnd, Shift: -3 * time.Hour, Template: "check_in"},
			{ID: "letter", Kind: "trip", From: notify.AnchorStart, Until: notify.AnchorStart, Days: -2, At: clock.New(10, 0, 0, 0), Late: true, Template: "letter"},
			{ID: "status", Kind: "unit", From: notify.AnchorMade, Late: true, Template: "status"},
		},
		Zone: "Europe/Moscow",
	}
}

func guest() notify.Recipient {
	return notify.Recipient{ID: "card-9", Lang: "ru", Zone: "Asia/Almaty", Addresses: map[notify.ChannelID]string{
		"whatsapp": "+77011234567", "viber": "+77011234567", "sms": "+77011234567", "email": "guest@example.com",
	}}
}

func received(id notify.MessageID) notify.Message {
	return notify.Message{ID: id, Template: "received", To: guest(), Vars: map[string]string{"name": "Айгуль"}}
}

func compiled(t tester) *notify.Engine {
	t.Helper()
	e, err := notify.Compile(testRules())
	require.NoError(t, err)
	return e
}

// A hand is a clock that the test moves.
type hand struct {
	mu sync.Mutex
	at time.Time
}

func (h *hand) now() time.Time        { h.mu.Lock(); defer h.mu.Unlock(); return h.at }
func (h *hand) set(t time.Time)       { h.mu.Lock(); defer h.mu.Unlock(); h.at = t }
func (h *hand) move(by time.Duration) { h.mu.Lock(); defer h.mu.Unlock(); h.at = h.at.Add(by) }

// A probe is a channel that answers as the test says and remembers what it was given.
type probe struct {
	mu     sync.Mutex
	sent   []notify.Outgoing
	answer func(notify.Outgoing) notify.Receipt // defaults to accepted
}

func (p *probe) Send(_ context.Context, o notify.Outgoing) notify.Receipt {
	p.mu.Lock()
	p.sent = append(p.sent, o)
	answer := p.answer
	p.mu.Unlock()
	if answer != nil {
		return answer(o)
	}
	return notify.Receipt{Level: notify.LevelAccepted, External: "ext:" + o.Key()}
}

func (p *probe) say(answer func(notify.Outgoing) notify.Receipt) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answer = answer
}

func (p *probe) all() []notify.Outgoing {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]notify.Outgoing(nil), p.sent...)
}

// A rig is a desk over memory with a probe behind every channel.
type rig struct {
	*notify.Desk
	clock  *hand
	memory *notify.Memory
	probe  *probe
	attach func(ref string) ([]byte, error)
}

func newRig(t tester, change ...func(*notify.Config)) *rig {
	t.Helper()
	r := &rig{clock: &hand{at: noon}, memory: notify.NewMemory(), probe: &probe{}}
	c := notify.Config{
		Store: r.memory, Rules: testRules(), Now: r.clock.now, StopWords: []string{"СТОП", "STOP"},
		Channels: map[notify.ChannelID]notify.Channel{},
		Attach: func(_ context.Context, ref string) ([]byte, error) {
			if r.attach != nil {
				return r.attach(ref)
			}
			return []byte(ref), nil
		},
	}
	for _, f := range change {
		f(&c)
	}
	for _, spec := range c.Rules.Channels {
		if c.Channels[spec.ID] == nil {
			c.Channels[spec.ID] = r.probe
		}
	}
	desk, err := notify.New(c)
	require.NoError(t, err)
	r.Desk = desk
	return r
}

// tick lets everything happen that is due now.
func (r *rig) tick(t tester) {
	t.Helper()
	for range 100 {
		n, err := r.Desk.Tick(t.Context(), r.memory, 1000)
		require.NoError(t, err)
		if n == 0 {
			return
		}
	}
	require.Fail(t, "ticks without end")
	t.FailNow()
}

func (r *rig) delivery(t tester, id notify.MessageID) notify.Delivery {
	t.Helper()
	d, err := r.Desk.Delivery(t.Context(), id)
	require.NoError(t, err)
	return d
}

// events are all that the feed has.
func events(t tester, f notify.Feed) []notify.Event {
	t.Helper()
	var all []notify.Event
	for cursor := ""; ; {
		some, next, err := f.Since(t.Context(), storeCursor(cursor), 1000)
		require.NoError(t, err)
		if len(some) == 0 {
			return all
		}
		all, cursor = append(all, some...), string(next)
	}
}

// take returns what was sent since the last take.
func (p *probe) take() []notify.Outgoing {
	p.mu.Lock()
	defer p.mu.Unlock()
	sent := p.sent
	p.sent = nil
	return sent
}

// thread are the deliveries of a thread, by ID, read through its pending ones and the log.
func (r *rig) thread(t tester, id string) []notify.Delivery {
	t.Helper()
	loaded, err := r.memory.Load(t.Context(), notify.Query{Keys: []store.Key{{Kind: notify.KindThread, ID: id}}})
	require.NoError(t, err)
	var found []notify.Delivery
	for _, a := range loaded {
		if a.Delivery != nil {
			found = append(found, *a.Delivery)
		}
	}
	slices.SortFunc(found, func(a, b notify.Delivery) int { return strings.Compare(string(a.ID), string(b.ID)) })
	return found
}

// A tester is a test, a benchmark or a property.
type tester interface {
	require.TestingT
	Helper()
	Context() context.Context
}
