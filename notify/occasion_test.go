package notify_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"sort"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/notify"
)

func at(t require.TestingT, s string) time.Time {
	v, err := time.Parse("2006-01-02 15:04 -0700", s)
	require.NoError(t, err)
	return v.UTC()
}

func trip(id string, rev int64, start time.Time) notify.Occasion {
	return notify.Occasion{ID: id, Kind: "trip", Thread: "R-100", Rev: rev, Start: start, Zone: "Europe/Moscow", To: guest(),
		Vars: map[string]string{"name": "A"}, Attach: []notify.Attachment{{Name: "v.pdf", MediaType: "application/pdf", Ref: id}}}
}

func TestRemind(t *testing.T) {
	t.Parallel()
	e := compiled(t)
	stay := notify.Occasion{ID: "stay-1", Kind: "stay", Made: noon, Start: noon.AddDate(0, 0, 3), End: noon.AddDate(0, 0, 5), To: guest(),
		Vars: map[string]string{"name": "A", "code": "1", "unused": "x"}}
	ids := func(o notify.Occasion, now time.Time) (ids []string) {
		for _, m := range e.Remind(o, now) {
			ids = append(ids, string(m.ID))
		}
		return ids
	}
	require.Equal(t, []string{"stay-1|received|2026-06-01T12:00:00Z", "stay-1|in|2026-06-03T12:00:00Z", "stay-1|out|2026-06-06T09:00:00Z"}, ids(stay, noon))
	require.Equal(t, ids(stay, noon), ids(stay, noon.Add(50*time.Hour)), "what is late still goes")
	require.Equal(t, []string{"stay-1|received|2026-06-01T12:00:00Z"}, ids(stay, noon.AddDate(0, 0, 5)), "past its deadline, or not late")
	ms := e.Remind(stay, noon)
	require.Equal(t, map[string]string{"name": "A"}, ms[0].Vars)
	require.Equal(t, stay.Start, ms[1].Deadline)
	stay.Cancelled = true
	require.Empty(t, e.Remind(stay, noon))
	require.Empty(t, e.Remind(notify.Occasion{ID: "x", Kind: "nothing", Start: noon}, noon))
	require.Empty(t, e.Remind(notify.Occasion{ID: "x", Kind: "trip"}, noon), "no start, no letter")
}

// Law 8: the letter leaves N civil days before at its clock, whatever the clocks do in between.
func TestLetterClock(t *testing.T) {
	t.Parallel()
	rules := testRules()
	for i := range rules.Reminders {
		if rules.Reminders[i].ID == "letter" {
			rules.Reminders[i].At += 30 * 60e9 // 10:30
		}
	}
	e, err := notify.Compile(rules)
	require.NoError(t, err)
	for _, c := range []struct{ zone, start, due string }{
		{"Europe/Berlin", "2026-03-30 00:00 +0200", "2026-03-28 10:30 +0100"}, // 47 h
		{"Europe/Berlin", "2026-10-26 00:00 +0100", "2026-10-24 10:30 +0200"}, // 49 h
		{"Asia/Almaty", "2026-06-08 00:00 +0500", "2026-06-06 10:30 +0500"},
		{"", "2026-06-08 00:00 +0300", "2026-06-06 10:30 +0300"},
	} {
		o := trip("v", 0, at(t, c.start))
		o.Zone = c.zone
		require.True(t, at(t, c.due).Equal(e.Remind(o, noon.AddDate(-1, 0, 0))[0].NotBefore), c.zone)
	}
	// What the clocks skip comes as much later; what they show twice comes the first time.
	rules.Reminders[3].At, rules.Reminders[3].Days = 2*60*60e9+30*60e9, -1
	e, err = notify.Compile(rules)
	require.NoError(t, err)
	for start, due := range map[string]string{"2026-03-30 00:00 +0200": "2026-03-29 03:30 +0200", "2026-10-26 00:00 +0100": "2026-10-25 02:30 +0200"} {
		o := trip("v", 0, at(t, start))
		o.Zone = "Europe/Berlin"
		require.True(t, at(t, due).Equal(e.Remind(o, noon.AddDate(-1, 0, 0))[0].NotBefore), due)
	}
}

