// Package pdf draws a voucher sheet as a PDF.
//
// A voucher goes to a hotel's desk and to a tourist's phone, in Cyrillic, with ₽ and №, and must
// not come out blank where the font lacks a letter. One call makes the page:
//
//	sheet, err := document.Sheet(v.Values())
//	err = pdf.Render(w, sheet, pdf.Options{})
//
// Equal input gives equal bytes. A character that the font cannot draw is a [GlyphError], not a
// box. Text is drawn from left to right: scripts that join or reorder their letters are not shaped.
package pdf

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"codeberg.org/go-pdf/fpdf"
	"github.com/go-fonts/dejavu/dejavusans"
	"golang.org/x/image/font/sfnt"

	"github.com/tenure-go/tenure/voucher"
)

// Options say how the page looks. The zero value will do.
type Options struct {
	// Page is "A4", "A5" or "Letter".
	// Defaults to A4.
	Page string

	// Font is a TrueType font.
	// Defaults to DejaVu Sans: Latin, Greek, Cyrillic, Kazakh, Armenian, Georgian, ₽, №.
	Font []byte

	// Made is the date that the file tells of itself. With another date the bytes are other ones.
	// Defaults to the first instant of 2000 in UTC, which stands for none.
	Made time.Time
}

// A GlyphError lists the characters that the font cannot draw.
type GlyphError struct {
	Line    int // of the sheet, from 1: the first with such a character
	Missing []rune
}

// Error says it in English.
func (e *GlyphError) Error() string { return "pdf: " + e.Text("en") }

// Text says it in "en" or "ru".
func (e *GlyphError) Text(lang string) string {
	if lang == "ru" {
		return fmt.Sprintf("в шрифте нет символов %q (строка %d): укажите другой в Options.Font", string(e.Missing), e.Line)
	}
	return fmt.Sprintf("the font has no characters %q (line %d): give another in Options.Font", string(e.Missing), e.Line)
}

const (
	family  = "sheet"
	margin  = 20.0 // mm
	label   = 0.34 // the labels' share of the width
	size    = 11.0 // pt
	leading = 5.5  // mm
	gap     = 1.5  // mm
)

// Render writes the sheet as a PDF, on as many pages as it takes. An unknown page or a font that
// cannot be read is a [voucher.InvalidError]; then, and for a [GlyphError], nothing is written.
func Render(w io.Writer, s voucher.Sheet, o Options) error {
	if o.Page == "" {
		o.Page = "A4"
	}
	if !slices.Contains([]string{"A4", "A5", "Letter"}, o.Page) {
		return &voucher.InvalidError{Field: "page", Value: o.Page, Why: "A4, A5, Letter"}
	}
	if o.Made.IsZero() {
		o.Made = time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)
	}
	glyphs, err := fontOf(o.Font)
	if err != nil {
		return &voucher.InvalidError{Field: "font", Value: err.Error(), Why: "TrueType"}
	}
	if err := check(s, glyphs); err != nil {
		return err
	}
	if len(o.Font) == 0 {
		o.Font = dejavusans.TTF
	}
	d := drawing{Fpdf: fpdf.New("P", "mm", o.Page, "")}
	d.SetCatalogSort(true)
	d.SetCreationDate(o.Made.UTC())
	d.SetModificationDate(o.Made.UTC())
	d.SetProducer("tenure", false)
	d.AddUTF8FontFromBytes(family, "", o.Font)
	d.SetMargins(margin, margin, margin)
	d.SetAutoPageBreak(false, margin)
	d.SetCellMargin(0)
	if i := slices.IndexFunc(s.Lines, func(l voucher.Line) bool { return l.Kind == voucher.LineTitle }); i >= 0 {
		d.SetTitle(s.Lines[i].Text, true)
	}
	d.newPage()
	for _, l := range s.Lines {
		d.line(l)
	}
	var file bytes.Buffer
	if err := d.Output(&file); err != nil {
		return fmt.Errorf("pdf: %w", err)
	}
	if _, err := w.Write(file.Bytes()); err != nil {
		return fmt.Errorf("pdf: write: %w", err)
	}
	return nil
}

var standard = sync.OnceValues(func() (*sfnt.Font, error) { return sfnt.Parse(dejavusans.TTF) })

