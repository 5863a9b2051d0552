package notify_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store"
)

func storeCursor(s string) store.Cursor { return store.Cursor(s) }

func start(t require.TestingT, e *notify.Engine, m notify.Message, known ...notify.Fact) notify.Delivery {
	d, _, err := e.Start(m, known, noon)
	require.NoError(t, err)
	return d
}

func fact(ch notify.ChannelID, kind notify.FactKind, at time.Time) notify.Fact {
	return notify.Fact{Channel: ch, Address: "+77011234567", Kind: kind, At: at}
}

func skips(d notify.Delivery) map[notify.ChannelID]notify.ReasonCode {
	found := map[notify.ChannelID]notify.ReasonCode{}
	for _, s := range d.Steps {
		if s.Skipped != nil {
			found[s.Channel] = s.Skipped.Code
		}
	}
	return found
}

func channels(d notify.Delivery) (order []notify.ChannelID) {
	for _, s := range d.Steps {
		order = append(order, s.Channel)
	}
	return order
}

func TestStartQuotes(t *testing.T) {
	t.Parallel()
	e := compiled(t)
	d := start(t, e, received("m-1"))
	require.Equal(t, []notify.ChannelID{"whatsapp", "viber", "sms"}, channels(d))
	require.Equal(t, noon, d.Wake)
	require.Equal(t, "0.8", d.Steps[0].Amount.String())
	require.Equal(t, "2.5", d.Steps[2].Amount.String())
	require.Equal(t, 1, d.Steps[2].Segments)
	require.Empty(t, skips(d))

	t.Run("a free window", func(t *testing.T) {
		d := start(t, e, received("m-1"), fact("whatsapp", notify.FactInbound, noon.Add(-23*time.Hour)))
		require.True(t, d.Steps[0].Amount.IsZero())
		require.Equal(t, "RUB", d.Steps[0].Currency)
	})
	t.Run("parts are counted", func(t *testing.T) {
		m := received("m-1")
		m.Vars["name"] = strings.Repeat("Ы", 100)
		d := start(t, e, m)
		require.Equal(t, 2, d.Steps[2].Segments)
		require.Equal(t, "5", d.Steps[2].Amount.String())
	})
	t.Run("cheapest first", func(t *testing.T) {
		m := received("m-1")
		m.Template = "offer"
		known := []notify.Fact{fact("whatsapp", notify.FactConsent, noon), fact("viber", notify.FactConsent, noon), fact("sms", notify.FactConsent, noon)}
		require.Equal(t, []notify.ChannelID{"whatsapp", "viber", "sms"}, channels(start(t, e, m, known...)))
	})
}

