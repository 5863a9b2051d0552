package forecast

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
)

func amount(s string) decimal.Decimal { return decimal.RequireFromString(s) }

func money(s, currency string) Money { return Money{amount(s), currency} }

// same compares decimals by value, wherever they are.
func same(t *testing.T, want string, got decimal.Decimal) {
	t.Helper()
	require.True(t, amount(want).Equal(got), "want %s, got %s", want, got)
}

func value(t *testing.T, r Ratio) string {
	t.Helper()
	v, ok := r.Value()
	if !ok {
		return "undefined"
	}
	return v.String()
}

func TestFunnelByHand(t *testing.T) {
	t.Parallel()
	day := date.New(2027, 6, 1)
	at := day.MidnightUTC().Add(10 * time.Hour)
	stages := func(names ...string) (list []Entered) {
		for i, n := range names {
			list = append(list, Entered{n, On(day + date.Date(i))})
		}
		return list
	}
	deals := []Deal{
		{ID: "1", Opened: On(day), Stages: stages("new", "meeting", "offer"), Closed: On(day + 4), Outcome: OutcomeWon, Money: money("100.50", "RUB"),
			Paid: []Payment{{On(day + 5), money("40.25", "RUB")}, {On(day + 60), money("60.25", "RUB")}}, Tags: Tags{"channel": "site", "manager": "Anna"},
			Touches: []Touch{{At: at}, {At: at.Add(20 * time.Second), Out: true}}},
		{ID: "2", Opened: On(day), Stages: stages("new", "meeting"), Closed: On(day + 6), Outcome: OutcomeLost, Tags: Tags{"channel": "site", "manager": "Anna"},
			Touches: []Touch{{At: at}, {At: at.Add(40 * time.Second), Out: true}}},
		{ID: "3", Opened: On(day + 1), Stages: stages("new"), Late: 2, Tags: Tags{"channel": "agent", "manager": "Boris"}, Touches: []Touch{{At: at}}},
		{ID: "4", Opened: On(day + 2), Stages: stages("new", "offer"), Closed: On(day + 12), Outcome: OutcomeWon, Money: money("7", "EUR"), Tags: Tags{"channel": "agent", "manager": "Boris"}},
		{ID: "before", Opened: On(day - 1), Late: 1, Tags: Tags{"manager": "Anna"}},
		{ID: "after", Opened: On(day + 40)},
	}
	r, err := Funnel(All(deals), FunnelConfig{Period: Period{From: day, To: day + 30}, By: "channel", Stages: []string{"new", "meeting", "offer"}})
	require.NoError(t, err)
	require.Len(t, r.Rows, 2)
	agent, site := r.Rows[0], r.Rows[1]
	require.Equal(t, "agent", agent.Tag)
	require.Equal(t, []int{2, 1, 1}, agent.Reached, "who is won came through all; an offer is beyond a meeting")
	require.Equal(t, []int{2, 2, 1}, site.Reached)
	require.Equal(t, [4]int{2, 1, 0, 1}, [4]int{agent.Opened, agent.Won, agent.Lost, agent.Open})
	require.Equal(t, [4]int{4, 2, 1, 1}, [4]int{r.Total.Opened, r.Total.Won, r.Total.Lost, r.Total.Open})
	require.Equal(t, "0.5", value(t, r.Total.Conversion()))
	require.Len(t, r.Total.Money, 2)
	same(t, "7", r.Total.Money[0].Won)
	same(t, "100.50", r.Total.Money[1].Won)
	same(t, "40.25", r.Total.Money[1].Received)
	require.Equal(t, []any{2, 2, 1, 30 * time.Second}, []any{site.Inquiries, site.Answered, site.AnsweredInTime, site.FirstResponse})
	require.Equal(t, "0.5", value(t, site.InTime()))
	require.Equal(t, []any{1, 0, "0"}, []any{agent.Inquiries, agent.Answered, value(t, agent.InTime())})
	// Won after 4 and 10 days, one open for 29: after 4 days two of three wait, after 10 one of three.
	require.Equal(t, []any{10, true}, []any{r.Total.Velocity, r.Total.VelocityKnown})
	require.Equal(t, []Load{{"Anna", 1, 2, 1}, {"Boris", 1, 0, 2}}, r.Load)
	require.Contains(t, string(r.Table().Total[0]), "total")
}

