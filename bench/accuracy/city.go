package main

import (
	"fmt"
	"math"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/bench/internal/dataset"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/internal/backtest"
)

// A row is a stay in plain numbers, for the naive methods and for what came.
type row struct {
	booked, gone, arrival, departure date.Date // gone: far off if it was not
	night                            float64   // revenue of one
	cancelled                        bool      // by arrival; a no-show is not
}

const farOff = date.Date(1 << 40)

func plain(stays []forecast.Stay) []row {
	rows := make([]row, 0, len(stays))
	for _, s := range stays {
		if s.Departure == s.Arrival {
			continue
		}
		r := row{booked: s.Booked.On, gone: farOff, arrival: s.Arrival, departure: s.Departure}
		if s.Cancelled.On != 0 {
			r.gone = s.Cancelled.On
			r.cancelled = r.gone <= r.arrival
		}
		if s.NoShow {
			r.gone = min(r.gone, s.Arrival)
		}
		r.night = s.Nights[0].Amount.InexactFloat64() / float64(s.Departure-s.Arrival)
		rows = append(rows, r)
	}
	return rows
}

// nights sums, by night, what stood on the books at the end of the day: with day far off, what the
// nights came to.
func nights(rows []row, day date.Date, value func(row) float64) map[date.Date]float64 {
	sums := map[date.Date]float64{}
	for _, r := range rows {
		if r.booked > day {
			continue
		}
		for n := r.arrival; n < r.departure; n++ {
			if r.gone <= day && r.gone <= n {
				break
			}
			sums[n] += value(r)
		}
	}
	return sums
}

var nightNaive = []string{"on the books", "last equal window", "same days last year", "same days last quarter"}

func city(dir string, b *board, sums *adder) error {
	r, err := dataset.Open(dir, "hotel/city_bookings.csv.gz")
	if err != nil {
		return err
	}
	stays, counts, err := dataset.City(r)
	if err != nil {
		return fmt.Errorf("city bookings: %w", err)
	}
	fmt.Printf("city: %d bookings, %d of no night left out, %d prices clipped\n", counts.Rows, counts.ZeroNights, counts.Clipped)
	rows := plain(stays)
	first, end := date.New(2016, 9, 1), date.New(2017, 8, 31)
	measures := []struct {
		name    string
		measure forecast.Measure
		value   func(row) float64
		bars    [3]float64
		aims    [3]float64
	}{
		{"nights", forecast.MeasureCount, func(row) float64 { return 1 }, [3]float64{.035, .040, .045}, [3]float64{.023, .030, .038}},
		{"revenue", forecast.MeasureMoney, func(r row) float64 { return r.night }, [3]float64{.032, .040, .045}, [3]float64{.024, .031, .036}},
	}
	for _, m := range measures {
		truth := nights(rows, farOff-1, m.value)
		began := truthBegins(truth)
		for i, days := range []int{30, 60, 90} {
			origins := weekly(first, end, days, 7)
			forecasts, err := each(origins, func(o date.Date) (forecast.Forecast, error) {
				c := forecast.StaysConfig{Options: forecast.Options{AsOf: o, Days: days}, Measure: m.measure}
				if days == 30 {
					c.By = "channel"
				}
				return forecast.Occupancy(forecast.All(stays), nil, c)
			})
			if err != nil {
				return err
			}
			c := cell{name: fmt.Sprintf("city %s, sum of %d days", m.name, days), days: days, step: 7, naive: nightNaive, bar: m.bars[i], aim: m.aims[i]}
			for k, f := range forecasts {
				sums.forecast(fmt.Sprintf("%s %d at %s", m.name, days, origins[k]), f)
				s := of(f.Total, f.Method)
				books := nights(rows, origins[k], m.value)
				s.came, s.naive = overNights(origins[k], 1, days, days, truth, books, began)
				c.windows = append(c.windows, s)
			}
			b.add(c)
		}
		if m.measure == forecast.MeasureCount {
			if err := eachNight(stays, rows, truth, began, first, end, b, sums); err != nil {
				return err
			}
		}
	}
	return cancellations(stays, rows, first, end, b, sums)
}

func truthBegins(truth map[date.Date]float64) date.Date {
	began := farOff
	for n := range truth {
		began = min(began, n)
	}
	return began
}

// overNights sums the nights from to to days ahead: what came, and what the naive methods say.
func overNights(o date.Date, from, to, days int, truth, books map[date.Date]float64, began date.Date) (came float64, naive []float64) {
	naive = make([]float64, len(nightNaive))
	for x := from; x <= to; x++ {
		n := o + date.Date(x)
		came += truth[n]
		naive[0] += books[n]
		for i, back := range []int{days, 364, 91} {
			at := n - date.Date(back*((x+back-1)/back))
			if at < began {
				naive[i+1] = math.NaN()
			}
			naive[i+1] += truth[at]
		}
	}
	return came, naive
}

