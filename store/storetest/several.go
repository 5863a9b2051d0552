package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"github.com/tenure-go/tenure/store"
)

var severalRules = []rule{
	{
		name:  "several keys commit together",
		rule:  "A commit writes all its keys.",
		needs: NoSeveral,
		run: func(ctx context.Context, t *trial) error {
			var keys []store.Key
			for i := range 12 {
				keys = append(keys, t.key(fmt.Sprint("k", i)))
			}
			for round := 1; round <= 2; round++ { // creates, then changes
				rows, err := t.prepare(ctx, keys...)
				if err != nil {
					return err
				}
				var steps []Step
				for i, r := range rows {
					steps = append(steps, put(r, strconv.Itoa(100*round+i)))
				}
				slices.Reverse(steps)
				if err := t.accepted(ctx, steps...); err != nil {
					return err
				}
				now, err := t.get(ctx, keys...)
				if err != nil {
					return err
				}
				for i, r := range now {
					if want := strconv.Itoa(100*round + i); r.Value.Text != want {
						return fmt.Errorf("load %v, written with %d others: got %q, want %q", r.Key, len(keys)-1, r.Value.Text, want)
					}
					if r.Version == rows[i].Version {
						return fmt.Errorf("load %v, written with %d others: it kept version %d", r.Key, len(keys)-1, r.Version)
					}
				}
			}
			return nil
		},
	},
	{
		name:  "every guard is compared",
		rule:  "One guard that does not hold, wherever it stands, fails the commit.",
		needs: NoSeveral,
		run: func(ctx context.Context, t *trial) error {
			return stale(ctx, t, func([]Row) error { return nil })
		},
	},
	{
		name:  "a conflict writes nothing",
		rule:  "Versions are compared before anything is written: after a conflict every key is as it was, its version too.",
		needs: NoSeveral,
		run: func(ctx context.Context, t *trial) error {
			return stale(ctx, t, func(were []Row) error { return t.unchanged(ctx, "a conflict", were...) })
		},
	},
	{
		name:  "opposite key orders",
		rule:  "Commits that name the same keys in opposite orders do not deadlock, and lose nothing: keys are locked in key order.",
		needs: NoSeveral,
		run: func(ctx context.Context, t *trial) error {
			const each = 10
			keys := []store.Key{t.key("B"), t.key("a"), t.key("C"), t.key("d")}
			if _, err := t.write(ctx, "1", keys...); err != nil {
				return err
			}
			orders := [][]int{{0, 1, 2, 3}, {3, 2, 1, 0}, {1, 0, 3, 2}, {2, 3, 0, 1}}
			all := make([]func() error, len(orders))
			for i, order := range orders {
				all[i] = func() error {
					for range each {
						named := make([]store.Key, len(order))
						for j, at := range order {
							named[j] = keys[at]
						}
						if err := t.add(ctx, 1, named...); err != nil {
							return err
						}
					}
					return nil
				}
			}
			if err := together(all...); err != nil {
				return err
			}
			rows, err := t.get(ctx, keys...)
			if err != nil {
				return err
			}
			for _, r := range rows {
				if want := strconv.Itoa(1 + each*len(orders)); r.Value.Text != want {
					return fmt.Errorf("%d commits added 1 to each key: %v holds %s, want %s", each*len(orders), r.Key, r.Value.Text, want)
				}
			}
			return nil
		},
	},
	{
		name:    "several keys are refused",
		rule:    "A store that cannot commit several keys at once refuses them by an error wrapping errors.ErrUnsupported, and writes nothing.",
		without: NoSeveral,
		run: func(ctx context.Context, t *trial) error {
			rows, err := t.write(ctx, "1", t.key("a"), t.key("b"))
			if err != nil {
				return err
			}
			if _, err := t.commit(ctx, []Step{put(rows[0], "2"), put(rows[1], "2")}); !errors.Is(err, errors.ErrUnsupported) {
				return fmt.Errorf("commit of two keys: got error %v, want one wrapping errors.ErrUnsupported", err)
			}
			return t.unchanged(ctx, "a refusal", rows...)
		},
	},
}

// stale commits three keys of which one was overtaken, or was created since: each in turn, in both
// orders, written and, where that can be, compared. check sees what was there before.
func stale(ctx context.Context, t *trial, check func(were []Row) error) error {
	for at := range 3 {
		for _, absent := range []bool{false, true} {
			var keys []store.Key
			for i := range 3 {
				keys = append(keys, t.key(fmt.Sprintf("%d%v%d", at, absent, i)))
			}
			if !absent {
				if _, err := t.write(ctx, "1", keys...); err != nil {
					return err
				}
			}
			old, err := t.prepare(ctx, keys...)
			if err != nil {
				return err
			}
			if _, err := t.write(ctx, "2", keys[at]); err != nil {
				return err
			}
			now, err := t.get(ctx, keys...)
			if err != nil {
				return err
			}
			writes := []Step{put(old[0], "3"), put(old[1], "4"), put(old[2], "5")}
			compares := slices.Clone(writes)
			compares[at] = compare(old[at])
			tries := [][]Step{writes, reversed(writes), compares, reversed(compares)}
			if t.lacks&NoCompare != 0 {
				tries = tries[:2]
			}
			for _, steps := range tries {
				if err := t.refused(ctx, fmt.Sprintf("%v was overtaken", keys[at]), steps...); err != nil {
					return err
				}
				if err := check(now); err != nil {
					return err
				}
			}
		}
	}
	return nil
}

func reversed(steps []Step) []Step {
	steps = slices.Clone(steps)
	slices.Reverse(steps)
	return steps
}
