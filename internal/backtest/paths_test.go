package backtest

import (
	"math"
	"math/rand/v2"
	"testing"
)

// The plain way: look at each item of each path.
func plainPaths(paths int, chances []float64, hit func(path, item int)) {
	rng := rand.New(rand.NewPCG(1, 2))
	for path := range paths {
		for item, p := range chances {
			if rng.Float64() < p {
				hit(path, item)
			}
		}
	}
}

func benchmarkChances(mean float64) []float64 {
	rng := rand.New(rand.NewPCG(3, 4))
	chances := make([]float64, 10_000)
	for i := range chances {
		chances[i] = math.Pow(rng.Float64(), 1/mean-1)
	}
	return chances
}

func BenchmarkPaths(b *testing.B) {
	chances := [][]float64{benchmarkChances(.1)}
	for b.Loop() {
		total := 0.0
		Paths{Paths: 100, Sigma: .2}.Run(chances, func(_, item int, u float64) { total += u })
	}
}

func BenchmarkPathsPlain(b *testing.B) {
	chances := benchmarkChances(.1)
	for b.Loop() {
		total := 0.0
		plainPaths(100, chances, func(_, item int) { total++ })
	}
}
