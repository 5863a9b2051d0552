package main

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/ready"
	"github.com/tenure-go/tenure/store"
)

// messages is the chapter of what guests and listing sites hear: a month of a guest house with the
// ready rules, over networks that lose and delay, where stays move and are cancelled, a desk is killed
// between a send and its answer, and a site is away for half a day.
func messages(ctx context.Context, story *show.Story) error {
	prefix, digits, err := anew(ctx, story, "messages")
	if err != nil {
		return err
	}
	s := &house{Story: story, prefix: prefix, phone: "+79" + digits[1:], unit: booking.UnitID(prefix + "forest-house"),
		rnd: rand.New(rand.NewPCG(story.Seed, 6)), stays: make(map[booking.ReservationID]*visit), wanted: make(map[string]string)}
	s.Clock.Set(time.Date(2026, time.June, 1, 6, 0, 0, 0, time.UTC))
	s.net = &network{clock: s.Clock, rnd: rand.New(rand.NewPCG(story.Seed, 2026)), doubtful: s.phone + "99999", copies: make(map[string]int), shows: make(map[string]string)}
	if s.mail, err = s.open(s.Notify); err != nil {
		return err
	}
	if s.desk, err = booking.New(booking.Config{Store: s.Booking, Now: s.Clock.Now}); err != nil {
		return err
	}
	unit := booking.Unit{ID: s.unit, Capacity: 24, Zone: "Europe/Moscow", CheckIn: clock.New(14, 0, 0, 0), CheckOut: clock.New(12, 0, 0, 0)}
	if _, err = s.desk.Do(ctx, booking.Define{Unit: unit}); err != nil {
		return err
	}
	last := s.Clock.Now().AddDate(0, 0, 36)
	for ; s.Clock.Now().Before(last); s.Clock.Advance(15 * time.Minute) {
		if err := s.quarter(ctx, s.Clock.Now().Before(last.AddDate(0, 0, -22))); err != nil {
			return err
		}
	}
	if err := s.follow(ctx); err != nil {
		return err
	}
	s.facts()
	return s.account(ctx)
}

// A visit is a stay as the feed of bookings tells of it: what the checks compare the network's log
// with.
type visit struct {
	first, last date.Date
	moves       []moved
	cancelledAt time.Time
}

// A moved stay left an arrival behind.
type moved struct {
	first date.Date
	at    time.Time
}

// A person of the house has a phone, a zone and a language.
type person struct {
	ref booking.Ref
	to  notify.Recipient
}

type house struct {
	*show.Story
	prefix string
	phone  string // what the guests' numbers begin with
	unit   booking.UnitID
	desk   *booking.Desk
	mail   *notify.Desk
	net    *network
	rnd    *rand.Rand
	guests []person
	full   int // requests that found no room

	stays  map[booking.ReservationID]*visit
	wanted map[string]string // the last status of each flat, by its thread
	revs   int64
	killed notify.MessageID // the message whose send was never answered
}

func (s *house) open(store notify.Store) (*notify.Desk, error) {
	channels := make(map[notify.ChannelID]notify.Channel)
	for _, spec := range ready.Rules().Channels {
		channels[spec.ID] = s.net
	}
	return notify.New(notify.Config{Store: store, Rules: ready.Rules(), Channels: channels, Now: s.Clock.Now, Workers: 1})
}

// quarter is a quarter of an hour: somebody books, moves, cancels; a flat's status changes; the desk
// does what is due; the network delivers.
func (s *house) quarter(ctx context.Context, open bool) error {
	now := s.Clock.Now()
	if open && s.rnd.IntN(14) == 0 {
		if err := s.book(ctx, now); err != nil {
			return err
		}
	}
	if len(s.guests) > 0 && s.rnd.IntN(40) == 0 {
		if err := s.change(ctx, s.guests[s.rnd.IntN(len(s.guests))]); err != nil {
			return err
		}
	}
	if open && s.rnd.IntN(8) == 0 {
		if err := s.publish(ctx, now); err != nil {
			return err
		}
	}
	if s.killed == "" && len(s.guests) > 20 {
		if err := s.kill(ctx); err != nil {
			return err
		}
	}
	if err := s.mail.Receive(ctx, s.net.deliver(now)...); err != nil {
		return err
	}
	for {
		if n, err := s.mail.Tick(ctx, ours{s.Notify, s.prefix}, 100); n == 0 || err != nil {
			return err
		}
	}
}

