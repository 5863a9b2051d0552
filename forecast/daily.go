package forecast

import (
	"fmt"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
)

// Sources are the facts of a Daily. Each is read once; nil ones are left out of the summary.
type Sources struct {
	Deals     Facts[Deal]
	Promises  Facts[Promise]
	Stays     Facts[Stay]
	Calls     Facts[Call]
	Inventory Inventory
	Plan      *Forecast // of Receipts, made earlier
}

// DailyConfig configures Daily.
type DailyConfig struct {
	// Options: AsOf is the day to report. The forecast of receipts covers the Days after it.
	Options

	// Zone is where days begin, an IANA name. Defaults to UTC.
	Zone string

	// Funnel gives the limit and the working time of the first response; its period is the day.
	Funnel FunnelConfig

	// Calls gives the limits of calls; its period is the day.
	Calls CallsConfig
}

// A Summary is one day, to be read aloud in the morning.
type Summary struct {
	AsOf date.Date

	Deals *DailyDeals
	Money *DailyMoney
	Rooms *DailyRooms
	Calls *CallCounts

	Notes []Problem
}

// DailyDeals is the day of the sales office.
type DailyDeals struct {
	New           int // opened on the day
	Repeated      int // messages on the day from clients of deals opened before, by deal
	Inquiries     int // opened on the day with a message from the client
	InTime        int // of those, answered within the limit
	FirstResponse time.Duration
	Responded     int
	Moves         int // stages entered on the day
	Won           int
	Revenue       []Money // of what was won on the day, by currency
	Late          []Load  // open deals with overdue tasks, by manager
}

// DailyMoney is the day's money and what is to come.
type DailyMoney struct {
	Received []Money   // on the day, by currency
	Plan     *Forecast // the receipts to come
	PlanFact *PlanFactReport
}

// DailyRooms is the day of the house.
type DailyRooms struct {
	Arrivals, Departures int // stays
	Sold, Available      int // rooms of the night
}

// Occupancy is sold / available.
func (r DailyRooms) Occupancy() Ratio { return ratioOf(r.Sold, r.Available) }

