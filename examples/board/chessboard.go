package main

import (
	"cmp"
	"context"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
	"github.com/tenure-go/tenure/store/sqlite/litenotify"
)

// A window is the part of the chessboard that a browser sees: nothing else is sent.
type window struct{ Unit, Units, Day, Days int }

// A grid is a window filled.
type grid struct {
	window
	Flats, Total int // how many there are: units and days
	Heads        []dayHead
	Rows         []row
	Origin       string // the date of day 0
	View         string
	Floors       []floor
	On           date.Date
}

type dayHead struct {
	Date       date.Date
	Weekday    string
	Day        int
	Month      string // on the first column and the first of each month
	Class      string
	Text, Full string
}

// A row is one flat's days. Neighbouring days of one reservation are one cell.
type row struct {
	Unit   booking.UnitID
	Number string
	Layout string
	Cells  []cell
}

type cell struct {
	Class  string // held, confirmed, in_house, sold, blocked; "" is free
	Days   int
	ID     booking.ReservationID
	Label  string
	Until  time.Time // of a hold
	Behind int       // how many wait
}

// cells lays a calendar out over days. The calendar was brought to now by booking.At: what lapsed a
// moment ago is free here, though nothing has recorded it yet.
func (s *server) cells(cal booking.Calendar, first date.Date, days int) []cell {
	taken := make([]*booking.Reservation, days)
	waits := make([]int, days)
	for i := range cal.Reservations {
		r := &cal.Reservations[i]
		for _, claim := range r.Claims {
			from, to := claim.Span.Dates()
			for d := max(from, first); d < min(to, first+date.Date(days)) && claim.Unit == cal.Unit.ID; d++ {
				if r.State == booking.StateQueued {
					waits[d-first]++
				} else if r.Blocks(cal.Clock) {
					taken[d-first] = r
				}
			}
		}
	}
	var cells []cell
	for d, r := range taken {
		switch {
		case r == nil && waits[d] > 0:
			cells = append(cells, cell{Class: "queued", Days: 1, Behind: waits[d]})
		case r == nil:
			cells = append(cells, cell{Days: 1, Class: offClass(first + date.Date(d))})
		case d > 0 && taken[d-1] == r:
			last := &cells[len(cells)-1]
			last.Days++
			last.Behind = max(last.Behind, waits[d])
		default:
			c := cell{Class: classOf(r), Days: 1, ID: r.ID, Label: s.holder(r), Behind: waits[d]}
			if r.State == booking.StateHeld {
				c.Until = r.Deadline
			}
			cells = append(cells, c)
		}
	}
	return cells
}

func classOf(r *booking.Reservation) string {
	switch r.State {
	case booking.StateCheckedIn, booking.StateCheckedOut:
		return "in_house"
	case booking.StateConfirmed:
		if r.Claims[0].Span.Forever() {
			return "sold"
		}
		return "confirmed"
	}
	return r.State.String()
}

func offClass(d date.Date) string {
	if w := d.Weekday(); w == time.Saturday || w == time.Sunday {
		return "off"
	}
	return ""
}

func (s *server) holder(r *booking.Reservation) string {
	if r.Holder == "" {
		return r.Source
	}
	return s.h.view.person(r.Holder)
}

// readWindow reads which part a browser sees.
func readWindow(r *http.Request, now time.Time) (window, error) {
	w := window{0, 24, int(today(now)-boardFirst) - 2, 32}
	for name, f := range map[string]struct {
		to       *int
		min, max int
	}{"unit": {&w.Unit, 0, 1 << 20}, "units": {&w.Units, 1, 80}, "day": {&w.Day, 0, boardDays}, "days": {&w.Days, 1, 140}} {
		text := r.FormValue(name)
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < f.min || n > f.max {
			return w, badField(name, text, fmt.Sprintf("must be a number from %d to %d", f.min, f.max), fmt.Sprintf("должно быть числом от %d до %d", f.min, f.max))
		}
		*f.to = n
	}
	w.Day = max(0, min(w.Day, boardDays-1))
	w.Days = min(w.Days, boardDays-w.Day)
	return w, nil
}

