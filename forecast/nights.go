package forecast

import (
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
)

// A booking is a stay in numbers, as known at AsOf. Stays that are over or cancelled and do not differ
// in anything but what they are worth are one booking.
type booking struct {
	n            float64 // stays
	booked, gone int32   // days known; gone is never if it was not cancelled
	arrival      int32
	nights       int32
	value        float64   // of each night
	each         []float64 // of each night, where they differ
	habit        int32     // whose habit of cancelling
	part         int32
	id           StayID // of a stay yet to come
}

// sameBooking is what stays that are over have in common.
type sameBooking struct{ booked, gone, arrival, nights, habit, part int32 }

// A pastStay sums what such stays are worth.
type pastStay struct {
	n     float64
	total tally   // where nights are alike
	each  []tally // where they differ
}

const never = math.MaxInt32

func (b *booking) at(night int) float64 {
	if b.each != nil {
		return b.each[night]
	}
	return b.value
}

func (b *booking) total() float64 {
	if b.each != nil {
		return sum(b.each)
	}
	return b.value * float64(b.nights)
}

// A stayReader turns stays into bookings.
type stayReader struct {
	reader
	asOf     date.Date
	by       string
	measure  Measure
	shows    bool // no-shows count as guests: the question is who cancels
	money    oneCurrency
	bookings []booking
	past     map[sameBooking]*pastStay
	zero     int
	parts    names
	habits   habitNames
	err      error
}

// names numbers strings in the order met.
type names struct {
	index map[string]int32
	list  []string
}

func (n *names) of(name string) int32 {
	if i, ok := n.index[name]; ok {
		return i
	}
	if n.index == nil {
		n.index = map[string]int32{}
	}
	i := int32(len(n.list))
	n.index[name] = i
	n.list = append(n.list, name)
	return i
}

// habitNames numbers pairs of deposit and segment.
type habitNames struct {
	index    map[[2]string]int32
	list     [][2]string
	deposits names
	deposit  []int32 // of each pair
}

func (h *habitNames) of(t Tags) int32 {
	pair := [2]string{t["deposit"], t["segment"]}
	if i, ok := h.index[pair]; ok {
		return i
	}
	if h.index == nil {
		h.index = map[[2]string]int32{}
	}
	i := int32(len(h.list))
	h.index[pair] = i
	h.list = append(h.list, pair)
	return i
}

// sorted orders the pairs, and returns each old number's new one.
func (h *habitNames) sorted() []int32 {
	for _, pair := range h.list {
		h.deposits.of(pair[0])
	}
	h.deposits.sorted()
	old := slices.Clone(h.list)
	slices.SortFunc(h.list, func(a, b [2]string) int { return compareTags(a[:], b[:]) })
	for i, pair := range h.list {
		h.index[pair] = int32(i)
		h.deposit = append(h.deposit, h.deposits.of(pair[0]))
	}
	moved := make([]int32, len(old))
	for i, pair := range old {
		moved[i] = h.index[pair]
	}
	return moved
}

func checkStay(s *Stay) *Problem {
	nights := int(s.Departure - s.Arrival)
	switch {
	case s.Booked.On == 0:
		return &Problem{Field: "Booked", Why: WhyMissing}
	case s.Arrival == 0:
		return &Problem{Field: "Arrival", Why: WhyMissing}
	case s.Arrival < 0 || s.Arrival > farthest || s.Booked.known() < 0:
		return &Problem{Field: "Arrival", Value: s.Arrival.String(), Why: WhyUnknown}
	case nights < 0:
		return &Problem{Field: "Departure", Value: s.Departure.String(), Why: WhyOrder}
	case nights > longestStay:
		return &Problem{Field: "Departure", Value: s.Departure.String(), Why: WhyUnknown}
	case s.Cancelled.On != 0 && s.Cancelled.On < s.Booked.On:
		return &Problem{Field: "Cancelled", Value: s.Cancelled.On.String(), Why: WhyOrder}
	case s.Rooms < 0:
		return &Problem{Field: "Rooms", Value: fmt.Sprint(s.Rooms), Why: WhyNegative}
	case s.Pax < 0:
		return &Problem{Field: "Pax", Value: fmt.Sprint(s.Pax), Why: WhyNegative}
	case len(s.Nights) > 1 && len(s.Nights) != nights:
		return &Problem{Field: "Nights", Value: fmt.Sprint(len(s.Nights)), Why: WhyCount}
	}
	for _, n := range s.Nights {
		if !knownCurrency(n.Currency) {
			return &Problem{Field: "Nights", Value: n.Currency, Why: WhyCurrency}
		}
		if n.Currency != s.Nights[0].Currency {
			return &Problem{Field: "Nights", Value: n.Currency, Why: WhyMixed}
		}
	}
	return nil
}

