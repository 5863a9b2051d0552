// Command callcenter is a hotel search by telephone: seventy dialled numbers, four groups of agents
// in six time zones, two weeks in June.
//
//	go run ./examples/callcenter
//	go run ./examples/callcenter -lang ru -out out
//	go run ./examples/callcenter -in numbers.csv -db calls.db
//
// What was dialled says which group is wanted, in which city, on what topic; all of the group ring, and
// who answers first has the call. It ends with a table of facts, each computed by other code than what
// did the work.
package main

import (
	"time"
	_ "time/tzdata" // the agents' zones, whatever the host has

	"github.com/tenure-go/tenure/examples/internal/show"
)

func main() { show.Main(program()) }

func program() show.Program {
	c := &centre{}
	return show.Program{
		Name: "callcenter",
		En:   "hotel search by telephone", Ru: "подбор отелей по телефону",
		Start: time.Date(2026, time.June, 1, 8, 0, 0, 0, time.UTC), // a Monday, 11:00 in Moscow
		Chapters: []show.Chapter{
			{En: "Which number was dialled", Ru: "На какой номер звонят", Play: c.dialled},
			{En: "Who is on duty", Ru: "Кто на смене", Play: c.duty},
			{En: "All of the group ring", Ru: "Звонит у всей группы", Play: c.firstAnswers},
			{En: "The queue", Ru: "Живая очередь", Play: c.queue},
			{En: "A missed call", Ru: "Пропущенный звонок", Play: c.missed},
			{En: "A guest calls again", Ru: "Гость звонит снова", Play: c.comesBack},
			{En: "A week of calls", Ru: "Неделя звонков", Play: c.week},
			{En: "Timecards", Ru: "Табель", Play: c.timecards},
			{En: "The week's report", Ru: "Отчёт за неделю", Play: c.report},
		},
	}
}
