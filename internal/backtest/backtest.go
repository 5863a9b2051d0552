// Package backtest judges forecasts by what came. It knows numbers only: windows with what each
// method had said and the actual, how far off that was, which method earned its place, and how
// wide a band would have covered. What is forecast, and how, its callers know.
package backtest

import (
	"math"
	"slices"
)

// A Method is a candidate. Prior is the WAPE it is believed to have before it was seen at work.
type Method struct {
	Name  string
	Prior float64
	Naive bool
}

// A Window is one finished window: what came, and what each method had said, in the order of the
// methods. NaN: it had nothing to say.
type Window struct {
	Actual   float64
	Forecast []float64
}

// Selection says how past windows are weighed.
type Selection struct {
	// Discount is the weight of a window relative to the next younger one.
	Discount float64

	// PriorWindows is how many windows of the mean size the priors are worth.
	PriorWindows float64

	// Apart is the share of a window that the next one does not overlap: windows of 90 days that
	// begin every week tell little more than those that begin every quarter, and count so.
	Apart float64
}

// Weekly is the selection of every forecast: windows of so many days that begin every week.
func Weekly(days int) Selection {
	return Selection{Discount: 0.96, PriorWindows: 3, Apart: min(7/float64(max(days, 1)), 1)}
}

// Losses returns each method's discounted WAPE over the windows, the oldest first, together with
// the prior windows. In a window in which it said nothing a method counts as its prior has it:
// silence in the hard windows earns nothing.
func (s Selection) Losses(methods []Method, windows []Window) []float64 {
	size := 0.0
	for _, w := range windows {
		size += math.Abs(w.Actual)
	}
	if len(windows) > 0 {
		size /= float64(len(windows))
	}
	if size == 0 { // nothing came: then what was said is the measure
		for _, w := range windows {
			for _, f := range w.Forecast {
				if !math.IsNaN(f) {
					size += math.Abs(f)
				}
			}
		}
	}
	if size == 0 {
		size = 1
	}
	losses := make([]float64, len(methods))
	for m, method := range methods {
		missed, total := s.PriorWindows*method.Prior*size, s.PriorWindows*size
		weight := s.Apart
		for i := len(windows) - 1; i >= 0; i-- {
			actual := math.Abs(windows[i].Actual)
			if f := windows[i].Forecast[m]; math.IsNaN(f) {
				missed += weight * method.Prior * actual
			} else {
				missed += weight * math.Abs(f-windows[i].Actual)
			}
			total += weight * actual
			weight *= s.Discount
		}
		losses[m] = missed / total
	}
	return losses
}

// Choose returns the method with the least loss among those allowed, the earlier of equals, or -1
// if none is.
func Choose(losses []float64, allowed func(int) bool) int {
	best := -1
	for m, loss := range losses {
		if allowed(m) && (best < 0 || loss < losses[best]) {
			best = m
		}
	}
	return best
}

// WAPE is the sum of absolute errors over the sum of absolute actuals: unlike MAPE it does not
// burst on small actuals. It is NaN if the actuals are all zero.
func WAPE(forecast, actual []float64) float64 {
	missed, total := 0.0, 0.0
	for i, a := range actual {
		missed += math.Abs(forecast[i] - a)
		total += math.Abs(a)
	}
	return ratio(missed, total)
}

// Bias is the sum of forecasts less actuals over the sum of actuals: positive is too much.
func Bias(forecast, actual []float64) float64 {
	diff, total := 0.0, 0.0
	for i, a := range actual {
		diff += forecast[i] - a
		total += math.Abs(a)
	}
	return ratio(diff, total)
}

// MASE is the mean absolute error over that of the naive forecast.
func MASE(forecast, naive, actual []float64) float64 {
	missed, base := 0.0, 0.0
	for i, a := range actual {
		missed += math.Abs(forecast[i] - a)
		base += math.Abs(naive[i] - a)
	}
	return ratio(missed, base)
}

// Pinball is the mean loss of a forecast of the quantile q.
func Pinball(q float64, forecast, actual []float64) float64 {
	loss := 0.0
	for i, a := range actual {
		loss += max(q*(a-forecast[i]), (q-1)*(a-forecast[i]))
	}
	return ratio(loss, float64(len(actual)))
}

// Brier is the mean squared error of chances: 0 is perfect, .25 is a coin.
func Brier(chance []float64, happened []bool) float64 {
	loss := 0.0
	for i, p := range chance {
		if happened[i] {
			p = 1 - p
		}
		loss += p * p
	}
	return ratio(loss, float64(len(chance)))
}

// Coverage is the share of actuals within [low, high].
func Coverage(low, high, actual []float64) float64 {
	in := 0.0
	for i, a := range actual {
		if low[i] <= a && a <= high[i] {
			in++
		}
	}
	return ratio(in, float64(len(actual)))
}

func ratio(num, den float64) float64 {
	if den == 0 {
		return math.NaN()
	}
	return num / den
}

// Quantile returns the p-quantile of the values, which it sorts: linear between order statistics,
// the first at 0 and the last at 1 (type 7 of Hyndman and Fan).
func Quantile(p float64, values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	slices.Sort(values)
	at := min(max(p, 0), 1) * float64(len(values)-1)
	i := int(at)
	if i+1 >= len(values) {
		return values[len(values)-1]
	}
	return values[i] + (at-float64(i))*(values[i+1]-values[i])
}
