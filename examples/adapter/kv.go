package main

import (
	"context"
	"slices"
	"strings"
	"sync"
)

// A KV is the database that the adapter is written for: keys with values, and no SQL. etcd is one as
// it stands; DynamoDB and Redis become one by a revision kept beside each value.
type KV interface {
	// Get returns the pair of each key, in the order asked for, all as of one moment. The Rev of a
	// key that is absent is 0.
	Get(ctx context.Context, keys ...string) ([]Pair, error)

	// Range returns the first pairs with from <= key < to, in the byte order of their keys, at most
	// limit (1 or more), all as of one moment.
	Range(ctx context.Context, from, to string, limit int) ([]Pair, error)

	// Swap makes every change if each key of had still has its Rev; otherwise it makes none and
	// returns false. If ctx is done it makes none and the error wraps the cause. No key is changed
	// twice in one Swap.
	Swap(ctx context.Context, had []Stamp, changes []Put) (swapped bool, err error)
}

// A Stamp is a key and the revision at which it was last changed. No key has a revision twice, also
// after it was deleted.
type Stamp struct {
	Key string
	Rev int64
}

// A Pair is a key with its value.
type Pair struct {
	Stamp
	Value string
}

// A Put gives a key a value; an empty one deletes the key.
type Put struct{ Key, Value string }

// A Map is a KV in this process. The zero Map is empty and ready.
type Map struct {
	mu    sync.Mutex
	rev   int64
	pairs map[string]Pair
}

// Get implements KV.
func (m *Map) Get(ctx context.Context, keys ...string) ([]Pair, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	pairs := make([]Pair, len(keys))
	for i, key := range keys {
		pairs[i] = m.pairs[key]
		pairs[i].Key = key
	}
	return pairs, context.Cause(ctx)
}

// Range implements KV.
func (m *Map) Range(ctx context.Context, from, to string, limit int) ([]Pair, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	var pairs []Pair
	for key, p := range m.pairs {
		if from <= key && key < to {
			pairs = append(pairs, p)
		}
	}
	slices.SortFunc(pairs, func(a, b Pair) int { return strings.Compare(a.Key, b.Key) })
	return pairs[:min(limit, len(pairs))], context.Cause(ctx)
}

// Swap implements KV.
func (m *Map) Swap(ctx context.Context, had []Stamp, changes []Put) (bool, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if err := context.Cause(ctx); err != nil {
		return false, err
	}
	for _, h := range had {
		if m.pairs[h.Key].Rev != h.Rev {
			return false, nil
		}
	}
	if m.pairs == nil {
		m.pairs = map[string]Pair{}
	}
	m.rev++
	for _, c := range changes {
		m.pairs[c.Key] = Pair{Stamp{c.Key, m.rev}, c.Value}
		if c.Value == "" {
			delete(m.pairs, c.Key)
		}
	}
	return true, nil
}