// fill fills a window.
func (s *server) fill(p page, w window) grid {
	g := grid{window: w, Total: boardDays, Origin: boardFirst.String(), View: "days"}
	s.h.view.mu.RLock()
	g.Flats = len(s.h.view.order)
	s.h.view.mu.RUnlock()
	first := boardFirst + date.Date(w.Day)
	for i := range w.Days {
		d := first + date.Date(i)
		head := dayHead{Date: d, Weekday: weekdays[p.Lang][d.Weekday()], Day: d.Day(), Class: offClass(d)}
		if d == p.Today() {
			head.Class = "today"
		}
		if i == 0 || d.Day() == 1 {
			head.Month = months[p.Lang][d.Month()-1]
		}
		g.Heads = append(g.Heads, head)
	}
	for _, cal := range s.h.view.calendars(w.Unit, w.Units, p.Now) {
		g.Rows = append(g.Rows, row{Unit: cal.Unit.ID, Number: number(cal.Unit.ID), Layout: cal.Unit.Tags["layout"], Cells: s.cells(cal, first, w.Days)})
	}
	return g
}

func number(u booking.UnitID) string { return strings.TrimPrefix(string(u), "flat-") }

// chessboard is the page of the units, by days or by floors.
func (s *server) chessboard(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "chessboard")
	switch view := r.FormValue("view"); view {
	case "", "days":
	case "floors":
		g, err := s.front(p, r.FormValue("on"))
		if err != nil {
			return err
		}
		return s.show(w, r, p.with(g))
	default:
		return badField("view", view, "must be days or floors", "должно быть days или floors")
	}
	win, err := readWindow(r, p.Now)
	if err != nil {
		return err
	}
	return s.show(w, r, p.with(s.fill(p, win)))
}

// rows sends the window that was scrolled to.
func (s *server) rows(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "chessboard")
	win, err := readWindow(r, p.Now)
	if err != nil {
		return err
	}
	s.render(w, http.StatusOK, "rows", p.with(s.fill(p, win)))
	return nil
}

// A floor is a row of the house's front.
type floor struct {
	Number string
	Flats  []flatCell
}

type flatCell struct {
	cell
	Unit          booking.UnitID
	Number        string
	Layout, Price string
	Sale          bool
}

// front shows every flat on its floor, as it is on one night.
func (s *server) front(p page, on string) (grid, error) {
	g := grid{View: "floors", On: p.Today()}
	if on != "" {
		d, err := date.ParseISO(on)
		if err != nil || d < boardFirst || d >= boardFirst+boardDays {
			return g, badField("on", on, "must be a date of the board", "должно быть датой доски")
		}
		g.On = d
	}
	for _, cal := range s.h.view.calendars(0, 1<<20, p.Now) {
		u := cal.Unit
		if g.Floors == nil || g.Floors[len(g.Floors)-1].Number != u.Tags["floor"] {
			g.Floors = append(g.Floors, floor{Number: u.Tags["floor"]})
		}
		f := &g.Floors[len(g.Floors)-1]
		f.Flats = append(f.Flats, flatCell{cell: s.cells(cal, g.On, 1)[0], Unit: u.ID, Number: number(u.ID), Layout: u.Tags["layout"],
			Price: grouped(u.Tags["price"]), Sale: u.Tags["kind"] == "sale"})
	}
	slices.Reverse(g.Floors)
	return g, nil
}

// A sheet is what opens over the board: a question about free days, or a stay.
type sheet struct {
	Unit    booking.Unit
	Number  string
	First   date.Date
	Nights  int
	Span    string
	Price   string
	Clients []cardLine
	Client  string
	Request string // the command's ID: sent twice it is done once
	Policy  string
	Sale    bool

	Stay    *booking.Reservation
	Class   string
	Holder  string
	Card    string
	Waiting []waiting
	Done    string // what was just done
}

type waiting struct {
	Name     string
	Priority int
	Since    time.Time
	Span     string
}

// asked is what a form says about days of a flat.
type asked struct {
	unit   booking.UnitID
	first  date.Date
	nights int
	span   booking.Span
}

func readAsked(r *http.Request, unit string) (a asked, err error) {
	a.unit = booking.UnitID(unit)
	if a.first, err = date.ParseISO(r.FormValue("first")); err != nil {
		return a, badField("first", r.FormValue("first"), "must be a date such as 2026-06-08", "должно быть датой вида 2026-06-08")
	}
	text := r.FormValue("nights")
	if text == "ever" {
		a.span = booking.NightsFrom(a.first)
		return a, nil
	}
	if a.nights, err = strconv.Atoi(text); err != nil || a.nights < 1 || a.nights > 365 {
		return a, badField("nights", text, "must be a number from 1 to 365", "должно быть числом от 1 до 365")
	}
	a.span, err = booking.Nights(a.first, a.first+date.Date(a.nights))
	return a, err
}

