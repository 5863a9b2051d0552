package forecast

import (
	"bytes"
	"encoding/csv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// What WriteCSV wrote, a CSV reader reads; no word is a formula; and only words that would be one
// were changed.
func FuzzCSV(f *testing.F) {
	f.Add("channel", "=1+1", "-12.50", true)
	f.Add("a,b\n", "\"quoted\"\r\n", "–", false)
	f.Add("", "", "+3.1%", true)
	f.Fuzz(func(t *testing.T, title, word, number string, total bool) {
		table := Table{Columns: []Column{{Title: title}, {Title: "n", Number: true}}, Rows: [][]Cell{{Cell(word), Cell(number)}, {Cell(word)}}}
		if total {
			table.Total = []Cell{"total", Cell(number)}
		}
		var out bytes.Buffer
		require.NoError(t, table.WriteCSV(&out))
		require.True(t, utf8.Valid(out.Bytes()))
		rows, err := csv.NewReader(bytes.NewReader(out.Bytes())).ReadAll()
		require.NoError(t, err)
		want := 3
		if total {
			want++
		}
		require.Len(t, rows, want)
		got := rows[1][0]
		if got != "" {
			require.NotContains(t, "=+-@\t", got[:1])
		}
		plain := strings.ToValidUTF8(strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(word), "\ufffd")
		require.Equal(t, plain, strings.TrimPrefix(got, strings.TrimSuffix(got, plain)))
		require.Equal(t, "", rows[2][1])
		if isNumber(number) {
			require.Equal(t, number, rows[1][1])
		}
		require.NoError(t, table.WriteMarkdown(&out))
	})
}

func TestInstalmentsAddUp(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := Money{decimal.New(rapid.Int64Range(-1e12, 1e12).Draw(t, "total"), rapid.Int32Range(-4, 0).Draw(t, "exponent")), rapid.SampledFrom([]string{"RUB", "JPY", "KWD", ""}).Draw(t, "currency")}
		first := date.New(2024, 1, rapid.IntRange(1, 31).Draw(t, "day"))
		every := Every(rapid.IntRange(0, 4).Draw(t, "every"))
		promises := Instalments(total, rapid.IntRange(-1, 40).Draw(t, "n"), first, every)
		sum := decimal.Zero
		for i, p := range promises {
			sum = sum.Add(p.Amount)
			if i > 0 {
				require.Greater(t, p.Dues[0].On, promises[i-1].Dues[0].On)
				gap := promises[i-1].Amount.Sub(p.Amount).Abs()
				require.True(t, i == 1 || gap.LessThanOrEqual(decimal.New(1, -scale(total.Currency))), "even but for a cent")
			}
		}
		if len(promises) > 0 {
			require.True(t, sum.Equal(total.Amount), "%s %s", sum, total.Amount)
		}
	})
}

// Money is added exactly, however large, small or negative it is.
func TestTally(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var fast, other tally
		want := decimal.Zero
		for range rapid.IntRange(0, 50).Draw(t, "n") {
			d := decimal.New(rapid.Int64().Draw(t, "coefficient"), rapid.Int32Range(-9, 6).Draw(t, "exponent"))
			want = want.Add(d)
			if rapid.Bool().Draw(t, "other") {
				other.add(d)
			} else {
				fast.add(d)
			}
		}
		fast.plus(other)
		require.True(t, want.Equal(fast.sum(2)), "%s %s", want, fast.sum(2))
	})
}

// What is shared out adds up, and no share is further than a unit from what it should be.
func TestShares(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		values := rapid.SliceOfN(rapid.Float64Range(-1e6, 1e6), 1, 30).Draw(t, "values")
		total := round(sum(values), 2)
		got := decimal.Zero
		for i, s := range shares(values, total, 2) {
			got = got.Add(s)
			require.InDelta(t, values[i], s.InexactFloat64(), .0101)
		}
		require.True(t, total.Equal(got), "%s %s", total, got)
	})
}

func TestTableInRussian(t *testing.T) {
	t.Parallel()
	r, err := Calls(nil, CallsConfig{From: origin.MidnightUTC(), To: (origin + 1).MidnightUTC(), By: []string{"operator"}})
	require.NoError(t, err)
	table := r.Table().In("ru")
	require.Equal(t, "оператор", table.Columns[0].Title)
	require.Equal(t, Cell("итого"), table.Total[0])
	require.Equal(t, "operator", r.Table().In("en").Columns[0].Title)
	for _, report := range []interface{ Table() Table }{Forecast{Unit: "RUB"}, PlanFactReport{Currency: "RUB"}, FunnelReport{}, MarketingReport{}, RoomsReport{}, SalesReport{}, VisitsReport{}, r} {
		for _, c := range report.Table().In("ru").Columns {
			if c.Title != "RevPAR" {
				require.NotRegexp(t, `[a-z]{2}`, c.Title)
			}
		}
	}
}
