package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var errEnough = errors.New("had enough")

func keysOf(ids ...string) []Key {
	var keys []Key
	for _, id := range ids {
		keys = append(keys, Key{Kind: "k", ID: id})
	}
	return keys
}

func TestRetryStopsAt(t *testing.T) {
	t.Parallel()
	conflict := fmt.Errorf("unit flat-12: %w", ErrConflict)
	other := errors.New("disk full")
	for _, c := range []struct {
		name  string
		tries []error // the last one is repeated
		made  int
		want  error
	}{
		{"success", []error{nil}, 1, nil},
		{"success after conflicts", []error{conflict, conflict, nil}, 3, nil},
		{"another error", []error{other}, 1, other},
		{"another error after conflicts", []error{conflict, conflict, conflict, other}, 4, other},
		{"conflicts only", []error{conflict}, MaxTries, conflict},
		{"success at the last try", append(slices.Repeat([]error{conflict}, MaxTries-1), nil), MaxTries, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				var r Retry
				made := 0
				began := time.Now()
				err := r.Do(t.Context(), keysOf("a"), func(context.Context) error {
					made++
					return c.tries[min(made, len(c.tries))-1]
				})
				require.ErrorIs(t, err, c.want)
				require.Equal(t, c.made, made)
				require.Empty(t, r.busy)

				longest, pause := time.Duration(0), time.Millisecond
				for range made - 1 {
					longest += pause
					pause = min(2*pause, 64*time.Millisecond)
				}
				require.LessOrEqual(t, time.Since(began), longest)
				require.Equal(t, made == 1, time.Since(began) == 0, "it waits between tries, and only there")
			})
		})
	}
}

func TestRetryUnderDoneContext(t *testing.T) {
	t.Parallel()
	var r Retry
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(errEnough)
	for _, keys := range [][]Key{nil, keysOf("a", "b")} {
		err := r.Do(ctx, keys, func(context.Context) error {
			t.Error("attempted under a done context")
			return nil
		})
		require.ErrorIs(t, err, errEnough)
		require.Empty(t, r.busy)
	}
}

func TestRetryEndsBetweenAttempts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r Retry
		ctx, cancel := context.WithCancelCause(t.Context())
		made := 0
		err := r.Do(ctx, keysOf("a"), func(context.Context) error {
			if made++; made == 3 {
				cancel(errEnough)
			}
			return ErrConflict
		})
		require.ErrorIs(t, err, errEnough)
		require.Equal(t, 3, made)
		require.Empty(t, r.busy)
	})
}

// A waiter that gives up leaves what it had taken, and the turn to others.
func TestRetryEndsWaitingForATurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r Retry
		free := make(chan struct{})
		var wg sync.WaitGroup
		wg.Go(func() {
			_ = r.Do(t.Context(), keysOf("b"), func(context.Context) error { <-free; return nil })
		})
		synctest.Wait()

		ctx, cancel := context.WithCancelCause(t.Context())
		var gaveUp error
		wg.Go(func() {
			gaveUp = r.Do(ctx, keysOf("b", "a"), func(context.Context) error {
				t.Error("attempted out of turn")
				return nil
			})
		})
		synctest.Wait()
		took := false
		wg.Go(func() {
			_ = r.Do(t.Context(), keysOf("a"), func(context.Context) error { took = true; return nil })
		})
		synctest.Wait()
		require.False(t, took, "a is taken first, and its owner waits for b")

		cancel(errEnough)
		synctest.Wait()
		require.ErrorIs(t, gaveUp, errEnough)
		require.True(t, took)
		close(free)
		wg.Wait()
		require.Empty(t, r.busy)
	})
}

func TestRetryKeysApartRunAtOnce(t *testing.T) {
	t.Parallel()
	var r Retry
	err := r.Do(t.Context(), keysOf("a"), func(ctx context.Context) error {
		return r.Do(ctx, keysOf("b"), func(ctx context.Context) error {
			return r.Do(ctx, nil, func(context.Context) error { return nil })
		})
	})
	require.NoError(t, err)
}

// A conflict keeps its turn: nobody overtakes between two attempts.
func TestRetryKeepsItsTurn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var r Retry
		var order []string
		var wg sync.WaitGroup
		for _, who := range []string{"x", "y", "z"} {
			wg.Go(func() {
				tries := 0
				_ = r.Do(t.Context(), keysOf("a"), func(context.Context) error {
					order = append(order, who)
					if tries++; tries < 3 {
						return ErrConflict
					}
					return nil
				})
			})
			synctest.Wait() // it has the turn, or waits for it
		}
		wg.Wait()
		require.Equal(t, []string{"x", "x", "x", "y", "y", "y", "z", "z", "z"}, order)
	})
}

func TestRetryPanicGivesBack(t *testing.T) {
	t.Parallel()
	var r Retry
	require.Panics(t, func() {
		_ = r.Do(t.Context(), keysOf("a", "b"), func(context.Context) error { panic("attempt") })
	})
	require.Empty(t, r.busy)
}

// Law: whatever keys the callers name, in whatever order and however often, attempts that share a
// key are never at once, all are made, and no key stays behind.
func TestRetryTurns(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ids := rapid.SampledFrom([]string{"a", "b", "c", "d"})
		calls := rapid.SliceOfN(rapid.SliceOfN(ids, 0, 6), 1, 12).Draw(t, "calls")
		var r Retry
		inside, made := map[string]*int{}, map[string]*int{}
		for _, id := range []string{"a", "b", "c", "d"} {
			inside[id], made[id] = new(int), new(int) // unguarded: the race detector watches them
		}
		errs := make([]error, len(calls))
		given := make([][]Key, len(calls))
		var wg sync.WaitGroup
		for i, call := range calls {
			keys := keysOf(call...)
			given[i] = slices.Clone(keys)
			wg.Go(func() {
				errs[i] = r.Do(context.Background(), keys, func(context.Context) error {
					named := slices.Compact(slices.Sorted(slices.Values(call)))
					for _, id := range named {
						if *inside[id]++; *inside[id] != 1 {
							return fmt.Errorf("%d attempts at once have %s", *inside[id], id)
						}
					}
					for _, id := range named {
						*inside[id]--
						*made[id]++
					}
					return nil
				})
				if !slices.Equal(keys, given[i]) {
					errs[i] = errors.New("the caller's keys were changed")
				}
			})
		}
		wg.Wait()
		require.NoError(t, errors.Join(errs...))
		require.Empty(t, r.busy)
		for id, n := range made {
			want := 0
			for _, call := range calls {
				if slices.Contains(call, id) {
					want++
				}
			}
			require.Equal(t, want, *n, id)
		}
	})
}
