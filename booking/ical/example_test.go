package ical_test

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking/ical"
)

const feed = `BEGIN:VCALENDAR
PRODID:-//Listing//EN
VERSION:2.0
BEGIN:VEVENT
UID:71@listing.example
DTSTART;VALUE=DATE:20260608
DTEND;VALUE=DATE:20260612
SUMMARY:Reserved
END:VEVENT
BEGIN:VEVENT
UID:72@listing.example
DTSTART;VALUE=DATE:20260620
DTEND;VALUE=DATE:20260701
SUMMARY:Not available
END:VEVENT
END:VCALENDAR
`

func june(d int) date.Date { return date.New(2026, time.June, d) }

func say(plan ical.Plan) {
	for _, it := range plan.Cancel {
		fmt.Println("cancel", it.Key, it.From, it.To)
	}
	for _, m := range plan.Move {
		fmt.Println("move", m.Now.Key, m.Was.From, m.Was.To, "to", m.Now.From, m.Now.To)
	}
	for _, it := range plan.Add {
		fmt.Println("add", it.Kind, it.Key, it.From, it.To)
	}
	for _, it := range plan.Aged {
		fmt.Println("over", it.Key)
	}
	for _, d := range plan.Doubt {
		fmt.Println("doubt", d.Text("en"))
	}
	for _, e := range plan.Echo {
		fmt.Println("echo", e.UID)
	}
}

func Example() {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("ETag", `"1"`)
		if r.Header.Get("If-None-Match") == `"1"` {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		fmt.Fprint(w, feed)
	}))
	defer server.Close()
	now := func() time.Time { return time.Date(2026, time.June, 1, 9, 0, 0, 0, time.UTC) }

	var state ical.State // of this feed, kept by the caller
	for range 2 {
		poll := ical.Get(context.Background(), http.DefaultClient, server.URL, state, ical.Options{Now: now})
		plan, next := ical.Reconcile(state, poll, ical.Policy{Own: "example.org"})
		fmt.Println("unchanged:", poll.Unchanged)
		say(plan)
		state = next // saved in the transaction that applied the plan
	}
	// Output:
	// unchanged: false
	// add stay 71@listing.example 2026-06-08 2026-06-12
	// add window 72@listing.example 2026-06-20 2026-07-01
	// unchanged: true
}

func ExampleRead() {
	c, problems, err := ical.Read(strings.NewReader(strings.ReplaceAll(feed, "20260612", "20260607")), ical.Options{})
	fmt.Println(len(c.Events), err)
	for _, p := range problems {
		fmt.Println(p.Text("en"))
	}
	_, _, err = ical.Read(strings.NewReader("<html>Please log in</html>"), ical.Options{})
	fmt.Println(err)
	_, _, err = ical.Read(strings.NewReader(feed[:len(feed)/2]), ical.Options{})
	fmt.Println(err)
	// Output:
	// 1 <nil>
	// line 4: event 71@listing.example ends before it begins: 20260608/20260607
	// ical: line 1: a web page, not a calendar
	// ical: line 4: an event that does not end
}

func ExampleReconcile() {
	known := ical.State{Items: []ical.Item{
		{Key: "a", UID: "a", From: june(8), To: june(12), Rev: 1},
		{Key: "b", UID: "b", From: june(20), To: june(22), Rev: 1},
	}}
	poll := ical.Poll{At: time.Date(2026, time.June, 1, 9, 0, 0, 0, time.UTC), Calendar: ical.Calendar{Events: []ical.Event{
		{UID: "b", From: june(21), To: june(24)},
		{UID: "c", From: june(26), To: june(28)},
	}}}
	plan, _ := ical.Reconcile(known, poll, ical.Policy{})
	say(plan)
	// Output:
	// move b 2026-06-20 2026-06-22 to 2026-06-21 2026-06-24
	// add stay c 2026-06-26 2026-06-28
	// doubt a 2026-06-08/2026-06-12: is not in the feed
}

// A month of one poll a day: a closure that slides each day, a stay that is cancelled, and a day on
// which the feed is empty.
func ExampleReconcile_month() {
	var state ical.State
	for d := range 30 {
		var c ical.Calendar
		today := june(1 + d)
		if d != 20 {
			c.Events = append(c.Events, ical.Event{UID: fmt.Sprintf("closed-%d", d), From: today + 60, To: today + 365, Summary: "Not available"})
			c.Events = append(c.Events, ical.Event{UID: "long", From: june(25), To: june(29)})
		}
		if d < 10 {
			c.Events = append(c.Events, ical.Event{UID: "short", From: june(18), To: june(20)})
		}
		at := time.Date(2026, time.June, 1+d, 6, 0, 0, 0, time.UTC)
		plan, next := ical.Reconcile(state, ical.Poll{At: at, Calendar: c}, ical.Policy{})
		if slid := len(plan.Move) == 1 && len(plan.Add)+len(plan.Cancel)+len(plan.Doubt)+len(plan.Aged) == 0; !slid {
			fmt.Println("--", today)
			plan.Move = nil
			say(plan)
		}
		state = next
	}
	// Output:
	// -- 2026-06-01
	// add stay short 2026-06-18 2026-06-20
	// add stay long 2026-06-25 2026-06-29
	// add window closed-0 2026-07-31 2027-06-01
	// -- 2026-06-11
	// doubt short 2026-06-18/2026-06-20: is not in the feed
	// -- 2026-06-12
	// cancel short 2026-06-18 2026-06-20
	// -- 2026-06-21
	// doubt long 2026-06-25/2026-06-29: the feed is empty
	// doubt closed-0 2026-08-19/2027-06-20: the feed is empty
	// -- 2026-06-30
	// over long
}

func ExampleExport() {
	busy := []ical.Busy{
		{ID: "b-7", From: june(8), To: june(12), Rev: 2},
		{ID: "b-8", From: june(20), To: june(22), Source: "airbnb"},
	}
	now := time.Date(2026, time.June, 1, 9, 0, 0, 0, time.UTC)
	calendar := ical.Export("example.org", "airbnb", busy, now) // without what came from there
	var file strings.Builder
	if err := ical.Write(&file, calendar); err != nil {
		fmt.Println(err)
	}
	fmt.Print(strings.ReplaceAll(file.String(), "\r\n", "\n"))
	plan, _ := ical.Reconcile(ical.State{}, ical.Poll{At: now, Calendar: calendar}, ical.Policy{Own: "example.org"})
	say(plan)
	// Output:
	// BEGIN:VCALENDAR
	// VERSION:2.0
	// PRODID:-//tenure//ical//EN
	// BEGIN:VEVENT
	// UID:b-7@example.org
	// LAST-MODIFIED:20260601T090000Z
	// DTSTAMP:20260601T090000Z
	// DTSTART;VALUE=DATE:20260608
	// DTEND;VALUE=DATE:20260612
	// SEQUENCE:2
	// SUMMARY:Not available
	// STATUS:CONFIRMED
	// END:VEVENT
	// END:VCALENDAR
	// echo b-7@example.org
}
