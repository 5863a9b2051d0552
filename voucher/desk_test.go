package voucher_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/voucher"
)

var may1 = time.Date(2021, 5, 1, 9, 0, 0, 0, time.UTC)

func newDesk(t testing.TB, change ...func(*voucher.Config)) (*voucher.Desk, *voucher.Memory) {
	m := voucher.NewMemory()
	c := voucher.Config{Store: m, Now: func() time.Time { return may1 }}
	for _, f := range change {
		f(&c)
	}
	desk, err := voucher.New(c)
	require.NoError(t, err)
	return desk, m
}

func trip(reservation string, start date.Date) voucher.Item {
	return voucher.Item{Reservation: voucher.ReservationID(reservation), TripStart: start, TripEnd: start + 7}
}

func issue(t testing.TB, desk *voucher.Desk, items ...voucher.Item) []voucher.Voucher {
	vs, err := desk.Issue(t.Context(), voucher.Issue{ID: "i", Items: items, By: "m"})
	require.NoError(t, err)
	return vs
}

// codes returns "reservation field code" of every reason.
func codes(t testing.TB, err error) []string {
	var refused *voucher.RefusedError
	require.ErrorAs(t, err, &refused)
	require.ErrorIs(t, err, voucher.ErrRefused)
	var out []string
	for _, r := range refused.Reasons {
		out = append(out, fmt.Sprintf("%s %s %s", r.Reservation, r.Field, r.Code))
		require.NotEmpty(t, r.Party)
		require.NotEqual(t, r.Text("en"), r.Text("ru"))
	}
	return out
}

func TestTheThreeVouchersOf8June2021(t *testing.T) {
	t.Parallel()
	desk, _ := newDesk(t)
	vs := issue(t, desk, trip("R-1", june8), trip("R-2", june8), trip("R-3", june8))
	require.Equal(t, []string{"01080621", "02080621", "03080621"}, []string{vs[0].Text, vs[1].Text, vs[2].Text})
	require.Equal(t, voucher.VoucherID("2021-06-08//2"), vs[1].ID)
	v, err := desk.Voucher(t.Context(), vs[1].ID)
	require.NoError(t, err)
	require.Equal(t, vs[1], v)
	require.Equal(t, date.NewAt(may1), v.Issued)
}

func TestTheHundredthNumber(t *testing.T) {
	t.Parallel()
	desk, m := newDesk(t)
	var items []voucher.Item
	for i := range 101 {
		items = append(items, trip(fmt.Sprint("R-", i), june8))
	}
	vs := issue(t, desk, items...)
	require.Equal(t, []string{"99080621", "100080621", "101080621"}, []string{vs[98].Text, vs[99].Text, vs[100].Text})
	page, _, err := m.Find(t.Context(), voucher.Filter{}, store.Cursor(vs[97].ID), 3)
	require.NoError(t, err)
	require.Equal(t, []string{"99080621", "100080621", "101080621"}, []string{page[0].Text, page[1].Text, page[2].Text}, "not by text")
}

