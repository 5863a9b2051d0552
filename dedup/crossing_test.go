package dedup

import (
	"context"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A crossing is a store in whose calls others commit first: cross runs before every Load and
// Commit, but not within itself.
type crossing struct {
	Store
	cross func()
}

func (c *crossing) let() {
	if cross := c.cross; cross != nil {
		c.cross = nil
		cross()
		c.cross = cross
	}
}

func (c *crossing) Load(ctx context.Context, q Query) ([]Aggregate, error) {
	c.let()
	return c.Store.Load(ctx, q)
}

func (c *crossing) Commit(ctx context.Context, change Change) error {
	c.let()
	return c.Store.Commit(ctx, change)
}

// Laws 1 and 13: whatever other commands commit between the reads and the commit of a command, the
// desk ends in Partition and the events tell the same.
func TestCommandsThatCross(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		touches := drawTouches(t, 14)
		m := NewMemory()
		c := lawConfig
		c.Now = func() time.Time { return lawEpoch.AddDate(0, 0, 30) }
		c.Store = m
		other, err := New(c)
		require.NoError(t, err)
		x := &crossing{Store: m}
		c.Store = x
		d, err := New(c)
		require.NoError(t, err)
		next, named := 0, 0
		var made []Decide
		command := func(d *Desk) {
			if next > 0 && rapid.IntRange(0, 4).Draw(t, "rule") == 0 {
				ruling := drawRuling(t, DecisionID(fmt.Sprintf("d%d", named)), idsOf(touches[:next]), made)
				named++
				at := len(made)
				if _, err := d.Decide(ctx, ruling); err == nil {
					made = slices.Insert(made, max(at, 0), ruling)
				}
				return
			}
			touch := touches[next]
			next++
			_, err := d.Ingest(ctx, touch)
			require.NoError(t, err)
		}
		x.cross = func() {
			if next < len(touches) && rapid.IntRange(0, 3).Draw(t, "cross") == 0 {
				command(other)
			}
		}
		for next < len(touches) {
			command(d)
		}
		want, err := Partition(touches, made, c)
		if err != nil {
			return // rulings in another order than they were made
		}
		requireSame(t, want, d, m, idsOf(touches))
	})
}

// requireSame requires that the desk and the events tell these cards.
func requireSame(t require.TestingT, want [][]TouchID, d *Desk, m *Memory, ids []TouchID) {
	require.Equal(t, want, cardsOf(t, d, ids))
	groups := make(map[CardID][]TouchID)
	for id, card := range fold(t, m) {
		groups[card] = append(groups[card], id)
	}
	require.Equal(t, want, sortedGroups(groups), "fold of the events")
}

// A touch that comes between another command's reads and its commit is neither lost nor overlooked.
func TestOvertaken(t *testing.T) {
	t.Parallel()
	day := func(n int) time.Time { return lawEpoch.AddDate(0, 0, n) }
	const phone, mail = "8 916 000-00-01", "a.b@gmail.com"
	for title, story := range map[string]struct {
		before        []Touch
		late, between Touch
	}{
		"a number gets another holder": {
			before:  []Touch{{ID: "anna", Received: day(1), Name: "Анна", Phone: phone}, {ID: "call", Received: day(5), Phone: phone}},
			late:    Touch{ID: "petr", Received: day(3), Name: "Пётр", Phone: phone},
			between: Touch{ID: "again", Received: day(6), Phone: phone},
		},
		"a card gets another name": {
			before: []Touch{{ID: "answer", Received: day(1), Follows: "call"}, {ID: "mail", Received: day(1), Email: mail},
				{ID: "both", Received: day(1), Email: mail, Phone: phone}},
			late:    Touch{ID: "again", Received: day(1), Email: mail},
			between: Touch{ID: "call", Received: day(1), Phone: phone},
		},
		"what was waited for comes": {
			before:  []Touch{{ID: "answer", Received: day(1), Follows: "call"}},
			late:    Touch{ID: "call", Received: day(1), Phone: phone},
			between: Touch{ID: "again", Received: day(1), Follows: "answer"},
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			for calls := range 8 { // before which of the calls it comes
				other, m := newDesk(t, Config{Now: func() time.Time { return day(30) }})
				touches := slices.Concat(story.before, []Touch{story.late, story.between})
				for _, touch := range story.before {
					_, err := other.Ingest(t.Context(), touch)
					require.NoError(t, err)
				}
				x := &crossing{Store: m}
				x.cross = func() {
					if calls--; calls == -1 {
						_, err := other.Ingest(t.Context(), story.between)
						require.NoError(t, err)
					}
				}
				c := other.config
				c.Store = x
				d, err := New(c)
				require.NoError(t, err)
				_, err = d.Ingest(t.Context(), story.late)
				require.NoError(t, err)
				_, err = other.Ingest(t.Context(), story.between)
				require.NoError(t, err)
				want, err := Partition(touches, nil, Config{})
				require.NoError(t, err)
				requireSame(t, want, other, m, idsOf(touches))
			}
		})
	}
}

// An erasure takes what joins the card before it, and leaves what leaves the card, also between its
// reads.
func TestErasureOvertaken(t *testing.T) {
	t.Parallel()
	for n := range 64 {
		come := [2]int{n / 8, n % 8} // before which of the calls
		other, m := newDesk(t, Config{Now: func() time.Time { return at(9, 0) }})
		ingest(t, other, Touch{ID: "call", Received: at(2, 9), Phone: phoneA})
		x, call := &crossing{Store: m}, 0
		x.cross = func() {
			if call == come[0] {
				ingest(t, other, Touch{ID: "anna", Received: at(0, 9), Name: "Анна", Phone: phoneA + ", " + phoneB})
			}
			if call == come[1] {
				ingest(t, other, Touch{ID: "petr", Received: at(1, 9), Name: "Пётр", Phone: phoneA, Email: "petr@mail.ru"})
			}
			call++
		}
		c := other.config
		c.Store = x
		d, err := New(c)
		require.NoError(t, err)
		done, err := d.Erase(t.Context(), Erase{ID: "erase", Card: "call"})
		require.NoError(t, err)
		card, err := other.Card(t.Context(), "call")
		require.NoError(t, err)
		require.Len(t, card.Timeline, done.Touches, "before calls %v", come)
		for _, e := range card.Timeline {
			require.True(t, e.Erased, "%s, before calls %v", e.ID, come)
		}
	}
}
