package forecast

import (
	"cmp"
	"math"
	"slices"
	"sync"

	"github.com/shopspring/decimal"
	"golang.org/x/text/currency"
)

// Money is an amount in a currency (ISO 4217). Amounts of two currencies are never added.
type Money struct {
	Amount   decimal.Decimal
	Currency string
}

// A Ratio keeps what it was computed from, so that the ratio of a total is that of the sums and
// never a mean of ratios.
type Ratio struct{ Num, Den decimal.Decimal }

// Value returns Num / Den to 4 places. It is undefined, and false, if Den is 0.
func (r Ratio) Value() (decimal.Decimal, bool) {
	if r.Den.IsZero() {
		return decimal.Zero, false
	}
	return r.Num.DivRound(r.Den, 8).RoundBank(4), true
}

// Plus adds numerators and denominators.
func (r Ratio) Plus(s Ratio) Ratio { return Ratio{r.Num.Add(s.Num), r.Den.Add(s.Den)} }

// growth is (this - before) / before, undefined on a base <= 0.
func growth(this, before decimal.Decimal) Ratio {
	if !before.IsPositive() {
		return Ratio{Num: this.Sub(before)}
	}
	return Ratio{this.Sub(before), before}
}

func ratioOf(num, den int) Ratio {
	return Ratio{decimal.NewFromInt(int64(num)), decimal.NewFromInt(int64(den))}
}

// split divides total into n parts that add up to it, the larger ones first.
func split(total decimal.Decimal, n int, scale int32) []decimal.Decimal {
	each := total.Div(decimal.NewFromInt(int64(n))).Truncate(scale)
	parts := make([]decimal.Decimal, n)
	rest := total
	for i := range parts {
		parts[i] = each
		rest = rest.Sub(each)
	}
	cent := decimal.New(int64(rest.Sign()), -scale)
	for i := 0; i < n && rest.Abs().GreaterThanOrEqual(cent.Abs()) && !rest.IsZero(); i++ {
		parts[i] = parts[i].Add(cent)
		rest = rest.Sub(cent)
	}
	parts[0] = parts[0].Add(rest) // what is finer than a cent stays with the first
	return parts
}

// shares rounds values to the scale so that they add up to round(total): each is rounded down and
// the missing cents go to the largest remainders, ties to the larger, then to the earlier part.
func shares(values []float64, total decimal.Decimal, scale int32) []decimal.Decimal {
	unit := math.Pow10(int(scale))
	want := total.Shift(scale).IntPart()
	floors := make([]int64, len(values))
	sum := int64(0)
	for i, v := range values {
		floors[i] = int64(math.Floor(v * unit))
		sum += floors[i]
	}
	spread(floors, want-sum, func(i int) float64 { return values[i]*unit - float64(floors[i]) }, values)
	out := make([]decimal.Decimal, len(values))
	for i, f := range floors {
		out[i] = decimal.New(f, -scale)
	}
	return out
}

// spread adds missing units, one to each part in order of weight, round and round.
func spread(parts []int64, missing int64, weight func(int) float64, size []float64) {
	if len(parts) == 0 || missing == 0 {
		return
	}
	order := make([]int, len(parts))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(weight(b), weight(a)), cmp.Compare(size[b], size[a]), cmp.Compare(a, b))
	})
	step := int64(1)
	if missing < 0 {
		step = -1
	}
	n := int64(len(parts))
	for i, at := range order {
		k := missing / n
		if int64(i) < (missing%n)*step {
			k += step
		}
		parts[at] += k
	}
}

// round turns a model's number into a decimal of the scale, half to even.
func round(v float64, scale int32) decimal.Decimal {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return decimal.Zero
	}
	return decimal.NewFromFloat(v).RoundBank(scale)
}

var currencies sync.Map // string -> int32: the scale, or -1 where the code is unknown

// scale is the number of decimal places of a currency, 2 of what is no currency.
func scale(code string) int32 {
	if s := scaleOf(code); s >= 0 {
		return s
	}
	return 2
}

func knownCurrency(code string) bool { return scaleOf(code) >= 0 }

func scaleOf(code string) int32 {
	if s, ok := currencies.Load(code); ok {
		return s.(int32)
	}
	places := int32(-1)
	if unit, err := currency.ParseISO(code); err == nil && unit.String() == code {
		n, _ := currency.Standard.Rounding(unit)
		places = int32(n)
	}
	if places >= 0 { // only codes that exist are kept: hostile input must not grow the table
		currencies.Store(code, places)
	}
	return places
}

// A tally adds decimals exactly and fast: in ten-thousandths while they fit, else as decimals.
type tally struct {
	fine int64
	rest decimal.Decimal
}

const tallyLimit = math.MaxInt64 / 4

var tallyScale = [...]int64{10_000, 1000, 100, 10, 1}

func (t *tally) add(d decimal.Decimal) {
	e := -d.Exponent()
	if e >= 0 && e <= 4 && d.NumDigits() <= 14 && t.fine < tallyLimit && t.fine > -tallyLimit {
		t.fine += d.CoefficientInt64() * tallyScale[e]
		return
	}
	t.rest = t.rest.Add(d)
}

func (t *tally) plus(o tally) {
	t.rest = t.rest.Add(o.rest).Add(decimal.New(o.fine, -4))
}

// sum returns the total at no fewer than scale places.
func (t *tally) sum(scale int32) decimal.Decimal {
	d := t.rest.Add(decimal.New(t.fine, -4))
	if r := d.Round(scale); r.Equal(d) {
		return r
	}
	return d
}
