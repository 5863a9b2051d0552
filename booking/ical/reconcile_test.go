package ical

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"
)

// A story tells a feed's polls, one after the other.
type story struct {
	t      *testing.T
	policy Policy
	state  State
	now    time.Time
}

// tell starts a story on the first of April 2026.
func tell(t *testing.T, policy Policy) *story {
	return &story{t: t, policy: policy, now: utc(1, 12, 0)}
}

// after lets time pass.
func (s *story) after(d time.Duration) *story { s.now = s.now.Add(d); return s }

// shows polls a feed with these events, and returns the plan, a line for each part of it.
func (s *story) shows(events ...Event) []string {
	return s.poll(Poll{Calendar: Calendar{Events: events}})
}

func (s *story) poll(p Poll) []string {
	p.At = s.now
	plan, next := Reconcile(s.state, p, s.policy)
	s.state = next
	out := outcomeOf(plan)
	for _, e := range out.echoes {
		out.doubts = append(out.doubts, "echo "+e)
	}
	return append(append([]string{}, out.changes...), out.doubts...)
}

func ev(uid string, from, to int, more ...func(*Event)) Event {
	e := Event{UID: uid, From: apr(from), To: apr(to), Summary: "Reserved"}
	for _, m := range more {
		m(&e)
	}
	return e
}

func closed(e *Event)        { e.Summary = "Airbnb (Not available)" }
func cancelled(e *Event)     { e.Status = "cancelled" }
func seq(n int) func(*Event) { return func(e *Event) { e.Sequence = n } }

// five stays to come.
func five() []Event {
	return []Event{ev("a", 5, 7), ev("b", 8, 10), ev("c", 11, 13), ev("d", 14, 16), ev("e", 17, 19)}
}

func doubts(code DoubtCode, keys ...string) []string {
	lines := []string{}
	for _, k := range keys {
		lines = append(lines, k+" "+string(code))
	}
	return lines
}

func TestRuleFailedPoll(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	s.shows(ev("a", 5, 7))
	good := s.state
	for _, err := range []error{&FormatError{1, WhyHTML}, &FormatError{9, WhyCut}, &StatusError{502}, &FetchError{Why: WhyTimeout}} {
		require.Equal(t, doubts(DoubtFailedPoll, "a"), s.after(time.Hour).poll(Poll{Err: err}))
		require.Equal(t, good, s.state)
	}
}

func TestRuleEmptyFeed(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	s.shows(ev("a", 5, 7), ev("b", 8, 10))
	require.Equal(t, doubts(DoubtEmptyFeed, "a", "b"), s.after(time.Hour).shows())
	require.Equal(t, doubts(DoubtEmptyFeed, "a", "b"), s.after(23*time.Hour).poll(Poll{Unchanged: true}))
	require.Empty(t, s.after(time.Minute).shows(ev("a", 5, 7), ev("b", 8, 10)), "it came back")
	require.Zero(t, s.state.DoubtSince)

	require.Equal(t, doubts(DoubtEmptyFeed, "a", "b"), s.after(time.Hour).shows())
	require.Equal(t, doubts(DoubtEmptyFeed, "a", "b"), s.after(24*time.Hour).shows(), "a first miss")
	require.Equal(t, 1, s.state.Items[0].Missed)
	require.Equal(t, []string{"cancel a 2026-04-05/2026-04-07 rev 1", "cancel b 2026-04-08/2026-04-10 rev 1"}, s.after(time.Hour).shows())
	require.Empty(t, s.after(time.Hour).shows(), "an empty feed of which nothing is known")
}

