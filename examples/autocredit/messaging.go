package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
)

// messaging plays what becomes of the messages about the meetings: until the afternoon, when somebody has
// still not read his; then through the next day, with the reminders.
func (d *dealer) messaging(ctx context.Context, s *show.Story) error {
	if err := d.until(ctx, s, irkutsk(10, 14, 30)); err != nil {
		return err
	}
	reached := 0
	for _, c := range clients {
		told, err := d.about(ctx, s, c, "meeting_set")
		if err != nil {
			return err
		}
		var tries []string
		cost := decimal.Zero
		for _, step := range told.Steps {
			if text := d.tried(s, step); text != "" {
				tries = append(tries, text)
			}
			if step.Settled {
				cost = cost.Add(step.Amount)
			}
			if step.Level >= notify.LevelDelivered && step.Channel == c.by {
				reached++
			}
		}
		s.Say("%s: %s; %s RUB", "%s: %s; %s ₽", words.In(s.Lang, c.name), strings.Join(tries, ", "), cost.StringFixed(2))
	}
	s.Add("each is reached on the first of WhatsApp, Viber, SMS that he has", "каждого находит первый из WhatsApp, Viber, SMS, что у него есть", reached == len(clients), s.T("%d of %d", "%d из %d"), reached, len(clients))

	// What a manager sees: delivered, and unread for two hours.
	state := notify.StateUnread
	found, err := s.Notify.Find(ctx, notify.Filter{State: &state}, "", 10_000)
	if err != nil {
		return err
	}
	var shown []string
	for _, m := range found {
		if !strings.HasPrefix(m.To.ID, fmt.Sprintf("r%d-", s.Run)) { // another run's
			continue
		}
		_, name, _ := strings.Cut(m.To.ID, "-")
		shown = append(shown, name)
		s.Say("To the manager: %s was delivered at %s and has not read for two hours. Oleg sends an SMS by hand.", "Менеджеру: %s, доставлено в %s, два часа не прочитано. Олег шлёт SMS вручную.",
			words.In(s.Lang, name), m.Steps[0].Delivered.In(zoneIrkutsk).Format("15:04"))
		if _, err := d.messages.Force(ctx, notify.Force{ID: m.ID, Channel: "sms", By: "Oleg", Why: "unread"}); err != nil {
			return err
		}
	}
	unseen := d.network.unread(s.Clock.Now())
	s.Add("delivered but unread is shown to the manager", "доставленное, но непрочитанное видит менеджер", slices.Equal(shown, unseen) && len(shown) > 0, "%s", words.In(s.Lang, strings.Join(shown, ", ")))

	// Vera cancels: her hour is free again, and she is reminded of nothing.
	vera := clients[3]
	span, err := booking.Between(wall(vera), wall(vera).Add(meeting))
	if err != nil {
		return err
	}
	gone := d.occasion(s, vera, span)
	gone.Rev, gone.Cancelled = 2, true
	if err := s.InTx(ctx, func(tx show.Tx) error {
		if _, err := d.calendar.In(tx.Booking).Cancel(ctx, booking.Cancel{Ref: booking.Ref{Unit: unit(s, vera.office), ID: booking.ReservationID(gone.ID)}, By: "Oleg"}); err != nil {
			return err
		}
		_, err := d.messages.In(tx.Notify).Post(ctx, gone)
		return err
	}); err != nil {
		return err
	}
	free, err := d.slots(ctx, s, vera.office, 11)
	if err != nil {
		return err
	}
	s.Say("Vera cancels: her hour is free again, and no reminder goes to her.", "Вера отменяет: её час снова свободен, напоминания не будет.")
	if err := d.until(ctx, s, irkutsk(11, 16, 0)); err != nil {
		return err
	}
	reminded, untimely := d.network.reminded(d.starts)
	s.Add("a reminder two hours before each meeting, none of one cancelled", "напоминание за два часа до каждой встречи, об отменённой ни одного", len(reminded) == len(clients)-1 && untimely == 0 && reminded["Vera"] == 0 && slices.Contains(free, span), s.T("%d reminded, %d untimely, Vera %d times", "напомнили %d, не вовремя %d, Вере %d раз"), len(reminded), untimely, reminded["Vera"])
	return d.checkCosts(ctx, s)
}

