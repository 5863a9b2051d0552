package forecast

import (
	"cmp"
	"slices"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
)

// A plan is what paper expected of each promise when a forecast was made.
type plan struct {
	config ReceiptsConfig
	due    map[promiseKey][]plannedDue
}

// Promises of several deals may share their IDs ("instalment-1"), and careless ones all of it: then
// they are taken in turn.
type promiseKey struct {
	deal DealID
	id   PromiseID
}

type plannedDue struct {
	on     date.Date
	amount decimal.Decimal // signed
}

// plan remembers what Contract was made of.
func (r *promiseReader) plan(c ReceiptsConfig, win Period) *plan {
	p := &plan{config: c, due: map[promiseKey][]plannedDue{}}
	for i := range r.rows {
		row := &r.rows[i]
		if row.gone != never || row.left(int(c.AsOf)) <= 0 {
			continue
		}
		held, _ := last(row.promise.Dues, c.AsOf)
		from, ready := c.ready(row.promise, c.AsOf)
		on := max(held.On, from)
		if !ready || (on <= c.AsOf && c.Overdue == OverdueIgnore) {
			continue
		}
		left := row.promise.Amount
		for _, lot := range row.paid {
			left = left.Sub(lot.money.sum(0))
		}
		if row.sign < 0 {
			left = left.Neg()
		}
		if on = max(on, win.From); on < win.To {
			key := promiseKey{row.promise.Deal, row.promise.ID}
			p.due[key] = append(p.due[key], plannedDue{on, left})
		}
	}
	return p
}

// A PlanFactReport says, for each bucket of the plan that is over, why the fact differs from it.
type PlanFactReport struct {
	AsOf     date.Date // of the facts
	Planned  date.Date // when the plan was made
	Currency string
	Buckets  []PlanFactBucket
	Total    PlanFactBucket
	Notes    []Problem
}

// A PlanFactBucket is plan, fact and the causes of the difference: Early + Late + Short + Redated +
// Cancelled + Unplanned = Fact - Plan, to the cent.
type PlanFactBucket struct {
	From, To  date.Date
	Plan      decimal.Decimal // by paper: the plan's Contract
	Expected  decimal.Decimal // the plan's Mean
	Low, High decimal.Decimal // the plan's; of the total only once the whole plan is over
	Fact      decimal.Decimal

	Early     decimal.Decimal // paid in an earlier bucket than planned: plus there, minus here
	Late      decimal.Decimal // paid in a later bucket, or not at all yet
	Short     decimal.Decimal // the rest of what was paid in part
	Redated   decimal.Decimal // the due date was moved after the plan was made
	Cancelled decimal.Decimal // the promise was cancelled
	Unplanned decimal.Decimal // promised after the plan was made, or paid beyond the promise
}

// Difference is Fact - Plan.
func (b PlanFactBucket) Difference() decimal.Decimal { return b.Fact.Sub(b.Plan) }

// Causes is the sum of the causes, which equals Difference.
func (b PlanFactBucket) Causes() decimal.Decimal {
	return decimal.Sum(b.Early, b.Late, b.Short, b.Redated, b.Cancelled, b.Unplanned)
}

// PlanFact compares a forecast made earlier by [Receipts] with what came, as known at o.AsOf, bucket
// by bucket. Only the buckets that are over by then are compared. A plan that was stored is made
// anew by Receipts as of its day, which gives the same bytes.
func PlanFact(planned Forecast, now Facts[Promise], o Options) (PlanFactReport, error) {
	if err := o.check(methodNames(payPriors[:])); err != nil {
		return PlanFactReport{}, err
	}
	if planned.plan == nil {
		return PlanFactReport{}, &InvalidError{Field: "plan", Why: WhyFromReceipt}
	}
	if o.AsOf < planned.AsOf {
		return PlanFactReport{}, &InvalidError{Field: "AsOf", Value: o.AsOf.String(), Why: WhyOrder}
	}
	c := planned.plan.config
	c.Skip, c.Currency = o.Skip, cmp.Or(o.Currency, planned.Unit)
	m := newMatcher(planned, o.AsOf)
	r := &reader{skip: o.Skip}
	other := oneCurrency{want: c.Currency}
	err := read(r, now, checkPromise, func(p *Promise) {
		if mine, _ := other.take(p.Currency); mine && c.takes(p.Kind) {
			m.promise(p)
		}
	})
	if err != nil {
		return PlanFactReport{}, err
	}
	report := m.report()
	report.Notes = append(r.notes, other.notes()...)
	if len(report.Buckets) == 0 {
		report.Notes = append(report.Notes, Problem{Field: "AsOf", Value: o.AsOf.String(), Why: WhyNoFinished})
	}
	return report, nil
}

// A matcher matches what was planned of each promise with what came, the oldest part first.
type matcher struct {
	plan    Forecast
	asOf    date.Date
	buckets []PlanFactBucket
	open    int // buckets of the plan that are over
	taken   map[promiseKey]int
}

