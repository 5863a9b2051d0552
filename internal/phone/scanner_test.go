package phone

import (
	"encoding/csv"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/internal/realdata"
)

// brief writes what was found as "+74951234567#12", "masked", "too_short", …
func brief(ns []Number) string {
	var out []string
	for _, n := range ns {
		s := n.String()
		switch n.Grade {
		case GradeInvalid:
			s = map[Why]string{WhyTooShort: "short", WhyTooLong: "long", WhyUnknownCountry: "country", WhyInvalid: "invalid", WhyLetters: "letters"}[n.Why]
		case GradeMasked:
			s = "masked"
		case GradeUnassigned:
			s += "?"
		case GradeTollFree:
			s += "$"
		}
		if n.Ext != "" {
			s += "#" + n.Ext
		}
		out = append(out, s)
	}
	return strings.Join(out, " ")
}

func TestAppend(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ region, text, want string }{
		// One number, as written in Russia.
		{"RU", "+79312177429", "+79312177429"},
		{"RU", "89312177429", "+79312177429"},
		{"RU", "79312177429", "+79312177429"},
		{"RU", "9312177429", "+79312177429"},
		{"RU", "8123888065", "+78123888065"},
		{"RU", "8 (931) 217-74-29", "+79312177429"},
		{"RU", "+7 (947) 960-05-81", "+79479600581"},
		{"RU", "+7\u00a0982\u00a0692‑16‑64", "+79826921664"},
		{"RU", "(919)140.77.90", "+79191407790"},
		{"RU", "тел. 89023372307", "+79023372307"},
		{"RU", "тел89023372307", "+79023372307"},
		{"RU", "８ ９０２ ３３７-２３-０７", "+79023372307"},
		{"RU", "\u202a+7 902 337-23-07\u202c", "+79023372307"},
		{"RU", "tel:+7-902-337-23-07", "+79023372307"},
		// A code or a trunk prefix too many.
		{"RU", "+7 89914305632", "+79914305632"},
		{"RU", "+7 7 991 430 56 32", "+79914305632"},
		{"RU", "+8 991 430-56-32", "+79914305632"},
		{"RU", "+8 (495) 430-56-32", "+74954305632"},
		{"RU", "0079276633771", "+79276633771"},
		{"RU", "8~10 7 927 663-37-71", "+79276633771"},
		// Kazakhstan and service numbers.
		{"RU", "8 727 258-12-34", "+77272581234"},
		{"KZ", "7012345678", "+77012345678"},
		{"RU", "8 800 555-35-35", "+78005553535$"},
		{"RU", "8 344 555-35-35", "+73445553535?"},
		// Other plans.
		{"RU", "+375 29 123-45-67", "+375291234567"},
		{"RU", "810 375 29 123-45-67", "+375291234567"},
		{"RU", "375291234567", "+375291234567"},
		{"RU", "+39 0352 6553537", "+3903526553537"},
		{"RU", "+84 24 3825 2222", "+842438252222"},
		{"RU", "+1 800 555 0199", "+18005550199$"},
		{"US", "310/246-1501", "+13102461501"},
		{"US", "702-919-1300", "+17029191300"},
		{"US", "+7 916 123-45-67", "+79161234567"},
		{"BY", "8 029 123-45-67", "+375291234567"},
		{"BY", "79161234567", "+79161234567"},
		// Extensions.
		{"RU", "+7 (846) 301-19-49, вн. 397", "+78463011949#397"},
		{"RU", "8-499-589-81-92 ext 753", "+74995898192#753"},
		{"RU", "78463011949#643", "+78463011949#643"},
		{"RU", "8(846)231.60.14 доб.: №139", "+78462316014#139"},
		{"RU", "раб 846)231.60.14 *139", "+78462316014#139"},
		{"RU", "8462316014x12", "+78462316014#12"},
		{"RU", "tel:+74951234567;ext=12", "+74951234567#12"},
		{"RU", "8 495 123-45-67 (доб. １２)", "+74951234567#12"},
		{"RU", "8 495 123-45-67 доб 89161234567", "+74951234567 +79161234567"},
		{"RU", "8 495 123-45-67 доб 12 доб 13", "+74951234567#12 short"},
		// Several numbers.
		{"RU", "89936364540, 9984595831", "+79936364540 +79984595831"},
		{"RU", "+7 (952) 523-67-31 или +7 (906) 099-20-27", "+79525236731 +79060992027"},
		{"RU", "89936364540/9984595831", "+79936364540 +79984595831"},
		{"RU", "8993636454089845958312", "+79936364540 +79845958312"},
		{"RU", "99363645409984595831", "+79936364540 +79984595831"},
		{"RU", "8 993 636 45 40 8 998 459 58 31", "+79936364540 +79984595831"},
		{"RU", "+7 993 636 45 40 +7 998 459 58 31", "+79936364540 +79984595831"},
		{"RU", "8 993 636 45 40 доб 1, 8 998 459 58 31 доб 2", "+79936364540#1 +79984595831#2"},
		{"RU", "8 495 123-45-67/68", "+74951234567 short"},
		{"RU", "Анна, кв 5: 8 916 123-45-67", "short +79161234567"},
		{"RU", "495/123-45-67", "+74951234567"},
		{"RU", "495/123/45/67", "+74951234567"},
		// Hidden or misread digits.
		{"RU", "+7 (995) ***-**-27", "masked"},
		{"RU", "+7 (___) ___-__-__", "masked"},
		{"RU", "8916xxx4567", "masked"},
		{"RU", "8 916 ххх-45-67", "masked"},
		{"RU", "+7 916 •••-••-67", "masked"},
		{"RU", "8916123456*", "masked"},
		{"RU", "8343123456*", "masked"},
		{"RU", "* 8 916 123-45-67", "+79161234567"},
		{"RU", "8 (9I6) 123-45-67", "letters"},
		{"RU", "8 916 I23-45-67", "letters"},
		{"RU", "8 91б 123-45-67", "letters"},
		{"RU", "8916123456З", "letters"},
		// No number.
		{"RU", "", ""},
		{"RU", "нет", ""},
		{"RU", "***", ""},
		{"RU", "0", "short"},
		{"RU", "24-00-00", "short"},
		{"RU", "8 916 123-45-6", "short"},
		{"RU", "+7924795617", "short"},
		{"RU", "7924795617", "short"},
		{"RU", "8 343 123 45 6", "short"},
		{"RU", "+71234567890", "invalid"},
		{"RU", "+7 916 123-45-678", "long"},
		{"RU", "8 916 123 45 67 12", "long"},
		{"RU", "4276 1234 5678 9012", "long"},
		{"RU", "+999 123456789", "country"},
		{"RU", strings.Repeat("1", 500), "long"},
		{"RU", strings.Repeat("1 ", 500), "long"},
	} {
		s, ok := NewScanner(tt.region)
		require.True(t, ok)
		require.Equal(t, tt.want, brief(s.Append(nil, tt.text)), "%s: %q", tt.region, tt.text)
	}
}

