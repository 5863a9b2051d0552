package forecast

import (
	"encoding/csv"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/shopspring/decimal"
)

// A Table is a report or a forecast to be written out. Every row has as many cells as there are
// columns.
type Table struct {
	Title   string
	Columns []Column
	Rows    [][]Cell
	Total   []Cell // nil: none
}

// A Column has a title, and numbers or words.
type Column struct {
	Title  string
	Number bool
}

// A Cell is what is shown. What is undefined is shown as [Dash].
type Cell string

// Dash stands for what is undefined: a ratio with nothing below the line, growth on nothing.
const Dash Cell = "–"

// WriteCSV writes the columns' titles, the rows and the total as CSV (RFC 4180, UTF-8). A word that a
// spreadsheet would take for a formula is preceded by an apostrophe.
func (t Table) WriteCSV(w io.Writer) error {
	out := csv.NewWriter(w)
	head := make([]string, len(t.Columns))
	for i, c := range t.Columns {
		head[i] = plainText(c.Title)
	}
	if err := out.Write(head); err != nil {
		return err
	}
	for row := range t.all() {
		line := make([]string, len(t.Columns))
		for i := range line {
			if i < len(row) {
				line[i] = t.csvCell(i, row[i])
			}
		}
		if err := out.Write(line); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func (t Table) all() func(func([]Cell) bool) {
	return func(yield func([]Cell) bool) {
		for _, row := range t.Rows {
			if !yield(row) {
				return
			}
		}
		if t.Total != nil {
			yield(t.Total)
		}
	}
}

func (t Table) csvCell(column int, c Cell) string {
	if t.Columns[column].Number && isNumber(string(c)) {
		return string(c)
	}
	return plainText(string(c))
}

// isNumber tells -12.50 and +3.1% from =1+1.
func isNumber(s string) bool {
	for i, r := range s {
		if !(r >= '0' && r <= '9' || r == '.' || (i == 0 && (r == '-' || r == '+')) || (r == '%' && i == len(s)-1)) {
			return false
		}
	}
	return s != ""
}

func plainText(s string) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(strings.ReplaceAll(s, "\r\n", "\n"), "\r", "\n"), "\ufffd")
	if s != "" && strings.ContainsRune("=+-@\t", rune(s[0])) {
		return "'" + s
	}
	return s
}

