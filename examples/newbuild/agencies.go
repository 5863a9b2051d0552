package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
)

// agreed is how many flats an agency may have on hold at once.
const agreed = 2

func (o *office) filed(p dedup.PartnerID) dedup.Source {
	return dedup.Source{Channel: "partner", Partner: p, Scope: o.house}
}

// agencies lets partners bring buyers: within a quota, each seeing what becomes of its own, and with
// the evidence on the table when two claim one buyer.
func (o *office) agencies(ctx context.Context) error {
	if err := o.quota(ctx); err != nil {
		return err
	}
	if err := o.dispute(ctx); err != nil {
		return err
	}
	return o.views(ctx)
}

// quota claims a place of the agency's quota together with each flat.
func (o *office) quota(ctx context.Context) error {
	o.at(10, 10, 0)
	quota := o.unit("quota of agency-north")
	var asked []wish
	for i, p := range []person{{"Ilya Gorin", "Илья Горин", 21}, {"Vera Lapina", "Вера Лапина", 22}, {"Roman Zuev", "Роман Зуев", 23}} {
		buyer, err := o.client(ctx, fmt.Sprint("north-", i+1), p, o.filed("agency-north"))
		if err != nil {
			return err
		}
		if err := o.confirmAgency(ctx, buyer); err != nil {
			return err
		}
		asked = append(asked, wish{client: buyer, flat: 20 + i, ttl: 25 * 24 * time.Hour, and: []booking.Claim{{Unit: quota, Span: booking.NightsFrom(o.today())}}})
	}
	o.Say("agency North may hold %d flats at once, and asks for three:", "агентству «Север» можно держать %d квартиры сразу, а просит оно три:", agreed)
	for _, c := range asked {
		_, _, err := o.hold(ctx, c)
		if taken, ok := errors.AsType[*booking.TakenError](err); ok {
			o.Say("  flat %d, %s: no, %d places of the quota are taken and %d are left", "  квартира %d, %s: нет, в квоте занято мест: %d, осталось: %d", c.flat, o.name(c.person), len(taken.By), taken.Free)
		} else if err != nil {
			return err
		}
	}
	o.Clock.Advance(time.Hour)
	if err := o.release(ctx, asked[0]); err != nil {
		return err
	}
	if _, _, err := o.hold(ctx, asked[2]); err != nil { // what was refused left nothing: the same request again
		return err
	}
	o.Say("  %s gives up flat %d, so %s gets flat %d", "  %s отказывается от квартиры %d, и %s получает квартиру %d",
		o.name(asked[0].person), asked[0].flat, o.name(asked[2].person), asked[2].flat)

	events, err := o.bookings(ctx)
	if err != nil {
		return err
	}
	held, most, all := 0, 0, 0 // places of the quota, by the feed
	for _, e := range events {
		switch {
		case e.Key.ID != string(quota):
		case e.Kind == booking.KindHeld:
			held, all = held+1, all+1
			most = max(most, held)
		case e.Kind == booking.KindCancelled:
			held--
		}
	}
	o.Add("flats that an agency holds at once, by the feed", "квартир в брони у агентства сразу, по ленте", most == agreed && all == len(asked), o.T("%d of %d agreed, %d in all", "%d из %d по договору, всего %d"), most, agreed, all)
	return nil
}

// confirmAgency is the head's word that the agency brought the buyer; without it no flat is held.
func (o *office) confirmAgency(ctx context.Context, c client) error {
	_, err := o.deals.Do(ctx, pipeline.Command{ID: pipeline.CommandID(c.id + "/agency"), Case: c.deal, Set: map[pipeline.FieldID]string{"agency_confirmed": "yes"}, By: head})
	return err
}

