package ical

import (
	"bytes"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking/ical"
	"github.com/tenure-go/tenure/internal/realdata"
)

// A snapshot is a line of the history: what was in the feeds of all flats at one poll.
type snapshot struct {
	At     time.Time      `json:"t"`
	Same   bool           `json:"same"`
	Events []flatInterval `json:"ev"`
}

// A flatInterval is [flat, event, DTSTART, DTEND, kind] of one event.
type flatInterval struct {
	flat, uid string
	from, to  date.Date
	window    bool
}

func (f *flatInterval) UnmarshalJSON(text []byte) error {
	var fields [5]string
	if err := json.Unmarshal(text, &fields); err != nil {
		return err
	}
	var err error
	f.flat, f.uid, f.window = fields[0], fields[1], fields[4] == "N"
	if f.from, err = date.Parse("20060102", fields[2]); err == nil {
		f.to, err = date.Parse("20060102", fields[3])
	}
	return err
}

// readHistory reads the history; an unreadable line is named by its number.
func readHistory(text []byte) ([]snapshot, error) {
	var history []snapshot
	for i, line := range bytes.Split(bytes.TrimSpace(text), []byte("\n")) {
		var s snapshot
		if err := json.Unmarshal(line, &s); err != nil {
			return nil, fmt.Errorf("history, line %d: %w", i+1, err)
		}
		if s.Same && i == 0 {
			return nil, fmt.Errorf("history, line %d: the same as what?", i+1)
		}
		if s.Same {
			s.Events = history[i-1].Events
		}
		history = append(history, s)
	}
	return history, nil
}

func TestHistoryLineIsNamed(t *testing.T) {
	t.Parallel()
	good := `{"t":"2026-02-21T21:31:00Z","ev":[["L1","e1","20260301","20260303","R"]]}` + "\n"
	for _, bad := range []string{`{"t":`, `{"t":"2026-02-21T21:31:00Z","ev":[["L1","e1","20260230","20260303","R"]]}`, `{"t":"yesterday"}`, `[]`} {
		_, err := readHistory([]byte(good + bad + "\n" + good))
		require.ErrorContains(t, err, "line 2")
	}
	_, err := readHistory([]byte(`{"t":"2026-02-21T21:31:00Z","same":true}`))
	require.ErrorContains(t, err, "line 1")
}

// A tally is what a replay of one flat came to. What vanished and came back is counted from the
// history itself, by other code than Reconcile.
type tally struct {
	polls, vanished, vanishedTrue int
	cancelled, cancelledFalse     int
	lost                          int // true cancellations that were never issued
	slowest                       int // polls not in doubt until one was issued
	moved, aged, doubted, added   int
}

func (t *tally) add(o tally) {
	t.polls = max(t.polls, o.polls) // the same ones, of all flats
	t.vanished += o.vanished
	t.vanishedTrue += o.vanishedTrue
	t.cancelled += o.cancelled
	t.cancelledFalse += o.cancelledFalse
	t.lost += o.lost
	t.slowest = max(t.slowest, o.slowest)
	t.moved += o.moved
	t.aged += o.aged
	t.doubted += o.doubted
	t.added += o.added
}

// A vanishing is a stay that had not begun and was in the feed at the poll before, but not at this.
type vanishing struct {
	uid     string
	at      int // the poll
	forGood bool
}

func vanishings(polls []snapshot) []vanishing {
	last := make(map[string]int) // the last poll that shows a UID
	for i, p := range polls {
		for _, e := range p.Events {
			last[e.uid] = i
		}
	}
	var found []vanishing
	for i := 1; i < len(polls); i++ {
		now := make(map[string]bool)
		for _, e := range polls[i].Events {
			now[e.uid] = true
		}
		for _, e := range polls[i-1].Events {
			if !now[e.uid] && !e.window && e.from > date.NewAt(polls[i].At) {
				found = append(found, vanishing{e.uid, i, last[e.uid] < i})
			}
		}
	}
	return found
}

