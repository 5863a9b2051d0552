package main

import (
	"bytes"
	"context"
	_ "embed"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/pipeline"
)

//go:embed reservations.csv
var ownReservations string

// rulesJSON are the stages of reservations and of visits.
//
//go:embed rules.json
var rulesJSON []byte

var reservationColumns = []string{"reservation", "revision", "partner", "guest", "email", "tour", "start", "end", "seats", "price", "currency", "airport", "status", "pickup"}

// A reservation is a revision of one, as the outside system sends it.
type reservation struct {
	id         string // of its case, within the run
	number     string
	revision   int
	partner    string // his number in the old base
	guest      string
	email      string
	tour       string
	start, end date.Date
	seats      int
	price      decimal.Decimal
	currency   string
	airport    string
	status     string
	pickup     string
}

// set is the reservation as fields of its case.
func (r reservation) set() map[pipeline.FieldID]string {
	set := map[pipeline.FieldID]string{
		"guest": r.guest, "email": r.email, "tour": r.tour, "start": r.start.String(), "end": r.end.String(), "seats": strconv.Itoa(r.seats),
		"price": r.price.StringFixed(2), "currency": r.currency, "airport": r.airport, "status": r.status,
	}
	if r.pickup != "" {
		set["pickup"] = r.pickup
	}
	return set
}

// gateway is who the outside system is to us.
var gateway = pipeline.Actor{ID: "outside", Roles: []pipeline.Role{pipeline.RoleIntake}}

// receive brings the reservation's case up to date, or opens it, linked to the partner's card.
func (o *operator) receive(ctx context.Context, s *show.Story, r reservation, delivery string) (pipeline.Result, error) {
	open := pipeline.Open{
		ID: pipeline.CommandID(own(s, r.id+"|"+delivery)), Case: pipeline.CaseID(own(s, r.id)), Pipeline: "tours", Pool: "managers",
		Region: string(o.partners[r.partner].subdivision), SourceRev: int64(r.revision), Set: r.set(), Channel: "outside", By: gateway,
	}
	known, err := o.cards.Lookup(ctx, inOldBase(r.partner))
	if err != nil {
		return pipeline.Result{}, err
	}
	for _, m := range known {
		open.Cards = []pipeline.CardID{pipeline.CardID(m.Card)}
	}
	return o.deals.Open(ctx, open)
}

// managers share the cases by the partner's region.
func (o *operator) managers(context.Context, pipeline.PoolID) (pipeline.Pool, error) {
	regions := map[string][]string{}
	for _, p := range o.partners {
		regions[p.manager] = append(regions[p.manager], string(p.subdivision))
	}
	pool := pipeline.Pool{}
	for _, id := range slices.Sorted(maps.Keys(regions)) {
		pool.Members = append(pool.Members, pipeline.Member{ID: pipeline.ActorID(id), Regions: regions[id]})
	}
	return pool, nil
}

// reservations takes the file in row by row, and then all of it again from eight connections.
func (o *operator) reservations(ctx context.Context, s *show.Story) error {
	s.Clock.Set(o.opening.Add(3 * 24 * time.Hour))
	var err error
	if o.rules, err = pipeline.Read(bytes.NewReader(rulesJSON)); err != nil {
		return err
	}
	if o.deals, err = pipeline.New(pipeline.Config{Store: s.Pipeline, Rules: o.rules, Pools: o.managers, Now: s.Clock.Now}); err != nil {
		return err
	}
	var rows []reservation
	_, bad, err := s.Read(ownReservations, "R-101,1,P-01,IVANOVA ANNA,ivanova@mail.example.org,olkhon,2021-06-08,2021-06-15,2,123000.00,RUB,IKT,confirmed,", reservationColumns, func(row *show.Row) {
		if r := readReservation(row); row.OK() {
			rows = append(rows, r)
		}
	})
	if err != nil {
		return err
	}
	s.Say("%d rows arrive, the outside system being in no hurry to put them in order:", "Приходит строк: %d; внешняя система не спешит ставить их по порядку:", len(rows))
	var told account
	for i, r := range rows {
		res, err := o.receive(ctx, s, r, fmt.Sprint("row-", i+1))
		if err != nil {
			return err
		}
		if o.tell(s, &told, r, res); res.Created {
			o.sent = append(o.sent, r.id)
		}
		s.Clock.Advance(4 * time.Minute)
	}
	if more := told.lines - mostTold; more > 0 {
		s.Say("  … and %d rows more that changed or told something", "  … и ещё строк, что-то изменивших или сообщивших: %d", more)
	}
	changed, err := o.again(ctx, s, rows)
	if err != nil {
		return err
	}
	s.Say("New cases: %d. Then the whole file comes again, shuffled, over eight connections at once: %d fields change.",
		"Новых дел: %d. Потом весь файл приходит снова, вразнобой, по восьми соединениям сразу: изменилось полей: %d.", told.opened, changed)
	s.Add("the file again, shuffled, changes nothing", "файл снова и вразнобой ничего не меняет", changed == 0, s.T("%d fields in %d deliveries", "полей %d за %d доставок"), changed, len(rows))
	s.Add("unreadable rows are reported, the rest is taken", "нечитаемые строки названы, остальные приняты", told.rows == len(rows), s.T("%d taken, %d reported", "принято %d, названо %d"), told.rows, bad)
	return o.checkReservations(ctx, s, rows, told)
}