func TestEveryReasonAtOnce(t *testing.T) {
	t.Parallel()
	template := voucher.Template{ID: "voucher", Version: 1, Lang: "ru", Kind: voucher.KindSheet, Body: "# {{.number}}\nTour :: {{.tour}}\n{{with .note}}{{.}}{{end}}",
		Fields: []voucher.Field{
			{ID: "number", Required: true, Label: voucher.Label{Party: "manager", Title: map[string]string{"en": "N", "ru": "Н"}}},
			{ID: "tour", Required: true, Label: voucher.Label{Party: "client", Title: map[string]string{"en": "Tour", "ru": "Тур"}}},
			{ID: "note", Label: voucher.Label{Party: "manager", Title: map[string]string{"en": "Note", "ru": "Примечание"}}},
		}}
	document, err := voucher.Compile(template)
	require.NoError(t, err)
	title := map[string]string{"en": "Paid", "ru": "Оплачено"}
	desk, m := newDesk(t, func(c *voucher.Config) {
		c.Documents = []*voucher.Document{document}
		c.Validators = []voucher.Validator{{Kind: voucher.Required, Fields: []voucher.FieldID{"paid"}, Label: voucher.Label{Party: voucher.PartyAccounts, Title: title}}}
	})
	good := trip("R-1", june8)
	good.Values = voucher.Values{"tour": voucher.Text("Алтай"), "paid": voucher.Yes(true)}
	vs := issue(t, desk, good)
	require.Equal(t, []voucher.TemplateRef{{ID: "voucher", Version: 1}}, vs[0].Revisions[0].Templates)

	none := voucher.Item{Reservation: "none"}
	past := trip("past", date.NewAt(may1)-1)
	past.Values = voucher.Values{"paid": voucher.Yes(false), "number": voucher.Text("1"), "surplus": voucher.Int(1), "tour": voucher.Int(5), "note": voucher.Text("\x00")}
	back := trip("back", june8)
	back.TripEnd = june8 - 1
	back.Values = good.Values
	again := good
	far := trip("far", date.New(2200, 1, 1))
	far.Values = good.Values
	cmd := voucher.Issue{ID: "many", Items: []voucher.Item{none, past, back, again, far, far}}
	want := []string{
		"R-1  live_voucher", "back trip_end trip_end", "far  same_reservation", "far trip_start trip_far",
		"none paid missing", "none tour missing", "none trip_start missing",
		"past note control_character", "past number reserved", "past paid not_ticked", "past surplus undeclared", "past tour wrong_type", "past trip_start trip_past",
	}
	_, err = desk.Issue(t.Context(), cmd)
	require.Equal(t, want, codes(t, err))
	reasons, err := desk.Preview(t.Context(), cmd)
	require.NoError(t, err)
	require.Len(t, reasons, len(want))
	events, _, err := m.Since(t.Context(), "", 100)
	require.NoError(t, err)
	require.Len(t, events, 1, "nothing was written")

	past.Values = good.Values
	_, err = desk.Issue(t.Context(), voucher.Issue{ID: "meant", Items: []voucher.Item{past}, Backdated: true})
	require.NoError(t, err)
	reasons, err = desk.Preview(t.Context(), voucher.Issue{ID: "meant", Items: []voucher.Item{past}, Backdated: true})
	require.NoError(t, err)
	require.Empty(t, reasons, "it was done")
}

func TestWordingOutOfForce(t *testing.T) {
	t.Parallel()
	old := voucher.Template{ID: "voucher", Version: 1, Lang: "en", Kind: voucher.KindSheet, Body: "# x", Last: june8}
	document, err := voucher.Compile(old)
	require.NoError(t, err)
	now := may1
	desk, _ := newDesk(t, func(c *voucher.Config) {
		c.Documents = []*voucher.Document{document}
		c.Now = func() time.Time { return now }
	})
	issue(t, desk, trip("R-1", june8))
	now = now.AddDate(1, 0, 0)
	_, err = desk.Issue(t.Context(), voucher.Issue{ID: "late", Items: []voucher.Item{trip("R-2", june8+700)}})
	require.Equal(t, []string{"R-2 voucher no_wording"}, codes(t, err))
}

func TestCommandsThatMeanNothing(t *testing.T) {
	t.Parallel()
	desk, _ := newDesk(t)
	ctx := t.Context()
	items := []voucher.Item{trip("R-1", june8)}
	long := strings.Repeat("x", 201)
	for field, cmd := range map[string]voucher.Issue{
		"id":                   {Items: items},
		"id ":                  {ID: "a\x00", Items: items},
		"items":                {ID: "a"},
		"items[0].reservation": {ID: "a", Items: []voucher.Item{{TripStart: june8}}},
		"items[0].manager":     {ID: "a", Items: []voucher.Item{{Reservation: "r", TripStart: june8, Manager: "\xff"}}},
		"items[0].partner":     {ID: "a", Items: []voucher.Item{{Reservation: "r", TripStart: june8, Partner: voucher.PartnerID(long)}}},
		"by":                   {ID: "a", Items: items, By: "a\nb"},
		"why":                  {ID: "a", Items: items, Why: "\xff"},
		"why ":                 {ID: "a", Items: items, Why: strings.Repeat("x", 70_000)},
		"items ":               {ID: "a", Items: make([]voucher.Item, 10_001)},
	} {
		_, err := desk.Issue(ctx, cmd)
		var invalid *voucher.InvalidError
		require.ErrorAs(t, err, &invalid, field)
		require.Equal(t, strings.TrimSpace(field), invalid.Field)
		_, err = desk.Preview(ctx, cmd)
		require.ErrorAs(t, err, &invalid, field)
	}
	var unknown *voucher.UnknownError
	_, err := desk.Issue(ctx, voucher.Issue{ID: "a", Items: items, Series: "B"})
	require.ErrorAs(t, err, &unknown)
	for _, id := range []voucher.VoucherID{"", "nonsense", "2021-06-08//1"} {
		_, err = desk.Voucher(ctx, id)
		require.ErrorAs(t, err, &unknown)
		_, err = desk.Void(ctx, voucher.Void{Ref: voucher.Ref{ID: id}})
		require.ErrorAs(t, err, &unknown)
		_, err = desk.Reissue(ctx, voucher.Reissue{ID: "r", Ref: voucher.Ref{ID: id}, Item: items[0]})
		require.ErrorAs(t, err, &unknown)
	}
}

