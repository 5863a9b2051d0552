package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/tenure-go/tenure/store"
)

var guardRules = []rule{
	{
		name: "a write changes the version",
		rule: "A guard with Write gives its key a version that it never had.",
		run: func(ctx context.Context, t *trial) error {
			k, seen := t.key("k"), make(map[int64]int)
			for n := 1; n <= 12; n++ {
				text := strconv.Itoa(1 + n/3) // also when the same is written again
				rows, err := t.write(ctx, text, k)
				if err != nil {
					return err
				}
				if before := seen[rows[0].Version]; before != 0 {
					return fmt.Errorf("write %d of %v got version %d, which write %d had", n, k, rows[0].Version, before)
				}
				seen[rows[0].Version] = n
			}
			return nil
		},
	},
	{
		name: "an overtaken write conflicts",
		rule: "A commit whose guard's version no longer holds writes nothing and returns an error wrapping store.ErrConflict.",
		run: func(ctx context.Context, t *trial) error {
			old, now, err := t.overtaken(ctx, "k")
			if err != nil {
				return err
			}
			if err := t.refused(ctx, "another commit was faster", put(old, "3")); err != nil {
				return err
			}
			never := now
			never.Version += 1 << 40
			if err := t.refused(ctx, "the key never had that version", put(never, "4")); err != nil {
				return err
			}
			return t.unchanged(ctx, "a conflict", now)
		},
	},
	{
		name:  "an overtaken compare conflicts",
		rule:  "A guard without Write holds its commit to the version as well, also where the commit writes nothing.",
		needs: NoCompare | NoSeveral,
		run: func(ctx context.Context, t *trial) error {
			old, now, err := t.overtaken(ctx, "compared")
			if err != nil {
				return err
			}
			beside, err := t.write(ctx, "1", t.key("written"))
			if err != nil {
				return err
			}
			for _, steps := range [][]Step{
				{compare(old), put(beside[0], "3")},
				{put(beside[0], "3"), compare(old)},
				{compare(old)},
			} {
				if err := t.refused(ctx, "what it compares has changed", steps...); err != nil {
					return err
				}
			}
			return t.unchanged(ctx, "a conflict", now, beside[0])
		},
	},
	{
		name:  "a compare leaves the version",
		rule:  "A guard without Write leaves its key's version, so that what is merely read is no hot spot.",
		needs: NoCompare | NoSeveral,
		run: func(ctx context.Context, t *trial) error {
			rows, err := t.write(ctx, "1", t.key("shared"), t.key("a"), t.key("b"))
			if err != nil {
				return err
			}
			if err := t.accepted(ctx, compare(rows[0]), put(rows[1], "2")); err != nil {
				return err
			}
			if err := t.unchanged(ctx, "a compare", rows[0]); err != nil {
				return err
			}
			if err := t.accepted(ctx, put(rows[2], "2"), compare(rows[0])); err != nil {
				return fmt.Errorf("a second commit that compares the same version: %w", err)
			}
			if err := t.accepted(ctx, compare(rows[0])); err != nil {
				return err
			}
			return t.unchanged(ctx, "three compares", rows[0])
		},
	},
	{
		name:  "write skew",
		rule:  "Of two commits that each compare what the other writes, one fails.",
		needs: NoCompare | NoSeveral,
		run: func(ctx context.Context, t *trial) error {
			a, b := t.key("a"), t.key("b")
			if _, err := t.write(ctx, "1", a, b); err != nil {
				return err
			}
			return skew(ctx, t, func() (store.Key, store.Key) { return a, b })
		},
	},
	{
		name:  "write skew over absent keys",
		rule:  "Absence is compared as any version is: of two commits that each compare the absence of what the other creates, one fails.",
		needs: NoCompare | NoSeveral,
		run: func(ctx context.Context, t *trial) error {
			return skew(ctx, t, func() (store.Key, store.Key) {
				return t.key(fmt.Sprint("a", t.named)), t.key(fmt.Sprint("b", t.named))
			})
		},
	},
}

// skew lets two commits race, many times, each comparing what the other writes.
func skew(ctx context.Context, t *trial, keys func() (a, b store.Key)) error {
	const rounds = 40
	for round := range rounds {
		a, b := keys()
		rows, err := t.prepare(ctx, a, b)
		if err != nil {
			return err
		}
		var errs [2]error
		_ = together(
			func() error { _, errs[0] = t.commit(ctx, []Step{compare(rows[0]), put(rows[1], "1")}); return nil },
			func() error { _, errs[1] = t.commit(ctx, []Step{put(rows[0], "1"), compare(rows[1])}); return nil },
		)
		if errs[0] == nil && errs[1] == nil {
			return fmt.Errorf("round %d: two commits that each compared what the other wrote both succeeded (%v and %v, versions %d and %d)",
				round+1, a, b, rows[0].Version, rows[1].Version)
		}
		for _, err := range errs {
			if err != nil && !errors.Is(err, store.ErrConflict) {
				return fmt.Errorf("round %d: got error %w, want one wrapping store.ErrConflict", round+1, err)
			}
		}
	}
	return nil
}