// release gives a flat back and closes its deal.
func (o *office) release(ctx context.Context, c wish) error {
	return o.InTx(ctx, func(tx show.Tx) error {
		if _, err := o.flats.In(tx.Booking).Cancel(ctx, booking.Cancel{Ref: booking.Ref{Unit: o.flat(c.flat), ID: booking.ReservationID(c.id)}, By: "irina", Why: "given up"}); err != nil {
			return err
		}
		if _, err := o.deals.In(tx.Pipeline).Do(ctx, pipeline.Command{ID: pipeline.CommandID(c.id + "/lost"), Case: c.deal, Action: "lose", Set: map[pipeline.FieldID]string{"reason": "other_developer"}, By: head}); err != nil {
			return err
		}
		return o.publish(ctx, tx, o.flat(c.flat))
	})
}

// dispute is about one buyer whom two agencies bring, each by what it knows of him.
func (o *office) dispute(ctx context.Context) error {
	kim := person{"Sergey Kim", "Сергей Ким", 31}
	mail := fmt.Sprintf("kim.%d@post.example", o.Run)
	o.at(10, 14, 0)
	north, err := o.client(ctx, "kim-north", kim, o.filed("agency-north"))
	if err != nil {
		return err
	}
	o.at(10, 14, 40)
	_, deal, err := o.take(ctx, dedup.Touch{ID: dedup.TouchID(o.id("kim-south")), Name: "Серёжа", Email: mail, Source: o.filed("agency-south")},
		pipeline.Open{Form: "agency", Set: map[pipeline.FieldID]string{"name": "Серёжа"}})
	if err != nil {
		return err
	}

	// He comes himself and leaves both: the two cards are one.
	o.at(11, 12, 0)
	if _, err := o.cards.Ingest(ctx, dedup.Touch{ID: dedup.TouchID(o.id("kim-visit")), Kind: dedup.TouchVisit, Name: kim.Ru, Phone: o.phone(kim), Email: mail, Source: dedup.Source{Channel: "office", Scope: o.house}}); err != nil {
		return err
	}
	card, err := o.cards.Card(ctx, dedup.CardID(north.id))
	if err != nil {
		return err
	}
	if len(card.Disputes) == 0 {
		return errors.New("no dispute where two claims meet")
	}
	d := card.Disputes[0]
	why, err := o.cards.Explain(ctx, d.Touches[0].ID, d.Touches[1].ID)
	if err != nil {
		return err
	}
	o.Say("North and South both claim %s:", "«Север» и «Юг» оба заявляют, что привели клиента (%s):", o.name(kim))
	for _, t := range d.Touches {
		o.Say("  %s, %s: %s, %s%s", "  %s, %s: %s, %s%s", o.when(t.Received), o.word(string(t.Source.Partner)), o.word(t.Name), t.Phone, t.Email)
	}
	for _, s := range why.Steps {
		o.Say("  evidence: %s", "  доказательство: %s", strings.ReplaceAll(s.Text(o.Lang), o.house+"/", ""))
	}
	// The buyer says who showed him the house, and the head decides.
	o.at(11, 16, 0)
	if _, err := o.cards.Ingest(ctx, dedup.Touch{ID: dedup.TouchID(o.id("kim-award")), Kind: dedup.TouchAward, Follows: dedup.TouchID(o.id("kim-visit")), Source: o.filed("agency-south"), By: string(head.ID), Why: "the buyer names South's agent"}); err != nil {
		return err
	}
	o.Say("  the earlier filing would win; the buyer names South's agent, so the head decides for South", "  первым заявил «Север»; но покупатель называет агента «Юга», и руководитель решает в пользу «Юга»")

	// One buyer, one deal: North's was opened first, South's is closed.
	if _, err := o.deals.Do(ctx, pipeline.Command{ID: pipeline.CommandID(o.id("kim-one")), Case: deal, Action: "lose", Set: map[pipeline.FieldID]string{"reason": "no_answer"}, By: head, Why: "the same buyer as in " + string(north.deal)}); err != nil {
		return err
	}
	open, err := o.deals.Case(ctx, north.deal)
	if err != nil {
		return err
	}
	if slices.ContainsFunc(open.Decide(head, "book").Reasons(), func(r pipeline.Reason) bool { return r.Field == "agency_confirmed" }) {
		o.Say("  until the head confirms the agency on the deal, no flat can be held for him", "  пока руководитель не подтвердит агентство в сделке, квартиру за ним не забронировать")
	}
	if err := o.confirmAgency(ctx, north); err != nil {
		return err
	}
	if _, _, err := o.hold(ctx, wish{client: north, flat: 23, ttl: 25 * 24 * time.Hour}); err != nil {
		return err
	}

	valid := make(map[dedup.PartnerID]int)
	for _, p := range []dedup.PartnerID{"agency-north", "agency-south"} {
		claims, _, err := o.cards.Filings(ctx, o.Dedup, dedup.Filter{Partner: p, Scope: o.house}, "", 100)
		if err != nil {
			return err
		}
		for _, c := range claims {
			if (c.Touch == dedup.TouchID(north.id) || c.Touch == dedup.TouchID(o.id("kim-south"))) && (c.State == dedup.ClaimHeld || c.State == dedup.ClaimConfirmed) {
				valid[p]++
			}
		}
	}
	o.Add("claims that stand after the dispute, South's alone", "заявлений, оставшихся после спора, — только «Юга»", valid["agency-north"] == 0 && valid["agency-south"] == 1, "%s", o.of(valid["agency-north"]+valid["agency-south"], 2))
	return nil
}

