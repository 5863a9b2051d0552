// Package bookingtest proves a storage adapter for package booking.
//
// A store that loses a row at the edge of a window sells a night twice; one whose feed skips an
// event leaves a site showing a flat that is gone. The suite holds what package booking asks of
// its [booking.Store], [booking.Feed] and [booking.Due] as named cases, and runs those of package
// storetest with them. An adapter's test is a line for each:
//
//	func TestStore(t *testing.T) { bookingtest.TestStore(t, func(t *testing.T) booking.Store { return open(t) }) }
//	func TestFeed(t *testing.T)  { bookingtest.TestFeed(t, func(t *testing.T) (booking.Store, booking.Feed) { s := open(t); return s, s }) }
//	func TestDue(t *testing.T)   { bookingtest.TestDue(t, func(t *testing.T) (booking.Store, booking.Due) { s := open(t); return s, s }) }
//
// where open returns the store on a fresh database, and [TestTx] if it can live in a caller's
// transaction. Each calls open once. The cases mint units of their own, so a store need not be empty,
// but for TestDue. They run one after another, with many goroutines where a rule is about those: run
// them with -race. A case that fails prints the rule it tried. The suite may miss a broken store;
// what it reports is broken.
//
// A store that cannot commit several units at once keeps one rule the less: run storetest.Run with
// [Fixture] and storetest.NoSeveral added to its Lacks, and package booking's own cases by name
// from [Cases].
package bookingtest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// TestStore runs every case for a store: those of package storetest and booking's own.
func TestStore(t *testing.T, open func(*testing.T) booking.Store) {
	storetest.RunCases(t, Cases(open(t)))
}

// Cases are what TestStore runs.
func Cases(s booking.Store) []storetest.Case {
	cases := storetest.Cases(Fixture(s))
	add := func(name, rule string, run func(ctx context.Context, s booking.Store, u booking.UnitID) error) {
		cases = append(cases, storetest.Case{Name: name, Rule: rule, Run: func(ctx context.Context) error { return run(ctx, s, mint()) }})
	}
	add("window", "every live row whose Busy overlaps the window by its bounds is loaded", tryWindow)
	add("window of instants", "a window on one axis finds rows on the other by their bounds", tryOtherAxis)
	add("window moves", "a row that is written again is found where it lies now, once", tryMovedRow)
	add("one moment", "the live rows of a calendar's window are as of one moment", tryOneMoment)
	add("id", "a row named by its ID is loaded in any state, wherever it lies; signposts too", tryID)
	add("no more than one unit", "rows of one ID on two units are two rows", tryTwoUnits)
	add("unknown unit", "a unit that was never defined is a calendar of version 0 with its ID", tryUnknown)
	add("what was loaded", "each unit asked for is one calendar, whose window and IDs are those of the query", tryLoaded)
	add("head", "a head comes back exactly", tryHead)
	add("reservation", "a reservation comes back exactly", tryReservation)
	add("hostile texts", "any UTF-8 text without NUL of up to 256 bytes is an ID", tryTexts)
	add("desk", "a desk over the store holds, refuses, queues and promotes", tryDesk)
	add("one winner", "of many who want one night at once one gets it, over many desks", tryOneWinner)
	return cases
}

// Fixture shows a booking store to package storetest.
func Fixture(s booking.Store) storetest.Fixture[booking.Query, booking.Calendar, booking.Change] {
	return storetest.Fixture[booking.Query, booking.Calendar, booking.Change]{
		Store: s,
		Kinds: []string{booking.KindUnit},
		Lacks: storetest.NoErase | storetest.NoAmount,
		Query: func(keys []store.Key, lock bool) booking.Query {
			q := booking.Query{IDs: []booking.ReservationID{"value"}, Lock: lock}
			for _, k := range keys {
				q.Units = append(q.Units, booking.UnitID(k.ID))
			}
			return q
		},
		Change: func(steps []storetest.Step) booking.Change {
			var c booking.Change
			for _, st := range steps {
				c.Guards = append(c.Guards, st.Guard)
				if !st.Write {
					continue
				}
				u := booking.UnitID(st.ID)
				c.Heads = append(c.Heads, booking.Head{Unit: newUnit(u), Seq: 1, Clock: st.Value.At})
				r := newReservation("value", u, nights(1, 3))
				r.Source, r.Since = st.Value.Text, st.Value.At
				c.Rows = append(c.Rows, newRow(u, r))
			}
			return c
		},
		Row: func(c booking.Calendar) storetest.Row {
			row := storetest.Row{Key: store.Key{Kind: booking.KindUnit, ID: string(c.Unit.ID)}, Version: c.Version}
			for _, r := range c.Reservations {
				if r.ID == "value" {
					row.Value = storetest.Value{Text: r.Source, At: r.Since}
				}
			}
			return row
		},
	}
}

