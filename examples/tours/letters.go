package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/ready"
	"github.com/tenure-go/tenure/voucher"
)

// sendLetters lets three weeks pass. Each hour of the office what happened to vouchers is told to the desk of
// letters, and what is due leaves; half an hour later the outside system and the managers work.
func (o *operator) sendLetters(ctx context.Context, s *show.Story) error {
	zone, err := time.LoadLocation(office)
	if err != nil {
		return err
	}
	post := &mailbox{now: s.Clock.Now}
	rules := ready.Rules()
	rules.Zone = office
	channels := map[notify.ChannelID]notify.Channel{}
	for _, spec := range rules.Channels {
		channels[spec.ID] = post
	}
	if o.letters, err = notify.New(notify.Config{Store: s.Notify, Rules: rules, Channels: channels, Now: s.Clock.Now, Attach: o.attach(s)}); err != nil {
		return err
	}
	begin, end := time.Date(2021, time.May, 25, 9, 0, 0, 0, zone), time.Date(2021, time.June, 14, 9, 0, 0, 0, zone)
	s.Clock.Set(begin)
	for _, number := range o.sent {
		if err := o.handle(ctx, s, number); err != nil {
			return err
		}
	}
	season := &season{rng: rand.New(rand.NewPCG(s.Seed, 2)), partners: o.partners}
	returned := 0 // at the counter, in the minute in which letters leave
	for hour := begin; hour.Before(end); hour = hour.Add(time.Hour) {
		if h := hour.Hour(); h < 9 || h > 18 {
			continue // the office sleeps
		}
		s.Clock.Set(hour)
		if err := o.followVouchers(ctx, s, zone); err != nil {
			return err
		}
		if hour.Hour() == 10 {
			n, err := o.counter(ctx, s, season, hour)
			if err != nil {
				return err
			}
			returned += n
		}
		for n := 1; n > 0; {
			if n, err = o.letters.Tick(ctx, s.Notify, 100); err != nil {
				return err
			}
		}
		s.Clock.Advance(30 * time.Minute)
		if hour.Hour() < 18 {
			if err := o.work(ctx, s, season, date.NewAt(hour)); err != nil {
				return err
			}
		}
		if err := o.followDeals(ctx, s); err != nil {
			return err
		}
	}
	s.Clock.Set(end)
	return o.checkLetters(ctx, s, zone, post, returned)
}

// followVouchers tells the desk of letters what became of each voucher. A reservation has one thread,
// so a newer voucher takes the unsent letter of an older one over, and a void one takes it away.
func (o *operator) followVouchers(ctx context.Context, s *show.Story, zone *time.Location) error {
	for {
		events, next, err := s.Voucher.Since(ctx, o.vouchersSeen, 500)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			if !strings.HasPrefix(e.Key.ID, own(s, "")) {
				continue
			}
			v, err := o.live(ctx, s, voucher.ReservationID(e.Key.ID))
			if err != nil {
				return err
			}
			occasion := notify.Occasion{ID: e.Key.ID, Kind: "trip", Thread: notify.ThreadID(e.Key.ID), Rev: e.Seq, Cancelled: true}
			if v.ID != "" {
				occasion = o.trip(s, v, e.Seq, zone)
			}
			if _, err := o.letters.Post(ctx, occasion); err != nil {
				return err
			}
		}
		o.vouchersSeen = next
	}
}

// trip is the occasion from which the voucher's letter follows.
func (o *operator) trip(s *show.Story, v voucher.Voucher, seq int64, zone *time.Location) notify.Occasion {
	midnight := func(d date.Date) time.Time { return time.Date(d.Year(), d.Month(), d.Day(), 0, 0, 0, 0, zone) }
	value := func(f voucher.FieldID) string { return v.Item.Values[f].String() }
	to := notify.Recipient{ID: string(v.Item.Reservation), Lang: s.Lang, Addresses: map[notify.ChannelID]string{}}
	if email := value("email"); email != "" {
		to.Addresses["email"] = email
	}
	return notify.Occasion{
		ID: fmt.Sprintf("%s#%d", v.ID, v.Rev), Kind: "trip", Thread: notify.ThreadID(v.Item.Reservation), Rev: seq,
		Made: v.Revisions[len(v.Revisions)-1].At, Start: midnight(v.Item.TripStart), To: to, By: string(v.Item.Manager),
		Vars:   map[string]string{"name": value("guest"), "number": v.Text, "from": v.Item.TripStart.String(), "to": v.Item.TripEnd.String()},
		Attach: []notify.Attachment{{Name: v.Text + ".pdf", MediaType: "application/pdf", Ref: v.Text}},
	}
}

// attach prints the voucher as it is when its letter leaves; a void one stops the letter.
func (o *operator) attach(s *show.Story) func(context.Context, string) ([]byte, error) {
	return func(ctx context.Context, number string) ([]byte, error) {
		vs, _, err := s.Voucher.Find(ctx, voucher.Filter{Number: number, States: []voucher.State{voucher.StateIssued}}, "", 1)
		switch {
		case err != nil:
			return nil, err
		case len(vs) == 0:
			return nil, fmt.Errorf("%s is void: %w", number, notify.ErrGone)
		}
		return o.paper(vs[0])
	}
}

