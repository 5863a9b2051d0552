package main

import (
	"context"
	"fmt"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
)

// A unit that has something to fall due stands once in an index, at its earliest deadline. An entry
// changes only in the Swap that changes the unit's document, so the two never disagree.

// due is where the unit stands in the index; "" if nowhere.
func due(u string, doc document) string {
	var first time.Time
	for _, row := range doc.Live {
		if d := row.Deadline; !d.IsZero() && (first.IsZero() || d.Before(first)) {
			first = d
		}
	}
	if first.IsZero() {
		return ""
	}
	return dueKey(first) + "\x00" + u
}

// dueKey is where the deadlines of an instant begin. Digits sort as numbers do only if there are
// equally many of them and no sign.
func dueKey(t time.Time) string { return fmt.Sprintf("due\x00%020d", uint64(t.UnixMicro())^1<<63) }

// Due implements booking.Due.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
	if limit <= 0 {
		return nil, context.Cause(ctx)
	}
	pairs, err := s.kv.Range(ctx, "due\x00", dueKey(now.Add(time.Microsecond)), limit)
	if err != nil {
		return nil, err
	}
	keys := make([]store.Key, len(pairs))
	for i, p := range pairs {
		keys[i] = store.Key{Kind: booking.KindUnit, ID: p.Value}
	}
	return keys, nil
}

// moveDue moves a unit in the index if its earliest deadline is another now.
func (w *writes) moveDue(u, was, is string) {
	if was == is {
		return
	}
	if was != "" {
		w.delete(was)
	}
	if is != "" {
		w.puts = append(w.puts, Put{is, u})
	}
}
