// Package deduptest proves a storage adapter for package dedup.
//
// A store that forgets one trace of a key makes a second card of a customer; one that answers with
// an old list lets two agencies claim him. The suite holds what package dedup asks of its
// [dedup.Store], [dedup.Feed] and [dedup.Finder] as named cases, and runs those of package
// storetest with them. An adapter's test is a line for each:
//
//	func TestStore(t *testing.T) { deduptest.TestStore(t, func(t *testing.T) dedup.Store { return open(t) }) }
//
// The cases mint IDs of their own, so a store need not be empty. A case that fails prints the rule
// it tried. The suite may miss a broken store; what it reports is broken.
package deduptest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// TestStore runs every case for a store: those of package storetest and dedup's own.
func TestStore(t *testing.T, open func(*testing.T) dedup.Store) {
	storetest.RunCases(t, Cases(open(t)))
}

// Cases are what TestStore runs.
func Cases(s dedup.Store) []storetest.Case {
	cases := storetest.Cases(Fixture(s))
	add := func(name, rule string, run func(context.Context, dedup.Store) error) {
		cases = append(cases, storetest.Case{Name: name, Rule: rule, Run: func(ctx context.Context) error { return run(ctx, s) }})
	}
	add("rows", "every field of a touch, key, trace and ruling comes back exactly", tryRows)
	add("bytes", "a touch comes back as given, whatever bytes its values are", tryBytes)
	add("key brings traces", "a key brings along the traces on it, and their keys if it is not shared", tryRing)
	add("latest", "a trace that a key brings along shows its latest touch by (Received, ID)", tryLatest)
	add("cards", "the traces on a card are those last written with it", tryCards)
	add("history", "the history of a trace is the touches last written with it", tryHistory)
	add("grown", "a trace whose guard says Write gets another version and stays as it was, if no row comes with it", tryGrown)
	add("forgotten", "a forgotten row is absent, and listed nowhere", tryForgotten)
	add("desk", "a desk over the store ends in Partition, rulings and erasure included", tryDesk)
	add("writers", "many writers of the same touches in different orders end in Partition", tryWriters)
	return cases
}

// Fixture shows a dedup store to package storetest.
func Fixture(s dedup.Store) storetest.Fixture[dedup.Query, dedup.Aggregate, dedup.Change] {
	return storetest.Fixture[dedup.Query, dedup.Aggregate, dedup.Change]{
		Store: s,
		Kinds: []string{dedup.RowTouch, dedup.RowKey, dedup.RowTrace, dedup.RowDecision},
		Lacks: storetest.NoAmount,
		Query: func(keys []store.Key, lock bool) dedup.Query { return dedup.Query{Keys: keys, Lock: lock} },
		Change: func(steps []storetest.Step) dedup.Change {
			var c dedup.Change
			for _, st := range steps {
				c.Guards = append(c.Guards, st.Guard)
				switch {
				case st.Erase:
					c.Forget = append(c.Forget, st.Key)
				case st.Write:
					c.Rows = append(c.Rows, row(st.Key, st.Value))
				}
			}
			return c
		},
		Row: func(a dedup.Aggregate) storetest.Row {
			r := storetest.Row{Key: a.Key, Version: a.Version}
			switch {
			case a.Touch != nil:
				r.Value = storetest.Value{Text: a.Touch.Name, At: a.Touch.Received}
			case a.Use != nil && len(a.Use.Marks) > 0:
				r.Value = storetest.Value{Text: a.Use.Marks[0].Hash, At: a.Use.Marks[0].Received}
			case a.Trace != nil:
				r.Value = storetest.Value{Text: a.Trace.Name, At: a.Trace.First}
			case a.Decision != nil:
				r.Value = storetest.Value{Text: a.Decision.Why, At: a.Decision.Made}
			}
			return r
		},
	}
}

// row keeps a value of package storetest in a row of the key's kind.
func row(k store.Key, v storetest.Value) dedup.Aggregate {
	a := dedup.Aggregate{Key: k}
	switch k.Kind {
	case dedup.RowTouch:
		a.Touch = &dedup.StoredTouch{Touch: dedup.Touch{ID: dedup.TouchID(k.ID), Name: v.Text, Received: v.At, At: v.At}}
	case dedup.RowKey:
		a.Use = &dedup.KeyUse{Marks: []dedup.Mark{{Touch: "m", Hash: v.Text, Received: v.At}}}
	case dedup.RowTrace:
		a.Trace = &dedup.Trace{Name: v.Text, First: v.At}
	default:
		a.Decision = &dedup.StoredDecision{Decide: dedup.Decide{ID: dedup.DecisionID(k.ID), Why: v.Text}, Made: v.At}
	}
	return a
}

