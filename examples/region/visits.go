package main

import (
	"context"
	"maps"
	"slices"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/examples/internal/trip"
	"github.com/tenure-go/tenure/region"
)

// visits: a manager flies to a region and visits the partners there, in an order that wastes no day.
func (n *numbers) visits(_ context.Context, s *show.Story) error {
	at := map[region.OfficeID]region.Point{ // of the caller's own address book
		"Angarsk": {Lat: 52.54, Lon: 103.89}, "Bratsk": {Lat: 56.15, Lon: 101.63}, "Cheremkhovo": {Lat: 53.15, Lon: 103.07},
		"Sayansk": {Lat: 54.11, Lon: 102.17}, "Listvyanka": {Lat: 51.87, Lon: 104.83}, "Tulun": {Lat: 54.56, Lon: 100.58}, "Chita": {Lat: 52.03, Lon: 113.50},
	}
	towns := show.Words{"Angarsk": "Ангарск", "Bratsk": "Братск", "Cheremkhovo": "Черемхово", "Sayansk": "Саянск", "Listvyanka": "Листвянка", "Tulun": "Тулун"}
	var offices []region.Office
	for _, id := range slices.Sorted(maps.Keys(at)) {
		area := region.Area{Subdivision: "RU-IRK", Locality: string(id)}
		if id == "Chita" {
			area = region.Area{Subdivision: "RU-ZAB"}
		}
		offices = append(offices, region.Office{ID: id, Serves: []region.Area{area}})
	}
	partners, err := region.NewDirectory(offices, "")
	if err != nil {
		return err
	}
	var stops []region.Stop
	for _, p := range partners.In("RU-IRK") {
		stops = append(stops, region.Stop{ID: string(p.ID), Point: at[p.ID]})
	}
	airport := region.Point{Lat: 52.27, Lon: 104.39} // Irkutsk
	order := region.Tour(airport, stops)
	from := airport
	for i, stop := range order {
		s.Say("%d. %-12s %4.0f km", "%d. %-12s %4.0f км", i+1, towns.In(s.Lang, stop.ID), from.Distance(stop.Point)/1000)
		from = stop.Point
	}
	got, given, best := trip.Length(airport, order), trip.Length(airport, stops), trip.Shortest(airport, stops)
	s.Say("%.0f km from Irkutsk airport; by the alphabet it would be %.0f km.", "%.0f км от аэропорта Иркутска; по алфавиту вышло бы %.0f км.", got/1000, given/1000)
	s.Add("the partners of the region alone are visited, each once", "посещают только партнёров региона, каждого один раз",
		len(order) == len(at)-1 && !slices.ContainsFunc(order, func(s region.Stop) bool { return s.ID == "Chita" }), s.T("%d visits", "визитов %d"), len(order))
	s.Add("no order of the visits is shorter", "короче порядка визитов нет", got <= best+1, s.T("%.0f km, the best of all orders %.0f km", "%.0f км, лучший из всех порядков %.0f км"), got/1000, best/1000)
	return nil
}