func mint() booking.UnitID { return booking.UnitID("unit-" + rand.Text()) }

var first = date.New(2027, time.June, 1)

// nights are from the from-th to the to-th day after the first of June 2027.
func nights(from, to int) booking.Span {
	s, err := booking.Nights(first+date.Date(from), first+date.Date(to))
	if err != nil {
		panic(err)
	}
	return s
}

func newUnit(u booking.UnitID) booking.Unit {
	return booking.Unit{ID: u, Capacity: 1, Zone: "UTC", CheckIn: 15 * clock.Hour, CheckOut: 11 * clock.Hour, TTL: 15 * time.Minute, MaxHold: 2 * time.Hour}
}

func newReservation(id booking.ReservationID, u booking.UnitID, s booking.Span) booking.Reservation {
	at := time.Date(2027, 5, 1, 12, 0, 0, 0, time.UTC)
	claim := booking.Claim{Unit: u, Span: s, Count: 1}
	placed := claim
	placed.Busy = s
	return booking.Reservation{ID: id, Asked: []booking.Claim{claim}, Claims: []booking.Claim{placed}, State: booking.StateConfirmed, Since: at, Joined: at, Rev: 1}
}

// newRow is the row of a reservation on one of its units, or the signpost on another.
func newRow(u booking.UnitID, r booking.Reservation) booking.Row {
	row := booking.Row{Unit: u, Reservation: r}
	for _, c := range r.Claims {
		if c.Unit == u {
			row.Busy, row.Live = c.Busy, !r.State.Ended() || r.State == booking.StateCheckedOut
		}
	}
	if row.Live && r.State == booking.StateHeld {
		row.Deadline = r.Deadline
	}
	return row
}

// write commits rows on one unit with the events that tell of them, whatever its version is.
func write(ctx context.Context, s booking.Store, head booking.Head, rows ...booking.Row) error {
	cals, err := s.Load(ctx, booking.Query{Units: []booking.UnitID{head.Unit.ID}, Lock: true})
	if err != nil {
		return err
	}
	key := store.Key{Kind: booking.KindUnit, ID: string(head.Unit.ID)}
	c := booking.Change{Guards: []store.Guard{{Key: key, Version: cals[0].Version, Write: true}}, Rows: rows}
	head.Seq = cals[0].Seq
	for _, r := range rows {
		head.Seq++
		res := r.Reservation
		c.Events = append(c.Events, booking.Event{Key: key, Seq: head.Seq, At: head.Clock, Kind: booking.Kind(res.State.String()), Reservation: &res})
	}
	c.Heads = []booking.Head{head}
	return s.Commit(ctx, c)
}

func headOf(u booking.UnitID) booking.Head {
	return booking.Head{Unit: newUnit(u), Clock: time.Date(2027, 5, 1, 12, 0, 0, 0, time.UTC)}
}

// found returns how often each reservation of one unit was loaded.
func found(ctx context.Context, s booking.Store, q booking.Query) (map[booking.ReservationID]int, error) {
	cals, err := s.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(cals) != 1 {
		return nil, fmt.Errorf("loaded %d calendars for one unit", len(cals))
	}
	ids := make(map[booking.ReservationID]int)
	for _, r := range cals[0].Reservations {
		ids[r.ID]++
	}
	return ids, nil
}

