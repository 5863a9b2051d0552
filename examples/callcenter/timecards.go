package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline/worktime"
)

// timecards sets when the agents were logged in against when they had to work.
func (c *centre) timecards(_ context.Context, s *show.Story) error {
	rnd := rand.New(rand.NewPCG(s.Seed, 8))
	first, last := date.New(2026, time.June, 8), date.New(2026, time.June, 14)
	wrong, days, unbalanced := 0, 0, 0
	s.Say("agent       planned  worked  overtime  absent", "оператор       план  отработано  сверх  отсутствие")
	for i, a := range agents {
		online := a.drawOnline(rnd)
		cards, err := c.members[i].Calendar.Timecard(first, last, online)
		if err != nil {
			return err
		}
		var sum worktime.DayCard
		for _, d := range cards {
			sum.Planned, sum.Worked, sum.Overtime, sum.Absent = sum.Planned+d.Planned, sum.Worked+d.Worked, sum.Overtime+d.Overtime, sum.Absent+d.Absent
			if days++; d.Worked-d.Overtime+d.Absent != d.Planned {
				unbalanced++
			}
			if d != a.byHand(d.Date, online) {
				wrong++
			}
		}
		s.Say("%-10s  %7s  %6s  %8s  %6s", "%-10s  %7s  %10s  %5s  %10s", words.In(s.Lang, string(a.id)), clockwork(sum.Planned), clockwork(sum.Worked), clockwork(sum.Overtime), clockwork(sum.Absent))
		if i == 0 {
			for _, d := range cards {
				s.Say("  %s   %7s  %6s  %8s  %6s", "  %s    %7s  %10s  %5s  %10s", d.Date.Format(s.T("Mon 02", "02.01")), clockwork(d.Planned), clockwork(d.Worked), clockwork(d.Overtime), clockwork(d.Absent))
			}
		}
	}
	s.Add("timecards agree with a count minute by minute", "табель сходится с подсчётом по минутам", wrong == 0, s.T("%d of %d days differ", "расходятся %d дней из %d"), wrong, days)
	s.Add("worked without overtime and absent make up the plan", "отработанное без сверхурочных и отсутствие дают план", unbalanced == 0, s.T("not on %d of %d days", "не сошлось %d дней из %d"), unbalanced, days)
	return nil
}

// drawOnline draws when an agent was logged in, on one telephone or two: some days he is late or stays
// longer, some he does not come; Anna works on the holiday.
func (a agent) drawOnline(rnd *rand.Rand) (online []worktime.Span) {
	for day := 8; day < 15; day++ {
		midnight := time.Date(2026, time.June, day, -a.east, 0, 0, 0, time.UTC)
		minute := func(hour, plus int) time.Time { return midnight.Add(time.Duration(60*hour+plus) * time.Minute) }
		works := a.onDuty(minute(a.from, 0))
		switch {
		case a.id == "Anna" && day == 12:
			online = append(online, worktime.Span{From: minute(10, 0), To: minute(14, 0)})
		case works && rnd.IntN(12) > 0:
			from, lunch, to := minute(a.from, rnd.IntN(30)-10), minute(a.from+4, rnd.IntN(60)), minute(a.to, rnd.IntN(60)-15)
			online = append(online, worktime.Span{From: from, To: lunch.Add(20 * time.Minute)}, worktime.Span{From: lunch, To: to})
		}
	}
	return online
}

// byHand counts one day minute by minute.
func (a agent) byHand(day date.Date, online []worktime.Span) worktime.DayCard {
	card := worktime.DayCard{Date: day}
	start := time.Date(day.Year(), day.Month(), day.Day(), -a.east, 0, 0, 0, time.UTC)
	for m := range 24 * 60 {
		t := start.Add(time.Duration(m) * time.Minute)
		planned, worked := a.onDuty(t), false
		for _, span := range online {
			worked = worked || !t.Before(span.From) && t.Before(span.To)
		}
		if planned {
			card.Planned += time.Minute
		}
		if worked {
			card.Worked += time.Minute
		}
		if worked && !planned {
			card.Overtime += time.Minute
		}
		if planned && !worked {
			card.Absent += time.Minute
		}
	}
	return card
}

// clockwork writes hours and minutes.
func clockwork(d time.Duration) string {
	return fmt.Sprintf("%d:%02d", int(d.Hours()), int(d.Minutes())%60)
}
