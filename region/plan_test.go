package region

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A naiveRow is a row as a naive reader keeps it.
type naiveRow struct {
	first, last uint64
	subject     string
	operator    string
}

// drawRegister makes a register's text of rows that may overlap, and the rows.
func drawRegister(t *rapid.T, label string) (string, []naiveRow) {
	subjects := []string{"Иркутская область", "Забайкальский край", "Город Москва, Московская область", "Российская Федерация", "Туманность"}
	text := strings.Builder{}
	text.WriteString("АВС/ DEF;От;До;Емкость;Оператор;Регион\n")
	var rows []naiveRow
	for range rapid.IntRange(0, 12).Draw(t, label+" rows") {
		code := rapid.SampledFrom([]uint64{900, 901, 999, 395}).Draw(t, "code")
		edge := rapid.SampledFrom([]uint64{0, 1, 5_000, 9_999, 10_000, 10_001, 20_000, 123_456, 9_989_999, 9_990_000, 9_999_999})
		a, b := edge.Draw(t, "from"), edge.Draw(t, "to")
		if a > b {
			a, b = b, a
		}
		r := naiveRow{code*1e7 + a, code*1e7 + b, rapid.SampledFrom(subjects).Draw(t, "subject"), rapid.SampledFrom([]string{"А", "Б"}).Draw(t, "operator")}
		rows = append(rows, r)
		fmt.Fprintf(&text, "%d;%d;%d;%d;%s;%s\n", code, a, b, b-a+1, r.operator, r.subject)
	}
	return text.String(), rows
}

// naiveFind is the first row given that has nsn.
func naiveFind(rows []naiveRow, nsn uint64) (naiveRow, bool) {
	for _, r := range rows {
		if r.first <= nsn && nsn <= r.last {
			return r, true
		}
	}
	return naiveRow{}, false
}

// Law 1: a lookup is what a scan of the rows finds; of overlapping rows, in one file or in two,
// the first holds and the later ones are counted. Law 2: a plan survives its file.
func TestPlanLaws(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text1, rows1 := drawRegister(t, "first")
		text2, rows2 := drawRegister(t, "second")
		plan, reports, err := ReadRegistry(RegistryConfig{Strict: true}, strings.NewReader(text1), strings.NewReader(text2))
		require.NoError(t, err)
		rows := append(rows1, rows2...)

		b, err := plan.AppendBinary([]byte("before"))
		require.NoError(t, err)
		opened, err := OpenPlan(b[len("before"):])
		require.NoError(t, err)
		again, err := opened.AppendBinary(nil)
		require.NoError(t, err)
		require.Equal(t, b[len("before"):], again)

		for _, r := range rows {
			for _, nsn := range []uint64{r.first, r.last, r.first - 1, r.last + 1, (r.first + r.last) / 2, r.first + 1, r.last - 1} {
				want, ok := naiveFind(rows, nsn)
				got, found := plan.Lookup(nsn)
				require.Equal(t, ok, found, nsn)
				reopened, _ := opened.Lookup(nsn)
				require.Equal(t, got, reopened)
				if ok {
					require.Equal(t, namedIn(want.subject), joinCodes(got.Subdivisions), nsn)
					require.Equal(t, want.operator, got.Operator)
				}
			}
		}

		overlaps := [2]int{}
		for i, r := range rows {
			file := 0
			if i >= len(rows1) {
				file = 1
			}
			for _, earlier := range rows[:i] {
				if earlier.first <= r.last && r.first <= earlier.last {
					overlaps[file]++
					break
				}
			}
		}
		require.Equal(t, overlaps, [2]int{reports[0].Overlaps, reports[1].Overlaps})

		end := uint64(0)
		for r, a := range plan.All() {
			require.LessOrEqual(t, end, r.First)
			require.LessOrEqual(t, r.First, r.Last)
			require.Equal(t, r.First/codeSize, r.Last/codeSize)
			first, _ := plan.Lookup(r.First)
			require.Equal(t, a, first)
			end = r.Last + 1
		}
	})
}

