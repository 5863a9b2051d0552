package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/worktime"
)

// An agent works from home, by the clock and the holidays of where that is.
type agent struct {
	id            pipeline.ActorID
	zone, country string
	east          int // hours ahead of UTC, for the checks alone: no zone here changes its clocks
	from, to      int // o'clock
	weekend       bool
}

// agents work Monday to Friday, or Wednesday to Sunday where weekend says so.
var agents = []agent{
	{"Anna", "Europe/Moscow", "RU", 3, 9, 18, false},
	{"Boris", "Asia/Irkutsk", "RU", 8, 9, 18, false},
	{"Vera", "Asia/Vladivostok", "RU", 10, 10, 19, true},
	{"Gleb", "Europe/Minsk", "BY", 3, 9, 18, false},
	{"Dana", "Asia/Almaty", "KZ", 5, 9, 18, false},
	{"Egor", "Europe/Kaliningrad", "RU", 2, 12, 21, false},
	{"Zoya", "Europe/Moscow", "RU", 3, 12, 21, true},
	{"Ilya", "Asia/Yekaterinburg", "RU", 5, 9, 18, false},
	{"Katya", "Asia/Irkutsk", "RU", 8, 9, 18, false},
	{"Lev", "Asia/Almaty", "KZ", 5, 13, 22, true},
	{"Maya", "Europe/Minsk", "BY", 3, 12, 21, false},
	{"Nikita", "Europe/Moscow", "RU", 3, 9, 18, false},
}

// members are the agents with their calendars.
func members() (all []pipeline.Member, err error) {
	for _, a := range agents {
		spec := worktime.Spec{Zone: a.zone, Country: a.country}
		for day := time.Sunday; day <= time.Saturday; day++ {
			if a.works(day) {
				spec.Week[day] = []worktime.Hours{{From: clock.New(a.from, 0, 0, 0), To: clock.New(a.to, 0, 0, 0)}}
			}
		}
		calendar, err := worktime.Compile(spec)
		if err != nil {
			return nil, err
		}
		all = append(all, pipeline.Member{ID: a.id, Calendar: calendar})
	}
	return all, nil
}

func (a agent) works(day time.Weekday) bool {
	if a.weekend {
		return day == time.Sunday || day >= time.Wednesday
	}
	return day >= time.Monday && day <= time.Friday
}

// everyone is the pool of all agents. Its name is none that the input can give to a group.
const everyone pipeline.PoolID = "all groups"

// inGroup shares the agents out among the groups, so that each group has one at least.
func (c *centre) inGroup(agent, group int) bool {
	n := min(len(c.groups), len(agents))
	return agent%n == group%n
}

// pool is a group: all its agents are rung at once; if none is on duty, all other groups' are.
func (c *centre) pool(_ context.Context, id pipeline.PoolID) (pipeline.Pool, error) {
	if id == everyone {
		return pipeline.Pool{RingAll: true, Members: c.members, Heads: []pipeline.ActorID{nina.ID}}, nil
	}
	p := pipeline.Pool{RingAll: true, Fallback: everyone, Heads: []pipeline.ActorID{nina.ID}}
	for i, m := range c.members {
		if c.inGroup(i, slices.Index(c.groups, string(id))) {
			p.Members = append(p.Members, m)
		}
	}
	return p, nil
}

// duty shows who is rung at each hour of an ordinary day and of a holiday.
func (c *centre) duty(ctx context.Context, s *show.Story) error {
	groups := c.groups[:min(len(c.groups), 4)]
	for _, day := range []struct {
		day    int
		en, ru string
	}{
		{10, "Wednesday, 10 June", "Среда, 10 июня"},
		{12, "Friday, 12 June: Russia Day, a holiday in Russia and a working day in Belarus and Kazakhstan", "Пятница, 12 июня: День России, в Беларуси и Казахстане рабочий день"},
	} {
		s.Say("%s. How many ring at each hour of Moscow, 0 to 23:", "%s. У скольких звонит в каждый час Москвы, с 0 до 23:", s.T(day.en, day.ru))
		for _, g := range groups {
			p, err := c.pool(ctx, pipeline.PoolID(g))
			if err != nil {
				return err
			}
			var strip strings.Builder
			for hour := range 24 {
				rung, _ := pipeline.Assign(p, nil, pipeline.Open{}, at(day.day, hour, 0, 0))
				strip.WriteString(map[bool]string{true: "·", false: fmt.Sprint(len(rung))}[len(rung) == 0])
			}
			s.Say("  %s  %s", "  %s  %s", strip.String(), said(s, g))
		}
	}
	return c.checkDuty(ctx, s)
}

// checkDuty asks the router and a calendar on one's fingers who is on duty, each half hour of two weeks.
func (c *centre) checkDuty(ctx context.Context, s *show.Story) error {
	p, err := c.pool(ctx, everyone)
	if err != nil {
		return err
	}
	asked, wrong, abroad := 0, 0, 0
	for t := at(1, 0, 0, 0); t.Before(at(15, 0, 0, 0)); t = t.Add(30 * time.Minute) {
		rung, _ := pipeline.Assign(p, nil, pipeline.Open{}, t)
		for _, a := range agents {
			asked++
			if slices.Contains(rung, a.id) != a.onDuty(t) {
				wrong++
			}
			if t.In(moscow).Day() == 12 && slices.Contains(rung, a.id) && a.country == "RU" {
				abroad++
			}
		}
	}
	s.Add("who is on duty, hour by hour, in six time zones", "кто на смене, час за часом, в шести поясах", wrong == 0, s.T("%d of %d answers differ", "расходятся %d ответов из %d"), wrong, asked)
	s.Add("on Russia Day nobody in Russia is rung", "в День России в России не звонит ни у кого", abroad == 0, "%d", abroad)
	return nil
}

// onDuty is the calendar on one's fingers: of the first half of June 2026, Russia has the 12th off and ends
// an hour earlier on the 11th; Belarus and Kazakhstan have no holiday.
func (a agent) onDuty(t time.Time) bool {
	local := t.UTC().Add(time.Duration(a.east) * time.Hour)
	until := a.to
	if a.country == "RU" && local.Day() == 11 {
		until--
	}
	return a.works(local.Weekday()) && local.Hour() >= a.from && local.Hour() < until && !(a.country == "RU" && local.Day() == 12)
}
