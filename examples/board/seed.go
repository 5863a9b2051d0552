package main

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
	rules "github.com/tenure-go/tenure/pipeline/ready"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litebooking"
	"github.com/tenure-go/tenure/store/sqlite/litededup"
	"github.com/tenure-go/tenure/store/sqlite/litenotify"
	"github.com/tenure-go/tenure/store/sqlite/litepipeline"
)

const (
	floors, perFloor = 10, 6
	inquiries        = 400

	// The past and the future that are filled, in days.
	before, ahead = 60, 40
)

// The actors. The house's rules know them by their roles.
var (
	irina = pipeline.Actor{ID: "irina", Roles: []pipeline.Role{"manager"}}
	vera  = pipeline.Actor{ID: "vera", Roles: []pipeline.Role{"head", "manager"}}
	pavel = pipeline.Actor{ID: "pavel", Roles: []pipeline.Role{"pricer"}}
	site  = pipeline.Actor{ID: "site", Roles: []pipeline.Role{pipeline.RoleIntake}}
)

// A person is somebody of the seeded town. What the desks make of him is theirs.
type person struct {
	name, other  string // as he writes it, and now and then
	phone, email string
	lang         string
	card         dedup.CardID
}

// An entry of the script is what somebody does at an instant.
type entry struct {
	at time.Time
	do func(ctx context.Context) error
}

// A script is the seeded past, in the order of time. It uses the library's desks only.
type script struct {
	*house
	rnd     *rand.Rand
	lang    string // in which most people write
	people  []*person
	entries []entry
	asked   int // inquiries written into the script
	count   int // of them, played

	// The desks of the transaction that is under way.
	flats *booking.Desk
	inbox *dedup.Desk
	sales *pipeline.Desk
	mail  *notify.Desk
}

// seed plays the past of the house until the clock's opening.
func (h *house) seed(ctx context.Context, seed uint64, lang string) error {
	s := &script{house: h, rnd: rand.New(rand.NewPCG(seed, 2026)), lang: lang}
	s.town()
	s.write()
	if err := s.play(ctx, posting); err != nil {
		return err
	}
	for at := posting; at.Before(opening); {
		step := time.Hour
		if opening.Sub(at) <= 4*step {
			step /= 6 // the last hours are told closer
		}
		at = at.Add(step)
		if err := s.play(ctx, at); err != nil {
			return err
		}
		if err := h.tick(ctx); err != nil {
			return err
		}
	}
	return nil
}

// play does what the script says until an instant, in one transaction.
func (s *script) play(ctx context.Context, until time.Time) error {
	due := s.due(until)
	err := sqlite.InTx(ctx, s.db, func(tx *sql.Tx) error {
		s.flats, s.inbox = s.units.In(litebooking.In(tx)), s.customers.In(litededup.In(tx))
		s.sales, s.mail = s.deals.In(litepipeline.In(tx)), s.post.In(litenotify.In(tx))
		for _, e := range s.entries[:due] {
			s.clock.put(e.at)
			if err := e.do(ctx); err != nil {
				return fmt.Errorf("seed, at %s: %w", e.at.Format(time.DateTime), err)
			}
		}
		return nil
	})
	s.entries = s.entries[due:]
	s.clock.put(until)
	return err
}

// due is how many entries lie before an instant, or at it.
func (s *script) due(until time.Time) int {
	i, _ := slices.BinarySearchFunc(s.entries, until.Add(1), func(e entry, t time.Time) int { return e.at.Compare(t) })
	return i
}

// at puts something into the script, behind what happens at the same time.
func (s *script) at(when time.Time, do func(ctx context.Context) error) {
	when = when.Truncate(time.Second)
	s.entries = slices.Insert(s.entries, s.due(when), entry{when, do})
}

