package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store/sqlite"
)

// moscow is the zone of the house. It has kept three hours ahead of UTC since 2014.
const moscow = "Europe/Moscow"

// A sales office sells the flats of one house.
type salesOffice struct {
	*world
	db    *database
	desk  *booking.Desk
	where place  // of the database, for a process that opens it anew
	house string // begins the name of all that belongs to it
	shown *followers
}

// office plays a developer's sales office: showings, holds beside the office's own deals, queues,
// quotas, a sale, and a process that is killed in the middle of it.
func office(ctx context.Context, w *world) error {
	o := &salesOffice{world: w}
	if w.pg == nil && w.lite == nil { // a killed process needs a file that outlives it
		dir, err := os.MkdirTemp("", "newbuild")
		if err != nil {
			return err
		}
		defer os.RemoveAll(dir)
		db, err := sqlite.Open(ctx, filepath.Join(dir, "office.db"))
		if err != nil {
			return err
		}
		defer db.Close()
		inFile := *w
		inFile.lite = db
		o.world = &inFile
	}
	if err := o.open(ctx); err != nil {
		return err
	}
	fmt.Println("\n-- A sales office, house", o.house)
	for _, scene := range []func(context.Context) error{
		o.showing, o.oneTransaction, o.rolledBack, o.queue, o.quota, o.sale, o.killed,
	} {
		if err := scene(ctx); err != nil {
			return err
		}
		if err := o.shown.compare(ctx, o); err != nil {
			return err
		}
	}
	o.shown.facts(w.checks)
	return o.deals(ctx)
}

func (o *salesOffice) open(ctx context.Context) (err error) {
	if o.pg != nil {
		o.where.Postgres = o.pg.Config().ConnString()
	} else if err := o.lite.QueryRowContext(ctx, `select file from pragma_database_list where name = 'main'`).Scan(&o.where.File); err != nil {
		return err
	}
	if o.db, err = o.database(ctx); err != nil {
		return err
	}
	if o.desk, err = booking.New(booking.Config{Store: o.db, Now: o.clock.Now}); err != nil {
		return err
	}
	// A database that has seen this program before gets another house.
	houses, err := o.db.read(ctx, `select number from office_house`)
	if err != nil {
		return err
	}
	o.house = fmt.Sprintf("house-%d", len(houses)+1)
	o.shown = newFollowers(o.today())
	return o.db.inTx(ctx, func(_ booking.Store, own statement) error {
		return own(`insert into office_house values ($1)`, o.house)
	})
}

func (o *salesOffice) today() date.Date {
	return date.NewAt(o.clock.Now())
}

// unit names a unit of this house.
func (o *salesOffice) unit(format string, args ...any) booking.UnitID {
	return booking.UnitID(o.house + "/" + fmt.Sprintf(format, args...))
}

// flat defines a flat.
func (o *salesOffice) flat(ctx context.Context, number int) (booking.UnitID, error) {
	id := o.unit("flat-%d", number)
	_, err := o.desk.Do(ctx, booking.Define{By: "developer", Unit: booking.Unit{ID: id, Zone: moscow, TTL: 30 * time.Minute,
		Tags: map[string]string{"house": o.house}}})
	o.shown.flats = append(o.shown.flats, id)
	return id, err
}

// refused prints a "no" in the user's language and returns what stood in the way.
func (o *salesOffice) refused(err error) *booking.TakenError {
	var taken *booking.TakenError
	if errors.As(err, &taken) {
		fmt.Println("refused:", taken.Text(o.lang))
	}
	return taken
}

