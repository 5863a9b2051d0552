package storetest

import (
	"context"
	"fmt"
	"strconv"
)

var eraseRules = []rule{
	{
		name:  "an erased key is absent",
		rule:  "An erasure is a write: it holds to its guard, and afterwards nothing is kept under the key.",
		needs: NoErase,
		run: func(ctx context.Context, t *trial) error {
			old, now, err := t.overtaken(ctx, "k")
			if err != nil {
				return err
			}
			if err := t.refused(ctx, "another commit was faster", erase(old)); err != nil {
				return err
			}
			if err := t.unchanged(ctx, "a conflict", now); err != nil {
				return err
			}
			gone, err := t.erase(ctx, now)
			if err != nil {
				return err
			}
			if _, err := t.write(ctx, "3", gone.Key); err != nil {
				return fmt.Errorf("creating an erased key anew: %w", err)
			}
			return nil
		},
	},
	{
		name:  "a version never comes back",
		rule:  "A version never repeats for a key, also after its rows were erased.",
		needs: NoErase,
		run: func(ctx context.Context, t *trial) error {
			k, seen := t.key("k"), make(map[int64]string)
			for life := 1; life <= 4; life++ {
				var last Row
				for n := 1; n <= 3; n++ {
					rows, err := t.write(ctx, strconv.Itoa(n), k)
					if err != nil {
						return err
					}
					last = rows[0]
					now := fmt.Sprintf("write %d of life %d", n, life)
					if before := seen[last.Version]; before != "" {
						return fmt.Errorf("%s of %v got version %d, which it had by %s", now, k, last.Version, before)
					}
					seen[last.Version] = now
				}
				gone, err := t.erase(ctx, last)
				if err != nil {
					return err
				}
				if before := seen[gone.Version]; before != "" && gone.Version != 0 {
					return fmt.Errorf("%v, erased, has version %d, which it had by %s", k, gone.Version, before)
				}
			}
			return nil
		},
	},
	{
		name:  "a guard from before an erasure conflicts",
		rule:  "A version from before an erasure does not hold any more, neither while the key is absent nor when it was created anew.",
		needs: NoErase,
		run: func(ctx context.Context, t *trial) error {
			old, err := t.write(ctx, "1", t.key("k"))
			if err != nil {
				return err
			}
			gone, err := t.erase(ctx, old[0])
			if err != nil {
				return err
			}
			tries := []Step{put(old[0], "2"), erase(old[0])}
			if t.lacks&NoCompare == 0 {
				tries = append(tries, compare(old[0]))
			}
			for _, step := range tries {
				if err := t.refused(ctx, "the key was erased since", step); err != nil {
					return err
				}
			}
			if err := t.unchanged(ctx, "a conflict", gone); err != nil {
				return err
			}
			again, err := t.write(ctx, "1", gone.Key)
			if err != nil {
				return err
			}
			for _, step := range tries {
				if err := t.refused(ctx, "the key was erased and created anew since", step); err != nil {
					return err
				}
			}
			return t.unchanged(ctx, "a conflict", again...)
		},
	},
	{
		name:  "an erasure stands or falls with its commit",
		rule:  "An erasure and the writes beside it are one change: all or none.",
		needs: NoErase | NoSeveral,
		run: func(ctx context.Context, t *trial) error {
			doomed, err := t.write(ctx, "1", t.key("erased"))
			if err != nil {
				return err
			}
			old, now, err := t.overtaken(ctx, "written")
			if err != nil {
				return err
			}
			for _, steps := range [][]Step{{erase(doomed[0]), put(old, "3")}, {put(old, "3"), erase(doomed[0])}} {
				if err := t.refused(ctx, "another commit was faster", steps...); err != nil {
					return err
				}
				if err := t.unchanged(ctx, "a conflict", doomed[0], now); err != nil {
					return err
				}
			}
			if err := t.accepted(ctx, erase(doomed[0]), put(now, "4")); err != nil {
				return err
			}
			after, err := t.get(ctx, doomed[0].Key, now.Key)
			if err != nil {
				return err
			}
			if after[0].Value.Text != "" || after[1].Value.Text != "4" {
				return fmt.Errorf("after erasing %v and writing \"4\" under %v: got %v", doomed[0].Key, now.Key, after)
			}
			return nil
		},
	},
}

// erase erases the row and returns what is there then.
func (t *trial) erase(ctx context.Context, r Row) (Row, error) {
	if err := t.accepted(ctx, erase(r)); err != nil {
		return Row{}, err
	}
	rows, err := t.get(ctx, r.Key)
	if err != nil {
		return Row{}, err
	}
	if got := rows[0]; got.Value.Text != "" || got.Version == r.Version {
		return Row{}, fmt.Errorf("load %v, erased at version %d: got %q at version %d, want nothing", r.Key, r.Version, got.Value.Text, got.Version)
	}
	return rows[0], nil
}
