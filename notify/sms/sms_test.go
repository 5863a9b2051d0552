package sms_test

import (
	"fmt"
	"strings"
	"testing"
	"unicode/utf16"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/notify/sms"
)

func ExampleCount() {
	fmt.Println(sms.Count("Flat 12, code 4711"))
	fmt.Println(sms.Count("Квартира 12, код 4711"))
	fmt.Println(sms.Count("Flat 12 — code 4711")) // one dash, and 70 fit instead of 160
	// Output:
	// 1 142
	// 1 49
	// 1 51
}

func TestCount(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		text           string
		segments, left int
	}{
		{"empty", "", 0, 160},
		{"one", "a", 1, 159},
		{"full", strings.Repeat("a", 160), 1, 0},
		{"one too many", strings.Repeat("a", 161), 2, 153 - 8},
		{"escape at the edge", strings.Repeat("a", 152) + "€" + strings.Repeat("a", 10), 2, 153 - 12},
		{"escape fits alone", strings.Repeat("a", 158) + "€", 1, 0},
		{"brackets count two", "[{}]", 1, 152},
		{"line feed", "a\r\n", 1, 157},
		{"form feed", "\f", 1, 158},
		{"tab is not in the alphabet", "\t", 1, 69},
		{"backtick is not in the alphabet", "`", 1, 69},
		{"c cedilla, small", "ç", 1, 69},
		{"c cedilla, capital", "Ç", 1, 159},
		{"no-break space", "1\u00a0000", 1, 65},
		{"number sign", "№ 5", 1, 67},
		{"rouble", "500 ₽", 1, 65},
		{"guillemets", "«да»", 1, 66},
		{"cyrillic full", strings.Repeat("ы", 70), 1, 0},
		{"cyrillic too many", strings.Repeat("ы", 71), 2, 67 - 4},
		{"pair at the edge", strings.Repeat("ы", 66) + "🏠" + strings.Repeat("ы", 5), 2, 67 - 7},
		{"not UTF-8", "\xff\xfe", 1, 68},
		{"cut rune", "\xd0", 1, 69},
		{"greek capitals are in the alphabet", "ΔΦΓΛΩΠΨΣΘΞ", 1, 150},
	} {
		t.Run(c.name, func(t *testing.T) {
			segments, left := sms.Count(c.text)
			require.Equal(t, c.segments, segments)
			require.Equal(t, c.left, left)
		})
	}
}

// The default alphabet in code order, and the extension table, as TS 23.038 prints them.
const (
	alphabet = "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?" +
		"¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
	extension = "\f^{}[~]|\\€"
)

// pack is the naive model: it lays out real parts, character by character.
func pack(text string) (segments, left int) {
	var chars []int
	gsm := true
	for _, r := range text {
		gsm = gsm && (strings.ContainsRune(alphabet, r) || strings.ContainsRune(extension, r))
	}
	alone, each := 70, 67
	if gsm {
		alone, each = 160, 153
	}
	total := 0
	for _, r := range text {
		n := len(utf16.Encode([]rune{r}))
		if gsm {
			n = 1
			if strings.ContainsRune(extension, r) {
				n = 2
			}
		}
		chars = append(chars, n)
		total += n
	}
	if total == 0 {
		return 0, alone
	}
	if total <= alone {
		return 1, alone - total
	}
	var parts [][]int
	room := 0
	for _, n := range chars {
		if n > room {
			parts = append(parts, nil)
			room = each
		}
		parts[len(parts)-1] = append(parts[len(parts)-1], n)
		room -= n
	}
	return len(parts), room
}

// Law 14: Count equals a brute-force packing that cuts no escape or surrogate pair.
func TestCountEqualsPacking(t *testing.T) {
	t.Parallel()
	letters := rapid.OneOf(
		rapid.SampledFrom([]rune(alphabet)),
		rapid.SampledFrom([]rune(alphabet)),
		rapid.SampledFrom([]rune(extension)),
	)
	mixed := rapid.OneOf(letters, rapid.SampledFrom([]rune("абвёЁ«»—№₽\u00a0ç🏠𝄞한")), rapid.Rune())
	rapid.Check(t, func(t *rapid.T) {
		text := rapid.OneOf(
			rapid.StringOfN(letters, 0, 500, -1),
			rapid.StringOfN(mixed, 0, 250, -1),
		).Draw(t, "text")
		segments, left := sms.Count(text)
		wantSegments, wantLeft := pack(text)
		if segments != wantSegments || left != wantLeft {
			t.Fatalf("Count(%q) = %d, %d, want %d, %d", text, segments, left, wantSegments, wantLeft)
		}
	})
}

func FuzzCount(f *testing.F) {
	for _, seed := range []string{"", "a", "€", "ы", "🏠", "\xff", strings.Repeat("[", 81), strings.Repeat("a€", 80)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		segments, left := sms.Count(text)
		wantSegments, wantLeft := pack(text)
		if segments != wantSegments || left != wantLeft {
			t.Fatalf("Count(%q) = %d, %d, want %d, %d", text, segments, left, wantSegments, wantLeft)
		}
	})
}

func BenchmarkCount(b *testing.B) {
	for name, text := range map[string]string{
		"gsm":  strings.Repeat("Your flat is ready. Key code 4711. ", 8),
		"ucs2": strings.Repeat("Квартира готова, код ключа 4711. ", 8),
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			n := len([]rune(text))
			for b.Loop() {
				sms.Count(text)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/float64(n), "ns/char")
		})
	}
}