func TestMarketingByHand(t *testing.T) {
	t.Parallel()
	day := date.New(2027, 6, 1)
	deals := []Deal{
		{ID: "1", Opened: On(day), Closed: On(day + 40), Outcome: OutcomeWon, Money: money("900", "RUB"), Tags: Tags{"channel": "site"}},
		{ID: "2", Opened: On(day - 20), Closed: On(day + 3), Outcome: OutcomeWon, Money: money("500", "RUB"), Tags: Tags{"channel": "site"}},
		{ID: "3", Opened: On(day + 1), Closed: On(day + 2), Outcome: OutcomeWon, Money: money("300", "RUB"), Tags: Tags{"channel": "agent"}},
		{ID: "4", Opened: On(day + 1), Tags: Tags{"channel": "site"}},
	}
	spends := []Spend{{On(day), money("100", "RUB"), Tags{"channel": "site"}}, {On(day), money("10", "EUR"), Tags{"channel": "site"}}, {On(day + 31), money("1", "RUB"), nil}}
	c := MarketingConfig{Period: Period{From: day, To: day + 30}}
	r, err := Marketing(All(deals), All(spends), c)
	require.NoError(t, err)
	got := func(row MarketingRow) string {
		return strings.Join([]string{row.Tag, row.Currency, string(countCell(row.Leads)), string(countCell(row.Won)), row.Spend.String(), row.Revenue.String(), value(t, row.CPL()), value(t, row.CAC()), value(t, row.ROMI())}, " ")
	}
	var lines []string
	for _, row := range append(r.Rows, r.Totals...) {
		lines = append(lines, got(row))
	}
	require.Equal(t, []string{
		"agent EUR 1 1 0 0 0 0 undefined",
		"agent RUB 1 1 0 300 0 0 undefined",
		"site EUR 2 0 10 0 5 undefined -1",
		"site RUB 2 0 100 0 50 undefined -1",
		" EUR 3 1 10 0 3.3333 10 -1",
		" RUB 3 1 100 300 33.3333 100 2",
	}, lines)
	c.Closed = true
	r, err = Marketing(All(deals), All(spends), c)
	require.NoError(t, err)
	same(t, "800", r.Totals[1].Revenue)
	require.Equal(t, 2, r.Totals[1].Won)
}

func TestRoomsByHand(t *testing.T) {
	t.Parallel()
	day := date.New(2027, 6, 1)
	stays := []Stay{
		{ID: "1", Booked: On(day - 9), Arrival: day - 1, Departure: day + 2, Nights: []Money{money("100", "EUR"), money("110", "EUR"), money("120", "EUR")}, Rooms: 1},
		{ID: "2", Booked: On(day - 9), Arrival: day, Departure: day + 3, Nights: []Money{money("100", "EUR")}, Rooms: 2},
		{ID: "3", Booked: On(day - 9), Arrival: day, Departure: day + 1, Cancelled: On(day - 1), Nights: []Money{money("9", "EUR")}},
		{ID: "4", Booked: On(day - 9), Arrival: day, Departure: day + 1, NoShow: true, Nights: []Money{money("9", "EUR")}},
		{ID: "5", Booked: On(day - 9), Arrival: day, Departure: day, Nights: nil},
	}
	house := Inventory{{day, day + 3, 5, 0}, {day + 1, day + 2, 0, 1}, {day + 2, day + 3, 0, 9}}
	r, err := Rooms(All(stays), house, RoomsConfig{Period: Period{From: day, To: day + 3}})
	require.NoError(t, err)
	var lines []string
	for _, row := range append(r.Rows, r.Totals...) {
		lines = append(lines, strings.Join([]string{row.From.String(), string(countCell(row.Sold)), string(countCell(row.Available)), row.Revenue.String(), value(t, row.Occupancy()), value(t, row.ADR()), value(t, row.RevPAR())}, " "))
	}
	require.Equal(t, []string{
		"2027-06-01 3 5 143.34 0.6 47.78 28.668",
		"2027-06-02 3 4 153.33 0.75 51.11 38.3325",
		"2027-06-03 2 0 33.33 undefined 16.665 undefined",
		"2027-06-01 8 9 330 0.8889 41.25 36.6667",
	}, lines)
}

