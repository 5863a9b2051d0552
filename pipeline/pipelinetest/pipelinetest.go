// Package pipelinetest proves a storage adapter for package pipeline.
//
// A store that forgets which command made an event applies a repeated call twice; one that misses
// a card opens a second deal for a client. The suite holds what package pipeline asks of its
// stores as named cases, and runs those of package storetest with them. An adapter's test is a
// line:
//
//	func TestStore(t *testing.T) { pipelinetest.TestStore(t, func(t *testing.T) pipelinetest.Store { return open(t) }) }
//
// Most cases mint IDs of their own; those of Due, Find and the feed look only at what is theirs, so a
// store need not be empty. A case that fails prints the rule it tried. The suite may miss a broken
// store; what it reports is broken.
package pipelinetest

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// A Store is all that a store of package pipeline does.
type Store interface {
	pipeline.Store
	pipeline.Due
	pipeline.Feed
	pipeline.Find
	pipeline.History
}

// TestStore runs every case for a store: those of package storetest and pipeline's own.
func TestStore(t *testing.T, open func(*testing.T) Store) {
	storetest.RunCases(t, Cases(open(t)))
}

// TestTx runs the cases of a desk within a caller's transaction. inTx runs fn in one, commits if it
// returns nil, else rolls back and returns its error.
func TestTx(t *testing.T, s Store, inTx func(ctx context.Context, fn func(pipeline.Store) error) error) {
	storetest.RunCases(t, TxCases(s, inTx))
}

// Cases are what TestStore runs.
func Cases(s Store) []storetest.Case {
	cases := storetest.Cases(caseFixture(s))
	for _, c := range storetest.Cases(poolFixture(s)) {
		c.Name = "pool: " + c.Name
		cases = append(cases, c)
	}
	add := func(name, rule string, run func(ctx context.Context, s Store) error) {
		cases = append(cases, storetest.Case{Name: name, Rule: rule, Run: func(ctx context.Context) error { return run(ctx, s) }})
	}
	add("record comes back whole", "what Load returns of a case is what was committed, its clocks included", recordComesBack)
	add("done", "Load returns with a case its events of the command asked for, all of them, in order, and no others", done)
	add("cards", "Load returns every case of the cards asked for, also of one that it got later", byCards)
	add("slot", "a slot is taken once: a second commit on it is a conflict and writes nothing", slot)
	add("turns", "a pool's turns come back as they were committed", turns)
	add("history", "History lists a case's events in order, after the Seq given, up to the limit; folded they are the case", history)
	add("due", "Due lists the cases whose Wake has come, the earliest first, as they are now", due)
	add("find", "Find lists the cases that the filter matches, the oldest first, each once, page by page", find)
	add("feed", "the feed hands out each event once, those of a case in order; another store's cursor is ErrRewound", feed)
	add("one open case", "any concurrent leads of two cards, in either order, make one open case", oneOpenCase)
	add("one taker", "of concurrent claims one wins", oneTaker)
	return cases
}

// caseFixture shows cases as storetest sees keys.
func caseFixture(s Store) storetest.Fixture[pipeline.Query, pipeline.Aggregate, pipeline.Change] {
	return storetest.Fixture[pipeline.Query, pipeline.Aggregate, pipeline.Change]{
		Store: s,
		Kinds: []string{pipeline.KeyCase},
		Lacks: storetest.NoErase,
		Query: query,
		Change: func(steps []storetest.Step) pipeline.Change {
			return change(steps, func(st storetest.Step) pipeline.Aggregate {
				return pipeline.Aggregate{Key: st.Key, Case: &pipeline.Record{
					ID: pipeline.CaseID(st.ID), Pipeline: "p", Version: 1, Stage: "new", Opened: st.Value.At,
					Values: map[pipeline.FieldID]pipeline.Value{"text": {Text: st.Value.Text}, "amount": {Text: st.Value.Amount}},
				}}
			})
		},
		Row: func(a pipeline.Aggregate) storetest.Row {
			row := storetest.Row{Key: a.Key, Version: a.Version}
			if a.Case != nil {
				row.Value = storetest.Value{Text: a.Case.Values["text"].Text, Amount: a.Case.Values["amount"].Text, At: a.Case.Opened}
			}
			return row
		},
	}
}

