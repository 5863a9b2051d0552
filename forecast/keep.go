package forecast

import "math"

// A habitTable is how bookings are lost, as known at one origin: by days to arrival, by the habit of
// their deposit and segment, and by how fresh they are, for many are cancelled soon after they
// were made.
type habitTable struct {
	width int
	loss  []float64 // [habit][freshness][lead]: the sum of -log(1-chance) over the days 0 to lead-1
}

// share is the chance that a booking with that many days to its arrival, made age days ago, is kept.
func (t *habitTable) share(habit int32, lead, age int) float64 {
	loss := 0.0
	lead = min(lead, t.width-1)
	for c := range habitAges {
		rows := t.loss[(int(habit)*len(habitAges)+c)*t.width:][:t.width]
		if lead <= 0 {
			break
		}
		days := lead
		if c+1 < len(habitAges) {
			days = min(max(habitAges[c+1]-(age+1), 0), lead)
		}
		loss += rows[lead] - rows[lead-days]
		age += days
		lead -= days
	}
	return math.Exp(-loss)
}

// habitAges are the days since booking at which a booking grows older in the table.
var habitAges = [...]int{0, 7, 30, 90}

const (
	pseudoBookings   = 25.0
	habitHalfLife    = 120.0
	habitSmoothFrom  = 7 // leads below are taken as they are, those beyond with their neighbours
	habitSmoothWidth = 3
)

// A habitSweep walks the days once and hands out a table at each origin.
type habitSweep struct {
	bookings         []booking
	deposit          []int32
	deposits, habits int
	width            int // leads counted
	day, base        int
	first, arrivals  int                       // arrivals at the columns of onHand
	onHand           []float64                 // [habit][freshness][arrival-first]
	lost, risk       []float64                 // [habit][freshness][lead]; later days weigh more
	grown            [len(habitAges)][][]int32 // bookings that come into a freshness, by day-base
	gone             [][]int32
}