func TestSkips(t *testing.T) {
	t.Parallel()
	e := compiled(t)
	ago := noon.Add(-time.Hour)
	for _, c := range []struct {
		name   string
		change func(m *notify.Message)
		known  []notify.Fact
		want   map[notify.ChannelID]notify.ReasonCode
	}{
		{"no address", func(m *notify.Message) { delete(m.To.Addresses, "viber") }, nil,
			map[notify.ChannelID]notify.ReasonCode{"viber": notify.ReasonNoAddress}},
		{"unreachable", nil, []notify.Fact{fact("sms", notify.FactUnreachable, ago)},
			map[notify.ChannelID]notify.ReasonCode{"sms": notify.ReasonUnreachable}},
		{"unreachable, forgotten", nil, []notify.Fact{fact("sms", notify.FactUnreachable, noon.Add(-24*time.Hour))}, nil},
		{"unreachable, then reachable", nil, []notify.Fact{fact("sms", notify.FactUnreachable, ago), fact("sms", notify.FactReachable, ago.Add(1))}, nil},
		{"window closed", func(m *notify.Message) { m.Template = "chat" }, nil,
			map[notify.ChannelID]notify.ReasonCode{"whatsapp": notify.ReasonWindowClosed}},
		{"window about to close", func(m *notify.Message) { m.Template = "chat" }, []notify.Fact{fact("whatsapp", notify.FactInbound, noon.Add(-24*time.Hour+time.Microsecond))}, nil},
		{"window just closed", func(m *notify.Message) { m.Template = "chat" }, []notify.Fact{fact("whatsapp", notify.FactInbound, noon.Add(-24*time.Hour))},
			map[notify.ChannelID]notify.ReasonCode{"whatsapp": notify.ReasonWindowClosed}},
		{"no consent", func(m *notify.Message) { m.Template = "offer" }, []notify.Fact{fact("viber", notify.FactConsent, ago)},
			map[notify.ChannelID]notify.ReasonCode{"whatsapp": notify.ReasonNoConsent, "sms": notify.ReasonNoConsent}},
		{"opted out after consent", func(m *notify.Message) { m.Template = "offer" },
			[]notify.Fact{fact("viber", notify.FactConsent, ago), fact("viber", notify.FactOptOut, ago), fact("sms", notify.FactConsent, ago)},
			map[notify.ChannelID]notify.ReasonCode{"whatsapp": notify.ReasonNoConsent, "viber": notify.ReasonOptedOut}},
		{"a service message goes in spite of an opt-out", nil, []notify.Fact{fact("sms", notify.FactOptOut, ago)}, nil},
		{"no time", func(m *notify.Message) { m.Deadline = noon.Add(29 * time.Second) }, nil,
			map[notify.ChannelID]notify.ReasonCode{"whatsapp": notify.ReasonNoTime, "viber": notify.ReasonNoTime}},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := received("m-1")
			if c.change != nil {
				c.change(&m)
			}
			d := start(t, e, m, c.known...)
			if c.want == nil {
				c.want = map[notify.ChannelID]notify.ReasonCode{}
			}
			require.Equal(t, c.want, skips(d))
			for _, s := range d.Steps {
				if s.Skipped != nil {
					require.NotEmpty(t, s.Skipped.Text("en"))
					require.NotEqual(t, s.Skipped.Text("en"), s.Skipped.Text("ru"))
				}
			}
		})
	}
}

func TestDeadAtOnce(t *testing.T) {
	t.Parallel()
	e := compiled(t)
	for name, change := range map[string]func(m *notify.Message){
		"past the deadline": func(m *notify.Message) { m.Deadline = noon },
		"no addresses":      func(m *notify.Message) { m.To.Addresses = nil },
		"quiet until past the end": func(m *notify.Message) {
			m.Template, m.Deadline, m.NotBefore = "check_in", noon.Add(12*time.Hour), noon.Add(6*time.Hour)
		},
		"not before past the end":     func(m *notify.Message) { m.NotBefore, m.Deadline = noon.Add(2*time.Hour), noon.Add(time.Hour) },
		"consent was never given":     func(m *notify.Message) { m.Template = "offer" },
		"a deadline the moment it is": func(m *notify.Message) { m.Deadline = noon.Add(0) },
	} {
		t.Run(name, func(t *testing.T) {
			m := received("m-1")
			change(&m)
			if m.Template == "check_in" {
				m.Vars = map[string]string{"name": "A", "code": "1"}
			}
			d := start(t, e, m)
			require.Equal(t, notify.StateDead, d.State)
			require.Len(t, skips(d), len(d.Steps), "every step has its reason")
			require.Zero(t, d.Wake)
		})
	}
}

