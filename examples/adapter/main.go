// Command adapter keeps the calendars of package booking in a database that it was not made for: keys
// with values and compare-and-swap, as etcd, DynamoDB and Redis have. It tells a short story on it;
// docs/adapters.md tells how it was written.
//
//	go run ./examples/adapter
//	go run ./examples/adapter -lang ru
//
// kv.go is what the database can do, store.go the adapter. feed.go, due.go and tx.go add a feed, what
// falls due, and transactions with keys of one's own. audit.go reads what was left behind.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"log"
	"os"
	"sync"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/examples/internal/show"
)

func main() {
	lang := flag.String("lang", "en", "tell the story in English or Russian: `en or ru`")
	flag.Parse()
	if flag.NArg() > 0 || *lang != "en" && *lang != "ru" {
		flag.Usage()
		os.Exit(2)
	}
	s := &show.Story{W: os.Stdout, Lang: *lang, Clock: show.NewClock(start)}
	if err := run(context.Background(), s, &Map{}); err != nil {
		log.Fatal(err)
	}
	fmt.Println()
	os.Exit(s.Print(os.Stdout, *lang))
}

// start is where the story's clock begins.
var start = time.Date(2027, time.June, 1, 9, 0, 0, 0, time.UTC)

// run tells the story on an empty KV and audits what it left.
func run(ctx context.Context, s *show.Story, kv KV) error {
	o := &office{Story: s, kv: kv, desks: make([]*booking.Desk, 4)}
	for _, part := range []func(context.Context) error{o.open, o.conflict, o.race, o.lapse, o.together} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	return audit(ctx, kv, &s.Checks)
}

// An office lets three flats for one week of July, by several services.
type office struct {
	*show.Story
	kv    KV
	desks []*booking.Desk // each a service over the one database
	week  booking.Span
}

func (o *office) open(ctx context.Context) (err error) {
	for i := range o.desks {
		if o.desks[i], err = booking.New(booking.Config{Store: NewStore(o.kv), Now: o.Clock.Now}); err != nil {
			return err
		}
	}
	for _, u := range []booking.UnitID{"flat-12", "flat-13", "flat-14"} {
		if _, err := o.desks[0].Do(ctx, booking.Define{Unit: booking.Unit{ID: u}}); err != nil {
			return err
		}
	}
	o.week, err = booking.Nights(date.New(2027, time.July, 10), date.New(2027, time.July, 17))
	return err
}

// conflict: a hold, a refusal, a confirmation, and all of it found by another service.
func (o *office) conflict(ctx context.Context) error {
	desk := o.desks[0]
	hold, err := desk.Hold(ctx, booking.Hold{ID: "lead-71", Unit: "flat-12", Span: o.week, Holder: "card-9"})
	if err != nil {
		return err
	}
	o.Say("lead-71 holds flat-12 until %s", "lead-71 держит flat-12 до %s", hold.Deadline.Format(time.TimeOnly))
	_, err = desk.Hold(ctx, booking.Hold{ID: "lead-72", Unit: "flat-12", Span: o.week, Holder: "card-4"})
	var taken *booking.TakenError
	if !errors.As(err, &taken) {
		return fmt.Errorf("a second hold of the same week: %w", err)
	}
	o.Say("lead-72 is refused: %s", "lead-72 получает отказ: %s", taken.Text(o.Lang))
	o.Add("a refusal names who is in the way", "отказ называет, кто мешает", len(taken.By) == 1 && taken.By[0].ID == "lead-71", "%v", taken.By)
	if _, err := desk.Confirm(ctx, booking.Confirm{Ref: hold.Ref()}); err != nil {
		return err
	}
	found, err := o.desks[1].Reservation(ctx, hold.Ref())
	if err != nil {
		return err
	}
	o.Say("lead-71 confirms, and another service sees it", "lead-71 подтверждает, и другой сервис это видит")
	o.Add("another service sees the confirmation", "другой сервис видит подтверждение", found.State == booking.StateConfirmed, "%s", found.State)
	return nil
}

// race: sixteen clients of four services want one week at one moment.
func (o *office) race(ctx context.Context) error {
	errs := make([]error, 16)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			id := booking.ReservationID(fmt.Sprintf("racer-%02d", i))
			_, errs[i] = o.desks[i%len(o.desks)].Hold(ctx, booking.Hold{ID: id, Unit: "flat-13", Span: o.week})
		})
	}
	wg.Wait()
	won, told := 0, 0
	for _, err := range errs {
		switch {
		case err == nil:
			won++
		case errors.Is(err, booking.ErrTaken):
			told++
		default:
			return err
		}
	}
	o.Say("flat-13: %d ask at once through %d services", "flat-13: %d просят разом через %d сервиса", len(errs), len(o.desks))
	o.Add("of 16 who asked at once one has the week", "из 16 просивших разом неделю получил один", won == 1, "%d", won)
	o.Add("the others were told that it is taken", "остальным сказано, что занято", told == len(errs)-1, "%d", told)
	return nil
}

// lapse: a hold that nobody confirms ends, and who waited has the week.
func (o *office) lapse(ctx context.Context) error {
	desk := o.desks[0]
	if _, err := desk.Hold(ctx, booking.Hold{ID: "lead-80", Unit: "flat-14", Span: o.week}); err != nil {
		return err
	}
	waits, err := desk.Hold(ctx, booking.Hold{ID: "lead-81", Unit: "flat-14", Span: o.week, Policy: booking.PolicyQueue})
	if err != nil {
		return err
	}
	o.Say("lead-81 waits for flat-14 behind lead-80", "lead-81 ждёт flat-14 за lead-80")
	o.Clock.Advance(16 * time.Minute)
	if _, err := desk.Tick(ctx, NewStore(o.kv), 10); err != nil {
		return err
	}
	offered, err := desk.Reservation(ctx, waits.Ref())
	if err != nil {
		return err
	}
	o.Say("%s: lead-80 did not confirm, and lead-81 has the offer", "%s: lead-80 не подтвердил, предложение у lead-81", o.Clock.Now().Format(time.TimeOnly))
	o.Add("a lapsed hold makes room for who waits", "истёкшая бронь уступает место ждущему", offered.State == booking.StateHeld, "%s", offered.State)
	return nil
}

// together: a deal of the caller's own and a hold are written in one transaction, or neither is.
func (o *office) together(ctx context.Context) error {
	week, err := booking.Nights(date.New(2027, time.August, 1), date.New(2027, time.August, 8))
	if err != nil {
		return err
	}
	kept := NewStore(o.kv)
	sell := func(deal string, end error) error {
		return kept.InTx(ctx, func(tx KV) error {
			hold, err := o.desks[0].In(NewStore(tx)).Hold(ctx, booking.Hold{ID: booking.ReservationID(deal), Unit: "flat-12", Span: week})
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
		return fmt.Errorf("a transaction that was to be rolled back: %w", err)
	}
	if err := sell("deal-2", nil); err != nil {
		return err
	}
	o.Say("deal-1 is rolled back, deal-2 is written together with its hold", "deal-1 откатывается, deal-2 записана вместе с бронью")
	deals, err := o.kv.Range(ctx, "deal\x00", "deal\x01", 10)
	if err != nil {
		return err
	}
	_, err = o.desks[0].Reservation(ctx, booking.Ref{Unit: "flat-12", ID: "deal-1"})
	o.Add("a transaction stands or falls as one", "транзакция целиком записана или целиком откачена",
		len(deals) == 1 && deals[0].Value == "flat-12/deal-2" && errors.Is(err, booking.ErrUnknown), "%d", len(deals))
	return nil
}
