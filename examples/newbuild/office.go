package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/rickb777/date/v2/clock"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/index"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
	messages "github.com/tenure-go/tenure/notify/ready"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/pipeline/ready"
	"github.com/tenure-go/tenure/pipeline/worktime"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/voucher"
)

// An office sells the flats of one house: five desks over one database.
type office struct {
	*show.Story
	cards   *dedup.Desk
	deals   *pipeline.Desk
	flats   *booking.Desk
	letters *notify.Desk
	numbers *voucher.Desk

	house     string                       // begins every ID of this run: a new run is a new house
	hours     *worktime.Calendar           // when somebody is at the desks
	titles    map[string]map[string]string // of stages and actions, by language
	followers []*follower
	cursor    store.Cursor // how far follow has read
	notes     int          // odd inquiries told so far
}

// lease is how long a send may take before nobody knows what became of it.
const lease = 10 * time.Second

// Who does what.
var (
	gate   = pipeline.Actor{ID: "gate", Roles: []pipeline.Role{pipeline.RoleIntake}}
	head   = pipeline.Actor{ID: "elena", Roles: []pipeline.Role{"head"}}
	pricer = pipeline.Actor{ID: "pricer", Roles: []pipeline.Role{"pricer"}}
)

// flatsOfHouse are the numbers of the flats: 1 to 24 are told of one by one, 101 to 112 go on sale
// together.
func flatsOfHouse() (numbers []int) {
	for n := 1; n <= 24; n++ {
		numbers = append(numbers, n)
	}
	for n := 101; n <= 112; n++ {
		numbers = append(numbers, n)
	}
	return numbers
}

// open opens the desks and defines what is for sale. In a house that is open already it changes
// nothing.
func (o *office) open(ctx context.Context, s *show.Story) (err error) {
	*o = office{Story: s, house: fmt.Sprint("house-", s.Run)}
	if o.hours, err = worktime.Compile(worktime.Spec{
		Zone: zone, Country: "RU", Week: worktime.Weekdays(worktime.Hours{From: clock.New(9, 0, 0, 0), To: clock.New(18, 0, 0, 0)}),
	}); err != nil {
		return err
	}
	if o.cards, err = dedup.New(dedup.Config{Store: s.Dedup, Now: s.Clock.Now, Claims: dedup.ClaimPolicy{OwnBlock: 14 * 24 * time.Hour}}); err != nil {
		return err
	}
	rules := ready.Rules()
	rules.Calendars["office"] = o.hours
	sales := rules.Definitions[slices.IndexFunc(rules.Definitions, func(d pipeline.Definition) bool { return d.ID == "newbuild" })]
	o.titles = make(map[string]map[string]string)
	for _, stage := range sales.Stages {
		o.titles[string(stage.ID)] = stage.Title
	}
	for _, move := range sales.Moves {
		o.titles[string(move.Action)] = move.Title
	}
	people := map[pipeline.PoolID][]pipeline.Member{ready.PoolNewbuild: {{ID: "irina", Calendar: o.hours}, {ID: "oleg", Calendar: o.hours}}}
	if o.deals, err = pipeline.New(pipeline.Config{Store: s.Pipeline, Rules: rules, Pools: ready.Pools(people, head.ID), Now: s.Clock.Now}); err != nil {
		return err
	}
	if o.flats, err = booking.New(booking.Config{
		Store: s.Booking, Now: s.Clock.Now, Tags: knownTags(),
		MaxSkew: 365 * 24 * time.Hour, // a story that was killed begins again before the last entries of its calendars
	}); err != nil {
		return err
	}
	texts := messages.Rules()
	for i := range texts.Channels {
		if texts.Channels[i].ID == "site" {
			texts.Channels[i].Settle = lease // these sites answer at once or not at all
		}
	}
	texts.Templates = append(texts.Templates, ownTemplates()...)
	if o.letters, err = notify.New(notify.Config{
		Store: s.Notify, Rules: texts, Channels: o.outside(), Now: s.Clock.Now,
		Lease:   lease,
		Workers: 1, // one after the other, so that every run tells one story
	}); err != nil {
		return err
	}
	if o.numbers, err = voucher.New(voucher.Config{Store: s.Voucher, Now: s.Clock.Now, Zone: zone, Series: o.series()}); err != nil {
		return err
	}
	if err := s.Exec(ctx, ownTables); err != nil {
		return err
	}
	o.followers = []*follower{
		{name: "search", page: 1000, copy: index.New(o.today(), 730)},
		{name: "partners", page: 3, copy: index.New(o.today(), 730)},
	}
	return o.build(ctx)
}