func TestCascadeGoesOn(t *testing.T) {
	t.Parallel()
	e := compiled(t)
	d, out, _ := e.Advance(start(t, e, received("m-1")), nil, noon)
	require.Equal(t, notify.ChannelID("whatsapp"), out.Channel)
	require.Equal(t, "Айгуль, заявка получена.", out.Body)
	require.Equal(t, "received_ru", out.Approved)
	require.Equal(t, 10*time.Minute, out.TTL)
	require.Equal(t, "m-1#0", out.Key())

	answer := func(level notify.Level, failed notify.Failure) notify.Receipt {
		return notify.Receipt{ID: "m-1", Channel: out.Channel, Step: out.Step, Level: level, Failed: failed, External: "x"}
	}
	t.Run("after Within", func(t *testing.T) {
		d, _ := e.Receive(d, answer(notify.LevelAccepted, 0), noon)
		same, out, ev := e.Advance(d, nil, noon.Add(10*time.Minute-time.Microsecond))
		require.Nil(t, out)
		require.Empty(t, ev)
		require.Equal(t, d, same)
		_, out, _ = e.Advance(d, nil, noon.Add(10*time.Minute))
		require.Equal(t, notify.ChannelID("viber"), out.Channel)
	})
	t.Run("at once when refused", func(t *testing.T) {
		d, _ := e.Receive(d, answer(0, notify.FailureRefused), noon.Add(time.Second))
		_, out, _ := e.Advance(d, nil, noon.Add(time.Second))
		require.Equal(t, notify.ChannelID("viber"), out.Channel)
	})
	t.Run("an alert when denied", func(t *testing.T) {
		_, ev := e.Receive(d, answer(0, notify.FailureDenied), noon.Add(time.Second))
		require.Equal(t, notify.EventAlert, ev[len(ev)-1].Kind)
	})
	t.Run("unknown is not sent again", func(t *testing.T) {
		d, _ := e.Receive(d, answer(0, 0), noon.Add(time.Second))
		_, out, _ := e.Advance(d, nil, noon.Add(9*time.Minute))
		require.Nil(t, out)
		_, out, _ = e.Advance(d, nil, noon.Add(10*time.Minute))
		require.Equal(t, notify.ChannelID("viber"), out.Channel)
	})
	t.Run("busy is tried again with what is left of its time", func(t *testing.T) {
		r := answer(0, notify.FailureBusy)
		r.RetryAfter = time.Minute
		d, _ := e.Receive(d, r, noon.Add(time.Second))
		require.WithinRange(t, d.Wake, noon.Add(61*time.Second), noon.Add(76*time.Second))
		again, out, _ := e.Advance(d, nil, d.Wake)
		require.Equal(t, notify.ChannelID("whatsapp"), out.Channel)
		require.Equal(t, "m-1#0", out.Key())
		require.Equal(t, noon.Add(10*time.Minute), d.Wake.Add(out.TTL))
		require.Equal(t, 2, again.Steps[0].Tries)
		r.RetryAfter = time.Hour
		late, _ := e.Receive(d, r, noon.Add(2*time.Second))
		require.Equal(t, d, late, "a busy answer counts once for a try")
	})
	t.Run("read late ends it", func(t *testing.T) {
		d, out, _ := e.Advance(d, nil, noon.Add(10*time.Minute))
		require.NotNil(t, out)
		d, ev := e.Receive(d, notify.Receipt{ID: "m-1", Channel: "whatsapp", Level: notify.LevelRead}, noon.Add(11*time.Minute))
		require.Equal(t, notify.StateReached, d.State)
		require.Equal(t, notify.EventReached, ev[len(ev)-1].Kind)
		require.Zero(t, d.Wake)
		require.True(t, d.Steps[0].Settled)
	})
	t.Run("dead at the end, and alive by a late receipt", func(t *testing.T) {
		now := noon
		for range 10 {
			now = now.Add(time.Hour)
			d, _, _ = e.Advance(d, nil, now)
		}
		require.Equal(t, notify.StateDead, d.State)
		d, _ = e.Receive(d, notify.Receipt{ID: "m-1", Channel: "viber", Step: 1, Level: notify.LevelDelivered}, now)
		require.Equal(t, notify.StateReached, d.State)
	})
}

