package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
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
	f := houseFacts{today: date.New(2027, 6, 8)}
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

// money is the page of a developer's morning: what escrow receives when and how surely, why the
// plan of two months ago and the fact differ, what the open deals will bring, the funnel, the day.
func money(f houseFacts, lang, out string, checks *show.Checks) error {
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
		forecast.DailyConfig{Options: forecast.Options{AsOf: f.today}, Zone: "Europe/Moscow"})
	if err != nil {
		return err
	}
	checkHouse(f, escrow, why, funnel, checks)
	return show.Page(checks, out, "newbuild.html",
		chart.Section{Title: "Escrow", Text: explain(escrow), Charts: []chart.SVG{chart.Fan("Money into escrow by week, RUB", escrow)},
			Tables: tables(lang, escrow.Table(), escrow.PartsTable(), escrow.EvidenceTable())},
		chart.Section{Title: "Plan and fact", Charts: []chart.SVG{planBars(why)}, Tables: tables(lang, why.Table())},
		chart.Section{Title: "Open deals", Text: explain(open), Charts: []chart.SVG{chart.Fan("Won by week, RUB", open)}, Tables: tables(lang, open.PartsTable())},
		chart.Section{Title: "Funnel", Charts: []chart.SVG{funnelSteps(funnel)}, Tables: tables(lang, funnel.Table(), funnel.LoadTable(), marketing.Table())},
		chart.Section{Title: "The day", Text: day.Text(lang)},
	)
}

func tables(lang string, list ...forecast.Table) []forecast.Table {
	for i := range list {
		list[i] = list[i].In(lang)
	}
	return list
}

// explain says by what method a forecast is, and why not by a better one.
func explain(f forecast.Forecast) string {
	text := fmt.Sprintf("%s to come, %s to %s with four chances of five, by method %q.", f.Total.Mean, f.Total.Low, f.Total.High, f.Method)
	if f.Degraded != "" {
		text += " " + f.Degraded + "."
	}
	return text
}

func planBars(r forecast.PlanFactReport) chart.SVG {
	plan, fact := chart.Series{Name: "plan"}, chart.Series{Name: "fact"}
	for _, b := range r.Buckets {
		plan.Points = append(plan.Points, chart.Point{Label: b.From.String(), Value: b.Plan})
		fact.Points = append(fact.Points, chart.Point{Label: b.From.String(), Value: b.Fact})
	}
	return chart.Bars("Plan and fact by week, RUB", plan, fact)
}

func funnelSteps(r forecast.FunnelReport) chart.SVG {
	var steps []chart.Point
	for i, stage := range r.Stages {
		steps = append(steps, chart.Point{Label: stage, Value: decimal.NewFromInt(int64(r.Total.Reached[i]))})
	}
	return chart.Steps("From inquiry to contract", append(steps, chart.Point{Label: "won", Value: decimal.NewFromInt(int64(r.Total.Won))})...)
}

// checkHouse sums the facts by hand.
func checkHouse(f houseFacts, escrow forecast.Forecast, why forecast.PlanFactReport, funnel forecast.FunnelReport, checks *show.Checks) {
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
	checks.Add("escrow on paper equals the sum over promises", sum.Equal(due) && escrow.Total.Contract.Equal(due), "%s", due)
	parts := decimal.Zero
	for _, p := range escrow.Parts {
		parts = parts.Add(p.Mean)
	}
	checks.Add("projects add up to the forecast", parts.Equal(escrow.Total.Mean), "%s", parts)
	checks.Add("fact equals the sum over payments", why.Total.Fact.Equal(paid), "%s", paid)
	checks.Add("causes add up to fact less plan", why.Total.Causes().Equal(why.Total.Difference()), "%s", why.Total.Difference())
	won := 0
	for _, d := range f.deals {
		if d.Outcome == forecast.OutcomeWon && d.Opened.On >= f.today-364 {
			won++
		}
	}
	checks.Add("deals won in the funnel equal the deals", funnel.Total.Won == won, "%d", won)
}
