package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
)

// An agenda is what is to happen, in order of time; what happens may add to it.
type agenda []step

type step struct {
	at time.Time
	do func() error
}

func (a *agenda) add(at time.Time, do func() error) {
	i, _ := slices.BinarySearchFunc(*a, at, func(s step, at time.Time) int {
		if s.at.After(at) {
			return 1
		}
		return -1
	})
	*a = slices.Insert(*a, i, step{at, do})
}

func (a *agenda) play(ctx context.Context, clock *show.Clock) error {
	for len(*a) > 0 {
		next := (*a)[0]
		*a = (*a)[1:]
		clock.Set(next.at)
		if err := next.do(); err != nil {
			return err
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	return nil
}

// A shift is a week under way: what is drawn, what is yet to happen, and who is on the line.
type shift struct {
	*centre
	*show.Story
	agenda
	rnd  *rand.Rand
	busy map[string]time.Time // guests on the line, until when
}

const callsOfWeek = 200

// week plays the week from 8 June: guests ring at all hours, are answered or hang up, are called back or
// forgotten. The exchange keeps its own log of it.
func (c *centre) week(ctx context.Context, s *show.Story) error {
	w := &shift{centre: c, Story: s, rnd: rand.New(rand.NewPCG(s.Seed, 7)), busy: map[string]time.Time{}}
	sms, letters, bill := c.network.of("sms"), c.network.of("email"), c.network.bill()
	for n := range callsOfWeek {
		t := at(8+w.rnd.IntN(7), 5+w.rnd.IntN(18), w.rnd.IntN(60), w.rnd.IntN(60))
		guest, line := w.rnd.IntN(80), c.numbers[w.rnd.IntN(len(c.numbers))]
		w.add(t, func() error { return w.comesIn(ctx, n, guest, line) })
	}
	for day := 8; day < 15; day++ {
		w.add(at(day, 23, 59, 0), func() error { return c.tick(ctx, s) })
	}
	if err := w.play(ctx, s.Clock); err != nil {
		return err
	}
	count := map[string]int{}
	for _, l := range c.log {
		switch {
		case l.Out:
			count["out"]++
		case l.Answered.IsZero():
			count["missed"]++
		}
	}
	cost := c.network.bill().Sub(bill)
	s.Say("8 to 14 June: %d calls came in, %d of them missed; %d were called back.", "С 8 по 14 июня: входящих %d, из них пропущено %d, перезвонили %d раз.", callsOfWeek, count["missed"], count["out"])
	s.Say("The groups were told by %d letters, callers from mobiles by %d texts for %s RUB.", "Группам ушло писем: %d, звонившим с мобильных SMS: %d на %s ₽.", c.network.of("email")-letters, c.network.of("sms")-sms, cost.StringFixed(2))
	return c.checkMessages(ctx, s)
}

// comesIn is one call: it rings, and is answered by one of those at whom it rings, or not.
func (w *shift) comesIn(ctx context.Context, n, guest int, line number) error {
	now := w.Clock.Now()
	from := phone(w.Story, weekly+guest)
	if now.Before(w.busy[from]) { // somebody else, then
		from = phone(w.Story, weekly+callsOfWeek+n)
	}
	if n%25 == 24 && !now.Before(w.busy[anonymous]) {
		from = anonymous
	}
	in := w.call(w.Story, weekly+n, from, line.number)
	res, err := w.ring(ctx, w.Story, in)
	if err != nil {
		return err
	}
	w.busy[from] = now.Add(time.Minute)
	entry := forecast.Call{ID: forecast.CallID(in.id), At: now, Line: line.channel, Group: line.group, Customer: from}
	for _, id := range res.To {
		entry.Rang = append(entry.Rang, forecast.OperatorID(id))
	}
	w.log = append(w.log, entry)
	own := len(w.log) - 1
	if len(res.To) == 0 || w.rnd.IntN(100) < 15 {
		w.add(now.Add(time.Duration(20+w.rnd.IntN(35))*time.Second), func() error { return w.givesUp(ctx, in, res.Case, line) })
		return nil
	}
	who := res.To[w.rnd.IntN(len(res.To))]
	w.add(now.Add(time.Duration(3+w.rnd.IntN(42))*time.Second), func() error {
		w.log[own].Answered, w.log[own].By = w.Clock.Now(), forecast.OperatorID(who)
		if err := w.answer(ctx, in.id, res.Case.ID, who); err != nil {
			return err
		}
		w.talk(ctx, in, own, res.Case.ID, who)
		return nil
	})
	return nil
}

// talk ends some minutes later, and the case with it.
func (w *shift) talk(ctx context.Context, in call, own int, id pipeline.CaseID, who pipeline.ActorID) {
	end := w.Clock.Now().Add(time.Duration(60+w.rnd.IntN(400)) * time.Second)
	w.busy[in.from] = end.Add(time.Second)
	w.add(end, func() error {
		w.log[own].Ended = w.Clock.Now()
		_, err := w.calls.Do(ctx, pipeline.Command{ID: pipeline.CommandID(in.id + "|handle"), Case: id, Action: "handle", Set: fields{"result": "advised"}, By: operator(who)})
		return err
	})
}

// givesUp is a caller who hangs up: the group hears of it, and mostly somebody calls back.
func (w *shift) givesUp(ctx context.Context, in call, rang pipeline.Case, line number) error {
	if err := w.hangUp(ctx, in.id, rang.ID, rang.Stage); err != nil {
		return err
	}
	if err := w.follow(ctx, w.Story); err != nil {
		return err
	}
	if w.rnd.IntN(10) < 3 || in.from == anonymous {
		return nil
	}
	w.add(w.Clock.Now().Add(time.Duration(5+w.rnd.IntN(45))*time.Minute), func() error { return w.isCalledBack(ctx, in, rang.ID, line) })
	return nil
}

// isCalledBack: somebody on duty rings the guest, of his group if possible, unless he has called again himself.
func (w *shift) isCalledBack(ctx context.Context, in call, id pipeline.CaseID, line number) error {
	now := w.Clock.Now()
	c, err := w.calls.Case(ctx, id)
	if err != nil || c.Stage != "callback" || now.Before(w.busy[in.from]) {
		return err
	}
	var free []pipeline.ActorID
	for _, id := range []pipeline.PoolID{c.Pool, everyone} {
		p, err := w.pool(ctx, id)
		if err != nil {
			return err
		}
		if free, _ = pipeline.Assign(p, nil, pipeline.Open{}, now); len(free) > 0 {
			break
		}
	}
	if len(free) == 0 {
		return nil
	}
	who := free[w.rnd.IntN(len(free))]
	w.log = append(w.log, forecast.Call{ID: forecast.CallID(in.id + "|back"), At: now, Out: true, Line: line.channel, Group: line.group, Customer: in.from, By: forecast.OperatorID(who)})
	if err := w.callBack(ctx, in.id, id, who); err != nil {
		return err
	}
	w.talk(ctx, in, len(w.log)-1, id, who)
	return nil
}

// checkMessages compares what the network sent with what the histories say was missed.
func (c *centre) checkMessages(ctx context.Context, s *show.Story) error {
	missed, mobile := 0, 0
	histories, err := c.histories(ctx, s)
	if err != nil {
		return err
	}
	for _, h := range histories {
		from := ""
		for _, e := range h {
			if e.Open != nil {
				from = e.Open.Set["phone"]
			}
			if e.Kind == pipeline.EventMoved && e.Name == "miss" {
				if missed++; strings.HasPrefix(from, "+79") {
					mobile++
				}
			}
		}
	}
	s.Add("missed calls: one text to a mobile, none to a landline or a hidden number", "пропущенные: одно SMS на мобильный, ни одного на городской или скрытый", mobile > 0 && c.network.of("sms") == mobile,
		s.T("%d texts, %d calls missed, %d of mobiles", "SMS %d, пропущено %d, с мобильных %d"), c.network.of("sms"), missed, mobile)
	rows, err := notify.Report(func(yield func(notify.Delivery, error) bool) {
		for _, o := range c.network.sent {
			if d, err := c.messages.Delivery(ctx, o.ID); !yield(d, err) {
				return
			}
		}
	})
	if err != nil {
		return err
	}
	bill, reported := c.network.bill(), decimal.Zero
	for _, r := range rows {
		reported = reported.Add(r.Cost)
	}
	s.Add("the cost of the texts is the SMS centre's bill", "расход на SMS равен счёту SMS-центра", reported.Equal(bill), s.T("%s RUB, billed %s", "%s ₽, в счёте %s"), reported.StringFixed(2), bill.StringFixed(2))
	return nil
}

// histories are those of all cases of this run.
func (c *centre) histories(ctx context.Context, s *show.Story) (all [][]pipeline.Event, err error) {
	for _, id := range c.cases {
		history, err := s.Pipeline.History(ctx, id, 0, 10_000)
		if err != nil {
			return nil, err
		}
		all = append(all, history)
	}
	return all, nil
}
