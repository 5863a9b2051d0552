package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
)

// comesBack: who is calling is known before anybody answers, and the head takes the call over.
func (c *centre) comesBack(ctx context.Context, s *show.Story) error {
	s.Clock.Set(at(2, 12, 0, 0))
	first := phone(s, irina)
	written := fmt.Sprintf("8 (%s) %s-%s-%s", first[2:5], first[5:8], first[8:10], first[10:])
	found, err := c.guests.Lookup(ctx, dedup.Identifier{Kind: dedup.KindPhone, Raw: written})
	if err != nil {
		return err
	}
	if len(found) != 1 {
		return fmt.Errorf("%s is known to %d cards", written, len(found))
	}
	card, err := c.guests.Card(ctx, found[0].Card)
	if err != nil {
		return err
	}
	line := c.numbers[len(c.numbers)-1]
	s.Say("%s, the next day: %s dials %s (group %s).", "%s, на следующий день: %s набирает %s (группа «%s»).", hours(s.Clock.Now()), written, line.number, said(s, line.group))
	s.Say("On the screen before anybody answers: %s, first called at %s about %s.", "На экране ещё до ответа: %s, впервые звонок в %s, тема «%s».", words.In(s.Lang, card.Record["name"].Value), hours(card.First.At), said(s, c.numbers[0].topic))
	again := c.call(s, irina+1, written, line.number)
	res, err := c.ring(ctx, s, again)
	if err != nil {
		return err
	}
	s.Say("She has an open call with %s, so it rings there and nobody else is disturbed.", "Её звонок уже ведёт %s: звонит только там, остальных не тревожат.", words.In(s.Lang, string(res.Case.Owner)))
	s.Add("a returning guest is recognised, however her number is written", "вернувшийся гость узнан, как ни записан номер", card.Record["name"].Value == "Irina" && strings.HasPrefix(string(found[0].Card), fmt.Sprintf("r%d-", s.Run)), s.T("%d card", "карточек: %d"), len(found))

	take := func(by pipeline.Actor) error {
		_, err := c.calls.Do(ctx, pipeline.Command{ID: pipeline.CommandID(again.id + "|" + string(by.ID)), Case: res.Case.ID, Set: fields{pipeline.FieldOwner: string(by.ID)}, By: by})
		return err
	}
	var no *pipeline.RefusedError
	if err := take(operator("Dana")); !errors.As(err, &no) {
		return fmt.Errorf("an operator takes over: %w", err)
	}
	s.Say("Dana wants to take it over and may not: %s.", "Дана хочет забрать звонок и не может: %s.", show.Reasons(words, s.Lang, no.Reasons))
	if err := take(nina); err != nil {
		return err
	}
	if _, err := c.calls.Do(ctx, pipeline.Command{ID: pipeline.CommandID(again.id + "|talk"), Case: res.Case.ID, Action: "answer", Touch: &pipeline.Touch{Kind: "call", Channel: "phone", Answered: true}, By: nina},
		pipeline.Command{ID: pipeline.CommandID(again.id + "|done"), Case: res.Case.ID, Action: "handle", Set: fields{"result": "booked"}, By: nina}); err != nil {
		return err
	}
	s.Say("Nina, the head, takes it over and books.", "Руководитель Нина забирает звонок и бронирует.")

	history, err := s.Pipeline.History(ctx, res.Case.ID, 0, 1000)
	if err != nil {
		return err
	}
	joined, err := s.Pipeline.Find(ctx, pipeline.Filter{Cards: []pipeline.CardID{pipeline.CardID(card.ID)}}, "", 10)
	if err != nil {
		return err
	}
	after, err := c.guests.Card(ctx, found[0].Card)
	if err != nil {
		return err
	}
	calls := 0
	for _, e := range after.Timeline {
		if e.Kind == "call" {
			calls++
		}
	}
	s.Add("the second call joins the first: one card, one case", "второй звонок лёг к первому: одна карточка, одно дело", calls == 2 && len(joined) == 1, s.T("%d calls on the card", "звонков на карточке: %d"), calls)
	s.Add("the head may take a call over, an agent may not", "забрать звонок может руководитель, но не оператор", slices.Equal(owners(history), []string{"Anna", "Nina"}), "%s", words.In(s.Lang, strings.Join(owners(history), ", ")))
	return nil
}
