package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"text/tabwriter"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/internal/backtest"
)

// A cell is one line of the board: a set of windows, judged.
type cell struct {
	name       string
	days       int // of a window; how many of the windows do not overlap follows from it
	step       int // days between origins
	windows    []said
	naive      []string
	bar, aim   float64 // of WAPE; 0: none
	bias       float64 // bar of its absolute value; 0: none
	cover      [2]float64
	coverLeast int     // windows that the band must cover; 0: none
	brier      float64 // measured
	brierBar   float64 // 0: none
}

type board struct{ cells []cell }

func (b *board) add(c cell) { b.cells = append(b.cells, c) }

// naiveBest is the least WAPE among the naive methods that had something to say in every window.
func (c cell) naiveBest(came []float64) (string, float64) {
	name, best := "–", math.NaN()
	for i, n := range c.naive {
		var f []float64
		for _, w := range c.windows {
			f = append(f, w.naive[i])
		}
		if v := backtest.WAPE(f, came); !math.IsNaN(v) && (math.IsNaN(best) || v < best) {
			name, best = n, v
		}
	}
	return name, best
}

func (b *board) print(w io.Writer) bool {
	ok := true
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "CELL\tNAIVE BEST\tWAPE\tOURS\tBAR\tAIM\tBIAS\tCOVERED\tBRIER\tWINDOWS\tAPART\tMETHOD\tRESULT")
	for _, c := range b.cells {
		if !c.print(tw) {
			ok = false
		}
	}
	_ = tw.Flush()
	return ok
}

func (c cell) print(w io.Writer) bool {
	var mean, low, high, came []float64
	methods := map[string]int{}
	for _, s := range c.windows {
		mean, low, high, came = append(mean, s.mean), append(low, s.low), append(high, s.high), append(came, s.came)
		methods[s.method]++
	}
	wape, bias, cover := backtest.WAPE(mean, came), backtest.Bias(mean, came), backtest.Coverage(low, high, came)
	name, naive := c.naiveBest(came)
	var missed []string
	miss := func(bad bool, what string) {
		if bad {
			missed = append(missed, what)
		}
	}
	miss(c.bar > 0 && !(wape <= c.bar), "WAPE")
	miss(c.bias > 0 && !(math.Abs(bias) <= c.bias), "bias")
	miss(len(came) >= 8 && wape > 1.05*naive, "naive")
	miss(c.cover[1] > 0 && (cover < c.cover[0] || cover > c.cover[1]), "coverage")
	miss(c.brierBar > 0 && !(c.brier <= c.brierBar), "Brier")
	covered := number(cover)
	if c.coverLeast > 0 {
		n := int(math.Round(cover * float64(len(came))))
		covered = fmt.Sprintf("%d of %d", n, len(came))
		miss(n < c.coverLeast, "coverage")
	}
	result := "ok"
	if len(missed) > 0 {
		result = fmt.Sprintf("MISSED %v", missed)
	}
	apart := (len(came)-1)*c.step/c.days + 1
	brier := "–"
	if c.brierBar > 0 {
		brier = fmt.Sprintf("%.4f (%.3g)", c.brier, c.brierBar)
	}
	fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%s\t%d\t%d\t%s\t%s\n", c.name, name, number(naive), number(wape), optional(c.bar), optional(c.aim),
		number(bias), covered, brier, len(came), apart, most(methods), result)
	return len(missed) == 0
}

func number(v float64) string {
	if math.IsNaN(v) {
		return "–"
	}
	return fmt.Sprintf("%.4f", v)
}

func optional(v float64) string {
	if v == 0 {
		return "–"
	}
	return fmt.Sprintf("%.3g", v)
}

// most names the method chosen most often, with its share if there were others.
func most(methods map[string]int) string {
	var names []string
	all := 0
	for name, n := range methods {
		names = append(names, name)
		all += n
	}
	slices.SortFunc(names, func(a, b string) int {
		if methods[a] != methods[b] {
			return methods[b] - methods[a]
		}
		if a < b {
			return -1
		}
		return 1
	})
	if len(names) == 1 {
		return names[0]
	}
	return fmt.Sprintf("%s (%d of %d)", names[0], methods[names[0]], all)
}

// An adder checks that what was forecast or reported adds up to the cent.
type adder struct {
	seen  int
	wrong []string
}

func (a *adder) check(what string, parts []decimal.Decimal, total decimal.Decimal) {
	sum := decimal.Zero
	for _, p := range parts {
		sum = sum.Add(p)
	}
	if !sum.Equal(total) {
		a.wrong = append(a.wrong, fmt.Sprintf("%s: parts %s, total %s", what, sum, total))
	}
}

func (a *adder) forecast(what string, f forecast.Forecast) {
	a.seen++
	var means, contracts []decimal.Decimal
	for _, b := range f.Buckets {
		means, contracts = append(means, b.Mean), append(contracts, b.Contract)
	}
	a.check(what+" buckets", means, f.Total.Mean)
	a.check(what+" contracts", contracts, f.Total.Contract)
	if len(f.Parts) > 0 {
		means, contracts = nil, nil
		for _, p := range f.Parts {
			means, contracts = append(means, p.Mean), append(contracts, p.Contract)
		}
		a.check(what+" parts", means, f.Total.Mean)
		a.check(what+" parts' contracts", contracts, f.Total.Contract)
	}
}
