package main

import (
	"context"
	"fmt"
	"time"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
)

// night: a lead comes 15 seconds before the office closes on the eve of a holiday. Half a minute of
// working time runs out on Monday morning.
func (d *dealer) night(ctx context.Context, s *show.Story) error {
	s.Clock.Set(irkutsk(11, 17, 0).Add(-15 * time.Second))
	res, _, err := d.take(ctx, s, fmt.Sprintf("r%d-late", s.Run), lead{name: "Nadya", phone: "+7 914 001-60-01", form: "auto"})
	if err != nil {
		return err
	}
	next := res.Case.Next(s.Clock.Now())
	stamp := func(t time.Time) string { return t.In(zoneIrkutsk).Format(s.T("2 Jan 15:04:05", "02.01 15:04:05")) }
	s.Say("Nadya asks on %s, 15 seconds before the early end of the eve. An answer is due within 30 seconds of work: by %s, a Monday.", "Надя обращается %s, за 15 секунд до конца короткого дня. Ответить за 30 рабочих секунд — до %s, это понедельник.", stamp(s.Clock.Now()), stamp(next.Due))
	// By hand: the 12th is Russia Day, then a weekend; the eve ends at 17, Monday begins at 9.
	s.Add("30 seconds of work run over the eve, the holiday and the weekend", "30 рабочих секунд идут через канун, праздник и выходные", next.Due.Equal(irkutsk(15, 9, 0).Add(15*time.Second)), "%s", stamp(next.Due))

	for _, t := range []time.Time{irkutsk(14, 12, 0), irkutsk(15, 9, 5)} {
		s.Clock.Set(t)
		if _, err := d.deals.Tick(ctx, s.Pipeline, 10_000); err != nil {
			return err
		}
	}
	history, err := s.Pipeline.History(ctx, res.Case.ID, 0, 1000)
	if err != nil {
		return err
	}
	breached, early := 0, 0
	for _, e := range history {
		if e.Kind == pipeline.EventBreached && e.Name == "answer" {
			breached++
			if e.At.Before(next.Due) {
				early++
			}
		}
	}
	s.Say("Nobody answers in time; the seller is told on Monday, not on the holiday.", "Вовремя никто не ответил; продавцу скажут в понедельник, а не в праздник.")
	s.Add("and is told once, on Monday", "и об опоздании сказано один раз, в понедельник", breached == 1 && early == 0, s.T("%d time, %d early", "раз: %d, рано: %d"), breached, early)
	return nil
}
