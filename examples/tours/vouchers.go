package main

import (
	"bytes"
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/pdf"
)

//go:embed papers
var papers embed.FS

// issueVouchers gives numbers: by the stage that a case comes to, by hand, and forty at once.
func (o *operator) issueVouchers(ctx context.Context, s *show.Story) error {
	s.Clock.Set(o.opening.Add(7 * 24 * time.Hour))
	if err := o.openVouchers(s); err != nil {
		return err
	}
	before, err := o.row(ctx, s, june(8))
	if err != nil {
		return err
	}
	for _, scene := range []func(context.Context, *show.Story) error{o.tooEarly, o.byStage, o.byHand} {
		if err := scene(ctx, s); err != nil {
			return err
		}
	}
	after, err := o.row(ctx, s, june(8))
	if err != nil {
		return err
	}
	given := slices.DeleteFunc(after, func(number string) bool { return slices.Contains(before, number) })
	slices.Sort(given)
	want := make([]string, 3)
	for i := range want {
		want[i] = fmt.Sprintf("%02d080621", len(before)+i+1)
	}
	s.Add("the next numbers of 8 June 2021, by stage and by hand", "следующие номера на 8 июня 2021, по этапу и вручную", slices.Equal(given, want), "%s", strings.Join(given, " "))
	if err := o.printAll(ctx, s, given); err != nil {
		return err
	}
	if err := o.changes(ctx, s); err != nil {
		return err
	}
	return o.forty(ctx, s)
}

// openVouchers makes the desk. A number is given only for what was paid and can be printed whole.
func (o *operator) openVouchers(s *show.Story) error {
	folder, err := fs.Sub(papers, "papers")
	if err != nil {
		return err
	}
	templates, err := voucher.ReadTemplates(folder)
	if err != nil {
		return err
	}
	for _, t := range templates {
		if t.Lang == s.Lang {
			if o.document, err = voucher.Compile(t); err != nil {
				return err
			}
		}
	}
	o.vouchers, err = voucher.New(voucher.Config{
		Store: s.Voucher, Now: s.Clock.Now, Zone: office, Documents: []*voucher.Document{o.document},
		Validators: []voucher.Validator{
			{Kind: voucher.Required, Fields: []voucher.FieldID{"confirmed"}, Label: voucher.Label{Party: voucher.PartyPartner, Title: map[string]string{"en": "Confirmed", "ru": "Подтверждено"}}},
			{Kind: voucher.Required, Fields: []voucher.FieldID{"paid"}, Label: voucher.Label{Party: voucher.PartyAccounts, Title: map[string]string{"en": "Paid", "ru": "Оплачено"}}},
		},
	})
	return err
}

// item is what a voucher prints of a case.
func (o *operator) item(s *show.Story, c pipeline.Case) (voucher.Item, error) {
	text := func(f pipeline.FieldID) string { return c.Values[f].Text }
	start, err1 := date.ParseISO(text("start"))
	end, err2 := date.ParseISO(text("end"))
	seats, err3 := strconv.ParseInt(text("seats"), 10, 64)
	price, err4 := decimal.NewFromString(text("price"))
	item := voucher.Item{Reservation: voucher.ReservationID(c.ID), TripStart: start, TripEnd: end, Manager: voucher.ManagerID(c.Owner)}
	item.Values = voucher.Values{
		"tour": voucher.Text(tourTitle(s, text("tour"))), "guest": voucher.Text(text("guest")), "email": voucher.Text(text("email")), "seats": voucher.Int(seats), "pickup": voucher.Text(text("pickup")),
		"price": voucher.Amount(price, text("currency")), "confirmed": voucher.Yes(text("status") != "new"), "paid": voucher.Yes(text("status") == "paid"),
	}
	if p := o.partnerOf(c.Cards); p.id != "" {
		item.Partner = voucher.PartnerID(p.id)
		item.Values["agency"] = voucher.Text(p.company)
	}
	return item, errors.Join(err1, err2, err3, err4)
}