func TestReissueRefusesWhatIsStale(t *testing.T) {
	t.Parallel()
	desk, _ := newDesk(t)
	ctx := t.Context()
	v := issue(t, desk, trip("R-1", june8))[0]
	item := trip("R-1", june8)
	item.Manager = "m-2"
	v2, err := desk.Reissue(ctx, voucher.Reissue{ID: "r1", Ref: v.Ref(), Item: item})
	require.NoError(t, err)
	require.Equal(t, int64(2), v2.Rev)
	var stale *voucher.StaleError
	_, err = desk.Reissue(ctx, voucher.Reissue{ID: "r2", Ref: v.Ref(), Item: item})
	require.ErrorAs(t, err, &stale)
	require.Equal(t, voucher.StaleError{ID: v.ID, Had: 2, Got: 1}, *stale)
	_, err = desk.Void(ctx, voucher.Void{Ref: v.Ref()})
	require.ErrorAs(t, err, &stale)

	_, err = desk.Reissue(ctx, voucher.Reissue{ID: "r3", Ref: v2.Ref(), Item: trip("R-2", june8-100)})
	require.Equal(t, []string{"R-1  other_reservation", "R-2 trip_start trip_past"}, codes(t, err))
	moved, err := desk.Reissue(ctx, voucher.Reissue{ID: "r4", Ref: v2.Ref(), Item: voucher.Item{TripStart: june8 + 1}, Why: "flight moved"})
	require.NoError(t, err)
	require.Equal(t, "01090621", moved.Text)
	require.Equal(t, v.ID, moved.Replaces)
	_, err = desk.Reissue(ctx, voucher.Reissue{ID: "r5", Ref: voucher.Ref{ID: v.ID}, Item: item})
	require.Equal(t, []string{"R-1  void"}, codes(t, err))
	again, err := desk.Reissue(ctx, voucher.Reissue{ID: "r4", Ref: v2.Ref(), Item: voucher.Item{TripStart: june8 + 1}, Why: "flight moved"})
	require.NoError(t, err)
	require.Equal(t, moved, again)
	var mismatch *voucher.MismatchError
	_, err = desk.Reissue(ctx, voucher.Reissue{ID: "r4", Ref: moved.Ref(), Item: voucher.Item{TripStart: june8 + 1}, Why: "flight moved"})
	require.ErrorAs(t, err, &mismatch)
	require.Equal(t, "voucher", mismatch.Field)
	_, err = desk.Reissue(ctx, voucher.Reissue{ID: "i", Ref: moved.Ref(), Item: voucher.Item{TripStart: june8}})
	require.ErrorAs(t, err, &mismatch)
	require.Equal(t, "command", mismatch.Field, "the ID was an Issue's")
}

