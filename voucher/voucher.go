// Package voucher gives out numbers that are never doubled or lost, and papers that are never
// blank.
//
// A tour operator's voucher number tells the trip date and the place in that day's row: three
// reservations leaving on 8 June 2021 are 01080621, 02080621 and 03080621. Managers and triggers
// issue at once, transactions fail after the number was taken, a request is sent twice; still
// every place in the row is given once. A [Desk] sees to that over any [Store]:
//
//	desk, err := voucher.New(voucher.Config{Store: voucher.NewMemory()})
//	item := voucher.Item{Reservation: "R-100", TripStart: date.New(2027, 6, 8), TripEnd: date.New(2027, 6, 15)}
//	vs, err := desk.Issue(ctx, voucher.Issue{ID: "deal-7|voucher", Items: []voucher.Item{item}, By: "manager-3"})
//	v, err := desk.Voucher(ctx, vs[0].ID)
//	fmt.Println(v.Text) // 01080627
//
// # Numbers
//
// A [Format] is a pattern such as {seq:2}{dd}{mm}{yy}. Each series has its own; each series has
// one counter for each trip start. The number is taken last, after all checks, and commits
// together with its voucher or not at all: there are no holes to explain to an auditor. A void
// voucher keeps its number for ever. In a transaction of the caller's ([Desk.In]) issue last, as
// the counter is locked from there to the commit.
//
// # Commands
//
// [Desk.Issue], [Desk.Reissue], [Desk.Void] and [Desk.Adopt] may be repeated: with the same ID and
// the same content they answer what they answered first and write nothing. A refusal is a
// [RefusedError] that lists every reason at once, each with the party whose turn it is.
//
// # Documents and packs
//
// A [Template] is checked when it is compiled, so that a [Document] prints every required value
// and no blank. A [Pack] is the papers of one kind of deal with its checklist and its validators;
// [Pack.Inspect] says what is wrong before anybody signs, and whose move it is.
package voucher

import (
	"slices"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/store"
)

type (
	// A VoucherID is trip start/series/place, or trip start/series/=text for a number that was
	// taken over as text. It names the shard where the voucher lies.
	VoucherID string

	// A ReservationID is the caller's.
	ReservationID string

	// A PartnerID is the caller's: who serves the trip.
	PartnerID string

	// A ManagerID is the caller's: who looks after the reservation.
	ManagerID string

	// A CommandID is chosen by the caller, once for each thing it wants done to a reservation.
	CommandID string
)

// A State is issued or void.
type State string

// The states of a voucher.
const (
	StateIssued State = "issued"
	StateVoid   State = "void"
)

// An Item is what a voucher is given for. The voucher is valid from TripStart to TripEnd, both
// included.
type Item struct {
	Reservation ReservationID `json:"reservation"`
	TripStart   date.Date     `json:"trip_start"` // the civil date of the first service, where it is
	TripEnd     date.Date     `json:"trip_end"`   // defaults to TripStart
	Partner     PartnerID     `json:"partner,omitempty"`
	Manager     ManagerID     `json:"manager,omitempty"`
	Values      Values        `json:"values,omitempty"` // what is printed beside what the voucher brings along
}

// A Ref names a voucher as the caller saw it. Rev 0 is any revision.
type Ref struct {
	ID  VoucherID
	Rev int64
}

// A Voucher is a number with what it was given for. It is never deleted.
type Voucher struct {
	ID         VoucherID  `json:"id"`
	Number     Number     `json:"number"`
	Text       string     `json:"text"` // the number as it is printed
	State      State      `json:"state"`
	Rev        int64      `json:"rev"` // from 1
	Item       Item       `json:"item"`
	Issued     date.Date  `json:"issued"` // of the newest revision, in the desk's zone
	Revisions  []Revision `json:"revisions"`
	Voided     time.Time  `json:"voided,omitzero"`
	Replaces   VoucherID  `json:"replaces,omitempty"`
	ReplacedBy VoucherID  `json:"replaced_by,omitempty"`
}

// A Revision is one issue of the paper.
type Revision struct {
	Rev       int64         `json:"rev"`
	Kind      EventKind     `json:"kind"` // issued, reissued or adopted
	Command   CommandID     `json:"command"`
	Of        int           `json:"of,omitempty"` // how many the command issued, if more than one
	Item      Item          `json:"item"`
	Templates []TemplateRef `json:"templates,omitempty"` // what the values were checked against
	Issued    date.Date     `json:"issued"`
	At        time.Time     `json:"at"`
	By        string        `json:"by,omitempty"`
	Why       string        `json:"why,omitempty"`
}

// Ref names the voucher as it is here.
func (v Voucher) Ref() Ref { return Ref{v.ID, v.Rev} }

// Values returns what the voucher's documents print: the item's values and number, issued,
// revision, reservation, trip_start, trip_end, and partner and manager if it has them.
func (v Voucher) Values() Values {
	vs := v.Item.Values.clone()
	if vs == nil {
		vs = Values{}
	}
	vs["number"] = Text(v.Text)
	vs["issued"] = Day(v.Issued)
	vs["revision"] = Int(v.Rev)
	vs["reservation"] = Text(string(v.Item.Reservation))
	vs["trip_start"] = Day(v.Item.TripStart)
	vs["trip_end"] = Day(v.Item.TripEnd)
	if v.Item.Partner != "" {
		vs["partner"] = Text(string(v.Item.Partner))
	}
	if v.Item.Manager != "" {
		vs["manager"] = Text(string(v.Item.Manager))
	}
	return vs
}

// Key returns the key of the reservation the voucher belongs to.
func (v Voucher) Key() store.Key { return v.Item.Reservation.Key() }

// Key returns the key of the reservation's aggregate.
func (id ReservationID) Key() store.Key { return store.Key{Kind: KindReservation, ID: string(id)} }

// Clone returns a voucher that shares nothing with v.
func (v Voucher) Clone() Voucher {
	v.Item.Values = v.Item.Values.clone()
	v.Revisions = slices.Clone(v.Revisions)
	for i := range v.Revisions {
		r := &v.Revisions[i]
		r.Item.Values = r.Item.Values.clone()
		r.Templates = slices.Clone(r.Templates)
	}
	return v
}

// asOf returns the voucher as the i-th revision made it.
func (v Voucher) asOf(i int) Voucher {
	v = v.Clone()
	r := v.Revisions[i]
	v.State, v.Voided, v.ReplacedBy = StateIssued, time.Time{}, ""
	v.Revisions = v.Revisions[: i+1 : i+1]
	v.Rev, v.Issued = r.Rev, r.Issued
	v.Item = r.Item
	v.Item.Values = r.Item.Values.clone()
	return v
}
