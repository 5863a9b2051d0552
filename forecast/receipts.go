package forecast

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/internal/backtest"
)

// Overdue says what is expected of promises whose day has passed.
type Overdue uint8

const (
	OverdueHazard Overdue = iota // as the habit of paying says
	OverdueNow                   // all on the first day
	OverdueIgnore                // nothing
)

// ReceiptsConfig configures Receipts.
type ReceiptsConfig struct {
	Options

	// Kinds of promises to count. Money into escrow and out of it is the same money and cannot be
	// asked for together. Defaults to all but KindEscrowRelease.
	Kinds []PromiseKind

	// Met tells when the conditions that promises need were, or will be, met. Nothing is expected
	// of a promise before that.
	Met map[ConditionID]Dated

	// Overdue is what is expected of promises whose day has passed. Defaults to OverdueHazard.
	Overdue Overdue
}

// The methods of Receipts.
const (
	MethodHazard           = "payment hazard"
	MethodHazardCalibrated = "payment hazard times actual over forecast of finished windows"
	MethodSchedule         = "schedule"
	MethodScheduleIgnoring = "schedule, overdue ignored"
	MethodScheduleShifted  = "schedule, shifted by the mean delay"
	MethodReceiptsLast     = "receipts of the last equal window"
)

const (
	pHazard = iota
	pCalibrated
	pSchedule
	pIgnoring
	pShifted
	pLast
	payMethods
)

var payPriors = [payMethods]backtest.Method{
	pHazard:     {Name: MethodHazard, Prior: .15},
	pCalibrated: {Name: MethodHazardCalibrated, Prior: .13},
	pSchedule:   {Name: MethodSchedule, Prior: .4, Naive: true},
	pIgnoring:   {Name: MethodScheduleIgnoring, Prior: .45, Naive: true},
	pShifted:    {Name: MethodScheduleShifted, Prior: .5, Naive: true},
	pLast:       {Name: MethodReceiptsLast, Prior: .6, Naive: true},
}

// leastSettled is how many promises must have been paid before a payment hazard is trusted.
const leastSettled = 30

// Receipts forecasts the money that promises now agreed will bring in the window. Contract is what
// paper says: each promise by the day that holds for it, what is overdue on the first day unless
// it is ignored. Refunds count as negative.
func Receipts(rows Facts[Promise], c ReceiptsConfig) (Forecast, error) {
	if err := c.check(); err != nil {
		return Forecast{}, err
	}
	r, err := readPromises(rows, c)
	if err != nil {
		return Forecast{}, err
	}
	win := c.window()
	f := Forecast{AsOf: c.AsOf, Unit: r.money.unit(), Seed: c.Seed, Notes: r.notes}
	e := newPayEngine(r, c)
	back, now := e.backtest()
	back.lacks("promises paid", e.settled(int(c.AsOf)), leastSettled)
	chosen, err := back.choose(c.Options, &f)
	if err != nil {
		return Forecast{}, err
	}
	d := drawing{mean: back.now[chosen], contract: back.now[pSchedule]}
	periods := c.Every.split(win.From, win.To)
	e.simulate(&d, back, now, chosen, win, periods, &f)
	f.finish(d, win, periods, scale(f.Unit))
	f.plan = r.plan(c, win)
	return f, nil
}

func (c ReceiptsConfig) check() error {
	if err := c.Options.check(methodNames(payPriors[:])); err != nil {
		return err
	}
	var problems []Problem
	for _, k := range c.Kinds {
		if int(k) >= len(kindNames) {
			problems = append(problems, Problem{Field: "Kinds", Value: fmt.Sprint(uint8(k)), Why: WhyUnknown})
		}
	}
	if slices.Contains(c.Kinds, KindToEscrow) && slices.Contains(c.Kinds, KindEscrowRelease) {
		problems = append(problems, Problem{Field: "Kinds", Value: "to_escrow, escrow_release", Why: WhyNeverAdded})
	}
	if c.Overdue > OverdueIgnore {
		problems = append(problems, Problem{Field: "Overdue", Value: fmt.Sprint(uint8(c.Overdue)), Why: WhyUnknown})
	}
	return configError(problems)
}

func (c ReceiptsConfig) takes(k PromiseKind) bool {
	if len(c.Kinds) == 0 {
		return k != KindEscrowRelease
	}
	return slices.Contains(c.Kinds, k)
}

// ready is the day from which the promise can be expected, if its conditions are known to be met.
func (c ReceiptsConfig) ready(p *Promise, day date.Date) (date.Date, bool) {
	from := date.Date(0)
	for _, need := range p.Needs {
		met := c.Met[need]
		if !met.by(day) {
			return 0, false
		}
		from = max(from, met.On)
	}
	return from, true
}

