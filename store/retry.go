package store

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"time"
)

// MaxTries is how often [Retry.Do] attempts at most.
const MaxTries = 16

// Retry repeats an attempt that meets a conflict. The zero value is ready; it must not be copied
// after its first use. Every desk owns one.
type Retry struct {
	mu   sync.Mutex
	busy map[Key][]chan struct{} // keys that somebody has, and who waits for each
}

// Do calls attempt until it returns anything but an [ErrConflict], until ctx is done, or
// [MaxTries] times: then the last conflict is returned, wrapped. Between attempts it waits for a
// random while that grows. Attempts through one Retry that name a common key take turns, so that
// the callers of one process do not overtake one another; the keys of an attempt are taken in key
// order. An attempt must not call Do for a key of its own: it would wait for itself until ctx is
// done.
//
// When ctx is done, waiting for a turn or between attempts, Do returns its cause.
func (r *Retry) Do(ctx context.Context, keys []Key, attempt func(context.Context) error) error {
	if len(keys) > 1 {
		keys = slices.SortedFunc(slices.Values(keys), Key.Compare)
		keys = slices.Compact(keys)
	}
	taken := 0
	defer func() { r.give(keys[:taken]) }()
	for ; taken < len(keys); taken++ {
		if err := r.take(ctx, keys[taken]); err != nil {
			return err
		}
	}
	for try := 1; ; try++ {
		if ctx.Err() != nil {
			return context.Cause(ctx)
		}
		err := attempt(ctx)
		if err == nil || !errors.Is(err, ErrConflict) {
			return err
		}
		if try == MaxTries {
			return fmt.Errorf("store: gave up after %d tries: %w", MaxTries, err)
		}
		if err := pause(ctx, try); err != nil {
			return err
		}
	}
}

// pause waits for up to 1 ms after the first try, twice as long after each further one, 64 ms at
// most.
func pause(ctx context.Context, try int) error {
	limit := time.Millisecond << min(try-1, 6)
	timer := time.NewTimer(rand.N(limit) + 1)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// take waits until nobody else has the key, first come first served.
func (r *Retry) take(ctx context.Context, k Key) error {
	r.mu.Lock()
	waiting, held := r.busy[k]
	if !held {
		if r.busy == nil {
			r.busy = make(map[Key][]chan struct{})
		}
		r.busy[k] = nil
		r.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	r.busy[k] = append(waiting, turn)
	r.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	r.mu.Lock()
	i := slices.Index(r.busy[k], turn)
	if i >= 0 {
		r.busy[k] = slices.Delete(r.busy[k], i, i+1)
	}
	r.mu.Unlock()
	if i < 0 { // its turn came in the meantime: to the next
		r.give([]Key{k})
	}
	return context.Cause(ctx)
}

// give hands each key to who has waited longest, or forgets it.
func (r *Retry) give(keys []Key) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, k := range keys {
		waiting := r.busy[k]
		if len(waiting) == 0 {
			delete(r.busy, k)
			continue
		}
		r.busy[k] = waiting[1:]
		close(waiting[0])
	}
}
