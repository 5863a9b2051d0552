package main

import (
	"context"
	"maps"
	"net/http"
	"slices"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/store"
)

// keepRulings is how many rulings the view keeps: the newest.
const keepRulings = 50

type cardsPage struct {
	Query string
	Found []cardLine
	Total int
	Card  *cardSheet
}

// A cardSheet is one customer.
type cardSheet struct {
	dedup.Card
	Entries  []cardEntry
	Record   []recordLine
	Partners []partnerLine
	Rulings  []dedup.StoredDecision
	Near     []cardLine // cards that share a telephone or mailbox with this one
	Request  string
	Done     string
}

type cardEntry struct {
	dedup.Entry
	Why     []string // why it lies on this card
	Reasons []string // what did not count
}

type recordLine struct {
	Field   string
	Value   dedup.Value
	Channel string
}

type partnerLine struct {
	Partner dedup.PartnerID
	Verdict dedup.Verdict
}

// cardsPage lists customers.
func (s *server) cardsPage(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "cards")
	return s.show(w, r, p.with(s.list(r)))
}

func (s *server) list(r *http.Request) cardsPage {
	q := r.FormValue("q")
	list := cardsPage{Query: q, Found: s.h.view.find(q, 40)}
	s.h.view.mu.RLock()
	list.Total = len(s.h.view.cards)
	s.h.view.mu.RUnlock()
	return list
}

// card is one customer: every touch, where each field came from, why the touches lie together.
func (s *server) card(w http.ResponseWriter, r *http.Request) error {
	return s.showCard(w, r, dedup.CardID(r.PathValue("id")), "")
}

func (s *server) showCard(w http.ResponseWriter, r *http.Request, id dedup.CardID, done string) error {
	p := s.page(r, "cards")
	sh, err := s.sheetOf(r, p, id)
	if err != nil {
		return err
	}
	sh.Done = done
	if wantsJSON(r) {
		touches := []dedup.TouchID{}
		for _, e := range sh.Timeline {
			touches = append(touches, e.ID)
		}
		return writeJSON(w, map[string]any{"card": sh.ID, "touches": touches})
	}
	list := s.list(r)
	list.Card = sh
	p = p.with(list)
	if isPart(r) {
		s.render(w, http.StatusOK, "card", p)
		return nil
	}
	s.render(w, http.StatusOK, "page-cards", p)
	return nil
}

// sheetOf asks the desk for all that it knows of a customer.
func (s *server) sheetOf(r *http.Request, p page, id dedup.CardID) (*cardSheet, error) {
	ctx, desk := r.Context(), s.h.customers
	card, err := desk.Card(ctx, id)
	if err != nil {
		return nil, err
	}
	sh := &cardSheet{Card: card, Request: newRequest()}
	channel := map[dedup.TouchID]string{}
	for i, e := range card.Timeline {
		channel[e.ID] = e.Source.Channel
		entry := cardEntry{Entry: e}
		for _, reason := range e.Reasons {
			entry.Reasons = append(entry.Reasons, reason.Text(p.Lang))
		}
		if i > 0 && i < 20 {
			because, err := desk.Explain(ctx, card.Timeline[0].ID, e.ID)
			if err != nil {
				return nil, err
			}
			for _, step := range because.Steps {
				entry.Why = append(entry.Why, step.Text(p.Lang))
			}
		}
		sh.Entries = append(sh.Entries, entry)
	}
	for _, field := range slices.Sorted(maps.Keys(card.Record)) {
		v := card.Record[field]
		sh.Record = append(sh.Record, recordLine{field, v, channel[v.Touch]})
	}
	var known []dedup.Identifier
	for _, k := range card.Keys {
		known = append(known, identifier(k.Key))
	}
	for _, partner := range partners {
		verdict, err := desk.Probe(ctx, dedup.Probe{Partner: partner, Identifiers: known})
		if err != nil {
			return nil, err
		}
		sh.Partners = append(sh.Partners, partnerLine{partner, verdict})
	}
	if len(known) > 0 {
		matches, err := desk.Lookup(ctx, known...)
		if err != nil {
			return nil, err
		}
		s.h.view.mu.RLock()
		for _, m := range matches {
			if line, ok := s.h.view.cards[m.Card]; ok && m.Card != card.ID && !slices.ContainsFunc(sh.Near, func(l cardLine) bool { return l.ID == m.Card }) {
				sh.Near = append(sh.Near, line)
			}
		}
		s.h.view.mu.RUnlock()
	}
	sh.Rulings = s.h.view.about(card)
	return sh, nil
}

