package dedup

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/store"
)

var claimPolicy = ClaimPolicy{Window: 30 * 24 * time.Hour, ConfirmWithin: 4 * 24 * time.Hour, Confirmed: 60 * 24 * time.Hour, OwnBlock: 10 * 24 * time.Hour}

func at(day, hour int) time.Time {
	return lawEpoch.AddDate(0, 0, day).Add(time.Duration(hour) * time.Hour)
}

func filingOf(id TouchID, partner PartnerID, phone string, received time.Time) Touch {
	return Touch{ID: id, Phone: phone, Received: received, Source: Source{Channel: "partner", Partner: partner, Scope: "park"}}
}

func claimDesk(t testing.TB, now *time.Time) *Desk {
	d, _ := newDesk(t, Config{Claims: claimPolicy, Now: func() time.Time { return *now }})
	return d
}

func ingest(t testing.TB, d *Desk, touches ...Touch) (last Result) {
	for _, touch := range touches {
		var err error
		last, err = d.Ingest(context.Background(), touch)
		require.NoError(t, err)
	}
	return last
}

func claimsOn(t testing.TB, d *Desk, id TouchID) map[TouchID]ClaimState {
	card, err := d.Card(context.Background(), CardID(id))
	require.NoError(t, err)
	states := make(map[TouchID]ClaimState)
	for _, c := range card.Claims {
		states[c.Touch] = c.State
	}
	return states
}

const phoneA, phoneB = "8 916 000-00-01", "8 916 000-00-02"

func TestClaims(t *testing.T) {
	t.Parallel()
	own := func(id TouchID, day int) Touch { return Touch{ID: id, Phone: phoneA, Received: at(day, 9)} }
	confirm := func(id TouchID, p PartnerID, day int) Touch {
		c := filingOf(id, p, "", at(day, 9))
		c.Kind, c.Follows = TouchConfirm, "f1"
		return c
	}
	for name, tt := range map[string]struct {
		touches []Touch
		now     time.Time
		want    map[TouchID]ClaimState
	}{
		"held":                    {[]Touch{filingOf("f1", "p", phoneA, at(0, 9))}, at(3, 0), map[TouchID]ClaimState{"f1": ClaimHeld}},
		"lapses unconfirmed":      {[]Touch{filingOf("f1", "p", phoneA, at(0, 9))}, at(5, 0), map[TouchID]ClaimState{"f1": ClaimLapsed}},
		"confirmed":               {[]Touch{filingOf("f1", "p", phoneA, at(0, 9)), confirm("c", "p", 2)}, at(50, 0), map[TouchID]ClaimState{"f1": ClaimConfirmed}},
		"confirmed till":          {[]Touch{filingOf("f1", "p", phoneA, at(0, 9)), confirm("c", "p", 2)}, at(63, 0), map[TouchID]ClaimState{"f1": ClaimLapsed}},
		"confirmed too late":      {[]Touch{filingOf("f1", "p", phoneA, at(0, 9)), confirm("c", "p", 5)}, at(6, 0), map[TouchID]ClaimState{"f1": ClaimLapsed}},
		"another's confirmation":  {[]Touch{filingOf("f1", "p", phoneA, at(0, 9)), confirm("c", "q", 2)}, at(6, 0), map[TouchID]ClaimState{"f1": ClaimLapsed}},
		"taken":                   {[]Touch{filingOf("f1", "p", phoneA, at(0, 9)), filingOf("f2", "q", phoneA, at(1, 9))}, at(2, 0), map[TouchID]ClaimState{"f1": ClaimHeld, "f2": ClaimRefused}},
		"free again":              {[]Touch{filingOf("f1", "p", phoneA, at(0, 9)), filingOf("f2", "q", phoneA, at(5, 9))}, at(6, 0), map[TouchID]ClaimState{"f1": ClaimLapsed, "f2": ClaimHeld}},
		"refiling changes none":   {[]Touch{filingOf("f1", "p", phoneA, at(0, 9)), filingOf("f2", "p", phoneA, at(3, 9))}, at(5, 0), map[TouchID]ClaimState{"f1": ClaimLapsed}},
		"own client":              {[]Touch{own("o", 0), filingOf("f1", "p", phoneA, at(9, 9))}, at(10, 0), map[TouchID]ClaimState{"f1": ClaimRefused}},
		"own client long ago":     {[]Touch{own("o", 0), filingOf("f1", "p", phoneA, at(11, 9))}, at(12, 0), map[TouchID]ClaimState{"f1": ClaimHeld}},
		"own contact under claim": {[]Touch{filingOf("f1", "p", phoneA, at(0, 9)), own("o", 2), filingOf("f2", "q", phoneA, at(6, 9))}, at(7, 0), map[TouchID]ClaimState{"f1": ClaimLapsed, "f2": ClaimHeld}},
		"masked":                  {[]Touch{filingOf("f1", "p", "+7 916 ***-**-01", at(0, 9))}, at(1, 0), map[TouchID]ClaimState{"f1": ClaimRefused}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := tt.now
			d := claimDesk(t, &now)
			ingest(t, d, tt.touches...)
			require.Equal(t, tt.want, claimsOn(t, d, "f1"))
		})
	}
}