// poolFixture shows pools: a number for each.
func poolFixture(s Store) storetest.Fixture[pipeline.Query, pipeline.Aggregate, pipeline.Change] {
	return storetest.Fixture[pipeline.Query, pipeline.Aggregate, pipeline.Change]{
		Store: s,
		Kinds: []string{pipeline.KeyPool},
		Lacks: storetest.NoErase | storetest.NoText | storetest.NoTime | storetest.NoAmount,
		Query: query,
		Change: func(steps []storetest.Step) pipeline.Change {
			return change(steps, func(st storetest.Step) pipeline.Aggregate {
				var n int64
				fmt.Sscan(st.Value.Text, &n)
				return pipeline.Aggregate{Key: st.Key, Turns: map[pipeline.ActorID]int64{"ivan": n}}
			})
		},
		Row: func(a pipeline.Aggregate) storetest.Row {
			row := storetest.Row{Key: a.Key, Version: a.Version}
			if a.Turns != nil {
				row.Value.Text = fmt.Sprint(a.Turns["ivan"])
			}
			return row
		},
	}
}

func query(keys []store.Key, lock bool) pipeline.Query {
	return pipeline.Query{Keys: slices.Clone(keys), Lock: lock}
}

func change(steps []storetest.Step, row func(storetest.Step) pipeline.Aggregate) (c pipeline.Change) {
	for _, st := range steps {
		c.Guards = append(c.Guards, st.Guard)
		if st.Write {
			c.Rows = append(c.Rows, row(st))
		}
	}
	return c
}

var start = time.Date(2026, time.March, 2, 9, 0, 0, 123456000, time.UTC)

func mint(prefix string) string { return prefix + "-" + rand.Text() }

// Rules are what the suite's own cases run on.
func Rules() pipeline.Rules {
	roles := []pipeline.Role{"manager"}
	return pipeline.Rules{Definitions: []pipeline.Definition{{
		ID: "p", Version: 1, Claim: roles, Parties: []string{"us", "client"},
		Fields: []pipeline.Field{{ID: "note", Kind: pipeline.KindText, Party: "client"}, {ID: "a", Kind: pipeline.KindText}, {ID: "b", Kind: pipeline.KindText}, {ID: "c", Kind: pipeline.KindText}},
		Stages: []pipeline.Stage{{ID: "new"}, {ID: "work"}, {ID: "won", Final: pipeline.Won}},
		Moves: []pipeline.Move{
			{Action: "take", From: []pipeline.StageID{"new"}, To: "work", Roles: roles},
			{Action: "win", From: []pipeline.StageID{"work"}, To: "won", Roles: roles, Needs: []pipeline.Need{{Field: "note"}}},
		},
		Edits:  []pipeline.Edit{{Fields: []pipeline.FieldID{"*"}, Roles: []pipeline.Role{"manager", pipeline.RoleIntake}}},
		Sides:  []pipeline.Side{{ID: "problem", Open: roles, Close: roles}},
		Timers: []pipeline.Timer{{ID: "answer", Start: "inquired", Stop: "responded", Within: 30 * time.Second, To: "head"}, {ID: "slow", Start: "entered work", Within: time.Hour, Pause: []string{"client"}, To: "head"}},
	}}}
}

var (
	manager = pipeline.Actor{ID: "ivan", Roles: []pipeline.Role{"manager"}}
	gateway = pipeline.Actor{ID: "gate", Roles: []pipeline.Role{pipeline.RoleIntake}}
)

// Members of the suite's pool.
var members = []pipeline.Member{{ID: "m1"}, {ID: "m2"}, {ID: "m3"}, {ID: "m4"}, {ID: "m5"}}

