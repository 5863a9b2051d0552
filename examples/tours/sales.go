package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/forecast/chart"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/region"
)

// months is how many months the reports cover: January to the 14th of June, and the same a year before.
const months = 6

var asOf = june(14)

// dimensions are what sales are reported by: columns of the program's own table.
var dimensions = []struct{ tag, en, ru string }{
	{"country", "country", "странам"}, {"region", "region", "регионам"}, {"city", "city", "городам"},
	{"airport", "airport", "аэропортам"}, {"agency", "agency", "агентствам"}, {"manager", "representative", "представителям"},
}

// sales keeps what was sold in a table of its own, and reports it by everything that a tour operator
// asks on Monday.
func (o *operator) sales(ctx context.Context, s *show.Story) error {
	if err := o.keepSales(ctx, s); err != nil {
		return err
	}
	sold, err := soldSales(ctx, s)
	if err != nil {
		return err
	}
	var sections []chart.Section
	for _, d := range dimensions {
		var tables []forecast.Table
		var charts []chart.SVG
		for _, m := range []forecast.Measure{forecast.MeasureMoney, forecast.MeasurePax} {
			report, err := forecast.Sales(forecast.All(sold), forecast.SalesConfig{AsOf: asOf, Months: months, Rows: []string{d.tag}, Measure: m})
			if err != nil {
				return err
			}
			tables = append(tables, report.Table().In(s.Lang))
			charts = append(charts, bars(s, report, m))
			if m == forecast.MeasurePax {
				continue
			}
			if d.tag == "region" {
				tellSales(s, report)
			}
			if err := checkSales(ctx, s, d.tag, d.en, d.ru, report); err != nil {
				return err
			}
		}
		sections = append(sections, chart.Section{Title: s.T("By "+d.en, "По "+d.ru), Charts: charts, Tables: tables})
	}
	monday, err := mondayReports(s, sold)
	if err != nil {
		return err
	}
	sections = append(sections, monday...)
	visits := o.visited.Table().In(s.Lang)
	return s.Page("sales.html", append(sections, chart.Section{Title: s.T("Visits", "Визиты"), Tables: []forecast.Table{visits}})...)
}

// mondayReports are the six that a tour operator's week begins with, and what is on the books for
// trips to come, beside what was on the books at the same time last year.
func mondayReports(s *show.Story, sold []forecast.Sale) (sections []chart.Section, err error) {
	books := forecast.SalesConfig{AsOf: asOf, Months: 3, Rows: []string{"country"}, Measure: forecast.MeasurePax, Compare: forecast.CompareSTLY}
	totals, reports := map[string]bool{}, 0
	for _, r := range []struct {
		en, ru string
		config forecast.SalesConfig
	}{
		{"Representatives", "Представители", forecast.SalesPreset(forecast.PresetRepresentative, asOf, months)},
		{"Money", "Деньги", forecast.SalesPreset(forecast.PresetMoney, asOf, months)},
		{"Passengers", "Пассажиры", forecast.SalesPreset(forecast.PresetPax, asOf, months)},
		{"Regions by airport", "Регионы по аэропортам", forecast.SalesPreset(forecast.PresetRegional, asOf, months)},
		{"Cities by airport", "Города по аэропортам", forecast.SalesPreset(forecast.PresetCity, asOf, months)},
		{"On the books", "Продано вперёд", books},
	} {
		report, err := forecast.Sales(forecast.All(sold), r.config)
		if err != nil {
			return nil, err
		}
		if r.config.Compare != forecast.CompareSTLY {
			totals[fmt.Sprint(report.Totals[0].Total, report.Totals[len(report.Totals)-1].Total)] = true
			reports++
		}
		sections = append(sections, chart.Section{Title: s.T(r.en, r.ru), Tables: []forecast.Table{report.Table().In(s.Lang)}})
	}
	s.Add("the Monday reports agree on the totals", "отчёты понедельника сходятся в итогах", len(totals) == 1, s.T("%d reports", "отчётов %d"), reports)
	return sections, nil
}

// tellSales prints a report for the manager who reads it at once.
func tellSales(s *show.Story, report forecast.SalesReport) {
	s.Say("%-25s %4s %13s %13s %8s %11s", "%-25s %4s %13s %13s %8s %11s", s.T("1 January to 14 June", "С 1 января по 14 июня"), "", "2021", "2020", s.T("change", "рост"), s.T("passengers", "пассажиров"))
	for _, row := range append(slices.Clone(report.Rows), report.Totals...) {
		name := s.T("total", "всего")
		if len(row.Tags) > 0 {
			name = row.Tags[0]
		}
		change := "–"
		if g, ok := row.Total.Growth(forecast.MeasureMoney).Value(); ok {
			change = g.Mul(decimal.New(100, 0)).StringFixed(0) + " %"
		}
		s.Say("%-25s %4s %13s %13s %8s %5d /%4d", "%-25s %4s %13s %13s %8s %5d /%4d", name, row.Currency, thousands(row.Total.This.Money), thousands(row.Total.Before.Money), change, row.Total.This.Pax, row.Total.Before.Pax)
	}
}

