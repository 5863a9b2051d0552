package forecast

import (
	"fmt"
	"slices"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// The origin of every drawn history.
var origin = date.New(2025, 6, 15)

func drawDay(t *rapid.T, from, to int, name string) date.Date {
	return origin + date.Date(rapid.IntRange(from, to).Draw(t, name))
}

func drawMoney(t *rapid.T, name string) Money {
	return Money{decimal.New(rapid.Int64Range(1, 5_000_000).Draw(t, name), -2), "RUB"}
}

func drawTags(t *rapid.T) Tags {
	return Tags{
		"payer": rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "payer"), "project": rapid.SampledFrom([]string{"north", "south", ""}).Draw(t, "project"),
		"channel": rapid.SampledFrom([]string{"web", "agent"}).Draw(t, "channel"), "deposit": rapid.SampledFrom([]string{"", "full"}).Draw(t, "deposit"),
	}
}

// drawPromises draws promises whose facts lie on both sides of the origin.
func drawPromises(t *rapid.T) []Promise {
	promises := make([]Promise, rapid.IntRange(0, 60).Draw(t, "promises"))
	for i := range promises {
		made := drawDay(t, -150, 10, "made")
		p := Promise{
			ID: PromiseID(fmt.Sprint("p", i)), Kind: rapid.SampledFrom([]PromiseKind{KindInstalment, KindInstalment, KindMortgage, KindRefund}).Draw(t, "kind"),
			Money: drawMoney(t, "amount"), Made: On(made), Tags: drawTags(t),
		}
		due := made + date.Date(rapid.IntRange(0, 60).Draw(t, "term"))
		p.Dues = []Dated{{due, made}}
		if rapid.IntRange(0, 9).Draw(t, "redated") == 0 {
			p.Dues = append(p.Dues, Dated{due + date.Date(rapid.IntRange(-10, 30).Draw(t, "moved")), made + date.Date(rapid.IntRange(0, 40).Draw(t, "moved on"))})
		}
		left := p.Amount
		for left.IsPositive() && rapid.IntRange(0, 4).Draw(t, "pays") > 0 && len(p.Paid) < 3 {
			part := left
			if rapid.Bool().Draw(t, "part") {
				part = left.Div(decimal.NewFromInt(3)).Round(2)
			}
			on := due + date.Date(rapid.IntRange(-20, 30).Draw(t, "delay"))
			p.Paid = append(p.Paid, Payment{On(max(on, made)), Money{part, "RUB"}})
			left = left.Sub(part)
		}
		if rapid.IntRange(0, 14).Draw(t, "cancels") == 0 {
			p.Cancelled = On(made + date.Date(rapid.IntRange(0, 60).Draw(t, "cancelled")))
		}
		promises[i] = p
	}
	return promises
}

func drawDeals(t *rapid.T) []Deal {
	deals := make([]Deal, rapid.IntRange(0, 80).Draw(t, "deals"))
	for i := range deals {
		d := Deal{ID: DealID(fmt.Sprint("d", i)), Opened: On(drawDay(t, -160, 5, "opened")), Tags: drawTags(t)}
		if rapid.Bool().Draw(t, "priced") {
			d.Money = drawMoney(t, "amount")
		}
		d.Stages = []Entered{{"inquiry", d.Opened}}
		if rapid.Bool().Draw(t, "met") {
			d.Stages = append(d.Stages, Entered{"meeting", On(d.Opened.On + date.Date(rapid.IntRange(0, 20).Draw(t, "until met")))})
		}
		if rapid.IntRange(0, 3).Draw(t, "closes") > 0 {
			d.Closed = On(d.Opened.On + date.Date(rapid.IntRange(0, 70).Draw(t, "age")))
			d.Outcome = Outcome(rapid.IntRange(1, 2).Draw(t, "outcome"))
			if d.Outcome == OutcomeWon && d.Currency != "" && rapid.Bool().Draw(t, "pays") {
				d.Paid = []Payment{{d.Closed, d.Money}}
			}
		}
		deals[i] = d
	}
	return deals
}

func drawStays(t *rapid.T) []Stay {
	stays := make([]Stay, rapid.IntRange(0, 120).Draw(t, "stays"))
	for i := range stays {
		arrival := drawDay(t, -120, 25, "arrival")
		nights := rapid.IntRange(0, 5).Draw(t, "nights")
		s := Stay{
			ID: StayID(fmt.Sprint("s", i)), Arrival: arrival, Departure: arrival + date.Date(nights), Booked: On(arrival - date.Date(rapid.IntRange(0, 40).Draw(t, "lead"))),
			NoShow: rapid.IntRange(0, 19).Draw(t, "no-show") == 0, Rooms: rapid.IntRange(0, 2).Draw(t, "rooms"), Pax: rapid.IntRange(1, 4).Draw(t, "pax"), Tags: drawTags(t),
		}
		if rapid.IntRange(0, 3).Draw(t, "cancels") == 0 {
			s.Cancelled = On(s.Booked.On + date.Date(rapid.IntRange(0, 40).Draw(t, "cancelled")))
		}
		if nights > 0 && rapid.Bool().Draw(t, "one price") {
			s.Nights = []Money{drawMoney(t, "total")}
		} else {
			for range nights {
				s.Nights = append(s.Nights, drawMoney(t, "night"))
			}
		}
		stays[i] = s
	}
	return stays
}