func TestUnread(t *testing.T) {
	t.Parallel()
	e := compiled(t)
	d, _, _ := e.Advance(start(t, e, received("m-1")), nil, noon)
	d, _ = e.Receive(d, notify.Receipt{ID: "m-1", Channel: "whatsapp", Level: notify.LevelDelivered}, noon.Add(time.Minute))
	require.Equal(t, notify.StateReached, d.State)
	require.Equal(t, noon.Add(time.Minute+2*time.Hour), d.Wake)
	inTime, _ := e.Receive(d, notify.Receipt{ID: "m-1", Channel: "whatsapp", Level: notify.LevelRead}, noon.Add(time.Hour))
	require.Equal(t, notify.StateReached, inTime.State)
	require.Zero(t, inTime.Wake, "nobody is to be told")
	earlier, _ := e.Receive(d, notify.Receipt{ID: "m-1", Channel: "whatsapp", Level: notify.LevelDelivered, At: noon.Add(time.Second)}, noon.Add(2*time.Minute))
	require.Equal(t, noon.Add(time.Second+2*time.Hour), earlier.Wake, "it was delivered earlier than was known")
	d, out, ev := e.Advance(d, nil, d.Wake)
	require.Nil(t, out)
	require.Equal(t, notify.StateUnread, d.State)
	require.Equal(t, notify.EventUnread, ev[0].Kind)
	d, ev = e.Receive(d, notify.Receipt{ID: "m-1", Channel: "whatsapp", Level: notify.LevelRead}, noon.Add(5*time.Hour))
	require.Equal(t, notify.StateReached, d.State)
	require.Equal(t, notify.EventUnreadCleared, ev[1].Kind)
}

// Who takes over after a crash tries an idempotent channel again once the lease is over; in a thread
// once the first try can act no more.
func TestUnansweredClaim(t *testing.T) {
	t.Parallel()
	e := compiled(t)
	for thread, wait := range map[notify.ThreadID]time.Duration{"": time.Minute, "flat-7@site": 2 * time.Minute} {
		m := status(1, "free")
		m.Thread = thread
		d, _, err := e.Start(m, nil, noon)
		require.NoError(t, err)
		d, out, _ := e.Advance(d, nil, noon)
		require.NotNil(t, out)
		_, again, _ := e.Advance(d, nil, noon.Add(wait-time.Microsecond))
		require.Nil(t, again)
		_, again, _ = e.Advance(d, nil, noon.Add(wait))
		require.NotNil(t, again)
		require.Equal(t, out.Key(), again.Key())
		require.Equal(t, time.Hour-wait, again.TTL)
	}
}

func TestQuietHours(t *testing.T) {
	t.Parallel()
	e := compiled(t)
	m := received("m-1")
	m.Template, m.Vars = "check_in", map[string]string{"name": "A", "code": "1"}
	m.To.Zone = "Europe/Berlin"
	for _, c := range []struct{ now, wake string }{
		{"2026-06-01T19:59:59Z", "2026-06-01T19:59:59Z"}, // 21:59:59
		{"2026-06-01T20:00:00Z", "2026-06-02T06:00:00Z"},
		{"2026-06-01T21:59:59Z", "2026-06-02T06:00:00Z"},
		{"2026-03-28T22:30:00Z", "2026-03-29T06:00:00Z"}, // 23:30, before midnight
		{"2026-06-02T05:59:59Z", "2026-06-02T06:00:00Z"},
		{"2026-03-28T23:30:00Z", "2026-03-29T06:00:00Z"}, // the night that is an hour shorter
		{"2026-10-24T22:30:00Z", "2026-10-25T07:00:00Z"}, // and longer
	} {
		now, err := time.Parse(time.RFC3339, c.now)
		require.NoError(t, err)
		d, _, err := e.Start(m, nil, now)
		require.NoError(t, err)
		require.Equal(t, c.wake, d.Wake.UTC().Format(time.RFC3339), c.now)
	}
	// What was taken by day but is sent by night waits for the morning.
	day := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	d, _, err := e.Start(m, nil, day)
	require.NoError(t, err)
	d, out, _ := e.Advance(d, nil, day.Add(10*time.Hour))
	require.Nil(t, out)
	require.Equal(t, "2026-06-02T06:00:00Z", d.Wake.UTC().Format(time.RFC3339))
}

