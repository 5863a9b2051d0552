package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/ical"
	"github.com/tenure-go/tenure/booking/index"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/channel"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	letters "github.com/tenure-go/tenure/notify/ready"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/ready"
	"github.com/tenure-go/tenure/pipeline/worktime"
	"github.com/tenure-go/tenure/store"
)

// The people of the office.
var (
	marina = pipeline.Actor{ID: "marina", Roles: []pipeline.Role{"head"}}
	anton  = pipeline.Actor{ID: "anton", Roles: []pipeline.Role{"pricer"}}
	intake = pipeline.Actor{ID: "gateway", Roles: []pipeline.Role{pipeline.RoleIntake}}
)

// rules are the ready ones for rental with one more stage: a deal is finished when the guest has told
// how it was. All inquiries go to one pool, in which whoever had no turn for longest is next.
func rules(pool pipeline.PoolID) pipeline.Rules {
	r := ready.Rules()
	r.Routes = []pipeline.Route{{ID: "flats", Forms: []string{"rent"}, Pipeline: "rental", Pool: pool}}
	d := &r.Definitions[slices.IndexFunc(r.Definitions, func(d pipeline.Definition) bool { return d.ID == "rental" })]
	d.Version++
	done := slices.IndexFunc(d.Stages, func(s pipeline.Stage) bool { return s.ID == "done" })
	d.Stages = slices.Insert(d.Stages, done, pipeline.Stage{ID: "feedback", Title: map[string]string{"en": "Feedback", "ru": "Отзыв"}, Enter: []pipeline.Need{{Field: "inspected"}}})
	d.Fields = append(d.Fields, pipeline.Field{ID: "stars", Kind: pipeline.KindChoice, Values: []string{"1", "2", "3", "4", "5"}, Title: map[string]string{"en": "Stars", "ru": "Оценка"}, Party: "client"})
	d.Edits = append(d.Edits, pipeline.Edit{Fields: []pipeline.FieldID{"stars"}, Roles: []pipeline.Role{"manager", "head", pipeline.RoleIntake}})
	finish := slices.IndexFunc(d.Moves, func(m pipeline.Move) bool { return m.Action == "finish" })
	d.Moves[finish].From = []pipeline.StageID{"feedback"}
	d.Moves = append(d.Moves, pipeline.Move{Action: "leave", Title: map[string]string{"en": "Check out", "ru": "Выселить"}, From: []pipeline.StageID{"living"}, To: "feedback", Roles: []pipeline.Role{pipeline.RoleOwner, "head"}})
	return r
}

// An office lets six flats: every inquiry finds its card and its deal, a deal moves with its booking,
// and the guest gets his letters.
type office struct {
	*show.Story
	prefix string
	digits *strings.Replacer // what makes the phones another in each run
	cards  *dedup.Desk
	deals  *pipeline.Desk
	flats  *booking.Desk
	mail   *notify.Desk
	phones *phones
	hours  *worktime.Calendar

	guests  []*guestFile
	agenda  []step // what will happen, by time
	free    *index.Index
	cursor  store.Cursor
	evening map[date.Date]int // flats that the index shows as taken at 20:00
}

// A guestFile is a visitor and what the office has made of him.
type guestFile struct {
	visitor
	touches []dedup.TouchID
	card    dedup.CardID
	deal    pipeline.CaseID
	ref     booking.Ref
	in, out time.Time
	paid    time.Time
	gone    time.Time // when he cancelled
	answers []reply
}

// A reply is an answer of a manager.
type reply struct {
	at time.Time
	by pipeline.ActorID
}

// A step is something that happens at a moment.
type step struct {
	at time.Time
	do func(context.Context) error
}

// officeDays is the chapter of two weeks in the office.
func officeDays(ctx context.Context, s *show.Story) error {
	o, err := openOffice(ctx, s)
	if err != nil {
		return err
	}
	for hour := at(8, 6, 0); hour.Before(at(22, 0, 0)); hour = hour.Add(time.Hour) {
		for len(o.agenda) > 0 && !o.agenda[0].at.After(hour) {
			next := o.agenda[0]
			o.agenda = o.agenda[1:]
			if err := o.settle(ctx, next.at); err != nil {
				return err
			}
			if err := next.do(ctx); err != nil {
				return err
			}
			if err := o.settle(ctx, next.at); err != nil {
				return err
			}
		}
		if err := o.settle(ctx, hour); err != nil {
			return err
		}
		if hour.Hour() == 20 {
			o.count(date.NewAt(hour))
		}
	}
	if err := o.report(ctx); err != nil {
		return err
	}
	return o.facts(ctx)
}

