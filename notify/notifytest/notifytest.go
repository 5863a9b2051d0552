// Package notifytest proves a storage adapter, or a channel, for package notify.
//
// A store that forgets a pending delivery lets an old status reach a site after the new one; a
// channel that answers "failed" when it does not know sends a guest the same message twice. The
// suites hold what package notify asks of its stores and channels as named cases. An adapter's
// test is a line for each:
//
//	func TestStore(t *testing.T) { notifytest.TestStore(t, func(t *testing.T) notify.Store { return open(t) }) }
//
// The store's cases run those of package storetest too, mint keys of their own, and so need no
// empty store where they do not say so. A case that fails prints the rule it tried. The suites may
// miss what is broken; what they report is broken.
package notifytest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"strconv"
	"testing"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// TestStore runs every case for a store: those of package storetest, and notify's own.
func TestStore(t *testing.T, open func(*testing.T) notify.Store) {
	storetest.RunCases(t, Cases(open(t)))
}

// Cases are what TestStore runs.
func Cases(s notify.Store) []storetest.Case {
	cases := storetest.Cases(Fixture(s, storetest.NoErase, notify.KindDelivery))
	group := func(of string, more []storetest.Case) {
		for _, c := range more {
			c.Name = of + ": " + c.Name
			cases = append(cases, c)
		}
	}
	group("address, external", storetest.Cases(Fixture(s, storetest.NoErase|storetest.NoAmount, notify.KindAddress, notify.KindExternal)))
	group("all kinds", storetest.Cases(Fixture(s, storetest.NoErase|storetest.NoAmount|storetest.NoTime|storetest.NoText,
		notify.KindThread, notify.KindDelivery, notify.KindExternal, notify.KindAddress)))
	add := func(name, rule string, run func(ctx context.Context, s notify.Store, id string) error) {
		cases = append(cases, storetest.Case{Name: name, Rule: rule, Run: func(ctx context.Context) error { return run(ctx, s, rand.Text()) }})
	}
	add("delivery", "a delivery comes back exactly", tryDelivery)
	add("pending", "a thread is loaded with its pending deliveries, each under its own key and with its own version", tryPending)
	add("ended", "a delivery that ceases to be pending, or leaves its thread, is not loaded with it any more", tryEnded)
	add("several threads", "threads asked for together bring each its own", tryThreads)
	add("external", "what waits under a provider's ID comes back exactly, and so does whose it is", tryExternal)
	add("facts", "the facts of an address come back exactly", tryFacts)
	add("desk", "a desk over the store sends once, replaces what is unsent, and joins receipts", tryDesk)
	return cases
}

var noon = time.Date(2027, 6, 1, 12, 0, 0, 0, time.UTC)

// Fixture shows a notify store to package storetest, by the given kinds of key.
func Fixture(s notify.Store, lacks storetest.Lacks, kinds ...string) storetest.Fixture[notify.Query, notify.Aggregate, notify.Change] {
	return storetest.Fixture[notify.Query, notify.Aggregate, notify.Change]{
		Store: s,
		Kinds: kinds,
		Lacks: lacks,
		Query: func(keys []store.Key, lock bool) notify.Query { return notify.Query{Keys: keys, Lock: lock} },
		Change: func(steps []storetest.Step) notify.Change {
			var c notify.Change
			for _, st := range steps {
				c.Guards = append(c.Guards, st.Guard)
				if st.Write {
					c.Rows = append(c.Rows, hold(st.Key, st.Value))
				}
			}
			return c
		},
		Row: func(a notify.Aggregate) storetest.Row {
			return storetest.Row{Key: a.Key, Version: a.Version, Value: held(a)}
		},
	}
}

// hold keeps a value in what the kind of key has.
func hold(k store.Key, v storetest.Value) notify.Aggregate {
	a := notify.Aggregate{Key: k}
	switch k.Kind {
	case notify.KindDelivery:
		amount, _ := decimal.NewFromString(v.Amount)
		a.Delivery = &notify.Delivery{
			Message: notify.Message{ID: notify.MessageID(k.ID), NotBefore: v.At, Vars: map[string]string{"text": v.Text}},
			Steps:   []notify.StepReport{{Channel: "sms", Amount: amount}},
		}
	case notify.KindAddress:
		a.Facts = []notify.Fact{{Channel: "sms", Address: k.ID, Text: v.Text, At: v.At}}
	case notify.KindExternal:
		a.Waiting = []notify.Receipt{{Channel: "sms", External: k.ID, Code: v.Text, At: v.At}}
	case notify.KindThread:
		a.Rev, _ = strconv.ParseInt(v.Text, 10, 64)
	}
	return a
}

