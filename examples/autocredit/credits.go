package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
)

// credits: three sales on credit, one in each city, go to the credit department of the city and its
// people are called in; then the price stands, and only the head wins or loses.
func (d *dealer) credits(ctx context.Context, s *show.Story) error {
	s.Clock.Set(irkutsk(10, 11, 30))
	for _, l := range []lead{
		{name: "Semyon", phone: "+7 914 431-50-02", form: "auto"},
		{name: "Timur", phone: "+7 914 561-50-03", form: "auto"},
	} {
		deal, err := d.offered(ctx, s, fmt.Sprintf("r%d-%s", s.Run, l.name), l)
		if err != nil {
			return err
		}
		d.sales = append(d.sales, deal.ID)
	}
	called := map[string]string{"irkutsk": "Bair, Bella, Nina", "chita": "Bair, Dulma, Nina", "blagoveshchensk": "Nina, Zoya"}
	right := 0
	for _, id := range d.sales {
		if _, err := d.do(ctx, string(id)+"|price", id, petr, "", fields{"price": "1450000"}); err != nil {
			return err
		}
		if _, err := d.do(ctx, string(id)+"|credit", id, oleg, "credit", fields{"payment": "credit"}); err != nil {
			return err
		}
		copied, err := d.deals.Case(ctx, id+"/credit")
		if err != nil {
			return err
		}
		history, err := s.Pipeline.History(ctx, copied.ID, 0, 100)
		if err != nil {
			return err
		}
		var talk []string
		for _, e := range history {
			if e.Kind == pipeline.EventConversation {
				for _, a := range e.Actors {
					talk = append(talk, string(a))
				}
			}
		}
		who, city := strings.Join(talk, ", "), copied.Values["city"].Text
		s.Say("%s buys on credit: a credit deal in %s, and in its conversation: %s.", "Покупка в кредит, %s: кредитная сделка, город %s, в беседе: %s.",
			words.In(s.Lang, copied.Values["name"].Text), words.In(s.Lang, title(city)), words.In(s.Lang, who))
		if copied.Pipeline == "auto_credit" && who == called[city] {
			right++
		}
	}
	s.Add("a sale is copied to the credit of its city, whose people are called in", "продажа копируется в кредит своего города, люди позваны", right == 3, s.T("%d of 3 cities", "%d города из 3"), right)

	first := d.sales[0]
	_, err := d.do(ctx, string(first)+"|cheaper", first, petr, "", fields{"price": "1400000"})
	said, err := refusal(err)
	if err != nil {
		return err
	}
	s.Say("The papers are being written. Petr wants a lower price: %s.", "Готовят документы. Пётр хочет снизить цену: %s.", show.Reasons(words, s.Lang, said))
	deal, err := d.deals.Case(ctx, first)
	if err != nil {
		return err
	}
	s.Add("the pricer sets the price until the documents, and not after", "оценщик меняет цену до документов и не после", deal.Stage == "documents" && deal.Values["price"].Text == "1450000" && len(said) > 0, s.T("price %s", "цена %s"), deal.Values["price"].Text)

	if _, err := d.do(ctx, string(first)+"|papers", first, oleg, "", fields{"passport": "yes", "paid": "yes"}); err != nil {
		return err
	}
	_, err = d.do(ctx, string(first)+"|win by the seller", first, oleg, "win", nil)
	if said, err = refusal(err); err != nil {
		return err
	}
	s.Say("All is paid. Oleg presses [Sold]: %s.", "Всё оплачено. Олег жмёт [Продано]: %s.", show.Reasons(words, s.Lang, said))
	won, err := d.do(ctx, string(first)+"|win", first, nina, "win", nil)
	if err != nil {
		return err
	}
	lost, err := d.do(ctx, string(d.sales[2])+"|lose", d.sales[2], nina, "lose", fields{"reason": "credit_refused"})
	if err != nil {
		return err
	}
	s.Say("Nina, the head, presses it: sold. Timur's bank refuses, she closes his deal.", "Жмёт руководитель Нина: продано. Банк Тимуру отказал, она закрывает его сделку.")
	s.Add("the head wins and loses", "выигрывает и проигрывает руководитель", won.Stage == "won" && lost.Stage == "lost", "%s, %s", words.In(s.Lang, string(won.Stage)), words.In(s.Lang, string(lost.Stage)))
	var drawing bytes.Buffer
	if err := d.deals.Engine().WriteMermaid(&drawing, won.Pipeline, &won, s.Lang); err != nil {
		return err
	}
	if err := s.File("deal.mmd", drawing.Bytes()); err != nil {
		return err
	}
	return d.checkFinals(ctx, s)
}

// refusal returns why it was refused, or the error that it was instead.
func refusal(err error) ([]pipeline.Reason, error) {
	var no *pipeline.RefusedError
	if errors.As(err, &no) {
		return no.Reasons, nil
	}
	return nil, fmt.Errorf("a refusal was due: %w", err)
}

// title is a city's ID as its name.
func title(id string) string { return strings.ToUpper(id[:1]) + id[1:] }

// checkFinals reads in the rules who may finish a deal, and in the histories who did.
func (d *dealer) checkFinals(ctx context.Context, s *show.Story) error {
	moves, others := 0, 0
	for _, def := range carRules().Definitions {
		for _, m := range def.Moves {
			final := slices.ContainsFunc(def.Stages, func(st pipeline.Stage) bool { return st.ID == m.To && st.Final != "" })
			if def.ID == "callcenter" || !final {
				continue
			}
			if moves++; !slices.Equal(m.Roles, []pipeline.Role{"head"}) {
				others++
			}
		}
	}
	closed := 0
	for _, id := range d.cases {
		history, err := s.Pipeline.History(ctx, id, 0, 1000)
		if err != nil {
			return err
		}
		for _, e := range history {
			if e.Kind == pipeline.EventClosed {
				if closed++; e.By != nina.ID {
					others++
				}
			}
		}
	}
	s.Add("nobody but the head finishes a deal", "сделку завершает только руководитель", others == 0 && closed == 2, s.T("%d by others; %d moves, %d deals closed", "другими %d; переходов %d, закрыто сделок %d"), others, moves, closed)
	return nil
}
