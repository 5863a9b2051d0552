package forecast_test

import (
	"fmt"
	"os"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/forecast"
)

func rub(amount int64) forecast.Money {
	return forecast.Money{Amount: decimal.NewFromInt(amount), Currency: "RUB"}
}

func ExampleReceipts() {
	due := forecast.Instalments(rub(6_000_000), 12, date.New(2027, 7, 1), forecast.EveryMonth)
	next90 := forecast.Options{AsOf: date.New(2027, 6, 8), Days: 90}
	f, err := forecast.Receipts(forecast.All(due), forecast.ReceiptsConfig{Options: next90})
	fmt.Println(f.Total.Mean, f.Method, err)
	fmt.Println(f.Degraded)
	// Output:
	// 1500000 schedule <nil>
	// 0 promises paid, a model needs 30
}

func ExampleInstalments() {
	for _, p := range forecast.Instalments(rub(100), 3, date.New(2027, 1, 31), forecast.EveryMonth) {
		fmt.Println(p.Dues[0].On, p.Amount)
	}
	// Output:
	// 2027-01-31 33.34
	// 2027-02-28 33.33
	// 2027-03-31 33.33
}

func ExamplePlanFact() {
	july := date.New(2027, 7, 1)
	promises := []forecast.Promise{
		{ID: "a", Money: rub(100), Dues: []forecast.Dated{{On: july, Known: july - 20}}, Paid: []forecast.Payment{{Dated: forecast.On(july + 8), Money: rub(100)}}},
		{ID: "b", Money: rub(50), Dues: []forecast.Dated{{On: july, Known: july - 20}}, Paid: []forecast.Payment{{Dated: forecast.On(july), Money: rub(30)}}},
	}
	plan, _ := forecast.Receipts(forecast.All(promises), forecast.ReceiptsConfig{
		Options: forecast.Options{AsOf: july - 1, Days: 14, Every: forecast.EveryWeek},
	})
	r, err := forecast.PlanFact(plan, forecast.All(promises), forecast.Options{AsOf: july + 30})
	for _, b := range r.Buckets {
		fmt.Println(b.From, "plan", b.Plan, "fact", b.Fact, "late", b.Late, "short", b.Short)
	}
	fmt.Println(err)
	// Output:
	// 2027-07-01 plan 150 fact 30 late -100 short -20
	// 2027-07-05 plan 0 fact 100 late 100 short 0
	// 2027-07-12 plan 0 fact 0 late 0 short 0
	// <nil>
}

func ExampleOpenDeals() {
	var deals []forecast.Deal
	for i := range 200 { // every day a deal; every other one is won after three weeks
		opened := date.New(2027, 1, 1) + date.Date(i)
		d := forecast.Deal{ID: forecast.DealID(fmt.Sprint(i)), Opened: forecast.On(opened), Money: rub(1000)}
		if opened+21 <= date.New(2027, 7, 19) {
			d.Closed, d.Outcome = forecast.On(opened+21), forecast.Outcome(1+i%2)
		}
		deals = append(deals, d)
	}
	f, err := forecast.OpenDeals(forecast.All(deals), forecast.DealsConfig{Options: forecast.Options{AsOf: date.New(2027, 7, 19), Days: 30}})
	fmt.Println(f.Total.Mean.Round(-3), len(f.Evidence), "methods compared", err)
	// Output:
	// 10000 8 methods compared <nil>
}

func ExampleOccupancy() {
	var stays []forecast.Stay
	for i := range 900 { // five arrivals a day, booked ten days before, for two nights
		for range 5 {
			arrival := date.New(2025, 6, 1) + date.Date(i)
			if booked := arrival - 10; booked <= date.New(2027, 6, 30) {
				stays = append(stays, forecast.Stay{Booked: forecast.On(booked), Arrival: arrival, Departure: arrival + 2})
			}
		}
	}
	f, err := forecast.Occupancy(forecast.All(stays), forecast.Inventory{{From: 0, To: date.New(2030, 1, 1), Rooms: 12}},
		forecast.StaysConfig{Options: forecast.Options{AsOf: date.New(2027, 6, 30), Days: 30}})
	fmt.Println("on the books", f.Total.Contract, "expected", f.Total.Mean.Round(0), err)
	// Output:
	// on the books 105 expected 300 <nil>
}

