package main

import (
	"flag"
	"fmt"
	"os"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/bench/internal/dataset"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/internal/backtest"
)

func main() {
	data := flag.String("data", "../shared/data", "the folder of the data sets")
	flag.Parse()
	r, err := dataset.Open(*data, "hotel/city_bookings.csv.gz")
	if err != nil {
		panic(err)
	}
	stays, counts, err := dataset.City(r)
	fmt.Fprintln(os.Stderr, len(stays), counts, err)
	first, end := date.New(2016, 9, 1), date.New(2017, 8, 31)
	nights := map[date.Date]float64{}
	for _, s := range stays {
		if s.Cancelled.On != 0 || s.NoShow {
			continue
		}
		for n := s.Arrival; n < s.Departure; n++ {
			nights[n]++
		}
	}
	for _, days := range []int{30, 60, 90} {
		t0 := time.Now()
		var said, came, lo, hi []float64
		var nf, na, nl, nh [100][]float64
		byM := map[string][]float64{}
		chosen := map[string]int{}
		for o := first; o+date.Date(days) <= end; o += 7 {
			f, err := forecast.Occupancy(forecast.All(stays), nil, forecast.StaysConfig{Options: forecast.Options{AsOf: o, Days: days}})
			if err != nil {
				panic(err)
			}
			a := 0.0
			for n := o + 1; n <= o+date.Date(days); n++ {
				a += nights[n]
			}
			said, came = append(said, f.Total.Mean.InexactFloat64()), append(came, a)
			lo, hi = append(lo, f.Total.Low.InexactFloat64()), append(hi, f.Total.High.InexactFloat64())
			chosen[f.Method]++
			for x := 1; x <= days; x++ {
				b := f.Buckets[x-1]
				nf[x] = append(nf[x], b.Mean.InexactFloat64())
				na[x] = append(na[x], nights[b.From])
				nl[x] = append(nl[x], b.Low.InexactFloat64())
				nh[x] = append(nh[x], b.High.InexactFloat64())
			}
			for _, m := range []string{forecast.MethodMean, forecast.MethodKeepNew, forecast.MethodPickup, forecast.MethodRidge, forecast.MethodLastWindow, forecast.MethodLastYear} {
				g, err := forecast.Occupancy(forecast.All(stays), nil, forecast.StaysConfig{Options: forecast.Options{AsOf: o, Days: days, Method: m}})
				if err != nil {
					byM[m] = append(byM[m], 0)
					continue
				}
				byM[m] = append(byM[m], g.Total.Mean.InexactFloat64())
			}
		}
		fmt.Println(days, len(came), "WAPE", backtest.WAPE(said, came), "bias", backtest.Bias(said, came), "cov", backtest.Coverage(lo, hi, came), chosen, time.Since(t0))
		for m, s := range byM {
			fmt.Println("   ", m, backtest.WAPE(s, came))
		}
		for _, x := range []int{7, 30, 60, 90} {
			if x <= days {
				fmt.Println("   night", x, backtest.WAPE(nf[x], na[x]), backtest.Coverage(nl[x], nh[x], na[x]))
			}
		}
	}
}
