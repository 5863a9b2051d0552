package main

import (
	"cmp"
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"sync"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/forecast/chart"
	"github.com/tenure-go/tenure/pipeline"
)

const currency = "RUB"

// books are the facts that the forecasts are made of, folded from the feeds of bookings and deals.
type books struct {
	stays  map[booking.ReservationID]*sold
	deals  map[pipeline.CaseID]*forecast.Deal
	latest time.Time
}

// A sold stay is what the books know of it.
type sold struct {
	unit      string
	layout    string
	price     decimal.Decimal // of a night
	span      booking.Span
	source    string
	confirmed time.Time
	arrived   time.Time
	cancelled time.Time
}

func newBooks() *books {
	return &books{stays: map[booking.ReservationID]*sold{}, deals: map[pipeline.CaseID]*forecast.Deal{}}
}

// booked takes an event of the chessboard in. What was only held is no fact for the books.
func (b *books) booked(e booking.Event) {
	if e.At.After(b.latest) {
		b.latest = e.At
	}
	r := e.Reservation
	if r == nil || e.Tags["kind"] != "rent" || r.Block || r.Claims[0].Span.Forever() {
		return
	}
	st := b.stays[r.ID]
	if st == nil {
		if e.Kind != booking.KindConfirmed {
			return
		}
		price, _ := decimal.NewFromString(e.Tags["price"])
		st = &sold{unit: e.Key.ID, layout: e.Tags["layout"], price: price, source: cmp.Or(r.Source, "direct"), confirmed: e.At}
		b.stays[r.ID] = st
	}
	st.span = r.Claims[0].Span
	switch e.Kind {
	case booking.KindCheckedIn:
		st.arrived = e.At
	case booking.KindCancelled, booking.KindNoShow:
		st.cancelled = e.At
	}
}

// dealt takes an event of a deal in.
func (b *books) dealt(e pipeline.Event) {
	if e.At.After(b.latest) {
		b.latest = e.At
	}
	id := pipeline.CaseID(e.Key.ID)
	d := b.deals[id]
	if d == nil {
		if e.Kind != pipeline.EventOpened {
			return
		}
		d = &forecast.Deal{ID: forecast.DealID(id), Opened: forecast.On(today(e.At)), Tags: forecast.Tags{}}
		b.deals[id] = d
	}
	switch e.Kind {
	case pipeline.EventInquired:
		if d.Tags["channel"] == "" {
			d.Tags["channel"] = e.Name
		}
		d.Touches = append(d.Touches, forecast.Touch{At: e.At})
	case pipeline.EventResponded:
		d.Touches = append(d.Touches, forecast.Touch{At: e.At, Out: true})
	case pipeline.EventMoved:
		d.Stages = append(d.Stages, forecast.Entered{Stage: e.To, Dated: forecast.On(today(e.At))})
		if e.From == "lost" {
			d.Closed, d.Outcome = forecast.Dated{}, forecast.OutcomeOpen
		}
	case pipeline.EventSet:
		if amount, err := decimal.NewFromString(e.To); e.Name == "price" && err == nil {
			d.Money = forecast.Money{Amount: amount, Currency: currency}
		}
	case pipeline.EventClosed:
		d.Closed, d.Outcome = forecast.On(today(e.At)), forecast.OutcomeWon
		if e.Name == pipeline.Lost {
			d.Outcome = forecast.OutcomeLost
		}
	}
	if len(d.Touches) > 100 {
		d.Touches = d.Touches[:100]
	}
	if len(d.Stages) > 100 {
		d.Stages = d.Stages[:100]
	}
}

