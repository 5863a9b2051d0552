package notify_test

import (
	"container/heap"
	"context"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/notify"
)

// errCrash is what a desk meets when its process dies in a commit.
var errCrash = errors.New("the process died")

// A shaky store loses its process now and then: just before a commit, or just after it.
type shaky struct {
	notify.Store
	mu  sync.Mutex
	rnd *rand.Rand
}

func (s *shaky) Commit(ctx context.Context, c notify.Change) error {
	s.mu.Lock()
	dice := s.rnd.IntN(200)
	s.mu.Unlock()
	if dice == 0 {
		return errCrash
	}
	if err := s.Store.Commit(ctx, c); err != nil {
		return err
	}
	if dice == 1 {
		return errCrash
	}
	return nil
}

// A mail is a receipt on its way back.
type mail struct {
	at time.Time
	n  int
	r  notify.Receipt
}

type mails []mail

func (m mails) Len() int { return len(m) }
func (m mails) Less(i, j int) bool {
	return m[i].at.Before(m[j].at) || m[i].at.Equal(m[j].at) && m[i].n < m[j].n
}
func (m mails) Swap(i, j int) { m[i], m[j] = m[j], m[i] }
func (m *mails) Push(x any)   { *m = append(*m, x.(mail)) }
func (m *mails) Pop() any     { last := (*m)[len(*m)-1]; *m = (*m)[:len(*m)-1]; return last }

// A world is the providers and the networks: it sends what it is told to, loses, doubles, delays
// and reorders what it answers, and keeps its own books.
type world struct {
	mu    sync.Mutex
	rnd   *rand.Rand
	clock *hand
	post  mails
	n     int
	sent  map[string]int // how often each key arrived
	busy  map[string]int // of them, turned away as busy
	price map[string]int // cents, by key, as the world prices it
	order []notify.Outgoing
}

func (w *world) Send(_ context.Context, o notify.Outgoing) notify.Receipt {
	w.mu.Lock()
	defer w.mu.Unlock()
	key := o.Key()
	w.sent[key]++
	w.order = append(w.order, o)
	w.price[key] = worldPrice(o)
	r := notify.Receipt{Level: notify.LevelAccepted, External: "ext:" + key}
	switch dice := w.rnd.IntN(100); {
	case dice < 8: // timed out, and it arrived or not
		if dice < 4 {
			w.track(o, r.External)
		}
		return notify.Receipt{}
	case dice < 14:
		w.busy[key]++
		return notify.Receipt{Failed: notify.FailureBusy}
	case dice < 22:
		return notify.Receipt{Failed: notify.FailureRefused, Code: "470"}
	case dice < 30:
		return notify.Receipt{Failed: notify.FailureUnreachable}
	}
	w.track(o, r.External)
	return r
}

// track puts the receipts of a message that went into the post.
func (w *world) track(o notify.Outgoing, external string) {
	levels := []notify.Level{notify.LevelSent}
	if w.rnd.IntN(3) > 0 {
		levels = append(levels, notify.LevelDelivered)
		if w.rnd.IntN(2) == 0 {
			levels = append(levels, notify.LevelRead)
		}
	}
	for _, l := range levels {
		r := notify.Receipt{Channel: o.Channel, External: external, Level: l, At: w.clock.now()}
		if w.rnd.IntN(2) == 0 {
			r.ID, r.Step = o.ID, o.Step
		}
		for copies := w.rnd.IntN(10); copies > 0; copies -= 5 { // lost, once, twice
			w.n++
			heap.Push(&w.post, mail{w.clock.now().Add(time.Duration(w.rnd.IntN(30*60)) * time.Second), w.n, r})
		}
	}
}

// worldPrice is computed from the text alone, by its own rule.
func worldPrice(o notify.Outgoing) int {
	switch o.Channel {
	case "whatsapp":
		return 80
	case "viber":
		return 120
	case "sms":
		units := len([]rune(o.Body)) // all texts here are Cyrillic
		if units <= 70 {
			return 250
		}
		return 250 * ((units + 66) / 67)
	}
	return 0
}

var stormWaves = flag.Int("storm", 1, "waves of 10,000 messages in TestStorm; CI runs 10")

// Laws 2, 3, 6 and 12 in a storm: receipts lost, doubled, late and out of order, two desks, random
// crashes.
func TestStorm(t *testing.T) {
	t.Parallel()
	for seed := range *stormWaves {
		storm(t, uint64(seed), 10_000)
	}
}

