package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/voucher"
)

// A wish is what a buyer asks for: a flat until a deadline.
type wish struct {
	client
	flat     int
	ttl      time.Duration
	priority int
	and      []booking.Claim // what else belongs to it: a place of an agency's quota
	last     func() error    // the office's last word before the commit
}

// hold holds a flat. The hold, the buyer's card, the deal, the agreement's number, the message and
// what the sites show are one transaction: all of it is there, or nothing. Sent again after a crash
// it meets its own result.
func (o *office) hold(ctx context.Context, c wish) (res booking.Result, number string, err error) {
	flat, today := o.flat(c.flat), o.today()
	err = o.InTx(ctx, func(tx show.Tx) error {
		if res, err = o.flats.In(tx.Booking).Hold(ctx, booking.Hold{
			ID: booking.ReservationID(c.id), Unit: flat, Span: booking.NightsFrom(today), And: c.and,
			Holder: string(c.deal), TTL: c.ttl, Priority: c.priority, By: "irina",
		}); res.Replayed || ended(err) { // what committed with it is there
			return nil
		} else if err != nil {
			return err
		}
		if _, err := o.cards.In(tx.Dedup).Ingest(ctx, dedup.Touch{
			ID: dedup.TouchID(c.id + "/hold"), Follows: dedup.TouchID(c.id), Kind: dedup.TouchBooking,
			Source: dedup.Source{Channel: "office"}, Fields: map[string]string{"flat": string(flat)},
		}); err != nil {
			return err
		}
		if _, err := o.deals.In(tx.Pipeline).Do(ctx, pipeline.Command{
			ID: pipeline.CommandID(c.id + "/book"), Case: c.deal, Action: "book", Set: map[pipeline.FieldID]string{"unit": string(flat)}, By: head,
		}); err != nil {
			return err
		}
		if err := o.publish(ctx, tx, flat); err != nil {
			return err
		}
		numbers, err := o.numbers.In(tx.Voucher).Issue(ctx, voucher.Issue{
			ID: voucher.CommandID(c.id + "/agreement"), Series: voucher.SeriesID(o.house), By: "irina",
			Items: []voucher.Item{{Reservation: voucher.ReservationID(c.id), TripStart: today, Manager: "irina"}},
		})
		if err != nil {
			return err
		}
		if _, err := o.letters.In(tx.Notify).Send(ctx, notify.Message{
			ID: notify.MessageID(c.id + "/held"), Template: "flat_held", To: o.to(c.person, c.card),
			Vars: map[string]string{"name": c.Ru, "flat": fmt.Sprint(c.flat), "until": res.Deadline.Add(3 * time.Hour).Format("02.01 15:04"), "number": numbers[0].Text},
		}); err != nil {
			return err
		}
		if c.last != nil {
			return c.last()
		}
		return nil
	})
	if err != nil {
		return res, "", err
	}
	for v, err := range voucher.All(ctx, o.Voucher, voucher.Filter{Reservation: voucher.ReservationID(c.id)}) {
		if err != nil {
			return res, "", err
		}
		number = v.Text
	}
	return res, number, o.Promise("held %s %s %s", flat, c.id, number)
}

// ended reports whether a hold was refused because it was there, and has ended since: of a run that
// was killed and is played again.
func ended(err error) bool {
	refused, ok := errors.AsType[*booking.RefusedError](err)
	return ok && refused.Reservation != nil && refused.Reservation.State.Ended()
}

// sell makes a hold the buyer's for good, and no site offers the flat any more. What else the
// contract means for the deal is done with it.
func (o *office) sell(ctx context.Context, c wish, why string, also ...pipeline.Command) (deal pipeline.Result, err error) {
	flat := o.flat(c.flat)
	err = o.InTx(ctx, func(tx show.Tx) error {
		if _, err := o.flats.In(tx.Booking).Confirm(ctx, booking.Confirm{Ref: booking.Ref{Unit: flat, ID: booking.ReservationID(c.id)}, By: "irina", Why: why}); err != nil {
			return err
		}
		if deal, err = o.deals.In(tx.Pipeline).Do(ctx, also...); err != nil {
			return err
		}
		return o.publish(ctx, tx, flat)
	})
	if err != nil {
		return deal, err
	}
	return deal, o.Promise("sold %s %s", flat, c.id)
}

// series are the numbers of this house's agreements: 01-05-03-26, 02-05-03-26, ...
func (o *office) series() map[voucher.SeriesID]string {
	return map[voucher.SeriesID]string{voucher.SeriesID(o.house): fmt.Sprintf("{seq:2}-{dd}-{mm}-{yy}/%d", o.Run)}
}

