// Command region shows what a phone number tells: which region a lead is from, which office answers,
// what time it is there, which advertisement was dialled.
//
//	go run ./examples/region                                           # with made-up rows of the register
//	go run ./examples/region -in DEF-9xx.csv,ABC-3xx.csv.gz -lang ru   # with the register, see package region
//	go run ./examples/region -in DEF-9xx.csv -compile ru.plan
//	go run ./examples/region -in ru.plan
//
// The input is one file of the register or several, separated by commas, each plain or .gz; or a plan
// that -compile wrote. It ends with a table of facts and fails if one does not hold.
package main

import (
	"flag"
	"time"
	_ "time/tzdata" // time zones of 2024a or later, whatever the host has

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/region"
)

func main() { show.Main(program()) }

func program() show.Program {
	n := &numbers{}
	return show.Program{
		Name: "region", En: "what a phone number tells", Ru: "о чём говорит номер телефона",
		Start: time.Date(2026, time.July, 1, 2, 0, 0, 0, time.UTC),
		Flags: func(f *flag.FlagSet) {
			f.StringVar(&n.compile, "compile", "", "write the register as a plan to this `file`")
		},
		Chapters: []show.Chapter{
			{En: "The register of numbers", Ru: "Реестр нумерации", Play: n.register},
			{En: "Car loans: a deal is born from a call", Ru: "Автокредит: сделка рождается из звонка", Play: n.carLoans},
			{En: "Hotel search: which number was dialled", Ru: "Подбор отелей: какой номер набрали", Play: n.hotelSearch},
			{En: "New flats: which advertisement was seen", Ru: "Новостройки: какую рекламу увидели", Play: n.newFlats},
			{En: "Tours: partners in the order of the visits", Ru: "Туры: партнёры в порядке визитов", Play: n.visits},
		},
	}
}

// numbers is what the chapters share.
type numbers struct {
	compile string
	plan    *region.Plan
}