func openOffice(ctx context.Context, s *show.Story) (*office, error) {
	prefix, digits, err := anew(ctx, s, "office")
	if err != nil {
		return nil, err
	}
	s.Clock.Set(at(8, 6, 0))
	rules := rules(pipeline.PoolID(prefix + "managers"))
	o := &office{Story: s, prefix: prefix, digits: strings.NewReplacer("xxx", digits[:3], "yy", digits[3:]), phones: &phones{clock: s.Clock},
		hours: rules.Calendars["office"], free: index.New(june(1), 60), evening: make(map[date.Date]int)}
	if o.cards, err = dedup.New(dedup.Config{Store: s.Dedup, Now: s.Clock.Now}); err != nil {
		return nil, err
	}
	pools := func(_ context.Context, id pipeline.PoolID) (pipeline.Pool, error) {
		return pipeline.Pool{ID: id, Sticky: true, Heads: []pipeline.ActorID{marina.ID}, Members: []pipeline.Member{{ID: "olga"}, {ID: "igor"}}}, nil
	}
	if o.deals, err = pipeline.New(pipeline.Config{Store: s.Pipeline, Rules: rules, Pools: pools, Now: s.Clock.Now}); err != nil {
		return nil, err
	}
	if o.flats, err = booking.New(booking.Config{Store: s.Booking, Now: s.Clock.Now}); err != nil {
		return nil, err
	}
	channels := make(map[notify.ChannelID]notify.Channel)
	for _, spec := range letters.Rules().Channels {
		channels[spec.ID] = o.phones
	}
	if o.mail, err = notify.New(notify.Config{Store: s.Notify, Rules: letters.Rules(), Channels: channels, Now: s.Clock.Now, Workers: 1}); err != nil {
		return nil, err
	}
	sold, err := s.Marked(ctx, markSold)
	if err != nil {
		return nil, err
	}
	o.cursor = store.Cursor(sold)
	for i := range 6 {
		unit := booking.Unit{ID: o.flat(i + 1), Zone: "Asia/Irkutsk", CheckIn: clock.New(14, 0, 0, 0), CheckOut: clock.New(12, 0, 0, 0), TTL: 24 * time.Hour, MaxHold: 48 * time.Hour}
		if _, err := o.flats.Do(ctx, booking.Define{Unit: unit, By: "marina"}); err != nil {
			return nil, err
		}
	}
	for _, v := range visitors {
		g := &guestFile{visitor: v}
		o.guests = append(o.guests, g)
		for i := range g.writes {
			o.later(g.writes[i].when, func(ctx context.Context) error { return o.inquire(ctx, g, i) })
		}
		if g.flat > 0 && g.writes[0].channel != "airbnb" {
			o.later(o.opens(g.writes[len(g.writes)-1].when).Add(45*time.Minute), func(ctx context.Context) error { return o.hold(ctx, g) })
		}
		if !g.pays.IsZero() {
			o.later(g.pays, func(ctx context.Context) error { return o.pay(ctx, g) })
		}
		switch g.ends {
		case leaves:
			o.later(g.writes[0].when.Add(3*time.Hour), func(ctx context.Context) error { return o.lose(ctx, g) })
		case lapses:
			o.later(at(11, 17, 0), func(ctx context.Context) error { return o.lose(ctx, g) })
		}
	}
	return o, nil
}

func (o *office) flat(n int) booking.UnitID { return booking.UnitID(fmt.Sprint(o.prefix, "flat-", n)) }

// later puts something on the agenda.
func (o *office) later(at time.Time, do func(context.Context) error) {
	i, _ := slices.BinarySearchFunc(o.agenda, at, func(s step, at time.Time) int {
		if s.at.After(at) {
			return 1
		}
		return -1
	})
	o.agenda = slices.Insert(o.agenda, i, step{at, do})
}

// opens is when the office is open next, t itself if it is.
func (o *office) opens(t time.Time) time.Time {
	next, err := o.hours.NextOpen(t)
	if err != nil {
		return t
	}
	return next
}

func (g *guestFile) name(s *show.Story) string { return s.T(g.en, g.ru) }

