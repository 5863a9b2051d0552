package voucher

import (
	"cmp"
	"context"
	"iter"
	"slices"
	"strconv"
	"strings"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/store"
)

// Dates are First to Last, both included; a zero date leaves that end open.
type Dates struct{ First, Last date.Date }

// overlaps reports whether the dates share a day with first..last.
func (d Dates) overlaps(first, last date.Date) bool {
	return (d.First == 0 || d.First <= last) && (d.Last == 0 || first <= d.Last)
}

// A Filter says which vouchers are looked for: those that meet all of it. What is zero is not asked.
type Filter struct {
	Number, Prefix string // spaces and dashes are ignored, as in [Format.Parse]
	Trip           Dates  // by trip start
	Issued         Dates  // by the newest revision
	Valid          Dates  // valid on any of these days
	Manager        ManagerID
	Partner        PartnerID
	Reservation    ReservationID
	Series         []SeriesID
	States         []State
}

// Match reports whether the voucher meets the filter.
func (f Filter) Match(v Voucher) bool {
	return (f.Number == "" || PlainNumber(f.Number) == PlainNumber(v.Text)) &&
		(f.Prefix == "" || strings.HasPrefix(PlainNumber(v.Text), PlainNumber(f.Prefix))) &&
		f.Trip.overlaps(v.Item.TripStart, v.Item.TripStart) &&
		f.Issued.overlaps(v.Issued, v.Issued) &&
		f.Valid.overlaps(v.Item.TripStart, v.Item.TripEnd) &&
		(f.Manager == "" || f.Manager == v.Item.Manager) &&
		(f.Partner == "" || f.Partner == v.Item.Partner) &&
		(f.Reservation == "" || f.Reservation == v.Item.Reservation) &&
		(len(f.Series) == 0 || slices.Contains(f.Series, v.Number.Series())) &&
		(len(f.States) == 0 || slices.Contains(f.States, v.State))
}

// A Finder looks vouchers up. Every store of the package is one.
type Finder interface {
	// Find returns the first limit vouchers that meet the filter after the cursor, in the order
	// of [Voucher.Compare], and the cursor to go on from: "" when nothing is left. While others
	// write, a walk through all pages meets every voucher that was there at the start and still
	// matches, once. A limit below 1, or a cursor of another store, is an [InvalidError].
	Find(ctx context.Context, f Filter, after store.Cursor, limit int) ([]Voucher, store.Cursor, error)
}

// A Feed tells what happened, in the order in which it became visible.
type Feed interface {
	// Since returns the first limit events after the cursor, and the cursor to go on from. A
	// cursor of events that the store no longer has is [store.ErrRewound].
	Since(ctx context.Context, after store.Cursor, limit int) ([]Event, store.Cursor, error)
}

// All walks through every voucher that meets the filter, a page at a time.
func All(ctx context.Context, in Finder, f Filter) iter.Seq2[Voucher, error] {
	return func(yield func(Voucher, error) bool) {
		var after store.Cursor
		for {
			page, next, err := in.Find(ctx, f, after, 200)
			if err != nil {
				yield(Voucher{}, err)
				return
			}
			for _, v := range page {
				if !yield(v, nil) {
					return
				}
			}
			if after = next; next == "" {
				return
			}
		}
	}
}

// A Place is where a voucher stands in the order of Find.
type Place struct {
	Number
	ID VoucherID
}

// From is where a page begins that lies behind the cursor: the place of the last voucher handed
// out, none for "". A limit below 1, a cursor that no store gave, or a text that no voucher could
// hold, is an [InvalidError].
func (f Filter) From(after store.Cursor, limit int) (Place, error) {
	if limit < 1 {
		return Place{}, invalid("limit", strconv.Itoa(limit), "limit")
	}
	texts := []string{f.Number, f.Prefix, string(f.Manager), string(f.Partner), string(f.Reservation)}
	for _, id := range f.Series {
		texts = append(texts, string(id))
	}
	for _, s := range f.States {
		texts = append(texts, string(s))
	}
	for _, text := range texts {
		if code := badID(text); code != "" {
			return Place{}, invalid("filter", text, code)
		}
	}
	if after == "" {
		return Place{}, nil
	}
	n, ok := VoucherID(after).Number()
	if !ok {
		return Place{}, invalid("cursor", string(after), "syntax")
	}
	return Place{n, VoucherID(after)}, nil
}

// Compare orders places as Find does.
func (p Place) Compare(o Place) int {
	return cmp.Or(p.Number.Compare(o.Number), strings.Compare(string(p.ID), string(o.ID)))
}