func readReservation(row *show.Row) reservation {
	r := reservation{
		number: row.Text("reservation"), revision: row.Int("revision", 1, 1_000_000), partner: row.Text("partner"), guest: row.Text("guest"), email: row.Text("email"),
		tour: row.Text("tour"), start: row.Date("start"), end: row.Date("end"), seats: row.Int("seats", 1, 100), currency: row.OneOf("currency", "RUB", "KZT"),
		airport: row.Text("airport"), status: row.OneOf("status", "new", "confirmed", "paid", "cancelled"), pickup: row.Text("pickup"),
	}
	var err error
	if r.price, err = decimal.NewFromString(row.Text("price")); err != nil || r.price.IsNegative() || !r.price.Equal(r.price.Round(2)) || r.price.GreaterThan(decimal.New(1, 9)) {
		row.Bad("price", "must be a sum like 123000.00", "должно быть суммой вида 123000.00")
	}
	r.id = "file-" + r.number
	for _, column := range []string{"reservation", "partner", "guest", "email", "tour", "airport", "pickup"} {
		if text := row.Text(column); len(text) > 100 || strings.ContainsFunc(text, unprintable) {
			row.Bad(column, "must be up to 100 bytes of Latin or Cyrillic letters, digits and signs but |", "должно быть до 100 байт латиницы, кириллицы, цифр и знаков, кроме |")
		}
	}
	for _, column := range []string{"reservation", "guest", "tour"} {
		if strings.TrimSpace(row.Text(column)) == "" {
			row.Bad(column, "must not be blank", "не может быть пустым")
		}
	}
	if y := r.start.Year(); y < 2001 || y > 2100 {
		row.Bad("start", "must lie in the years 2001 to 2100", "должно лежать в 2001–2100 годах")
	}
	if r.end < r.start {
		row.Bad("end", "must not lie before start", "не может быть раньше start")
	}
	return r
}

// unprintable reports what no voucher should have to print.
func unprintable(r rune) bool {
	return r == '|' || r < ' ' || r > '~' && !unicode.Is(unicode.Cyrillic, r) && !unicode.Is(unicode.Latin, r)
}

// mostTold is how many rows are told of one by one.
const mostTold = 8

// An account is what came of the rows.
type account struct {
	rows, opened, lines int
	changed             int // fields
}

// tell says what a row changed: the fields, and those that it may not.
func (o *operator) tell(s *show.Story, a *account, r reservation, res pipeline.Result) {
	a.rows++
	var parts []string
	stale := 0
	for _, ch := range res.Changes {
		switch {
		case ch.Field == pipeline.FieldCards:
		case ch.Kept == pipeline.KeptStale:
			stale++
		case ch.Kept == pipeline.KeptRole:
			parts = append(parts, fmt.Sprintf(s.T("%s %q is not taken: that field is ours", "%s «%s» не принята: это поле наше"), o.fieldTitle(s, ch.Field), ch.To))
		case ch.Kept == pipeline.KeptConflict:
			parts = append(parts, fmt.Sprintf(s.T("%s: %s is kept, the same revision said %s", "%s: осталось %s, та же ревизия говорит %s"), o.fieldTitle(s, ch.Field), ch.From, ch.To))
		case !res.Created && ch.From != ch.To:
			a.changed++
			parts = append(parts, fmt.Sprintf("%s %s → %s", o.fieldTitle(s, ch.Field), word(s, ch.From), word(s, ch.To)))
		}
	}
	if res.Created {
		a.opened++
	}
	switch {
	case res.Created && o.partners[r.partner].id == "":
		parts = append(parts, fmt.Sprintf(s.T("opened without a partner, nobody knows %s", "открыта без партнёра, %s никому не известен"), r.partner))
	case stale > 0:
		parts = append(parts, fmt.Sprintf(s.T("comes late, a newer one is there: fields kept out: %d", "опоздала, есть более новая: не принято полей: %d"), stale))
	}
	if len(parts) == 0 {
		return
	}
	if a.lines++; a.lines <= mostTold {
		s.Say("  %s, revision %d: %s", "  %s, ревизия %d: %s", r.number, r.revision, strings.Join(parts, ", "))
	}
}

