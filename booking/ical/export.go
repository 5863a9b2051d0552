package ical

import (
	"cmp"
	"slices"
	"time"

	"github.com/rickb777/date/v2"
)

// Busy is a span of nights that a unit is taken: what a channel may know of a booking.
type Busy struct {
	ID     string    `json:"id"` // names the booking for life
	From   date.Date `json:"from"`
	To     date.Date `json:"to"`
	Rev    int       `json:"rev,omitempty"`    // grows with every change; becomes SEQUENCE
	Source string    `json:"source,omitempty"` // the channel that it came from; "" for our own
}

// Export returns the calendar that a channel polls from us: all that is busy but for what came from
// this channel itself. A UID is the ID at our domain, own, by which [Reconcile] knows an echo. Of the
// guest it says nothing. The same busy spans in any order give the same calendar.
func Export(own, channel string, busy []Busy, now time.Time) Calendar {
	c := Calendar{ProdID: "-//tenure//ical//EN"}
	for _, b := range busy {
		if b.Source != "" && b.Source == channel {
			continue
		}
		c.Events = append(c.Events, Event{
			UID: b.ID + "@" + own, From: b.From, To: b.To, Sequence: b.Rev,
			Summary: "Not available", Status: "CONFIRMED", Modified: now.UTC().Truncate(time.Second),
		})
	}
	slices.SortFunc(c.Events, func(a, b Event) int {
		return cmp.Or(compareEvents(&a, &b), -cmp.Compare(a.Sequence, b.Sequence))
	})
	c.Events = slices.CompactFunc(c.Events, func(a, b Event) bool { return compareEvents(&a, &b) == 0 })
	return c
}

func compareEvents(a, b *Event) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.UID, b.UID))
}

// Sent returns the ranges of an exported calendar, for the next [Policy].Sent of that channel.
func Sent(c Calendar) []Range {
	var sent []Range
	for i := range c.Events {
		sent = append(sent, Range{c.Events[i].From, c.Events[i].To})
	}
	return sent
}