// book sells a stay. The booking and its letters stand in one transaction.
func (s *house) book(ctx context.Context, now time.Time) error {
	n := len(s.guests) + s.full + 1
	phone := fmt.Sprintf("%s%05d", s.phone, n)
	g := person{ref: booking.Ref{Unit: s.unit, ID: booking.ReservationID(fmt.Sprint("stay-", n))}, to: notify.Recipient{ID: phone, Lang: []string{"ru", "en"}[s.rnd.IntN(2)],
		Zone: []string{"Europe/Moscow", "Asia/Novosibirsk"}[s.rnd.IntN(2)], Addresses: map[notify.ChannelID]string{"whatsapp": phone, "viber": phone, "sms": phone}}}
	arrival := date.NewAt(now) + date.Date(1+s.rnd.IntN(12))
	span, err := booking.Nights(arrival, arrival+date.Date(1+s.rnd.IntN(6)))
	if err != nil {
		return err
	}
	err = s.InTx(ctx, func(tx show.Tx) error {
		desk := s.desk.In(tx.Booking)
		if _, err := desk.Do(ctx, booking.Hold{ID: g.ref.ID, Unit: s.unit, Span: span, Holder: phone}, booking.Confirm{Ref: g.ref}); err != nil {
			return err
		}
		return s.post(ctx, tx, g)
	})
	if errors.Is(err, booking.ErrTaken) {
		s.full++
		return nil
	}
	if err != nil {
		return err
	}
	s.guests = append(s.guests, g)
	arrival, departure := span.Dates()
	return s.Promise("booked %s %s %s %s", s.unit, g.ref.ID, arrival, departure)
}

// change moves a stay that has not begun, or cancels it.
func (s *house) change(ctx context.Context, g person) error {
	r, err := s.desk.Reservation(ctx, g.ref)
	if err != nil || r.State != booking.StateConfirmed {
		return err
	}
	arrival, departure := r.Claims[0].Span.Dates()
	if !s.Clock.Now().Before(arrival.MidnightUTC()) {
		return nil
	}
	var cmd booking.Command = booking.Cancel{Ref: g.ref}
	if s.rnd.IntN(2) > 0 {
		days := date.Date(1 + s.rnd.IntN(5))
		span, err := booking.Nights(arrival+days, departure+days)
		if err != nil {
			return err
		}
		cmd = booking.Move{Ref: g.ref, Claims: []booking.Claim{{Unit: s.unit, Span: span}}}
	}
	err = s.InTx(ctx, func(tx show.Tx) error {
		if _, err := s.desk.In(tx.Booking).Do(ctx, cmd); err != nil {
			return err
		}
		return s.post(ctx, tx, g)
	})
	if errors.Is(err, booking.ErrTaken) {
		return nil // the other dates are full: all stays as it is
	}
	return err
}

