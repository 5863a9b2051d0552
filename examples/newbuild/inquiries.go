package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/store/postgres/pgdedup"
	"github.com/tenure-go/tenure/store/sqlite/litededup"
)

// cards is where the inquiries are kept.
type cards interface {
	dedup.Store
	dedup.Finder
	dedup.Feed
}

func (w *world) cards(ctx context.Context) (cards, error) {
	if err := w.apply(ctx, "dedup"); err != nil {
		return nil, err
	}
	switch {
	case w.pg != nil:
		return pgdedup.New(ctx, w.pg)
	case w.lite != nil:
		return litededup.New(ctx, w.lite)
	}
	return dedup.NewMemory(), nil
}

// A reception tells the story of the inquiries.
type reception struct {
	*world
	desk  *dedup.Desk
	store cards
	told  []dedup.Touch // all that was ingested, for the checks
}

// inquiries brings every inquiry to the right customer card.
func inquiries(ctx context.Context, w *world) error {
	s, err := w.cards(ctx)
	if err != nil {
		return err
	}
	desk, err := dedup.New(dedup.Config{Store: s, Now: w.clock.Now, Claims: dedup.ClaimPolicy{
		Window: 30 * 24 * time.Hour, ConfirmWithin: 3 * 24 * time.Hour, Confirmed: 60 * 24 * time.Hour, OwnBlock: 14 * 24 * time.Hour,
	}})
	if err != nil {
		return err
	}
	r := &reception{world: w, desk: desk, store: s}
	for _, scene := range []func(context.Context) error{
		r.threeChannels, r.familyPhone, r.unreadableForm, r.twoAgencies, r.partnerBase, r.mergeUndone, r.erasure,
	} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return r.nothingLost(ctx)
}

// take ingests a touch some minutes later, and says where it went.
func (r *reception) take(ctx context.Context, t dedup.Touch) (dedup.Result, error) {
	r.clock.Advance(7 * time.Minute)
	res, err := r.desk.Ingest(ctx, t)
	if err != nil {
		return res, err
	}
	r.told = append(r.told, t)
	verdict := "joins card"
	switch {
	case res.Repeat:
		verdict = "is known on card"
	case res.Created:
		verdict = "founds card"
	}
	fmt.Printf("  %-12s %s %s\n", t.ID, verdict, res.Card)
	for _, reason := range res.Reasons {
		fmt.Printf("  %-12s   %s\n", "", reason.Text(r.lang))
	}
	return res, nil
}

// all ingests touches and returns the card of the last.
func (r *reception) all(ctx context.Context, touches ...dedup.Touch) (card dedup.CardID, err error) {
	for _, t := range touches {
		res, err := r.take(ctx, t)
		if err != nil {
			return "", err
		}
		card = res.Card
	}
	return card, nil
}

func (r *reception) threeChannels(ctx context.Context) error {
	fmt.Println("A buyer writes, calls and calls again; one call is missed")
	source := func(channel string) dedup.Source { return dedup.Source{Channel: channel, Scope: "north-park"} }
	card, err := r.all(ctx,
		dedup.Touch{ID: "avito-991", Name: "Анна", Phone: "8 916 123-45-67", Source: source("avito"), Fields: map[string]string{"rooms": "2"}},
		dedup.Touch{ID: "wa-17", Kind: dedup.TouchMessage, Phone: "+79161234567", Source: source("whatsapp"), Data: []byte("Добрый день!")},
		dedup.Touch{ID: "site-40", Name: "Аня Котова", Phone: "(916)123.45.67", Email: "Anna.Kotova+dom@gmail.com", Source: source("site")},
		dedup.Touch{ID: "call-3", Kind: dedup.TouchCall, Phone: "89161234567", Source: source("telephony"), Fields: map[string]string{"recording": "call-3.ogg"}},
		dedup.Touch{ID: "call-4", Kind: dedup.TouchMissed, Phone: "+7 (916) 123-45-67", Source: source("telephony")},
		dedup.Touch{ID: "mail-8", Kind: dedup.TouchMessage, Email: "annakotova@googlemail.com", Source: source("mail")},
	)
	if err != nil {
		return err
	}
	c, err := r.desk.Card(ctx, card)
	if err != nil {
		return err
	}
	kinds := make(map[dedup.TouchKind]int)
	for _, e := range c.Timeline {
		kinds[e.Kind]++
	}
	r.checks.Add("three channels end on one card", len(c.Timeline) == len(r.told), "%d of %d touches", len(c.Timeline), len(r.told))
	r.checks.Add("the first source stays", c.First.Source.Channel == r.told[0].Source.Channel, "%s", c.First.Source.Channel)
	r.checks.Add("messages, a recorded and a missed call are on the timeline",
		kinds[dedup.TouchMessage] == 2 && kinds[dedup.TouchCall] == 1 && kinds[dedup.TouchMissed] == 1, "%v", kinds)
	r.checks.Add("the record keeps the latest name", c.Record["name"].Value == "Аня Котова" && c.Record["name"].Touch == "site-40", "%s", c.Record["name"].Value)
	return nil
}