// wantFound: these are loaded once each; others may be.
func wantFound(ctx context.Context, s booking.Store, q booking.Query, want ...booking.ReservationID) error {
	ids, err := found(ctx, s, q)
	if err != nil {
		return err
	}
	for _, id := range want {
		if ids[id] != 1 {
			return fmt.Errorf("window %s, IDs %v: row %s was loaded %d times, want once (loaded: %v)", q.Window, q.IDs, id, ids[id], slices.Sorted(maps.Keys(ids)))
		}
	}
	return nil
}

func tryWindow(ctx context.Context, s booking.Store, u booking.UnitID) error {
	spans := map[booking.ReservationID]booking.Span{
		"before": nights(0, 10), "edge before": nights(8, 11), "first night": nights(10, 11), "within": nights(12, 14), "last night": nights(19, 20),
		"edge after": nights(19, 25), "over": nights(2, 400), "sale": booking.NightsFrom(first + 15), "sale before": booking.NightsFrom(first - 900),
	}
	var rows []booking.Row
	for id, span := range spans {
		rows = append(rows, newRow(u, newReservation(id, u, span)))
	}
	turnover := newReservation("turnover", u, nights(7, 9))
	turnover.Claims[0].Busy = nights(7, 11)
	rows = append(rows, newRow(u, turnover))
	if err := write(ctx, s, headOf(u), rows...); err != nil {
		return err
	}
	err := wantFound(ctx, s, booking.Query{Units: []booking.UnitID{u}, Window: nights(10, 20)},
		"edge before", "first night", "within", "last night", "edge after", "over", "sale", "sale before", "turnover")
	if err != nil {
		return err
	}
	return wantFound(ctx, s, booking.Query{Units: []booking.UnitID{u}, Window: booking.NightsFrom(first + 300), Lock: true}, "over", "sale", "sale before")
}

func tryOtherAxis(ctx context.Context, s booking.Store, u booking.UnitID) error {
	if err := write(ctx, s, headOf(u), newRow(u, newReservation("night", u, nights(10, 12)))); err != nil {
		return err
	}
	at := time.Date(2027, 6, 12, 23, 59, 59, 999_000, time.UTC)
	window, err := booking.Between(at, at.Add(time.Millisecond))
	if err != nil {
		return err
	}
	if err := wantFound(ctx, s, booking.Query{Units: []booking.UnitID{u}, Window: window}, "night"); err != nil {
		return err
	}
	moment := mint()
	head := headOf(moment)
	head.Unit.Axis = booking.AxisTimes
	if err := write(ctx, s, head, newRow(moment, newReservation("moment", moment, window))); err != nil {
		return err
	}
	return wantFound(ctx, s, booking.Query{Units: []booking.UnitID{moment}, Window: nights(11, 12)}, "moment")
}

func tryOneMoment(ctx context.Context, s booking.Store, u booking.UnitID) error {
	spans := []booking.Span{nights(1, 2), nights(5, 6)}
	swap := func(i int) error {
		return write(ctx, s, headOf(u), newRow(u, newReservation("one", u, spans[i%2])), newRow(u, newReservation("other", u, spans[1-i%2])))
	}
	if err := swap(0); err != nil {
		return err
	}
	var swapped error
	done := make(chan struct{})
	go func() {
		defer close(done)
		for i := 1; i < 40 && swapped == nil; i++ {
			swapped = swap(i)
		}
	}()
	var torn error
	for stop := false; !stop; {
		select {
		case <-done:
			stop = true
		default:
		}
		cals, err := s.Load(ctx, booking.Query{Units: []booking.UnitID{u}, Window: nights(0, 9)})
		if err != nil {
			torn = err
		} else if r := cals[0].Reservations; len(r) != 2 || r[0].Claims[0].Span == r[1].Claims[0].Span {
			torn = fmt.Errorf("two reservations that change places in one commit are loaded as %+v", r)
		}
	}
	return errors.Join(swapped, torn)
}