// say tells something at the moment at which it happens.
func (o *office) say(en, ru string, args ...any) { o.sayAt(o.Clock.Now(), en, ru, args...) }

func (o *office) sayAt(when time.Time, en, ru string, args ...any) {
	o.Say("%s  %s", "%s  %s", moment(o.Story, when, irkutsk), fmt.Sprintf(o.T(en, ru), args...))
}

// settle moves the clock, and lets every desk do what is due: holds lapse, timers run out, letters
// leave. Whoever follows the bookings hears of them.
func (o *office) settle(ctx context.Context, now time.Time) error {
	o.Clock.Set(now)
	if _, err := o.flats.Tick(ctx, ours{o.Booking, o.prefix}, 100); err != nil {
		return err
	}
	if _, err := o.deals.Tick(ctx, ours{o.Pipeline, o.prefix}, 100); err != nil {
		return err
	}
	for {
		if n, err := o.mail.Tick(ctx, ours{o.Notify, o.prefix}, 100); err != nil {
			return err
		} else if n == 0 {
			break
		}
	}
	for {
		events, cursor, err := o.Booking.Since(ctx, o.cursor, 1000)
		if err != nil || len(events) == 0 {
			return err
		}
		o.cursor = cursor
		events = slices.DeleteFunc(events, func(e booking.Event) bool { return !strings.HasPrefix(e.Key.ID, o.prefix) })
		if err := o.free.Apply(events...); err != nil {
			return err
		}
		for _, e := range events {
			o.hear(e)
		}
	}
}

// hear tells of what happened to a booking by itself.
func (o *office) hear(e booking.Event) {
	for _, g := range o.guests {
		if e.Reservation == nil || e.Reservation.ID != g.ref.ID || e.Command == "hold" {
			continue
		}
		flat := strings.TrimPrefix(e.Key.ID, o.prefix)
		switch e.Kind {
		case booking.KindExpired:
			o.sayAt(e.Reservation.Since, "%s has not paid within 24 hours: the hold of %s ends by itself", "%s не платит 24 часа: удержание %s снимается само", g.name(o.Story), flat)
		case booking.KindHeld:
			o.sayAt(e.Reservation.Since, "%s, who waited, has %s in the same moment", "%s ждал и в тот же миг получает %s", g.name(o.Story), flat)
		}
	}
}

// inquire takes an inquiry in: it finds its card, and the card's deal and manager.
func (o *office) inquire(ctx context.Context, g *guestFile, i int) error {
	in := g.writes[i]
	t := dedup.Touch{ID: dedup.TouchID(fmt.Sprintf("%s%s-%s", o.prefix, in.channel, in.when.Format("0215:04"))), At: in.when, Source: dedup.Source{Channel: in.channel},
		Name: in.name, Phone: o.digits.Replace(in.phone)}
	if in.account != "" {
		system := "telegram"
		if !strings.HasPrefix(in.account, "@") {
			system = "airbnb"
		}
		t.Identifiers = []dedup.Identifier{{Kind: dedup.KindExternal, System: system, Raw: o.prefix + in.account}}
	}
	if in.channel == "airbnb" {
		t.Kind = dedup.TouchBooking
		if err := o.readFeed(ctx, g, in.account); err != nil {
			return err
		}
	}
	placed, err := o.cards.Ingest(ctx, t)
	if err != nil {
		return err
	}
	g.touches, g.card = append(g.touches, t.ID), placed.Card
	set := map[pipeline.FieldID]string{}
	if in.name != "" {
		set["name"] = in.name
	}
	opened, err := o.deals.Open(ctx, pipeline.Open{ID: pipeline.CommandID(t.ID), Cards: []pipeline.CardID{pipeline.CardID(placed.Card)}, Channel: in.channel, Form: "rent", Set: set, At: in.when, By: intake})
	if err != nil {
		return err
	}
	g.deal = opened.Case.ID
	switch {
	case opened.Joined && i == len(g.writes)-1 && (len(g.writes) > 2 || g.writes[0].account != ""): // who is hard to recognise
		var channels []string
		for _, w := range g.writes {
			channels = append(channels, w.channel)
		}
		o.say("%s has written %d times, by %s: one card, one deal, one manager, %s", "%s: обращений %d (%s), карточка одна, сделка одна, менеджер один — %s",
			g.name(o.Story), len(g.writes), strings.Join(slices.Compact(channels), ", "), o.person(opened.Case.Owner))
	case g.spouse != [2]string{}:
		o.say("%s writes from the phone of %s: the names exclude one another, so it is a card of his own", "%s пишет с телефона, который знают за «%s»: имена исключают друг друга, поэтому карточка своя",
			g.name(o.Story), o.T(g.spouse[0], g.spouse[1]))
	}
	if g.ignored {
		o.later(in.when.Add(20*time.Minute), func(ctx context.Context) error { return o.answer(ctx, g, in.channel, opened.Case.Owner) })
		return nil
	}
	when, err := o.hours.Add(in.when, pace(opened.Case.Owner, len(g.touches)+len(g.en)))
	if err != nil {
		return err
	}
	o.later(when, func(ctx context.Context) error { return o.answer(ctx, g, in.channel, opened.Case.Owner) })
	return nil
}

