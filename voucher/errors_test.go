package voucher

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func errorAs[E error](err error, target *E) bool { return errors.As(err, target) }

func TestEveryCodeHasBothTexts(t *testing.T) {
	t.Parallel()
	for code, text := range texts {
		require.NotEmpty(t, text[0], code)
		require.NotEmpty(t, text[1], code)
		require.NotEqual(t, text[0], text[1], code)
		require.Equal(t, strings.Count(text[0], "{"), strings.Count(text[1], "{"), code)
	}
	for _, err := range []interface {
		error
		Text(lang string) string
	}{
		&RefusedError{[]Reason{{Code: "missing", Party: "client", Field: "x"}}},
		&MismatchError{"c", "trip_start", "a", "b"},
		&StaleError{"2021-06-08//1", 2, 1},
		&TakenError{"01080621", "R-1"},
		&UnknownError{"series", "b", "B"},
		&InvalidError{"number", strings.Repeat("x", 1000), "digit", 3},
		&RowError{"f", 1, 2, "x", "y", "unknown_key"},
		&ConfigError{Problems{{Code: "no_store", Field: "Store"}}},
	} {
		require.NotEqual(t, err.Text("en"), err.Text("ru"))
		require.Contains(t, err.Error(), err.Text("en"))
		require.Equal(t, err.Text("en"), err.Text("de"), "English is the default")
		require.Less(t, len(err.Text("en")), 250)
	}
}
