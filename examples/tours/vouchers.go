package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/postgres"
	"github.com/tenure-go/tenure/store/postgres/pgvoucher"
	"github.com/tenure-go/tenure/store/sqlite"
	"github.com/tenure-go/tenure/store/sqlite/litevoucher"
	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/pdf"
)

// voucherStore is where the vouchers are kept.
type voucherStore interface {
	voucher.Store
	voucher.Finder
	voucher.Feed
}

// An issuery is the operator's voucher desk.
type issuery struct {
	options
	clock *show.Clock
	store voucherStore
	desk  *voucher.Desk
	// inTx runs fn in a transaction; without a database it is none, and nothing is rolled back.
	inTx      func(ctx context.Context, fn func(in voucher.Store) error) error
	documents map[string]*voucher.Document // of the voucher, by language
}

var june = func(day int) date.Date { return date.New(2021, 6, day) }

// vouchers gives each confirmed and paid reservation its voucher, and finds it again.
func vouchers(ctx context.Context, o options) (err error) {
	i := &issuery{options: o, clock: show.NewClock(time.Date(2021, 5, 3, 4, 0, 0, 0, time.UTC)), documents: map[string]*voucher.Document{}}
	done, err := i.open(ctx)
	if err != nil {
		return err
	}
	defer done()
	_, templates, err := voucher.ReadyPack("tour_sale")
	if err != nil {
		return err
	}
	config := voucher.Config{Store: i.store, Now: i.clock.Now, Zone: "Asia/Almaty", Validators: []voucher.Validator{
		{Kind: voucher.Required, Fields: []voucher.FieldID{"confirmed"}, Label: voucher.Label{Party: voucher.PartyPartner, Title: map[string]string{"en": "Confirmed", "ru": "Подтверждено"}}},
		{Kind: voucher.Required, Fields: []voucher.FieldID{"paid"}, Label: voucher.Label{Party: voucher.PartyAccounts, Title: map[string]string{"en": "Paid", "ru": "Оплачено"}}},
	}}
	for _, t := range templates {
		if t.ID != "voucher" {
			continue
		}
		d, err := voucher.Compile(t)
		if err != nil {
			return err
		}
		i.documents[t.Lang] = d
		config.Documents = append(config.Documents, d)
	}
	if i.desk, err = voucher.New(config); err != nil {
		return err
	}
	for _, scene := range []func(context.Context) error{i.unpaid, i.three, i.forty, i.changes, i.hundredth, i.search} {
		if err := scene(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (i *issuery) open(ctx context.Context) (done func(), err error) {
	switch {
	case i.postgres != "":
		pool, err := pgxpool.New(ctx, i.postgres)
		if err != nil {
			return nil, err
		}
		i.inTx = func(ctx context.Context, fn func(voucher.Store) error) error {
			return postgres.InTx(ctx, pool, func(tx pgx.Tx) error { return fn(pgvoucher.In(tx)) })
		}
		if err := postgres.Apply(ctx, pool, "voucher"); err != nil {
			return pool.Close, err
		}
		i.store, err = pgvoucher.New(ctx, pool)
		return pool.Close, err
	case i.db != "":
		db, err := sqlite.Open(ctx, i.db)
		if err != nil {
			return nil, err
		}
		i.inTx = func(ctx context.Context, fn func(voucher.Store) error) error {
			return sqlite.InTx(ctx, db, func(tx *sql.Tx) error { return fn(litevoucher.In(tx)) })
		}
		if err := sqlite.Apply(ctx, db, "voucher"); err != nil {
			return nil, err
		}
		i.store, err = litevoucher.New(ctx, db)
		return func() { _ = db.Close() }, err
	}
	memory := voucher.NewMemory()
	i.store = memory
	return func() {}, nil
}

// paidTour is a reservation with all that its voucher prints.
func paidTour(reservation string, start date.Date, manager voucher.ManagerID, tourists ...string) voucher.Item {
	item := voucher.Item{Reservation: voucher.ReservationID(reservation), TripStart: start, TripEnd: start + 7, Partner: "altai-travel", Manager: manager}
	var list []voucher.Values
	for n, name := range tourists {
		list = append(list, voucher.Values{"name": voucher.Text(name), "passport": voucher.Text(fmt.Sprintf("N%07d", 1234567+n)), "passport_until": voucher.Day(start + 1000)})
	}
	item.Values = voucher.Values{
		"tour": voucher.Text("Алтай: Телецкое озеро и Чемал"), "hotel": voucher.Text("Турбаза «Золотая», Артыбаш"), "meals": voucher.Text("HB"),
		"meeting":  voucher.Moment(start.MidnightUTC().Add(150*time.Minute), "Asia/Barnaul"),
		"tourists": voucher.List(list...), "price": voucher.Amount(decimal.New(6150000*int64(len(list)), -2), "RUB"),
		"confirmed": voucher.Yes(true), "paid": voucher.Yes(true),
	}
	return item
}

func (i *issuery) say(format string, args ...any) { fmt.Fprintf(i.out, format+"\n", args...) }

// unpaid shows a refusal: everything that is wrong at once, and whose turn it is.
func (i *issuery) unpaid(ctx context.Context) error {
	i.say("\n-- A voucher too early")
	item := paidTour("R-99", june(8), "aigul", "Анна Иванова")
	item.Values["paid"] = voucher.Yes(false)
	delete(item.Values, "price")
	item.TripEnd = june(7)
	_, err := i.desk.Issue(ctx, voucher.Issue{ID: "too early", Items: []voucher.Item{item}, By: "aigul"})
	var refused *voucher.RefusedError
	if !errors.As(err, &refused) {
		return fmt.Errorf("an unpaid trip got a voucher: %w", err)
	}
	var got []string
	for _, r := range refused.Reasons {
		i.say("   %s", r.Text(i.lang))
		got = append(got, r.Code+" "+string(r.Field)+" "+string(r.Party))
	}
	want := []string{"not_ticked paid accounts", "missing price accounts", "trip_end trip_end manager"}
	i.checks.Add("an unpaid, priceless, backward trip: all three reasons at once", slices.Equal(got, want), "%d reasons", len(got))
	return nil
}

// three issues the three vouchers of 8 June 2021 and prints them.
func (i *issuery) three(ctx context.Context) error {
	i.say("\n-- Three reservations leave on 8 June 2021")
	vs, err := i.desk.Issue(ctx, voucher.Issue{ID: "voucher", By: "aigul", Items: []voucher.Item{
		paidTour("R-100", june(8), "aigul", "Анна Иванова", "Пётр Иванов"),
		paidTour("R-101", june(8), "aigul", "Қайрат Әбілов"),
		paidTour("R-102", june(8), "boris", "Ольга Ким", "Лев Ким", "Вера Ким"),
	}})
	if err != nil {
		return err
	}
	var numbers []string
	for _, v := range vs {
		numbers = append(numbers, v.Text)
	}
	i.say("   %s", strings.Join(numbers, " "))
	i.checks.Add("numbers of 8 June 2021", slices.Equal(numbers, []string{"01080621", "02080621", "03080621"}), "%s", strings.Join(numbers, " "))
	whole := 0
	for _, v := range vs {
		page, file, err := i.print(v)
		if err != nil {
			return err
		}
		again, file2, err := i.print(v)
		if err != nil {
			return err
		}
		if strings.Contains(page, "<h1>Ваучер № "+v.Text+"</h1>") && strings.Contains(page, string(v.Item.Partner)) &&
			page == again && bytes.HasPrefix(file, []byte("%PDF-")) && bytes.Equal(file, file2) {
			whole++
		}
	}
	i.checks.Add("each prints as HTML and PDF, twice the same bytes", whole == 3, "%d of 3", whole)
	return nil
}

// print returns the voucher as HTML and PDF, and writes both where -out says.
func (i *issuery) print(v voucher.Voucher) (page string, file []byte, err error) {
	d := i.documents["ru"]
	values := d.Select(v.Values())
	var text, sheet bytes.Buffer
	if _, err := d.Render(&text, values); err != nil {
		return "", nil, err
	}
	lines, err := d.Sheet(values)
	if err != nil {
		return "", nil, err
	}
	if err := pdf.Render(&sheet, lines, pdf.Options{}); err != nil {
		return "", nil, err
	}
	if i.dir == "" {
		return text.String(), sheet.Bytes(), nil
	}
	if err := os.MkdirAll(i.dir, 0o755); err != nil {
		return "", nil, err
	}
	name := filepath.Join(i.dir, v.Text)
	err = errors.Join(os.WriteFile(name+".html", text.Bytes(), 0o644), os.WriteFile(name+".pdf", sheet.Bytes(), 0o644))
	return text.String(), sheet.Bytes(), err
}

// forty lets forty people issue at once on a date that nobody has issued for. Where there is a
// database, every fourth first rolls its transaction back.
func (i *issuery) forty(ctx context.Context) error {
	i.say("\n-- Forty issue at once for 10 June 2021")
	errBack := errors.New("rolled back")
	errs := make([]error, 40)
	var wg sync.WaitGroup
	order := rand.New(rand.NewPCG(i.seed, 10)).Perm(len(errs))
	for _, n := range order {
		wg.Go(func() {
			cmd := voucher.Issue{ID: "voucher", By: fmt.Sprint("trigger-", n), Items: []voucher.Item{paidTour(fmt.Sprint("G-", n), june(10), "boris", "Турист")}}
			if i.inTx != nil && n%4 == 0 {
				err := i.inTx(ctx, func(in voucher.Store) error {
					if _, err := i.desk.In(in).Issue(ctx, cmd); err != nil {
						return err
					}
					return errBack
				})
				if !errors.Is(err, errBack) {
					errs[n] = err
					return
				}
			}
			_, errs[n] = i.desk.Issue(ctx, cmd)
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	doubles, gaps, last, err := i.row(ctx, "100621")
	if err != nil {
		return err
	}
	i.say("   the last is %02d100621", last)
	i.checks.Add("forty at once on a new date", doubles == 0 && gaps == 0 && last == 40, "doubles %d, gaps %d, last %d", doubles, gaps, last)
	return nil
}

// row reads a day's numbers as a person does: what stands before the date is the place.
func (i *issuery) row(ctx context.Context, day string) (doubles, gaps, last int, err error) {
	seen := map[int]bool{}
	for v, err := range voucher.All(ctx, i.store, voucher.Filter{}) {
		if err != nil {
			return 0, 0, 0, err
		}
		place, ok := strings.CutSuffix(v.Text, day)
		if !ok {
			continue
		}
		n, err := strconv.Atoi(place)
		if err != nil {
			return 0, 0, 0, err
		}
		if seen[n] {
			doubles++
		}
		seen[n] = true
		last = max(last, n)
	}
	return doubles, last - len(seen), last, nil
}

// changes voids a voucher, reissues one, and moves one to another day.
func (i *issuery) changes(ctx context.Context) error {
	i.say("\n-- One cancels, one changes hotel, one flies a day later")
	get := func(reservation string) (voucher.Voucher, error) {
		vs, _, err := i.store.Find(ctx, voucher.Filter{Reservation: voucher.ReservationID(reservation)}, "", 1)
		if err != nil || len(vs) == 0 {
			return voucher.Voucher{}, errors.Join(err, fmt.Errorf("%s has no voucher", reservation))
		}
		return vs[0], nil
	}
	cancelled, err := get("R-101")
	if err != nil {
		return err
	}
	if cancelled, err = i.desk.Void(ctx, voucher.Void{Ref: voucher.Ref{ID: cancelled.ID}, By: "aigul", Why: "the client cancelled"}); err != nil {
		return err
	}
	i.say("   %s is %s", cancelled.Text, cancelled.State)

	changed, err := get("R-100")
	if err != nil {
		return err
	}
	item := paidTour("R-100", june(8), "aigul", "Анна Иванова", "Пётр Иванов")
	item.Values["hotel"] = voucher.Text("Гостиница «Чемал»")
	if changed, err = i.desk.Reissue(ctx, voucher.Reissue{Ref: voucher.Ref{ID: changed.ID}, ID: "hotel", Item: item, By: "aigul", Why: "another hotel"}); err != nil {
		return err
	}
	i.say("   %s is at revision %d", changed.Text, changed.Rev)
	page, _, err := i.print(changed)
	if err != nil {
		return err
	}

	before, err := get("R-102")
	if err != nil {
		return err
	}
	item = paidTour("R-102", june(9), "boris", "Ольга Ким", "Лев Ким", "Вера Ким")
	moved, err := i.desk.Reissue(ctx, voucher.Reissue{Ref: voucher.Ref{ID: before.ID}, ID: "flight", Item: item, By: "boris", Why: "the flight was moved"})
	if err != nil {
		return err
	}
	old, err := i.desk.Voucher(ctx, before.ID)
	if err != nil {
		return err
	}
	i.say("   %s gave way to %s", old.Text, moved.Text)

	next, err := i.desk.Issue(ctx, voucher.Issue{ID: "voucher", Items: []voucher.Item{paidTour("R-103", june(8), "boris", "Иван Ли")}, By: "boris"})
	if err != nil {
		return err
	}
	i.checks.Add("a void number is not given again", cancelled.Text == "02080621" && next[0].Text == "04080621", "after 02080621 was void came %s", next[0].Text)
	i.checks.Add("a change on the same day keeps the number", changed.Text == "01080621" && changed.Rev == 2 && strings.Contains(page, "Чемал»"), "%s, revision %d", changed.Text, changed.Rev)
	i.checks.Add("another day: a new number, linked both ways", moved.Text == "01090621" && moved.Replaces == old.ID && old.ReplacedBy == moved.ID && old.State == voucher.StateVoid,
		"%s and %s", old.Text, moved.Text)
	return nil
}

// hundredth fills a day past 99.
func (i *issuery) hundredth(ctx context.Context) error {
	i.say("\n-- A hundred and one leave on 12 June 2021")
	cmd := voucher.Issue{ID: "voucher", By: "trigger"}
	for n := range 101 {
		cmd.Items = append(cmd.Items, paidTour(fmt.Sprint("H-", n), june(12), "trigger", "Турист"))
	}
	vs, err := i.desk.Issue(ctx, cmd)
	if err != nil {
		return err
	}
	i.say("   … %s %s %s", vs[98].Text, vs[99].Text, vs[100].Text)
	page, _, err := i.store.Find(ctx, voucher.Filter{Trip: voucher.Dates{First: june(12), Last: june(12)}}, store.Cursor(vs[97].ID), 3)
	if err != nil {
		return err
	}
	ordered := len(page) == 3 && page[0].Text == "99120621" && page[1].Text == "100120621" && page[2].Text == "101120621"
	i.checks.Add("the hundredth number follows the 99th", ordered, "%s, %s", vs[98].Text, vs[99].Text)
	return nil
}

// search asks for vouchers in every way there is, and compares with a plain look through the feed.
func (i *issuery) search(ctx context.Context) error {
	i.say("\n-- Anyone finds it")
	latest := map[voucher.VoucherID]voucher.Voucher{}
	var after store.Cursor
	for {
		events, next, err := i.store.Since(ctx, after, 100)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			latest[e.Voucher.ID] = e.Voucher
		}
		after = next
	}
	day := voucher.Dates{First: june(15), Last: june(15)}
	asked := []struct {
		what   string
		filter voucher.Filter
		plain  func(v voucher.Voucher) bool
	}{
		{"number 01 08-06 21", voucher.Filter{Number: "01 08-06 21"}, func(v voucher.Voucher) bool { return v.Text == "01080621" }},
		{"numbers that begin with 10", voucher.Filter{Prefix: "10"}, func(v voucher.Voucher) bool { return v.Text[:2] == "10" }},
		{"trips from 8 to 9 June", voucher.Filter{Trip: voucher.Dates{First: june(8), Last: june(9)}}, func(v voucher.Voucher) bool { return v.Item.TripStart <= june(9) }},
		{"issued on 3 May", voucher.Filter{Issued: voucher.Dates{First: date.New(2021, 5, 3), Last: date.New(2021, 5, 3)}}, func(v voucher.Voucher) bool { return v.Issued == date.New(2021, 5, 3) }},
		{"valid on 15 June", voucher.Filter{Valid: day}, func(v voucher.Voucher) bool { return v.Item.TripStart <= june(15) && v.Item.TripEnd >= june(15) }},
		{"of Boris", voucher.Filter{Manager: "boris"}, func(v voucher.Voucher) bool { return v.Item.Manager == "boris" }},
		{"of Altai Travel", voucher.Filter{Partner: "altai-travel"}, func(v voucher.Voucher) bool { return v.Item.Partner == "altai-travel" }},
		{"of reservation R-102", voucher.Filter{Reservation: "R-102"}, func(v voucher.Voucher) bool { return v.Item.Reservation == "R-102" }},
		{"of the main series", voucher.Filter{Series: []voucher.SeriesID{""}}, func(voucher.Voucher) bool { return true }},
		{"void", voucher.Filter{States: []voucher.State{voucher.StateVoid}}, func(v voucher.Voucher) bool { return !v.Voided.IsZero() }},
		{"Boris's valid on 15 June, not void", voucher.Filter{Manager: "boris", Valid: day, States: []voucher.State{voucher.StateIssued}},
			func(v voucher.Voucher) bool {
				return v.Item.Manager == "boris" && v.Item.TripStart <= june(15) && v.Item.TripEnd >= june(15) && v.Voided.IsZero()
			}},
	}
	right := 0
	for _, a := range asked {
		found := map[voucher.VoucherID]bool{}
		for v, err := range voucher.All(ctx, i.store, a.filter) {
			if err != nil {
				return err
			}
			found[v.ID] = true
		}
		want := 0
		for id, v := range latest {
			if a.plain(v) {
				want++
				if !found[id] {
					want = -len(latest)
				}
			}
		}
		if want == len(found) && want > 0 {
			right++
		}
		i.say("   %-36s %3d", a.what, len(found))
	}
	i.checks.Add("every filter finds what a look through the feed finds", right == len(asked), "%d of %d", right, len(asked))
	return nil
}
