package main

import (
	"io"
	"os"
	"testing"

	"github.com/tenure-go/tenure/examples/internal/show"
)

func TestCalendars(t *testing.T) {
	var checks show.Checks
	if err := calendars(t.Context(), io.Discard, &checks); err != nil {
		t.Fatal(err)
	}
	if checks.Print(os.Stdout) != 0 {
		t.Fatal("a check failed")
	}
}