// thousands writes a sum without its kopecks: 38 174 567.
func thousands(d decimal.Decimal) string {
	text := d.StringFixed(0)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + " " + text[i:]
	}
	return text
}

// bars shows this year beside the year before, month by month, in the first currency.
func bars(s *show.Story, r forecast.SalesReport, m forecast.Measure) chart.SVG {
	this, before := chart.Series{Name: "2021"}, chart.Series{Name: "2020"}
	of := s.T("Money, ", "Деньги, ") + r.Totals[0].Currency
	if m == forecast.MeasurePax {
		of = s.T("Passengers, sales in ", "Пассажиры, продажи в ") + r.Totals[0].Currency
	}
	for i, c := range r.Totals[0].Cells {
		this.Points = append(this.Points, chart.Point{Label: r.Columns[i].Title, Value: c.This.By(m)})
		before.Points = append(before.Points, chart.Point{Label: r.Columns[i].Title, Value: c.Before.By(m)})
	}
	return chart.Bars(of, this, before)
}

// keepSales fills the table: two years drawn, and the season's own reservations.
func (o *operator) keepSales(ctx context.Context, s *show.Story) error {
	if err := s.Exec(ctx, `create table if not exists tours_sale (run integer not null, id text not null, sold text not null, cancelled text not null, trip_start text not null,
		kopecks bigint not null, currency text not null, pax integer not null, country text not null, region text not null, city text not null,
		airport text not null, agency text not null, manager text not null, primary key (run, id))`); err != nil {
		return err
	}
	season, err := o.seasonSales(ctx, s)
	if err != nil {
		return err
	}
	s.Say("Two years of sales are in the office's own table, this season's %d reservations among them.", "В собственной таблице офиса два года продаж, среди них брони этого сезона: %d.", len(season))
	return s.InTx(ctx, func(tx show.Tx) error {
		for part := range slices.Chunk(append(o.drawnSales(s), season...), 200) {
			var rows []string
			var args []any
			for _, row := range part {
				marks := make([]string, len(row))
				for i := range row {
					marks[i] = fmt.Sprint("$", len(args)+i+1)
				}
				rows, args = append(rows, "("+strings.Join(marks, ", ")+")"), append(args, row...)
			}
			if err := tx.Exec("insert into tours_sale values "+strings.Join(rows, ", "), args...); err != nil {
				return err
			}
		}
		return nil
	})
}

// drawnSales are those of two years that nobody remembers.
func (o *operator) drawnSales(s *show.Story) (rows [][]any) {
	rng := rand.New(rand.NewPCG(s.Seed, 13))
	ids := slices.Sorted(maps.Keys(o.partners))
	for i := range 1500 {
		sold := asOf - date.Date(rng.IntN(540))
		cancelled := ""
		if rng.IntN(12) == 0 {
			cancelled = (sold + date.Date(rng.IntN(60))).String()
		}
		p := o.partners[ids[rng.IntN(len(ids))]]
		currency := "RUB"
		if p.country() == "KZ" {
			currency = "KZT"
		}
		rows = append(rows, []any{
			s.Run, fmt.Sprint("sale-", i), sold.String(), cancelled, (sold + date.Date(rng.IntN(120))).String(), 2_000_000 + rng.Int64N(40_000_000), currency, 1 + rng.IntN(4),
			p.country(), string(p.subdivision), s.T(p.city, p.cityRu), []string{"IKT", "OVB", "BTK", "ALA"}[rng.IntN(4)], p.company, p.manager,
		})
	}
	return rows
}

// seasonSales are the run's reservations.
func (o *operator) seasonSales(ctx context.Context, s *show.Story) (rows [][]any, err error) {
	cases, err := o.casesOf(ctx, s, "tours")
	if err != nil {
		return nil, err
	}
	for _, id := range slices.Sorted(maps.Keys(cases)) {
		c := cases[id]
		text := func(f pipeline.FieldID) string { return c.Values[f].Text }
		price, err1 := decimal.NewFromString(text("price"))
		pax, err2 := strconv.Atoi(text("seats"))
		start, err3 := date.ParseISO(text("start"))
		if err := errors.Join(err1, err2, err3); err != nil {
			return nil, err
		}
		cancelled := ""
		if c.Stage == "cancelled" {
			cancelled = date.NewAt(c.Closed).String()
		}
		p := o.partnerOf(c.Cards)
		rows = append(rows, []any{
			s.Run, id, min(date.NewAt(c.Opened), start).String(), cancelled, start.String(), price.Shift(2).IntPart(), text("currency"), pax,
			p.country(), string(p.subdivision), s.T(p.city, p.cityRu), text("airport"), p.company, p.manager,
		})
	}
	return rows, nil
}

