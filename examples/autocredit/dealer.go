package main

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	notifyready "github.com/tenure-go/tenure/notify/ready"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/ready"
	"github.com/tenure-go/tenure/pipeline/worktime"
	"github.com/tenure-go/tenure/region"
)

type fields = map[pipeline.FieldID]string

var (
	site   = pipeline.Actor{ID: "site", Roles: []pipeline.Role{pipeline.RoleIntake}}
	oleg   = pipeline.Actor{ID: "Oleg", Roles: []pipeline.Role{"seller"}}
	nina   = pipeline.Actor{ID: "Nina", Roles: []pipeline.Role{"head"}}
	petr   = pipeline.Actor{ID: "Petr", Roles: []pipeline.Role{"pricer"}}
	actors = map[pipeline.ActorID]pipeline.Actor{oleg.ID: oleg, nina.ID: nina, petr.ID: petr}
)

// An office meets clients of its regions. Its ID is the city's.
var offices = []region.Office{
	{ID: "irkutsk", Name: "Irkutsk", Address: "Irkutsk, Lenin st., 1", Zone: "Asia/Irkutsk", Serves: []region.Area{{Subdivision: "RU-IRK"}, {Subdivision: "RU-BU"}}},
	{ID: "chita", Name: "Chita", Address: "Chita, Butin st., 3", Zone: "Asia/Chita", Serves: []region.Area{{Subdivision: "RU-ZAB"}}},
	{ID: "blagoveshchensk", Name: "Blagoveshchensk", Address: "Blagoveshchensk, Zeya st., 4", Zone: "Asia/Yakutsk", Serves: []region.Area{{Subdivision: "RU-AMU"}}},
}

// vacation is Lena's, in the middle of the story.
var vacation = worktime.Span{From: irkutsk(15, 0, 0), To: irkutsk(22, 0, 0)}

// people take leads in turn. Those of credit look after cities.
var people = map[pipeline.PoolID][]pipeline.Member{
	ready.PoolAuto:      {{ID: "Lena", Away: []worktime.Span{vacation}}, {ID: "Oleg"}, {ID: "Rita"}},
	ready.PoolCredit:    {{ID: "Bella", Regions: []string{"irkutsk"}}, {ID: "Bair", Regions: []string{"irkutsk", "chita"}}, {ID: "Dulma", Regions: []string{"chita"}}, {ID: "Zoya", Regions: []string{"blagoveshchensk"}}},
	ready.PoolBuyout:    {{ID: "Vova"}},
	ready.PoolOperators: {{ID: "Olga"}},
}

// A dealer is the desks, and the world outside.
type dealer struct {
	detector *region.Detector
	offices  *region.Directory
	titles   map[pipeline.PipelineID]map[pipeline.Action]map[string]string

	clients  *dedup.Desk
	deals    *pipeline.Desk
	calendar *booking.Desk
	messages *notify.Desk

	network network
	starts  map[string]time.Time // of the meetings, by client
	sales   []pipeline.CaseID    // one in each city
	cases   []pipeline.CaseID    // all that this run opened, for the checks
}

// open makes the desks.
func (d *dealer) open(s *show.Story) (err error) {
	plan, _, err := region.ReadRegistry(region.RegistryConfig{}, strings.NewReader(register))
	if err != nil {
		return err
	}
	if d.detector, err = region.New(region.Config{Plan: plan}); err != nil {
		return err
	}
	if d.offices, err = region.NewDirectory(offices, ""); err != nil {
		return err
	}
	if d.clients, err = dedup.New(dedup.Config{Store: s.Dedup, Now: s.Clock.Now}); err != nil {
		return err
	}
	rules := carRules()
	d.titles = actionTitles(rules)
	if d.deals, err = pipeline.New(pipeline.Config{Store: s.Pipeline, Rules: rules, Pools: ready.Pools(people, nina.ID), Now: s.Clock.Now}); err != nil {
		return err
	}
	if d.calendar, err = booking.New(booking.Config{Store: s.Booking, Now: s.Clock.Now}); err != nil {
		return err
	}
	d.network.run, d.network.clock = fmt.Sprintf("r%d-", s.Run), s.Clock
	channels := map[notify.ChannelID]notify.Channel{}
	for _, c := range notifyready.Rules().Channels {
		channels[c.ID] = &d.network
	}
	d.messages, err = notify.New(notify.Config{Store: s.Notify, Rules: notifyready.Rules(), Channels: channels, Now: s.Clock.Now, Workers: 1})
	return err
}