func (o *operator) fieldTitle(s *show.Story, id pipeline.FieldID) string {
	for _, f := range o.rules.Definitions[0].Fields {
		if f.ID == id {
			return f.Title[s.Lang]
		}
	}
	return string(id)
}

// word is a status in the story's language; anything else stays as it is.
func word(s *show.Story, text string) string {
	switch text {
	case "new":
		return s.T("new", "новая")
	case "confirmed":
		return s.T("confirmed", "подтверждена")
	case "paid":
		return s.T("paid", "оплачена")
	case "cancelled":
		return s.T("cancelled", "отменена")
	}
	return text
}

// again sends every row once more, in another order, over eight connections, and returns how many
// fields that changed.
func (o *operator) again(ctx context.Context, s *show.Story, rows []reservation) (changed int, err error) {
	order := rand.New(rand.NewPCG(s.Seed, 1)).Perm(len(rows))
	var mu sync.Mutex
	var wg sync.WaitGroup
	for connection := range 8 {
		wg.Go(func() {
			for i := connection; i < len(order); i += 8 {
				res, e := o.receive(ctx, s, rows[order[i]], fmt.Sprint("again-", i))
				mu.Lock()
				for _, ch := range res.Changes {
					if ch.Kept == "" && ch.From != ch.To {
						changed++
					}
				}
				if e != nil {
					err = e
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return changed, err
}

// checkReservations sets what is kept against the file alone.
func (o *operator) checkReservations(ctx context.Context, s *show.Story, rows []reservation, told account) error {
	newest := map[string]reservation{}
	for _, r := range rows {
		if r.revision > newest[r.id].revision { // of two that differ the first holds
			newest[r.id] = r
		}
	}
	fields, differ, linked, links, once, listed := 0, 0, 0, 0, 0, 0
	kept, err := o.casesOf(ctx, s, "tours")
	if err != nil {
		return err
	}
	for id, want := range newest {
		got := kept[own(s, id)]
		for f, v := range want.set() {
			if f == "pickup" {
				continue
			}
			fields++
			if got.Values[f].Text != v {
				differ++
			}
		}
		if p := o.partners[want.partner]; p.id != "" {
			links++
			card, err := o.cards.Card(ctx, dedup.CardID("old-base|"+p.id+"|1"))
			if err != nil {
				return err
			}
			if len(got.Cards) == 1 && string(got.Cards[0]) == string(card.ID) && string(got.Owner) == p.manager {
				linked++
			}
		}
		history, err := s.Pipeline.History(ctx, got.ID, 0, 10_000)
		if err != nil {
			return err
		}
		opened := 0
		for _, e := range history {
			switch {
			case e.Kind == pipeline.EventOpened:
				opened++
			case e.Kind == pipeline.EventSet && e.By == gateway.ID && e.From != "" && e.From != e.To && e.Name != string(pipeline.FieldCards):
				listed++
			}
		}
		if opened == 1 {
			once++
		}
	}
	s.Add("each reservation is one case, opened once", "каждая бронь — одно дело, открытое один раз", once == len(newest) && len(kept) == len(newest) && told.opened == once, s.T("%d of %d", "%d из %d"), once, len(newest))
	s.Add("each field is that of the newest revision", "каждое поле — из последней ревизии", differ == 0, s.T("%d of %d differ", "различаются %d из %d"), differ, fields)
	s.Add("each changed field was listed", "каждое изменённое поле названо", listed == told.changed, s.T("%d listed, %d in the histories", "названо %d, в историях %d"), told.changed, listed)
	s.Add("each case has its partner's card and manager", "у каждого дела карточка и менеджер партнёра", linked == links, s.T("%d of %d", "%d из %d"), linked, links)
	return nil
}

// casesOf returns this run's cases of a pipeline.
func (o *operator) casesOf(ctx context.Context, s *show.Story, of pipeline.PipelineID) (map[string]pipeline.Record, error) {
	cases := map[string]pipeline.Record{}
	for after := pipeline.CaseID(""); ; {
		page, err := s.Pipeline.Find(ctx, pipeline.Filter{Pipeline: of}, after, 500)
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			if after = r.ID; strings.HasPrefix(string(r.ID), own(s, "")) {
				cases[string(r.ID)] = r
			}
		}
		if len(page) == 0 {
			return cases, nil
		}
	}
}
