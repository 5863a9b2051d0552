// Command tours plays the season of a tour operator.
//
//	go run ./examples/tours -out out
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/tenure-go/tenure/examples/internal/show"
)

func main() {
	lang := flag.String("lang", "ru", "language of titles: en or ru")
	out := flag.String("out", "", "a folder for the page")
	seed := flag.Uint64("seed", 1, "what is drawn")
	flag.Parse()
	var checks show.Checks
	if err := salesPage(drawTours(*seed), *lang, *out, &checks); err != nil {
		fmt.Fprintln(os.Stderr, "tours:", err)
		os.Exit(1)
	}
	os.Exit(checks.Print(os.Stdout))
}