// pace is how long a manager takes to answer, in working time.
func pace(manager pipeline.ActorID, n int) time.Duration {
	if manager == "olga" {
		return time.Duration(12+5*n%17) * time.Second
	}
	return time.Duration(40+37*n%200) * time.Second
}

func (o *office) person(id pipeline.ActorID) string {
	return map[pipeline.ActorID]string{"olga": o.T("Olga", "Ольга"), "igor": o.T("Igor", "Игорь"), "marina": o.T("Marina", "Марина")}[id]
}

// readFeed reads the calendar of airbnb, in which a stay is a number and two dates.
func (o *office) readFeed(ctx context.Context, g *guestFile, number string) error {
	lines := append([]string{"BEGIN:VCALENDAR", "PRODID:-//airbnb//EN", "VERSION:2.0"}, eventLines(number, g.from, g.to, "Reserved")...)
	cal, _, err := ical.Read(strings.NewReader(strings.Join(append(lines, "END:VCALENDAR", ""), "\r\n")), ical.Options{Now: o.Clock.Now})
	if err != nil {
		return err
	}
	feed := channel.Feed{Unit: o.flat(g.flat), Source: "airbnb", Policy: ical.Policy{Own: ownDomain}}
	plan, _, err := feed.Apply(ctx, o.flats, ical.State{}, ical.Poll{At: o.Clock.Now(), Calendar: cal})
	if err != nil || len(plan.Add) != 1 {
		return errors.Join(err, fmt.Errorf("%d stays in the feed", len(plan.Add)))
	}
	g.ref = booking.Ref{Unit: feed.Unit, ID: booking.ReservationID("airbnb/" + plan.Add[0].Key)}
	o.say("airbnb's calendar says: flat-%d is sold for %s, number %s; no name, no phone", "календарь airbnb: flat-%d продана на %s, номер %s; ни имени, ни телефона", g.flat, nights(o.Story, g.from, g.to), number)
	return nil
}

// do carries out a command on a guest's deal.
func (o *office) do(ctx context.Context, g *guestFile, id string, c pipeline.Command) error {
	_, err := o.deals.Do(ctx, o.command(g, id, c))
	return err
}

func (o *office) command(g *guestFile, id string, c pipeline.Command) pipeline.Command {
	c.ID, c.Case = pipeline.CommandID(string(g.deal)+"/"+id), g.deal
	return c
}

// owner is the manager of a guest's deal, as an actor.
func (o *office) owner(ctx context.Context, g *guestFile) (pipeline.Actor, error) {
	deal, err := o.deals.Case(ctx, g.deal)
	if err != nil {
		return pipeline.Actor{}, err
	}
	return pipeline.Actor{ID: deal.Owner, Roles: []pipeline.Role{"manager"}}, nil
}

// answer is the owner's first word to an inquiry. Who let it lie has lost it by then.
func (o *office) answer(ctx context.Context, g *guestFile, by string, asked pipeline.ActorID) error {
	owner, err := o.owner(ctx, g)
	if err != nil {
		return err
	}
	if owner.ID != asked {
		o.say("%s's message lay for 15 minutes with %s: by itself it went to %s", "сообщение (%s) пролежало 15 минут, менеджер %s: само ушло другому, это %s", g.name(o.Story), o.person(asked), o.person(owner.ID))
	}
	g.answers = append(g.answers, reply{o.Clock.Now(), owner.ID})
	return o.do(ctx, g, fmt.Sprint("answer-", len(g.answers)), pipeline.Command{Touch: &pipeline.Touch{Kind: "message", Channel: by, Out: true, Answered: true}, By: owner})
}

