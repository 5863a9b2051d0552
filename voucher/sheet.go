package voucher

import (
	"html"
	"strings"
	"unicode"
)

// A Sheet is a document as lines, from which HTML and PDF are made.
type Sheet struct {
	Lines []Line
}

// A LineKind says how a line looks.
type LineKind string

// The kinds of lines and how a body writes them.
const (
	LineText  LineKind = "text"  // a paragraph
	LineTitle LineKind = "title" // # title
	LineEntry LineKind = "entry" // label :: text
	LineRule  LineKind = "rule"  // ---
)

// A Line is one line of a sheet.
type Line struct {
	Kind  LineKind
	Label string // of an entry
	Text  string
}

// marks are the characters that mean something in a sheet's body.
const marks = `\#:-`

// escapeValue keeps a value on its line: whatever could begin a line, a label or a title loses
// its meaning, and a line end becomes a space.
func escapeValue(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for _, r := range s {
		switch {
		case unicode.IsControl(r) || r == '\u2028' || r == '\u2029':
			r = ' '
		case strings.ContainsRune(marks, r):
			b.WriteByte('\\')
		}
		b.WriteRune(r)
	}
	return b.String()
}

func unescape(s string) string {
	var b strings.Builder
	escaped := false
	for _, r := range strings.TrimSpace(s) {
		if r == '\\' && !escaped {
			escaped = true
			continue
		}
		escaped = false
		b.WriteRune(r)
	}
	return b.String()
}

func parseSheet(text string) Sheet {
	var s Sheet
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" {
			continue
		}
		if line == "---" {
			s.Lines = append(s.Lines, Line{Kind: LineRule})
			continue
		}
		if title, ok := strings.CutPrefix(line, "# "); ok {
			s.Lines = append(s.Lines, Line{Kind: LineTitle, Text: unescape(title)})
			continue
		}
		if label, text, ok := strings.Cut(line+" ", " :: "); ok {
			s.Lines = append(s.Lines, Line{Kind: LineEntry, Label: unescape(label), Text: unescape(text)})
			continue
		}
		s.Lines = append(s.Lines, Line{Kind: LineText, Text: unescape(line)})
	}
	return s
}

const sheetStyle = "body{font:16px/1.4 'DejaVu Sans',sans-serif;max-width:44em;margin:2em auto;padding:0 1em}" +
	"h1{font-size:1.4em}dl{display:grid;grid-template-columns:minmax(8em,1fr) 2fr;gap:.3em 1em;margin:.5em 0}dt{color:#555}dd{margin:0}"

func (s Sheet) html(lang string) []byte {
	var b strings.Builder
	b.WriteString(`<!DOCTYPE html><html lang="` + lang + `"><head><meta charset="utf-8"><title>`)
	for _, l := range s.Lines {
		if l.Kind == LineTitle {
			b.WriteString(html.EscapeString(l.Text))
			break
		}
	}
	b.WriteString("</title><style>" + sheetStyle + "</style></head><body>\n")
	for i, l := range s.Lines {
		text := html.EscapeString(l.Text)
		entry := func(at int) bool { return at >= 0 && at < len(s.Lines) && s.Lines[at].Kind == LineEntry }
		switch l.Kind {
		case LineTitle:
			b.WriteString("<h1>" + text + "</h1>\n")
		case LineRule:
			b.WriteString("<hr>\n")
		case LineEntry:
			if !entry(i - 1) {
				b.WriteString("<dl>\n")
			}
			b.WriteString("<dt>" + html.EscapeString(l.Label) + "</dt><dd>" + text + "</dd>\n")
			if !entry(i + 1) {
				b.WriteString("</dl>\n")
			}
		default:
			b.WriteString("<p>" + text + "</p>\n")
		}
	}
	b.WriteString("</body></html>\n")
	return []byte(b.String())
}