func TestCallsByHand(t *testing.T) {
	t.Parallel()
	at := time.Date(2027, 6, 8, 9, 0, 0, 0, time.UTC)
	in := func(minute, wait int, by OperatorID, rang ...OperatorID) Call {
		c := Call{At: at.Add(time.Duration(minute) * time.Minute), Group: "sales", Line: "1", Customer: "x", Rang: rang, By: by}
		if by != "" {
			c.Answered = c.At.Add(time.Duration(wait) * time.Second)
		}
		return c
	}
	calls := []Call{
		in(0, 10, "Anna", "Anna", "Boris"), in(1, 50, "Boris", "Boris"), in(2, 0, "", "Anna", "Boris"), in(100, 0, "", "Anna"),
		{At: at.Add(31 * time.Minute), Out: true, By: "Anna", Group: "sales", Line: "1", Customer: "x"},
		in(-60, 5, "Anna", "Anna"),
	}
	r, err := Calls(All(calls), CallsConfig{From: at, To: at.Add(4 * time.Hour), By: []string{"operator"}})
	require.NoError(t, err)
	require.Equal(t, []CallsRow{
		{By: []string{""}, This: CallCounts{Missed: 2, CalledBack: 1, Lost: 1}},
		{By: []string{"Anna"}, This: CallCounts{Answered: 1, Outgoing: 1, InTime: 1, Waited: 10 * time.Second, Rings: 2}, Before: CallCounts{Answered: 1, InTime: 1, Waited: 5 * time.Second}},
		{By: []string{"Boris"}, This: CallCounts{Answered: 1, Waited: 50 * time.Second, Rings: 1}},
	}, r.Rows)
	require.Equal(t, []string{"0.5", "30", "4"}, []string{value(t, r.Total.This.Rate()), value(t, r.Total.This.TimeToAnswer()), value(t, r.Total.Change())})
	require.Equal(t, "undefined", value(t, r.Rows[2].Change()), "growth on nothing")
}

func TestVisitsByHand(t *testing.T) {
	t.Parallel()
	day := date.New(2027, 3, 31) // a month back is 28 February
	visit := func(on date.Date, manager string, agency AgencyID, outcome string) Visit {
		return Visit{On(on), "meeting", outcome, agency, Tags{"manager": manager}}
	}
	visits := []Visit{
		visit(day, "Anna", "Sun", "contract"), visit(day-6, "Anna", "Sun", "no"), visit(day-7, "Anna", "Sea", "no"), visit(day-21, "Boris", "Sun", "no"),
		visit(date.New(2027, 3, 1), "Boris", "Sky", "contract"), visit(date.New(2027, 2, 28), "Boris", "Old", "no"),
		{On(day), "call", "no", "Sun", Tags{"manager": "Anna"}}, visit(day+1, "Anna", "New", "no"),
	}
	r, err := Visits(All(visits), VisitsConfig{AsOf: day, Kinds: []string{"meeting"}})
	require.NoError(t, err)
	require.Equal(t, []string{"contract", "no"}, r.Outcomes)
	require.Equal(t, []VisitsRow{{"Anna", [4]int{1, 2, 2, 2}, 3, []int{1, 2}}, {"Boris", [4]int{0, 0, 0, 2}, 2, []int{1, 1}}}, r.Rows)
	require.Equal(t, VisitsRow{"", [4]int{1, 2, 2, 4}, 5, []int{2, 3}}, r.Total)
}