// showing books a visit on the first hour when both the flat and the manager are free.
func (o *salesOffice) showing(ctx context.Context) error {
	const hour, travel = time.Hour, 30 * time.Minute
	flat, manager := o.unit("flat-12 showings"), o.unit("manager irina")
	for _, u := range []booking.Unit{
		{ID: flat, Axis: booking.AxisTimes, Zone: moscow},
		{ID: manager, Axis: booking.AxisTimes, Zone: moscow, Turnover: booking.Turnover{Time: travel}},
	} {
		if _, err := o.desk.Do(ctx, booking.Define{Unit: u, By: "developer"}); err != nil {
			return err
		}
	}
	first := o.today() + 1
	at := func(day, wall int) time.Time { // Moscow's wall clock
		return (first + date.Date(day)).MidnightUTC().Add(time.Duration(wall-3) * time.Hour)
	}
	type visit struct {
		day, from int
		units     []booking.UnitID
	}
	before := []visit{{0, 10, []booking.UnitID{manager}}, {0, 13, []booking.UnitID{flat}}, {0, 15, []booking.UnitID{manager, flat}}, {1, 11, []booking.UnitID{manager}}}
	for i, v := range before {
		span, err := booking.Between(at(v.day, v.from), at(v.day, v.from).Add(hour))
		if err != nil {
			return err
		}
		hold := booking.Hold{ID: booking.ReservationID(fmt.Sprint("visit-", i)), Unit: v.units[0], Span: span, By: "irina"}
		for _, u := range v.units[1:] {
			hold.And = append(hold.And, booking.Claim{Unit: u, Span: span})
		}
		res, err := o.desk.Hold(ctx, hold)
		if err != nil {
			return err
		}
		if _, err := o.desk.Confirm(ctx, booking.Confirm{Ref: res.Ref()}); err != nil {
			return err
		}
	}

	open, err := booking.Daily(first, first+1, clock.New(10, 0, 0, 0), clock.New(18, 0, 0, 0), moscow)
	if err != nil {
		return err
	}
	window, err := booking.Between(at(0, 0), at(2, 0))
	if err != nil {
		return err
	}
	cals, err := o.desk.Calendar(ctx, window, flat, manager)
	if err != nil {
		return err
	}
	slots := booking.Slots(open, hour, hour/2, cals...)

	// The same by plain clock arithmetic over the list of visits.
	var expected []time.Time
	for day := range 2 {
		for from := at(day, 10); !from.Add(hour).After(at(day, 18)); from = from.Add(hour / 2) {
			free := true
			for _, v := range before {
				start := at(v.day, v.from)
				for _, u := range v.units {
					gap := time.Duration(0)
					if u == manager {
						gap = travel
					}
					free = free && (!from.Before(start.Add(hour+gap)) || !start.Before(from.Add(hour+gap)))
				}
			}
			if free {
				expected = append(expected, from)
			}
		}
	}
	got := make([]time.Time, len(slots))
	for i, s := range slots {
		got[i], _ = s.Times()
	}
	o.checks.Add("office: hours free for flat and manager, against plain arithmetic", slices.EqualFunc(got, expected, time.Time.Equal), "%d of %d", len(got), len(expected))
	if len(slots) == 0 {
		return errors.New("no hour is free for a showing")
	}
	res, err := o.desk.Hold(ctx, booking.Hold{ID: "visit-orlova", Unit: flat, Span: slots[0], And: []booking.Claim{{Unit: manager, Span: slots[0]}}, Holder: "orlova", By: "site"})
	if err != nil {
		return err
	}
	if _, err := o.desk.Confirm(ctx, booking.Confirm{Ref: res.Ref(), By: "irina"}); err != nil {
		return err
	}
	from, _ := slots[0].Times()
	fmt.Printf("showing of flat 12 by Irina on %s, %d hours were free for both\n", from.Add(3*time.Hour).Format("2 January, 15:04"), len(slots))
	_, err = o.desk.Hold(ctx, booking.Hold{ID: "visit-belov", Unit: o.unit("manager irina"), Span: slots[0], Holder: "belov"})
	taken := o.refused(err)
	o.checks.Add("office: a showing takes the manager too", taken != nil && taken.Unit == manager, "%v", taken != nil)
	return nil
}

// deal holds a flat and writes the office's own row about it in one transaction.
func (o *salesOffice) deal(ctx context.Context, hold booking.Hold, then func() error) (res booking.Result, err error) {
	err = o.db.inTx(ctx, func(calendars booking.Store, own statement) error {
		if res, err = o.desk.In(calendars).Hold(ctx, hold); err != nil {
			return err
		}
		if err := own(`insert into office_deal values ($1, $2, $3, 'held') on conflict (id) do nothing`, o.house+"/"+string(hold.ID), string(hold.Unit), hold.Holder); err != nil {
			return err
		}
		return then()
	})
	return res, err
}

