package backtest

import "math"

// A Ridge fits y = a + b·x by weighted least squares with a penalty on the squares of b, each column
// measured in its own standard deviations. It is made of the columns that many fits share, whose
// products it holds, and fits with one more column at a time.
type Ridge struct {
	width   int // shared columns
	penalty float64
	weights []float64
	total   float64
	ym      float64
	mean    []float64 // of the shared columns
	rows    []float64 // shared columns less their means, row by row
	dy      []float64 // weight times y less its mean
	gram    []float64 // the shared columns' products, with room for one more; lower triangle
	cross   []float64 // their products with y
}

// NewRidge holds len(y) rows of width values each.
func NewRidge(rows []float64, width int, y, weights []float64, penalty float64) *Ridge {
	n := width + 1
	r := &Ridge{
		width: width, penalty: penalty, weights: weights, mean: make([]float64, width), rows: make([]float64, len(rows)),
		dy: make([]float64, len(y)), gram: make([]float64, n*n), cross: make([]float64, n),
	}
	for i, w := range weights {
		r.total += w
		r.ym += w * y[i]
		for j, v := range rows[i*width : (i+1)*width] {
			r.mean[j] += w * v
		}
	}
	if r.total <= 0 {
		return r
	}
	r.ym /= r.total
	for j := range r.mean {
		r.mean[j] /= r.total
	}
	for i, w := range weights {
		x := r.rows[i*width : (i+1)*width]
		for j, v := range rows[i*width : (i+1)*width] {
			x[j] = v - r.mean[j]
		}
		r.dy[i] = w * (y[i] - r.ym)
		for j, xj := range x {
			r.cross[j] += xj * r.dy[i]
			for k := range j + 1 {
				r.gram[j*n+k] += w * xj * x[k]
			}
		}
	}
	return r
}

// With fits with one more column, a value for each row. It returns the intercept and the coefficients,
// the new column's last, or ok == false if there is nothing to fit.
func (r *Ridge) With(column []float64) (intercept float64, coef []float64, ok bool) {
	if r.total <= 0 {
		return 0, nil, false
	}
	n := r.width + 1
	a, b := make([]float64, n*n), make([]float64, n)
	copy(a, r.gram)
	copy(b, r.cross)
	mean := 0.0
	for i, w := range r.weights {
		mean += w * column[i]
	}
	mean /= r.total
	last := a[r.width*n : r.width*n+n]
	for i, w := range r.weights {
		v := column[i] - mean
		wv := w * v
		for j, x := range r.rows[i*r.width : (i+1)*r.width] {
			last[j] += wv * x
		}
		last[r.width] += wv * v
		b[r.width] += v * r.dy[i]
	}
	for j := range n {
		m := mean
		if j < r.width {
			m = r.mean[j]
		}
		if spread := &a[j*n+j]; *spread <= 1e-12*r.total*m*m {
			*spread, b[j] = 1, 0 // a column that never changes explains nothing
		} else {
			// The penalty on a standardised coefficient is this much on the raw one.
			*spread += r.penalty * *spread / r.total
		}
	}
	if !solve(a, b, n) {
		return 0, nil, false
	}
	intercept = r.ym - b[r.width]*mean
	for j, m := range r.mean {
		intercept -= b[j] * m
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