func held(a notify.Aggregate) (v storetest.Value) {
	switch {
	case a.Delivery != nil:
		v.Text, v.At = a.Delivery.Vars["text"], a.Delivery.NotBefore
		if len(a.Delivery.Steps) == 1 {
			v.Amount = a.Delivery.Steps[0].Amount.String()
		}
	case len(a.Facts) == 1:
		v.Text, v.At = a.Facts[0].Text, a.Facts[0].At
	case len(a.Waiting) == 1:
		v.Text, v.At = a.Waiting[0].Code, a.Waiting[0].At
	case a.Rev != 0:
		v.Text = strconv.FormatInt(a.Rev, 10)
	}
	return v
}

func key(kind, id string) store.Key { return store.Key{Kind: kind, ID: id} }

// sample is a delivery with something in every field.
func sample(id string, thread notify.ThreadID) notify.Delivery {
	return notify.Delivery{
		Message: notify.Message{
			ID: notify.MessageID(id), Template: "check_in", Thread: thread, Rev: 7, By: "olga", Why: "просили «позвонить» \u2028\\",
			To:   notify.Recipient{ID: "card-9", Zone: "Asia/Almaty", Lang: "ru", Addresses: map[notify.ChannelID]string{"sms": "+77011234567", "email": `"a b"@example.com`}},
			Vars: map[string]string{"name": "Айгуль", "code": "<4711>&"}, NotBefore: noon.Add(time.Microsecond), Deadline: noon.Add(24 * time.Hour),
			Attach: []notify.Attachment{{Name: "ваучер.pdf", MediaType: "application/pdf", Ref: "voucher/1"}},
		},
		Category: "service", State: notify.StatePending, Wake: noon.Add(999999 * time.Microsecond), Seq: 5,
		Steps: []notify.StepReport{
			{Channel: "whatsapp", Until: notify.LevelDelivered, Skipped: &notify.Reason{Code: notify.ReasonUnreachable, Got: "x", Limit: "y", Until: noon}},
			{Channel: "sms", Until: notify.LevelDelivered, Level: notify.LevelAccepted, Failed: notify.FailureRefused, Code: "470", External: "wamid.1", Forced: true, Settled: true,
				Tries: 2, Sent: noon, Ends: noon.Add(time.Hour), Delivered: noon.Add(time.Minute), Read: noon.Add(2 * time.Minute),
				Segments: 3, Amount: decimal.RequireFromString("7.123456789012345678"), Currency: "RUB"},
		},
	}
}

// put writes deliveries whatever their versions are, with the threads they name.
func put(ctx context.Context, s notify.Store, deliveries ...notify.Delivery) error {
	var q notify.Query
	for _, d := range deliveries {
		q.Keys = append(q.Keys, key(notify.KindDelivery, string(d.ID)))
	}
	q.Lock = true
	loaded, err := s.Load(ctx, q)
	if err != nil {
		return err
	}
	versions := map[store.Key]int64{}
	for _, a := range loaded {
		versions[a.Key] = a.Version
	}
	var c notify.Change
	for i, d := range deliveries {
		k := q.Keys[i]
		c.Guards = append(c.Guards, store.Guard{Key: k, Version: versions[k], Write: true})
		c.Rows = append(c.Rows, notify.Aggregate{Key: k, Delivery: &d})
	}
	return s.Commit(ctx, c)
}

// load returns the aggregates of one query, by key; every one only once.
func load(ctx context.Context, s notify.Store, keys ...store.Key) (map[store.Key]notify.Aggregate, error) {
	loaded, err := s.Load(ctx, notify.Query{Keys: keys})
	if err != nil {
		return nil, err
	}
	found := map[store.Key]notify.Aggregate{}
	for _, a := range loaded {
		if had, twice := found[a.Key]; twice && had.Version != a.Version {
			return nil, fmt.Errorf("%v was loaded at versions %d and %d", a.Key, had.Version, a.Version)
		}
		found[a.Key] = a
	}
	for _, k := range keys {
		if _, ok := found[k]; !ok {
			return nil, fmt.Errorf("%v was not loaded", k)
		}
	}
	return found, nil
}

// same compares deliveries whose amounts may be spelled differently.
func same(got, want notify.Delivery) error {
	got, want = got.Clone(), want.Clone()
	if len(got.Steps) != len(want.Steps) {
		return fmt.Errorf("got %d steps, want %d", len(got.Steps), len(want.Steps))
	}
	for i := range got.Steps {
		g, w := &got.Steps[i], &want.Steps[i]
		if !g.Amount.Equal(w.Amount) {
			return fmt.Errorf("step %d: got amount %s, want %s", i, g.Amount, w.Amount)
		}
		g.Amount, w.Amount = decimal.Decimal{}, decimal.Decimal{}
	}
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("got  %+v\nwant %+v", got, want)
	}
	return nil
}