var moment = time.Date(2026, 3, 1, 12, 30, 0, 123_456_000, time.UTC)

func mint(what string) string { return what + "-" + rand.Text() }

func touchKey(id dedup.TouchID) store.Key { return store.Key{Kind: dedup.RowTouch, ID: string(id)} }
func useKey(k dedup.Key) store.Key        { return store.Key{Kind: dedup.RowKey, ID: string(k)} }
func traceKey(id dedup.TraceID) store.Key { return store.Key{Kind: dedup.RowTrace, ID: string(id)} }

// write commits rows, whatever their versions are; forget and unlist go with them.
func write(ctx context.Context, s dedup.Store, c dedup.Change) error {
	var keys []store.Key
	for _, a := range c.Rows {
		keys = append(keys, a.Key)
	}
	keys = append(keys, c.Forget...)
	rows, err := load(ctx, s, dedup.Query{Keys: keys, Lock: true})
	if err != nil {
		return err
	}
	for _, k := range keys {
		c.Guards = append(c.Guards, store.Guard{Key: k, Version: rows[k].Version, Write: true})
	}
	return s.Commit(ctx, c)
}

// load returns what a query loads, by key.
func load(ctx context.Context, s dedup.Store, q dedup.Query) (map[store.Key]dedup.Aggregate, error) {
	all, err := s.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	rows := make(map[store.Key]dedup.Aggregate)
	for _, a := range all {
		if old, ok := rows[a.Key]; ok && old.Version != a.Version {
			return nil, fmt.Errorf("%v was loaded twice, as version %d and %d", a.Key, old.Version, a.Version)
		}
		if old := rows[a.Key]; a.Latest == nil {
			a.Latest = old.Latest
		}
		rows[a.Key] = a
	}
	for _, k := range q.Keys {
		if _, ok := rows[k]; !ok {
			return nil, fmt.Errorf("%v was asked for and not answered", k)
		}
	}
	return rows, nil
}

func same(what string, got, want any) error {
	if !reflect.DeepEqual(got, want) {
		return fmt.Errorf("%s came back as\n  %+v\nwant\n  %+v", what, got, want)
	}
	return nil
}

func tryRows(ctx context.Context, s dedup.Store) error {
	id, key, trace := dedup.TouchID(mint("touch")), dedup.Key("ext:wa:"+mint("1")), dedup.TraceID(mint("trace"))
	touch := dedup.StoredTouch{
		Touch: dedup.Touch{
			ID: id, Follows: "lead", Kind: dedup.TouchMessage, At: moment.Add(-time.Hour), Received: moment,
			Source: dedup.Source{Channel: "сайт", Campaign: "spring", Line: "+74950000000", Scope: "north", Partner: "agency"},
			Name:   "Анна «Аня»", Phone: "8 916 000-00-00", Email: "a@b.ru",
			Identifiers: []dedup.Identifier{{Kind: dedup.KindExternal, System: "wa", Raw: "1"}, {Kind: dedup.KindEmail, Raw: "x"}},
			Fields:      map[string]string{"budget": "12", "": "empty"}, Data: []byte{0, 1, 255}, By: "ivan", Why: "asked",
		},
		Trace: trace, Root: "root", Stored: moment.Add(time.Second), Echo: true, Erased: true,
		Reasons: []dedup.Reason{{Code: dedup.ReasonMasked, Field: "Phone", Value: "***", Touch: "t"}},
		Awaited: []dedup.TouchID{"later", "latest"},
	}
	use := dedup.KeyUse{Traces: []dedup.TraceID{trace, trace + "2"}, Peers: [][]dedup.Key{{key + "2"}, nil}, Class: dedup.ClassContested, Ruled: true, Rulings: []dedup.DecisionID{"d1", "d2"},
		Full: true, Switchboard: true, Proved: true, Since: moment, Marks: []dedup.Mark{{Touch: "m", Received: moment, Hash: "h", Sent: true}}}
	tr := dedup.Trace{Keys: []dedup.Key{key}, Name: "anna ivanova", First: moment, Card: dedup.CardID(id), Aliases: []dedup.CardID{"x", "y"}, Claimed: true,
		Founders: []dedup.Founder{{Touch: id, At: moment, Born: moment}}, Bonds: []dedup.Bond{{Decision: "d", Ruling: dedup.RulingDifferent, B: true}, {Decision: "e", Peers: []dedup.TraceID{trace}}},
		Filings: 3, Lead: id, Born: moment, Changed: moment.Add(time.Microsecond), Erased: moment}
	ruling := dedup.StoredDecision{Decide: dedup.Decide{ID: dedup.DecisionID(mint("ruling")), Ruling: dedup.RulingDifferent, A: []dedup.TouchID{"a", "b"}, B: []dedup.TouchID{"c"},
		Key: key, Undo: "u", By: "boss", Why: "знаю их"}, Withdrawn: "w", Touch: id, Made: moment}
	rulingKey := store.Key{Kind: dedup.RowDecision, ID: string(ruling.ID)}
	err := write(ctx, s, dedup.Change{Rows: []dedup.Aggregate{
		{Key: touchKey(id), Touch: &touch}, {Key: useKey(key), Use: &use}, {Key: traceKey(trace), Trace: &tr}, {Key: rulingKey, Decision: &ruling}}})
	if err != nil {
		return err
	}
	rows, err := load(ctx, s, dedup.Query{Keys: []store.Key{touchKey(id), useKey(key), traceKey(trace), rulingKey}})
	if err != nil {
		return err
	}
	return errors.Join(same("a touch", rows[touchKey(id)].Touch, &touch), same("a key", rows[useKey(key)].Use, &use),
		same("a trace", rows[traceKey(trace)].Trace, &tr), same("a ruling", rows[rulingKey].Decision, &ruling))
}

