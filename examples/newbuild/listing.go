package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/index"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store"
)

// ownTables are the office's rows beside those of the packages. newbuild_flat is the house's own
// site; newbuild_outside is no table of the office: it stands for the rest of the world, and keeps
// what arrived at other sites and on telephones.
const ownTables = `
	create table if not exists newbuild_lead (touch text primary key, deal text not null);
	create table if not exists newbuild_flat (flat text primary key, rev bigint not null, status text not null, deal text not null);
	create table if not exists newbuild_outside (house text not null, channel text not null, address text not null,
		message text not null, thread text not null, rev bigint not null, body text not null);`

// sites are the listing sites that sell the flats.
func sites() []string { return []string{"flats.example.org", "agents.example.org"} }

// publish tells every site what a flat shows. It belongs into the transaction that changed the flat.
func (o *office) publish(ctx context.Context, tx show.Tx, flat booking.UnitID) error {
	cals, err := o.flats.In(tx.Booking).Calendar(ctx, booking.NightsFrom(o.today()), flat)
	if err != nil {
		return err
	}
	cal := cals[0]
	status, deal := cal.Status(booking.NightsFrom(o.today())).String(), ""
	for _, r := range cal.Reservations {
		if r.Blocks(cal.Clock) {
			deal = r.Holder
		}
	}
	if err := tx.Exec(`insert into newbuild_flat (flat, rev, status, deal) values ($1, $2, $3, $4)
		on conflict (flat) do update set rev = excluded.rev, status = excluded.status, deal = excluded.deal
		where excluded.rev >= newbuild_flat.rev`, string(flat), cal.Seq, status, deal); err != nil {
		return err
	}
	for _, site := range sites() {
		thread := string(flat) + "@" + site
		if _, err := o.letters.In(tx.Notify).Send(ctx, notify.Message{
			ID: notify.MessageID(fmt.Sprint(thread, "/", cal.Seq)), Thread: notify.ThreadID(thread), Rev: cal.Seq,
			Template: "unit_status", To: notify.Recipient{ID: site, Addresses: map[notify.ChannelID]string{"site": site}},
			Vars: map[string]string{"unit": string(flat), "status": status},
		}); err != nil {
			return err
		}
	}
	return nil
}