func TestClaimScopes(t *testing.T) {
	t.Parallel()
	now := at(1, 0)
	d := claimDesk(t, &now)
	park, river, all := filingOf("f1", "p", phoneA, at(0, 1)), filingOf("f2", "q", phoneA, at(0, 2)), filingOf("f3", "r", phoneA, at(0, 3))
	river.Source.Scope, all.Source.Scope = "river", ""
	ingest(t, d, park, river, all)
	require.Equal(t, map[TouchID]ClaimState{"f1": ClaimHeld, "f2": ClaimHeld, "f3": ClaimRefused}, claimsOn(t, d, "f1"))
}

// When cards merge the earlier claim wins; undone, both hold again; an award settles it.
func TestDispute(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := at(1, 0)
	d := claimDesk(t, &now)
	ingest(t, d, filingOf("f2", "q", phoneB, at(0, 2)), filingOf("f1", "p", phoneA, at(0, 1)))
	before := []map[TouchID]ClaimState{claimsOn(t, d, "f1"), claimsOn(t, d, "f2")}
	require.Equal(t, []map[TouchID]ClaimState{{"f1": ClaimHeld}, {"f2": ClaimHeld}}, before)
	events, err := d.Decide(ctx, Decide{ID: "same", Ruling: RulingSame, A: []TouchID{"f1", "f2"}})
	require.NoError(t, err)
	kinds := make(map[EventKind]int)
	for _, e := range events {
		kinds[e.Kind]++
	}
	require.Equal(t, map[EventKind]int{EventDecided: 1, EventMoved: 1, EventClaim: 1, EventDispute: 1}, kinds)
	card, err := d.Card(ctx, "f1")
	require.NoError(t, err)
	require.Len(t, card.Disputes, 1)
	dispute := card.Disputes[0]
	require.Equal(t, RuleSame, dispute.Rule)
	require.Equal(t, [2]TouchID{"f1", "f2"}, [2]TouchID{dispute.Touches[0].ID, dispute.Touches[1].ID})
	require.Equal(t, phoneB, dispute.Touches[1].Phone)
	require.Equal(t, map[TouchID]ClaimState{"f1": ClaimHeld, "f2": ClaimSuperseded}, claimsOn(t, d, "f1"))

	_, err = d.Decide(ctx, Decide{ID: "undo", Ruling: RulingWithdraw, Undo: "same"})
	require.NoError(t, err)
	require.Equal(t, before, []map[TouchID]ClaimState{claimsOn(t, d, "f1"), claimsOn(t, d, "f2")})

	_, err = d.Decide(ctx, Decide{ID: "again", Ruling: RulingSame, A: []TouchID{"f1", "f2"}})
	require.NoError(t, err)
	award := filingOf("award", "q", "", at(0, 20))
	award.Kind, award.Follows = TouchAward, "f1"
	ingest(t, d, award)
	require.Equal(t, map[TouchID]ClaimState{"f1": ClaimSuperseded, "f2": ClaimConfirmed}, claimsOn(t, d, "f1"))
	card, err = d.Card(ctx, "f1")
	require.NoError(t, err)
	require.Equal(t, TouchID("award"), card.Disputes[0].Settled)
}