func TestRuleMassDrop(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	s.shows(five()...)
	require.Equal(t, doubts(DoubtMassDrop, "a", "b", "c", "d"), s.after(time.Hour).shows(five()[4]))
	require.Equal(t, doubts(DoubtMissed, "b", "c"), s.after(time.Hour).shows(five()[0], five()[3], five()[4]), "two are no mass")

	s = tell(t, Policy{EmptyFor: -1})
	s.shows(five()...)
	s.after(time.Hour).shows(five()[4])
	require.Len(t, s.after(time.Hour).shows(five()[4]), 4, "below zero nothing is doubted")
	require.Len(t, s.state.Items, 1)

	s = tell(t, Policy{})
	s.shows(five()[:3]...)
	require.Equal(t, doubts(DoubtMissed, "a", "b"), s.after(time.Hour).shows(five()[2]), "fewer than four are no mass")
}

func TestRuleMisses(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{Misses: 3})
	s.shows(ev("a", 5, 7), ev("b", 8, 10))
	for range 2 {
		require.Equal(t, doubts(DoubtMissed, "a"), s.after(time.Hour).shows(ev("b", 8, 10)))
	}
	require.Empty(t, s.after(time.Hour).shows(ev("a", 5, 7), ev("b", 8, 10)))
	for range 2 {
		require.Equal(t, doubts(DoubtMissed, "a"), s.after(time.Hour).shows(ev("b", 8, 10)), "the row begins anew")
	}
	require.Equal(t, doubts(DoubtFailedPoll, "a", "b"), s.after(time.Hour).poll(Poll{Err: errOutage}), "which is no miss")
	require.Equal(t, []string{"cancel a 2026-04-05/2026-04-07 rev 1"}, s.after(time.Hour).poll(Poll{Unchanged: true}))
}

func TestRuleNightSoldAgain(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	s.shows(ev("a", 5, 9), ev("b", 10, 12))
	require.Equal(t, []string{"add c 2026-04-08/2026-04-10 rev 1", "cancel a 2026-04-05/2026-04-09 rev 1"}, s.after(time.Hour).shows(ev("b", 10, 12), ev("c", 8, 10)))
	require.Equal(t, []string{"add d 2026-04-12/2026-04-14 rev 1", "b missed"}, s.after(time.Hour).shows(ev("c", 8, 10), ev("d", 12, 14)), "the day of departure is no night")

	s = tell(t, Policy{})
	s.shows(five()...)
	fresh := five()
	for i := range fresh {
		fresh[i].UID += "2"
	}
	require.Len(t, s.after(time.Hour).shows(fresh...), 10, "all UIDs replaced: five of each, no doubt")
	require.Len(t, s.state.Items, 5)

	s = tell(t, Policy{})
	s.shows(ev("a", 5, 9))
	require.Equal(t, []string{"add w 2026-04-05/2026-04-09 rev 1", "a missed"}, s.after(time.Hour).shows(ev("w", 5, 9, closed)), "a window sells nothing")
}

func TestRuleAge(t *testing.T) {
	t.Parallel()
	day := 24 * time.Hour
	s := tell(t, Policy{})
	s.shows(ev("a", 1, 3), ev("b", 2, 4), ev("gone", -3, 1))
	require.Len(t, s.state.Items, 2, "what is over is not taken in")
	require.Equal(t, doubts(DoubtInStay, "a"), s.after(day).shows(ev("b", 2, 4)), "it has begun")
	require.Equal(t, []string{"aged a 2026-04-01/2026-04-03 rev 1"}, s.after(day).shows(ev("b", 2, 4)))
	require.Equal(t, []string{"move b 2026-04-02/2026-04-06 rev 2"}, s.after(day).shows(ev("b", 2, 6)), "made longer on its last day")
	require.Equal(t, []string{"move b 2026-04-02/2026-04-05 rev 3"}, s.after(day).shows(ev("b", 2, 5)))
	require.Equal(t, []string{"aged b 2026-04-02/2026-04-05 rev 3"}, s.after(day).shows(ev("b", 2, 5)))
	require.Empty(t, s.after(day).shows(ev("b", 2, 5)), "channels show the past for long")

	s = tell(t, Policy{Zone: "Pacific/Kiritimati"}) // there it is tomorrow already
	require.Empty(t, s.shows(ev("a", 1, 2)))
	s = tell(t, Policy{Zone: "Nowhere"})
	require.Len(t, s.shows(ev("a", 1, 2)), 1)
}

