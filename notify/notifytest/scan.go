package notifytest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// TestDue runs the cases for a store's list of what is due. The store must be empty.
func TestDue(t *testing.T, open func(*testing.T) (notify.Store, notify.Due)) {
	storetest.RunCases(t, DueCases(open(t)))
}

// DueCases are what TestDue runs, in this order.
func DueCases(s notify.Store, due notify.Due) []storetest.Case {
	when := func(id string, at time.Time) notify.Delivery {
		d := sample(id, "")
		d.Wake = at
		return d
	}
	want := func(ctx context.Context, at time.Time, limit int, ids ...string) error {
		keys, err := due.Due(ctx, at, limit)
		if err != nil {
			return err
		}
		var got []string
		for _, k := range keys {
			if k.Kind != notify.KindDelivery {
				return fmt.Errorf("%v is due", k)
			}
			got = append(got, k.ID)
		}
		if !slices.Equal(got, ids) {
			return fmt.Errorf("at %s, limit %d: got %q, want %q", at.Format(time.RFC3339Nano), limit, got, ids)
		}
		return nil
	}
	return []storetest.Case{
		{Name: "order", Rule: "what is due is listed by its Wake, then by ID byte by byte, limit at most, from the instant on", Run: func(ctx context.Context) error {
			if err := put(ctx, s, when("c", noon), when("B", noon), when("é", noon), when("a", noon.Add(-time.Microsecond)), when("later", noon.Add(time.Microsecond)), when("never", time.Time{})); err != nil {
				return err
			}
			return errors.Join(
				want(ctx, noon, 10, "a", "B", "c", "é"),
				want(ctx, noon, 2, "a", "B"),
				want(ctx, noon, 0),
				want(ctx, noon.Add(-2*time.Microsecond), 10),
				want(ctx, noon.Add(time.Microsecond), 10, "a", "B", "c", "é", "later"),
			)
		}},
		{Name: "again", Rule: "what is listed stays due until its Wake changes, and is then listed by the new one only", Run: func(ctx context.Context) error {
			if err := want(ctx, noon, 10, "a", "B", "c", "é"); err != nil {
				return err
			}
			if err := put(ctx, s, when("a", noon.Add(time.Hour)), when("B", time.Time{}), when("c", noon.Add(-time.Hour))); err != nil {
				return err
			}
			return errors.Join(want(ctx, noon, 10, "c", "é"), want(ctx, noon.Add(time.Hour), 10, "c", "é", "later", "a"))
		}},
		{Name: "a reached delivery may be due", Rule: "Wake alone decides: an unread alert of a delivery that was reached is due too", Run: func(ctx context.Context) error {
			d := when("alert", noon.Add(-2*time.Hour))
			d.State = notify.StateReached
			if err := put(ctx, s, d); err != nil {
				return err
			}
			return want(ctx, noon, 1, "alert")
		}},
		{Name: "other kinds are not due", Rule: "only deliveries are listed", Run: func(ctx context.Context) error {
			if err := keep(ctx, s, notify.Aggregate{Key: key(notify.KindThread, "t"), Rev: 1}); err != nil {
				return err
			}
			return want(ctx, noon, 10, "alert", "c", "é")
		}},
	}
}

// TestFeed runs the cases for a store's feed.
func TestFeed(t *testing.T, open func(*testing.T) (notify.Store, notify.Feed)) {
	storetest.RunCases(t, FeedCases(open(t)))
}

