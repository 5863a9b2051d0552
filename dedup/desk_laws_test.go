package dedup

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// dump is every byte that a memory store holds.
func dump(m *Memory) string {
	var all []string
	for i := range m.spots.count {
		s := m.spots.row(int32(i))
		all = append(all, m.spots.id(int32(i)), s.touch.doc, s.trace.doc)
	}
	for i := range m.uses.count {
		all = append(all, m.uses.id(int32(i)), m.uses.row(int32(i)).doc)
	}
	for i := range m.rulings.count {
		all = append(all, m.rulings.id(int32(i)), m.rulings.row(int32(i)).doc)
	}
	slices.Sort(all)
	return strings.Join(append(all, m.events...), "\n")
}

// cardViews is what desk.Card answers for each touch.
func cardViews(t require.TestingT, d *Desk, touches []Touch) map[TouchID]Card {
	views := make(map[TouchID]Card)
	for _, touch := range touches {
		card, err := d.Card(context.Background(), CardID(touch.ID))
		require.NoError(t, err)
		views[touch.ID] = card
	}
	return views
}

func lawDesk(t require.TestingT) (*Desk, *Memory) {
	m := NewMemory()
	c := lawConfig
	c.Store, c.Now = m, func() time.Time { return lawEpoch.AddDate(0, 0, 30) }
	c.Claims = claimPolicy
	d, err := New(c)
	require.NoError(t, err)
	return d, m
}

// Law 3: a touch that comes again changes no row, no version and no event.
func TestReplayChangesNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		touches := drawTouches(t, 10)
		d, m := lawDesk(t)
		first := make(map[TouchID]Result)
		for _, touch := range touches {
			res, err := d.Ingest(context.Background(), touch)
			require.NoError(t, err)
			require.False(t, res.Repeat)
			first[touch.ID] = res
		}
		version, before := m.version, dump(m)
		for _, touch := range touches {
			res, err := d.Ingest(context.Background(), touch)
			require.NoError(t, err)
			require.True(t, res.Repeat)
			require.Empty(t, res.Events)
		}
		report, err := d.Import(context.Background(), rowsOf(touches), ImportOptions{})
		require.NoError(t, err)
		require.Equal(t, len(touches), report.Repeats)
		require.Equal(t, version, m.version)
		require.Equal(t, before, dump(m))
	})
}

// Laws 6 and 9: a ruling and its withdrawal leave cards, IDs, aliases, claims and records as they
// were.
func TestWithdrawnIsAsNeverMade(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		touches := drawTouches(t, 12)
		for i := range touches {
			if rapid.IntRange(0, 4).Draw(t, "partner") == 0 {
				touches[i].Source.Partner = PartnerID(rapid.SampledFrom([]string{"p", "q"}).Draw(t, "who"))
			}
		}
		d, _ := lawDesk(t)
		for _, touch := range touches {
			_, err := d.Ingest(ctx, touch)
			require.NoError(t, err)
		}
		before := cardViews(t, d, touches)
		var made []Decide
		for i := range rapid.IntRange(1, 3).Draw(t, "rulings") {
			ruling := drawRuling(t, DecisionID(fmt.Sprintf("d%d", i)), idsOf(touches), nil)
			if _, err := d.Decide(ctx, ruling); err == nil {
				made = append(made, ruling)
			}
		}
		for _, ruling := range rapid.Permutation(made).Draw(t, "order") {
			_, err := d.Decide(ctx, Decide{ID: "un" + ruling.ID, Ruling: RulingWithdraw, Undo: ruling.ID})
			require.NoError(t, err)
		}
		require.Equal(t, before, cardViews(t, d, touches))
	})
}