func tryBytes(ctx context.Context, s dedup.Store) error {
	for _, hostile := range []string{"\xff\xfe", "a\x00b", strings.Repeat("я", 5000), "'; drop table x; --", "\u202e\ufeff", "{\"a\":1}", "\\u0000"} {
		id := dedup.TouchID(mint("touch"))
		touch := dedup.StoredTouch{Trace: dedup.TraceID(id), Touch: dedup.Touch{ID: id, At: moment, Received: moment, Name: hostile, Phone: hostile, Email: hostile,
			Kind: dedup.TouchKind(hostile), Source: dedup.Source{Channel: hostile, Partner: dedup.PartnerID(hostile), Scope: hostile},
			Fields: map[string]string{hostile: hostile}, Data: []byte(hostile), By: hostile}}
		if err := write(ctx, s, dedup.Change{Rows: []dedup.Aggregate{{Key: touchKey(id), Touch: &touch}}}); err != nil {
			return fmt.Errorf("touch of %.20q: %w", hostile, err)
		}
		rows, err := load(ctx, s, dedup.Query{Keys: []store.Key{touchKey(id)}})
		if err != nil {
			return err
		}
		if err := same("a touch", rows[touchKey(id)].Touch, &touch); err != nil {
			return err
		}
	}
	for _, id := range []string{strings.Repeat("я", 128), "a'b\"c", "A", "a", " ", "%_", "x\x1fy"} {
		k := touchKey(dedup.TouchID(mint(id)[:min(len(id)+20, 255)]))
		k.ID = strings.ToValidUTF8(k.ID, "")
		v := storetest.Value{Text: id, At: moment}
		if err := write(ctx, s, dedup.Change{Rows: []dedup.Aggregate{row(k, v)}}); err != nil {
			return fmt.Errorf("ID %.20q: %w", id, err)
		}
		rows, err := load(ctx, s, dedup.Query{Keys: []store.Key{k}})
		if err != nil {
			return err
		}
		if a := rows[k]; a.Touch == nil || a.Touch.Name != id {
			return fmt.Errorf("a touch with ID %.20q is not found", k.ID)
		}
	}
	return nil
}