func (r *stayReader) use(s *Stay) {
	if r.err != nil {
		return
	}
	nights := int32(s.Departure - s.Arrival)
	if nights == 0 {
		r.zero++
		return
	}
	if !s.Booked.by(r.asOf) {
		return
	}
	b := booking{
		n: 1, booked: int32(s.Booked.known()), gone: never, arrival: int32(s.Arrival), nights: nights,
		habit: r.habits.of(s.Tags), id: s.ID,
	}
	if r.by != "" {
		b.part = r.parts.of(s.Tags[r.by])
	}
	if s.Cancelled.by(r.asOf) {
		b.gone = int32(s.Cancelled.known())
	}
	if s.NoShow && !r.shows && s.Arrival <= r.asOf {
		b.gone = min(b.gone, b.arrival)
	}
	var total decimal.Decimal
	switch r.measure {
	case MeasureCount:
		total = decimal.NewFromInt(int64(max(s.Rooms, 1)) * int64(nights))
	case MeasurePax:
		total = decimal.NewFromInt(int64(s.Pax) * int64(nights))
	case MeasureMoney:
		if len(s.Nights) == 0 {
			return
		}
		mine, err := r.money.take(s.Nights[0].Currency)
		if err != nil {
			r.err = err
			return
		}
		if !mine {
			return
		}
		total = s.Nights[0].Amount
	}
	differ := r.measure == MeasureMoney && len(s.Nights) > 1
	if int(b.arrival+b.nights) > int(r.asOf) && b.gone == never {
		b.value = total.InexactFloat64() / float64(nights)
		if differ {
			b.each = make([]float64, nights)
			for i, n := range s.Nights {
				b.each[i] = n.Amount.InexactFloat64()
			}
		}
		r.bookings = append(r.bookings, b)
		return
	}
	key := sameBooking{b.booked, b.gone, b.arrival, b.nights, b.habit, b.part}
	p := r.past[key]
	if p == nil {
		p = &pastStay{}
		r.past[key] = p
	}
	p.n++
	if !differ {
		p.total.add(total)
		return
	}
	if p.each == nil {
		p.each = make([]tally, nights)
	}
	for i, n := range s.Nights {
		p.each[i].add(n.Amount)
	}
}

// bookPast turns the sums of past stays into bookings.
func (r *stayReader) bookPast() {
	for k, p := range r.past {
		b := booking{n: p.n, booked: k.booked, gone: k.gone, arrival: k.arrival, nights: k.nights, habit: k.habit, part: k.part}
		b.value = p.total.sum(0).InexactFloat64() / float64(k.nights)
		if p.each != nil {
			b.each = make([]float64, k.nights)
			for i := range p.each {
				b.each[i] = b.value + p.each[i].sum(0).InexactFloat64()
			}
		}
		r.bookings = append(r.bookings, b)
	}
	r.past = nil
}