func TestAdopt(t *testing.T) {
	t.Parallel()
	desk, _ := newDesk(t)
	ctx := t.Context()
	adopt := func(id voucher.CommandID, number, reservation string) (voucher.Voucher, error) {
		return desk.Adopt(ctx, voucher.Adopt{ID: id, Number: number, Item: trip(reservation, june8), Issued: date.New(2021, 4, 1)})
	}
	v, err := adopt("a1", " 05-08 06 21", "R-5")
	require.NoError(t, err)
	require.Equal(t, "05080621", v.Text)
	require.Equal(t, "06080621", issue(t, desk, trip("R-6", june8))[0].Text)
	v, err = adopt("a2", "03080621", "R-3")
	require.NoError(t, err, "below the counter, and free")
	require.Equal(t, int64(3), v.Number.Seq())

	var taken *voucher.TakenError
	_, err = adopt("a3", "06080621", "R-7")
	require.ErrorAs(t, err, &taken)
	require.Equal(t, voucher.TakenError{Number: "06080621", By: "R-6"}, *taken)
	_, err = adopt("a4", "03080621", "R-3")
	require.ErrorAs(t, err, &taken, "another command, the same number")

	v, err = adopt("a5", "A/12 old", "R-8")
	require.NoError(t, err)
	require.Equal(t, voucher.VoucherID("2021-06-08//=A/12old"), v.ID)
	require.Equal(t, "A/12 old", v.Text)
	_, err = adopt("a6", "A/12-old", "R-9")
	require.ErrorAs(t, err, &taken)
	require.Equal(t, "07080621", issue(t, desk, trip("R-10", june8))[0].Text)
	renewed, err := desk.Reissue(ctx, voucher.Reissue{ID: "r", Ref: v.Ref(), Item: trip("R-8", june8)})
	require.NoError(t, err)
	require.Equal(t, "A/12 old", renewed.Text)
	moved, err := desk.Reissue(ctx, voucher.Reissue{ID: "r2", Ref: v.Ref(), Item: trip("R-8", june8+1)})
	require.Error(t, err, "%v", moved)
	moved, err = desk.Reissue(ctx, voucher.Reissue{ID: "r2", Ref: renewed.Ref(), Item: trip("R-8", june8+1)})
	require.NoError(t, err)
	require.Equal(t, "01090621", moved.Text)

	_, err = adopt("a7", "01100621", "R-11")
	require.Equal(t, []string{"R-11 trip_start number_date"}, codes(t, err))
	_, err = adopt("a8", "20080621", "R-6")
	require.Equal(t, []string{"R-6  live_voucher"}, codes(t, err))
	_, err = desk.Adopt(ctx, voucher.Adopt{ID: "a9", Number: "x", Item: voucher.Item{Reservation: "R", TripEnd: -5}, Issued: date.New(2021, 6, 1)})
	require.Equal(t, []string{"R issued issued_after", "R trip_end trip_end", "R trip_start missing"}, codes(t, err))
	for _, number := range []string{"", " - ", "a\x00", "\xff", strings.Repeat("1", 101)} {
		_, err = adopt("b", number, "R-12")
		var invalid *voucher.InvalidError
		require.ErrorAs(t, err, &invalid, number)
	}
	var mismatch *voucher.MismatchError
	_, err = adopt("a5", "A/13", "R-8")
	require.ErrorAs(t, err, &mismatch)
	require.Equal(t, "number", mismatch.Field)
}

// A trigger fires before the clock of another host: what follows is never dated before it.
func TestTheClockStepsBack(t *testing.T) {
	t.Parallel()
	now := may1
	desk, _ := newDesk(t, func(c *voucher.Config) { c.Now = func() time.Time { return now } })
	v := issue(t, desk, trip("R-1", june8))[0]
	now = may1.Add(-48 * time.Hour)
	v, err := desk.Void(t.Context(), voucher.Void{Ref: v.Ref()})
	require.NoError(t, err)
	require.Equal(t, may1, v.Voided)
}

// A flight at 00:30 leaves on the local date; the office's today is its own.
func TestTodayIsTheOffices(t *testing.T) {
	t.Parallel()
	desk, _ := newDesk(t, func(c *voucher.Config) {
		c.Zone = "Asia/Almaty"
		c.Now = func() time.Time { return time.Date(2021, 6, 7, 18, 30, 0, 0, time.UTC) } // 00:30 of 8 June there
	})
	require.Equal(t, june8, issue(t, desk, trip("R-1", june8))[0].Issued)
	_, err := desk.Issue(t.Context(), voucher.Issue{ID: "x", Items: []voucher.Item{trip("R-2", june8-1)}})
	require.Equal(t, []string{"R-2 trip_start trip_past"}, codes(t, err))
}

func TestNewListsAllThatIsWrong(t *testing.T) {
	t.Parallel()
	_, err := voucher.New(voucher.Config{
		Zone: "Mars/Olympus", Tries: -1, Documents: []*voucher.Document{nil},
		Series:     map[voucher.SeriesID]string{"a/b": "{seq:2}{dd}{mm}{yy}", "c": "{seq:2} {dd} {mm} {yy}", "d": "{seq:2}{dd}"},
		Validators: []voucher.Validator{{Kind: voucher.Fresh, Fields: []voucher.FieldID{"x"}}},
	})
	var config *voucher.ConfigError
	require.ErrorAs(t, err, &config)
	var got []string
	for _, p := range config.Problems {
		got = append(got, p.Field+" "+p.Code)
	}
	require.Equal(t, []string{"Store no_store", "Zone zone", "Tries negative", `Series["a/b"] identifier`, `Series["c"] same_pattern`, `Series["d"] ambiguous`,
		"Documents[0] empty", "Validators[0] not_on_values", "Validators[0] no_party", "Validators[0] no_title", "Validators[0] no_title"}, got)
}

