package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
)

// Numbers of calls and guests, so that no two chapters use the same.
const (
	irina    = 1
	racing   = 100 // and 19 more
	queueing = 200 // and 4 more
	nightly  = 300
	weekly   = 1000
)

// firstAnswers: a call rings at all of its group, and belongs to whoever answers first.
func (c *centre) firstAnswers(ctx context.Context, s *show.Story) error {
	s.Clock.Set(at(1, 11, 0, 0))
	line := c.numbers[0]
	first := c.call(s, irina, phone(s, irina), line.number)
	before, err := c.guests.Lookup(ctx, dedup.Identifier{Kind: dedup.KindPhone, Raw: first.from})
	if err != nil {
		return err
	}
	s.Add("before her first call nobody knows the guest", "до первого звонка гостя никто не знает", len(before) == 0, "%d", len(before))
	res, err := c.ring(ctx, s, first)
	if err != nil {
		return err
	}
	s.Say("%s %s dials %s: group %s, %s, topic %s.", "%s %s набирает %s: группа «%s», %s, тема «%s».", hours(s.Clock.Now()), first.from, line.number,
		said(s, line.group), place(s, line.city), said(s, line.topic))
	s.Say("It rings at once at: %s.", "Звонит сразу у всех: %s.", names(s, res.To))
	var onDuty []pipeline.ActorID
	for i, a := range agents {
		if c.inGroup(i, 0) && a.onDuty(s.Clock.Now()) {
			onDuty = append(onDuty, a.id)
		}
	}
	slices.Sort(onDuty)
	s.Add("all of the group on duty ring, and nobody else", "звонит у всей смены группы, и только у неё", slices.Equal(res.To, onDuty), s.T("%d of %d agents", "у %d из %d"), len(res.To), len(agents))

	winner := res.To[0]
	s.Clock.Set(at(1, 11, 0, 7))
	if err := c.answer(ctx, first.id, res.Case.ID, winner); err != nil {
		return err
	}
	s.Say("After 7 seconds %s answers first: the call is hers.", "Через 7 секунд первой отвечает %s: звонок за ней.", words.In(s.Lang, string(winner)))
	late := agents[1].id
	if len(res.To) > 1 {
		late = res.To[1]
	}
	s.Clock.Set(at(1, 11, 0, 8))
	var no *pipeline.RefusedError
	if err := c.answer(ctx, first.id, res.Case.ID, late); !errors.As(err, &no) {
		return fmt.Errorf("a second answer: %w", err)
	}
	s.Say("A second later %s presses the key, too, and reads: %s.", "Секундой позже кнопку нажимает и %s, и читает: %s.", words.In(s.Lang, string(late)), show.Reasons(words, s.Lang, no.Reasons))

	// She says who she is, and wants to think: she is promised a call.
	s.Clock.Set(at(1, 11, 4, 0))
	if _, err := c.guests.Ingest(ctx, dedup.Touch{ID: dedup.TouchID(first.id + "|name"), Kind: "note", Name: "Irina", Phone: first.from, By: string(winner)}); err != nil {
		return err
	}
	if _, err := c.calls.Do(ctx, pipeline.Command{ID: "promise", Case: res.Case.ID, Action: "promise", Set: fields{"name": "Irina"}, By: operator(winner)}); err != nil {
		return err
	}
	s.Say("Irina wants to think it over and is promised a call.", "Ирина хочет подумать, ей обещан звонок.")
	return c.race(ctx, s)
}

// race: at each of twenty calls all twelve agents press the key in one moment.
func (c *centre) race(ctx context.Context, s *show.Story) error {
	s.Clock.Set(at(1, 11, 10, 0))
	const calls = 20
	owned, answers := 0, 0
	for n := range calls {
		in := c.call(s, racing+n, phone(s, racing+n), c.numbers[n%len(c.numbers)].number)
		res, err := c.ring(ctx, s, in)
		if err != nil {
			return err
		}
		var granted atomic.Int32
		failed := make([]error, len(agents))
		var all sync.WaitGroup
		for i, a := range agents {
			all.Go(func() {
				err := c.answer(ctx, in.id, res.Case.ID, a.id)
				switch {
				case err == nil:
					granted.Add(1)
				case !errors.Is(err, pipeline.ErrRefused):
					failed[i] = err
				}
			})
		}
		all.Wait()
		if err := errors.Join(failed...); err != nil {
			return err
		}
		answers += int(granted.Load())
		history, err := s.Pipeline.History(ctx, res.Case.ID, 0, 100)
		if err != nil {
			return err
		}
		if len(owners(history)) == 1 {
			owned++
		}
	}
	s.Say("Then %d calls at which all %d agents press in the same instant: %d answers count, one a call.", "Затем звонков: %d, и на каждом все %d операторов жмут кнопку в один миг. Засчитано ответов: %d, по одному на звонок.", calls, len(agents), answers)
	s.Add("calls that two agents own", "звонки с двумя ответственными", owned == calls && answers == calls, s.T("%d of %d, %d attempts", "%d из %d, попыток %d"), calls-owned, calls, calls*len(agents))
	return nil
}

// owners are those to whom a case belonged, one after another.
func owners(history []pipeline.Event) (all []string) {
	for _, e := range history {
		if e.Kind == pipeline.EventSet && e.Name == string(pipeline.FieldOwner) && e.To != "" {
			all = append(all, e.To)
		}
	}
	return all
}

// names lists people in the story's language.
func names(s *show.Story, ids []pipeline.ActorID) string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = words.In(s.Lang, string(id))
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}
