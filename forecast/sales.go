package forecast

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
)

// Compare says with what of the year before sales are compared.
type Compare uint8

const (
	// CompareCalendar compares months sold with the same months of the calendar a year before, and
	// the running month with as many days of it; 29 February with the 28th.
	CompareCalendar Compare = iota

	// CompareAligned compares with the days 364 before, which are the same weekdays.
	CompareAligned

	// CompareSTLY compares what is on the books for trips that start in the running and the coming
	// months with what was on the books, at the same time last year, for trips 364 days before:
	// sales and cancellations count as they stood 364 days before AsOf.
	CompareSTLY
)

// SalesConfig configures Sales.
type SalesConfig struct {
	// AsOf is the day of the report. Required.
	AsOf date.Date

	// Months is how many months to show, at most 120: up to and with that of AsOf, or with
	// CompareSTLY from that of AsOf on. Defaults to 1.
	Months int

	// Rows are the tags of the rows, the outer first. Defaults to one row.
	Rows []string

	// Column is the tag that makes the columns. Defaults to a column for each month.
	Column string

	// Measure is what the columns show. Defaults to the number of sales.
	Measure Measure

	// Compare defaults to CompareCalendar.
	Compare Compare

	// Skip turns faulty rows into Notes. Defaults to an error at the first one.
	Skip bool
}

// Preset is one of the reports that a tour operator's week begins with.
type Preset uint8

const (
	PresetRepresentative Preset = iota // by manager and agency: turnover, and guests by airport
	PresetMoney                        // by country, region, city, agency: money by month
	PresetPax                          // by country, region, city, agency: guests by month
	PresetRegional                     // by region: guests by airport
	PresetCity                         // by city: guests by airport
	PresetBranch                       // by branch: money by month
)

// SalesPreset returns the configuration of a preset.
func SalesPreset(p Preset, asOf date.Date, months int) SalesConfig {
	c := SalesConfig{AsOf: asOf, Months: months}
	switch p {
	case PresetRepresentative:
		c.Rows, c.Column, c.Measure = []string{"manager", "agency"}, "airport", MeasurePax
	case PresetMoney:
		c.Rows, c.Measure = []string{"country", "region", "city", "agency"}, MeasureMoney
	case PresetPax:
		c.Rows, c.Measure = []string{"country", "region", "city", "agency"}, MeasurePax
	case PresetRegional:
		c.Rows, c.Column, c.Measure = []string{"region"}, "airport", MeasurePax
	case PresetCity:
		c.Rows, c.Column, c.Measure = []string{"city"}, "airport", MeasurePax
	case PresetBranch:
		c.Rows, c.Measure = []string{"branch"}, MeasureMoney
	}
	return c
}

// A SalesReport has a row for each combination of tags and currency, and a total for each currency.
type SalesReport struct {
	Config  SalesConfig
	Columns []SalesColumn
	Rows    []SalesRow // in the order of tags, then currency
	Totals  []SalesRow // one for each currency
	Notes   []Problem
}

// A SalesColumn is a month, or a value of the column's tag over all months.
type SalesColumn struct {
	Title        string
	This, Before Period
}

// A SalesRow holds the cells of one combination of tags.
type SalesRow struct {
	Tags     []string
	Currency string
	Cells    []SalesCell // by column
	Total    SalesCell   // of the period
}

// A SalesCell compares this year with the one before.
type SalesCell struct{ This, Before Sold }

// Sold is what was sold.
type Sold struct {
	Count, Pax int
	Money      decimal.Decimal
}

func (s *Sold) add(o Sold) {
	s.Count, s.Pax, s.Money = s.Count+o.Count, s.Pax+o.Pax, s.Money.Add(o.Money)
}

func (c *SalesCell) add(o SalesCell) {
	c.This.add(o.This)
	c.Before.add(o.Before)
}

// By is the measure as a number.
func (s Sold) By(m Measure) decimal.Decimal {
	switch m {
	case MeasureMoney:
		return s.Money
	case MeasurePax:
		return decimal.NewFromInt(int64(s.Pax))
	default:
		return decimal.NewFromInt(int64(s.Count))
	}
}