func ExampleCancellations() {
	var stays []forecast.Stay
	for i := range 3000 { // ten arrivals a day, booked thirty days before; each fifth is cancelled after twenty
		arrival := date.New(2026, 7, 1) + date.Date(i/10)
		s := forecast.Stay{Booked: forecast.On(arrival - 30), Arrival: arrival, Departure: arrival + 1}
		if i%5 == 0 {
			s.Cancelled = forecast.On(arrival - 10)
		}
		stays = append(stays, s)
	}
	f, err := forecast.Cancellations(forecast.All(stays), forecast.StaysConfig{Options: forecast.Options{AsOf: date.New(2027, 3, 1), Days: 20}})
	fmt.Println("on the books", f.Total.Contract, "will go", f.Total.Mean.Round(0), err)
	// Output:
	// on the books 180 will go 20 <nil>
}

func ExampleFunnel() {
	day := date.New(2027, 6, 1)
	deals := []forecast.Deal{
		{ID: "1", Opened: forecast.On(day), Closed: forecast.On(day + 9), Outcome: forecast.OutcomeWon, Money: rub(100), Paid: []forecast.Payment{{Dated: forecast.On(day + 10), Money: rub(40)}}, Tags: forecast.Tags{"channel": "site"}},
		{ID: "2", Opened: forecast.On(day + 1), Tags: forecast.Tags{"channel": "agent"}},
	}
	r, err := forecast.Funnel(forecast.All(deals), forecast.FunnelConfig{Period: forecast.Period{From: day, To: day + 30}, By: "channel"})
	for _, row := range r.Rows {
		fmt.Println(row.Tag, row.Opened, row.Won, row.Money)
	}
	fmt.Println(err)
	// Output:
	// agent 1 0 []
	// site 1 1 [{RUB 100 40}]
	// <nil>
}

func ExampleMarketing() {
	day := date.New(2027, 6, 1)
	deals := []forecast.Deal{
		{ID: "1", Opened: forecast.On(day), Closed: forecast.On(day + 9), Outcome: forecast.OutcomeWon, Money: rub(900), Tags: forecast.Tags{"channel": "site"}},
		{ID: "2", Opened: forecast.On(day + 1), Tags: forecast.Tags{"channel": "site"}},
	}
	spends := []forecast.Spend{{Dated: forecast.On(day), Money: rub(300), Tags: forecast.Tags{"channel": "site"}}}
	r, _ := forecast.Marketing(forecast.All(deals), forecast.All(spends), forecast.MarketingConfig{Period: forecast.Period{From: day, To: day + 30}})
	_ = r.Table().WriteMarkdown(os.Stdout)
	// Output:
	// ### Marketing: 2027-06-01–2027-06-30
	//
	// | channel | currency | leads | won | spend | revenue | CPL | CAC | ROMI |
	// | --- | --- | ---: | ---: | ---: | ---: | ---: | ---: | ---: |
	// | site | RUB | 2 | 1 | 300.00 | 900.00 | 150.00 | 300.00 | 200.0% |
	// | **total** | **RUB** | **2** | **1** | **300.00** | **900.00** | **150.00** | **300.00** | **200.0%** |
}

func ExampleRooms() {
	day := date.New(2027, 6, 1)
	stays := []forecast.Stay{{Booked: forecast.On(day - 5), Arrival: day, Departure: day + 2, Nights: []forecast.Money{rub(9001)}}}
	house := forecast.Inventory{{From: day, To: day + 30, Rooms: 4}}
	r, _ := forecast.Rooms(forecast.All(stays), house, forecast.RoomsConfig{Period: forecast.Period{From: day, To: day + 2}})
	_ = r.Table().WriteCSV(os.Stdout)
	// Output:
	// period,currency,sold,available,occupancy,revenue,ADR,RevPAR
	// 2027-06-01,RUB,1,4,25.0%,4500.50,4500.50,1125.12
	// 2027-06-02,RUB,1,4,25.0%,4500.50,4500.50,1125.12
	// total,RUB,2,8,25.0%,9001.00,4500.50,1125.12
}

