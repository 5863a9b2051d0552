package bookingtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store/storetest"
)

// A Tx shows a store that can live in a caller's transaction.
type Tx struct {
	Store booking.Store // outside of any transaction

	// InTx runs fn in one transaction, with a store in it and a function that writes a row of the
	// caller's own. It commits if fn returns nil, else it rolls back and returns fn's error; it
	// repeats the whole on a conflict.
	InTx func(ctx context.Context, fn func(ctx context.Context, s booking.Store, own func(text string) error) error) error

	// Own returns the caller's own rows, in any order.
	Own func(ctx context.Context) ([]string, error)
}

// TestTx runs the cases for a store in a caller's transaction.
func TestTx(t *testing.T, open func(*testing.T) Tx) { storetest.RunCases(t, TxCases(open(t))) }

// TxCases are what TestTx runs.
func TxCases(x Tx) []storetest.Case {
	var cases []storetest.Case
	add := func(name, rule string, run func(context.Context, Tx) error) {
		cases = append(cases, storetest.Case{Name: name, Rule: rule, Run: func(ctx context.Context) error { return run(ctx, x) }})
	}
	add("together", "the caller's rows and the hold stand together", tryTogether)
	add("or not at all", "after a rollback there is neither", tryRollback)
	add("refusal", "a refusal leaves the transaction usable: the caller may commit the rest", tryRefusal)
	add("own writes", "a later command in the transaction sees what an earlier one did", tryOwnWrites)
	add("opposite orders", "transactions that name units in opposite orders all end", tryOpposite)
	return cases
}

func (x Tx) desk() (*booking.Desk, error) { return newDesk(x.Store, now) }

// define makes units ready for holds.
func (x Tx) define(ctx context.Context, n int) (*booking.Desk, []booking.UnitID, error) {
	desk, err := x.desk()
	if err != nil {
		return nil, nil, err
	}
	units := make([]booking.UnitID, n)
	for i := range units {
		units[i] = mint()
		if _, err := desk.Do(ctx, booking.Define{Unit: booking.Unit{ID: units[i]}}); err != nil {
			return nil, nil, err
		}
	}
	return desk, units, nil
}

func (x Tx) owns(ctx context.Context, text string) (bool, error) {
	rows, err := x.Own(ctx)
	return slices.Contains(rows, text), err
}

func tryTogether(ctx context.Context, x Tx) error {
	desk, units, err := x.define(ctx, 1)
	if err != nil {
		return err
	}
	own := "deal of " + string(units[0])
	err = x.InTx(ctx, func(ctx context.Context, s booking.Store, write func(string) error) error {
		if err := write(own); err != nil {
			return err
		}
		_, err := desk.In(s).Hold(ctx, booking.Hold{ID: "h", Unit: units[0], Span: nights(1, 2)})
		return err
	})
	if err != nil {
		return err
	}
	if ok, err := x.owns(ctx, own); err != nil || !ok {
		return fmt.Errorf("the caller's row is there: %v, %w", ok, err)
	}
	r, err := desk.Reservation(ctx, booking.Ref{Unit: units[0], ID: "h"})
	if err != nil || r.State != booking.StateHeld {
		return fmt.Errorf("the hold is %s, %w", r.State, err)
	}
	return nil
}

func tryRollback(ctx context.Context, x Tx) error {
	desk, units, err := x.define(ctx, 1)
	if err != nil {
		return err
	}
	own, enough := "deal of "+string(units[0]), errors.New("changed my mind")
	err = x.InTx(ctx, func(ctx context.Context, s booking.Store, write func(string) error) error {
		if _, err := desk.In(s).Hold(ctx, booking.Hold{ID: "h", Unit: units[0], Span: nights(1, 2)}); err != nil {
			return err
		}
		if err := write(own); err != nil {
			return err
		}
		return enough
	})
	if !errors.Is(err, enough) {
		return fmt.Errorf("the transaction's own error came back as %v", err)
	}
	if ok, err := x.owns(ctx, own); err != nil || ok {
		return fmt.Errorf("the caller's row is there: %v, %w", ok, err)
	}
	if _, err := desk.Reservation(ctx, booking.Ref{Unit: units[0], ID: "h"}); !errors.Is(err, booking.ErrUnknown) {
		return fmt.Errorf("the hold that was rolled back: %v, want ErrUnknown", err)
	}
	_, err = desk.Hold(ctx, booking.Hold{ID: "other", Unit: units[0], Span: nights(1, 2)})
	return err
}

func tryRefusal(ctx context.Context, x Tx) error {
	desk, units, err := x.define(ctx, 1)
	if err != nil {
		return err
	}
	if _, err := desk.Hold(ctx, booking.Hold{ID: "first", Unit: units[0], Span: nights(1, 2)}); err != nil {
		return err
	}
	own := "refused on " + string(units[0])
	err = x.InTx(ctx, func(ctx context.Context, s booking.Store, write func(string) error) error {
		if _, err := desk.In(s).Hold(ctx, booking.Hold{ID: "h", Unit: units[0], Span: nights(1, 2)}); !errors.Is(err, booking.ErrTaken) {
			return fmt.Errorf("got %v, want ErrTaken", err)
		}
		return write(own)
	})
	if err != nil {
		return err
	}
	if ok, err := x.owns(ctx, own); err != nil || !ok {
		return fmt.Errorf("the caller's row is there: %v, %w", ok, err)
	}
	return nil
}

func tryOwnWrites(ctx context.Context, x Tx) error {
	desk, units, err := x.define(ctx, 1)
	if err != nil {
		return err
	}
	return x.InTx(ctx, func(ctx context.Context, s booking.Store, _ func(string) error) error {
		tx := desk.In(s)
		hold, err := tx.Hold(ctx, booking.Hold{ID: "h", Unit: units[0], Span: nights(1, 2)})
		if err != nil {
			return err
		}
		if _, err := tx.Confirm(ctx, booking.Confirm{Ref: hold.Ref()}); err != nil {
			return err
		}
		r, err := tx.Reservation(ctx, hold.Ref())
		if err == nil && r.State != booking.StateConfirmed {
			err = fmt.Errorf("confirmed in the transaction, read as %s", r.State)
		}
		return err
	})
}

func tryOpposite(ctx context.Context, x Tx) error {
	desk, units, err := x.define(ctx, 2)
	if err != nil {
		return err
	}
	const transactions = 40
	errs := make([]error, transactions)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			a, b := units[0], units[1]
			if i%2 == 1 {
				a, b = b, a
			}
			id, span := booking.ReservationID(fmt.Sprint("h-", i)), nights(i, i+1)
			errs[i] = x.InTx(ctx, func(ctx context.Context, s booking.Store, _ func(string) error) error {
				_, err := desk.In(s).Hold(ctx, booking.Hold{ID: id, Unit: a, Span: span, And: []booking.Claim{{Unit: b, Span: span}}})
				return err
			})
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	cals, err := desk.Calendar(ctx, nights(0, transactions), units...)
	if err != nil {
		return err
	}
	for _, c := range cals {
		if n := len(c.Reservations); n != transactions {
			return fmt.Errorf("%s has %d of %d holds", c.Unit.ID, n, transactions)
		}
	}
	return nil
}