// town makes the people. Couples share a telephone, as couples do.
func (s *script) town() {
	for i := range 300 {
		woman := s.rnd.IntN(2)
		given, family := givenNames[woman][s.rnd.IntN(len(givenNames[woman]))], surnames[s.rnd.IntN(len(surnames))]
		p := &person{name: given[0] + " " + family[woman], other: given[1] + " " + family[2+woman], lang: "ru",
			phone: fmt.Sprintf("+7 9%02d %03d-%02d-%02d", 10+s.rnd.IntN(70), s.rnd.IntN(1000), s.rnd.IntN(100), s.rnd.IntN(100)),
			email: fmt.Sprintf("%c.%s%d@post.example", given[1][0]|0x20, family[4], i)}
		if s.lang == "en" || s.rnd.IntN(5) == 0 {
			p.name, p.other, p.lang = p.other, p.name, "en"
		}
		if i%17 == 16 {
			p.phone = s.people[i-1].phone
		}
		s.people = append(s.people, p)
	}
}

// write writes the script: units, stays without a clash, leads that came to nothing or still may.
func (s *script) write() {
	dawn := opening.AddDate(0, 0, -before-40)
	for floor := 1; floor <= floors; floor++ {
		for n := 1; n <= perFloor; n++ {
			u := flat(floor, n)
			s.at(dawn, func(ctx context.Context) error {
				_, err := s.flats.Do(ctx, booking.Define{Unit: u, By: "vera"})
				return err
			})
			if u.Tags["kind"] == "sale" {
				s.sale(u, n)
			} else {
				s.season(u)
			}
		}
	}
	for s.asked < inquiries {
		at := opening.Add(-time.Duration(s.rnd.IntN(before*24*60)) * time.Minute)
		if s.asked > inquiries-14 {
			at = opening.Add(-time.Duration(s.rnd.IntN(90)) * time.Minute)
		}
		s.lead(at)
	}
}

// flat is a unit of the house. Flats of the two top floors are for sale.
func flat(floor, n int) booking.Unit {
	layout := []string{"1", "2", "studio", "studio", "2", "3"}[n-1]
	price := map[string]int{"studio": 3200, "1": 3900, "2": 5400, "3": 7800}[layout] + 100*floor
	u := booking.Unit{ID: booking.UnitID(fmt.Sprintf("flat-%d%02d", floor, n)), Zone: zone, TTL: 30 * time.Minute, MaxHold: 72 * time.Hour,
		Tags: map[string]string{"floor": strconv.Itoa(floor), "layout": layout, "kind": "rent"}}
	if floor > floors-2 {
		u.Tags["kind"] = "sale"
		price *= 2400
	}
	if floor == floors-2 {
		u.Rules.MinNights = 3
	}
	u.Tags["price"] = strconv.Itoa(price)
	return u
}

// season fills a flat with stays, one after another.
func (s *script) season(u booking.Unit) {
	today := date.NewAt(opening)
	for day := today - before + date.Date(s.rnd.IntN(9)); day < today+ahead; {
		nights := date.Date(3 + s.rnd.IntN(12))
		arrival, departure := day, day+nights
		gap := date.Date(s.rnd.IntN(5))
		day = departure + gap
		span, err := booking.Nights(arrival, departure)
		if err != nil {
			continue
		}
		in, out := u.Stay(span)
		booked := in.Add(-time.Duration(30+s.rnd.IntN(25*24*60)) * time.Minute)
		if booked.After(opening.Add(-2 * time.Hour)) {
			booked = opening.Add(-time.Duration(2+s.rnd.IntN(200)) * time.Hour)
		}
		if in.Before(booked) {
			booked = in.Add(-26 * time.Hour)
		}
		st := &stay{id: booking.ReservationID(fmt.Sprintf("R-%s-%s", u.ID[5:], arrival.Format("0102"))), unit: u, span: span, in: in, out: out}
		switch far := arrival - today; {
		case s.rnd.IntN(9) == 0:
			s.block(st, booked)
		case far > 12 && s.rnd.IntN(3) == 0: // the further ahead, the emptier
		case far > 0 && s.rnd.IntN(4) == 0:
			s.held(st)
		case s.asked < inquiries*3/5 && s.rnd.IntN(3) > 0:
			s.booked(st, s.someone(), booked, true)
		default:
			s.booked(st, s.someone(), booked, false)
		}
	}
}

type stay struct {
	id      booking.ReservationID
	unit    booking.Unit
	span    booking.Span
	in, out time.Time
}

