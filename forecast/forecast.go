package forecast

import (
	"fmt"
	"math"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
)

// Options are common to all forecasts. Only AsOf is required.
type Options struct {
	// AsOf is the origin: what became known after this day does not count.
	AsOf date.Date

	// Days is the length of the window, which begins on the day after AsOf. At most 730.
	// Defaults to 30.
	Days int

	// Every is the length of the buckets. Defaults to EveryDay.
	Every Every

	// By is the tag by which the total is cut into parts. Defaults to no parts.
	By string

	// Currency chooses the rows of one currency. Defaults to the only one there is; two are an
	// InvalidError.
	Currency string

	// Method forces a method by name, whatever the backtest says; a HistoryError if the facts do
	// not reach back far enough for it. Defaults to the choice of the backtest.
	Method string

	// Seed makes simulated paths repeatable. Defaults to 0, a seed like any other.
	Seed uint64

	// Skip turns faulty rows into Notes. Defaults to an error at the first one.
	Skip bool
}

// Measure says what is counted.
type Measure uint8

const (
	MeasureCount Measure = iota // nights, bookings or sales
	MeasureMoney
	MeasurePax
)

// A Forecast says what is to come in the window, how surely, and how it was found.
type Forecast struct {
	AsOf    date.Date
	Unit    string // "nights", "bookings", "guests", or a currency
	Buckets []Bucket
	Total   Bucket
	Parts   []Part // by Options.By, in the order of tags; they add up to Total

	// Zombies are deals open longer than any deal took: nothing is expected of them. Contract is
	// what they would be worth.
	Zombies Part

	Method   string  // that the numbers are by
	Degraded string  // why a lesser method had to do, "" if it had not
	Evidence []Score // how each candidate did in the windows finished by AsOf
	Seed     uint64
	Notes    []Problem

	plan *plan
}

// A Bucket is what is expected in From <= day < To. Between Low and High lie four of five
// outcomes. Mean and Contract of all buckets add up to the total; Low and High do not, since good
// and bad days partly cancel out.
type Bucket struct {
	From, To        date.Date
	Mean, Low, High decimal.Decimal

	// Contract is what paper says: promises by their dates, rooms on the books.
	Contract decimal.Decimal
}

// A Part is the total's share of one tag; "" holds what has no such tag.
type Part struct {
	Tag string
	Bucket
}

// A Score is how a method did over the windows that had finished by AsOf.
type Score struct {
	Method     string
	Windows    int     // finished; they overlap
	WAPE, Bias float64 // NaN if there were none
	Coverage   float64 // of the band that was given then; NaN for all but the chosen method
}

const (
	maxDays   = 730
	defDays   = 30
	minOrigin = 14 // days of history before the first origin of a backtest

	mostHistory = 4 * 366  // days: what is older teaches nothing of today
	oldestDeal  = 20 * 366 // days: older deals are zombies, whatever else is known
	longestStay = 36_600   // nights
	farthest    = date.Date(4_000_000)
)

func (o Options) days() int {
	if o.Days == 0 {
		return defDays
	}
	return o.Days
}

// window is the half-open period forecast.
func (o Options) window() Period {
	return Period{From: o.AsOf + 1, To: o.AsOf + 1 + date.Date(o.days())}
}

// check lists what is wrong with the options; methods are the names that Method may have.
func (o Options) check(methods []string) error {
	var problems []Problem
	if o.AsOf == 0 {
		problems = append(problems, Problem{Field: "AsOf", Why: WhyMissing})
	}
	if o.Days < 0 || o.Days > maxDays {
		problems = append(problems, Problem{Field: "Days", Value: fmt.Sprint(o.Days), Why: WhyUnknown})
	}
	if o.Every > EveryYear {
		problems = append(problems, Problem{Field: "Every", Value: fmt.Sprint(o.Every), Why: WhyUnknown})
	}
	if o.Currency != "" && !knownCurrency(o.Currency) {
		problems = append(problems, Problem{Field: "Currency", Value: o.Currency, Why: WhyCurrency})
	}
	if o.Method != "" {
		found := false
		for _, m := range methods {
			found = found || m == o.Method
		}
		if !found {
			problems = append(problems, Problem{Field: "Method", Value: o.Method, Why: WhyUnknown})
		}
	}
	return configError(problems)
}

