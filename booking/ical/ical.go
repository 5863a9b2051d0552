// Package ical reads and writes the calendars through which booking channels tell each other what
// they sold, and decides what changed.
//
// A channel's feed is polled at an address. It is late, sometimes empty, sometimes an error page.
// Read naively, one bad poll cancels every stay, a closure that slides by a day becomes a new
// booking each morning, and exporting what was imported goes round for ever. This package reads what
// real channels send, says plainly what it could not read, and never takes an outage for emptiness:
//
//	poll := ical.Get(ctx, http.DefaultClient, url, state, ical.Options{}) // one conditional GET
//	plan, next := ical.Reconcile(state, poll, ical.Policy{Own: "example.org"})
//	for _, it := range plan.Add {
//		cmds = append(cmds, booking.Block{ID: booking.ReservationID(it.Key), Unit: "flat-12", Span: span(it), Wait: true, Source: "airbnb"})
//	} // Move and Cancel likewise; desk.In(store).Do(ctx, cmds...), and next is saved in the same transaction
//
// It is a leaf: it knows no booking and has no store. [State] is a value that the caller keeps beside
// the bookings, one for each feed, and saves in the transaction that applies the [Plan]: so no crash
// falls between them, and an answer that was not applied is asked for again.
//
// # Words
//
// A feed is one channel's address for one unit. A poll is one attempt to read it. A stay is an event
// that is a booking; a window is one that only closes days, and may slide daily. A miss is an item
// absent from a complete poll. An echo is our own export come back.
//
// # Reading
//
// [Read] keeps to what an event says of nights: from its first date to the date it ends, by the wall
// clock of the event's own zone. An event without end, or that ends where it begins, is one night. A
// zone is an IANA name, a Windows name, an offset such as UTC+03:00, or the VTIMEZONE of the file if
// that has one offset; else the nights stand and the instants are not known. A recurring event is
// its first occurrence. A [Problem] tells by line of each event that was read with a doubt, or could
// not be read. A file that is no calendar, is cut short or is too large is an error. Zones are looked
// up in the time zone database of the machine or of the package time/tzdata.
//
// # Belief
//
// [Reconcile] believes a feed by eight rules:
//
//  1. A poll that failed changes nothing.
//  2. A poll without items, or one where more than half of the stays to come, and at least four,
//     vanish at once, is doubted for [Policy].EmptyFor; only then do misses count.
//  3. Otherwise an absent item gathers a miss; with [Policy].Misses in a row it is cancelled. A stay
//     that is new on its nights settles it at once: a channel does not sell a night twice.
//  4. An item that is over ages out. One that had begun when it first went missing is never cancelled
//     by absence.
//  5. An event that says it is cancelled is, at once. A lower SEQUENCE than known is an older copy.
//  6. The same UID on other dates is a move. A UID that returns after its end is another life, under
//     another key.
//  7. A window under a new UID is the old one moved, if it overlaps or touches it.
//  8. An event under our own domain, or a window equal to what we sent, is an echo.
//
// # Sending
//
// [Export] makes the calendar that a channel polls from us, without what came from that channel and
// without a guest's data, and [Write] writes it.
package ical

import (
	"time"

	"github.com/rickb777/date/v2"
)

// A Calendar is the content of one iCalendar file (RFC 5545), as far as it concerns nights.
type Calendar struct {
	ProdID string  `json:"prod_id,omitempty"`
	Name   string  `json:"name,omitempty"`   // X-WR-CALNAME
	Method string  `json:"method,omitempty"` // CANCEL: every event in it is a cancellation
	Events []Event `json:"events,omitempty"` // as in the file
}

// An Event closes nights.
type Event struct {
	UID          string `json:"uid,omitempty"`
	RecurrenceID string `json:"recurrence_id,omitempty"` // as written
	Summary      string `json:"summary,omitempty"`
	Status       string `json:"status,omitempty"` // CONFIRMED, TENTATIVE, CANCELLED, as written

	// The nights [From, To), by the wall clock of the event's own zone, in the years 1900 to 9999.
	From date.Date `json:"from"`
	To   date.Date `json:"to"`

	// The instants, in UTC, if the event has a time of day and its zone is known; else zero.
	FromAt time.Time `json:"from_at,omitzero"`
	ToAt   time.Time `json:"to_at,omitzero"`

	Sequence    int       `json:"sequence,omitempty"`
	Modified    time.Time `json:"modified,omitzero"`     // LAST-MODIFIED. DTSTAMP is the time of the poll on some channels, and says nothing.
	Transparent bool      `json:"transparent,omitempty"` // closes nothing
}

// A Kind says what an event is.
type Kind uint8

const (
	KindStay   Kind = iota // a booking
	KindWindow             // only closes days, and may slide
)

var kindNames = [...]string{"stay", "window"}

// String returns "stay" or "window".
func (k Kind) String() string {
	if int(k) < len(kindNames) {
		return kindNames[k]
	}
	return "unknown"
}

// MarshalText writes the kind as String does.
func (k Kind) MarshalText() ([]byte, error) {
	if int(k) >= len(kindNames) {
		return nil, &InvalidError{Field: "kind", Value: k.String(), Why: WhySyntax}
	}
	return []byte(kindNames[k]), nil
}

// UnmarshalText reads what MarshalText wrote.
func (k *Kind) UnmarshalText(text []byte) error {
	for i, name := range kindNames {
		if name == string(text) {
			*k = Kind(i)
			return nil
		}
	}
	return &InvalidError{Field: "kind", Value: string(text), Why: WhySyntax}
}
