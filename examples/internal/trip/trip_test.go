package trip_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/examples/internal/trip"
	"github.com/tenure-go/tenure/region"
)

// Along the equator the shortest way is known: a degree is 1/360 of the girth.
func TestAlongTheEquator(t *testing.T) {
	t.Parallel()
	degree := 2 * math.Pi * 6_371_008.8 / 360
	stops := []region.Stop{{ID: "c", Point: region.Point{Lon: 3}}, {ID: "a", Point: region.Point{Lon: 1}}, {ID: "b", Point: region.Point{Lon: 2}}}
	require.InDelta(t, 6*degree, trip.Length(region.Point{}, stops), 1)
	require.InDelta(t, 3*degree, trip.Shortest(region.Point{}, stops), 1)
	require.Equal(t, "c", stops[0].ID, "the stops are the caller's")
	require.Zero(t, trip.Length(region.Point{}, nil))
}
