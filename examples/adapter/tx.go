package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/tenure-go/tenure/store"
)

// InTx runs fn over a KV that keeps what is written to it, and in the end writes all of it in one
// Swap, held to the revision of everything that fn read. So a desk over NewStore(tx) and the
// caller's own keys stand or fall together. If fn returns an error nothing is written, and that error
// comes back once it is sure that what fn read was true.
//
// On a conflict the whole is repeated. Transactions of one Store that met a conflict take turns, so
// that they do not undo one another for ever.
func (s *Store) InTx(ctx context.Context, fn func(tx KV) error) error {
	attempt := func(ctx context.Context) error {
		tx := transaction{kv: s.kv, seen: map[string]Pair{}, had: map[string]Stamp{}, puts: map[string]Put{}}
		failed := fn(&tx)
		if failed != nil {
			clear(tx.puts)
		}
		swapped, err := s.kv.Swap(ctx, slices.Collect(maps.Values(tx.had)), slices.Collect(maps.Values(tx.puts)))
		if err == nil && !swapped {
			return fmt.Errorf("what the transaction read has changed: %w", store.ErrConflict)
		}
		return errors.Join(failed, err)
	}
	err := attempt(ctx)
	if errors.Is(err, store.ErrConflict) {
		err = s.retry.Do(ctx, []store.Key{{Kind: "transaction"}}, attempt)
	}
	return err
}

// A transaction is a KV for one goroutine.
type transaction struct {
	kv   KV
	seen map[string]Pair  // by key, as fn sees it: as it was read, or as fn wrote it
	had  map[string]Stamp // as it was read
	puts map[string]Put
	rev  int64
}

// Get implements KV.
func (t *transaction) Get(ctx context.Context, keys ...string) ([]Pair, error) {
	var unseen []string
	for _, key := range keys {
		if _, ok := t.seen[key]; !ok {
			unseen = append(unseen, key)
		}
	}
	read, err := t.kv.Get(ctx, unseen...)
	if err != nil {
		return nil, err
	}
	for _, p := range read {
		t.seen[p.Key], t.had[p.Key] = p, p.Stamp
	}
	pairs := make([]Pair, len(keys))
	for i, key := range keys {
		pairs[i] = t.seen[key]
	}
	return pairs, nil
}

// Range is not for a transaction: a key that another adds to the range meanwhile has no revision to
// be held to.
func (t *transaction) Range(context.Context, string, string, int) ([]Pair, error) {
	return nil, fmt.Errorf("a range in a transaction: %w", errors.ErrUnsupported)
}

// Swap implements KV. What it writes has revisions below 0, so that a Commit that stands on an
// earlier one of the same transaction is told from one that does not; the database gives its own.
func (t *transaction) Swap(ctx context.Context, had []Stamp, changes []Put) (bool, error) {
	for _, h := range had {
		pairs, err := t.Get(ctx, h.Key)
		if err != nil {
			return false, err
		}
		if pairs[0].Rev != h.Rev {
			return false, nil
		}
	}
	t.rev--
	for _, c := range changes {
		t.puts[c.Key], t.seen[c.Key] = c, Pair{Stamp{c.Key, t.rev}, c.Value}
		if c.Value == "" {
			t.seen[c.Key] = Pair{Stamp: Stamp{Key: c.Key}}
		}
	}
	return true, context.Cause(ctx)
}