func TestRuleBegunBetweenMisses(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	s.shows(ev("a", 2, 5), ev("b", 8, 10))
	require.Equal(t, doubts(DoubtMissed, "a"), s.after(time.Hour).shows(ev("b", 8, 10)))
	require.Equal(t, []string{"cancel a 2026-04-02/2026-04-05 rev 1"}, s.after(24*time.Hour).shows(ev("b", 8, 10)), "it had not begun when it went missing")
}

func TestRuleCancelled(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	s.shows(ev("a", 5, 7, seq(1)), ev("b", 8, 10), ev("c", 11, 13))
	require.Equal(t, []string{"a older_copy"}, s.after(time.Hour).shows(ev("a", 6, 8, cancelled), ev("b", 8, 10), ev("c", 11, 13)))
	require.Equal(t, []string{"cancel a 2026-04-05/2026-04-07 rev 1"}, s.after(time.Hour).shows(ev("a", 6, 8, cancelled, seq(2)), ev("b", 8, 10), ev("c", 11, 13)))
	require.Empty(t, s.after(time.Hour).shows(ev("a", 5, 7, cancelled, seq(1)), ev("b", 8, 10), ev("c", 11, 13)))

	message := Poll{Tag: `"m"`, Calendar: Calendar{Method: "cancel", Events: []Event{ev("b", 8, 10)}}}
	require.Equal(t, []string{"cancel b 2026-04-08/2026-04-10 rev 1"}, s.after(time.Hour).poll(message), "of c it says nothing")
	require.Empty(t, s.state.Tag)
	require.False(t, s.state.Items[0].missing())
}

func TestRuleMoves(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	s.shows(ev("a", 5, 7, seq(3)))
	require.Equal(t, []string{"move a 2026-04-06/2026-04-08 rev 2"}, s.after(time.Hour).shows(ev("a", 6, 8, seq(4))))
	require.Equal(t, []string{"a older_copy"}, s.after(time.Hour).shows(ev("a", 5, 7, seq(3))))
	require.Equal(t, []string{"move a 2026-04-20/2026-04-22 rev 3"}, s.after(time.Hour).shows(ev("a", 20, 22, seq(4))))
	require.Equal(t, []string{"cancel a 2026-04-20/2026-04-22 rev 3"}, s.after(time.Hour).shows(ev("a", 20, 22, seq(5), cancelled)))
	require.Equal(t, []string{"add a~2 2026-04-25/2026-04-27 rev 1"}, s.after(time.Hour).shows(ev("a", 25, 27)), "another life")
	require.Equal(t, []string{"move a~2 2026-04-28/2026-04-30 rev 2"}, s.after(time.Hour).shows(ev("a", 28, 30)))
}

func TestRuleOneUIDForSeveral(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	require.Equal(t, []string{"add a#2026-04-05 2026-04-05/2026-04-07 rev 1", "add a#2026-04-10 2026-04-10/2026-04-12 rev 1"}, s.shows(ev("a", 5, 7), ev("a", 10, 12)))
	require.Equal(t, []string{"a#2026-04-05 missed"}, s.after(time.Hour).shows(ev("a", 10, 12)))
	require.Equal(t, []string{"move a#2026-04-05 2026-04-06/2026-04-08 rev 2"}, s.after(time.Hour).shows(ev("a", 6, 8), ev("a", 10, 12)))

	s = tell(t, Policy{})
	require.Equal(t, []string{"add 2026-04-05/2026-04-07 2026-04-05/2026-04-07 rev 1"}, s.shows(ev("", 5, 7)))
	require.Empty(t, s.after(time.Hour).shows(ev("", 5, 7)))
	require.Equal(t, []string{"add 2026-04-06/2026-04-08 2026-04-06/2026-04-08 rev 1", "cancel 2026-04-05/2026-04-07 2026-04-05/2026-04-07 rev 1"}, s.after(time.Hour).shows(ev("", 6, 8)))
}

