package forecast

import "github.com/tenure-go/tenure/internal/backtest"

// The methods of Cancellations.
const (
	MethodHabit           = "habit by deposit and segment"
	MethodHabitCalibrated = "habit times actual over forecast of finished windows"
	MethodHabitLast       = "mean of habit and the share lost in the last equal window"
	MethodHabitShares     = "mean of habit and the shares lost in the last equal window and last year"
	MethodShareLast       = "share lost in the last equal window"
	MethodShareYear       = "share lost in the same days last year"
	MethodLostLast        = "lost in the last equal window"
	MethodLostYear        = "lost in the same days last year"
)

const (
	cHabit = iota
	cCalibrated
	cHabitLast
	cHabitShares
	cShareLast
	cShareYear
	cLostLast
	cLostYear
	lossMethods
)

var lossPriors = [lossMethods]backtest.Method{
	cHabit:       {Name: MethodHabit, Prior: .2},
	cCalibrated:  {Name: MethodHabitCalibrated, Prior: .2},
	cHabitLast:   {Name: MethodHabitLast, Prior: .17},
	cHabitShares: {Name: MethodHabitShares, Prior: .16},
	cShareLast:   {Name: MethodShareLast, Prior: .2},
	cShareYear:   {Name: MethodShareYear, Prior: .3},
	cLostLast:    {Name: MethodLostLast, Prior: .4, Naive: true},
	cLostYear:    {Name: MethodLostYear, Prior: .5, Naive: true},
}

// Cancellations forecasts how many of the bookings now on the books for arrivals in the window will
// be cancelled by then, or their revenue or guests, by day of arrival. Contract is what is on the
// books. No-shows are not cancellations.
func Cancellations(rows Facts[Stay], c StaysConfig) (Forecast, error) {
	if err := c.Options.check(methodNames(lossPriors[:])); err != nil {
		return Forecast{}, err
	}
	r, err := readStays(rows, c.Options, c.Measure, true)
	if err != nil {
		return Forecast{}, err
	}
	win := c.window()
	f := Forecast{AsOf: c.AsOf, Unit: stayUnit(c.Measure, "bookings", r.money.unit()), Seed: c.Seed, Notes: r.notes}
	e := newLossEngine(r, c.days())
	back, now := e.backtest()
	chosen, err := back.choose(c.Options, &f)
	if err != nil {
		return Forecast{}, err
	}
	d := drawing{mean: now.said[chosen], contract: now.onHand}
	periods := c.Every.split(win.From, win.To)
	back.bands(&d, chosen, win, periods, sum(now.onHand)/float64(c.days())/10, &f)
	for i, most := range bucketsOf(now.onHand, win, periods) { // no more can be lost than there is
		d.highBand[i] = min(d.highBand[i], most)
	}
	d.high = min(d.high, sum(now.onHand))
	if c.By != "" {
		e.parts(&d, now)
	}
	f.finish(d, win, periods, scale(f.Unit))
	return f, nil
}

// A lossEngine forecasts which bookings on the books will be lost before their arrival.
type lossEngine struct {
	bookings []booking
	partList []string
	sweep    *habitSweep
	measure  Measure
	asOf     int
	days     int
	first    int // arrival
}

func newLossEngine(r *stayReader, days int) *lossEngine {
	e := &lossEngine{
		bookings: r.bookings, partList: r.parts.list, measure: r.measure, asOf: int(r.asOf), days: days,
		sweep: newHabitSweep(r.bookings, &r.habits, int(r.asOf), days), first: int(r.asOf) + 1,
	}
	if len(r.bookings) > 0 {
		e.first = max(min(e.first, int(r.bookings[0].arrival)), e.asOf-mostHistory)
	}
	return e
}

func (e *lossEngine) size(b *booking) float64 {
	switch e.measure {
	case MeasureMoney:
		return b.total()
	case MeasurePax:
		return b.value
	default:
		return b.n
	}
}

// A lossOrigin is what is on the books at an origin, by day of arrival, and what of it will go.
type lossOrigin struct {
	at     int
	said   [][]float64
	onHand []float64
	keep   *habitTable
}

// each calls use for the bookings on the books at the end of the day that arrive within days.
func (e *lossEngine) each(day int, use func(b *booking, lead int)) {
	for i := searchArrival(e.bookings, day+1); i < len(e.bookings) && int(e.bookings[i].arrival) <= day+e.days; i++ {
		if b := &e.bookings[i]; int(b.booked) <= day && int(b.gone) > day {
			use(b, int(b.arrival)-day)
		}
	}
}

