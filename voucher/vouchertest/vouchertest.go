// Package vouchertest proves that a store of package voucher keeps its promises.
//
// Whoever writes an adapter calls the three suites on it:
//
//	func TestStore(t *testing.T) { vouchertest.TestStore(t, open) } // Load and Commit
//	func TestFind(t *testing.T)  { vouchertest.TestFind(t, open) }  // Find and Since
//	func TestTx(t *testing.T)    { vouchertest.TestTx(t, openTx) }  // in a caller's transaction
//
// Each case tries one rule and prints it when it fails; package storetest's cases are among them.
// Cases return errors, so that the suite can itself be tried on stores that are broken on purpose.
package vouchertest

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
	"github.com/tenure-go/tenure/voucher"
)

// A Store is a store with all that the package's users need of it.
type Store interface {
	voucher.Store
	voucher.Finder
	voucher.Feed
}

// An InTx runs fn in one transaction of a store's database, commits it if fn returns nil, rolls it
// back otherwise, and repeats the whole on a conflict.
type InTx func(ctx context.Context, fn func(in voucher.Store) error) error

// TestStore proves Load and Commit. open returns an empty store.
func TestStore(t *testing.T, open func(t *testing.T) voucher.Store) {
	t.Run("rows", func(t *testing.T) { storetest.Run(t, rowsFixture(open(t))) })
	t.Run("counters", func(t *testing.T) { storetest.Run(t, countersFixture(open(t))) })
	t.Run("vouchers", func(t *testing.T) {
		storetest.RunCases(t, StoreCases(func() voucher.Store { return open(t) }))
	})
}

// TestFind proves Find and Since. open returns an empty store.
func TestFind(t *testing.T, open func(t *testing.T) Store) {
	storetest.RunCases(t, FindCases(func() Store { return open(t) }))
}

// TestTx proves the store in a caller's transaction. open returns an empty store and what runs
// transactions on its database.
func TestTx(t *testing.T, open func(t *testing.T) (Store, InTx)) {
	storetest.RunCases(t, TxCases(func() (Store, InTx) { return open(t) }))
}

var (
	june8 = date.New(2027, 6, 8)
	july1 = date.New(2027, 7, 1)
	noon  = time.Date(2027, 5, 1, 12, 0, 0, 123456000, time.UTC)
)

// rowsFixture keeps storetest's values in a reservation's voucher.
func rowsFixture(s voucher.Store) storetest.Fixture[voucher.Query, voucher.Aggregate, voucher.Change] {
	return storetest.Fixture[voucher.Query, voucher.Aggregate, voucher.Change]{
		Store: s,
		Kinds: []string{voucher.KindReservation},
		Lacks: storetest.NoErase,
		Query: func(keys []store.Key, lock bool) voucher.Query {
			q := voucher.Query{Lock: lock}
			for _, k := range keys {
				q.Reservations = append(q.Reservations, voucher.ReservationID(k.ID))
			}
			return q
		},
		Change: func(steps []storetest.Step) voucher.Change {
			var c voucher.Change
			for _, s := range steps {
				c.Guards = append(c.Guards, s.Guard)
				if s.Write {
					c = with(c, carrier(s))
				}
			}
			return c
		},
		Row: func(a voucher.Aggregate) storetest.Row {
			r := storetest.Row{Key: a.Key, Version: a.Version}
			if len(a.Vouchers) > 0 {
				v := a.Vouchers[0]
				amount, _, _ := strings.Cut(v.Item.Values["amount"].String(), " ")
				r.Value = storetest.Value{Text: v.Revisions[0].Why, At: v.Voided, Amount: amount}
			}
			return r
		},
	}
}

// carrier is a voucher, taken over as text, that carries a value.
func carrier(s storetest.Step) voucher.Voucher {
	v := adopted(voucher.ReservationID(s.ID), hex.EncodeToString([]byte(s.ID)))
	amount, _ := decimal.NewFromString(s.Value.Amount)
	v.Voided = s.Value.At
	v.Revisions[0].Why = s.Value.Text
	v.Item.Values = voucher.Values{"amount": voucher.Amount(amount, "RUB")}
	return v
}

// with adds the only voucher of its reservation.
func with(c voucher.Change, v voucher.Voucher) voucher.Change {
	c.Vouchers = append(c.Vouchers, v)
	c.Holdings = append(c.Holdings, voucher.Holding{Reservation: v.Item.Reservation, Vouchers: []voucher.VoucherID{v.ID}})
	return c
}