func tryMovedRow(ctx context.Context, s booking.Store, u booking.UnitID) error {
	for i := range 3 {
		r := newReservation("mover", u, nights(100*i, 100*i+2))
		r.Rev = int64(i + 1)
		if err := write(ctx, s, headOf(u), newRow(u, r)); err != nil {
			return err
		}
		if err := wantFound(ctx, s, booking.Query{Units: []booking.UnitID{u}, Window: nights(100*i+1, 100*i+50)}, "mover"); err != nil {
			return err
		}
	}
	cals, err := s.Load(ctx, booking.Query{Units: []booking.UnitID{u}, Window: nights(0, 400), IDs: []booking.ReservationID{"mover"}})
	if err != nil {
		return err
	}
	if n := len(cals[0].Reservations); n != 1 || cals[0].Reservations[0].Rev != 3 {
		return fmt.Errorf("%d rows after a reservation was written thrice, want its newest alone", n)
	}
	return nil
}

func tryID(ctx context.Context, s booking.Store, u booking.UnitID) error {
	other := mint()
	ended := newReservation("ended", u, nights(1, 2))
	ended.State = booking.StateCancelled
	signpost := newReservation("gone", other, nights(1, 2))
	if err := write(ctx, s, headOf(u), newRow(u, ended), newRow(u, signpost), newRow(u, newReservation("far", u, nights(300, 301)))); err != nil {
		return err
	}
	ids := []booking.ReservationID{"ended", "gone", "far", "nobody"}
	if err := wantFound(ctx, s, booking.Query{Units: []booking.UnitID{u}, IDs: ids}, ids[:3]...); err != nil {
		return err
	}
	if err := wantFound(ctx, s, booking.Query{Units: []booking.UnitID{u}, IDs: ids, Window: nights(300, 302), Lock: true}, ids[:3]...); err != nil {
		return err
	}
	counts, err := found(ctx, s, booking.Query{Units: []booking.UnitID{u}, IDs: []booking.ReservationID{"nobody"}})
	if err == nil && counts["nobody"] != 0 {
		err = errors.New("a row was loaded that was never written")
	}
	return err
}

func tryTwoUnits(ctx context.Context, s booking.Store, u booking.UnitID) error {
	other := mint()
	for i, unit := range []booking.UnitID{u, other} {
		r := newReservation("same", unit, nights(i, i+1))
		r.Holder = string(unit)
		if err := write(ctx, s, headOf(unit), newRow(unit, r)); err != nil {
			return err
		}
	}
	cals, err := s.Load(ctx, booking.Query{Units: []booking.UnitID{u, other}, IDs: []booking.ReservationID{"same"}})
	if err != nil {
		return err
	}
	for _, c := range cals {
		if len(c.Reservations) != 1 || c.Reservations[0].Holder != string(c.Unit.ID) {
			return fmt.Errorf("unit %s has rows %+v, want its own", c.Unit.ID, c.Reservations)
		}
	}
	return nil
}

func tryUnknown(ctx context.Context, s booking.Store, u booking.UnitID) error {
	cals, err := s.Load(ctx, booking.Query{Units: []booking.UnitID{u}, Window: nights(0, 9), Lock: true})
	if err != nil {
		return err
	}
	if len(cals) != 1 || cals[0].Unit.ID != u || cals[0].Version != 0 || len(cals[0].Reservations) != 0 {
		return fmt.Errorf("got %+v", cals)
	}
	return nil
}

func tryLoaded(ctx context.Context, s booking.Store, u booking.UnitID) error {
	units := []booking.UnitID{u, mint(), mint()}
	slices.Sort(units)
	for _, unit := range units[:2] {
		if err := write(ctx, s, headOf(unit)); err != nil {
			return err
		}
	}
	q := booking.Query{Units: units, IDs: []booking.ReservationID{"x"}, Window: nights(3, 9)}
	cals, err := s.Load(ctx, q)
	if err != nil {
		return err
	}
	var got []booking.UnitID
	for _, c := range cals {
		got = append(got, c.Unit.ID)
		from, to := c.Window.Bounds()
		wantFrom, wantTo := q.Window.Bounds()
		if from > wantFrom || to < wantTo || !slices.Equal(c.IDs, q.IDs) {
			return fmt.Errorf("calendar of %s says window %s and IDs %v", c.Unit.ID, c.Window, c.IDs)
		}
	}
	slices.Sort(got)
	if !slices.Equal(got, units) {
		return fmt.Errorf("asked for %v, got %v", units, got)
	}
	return nil
}