// A ruling withdrawn leaves each inquiry with those that say the same, also where a key of theirs was
// read only in passing.
func TestWithdrawnFoldsAgain(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	d, _ := newDesk(t, Config{})
	touches := []Touch{
		{ID: "t1", Name: "Зорро", Email: "a.b@gmail.com", Received: at(0, 1)},
		{ID: "t2", Phone: phoneB, Identifiers: []Identifier{{Kind: KindExternal, System: "wa", Raw: "1"}}, Received: at(0, 2)},
		{ID: "t4", Phone: phoneB, Email: "a.b@gmail.com", Received: at(0, 3)},
		{ID: "t6", Name: "Зорро", Email: "a.b@gmail.com", Received: at(8, 1)},
		{ID: "t7", Name: "Анна", Email: "a.b@gmail.com", Received: at(0, 4)},
	}
	ingest(t, d, touches...)
	views := cardViews(t, d, touches)
	_, err := d.Decide(ctx, Decide{ID: "different", Ruling: RulingDifferent, A: []TouchID{"t2"}, B: []TouchID{"t6"}})
	require.NoError(t, err)
	_, err = d.Decide(ctx, Decide{ID: "undo", Ruling: RulingWithdraw, Undo: "different"})
	require.NoError(t, err)
	require.Equal(t, views, cardViews(t, d, touches))
}

// Law 5: no card holds names that exclude one another, nor both sides of a Different ruling.
func TestNoCardContradictsItself(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		touches := drawTouches(t, 14)
		d, _ := lawDesk(t)
		for _, touch := range touches {
			_, err := d.Ingest(ctx, touch)
			require.NoError(t, err)
		}
		ruling := drawRuling(t, "d", idsOf(touches), nil)
		if ruling.Ruling != RulingDifferent || len(ruling.B) == 0 {
			ruling = Decide{}
		} else if _, err := d.Decide(ctx, ruling); err != nil {
			ruling = Decide{}
		}
		r := russian()
		for id, card := range cardViews(t, d, touches) {
			var names []string
			for _, e := range card.Timeline {
				if n := givenPart(r.Name(e.Name).String()); n != "" && e.Follows == "" && len(r.read(&e.Touch).keys) > 0 {
					names = append(names, n)
				}
			}
			for _, a := range names {
				for _, b := range names {
					require.False(t, r.conflict(a, b), "card of %s: %s and %s", id, a, b)
				}
			}
			on := func(ids []TouchID) bool {
				return slices.ContainsFunc(ids, func(id TouchID) bool {
					return slices.ContainsFunc(card.Timeline, func(e Entry) bool { return e.ID == id })
				})
			}
			require.False(t, on(ruling.A) && on(ruling.B))
		}
	})
}

// Law 8: no touch makes a shared key link again.
func TestSharedStaysShared(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		d, m := lawDesk(t)
		shared := make(map[Key]bool)
		for _, touch := range drawTouches(t, 20) {
			_, err := d.Ingest(context.Background(), touch)
			require.NoError(t, err)
			for i := range m.uses.count {
				var u KeyUse
				k := Key(m.uses.id(int32(i)))
				(&coder{in: m.uses.row(int32(i)).doc}).use(&u)
				if shared[k] {
					require.Equal(t, ClassShared, u.Class, "%s", k)
				}
				shared[k] = u.Class == ClassShared
			}
		}
	})
}

