// Package trip reckons ways by other means than package region does, so that programs can check it:
// by the haversine formula, and by trying every order.
package trip

import (
	"math"
	"slices"

	"github.com/tenure-go/tenure/region"
)

// Length is how long the way over the stops is in their order, in metres.
func Length(from region.Point, stops []region.Stop) (metres float64) {
	const radius, rad = 6_371_008.8, math.Pi / 180
	for _, s := range stops {
		a := math.Pow(math.Sin((s.Lat-from.Lat)*rad/2), 2) + math.Cos(from.Lat*rad)*math.Cos(s.Lat*rad)*math.Pow(math.Sin((s.Lon-from.Lon)*rad/2), 2)
		metres += 2 * radius * math.Asin(math.Sqrt(a))
		from = s.Point
	}
	return metres
}

// Shortest is how long the shortest of all orders is, in metres. Ten stops have 3,628,800 orders.
func Shortest(from region.Point, stops []region.Stop) float64 {
	best := math.Inf(1)
	permute(slices.Clone(stops), 0, func(order []region.Stop) { best = min(best, Length(from, order)) })
	return best
}

// permute calls visit with every order of stops[k:].
func permute(stops []region.Stop, k int, visit func([]region.Stop)) {
	if k == len(stops) {
		visit(stops)
		return
	}
	for i := k; i < len(stops); i++ {
		stops[k], stops[i] = stops[i], stops[k]
		permute(stops, k+1, visit)
		stops[k], stops[i] = stops[i], stops[k]
	}
}
