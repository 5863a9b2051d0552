// Newbuild is a developer's sales office: from the first inquiry to the money on escrow.
//
//	go run ./examples/newbuild
//	go run ./examples/newbuild -lang ru -out papers
//	go run ./examples/newbuild -in inquiries.csv
//	go run ./examples/newbuild -db office.db
//	go run ./examples/newbuild -postgres postgres://localhost/office
//
// Every command has an ID of the office's own, so a run that was killed is simply played again from
// the start: what was done meets its own result, and what was not done yet is done.
package main

import (
	"context"
	"time"

	"github.com/tenure-go/tenure/examples/internal/show"
)

func main() { show.Main(program()) }

func program() show.Program {
	o := new(office)
	chapter := func(en, ru string, play func(context.Context) error) show.Chapter {
		return show.Chapter{En: en, Ru: ru, Play: func(ctx context.Context, _ *show.Story) error { return play(ctx) }}
	}
	return show.Program{
		Name: "newbuild", En: "a developer sells flats", Ru: "застройщик продаёт квартиры",
		Start:   monday,
		Resumes: true,
		Chapters: []show.Chapter{
			{En: "The house", Ru: "Дом", Play: o.open},
			chapter("Inquiries: one buyer, one card, one manager", "Заявки: один покупатель, одна карточка, один менеджер", o.inquiries),
			chapter("Showings from one calendar", "Показы по одному календарю", o.showings),
			chapter("A flat is held in one transaction", "Бронь квартиры — одна транзакция", o.holding),
			chapter("A queue for a wanted flat", "Очередь на квартиру", o.queue),
			chapter("Partner agencies", "Агентства-партнёры", o.agencies),
			chapter("Sales open: six sellers, twelve flats", "Старт продаж: шесть продавцов, двенадцать квартир", o.rush),
			chapter("The papers of flat 12", "Документы по квартире 12", o.papers),
			chapter("Bank, registry, escrow: whose move it is", "Банк, регистрация, эскроу: чей ход", o.statuses),
			chapter("Money", "Деньги", o.money),
			chapter("What stands at the end", "Что в итоге", o.whole),
		},
	}
}

// monday is when the story begins: 2 March 2026, 9:00 in Moscow, which has kept three hours ahead of
// UTC since 2014.
var monday = time.Date(2026, time.March, 2, 6, 0, 0, 0, time.UTC)

const zone = "Europe/Moscow"
