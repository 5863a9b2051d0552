package backtest

import (
	"math"
	"math/rand/v2"
)

// Paths simulates sums of values that each come or do not come.
//
// A path lays the items on a line, each as long as its rate -log(1-chance), and lets events fall
// on the line at rate 1: an item comes if an event falls on it, which has exactly its chance. The
// gaps between events are exponential, so that a path costs as many steps as items come and not as
// many as there are. A common factor stretches the whole line, since items do not come
// independently: in a good month all chances are better.
type Paths struct {
	Paths int
	Seed  uint64

	// Sigma is the standard deviation of the logarithm of the common factor, whose mean is 1.
	Sigma float64
}

// A line is the items of one fit, ready to be walked.
type line struct {
	ends   []float64 // where each item ends
	guide  []int32   // the first item that ends after each step of the line
	length float64
}

const (
	certain    = 40 // the rate of what comes for sure
	guideSteps = 4  // of the guide for each item: then the first guess is mostly right
)

func newLine(chances []float64) line {
	l := line{ends: make([]float64, len(chances)), guide: make([]int32, guideSteps*len(chances)+1)}
	for i, p := range chances {
		rate := 0.0
		switch {
		case p >= 1:
			rate = certain
		case p > 0:
			rate = min(-math.Log1p(-p), certain)
		}
		l.length += rate
		l.ends[i] = l.length
	}
	item := 0
	for k := range l.guide {
		at := l.length * float64(k) / float64(guideSteps*len(chances))
		for item < len(chances)-1 && l.ends[item] <= at {
			item++
		}
		l.guide[k] = int32(item)
	}
	return l
}

// Run draws the paths, using the fits in turn: fits[i][j] is the chance of item j by fit i. For each
// item that comes, it calls hit with the path, the item, and how deep in the item the event fell, measured
// back from its end: an item that may come on several days is as many stretches, one after another,
// and the depth tells the day.
func (p Paths) Run(fits [][]float64, hit func(path, item int, depth float64)) {
	lines := make([]line, len(fits))
	for i, chances := range fits {
		lines[i] = newLine(chances)
	}
	rng := rand.New(rand.NewPCG(p.Seed, 0x9e3779b97f4a7c15))
	for path := range p.Paths {
		l := &lines[path%len(lines)]
		if l.length == 0 {
			continue
		}
		slow := math.Exp(p.Sigma*p.Sigma/2 - p.Sigma*rng.NormFloat64()) // mean of the gaps
		step := float64(len(l.guide)-1) / l.length
		ends, guide := l.ends, l.guide
		for at := rng.ExpFloat64() * slow; at < l.length; {
			item := int(guide[int(at*step)])
			for ends[item] <= at {
				item++
			}
			hit(path, item, ends[item]-at)
			at = ends[item] + rng.ExpFloat64()*slow
		}
	}
}
