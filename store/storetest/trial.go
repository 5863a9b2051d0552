package storetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A trial is one run of one case: a fixture without its types, and keys that no other run uses.
type trial struct {
	kinds []string
	id    func(kind, id string) string
	lacks Lacks
	tag   string // begins each ID
	named int    // keys so far

	load   func(ctx context.Context, lock bool, keys []store.Key) (loaded, error)
	commit func(ctx context.Context, steps []Step) (committed, error)
}

// loaded is what a Load returned.
type loaded struct {
	rows  func() []Row // as the aggregates read now
	spoil func()       // overwrites the aggregates
}

// committed is a change that a Commit was given.
type committed struct {
	altered func() bool // it is not any more what it was
	spoil   func()      // overwrites it
}

func newTrial[Query, Aggregate, Change any](f Fixture[Query, Aggregate, Change]) *trial {
	t := &trial{kinds: f.Kinds, id: f.ID, lacks: f.Lacks, tag: strings.ToLower(rand.Text())}
	if t.id == nil {
		t.id = func(_, id string) string { return id }
	}
	t.load = func(ctx context.Context, lock bool, keys []store.Key) (loaded, error) {
		aggs, err := f.Store.Load(ctx, f.Query(slices.Clone(keys), lock))
		return loaded{
			rows: func() []Row {
				rows := make([]Row, len(aggs))
				for i, a := range aggs {
					rows[i] = f.Row(a)
				}
				return rows
			},
			spoil: func() { spoil(&aggs) },
		}, err
	}
	t.commit = func(ctx context.Context, steps []Step) (committed, error) {
		c, twin := f.Change(slices.Clone(steps)), f.Change(slices.Clone(steps))
		comparable := reflect.DeepEqual(c, twin)
		err := f.Store.Commit(ctx, c)
		return committed{
			altered: func() bool { return comparable && !reflect.DeepEqual(c, twin) },
			spoil:   func() { spoil(&c) },
		}, err
	}
	return t
}

// key mints a key; its kind is the next in turn.
func (t *trial) key(name string) store.Key {
	kind := t.kinds[t.named%len(t.kinds)]
	t.named++
	return t.keyOf(kind, name)
}

func (t *trial) keyOf(kind, name string) store.Key {
	return store.Key{Kind: kind, ID: t.id(kind, t.tag+"."+name)}
}

// get loads keys without a lock, in the order asked for.
func (t *trial) get(ctx context.Context, keys ...store.Key) ([]Row, error) {
	return t.read(ctx, false, keys)
}

// prepare loads keys for a commit.
func (t *trial) prepare(ctx context.Context, keys ...store.Key) ([]Row, error) {
	return t.read(ctx, true, keys)
}

func (t *trial) read(ctx context.Context, lock bool, keys []store.Key) ([]Row, error) {
	l, err := t.load(ctx, lock, keys)
	if err != nil {
		return nil, fmt.Errorf("load %v: %w", keys, err)
	}
	all := l.rows()
	rows := make([]Row, len(keys))
	for i, k := range keys {
		rows[i] = Row{Key: k} // absent, unless it was returned
		if at := slices.IndexFunc(all, func(r Row) bool { return r.Key == k }); at >= 0 {
			rows[i] = all[at]
		}
	}
	return rows, nil
}

// write keeps a text under each key, each by its own commit, and returns what is there then.
func (t *trial) write(ctx context.Context, text string, keys ...store.Key) ([]Row, error) {
	for _, k := range keys {
		rows, err := t.prepare(ctx, k)
		if err != nil {
			return nil, err
		}
		if err := t.accepted(ctx, put(rows[0], text)); err != nil {
			return nil, err
		}
	}
	rows, err := t.get(ctx, keys...)
	if err != nil {
		return nil, err
	}
	for _, r := range rows {
		if r.Value.Text != text {
			return nil, fmt.Errorf("load %v after a commit of %q: got %q", r.Key, text, r.Value.Text)
		}
		if r.Version == 0 {
			return nil, fmt.Errorf("load %v after a commit: got version 0, which means never written", r.Key)
		}
	}
	return rows, nil
}