func configError(problems []Problem) error {
	switch len(problems) {
	case 0:
		return nil
	case 1:
		p := problems[0]
		return &InvalidError{p.Field, p.Value, p.Why}
	}
	return &ConfigError{problems}
}

// A money column keeps the one currency of a forecast.
type oneCurrency struct {
	want  string // asked for
	have  string // met
	other int    // rows in another one than asked for
}

// take reports whether money in the currency belongs to the forecast. A second currency is an
// error unless one was asked for.
func (c *oneCurrency) take(code string) (bool, error) {
	if c.want != "" {
		if code != c.want {
			c.other++
		}
		return code == c.want, nil
	}
	if c.have == "" {
		c.have = code
	}
	if code != c.have {
		return false, &InvalidError{"Currency", c.have + ", " + code, WhyMixed}
	}
	return true, nil
}

func (c *oneCurrency) unit() string {
	if c.want != "" {
		return c.want
	}
	return c.have
}

func (c *oneCurrency) notes() []Problem {
	if c.other == 0 {
		return nil
	}
	return []Problem{{Field: "Currency", Value: fmt.Sprint(c.other), Why: WhyOtherMoney}}
}

// A drawing is a forecast in numbers, before it is rounded once and for all.
type drawing struct {
	mean, contract []float64 // by day of the window
	lowBand        []float64 // by bucket
	highBand       []float64
	low, high      float64 // of the total
	parts          []drawnPart
}

type drawnPart struct {
	tag                       string
	mean, contract, low, high float64
}

// bucketsOf sums days into buckets.
func bucketsOf(days []float64, win Period, periods []Period) []float64 {
	sums := make([]float64, len(periods))
	for i, p := range periods {
		for d := p.From; d < p.To; d++ {
			sums[i] += days[d-win.From]
		}
	}
	return sums
}

// finish rounds the drawing: the total first, then buckets and parts so that they add up to it.
func (f *Forecast) finish(d drawing, win Period, periods []Period, places int32) {
	mean, contract := sum(d.mean), sum(d.contract)
	f.Total = boundBucket(win, round(mean, places), round(contract, places), d.low, d.high, places)
	means := shares(bucketsOf(d.mean, win, periods), f.Total.Mean, places)
	contracts := shares(bucketsOf(d.contract, win, periods), f.Total.Contract, places)
	f.Buckets = make([]Bucket, len(periods))
	for i, p := range periods {
		f.Buckets[i] = boundBucket(p, means[i], contracts[i], d.lowBand[i], d.highBand[i], places)
	}
	if len(d.parts) == 0 {
		return
	}
	var pm, pc []float64
	for _, p := range d.parts {
		pm, pc = append(pm, p.mean), append(pc, p.contract)
	}
	means, contracts = shares(pm, f.Total.Mean, places), shares(pc, f.Total.Contract, places)
	f.Parts = make([]Part, len(d.parts))
	for i, p := range d.parts {
		f.Parts[i] = Part{p.tag, boundBucket(win, means[i], contracts[i], p.low, p.high, places)}
	}
}

// boundBucket keeps Low <= Mean <= High after rounding.
func boundBucket(p Period, mean, contract decimal.Decimal, low, high float64, places int32) Bucket {
	return Bucket{
		From: p.From, To: p.To, Mean: mean, Contract: contract,
		Low:  decimal.Min(round(low, places), mean),
		High: decimal.Max(round(high, places), mean),
	}
}

func sum(values []float64) float64 {
	total := 0.0
	for _, v := range values {
		total += v
	}
	return total
}

func nan() float64 { return math.NaN() }