// follow publishes what changed by time alone: holds that lapsed, and who moved up.
func (o *office) follow(ctx context.Context) error {
	for {
		events, next, err := o.Booking.Since(ctx, o.cursor, 1000)
		if err != nil || len(events) == 0 {
			return err
		}
		changed := make(map[booking.UnitID]bool)
		for _, e := range events {
			if strings.HasPrefix(e.Key.ID, string(o.unit("flat-"))) {
				changed[booking.UnitID(e.Key.ID)] = true
			}
		}
		if err := o.InTx(ctx, func(tx show.Tx) error {
			for _, n := range flatsOfHouse() { // in one order
				if flat := o.flat(n); changed[flat] {
					if err := o.publish(ctx, tx, flat); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return err
		}
		o.cursor = next
	}
}

// A network is a fake of everything outside: it takes any message and writes it down.
type network struct {
	*office
	channel string
	level   notify.Level // how far it gets a message at once
}

func (o *office) outside() map[notify.ChannelID]notify.Channel {
	all := make(map[notify.ChannelID]notify.Channel)
	for channel, level := range map[string]notify.Level{
		"whatsapp": notify.LevelDelivered, "viber": notify.LevelDelivered, "sms": notify.LevelDelivered,
		"email": notify.LevelAccepted, "site": notify.LevelAccepted,
	} {
		all[notify.ChannelID(channel)] = network{o, channel, level}
	}
	return all
}

// Send implements notify.Channel.
func (n network) Send(ctx context.Context, m notify.Outgoing) notify.Receipt {
	if err := n.Exec(ctx, `insert into newbuild_outside values ($1, $2, $3, $4, $5, $6, $7)`,
		n.house, n.channel, m.Address, string(m.ID), string(m.Thread), m.Rev, m.Body); err != nil {
		return notify.Receipt{} // nobody knows whether it went
	}
	return notify.Receipt{Level: n.level, External: m.Key()}
}

// ownTemplates are what the office says beyond what every business says.
func ownTemplates() []notify.Template {
	return []notify.Template{{
		ID: "flat_held", Category: "service", Plan: "client", Vars: []string{"name", "flat", "until", "number"},
		Texts: []notify.Text{
			{Lang: "ru", Subject: "Бронь {number}", Body: "{name}, квартира {flat} за вами до {until}. Соглашение о брони {number}."},
			{Lang: "en", Subject: "Hold {number}", Body: "{name}, flat {flat} is held for you until {until}. Agreement {number}."},
			{Lang: "ru", Channel: "whatsapp", Approved: "flat_held_ru", Body: "{name}, квартира {flat} за вами до {until}. Соглашение о брони {number}."},
			{Lang: "en", Channel: "whatsapp", Approved: "flat_held_en", Body: "{name}, flat {flat} is held for you until {until}. Agreement {number}."},
		},
	}}
}

// A follower is a copy of the calendars that knows nothing but the feed: a search page, a partner's
// system.
type follower struct {
	name   string
	page   int // events it reads at once
	copy   *index.Index
	cursor store.Cursor
}

func (f *follower) catchUp(ctx context.Context, feed booking.Feed) error {
	for {
		events, cursor, err := feed.Since(ctx, f.cursor, f.page)
		if err != nil || len(events) == 0 {
			return err
		}
		if err := f.copy.Apply(events...); err != nil {
			return err
		}
		f.cursor = cursor
	}
}

// channels compares what every channel shows of every flat with the office's own calendar.
func (o *office) channels(ctx context.Context) (looks, differ int, err error) {
	if err := o.settle(ctx); err != nil {
		return 0, 0, err
	}
	week, err := booking.Nights(o.today()+30, o.today()+37)
	if err != nil {
		return 0, 0, err
	}
	shown := make(map[string]string) // channel and flat -> status
	rows, err := o.Rows(ctx, `select flat, status from newbuild_flat where flat like $1`, o.house+"/%")
	if err != nil {
		return 0, 0, err
	}
	for _, r := range rows {
		shown["own site "+r[0]] = r[1]
	}
	if rows, err = o.Rows(ctx, `select address, body from newbuild_outside where house = $1 and channel = 'site' order by rev`, o.house); err != nil {
		return 0, 0, err
	}
	for _, r := range rows {
		flat, status, _ := strings.Cut(r[1], " ")
		shown[r[0]+" "+flat] = status
	}
	channels := append(sites(), "own site")
	for _, f := range o.followers {
		if err := f.catchUp(ctx, o.Booking); err != nil {
			return 0, 0, err
		}
		channels = append(channels, f.name)
		for _, n := range flatsOfHouse() {
			shown[f.name+" "+string(o.flat(n))] = f.copy.Status(o.flat(n), week, o.Clock.Now()).String()
		}
	}
	for _, n := range flatsOfHouse() {
		cals, err := o.flats.Calendar(ctx, week, o.flat(n))
		if err != nil {
			return 0, 0, err
		}
		for _, channel := range channels {
			looks++
			if want := cals[0].Status(week).String(); shown[channel+" "+string(o.flat(n))] != want {
				differ++
				o.Say("%s shows flat %d as %q, the office as %q", "%s показывает квартиру %d как %q, а офис — как %q", channel, n, shown[channel+" "+string(o.flat(n))], want)
			}
		}
	}
	return looks, differ, nil
}

// settle lets time pass until every site has heard the last word. A send that a killed run left
// unanswered holds up its thread for a while, from when it was made.
func (o *office) settle(ctx context.Context) error {
	for range 20 {
		if err := o.tick(ctx); err != nil {
			return err
		}
		var wake time.Time
		pending := notify.StatePending
		for _, site := range sites() {
			waiting, err := o.Notify.Find(ctx, notify.Filter{Recipient: site, State: &pending}, "", 1000)
			if err != nil {
				return err
			}
			for _, w := range waiting {
				if w.Wake.After(wake) {
					wake = w.Wake
				}
			}
		}
		if wake.IsZero() {
			return nil
		}
		if wake.After(o.Clock.Now()) {
			o.Clock.Set(wake)
		}
	}
	return errors.New("the sites have not taken in their messages")
}
