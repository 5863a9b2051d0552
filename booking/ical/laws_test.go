package ical

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var modelPolicy = Policy{Own: "own.example", Sent: []Range{{apr(12), apr(15)}, {apr(20), apr(22)}}}

// The UIDs of the drawn feeds; the impostors look like keys that were made of others.
var (
	uids      = []string{"a", "b", "c", "d", "e", "f", "g", "", "x@own.example"}
	impostors = append(slices.Clone(uids), "a~2", "a#2026-04-09")
)

// drawEvents draws what a feed holds, given what it held: mostly the same.
func drawEvents(t *rapid.T, uids []string, held []Event) []Event {
	var events []Event
	for _, e := range held {
		switch rapid.IntRange(0, 11).Draw(t, "fate") {
		case 0: // gone
			continue
		case 1:
			e.From += date.Date(rapid.IntRange(-3, 9).Draw(t, "later"))
			e.To = e.From + date.Date(rapid.IntRange(1, 5).Draw(t, "nights"))
			e.Sequence = max(0, e.Sequence+rapid.IntRange(-1, 2).Draw(t, "sequence"))
		case 2:
			e.Status = rapid.SampledFrom([]string{"CANCELLED", "CONFIRMED"}).Draw(t, "status")
		case 3:
			if e.Summary == "Not available" {
				e.UID += "'"
				e.From++
				e.To++
			}
		case 4:
			e.Transparent = !e.Transparent
		case 5: // a copy of the same UID
			c := e
			c.From += date.Date(rapid.IntRange(0, 6).Draw(t, "away"))
			c.To = c.From + 2
			events = append(events, c)
		}
		events = append(events, e)
	}
	for range rapid.IntRange(0, 3).Draw(t, "new") {
		from := apr(1) + date.Date(rapid.IntRange(-4, 40).Draw(t, "from"))
		events = append(events, Event{
			UID:  rapid.SampledFrom(uids).Draw(t, "uid"),
			From: from, To: from + date.Date(rapid.IntRange(1, 5).Draw(t, "nights")),
			Summary: rapid.SampledFrom([]string{"Reserved", "Reserved", "Not available"}).Draw(t, "summary"),
		})
	}
	return events
}

var errOutage = errors.New("outage")

// drawPolls draws the history of a feed: mostly whole answers, with whatever may come between.
func drawPolls(t *rapid.T, uids []string) []Poll {
	now, tags := utc(1, 9, 0), 0
	var polls []Poll
	var events []Event
	var last *Poll // the last complete answer that has a tag
	for range rapid.IntRange(1, 14).Draw(t, "polls") {
		now = now.Add(rapid.SampledFrom([]time.Duration{0, 15 * time.Minute, 2 * time.Hour, 13 * time.Hour, 26 * time.Hour, 80 * time.Hour}).Draw(t, "wait"))
		tags++
		p := Poll{At: now, Tag: fmt.Sprintf(`"%d"`, tags)}
		switch kind := rapid.IntRange(0, 12).Draw(t, "kind"); {
		case kind == 0:
			p.Err = errOutage
		case kind == 1 && last != nil:
			p.Unchanged, p.Tag = true, last.Tag
		case kind == 2: // empty, though nothing ended
			last = &p
		case kind == 3:
			p.Calendar.Method = "CANCEL"
			p.Calendar.Events = slices.Clone(events[:min(len(events), 1)])
			last = nil
		case kind == 4:
			events = drawEvents(t, uids, events)
			p.Calendar.Events = slices.Clone(events)
			if n := len(p.Calendar.Events); n > 0 {
				hidden := rapid.IntRange(0, n-1).Draw(t, "hidden")
				uid := p.Calendar.Events[hidden].UID
				p.Problems = []Problem{{7, CodeUnreadable, rapid.SampledFrom([]string{uid, ""}).Draw(t, "problem"), ""}}
				p.Calendar.Events = slices.Delete(p.Calendar.Events, hidden, hidden+1)
			}
			last = &p
		case kind == 5 && len(events) > 3: // most are gone for a poll
			p.Calendar.Events = slices.Clone(events[:len(events)/4])
			last = &p
		default:
			events = drawEvents(t, uids, events)
			p.Calendar.Events = slices.Clone(events)
			last = &p
		}
		polls = append(polls, p)
	}
	return polls
}

