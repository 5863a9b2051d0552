package bookingtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// TestFeed runs the cases for a store's feed.
func TestFeed(t *testing.T, open func(*testing.T) (booking.Store, booking.Feed)) {
	storetest.RunCases(t, FeedCases(open(t)))
}

// FeedCases are what TestFeed runs.
func FeedCases(s booking.Store, f booking.Feed) []storetest.Case {
	var cases []storetest.Case
	add := func(name, rule string, run func(context.Context, booking.Store, booking.Feed) error) {
		cases = append(cases, storetest.Case{Name: name, Rule: rule, Run: func(ctx context.Context) error { return run(ctx, s, f) }})
	}
	add("each once, in order", "a follower gets every event once, those of one unit in the order of Seq", tryFeedOrder)
	add("limit", "no more than limit events come at once, none for a limit of 0 or less, and the cursor stands behind the last of them", tryFeedLimit)
	add("end", "at the end a feed gives nothing and leaves the cursor where it is", tryFeedEnd)
	add("exact", "an event comes back exactly", tryFeedExact)
	add("no gap", "followers who read while others commit miss nothing", tryFeedGap)
	add("rewound", "a cursor that the store never gave is ErrRewound", tryFeedRewound)
	add("done ctx", "under a done context a feed fails with its cause", tryFeedCtx)
	return cases
}

// end reads a feed to its end.
func end(ctx context.Context, f booking.Feed, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
	var all []booking.Event
	for {
		events, next, err := f.Since(ctx, after, limit)
		if err != nil {
			return nil, after, err
		}
		if len(events) > limit {
			return nil, after, fmt.Errorf("asked for %d events, got %d", limit, len(events))
		}
		if len(events) == 0 {
			return all, next, nil
		}
		if next == after {
			return nil, after, errors.New("the cursor stands still before events")
		}
		all, after = append(all, events...), next
	}
}

// tell commits n reservations on a unit, an event each.
func tell(ctx context.Context, s booking.Store, u booking.UnitID, n int) error {
	for i := range n {
		r := newReservation(booking.ReservationID(fmt.Sprintf("%s-%03d", u, i)), u, nights(i, i+1))
		if err := write(ctx, s, headOf(u), newRow(u, r)); err != nil {
			return err
		}
	}
	return nil
}

// inOrder: events of each unit are 1, 2, 3 ... n.
func inOrder(events []booking.Event, n int, units ...booking.UnitID) error {
	seqs := make(map[string]int64)
	for _, e := range events {
		if slices.Contains(units, booking.UnitID(e.Key.ID)) {
			seqs[e.Key.ID]++
			if e.Seq != seqs[e.Key.ID] {
				return fmt.Errorf("event %d of %s comes as number %d", e.Seq, e.Key.ID, seqs[e.Key.ID])
			}
		}
	}
	for _, u := range units {
		if seqs[string(u)] != int64(n) {
			return fmt.Errorf("%d events of %s, want %d", seqs[string(u)], u, n)
		}
	}
	return nil
}

func tryFeedOrder(ctx context.Context, s booking.Store, f booking.Feed) error {
	units := []booking.UnitID{mint(), mint()}
	_, start, err := end(ctx, f, "", 1000)
	if err != nil {
		return err
	}
	for range 3 {
		for _, u := range units {
			r := newReservation("again", u, nights(1, 2))
			if err := write(ctx, s, headOf(u), newRow(u, r)); err != nil {
				return err
			}
		}
	}
	events, _, err := end(ctx, f, start, 4)
	if err != nil {
		return err
	}
	if err := inOrder(events, 3, units...); err != nil {
		return err
	}
	whole, _, err := end(ctx, f, "", 1000)
	if err != nil {
		return err
	}
	return inOrder(whole, 3, units...)
}

func tryFeedLimit(ctx context.Context, s booking.Store, f booking.Feed) error {
	u := mint()
	_, start, err := end(ctx, f, "", 1000)
	if err != nil {
		return err
	}
	if err := tell(ctx, s, u, 5); err != nil {
		return err
	}
	for _, limit := range []int{1, 2, 5, 100} {
		events, _, err := end(ctx, f, start, limit)
		if err != nil {
			return err
		}
		if err := inOrder(events, 5, u); err != nil {
			return fmt.Errorf("%d at once: %w", limit, err)
		}
	}
	for _, limit := range []int{0, -1} {
		if events, next, err := f.Since(ctx, start, limit); err != nil || len(events) != 0 || next != start {
			return fmt.Errorf("limit %d: %d events, cursor %q after %q, %w", limit, len(events), next, start, err)
		}
	}
	return nil
}

