package main

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/worktime"
	"github.com/tenure-go/tenure/store"
)

//go:embed inquiries.csv
var ownInquiries string

const likeInquiry = "2026-03-02 21:40,site,Anna Kotova,8 999 310-20-13,kotova@post.example,North Park,2,studio,May I see it?"

// An inquiry is a row of the input.
type inquiry struct {
	at                               time.Time
	channel, name, phone, email      string
	complex, building, layout, words string
	touch                            dedup.TouchID
	deal                             pipeline.CaseID
}

// A moment is something that happens at its time.
type moment struct {
	at time.Time
	do func(context.Context) error
}

// only is what is due in this chapter: the file may run ahead of the story, and nothing else of the
// house shall.
type only []store.Key

// Due implements pipeline.Due and notify.Due.
func (k only) Due(context.Context, time.Time, int) ([]store.Key, error) { return k, nil }

// inquiries plays the file of inquiries: each comes in at its time, and is answered when somebody is
// there. Whoever comes by several ways is one card with one manager.
func (o *office) inquiries(ctx context.Context) error {
	var all []*inquiry
	right, bad, err := o.Read(ownInquiries, likeInquiry, []string{"at", "channel", "name", "phone", "email", "complex", "building", "layout", "text"}, func(r *show.Row) {
		q := &inquiry{
			channel: r.OneOf("channel", "site", "whatsapp", "phone", "mail", "flats.example.org", "agents.example.org"),
			name:    r.Text("name"), phone: r.Text("phone"), email: r.Text("email"),
			complex: r.Text("complex"), building: r.Text("building"), layout: r.Text("layout"), words: r.Text("text"),
		}
		at, err := time.Parse("2006-01-02 15:04", r.Text("at"))
		if err != nil {
			r.Bad("at", "must be a moment like 2026-03-02 21:40, by Moscow's clock", "должно быть моментом вида 2026-03-02 21:40 по Москве")
		}
		q.at = at.Add(-3 * time.Hour)
		if _, err := o.hours.Add(q.at, 24*time.Hour); err != nil {
			r.Bad("at", "is outside the years whose working days are known", "вне лет, рабочие дни которых известны")
		}
		if r.OK() {
			q.touch = dedup.TouchID(o.id("inquiry-%d", r.Line()))
			all = append(all, q)
		}
	})
	if err != nil {
		return err
	}
	o.Say("inquiries: %d; rows that cannot be read: %d", "заявок: %d; строк, которые не прочесть: %d", right, bad)

	speed := rand.New(rand.NewPCG(o.Seed, 1))
	var day []moment
	for _, q := range all {
		opens, err := o.hours.NextOpen(q.at)
		if err != nil {
			return err
		}
		day = append(day,
			moment{q.at, func(ctx context.Context) error { return o.receive(ctx, q) }},
			moment{opens, func(ctx context.Context) error { // who came at night is given out when the office opens
				_, err := o.deals.Tick(ctx, only{{Kind: pipeline.KeyCase, ID: string(q.deal)}}, 1)
				return err
			}},
			moment{opens.Add(time.Duration(5+speed.IntN(24)) * time.Second), func(ctx context.Context) error { return o.answer(ctx, q) }})
	}
	slices.SortStableFunc(day, func(a, b moment) int { return a.at.Compare(b.at) })
	for _, m := range day {
		o.Clock.Set(m.at)
		if err := m.do(ctx); err != nil {
			return err
		}
	}
	return o.received(ctx, all)
}