func TestIcalReplay(t *testing.T) {
	history, err := readHistory(realdata.Read(t, "ical/history_l1_l3.ndjson.gz"))
	require.NoError(t, err)
	t.Logf("%d polls", len(history))
	var total tally
	for _, flat := range []string{"L1", "L2", "L3"} {
		one := replay(t, flat, history)
		t.Logf("%s: %s", flat, one)
		total.add(one)
	}
	t.Logf("total: %s", total)
	t.Logf("remove at once: cancellations issued %d, false among them %d", total.vanished, total.vanished-total.vanishedTrue)

	require.Len(t, history, 2077)
	require.Equal(t, 240, total.vanished)
	require.Equal(t, 157, total.vanishedTrue)
	require.LessOrEqual(t, 50*total.cancelledFalse, total.cancelled, "more than 2%% false")
	require.Zero(t, total.lost)
	require.LessOrEqual(t, total.slowest, 2)
}

func (t tally) String() string {
	return fmt.Sprintf("polls %d; vanished %d, true %d; cancellations issued %d, false among them %d; true ones lost %d; slowest after %d polls not in doubt; added %d, moved %d, aged %d, doubted %d",
		t.polls, t.vanished, t.vanishedTrue, t.cancelled, t.cancelledFalse, t.lost, t.slowest, t.added, t.moved, t.aged, t.doubted)
}

func replay(t *testing.T, flat string, history []snapshot) tally {
	polls := make([]snapshot, len(history))
	for i, s := range history {
		polls[i] = snapshot{At: s.At, Same: s.Same}
		for _, e := range s.Events {
			if e.flat == flat {
				polls[i].Events = append(polls[i].Events, e)
			}
		}
	}
	last := make(map[string]int)
	for i, p := range polls {
		for _, e := range p.Events {
			last[e.uid] = i
		}
	}
	sum := tally{polls: len(polls)}
	cancelledAt := make(map[string][]int)
	settled := make([]int, len(polls)+1) // polls not in doubt before this one
	var state ical.State
	for i, p := range polls {
		poll := ical.Poll{At: p.At, Unchanged: p.Same, Calendar: calendarOf(p.Events)}
		plan, next := ical.Reconcile(state, poll, ical.Policy{Classify: func(e ical.Event) ical.Kind {
			if e.Summary == "N" {
				return ical.KindWindow
			}
			return ical.KindStay
		}})
		for _, it := range plan.Cancel {
			if it.Kind == ical.KindStay {
				sum.cancelled++
				cancelledAt[it.UID] = append(cancelledAt[it.UID], i)
				if last[it.UID] > i {
					sum.cancelledFalse++
					t.Logf("%s: %s %s/%s cancelled at %s, seen again later", flat, it.UID, it.From, it.To, p.At.Format(time.RFC3339))
				}
			}
		}
		sum.added += len(plan.Add)
		sum.moved += len(plan.Move)
		sum.aged += len(plan.Aged)
		sum.doubted += len(plan.Doubt)
		settled[i+1] = settled[i]
		if next.DoubtSince.IsZero() {
			settled[i+1]++
		}
		state = next
	}
	for _, v := range vanishings(polls) {
		sum.vanished++
		if !v.forGood {
			continue
		}
		sum.vanishedTrue++
		done := false
		for _, i := range cancelledAt[v.uid] {
			if i >= v.at {
				done = true
				sum.slowest = max(sum.slowest, settled[i+1]-settled[v.at])
			}
		}
		if !done {
			sum.lost++
			t.Logf("%s: %s vanished at %s, never cancelled", flat, v.uid, polls[v.at].At.Format(time.RFC3339))
		}
	}
	return sum
}

func calendarOf(events []flatInterval) ical.Calendar {
	var c ical.Calendar
	for _, e := range events {
		summary := "R"
		if e.window {
			summary = "N"
		}
		c.Events = append(c.Events, ical.Event{UID: e.uid, From: e.from, To: e.to, Summary: summary})
	}
	return c
}
