package main

import (
	"context"
	"slices"
	"time"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
)

// waiting is the live queue of a group: whom nobody has answered, the oldest first.
func (c *centre) waiting(ctx context.Context, s *show.Story, group string) ([]pipeline.Record, error) {
	all, err := s.Pipeline.Find(ctx, pipeline.Filter{Pool: pipeline.PoolID(group), Open: true}, "", 10_000)
	return slices.DeleteFunc(all, func(r pipeline.Record) bool { return !slices.Contains(c.cases, r.ID) }), err // without those of an earlier run
}

// queue: five guests call within a minute. Whoever is free takes the oldest; who hangs up stays in the
// queue, to be called back.
func (c *centre) queue(ctx context.Context, s *show.Story) error {
	group, now := c.groups[0], at(1, 11, 30, 0)
	var lines []number
	for _, n := range c.numbers {
		if n.group == group {
			lines = append(lines, n)
		}
	}
	var came []pipeline.CaseID
	for n := range 5 {
		s.Clock.Set(now.Add(time.Duration(10*n) * time.Second))
		res, err := c.ring(ctx, s, c.call(s, queueing+n, phone(s, queueing+n), lines[n%len(lines)].number))
		if err != nil {
			return err
		}
		came = append(came, res.Case.ID)
	}
	s.Clock.Set(now.Add(45 * time.Second))
	all, err := c.waiting(ctx, s, group)
	if err != nil {
		return err
	}
	s.Say("%s, group %s: %d guests wait.", "%s, группа «%s»: ждут гостей: %d.", hours(s.Clock.Now()), said(s, group), len(all))
	for _, r := range all {
		s.Say("  %s, %s, %s: %.0f s", "  %s, %s, %s: %.0f с", r.Values["phone"].Text, place(s, r.Values["city"].Text), said(s, r.Values["topic"].Text), s.Clock.Now().Sub(r.Opened).Seconds())
	}
	s.Add("the queue shows all who wait, the oldest first", "в очереди все, кто ждёт, первым — кто ждёт дольше", slices.Equal(ids(all), came), "%d", len(all))

	if err := c.answer(ctx, "queue", all[0].ID, "Anna"); err != nil {
		return err
	}
	s.Say("Anna takes the oldest; the second guest hangs up.", "Анна берёт того, кто ждёт дольше всех; второй гость кладёт трубку.")
	if err := c.hangUp(ctx, "queue", all[1].ID, all[1].Stage); err != nil {
		return err
	}
	if all, err = c.waiting(ctx, s, group); err != nil {
		return err
	}
	s.Say("Left in the queue: %d, the first of them to be called back.", "Осталось в очереди: %d, первому надо перезвонить.", len(all))
	s.Add("who is answered leaves the queue, who hung up stays to be called back", "отвеченный уходит из очереди, бросивший трубку ждёт звонка", slices.Equal(ids(all), came[1:]) && all[0].Stage == "callback", s.T("%d wait", "ждут %d"), len(all))
	if err := c.callBack(ctx, "queue", all[0].ID, "Anna"); err != nil {
		return err
	}
	for _, r := range all[1:] {
		if err := c.answer(ctx, "queue", r.ID, "Anna"); err != nil {
			return err
		}
	}
	return c.follow(ctx, s)
}

func ids(records []pipeline.Record) []pipeline.CaseID {
	all := make([]pipeline.CaseID, len(records))
	for i, r := range records {
		all[i] = r.ID
	}
	return all
}

// hangUp is what the exchange tells when the caller gives up.
func (c *centre) hangUp(ctx context.Context, call string, id pipeline.CaseID, stage pipeline.StageID) error {
	cmd := pipeline.Command{ID: pipeline.CommandID(call + "|hung up"), Case: id, Touch: &pipeline.Touch{Kind: "call", Channel: "phone"}, By: exchange}
	if stage == "ringing" {
		cmd.Action = "miss"
	}
	_, err := c.calls.Do(ctx, cmd)
	return err
}
