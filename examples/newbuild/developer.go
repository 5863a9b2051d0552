package main

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/forecast"
)

// developer are the deals of a developer and what their buyers are to pay into escrow.
type developer struct {
	today    date.Date
	deals    []forecast.Deal
	promises []forecast.Promise
	spends   []forecast.Spend
}

// drawDeveloper draws two years of sales: most buyers pay by instalments, some late, some in part, some
// later than first agreed; some deals fall through.
func drawDeveloper(seed uint64) developer {
	rng := rand.New(rand.NewPCG(seed, 11))
	f := developer{today: date.New(2026, 3, 31)}
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