func newDesk(s pipeline.Store, now func() time.Time) (*pipeline.Desk, error) {
	return pipeline.New(pipeline.Config{Store: s, Rules: Rules(), Now: now, Pools: func(context.Context, pipeline.PoolID) (pipeline.Pool, error) {
		return pipeline.Pool{Members: members}, nil
	}})
}

func at(t time.Time) func() time.Time { return func() time.Time { return t } }

func key(id pipeline.CaseID) store.Key { return store.Key{Kind: pipeline.KeyCase, ID: string(id)} }

// loadCase reads one case as it is kept.
func loadCase(ctx context.Context, s pipeline.Store, id pipeline.CaseID) (pipeline.Aggregate, error) {
	got, err := s.Load(ctx, pipeline.Query{Keys: []store.Key{key(id)}})
	if err != nil {
		return pipeline.Aggregate{}, err
	}
	for _, a := range got {
		if a.Key == key(id) && a.Case != nil {
			return a, nil
		}
	}
	return pipeline.Aggregate{}, fmt.Errorf("case %s: Load does not return it", id)
}

func same(what string, got, want any) error {
	g, err := json.Marshal(got)
	if err != nil {
		return err
	}
	w, err := json.Marshal(want)
	if err != nil {
		return err
	}
	if string(g) != string(w) {
		return fmt.Errorf("%s: got %s, want %s", what, g, w)
	}
	return nil
}

// worked opens a case and works on it, so that every part of its record is in use.
func worked(ctx context.Context, s pipeline.Store) (pipeline.Case, error) {
	desk, err := newDesk(s, at(start))
	if err != nil {
		return pipeline.Case{}, err
	}
	id := pipeline.CaseID(mint("case"))
	_, err = desk.Open(ctx, pipeline.Open{ID: "open", Case: id, Pipeline: "p", Cards: []pipeline.CardID{pipeline.CardID(mint("card"))}, SourceRev: 3,
		Set: map[pipeline.FieldID]string{"a": "é\n\"x\"", "b": "2"}, By: gateway, Why: "test"})
	if err != nil {
		return pipeline.Case{}, err
	}
	later, err := newDesk(s, at(start.Add(time.Minute)))
	if err != nil {
		return pipeline.Case{}, err
	}
	res, err := later.Do(ctx,
		pipeline.Command{ID: "take", Case: id, Action: "take", By: manager, Set: map[pipeline.FieldID]string{pipeline.FieldOwner: "ivan", "c": "3"}},
		pipeline.Command{ID: "side", Case: id, Action: "open:problem", By: manager},
		pipeline.Command{ID: "call", Case: id, Touch: &pipeline.Touch{Kind: "call", Channel: "phone", Out: true}, By: manager})
	return res.Case, err
}

func recordComesBack(ctx context.Context, s Store) error {
	c, err := worked(ctx, s)
	if err != nil {
		return err
	}
	a, err := loadCase(ctx, s, c.ID)
	if err != nil {
		return err
	}
	if len(a.Case.Sides) != 1 || a.Case.Wake.IsZero() {
		return fmt.Errorf("case %s: a side process and a running clock were committed, got %v and Wake %v", c.ID, a.Case.Sides, a.Case.Wake)
	}
	return same("the record", a.Case, c.Record)
}

func done(ctx context.Context, s Store) error {
	c, err := worked(ctx, s)
	if err != nil {
		return err
	}
	all, err := s.History(ctx, c.ID, 0, 1000)
	if err != nil {
		return err
	}
	for _, command := range []pipeline.CommandID{"open", "take", "side", "call", "never"} {
		var want []pipeline.Event
		for _, e := range all {
			if e.Command == command {
				want = append(want, e)
			}
		}
		got, err := s.Load(ctx, pipeline.Query{Keys: []store.Key{key(c.ID)}, Command: command, Lock: true})
		if err != nil {
			return err
		}
		if len(got) == 0 {
			return fmt.Errorf("case %s: Load does not return it", c.ID)
		}
		if err := same("events of command "+string(command), got[0].Done, want); err != nil {
			return err
		}
	}
	got, err := s.Load(ctx, pipeline.Query{Keys: []store.Key{key(c.ID)}})
	if err == nil && len(got) > 0 && len(got[0].Done) > 0 {
		return fmt.Errorf("case %s: no command was asked for, got events of %q", c.ID, got[0].Done[0].Command)
	}
	return err
}