func outcomeOf(p Plan) outcome {
	var out outcome
	for _, it := range p.Cancel {
		out.change("cancel", it)
	}
	for _, m := range p.Move {
		out.change("move", m.Now)
	}
	for _, it := range p.Add {
		out.change("add", it)
	}
	for _, it := range p.Aged {
		out.change("aged", it)
	}
	for _, d := range p.Doubt {
		out.doubts = append(out.doubts, d.Item.Key+" "+string(d.Code))
	}
	for _, e := range p.Echo {
		out.echoes = append(out.echoes, e.UID)
	}
	out.sort()
	return out
}

// TestReconcileModel: plan and state are those of the model, poll by poll.
func TestReconcileModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m := model{used: make(map[string]bool), lives: make(map[string]int), shared: make(map[string]bool)}
		var s State
		for i, p := range drawPolls(t, uids) {
			want := m.run(p, modelPolicy.Sent)
			plan, next := Reconcile(s, p, modelPolicy)
			got := outcomeOf(plan)
			require.Equal(t, want, got, "poll %d", i)
			items := []Item{}
			for _, it := range m.items {
				items = append(items, it.Item)
			}
			require.Equal(t, items, append([]Item{}, next.Items...), "poll %d", i)
			require.Equal(t, m.doubtSince, next.DoubtSince)
			s = next
		}
	})
}

// follow runs a history, and gives each poll with the state before, the plan, and the state after.
func follow(t *rapid.T, policy Policy, visit func(p Poll, before State, plan Plan, after State)) {
	var s State
	for _, p := range drawPolls(t, impostors) {
		saved := clone(t, s)
		plan, next := Reconcile(s, p, policy)
		require.Equal(t, saved, s, "a state is a value")
		visit(p, s, plan, next)
		s = next
	}
}

func clone(t require.TestingT, s State) State {
	text, err := json.Marshal(s)
	require.NoError(t, err)
	var c State
	require.NoError(t, json.Unmarshal(text, &c))
	return c
}

// Law 2: Read never panics, and reads at most MaxBytes + 1 bytes.
func TestReadIsBounded(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := []byte(rapid.SampledFrom(readSeeds()).Draw(t, "seed"))
		for range rapid.IntRange(0, 8).Draw(t, "edits") {
			at := rapid.IntRange(0, len(text)).Draw(t, "at")
			text = slices.Insert(text, at, rapid.SliceOfN(rapid.Byte(), 0, 4).Draw(t, "bytes")...)
		}
		most := rapid.Int64Range(1, int64(len(text))+10).Draw(t, "most")
		counted := &countingReader{r: bytes.NewReader(text)}
		_, _, err := Read(counted, Options{MaxBytes: most})
		require.LessOrEqual(t, int64(counted.n), most+1)
		if int64(len(text)) > most {
			require.ErrorIs(t, err, ErrTooLarge)
		}
	})
}

// Law 3: a cut file is an error, whatever was in it; a calendar without events is none.
func TestCutIsAnError(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c := Calendar{Events: rapid.SliceOfNDistinct(rapid.Custom(drawEvent), 0, 4, func(e Event) nights { return nightsOf(&e) }).Draw(t, "events")}
		var b bytes.Buffer
		require.NoError(t, Write(&b, c))
		whole := strings.TrimSuffix(b.String(), "\r\n")
		_, _, err := Read(strings.NewReader(whole), Options{})
		require.NoError(t, err)
		_, _, err = Read(strings.NewReader(whole[:rapid.IntRange(0, len(whole)-1).Draw(t, "cut")]), Options{})
		var format *FormatError
		require.ErrorAs(t, err, &format)
		page := rapid.SampledFrom([]string{"<html>", "<?xml ?>", "{}", "error: ", "\x00"}).Draw(t, "page") + whole
		_, _, err = Read(strings.NewReader(page), Options{})
		require.ErrorIs(t, err, ErrNotCalendar)
	})
}

