package main

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/store"
)

// A flat is what the audit reads of a unit's text: it shares nothing with what wrote it.
type flat struct {
	Head struct {
		Seq int `json:"seq"`
	} `json:"head"`
	Live []struct {
		Busy        string    `json:"busy"` // 2027-07-10/2027-07-17
		Deadline    time.Time `json:"deadline"`
		Reservation struct {
			ID    string `json:"id"`
			State string `json:"state"`
		} `json:"reservation"`
	} `json:"live"`
}

// audit looks at the bare keys, and follows the feed.
func audit(ctx context.Context, kv KV, checks *show.Checks) error {
	pairs, err := kv.Range(ctx, "unit\x00", "unit\x01", 1000)
	if err != nil {
		return err
	}
	flats := map[string]flat{}
	due := map[string]bool{}
	events, nights, twice := 0, 0, 0
	for _, p := range pairs {
		var f flat
		if err := json.Unmarshal([]byte(p.Value), &f); err != nil {
			return err
		}
		flats[strings.TrimPrefix(p.Key, "unit\x00")] = f
		events += f.Head.Seq
		taken := map[string]bool{}
		for _, row := range f.Live {
			if !row.Deadline.IsZero() {
				due[p.Key] = true
			}
			if row.Reservation.State == "queued" {
				continue
			}
			for _, night := range nightsOf(row.Busy) {
				if nights++; taken[night] {
					twice++
				}
				taken[night] = true
			}
		}
	}
	checks.Add("nights that are taken twice", "ночи, занятые дважды", nights > 0 && twice == 0, "%d of %d", twice, nights)

	index, err := kv.Range(ctx, "due\x00", "due\x01", 1000)
	if err != nil {
		return err
	}
	checks.Add("units with a deadline are in the index of what falls due", "объекты со сроком стоят в указателе сроков", len(index) == len(due), "%d of %d", len(index), len(due))

	slow, err := follow(ctx, kv, 1)
	if err != nil {
		return err
	}
	quick, err := follow(ctx, kv, 7)
	if err != nil {
		return err
	}
	checks.Add("two followers heard the same", "два читателя услышали одно и то же", slices.EqualFunc(slow, quick, func(a, b booking.Event) bool { return a.Key == b.Key && a.Seq == b.Seq }), "%d and %d events", len(slow), len(quick))
	gaps := 0
	last := map[string]int64{}
	states := map[string]string{}
	for _, e := range slow {
		if last[e.Key.ID]++; e.Seq != last[e.Key.ID] {
			gaps++
		}
		if r := e.Reservation; r != nil {
			states[e.Key.ID+"/"+string(r.ID)] = r.State.String()
		}
	}
	checks.Add("events skipped, doubled or out of order", "события пропущены, повторены или не по порядку", gaps == 0 && len(slow) == events, "%d of %d", gaps, events)

	kept := map[string]string{}
	for unit, f := range flats {
		for _, row := range f.Live {
			kept[unit+"/"+row.Reservation.ID] = row.Reservation.State
		}
	}
	maps.DeleteFunc(states, func(_, state string) bool { return state == "expired" })
	checks.Add("what the events tell is what the calendars hold", "календари хранят то, что рассказали события", maps.Equal(states, kept), "%d and %d reservations", len(states), len(kept))
	return nil
}

// nightsOf lists the nights of a span by their dates, by package time alone.
func nightsOf(span string) []string {
	from, to, _ := strings.Cut(span, "/")
	day, err := time.Parse(time.DateOnly, from)
	var nights []string
	for ; err == nil && day.Format(time.DateOnly) < to; day = day.AddDate(0, 0, 1) {
		nights = append(nights, day.Format(time.DateOnly))
	}
	return nights
}

// follow reads the feed to its end, a few events at a time.
func follow(ctx context.Context, kv KV, limit int) ([]booking.Event, error) {
	var all []booking.Event
	var after store.Cursor
	for {
		events, next, err := NewStore(kv).Since(ctx, after, limit)
		if err != nil {
			return nil, fmt.Errorf("after %d events: %w", len(all), err)
		}
		if len(events) == 0 {
			return all, nil
		}
		all, after = append(all, events...), next
	}
}