func byCards(ctx context.Context, s Store) error {
	desk, err := newDesk(s, at(start))
	if err != nil {
		return err
	}
	id := pipeline.CaseID(mint("case"))
	c1, c2, c3 := pipeline.CardID(mint("card")), pipeline.CardID(mint("card")), pipeline.CardID(mint("Card"))
	for i, cards := range [][]pipeline.CardID{{c1, c2}, {c2, c3}} {
		if _, err := desk.Open(ctx, pipeline.Open{ID: pipeline.CommandID(fmt.Sprint("rev-", i)), Case: id, Pipeline: "p", Cards: cards, SourceRev: int64(i + 1), By: gateway}); err != nil {
			return err
		}
	}
	for _, card := range []pipeline.CardID{c2, c3} {
		got, err := s.Load(ctx, pipeline.Query{Cards: []pipeline.CardID{card}})
		if err != nil {
			return err
		}
		if !slices.ContainsFunc(got, func(a pipeline.Aggregate) bool { return a.Key == key(id) && a.Case != nil && a.Version > 0 }) {
			return fmt.Errorf("card %s: its case %s is not returned", card, id)
		}
	}
	got, err := s.Load(ctx, pipeline.Query{Cards: []pipeline.CardID{pipeline.CardID(strings.ToUpper(string(c2)))}})
	if err == nil && len(got) > 0 {
		return fmt.Errorf("a card that differs in case only: got %d cases, want none", len(got))
	}
	return err
}

func slot(ctx context.Context, s Store) error {
	k := store.Key{Kind: pipeline.KeySlot, ID: mint("slot")}
	take := func(version int64, id string) error {
		ck := key(pipeline.CaseID(id))
		return s.Commit(ctx, pipeline.Change{
			Guards: []store.Guard{{Key: ck, Write: true}, {Key: k, Version: version, Write: true}},
			Rows:   []pipeline.Aggregate{{Key: ck, Case: &pipeline.Record{ID: pipeline.CaseID(id), Pipeline: "p", Version: 1, Stage: "new", Opened: start}}},
		})
	}
	first, second := mint("case"), mint("case")
	if err := take(0, first); err != nil {
		return err
	}
	if err := take(0, second); !errors.Is(err, store.ErrConflict) {
		return fmt.Errorf("slot %s is taken again: got %v, want ErrConflict", k.ID, err)
	}
	if _, err := loadCase(ctx, s, pipeline.CaseID(second)); err == nil {
		return fmt.Errorf("slot %s: the commit that lost wrote its case", k.ID)
	}
	return nil
}

func turns(ctx context.Context, s Store) error {
	k := store.Key{Kind: pipeline.KeyPool, ID: mint("pool")}
	want := map[pipeline.ActorID]int64{"ivan": 1, "Ivan": 1 << 60, "ольга": 3}
	err := s.Commit(ctx, pipeline.Change{Guards: []store.Guard{{Key: k, Write: true}}, Rows: []pipeline.Aggregate{{Key: k, Turns: want}}})
	if err != nil {
		return err
	}
	got, err := s.Load(ctx, pipeline.Query{Keys: []store.Key{k}, Lock: true})
	if err != nil {
		return err
	}
	if len(got) != 1 {
		return fmt.Errorf("pool %s: got %d aggregates, want 1", k.ID, len(got))
	}
	return same("turns", got[0].Turns, want)
}