func fontOf(raw []byte) (*sfnt.Font, error) {
	if len(raw) == 0 {
		return standard()
	}
	return sfnt.Parse(raw)
}

// check looks for characters that would come out as a box, or not at all.
func check(s voucher.Sheet, font *sfnt.Font) error {
	var buf sfnt.Buffer
	drawn := map[rune]bool{} // looked for already
	var missing *GlyphError
	for i, l := range s.Lines {
		for _, r := range l.Label + l.Text {
			if drawn[r] {
				continue
			}
			drawn[r] = true
			glyph, err := font.GlyphIndex(&buf, r)
			if r == '\t' || err == nil && glyph != 0 && r >= ' ' && r <= 0xFFFF {
				continue
			}
			if missing == nil {
				missing = &GlyphError{Line: i + 1}
			}
			missing.Missing = append(missing.Missing, r)
		}
	}
	if missing != nil {
		return missing
	}
	return nil
}

type drawing struct {
	*fpdf.Fpdf
}

func (d drawing) newPage() {
	d.AddPage()
	d.SetXY(margin, margin)
}

func (d drawing) width() float64 {
	w, _ := d.GetPageSize()
	return w - 2*margin
}

// room begins a new page if there is no room for the height on this one.
func (d drawing) room(height float64) {
	_, h := d.GetPageSize()
	if d.GetY()+height > h-margin {
		d.newPage()
	}
}

func (d drawing) line(l voucher.Line) {
	switch l.Kind {
	case voucher.LineRule:
		d.room(2 * gap)
		y := d.GetY() + gap
		d.SetDrawColor(160, 160, 160)
		d.Line(margin, y, margin+d.width(), y)
		d.SetY(y + 2*gap)
	case voucher.LineTitle:
		d.columns(16, 8, column{l.Text, 0, d.width(), 0})
		d.SetY(d.GetY() + gap)
	case voucher.LineEntry:
		left := d.width() * label
		d.columns(size, leading, column{l.Label, 0, left - 3, 90}, column{l.Text, left, d.width() - left, 0})
	default:
		d.columns(size, leading, column{l.Text, 0, d.width(), 0})
	}
}

// A column is a text beside others: how far from the left, how wide, how gray.
type column struct {
	text    string
	x, wide float64
	gray    int
}

// columns writes texts side by side, wrapped each into its own width, over as many pages as they
// take.
func (d drawing) columns(points, height float64, columns ...column) {
	d.SetFont(family, "", points)
	rows := 0
	wrapped := make([][]string, len(columns))
	for i, c := range columns {
		wrapped[i] = d.wrap(c.text, c.wide)
		rows = max(rows, len(wrapped[i]))
	}
	for row := range rows {
		d.room(height)
		y := d.GetY()
		for i, c := range columns {
			if row < len(wrapped[i]) {
				d.SetTextColor(c.gray, c.gray, c.gray)
				d.SetXY(margin+c.x, y)
				d.CellFormat(c.wide, height, wrapped[i][row], "", 0, "L", false, 0, "")
			}
		}
		d.SetXY(margin, y+height)
	}
	d.SetY(d.GetY() + gap)
}

// wrap breaks a text at its spaces, and a word that is wider than the column anywhere. Nothing but
// spaces at the breaks is lost.
func (d drawing) wrap(text string, wide float64) []string {
	var lines []string
	line, used := "", 0.0
	space := d.GetStringWidth(" ")
	for word := range strings.FieldsFuncSeq(text, func(r rune) bool { return r == ' ' || r == '\t' }) {
		w := d.GetStringWidth(word)
		if line != "" && used+space+w <= wide {
			line, used = line+" "+word, used+space+w
			continue
		}
		if line != "" {
			lines = append(lines, line)
		}
		line, used = word, w
		for used > wide {
			head := d.fit(line, wide)
			lines = append(lines, line[:head])
			line = line[head:]
			used = d.GetStringWidth(line)
		}
	}
	if line != "" {
		lines = append(lines, line)
	}
	return lines
}

// fit returns how many bytes of the word, one character at least, are no wider than the column.
func (d drawing) fit(word string, wide float64) int {
	used := 0.0
	for i, r := range word {
		if used += d.GetStringWidth(string(r)); used > wide && i > 0 {
			return i
		}
	}
	return len(word)
}
