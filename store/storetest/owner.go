package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/tenure-go/tenure/store"
)

var ownerRules = []rule{
	{
		name: "what Load returned is the caller's",
		rule: "What Load returned is the caller's to keep and to change: the store neither changes it later nor sees the changes.",
		run: func(ctx context.Context, t *trial) error {
			keys := []store.Key{t.key("a"), t.key("b")}
			if _, err := t.write(ctx, "1", keys...); err != nil {
				return err
			}
			kept, err := t.load(ctx, true, keys)
			if err != nil {
				return err
			}
			first := kept.rows()
			if _, err := t.write(ctx, "2", keys[0]); err != nil {
				return err
			}
			if later := kept.rows(); !slices.Equal(first, later) {
				return fmt.Errorf("what an earlier Load had returned changed with a later commit: it was %v, is %v", first, later)
			}
			were, err := t.get(ctx, keys...)
			if err != nil {
				return err
			}
			for _, lock := range []bool{false, true} {
				l, err := t.load(ctx, lock, keys)
				if err != nil {
					return err
				}
				l.spoil()
				if err := t.unchanged(ctx, "the caller changed what Load had returned", were...); err != nil {
					return err
				}
			}
			return nil
		},
	},
	{
		name: "what Commit was given is the caller's",
		rule: "What Commit was given stays the caller's: the store changes nothing in it and does not see what the caller changes later.",
		run: func(ctx context.Context, t *trial) error {
			keys := []store.Key{t.key("b"), t.key("a")}
			if t.lacks&NoSeveral != 0 {
				keys = keys[:1]
			}
			rows, err := t.prepare(ctx, keys...)
			if err != nil {
				return err
			}
			var steps []Step
			for _, r := range rows {
				steps = append(steps, put(r, "1"))
			}
			c, err := t.commit(ctx, steps)
			if err != nil {
				return err
			}
			if c.altered() {
				return fmt.Errorf("commit of %v altered the change it was given", steps)
			}
			were, err := t.get(ctx, keys...)
			if err != nil {
				return err
			}
			c.spoil()
			return t.unchanged(ctx, "the caller changed what Commit had been given", were...)
		},
	},
}

var errEnough = errors.New("the caller has had enough")

var contextRules = []rule{
	{
		name: "a done context writes nothing",
		rule: "Under a done context nothing is written, and the error wraps the context's cause.",
		run: func(ctx context.Context, t *trial) error {
			cancelled, cancel := context.WithCancelCause(ctx)
			cancel(errEnough)
			late, cancelLate := context.WithDeadline(ctx, time.Unix(0, 0))
			defer cancelLate()

			were, err := t.write(ctx, "1", t.key("there"))
			if err != nil {
				return err
			}
			absent, err := t.prepare(ctx, t.key("absent"))
			if err != nil {
				return err
			}
			were = append(were, absent...)
			for _, done := range []context.Context{cancelled, late} {
				cause := context.Cause(done)
				for _, r := range were {
					if _, err := t.commit(done, []Step{put(r, "2")}); !errors.Is(err, cause) {
						return fmt.Errorf("commit under a done context: got error %v, want one wrapping its cause, %q", err, cause)
					}
				}
				if t.lacks&NoErase == 0 {
					if _, err := t.commit(done, []Step{erase(were[0])}); !errors.Is(err, cause) {
						return fmt.Errorf("commit of an erasure under a done context: got error %v, want one wrapping its cause, %q", err, cause)
					}
				}
				if _, err := t.load(done, true, []store.Key{were[0].Key}); err != nil && !errors.Is(err, cause) {
					return fmt.Errorf("load under a done context: got error %w, want one wrapping its cause, %q", err, cause)
				}
			}
			return t.unchanged(ctx, "a commit under a done context", were...)
		},
	},
}
