package forecast

import (
	"cmp"

	"github.com/shopspring/decimal"
)

// MarketingConfig configures Marketing.
type MarketingConfig struct {
	// Period chooses what was spent in it and the deals opened in it, as they stood at its end.
	// Required.
	Period

	// By is the tag of the rows. Defaults to "channel".
	By string

	// Closed chooses the wins by the day of the win and not by the day of the lead.
	Closed bool
}

// A MarketingReport has a row for each tag and currency, and a total for each currency. Leads and
// wins have no currency: where there are several, each row of a tag shows them.
type MarketingReport struct {
	Config MarketingConfig
	Rows   []MarketingRow // in the order of tags, then currency
	Totals []MarketingRow // one for each currency
	Notes  []Problem
}

// A MarketingRow says what a channel cost and brought.
type MarketingRow struct {
	Tag, Currency  string
	Leads, Won     int
	Spend, Revenue decimal.Decimal // Revenue: what the won deals are worth
}

// CPL is the cost of a lead.
func (r MarketingRow) CPL() Ratio { return Ratio{r.Spend, decimal.NewFromInt(int64(r.Leads))} }

// CAC is the cost of a won deal.
func (r MarketingRow) CAC() Ratio { return Ratio{r.Spend, decimal.NewFromInt(int64(r.Won))} }

// ROMI is (revenue - spend) / spend.
func (r MarketingRow) ROMI() Ratio { return Ratio{r.Revenue.Sub(r.Spend), r.Spend} }

// Marketing says what a lead, a deal and a return cost by channel, or by any other tag.
func Marketing(deals Facts[Deal], spends Facts[Spend], c MarketingConfig) (MarketingReport, error) {
	if err := c.Period.check(); err != nil {
		return MarketingReport{}, err
	}
	c.By = cmp.Or(c.By, "channel")
	m := &marketing{config: c, leads: map[string]*[2]int{}, money: map[[2]string]*[2]tally{}, codes: map[string]bool{}}
	r := &reader{skip: c.Skip}
	if err := read(r, deals, checkDeal, m.deal); err != nil {
		return MarketingReport{}, err
	}
	if err := read(r, spends, checkSpend, m.spend); err != nil {
		return MarketingReport{}, err
	}
	report := m.report()
	report.Notes = r.notes
	return report, nil
}

func checkSpend(s *Spend) *Problem {
	switch {
	case s.On == 0:
		return &Problem{Field: "On", Why: WhyMissing}
	case !knownCurrency(s.Currency):
		return &Problem{Field: "Currency", Value: s.Currency, Why: WhyCurrency}
	}
	return nil
}

type marketing struct {
	config MarketingConfig
	leads  map[string]*[2]int      // leads, won
	money  map[[2]string]*[2]tally // tag, currency: spend, revenue
	codes  map[string]bool
}

func (m *marketing) deal(d *Deal) {
	end := m.config.To - 1
	won := d.Outcome == OutcomeWon && d.Closed.by(end)
	lead := d.Opened.by(end) && m.config.has(d.Opened.On)
	if m.config.Closed {
		won = won && m.config.has(d.Closed.On)
	} else {
		won = won && lead
	}
	if !lead && !won {
		return
	}
	tag := d.Tags[m.config.By]
	n := m.leads[tag]
	if n == nil {
		n = &[2]int{}
		m.leads[tag] = n
	}
	if lead {
		n[0]++
	}
	if won {
		n[1]++
		if d.Currency != "" {
			m.sums(tag, d.Currency)[1].add(d.Amount)
		}
	}
}

func (m *marketing) spend(s *Spend) {
	if m.config.has(s.On) && s.by(m.config.To-1) {
		m.sums(s.Tags[m.config.By], s.Currency)[0].add(s.Amount)
	}
}

func (m *marketing) sums(tag, code string) *[2]tally {
	m.codes[code] = true
	s := m.money[[2]string{tag, code}]
	if s == nil {
		s = &[2]tally{}
		m.money[[2]string{tag, code}] = s
		if m.leads[tag] == nil {
			m.leads[tag] = &[2]int{}
		}
	}
	return s
}

func (m *marketing) report() MarketingReport {
	report := MarketingReport{Config: m.config}
	codes := sortedKeys(m.codes)
	if len(codes) == 0 && len(m.leads) > 0 {
		codes = []string{""}
	}
	for _, code := range codes {
		report.Totals = append(report.Totals, MarketingRow{Currency: code})
	}
	for _, tag := range sortedKeys(m.leads) {
		for i, code := range codes {
			row := MarketingRow{Tag: tag, Currency: code, Leads: m.leads[tag][0], Won: m.leads[tag][1]}
			if s := m.money[[2]string{tag, code}]; s != nil {
				row.Spend, row.Revenue = s[0].sum(scale(code)), s[1].sum(scale(code))
			}
			report.Rows = append(report.Rows, row)
			t := &report.Totals[i]
			t.Leads, t.Won = t.Leads+row.Leads, t.Won+row.Won
			t.Spend, t.Revenue = t.Spend.Add(row.Spend), t.Revenue.Add(row.Revenue)
		}
	}
	return report
}

// Table shows leads, wins, money, CPL, CAC and ROMI.
func (r MarketingReport) Table() Table {
	t := Table{
		Title:   "Marketing: " + periodName(r.Config.Period),
		Columns: append(words(r.Config.By, "currency"), numbers("leads", "won", "spend", "revenue", "CPL", "CAC", "ROMI")...),
	}
	row := func(name string, m MarketingRow) []Cell {
		places := scale(m.Currency)
		return []Cell{
			Cell(name), Cell(m.Currency), countCell(m.Leads), countCell(m.Won), amountCell(m.Spend, m.Currency),
			amountCell(m.Revenue, m.Currency), quotientCell(m.CPL(), places), quotientCell(m.CAC(), places), percentCell(m.ROMI()),
		}
	}
	for _, m := range r.Rows {
		t.Rows = append(t.Rows, row(m.Tag, m))
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
