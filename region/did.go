package region

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/tenure-go/tenure/internal/phone"
)

// A GroupID names a topic that customers ask about: "sea", "business travel".
type GroupID string

// A Route is what it means that a number was dialled: what is wanted, not where the customer is.
type Route struct {
	Group   GroupID // the topic
	Place   Place   // the city that is asked about; the zero Place for a line of no city
	Page    string  // the landing page that shows the number
	Channel string  // the advertisement: the label of the source
}

// A DID is a number that customers dial, or a block of them, and what it means from From until
// To. Numbers pass from one campaign to another; a zero time is open.
type DID struct {
	First, Last string // in any written form; Last "" for one number
	From, To    time.Time
	Route       Route
}

// DIDs is a table of dialled numbers. It never changes; a nil table is empty.
type DIDs struct {
	scan phone.Scanner
	rows []didRow // by first number
	most []uint64 // the greatest last number of rows[:i+1]
}

type didRow struct {
	first, last uint64 // E.164 digits
	from, to    time.Time
	route       Route
	row         int // in the table given
}

// NewDIDs makes a table of rows, whose numbers without "+" belong to country, "" for RU. All that
// is wrong with them is one [*ConfigError]: numbers that cannot be read, blocks and times that end before
// they begin, and rows that claim one number at one instant.
func NewDIDs(country string, rows []DID) (*DIDs, error) {
	if country == "" {
		country = "RU"
	}
	scan, ok := phone.NewScanner(country)
	if !ok {
		return nil, &InvalidError{Field: "country", Value: country, Why: "unknown"}
	}
	t := &DIDs{scan: scan}
	problems := &ConfigError{}
	for i, d := range rows {
		row := didRow{from: d.From, to: d.To, route: d.Route, row: i}
		row.route.Place = d.Route.Place.filled()
		first, why := single(scan, d.First)
		if why != "" {
			problems.add(i, "first", d.First, why)
			continue
		}
		last := first
		if d.Last != "" {
			if last, why = single(scan, d.Last); why != "" {
				problems.add(i, "last", d.Last, why)
				continue
			}
		}
		row.first, row.last = first.E164, last.E164
		switch {
		case row.last < row.first || digitCount(row.first) != digitCount(row.last):
			problems.add(i, "last", d.Last, "order")
		case !d.From.IsZero() && !d.To.IsZero() && !d.From.Before(d.To):
			problems.add(i, "to", d.To.Format(time.RFC3339), "order")
		default:
			t.rows = append(t.rows, row)
		}
	}
	slices.SortStableFunc(t.rows, func(a, b didRow) int { return cmp.Compare(a.first, b.first) })
	for i, r := range t.rows {
		most := r.last
		if i > 0 {
			most = max(most, t.most[i-1])
		}
		t.most = append(t.most, most)
		for j := i - 1; j >= 0 && t.most[j] >= r.first; j-- {
			if o := t.rows[j]; o.last >= r.first && o.meets(r) {
				later, earlier := max(r.row, o.row), min(r.row, o.row)
				problems.add(later, "first", fmt.Sprintf("%s (%d)", rows[later].First, earlier), "overlaps")
				break
			}
		}
	}
	return t, problems.orNil()
}

// meets reports whether two rows are in force at one instant.
func (r didRow) meets(o didRow) bool {
	return (r.to.IsZero() || o.from.IsZero() || o.from.Before(r.to)) &&
		(o.to.IsZero() || r.from.IsZero() || r.from.Before(o.to))
}

// inForce reports whether the row holds at an instant; the zero instant is none, at which only
// undated rows hold.
func (r didRow) inForce(at time.Time) bool {
	if at.IsZero() {
		return r.from.IsZero() && r.to.IsZero()
	}
	return !at.Before(r.from) && (r.to.IsZero() || at.Before(r.to))
}

// shortestSuffix is how many last digits of a number tell it at least.
const shortestSuffix = 5

// Route is what it means that called was dialled at an instant; the zero instant asks for undated
// rows only. Exchanges send the whole number in any form, or its last digits: five or more count
// if only one row in force ends with them.
func (t *DIDs) Route(called string, at time.Time) (Route, bool) {
	if t == nil {
		return Route{}, false
	}
	if n, why := single(t.scan, called); why == "" {
		i, _ := slices.BinarySearchFunc(t.rows, n.E164+1, func(r didRow, first uint64) int { return cmp.Compare(r.first, first) })
		for i--; i >= 0 && t.most[i] >= n.E164; i-- {
			if r := t.rows[i]; r.last >= n.E164 && r.inForce(at) {
				return r.route, true
			}
		}
	}
	suffix, modulus, ok := lastDigits(called)
	if !ok {
		return Route{}, false
	}
	var found *didRow
	for i := range t.rows {
		r := &t.rows[i]
		if !r.inForce(at) || !r.endsWith(suffix, modulus) {
			continue
		}
		if found != nil {
			return Route{}, false
		}
		found = r
	}
	if found == nil {
		return Route{}, false
	}
	return found.route, true
}

// endsWith reports whether some number of the row has these last digits.
func (r *didRow) endsWith(suffix, modulus uint64) bool {
	least := r.first - r.first%modulus + suffix // with these digits, in first's own stretch of modulus
	if least < r.first {
		least += modulus
	}
	return least <= r.last
}

// lastDigits reads called as the last digits of a number, and returns 10 to the power of their count.
func lastDigits(called string) (suffix, modulus uint64, ok bool) {
	modulus = 1
	for _, c := range called {
		switch {
		case c >= '0' && c <= '9':
			if modulus >= 1e14 {
				return 0, 0, false
			}
			suffix, modulus = suffix*10+uint64(c-'0'), modulus*10
		case c == ' ' || c == '-' || c == '(' || c == ')' || c == '.':
		default:
			return 0, 0, false
		}
	}
	return suffix, modulus, modulus >= pow10(shortestSuffix)
}

func pow10(n int) (v uint64) {
	v = 1
	for range n {
		v *= 10
	}
	return v
}

func digitCount(v uint64) (n int) {
	for ; v > 0; v /= 10 {
		n++
	}
	return n
}