func tryDelivery(ctx context.Context, s notify.Store, id string) error {
	want := sample(id, "thread "+notify.ThreadID(id))
	if err := put(ctx, s, want); err != nil {
		return err
	}
	found, err := load(ctx, s, key(notify.KindDelivery, id))
	if err != nil {
		return err
	}
	got := found[key(notify.KindDelivery, id)]
	if got.Delivery == nil {
		return errors.New("the delivery is gone")
	}
	return same(*got.Delivery, want)
}

// pending are the deliveries that came with threads, by thread.
func pending(ctx context.Context, s notify.Store, threads ...string) (map[string]map[string]bool, error) {
	var keys []store.Key
	for _, t := range threads {
		keys = append(keys, key(notify.KindThread, t))
	}
	loaded, err := load(ctx, s, keys...)
	if err != nil {
		return nil, err
	}
	found := map[string]map[string]bool{}
	for k, a := range loaded {
		if a.Delivery == nil {
			continue
		}
		if k != key(notify.KindDelivery, string(a.Delivery.ID)) || a.Version == 0 {
			return nil, fmt.Errorf("delivery %s came as %v at version %d", a.Delivery.ID, k, a.Version)
		}
		t := string(a.Delivery.Thread)
		if found[t] == nil {
			found[t] = map[string]bool{}
		}
		found[t][string(a.Delivery.ID)] = true
	}
	return found, nil
}

func wantPending(ctx context.Context, s notify.Store, thread string, want ...string) error {
	found, err := pending(ctx, s, thread)
	if err != nil {
		return err
	}
	set := map[string]bool{}
	for _, id := range want {
		set[id] = true
	}
	if len(found[thread]) != len(set) || len(set) > 0 && !reflect.DeepEqual(found[thread], set) {
		return fmt.Errorf("thread %s brought %v, want %v", thread, found[thread], want)
	}
	return nil
}

func tryPending(ctx context.Context, s notify.Store, id string) error {
	if err := wantPending(ctx, s, id); err != nil {
		return err
	}
	one, two, other := sample(id+".1", notify.ThreadID(id)), sample(id+".2", notify.ThreadID(id)), sample(id+".3", notify.ThreadID(id)+"x")
	two.Wake = time.Time{}
	if err := put(ctx, s, one, two, other); err != nil {
		return err
	}
	return wantPending(ctx, s, id, id+".1", id+".2")
}

func tryEnded(ctx context.Context, s notify.Store, id string) error {
	var all []notify.Delivery
	var ids []string
	for state := notify.StatePending; state <= notify.StateSuperseded; state++ {
		d := sample(fmt.Sprintf("%s.%s", id, state), notify.ThreadID(id))
		all, ids = append(all, d), append(ids, string(d.ID))
	}
	moves := sample(id+".moves", notify.ThreadID(id))
	if err := put(ctx, s, append(all, moves)...); err != nil {
		return err
	}
	if err := wantPending(ctx, s, id, append(ids, id+".moves")...); err != nil {
		return err
	}
	for i := range all {
		all[i].State = notify.State(i)
	}
	moves.Thread += "x"
	if err := put(ctx, s, append(all, moves)...); err != nil {
		return err
	}
	if err := wantPending(ctx, s, id, ids[0]); err != nil {
		return err
	}
	all[1].State = notify.StatePending
	if err := put(ctx, s, all[1]); err != nil {
		return err
	}
	return wantPending(ctx, s, id, ids[0], ids[1])
}

func tryThreads(ctx context.Context, s notify.Store, id string) error {
	var all []notify.Delivery
	want := map[string]map[string]bool{}
	for _, t := range []string{id + "a", id + "A", id + "é"} {
		for i := range 3 {
			d := sample(fmt.Sprintf("%s.%d", t, i), notify.ThreadID(t))
			all = append(all, d)
			if want[t] == nil {
				want[t] = map[string]bool{}
			}
			want[t][string(d.ID)] = true
		}
	}
	if err := put(ctx, s, all...); err != nil {
		return err
	}
	got, err := pending(ctx, s, id+"a", id+"A", id+"é")
	if err == nil && !reflect.DeepEqual(got, want) {
		err = fmt.Errorf("got %v, want %v", got, want)
	}
	return err
}

// keep writes one aggregate over nothing and reads it back.
func keep(ctx context.Context, s notify.Store, a notify.Aggregate) error {
	if err := s.Commit(ctx, notify.Change{Guards: []store.Guard{{Key: a.Key, Write: true}}, Rows: []notify.Aggregate{a}}); err != nil {
		return err
	}
	found, err := load(ctx, s, a.Key)
	if err != nil {
		return err
	}
	got := found[a.Key]
	got.Version = 0
	if !reflect.DeepEqual(got, a) {
		return fmt.Errorf("got  %+v\nwant %+v", got, a)
	}
	return nil
}