// Daily sums up one day: new and repeated inquiries, first response, moves and wins; receipts, and
// plan and fact; arrivals, departures and occupancy; missed calls not returned; what is late and
// whose.
func Daily(s Sources, c DailyConfig) (Summary, error) {
	if err := c.Options.check(methodNames(payPriors[:])); err != nil {
		return Summary{}, err
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil {
		return Summary{}, &InvalidError{Field: "Zone", Value: c.Zone, Why: WhyUnknown}
	}
	d := &daily{config: c, from: c.AsOf.MidnightIn(zone), to: (c.AsOf + 1).MidnightIn(zone), out: Summary{AsOf: c.AsOf}}
	for _, part := range []struct {
		given bool
		read  func() error
	}{
		{s.Deals != nil, func() error { return d.deals(s.Deals) }},
		{s.Promises != nil, func() error { return d.money(s.Promises, s.Plan) }},
		{s.Stays != nil, func() error { return d.rooms(s.Stays, s.Inventory) }},
		{s.Calls != nil, func() error { return d.calls(s.Calls) }},
	} {
		if !part.given {
			continue
		}
		if err := part.read(); err != nil {
			return Summary{}, err
		}
	}
	return d.out, nil
}

type daily struct {
	config   DailyConfig
	from, to time.Time
	out      Summary
}

func (d *daily) today(at time.Time) bool { return !at.Before(d.from) && at.Before(d.to) }

func (d *daily) deals(rows Facts[Deal]) error {
	day := d.config.AsOf
	out := &DailyDeals{}
	revenue := map[string]*tally{}
	var responses FunnelRow
	f := &funnel{config: d.config.Funnel, by: map[string]*FunnelRow{}, load: map[string]*Load{}, places: map[string]*place{}}
	f.config.Period = Period{From: day, To: day + 1}
	f.config.defaults()
	r := &reader{skip: d.config.Skip}
	err := read(r, rows, checkDeal, func(deal *Deal) {
		if !deal.Opened.by(day) {
			return
		}
		closed := deal.Closed.by(day)
		f.carry(deal, closed)
		if deal.Opened.On == day {
			out.New++
			asked, answered, ok := firstResponse(deal.Touches, d.to)
			f.respond(&responses, asked, answered, ok)
		} else {
			for _, t := range deal.Touches {
				if !t.Out && d.today(t.At) {
					out.Repeated++
					break
				}
			}
		}
		for _, s := range deal.Stages {
			if s.by(day) && s.On == day {
				out.Moves++
			}
		}
		if closed && deal.Closed.On == day && deal.Outcome == OutcomeWon {
			out.Won++
			addMoney(revenue, deal.Money)
		}
	})
	if err != nil {
		return err
	}
	responses.measure()
	out.Inquiries, out.InTime, out.Responded, out.FirstResponse = responses.Inquiries, responses.AnsweredInTime, responses.Answered, responses.FirstResponse
	out.Revenue = moneyList(revenue)
	for _, name := range sortedKeys(f.load) {
		if l := f.load[name]; l.Late > 0 {
			out.Late = append(out.Late, *l)
		}
	}
	d.out.Deals = out
	d.out.Notes = append(d.out.Notes, r.notes...)
	return nil
}

func addMoney(by map[string]*tally, m Money) {
	if m.Currency == "" {
		return
	}
	if by[m.Currency] == nil {
		by[m.Currency] = &tally{}
	}
	by[m.Currency].add(m.Amount)
}

func moneyList(by map[string]*tally) []Money {
	var list []Money
	for _, code := range sortedKeys(by) {
		list = append(list, Money{by[code].sum(scale(code)), code})
	}
	return list
}

// money reads the promises once, keeps them, and asks each question of what was kept.
func (d *daily) money(rows Facts[Promise], plan *Forecast) error {
	var kept []Promise
	received := map[string]*tally{}
	day := d.config.AsOf
	r := &reader{skip: d.config.Skip}
	err := read(r, rows, checkPromise, func(p *Promise) {
		kept = append(kept, *p)
		if p.Kind == KindEscrowRelease {
			return
		}
		for _, paid := range p.Paid {
			if paid.by(day) && paid.On == day {
				addMoney(received, Money{signed(p, paid.Amount), p.Currency})
			}
		}
	})
	if err != nil {
		return err
	}
	d.out.Notes = append(d.out.Notes, r.notes...)
	out := &DailyMoney{Received: moneyList(received)}
	forecast, err := Receipts(All(kept), ReceiptsConfig{Options: d.config.Options})
	if err != nil {
		return err
	}
	out.Plan = &forecast
	if plan != nil {
		report, err := PlanFact(*plan, All(kept), d.config.Options)
		if err != nil {
			return err
		}
		out.PlanFact = &report
	}
	d.out.Money = out
	return nil
}

func (d *daily) rooms(rows Facts[Stay], inventory Inventory) error {
	day := d.config.AsOf
	rooms, out := inventory.on(day)
	house := &DailyRooms{Available: max(rooms-out, 0)}
	r := &reader{skip: d.config.Skip}
	err := read(r, rows, checkStay, func(s *Stay) {
		if !s.Booked.by(day) || s.Cancelled.by(day) || s.NoShow || s.Arrival == s.Departure {
			return
		}
		if s.Arrival == day {
			house.Arrivals++
		}
		if s.Departure == day {
			house.Departures++
		}
		if s.Arrival <= day && day < s.Departure {
			house.Sold += max(s.Rooms, 1)
		}
	})
	if err != nil {
		return err
	}
	d.out.Rooms = house
	d.out.Notes = append(d.out.Notes, r.notes...)
	return nil
}

func (d *daily) calls(rows Facts[Call]) error {
	c := d.config.Calls
	c.From, c.To, c.By, c.Skip = d.from, d.to, nil, d.config.Skip
	report, err := Calls(rows, c)
	if err != nil {
		return err
	}
	d.out.Calls = &report.Total.This
	d.out.Notes = append(d.out.Notes, report.Notes...)
	return nil
}

// Text is the summary in English, or in Russian for "ru": one fact a line.
func (s Summary) Text(lang string) string {
	var b strings.Builder
	line := func(en, ru string, args ...any) {
		if lang == "ru" {
			en = ru
		}
		fmt.Fprintf(&b, en+"\n", args...)
	}
	line("Day: %s", "День: %s", s.AsOf)
	if d := s.Deals; d != nil {
		line("Inquiries: %d new, %d repeated", "Обращения: новых %d, повторных %d", d.New, d.Repeated)
		if d.Inquiries > 0 {
			line("First response: %s, in time %d of %d", "Первый ответ: %s, вовремя %d из %d", durationCell(d.FirstResponse, d.Responded > 0), d.InTime, d.Inquiries)
		}
		line("Moves: %d, won: %d (%s)", "Переходы: %d, выиграно: %d (%s)", d.Moves, d.Won, moneyText(d.Revenue))
		for _, l := range d.Late {
			line("Late: %s, %d tasks", "Просрочено: %s, задач: %d", whose(l.Manager, lang), l.Late)
		}
	}
	if m := s.Money; m != nil {
		line("Received: %s", "Поступило: %s", moneyText(m.Received))
		if p := m.PlanFact; p != nil && len(p.Buckets) > 0 {
			t := p.Total
			line("Plan since %s: %s, fact %s, difference %s %s", "План с %s: %s, факт %s, разница %s %s", t.From,
				t.Plan.StringFixed(scale(p.Currency)), t.Fact.StringFixed(scale(p.Currency)), t.Difference().StringFixed(scale(p.Currency)), p.Currency)
		}
		if f := m.Plan; f != nil && f.Unit != "" {
			t := f.Total
			line("To come by %s: %s (%s to %s) %s", "Ожидается до %s: %s (от %s до %s) %s", t.To-1,
				t.Mean.StringFixed(scale(f.Unit)), t.Low.StringFixed(scale(f.Unit)), t.High.StringFixed(scale(f.Unit)), f.Unit)
		}
	}
	if r := s.Rooms; r != nil {
		line("Arrivals: %d, departures: %d, occupancy: %s", "Заезды: %d, выезды: %d, загрузка: %s", r.Arrivals, r.Departures, percentCell(r.Occupancy()))
	}
	if c := s.Calls; c != nil {
		line("Calls: %d answered, %d missed, %d not returned", "Звонки: принято %d, пропущено %d, не перезвонили: %d", c.Answered, c.Missed, c.Lost)
	}
	return b.String()
}

// Table shows the lines of the text: a fact and its value.
func (s Summary) Table() Table {
	t := Table{Title: "The day", Columns: words("fact", "value")}
	for _, line := range strings.Split(strings.TrimSpace(s.Text("en")), "\n") {
		fact, value, _ := strings.Cut(line, ": ")
		t.Rows = append(t.Rows, []Cell{Cell(fact), Cell(value)})
	}
	return t
}

func whose(manager, lang string) string {
	switch {
	case manager != "":
		return manager
	case lang == "ru":
		return "без ответственного"
	default:
		return "nobody"
	}
}

func moneyText(list []Money) string {
	if len(list) == 0 {
		return string(Dash)
	}
	var parts []string
	for _, m := range list {
		parts = append(parts, m.Amount.StringFixed(scale(m.Currency))+" "+m.Currency)
	}
	return strings.Join(parts, ", ")
}