func tryFeedEnd(ctx context.Context, s booking.Store, f booking.Feed) error {
	if err := tell(ctx, s, mint(), 1); err != nil {
		return err
	}
	_, last, err := end(ctx, f, "", 1000)
	if err != nil {
		return err
	}
	events, again, err := f.Since(ctx, last, 10)
	if err != nil || len(events) != 0 || again != last {
		return fmt.Errorf("behind the last event: %d events, cursor %q after %q, %w", len(events), again, last, err)
	}
	return nil
}

func tryFeedExact(ctx context.Context, s booking.Store, f booking.Feed) error {
	u := mint()
	_, start, err := end(ctx, f, "", 1000)
	if err != nil {
		return err
	}
	head := headOf(u)
	head.Seq, head.Unit.Tags = 1, map[string]string{"complex": "Ясная"}
	r := newReservation("it", u, nights(1, 2))
	unit := head.Unit
	key := store.Key{Kind: booking.KindUnit, ID: string(u)}
	want := booking.Event{Key: key, Seq: 1, At: time.Date(2027, 5, 1, 12, 0, 0, 1000, time.UTC), Kind: booking.KindMoved, By: "Иван \"'", Why: strings.Repeat("ж", 128),
		Command: "move", Tags: head.Unit.Tags, Reservation: &r, Unit: &unit}
	err = s.Commit(ctx, booking.Change{Guards: []store.Guard{{Key: key, Write: true}}, Heads: []booking.Head{head}, Events: []booking.Event{want}})
	if err != nil {
		return err
	}
	events, _, err := end(ctx, f, start, 10)
	if err != nil {
		return err
	}
	i := slices.IndexFunc(events, func(e booking.Event) bool { return e.Key == key })
	if i < 0 {
		return errors.New("the event is not there")
	}
	return same(events[i], want)
}

func tryFeedGap(ctx context.Context, s booking.Store, f booking.Feed) error {
	const writers, each, followers = 4, 12, 4
	units := make([]booking.UnitID, writers)
	for i := range units {
		units[i] = mint()
	}
	_, start, err := end(ctx, f, "", 1000)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var writing, reading sync.WaitGroup
	writeErrs := make([]error, writers)
	for i, u := range units {
		writing.Go(func() { writeErrs[i] = tell(ctx, s, u, each) })
	}
	readErrs := make([]error, followers)
	done := make(chan struct{})
	for i := range followers {
		reading.Go(func() {
			var all []booking.Event
			cursor := start
			for stop := false; ; {
				select {
				case <-done:
					stop = true
				default:
				}
				events, next, err := end(ctx, f, cursor, 1+i*3)
				if err != nil {
					readErrs[i] = err
					return
				}
				all, cursor = append(all, events...), next
				if stop {
					readErrs[i] = inOrder(all, each, units...)
					return
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
	return errors.Join(append(writeErrs, readErrs...)...)
}

func tryFeedRewound(ctx context.Context, s booking.Store, f booking.Feed) error {
	if err := tell(ctx, s, mint(), 2); err != nil {
		return err
	}
	_, last, err := end(ctx, f, "", 1000)
	if err != nil {
		return err
	}
	for _, bad := range []store.Cursor{last + "0", "no cursor", "-1", "999999999999999999999"} {
		if _, _, err := f.Since(ctx, bad, 10); !errors.Is(err, store.ErrRewound) {
			return fmt.Errorf("cursor %q: %v, want ErrRewound", bad, err)
		}
	}
	return nil
}

func tryFeedCtx(ctx context.Context, s booking.Store, f booking.Feed) error {
	cause := errors.New("enough")
	ctx, cancel := context.WithCancelCause(ctx)
	cancel(cause)
	if _, _, err := f.Since(ctx, "", 10); !errors.Is(err, cause) {
		return fmt.Errorf("got %v", err)
	}
	return nil
}