func (o *salesOffice) oneTransaction(ctx context.Context) error {
	flat, err := o.flat(ctx, 12)
	if err != nil {
		return err
	}
	hold := booking.Hold{ID: "deal-orlova", Unit: flat, Span: booking.NightsFrom(o.today()), Holder: "orlova", By: "irina"}
	res, err := o.deal(ctx, hold, func() error { return nil })
	if err != nil {
		return err
	}
	again, err := o.deal(ctx, hold, func() error { return nil })
	if err != nil {
		return err
	}
	rows, err := o.rows(ctx, flat)
	if err != nil {
		return err
	}
	fmt.Printf("flat 12 is held for Orlova until %s, with the deal's row in one transaction\n", res.Deadline.Add(3*time.Hour).Format("15:04"))
	o.checks.Add("office: a hold and its deal, sent twice", again.Replayed && len(rows) == 1, "%d row", len(rows))
	return nil
}

// rolledBack shows that a failure after both writes leaves neither.
func (o *salesOffice) rolledBack(ctx context.Context) error {
	flat, err := o.flat(ctx, 13)
	if err != nil {
		return err
	}
	failed := errors.New("the client's passport has expired")
	_, err = o.deal(ctx, booking.Hold{ID: "deal-belov", Unit: flat, Span: booking.NightsFrom(o.today()), Holder: "belov"}, func() error { return failed })
	if !errors.Is(err, failed) {
		return fmt.Errorf("a transaction that should have failed: %w", err)
	}
	rows, err := o.rows(ctx, flat)
	if err != nil {
		return err
	}
	_, err = o.desk.Reservation(ctx, booking.Ref{Unit: flat, ID: "deal-belov"})
	fmt.Println("flat 13: the deal failed, and its hold went with it")
	o.checks.Add("office: rolled back, no row and no hold are left", len(rows) == 0 && errors.Is(err, booking.ErrUnknown), "%d rows, %v", len(rows), err)
	return nil
}

// queue lets a deposit beat a phone call, and a hold that lapses pass the flat on.
func (o *salesOffice) queue(ctx context.Context) error {
	flat, err := o.flat(ctx, 7)
	if err != nil {
		return err
	}
	span := booking.NightsFrom(o.today())
	var story []string
	for _, h := range []booking.Hold{
		{ID: "phone", Holder: "call"},
		{ID: "waits", Holder: "form", Policy: booking.PolicyQueue},
		{ID: "deposit", Holder: "deposit", Policy: booking.PolicyPreempt, Priority: 5},
	} {
		h.Unit, h.Span = flat, span
		res, err := o.desk.Hold(ctx, h)
		if err != nil {
			return err
		}
		story = append(story, string(h.ID)+" "+res.State.String())
		for _, side := range res.Side {
			story = append(story, string(side.ID)+" "+side.State.String())
		}
		o.clock.Advance(time.Minute)
	}
	for range 2 { // the deposit never comes, nor does the caller
		o.clock.Advance(31 * time.Minute)
		if err := o.shown.compare(ctx, o); err != nil { // before anything is recorded
			return err
		}
		if _, err := o.desk.Tick(ctx, o.db, 100); err != nil {
			return err
		}
	}
	if _, err := o.desk.Confirm(ctx, booking.Confirm{Ref: booking.Ref{Unit: flat, ID: "waits"}, By: "irina"}); err != nil {
		return err
	}
	fmt.Println("flat 7:", strings.Join(story, ", "))

	events, err := o.events(ctx)
	if err != nil {
		return err
	}
	story = story[:0]
	for _, e := range events {
		if e.Reservation != nil && e.Key.ID == string(flat) {
			story = append(story, string(e.Reservation.ID)+" "+string(e.Kind))
		}
	}
	want := "phone held, waits queued, phone queued, deposit held, deposit expired, phone held, phone expired, waits held, waits confirmed"
	o.checks.Add("office: preempted, lapsed, promoted, sold, by the feed", strings.Join(story, ", ") == want, "%d events", len(story))
	return nil
}