// Law 10: At never moves a claim; with the same Received, arrival order never moves a holder.
func TestHolderDoesNotDependOnArrival(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(2, 6).Draw(t, "n")
		touches := make([]Touch, n)
		for i := range touches {
			phone := rapid.SampledFrom([]string{phoneA, phoneA, phoneB, phoneA + ", " + phoneB}).Draw(t, "phone")
			touches[i] = filingOf(TouchID(fmt.Sprintf("f%d", i)), PartnerID(rapid.SampledFrom([]string{"p", "q", ""}).Draw(t, "partner")), phone, at(rapid.IntRange(0, 8).Draw(t, "day"), 9))
		}
		holders := func(shift bool, order []int) map[TouchID]bool {
			now := at(9, 0)
			m := NewMemory()
			d, err := New(Config{Store: m, Claims: claimPolicy, Now: func() time.Time { return now }})
			require.NoError(t, err)
			for _, i := range order {
				touch := touches[i]
				if shift && touch.Source.Partner != "" {
					touch.At = touch.Received.AddDate(0, 0, -rapid.IntRange(0, 30).Draw(t, "back"))
				}
				_, err := d.Ingest(context.Background(), touch)
				require.NoError(t, err)
			}
			held := make(map[TouchID]bool)
			for _, touch := range touches {
				card, err := d.Card(context.Background(), CardID(touch.ID))
				require.NoError(t, err)
				for _, c := range card.Claims {
					if c.State == ClaimHeld || c.State == ClaimConfirmed {
						held[c.Touch] = true
					}
				}
			}
			return held
		}
		order := make([]int, n)
		for i := range order {
			order[i] = i
		}
		want := holders(false, order)
		shuffled := rapid.Permutation(order).Draw(t, "order")
		require.Equal(t, want, holders(false, shuffled))
		require.Equal(t, want, holders(true, order))
	})
}

// Law 11: a probe answers what a filing would be answered, and the same whoever holds the claim.
func TestProbeIsWhatIngestAnswers(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	rapid.Check(t, func(t *rapid.T) {
		now := at(9, 0)
		newDesk := func(rename map[PartnerID]PartnerID, touches []Touch) *Desk {
			d, err := New(Config{Store: NewMemory(), Claims: claimPolicy, Now: func() time.Time { return now }})
			require.NoError(t, err)
			for _, touch := range touches {
				if p, ok := rename[touch.Source.Partner]; ok {
					touch.Source.Partner = p
				}
				_, err := d.Ingest(ctx, touch)
				require.NoError(t, err)
			}
			return d
		}
		var touches []Touch
		for i := range rapid.IntRange(0, 5).Draw(t, "n") {
			touches = append(touches, filingOf(TouchID(fmt.Sprintf("f%d", i)), PartnerID(rapid.SampledFrom([]string{"p", "q", ""}).Draw(t, "partner")),
				rapid.SampledFrom([]string{phoneA, phoneB, phoneA + ", " + phoneB}).Draw(t, "phone"), at(rapid.IntRange(0, 8).Draw(t, "day"), 9)))
		}
		ids := []Identifier{{Kind: KindPhone, Raw: rapid.SampledFrom([]string{phoneA, phoneB, "+7 916 ***-**-01", "нет"}).Draw(t, "asked")}}
		d := newDesk(nil, touches)
		verdict, err := d.Probe(ctx, Probe{Partner: "r", Scope: "park", Identifiers: ids})
		require.NoError(t, err)
		other, err := newDesk(map[PartnerID]PartnerID{"p": "x", "q": "y"}, touches).Probe(ctx, Probe{Partner: "r", Scope: "park", Identifiers: ids})
		require.NoError(t, err)
		require.Equal(t, verdict, other, "whoever holds the claim")

		res, err := d.Ingest(ctx, Touch{ID: "filed", Received: now, Source: Source{Partner: "r", Scope: "park"}, Identifiers: ids})
		require.NoError(t, err)
		want := AnswerFree
		switch c := res.Claim; {
		case c.has(ReasonNoIdentity):
			want = AnswerCannotTell
		case c.has(ReasonTaken):
			want = AnswerTaken
		case c.has(ReasonOwnClient):
			want = AnswerOwnClient
		}
		require.Equal(t, want, verdict.Answer)
		if want == AnswerFree {
			mine, err := d.Probe(ctx, Probe{Partner: "r", Scope: "park", Identifiers: ids})
			require.NoError(t, err)
			require.Equal(t, Verdict{AnswerYours, res.Claim.To}, mine)
		}
	})
}

