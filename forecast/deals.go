package forecast

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/internal/backtest"
)

// DealsConfig configures OpenDeals.
type DealsConfig struct {
	Options

	// NewBusiness adds what deals not yet opened will bring within the window.
	NewBusiness bool
}

// The methods of OpenDeals.
const (
	MethodLifeTable       = "life table"
	MethodPhased          = "life table times phase in quarter"
	MethodAges            = "conversion by age"
	MethodTableCalibrated = "life table times actual over forecast of finished windows"
	MethodPhaseCalibrated = "life table times phase in quarter times actual over forecast of finished windows"
	MethodPersistence     = "persistence of wins"
	MethodWonQuarter      = "wins of the same days last quarter"
	MethodPipeline        = "stage-weighted pipeline"
)

const (
	dTable = iota
	dPhased
	dAges
	dTableCal
	dPhaseCal
	dPersist
	dQuarter
	dPipeline
	dealMethods
)

var dealPriors = [dealMethods]backtest.Method{
	dTable:    {Name: MethodLifeTable, Prior: .28},
	dPhased:   {Name: MethodPhased, Prior: .25},
	dAges:     {Name: MethodAges, Prior: .4},
	dTableCal: {Name: MethodTableCalibrated, Prior: .28},
	dPhaseCal: {Name: MethodPhaseCalibrated, Prior: .26},
	dPersist:  {Name: MethodPersistence, Prior: .45, Naive: true},
	dQuarter:  {Name: MethodWonQuarter, Prior: .5, Naive: true},
	dPipeline: {Name: MethodPipeline, Prior: 1, Naive: true},
}

// leastWins is how many deals must have been won before a life table is trusted.
const leastWins = 30

// OpenDeals forecasts the money of the deals now open that will be won in the window, by the day
// of the win. Contract is zero: no paper says when a deal closes. By a project, the parts are the
// closings of each. Deals open longer than any deal took are Zombies.
func OpenDeals(rows Facts[Deal], c DealsConfig) (Forecast, error) {
	if err := c.Options.check(methodNames(dealPriors[:])); err != nil {
		return Forecast{}, err
	}
	r, err := readDeals(rows, c)
	if err != nil {
		return Forecast{}, err
	}
	win := c.window()
	f := Forecast{AsOf: c.AsOf, Unit: r.money.unit(), Seed: c.Seed, Notes: r.notes}
	e := newDealEngine(r, c)
	back, now := e.backtest()
	back.lacks("deals won", e.won(int(c.AsOf)), leastWins)
	chosen, err := back.choose(c.Options, &f)
	if err != nil {
		return Forecast{}, err
	}
	d := drawing{mean: back.now[chosen], contract: make([]float64, c.days())}
	periods := c.Every.split(win.From, win.To)
	e.simulate(&d, back, now, chosen, win, periods, &f)
	e.zombies(now, win, &f)
	f.finish(d, win, periods, scale(f.Unit))
	return f, nil
}

// A dealRow is a deal as known at AsOf. Closed deals that do not differ in anything but their amount
// are one row: years of closed deals need no more room than there are days.
type dealRow struct {
	key         string  // the ID of an open deal; what closed ones have in common
	n           float64 // deals
	priced      float64 // those with an amount
	money       tally
	opened      int // day
	openKnown   int
	closed      int // day; never
	closedKnown int
	won         bool
	amount      float64 // of all
	strata      []int32 // product, channel, project
	stages      []Entered
	part        int32
}

type dealReader struct {
	reader
	asOf   date.Date
	by     string
	money  oneCurrency
	rows   []dealRow
	closed map[string]int // row of the closed deals of a key
	key    []byte
	strata names
	parts  names
	err    error
}

// strataTags are the tags by which deals are compared, the first one that a deal has also by what it
// is worth.
var strataTags = [...]string{"product", "project", "channel"}

