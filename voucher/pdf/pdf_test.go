package pdf_test

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/go-fonts/dejavu/dejavuserif"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/pdf"
)

var sheet = voucher.Sheet{Lines: []voucher.Line{
	{Kind: voucher.LineTitle, Text: "Ваучер № 01080621"},
	{Kind: voucher.LineEntry, Label: "Тур", Text: "Алтай: 7 дней"},
	{Kind: voucher.LineEntry, Label: "Стоимость", Text: "12\u00a0345,00\u00a0₽"},
	{Kind: voucher.LineRule},
	{Kind: voucher.LineText, Text: "Қазақша: әіңғүұқөһ. Łódź, Žižka, naïve."},
}}

func render(t testing.TB, s voucher.Sheet, o pdf.Options) []byte {
	var b bytes.Buffer
	require.NoError(t, pdf.Render(&b, s, o))
	return b.Bytes()
}

// read returns the text of a PDF, by poppler.
func read(t testing.TB, file []byte) string {
	tool, err := exec.LookPath("pdftotext")
	if err != nil && os.Getenv("CI") == "" {
		t.Skip("pdftotext is not here: install poppler-utils")
	}
	require.NoError(t, err, "install poppler-utils")
	cmd := exec.Command(tool, "-layout", "-", "-")
	cmd.Stdin = bytes.NewReader(file)
	out, err := cmd.Output()
	require.NoError(t, err)
	return strings.ReplaceAll(string(out), "\u00a0", " ")
}

func TestTextComesBack(t *testing.T) {
	t.Parallel()
	text := read(t, render(t, sheet, pdf.Options{}))
	for _, want := range []string{"Ваучер № 01080621", "Алтай: 7 дней", "12 345,00 ₽", "Қазақша: әіңғүұқөһ. Łódź, Žižka, naïve."} {
		require.Contains(t, text, want)
	}
}

func TestEqualInputGivesEqualBytes(t *testing.T) {
	t.Parallel()
	first := render(t, sheet, pdf.Options{})
	for range 5 {
		require.True(t, bytes.Equal(first, render(t, sheet, pdf.Options{})))
	}
	made := pdf.Options{Made: time.Date(2021, 6, 1, 12, 0, 0, 0, time.FixedZone("", 6*3600))}
	dated := render(t, sheet, made)
	require.False(t, bytes.Equal(first, dated))
	require.Contains(t, string(dated), "D:20210601060000")
	require.True(t, bytes.Equal(dated, render(t, sheet, made)))
}

// Long texts wrap and go on over pages; nothing is lost.
func TestNothingIsLost(t *testing.T) {
	t.Parallel()
	var words []string
	for i := range 2000 {
		words = append(words, fmt.Sprintf("слово%d", i))
	}
	long := strings.Repeat("Ы", 500)
	s := voucher.Sheet{Lines: []voucher.Line{
		{Kind: voucher.LineTitle, Text: strings.Join(words[:40], " ")},
		{Kind: voucher.LineEntry, Label: "метка " + strings.Join(words[:9], " "), Text: strings.Join(words, " ")},
		{Kind: voucher.LineText, Text: long},
		{Kind: voucher.LineText, Text: "конец"},
	}}
	text := read(t, render(t, s, pdf.Options{Page: "A5", Font: dejavuserif.TTF}))
	for _, w := range words {
		require.Contains(t, text, w)
	}
	require.Equal(t, 500, strings.Count(text, "Ы"))
	require.Contains(t, text, "конец")
	require.Greater(t, strings.Count(text, "\f"), 2, "pages")
}

func TestWhatCannotBeDrawn(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	s := voucher.Sheet{Lines: []voucher.Line{sheet.Lines[0], {Kind: voucher.LineText, Text: "漢字 and 漢 \U0010FFFF\x01"}}}
	err := pdf.Render(&out, s, pdf.Options{})
	var glyphs *pdf.GlyphError
	require.True(t, errors.As(err, &glyphs))
	require.Equal(t, pdf.GlyphError{Line: 2, Missing: []rune{'漢', '字', 0x10FFFF, 1}}, *glyphs)
	require.NotEqual(t, glyphs.Text("en"), glyphs.Text("ru"))
	var invalid *voucher.InvalidError
	require.ErrorAs(t, pdf.Render(&out, sheet, pdf.Options{Page: "B7"}), &invalid)
	require.ErrorAs(t, pdf.Render(&out, sheet, pdf.Options{Font: []byte("no font")}), &invalid)
	require.Zero(t, out.Len(), "nothing is written")
	require.NotEmpty(t, render(t, voucher.Sheet{}, pdf.Options{}))
}

func ExampleRender() {
	_, templates, err := voucher.ReadyPack("tour_sale")
	if err != nil {
		panic(err)
	}
	t := templates[len(templates)-1]
	t.Body, t.Fields = "# Ваучер № {{.number}}\n", t.Fields[:1]
	document, err := voucher.Compile(t)
	if err != nil {
		panic(err)
	}
	s, err := document.Sheet(voucher.Values{"number": voucher.Text("01080621")})
	if err != nil {
		panic(err)
	}
	var file bytes.Buffer
	err = pdf.Render(&file, s, pdf.Options{})
	fmt.Println(file.String()[:5], err)
	// Output: %PDF- <nil>
}