func TestPostReplaces(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	ctx := t.Context()
	start := at(t, "2026-06-08 00:00 +0300")
	post := func(o notify.Occasion) []notify.Delivery {
		t.Helper()
		d, err := r.Post(ctx, o)
		require.NoError(t, err)
		return d
	}
	pending := func() (ids []notify.MessageID) {
		state := notify.StatePending
		found, err := r.memory.Find(ctx, notify.Filter{Thread: "R-100", State: &state}, "", 100)
		require.NoError(t, err)
		for _, d := range found {
			ids = append(ids, d.ID)
		}
		return ids
	}
	post(trip("01080626#1", 1, start))
	require.Equal(t, []notify.MessageID{"01080626#1|letter|2026-06-06T07:00:00Z"}, pending())
	log := len(events(t, r.memory))
	post(trip("01080626#1", 1, start))
	require.Len(t, events(t, r.memory), log, "the same again changes nothing")

	post(trip("01080626#2", 2, start))
	require.Equal(t, []notify.MessageID{"01080626#2|letter|2026-06-06T07:00:00Z"}, pending(), "a reissue replaces the unsent letter")
	post(trip("01080626#1", 1, start))
	void := trip("01080626#1", 1, start)
	void.Cancelled = true
	post(void)
	require.Equal(t, []notify.MessageID{"01080626#2|letter|2026-06-06T07:00:00Z"}, pending(), "an older revision changes nothing")

	edited := trip("01080626#2", 3, start)
	edited.Vars = map[string]string{"name": "B"}
	post(edited)
	require.Equal(t, "B", r.delivery(t, pending()[0]).Vars["name"])

	moved := trip("01080626#2", 4, start.AddDate(0, 0, 7))
	post(moved)
	require.Equal(t, []notify.MessageID{"01080626#2|letter|2026-06-13T07:00:00Z"}, pending())
	post(trip("01080626#2", 5, start))
	require.Equal(t, []notify.MessageID{"01080626#2|letter|2026-06-06T07:00:00Z"}, pending(), "moved back")

	void = trip("01080626#2", 6, start)
	void.Cancelled = true
	require.Equal(t, notify.StateCancelled, post(void)[0].State)
	require.Empty(t, pending())
	r.clock.set(at(t, "2026-06-06 10:00 +0300"))
	r.tick(t)
	require.Empty(t, r.probe.all(), "no letter for a void voucher")

	post(trip("02080626#1", 7, start))
	r.tick(t)
	require.Len(t, r.probe.all(), 1)
	require.Equal(t, "02080626#1", r.probe.all()[0].Attach[0].Ref)
	post(trip("02080626#2", 8, start))
	r.tick(t)
	require.Len(t, r.probe.all(), 2, "after the letter left, a reissue is a letter of its own")
}

func TestPostLeavesWhatIsOnItsWay(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	stay := notify.Occasion{ID: "stay-1", Kind: "stay", Rev: 1, Made: noon, Start: noon.AddDate(0, 0, 3), End: noon.AddDate(0, 0, 5), To: guest(), Vars: map[string]string{"name": "A", "code": "1"}}
	_, err := r.Post(t.Context(), stay)
	require.NoError(t, err)
	r.tick(t)
	require.Len(t, r.probe.all(), 1) // received, accepted by WhatsApp, not delivered
	stay.Rev, stay.Vars = 2, map[string]string{"name": "B", "code": "1"}
	_, err = r.Post(t.Context(), stay)
	require.NoError(t, err)
	r.clock.move(10 * time.Minute)
	r.tick(t)
	require.Equal(t, notify.ChannelID("viber"), r.probe.all()[1].Channel, "an edit does not stop the cascade")
	require.Equal(t, "A, заявка получена.", r.probe.all()[1].Body)

	_, err = r.Cancel(t.Context(), notify.Cancel{ID: "stay-1|in|2026-06-03T12:00:00Z", By: "olga"})
	require.NoError(t, err)
	stay.Rev = 3
	_, err = r.Post(t.Context(), stay)
	require.NoError(t, err)
	require.Equal(t, notify.StateCancelled, r.delivery(t, "stay-1|in|2026-06-03T12:00:00Z").State, "what was cancelled by hand stays so")

	stay.Rev, stay.Cancelled = 4, true
	_, err = r.Post(t.Context(), stay)
	require.NoError(t, err)
	r.clock.move(240 * time.Hour)
	r.tick(t)
	require.Len(t, r.probe.all(), 2, "a cancelled stay sends nothing more")
}

func TestBadOccasions(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	for name, change := range map[string]func(o *notify.Occasion){
		"no ID":              func(o *notify.Occasion) { o.ID = "" },
		"no kind":            func(o *notify.Occasion) { o.Kind = "" },
		"zone":               func(o *notify.Occasion) { o.Zone = "Nowhere" },
		"rev":                func(o *notify.Occasion) { o.Rev = -1 },
		"a missing variable": func(o *notify.Occasion) { o.Vars = nil },
		"a hostile thread":   func(o *notify.Occasion) { o.Thread = "\xff" },
	} {
		t.Run(name, func(t *testing.T) {
			o := trip("v", 0, noon.AddDate(0, 0, 7))
			change(&o)
			_, err := r.Post(t.Context(), o)
			require.ErrorIs(t, err, notify.ErrInvalid)
		})
	}
	require.Empty(t, events(t, r.memory))
}