func checkDeal(d *Deal) *Problem {
	switch {
	case d.Opened.On == 0:
		return &Problem{Field: "Opened", Why: WhyMissing}
	case d.Closed.On != 0 && d.Closed.On < d.Opened.On:
		return &Problem{Field: "Closed", Value: d.Closed.On.String(), Why: WhyOrder}
	case d.Outcome > OutcomeLost:
		return &Problem{Field: "Outcome", Value: fmt.Sprint(d.Outcome), Why: WhyUnknown}
	case (d.Closed.On == 0) != (d.Outcome == OutcomeOpen):
		return &Problem{Field: "Outcome", Why: WhyOpen}
	case d.Amount.IsNegative():
		return &Problem{Field: "Amount", Value: d.Amount.String(), Why: WhyNegative}
	case (d.Currency != "" || !d.Amount.IsZero()) && !knownCurrency(d.Currency):
		return &Problem{Field: "Currency", Value: d.Currency, Why: WhyCurrency}
	}
	for _, p := range d.Paid {
		if !knownCurrency(p.Currency) {
			return &Problem{Field: "Paid", Value: p.Currency, Why: WhyCurrency}
		}
		if d.Currency != "" && p.Currency != d.Currency {
			return &Problem{Field: "Paid", Value: p.Currency, Why: WhyMixed}
		}
	}
	return nil
}

func (r *dealReader) use(d *Deal) {
	if r.err != nil || !d.Opened.by(r.asOf) {
		return
	}
	if d.Currency != "" {
		mine, err := r.money.take(d.Currency)
		if err != nil {
			r.err = err
		}
		if !mine {
			return
		}
	}
	row := dealRow{opened: int(d.Opened.On), openKnown: int(d.Opened.known()), closed: never, closedKnown: never, stages: d.Stages}
	if d.Closed.by(r.asOf) {
		row.closed, row.closedKnown, row.won = int(d.Closed.On), int(d.Closed.known()), d.Outcome == OutcomeWon
	}
	for _, tag := range strataTags {
		if v, ok := d.Tags[tag]; ok {
			row.strata = append(row.strata, r.strata.of(tag+"="+v))
		}
	}
	for _, s := range d.Stages {
		if s.by(r.asOf) {
			r.strata.of("stage=" + s.Stage)
		}
	}
	if r.by != "" {
		row.part = r.parts.of(d.Tags[r.by])
	}
	r.add(row, d)
}

// add keeps an open deal, and counts a closed one with those like it.
func (r *dealReader) add(row dealRow, d *Deal) {
	at := len(r.rows)
	if row.closed == never {
		row.key = string(d.ID)
		r.rows = append(r.rows, row)
	} else {
		r.key = fmt.Appendf(r.key[:0], "%d %d %d %d %t %q %q", row.opened, row.openKnown, row.closed, row.closedKnown, row.won, d.Tags[r.by], row.stages)
		for _, tag := range strataTags {
			r.key = fmt.Appendf(r.key, " %q", d.Tags[tag])
		}
		if same, ok := r.closed[string(r.key)]; ok {
			at = same
		} else {
			row.key = string(r.key)
			row.stages = slices.Clone(row.stages)
			r.closed[row.key] = at
			r.rows = append(r.rows, row)
		}
	}
	kept := &r.rows[at]
	kept.n++
	kept.money.add(d.Amount)
	if d.Amount.IsPositive() {
		kept.priced++
	}
}

func readDeals(rows Facts[Deal], c DealsConfig) (*dealReader, error) {
	o := c.Options
	r := &dealReader{reader: reader{skip: o.Skip}, asOf: o.AsOf, by: o.By, money: oneCurrency{want: o.Currency}, closed: map[string]int{}}
	if err := read(&r.reader, rows, checkDeal, r.use); err != nil {
		return nil, err
	}
	if r.err != nil {
		return nil, r.err
	}
	if o.By != "" && c.NewBusiness {
		r.parts.of("") // what is not opened yet
	}
	strata, parts := r.strata.sorted(), r.parts.sorted()
	for i := range r.rows {
		row := &r.rows[i]
		row.amount = row.money.sum(0).InexactFloat64()
		for k, s := range row.strata {
			row.strata[k] = strata[s]
		}
		if r.by != "" {
			row.part = parts[row.part]
		}
	}
	slices.SortFunc(r.rows, func(a, b dealRow) int {
		return cmp.Or(cmp.Compare(a.opened, b.opened), cmp.Compare(a.key, b.key), cmp.Compare(a.closed, b.closed),
			cmp.Compare(a.amount, b.amount), slices.Compare(a.strata, b.strata), cmp.Compare(a.part, b.part))
	})
	r.notes = append(r.notes, r.money.notes()...)
	return r, nil
}

