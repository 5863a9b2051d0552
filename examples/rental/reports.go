package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/store"
)

// report is what the head of the office looks at: how fast each manager answers, what each channel
// brings, how full the house is.
func (o *office) report(ctx context.Context) error {
	events, err := o.history(ctx)
	if err != nil {
		return err
	}
	first := o.guests[0]
	o.Say("What %s got by WhatsApp:", "Что получает по WhatsApp %s:", first.name(o.Story))
	for _, l := range o.phones.log {
		if strings.HasPrefix(string(l.ID), o.prefix+string(first.ref.ID)+"|") {
			o.Say("  %s  %s", "  %s  %s", moment(o.Story, l.at, irkutsk), strings.ReplaceAll(l.Body, "\n", " / "))
		}
	}
	speeds := o.speeds(events)
	for _, manager := range []pipeline.ActorID{"olga", "igor"} {
		v := speeds[manager]
		o.Say("%s answered %d times, in %d s of working time on average; within 30 s: %d", "%s: ответов %d, в среднем за %d с рабочего времени; за 30 с успели: %d",
			o.person(manager), v.answers, int(v.took.Seconds())/max(1, v.answers), v.inTime)
	}
	funnel, err := o.funnel(ctx, events)
	if err != nil {
		return err
	}
	var channels, evenings []string
	for _, row := range funnel.Rows {
		channels = append(channels, fmt.Sprintf(o.T("%s %d of %d", "%s %d из %d"), row.Tag, row.Won, row.Opened))
	}
	o.Say("Guests who stayed, of those who asked, by the channel that they came by first: %s", "Гостили из обратившихся, по каналу, с которого начали: %s", strings.Join(channels, ", "))
	for d := june(8); d <= june(21); d++ {
		evenings = append(evenings, fmt.Sprint(o.evening[d]))
	}
	o.Say("Flats taken of six, each evening from 8 to 21 June, as the index showed then: %s", "Занято квартир из шести, по вечерам с 8 по 21 июня, как показывал индекс: %s", strings.Join(evenings, " "))

	o.checkSpeeds(speeds)
	o.checkFunnel(funnel)
	o.checkPaths(events)
	return nil
}

// history is all that happened to the deals of this office.
func (o *office) history(ctx context.Context) (all []pipeline.Event, err error) {
	var cursor store.Cursor
	for {
		events, next, err := o.Pipeline.Since(ctx, cursor, 1000)
		if err != nil || len(events) == 0 {
			return all, err
		}
		for _, e := range events {
			if e.Key.Kind == pipeline.KeyCase && strings.Contains(e.Key.ID, o.prefix) {
				all = append(all, e)
			}
		}
		cursor = next
	}
}

// A speed is how a manager answers.
type speed struct {
	answers, inTime int
	took            time.Duration // of working time, in all
}

func (v *speed) add(took time.Duration) {
	v.answers++
	v.took += took
	if took <= 30*time.Second {
		v.inTime++
	}
}

func (o *office) speeds(events []pipeline.Event) map[pipeline.ActorID]*speed {
	all := map[pipeline.ActorID]*speed{"olga": {}, "igor": {}}
	for _, f := range pipeline.Facts(events, o.hours) {
		if f.Kind == pipeline.FactResponse && !f.To.IsZero() {
			all[f.Owner].add(f.Work)
		}
	}
	return all
}

// checkSpeeds counts the answers by the guests' own clocks, and working time by hand: from 9 to 18,
// Friday 12 June is a holiday.
func (o *office) checkSpeeds(found map[pipeline.ActorID]*speed) {
	worked := func(from, to time.Time) (sum time.Duration) {
		for day := 8; day <= 21; day++ {
			if weekday := at(day, 0, 0).Weekday(); weekday == time.Saturday || weekday == time.Sunday || day == 12 {
				continue
			}
			begin, end := at(day, 9, 0), at(day, 18, 0)
			if from.After(begin) {
				begin = from
			}
			if to.Before(end) {
				end = to
			}
			sum += max(0, end.Sub(begin))
		}
		return sum
	}
	want := map[pipeline.ActorID]*speed{"olga": {}, "igor": {}}
	for _, g := range o.guests {
		var answered time.Time
		for _, in := range g.writes {
			if in.when.Before(answered) {
				continue // that answer was to both
			}
			i := slices.IndexFunc(g.answers, func(a reply) bool { return a.at.After(in.when) })
			answered = g.answers[i].at
			want[g.answers[i].by].add(worked(in.when, answered))
		}
	}
	same := true
	for manager, v := range want {
		same = same && *v == *found[manager]
	}
	olga, igor := want["olga"], want["igor"]
	o.Add("office: speed of the managers, by the guests' own clocks", "офис: скорость менеджеров, по часам гостей", same, o.T("Olga %d in %d s, Igor %d in %d s", "Ольга %d за %d с, Игорь %d за %d с"), olga.answers, int(olga.took.Seconds()), igor.answers, int(igor.took.Seconds()))
}

