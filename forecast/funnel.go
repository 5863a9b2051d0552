package forecast

import (
	"cmp"
	"slices"
	"sort"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
)

// FunnelConfig configures Funnel.
type FunnelConfig struct {
	// Period chooses the deals opened in it, and they count as they stood at its end. Required.
	Period

	// By is the tag of the rows, such as "channel". Defaults to one row.
	By string

	// Stages in their order. Defaults to those met, in the order in which deals pass them.
	Stages []string

	// Limit is the time within which an inquiry should be answered. Defaults to 30 seconds.
	Limit time.Duration

	// WorkTime is the working time between two instants. Defaults to the time by the clock.
	WorkTime func(from, to time.Time) time.Duration
}

// A FunnelReport follows deals from the inquiry to the money received.
type FunnelReport struct {
	Config FunnelConfig
	Stages []string
	Rows   []FunnelRow // in the order of tags
	Total  FunnelRow
	Load   []Load // of each manager, in the order of names
	Notes  []Problem
}

// A FunnelRow is the funnel of one tag.
type FunnelRow struct {
	Tag     string
	Opened  int
	Reached []int // deals that came to each stage, or beyond it; a won deal came to all
	Won     int
	Lost    int
	Open    int
	Money   []FunnelMoney // by currency

	// Velocity is the median number of days from opening to winning, by Kaplan and Meier: deals
	// still open are censored, lost ones are left out. No median if fewer than half are won.
	Velocity       int
	VelocityKnown  bool
	Inquiries      int // deals that began with a message from the client
	Answered       int
	AnsweredInTime int
	FirstResponse  time.Duration // median of the answered; 0 if none was

	lives     []span
	responses []time.Duration
}

// FunnelMoney is what won deals are worth and what of it was received.
type FunnelMoney struct {
	Currency      string
	Won, Received decimal.Decimal
}

// Conversion is the share of opened deals that were won.
func (r FunnelRow) Conversion() Ratio { return ratioOf(r.Won, r.Opened) }

// InTime is the share of inquiries answered within the limit.
func (r FunnelRow) InTime() Ratio { return ratioOf(r.AnsweredInTime, r.Inquiries) }

// Load is what a manager carries at the end of the period, whenever the deals were opened.
type Load struct {
	Manager string
	Open    int
	Touches int // by us in the period
	Late    int // tasks overdue
}

// span is a time to an event, or to the end of sight.
type span struct {
	days  int
	event bool
}

// Funnel follows the deals opened in the period from stage to stage, by channel or any other tag, to
// the money received; with velocity, first response and the load of each manager.
func Funnel(rows Facts[Deal], c FunnelConfig) (FunnelReport, error) {
	if err := c.Period.check(); err != nil {
		return FunnelReport{}, err
	}
	c.defaults()
	f := &funnel{config: c, by: map[string]*FunnelRow{}, load: map[string]*Load{}, places: map[string]*place{}}
	r := &reader{skip: c.Skip}
	if err := read(r, rows, checkDeal, f.add); err != nil {
		return FunnelReport{}, err
	}
	report := f.report()
	report.Notes = r.notes
	return report, nil
}

func (c *FunnelConfig) defaults() {
	c.Limit = cmp.Or(c.Limit, 30*time.Second)
	if c.WorkTime == nil {
		c.WorkTime = func(from, to time.Time) time.Duration { return to.Sub(from) }
	}
}

func (p Period) check() error {
	var problems []Problem
	if p.From == 0 {
		problems = append(problems, Problem{Field: "From", Why: WhyMissing})
	}
	if p.To == 0 {
		problems = append(problems, Problem{Field: "To", Why: WhyMissing})
	} else if p.To < p.From {
		problems = append(problems, Problem{Field: "To", Value: p.To.String(), Why: WhyOrder})
	}
	return configError(problems)
}

type funnel struct {
	config FunnelConfig
	by     map[string]*FunnelRow
	deals  []funnelDeal
	load   map[string]*Load
	places map[string]*place
}

// A place sums the positions at which deals pass a stage.
type place struct{ sum, n int }

type funnelDeal struct {
	row    *FunnelRow
	stages []string
	won    bool
}