func TestBadMessages(t *testing.T) {
	t.Parallel()
	e := compiled(t)
	for name, change := range map[string]func(m *notify.Message){
		"no ID":                     func(m *notify.Message) { m.ID = "" },
		"NUL in the ID":             func(m *notify.Message) { m.ID = "a\x00" },
		"ID not UTF-8":              func(m *notify.Message) { m.ID = "\xff" },
		"huge ID":                   func(m *notify.Message) { m.ID = notify.MessageID(strings.Repeat("a", 513)) },
		"line break in an address":  func(m *notify.Message) { m.To.Addresses["email"] = "a@b\r\nBcc: c@d" },
		"a missing variable":        func(m *notify.Message) { m.Vars = nil },
		"an undeclared variable":    func(m *notify.Message) { m.Vars["nmae"] = "x" },
		"line break in the subject": func(m *notify.Message) { m.Template, m.Vars = "subject", map[string]string{"name": "a\nBcc: c@d"} },
		"zone":                      func(m *notify.Message) { m.To.Zone = "Mars/Olympus" },
		"the machine's zone":        func(m *notify.Message) { m.To.Zone = "Local" },
		"rev":                       func(m *notify.Message) { m.Rev = -1 },
		"huge variable":             func(m *notify.Message) { m.Vars["name"] = strings.Repeat("a", 1<<20) },
		"attachment without a ref":  func(m *notify.Message) { m.Attach = []notify.Attachment{{Name: "a.pdf"}} },
	} {
		t.Run(name, func(t *testing.T) {
			m := received("m-1")
			change(&m)
			if m.Template == "subject" {
				rules := testRules()
				rules.Templates = append(rules.Templates, notify.Template{ID: "subject", Category: "service", Plan: "letter", Vars: []string{"name"},
					Texts: []notify.Text{{Lang: "en", Subject: "For {name}", Body: "x"}, {Lang: "ru", Subject: "{name}", Body: "x"}}})
				var err error
				e, err = notify.Compile(rules)
				require.NoError(t, err)
			}
			_, _, err := e.Start(m, nil, noon)
			require.ErrorIs(t, err, notify.ErrInvalid)
			var invalid *notify.InvalidError
			require.ErrorAs(t, err, &invalid)
			require.NotEqual(t, invalid.Text("en"), invalid.Text("ru"))
		})
	}
	m := received("m-1")
	m.Template = "recieved"
	_, _, err := e.Start(m, nil, noon)
	var unknown *notify.UnknownError
	require.ErrorAs(t, err, &unknown)
	require.Equal(t, "received", unknown.Nearest)
}

// history runs a message through random advances and receipts and calls see after each move.
func history(t *rapid.T, e *notify.Engine, see func(before notify.Delivery, out *notify.Outgoing, after notify.Delivery, ev []notify.Event, now time.Time)) (notify.Delivery, []notify.Event) {
	m := received("m-1")
	m.Template = rapid.SampledFrom([]notify.TemplateID{"received", "chat", "check_in"}).Draw(t, "template")
	if m.Template == "check_in" {
		m.Vars["code"] = "4711"
	}
	if rapid.Bool().Draw(t, "has deadline") {
		m.Deadline = noon.Add(time.Duration(rapid.IntRange(0, 24*60).Draw(t, "deadline")) * time.Minute)
	}
	now := noon
	var known []notify.Fact
	d, all, err := e.Start(m, known, now)
	require.NoError(t, err)
	see(notify.Delivery{}, nil, d, all, now)
	for range rapid.IntRange(0, 30).Draw(t, "moves") {
		now = now.Add(time.Duration(rapid.IntRange(0, 40).Draw(t, "minutes")) * time.Minute)
		before := d
		var out *notify.Outgoing
		var ev []notify.Event
		switch rapid.IntRange(0, 3).Draw(t, "move") {
		case 0, 1:
			d, out, ev = e.Advance(d, known, now)
		case 2:
			k := rapid.IntRange(0, len(d.Steps)-1).Draw(t, "step")
			d, ev = e.Receive(d, notify.Receipt{ID: d.ID, Step: k, Channel: d.Steps[k].Channel,
				Level: notify.Level(rapid.IntRange(0, 4).Draw(t, "level")), Failed: notify.Failure(rapid.IntRange(0, 4).Draw(t, "failed"))}, now)
		case 3:
			ch := rapid.SampledFrom([]notify.ChannelID{"whatsapp", "viber", "sms"}).Draw(t, "channel")
			known = append(known, fact(ch, notify.FactKind(rapid.IntRange(0, 4).Draw(t, "fact")), now))
		}
		all = append(all, ev...)
		see(before, out, d, ev, now)
	}
	return d, all
}