// funnel follows the deals by the channel that the guest came by first, which the card keeps for good.
func (o *office) funnel(ctx context.Context, events []pipeline.Event) (forecast.FunnelReport, error) {
	var deals []forecast.Deal
	for _, g := range o.guests {
		c, err := o.deals.Case(ctx, g.deal)
		if err != nil {
			return forecast.FunnelReport{}, err
		}
		card, err := o.cards.Card(ctx, g.card)
		if err != nil {
			return forecast.FunnelReport{}, err
		}
		d := forecast.Deal{ID: forecast.DealID(g.deal), Opened: forecast.On(onDay(c.Opened)), Tags: forecast.Tags{"channel": card.First.Source.Channel, "manager": string(c.Owner)}}
		for _, f := range pipeline.Facts(events, nil) {
			if f.Case == g.deal && f.Kind == pipeline.FactStage {
				d.Stages = append(d.Stages, forecast.Entered{Stage: f.Name, Dated: forecast.On(onDay(f.From))})
			}
		}
		if !c.Closed.IsZero() {
			d.Closed, d.Outcome = forecast.On(onDay(c.Closed)), forecast.OutcomeLost
			if c.Stage == "done" {
				d.Outcome = forecast.OutcomeWon
				d.Money = forecast.Money{Amount: decimal.NewFromInt(int64(g.price())), Currency: "RUB"}
			}
		}
		deals = append(deals, d)
	}
	return forecast.Funnel(forecast.All(deals), forecast.FunnelConfig{Period: forecast.Period{From: june(1), To: june(30)}, By: "channel"})
}

func onDay(t time.Time) date.Date { return date.NewAt(t.In(irkutsk)) }

// checkFunnel counts by the guests themselves.
func (o *office) checkFunnel(found forecast.FunnelReport) {
	asked, stayed, wrong := map[string]int{}, map[string]int{}, 0
	for _, g := range o.guests {
		asked[g.writes[0].channel]++
		if g.ends == stays {
			stayed[g.writes[0].channel]++
		}
	}
	for _, row := range found.Rows {
		if asked[row.Tag] != row.Opened || stayed[row.Tag] != row.Won {
			wrong++
		}
	}
	o.Add("office: conversion of the channels, by the guests themselves", "офис: конверсия каналов, по самим гостям", wrong == 0 && len(found.Rows) == len(asked), "%s", of(o.Story, len(found.Rows)-wrong, len(asked)))
}

// checkPaths follows each deal through its stages by its events.
func (o *office) checkPaths(events []pipeline.Event) {
	paths, handed := make(map[pipeline.CaseID][]string), 0
	for _, e := range events {
		id := pipeline.CaseID(e.Key.ID)
		switch e.Kind {
		case pipeline.EventOpened, pipeline.EventMoved:
			paths[id] = append(paths[id], e.To)
		case pipeline.EventBreached:
			if e.Name == "reassign" {
				handed++
			}
		}
	}
	whole, stayed := 0, 0
	for _, g := range o.guests {
		if g.ends != stays {
			continue
		}
		stayed++
		if slices.Equal(paths[g.deal], []string{"new", "talks", "booked", "documents", "living", "feedback", "done"}) {
			whole++
		}
	}
	o.Add("office: one deal for each guest, however often he wrote", "офис: одна сделка на гостя, сколько бы он ни писал", len(paths) == len(o.guests), "%s", of(o.Story, len(paths), len(o.guests)))
	o.Add("office: a guest's deal went through every stage, one by one", "офис: сделка гостя прошла все стадии по порядку", whole == stayed, "%s", of(o.Story, whole, stayed))
	o.Add("office: unanswered for 15 minutes, so it went to the other manager", "офис: без ответа 15 минут — перешла к другому менеджеру", handed == 1, "%d", handed)
}

// facts compares cards, bookings and letters with what the guests really did.
func (o *office) facts(ctx context.Context) error {
	if err := o.checkCards(ctx); err != nil {
		return err
	}
	if err := o.checkBookings(ctx); err != nil {
		return err
	}
	o.checkLetters()
	wrong := 0
	for d := june(8); d <= june(21); d++ {
		taken := 0
		for _, g := range o.guests {
			if g.ends == stays && g.from <= d && d < g.to {
				taken++
			}
		}
		if taken != o.evening[d] {
			wrong++
		}
	}
	o.Add("office: evenings on which the index showed other guests than there were", "офис: вечера, когда индекс показывал не то, что было", wrong == 0, "%s", of(o.Story, wrong, 14))
	return nil
}

func (o *office) checkCards(ctx context.Context) error {
	whole, touches := 0, 0
	owners := make(map[dedup.CardID]bool)
	for _, g := range o.guests {
		on := make(map[dedup.CardID]bool)
		for _, t := range g.touches {
			touches++
			card, err := o.cards.Card(ctx, dedup.CardID(t))
			if err != nil {
				return err
			}
			on[card.ID] = true
			owners[card.ID] = true
		}
		if len(on) == 1 {
			whole++
		}
	}
	o.Add("office: all that a guest wrote is on one card, and it is his alone", "офис: всё, что написал гость, на одной карточке, и она только его", whole == len(o.guests) && len(owners) == len(o.guests), "%s", of(o.Story, whole, len(o.guests)))
	o.Say("%d messages of %d guests lie on %d cards", "Сообщений %d, гостей %d, карточек %d", touches, len(o.guests), len(owners))
	return nil
}

