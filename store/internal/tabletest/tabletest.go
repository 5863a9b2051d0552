// Package tabletest tries what every database must do for its tables, on behalf of the packages
// that implement table.DB.
package tabletest

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
)

// Part is the part whose tables the tests use: any part has the three that they need.
var Part = table.Part{Name: "booking", Version: 1}

// Noon is an instant like another.
var Noon = time.Date(2027, time.July, 1, 12, 0, 0, 0, time.UTC)

// An Event is what the tests put in the feed.
type Event struct {
	ID  string    `json:"id"`
	Seq int64     `json:"seq"`
	At  time.Time `json:"at"`
}

// A Counter is the document of a key: how many events it has.
type Counter struct {
	Seq int64 `json:"seq"`
}

// Key is a key of the tests.
func Key(id string) store.Key { return store.Key{Kind: "unit", ID: id} }

// Load returns a key's version and counter; version 0 means absent.
func Load(ctx context.Context, tables table.Tables, id string, lock bool) (version int64, c Counter, err error) {
	var keys []store.Key
	if lock {
		keys = append(keys, Key(id))
	}
	err = tables.Read(ctx, keys, Part.ReadKey(Key(id), func(v int64, doc string) error {
		version = v
		return json.Unmarshal([]byte(doc), &c)
	}))
	return version, c, err
}

// Happen adds one event of a key: one attempt, by a guard on what it loaded.
func Happen(ctx context.Context, tables table.Tables, id string, at time.Time) error {
	version, c, err := Load(ctx, tables, id, true)
	if err != nil {
		return err
	}
	c.Seq++
	w := &table.Write{Guards: []store.Guard{{Key: Key(id), Version: version, Write: true}}}
	w.Put(Key(id), time.Time{}, c)
	w.Append(Key(id), c.Seq, at, Event{ID: id, Seq: c.Seq, At: at})
	return tables.Commit(ctx, w)
}

// Follow reads the feed from a cursor until nothing is left.
func Follow(ctx context.Context, db table.DB, after store.Cursor, limit int) ([]Event, store.Cursor, error) {
	var all []Event
	for {
		events, next, err := table.Since[Event](ctx, db, after, limit)
		if err != nil {
			return nil, "", err
		}
		if len(events) > limit {
			return nil, "", fmt.Errorf("a page of %d events, limit %d", len(events), limit)
		}
		if len(events) == 0 {
			return all, after, nil
		}
		all, after = append(all, events...), next
	}
}

// FollowersAgree lets several followers, each with a page size of its own, read while others write:
// each sees every event once, in one order, and the events of a key in the order of their seq.
func FollowersAgree(t *testing.T, db table.DB) {
	const writers, each, followers = 6, 20, 4
	ctx := t.Context()
	var all sync.WaitGroup
	errs := make(chan error, writers+followers)
	var retry store.Retry
	for w := range writers {
		all.Go(func() {
			for n := range each {
				// One key is common to all, and clocks disagree.
				id, at := []string{fmt.Sprint("own-", w), "common"}[n%2], Noon.Add(time.Duration(n*w)*time.Second)
				err := retry.Do(ctx, []store.Key{Key(id)}, func(ctx context.Context) error { return Happen(ctx, db, id, at) })
				if err != nil {
					errs <- err
					return
				}
			}
		})
	}
	seen := make([][]Event, followers)
	for f := range followers {
		all.Go(func() {
			var after store.Cursor
			for len(seen[f]) < writers*each && len(errs) == 0 {
				events, next, err := Follow(ctx, db, after, f*3+1)
				if err != nil {
					errs <- err
					return
				}
				seen[f], after = append(seen[f], events...), next
			}
		})
	}
	all.Wait()
	close(errs)
	for err := range errs {
		require.NoError(t, err)
	}
	seq := make(map[string]int64)
	for _, e := range seen[0] {
		seq[e.ID]++
		require.Equal(t, seq[e.ID], e.Seq, "events of %s are out of order or missing", e.ID)
	}
	require.Len(t, seen[0], writers*each)
	for _, other := range seen[1:] {
		require.Equal(t, seen[0], other, "two followers saw different feeds")
	}
}

// FeedOrder shows the order of events numbered together, and that of a key whose clock was set back.
func FeedOrder(t *testing.T, db table.DB) {
	ctx := t.Context()
	for _, e := range []struct {
		id      string
		minutes int
	}{{"b", 1}, {"c", 0}, {"a", 1}, {"a", 5}, {"a", 2}, {"c", 3}} {
		require.NoError(t, Happen(ctx, db, e.id, Noon.Add(time.Duration(e.minutes)*time.Minute)))
	}
	var order []string
	events, end, err := Follow(ctx, db, "", 2)
	require.NoError(t, err)
	for _, e := range events {
		order = append(order, fmt.Sprint(e.ID, e.Seq))
	}
	require.Equal(t, []string{"c1", "a1", "b1", "c2", "a2", "a3"}, order, "by moment, key, seq; a's clock went back from 5 to 2")

	again, same, err := Follow(ctx, db, end, 10)
	require.NoError(t, err)
	require.Empty(t, again)
	require.Equal(t, end, same)
	none, begin, err := db.Since(ctx, "", 0)
	require.NoError(t, err)
	require.Empty(t, none)
	require.Empty(t, begin)
	_, _, err = db.Since(ctx, "tomorrow", 1)
	require.ErrorContains(t, err, `"tomorrow" is not a cursor`)
}