// post tells of a stay as the calendar has it in this transaction: what is unsent becomes what it says.
func (s *house) post(ctx context.Context, tx show.Tx, g person) error {
	r, err := s.desk.In(tx.Booking).Reservation(ctx, g.ref)
	if err != nil {
		return err
	}
	cals, err := s.desk.In(tx.Booking).Calendar(ctx, r.Claims[0].Span, s.unit)
	if err != nil {
		return err
	}
	in, out := cals[0].Unit.Stay(r.Claims[0].Span)
	moscow, id := zone("Europe/Moscow"), string(g.ref.ID)
	_, err = s.mail.In(tx.Notify).Post(ctx, notify.Occasion{
		ID: s.prefix + id, Kind: "stay", Rev: r.Rev, Made: s.Clock.Now(), Start: in, End: out, To: g.to, Cancelled: r.State == booking.StateCancelled, By: "reception",
		Vars: map[string]string{"name": "Guest", "place": "Forest House", "number": id, "from": in.In(moscow).Format("2 Jan 15:04"), "to": out.In(moscow).Format("2 Jan"),
			"until": out.In(moscow).Format("15:04"), "address": "12 Lake St", "code": "4711", "wifi": "forest", "wifi_password": "pine2026", "rules": "quiet after 22:00",
			"link": "https://forest.example/" + id},
	})
	return err
}

// publish tells both listing sites a flat's status.
func (s *house) publish(ctx context.Context, now time.Time) error {
	flat := fmt.Sprintf("flat-%d", 1+s.rnd.IntN(6))
	status := []string{"free", "held", "booked"}[s.rnd.IntN(3)]
	s.revs++
	var occasions []notify.Occasion
	for _, site := range []string{"north", "south"} {
		thread := s.prefix + flat + "@" + site
		s.wanted[thread] = flat + " " + status
		occasions = append(occasions, notify.Occasion{ID: fmt.Sprintf("%s#%d", thread, s.revs), Kind: "unit", Thread: notify.ThreadID(thread), Rev: s.revs, Made: now,
			To: notify.Recipient{ID: site, Addresses: map[notify.ChannelID]string{"site": thread}}, Vars: map[string]string{"unit": flat, "status": status}})
	}
	_, err := s.mail.Post(ctx, occasions...)
	return err
}

// kill lets a second desk die right after a send: its answer is never committed.
func (s *house) kill(ctx context.Context) error {
	to := notify.Recipient{ID: s.net.doubtful, Addresses: map[notify.ChannelID]string{"whatsapp": s.net.doubtful, "sms": s.net.doubtful}}
	s.killed = notify.MessageID(s.prefix + "inquiry-1")
	if _, err := s.mail.Send(ctx, notify.Message{ID: s.killed, Template: "missed_call", To: to, Vars: map[string]string{"name": "Guest", "phone": "+74950000000"}}); err != nil {
		return err
	}
	doomed, err := s.open(&dying{Store: s.Notify, left: 1})
	if err != nil {
		return err
	}
	if _, err := doomed.Tick(ctx, one(s.killed), 1); !errors.Is(err, errDead) {
		return fmt.Errorf("the desk was to die, and says %w", err)
	}
	return nil
}

// A dying store commits a few times and then never again, like that of a process that was killed.
type dying struct {
	notify.Store
	left int
}

var errDead = errors.New("the process is dead")

// Commit implements notify.Store.
func (d *dying) Commit(ctx context.Context, c notify.Change) error {
	if d.left == 0 {
		return errDead
	}
	d.left--
	return d.Store.Commit(ctx, c)
}

// one is a due list of one message.
type one notify.MessageID

// Due implements notify.Due.
func (o one) Due(context.Context, time.Time, int) ([]store.Key, error) {
	return []store.Key{{Kind: notify.KindDelivery, ID: string(o)}}, nil
}

// follow reads what became of the stays out of the feed of bookings.
func (s *house) follow(ctx context.Context) error {
	sold, err := s.Marked(ctx, markSold)
	if err != nil {
		return err
	}
	for cursor := store.Cursor(sold); ; {
		events, next, err := s.Booking.Since(ctx, cursor, 1000)
		if err != nil || len(events) == 0 {
			return err
		}
		cursor = next
		for _, e := range events {
			if e.Key.ID != string(s.unit) || e.Reservation == nil {
				continue
			}
			st := s.stays[e.Reservation.ID]
			if st == nil {
				st = &visit{}
				s.stays[e.Reservation.ID] = st
			}
			first, last := e.Reservation.Claims[0].Span.Dates()
			switch e.Kind {
			case booking.KindMoved:
				st.moves = append(st.moves, moved{st.first, e.At})
			case booking.KindCancelled:
				st.cancelledAt = e.At
			}
			st.first, st.last = first, last
		}
	}
}