// A ledger is the naive model of one thread of letters: what the last revision says, and what left.
type ledger struct {
	rev    int64
	unsent map[string]promise // by message ID
	sent   map[string]bool
}

type promise struct{ due, deadline time.Time }

// follow applies an occasion of one reminder per kind to the model.
func (l *ledger) follow(o notify.Occasion, now time.Time, reminders func(notify.Occasion) map[string]promise, late func(id string) bool) {
	if o.Rev < l.rev {
		return
	}
	l.rev = o.Rev
	had := l.unsent
	l.unsent = map[string]promise{}
	if o.Cancelled {
		return
	}
	for id, p := range reminders(o) {
		_, waiting := had[id]
		if l.sent[id] || !p.due.Before(p.deadline) {
			continue
		}
		if now.Before(p.deadline) && (!p.due.Before(now) || late(id) || waiting) {
			l.unsent[id] = p
		}
	}
}

// tick lets everything leave that may, or can no more.
func (l *ledger) tick(now time.Time) {
	for id, p := range l.unsent {
		switch {
		case !now.Before(p.deadline):
			delete(l.unsent, id)
		case !now.Before(p.due):
			delete(l.unsent, id)
			l.sent[id] = true
		}
	}
}

// Laws 7 and 8, on 10,000 random histories of stays and vouchers made, moved, edited, reissued,
// cancelled and taken back: sent and pending equal the model.
func TestOccasionHistories(t *testing.T) {
	t.Parallel()
	const histories, seed = 10_000, 31
	t.Logf("seed %d, %d histories", seed, histories)
	moscow, err := time.LoadLocation("Europe/Moscow")
	require.NoError(t, err)
	rules := testRules()
	for i := range rules.Categories {
		rules.Categories[i].QuietFrom, rules.Categories[i].QuietTo = 0, 0 // quiet hours have tests of their own
	}
	stays := func(o notify.Occasion) map[string]promise {
		in, out := o.Start.Add(-24*time.Hour), o.End.Add(-3*time.Hour)
		return map[string]promise{
			fmt.Sprintf("%s|in|%s", o.ID, in.Format("2006-01-02T15:04:05Z")):   {in, o.Start},
			fmt.Sprintf("%s|out|%s", o.ID, out.Format("2006-01-02T15:04:05Z")): {out, o.End},
		}
	}
	letters := func(o notify.Occasion) map[string]promise {
		y, m, d := o.Start.In(moscow).Date()
		due := time.Date(y, m, d-2, 10, 0, 0, 0, moscow).UTC()
		return map[string]promise{fmt.Sprintf("%s|letter|%s", o.ID, due.Format("2006-01-02T15:04:05Z")): {due, o.Start}}
	}
	sentAll, pendingAll := 0, 0
	rig := newRig(t, func(c *notify.Config) { c.Rules, c.Workers = rules, 1 })
	rig.probe.say(func(o notify.Outgoing) notify.Receipt { return notify.Receipt{Level: notify.LevelAccepted} })
	site := map[notify.ChannelID]string{"email": "a@example.com", "sms": "+7701"}
	for h := range histories {
		rnd := rand.New(rand.NewPCG(seed, uint64(h)))
		now := noon.Add(time.Duration(h) * 200 * time.Hour) // each in a time of its own
		rig.clock.set(now)
		thread := fmt.Sprintf("R-%d", h)
		l := ledger{unsent: map[string]promise{}, sent: map[string]bool{}}
		o := notify.Occasion{ID: thread, Kind: "stay", Thread: notify.ThreadID(thread), Zone: "Europe/Moscow", To: notify.Recipient{ID: thread, Addresses: site}, Vars: map[string]string{"name": "A", "code": "0"}}
		reminders, late := stays, func(id string) bool { return id[len(thread)+1] == 'i' }
		if h%2 == 0 {
			o.Kind, reminders, late = "trip", letters, func(string) bool { return true }
			o.ID = thread + "#1"
		}
		o.Start = now.Add(time.Duration(rnd.IntN(200)) * time.Hour)
		o.End = o.Start.Add(time.Duration(1+rnd.IntN(100)) * time.Hour)
		for range 2 + rnd.IntN(8) {
			switch rnd.IntN(7) {
			case 0:
				o.Start = now.Add(time.Duration(rnd.IntN(200)-20) * time.Hour)
				o.End = o.Start.Add(time.Duration(1+rnd.IntN(100)) * time.Hour)
			case 1:
				o.Vars = map[string]string{"name": fmt.Sprint("name ", rnd.IntN(3)), "code": "1"}
			case 2:
				o.Cancelled = !o.Cancelled
			case 3:
				if o.Kind == "trip" {
					o.ID = fmt.Sprintf("%s#%d", thread, rnd.IntN(4))
				}
			case 4:
				now = now.Add(time.Duration(rnd.IntN(60)) * time.Hour)
				rig.clock.set(now)
				rig.tick(t)
				l.tick(now)
				continue
			}
			posted := o
			if rnd.IntN(6) == 0 {
				posted.Rev-- // an old version of it arrives late
			} else {
				o.Rev++
				posted.Rev = o.Rev
			}
			posted.Rev = max(posted.Rev, 0)
			_, err := rig.Post(t.Context(), posted)
			require.NoError(t, err)
			l.follow(posted, now, reminders, late)
		}
		var pending, sent []string
		for _, d := range rig.thread(t, thread) {
			if d.State == notify.StatePending && d.Steps[firstUsable(d)].Sent.IsZero() {
				pending = append(pending, string(d.ID))
			}
		}
		for _, out := range rig.probe.take() {
			sent = append(sent, string(out.ID))
		}
		sort.Strings(sent)
		require.Equal(t, sortedKeys(l.unsent), pending, "history %d: law 7: unsent", h)
		require.Equal(t, sortedKeys(l.sent), sent, "history %d: laws 7 and 8: sent", h)
		sentAll, pendingAll = sentAll+len(sent), pendingAll+len(pending)
		for _, d := range rig.thread(t, thread) { // nothing of it may leave in the next history's time
			if d.State == notify.StatePending {
				_, err := rig.Cancel(t.Context(), notify.Cancel{ID: d.ID})
				require.NoError(t, err)
			}
		}
	}
	t.Logf("%d sent, %d pending", sentAll, pendingAll)
	require.Positive(t, sentAll)
	require.Positive(t, pendingAll)
}