// Law 4: the same poll twice, or an unchanged one, changes nothing but for the misses it counts.
func TestSamePollTwice(t *testing.T) {
	t.Parallel()
	patient := modelPolicy
	patient.Misses = 1 << 30
	rapid.Check(t, func(t *rapid.T) {
		follow(t, patient, func(p Poll, before State, plan Plan, after State) {
			if p.Err != nil {
				require.Equal(t, before.Tag, after.Tag)
			}
			again := []Poll{p}
			if p.Err == nil && p.Calendar.Method == "" && len(p.Problems) == 0 {
				again = append(again, Poll{At: p.At, Unchanged: true, Tag: after.Tag})
			}
			for _, p := range again {
				second, same := Reconcile(after, p, patient)
				for _, changes := range [][]Item{second.Cancel, second.Add, second.Aged} {
					require.Empty(t, changes)
				}
				require.Empty(t, second.Move)
				for i := range same.Items {
					was := after.Items[i]
					was.Missed = same.Items[i].Missed
					require.Equal(t, was, same.Items[i])
					if was.missing() {
						continue
					}
					require.Zero(t, same.Items[i].Missed)
				}
				require.Equal(t, after.Lives, same.Lives)
				require.Equal(t, after.Tag, same.Tag)
			}
		})
	})
}

// Law 5: a failed poll changes nothing, and every item is a doubt.
func TestFailedPoll(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		follow(t, modelPolicy, func(p Poll, _ State, _ Plan, after State) {
			failed := Poll{At: p.At.Add(90 * time.Hour), Err: &StatusError{502}, Calendar: p.Calendar}
			plan, same := Reconcile(after, failed, modelPolicy)
			require.Equal(t, after, same)
			require.Len(t, plan.Doubt, len(after.Items))
			plan.Doubt = nil
			require.Equal(t, Plan{}, plan)
		})
	})
}

// Law 6: no item is cancelled before Misses complete polls in a row lacked it, unless the feed says
// so or a stay that is new took its nights.
func TestCancelledOnlyAfterMisses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		policy := modelPolicy
		policy.Misses = rapid.IntRange(1, 4).Draw(t, "misses")
		lacked := make(map[string]int) // complete polls in a row that do not show the item's UID on its dates
		follow(t, policy, func(p Poll, before State, plan Plan, _ State) {
			if p.Err != nil || p.Calendar.Method == "CANCEL" {
				return
			}
			shows := func(it Item) bool { // of several copies, the newest may be one that is free
				copies, free := 0, 0
				for _, e := range p.Calendar.Events {
					if e.UID == it.UID && e.From == it.From && e.To == it.To {
						copies++
						if e.Status == "CANCELLED" || e.Transparent {
							free++
						}
					}
				}
				return copies > 0 && free == 0
			}
			for _, it := range before.Items {
				if p.Unchanged && lacked[it.Key] == 0 || !p.Unchanged && shows(it) {
					lacked[it.Key] = 0
				} else {
					lacked[it.Key]++
				}
			}
			for _, it := range plan.Cancel {
				said := slices.ContainsFunc(p.Calendar.Events, func(e Event) bool { return e.UID == it.UID && e.Status == "CANCELLED" })
				taken := slices.ContainsFunc(plan.Add, func(n Item) bool { return n.From < it.To && it.From < n.To }) ||
					slices.ContainsFunc(plan.Move, func(m Moved) bool { return m.Now.From < it.To && it.From < m.Now.To })
				require.True(t, said || taken || lacked[it.Key] >= policy.Misses, "%s", it.Key)
			}
		})
	})
}

// Law 7: applying the plans gives the items of the state.
func TestPlansGiveItems(t *testing.T) {
	t.Parallel()
	type row struct {
		from, to date.Date
		rev      int
	}
	rowOf := func(it Item) row { return row{it.From, it.To, it.Rev} }
	rapid.Check(t, func(t *rapid.T) {
		table := make(map[string]row)
		remove := func(it Item) {
			require.Equal(t, table[it.Key], rowOf(it))
			delete(table, it.Key)
		}
		follow(t, modelPolicy, func(_ Poll, _ State, plan Plan, after State) {
			for _, it := range plan.Cancel {
				remove(it)
			}
			for _, m := range plan.Move {
				require.Equal(t, table[m.Was.Key], rowOf(m.Was))
				require.Equal(t, m.Was.Key, m.Now.Key)
				require.Equal(t, m.Was.Rev+1, m.Now.Rev)
				table[m.Now.Key] = rowOf(m.Now)
			}
			for _, it := range plan.Add {
				require.NotContains(t, table, it.Key)
				table[it.Key] = rowOf(it)
			}
			for _, it := range plan.Aged {
				remove(it)
			}
			items := make(map[string]row)
			for _, it := range after.Items {
				items[it.Key] = rowOf(it)
			}
			require.Equal(t, items, table)
		})
	})
}

