package forecast

import (
	"math"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/internal/backtest"
)

// StaysConfig configures Occupancy and Cancellations.
type StaysConfig struct {
	Options

	// Measure is nights or bookings (MeasureCount, the default), their revenue, or guests.
	Measure Measure
}

// The methods of Occupancy. The first three are averaged unless the backtest prefers one alone.
const (
	MethodMean       = "mean of keep-and-new, pickup and ridge"
	MethodKeepNew    = "keep-and-new"
	MethodPickup     = "pickup"
	MethodRidge      = "ridge"
	MethodOnBooks    = "on the books"
	MethodLastWindow = "last equal window"
	MethodLastYear   = "same days last year"
	MethodQuarter    = "same days last quarter"
)

const (
	mMean = iota
	mKeepNew
	mPickup
	mRidge
	mOnBooks
	mLastWindow
	mLastYear
	mQuarter
	nightMethods
)

// nightPriors are the WAPE that each method is believed to have at first.
var nightPriors = [nightMethods]backtest.Method{
	mMean:       {Name: MethodMean, Prior: .03},
	mKeepNew:    {Name: MethodKeepNew, Prior: .045},
	mPickup:     {Name: MethodPickup, Prior: .05},
	mRidge:      {Name: MethodRidge, Prior: .06},
	mOnBooks:    {Name: MethodOnBooks, Prior: .5, Naive: true},
	mLastWindow: {Name: MethodLastWindow, Prior: .12, Naive: true},
	mLastYear:   {Name: MethodLastYear, Prior: .15, Naive: true},
	mQuarter:    {Name: MethodQuarter, Prior: .2, Naive: true},
}

const (
	yearDays      = 364 // a year that keeps the weekday
	quarterDays   = 91
	around364     = 10
	recentNights  = 56
	recentWeight  = 30.0
	ridgeHistory  = 300
	ridgeHalfLife = 120.0
	ridgePenalty  = 5.0
	ridgeLeast    = 60
	backOrigins   = 60 // weekly origins of the backtest
)

// Occupancy forecasts the nights of the window, or their revenue or guests, from what is on the
// books and how bookings came and went before. Contract is what is on the books. An inventory caps
// each night at the rooms to sell; without one, at the .995 quantile of the nights seen.
func Occupancy(rows Facts[Stay], inventory Inventory, c StaysConfig) (Forecast, error) {
	if err := c.Options.check(methodNames(nightPriors[:])); err != nil {
		return Forecast{}, err
	}
	r, err := readStays(rows, c.Options, c.Measure, false)
	if err != nil {
		return Forecast{}, err
	}
	win := c.window()
	f := Forecast{AsOf: c.AsOf, Unit: stayUnit(c.Measure, "nights", r.money.unit()), Seed: c.Seed, Notes: r.notes}
	e := newNightEngine(r, inventory, c.days())
	back, now := e.backtest()
	chosen, err := back.choose(c.Options, &f)
	if err != nil {
		return Forecast{}, err
	}
	d := drawing{mean: now.said[chosen], contract: now.said[mOnBooks]}
	periods := c.Every.split(win.From, win.To)
	back.bands(&d, chosen, win, periods, e.level(), &f)
	if e.cap != nil { // no more can be sold than there is
		ahead := e.cap[e.book.asOf+1-e.book.first:]
		for i, most := range bucketsOf(ahead, win, periods) {
			d.highBand[i] = min(d.highBand[i], most)
		}
		d.high = min(d.high, sum(ahead))
	}
	if c.By != "" {
		e.parts(&d, now)
	}
	f.finish(d, win, periods, scale(f.Unit))
	return f, nil
}

func stayUnit(m Measure, count, currency string) string {
	switch m {
	case MeasureMoney:
		return currency
	case MeasurePax:
		return "guests"
	default:
		return count
	}
}

func methodNames(methods []backtest.Method) []string {
	names := make([]string, len(methods))
	for i, m := range methods {
		names[i] = m.Name
	}
	return names
}

// A nightEngine forecasts the nights after any origin up to AsOf from what was known then.
type nightEngine struct {
	book     *nightBook
	bookings []booking
	partList []string
	sweep    *habitSweep
	cap      []float64 // by night-first; +Inf where an inventory says nothing
	longest  int
}

func newNightEngine(r *stayReader, inventory Inventory, days int) *nightEngine {
	e := &nightEngine{
		book: newNightBook(r.bookings, int(r.asOf), days), bookings: r.bookings, partList: r.parts.list,
		sweep: newHabitSweep(r.bookings, &r.habits, int(r.asOf), days),
	}
	for i := range r.bookings {
		e.longest = max(e.longest, int(r.bookings[i].nights))
	}
	if len(inventory) > 0 && r.measure == MeasureCount {
		e.cap = make([]float64, e.book.last-e.book.first+1)
		for i := range e.cap {
			rooms, out := inventory.on(date.Date(e.book.first + i))
			e.cap[i] = float64(max(rooms-out, 0))
		}
	}
	return e
}

