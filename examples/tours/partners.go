package main

import (
	"context"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
)

// partnerBase takes the old base over, and keeps both equal from then on.
func (o *operator) partnerBase(ctx context.Context, s *show.Story) (err error) {
	o.opening = s.Clock.Now()
	s.Clock.Advance(time.Duration(s.Run-1) * 7 * 24 * time.Hour) // the base lives on: each run is a later week of it
	if o.cards, err = dedup.New(dedup.Config{Store: s.Dedup, Now: s.Clock.Now}); err != nil {
		return err
	}
	if err := o.importPartners(ctx, s); err != nil {
		return err
	}
	return o.syncPartners(ctx, s)
}

func (o *operator) importPartners(ctx context.Context, s *show.Story) error {
	before, err := o.found(ctx)
	if err != nil {
		return err
	}
	dry, err := o.cards.Import(ctx, touches(readPartners(s)), dedup.ImportOptions{DryRun: true})
	if err != nil {
		return err
	}
	lines := strings.Count(oldBase, "\n") - 1
	s.Say("A dry run over the %d rows of the old base says what an import would do, and writes nothing:", "Пробный прогон %d строк старой базы говорит, что сделал бы импорт, и ничего не пишет:", lines)
	s.Say("  %d new agencies, %d rows of agencies that are there already, %d rows that cannot be read:", "  новых агентств: %d; строк об уже известных: %d; строк, которые не прочесть: %d:",
		dry.Created, dry.Attached+dry.Repeats, len(dry.Bad))
	for _, bad := range dry.Bad {
		s.Say("  %s", "  %s", bad.Text(s.Lang))
	}
	between, err := o.found(ctx)
	if err != nil {
		return err
	}
	s.Add("the dry run wrote nothing", "пробный прогон ничего не записал", maps.Equal(before, between), s.T("%d of %d records known before, %d after", "%d из %d записей известны до него, %d после"), len(before), lines, len(between))

	done, err := o.cards.Import(ctx, touches(readPartners(s)), dedup.ImportOptions{})
	if err != nil {
		return err
	}
	again, err := o.cards.Import(ctx, touches(readPartners(s)), dedup.ImportOptions{})
	if err != nil {
		return err
	}
	s.Say("The import did just that. The same file once more: %d rows known, %d new.", "Импорт сделал ровно это. Тот же файл ещё раз: известных строк %d, новых %d.", again.Repeats, again.Created+again.Attached)
	same, err := o.cards.Explain(ctx, "old-base|P-01|1", "old-base|P-09|1")
	if err != nil {
		return err
	}
	apart, err := o.cards.Explain(ctx, "old-base|P-17|1", "old-base|P-18|1")
	if err != nil {
		return err
	}
	for _, step := range append(same.Steps[:1:1], apart.Steps[:min(1, len(apart.Steps))]...) {
		s.Say("  %s", "  %s", strings.NewReplacer("old-base|", "", "|1", "").Replace(step.Text(s.Lang)))
	}

	o.partners = map[string]partner{}
	for p, err := range readPartners(s) {
		if err == nil {
			o.partners[p.id] = p
		}
	}
	cards, err := o.found(ctx)
	if err != nil {
		return err
	}
	agencies := map[dedup.CardID]bool{}
	for _, card := range cards {
		agencies[card] = true
	}
	s.Add("the dry run foresaw the import", "импорт вышел таким, как обещал пробный прогон", reflect.DeepEqual(dry, done), s.T("%d new, %d known, %d unreadable", "новых %d, известных %d, нечитаемых %d"), done.Created, done.Attached+done.Repeats, len(done.Bad))
	s.Add("each row of the old base is accounted for", "каждая строка старой базы учтена", done.Rows+len(done.Bad) == lines && len(cards) == len(o.partners), s.T("%d taken in, %d reported, of %d", "принято %d, названо %d, всего %d"), done.Rows, len(done.Bad), lines)
	s.Add("agencies entered twice are one card", "агентство, внесённое дважды, — одна карточка", len(agencies) == distinctAgencies(o.partners), s.T("%d cards of %d records", "карточек %d из %d записей"), len(agencies), len(cards))
	s.Add("a second import changes nothing", "повторный импорт ничего не меняет", again.Repeats == done.Rows && again.Created+again.Attached == 0, s.T("%d of %d rows known", "известны %d из %d строк"), again.Repeats, done.Rows)
	return nil
}

// syncPartners lets both sides change for three nights. Each night the base hands over what changed
// there, and gets what changed on the cards.
func (o *operator) syncPartners(ctx context.Context, s *show.Story) error {
	base := fakeBase{s}
	if err := base.fill(ctx, o.partners); err != nil {
		return err
	}
	phone := fmt.Sprintf("+7 999 310-90-%02d", s.Run%100)
	_, err := o.cards.Ingest(ctx, dedup.Touch{ID: dedup.TouchID(own(s, "correct")), Kind: dedup.TouchCorrect, Follows: "old-base|P-02|1", Phone: phone, By: "boris"})
	if err != nil {
		return err
	}
	s.Say("%s corrects a phone on the card of %s: %s.", "%s исправляет телефон в карточке %s: %s.", person(s, "boris"), o.partners["P-02"].company, phone)

	var written [3]int
	begun := s.Clock.Now()
	email := fmt.Sprintf("sidorova-%d@tulun.example.org", s.Run)
	for night := range written {
		if night == 1 { // somebody works in the old base, too
			if err := base.write(ctx, "P-05", o.partners["P-05"].company, o.partners["P-05"].phone, email); err != nil {
				return err
			}
		}
		s.Clock.Advance(14 * time.Hour)
		handed, err := base.changed(ctx)
		if err != nil {
			return err
		}
		news := 0
		for _, t := range handed {
			res, err := o.cards.Ingest(ctx, t)
			if err != nil {
				return err
			}
			if !res.Repeat {
				news++
			}
		}
		ids, err := o.writeBack(ctx, s, base)
		if err != nil {
			return err
		}
		written[night] = len(ids)
		s.Say("Night %d: changes the base hands over: %d, news to us: %d; records we write: %d%s.", "Ночь %d: база отдаёт изменений: %d, из них новых для нас: %d; мы пишем записей: %d%s.",
			night+1, len(handed), news, len(ids), named(ids))
		s.Clock.Advance(10 * time.Hour)
	}
	return o.checkSync(ctx, s, base, begun, written, email)
}