func TestRuleWindows(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	require.Len(t, s.shows(ev("w1", 1, 30, closed), ev("v1", 100, 110, closed)), 2)
	require.Equal(t, []string{"move w1 2026-04-02/2026-05-01 rev 2"}, s.after(24*time.Hour).shows(ev("w2", 2, 31, closed), ev("v2", 100, 110, closed)), "v2 is v1 on the same dates")
	require.Equal(t, []string{"move w1 2026-05-01/2026-05-03 rev 3"}, s.after(time.Hour).shows(ev("w3", 31, 33, closed), ev("v2", 100, 110, closed)), "it touches")
	require.Equal(t, []string{"add w4 2026-05-05/2026-05-06 rev 1", "w1 missed"}, s.after(time.Hour).shows(ev("w4", 35, 36, closed), ev("v2", 100, 110, closed)), "it does not")
}

// TestSixtyDays is the Done-when: a daily sliding closure is one booking that moves.
func TestSixtyDays(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	count := make(map[string]int)
	for d := range 60 {
		for _, line := range s.shows(ev(fmt.Sprintf("closed-%d", d), 1+d, 90+d, closed)) {
			verb, _, _ := strings.Cut(line, " ")
			count[verb]++
		}
		s.after(24 * time.Hour)
	}
	t.Logf("added %d, moved %d, cancelled %d", count["add"], count["move"], count["cancel"])
	require.Equal(t, map[string]int{"add": 1, "move": 59}, count)
}

func TestRuleEcho(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{Own: "Example.org", Sent: []Range{{apr(-3), apr(4)}, {apr(10), apr(12)}, {apr(12), apr(15)}}})
	require.Equal(t, []string{"echo b-1@example.ORG"}, s.shows(ev("b-1@example.ORG", 5, 7)))
	require.Equal(t, []string{"add x@notexample.org 2026-04-20/2026-04-22 rev 1", "echo w1", "echo w2", "echo w3"},
		s.shows(ev("w1", 10, 12, closed), ev("w2", 1, 4, closed), ev("w3", 10, 15, closed), ev("x@notexample.org", 20, 22)), "as sent, from today on, joined")
	require.Equal(t, []string{"add s 2026-04-10/2026-04-12 rev 1", "x@notexample.org missed"}, s.after(time.Hour).shows(ev("s", 10, 12)), "a stay is never what we sent")
}

func TestRuleUnreadable(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	s.shows(ev("a", 5, 7), ev("b", 8, 10))
	for range 5 {
		require.Equal(t, doubts(DoubtUnreadable, "a"), s.after(time.Hour).poll(Poll{Calendar: Calendar{Events: []Event{ev("b", 8, 10)}}, Problems: []Problem{{4, CodeEndFirst, "a", ""}}}))
		require.Equal(t, doubts(DoubtUnreadable, "a", "b"), s.after(time.Hour).poll(Poll{Problems: []Problem{{4, CodeUnreadable, "", ""}}}), "it may be any")
		require.Equal(t, doubts(DoubtUnreadable, "a"), s.after(time.Hour).shows(ev("a", 7, 7), ev("b", 8, 10)), "a caller's own event")
	}
	require.Equal(t, doubts(DoubtMissed, "a"), s.after(time.Hour).poll(Poll{Calendar: Calendar{Events: []Event{ev("b", 8, 10)}}, Problems: []Problem{{4, CodeRecurring, "a", ""}}}))
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for summary, kind := range map[string]Kind{
		"Airbnb (Not available)": KindWindow, " not AVAILABLE ": KindWindow, "Blocked": KindWindow, "Unavailable": KindWindow,
		"CLOSED - Not available": KindStay, "Reserved": KindStay, "": KindStay,
	} {
		require.Equal(t, kind, (&Policy{}).kind(&Event{Summary: summary}), summary)
	}
	s := tell(t, Policy{Classify: func(e Event) Kind {
		if e.Summary == "Eigennutzung" {
			return KindWindow
		}
		return KindStay
	}})
	s.shows(ev("a", 5, 7, func(e *Event) { e.Summary = "Eigennutzung" }))
	require.Equal(t, KindWindow, s.state.Items[0].Kind)
}