// counter voids vouchers that are brought back just when their letters leave: H-1's on 6 June, and on
// other days now and then one.
func (o *operator) counter(ctx context.Context, s *show.Story, season *season, now time.Time) (int, error) {
	back := ""
	leaving := date.NewAt(now) + 2
	for _, r := range season.sold {
		if r.start == leaving && season.rng.IntN(4) == 0 {
			back = r.id
		}
	}
	if date.NewAt(now) == june(6) {
		back = "H-1"
	}
	v, err := o.live(ctx, s, voucher.ReservationID(own(s, back)))
	if err != nil || v.ID == "" {
		return 0, err
	}
	season.sold = slices.DeleteFunc(season.sold, func(r reservation) bool { return r.id == back })
	_, err = o.vouchers.Void(ctx, voucher.Void{Ref: v.Ref(), By: "boris", Why: "brought back"})
	return 1, err
}

// A season is what the outside system has to tell in three weeks: a fake, drawn.
type season struct {
	rng      *rand.Rand
	partners map[string]partner
	numbers  int
	sold     []reservation // that may still change
}

// work is an hour of the outside system and of the managers.
func (o *operator) work(ctx context.Context, s *show.Story, season *season, today date.Date) error {
	r, ok := season.next(today)
	if !ok {
		return nil
	}
	if _, err := o.receive(ctx, s, r, fmt.Sprint(r.revision)); err != nil {
		return err
	}
	return o.handle(ctx, s, r.id)
}

// next is a new reservation or a new revision of one, if there is any this hour.
func (x *season) next(today date.Date) (reservation, bool) {
	price := func(seats int) decimal.Decimal { return decimal.New(int64(seats)*(20_000+500*x.rng.Int64N(90)), 0) }
	if x.rng.IntN(3) == 0 {
		x.numbers++
		partners := slices.Sorted(maps.Keys(x.partners))
		number := fmt.Sprintf("D-%03d", x.numbers)
		r := reservation{
			id: number, number: number, revision: 1, partner: partners[x.rng.IntN(len(partners))], guest: fmt.Sprintf("GUEST %d", x.numbers),
			email: fmt.Sprintf("guest-%d@mail.example.org", x.numbers), tour: []string{"olkhon", "railway", "altai"}[x.rng.IntN(3)], start: today + 2 + date.Date(x.rng.IntN(10)),
			seats: 1 + x.rng.IntN(4), currency: "RUB", airport: []string{"IKT", "OVB", "BTK"}[x.rng.IntN(3)], status: []string{"confirmed", "paid", "paid"}[x.rng.IntN(3)],
		}
		if strings.HasPrefix(string(x.partners[r.partner].subdivision), "KZ") {
			r.currency, r.airport = "KZT", "ALA"
		}
		r.end, r.price = r.start+date.Date(2+x.rng.IntN(7)), price(r.seats)
		x.sold = append(x.sold, r)
		return r, true
	}
	if len(x.sold) == 0 || x.rng.IntN(2) == 0 {
		return reservation{}, false
	}
	i := x.rng.IntN(len(x.sold))
	r := &x.sold[i]
	if r.start <= today+2 {
		x.sold = slices.Delete(x.sold, i, i+1) // on its way
		return reservation{}, false
	}
	r.revision++
	switch x.rng.IntN(5) {
	case 0:
		r.seats = 1 + x.rng.IntN(4)
		r.price = price(r.seats)
	case 1:
		days := date.Date(1 + x.rng.IntN(5))
		r.start, r.end = r.start+days, r.end+days
	case 2:
		r.status = "cancelled"
		gone := *r
		x.sold = slices.Delete(x.sold, i, i+1)
		return gone, true
	default:
		r.status = "paid"
	}
	return *r, true
}

