package forecast

import (
	"cmp"
	"iter"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
)

// Facts is a stream of rows, one per subject, in any order. It may fail midway; whoever reads it
// then returns the error and no half of a report. It is read once.
type Facts[T any] = iter.Seq2[T, error]

// All makes Facts of rows already in memory.
func All[T any](rows []T) Facts[T] {
	return func(yield func(T, error) bool) {
		for _, row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}

// IDs are compared byte by byte.
type (
	PromiseID   string
	DealID      string
	StayID      string
	SaleID      string
	CallID      string
	AgencyID    string
	OperatorID  string
	ConditionID string
)

// Dated is a day on which something happened, or will.
type Dated struct {
	On date.Date

	// Known is the day on which it was recorded. A forecast as of an earlier day does not see it.
	// Defaults to On.
	Known date.Date
}

// On is a fact recorded on the day on which it happened.
func On(day date.Date) Dated { return Dated{On: day} }

func (d Dated) known() date.Date {
	if d.Known != 0 {
		return d.Known
	}
	return d.On
}

// by reports whether the fact exists and was known on the day.
func (d Dated) by(day date.Date) bool { return d.On != 0 && d.known() <= day }

// Tags are the words by which reports and parts are cut: channel, manager, product, project,
// branch, country, region, city, airport, agency, or a caller's own. Models also read these:
// "payer" (whose habit of paying it is), "deposit" and "segment" (whose habit of cancelling).
type Tags map[string]string

// A Period is half-open: From <= day < To.
type Period struct {
	From, To date.Date

	// Skip turns faulty rows into Notes. Defaults to an error at the first one.
	Skip bool
}

func (p Period) has(day date.Date) bool { return p.From <= day && day < p.To }

// PromiseKind says what money a promise is about.
type PromiseKind uint8

const (
	KindInstalment    PromiseKind = iota // a part of the price, from the client
	KindMortgage                         // the bank pays for the client
	KindToEscrow                         // into the escrow account
	KindEscrowRelease                    // the same money out of escrow, so never added to KindToEscrow
	KindFee                              // commissions and services
	KindRefund                           // paid back to the client: counts as negative
)

var kindNames = [...]string{"instalment", "mortgage", "to_escrow", "escrow_release", "fee", "refund"}

func (k PromiseKind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// A Promise is money that somebody is to pay.
type Promise struct {
	ID   PromiseID
	Deal DealID
	Kind PromiseKind
	Money

	// Dues are the days on which it was to be paid, as agreed one after another: the last one
	// known holds.
	Dues []Dated

	// Needs must all be met before anything is expected.
	Needs []ConditionID

	// Made is when it was agreed. Defaults to known from the beginning.
	Made Dated

	Cancelled Dated
	Paid      []Payment
	Tags      Tags
}

// A Payment is money that came.
type Payment struct {
	Dated
	Money
}

// Outcome is how a deal ended.
type Outcome uint8

const (
	OutcomeOpen Outcome = iota
	OutcomeWon
	OutcomeLost
)

// A Deal is a sale in the making.
type Deal struct {
	ID      DealID
	Opened  Dated
	Stages  []Entered // in the order entered
	Closed  Dated
	Outcome Outcome
	Money             // the price; zero while unknown
	Paid    []Payment // received so far
	Touches []Touch
	Late    int // tasks overdue now
	Tags    Tags
}

// Entered is a stage and the day on which a deal entered it.
type Entered struct {
	Stage string
	Dated
}

// A Touch is one contact with the client.
type Touch struct {
	At  time.Time
	Out bool // from us to them
}

// A Stay is a booking of rooms.
type Stay struct {
	ID                 StayID
	Booked, Cancelled  Dated
	Arrival, Departure date.Date

	// NoShow: nobody came. Known on Arrival, it frees the nights like a cancellation.
	NoShow bool

	// Nights are the revenues of the nights, one each, or one total to be spread evenly to the
	// cent, or none.
	Nights []Money

	Rooms int // Defaults to 1.
	Pax   int
	Tags  Tags
}

// A Sale is a sold trip.
type Sale struct {
	ID              SaleID
	Sold, Cancelled Dated
	TripStart       date.Date
	Money
	Pax  int
	Tags Tags
}

// A Spend is money paid for marketing.
type Spend struct {
	Dated
	Money
	Tags Tags
}

// A Visit is a meeting with an agency.
type Visit struct {
	Dated
	Kind, Outcome string
	Agency        AgencyID
	Tags          Tags
}

// A Call is one telephone call.
type Call struct {
	ID                  CallID
	At, Answered, Ended time.Time // Answered is zero if nobody answered
	Out                 bool      // we called
	Line, Group         string
	Customer            string       // E.164, or another name of the other side
	Rang                []OperatorID // who was rung
	By                  OperatorID   // who answered, or called
}

// An Inventory tells how many rooms there are to sell. Nights that no Supply covers have none;
// where several cover a night, they add.
type Inventory []Supply

// A Supply is a number of rooms in a half-open range of nights.
type Supply struct {
	From, To          date.Date
	Rooms, OutOfOrder int
}

// on returns the rooms that can be sold for the night.
func (inv Inventory) on(night date.Date) (rooms, outOfOrder int) {
	for _, s := range inv {
		if s.From <= night && night < s.To {
			rooms += s.Rooms
			outOfOrder += s.OutOfOrder
		}
	}
	return rooms, outOfOrder
}

// Every is the length of a bucket or of the steps of a schedule. Weeks begin on Monday.
type Every uint8

const (
	EveryDay Every = iota
	EveryWeek
	EveryMonth
	EveryQuarter
	EveryYear
)

// start returns the first day of the bucket that holds day.
func (e Every) start(day date.Date) date.Date {
	switch e {
	case EveryWeek:
		return day - date.Date((int(day.Weekday())+6)%7)
	case EveryMonth:
		return date.New(day.Year(), day.Month(), 1)
	case EveryQuarter:
		return date.New(day.Year(), (day.Month()-1)/3*3+1, 1)
	case EveryYear:
		return date.New(day.Year(), 1, 1)
	default:
		return day
	}
}

// add returns the day n steps after first. A month's end stays within its month.
func (e Every) add(first date.Date, n int) date.Date {
	months := 0
	switch e {
	case EveryWeek:
		return first + date.Date(7*n)
	case EveryMonth:
		months = n
	case EveryQuarter:
		months = 3 * n
	case EveryYear:
		months = 12 * n
	default:
		return first + date.Date(n)
	}
	return addMonths(first, months)
}

// addMonths keeps the day of the month, or takes the month's last: 29 February less a year is the 28th.
func addMonths(day date.Date, months int) date.Date {
	m := date.New(day.Year(), day.Month()+time.Month(months), 1)
	return m + date.Date(min(day.Day(), m.LastDayOfMonth())-1)
}

// split cuts the half-open period into buckets that begin where weeks, months, ... begin.
func (e Every) split(from, to date.Date) []Period {
	var periods []Period
	for at := from; at < to; {
		next := min(e.add(e.start(at), 1), to)
		periods = append(periods, Period{From: at, To: next})
		at = next
	}
	return periods
}

// last returns the due that holds on the day: the last one known then. The one recorded latest
// wins; of two recorded on one day, the later in the list.
func last(dues []Dated, day date.Date) (Dated, bool) {
	var held Dated
	found := false
	for _, d := range dues {
		if d.by(day) && (!found || d.known() >= held.known()) {
			held, found = d, true
		}
	}
	return held, found
}

// stage returns the stage in which the deal stood on the day.
func (d *Deal) stage(day date.Date) string {
	var held Entered
	for _, s := range d.Stages {
		if s.by(day) && s.On >= held.On {
			held = s
		}
	}
	return held.Stage
}

// Instalments splits total into n promises, the first due on first and the others one step after
// another. Parts add up to total to the cent; what cannot be split evenly falls to the first ones.
// A month's end stays in its month: 31 January, 28 February, 31 March. Returns nil if n < 1.
func Instalments(total Money, n int, first date.Date, every Every) []Promise {
	if n < 1 {
		return nil
	}
	parts := split(total.Amount, n, scale(total.Currency))
	promises := make([]Promise, n)
	for i, part := range parts {
		// A due date agreed in advance is known from the start, not on the day itself.
		promises[i] = Promise{
			ID:    PromiseID("instalment-" + decimal.NewFromInt(int64(i+1)).String()),
			Money: Money{Amount: part, Currency: total.Currency},
			Dues:  []Dated{{On: every.add(first, i), Known: always}},
		}
	}
	return promises
}

// always is the earliest day: known from the beginning.
const always = date.Date(1)

func compareTags(a, b []string) int { return slices.CompareFunc(a, b, strings.Compare) }

func sortedKeys[K cmp.Ordered, V any](m map[K]V) []K {
	keys := make([]K, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