// adopted is a voucher whose number is a text.
func adopted(reservation voucher.ReservationID, text string) voucher.Voucher {
	id := voucher.VoucherID(june8.String() + "/old/=" + voucher.PlainNumber(text))
	n, _ := id.Number()
	item := voucher.Item{Reservation: reservation, TripStart: june8, TripEnd: june8 + 7}
	return voucher.Voucher{ID: id, Number: n, Text: text, State: voucher.StateIssued, Rev: 1, Item: item, Issued: june8 - 30,
		Revisions: []voucher.Revision{{Rev: 1, Kind: voucher.EventAdopted, Command: "c", Item: item, Issued: june8 - 30, At: noon}}}
}

// countersFixture keeps storetest's numbers in counters and, in turn, in reservations.
func countersFixture(s voucher.Store) storetest.Fixture[voucher.Query, voucher.Aggregate, voucher.Change] {
	rows := rowsFixture(s)
	return storetest.Fixture[voucher.Query, voucher.Aggregate, voucher.Change]{
		Store: s,
		Kinds: []string{voucher.KindSeries, voucher.KindReservation},
		Lacks: storetest.NoErase | storetest.NoText | storetest.NoTime | storetest.NoAmount,
		ID: func(kind, id string) string {
			if kind == voucher.KindSeries {
				return counter(voucher.SeriesID(id)).Key().ID
			}
			return id
		},
		Query: func(keys []store.Key, lock bool) voucher.Query {
			q := voucher.Query{Lock: lock}
			for _, k := range keys {
				if k.Kind == voucher.KindSeries {
					q.Counters = append(q.Counters, counterOf(k))
				} else {
					q.Reservations = append(q.Reservations, voucher.ReservationID(k.ID))
				}
			}
			return q
		},
		Change: func(steps []storetest.Step) voucher.Change {
			var c voucher.Change
			for _, s := range steps {
				c.Guards = append(c.Guards, s.Guard)
				switch {
				case s.Write && s.Kind == voucher.KindSeries:
					last, _ := strconv.ParseInt(s.Value.Text, 10, 64)
					c.Counters = append(c.Counters, voucher.Counter{CounterKey: counterOf(s.Key), Last: last})
				case s.Write:
					c = with(c, carrier(s))
				}
			}
			return c
		},
		Row: func(a voucher.Aggregate) storetest.Row {
			if a.Kind != voucher.KindSeries {
				return rows.Row(a)
			}
			r := storetest.Row{Key: a.Key, Version: a.Version}
			if a.Counter.Last > 0 {
				r.Value.Text = strconv.FormatInt(a.Counter.Last, 10)
			}
			return r
		},
	}
}

func counter(series voucher.SeriesID) voucher.CounterKey {
	return voucher.CounterKey{TripStart: june8, Series: series}
}

func counterOf(k store.Key) voucher.CounterKey {
	_, series, _ := strings.Cut(k.ID, "/")
	return counter(voucher.SeriesID(series))
}

// A trial is one run of one case: a desk over the store, whose clock stands still.
type trial struct {
	desk *voucher.Desk
}

func newTrial(s voucher.Store) (trial, error) {
	desk, err := voucher.New(voucher.Config{Store: s, Now: func() time.Time { return noon },
		Series: map[voucher.SeriesID]string{"": "{seq:2}{dd}{mm}{yy}", "B": "B{seq:2}{dd}{mm}{yy}", "b": "b{seq:2}{dd}{mm}{yy}"}})
	return trial{desk}, err
}

func item(reservation string, trip date.Date) voucher.Item {
	return voucher.Item{Reservation: voucher.ReservationID(reservation), TripStart: trip, TripEnd: trip + 7}
}

func (t trial) issue(ctx context.Context, series voucher.SeriesID, items ...voucher.Item) ([]voucher.Voucher, error) {
	return t.desk.Issue(ctx, voucher.Issue{ID: "issue", Series: series, Items: items, By: "m"})
}

// full is an item that has something in every field.
func full() voucher.Item {
	return voucher.Item{Reservation: "R-1", TripStart: june8, TripEnd: july1, Partner: "Партнёр", Manager: "m-1", Values: voucher.Values{
		"text": voucher.Text("Ёж № 1 \"<&>\" \\ \u2028 😀"), "int": voucher.Int(-1 << 62), "amount": voucher.Amount(decimal.RequireFromString("12345678901.10"), "KZT"),
		"day": voucher.Day(july1), "moment": voucher.Moment(noon, "Asia/Almaty"), "yes": voucher.Yes(true), "no": voucher.Yes(false),
		"list": voucher.List(voucher.Values{"name": voucher.Text("a")}, voucher.Values{}, voucher.Values{"n": voucher.Int(0)}), "empty": voucher.List(),
	}}
}

