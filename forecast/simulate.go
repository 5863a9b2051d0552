package forecast

import (
	"hash/fnv"
	"math"
	"math/rand/v2"

	"github.com/tenure-go/tenure/internal/backtest"
)

const (
	simulatedPaths = 2000
	refits         = 50
	priorSigma     = .25 // of the common factor, before windows have finished
	priorSigmaN    = 3.  // windows that it is worth
	leastSigma     = .05
)

// A chance is a value that may come on one of the days of the window, or not at all.
type chance struct {
	value float64
	days  []float64 // chance of each day
	total float64   // their sum
	part  int32
}

// spread returns the standard deviation of the common factor and the miss rate alpha to aim at,
// both learned from the windows finished by AsOf. sampling is the relative variance that the
// simulation has without a common factor.
func (r *record) spread(method int, sampling float64) (sigma, alpha, covered float64) {
	band := backtest.Band{}
	type window struct {
		ends      int
		err, wide float64
	}
	var open []window
	n, squares, in, judged := priorSigmaN, priorSigmaN*priorSigma*priorSigma, 0.0, 0.0
	deviation := func() float64 {
		return math.Sqrt(max(squares/n, leastSigma*leastSigma))
	}
	learn := func(day int) {
		for len(open) > 0 && open[0].ends <= day {
			w := open[0]
			open = open[1:]
			yes := math.Abs(w.err) <= w.wide
			band.Covered(yes)
			judged++
			if yes {
				in++
			}
			n++
			squares += max(w.err*w.err-sampling, 0)
		}
	}
	for _, t := range r.tracks {
		said := sum(t.said[method])
		if len(t.came) < r.days || math.IsNaN(said) || said == 0 {
			continue
		}
		learn(t.at)
		wide := math.Sqrt2 * math.Erfinv(1-band.Alpha()) * math.Sqrt(deviation()*deviation()+sampling)
		open = append(open, window{t.at + r.days, sum(t.came)/said - 1, wide})
	}
	learn(r.asOf)
	covered = nan()
	if judged > 0 {
		covered = in / judged
	}
	return deviation(), band.Alpha(), covered
}

// simulate gives the total, the buckets and the parts their limits by paths of the chances, scaled
// to the means of the chosen method. fits are the chances by each bootstrap refit. sure is money by
// day that will come for certain.
func (r *record) simulate(d *drawing, chosen int, chances []chance, fits [][]float64, sure []float64, parts []string, win Period, periods []Period, f *Forecast) {
	days := len(d.mean)
	bucket := make([]int, days)
	for i, p := range periods {
		for day := p.From; day < p.To; day++ {
			bucket[day-win.From] = i
		}
	}
	expected, variance := 0.0, 0.0
	means := make([]float64, len(periods))
	partMeans := make([]float64, len(parts))
	for _, c := range chances {
		expected += c.value * c.total
		variance += c.value * c.value * c.total * (1 - c.total)
		for x, p := range c.days {
			means[bucket[x]] += c.value * p
		}
		if len(parts) > 0 {
			partMeans[c.part] += c.value * c.total
		}
	}
	sampling := 0.0
	if expected != 0 {
		sampling = variance / (expected * expected)
	}
	sigma, alpha, covered := r.spread(chosen, sampling)
	f.covered(covered)

	paths := backtest.Paths{Paths: simulatedPaths, Seed: f.Seed, Sigma: sigma}
	totals := make([]float64, paths.Paths)
	byBucket := make([]float64, paths.Paths*len(periods))
	byPart := make([]float64, paths.Paths*len(parts))
	paths.Run(fits, func(path, item int, depth float64) {
		c := &chances[item]
		p := fits[path%len(fits)][item]
		totals[path] += c.value
		byBucket[path*len(periods)+bucket[c.day(1-(1-p)*math.Exp(depth), p)]] += c.value
		if len(parts) > 0 {
			byPart[path*len(parts)+int(c.part)] += c.value
		}
	})
	certain, certainBy := sum(sure), bucketsOf(sure, win, periods)
	limits := func(values []float64, expected, mean, certain float64) (low, high float64) {
		if expected == 0 || mean-certain == 0 {
			return mean - unseenBand*math.Abs(mean-certain), mean + unseenBand*math.Abs(mean-certain)
		}
		scale := (mean - certain) / expected
		low, high = backtest.Quantile(alpha/2, values)*scale, backtest.Quantile(1-alpha/2, values)*scale
		return certain + min(low, high), certain + max(low, high)
	}
	column := func(values []float64, width, at int) []float64 {
		out := make([]float64, paths.Paths)
		for p := range out {
			out[p] = values[p*width+at]
		}
		return out
	}
	d.low, d.high = limits(totals, expected, sum(d.mean), certain)
	d.lowBand, d.highBand = make([]float64, len(periods)), make([]float64, len(periods))
	for i, mean := range bucketsOf(d.mean, win, periods) {
		d.lowBand[i], d.highBand[i] = limits(column(byBucket, len(periods), i), means[i], mean, certainBy[i])
	}
	for i, tag := range parts {
		share := 0.0
		switch {
		case expected != 0:
			share = (sum(d.mean) - certain) * partMeans[i] / expected
		default:
			share = (sum(d.mean) - certain) / float64(len(parts))
		}
		p := drawnPart{tag: tag, mean: share}
		p.low, p.high = limits(column(byPart, len(parts), i), partMeans[i], share, 0)
		d.parts = append(d.parts, p)
	}
}

