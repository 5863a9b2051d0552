package main

import (
	_ "embed"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/examples/internal/show"
)

// The example's own input: 420 invented bookings of a small house in the summer of 2027.
//
//go:embed bookings.csv
var ownBookings string

// likeBooking is a right row under columns.
const likeBooking = "5,2027,June,15,0,2,A,Check-Out,2027-06-17"

var columns = []string{"lead_time", "arrival_date_year", "arrival_date_month", "arrival_date_day_of_month", "stays_in_weekend_nights",
	"stays_in_week_nights", "assigned_room_type", "reservation_status", "reservation_status_date"}

// How a booking can end, in the words of the input.
const (
	leftHouse = "Check-Out"
	cancelled = "Canceled"
	noShow    = "No-Show"
)

// A booked stay is one row of the input: who came, or did not, and when that was known.
type booked struct {
	line               int
	made               date.Date // arrival - lead_time
	arrival, departure date.Date
	pool               string
	status             string
	ended              date.Date // when the status was reached
}

// readBookings reads the input.
func readBookings(s *show.Story) (all []booked, err error) {
	_, _, err = s.Read(ownBookings, likeBooking, columns, func(r *show.Row) {
		if b := readBooking(r); r.OK() {
			all = append(all, b)
		}
	})
	return all, err
}

func readBooking(r *show.Row) booked {
	lead, y := r.Int("lead_time", 0, 3660), r.Int("arrival_date_year", 1900, 2100)
	m, err := time.Parse("January", r.Text("arrival_date_month"))
	if err != nil {
		r.Bad("arrival_date_month", "must be the English name of a month", "должно быть английским названием месяца")
	}
	d := r.Int("arrival_date_day_of_month", 1, 31)
	b := booked{line: r.Line(), arrival: date.New(y, m.Month(), d)}
	if b.arrival.Day() != d {
		r.Bad("arrival_date_day_of_month", "is no day of that month", "— такого дня в этом месяце нет")
	}
	b.departure = b.arrival + date.Date(r.Int("stays_in_weekend_nights", 0, 366)+r.Int("stays_in_week_nights", 0, 366))
	b.pool = r.Text("assigned_room_type")
	if b.pool == "" || len(b.pool) > 64 || strings.ContainsFunc(b.pool, func(c rune) bool { return c == utf8.RuneError || !unicode.IsGraphic(c) || unicode.IsSpace(c) }) {
		r.Bad("assigned_room_type", "must be a name of 1 to 64 bytes without spaces", "должно быть названием от 1 до 64 байт без пробелов")
	}
	b.status, b.ended = r.OneOf("reservation_status", leftHouse, cancelled, noShow), r.Date("reservation_status_date")
	b.made = b.arrival - date.Date(lead)
	return b
}

// sift leaves out the bookings that need no room, and puts the others in the order in which they were
// made.
func sift(all []booked) (kept []booked, noNight, sameDay int) {
	for _, b := range all {
		switch {
		case b.departure <= b.arrival:
			noNight++
		case b.ended <= b.made:
			sameDay++
		default:
			switch b.status {
			case leftHouse: // who is said to have left on arrival leaves the next morning, and nobody stays longer than booked
				b.ended = min(max(b.ended, b.arrival+1), b.departure)
			case noShow: // is known on the day of arrival at the earliest
				b.ended = max(b.ended, b.arrival)
			}
			kept = append(kept, b)
		}
	}
	slices.SortStableFunc(kept, func(a, b booked) int { return int(a.made - b.made) })
	return kept, noNight, sameDay
}

type night struct {
	pool string
	date date.Date
}

// freedFrom is the first night that the end of a stay frees.
func (b *booked) freedFrom() date.Date {
	if b.status == leftHouse {
		return b.ended
	}
	return b.arrival
}

// days are what happens on each day of a history: who arrives, whose booking ends or is made.
type days struct {
	dates                 []date.Date
	made, ended, arriving map[date.Date][]int // indexes of bookings
}

func byDay(all []booked) days {
	d := days{made: make(map[date.Date][]int), ended: make(map[date.Date][]int), arriving: make(map[date.Date][]int)}
	for i := range all {
		b := &all[i]
		d.made[b.made] = append(d.made[b.made], i)
		d.ended[b.ended] = append(d.ended[b.ended], i)
		d.dates = append(d.dates, b.made, b.ended)
		if b.status == leftHouse {
			d.arriving[b.arrival] = append(d.arriving[b.arrival], i)
			d.dates = append(d.dates, b.arrival)
		}
	}
	slices.Sort(d.dates)
	d.dates = slices.Compact(d.dates)
	return d
}

// demand is the most rooms of each pool that are ever taken for one night.
func demand(all []booked) map[string]int {
	most, taken := make(map[string]int), make(map[night]int)
	d := byDay(all)
	for _, day := range d.dates {
		for _, i := range d.ended[day] {
			for n := all[i].freedFrom(); n < all[i].departure; n++ {
				taken[night{all[i].pool, n}]--
			}
		}
		for _, i := range d.made[day] {
			for n := all[i].arrival; n < all[i].departure; n++ {
				taken[night{all[i].pool, n}]++
				most[all[i].pool] = max(most[all[i].pool], taken[night{all[i].pool, n}])
			}
		}
	}
	return most
}

// firstFit counts the bookings that would be refused if each were given a fixed room, the first that
// is free, when it is made.
func firstFit(all []booked, rooms map[string]int) (refused int) {
	type cell struct {
		night
		room int
	}
	taken, given := make(map[cell]bool), make(map[int]int)
	d := byDay(all)
	for _, day := range d.dates {
		for _, i := range d.ended[day] {
			if room, ok := given[i]; ok {
				for n := all[i].freedFrom(); n < all[i].departure; n++ {
					delete(taken, cell{night{all[i].pool, n}, room})
				}
			}
		}
	next:
		for _, i := range d.made[day] {
			b := &all[i]
			for room := 1; room <= rooms[b.pool]; room++ {
				free := true
				for n := b.arrival; n < b.departure && free; n++ {
					free = !taken[cell{night{b.pool, n}, room}]
				}
				if !free {
					continue
				}
				given[i] = room
				for n := b.arrival; n < b.departure; n++ {
					taken[cell{night{b.pool, n}, room}] = true
				}
				continue next
			}
			refused++
		}
	}
	return refused
}
