package main

import (
	"context"
	"strings"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/voucher"
)

// registry asks for vouchers in the ways in which people ask, and compares with a plain look through
// the feed.
func (o *operator) registry(ctx context.Context, s *show.Story) error {
	events, err := voucherEvents(ctx, s)
	if err != nil {
		return err
	}
	latest := map[voucher.VoucherID]voucher.Voucher{}
	numbers := map[string]string{} // to the reservations
	doubles := 0
	for _, e := range events {
		latest[e.Voucher.ID] = e.Voucher
		if of := numbers[e.Voucher.Text]; of != "" && of != e.Key.ID {
			doubles++
		}
		numbers[e.Voucher.Text] = e.Key.ID
	}
	live := func(v voucher.Voucher) bool { return v.Voided.IsZero() }
	on := func(day date.Date) func(voucher.Voucher) bool {
		return func(v voucher.Voucher) bool { return v.Item.TripStart <= day && v.Item.TripEnd >= day }
	}
	monday := date.New(2021, time.May, 24)
	asked := []struct {
		en, ru string
		filter voucher.Filter
		plain  func(voucher.Voucher) bool
	}{
		{"number typed as “02 08-06 21”", "номер, набранный «02 08-06 21»", voucher.Filter{Number: "02 08-06 21"}, func(v voucher.Voucher) bool { return v.Text == "02080621" }},
		{"numbers that begin with 01", "номера на 01", voucher.Filter{Prefix: "01"}, func(v voucher.Voucher) bool { return strings.HasPrefix(v.Text, "01") }},
		{"trips of 8 and 9 June", "поездки 8 и 9 июня", voucher.Filter{Trip: voucher.Dates{First: june(8), Last: june(9)}}, func(v voucher.Voucher) bool { return v.Item.TripStart == june(8) || v.Item.TripStart == june(9) }},
		{"issued on 24 May", "выданы 24 мая", voucher.Filter{Issued: voucher.Dates{First: monday, Last: monday}}, func(v voucher.Voucher) bool { return v.Issued == monday }},
		{"valid on 11 June", "действуют 11 июня", voucher.Filter{Valid: voucher.Dates{First: june(11), Last: june(11)}}, on(june(11))},
		{"of " + person(s, "boris"), "менеджер " + person(s, "boris"), voucher.Filter{Manager: "boris"}, func(v voucher.Voucher) bool { return v.Item.Manager == "boris" }},
		{"of " + person(s, "boris") + ", valid on 11 June, not void", "менеджер " + person(s, "boris") + ", действуют 11 июня, не погашены",
			voucher.Filter{Manager: "boris", Valid: voucher.Dates{First: june(11), Last: june(11)}, States: []voucher.State{voucher.StateIssued}},
			func(v voucher.Voucher) bool { return v.Item.Manager == "boris" && on(june(11))(v) && live(v) }},
		{"void", "погашены", voucher.Filter{States: []voucher.State{voucher.StateVoid}}, func(v voucher.Voucher) bool { return !live(v) }},
	}
	right := 0
	for _, a := range asked {
		found, wrong := 0, 0
		for v, err := range voucher.All(ctx, s.Voucher, a.filter) {
			if err != nil {
				return err
			}
			if found++; !a.plain(latest[v.ID]) {
				wrong++
			}
		}
		want := 0
		for _, v := range latest {
			if a.plain(v) {
				want++
			}
		}
		if found == want && wrong == 0 && found > 0 {
			right++
		}
		s.Say("  %-50s %4d", "  %-50s %4d", s.T(a.en, a.ru), found)
	}
	s.Add("each search finds what a look through the feed finds", "каждый поиск находит то же, что просмотр ленты", right == len(asked), s.T("%d of %d", "%d из %d"), right, len(asked))
	s.Add("numbers given to two reservations: 0", "номеров, выданных двум броням: 0", doubles == 0, s.T("%d of %d", "%d из %d"), doubles, len(numbers))
	return nil
}
