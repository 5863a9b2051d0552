package forecast

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// Law 7: the ratio of a total is that of the sums, and nothing over nothing is undefined.
func TestRatios(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		deals := drawDeals(t)
		var spends []Spend
		for range rapid.IntRange(0, 10).Draw(t, "spends") {
			spends = append(spends, Spend{On(drawDay(t, -100, 0, "spent")), drawMoney(t, "spend"), drawTags(t)})
		}
		r, err := Marketing(All(deals), All(spends), MarketingConfig{Period: Period{From: origin - 100, To: origin + 1}})
		require.NoError(t, err)
		for _, total := range r.Totals {
			spend, revenue, leads, won := decimal.Zero, decimal.Zero, 0, 0
			for _, row := range r.Rows {
				if row.Currency == total.Currency {
					spend, revenue, leads, won = spend.Add(row.Spend), revenue.Add(row.Revenue), leads+row.Leads, won+row.Won
				}
			}
			require.Equal(t, []int{leads, won}, []int{total.Leads, total.Won})
			require.True(t, spend.Equal(total.Spend) && revenue.Equal(total.Revenue))
			v, ok := total.CPL().Value()
			require.Equal(t, leads > 0, ok)
			if ok {
				require.True(t, v.Equal(spend.DivRound(decimal.NewFromInt(int64(leads)), 8).RoundBank(4)))
			}
			_, ok = total.ROMI().Value()
			require.Equal(t, !spend.IsZero(), ok)
		}
		base := decimal.New(rapid.Int64Range(-5, 5).Draw(t, "base"), 0)
		_, ok := growth(decimal.NewFromInt(3), base).Value()
		require.Equal(t, base.IsPositive(), ok)
	})
}

// Law 8: same time last year sees bookings as they stood 364 days before; and (law 2) rows add up to
// the totals of their own currency.
func TestSalesOnTheBooks(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		sales := drawSales(t)
		c := SalesConfig{AsOf: origin, Months: rapid.IntRange(0, 4).Draw(t, "months"), Rows: []string{"project", "payer"}, Compare: Compare(rapid.IntRange(0, 2).Draw(t, "compare"))}
		c.Column = rapid.SampledFrom([]string{"", "channel"}).Draw(t, "column")
		r, err := Sales(All(sales), c)
		require.NoError(t, err)
		for _, total := range r.Totals {
			var rows, want SalesCell
			for _, row := range r.Rows {
				if row.Currency != total.Currency {
					continue
				}
				rows.add(row.Total)
				var cells SalesCell
				for _, cell := range row.Cells {
					cells.add(cell)
				}
				requireSameCell(t, row.Total, cells)
			}
			for _, s := range sales {
				if s.Currency == total.Currency {
					want.add(bruteSale(s, c))
				}
			}
			requireSameCell(t, total.Total, rows)
			requireSameCell(t, total.Total, want)
		}
	})
}

func requireSameCell(t require.TestingT, a, b SalesCell) {
	require.True(t, a.This.Money.Equal(b.This.Money) && a.Before.Money.Equal(b.Before.Money), "%v %v", a, b)
	require.Equal(t, [4]int{a.This.Count, a.This.Pax, a.Before.Count, a.Before.Pax}, [4]int{b.This.Count, b.This.Pax, b.Before.Count, b.Before.Pax})
}

// bruteSale counts one sale by the words of the documentation. The origin is no 29 February.
func bruteSale(s Sale, c SalesConfig) (cell SalesCell) {
	months := time.Month(max(c.Months, 1))
	year, month := c.AsOf.Year(), c.AsOf.Month()
	day, asOfBefore := s.Sold.On, c.AsOf
	from, to := date.New(year, month-months+1, 1), c.AsOf+1
	if c.Compare == CompareSTLY {
		day, asOfBefore = s.TripStart, c.AsOf-364
		from, to = date.New(year, month, 1), date.New(year, month+months, 1)
	}
	fromBefore, toBefore := from-364, to-364
	if c.Compare == CompareCalendar {
		fromBefore, toBefore = date.New(from.Year()-1, from.Month(), 1), date.New(year-1, month, c.AsOf.Day())+1
	}
	stands := func(asOf date.Date) bool {
		return s.Sold.On <= asOf && (s.Cancelled.On == 0 || s.Cancelled.On > asOf)
	}
	sold := Sold{1, s.Pax, s.Amount}
	if day >= from && day < to && stands(c.AsOf) {
		cell.This = sold
	}
	// 364 days before, months are not months: the days between two of them belong to both or none.
	if c.Compare != CompareCalendar {
		for m := range months {
			a := from
			if m > 0 {
				a = date.New(from.Year(), from.Month()+m, 1)
			}
			b := min(date.New(from.Year(), from.Month()+m+1, 1), to)
			if day >= a-364 && day < b-364 && stands(asOfBefore) {
				cell.Before = sold
			}
		}
		return cell
	}
	if day >= fromBefore && day < toBefore && stands(asOfBefore) {
		cell.Before = sold
	}
	return cell
}

func TestLeapDay(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ asOf, lastBefore date.Date }{
		{date.New(2024, 2, 29), date.New(2023, 2, 28)},
		{date.New(2025, 2, 28), date.New(2024, 2, 29)}, // a whole month with a whole month
		{date.New(2025, 2, 27), date.New(2024, 2, 27)},
		{date.New(2024, 3, 31), date.New(2023, 3, 31)},
	} {
		r, err := Sales(nil, SalesConfig{AsOf: c.asOf})
		require.NoError(t, err)
		require.Equal(t, c.lastBefore, r.Columns[0].Before.To-1, c.asOf.String())
	}
}

