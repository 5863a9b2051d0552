package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
)

// A person of the story. Every run has people of its own, with telephones of their own.
type person struct {
	En, Ru string
	N      int
}

func (o *office) phone(p person) string {
	return fmt.Sprintf("+7 999 %03d-%02d-%02d", o.Run%1000, p.N/100, p.N%100)
}
func (o *office) name(p person) string { return o.T(p.En, p.Ru) }

// A client is a person with a card and a deal.
type client struct {
	person
	id   string
	card dedup.CardID
	deal pipeline.CaseID
}

// client takes in an inquiry and brings its deal to where a flat can be held.
func (o *office) client(ctx context.Context, id string, p person, from dedup.Source) (c client, err error) {
	c = client{person: p, id: o.id("%s", id)}
	form := "newbuild"
	if from.Partner != "" {
		form = "agency"
	}
	touch, deal, err := o.take(ctx,
		dedup.Touch{ID: dedup.TouchID(c.id), Name: p.Ru, Phone: o.phone(p), Source: from},
		pipeline.Open{Form: form, Set: map[pipeline.FieldID]string{"name": p.Ru, "phone": o.phone(p), "complex": "north-park"}})
	if err != nil {
		return c, err
	}
	c.card, c.deal = touch.Card, deal
	_, err = o.deals.Do(ctx,
		pipeline.Command{ID: pipeline.CommandID(c.id + "/price"), Case: c.deal, Set: map[pipeline.FieldID]string{"price": "9500000"}, By: pricer},
		pipeline.Command{ID: pipeline.CommandID(c.id + "/accept"), Case: c.deal, Action: "accept", By: head},
	)
	return c, err
}

// take brings an inquiry to its card, and the card to its deal, in one transaction: an inquiry that
// is known has its deal.
func (o *office) take(ctx context.Context, t dedup.Touch, lead pipeline.Open) (touch dedup.Result, deal pipeline.CaseID, err error) {
	lead.ID, lead.Channel, lead.By = pipeline.CommandID(t.ID), t.Source.Channel, gate
	err = o.InTx(ctx, func(tx show.Tx) error {
		if touch, err = o.cards.In(tx.Dedup).Ingest(ctx, t); err != nil || touch.Repeat {
			return err
		}
		lead.Cards = o.buyer(touch)
		res, err := o.deals.In(tx.Pipeline).Open(ctx, lead)
		if err != nil {
			return err
		}
		return tx.Exec(`insert into newbuild_lead values ($1, $2)`, string(t.ID), string(res.Case.ID))
	})
	if err != nil {
		return touch, "", err
	}
	rows, err := o.Rows(ctx, `select deal from newbuild_lead where touch = $1`, string(t.ID))
	if err != nil || len(rows) == 0 {
		return touch, "", errors.Join(err, fmt.Errorf("%s has no deal", t.ID))
	}
	return touch, pipeline.CaseID(rows[0][0]), o.Promise("inquiry %s", t.ID)
}

// buyer is a card, under all its names, as the deals of this house know it: somebody may buy in two
// houses.
func (o *office) buyer(touch dedup.Result) (names []pipeline.CardID) {
	for _, id := range append([]dedup.CardID{touch.Card}, touch.Aliases...) {
		names = append(names, pipeline.CardID(o.id("%s", id)))
	}
	return names
}

// to is where a person is reached. Buyers are written to in Russian, whoever reads the story.
func (o *office) to(p person, card dedup.CardID) notify.Recipient {
	return notify.Recipient{ID: string(card), Addresses: map[notify.ChannelID]string{"whatsapp": o.phone(p), "sms": o.phone(p)}, Zone: zone, Lang: "ru"}
}