func (r *reception) familyPhone(ctx context.Context) error {
	fmt.Println("Husband and wife leave one phone")
	home := "8 (495) 123-45-60"
	wife, err := r.all(ctx, dedup.Touch{ID: "site-51", Name: "Ольга", Phone: home, Email: "olga.home@mail.ru"})
	if err != nil {
		return err
	}
	husband, err := r.all(ctx, dedup.Touch{ID: "site-52", Name: "Пётр", Phone: home, Email: "petr.home@mail.ru"})
	if err != nil {
		return err
	}
	caller, err := r.take(ctx, dedup.Touch{ID: "call-9", Kind: dedup.TouchCall, Phone: home})
	if err != nil {
		return err
	}
	x, err := r.desk.Explain(ctx, "site-51", "site-52")
	if err != nil {
		return err
	}
	for _, s := range x.Steps {
		fmt.Println("   ", s.Text(r.lang))
	}
	r.checks.Add("a family phone does not glue two persons", wife != husband, "cards %s and %s", wife, husband)
	r.checks.Add("a nameless call on it is marked ambiguous", caller.Ambiguous, "on card %s", caller.Card)
	r.checks.Add("the refusal is explained", len(x.Steps) > 0 && x.Steps[0].Rule == dedup.RuleNames, "%d steps", len(x.Steps))
	return nil
}

func (r *reception) unreadableForm(ctx context.Context) error {
	fmt.Println("A form that nobody can read")
	form := dedup.Touch{ID: "site-60", Name: "??", Phone: "8 9I6 12", Email: "anna(at)mail", Data: []byte{0xff, 0xfe}}
	res, err := r.take(ctx, form)
	if err != nil {
		return err
	}
	c, err := r.desk.Card(ctx, res.Card)
	if err != nil {
		return err
	}
	kept := c.Timeline[0]
	r.checks.Add("what cannot be read is kept as given", kept.Phone == form.Phone && kept.Email == form.Email && string(kept.Data) == string(form.Data),
		"%q, %d reasons", kept.Phone, len(res.Reasons))
	return nil
}

