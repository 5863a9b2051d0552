package show

import (
	"bufio"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/rickb777/date/v2"
)

// mostShown is how many bad rows are shown; the rest are counted.
const mostShown = 20

// Read gives each the rows of the input, a CSV file with a line of names: the file of -in, plain or
// .gz, or the program's own. A row that cannot be read is reported with its line, its column, the
// reason and like, a right row; it is counted and left out, and the rest goes on. A file without the
// columns, or without one right row, is a *UsageError.
func (s *Story) Read(own, like string, columns []string, each func(*Row)) (right, bad int, err error) {
	var in io.Reader = strings.NewReader(own)
	name := s.T("the example's own input", "свои данные примера")
	if s.in != "" {
		f, err := os.Open(s.in)
		if err != nil {
			return 0, 0, &UsageError{err.Error()}
		}
		defer f.Close()
		in, name = f, s.in
	}
	right, bad, err = readRows(in, columns, each, func(n int, e *RowError) {
		if n <= mostShown {
			fmt.Fprintf(s.Errs, "%s: %s\n", name, e.Text(s.Lang))
		}
	})
	if bad > mostShown {
		fmt.Fprintf(s.Errs, s.T("%s: and %d more rows that cannot be read\n", "%s: и ещё строк, которые не прочесть: %d\n"), name, bad-mostShown)
	}
	if bad > 0 {
		fmt.Fprintf(s.Errs, s.T("%s: a right row is %s\n", "%s: верная строка: %s\n"), name, like)
	}
	switch {
	case err != nil:
		return right, bad, &UsageError{name + ": " + err.Error()}
	case right == 0:
		return right, bad, &UsageError{fmt.Sprintf("%s: no row can be read; the first line names %s, a right row is %s", name, strings.Join(columns, ","), like)}
	}
	return right, bad, nil
}

func readRows(in io.Reader, columns []string, each func(*Row), report func(n int, e *RowError)) (right, bad int, err error) {
	buffered := bufio.NewReaderSize(in, 1<<16)
	in = buffered
	if magic, _ := buffered.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		if in, err = gzip.NewReader(buffered); err != nil {
			return 0, 0, err
		}
	}
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return 0, 0, errors.New("the file is empty; its first line must name the columns " + strings.Join(columns, ","))
	}
	if err != nil {
		return 0, 0, err
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	at := make(map[string]int)
	for _, c := range columns {
		i := slices.Index(head, c)
		if i < 0 {
			return 0, 0, fmt.Errorf("the column %s is missing; the first line names %s", c, strings.Join(head, ","))
		}
		at[c] = i
	}
	for {
		fields, err := r.Read()
		if errors.Is(err, io.EOF) {
			return right, bad, nil
		}
		row := &Row{csv: r, fields: fields, at: at}
		var parse *csv.ParseError
		switch {
		case errors.As(err, &parse):
			row.bad = &RowError{Line: parse.StartLine, Column: parse.Column, Why: parse.Err.Error(), Why2: parse.Err.Error()}
		case err != nil:
			return right, bad, err
		default:
			each(row)
		}
		if row.bad != nil {
			bad++
			report(bad, row.bad)
			continue
		}
		right++
	}
}

// A Row is one row of the input. Its methods return zero values for what cannot be read and keep the
// first fault; ask OK before the row is used.
type Row struct {
	csv    *csv.Reader
	fields []string
	at     map[string]int
	bad    *RowError
}

// OK reports whether everything that was asked for could be read.
func (r *Row) OK() bool { return r.bad == nil }

// Line returns the row's line in the file.
func (r *Row) Line() int {
	line, _ := r.csv.FieldPos(0)
	return line
}

// Bad says, in English and in Russian, what is wrong with a field. The first fault of a row counts.
func (r *Row) Bad(column, en, ru string) {
	if r.bad != nil {
		return
	}
	line, at := r.csv.FieldPos(0)
	value := ""
	if i := r.at[column]; i < len(r.fields) {
		line, at = r.csv.FieldPos(i)
		value = r.fields[i]
	}
	r.bad = &RowError{Line: line, Column: at, Field: column, Value: value, Why: en, Why2: ru}
}

// Text returns a field.
func (r *Row) Text(column string) string {
	i := r.at[column]
	if i >= len(r.fields) {
		r.Bad(column, "is missing: the row is too short", "отсутствует: строка слишком короткая")
		return ""
	}
	return r.fields[i]
}

// Int returns a whole number from low to high.
func (r *Row) Int(column string, low, high int) int {
	n, err := strconv.Atoi(r.Text(column))
	if err != nil || n < low || n > high {
		r.Bad(column, fmt.Sprintf("must be a whole number from %d to %d", low, high), fmt.Sprintf("должно быть целым числом от %d до %d", low, high))
		return low
	}
	return n
}

// Date returns a date like 2027-06-15.
func (r *Row) Date(column string) date.Date {
	text := r.Text(column)
	d, err := date.ParseISO(text)
	if err != nil || len(text) != len("2027-06-15") {
		r.Bad(column, "must be a date like 2027-06-15", "должно быть датой вида 2027-06-15")
	}
	return d
}

// OneOf returns a field that must be one of the words.
func (r *Row) OneOf(column string, words ...string) string {
	text := r.Text(column)
	if !slices.Contains(words, text) {
		r.Bad(column, "must be one of "+strings.Join(words, ", "), "должно быть одним из: "+strings.Join(words, ", "))
	}
	return text
}

// A RowError says what in a row cannot be read.
type RowError struct {
	Line, Column int
	Field, Value string
	Why, Why2    string // in English, in Russian
}

func (e *RowError) Error() string { return e.Text("en") }

// Text returns the error in a language, "en" or "ru".
func (e *RowError) Text(lang string) string {
	where, why := "line %d, column %d: ", e.Why
	if lang == "ru" {
		where, why = "строка %d, место %d: ", e.Why2
	}
	if e.Field != "" {
		why = fmt.Sprintf("%s %q %s", e.Field, e.Value, why)
	}
	return fmt.Sprintf(where, e.Line, e.Column) + why
}
