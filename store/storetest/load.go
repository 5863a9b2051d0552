package storetest

import (
	"context"
	"fmt"
	"strconv"
)

var loadRules = []rule{
	{
		name: "load returns all it was asked for",
		rule: "Load may return more than was asked for, never less, and what the last commit left.",
		run: func(ctx context.Context, t *trial) error {
			absent, keys := t.key("absent"), []string{"a", "b", "c", "d"}
			for round := 1; round <= 2; round++ {
				for i, name := range keys {
					if _, err := t.write(ctx, strconv.Itoa(10*round+i), t.keyOf(t.kinds[0], name)); err != nil {
						return err
					}
				}
			}
			rows, err := t.get(ctx, t.keyOf(t.kinds[0], "c"), absent, t.keyOf(t.kinds[0], "a"), t.keyOf(t.kinds[0], "d"), t.keyOf(t.kinds[0], "b"))
			if err != nil {
				return err
			}
			for i, want := range []string{"22", "", "20", "23", "21"} {
				if rows[i].Value.Text != want {
					return fmt.Errorf("load of several keys, %v: got %q, want %q", rows[i].Key, rows[i].Value.Text, want)
				}
			}
			return nil
		},
	},
	{
		name: "rows are as new as their version",
		rule: "Load's rows are at least as new as the version it returns with them: who commits on that version overtakes nobody.",
		run: func(ctx context.Context, t *trial) error {
			const writers, each = 6, 12
			k := t.key("counter")
			if _, err := t.write(ctx, "1", k); err != nil {
				return err
			}
			all := make([]func() error, writers)
			for i := range all {
				all[i] = func() error {
					for range each {
						if err := t.add(ctx, 1, k); err != nil {
							return err
						}
					}
					return nil
				}
			}
			if err := together(all...); err != nil {
				return err
			}
			rows, err := t.get(ctx, k)
			if err != nil {
				return err
			}
			if want := strconv.Itoa(1 + writers*each); rows[0].Value.Text != want {
				return fmt.Errorf("%d writers added 1 %d times each to 1: got %s, want %s", writers, each, rows[0].Value.Text, want)
			}
			return nil
		},
	},
}
