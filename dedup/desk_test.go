package dedup

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store"
)

func newDesk(t testing.TB, c Config) (*Desk, *Memory) {
	m := NewMemory()
	c.Store = m
	d, err := New(c)
	require.NoError(t, err)
	return d, m
}

// cardsOf returns the groups of touches by card, as Partition does.
func cardsOf(t require.TestingT, d *Desk, ids []TouchID) [][]TouchID {
	groups := make(map[CardID][]TouchID)
	for _, id := range ids {
		w := d.newWork("", false)
		card, err := w.resolve(context.Background(), id, "touch")
		require.NoError(t, err)
		w.free()
		groups[card] = append(groups[card], id)
	}
	return sortedGroups(groups)
}

func sortedGroups(groups map[CardID][]TouchID) [][]TouchID {
	var out [][]TouchID
	for _, g := range groups {
		slices.Sort(g)
		out = append(out, g)
	}
	slices.SortFunc(out, func(a, b []TouchID) int { return strings.Compare(string(a[0]), string(b[0])) })
	return out
}

// fold returns the touch-to-card map that the events tell, grouped by card.
func fold(t require.TestingT, m Feed) map[TouchID]CardID {
	cards := make(map[TouchID]CardID)
	on := make(map[CardID]map[TouchID]bool)
	alias := make(map[CardID]CardID)
	lay := func(id TouchID, card CardID) {
		if old, ok := cards[id]; ok {
			delete(on[old], id)
		}
		cards[id] = card
		if on[card] == nil {
			on[card] = make(map[TouchID]bool)
		}
		on[card][id] = true
	}
	var after store.Cursor
	for {
		events, next, err := m.Since(context.Background(), after, 1000)
		require.NoError(t, err)
		if len(events) == 0 {
			return cards
		}
		after = next
		for _, e := range events {
			switch e.Kind {
			case EventAttached:
				card := e.Card
				for alias[card] != "" {
					card = alias[card]
				}
				lay(e.Touch, card)
			case EventMoved:
				delete(alias, e.Card)
				lay(e.Touch, e.Card)
			case EventMerged:
				delete(alias, e.Card)
				for id := range on[e.Was] {
					lay(id, e.Card)
				}
				alias[e.Was] = e.Card
			case EventSplit:
				delete(alias, e.Card)
			}
		}
	}
}

func TestDeskFollowsPartition(t *testing.T) {
	records := synthetic(t)[:20000]
	touches := touchesOf(records)
	want, err := Partition(touches, nil, Config{})
	require.NoError(t, err)
	d, m := newDesk(t, Config{})
	ids := make([]TouchID, len(touches))
	start := time.Now()
	for i, touch := range touches {
		_, err := d.Ingest(context.Background(), touch)
		require.NoError(t, err)
		ids[i] = touch.ID
	}
	t.Logf("%d touches, %.1f µs each", len(touches), float64(time.Since(start).Microseconds())/float64(len(touches)))
	require.Equal(t, want, cardsOf(t, d, ids))
	groups := make(map[CardID][]TouchID)
	for id, card := range fold(t, m) {
		groups[card] = append(groups[card], id)
	}
	require.Equal(t, want, sortedGroups(groups))
}

func TestFiveLines(t *testing.T) {
	ctx := context.Background()
	desk, err := New(Config{Store: NewMemory()})
	require.NoError(t, err)
	_, err = desk.Ingest(ctx, Touch{ID: "avito-991", Name: "Анна", Phone: "8 916 123-45-67", Source: Source{Channel: "avito"}})
	require.NoError(t, err)
	res, err := desk.Ingest(ctx, Touch{ID: "wa-17", Phone: "+79161234567"})
	require.NoError(t, err)
	card, err := desk.Card(ctx, res.Card)
	require.NoError(t, err)
	require.Len(t, card.Timeline, 2)
	require.Equal(t, "avito", card.Timeline[0].Source.Channel)
	require.Equal(t, TouchID("avito-991"), res.Previous)
	_, err = desk.Card(ctx, "nobody")
	require.True(t, errors.Is(err, ErrUnknown))
}

// A card's ID is that of a touch on it, also where a touch that waited is placed by the one it waited for.
func TestCardIDIsOnTheCard(t *testing.T) {
	t.Parallel()
	d, _ := newDesk(t, Config{})
	ingest(t, d,
		Touch{ID: "reply", Follows: "call", Received: at(3, 9)},
		Touch{ID: "call", Phone: phoneA, Received: at(0, 9)},
		Touch{ID: "anna", Name: "Анна", Phone: phoneA, Received: at(2, 9)},
		Touch{ID: "petr", Name: "Пётр", Phone: phoneA, Received: at(0, 8)})
	for _, id := range []CardID{"reply", "call", "anna", "petr"} {
		card, err := d.Card(t.Context(), id)
		require.NoError(t, err)
		want := CardID("reply")
		if id == "anna" {
			want = "anna"
		}
		require.Equal(t, want, card.ID, "card of %s", id)
	}
}