func TestSalesByHand(t *testing.T) {
	t.Parallel()
	asOf := date.New(2027, 6, 8)
	sale := func(on date.Date, price string, pax int, airport, agency string) Sale {
		return Sale{Sold: On(on), TripStart: on + 20, Money: money(price, "RUB"), Pax: pax, Tags: Tags{"manager": "Anna", "agency": agency, "airport": airport, "country": "Russia", "region": "Volga", "city": "Kazan", "branch": "East"}}
	}
	sales := []Sale{
		sale(date.New(2027, 5, 31), "100", 2, "KZN", "Sun"), sale(date.New(2027, 6, 8), "50.50", 1, "KUF", "Sun"), sale(date.New(2027, 6, 9), "1", 9, "KZN", "Sun"),
		sale(date.New(2026, 5, 1), "60", 3, "KZN", "Sun"), sale(date.New(2026, 6, 8), "40.40", 1, "KUF", "Sea"), sale(date.New(2026, 6, 9), "1", 9, "KUF", "Sea"),
		sale(date.New(2026, 4, 30), "1", 9, "KUF", "Sea"),
	}
	cancelled := sale(date.New(2027, 6, 1), "77", 7, "KZN", "Sun")
	cancelled.Cancelled = On(date.New(2027, 6, 3))
	sales = append(sales, cancelled)
	tables := map[Preset][]string{
		PresetRepresentative: {"Anna Sea RUB 0 0 0 1 -100.0% 0.00 40.40 -100.0%", "Anna Sun RUB 1 2 3 3 0.0% 150.50 60.00 150.8%", "total  RUB 1 2 3 4 -25.0% 150.50 100.40 49.9%"},
		PresetMoney:          {"Russia Volga Kazan Sea RUB 0.00 0.00 – 0.00 40.40 -100.0% 0.00 40.40 -100.0%", "Russia Volga Kazan Sun RUB 100.00 60.00 66.7% 50.50 0.00 – 150.50 60.00 150.8%", "total    RUB 100.00 60.00 66.7% 50.50 40.40 25.0% 150.50 100.40 49.9%"},
		PresetPax:            {"Russia Volga Kazan Sea RUB 0 0 – 0 1 -100.0% 0 1 -100.0%", "Russia Volga Kazan Sun RUB 2 3 -33.3% 1 0 – 3 3 0.0%", "total    RUB 2 3 -33.3% 1 1 0.0% 3 4 -25.0%"},
		PresetRegional:       {"Volga RUB 1 2 3 4 -25.0% 150.50 100.40 49.9%", "total RUB 1 2 3 4 -25.0% 150.50 100.40 49.9%"},
		PresetCity:           {"Kazan RUB 1 2 3 4 -25.0% 150.50 100.40 49.9%", "total RUB 1 2 3 4 -25.0% 150.50 100.40 49.9%"},
		PresetBranch:         {"East RUB 100.00 60.00 66.7% 50.50 40.40 25.0% 150.50 100.40 49.9%", "total RUB 100.00 60.00 66.7% 50.50 40.40 25.0% 150.50 100.40 49.9%"},
	}
	for preset, want := range tables {
		r, err := Sales(All(sales), SalesPreset(preset, asOf, 2))
		require.NoError(t, err)
		table := r.Table()
		var got []string
		for row := range table.all() {
			var cells []string
			for _, c := range row {
				cells = append(cells, string(c))
			}
			got = append(got, strings.Join(cells, " "))
			require.Len(t, row, len(table.Columns))
		}
		require.Equal(t, want, got, preset)
	}
}

func TestSameTimeLastYear(t *testing.T) {
	t.Parallel()
	asOf := date.New(2027, 6, 8)
	start := asOf + 10
	sales := []Sale{
		{Sold: On(asOf), TripStart: start, Money: money("1", "RUB"), Pax: 1},
		{Sold: On(asOf - 364), TripStart: start - 364, Money: money("1", "RUB"), Pax: 2},                             // on the books that day
		{Sold: On(asOf - 363), TripStart: start - 364, Money: money("1", "RUB"), Pax: 4},                             // a day too late
		{Sold: On(asOf - 400), Cancelled: On(asOf - 363), TripStart: start - 364, Money: money("1", "RUB"), Pax: 8},  // was still standing
		{Sold: On(asOf - 400), Cancelled: On(asOf - 364), TripStart: start - 364, Money: money("1", "RUB"), Pax: 16}, // had gone that day
		{Sold: Dated{asOf - 400, asOf - 100}, TripStart: start - 364, Money: money("1", "RUB"), Pax: 32},             // nobody knew of it
		{Sold: On(asOf - 1), TripStart: date.New(2027, 6, 30), Money: money("1", "RUB"), Pax: 64},                    // the month's last day
		{Sold: On(asOf - 1), TripStart: date.New(2027, 7, 1), Money: money("1", "RUB"), Pax: 128},                    // the next month
	}
	r, err := Sales(All(sales), SalesConfig{AsOf: asOf, Measure: MeasurePax, Compare: CompareSTLY})
	require.NoError(t, err)
	require.Equal(t, [2]int{1 + 64, 2 + 8}, [2]int{r.Totals[0].Total.This.Pax, r.Totals[0].Total.Before.Pax})
}

