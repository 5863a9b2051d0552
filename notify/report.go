package notify

import (
	"cmp"
	"iter"
	"slices"

	"github.com/shopspring/decimal"
)

// A ReportRow tells what a channel did for a category, in one currency.
type ReportRow struct {
	Channel  ChannelID
	Category CategoryID
	Currency string // empty: the channel costs nothing

	Tried   int           // steps sent
	Levels  map[Level]int // of them, how far they came at most; LevelUnknown: failed or unknown
	Failed  int           // of them, refused, unreachable, denied or busy to the end
	Unknown int           // of them, without any answer
	Reached int           // of them, as far as they had to
	Skipped map[ReasonCode]int

	Cost       decimal.Decimal // of the steps that came to the level at which the channel charges
	PerReached decimal.Decimal // Cost by Reached, rounded half-even to 4 places; 0 if none was reached
}

// Report adds up deliveries, by channel, category and currency, in that order. A step that was
// quoted as impossible but whose turn never came counts nowhere.
func Report(deliveries iter.Seq2[Delivery, error]) ([]ReportRow, error) {
	type group struct {
		channel  ChannelID
		category CategoryID
		currency string
	}
	rows := map[group]*ReportRow{}
	for d, err := range deliveries {
		if err != nil {
			return nil, err
		}
		tried := d.tried()
		for k := range d.Steps {
			s := &d.Steps[k]
			turn := k <= tried || d.State == StateDead
			if s.Sent.IsZero() && (s.Skipped == nil || !turn) {
				continue
			}
			g := group{s.Channel, d.Category, s.Currency}
			r := rows[g]
			if r == nil {
				r = &ReportRow{Channel: g.channel, Category: g.category, Currency: g.currency, Levels: map[Level]int{}, Skipped: map[ReasonCode]int{}}
				rows[g] = r
			}
			r.add(s)
		}
	}
	report := make([]ReportRow, 0, len(rows))
	for _, r := range rows {
		if r.Reached > 0 {
			r.PerReached = r.Cost.DivRound(decimal.NewFromInt(int64(r.Reached)), 12).RoundBank(4)
		}
		report = append(report, *r)
	}
	slices.SortFunc(report, func(a, b ReportRow) int {
		return cmp.Or(cmp.Compare(a.Channel, b.Channel), cmp.Compare(a.Category, b.Category), cmp.Compare(a.Currency, b.Currency))
	})
	return report, nil
}

func (r *ReportRow) add(s *StepReport) {
	if s.Sent.IsZero() {
		r.Skipped[s.Skipped.Code]++
		return
	}
	r.Tried++
	r.Levels[s.Level]++
	if s.Failed != FailureNone {
		r.Failed++
	}
	if s.Unknown() {
		r.Unknown++
	}
	if s.Level >= s.Until {
		r.Reached++
	}
	if s.Settled {
		r.Cost = r.Cost.Add(s.Amount)
	}
}