// listing writes a key with two traces of two touches each; the first trace has a second key.
func listing(ctx context.Context, s dedup.Store, class dedup.Class) (key, other dedup.Key, traces [2]dedup.TraceID, card dedup.CardID, err error) {
	key, other, card = dedup.Key(mint("ext:a:")), dedup.Key(mint("ext:b:")), dedup.CardID(mint("card"))
	use := dedup.KeyUse{Class: class}
	var c dedup.Change
	for i := range traces {
		id := dedup.TraceID(mint("trace"))
		traces[i] = id
		use.Traces = append(use.Traces, id)
		tr := dedup.Trace{Keys: []dedup.Key{key}, First: moment, Card: card, Lead: dedup.TouchID(id)}
		if i == 0 {
			tr.Keys = append(tr.Keys, other)
		}
		c.Rows = append(c.Rows, dedup.Aggregate{Key: traceKey(id), Trace: &tr})
		for j, received := range []time.Duration{2, 1} {
			touch := dedup.StoredTouch{Trace: id, Touch: dedup.Touch{ID: dedup.TouchID(fmt.Sprintf("%s-%d", id, j)), Received: moment.Add(received * time.Hour), At: moment}}
			c.Rows = append(c.Rows, dedup.Aggregate{Key: touchKey(touch.ID), Touch: &touch})
		}
	}
	c.Rows = append(c.Rows, dedup.Aggregate{Key: useKey(key), Use: &use},
		dedup.Aggregate{Key: useKey(other), Use: &dedup.KeyUse{Traces: traces[:1]}})
	return key, other, traces, card, write(ctx, s, c)
}

func tryRing(ctx context.Context, s dedup.Store) error {
	for _, class := range []dedup.Class{dedup.ClassPersonal, dedup.ClassContested, dedup.ClassShared} {
		key, other, traces, _, err := listing(ctx, s, class)
		if err != nil {
			return err
		}
		rows, err := load(ctx, s, dedup.Query{Keys: []store.Key{useKey(key)}, Lock: true})
		if err != nil {
			return err
		}
		for _, id := range traces {
			if a := rows[traceKey(id)]; a.Trace == nil || a.Version == 0 {
				return fmt.Errorf("a %v key did not bring along trace %s", class, id)
			}
		}
		if rows[useKey(other)].Use == nil && class != dedup.ClassShared {
			return fmt.Errorf("a %v key did not bring along another key of its trace", class)
		}
	}
	return nil
}

func tryLatest(ctx context.Context, s dedup.Store) error {
	key, _, traces, _, err := listing(ctx, s, dedup.ClassPersonal)
	if err != nil {
		return err
	}
	want := func(id dedup.TouchID, received time.Time) error {
		rows, err := load(ctx, s, dedup.Query{Keys: []store.Key{useKey(key)}})
		if err != nil {
			return err
		}
		return same("the latest touch", rows[traceKey(traces[0])].Latest, &dedup.Latest{ID: id, Received: received, When: moment})
	}
	if err := want(dedup.TouchID(traces[0]+"-0"), moment.Add(2*time.Hour)); err != nil {
		return err
	}
	for _, late := range []struct {
		id       dedup.TouchID
		received time.Duration
	}{{dedup.TouchID(traces[0] + "-1x"), 2}, {dedup.TouchID(traces[0] + "-2"), 1}} {
		touch := dedup.StoredTouch{Trace: traces[0], Touch: dedup.Touch{ID: late.id, Received: moment.Add(late.received * time.Hour), At: moment}}
		if err := write(ctx, s, dedup.Change{Rows: []dedup.Aggregate{{Key: touchKey(late.id), Touch: &touch}}}); err != nil {
			return err
		}
	}
	return want(dedup.TouchID(traces[0]+"-1x"), moment.Add(2*time.Hour))
}

func tryCards(ctx context.Context, s dedup.Store) error {
	_, _, traces, card, err := listing(ctx, s, dedup.ClassPersonal)
	if err != nil {
		return err
	}
	on := func(card dedup.CardID) ([]dedup.TraceID, error) {
		rows, err := load(ctx, s, dedup.Query{Cards: []dedup.CardID{card}})
		var ids []dedup.TraceID
		for k, a := range rows {
			if a.Trace != nil && a.Trace.Card == card {
				ids = append(ids, dedup.TraceID(k.ID))
			}
		}
		slices.Sort(ids)
		return ids, err
	}
	both := slices.Sorted(slices.Values(traces[:]))
	got, err := on(card)
	if err != nil || !slices.Equal(got, both) {
		return errors.Join(err, fmt.Errorf("card has traces %v, want %v", got, both))
	}
	moved := dedup.CardID(mint("card"))
	err = write(ctx, s, dedup.Change{
		Rows:   []dedup.Aggregate{{Key: traceKey(traces[0]), Trace: &dedup.Trace{Card: moved, First: moment}}},
		Unlist: []dedup.Listing{{Key: traceKey(traces[0]), Under: string(card)}}})
	if err != nil {
		return err
	}
	for want, id := range map[dedup.CardID]dedup.TraceID{moved: traces[0], card: traces[1]} {
		if got, err := on(want); err != nil || !slices.Equal(got, []dedup.TraceID{id}) {
			return errors.Join(err, fmt.Errorf("after a trace moved, card has traces %v, want %v", got, id))
		}
	}
	return nil
}