func TestPlanFactCauses(t *testing.T) {
	t.Parallel()
	made, planned := date.New(2027, 5, 1), date.New(2027, 5, 31)
	first, second := date.New(2027, 6, 1), date.New(2027, 6, 8) // two weeks, Tuesday to Monday is cut on Mondays
	promise := func(id string, due date.Date, paid ...Payment) Promise {
		return Promise{ID: PromiseID(id), Money: money("100", "RUB"), Made: On(made), Dues: []Dated{{due, made}}, Paid: paid}
	}
	pay := func(on date.Date, s string) Payment { return Payment{On(on), money(s, "RUB")} }
	redated := promise("redated", first, pay(second, "100"))
	redated.Dues = append(redated.Dues, Dated{second, planned + 1})
	cancelled := promise("cancelled", first)
	cancelled.Cancelled = On(first)
	unplanned := promise("unplanned", second, pay(second, "100"))
	unplanned.Made, unplanned.Dues = On(planned+1), []Dated{{second, planned + 1}}
	promises := []Promise{
		promise("in time", first, pay(first, "100")), promise("early", second, pay(first, "100")), promise("late", first, pay(second, "100")),
		promise("never", first), promise("short", first, pay(first, "30")), redated, cancelled, unplanned, promise("too much", first, pay(first, "130")),
	}
	plan, err := Receipts(All(promises), ReceiptsConfig{Options: Options{AsOf: planned, Days: 14, Every: EveryWeek}})
	require.NoError(t, err)
	r, err := PlanFact(plan, All(promises), Options{AsOf: date.New(2027, 6, 30)})
	require.NoError(t, err)
	line := func(b PlanFactBucket) string {
		return fmt.Sprint(b.Plan, " ", b.Fact, ": ", b.Early, " ", b.Late, " ", b.Short, " ", b.Redated, " ", b.Cancelled, " ", b.Unplanned)
	}
	require.Equal(t, "700 360: 100 -200 -70 -100 -100 30", line(r.Buckets[0]))
	require.Equal(t, "100 300: -100 100 0 100 0 100", line(r.Buckets[1]))
	require.Equal(t, "800 660: 0 -100 -70 0 -100 130", line(r.Total))

	_, err = PlanFact(Forecast{}, All(promises), Options{AsOf: planned})
	var invalid *InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, WhyFromReceipt, invalid.Why)
}

func TestDailyText(t *testing.T) {
	t.Parallel()
	day := date.New(2027, 6, 8)
	at := day.MidnightUTC().Add(9 * time.Hour)
	promises := []Promise{{ID: "1", Money: money("100", "RUB"), Dues: []Dated{{day, day - 30}}, Paid: []Payment{{On(day), money("60", "RUB")}}}}
	plan, err := Receipts(All(promises), ReceiptsConfig{Options: Options{AsOf: day - 1, Days: 1}})
	require.NoError(t, err)
	s, err := Daily(Sources{
		Deals: All([]Deal{
			{ID: "1", Opened: On(day), Stages: []Entered{{"new", On(day)}}, Touches: []Touch{{At: at}, {At: at.Add(20 * time.Second), Out: true}}, Late: 1},
			{ID: "2", Opened: On(day - 9), Closed: On(day), Outcome: OutcomeWon, Money: money("5", "RUB"), Touches: []Touch{{At: at}}},
		}),
		Promises: All(promises), Plan: &plan,
		Stays:     All([]Stay{{Booked: On(day - 9), Arrival: day - 1, Departure: day}, {Booked: On(day - 9), Arrival: day, Departure: day + 1}}),
		Inventory: Inventory{{day, day + 1, 2, 0}},
		Calls:     All([]Call{{At: at, Rang: []OperatorID{"Anna"}, Customer: "x"}}),
	}, DailyConfig{Options: Options{AsOf: day}, Zone: "Europe/Moscow"})
	require.NoError(t, err)
	require.Equal(t, `Day: 2027-06-08
Inquiries: 1 new, 1 repeated
First response: 20s, in time 1 of 1
Moves: 1, won: 1 (5.00 RUB)
Late: nobody, 1 tasks
Received: 60.00 RUB
Plan since 2027-06-08: 100.00, fact 60.00, difference -40.00 RUB
To come by 2027-07-08: 40.00 (0.00 to 66.67) RUB
Arrivals: 1, departures: 1, occupancy: 50.0%
Calls: 0 answered, 1 missed, 1 not returned
`, s.Text("en"))
	require.Len(t, s.Table().Rows, 10)
	require.Contains(t, s.Text("ru"), "Обращения: новых 1, повторных 1")
}