// FeedCases are what TestFeed runs.
func FeedCases(s notify.Store, f notify.Feed) []storetest.Case {
	tell := func(ctx context.Context, id string, n int) error {
		for seq := int64(1); seq <= int64(n); seq++ {
			found, err := load(ctx, s, key(notify.KindDelivery, id))
			if err != nil {
				return err
			}
			d := sample(id, "")
			d.Seq = seq
			e := notify.Event{Key: key(notify.KindDelivery, id), Seq: seq, At: noon.Add(time.Duration(seq) * time.Microsecond), Kind: notify.EventReceipt,
				By: "olga", Why: "«почему»", Command: d.ID, Step: 1, Steps: d.Steps[1:], State: notify.StateUnread, Wake: noon, Category: "service",
				Message: &d.Message, Receipt: &notify.Receipt{ID: d.ID, Step: 1, Level: notify.LevelRead, At: noon}}
			c := notify.Change{Guards: []store.Guard{{Key: e.Key, Version: found[e.Key].Version, Write: true}}, Rows: []notify.Aggregate{{Key: e.Key, Delivery: &d}}, Events: []notify.Event{e}}
			if err := s.Commit(ctx, c); err != nil {
				return err
			}
		}
		return nil
	}
	read := func(ctx context.Context, after store.Cursor, limit int) (all []notify.Event, end store.Cursor, err error) {
		for {
			some, next, err := f.Since(ctx, after, limit)
			if err != nil {
				return nil, "", err
			}
			if len(some) > limit {
				return nil, "", fmt.Errorf("%d events for a limit of %d", len(some), limit)
			}
			if len(some) == 0 {
				return all, next, nil
			}
			all, after = append(all, some...), next
		}
	}
	of := func(events []notify.Event, id string) (seqs []int64) {
		for _, e := range events {
			if e.Key.ID == id {
				seqs = append(seqs, e.Seq)
			}
		}
		return seqs
	}
	return []storetest.Case{
		{Name: "order", Rule: "each event is read once, those of a key in their order, whatever the limit", Run: func(ctx context.Context) error {
			a, b := rand.Text(), rand.Text()
			if err := errors.Join(tell(ctx, a, 3), tell(ctx, b, 2)); err != nil {
				return err
			}
			var first []notify.Event
			for _, limit := range []int{1, 2, 100} {
				all, end, err := read(ctx, "", limit)
				if err != nil {
					return err
				}
				if got := of(all, a); !slices.Equal(got, []int64{1, 2, 3}) {
					return fmt.Errorf("limit %d: events of one key are %v", limit, got)
				}
				if got := of(all, b); !slices.Equal(got, []int64{1, 2}) {
					return fmt.Errorf("limit %d: events of the other are %v", limit, got)
				}
				if first != nil && !reflect.DeepEqual(first, all) {
					return errors.New("the order changed between two readings")
				}
				first = all
				if more, _, err := f.Since(ctx, end, 100); err != nil || len(more) > 0 {
					return fmt.Errorf("behind the end: %d events, %v", len(more), err)
				}
			}
			return nil
		}},
		{Name: "exact", Rule: "an event comes back exactly", Run: func(ctx context.Context) error {
			id := rand.Text()
			if err := tell(ctx, id, 1); err != nil {
				return err
			}
			all, _, err := read(ctx, "", 100)
			if err != nil {
				return err
			}
			for _, e := range all {
				if e.Key.ID != id {
					continue
				}
				d := sample(id, "")
				switch {
				case e.Kind != notify.EventReceipt, e.By != "olga", e.Why != "«почему»", e.Command != d.ID, e.Step != 1, e.State != notify.StateUnread, !e.Wake.Equal(noon), e.Category != "service", !e.At.Equal(noon.Add(time.Microsecond)):
					return fmt.Errorf("got %+v", e)
				case e.Receipt == nil || *e.Receipt != (notify.Receipt{ID: d.ID, Step: 1, Level: notify.LevelRead, At: noon}):
					return fmt.Errorf("receipt is %+v", e.Receipt)
				case e.Message == nil || !reflect.DeepEqual(*e.Message, d.Message):
					return fmt.Errorf("message is %+v", e.Message)
				}
				return same(notify.Delivery{Steps: e.Steps}, notify.Delivery{Steps: d.Steps[1:]})
			}
			return errors.New("the event is gone")
		}},
		{Name: "later events come later", Rule: "a follower that reads on from its cursor sees what was committed since, and nothing twice", Run: func(ctx context.Context) error {
			_, end, err := read(ctx, "", 100)
			if err != nil {
				return err
			}
			id := rand.Text()
			if err := tell(ctx, id, 2); err != nil {
				return err
			}
			more, _, err := read(ctx, end, 100)
			if err == nil && (len(more) != 2 || !slices.Equal(of(more, id), []int64{1, 2})) {
				err = fmt.Errorf("since the cursor: %d events", len(more))
			}
			return err
		}},
		{Name: "a conflict tells nothing", Rule: "the events of a commit that met a conflict are never read", Run: func(ctx context.Context) error {
			id := rand.Text()
			k := key(notify.KindDelivery, id)
			d := sample(id, "")
			c := notify.Change{Guards: []store.Guard{{Key: k, Version: 9, Write: true}}, Rows: []notify.Aggregate{{Key: k, Delivery: &d}}, Events: []notify.Event{{Key: k, Seq: 1, At: noon, Kind: notify.EventStarted}}}
			if err := s.Commit(ctx, c); !errors.Is(err, store.ErrConflict) {
				return fmt.Errorf("commit over a version that never was: %v", err)
			}
			all, _, err := read(ctx, "", 100)
			if err == nil && len(of(all, id)) > 0 {
				err = errors.New("an event of the failed commit is there")
			}
			return err
		}},
	}
}