// build defines the flats, and what else is booked with them.
func (o *office) build(ctx context.Context) error {
	var all []booking.Command
	for _, n := range flatsOfHouse() {
		all = append(all, booking.Define{By: "developer", Unit: booking.Unit{
			ID: o.flat(n), Zone: zone, TTL: 30 * time.Minute, MaxHold: 30 * 24 * time.Hour,
			Tags: map[string]string{"complex": "north-park", "building": "2", "layout": []string{"studio", "1", "2", "3"}[n%4]},
		}})
	}
	for _, u := range []booking.Unit{
		{ID: o.unit("show-flat"), Axis: booking.AxisTimes, Zone: zone},
		{ID: o.unit("irina"), Axis: booking.AxisTimes, Zone: zone, Turnover: booking.Turnover{Time: travel}},
		{ID: o.unit("quota of agency-north"), Capacity: agreed, Zone: zone, MaxHold: 30 * 24 * time.Hour},
	} {
		all = append(all, booking.Define{By: "developer", Unit: u})
	}
	if _, err := o.flats.Do(ctx, all...); err != nil {
		return err
	}
	o.Say("North Park, building 2: %d flats for sale, on the own site, on two listing sites, in the search and with the partners", "«Северный парк», корпус 2: в продаже %d квартир — на своём сайте, на двух площадках, в поиске и у партнёров", len(flatsOfHouse()))
	// The calendars know the dictionary's words alone.
	_, err := o.flats.Do(ctx, booking.Define{By: "agent", Unit: booking.Unit{ID: o.flat(25), Tags: map[string]string{"complex": "north-prak"}}})
	unknown, ok := errors.AsType[*booking.UnknownError](err)
	if !ok {
		return fmt.Errorf("a flat of a complex that nobody knows: %w", err)
	}
	o.Say("a flat of a misspelled complex is refused: %s", "квартира с опечаткой в комплексе не принята: %s", unknown.Text(o.Lang))
	return o.tick(ctx)
}

func (o *office) unit(name string) booking.UnitID { return booking.UnitID(o.house + "/" + name) }
func (o *office) flat(n int) booking.UnitID       { return o.unit(fmt.Sprint("flat-", n)) }

// id names what this run makes.
func (o *office) id(format string, args ...any) string {
	return o.house + "/" + fmt.Sprintf(format, args...)
}

// at moves the clock to a day of March 2026 and a wall clock of Moscow.
func (o *office) at(day, hour, minute int) time.Time {
	t := time.Date(2026, time.March, day, hour-3, minute, 0, 0, time.UTC)
	o.Clock.Set(t)
	return t
}

func (o *office) today() date.Date           { return o.date(o.Clock.Now()) }
func (o *office) date(t time.Time) date.Date { return date.NewAt(t.Add(3 * time.Hour)) }

// when tells an instant as Moscow's clocks show it.
func (o *office) when(t time.Time) string {
	t = t.Add(3 * time.Hour)
	return t.Format(o.T("2 Jan 15:04", "02.01 15:04"))
}

// title is how a stage or an action is called.
func (o *office) title(id string) string { return o.titles[id][o.Lang] }

// word is a name of people, agencies and channels as the story's reader says it.
func (o *office) word(id string) string {
	words := map[string][2]string{
		"irina": {"Irina", "Ирина"}, "oleg": {"Oleg", "Олег"}, "elena": {"Elena", "Елена"},
		"agency-north": {"agency North", "агентство «Север»"}, "agency-south": {"agency South", "агентство «Юг»"},
		"site": {"site", "сайт"}, "phone": {"telephone", "телефон"}, "whatsapp": {"WhatsApp", "WhatsApp"}, "mail": {"mail", "почта"},
		"Илья Горин": {"Ilya Gorin", "Илья Горин"}, "Вера Лапина": {"Vera Lapina", "Вера Лапина"}, "Роман Зуев": {"Roman Zuev", "Роман Зуев"},
		"Сергей Ким": {"Sergey Kim", "Сергей Ким"}, "Серёжа": {"Seryozha", "Серёжа"},
		"us": {"us", "нас"}, "client": {"the client", "клиента"}, "bank": {"the bank", "банк"}, "registry": {"the registry", "регистратора"},
	}
	if w, ok := words[id]; ok {
		return o.T(w[0], w[1])
	}
	return id
}

// of is a part of a whole, as facts tell it.
func (o *office) of(part, whole int) string {
	return fmt.Sprintf(o.T("%d of %d", "%d из %d"), part, whole)
}

// tick is what a service does every few seconds: what fell due is recorded and told.
func (o *office) tick(ctx context.Context) error {
	if _, err := o.flats.Tick(ctx, o.Booking, 1000); err != nil {
		return err
	}
	if err := o.follow(ctx); err != nil {
		return err
	}
	if _, err := o.deals.Tick(ctx, o.Pipeline, 1000); err != nil {
		return err
	}
	_, err := o.letters.Tick(ctx, o.Notify, 1000)
	return err
}

// bookings are all events of this house's calendars, from the first.
func (o *office) bookings(ctx context.Context) (all []booking.Event, err error) {
	for cursor := store.Cursor(""); ; {
		events, next, err := o.Booking.Since(ctx, cursor, 1000)
		if err != nil || len(events) == 0 {
			return all, err
		}
		for _, e := range events {
			if strings.HasPrefix(e.Key.ID, o.house+"/") {
				all = append(all, e)
			}
		}
		cursor = next
	}
}
