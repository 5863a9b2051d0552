package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/examples/internal/showtest"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
)

// justSeason is the first chapter alone, which is what the input is for.
func justSeason() show.Program {
	p := program()
	p.Chapters = p.Chapters[:1]
	return p
}

func TestMain(m *testing.M) { showtest.Main(m, program) }

func TestWhole(t *testing.T) {
	t.Parallel()
	facts := showtest.Whole(t, program)
	for what, found := range map[string]string{
		"season: requests that were granted, queued or refused":                       "392 of 392",
		"season: nights sold twice, by a ledger of the feed":                          "0",
		"season: wrong refusals, on no full night":                                    "0 of 392",
		"season: departures, cancellations and no-shows are those of the input":       "299, 75, 18",
		"season: nights slept are those of the input":                                 "938 of 938",
		"office: all that a guest wrote is on one card, and it is his alone":          "14 of 14",
		"office: one deal for each guest, however often he wrote":                     "14 of 14",
		"office: a guest's deal went through every stage, one by one":                 "9 of 9",
		"office: nights given twice":                                                  "0 of 25",
		"office: who waited has the flat in the moment in which the unpaid hold ends": "10:15",
		"office: a confirmation in the moment of payment":                             "10 of 10",
		"office: house rules and Wi-Fi 24 hours before arrival":                       "9 of 9",
		"office: a reminder 3 hours before departure":                                 "9 of 9",
		"office: the question how it was, the day after":                              "9 of 9",
		"office: letters after a cancellation":                                        "0 of 37",
		"office: conversion of the channels, by the guests themselves":                "6 of 6",
		"office: evenings on which the index showed other guests than there were":     "0 of 14",
		"calendars: false cancellations":                                              "0",
		"calendars: exports read back as new":                                         "0 of 13",
		"messages: sent for a stay after it was cancelled":                            "0 of 423",
		"messages: stays not told of their last arrival":                              "0 of 81",
		"messages: copies of what a killed desk had sent":                             "1",
		"forecast: nights on the books are those of the bookings":                     "1,433",
	} {
		facts.Found(t, what, found)
	}
}

// Which of two that ask on one day comes first is up to the goroutines, so with too few rooms only
// what does not depend on that is the same in every run.
func TestTooFewRooms(t *testing.T) {
	t.Parallel()
	facts, out, errs := showtest.Play(t, justSeason(), 0, "-rooms", "95")
	require.Contains(t, out, "22 rooms in 3 pools, which is 95 % of the highest demand")
	facts.Found(t, "season: wrong refusals, on no full night", "0 of 392")
	facts.Found(t, "season: requests that were granted, queued or refused", "392 of 392")
	facts.Found(t, "season: guests who arrived to no room", "0 of 299")
	require.Regexp(t, `38\d bookings got a room at once, [1-9] waited .*, [1-9] were refused`, errs)
	require.Contains(t, errs, "for example: ")
}

// input writes rows under the columns' names.
func input(t *testing.T, rows ...string) string {
	name := filepath.Join(t.TempDir(), "bookings.csv")
	require.NoError(t, os.WriteFile(name, []byte(strings.Join(append([]string{strings.Join(columns, ",")}, rows...), "\n")+"\n"), 0o600))
	return name
}

func TestBadRows(t *testing.T) {
	t.Parallel()
	in := input(t,
		likeBooking,
		"5,2027,Juni,15,0,2,A,Check-Out,2027-06-17",
		"-1,2027,June,15,0,2,A,Check-Out,2027-06-17",
		"5,2027,June,31,0,2,A,Check-Out,2027-06-17",
		"5,2027,June,15,0,2,A,Gone,2027-06-17",
		"5,2027,June",
		"6,2027,June,15,0,2,,Check-Out,2027-06-17",
		"7,2027,June,15,0,2,A\tB,Check-Out,2027-06-17",
		"5,2027,June,17,0,2,A,Check-Out,2027-07-17", // a month too late
		"5,2027,June,20,0,2,A,No-Show,2027-06-18",   // known before the day
		"0,1900,January,1,0,1,A,Canceled,2099-12-31",
	)
	facts, out, errs := showtest.Play(t, justSeason(), 0, "-in", in)
	require.Contains(t, out, "1 rooms in 1 pools")
	facts.Found(t, "season: guests who arrived to no room", "0 of 2")
	facts.Found(t, "season: departures, cancellations and no-shows are those of the input", "2, 1, 1")
	require.Contains(t, strings.ReplaceAll(errs, in, "file"), `file: line 3, column 8: arrival_date_month "Juni" must be the English name of a month
file: line 4, column 1: lead_time "-1" must be a whole number from 0 to 3660
file: line 5, column 13: arrival_date_day_of_month "31" is no day of that month
file: line 6, column 22: reservation_status "Gone" must be one of Check-Out, Canceled, No-Show
file: line 7, column 1: arrival_date_day_of_month "" is missing: the row is too short
file: line 8, column 20: assigned_room_type "" must be a name of 1 to 64 bytes without spaces
file: line 9, column 20: assigned_room_type "A\tB" must be a name of 1 to 64 bytes without spaces
file: a right row is 5,2027,June,15,0,2,A,Check-Out,2027-06-17
`)
	for _, none := range [][]string{{"-in", input(t)}, {"-in", filepath.Join(t.TempDir(), "none.csv")}, {"-in", input(t, "5,2027,June,15,0,0,A,Check-Out,2027-06-17")}, {"-rooms", "101"}, {"-rooms", "0"}} {
		_, _, errs := showtest.Play(t, justSeason(), 2, none...)
		require.Equal(t, 1, strings.Count(errs, "\n"), errs)
	}
}

