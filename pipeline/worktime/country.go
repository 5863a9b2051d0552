package worktime

import (
	"strings"
	"time"

	"github.com/rickb777/date/v2"
)

// A mark says what a country lists of a date.
type mark uint8

const (
	off mark = 1 << iota
	worked
	shortened
)

// A countryYear lists the days of a production calendar that an ordinary Monday-to-Friday week
// does not say, each as MM-DD; a range MM-DD..DD stays within its month.
type countryYear struct {
	country          string
	year             int
	off, work, short string
}

// builtIn holds public holidays, on weekends too, days moved by decree, and short days, of Russia
// (Labour Code, art. 95 and 112, and the Government's yearly decrees), Kazakhstan (law on
// holidays and the Government's decrees) and Belarus (decree No. 157 and the Council of Ministers'
// yearly decrees), checked against the collection xmlcalendar/data, commit ccba74a1.
var builtIn = []countryYear{
	{"RU", 2024, "01-01..08 02-23 03-08 04-29..30 05-01 05-09..10 06-12 11-04 12-30..31", "04-27 11-02 12-28", "02-22 03-07 05-08 06-11 11-02"},
	{"RU", 2025, "01-01..08 02-23 03-08 05-01..02 05-08..09 06-12..13 11-03..04 12-31", "11-01", "03-07 04-30 06-11 11-01"},
	{"RU", 2026, "01-01..09 02-23 03-08..09 05-01 05-09 05-11 06-12 11-04 12-31", "", "04-30 05-08 06-11 11-03"},
	{"KZ", 2024, "01-01..02 01-07 03-08 03-21..23 05-01 05-07 05-09 06-16 07-06 08-30 12-16..17", "", ""},
	{"KZ", 2025, "01-01..02 01-07 03-08 03-21..23 05-01 05-07 05-09 07-06 08-30 10-25 12-16", "", ""},
	{"KZ", 2026, "01-01..02 01-07 03-08..09 03-21..25 05-01 05-07 05-09 05-11 05-27 07-06 08-30..31 10-25..26 12-16", "", ""},
	{"BY", 2024, "01-01..02 01-07 03-08 05-01 05-09 05-13..14 07-03 11-07..08 12-25", "05-18 11-16", "03-07 04-30 05-08 05-18 07-02 11-06 12-24 12-31"},
	{"BY", 2025, "01-01..02 01-07 03-08 04-28..29 05-01 05-09 07-03..04 11-07 12-25..26", "01-11 04-26 07-12 12-20", "01-06 01-11 03-07 04-26 04-30 05-08 07-02 11-06 12-24 12-31"},
	{"BY", 2026, "01-01..02 01-07 03-08 04-20..21 05-01 05-09 07-03 11-07 12-25", "04-25", "01-06 04-25 04-30 05-08 07-02 11-06 12-24 12-31"},
}

func (y countryYear) list(listed map[date.Date]mark) {
	for _, part := range []struct {
		days string
		mark mark
	}{{y.off, off}, {y.work, worked}, {y.short, shortened}} {
		for _, word := range strings.Fields(part.days) {
			month, first := number(word[:2]), number(word[3:5])
			last := first
			if len(word) > 5 {
				last = number(word[7:])
			}
			for day := first; day <= last; day++ {
				listed[date.New(y.year, time.Month(month), day)] |= part.mark
			}
		}
	}
}

func number(two string) int { return int(two[0]-'0')*10 + int(two[1]-'0') }
