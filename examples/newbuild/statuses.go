package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/pipeline"
)

// A report is what the bank or the registry says of a deal. They number their reports, and deliver
// them as they please: late, twice, the older after the newer.
type report struct {
	day, hour int
	field     pipeline.FieldID
	value     string
	rev       int64
	en, ru    string
}

// statuses takes Orlova's deal from the hold to the won deal.
func (o *office) statuses(ctx context.Context) error {
	o.at(13, 15, 0)
	orlova, err := o.client(ctx, "orlova", o.orlova(), dedup.Source{Channel: "site"}) // known: nothing new comes of it
	if err != nil {
		return err
	}
	manager := pipeline.Actor{ID: head.ID, Roles: []pipeline.Role{"head", "manager"}}
	act := func(day, hour int, action pipeline.Action, set map[pipeline.FieldID]string) error {
		o.at(day, hour, 0)
		res, err := o.deals.Do(ctx, pipeline.Command{ID: pipeline.CommandID(orlova.id + "/" + string(action)), Case: orlova.deal, Action: action, Set: set, By: manager})
		if err != nil {
			return err
		}
		o.turn(res.Case, o.title(string(action)))
		return nil
	}
	if err := act(13, 15, "collect", map[pipeline.FieldID]string{"payment": "mortgage"}); err != nil {
		return err
	}
	if err := act(16, 10, "to_bank", map[pipeline.FieldID]string{"passport": "yes", "married": "yes", "spouse_consent": "yes"}); err != nil {
		return err
	}
	approved := report{17, 11, "bank_status", "approved", 2, "the bank approves", "банк одобрил"}
	twice := approved
	twice.hour = 13
	bank := []report{approved, {17, 12, "bank_status", "applied", 1, "the bank has the application", "банк получил заявку"}, twice}
	registry := []report{
		{20, 10, "registration_status", "paused", 2, "the registry pauses", "регистратор приостановил"},
		{20, 11, "registration_status", "sent", 1, "the registry has the papers", "регистратор получил документы"},
		{23, 9, "registration_status", "registered", 4, "registered", "зарегистрировано"},
		{23, 16, "registration_status", "sent", 3, "the registry has the mended papers", "регистратор получил исправленные документы"},
	}
	escrow := []report{
		{24, 12, "escrow_status", "funded", 2, "the money is on escrow", "деньги на эскроу"},
		{24, 17, "escrow_status", "opened", 1, "the escrow account is open", "счёт эскроу открыт"},
	}
	if err := o.reports(ctx, orlova, bank); err != nil {
		return err
	}
	o.at(19, 10, 0)
	signed, err := o.sell(ctx, wish{client: orlova, flat: 12}, "contract signed", pipeline.Command{
		ID: pipeline.CommandID(orlova.id + "/register"), Case: orlova.deal, Action: "register", Set: map[pipeline.FieldID]string{"contract_signed": "yes"}, By: manager,
	})
	if err != nil {
		return err
	}
	o.turn(signed.Case, o.T("contract signed, flat 12 is sold", "договор подписан, квартира 12 продана"))
	if err := o.reports(ctx, orlova, registry); err != nil {
		return err
	}
	if err := o.reports(ctx, orlova, escrow); err != nil {
		return err
	}
	if err := act(25, 10, "win", nil); err != nil {
		return err
	}
	return o.judged(ctx, orlova, slices.Concat(bank, registry, escrow))
}

// reports takes in what the bank or the registry says, and does what became possible by it.
func (o *office) reports(ctx context.Context, c client, all []report) error {
	for _, r := range all {
		o.at(r.day, r.hour, 0)
		id := pipeline.CommandID(fmt.Sprintf("%s/%s/%d/%d-%d", c.id, r.field, r.rev, r.day, r.hour))
		res, err := o.deals.Open(ctx, pipeline.Open{ID: id, Case: c.deal, Pipeline: "newbuild", SourceRev: r.rev, Set: map[pipeline.FieldID]string{r.field: r.value}, By: gate})
		if err != nil {
			return err
		}
		note := fmt.Sprintf(o.T("%s (report %d)", "%s (отчёт %d)"), o.T(r.en, r.ru), r.rev)
		for _, ch := range res.Changes {
			if ch.Kept == pipeline.KeptStale {
				note += o.T(", but a newer one is known", ", но известен более новый")
			}
		}
		deal := res.Case
		for _, action := range []pipeline.Action{"approve", "deposit"} {
			if !deal.Decide(gate, action).OK {
				continue
			}
			moved, err := o.deals.Do(ctx, pipeline.Command{ID: id + "/" + pipeline.CommandID(action), Case: c.deal, Action: action, By: gate})
			if err != nil {
				return err
			}
			deal = moved.Case
		}
		o.turn(deal, note)
	}
	return nil
}

// turn tells what happened and on whose side the deal waits.
func (o *office) turn(deal pipeline.Case, what string) {
	if !deal.Closed.IsZero() {
		o.Say("  %s: %s; the deal is closed", "  %s: %s; сделка закрыта", o.when(o.Clock.Now()), what)
		return
	}
	o.Say("  %s: %s; stage “%s” waits for %s", "  %s: %s; стадия «%s», ждём %s", o.when(o.Clock.Now()), what, o.title(string(deal.Stage)), o.word(deal.Next(o.Clock.Now()).Party))
}

// judged compares the deal with what the highest report of each field said, and the pauses with the
// days on which the turn went over.
func (o *office) judged(ctx context.Context, c client, all []report) error {
	newest := make(map[pipeline.FieldID]report)
	for _, r := range all {
		if r.rev > newest[r.field].rev {
			newest[r.field] = r
		}
	}
	deal, err := o.deals.Case(ctx, c.deal)
	if err != nil {
		return err
	}
	same := 0
	for field, r := range newest {
		if deal.Values[field].Text == r.value {
			same++
		}
	}
	o.Add("statuses as in the newest report, whatever came when", "статусы как в новейшем отчёте, что бы когда ни пришло", same == len(newest), o.T("%d of %d, from %d reports", "%d из %d, по %d отчётам"), same, len(newest), len(all))
	events, err := o.Pipeline.History(ctx, c.deal, 0, 10_000)
	if err != nil {
		return err
	}
	waits := make(map[string]time.Duration)
	total := time.Duration(0)
	for _, f := range pipeline.Facts(events, nil) {
		if f.Kind == pipeline.FactWait {
			waits[f.Name] += f.To.Sub(f.From)
			total += f.To.Sub(f.From)
		}
	}
	// To the bank on the 16th at 10, approved on the 17th at 11; on escrow from the 23rd at 9 to the
	// 24th at 12. At the registry from the 19th at 10.
	const atBank, atRegistry = (25 + 27) * time.Hour, (3*24 + 23) * time.Hour
	o.Say("in %d days the deal waited %d hours for the bank and %d for the registry", "за %d дней сделка ждала банк %d ч и регистратора %d ч",
		int(total.Hours()/24), int(waits["bank"].Hours()), int(waits["registry"].Hours()))
	o.Add("hours on the bank's and on the registry's side", "часов на стороне банка и регистратора", waits["bank"] == atBank && waits["registry"] == atRegistry, o.T("%v and %v", "%v и %v"), waits["bank"].Hours(), waits["registry"].Hours())
	o.Add("the pauses add up to the life of the deal", "паузы складываются в жизнь сделки", total == deal.Closed.Sub(deal.Opened) && deal.Stage == "registered", o.T("%v h", "%v ч"), total.Hours())
	return nil
}
