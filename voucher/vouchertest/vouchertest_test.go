package vouchertest_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/voucher"
	"github.com/tenure-go/tenure/voucher/vouchertest"
)

func TestMemory(t *testing.T) {
	vouchertest.TestStore(t, func(*testing.T) voucher.Store { return voucher.NewMemory() })
	vouchertest.TestFind(t, func(*testing.T) vouchertest.Store { return voucher.NewMemory() })
}

// A broken store changes what goes in or comes out of a store that is not.
type broken struct {
	*voucher.Memory
	query  func(voucher.Query) voucher.Query
	load   func([]voucher.Aggregate) []voucher.Aggregate
	change func(voucher.Change) voucher.Change
	find   func([]voucher.Voucher, store.Cursor, int) ([]voucher.Voucher, store.Cursor)
	filter func(voucher.Filter) voucher.Filter
	after  func(store.Cursor) store.Cursor
	since  func([]voucher.Event) []voucher.Event
}

func (b broken) Load(ctx context.Context, q voucher.Query) ([]voucher.Aggregate, error) {
	if b.query != nil {
		q = b.query(q)
	}
	as, err := b.Memory.Load(ctx, q)
	if b.load != nil {
		as = b.load(as)
	}
	return as, err
}

func (b broken) Commit(ctx context.Context, c voucher.Change) error {
	if b.change != nil {
		c = b.change(c)
	}
	return b.Memory.Commit(ctx, c)
}

func (b broken) Find(ctx context.Context, f voucher.Filter, after store.Cursor, limit int) ([]voucher.Voucher, store.Cursor, error) {
	if b.filter != nil {
		f = b.filter(f)
	}
	if b.after != nil {
		after = b.after(after)
	}
	vs, next, err := b.Memory.Find(ctx, f, after, limit)
	if b.find != nil && err == nil {
		vs, next = b.find(vs, next, limit)
	}
	return vs, next, err
}

func (b broken) Since(ctx context.Context, after store.Cursor, limit int) ([]voucher.Event, store.Cursor, error) {
	es, next, err := b.Memory.Since(ctx, after, limit)
	if b.since != nil {
		es = b.since(es)
	}
	return es, next, err
}

// The suite must catch each of these mistakes, which adapters do make.
func TestSuiteCatchesBrokenStores(t *testing.T) {
	each := func(change func(*voucher.Voucher)) func([]voucher.Aggregate) []voucher.Aggregate {
		return func(as []voucher.Aggregate) []voucher.Aggregate {
			for i := range as {
				for j := range as[i].Vouchers {
					change(&as[i].Vouchers[j])
				}
			}
			return as
		}
	}
	guards := func(drop func(store.Guard) bool) func(voucher.Change) voucher.Change {
		return func(c voucher.Change) voucher.Change {
			c.Guards = slices.DeleteFunc(slices.Clone(c.Guards), drop)
			return c
		}
	}
	for name, b := range map[string]broken{
		"does not guard counters":     {change: guards(func(g store.Guard) bool { return g.Kind == voucher.KindSeries })},
		"does not guard reservations": {change: guards(func(g store.Guard) bool { return g.Kind == voucher.KindReservation })},
		"forgets counters":            {change: func(c voucher.Change) voucher.Change { c.Counters = nil; return c }},
		"writes one voucher of several": {change: func(c voucher.Change) voucher.Change {
			c.Vouchers = c.Vouchers[:min(1, len(c.Vouchers))]
			return c
		}},
		"forgets who holds a voucher": {change: func(c voucher.Change) voucher.Change { c.Holdings = nil; return c }},
		"forgets events":              {change: func(c voucher.Change) voucher.Change { c.Events = nil; return c }},
		"loses void vouchers": {load: func(as []voucher.Aggregate) []voucher.Aggregate {
			for i := range as {
				as[i].Vouchers = slices.DeleteFunc(as[i].Vouchers, func(v voucher.Voucher) bool { return v.State == voucher.StateVoid })
			}
			return as
		}},
		"rounds times":    {load: each(func(v *voucher.Voucher) { v.Voided = v.Voided.Truncate(time.Millisecond) })},
		"loses values":    {load: each(func(v *voucher.Voucher) { v.Item.Values = nil })},
		"loses revisions": {load: each(func(v *voucher.Voucher) { v.Revisions = v.Revisions[len(v.Revisions)-1:] })},
		"knows no voucher by its ID": {query: func(q voucher.Query) voucher.Query {
			q.Vouchers = nil
			return q
		}},
		"ignores the case of reservations": {
			query: func(q voucher.Query) voucher.Query {
				for i, id := range q.Reservations {
					q.Reservations[i] = voucher.ReservationID(strings.ToLower(string(id)))
				}
				return q
			},
		},
		"finds one too few": {find: func(vs []voucher.Voucher, next store.Cursor, limit int) ([]voucher.Voucher, store.Cursor) {
			if len(vs) == limit {
				vs = vs[:limit-1]
			}
			return vs, next
		}},
		"stops after a page": {find: func(vs []voucher.Voucher, _ store.Cursor, _ int) ([]voucher.Voucher, store.Cursor) { return vs, "" }},
		"finds out of order": {find: func(vs []voucher.Voucher, next store.Cursor, _ int) ([]voucher.Voucher, store.Cursor) {
			slices.Reverse(vs)
			return vs, next
		}},
		"orders by text": {find: func(vs []voucher.Voucher, next store.Cursor, _ int) ([]voucher.Voucher, store.Cursor) {
			slices.SortFunc(vs, func(a, b voucher.Voucher) int { return strings.Compare(a.Text, b.Text) })
			return vs, next
		}},
		"ignores cursors":           {after: func(store.Cursor) store.Cursor { return "" }},
		"ignores the state":         {filter: func(f voucher.Filter) voucher.Filter { f.States = nil; return f }},
		"finds by start, not valid": {filter: func(f voucher.Filter) voucher.Filter { f.Trip, f.Valid = f.Valid, voucher.Dates{}; return f }},
		"ignores the case of managers": {filter: func(f voucher.Filter) voucher.Filter {
			f.Manager = voucher.ManagerID(strings.ToLower(string(f.Manager)))
			return f
		}},
		"tells events twice": {since: func(es []voucher.Event) []voucher.Event { return append(es, es...) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			open := func() broken { b := b; b.Memory = voucher.NewMemory(); return b }
			cases := slices.Concat(vouchertest.StoreCases(func() voucher.Store { return open() }), vouchertest.FindCases(func() vouchertest.Store { return open() }))
			caught := ""
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			for _, c := range cases {
				if err := c.Run(ctx); err != nil {
					caught = c.Name
					break
				}
			}
			require.NotEmpty(t, caught, "no case caught it")
		})
	}
}
