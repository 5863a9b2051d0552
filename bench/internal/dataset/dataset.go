// Package dataset turns the public data sets that the benchmarks replay into facts of package
// forecast. A row that cannot be read is an error naming it; what a set is known to hold and no
// forecast can use (stays of no night, absurd prices, deals that never began) is counted.
package dataset

import (
	"bytes"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/forecast"
)

// Open returns the content of a file of the data folder, unpacked if its name ends in .gz.
func Open(dir, name string) (io.Reader, error) {
	raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if err != nil {
		return nil, err
	}
	if !strings.HasSuffix(name, ".gz") {
		return bytes.NewReader(raw), nil
	}
	return gzip.NewReader(bytes.NewReader(raw))
}

// A table reads rows by the names of their columns.
type table struct {
	csv    *csv.Reader
	column map[string]int
	row    []string
	line   int
	err    error
}

func open(r io.Reader, columns ...string) (*table, error) {
	t := &table{csv: csv.NewReader(r), column: map[string]int{}, line: 1}
	t.csv.ReuseRecord = true
	head, err := t.csv.Read()
	if err != nil {
		return nil, fmt.Errorf("header: %w", err)
	}
	for i, name := range head {
		t.column[strings.TrimPrefix(name, "\ufeff")] = i
	}
	for _, name := range columns {
		if _, ok := t.column[name]; !ok {
			return nil, fmt.Errorf("header: no column %q", name)
		}
	}
	return t, nil
}

func (t *table) next() bool {
	t.row, t.err = t.csv.Read()
	t.line++
	if errors.Is(t.err, io.EOF) {
		t.err = nil
		return false
	}
	return t.err == nil
}

func (t *table) text(name string) string { return t.row[t.column[name]] }

func (t *table) fail(name string, err error) {
	if t.err == nil {
		t.err = fmt.Errorf("line %d: %s %q: %w", t.line, name, t.text(name), err)
	}
}

func (t *table) number(name string) int {
	n, err := strconv.Atoi(t.text(name))
	if err != nil {
		t.fail(name, err)
	}
	return n
}

func (t *table) amount(name string) decimal.Decimal {
	d, err := decimal.NewFromString(t.text(name))
	if err != nil {
		t.fail(name, err)
	}
	if d.Exponent() < -12 || d.Exponent() > 12 {
		t.fail(name, errors.New("not an amount"))
		return decimal.Zero
	}
	return d
}

// day reads a date, zero if the cell is empty.
func (t *table) day(name, layout string) date.Date {
	s := t.text(name)
	if s == "" {
		return 0
	}
	at, err := time.Parse(layout, s)
	if err != nil {
		t.fail(name, err)
		return 0
	}
	return date.NewAt(at)
}

const (
	iso      = "2006-01-02"
	american = "1/2/2006"
	olist    = "02-01-2006"
)

// CityCounts is what was left out of, or clipped in, the bookings of the hotel.
type CityCounts struct{ Rows, ZeroNights, Clipped int }

// City reads the bookings of hotel/city_bookings.csv.gz. The day on which a row was cancelled is
// its reservation_status_date; a price per night is clipped to [0, 1000] euro.
func City(r io.Reader) ([]forecast.Stay, CityCounts, error) {
	var counts CityCounts
	t, err := open(r, "lead_time", "arrival_date_year", "arrival_date_month", "arrival_date_day_of_month",
		"stays_in_weekend_nights", "stays_in_week_nights", "market_segment", "distribution_channel", "deposit_type",
		"adults", "adr", "reservation_status", "reservation_status_date")
	if err != nil {
		return nil, counts, err
	}
	limit := decimal.NewFromInt(1000)
	var stays []forecast.Stay
	for t.next() {
		counts.Rows++
		month, err := time.Parse("January", t.text("arrival_date_month"))
		if err != nil {
			t.fail("arrival_date_month", err)
			break
		}
		arrival := date.New(t.number("arrival_date_year"), month.Month(), t.number("arrival_date_day_of_month"))
		lead, nights := t.number("lead_time"), t.number("stays_in_weekend_nights")+t.number("stays_in_week_nights")
		if lead < 0 || lead > 10_000 || nights < 0 || nights > 1000 {
			t.fail("lead_time", errors.New("lead or nights out of range"))
			break
		}
		if nights == 0 {
			counts.ZeroNights++
		}
		price := t.amount("adr")
		if price.IsNegative() || price.GreaterThan(limit) {
			counts.Clipped++
			price = decimal.Min(decimal.Max(price, decimal.Zero), limit)
		}
		s := forecast.Stay{
			ID: forecast.StayID(strconv.Itoa(counts.Rows)), Booked: forecast.On(arrival - date.Date(lead)),
			Arrival: arrival, Departure: arrival + date.Date(nights), Pax: max(t.number("adults"), 0),
			NoShow: t.text("reservation_status") == "No-Show",
			Tags: forecast.Tags{
				"segment": strings.Clone(t.text("market_segment")), "deposit": strings.Clone(t.text("deposit_type")),
				"channel": strings.Clone(t.text("distribution_channel")),
			},
		}
		if nights > 0 {
			total := price.Mul(decimal.NewFromInt(int64(nights)))
			s.Nights = []forecast.Money{{Amount: total, Currency: "EUR"}}
		}
		if t.text("reservation_status") == "Canceled" {
			s.Cancelled = forecast.On(max(t.day("reservation_status_date", iso), s.Booked.On))
		}
		if t.err != nil {
			break
		}
		stays = append(stays, s)
	}
	return stays, counts, t.err
}

