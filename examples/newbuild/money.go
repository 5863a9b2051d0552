package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/forecast/chart"
)

// houseFacts are the deals of a developer and what their buyers are to pay into escrow.
type houseFacts struct {
	today    date.Date
	deals    []forecast.Deal
	promises []forecast.Promise
	spends   []forecast.Spend
}

// drawHouse draws two years of sales: most buyers pay by instalments, some late, some in part, some
// later than first agreed; some deals fall through.
func drawHouse(seed uint64) houseFacts {
	rng := rand.New(rand.NewPCG(seed, 11))
	f := houseFacts{today: date.New(2026, 3, 31)}
	projects, channels := []string{"North Park", "River Side", "Old Mill"}, []string{"site", "agents", "context", "outdoor"}
	managers := []string{"Anna", "Boris", "Vera"}
	for i := range 900 {
		opened := f.today - date.Date(rng.IntN(540))
		project := rng.IntN(len(projects))
		d := forecast.Deal{
			ID: forecast.DealID(fmt.Sprint("deal-", i)), Opened: forecast.On(opened), Late: rng.IntN(8) / 7,
			Money: forecast.Money{Amount: decimal.NewFromInt(int64(4+rng.IntN(9)) * 1_000_000), Currency: "RUB"},
			Tags:  forecast.Tags{"project": projects[project], "channel": channels[rng.IntN(len(channels))], "manager": managers[rng.IntN(len(managers))]},
		}
		asked := opened.MidnightUTC().Add(time.Duration(9*3600+rng.IntN(9*3600)) * time.Second)
		d.Touches = []forecast.Touch{{At: asked}, {At: asked.Add(time.Duration(5+rng.IntN(60)) * time.Second), Out: true}}
		d.Stages = []forecast.Entered{{Stage: "inquiry", Dated: d.Opened}}
		day := opened
		for k, stage := range []string{"meeting", "booking"} {
			if rng.IntN(10) < 3+k {
				break
			}
			day += date.Date(2 + rng.IntN(12))
			d.Stages = append(d.Stages, forecast.Entered{Stage: stage, Dated: forecast.On(day)})
		}
		closed := day + date.Date(3+rng.IntN(25))
		won := len(d.Stages) == 3 && rng.IntN(4) > 0
		if closed <= f.today && (won || rng.IntN(5) > 0) {
			d.Closed, d.Outcome = forecast.On(closed), forecast.OutcomeLost
			if won {
				d.Outcome = forecast.OutcomeWon
				f.promises = append(f.promises, drawInstalments(rng, &d, f.today)...)
			}
		}
		f.deals = append(f.deals, d)
	}
	for month := range 18 {
		for _, channel := range channels {
			f.spends = append(f.spends, forecast.Spend{
				Dated: forecast.On(f.today - date.Date(30*month)), Money: forecast.Money{Amount: decimal.New(rng.Int64N(90_000_000)+10_000_000, -2), Currency: "RUB"},
				Tags: forecast.Tags{"channel": channel},
			})
		}
	}
	return f
}

func drawInstalments(rng *rand.Rand, d *forecast.Deal, today date.Date) []forecast.Promise {
	promises := forecast.Instalments(d.Money, 3+rng.IntN(10), d.Closed.On+10, forecast.EveryMonth)
	cancelled := date.Date(0)
	if rng.IntN(15) == 0 {
		cancelled = d.Closed.On + date.Date(30+rng.IntN(200))
	}
	for i := range promises {
		p := &promises[i]
		p.ID, p.Deal, p.Kind, p.Made = forecast.PromiseID(fmt.Sprintf("%s/%d", d.ID, i+1)), d.ID, forecast.KindToEscrow, d.Closed
		p.Dues[0].Known = d.Closed.On
		p.Tags = forecast.Tags{"project": d.Tags["project"], "payer": string(d.ID)}
		due := p.Dues[0].On
		if rng.IntN(12) == 0 { // agreed anew a week before the day
			due += date.Date(10 + rng.IntN(30))
			p.Dues = append(p.Dues, forecast.Dated{On: due, Known: p.Dues[0].On - 7})
		}
		paid := due + date.Date(rng.IntN(14)-5)
		if cancelled != 0 && paid >= cancelled {
			if cancelled <= today {
				p.Cancelled = forecast.On(cancelled)
			}
			continue
		}
		if paid > today || rng.IntN(25) == 0 {
			continue
		}
		amount := p.Money
		if rng.IntN(20) == 0 {
			amount.Amount = amount.Amount.Div(decimal.NewFromInt(2)).Round(2)
		}
		p.Paid = []forecast.Payment{{Dated: forecast.On(paid), Money: amount}}
		d.Paid = append(d.Paid, p.Paid...)
	}
	return promises
}

// money is a developer's morning: what escrow receives when and how surely, why the plan of two
// months ago and the fact differ, what the open deals will bring, the funnel, and the day.
func (o *office) money(context.Context) error {
	f := drawHouse(o.Seed)
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
	o.checkMoney(f, escrow, why, funnel)
	return o.Page("newbuild.html",
		chart.Section{Title: o.T("Escrow", "Эскроу"), Text: o.explain(escrow), Charts: []chart.SVG{chart.Fan(o.T("Money into escrow by week, RUB", "Поступления на эскроу по неделям, руб."), escrow)},
			Tables: o.tables(escrow.Table(), escrow.PartsTable(), escrow.EvidenceTable())},
		chart.Section{Title: o.T("Plan and fact", "План и факт"), Charts: []chart.SVG{o.planBars(why)}, Tables: o.tables(why.Table())},
		chart.Section{Title: o.T("Open deals", "Открытые сделки"), Text: o.explain(open), Charts: []chart.SVG{chart.Fan(o.T("Won by week, RUB", "Выиграно по неделям, руб."), open)}, Tables: o.tables(open.PartsTable())},
		chart.Section{Title: o.T("Funnel", "Воронка"), Charts: []chart.SVG{o.funnelSteps(funnel)}, Tables: o.tables(funnel.Table(), funnel.LoadTable(), marketing.Table())},
		chart.Section{Title: o.T("The day", "День"), Text: day.Text(o.Lang)},
	)
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
func (o *office) checkMoney(f houseFacts, escrow forecast.Forecast, why forecast.PlanFactReport, funnel forecast.FunnelReport) {
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
}