// arrival is when a stay of these dates begins, by the hand's arithmetic.
func arrival(d date.Date) time.Time {
	return time.Date(d.Year(), d.Month(), d.Day(), 14, 0, 0, 0, zone("Europe/Moscow"))
}

// facts compares what the network saw with what the feed tells of the stays.
func (s *house) facts() {
	guests := make(map[booking.ReservationID]person)
	for _, g := range s.guests {
		guests[g.ref.ID] = g
	}
	var forCancelled, atNight, atOldDate, checkIns int
	announced := make(map[booking.ReservationID]bool) // stays whose arrival of the last date was sent
	for _, sent := range s.net.log {
		id, rest, _ := strings.Cut(strings.TrimPrefix(string(sent.ID), s.prefix), "|")
		st := s.stays[booking.ReservationID(id)]
		if st == nil {
			continue
		}
		if !st.cancelledAt.IsZero() && !sent.at.Before(st.cancelledAt) {
			forCancelled++
		}
		if hour := sent.at.In(zone(guests[booking.ReservationID(id)].to.Zone)).Hour(); !strings.HasPrefix(rest, "booking_number|") && (hour < 8 || hour >= 22) {
			atNight++
		}
		if strings.HasPrefix(rest, "check_in|") {
			checkIns++
			for _, old := range st.moves {
				if sent.Vars["from"] == arrival(old.first).Format("2 Jan 15:04") && !sent.at.Before(old.at) {
					atOldDate++
				}
			}
			if sent.Vars["from"] == arrival(st.first).Format("2 Jan 15:04") && sent.at.Before(arrival(st.first)) {
				announced[booking.ReservationID(id)] = true
			}
		}
	}
	var kept, movedStays, gone, silent int
	for id, st := range s.stays {
		if !st.cancelledAt.IsZero() {
			gone++
			continue
		}
		kept++
		if len(st.moves) > 0 {
			movedStays++
		}
		if !announced[id] {
			silent++
		}
	}
	repeated := 0
	for _, n := range s.net.copies {
		if n > 1 {
			repeated++
		}
	}
	s.Say("%d stays were booked (%d more found no room), %d moved and %d cancelled; the house wrote %s times about them", "Броней: %d (ещё %d не нашли места), перенесено %d, отменено %d; сообщений о них: %s",
		len(s.stays), s.full, movedStays, gone, number(s.Story, len(s.net.log)))
	sends := len(s.net.log)
	s.Add("messages: sent for a stay after it was cancelled", "сообщения: по брони после её отмены", forCancelled == 0, "%s", of(s.Story, forCancelled, sends))
	s.Add("messages: stays not told of their last arrival", "сообщения: гости, не узнавшие свой последний заезд", silent == 0 && checkIns > 0, "%s", of(s.Story, silent, kept))
	s.Add("messages: reminders of an arrival that was moved", "сообщения: напоминания о перенесённом заезде", atOldDate == 0 && movedStays > 0, "%s", of(s.Story, atOldDate, checkIns))
	s.Add("messages: reminders between 22:00 and 8:00 of the guest", "сообщения: напоминания с 22:00 до 8:00 у гостя", atNight == 0, "%s", of(s.Story, atNight, sends))
	s.Add("messages: steps sent twice to a guest", "сообщения: шаги, отправленные гостю дважды", repeated == 0, "%s", of(s.Story, repeated, len(s.net.copies)))
}