func (f *funnel) add(d *Deal) {
	c := f.config
	end := c.To - 1
	if !d.Opened.by(end) {
		return
	}
	closed := d.Closed.by(end)
	f.carry(d, closed)
	if !c.has(d.Opened.On) {
		return
	}
	row := f.by[d.Tags[c.By]]
	if c.By == "" {
		row = f.by[""]
	}
	if row == nil {
		row = &FunnelRow{}
		if c.By != "" {
			row.Tag = d.Tags[c.By]
		}
		f.by[row.Tag] = row
	}
	row.Opened++
	won := closed && d.Outcome == OutcomeWon
	switch {
	case won:
		row.Won++
		row.lives = append(row.lives, span{int(d.Closed.On - d.Opened.On), true})
	case closed:
		row.Lost++
	default:
		row.Open++
		row.lives = append(row.lives, span{int(end - d.Opened.On), false})
	}
	entered := funnelDeal{row: row, won: won}
	for _, s := range d.Stages {
		if !s.by(end) || slices.Contains(entered.stages, s.Stage) {
			continue
		}
		p := f.places[s.Stage]
		if p == nil {
			p = &place{}
			f.places[s.Stage] = p
		}
		p.sum += len(entered.stages)
		p.n++
		entered.stages = append(entered.stages, s.Stage)
	}
	f.deals = append(f.deals, entered)
	if won && d.Currency != "" {
		row.money(d.Currency).Won = row.money(d.Currency).Won.Add(d.Amount)
	}
	for _, p := range d.Paid {
		if p.by(end) {
			m := row.money(p.Currency)
			m.Received = m.Received.Add(p.Amount)
		}
	}
	asked, answered, ok := firstResponse(d.Touches, c.To.MidnightUTC())
	f.respond(row, asked, answered, ok)
}

func (r *FunnelRow) money(currency string) *FunnelMoney {
	i, ok := slices.BinarySearchFunc(r.Money, currency, func(m FunnelMoney, c string) int { return cmp.Compare(m.Currency, c) })
	if !ok {
		r.Money = slices.Insert(r.Money, i, FunnelMoney{Currency: currency})
	}
	return &r.Money[i]
}

func (f *funnel) carry(d *Deal, closed bool) {
	manager := d.Tags["manager"]
	l := f.load[manager]
	if l == nil {
		l = &Load{Manager: manager}
		f.load[manager] = l
	}
	if !closed {
		l.Open++
		l.Late += d.Late
	}
	for _, t := range d.Touches {
		if t.Out && f.config.has(date.NewAt(t.At.UTC())) {
			l.Touches++
		}
	}
}

func (f *funnel) respond(row *FunnelRow, asked, answered time.Time, ok bool) {
	if asked.IsZero() {
		return
	}
	row.Inquiries++
	if !ok {
		return
	}
	took := f.config.WorkTime(asked, answered)
	row.Answered++
	row.responses = append(row.responses, took)
	if took <= f.config.Limit {
		row.AnsweredInTime++
	}
}

// firstResponse finds the client's first message and our first one after it, both before end.
func firstResponse(touches []Touch, end time.Time) (asked, answered time.Time, ok bool) {
	for _, t := range touches {
		if !t.Out && t.At.Before(end) && (asked.IsZero() || t.At.Before(asked)) {
			asked = t.At
		}
	}
	for _, t := range touches {
		if t.Out && t.At.Before(end) && !asked.IsZero() && !t.At.Before(asked) && (!ok || t.At.Before(answered)) {
			answered, ok = t.At, true
		}
	}
	return asked, answered, ok
}

func (f *funnel) report() FunnelReport {
	stages := f.config.Stages
	if len(stages) == 0 {
		stages = sortedKeys(f.places)
		sort.SliceStable(stages, func(i, j int) bool {
			a, b := f.places[stages[i]], f.places[stages[j]]
			return a.sum*b.n < b.sum*a.n
		})
	}
	total := FunnelRow{Reached: make([]int, len(stages))}
	report := FunnelReport{Config: f.config, Stages: stages}
	for _, row := range f.by {
		row.Reached = make([]int, len(stages))
	}
	for _, d := range f.deals {
		furthest := -1
		if d.won {
			furthest = len(stages) - 1
		}
		for _, s := range d.stages {
			furthest = max(furthest, slices.Index(stages, s))
		}
		for i := range furthest + 1 {
			d.row.Reached[i]++
		}
	}
	for _, tag := range sortedKeys(f.by) {
		row := f.by[tag]
		total.merge(row)
		row.measure()
		report.Rows = append(report.Rows, *row)
	}
	total.measure()
	report.Total = total
	for _, name := range sortedKeys(f.load) {
		if l := f.load[name]; l.Open > 0 || l.Touches > 0 {
			report.Load = append(report.Load, *l)
		}
	}
	return report
}