// Rewound follows db, writes what the backup taken before does not have, and goes on with the
// restored backup: while it has less, and once it has other events in their place.
func Rewound(t *testing.T, db table.DB, backup func() table.DB) {
	ctx := t.Context()
	require.NoError(t, Happen(ctx, db, "a", Noon))
	_, early, err := Follow(ctx, db, "", 10)
	require.NoError(t, err)
	restored := backup()

	require.NoError(t, Happen(ctx, db, "a", Noon.Add(time.Minute)))
	events, late, err := Follow(ctx, db, early, 10)
	require.NoError(t, err)
	require.Len(t, events, 1)

	_, _, err = restored.Since(ctx, late, 10)
	require.ErrorIs(t, err, store.ErrRewound, "the event is not there any more")
	require.NoError(t, Happen(ctx, restored, "a", Noon.Add(2*time.Minute)))
	_, _, err = restored.Since(ctx, late, 10)
	require.ErrorIs(t, err, store.ErrRewound, "another event is in its place")

	events, _, err = Follow(ctx, restored, early, 10)
	require.NoError(t, err, "a cursor from before the backup goes on")
	require.Len(t, events, 1)
}

// Dues lists keys by the time they were put with.
func Dues(t *testing.T, db table.DB) {
	ctx := t.Context()
	put := func(id string, due time.Time) {
		version, _, err := Load(ctx, db, id, false)
		require.NoError(t, err)
		w := &table.Write{Guards: []store.Guard{{Key: Key(id), Version: version, Write: true}}}
		w.Put(Key(id), due, Counter{})
		require.NoError(t, db.Commit(ctx, w))
	}
	put("late", Noon.Add(time.Microsecond))
	put("b", Noon)
	put("a", Noon)
	put("never", time.Time{})
	put("early", Noon.Add(-1000*time.Hour))
	put("done", Noon.Add(-time.Hour))
	put("done", time.Time{})
	for limit, want := range map[int][]store.Key{10: {Key("early"), Key("a"), Key("b")}, 2: {Key("early"), Key("a")}, -1: nil} {
		keys, err := table.Due(ctx, db, Part, Noon, limit)
		require.NoError(t, err)
		require.Equal(t, want, keys)
	}
}

// ConflictInTransaction shows that a mismatch of versions leaves a caller's transaction usable and
// has written nothing.
func ConflictInTransaction(t *testing.T, db table.DB, inTx func(fn func(table.Tables) error) error) {
	ctx := t.Context()
	require.NoError(t, Happen(ctx, db, "a", Noon))
	before, _, err := Load(ctx, db, "a", false)
	require.NoError(t, err)
	require.NoError(t, inTx(func(tables table.Tables) error {
		w := &table.Write{Guards: []store.Guard{
			{Key: Key("a"), Version: before - 1, Write: true},
			{Key: Key("new"), Write: true},
			{Key: Key("other")},
		}}
		w.Put(Key("a"), time.Time{}, Counter{99})
		w.Put(Key("new"), time.Time{}, Counter{99})
		w.Append(Key("a"), 99, Noon, Event{})
		require.ErrorIs(t, tables.Commit(ctx, w), store.ErrConflict)
		return Happen(ctx, tables, "b", Noon)
	}))
	after, c, err := Load(ctx, db, "a", false)
	require.NoError(t, err)
	require.Equal(t, before, after)
	require.EqualValues(t, 1, c.Seq)
	version, _, err := Load(ctx, db, "new", false)
	require.NoError(t, err)
	require.Zero(t, version)
	version, _, err = Load(ctx, db, "b", false)
	require.NoError(t, err)
	require.NotZero(t, version, "what the transaction did after the conflict")
}

// Erased shows that nothing of a forgotten key is left in its table, and that its next versions are
// new.
func Erased(t *testing.T, db table.DB) {
	ctx := t.Context()
	require.NoError(t, Happen(ctx, db, "a", Noon))
	old, _, err := Load(ctx, db, "a", false)
	require.NoError(t, err)
	guards := []store.Guard{{Key: Key("a"), Version: old, Write: true}, {Key: Key("absent"), Write: true}}
	forget := &table.Write{Guards: guards}
	forget.Forget(Key("a"))
	forget.Forget(Key("absent"))
	require.NoError(t, db.Commit(ctx, forget))
	rows := 0
	require.NoError(t, db.Read(ctx, nil, table.Read{
		SQL: Part.Expand(`select 1 from {key} where id = 'a'`), Row: func(func(...any) error) error { rows++; return nil },
	}))
	require.Zero(t, rows)

	w := &table.Write{Guards: []store.Guard{{Key: Key("a"), Write: true}}}
	w.Put(Key("a"), time.Time{}, Counter{7})
	require.NoError(t, db.Commit(ctx, w))
	now, _, err := Load(ctx, db, "a", false)
	require.NoError(t, err)
	require.NotEqual(t, old, now)
	require.ErrorIs(t, db.Commit(ctx, forget), store.ErrConflict, "a stale guard from before the erasure")
}

// DoneContext shows that a done context writes nothing and is named as the cause.
func DoneContext(t *testing.T, db table.DB) {
	cause := fmt.Errorf("the shop closed")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	w := &table.Write{Guards: []store.Guard{{Key: Key("a"), Write: true}}}
	w.Put(Key("a"), time.Time{}, Counter{})
	require.ErrorIs(t, db.Commit(ctx, w), cause)
	_, _, err := db.Since(ctx, "", 1)
	require.ErrorIs(t, err, cause)
	_, _, err = Load(ctx, db, "a", false)
	require.ErrorIs(t, err, cause)
	version, _, err := Load(t.Context(), db, "a", false)
	require.NoError(t, err)
	require.Zero(t, version)
}
