// Command autocredit plays the days of a car dealer with offices in Irkutsk, Chita and Blagoveshchensk,
// who sells on credit.
//
//	go run ./examples/autocredit
//	go run ./examples/autocredit -lang ru -out out
//	go run ./examples/autocredit -in leads.csv -db deals.db
//
// A deal knows its region, its office and where to meet from the moment it appears; meetings do not
// clash; a message goes by WhatsApp, then Viber, then SMS; a sale goes to the credit department of its
// city; and a button is grey for a reason. It ends with a table of facts, each computed by other code
// than what did the work.
package main

import (
	"time"
	_ "time/tzdata" // the offices' zones, whatever the host has

	"github.com/tenure-go/tenure/examples/internal/show"
)

func main() { show.Main(program()) }

func program() show.Program {
	d := &dealer{}
	return show.Program{
		Name: "autocredit",
		En:   "cars on credit in Irkutsk, Chita and Blagoveshchensk", Ru: "автокредит в Иркутске, Чите и Благовещенске",
		Start: time.Date(2026, time.June, 10, 2, 0, 0, 0, time.UTC), // a Wednesday, 10:00 in Irkutsk
		Chapters: []show.Chapter{
			{En: "A deal appears", Ru: "Появляется сделка", Play: d.leads},
			{En: "Buttons, allowed and grey", Ru: "Кнопки, доступные и серые", Play: d.buttons},
			{En: "A sale goes to credit", Ru: "Продажа уходит в кредит", Play: d.credits},
			{En: "Meetings", Ru: "Встречи", Play: d.meetings},
			{En: "WhatsApp, then Viber, then SMS", Ru: "WhatsApp, потом Viber, потом SMS", Play: d.messaging},
			{En: "Thirty seconds over a holiday", Ru: "Тридцать секунд через праздник", Play: d.night},
			{En: "A vacation in the rotation", Ru: "Отпуск в очереди продавцов", Play: d.rotation},
		},
	}
}
