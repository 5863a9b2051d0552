package booking

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/store"
)

var firstOfJune = date.New(2027, time.June, 1)

func asking(cmd Command) *call {
	c := newCall(cmd)
	c.ask()
	return c
}

func juneNights(from, to int) Span {
	s, err := Nights(firstOfJune+date.Date(from), firstOfJune+date.Date(to))
	if err != nil {
		panic(err)
	}
	return s
}

// Law 14: the same commands at the same instants lead to the same events, whether each goes by
// itself, all ride together, or each is in a transaction of its own.
func TestGatheredAlike(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		now := time.Date(2027, 5, 20, 12, 0, 0, 0, time.UTC)
		newDesk := func() (*Desk, *Memory) {
			m := NewMemory()
			d, err := New(Config{Store: m, Now: func() time.Time { return now }})
			require.NoError(t, err)
			_, err = d.Do(ctx, Define{Unit: Unit{ID: "u", Capacity: 2}})
			require.NoError(t, err)
			return d, m
		}
		alone, aloneStore := newDesk()
		gathered, gatheredStore := newDesk()
		inTx, txStore := newDesk()
		inTx = inTx.In(txStore)
		n := 0
		for range rapid.IntRange(1, 6).Draw(t, "rounds") {
			now = now.Add(time.Duration(rapid.IntRange(1, 30).Draw(t, "minutes")) * time.Minute)
			var calls []*call
			for range rapid.IntRange(1, 6).Draw(t, "calls") {
				var cmd Command
				ref := Ref{Unit: "u", ID: ReservationID(fmt.Sprint(rapid.IntRange(0, max(0, n-1)).Draw(t, "which")))}
				switch rapid.IntRange(0, 4).Draw(t, "verb") {
				case 0:
					cmd = Confirm{Ref: ref, By: "confirmer"}
				case 1:
					cmd = Cancel{Ref: ref}
				default:
					from := rapid.IntRange(0, 4).Draw(t, "from")
					policy := Policy(rapid.IntRange(0, 2).Draw(t, "policy"))
					cmd = Hold{ID: ReservationID(fmt.Sprint(n)), Unit: "u", Span: juneNights(from, from+rapid.IntRange(1, 3).Draw(t, "nights")),
						Policy: policy, Priority: rapid.IntRange(0, 2).Draw(t, "priority")}
					n++
				}
				_, err := alone.Do(ctx, cmd)
				_, txErr := inTx.Do(ctx, cmd)
				require.Equal(t, fmt.Sprint(err), fmt.Sprint(txErr))
				c := asking(cmd)
				c.err = err
				calls = append(calls, c)
			}
			wants := make([]string, len(calls))
			for i, c := range calls {
				wants[i] = fmt.Sprint(c.err)
			}
			require.NoError(t, gathered.attempt(ctx, calls))
			for i, c := range calls {
				require.Equal(t, wants[i], fmt.Sprint(c.err))
			}
		}
		want, _, err := aloneStore.Since(ctx, "", 1<<20)
		require.NoError(t, err)
		for _, s := range []*Memory{gatheredStore, txStore} {
			got, _, err := s.Since(ctx, "", 1<<20)
			require.NoError(t, err)
			require.Equal(t, want, got)
		}
	})
}

// A slow store lets callers pile up and counts what reaches it.
type slowStore struct {
	*Memory
	loads, commits atomic.Int64
	before         func(Change) error // called before each commit
}

func (s *slowStore) Load(ctx context.Context, q Query) ([]Calendar, error) {
	s.loads.Add(1)
	return s.Memory.Load(ctx, q)
}

func (s *slowStore) Commit(ctx context.Context, c Change) error {
	s.commits.Add(1)
	if s.before != nil {
		if err := s.before(c); err != nil {
			return err
		}
	}
	return s.Memory.Commit(ctx, c)
}

func newSlow(t *testing.T) (*Desk, *slowStore) {
	s := &slowStore{Memory: NewMemory()}
	now := time.Date(2027, 5, 20, 12, 0, 0, 0, time.UTC)
	d, err := New(Config{Store: s, Now: func() time.Time { return now }})
	require.NoError(t, err)
	_, err = d.Do(context.Background(), Define{Unit: Unit{ID: "u"}})
	require.NoError(t, err)
	return d, s
}

