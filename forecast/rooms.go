package forecast

import (
	"cmp"
	"slices"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
)

// RoomsConfig configures Rooms.
type RoomsConfig struct {
	// Period is the nights to report, as they stood at its end. Required.
	Period

	// Every is the length of the rows' periods. Defaults to EveryDay.
	Every Every

	// By is the tag by which each period is cut. Defaults to no cut.
	By string
}

// A RoomsReport has rows by period, tag and currency, and a total for each currency. Stays without a
// price belong to the only currency there is; beside several, they are rows without one.
type RoomsReport struct {
	Config RoomsConfig
	Rows   []RoomsRow
	Totals []RoomsRow
	Notes  []Problem
}

// A RoomsRow is the nights of one period, tag and currency.
type RoomsRow struct {
	From, To  date.Date
	Tag       string
	Currency  string
	Sold      int // room nights
	Available int // room nights to sell: rooms less those out of order
	Revenue   decimal.Decimal
}

// Occupancy is sold / available.
func (r RoomsRow) Occupancy() Ratio { return ratioOf(r.Sold, r.Available) }

// ADR is the average daily rate: revenue / sold.
func (r RoomsRow) ADR() Ratio { return Ratio{r.Revenue, decimal.NewFromInt(int64(r.Sold))} }

// RevPAR is revenue / available, which is ADR times occupancy.
func (r RoomsRow) RevPAR() Ratio { return Ratio{r.Revenue, decimal.NewFromInt(int64(r.Available))} }

// Rooms says how full the rooms were and what they earned. A stay counts with the nights that lie in
// the period, each with its own price or with its share of the total, to the cent. Cancelled stays
// and no-shows do not count.
func Rooms(rows Facts[Stay], inventory Inventory, c RoomsConfig) (RoomsReport, error) {
	if err := c.Period.check(); err != nil {
		return RoomsReport{}, err
	}
	g := &roomGrid{config: c, periods: c.Every.split(c.From, c.To), cells: map[roomKey]*roomSum{}, codes: map[string]bool{}}
	r := &reader{skip: c.Skip}
	if err := read(r, rows, checkStay, g.add); err != nil {
		return RoomsReport{}, err
	}
	report := g.report(inventory)
	report.Notes = r.notes
	return report, nil
}

type roomKey struct {
	period        int
	tag, currency string
}

type roomSum struct {
	sold    int
	revenue tally
}

type roomGrid struct {
	config  RoomsConfig
	periods []Period
	cells   map[roomKey]*roomSum
	codes   map[string]bool
}

func (g *roomGrid) add(s *Stay) {
	end := g.config.To - 1
	if !s.Booked.by(end) || s.Cancelled.by(end) || s.NoShow || s.Arrival == s.Departure {
		return
	}
	tag, code := "", ""
	if g.config.By != "" {
		tag = s.Tags[g.config.By]
	}
	var nights []decimal.Decimal
	if len(s.Nights) > 0 {
		code = s.Nights[0].Currency
		if n := int(s.Departure - s.Arrival); len(s.Nights) == n {
			for _, m := range s.Nights {
				nights = append(nights, m.Amount)
			}
		} else {
			nights = split(s.Nights[0].Amount, n, scale(code))
		}
		g.codes[code] = true
	}
	for night := max(s.Arrival, g.config.From); night < min(s.Departure, g.config.To); night++ {
		key := roomKey{g.period(night), tag, code}
		cell := g.cells[key]
		if cell == nil {
			cell = &roomSum{}
			g.cells[key] = cell
		}
		cell.sold += max(s.Rooms, 1)
		if nights != nil {
			cell.revenue.add(nights[night-s.Arrival])
		}
	}
}

func (g *roomGrid) period(night date.Date) int {
	i, _ := slices.BinarySearchFunc(g.periods, night, func(p Period, n date.Date) int { return cmp.Compare(p.To, n+1) })
	return i
}

func (g *roomGrid) report(inventory Inventory) RoomsReport {
	report := RoomsReport{Config: g.config}
	only := ""
	if len(g.codes) == 1 {
		only = sortedKeys(g.codes)[0]
	}
	rows := map[roomKey]*RoomsRow{}
	for key, cell := range g.cells {
		key.currency = cmp.Or(key.currency, only)
		row := rows[key]
		if row == nil {
			p := g.periods[key.period]
			row = &RoomsRow{From: p.From, To: p.To, Tag: key.tag, Currency: key.currency}
			rows[key] = row
		}
		row.Sold += cell.sold
		row.Revenue = row.Revenue.Add(cell.revenue.sum(scale(key.currency)))
	}
	available := make([]int, len(g.periods))
	total := 0
	for i, p := range g.periods {
		for night := p.From; night < p.To; night++ {
			rooms, out := inventory.on(night)
			available[i] += max(rooms-out, 0)
		}
		total += available[i]
	}
	codes := sortedKeys(g.codes)
	if len(codes) == 0 {
		codes = []string{""}
	}
	if g.config.By == "" { // a period in which nothing was sold is a row, too
		for i, p := range g.periods {
			for _, code := range codes {
				if key := (roomKey{i, "", code}); rows[key] == nil {
					rows[key] = &RoomsRow{From: p.From, To: p.To, Currency: code}
				}
			}
		}
	}
	totals := map[string]*RoomsRow{}
	for key, row := range rows {
		row.Available = available[key.period]
		report.Rows = append(report.Rows, *row)
		t := totals[row.Currency]
		if t == nil {
			t = &RoomsRow{From: g.config.From, To: g.config.To, Currency: row.Currency, Available: total}
			totals[row.Currency] = t
		}
		t.Sold += row.Sold
		t.Revenue = t.Revenue.Add(row.Revenue)
	}
	slices.SortFunc(report.Rows, func(a, b RoomsRow) int {
		return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.Tag, b.Tag), cmp.Compare(a.Currency, b.Currency))
	})
	for _, code := range sortedKeys(totals) {
		report.Totals = append(report.Totals, *totals[code])
	}
	return report
}

// Table shows occupancy, ADR and RevPAR by period.
func (r RoomsReport) Table() Table {
	t := Table{Title: "Rooms: " + periodName(r.Config.Period), Columns: words("period")}
	if r.Config.By != "" {
		t.Columns = append(t.Columns, words(r.Config.By)...)
	}
	t.Columns = append(append(t.Columns, words("currency")...), numbers("sold", "available", "occupancy", "revenue", "ADR", "RevPAR")...)
	row := func(name string, m RoomsRow) []Cell {
		cells := []Cell{Cell(name)}
		if r.Config.By != "" {
			cells = append(cells, Cell(m.Tag))
		}
		places := scale(m.Currency)
		return append(cells, Cell(m.Currency), countCell(m.Sold), countCell(m.Available), percentCell(m.Occupancy()),
			amountCell(m.Revenue, m.Currency), quotientCell(m.ADR(), places), quotientCell(m.RevPAR(), places))
	}
	for _, m := range r.Rows {
		t.Rows = append(t.Rows, row(periodName(Period{From: m.From, To: m.To}), m))
	}
	for i, m := range r.Totals {
		if i == len(r.Totals)-1 {
			t.Total = row("total", m)
		} else {
			t.Rows = append(t.Rows, row("total", m))
		}
	}
	return t
}
