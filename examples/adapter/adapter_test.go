package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/bookingtest"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	bookingtest.TestStore(t, func(*testing.T) booking.Store { return NewStore(&strict{}) })
}

func TestFeed(t *testing.T) {
	t.Parallel()
	bookingtest.TestFeed(t, func(*testing.T) (booking.Store, booking.Feed) {
		s := NewStore(&strict{})
		return s, s
	})
}

func TestDue(t *testing.T) {
	t.Parallel()
	bookingtest.TestDue(t, func(*testing.T) (booking.Store, booking.Due) {
		s := NewStore(&strict{})
		return s, s
	})
}

func TestTx(t *testing.T) {
	t.Parallel()
	bookingtest.TestTx(t, func(*testing.T) bookingtest.Tx {
		kv := &strict{}
		return bookingtest.Tx{
			Store: NewStore(kv),
			InTx: func(ctx context.Context, fn func(context.Context, booking.Store, func(string) error) error) error {
				return InTx(ctx, kv, func(tx KV) error {
					return fn(ctx, NewStore(tx), func(text string) error {
						_, err := tx.Swap(ctx, nil, []Put{{"own\x00" + text, text}})
						return err
					})
				})
			},
			Own: func(ctx context.Context) ([]string, error) {
				pairs, err := kv.Range(ctx, "own\x00", "own\x01", 1000)
				var texts []string
				for _, p := range pairs {
					texts = append(texts, p.Value)
				}
				return texts, err
			},
		}
	})
}

// strict is a Map with the bounds of databases that this adapter is meant for: etcd takes 128
// operations at once, and no key twice.
type strict struct{ Map }

func (s *strict) Swap(ctx context.Context, had []Stamp, changes []Put) (bool, error) {
	keys := map[string]bool{}
	for _, c := range changes {
		keys[c.Key] = true
	}
	if len(keys) < len(changes) || len(had)+len(changes) > 128 {
		return false, fmt.Errorf("a swap of %d changes of %d keys, on %d conditions", len(changes), len(keys), len(had))
	}
	return s.Map.Swap(ctx, had, changes)
}

// The suite tells these stores from a good one, by the case named.
func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault, caught string
		kv            KV
	}{
		{"a swap compares nothing", "one winner", &faulty{swap: func([]Stamp) []Stamp { return nil }}},
		{"a swap compares one key", "write skew", &faulty{swap: func(had []Stamp) []Stamp { return had[:min(1, len(had))] }}},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			var caught []string
			for _, c := range bookingtest.Cases(NewStore(tt.kv)) {
				if c.Run(t.Context()) != nil {
					caught = append(caught, c.Name)
				}
			}
			require.Contains(t, caught, tt.caught)
		})
	}
}

type faulty struct {
	strict
	swap func(had []Stamp) []Stamp
}

func (f *faulty) Swap(ctx context.Context, had []Stamp, changes []Put) (bool, error) {
	return f.strict.Swap(ctx, f.swap(had), changes)
}

var (
	_ = json.Marshal
	_ = errors.New
	_ = maps.Keys[map[string]int]
	_ atomic.Int32
	_ time.Time
	_ date.Date
	_ store.Key
	_ storetest.Lacks
)