func firstUsable(d notify.Delivery) int {
	return slices.IndexFunc(d.Steps, func(s notify.StepReport) bool { return s.Skipped == nil })
}

func sortedKeys[V any](m map[string]V) []string {
	var keys []string
	for k := range m {
		keys = append(keys, k)
	}
	sort.Strings(keys)
	return keys
}

// Law 9: however sends of a thread fail, time out and are answered late, no lower revision is sent
// after a higher one, and in the end the site has the highest.
func TestThreadEndsWithTheLast(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		rig := newRig(t)
		ctx := t.Context()
		var has string // what the site shows
		type late struct {
			at     time.Time
			status string
		}
		var arriving []late // timed out here, but acting there, within Settle
		arrive := func() {
			arriving = slices.DeleteFunc(arriving, func(l late) bool {
				if l.at.After(rig.clock.now()) {
					return false
				}
				has = l.status
				return true
			})
		}
		// Drawn beforehand: a channel is called by the desk's workers.
		type fate struct {
			outcome string
			seconds int
		}
		fates := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) fate {
			return fate{rapid.SampledFrom([]string{"ok", "ok", "late", "lost", "busy", "refused"}).Draw(t, "outcome"), rapid.IntRange(0, 119).Draw(t, "seconds")}
		}), 1, 20).Draw(t, "fates")
		var revs []int64
		calm := false
		rig.probe.say(func(o notify.Outgoing) notify.Receipt {
			revs = append(revs, o.Rev)
			f := fates[len(revs)%len(fates)]
			if calm {
				f.outcome = "ok"
			}
			switch f.outcome {
			case "late":
				arriving = append(arriving, late{rig.clock.now().Add(time.Duration(f.seconds) * time.Second), o.Body})
				return notify.Receipt{}
			case "lost":
				return notify.Receipt{}
			case "busy":
				return notify.Receipt{Failed: notify.FailureBusy}
			case "refused":
				return notify.Receipt{Failed: notify.FailureRefused}
			}
			has = o.Body
			return notify.Receipt{Level: notify.LevelAccepted}
		})
		rev := int64(0)
		for range rapid.IntRange(1, 15).Draw(t, "moves") {
			if rapid.Bool().Draw(t, "new") {
				rev++
				_, err := rig.Send(ctx, status(rev, fmt.Sprint("status ", rev)))
				require.NoError(t, err)
			}
			rig.clock.move(time.Duration(rapid.IntRange(0, 200).Draw(t, "wait")) * time.Second)
			arrive()
			rig.tick(t)
		}
		calm = true
		rev++
		_, err := rig.Send(ctx, status(rev, fmt.Sprint("status ", rev)))
		require.NoError(t, err)
		for range 10 {
			rig.tick(t)
			rig.clock.move(time.Minute)
			arrive()
		}
		require.IsNonDecreasing(t, append([]int64{0}, revs...), "law 9")
		require.Equal(t, fmt.Sprint("status ", rev), has)
	})
}