func tryHistory(ctx context.Context, s dedup.Store) error {
	_, _, traces, _, err := listing(ctx, s, dedup.ClassPersonal)
	if err != nil {
		return err
	}
	of := func(trace dedup.TraceID) (int, error) {
		rows, err := load(ctx, s, dedup.Query{History: []dedup.TraceID{trace}})
		if err != nil {
			return 0, err
		}
		n := 0
		for _, a := range rows {
			if a.Touch == nil || a.Touch.Trace != trace {
				continue
			}
			own, err := load(ctx, s, dedup.Query{Keys: []store.Key{a.Key}})
			if err != nil {
				return 0, err
			}
			if a.Version == 0 || a.Version != own[a.Key].Version {
				return 0, fmt.Errorf("a touch of a history has version %d, its row %d", a.Version, own[a.Key].Version)
			}
			n++
		}
		return n, nil
	}
	id := dedup.TouchID(traces[0] + "-0")
	err = write(ctx, s, dedup.Change{
		Rows:   []dedup.Aggregate{{Key: touchKey(id), Touch: &dedup.StoredTouch{Trace: traces[1], Touch: dedup.Touch{ID: id, Received: moment, At: moment}}}},
		Unlist: []dedup.Listing{{Key: touchKey(id), Under: string(traces[0])}}})
	if err != nil {
		return err
	}
	for i, want := range []int{1, 3} {
		if n, err := of(traces[i]); err != nil || n != want {
			return errors.Join(err, fmt.Errorf("a trace has %d touches, want %d", n, want))
		}
	}
	return nil
}

func tryGrown(ctx context.Context, s dedup.Store) error {
	_, _, traces, _, err := listing(ctx, s, dedup.ClassPersonal)
	if err != nil {
		return err
	}
	k := traceKey(traces[0])
	read := func() (dedup.Aggregate, error) {
		rows, err := load(ctx, s, dedup.Query{Keys: []store.Key{k}})
		return rows[k], err
	}
	was, err := read()
	if err != nil {
		return err
	}
	err = s.Commit(ctx, dedup.Change{Guards: []store.Guard{{Key: k, Version: was.Version, Write: true}}})
	if err != nil {
		return err
	}
	now, err := read()
	if err != nil {
		return err
	}
	if now.Version == was.Version {
		return fmt.Errorf("the version is still %d", now.Version)
	}
	return same("the trace", now.Trace, was.Trace)
}

func tryForgotten(ctx context.Context, s dedup.Store) error {
	key, _, traces, card, err := listing(ctx, s, dedup.ClassPersonal)
	if err != nil {
		return err
	}
	id := dedup.TouchID(traces[0] + "-0")
	gone := []store.Key{useKey(key), traceKey(traces[0]), touchKey(id)}
	err = write(ctx, s, dedup.Change{Forget: gone, Unlist: []dedup.Listing{{Key: gone[1], Under: string(card)}, {Key: gone[2], Under: string(traces[0])}}})
	if err != nil {
		return err
	}
	rows, err := load(ctx, s, dedup.Query{Keys: gone, Cards: []dedup.CardID{card}, History: traces[:1]})
	if err != nil {
		return err
	}
	for _, k := range gone {
		if a := rows[k]; a.Version != 0 || a.Touch != nil || a.Use != nil || a.Trace != nil {
			return fmt.Errorf("%v was forgotten and is there with version %d", k, a.Version)
		}
	}
	return nil
}

// A stream is touches in which people share phones and repeat themselves, with IDs and numbers of
// their own.
func stream(n int) []dedup.Touch {
	tag := mint("")
	names := []string{"Анна", "", "Пётр", "Аня Иванова", "Зорро", "Пётр Котов"}
	var touches []dedup.Touch
	for i := range n {
		t := dedup.Touch{ID: dedup.TouchID(fmt.Sprintf("%s-%03d", tag, i)), Received: moment.Add(time.Duration(i*37%n) * time.Hour), Name: names[i*7%len(names)],
			Identifiers: []dedup.Identifier{{Kind: dedup.KindExternal, System: "tel" + tag, Raw: fmt.Sprint(i * 13 % (n/3 + 1))}}}
		if i%3 == 0 {
			t.Identifiers = append(t.Identifiers, dedup.Identifier{Kind: dedup.KindExternal, System: "mail" + tag, Raw: fmt.Sprint(i * 5 % (n/4 + 1))})
		}
		if i%17 == 5 {
			t.Source.Partner = "agency"
		}
		touches = append(touches, t)
	}
	return touches
}

