package forecast

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/tenure-go/tenure/internal/backtest"
)

// A nightBack is the rolling backtest of the nights: what each method said at each weekly origin
// before AsOf, the oldest first.
type nightBack struct {
	book    *nightBook
	origins []*nightOrigin
	now     *nightOrigin
}

func (e *nightEngine) backtest() *nightBack {
	b := &nightBack{book: e.book}
	for k := backOrigins; k > 0; k-- {
		if at := e.book.asOf - 7*k; at >= e.book.first+minOrigin {
			b.origins = append(b.origins, e.forecast(at))
		}
	}
	b.now = e.forecast(e.book.asOf)
	return b
}

// leastWindows is how many windows must have finished before a model is trusted over a naive method.
const leastWindows = 3

// windows are the whole windows finished by AsOf.
func (b *nightBack) windows() []backtest.Window {
	var windows []backtest.Window
	for _, o := range b.origins {
		if o.at+o.days > b.book.asOf {
			continue
		}
		w := backtest.Window{Forecast: make([]float64, nightMethods)}
		for x := 1; x <= o.days; x++ {
			w.Actual += b.book.sold(o.at + x)
		}
		for m := range w.Forecast {
			w.Forecast[m] = sum(o.byMethod(m))
		}
		windows = append(windows, w)
	}
	return windows
}

// choose names the method, and leaves the evidence in f.
func (b *nightBack) choose(o Options, f *Forecast) (int, error) {
	return chooseMethod(nightPriors[:], b.windows(), func(m int) bool {
		return !math.IsNaN(sum(b.now.byMethod(m)))
	}, o, b.book.asOf-b.book.first+1, mOnBooks, f)
}

// chooseMethod applies the selection: the method asked for; or the least loss among those that have
// something to say now; or a naive one while too few windows have finished. have is the days of
// history, last the method that always has something to say.
func chooseMethod(methods []backtest.Method, windows []backtest.Window, usable func(int) bool, o Options, have, last int, f *Forecast) (int, error) {
	f.Evidence = scores(methods, windows)
	losses := backtest.DefaultSelection.Losses(methods, windows)
	short := len(windows) < leastWindows
	chosen := -1
	if o.Method != "" {
		chosen = slices.IndexFunc(methods, func(m backtest.Method) bool { return m.Name == o.Method })
		if !usable(chosen) || (short && !methods[chosen].Naive) {
			return 0, &HistoryError{Method: o.Method, Need: o.days() + 7*leastWindows + minOrigin, Have: max(have, 0)}
		}
	} else {
		chosen = backtest.Choose(losses, func(m int) bool { return usable(m) && (!short || methods[m].Naive) })
		if chosen < 0 {
			chosen = last
		}
		if short {
			f.Degraded = fmt.Sprintf("%d windows of %d days have finished, a model needs %d", len(windows), o.days(), leastWindows)
		}
	}
	f.Method = methods[chosen].Name
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

// bands gives each bucket and the total its limits.
func (b *nightBack) bands(d *drawing, method int, win Period, periods []Period, f *Forecast) {
	prefix := make([][]float64, len(b.origins)) // what the method said, summed
	for i, o := range b.origins {
		prefix[i] = make([]float64, o.days+1)
		for x, v := range o.byMethod(method) {
			prefix[i][x+1] = prefix[i][x] + v
		}
	}
	level := 0.0
	for night := max(b.book.first, b.book.asOf-recentNights+1); night <= b.book.asOf; night++ {
		level += b.book.sold(night) / recentNights
	}
	d.lowBand, d.highBand = make([]float64, len(periods)), make([]float64, len(periods))
	means := bucketsOf(d.mean, win, periods)
	for i, p := range periods {
		first, last := int(p.From-win.From)+1, int(p.To-win.From)
		d.lowBand[i], d.highBand[i], _ = b.band(prefix, first, last, means[i], level)
	}
	var covered float64
	d.low, d.high, covered = b.band(prefix, 1, b.book.leads, sum(d.mean), level)
	for i := range f.Evidence {
		if f.Evidence[i].Method == f.Method {
			f.Evidence[i].Coverage = covered
		}
	}
}

const (
	bandShift  = 3   // neighbouring leads whose errors count as well
	bandKeep   = 180 // newest errors
	bandLeast  = 8   // errors before a band is read from them
	unseenBand = .3  // half-width relative to the mean until then
)

// band is the interval of the sum over the leads first to last, read from the errors of the same
// leads and their neighbours at the origins before.
func (b *nightBack) band(prefix [][]float64, first, last int, mean, level float64) (low, high, covered float64) {
	type finished struct {
		day    int // on which it was known
		err    float64
		origin int // -1: a neighbour
	}
	var list []finished
	days := last - first + 1
	unit := func(said float64) float64 { return math.Abs(said) + .1*level*float64(days) + 1e-9 }
	for i, o := range b.origins {
		for s := -bandShift; s <= bandShift; s++ {
			from, to := first+s, last+s
			if from < 1 || to > o.days || o.at+to > b.book.asOf {
				continue
			}
			said := prefix[i][to] - prefix[i][from-1]
			if math.IsNaN(said) {
				continue
			}
			came := 0.0
			for x := from; x <= to; x++ {
				came += b.book.sold(o.at + x)
			}
			e := finished{o.at + to, (came - said) / unit(said), -1}
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
	limits := make([][2]float64, len(b.origins))
	given := make([]bool, len(b.origins))
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
	for i, o := range b.origins {
		learn(o.at)
		if band.Len() >= bandLeast {
			limits[i][0], limits[i][1] = band.Limits()
			given[i] = true
		}
	}
	learn(b.book.asOf)
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

// parts divides the total by what is on the books of each part, less its cancellations, and by the
// part's share in the nights sold late in recent weeks.
func (e *nightEngine) parts(d *drawing, now *nightOrigin, method int) {
	n := len(e.partList)
	if n == 0 {
		return
	}
	kept, on, fresh := make([]float64, n), make([]float64, n), make([]float64, n)
	e.onHand(now.at, now.at+now.days, func(b *booking) {
		share := now.keep.share(b.habit, int(b.arrival)-now.at)
		for k := range int(b.nights) {
			if x := int(b.arrival) + k - now.at; x >= 1 && x <= now.days {
				kept[b.part] += share * b.at(k)
				on[b.part] += b.at(k)
			}
		}
	})
	for i := searchArrival(e.bookings, now.at-recentNights); i < len(e.bookings) && int(e.bookings[i].arrival) <= now.at; i++ {
		if b := &e.bookings[i]; b.gone == never && int(b.arrival-b.booked) < now.days {
			fresh[b.part] += b.total()
		}
	}
	total, keptSum, freshSum := sum(d.mean), sum(kept), sum(fresh)
	late := max(total-keptSum, 0)
	values := make([]float64, n)
	for i := range values {
		values[i] = kept[i]
		if freshSum > 0 {
			values[i] += late * fresh[i] / freshSum
		}
	}
	size := sum(values)
	if size == 0 {
		values, size = on, sum(on)
	}
	for i, v := range values {
		if size > 0 {
			v *= total / size
		} else {
			v = total / float64(n)
		}
		d.parts = append(d.parts, partOf(e.partList[i], v, on[i], total, d.low, d.high))
	}
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
