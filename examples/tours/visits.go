package main

import (
	"context"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/examples/internal/trip"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/region"
)

// A task is a manager's task: the partners of a region, from his address on.
type task struct {
	manager string
	region  region.Subdivision
	from    region.Point
}

var head = pipeline.Actor{ID: "head", Roles: []pipeline.Role{"head"}}

// visits plans a trip for each manager, lets him go, and counts whom he met.
func (o *operator) visits(ctx context.Context, s *show.Story) error {
	rng := rand.New(rand.NewPCG(s.Seed, 3))
	var wrongPartners, longer, listDiffers, planned int
	for _, t := range []task{
		{"boris", "RU-IRK", region.Point{Lat: 52.29, Lon: 104.30}},
		{"vera", "RU-NVS", region.Point{Lat: 55.01, Lon: 82.93}},
		{"aigul", "KZ-19", region.Point{Lat: 43.24, Lon: 76.91}},
	} {
		s.Clock.Set(time.Date(2021, time.May, 28, 9, 0, 0, 0, time.UTC))
		listed, err := o.partnersOf(ctx, t.region)
		if err != nil {
			return err
		}
		order := region.Tour(t.from, listed)
		if err := o.plan(ctx, s, t, order); err != nil {
			return err
		}
		list, err := o.toDo(ctx, s, t.manager)
		if err != nil {
			return err
		}
		s.Say("%s visits the partners of %s: %.0f km in the order of the trip, %.0f km in the order of the list.", "%s объезжает партнёров, %s: %.0f км в порядке поездки, %.0f км в порядке списка.",
			person(s, t.manager), t.region.Name(s.Lang), trip.Length(t.from, order)/1000, trip.Length(t.from, listed)/1000)
		if t.manager == "boris" {
			if err := o.tellTrip(ctx, s, t, order); err != nil {
				return err
			}
		}
		planned += len(order)
		if trip.Length(t.from, order) > trip.Shortest(t.from, listed)+1 {
			longer++
		}
		for i, stop := range order {
			if o.partners[stop.ID].subdivision != t.region {
				wrongPartners++
			}
			if i >= len(list) || list[i] != visitID(s, stop.ID) {
				listDiffers++
			}
		}
		if err := o.travel(ctx, s, rng, t.manager, list); err != nil {
			return err
		}
	}
	s.Add("each agency of the regions is visited once", "каждое агентство регионов посещают один раз", wrongPartners == 0 && planned == o.agenciesIn("RU-IRK", "RU-NVS", "KZ-19"), s.T("%d visits", "визитов %d"), planned)
	s.Add("no order of the visits is shorter", "короче порядка визитов нет", longer == 0, s.T("%d of 3 trips could be shorter", "короче могли бы быть %d из 3 поездок"), longer)
	s.Add("a manager's list of tasks is the trip", "список дел менеджера — это его поездка", listDiffers == 0, s.T("%d of %d out of place", "не на месте %d из %d"), listDiffers, planned)
	return o.countVisits(ctx, s)
}

// partnersOf lists a region's agencies, each once, by their number in the base.
func (o *operator) partnersOf(ctx context.Context, in region.Subdivision) (stops []region.Stop, err error) {
	seen := map[dedup.CardID]bool{}
	for _, id := range slices.Sorted(maps.Keys(o.partners)) {
		if o.partners[id].subdivision != in {
			continue
		}
		card, err := o.cards.Card(ctx, dedup.CardID("old-base|"+id+"|1"))
		if err != nil {
			return nil, err
		}
		if !seen[card.ID] {
			seen[card.ID] = true
			stops = append(stops, region.Stop{ID: id, Point: o.partners[id].at})
		}
	}
	return stops, nil
}

func visitID(s *show.Story, partner string) pipeline.CaseID {
	return pipeline.CaseID(own(s, "visit-"+partner))
}

// plan makes a task of each visit: an hour there, 60 km an hour on the way, from 9 to 18.
func (o *operator) plan(ctx context.Context, s *show.Story, t task, order []region.Stop) error {
	zone, err := time.LoadLocation(t.region.Zones()[0])
	if err != nil {
		return err
	}
	at, from := time.Date(2021, time.May, 31, 9, 0, 0, 0, zone), t.from
	for _, stop := range order {
		quarters := math.Ceil(from.Distance(stop.Point) / 15_000)
		at = at.Add(time.Duration(quarters) * 15 * time.Minute)
		if at.Hour() >= 17 || at.Hour() < 9 {
			y, m, d := at.Date()
			if at.Hour() >= 17 {
				d++
			}
			at = time.Date(y, m, d, 9, 0, 0, 0, zone)
		}
		set := map[pipeline.FieldID]string{"partner": stop.ID, "at": at.UTC().Format(time.RFC3339), pipeline.FieldOwner: t.manager}
		if _, err := o.deals.Open(ctx, pipeline.Open{ID: "plan", Case: visitID(s, stop.ID), Pipeline: "visits", Set: set, By: head}); err != nil {
			return err
		}
		at, from = at.Add(time.Hour), stop.Point
	}
	return nil
}