// Law 9: occupancy is sold over what could be sold, RevPAR is ADR times occupancy, and the revenue of
// a stay's nights adds up to the stay's.
func TestRooms(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		stays := drawStays(t)
		inventory := Inventory{{origin - 200, origin + 200, 30, 0}, {origin - 20, origin + 20, 5, rapid.IntRange(0, 40).Draw(t, "out of order")}}
		c := RoomsConfig{Period: Period{From: origin - 200, To: origin + 200}, Every: rapid.SampledFrom([]Every{EveryDay, EveryMonth}).Draw(t, "every")}
		r, err := Rooms(All(stays), inventory, c)
		require.NoError(t, err)
		revenue, sold := decimal.Zero, 0
		for _, s := range stays {
			if s.NoShow || s.Cancelled.On != 0 {
				continue
			}
			sold += int(s.Departure-s.Arrival) * max(s.Rooms, 1)
			for _, n := range s.Nights {
				revenue = revenue.Add(n.Amount)
			}
		}
		total := r.Totals[0]
		require.Equal(t, sold, total.Sold)
		require.True(t, revenue.Equal(total.Revenue), "%s %s", revenue, total.Revenue)
		rows := RoomsRow{}
		for _, row := range r.Rows {
			rows.Sold, rows.Available, rows.Revenue = rows.Sold+row.Sold, rows.Available+row.Available, rows.Revenue.Add(row.Revenue)
			// RevPAR = ADR x occupancy, as ratios: cross-multiplied, exactly.
			left := row.RevPAR().Num.Mul(row.ADR().Den).Mul(row.Occupancy().Den)
			right := row.ADR().Num.Mul(row.Occupancy().Num).Mul(row.RevPAR().Den)
			require.True(t, left.Equal(right))
			_, ok := row.ADR().Value()
			require.Equal(t, row.Sold > 0, ok)
		}
		require.Equal(t, []int{total.Sold, total.Available}, []int{rows.Sold, rows.Available})
		require.True(t, rows.Revenue.Equal(total.Revenue))
	})
}

// Law 10: a call rung at many and answered by none is one missed call of the group and an unanswered
// ring of each; called back in time it is not lost.
func TestMissedCalls(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		from := origin.MidnightUTC()
		var calls []Call
		for i := range rapid.IntRange(0, 40).Draw(t, "calls") {
			at := from.Add(time.Duration(rapid.IntRange(-24*60, 24*60).Draw(t, "minute")) * time.Minute)
			c := Call{
				ID: CallID(fmt.Sprint(i)), At: at, Group: rapid.SampledFrom([]string{"sales", "help"}).Draw(t, "group"), Line: "1",
				Customer: rapid.SampledFrom([]string{"x", "y", ""}).Draw(t, "customer"), Out: rapid.IntRange(0, 2).Draw(t, "out") == 0,
			}
			if c.Out {
				c.By = "anna"
			} else {
				c.Rang = []OperatorID{"anna", "boris", "vera"}[:rapid.IntRange(0, 3).Draw(t, "rang")]
				if rapid.Bool().Draw(t, "answered") {
					c.By, c.Answered = "boris", at.Add(time.Duration(rapid.IntRange(0, 60).Draw(t, "wait"))*time.Second)
				}
			}
			calls = append(calls, c)
		}
		c := CallsConfig{From: from, To: from.Add(24 * time.Hour), By: rapid.SampledFrom([][]string{nil, {"group"}, {"operator"}, {"operator", "line"}}).Draw(t, "by")}
		r, err := Calls(All(calls), c)
		require.NoError(t, err)
		var want CallCounts
		for _, call := range calls {
			if call.At.Before(c.From) || !call.At.Before(c.To) || call.Out || !call.Answered.IsZero() {
				continue
			}
			want.Missed++
			want.Rings += len(call.Rang)
			back := slices.ContainsFunc(calls, func(b Call) bool {
				return call.Customer != "" && b.Out && b.Customer == call.Customer && !b.At.Before(call.At) && !b.At.After(call.At.Add(30*time.Minute))
			})
			if back {
				want.CalledBack++
			} else {
				want.Lost++
			}
		}
		got := r.Total.This
		require.Equal(t, want, CallCounts{Missed: got.Missed, Rings: got.Rings, Lost: got.Lost, CalledBack: got.CalledBack})
		var rows CallsRow
		for _, row := range r.Rows {
			rows.This.add(row.This)
			rows.Before.add(row.Before)
			if len(c.By) > 0 && c.By[0] == "operator" && row.By[0] != "" {
				require.Zero(t, row.This.Missed, "a call that nobody answered is no operator's")
			}
		}
		require.Equal(t, r.Total, rows)
	})
}

// Law 11: velocity is the median of the product-limit estimate, open deals censored.
func TestVelocity(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		var lives []span
		for range rapid.IntRange(0, 40).Draw(t, "deals") {
			lives = append(lives, span{rapid.IntRange(0, 30).Draw(t, "days"), rapid.Bool().Draw(t, "won")})
		}
		waiting, want, known := 1.0, 0, false
		for day := 0; day <= 30 && !known; day++ {
			risk, events := 0.0, 0.0
			for _, l := range lives {
				if l.days >= day {
					risk++
				}
				if l.days == day && l.event {
					events++
				}
			}
			if events > 0 {
				waiting *= 1 - events/risk
				want, known = day, waiting <= .5+1e-12
			}
		}
		got, ok := medianTime(slices.Clone(lives))
		require.Equal(t, known, ok)
		if known {
			require.Equal(t, want, got)
		}
	})
}