func drawSales(t *rapid.T) []Sale {
	sales := make([]Sale, rapid.IntRange(0, 60).Draw(t, "sales"))
	for i := range sales {
		sold := drawDay(t, -420, 10, "sold")
		s := Sale{
			ID: SaleID(fmt.Sprint(i)), Sold: On(sold), TripStart: sold + date.Date(rapid.IntRange(0, 90).Draw(t, "ahead")), Money: drawMoney(t, "price"),
			Pax: rapid.IntRange(0, 5).Draw(t, "pax"), Tags: drawTags(t),
		}
		if rapid.IntRange(0, 4).Draw(t, "foreign") == 0 {
			s.Currency = "EUR"
		}
		if rapid.IntRange(0, 3).Draw(t, "cancels") == 0 {
			s.Cancelled = On(sold + date.Date(rapid.IntRange(0, 300).Draw(t, "cancelled")))
		}
		sales[i] = s
	}
	return sales
}

// history is one drawn world.
type history struct {
	promises []Promise
	deals    []Deal
	stays    []Stay
}

func drawHistory(t *rapid.T) history { return history{drawPromises(t), drawDeals(t), drawStays(t)} }

func drawOptions(t *rapid.T) Options {
	return Options{
		AsOf: origin, Days: rapid.SampledFrom([]int{1, 7, 20}).Draw(t, "days"), Seed: rapid.Uint64Range(0, 3).Draw(t, "seed"),
		Every: rapid.SampledFrom([]Every{EveryDay, EveryWeek, EveryMonth}).Draw(t, "every"), By: rapid.SampledFrom([]string{"", "project"}).Draw(t, "by"),
	}
}

// forecasts are the four forecasts of the history.
func (h history) forecasts(t require.TestingT, o Options, measure Measure) []Forecast {
	receipts, err := Receipts(All(h.promises), ReceiptsConfig{Options: o})
	require.NoError(t, err)
	deals, err := OpenDeals(All(h.deals), DealsConfig{Options: o, NewBusiness: o.Seed%2 == 0})
	require.NoError(t, err)
	nights, err := Occupancy(All(h.stays), nil, StaysConfig{Options: o, Measure: measure})
	require.NoError(t, err)
	lost, err := Cancellations(All(h.stays), StaysConfig{Options: o, Measure: measure})
	require.NoError(t, err)
	return []Forecast{receipts, deals, nights, lost}
}

// later adds facts that became known after the origin: new rows, and what happened to known ones.
func (h history) later(t *rapid.T) history {
	after := func() Dated {
		known := drawDay(t, 1, 60, "later")
		return Dated{On: known + date.Date(rapid.IntRange(-80, 0).Draw(t, "about")), Known: known}
	}
	next := history{slices.Clone(h.promises), slices.Clone(h.deals), slices.Clone(h.stays)}
	for i := range next.promises {
		p := &next.promises[i]
		switch rapid.IntRange(0, 3).Draw(t, "promise") {
		case 0:
			p.Paid = append(slices.Clip(p.Paid), Payment{after(), p.Money})
		case 1:
			p.Dues = append(slices.Clip(p.Dues), after())
		case 2:
			if p.Cancelled.On == 0 {
				p.Cancelled = after()
				p.Cancelled.On = max(p.Cancelled.On, p.Made.On)
			}
		}
	}
	for i := range next.deals {
		if d := &next.deals[i]; d.Closed.On == 0 && rapid.Bool().Draw(t, "closes later") {
			d.Closed, d.Outcome = after(), OutcomeWon
			d.Closed.On = max(d.Closed.On, d.Opened.On)
			d.Stages = append(slices.Clip(d.Stages), Entered{"meeting", after()})
		}
	}
	for i := range next.stays {
		if s := &next.stays[i]; s.Cancelled.On == 0 && rapid.Bool().Draw(t, "cancels later") {
			s.Cancelled = after()
			s.Cancelled.On = max(s.Cancelled.On, s.Booked.On)
		}
	}
	for range rapid.IntRange(0, 5).Draw(t, "new rows") {
		on := after()
		next.promises = append(next.promises, Promise{ID: "new", Money: drawMoney(t, "new"), Made: on, Dues: []Dated{{on.On + 30, on.Known}}})
		next.deals = append(next.deals, Deal{ID: "new", Opened: on})
		next.stays = append(next.stays, Stay{ID: "new", Booked: on, Arrival: on.On + 5, Departure: on.On + 7, Nights: []Money{drawMoney(t, "new")}})
	}
	return next
}

// twice doubles every amount.
func (h history) twice() history {
	double := func(m *Money) { m.Amount = m.Amount.Add(m.Amount) }
	next := history{slices.Clone(h.promises), slices.Clone(h.deals), slices.Clone(h.stays)}
	for i := range next.promises {
		p := &next.promises[i]
		double(&p.Money)
		p.Paid = slices.Clone(p.Paid)
		for k := range p.Paid {
			double(&p.Paid[k].Money)
		}
	}
	for i := range next.deals {
		double(&next.deals[i].Money)
	}
	for i := range next.stays {
		next.stays[i].Nights = slices.Clone(next.stays[i].Nights)
		for k := range next.stays[i].Nights {
			double(&next.stays[i].Nights[k])
		}
	}
	return next
}

// bytesOf is all that a forecast says.
func bytesOf(f Forecast) string {
	f.plan = nil
	return fmt.Sprintf("%v", f)
}