func TestAppendPlaces(t *testing.T) {
	t.Parallel()
	text := "Анна +7 (952) 523-67-31 доб. 12 или 8 916 123-45-67"
	ns := Scanner{}.Append(nil, text)
	require.Len(t, ns, 2)
	require.Equal(t, "+7 (952) 523-67-31 доб. 12", text[ns[0].Start:ns[0].End])
	require.Equal(t, "8 916 123-45-67", text[ns[1].Start:ns[1].End])

	ns = Scanner{}.Append(ns[:0], " (916) 123-45-67 ")
	require.Equal(t, "916) 123-45-67", " (916) 123-45-67 "[ns[0].Start:ns[0].End])
}

func TestNumberFields(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		text, country string
		line          Line
		nsn           uint64
		digits, code  int
	}{
		{"+74951234567", "RU", LineFixed, 4951234567, 10, 1},
		{"+79161234567", "RU", LineMobile, 9161234567, 10, 1},
		{"+78005553535", "RU", LineTollFree, 8005553535, 10, 1},
		{"+78095553535", "RU", LineNonGeographic, 8095553535, 10, 1},
		{"+77272581234", "KZ", LineFixed, 7272581234, 10, 1},
		{"+77012345678", "KZ", LineMobile, 7012345678, 10, 1},
		{"+375291234567", "BY", LineMobile, 291234567, 9, 3},
		{"+3903526553537", "IT", LineFixed, 3526553537, 11, 2},
		{"+12125550123", "US", LineFixedOrMobile, 2125550123, 10, 1},
		{"+80012345678", "", LineTollFree, 12345678, 8, 3},
	} {
		ns := Scanner{}.Append(nil, tt.text)
		require.Len(t, ns, 1, tt.text)
		n := ns[0]
		nsn, digits := n.NSN()
		require.Equal(t, tt.text, n.String())
		require.Equal(t, []any{tt.country, tt.line, tt.nsn, tt.digits, tt.code}, []any{n.Country, n.Line, nsn, digits, n.CodeLen}, tt.text)
	}
	_, ok := NewScanner("XX")
	require.False(t, ok)
}

// Any way of writing one number reads the same.
func TestWritingDoesNotMatter(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ndc := rapid.IntRange(300, 999).Filter(AssignedNDC).Draw(t, "ndc")
		rest := rapid.IntRange(0, 9_999_999).Draw(t, "rest")
		digits := fmt.Sprintf("%03d%07d", ndc, rest)
		want := "+7" + digits
		prefix := rapid.SampledFrom([]string{"+7", "8 ", "7", "", "+7 8 ", "+7 7 ", "007 ", "8~10 7 "}).Draw(t, "prefix")
		var b strings.Builder
		b.WriteString(rapid.SampledFrom([]string{"", " ", "тел.: ", "Анна "}).Draw(t, "label"))
		b.WriteString(prefix)
		for i, d := range digits {
			if i > 0 && (prefix != "" || i > 1) {
				b.WriteString(rapid.SampledFrom([]string{"", "", "", " ", "-", ".", " (", ") ", "\u00a0", "\u2011"}).Draw(t, "gap"))
			}
			b.WriteRune(d)
		}
		ext := rapid.SampledFrom([]string{"", "", "12", "0"}).Draw(t, "ext")
		if ext != "" {
			b.WriteString(rapid.SampledFrom([]string{"#", " доб. ", ", вн. ", ";ext=", " *"}).Draw(t, "announce") + ext)
		}
		ns := Scanner{}.Append(nil, b.String())
		require.Len(t, ns, 1, b.String())
		require.Equal(t, want, ns[0].String(), b.String())
		require.Equal(t, ext, ns[0].Ext, b.String())
	})
}