// eachNight judges single nights 7, 30, 60 and 90 days ahead, all from forecasts of 90 days.
func eachNight(stays []forecast.Stay, rows []row, truth map[date.Date]float64, began, first, end date.Date, b *board, sums *adder) error {
	origins := weekly(first, end, 7, 7)
	forecasts, err := each(origins, func(o date.Date) (forecast.Forecast, error) {
		return forecast.Occupancy(forecast.All(stays), nil, forecast.StaysConfig{Options: forecast.Options{AsOf: o, Days: 90}})
	})
	if err != nil {
		return err
	}
	one := func(row) float64 { return 1 }
	for _, at := range []struct {
		lead     int
		bar, aim float64
		cover    [2]float64
	}{{7, .036, .030, [2]float64{.75, .85}}, {30, .075, .060, [2]float64{.75, .85}}, {60, 0, 0, [2]float64{.75, .85}}, {90, .130, .098, [2]float64{.72, .88}}} {
		c := cell{name: fmt.Sprintf("city nights, %d days ahead", at.lead), days: 1, step: 7, naive: nightNaive, bar: at.bar, aim: at.aim, cover: at.cover}
		for k, f := range forecasts {
			if origins[k]+date.Date(at.lead) > end {
				continue
			}
			sums.forecast(fmt.Sprintf("night %d at %s", at.lead, origins[k]), f)
			s := of(f.Buckets[at.lead-1], f.Method)
			s.came, s.naive = overNights(origins[k], at.lead, at.lead, 90, truth, nights(rows, origins[k], one), began)
			c.windows = append(c.windows, s)
		}
		b.add(c)
	}
	return nil
}

var lossNaive = []string{"lost in the last equal window", "lost in the same days last year"}

// cancellations judges how many bookings on the books will not come, and each booking's own chance:
// a part for each booking has it.
func cancellations(stays []forecast.Stay, rows []row, first, end date.Date, b *board, sums *adder) error {
	tagged := make([]forecast.Stay, 0, len(stays))
	for _, s := range stays {
		if s.Departure > s.Arrival {
			s.Tags = forecast.Tags{"deposit": s.Tags["deposit"], "segment": s.Tags["segment"], "id": string(s.ID)}
			tagged = append(tagged, s)
		}
	}
	for _, at := range []struct {
		days            int
		bar, aim, brier float64
	}{{30, .26, .20, .08}, {90, .155, .11, .123}} {
		origins := weekly(first, end, at.days, 14)
		results, err := each(origins, func(o date.Date) (said, error) {
			f, err := forecast.Cancellations(forecast.All(tagged), forecast.StaysConfig{Options: forecast.Options{AsOf: o, Days: at.days}})
			if err != nil {
				return said{}, err
			}
			r := of(f.Total, f.Method)
			r.came = lossesAfter(rows, o, at.days)
			for _, back := range []int{at.days, 364} {
				r.naive = append(r.naive, lossesAfter(rows, o-date.Date(back), at.days))
			}
			return r, nil
		})
		if err != nil {
			return err
		}
		c := cell{name: fmt.Sprintf("city cancellations, %d days", at.days), days: at.days, step: 14, naive: lossNaive, bar: at.bar, aim: at.aim, brierBar: at.brier}
		var chance []float64
		var happened []bool
		for k, r := range results {
			c.windows = append(c.windows, r)
			p, h, err := chances(tagged, rows, origins[k], at.days, sums)
			if err != nil {
				return err
			}
			chance, happened = append(chance, p...), append(happened, h...)
		}
		c.brier = backtest.Brier(chance, happened)
		b.add(c)
	}
	return nil
}

// lossesAfter counts the bookings on the books at the end of the day that arrive in the days after
// it and were cancelled.
func lossesAfter(rows []row, o date.Date, days int) (lost float64) {
	for _, r := range rows {
		if r.onBooks(o, days) && r.cancelled {
			lost++
		}
	}
	return lost
}

func (r row) onBooks(o date.Date, days int) bool {
	return r.booked <= o && r.gone > o && r.arrival > o && r.arrival <= o+date.Date(days)
}

// chances reads each booking's chance from a forecast cut by booking.
func chances(tagged []forecast.Stay, rows []row, o date.Date, days int, sums *adder) (chance []float64, happened []bool, err error) {
	var near []forecast.Stay // history is needed in full, but only for arrivals in sight a part each
	near = append(near, tagged...)
	for i := range near {
		if !rows[i].onBooks(o, days) {
			near[i].Tags = forecast.Tags{"deposit": near[i].Tags["deposit"], "segment": near[i].Tags["segment"]}
		}
	}
	f, err := forecast.Cancellations(forecast.All(near), forecast.StaysConfig{Options: forecast.Options{AsOf: o, Days: days, By: "id"}})
	if err != nil {
		return nil, nil, err
	}
	sums.forecast(fmt.Sprintf("cancellations %d at %s", days, o), f)
	parts := map[string]decimal.Decimal{}
	for _, p := range f.Parts {
		parts[p.Tag] = p.Mean
	}
	for i, r := range rows {
		if r.onBooks(o, days) {
			p := parts[string(tagged[i].ID)].InexactFloat64()
			chance, happened = append(chance, min(max(p, 0), 1)), append(happened, r.cancelled)
		}
	}
	return chance, happened, nil
}
