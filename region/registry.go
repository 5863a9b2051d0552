package region

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
)

// RegistryConfig says how to read files of the register.
type RegistryConfig struct {
	// MaxBytes is the most that one file may have.
	// Defaults to 64 MiB.
	MaxBytes int64

	// Strict makes a faulty row an error, where it would be skipped and counted.
	// Defaults to false.
	Strict bool
}

// A FileReport tells what one file of the register holds.
type FileReport struct {
	Rows          int // good ones; all that follows counts rows of these, but for Codes, Numbers, BadRows
	Codes         int // three-digit codes
	Numbers       int64
	SeveralPlaces int // rows of two subdivisions or more
	Nationwide    int
	Unresolved    int // no subdivision could be read, and the row is not nationwide
	Differing     int // Регион names other subdivisions than Территория ГАР, which holds
	Overlaps      int // rows with a number that an earlier row holds, of this or an earlier file; that row holds
	BadRows       int
	Bad           []*RowError // the first 100
}

const (
	defaultMaxBytes = 64 << 20
	maxBadRows      = 100
)

// ReadRegistry reads files of the Ministry's open register of the Russian numbering plan,
// ABC-*.csv and DEF-*.csv in any of their forms since 2014, into one plan. It reports on each file.
//
// An error names the file by its place in the list, from 1, and wraps a [*HeaderError] if it is
// not the register, an [*InvalidError] if it is too large, a [*RowError] with Strict, or the
// reader's own. A faulty row alone is none: it is skipped, and counted in the report.
func ReadRegistry(c RegistryConfig, files ...io.Reader) (*Plan, []FileReport, error) {
	if c.MaxBytes <= 0 {
		c.MaxBytes = defaultMaxBytes
	}
	r := registryReader{config: c, records: newRecordSet(1000)}
	for i, file := range files {
		if err := r.read(file); err != nil {
			return nil, r.reports, fmt.Errorf("file %d of the register: %w", i+1, err)
		}
	}
	rows, overlapping := disjoint(r.rows)
	for i, o := range overlapping {
		if o {
			r.reports[r.file(i)].Overlaps++
		}
	}
	return newPlan(rows, r.records.records), r.reports, nil
}

type registryReader struct {
	config  RegistryConfig
	records *recordSet
	rows    []planRow
	ends    []int // how many rows there were after each file
	reports []FileReport
}

// file is the file of row i.
func (r *registryReader) file(i int) int {
	f, _ := slices.BinarySearch(r.ends, i+1)
	return f
}

func (r *registryReader) read(file io.Reader) error {
	text, err := r.text(file)
	if err != nil {
		return err
	}
	header, rest, _ := strings.Cut(text, "\n")
	columns, err := readHeader(header)
	if err != nil {
		return err
	}
	report := FileReport{}
	codes := map[uint64]bool{}
	cells := map[[2]string]territory{}
	for line := 2; rest != ""; line++ {
		var text string
		text, rest, _ = strings.Cut(rest, "\n")
		if text = strings.TrimSuffix(text, "\r"); strings.TrimSpace(text) == "" {
			continue
		}
		row, bad := columns.row(text)
		if bad != nil {
			bad.Line = line
			if r.config.Strict {
				return bad
			}
			if report.BadRows++; len(report.Bad) < maxBadRows {
				report.Bad = append(report.Bad, bad)
			}
			continue
		}
		cell := [2]string{row.region, row.territory}
		t, ok := cells[cell]
		if !ok {
			t = readTerritory(row.region, row.territory)
			cells[cell] = t
		}
		report.count(t)
		report.Numbers += int64(row.last - row.first + 1)
		codes[row.first/codeSize] = true
		r.rows = append(r.rows, planRow{row.first, row.last, r.records.add(Allocation{
			Subdivisions: t.subdivisions, District: t.district, Locality: t.locality,
			Operator: row.operator, Nationwide: t.nationwide,
		})})
	}
	report.Codes = len(codes)
	r.reports, r.ends = append(r.reports, report), append(r.ends, len(r.rows))
	return nil
}

func (f *FileReport) count(t territory) {
	f.Rows++
	switch {
	case len(t.subdivisions) > 1:
		f.SeveralPlaces++
	case t.nationwide:
		f.Nationwide++
	case !t.known:
		f.Unresolved++
	}
	if t.differs {
		f.Differing++
	}
}

// text is the whole file in UTF-8.
func (r *registryReader) text(file io.Reader) (string, error) {
	var b bytes.Buffer
	n, err := b.ReadFrom(io.LimitReader(file, r.config.MaxBytes+1))
	switch {
	case err != nil:
		return "", err
	case n > r.config.MaxBytes:
		return "", &InvalidError{Field: "file", Value: fmt.Sprintf("> %d B", r.config.MaxBytes), Why: "too_large"}
	}
	text := strings.TrimPrefix(b.String(), "\ufeff")
	if utf8.ValidString(text) {
		return text, nil
	}
	return charmap.Windows1251.NewDecoder().String(text)
}