// day is the day on which the share of the chance is reached; p is the whole by the same fit.
func (c *chance) day(share, p float64) int {
	if p > 0 {
		share *= c.total / p
	}
	sum := 0.0
	last := 0
	for x, v := range c.days {
		if v > 0 {
			last = x
		}
		if sum += v; sum >= share && v > 0 {
			return x
		}
	}
	return last
}

// bootstrap returns how often n alike rows count in a resample: a Poisson number that depends on the
// seed, the resample and the rows alone, and so not on the order of rows.
func bootstrap(seed uint64, resample int, key string, n float64) float64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(key))
	rng := rand.New(rand.NewPCG(seed^h.Sum64(), uint64(resample)))
	if n > 30 {
		return max(math.Round(n+math.Sqrt(n)*rng.NormFloat64()), 0)
	}
	u, p := rng.Float64(), math.Exp(-n)
	k := 0.0
	for c := p; u > c && p > 0; c += p {
		k++
		p *= n / k
	}
	return k
}

func (e *dealEngine) simulate(d *drawing, back *record, now *dealOrigin, chosen int, win Period, periods []Period, f *Forecast) {
	phased := chosen == dPhased || chosen == dPhaseCal
	curves := newWinCurves(now, now.table, e.days)
	var chances []chance
	for i := range now.open {
		o := &now.open[i]
		days := curves.of(o, phased)
		chances = append(chances, chance{value: o.amount, days: days, total: min(sum(days), 1), part: o.row.part})
	}
	known := len(chances)
	if e.fresh {
		chances = e.newChances(now, chances)
	}
	fits := make([][]float64, refits)
	lives := make([]life, len(now.lives))
	for k := range fits {
		copy(lives, now.lives)
		for i := range lives {
			lives[i].weight = bootstrap(e.seed, k, lives[i].key, now.lives[i].weight)
		}
		refit := newWinCurves(now, dealFit.table(lives, e.strata, e.start, now.at), e.days)
		fits[k] = make([]float64, len(chances))
		for i := range chances {
			if i < known {
				fits[k][i] = min(sum(refit.of(&now.open[i], phased)), 1)
			} else {
				fits[k][i] = chances[i].total
			}
		}
	}
	back.simulate(d, chosen, chances, fits, make([]float64, e.days), e.parts, win, periods, f)
}

// newChances adds deals not yet opened as many small chances a day, in the part of what has no tag.
func (e *dealEngine) newChances(now *dealOrigin, chances []chance) []chance {
	said := make([][]float64, dealMethods)
	for m := range said {
		said[m] = make([]float64, e.days)
	}
	e.addNew(now, said)
	mean := now.worth.mean()
	for x, v := range said[dTable] {
		if v <= 0 || mean <= 0 {
			continue
		}
		n := int(math.Ceil(4 * v / mean))
		days := make([]float64, e.days)
		days[x] = v / mean / float64(n)
		for range n {
			chances = append(chances, chance{value: mean, days: days, total: days[x], part: e.emptyPart})
		}
	}
	return chances
}

// zombies are kept apart: nothing is expected of them.
func (e *dealEngine) zombies(now *dealOrigin, win Period, f *Forecast) {
	worth := 0.0
	for i := range now.zombies {
		worth += now.zombies[i].amount
	}
	f.Zombies = Part{Tag: "zombies", Bucket: Bucket{From: win.From, To: win.To, Contract: round(worth, scale(f.Unit))}}
}

func (e *payEngine) simulate(d *drawing, back *record, now *payOrigin, chosen int, win Period, periods []Period, f *Forecast) {
	var chances []chance
	sure := append([]float64(nil), now.sure...)
	for i := range now.open {
		o := &now.open[i]
		if o.pays == nil {
			continue
		}
		chances = append(chances, chance{value: o.left, days: o.pays, total: min(sum(o.pays), 1), part: o.row.part})
	}
	fit := make([]float64, len(chances))
	for i, c := range chances {
		fit[i] = c.total
	}
	back.simulate(d, chosen, chances, [][]float64{fit}, sure, e.parts, win, periods, f)
	for i := range d.parts {
		d.parts[i].contract = 0
	}
	e.partContracts(d, now)
}

// partContracts adds what paper says of each part, and what will come for certain.
func (e *payEngine) partContracts(d *drawing, now *payOrigin) {
	if len(d.parts) == 0 {
		return
	}
	for i := range now.open {
		o := &now.open[i]
		if x := max(o.due, now.at+1) - now.at - 1; x < e.days && (o.due > now.at || e.config.Overdue != OverdueIgnore) {
			d.parts[o.row.part].contract += o.left
		}
	}
	for i := range e.rows {
		row := &e.rows[i]
		for _, lot := range row.paid {
			if x := lot.day - now.at - 1; row.made <= now.at && lot.known <= now.at && x >= 0 && x < e.days {
				p := &d.parts[row.part]
				v := row.sign * lot.amount
				p.mean, p.low, p.high, p.contract = p.mean+v, p.low+v, p.high+v, p.contract+v
			}
		}
	}
}