// until moves the clock on by five minutes again and again: what is due is sent, what was heard is noted.
func (d *dealer) until(ctx context.Context, s *show.Story, end time.Time) error {
	for ; s.Clock.Now().Before(end); s.Clock.Advance(5 * time.Minute) {
		for n := 1; n > 0; {
			var err error
			if n, err = d.messages.Tick(ctx, s.Notify, 100); err != nil {
				return err
			}
		}
		if err := d.messages.Receive(ctx, d.network.heard(s.Clock.Now())...); err != nil {
			return err
		}
	}
	return nil
}

// about finds the message to a client that was made from a template.
func (d *dealer) about(ctx context.Context, s *show.Story, c client, template notify.TemplateID) (notify.Delivery, error) {
	found, err := s.Notify.Find(ctx, notify.Filter{Recipient: fmt.Sprintf("r%d-%s", s.Run, c.name)}, "", 100)
	if err != nil {
		return notify.Delivery{}, err
	}
	for _, m := range found {
		if m.Template == template {
			return m, nil
		}
	}
	return notify.Delivery{}, fmt.Errorf("no message %s to %s", template, c.name)
}

// tried tells what came of a step, "" if its turn never came.
func (d *dealer) tried(s *show.Story, step notify.StepReport) string {
	name := map[notify.ChannelID]string{"whatsapp": "WhatsApp", "viber": "Viber", "sms": "SMS"}[step.Channel]
	at := func(t time.Time) string { return t.In(zoneIrkutsk).Format("15:04") }
	switch {
	case step.Skipped != nil && step.Skipped.Code == notify.ReasonUnreachable, step.Failed == notify.FailureUnreachable:
		return name + s.T(" not there", " нет")
	case step.Skipped != nil:
		return name + ": " + step.Skipped.Text(s.Lang)
	case step.Sent.IsZero():
		return ""
	case step.Level == notify.LevelRead:
		return name + s.T(" read at ", " прочитано в ") + at(step.Read)
	case step.Level == notify.LevelDelivered:
		return name + s.T(" delivered at ", " доставлено в ") + at(step.Delivered)
	}
	return name + s.T(" silent", " молчит")
}

// checkCosts compares what the deliveries say they cost with the network's own bill.
func (d *dealer) checkCosts(ctx context.Context, s *show.Story) error {
	rows, err := notify.Report(func(yield func(notify.Delivery, error) bool) {
		for _, c := range clients {
			found, err := s.Notify.Find(ctx, notify.Filter{Recipient: fmt.Sprintf("r%d-%s", s.Run, c.name)}, "", 100)
			if err != nil {
				yield(notify.Delivery{}, err)
				return
			}
			for _, m := range found {
				if !yield(m, nil) {
					return
				}
			}
		}
	})
	if err != nil {
		return err
	}
	sum, reached := decimal.Zero, map[notify.ChannelID]int{}
	for _, r := range rows {
		sum = sum.Add(r.Cost)
		reached[r.Channel] += r.Reached
	}
	bill, alone, doubled := d.network.bill()
	s.Say("All messages cost %s RUB: WhatsApp reached %d, Viber %d, SMS %d. By SMS alone: %s RUB.", "Все сообщения стоили %s ₽: WhatsApp дошло %d, Viber %d, SMS %d. Одними SMS: %s ₽.",
		sum.StringFixed(2), reached["whatsapp"], reached["viber"], reached["sms"], alone.StringFixed(2))
	s.Add("the cost counted is the network's bill", "посчитанный расход равен счёту сети", sum.Equal(bill) && bill.IsPositive(), s.T("%s RUB, billed %s", "%s ₽, в счёте %s"), sum.StringFixed(2), bill.StringFixed(2))
	s.Add("the cascade is cheaper than SMS alone", "каскад дешевле одних SMS", bill.LessThan(alone), s.T("%s of %s RUB", "%s из %s ₽"), bill.StringFixed(2), alone.StringFixed(2))
	s.Add("nobody got one message twice on one channel", "никто не получил одно сообщение дважды в одном канале", doubled == 0, "%d", doubled)
	return nil
}