// A dealEngine forecasts wins after any origin up to AsOf from what was known then.
type dealEngine struct {
	rows       []dealRow
	parts      []string
	stages     map[string]int32 // stratum of a stage
	strata     int
	asOf, days int
	start      int // nothing that closed earlier was recorded
	priced     bool
	fresh      bool // new business counts
	seed       uint64
	emptyPart  int32 // of what has no tag
}

func newDealEngine(r *dealReader, c DealsConfig) *dealEngine {
	e := &dealEngine{
		rows: r.rows, parts: r.parts.list, stages: map[string]int32{}, strata: len(r.strata.list),
		asOf: int(c.AsOf), days: c.days(), start: int(c.AsOf), fresh: c.NewBusiness, seed: c.Seed,
	}
	if c.By != "" {
		e.emptyPart = r.parts.index[""]
	}
	for name, i := range r.strata.index {
		if len(name) > len("stage=") && name[:len("stage=")] == "stage=" {
			e.stages[name[len("stage="):]] = i
		}
	}
	for i := range e.rows {
		row := &e.rows[i]
		e.start = min(e.start, row.closed)
		// If open deals have prices, those that closed had theirs while they were open.
		e.priced = e.priced || row.closed == never && row.amount > 0
	}
	e.start = max(e.start, e.asOf-mostHistory)
	return e
}

// stage adds the stratum of the stage in which the deal stood on the day.
func (e *dealEngine) stage(row *dealRow, day int) []int32 {
	d := Deal{Stages: row.stages}
	if s, ok := e.stages[d.stage(date.Date(day))]; ok {
		return append(slices.Clip(row.strata), s)
	}
	return row.strata
}

func (e *dealEngine) won(origin int) int {
	n := 0.0
	for i := range e.rows {
		if r := &e.rows[i]; r.won && r.closedKnown <= origin {
			n += r.n
		}
	}
	return int(n)
}

// An openDeal is a deal open at an origin, with what it is expected to be worth.
type openDeal struct {
	row    *dealRow
	age    int
	strata []int32
	amount float64
}

// A dealOrigin is what was known at an origin.
type dealOrigin struct {
	at      int
	lives   []life
	open    []openDeal
	table   *lifeTable
	worth   worth
	perDay  float64 // deals opened a day, lately
	zombies []openDeal
}

func (e *dealEngine) origin(at int) *dealOrigin {
	o := &dealOrigin{at: at}
	for i := range e.rows {
		row := &e.rows[i]
		if row.openKnown > at || row.opened > at {
			continue
		}
		l := life{key: row.key, opened: row.opened, end: at, weight: row.n, strata: e.stage(row, at)}
		if row.closedKnown <= at && row.closed <= at {
			l.end, l.closed, l.won = row.closed, true, row.won
		}
		if l.end-l.opened > oldestDeal {
			if !l.closed {
				o.zombies = append(o.zombies, openDeal{row: row, age: at - row.opened, amount: row.amount})
			}
			continue
		}
		o.lives = append(o.lives, l)
		if l.closed && l.won {
			o.worth.add(row)
		}
		if !l.closed {
			o.open = append(o.open, openDeal{row: row, age: at - row.opened, strata: l.strata})
		}
	}
	o.table = dealFit.table(o.lives, e.strata, e.start, at)
	alive := o.open[:0]
	for _, d := range o.open {
		d.amount = o.worth.of(d.row) * d.row.n
		if d.row.amount > 0 && (e.priced || at == e.asOf) {
			d.amount = d.row.amount + o.worth.of(d.row)*(d.row.n-d.row.priced)
		}
		if d.age > o.table.last && o.table.last >= 0 {
			o.zombies = append(o.zombies, d)
			continue
		}
		alive = append(alive, d)
	}
	o.open = alive
	opened, exposed := 0.0, 0.0
	for i := range o.lives {
		if b := o.lives[i].opened; b >= e.start {
			opened += o.lives[i].weight * math.Exp2(-float64(at-b)/dealFit.halfLife)
		}
	}
	for d := e.start; d <= at; d++ {
		exposed += dealFit.decay(at - d)
	}
	if exposed > 0 {
		o.perDay = opened / exposed
	}
	return o
}

