package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/forecast/chart"
	"github.com/tenure-go/tenure/pipeline"
)

// money is a developer's morning: what escrow receives when and how surely, why the plan of two
// months ago and the fact differ, what the open deals will bring, the funnel, and the day.
func (o *office) money(ctx context.Context) error {
	f := drawDeveloper(o.Seed)
	own, err := o.ownPromises(ctx)
	if err != nil {
		return err
	}
	f.promises = append(f.promises, own...)
	until := forecast.Options{AsOf: f.today, Days: 90, Every: forecast.EveryWeek, By: "project", Seed: 1}
	escrow, err := forecast.Receipts(forecast.All(f.promises), forecast.ReceiptsConfig{Options: until, Kinds: []forecast.PromiseKind{forecast.KindToEscrow}})
	if err != nil {
		return err
	}
	earlier := forecast.Options{AsOf: f.today - 61, Days: 60, Every: forecast.EveryWeek, Seed: 1}
	plan, err := forecast.Receipts(forecast.All(f.promises), forecast.ReceiptsConfig{Options: earlier, Kinds: []forecast.PromiseKind{forecast.KindToEscrow}})
	if err != nil {
		return err
	}
	why, err := forecast.PlanFact(plan, forecast.All(f.promises), forecast.Options{AsOf: f.today})
	if err != nil {
		return err
	}
	open, err := forecast.OpenDeals(forecast.All(f.deals), forecast.DealsConfig{Options: until, NewBusiness: true})
	if err != nil {
		return err
	}
	year := forecast.Period{From: f.today - 364, To: f.today + 1}
	funnel, err := forecast.Funnel(forecast.All(f.deals), forecast.FunnelConfig{Period: year, By: "channel", Stages: []string{"inquiry", "meeting", "booking"}})
	if err != nil {
		return err
	}
	marketing, err := forecast.Marketing(forecast.All(f.deals), forecast.All(f.spends), forecast.MarketingConfig{Period: year})
	if err != nil {
		return err
	}
	day, err := forecast.Daily(forecast.Sources{Deals: forecast.All(f.deals), Promises: forecast.All(f.promises), Plan: &plan},
		forecast.DailyConfig{Options: forecast.Options{AsOf: f.today}, Zone: zone})
	if err != nil {
		return err
	}
	o.Say("three houses, %d deals; onto escrow in the next 90 days: %s", "три дома, сделок %d; на эскроу за 90 дней вперёд: %s", len(f.deals), o.explain(escrow))
	for _, b := range escrow.Buckets[1:4] {
		o.Say("  week of %s: %s by contract, %s expected", "  неделя с %s: %s по договорам, %s ожидается", b.From, o.millions(b.Contract), o.millions(b.Mean))
	}
	o.Say("the last two months: %s were planned, %s came", "за последние два месяца: план %s, факт %s", o.millions(why.Total.Plan), o.millions(why.Total.Fact))
	o.Say("  paid late %s, in part %s, put off %s, cancelled %s; not planned %s, with %d flats of this house", "  с опозданием %s, не полностью %s, перенесено %s, отменено %s; сверх плана %s, в том числе %d квартир этого дома",
		o.millions(why.Total.Late), o.millions(why.Total.Short), o.millions(why.Total.Redated), o.millions(why.Total.Cancelled), o.millions(why.Total.Unplanned), len(own))
	o.checkMoney(f, own, escrow, why, funnel)
	return o.Page("newbuild.html",
		chart.Section{Title: o.T("Escrow", "Эскроу"), Text: o.explain(escrow), Charts: []chart.SVG{chart.Fan(o.T("Money into escrow by week, RUB", "Поступления на эскроу по неделям, руб."), escrow)},
			Tables: o.tables(escrow.Table(), escrow.PartsTable(), escrow.EvidenceTable())},
		chart.Section{Title: o.T("Plan and fact", "План и факт"), Charts: []chart.SVG{o.planBars(why)}, Tables: o.tables(why.Table())},
		chart.Section{Title: o.T("Open deals", "Открытые сделки"), Text: o.explain(open), Charts: []chart.SVG{chart.Fan(o.T("Won by week, RUB", "Выиграно по неделям, руб."), open)}, Tables: o.tables(open.PartsTable())},
		chart.Section{Title: o.T("Funnel", "Воронка"), Charts: []chart.SVG{o.funnelSteps(funnel)}, Tables: o.tables(funnel.Table(), funnel.LoadTable(), marketing.Table())},
		chart.Section{Title: o.T("The day", "День"), Text: day.Text(o.Lang)},
	)
}