// promises are what the stays owe: three tenths with the confirmation, the rest on arrival. The
// house's bank is slow now and then; whoever does not come does not pay.
func (b *books) promises(now date.Date) []forecast.Promise {
	var all []forecast.Promise
	for id, st := range b.stays {
		arrival, _ := st.span.Dates()
		nights, _ := st.span.Len()
		total := st.price.Mul(decimal.NewFromInt(int64(nights)))
		deposit := total.Mul(decimal.NewFromFloat(.3)).Round(2)
		made, late := today(st.confirmed), date.Date(len(st.unit+string(id))*7%5)
		for _, part := range []struct {
			name   string
			amount decimal.Decimal
			due    date.Date
			since  time.Time // what must have happened
		}{{"deposit", deposit, made, st.confirmed}, {"rest", total.Sub(deposit), max(arrival, made), st.arrived}} {
			promise := forecast.Promise{ID: forecast.PromiseID(string(id) + "|" + part.name), Made: forecast.On(made), Dues: []forecast.Dated{{On: part.due, Known: made}},
				Money: forecast.Money{Amount: part.amount, Currency: currency}, Tags: forecast.Tags{"channel": st.source, "layout": st.layout}}
			if paid := max(part.due, today(part.since)) + late; !part.since.IsZero() && paid <= now {
				promise.Paid = []forecast.Payment{{Dated: forecast.On(paid), Money: promise.Money}}
			} else if !st.cancelled.IsZero() {
				promise.Cancelled = forecast.On(today(st.cancelled))
			}
			all = append(all, promise)
		}
	}
	slices.SortFunc(all, func(a, b forecast.Promise) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

func (b *books) nights() []forecast.Stay {
	var all []forecast.Stay
	for id, st := range b.stays {
		arrival, departure := st.span.Dates()
		nights, _ := st.span.Len()
		f := forecast.Stay{ID: forecast.StayID(id), Booked: forecast.On(min(today(st.confirmed), arrival)), Arrival: arrival, Departure: departure,
			Nights: []forecast.Money{{Amount: st.price.Mul(decimal.NewFromInt(int64(nights))), Currency: currency}}}
		if !st.cancelled.IsZero() {
			f.Cancelled = forecast.On(today(st.cancelled))
		}
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b forecast.Stay) int { return cmp.Compare(a.ID, b.ID) })
	return all
}

// last is when something last happened, or the instant given if that is later.
func (v *view) last(t time.Time) time.Time {
	v.mu.RLock()
	defer v.mu.RUnlock()
	if v.books.latest.After(t) {
		return v.books.latest
	}
	return t
}

// A moneyPage is charts, each with the table it was drawn from.
type moneyPage struct {
	Figures  []figure
	Sections []moneySection
}

type figure struct{ Name, Value, Note string }

type moneySection struct {
	ID    string
	Text  string
	Chart template.HTML
	Table forecast.Table
}

// A treasury keeps the page until something changes: forecasts with their backtests take a moment.
type treasury struct {
	mu    sync.Mutex
	pages map[string]treasurePage
}

type treasurePage struct {
	day     date.Date
	changes int
	made    time.Time
	page    moneyPage
}

// money shows what comes when and how surely, plan against fact, the funnel and how full the house is.
func (s *server) money(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "money")
	m, err := s.treasure(p)
	if err != nil {
		return err
	}
	return s.show(w, r, p.with(m))
}

func (s *server) treasure(p page) (moneyPage, error) {
	s.vault.mu.Lock()
	defer s.vault.mu.Unlock()
	v := s.h.view
	v.mu.RLock()
	changes := v.changes
	kept, ok := s.vault.pages[p.Lang]
	if ok && kept.day == p.Today() && (kept.changes == changes || time.Since(kept.made) < 3*time.Second) {
		v.mu.RUnlock()
		return kept.page, nil
	}
	promises, stays, deals := v.books.promises(p.Today()), v.books.nights(), []forecast.Deal{}
	for _, id := range slices.Sorted(maps.Keys(v.books.deals)) {
		d := *v.books.deals[id]
		d.Stages, d.Touches, d.Tags = slices.Clone(d.Stages), slices.Clone(d.Touches), maps.Clone(d.Tags)
		deals = append(deals, d)
	}
	v.mu.RUnlock()
	page, err := forecasts(p, promises, stays, deals)
	if err != nil {
		return page, err
	}
	if s.vault.pages == nil {
		s.vault.pages = map[string]treasurePage{}
	}
	s.vault.pages[p.Lang] = treasurePage{p.Today(), changes, time.Now(), page}
	return page, nil
}