func newMatcher(planned Forecast, asOf date.Date) *matcher {
	m := &matcher{plan: planned, asOf: asOf, taken: map[promiseKey]int{}, buckets: make([]PlanFactBucket, len(planned.Buckets))}
	for i, b := range planned.Buckets {
		m.buckets[i] = PlanFactBucket{From: b.From, To: b.To, Expected: b.Mean, Low: b.Low, High: b.High}
		if b.To-1 <= asOf {
			m.open = i + 1
		}
	}
	return m
}

// bucket is the place of a day in the plan, -1 if it lies outside.
func (m *matcher) bucket(day date.Date) int {
	i, _ := slices.BinarySearchFunc(m.buckets, day, func(b PlanFactBucket, d date.Date) int { return cmp.Compare(b.To, d+1) })
	if i == len(m.buckets) || day < m.buckets[i].From {
		return -1
	}
	return i
}

// A lot is a part of a promise in a bucket.
type lot struct {
	bucket int
	amount decimal.Decimal
}

func (m *matcher) promise(p *Promise) {
	key := promiseKey{p.Deal, p.ID}
	due, n := m.plan.plan.due[key], m.taken[key]
	left, at := decimal.Zero, -1
	if n < len(due) {
		left, at = due[n].amount, m.bucket(due[n].on)
		m.buckets[at].Plan = m.buckets[at].Plan.Add(left)
		m.taken[key]++
	}
	var facts []lot
	for _, paid := range p.Paid {
		if paid.by(m.asOf) {
			if b := m.bucket(paid.On); b >= 0 && paid.known() > m.plan.AsOf {
				facts = append(facts, lot{b, signed(p, paid.Amount)})
			} else if b >= 0 { // known when the plan was made: both plan and fact
				m.buckets[b].Fact = m.buckets[b].Fact.Add(signed(p, paid.Amount))
				m.buckets[b].Plan = m.buckets[b].Plan.Add(signed(p, paid.Amount))
			}
		}
	}
	slices.SortStableFunc(facts, func(a, b lot) int { return cmp.Compare(a.bucket, b.bucket) })
	for _, f := range facts {
		m.buckets[f.bucket].Fact = m.buckets[f.bucket].Fact.Add(f.amount)
	}
	redated := false
	if held, ok := last(p.Dues, m.asOf); ok && at >= 0 {
		before, _ := last(p.Dues, m.plan.AsOf)
		redated = held.On != before.On
	}
	paidAny := false
	for _, f := range facts {
		part := f.amount
		if part.Abs().GreaterThan(left.Abs()) {
			part = left
		}
		if !part.IsZero() {
			paidAny = true
			left = left.Sub(part)
			switch {
			case f.bucket == at:
			case redated:
				move(&m.buckets[at].Redated, &m.buckets[f.bucket].Redated, part)
			case f.bucket < at:
				move(&m.buckets[at].Early, &m.buckets[f.bucket].Early, part)
			default:
				move(&m.buckets[at].Late, &m.buckets[f.bucket].Late, part)
			}
		}
		if over := f.amount.Sub(part); !over.IsZero() {
			m.buckets[f.bucket].Unplanned = m.buckets[f.bucket].Unplanned.Add(over)
		}
	}
	if at < 0 || left.IsZero() {
		return
	}
	b := &m.buckets[at]
	into := &b.Late
	switch {
	case p.Cancelled.by(m.asOf):
		into = &b.Cancelled
	case redated:
		into = &b.Redated
	case paidAny:
		into = &b.Short
	}
	*into = into.Sub(left)
}

func move(from, to *decimal.Decimal, part decimal.Decimal) {
	*from = from.Sub(part)
	*to = to.Add(part)
}

func signed(p *Promise, amount decimal.Decimal) decimal.Decimal {
	if p.Kind == KindRefund {
		return amount.Neg()
	}
	return amount
}

// report sums the buckets that are over. What the plan holds and no promise explains, because its
// row is gone from the facts, counts as cancelled.
func (m *matcher) report() PlanFactReport {
	for key, due := range m.plan.plan.due {
		for _, d := range due[m.taken[key]:] {
			b := &m.buckets[m.bucket(d.on)]
			b.Plan, b.Cancelled = b.Plan.Add(d.amount), b.Cancelled.Sub(d.amount)
		}
	}
	r := PlanFactReport{AsOf: m.asOf, Planned: m.plan.AsOf, Currency: m.plan.Unit, Buckets: m.buckets[:m.open]}
	for i, b := range r.Buckets {
		if i == 0 {
			r.Total = PlanFactBucket{From: b.From}
		}
		t := &r.Total
		t.To = b.To
		for _, add := range [...]struct{ to, v *decimal.Decimal }{
			{&t.Plan, &b.Plan}, {&t.Expected, &b.Expected}, {&t.Fact, &b.Fact},
			{&t.Early, &b.Early}, {&t.Late, &b.Late}, {&t.Short, &b.Short}, {&t.Redated, &b.Redated},
			{&t.Cancelled, &b.Cancelled}, {&t.Unplanned, &b.Unplanned},
		} {
			*add.to = add.to.Add(*add.v)
		}
	}
	if m.open == len(m.buckets) {
		r.Total.Low, r.Total.High = m.plan.Total.Low, m.plan.Total.High
	}
	return r
}