func checkPromise(p *Promise) *Problem {
	switch {
	case int(p.Kind) >= len(kindNames):
		return &Problem{Field: "Kind", Value: fmt.Sprint(uint8(p.Kind)), Why: WhyUnknown}
	case !knownCurrency(p.Currency):
		return &Problem{Field: "Currency", Value: p.Currency, Why: WhyCurrency}
	case p.Amount.IsNegative():
		return &Problem{Field: "Amount", Value: p.Amount.String(), Why: WhyNegative}
	case len(p.Dues) == 0:
		return &Problem{Field: "Dues", Why: WhyMissing}
	case p.Made.On != 0 && p.Cancelled.On != 0 && p.Cancelled.On < p.Made.On:
		return &Problem{Field: "Cancelled", Value: p.Cancelled.On.String(), Why: WhyOrder}
	}
	for _, d := range p.Dues {
		if d.On == 0 {
			return &Problem{Field: "Dues", Why: WhyMissing}
		}
	}
	for _, paid := range p.Paid {
		switch {
		case paid.On == 0:
			return &Problem{Field: "Paid", Why: WhyMissing}
		case paid.Currency != p.Currency:
			return &Problem{Field: "Paid", Value: paid.Currency, Why: WhyMixed}
		}
	}
	return nil
}

// A payRow is a promise in numbers, as known at AsOf. Promises that are paid or cancelled and do not
// differ in anything but their amount are one row.
type payRow struct {
	key     string
	n       float64 // promises
	money   tally
	promise *Promise  // the first of them
	tags    [2]string // payer and part
	payer   int32
	part    int32
	sign    float64
	amount  float64 // without sign
	made    int
	gone    int // day known cancelled; never
	paid    []payLot
}

type payLot struct {
	day, known int
	amount     float64
	money      tally
}

type promiseReader struct {
	reader
	config  ReceiptsConfig
	money   oneCurrency
	rows    []payRow
	closed  map[string]int // row of the closed promises of a key
	key     []byte
	payers  names
	parts   names
	waiting int
	err     error
}

func (r *promiseReader) use(p *Promise) {
	if r.err != nil || !r.config.takes(p.Kind) {
		return
	}
	asOf := r.config.AsOf
	if p.Made.On != 0 && !p.Made.by(asOf) {
		return
	}
	if _, ok := last(p.Dues, asOf); !ok {
		return
	}
	mine, err := r.money.take(p.Currency)
	if err != nil {
		r.err = err
		return
	}
	if !mine {
		return
	}
	keep := *p
	keep.Paid, keep.Dues, keep.Needs, keep.Tags = nil, slices.Clone(p.Dues), slices.Clone(p.Needs), nil
	row := payRow{promise: &keep, sign: 1, amount: p.Amount.InexactFloat64(), gone: never, payer: r.payers.of(p.Tags["payer"])}
	if p.Kind == KindRefund {
		row.sign = -1
	}
	if p.Made.On != 0 {
		row.made = int(p.Made.known())
	}
	if p.Cancelled.by(asOf) {
		row.gone = int(p.Cancelled.known())
	}
	for _, paid := range p.Paid {
		if paid.by(asOf) {
			row.paid = append(row.paid, payLot{day: int(paid.On), known: int(paid.known()), amount: paid.Amount.InexactFloat64()})
			row.paid[len(row.paid)-1].money.add(paid.Amount)
		}
	}
	if _, ok := r.config.ready(p, asOf); !ok && row.gone == never {
		r.waiting++
	}
	row.tags[0] = p.Tags["payer"]
	if r.config.By != "" {
		row.tags[1] = p.Tags[r.config.By]
		row.part = r.parts.of(row.tags[1])
	}
	slices.SortFunc(row.paid, comparePaid)
	r.add(row)
}

// add keeps an open promise, and counts a closed one with those like it.
func (r *promiseReader) add(row payRow) {
	p := row.promise
	row.n = 1
	row.money.add(p.Amount)
	row.key = string(p.ID)
	if row.gone == never && row.left(int(r.config.AsOf)) > 0 {
		r.rows = append(r.rows, row)
		return
	}
	r.key = fmt.Appendf(r.key[:0], "%q %q %g %d %d %d %q", row.tags[0], row.tags[1], row.sign, row.made, row.gone, p.Dues, p.Needs)
	for _, lot := range row.paid {
		r.key = fmt.Appendf(r.key, " %d %d %.9f", lot.day, lot.known, lot.amount/row.amount)
	}
	at, ok := r.closed[string(r.key)]
	if !ok {
		row.key = string(r.key)
		r.closed[row.key] = len(r.rows)
		r.rows = append(r.rows, row)
		return
	}
	kept := &r.rows[at]
	kept.n++
	kept.money.plus(row.money)
	for i := range row.paid {
		kept.paid[i].money.plus(row.paid[i].money)
	}
}

