package pipeline

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/store"
)

// Config holds what a Desk needs. Store and Rules are required.
type Config struct {
	Store Store
	Rules Rules

	// Pools tells who is in a pool now. Without it nothing is assigned.
	// Defaults to none.
	Pools func(ctx context.Context, id PoolID) (Pool, error)

	// Now tells the time. It may step back: a case never does.
	// Defaults to time.Now.
	Now func() time.Time
}

// A Desk takes commands and answers questions over a Store. It may be used by any number of
// goroutines, and there may be any number of desks over one store.
type Desk struct {
	config Config
	engine *Engine
	retry  *store.Retry // nil: one attempt, in the caller's transaction
}

// New compiles the rules and returns a Desk. What is wrong with the configuration is a
// [*ConfigError].
func New(c Config) (*Desk, error) {
	if c.Store == nil {
		return nil, &ConfigError{Problems{{Code: "bad_value", Path: "Store"}}}
	}
	engine, err := Compile(c.Rules)
	if err != nil {
		return nil, err
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Desk{config: c, engine: engine, retry: new(store.Retry)}, nil
}

// Engine returns the compiled rules, for questions that need no store.
func (d *Desk) Engine() *Engine { return d.engine }

// In returns a desk over a store that lives in the caller's transaction, such as pgpipeline.In(tx).
// It makes one attempt: what it did stands or falls with the transaction, and a conflict is an
// error wrapping [store.ErrConflict] that the caller's own retry answers.
func (d *Desk) In(s Store) *Desk {
	in := *d
	in.config.Store, in.retry = s, nil
	return &in
}

// A Result tells what a command came to.
type Result struct {
	Case     Case
	Created  bool // by an Open
	Joined   bool // by an Open: the card had an open case
	Replayed bool // the ID was known: this is what it came to, and how the case stands now
	Changes  []Changed
	Copies   []CaseID  // opened by the move's copies
	To       []ActorID // whom it was assigned to, or who is rung
	Trace    []Reason  // of the route and the assignment
}

// Open updates the outside case, joins a card's open case, or opens a new one; finds its way by the
// routes; and assigns it to a member of its pool: all in one commit. See [Open].
func (d *Desk) Open(ctx context.Context, o Open) (Result, error) {
	if o.ID == "" {
		o.ID = CommandID(rand.Text())
	}
	if err := o.check(clean(d.config.Now())); err != nil {
		return Result{}, err
	}
	routed, err := d.engine.route(o)
	if err == nil {
		_, err = d.engine.newest(routed.Pipeline)
	}
	if err != nil && o.Case == "" {
		return Result{}, err
	}
	noWay := err // which a known case does not need
	var keys []store.Key
	if routed.Pool != "" {
		keys = append(keys, store.Key{Kind: KeyPool, ID: string(routed.Pool)})
	}
	if o.Case == "" && len(o.Cards) > 0 {
		for _, card := range o.Cards {
			keys = append(keys, store.Key{Kind: KeySlot, ID: string(card)})
		}
	} else {
		keys = append(keys, caseKey(newCaseID(routed, 0)))
	}
	var res Result
	look := d.retry == nil // the caller's attempts are not counted here
	err = d.attempt(ctx, keys, func(ctx context.Context) (err error) {
		w := d.work(ctx)
		if res, err = w.open(o, routed, noWay, look); err != nil {
			return err
		}
		look = true
		return w.commit()
	})
	if err != nil {
		return Result{}, err
	}
	return res, nil
}

// Do carries out commands in one commit: all or none. The result is the last one's. Beyond what
// [Case.Apply] refuses, an unknown case is an [*UnknownError], and an ID known with other content a
// [*MismatchError].
func (d *Desk) Do(ctx context.Context, cmds ...Command) (Result, error) {
	cmds = slices.Clone(cmds)
	var keys []store.Key
	for i := range cmds {
		if cmds[i].ID == "" {
			cmds[i].ID = CommandID(rand.Text())
		}
		for field, id := range map[string]string{"id": string(cmds[i].ID), "case": string(cmds[i].Case)} {
			if err := checkID(field, id); err != nil {
				return Result{}, err
			}
		}
		keys = append(keys, caseKey(cmds[i].Case))
	}
	var res Result
	err := d.attempt(ctx, keys, func(ctx context.Context) (err error) {
		w := d.work(ctx)
		for i := range cmds {
			if res, err = w.do(&cmds[i]); err != nil {
				return err
			}
		}
		return w.commit()
	})
	if err != nil {
		return Result{}, err
	}
	return res, nil
}

// Case reads a case as of now: what fell due counts, though no Tick has recorded it yet. One that
// does not exist is an [*UnknownError].
func (d *Desk) Case(ctx context.Context, id CaseID) (Case, error) {
	if err := checkID("case", string(id)); err != nil {
		return Case{}, err
	}
	w := d.work(ctx)
	e, err := w.load(id, "", false)
	if err != nil {
		return Case{}, err
	}
	if e.c == nil {
		return Case{}, &UnknownError{Kind: "case", ID: string(id)}
	}
	c, _ := e.c.Tick(nil, w.now)
	return c, nil
}

// Next lists what a person has to do: of each of his open cases whose turn it is and what it
// waits for, the soonest deadline first, those without one last, at most limit.
func (d *Desk) Next(ctx context.Context, find Find, owner ActorID, limit int) ([]Next, error) {
	const page = 500
	now := clean(d.config.Now())
	var out []Next
	for after := CaseID(""); ; {
		records, err := find.Find(ctx, Filter{Owner: owner, Open: true}, after, page)
		if err != nil {
			return nil, err
		}
		for _, r := range records {
			c, err := d.engine.Bind(r)
			if err != nil {
				return nil, err
			}
			if c, _ = c.Tick(nil, now); c.Owner == owner && c.Closed.IsZero() {
				out = append(out, c.Next(now))
			}
			after = r.ID
		}
		if len(records) < page {
			break
		}
	}
	slices.SortStableFunc(out, func(a, b Next) int {
		if a.Due.IsZero() != b.Due.IsZero() {
			if a.Due.IsZero() {
				return 1
			}
			return -1
		}
		return a.Due.Compare(b.Due)
	})
	return out[:min(len(out), max(limit, 0))], nil
}

// Tick records what fell due by now of up to limit cases, does what their timers say, and
// assigns the leads whose pool has opened. It returns how many cases changed. Call it as often as
// somebody should be told: no answer waits for it. A case that fails does not keep the others; their errors
// come back joined.
func (d *Desk) Tick(ctx context.Context, due Due, limit int) (int, error) {
	keys, err := due.Due(ctx, clean(d.config.Now()), limit)
	if err != nil {
		return 0, err
	}
	changed := 0
	var failed []error
	for _, key := range keys {
		did := false
		err := d.attempt(ctx, []store.Key{key}, func(ctx context.Context) (err error) {
			w := d.work(ctx)
			if did, err = w.tick(CaseID(key.ID)); err != nil {
				return err
			}
			return w.commit()
		})
		if err != nil {
			failed = append(failed, err)
			if ctx.Err() != nil {
				break
			}
		} else if did {
			changed++
		}
	}
	return changed, errors.Join(failed...)
}

func (d *Desk) attempt(ctx context.Context, keys []store.Key, f func(context.Context) error) error {
	if d.retry == nil {
		return f(ctx)
	}
	return d.retry.Do(ctx, keys, f)
}

func caseKey(id CaseID) store.Key { return store.Key{Kind: KeyCase, ID: string(id)} }

// A work is one attempt: what was loaded, what became of it, and the events.
type work struct {
	*Desk
	ctx    context.Context
	now    time.Time
	cases  map[CaseID]*entry
	pools  map[PoolID]*entry
	slots  []string
	events []Event
}

// An entry is an aggregate as it was loaded and as it is to be.
type entry struct {
	version int64
	changed bool
	c       *Case
	turns   map[ActorID]int64
	done    []Event // of the command at hand
}

func (d *Desk) work(ctx context.Context) *work {
	return &work{Desk: d, ctx: ctx, now: clean(d.config.Now()), cases: make(map[CaseID]*entry), pools: make(map[PoolID]*entry)}
}

// load reads a case, once; with a command also what that came to.
func (w *work) load(id CaseID, command CommandID, lock bool) (*entry, error) {
	if e := w.cases[id]; e != nil && command == "" {
		return e, nil
	}
	if err := w.loadAll(Query{Keys: []store.Key{caseKey(id)}, Command: command, Lock: lock}); err != nil {
		return nil, err
	}
	return w.cases[id], nil
}

func (w *work) loadAll(q Query) error {
	aggregates, err := w.config.Store.Load(w.ctx, q)
	if err != nil {
		return err
	}
	for _, a := range aggregates {
		if a.Kind != KeyCase {
			continue
		}
		e := w.cases[CaseID(a.ID)]
		if e == nil {
			e = &entry{version: a.Version}
			if a.Case != nil {
				c, err := w.engine.Bind(*a.Case)
				if err != nil {
					return err
				}
				e.c = &c
			}
			w.cases[CaseID(a.ID)] = e
		} else if e.version != a.Version {
			return store.ErrConflict // overtaken between two reads
		}
		e.done = a.Done
	}
	for _, key := range q.Keys { // a store may leave out what is absent
		if key.Kind == KeyCase && w.cases[CaseID(key.ID)] == nil {
			w.cases[CaseID(key.ID)] = &entry{}
		}
	}
	return nil
}

func (w *work) do(cmd *Command) (Result, error) {
	e, err := w.load(cmd.Case, cmd.ID, true)
	if err != nil {
		return Result{}, err
	}
	if e.c == nil {
		return Result{}, &UnknownError{Kind: "case", ID: string(cmd.Case)}
	}
	done := append(slices.Clone(e.done), w.of(cmd.Case, cmd.ID)...)
	if len(done) > 0 {
		if err := sameCommand(done, cmd); err != nil {
			return Result{}, err
		}
		return replayed(*e.c, done), nil
	}
	x := newChange(w.now, nil)
	x.from(e.c)
	if err := x.apply(cmd); err != nil {
		return Result{}, err
	}
	res := Result{Changes: x.changes}
	if err := w.put(e, x, &res); err != nil {
		return Result{}, err
	}
	return res, nil
}

// of are the events that this attempt itself has for a command: the same ID may come twice in it.
func (w *work) of(id CaseID, command CommandID) (events []Event) {
	for _, e := range w.events {
		if e.Key == caseKey(id) && e.Command == command {
			events = append(events, e)
		}
	}
	return events
}

// put takes over what a change made of a case, and opens its copies.
func (w *work) put(e *entry, x change, res *Result) error {
	res.Case = *x.c
	if len(x.events) == 0 && (e.c == nil || x.c.Wake.Equal(e.c.Wake)) {
		return nil
	}
	e.c, e.changed = x.c, true
	w.events = append(w.events, x.events...)
	for i := range x.events {
		if ev := &x.events[i]; ev.Kind == EventCopied {
			if err := w.copy(x.c, ev); err != nil {
				return err
			}
			res.Copies = append(res.Copies, CaseID(ev.To))
		}
	}
	return nil
}

// copy opens the case that a move hands over.
func (w *work) copy(from *Case, ev *Event) error {
	k := from.def.copies[ev.Name]
	e, err := w.load(CaseID(ev.To), "", true)
	if err != nil || e.c != nil {
		return err
	}
	set := make(map[FieldID]string)
	for _, f := range k.Fields {
		if v := from.value(f); v != "" {
			set[f] = v
		}
	}
	o := Open{
		ID: ev.Command, Case: CaseID(ev.To), Pipeline: k.To, Pool: k.Pool, Cards: from.Cards,
		Region: from.value(k.By), At: ev.At, By: Actor{ID: ev.By}, Why: ev.Why,
	}
	routed := o
	routed.Set = set // the hand-over's to set, whoever may edit there
	x := newChange(w.now, nil)
	if err := x.open(w.engine, o, routed, o.Case); err != nil {
		return err
	}
	switch {
	case k.Pool == "":
	case k.Assign:
		if _, _, err := w.assign(x, ""); err != nil {
			return err
		}
	default:
		pool, err := w.pool(k.Pool)
		if err != nil {
			return err
		}
		ev := x.event(EventConversation, string(k.Pool), "", "")
		ev.Actors = pool.conversation(o.Region)
		if err := x.tell(ev); err != nil {
			return err
		}
	}
	x.finish()
	return w.put(e, x, &Result{})
}

func (w *work) pool(id PoolID) (Pool, error) {
	if w.config.Pools == nil {
		return Pool{}, &UnknownError{Kind: "pool", ID: string(id)}
	}
	p, err := w.config.Pools(w.ctx, id)
	p.ID = id
	return p, err
}

func (w *work) open(o, routed Open, noWay error, look bool) (Result, error) {
	lead := o.Case == "" && len(o.Cards) > 0
	id := newCaseID(routed, 0)
	q := Query{Command: o.ID, Lock: true}
	if lead {
		q.Cards = o.Cards
	} else {
		q.Keys = []store.Key{caseKey(id)}
	}
	if err := w.loadAll(q); err != nil {
		return Result{}, err
	}
	for _, known := range slices.Sorted(maps.Keys(w.cases)) {
		if e := w.cases[known]; len(e.done) > 0 {
			if err := sameOpen(e.done, &o); err != nil {
				return Result{}, err
			}
			return replayed(*e.c, e.done), nil
		}
	}
	var res Result
	x := newChange(w.now, nil)
	var e *entry
	switch {
	case lead:
		e = w.oldest(routed.Pipeline, o.Cards)
		if e != nil {
			res.Joined = true
			if err := x.inquire(e.c, o); err != nil {
				return Result{}, err
			}
			break
		}
		var err error
		if id, err = w.takeSlots(o.Cards, routed.Pipeline, look); err != nil {
			return Result{}, err
		}
		e = w.cases[id]
		if e == nil {
			e = &entry{}
			w.cases[id] = e
		}
	default:
		e = w.cases[id]
		if e.c == nil && noWay != nil {
			return Result{}, noWay
		}
		if e.c != nil {
			if o.Pipeline != "" && o.Pipeline != e.c.Pipeline {
				return Result{}, &MismatchError{ID: o.ID, Field: "pipeline", Had: string(e.c.Pipeline), Got: string(o.Pipeline)}
			}
			if err := x.update(e.c, o); err != nil {
				return Result{}, err
			}
		}
	}
	if e.c == nil {
		res.Created = true
		if err := x.open(w.engine, o, routed, id); err != nil {
			return Result{}, err
		}
		if i := firstRoute(w.engine.rules.Routes, &o); o.Pipeline == "" && i >= 0 {
			res.Trace = append(res.Trace, Reason{Code: "route", Name: w.engine.rules.Routes[i].ID})
		}
	}
	if (res.Created || res.Joined) && x.c.Owner == "" && x.c.Pool != "" && x.c.Closed.IsZero() && w.config.Pools != nil {
		to, trace, err := w.assign(x, "")
		if err != nil {
			return Result{}, err
		}
		res.To, res.Trace = to, append(res.Trace, trace...)
	}
	res.Changes = x.changes
	if err := w.put(e, x, &res); err != nil {
		return Result{}, err
	}
	return res, nil
}

func (c *Case) hasCard(cards []CardID) bool {
	return slices.ContainsFunc(c.Cards, func(card CardID) bool { return slices.Contains(cards, card) })
}

// oldest is the oldest open case of the cards in a pipeline.
func (w *work) oldest(p PipelineID, cards []CardID) (found *entry) {
	for _, e := range w.cases {
		if e.c == nil || e.c.Pipeline != p || !e.c.Closed.IsZero() || !e.c.hasCard(cards) {
			continue
		}
		if found == nil || cmp.Or(e.c.Opened.Compare(found.c.Opened), strings.Compare(string(e.c.ID), string(found.c.ID))) < 0 {
			found = e
		}
	}
	return found
}

// takeSlots names the case that a lead opens, and claims a slot of every card: of two leads that
// share a card and come at once one collides there, and joins the other's case when it tries again.
// A first attempt takes the slot that its cases say is free; a further one looks.
func (w *work) takeSlots(cards []CardID, p PipelineID, look bool) (id CaseID, err error) {
	for _, card := range slices.Compact(slices.Sorted(slices.Values(cards))) {
		n := 0
		for _, e := range w.cases {
			if e.c != nil && e.c.p.Lead && e.c.Pipeline == p && e.c.hasCard([]CardID{card}) {
				n++
			}
		}
		for free := !look; !free; {
			slot := slotID(p, card, n)
			aggregates, err := w.config.Store.Load(w.ctx, Query{Keys: []store.Key{{Kind: KeySlot, ID: slot}, caseKey(CaseID(slot))}, Lock: true})
			if err != nil {
				return "", err
			}
			if free = !slices.ContainsFunc(aggregates, func(a Aggregate) bool { return a.Version > 0 }); !free {
				n++
			}
		}
		w.slots = append(w.slots, slotID(p, card, n))
		if id == "" {
			id = CaseID(slotID(p, card, n))
		}
	}
	return id, nil
}

// assign finds somebody for the case in its pool, or in those it falls back on, and records that.
func (w *work) assign(x change, not ActorID) (to []ActorID, trace []Reason, err error) {
	lead := Open{Region: x.c.p.Region, Skills: x.c.p.Skills}
	var opens time.Time
	seen := make(map[PoolID]bool)
	for id := x.c.Pool; id != "" && !seen[id]; {
		seen[id] = true
		p, err := w.pool(id)
		if err != nil {
			return nil, nil, err
		}
		if not != "" {
			p.Members = slices.DeleteFunc(slices.Clone(p.Members), func(m Member) bool { return m.ID == not })
		}
		if owner := w.sticky(&p, x.c, &lead); owner != "" {
			to, trace = []ActorID{owner}, append(trace, Reason{Code: "sticky", Name: string(owner)})
			break
		}
		e, err := w.loadPool(id)
		if err != nil {
			return nil, nil, err
		}
		var reasons []Reason
		to, reasons = Assign(p, e.turns, lead, w.now)
		trace = append(trace, reasons...)
		if len(to) > 0 {
			if p.RingAll {
				return to, trace, w.assigned(x, "", to, time.Time{})
			}
			e.turn(to[0])
			break
		}
		if at := p.opens(&lead, w.now); !at.IsZero() && (opens.IsZero() || at.Before(opens)) {
			opens = at
		}
		if id = p.Fallback; id != "" && !seen[id] {
			trace = append(trace, Reason{Code: "fallback", Name: string(id)})
		}
	}
	if len(to) == 0 {
		return nil, trace, w.assigned(x, "", nil, opens)
	}
	return to, trace, w.assigned(x, to[0], to, time.Time{})
}

// assigned records who got the case or is rung, or when somebody may be found.
func (w *work) assigned(x change, owner ActorID, to []ActorID, retry time.Time) error {
	ev := x.event(EventSet, string(FieldOwner), string(x.c.Owner), string(owner))
	ev.Actors, ev.Retry = to, retry
	if err := x.tell(ev); err != nil {
		return err
	}
	if err := x.settle(); err != nil {
		return err
	}
	x.finish()
	return nil
}

// sticky is the owner of the newest other case of the client, if he may take this one too.
func (w *work) sticky(p *Pool, c *Case, lead *Open) ActorID {
	if !p.Sticky {
		return ""
	}
	var newest *Case
	for _, e := range w.cases {
		if e.c == nil || e.c.ID == c.ID || e.c.Owner == "" || !e.c.hasCard(c.Cards) {
			continue
		}
		if newest == nil || cmp.Or(e.c.Opened.Compare(newest.Opened), strings.Compare(string(e.c.ID), string(newest.ID))) > 0 {
			newest = e.c
		}
	}
	if newest == nil {
		return ""
	}
	for i := range p.Members {
		if p.Members[i].ID == newest.Owner && p.Members[i].bars(lead, w.now).Code == "" {
			return newest.Owner
		}
	}
	return ""
}

func (w *work) loadPool(id PoolID) (*entry, error) {
	if e := w.pools[id]; e != nil {
		return e, nil
	}
	key := store.Key{Kind: KeyPool, ID: string(id)}
	aggregates, err := w.config.Store.Load(w.ctx, Query{Keys: []store.Key{key}, Lock: true})
	if err != nil {
		return nil, err
	}
	e := &entry{turns: make(map[ActorID]int64)}
	for _, a := range aggregates {
		if a.Key == key {
			e.version = a.Version
			maps.Copy(e.turns, a.Turns)
		}
	}
	w.pools[id] = e
	return e, nil
}

// turn gives a member the latest turn.
func (e *entry) turn(a ActorID) {
	var last int64
	for _, n := range e.turns {
		last = max(last, n)
	}
	e.turns[a], e.changed = last+1, true
}

func (w *work) tick(id CaseID) (bool, error) {
	e, err := w.load(id, "", true)
	if err != nil || e.c == nil {
		return false, err
	}
	x := newChange(w.now, nil)
	x.at = w.now
	x.from(e.c)
	if err := x.lapse(w.now); err != nil {
		return false, err
	}
	x.at, x.by, x.told = w.now, Actor{ID: "timer", Roles: timerRoles}, true
	if c := x.c; c.Owner == "" && c.Closed.IsZero() && c.Pool != "" && !c.p.Retry.IsZero() && !c.p.Retry.After(w.now) && w.config.Pools != nil {
		if _, _, err := w.assign(x, e.c.Owner); err != nil {
			return false, err
		}
	}
	x.finish()
	var res Result
	err = w.put(e, x, &res)
	return e.changed, err
}

// commit writes the attempt, unless it changed nothing.
func (w *work) commit() error {
	var c Change
	for id, e := range w.cases {
		if e.changed {
			key := caseKey(id)
			c.Guards = append(c.Guards, store.Guard{Key: key, Version: e.version, Write: true})
			c.Rows = append(c.Rows, Aggregate{Key: key, Case: &e.c.Record})
		}
	}
	for id, e := range w.pools {
		if e.changed {
			key := store.Key{Kind: KeyPool, ID: string(id)}
			c.Guards = append(c.Guards, store.Guard{Key: key, Version: e.version, Write: true})
			c.Rows = append(c.Rows, Aggregate{Key: key, Turns: e.turns})
		}
	}
	for _, slot := range w.slots {
		c.Guards = append(c.Guards, store.Guard{Key: store.Key{Kind: KeySlot, ID: slot}, Write: true})
	}
	if len(c.Guards) == 0 {
		return nil
	}
	slices.SortFunc(c.Guards, func(a, b store.Guard) int { return a.Key.Compare(b.Key) })
	slices.SortFunc(c.Rows, func(a, b Aggregate) int { return a.Key.Compare(b.Key) })
	c.Events = w.events
	return w.config.Store.Commit(w.ctx, c)
}

func replayed(c Case, done []Event) Result {
	res := Result{Case: c, Replayed: true}
	for i := range done {
		switch ev := &done[i]; ev.Kind {
		case EventOpened:
			res.Created = true
		case EventInquired:
			res.Joined = !res.Created
		case EventCopied:
			res.Copies = append(res.Copies, CaseID(ev.To))
		case EventSet:
			if ev.Name == string(FieldOwner) && len(ev.Actors) > 0 {
				res.To = ev.Actors
			}
		}
	}
	return res
}