// followDeals does what the stages tell: a voucher for each that comes to issued, none for a case
// that is lost. It may stop anywhere and read an event twice: the event names the command.
func (o *operator) followDeals(ctx context.Context, s *show.Story) error {
	for {
		events, next, err := s.Pipeline.Since(ctx, o.dealsSeen, 500)
		if err != nil || len(events) == 0 {
			return err
		}
		for _, e := range events {
			if e.Key.Kind != pipeline.KeyCase || !strings.HasPrefix(e.Key.ID, own(s, "")) {
				continue
			}
			switch {
			case e.Kind == pipeline.EventEmitted && e.Name == "voucher":
				err = o.issue(ctx, s, pipeline.CaseID(e.Key.ID), voucher.CommandID(fmt.Sprint("event-", e.Seq)))
			case e.Kind == pipeline.EventClosed && e.Name == pipeline.Lost:
				err = o.void(ctx, s, voucher.ReservationID(e.Key.ID), string(e.By), e.Why)
			}
			if err != nil {
				return err
			}
		}
		o.dealsSeen = next
	}
}

// issue gives the case its voucher, or replaces the one that it has.
func (o *operator) issue(ctx context.Context, s *show.Story, id pipeline.CaseID, command voucher.CommandID) error {
	c, err := o.deals.Case(ctx, id)
	if err != nil {
		return err
	}
	item, err := o.item(s, c)
	if err != nil {
		return err
	}
	_, err = o.vouchers.Issue(ctx, voucher.Issue{ID: command, Items: []voucher.Item{item}, By: string(c.Owner)})
	var refused *voucher.RefusedError
	if !errors.As(err, &refused) {
		return err
	}
	live, err := o.live(ctx, s, item.Reservation)
	if err != nil {
		return err
	}
	if live.ID == "" { // for a person to see to; the others need not wait
		s.Say("No voucher for %s: %s", "Нет ваучера по %s: %s", strings.TrimPrefix(string(id), own(s, "")), refused.Text(s.Lang))
		return nil
	}
	_, err = o.vouchers.Reissue(ctx, voucher.Reissue{Ref: voucher.Ref{ID: live.ID}, ID: command, Item: item, By: string(c.Owner)})
	return err
}

func (o *operator) void(ctx context.Context, s *show.Story, id voucher.ReservationID, by, why string) error {
	live, err := o.live(ctx, s, id)
	if err != nil || live.ID == "" {
		return err
	}
	_, err = o.vouchers.Void(ctx, voucher.Void{Ref: voucher.Ref{ID: live.ID}, By: by, Why: why})
	return err
}

// live is the voucher that the reservation has; the zero Voucher if it has none.
func (o *operator) live(ctx context.Context, s *show.Story, id voucher.ReservationID) (voucher.Voucher, error) {
	vs, _, err := s.Voucher.Find(ctx, voucher.Filter{Reservation: id, States: []voucher.State{voucher.StateIssued}}, "", 1)
	if err != nil || len(vs) == 0 {
		return voucher.Voucher{}, err
	}
	return vs[0], nil
}

// handle is a manager's routine when a reservation changed: cancel what is cancelled, and issue what
// is paid, again if it was issued before.
func (o *operator) handle(ctx context.Context, s *show.Story, id string) error {
	c, err := o.deals.Case(ctx, pipeline.CaseID(own(s, id)))
	if err != nil {
		return err
	}
	start, _ := date.ParseISO(c.Values["start"].Text)
	var actions []pipeline.Action
	switch status := c.Values["status"].Text; {
	case !c.Closed.IsZero():
	case status == "cancelled":
		actions = []pipeline.Action{"cancel"}
	case status != "paid" || start <= date.NewAt(s.Clock.Now())+1: // not yet, or too late
	case c.Stage == "request":
		actions = []pipeline.Action{"confirm", "issue"}
	case c.Stage == "confirmed":
		actions = []pipeline.Action{"issue"}
	case c.Stage == "issued":
		actions = []pipeline.Action{"change", "issue"}
	}
	owner := pipeline.Actor{ID: c.Owner}
	var commands []pipeline.Command
	for _, a := range actions {
		commands = append(commands, pipeline.Command{ID: pipeline.CommandID(fmt.Sprint(a, "-", c.Rev)), Case: c.ID, Action: a, By: owner})
	}
	if len(commands) == 0 {
		return nil
	}
	if c.Values["pickup"].Text == "" && actions[0] != "cancel" {
		commands[0].Set = map[pipeline.FieldID]string{"pickup": pickupOf(s, c.Values["tour"].Text)}
	}
	_, err = o.deals.Do(ctx, commands...)
	return err
}

func tourTitle(s *show.Story, code string) string {
	switch code {
	case "olkhon":
		return s.T("Olkhon Island", "Остров Ольхон")
	case "railway":
		return s.T("Circum-Baikal Railway", "Кругобайкальская железная дорога")
	case "altai":
		return s.T("Altai: Lake Teletskoye", "Алтай: Телецкое озеро")
	}
	return code
}