func newHabitSweep(bookings []booking, h *habitNames, asOf, leads int) *habitSweep {
	s := &habitSweep{
		bookings: bookings, deposit: h.deposit, deposits: len(h.deposits.list), habits: len(h.list), width: leads + 1,
		base: asOf, first: asOf,
	}
	last := asOf + leads // arrivals further ahead are never looked at
	for i := range bookings {
		s.base = min(s.base, int(bookings[i].booked))
		s.first = min(s.first, int(bookings[i].arrival))
	}
	s.base = max(s.base, asOf-mostHistory)
	s.first = max(s.first, s.base)
	s.day = s.base - 1
	s.arrivals = last - s.first + 1
	cells := s.habits * len(habitAges)
	s.onHand = make([]float64, cells*s.arrivals)
	s.lost, s.risk = make([]float64, cells*s.width), make([]float64, cells*s.width)
	days := asOf - s.base + 1
	s.gone = make([][]int32, days)
	for c := range s.grown {
		s.grown[c] = make([][]int32, days)
	}
	for i := range bookings {
		b := &bookings[i]
		if int(b.arrival) < s.first || int(b.arrival) > last || b.gone <= b.booked {
			continue // gone on the day it came: it never was on the books overnight
		}
		for c, age := range habitAges {
			// Entering a freshness late, because the walk begins late, is entering it at the start.
			at := int(b.booked) + age - s.base
			if c+1 < len(habitAges) && int(b.booked)+habitAges[c+1] <= s.base {
				continue
			}
			if at = max(at, 0); at < days && int(b.gone)-s.base >= at {
				s.grown[c][at] = append(s.grown[c][at], int32(i))
			}
		}
		if at := int(b.gone) - s.base; at >= 0 && at < days {
			s.gone[at] = append(s.gone[at], int32(i))
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

func (s *habitSweep) cell(b *booking, freshness int) int {
	return int(b.habit)*len(habitAges) + freshness
}

func (s *habitSweep) step() {
	weight := math.Exp2(float64(s.day-s.base) / habitHalfLife)
	for c := 1; c < len(habitAges); c++ {
		for _, i := range s.grown[c][s.day-s.base] {
			b := &s.bookings[i]
			column := int(b.arrival) - s.first
			if was := &s.onHand[s.cell(b, c-1)*s.arrivals+column]; *was >= b.n {
				*was -= b.n
			}
			s.onHand[s.cell(b, c)*s.arrivals+column] += b.n
		}
	}
	lo, hi := max(s.day, s.first), min(s.day+s.width, s.first+s.arrivals)
	for cell := range s.habits * len(habitAges) {
		hand := s.onHand[cell*s.arrivals:]
		risk := s.risk[cell*s.width:]
		for a := lo; a < hi; a++ {
			risk[a-s.day] += weight * hand[a-s.first]
		}
	}
	for _, i := range s.gone[s.day-s.base] {
		b := &s.bookings[i]
		cell := s.cell(b, freshness(s.day-int(b.booked)))
		if hand := &s.onHand[cell*s.arrivals+int(b.arrival)-s.first]; *hand >= b.n {
			*hand -= b.n
		}
		if lead := int(b.arrival) - s.day; lead >= 0 && lead < s.width {
			s.lost[cell*s.width+lead] += weight * b.n
		}
	}
	for _, i := range s.grown[0][s.day-s.base] {
		b := &s.bookings[i]
		s.onHand[s.cell(b, 0)*s.arrivals+int(b.arrival)-s.first] += b.n
	}
}

func freshness(age int) int {
	c := len(habitAges) - 1
	for age < habitAges[c] {
		c--
	}
	return c
}

// table shrinks each habit to its deposit's, and that to the habit of all.
func (s *habitSweep) table() *habitTable {
	scale := math.Exp2(-float64(s.day-s.base) / habitHalfLife)
	block := len(habitAges) * s.width
	all := newHabitCounts(block)
	deposits := make([]habitCounts, s.deposits)
	for d := range deposits {
		deposits[d] = newHabitCounts(block)
	}
	for h := range s.habits {
		own := habitCounts{s.lost[h*block : (h+1)*block], s.risk[h*block : (h+1)*block]}
		all.add(own, scale)
		deposits[s.deposit[h]].add(own, scale)
	}
	prior := all.hazards(s.width, nil, 1)
	t := &habitTable{width: s.width, loss: make([]float64, s.habits*block)}
	byDeposit := make([][]float64, s.deposits)
	for d := range byDeposit {
		byDeposit[d] = deposits[d].hazards(s.width, prior, 1)
	}
	for h := range s.habits {
		own := habitCounts{s.lost[h*block : (h+1)*block], s.risk[h*block : (h+1)*block]}
		loss := t.loss[h*block : (h+1)*block]
		for i, p := range own.hazards(s.width, byDeposit[s.deposit[h]], scale) {
			if (i+1)%s.width != 0 {
				loss[i+1] = -math.Log1p(-min(p, .99))
			}
		}
		for c := 0; c < block; c += s.width {
			for x := 1; x < s.width; x++ {
				loss[c+x] += loss[c+x-1]
			}
		}
	}
	return t
}

// habitCounts are weighted losses and days at risk, by freshness and lead.
type habitCounts struct{ lost, risk []float64 }

func newHabitCounts(n int) habitCounts { return habitCounts{make([]float64, n), make([]float64, n)} }

func (c habitCounts) add(o habitCounts, scale float64) {
	for i := range c.lost {
		c.lost[i] += o.lost[i] * scale
		c.risk[i] += o.risk[i] * scale
	}
}

// hazards are the chances of loss on a day, shrunk to the prior.
func (c habitCounts) hazards(width int, prior []float64, scale float64) []float64 {
	out := make([]float64, len(c.lost))
	for from := 0; from < len(out); from += width {
		for x := range width {
			p := 0.0
			if prior != nil {
				p = prior[from+x]
			}
			lost, risk := around(c.lost[from:from+width], x, scale), around(c.risk[from:from+width], x, scale)
			out[from+x] = (lost + pseudoBookings*p) / (risk + pseudoBookings)
		}
	}
	return out
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

// of is the chance that the booking, on the books at the end of the day, is kept.
func (t *habitTable) of(b *booking, day int) float64 {
	return t.share(b.habit, int(b.arrival)-day, day-int(b.booked))
}