func comparePaid(a, b payLot) int {
	return cmp.Or(cmp.Compare(a.day, b.day), cmp.Compare(a.known, b.known), cmp.Compare(a.amount, b.amount))
}

func readPromises(rows Facts[Promise], c ReceiptsConfig) (*promiseReader, error) {
	r := &promiseReader{reader: reader{skip: c.Skip}, config: c, money: oneCurrency{want: c.Currency}, closed: map[string]int{}}
	if err := read(&r.reader, rows, checkPromise, r.use); err != nil {
		return nil, err
	}
	if r.err != nil {
		return nil, r.err
	}
	payers, parts := r.payers.sorted(), r.parts.sorted()
	for i := range r.rows {
		row := &r.rows[i]
		row.payer = payers[row.payer]
		if c.By != "" {
			row.part = parts[row.part]
		}
		row.amount = row.money.sum(0).InexactFloat64()
		for k := range row.paid {
			row.paid[k].amount = row.paid[k].money.sum(0).InexactFloat64()
		}
	}
	slices.SortFunc(r.rows, func(a, b payRow) int {
		return cmp.Or(cmp.Compare(a.key, b.key), cmp.Compare(a.promise.Deal, b.promise.Deal),
			cmp.Compare(a.made, b.made), cmp.Compare(a.amount, b.amount), cmp.Compare(a.sign, b.sign),
			cmp.Compare(a.gone, b.gone), cmp.Compare(a.payer, b.payer), cmp.Compare(a.part, b.part),
			cmp.Compare(len(a.paid), len(b.paid)), slices.CompareFunc(a.promise.Dues, b.promise.Dues, compareDated),
			slices.CompareFunc(a.paid, b.paid, comparePaid))
	})
	if r.waiting > 0 {
		r.notes = append(r.notes, Problem{Field: "Needs", Value: fmt.Sprint(r.waiting), Why: WhyWaiting})
	}
	r.notes = append(r.notes, r.money.notes()...)
	return r, nil
}

func compareDated(a, b Dated) int {
	return cmp.Or(cmp.Compare(a.On, b.On), cmp.Compare(a.Known, b.Known))
}

// A payEngine forecasts receipts after any origin up to AsOf from what was known then.
type payEngine struct {
	rows       []payRow
	parts      []string
	config     ReceiptsConfig
	asOf, days int
	start      int // first payment or promise known
}

func newPayEngine(r *promiseReader, c ReceiptsConfig) *payEngine {
	e := &payEngine{rows: r.rows, parts: r.parts.list, config: c, asOf: int(c.AsOf), days: c.days(), start: int(c.AsOf)}
	for i := range e.rows {
		row := &e.rows[i]
		if row.made > 0 {
			e.start = min(e.start, row.made)
		}
		for _, lot := range row.paid {
			e.start = min(e.start, lot.known)
		}
	}
	e.start = max(e.start, e.asOf-mostHistory)
	return e
}

// settled counts the promises paid in full by the day.
func (e *payEngine) settled(day int) int {
	n := 0.0
	for i := range e.rows {
		if r := &e.rows[i]; len(r.paid) > 0 && r.left(day) <= 0 {
			n += r.n
		}
	}
	return int(n)
}

// left is what is not yet paid on the day.
func (r *payRow) left(day int) float64 {
	left := r.amount
	for _, lot := range r.paid {
		if lot.known <= day {
			left -= lot.amount
		}
	}
	if left < r.amount*1e-9 {
		return 0
	}
	return left
}

// A duePromise is a promise open at an origin.
type duePromise struct {
	row  *payRow
	due  int
	left float64 // signed
	pays []float64
}

// A payOrigin is what was known at an origin.
type payOrigin struct {
	at    int
	open  []duePromise
	table payTable
	delay int // mean, of what was paid
	sure  []float64
}