// soldSales reads the table as facts of package forecast. A million rows would be streamed, as
// examples/sqlfacts does.
func soldSales(ctx context.Context, s *show.Story) (sales []forecast.Sale, err error) {
	rows, err := s.Rows(ctx, `select id, sold, cancelled, trip_start, kopecks, currency, pax, country, region, city, airport, agency, manager from tours_sale where run = $1 order by id`, s.Run)
	if err != nil {
		return nil, err
	}
	for _, f := range rows {
		sale := forecast.Sale{ID: forecast.SaleID(f[0]), Tags: forecast.Tags{}}
		for i, d := range dimensions {
			sale.Tags[d.tag] = title(s, d.tag, f[7+i])
		}
		if sale.Sold.On, err = date.ParseISO(f[1]); err != nil {
			return nil, err
		}
		if f[2] != "" {
			if sale.Cancelled.On, err = date.ParseISO(f[2]); err != nil {
				return nil, err
			}
		}
		if sale.TripStart, err = date.ParseISO(f[3]); err != nil {
			return nil, err
		}
		kopecks, err := strconv.ParseInt(f[4], 10, 64)
		if err != nil {
			return nil, err
		}
		sale.Money = forecast.Money{Amount: decimal.New(kopecks, -2), Currency: f[5]}
		if sale.Pax, err = strconv.Atoi(f[6]); err != nil {
			return nil, err
		}
		sales = append(sales, sale)
	}
	return sales, nil
}

// title is a value of a dimension for the reader; a sale without a partner has none.
func title(s *show.Story, tag, value string) string {
	switch {
	case value == "":
		return s.T("no partner", "без партнёра")
	case tag == "country" && value == "KZ":
		return s.T("Kazakhstan", "Казахстан")
	case tag == "country":
		return s.T("Russia", "Россия")
	case tag == "region":
		return region.Subdivision(value).Name(s.Lang)
	case tag == "manager":
		return person(s, value)
	}
	return value
}

// checkSales lets the database add up the same, row by row, in kopecks and passengers.
func checkSales(ctx context.Context, s *show.Story, tag, en, ru string, report forecast.SalesReport) error {
	rows := map[string][4]int64{} // kopecks and passengers, this year and last
	for side, year := range []int{2021, 2020} {
		found, err := s.Rows(ctx, `select `+tag+`, currency, cast(sum(kopecks) as bigint), cast(sum(pax) as bigint) from tours_sale
			where run = $1 and sold >= $2 and sold <= $3 and (cancelled = '' or cancelled > $4) group by `+tag+`, currency`,
			s.Run, date.New(year, 1, 1).String(), date.New(year, asOf.Month(), asOf.Day()).String(), asOf.String())
		if err != nil {
			return err
		}
		for _, f := range found {
			key := title(s, tag, f[0]) + f[1]
			row := rows[key]
			for i, text := range f[2:] {
				if row[2*side+i], err = strconv.ParseInt(text, 10, 64); err != nil {
					return err
				}
			}
			rows[key] = row
		}
	}
	kopecks := func(c forecast.SalesCell) [4]int64 {
		return [4]int64{c.This.Money.Shift(2).IntPart(), int64(c.This.Pax), c.Before.Money.Shift(2).IntPart(), int64(c.Before.Pax)}
	}
	differ := 0
	sums := map[string][4]int64{}
	for _, row := range report.Rows {
		if kopecks(row.Total) != rows[row.Tags[0]+row.Currency] {
			differ++
		}
		sum := sums[row.Currency]
		for i, n := range rows[row.Tags[0]+row.Currency] {
			sum[i] += n
		}
		sums[row.Currency] = sum
	}
	var found []string
	for _, total := range report.Totals {
		if sums[total.Currency] != kopecks(total.Total) {
			differ++
		}
		found = append(found, fmt.Sprintf("%s %s", total.Total.This.Money.StringFixed(2), total.Currency))
	}
	s.Add("sales by "+en+" are what the database adds up", "продажи по "+ru+" — то, что складывает база", differ == 0 && len(rows) == len(report.Rows),
		s.T("%d of %d rows differ; %s", "различаются %d из %d строк; %s"), differ, len(rows), strings.Join(found, ", "))
	return nil
}