func tryExternal(ctx context.Context, s notify.Store, id string) error {
	r := notify.Receipt{Channel: "sms", External: id, ID: "m", Step: 2, Level: notify.LevelRead, Failed: notify.FailureDenied, Code: "«7»", RetryAfter: 90 * time.Second, At: noon.Add(time.Microsecond)}
	if err := keep(ctx, s, notify.Aggregate{Key: key(notify.KindExternal, "sms|"+id), Waiting: []notify.Receipt{r, {External: id, At: noon}}}); err != nil {
		return err
	}
	return keep(ctx, s, notify.Aggregate{Key: key(notify.KindExternal, "viber|"+id), Message: notify.MessageID(id)})
}

func tryFacts(ctx context.Context, s notify.Store, id string) error {
	return keep(ctx, s, notify.Aggregate{Key: key(notify.KindAddress, "sms|"+id), Rev: 2, Facts: []notify.Fact{
		{Channel: "sms", Address: id, Kind: notify.FactOptOut, Category: "marketing", At: noon},
		{Channel: "sms", Address: id, Kind: notify.FactUnreachable, At: noon.Add(time.Microsecond)},
	}})
}

// Rules are small rules for suites: a person by SMS, a site, letters of a stay.
func Rules() notify.Rules {
	text := []notify.Text{{Lang: "en", Body: "{text}"}}
	return notify.Rules{
		Channels: []notify.ChannelSpec{
			{ID: "sms", Receipts: notify.LevelDelivered, Prices: []notify.Price{{Amount: decimal.RequireFromString("2.5"), Currency: "RUB"}}},
			{ID: "site", Receipts: notify.LevelAccepted, Settle: time.Minute},
		},
		Categories: []notify.Category{{ID: "service"}},
		Plans: []notify.Plan{
			{ID: "person", Steps: []notify.Step{{Channel: "sms", Within: time.Hour}}},
			{ID: "site", Steps: []notify.Step{{Channel: "site", Until: notify.LevelAccepted, Within: time.Hour}}},
		},
		Templates: []notify.Template{
			{ID: "note", Category: "service", Plan: "person", Vars: []string{"text"}, Texts: text},
			{ID: "status", Category: "service", Plan: "site", Vars: []string{"text"}, Texts: text},
		},
		Reminders: []notify.Reminder{{ID: "in", Kind: "stay", From: notify.AnchorStart, Until: notify.AnchorStart, Shift: -24 * time.Hour, Template: "note"}},
	}
}

// answers is a channel of fixed answers.
type answers func(notify.Outgoing) notify.Receipt

func (a answers) Send(_ context.Context, o notify.Outgoing) notify.Receipt { return a(o) }

func tryDesk(ctx context.Context, s notify.Store, id string) error {
	now := noon
	var sent []string
	accept := answers(func(o notify.Outgoing) notify.Receipt {
		sent = append(sent, o.Body)
		return notify.Receipt{Level: notify.LevelAccepted, External: id + o.Key()}
	})
	desk, err := notify.New(notify.Config{Store: s, Rules: Rules(), Now: func() time.Time { return now }, Workers: 1,
		Channels: map[notify.ChannelID]notify.Channel{"sms": accept, "site": accept}})
	if err != nil {
		return err
	}
	stay := notify.Occasion{ID: id, Kind: "stay", Rev: 1, Start: noon.Add(72 * time.Hour), To: notify.Recipient{Addresses: map[notify.ChannelID]string{"sms": id}}, Vars: map[string]string{"text": "first"}}
	if _, err := desk.Post(ctx, stay); err != nil {
		return err
	}
	stay.Rev, stay.Start, stay.Vars = 2, noon.Add(48*time.Hour), map[string]string{"text": "second"}
	posted, err := desk.Post(ctx, stay)
	if err != nil {
		return err
	}
	if len(posted) != 2 || posted[0].State != notify.StatePending || posted[1].State != notify.StateSuperseded {
		return fmt.Errorf("after a move: %+v", posted)
	}
	now = noon.Add(24 * time.Hour)
	only := one(posted[0].ID)
	for range 2 {
		if _, err := desk.Tick(ctx, only, 10); err != nil {
			return err
		}
	}
	if !reflect.DeepEqual(sent, []string{"second"}) {
		return fmt.Errorf("sent %q, want the second once", sent)
	}
	if err := desk.Receive(ctx, notify.Receipt{Channel: "sms", External: id + string(posted[0].ID) + "#0", Level: notify.LevelDelivered}); err != nil {
		return err
	}
	d, err := desk.Delivery(ctx, posted[0].ID)
	if err == nil && d.State != notify.StateReached {
		err = fmt.Errorf("after its receipt the delivery is %s", d.State)
	}
	return err
}

// one is a due list of one delivery.
type one notify.MessageID

func (o one) Due(context.Context, time.Time, int) ([]store.Key, error) {
	return []store.Key{key(notify.KindDelivery, string(o))}, nil
}