// Law 8: keys are unique, and one that was given is never given again.
func TestKeysNameOneLife(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		given := make(map[string]bool)
		follow(t, modelPolicy, func(_ Poll, _ State, plan Plan, _ State) {
			for _, it := range plan.Add {
				require.False(t, given[it.Key], "%s", it.Key)
				given[it.Key] = true
			}
		})
	})
}

// Law 9: what Export wrote comes back as an echo alone, and holds nothing of the channel's own.
func TestExportIsAnEcho(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		busy := rapid.SliceOfN(rapid.Custom(func(t *rapid.T) Busy {
			from := apr(1) + date.Date(rapid.IntRange(-9, 60).Draw(t, "from"))
			return Busy{
				ID: "b" + drawText(t, "id", false), From: from, To: from + date.Date(rapid.IntRange(1, 9).Draw(t, "nights")),
				Rev: rapid.IntRange(0, 5).Draw(t, "rev"), Source: rapid.SampledFrom([]string{"", "airbnb", "booking"}).Draw(t, "source"),
			}
		}), 0, 12).Draw(t, "busy")
		c := Export("own.example", "airbnb", busy, utc(1, 12, 0))
		rapid.Permutation(busy).Draw(t, "order")
		require.Equal(t, c, Export("own.example", "airbnb", rapid.Permutation(busy).Draw(t, "order"), utc(1, 12, 0)))
		nights := make(map[date.Date]bool)
		for _, b := range busy {
			for d := b.From; d < b.To && b.Source != "airbnb"; d++ {
				nights[d] = true
			}
		}
		closed := make(map[date.Date]bool)
		for _, e := range c.Events {
			for d := e.From; d < e.To; d++ {
				closed[d] = true
			}
		}
		require.Equal(t, nights, closed)

		var b bytes.Buffer
		require.NoError(t, Write(&b, c))
		back, _, err := Read(&b, Options{})
		require.NoError(t, err)
		plan, next := Reconcile(State{}, Poll{At: utc(2, 9, 0), Calendar: back}, modelPolicy)
		require.Len(t, plan.Echo, len(c.Events))
		plan.Echo = nil
		require.Equal(t, Plan{}, plan)
		require.Empty(t, next.Items)

		// A channel that renames what it imported shows the same ranges under its own UIDs.
		for i := range back.Events {
			back.Events[i].UID = fmt.Sprintf("imported-%d", i)
		}
		plan, _ = Reconcile(State{}, Poll{At: utc(2, 9, 0), Calendar: back}, Policy{Sent: Sent(c)})
		require.Empty(t, plan.Add)
	})
}

// Law 10: a window that slides daily under a new UID each day is one booking.
func TestSlidingWindow(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		length := date.Date(rapid.IntRange(1, 400).Draw(t, "nights"))
		fixed := rapid.Bool().Draw(t, "one UID")
		step := date.Date(1)
		var s State
		added, moved, cancelled := 0, 0, 0
		for d := range 60 {
			from := apr(1) + step*date.Date(d)
			e := Event{UID: fmt.Sprintf("closed-%d", d), From: from, To: from + length, Summary: "Airbnb (Not available)"}
			if fixed {
				e.UID = "closed"
			}
			plan, next := Reconcile(s, Poll{At: utc(1, 6, 0).AddDate(0, 0, d), Calendar: Calendar{Events: []Event{e}}}, Policy{})
			added, moved, cancelled = added+len(plan.Add), moved+len(plan.Move), cancelled+len(plan.Cancel)
			s = next
		}
		require.Equal(t, []int{1, 59, 0}, []int{added, moved, cancelled})
		require.Len(t, s.Items, 1)
	})
}

// Law 11: the order of events in the file changes nothing.
func TestOrderOfEvents(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		follow(t, modelPolicy, func(p Poll, before State, plan Plan, after State) {
			p.Calendar.Events = rapid.Permutation(p.Calendar.Events).Draw(t, "order")
			plan2, after2 := Reconcile(before, p, modelPolicy)
			require.Equal(t, plan, plan2)
			require.Equal(t, after, after2)
		})
	})
}

// TestStateAndPlanJSON: what is kept or sent between processes is the same afterwards.
func TestStateAndPlanJSON(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		follow(t, modelPolicy, func(_ Poll, _ State, plan Plan, after State) {
			require.Equal(t, after, clone(t, after))
			text, err := json.Marshal(plan)
			require.NoError(t, err)
			var back Plan
			require.NoError(t, json.Unmarshal(text, &back))
			require.Equal(t, plan, back)
		})
	})
}