// quota stops a partner who has as many flats on hold as agreed.
func (o *salesOffice) quota(ctx context.Context) error {
	const agreed = 2
	quota := o.unit("quota of agency north")
	if _, err := o.desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: quota, Capacity: agreed, Zone: moscow}, By: "developer"}); err != nil {
		return err
	}
	span, granted := booking.NightsFrom(o.today()), 0
	ask := func(number int) error {
		flat := o.unit("flat-%d", number)
		_, err := o.desk.Hold(ctx, booking.Hold{ID: booking.ReservationID(fmt.Sprint("north-", number)), Unit: flat, Span: span,
			And: []booking.Claim{{Unit: quota, Span: span}}, Holder: "agency north", Source: "partner"})
		if err == nil {
			granted++
		}
		return err
	}
	var stopped *booking.TakenError
	for number := 20; number < 23; number++ {
		if _, err := o.flat(ctx, number); err != nil {
			return err
		}
		err := ask(number)
		if stopped = o.refused(err); err != nil && stopped == nil {
			return err
		}
	}
	o.checks.Add("office: a partner is stopped by quota", granted == agreed && stopped != nil && stopped.Unit == quota, "%d of %d granted", granted, agreed)
	if _, err := o.desk.Cancel(ctx, booking.Cancel{Ref: booking.Ref{Unit: o.unit("flat-20"), ID: "north-20"}, By: "agency north"}); err != nil {
		return err
	}
	err := ask(22)
	if err != nil {
		return err
	}
	events, err := o.events(ctx)
	if err != nil {
		return err
	}
	taken, most, all := 0, 0, 0 // places of the quota, by the feed
	for _, e := range events {
		switch {
		case e.Key.ID != string(quota):
		case e.Kind == booking.KindHeld:
			taken++
			all++
			most = max(most, taken)
		case e.Kind == booking.KindCancelled:
			taken--
		}
	}
	o.checks.Add("office: a cancelled flat gives its place of the quota back", all == 3 && most == agreed, "%d in all, %d at once", all, most)
	return nil
}

// sale sells a flat for ever.
func (o *salesOffice) sale(ctx context.Context) error {
	flat := o.unit("flat-12")
	// Orlova's hold has lapsed while the others were served: she asks again.
	hold := booking.Hold{ID: "sale-orlova", Unit: flat, Span: booking.NightsFrom(o.today()), Holder: "orlova", By: "irina"}
	err := o.db.inTx(ctx, func(calendars booking.Store, own statement) error {
		desk := o.desk.In(calendars)
		res, err := desk.Hold(ctx, hold)
		if err != nil {
			return err
		}
		if _, err := desk.Confirm(ctx, booking.Confirm{Ref: res.Ref(), By: "irina", Why: "contract signed"}); err != nil {
			return err
		}
		return own(`update office_deal set state = 'sold' where id = $1`, o.house+"/deal-orlova")
	})
	if err != nil {
		return err
	}
	later, err := booking.Nights(o.today()+365*15, o.today()+365*15+1)
	if err != nil {
		return err
	}
	_, err = o.desk.Hold(ctx, booking.Hold{ID: "too-late", Unit: flat, Span: later})
	taken := o.refused(err)
	o.checks.Add("office: a sold flat is free in no year to come", taken != nil && taken.Free == 0 && taken.Next == booking.Span{}, "%v", taken != nil)
	return nil
}

// rows are the office's deals about a flat.
func (o *salesOffice) rows(ctx context.Context, flat booking.UnitID) ([][]string, error) {
	return o.db.read(ctx, `select id, state from office_deal where flat = $1 order by id`, string(flat))
}

// events are all events of this house, from the first.
func (o *salesOffice) events(ctx context.Context) (all []booking.Event, err error) {
	events, cursor, err := o.db.Since(ctx, "", 500)
	for len(events) > 0 && err == nil {
		for _, e := range events {
			if strings.HasPrefix(e.Key.ID, o.house+"/") {
				all = append(all, e)
			}
		}
		events, cursor, err = o.db.Since(ctx, cursor, 500)
	}
	return all, err
}

// deals compares the office's rows with the feed: what a row says is sold was confirmed, once.
func (o *salesOffice) deals(ctx context.Context) error {
	events, err := o.events(ctx)
	if err != nil {
		return err
	}
	confirmed := make(map[string]int)
	seqs, gaps := make(map[string]int64), 0
	for _, e := range events {
		if seqs[e.Key.ID]++; e.Seq != seqs[e.Key.ID] {
			gaps++
		}
		if e.Kind == booking.KindConfirmed {
			confirmed[e.Key.ID]++
		}
	}
	rows, err := o.db.read(ctx, `select flat, state from office_deal where id like $1`, o.house+"/%")
	if err != nil {
		return err
	}
	sold, once := 0, 0
	for _, row := range rows {
		if row[1] == "sold" {
			sold++
			if confirmed[row[0]] == 1 {
				once++
			}
		}
	}
	o.checks.Add("office: flats sold by the deals, once each by the feed", sold > 0 && sold == once, "%d of %d", once, sold)
	o.checks.Add("office: events told twice or skipped", gaps == 0, "%d in %d", gaps, len(events))
	return nil
}
