package notify_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/notify"
)

func TestSendOnce(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	first, err := r.Send(t.Context(), received("m-1"))
	require.NoError(t, err)
	again, err := r.Send(t.Context(), received("m-1"))
	require.NoError(t, err)
	require.Equal(t, first, again, "law 11: the same ID, the same content: one delivery")
	r.tick(t)
	require.Len(t, r.probe.all(), 1)

	other := received("m-1")
	other.Vars["name"] = "Болат"
	_, err = r.Send(t.Context(), other)
	var mismatch *notify.MismatchError
	require.ErrorAs(t, err, &mismatch)
	require.Equal(t, "vars", mismatch.Field)
	require.Len(t, events(t, r.memory), 3) // started, sent, receipt
}

func TestSendAllOrNone(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	bad := received("m-2")
	bad.Vars = nil
	_, err := r.Send(t.Context(), received("m-1"), bad)
	require.ErrorIs(t, err, notify.ErrInvalid)
	_, err = r.Desk.Delivery(t.Context(), "m-1")
	require.ErrorIs(t, err, notify.ErrUnknown)
}

func TestReceiptBeforeTheAnswer(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.probe.say(func(o notify.Outgoing) notify.Receipt {
		// The webhook overtakes the answer.
		require.NoError(t, r.Receive(context.Background(), notify.Receipt{Channel: o.Channel, External: "wamid.7", Level: notify.LevelRead}))
		return notify.Receipt{Level: notify.LevelAccepted, External: "wamid.7"}
	})
	_, err := r.Send(t.Context(), received("m-1"))
	require.NoError(t, err)
	r.tick(t)
	d := r.delivery(t, "m-1")
	require.Equal(t, notify.StateReached, d.State)
	require.Equal(t, notify.LevelRead, d.Steps[0].Level)

	require.NoError(t, r.Receive(t.Context(), notify.Receipt{Channel: "whatsapp", External: "foreign", Level: notify.LevelRead}), "kept")
	require.ErrorIs(t, r.Receive(t.Context(), notify.Receipt{ID: "nobody", Channel: "sms"}), notify.ErrUnknown)
	require.ErrorIs(t, r.Receive(t.Context(), notify.Receipt{Channel: "sms"}), notify.ErrInvalid)
	require.Equal(t, d, r.delivery(t, "m-1"))
}

func TestReceiptsNobodyKnowsAreForgotten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	require.NoError(t, r.Receive(t.Context(), notify.Receipt{Channel: "whatsapp", External: "x", Level: notify.LevelRead}))
	r.clock.move(10 * 24 * time.Hour)
	r.probe.say(func(notify.Outgoing) notify.Receipt {
		return notify.Receipt{Level: notify.LevelAccepted, External: "x"}
	})
	_, err := r.Send(t.Context(), received("m-1"))
	require.NoError(t, err)
	r.tick(t)
	require.Equal(t, notify.LevelAccepted, r.delivery(t, "m-1").Steps[0].Level)
}

// Law 10: an opt-out committed before a claim is honoured.
func TestOptOut(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	m := received("m-1")
	m.Template, m.Vars = "check_in", map[string]string{"name": "A", "code": "1"}
	_, err := r.Send(t.Context(), m)
	require.NoError(t, err)
	for _, ch := range []notify.ChannelID{"whatsapp", "viber"} {
		require.NoError(t, r.Learn(t.Context(), notify.Fact{Channel: ch, Address: "+77011234567", Kind: notify.FactInbound, Text: "  стоп! "}))
	}
	require.NoError(t, r.Learn(t.Context(), notify.Fact{Channel: "sms", Address: "+77011234567", Kind: notify.FactInbound, Text: "стопка"}))
	r.tick(t)
	require.Equal(t, notify.ChannelID("sms"), r.probe.all()[0].Channel)
	require.Equal(t, map[notify.ChannelID]notify.ReasonCode{"whatsapp": notify.ReasonOptedOut, "viber": notify.ReasonOptedOut}, skips(r.delivery(t, "m-1")))
	require.ErrorIs(t, r.Learn(t.Context(), notify.Fact{Channel: "sms", Address: "1", Kind: notify.FactOptOut, Category: "ads"}), notify.ErrUnknown)
	require.ErrorIs(t, r.Learn(t.Context(), notify.Fact{Channel: "sms"}), notify.ErrInvalid)
}

