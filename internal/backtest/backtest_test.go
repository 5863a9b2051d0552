package backtest

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestMetricsByHand(t *testing.T) {
	t.Parallel()
	said, came := []float64{10, 20, 30}, []float64{12, 20, 24}
	require.InDelta(t, 8.0/56, WAPE(said, came), 1e-12)
	require.InDelta(t, 4.0/56, Bias(said, came), 1e-12)
	require.InDelta(t, 8.0/12, MASE(said, []float64{12, 24, 32}, came), 1e-12)
	require.InDelta(t, (.9*2+0+.1*6)/3, Pinball(.9, said, came), 1e-12)
	require.InDelta(t, (.04+.09)/2, Brier([]float64{.8, .3}, []bool{true, false}), 1e-12)
	require.InDelta(t, 2.0/3, Coverage([]float64{12, 0, 25}, []float64{12, 20, 30}, came), 1e-12)
	require.True(t, math.IsNaN(WAPE(nil, nil)))
	require.True(t, math.IsNaN(Bias([]float64{1}, []float64{0})))
}

// A quantile has as much of the sample on each side as it should, by a walk along the sorted sample.
func TestQuantile(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 50).Draw(t, "values")
		p := rapid.Float64Range(0, 1).Draw(t, "p")
		sorted := slices.Sorted(slices.Values(values))
		want, left := sorted[0], p*float64(len(sorted)-1)
		for i := 1; i < len(sorted) && left > 0; i++ {
			step := min(left, 1)
			want += step * (sorted[i] - sorted[i-1])
			left -= step
		}
		require.InDelta(t, want, Quantile(p, slices.Clone(values)), 1e-5)
	})
	require.True(t, math.IsNaN(Quantile(.5, nil)))
}

// At the ridge's solution the penalised loss has no slope.
func TestRidge(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n, penalty := rapid.IntRange(5, 40).Draw(t, "rows"), rapid.Float64Range(.1, 10).Draw(t, "penalty")
		number := rapid.Float64Range(-10, 10)
		shared, column := make([]float64, 2*n), make([]float64, n)
		y, w := make([]float64, n), make([]float64, n)
		for i := range n {
			shared[2*i], shared[2*i+1], column[i] = number.Draw(t, "a"), number.Draw(t, "b"), number.Draw(t, "c")
			y[i], w[i] = number.Draw(t, "y"), rapid.Float64Range(.1, 1).Draw(t, "w")
		}
		a, b, ok := NewRidge(shared, 2, y, w, penalty).With(column)
		require.True(t, ok)
		at := func(i, j int) float64 { return [3]float64{shared[2*i], shared[2*i+1], column[i]}[j] }
		total, slope := 0.0, 0.0
		for i := range n {
			total += w[i]
			slope += w[i] * (y[i] - a - b[0]*at(i, 0) - b[1]*at(i, 1) - b[2]*at(i, 2))
		}
		require.InDelta(t, 0, slope, 1e-6)
		for j := range 3 {
			mean, variance, slope := 0.0, 0.0, 0.0
			for i := range n {
				mean += w[i] * at(i, j) / total
			}
			for i := range n {
				variance += w[i] * (at(i, j) - mean) * (at(i, j) - mean) / total
				slope += w[i] * at(i, j) * (y[i] - a - b[0]*at(i, 0) - b[1]*at(i, 1) - b[2]*at(i, 2))
			}
			if variance > 1e-3 {
				require.InDelta(t, penalty*variance*b[j], slope, 1e-5)
			}
		}
	})
	_, _, ok := NewRidge(nil, 2, nil, nil, 1).With(nil)
	require.False(t, ok)
}

func TestRidgeKnowsConstants(t *testing.T) {
	t.Parallel()
	a, b, ok := NewRidge([]float64{3, 3, 3}, 1, []float64{1, 2, 3}, []float64{1, 1, 1}, 0).With([]float64{1, 2, 3})
	require.True(t, ok)
	require.InDeltaSlice(t, []float64{0, 1}, b, 1e-9)
	require.InDelta(t, 0, a, 1e-9)
}

