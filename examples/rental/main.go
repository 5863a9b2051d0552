// Command rental is a house that lets rooms and flats by the night: a season in which sixteen desks
// race for the same rooms, a guest's way from the first message to the feedback, the calendars of the
// listing sites, the letters through bad networks, and what the coming weeks will bring.
//
//	go run ./examples/rental
//	go run ./examples/rental -lang ru
//	go run ./examples/rental -in bookings.csv.gz -rooms 95
//	go run ./examples/rental -db season.db
//	go run ./examples/rental -postgres postgres://localhost/season
//
// The input, [-in], has the columns of the public hotel booking demand set (Antonio, Almeida, Nunes,
// Data in Brief 22, 2019): lead_time, arrival_date_year, arrival_date_month,
// arrival_date_day_of_month, stays_in_weekend_nights, stays_in_week_nights, assigned_room_type,
// reservation_status (Check-Out, Canceled, No-Show) and reservation_status_date.
//
// A run on -db or -postgres that was interrupted, or killed, goes on when it is started again.
package main

import (
	"context"
	"flag"
	"time"

	"github.com/tenure-go/tenure/examples/internal/show"
)

func main() { show.Main(program()) }

func program() show.Program {
	percent := 100
	return show.Program{
		Name: "rental", En: "a house that lets rooms and flats by the night", Ru: "дом, который сдаёт номера и квартиры посуточно",
		Start: time.Date(2027, time.June, 1, 6, 0, 0, 0, time.UTC),
		Flags: func(f *flag.FlagSet) {
			f.IntVar(&percent, "rooms", 100, "rooms in per cent of the highest demand, 1 to 100; below 100 every other guest would rather wait")
		},
		Chapters: []show.Chapter{
			{En: "A season: sixteen desks, one house", Ru: "Сезон: шестнадцать стоек, один дом", Play: func(ctx context.Context, s *show.Story) error { return season(ctx, s, percent) }},
			{En: "The office: from the first message to the feedback", Ru: "Офис: от первого сообщения до отзыва", Play: officeDays},
			{En: "Calendars: one flat, three listing sites", Ru: "Календари: одна квартира, три сайта", Play: calendars},
			{En: "The letters: through bad networks", Ru: "Письма: через плохие сети", Play: messages},
			{En: "The coming weeks", Ru: "Ближайшие недели", Play: comingWeeks},
		},
		Resumes: true,
	}
}
