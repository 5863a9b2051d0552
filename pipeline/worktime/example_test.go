package worktime_test

import (
	"fmt"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/pipeline/worktime"
)

func ExampleCompile() {
	week := worktime.Weekdays(worktime.Hours{From: clock.New(9, 0, 0, 0), To: clock.New(18, 0, 0, 0)})
	cal, err := worktime.Compile(worktime.Spec{Zone: "Asia/Irkutsk", Country: "RU", Week: week})
	if err != nil {
		fmt.Println(err)
		return
	}
	irkutsk := time.FixedZone("", 8*3600)
	// 15 seconds before the office closes on the eve of Russia Day, an hour earlier than usual.
	inquired := time.Date(2025, time.June, 11, 16, 59, 45, 0, irkutsk)
	due, _ := cal.Add(inquired, 30*time.Second)
	fmt.Println(due.In(irkutsk).Format("Mon 2 Jan 15:04:05"))
	spent, _ := cal.Between(inquired, time.Date(2025, time.June, 16, 9, 1, 0, 0, irkutsk))
	fmt.Println(spent)
	// Output:
	// Mon 16 Jun 09:00:15
	// 1m15s
}

func ExampleCalendar_Timecard() {
	week := worktime.Weekdays(worktime.Hours{From: clock.New(9, 0, 0, 0), To: clock.New(18, 0, 0, 0)})
	cal, _ := worktime.Compile(worktime.Spec{Zone: "Asia/Almaty", Country: "KZ", Week: week})
	shift := worktime.Span{
		From: time.Date(2026, time.March, 19, 10, 0, 0, 0, time.FixedZone("", 5*3600)),
		To:   time.Date(2026, time.March, 19, 20, 0, 0, 0, time.FixedZone("", 5*3600)),
	}
	thursday := date.New(2026, time.March, 19)
	days, _ := cal.Timecard(thursday, thursday, []worktime.Span{shift})
	fmt.Println(days[0].Planned, days[0].Worked, days[0].Overtime, days[0].Absent)
	// Output: 9h0m0s 10h0m0s 2h0m0s 1h0m0s
}
