package showtest_test

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/examples/internal/showtest"
)

const steps = 400

func TestMain(m *testing.M) { showtest.Main(m, counting) }

// counting counts to a number in steps that it promises, and goes on where it was stopped.
func counting() show.Program {
	return show.Program{Name: "counting", En: "a test", Ru: "проверка", Start: time.Date(2027, time.June, 1, 0, 0, 0, 0, time.UTC), Resumes: true,
		Chapters: []show.Chapter{{En: "First", Ru: "Первая", Play: func(ctx context.Context, s *show.Story) error {
			begun, err := s.Marked(ctx, "step")
			if err != nil {
				return err
			}
			done, _ := strconv.Atoi(begun)
			for ; done < steps; done++ {
				if err := s.Mark(ctx, "step", fmt.Sprint(done+1)); err != nil {
					return err
				}
				if err := s.Promise("step %d", done+1); err != nil {
					return err
				}
			}
			s.Add("steps", "шаги", done == steps, "%d, run %d", done, s.Run)
			return nil
		}}}}
}

func TestKilled(t *testing.T) {
	t.Parallel()
	promised, out := showtest.Killed(t, 5, steps, "-db", filepath.Join(t.TempDir(), "counting.db"))
	require.Regexp(t, `steps +passed +400, run 1\n`, out)
	require.Contains(t, promised, fmt.Sprint("step ", steps))
	slices.Sort(promised)
	require.Equal(t, slices.Compact(slices.Clone(promised)), promised, "a step was promised twice")
}
