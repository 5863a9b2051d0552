package main

import (
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/region"
)

//go:embed leads.csv
var ownLeads string

// register has rows in the form of the Ministry's register of numbers; its ranges and operators are
// invented. Give region.ReadRegistry the real one.
const register = `АВС/ DEF;От;До;Емкость;Оператор;Регион;Территория ГАР;ИНН
914;0000000;0149999;150000;ООО "Байкал-связь";-;Иркутская область;0
914;4300000;5299999;1000000;ООО "Даурия";-;Забайкальский край;0
914;5500000;6199999;700000;ООО "Зея";-;Амурская область;0
916;1000000;1999999;1000000;ООО "Столица";-;Город Москва, Московская область;0
`

// A lead is a row of the input.
type lead struct{ name, phone, form, city, place string }

// leads reads them, one a minute, and opens their deals.
func (d *dealer) leads(ctx context.Context, s *show.Story) error {
	if err := d.open(s); err != nil {
		return err
	}
	cities := []string{""}
	for _, o := range offices {
		cities = append(cities, string(o.ID))
	}
	var all []lead
	right, bad, err := s.Read(ownLeads, "Anna,8 (3952) 20-10-01,auto,,", []string{"name", "phone", "form", "city", "place"}, func(r *show.Row) {
		l := lead{r.Text("name"), r.Text("phone"), r.OneOf("form", "auto", "credit", "buyout", "question"), r.OneOf("city", cities...), r.Text("place")}
		if _, err := d.detector.Detect(l.phone); err != nil {
			r.Bad("phone", "must be one telephone number with its area code", "должен быть одним телефонным номером с кодом города")
		}
		if len(l.name) > 200 || len(l.place) > 200 {
			r.Bad("name", "is too long", "слишком длинное")
		}
		if r.OK() {
			all = append(all, l)
		}
	})
	if err != nil {
		return err
	}
	const shown = 12
	var taken []dealt
	for i, l := range all {
		res, card, err := d.take(ctx, s, fmt.Sprintf("r%d-lead-%d", s.Run, i+1), l)
		if err != nil {
			return err
		}
		taken = append(taken, dealt{l, res.Case.ID, card})
		if i < shown {
			s.Say("%s %s, %s: %s", "%s %s, %s: %s", s.Clock.Now().In(zoneIrkutsk).Format("15:04"), words.In(s.Lang, l.name), l.phone, d.describe(s, res))
		}
		s.Clock.Advance(time.Minute)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	s.Say("%d leads; rows that cannot be read: %d.", "Заявок: %d, нечитаемых строк: %d.", right, bad)
	return d.checkLeads(ctx, s, taken)
}

// take opens a deal for a lead, or joins the open one: who it is, where he is and where to meet him are known
// before anybody speaks. Card and deal stand or fall together.
func (d *dealer) take(ctx context.Context, s *show.Story, id string, l lead) (res pipeline.Result, card dedup.CardID, err error) {
	asked := region.Inquiry{Caller: l.phone, At: s.Clock.Now()}
	var said region.Subdivision
	for _, o := range offices {
		if string(o.ID) == l.city { // in the client's own words: it counts for more than his number
			said = o.Serves[0].Subdivision
			asked.Explicit = region.PlaceOf("", said)
		}
	}
	verdict := d.detector.Resolve(asked)
	office, _ := d.offices.Office(verdict.Place)
	err = s.InTx(ctx, func(tx show.Tx) error {
		client, err := d.clients.In(tx.Dedup).Ingest(ctx, dedup.Touch{ID: dedup.TouchID(id), Name: l.name, Phone: l.phone, Source: dedup.Source{Channel: "site"}})
		if err != nil {
			return err
		}
		card = client.Card
		deals := d.deals.In(tx.Pipeline)
		res, err = deals.Open(ctx, pipeline.Open{
			ID: pipeline.CommandID(id), Form: l.form, Channel: "site", Region: string(office.ID), Cards: []pipeline.CardID{pipeline.CardID(fmt.Sprintf("r%d/%s", s.Run, card))}, By: site,
			Set: fields{"name": l.name, "phone": verdict.Caller.E164},
		})
		if err != nil {
			return err
		}
		had := res.Case.Values
		record, _ := region.Fill(region.Record{ // only what is blank is filled
			Subdivision: cmp.Or(region.Subdivision(had["region"].Text), said), Office: region.OfficeID(had["city"].Text), MeetingPlace: cmp.Or(l.place, had["meeting_place"].Text),
		}, verdict, d.offices)
		filled, err := deals.Do(ctx, pipeline.Command{ID: pipeline.CommandID(id + "|fill"), Case: res.Case.ID, By: site,
			Set: fields{"city": string(record.Office), "region": string(record.Subdivision), "meeting_place": record.MeetingPlace}})
		res.Case = filled.Case
		return err
	})
	if err == nil && res.Created {
		d.cases = append(d.cases, res.Case.ID)
	}
	return res, card, err
}

// describe tells what became of a lead.
func (d *dealer) describe(s *show.Story, res pipeline.Result) string {
	where := s.T("region unknown, to be asked", "регион неизвестен, спросить")
	if code := res.Case.Values["region"].Text; code != "" {
		where = region.Subdivision(code).Name(s.Lang) + ", " + words.In(s.Lang, res.Case.Values["meeting_place"].Text)
	}
	pipe := words.In(s.Lang, string(res.Case.Pipeline))
	if s.Lang != "ru" {
		pipe = strings.ReplaceAll(pipe, "_", " ")
	}
	if res.Joined {
		return fmt.Sprintf(s.T("again; joins the open deal (%s)", "снова; ложится к открытой сделке (%s)"), pipe)
	}
	who := make([]string, len(res.To))
	for i, id := range res.To {
		who[i] = words.In(s.Lang, string(id))
	}
	return fmt.Sprintf("%s; %s → %s", where, pipe, strings.Join(who, ", "))
}

// A dealt lead is one with what came of it.
type dealt struct {
	lead
	deal pipeline.CaseID
	card dedup.CardID
}

func (d *dealer) checkLeads(ctx context.Context, s *show.Story, taken []dealt) error {
	reader, err := dedup.NewReader(dedup.ReaderConfig{})
	if err != nil {
		return err
	}
	right, placed, placedRight, kept, addressed := 0, 0, 0, 0, 0
	byHand := map[pipeline.CaseID]string{} // the last place that was written
	cards := map[string][]dedup.CardID{}
	said := map[pipeline.CaseID]bool{} // deals whose client named a city
	for _, l := range taken {
		said[l.deal] = said[l.deal] || l.city != ""
	}
	for _, l := range taken {
		deal, err := d.deals.Case(ctx, l.deal)
		if err != nil {
			return err
		}
		if deal.Pipeline == map[string]pipeline.PipelineID{"auto": "auto_sales", "credit": "auto_credit", "buyout": "auto_buyout", "question": "callcenter"}[l.form] {
			right++
		}
		digits := nationalDigits(l.phone)
		if code := inRegister(digits); code != "" && !said[l.deal] {
			placed++
			if deal.Values["region"].Text == code {
				placedRight++
			}
		}
		if l.place != "" {
			byHand[l.deal] = l.place
		}
		// An office's number and a toll-free one are of nobody, and who gives no name may be anybody.
		found, err := d.clients.Lookup(ctx, dedup.Identifier{Kind: dedup.KindPhone, Raw: l.phone})
		if err != nil {
			return err
		}
		card, err := d.clients.Card(ctx, l.card) // of which it may have become a part since
		if err != nil {
			return err
		}
		name := reader.Name(l.name).String()
		if personal := len(found) > 0 && found[0].Class != dedup.ClassShared; personal && name != "" && !slices.Contains(cards[name+digits], card.ID) {
			cards[name+digits] = append(cards[name+digits], card.ID)
		}
	}
	for _, id := range d.cases {
		deal, err := d.deals.Case(ctx, id)
		if err != nil {
			return err
		}
		place := deal.Values["meeting_place"].Text
		if by := byHand[id]; by != "" && by == place {
			kept++
		}
		for _, o := range offices {
			if deal.Values["city"].Text == string(o.ID) && place == o.Address {
				addressed++
			}
		}
	}
	s.Add("each form leads to its pipeline", "каждая форма ведёт в свою воронку", right == len(taken), s.T("%d of %d", "%d из %d"), right, len(taken))
	s.Add("the region is what the register's rows say of the number", "регион тот, что в строках реестра номеров", placedRight == placed, s.T("%d of %d numbers", "%d из %d номеров"), placedRight, placed)
	s.Add("a meeting place written by hand stays", "место встречи, вписанное рукой, остаётся", kept == len(byHand), s.T("%d of %d; the office's address in %d deals", "%d из %d; адрес офиса в %d сделках"), kept, len(byHand), addressed)
	doubles := 0
	for _, of := range cards {
		doubles += len(of) - 1
	}
	s.Add("one name on one number is one contact", "одно имя на одном номере — один контакт", doubles == 0, s.T("%d leads, %d contacts, %d doubled", "заявок %d, контактов %d, двойных %d"), len(taken), len(cards), doubles)

	open := map[string]int{}
	for _, id := range d.cases {
		deal, err := d.deals.Case(ctx, id)
		if err != nil {
			return err
		}
		for _, card := range deal.Cards {
			open[string(deal.Pipeline)+" "+string(card)]++
		}
	}
	several := 0
	for _, n := range open {
		several += n - 1
	}
	s.Add("no contact has two open deals in one pipeline", "ни у кого нет двух открытых сделок в одной воронке", several == 0 && len(d.cases) <= len(taken), s.T("%d of %d deals", "%d из %d сделок"), several, len(d.cases))
	return nil
}

// nationalDigits are the last ten digits of a number.
func nationalDigits(phone string) string {
	digits := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	return digits[max(0, len(digits)-10):]
}

// inRegister reads the register's rows by eye: "" for a number of no row, or of a row of two regions.
func inRegister(digits string) string {
	names := map[string]string{"Иркутская область": "RU-IRK", "Забайкальский край": "RU-ZAB", "Амурская область": "RU-AMU"}
	for _, row := range strings.Split(register, "\n")[1:] {
		f := strings.Split(row, ";")
		if len(f) > 6 && len(digits) == 10 && digits[:3] == f[0] && digits[3:] >= f[1] && digits[3:] <= f[2] {
			return names[f[6]]
		}
	}
	return ""
}