func pickupOf(s *show.Story, code string) string {
	if code == "altai" {
		return s.T("Barnaul airport, 9:00", "аэропорт Барнаула, 9:00")
	}
	return s.T("Angara hotel, Irkutsk, 8:30", "гостиница «Ангара», Иркутск, 8:30")
}

// june is a day of June 2021, the month of the story.
func june(day int) date.Date { return date.New(2021, time.June, day) }

// offered is one of the program's own reservations, so that the story does not hang on the file.
func offered(number, guest, tour string, seats int, price int64, status string) reservation {
	return reservation{id: number, number: number, revision: 1, partner: "P-01", guest: guest, email: strings.ToLower(number) + "@mail.example.org", tour: tour,
		start: june(8), end: june(15), seats: seats, price: decimal.New(price, 0), currency: "RUB", airport: "IKT", status: status}
}

// tooEarly shows the two refusals, each with all its reasons.
func (o *operator) tooEarly(ctx context.Context, s *show.Story) error {
	if _, err := o.receive(ctx, s, offered("S-1", "PETROV IVAN", "olkhon", 2, 123_000, "confirmed"), "1"); err != nil {
		return err
	}
	before, err := voucherEvents(ctx, s)
	if err != nil {
		return err
	}
	id := pipeline.CaseID(own(s, "S-1"))
	boris := pipeline.Actor{ID: "boris"}
	if _, err := o.deals.Do(ctx, pipeline.Command{ID: "confirm", Case: id, Action: "confirm", By: boris}); err != nil {
		return err
	}
	_, err = o.deals.Do(ctx, pipeline.Command{ID: "early", Case: id, Action: "issue", By: boris})
	var no *pipeline.RefusedError
	if !errors.As(err, &no) {
		return fmt.Errorf("an unpaid reservation came to its voucher: %w", err)
	}
	s.Say("%s asks for the voucher of S-1 too early. The rules say no, and what is missing:", "%s просит ваучер по S-1 слишком рано. Правила говорят «нет» и чего не хватает:", person(s, "boris"))
	for _, r := range no.Reasons {
		s.Say("  %s", "  %s", strings.NewReplacer(string(r.Field), o.fieldTitle(s, r.Field), "paid", word(s, "paid")).Replace(r.Text(s.Lang)))
	}
	c, err := o.deals.Case(ctx, id)
	if err != nil {
		return err
	}
	item, err := o.item(s, c)
	if err != nil {
		return err
	}
	item.TripEnd = june(7)
	_, err = o.vouchers.Issue(ctx, voucher.Issue{ID: "early", Items: []voucher.Item{item}, By: "boris"})
	var refused *voucher.RefusedError
	if !errors.As(err, &refused) {
		return fmt.Errorf("an unpaid reservation got a voucher by hand: %w", err)
	}
	s.Say("By hand it does not go either; each reason says whose turn it is:", "Вручную тоже не выходит; каждая причина говорит, чей ход:")
	for _, r := range refused.Reasons {
		s.Say("  %s", "  %s", strings.TrimPrefix(r.Text(s.Lang), own(s, "")))
	}
	after, err := voucherEvents(ctx, s)
	if err != nil {
		return err
	}
	s.Add("a voucher too early: all reasons at once, no number spent", "ваучер слишком рано: все причины сразу, номер не потрачен", len(no.Reasons) == 2 && len(refused.Reasons) == 3 && len(before) == len(after),
		s.T("%d reasons of the stage, %d of the voucher", "причин этапа %d, ваучера %d"), len(no.Reasons), len(refused.Reasons))
	return nil
}

// byStage pays two reservations, moves their cases, and lets the stage ask for the vouchers.
func (o *operator) byStage(ctx context.Context, s *show.Story) error {
	paid := offered("S-1", "PETROV IVAN", "olkhon", 2, 123_000, "paid")
	paid.revision = 2
	for _, r := range []reservation{paid, offered("S-2", "LI VERA", "railway", 1, 24_500, "paid")} {
		if _, err := o.receive(ctx, s, r, fmt.Sprint(r.revision)); err != nil {
			return err
		}
		if err := o.handle(ctx, s, r.id); err != nil {
			return err
		}
		if err := o.followDeals(ctx, s); err != nil {
			return err
		}
		v, err := o.live(ctx, s, voucher.ReservationID(own(s, r.number)))
		if err != nil {
			return err
		}
		s.Say("%s is paid, its case comes to “Voucher issued”, the stage asks, and the voucher is %s.", "%s оплачена, дело дошло до этапа «Ваучер выдан», этап попросил, и ваучер — %s.", r.number, v.Text)
	}
	return nil
}