// grouped returns the touches of each card, as Partition does.
func grouped(ctx context.Context, desk *dedup.Desk, touches []dedup.Touch) ([][]dedup.TouchID, error) {
	seen := make(map[dedup.TouchID]bool)
	var groups [][]dedup.TouchID
	for _, t := range touches {
		if seen[t.ID] {
			continue
		}
		card, err := desk.Card(ctx, dedup.CardID(t.ID))
		if err != nil {
			return nil, err
		}
		var ids []dedup.TouchID
		for _, e := range card.Timeline {
			seen[e.ID] = true
			ids = append(ids, e.ID)
		}
		slices.Sort(ids)
		groups = append(groups, ids)
	}
	slices.SortFunc(groups, func(a, b []dedup.TouchID) int { return strings.Compare(string(a[0]), string(b[0])) })
	return groups, nil
}

func newDesk(s dedup.Store) (*dedup.Desk, error) {
	now := moment.Add(1000 * time.Hour)
	return dedup.New(dedup.Config{Store: s, Now: func() time.Time { return now }})
}

func tryDesk(ctx context.Context, s dedup.Store) error {
	desk, err := newDesk(s)
	if err != nil {
		return err
	}
	touches := stream(60)
	for _, t := range touches {
		if _, err := desk.Ingest(ctx, t); err != nil {
			return err
		}
	}
	rulings := []dedup.Decide{
		{ID: dedup.DecisionID(mint("same")), Ruling: dedup.RulingSame, A: []dedup.TouchID{touches[0].ID, touches[1].ID}},
		{ID: dedup.DecisionID(mint("different")), Ruling: dedup.RulingDifferent, A: []dedup.TouchID{touches[2].ID}, B: []dedup.TouchID{touches[23].ID}},
	}
	rulings = append(rulings, dedup.Decide{ID: dedup.DecisionID(mint("undo")), Ruling: dedup.RulingWithdraw, Undo: rulings[0].ID})
	for i, r := range rulings {
		if _, err := desk.Decide(ctx, r); err != nil {
			return err
		}
		want, err := dedup.Partition(touches, rulings[:i+1], dedup.Config{})
		if err != nil {
			return err
		}
		got, err := grouped(ctx, desk, touches)
		if err != nil {
			return err
		}
		if err := same("the cards", got, want); err != nil {
			return err
		}
	}
	before, err := desk.Card(ctx, dedup.CardID(touches[5].ID))
	if err != nil {
		return err
	}
	if _, err := desk.Erase(ctx, dedup.Erase{ID: dedup.DecisionID(mint("erase")), Card: before.ID}); err != nil {
		return err
	}
	after, err := desk.Card(ctx, before.ID)
	if err != nil {
		return err
	}
	if len(after.Timeline) != len(before.Timeline) || len(after.Keys) > 0 || len(after.Record) > 0 {
		return fmt.Errorf("an erased card has %d of %d touches, keys %v, record %v", len(after.Timeline), len(before.Timeline), after.Keys, after.Record)
	}
	return nil
}

func tryWriters(ctx context.Context, s dedup.Store) error {
	touches := stream(40)
	want, err := dedup.Partition(touches, nil, dedup.Config{})
	if err != nil {
		return err
	}
	const writers = 6
	errs := make([]error, writers)
	var all sync.WaitGroup
	for w := range writers {
		all.Go(func() {
			desk, err := newDesk(s)
			for i := range touches {
				if err == nil {
					_, err = desk.Ingest(ctx, touches[(i*(2*w+1)+w)%len(touches)])
				}
			}
			for _, t := range touches {
				if err == nil {
					_, err = desk.Ingest(ctx, t)
				}
			}
			errs[w] = err
		})
	}
	all.Wait()
	if err := errors.Join(errs...); err != nil {
		return err
	}
	desk, err := newDesk(s)
	if err != nil {
		return err
	}
	got, err := grouped(ctx, desk, touches)
	if err != nil {
		return err
	}
	return same("the cards", got, want)
}
