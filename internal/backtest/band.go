package backtest

import "slices"

// A Band is an adaptive conformal interval (Gibbs and Candès, 2021). It holds the errors of
// finished windows, in units that the caller chooses, and the miss rate alpha that it now aims at.
// Alpha moves by Gamma when a window finishes: up when it was covered, down when it was missed, so
// that in the long run the target share is covered even where errors drift.
type Band struct {
	// Keep is how many of the newest errors count. 0: all.
	Keep int

	alpha  float64
	errors []float64 // in order of arrival
	sorted []float64 // nil: to be sorted again
}

// Target is the share of windows that a band is to miss: intervals are of 80 %.
const Target = 0.2

// Gamma is the step of alpha.
const Gamma = 0.03

// Alpha is the miss rate now aimed at.
func (b *Band) Alpha() float64 {
	if b.alpha == 0 {
		return Target
	}
	return b.alpha
}

// Len is the number of errors held.
func (b *Band) Len() int { return len(b.errors) }

// Limits returns the errors between which all but alpha of the windows fell.
func (b *Band) Limits() (low, high float64) {
	if b.sorted == nil {
		b.sorted = slices.Clone(b.errors)
		slices.Sort(b.sorted)
	}
	n := float64(len(b.sorted))
	// With n errors, the next one is beyond the k-th by k/(n+1): small samples reach further out.
	tail := b.Alpha() / 2
	return order(b.sorted, tail*(n+1)-1), order(b.sorted, (1-tail)*(n+1)-1)
}

// Covered moves alpha after a window for which limits had been given.
func (b *Band) Covered(yes bool) {
	miss := 1.0
	if yes {
		miss = 0
	}
	b.alpha = min(max(b.Alpha()+Gamma*(Target-miss), 0.01), 0.6)
}

// Add holds the error of a finished window.
func (b *Band) Add(err float64) {
	b.errors = append(b.errors, err)
	if b.Keep > 0 && len(b.errors) > b.Keep {
		b.errors = b.errors[len(b.errors)-b.Keep:]
	}
	b.sorted = nil
}

// order is the order statistic at a fractional place, held within the sample.
func order(sorted []float64, at float64) float64 {
	if len(sorted) == 0 {
		return 0
	}
	if at <= 0 {
		return sorted[0]
	}
	i := int(at)
	if i+1 >= len(sorted) {
		return sorted[len(sorted)-1]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
