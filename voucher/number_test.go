package voucher_test

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/voucher"
)

var june8 = date.New(2021, 6, 8)

func number(t require.TestingT, series voucher.SeriesID, trip date.Date, seq int64) voucher.Number {
	n, err := voucher.NewNumber(series, trip, seq)
	require.NoError(t, err)
	return n
}

func format(t require.TestingT, pattern string) *voucher.Format {
	f, err := voucher.NewFormat("s", pattern)
	require.NoError(t, err)
	return f
}

// drawPattern makes a pattern that NewFormat has to accept.
func drawPattern(t *rapid.T) string {
	tokens := []string{"{seq:" + rapid.StringMatching(`[1-9]`).Draw(t, "width") + "}", "{dd}", "{mm}", rapid.SampledFrom([]string{"{yy}", "{yyyy}"}).Draw(t, "year")}
	tokens = rapid.Permutation(tokens).Draw(t, "order")
	literal := rapid.StringMatching(`[A-ZА-Я0-9/ №.-]{0,3}`)
	pattern := literal.Draw(t, "literal")
	for _, token := range tokens {
		pattern += token + literal.Draw(t, "literal")
	}
	return pattern
}

// Law 1: what was written is read back, whatever the pattern, with spaces and dashes or without.
func TestParseReadsWhatFormatWrote(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		f := format(t, drawPattern(t))
		near := date.New(rapid.IntRange(30, 9900).Draw(t, "near"), 1, 1)
		day := date.New(rapid.IntRange(near.Year()-20, near.Year()+79).Draw(t, "year"), 1, 1) + date.Date(rapid.IntRange(0, 364).Draw(t, "day"))
		n := number(t, "s", day, rapid.OneOf(rapid.Int64Range(1, 130), rapid.Int64Range(1, voucher.MaxSeq)).Draw(t, "seq"))
		text := f.Format(n)
		got, err := f.Parse(text, near)
		require.NoError(t, err)
		require.Equal(t, n, got)

		at := rapid.IntRange(0, utf8.RuneCountInString(text)).Draw(t, "at")
		runes := []rune(text)
		noise := rapid.SampledFrom([]rune(" -\u00a0–—\t\u2212")).Draw(t, "noise")
		got, err = f.Parse(string(slices.Insert(runes, at, noise)), near)
		require.NoError(t, err)
		require.Equal(t, n, got)
	})
}

func TestNumbers(t *testing.T) {
	t.Parallel()
	f := format(t, "{seq:2}{dd}{mm}{yy}")
	for seq, want := range map[int64]string{1: "01080621", 2: "02080621", 3: "03080621", 99: "99080621", 100: "100080621", 12345: "12345080621"} {
		n := number(t, "s", june8, seq)
		require.Equal(t, want, f.Format(n))
		got, err := f.Parse(want, june8)
		require.NoError(t, err)
		require.Equal(t, n, got)
	}
	require.Negative(t, number(t, "s", june8, 99).Compare(number(t, "s", june8, 100)), "99080621 comes before 100080621")
	require.Negative(t, number(t, "s", june8, 100).Compare(number(t, "s", june8+1, 1)))
	require.Negative(t, number(t, "a", june8, 100).Compare(number(t, "b", june8, 1)))
	for near, want := range map[int]int{2021: 2068, 1990: 2068, 1988: 1968, 2089: 2168, 2088: 2068} {
		got, err := f.Parse("01080668", date.New(near, 1, 1))
		require.NoError(t, err)
		require.Equal(t, want, got.TripStart().Year(), "68 near %d", near)
	}
}

func TestParseSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	plain, house := format(t, "{seq:2}{dd}{mm}{yy}"), format(t, "ТО-{yyyy}/{mm}{dd}/{seq:3}")
	for _, c := range []struct {
		format   *voucher.Format
		text     string
		why      string
		position int
	}{
		{plain, "01310221", "no_such_day", 3},
		{plain, "01290221", "no_such_day", 3},
		{plain, "01000621", "no_such_day", 3},
		{plain, "01081321", "no_such_month", 5},
		{plain, "01080021", "no_such_month", 5},
		{plain, "00080621", "seq_zero", 1},
		{plain, "001080621", "leading_zero", 1},
		{plain, "000080621", "leading_zero", 1},
		{plain, "0108062", "too_short", 8},
		{plain, "", "too_short", 1},
		{plain, "01O80621", "digit", 3},
		{plain, "0108 o621", "digit", 6},
		{plain, "x1080621", "digit", 1},
		{plain, "٠١٠٨٠٦٢١", "digit", 1},
		{plain, "12345678901080621", "too_long", 10},
		{plain, strings.Repeat("1", 300), "too_long", 200},
		{plain, "\xff1080621", "digit", 1},
		{house, "TO-2021/0608/001", "literal_differs", 1},
		{house, "ТО-2021.0608/001", "literal_differs", 8},
		{house, "ТО-2021/0608/01", "too_short", 16},
		{house, "ТО-0000/0608/001", "no_such_day", 11},
	} {
		_, err := c.format.Parse(c.text, june8)
		var invalid *voucher.InvalidError
		require.ErrorAs(t, err, &invalid, c.text)
		require.Equal(t, c.why, invalid.Why, c.text)
		require.Equal(t, c.position, invalid.Position, c.text)
		for _, lang := range []string{"en", "ru"} {
			require.NotContains(t, invalid.Text(lang), ": "+c.why)
		}
	}
	n, err := house.Parse("то-2021/0608/001", june8)
	require.Error(t, err, "got %v", n)
}

