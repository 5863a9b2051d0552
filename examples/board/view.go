package main

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/store"
)

// A view is what the board shows, kept in memory by following the four feeds: no click reads a
// whole table. It decides nothing; a command is judged on what the store holds.
type view struct {
	asked     atomic.Int64 // how often somebody wanted to see what is new
	following sync.Mutex   // one follower at a time
	served    int64        // of those who asked
	cursors   struct{ units, inbox, deals, letters store.Cursor }

	mu      sync.RWMutex
	order   []booking.UnitID // by floor and number
	flats   map[booking.UnitID]booking.Calendar
	deals   map[pipeline.CaseID]*pipeline.Case
	late    map[pipeline.CaseID]map[string]bool // clocks that were overrun
	cards   map[dedup.CardID]cardLine
	aliases map[dedup.CardID]dedup.CardID
	rulings []dedup.StoredDecision // in force
	letters map[notify.MessageID]notify.Delivery
	books   *books
	changes int // grows with every change

	hub hub
}

// A cardLine is what lists show of a card.
type cardLine struct {
	ID          dedup.CardID
	Name, Phone string
	Touches     int
	Last        time.Time
	First       string // the channel
}

// keepLetters is how many letters the view keeps: the newest.
const keepLetters = 3000

func newView() *view {
	return &view{
		flats: map[booking.UnitID]booking.Calendar{}, deals: map[pipeline.CaseID]*pipeline.Case{}, late: map[pipeline.CaseID]map[string]bool{},
		cards: map[dedup.CardID]cardLine{}, aliases: map[dedup.CardID]dedup.CardID{}, letters: map[notify.MessageID]notify.Delivery{}, books: newBooks(),
	}
}

// A changed tells the browsers what to ask for again.
type changed struct {
	Units   []booking.UnitID   `json:"units,omitempty"`
	Deals   []pipeline.CaseID  `json:"deals,omitempty"`
	Cards   []dedup.CardID     `json:"cards,omitempty"`
	Letters []notify.MessageID `json:"letters,omitempty"`
}

// follow reads what is new in the feeds, loads what it is about, and tells the browsers. Those who
// ask while somebody reads are served together by the next.
func (h *house) follow(ctx context.Context) error {
	v := h.view
	mine := v.asked.Add(1)
	v.following.Lock()
	defer v.following.Unlock()
	if v.served >= mine {
		return nil
	}
	serving := v.asked.Load()
	if err := h.catchUp(ctx); err != nil {
		return err
	}
	v.served = serving
	return nil
}

func (h *house) catchUp(ctx context.Context) error {
	v := h.view
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), maxTime) // others wait for it too
	defer cancel()
	var c changed
	err := errors.Join(
		take(ctx, h.bookings, &v.cursors.units, h.reloadUnits, &c.Units),
		take(ctx, h.inbox, &v.cursors.inbox, h.reloadCards, &c.Cards),
		take(ctx, h.cases, &v.cursors.deals, h.reloadDeals, &c.Deals),
		take(ctx, h.letters, &v.cursors.letters, h.reloadLetters, &c.Letters),
	)
	if len(c.Units)+len(c.Cards)+len(c.Deals)+len(c.Letters) > 0 {
		v.hub.tell(c)
	}
	return err
}

// take reads a feed to its end and reloads what its events are about. The cursor moves only after
// that, so that a failure loses no event.
func take[E, ID any](ctx context.Context, feed interface {
	Since(context.Context, store.Cursor, int) ([]E, store.Cursor, error)
}, cursor *store.Cursor, reload func(context.Context, []E) ([]ID, error), changed *[]ID) error {
	at := *cursor
	var all []E
	for {
		events, next, err := feed.Since(ctx, at, 1000)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		all, at = append(all, events...), next
	}
	if len(all) == 0 {
		return nil
	}
	ids, err := reload(ctx, all)
	if err == nil {
		*cursor, *changed = at, ids
	}
	return err
}

// horizon is the part of the calendars that the board keeps: all from before its first day on.
var horizon = booking.NightsFrom(boardFirst - 60)

func (h *house) reloadUnits(ctx context.Context, events []booking.Event) ([]booking.UnitID, error) {
	ids := map[booking.UnitID]bool{}
	for _, e := range events {
		ids[booking.UnitID(e.Key.ID)] = true
	}
	units := slices.Sorted(maps.Keys(ids))
	cals, err := h.units.Calendar(ctx, horizon, units...)
	if err != nil {
		return nil, err
	}
	v := h.view
	v.mu.Lock()
	defer v.mu.Unlock()
	v.changes++
	for _, e := range events {
		v.books.booked(e)
	}
	for _, c := range cals {
		if _, known := v.flats[c.Unit.ID]; !known {
			v.order = append(v.order, c.Unit.ID)
		}
		v.flats[c.Unit.ID] = c
	}
	slices.SortFunc(v.order, func(a, b booking.UnitID) int { return cmp.Or(cmp.Compare(len(a), len(b)), cmp.Compare(a, b)) })
	return units, nil
}

func (h *house) reloadCards(ctx context.Context, events []dedup.Event) ([]dedup.CardID, error) {
	ids := map[dedup.CardID]bool{}
	for _, e := range events {
		for _, id := range []dedup.CardID{e.Card, e.Was} {
			if id != "" && e.Kind != dedup.EventDispute {
				ids[id] = true
			}
		}
	}
	var lines []cardLine
	aliases := map[dedup.CardID]dedup.CardID{}
	for id := range ids {
		card, err := h.customers.Card(ctx, id)
		if err != nil {
			return nil, err
		}
		aliases[id] = card.ID
		lines = append(lines, cardLine{ID: card.ID, Name: card.Record["name"].Value, Phone: card.Record["phone"].Value,
			Touches: len(card.Timeline), Last: card.Last.When(), First: card.First.Source.Channel})
	}
	if err := h.reloadRulings(ctx, events); err != nil {
		return nil, err
	}
	v := h.view
	v.mu.Lock()
	defer v.mu.Unlock()
	v.changes++
	for id, card := range aliases {
		if v.aliases[id] = card; id != card {
			delete(v.cards, id)
		}
	}
	for _, l := range lines {
		v.cards[l.ID] = l
	}
	return slices.Sorted(maps.Keys(ids)), nil
}

