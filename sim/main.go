// Sim tries to break the stores: many desks book over one of them while a seeded adversary decides
// who goes next, which call fails before or after it took effect, whose clock jumps, and who asks
// twice. After every commit what must always hold is checked; in the end the history is checked for
// linearizability.
//
//	go run ./sim -seeds 1000
//	go run ./sim -seed 77        # again, with the steps that led there
//
// A run is decided by its seed alone. PostgreSQL takes part where it is installed (see
// internal/pgtest).
package main

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"
)

func main() {
	testing.Init()
	seeds := flag.Int("seeds", 100, "how many seeds to run, from 1 on")
	one := flag.Int64("seed", 0, "run this seed alone and print its steps")
	child := flag.String("child", "", "be the process that is killed: write to this file (internal)")
	flag.Parse()
	if *child != "" {
		exit(write(*child, os.Stdout))
		return
	}
	b, err := openBackends()
	exit(err)
	// A simulation runs in a bubble of testing/synctest, where a scheduler can know that everybody
	// waits for it; only package testing makes such bubbles.
	testing.Main(func(_, _ string) (bool, error) { return true, nil }, []testing.InternalTest{{Name: "sim", F: func(t *testing.T) {
		defer b.close()
		if violations := run(t, b, *seeds, *one); violations > 0 {
			t.Fail()
		}
	}}}, nil, nil)
}

func exit(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(t *testing.T, b *backends, seeds int, one int64) (violations int) {
	begin := time.Now()
	faults, stores, ops := make(map[string]int), make(map[string]int), 0
	from, to := int64(1), int64(seeds)
	if one != 0 {
		from, to = one, one
	}
	for seed := from; seed <= to; seed++ {
		r := trySeed(t, b, seed)
		stores[r.store]++
		ops += r.ops
		for fault, n := range r.faults {
			faults[fault] += n
		}
		if one != 0 {
			for _, line := range r.steps {
				fmt.Println(line)
			}
		}
		if r.err != nil {
			violations++
			fmt.Printf("seed %d on %s: %v\nrepeat: go run ./sim -seed %d\n", seed, r.store, r.err, seed)
		}
	}
	fmt.Printf("%d seeds, %d violations, %d operations in %v\n", to-from+1, violations, ops, time.Since(begin).Round(time.Second))
	for _, counts := range []map[string]int{stores, faults} {
		for _, name := range slices.Sorted(maps.Keys(counts)) {
			fmt.Printf("%8d  %s\n", counts[name], name)
		}
	}
	return violations
}

// trySeed runs what the seed says: one in twenty kills a process that writes to SQLite, any other
// is a simulation over one of the stores.
func trySeed(t *testing.T, b *backends, seed int64) report {
	if seed%20 == 0 {
		return tryCrash(seed)
	}
	return simulate(t, func() (stage, error) { return b.open(seed) }, seed)
}

// A report is what came of a seed.
type report struct {
	store  string
	ops    int
	faults map[string]int
	steps  []string
	err    error
}

var errFound = errors.New("violation")

// violation says which promise was broken and how.
func violation(promise, format string, args ...any) error {
	return fmt.Errorf("%w of %q: %s", errFound, promise, fmt.Sprintf(format, args...))
}
