package forecast

import "math"

// A habitTable is the chance of losing a booking on a day, by days to arrival and by the habit of
// its deposit and segment, as known at one origin.
type habitTable struct {
	leads  int
	keep   []float64 // [habit][lead]: chance that what is on the books that far ahead stays
	habits int
}

// share is the chance that a booking with that many days to its arrival is kept.
func (t *habitTable) share(habit int32, lead int) float64 {
	if lead <= 0 {
		return 1
	}
	return t.keep[int(habit)*(t.leads+1)+min(lead, t.leads)]
}

const (
	pseudoBookings   = 25.0
	habitHalfLife    = 240.0 // days
	habitSmoothFrom  = 7     // leads below are taken as they are, those beyond with their neighbours
	habitSmoothWidth = 3
)

// A habitSweep walks the days once and hands out a table at each origin.
type habitSweep struct {
	bookings         []booking
	deposit          []int32
	deposits, habits int
	leads            int
	day, base        int
	first            int       // arrival at column 0 of onHand
	onHand           []float64 // [habit][arrival-first]
	days             int
	lost, risk       []float64 // [habit][lead], later days weigh more
	made, gone       [][]int32 // bookings by day-base
}

func newHabitSweep(bookings []booking, h *habitNames, asOf, leads int) *habitSweep {
	s := &habitSweep{
		bookings: bookings, deposit: h.deposit, deposits: len(h.deposits.list), habits: len(h.list), leads: leads,
		base: asOf, first: asOf,
	}
	lastArrival := asOf
	for i := range bookings {
		s.base = min(s.base, int(bookings[i].booked))
		s.first = min(s.first, int(bookings[i].arrival))
		lastArrival = max(lastArrival, int(bookings[i].arrival))
	}
	s.base = max(s.base, asOf-4*366)
	s.first = max(s.first, s.base)
	s.day = s.base - 1
	s.days = lastArrival - s.first + 1
	s.onHand = make([]float64, s.habits*s.days)
	s.lost = make([]float64, s.habits*(leads+1))
	s.risk = make([]float64, s.habits*(leads+1))
	s.made = make([][]int32, asOf-s.base+1)
	s.gone = make([][]int32, asOf-s.base+1)
	for i := range bookings {
		b := &bookings[i]
		if int(b.arrival) < s.first || int(b.booked) > asOf || b.gone <= b.booked {
			continue // gone on the day it came: it never was on the books overnight
		}
		made := max(int(b.booked)-s.base, 0)
		s.made[made] = append(s.made[made], int32(i))
		if g := int(b.gone) - s.base; g >= 0 && int(b.gone) <= asOf {
			s.gone[g] = append(s.gone[g], int32(i))
		}
	}
	return s
}

// to walks on to the end of the day and returns what is known then.
func (s *habitSweep) to(day int) *habitTable {
	for s.day < day {
		s.day++
		s.step()
	}
	return s.table()
}

func (s *habitSweep) step() {
	weight := math.Exp2(float64(s.day-s.base) / habitHalfLife)
	lo := max(s.day, s.first)
	hi := min(s.day+s.leads, s.first+s.days-1)
	for h := range s.habits {
		hand := s.onHand[h*s.days:]
		risk := s.risk[h*(s.leads+1):]
		for a := lo; a <= hi; a++ {
			risk[a-s.day] += weight * hand[a-s.first]
		}
	}
	for _, i := range s.gone[s.day-s.base] {
		b := &s.bookings[i]
		at := int(b.habit)*s.days + int(b.arrival) - s.first
		if s.onHand[at] > 0 {
			s.onHand[at]--
		}
		if lead := int(b.arrival) - s.day; lead >= 0 && lead <= s.leads {
			s.lost[int(b.habit)*(s.leads+1)+lead] += weight
		}
	}
	for _, i := range s.made[s.day-s.base] {
		b := &s.bookings[i]
		s.onHand[int(b.habit)*s.days+int(b.arrival)-s.first]++
	}
}

func (s *habitSweep) table() *habitTable {
	width := s.leads + 1
	scale := math.Exp2(-float64(s.day-s.base) / habitHalfLife)
	allLost, allRisk := make([]float64, width), make([]float64, width)
	depLost, depRisk := make([]float64, s.deposits*width), make([]float64, s.deposits*width)
	for h := range s.habits {
		d := int(s.deposit[h]) * width
		for x := range width {
			l, r := s.lost[h*width+x]*scale, s.risk[h*width+x]*scale
			allLost[x], allRisk[x] = allLost[x]+l, allRisk[x]+r
			depLost[d+x], depRisk[d+x] = depLost[d+x]+l, depRisk[d+x]+r
		}
	}
	hazard := func(lost, risk, prior []float64, scale float64) []float64 {
		out := make([]float64, width)
		for x := range out {
			l, r := around(lost, x, scale), around(risk, x, scale)
			p := 0.0
			if prior != nil {
				p = prior[x]
			}
			out[x] = (l + pseudoBookings*p) / (r + pseudoBookings)
		}
		return out
	}
	t := &habitTable{leads: s.leads, habits: s.habits, keep: make([]float64, s.habits*width)}
	all := hazard(allLost, allRisk, nil, 1)
	byDeposit := make([][]float64, s.deposits)
	for d := range byDeposit {
		byDeposit[d] = hazard(depLost[d*width:(d+1)*width], depRisk[d*width:(d+1)*width], all, 1)
	}
	for h := range s.habits {
		own := hazard(s.lost[h*width:(h+1)*width], s.risk[h*width:(h+1)*width], byDeposit[s.deposit[h]], scale)
		keep := t.keep[h*width : (h+1)*width]
		keep[0] = 1
		for x := 1; x < width; x++ {
			keep[x] = keep[x-1] * (1 - min(own[x-1], 1))
		}
	}
	return t
}

// around sums the counts of a lead with its neighbours.
func around(counts []float64, x int, scale float64) float64 {
	if x < habitSmoothFrom {
		return counts[x] * scale
	}
	total := 0.0
	for k := max(x-habitSmoothWidth, habitSmoothFrom); k <= min(x+habitSmoothWidth, len(counts)-1); k++ {
		total += counts[k]
	}
	return total * scale
}