func (e *lossEngine) forecast(at int) *lossOrigin {
	o := &lossOrigin{at: at, said: make([][]float64, lossMethods), onHand: make([]float64, e.days), keep: e.sweep.to(at)}
	for m := range o.said {
		o.said[m] = make([]float64, e.days)
	}
	e.each(at, func(b *booking, lead int) {
		size := e.size(b)
		o.onHand[lead-1] += size
		o.said[cHabit][lead-1] += size * (1 - o.keep.of(b, at))
	})
	lostLast, shareLast := e.shareLost(at - e.days)
	lostYear, shareYear := e.shareLost(at - yearDays*((e.days+yearDays-1)/yearDays))
	for x, hand := range o.onHand {
		habit, last, year := o.said[cHabit][x], hand*shareLast, hand*shareYear
		o.said[cShareLast][x], o.said[cShareYear][x] = last, year
		o.said[cHabitLast][x], o.said[cHabitShares][x] = (habit+last)/2, (habit+last+year)/3
		o.said[cLostLast][x], o.said[cLostYear][x] = lostLast/float64(e.days), lostYear/float64(e.days)
	}
	return o
}

// shareLost is what was on the books for the window after the origin and was lost, and its share.
func (e *lossEngine) shareLost(at int) (lost, share float64) {
	if at < e.first+minOrigin {
		return nan(), nan()
	}
	hand := 0.0
	e.each(at, func(b *booking, _ int) {
		hand += e.size(b)
		if b.gone <= b.arrival {
			lost += e.size(b)
		}
	})
	if hand == 0 {
		return nan(), nan()
	}
	return lost, lost / hand
}

func (e *lossEngine) backtest() (*record, *lossOrigin) {
	r := &record{asOf: e.asOf, days: e.days, methods: lossPriors[:], last: cHabit}
	r.lacks("days of history", e.asOf-e.first+1, recentNights)
	for _, at := range weekly(e.first, e.asOf, backOrigins) {
		o := e.forecast(at)
		calibrate(r.tracks, at, o.said, cHabit, cCalibrated)
		t := track{at: at, said: o.said, came: make([]float64, min(e.days, e.asOf-at))}
		e.each(at, func(b *booking, lead int) {
			if lead <= len(t.came) && b.gone <= b.arrival {
				t.came[lead-1] += e.size(b)
			}
		})
		r.tracks = append(r.tracks, t)
	}
	now := e.forecast(e.asOf)
	calibrate(r.tracks, e.asOf, now.said, cHabit, cCalibrated)
	r.now = now.said
	return r, now
}

const (
	calibrationDiscount = .9 // of a finished week, the older ones weigh less
	calibrationPrior    = 3. // windows of the mean size that say 1
)

// calibrate sets said[into] to said[from] times actual over forecast of the windows finished by the
// day, held to [1/2, 2].
func calibrate(tracks []track, day int, said [][]float64, from, into int) {
	days := len(said[from])
	came, expected, size, n, weight := 0.0, 0.0, 0.0, 0.0, 1.0
	for i := len(tracks) - 1; i >= 0; i-- {
		t := &tracks[i]
		if t.at+days > day || len(t.came) < days {
			continue
		}
		c, s := sum(t.came), sum(t.said[from])
		came, expected = came+weight*c, expected+weight*s
		size, n = size+s, n+1
		weight *= calibrationDiscount
	}
	factor := 1.0
	if n > 0 && expected > 0 {
		prior := calibrationPrior * size / n
		factor = min(max((came+prior)/(expected+prior), .5), 2)
	}
	for x, v := range said[from] {
		said[into][x] = v * factor
	}
}

// parts divides the total as the habits do.
func (e *lossEngine) parts(d *drawing, now *lossOrigin) {
	n := len(e.partList)
	lost, hand := make([]float64, n), make([]float64, n)
	e.each(now.at, func(b *booking, _ int) {
		lost[b.part] += e.size(b) * (1 - now.keep.of(b, now.at))
		hand[b.part] += e.size(b)
	})
	total, said := sum(d.mean), sum(lost)
	for i, tag := range e.partList {
		if hand[i] == 0 {
			continue
		}
		v := lost[i]
		if said > 0 {
			v *= total / said
		}
		p := partOf(tag, v, hand[i], total, d.low, d.high)
		p.high = min(p.high, max(hand[i], v))
		d.parts = append(d.parts, p)
	}
}