// views shows each agency the deals of the buyers whom it may call its own.
func (o *office) views(ctx context.Context) error {
	right := 0
	for n, want := range map[int]dedup.Answer{39: dedup.AnswerFree, 22: dedup.AnswerTaken} { // a stranger; Lapina, whom North has brought
		v, err := o.cards.Probe(ctx, dedup.Probe{Partner: "agency-south", Scope: o.house, Identifiers: []dedup.Identifier{{Kind: dedup.KindPhone, Raw: o.phone(person{N: n})}}})
		if err != nil {
			return err
		}
		if v.Answer == want {
			right++
		}
	}
	o.Add("South asks first: a stranger is free, North's buyer is taken", "«Юг» спрашивает заранее: незнакомец свободен, клиент «Севера» занят", right == 2, "%s", o.of(right, 2))
	seen := make(map[pipeline.CaseID]int)
	for _, p := range []dedup.PartnerID{"agency-north", "agency-south"} {
		claims, _, err := o.cards.Filings(ctx, o.Dedup, dedup.Filter{Partner: p, Scope: o.house}, "", 100)
		if err != nil {
			return err
		}
		var mine []pipeline.CardID
		for _, c := range claims {
			if c.State == dedup.ClaimHeld || c.State == dedup.ClaimConfirmed {
				card, err := o.cards.Card(ctx, dedup.CardID(c.Touch))
				if err != nil {
					return err
				}
				mine = append(mine, o.buyer(dedup.Result{Card: card.ID, Aliases: card.Aliases})...)
			}
		}
		deals, err := o.Pipeline.Find(ctx, pipeline.Filter{Cards: mine}, "", 100)
		if err != nil {
			return err
		}
		var lines []string
		for _, d := range deals {
			seen[d.ID]++
			lines = append(lines, o.word(d.Values["name"].Text)+" — "+o.title(string(d.Stage)))
		}
		o.Say("%s sees its deals: %s", "%s видит свои сделки: %s", o.word(string(p)), strings.Join(lines, ", "))
	}
	all, err := o.Pipeline.Find(ctx, pipeline.Filter{Pipeline: "newbuild"}, "", 10_000)
	if err != nil {
		return err
	}
	brought, once := 0, 0
	for _, d := range all {
		if d.Values["source"].Text == "agency" && strings.HasPrefix(string(d.Cards[0]), o.house+"/") {
			brought++
			if seen[d.ID] == 1 {
				once++
			}
		}
	}
	o.Add("deals of agencies, each seen by one of them", "сделки агентств: каждую видит ровно одно", once == brought && len(seen) == brought, "%s", o.of(once, brought))
	return nil
}