// Deals reads crm/sales_pipeline.csv.gz. A deal that never began (Prospecting) has no age and is
// left out and counted. The value of an open deal is not known.
func Deals(r io.Reader) (deals []forecast.Deal, unbegun int, err error) {
	t, err := open(r, "opportunity_id", "sales_agent", "product", "deal_stage", "engage_date", "close_date", "close_value")
	if err != nil {
		return nil, 0, err
	}
	for t.next() {
		opened := t.day("engage_date", iso)
		if opened == 0 && t.err == nil {
			unbegun++
			continue
		}
		d := forecast.Deal{
			ID: forecast.DealID(strings.Clone(t.text("opportunity_id"))), Opened: forecast.On(opened),
			Closed: forecast.On(t.day("close_date", iso)),
			Tags:   forecast.Tags{"product": strings.Clone(t.text("product")), "manager": strings.Clone(t.text("sales_agent"))},
		}
		switch stage := t.text("deal_stage"); stage {
		case "Won":
			d.Outcome = forecast.OutcomeWon
			d.Money = forecast.Money{Amount: t.amount("close_value"), Currency: "USD"}
		case "Lost":
			d.Outcome = forecast.OutcomeLost
		case "Engaging":
		default:
			t.fail("deal_stage", errors.New("unknown stage"))
		}
		if t.err != nil {
			break
		}
		deals = append(deals, d)
	}
	return deals, unbegun, t.err
}

// Invoices reads receivables/accounts_receivable.csv.gz as promises. The payer is the customer.
func Invoices(r io.Reader) ([]forecast.Promise, error) {
	t, err := open(r, "customerID", "invoiceNumber", "InvoiceDate", "DueDate", "InvoiceAmount", "SettledDate")
	if err != nil {
		return nil, err
	}
	var promises []forecast.Promise
	for t.next() {
		money := forecast.Money{Amount: t.amount("InvoiceAmount"), Currency: "USD"}
		made, settled := t.day("InvoiceDate", american), t.day("SettledDate", american)
		p := forecast.Promise{
			ID: forecast.PromiseID(strings.Clone(t.text("invoiceNumber"))), Money: money, Made: forecast.On(made),
			Dues: []forecast.Dated{{On: t.day("DueDate", american), Known: made}},
			Tags: forecast.Tags{"payer": strings.Clone(t.text("customerID"))},
		}
		if settled != 0 {
			p.Paid = []forecast.Payment{{Dated: forecast.On(settled), Money: money}}
		}
		if t.err != nil {
			break
		}
		promises = append(promises, p)
	}
	return promises, t.err
}

// Leads reads the two files of the marketplace as deals: a lead opens on its first contact and is
// won on its won_date. The one that was won before its first contact opens when it was won.
func Leads(leads, closed io.Reader) (deals []forecast.Deal, early int, err error) {
	t, err := open(closed, "mql_id", "won_date", "business_segment")
	if err != nil {
		return nil, 0, err
	}
	won := map[string]date.Date{}
	for t.next() {
		day, _, _ := strings.Cut(t.text("won_date"), " ")
		at, err := time.Parse(olist, day)
		if err != nil {
			t.fail("won_date", err)
			break
		}
		won[strings.Clone(t.text("mql_id"))] = date.NewAt(at)
	}
	if t.err != nil {
		return nil, 0, t.err
	}
	t, err = open(leads, "mql_id", "first_contact_date", "origin")
	if err != nil {
		return nil, 0, err
	}
	for t.next() {
		id := strings.Clone(t.text("mql_id"))
		d := forecast.Deal{
			ID: forecast.DealID(id), Opened: forecast.On(t.day("first_contact_date", olist)),
			Tags: forecast.Tags{"channel": strings.Clone(t.text("origin"))},
		}
		if day, ok := won[id]; ok {
			d.Closed, d.Outcome = forecast.On(day), forecast.OutcomeWon
			if day < d.Opened.On {
				early++
				d.Opened = d.Closed
			}
		}
		if t.err != nil {
			break
		}
		deals = append(deals, d)
	}
	return deals, early, t.err
}