// Law 12: an erasure leaves times, sources, claims, other cards and the class of shared keys, and no
// value in the store.
func TestErasureLeavesNoValue(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		ctx := context.Background()
		touches := drawTouches(t, 12)
		for i := range touches {
			touches[i].Fields = map[string]string{"comment": fmt.Sprintf("secret-%02d-field", i)}
			touches[i].Data = []byte(fmt.Sprintf("secret-%02d-data", i))
			touches[i].Why = fmt.Sprintf("secret-%02d-why", i)
			if rapid.IntRange(0, 3).Draw(t, "partner") == 0 {
				touches[i].Source.Partner = "p"
			}
		}
		d, m := lawDesk(t)
		for _, touch := range touches {
			_, err := d.Ingest(ctx, touch)
			require.NoError(t, err)
		}
		victim := rapid.SampledFrom(touches).Draw(t, "victim")
		before := cardViews(t, d, touches)
		card := before[victim.ID]
		classes := make(map[Key]Class)
		others := make(map[Key]bool)
		for id, c := range before {
			for _, k := range c.Keys {
				classes[k.Key] = k.Class
				others[k.Key] = others[k.Key] || c.ID != card.ID
			}
			_ = id
		}
		done, err := d.Erase(ctx, Erase{ID: "e", Card: CardID(victim.ID), By: "lawyer"})
		require.NoError(t, err)
		require.Equal(t, len(card.Timeline), done.Touches)
		bytes := dump(m)
		after := cardViews(t, d, touches)
		for _, e := range card.Timeline {
			for _, secret := range []string{string(e.Data), e.Why, e.Fields["comment"]} {
				require.NotContains(t, bytes, secret)
			}
			now := after[e.ID]
			require.Equal(t, card.ID, now.ID)
			require.Equal(t, card.Aliases, now.Aliases)
			require.Len(t, now.Timeline, len(card.Timeline))
			for i, o := range now.Timeline {
				was := card.Timeline[i]
				require.Equal(t, []any{was.ID, was.Received, was.At, was.Source, was.Kind}, []any{o.ID, o.Received, o.At, o.Source, o.Kind})
				require.Empty(t, o.Name+o.Phone+o.Email+o.By+o.Why)
				require.True(t, o.Erased)
			}
			states := func(claims []Claim) map[TouchID]ClaimState {
				s := make(map[TouchID]ClaimState)
				for _, c := range claims {
					s[c.Touch] = c.State
				}
				return s
			}
			require.Equal(t, states(card.Claims), states(now.Claims))
			require.Empty(t, now.Record)
			require.Empty(t, now.Keys)
		}
		for _, k := range card.Keys {
			if k.Class != ClassShared && !others[k.Key] {
				require.NotContains(t, bytes, string(k.Key))
			}
		}
		for id, was := range before {
			if was.ID == card.ID {
				continue
			}
			now := after[id]
			for i := range was.Keys {
				if was.Keys[i].Class != ClassShared { // he has it to himself now, and for longer
					was.Keys[i].Class, was.Keys[i].To = now.Keys[i].Class, now.Keys[i].To
				}
			}
			for i := range was.Timeline {
				was.Timeline[i].Sure = now.Timeline[i].Sure
			}
			require.Equal(t, was, now, "another card")
		}
		for k, class := range classes {
			if class == ClassShared {
				var u KeyUse
				(&coder{in: m.uses.row(m.uses.find(string(k))).doc}).use(&u)
				require.Equal(t, ClassShared, u.Class)
			}
		}
		again, err := d.Ingest(ctx, victim)
		require.NoError(t, err)
		require.True(t, again.Repeat)
		require.Equal(t, card.ID, again.Card)
		_, err = d.Erase(ctx, Erase{ID: "e", Card: CardID(victim.ID), By: "lawyer"})
		require.NoError(t, err)
		_, err = d.Erase(ctx, Erase{ID: "e", Card: CardID(victim.ID), By: "another"})
		require.ErrorIs(t, err, ErrMismatch)
	})
}

