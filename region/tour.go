package region

import (
	"math"
	"math/bits"
	"slices"
)

// A Point is a place on the globe, in degrees of WGS 84.
type Point struct{ Lat, Lon float64 }

const earthRadius = 6_371_008.8 // metres, the mean

// Distance is the length of the great circle from p to q in metres, NaN if either is no place.
func (p Point) Distance(q Point) float64 {
	if !p.valid() || !q.valid() {
		return math.NaN()
	}
	return p.vector().distance(q.vector())
}

func (p Point) valid() bool { return math.Abs(p.Lat) <= 90 && math.Abs(p.Lon) <= 180 }

// A vector is a point of the unit sphere.
type vector struct{ x, y, z float64 }

func (p Point) vector() vector {
	sinLat, cosLat := math.Sincos(p.Lat * math.Pi / 180)
	sinLon, cosLon := math.Sincos(p.Lon * math.Pi / 180)
	return vector{cosLat * cosLon, cosLat * sinLon, sinLat}
}

func (v vector) distance(w vector) float64 {
	x, y, z := v.x-w.x, v.y-w.y, v.z-w.z
	return 2 * earthRadius * math.Asin(min(1, math.Sqrt(x*x+y*y+z*z)/2))
}

// A Stop is a visit to make.
type Stop struct {
	ID string
	Point
}

// Tour returns the order in which to visit the stops, from a starting point to wherever the last
// one is, as the crow flies. It is never longer than the order given; up to 9 stops it is the
// shortest, beyond that a good one. Among equal orders it keeps the one given. Stops with impossible coordinates come last.
func Tour(from Point, stops []Stop) []Stop {
	t := tour{anywhere: !from.valid(), points: []vector{from.vector()}}
	given := []int{} // the stops that are somewhere
	order := make([]Stop, 0, len(stops))
	for i, s := range stops {
		if s.valid() {
			given = append(given, i)
			t.points = append(t.points, s.vector())
		}
	}
	t.measure()
	for _, i := range t.order() {
		order = append(order, stops[given[i-1]])
	}
	for _, s := range stops {
		if !s.valid() {
			order = append(order, s)
		}
	}
	return order
}

// Beyond mostExact stops the work grows with their square times these, so they shrink for very many.
const (
	mostExact    = 9
	mostMeasured = 1000        // points whose distances are kept
	mostStarts   = 4_000_000   // nearest-neighbour orders to improve, times the square of the stops
	mostPasses   = 100_000_000 // of 2-opt over an order, times the square of the stops
)

// rounding is how many metres make no difference.
const rounding = 1e-6

// A tour is a path over points that begins at points[0]: at the starting point, or anywhere if
// that is no place.
type tour struct {
	points   []vector
	anywhere bool
	between  []float64 // the distance of each two points; nil if they are too many
}

// measure fills between.
func (t *tour) measure() {
	n := len(t.points)
	if n > mostMeasured {
		return
	}
	between := make([]float64, 0, n*n)
	for i := range n {
		for j := range n {
			between = append(between, t.distance(i, j))
		}
	}
	t.between = between
}

func (t *tour) distance(i, j int) float64 {
	switch {
	case t.between != nil:
		return t.between[i*len(t.points)+j]
	case i == 0 && t.anywhere:
		return 0
	}
	return t.points[i].distance(t.points[j])
}

func (t *tour) length(order []int) (sum float64) {
	at := 0
	for _, i := range order {
		sum += t.distance(at, i)
		at = i
	}
	return sum
}

// order is the order of points[1:].
func (t *tour) order() []int {
	n := len(t.points) - 1
	given := make([]int, n)
	for i := range given {
		given[i] = i + 1
	}
	best, length := given, t.length(given)
	try := func(order []int) {
		if l := t.length(order); l < length-rounding {
			best, length = order, l
		}
	}
	if n <= mostExact {
		try(t.exact())
		return best
	}
	try(t.improve(slices.Clone(given)))
	starts := min(n, max(1, mostStarts/(n*n)))
	for k := range starts {
		try(t.improve(t.nearest(1 + k*n/starts)))
	}
	return best
}

// exact finds the shortest order, by the shortest path over each subset of points that ends at
// each point of it.
func (t *tour) exact() []int {
	n := len(t.points) - 1
	if n == 0 {
		return nil
	}
	type step struct {
		length float64
		before int // -1: the start
	}
	paths := make([]step, n<<n) // [subset*n + end]
	for subset := 1; subset < 1<<n; subset++ {
		for end := range n {
			if subset&(1<<end) == 0 {
				continue
			}
			rest := subset &^ (1 << end)
			best := step{math.Inf(1), -1}
			if rest == 0 {
				best.length = t.distance(0, end+1)
			}
			for before := range n {
				if rest&(1<<before) == 0 {
					continue
				}
				if l := paths[rest*n+before].length + t.distance(before+1, end+1); l < best.length {
					best = step{l, before}
				}
			}
			paths[subset*n+end] = best
		}
	}
	subset, end := 1<<n-1, 0
	for e := range n {
		if paths[subset*n+e].length < paths[subset*n+end].length {
			end = e
		}
	}
	order := make([]int, n)
	for subset != 0 {
		order[bits.OnesCount(uint(subset))-1] = end + 1
		before := paths[subset*n+end].before
		subset &^= 1 << end
		end = before
	}
	return order
}

// nearest is the order that begins with the point first and goes on to whatever is nearest.
func (t *tour) nearest(first int) []int {
	order := make([]int, 0, len(t.points)-1)
	left := make([]int, 0, len(t.points)-1)
	for i := 1; i < len(t.points); i++ {
		if i != first {
			left = append(left, i)
		}
	}
	for at := first; ; {
		order = append(order, at)
		if len(left) == 0 {
			return order
		}
		nearest := 0
		for i := range left {
			if t.distance(at, left[i]) < t.distance(at, left[nearest]) {
				nearest = i
			}
		}
		at = left[nearest]
		left = slices.Delete(left, nearest, nearest+1)
	}
}

// improve turns stretches of the order around while that shortens it (2-opt).
func (t *tour) improve(order []int) []int {
	n := len(order)
	for range min(100, max(1, mostPasses/(n*n))) {
		shorter := false
		for i := range n - 1 {
			before := 0
			if i > 0 {
				before = order[i-1]
			}
			for j := i + 1; j < n; j++ {
				change := t.distance(before, order[j]) - t.distance(before, order[i])
				if j+1 < n {
					change += t.distance(order[i], order[j+1]) - t.distance(order[j], order[j+1])
				}
				if change < -rounding {
					slices.Reverse(order[i : j+1])
					shorter = true
				}
			}
		}
		if !shorter {
			break
		}
	}
	return order
}
