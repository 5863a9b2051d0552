package deduptest

import (
	"bytes"
	"context"
	"encoding/csv"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/internal/realdata"
	"github.com/tenure-go/tenure/store/storetest"
)

// Records returns the first n touches of the generated stream of Russian inquiries in the data
// folder; all if n is 0. It skips the test where the folder is absent.
func Records(t testing.TB, n int) []dedup.Touch {
	t.Helper()
	rows, err := csv.NewReader(bytes.NewReader(realdata.Read(t, "dedup/synth_dev.csv.gz"))).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	rows = rows[1:]
	if n > 0 {
		rows = rows[:min(n, len(rows))]
	}
	touches := make([]dedup.Touch, len(rows))
	for i, r := range rows {
		at, err := time.Parse(time.RFC3339, r[1])
		if err != nil {
			t.Fatal(err)
		}
		touches[i] = dedup.Touch{ID: dedup.TouchID(r[0]), Received: at, Name: r[4], Phone: r[5], Email: r[6],
			Source: dedup.Source{Channel: r[2], Partner: dedup.PartnerID(r[3])}}
	}
	return touches
}

// TestWriters lets many writers, each with a desk of its own, take in the first records of the
// stream, and compares the cards with Partition.
func TestWriters(t *testing.T, s dedup.Store, writers, records int) {
	touches := Records(t, records)
	want, err := dedup.Partition(touches, nil, dedup.Config{})
	if err != nil {
		t.Fatal(err)
	}
	var next atomic.Int64
	errs := make([]error, writers)
	start := time.Now()
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			desk, err := newDesk(s)
			for err == nil {
				i := int(next.Add(1)) - 1
				if i >= len(touches) {
					break
				}
				_, err = desk.Ingest(t.Context(), touches[i])
			}
			errs[w] = err
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		t.Fatal(err)
	}
	t.Logf("%d records by %d writers in %v", len(touches), writers, time.Since(start).Round(time.Millisecond))
	desk, err := newDesk(s)
	if err != nil {
		t.Fatal(err)
	}
	got, err := grouped(t.Context(), desk, touches)
	if err != nil {
		t.Fatal(err)
	}
	if err := same("the cards", fmt.Sprint(got), fmt.Sprint(want)); err != nil {
		t.Fatal("the cards are not those of Partition")
	}
}

// A Tx is a store whose commands can also run in a caller's transaction.
type Tx struct {
	Store dedup.Store
	InTx  func(ctx context.Context, fn func(context.Context, dedup.Store) error) error // repeats fn on a conflict
}

// TestTx runs every case for a store within a caller's transactions.
func TestTx(t *testing.T, open func(*testing.T) Tx) {
	storetest.RunCases(t, TxCases(open(t)))
}

// TxCases are what TestTx runs.
func TxCases(x Tx) []storetest.Case {
	return []storetest.Case{
		{Name: "rolled back", Rule: "what a transaction that fails took in is not there", Run: func(ctx context.Context) error { return tryRolledBack(ctx, x) }},
		{Name: "one card", Rule: "two transactions with one customer end with one card", Run: func(ctx context.Context) error { return tryOneCard(ctx, x) }},
	}
}

func tryRolledBack(ctx context.Context, x Tx) error {
	desk, err := newDesk(x.Store)
	if err != nil {
		return err
	}
	touches := stream(6)
	failed := errors.New("the caller's own reason")
	err = x.InTx(ctx, func(ctx context.Context, s dedup.Store) error {
		for _, t := range touches {
			if _, err := desk.In(s).Ingest(ctx, t); err != nil {
				return err
			}
		}
		return failed
	})
	if !errors.Is(err, failed) {
		return fmt.Errorf("a transaction that fails: got %v, want the caller's error", err)
	}
	for _, t := range touches {
		if _, err := desk.Card(ctx, dedup.CardID(t.ID)); !errors.Is(err, dedup.ErrUnknown) {
			return fmt.Errorf("touch %s after its transaction was rolled back: %v", t.ID, err)
		}
	}
	return nil
}

func tryOneCard(ctx context.Context, x Tx) error {
	desk, err := newDesk(x.Store)
	if err != nil {
		return err
	}
	const writers = 4
	phone := mint("")
	cards := make([]dedup.CardID, writers)
	errs := make([]error, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			errs[w] = x.InTx(ctx, func(ctx context.Context, s dedup.Store) error {
				for i := range 3 {
					res, err := desk.In(s).Ingest(ctx, dedup.Touch{ID: dedup.TouchID(fmt.Sprintf("%s-%d-%d", phone, w, i)), Received: moment,
						Identifiers: []dedup.Identifier{{Kind: dedup.KindExternal, System: "tel", Raw: phone}}})
					if err != nil {
						return err
					}
					cards[w] = res.Card
				}
				return nil
			})
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	card, err := desk.Card(ctx, cards[0])
	if err != nil {
		return err
	}
	if len(card.Timeline) != 3*writers {
		return fmt.Errorf("the card has %d touches, want %d", len(card.Timeline), 3*writers)
	}
	return nil
}
