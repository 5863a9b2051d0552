package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/pgtest"
)

// replay runs the example and returns what it printed.
func replay(t *testing.T, o options) (status int, out, errs string) {
	var a, b bytes.Buffer
	if o.rooms == 0 {
		o.rooms = 100
	}
	status = run(t.Context(), &a, &b, o)
	return status, a.String(), b.String()
}

// totals is what a run printed, without how fast it was.
func totals(out string) string {
	season, _, _ := strings.Cut(out, "== Calendars")
	var kept []string
	for line := range strings.Lines(season) {
		if !strings.Contains(line, " a second") {
			kept = append(kept, line)
		}
	}
	return strings.Join(kept, "")
}

// places are the stores that a run may be kept in; each call gives an empty one.
var places = []struct {
	name string
	open func(t *testing.T) options
}{
	{"sqlite", func(t *testing.T) options { return options{db: filepath.Join(t.TempDir(), "season.db")} }},
	{"postgres", func(t *testing.T) options { return options{postgres: pgtest.URL(t)} }},
}

func TestSameTotalsOnEveryStore(t *testing.T) {
	t.Parallel()
	status, out, errs := replay(t, options{})
	require.Zero(t, status, out)
	require.Empty(t, errs)
	memory := totals(out)
	require.Contains(t, memory, "392 holds, 3 pools")
	require.Contains(t, memory, "granted 392, queued 0 (of these promoted 0), refused 0")
	require.Contains(t, memory, "arrivals 299, departures 299, cancellations 75, no-shows 18")
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			o := p.open(t)
			status, out, errs := replay(t, o)
			require.Zero(t, status, out)
			require.Empty(t, errs)
			require.Equal(t, memory, totals(out))

			// A season is not played twice in one database.
			status, out, errs = replay(t, o)
			require.Equal(t, 1, status)
			require.NotContains(t, out, "granted")
			require.Equal(t, "rental: the database already holds a season: name a new file or an empty schema\n", errs)
		})
	}
}

// Which of two that ask on one day comes first is up to the goroutines, so with too few rooms the
// stores agree on what was asked and on the facts, and not on every name.
func TestTooFewRooms(t *testing.T) {
	t.Parallel()
	asked := func(out string) string { return lines(out, 2) }
	status, out, _ := replay(t, options{rooms: 95})
	require.Zero(t, status, out)
	require.Contains(t, out, "22 rooms (95 % of the highest demand)")
	memory := asked(out)
	for _, p := range places {
		t.Run(p.name, func(t *testing.T) {
			t.Parallel()
			o := p.open(t)
			o.rooms = 95
			status, out, _ := replay(t, o)
			require.Zero(t, status, out)
			require.Equal(t, memory, asked(out))
			require.Regexp(t, `granted 38\d, queued [1-9] .*, refused [1-9]\n`, out)
			require.Contains(t, out, "  refused: ")
		})
	}
}

// file writes rows under the columns' names.
func file(t *testing.T, rows ...string) string {
	name := filepath.Join(t.TempDir(), "bookings.csv")
	require.NoError(t, os.WriteFile(name, []byte(strings.Join(rows, "\n")+"\n"), 0o600))
	return name
}

func TestBadRows(t *testing.T) {
	t.Parallel()
	in := file(t, strings.Join(columns, ","),
		"5,2027,June,15,0,2,A,Check-Out,2027-06-17",
		"5,2027,Juni,15,0,2,A,Check-Out,2027-06-17",
		"-1,2027,June,15,0,2,A,Check-Out,2027-06-17",
		"5,2027,June,31,0,2,A,Check-Out,2027-06-17",
		"5,2027,June,15,0,2,A,Gone,2027-06-17",
		"5,2027,June",
	)
	for _, o := range []options{{in: in}, {in: in, db: filepath.Join(t.TempDir(), "season.db")}} {
		status, out, errs := replay(t, o)
		require.Zero(t, status, out)
		require.Contains(t, out, "1 holds, 1 pools, 1 rooms")
		require.Equal(t, `rental: line 3, column 8: arrival_date_month "Juni" must be the English name of a month
rental: line 4, column 1: lead_time "-1" must be a whole number from 0 to 3660
rental: line 5, column 13: arrival_date_day_of_month "31" is no day of that month
rental: line 6, column 22: reservation_status "Gone" must be Check-Out, Canceled or No-Show
`, lines(errs, 4))
		require.Contains(t, errs, "rental: line 7, column 1: ")
	}
}

func lines(text string, n int) string {
	all := strings.SplitAfter(text, "\n")
	return strings.Join(all[:min(n, len(all))], "")
}

func TestUnusableInput(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		o    options
		want string
	}{
		"a column is missing": {options{in: file(t, strings.Join(columns[1:], ","))}, "the column lead_time is missing; the first line names arrival_date_year, "},
		"empty":               {options{in: os.DevNull}, "the file is empty; its first line must name the columns lead_time, "},
		"no row":              {options{in: file(t, strings.Join(columns, ","))}, "no row can be read; a right one is 5,2027,June,"},
		"no file":             {options{in: filepath.Join(t.TempDir(), "none.csv")}, "none.csv: "},
		"rooms":               {options{rooms: 101}, "-rooms 101: must be from 1 to 100"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := replay(t, c.o)
			require.Equal(t, 2, status)
			require.Empty(t, out)
			require.Contains(t, errs, c.want)
			require.Equal(t, 1, strings.Count(errs, "\n"))
		})
	}
}

func TestUnreachableDatabase(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]options{
		"a folder is missing": {db: filepath.Join(t.TempDir(), "none", "season.db")},
		"nobody listens":      {postgres: "postgres://127.0.0.1:1/season"},
		"no URL":              {postgres: "postgres://%zz"},
		"both":                {db: "season.db", postgres: "postgres://127.0.0.1:1/season"},
	} {
		t.Run(name, func(t *testing.T) {
			status, out, errs := replay(t, o)
			require.Equal(t, 1, status)
			require.Empty(t, out)
			require.Equal(t, 1, strings.Count(errs, "\n"), errs)
			require.Contains(t, errs, "without -db and -postgres the bookings are kept in memory")
		})
	}
}