// waitForCallers returns when n calls wait on the unit behind the one in flight.
func waitForCallers(d *Desk, n int) {
	for {
		d.lanes.mu.Lock()
		waiting := len(d.lanes.waiting["u"])
		d.lanes.mu.Unlock()
		if waiting >= n {
			return
		}
		time.Sleep(time.Millisecond)
	}
}

// Law 1 in the large: of a thousand who want one night one gets it, and the store is asked far
// fewer than a thousand times.
func TestThousandWantOneNight(t *testing.T) {
	t.Parallel()
	d, s := newSlow(t)
	var wg sync.WaitGroup
	var won, lost atomic.Int64
	for i := range 1000 {
		wg.Go(func() {
			_, err := d.Hold(context.Background(), Hold{ID: ReservationID(fmt.Sprint(i)), Unit: "u", Span: juneNights(1, 2)})
			switch {
			case err == nil:
				won.Add(1)
			case errors.Is(err, ErrTaken):
				lost.Add(1)
			default:
				t.Error(err)
			}
		})
	}
	wg.Wait()
	require.EqualValues(t, 1, won.Load())
	require.EqualValues(t, 999, lost.Load())
	require.EqualValues(t, 2, s.commits.Load(), "one defined, one held")
}

// Callers who wait while a commit is in flight ride in the next.
func TestCallersRideTogether(t *testing.T) {
	t.Parallel()
	d, s := newSlow(t)
	release := make(chan struct{})
	var once sync.Once
	s.before = func(Change) error { once.Do(func() { <-release }); return nil }
	var wg sync.WaitGroup
	hold := func(i int) {
		_, err := d.Hold(context.Background(), Hold{ID: ReservationID(fmt.Sprint(i)), Unit: "u", Span: juneNights(i, i+1)})
		if err != nil {
			t.Error(err)
		}
	}
	wg.Go(func() { hold(0) })
	for s.commits.Load() < 2 { // the definition's, and the one in flight
		time.Sleep(time.Millisecond)
	}
	for i := range 20 {
		wg.Go(func() { hold(i + 1) })
	}
	waitForCallers(d, 20)
	close(release)
	wg.Wait()
	require.EqualValues(t, 3, s.commits.Load(), "one defined, one in flight, one for twenty")
}

// A panic while a batch is under way, and a ctx that ends in it, hurt no other caller.
func TestBatchHurtsNobody(t *testing.T) {
	t.Parallel()
	d, s := newSlow(t)
	release := make(chan struct{})
	var commits atomic.Int64
	s.before = func(c Change) error {
		switch commits.Add(1) {
		case 1:
			<-release
		case 2:
			panic("the store's driver panics")
		}
		return nil
	}
	var wg sync.WaitGroup
	var panicked, ok, gone atomic.Int64
	hold := func(ctx context.Context, i int) {
		defer func() {
			if recover() != nil {
				panicked.Add(1)
			}
		}()
		_, err := d.Hold(ctx, Hold{ID: ReservationID(fmt.Sprint(i)), Unit: "u", Span: juneNights(i, i+1)})
		switch {
		case err == nil:
			ok.Add(1)
		case errors.Is(err, context.Canceled):
			gone.Add(1)
		default:
			t.Error(err)
		}
	}
	wg.Go(func() { hold(context.Background(), 0) })
	for commits.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	for i := range 8 {
		wg.Go(func() { hold(context.Background(), i+1) })
	}
	waitForCallers(d, 8)
	ctx, cancel := context.WithCancel(context.Background())
	wg.Go(func() { hold(ctx, 100) })
	waitForCallers(d, 9)
	cancel()
	for gone.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	close(release)
	wg.Wait()
	require.EqualValues(t, 1, panicked.Load(), "only who carried the batch")
	require.EqualValues(t, 8, ok.Load())
	cals, err := d.Calendar(context.Background(), juneNights(0, 300), "u")
	require.NoError(t, err)
	require.Len(t, cals[0].Reservations, 8)
	require.Empty(t, d.lanes.waiting)
}

