package main

import (
	"bufio"
	"compress/gzip"
	_ "embed"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
)

// The example's own input: 420 invented bookings of a small house in the summer of 2027.
//
//go:embed bookings.csv
var ownBookings string

// A stay is one row of the file: who came, or did not, and when that was known.
type stay struct {
	line               int
	made               date.Date // arrival - lead_time
	arrival, departure date.Date
	pool               string
	status             string    // Check-Out, Canceled, No-Show
	ended              date.Date // when the status was reached
}

// A badRow says what in a row cannot be read. The rest of the file goes on.
type badRow struct {
	Line, Column int
	Field, Value string
	Why          string
}

func (r badRow) String() string {
	return fmt.Sprintf("line %d, column %d: %s %q %s", r.Line, r.Column, r.Field, r.Value, r.Why)
}

var columns = []string{"lead_time", "arrival_date_year", "arrival_date_month", "arrival_date_day_of_month", "stays_in_weekend_nights",
	"stays_in_week_nights", "assigned_room_type", "reservation_status", "reservation_status_date"}

// readFile reads a bookings file, plain or .gz; "" is the example's own.
func readFile(name string) (stays []stay, bad []badRow, err error) {
	if name == "" {
		return readBookings(strings.NewReader(ownBookings))
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, nil, err
	}
	defer f.Close()
	in := bufio.NewReaderSize(f, 1<<16)
	if magic, _ := in.Peek(2); len(magic) == 2 && magic[0] == 0x1f && magic[1] == 0x8b {
		zip, err := gzip.NewReader(in)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		stays, bad, err = readBookings(zip)
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		}
		return stays, bad, nil
	}
	stays, bad, err = readBookings(in)
	if err != nil {
		err = fmt.Errorf("%s: %w", name, err)
	}
	return stays, bad, err
}

// readBookings reads rows in the columns of the public hotel booking demand set.
func readBookings(in io.Reader) (stays []stay, bad []badRow, err error) {
	r := csv.NewReader(in)
	r.FieldsPerRecord = -1
	head, err := r.Read()
	if errors.Is(err, io.EOF) {
		return nil, nil, errors.New("the file is empty; its first line must name the columns " + strings.Join(columns, ", "))
	}
	if err != nil {
		return nil, nil, err
	}
	head[0] = strings.TrimPrefix(head[0], "\ufeff")
	at := make(map[string]int)
	for _, c := range columns {
		i := slices.Index(head, c)
		if i < 0 {
			return nil, nil, fmt.Errorf("the column %s is missing; the first line names %s", c, strings.Join(head, ", "))
		}
		at[c] = i
	}
	for {
		row, err := r.Read()
		switch {
		case errors.Is(err, io.EOF):
			return stays, bad, nil
		case err != nil:
			var parse *csv.ParseError
			if !errors.As(err, &parse) {
				return nil, nil, err
			}
			bad = append(bad, badRow{Line: parse.StartLine, Column: parse.Column, Field: "row", Why: parse.Err.Error()})
			continue
		}
		p := rowParser{csv: r, row: row, at: at}
		s := p.stay()
		if p.bad != nil {
			bad = append(bad, *p.bad)
			continue
		}
		stays = append(stays, s)
	}
}

// A rowParser reads the fields of one row and keeps the first fault.
type rowParser struct {
	csv *csv.Reader
	row []string
	at  map[string]int
	bad *badRow
}

func (p *rowParser) fail(field, value, why string) {
	if p.bad != nil {
		return
	}
	line, column := p.csv.FieldPos(0)
	if i := p.at[field]; i < len(p.row) {
		line, column = p.csv.FieldPos(i)
	}
	p.bad = &badRow{Line: line, Column: column, Field: field, Value: value, Why: why}
}

func (p *rowParser) text(field string) string {
	if p.at[field] >= len(p.row) {
		p.fail(field, "", "is missing: the row is too short")
		return ""
	}
	return p.row[p.at[field]]
}

func (p *rowParser) number(field string, most int) int {
	text := p.text(field)
	n, err := strconv.Atoi(text)
	if err != nil || n < 0 || n > most {
		p.fail(field, text, fmt.Sprintf("must be a whole number from 0 to %d", most))
	}
	return n
}

func (p *rowParser) stay() stay {
	month := p.text("arrival_date_month")
	m, err := time.Parse("January", month)
	if err != nil {
		p.fail("arrival_date_month", month, "must be the English name of a month")
	}
	y, d := p.number("arrival_date_year", 2100), p.number("arrival_date_day_of_month", 31)
	arrival := date.New(y, m.Month(), d)
	if arrival.Day() != d || arrival.Month() != m.Month() {
		p.fail("arrival_date_day_of_month", strconv.Itoa(d), "is no day of that month")
	}
	s := stay{arrival: arrival, pool: p.text("assigned_room_type"), status: p.text("reservation_status")}
	s.made = arrival - date.Date(p.number("lead_time", 3660))
	s.departure = arrival + date.Date(p.number("stays_in_weekend_nights", 366)+p.number("stays_in_week_nights", 366))
	if !slices.Contains([]string{"Check-Out", "Canceled", "No-Show"}, s.status) {
		p.fail("reservation_status", s.status, "must be Check-Out, Canceled or No-Show")
	}
	ended := p.text("reservation_status_date")
	if s.ended, err = date.ParseISO(ended); err != nil || len(ended) != len(time.DateOnly) {
		p.fail("reservation_status_date", ended, "must be a date like 2027-06-15")
	}
	if s.pool == "" {
		p.fail("assigned_room_type", "", "is missing")
	}
	s.line, _ = p.csv.FieldPos(0)
	return s
}