func (h *house) reloadDeals(ctx context.Context, events []pipeline.Event) ([]pipeline.CaseID, error) {
	ids := map[pipeline.CaseID]bool{}
	for _, e := range events {
		if e.Key.Kind == pipeline.KeyCase {
			ids[pipeline.CaseID(e.Key.ID)] = true
		}
	}
	var cases []*pipeline.Case
	for id := range ids {
		c, err := h.deals.Case(ctx, id)
		if err != nil {
			return nil, err
		}
		cases = append(cases, &c)
	}
	v := h.view
	v.mu.Lock()
	defer v.mu.Unlock()
	v.changes++
	for _, e := range events {
		v.books.dealt(e)
		id := pipeline.CaseID(e.Key.ID)
		switch e.Kind {
		case pipeline.EventBreached:
			if v.late[id] == nil {
				v.late[id] = map[string]bool{}
			}
			v.late[id][e.Name] = true
		case pipeline.EventWithdrawn:
			delete(v.late[id], e.Name)
		case pipeline.EventMoved:
			delete(v.late, id) // somebody attended to it
		case pipeline.EventResponded, pipeline.EventSideClosed:
			for _, timer := range rental.Timers {
				if timer.Stop == "responded" && e.Kind == pipeline.EventResponded || timer.Stop == "side_closed "+e.Name {
					delete(v.late[id], timer.ID)
				}
			}
		}
	}
	for _, c := range cases {
		v.deals[c.ID] = c
	}
	return slices.Sorted(maps.Keys(ids)), nil
}

func (h *house) reloadLetters(ctx context.Context, events []notify.Event) ([]notify.MessageID, error) {
	ids := map[notify.MessageID]bool{}
	for _, e := range events {
		if e.Key.Kind == notify.KindDelivery {
			ids[notify.MessageID(e.Key.ID)] = true
		}
	}
	var deliveries []notify.Delivery
	for id := range ids {
		d, err := h.post.Delivery(ctx, id)
		if err != nil {
			return nil, err
		}
		deliveries = append(deliveries, d)
	}
	v := h.view
	v.mu.Lock()
	defer v.mu.Unlock()
	v.changes++
	for _, d := range deliveries {
		v.letters[d.ID] = d
	}
	if over := len(v.letters) - keepLetters; over > 0 { // what has ended goes, the oldest first
		ended := slices.SortedFunc(maps.Values(v.letters), func(a, b notify.Delivery) int {
			return cmp.Or(cmp.Compare(rank(a), rank(b)), lastTime(a).Compare(lastTime(b)))
		})
		for _, d := range ended[:over+keepLetters/10] {
			delete(v.letters, d.ID)
		}
	}
	return slices.Sorted(maps.Keys(ids)), nil
}

func rank(d notify.Delivery) int {
	if d.State == notify.StatePending {
		return 1
	}
	return 0
}

// calendars returns the flats from a place in the order on, brought to now.
func (v *view) calendars(from, count int, now time.Time) []booking.Calendar {
	v.mu.RLock()
	defer v.mu.RUnlock()
	from = min(max(from, 0), len(v.order))
	var cals []booking.Calendar
	for _, id := range v.order[from:min(from+count, len(v.order))] {
		cals = append(cals, bring(now, v.flats[id]))
	}
	return cals
}

// calendar returns one flat, brought to now.
func (v *view) calendar(id booking.UnitID, now time.Time) (booking.Calendar, error) {
	v.mu.RLock()
	defer v.mu.RUnlock()
	cal, ok := v.flats[id]
	if !ok {
		return cal, &booking.UnknownError{Kind: "unit", ID: string(id)}
	}
	return bring(now, cal), nil
}

// bring lets holds lapse and queues move up, as the desk does. No reservation of the house takes
// two flats, so a calendar can be brought to an instant by itself.
func bring(now time.Time, cal booking.Calendar) booking.Calendar {
	if cals, need := booking.At(now, cal); need == nil {
		return cals[0]
	}
	return cal
}

// person is what the board calls the holder of a reservation.
func (v *view) person(holder string) string {
	v.mu.RLock()
	defer v.mu.RUnlock()
	id := dedup.CardID(holder)
	if card, ok := v.aliases[id]; ok {
		id = card
	}
	if line, ok := v.cards[id]; ok {
		return line.Name
	}
	return holder
}

// find lists cards whose name, telephone or ID contains the text, the newest first.
func (v *view) find(text string, limit int) []cardLine {
	v.mu.RLock()
	defer v.mu.RUnlock()
	text = strings.ToLower(text)
	var found []cardLine
	for _, l := range v.cards {
		if strings.Contains(strings.ToLower(l.Name+" "+l.Phone+" "+string(l.ID)), text) {
			found = append(found, l)
		}
	}
	slices.SortFunc(found, func(a, b cardLine) int { return cmp.Or(b.Last.Compare(a.Last), cmp.Compare(a.ID, b.ID)) })
	return found[:min(limit, len(found))]
}

// boardFirst is the first day of the chessboard, boardDays how many it has.
var boardFirst = date.NewAt(opening) - 7

const boardDays = 372