func history(ctx context.Context, s Store) error {
	c, err := worked(ctx, s)
	if err != nil {
		return err
	}
	engine, err := pipeline.Compile(Rules())
	if err != nil {
		return err
	}
	var all []pipeline.Event
	for after := int64(0); ; after = all[len(all)-1].Seq {
		page, err := s.History(ctx, c.ID, after, 2)
		if err != nil {
			return err
		}
		if len(page) > 2 {
			return fmt.Errorf("case %s: a page of at most 2 has %d events", c.ID, len(page))
		}
		for _, e := range page {
			if e.Seq != int64(len(all))+1 {
				return fmt.Errorf("case %s: event %d came where %d was next", c.ID, e.Seq, len(all)+1)
			}
			all = append(all, e)
		}
		if len(page) < 2 {
			break
		}
	}
	folded, err := engine.Replay(all)
	if err != nil {
		return err
	}
	return same("the folded case", folded.Record, c.Record)
}

func due(ctx context.Context, s Store) error {
	// Wakes long ago, so that they come before whatever else the store holds.
	base := time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	put := func(id string, version int64, wake time.Time) error {
		k := key(pipeline.CaseID(id))
		return s.Commit(ctx, pipeline.Change{Guards: []store.Guard{{Key: k, Version: version, Write: true}},
			Rows: []pipeline.Aggregate{{Key: k, Case: &pipeline.Record{ID: pipeline.CaseID(id), Pipeline: "p", Version: 1, Stage: "new", Opened: base, Wake: wake}}}})
	}
	ids := []string{mint("b"), mint("a"), mint("c"), mint("d")}
	for i, wake := range []time.Time{base.Add(2), base.Add(time.Microsecond), base.Add(time.Hour), {}} {
		if err := put(ids[i], 0, wake.Truncate(time.Microsecond)); err != nil {
			return err
		}
	}
	list := func(now time.Time, limit int) (mine []string, err error) {
		keys, err := s.Due(ctx, now, limit)
		for _, k := range keys {
			if slices.Contains(ids, k.ID) {
				mine = append(mine, k.ID)
			}
		}
		return mine, err
	}
	expect := func(now time.Time, limit int, want ...string) error {
		got, err := list(now, limit)
		if err == nil && !slices.Equal(got, want) {
			err = fmt.Errorf("due at %v, limit %d: got %v, want %v", now, limit, got, want)
		}
		return err
	}
	if err := errors.Join(
		expect(base.Add(-time.Microsecond), 10),
		expect(base.Add(time.Microsecond), 10, ids[0], ids[1]),
		expect(base.Add(2*time.Hour), 2, ids[0], ids[1]),
		expect(base.Add(2*time.Hour), 10, ids[0], ids[1], ids[2])); err != nil {
		return err
	}
	for _, id := range ids {
		a, err := loadCase(ctx, s, pipeline.CaseID(id))
		if err != nil {
			return err
		}
		if err := put(id, a.Version, time.Time{}); err != nil {
			return err
		}
	}
	return expect(base.Add(2*time.Hour), 10)
}