func TestFaultyRows(t *testing.T) {
	t.Parallel()
	day := date.New(2027, 6, 1)
	o := Options{AsOf: day, Days: 7}
	period := Period{From: day, To: day + 7}
	for field, run := range map[string]func(skip bool) ([]Problem, error){
		"Closed": func(skip bool) ([]Problem, error) {
			o.Skip = skip
			f, err := OpenDeals(All([]Deal{{Opened: On(day)}, {Opened: On(day), Closed: On(day - 1), Outcome: OutcomeWon}}), DealsConfig{Options: o})
			return f.Notes, err
		},
		"Departure": func(skip bool) ([]Problem, error) {
			o.Skip = skip
			f, err := Occupancy(All([]Stay{{Booked: On(day), Arrival: day, Departure: day + 1}, {Booked: On(day), Arrival: day, Departure: day - 1}}), nil, StaysConfig{Options: o})
			return f.Notes, err
		},
		"Currency": func(skip bool) ([]Problem, error) {
			r, err := Sales(All([]Sale{{Sold: On(day), Money: money("1", "RUB")}, {Sold: On(day), Money: money("1", "rub")}}), SalesConfig{AsOf: day, Skip: skip})
			return r.Notes, err
		},
		"Answered": func(skip bool) ([]Problem, error) {
			at := day.MidnightUTC()
			r, err := Calls(All([]Call{{At: at}, {At: at, Answered: at.Add(-1)}}), CallsConfig{From: at, To: at.Add(time.Hour), Skip: skip})
			return r.Notes, err
		},
		"Agency": func(skip bool) ([]Problem, error) {
			r, err := Visits(All([]Visit{{Dated: On(day), Agency: "Sun"}, {Dated: On(day)}}), VisitsConfig{AsOf: day, Skip: skip})
			return r.Notes, err
		},
		"Dues": func(skip bool) ([]Problem, error) {
			o.Skip = skip
			f, err := Receipts(All([]Promise{{Money: money("1", "RUB"), Dues: []Dated{On(day)}}, {Money: money("1", "RUB")}}), ReceiptsConfig{Options: o})
			return f.Notes, err
		},
		"On": func(skip bool) ([]Problem, error) {
			p := period
			p.Skip = skip
			r, err := Marketing(nil, All([]Spend{{On(day), money("1", "RUB"), nil}, {Dated{}, money("1", "RUB"), nil}}), MarketingConfig{Period: p})
			return r.Notes, err
		},
	} {
		_, err := run(false)
		var row *RowError
		require.ErrorAs(t, err, &row, field)
		require.Equal(t, 2, row.Line)
		require.Equal(t, field, row.Field)
		require.NotEqual(t, row.Text("en"), row.Text("ru"))
		notes, err := run(true)
		require.NoError(t, err)
		require.Equal(t, []Problem{Problem(*row)}, notes)
	}
}

func TestStreamFailsMidway(t *testing.T) {
	t.Parallel()
	broken := errors.New("connection lost")
	rows := func(yield func(Deal, error) bool) {
		_ = yield(Deal{Opened: On(origin)}, nil) && yield(Deal{}, broken)
	}
	f, err := OpenDeals(rows, DealsConfig{Options: Options{AsOf: origin}})
	require.ErrorIs(t, err, broken)
	require.ErrorContains(t, err, "after 1 rows")
	require.Empty(t, bytesOf(f)[len(bytesOf(Forecast{})):])
	r, err := Funnel(rows, FunnelConfig{Period: Period{From: origin, To: origin + 1}})
	require.ErrorIs(t, err, broken)
	require.Empty(t, r.Rows)
}