// Laws 2, 4 and 12.
func TestHistories(t *testing.T) {
	t.Parallel()
	e := compiled(t)
	within := map[notify.ChannelID]time.Duration{}
	for _, p := range testRules().Plans {
		for _, s := range p.Steps {
			within[s.Channel] = s.Within
		}
	}
	almaty, err := time.LoadLocation("Asia/Almaty")
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		reached := false
		d, all := history(t, e, func(before notify.Delivery, out *notify.Outgoing, after notify.Delivery, ev []notify.Event, now time.Time) {
			if out != nil {
				require.False(t, reached, "law 2: sent after it was reached")
				require.LessOrEqual(t, out.TTL, within[out.Channel], "law 4")
				require.Positive(t, out.TTL)
				if !after.Deadline.IsZero() {
					require.LessOrEqual(t, out.TTL, after.Deadline.Sub(now), "law 4")
				}
				if after.Category == "reminder" {
					h := now.In(almaty).Hour()
					require.True(t, h >= 8 && h < 22, "law 4: sent at %s", now.In(almaty))
				}
			}
			for _, s := range after.Steps {
				reached = reached || s.Level >= s.Until
			}
			require.Equal(t, reached, after.State == notify.StateReached || after.State == notify.StateUnread && reached)
			if len(ev) == 0 {
				require.Equal(t, before, after)
			}
		})
		replayed, err := notify.Replay(all)
		require.NoError(t, err)
		require.Equal(t, d, replayed, "law 12")
		seen := map[notify.ChannelID]bool{}
		for _, s := range d.Steps {
			require.False(t, seen[s.Channel], "law 12: one report for each step")
			seen[s.Channel] = true
		}
		require.Len(t, d.Steps, 3)
	})
}

// Law 1: receipts in any order, any number of times, before or after the answer, make the same
// levels, cost and state.
func TestReceiptsAreAJoin(t *testing.T) {
	t.Parallel()
	e := compiled(t)
	rapid.Check(t, func(t *rapid.T) {
		d, out, _ := e.Advance(start(t, e, received("m-1")), nil, noon)
		var receipts []notify.Receipt
		for range rapid.IntRange(1, 6).Draw(t, "receipts") {
			r := notify.Receipt{ID: d.ID, Step: out.Step, Channel: out.Channel, External: "x", At: noon.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "at")) * time.Second)}
			if rapid.Bool().Draw(t, "fails") {
				r.Failed = notify.Failure(rapid.IntRange(1, 4).Draw(t, "failed"))
				r.Code = rapid.SampledFrom([]string{"", "131026", "470"}).Draw(t, "code")
			} else {
				r.Level = notify.Level(rapid.IntRange(0, 4).Draw(t, "level"))
			}
			receipts = append(receipts, r)
		}
		apply := func(order []notify.Receipt) notify.Delivery {
			d := d
			for _, r := range order {
				d, _ = e.Receive(d, r, noon.Add(2*time.Minute))
			}
			d.Wake, d.Seq = time.Time{}, 0 // when it is looked at next, and how many events it took, may differ
			return d
		}
		want := apply(receipts)
		shuffled := rapid.Permutation(append(slices.Clone(receipts), rapid.SliceOfN(rapid.SampledFrom(receipts), 0, 4).Draw(t, "again")...)).Draw(t, "order")
		require.Equal(t, want, apply(shuffled))
	})
}