func find(ctx context.Context, s Store) error {
	pool, owner, stage := pipeline.PoolID(mint("pool")), pipeline.ActorID(mint("owner")), pipeline.StageID(mint("stage"))
	card, other := pipeline.CardID(mint("card")), pipeline.CardID(mint("card"))
	var records []pipeline.Record
	for i := range 12 {
		r := pipeline.Record{ID: pipeline.CaseID(mint(fmt.Sprint(9 - i%3))), Pipeline: "p", Version: 1, Stage: stage, Pool: pool, Opened: start.Add(time.Duration(i/3) * time.Hour)}
		if i%4 == 1 {
			r.Owner = owner
		}
		if i%2 == 0 {
			r.Cards = []pipeline.CardID{card, other}
		}
		if i%5 == 0 {
			r.Closed = start
		}
		k := key(r.ID)
		if err := s.Commit(ctx, pipeline.Change{Guards: []store.Guard{{Key: k, Write: true}}, Rows: []pipeline.Aggregate{{Key: k, Case: &r}}}); err != nil {
			return err
		}
		records = append(records, r)
	}
	slices.SortFunc(records, func(a, b pipeline.Record) int {
		if n := a.Opened.Compare(b.Opened); n != 0 {
			return n
		}
		return strings.Compare(string(a.ID), string(b.ID))
	})
	for _, f := range []pipeline.Filter{
		{Stage: stage}, {Pool: pool}, {Owner: owner}, {Stage: stage, Open: true}, {Pool: pool, Open: true}, {Cards: []pipeline.CardID{card}},
		{Cards: []pipeline.CardID{other, card}, Open: true}, {Pipeline: "q", Stage: stage}, {Pipeline: "p", Owner: owner, Open: true},
	} {
		var want, got []pipeline.CaseID
		for i := range records {
			if f.Matches(&records[i]) {
				want = append(want, records[i].ID)
			}
		}
		for after := pipeline.CaseID(""); ; {
			page, err := s.Find(ctx, f, after, 2)
			if err != nil {
				return err
			}
			for _, r := range page {
				got = append(got, r.ID)
				after = r.ID
			}
			if len(page) < 2 || len(got) > 2*len(records) {
				break
			}
		}
		if !slices.Equal(got, want) {
			return fmt.Errorf("filter %+v: got %v, want %v", f, got, want)
		}
	}
	return nil
}

func feed(ctx context.Context, s Store) error {
	c, err := worked(ctx, s)
	if err != nil {
		return err
	}
	d, err := worked(ctx, s)
	if err != nil {
		return err
	}
	next := map[store.Key]int64{key(c.ID): 1, key(d.ID): 1}
	cursor := store.Cursor("")
	for {
		events, after, err := s.Since(ctx, cursor, 7)
		if err != nil {
			return err
		}
		for _, e := range events {
			want, mine := next[e.Key]
			if mine && e.Seq != want {
				return fmt.Errorf("%s: the feed has event %d where %d was next", e.Key, e.Seq, want)
			}
			if mine {
				next[e.Key]++
			}
		}
		if len(events) == 0 {
			break
		}
		cursor = after
	}
	for k, n := range next {
		log, err := s.History(ctx, pipeline.CaseID(k.ID), 0, 1000)
		if err != nil {
			return err
		}
		if int64(len(log)) != n-1 {
			return fmt.Errorf("%s: the feed has %d events, its history %d", k, n-1, len(log))
		}
	}
	number, _, _ := strings.Cut(string(cursor), "-")
	if _, _, err := s.Since(ctx, store.Cursor(number+"-0"), 1); !errors.Is(err, store.ErrRewound) {
		return fmt.Errorf("a cursor of another store: got %v, want ErrRewound", err)
	}
	return nil
}

// each runs f n times at once.
func each(n int, f func(i int) error) error {
	errs := make([]error, n)
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { errs[i] = f(i) })
	}
	wg.Wait()
	return errors.Join(errs...)
}

func oneOpenCase(ctx context.Context, s Store) error {
	c1, c2 := pipeline.CardID(mint("card")), pipeline.CardID(mint("card"))
	err := each(8, func(i int) error {
		desk, err := newDesk(s, at(start.Add(time.Duration(i)))) // desks of their own, as of eight processes
		if err != nil {
			return err
		}
		cards := [][]pipeline.CardID{{c1, c2}, {c2, c1}}[i%2]
		_, err = desk.Open(ctx, pipeline.Open{ID: pipeline.CommandID(fmt.Sprint("lead-", i)), Pipeline: "p", Cards: cards, By: gateway})
		return err
	})
	if err != nil {
		return err
	}
	got, err := s.Load(ctx, pipeline.Query{Cards: []pipeline.CardID{c1, c2}})
	if err != nil {
		return err
	}
	if len(got) != 1 {
		return fmt.Errorf("eight leads of %s and %s: %d cases, want 1", c1, c2, len(got))
	}
	inquiries := 0
	log, err := s.History(ctx, pipeline.CaseID(got[0].ID), 0, 1000)
	for _, e := range log {
		if e.Kind == pipeline.EventInquired {
			inquiries++
		}
	}
	if err == nil && inquiries != 8 {
		err = fmt.Errorf("eight leads of %s and %s: %d inquiries, want 8", c1, c2, inquiries)
	}
	return err
}