// named lists what was counted, if there is any.
func named(ids []string) string {
	if len(ids) == 0 {
		return ""
	}
	return " (" + strings.Join(ids, ", ") + ")"
}

// writeBack writes to the base what a card knows better. What it writes it notes first, so that the
// base's own account of it will be an echo.
func (o *operator) writeBack(ctx context.Context, s *show.Story, base fakeBase) (ids []string, err error) {
	reader, err := dedup.NewReader(dedup.ReaderConfig{})
	if err != nil {
		return nil, err
	}
	records, err := base.all(ctx)
	if err != nil {
		return nil, err
	}
	for _, r := range records {
		card, err := o.cards.Card(ctx, dedup.CardID("old-base|"+r.id+"|1"))
		if err != nil {
			return nil, err
		}
		want := r.partner
		if v := card.Record["phone"].Value; v != "" && !slices.ContainsFunc(reader.Phones(nil, r.phone), func(p dedup.Phone) bool { return p.String() == v }) {
			want.phone = v
		}
		if v := card.Record["email"].Value; v != "" && !slices.ContainsFunc(reader.Emails(nil, r.email), func(e dedup.Email) bool { return e.String() == v }) {
			want.email = v
		}
		want.company = card.Record["company"].Value
		if want == r.partner {
			continue
		}
		sent := want.touch(own(s, fmt.Sprint("sent-", r.revision+1)))
		sent.Kind, sent.Follows, sent.At = dedup.TouchSent, dedup.TouchID(card.ID), s.Clock.Now()
		if _, err := o.cards.Ingest(ctx, sent); err != nil {
			return nil, err
		}
		if err := base.write(ctx, r.id, want.company, want.phone, want.email); err != nil {
			return nil, err
		}
		ids = append(ids, r.id)
	}
	return ids, nil
}

// checkSync compares both sides value by value, and counts the echoes on the cards.
func (o *operator) checkSync(ctx context.Context, s *show.Story, base fakeBase, begun time.Time, written [3]int, email string) error {
	records, err := base.all(ctx)
	if err != nil {
		return err
	}
	sent, echoes, differ := 0, 0, 0
	seen := map[dedup.TouchID]bool{}
	for _, r := range records {
		card, err := o.cards.Card(ctx, dedup.CardID("old-base|"+r.id+"|1"))
		if err != nil {
			return err
		}
		if digits(r.phone) != digits(card.Record["phone"].Value) || r.company != card.Record["company"].Value {
			differ++
		}
		for _, e := range card.Timeline {
			if seen[e.ID] || e.Received.Before(begun) {
				continue
			}
			seen[e.ID] = true
			if e.Kind == dedup.TouchSent {
				sent++
			}
			if e.Echo {
				echoes++
			}
		}
	}
	tulun, err := o.cards.Card(ctx, "old-base|P-05|1")
	if err != nil {
		return err
	}
	s.Add("all that we wrote came back as an echo", "всё записанное нами вернулось как эхо", sent == echoes && echoes > 0, s.T("%d of %d", "%d из %d"), echoes, sent)
	s.Add("nothing is written because of an echo", "из-за эха ничего не пишется", written[0] > 0 && written[2] == 0, s.T("%d, %d, %d records in three nights", "записей за три ночи: %d, %d, %d"), written[0], written[1], written[2])
	s.Add("what changed in the base is on the card", "изменённое в базе есть в карточке", tulun.Record["email"].Value == email, "%s", tulun.Record["email"].Value)
	s.Add("base and cards agree", "база и карточки совпадают", differ == 0, s.T("%d of %d records differ", "различаются %d из %d записей"), differ, len(records))
	return nil
}

// found tells on which card each record of the base lies.
func (o *operator) found(ctx context.Context) (map[string]dedup.CardID, error) {
	at := map[string]dedup.CardID{}
	for line := range strings.Lines(oldBase) {
		id, _, _ := strings.Cut(line, ",")
		matches, err := o.cards.Lookup(ctx, inOldBase(id))
		if err != nil {
			return nil, err
		}
		for _, m := range matches {
			at[id] = m.Card
		}
	}
	return at, nil
}

// distinctAgencies counts by plain comparison of numbers and addresses, a telephone with an extension
// being an office's.
func distinctAgencies(partners map[string]partner) int {
	of := map[string]string{}
	agencies := 0
	for _, id := range slices.Sorted(maps.Keys(partners)) {
		p := partners[id]
		keys := []string{strings.ToLower(p.email)}
		if d := digits(p.phone); len(d) == 10 {
			keys = append(keys, d)
		}
		known := ""
		for _, k := range keys {
			known = max(known, of[k])
		}
		if known == "" {
			known = id
			agencies++
		}
		for _, k := range keys {
			of[k] = known
		}
	}
	return agencies
}

// digits are those of a number, from the code on.
func digits(phone string) string {
	d := strings.Map(func(r rune) rune {
		if r < '0' || r > '9' {
			return -1
		}
		return r
	}, phone)
	return d[min(1, len(d)-min(len(d), 10)):]
}