// hold keeps the flat for 24 hours. The hold and the deal's stage stand in one transaction.
func (o *office) hold(ctx context.Context, g *guestFile) error {
	owner, err := o.owner(ctx, g)
	if err != nil {
		return err
	}
	card, err := o.cards.Card(ctx, g.card)
	if err != nil {
		return err
	}
	span, err := booking.Nights(g.from, g.to)
	if err != nil {
		return err
	}
	hold := booking.Hold{ID: booking.ReservationID(fmt.Sprint("stay-", strings.ToLower(strings.Fields(g.en)[0]))), Unit: o.flat(g.flat), Span: span, Holder: string(g.card), By: string(owner.ID)}
	if g.waits {
		hold.Policy = booking.PolicyQueue
	}
	err = o.InTx(ctx, func(tx show.Tx) error {
		if _, err := o.flats.In(tx.Booking).Hold(ctx, hold); err != nil {
			return err
		}
		_, err = o.deals.In(tx.Pipeline).Do(ctx,
			o.command(g, "accept", pipeline.Command{Action: "accept", Set: map[pipeline.FieldID]string{"name": card.Record["name"].Value, "phone": card.Record["phone"].Value}, By: owner}),
			o.command(g, "book", pipeline.Command{Action: "book", Set: map[pipeline.FieldID]string{"unit": fmt.Sprint("flat-", g.flat), "check_in": g.from.String(), "check_out": g.to.String()}, By: owner}))
		return err
	})
	var taken *booking.TakenError
	if errors.As(err, &taken) {
		o.say("%s would have flat-%d for %s: it is taken, flat-5 is free and will do", "%s: нужна flat-%d на %s, она занята; свободна flat-5, и она подходит", g.name(o.Story), g.flat, nights(o.Story, g.from, g.to))
		g.flat = 5
		return o.hold(ctx, g)
	}
	if err != nil {
		return err
	}
	g.ref = booking.Ref{Unit: hold.Unit, ID: hold.ID}
	if g.waits {
		o.say("%s would have flat-%d for %s too, and waits for it", "%s: тоже нужна flat-%d на %s, согласен ждать", g.name(o.Story), g.flat, nights(o.Story, g.from, g.to))
	} else if g == o.guests[0] {
		o.say("%s: flat-%d is held for %s, until tomorrow", "%s: flat-%d удержана на %s, до завтра", g.name(o.Story), g.flat, nights(o.Story, g.from, g.to))
	}
	return nil
}

// pay is the deposit: the booking is confirmed, the deal moves on, and all letters of the stay follow
// from it; in one transaction.
func (o *office) pay(ctx context.Context, g *guestFile) error {
	owner, err := o.owner(ctx, g)
	if err != nil {
		return err
	}
	card, err := o.cards.Card(ctx, g.card)
	if err != nil {
		return err
	}
	outside := g.writes[0].channel == "airbnb" // it sold the flat and took the money
	if outside {
		g.ref.Unit = o.flat(g.flat)
		set := map[pipeline.FieldID]string{"name": card.Record["name"].Value, "phone": card.Record["phone"].Value}
		if err := o.do(ctx, g, "accept", pipeline.Command{Action: "accept", Set: set, By: owner}); err != nil {
			return err
		}
		set = map[pipeline.FieldID]string{"unit": fmt.Sprint("flat-", g.flat), "check_in": g.from.String(), "check_out": g.to.String()}
		if err := o.do(ctx, g, "book", pipeline.Command{Action: "book", Set: set, By: owner}); err != nil {
			return err
		}
	}
	if err := o.do(ctx, g, "price", pipeline.Command{Set: map[pipeline.FieldID]string{"price": fmt.Sprint(g.price())}, By: anton}); err != nil {
		return err
	}
	if err := o.InTx(ctx, func(tx show.Tx) error {
		if !outside {
			if _, err := o.flats.In(tx.Booking).Confirm(ctx, booking.Confirm{Ref: g.ref, By: string(owner.ID)}); err != nil {
				return err
			}
		}
		if _, err := o.deals.In(tx.Pipeline).Do(ctx, o.command(g, "prepare", pipeline.Command{Action: "prepare", Set: map[pipeline.FieldID]string{"deposit": "yes"}, By: owner})); err != nil {
			return err
		}
		stay, err := o.occasion(ctx, o.flats.In(tx.Booking), g, card.Record["phone"].Value)
		if err != nil {
			return err
		}
		_, err = o.mail.In(tx.Notify).Post(ctx, stay)
		return err
	}); err != nil {
		return err
	}
	g.paid = o.Clock.Now()
	if err := o.Promise("booked %s %s %s %s", g.ref.Unit, g.ref.ID, g.from, g.to); err != nil {
		return err
	}
	if g == o.guests[0] {
		o.say("%s has paid %d RUB: confirmed, and the letter with the booking number leaves at once", "%s: оплачено %d ₽, бронь подтверждена, письмо с номером брони уходит сразу", g.name(o.Story), g.price())
	}
	o.later(g.in, func(ctx context.Context) error { return o.checkIn(ctx, g) })
	if g.ends == cancels {
		o.later(g.in.AddDate(0, 0, -2), func(ctx context.Context) error { return o.cancel(ctx, g, card.Record["phone"].Value) })
	}
	return nil
}