func TestSelection(t *testing.T) {
	t.Parallel()
	methods := []Method{{Name: "model", Prior: .1}, {Name: "naive", Prior: .3, Naive: true}}
	all := func(int) bool { return true }
	losses := Weekly(7).Losses(methods, nil)
	require.InDeltaSlice(t, []float64{.1, .3}, losses, 1e-12, "without windows the priors decide")
	require.Equal(t, 0, Choose(losses, all))
	require.Equal(t, 1, Choose(losses, func(m int) bool { return methods[m].Naive }))
	require.Equal(t, -1, Choose(losses, func(int) bool { return false }))

	windows := []Window{{100, []float64{50, 99}}, {100, []float64{150, 100}}, {100, []float64{math.NaN(), 101}}}
	losses = Weekly(7).Losses(methods, windows)
	// Weights 1, .96, .96²; in its silent window the model counts as its prior.
	total := 3 + 1 + .96 + .96*.96
	require.InDelta(t, (3*.1+.1+.96*.5+.96*.96*.5)/total, losses[0], 1e-12)
	require.InDelta(t, (3*.3+.01+0+.96*.96*.01)/total, losses[1], 1e-12)
	require.Equal(t, 1, Choose(losses, all))
	require.Less(t, Weekly(90).Losses(methods, windows)[0], losses[0], "windows that overlap count for less")
}

// A band covers what its target says in the long run, also where errors grow.
func TestBand(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := Band{Keep: 60}
		in, n := 0.0, 0.0
		for i := range 700 {
			size := 1 + float64(i)/150
			err := size * (rapid.Float64Range(-1, 1).Draw(t, "u") + rapid.Float64Range(-1, 1).Draw(t, "v"))
			if b.Len() >= 8 {
				low, high := b.Limits()
				require.LessOrEqual(t, low, high)
				b.Covered(low <= err && err <= high)
				n++
				if low <= err && err <= high {
					in++
				}
			}
			b.Add(err)
			require.LessOrEqual(t, b.Len(), 60)
		}
		require.InDelta(t, 1-Target, in/n, .12)
	})
}

func TestBandMovesOnlyWhenJudged(t *testing.T) {
	t.Parallel()
	var b Band
	require.InDelta(t, Target, b.Alpha(), 1e-12)
	b.Add(1)
	require.InDelta(t, Target, b.Alpha(), 1e-12)
	b.Covered(true)
	require.InDelta(t, Target+Gamma*Target, b.Alpha(), 1e-12)
	b.Covered(false)
	require.InDelta(t, Target+Gamma*Target+Gamma*(Target-1), b.Alpha(), 1e-12)
}

// Every item comes as often as its chance says, and on each of its days.
func TestPaths(t *testing.T) {
	t.Parallel()
	chances := []float64{0, .02, .5, 1, .97, .2, 0}
	const n = 40_000
	came := make([]float64, len(chances))
	early := 0.0
	Paths{Paths: n, Seed: 7}.Run([][]float64{chances, chances}, func(path, item int, depth float64) {
		came[item]++
		if item == 5 && 1-(1-chances[5])*math.Exp(depth) < .05 {
			early++ // the first quarter of its chance
		}
	})
	for i, p := range chances {
		require.InDelta(t, p, came[i]/n, 4*math.Sqrt(p*(1-p)/n)+1e-9)
	}
	require.InDelta(t, .25, early/came[5], .02)
	Paths{Paths: 3}.Run([][]float64{{0, 0}}, func(int, int, float64) { t.Error("what has no chance came") })
	Paths{Paths: 3}.Run([][]float64{nil}, func(int, int, float64) { t.Error("nothing came") })
}

func TestPathsShareAFactor(t *testing.T) {
	t.Parallel()
	chances := make([]float64, 1000)
	for i := range chances {
		chances[i] = .1
	}
	spread := func(sigma float64) float64 {
		totals := make([]float64, 2000)
		Paths{Paths: len(totals), Seed: 1, Sigma: sigma}.Run([][]float64{chances}, func(path, _ int, _ float64) { totals[path]++ })
		return Quantile(.9, totals) - Quantile(.1, totals)
	}
	require.Greater(t, spread(.3), 2*spread(0))
}