func storm(t *testing.T, seed uint64, count int) {
	clock := &hand{at: noon}
	w := &world{rnd: rand.New(rand.NewPCG(seed, 1)), clock: clock, sent: map[string]int{}, busy: map[string]int{}, price: map[string]int{}}
	mem := notify.NewMemory()
	desks := make([]*notify.Desk, 2)
	for i := range desks {
		var err error
		desks[i], err = notify.New(notify.Config{
			Store: &shaky{Store: mem, rnd: rand.New(rand.NewPCG(seed, uint64(2+i)))}, Rules: testRules(), Now: clock.now, Workers: 2,
			Channels: map[notify.ChannelID]notify.Channel{"whatsapp": w, "viber": w, "sms": w, "email": w, "site": w},
		})
		require.NoError(t, err)
	}
	rnd := rand.New(rand.NewPCG(seed, 9))
	message := func(i int) notify.Message {
		phone := fmt.Sprintf("+7701%07d", rnd.IntN(count))
		m := notify.Message{ID: notify.MessageID(fmt.Sprintf("m-%06d", i)), Template: "received", Vars: map[string]string{"name": string([]rune("Ярополкъ Всеволодовичъ Мстиславскій-Долгорукій изъ Новаго Города")[:3+rnd.IntN(60)])},
			To: notify.Recipient{ID: phone, Lang: "ru", Addresses: map[notify.ChannelID]string{"whatsapp": phone, "viber": phone, "sms": phone}}}
		if rnd.IntN(3) == 0 {
			m.Deadline = noon.Add(time.Duration(1+rnd.IntN(600)) * time.Minute)
		}
		if rnd.IntN(4) == 0 {
			delete(m.To.Addresses, "viber")
		}
		return m
	}
	for i := range count {
		m := message(i)
		for { // who meets an error repeats the same message
			if _, err := desks[i%2].Send(t.Context(), m); err == nil {
				break
			}
		}
	}
	for {
		var wait sync.WaitGroup
		for _, d := range desks { // both at once, over the same due list
			wait.Go(func() {
				for range 1 + count/1000 {
					n, err := d.Tick(t.Context(), mem, 1000)
					if err != nil && !errors.Is(err, errCrash) {
						t.Error(err)
						return
					}
					if n == 0 && err == nil {
						return
					}
				}
			})
		}
		wait.Wait()
		require.False(t, t.Failed())
		for len(w.post) > 0 && !w.post[0].at.After(clock.now()) {
			m := heap.Pop(&w.post).(mail)
			for {
				if err := desks[m.n%2].Receive(t.Context(), m.r); err == nil {
					break
				}
			}
		}
		left, err := mem.Due(t.Context(), clock.now().Add(48*time.Hour), 1)
		require.NoError(t, err)
		if len(left) == 0 && len(w.post) == 0 {
			break
		}
		clock.move(5 * time.Minute)
	}

	for key, n := range w.sent {
		require.LessOrEqual(t, n-w.busy[key], 1, "law 3: %s was sent twice", key)
	}
	// The books of the world, against the log of events: what was heard of each key, by its receipts.
	heard := map[string]notify.Level{}
	log := map[notify.MessageID][]notify.Event{}
	for _, e := range events(t, mem) {
		if e.Key.Kind != notify.KindDelivery {
			continue
		}
		log[e.Command] = append(log[e.Command], e)
		if e.Receipt != nil {
			key := notify.Outgoing{ID: e.Command, Step: e.Step}.Key()
			heard[key] = max(heard[key], e.Receipt.Level)
		}
	}
	want := map[notify.ChannelID]int{}
	channelOf := map[string]notify.ChannelID{}
	for _, o := range w.order {
		channelOf[o.Key()] = o.Channel
	}
	for key, cents := range w.price {
		charge := notify.LevelDelivered
		if channelOf[key] == "sms" {
			charge = notify.LevelAccepted
		}
		if heard[key] >= charge {
			want[channelOf[key]] += cents
		}
	}
	states := map[notify.State]int{}
	var after notify.MessageID
	var all []notify.Delivery
	for {
		page, err := mem.Find(t.Context(), notify.Filter{}, after, count)
		require.NoError(t, err)
		if len(page) == 0 {
			break
		}
		all = append(all, page...)
		after = page[len(page)-1].ID
	}
	require.Len(t, all, count)
	for _, d := range all {
		states[d.State]++
		reached := false
		for k, s := range d.Steps {
			reached = reached || s.Level >= s.Until
			key := notify.Outgoing{ID: d.ID, Step: k}.Key()
			if s.Sent.IsZero() && w.sent[key] > 0 || s.Tries < w.sent[key] {
				t.Fatalf("%s: sent %d times, reported %d", key, w.sent[key], s.Tries)
			}
			if d.State == notify.StateDead && s.Skipped == nil && s.Sent.IsZero() {
				t.Fatalf("%s is dead, and step %d says nothing", d.ID, k)
			}
		}
		if d.State == notify.StatePending || reached != (d.State == notify.StateReached || d.State == notify.StateUnread) {
			t.Fatalf("%s is %s, reached %t", d.ID, d.State, reached)
		}
		over := false
		for _, e := range log[d.ID] {
			if over && e.Kind == notify.EventSent {
				t.Fatalf("law 2: %s was sent on after it had reached", d.ID)
			}
			over = over || e.Kind == notify.EventReached
		}
		replayed, err := notify.Replay(log[d.ID])
		if err != nil || replayed.State != d.State || !equalSteps(replayed.Steps, d.Steps) {
			t.Fatalf("law 12: %s: replayed %+v, %v; is %+v", d.ID, replayed, err, d)
		}
	}
	rows, err := notify.Report(func(yield func(notify.Delivery, error) bool) {
		for _, d := range all {
			if !yield(d, nil) {
				return
			}
		}
	})
	require.NoError(t, err)
	total := decimal.Zero
	for _, row := range rows {
		if row.Currency != "" {
			require.Equal(t, decimal.New(int64(want[row.Channel]), -2).String(), row.Cost.String(), "law 6: %s", row.Channel)
			total = total.Add(row.Cost)
		}
	}
	t.Logf("seed %d: %d messages, states %v, %d sends, cost %s RUB", seed, count, states, len(w.order), total)
	require.Greater(t, states[notify.StateReached], count/2)
	require.Positive(t, states[notify.StateDead])
}

func equalSteps(a, b []notify.StepReport) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		x, y := a[i], b[i]
		if (x.Skipped == nil) != (y.Skipped == nil) || x.Skipped != nil && *x.Skipped != *y.Skipped || !x.Amount.Equal(y.Amount) {
			return false
		}
		x.Skipped, y.Skipped, x.Amount, y.Amount = nil, nil, decimal.Zero, decimal.Zero
		if x != y {
			return false
		}
	}
	return true
}