// Growth is (this - before) / before by the measure, undefined where there was nothing before.
func (c SalesCell) Growth(m Measure) Ratio { return growth(c.This.By(m), c.Before.By(m)) }

func (c SalesConfig) check() error {
	var problems []Problem
	if c.AsOf == 0 {
		problems = append(problems, Problem{Field: "AsOf", Why: WhyMissing})
	}
	if c.Months < 0 || c.Months > 120 {
		problems = append(problems, Problem{Field: "Months", Value: fmt.Sprint(c.Months), Why: WhyUnknown})
	}
	if c.Measure > MeasurePax {
		problems = append(problems, Problem{Field: "Measure", Value: fmt.Sprint(uint8(c.Measure)), Why: WhyUnknown})
	}
	if c.Compare > CompareSTLY {
		problems = append(problems, Problem{Field: "Compare", Value: fmt.Sprint(uint8(c.Compare)), Why: WhyUnknown})
	}
	return configError(problems)
}

// months are the periods of the columns, this year and the one before.
func (c SalesConfig) months() []SalesColumn {
	n := max(c.Months, 1)
	first := addMonths(EveryMonth.start(c.AsOf), 1-n)
	if c.Compare == CompareSTLY {
		first = EveryMonth.start(c.AsOf)
	}
	columns := make([]SalesColumn, n)
	for i := range columns {
		from := EveryMonth.add(first, i)
		to := EveryMonth.add(first, i+1)
		if c.Compare != CompareSTLY {
			to = min(to, c.AsOf+1)
		}
		col := SalesColumn{Title: from.Format("2006-01"), This: Period{From: from, To: to}}
		if c.Compare == CompareCalendar {
			before := addMonths(from, -12)
			col.Before = Period{From: before, To: EveryMonth.add(before, 1)}
			if to != EveryMonth.add(from, 1) { // the running month: as many days of it
				col.Before.To = addMonths(to-1, -12) + 1
			}
		} else {
			col.Before = Period{From: from - yearDays, To: to - yearDays}
		}
		columns[i] = col
	}
	return columns
}

func checkSale(s *Sale) *Problem {
	switch {
	case s.Sold.On == 0:
		return &Problem{Field: "Sold", Why: WhyMissing}
	case s.Cancelled.On != 0 && s.Cancelled.On < s.Sold.On:
		return &Problem{Field: "Cancelled", Value: s.Cancelled.On.String(), Why: WhyOrder}
	case s.TripStart != 0 && s.TripStart < s.Sold.On:
		return &Problem{Field: "TripStart", Value: s.TripStart.String(), Why: WhyOrder}
	case !knownCurrency(s.Currency):
		return &Problem{Field: "Currency", Value: s.Currency, Why: WhyCurrency}
	case s.Pax < 0:
		return &Problem{Field: "Pax", Value: fmt.Sprint(s.Pax), Why: WhyNegative}
	}
	return nil
}

// Sales compares sales with those of the year before, in money, guests and number. A cancelled sale
// does not count; with CompareSTLY it counts in the year before if it was still standing 364 days
// before AsOf.
func Sales(rows Facts[Sale], c SalesConfig) (SalesReport, error) {
	if err := c.check(); err != nil {
		return SalesReport{}, err
	}
	g := newSalesGrid(c)
	r := &reader{skip: c.Skip}
	if err := read(r, rows, checkSale, g.add); err != nil {
		return SalesReport{}, err
	}
	report := g.report()
	report.Notes = r.notes
	return report, nil
}

// A salesGrid sums sales by the numbers of their tags, so that a million rows need no more room than
// there are combinations.
type salesGrid struct {
	config     SalesConfig
	months     []SalesColumn
	span       [2]Period // this, before: outside of both a sale is not looked at
	names      []names   // of each tag, the column's last
	currencies names
	index      map[salesKey]int32
	wide       map[string]int32 // where there are more than four tags
	rows       []salesSum
	key        []byte
}

// salesKey holds up to four tags and the currency.
type salesKey [5]int32