func TestUnreachableIsRememberedAndForgotten(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.probe.say(func(o notify.Outgoing) notify.Receipt {
		if o.Channel == "whatsapp" {
			return notify.Receipt{Failed: notify.FailureUnreachable, Code: "131026"}
		}
		return notify.Receipt{Level: notify.LevelDelivered}
	})
	for i, wait := range []time.Duration{0, time.Hour, 30 * 24 * time.Hour} {
		r.clock.move(wait)
		_, err := r.Send(t.Context(), received(notify.MessageID(fmt.Sprint("m-", i))))
		require.NoError(t, err)
		r.tick(t)
	}
	var order []notify.ChannelID
	for _, o := range r.probe.all() {
		order = append(order, o.Channel)
	}
	require.Equal(t, []notify.ChannelID{"whatsapp", "viber", "viber", "whatsapp", "viber"}, order)
	require.Equal(t, notify.ReasonUnreachable, skips(r.delivery(t, "m-1"))["whatsapp"])
}

func TestForceAndCancel(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	_, err := r.Send(t.Context(), received("m-1"), received("m-2"), received("m-3"))
	require.NoError(t, err)
	r.probe.say(func(notify.Outgoing) notify.Receipt { return notify.Receipt{Failed: notify.FailureRefused} })
	r.tick(t)
	require.Equal(t, notify.StateDead, r.delivery(t, "m-1").State)

	d, err := r.Force(t.Context(), notify.Force{ID: "m-1", Channel: "email", By: "olga", Why: "he rang"})
	require.NoError(t, err)
	require.Equal(t, notify.StatePending, d.State)
	twice, err := r.Force(t.Context(), notify.Force{ID: "m-1", Channel: "email", By: "olga", Why: "he rang"})
	require.NoError(t, err)
	require.Equal(t, d, twice)
	r.probe.say(nil)
	r.tick(t)
	d = r.delivery(t, "m-1")
	require.Equal(t, notify.StateReached, d.State)
	require.Equal(t, []notify.ChannelID{"whatsapp", "viber", "sms", "email"}, channels(d))
	require.True(t, d.Steps[3].Forced)

	var refused *notify.RefusedError
	_, err = r.Force(t.Context(), notify.Force{ID: "m-1", Channel: "sms"})
	require.ErrorAs(t, err, &refused)
	require.Equal(t, notify.ReasonState, refused.Reasons[0].Code)
	_, err = r.Force(t.Context(), notify.Force{ID: "m-2", Channel: "site"})
	require.ErrorAs(t, err, &refused)
	require.Equal(t, notify.ReasonNoAddress, refused.Reasons[0].Code)
	_, err = r.Force(t.Context(), notify.Force{ID: "m-2", Channel: "smss"})
	require.ErrorIs(t, err, notify.ErrUnknown)
	_, err = r.Cancel(t.Context(), notify.Cancel{ID: "m-2"})
	require.ErrorAs(t, err, &refused)

	_, err = r.Send(t.Context(), received("m-4"))
	require.NoError(t, err)
	for range 2 {
		d, err = r.Cancel(t.Context(), notify.Cancel{ID: "m-4", By: "olga", Why: "a mistake"})
		require.NoError(t, err)
		require.Equal(t, notify.StateCancelled, d.State)
		require.Equal(t, int64(2), d.Seq)
	}
	sent := len(r.probe.all())
	r.tick(t)
	require.Len(t, r.probe.all(), sent)
	_, err = r.Cancel(t.Context(), notify.Cancel{ID: "nobody"})
	require.ErrorIs(t, err, notify.ErrUnknown)
}