func (st *stay) ref() booking.Ref { return booking.Ref{Unit: st.unit.ID, ID: st.id} }

func (s *script) someone() *person { return s.people[s.rnd.IntN(len(s.people))] }

// ask is a form, a message or a call: it goes to a customer's card and to his deal.
func (s *script) ask(ctx context.Context, p *person) (pipeline.Result, error) {
	channel := channels[s.rnd.IntN(len(channels))]
	s.count++
	t := dedup.Touch{ID: dedup.TouchID(fmt.Sprintf("%s-%d", channel, s.count)), Name: p.name, Phone: p.phone, Source: dedup.Source{Channel: channel}}
	switch s.rnd.IntN(5) {
	case 0:
		t.Phone, t.Email = "", p.email
	case 1:
		t.Email = p.email
	case 2:
		t.Name = p.other
	}
	switch channel {
	case "phone":
		t.Kind, t.Phone = dedup.TouchCall, p.phone
	case "whatsapp":
		t.Kind, t.Phone = dedup.TouchMessage, p.phone
		t.Identifiers = []dedup.Identifier{{Kind: dedup.KindExternal, System: "whatsapp", Raw: p.phone}}
	case "agency":
		t.Source.Partner = partners[s.rnd.IntN(len(partners))]
	}
	t.Fields = map[string]string{"comment": comments[s.rnd.IntN(len(comments))]}
	on, err := s.inbox.Ingest(ctx, t)
	if err != nil {
		return pipeline.Result{}, err
	}
	p.card = on.Card
	return s.sales.Open(ctx, pipeline.Open{ID: pipeline.CommandID(t.ID), Pipeline: "rental", Pool: rules.PoolRental, Cards: []pipeline.CardID{pipeline.CardID(on.Card)},
		Channel: channel, Set: map[pipeline.FieldID]string{"name": p.name, "phone": p.phone}, By: site})
}

// do gives a command to a deal. What the rules forbid is left undone: the deal may have been joined
// by another inquiry, and be elsewhere.
func (s *script) do(ctx context.Context, c pipeline.Command) error {
	_, err := s.sales.Do(ctx, c)
	if errors.Is(err, pipeline.ErrRefused) {
		return nil
	}
	return err
}

func by(owner pipeline.ActorID) pipeline.Actor {
	return pipeline.Actor{ID: owner, Roles: irina.Roles}
}

// booked is a stay from the first word to the departure.
func (s *script) booked(st *stay, p *person, at time.Time, asks bool) {
	var deal pipeline.CaseID
	owner := irina
	if asks {
		s.asked++
		s.at(at.Add(-3*time.Hour), func(ctx context.Context) error {
			res, err := s.ask(ctx, p)
			if err == nil {
				deal, owner = res.Case.ID, by(res.Case.Owner)
			}
			return err
		})
		s.at(at.Add(-3*time.Hour+time.Duration(5+s.rnd.IntN(90))*time.Second), func(ctx context.Context) error {
			return s.do(ctx, pipeline.Command{Case: deal, By: owner, Touch: &answered})
		})
	}
	move := func(ctx context.Context, a pipeline.Action, who pipeline.Actor, set map[pipeline.FieldID]string) error {
		if deal == "" {
			return nil
		}
		return s.do(ctx, pipeline.Command{Case: deal, Action: a, Set: set, By: who})
	}
	unpaid := st.in.After(opening.AddDate(0, 0, 5)) && s.rnd.IntN(3) == 0
	arrival, departure := st.span.Dates()
	s.at(at, func(ctx context.Context) error {
		res, err := s.flats.Hold(ctx, booking.Hold{ID: st.id, Unit: st.unit.ID, Span: st.span, Holder: p.holder(), TTL: 4 * time.Hour, Source: "direct", By: string(owner.ID)})
		if err != nil {
			return nil // refused: the flat's own rules
		}
		if err := s.tell(ctx, holdLetter(res.Reservation, p.recipient(), p.name)); err != nil {
			return err
		}
		for _, step := range []func() error{
			func() error { return move(ctx, "accept", owner, nil) },
			func() error {
				return move(ctx, "", owner, map[pipeline.FieldID]string{"unit": string(st.unit.ID), "check_in": arrival.String(), "check_out": departure.String()})
			},
			func() error {
				return move(ctx, "", pavel, map[pipeline.FieldID]string{"price": st.unit.Tags["price"]})
			},
			func() error { return move(ctx, "book", owner, nil) },
		} {
			if err := step(); err != nil {
				return err
			}
		}
		return nil
	})
	s.at(at.Add(time.Hour), func(ctx context.Context) error {
		res, err := s.flats.Confirm(ctx, booking.Confirm{Ref: st.ref(), By: string(owner.ID), Why: "deposit"})
		if err != nil {
			return nil
		}
		if err := s.tell(ctx, stayLetters(res.Reservation, st.unit, p.recipient(), p.name)); err != nil {
			return err
		}
		if unpaid {
			return nil
		}
		if err := move(ctx, "", owner, map[pipeline.FieldID]string{"deposit": "yes"}); err != nil {
			return err
		}
		return move(ctx, "prepare", owner, nil)
	})
	s.at(st.in.Add(time.Duration(s.rnd.IntN(180))*time.Minute), func(ctx context.Context) error {
		if _, err := s.flats.Do(ctx, booking.CheckIn{Ref: st.ref(), By: "porter"}); err != nil {
			return nil
		}
		return move(ctx, "settle", owner, map[pipeline.FieldID]string{"passport": "yes", "contract": "yes"})
	})
	s.at(st.out, func(ctx context.Context) error {
		if _, err := s.flats.Do(ctx, booking.CheckOut{Ref: st.ref(), By: "porter"}); err != nil {
			return nil
		}
		return move(ctx, "finish", vera, map[pipeline.FieldID]string{"inspected": "yes"})
	})
}

