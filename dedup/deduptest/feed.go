package deduptest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// TestFeed runs every case for a feed, and the store whose events it hands out.
func TestFeed(t *testing.T, open func(*testing.T) (dedup.Store, dedup.Feed)) {
	s, f := open(t)
	storetest.RunCases(t, FeedCases(s, f))
}

// FeedCases are what TestFeed runs.
func FeedCases(s dedup.Store, f dedup.Feed) []storetest.Case {
	return []storetest.Case{
		{Name: "fold", Rule: "folding the events gives each touch's card, page by page", Run: func(ctx context.Context) error { return tryFold(ctx, s, f) }},
		{Name: "rewound", Rule: "a cursor of events that are not there is store.ErrRewound", Run: func(ctx context.Context) error { return tryRewound(ctx, s, f) }},
	}
}

// TestFind runs every case for a finder, and the store whose touches it lists.
func TestFind(t *testing.T, open func(*testing.T) (dedup.Store, dedup.Finder)) {
	s, f := open(t)
	storetest.RunCases(t, FindCases(s, f))
}

// FindCases are what TestFind runs.
func FindCases(s dedup.Store, f dedup.Finder) []storetest.Case {
	return []storetest.Case{
		{Name: "find", Rule: "Find lists a partner's touches by (Received, ID), once each, as its filter says", Run: func(ctx context.Context) error { return tryFind(ctx, s, f) }},
	}
}

// end returns the cursor behind all events, and passes each to see.
func end(ctx context.Context, f dedup.Feed, limit int, see func(dedup.Event)) (store.Cursor, error) {
	var at store.Cursor
	for {
		events, next, err := f.Since(ctx, at, limit)
		if err != nil {
			return at, err
		}
		for _, e := range events {
			see(e)
		}
		if len(events) == 0 {
			return at, nil
		}
		at = next
	}
}

func tryFold(ctx context.Context, s dedup.Store, f dedup.Feed) error {
	desk, err := newDesk(s)
	if err != nil {
		return err
	}
	touches := stream(50)
	mine := make(map[dedup.TouchID]bool)
	for i, t := range touches {
		mine[t.ID] = true
		if _, err := desk.Ingest(ctx, t); err != nil {
			return err
		}
		if i%9 == 4 { // a follower numbers events on its way
			if _, err := end(ctx, f, 3, func(dedup.Event) {}); err != nil {
				return err
			}
		}
	}
	cards := make(map[dedup.TouchID]dedup.CardID)
	alias := make(map[dedup.CardID]dedup.CardID)
	seqs := make(map[store.Key]int64)
	var disorder error
	_, err = end(ctx, f, 7, func(e dedup.Event) {
		if e.Seq != seqs[e.Key]+1 && mine[dedup.TouchID(e.Key.ID)] {
			disorder = fmt.Errorf("event %d of %v came after %d", e.Seq, e.Key, seqs[e.Key])
		}
		seqs[e.Key] = e.Seq
		switch e.Kind {
		case dedup.EventAttached:
			card := e.Card
			for alias[card] != "" {
				card = alias[card]
			}
			cards[e.Touch] = card
		case dedup.EventMoved:
			delete(alias, e.Card)
			cards[e.Touch] = e.Card
		case dedup.EventMerged:
			delete(alias, e.Card)
			for id, card := range cards {
				if card == e.Was {
					cards[id] = e.Card
				}
			}
			alias[e.Was] = e.Card
		case dedup.EventSplit:
			delete(alias, e.Card)
		}
	})
	if err != nil || disorder != nil {
		return errors.Join(err, disorder)
	}
	for _, t := range touches {
		card, err := desk.Card(ctx, dedup.CardID(t.ID))
		if err != nil {
			return err
		}
		if cards[t.ID] != card.ID {
			return fmt.Errorf("by the events touch %s lies on %s, by the desk on %s", t.ID, cards[t.ID], card.ID)
		}
	}
	return nil
}

func tryRewound(ctx context.Context, s dedup.Store, f dedup.Feed) error {
	desk, err := newDesk(s)
	if err != nil {
		return err
	}
	if _, err := desk.Ingest(ctx, stream(1)[0]); err != nil {
		return err
	}
	at, err := end(ctx, f, 100, func(dedup.Event) {})
	if err != nil {
		return err
	}
	if at == "" {
		return errors.New("a feed with events has no cursor behind them")
	}
	if _, _, err := f.Since(ctx, "9"+at, 10); !errors.Is(err, store.ErrRewound) {
		return fmt.Errorf("a cursor beyond the feed: got %v, want store.ErrRewound", err)
	}
	return nil
}

func tryFind(ctx context.Context, s dedup.Store, f dedup.Finder) error {
	desk, err := newDesk(s)
	if err != nil {
		return err
	}
	partner := dedup.PartnerID(mint("agency"))
	var want []dedup.TouchID
	for i, hours := range []int{5, 1, 3, 3, 9} {
		t := dedup.Touch{ID: dedup.TouchID(fmt.Sprintf("%s-%d", partner, i)), Received: moment.Add(time.Duration(hours) * time.Hour),
			Source: dedup.Source{Partner: partner, Scope: []string{"north", "south"}[i%2]}, Identifiers: []dedup.Identifier{{Kind: dedup.KindExternal, System: "x", Raw: mint("")}}}
		want = append(want, t.ID)
		if _, err := desk.Ingest(ctx, t); err != nil {
			return err
		}
		t.ID += "-other"
		t.Source.Partner += "-other"
		if _, err := desk.Ingest(ctx, t); err != nil {
			return err
		}
	}
	want = []dedup.TouchID{want[1], want[2], want[3], want[0], want[4]}
	list := func(q dedup.Filter, limit int) (ids []dedup.TouchID, err error) {
		var at store.Cursor
		for {
			page, next, err := f.Find(ctx, q, at, limit)
			if err != nil || len(page) == 0 {
				return ids, err
			}
			ids, at = append(ids, page...), next
		}
	}
	for _, try := range []struct {
		filter dedup.Filter
		want   []dedup.TouchID
	}{
		{dedup.Filter{Partner: partner}, want},
		{dedup.Filter{Partner: partner, Scope: "south"}, []dedup.TouchID{want[0], want[2]}},
		{dedup.Filter{Partner: partner, From: moment.Add(3 * time.Hour), To: moment.Add(9 * time.Hour)}, want[1:4]},
	} {
		for _, limit := range []int{1, 2, 100} {
			got, err := list(try.filter, limit)
			if err != nil {
				return err
			}
			if !slices.Equal(got, try.want) {
				return fmt.Errorf("%+v, %d a page: got %v, want %v", try.filter, limit, got, try.want)
			}
		}
	}
	all, err := list(dedup.Filter{From: moment, To: moment.Add(10 * time.Hour)}, 100)
	if err != nil {
		return err
	}
	for _, id := range want {
		if !slices.Contains(all, id) || !slices.Contains(all, id+"-other") {
			return fmt.Errorf("the list of all partners lacks %s", id)
		}
	}
	return nil
}