// What comes back from a base that we wrote to changes nothing, until someone changes it there.
func TestEcho(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d, m := newDesk(t, Config{Now: func() time.Time { return at(9, 0) }})
	row := []Identifier{{Kind: KindExternal, System: "base", Raw: "17"}}
	ingest(t, d, Touch{ID: "lead", Name: "Анна", Phone: phoneA, Received: at(0, 1)})
	record := Touch{Name: "Анна Котова", Phone: phoneA, Identifiers: row, Fields: map[string]string{"rooms": "2"}}
	come := func(id TouchID, hour int, change func(*Touch)) Result {
		touch := record
		touch.ID, touch.Received = id, at(1, hour)
		if change != nil {
			change(&touch)
		}
		res, err := d.Ingest(ctx, touch)
		require.NoError(t, err)
		return res
	}
	sent := func(touch *Touch) { touch.Kind, touch.Follows = TouchSent, "lead" }
	come("sent", 1, sent)
	events, version := len(m.events), m.version
	echo := come("back", 2, nil)
	require.True(t, echo.Repeat)
	require.Equal(t, CardID("lead"), echo.Card)
	require.Len(t, m.events, events)
	require.True(t, come("back again", 3, nil).Repeat)
	card, err := d.Card(ctx, "lead")
	require.NoError(t, err)
	require.Equal(t, "Анна", card.Record["name"].Value)
	require.Len(t, card.Timeline, 4)
	require.Greater(t, m.version, version)

	changed := come("changed there", 5, func(touch *Touch) { touch.Name = "Анна Лис" })
	require.False(t, changed.Repeat)
	require.Equal(t, CardID("lead"), changed.Card)
	require.False(t, come("changed back", 6, nil).Repeat, "what we wrote was overwritten before")

	// What had come between arrives late: the echo after it was none.
	late := come("late", 2, func(touch *Touch) { touch.Received = at(1, 2).Add(time.Minute); touch.Name = "Анна Мышь" })
	require.False(t, late.Repeat)
	all := []Touch{{ID: "lead", Name: "Анна", Phone: phoneA, Received: at(0, 1)}}
	card, err = d.Card(ctx, "lead")
	require.NoError(t, err)
	for _, e := range card.Timeline {
		require.Equal(t, e.ID == "back", e.Echo, "%s", e.ID)
		if e.ID != "lead" {
			all = append(all, e.Touch)
		}
	}
	want, err := Partition(all, nil, Config{Now: func() time.Time { return at(9, 0) }})
	require.NoError(t, err)
	require.Equal(t, want, cardsOf(t, d, idsOf(all)))
}

func TestImport(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d, m := newDesk(t, Config{Now: func() time.Time { return at(9, 0) }})
	broken := errors.New("the file ended early")
	rows := func(stop int) iter.Seq2[Touch, error] {
		return func(yield func(Touch, error) bool) {
			list := []struct {
				touch Touch
				err   error
			}{
				{Touch{ID: "1", Name: "Анна", Phone: phoneA}, nil},
				{Touch{ID: "2", Name: "Аня", Phone: phoneA}, nil},
				{Touch{}, &RowError{Line: 3, Field: "phone", Value: "?", Why: "no such column"}},
				{Touch{ID: "4", Phone: "+7 916 ***-**-01"}, nil},
				{Touch{ID: "1", Name: "Пётр"}, nil},
				{Touch{ID: "6", Data: make([]byte, 2<<20)}, nil},
				{Touch{ID: "7", Name: "Пётр", Phone: "8 351 697-61-48 доб. 12"}, nil},
				{Touch{ID: "8", Name: "Олег", Phone: "8 351 697-61-48"}, nil},
			}
			for i, r := range list {
				if i == stop {
					yield(Touch{}, broken)
					return
				}
				if !yield(r.touch, r.err) {
					return
				}
			}
		}
	}
	want := ImportReport{Rows: 5, Created: 4, Attached: 1, Duplicates: 1, Shared: []Key{"tel:+73516976148"},
		Keyless: map[Grade]int{GradeMasked: 1}, Next: 8}
	for _, batch := range []int{1, 3, 0} {
		report, err := d.Import(ctx, rows(-1), ImportOptions{DryRun: true, Batch: batch})
		require.NoError(t, err)
		require.Len(t, report.Bad, 3)
		require.Equal(t, []int{3, 5, 6}, []int{report.Bad[0].Line, report.Bad[1].Line, report.Bad[2].Line})
		report.Bad = nil
		require.Equal(t, want, report, "batch %d", batch)
		require.Zero(t, m.version, "a dry run writes nothing")
	}
	cut, err := d.Import(ctx, rows(3), ImportOptions{Batch: 2})
	require.ErrorIs(t, err, broken)
	require.Equal(t, 3, cut.Next)
	rest, err := d.Import(ctx, rows(-1), ImportOptions{Batch: 2, Skip: cut.Next})
	require.NoError(t, err)
	require.Equal(t, 8, rest.Next)
	require.Equal(t, 5, cut.Rows+rest.Rows)
	again, err := d.Import(ctx, rows(-1), ImportOptions{})
	require.NoError(t, err)
	require.Equal(t, 5, again.Repeats)
}