// block is a stay that another site sold, or the owner's or a plumber's days.
func (s *script) block(st *stay, at time.Time) {
	source := []string{"airbnb", "ostrovok", "owner", "repairs"}[s.rnd.IntN(4)]
	s.at(at, func(ctx context.Context) error {
		_, err := s.flats.Do(ctx, booking.Block{ID: st.id, Unit: st.unit.ID, Span: st.span, Source: source, By: "vera"})
		return err
	})
}

// held is a hold that is alive when the board opens, with somebody behind it now and then.
func (s *script) held(st *stay) {
	at := opening.Add(-time.Duration(1+s.rnd.IntN(25)) * time.Minute)
	ttl := []time.Duration{30 * time.Minute, 40 * time.Minute, 2 * time.Hour, 5 * time.Hour, 26 * time.Hour}[s.rnd.IntN(5)]
	p := s.someone()
	owner := irina
	var deal pipeline.CaseID
	s.asked++
	s.at(at.Add(-time.Hour), func(ctx context.Context) error {
		res, err := s.ask(ctx, p)
		if err == nil {
			deal, owner = res.Case.ID, by(res.Case.Owner)
			err = s.do(ctx, pipeline.Command{Case: deal, Action: "accept", By: owner, Touch: &answered})
		}
		return err
	})
	arrival, departure := st.span.Dates()
	s.at(at, func(ctx context.Context) error {
		res, err := s.flats.Hold(ctx, booking.Hold{ID: st.id, Unit: st.unit.ID, Span: st.span, Holder: p.holder(), TTL: ttl, Source: "direct", By: string(owner.ID)})
		if err != nil {
			return nil
		}
		err = s.do(ctx, pipeline.Command{Case: deal, Action: "show", By: owner,
			Set: map[pipeline.FieldID]string{"unit": string(st.unit.ID), "check_in": arrival.String(), "check_out": departure.String()}})
		if err != nil {
			return err
		}
		return s.tell(ctx, holdLetter(res.Reservation, p.recipient(), p.name))
	})
	for i := range s.rnd.IntN(3) {
		q := s.someone()
		s.asked++
		s.at(at.Add(time.Duration(10*i+5)*time.Second), func(ctx context.Context) error {
			if _, err := s.ask(ctx, q); err != nil {
				return err
			}
			_, err := s.flats.Hold(ctx, booking.Hold{ID: booking.ReservationID(fmt.Sprintf("%s-behind-%d", st.id, i+1)), Unit: st.unit.ID, Span: st.span, Holder: q.holder(),
				Policy: booking.PolicyQueue, Priority: i, TTL: ttl, Source: "direct", By: "oleg"})
			return err
		})
	}
}