func (r *FunnelRow) merge(o *FunnelRow) {
	r.Opened, r.Won, r.Lost, r.Open = r.Opened+o.Opened, r.Won+o.Won, r.Lost+o.Lost, r.Open+o.Open
	r.Inquiries, r.Answered, r.AnsweredInTime = r.Inquiries+o.Inquiries, r.Answered+o.Answered, r.AnsweredInTime+o.AnsweredInTime
	for i, n := range o.Reached {
		r.Reached[i] += n
	}
	for _, m := range o.Money {
		into := r.money(m.Currency)
		into.Won, into.Received = into.Won.Add(m.Won), into.Received.Add(m.Received)
	}
	r.lives = append(r.lives, o.lives...)
	r.responses = append(r.responses, o.responses...)
}

// measure takes the medians, and forgets what they were taken from.
func (r *FunnelRow) measure() {
	r.Velocity, r.VelocityKnown = medianTime(r.lives)
	if n := len(r.responses); n > 0 {
		slices.Sort(r.responses)
		r.FirstResponse = (r.responses[(n-1)/2] + r.responses[n/2]) / 2
	}
	r.lives, r.responses = nil, nil
}

// medianTime is the first day by which the Kaplan-Meier estimate of those still waiting is at most
// one half.
func medianTime(lives []span) (days int, ok bool) {
	slices.SortFunc(lives, func(a, b span) int { return cmp.Compare(a.days, b.days) })
	waiting := 1.0
	for i := 0; i < len(lives); {
		atRisk, events := len(lives)-i, 0
		day := lives[i].days
		for ; i < len(lives) && lives[i].days == day; i++ {
			if lives[i].event {
				events++
			}
		}
		waiting *= 1 - float64(events)/float64(atRisk)
		if waiting <= .5+1e-12 {
			return day, true
		}
	}
	return 0, false
}

// Table shows a row for each tag: opened, the stages, won, the money, velocity and first response.
func (r FunnelReport) Table() Table {
	t := Table{
		Title:   "Funnel: " + periodName(r.Config.Period),
		Columns: append(words(cmp.Or(r.Config.By, "all")), numbers(append([]string{"opened"}, r.Stages...)...)...),
	}
	t.Columns = append(t.Columns, numbers("won", "lost", "open", "conversion")...)
	var codes []string
	for _, m := range r.Total.Money {
		codes = append(codes, m.Currency)
		t.Columns = append(t.Columns, numbers("won, "+m.Currency, "received, "+m.Currency)...)
	}
	t.Columns = append(t.Columns, numbers("velocity, days", "first response", "in time")...)
	row := func(name string, f FunnelRow) []Cell {
		cells := []Cell{Cell(name), countCell(f.Opened)}
		for _, n := range f.Reached {
			cells = append(cells, countCell(n))
		}
		cells = append(cells, countCell(f.Won), countCell(f.Lost), countCell(f.Open), percentCell(f.Conversion()))
		for _, code := range codes {
			m := *f.money(code)
			cells = append(cells, amountCell(m.Won, code), amountCell(m.Received, code))
		}
		velocity := Dash
		if f.VelocityKnown {
			velocity = countCell(f.Velocity)
		}
		return append(cells, velocity, durationCell(f.FirstResponse, f.Answered > 0), percentCell(f.InTime()))
	}
	for _, f := range r.Rows {
		f.Money = slices.Clone(f.Money)
		t.Rows = append(t.Rows, row(f.Tag, f))
	}
	t.Total = row("total", r.Total)
	return t
}

// LoadTable shows what each manager carries.
func (r FunnelReport) LoadTable() Table {
	t := Table{Title: "Load: " + periodName(r.Config.Period), Columns: append(words("manager"), numbers("open", "touches", "late")...)}
	var sum Load
	for _, l := range r.Load {
		t.Rows = append(t.Rows, []Cell{Cell(l.Manager), countCell(l.Open), countCell(l.Touches), countCell(l.Late)})
		sum.Open, sum.Touches, sum.Late = sum.Open+l.Open, sum.Touches+l.Touches, sum.Late+l.Late
	}
	t.Total = []Cell{"total", countCell(sum.Open), countCell(sum.Touches), countCell(sum.Late)}
	return t
}