func TestMismatchNamesTheField(t *testing.T) {
	t.Parallel()
	d, _ := newDesk(t, Config{})
	base := Touch{ID: "x", Name: "Анна", Phone: phoneA, Fields: map[string]string{"a": "1"}, Identifiers: []Identifier{{Raw: phoneB}}}
	ingest(t, d, base)
	for field, change := range map[string]func(*Touch){
		"Name": func(t *Touch) { t.Name = "Олег" }, "Phone": func(t *Touch) { t.Phone = "1" }, "Source.Channel": func(t *Touch) { t.Source.Channel = "c" },
		"Fields.a": func(t *Touch) { t.Fields = map[string]string{"a": "2"} }, "Identifiers": func(t *Touch) { t.Identifiers = nil },
		"Data": func(t *Touch) { t.Data = []byte("d") }, "At": func(t *Touch) { t.At = at(-900, 0) },
	} {
		touch := base
		change(&touch)
		_, err := d.Ingest(context.Background(), touch)
		var mismatch *MismatchError
		require.ErrorAs(t, err, &mismatch)
		require.Equal(t, field, mismatch.Field)
		require.NotEmpty(t, mismatch.Text("ru"))
	}
	for _, touch := range []Touch{{ID: "big", Data: make([]byte, maxTouch+1)}, {ID: "bad\x00id"}, {ID: TouchID(strings.Repeat("x", 300))}} {
		_, err := d.Ingest(context.Background(), touch)
		require.ErrorIs(t, err, ErrInvalid)
	}
}

// Nothing that can be said in a touch is lost or refused.
func TestBadInputIsKept(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	now := at(9, 0)
	d, _ := newDesk(t, Config{Now: func() time.Time { return now }})
	many := make([]Identifier, 17)
	for i := range many {
		many[i] = Identifier{Raw: fmt.Sprintf("8 916 000-01-%02d", i)}
	}
	for name, tt := range map[string]struct {
		touch Touch
		code  ReasonCode
		field string
	}{
		"long":        {Touch{Phone: strings.Repeat("8 916 000-00-01 ", 20)}, ReasonTooLong, "Phone"},
		"no utf-8":    {Touch{Email: "a\xff@b.ru"}, ReasonEncoding, "Email"},
		"past":        {Touch{At: time.Date(1970, 1, 1, 0, 0, 0, 0, time.UTC)}, ReasonTime, "At"},
		"future":      {Touch{At: now.AddDate(0, 0, 3)}, ReasonTime, "At"},
		"received":    {Touch{Received: now.AddDate(1, 0, 0)}, ReasonTime, "Received"},
		"many":        {Touch{Identifiers: many}, ReasonTooMany, "Identifiers"},
		"masked":      {Touch{Phone: "+7 (995) ***-**-27"}, ReasonMasked, "Phone"},
		"letters":     {Touch{Phone: "8 9I6 123-45-67"}, ReasonInvalid, "Phone"},
		"toll-free":   {Touch{Phone: "8 800 555-35-35"}, ReasonTollFree, "Phone"},
		"placeholder": {Touch{Phone: "+7 (999) 999-99-99"}, ReasonPlaceholder, "Phone"},
		"role":        {Touch{Email: "info@firma.ru"}, ReasonRole, "Email"},
		"no number":   {Touch{Phone: "нет"}, ReasonInvalid, "Phone"},
		"no system":   {Touch{Identifiers: []Identifier{{Kind: KindExternal, Raw: "7"}}}, ReasonSystem, "Identifiers[0]"},
		"follows":     {Touch{Follows: "not yet here"}, ReasonFollows, "Follows"},
	} {
		t.Run(name, func(t *testing.T) {
			tt.touch.ID = TouchID(name)
			res := ingest(t, d, tt.touch)
			require.True(t, res.Created)
			i := slices.IndexFunc(res.Reasons, func(r Reason) bool { return r.Code == tt.code })
			require.GreaterOrEqual(t, i, 0, "%v", res.Reasons)
			require.Equal(t, tt.field, res.Reasons[i].Field)
			require.NotEmpty(t, res.Reasons[i].Value)
			require.NotEqual(t, res.Reasons[i].Text("en"), res.Reasons[i].Text("ru"))
			card, err := d.Card(ctx, res.Card)
			require.NoError(t, err)
			if tt.field == "Received" {
				tt.touch.Received = time.Time{} // it says what was given in the reason
			}
			require.NoError(t, sameContent(card.Timeline[0].Touch, tt.touch))
			require.True(t, ingest(t, d, tt.touch).Repeat)
		})
	}
}

