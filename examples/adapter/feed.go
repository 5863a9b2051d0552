package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"strconv"
	"strings"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
)

// A commit cannot number its events for all units: they would all wait for one counter. It leaves
// them under keys of their own; who reads the feed first gives them their places, and nobody sees an
// event before it has one. So no follower can step over a commit that is late.

func pendingKey(e booking.Event) string {
	return fmt.Sprintf("pending\x00%s\x00%020d", e.Key.ID, e.Seq)
}

func placeKey(n int64) string { return fmt.Sprintf("feed\x00%020d", n) }

// Since implements booking.Feed. A cursor is an event's place and a hash of it, by which it is known
// again: after an older state was restored there may be another event at the place, or none.
func (s *Store) Since(ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
	n, err := s.place(ctx, after)
	if err != nil || limit <= 0 {
		return nil, after, err
	}
	for {
		pairs, err := s.kv.Range(ctx, placeKey(n+1), "feed\x01", limit)
		if err != nil {
			return nil, after, err
		}
		if len(pairs) < limit {
			more, err := s.number(ctx)
			if err != nil {
				return nil, after, err
			}
			if more {
				continue
			}
		}
		events, next := make([]booking.Event, len(pairs)), after
		for i, p := range pairs {
			if events[i], err = decode[booking.Event](p); err != nil {
				return nil, after, err
			}
			next = cursor(n+1+int64(i), p)
		}
		return events, next, nil
	}
}

// number gives a batch of pending events their places, and reports whether there were any. The
// events of a unit are numbered in the order of their Seq: one is committed after the other, and a
// Range sees one moment.
func (s *Store) number(ctx context.Context) (bool, error) {
	const batch = 50 // two changes each, within what a database takes at once
	last, err := s.kv.Get(ctx, "placed")
	if err != nil {
		return false, err
	}
	pairs, err := s.kv.Range(ctx, "pending\x00", "pending\x01", batch)
	if err != nil || len(pairs) == 0 {
		return false, err
	}
	n, err := decode[int64](last[0])
	if err != nil {
		return false, err
	}
	var w writes
	for _, p := range pairs {
		n++
		w.puts = append(w.puts, Put{placeKey(n), p.Value}, Put{p.Key, ""})
	}
	w.put("placed", n)
	// If nothing is swapped another follower was quicker: there is more to read either way.
	_, err = s.kv.Swap(ctx, []Stamp{last[0].Stamp}, w.puts)
	return true, err
}

// place returns the place that a cursor names.
func (s *Store) place(ctx context.Context, c store.Cursor) (int64, error) {
	if c == "" {
		return 0, nil
	}
	digits, _, _ := strings.Cut(string(c), "-")
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil {
		return 0, fmt.Errorf("cursor %q: %w", c, store.ErrRewound)
	}
	pairs, err := s.kv.Get(ctx, placeKey(n))
	if err != nil {
		return 0, err
	}
	if pairs[0].Rev == 0 || cursor(n, pairs[0]) != c {
		return 0, fmt.Errorf("cursor %q: %w", c, store.ErrRewound)
	}
	return n, nil
}

func cursor(n int64, event Pair) store.Cursor {
	sum := sha256.Sum256([]byte(event.Value))
	return store.Cursor(fmt.Sprintf("%d-%x", n, sum[:8]))
}