// WriteMarkdown writes the title and the table as Markdown (the tables of GitHub). What would be
// markup in a cell is escaped.
func (t Table) WriteMarkdown(w io.Writer) error {
	var b strings.Builder
	if t.Title != "" {
		b.WriteString("### " + markdownText(t.Title) + "\n\n")
	}
	line := func(cells []string) {
		b.WriteString("| " + strings.Join(cells, " | ") + " |\n")
	}
	head, rule := make([]string, len(t.Columns)), make([]string, len(t.Columns))
	for i, c := range t.Columns {
		head[i], rule[i] = markdownText(c.Title), "---"
		if c.Number {
			rule[i] = "---:"
		}
	}
	line(head)
	line(rule)
	for _, row := range t.Rows {
		line(t.markdownRow(row, ""))
	}
	if t.Total != nil {
		line(t.markdownRow(t.Total, "**"))
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (t Table) markdownRow(row []Cell, around string) []string {
	cells := make([]string, len(t.Columns))
	for i := range cells {
		if i < len(row) && row[i] != "" {
			cells[i] = around + markdownText(string(row[i])) + around
		}
	}
	return cells
}

var markdownEscapes = strings.NewReplacer("\\", "\\\\", "|", "\\|", "*", "\\*", "_", "\\_", "`", "\\`", "[", "\\[", "<", "&lt;", ">", "&gt;", "&", "&amp;", "\r\n", " ", "\n", " ", "\r", " ")

func markdownText(s string) string { return markdownEscapes.Replace(strings.ToValidUTF8(s, "\ufffd")) }

// In returns the table with its own words in the language: "ru", or English for anything else. Words
// of the facts (tags, stages) stay as they are.
func (t Table) In(lang string) Table {
	if lang != "ru" {
		return t
	}
	t.Title = russian(t.Title)
	columns := make([]Column, len(t.Columns))
	for i, c := range t.Columns {
		columns[i] = Column{russian(c.Title), c.Number}
	}
	t.Columns = columns
	if len(t.Total) > 0 {
		t.Total = append([]Cell{Cell(russian(string(t.Total[0])))}, t.Total[1:]...)
	}
	return t
}

// russian translates what it knows: the whole, or the words around a value after ": ".
func russian(s string) string {
	if r, ok := russianWords[s]; ok {
		return r
	}
	for _, sep := range [...]string{": ", ", "} {
		if head, tail, ok := strings.Cut(s, sep); ok {
			return russian(head) + sep + russian(tail)
		}
	}
	return s
}

func words(titles ...string) []Column {
	columns := make([]Column, len(titles))
	for i, title := range titles {
		columns[i].Title = title
	}
	return columns
}

func numbers(titles ...string) []Column {
	columns := words(titles...)
	for i := range columns {
		columns[i].Number = true
	}
	return columns
}

func amountCell(d decimal.Decimal, currency string) Cell { return Cell(d.StringFixed(scale(currency))) }

func countCell(n int) Cell { return Cell(strconv.Itoa(n)) }

// percentCell shows a ratio in per cent, or a dash.
func percentCell(r Ratio) Cell {
	v, ok := r.Value()
	if !ok {
		return Dash
	}
	return Cell(v.Shift(2).StringFixed(1) + "%")
}

// quotientCell shows a ratio as an amount, or a dash.
func quotientCell(r Ratio, places int32) Cell {
	if r.Den.IsZero() {
		return Dash
	}
	return Cell(r.Num.DivRound(r.Den, places+4).RoundBank(places).StringFixed(places))
}

func durationCell(d time.Duration, ok bool) Cell {
	if !ok {
		return Dash
	}
	return Cell(d.Round(time.Second).String())
}

// Table shows the buckets with their total; parts, if any, follow as rows of their own.
func (f Forecast) Table() Table {
	places := scale(f.Unit)
	t := Table{
		Title:   "Forecast as of " + f.AsOf.String() + ", " + f.Unit,
		Columns: append(words("period"), numbers("mean", "low", "high", "on paper")...),
	}
	row := func(name string, b Bucket) []Cell {
		cells := []Cell{Cell(name)}
		for _, v := range [...]decimal.Decimal{b.Mean, b.Low, b.High, b.Contract} {
			cells = append(cells, Cell(v.StringFixed(places)))
		}
		return cells
	}
	for _, b := range f.Buckets {
		t.Rows = append(t.Rows, row(periodName(Period{From: b.From, To: b.To}), b))
	}
	t.Total = row("total", f.Total)
	return t
}

// PartsTable shows the parts with their total.
func (f Forecast) PartsTable() Table {
	t := f.Table()
	t.Columns = append(words("part"), t.Columns[1:]...)
	whole := Forecast{AsOf: f.AsOf, Unit: f.Unit, Total: f.Total}
	t.Rows = nil
	for _, p := range f.Parts {
		whole.Buckets = []Bucket{p.Bucket}
		row := whole.Table().Rows[0]
		row[0] = Cell(p.Tag)
		t.Rows = append(t.Rows, row)
	}
	return t
}

// EvidenceTable shows how each candidate did in the windows finished by AsOf.
func (f Forecast) EvidenceTable() Table {
	t := Table{Title: "Methods compared", Columns: append(words("method", "chosen"), numbers("windows", "WAPE", "bias", "coverage")...)}
	show := func(v float64) Cell {
		if v != v {
			return Dash
		}
		return Cell(strconv.FormatFloat(v, 'f', 3, 64))
	}
	for _, s := range f.Evidence {
		chosen := Cell("")
		if s.Method == f.Method {
			chosen = "yes"
		}
		t.Rows = append(t.Rows, []Cell{Cell(s.Method), chosen, countCell(s.Windows), show(s.WAPE), show(s.Bias), show(s.Coverage)})
	}
	return t
}

// Table shows plan, fact and the causes of the difference, by bucket.
func (r PlanFactReport) Table() Table {
	t := Table{
		Title: fmt.Sprintf("Plan of %s and fact of %s, %s", r.Planned, r.AsOf, r.Currency),
		Columns: append(words("period"), numbers("plan", "fact", "difference", "early", "late", "short", "redated",
			"cancelled", "unplanned", "expected", "low", "high")...),
	}
	row := func(name string, b PlanFactBucket) []Cell {
		cells := []Cell{Cell(name)}
		for _, v := range [...]decimal.Decimal{b.Plan, b.Fact, b.Difference(), b.Early, b.Late, b.Short, b.Redated, b.Cancelled, b.Unplanned, b.Expected, b.Low, b.High} {
			cells = append(cells, amountCell(v, r.Currency))
		}
		return cells
	}
	for _, b := range r.Buckets {
		t.Rows = append(t.Rows, row(periodName(Period{From: b.From, To: b.To}), b))
	}
	t.Total = row("total", r.Total)
	return t
}

// periodName names a period by its first day, with the last one if it is longer than a day.
func periodName(p Period) string {
	if p.To-p.From <= 1 {
		return p.From.String()
	}
	return p.From.String() + "–" + (p.To - 1).String()
}