// byHand gives a voucher to a guest who came without the outside system.
func (o *operator) byHand(ctx context.Context, s *show.Story) error {
	item := voucher.Item{Reservation: voucher.ReservationID(own(s, "H-1")), TripStart: june(8), TripEnd: june(15), Manager: "boris", Values: voucher.Values{
		"tour": voucher.Text(tourTitle(s, "olkhon")), "guest": voucher.Text("SOKOLOVA NINA"), "email": voucher.Text("sokolova@mail.example.org"), "seats": voucher.Int(3), "pickup": voucher.Text(pickupOf(s, "olkhon")),
		"price": voucher.Amount(decimal.New(184_500, 0), "RUB"), "confirmed": voucher.Yes(true), "paid": voucher.Yes(true),
	}}
	command := voucher.Issue{ID: "by-hand", Items: []voucher.Item{item}, By: "boris"}
	vs, err := o.vouchers.Issue(ctx, command)
	if err != nil {
		return err
	}
	again, err := o.vouchers.Issue(ctx, command) // a double click
	if err != nil {
		return err
	}
	s.Say("%s issues the third by hand, for a guest who telephoned: %s. The button pressed twice: still %s.", "Третий %s выдаёт вручную, гостю, который позвонил: %s. Кнопка нажата дважды: всё равно %s.", person(s, "boris"), vs[0].Text, again[0].Text)
	return nil
}

// changes lets one reservation get a seat more, and one leave a day later: the outside system says so,
// and the rest follows.
func (o *operator) changes(ctx context.Context, s *show.Story) error {
	seats := offered("S-1", "PETROV IVAN", "olkhon", 3, 184_500, "paid")
	seats.revision = 3
	day := offered("S-2", "LI VERA", "railway", 1, 24_500, "paid")
	day.revision, day.start, day.end = 2, june(9), june(16)
	was := map[string]voucher.Voucher{}
	now := map[string]voucher.Voucher{}
	for _, r := range []reservation{seats, day} {
		id := voucher.ReservationID(own(s, r.number))
		var err error
		if was[r.number], err = o.live(ctx, s, id); err != nil {
			return err
		}
		if _, err := o.receive(ctx, s, r, fmt.Sprint(r.revision)); err != nil {
			return err
		}
		if err := o.handle(ctx, s, r.id); err != nil {
			return err
		}
		if err := o.followDeals(ctx, s); err != nil {
			return err
		}
		if now[r.number], err = o.live(ctx, s, id); err != nil {
			return err
		}
	}
	old, err := o.vouchers.Voucher(ctx, was["S-2"].ID)
	if err != nil {
		return err
	}
	one, other := now["S-1"], now["S-2"]
	s.Say("S-1 takes a third seat: %s keeps its number, revision %d. S-2 leaves a day later: %s is void, %s takes its place.",
		"S-1 берёт третье место: %s сохраняет номер, ревизия %d. S-2 едет днём позже: %s погашен, вместо него %s.", one.Text, one.Rev, old.Text, other.Text)
	s.Add("a change on the same day keeps the number", "изменение в тот же день сохраняет номер", one.Text == was["S-1"].Text && one.Rev == was["S-1"].Rev+1, s.T("%s, revision %d", "%s, ревизия %d"), one.Text, one.Rev)
	s.Add("another day: a new number, linked both ways", "другой день: новый номер, связанный в обе стороны",
		other.Item.TripStart == june(9) && other.Replaces == old.ID && old.ReplacedBy == other.ID && old.State == voucher.StateVoid, s.T("%s and %s", "%s и %s"), old.Text, other.Text)
	return nil
}

// printAll writes vouchers as HTML and as PDF into the folder of -out.
func (o *operator) printAll(ctx context.Context, s *show.Story, numbers []string) error {
	whole := 0
	for _, number := range numbers {
		vs, _, err := s.Voucher.Find(ctx, voucher.Filter{Number: number}, "", 1)
		if err != nil || len(vs) == 0 {
			return errors.Join(fmt.Errorf("voucher %s cannot be found", number), err)
		}
		page, err := o.page(vs[0])
		if err != nil {
			return err
		}
		paper, err := o.paper(vs[0])
		if err != nil {
			return err
		}
		again, err := o.paper(vs[0])
		if err != nil {
			return err
		}
		if strings.Contains(page, number) && strings.Contains(page, vs[0].Item.Values["guest"].String()) && bytes.HasPrefix(paper, []byte("%PDF-")) && bytes.Equal(paper, again) {
			whole++
		}
		if err := errors.Join(s.File(number+".html", []byte(page)), s.File(number+".pdf", paper)); err != nil {
			return err
		}
	}
	s.Add("each voucher prints whole as HTML and PDF, twice alike", "каждый ваучер печатается целиком в HTML и PDF, дважды одинаково", whole == len(numbers), s.T("%d of %d", "%d из %d"), whole, len(numbers))
	return nil
}

