// Region shows what a phone number tells: which region a lead is from, which office answers, what
// time it is there, which advertisement was dialled.
//
//	go run ./examples/region                                # with made-up rows of the register
//	go run ./examples/region -in DEF-9xx.csv,ABC-3xx.csv.gz # with the register, see package region
//	go run ./examples/region -in DEF-9xx.csv -compile ru.plan
//	go run ./examples/region -in ru.plan
//
// It ends with a table of checks and fails if one does.
package main

import (
	"flag"
	"fmt"
	"io"
	"os"
	_ "time/tzdata" // time zones of 2024a or later, whatever the host has

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/region"
)

func main() {
	in := flag.String("in", "", "files of the register, CSV or CSV.gz, separated by commas, or one compiled .plan")
	compile := flag.String("compile", "", "write the plan to this file and stop")
	flag.Parse()
	status, err := run(os.Stdout, *in, *compile)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		status = 1
	}
	os.Exit(status)
}

func run(w io.Writer, in, compile string) (int, error) {
	plan, err := openPlan(w, in)
	if err != nil {
		return 1, err
	}
	if compile != "" {
		return 0, compilePlan(w, plan, compile)
	}
	checks := &show.Checks{}
	for _, chapter := range []func(io.Writer, *region.Plan, *show.Checks) error{carLoans, hotelSearch, newFlats, tours} {
		if err := chapter(w, plan, checks); err != nil {
			return 1, err
		}
	}
	fmt.Fprintln(w)
	return checks.Print(w), nil
}