func tryHead(ctx context.Context, s booking.Store, u booking.UnitID) error {
	want := booking.Head{
		Unit: booking.Unit{ID: u, Axis: booking.AxisTimes, Capacity: 1 << 20, Tags: map[string]string{"complex": "Ясная", "": "\"'\\%_"}, Zone: "Asia/Almaty",
			Turnover: booking.Turnover{Nights: 2, Time: 90*time.Minute + time.Microsecond}, CheckIn: 14*clock.Hour + 30*clock.Minute, CheckOut: clock.Day,
			TTL: 17*time.Minute + time.Microsecond, MaxHold: 9000 * time.Hour, Rules: booking.Rules{MinNights: 2, MaxNights: 30, Notice: time.Hour}, Closed: true},
		Clock: time.Date(2027, 2, 28, 23, 59, 59, 999_999_000, time.UTC),
	}
	if err := write(ctx, s, want); err != nil {
		return err
	}
	cals, err := s.Load(ctx, booking.Query{Units: []booking.UnitID{u}})
	if err != nil {
		return err
	}
	return same(cals[0].Head, want)
}

// same: what package booking reads of both is the same.
func same(got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("came back as %+v, want %+v", got, want)
	}
	return nil
}

func tryReservation(ctx context.Context, s booking.Store, u booking.UnitID) error {
	other := mint()
	at := time.Date(2027, 3, 28, 1, 59, 59, 1_000, time.UTC)
	moment, err := booking.Between(at, at.Add(time.Hour))
	if err != nil {
		return err
	}
	want := booking.Reservation{
		ID:     "everything",
		Asked:  []booking.Claim{{Unit: u, Span: nights(1, 3), Count: 2}, {Unit: other, Span: booking.NightsFrom(first), Count: 1}},
		Claims: []booking.Claim{{Unit: other, Span: moment, Count: 1, Busy: moment}, {Unit: u, Span: nights(1, 3), Count: 2, Places: []int{7, 3}, Busy: nights(1, 4)}},
		State:  booking.StateHeld, Since: at, Deadline: at.Add(time.Microsecond), TTL: 3*time.Hour + time.Nanosecond, Priority: 1 << 40, Joined: at.Add(-time.Hour),
		Holder: "карточка 9 \u2028\"'", Source: "avito", Block: true, Unseen: true, Rev: 1 << 50,
	}
	if err := write(ctx, s, headOf(u), newRow(u, want)); err != nil {
		return err
	}
	cals, err := s.Load(ctx, booking.Query{Units: []booking.UnitID{u}, IDs: []booking.ReservationID{want.ID}})
	if err != nil {
		return err
	}
	if len(cals[0].Reservations) != 1 {
		return fmt.Errorf("loaded %d rows, want 1", len(cals[0].Reservations))
	}
	return same(cals[0].Reservations[0], want)
}

func tryTexts(ctx context.Context, s booking.Store, u booking.UnitID) error {
	long := make([]byte, 256)
	for i := range long {
		long[i] = byte('a' + i%26)
	}
	var rows []booking.Row
	var ids []booking.ReservationID
	for _, id := range []string{"'; drop table units; --", "\"\\", "%", "_", "a", "A", "á", "a\u0301", "\x01\t\n", "\U0001F3E0", " x", "x ", "x", string(long)} {
		r := newReservation(booking.ReservationID(id), u, nights(1, 2))
		r.Holder = id
		rows = append(rows, newRow(u, r))
		ids = append(ids, r.ID)
	}
	if err := write(ctx, s, headOf(u), rows...); err != nil {
		return err
	}
	if err := wantFound(ctx, s, booking.Query{Units: []booking.UnitID{u}, IDs: ids}, ids...); err != nil {
		return err
	}
	for _, id := range ids {
		cals, err := s.Load(ctx, booking.Query{Units: []booking.UnitID{u}, IDs: []booking.ReservationID{id}})
		if err != nil {
			return err
		}
		i := slices.IndexFunc(cals[0].Reservations, func(r booking.Reservation) bool { return r.ID == id })
		if i < 0 || cals[0].Reservations[i].Holder != string(id) {
			return fmt.Errorf("row %q came back as another", id)
		}
	}
	return nil
}