func TestPatternsThatCannotBeReadBack(t *testing.T) {
	t.Parallel()
	for pattern, why := range map[string]string{
		"":                                 "ambiguous",
		"{seq:2}{dd}{mm}":                  "ambiguous",
		"{dd}{mm}{yy}":                     "ambiguous",
		"{seq:2}{dd}{yy}":                  "ambiguous",
		"{seq:2}{mm}{yy}":                  "ambiguous",
		"{seq:2}{seq:2}{dd}{mm}{yy}":       "twice",
		"{seq:2}{dd}{mm}{yy}{yyyy}":        "twice",
		"{seq}{dd}{mm}{yy}":                "placeholder",
		"{seq:0}{dd}{mm}{yy}":              "placeholder",
		"{seq:10}{dd}{mm}{yy}":             "placeholder",
		"{SEQ:2}{dd}{mm}{yy}":              "placeholder",
		"{seq:2}{dd}{mm}{yyy}":             "placeholder",
		"{seq:2}{dd}{mm}{yy":               "unclosed",
		"{seq:2}}{dd}{mm}{yy}":             "literal",
		"\n{seq:2}{dd}{mm}{yy}":            "literal",
		"\xff{seq:2}{dd}{mm}{yy}":          "literal",
		strings.Repeat("A", 101) + "{seq:": "too_long",
	} {
		_, err := voucher.NewFormat("", pattern)
		var invalid *voucher.InvalidError
		require.ErrorAs(t, err, &invalid, pattern)
		require.Equal(t, why, invalid.Why, pattern)
	}
}

func TestNewNumber(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		trip date.Date
		seq  int64
	}{{0, 1}, {june8, 0}, {june8, -1}, {june8, voucher.MaxSeq + 1}, {date.New(10000, 1, 1), 1}, {date.Min(), 1}} {
		_, err := voucher.NewNumber("", c.trip, c.seq)
		var invalid *voucher.InvalidError
		require.ErrorAs(t, err, &invalid)
	}
}

func TestVoucherIDsTellTheirNumber(t *testing.T) {
	t.Parallel()
	for _, id := range []voucher.VoucherID{"2021-06-08//1", "2021-06-08/B/100", "2021-06-08//=A/12", "2021-06-08/b b/=x"} {
		n, ok := id.Number()
		require.True(t, ok, id)
		require.Equal(t, june8, n.TripStart())
	}
	for _, id := range []voucher.VoucherID{"", "x", "2021-06-08", "2021-06-08/", "2021-06-08//", "2021-06-08//0", "2021-06-08//01", "2021-06-08//+1", "2021-6-8//1",
		"2021-06-31//1", "2021-06-08T00//1", "20210608//1", "2021-06-08//=", "2021-06-08//= a", "0001-01-01//1", "2021-06-08/\x00/1", "2021-06-08//9999999999"} {
		_, ok := id.Number()
		require.False(t, ok, id)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("{seq:2}{dd}{mm}{yy}", "01080621")
	f.Add("ТО-{yyyy}/{mm}{dd}/{seq:3}", "ТО-2021/0608/001")
	f.Add("1{seq:1}-{dd}.{mm}.{yy}x", "15-08.06.21x")
	f.Fuzz(func(t *testing.T, pattern, text string) {
		format, err := voucher.NewFormat("s", pattern)
		if err != nil {
			var invalid *voucher.InvalidError
			require.True(t, errors.As(err, &invalid))
			require.True(t, invalid.Position >= 1 && invalid.Position <= 102, invalid)
			return
		}
		n, err := format.Parse(text, june8)
		if err != nil {
			var invalid *voucher.InvalidError
			require.True(t, errors.As(err, &invalid))
			require.True(t, invalid.Position >= 1 && invalid.Position <= max(200, utf8.RuneCountInString(text)+1), invalid)
			return
		}
		require.Equal(t, voucher.PlainNumber(text), voucher.PlainNumber(format.Format(n)), "one number, one text")
		again, err := format.Parse(format.Format(n), june8)
		require.NoError(t, err)
		require.Equal(t, n, again)
	})
}

func BenchmarkFormat(b *testing.B) {
	f, n := format(b, "{seq:2}{dd}{mm}{yy}"), number(b, "s", june8, 7)
	b.ReportAllocs()
	for b.Loop() {
		f.Format(n)
	}
}

func BenchmarkParse(b *testing.B) {
	f := format(b, "{seq:2}{dd}{mm}{yy}")
	b.ReportAllocs()
	for b.Loop() {
		if _, err := f.Parse("01080621", june8); err != nil {
			b.Fatal(err)
		}
	}
}

func TestFormatAndParseAllocateLittle(t *testing.T) {
	f, n := format(t, "{seq:2}{dd}{mm}{yy}"), number(t, "s", june8, 7)
	require.LessOrEqual(t, testing.AllocsPerRun(100, func() { f.Format(n) }), 1.0)
	require.Zero(t, testing.AllocsPerRun(100, func() { _, _ = f.Parse("01080621", june8) }))
}