func (r *reception) twoAgencies(ctx context.Context) error {
	fmt.Println("Two agencies bring one customer, each by what it knows of him")
	by := func(p dedup.PartnerID) dedup.Source {
		return dedup.Source{Channel: "partner", Partner: p, Scope: "north-park"}
	}
	phone := []dedup.Identifier{{Kind: dedup.KindPhone, Raw: "8 921 555-01-02"}}
	ask := func(p dedup.PartnerID) (dedup.Verdict, error) {
		return r.desk.Probe(ctx, dedup.Probe{Partner: p, Scope: "north-park", Identifiers: phone})
	}
	before, err := ask("etagi")
	if err != nil {
		return err
	}
	first, err := r.take(ctx, dedup.Touch{ID: "etagi-1", Name: "Сергей", Phone: "8 921 555-01-02", Source: by("etagi")})
	if err != nil {
		return err
	}
	held, err := ask("miel")
	if err != nil {
		return err
	}
	second, err := r.take(ctx, dedup.Touch{ID: "miel-1", Name: "Серёжа", Email: "sergey.kim@yandex.ru", Source: by("miel")})
	if err != nil {
		return err
	}
	refused, err := r.take(ctx, dedup.Touch{ID: "miel-2", Name: "Сергей", Phone: "+7 921 555 01 02", Source: by("miel")})
	if err != nil {
		return err
	}
	r.checks.Add("a probe tells no more than it may", before.Answer == dedup.AnswerFree && held.Answer == dedup.AnswerTaken, "%v, then %v", before.Answer, held.Answer)
	r.checks.Add("the second claim to one phone is refused", refused.Claim.State == dedup.ClaimRefused, "%v", refused.Claim.State)

	// He comes himself, with both: the two cards are one, and both claims cannot stand.
	card, err := r.all(ctx, dedup.Touch{ID: "office-5", Kind: dedup.TouchVisit, Name: "Сергей Ким", Phone: "89215550102", Email: "Sergey-Kim@ya.ru"})
	if err != nil {
		return err
	}
	c, err := r.desk.Card(ctx, card)
	if err != nil {
		return err
	}
	if len(c.Disputes) == 0 {
		return errors.New("no dispute where two claims meet")
	}
	d := c.Disputes[0]
	fmt.Printf("    dispute: %s at %v, %s at %v\n", d.Touches[0].Source.Partner, d.Claims[0].From.Format(time.Kitchen), d.Touches[1].Source.Partner, d.At.Format(time.Kitchen))
	r.checks.Add("both claims had been granted, the earlier wins", first.Claim.State == dedup.ClaimHeld && second.Claim.State == dedup.ClaimHeld &&
		d.Claims[0].Partner == "etagi" && d.Claims[1].State == dedup.ClaimSuperseded, "%v and %v", d.Claims[0].State, d.Claims[1].State)

	// The head of sales gives him to the other agency.
	if _, err := r.all(ctx, dedup.Touch{ID: "award-1", Kind: dedup.TouchAward, Follows: "office-5", Source: by("miel"), By: "head of sales"}); err != nil {
		return err
	}
	claims, _, err := r.desk.Filings(ctx, r.store, dedup.Filter{Partner: "miel"}, "", 10)
	if err != nil {
		return err
	}
	valid := 0
	for _, claim := range claims {
		if claim.State == dedup.ClaimConfirmed {
			valid++
		}
	}
	r.checks.Add("an award settles it, and the agency's list shows it", valid == 1, "%d filings, %d confirmed", len(claims), valid)
	return nil
}

func (r *reception) partnerBase(ctx context.Context) error {
	fmt.Println("A partner's base comes in, is written back, and comes in again")
	rows := "b-1;Мария Лис;+79031110001\nb-2;Маша;8 903 111-00-01\nb-3;Илья;не звонить\nb-4;Глеб\nb-5;Егор;89031110005\n"
	external := func(id string) []dedup.Identifier {
		return []dedup.Identifier{{Kind: dedup.KindExternal, System: "partner-base", Raw: id}}
	}
	source := func(yield func(dedup.Touch, error) bool) {
		for n, line := range strings.Split(strings.TrimSpace(rows), "\n") {
			f := strings.Split(line, ";")
			t := dedup.Touch{}
			var err error
			if len(f) != 3 {
				err = &dedup.RowError{Line: n + 1, Field: "row", Value: line, Why: "needs id;name;phone"}
			} else {
				t = dedup.Touch{ID: dedup.TouchID("base/" + f[0]), Name: f[1], Phone: f[2], Source: dedup.Source{Channel: "partner-base"}, Identifiers: external(f[0])}
			}
			if !yield(t, err) {
				return
			}
		}
	}
	dry, err := r.desk.Import(ctx, source, dedup.ImportOptions{DryRun: true})
	if err != nil {
		return err
	}
	if _, err := r.desk.Card(ctx, "base/b-1"); !errors.Is(err, dedup.ErrUnknown) {
		return fmt.Errorf("a dry run wrote: %w", err)
	}
	report, err := r.desk.Import(ctx, source, dedup.ImportOptions{Batch: 2})
	if err != nil {
		return err
	}
	for t, err := range source {
		if err == nil {
			r.told = append(r.told, t)
		}
	}
	for _, bad := range report.Bad {
		fmt.Println("   ", bad.Text(r.lang))
	}
	again, err := r.desk.Import(ctx, source, dedup.ImportOptions{})
	if err != nil {
		return err
	}
	r.checks.Add("a base is imported as its dry run said", dry.Created == report.Created && report.Created == 3 && report.Duplicates == 1 && len(report.Bad) == 1,
		"%d cards, %d duplicate, %d bad row", report.Created, report.Duplicates, len(report.Bad))
	r.checks.Add("imported again it changes nothing", again.Repeats == report.Rows, "%d repeats of %d rows", again.Repeats, report.Rows)

	// Our correction goes out; the base hands it back under an ID of its own.
	written := dedup.Touch{ID: "sent-1", Kind: dedup.TouchSent, Follows: "base/b-5", Name: "Егор Зимин", Phone: "+79031110005", Identifiers: external("b-5")}
	if _, err := r.all(ctx, written); err != nil {
		return err
	}
	back := written
	back.ID, back.Kind, back.Follows = "base/b-5/2", dedup.TouchInquiry, ""
	echo, err := r.take(ctx, back)
	if err != nil {
		return err
	}
	r.checks.Add("what was written back is known as an echo", echo.Repeat && len(echo.Events) == 0 && echo.Card == "base/b-5", "card %s, %d events", echo.Card, len(echo.Events))
	return nil
}