// A component that grows beyond MaxReplay takes no further touch in; a ruling that would make one
// is refused.
func TestTooLarge(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d, _ := newDesk(t, Config{MaxReplay: 3})
	touch := func(i, a, b int) Touch {
		return Touch{ID: TouchID(fmt.Sprintf("t%d", i)), Identifiers: []Identifier{{Raw: fmt.Sprintf("8 916 000-00-%02d", a)}, {Raw: fmt.Sprintf("8 916 000-00-%02d", b)}}}
	}
	ingest(t, d, touch(1, 1, 2), touch(2, 2, 3), touch(3, 3, 4))
	res := ingest(t, d, touch(4, 4, 5))
	require.True(t, res.Created)
	require.Equal(t, ReasonTooLarge, res.Reasons[len(res.Reasons)-1].Code)
	report, err := d.Import(ctx, rowsOf([]Touch{touch(5, 4, 6), touch(6, 70, 71)}), ImportOptions{})
	require.NoError(t, err)
	require.Equal(t, 2, report.Created)
	_, err = d.Decide(ctx, Decide{ID: "d", Ruling: RulingSame, A: []TouchID{"t1", "t6"}})
	var large *TooLargeError
	require.ErrorAs(t, err, &large)
	require.Equal(t, 3, large.Limit)
	require.NotEmpty(t, large.Keys)
}