// checkLetters goes through the mailbox letter by letter, beside the feed of the vouchers.
func (o *operator) checkLetters(ctx context.Context, s *show.Story, zone *time.Location, post *mailbox, returned int) error {
	events, err := voucherEvents(ctx, s)
	if err != nil {
		return err
	}
	told := map[string][]voucher.Event{} // by reservation
	issued, reissued, voided := 0, 0, 0
	for _, e := range events {
		if !strings.HasPrefix(e.Key.ID, own(s, "")) {
			continue
		}
		told[e.Key.ID] = append(told[e.Key.ID], e)
		switch e.Kind {
		case voucher.EventIssued:
			issued++
		case voucher.EventReissued:
			reissued++
		case voucher.EventVoided:
			voided++
		}
	}
	var letters, forVoid, wrongPaper, wrongTime, atTen, atOnce, doubled int
	got := map[string]int{} // letters of each revision
	for _, m := range post.letters() {
		reservation := string(m.Thread)
		if !strings.HasPrefix(reservation, own(s, "")) {
			continue // left over from a run that was interrupted
		}
		letters++
		in, ok := inForce(told[reservation], m.at)
		if !ok {
			forVoid++
			continue
		}
		paper, err := o.paper(in.Voucher)
		if err != nil {
			return err
		}
		if !strings.Contains(m.Body, in.Voucher.Text) || len(m.Data) != 1 || !bytes.Equal(m.Data[0], paper) {
			wrongPaper++
		}
		switch due := leaves(in.Voucher, zone); {
		case m.at.Equal(due):
			atTen++
		case m.at.After(due) && m.at.Sub(in.At) == 30*time.Minute:
			atOnce++
		default:
			wrongTime++
		}
		revision := fmt.Sprint(reservation, in.Seq)
		if got[revision]++; got[revision] > 1 {
			doubled++
		}
	}
	live, missing := 0, 0
	for reservation, events := range told {
		in, ok := inForce(events, s.Clock.Now())
		if !ok || in.Voucher.Item.Values["email"].String() == "" || leaves(in.Voucher, zone).After(s.Clock.Now().Add(-time.Hour)) {
			continue
		}
		if live++; got[fmt.Sprint(reservation, in.Seq)] == 0 {
			missing++
		}
	}
	if err := o.tellStopped(ctx, s, letters, atTen, atOnce, issued, reissued, voided); err != nil {
		return err
	}
	s.Add("letters for void vouchers: 0", "писем по погашенным ваучерам: 0", forVoid == 0 && returned > 0, s.T("%d; %d vouchers brought back in that very minute", "%d; в ту самую минуту вернули ваучеров: %d"), forVoid, returned)
	s.Add("every live voucher's letter left", "письмо ушло по каждому действующему ваучеру", missing == 0, s.T("%d of %d missing", "не хватает %d из %d"), missing, live)
	s.Add("no letter left twice", "ни одно письмо не ушло дважды", doubled == 0, s.T("%d of %d", "%d из %d"), doubled, letters)
	s.Add("letters leave at 10:00 two days before, late sales at once", "письма уходят в 10:00 за два дня, поздние продажи — сразу", wrongTime == 0 && atTen > 0, s.T("%d at 10:00, %d at once, %d at another time", "в 10:00 — %d, сразу — %d, в другое время — %d"), atTen, atOnce, wrongTime)
	s.Add("each letter carries the voucher in force", "в каждом письме действующий ваучер", wrongPaper == 0, s.T("%d of %d do not", "не так в %d из %d"), wrongPaper, letters)
	return nil
}

// tellStopped tells of the letters, and of one that was stopped.
func (o *operator) tellStopped(ctx context.Context, s *show.Story, letters, atTen, atOnce, issued, reissued, voided int) error {
	s.Say("Three weeks pass: the outside system sends on, managers issue what is paid. Issued %d, issued anew %d, void %d.", "Проходит три недели: внешняя система шлёт дальше, менеджеры выдают оплаченное. Выдано %d, перевыдано %d, погашено %d.", issued, reissued, voided)
	s.Say("%d letters left with the voucher attached: %d two days before at 10:00, %d at once, as the sale was late.", "Ушло писем с ваучером: %d, из них за два дня в 10:00 — %d, сразу, потому что продали поздно, — %d.", letters, atTen, atOnce)
	stopped, err := s.Notify.Find(ctx, notify.Filter{Thread: notify.ThreadID(own(s, "H-1"))}, "", 10)
	if err != nil {
		return err
	}
	for _, d := range stopped {
		for _, step := range d.Steps {
			if step.Skipped != nil {
				s.Say("6 June, 10:00: the guest of %s brings it back in the minute in which its letter leaves. The letter does not: %s.",
					"6 июня, 10:00: гость возвращает %s в ту минуту, когда уходит его письмо. Письмо не уходит: %s.", d.Vars["number"], step.Skipped.Text(s.Lang))
			}
		}
	}
	return nil
}

// inForce is the last event before the instant that left the reservation with a voucher.
func inForce(events []voucher.Event, at time.Time) (in voucher.Event, ok bool) {
	now := map[voucher.VoucherID]voucher.Event{}
	for _, e := range events {
		if !e.At.After(at) {
			now[e.Voucher.ID] = e
		}
	}
	for _, e := range now {
		if e.Voucher.State == voucher.StateIssued {
			in, ok = e, true
		}
	}
	return in, ok
}

// leaves is 10:00 two days before the trip.
func leaves(v voucher.Voucher, zone *time.Location) time.Time {
	y, m, d := v.Item.TripStart.Date()
	return time.Date(y, m, d-2, 10, 0, 0, 0, zone)
}

// A mailbox is the mail server: a fake that keeps what it is given.
type mailbox struct {
	now func() time.Time

	mu  sync.Mutex
	got []letter
}

type letter struct {
	notify.Outgoing
	at time.Time
}

// Send implements notify.Channel.
func (m *mailbox) Send(_ context.Context, o notify.Outgoing) notify.Receipt {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.got = append(m.got, letter{o, m.now()})
	return notify.Receipt{Level: notify.LevelAccepted}
}

func (m *mailbox) letters() []letter {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.got)
}