func oneTaker(ctx context.Context, s Store) error {
	desk, err := newDesk(s, at(start))
	if err != nil {
		return err
	}
	id := pipeline.CaseID(mint("case"))
	if _, err := desk.Open(ctx, pipeline.Open{ID: "open", Case: id, Pipeline: "p", By: gateway}); err != nil {
		return err
	}
	won := make([]bool, 6)
	err = each(len(won), func(i int) error {
		desk, err := newDesk(s, at(start))
		if err != nil {
			return err
		}
		who := pipeline.Actor{ID: pipeline.ActorID(fmt.Sprint("m", i)), Roles: []pipeline.Role{"manager"}}
		_, err = desk.Do(ctx, pipeline.Command{ID: pipeline.CommandID(fmt.Sprint("claim-", i)), Case: id, Set: map[pipeline.FieldID]string{pipeline.FieldOwner: string(who.ID)}, By: who})
		won[i] = err == nil
		if errors.Is(err, pipeline.ErrRefused) {
			return nil
		}
		return err
	})
	if err != nil {
		return err
	}
	winners := 0
	for i := range won {
		if won[i] {
			winners++
		}
	}
	if winners != 1 {
		return fmt.Errorf("case %s: %d of %d claims won, want 1", id, winners, len(won))
	}
	return nil
}

// TxCases are what TestTx runs.
func TxCases(s Store, inTx func(ctx context.Context, fn func(pipeline.Store) error) error) []storetest.Case {
	open := func(ctx context.Context, tx pipeline.Store, id pipeline.CaseID) error {
		desk, err := newDesk(s, at(start))
		if err != nil {
			return err
		}
		in := desk.In(tx)
		if _, err := in.Open(ctx, pipeline.Open{ID: "open", Case: id, Pipeline: "p", Pool: pipeline.PoolID(id), Cards: []pipeline.CardID{pipeline.CardID(id)}, By: gateway}); err != nil {
			return err
		}
		_, err = in.Do(ctx, pipeline.Command{ID: "take", Case: id, Action: "take", By: manager})
		return err
	}
	return []storetest.Case{{
		Name: "transaction", Rule: "what a desk does in the caller's transaction is there after it commits",
		Run: func(ctx context.Context) error {
			id := pipeline.CaseID(mint("case"))
			if err := inTx(ctx, func(tx pipeline.Store) error { return open(ctx, tx, id) }); err != nil {
				return err
			}
			a, err := loadCase(ctx, s, id)
			if err == nil && a.Case.Stage != "work" {
				err = fmt.Errorf("case %s stands at %s, want work", id, a.Case.Stage)
			}
			return err
		},
	}, {
		Name: "rollback", Rule: "and gone without a trace if it rolls back",
		Run: func(ctx context.Context) error {
			id := pipeline.CaseID(mint("case"))
			failed := errors.New("the caller's own")
			err := inTx(ctx, func(tx pipeline.Store) error {
				if err := open(ctx, tx, id); err != nil {
					return err
				}
				return failed
			})
			if !errors.Is(err, failed) {
				return fmt.Errorf("the caller's error: got %v", err)
			}
			if _, err := loadCase(ctx, s, id); err == nil {
				return fmt.Errorf("case %s is there after a rollback", id)
			}
			log, err := s.History(ctx, id, 0, 10)
			if err == nil && len(log) > 0 {
				err = fmt.Errorf("case %s has %d events after a rollback", id, len(log))
			}
			return err
		},
	}}
}
