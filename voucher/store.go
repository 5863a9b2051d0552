package voucher

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/store"
)

// A Store keeps vouchers and counters. Package vouchertest proves that an implementation holds.
type Store = store.Store[Query, Aggregate, Change]

// The kinds of aggregates. Series sorts, and so locks, last.
const (
	KindReservation = "reservation"
	KindSeries      = "series"
)

// A Query asks for aggregates: for each reservation named, for the reservation of each voucher
// named (none if there is no such voucher), for each counter named. A reservation or counter
// never written is at version 0.
type Query struct {
	Reservations []ReservationID
	Vouchers     []VoucherID
	Counters     []CounterKey
	Lock         bool // a Commit follows
}

// An Aggregate is a reservation with all its vouchers, in the order of their numbers, or a counter.
type Aggregate struct {
	store.Key
	Version  int64
	Vouchers []Voucher
	Counter  Counter
}

// A CounterKey names the row of a series on a trip start.
type CounterKey struct {
	TripStart date.Date `json:"trip_start"`
	Series    SeriesID  `json:"series,omitempty"`
}

// Key returns the key of the counter's aggregate.
func (k CounterKey) Key() store.Key {
	return store.Key{Kind: KindSeries, ID: k.TripStart.String() + "/" + string(k.Series)}
}

// Compare orders counters as their keys do.
func (k CounterKey) Compare(o CounterKey) int {
	return cmp.Or(strings.Compare(k.TripStart.String(), o.TripStart.String()), strings.Compare(string(k.Series), string(o.Series)))
}

// A Counter is how far a row has come: every place in (Adopted, Last] has one voucher.
type Counter struct {
	CounterKey
	Last    int64 `json:"last"`
	Adopted int64 `json:"adopted,omitempty"` // the highest place taken over from elsewhere
}

// A Change is written as a whole or not at all. Every guard has Write.
type Change struct {
	Guards   []store.Guard
	Vouchers []Voucher // each new or changed, whole
	Holdings []Holding // of each reservation that got a voucher
	Counters []Counter
	Events   []Event
}

// A Holding names all vouchers that a reservation has.
type Holding struct {
	Reservation ReservationID
	Vouchers    []VoucherID
}

// An EventKind says what happened to a voucher.
type EventKind string

// The kinds of events.
const (
	EventIssued   EventKind = "issued"
	EventReissued EventKind = "reissued"
	EventVoided   EventKind = "voided"
	EventAdopted  EventKind = "adopted"
)

// An Event is a fact about one voucher. Its Key is the reservation's, and Seq counts the
// reservation's events from 1.
type Event struct {
	store.Key
	Seq     int64     `json:"seq"`
	At      time.Time `json:"at"`
	Kind    EventKind `json:"event"`
	By      string    `json:"by,omitempty"`
	Why     string    `json:"why,omitempty"`
	Command CommandID `json:"command,omitempty"`
	Voucher Voucher   `json:"voucher"` // as the event left it
}

// Clone returns an event that shares nothing with e.
func (e Event) Clone() Event {
	e.Voucher = e.Voucher.Clone()
	return e
}

// Fold returns the state that the events led to, whatever their order: vouchers in the order of
// their numbers and counters in the order of their keys.
func Fold(events []Event) ([]Voucher, []Counter) {
	newest := map[VoucherID]Event{}
	for _, e := range events {
		if had, ok := newest[e.Voucher.ID]; !ok || e.Seq > had.Seq {
			newest[e.Voucher.ID] = e
		}
	}
	counters := map[CounterKey]Counter{}
	var vouchers []Voucher
	for _, e := range newest {
		v := e.Voucher.Clone()
		vouchers = append(vouchers, v)
		key := CounterKey{v.Number.TripStart(), v.Number.Series()}
		c := counters[key]
		c.CounterKey = key
		c.Last = max(c.Last, v.Number.Seq())
		if v.Revisions[0].Kind == EventAdopted {
			c.Adopted = max(c.Adopted, v.Number.Seq())
		}
		counters[key] = c
	}
	slices.SortFunc(vouchers, Voucher.Compare)
	rows := make([]Counter, 0, len(counters))
	for _, c := range counters {
		rows = append(rows, c)
	}
	slices.SortFunc(rows, func(a, b Counter) int { return a.CounterKey.Compare(b.CounterKey) })
	return vouchers, rows
}

// Compare orders vouchers by number, those taken over as text by their text.
func (v Voucher) Compare(o Voucher) int {
	return cmp.Or(v.Number.Compare(o.Number), strings.Compare(string(v.ID), string(o.ID)))
}

// newID returns the ID of a number, or of a number taken over as text.
func newID(n Number, text string) VoucherID {
	place := strconv.FormatInt(n.seq, 10)
	if n.seq == 0 {
		place = "=" + PlainNumber(text)
	}
	return VoucherID(n.trip.String() + "/" + string(n.series) + "/" + place)
}

// Number returns the number an ID tells, with Seq 0 if it was taken over as text, and whether the
// string is the ID of a voucher at all.
func (id VoucherID) Number() (Number, bool) {
	day, rest, ok := strings.Cut(string(id), "/")
	series, place, ok2 := strings.Cut(rest, "/")
	trip, ok3 := isoDate(day)
	if !ok || !ok2 || !ok3 || badID(series) != "" {
		return Number{}, false
	}
	if text, ok := strings.CutPrefix(place, "="); ok {
		n := Number{trip: trip, series: SeriesID(series)}
		return n, text != "" && newID(n, text) == id
	}
	seq, err := strconv.ParseInt(place, 10, 64)
	if err != nil {
		return Number{}, false
	}
	n, err := NewNumber(SeriesID(series), trip, seq)
	return n, err == nil && newID(n, "") == id
}

// isoDate reads YYYY-MM-DD and nothing else.
func isoDate(text string) (date.Date, bool) {
	if len(text) != len("2006-01-02") {
		return 0, false
	}
	d, err := date.ParseISO(text)
	return d, err == nil && d.String() == text && d != 0
}
