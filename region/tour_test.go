package region

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func tourLength(from Point, stops []Stop) (sum float64) {
	at := from
	for _, s := range stops {
		sum += at.Distance(s.Point)
		at = s.Point
	}
	return sum
}

func TestDistance(t *testing.T) {
	t.Parallel()
	irkutsk, bratsk := Point{52.2864, 104.2807}, Point{56.1514, 101.6342}
	require.InDelta(t, 462_850, irkutsk.Distance(bratsk), 1_000)
	require.Zero(t, irkutsk.Distance(irkutsk))
	require.InDelta(t, math.Pi*earthRadius, Point{90, 0}.Distance(Point{-90, 17}), 1e-3)
	require.InDelta(t, 222_390, Point{0, 179}.Distance(Point{0, -179}), 10)
	require.True(t, math.IsNaN(irkutsk.Distance(Point{91, 0})))
	require.True(t, math.IsNaN(Point{math.NaN(), 0}.Distance(irkutsk)))
}

func TestTourEdges(t *testing.T) {
	t.Parallel()
	require.Empty(t, Tour(Point{}, nil))
	a, b, c := Stop{"a", Point{50, 100}}, Stop{"b", Point{50, 101}}, Stop{"c", Point{50, 102}}
	bad, worse := Stop{"bad", Point{0, 200}}, Stop{"worse", Point{math.NaN(), math.Inf(1)}}
	var ids string
	for _, s := range Tour(Point{50, 99}, []Stop{worse, c, a, bad, b}) {
		ids += s.ID + " "
	}
	require.Equal(t, "a b c worse bad ", ids)
	require.Equal(t, []Stop{a, b, c}, Tour(Point{50, 99}, []Stop{a, b, c}))
	// From nowhere the tour begins where it is shortest.
	require.Equal(t, b, Tour(Point{99, 99}, []Stop{b, a, c})[1])
	// Equal orders keep the one given.
	same := []Stop{{"y", Point{50, 100}}, {"x", Point{50, 100}}, {"z", Point{50, 100}}}
	require.Equal(t, same, Tour(Point{50, 99}, same))
}

// drawTour makes an instance of n stops: spread, clustered, on a line or on a grid.
func drawTour(r *rand.Rand, kind, n int) (Point, []Stop) {
	near := func(lat, lon, d float64) Point { return Point{lat + d*(r.Float64()-0.5), lon + d*(r.Float64()-0.5)} }
	from := near(52, 104, 10)
	stops := make([]Stop, n)
	for i := range stops {
		var p Point
		switch kind {
		case 0:
			p = near(52, 104, 10)
		case 1:
			p = near(50+float64(r.IntN(3)), 100+float64(r.IntN(3))*2, 0.2)
		case 2:
			p = Point{52, 100 + 10*r.Float64()}
		case 3:
			p = Point{50 + float64(r.IntN(4)), 100 + float64(r.IntN(4))}
		}
		stops[i] = Stop{fmt.Sprint(i), p}
	}
	return from, stops
}

// shortest is the length of the best order, by trying all that may be shorter than best, which is the
// length of one of them.
func shortest(from Point, stops []Stop, best float64) float64 {
	used := make([]bool, len(stops))
	between := make([][]float64, len(stops))
	for i, a := range stops {
		for _, b := range stops {
			between[i] = append(between[i], a.Distance(b.Point))
		}
	}
	var walk func(at int, sum float64, left int)
	walk = func(at int, sum float64, left int) {
		if sum >= best {
			return
		}
		if left == 0 {
			best = sum
			return
		}
		for i := range stops { // whatever is farthest is still to be reached
			if at >= 0 && !used[i] && sum+between[at][i] >= best {
				return
			}
		}
		for i := range stops {
			if !used[i] {
				used[i] = true
				d := from.Distance(stops[i].Point)
				if at >= 0 {
					d = between[at][i]
				}
				walk(i, sum+d, left-1)
				used[i] = false
			}
		}
	}
	walk(-1, 0, len(stops))
	return best
}

// Law 9: up to 9 stops a tour is within 1.25 of the best order, on 10,000 instances; it is the best.
func TestTourAgainstBruteForce(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 9))
	worst := 1.0
	for i := range 10_000 {
		from, stops := drawTour(r, i%4, 1+i/4%9)
		got := tourLength(from, Tour(from, stops))
		best := shortest(from, stops, got)
		if best > 0 {
			worst = max(worst, got/best)
		}
		require.LessOrEqual(t, got, 1.25*best+1e-6)
	}
	require.InDelta(t, 1, worst, 1e-9)
	t.Logf("10,000 instances, worst ratio to the best order: %.9f", worst)
}

// Law 9: a tour is a permutation, never longer than the order given.
func TestTourLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 0))
		from, stops := drawTour(r, rapid.IntRange(0, 3).Draw(t, "kind"), rapid.IntRange(0, 40).Draw(t, "stops"))
		given := slices.Clone(stops)
		order := Tour(from, stops)
		require.Equal(t, given, stops)
		require.ElementsMatch(t, stops, order)
		require.LessOrEqual(t, tourLength(from, order), tourLength(from, stops)+1e-6)
		require.Equal(t, order, Tour(from, stops))
	})
}

func TestTourOfVeryMany(t *testing.T) {
	t.Parallel()
	from, stops := drawTour(rand.New(rand.NewPCG(2, 9)), 0, 300)
	order := Tour(from, stops)
	require.Less(t, tourLength(from, order), tourLength(from, stops)/4)
}

func BenchmarkTour(b *testing.B) {
	for _, n := range []int{9, 30} {
		from, stops := drawTour(rand.New(rand.NewPCG(3, 9)), 0, n)
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				Tour(from, stops)
			}
		})
	}
}