// checkBookings counts nights by the feed.
func (o *office) checkBookings(ctx context.Context) error {
	last := make(map[string]*booking.Reservation)
	var lapsed, promoted time.Time
	sold, err := o.Marked(ctx, markSold)
	if err != nil {
		return err
	}
	for cursor := store.Cursor(sold); ; {
		events, next, err := o.Booking.Since(ctx, cursor, 1000)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		cursor = next
		for _, e := range events {
			if strings.HasPrefix(e.Key.ID, o.prefix) && e.Reservation != nil {
				last[e.Key.ID+"/"+string(e.Reservation.ID)] = e.Reservation
				switch {
				case e.Kind == booking.KindExpired:
					lapsed = e.Reservation.Since
				case e.Kind == booking.KindHeld && e.Command != "hold":
					promoted = e.Reservation.Since
				}
			}
		}
	}
	on, twice, out := make(map[string]bool), 0, 0
	for _, r := range last {
		switch r.State {
		case booking.StateCheckedOut:
			out++
		case booking.StateBlocked:
		default:
			continue
		}
		for d, to := r.Claims[0].Span.Dates(); d < to; d++ {
			night := fmt.Sprint(r.Claims[0].Unit, d)
			if on[night] {
				twice++
			}
			on[night] = true
		}
	}
	want, guests := 0, 0
	for _, g := range o.guests {
		if g.ends == stays {
			want += int(g.to - g.from)
			if g.writes[0].channel != "airbnb" {
				guests++
			}
		}
	}
	o.Add("office: nights given twice", "офис: ночи, отданные дважды", twice == 0 && len(on) == want, "%s", of(o.Story, twice, want))
	o.Add("office: guests who came, stayed and left", "офис: гости, которые приехали, пожили и уехали", out == guests, "%s", of(o.Story, out, guests))
	o.Add("office: who waited has the flat in the moment in which the unpaid hold ends", "офис: кто ждал, получает квартиру в миг, когда снимается неоплаченное", !lapsed.IsZero() && lapsed.Equal(promoted), "%s", lapsed.In(irkutsk).Format("15:04"))
	return nil
}

// checkLetters compares what the phones have shown with the hours of the stays.
func (o *office) checkLetters() {
	var booked, arrivals, departures, asked, after, paid, kept int
	for _, g := range o.guests {
		if g.paid.IsZero() {
			continue
		}
		paid++
		in := time.Date(g.from.Year(), g.from.Month(), g.from.Day(), 14, 0, 0, 0, irkutsk)
		out := time.Date(g.to.Year(), g.to.Month(), g.to.Day(), 12, 0, 0, 0, irkutsk)
		for _, l := range o.phones.log {
			rest, ok := strings.CutPrefix(string(l.ID), o.prefix+string(g.ref.ID)+"|")
			if !ok {
				continue
			}
			if !g.gone.IsZero() && !l.at.Before(g.gone) {
				after++
			}
			reminder, _, _ := strings.Cut(rest, "|")
			switch {
			case reminder == "booking_number" && l.at.Equal(g.paid):
				booked++
			case reminder == "check_in" && l.at.Equal(later(in.Add(-24*time.Hour), g.paid)) && strings.Contains(l.Body, "baikal") && strings.Contains(l.Body, "omul2026") && strings.Contains(l.Body, "22:00"):
				arrivals++
			case reminder == "check_out" && l.at.Equal(out.Add(-3*time.Hour)):
				departures++
			case reminder == "feedback" && l.at.Equal(out.Add(24*time.Hour)):
				asked++
			}
		}
		if g.ends == stays {
			kept++
		}
	}
	for _, f := range []struct {
		en, ru      string
		found, want int
	}{
		{"office: a confirmation in the moment of payment", "офис: подтверждение в миг оплаты", booked, paid},
		{"office: house rules and Wi-Fi 24 hours before arrival", "офис: правила и Wi-Fi за 24 часа до заезда", arrivals, kept},
		{"office: a reminder 3 hours before departure", "офис: напоминание за 3 часа до выезда", departures, kept},
		{"office: the question how it was, the day after", "офис: вопрос «как всё прошло» на следующий день", asked, kept},
	} {
		o.Add(f.en, f.ru, f.found == f.want, "%s", of(o.Story, f.found, f.want))
	}
	total := booked + arrivals + departures + asked
	o.Add("office: letters at any other time", "офис: письма в любое другое время", total == len(o.phones.log), "%s", of(o.Story, len(o.phones.log)-total, len(o.phones.log)))
	o.Add("office: letters after a cancellation", "офис: письма после отмены", after == 0, "%s", of(o.Story, after, len(o.phones.log)))
}

func later(a, b time.Time) time.Time {
	if a.Before(b) {
		return b
	}
	return a
}