// ask is the question that opens after days were marked.
func (s *server) ask(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "ask")
	cal, err := s.h.view.calendar(booking.UnitID(r.PathValue("unit")), p.Now)
	if err != nil {
		return err
	}
	if cal.Unit.Tags["kind"] == "sale" {
		r.Form.Set("nights", "ever")
	}
	a, err := readAsked(r, r.PathValue("unit"))
	if err != nil {
		return err
	}
	sh := sheet{Unit: cal.Unit, Number: number(a.unit), First: a.first, Nights: a.nights, Span: spanText(a.span, p.Lang), Sale: a.span.Forever(),
		Clients: s.h.view.find("", 30), Client: r.FormValue("client"), Request: newRequest(), Policy: r.FormValue("policy"), Price: price(cal.Unit, a)}
	return s.show(w, r, p.with(sh))
}

func newRequest() string { return "H-" + rand.Text()[:10] }

func price(u booking.Unit, a asked) string {
	per, _ := strconv.Atoi(u.Tags["price"])
	return grouped(strconv.Itoa(per * max(1, a.nights)))
}

// grouped sets a number's thousands apart.
func grouped(digits string) string {
	for i := len(digits) - 3; i > 0; i -= 3 {
		digits = digits[:i] + "\u202f" + digits[i:]
	}
	return digits
}

var policies = map[string]booking.Policy{"": booking.PolicyReject, "reject": booking.PolicyReject, "queue": booking.PolicyQueue, "preempt": booking.PolicyPreempt}

// hold takes days of a flat for a client: the hold and the letter that reminds of its end are one
// commit.
func (s *server) hold(w http.ResponseWriter, r *http.Request) error {
	a, err := readAsked(r, r.PostForm.Get("unit"))
	if err != nil {
		return err
	}
	policy, ok := policies[r.PostForm.Get("policy")]
	if !ok {
		return badField("policy", r.PostForm.Get("policy"), "must be reject, queue or preempt", "должно быть reject, queue или preempt")
	}
	p := s.page(r, "stay")
	c, err := s.h.client(r.Context(), r.PostForm.Get("client"), p.Lang)
	if err != nil {
		return err
	}
	id, err := requestID(r)
	if err != nil {
		return err
	}
	cmd := booking.Hold{ID: booking.ReservationID(id), Unit: a.unit, Span: a.span, Holder: string(c.card), Policy: policy,
		Source: "board", By: string(p.Who.ID)}
	if policy == booking.PolicyPreempt {
		cmd.Priority = 5
	}
	var res booking.Result
	err = sqlite.InTx(r.Context(), s.h.db, func(tx *sql.Tx) error {
		if res, err = s.h.units.In(litebooking.In(tx)).Hold(r.Context(), cmd); err != nil || res.State != booking.StateHeld || res.Replayed {
			return err
		}
		_, err = s.h.post.In(litenotify.In(tx)).Post(r.Context(), holdLetter(res.Reservation, c.to, c.name))
		return err
	})
	if err != nil {
		return err
	}
	done := map[booking.State]string{booking.StateHeld: "done-held", booking.StateQueued: "done-queued"}[res.State]
	return s.showStay(w, r, p, res.Ref(), done)
}

// A client is who a hold is for, and where letters to him go.
type client struct {
	card dedup.CardID
	name string
	to   notify.Recipient
}

func (h *house) client(ctx context.Context, id, lang string) (client, error) {
	if id == "" {
		return client{}, badField("client", id, "choose a client", "выберите клиента")
	}
	card, err := h.customers.Card(ctx, dedup.CardID(id))
	if err != nil {
		return client{}, err
	}
	c := client{card: card.ID, name: cmp.Or(card.Record["name"].Value, string(card.ID)),
		to: notify.Recipient{ID: string(card.ID), Zone: zone, Lang: lang, Addresses: map[notify.ChannelID]string{}}}
	for _, k := range card.Keys {
		switch address := string(k.Key); k.Key.Kind() {
		case dedup.KindPhone:
			for _, channel := range []notify.ChannelID{"whatsapp", "viber", "sms"} {
				c.to.Addresses[channel] = strings.TrimPrefix(address, "tel:")
			}
		case dedup.KindEmail:
			c.to.Addresses["email"] = strings.TrimPrefix(address, "mailto:")
		}
	}
	return c, nil
}