// A partner's list shows each filing as it stands now and tells nothing of the holder.
func TestFilings(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := at(2, 0)
	m := NewMemory()
	d, err := New(Config{Store: m, Claims: claimPolicy, Now: func() time.Time { return now }})
	require.NoError(t, err)
	ingest(t, d, filingOf("f1", "p", phoneA, at(0, 9)), filingOf("f2", "q", phoneA, at(1, 9)), filingOf("f3", "q", phoneB, at(1, 10)))
	claims, next, err := d.Filings(ctx, m, Filter{Partner: "q"}, "", 1)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, ClaimRefused, claims[0].State)
	require.Equal(t, []Reason{{Code: ReasonTaken}}, claims[0].Reasons)
	claims, _, err = d.Filings(ctx, m, Filter{Partner: "q"}, next, 10)
	require.NoError(t, err)
	require.Len(t, claims, 1)
	require.Equal(t, ClaimHeld, claims[0].State)
	_, _, err = d.Filings(ctx, m, Filter{}, "nonsense", 10)
	require.ErrorIs(t, err, ErrInvalid)
}

// Two filings of one customer at one instant: one is granted.
func TestTwoFilingsAtOnce(t *testing.T) {
	t.Parallel()
	for round := range 20 {
		now := at(1, 0)
		d := claimDesk(t, &now)
		ingest(t, d, Touch{ID: "card", Phone: phoneA + ", " + phoneB, Name: "Анна", Received: at(0, -400)})
		results := make(chan Result, 2)
		for i, p := range []PartnerID{"p", "q"} {
			go func() {
				f := filingOf(TouchID(fmt.Sprintf("f%d", i)), p, []string{phoneA, phoneB}[rand.IntN(2)], at(0, 9))
				f.Name = "Анна"
				res, err := d.Ingest(context.Background(), f)
				if err != nil {
					res.Claim = &Claim{State: ClaimState(9)}
				}
				results <- res
			}()
		}
		a, b := <-results, <-results
		granted := 0
		for _, r := range []Result{a, b} {
			require.Less(t, r.Claim.State, ClaimState(9))
			if r.Claim.State == ClaimHeld {
				granted++
			}
		}
		states := claimsOn(t, d, "f0")
		require.Len(t, states, 2, "round %d", round)
		held := 0
		for _, s := range states {
			if s == ClaimHeld {
				held++
			}
		}
		require.Equal(t, 1, held)
		require.GreaterOrEqual(t, granted, 1)
	}
}