func newDesk(s booking.Store, now time.Time) (*booking.Desk, error) {
	return booking.New(booking.Config{Store: s, Now: func() time.Time { return now }})
}

var now = time.Date(2027, 5, 1, 12, 0, 0, 0, time.UTC)

func tryDesk(ctx context.Context, s booking.Store, u booking.UnitID) error {
	desk, err := newDesk(s, now)
	if err != nil {
		return err
	}
	if _, err := desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: u}}); err != nil {
		return err
	}
	hold, err := desk.Hold(ctx, booking.Hold{ID: "one", Unit: u, Span: nights(1, 5), Holder: "a"})
	if err != nil {
		return err
	}
	if again, err := desk.Hold(ctx, booking.Hold{ID: "one", Unit: u, Span: nights(1, 5), Holder: "a"}); err != nil || !again.Replayed {
		return fmt.Errorf("the same hold again: replayed %v, %v", again.Replayed, err)
	}
	var taken *booking.TakenError
	if _, err := desk.Hold(ctx, booking.Hold{ID: "two", Unit: u, Span: nights(4, 6), Holder: "b"}); !errors.As(err, &taken) || len(taken.By) != 1 || taken.By[0].ID != "one" || taken.Next != nights(5, 7) {
		return fmt.Errorf("a second hold of one night: %w", err)
	}
	wait, err := desk.Hold(ctx, booking.Hold{ID: "three", Unit: u, Span: nights(4, 6), Holder: "c", Policy: booking.PolicyQueue})
	if err != nil || wait.State != booking.StateQueued {
		return fmt.Errorf("a hold that may wait: %s, %w", wait.State, err)
	}
	freed, err := desk.Cancel(ctx, booking.Cancel{Ref: hold.Ref()})
	if err != nil || len(freed.Side) != 1 || freed.Side[0].ID != "three" || freed.Side[0].State != booking.StateHeld {
		return fmt.Errorf("a cancellation with one waiting: side %+v, %w", freed.Side, err)
	}
	later, err := newDesk(s, now.Add(time.Hour))
	if err != nil {
		return err
	}
	lapsed, err := later.Reservation(ctx, booking.Ref{Unit: u, ID: "three"})
	if err != nil || lapsed.State != booking.StateExpired {
		return fmt.Errorf("an offer after its deadline: %s, %w", lapsed.State, err)
	}
	_, err = later.Hold(ctx, booking.Hold{ID: "four", Unit: u, Span: nights(1, 6), Holder: "d"})
	return err
}

func tryOneWinner(ctx context.Context, s booking.Store, u booking.UnitID) error {
	desks := make([]*booking.Desk, 4)
	for i := range desks {
		var err error
		if desks[i], err = newDesk(s, now); err != nil {
			return err
		}
	}
	if _, err := desks[0].Do(ctx, booking.Define{Unit: booking.Unit{ID: u}}); err != nil {
		return err
	}
	var wg sync.WaitGroup
	errs := make([]error, 32)
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = desks[i%len(desks)].Hold(ctx, booking.Hold{ID: booking.ReservationID(fmt.Sprint("racer-", i)), Unit: u, Span: nights(1, 2)})
		})
	}
	wg.Wait()
	won := 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case !errors.Is(err, booking.ErrTaken):
			return fmt.Errorf("a loser hears %w, want ErrTaken", err)
		}
	}
	if won != 1 {
		return fmt.Errorf("%d of %d got the night, want one", won, len(errs))
	}
	return nil
}
