// Command adapter keeps the calendars of package booking in a database that it was not made for: keys
// with values and compare-and-swap, as etcd, DynamoDB and Redis have. It tells a short story on it;
// docs/adapters.md tells how it was written.
//
//	go run ./examples/adapter
//
// kv.go is what the database can do, store.go the adapter. feed.go, due.go and tx.go add a feed, what
// falls due, and transactions with keys of one's own. audit.go reads what was left behind.
package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log"
	"os"
	"sync"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/examples/internal/show"
)

func main() {
	var checks show.Checks
	if err := run(context.Background(), os.Stdout, &Map{}, &checks); err != nil {
		log.Fatal(err)
	}
	os.Exit(checks.Print(os.Stdout))
}

// run tells the story on an empty KV and audits what it left.
func run(ctx context.Context, w io.Writer, kv KV, checks *show.Checks) error {
	s, err := newStory(ctx, w, kv)
	if err != nil {
		return err
	}
	for _, part := range []func(context.Context, *show.Checks) error{s.conflict, s.race, s.lapse, s.together} {
		if err := part(ctx, checks); err != nil {
			return err
		}
	}
	return audit(ctx, kv, checks)
}

// A story happens to three flats, in one week of July.
type story struct {
	w     io.Writer
	kv    KV
	clock *show.Clock
	desks []*booking.Desk // as many services over one database
	week  booking.Span
}

func newStory(ctx context.Context, w io.Writer, kv KV) (*story, error) {
	s := &story{w: w, kv: kv, clock: show.NewClock(time.Date(2027, 6, 1, 9, 0, 0, 0, time.UTC)), desks: make([]*booking.Desk, 4)}
	var err error
	for i := range s.desks {
		if s.desks[i], err = booking.New(booking.Config{Store: NewStore(kv), Now: s.clock.Now}); err != nil {
			return nil, err
		}
	}
	for _, u := range []booking.UnitID{"flat-12", "flat-13", "flat-14"} {
		if _, err := s.desks[0].Do(ctx, booking.Define{Unit: booking.Unit{ID: u}}); err != nil {
			return nil, err
		}
	}
	s.week, err = booking.Nights(date.New(2027, time.July, 10), date.New(2027, time.July, 17))
	return s, err
}

func (s *story) say(format string, args ...any) { fmt.Fprintf(s.w, format+"\n", args...) }

// conflict: a hold, a refusal, a confirmation, and all of it found by another service.
func (s *story) conflict(ctx context.Context, checks *show.Checks) error {
	desk := s.desks[0]
	hold, err := desk.Hold(ctx, booking.Hold{ID: "lead-71", Unit: "flat-12", Span: s.week, Holder: "card-9"})
	if err != nil {
		return err
	}
	s.say("lead-71: %s until %s", hold.State, hold.Deadline.Format(time.TimeOnly))
	var taken *booking.TakenError
	_, err = desk.Hold(ctx, booking.Hold{ID: "lead-72", Unit: "flat-12", Span: s.week, Holder: "card-4"})
	s.say("lead-72: %v", err)
	checks.Add("a refusal names who is in the way", errors.As(err, &taken) && len(taken.By) == 1 && taken.By[0].ID == "lead-71", "%v", err)
	if _, err := desk.Confirm(ctx, booking.Confirm{Ref: hold.Ref()}); err != nil {
		return err
	}
	found, err := s.desks[1].Reservation(ctx, hold.Ref())
	if err != nil {
		return err
	}
	s.say("lead-71: %s, says another service", found.State)
	checks.Add("another service sees the confirmation", found.State == booking.StateConfirmed, "%s is %s", found.ID, found.State)
	return nil
}

// race: sixteen clients of four services want one week at one moment.
func (s *story) race(ctx context.Context, checks *show.Checks) error {
	errs := make([]error, 16)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			_, errs[i] = s.desks[i%len(s.desks)].Hold(ctx, booking.Hold{ID: racer(i), Unit: "flat-13", Span: s.week})
		})
	}
	wg.Wait()
	won, told := 0, 0
	for i, err := range errs {
		switch {
		case err == nil:
			won++
			s.say("flat-13: %s has it, of %d who asked at once", racer(i), len(errs))
		case errors.Is(err, booking.ErrTaken):
			told++
		default:
			return err
		}
	}
	checks.Add("of 16 who asked at once one has the week", won == 1, "%d", won)
	checks.Add("the others were told that it is taken", told == len(errs)-1, "%d", told)
	return nil
}

func racer(i int) booking.ReservationID { return booking.ReservationID(fmt.Sprintf("racer-%02d", i)) }

// lapse: a hold that nobody confirms ends, and who waited has the week.
func (s *story) lapse(ctx context.Context, checks *show.Checks) error {
	desk := s.desks[0]
	if _, err := desk.Hold(ctx, booking.Hold{ID: "lead-80", Unit: "flat-14", Span: s.week}); err != nil {
		return err
	}
	waits, err := desk.Hold(ctx, booking.Hold{ID: "lead-81", Unit: "flat-14", Span: s.week, Policy: booking.PolicyQueue})
	if err != nil {
		return err
	}
	s.say("lead-81: %s for flat-14", waits.State)
	s.clock.Advance(16 * time.Minute)
	if _, err := desk.Tick(ctx, NewStore(s.kv), 10); err != nil {
		return err
	}
	offered, err := desk.Reservation(ctx, waits.Ref())
	if err != nil {
		return err
	}
	s.say("lead-81: %s at %s, as lead-80 did not confirm", offered.State, s.clock.Now().Format(time.TimeOnly))
	checks.Add("a lapsed hold makes room for who waits", offered.State == booking.StateHeld, "%s is %s", offered.ID, offered.State)
	return nil
}

// together: a deal of the caller's own and a hold are written in one transaction, or neither is.
func (s *story) together(ctx context.Context, checks *show.Checks) error {
	later, err := booking.Nights(date.New(2027, time.August, 1), date.New(2027, time.August, 8))
	if err != nil {
		return err
	}
	kept := NewStore(s.kv)
	sell := func(deal string, end error) error {
		return kept.InTx(ctx, func(tx KV) error {
			hold, err := s.desks[0].In(NewStore(tx)).Hold(ctx, booking.Hold{ID: booking.ReservationID(deal), Unit: "flat-12", Span: later})
			if err != nil {
				return err
			}
			if _, err := tx.Swap(ctx, nil, []Put{{"deal\x00" + deal, hold.Ref().String()}}); err != nil {
				return err
			}
			return end
		})
	}
	regret := errors.New("the client hung up")
	if err := sell("deal-1", regret); !errors.Is(err, regret) {
		return err
	}
	if err := sell("deal-2", nil); err != nil {
		return err
	}
	deals, err := s.kv.Range(ctx, "deal\x00", "deal\x01", 10)
	if err != nil {
		return err
	}
	s.say("deal-2: written together with its hold; of deal-1, which was rolled back, nothing is left")
	_, err = s.desks[0].Reservation(ctx, booking.Ref{Unit: "flat-12", ID: "deal-1"})
	checks.Add("a transaction stands or falls as one", len(deals) == 1 && deals[0].Value == "flat-12/deal-2" && errors.Is(err, booking.ErrUnknown), "%d deal; of the other: %v", len(deals), err)
	return nil
}