// A nightOrigin is what each method says at one origin about the nights after it.
type nightOrigin struct {
	at   int
	days int
	said [][]float64 // [method][lead-1]; NaN: nothing to say
	keep *habitTable
}

// backtest walks the weekly origins and ends at AsOf.
func (e *nightEngine) backtest() (*record, *nightOrigin) {
	nb := e.book
	r := &record{asOf: nb.asOf, days: nb.leads, methods: nightPriors[:], last: mOnBooks}
	r.lacks("days of history", nb.asOf-nb.first+1, recentNights)
	for _, at := range weekly(nb.first, nb.asOf, backOrigins) {
		t := track{at: at, said: e.forecast(at).said}
		for night := at + 1; night <= min(at+nb.leads, nb.asOf); night++ {
			t.came = append(t.came, nb.sold(night))
		}
		r.tracks = append(r.tracks, t)
	}
	now := e.forecast(nb.asOf)
	r.now = now.said
	return r, now
}

// level is what a night of the recent weeks came to.
func (e *nightEngine) level() float64 {
	total := 0.0
	for night := max(e.book.first, e.book.asOf-recentNights+1); night <= e.book.asOf; night++ {
		total += e.book.sold(night) / recentNights
	}
	return total
}

// forecast may look back only: origins must come in rising order.
func (e *nightEngine) forecast(origin int) *nightOrigin {
	nb, days := e.book, e.book.leads
	n := &nightOrigin{at: origin, days: days, said: make([][]float64, nightMethods), keep: e.sweep.to(origin)}
	for m := range n.said {
		n.said[m] = make([]float64, days)
	}
	kept := e.keptNights(n)
	ceiling := e.ceiling(origin)
	rg := newRidgeNights(nb, origin)
	for x := 1; x <= days; x++ {
		night := origin + x
		on := nb.on(night, x)
		said := [nightMethods]float64{
			mKeepNew:    kept[x-1] + e.newNights(origin, x),
			mPickup:     on + e.lastYearMean(origin, x, nb.pickup),
			mRidge:      rg.at(x, on),
			mOnBooks:    on,
			mLastWindow: e.soldOr(origin, night-days*((x+days-1)/days)),
			mLastYear:   e.soldOr(origin, night-yearDays*((x+yearDays-1)/yearDays)),
			mQuarter:    e.soldOr(origin, night-quarterDays*((x+quarterDays-1)/quarterDays)),
		}
		limit := ceiling
		if e.cap != nil {
			limit = e.cap[night-nb.first]
		}
		mean, count := 0.0, 0.0
		for _, m := range [...]int{mKeepNew, mPickup, mRidge} {
			said[m] = min(max(said[m], 0), max(limit, 0))
			if !math.IsNaN(said[m]) {
				mean += said[m]
				count++
			}
		}
		said[mMean] = mean / count
		for m, v := range said {
			n.said[m][x-1] = v
		}
	}
	return n
}

// keptNights is what is on the books for each night, less what will be cancelled.
func (e *nightEngine) keptNights(n *nightOrigin) []float64 {
	kept := make([]float64, n.days)
	e.onHand(n.at, n.at+n.days, func(b *booking) {
		share := n.keep.of(b, n.at)
		for k := range int(b.nights) {
			if x := int(b.arrival) + k - n.at; x >= 1 && x <= n.days {
				kept[x-1] += share * b.at(k)
			}
		}
	})
	return kept
}

// onHand calls use for each booking on the books at the end of the day that has nights after it,
// up to and with the last night.
func (e *nightEngine) onHand(day, last int, use func(*booking)) {
	from := searchArrival(e.bookings, day-e.longest)
	for i := from; i < len(e.bookings) && int(e.bookings[i].arrival) <= last; i++ {
		b := &e.bookings[i]
		if int(b.booked) <= day && int(b.gone) > day && int(b.arrival+b.nights) > day+1 {
			use(b)
		}
	}
}

func searchArrival(bookings []booking, day int) int {
	lo, hi := 0, len(bookings)
	for lo < hi {
		mid := (lo + hi) / 2
		if int(bookings[mid].arrival) < day {
			lo = mid + 1
		} else {
			hi = mid
		}
	}
	return lo
}

func (e *nightEngine) soldOr(origin, night int) float64 {
	if night < e.book.first || night > origin {
		return nan()
	}
	return e.book.sold(night)
}

