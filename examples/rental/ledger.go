package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
)

// A ledger counts, night by night, who has a room by the events of the feed alone. It is the
// season's independent check: it shares no rule with package booking.
type ledger struct {
	rooms  map[string]int
	taken  map[night]int
	has    map[string]entry // by pool and reservation
	seqs   map[string]int64
	events int
	over   int            // nights on which more had a room than there are
	gaps   int            // events told twice or skipped
	ways   map[string]int // how many entered each state; "granted": had a room at once
	slept  map[night]int  // who really was there
}

// An entry is the nights that a reservation has.
type entry struct{ from, to date.Date }

func newLedger(rooms map[string]int) *ledger {
	return &ledger{rooms: rooms, taken: make(map[night]int), has: make(map[string]entry), seqs: make(map[string]int64), ways: make(map[string]int), slept: make(map[night]int)}
}

func (l *ledger) apply(pool string, e booking.Event) {
	l.events++
	if l.seqs[pool]++; e.Seq != l.seqs[pool] {
		l.gaps++
	}
	if e.Reservation == nil {
		return
	}
	key := pool + "/" + string(e.Reservation.ID)
	old, known := l.has[key]
	for d := old.from; d < old.to; d++ {
		l.taken[night{pool, d}]--
	}
	state := e.Reservation.State.String()
	if l.ways[state]++; state == "held" && !known {
		l.ways["granted"]++
	}
	var now entry
	switch state {
	case "held", "confirmed", "checked_in", "checked_out", "blocked":
		now.from, now.to = e.Reservation.Claims[0].Span.Dates()
	}
	for d := now.from; d < now.to; d++ {
		n := night{pool, d}
		if l.taken[n]++; l.taken[n] > l.rooms[pool] {
			l.over++
		}
		if state == "checked_out" {
			l.slept[n]++
		}
	}
	l.has[key] = now
}

// full reports whether every room of the pool is taken on a night of the stay.
func (l *ledger) full(b booked) bool {
	for d := b.arrival; d < b.departure; d++ {
		if l.taken[night{b.pool, d}] >= l.rooms[b.pool] {
			return true
		}
	}
	return false
}

// sleptNights are all nights that guests spent in the house.
func (l *ledger) sleptNights() (total int) {
	for _, n := range l.slept {
		total += n
	}
	return total
}

// weeks draws how full each pool was, a sign for each week.
func (l *ledger) weeks(rooms string) []string {
	var pools []string
	for pool := range l.rooms {
		pools = append(pools, pool)
	}
	slices.Sort(pools)
	first, last := date.Max(), date.Min()
	for n := range l.slept {
		first, last = min(first, n.date), max(last, n.date)
	}
	var lines []string
	for _, pool := range pools {
		var b strings.Builder
		total, nights := 0, 0
		for week := first; week <= last; week += 7 {
			slept := 0
			for d := week; d < week+7; d++ {
				slept += l.slept[night{pool, d}]
			}
			total, nights = total+slept, nights+7*l.rooms[pool]
			b.WriteByte(".123456789#"[min(10, 10*slept/(7*l.rooms[pool]))])
		}
		if nights > 0 {
			lines = append(lines, fmt.Sprintf("%-3s %3d %s %s %d %%", pool, l.rooms[pool], rooms, b.String(), 100*total/nights))
		}
	}
	return lines
}
