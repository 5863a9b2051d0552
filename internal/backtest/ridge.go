package backtest

import "math"

// Ridge fits y = a + b·x by weighted least squares with a penalty on the squares of b, each column
// measured in its own standard deviations. rows holds len(y) rows of width values. It returns the
// intercept and the coefficients for x as given, or ok == false if there is nothing to fit.
func Ridge(rows []float64, width int, y, weights []float64, penalty float64) (intercept float64, coef []float64, ok bool) {
	total, ym := 0.0, 0.0
	mean := make([]float64, width)
	for i, w := range weights {
		total += w
		ym += w * y[i]
		for j, v := range rows[i*width : (i+1)*width] {
			mean[j] += w * v
		}
	}
	if total <= 0 {
		return 0, nil, false
	}
	ym /= total
	for j := range mean {
		mean[j] /= total
	}
	a := make([]float64, width*width) // the lower triangle of X'WX
	b := make([]float64, width)
	x := make([]float64, width)
	for i, w := range weights {
		for j, v := range rows[i*width : (i+1)*width] {
			x[j] = v - mean[j]
		}
		dy := w * (y[i] - ym)
		for j, xj := range x {
			b[j] += xj * dy
			wx := w * xj
			row := a[j*width : j*width+j+1]
			for k := range row {
				row[k] += wx * x[k]
			}
		}
	}
	for j := range width {
		// The penalty on a standardised coefficient is this much on the raw one.
		a[j*width+j] += penalty*a[j*width+j]/total + 1e-9
	}
	if !solve(a, b, width) {
		return 0, nil, false
	}
	intercept = ym
	for j, c := range b {
		intercept -= c * mean[j]
	}
	return intercept, b, !math.IsNaN(intercept)
}

// solve overwrites b with the solution of A x = b by Cholesky; a holds A's lower triangle.
func solve(a, b []float64, n int) bool {
	for j := range n {
		for i := j; i < n; i++ {
			s := a[i*n+j]
			for k := range j {
				s -= a[i*n+k] * a[j*n+k]
			}
			if i > j {
				a[i*n+j] = s / a[j*n+j]
				continue
			}
			if s <= 0 {
				return false
			}
			a[j*n+j] = math.Sqrt(s)
		}
	}
	for i := range n {
		for k := range i {
			b[i] -= a[i*n+k] * b[k]
		}
		b[i] /= a[i*n+i]
	}
	for i := n - 1; i >= 0; i-- {
		for k := i + 1; k < n; k++ {
			b[i] -= a[k*n+i] * b[k]
		}
		b[i] /= a[i*n+i]
	}
	return true
}