func (e *payEngine) origin(at int) *payOrigin {
	o := &payOrigin{at: at, sure: make([]float64, e.days)}
	counts := map[int32]*payCounts{}
	var all payCounts
	late, weight := 0.0, 0.0
	for i := range e.rows {
		row := &e.rows[i]
		if row.made > at || row.amount <= 0 {
			continue
		}
		held, ok := last(row.promise.Dues, date.Date(at))
		if !ok {
			continue
		}
		due := int(held.On)
		from, ready := e.config.ready(row.promise, date.Date(at))
		due = max(due, int(from))
		c := counts[row.payer]
		if c == nil {
			c = &payCounts{}
			counts[row.payer] = c
		}
		late, weight = e.expose(row, at, due, c, late, weight)
		for _, lot := range row.paid { // a payment known beforehand is certain
			if x := lot.day - at - 1; lot.known <= at && x >= 0 && x < e.days {
				o.sure[x] += row.sign * lot.amount
			}
		}
		left := row.left(at)
		if left > 0 && row.gone > at && ready {
			o.open = append(o.open, duePromise{row: row, due: due, left: row.sign * left})
		}
	}
	for _, payer := range sortedKeys(counts) {
		c := counts[payer]
		for a := range payAges {
			all.risk[a] += c.risk[a]
			all.paid[a] += c.paid[a]
		}
	}
	o.table.all = all.hazard(nil)
	o.table.payer = map[int32]*[payAges]float64{}
	for payer, c := range counts {
		h := c.hazard(&o.table.all)
		o.table.payer[payer] = &h
	}
	if weight > 0 {
		o.delay = int(math.Round(late / weight))
	}
	return o
}

// expose counts the days on which the promise could have been paid and was not, and those on which
// it was.
func (e *payEngine) expose(row *payRow, at, due int, c *payCounts, late, weight float64) (float64, float64) {
	from := max(row.made+1, due+payFirst)
	if row.made == 0 {
		from = due + payFirst
	}
	from = max(from, e.start)
	end := min(at, row.gone-1)
	left := 1.0
	day := from
	for _, lot := range row.paid {
		if lot.known > at || lot.day > at {
			continue
		}
		part := min(lot.amount/row.amount, left)
		if lot.day >= from {
			for ; day <= min(lot.day, end); day++ {
				c.risk[payAge(day-due)] += row.n * left
			}
			c.paid[payAge(lot.day-due)] += row.n * part
		}
		late += row.n * part * float64(lot.day-due)
		weight += row.n * part
		left -= part
	}
	if left > 1e-9 {
		for ; day <= end; day++ {
			c.risk[payAge(day-due)] += row.n * left
		}
	}
	return late, weight
}

func (e *payEngine) forecast(o *payOrigin) [][]float64 {
	said := make([][]float64, payMethods)
	for m := range said {
		said[m] = slices.Clone(o.sure)
	}
	place := func(m, day int, amount float64) {
		if x := day - o.at - 1; x >= 0 && x < e.days {
			said[m][x] += amount
		}
	}
	for i := range o.open {
		d := &o.open[i]
		overdue := d.due <= o.at
		if overdue && e.config.Overdue == OverdueIgnore {
			continue
		}
		place(pSchedule, max(d.due, o.at+1), d.left)
		place(pShifted, max(d.due+o.delay, o.at+1), d.left)
		if !overdue {
			place(pIgnoring, d.due, d.left)
		}
		d.pays = make([]float64, e.days)
		if overdue && e.config.Overdue == OverdueNow {
			d.pays[0] = 1
			said[pHazard][0] += d.left
			continue
		}
		curve := o.table.of(d.row.payer)
		alive := 1.0
		for x := range d.pays {
			h := curve[payAge(o.at+x+1-d.due)]
			d.pays[x] = alive * h
			alive -= d.pays[x]
			said[pHazard][x] += d.left * d.pays[x]
		}
	}
	last := e.came(o.at-e.days, e.days, o.at)
	for x := range last {
		if o.at-e.days < e.start {
			last[x] = nan()
		}
		said[pLast][x] = last[x]
	}
	return said
}

// came is what was paid on the days after the origin on promises known at it, as known on the day.
func (e *payEngine) came(origin, days, known int) []float64 {
	came := make([]float64, days)
	for i := range e.rows {
		row := &e.rows[i]
		if row.made > origin {
			continue
		}
		for _, lot := range row.paid {
			if x := lot.day - origin - 1; lot.known <= known && x >= 0 && x < days {
				came[x] += row.sign * lot.amount
			}
		}
	}
	return came
}

const payOrigins = 40

func (e *payEngine) backtest() (*record, *payOrigin) {
	r := &record{asOf: e.asOf, days: e.days, methods: payPriors[:], last: pSchedule}
	step := func(at int) (*payOrigin, [][]float64) {
		o := e.origin(at)
		said := e.forecast(o)
		calibrate(r.tracks, at, said, pHazard, pCalibrated)
		return o, said
	}
	for _, at := range weekly(e.start+minOrigin, e.asOf, payOrigins) {
		_, said := step(at)
		r.tracks = append(r.tracks, track{at: at, said: said, came: e.came(at, min(e.days, e.asOf-at), e.asOf)})
	}
	now, said := step(e.asOf)
	r.now = said
	return r, now
}
