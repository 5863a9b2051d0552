package main

import (
	"context"
	"strings"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/voucher"
)

// whole looks at everything once more: what belongs together stands together, every channel shows
// what the office shows, nobody was told a thing twice.
func (o *office) whole(ctx context.Context) error {
	looks, differ, err := o.channels(ctx)
	if err != nil {
		return err
	}
	o.Add("flats shown otherwise than in the office, at the end", "квартир, показанных иначе, чем в офисе, в конце", differ == 0 && looks > 0, "%s", o.of(differ, looks))

	events, err := o.bookings(ctx)
	if err != nil {
		return err
	}
	now := make(map[booking.ReservationID]booking.Reservation) // flats by who holds them for a deal
	seqs, gaps := make(map[string]int64), 0
	for _, e := range events {
		if seqs[e.Key.ID]++; e.Seq != seqs[e.Key.ID] {
			gaps++
		}
		if r := e.Reservation; r != nil && strings.HasPrefix(string(r.ID), o.house+"/") {
			now[r.ID] = *r
		}
	}
	torn, sold := 0, 0
	for id, r := range now {
		whole, err := o.stands(ctx, id, r)
		if err != nil {
			return err
		}
		if !whole {
			torn++
		}
		if r.State == booking.StateConfirmed {
			sold++
		}
	}
	alone, err := o.alone(ctx, now)
	if err != nil {
		return err
	}
	torn += alone
	o.Say("%d flats were held for a deal, %d of them are sold; each has its card, deal, number, message and sites", "за сделками было забронировано %d квартир, %d из них проданы; у каждой есть карточка, сделка, номер, сообщение и площадки", len(now), sold)
	o.Add("holds without their deal, number, message or site, or these without a hold", "броней без сделки, номера, сообщения или площадки, или их без брони", torn == 0, "%s", o.of(torn, len(now)))
	o.Add("events told twice or left out", "событий повторно или с пропуском", gaps == 0, "%s", o.of(gaps, len(events)))

	twice, err := o.Rows(ctx, `select message from newbuild_outside where house = $1 and channel <> 'site' group by message having count(*) > 1`, o.house)
	if err != nil {
		return err
	}
	sent, err := o.Rows(ctx, `select message from newbuild_outside where house = $1 and channel <> 'site'`, o.house)
	if err != nil {
		return err
	}
	o.Add("messages that a buyer got twice", "сообщений, пришедших покупателю дважды", len(twice) == 0, "%s", o.of(len(twice), len(sent)))
	return nil
}

// alone counts the numbers and the deals of this house that claim a flat, and no hold does.
func (o *office) alone(ctx context.Context, held map[booking.ReservationID]booking.Reservation) (n int, err error) {
	for v, err := range voucher.All(ctx, o.Voucher, voucher.Filter{Series: []voucher.SeriesID{voucher.SeriesID(o.house)}}) {
		if err != nil {
			return 0, err
		}
		if _, ok := held[booking.ReservationID(v.Item.Reservation)]; !ok {
			n++
		}
	}
	holders := make(map[string]bool)
	for _, r := range held {
		holders[r.Holder] = true
	}
	deals, err := o.Pipeline.Find(ctx, pipeline.Filter{Pipeline: "newbuild"}, "", 100_000)
	if err != nil {
		return 0, err
	}
	for _, d := range deals {
		if strings.HasPrefix(d.Values["unit"].Text, o.house+"/") && !holders[string(d.ID)] {
			n++
		}
	}
	return n, nil
}

// stands reports whether everything that a hold for a deal leaves is there, and fits how it stands.
func (o *office) stands(ctx context.Context, id booking.ReservationID, r booking.Reservation) (bool, error) {
	deal, err := o.deals.Case(ctx, pipeline.CaseID(r.Holder))
	if err != nil {
		return false, err
	}
	flat := string(r.Claims[0].Unit)
	numbers := 0
	for _, err := range voucher.All(ctx, o.Voucher, voucher.Filter{Reservation: voucher.ReservationID(id)}) {
		if err != nil {
			return false, err
		}
		numbers++
	}
	letter, err := o.letters.Delivery(ctx, notify.MessageID(id+"/held"))
	if err != nil {
		return false, err
	}
	row, err := o.Rows(ctx, `select status, deal from newbuild_flat where flat = $1`, flat)
	if err != nil {
		return false, err
	}
	lost := deal.Stage == "lost"
	shown := len(row) == 1 && row[0][1] == r.Holder
	want := map[booking.State]string{booking.StateHeld: "held", booking.StateConfirmed: "sold"}[r.State]
	if want != "" {
		shown = shown && row[0][0] == want
	}
	return deal.Values["unit"].Text == flat && numbers == 1 && letter.Vars["flat"] != "" && lost == (r.State == booking.StateCancelled) && shown == (want != ""), nil
}
