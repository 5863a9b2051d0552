package forecast

import (
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"testing"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Law 1: nothing known after AsOf changes a forecast.
func TestFutureChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h, o := drawHistory(t), drawOptions(t)
		measure := rapid.SampledFrom([]Measure{MeasureCount, MeasureMoney, MeasurePax}).Draw(t, "measure")
		before, after := h.forecasts(t, o, measure), h.later(t).forecasts(t, o, measure)
		for i := range before {
			require.Equal(t, bytesOf(before[i]), bytesOf(after[i]))
		}
	})
}

// Law 2: buckets and parts add up to the total to the cent, never across currencies, and the mean
// lies in its band.
func TestForecastsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h, o := drawHistory(t), drawOptions(t)
		forecasts := h.forecasts(t, o, MeasureMoney)
		for _, f := range forecasts {
			requireAddsUp(t, f)
		}
		foreign := append(slices.Clip(h.promises), Promise{ID: "euro", Money: Money{decimal.NewFromInt(1), "EUR"}, Dues: []Dated{{origin + 1, origin}}})
		if forecasts[0].Unit == "RUB" {
			_, err := Receipts(All(foreign), ReceiptsConfig{Options: o})
			var invalid *InvalidError
			require.ErrorAs(t, err, &invalid)
			require.Equal(t, WhyMixed, invalid.Why)
		}
		o.Currency = "RUB"
		f, err := Receipts(All(foreign), ReceiptsConfig{Options: o})
		require.NoError(t, err)
		require.Equal(t, forecasts[0].Total, f.Total)
	})
}

func requireAddsUp(t require.TestingT, f Forecast) {
	within := func(b Bucket) {
		require.True(t, b.Low.LessThanOrEqual(b.Mean) && b.Mean.LessThanOrEqual(b.High), "%s <= %s <= %s", b.Low, b.Mean, b.High)
		require.True(t, b.Mean.Equal(b.Mean.Round(2)))
	}
	within(f.Total)
	mean, contract, next := decimal.Zero, decimal.Zero, f.Total.From
	for _, b := range f.Buckets {
		within(b)
		require.Equal(t, next, b.From)
		mean, contract, next = mean.Add(b.Mean), contract.Add(b.Contract), b.To
	}
	require.Equal(t, f.Total.To, next)
	require.True(t, mean.Equal(f.Total.Mean), "%s %s", mean, f.Total.Mean)
	require.True(t, contract.Equal(f.Total.Contract))
	if len(f.Parts) > 0 {
		mean, contract = decimal.Zero, decimal.Zero
		for _, p := range f.Parts {
			within(p.Bucket)
			mean, contract = mean.Add(p.Mean), contract.Add(p.Contract)
		}
		require.True(t, mean.Equal(f.Total.Mean), "%s %s", mean, f.Total.Mean)
		require.True(t, contract.Equal(f.Total.Contract))
	}
}

// Law 3: the order of facts changes nothing.
func TestOrderChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h, o := drawHistory(t), drawOptions(t)
		rng := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "order"), 1))
		other := history{shuffled(rng, h.promises), shuffled(rng, h.deals), shuffled(rng, h.stays)}
		before, after := h.forecasts(t, o, MeasureMoney), other.forecasts(t, o, MeasureMoney)
		for i := range before {
			require.Equal(t, bytesOf(before[i]), bytesOf(after[i]))
		}
	})
}

func shuffled[T any](rng *rand.Rand, rows []T) []T {
	rows = slices.Clone(rows)
	rng.Shuffle(len(rows), func(i, j int) { rows[i], rows[j] = rows[j], rows[i] })
	return rows
}

// Law 4: won + lost + open = 1 at every age; without censoring the table is the empirical share; and
// exposure that nobody saw never counts.
func TestLifeTable(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		start, end := 1000, 1100
		censored := rapid.Bool().Draw(t, "censored")
		var lives []life
		for range rapid.IntRange(1, 60).Draw(t, "deals") {
			l := life{weight: 1, opened: rapid.IntRange(start, end-30).Draw(t, "opened"), closed: true, won: rapid.Bool().Draw(t, "won")}
			if censored {
				l.opened = rapid.IntRange(start-40, end).Draw(t, "opened earlier")
				l.closed = rapid.Bool().Draw(t, "closed")
			}
			l.end = end
			if l.closed {
				l.end = min(l.opened+rapid.IntRange(0, 30).Draw(t, "age"), end)
			}
			l.won = l.won && l.closed
			if l.end >= start { // else nobody recorded it
				lives = append(lives, l)
			}
		}
		table := lifeFit{halfLife: math.Inf(1), smooth: 0}.table(lives, 0, start, end)
		days := 200
		wins := table.wins(-1, nil, end, days, false)
		open, won, lost := 1.0, 0.0, 0.0
		for age := range days {
			if risk, w, l := bruteRisk(lives, age, start); risk > 0 && age <= table.last {
				won, lost, open = won+open*w/risk, lost+open*l/risk, open*(1-(w+l)/risk)
			}
			require.InDelta(t, won, sum(wins[:age+1]), 1e-9)
			require.InDelta(t, 1, won+lost+open, 1e-9)
		}
		if !censored {
			empirical := 0.0
			for _, l := range lives {
				if l.won {
					empirical++
				}
			}
			require.InDelta(t, empirical/float64(len(lives)), sum(wins), 1e-9)
		}
		require.Equal(t, make([]float64, 5), table.wins(table.last, nil, end, 5, false), "a zombie is never won")
	})
}