// newNights is what is still to be sold for the night x days ahead and to stay: recent weeks weigh
// the more, the nearer the night; the rest is last year's season, grown as the recent weeks grew.
func (e *nightEngine) newNights(origin, x int) float64 {
	nb := e.book
	weekday := (origin + x) % 7
	recent := e.nightMean(origin-recentNights+1, origin, origin, weekday, x, nb.fresh)
	center := origin + x - yearDays
	season := e.nightMean(center-around364, center+around364, origin, weekday, x, nb.fresh)
	if math.IsNaN(season) || center-around364 < nb.first {
		return recent
	}
	before := e.nightMean(origin-recentNights+1-yearDays, origin-yearDays, origin, -1, x, nb.fresh)
	now := e.nightMean(origin-recentNights+1, origin, origin, -1, x, nb.fresh)
	if before > 0 && now > 0 {
		season *= min(max(math.Sqrt(now/before), .5), 2)
	}
	w := 1 / (1 + float64(x)/recentWeight)
	return w*recent + (1-w)*season
}

// lastYearMean is the mean around the same day last year, or of the recent nights if there is none.
func (e *nightEngine) lastYearMean(origin, x int, value func(night, lead int) float64) float64 {
	center := origin + x - yearDays
	if center-around364 < e.book.first || center-around364 > origin {
		return e.nightMean(origin-recentNights+1, origin, origin, (origin+x)%7, x, value)
	}
	return e.nightMean(center-around364, center+around364, origin, (origin+x)%7, x, value)
}

// nightMean is the mean over the nights known at origin, half of it over those of the weekday
// alone (-1: no weekday).
func (e *nightEngine) nightMean(from, to, origin, weekday, lead int, value func(night, lead int) float64) float64 {
	from, to = max(from, e.book.first), min(to, origin)
	all, same, n, ns := 0.0, 0.0, 0.0, 0.0
	for night := from; night <= to; night++ {
		v := value(night, lead)
		all += v
		n++
		if night%7 == weekday {
			same += v
			ns++
		}
	}
	if n == 0 {
		return nan()
	}
	if ns == 0 {
		return all / n
	}
	return (all/n + same/ns) / 2
}

func (e *nightEngine) ceiling(origin int) float64 {
	var seen []float64
	for night := e.book.first; night <= origin; night++ {
		seen = append(seen, e.book.sold(night))
	}
	if len(seen) < recentNights {
		return math.Inf(1)
	}
	return backtest.Quantile(.995, seen)
}

// ridgeNights regresses what nights came to on what was on the books, the weekday and the season.
type ridgeNights struct {
	book     *nightBook
	from, to int
	ridge    *backtest.Ridge // nil: too few nights
	column   []float64
}

const ridgeWidth = 8 // six weekdays, two waves

func newRidgeNights(nb *nightBook, origin int) *ridgeNights {
	r := &ridgeNights{book: nb, from: max(nb.first, origin-ridgeHistory+1), to: origin}
	n := r.to - r.from + 1
	if n < ridgeLeast {
		return r
	}
	rows := make([]float64, n*ridgeWidth)
	y, weights := make([]float64, n), make([]float64, n)
	for i := range n {
		night := r.from + i
		shape(rows[i*ridgeWidth:(i+1)*ridgeWidth], night)
		y[i] = nb.sold(night)
		weights[i] = math.Exp2(-float64(origin-night) / ridgeHalfLife)
	}
	r.ridge = backtest.NewRidge(rows, ridgeWidth, y, weights, ridgePenalty)
	r.column = make([]float64, n)
	return r
}

func shape(row []float64, night int) {
	if d := night % 7; d > 0 {
		row[d-1] = 1
	}
	row[6], row[7] = math.Sincos(2 * math.Pi * float64(night) / 365.25)
}

func (r *ridgeNights) at(lead int, on float64) float64 {
	if r.ridge == nil {
		return nan()
	}
	for i := range r.column {
		r.column[i] = r.book.on(r.from+i, lead)
	}
	said, coef, ok := r.ridge.With(r.column)
	if !ok {
		return nan()
	}
	var row [ridgeWidth]float64
	shape(row[:], r.to+lead)
	for j, v := range row {
		said += coef[j] * v
	}
	return said + coef[ridgeWidth]*on
}

// parts divides the total by what is on the books of each part, less its cancellations, and by the
// part's share in the nights sold late in recent weeks.
func (e *nightEngine) parts(d *drawing, now *nightOrigin) {
	n := len(e.partList)
	if n == 0 {
		return
	}
	kept, on, fresh := make([]float64, n), make([]float64, n), make([]float64, n)
	e.onHand(now.at, now.at+now.days, func(b *booking) {
		share := now.keep.of(b, now.at)
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