func TestDeniedPausesTheChannel(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *notify.Config) { c.Workers = 1 })
	r.probe.say(func(o notify.Outgoing) notify.Receipt {
		if o.Channel == "whatsapp" {
			return notify.Receipt{Failed: notify.FailureDenied, Code: "401"}
		}
		return notify.Receipt{Level: notify.LevelDelivered}
	})
	_, err := r.Send(t.Context(), received("m-1"), received("m-2"))
	require.NoError(t, err)
	r.tick(t)
	require.Equal(t, notify.StateReached, r.delivery(t, "m-1").State, "the message goes on")
	waiting := r.delivery(t, "m-2")
	require.Equal(t, notify.StatePending, waiting.State, "others wait for the channel")
	require.Equal(t, noon.Add(10*time.Minute), waiting.Wake)
	var alerts int
	for _, e := range events(t, r.memory) {
		if e.Kind == notify.EventAlert {
			alerts++
			require.Equal(t, "401", e.Why)
		}
	}
	require.Equal(t, 1, alerts)
	r.probe.say(nil)
	r.clock.move(10 * time.Minute)
	r.tick(t)
	require.Equal(t, notify.LevelAccepted, r.delivery(t, "m-2").Steps[0].Level)
}

func TestPerMinute(t *testing.T) {
	t.Parallel()
	r := newRig(t, func(c *notify.Config) {
		for i := range c.Rules.Channels {
			c.Rules.Channels[i].PerMinute = 10
		}
	})
	for i := range 35 {
		_, err := r.Send(t.Context(), received(notify.MessageID(fmt.Sprintf("m-%02d", i))))
		require.NoError(t, err)
	}
	var at []time.Time
	r.probe.say(func(notify.Outgoing) notify.Receipt {
		at = append(at, r.clock.now())
		return notify.Receipt{Level: notify.LevelRead}
	})
	for range 600 {
		_, err := r.Desk.Tick(t.Context(), r.memory, 1)
		require.NoError(t, err)
		r.clock.move(time.Second)
	}
	require.Len(t, at, 35)
	for i := 10; i < len(at); i++ {
		require.GreaterOrEqual(t, at[i].Sub(at[i-10]), time.Minute)
	}
	require.Less(t, at[34].Sub(noon), 5*time.Minute)
}

func TestAttachments(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	letter := notify.Message{ID: "m-1", Template: "letter", To: guest(), Vars: map[string]string{"name": "A"}, Attach: []notify.Attachment{{Name: "v.pdf", MediaType: "application/pdf", Ref: "voucher-1"}}}
	fails := errors.New("the archive is away")
	r.attach = func(string) ([]byte, error) { return nil, fails }
	_, err := r.Send(t.Context(), letter)
	require.NoError(t, err)
	r.tick(t)
	d := r.delivery(t, "m-1")
	require.Equal(t, notify.StatePending, d.State)
	require.True(t, d.Wake.After(noon))
	require.Empty(t, r.probe.all())
	r.attach = nil
	r.clock.set(d.Wake)
	r.tick(t)
	require.Equal(t, [][]byte{[]byte("voucher-1")}, r.probe.all()[0].Data)

	letter.ID = "m-2"
	r.attach = func(ref string) ([]byte, error) { return nil, fmt.Errorf("%s is void: %w", ref, notify.ErrGone) }
	_, err = r.Send(t.Context(), letter)
	require.NoError(t, err)
	r.tick(t)
	d = r.delivery(t, "m-2")
	require.Equal(t, notify.StateDead, d.State)
	require.Equal(t, notify.ReasonAttachmentGone, skips(d)["email"])
	require.Len(t, r.probe.all(), 1)
}

