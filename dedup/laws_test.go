package dedup

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// A small world in which everything meets: few phones and names, low limits, days that cross.
var (
	lawPhones = []string{"", "", "+79160000001", "8 916 000-00-02", "+7(916)000-00-03", "8 (495) 000-00-04", "8 495 000-00-04 доб. 7", "+79160000001, 89160000002", "8 916 ***-**-11"}
	lawEmails = []string{"", "", "", "a.b@gmail.com", "AB@gmail.com", "second@mail.ru", "third@mail.ru", "info@firma.ru"}
	lawNames  = []string{"", "", "Анна", "Аня", "Пётр", "Саша", "Александр", "Александра Шурова", "Зорро", "Анан", "Гордей"}
	lawConfig = Config{MaxNames: 2, MaxPeers: 2, MaxTraces: 7}
	lawEpoch  = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
)

func drawTouch(t *rapid.T, id TouchID, known []TouchID) Touch {
	touch := Touch{
		ID:       id,
		Received: lawEpoch.Add(time.Duration(rapid.IntRange(0, 9).Draw(t, "day")) * 24 * time.Hour),
		Name:     rapid.SampledFrom(lawNames).Draw(t, "name"),
		Phone:    rapid.SampledFrom(lawPhones).Draw(t, "phone"),
		Email:    rapid.SampledFrom(lawEmails).Draw(t, "email"),
	}
	switch rapid.IntRange(0, 11).Draw(t, "rare") {
	case 0:
		touch.Follows = rapid.SampledFrom(known).Draw(t, "follows")
	case 1:
		touch.Identifiers = []Identifier{{Kind: KindExternal, System: "wa", Raw: rapid.SampledFrom([]string{"1", "2"}).Draw(t, "wa")}}
	}
	return touch
}

func drawTouches(t *rapid.T, limit int) []Touch {
	n := rapid.IntRange(1, limit).Draw(t, "touches")
	ids := make([]TouchID, n)
	for i := range ids {
		ids[i] = TouchID(fmt.Sprintf("t%02d", i))
	}
	touches := make([]Touch, n)
	for i := range touches {
		touches[i] = drawTouch(t, ids[i], ids)
		if touches[i].Follows == ids[i] {
			touches[i].Follows = ""
		}
	}
	return touches
}

func drawRuling(t *rapid.T, id DecisionID, known []TouchID, made []Decide) Decide {
	d := Decide{ID: id, By: "boss", Ruling: Ruling(rapid.IntRange(0, 4).Draw(t, "ruling"))}
	some := func(label string) []TouchID {
		return slices.Compact(slices.Sorted(slices.Values(rapid.SliceOfN(rapid.SampledFrom(known), 1, 3).Draw(t, label))))
	}
	switch d.Ruling {
	case RulingSame:
		d.A = some("a")
	case RulingDifferent:
		d.A = some("a")
		d.B = slices.DeleteFunc(some("b"), func(id TouchID) bool { return slices.Contains(d.A, id) })
	case RulingShared, RulingPersonal:
		d.Key = rapid.SampledFrom([]Key{"tel:+79160000001", "tel:+79160000002", "tel:+74950000004", "mailto:ab@gmail.com", "mailto:second@mail.ru"}).Draw(t, "key")
	default:
		d.Undo = "none"
		if len(made) > 0 {
			d.Undo = rapid.SampledFrom(made).Draw(t, "undo").ID
		}
	}
	return d
}

func idsOf(touches []Touch) []TouchID {
	ids := make([]TouchID, len(touches))
	for i := range touches {
		ids[i] = touches[i].ID
	}
	return ids
}

// Laws 1, 2, 4, 6, 7, 13: whatever the order of touches and rulings and however they are batched,
// the desk ends in Partition; each touch comes back as given; every ID resolves; the events tell
// the same.
func TestAnyOrderEndsInPartition(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		touches := drawTouches(t, 14)
		var now time.Time
		c := lawConfig
		c.Now = func() time.Time { return now }
		now = lawEpoch.Add(30 * 24 * time.Hour)
		m := NewMemory()
		c.Store = m
		d, err := New(c)
		require.NoError(t, err)
		var in []Touch
		var rulings []Decide
		returned := make(map[CardID]bool)
		for len(in) < len(touches) {
			if len(in) > 0 && rapid.IntRange(0, 3).Draw(t, "rule") == 0 {
				if _, err := Partition(in, rulings, c); errors.Is(err, ErrContradiction) {
					return // a ruling keeps apart touches of which one turned out to follow the other
				}
				ruling := drawRuling(t, DecisionID(fmt.Sprintf("d%d", len(rulings))), idsOf(in), rulings)
				_, err := d.Decide(ctx, ruling)
				_, expected := Partition(in, append(slices.Clip(rulings), ruling), c)
				if err != nil {
					if !errors.Is(err, ErrFull) {
						require.Error(t, expected, "desk: %v", err)
						for _, kind := range []error{ErrInvalid, ErrUnknown, ErrContradiction} {
							require.Equal(t, errors.Is(expected, kind), errors.Is(err, kind), "%v / %v", expected, err)
						}
					}
				} else {
					require.NoError(t, expected)
					rulings = append(rulings, ruling)
				}
				continue
			}
			batch := touches[len(in):min(len(in)+rapid.IntRange(1, 3).Draw(t, "batch"), len(touches))]
			if rapid.Bool().Draw(t, "import") {
				_, err := d.Import(ctx, rowsOf(batch), ImportOptions{})
				require.NoError(t, err)
			} else {
				for _, touch := range batch {
					res, err := d.Ingest(ctx, touch)
					require.NoError(t, err)
					returned[res.Card] = true
				}
			}
			in = touches[:len(in)+len(batch)]
			now = now.Add(time.Duration(rapid.IntRange(-2, 3).Draw(t, "tick")) * time.Second)
		}
		want, err := Partition(touches, rulings, c)
		if errors.Is(err, ErrContradiction) {
			return
		}
		require.NoError(t, err)
		require.Equal(t, want, cardsOf(t, d, idsOf(touches)))
		groups := make(map[CardID][]TouchID)
		for id, card := range fold(t, m) {
			groups[card] = append(groups[card], id)
		}
		require.Equal(t, want, sortedGroups(groups), "fold of the events")
		for id := range returned {
			card, err := d.Card(ctx, id)
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(card.Timeline, func(e Entry) bool { return e.ID == TouchID(id) }))
		}
		for _, touch := range touches {
			card, err := d.Card(ctx, CardID(touch.ID))
			require.NoError(t, err)
			require.True(t, slices.ContainsFunc(card.Timeline, func(e Entry) bool { return e.ID == TouchID(card.ID) }), "card %s by its ID", card.ID)
			found := 0
			for _, e := range card.Timeline {
				if e.ID == touch.ID {
					found++
					require.NoError(t, sameContent(e.Touch, touch))
				}
			}
			require.Equal(t, 1, found)
		}
	})
}

func rowsOf(touches []Touch) func(yield func(Touch, error) bool) {
	return func(yield func(Touch, error) bool) {
		for _, t := range touches {
			if !yield(t, nil) {
				return
			}
		}
	}
}
