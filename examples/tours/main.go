// Tours is a season of a tour operator.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/tenure-go/tenure/examples/internal/show"
)

func main() {
	ctx := context.Background()
	var checks show.Checks
	if err := letters(ctx, os.Stdout, &checks); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(checks.Print(os.Stdout))
}