type salesSum struct {
	tags     []int32
	currency int32
	by       map[int32]*[2]soldSum // by value of the column's tag
	months   [][2]soldSum
}

type soldSum struct {
	count, pax int
	money      tally
}

func newSalesGrid(c SalesConfig) *salesGrid {
	g := &salesGrid{config: c, months: c.months(), names: make([]names, len(c.Rows)+1), index: map[salesKey]int32{}, wide: map[string]int32{}}
	first, last := g.months[0], g.months[len(g.months)-1]
	g.span = [2]Period{{From: first.This.From, To: last.This.To}, {From: first.Before.From, To: last.Before.To}}
	return g
}

func (g *salesGrid) add(s *Sale) {
	day := s.Sold.On
	if g.config.Compare == CompareSTLY {
		day = s.TripStart
	}
	for side := range 2 {
		if !g.span[side].has(day) || !g.stands(s, side) {
			continue
		}
		month := g.month(day, side)
		if month < 0 {
			continue
		}
		row := g.row(s)
		cell := &row.months[month][side]
		cell.count++
		cell.pax += s.Pax
		cell.money.add(s.Amount)
		if g.config.Column == "" {
			continue
		}
		value := g.names[len(g.names)-1].of(s.Tags[g.config.Column])
		by := row.by[value]
		if by == nil {
			by = &[2]soldSum{}
			row.by[value] = by
		}
		by[side].count++
		by[side].pax += s.Pax
		by[side].money.add(s.Amount)
	}
}

// stands tells whether the sale counts in this year (0) or the one before (1).
func (g *salesGrid) stands(s *Sale, side int) bool {
	asOf := g.config.AsOf
	if side == 1 && g.config.Compare == CompareSTLY {
		asOf -= yearDays
	}
	return s.Sold.by(asOf) && !s.Cancelled.by(asOf)
}

func (g *salesGrid) month(day date.Date, side int) int {
	lo, hi := 0, len(g.months)
	for lo < hi {
		mid := (lo + hi) / 2
		p := g.months[mid].This
		if side == 1 {
			p = g.months[mid].Before
		}
		switch {
		case day >= p.To:
			lo = mid + 1
		case day < p.From:
			hi = mid
		default:
			return mid
		}
	}
	return -1
}

func (g *salesGrid) row(s *Sale) *salesSum {
	currency := g.currencies.of(s.Currency)
	var at int32
	var ok bool
	if len(g.config.Rows) <= 4 {
		key := salesKey{4: currency}
		for i, tag := range g.config.Rows {
			key[i] = g.names[i].of(s.Tags[tag])
		}
		if at, ok = g.index[key]; !ok {
			at = int32(len(g.rows))
			g.index[key] = at
		}
	} else {
		g.key = fmt.Append(g.key[:0], currency)
		for i, tag := range g.config.Rows {
			g.key = fmt.Append(g.key, ",", g.names[i].of(s.Tags[tag]))
		}
		if at, ok = g.wide[string(g.key)]; !ok {
			at = int32(len(g.rows))
			g.wide[string(g.key)] = at
		}
	}
	if !ok {
		row := salesSum{currency: currency, months: make([][2]soldSum, len(g.months)), by: map[int32]*[2]soldSum{}}
		for i, tag := range g.config.Rows {
			row.tags = append(row.tags, g.names[i].of(s.Tags[tag]))
		}
		g.rows = append(g.rows, row)
	}
	return &g.rows[at]
}