// A touch that is said to leave claims alone does: they are the same before and after it on all
// cards that it met, and its trace knows whether partners filed there.
func TestUndisputed(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		touches := drawTouches(t, 14)
		c := lawConfig
		c.Store, c.Now, c.Claims = NewMemory(), func() time.Time { return lawEpoch.AddDate(0, 0, 12) }, claimPolicy
		c.Claims.OwnBlock = 0
		d, err := New(c)
		require.NoError(t, err)
		var made []Decide
		for i, touch := range touches {
			if rapid.IntRange(0, 2).Draw(t, "partner") == 0 {
				touch.Source.Partner = PartnerID(rapid.SampledFrom([]string{"p", "q"}).Draw(t, "who"))
				touch.Kind = rapid.SampledFrom([]TouchKind{TouchInquiry, TouchInquiry, TouchConfirm, TouchAward}).Draw(t, "kind")
			}
			a, err := d.arrive(touch)
			require.NoError(t, err)
			w := d.newWork("ingest", true)
			require.NoError(t, w.ingest(ctx, []*arrival{a}))
			if w.undisputed() {
				requireUndisputed(ctx, t, w)
			}
			require.NoError(t, w.commit(ctx))
			w.free()
			if rapid.IntRange(0, 5).Draw(t, "rule") == 0 {
				ruling := drawRuling(t, DecisionID(fmt.Sprintf("d%d", i)), idsOf(touches[:i+1]), made)
				if _, err := d.Decide(ctx, ruling); err == nil {
					made = append(made, ruling)
				}
			}
		}
	})
}

func requireUndisputed(ctx context.Context, t require.TestingT, w *work) {
	cards := make(map[CardID]bool)
	for _, c := range w.traces.all() {
		for _, tr := range []*Trace{c.was, c.now} {
			if tr != nil && tr.Card != "" {
				cards[tr.Card] = true
			}
		}
	}
	for card := range cards {
		traces, err := w.reach(ctx, card)
		require.NoError(t, err)
		require.NoError(t, w.load(ctx, Query{History: traces}))
		had, disputed, _ := judge(w.seen(card, before).filings(before), w.desk.config.Claims, w.now)
		got, disputes, _ := judge(w.seen(card, after).filings(after), w.desk.config.Claims, w.now)
		require.Equal(t, had, got)
		require.Equal(t, disputed, disputes)
		filed := slices.ContainsFunc(w.seen(card, after).touches, (*StoredTouch).files)
		for _, id := range traces {
			if tr := w.trace(id); filed && tr.Card == card {
				require.True(t, tr.Claimed, "trace %s on %s", id, card)
			}
		}
	}
}

// foldClaims is where the events leave each claim.
func foldClaims(t require.TestingT, m Feed) map[TouchID]ClaimState {
	claims := make(map[TouchID]ClaimState)
	for after := store.Cursor(""); ; {
		events, next, err := m.Since(context.Background(), after, 1000)
		require.NoError(t, err)
		if len(events) == 0 {
			return claims
		}
		after = next
		for _, e := range events {
			switch {
			case e.Kind != EventClaim:
			case e.Rule == RuleNone:
				delete(claims, e.Touch)
			default:
				var state ClaimState
				require.NoError(t, state.UnmarshalText([]byte(e.Rule)))
				claims[e.Touch] = state
			}
		}
	}
}