// TestHostileUIDs: whatever a UID is, its key is fit to be an ID, and names one item.
func TestHostileUIDs(t *testing.T) {
	t.Parallel()
	long := strings.Repeat("語", 100)
	uids := []string{long, long + "x", "a\x00b", "a\x01b", "a\nb", "\xff\xfe", "\xff", "a~2", "a", "a#2026-04-05", strings.Repeat("x", 1<<20)}
	s := tell(t, Policy{})
	var events []Event
	for i, uid := range uids {
		events = append(events, ev(uid, 5+i, 6+i), ev(uid, 40+i, 41+i))
	}
	s.shows(events...)
	require.Len(t, s.state.Items, 2*len(uids))
	keys := make(map[string]bool)
	for _, it := range s.state.Items {
		require.False(t, keys[it.Key])
		keys[it.Key] = true
		require.LessOrEqual(t, len(it.Key), 256)
		require.NotContains(t, it.Key, "\x00")
		require.True(t, json.Valid([]byte(`"`+it.Key+`"`)), "%q", it.Key)
	}
}

// TestClockStepsBack: a poll that is dated before the last one does no harm.
func TestClockStepsBack(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	events := []Event{ev("a", 1, 2), ev("b", 1, 3), ev("c", 5, 7)}
	s.now = utc(2, 23, 55)
	require.Len(t, s.shows(events...), 2)
	require.Empty(t, s.after(10*time.Minute).shows(events...))
	require.Empty(t, s.after(-10*time.Minute).shows(events...))
	require.Len(t, s.after(24*time.Hour+10*time.Minute).shows(events...), 1, "b is over")
	require.Empty(t, s.after(-10*time.Minute).shows(events...), "and not new again")
	require.Equal(t, doubts(DoubtEmptyFeed, "c"), s.after(time.Hour).shows())
	require.Equal(t, doubts(DoubtEmptyFeed, "c"), s.after(-2*time.Hour).shows())
}

// A state whose items a caller put in another order is the same state.
func TestStateInAnyOrder(t *testing.T) {
	t.Parallel()
	s := tell(t, Policy{})
	s.shows(five()...)
	mixed := s.state
	mixed.Items = append([]Item(nil), s.state.Items...)
	rand.Shuffle(len(mixed.Items), func(i, j int) { mixed.Items[i], mixed.Items[j] = mixed.Items[j], mixed.Items[i] })
	poll := Poll{At: utc(2, 12, 0), Calendar: Calendar{Events: five()[1:]}}
	plan, next := Reconcile(s.state, poll, Policy{})
	plan2, next2 := Reconcile(mixed, poll, Policy{})
	require.Equal(t, plan, plan2)
	require.Equal(t, next, next2)
}

func TestTexts(t *testing.T) {
	t.Parallel()
	for code := range doubtTexts {
		d := Doubt{Item{Key: "a", From: apr(5), To: apr(7)}, code}
		require.NotEqual(t, d.Text("en"), d.Text("ru"))
		require.Contains(t, d.Text("ru"), "a 2026-04-05/2026-04-07: ")
	}
	require.Equal(t, " 0001-01-01/0001-01-01: new", Doubt{Code: "new"}.Text("en"))
	require.Equal(t, "new", Problem{Code: "new"}.Text("ru"))
	require.Equal(t, "new", Why("new").Text("ru"))
	for _, texts := range []any{whyTexts, codeTexts} {
		require.NotEmpty(t, texts)
	}
	for _, err := range []interface{ Text(string) string }{&StatusError{502}, &FetchError{Why: WhyTimeout}, &FormatError{3, WhyCut}, &InvalidError{"UID", "", WhyMissing}} {
		require.NotEqual(t, err.Text("en"), err.Text("ru"))
		require.Equal(t, "ical: "+err.Text("en"), err.(error).Error())
	}
}

