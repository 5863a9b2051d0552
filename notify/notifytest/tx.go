package notifytest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// A Tx shows a store that can live in a caller's transaction.
type Tx struct {
	Store notify.Store // outside

	// InTx runs fn in a transaction, as the adapter's own InTx does; own adds a row of the caller's.
	InTx func(ctx context.Context, fn func(ctx context.Context, s notify.Store, own func(text string) error) error) error

	// Own returns the caller's rows that were committed.
	Own func(ctx context.Context) ([]string, error)
}

// TestTx runs the cases for a store in a caller's transaction.
func TestTx(t *testing.T, open func(*testing.T) Tx) { storetest.RunCases(t, TxCases(open(t))) }

// TxCases are what TestTx runs.
func TxCases(x Tx) []storetest.Case {
	errBack := errors.New("the caller rolls back")
	mute := answers(func(notify.Outgoing) notify.Receipt { return notify.Receipt{Level: notify.LevelAccepted} })
	open := func() (*notify.Desk, error) {
		return notify.New(notify.Config{Store: x.Store, Rules: Rules(), Now: func() time.Time { return noon },
			Channels: map[notify.ChannelID]notify.Channel{"sms": mute, "site": mute}})
	}
	stay := func(id string) notify.Occasion {
		return notify.Occasion{ID: id, Kind: "stay", Start: noon.Add(72 * time.Hour), To: notify.Recipient{Addresses: map[notify.ChannelID]string{"sms": id}}, Vars: map[string]string{"text": "x"}}
	}
	owns := func(ctx context.Context, text string) (bool, error) {
		rows, err := x.Own(ctx)
		return slices.Contains(rows, text), err
	}
	state := func(ctx context.Context, desk *notify.Desk, id notify.MessageID, want notify.State) error {
		d, err := desk.Delivery(ctx, id)
		if err == nil && d.State != want {
			err = fmt.Errorf("%s is %s, want %s", id, d.State, want)
		}
		return err
	}
	// voiding posts a stay outside, and cancels it in a transaction that ends as said.
	voiding := func(ctx context.Context, end error) (*notify.Desk, notify.MessageID, bool, error) {
		desk, err := open()
		if err != nil {
			return nil, "", false, err
		}
		o := stay(rand.Text())
		posted, err := desk.Post(ctx, o)
		if err != nil || len(posted) != 1 {
			return nil, "", false, fmt.Errorf("posted %d, %w", len(posted), err)
		}
		o.Cancelled = true
		err = x.InTx(ctx, func(ctx context.Context, s notify.Store, own func(string) error) error {
			if err := own("void " + o.ID); err != nil {
				return err
			}
			if _, err := desk.In(s).Post(ctx, o); err != nil {
				return err
			}
			return end
		})
		if !errors.Is(err, end) {
			return nil, "", false, err
		}
		there, err := owns(ctx, "void "+o.ID)
		return desk, posted[0].ID, there, err
	}
	return []storetest.Case{
		{Name: "together", Rule: "a message withdrawn in a transaction and the caller's row commit together", Run: func(ctx context.Context) error {
			desk, id, there, err := voiding(ctx, nil)
			if err == nil && !there {
				err = errors.New("the caller's row is missing")
			}
			if err != nil {
				return err
			}
			return state(ctx, desk, id, notify.StateCancelled)
		}},
		{Name: "not at all", Rule: "what is rolled back was never withdrawn", Run: func(ctx context.Context) error {
			desk, id, there, err := voiding(ctx, errBack)
			if err == nil && there {
				err = errors.New("the caller's row is there")
			}
			if err != nil {
				return err
			}
			return state(ctx, desk, id, notify.StatePending)
		}},
		{Name: "own writes are seen", Rule: "a second command in a transaction sees the first", Run: func(ctx context.Context) error {
			desk, err := open()
			if err != nil {
				return err
			}
			o := stay(rand.Text())
			return x.InTx(ctx, func(ctx context.Context, s notify.Store, _ func(string) error) error {
				in := desk.In(s)
				first, err := in.Post(ctx, o)
				if err != nil {
					return err
				}
				o.Rev, o.Start = 1, o.Start.Add(time.Hour)
				second, err := in.Post(ctx, o)
				if err != nil {
					return err
				}
				if len(first) != 1 || len(second) != 2 || second[0].State != notify.StateSuperseded || second[1].State != notify.StatePending {
					return fmt.Errorf("first %d, second %+v", len(first), second)
				}
				return state(ctx, in, second[1].ID, notify.StatePending)
			})
		}},
		{Name: "a conflict leaves the transaction to the caller", Rule: "a commit over an overtaken version is store.ErrConflict, and writes nothing", Run: func(ctx context.Context) error {
			id := rand.Text()
			if err := put(ctx, x.Store, sample(id, "")); err != nil {
				return err
			}
			conflict := false
			err := x.InTx(ctx, func(ctx context.Context, s notify.Store, own func(string) error) error {
				if conflict {
					return nil // the whole was repeated, as it may be
				}
				k := key(notify.KindDelivery, id)
				d := sample(id, "")
				d.Seq++
				err := s.Commit(ctx, notify.Change{Guards: []store.Guard{{Key: k, Version: 1, Write: true}}, Rows: []notify.Aggregate{{Key: k, Delivery: &d}}})
				conflict = errors.Is(err, store.ErrConflict)
				return err
			})
			if !conflict {
				return fmt.Errorf("got %v, want a conflict", err)
			}
			found, err := load(ctx, x.Store, key(notify.KindDelivery, id))
			if err != nil {
				return err
			}
			return same(*found[key(notify.KindDelivery, id)].Delivery, sample(id, ""))
		}},
	}
}