// Law 2: equal plans give equal bytes, however their rows were cut.
func TestPlanBytes(t *testing.T) {
	t.Parallel()
	file := func(text string) []byte {
		plan, _, err := readOne(t, RegistryConfig{Strict: true}, header6+text)
		require.NoError(t, err)
		b, err := plan.AppendBinary(nil)
		require.NoError(t, err)
		return b
	}
	whole := file("900;5;29999;29995;А;Иркутская обл.\n901;0;9;10;А;Иркутская область\n")
	require.Equal(t, whole, file("901;0;9;10;А;Иркутская обл.\n900;20000;29999;10000;А;Иркутская обл.\n900;5;9999;9995;А;иркутская\n900;10000;19999;10000;А;Иркутская обл.\n"))
	require.NotEqual(t, whole, file("900;5;29999;29995;Б;Иркутская обл.\n901;0;9;10;А;Иркутская обл.\n"))
}

func TestPlanNil(t *testing.T) {
	t.Parallel()
	var none *Plan
	_, ok := none.Lookup(9_140_000_000)
	require.False(t, ok)
	for range none.All() {
		require.Fail(t, "a range in no plan")
	}
	b, err := none.AppendBinary(nil)
	require.NoError(t, err)
	empty, reports, err := ReadRegistry(RegistryConfig{})
	require.NoError(t, err)
	require.Empty(t, reports)
	same, err := empty.AppendBinary(nil)
	require.NoError(t, err)
	require.Equal(t, b, same)
	for _, nsn := range []uint64{0, 1 << 63, 10_000_000_000} {
		_, ok = empty.Lookup(nsn)
		require.False(t, ok)
	}
}

func TestPlanAllStops(t *testing.T) {
	t.Parallel()
	for range testPlan(t).All() {
		break
	}
	for range (&Plan{}).All() {
		require.Fail(t, "a range in no plan")
	}
}

func TestOpenPlanBroken(t *testing.T) {
	t.Parallel()
	good, err := testPlan(t).AppendBinary(nil)
	require.NoError(t, err)
	for i := range good {
		_, err := OpenPlan(good[:i])
		var broken *FormatError
		require.ErrorAs(t, err, &broken)
		flipped := bytes.Clone(good)
		flipped[i] ^= 1 << (i % 8)
		_, err = OpenPlan(flipped)
		require.ErrorAs(t, err, &broken, i)
		require.NotEmpty(t, broken.Text("ru"))
	}
	_, err = OpenPlan(seal([]byte{1, 6, 'R', 'U', '-', 'I', 'R'}))
	require.Equal(t, &FormatError{len(planMagic) + 3, "cut_short"}, err)
	for why, body := range map[string][]byte{
		"cut_short":           {1},
		"out_of_range":        {0, 0, 200, 1, 0, 0},
		"surplus":             {0, 0, 0, 7},
		"bad_text":            {1, 1, 0xff, 0, 0},
		"unknown_subdivision": {2, 1, 'x', 0, 1, 2, 0, 1, 1, 1, 0},
		"duplicate":           {1, 0, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0},
	} {
		_, err := OpenPlan(seal(body))
		var broken *FormatError
		require.ErrorAs(t, err, &broken, why)
		require.Equal(t, why, broken.Why)
	}
}

// seal makes a plan file of a body, with a right checksum.
func seal(body []byte) []byte {
	b := append([]byte(planMagic), planVersion)
	b = append(b, body...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b, crc32.MakeTable(crc32.Castagnoli)))
}

func FuzzOpenPlan(f *testing.F) {
	good, err := testPlan(f).AppendBinary(nil)
	require.NoError(f, err)
	f.Add(good[len(planMagic)+1 : len(good)-4])
	f.Add([]byte{0, 0, 0})
	f.Add([]byte{1, 6, 'R', 'U', '-', 'I', 'R', 'K', 1, 2, 0, 0, 0, 0, 1, 0, 9, 0})
	f.Fuzz(func(t *testing.T, body []byte) {
		_, _ = OpenPlan(body) // a bad frame
		plan, err := OpenPlan(seal(body))
		if err != nil {
			var broken *FormatError
			require.ErrorAs(t, err, &broken)
			return
		}
		b, err := plan.AppendBinary(nil)
		require.NoError(t, err)
		again, err := OpenPlan(b)
		require.NoError(t, err)
		c, err := again.AppendBinary(nil)
		require.NoError(t, err)
		require.Equal(t, b, c)
		for r, a := range plan.All() {
			got, ok := again.Lookup(r.First)
			require.True(t, ok)
			require.Equal(t, a, got)
		}
	})
}

func BenchmarkLookup(b *testing.B) {
	plan := testPlan(b)
	b.ReportAllocs()
	for b.Loop() {
		plan.Lookup(9_140_000_123)
	}
}
