// Command accuracy replays the public data sets: at each origin it gives package forecast only what
// was known then, lets it choose its method, and compares what it said with what came. The naive
// methods beside it are computed here, from the raw rows.
//
//	go run ./bench/accuracy -data ../shared/data
//
// It exits non-zero when a bar is missed.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	"sync"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/forecast"
)

func main() {
	data := flag.String("data", "../shared/data", "the folder of the data sets")
	flag.Parse()
	ok, err := run(os.Stdout, *data)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	if !ok {
		os.Exit(1)
	}
}

func run(w io.Writer, dir string) (bool, error) {
	var sums adder
	cells := &board{}
	for _, part := range []func(string, *board, *adder) error{city, crm, receivables, olist} {
		if err := part(dir, cells, &sums); err != nil {
			return false, err
		}
	}
	ok := cells.print(w)
	fmt.Fprintf(w, "\nadd up to the cent: %d forecasts and reports, %d do not\n", sums.seen, len(sums.wrong))
	for _, what := range sums.wrong {
		fmt.Fprintln(w, "  does not add up:", what)
	}
	if !ok || len(sums.wrong) > 0 {
		fmt.Fprintln(w, "a bar is missed")
		return false, nil
	}
	fmt.Fprintln(w, "every bar is met")
	return true, nil
}

// dealsAsOf hides what was not known on the day: when and how a deal closed, and its value.
func dealsAsOf(deals []forecast.Deal, day date.Date) []forecast.Deal {
	known := make([]forecast.Deal, 0, len(deals))
	for _, d := range deals {
		if d.Opened.On > day {
			continue
		}
		if d.Closed.On > day {
			d.Closed, d.Outcome, d.Money = forecast.Dated{}, forecast.OutcomeOpen, forecast.Money{}
		}
		known = append(known, d)
	}
	return known
}

// weekly are the origins from first on whose windows of so many days end by end.
func weekly(first, end date.Date, days, step int) []date.Date {
	var origins []date.Date
	for o := first; o+date.Date(days) <= end; o += date.Date(step) {
		origins = append(origins, o)
	}
	return origins
}

// each calls do for every origin on both cores, and keeps the order.
func each[T any](origins []date.Date, do func(date.Date) (T, error)) ([]T, error) {
	out, errs := make([]T, len(origins)), make([]error, len(origins))
	var wg sync.WaitGroup
	gate := make(chan struct{}, 2)
	for i, o := range origins {
		wg.Add(1)
		gate <- struct{}{}
		go func() {
			defer wg.Done()
			out[i], errs[i] = do(o)
			<-gate
		}()
	}
	wg.Wait()
	for _, err := range errs {
		if err != nil {
			return nil, err
		}
	}
	return out, nil
}

// said is what a forecast said about one window, beside what came and what the naive methods say.
type said struct {
	mean, low, high, came float64
	naive                 []float64
	method                string
}

func of(b forecast.Bucket, method string) said {
	return said{mean: b.Mean.InexactFloat64(), low: b.Low.InexactFloat64(), high: b.High.InexactFloat64(), method: method}
}