// A network is two messengers and an SMS centre, made up: clients say what becomes of a message. It has
// its own price list and its own books.
type network struct {
	run   string // how the IDs of this run's messages begin
	clock *show.Clock

	mu   sync.Mutex
	sent []posted
	post []notify.Receipt // on the way back, each at its time
}

type posted struct {
	notify.Outgoing
	delivered, read time.Time // zero: not
}

// Send implements notify.Channel.
func (n *network) Send(_ context.Context, o notify.Outgoing) notify.Receipt {
	n.mu.Lock()
	defer n.mu.Unlock()
	if !strings.HasPrefix(string(o.ID), n.run) { // what an interrupted run had left goes out, too, and is not in this one's books
		return notify.Receipt{Level: notify.LevelAccepted}
	}
	becomes := unread // an SMS is delivered, and nobody knows whether it is read
	for _, c := range clients {
		if c.phone == o.Address && o.Channel == "whatsapp" {
			becomes = c.whatsapp
		} else if c.phone == o.Address && o.Channel == "viber" {
			becomes = c.viber
		}
	}
	if becomes == absent {
		return notify.Receipt{Failed: notify.FailureUnreachable, Code: "no account"}
	}
	p := posted{Outgoing: o}
	if becomes != silent {
		p.delivered = n.clock.Now().Add(2 * time.Minute)
		n.post = append(n.post, notify.Receipt{Channel: o.Channel, External: o.Key(), Level: notify.LevelDelivered, At: p.delivered})
	}
	if becomes == read {
		p.read = p.delivered.Add(6 * time.Minute)
		n.post = append(n.post, notify.Receipt{Channel: o.Channel, External: o.Key(), Level: notify.LevelRead, At: p.read})
	}
	n.sent = append(n.sent, p)
	return notify.Receipt{Level: notify.LevelAccepted, External: o.Key()}
}

// heard are the receipts that have come in by now.
func (n *network) heard(now time.Time) (due []notify.Receipt) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.post = slices.DeleteFunc(n.post, func(r notify.Receipt) bool {
		if r.At.After(now) {
			return false
		}
		due = append(due, r)
		return true
	})
	return due
}

// unread are the clients who have had a message on a messenger for two hours and have not read it.
func (n *network) unread(now time.Time) (names []string) {
	for _, p := range n.sent {
		if p.Channel != "sms" && !p.delivered.IsZero() && p.read.IsZero() && now.Sub(p.delivered) >= 2*time.Hour {
			names = append(names, clients[slices.IndexFunc(clients, func(c client) bool { return c.phone == p.Address })].name)
		}
	}
	return names
}

// reminded counts the reminders that arrived, by client, and those that did not arrive two hours before the
// meeting, or up to half an hour later where channels failed.
func (n *network) reminded(starts map[string]time.Time) (count map[string]int, untimely int) {
	count = map[string]int{}
	for _, p := range n.sent {
		if !strings.Contains(string(p.ID), "|meeting_due|") || p.delivered.IsZero() {
			continue
		}
		_, rest, _ := strings.Cut(string(p.ID), "-")
		name, _, _ := strings.Cut(rest, "|")
		count[name]++
		if before := starts[name].Sub(p.delivered); before > 2*time.Hour || before < 90*time.Minute {
			untimely++
		}
	}
	return count, untimely
}

// bill adds up what was delivered, and for SMS taken, in kopecks; what the same texts had cost by SMS
// alone; and how many went out twice.
func (n *network) bill() (sum, alone decimal.Decimal, doubled int) {
	var kopecks, only int64
	keys, ids := map[string]bool{}, map[notify.MessageID]bool{}
	for _, p := range n.sent {
		switch {
		case p.Channel == "sms":
			kopecks += 480 * show.Parts(p.Body)
		case p.delivered.IsZero():
		case p.Channel == "whatsapp":
			kopecks += 90
		case p.Channel == "viber":
			kopecks += 190
		}
		if !ids[p.ID] {
			ids[p.ID] = true
			only += 480 * show.Parts(p.Body)
		}
		if key := string(p.ID) + "|" + string(p.Channel); keys[key] {
			doubled++
		} else {
			keys[key] = true
		}
	}
	return decimal.New(kopecks, -2), decimal.New(only, -2), doubled
}
