// Command voucher measures package voucher against what people write or use today, each figure as
// a ratio from one run beside its bar:
//
//   - the rate of vouchers in transactions on PostgreSQL against hand-written SQL that takes the
//     counter last, that takes it first (as Frappe and Odoo's no_gap do), and that counts MAX + 1;
//   - a batch of 1,000 against 1,000 single issues;
//   - a page of PDF against maroto with the same font;
//   - allocations of Format and Parse;
//   - 10,000 random values through a document: what is accepted renders, and nothing is injected.
//
// It exits with 1 when a bar is missed.
package main

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/voucher"
)

func main() {
	rounds := flag.Int("rounds", 9, "interleaved rounds, of which the median counts")
	seed := flag.Uint64("seed", 8, "of the generated data")
	flag.Parse()
	fmt.Printf("seed %d, %d rounds\n", *seed, *rounds)
	b := &bars{}
	for _, measure := range []func(context.Context, *bars, int, uint64) error{numbers, pages, formats, pairs} {
		if err := measure(context.Background(), b, *rounds, *seed); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
	if b.missed > 0 {
		fmt.Printf("%d bars missed\n", b.missed)
		os.Exit(1)
	}
	fmt.Println("all bars met")
}

// bars prints figures beside what they have to be.
type bars struct{ missed int }

func (b *bars) least(what string, got, bar float64) { b.show(what, got, "at least", bar, got >= bar) }

func (b *bars) most(what string, got, bar float64) { b.show(what, got, "at most", bar, got <= bar) }

func (b *bars) show(what string, got float64, is string, bar float64, ok bool) {
	verdict := "met"
	if !ok {
		verdict = "MISSED"
		b.missed++
	}
	fmt.Printf("%-62s %8.3f   bar: %s %g   %s\n", what, got, is, bar, verdict)
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return xs[len(xs)/2]
}

func formats(_ context.Context, b *bars, _ int, _ uint64) error {
	f, err := voucher.NewFormat("", "{seq:2}{dd}{mm}{yy}")
	if err != nil {
		return err
	}
	near := date.New(2021, 6, 1)
	n, err := f.Parse("01080621", near)
	if err != nil {
		return err
	}
	b.most("allocations of Format", testing.AllocsPerRun(1000, func() { f.Format(n) }), 1)
	b.most("allocations of Parse", testing.AllocsPerRun(1000, func() { _, _ = f.Parse("01080621", near) }), 0)
	return nil
}