// TestFind runs the cases for a store's search. The store must be empty.
func TestFind(t *testing.T, open func(*testing.T) (notify.Store, notify.Finder)) {
	storetest.RunCases(t, FindCases(open(t)))
}

// FindCases are what TestFind runs.
func FindCases(s notify.Store, f notify.Finder) []storetest.Case {
	dead := notify.StateDead
	pending := notify.StatePending
	var all []notify.Delivery
	for i, id := range []string{"B", "a", "b", "c", "é"} {
		d := sample(id, notify.ThreadID([]string{"t", "u"}[i%2]))
		if i == 3 {
			d.To.ID = "other"
		}
		if i >= 2 {
			d.State = dead
		}
		all = append(all, d)
	}
	want := func(ctx context.Context, filter notify.Filter, after notify.MessageID, limit int, ids ...string) error {
		found, err := f.Find(ctx, filter, after, limit)
		if err != nil {
			return err
		}
		var got []string
		for _, d := range found {
			got = append(got, string(d.ID))
			i := slices.IndexFunc(all, func(x notify.Delivery) bool { return x.ID == d.ID })
			if err := same(d, all[i]); err != nil {
				return err
			}
		}
		if !slices.Equal(got, ids) {
			return fmt.Errorf("%+v after %q, limit %d: got %q, want %q", filter, after, limit, got, ids)
		}
		return nil
	}
	return []storetest.Case{
		{Name: "filters", Rule: "Find lists exactly the deliveries that every condition selects, by ID byte by byte", Run: func(ctx context.Context) error {
			if err := put(ctx, s, all...); err != nil {
				return err
			}
			return errors.Join(
				want(ctx, notify.Filter{}, "", 10, "B", "a", "b", "c", "é"),
				want(ctx, notify.Filter{Thread: "t"}, "", 10, "B", "b", "é"),
				want(ctx, notify.Filter{Recipient: "other"}, "", 10, "c"),
				want(ctx, notify.Filter{State: &dead}, "", 10, "b", "c", "é"),
				want(ctx, notify.Filter{State: &pending}, "", 10, "B", "a"),
				want(ctx, notify.Filter{Thread: "t", Recipient: "card-9", State: &dead}, "", 10, "b", "é"),
				want(ctx, notify.Filter{Thread: "T"}, "", 10),
			)
		}},
		{Name: "pages", Rule: "paging by the last ID with any limit lists every delivery once", Run: func(ctx context.Context) error {
			return errors.Join(
				want(ctx, notify.Filter{}, "a", 2, "b", "c"),
				want(ctx, notify.Filter{}, "é", 2),
				want(ctx, notify.Filter{State: &dead}, "b", 1, "c"),
				want(ctx, notify.Filter{}, "", 0),
			)
		}},
		{Name: "as it is now", Rule: "Find selects by what was last committed", Run: func(ctx context.Context) error {
			all[0].State, all[0].Thread, all[0].To.ID = dead, "u", "other"
			if err := put(ctx, s, all[0]); err != nil {
				return err
			}
			return errors.Join(
				want(ctx, notify.Filter{Thread: "t"}, "", 10, "b", "é"),
				want(ctx, notify.Filter{Thread: "u", State: &dead}, "", 10, "B", "c"),
				want(ctx, notify.Filter{Recipient: "other"}, "", 10, "B", "c"),
			)
		}},
	}
}