func TestKindJSON(t *testing.T) {
	t.Parallel()
	text, err := json.Marshal([]Kind{KindStay, KindWindow})
	require.NoError(t, err)
	require.Equal(t, `["stay","window"]`, string(text))
	_, err = json.Marshal(Kind(9))
	require.Error(t, err)
	require.Error(t, json.Unmarshal([]byte(`"hotel"`), new(Kind)))
	require.Equal(t, "unknown", Kind(9).String())
}

func TestConfigurationJSON(t *testing.T) {
	t.Parallel()
	policy := Policy{Misses: 3, EmptyFor: time.Hour, Zone: "Europe/Moscow", Own: "example.org", Sent: []Range{{apr(1), apr(2)}}}
	options := Options{MaxBytes: 5, MaxEvents: 6, Zone: "Europe/Moscow"}
	busy := Busy{ID: "b", From: apr(1), To: apr(2), Rev: 3, Source: "airbnb"}
	for _, v := range []any{&policy, &options, &busy} {
		text, err := json.Marshal(v)
		require.NoError(t, err)
		back := map[any]any{any(&policy): new(Policy), any(&options): new(Options), any(&busy): new(Busy)}[v]
		require.NoError(t, json.Unmarshal(text, back))
		require.Equal(t, v, back)
	}
}

// manyEvents is a feed of n stays to come.
func manyEvents(n int) []Event {
	var events []Event
	for i := range n {
		events = append(events, Event{UID: fmt.Sprintf("stay-%d@listing.example", i), From: apr(5) + date.Date(3*i), To: apr(7) + date.Date(3*i), Summary: "Reserved"})
	}
	return events
}

// TestNothingChangedAllocatesNothing holds for a poll that shows what is known, and an unchanged one.
func TestNothingChangedAllocatesNothing(t *testing.T) {
	for _, n := range []int{0, 1, 176, 20_000} {
		events := manyEvents(n)
		poll := Poll{At: utc(1, 12, 0), Tag: `"1"`, Calendar: Calendar{Events: events}}
		policy := Policy{Own: "example.org", Zone: "Europe/Moscow"}
		_, state := Reconcile(State{}, poll, policy)
		require.Len(t, state.Items, n)
		for _, p := range []Poll{poll, {At: utc(1, 13, 0), Unchanged: true}} {
			require.Zero(t, testing.AllocsPerRun(5, func() {
				if plan, _ := Reconcile(state, p, policy); plan.Doubt != nil {
					t.Fail()
				}
			}), "%d items", n)
		}
	}
}

func BenchmarkReconcile(b *testing.B) {
	for _, n := range []int{100, 1000, 10_000} {
		events := manyEvents(n)
		_, state := Reconcile(State{}, Poll{At: utc(1, 12, 0), Calendar: Calendar{Events: events}}, Policy{})
		same := Poll{At: utc(1, 13, 0), Calendar: Calendar{Events: events}}
		for i := range events {
			if i%10 == 0 {
				events[i].To++
			}
		}
		changed := Poll{At: utc(1, 13, 0), Calendar: Calendar{Events: events}}
		same.Calendar.Events = manyEvents(n)
		for name, poll := range map[string]Poll{"same": same, "changed": changed} {
			b.Run(fmt.Sprintf("%s/items=%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					_, _ = Reconcile(state, poll, Policy{})
				}
			})
		}
	}
}