// carRules are the ready rules, as far as a car dealer needs them, with his own cities, and with what a
// deal knows of its region in every pipeline.
func carRules() pipeline.Rules {
	rules := ready.Rules()
	mine := []pipeline.PipelineID{"auto_sales", "auto_credit", "auto_buyout", "callcenter"}
	rules.Definitions = slices.DeleteFunc(rules.Definitions, func(d pipeline.Definition) bool { return !slices.Contains(mine, d.ID) })
	rules.Routes = slices.DeleteFunc(rules.Routes, func(r pipeline.Route) bool { return !slices.Contains(mine, r.Pipeline) })
	city := pipeline.Field{ID: "city", Kind: pipeline.KindChoice, Title: map[string]string{"en": "City", "ru": "Город"}, Party: "client"}
	for _, o := range offices {
		city.Values = append(city.Values, string(o.ID))
	}
	for i := range rules.Definitions {
		def := &rules.Definitions[i]
		def.Fields = slices.DeleteFunc(def.Fields, func(f pipeline.Field) bool { return f.ID == "city" })
		def.Fields = append(def.Fields, city,
			pipeline.Field{ID: "region", Kind: pipeline.KindText, Title: map[string]string{"en": "Region", "ru": "Регион"}},
			pipeline.Field{ID: "meeting_place", Kind: pipeline.KindText, Title: map[string]string{"en": "Where to meet", "ru": "Место встречи"}})
		def.Edits[0].Fields = append(slices.DeleteFunc(def.Edits[0].Fields, func(f pipeline.FieldID) bool { return f == "city" }), "city", "region", "meeting_place")
		for j := range def.Copies {
			def.Copies[j].Fields = append(def.Copies[j].Fields, "region", "meeting_place")
		}
	}
	return rules
}

// actionTitles are what stands on the buttons.
func actionTitles(rules pipeline.Rules) map[pipeline.PipelineID]map[pipeline.Action]map[string]string {
	all := map[pipeline.PipelineID]map[pipeline.Action]map[string]string{}
	for _, def := range rules.Definitions {
		titles := map[pipeline.Action]map[string]string{}
		for _, m := range def.Moves {
			titles[m.Action] = m.Title
		}
		for _, side := range def.Sides {
			titles[pipeline.Action("open:"+side.ID)] = map[string]string{"en": side.Title["en"] + ": open", "ru": side.Title["ru"] + ": открыть"}
			titles[pipeline.Action("close:"+side.ID)] = map[string]string{"en": side.Title["en"] + ": close", "ru": side.Title["ru"] + ": закрыть"}
		}
		all[def.ID] = titles
	}
	return all
}

// do gives a command of a person, named so that a repeated one is known.
func (d *dealer) do(ctx context.Context, id string, deal pipeline.CaseID, by pipeline.Actor, a pipeline.Action, set fields) (pipeline.Case, error) {
	res, err := d.deals.Do(ctx, pipeline.Command{ID: pipeline.CommandID(id), Case: deal, Action: a, Set: set, By: by})
	d.cases = append(d.cases, res.Copies...)
	return res.Case, err
}

// irkutsk is an instant of June 2026 by the clock of the head office.
func irkutsk(day, hour, minute int) time.Time {
	return time.Date(2026, time.June, day, hour, minute, 0, 0, zoneIrkutsk)
}

var zoneIrkutsk = time.FixedZone("Irkutsk", 8*60*60)
