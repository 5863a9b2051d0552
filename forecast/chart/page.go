package chart

import (
	"bytes"
	"fmt"
	"io"

	"github.com/tenure-go/tenure/forecast"
)

// A Section is a part of a page: words, charts and the tables they were drawn from.
type Section struct {
	Title  string
	Text   string // paragraphs, one a line
	Charts []SVG
	Tables []forecast.Table
}

const style = `
:root { color-scheme: light dark; --text: #1f2937; --back: #ffffff; --line: #d4d9e1; --soft: #f3f5f8; }
@media (prefers-color-scheme: dark) {
  :root { --text: #e5e7eb; --back: #14181f; --line: #3a4250; --soft: #1e242e; }
  svg text { fill: #cbd2dc; } svg .grid { stroke: #3a4250; } svg .head { fill: #e5e7eb; }
}
body { font: 15px/1.5 sans-serif; color: var(--text); background: var(--back); max-width: 1100px; margin: 2rem auto; padding: 0 1rem; }
svg { max-width: 100%; height: auto; display: block; margin: 1rem 0; }
.wide { overflow-x: auto; }
table { border-collapse: collapse; font-size: 13px; margin: 1rem 0; }
caption { text-align: left; font-weight: bold; padding: .3rem 0; }
th, td { border-bottom: 1px solid var(--line); padding: .25rem .6rem; text-align: left; white-space: nowrap; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
tfoot td { font-weight: bold; background: var(--soft); }
nav a { margin-right: 1rem; }
`

// Page writes one HTML file that needs nothing else: the sections one below the other, light or dark
// as the reader's system is. The first section's title is the page's.
func Page(w io.Writer, sections ...Section) error {
	var b bytes.Buffer
	title := ""
	if len(sections) > 0 {
		title = sections[0].Title
	}
	fmt.Fprintf(&b, "<!DOCTYPE html>\n<html>\n<head>\n<meta charset=\"utf-8\">\n<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>%s</title>\n<style>%s</style>\n</head>\n<body>\n", escape(title), style)
	fmt.Fprintf(&b, "<h1>%s</h1>\n", escape(title))
	if len(sections) > 1 {
		b.WriteString("<nav>")
		for i, s := range sections {
			fmt.Fprintf(&b, `<a href="#s%d">%s</a>`, i+1, escape(s.Title))
		}
		b.WriteString("</nav>\n")
	}
	for i, s := range sections {
		fmt.Fprintf(&b, "<section id=\"s%d\">\n<h2>%s</h2>\n", i+1, escape(s.Title))
		for _, line := range bytes.Split([]byte(s.Text), []byte("\n")) {
			if len(line) > 0 {
				fmt.Fprintf(&b, "<p>%s</p>\n", escape(string(line)))
			}
		}
		for _, c := range s.Charts {
			b.WriteString(string(c))
		}
		for _, t := range s.Tables {
			table(&b, t)
		}
		b.WriteString("</section>\n")
	}
	b.WriteString("</body>\n</html>\n")
	_, err := w.Write(b.Bytes())
	return err
}

func table(b *bytes.Buffer, t forecast.Table) {
	fmt.Fprintf(b, "<div class=\"wide\"><table>\n<caption>%s</caption>\n<thead><tr>", escape(t.Title))
	class := func(i int) string {
		if i < len(t.Columns) && t.Columns[i].Number {
			return ` class="n"`
		}
		return ""
	}
	for i, c := range t.Columns {
		fmt.Fprintf(b, "<th scope=\"col\"%s>%s</th>", class(i), escape(c.Title))
	}
	b.WriteString("</tr></thead>\n<tbody>\n")
	row := func(cells []forecast.Cell) {
		b.WriteString("<tr>")
		for i, c := range cells {
			fmt.Fprintf(b, "<td%s>%s</td>", class(i), escape(string(c)))
		}
		b.WriteString("</tr>\n")
	}
	for _, r := range t.Rows {
		row(r)
	}
	b.WriteString("</tbody>\n")
	if t.Total != nil {
		b.WriteString("<tfoot>")
		row(t.Total)
		b.WriteString("</tfoot>\n")
	}
	b.WriteString("</table></div>\n")
}