func (g *salesGrid) report() SalesReport {
	r := SalesReport{Config: g.config, Columns: g.months}
	var values []int32 // of the column's tag, by name
	if g.config.Column != "" {
		column := &g.names[len(g.names)-1]
		for i := range column.list {
			values = append(values, int32(i))
		}
		slices.SortFunc(values, func(a, b int32) int { return cmp.Compare(column.list[a], column.list[b]) })
		r.Columns = nil
		for _, v := range values {
			r.Columns = append(r.Columns, SalesColumn{Title: column.list[v], This: g.span[0], Before: g.span[1]})
		}
	}
	for i := range g.rows {
		sums := &g.rows[i]
		code := g.currencies.list[sums.currency]
		row := SalesRow{Currency: code}
		for k, tag := range sums.tags {
			row.Tags = append(row.Tags, g.names[k].list[tag])
		}
		sold := func(s soldSum) Sold { return Sold{s.count, s.pax, s.money.sum(scale(code))} }
		for _, m := range sums.months {
			row.Total.add(SalesCell{sold(m[0]), sold(m[1])})
			if g.config.Column == "" {
				row.Cells = append(row.Cells, SalesCell{sold(m[0]), sold(m[1])})
			}
		}
		for _, v := range values {
			cell := SalesCell{}
			if by := sums.by[v]; by != nil {
				cell = SalesCell{sold(by[0]), sold(by[1])}
			}
			row.Cells = append(row.Cells, cell)
		}
		r.Rows = append(r.Rows, row)
	}
	slices.SortFunc(r.Rows, func(a, b SalesRow) int {
		return cmp.Or(compareTags(a.Tags, b.Tags), cmp.Compare(a.Currency, b.Currency))
	})
	r.Totals = totalsOf(r.Rows, len(r.Columns))
	return r
}

func totalsOf(rows []SalesRow, columns int) []SalesRow {
	by := map[string]*SalesRow{}
	for _, row := range rows {
		t := by[row.Currency]
		if t == nil {
			t = &SalesRow{Currency: row.Currency, Cells: make([]SalesCell, columns)}
			by[row.Currency] = t
		}
		t.Total.add(row.Total)
		for i, c := range row.Cells {
			t.Cells[i].add(c)
		}
	}
	var totals []SalesRow
	for _, code := range sortedKeys(by) {
		totals = append(totals, *by[code])
	}
	return totals
}

// Table shows for each column this year, the year before and the growth, then the period's total.
// By a column's tag it shows this year in each column, and money beside guests in the total. With
// several currencies each has its own total row, the last of them as the table's total.
func (r SalesReport) Table() Table {
	c := r.Config
	t := Table{Title: "Sales: " + measureName(c.Measure) + ", as of " + c.AsOf.String()}
	t.Columns = append(words(c.Rows...), words("currency")...)
	for _, col := range r.Columns {
		t.Columns = append(t.Columns, numbers(col.Title)...)
		if c.Column == "" {
			t.Columns = append(t.Columns, numbers(col.Title+", year before", col.Title+", growth")...)
		}
	}
	t.Columns = append(t.Columns, numbers("period", "period, year before", "period, growth")...)
	if c.Column != "" && c.Measure != MeasureMoney {
		t.Columns = append(t.Columns, numbers("money", "money, year before", "money, growth")...)
	}
	show := func(d decimal.Decimal, m Measure, code string) Cell {
		if m == MeasureMoney {
			return amountCell(d, code)
		}
		return Cell(d.String())
	}
	row := func(tags []string, s SalesRow) []Cell {
		cells := make([]Cell, 0, len(t.Columns))
		for _, tag := range tags {
			cells = append(cells, Cell(tag))
		}
		cells = append(cells, Cell(s.Currency))
		compared := func(v SalesCell, m Measure, whole bool) {
			cells = append(cells, show(v.This.By(m), m, s.Currency))
			if whole {
				cells = append(cells, show(v.Before.By(m), m, s.Currency), percentCell(v.Growth(m)))
			}
		}
		for _, v := range s.Cells {
			compared(v, c.Measure, c.Column == "")
		}
		compared(s.Total, c.Measure, true)
		if c.Column != "" && c.Measure != MeasureMoney {
			compared(s.Total, MeasureMoney, true)
		}
		return cells
	}
	for _, s := range r.Rows {
		t.Rows = append(t.Rows, row(s.Tags, s))
	}
	for i, s := range r.Totals {
		tags := make([]string, len(c.Rows))
		if len(tags) > 0 {
			tags[0] = "total"
		}
		if i == len(r.Totals)-1 {
			t.Total = row(tags, s)
		} else {
			t.Rows = append(t.Rows, row(tags, s))
		}
	}
	return t
}

func measureName(m Measure) string {
	return [...]string{"number", "money", "guests"}[min(int(m), 2)]
}