func bruteRisk(lives []life, age, start int) (risk, won, lost float64) {
	for _, l := range lives {
		day := l.opened + age
		if day < start || day > l.end {
			continue
		}
		risk++
		switch {
		case l.closed && l.end == day && l.won:
			won++
		case l.closed && l.end == day:
			lost++
		}
	}
	return risk, won, lost
}

// Law 5: means scale with amounts.
func TestMeansScale(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		h, o := drawHistory(t), drawOptions(t)
		before, after := h.forecasts(t, o, MeasureMoney), h.twice().forecasts(t, o, MeasureMoney)
		for i := range before {
			require.Equal(t, before[i].Method, after[i].Method)
			require.InDelta(t, 2*before[i].Total.Mean.InexactFloat64(), after[i].Total.Mean.InexactFloat64(), .03)
		}
	})
}

// Law 6: the causes add up to fact - plan in every bucket.
func TestPlanFactAddsUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		promises := drawPromises(t)
		early := drawOptions(t)
		early.AsOf = origin - 25
		plan, err := Receipts(All(promises), ReceiptsConfig{Options: early, Overdue: Overdue(rapid.IntRange(0, 2).Draw(t, "overdue"))})
		require.NoError(t, err)
		report, err := PlanFact(plan, All(promises), Options{AsOf: origin})
		require.NoError(t, err)
		require.Len(t, report.Buckets, len(plan.Buckets), "every bucket is over")
		total := decimal.Zero
		for i, b := range report.Buckets {
			require.True(t, b.Causes().Equal(b.Difference()), "%s %s", b.Causes(), b.Difference())
			require.True(t, b.Plan.Equal(plan.Buckets[i].Contract), "%s %s", b.Plan, plan.Buckets[i].Contract)
			require.True(t, b.Fact.Equal(paidIn(promises, b.From, b.To)))
			total = total.Add(b.Fact)
		}
		require.True(t, report.Total.Causes().Equal(report.Total.Difference()))
		require.True(t, report.Total.Fact.Equal(total))
	})
}

func paidIn(promises []Promise, from, to date.Date) decimal.Decimal {
	sum := decimal.Zero
	for _, p := range promises {
		for _, paid := range p.Paid {
			switch {
			case paid.On < from || paid.On >= to || paid.On > origin:
			case p.Kind == KindRefund:
				sum = sum.Sub(paid.Amount)
			default:
				sum = sum.Add(paid.Amount)
			}
		}
	}
	return sum
}

// Law 13: as many closed rows again need no more room: they are counted, not kept.
func TestClosedRowsNeedNoRoom(t *testing.T) {
	closed := func(seed uint64, times int, yield func(i int, rng *rand.Rand, opened date.Date) bool) {
		for copy := range times {
			rng := rand.New(rand.NewPCG(seed, 7))
			for i := range 2000 {
				if !yield(copy*2000+i, rng, origin-date.Date(100+rng.IntN(80))) {
					return
				}
			}
		}
	}
	// held is the heap in use when the last row has been read.
	held := func() uint64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	readers := map[string]func(seed uint64, times int) (uint64, error){
		"deals": func(seed uint64, times int) (at uint64, err error) {
			r, err := readDeals(func(yield func(Deal, error) bool) {
				closed(seed, times, func(i int, rng *rand.Rand, opened date.Date) bool {
					return yield(Deal{
						ID: DealID(fmt.Sprint(i)), Opened: On(opened), Closed: On(opened + date.Date(rng.IntN(60))), Outcome: Outcome(1 + rng.IntN(2)),
						Money: Money{decimal.New(int64(i), -2), "RUB"}, Tags: Tags{"project": fmt.Sprint(rng.IntN(3))},
					}, nil)
				})
				at = held()
			}, DealsConfig{Options: Options{AsOf: origin}})
			runtime.KeepAlive(r)
			return at, err
		},
		"promises": func(seed uint64, times int) (at uint64, err error) {
			r, err := readPromises(func(yield func(Promise, error) bool) {
				closed(seed, times, func(i int, rng *rand.Rand, made date.Date) bool {
					m := Money{decimal.New(int64(i+1), -2), "RUB"}
					return yield(Promise{
						ID: PromiseID(fmt.Sprint(i)), Money: m, Made: On(made), Dues: []Dated{{made + 30, made}},
						Paid: []Payment{{On(made + date.Date(rng.IntN(60))), m}}, Tags: Tags{"payer": fmt.Sprint(rng.IntN(5))},
					}, nil)
				})
				at = held()
			}, ReceiptsConfig{Options: Options{AsOf: origin}})
			runtime.KeepAlive(r)
			return at, err
		},
		"stays": func(seed uint64, times int) (at uint64, err error) {
			r, err := readStays(func(yield func(Stay, error) bool) {
				closed(seed, times, func(i int, rng *rand.Rand, booked date.Date) bool {
					arrival := booked + date.Date(rng.IntN(60))
					return yield(Stay{
						ID: StayID(fmt.Sprint(i)), Booked: On(booked), Arrival: arrival, Departure: arrival + date.Date(1+rng.IntN(5)),
						Nights: []Money{{decimal.New(int64(i), -2), "EUR"}}, Tags: Tags{"segment": fmt.Sprint(rng.IntN(3))},
					}, nil)
				})
				at = held()
			}, Options{AsOf: origin}, MeasureMoney, false)
			runtime.KeepAlive(r)
			return at, err
		},
	}
	for name, read := range readers {
		t.Run(name, func(t *testing.T) {
			rapid.Check(t, func(t *rapid.T) {
				seed := rapid.Uint64().Draw(t, "seed")
				once, err := read(seed, 1)
				require.NoError(t, err)
				twice, err := read(seed, 2)
				require.NoError(t, err)
				require.Less(t, float64(twice), 1.1*float64(once), "%d %d", once, twice)
			})
		})
	}
}