// The fast path and the scan agree.
func TestFastPathAgrees(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.StringMatching(`[ (]?\+?[ (]?[78]?[ (-]?[0-9]{3}[ ).-]{0,2}[0-9]{3}[ .-]?[0-9]{2}[ .-]?[0-9]{1,2}[ )]?`).Draw(t, "text")
		require.Equal(t, Scanner{}.scan(nil, text), Scanner{}.Append(nil, text), text)
	})
}

// No path but to phonenumbers allocates.
func TestAllocations(t *testing.T) {
	buf := make([]Number, 0, 8)
	for _, text := range []string{"+7 (947) 960-05-81", "89936364540, 9984595831 или 8 495 123-45-67 доб. 12", "+7 (995) ***-**-27"} {
		require.Zero(t, testing.AllocsPerRun(100, func() { buf = Scanner{}.Append(buf[:0], text) }), text)
	}
}

// The stream of made-up inquiries knows what each written number is.
func TestAppendStream(t *testing.T) {
	t.Parallel()
	rows := csv.NewReader(strings.NewReader(string(realdata.Read(t, "dedup/synth_dev.csv.gz"))))
	_, err := rows.Read()
	require.NoError(t, err)
	read, whole := 0, 0
	for {
		row, err := rows.Read()
		if err == io.EOF {
			break
		}
		require.NoError(t, err)
		raw, truth, role := row[5], row[8], row[10]
		ns := Scanner{}.Append(nil, raw)
		read++
		switch role {
		case "own", "second", "family", "recycled", "desk":
			var got []string
			for _, n := range ns {
				require.True(t, n.whole(), "%q: %s", raw, brief(ns))
				s := strconv.FormatUint(n.E164, 10)
				if n.Ext != "" {
					s += "#" + n.Ext
				}
				got = append(got, s)
			}
			want := strings.Fields(truth)
			if truth == "" {
				require.Len(t, ns, 1, raw)
				break
			}
			sort.Strings(got)
			sort.Strings(want)
			require.Equal(t, want, got, raw)
			whole++
		case "masked":
			require.Equal(t, "masked", brief(ns), raw)
		case "homoglyph":
			require.Equal(t, "letters", brief(ns), raw)
		case "none":
			require.Empty(t, ns, raw)
		}
	}
	require.Equal(t, 100_000, read)
	t.Logf("rows used: %d, of them %d with a known number", read, whole)
}

func FuzzAppend(f *testing.F) {
	for _, s := range []string{"8 916 123-45-67, доб. 12 или +375 29 123-45-67", "+7 (995) ***-**-27", "8 (9I6) 123", "310/246-1501", "８９１６１２３４５６７", "tel:+74951234567;ext=12", "9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9 9"} {
		f.Add(s, "RU")
		f.Add(s, "US")
	}
	f.Fuzz(func(t *testing.T, text, region string) {
		s, ok := NewScanner(region)
		if !ok {
			return
		}
		at := 0
		covered := make([]bool, len(text))
		for _, n := range s.Append(nil, text) {
			require.LessOrEqual(t, at, n.Start)
			require.Less(t, n.Start, n.End)
			require.LessOrEqual(t, n.End, len(text))
			at = n.End
			for i := n.Start; i < n.End; i++ {
				covered[i] = true
			}
			require.Equal(t, n.Grade == GradeInvalid, n.Why != WhyNone)
			require.Equal(t, n.Grade == GradeInvalid || n.Grade == GradeMasked, n.E164 == 0)
			if n.E164 == 0 {
				continue
			}
			// Reading is idempotent on its own output.
			own := n.String()
			if n.Ext != "" {
				own = "tel:" + own + ";ext=" + n.Ext
			}
			again := s.Append(nil, own)
			require.Len(t, again, 1, own)
			require.Equal(t, brief([]Number{n}), brief(again), own)
		}
		for i := range text {
			if text[i] >= '0' && text[i] <= '9' {
				require.True(t, covered[i], "digit at %d of %q is in no number", i, text)
			}
		}
	})
}

func BenchmarkAppend(b *testing.B) {
	for _, bb := range []struct{ name, text string }{
		{"fast", "+7 (947) 960-05-81"},
		{"extension", "8 495 123-45-67, доб. 12"},
		{"foreign", "+375 29 123-45-67"},
	} {
		b.Run(bb.name, func(b *testing.B) {
			b.ReportAllocs()
			buf := make([]Number, 0, 4)
			for b.Loop() {
				buf = Scanner{}.Append(buf[:0], bb.text)
			}
		})
	}
}
