package forecast

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/tenure-go/tenure/internal/backtest"
)

// A track is what each method said at one origin about each day after it, and what came.
type track struct {
	at   int
	said [][]float64 // [method][day]; NaN: nothing to say
	came []float64   // the days that have finished
}

// A record is the rolling backtest of a forecast: the tracks of the origins before AsOf, the oldest
// first, and what the methods say now.
type record struct {
	asOf, days int
	have, need int // of history, as lacks counts it
	methods    []backtest.Method
	tracks     []track
	now        [][]float64 // [method][day]
	last       int         // the method that always has something to say
	short      string      // why no model can be trusted yet, "" if one can
}

// lacks notes that no model can be trusted before there is so much of something.
func (r *record) lacks(what string, have, need int) {
	r.have, r.need = max(have, 0), need
	if r.have < need {
		r.short = fmt.Sprintf("%d %s, a model needs %d", r.have, what, need)
	}
}

// weekly returns the origins of a backtest: every seventh day before AsOf with enough history
// behind it, the oldest first.
func weekly(first, asOf, most int) []int {
	var origins []int
	for k := most; k > 0; k-- {
		if at := asOf - 7*k; at >= first+minOrigin {
			origins = append(origins, at)
		}
	}
	return origins
}

// windows are the whole windows finished by AsOf.
func (r *record) windows() []backtest.Window {
	var windows []backtest.Window
	for _, t := range r.tracks {
		if len(t.came) < r.days {
			continue
		}
		w := backtest.Window{Actual: sum(t.came), Forecast: make([]float64, len(r.methods))}
		for m := range w.Forecast {
			w.Forecast[m] = sum(t.said[m])
		}
		windows = append(windows, w)
	}
	return windows
}

// choose applies the selection and leaves the evidence in f: the method asked for; or the least
// loss among those that have something to say now; or a naive one while too few windows have
// finished.
func (r *record) choose(o Options, f *Forecast) (int, error) {
	windows := r.windows()
	f.Evidence = scores(r.methods, windows)
	usable := func(m int) bool { return !math.IsNaN(sum(r.now[m])) }
	short := r.short != ""
	chosen := -1
	if o.Method != "" {
		chosen = slices.IndexFunc(r.methods, func(m backtest.Method) bool { return m.Name == o.Method })
		if !usable(chosen) || (short && !r.methods[chosen].Naive) {
			return 0, &HistoryError{Method: o.Method, Need: max(r.need, r.have+1), Have: r.have}
		}
	} else {
		losses := backtest.Weekly(r.days).Losses(r.methods, windows)
		chosen = backtest.Choose(losses, func(m int) bool { return usable(m) && (!short || r.methods[m].Naive) })
		if chosen < 0 {
			chosen = r.last
		}
		if short {
			f.Degraded = r.short
		}
	}
	f.Method = r.methods[chosen].Name
	return chosen, nil
}

func scores(methods []backtest.Method, windows []backtest.Window) []Score {
	list := make([]Score, len(methods))
	for m, method := range methods {
		var said, came []float64
		for _, w := range windows {
			if !math.IsNaN(w.Forecast[m]) {
				said, came = append(said, w.Forecast[m]), append(came, w.Actual)
			}
		}
		list[m] = Score{Method: method.Name, Windows: len(said), WAPE: backtest.WAPE(said, came), Bias: backtest.Bias(said, came), Coverage: nan()}
	}
	return list
}

// bands gives each bucket and the total its limits, read from the method's errors. level is the
// usual size of a day, so that small forecasts have a width too.
func (r *record) bands(d *drawing, method int, win Period, periods []Period, level float64, f *Forecast) {
	said, came := make([][]float64, len(r.tracks)), make([][]float64, len(r.tracks))
	for i, t := range r.tracks {
		said[i], came[i] = running(t.said[method]), running(t.came)
	}
	d.lowBand, d.highBand = make([]float64, len(periods)), make([]float64, len(periods))
	means := bucketsOf(d.mean, win, periods)
	for i, p := range periods {
		first, last := int(p.From-win.From)+1, int(p.To-win.From)
		d.lowBand[i], d.highBand[i], _ = r.band(said, came, first, last, means[i], level)
	}
	var covered float64
	d.low, d.high, covered = r.band(said, came, 1, r.days, sum(d.mean), level)
	f.covered(covered)
}

// covered records how often the band of the chosen method held.
func (f *Forecast) covered(share float64) {
	for i := range f.Evidence {
		if f.Evidence[i].Method == f.Method {
			f.Evidence[i].Coverage = share
		}
	}
}

// running returns the sums of the first 0, 1, 2, ... values.
func running(values []float64) []float64 {
	sums := make([]float64, len(values)+1)
	for i, v := range values {
		sums[i+1] = sums[i] + v
	}
	return sums
}

const (
	bandShift  = 4 // neighbouring days whose errors count as well
	bandKeep   = 180
	bandLeast  = 8  // errors before a band is read from them
	unseenBand = .3 // half-width relative to the mean until then
)

// band is the interval of the sum over the days first to last after the origin, read from the
// errors of the same days and their neighbours at the origins before.
func (r *record) band(said, came [][]float64, first, last int, mean, level float64) (low, high, covered float64) {
	type finished struct {
		day    int // on which it was known
		err    float64
		origin int // -1: a neighbour
	}
	var list []finished
	unit := func(said float64) float64 { return math.Abs(said) + .1*level*float64(last-first+1) + 1e-9 }
	for i, t := range r.tracks {
		for s := -bandShift; s <= bandShift; s++ {
			from, to := first+s, last+s
			if from < 1 || to >= len(came[i]) {
				continue
			}
			said := said[i][to] - said[i][from-1]
			if math.IsNaN(said) {
				continue
			}
			e := finished{t.at + to, (came[i][to] - came[i][from-1] - said) / unit(said), -1}
			if s == 0 {
				e.origin = i
			}
			list = append(list, e)
		}
	}
	slices.SortFunc(list, func(a, b finished) int {
		return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.origin, b.origin), cmp.Compare(a.err, b.err))
	})
	band := backtest.Band{Keep: bandKeep}
	limits := make([][2]float64, len(r.tracks))
	given := make([]bool, len(r.tracks))
	next, in, judged := 0, 0.0, 0.0
	learn := func(day int) {
		for ; next < len(list) && list[next].day <= day; next++ {
			e := list[next]
			if e.origin >= 0 && given[e.origin] {
				yes := limits[e.origin][0] <= e.err && e.err <= limits[e.origin][1]
				band.Covered(yes)
				judged++
				if yes {
					in++
				}
			}
			band.Add(e.err)
		}
	}
	for i, t := range r.tracks {
		learn(t.at)
		if band.Len() >= bandLeast {
			limits[i][0], limits[i][1] = band.Limits()
			given[i] = true
		}
	}
	learn(r.asOf)
	covered = nan()
	if judged > 0 {
		covered = in / judged
	}
	if band.Len() < bandLeast {
		return mean * (1 - unseenBand), mean * (1 + unseenBand), covered
	}
	lo, hi := band.Limits()
	return max(mean+lo*unit(mean), 0), mean + hi*unit(mean), covered
}

// partOf gives a part the total's band, wider as the part is smaller: errors of parts cancel out.
func partOf(tag string, mean, contract, total, low, high float64) drawnPart {
	p := drawnPart{tag: tag, mean: mean, contract: contract, low: mean, high: mean}
	if mean > 0 && total > 0 {
		wider := math.Sqrt(total / mean)
		p.low = max(mean*(1+(low/total-1)*wider), 0)
		p.high = mean * (1 + (high/total-1)*wider)
	}
	return p
}
