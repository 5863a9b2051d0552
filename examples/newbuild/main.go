// Newbuild follows the buyers of a new building.
//
//	go run ./examples/newbuild -out out
package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/tenure-go/tenure/examples/internal/show"
)

func main() {
	lang := flag.String("lang", "en", "the language of tables: en or ru")
	out := flag.String("out", "", "a folder for the page")
	seed := flag.Uint64("seed", 1, "of whatever is random")
	flag.Parse()
	var checks show.Checks
	if err := money(drawHouse(*seed), *lang, *out, &checks); err != nil {
		fmt.Fprintln(os.Stderr, "newbuild:", err)
		os.Exit(1)
	}
	os.Exit(checks.Print(os.Stdout))
}