// receive takes an inquiry in. What the dictionary cannot read stays out of the deal, and is said;
// the inquiry itself is never lost.
func (o *office) receive(ctx context.Context, q *inquiry) error {
	set := make(map[pipeline.FieldID]string)
	words := make(map[string]string)
	for _, w := range []struct {
		field, text string
		d           dictionary
	}{{"complex", q.complex, complexes()}, {"building", q.building, buildings()}, {"layout", q.layout, layouts()}} {
		word, err := w.d.read(w.text)
		var spelling *SpellingError
		if errors.As(err, &spelling) {
			o.note(q, spelling.Text(o.Lang))
			words[w.field+" as written"] = w.text
		}
		if word != "" {
			words[w.field] = word
		}
	}
	for field, value := range map[pipeline.FieldID]string{"name": q.name, "phone": q.phone, "complex": words["complex"]} {
		if value != "" && len(value) <= 4096 && utf8.ValidString(value) && !strings.Contains(value, "\x00") {
			set[field] = value // a deal keeps text; the card keeps whatever came
		}
	}
	kind := map[string]dedup.TouchKind{"phone": dedup.TouchCall, "whatsapp": dedup.TouchMessage, "mail": dedup.TouchMessage}[q.channel]
	touch, deal, err := o.take(ctx,
		dedup.Touch{ID: q.touch, Kind: kind, Name: q.name, Phone: q.phone, Email: q.email, Source: dedup.Source{Channel: q.channel}, Fields: words, Data: []byte(q.words)},
		pipeline.Open{Form: "newbuild", Set: set})
	if err != nil {
		return err
	}
	q.deal = deal
	readable := slices.ContainsFunc(touch.Readings, func(r dedup.Reading) bool { return r.Key != "" })
	if !readable && !touch.Repeat {
		o.note(q, o.T("nobody to call back; kept as it came", "перезвонить некуда; сохранено как есть"))
		for _, reason := range touch.Reasons {
			o.note(q, show.Words{"Phone": "телефон", "Email": "почта", "Name": "имя"}.In(o.Lang, reason.Text(o.Lang)))
		}
	}
	return o.oneManager(ctx, q, touch)
}

// note tells what is odd about an inquiry; of a long file, the first dozen notes.
func (o *office) note(q *inquiry, text string) {
	if o.notes++; o.notes <= 12 {
		o.Say("  %s, %s: %s", "  %s, %s: %s", o.when(q.at), o.word(q.channel), short(text))
	}
}

// short is a text that fits a line, whoever wrote it.
func short(text string) string {
	if runes := []rune(text); len(runes) > 120 {
		return string(runes[:120]) + "…"
	}
	return text
}

// oneManager gives a buyer whose two cards proved to be one, each with a deal, to one manager.
func (o *office) oneManager(ctx context.Context, q *inquiry, touch dedup.Result) error {
	if len(touch.Aliases) == 0 {
		return nil
	}
	deals, err := o.Pipeline.Find(ctx, pipeline.Filter{Cards: o.buyer(touch), Open: true}, "", 100)
	if err != nil {
		return err
	}
	for _, d := range deals {
		if owner := deals[0].Owner; owner != "" && d.Owner != owner {
			if _, err := o.deals.Do(ctx, pipeline.Command{
				ID: pipeline.CommandID(string(q.touch) + "/one/" + string(d.ID)), Case: d.ID, By: head,
				Set: map[pipeline.FieldID]string{pipeline.FieldOwner: string(owner)}, Why: "one buyer",
			}); err != nil {
				return err
			}
		}
	}
	return nil
}

// answer is the manager's who has the deal.
func (o *office) answer(ctx context.Context, q *inquiry) error {
	deal, err := o.deals.Case(ctx, q.deal)
	if err != nil {
		return err
	}
	_, err = o.deals.Do(ctx, pipeline.Command{
		ID: pipeline.CommandID(string(q.touch) + "/answer"), Case: q.deal, By: pipeline.Actor{ID: deal.Owner, Roles: []pipeline.Role{"manager"}},
		Touch: &pipeline.Touch{Kind: "call", Channel: "phone", Out: true, Answered: true},
	})
	if errors.Is(err, pipeline.ErrMismatch) {
		return nil // of a run that was killed: whoever had the deal then has answered
	}
	return err
}