// identifier reads a key back as what was typed.
func identifier(k dedup.Key) dedup.Identifier {
	switch text := string(k); k.Kind() {
	case dedup.KindPhone:
		return dedup.Identifier{Kind: dedup.KindPhone, Raw: text[len("tel:"):]}
	case dedup.KindEmail:
		return dedup.Identifier{Kind: dedup.KindEmail, Raw: text[len("mailto:"):]}
	}
	return dedup.Identifier{Kind: dedup.KindExternal, System: "whatsapp", Raw: string(k)}
}

// rule is a person's ruling: a touch is somebody else's, two cards are one person's, or a ruling was
// wrong. The rules obey it until it is withdrawn.
func (s *server) rule(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "cards")
	card, err := s.h.customers.Card(r.Context(), dedup.CardID(r.PathValue("id")))
	if err != nil {
		return err
	}
	touch := dedup.TouchID(r.PostForm.Get("touch"))
	id, err := requestID(r)
	if err != nil {
		return err
	}
	cmd := dedup.Decide{ID: dedup.DecisionID(id), By: string(p.Who.ID), Why: "board"}
	switch do := r.PostForm.Get("do"); do {
	case "split":
		cmd.Ruling, cmd.A = dedup.RulingDifferent, []dedup.TouchID{touch}
		for _, e := range card.Timeline {
			if e.ID != touch {
				cmd.B = append(cmd.B, e.ID)
			}
		}
		if len(cmd.B) == len(card.Timeline) || len(cmd.B) == 0 {
			return badField("touch", string(touch), "must be one of several touches on this card", "должно быть одним из нескольких обращений этой карточки")
		}
	case "join":
		cmd.Ruling, cmd.A = dedup.RulingSame, []dedup.TouchID{card.Timeline[0].ID, touch}
	case "withdraw":
		cmd.Ruling, cmd.Undo = dedup.RulingWithdraw, dedup.DecisionID(r.PostForm.Get("undo"))
	default:
		return badField("do", do, "must be split, join or withdraw", "должно быть split, join или withdraw")
	}
	if _, err := s.h.customers.Decide(r.Context(), cmd); err != nil {
		return err
	}
	if err := s.h.follow(r.Context()); err != nil {
		return err
	}
	if !isPart(r) && !wantsJSON(r) {
		return back(w, r)
	}
	return s.showCard(w, r, card.ID, "done")
}

// reloadRulings loads rulings that were made or withdrawn, and keeps the newest in force.
func (h *house) reloadRulings(ctx context.Context, events []dedup.Event) error {
	for _, e := range events {
		if e.Kind != dedup.EventDecided {
			continue
		}
		rows, err := h.inbox.Load(ctx, dedup.Query{Keys: []store.Key{e.Key}})
		if err != nil {
			return err
		}
		for _, row := range rows {
			if row.Decision == nil {
				continue
			}
			h.view.mu.Lock()
			switch d := *row.Decision; d.Ruling {
			case dedup.RulingWithdraw:
				h.view.rulings = slices.DeleteFunc(h.view.rulings, func(had dedup.StoredDecision) bool { return had.ID == d.Undo })
			default:
				h.view.rulings = append([]dedup.StoredDecision{d}, h.view.rulings[:min(len(h.view.rulings), keepRulings-1)]...)
			}
			h.view.mu.Unlock()
		}
	}
	return nil
}

// about returns the rulings in force that name a touch of the card.
func (v *view) about(card dedup.Card) []dedup.StoredDecision {
	on := map[dedup.TouchID]bool{}
	for _, e := range card.Timeline {
		on[e.ID] = true
	}
	v.mu.RLock()
	defer v.mu.RUnlock()
	var found []dedup.StoredDecision
	for _, d := range v.rulings {
		if d.Withdrawn == "" && slices.ContainsFunc(append(slices.Clone(d.A), d.B...), func(t dedup.TouchID) bool { return on[t] }) {
			found = append(found, d)
		}
	}
	return found
}