func status(rev int64, status string) notify.Message {
	return notify.Message{ID: notify.MessageID(fmt.Sprint("flat-7@site-", rev)), Template: "status", Thread: "flat-7@site", Rev: rev,
		To: notify.Recipient{ID: "site", Addresses: map[notify.ChannelID]string{"site": "https://site.example/7"}}, Vars: map[string]string{"status": status}}
}

// Law 9, step by step: one revision in flight, unsent older ones superseded, and after an unknown
// outcome the next waits.
func TestThread(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	_, err := r.Send(ctx, status(1, "free"), status(2, "held"))
	require.NoError(t, err)
	require.Equal(t, notify.StateSuperseded, r.delivery(t, "flat-7@site-1").State)
	r.probe.say(func(notify.Outgoing) notify.Receipt { return notify.Receipt{} }) // nobody knows
	r.tick(t)
	_, err = r.Send(ctx, status(3, "sold"))
	require.NoError(t, err)
	r.tick(t)
	require.Len(t, r.probe.all(), 1, "2 may still arrive")
	require.Equal(t, noon.Add(2*time.Minute), r.delivery(t, "flat-7@site-3").Wake)

	_, err = r.Send(ctx, status(1, "free"))
	require.NoError(t, err, "a repeat")
	old := status(2, "free")
	old.ID = "late"
	d, err := r.Send(ctx, old)
	require.NoError(t, err)
	require.Equal(t, notify.StateSuperseded, d[0].State, "older than the thread")

	t.Run("an answer frees the thread", func(t *testing.T) {
		require.NoError(t, r.Receive(ctx, notify.Receipt{ID: "flat-7@site-2", Channel: "site", Failed: notify.FailureRefused}))
		require.Equal(t, notify.StateSuperseded, r.delivery(t, "flat-7@site-2").State)
		require.Equal(t, noon, r.delivery(t, "flat-7@site-3").Wake)
		r.tick(t)
		require.Equal(t, "sold", r.probe.all()[1].Body)
	})
	t.Run("time frees the thread", func(t *testing.T) {
		_, err := r.Send(ctx, status(4, "free"))
		require.NoError(t, err)
		r.tick(t)
		require.Len(t, r.probe.all(), 2)
		r.clock.move(2*time.Minute + time.Second)
		r.tick(t)
		require.Equal(t, "free", r.probe.all()[2].Body)
		require.Equal(t, notify.StateSuperseded, r.delivery(t, "flat-7@site-3").State)
	})
}

func TestIdempotentChannelAsksAgain(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.probe.say(func(notify.Outgoing) notify.Receipt { return notify.Receipt{} })
	_, err := r.Send(t.Context(), status(1, "free"))
	require.NoError(t, err)
	r.tick(t)
	r.probe.say(nil)
	r.clock.move(2*time.Minute - time.Second)
	r.tick(t)
	require.Len(t, r.probe.all(), 1, "it may still act")
	r.clock.move(time.Second)
	r.tick(t)
	sent := r.probe.all()
	require.Len(t, sent, 2)
	require.Equal(t, sent[0].Key(), sent[1].Key())
	require.Equal(t, notify.StateReached, r.delivery(t, "flat-7@site-1").State)
}

func TestInMakesOneAttempt(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	in := r.In(r.memory)
	_, err := in.Send(t.Context(), received("m-1"))
	require.NoError(t, err)
	_, err = in.Tick(t.Context(), r.memory, 1)
	require.ErrorIs(t, err, errors.ErrUnsupported)
}

func TestNewNamesAllProblems(t *testing.T) {
	t.Parallel()
	_, err := notify.New(notify.Config{Rules: testRules(), Channels: map[notify.ChannelID]notify.Channel{"sms": &probe{}}, Workers: -1})
	var faulty *notify.ConfigError
	require.ErrorAs(t, err, &faulty)
	require.ErrorIs(t, err, notify.ErrConfig)
	require.Len(t, faulty.Problems, 4+1+1)
	require.NotEqual(t, faulty.Text("en"), faulty.Text("ru"))
}