// toDo is the manager's list: the visits that wait for him, the soonest first.
func (o *operator) toDo(ctx context.Context, s *show.Story, manager string) (list []pipeline.CaseID, err error) {
	next, err := o.deals.Next(ctx, s.Pipeline, pipeline.ActorID(manager), 1_000_000)
	for _, n := range next {
		if strings.HasPrefix(string(n.Case), own(s, "visit-")) {
			list = append(list, n.Case)
		}
	}
	return list, err
}

func (o *operator) tellTrip(ctx context.Context, s *show.Story, t task, order []region.Stop) error {
	from := t.from
	for i, stop := range order {
		c, err := o.deals.Case(ctx, visitID(s, stop.ID))
		if err != nil {
			return err
		}
		at, err := time.Parse(time.RFC3339, c.Values["at"].Text)
		if err != nil {
			return err
		}
		loc, _ := region.PlaceOf("", t.region).Location(at)
		p := o.partners[stop.ID]
		s.Say("  %d. %s  %-12s %-22s %4.0f km", "  %d. %s  %-12s %-22s %4.0f км", i+1, at.In(loc).Format("02.01 15:04"), s.T(p.city, p.cityRu), p.company, from.Distance(stop.Point)/1000)
		from = stop.Point
	}
	return nil
}

// outcomes of a visit.
var outcomes = []string{"contract", "call_back", "no_interest"}

// travel makes the visits; one in eight finds a closed door and is called off.
func (o *operator) travel(ctx context.Context, s *show.Story, rng *rand.Rand, manager string, list []pipeline.CaseID) error {
	for _, id := range list {
		c, err := o.deals.Case(ctx, id)
		if err != nil {
			return err
		}
		at, err := time.Parse(time.RFC3339, c.Values["at"].Text)
		if err != nil {
			return err
		}
		s.Clock.Set(at.Add(50 * time.Minute))
		command := pipeline.Command{ID: "visit", Case: id, Action: "meet", Set: map[pipeline.FieldID]string{"outcome": outcomes[rng.IntN(len(outcomes))]}, By: pipeline.Actor{ID: pipeline.ActorID(manager)}}
		if rng.IntN(8) == 0 {
			command.Action, command.Set, command.Why = "call_off", nil, "closed"
		}
		if _, err := o.deals.Do(ctx, command); err != nil {
			return err
		}
	}
	return nil
}

// countVisits reports the visits by manager, and counts them again by the histories.
func (o *operator) countVisits(ctx context.Context, s *show.Story) error {
	cases, err := o.casesOf(ctx, s, "visits")
	if err != nil {
		return err
	}
	var visits []forecast.Visit
	met := map[string]int{}
	for _, id := range slices.Sorted(maps.Keys(cases)) {
		r := cases[id]
		if r.Stage == "met" {
			visits = append(visits, forecast.Visit{
				Dated: forecast.On(date.NewAt(r.Closed)), Kind: "meeting", Outcome: r.Values["outcome"].Text,
				Agency: forecast.AgencyID(r.Values["partner"].Text), Tags: forecast.Tags{"manager": person(s, string(r.Owner))},
			})
		}
		history, err := s.Pipeline.History(ctx, r.ID, 0, 1000)
		if err != nil {
			return err
		}
		for _, e := range history {
			if e.Kind == pipeline.EventMoved && e.Name == "meet" {
				met[person(s, string(e.By))]++
			}
		}
	}
	report, err := forecast.Visits(forecast.All(visits), forecast.VisitsConfig{AsOf: june(14), Kinds: []string{"meeting"}})
	if err != nil {
		return err
	}
	o.visited = report
	same, sum := len(report.Rows) == len(met), 0
	for _, row := range report.Rows {
		var parts []string
		for i, outcome := range report.Outcomes {
			parts = append(parts, fmt.Sprintf("%s %d", outcomeTitle(s, outcome), row.Outcomes[i]))
		}
		s.Say("Met by %s in a month: %d (%s).", "%s за месяц: встреч %d (%s).", row.Manager, row.Visits, strings.Join(parts, ", "))
		same = same && met[row.Manager] == row.Visits
		sum += row.Visits
	}
	s.Add("visits per manager as the histories tell them", "визиты по менеджерам — как в историях дел", same && sum == report.Total.Visits, s.T("%d of %d visits took place", "состоялось %d из %d визитов"), sum, len(cases))
	return nil
}

func outcomeTitle(s *show.Story, outcome string) string {
	switch outcome {
	case "contract":
		return s.T("contract", "договор")
	case "call_back":
		return s.T("call back", "перезвонить")
	}
	return s.T("no interest", "не заинтересованы")
}

// agenciesIn counts the agencies of regions without the cards.
func (o *operator) agenciesIn(regions ...region.Subdivision) int {
	there := map[string]partner{}
	for id, p := range o.partners {
		if slices.Contains(regions, p.subdivision) {
			there[id] = p
		}
	}
	return distinctAgencies(there)
}