// readStays returns the bookings known at AsOf in an order that does not depend on the stream's.
func readStays(rows Facts[Stay], o Options, measure Measure, shows bool) (*stayReader, error) {
	r := &stayReader{reader: reader{skip: o.Skip}, asOf: o.AsOf, by: o.By, measure: measure, shows: shows, money: oneCurrency{want: o.Currency}, past: map[sameBooking]*pastStay{}}
	if err := read(&r.reader, rows, checkStay, r.use); err != nil {
		return nil, err
	}
	if r.err != nil {
		return nil, r.err
	}
	r.bookPast()
	r.sortNames()
	slices.SortFunc(r.bookings, func(a, b booking) int {
		return cmp.Or(cmp.Compare(a.arrival, b.arrival), cmp.Compare(a.booked, b.booked), cmp.Compare(a.gone, b.gone),
			cmp.Compare(a.habit, b.habit), cmp.Compare(a.part, b.part), cmp.Compare(a.nights, b.nights),
			cmp.Compare(a.value, b.value), slices.Compare(a.each, b.each), cmp.Compare(a.id, b.id))
	})
	if r.zero > 0 {
		r.notes = append(r.notes, Problem{Field: "Departure", Value: fmt.Sprint(r.zero), Why: WhyZeroNights})
	}
	r.notes = append(r.notes, r.money.notes()...)
	return r, nil
}

// sortNames renumbers parts and habits by name, so that sums run in one order for any order of rows.
func (r *stayReader) sortNames() {
	parts, habits := r.parts.sorted(), r.habits.sorted()
	for i := range r.bookings {
		b := &r.bookings[i]
		b.habit = habits[b.habit]
		if r.by != "" {
			b.part = parts[b.part]
		}
	}
}

// sorted orders the list and returns each old number's new one.
func (n *names) sorted() []int32 {
	order := make([]int32, len(n.list))
	for i := range order {
		order[i] = int32(i)
	}
	slices.SortFunc(order, func(a, b int32) int { return cmp.Compare(n.list[a], n.list[b]) })
	moved := make([]int32, len(order))
	list := make([]string, len(order))
	for now, old := range order {
		moved[old] = int32(now)
		list[now] = n.list[old]
	}
	n.list = list
	for i, name := range list {
		n.index[name] = int32(i)
	}
	return moved
}

// A nightBook holds, for each night and each number of days before it, what was on the books then.
// It is built from differences, so that each booking costs its nights twice, however many origins
// are looked at.
type nightBook struct {
	first, last int // nights
	leads       int
	onBooks     []float64 // [night-first][lead]: on the books at the end of the day lead days before
	kept        []float64 // the same, of those alone that were never cancelled
	asOf        int
}

func newNightBook(bookings []booking, asOf, days int) *nightBook {
	nb := &nightBook{asOf: asOf, leads: days, first: asOf + 1, last: asOf + days}
	for i := range bookings {
		nb.first = min(nb.first, int(bookings[i].arrival))
	}
	// Older nights teach nothing that the methods use.
	nb.first = max(nb.first, asOf-mostHistory)
	width := nb.leads + 1
	nb.onBooks = make([]float64, (nb.last-nb.first+1)*width)
	nb.kept = make([]float64, len(nb.onBooks))
	for i := range bookings {
		b := &bookings[i]
		for k := range int(b.nights) {
			night := int(b.arrival) + k
			if night < nb.first || night > nb.last {
				continue
			}
			v := b.at(k)
			made := min(max(night-int(b.booked), 0), nb.leads)
			row := nb.onBooks[(night-nb.first)*width:]
			row[made] += v
			if int(b.gone) > night {
				nb.kept[(night-nb.first)*width+made] += v
				continue
			}
			row[min(night-int(b.gone), nb.leads)] -= v
		}
	}
	for _, m := range [...][]float64{nb.onBooks, nb.kept} {
		for at := 0; at < len(m); at += width {
			for x := nb.leads - 1; x >= 0; x-- {
				m[at+x] += m[at+x+1]
			}
		}
	}
	return nb
}

// on is what was on the books for the night, lead days before it.
func (nb *nightBook) on(night, lead int) float64 {
	return nb.onBooks[(night-nb.first)*(nb.leads+1)+lead]
}

// sold is what the night came to.
func (nb *nightBook) sold(night int) float64 { return nb.on(night, 0) }

// pickup is what was still to come less what was still to go, lead days before the night.
func (nb *nightBook) pickup(night, lead int) float64 { return nb.sold(night) - nb.on(night, lead) }

// fresh is what was sold in the last lead days before the night and stayed.
func (nb *nightBook) fresh(night, lead int) float64 {
	at := (night - nb.first) * (nb.leads + 1)
	return nb.kept[at] - nb.kept[at+lead]
}
