package forecast

import (
	"math"

	"github.com/rickb777/date/v2"
)

// A lifeTable is the daily chance that a deal of some age, in days since it was opened, is won or
// lost, as known at one origin. Later events weigh more. After the oldest age at which any deal
// closed, the chance is 0.
type lifeTable struct {
	win, loss []float64 // by age
	last      int       // the oldest age at which a deal closed; -1: none ever did
	winBy     []float64 // by stratum: how much likelier than all
	lossBy    []float64
	phase     [phases]float64 // by month of the quarter: how much likelier wins are
}

// A lifeFit says how a life table is fitted.
type lifeFit struct {
	halfLife float64 // days after which an event weighs half
	smooth   int     // ages on both sides that are summed
}

var dealFit = lifeFit{halfLife: 45, smooth: 3}

const (
	pseudoDeals = 50.0
	phases      = 3
	pseudoPhase = 30.0 // wins
)

// A life is a deal, or several alike, in numbers, as known at an origin: days are absolute.
type life struct {
	key         string
	opened, end int // end: the day closed, or the origin
	closed, won bool
	strata      []int32
	weight      float64 // deals
}

// table counts weighted events over weighted exposure. No deal counts as exposed before
// start: nothing that closed earlier was recorded.
func (f lifeFit) table(lives []life, strata, start, origin int) *lifeTable {
	oldest, last := 0, -1
	for i := range lives {
		l := &lives[i]
		oldest = max(oldest, l.end-l.opened)
		if l.closed {
			last = max(last, l.end-l.opened)
		}
	}
	n := oldest + 1
	exposed, won, lost := make([]float64, n+1), make([]float64, n), make([]float64, n)
	decay := f.decay
	// The weight of age a of a deal opened on b is decay(origin-b-a) = decay(origin-b) / decay(a):
	// so the exposure of all ages needs two entries a deal.
	for i := range lives {
		l := &lives[i]
		from := max(start-l.opened, 0)
		to := l.end - l.opened
		if to < from {
			continue
		}
		w := l.weight * decay(origin-l.opened)
		exposed[from] += w
		exposed[to+1] -= w
		if l.closed {
			into := lost
			if l.won {
				into = won
			}
			into[to] += l.weight * decay(origin-l.end)
		}
	}
	running := 0.0
	for a := range n {
		running += exposed[a]
		exposed[a] = max(running, 0) / decay(a)
	}
	t := &lifeTable{last: last, win: make([]float64, n), loss: make([]float64, n)}
	for a := 0; a <= last; a++ {
		e, w, l := 0.0, 0.0, 0.0
		for k := max(a-f.smooth, 0); k <= min(a+f.smooth, last); k++ {
			e, w, l = e+exposed[k], w+won[k], l+lost[k]
		}
		if e > 1e-9 {
			t.win[a] = min(w/e, 1)
			t.loss[a] = min(l/e, 1-t.win[a])
		}
	}
	f.shrink(t, lives, strata, start, origin)
	return t
}

// decay is the weight of what happened days ago.
func (f lifeFit) decay(days int) float64 { return math.Exp2(-float64(days) / f.halfLife) }

// shrink measures how much likelier than all the deals of each stratum are won and lost, held
// towards 1 by as many events as pseudoDeals average deals have; and likewise the months of the
// quarter.
func (f lifeFit) shrink(t *lifeTable, lives []life, strata, start, origin int) {
	n := len(t.win)
	cumWin, cumLoss, plain := make([]float64, n+1), make([]float64, n+1), make([]float64, n+1)
	for a := range n {
		plain[a+1] = plain[a] + t.win[a]
		g := 1 / f.decay(a)
		cumWin[a+1] = cumWin[a] + g*t.win[a]
		cumLoss[a+1] = cumLoss[a] + g*t.loss[a]
	}
	type count struct{ won, lost, expWon, expLost, deals float64 }
	by := make([]count, strata)
	var all count
	var phaseWon, phaseExp [phases]float64
	for i := range lives {
		l := &lives[i]
		from, to := max(start-l.opened, 0), l.end-l.opened
		if to < from {
			continue
		}
		w := l.weight * f.decay(origin-l.opened)
		c := count{expWon: w * (cumWin[to+1] - cumWin[from]), expLost: w * (cumLoss[to+1] - cumLoss[from]), deals: l.weight}
		if l.closed && l.won {
			c.won = l.weight * f.decay(origin-l.end)
		} else if l.closed {
			c.lost = l.weight * f.decay(origin-l.end)
		}
		add := func(into *count) {
			into.won, into.lost, into.deals = into.won+c.won, into.lost+c.lost, into.deals+c.deals
			into.expWon, into.expLost = into.expWon+c.expWon, into.expLost+c.expLost
		}
		add(&all)
		for _, s := range l.strata {
			add(&by[s])
		}
		if l.closed && l.won {
			phaseWon[phaseOf(l.end)] += l.weight
		}
		for d := l.opened + from; d <= l.opened+to; {
			next := min(monthEnd(d), l.opened+to) + 1
			phaseExp[phaseOf(d)] += l.weight * (plain[next-l.opened] - plain[d-l.opened])
			d = next
		}
	}
	t.winBy, t.lossBy = make([]float64, strata), make([]float64, strata)
	for s, c := range by {
		t.winBy[s], t.lossBy[s] = 1, 1
		if all.deals == 0 {
			continue
		}
		if k := pseudoDeals * all.won / all.deals; k > 0 {
			t.winBy[s] = (c.won + k) / (c.expWon + k)
		}
		if k := pseudoDeals * all.lost / all.deals; k > 0 {
			t.lossBy[s] = (c.lost + k) / (c.expLost + k)
		}
	}
	for p := range t.phase {
		t.phase[p] = (phaseWon[p] + pseudoPhase) / (phaseExp[p] + pseudoPhase)
	}
}

func phaseOf(day int) int { return (int(date.Date(day).Month()) - 1) % phases }

func monthEnd(day int) int {
	d := date.Date(day)
	return int(date.New(d.Year(), d.Month()+1, 1)) - 1
}

// wins returns the chance that a deal of the age is won on each of the next days, by its strata,
// and with phased by the month of the quarter that each day falls in.
func (t *lifeTable) wins(age int, strata []int32, origin, days int, phased bool) []float64 {
	win, loss := 1.0, 1.0
	for _, s := range strata {
		win *= t.winBy[s]
		loss *= t.lossBy[s]
	}
	out := make([]float64, days)
	alive := 1.0
	for x := range out {
		a := age + x + 1
		if a > t.last {
			break
		}
		w, l := t.win[a]*win, t.loss[a]*loss
		if phased {
			w *= t.phase[phaseOf(origin+x+1)]
		}
		if w+l > 1 {
			w, l = w/(w+l), l/(w+l)
		}
		out[x] = alive * w
		alive *= 1 - w - l
	}
	return out
}