// A racer is one of the managers who wanted the same days, and why he did not get them.
type racer struct{ Name, Text string }

type raceReport struct {
	sheet
	Winner  string
	Until   time.Time
	Refused []racer
	Took    time.Duration
}

const racers = 50

// race lets fifty managers ask for the same days at the same moment.
func (s *server) race(w http.ResponseWriter, r *http.Request) error {
	a, err := readAsked(r, r.PostForm.Get("unit"))
	if err != nil {
		return err
	}
	p := s.page(r, "race")
	cal, err := s.h.view.calendar(a.unit, p.Now)
	if err != nil {
		return err
	}
	began, name := time.Now(), newRequest()
	start, all := make(chan struct{}), sync.WaitGroup{}
	answers := make([]error, racers)
	results := make([]booking.Result, racers)
	for i := range racers {
		all.Go(func() {
			<-start
			results[i], answers[i] = s.h.units.Hold(r.Context(), booking.Hold{ID: booking.ReservationID(fmt.Sprintf("%s-%d", name, i+1)),
				Unit: a.unit, Span: a.span, Holder: fmt.Sprintf("%s %d", p.T("manager"), i+1), Source: "race", By: fmt.Sprintf("manager-%d", i+1)})
		})
	}
	close(start)
	all.Wait()

	report := raceReport{sheet: sheet{Unit: cal.Unit, Number: number(a.unit), Span: spanText(a.span, p.Lang)}, Took: time.Since(began).Round(time.Millisecond)}
	for i, err := range answers {
		if err == nil {
			report.Winner, report.Until = results[i].Holder, results[i].Deadline
			continue
		}
		refused := newNo(err, p.Lang)
		report.Refused = append(report.Refused, racer{Name: fmt.Sprintf("%s %d", p.T("manager"), i+1), Text: strings.Join(refused.Reasons, "; ")})
	}
	if err := s.h.follow(r.Context()); err != nil {
		return err
	}
	if wantsJSON(r) {
		return writeJSON(w, map[string]any{"winner": report.Winner, "refused": len(report.Refused)})
	}
	return s.show(w, r, p.with(report))
}

// stay is one reservation, with who waits behind it and what can be done with it.
func (s *server) stay(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "stay")
	ref := booking.Ref{Unit: booking.UnitID(r.PathValue("unit")), ID: booking.ReservationID(r.PathValue("id"))}
	if r.FormValue("peek") == "" {
		return s.showStay(w, r, p, ref, "")
	}
	cal, err := s.h.view.calendar(ref.Unit, p.Now)
	if err != nil {
		return err
	}
	for i := range cal.Reservations {
		if res := &cal.Reservations[i]; res.ID == ref.ID {
			s.render(w, http.StatusOK, "peek", p.with(s.sheet(cal, res, p)))
			return nil
		}
	}
	return &booking.UnknownError{Kind: "reservation", ID: string(ref.ID)}
}

func (s *server) showStay(w http.ResponseWriter, r *http.Request, p page, ref booking.Ref, done string) error {
	if err := s.h.follow(r.Context()); err != nil {
		return err
	}
	if r.Method == http.MethodPost && !isPart(r) && !wantsJSON(r) {
		return back(w, r)
	}
	cal, err := s.h.view.calendar(ref.Unit, p.Now)
	if err != nil {
		return err
	}
	res, err := s.h.units.Reservation(r.Context(), ref)
	if err != nil {
		return err
	}
	if wantsJSON(r) {
		return writeJSON(w, res)
	}
	sh := s.sheet(cal, &res, p)
	sh.Done = done
	return s.show(w, r, p.with(sh))
}