// interrupted plays the program until it has made so many promises.
func interrupted(t *testing.T, promises int, args ...string) {
	t.Helper()
	read, write, err := os.Pipe()
	require.NoError(t, err)
	ctx, interrupt := context.WithCancel(t.Context())
	heard := make(chan int)
	go func() {
		lines := bufio.NewScanner(read)
		n := 0
		for ; lines.Scan(); n++ {
			if n == promises {
				interrupt()
			}
		}
		heard <- n
	}()
	var out, errs bytes.Buffer
	res := program().Run(ctx, append(args, "-promises", fmt.Sprint("/dev/fd/", write.Fd())), &out, &errs)
	require.Equal(t, 130, res.Status, "%s\n%s", &out, &errs)
	require.Contains(t, errs.String(), "the same command goes on")
	require.NoError(t, write.Close())
	require.GreaterOrEqual(t, <-heard, promises)
	require.NoError(t, read.Close())
}

func TestInterruptedGoesOn(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "season.db")
	interrupted(t, 150, "-db", file)
	_, _, errs := showtest.Play(t, justSeason(), 2, "-db", file, "-rooms", "95") // of another season
	require.Contains(t, errs, "unfinished season of another -in or -rooms")
	interrupted(t, 20, "-db", file)
	first, out, _ := showtest.Play(t, program(), 0, "-db", file)
	require.Contains(t, out, "(run 1, ")
	first.Found(t, "season: nights slept are those of the input", "938 of 938")

	// The next one is a season of its own, with guests of its own.
	second, out, _ := showtest.Play(t, program(), 0, "-db", file)
	require.Contains(t, out, "(run 2, ")
	require.Len(t, second, len(first))
	for what, f := range first {
		second.Found(t, what, f.Found)
	}
}

// TestKilled kills the program twenty times in the middle: what was promised is kept, no night is sold
// twice, and the story ends as that of a run which nobody disturbed.
func TestKilled(t *testing.T) {
	t.Parallel()
	calm, killed, told := filepath.Join(t.TempDir(), "calm.db"), filepath.Join(t.TempDir(), "killed.db"), filepath.Join(t.TempDir(), "promises")
	_, calmOut, _ := showtest.Play(t, program(), 0, "-db", calm, "-promises", told)
	text, err := os.ReadFile(told)
	require.NoError(t, err)
	promises := strings.Count(string(text), "\n")
	require.Greater(t, promises, 392)

	promised, out := showtest.Killed(t, 20, promises, "-db", killed)
	require.GreaterOrEqual(t, len(promised), promises)
	_, calmOut, _ = strings.Cut(calmOut, "\n") // the first line names the file
	_, out, _ = strings.Cut(out, "\n")
	require.Equal(t, calmOut, out)

	undisturbed, disturbed := readLedgers(t, calm), readLedgers(t, killed)
	require.Len(t, disturbed.seasons, 392)
	require.Equal(t, undisturbed.seasons, disturbed.seasons)
	require.Zero(t, disturbed.twice)
	for _, line := range promised {
		var unit, id, first, last string
		_, err := fmt.Sscanf(line, "booked %s %s %s %s", &unit, &id, &first, &last)
		require.NoError(t, err, line)
		require.True(t, disturbed.confirmed[unit+" "+id+" "+first+" "+last], "lost: %s", line)
		require.NotContains(t, []string{"", "held", "expired", "queued"}, disturbed.states[unit+" "+id], line)
	}
}

// ledgers are what the test itself reads out of a database.
type ledgers struct {
	seasons   map[string]string // state by reservation, of the season
	states    map[string]string // state by unit and reservation
	confirmed map[string]bool   // unit, reservation and dates that were ever somebody's for good
	twice     int               // nights on which more were sold than there are places
}

func readLedgers(t *testing.T, file string) ledgers {
	t.Helper()
	db, err := sqlite.Open(t.Context(), file)
	require.NoError(t, err)
	defer db.Close()
	feed, err := litebooking.New(t.Context(), db)
	require.NoError(t, err)
	l := ledgers{map[string]string{}, map[string]string{}, map[string]bool{}, 0}
	places, sold, had := map[string]int{}, map[string]int{}, map[string][]string{}
	var cursor store.Cursor
	for {
		events, next, err := feed.Since(t.Context(), cursor, 1000)
		require.NoError(t, err)
		if len(events) == 0 {
			return l
		}
		cursor = next
		for _, e := range events {
			unit := e.Key.ID
			if e.Unit != nil {
				places[unit] = e.Unit.Capacity
			}
			r := e.Reservation
			if r == nil {
				continue
			}
			key := unit + " " + string(r.ID)
			l.states[key] = r.State.String()
			if strings.HasPrefix(unit, "season-") {
				l.seasons[string(r.ID)] = r.State.String()
			}
			for _, night := range had[key] {
				sold[night]--
			}
			had[key] = nil
			first, last := r.Claims[0].Span.Dates()
			switch r.State {
			case booking.StateConfirmed, booking.StateBlocked:
				l.confirmed[fmt.Sprint(key, " ", first, " ", last)] = true
			case booking.StateHeld, booking.StateCheckedIn, booking.StateCheckedOut:
			default:
				continue
			}
			for d := first; d < min(last, first+date.Date(1000)); d++ {
				night := fmt.Sprint(unit, " ", d)
				had[key] = append(had[key], night)
				if sold[night]++; sold[night] > places[unit] {
					l.twice++
				}
			}
		}
	}
}