func ExampleSales() {
	sale := func(on date.Date, amount int64) forecast.Sale {
		return forecast.Sale{Sold: forecast.On(on), TripStart: on + 30, Money: rub(amount), Pax: 2, Tags: forecast.Tags{"branch": "East"}}
	}
	sales := []forecast.Sale{sale(date.New(2027, 6, 2), 300), sale(date.New(2026, 6, 5), 200), sale(date.New(2026, 6, 20), 500)}
	r, _ := forecast.Sales(forecast.All(sales), forecast.SalesPreset(forecast.PresetBranch, date.New(2027, 6, 8), 1))
	_ = r.Table().WriteCSV(os.Stdout)
	// Output:
	// branch,currency,2027-06,"2027-06, year before","2027-06, growth",period,"period, year before","period, growth"
	// East,RUB,300.00,200.00,50.0%,300.00,200.00,50.0%
	// total,RUB,300.00,200.00,50.0%,300.00,200.00,50.0%
}

func ExampleSalesPreset() {
	c := forecast.SalesPreset(forecast.PresetRepresentative, date.New(2027, 6, 8), 3)
	fmt.Println(c.Rows, c.Column, c.Measure == forecast.MeasurePax)
	// Output: [manager agency] airport true
}

func ExampleVisits() {
	day := date.New(2027, 6, 8)
	visit := func(ago date.Date, agency forecast.AgencyID) forecast.Visit {
		return forecast.Visit{Dated: forecast.On(day - ago), Kind: "meeting", Outcome: "contract", Agency: agency, Tags: forecast.Tags{"manager": "Anna"}}
	}
	visits := []forecast.Visit{visit(1, "Sun"), visit(2, "Sun"), visit(9, "Sea"), visit(25, "Sky")}
	r, err := forecast.Visits(forecast.All(visits), forecast.VisitsConfig{AsOf: day})
	fmt.Println(r.Rows[0].Manager, r.Rows[0].Met, r.Rows[0].Visits, r.Outcomes, err)
	// Output: Anna [1 2 2 3] 4 [contract] <nil>
}

func ExampleCalls() {
	ten := time.Date(2027, 6, 8, 10, 0, 0, 0, time.UTC)
	calls := []forecast.Call{
		{ID: "1", At: ten, Answered: ten.Add(12 * time.Second), By: "Anna", Group: "sales"},
		{ID: "2", At: ten.Add(time.Hour), Rang: []forecast.OperatorID{"Anna", "Boris"}, Group: "sales", Customer: "+79161234567"},
		{ID: "3", At: ten.Add(80 * time.Minute), Out: true, By: "Boris", Group: "sales", Customer: "+79161234567"},
	}
	r, err := forecast.Calls(forecast.All(calls), forecast.CallsConfig{From: ten, To: ten.Add(8 * time.Hour), By: []string{"group"}})
	c := r.Rows[0].This
	fmt.Println(r.Rows[0].By, c.Answered, c.Missed, c.CalledBack, c.Lost, c.Rings, err)
	// Output: [sales] 1 1 1 0 2 <nil>
}

func ExampleDaily() {
	day := date.New(2027, 6, 8)
	stays := []forecast.Stay{{Booked: forecast.On(day - 5), Arrival: day, Departure: day + 2}}
	deals := []forecast.Deal{{ID: "1", Opened: forecast.On(day), Late: 2, Tags: forecast.Tags{"manager": "Анна"}}}
	s, err := forecast.Daily(forecast.Sources{Deals: forecast.All(deals), Stays: forecast.All(stays), Inventory: forecast.Inventory{{From: day, To: day + 9, Rooms: 4}}},
		forecast.DailyConfig{Options: forecast.Options{AsOf: day}, Zone: "Europe/Moscow"})
	fmt.Print(s.Text("ru"))
	fmt.Println(err)
	// Output:
	// День: 2027-06-08
	// Обращения: новых 1, повторных 0
	// Переходы: 0, выиграно: 0 (–)
	// Просрочено: Анна, задач: 2
	// Заезды: 1, выезды: 0, загрузка: 25.0%
	// <nil>
}

func ExampleAll() {
	sales := []forecast.Sale{{ID: "1"}, {ID: "2"}}
	for sale, err := range forecast.All(sales) {
		fmt.Println(sale.ID, err)
	}
	// Output:
	// 1 <nil>
	// 2 <nil>
}

func ExampleOn() {
	fmt.Println(forecast.On(date.New(2027, 6, 8)).On)
	// Output: 2027-06-08
}