// sheet tells of a reservation: who, until when, how urgent, and who waits behind.
func (s *server) sheet(cal booking.Calendar, res *booking.Reservation, p page) sheet {
	span := res.Claims[0].Span
	sh := sheet{Unit: cal.Unit, Number: number(cal.Unit.ID), Span: spanText(span, p.Lang), Stay: res, Class: classOf(res), Holder: s.holder(res)}
	s.h.view.mu.RLock()
	sh.Card = string(s.h.view.aliases[dedup.CardID(res.Holder)])
	s.h.view.mu.RUnlock()
	for i := range cal.Reservations {
		if q := &cal.Reservations[i]; q.State == booking.StateQueued && q.ID != res.ID && q.Claims[0].Span.Overlaps(span) {
			sh.Waiting = append(sh.Waiting, waiting{s.holder(q), q.Priority, q.Joined, spanText(q.Claims[0].Span, p.Lang)})
		}
	}
	slices.SortFunc(sh.Waiting, func(a, b waiting) int { return cmp.Or(b.Priority-a.Priority, a.Since.Compare(b.Since)) })
	return sh
}

// change confirms, extends or ends a reservation. Its letters follow in the same commit.
func (s *server) change(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "stay")
	ref := booking.Ref{Unit: booking.UnitID(r.PathValue("unit")), ID: booking.ReservationID(r.PathValue("id"))}
	if rev := r.PostForm.Get("rev"); rev != "" {
		var err error
		if ref.Rev, err = strconv.ParseInt(rev, 10, 64); err != nil || ref.Rev < 0 {
			return badField("rev", rev, "must be a number", "должно быть числом")
		}
	}
	var cmd booking.Command
	do := r.PostForm.Get("do")
	switch do {
	case "confirm":
		cmd = booking.Confirm{Ref: ref, By: string(p.Who.ID), Why: "deposit"}
	case "cancel":
		cmd = booking.Cancel{Ref: ref, By: string(p.Who.ID)}
	case "extend":
		cmd = booking.Extend{Ref: ref, TTL: time.Hour, By: string(p.Who.ID)}
	default:
		return badField("do", do, "must be confirm, cancel or extend", "должно быть confirm, cancel или extend")
	}
	res, err := s.h.units.Reservation(r.Context(), ref)
	if err != nil {
		return err
	}
	c, err := s.h.client(r.Context(), cmp.Or(res.Holder, "nobody"), p.Lang)
	if err != nil && !errors.Is(err, dedup.ErrUnknown) {
		return err
	}
	known := err == nil // a racer or another site's guest has no card, and gets no letters
	err = sqlite.InTx(r.Context(), s.h.db, func(tx *sql.Tx) error {
		res, err := s.h.units.In(litebooking.In(tx)).Do(r.Context(), cmd)
		if err != nil || !known || res.Claims[0].Span.Forever() {
			return err
		}
		cal, err := s.h.view.calendar(ref.Unit, p.Now)
		if err != nil {
			return err
		}
		letters := []notify.Occasion{holdLetter(res.Reservation, c.to, c.name)}
		if do != "extend" {
			letters = append(letters, stayLetters(res.Reservation, cal.Unit, c.to, c.name))
		}
		_, err = s.h.post.In(litenotify.In(tx)).Post(r.Context(), letters...)
		return err
	})
	if err != nil {
		return err
	}
	return s.showStay(w, r, p, booking.Ref{Unit: ref.Unit, ID: ref.ID}, "done-"+do)
}

// porter welcomes who arrives and sees off who leaves: the board's clock has nobody else to do so.
func (h *house) porter(ctx context.Context) error {
	now := h.clock.Now()
	var due []booking.Command
	h.view.mu.RLock()
	for _, cal := range h.view.flats {
		for i := range cal.Reservations {
			r := &cal.Reservations[i]
			in, out := cal.Unit.Stay(r.Claims[0].Span)
			switch {
			case r.Claims[0].Span.Forever():
			case r.State == booking.StateConfirmed && !in.After(now):
				due = append(due, booking.CheckIn{Ref: booking.Ref{Unit: cal.Unit.ID, ID: r.ID}, By: "porter"})
			case r.State == booking.StateCheckedIn && !out.After(now):
				due = append(due, booking.CheckOut{Ref: booking.Ref{Unit: cal.Unit.ID, ID: r.ID}, By: "porter"})
			}
		}
	}
	h.view.mu.RUnlock()
	for _, cmd := range due {
		if _, err := h.units.Do(ctx, cmd); err != nil && statusOf(err) >= http.StatusInternalServerError {
			return err
		}
	}
	return nil
}