func TestRulingErrors(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d, _ := newDesk(t, Config{MaxTraces: 3})
	ingest(t, d, Touch{ID: "a", Phone: phoneA}, Touch{ID: "b", Phone: phoneB}, Touch{ID: "c", Email: "c@mail.ru"})
	must := func(r Decide) {
		_, err := d.Decide(ctx, r)
		require.NoError(t, err)
	}
	must(Decide{ID: "same", Ruling: RulingSame, A: []TouchID{"a", "b"}})
	must(Decide{ID: "same2", Ruling: RulingSame, A: []TouchID{"b", "c"}})
	must(Decide{ID: "same", Ruling: RulingSame, A: []TouchID{"a", "b"}})
	_, err := d.Decide(ctx, Decide{ID: "different", Ruling: RulingDifferent, A: []TouchID{"a"}, B: []TouchID{"c"}})
	var contradiction *ContradictionError
	require.ErrorAs(t, err, &contradiction)
	require.Equal(t, &ContradictionError{Decision: "different", With: "same2"}, contradiction)
	must(Decide{ID: "shared", Ruling: RulingShared, Key: "tel:+79160000001"})
	_, err = d.Decide(ctx, Decide{ID: "personal", Ruling: RulingPersonal, Key: "tel:+79160000001"})
	require.ErrorAs(t, err, &contradiction)
	require.Equal(t, DecisionID("shared"), contradiction.With)
	for i := range 5 {
		ingest(t, d, Touch{ID: TouchID(fmt.Sprint("m", i)), Phone: "8 495 000-00-09", Name: fmt.Sprintf("Котов%c", 'а'+i)})
	}
	_, err = d.Decide(ctx, Decide{ID: "full", Ruling: RulingPersonal, Key: "tel:+74950000009"})
	var full *FullError
	require.ErrorAs(t, err, &full)
	for _, tt := range []struct {
		ruling Decide
		want   error
	}{
		{Decide{ID: "same", Ruling: RulingSame, A: []TouchID{"a", "c"}}, ErrMismatch},
		{Decide{ID: "x", Ruling: RulingSame, A: []TouchID{"a", "nobody"}}, ErrUnknown},
		{Decide{ID: "x", Ruling: RulingSame, A: []TouchID{"a"}}, ErrInvalid},
		{Decide{ID: "x", Ruling: RulingDifferent, A: []TouchID{"a"}, B: []TouchID{"a"}}, ErrInvalid},
		{Decide{ID: "x", Ruling: RulingShared, Key: "89160000001"}, ErrInvalid},
		{Decide{ID: "x", Ruling: RulingShared, Key: "tel:89160000001"}, ErrInvalid},
		{Decide{ID: "x", Ruling: RulingWithdraw, Undo: "nothing"}, ErrUnknown},
		{Decide{Ruling: RulingShared, Key: "tel:+79160000001"}, ErrInvalid},
		{Decide{ID: "x", Ruling: 99}, ErrInvalid},
	} {
		_, err := d.Decide(ctx, tt.ruling)
		require.ErrorIs(t, err, tt.want, "%+v", tt.ruling)
	}
}

func TestLookupAndExplain(t *testing.T) {
	t.Parallel()
	ctx := context.Background()
	d, _ := newDesk(t, Config{Now: func() time.Time { return at(9, 0) }})
	ingest(t, d,
		Touch{ID: "anna", Name: "Анна", Phone: phoneA, Email: "anna@mail.ru", Received: at(0, 1)},
		Touch{ID: "petr", Name: "Пётр", Phone: phoneA, Received: at(3, 1)},
		Touch{ID: "call", Phone: phoneA, Received: at(4, 1)},
		Touch{ID: "mail", Email: "anna@mail.ru", Received: at(5, 1)},
		Touch{ID: "reply", Follows: "mail", Received: at(5, 2)},
		Touch{ID: "desk", Name: "Олег", Phone: "8 351 697-61-48 доб. 12", Received: at(5, 3)},
		Touch{ID: "desk2", Name: "Зоя", Phone: "8 351 697-61-48", Received: at(5, 4)},
		Touch{ID: "desk3", Name: "Ия", Phone: "8 351 697-61-48", Received: at(5, 5)})
	matches, err := d.Lookup(ctx, Identifier{Kind: KindPhone, Raw: phoneA}, Identifier{Kind: KindPhone, Raw: "8 351 697-61-48"}, Identifier{Kind: KindEmail, Raw: "nobody@mail.ru"})
	require.NoError(t, err)
	require.Equal(t, []Match{
		{Key: "tel:+73516976148", Class: ClassShared},
		{Key: "tel:+79160000001", Class: ClassContested, Card: "petr", Since: at(3, 1), Current: true},
		{Key: "tel:+79160000001", Class: ClassContested, Card: "anna", Since: at(0, 1)},
	}, matches)
	none, err := d.Lookup(ctx, Identifier{Raw: "нет"})
	require.NoError(t, err)
	require.Empty(t, none)
	for _, tt := range []struct {
		a, b     TouchID
		together bool
		rules    []Rule
	}{
		{"anna", "petr", false, []Rule{RuleNames}},
		{"call", "petr", true, []Rule{RuleLeaf}},
		{"reply", "anna", true, []Rule{RuleFollows, RuleLeaf}},
		{"desk2", "desk3", false, []Rule{RuleShared}},
		{"anna", "desk", false, []Rule{RuleNothing}},
		{"petr", "petr", true, []Rule{RuleRead}},
		{"reply", "reply", true, []Rule{RuleFollows}},
	} {
		x, err := d.Explain(ctx, tt.a, tt.b)
		require.NoError(t, err)
		require.Equal(t, tt.together, x.Together, "%s, %s", tt.a, tt.b)
		var rules []Rule
		for _, s := range x.Steps {
			rules = append(rules, s.Rule)
			require.NotEqual(t, s.Text("en"), s.Text("ru"))
		}
		require.Equal(t, tt.rules, rules, "%s, %s: %+v", tt.a, tt.b, x.Steps)
	}
	_, err = d.Explain(ctx, "anna", "nobody")
	require.ErrorIs(t, err, ErrUnknown)
	card, err := d.Card(ctx, "anna")
	require.NoError(t, err)
	require.Equal(t, []KeySpan{{Key: "mailto:anna@mail.ru", From: at(0, 1)}, {Key: "tel:+79160000001", Class: ClassContested, From: at(0, 1), To: at(3, 1)}}, card.Keys)
}