// account compares the desk's own report with the network's books.
func (s *house) account(ctx context.Context) error {
	all, err := s.deliveries(ctx)
	if err != nil {
		return err
	}
	rows, err := notify.Report(func(yield func(notify.Delivery, error) bool) {
		for _, d := range all {
			if !yield(d, nil) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	reported := decimal.Zero
	byChannel := make(map[notify.ChannelID]*notify.ReportRow)
	var channels []notify.ChannelID
	for _, r := range rows {
		if r.Currency == "" {
			continue
		}
		sum := byChannel[r.Channel]
		if sum == nil {
			sum = &notify.ReportRow{}
			byChannel[r.Channel], channels = sum, append(channels, r.Channel)
		}
		sum.Tried, sum.Reached, sum.Cost = sum.Tried+r.Tried, sum.Reached+r.Reached, sum.Cost.Add(r.Cost)
		reported = reported.Add(r.Cost)
	}
	slices.SortFunc(channels, func(a, b notify.ChannelID) int { return byChannel[b].Reached - byChannel[a].Reached })
	for _, c := range channels {
		r := byChannel[c]
		s.Say("  by %-9s tried %4d, reached %4d, cost %s RUB", "  %-9s попыток %4d, дошло %4d, стоило %s ₽", c, r.Tried, r.Reached, r.Cost.StringFixed(2))
	}
	bill, smsAlone := s.net.bill()
	s.Say("The cheapest way that reaches cost %s RUB in all; SMS alone would have cost %s RUB", "Самый дешёвый путь, который доходит, стоил всего %s ₽; одними SMS вышло бы %s ₽", bill.StringFixed(2), smsAlone.StringFixed(2))

	told := make(map[notify.MessageID]bool)
	for cursor := store.Cursor(""); ; {
		events, next, err := s.Notify.Since(ctx, cursor, 1000)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			if e.Kind == notify.EventUnread && strings.HasPrefix(string(e.Command), s.prefix) {
				told[e.Command] = true
			}
		}
		cursor = next
	}
	killed, err := s.mail.Delivery(ctx, s.killed)
	if err != nil {
		return err
	}
	wrong := 0
	for thread, status := range s.wanted {
		if s.net.shows[thread] != status {
			wrong++
		}
	}
	s.Say("%d messages lay unread for three hours: each time the manager was told", "Три часа непрочитанными пролежали %d сообщений: каждый раз об этом узнал менеджер", len(told))
	s.Say("On 10 June site north was away for half a day and %d sends failed; after it both sites show the last status of every flat", "10 июня сайт north полдня был недоступен, не удалось %d отправок; потом на обоих сайтах последний статус каждой квартиры", s.net.outages)

	copies := s.net.copies[string(s.killed)+"#0"]
	s.Add("messages: the report's cost is the networks' bill", "сообщения: расход по отчёту равен счетам сетей", reported.Equal(bill), "%s, %s", reported.StringFixed(2), bill.StringFixed(2))
	s.Add("messages: delivered and never read, and the manager is told", "сообщения: доставлено и не прочитано — менеджер знает", len(told) == s.net.unread(), "%s", of(s.Story, len(told), s.net.unread()))
	s.Add("messages: copies of what a killed desk had sent", "сообщения: копий того, что отправил убитый процесс", copies == 1 && killed.State == notify.StateReached, "%d", copies)
	s.Add("messages: flats that a site shows wrongly after its outage", "сообщения: квартиры, которые сайт после сбоя показывает неверно", wrong == 0 && s.net.outages > 0, "%s", of(s.Story, wrong, len(s.wanted)))
	return nil
}

func (s *house) deliveries(ctx context.Context) ([]notify.Delivery, error) {
	var all []notify.Delivery
	after := notify.MessageID(s.prefix)
	for {
		page, err := s.Notify.Find(ctx, notify.Filter{}, after, 500)
		if err != nil {
			return nil, err
		}
		for _, d := range page {
			if !strings.HasPrefix(string(d.ID), s.prefix) {
				return all, nil
			}
			all = append(all, d)
		}
		if len(page) == 0 {
			return all, nil
		}
		after = page[len(page)-1].ID
	}
}
