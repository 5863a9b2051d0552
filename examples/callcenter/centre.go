package main

import (
	"bytes"
	"cmp"
	"context"
	_ "embed"
	"fmt"
	"time"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/forecast"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/region"
	"github.com/tenure-go/tenure/store"
)

//go:embed rules.json
var rulesJSON []byte

//go:embed messages.json
var messagesJSON []byte

type fields = map[pipeline.FieldID]string

var (
	exchange = pipeline.Actor{ID: "exchange", Roles: []pipeline.Role{pipeline.RoleIntake}}
	nina     = pipeline.Actor{ID: "Nina", Roles: []pipeline.Role{"head"}}
)

// A centre is the call centre: its numbers, its people, and the desks that decide.
type centre struct {
	numbers []number
	groups  []string          // in the order of the input
	members []pipeline.Member // the agents with their calendars

	detector *region.Detector
	calls    *pipeline.Desk
	guests   *dedup.Desk
	messages *notify.Desk

	read    store.Cursor // how far follow has come
	network network      // the world outside: what was sent

	// For the checks: the exchange's own log of the week, and the cases that calls of this run came to.
	log   []forecast.Call
	cases []pipeline.CaseID
}

// open makes the desks: the router follows from the numbers, the pools from the agents.
func (c *centre) open(ctx context.Context, s *show.Story) error {
	rows := make([]region.DID, len(c.numbers))
	rules, err := pipeline.Read(bytes.NewReader(rulesJSON))
	if err != nil {
		return err
	}
	routed := map[region.GroupID]bool{}
	for i, n := range c.numbers {
		wanted := region.GroupID(n.group + "/" + n.topic)
		rows[i] = region.DID{First: n.number, Route: region.Route{Group: wanted, Channel: n.channel}}
		if n.region != "" {
			rows[i].Route.Place = region.PlaceOf(n.city, n.region)
		}
		if !routed[wanted] {
			routed[wanted] = true
			rules.Routes = append(rules.Routes, pipeline.Route{ID: string(wanted), Groups: []string{string(wanted)}, Pipeline: "calls", Pool: pipeline.PoolID(n.group), Set: fields{"topic": n.topic}})
		}
	}
	rules.Routes = append(rules.Routes, pipeline.Route{ID: "any", Pipeline: "calls", Pool: everyone})
	table, err := region.NewDIDs("RU", rows)
	if err != nil {
		return err
	}
	if c.detector, err = region.New(region.Config{DIDs: table}); err != nil {
		return err
	}
	if c.members, err = members(); err != nil {
		return err
	}
	if c.calls, err = pipeline.New(pipeline.Config{Store: s.Pipeline, Rules: rules, Pools: c.pool, Now: s.Clock.Now}); err != nil {
		return err
	}
	if c.guests, err = dedup.New(dedup.Config{Store: s.Dedup, Now: s.Clock.Now}); err != nil {
		return err
	}
	c.network.run = fmt.Sprintf("r%d-call-", s.Run)
	texts, err := notify.Read(bytes.NewReader(messagesJSON))
	if err != nil {
		return err
	}
	c.messages, err = notify.New(notify.Config{Store: s.Notify, Rules: texts, Now: s.Clock.Now, Workers: 1,
		Channels: map[notify.ChannelID]notify.Channel{"sms": &c.network, "email": &c.network}})
	if err != nil {
		return err
	}
	for { // what happened before this run is not news
		events, next, err := s.Pipeline.Since(ctx, c.read, 1000)
		if err != nil || len(events) == 0 {
			return err
		}
		c.read = next
	}
}

// A call is what the exchange tells when somebody dials.
type call struct{ id, from, dialled string }

// call makes one: the n-th of this run.
func (c *centre) call(s *show.Story, n int, from, dialled string) call {
	return call{id: fmt.Sprintf("r%d-call-%d", s.Run, n), from: from, dialled: dialled}
}

// phone is the number of a guest of this run; one in ten calls from a landline.
func phone(s *show.Story, guest int) string {
	code := 999
	if guest%10 == 7 {
		code = 495
	}
	return fmt.Sprintf("+7%d%03d%04d", code, s.Run%1000, guest)
}

// anonymous is what the exchange says of who hides his number.
const anonymous = "anonymous"

// ring takes a call in: the dialled number says what is wanted, the caller's number who it is, and whoever
// is on duty in the group is rung. Card and case stand or fall together.
func (c *centre) ring(ctx context.Context, s *show.Story, in call) (pipeline.Result, error) {
	heard := c.detector.Resolve(region.Inquiry{Called: in.dialled, Caller: in.from, At: s.Clock.Now()})
	line := heard.Route
	known := fields{"phone": cmp.Or(heard.Caller.E164, in.from), "dialled": in.dialled}
	if city := line.Place.Locality; city != "" { // a line of no city does not wipe what an earlier call was about
		known["city"] = city
	}
	var res pipeline.Result
	err := s.InTx(ctx, func(tx show.Tx) error {
		guest, err := c.guests.In(tx.Dedup).Ingest(ctx, dedup.Touch{ID: dedup.TouchID(in.id), Kind: "call", Phone: in.from, Source: dedup.Source{Channel: line.Channel}})
		if err != nil {
			return err
		}
		res, err = c.calls.In(tx.Pipeline).Open(ctx, pipeline.Open{
			ID: pipeline.CommandID(in.id), Group: string(line.Group), Channel: line.Channel, Cards: []pipeline.CardID{pipeline.CardID(guest.Card)},
			Set: known, By: exchange,
		})
		return err
	})
	if err == nil && res.Created {
		c.cases = append(c.cases, res.Case.ID)
	}
	return res, err
}

// answer is an agent who takes the call: it becomes his, unless somebody was quicker.
func (c *centre) answer(ctx context.Context, call string, id pipeline.CaseID, agent pipeline.ActorID) error {
	_, err := c.calls.Do(ctx, pipeline.Command{ID: pipeline.CommandID(call + "|" + string(agent)), Case: id, Action: "answer",
		Set: fields{pipeline.FieldOwner: string(agent)}, Touch: &pipeline.Touch{Kind: "call", Channel: "phone", Answered: true}, By: operator(agent)})
	return err
}

func operator(id pipeline.ActorID) pipeline.Actor {
	return pipeline.Actor{ID: id, Roles: []pipeline.Role{"operator"}}
}

// moscow is the clock that the centre's head goes by.
var moscow = time.FixedZone("Moscow", 3*60*60)

// at is an instant of June 2026 by the clock of Moscow.
func at(day, hour, minute, second int) time.Time {
	return time.Date(2026, time.June, day, hour, minute, second, 0, moscow)
}

// hours is an instant as a reader sees it, to the second where that matters.
func hours(t time.Time) string {
	if t.Second() == 0 {
		return t.In(moscow).Format("15:04")
	}
	return t.In(moscow).Format("15:04:05")
}