// After a conflict each goes alone, and nobody's command is done twice.
func TestBatchAfterConflict(t *testing.T) {
	t.Parallel()
	d, s := newSlow(t)
	release := make(chan struct{})
	var commits atomic.Int64
	s.before = func(Change) error {
		switch commits.Add(1) {
		case 1:
			<-release
		case 2:
			return fmt.Errorf("another process was faster: %w", store.ErrConflict)
		}
		return nil
	}
	var wg sync.WaitGroup
	hold := func(i int) {
		if _, err := d.Hold(context.Background(), Hold{ID: ReservationID(fmt.Sprint(i)), Unit: "u", Span: juneNights(i, i+1)}); err != nil {
			t.Error(err)
		}
	}
	wg.Go(func() { hold(0) })
	for commits.Load() == 0 {
		time.Sleep(time.Millisecond)
	}
	for i := range 5 {
		wg.Go(func() { hold(i + 1) })
	}
	waitForCallers(d, 5)
	close(release)
	wg.Wait()
	require.EqualValues(t, 7, commits.Load(), "one in flight, one that conflicts, five alone")
	events, _, err := s.Since(context.Background(), "", 100)
	require.NoError(t, err)
	require.Len(t, events, 7)
}

// A store's own error reaches every caller of the batch, and none hangs.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	d, s := newSlow(t)
	broken := errors.New("disk full")
	s.before = func(Change) error { return broken }
	for i := range 3 {
		_, err := d.Hold(context.Background(), Hold{ID: ReservationID(fmt.Sprint(i)), Unit: "u", Span: juneNights(1, 2)})
		require.ErrorIs(t, err, broken)
	}
	ctx, cancel := context.WithCancelCause(context.Background())
	enough := errors.New("enough")
	cancel(enough)
	_, err := d.Hold(ctx, Hold{ID: "x", Unit: "u", Span: juneNights(1, 2)})
	require.ErrorIs(t, err, enough)
}

// A torn load, of two units around a commit that moved a reservation, is read again.
func TestTornLoad(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	m := NewMemory()
	now := time.Date(2027, 5, 20, 12, 0, 0, 0, time.UTC)
	d, err := New(Config{Store: m, Now: func() time.Time { return now }})
	require.NoError(t, err)
	for _, u := range []UnitID{"a", "b"} {
		_, err = d.Do(ctx, Define{Unit: Unit{ID: u}})
		require.NoError(t, err)
	}
	h, err := d.Hold(ctx, Hold{ID: "h", Unit: "a", Span: juneNights(1, 3), And: []Claim{{Unit: "b", Span: juneNights(1, 3)}}})
	require.NoError(t, err)
	q := Query{Units: []UnitID{"a", "b"}, IDs: []ReservationID{"h"}, Window: juneNights(0, 9)}
	old, err := m.Load(ctx, q)
	require.NoError(t, err)
	_, err = d.Do(ctx, Confirm{Ref: h.Ref()})
	require.NoError(t, err)
	fresh, err := m.Load(ctx, q)
	require.NoError(t, err)
	for _, torn := range [][]Calendar{{old[0], fresh[1]}, {fresh[0], old[1]}} {
		_, need := At(now, torn...)
		require.NotNil(t, need, "copies differ")
		dec, err := Decide(torn, now, Cancel{Ref: Ref{Unit: "a", ID: "h"}})
		require.NoError(t, err)
		require.NotNil(t, dec.Need)
	}
	tornOnce := &tornStore{Memory: m, torn: []Calendar{old[0], fresh[1]}}
	d2, err := New(Config{Store: tornOnce, Now: func() time.Time { return now }})
	require.NoError(t, err)
	cals, err := d2.Calendar(ctx, juneNights(1, 3), "a", "b")
	require.NoError(t, err)
	require.Equal(t, StateConfirmed, cals[0].Reservations[0].State)
	require.Equal(t, cals[0].Reservations[0], cals[1].Reservations[0])
}

// tornStore answers its first load with what it was given.
type tornStore struct {
	*Memory
	torn []Calendar
}

func (s *tornStore) Load(ctx context.Context, q Query) ([]Calendar, error) {
	if s.torn == nil {
		return s.Memory.Load(ctx, q)
	}
	torn := s.torn
	s.torn = nil
	for i := range torn {
		torn[i].Window, torn[i].IDs = q.Window, q.IDs
	}
	return torn, nil
}