func (g *guestFile) price() int { return 4500 * int(g.to-g.from) }

// occasion is a stay as its letters need it: the hours of the flat itself, the phone of the card.
func (o *office) occasion(ctx context.Context, flats *booking.Desk, g *guestFile, phone string) (notify.Occasion, error) {
	span, err := booking.Nights(g.from, g.to)
	if err != nil {
		return notify.Occasion{}, err
	}
	cals, err := flats.Calendar(ctx, span, g.ref.Unit)
	if err != nil {
		return notify.Occasion{}, err
	}
	g.in, g.out = cals[0].Unit.Stay(span)
	return notify.Occasion{ID: o.prefix + string(g.ref.ID), Kind: "stay", Made: o.Clock.Now(), Start: g.in, End: g.out, Zone: "Asia/Irkutsk", By: "office",
		To: notify.Recipient{ID: string(g.card), Zone: "Asia/Irkutsk", Lang: o.Lang, Addresses: map[notify.ChannelID]string{"whatsapp": phone, "sms": phone}},
		Vars: map[string]string{"name": g.name(o.Story), "place": o.T("Lake House", "Дом у озера"), "number": string(g.ref.ID), "from": moment(o.Story, g.in, irkutsk), "to": moment(o.Story, g.out, irkutsk),
			"until": g.out.In(irkutsk).Format("15:04"), "address": o.T("12 Lake St", "Озёрная, 12"), "code": "4711", "wifi": "baikal", "wifi_password": "omul2026", "rules": o.T("quiet after 22:00", "тишина после 22:00"),
			"link": "https://lakehouse.example/" + string(g.ref.ID)}}, nil
}

// cancel frees the flat, ends the deal and takes back all letters that have not left.
func (o *office) cancel(ctx context.Context, g *guestFile, phone string) error {
	if err := o.InTx(ctx, func(tx show.Tx) error {
		if _, err := o.flats.In(tx.Booking).Cancel(ctx, booking.Cancel{Ref: g.ref, By: "marina"}); err != nil {
			return err
		}
		if _, err := o.deals.In(tx.Pipeline).Do(ctx, o.command(g, "lose", pipeline.Command{Action: "lose", Set: map[pipeline.FieldID]string{"reason": g.reason}, By: marina})); err != nil {
			return err
		}
		stay, err := o.occasion(ctx, o.flats.In(tx.Booking), g, phone)
		if err != nil {
			return err
		}
		stay.Rev, stay.Cancelled = 1, true
		_, err = o.mail.In(tx.Notify).Post(ctx, stay)
		return err
	}); err != nil {
		return err
	}
	g.gone = o.Clock.Now()
	o.say("%s cancels two days before: flat-%d is free again, no further letter leaves", "%s: отмена за два дня, flat-%d снова свободна, больше ни одного письма", g.name(o.Story), g.flat)
	return nil
}

// lose ends a deal that came to nothing: only the head may.
func (o *office) lose(ctx context.Context, g *guestFile) error {
	return o.do(ctx, g, "lose", pipeline.Command{Action: "lose", Set: map[pipeline.FieldID]string{"reason": g.reason}, By: marina})
}