// worth is the mean amount of won deals, by product, project or channel.
type worth struct {
	all meanAmount
	by  map[int32]*meanAmount
}

type meanAmount struct{ sum, n float64 }

// pseudoAmounts is how many deals of the mean amount a stratum's own mean is held by.
const pseudoAmounts = 2.0

func (w *worth) add(row *dealRow) {
	if row.amount <= 0 {
		return
	}
	w.all.sum, w.all.n = w.all.sum+row.amount, w.all.n+row.priced
	if len(row.strata) == 0 {
		return
	}
	if w.by == nil {
		w.by = map[int32]*meanAmount{}
	}
	m := w.by[row.strata[0]]
	if m == nil {
		m = &meanAmount{}
		w.by[row.strata[0]] = m
	}
	m.sum, m.n = m.sum+row.amount, m.n+row.priced
}

func (w *worth) mean() float64 {
	if w.all.n == 0 {
		return 0
	}
	return w.all.sum / w.all.n
}

func (w *worth) of(row *dealRow) float64 {
	mean := w.mean()
	if len(row.strata) > 0 {
		if m := w.by[row.strata[0]]; m != nil {
			return (m.sum + pseudoAmounts*mean) / (m.n + pseudoAmounts)
		}
	}
	return mean
}

// ageBuckets are the upper ends of the ages by which conversion is counted.
var ageBuckets = [...]int{7, 14, 30, 60, 90, 120, math.MaxInt}

func ageBucket(age int) int {
	b := 0
	for age > ageBuckets[b] {
		b++
	}
	return b
}

// forecast says what each method expects; past are the origins before, the oldest first.
func (e *dealEngine) forecast(o *dealOrigin, past []*dealOrigin) [][]float64 {
	said := make([][]float64, dealMethods)
	for m := range said {
		said[m] = make([]float64, e.days)
	}
	table := newWinCurves(o, o.table, e.days)
	conversion := e.conversion(o.at, past)
	total := 0.0
	for _, d := range o.open {
		plain := table.of(&d, false)
		phased := table.of(&d, true)
		c := conversion[ageBucket(d.age)] / float64(e.days)
		for x := range plain {
			said[dTable][x] += d.amount * plain[x]
			said[dPhased][x] += d.amount * phased[x]
			said[dAges][x] += d.amount * c
		}
		total += d.amount
	}
	for _, d := range o.zombies { // a pipeline knows no age
		total += d.amount
	}
	won, closed := 0.0, 0.0
	for i := range o.lives {
		if o.lives[i].closed {
			closed += o.lives[i].weight
			if o.lives[i].won {
				won += o.lives[i].weight
			}
		}
	}
	if e.fresh {
		e.addNew(o, said)
	}
	lastOpen, lastWon := e.came(o.at-e.days, e.days, o.at)
	shift := quarterDays * ((e.days + quarterDays - 1) / quarterDays)
	quarterOpen, quarterWon := e.came(o.at-shift, e.days, o.at)
	if e.fresh {
		lastOpen, quarterOpen = lastWon, quarterWon
	}
	for x := range e.days {
		said[dPersist][x], said[dQuarter][x] = nan(), nan()
		if o.at-e.days >= e.start-1 {
			said[dPersist][x] = lastOpen[x]
		}
		if o.at-shift >= e.start-1 {
			said[dQuarter][x] = quarterOpen[x]
		}
		if closed > 0 {
			said[dPipeline][x] = total * won / closed / float64(e.days)
		}
	}
	return said
}