// sale sells some of a floor's flats for ever, and holds one with a queue behind.
func (s *script) sale(u booking.Unit, n int) {
	p := s.someone()
	st := &stay{id: booking.ReservationID("S-" + u.ID[5:]), unit: u, span: booking.NightsFrom(date.NewAt(opening) - date.Date(n*6))}
	switch n {
	case 1, 3, 6:
		s.asked++
		s.at(opening.AddDate(0, 0, -n*6).Add(-time.Hour), func(ctx context.Context) error {
			if _, err := s.ask(ctx, p); err != nil {
				return err
			}
			_, err := s.flats.Hold(ctx, booking.Hold{ID: st.id, Unit: u.ID, Span: st.span, Holder: p.holder(), Source: "sale", By: "daria"})
			if err != nil {
				return err
			}
			_, err = s.flats.Confirm(ctx, booking.Confirm{Ref: st.ref(), By: "vera", Why: "contract signed"})
			return err
		})
	case 4:
		st.span = booking.NightsFrom(date.NewAt(opening))
		s.held(st)
	}
}

// lead is an inquiry without a stay: lost, or still somewhere on its way.
func (s *script) lead(at time.Time) {
	p := s.someone()
	s.asked++
	var deal pipeline.CaseID
	owner := irina
	s.at(at, func(ctx context.Context) error {
		res, err := s.ask(ctx, p)
		if err == nil {
			deal, owner = res.Case.ID, by(res.Case.Owner)
			err = s.tell(ctx, inquiryLetter(deal, p.recipient(), p.name, s.clock.Now()))
		}
		return err
	})
	if opening.Sub(at) < 2*time.Hour && s.rnd.IntN(3) > 0 {
		return // nobody has answered yet
	}
	after := at
	then := func(wait time.Duration, c pipeline.Command) {
		after = after.Add(wait)
		if after.Before(opening) {
			s.at(after, func(ctx context.Context) error {
				c.Case = deal
				if c.By.ID == "" {
					c.By = owner
				}
				return s.do(ctx, c)
			})
		}
	}
	then(time.Duration(8+s.rnd.IntN(100))*time.Second, pipeline.Command{Touch: &answered})
	then(time.Hour, pipeline.Command{Action: "accept"})
	if s.rnd.IntN(8) == 0 {
		then(time.Hour, pipeline.Command{Action: "open:problem", Why: "the client complains"})
	}
	if s.rnd.IntN(2) == 0 {
		then(time.Duration(5+s.rnd.IntN(60))*time.Hour, pipeline.Command{Action: "show"})
	}
	if opening.Sub(at) > 10*24*time.Hour || s.rnd.IntN(3) == 0 {
		then(time.Duration(24+s.rnd.IntN(100))*time.Hour, pipeline.Command{Action: "lose", By: vera, Why: "the client said so",
			Set: map[pipeline.FieldID]string{"reason": []string{"price", "dates", "other_flat", "no_answer"}[s.rnd.IntN(4)]}})
	}
}

var answered = pipeline.Touch{Kind: "call", Channel: "phone", Out: true, Answered: true}

// posting is when letters begin: what was said before is not said again.
var posting = opening.AddDate(0, 0, -3)

// tell posts an occasion.
func (s *script) tell(ctx context.Context, o notify.Occasion) error {
	if s.clock.Now().Before(posting) {
		if o.Made = (time.Time{}); o.Start.Before(opening) {
			return nil
		}
	}
	_, err := s.mail.Post(ctx, o)
	return err
}

func (p *person) holder() string {
	if p.card == "" {
		return p.name
	}
	return string(p.card)
}

func (p *person) recipient() notify.Recipient {
	phone := "+" + strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, p.phone)
	return notify.Recipient{ID: p.holder(), Zone: zone, Lang: p.lang,
		Addresses: map[notify.ChannelID]string{"whatsapp": phone, "viber": phone, "sms": phone, "email": p.email}}
}