// checkIn lets the guest in, if he has not cancelled.
func (o *office) checkIn(ctx context.Context, g *guestFile) error {
	if !g.gone.IsZero() {
		return nil
	}
	if err := o.along(ctx, g, booking.CheckIn{Ref: g.ref, By: "marina"}, "settle", "passport", "contract"); err != nil {
		return err
	}
	if g.problem != [2]string{} {
		o.later(g.in.AddDate(0, 0, 2), func(ctx context.Context) error {
			o.say("%s: %s in flat-%d; a problem is opened beside the stages", "%s: %s, flat-%d; рядом со стадиями открыта проблема", g.name(o.Story), o.T(g.problem[0], g.problem[1]), g.flat)
			return o.do(ctx, g, "problem", pipeline.Command{Action: "open:problem", By: marina, Why: g.problem[0]})
		})
	}
	o.later(g.out, func(ctx context.Context) error { return o.checkOut(ctx, g) })
	return nil
}

func (o *office) checkOut(ctx context.Context, g *guestFile) error {
	if err := o.along(ctx, g, booking.CheckOut{Ref: g.ref, By: "marina"}, "leave", "inspected"); err != nil {
		return err
	}
	o.later(time.Date(g.to.Year(), g.to.Month(), g.to.Day()+1, 15, 0, 0, 0, irkutsk), func(ctx context.Context) error { return o.feedback(ctx, g) })
	return nil
}

// along moves the booking and the deal together. What airbnb sold is its booking, so that only the
// deal moves.
func (o *office) along(ctx context.Context, g *guestFile, cmd booking.Command, action pipeline.Action, ticked ...pipeline.FieldID) error {
	owner, err := o.owner(ctx, g)
	if err != nil {
		return err
	}
	set := make(map[pipeline.FieldID]string)
	for _, f := range ticked {
		set[f] = "yes"
	}
	return o.InTx(ctx, func(tx show.Tx) error {
		if g.writes[0].channel != "airbnb" {
			if _, err := o.flats.In(tx.Booking).Do(ctx, cmd); err != nil {
				return err
			}
		}
		_, err := o.deals.In(tx.Pipeline).Do(ctx, o.command(g, string(action), pipeline.Command{Action: action, Set: set, By: owner}))
		return err
	})
}

// feedback is the guest's answer to the last letter; the head finishes the deal, unless a problem is
// open.
func (o *office) feedback(ctx context.Context, g *guestFile) error {
	card, err := o.cards.Card(ctx, g.card)
	if err != nil {
		return err
	}
	t := dedup.Touch{ID: dedup.TouchID(o.prefix + "feedback-" + string(g.ref.ID)), Kind: dedup.TouchMessage, Source: dedup.Source{Channel: "whatsapp"}, Phone: card.Record["phone"].Value, Name: card.Record["name"].Value,
		Fields: map[string]string{"stars": g.stars}}
	if _, err := o.cards.Ingest(ctx, t); err != nil {
		return err
	}
	g.touches = append(g.touches, t.ID)
	if err := o.do(ctx, g, "stars", pipeline.Command{Set: map[pipeline.FieldID]string{"stars": g.stars}, By: intake}); err != nil {
		return err
	}
	finish := pipeline.Command{Action: "finish", By: marina}
	err = o.do(ctx, g, "finish", finish)
	var refused *pipeline.RefusedError
	if errors.As(err, &refused) {
		var why []string
		for _, r := range refused.Reasons {
			why = append(why, r.Text(o.Lang))
		}
		o.say("%s gives %s stars; Marina cannot finish the deal yet: %s", "%s ставит %s; Марина пока не может завершить сделку: %s", g.name(o.Story), g.stars, strings.Join(why, "; "))
		if err := o.do(ctx, g, "solved", pipeline.Command{Action: "close:problem", By: marina, Why: "one night paid back"}); err != nil {
			return err
		}
		o.say("one night is paid back, the problem is closed, the deal of %s is done", "одна ночь возвращена, проблема закрыта, сделка завершена: %s", g.name(o.Story))
		return o.do(ctx, g, "finish", finish)
	}
	if g == o.guests[0] && err == nil {
		o.say("%s gives %s stars: the deal is done", "%s ставит %s: сделка завершена", g.name(o.Story), g.stars)
	}
	return err
}

// count notes how many flats the index shows as taken for the coming night.
func (o *office) count(day date.Date) {
	tonight, err := booking.Nights(day, day+1)
	if err != nil {
		return
	}
	for i := range 6 {
		if o.free.Status(o.flat(i+1), tonight, o.Clock.Now()) != booking.StatusFree {
			o.evening[day]++
		}
	}
}
