package main

import (
	"strconv"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/forecast/chart"
	"github.com/tenure-go/tenure/pipeline"
)

// page draws how far the sales came.
func page(s *show.Story, events []pipeline.Event) error {
	came := map[string]map[string]bool{} // stage, deals
	for _, e := range events {
		switch stage := e.To; {
		case e.Kind == pipeline.EventOpened && e.Name == "auto_sales", e.Kind == pipeline.EventMoved && came["lead"][e.Key.ID]:
			if came[stage] == nil {
				came[stage] = map[string]bool{}
			}
			came[stage][e.Key.ID] = true
		}
	}
	table := forecast.Table{Title: s.T("Car sales", "Продажа авто"), Columns: []forecast.Column{{Title: s.T("stage", "стадия")}, {Title: s.T("deals that came to it", "сделок дошло"), Number: true}}}
	var steps []chart.Point
	for _, stage := range []string{"lead", "accepted", "offer", "documents", "won"} {
		n := len(came[stage])
		steps = append(steps, chart.Point{Label: words.In(s.Lang, stage), Value: decimal.NewFromInt(int64(n))})
		table.Rows = append(table.Rows, []forecast.Cell{forecast.Cell(words.In(s.Lang, stage)), forecast.Cell(strconv.Itoa(n))})
	}
	return s.Page("autocredit.html", chart.Section{Title: s.T("From lead to sale", "От заявки до продажи"), Charts: []chart.SVG{chart.Steps(s.T("Deals", "Сделки"), steps...)}, Tables: []forecast.Table{table}})
}