func (o *operator) page(v voucher.Voucher) (string, error) {
	var b bytes.Buffer
	_, err := o.document.Render(&b, o.document.Select(v.Values()))
	return b.String(), err
}

func (o *operator) paper(v voucher.Voucher) ([]byte, error) {
	sheet, err := o.document.Sheet(o.document.Select(v.Values()))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = pdf.Render(&b, sheet, pdf.Options{})
	return b.Bytes(), err
}

// forty lets forty people issue at once for one day. Every fourth rolls its transaction back first.
func (o *operator) forty(ctx context.Context, s *show.Story) error {
	before, err := o.row(ctx, s, june(10))
	if err != nil {
		return err
	}
	rolledBack := errors.New("rolled back")
	errs := make([]error, 40)
	var wg sync.WaitGroup
	for _, n := range rand.New(rand.NewPCG(s.Seed, 10)).Perm(len(errs)) {
		wg.Go(func() {
			item := voucher.Item{Reservation: voucher.ReservationID(own(s, fmt.Sprint("G-", n+1))), TripStart: june(10), TripEnd: june(12), Manager: "vera", Values: voucher.Values{
				"tour": voucher.Text(tourTitle(s, "railway")), "guest": voucher.Text(fmt.Sprint("GROUP ", n+1)), "seats": voucher.Int(1), "pickup": voucher.Text(pickupOf(s, "railway")),
				"price": voucher.Amount(decimal.New(24_500, 0), "RUB"), "confirmed": voucher.Yes(true), "paid": voucher.Yes(true),
			}}
			command := voucher.Issue{ID: "group", Items: []voucher.Item{item}, By: "vera"}
			if n%4 == 0 {
				err := s.InTx(ctx, func(tx show.Tx) error {
					_, err := o.vouchers.In(tx.Voucher).Issue(ctx, command)
					return errors.Join(err, rolledBack)
				})
				if !errors.Is(err, rolledBack) {
					errs[n] = err
					return
				}
			}
			_, errs[n] = o.vouchers.Issue(ctx, command)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	after, err := o.row(ctx, s, june(10))
	if err != nil {
		return err
	}
	doubles, last := 0, 0
	seen := map[int]bool{}
	for _, number := range after { // read as a person does: what stands before the date is the place
		place, err := strconv.Atoi(strings.TrimSuffix(number, "100621"))
		if err != nil {
			return err
		}
		if seen[place] {
			doubles++
		}
		seen[place], last = true, max(last, place)
	}
	s.Say("Forty issue at once for 10 June, ten of them in a transaction that fails first: the last number is %02d100621.", "Сорок человек разом выдают на 10 июня, у десяти транзакция сперва срывается: последний номер %02d100621.", last)
	s.Add("forty at once: no double, no hole", "сорок разом: ни двойных, ни пропусков", doubles == 0 && last == len(seen) && len(after) == len(before)+40, s.T("%d doubles, %d holes of %d numbers", "двойных %d, пропусков %d, номеров %d"), doubles, last-len(seen), len(after)-len(before))
	return nil
}

// row lists the numbers of a day as the feed tells them.
func (o *operator) row(ctx context.Context, s *show.Story, day date.Date) (numbers []string, err error) {
	events, err := voucherEvents(ctx, s)
	for _, e := range events {
		if (e.Kind == voucher.EventIssued || e.Kind == voucher.EventReissued) && e.Voucher.Item.TripStart == day && !slices.Contains(numbers, e.Voucher.Text) {
			numbers = append(numbers, e.Voucher.Text)
		}
	}
	return numbers, err
}

// voucherEvents reads the whole feed.
func voucherEvents(ctx context.Context, s *show.Story) (all []voucher.Event, err error) {
	var after store.Cursor
	for {
		events, next, err := s.Voucher.Since(ctx, after, 500)
		if err != nil || len(events) == 0 {
			return all, err
		}
		all, after = append(all, events...), next
	}
}