// received checks, by the cards, the histories and plain clock arithmetic, what became of the
// inquiries.
func (o *office) received(ctx context.Context, all []*inquiry) error {
	type buyer struct {
		dedup.Card
		managers map[pipeline.ActorID]bool
		came     []*inquiry
	}
	buyers := make(map[dedup.CardID]*buyer)
	var most *buyer
	kept, once, late, slowest := 0, 0, 0, time.Duration(0)
	spelled, read, refused := 0, 0, 0
	for _, q := range all {
		card, err := o.cards.Card(ctx, dedup.CardID(q.touch))
		if err != nil {
			return err
		}
		b := buyers[card.ID]
		if b == nil {
			b = &buyer{card, make(map[pipeline.ActorID]bool), nil}
			buyers[card.ID] = b
		}
		b.came = append(b.came, q)
		if most == nil || len(b.came) > len(most.came) {
			most = b
		}
		for _, e := range card.Timeline {
			if e.ID == q.touch && e.Phone == q.phone && e.Email == q.email && e.Name == q.name && string(e.Data) == q.words {
				kept++
			}
			for field, text := range map[string]string{"complex": q.complex, "building": q.building, "layout": q.layout} {
				switch word := e.Fields[field]; {
				case e.ID != q.touch || strings.TrimSpace(text) == "":
					continue
				case slices.Contains(knownTags()[field], word):
					read++
				case e.Fields[field+" as written"] == text:
					refused++
				}
				spelled++
			}
		}
		deal, err := o.deals.Case(ctx, q.deal)
		if err != nil {
			return err
		}
		b.managers[deal.Owner] = true
		took, err := o.answeredIn(ctx, q)
		if err != nil {
			return err
		}
		slowest = max(slowest, took)
		if took > 30*time.Second {
			late++
		}
	}
	places := make(map[dedup.TouchID]int)
	unowned := 0
	for _, b := range buyers {
		for _, e := range b.Timeline {
			places[e.ID]++
		}
		if len(b.managers) != 1 || b.managers[""] {
			unowned++
		}
	}
	for _, q := range all {
		if places[q.touch] == 1 {
			once++
		}
	}
	o.Say("%d inquiries are %d buyers. Who came most often, %s, has one card:", "заявок %d, а покупателей %d. Чаще всех обращалась %s, и карточка у неё одна:", len(all), len(buyers), short(most.Record["name"].Value))
	for _, q := range most.came[:min(5, len(most.came))] {
		took, err := o.answeredIn(ctx, q)
		if err != nil {
			return err
		}
		deal, err := o.deals.Case(ctx, q.deal)
		if err != nil {
			return err
		}
		o.Say("  %s, %s: manager %s, answered after %d s of working time", "  %s, %s: менеджер — %s, ответ через %d с рабочего времени",
			o.when(q.at), o.word(q.channel), o.word(string(deal.Owner)), int(took.Seconds()))
	}
	o.Add("each inquiry lies on exactly one card", "каждая заявка ровно на одной карточке", once == len(all), "%s", o.of(once, len(all)))
	o.Add("each inquiry is kept as it came", "каждая заявка хранится как пришла", kept == len(all), "%s", o.of(kept, len(all)))
	o.Add("spellings: one word of the dictionary, or refused and kept", "написания: слово словаря либо отказ, и написание сохранено", read+refused == spelled, o.T("%d and %d of %d", "%d и %d из %d"), read, refused, spelled)
	o.Add("buyers without a manager, or with two", "покупателей без менеджера или с двумя", unowned == 0, "%s", o.of(unowned, len(buyers)))
	o.Add("answers after 30 s of working time, by plain arithmetic", "ответов позже 30 с рабочего времени, по простой арифметике", late == 0, o.T("%d of %d, the slowest %d s", "%d из %d, самый долгий %d с"), late, len(all), int(slowest.Seconds()))
	return o.evening(ctx, all)
}

// answeredIn is the working time from an inquiry to the next answer in its deal's history. It asks
// the calendar of working days for nothing but the kind of a day.
func (o *office) answeredIn(ctx context.Context, q *inquiry) (time.Duration, error) {
	events, err := o.Pipeline.History(ctx, q.deal, 0, 10_000)
	if err != nil {
		return 0, err
	}
	var asked, answered time.Time
	for _, e := range events {
		switch {
		case asked.IsZero() && e.Command == pipeline.CommandID(q.touch):
			asked = e.At
		case answered.IsZero() && !asked.IsZero() && e.Kind == pipeline.EventTouched:
			answered = e.At
		}
	}
	if answered.IsZero() {
		return 0, fmt.Errorf("%s was never answered", q.touch)
	}
	var took time.Duration
	for day := date.NewAt(asked); day <= date.NewAt(answered); day++ {
		kind, err := o.hours.Kind(day)
		if err != nil || kind == worktime.KindOff {
			continue
		}
		from, to := day.MidnightUTC().Add(6*time.Hour), day.MidnightUTC().Add(15*time.Hour) // 9 to 18 in Moscow
		if kind == worktime.KindShort {
			to = to.Add(-time.Hour)
		}
		if asked.After(from) {
			from = asked
		}
		if answered.Before(to) {
			to = answered
		}
		took += max(0, to.Sub(from))
	}
	return took, nil
}
