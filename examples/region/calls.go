package main

import (
	"fmt"
	"io"
	"text/tabwriter"
	"time"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/region"
)

// A call is a call as the exchange reports it.
type call struct {
	called, caller string
	at             time.Time

	group   region.GroupID // what the story expects
	channel string
	city    string
	clock   string
}

// hotelSearch: each city and topic of a hotel service has its number. What was dialled says what
// is wanted; where the customer is, and what time it is there, only the customer's number says.
func hotelSearch(w io.Writer, plan *region.Plan, checks *show.Checks) error {
	fmt.Fprintln(w, "\nHOTEL SEARCH: which number was dialled")
	at := time.Date(2026, 7, 1, 6, 0, 0, 0, time.UTC)
	return answer(w, plan, checks, "hotel calls reach the right topic, city and clock", []region.DID{
		{First: "8 862 555-10-00", Last: "8 862 555-10-99", Route: region.Route{Group: "sea", Place: region.PlaceOf("Сочи", "RU-KDA"), Page: "/sochi", Channel: "site"}},
		{First: "8 3952 55-20-00", Route: region.Route{Group: "baikal", Place: region.PlaceOf("Иркутск", "RU-IRK"), Page: "/baikal", Channel: "site"}},
		{First: "8 800 555-30-00", Route: region.Route{Group: "booked", Page: "/my", Channel: "voucher"}},
	}, []call{
		{called: "8 862 555-10-17", caller: "+7 495 123-45-67", at: at, group: "sea", channel: "site", city: "Краснодарский край, Сочи", clock: "09:00"},
		{called: "78625551017", caller: "8 914 430-00-01", at: at, group: "sea", channel: "site", city: "Краснодарский край, Сочи", clock: "15:00"},
		{called: "+73952552000", caller: "8 727 258-12-34", at: at, group: "baikal", channel: "site", city: "Иркутская область, Иркутск", clock: "11:00"},
		// The line of guests who have booked belongs to no city: the guest's number places the call.
		{called: "88005553000", caller: "8 914 001-00-01", at: at, group: "booked", channel: "voucher", city: "Иркутская область", clock: "14:00"},
		// A number that cannot be read is no reason to lose the call.
		{called: "8 862 555-10-20", caller: "hidden", at: at, group: "sea", channel: "site", city: "Краснодарский край, Сочи", clock: "unknown"},
	})
}

// newFlats: each advertisement of new flats shows its own number, and numbers pass from one to the
// next. The exchange sends the last digits only.
func newFlats(w io.Writer, plan *region.Plan, checks *show.Checks) error {
	fmt.Fprintln(w, "\nNEW FLATS: which advertisement was seen")
	march, july := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	moscow := region.PlaceOf("", "RU-MOW")
	return answer(w, plan, checks, "calls about flats are counted to the advertisement of their day", []region.DID{
		{First: "8 495 555-40-01", To: july, Route: region.Route{Group: "flats", Place: moscow, Page: "/river", Channel: "classified"}},
		{First: "8 495 555-40-01", From: july, Route: region.Route{Group: "flats", Place: moscow, Page: "/river", Channel: "radio"}},
		{First: "8 495 555-40-02", From: march, Route: region.Route{Group: "flats", Place: moscow, Page: "/park", Channel: "banner on the ring road"}},
	}, []call{
		{called: "5554001", caller: "8 916 123-45-67", at: july.Add(-time.Second), group: "flats", channel: "classified", city: "Москва", clock: "02:59"},
		{called: "5554001", caller: "8 916 123-45-67", at: july, group: "flats", channel: "radio", city: "Москва", clock: "03:00"},
		{called: "54002", caller: "8 914 430-00-01", at: july, group: "flats", channel: "banner on the ring road", city: "Москва", clock: "09:00"},
		{called: "54002", caller: "8 914 430-00-01", at: march.Add(-time.Second), city: "Забайкальский край", clock: "08:59"},
	})
}

// answer resolves calls, prints them and checks them against what the story expects.
func answer(w io.Writer, plan *region.Plan, checks *show.Checks, what string, rows []region.DID, calls []call) error {
	dids, err := region.NewDIDs("RU", rows)
	if err != nil {
		return err
	}
	detector, err := region.New(region.Config{Plan: plan, DIDs: dids})
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "DIALLED\tBY\tTOPIC\tPAGE\tCHANNEL\tPLACE\tTHEIR HOUR\tCONFLICT")
	right := 0
	for _, c := range calls {
		v := detector.Resolve(region.Inquiry{Called: c.called, Caller: c.caller, At: c.at})
		hour := "unknown"
		if loc, ok := (region.Place{Zones: v.Clock}).Location(c.at); ok {
			hour = c.at.In(loc).Format("15:04")
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\t%t\n", c.called, c.caller, v.Route.Group, v.Route.Page, v.Route.Channel, v.Label("ru"), hour, v.Conflict)
		if v.Route.Group == c.group && v.Route.Channel == c.channel && v.Label("ru") == c.city && hour == c.clock {
			right++
		}
	}
	_ = tw.Flush()
	checks.Add(what, right == len(calls), "%d of %d", right, len(calls))
	return nil
}