func TestEmptyAndForced(t *testing.T) {
	t.Parallel()
	o := Options{AsOf: origin, Days: 7}
	for _, f := range (history{}).forecasts(t, o, MeasureCount) {
		require.True(t, f.Total.Mean.IsZero())
		require.NotEmpty(t, f.Degraded)
		requireAddsUp(t, f)
	}
	o.Method = MethodRidge
	_, err := Occupancy(nil, nil, StaysConfig{Options: o})
	var short *HistoryError
	require.ErrorAs(t, err, &short)
	require.Positive(t, short.Need)
	require.NotEqual(t, short.Text("en"), short.Text("ru"))
	o.Method = "guess"
	_, err = Receipts(nil, ReceiptsConfig{Options: o})
	var invalid *InvalidError
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, "Method", invalid.Field)
	_, err = Receipts(nil, ReceiptsConfig{Options: Options{Days: -1}})
	var config *ConfigError
	require.ErrorAs(t, err, &config)
	require.Len(t, config.Problems, 2)
	require.NotEqual(t, config.Text("en"), config.Text("ru"))
	_, err = Receipts(nil, ReceiptsConfig{Options: Options{AsOf: origin}, Kinds: []PromiseKind{KindToEscrow, KindEscrowRelease}})
	require.ErrorAs(t, err, &invalid)
	require.Equal(t, WhyNeverAdded, invalid.Why)
}

func TestConditions(t *testing.T) {
	t.Parallel()
	p := Promise{ID: "1", Money: money("100", "RUB"), Dues: []Dated{{origin + 2, origin - 9}}, Needs: []ConditionID{"registered"}}
	o := Options{AsOf: origin, Days: 10}
	f, err := Receipts(All([]Promise{p}), ReceiptsConfig{Options: o})
	require.NoError(t, err)
	require.True(t, f.Total.Contract.IsZero())
	require.Equal(t, []Problem{{Field: "Needs", Value: "1", Why: WhyWaiting}}, f.Notes)
	f, err = Receipts(All([]Promise{p}), ReceiptsConfig{Options: o, Met: map[ConditionID]Dated{"registered": {origin + 5, origin}}})
	require.NoError(t, err)
	same(t, "100", f.Buckets[4].Contract)
}

func TestZombies(t *testing.T) {
	t.Parallel()
	var deals []Deal
	for i := range 100 {
		deals = append(deals, Deal{ID: DealID(fmt.Sprint(i)), Opened: On(origin - date.Date(150-i)), Closed: On(origin - date.Date(140-i)), Outcome: Outcome(1 + i%2), Money: money("10", "RUB")})
	}
	deals = append(deals, Deal{ID: "old", Opened: On(origin - 140), Money: money("777", "RUB")})
	f, err := OpenDeals(All(deals), DealsConfig{Options: Options{AsOf: origin}})
	require.NoError(t, err)
	same(t, "777", f.Zombies.Contract)
	require.True(t, f.Total.Mean.IsZero())
}

// Dates from the ends of time are a faulty row or a long history, and no reason to run out of memory.
func TestFarDates(t *testing.T) {
	t.Parallel()
	o := Options{AsOf: origin, Days: 30, Skip: true}
	far := []date.Date{1, 100_000, origin - 1, origin + 1, 3_000_000, 1 << 31, 1 << 40}
	var h history
	for _, a := range far {
		for _, b := range far {
			h.stays = append(h.stays, Stay{Booked: On(a), Arrival: b, Departure: b + 3}, Stay{Booked: On(a), Arrival: a, Departure: b})
			h.deals = append(h.deals, Deal{Opened: On(a), Money: money("1", "RUB")}, Deal{Opened: On(a), Closed: On(b), Outcome: OutcomeWon, Money: money("1", "RUB")})
			h.promises = append(h.promises, Promise{Money: money("1", "RUB"), Dues: []Dated{{a, 1}}, Paid: []Payment{{On(b), money("1", "RUB")}}}, Promise{Money: money("1", "RUB"), Made: On(a), Dues: []Dated{{b, 1}}})
		}
	}
	for _, f := range h.forecasts(t, o, MeasureCount) {
		requireAddsUp(t, f)
	}
}