// columns has the place of each column in a row, -1 for one that the file lacks.
type columns struct {
	fields                                          []string // of the row being read
	count                                           int
	code, from, to, capacity, operator, region, gar int
}

// readHeader finds the columns by their names.
func readHeader(line string) (columns, error) {
	c := columns{code: -1, from: -1, to: -1, capacity: -1, operator: -1, region: -1, gar: -1}
	names := strings.Split(strings.TrimSuffix(line, "\r"), ";")
	c.count = len(names)
	known := []struct {
		name     string
		at       *int
		optional bool
	}{
		{"АВС/ DEF", &c.code, false},
		{"От", &c.from, false},
		{"До", &c.to, false},
		{"Емкость", &c.capacity, false},
		{"Оператор", &c.operator, false},
		{"Регион", &c.region, false},
		{"Территория ГАР", &c.gar, true},
	}
	for i, name := range names {
		for _, k := range known {
			if *k.at < 0 && headerKey(name) == headerKey(k.name) {
				*k.at = i
			}
		}
	}
	var missing []string
	for _, k := range known {
		if *k.at < 0 && !k.optional {
			missing = append(missing, k.name)
		}
	}
	if missing == nil {
		return c, nil
	}
	got := line
	if len(got) > 200 {
		got = strings.ToValidUTF8(got[:200], "")
	}
	return c, &HeaderError{Missing: missing, Got: got, HTML: strings.HasPrefix(strings.TrimSpace(line), "<")}
}

// headerKey is what the spellings of a column's name have in common: АВС may be Cyrillic or Latin.
func headerKey(name string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '\u00a0', '"', '\t':
			return -1
		case 'ё':
			return 'е'
		case 'а':
			return 'a'
		case 'в':
			return 'b'
		case 'с':
			return 'c'
		}
		return r
	}, strings.ToLower(name))
}

// A registryRow is one row, read.
type registryRow struct {
	first, last                 uint64
	operator, region, territory string
}

// row reads a line. A field too many belongs to the operator, whose name may hold the separator.
func (c *columns) row(line string) (registryRow, *RowError) {
	fields := c.fields[:0]
	for field := range strings.SplitSeq(line, ";") {
		fields = append(fields, field)
	}
	c.fields = fields
	surplus := len(fields) - c.count
	if surplus < 0 {
		return registryRow{}, &RowError{Field: "columns", Value: line, Why: "missing"}
	}
	cell := func(i int) string {
		switch {
		case i < 0:
			return ""
		case i == c.operator:
			return unquote(strings.Join(fields[i:i+surplus+1], ";"))
		case i > c.operator:
			i += surplus
		}
		return unquote(fields[i])
	}
	bad := func(column int, field, why string) *RowError {
		return &RowError{Column: column + 1, Field: field, Value: cell(column), Why: why}
	}
	code, ok := number(cell(c.code))
	if !ok {
		return registryRow{}, bad(c.code, "code", "not_a_number")
	}
	from, ok := number(cell(c.from))
	if !ok {
		return registryRow{}, bad(c.from, "from", "not_a_number")
	}
	to, ok := number(cell(c.to))
	if !ok {
		return registryRow{}, bad(c.to, "to", "not_a_number")
	}
	capacity, ok := number(cell(c.capacity))
	switch {
	case !ok:
		return registryRow{}, bad(c.capacity, "capacity", "not_a_number")
	case code < 100 || code > 999:
		return registryRow{}, bad(c.code, "code", "out_of_range")
	case from >= codeSize:
		return registryRow{}, bad(c.from, "from", "out_of_range")
	case to >= codeSize:
		return registryRow{}, bad(c.to, "to", "out_of_range")
	case from > to:
		return registryRow{}, bad(c.to, "to", "order")
	case capacity != to-from+1:
		return registryRow{}, bad(c.capacity, "capacity", "sum")
	}
	return registryRow{
		first: code*codeSize + from, last: code*codeSize + to,
		operator: cell(c.operator), region: cell(c.region), territory: cell(c.gar),
	}, nil
}

// number reads up to eight digits.
func number(s string) (v uint64, ok bool) {
	if len(s) == 0 || len(s) > 8 {
		return 0, false
	}
	for i := range len(s) {
		d := s[i] - '0'
		if d > 9 {
			return 0, false
		}
		v = v*10 + uint64(d)
	}
	return v, true
}

// unquote trims a field, and opens one that is quoted as in CSV. A bare quote stays.
func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) < 2 || s[0] != '"' || s[len(s)-1] != '"' {
		return s
	}
	return strings.TrimSpace(strings.ReplaceAll(s[1:len(s)-1], `""`, `"`))
}