// Law 5, on 10,000 random cascades: a cheapest plan is a permutation of the plan, ascending by
// price times segments among usable steps, ties as written; and where channels charge at the level
// waited for, no permutation spends less.
func TestCheapest(t *testing.T) {
	t.Parallel()
	const cascades = 10_000
	seed := uint64(20260601)
	t.Logf("seed %d, %d cascades", seed, cascades)
	rnd := rand.New(rand.NewPCG(seed, 0))
	for range cascades {
		n := 1 + rnd.IntN(7)
		rules := notify.Rules{
			Categories: []notify.Category{{ID: "c"}},
			Plans:      []notify.Plan{{ID: "p", Cheapest: true}},
			Templates: []notify.Template{{ID: "t", Category: "c", Plan: "p", Vars: []string{"v"},
				Texts: []notify.Text{{Lang: "en", Body: "{v}"}}}},
		}
		m := notify.Message{ID: "m", Template: "t", Vars: map[string]string{"v": strings.Repeat("x", 1+rnd.IntN(400))}, To: notify.Recipient{Addresses: map[notify.ChannelID]string{}}}
		parts := (len(m.Vars["v"]) + 152) / 153
		if len(m.Vars["v"]) <= 160 {
			parts = 1
		}
		cost, usable, reaches := map[notify.ChannelID]int{}, map[notify.ChannelID]bool{}, map[notify.ChannelID]bool{}
		var written []notify.ChannelID
		for i := range n {
			id := notify.ChannelID(fmt.Sprintf("ch%d", i))
			cents := rnd.IntN(6) * 10
			segments := rnd.IntN(2) == 0
			rules.Channels = append(rules.Channels, notify.ChannelSpec{ID: id, Receipts: notify.LevelDelivered, Charge: notify.LevelDelivered, Segments: segments,
				Prices: []notify.Price{{Amount: decimal.New(int64(cents), -2), Currency: "RUB"}}})
			rules.Plans[0].Steps = append(rules.Plans[0].Steps, notify.Step{Channel: id, Within: time.Minute})
			cost[id] = cents
			if segments {
				cost[id] *= parts
			}
			if usable[id] = rnd.IntN(4) > 0; usable[id] {
				m.To.Addresses[id] = "a"
			}
			reaches[id] = rnd.IntN(2) == 0
			written = append(written, id)
		}
		e, err := notify.Compile(rules)
		require.NoError(t, err)
		d := start(t, e, m)
		require.ElementsMatch(t, written, channels(d))
		last, lastWritten := -1, -1
		for _, s := range d.Steps {
			if s.Skipped != nil {
				continue
			}
			at := slices.Index(written, s.Channel)
			require.True(t, cost[s.Channel] > last || cost[s.Channel] == last && at > lastWritten, "order %v of costs %v", channels(d), cost)
			last, lastWritten = cost[s.Channel], at
			require.Equal(t, decimal.New(int64(cost[s.Channel]), -2).String(), s.Amount.String())
		}

		spent := decimal.Zero
		for now := noon; d.State == notify.StatePending; now = now.Add(time.Minute) {
			var out *notify.Outgoing
			if d, out, _ = e.Advance(d, nil, now); out != nil {
				r := notify.Receipt{ID: "m", Step: out.Step, Level: notify.LevelAccepted}
				if reaches[out.Channel] {
					r.Level = notify.LevelDelivered
				}
				d, _ = e.Receive(d, r, now)
			}
		}
		for _, s := range d.Steps {
			if s.Settled {
				spent = spent.Add(s.Amount)
			}
		}
		least := -1 // whoever reaches first is paid, so the best permutation pays the cheapest that reaches
		for _, id := range written {
			if usable[id] && reaches[id] && (least < 0 || cost[id] < least) {
				least = cost[id]
			}
		}
		require.Equal(t, decimal.New(int64(max(least, 0)), -2).String(), spent.String())
	}
}