// forecasts makes the page of the facts as they are known on the page's day.
func forecasts(p page, promises []forecast.Promise, stays []forecast.Stay, deals []forecast.Deal) (m moneyPage, err error) {
	now := p.Today()
	rent := (floors - 2) * perFloor
	section := func(id string, svg chart.SVG, t forecast.Table, text string) {
		m.Sections = append(m.Sections, moneySection{id, text, template.HTML(svg), t.In(p.Lang)}) // chart escapes what it draws
	}

	next := forecast.Options{AsOf: now, Days: 30, Skip: true}
	receipts, err := forecast.Receipts(forecast.All(promises), forecast.ReceiptsConfig{Options: next})
	if err != nil {
		return m, err
	}
	section("receipts", chart.Fan(p.T("receipts"), receipts), receipts.EvidenceTable(), p.T("method")+": "+receipts.Method+". "+receipts.Degraded)

	then := forecast.Options{AsOf: now - 28, Days: 28, Every: forecast.EveryWeek, Skip: true}
	plan, err := forecast.Receipts(forecast.All(promises), forecast.ReceiptsConfig{Options: then})
	if err != nil {
		return m, err
	}
	fact, err := forecast.PlanFact(plan, forecast.All(promises), forecast.Options{AsOf: now, Skip: true})
	if err != nil {
		return m, err
	}
	planned, came := chart.Series{Name: p.T("plan")}, chart.Series{Name: p.T("fact")}
	for _, b := range fact.Buckets {
		planned.Points = append(planned.Points, chart.Point{Label: b.From.Format("02.01"), Value: b.Plan})
		came.Points = append(came.Points, chart.Point{Label: b.From.Format("02.01"), Value: b.Fact})
	}
	section("planfact", chart.Bars(p.T("planfact"), planned, came), fact.Table(), p.T("planfact-text"))

	var stages []string
	for _, stage := range rental.Stages {
		if stage.Final == "" {
			stages = append(stages, string(stage.ID))
		}
	}
	funnel, err := forecast.Funnel(forecast.All(deals), forecast.FunnelConfig{Period: forecast.Period{From: now - before, To: now + 1, Skip: true}, By: "channel", Stages: stages})
	if err != nil {
		return m, err
	}
	steps := []chart.Point{{Label: p.T("opened"), Value: decimal.NewFromInt(int64(funnel.Total.Opened))}}
	for i, stage := range funnel.Stages {
		if i > 0 { // every deal is new at first
			steps = append(steps, chart.Point{Label: p.StageTitle(stage), Value: decimal.NewFromInt(int64(funnel.Total.Reached[i]))})
		}
	}
	section("funnel", chart.Steps(p.T("funnel"), steps...), funnel.Table(), "")

	inventory := forecast.Inventory{{From: now - 400, To: now + 400, Rooms: rent}}
	full, err := forecast.Occupancy(forecast.All(stays), inventory, forecast.StaysConfig{Options: next})
	if err != nil {
		return m, err
	}
	rooms, err := forecast.Rooms(forecast.All(stays), inventory, forecast.RoomsConfig{Period: forecast.Period{From: now - 41, To: now + 1, Skip: true}})
	if err != nil {
		return m, err
	}
	var days []chart.Day
	for _, row := range rooms.Rows {
		days = append(days, chart.Day{On: row.From, Share: row.Occupancy()})
	}
	for _, b := range full.Buckets {
		days = append(days, chart.Day{On: b.From, Share: forecast.Ratio{Num: b.Mean, Den: decimal.NewFromInt(int64(rent))}})
	}
	section("occupancy", chart.Heat(p.T("occupancy"), days...), full.EvidenceTable(), p.T("method")+": "+full.Method+". "+full.Degraded)

	m.Figures = []figure{
		{p.T("fig-receipts"), rub(receipts.Total.Mean), rub(receipts.Total.Low) + " – " + rub(receipts.Total.High)},
		{p.T("fig-paper"), rub(receipts.Total.Contract), ""},
		{p.T("fig-occupancy"), percent(full.Total.Mean, decimal.NewFromInt(int64(rent*30))), p.T("next-30")},
		{p.T("fig-won"), strconv.Itoa(funnel.Total.Won), strconv.Itoa(funnel.Total.Opened) + " " + p.T("opened")},
	}
	return m, nil
}

func rub(d decimal.Decimal) string { return grouped(d.Round(0).String()) + "\u202f₽" }

func percent(a, b decimal.Decimal) string {
	if b.IsZero() {
		return "–"
	}
	return a.Mul(decimal.NewFromInt(100)).Div(b).Round(0).String() + "\u202f%"
}