// requireClaims requires that the cards, the partners' lists and the events tell the same of each
// claim, but for a lapse, which no command brings about; and the same of the cards.
func requireClaims(t require.TestingT, d *Desk, m *Memory, ids []TouchID) {
	ctx := context.Background()
	claims := make(map[TouchID]ClaimState)
	var counted []TouchID // of an echo nothing is told
	for _, id := range ids {
		card, err := d.Card(ctx, CardID(id))
		require.NoError(t, err)
		if !slices.ContainsFunc(card.Timeline, func(e Entry) bool { return e.ID == id && e.Echo }) {
			counted = append(counted, id)
		}
		for _, c := range card.Claims {
			claims[c.Touch] = c.State
		}
	}
	told := foldClaims(t, m)
	for id, state := range told {
		if (state == ClaimHeld || state == ClaimConfirmed) && claims[id] == ClaimLapsed {
			told[id] = ClaimLapsed
		}
	}
	require.Equal(t, claims, told, "fold of the events")
	cards, groups := fold(t, m), make(map[CardID][]TouchID)
	for _, id := range counted {
		groups[cards[id]] = append(groups[cards[id]], id)
	}
	require.Equal(t, cardsOf(t, d, counted), sortedGroups(groups), "fold of the events")
	for _, p := range []PartnerID{"p", "q"} {
		listed, _, err := d.Filings(ctx, m, Filter{Partner: p}, "", 1000)
		require.NoError(t, err)
		for _, c := range listed {
			require.Equal(t, claims[c.Touch], c.State, "list of %s", p)
		}
	}
}

// Whatever changes a claim is told, though no touch may move by it.
func TestClaimEvents(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	same := Decide{ID: "same", Ruling: RulingSame, A: []TouchID{"f1", "f2"}}
	undo := func(id DecisionID) Decide { return Decide{ID: "un" + id, Ruling: RulingWithdraw, Undo: id} }
	shared := Decide{ID: "shared", Ruling: RulingShared, Key: "tel:+79160000001"}
	named := func(id TouchID, name string, day int) Touch {
		return Touch{ID: id, Name: name, Phone: phoneA, Received: at(day, 9)}
	}
	waits := filingOf("f3", "q", "", at(2, 9))
	waits.Follows = "answer"
	for title, story := range map[string]struct {
		commands []any
		want     []string
	}{
		"a key dissolves a card": {
			[]any{filingOf("f1", "p", phoneA, at(0, 9)), shared, undo("shared")},
			[]string{"f1 held", "f1 refused", "f1 held"},
		},
		"so do further names": {
			[]any{filingOf("f1", "p", phoneA, at(0, 9)), named("a", "Анна", 1), named("b", "Пётр", 1), named("c", "Олег", 1), named("d", "Инна", 1)},
			[]string{"f1 held", "f1 refused"},
		},
		"a ruling holds the card of a shared key together": {
			[]any{filingOf("f1", "p", phoneA, at(0, 9)), Touch{ID: "f2", Phone: phoneB, Received: at(0, 9)}, same, shared, undo("shared")},
			[]string{"f1 held", "f1 refused", "f1 held"},
		},
		"a filing comes to renew another": {
			[]any{filingOf("f1", "p", phoneA, at(0, 9)), filingOf("f2", "p", phoneB, at(1, 9)), same, undo("same")},
			[]string{"f1 held", "f2 held", "f2 none", "f2 held"},
		},
		"what a filing waited for joins an erased card": {
			[]any{filingOf("f1", "q", phoneA, at(0, 9)), waits, Erase{ID: "erase", Card: "f1"}, Touch{ID: "answer", Follows: "f1", Received: at(2, 9)}},
			[]string{"f1 held", "f3 refused", "f3 none"},
		},
		"so does what was tied to another card": {
			[]any{filingOf("f1", "q", phoneA, at(0, 9)), filingOf("f2", "p", phoneB, at(1, 9)), waits, Decide{ID: "same", Ruling: RulingSame, A: []TouchID{"f2", "f3"}},
				Erase{ID: "erase", Card: "f1"}, Touch{ID: "answer", Follows: "f1", Received: at(2, 9)}, filingOf("f4", "q", phoneB, at(2, 9))},
			[]string{"f1 held", "f2 held", "f3 refused", "f3 none", "f4 refused"},
		},
		"a filing that came without identity is erased": {
			[]any{filingOf("f1", "p", phoneA, at(0, 9)), waits, Touch{ID: "answer", Phone: phoneA, Received: at(2, 9)}, Erase{ID: "erase", Card: "f1"}},
			[]string{"f1 held", "f3 refused"},
		},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			d, m := newDesk(t, Config{Now: func() time.Time { return at(3, 0) }})
			var ids []TouchID
			for _, c := range story.commands {
				var err error
				switch c := c.(type) {
				case Touch:
					ids = append(ids, c.ID)
					_, err = d.Ingest(ctx, c)
				case Decide:
					_, err = d.Decide(ctx, c)
				case Erase:
					_, err = d.Erase(ctx, c)
				}
				require.NoError(t, err)
				requireClaims(t, d, m, ids)
			}
			events, _, err := m.Since(ctx, "", 1000)
			require.NoError(t, err)
			var told []string
			for _, e := range events {
				if e.Kind == EventClaim {
					told = append(told, fmt.Sprint(e.Touch, " ", e.Rule))
				}
			}
			require.Equal(t, story.want, told)
		})
	}
}