// ownPromises are what the flats sold in this house bring onto escrow: the price of each deal, due
// ten days after the sale, and paid when the buyer or the bank has paid.
func (o *office) ownPromises(ctx context.Context) (promises []forecast.Promise, err error) {
	events, err := o.bookings(ctx)
	if err != nil {
		return nil, err
	}
	for _, e := range events {
		if e.Kind != booking.KindConfirmed || o.numberOf(e.Key.ID) == 0 || !strings.HasPrefix(string(e.Reservation.ID), o.house+"/") {
			continue
		}
		deal, err := o.deals.Case(ctx, pipeline.CaseID(e.Reservation.Holder))
		if err != nil {
			return nil, err
		}
		price, err := decimal.NewFromString(deal.Values["price"].Text)
		if err != nil {
			return nil, err
		}
		sold := o.date(e.At)
		p := forecast.Promise{
			ID: forecast.PromiseID(e.Key.ID), Deal: forecast.DealID(deal.ID), Kind: forecast.KindToEscrow, Money: forecast.Money{Amount: price, Currency: "RUB"},
			Made: forecast.On(sold), Dues: []forecast.Dated{{On: sold + 10, Known: sold}}, Tags: forecast.Tags{"project": "North Park", "payer": string(deal.ID)},
		}
		if funded := deal.Values["escrow_status"]; funded.Text == "funded" {
			p.Paid = []forecast.Payment{{Dated: forecast.On(o.date(funded.At)), Money: p.Money}}
		} else if e.Why == paidAtOnce {
			p.Paid = []forecast.Payment{{Dated: forecast.On(sold), Money: p.Money}}
		}
		promises = append(promises, p)
	}
	return promises, nil
}

func (o *office) tables(list ...forecast.Table) []forecast.Table {
	for i := range list {
		list[i] = list[i].In(o.Lang)
	}
	return list
}

// explain says how much is to come, and how surely.
func (o *office) explain(f forecast.Forecast) string {
	text := fmt.Sprintf(o.T("%s, four chances in five of %s to %s", "%s, с вероятностью четыре из пяти от %s до %s"), o.millions(f.Total.Mean), o.millions(f.Total.Low), o.millions(f.Total.High))
	if f.Degraded != "" {
		text += " (" + f.Degraded + ")"
	}
	return text
}

// millions is a sum as people say it.
func (o *office) millions(d decimal.Decimal) string {
	text := d.Shift(-6).StringFixed(1)
	return o.T(text+" million RUB", strings.Replace(text, ".", ",", 1)+" млн руб.")
}

func (o *office) planBars(r forecast.PlanFactReport) chart.SVG {
	plan, fact := chart.Series{Name: o.T("plan", "план")}, chart.Series{Name: o.T("fact", "факт")}
	for _, b := range r.Buckets {
		plan.Points = append(plan.Points, chart.Point{Label: b.From.String(), Value: b.Plan})
		fact.Points = append(fact.Points, chart.Point{Label: b.From.String(), Value: b.Fact})
	}
	return chart.Bars(o.T("Plan and fact by week, RUB", "План и факт по неделям, руб."), plan, fact)
}

func (o *office) funnelSteps(r forecast.FunnelReport) chart.SVG {
	var steps []chart.Point
	for i, stage := range []string{o.T("inquiry", "заявка"), o.T("meeting", "встреча"), o.T("booking", "бронь")} {
		steps = append(steps, chart.Point{Label: stage, Value: decimal.NewFromInt(int64(r.Total.Reached[i]))})
	}
	return chart.Steps(o.T("From inquiry to contract", "От заявки до договора"), append(steps, chart.Point{Label: o.T("won", "выиграно"), Value: decimal.NewFromInt(int64(r.Total.Won))})...)
}

// checkMoney sums the facts by hand.
func (o *office) checkMoney(f developer, own []forecast.Promise, escrow forecast.Forecast, why forecast.PlanFactReport, funnel forecast.FunnelReport) {
	due, paid := decimal.Zero, decimal.Zero
	for _, p := range f.promises {
		left := p.Amount
		for _, lot := range p.Paid {
			left = left.Sub(lot.Amount)
			if lot.On >= why.Total.From && lot.On < why.Total.To {
				paid = paid.Add(lot.Amount)
			}
		}
		on := p.Dues[0].On
		if n := len(p.Dues); p.Dues[n-1].Known <= f.today {
			on = p.Dues[n-1].On
		}
		if p.Cancelled.On == 0 && on <= f.today+90 {
			due = due.Add(left)
		}
	}
	sum := decimal.Zero
	for _, b := range escrow.Buckets {
		sum = sum.Add(b.Contract)
	}
	o.Add("escrow on paper equals the sum over promises", "эскроу по договорам равно сумме обещаний", sum.Equal(due) && escrow.Total.Contract.Equal(due), "%s", due)
	parts := decimal.Zero
	for _, p := range escrow.Parts {
		parts = parts.Add(p.Mean)
	}
	o.Add("projects add up to the forecast", "проекты складываются в прогноз", parts.Equal(escrow.Total.Mean), "%s", parts)
	o.Add("fact equals the sum over payments", "факт равен сумме платежей", why.Total.Fact.Equal(paid), "%s", paid)
	o.Add("causes add up to fact less plan", "причины складываются в разницу факта и плана", why.Total.Causes().Equal(why.Total.Difference()), "%s", why.Total.Difference())
	won := 0
	for _, d := range f.deals {
		if d.Outcome == forecast.OutcomeWon && d.Opened.On >= f.today-364 {
			won++
		}
	}
	o.Add("deals won in the funnel equal the deals", "выигранные в воронке равны сделкам", funnel.Total.Won == won, "%d", won)
	house := decimal.Zero
	for _, p := range own {
		for _, lot := range p.Paid {
			house = house.Add(lot.Amount)
		}
	}
	flats := int64(rushFlats + 1) // and Orlova's
	o.Add("paid for the flats sold in this house, price by price", "уплачено за проданные в этом доме квартиры, по ценам", house.Equal(decimal.NewFromInt(9_500_000*flats)), "%s", house)
}