// A store that always conflicts is tried as often as the config says.
func TestTries(t *testing.T) {
	t.Parallel()
	for tries, want := range map[int]int{1: 1, 3: 3, 20: 20} {
		s := &stubborn{Memory: voucher.NewMemory()}
		desk, err := voucher.New(voucher.Config{Store: s, Tries: tries, Now: func() time.Time { return may1 }})
		require.NoError(t, err)
		_, err = desk.Issue(t.Context(), voucher.Issue{ID: "i", Items: []voucher.Item{trip("R-1", june8)}})
		require.ErrorIs(t, err, store.ErrConflict)
		require.Equal(t, want, s.tried)
		s.tried = 0
		_, err = desk.In(s).Issue(t.Context(), voucher.Issue{ID: "i", Items: []voucher.Item{trip("R-1", june8)}})
		require.ErrorIs(t, err, store.ErrConflict)
		require.Equal(t, 1, s.tried, "one attempt in a caller's transaction")
	}
}

type stubborn struct {
	*voucher.Memory
	tried int
}

func (s *stubborn) Commit(context.Context, voucher.Change) error {
	s.tried++
	return fmt.Errorf("busy: %w", store.ErrConflict)
}

func TestADoneContextWritesNothing(t *testing.T) {
	t.Parallel()
	desk, m := newDesk(t)
	cause := errors.New("the user went away")
	ctx, cancel := context.WithCancelCause(t.Context())
	cancel(cause)
	_, err := desk.Issue(ctx, voucher.Issue{ID: "i", Items: []voucher.Item{trip("R-1", june8)}})
	require.ErrorIs(t, err, cause)
	events, _, err := m.Since(t.Context(), "", 1)
	require.NoError(t, err)
	require.Empty(t, events)
}

// Forty people issue at once on a new date.
func TestFortyIssueAtOnce(t *testing.T) {
	t.Parallel()
	desk, m := newDesk(t)
	var wg sync.WaitGroup
	for i := range 40 {
		wg.Go(func() { issue(t, desk, trip(fmt.Sprint("R-", i), june8)) })
	}
	wg.Wait()
	want := int64(0)
	for v, err := range voucher.All(t.Context(), m, voucher.Filter{Trip: voucher.Dates{First: june8, Last: june8}}) {
		require.NoError(t, err)
		want++
		require.Equal(t, want, v.Number.Seq())
	}
	require.Equal(t, int64(40), want)
}

// What the caller does with what it gave or got changes nothing.
func TestValuesAreNotShared(t *testing.T) {
	t.Parallel()
	desk, _ := newDesk(t)
	item := trip("R-1", june8)
	element := voucher.Values{"name": voucher.Text("Anna")}
	item.Values = voucher.Values{"tourists": voucher.List(element), "price": voucher.Amount(decimal.New(5, 0), "RUB")}
	v := issue(t, desk, item)[0]
	element["name"] = voucher.Text("spoiled")
	delete(item.Values, "price")
	delete(v.Item.Values, "price")
	v.Values()["number"] = voucher.Text("spoiled")
	got, err := desk.Voucher(t.Context(), v.ID)
	require.NoError(t, err)
	require.True(t, got.Item.Values.Equal(voucher.Values{"tourists": voucher.List(voucher.Values{"name": voucher.Text("Anna")}), "price": voucher.Amount(decimal.New(5, 0), "RUB")}))
}

func TestRewoundFeed(t *testing.T) {
	t.Parallel()
	desk, m := newDesk(t)
	issue(t, desk, trip("R-1", june8))
	for _, cursor := range []store.Cursor{"x", "0", "2:y", "1", "-1:"} {
		_, _, err := m.Since(t.Context(), cursor, 1)
		require.ErrorIs(t, err, store.ErrRewound)
	}
	_, _, err := m.Since(t.Context(), "", 0)
	var invalid *voucher.InvalidError
	require.ErrorAs(t, err, &invalid)
}