// Law 14 for a unit's first definition: who rides behind it finds the unit defined.
func TestDefinedTogether(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d, m := newSlow(t)
	ride := func(cmds ...Command) []*call {
		calls := make([]*call, len(cmds))
		for i, cmd := range cmds {
			calls[i] = asking(cmd)
		}
		require.NoError(t, d.attempt(ctx, calls))
		return calls
	}
	calls := ride(Define{Unit: Unit{ID: "new"}}, Define{Unit: Unit{ID: "new"}}, Define{Unit: Unit{ID: "new", Axis: AxisTimes}}, Hold{ID: "h", Unit: "new", Span: juneNights(1, 2)})
	require.NoError(t, calls[0].err)
	require.NoError(t, calls[1].err)
	require.True(t, calls[1].result.Replayed)
	require.ErrorIs(t, calls[2].err, ErrMismatch)
	require.NoError(t, calls[3].err)
	events, _, err := m.Since(ctx, "", 100)
	require.NoError(t, err)
	require.Len(t, events, 3, "u and new are defined, and new is held")
}

// A refusal over several units that rides with a commit is guarded by all of them.
func TestRefusalIsGuarded(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d, s := newSlow(t)
	_, err := d.Do(ctx, Define{Unit: Unit{ID: "v"}})
	require.NoError(t, err)
	_, err = d.Hold(ctx, Hold{ID: "group", Unit: "u", Span: juneNights(1, 2), And: []Claim{{Unit: "v", Span: juneNights(1, 2)}}})
	require.NoError(t, err)
	_, err = d.Hold(ctx, Hold{ID: "waits", Unit: "u", Span: juneNights(1, 2), And: []Claim{{Unit: "v", Span: juneNights(1, 2)}}, Policy: PolicyQueue})
	require.NoError(t, err)
	var guards []store.Guard
	s.before = func(c Change) error { guards = c.Guards; return nil }
	var calls []*call
	for _, cmd := range []Command{Hold{ID: "no", Unit: "u", Span: juneNights(1, 2)}, Hold{ID: "yes", Unit: "u", Span: juneNights(20, 21)}} {
		calls = append(calls, asking(cmd))
	}
	require.NoError(t, d.attempt(ctx, calls))
	require.ErrorIs(t, calls[0].err, ErrTaken)
	require.NoError(t, calls[1].err)
	require.Len(t, guards, 2, "u is written, v was read")
}

// A clock that ran ahead is the business of those whose units it is.
func TestClockOfAnother(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := time.Date(2027, 5, 20, 12, 0, 0, 0, time.UTC)
	d, err := New(Config{Store: NewMemory(), Now: func() time.Time { return now }})
	require.NoError(t, err)
	for _, u := range []UnitID{"u", "v"} {
		_, err = d.Do(ctx, Define{Unit: Unit{ID: u}})
		require.NoError(t, err)
	}
	now = now.Add(5 * time.Hour)
	_, err = d.Hold(ctx, Hold{ID: "ahead", Unit: "v", Span: juneNights(1, 2)})
	require.NoError(t, err)
	now = now.Add(-5 * time.Hour)
	both := Hold{ID: "both", Unit: "u", Span: juneNights(1, 2), And: []Claim{{Unit: "v", Span: juneNights(3, 4)}}}
	own := Hold{ID: "own", Unit: "u", Span: juneNights(1, 2)}
	calls := []*call{asking(both), asking(own)}
	require.NoError(t, d.attempt(ctx, calls))
	require.ErrorIs(t, calls[0].err, ErrClock)
	require.NoError(t, calls[1].err)
}

// What was not committed is no answer, in a transaction either.
func TestNoResultWithoutCommit(t *testing.T) {
	t.Parallel()
	d, s := newSlow(t)
	s.before = func(Change) error { return store.ErrConflict }
	res, err := d.In(s).Hold(context.Background(), Hold{ID: "h", Unit: "u", Span: juneNights(1, 2)})
	require.ErrorIs(t, err, store.ErrConflict)
	require.Empty(t, res.All)
}
