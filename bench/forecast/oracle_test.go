package main

import (
	"math"
	"testing"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"gonum.org/v1/gonum/stat"
	"math/rand/v2"
	"slices"

	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/internal/backtest"
)

func TestQuantileAgainstGonum(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for n := 1; n < 60; n++ {
		values := make([]float64, n)
		for i := range values {
			values[i] = rng.NormFloat64()
		}
		sorted := slices.Sorted(slices.Values(values))
		for _, p := range []float64{0, .1, .25, .5, .9, 1} {
			// gonum's LinInterp is type 4 of Hyndman and Fan; at this p it is type 7 at ours.
			at := (float64(n-1)*p + 1) / float64(n)
			require.InDelta(t, stat.Quantile(min(at, 1), stat.LinInterp, sorted, nil), backtest.Quantile(p, slices.Clone(values)), 1e-9)
		}
	}
}

func TestRidgeAgainstGonum(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 2))
	for range 50 {
		n, width, penalty := 30+rng.IntN(50), 1+rng.IntN(6), 5*rng.Float64()
		shared, column := make([]float64, n*width), make([]float64, n)
		y, w := make([]float64, n), make([]float64, n)
		for i := range n {
			for j := range width {
				shared[i*width+j] = rng.NormFloat64()
			}
			column[i], y[i], w[i] = 10*rng.NormFloat64(), rng.NormFloat64(), .1+rng.Float64()
		}
		a, coef, ok := backtest.NewRidge(shared, width, y, w, penalty).With(column)
		require.True(t, ok)

		// The normal equations with an intercept, the penalty scaled by each column's variance.
		x := mat.NewDense(n, width+2, nil)
		for i := range n {
			x.Set(i, 0, 1)
			for j := range width {
				x.Set(i, j+1, shared[i*width+j])
			}
			x.Set(i, width+1, column[i])
		}
		var weighted, gram mat.Dense
		weighted.Apply(func(i, _ int, v float64) float64 { return w[i] * v }, x)
		gram.Mul(x.T(), &weighted)
		for j := 1; j < width+2; j++ {
			col := mat.Col(nil, j, x)
			mean := stat.Mean(col, w)
			variance := stat.MomentAbout(2, col, mean, w)
			gram.Set(j, j, gram.At(j, j)+penalty*variance)
		}
		var right, solution mat.VecDense
		right.MulVec(weighted.T(), mat.NewVecDense(n, y))
		require.NoError(t, solution.SolveVec(&gram, &right))
		require.InDelta(t, solution.AtVec(0), a, 1e-8)
		for j, c := range coef {
			require.InDelta(t, solution.AtVec(j+1), c, 1e-8)
		}
	}
}

// Where every deal has an end, the velocity of the funnel's life table is gonum's empirical median.
func TestLifeTableAgainstGonum(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 3))
	day := date.New(2027, 1, 1)
	for range 50 {
		var deals []forecast.Deal
		var ages []float64
		for range 1 + rng.IntN(40) {
			age := rng.IntN(60)
			ages = append(ages, float64(age))
			deals = append(deals, forecast.Deal{Opened: forecast.On(day), Closed: forecast.On(day + date.Date(age)), Outcome: forecast.OutcomeWon,
				Money: forecast.Money{Amount: decimal.NewFromInt(1), Currency: "RUB"}})
		}
		slices.Sort(ages)
		f, err := forecast.Funnel(forecast.All(deals), forecast.FunnelConfig{Period: forecast.Period{From: day, To: day + 90}})
		require.NoError(t, err)
		require.InDelta(t, stat.Quantile(.5, stat.Empirical, ages, nil), float64(f.Total.Velocity), math.SmallestNonzeroFloat64)
	}
}