func ExampleEngine_Start() {
	engine, _ := notify.Compile(testRules())
	d, _, _ := engine.Start(notify.Message{ID: "m-1", Template: "received", To: notify.Recipient{Addresses: map[notify.ChannelID]string{
		"whatsapp": "+77011234567", "sms": "+77011234567",
	}}, Vars: map[string]string{"name": "Aigul"}}, nil, noon)
	for _, s := range d.Steps {
		if s.Skipped != nil {
			fmt.Println(s.Channel, s.Skipped.Text("en"))
			continue
		}
		fmt.Println(s.Channel, s.Amount, s.Currency)
	}
	// Output:
	// whatsapp 0.8 RUB
	// viber no address on this channel
	// sms 2.5 RUB
}

func ExampleEngine_Advance() {
	engine, _ := notify.Compile(testRules())
	d, _, _ := engine.Start(received("m-1"), nil, noon)
	d, out, _ := engine.Advance(d, nil, noon)
	fmt.Println(out.Channel, out.TTL, d.Wake.Format(time.TimeOnly))
	d, _ = engine.Receive(d, notify.Receipt{ID: out.ID, Step: out.Step, Failed: notify.FailureUnreachable}, noon)
	_, out, _ = engine.Advance(d, nil, noon)
	fmt.Println(out.Channel)
	// Output:
	// whatsapp 10m0s 12:10:00
	// viber
}

func ExampleEngine_Receive() {
	engine, _ := notify.Compile(testRules())
	d, _, _ := engine.Start(received("m-1"), nil, noon)
	d, out, _ := engine.Advance(d, nil, noon)
	d, _ = engine.Receive(d, notify.Receipt{ID: out.ID, Step: out.Step, Level: notify.LevelRead}, noon.Add(time.Minute)) // read implies delivered
	d, _ = engine.Receive(d, notify.Receipt{ID: out.ID, Step: out.Step, Failed: notify.FailureRefused}, noon.Add(2*time.Minute))
	fmt.Println(d.State, d.Steps[0].Level, d.Steps[0].Failed, d.Steps[0].Amount)
	// Output: reached read none 0.8
}

func ExampleReplay() {
	engine, _ := notify.Compile(testRules())
	d, events, _ := engine.Start(received("m-1"), nil, noon)
	_, _, more := engine.Advance(d, nil, noon)
	replayed, err := notify.Replay(append(events, more...))
	fmt.Println(replayed.ID, replayed.State, replayed.Seq, err)
	// Output: m-1 pending 2 <nil>
}

func BenchmarkAdvance(b *testing.B) {
	for _, tpl := range []notify.TemplateID{"received", "offer"} {
		b.Run(string(tpl), func(b *testing.B) {
			e := compiled(b)
			m := received("m-1")
			m.Template = tpl
			known := []notify.Fact{fact("whatsapp", notify.FactConsent, noon), fact("viber", notify.FactConsent, noon), fact("sms", notify.FactConsent, noon)}
			d := start(b, e, m, known...)
			b.ReportAllocs()
			for b.Loop() {
				if _, out, _ := e.Advance(d, known, noon); out == nil {
					b.Fatal("nothing to send")
				}
			}
		})
	}
}

func BenchmarkReceive(b *testing.B) {
	e := compiled(b)
	d, out, _ := e.Advance(start(b, e, received("m-1")), nil, noon)
	r := notify.Receipt{ID: out.ID, Step: out.Step, Channel: out.Channel, Level: notify.LevelDelivered, External: "wamid.1", At: noon.Add(time.Second)}
	b.ReportAllocs()
	for b.Loop() {
		if _, ev := e.Receive(d, r, noon.Add(time.Second)); len(ev) == 0 {
			b.Fatal("no effect")
		}
	}
}
