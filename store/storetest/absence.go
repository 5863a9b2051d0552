package storetest

import (
	"context"
	"errors"
	"fmt"
	"strconv"

	"github.com/tenure-go/tenure/store"
)

var absenceRules = []rule{
	{
		name: "absence is version 0",
		rule: "A key never written has version 0 and holds nothing, and is guarded by that version like any other: of two creators one wins.",
		run: func(ctx context.Context, t *trial) error {
			rows, err := t.prepare(ctx, t.key("k"))
			if err != nil {
				return err
			}
			if err := isAbsent(rows[0]); err != nil {
				return err
			}
			ahead := rows[0]
			ahead.Version = 7
			if err := t.refused(ctx, "the key is absent", put(ahead, "1")); err != nil {
				return err
			}
			if err := t.unchanged(ctx, "a conflict", rows[0]); err != nil {
				return err
			}
			if err := t.accepted(ctx, put(rows[0], "2")); err != nil {
				return err
			}
			if err := t.refused(ctx, "another commit has created the key", put(rows[0], "3")); err != nil {
				return err
			}
			now, err := t.get(ctx, rows[0].Key)
			if err != nil {
				return err
			}
			if now[0].Value.Text != "2" || now[0].Version == 0 {
				return fmt.Errorf("load %v after two creators: got %q at version %d, want what the first wrote", now[0].Key, now[0].Value.Text, now[0].Version)
			}
			return nil
		},
	},
	{
		name:  "absence is compared",
		rule:  "A guard without Write at version 0 holds while the key is absent, leaves it absent, and conflicts once it was created.",
		needs: NoCompare | NoSeveral,
		run: func(ctx context.Context, t *trial) error {
			rows, err := t.prepare(ctx, t.key("absent"), t.key("other"))
			if err != nil {
				return err
			}
			if err := t.accepted(ctx, compare(rows[0]), put(rows[1], "1")); err != nil {
				return err
			}
			now, err := t.get(ctx, rows[0].Key, rows[1].Key)
			if err != nil {
				return err
			}
			if err := isAbsent(now[0]); err != nil {
				return fmt.Errorf("after a compare: %w", err)
			}
			if err := t.accepted(ctx, put(rows[0], "2")); err != nil {
				return fmt.Errorf("creating a key whose absence was compared: %w", err)
			}
			if err := t.refused(ctx, "the absent key was created", compare(rows[0]), put(now[1], "3")); err != nil {
				return err
			}
			return t.unchanged(ctx, "a conflict", now[1])
		},
	},
	{
		name: "of many creators one wins",
		rule: "However many commits create one key at once, one at most succeeds; the others' errors wrap store.ErrConflict.",
		run: func(ctx context.Context, t *trial) error {
			const rounds, creators = 6, 6
			for round := range rounds {
				rows, err := t.prepare(ctx, t.key(fmt.Sprint("k", round)))
				if err != nil {
					return err
				}
				var errs [creators]error
				all := make([]func() error, creators)
				for i := range all {
					all[i] = func() error {
						_, errs[i] = t.commit(ctx, []Step{put(rows[0], strconv.Itoa(1+i))})
						return nil
					}
				}
				_ = together(all...)
				won, want := 0, ""
				for i, err := range errs {
					switch {
					case err == nil:
						won++
						want = strconv.Itoa(1 + i)
					case !errors.Is(err, store.ErrConflict):
						return fmt.Errorf("a commit that creates what another creates: got error %w, want one wrapping store.ErrConflict", err)
					}
				}
				now, err := t.get(ctx, rows[0].Key)
				if err != nil {
					return err
				}
				if won > 1 || now[0].Value.Text != want {
					return fmt.Errorf("%d of %d creators of %v succeeded: it holds %q, want %q", won, creators, now[0].Key, now[0].Value.Text, want)
				}
			}
			return nil
		},
	},
}

func isAbsent(r Row) error {
	if r.Version != 0 || r.Value.Text != "" {
		return fmt.Errorf("load %v, never written: got %q at version %d, want nothing at version 0", r.Key, r.Value.Text, r.Version)
	}
	return nil
}
