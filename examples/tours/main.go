// Command tours plays a season of a tour operator: agencies sell its tours, an outside system sends
// their reservations again and again, paid ones get a voucher, the voucher leaves by letter two days
// before departure, and managers visit the agencies that sell.
//
//	go run ./examples/tours
//	go run ./examples/tours -lang ru -out papers
//	go run ./examples/tours -in reservations.csv -db tours.db
//	go run ./examples/tours -postgres postgres://localhost/crm -seed 7
//
// The input has the columns of reservations.csv beside this file. The program ends with a table of
// facts, each computed by other code than what did the work. The outside system, the old partner
// base and the mail server are fakes.
package main

import (
	"fmt"
	"time"
	_ "time/tzdata" // time zones, whatever the host has

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/voucher"
)

func main() { show.Main(program()) }

// office is the zone that the operator lives by.
const office = "Asia/Irkutsk"

func program() show.Program {
	o := &operator{}
	return show.Program{
		Name: "tours", En: "a tour operator's season", Ru: "сезон туроператора",
		Start: time.Date(2021, time.May, 17, 1, 0, 0, 0, time.UTC), // Monday, 9:00 in the office
		Chapters: []show.Chapter{
			{En: "The old partner base", Ru: "Старая база партнёров", Play: o.partnerBase},
			{En: "Reservations of an outside system", Ru: "Брони внешней системы", Play: o.reservations},
			{En: "Vouchers", Ru: "Ваучеры", Play: o.issueVouchers},
			{En: "A letter two days before departure", Ru: "Письмо за два дня до выезда", Play: o.sendLetters},
			{En: "The registry", Ru: "Реестр", Play: o.registry},
			{En: "A trip to the partners", Ru: "Поездка к партнёрам", Play: o.visits},
			{En: "Sales, this year against last", Ru: "Продажи: этот год и прошлый", Play: o.sales},
		},
	}
}

// An operator is what the chapters share.
type operator struct {
	opening  time.Time          // 9:00 of the first day
	partners map[string]partner // by their number in the old base
	cards    *dedup.Desk
	rules    pipeline.Rules
	deals    *pipeline.Desk
	sent     []string // the file's reservations, by their cases
	vouchers *voucher.Desk
	letters  *notify.Desk

	document     *voucher.Document // the voucher, in the story's language
	dealsSeen    store.Cursor      // how far followDeals has read
	vouchersSeen store.Cursor      // how far followVouchers has read
	visited      forecast.VisitsReport
}

// own begins the names of what this run makes, so that a second run does not meet them.
func own(s *show.Story, id string) string { return fmt.Sprintf("T%d-%s", s.Run, id) }

// person is a manager's name.
func person(s *show.Story, id string) string {
	switch id {
	case "boris":
		return s.T("Boris", "Борис")
	case "vera":
		return s.T("Vera", "Вера")
	case "aigul":
		return s.T("Aigul", "Айгуль")
	}
	return id
}
