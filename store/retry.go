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
	busy map[Key]*turn
}

type turn struct {
	free  chan struct{} // holds one token while nobody has the key
	users int           // who have the key or wait for it
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
	release, err := r.acquire(ctx, keys)
	if err != nil {
		return err
	}
	defer release()
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

func (r *Retry) acquire(ctx context.Context, keys []Key) (release func(), err error) {
	keys = slices.SortedFunc(slices.Values(keys), Key.Compare)
	keys = slices.Compact(keys)
	for i, k := range keys {
		if err := r.take(ctx, k); err != nil {
			r.give(keys[:i])
			return nil, err
		}
	}
	return func() { r.give(keys) }, nil
}

func (r *Retry) take(ctx context.Context, k Key) error {
	r.mu.Lock()
	if r.busy == nil {
		r.busy = make(map[Key]*turn)
	}
	t := r.busy[k]
	if t == nil {
		t = &turn{free: make(chan struct{}, 1)}
		t.free <- struct{}{}
		r.busy[k] = t
	}
	t.users++
	r.mu.Unlock()
	select {
	case <-t.free:
		return nil
	case <-ctx.Done():
		r.leave(k, t)
		return context.Cause(ctx)
	}
}

func (r *Retry) give(keys []Key) {
	for _, k := range keys {
		r.mu.Lock()
		t := r.busy[k]
		r.mu.Unlock()
		t.free <- struct{}{}
		r.leave(k, t)
	}
}

// leave forgets a key nobody has or waits for.
func (r *Retry) leave(k Key, t *turn) {
	r.mu.Lock()
	defer r.mu.Unlock()
	t.users--
	if t.users == 0 {
		delete(r.busy, k)
	}
}