func sameVoucher(what string, got, want voucher.Voucher) error {
	values, wanted := got.Item.Values, want.Item.Values
	got, want = got.Clone(), want.Clone()
	plain := func(v *voucher.Voucher) {
		v.Item.Values = nil
		for i := range v.Revisions {
			v.Revisions[i].Item.Values = nil
		}
	}
	plain(&got)
	plain(&want)
	if !values.Equal(wanted) || !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s: got %+v with %v, want %+v with %v", what, got, values, want, wanted)
	}
	return nil
}

// StoreCases are the cases of TestStore that are the package's own.
func StoreCases(open func() voucher.Store) []storetest.Case {
	add := func(cases *[]storetest.Case, name, rule string, run func(context.Context, voucher.Store, trial) error) {
		*cases = append(*cases, storetest.Case{Name: name, Rule: rule, Run: func(ctx context.Context) error {
			s := open()
			t, err := newTrial(s)
			if err != nil {
				return err
			}
			return run(ctx, s, t)
		}})
	}
	var cases []storetest.Case
	add(&cases, "a voucher comes back whole", "What was committed is loaded as it was: texts, amounts, times, lists, revisions, templates.",
		func(ctx context.Context, s voucher.Store, t trial) error {
			vs, err := t.issue(ctx, "", full())
			if err != nil {
				return err
			}
			v, err := t.desk.Voucher(ctx, vs[0].ID)
			if err != nil {
				return err
			}
			return sameVoucher("load", v, vs[0])
		})
	add(&cases, "a voucher names its reservation", "A query for a voucher returns the aggregate of its reservation, with all its vouchers in order; for an unknown one, none.",
		func(ctx context.Context, s voucher.Store, t trial) error {
			var ids []voucher.VoucherID
			for i := range 3 {
				vs, err := t.desk.Issue(ctx, voucher.Issue{ID: voucher.CommandID(fmt.Sprint("c", i)), Items: []voucher.Item{item("R-1", july1-date.Date(i))}})
				if err != nil {
					return err
				}
				if _, err := t.desk.Void(ctx, voucher.Void{Ref: vs[0].Ref()}); err != nil {
					return err
				}
				ids = append(ids, vs[0].ID)
			}
			for _, id := range ids {
				as, err := s.Load(ctx, voucher.Query{Vouchers: []voucher.VoucherID{id, "2027-06-08//99", "nonsense"}})
				if err != nil {
					return err
				}
				if len(as) != 1 || as[0].Key != voucher.ReservationID("R-1").Key() || len(as[0].Vouchers) != 3 {
					return fmt.Errorf("load by %s: got %+v, want the three vouchers of R-1", id, as)
				}
				for i, v := range as[0].Vouchers {
					if v.ID != ids[2-i] || v.State != voucher.StateVoid {
						return fmt.Errorf("load by %s: voucher %d is %s, %s", id, i, v.ID, v.State)
					}
				}
			}
			return nil
		})
	add(&cases, "keys are told apart byte by byte", "Reservations and series that differ in case, or in the form of a letter, are different.",
		func(ctx context.Context, s voucher.Store, t trial) error {
			for i, name := range []string{"R", "r", "R ", "\u0419", "\u0418\u0306", "%", "_"} {
				series := []voucher.SeriesID{"", "B", "b"}[i%3]
				vs, err := t.issue(ctx, series, item(name, june8))
				if err != nil {
					return fmt.Errorf("issue for %q: %w", name, err)
				}
				if got, want := vs[0].Number.Seq(), int64(i/3+1); got != want {
					return fmt.Errorf("series %q: reservation %q got place %d, want %d", series, name, got, want)
				}
			}
			return nil
		})
	add(&cases, "a batch commits whole", "A change over several reservations and counters is written as a whole: every voucher, every counter.",
		func(ctx context.Context, s voucher.Store, t trial) error {
			var items []voucher.Item
			for i := range 60 {
				items = append(items, item(fmt.Sprint("R-", i), june8+date.Date(i%3)))
			}
			vs, err := t.issue(ctx, "", items...)
			if err != nil {
				return err
			}
			for i, v := range vs {
				if v.Number.Seq() != int64(i/3+1) {
					return fmt.Errorf("item %d got place %d, want %d", i, v.Number.Seq(), i/3+1)
				}
				got, err := t.desk.Voucher(ctx, v.ID)
				if err != nil {
					return err
				}
				if err := sameVoucher("load", got, v); err != nil {
					return err
				}
			}
			as, err := s.Load(ctx, voucher.Query{Counters: []voucher.CounterKey{{TripStart: june8}, {TripStart: june8 + 1}, {TripStart: june8 + 9}}})
			if err != nil {
				return err
			}
			for i, want := range []int64{20, 20, 0} {
				if len(as) != 3 || as[i].Counter.Last != want {
					return fmt.Errorf("counters after a batch of 60: %+v", as)
				}
			}
			return nil
		})
	add(&cases, "a conflict leaves nothing behind", "A commit that one guard fails writes no voucher, no counter and no event.",
		func(ctx context.Context, s voucher.Store, t trial) error {
			vs, err := t.issue(ctx, "", item("R-1", june8))
			if err != nil {
				return err
			}
			q := voucher.Query{Reservations: []voucher.ReservationID{"R-1", "R-2"}, Counters: []voucher.CounterKey{counter("")}, Lock: true}
			was, err := s.Load(ctx, q)
			if err != nil {
				return err
			}
			if len(was) != 3 {
				return fmt.Errorf("load of two reservations and a counter: %+v", was)
			}
			for stale := range was {
				v, other := vs[0].Clone(), adopted("R-2", "X")
				v.State = voucher.StateVoid
				c := voucher.Change{
					Vouchers: []voucher.Voucher{other, v},
					Holdings: []voucher.Holding{{Reservation: "R-2", Vouchers: []voucher.VoucherID{other.ID}}},
					Counters: []voucher.Counter{{CounterKey: counter(""), Last: 77}},
					Events:   []voucher.Event{{Key: other.Key(), Seq: 1, At: noon, Kind: voucher.EventAdopted, Voucher: other}},
				}
				for i, a := range was {
					g := store.Guard{Key: a.Key, Version: a.Version, Write: true}
					if i == stale {
						g.Version += 1000
					}
					c.Guards = append(c.Guards, g)
				}
				if err := s.Commit(ctx, c); !errors.Is(err, store.ErrConflict) {
					return fmt.Errorf("commit over a stale %s: got %v, want one wrapping store.ErrConflict", was[stale].Key, err)
				}
				as, err := s.Load(ctx, q)
				if err != nil {
					return err
				}
				if !reflect.DeepEqual(as, was) {
					return fmt.Errorf("after a conflict over %s: %+v, before %+v", was[stale].Key, as, was)
				}
			}
			return nil
		})
	add(&cases, "many issue at once", "Whoever issues at the same moment gets a number of his own, and the row has no hole.",
		func(ctx context.Context, s voucher.Store, t trial) error {
			return many(ctx, func(i int) ([]voucher.Voucher, error) {
				return t.issue(ctx, "", item(fmt.Sprint("R-", i), june8+date.Date(i%2)))
			})
		})
	add(&cases, "two desks issue at once", "Two desks over one store, which do not wait for each other, get no number twice either.",
		func(ctx context.Context, s voucher.Store, t trial) error {
			other, err := newTrial(s)
			if err != nil {
				return err
			}
			return many(ctx, func(i int) ([]voucher.Voucher, error) {
				return []trial{t, other}[i%2].issue(ctx, "", item(fmt.Sprint("R-", i), june8))
			})
		})
	add(&cases, "one reservation, many commands", "Of many commands that issue for one reservation at once, one is granted.",
		func(ctx context.Context, s voucher.Store, t trial) error {
			var mu sync.Mutex
			granted := 0
			err := together(8, func(i int) error {
				_, err := t.desk.Issue(ctx, voucher.Issue{ID: voucher.CommandID(fmt.Sprint("c", i)), Items: []voucher.Item{item("R-1", june8)}})
				if errors.Is(err, voucher.ErrRefused) {
					return nil
				}
				mu.Lock()
				defer mu.Unlock()
				granted++
				return err
			})
			if err == nil && granted != 1 {
				err = fmt.Errorf("%d commands were granted, want 1", granted)
			}
			return err
		})
	add(&cases, "a number is adopted once", "Of many that adopt one number for different reservations at once, one is granted.",
		func(ctx context.Context, s voucher.Store, t trial) error {
			for _, number := range []string{"07080627", "old-7"} {
				var mu sync.Mutex
				granted := 0
				err := together(6, func(i int) error {
					_, err := t.desk.Adopt(ctx, voucher.Adopt{ID: "a", Number: number, Issued: june8 - 60, Item: item(number+fmt.Sprint("R-", i), june8)})
					var taken *voucher.TakenError
					if errors.As(err, &taken) {
						return nil
					}
					mu.Lock()
					defer mu.Unlock()
					granted++
					return err
				})
				if err != nil {
					return err
				}
				if granted != 1 {
					return fmt.Errorf("%s was adopted %d times, want once", number, granted)
				}
			}
			vs, err := t.issue(ctx, "", item("next", june8))
			if err == nil && vs[0].Number.Seq() != 8 {
				err = fmt.Errorf("after 07080627 was adopted the next place is %d, want 8", vs[0].Number.Seq())
			}
			return err
		})
	return cases
}