// addNew adds what deals not yet opened will bring, opened as often as lately.
func (e *dealEngine) addNew(o *dealOrigin, said [][]float64) {
	fresh := o.table.wins(-1, nil, o.at, e.days, false)
	mean := o.worth.mean()
	won := 0.0 // by a deal opened that many days ago
	for x := range e.days {
		won += fresh[x]
		v := o.perDay * won * mean
		said[dTable][x] += v
		said[dPhased][x] += v * o.table.phase[phaseOf(o.at+x+1)]
		said[dAges][x] += v
	}
}

// conversion is the share of deals of each age that was won within the window, over the origins
// whose windows had finished by the day.
func (e *dealEngine) conversion(day int, past []*dealOrigin) [len(ageBuckets)]float64 {
	var won, all, share [len(ageBuckets)]float64
	for _, o := range past {
		if o.at+e.days > day {
			continue
		}
		for _, d := range o.open {
			b := ageBucket(d.age)
			all[b] += d.row.n
			if d.row.won && d.row.closedKnown <= day && d.row.closed <= o.at+e.days {
				won[b] += d.row.n
			}
		}
	}
	for b := range share {
		if all[b] == 0 {
			return [len(ageBuckets)]float64{nan(), nan(), nan(), nan(), nan(), nan(), nan()}
		}
		share[b] = won[b] / all[b]
	}
	return share
}

// came is what was won on the days after the origin, as known on the day: by the deals open at the
// origin, and by all.
func (e *dealEngine) came(origin, days, known int) (open, all []float64) {
	open, all = make([]float64, days), make([]float64, days)
	for i := range e.rows {
		row := &e.rows[i]
		x := row.closed - origin - 1
		if !row.won || row.closedKnown > known || x < 0 || x >= days {
			continue
		}
		all[x] += row.amount
		if row.opened <= origin && row.openKnown <= origin {
			open[x] += row.amount
		}
	}
	return open, all
}

const (
	dealOrigins  = 40
	dealLearning = 56 // days of history before the first origin: a table of less says little of a method
)

func (e *dealEngine) backtest() (*record, *dealOrigin) {
	r := &record{asOf: e.asOf, days: e.days, methods: dealPriors[:], last: dPipeline}
	var past []*dealOrigin
	step := func(at int) (*dealOrigin, [][]float64) {
		o := e.origin(at)
		said := e.forecast(o, past)
		calibrate(r.tracks, at, said, dTable, dTableCal)
		calibrate(r.tracks, at, said, dPhased, dPhaseCal)
		return o, said
	}
	for _, at := range weekly(e.start+dealLearning-minOrigin, e.asOf, dealOrigins) {
		o, said := step(at)
		open, all := e.came(at, min(e.days, e.asOf-at), e.asOf)
		if e.fresh {
			open = all
		}
		r.tracks = append(r.tracks, track{at: at, said: said, came: open})
		past = append(past, o)
	}
	now, said := step(e.asOf)
	r.now = said
	return r, now
}

// winCurves remembers the chances of deals of one age and kind: many share them.
type winCurves struct {
	origin, days int
	table        *lifeTable
	seen         map[string][]float64
	key          []byte
}

func newWinCurves(o *dealOrigin, t *lifeTable, days int) *winCurves {
	return &winCurves{origin: o.at, days: days, table: t, seen: map[string][]float64{}}
}

func (c *winCurves) of(d *openDeal, phased bool) []float64 {
	c.key = append(c.key[:0], byte(d.age), byte(d.age>>8), byte(d.age>>16), 0)
	if phased {
		c.key[3] = 1
	}
	for _, s := range d.strata {
		c.key = append(c.key, byte(s), byte(s>>8), byte(s>>16))
	}
	if curve, ok := c.seen[string(c.key)]; ok {
		return curve
	}
	curve := c.table.wins(d.age, d.strata, c.origin, c.days, phased)
	c.seen[string(c.key)] = curve
	return curve
}