// Law 13 for claims: whatever touches, rulings, withdrawals and erasures come, also while another
// one is worked on, the events tell where each claim stands.
func TestClaimEventsAreTheClaims(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		touches := drawTouches(t, 14)
		for i := range touches {
			touch := &touches[i]
			switch rapid.IntRange(0, 3).Draw(t, "partner") {
			case 0, 1:
				touch.Source.Partner = PartnerID(rapid.SampledFrom([]string{"p", "q"}).Draw(t, "who"))
				touch.Source.Scope = rapid.SampledFrom([]string{"park", "park", "river", ""}).Draw(t, "scope")
				touch.Kind = rapid.SampledFrom([]TouchKind{TouchInquiry, TouchInquiry, TouchInquiry, TouchConfirm, TouchAward}).Draw(t, "kind")
			case 2:
				touch.Kind = rapid.SampledFrom([]TouchKind{TouchInquiry, TouchSent}).Draw(t, "kind")
			}
		}
		m := NewMemory()
		x := &crossing{Store: m}
		now := at(10, 0)
		c := lawConfig
		c.Store, c.Now, c.Claims = m, func() time.Time { return now }, claimPolicy
		if rapid.Bool().Draw(t, "no block") {
			c.Claims.OwnBlock = 0
		}
		other, err := New(c)
		require.NoError(t, err)
		c.Store = x
		d, err := New(c)
		require.NoError(t, err)
		in, commands := 0, 0 // touches and commands begun
		var made []Decide
		command := func(d *Desk) {
			commands++
			known := idsOf(touches[:in])
			switch which := rapid.IntRange(0, 9).Draw(t, "command"); {
			case in > 0 && which < 3:
				ruling := drawRuling(t, DecisionID(fmt.Sprintf("d%d", commands)), known, made)
				if _, err := d.Decide(ctx, ruling); err == nil {
					made = append(made, ruling)
				}
			case in > 0 && which == 3:
				_, err := d.Erase(ctx, Erase{ID: DecisionID(fmt.Sprintf("e%d", commands)), Card: CardID(rapid.SampledFrom(known).Draw(t, "erased"))})
				if !errors.Is(err, ErrUnknown) { // still on its way
					require.NoError(t, err)
				}
			case which == 4:
				batch := touches[in:min(in+3, len(touches))]
				in += len(batch)
				_, err := d.Import(ctx, rowsOf(batch), ImportOptions{})
				require.NoError(t, err)
			default:
				in++
				_, err := d.Ingest(ctx, touches[in-1])
				require.NoError(t, err)
			}
		}
		x.cross = func() {
			if in < len(touches) && rapid.IntRange(0, 5).Draw(t, "cross") == 0 {
				command(other)
			}
		}
		for in < len(touches) {
			command(d)
			now = now.AddDate(0, 0, rapid.IntRange(0, 3).Draw(t, "days"))
			requireClaims(t, other, m, idsOf(touches[:in]))
		}
	})
}
