package main

import (
	"context"
	"fmt"
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
	city    string // as in Russian
	clock   string // "": unknown
}

// hotelSearch: each city and topic of a hotel service has its number. What was dialled says what
// is wanted; where the customer is, and what time it is there, only the customer's number says.
func (n *numbers) hotelSearch(_ context.Context, s *show.Story) error {
	at := time.Date(2026, 7, 1, 6, 0, 0, 0, time.UTC)
	return n.answer(s, "hotels", "отели", []region.DID{
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
		{called: "8 862 555-10-20", caller: "hidden", at: at, group: "sea", channel: "site", city: "Краснодарский край, Сочи"},
	})
}

// newFlats: each advertisement of new flats shows its own number, and numbers pass from one to the
// next. The exchange sends the last digits only.
func (n *numbers) newFlats(_ context.Context, s *show.Story) error {
	march, july := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2026, 7, 1, 0, 0, 0, 0, time.UTC)
	moscow := region.PlaceOf("", "RU-MOW")
	return n.answer(s, "flats", "квартиры", []region.DID{
		{First: "8 495 555-40-01", To: july, Route: region.Route{Group: "flats", Place: moscow, Page: "/river", Channel: "classified"}},
		{First: "8 495 555-40-01", From: july, Route: region.Route{Group: "flats", Place: moscow, Page: "/river", Channel: "radio"}},
		{First: "8 495 555-40-02", From: march, Route: region.Route{Group: "flats", Place: moscow, Page: "/park", Channel: "banner"}},
	}, []call{
		{called: "5554001", caller: "8 916 123-45-67", at: july.Add(-time.Second), group: "flats", channel: "classified", city: "Москва", clock: "02:59"},
		{called: "5554001", caller: "8 916 123-45-67", at: july, group: "flats", channel: "radio", city: "Москва", clock: "03:00"},
		{called: "54002", caller: "8 914 430-00-01", at: july, group: "flats", channel: "banner", city: "Москва", clock: "09:00"},
		{called: "54002", caller: "8 914 430-00-01", at: march.Add(-time.Second), city: "Забайкальский край", clock: "08:59"},
	})
}

// topics are what people call about, and where they saw the number, in Russian.
var topics = show.Words{
	"sea": "море", "baikal": "Байкал", "booked": "уже забронировали", "flats": "квартиры",
	"site": "сайт", "voucher": "ваучер", "classified": "объявление", "radio": "радио", "banner": "щит у дороги",
}

// answer resolves calls, prints them and checks them against what the story expects.
func (n *numbers) answer(s *show.Story, en, ru string, rows []region.DID, calls []call) error {
	dids, err := region.NewDIDs("RU", rows)
	if err != nil {
		return err
	}
	detector, err := region.New(region.Config{Plan: n.plan, DIDs: dids})
	if err != nil {
		return err
	}
	tw := tabwriter.NewWriter(s.W, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, s.T("DIALLED\tBY\tTOPIC\tPAGE\tCHANNEL\tPLACE\tTHEIR HOUR", "НАБРАЛИ\tКТО\tТЕМА\tСТРАНИЦА\tКАНАЛ\tМЕСТО\tУ НИХ ВРЕМЯ"))
	routes, places, hours := 0, 0, 0
	for _, c := range calls {
		v := resolve(detector, region.Inquiry{Called: c.called, Caller: c.caller, At: c.at})
		fmt.Fprintf(tw, "%s\t%s\t%s\t%s\t%s\t%s\t%s\n", c.called, c.caller, topics.In(s.Lang, string(v.Route.Group)), v.Route.Page, topics.In(s.Lang, v.Route.Channel), v.Label(s.Lang), v.hour(s))
		if v.Route.Group == c.group && v.Route.Channel == c.channel {
			routes++
		}
		if v.Label("ru") == c.city {
			places++
		}
		if v.clock == c.clock {
			hours++
		}
	}
	if err := tw.Flush(); err != nil {
		return err
	}
	of := s.T("%d of %d", "%d из %d")
	s.Add(en+": each call comes to its topic and channel", ru+": у каждого звонка своя тема и канал", routes == len(calls), of, routes, len(calls))
	s.Add(en+": each call is counted to its place", ru+": каждый звонок учтён за своим местом", places == len(calls), of, places, len(calls))
	s.Add(en+": each caller's hour is known, or said not to be", ru+": время у звонящего известно или сказано, что нет", hours == len(calls), of, hours, len(calls))
	return nil
}

// A resolved inquiry has the customer's hour, "" if it is not known.
type resolved struct {
	region.Verdict
	clock string
}

func resolve(d *region.Detector, q region.Inquiry) resolved {
	v := resolved{Verdict: d.Resolve(q)}
	if loc, ok := (region.Place{Zones: v.Clock}).Location(q.At); ok {
		v.clock = q.At.In(loc).Format("15:04")
	}
	return v
}

// hour is the clock for the reader.
func (v resolved) hour(s *show.Story) string {
	if v.clock == "" {
		return s.T("unknown", "неизвестно")
	}
	return v.clock
}
