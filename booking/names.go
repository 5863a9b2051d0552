package booking

import (
	"fmt"
	"strings"

	"github.com/tenure-go/tenure/internal/edits"
)

// The enumerations of this package are small numbers in memory and snake_case text outside.

func nameOf[E ~uint8](names []string, v E) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("unknown(%d)", uint8(v))
}

func marshalName[E ~uint8](names []string, field string, v E) ([]byte, error) {
	if int(v) >= len(names) {
		return nil, &InvalidError{Field: field, Value: fmt.Sprint(uint8(v)), Why: WhySyntax}
	}
	return []byte(names[v]), nil
}

func unmarshalName[E ~uint8](names []string, field string, v *E, text []byte) error {
	for i, name := range names {
		if name == string(text) {
			*v = E(i)
			return nil
		}
	}
	return &UnknownError{Kind: field, ID: string(text), Nearest: nearest(string(text), names)}
}

// nearest returns the names that most likely were meant, at most three: those that differ by case
// or by up to two edits.
func nearest(name string, names []string) []string {
	var near []string
	for _, n := range names {
		if len(near) < 3 && n != "" && (strings.EqualFold(n, name) || distance(n, name) <= 2) {
			near = append(near, n)
		}
	}
	return near
}

func distance(a, b string) int {
	if max(len(a), len(b)) > 64 {
		return 64
	}
	return edits.Distance([]byte(a), []byte(b))
}