// overtaken writes a key twice and returns what was there after each.
func (t *trial) overtaken(ctx context.Context, name string) (old, now Row, err error) {
	first, err := t.write(ctx, "1", t.key(name))
	if err != nil {
		return Row{}, Row{}, err
	}
	second, err := t.write(ctx, "2", first[0].Key)
	if err != nil {
		return Row{}, Row{}, err
	}
	return first[0], second[0], nil
}

// accepted commits the steps, which nothing speaks against.
func (t *trial) accepted(ctx context.Context, steps ...Step) error {
	if _, err := t.commit(ctx, steps); err != nil {
		return fmt.Errorf("commit of %v, whose guards hold: %w", steps, err)
	}
	return nil
}

// refused commits the steps, of which a guard does not hold.
func (t *trial) refused(ctx context.Context, why string, steps ...Step) error {
	if _, err := t.commit(ctx, steps); !errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("commit of %v, though %s: got error %v, want one wrapping store.ErrConflict", steps, why, err)
	}
	return nil
}

// unchanged says whether the rows are as they were.
func (t *trial) unchanged(ctx context.Context, after string, were ...Row) error {
	keys := make([]store.Key, len(were))
	for i, r := range were {
		keys[i] = r.Key
	}
	rows, err := t.get(ctx, keys...)
	if err != nil {
		return err
	}
	for i, was := range were {
		if got := rows[i]; got.Version != was.Version || got.Value.Text != was.Value.Text {
			return fmt.Errorf("load %v after %s: got %q at version %d, want %q at %d as before",
				was.Key, after, got.Value.Text, got.Version, was.Value.Text, was.Version)
		}
	}
	return nil
}

// insist repeats an attempt for as long as it meets a conflict.
func insist(ctx context.Context, attempt func(context.Context) error) error {
	var retry store.Retry
	for {
		err := retry.Do(ctx, nil, attempt)
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
	}
}

// add adds n to each of the numbers kept under the keys, in one commit.
func (t *trial) add(ctx context.Context, n int, keys ...store.Key) error {
	return insist(ctx, func(ctx context.Context) error {
		rows, err := t.prepare(ctx, keys...)
		if err != nil {
			return err
		}
		steps := make([]Step, len(rows))
		for i, r := range rows {
			had, err := strconv.Atoi(r.Value.Text)
			if err != nil {
				return fmt.Errorf("load %v: got %q, want a number", r.Key, r.Value.Text)
			}
			steps[i] = put(r, strconv.Itoa(had+n))
		}
		_, err = t.commit(ctx, steps)
		return err
	})
}

// together starts all at one moment and waits for all.
func together(all ...func() error) error {
	start := make(chan struct{})
	errs := make([]error, len(all))
	var wg sync.WaitGroup
	for i, f := range all {
		wg.Go(func() {
			<-start
			errs[i] = f()
		})
	}
	close(start)
	wg.Wait()
	return errors.Join(errs...)
}

// noon is the time of values that are not about time.
var noon = time.Date(2026, 7, 1, 12, 0, 0, 0, time.UTC)

// put keeps a text under the key of a row, if that is still as it was.
func put(r Row, text string) Step {
	return Step{Guard: store.Guard{Key: r.Key, Version: r.Version, Write: true}, Value: Value{Text: text, At: noon, Amount: "1"}}
}

// compare only compares the version of a row.
func compare(r Row) Step { return Step{Guard: store.Guard{Key: r.Key, Version: r.Version}} }

// erase removes what is kept under the key of a row.
func erase(r Row) Step {
	return Step{Guard: store.Guard{Key: r.Key, Version: r.Version, Write: true}, Erase: true}
}