func TestReport(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.probe.say(func(o notify.Outgoing) notify.Receipt {
		switch {
		case o.ID == "m-3":
			return notify.Receipt{}
		case o.Channel == "whatsapp":
			return notify.Receipt{Failed: notify.FailureUnreachable}
		}
		return notify.Receipt{Level: notify.LevelDelivered}
	})
	third := received("m-3")
	third.To.Addresses = map[notify.ChannelID]string{"sms": "+79"}
	_, err := r.Send(t.Context(), received("m-1"), third)
	require.NoError(t, err)
	r.tick(t)
	_, err = r.Send(t.Context(), received("m-2"))
	require.NoError(t, err)
	r.tick(t)
	rows, err := notify.Report(func(yield func(notify.Delivery, error) bool) {
		found, err := r.memory.Find(t.Context(), notify.Filter{}, "", 100)
		require.NoError(t, err)
		for _, d := range found {
			if !yield(d, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	require.Len(t, rows, 5) // whatsapp and viber twice: a skipped step without an address has no currency
	by := map[string]notify.ReportRow{}
	for _, row := range rows {
		by[string(row.Channel)+row.Currency] = row
	}
	require.Equal(t, 2, by["viberRUB"].Tried)
	require.Equal(t, 2, by["viberRUB"].Reached)
	require.Equal(t, "2.4", by["viberRUB"].Cost.String())
	require.Equal(t, "1.2", by["viberRUB"].PerReached.String())
	require.Equal(t, 1, by["whatsappRUB"].Failed)
	require.Equal(t, 1, by["whatsappRUB"].Skipped[notify.ReasonUnreachable])
	require.Equal(t, 1, by["whatsapp"].Skipped[notify.ReasonNoAddress])
	require.Equal(t, 1, by["smsRUB"].Unknown)
	require.True(t, by["smsRUB"].Cost.IsZero())
	boom := errors.New("boom")
	_, err = notify.Report(func(yield func(notify.Delivery, error) bool) { yield(notify.Delivery{}, boom) })
	require.ErrorIs(t, err, boom)
}

func Example() {
	ctx := context.Background()
	mem := notify.NewMemory()
	console := &probe{} // package channel has real ones
	desk, err := notify.New(notify.Config{
		Store: mem, Rules: testRules(), Now: func() time.Time { return noon },
		Channels: map[notify.ChannelID]notify.Channel{"whatsapp": console, "viber": console, "sms": console, "email": console, "site": console},
	})
	if err != nil {
		panic(err)
	}
	guest := notify.Recipient{ID: "card-9", Lang: "en", Addresses: map[notify.ChannelID]string{"sms": "+77011234567"}}
	_, _ = desk.Send(ctx, notify.Message{ID: "stay-1|welcome", Template: "received", To: guest, Vars: map[string]string{"name": "Aigul"}})
	_, _ = desk.Tick(ctx, mem, 100)
	d, _ := desk.Delivery(ctx, "stay-1|welcome")
	for _, s := range d.Steps {
		fmt.Println(s.Channel, s.Level, s.Skipped != nil)
	}
	// Output:
	// whatsapp unknown true
	// viber unknown true
	// sms accepted false
}

func ExampleDesk_Post() {
	ctx := context.Background()
	mem := notify.NewMemory()
	p := &probe{}
	desk, _ := notify.New(notify.Config{
		Store: mem, Rules: testRules(), Now: func() time.Time { return noon },
		Channels: map[notify.ChannelID]notify.Channel{"whatsapp": p, "viber": p, "sms": p, "email": p, "site": p},
	})
	stay := notify.Occasion{ID: "stay-1", Kind: "stay", Start: noon.AddDate(0, 0, 3), End: noon.AddDate(0, 0, 5),
		To: notify.Recipient{Addresses: map[notify.ChannelID]string{"sms": "+77011234567"}}, Vars: map[string]string{"name": "Aigul", "code": "4711"}}
	posted, _ := desk.Post(ctx, stay)
	for _, d := range posted {
		fmt.Println(d.ID, d.State)
	}
	stay.Rev, stay.Start, stay.End = 1, stay.Start.AddDate(0, 0, 7), stay.End.AddDate(0, 0, 7)
	posted, _ = desk.Post(ctx, stay)
	for _, d := range posted {
		fmt.Println(d.ID, d.State)
	}
	// Output:
	// stay-1|in|2026-06-03T12:00:00Z pending
	// stay-1|out|2026-06-06T09:00:00Z pending
	// stay-1|in|2026-06-03T12:00:00Z superseded
	// stay-1|in|2026-06-10T12:00:00Z pending
	// stay-1|out|2026-06-06T09:00:00Z superseded
	// stay-1|out|2026-06-13T09:00:00Z pending
}

// A racing store lets something happen between what a desk loaded and what it commits, once.
type racing struct {
	notify.Store
	happen func()
}

func (r *racing) Commit(ctx context.Context, c notify.Change) error {
	if happen := r.happen; happen != nil {
		r.happen = nil
		happen()
	}
	return r.Store.Commit(ctx, c)
}

// Law 10: an opt-out, a cancellation or a newer revision that is committed before the claim is, is
// honoured, however late.
func TestOvertakenClaims(t *testing.T) {
	t.Parallel()
	for name, overtake := range map[string]func(*testing.T, *rig){
		"an opt-out": func(t *testing.T, r *rig) {
			for _, ch := range []notify.ChannelID{"whatsapp", "viber", "sms"} {
				require.NoError(t, r.Learn(t.Context(), fact(ch, notify.FactOptOut, noon)))
			}
		},
		"a cancellation": func(t *testing.T, r *rig) {
			_, err := r.Cancel(t.Context(), notify.Cancel{ID: "m-1"})
			require.NoError(t, err)
		},
		"a newer revision": func(t *testing.T, r *rig) {
			newer := received("m-2")
			newer.Thread, newer.Rev, newer.NotBefore = "t", 2, noon.Add(time.Hour)
			_, err := r.Send(t.Context(), newer)
			require.NoError(t, err)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t)
			race := &racing{Store: r.memory}
			slow, err := notify.New(notify.Config{Store: race, Rules: testRules(), Now: r.clock.now,
				Channels: map[notify.ChannelID]notify.Channel{"whatsapp": r.probe, "viber": r.probe, "sms": r.probe, "email": r.probe, "site": r.probe}})
			require.NoError(t, err)
			m := received("m-1")
			m.Template, m.Vars, m.Thread, m.Rev = "check_in", map[string]string{"name": "A", "code": "1"}, "t", 1
			_, err = r.Send(t.Context(), m)
			require.NoError(t, err)
			race.happen = func() { overtake(t, r) }
			_, err = slow.Tick(t.Context(), r.memory, 10)
			require.NoError(t, err)
			require.Empty(t, r.probe.all())
			require.NotEqual(t, notify.StatePending, r.delivery(t, "m-1").State)
		})
	}
}

// A step that was quoted as impossible, and whose turn never came, counts nowhere.
func TestReportCountsTurns(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.probe.say(func(notify.Outgoing) notify.Receipt { return notify.Receipt{Level: notify.LevelRead} })
	m := received("m-1")
	delete(m.To.Addresses, "viber")
	_, err := r.Send(t.Context(), m)
	require.NoError(t, err)
	r.tick(t)
	d := r.delivery(t, "m-1")
	require.NotEmpty(t, skips(d))
	rows, err := notify.Report(func(yield func(notify.Delivery, error) bool) { yield(d, nil) })
	require.NoError(t, err)
	require.Len(t, rows, 1)
	require.Equal(t, notify.ChannelID("whatsapp"), rows[0].Channel)
	require.Equal(t, 1, rows[0].Reached)
}