// The golden record: the latest value, or the first where so configured; a correction wins.
func TestGoldenRecord(t *testing.T) {
	t.Parallel()
	d, _ := newDesk(t, Config{Golden: map[string]Keep{"budget": KeepFirst}, Now: func() time.Time { return at(9, 0) }})
	ingest(t, d,
		Touch{ID: "1", Name: "Аня", Phone: phoneA, Received: at(0, 1), Fields: map[string]string{"budget": "5", "rooms": "1"}},
		Touch{ID: "2", Kind: TouchCorrect, Follows: "1", Name: "Анна Котова", Received: at(1, 1)},
		Touch{ID: "3", Name: "Анна", Phone: phoneA, Email: "A.B@gmail.com", Received: at(2, 1), Fields: map[string]string{"budget": "9", "rooms": "2"}})
	card, err := d.Card(context.Background(), "1")
	require.NoError(t, err)
	require.Equal(t, map[string]Value{
		"name": {"Анна Котова", "2", at(1, 1)}, "phone": {"+79160000001", "3", at(2, 1)}, "email": {"ab@gmail.com", "3", at(2, 1)},
		"budget": {"5", "1", at(0, 1)}, "rooms": {"2", "3", at(2, 1)},
	}, card.Record)
	require.Equal(t, TouchID("1"), card.First.ID)
	require.Equal(t, TouchID("3"), card.Last.ID)
	require.Equal(t, 2, card.Sources[Source{}])
}

func TestConfigErrors(t *testing.T) {
	t.Parallel()
	_, err := New(Config{MaxNames: -1, Claims: ClaimPolicy{Window: -1}, Golden: map[string]Keep{"a": 7}})
	var config *ConfigError
	require.ErrorAs(t, err, &config)
	require.Len(t, config.Problems, 3)
	require.NotEqual(t, config.Text("en"), config.Text("ru"))
	_, err = New(Config{})
	require.ErrorIs(t, err, ErrConfig)
	_, err = NewReader(ReaderConfig{Region: "XX", Names: strings.NewReader("Анна\tАня\tAnn\tmore"), Providers: strings.NewReader("gmail.com\tgmail.com\tперхапс\tno\tno"), Placeholders: strings.NewReader("fax\t1")})
	require.ErrorAs(t, err, &config)
	require.Len(t, config.Problems, 4)
	codes := make(map[ProblemCode]int)
	for _, p := range config.Problems {
		codes[p.Code]++
	}
	require.Equal(t, map[ProblemCode]int{ProblemRegion: 1, ProblemRow: 3}, codes)
	require.ElementsMatch(t, []ProblemCode{ProblemRegion, ProblemRow}, slices.Collect(maps.Keys(codes)))
}