func (r *reception) mergeUndone(ctx context.Context) error {
	fmt.Println("A manager merges two customers, and takes it back")
	snapshot := func() (string, error) {
		var all []string
		for _, id := range []dedup.CardID{"site-51", "site-52"} {
			c, err := r.desk.Card(ctx, id)
			if err != nil {
				return "", err
			}
			all = append(all, fmt.Sprint(c.ID, c.Aliases, len(c.Timeline), c.Record["name"].Value, c.Record["email"].Value))
		}
		return strings.Join(all, "; "), nil
	}
	before, err := snapshot()
	if err != nil {
		return err
	}
	ids := []dedup.TouchID{"site-51", "site-52"}
	if _, err := r.desk.Decide(ctx, dedup.Decide{ID: "merge-1", Ruling: dedup.RulingSame, A: ids, By: "manager", Why: "one voice"}); err != nil {
		return err
	}
	merged, err := snapshot()
	if err != nil {
		return err
	}
	fmt.Println("    merged:", merged)
	if _, err := r.desk.Decide(ctx, dedup.Decide{ID: "merge-1-undone", Ruling: dedup.RulingWithdraw, Undo: "merge-1", By: "manager"}); err != nil {
		return err
	}
	after, err := snapshot()
	if err != nil {
		return err
	}
	fmt.Println("    undone:", after)
	r.checks.Add("a merge undone leaves cards, IDs and records as they were", before == after && before != merged, "%s", after)
	return nil
}

func (r *reception) erasure(ctx context.Context) error {
	fmt.Println("The first buyer asks to be forgotten")
	before, err := r.desk.Card(ctx, "avito-991")
	if err != nil {
		return err
	}
	done, err := r.desk.Erase(ctx, dedup.Erase{ID: "erase-1", Card: "avito-991", By: "lawyer"})
	if err != nil {
		return err
	}
	after, err := r.desk.Card(ctx, "avito-991")
	if err != nil {
		return err
	}
	r.checks.Add("an erasure keeps times and sources", len(after.Timeline) == len(before.Timeline) && after.First.Source == before.First.Source, "%d touches", done.Touches)
	known, err := r.desk.Lookup(ctx, dedup.Identifier{Kind: dedup.KindPhone, Raw: "8 916 123-45-67"})
	if err != nil {
		return err
	}
	left := fmt.Sprintf("%+v", after)
	values := []string{"9161234567", "123-45-67", "Котова", "Анна", "Добрый день", "call-3.ogg", "gmail"}
	r.checks.Add("no value remains", len(known) == 0 && !slices.ContainsFunc(values, func(v string) bool { return strings.Contains(left, v) }), "%d keys forgotten", len(done.Keys))
	return nil
}

// nothingLost goes through everything that was ingested.
func (r *reception) nothingLost(ctx context.Context) error {
	seen := make(map[dedup.TouchID]int)
	cards := make(map[dedup.CardID]bool)
	for _, t := range r.told {
		c, err := r.desk.Card(ctx, dedup.CardID(t.ID))
		if err != nil {
			return err
		}
		cards[c.ID] = true
		for _, e := range c.Timeline {
			if e.ID == t.ID {
				seen[t.ID]++
			}
		}
	}
	once := 0
	for _, n := range seen {
		if n == 1 {
			once++
		}
	}
	r.checks.Add("each touch lies on exactly one card", once == len(r.told), "%d touches, %d cards", once, len(cards))
	return nil
}