// many issues 40 vouchers from as many goroutines and looks for doubles and holes.
func many(_ context.Context, issue func(i int) ([]voucher.Voucher, error)) error {
	var mu sync.Mutex
	places := map[date.Date][]int64{}
	err := together(40, func(i int) error {
		vs, err := issue(i)
		if err != nil {
			return err
		}
		mu.Lock()
		defer mu.Unlock()
		places[vs[0].Item.TripStart] = append(places[vs[0].Item.TripStart], vs[0].Number.Seq())
		return nil
	})
	if err != nil {
		return err
	}
	for day, seqs := range places {
		slices.Sort(seqs)
		for i, seq := range seqs {
			if seq != int64(i+1) {
				return fmt.Errorf("places of %s: %v, want 1 to %d", day, seqs, len(seqs))
			}
		}
	}
	return nil
}

func together(n int, run func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = run(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

// TxCases are the cases of TestTx.
func TxCases(open func() (Store, InTx)) []storetest.Case {
	var cases []storetest.Case
	add := func(name, rule string, run func(context.Context, Store, InTx, trial) error) {
		cases = append(cases, storetest.Case{Name: name, Rule: rule, Run: func(ctx context.Context) error {
			s, inTx := open()
			t, err := newTrial(s)
			if err != nil {
				return err
			}
			return run(ctx, s, inTx, t)
		}})
	}
	errBack := errors.New("rolled back on purpose")
	add("a commit is seen, a rollback is not", "What a transaction issued stands or falls with it, and a number that was rolled back is given again.",
		func(ctx context.Context, s Store, inTx InTx, t trial) error {
			for i, want := range []struct {
				fail bool
				seq  int64
			}{{true, 1}, {false, 1}, {true, 2}, {false, 2}} {
				var got voucher.Voucher
				err := inTx(ctx, func(in voucher.Store) error {
					vs, err := trial{t.desk.In(in)}.issue(ctx, "", item(fmt.Sprint("R-", i), june8))
					if err != nil {
						return err
					}
					got = vs[0]
					if want.fail {
						return errBack
					}
					return nil
				})
				if want.fail != errors.Is(err, errBack) || !want.fail && err != nil {
					return err
				}
				if got.Number.Seq() != want.seq {
					return fmt.Errorf("transaction %d got place %d, want %d", i, got.Number.Seq(), want.seq)
				}
				_, err = t.desk.Voucher(ctx, got.ID)
				var unknown *voucher.UnknownError
				if !want.fail && err != nil || i == 0 && !errors.As(err, &unknown) {
					return fmt.Errorf("after transaction %d: %v", i, err)
				}
			}
			return nil
		})
	add("a transaction sees what it wrote", "Within one transaction a second command builds on the first.",
		func(ctx context.Context, s Store, inTx InTx, t trial) error {
			return inTx(ctx, func(in voucher.Store) error {
				desk := trial{t.desk.In(in)}
				for want := range int64(3) {
					vs, err := desk.issue(ctx, "", item(fmt.Sprint("R-", want), june8))
					if err != nil {
						return err
					}
					if vs[0].Number.Seq() != want+1 {
						return fmt.Errorf("got place %d, want %d", vs[0].Number.Seq(), want+1)
					}
				}
				var refused *voucher.RefusedError
				if _, err := desk.desk.Issue(ctx, voucher.Issue{ID: "again", Items: []voucher.Item{item("R-0", june8)}}); !errors.As(err, &refused) {
					return fmt.Errorf("a second voucher for R-0: got %v, want a refusal", err)
				}
				return nil
			})
		})
	add("many transactions at once", "Transactions that issue for new days at once, a tenth of them rolled back, double nothing, leave no hole and all succeed.",
		func(ctx context.Context, s Store, inTx InTx, t trial) error {
			const workers, each = 8, 10
			kept := make([]map[voucher.VoucherID]bool, workers)
			err := together(workers, func(w int) error {
				kept[w] = map[voucher.VoucherID]bool{}
				for i := range each {
					n := w*each + i
					var got voucher.Voucher
					err := inTx(ctx, func(in voucher.Store) error {
						vs, err := trial{t.desk.In(in)}.issue(ctx, "", item(fmt.Sprint("R-", n), june8+date.Date(n%3)))
						if err != nil {
							return err
						}
						got = vs[0]
						if n%10 == 9 {
							return errBack
						}
						return nil
					})
					if err != nil && !errors.Is(err, errBack) {
						return err
					}
					if err == nil {
						kept[w][got.ID] = true
					}
				}
				return nil
			})
			if err != nil {
				return err
			}
			all := map[voucher.VoucherID]bool{}
			for _, mine := range kept {
				for id := range mine {
					if all[id] {
						return fmt.Errorf("%s was given twice", id)
					}
					all[id] = true
				}
			}
			last := map[date.Date]int64{}
			for v, err := range voucher.All(ctx, s, voucher.Filter{}) {
				if err != nil {
					return err
				}
				if last[v.Item.TripStart]++; v.Number.Seq() != last[v.Item.TripStart] || !all[v.ID] {
					return fmt.Errorf("%s stands at place %d of its row; given: %v", v.ID, last[v.Item.TripStart], all[v.ID])
				}
			}
			if total := last[june8] + last[june8+1] + last[june8+2]; int(total) != len(all) {
				return fmt.Errorf("%d vouchers were given, %d are there", len(all), total)
			}
			return nil
		})
	return cases
}

// FindCases are the cases of TestFind.
func FindCases(open func() Store) []storetest.Case {
	var cases []storetest.Case
	add := func(name, rule string, run func(context.Context, Store, trial) error) {
		cases = append(cases, storetest.Case{Name: name, Rule: rule, Run: func(ctx context.Context) error {
			s := open()
			t, err := newTrial(s)
			if err != nil {
				return err
			}
			return run(ctx, s, t)
		}})
	}
	add("each filter finds what meets it", "Find returns every voucher that meets all of the filter, and no other, in the order of the numbers.",
		func(ctx context.Context, s Store, t trial) error {
			all, err := t.fill(ctx)
			if err != nil {
				return err
			}
			for _, f := range filters() {
				var want []voucher.VoucherID
				for _, v := range all {
					if meets(f, v) {
						want = append(want, v.ID)
					}
				}
				if err := walk(ctx, s, f, 1000, want); err != nil {
					return err
				}
			}
			return nil
		})
	add("pages of any size", "Pages of any size put together are the whole, each voucher once.",
		func(ctx context.Context, s Store, t trial) error {
			all, err := t.fill(ctx)
			if err != nil {
				return err
			}
			for _, limit := range []int{1, 2, 3, 7, len(all), len(all) + 1} {
				for _, f := range []voucher.Filter{{}, {States: []voucher.State{voucher.StateVoid}}} {
					var want []voucher.VoucherID
					for _, v := range all {
						if meets(f, v) {
							want = append(want, v.ID)
						}
					}
					if err := walk(ctx, s, f, limit, want); err != nil {
						return err
					}
				}
			}
			return nil
		})
	add("pages while others insert", "A walk through all pages, while others insert, meets each voucher that was there at its start once, in order.",
		func(ctx context.Context, s Store, t trial) error {
			all, err := t.fill(ctx)
			if err != nil {
				return err
			}
			met := map[voucher.VoucherID]int{}
			var before voucher.Voucher
			var after store.Cursor
			for page := 0; ; page++ {
				vs, next, err := s.Find(ctx, voucher.Filter{}, after, 3)
				if err != nil {
					return err
				}
				for _, v := range vs {
					if before.ID != "" && before.Compare(v) >= 0 {
						return fmt.Errorf("%s came after %s", v.ID, before.ID)
					}
					before = v
					met[v.ID]++
				}
				if next == "" {
					break
				}
				after = next
				if page < 20 {
					for _, trip := range []date.Date{june8 - 20, july1 + 100} {
						if _, err := t.issue(ctx, "", item(fmt.Sprint("late-", page, trip), trip)); err != nil {
							return err
						}
					}
				}
			}
			for _, v := range all {
				if met[v.ID] != 1 {
					return fmt.Errorf("%s was met %d times, want once", v.ID, met[v.ID])
				}
			}
			return nil
		})
	add("bad questions are refused", "A limit below 1 and a cursor of nowhere are an InvalidError.",
		func(ctx context.Context, s Store, t trial) error {
			for _, try := range []struct {
				after store.Cursor
				limit int
			}{{"", 0}, {"", -1}, {"nonsense", 1}, {"2027-06-08//0", 1}, {"2027-13-08//1", 1}} {
				_, _, err := s.Find(ctx, voucher.Filter{}, try.after, try.limit)
				var invalid *voucher.InvalidError
				if !errors.As(err, &invalid) {
					return fmt.Errorf("find after %q, limit %d: got %v, want an InvalidError", try.after, try.limit, err)
				}
			}
			return nil
		})
	add("the feed tells the state", "Since, page by page, returns every event once, those of a reservation by their Seq without a hole, and their fold is what is stored.",
		func(ctx context.Context, s Store, t trial) error {
			all, err := t.fill(ctx)
			if err != nil {
				return err
			}
			var events []voucher.Event
			var after store.Cursor
			for {
				page, next, err := s.Since(ctx, after, 5)
				if err != nil {
					return err
				}
				if len(page) == 0 {
					break
				}
				events, after = append(events, page...), next
			}
			seqs := map[store.Key]int64{}
			for _, e := range events {
				if seqs[e.Key]++; e.Seq != seqs[e.Key] {
					return fmt.Errorf("event %d of %s has Seq %d", seqs[e.Key], e.Key, e.Seq)
				}
				if e.Key != e.Voucher.Key() || !e.At.Equal(noon) || e.Kind == "" {
					return fmt.Errorf("event %+v does not tell its key, time and kind", e)
				}
			}
			vouchers, counters := voucher.Fold(events)
			if len(vouchers) != len(all) {
				return fmt.Errorf("the feed tells of %d vouchers, %d are there", len(vouchers), len(all))
			}
			for i, v := range vouchers {
				if err := sameVoucher("fold", v, all[i]); err != nil {
					return err
				}
			}
			for _, c := range counters {
				as, err := s.Load(ctx, voucher.Query{Counters: []voucher.CounterKey{c.CounterKey}})
				if err != nil {
					return err
				}
				if len(as) != 1 || as[0].Counter != c {
					return fmt.Errorf("fold says %+v, stored is %+v", c, as)
				}
			}
			return nil
		})
	add("the feed knows another history", "A cursor of a history that this store does not have is store.ErrRewound.",
		func(ctx context.Context, s Store, t trial) error {
			if _, err := t.fill(ctx); err != nil {
				return err
			}
			_, after, err := s.Since(ctx, "", 4)
			if err != nil {
				return err
			}
			other := open()
			twin, err := newTrial(other)
			if err != nil {
				return err
			}
			for i := range 9 {
				if _, err := twin.issue(ctx, "", item(fmt.Sprint("else-", i), july1)); err != nil {
					return err
				}
			}
			if _, _, err := other.Since(ctx, after, 4); !errors.Is(err, store.ErrRewound) {
				return fmt.Errorf("a cursor of another history: got %v, want store.ErrRewound", err)
			}
			return nil
		})
	return cases
}

// meets is Filter.Match written anew, for numbers of this suite.
func meets(f voucher.Filter, v voucher.Voucher) bool {
	plain := func(s string) string { return strings.NewReplacer(" ", "", "-", "").Replace(s) }
	within := func(d voucher.Dates, first, last date.Date) bool {
		return (d.Last == 0 || d.Last >= first) && (d.First == 0 || last >= d.First)
	}
	for _, ok := range []bool{
		f.Number == "" || plain(f.Number) == plain(v.Text),
		f.Prefix == "" || strings.HasPrefix(plain(v.Text), plain(f.Prefix)),
		within(f.Trip, v.Item.TripStart, v.Item.TripStart),
		within(f.Issued, v.Issued, v.Issued),
		within(f.Valid, v.Item.TripStart, v.Item.TripEnd),
		f.Manager == "" || v.Item.Manager == f.Manager,
		f.Partner == "" || v.Item.Partner == f.Partner,
		f.Reservation == "" || v.Item.Reservation == f.Reservation,
		len(f.Series) == 0 || slices.Contains(f.Series, v.Number.Series()),
		len(f.States) == 0 || slices.Contains(f.States, v.State),
	} {
		if !ok {
			return false
		}
	}
	return true
}

func filters() []voucher.Filter {
	return []voucher.Filter{
		{},
		{Number: "01080627"}, {Number: "01 08-06 27"}, {Number: "B01080627"}, {Number: "nowhere"}, {Number: "old-7"},
		{Prefix: "0"}, {Prefix: "01 0"}, {Prefix: "B"}, {Prefix: "b"}, {Prefix: "%"}, {Prefix: "_"}, {Prefix: "o-l"},
		{Trip: voucher.Dates{First: june8, Last: june8}}, {Trip: voucher.Dates{First: june8 + 1}}, {Trip: voucher.Dates{Last: june8}},
		{Trip: voucher.Dates{First: july1, Last: june8}}, {Trip: voucher.Dates{First: date.Min() + 1, Last: date.Max()}},
		{Issued: voucher.Dates{Last: june8 - 40}}, {Issued: voucher.Dates{First: date.NewAt(noon), Last: date.NewAt(noon)}},
		{Valid: voucher.Dates{First: june8 + 7, Last: june8 + 7}}, {Valid: voucher.Dates{First: june8 + 8}}, {Valid: voucher.Dates{Last: june8 - 1}},
		{Manager: "m-1"}, {Manager: "M-1"}, {Partner: "Партнёр"}, {Partner: "партнёр"}, {Reservation: "R-3"}, {Reservation: "r-3"},
		{Series: []voucher.SeriesID{"B"}}, {Series: []voucher.SeriesID{"", "b"}}, {Series: []voucher.SeriesID{"none"}},
		{States: []voucher.State{voucher.StateVoid}}, {States: []voucher.State{voucher.StateVoid, voucher.StateIssued}},
		{States: []voucher.State{voucher.StateIssued}, Manager: "m-1", Prefix: "0", Valid: voucher.Dates{First: june8}},
	}
}

// fill makes a store worth searching: three series, four days, void, moved, reissued and adopted
// vouchers. It returns them in the order of their numbers.
func (t trial) fill(ctx context.Context) ([]voucher.Voucher, error) {
	ids := map[voucher.VoucherID]bool{}
	for i := range 24 {
		it := item(fmt.Sprint("R-", i), june8+date.Date(i%4))
		it.Manager = []voucher.ManagerID{"m-1", "M-1", ""}[i%3]
		it.Partner = []voucher.PartnerID{"Партнёр", "партнёр", "p"}[i/8]
		it.TripEnd = it.TripStart + date.Date(i)
		vs, err := t.issue(ctx, []voucher.SeriesID{"", "B", "b"}[i%3], it)
		if err != nil {
			return nil, err
		}
		ids[vs[0].ID] = true
		switch i % 6 {
		case 2:
			_, err = t.desk.Void(ctx, voucher.Void{Ref: vs[0].Ref(), By: "m"})
		case 3:
			it.Manager = "m-9"
			_, err = t.desk.Reissue(ctx, voucher.Reissue{Ref: vs[0].Ref(), ID: "again", Item: it})
		case 4:
			var v voucher.Voucher
			it.TripStart, it.TripEnd = july1, july1
			v, err = t.desk.Reissue(ctx, voucher.Reissue{Ref: vs[0].Ref(), ID: "moved", Item: it})
			ids[v.ID] = true
		}
		if err != nil {
			return nil, err
		}
	}
	for i, number := range []string{"old-7", "90080627", "b 95 080627"} {
		v, err := t.desk.Adopt(ctx, voucher.Adopt{ID: "a", Number: number, Issued: june8 - 50, Series: []voucher.SeriesID{"", "", "b"}[i], Item: item(fmt.Sprint("A-", i), june8)})
		if err != nil {
			return nil, err
		}
		ids[v.ID] = true
	}
	var all []voucher.Voucher
	for id := range ids {
		v, err := t.desk.Voucher(ctx, id)
		if err != nil {
			return nil, err
		}
		all = append(all, v)
	}
	slices.SortFunc(all, func(a, b voucher.Voucher) int {
		return cmp.Or(cmp.Compare(a.Item.TripStart, b.Item.TripStart), strings.Compare(string(a.Number.Series()), string(b.Number.Series())),
			cmp.Compare(a.Number.Seq(), b.Number.Seq()), strings.Compare(string(a.ID), string(b.ID)))
	})
	return all, nil
}

// walk reads all pages and compares them with what is wanted.
func walk(ctx context.Context, s voucher.Finder, f voucher.Filter, limit int, want []voucher.VoucherID) error {
	var got []voucher.VoucherID
	var after store.Cursor
	for range len(want) + 2 {
		page, next, err := s.Find(ctx, f, after, limit)
		if err != nil {
			return fmt.Errorf("find %+v: %w", f, err)
		}
		if len(page) > limit {
			return fmt.Errorf("find %+v: a page of %d, limit %d", f, len(page), limit)
		}
		for _, v := range page {
			got = append(got, v.ID)
		}
		if after = next; next == "" {
			break
		}
	}
	if !slices.Equal(got, want) {
		return fmt.Errorf("find %+v, limit %d: got %v, want %v", f, limit, got, want)
	}
	return nil
}