func (o *office) orlova() person { return person{"Maria Orlova", "Мария Орлова", 11} }

func (o *office) holding(ctx context.Context) error {
	o.at(5, 11, 0)
	orlova, err := o.client(ctx, "orlova", o.orlova(), dedup.Source{Channel: "site"})
	if err != nil {
		return err
	}
	c := wish{client: orlova, flat: 12, ttl: 14 * 24 * time.Hour, priority: 5}
	res, number, err := o.hold(ctx, c)
	if err != nil {
		return err
	}
	again, same, err := o.hold(ctx, c)
	if err != nil {
		return err
	}
	o.Say("flat 12 is held for Orlova until %s by agreement %s: hold, card, deal, number, message and sites are written together or not at all",
		"квартира 12 за Орловой до %s по соглашению %s: бронь, карточка, сделка, номер, сообщение и площадки записываются вместе или никак", o.when(res.Deadline), number)
	o.Say("the same request, sent twice: still agreement %s", "тот же запрос, отправленный дважды: всё то же соглашение %s", same)

	belov, err := o.client(ctx, "belov", person{"Pavel Belov", "Павел Белов", 12}, dedup.Source{Channel: "phone"})
	if err != nil {
		return err
	}
	expired := errors.New("the buyer's passport has expired")
	_, _, err = o.hold(ctx, wish{client: belov, flat: 13, last: func() error { return expired }})
	if !errors.Is(err, expired) {
		return fmt.Errorf("a transaction that should have failed: %w", err)
	}
	o.Say("flat 13: Belov's passport has expired, found out last of all; nothing of his hold is left anywhere",
		"квартира 13: паспорт Белова просрочен, и выяснилось это в последний момент; от брони не осталось ничего")

	one, err := o.traces(ctx, c)
	if err != nil {
		return err
	}
	none, err := o.traces(ctx, wish{client: belov, flat: 13})
	if err != nil {
		return err
	}
	o.Add("a hold sent twice: hold, card, deal, number, message, own row, sites", "бронь, отправленная дважды: бронь, карточка, сделка, номер, сообщение, своя строка, площадки",
		again.Replayed && one == [7]int{1, 1, 1, 1, 1, 1, len(sites())}, "%s", strings.Trim(fmt.Sprint(one), "[]"))
	o.Add("a hold rolled back: the same seven", "отменённая бронь: те же семь", none == [7]int{}, "%s", strings.Trim(fmt.Sprint(none), "[]"))
	return nil
}

// traces counts what there is of a wish in each of the places where a hold leaves something.
func (o *office) traces(ctx context.Context, c wish) (n [7]int, err error) {
	if _, err := o.flats.Reservation(ctx, booking.Ref{Unit: o.flat(c.flat), ID: booking.ReservationID(c.id)}); err == nil {
		n[0]++
	}
	card, err := o.cards.Card(ctx, dedup.CardID(c.id))
	if err != nil {
		return n, err
	}
	for _, e := range card.Timeline {
		if e.Kind == dedup.TouchBooking {
			n[1]++
		}
	}
	deal, err := o.deals.Case(ctx, c.deal)
	if err != nil {
		return n, err
	}
	if deal.Values["unit"].Text == string(o.flat(c.flat)) {
		n[2]++
	}
	for _, err := range voucher.All(ctx, o.Voucher, voucher.Filter{Reservation: voucher.ReservationID(c.id)}) {
		if err != nil {
			return n, err
		}
		n[3]++
	}
	letters, err := o.Notify.Find(ctx, notify.Filter{Recipient: string(c.card)}, "", 100)
	if err != nil {
		return n, err
	}
	for _, l := range letters {
		if l.ID == notify.MessageID(c.id+"/held") {
			n[4]++
		}
	}
	rows, err := o.Rows(ctx, `select flat from newbuild_flat where deal = $1`, string(c.deal))
	if err != nil {
		return n, err
	}
	n[5] = len(rows)
	for _, site := range sites() {
		posts, err := o.Notify.Find(ctx, notify.Filter{Thread: notify.ThreadID(string(o.flat(c.flat)) + "@" + site)}, "", 100)
		if err != nil {
			return n, err
		}
		for _, p := range posts {
			if p.Vars["status"] == booking.StatusHeld.String() {
				n[6]++
			}
		}
	}
	return n, nil
}
