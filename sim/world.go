package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
)

const (
	desks          = 3
	clientsPerDesk = 2
	opsPerClient   = 15
	horizon        = 8 // nights that everybody wants
)

// sets are units that are booked together, each set by itself. In the last one all is allowed; the
// others are simple enough for the model that checks linearizability.
var sets = [][]booking.Unit{
	{{ID: "flat-1", TTL: 10 * time.Minute}, {ID: "flat-2"}},
	{{ID: "pool", Capacity: 2}, {ID: "house", Turnover: booking.Turnover{Nights: 1}}},
	{{ID: "wild-1", TTL: 5 * time.Minute}, {ID: "wild-2", Capacity: 2, Turnover: booking.Turnover{Nights: 1}}},
}

const wild = 2

var (
	arrival = date.New(2027, time.June, 10)
	dawn    = time.Date(2027, time.May, 1, 12, 0, 0, 0, time.UTC)
)

func nights(from, to int) booking.Span {
	s, err := booking.Nights(arrival+date.Date(from), arrival+date.Date(to))
	if err != nil {
		panic(err)
	}
	return s
}

// A world is one simulation.
type world struct {
	stage
	rng   *rand.Rand
	gate  *gate
	desks [desks]*booking.Desk
	rules *checker

	mu      sync.Mutex
	step    int64
	now     time.Time
	wrong   [desks]time.Duration // by how much a desk's clock is wrong
	clocks  [desks]time.Time
	known   [][]target // reservations that were asked for, by set
	clients []*client
	report  report
}

// simulate plays a seed on the stage that open makes, in a bubble of its own.
func simulate(t *testing.T, open func() (stage, error), seed int64) (r report) {
	synctest.Test(t, func(*testing.T) {
		s, err := open()
		if err != nil {
			r = report{err: err}
			return
		}
		defer s.close()
		r = newWorld(s, seed).run()
	})
	return r
}

func newWorld(s stage, seed int64) *world {
	w := &world{stage: s, rng: rand.New(rand.NewPCG(uint64(seed), 1)), gate: &gate{}, known: make([][]target, len(sets)), now: dawn}
	w.report = report{store: s.name, faults: make(map[string]int)}
	w.rules = newChecker(s)
	for d := range w.desks {
		w.clocks[d] = w.now
		var store booking.Store = gated{s.store, w.gate}
		if s.plant != nil {
			store = s.plant(store)
		}
		desk, err := booking.New(booking.Config{Store: store, Now: func() time.Time {
			w.mu.Lock()
			defer w.mu.Unlock()
			return w.clocks[d]
		}})
		if err != nil {
			panic(err)
		}
		w.desks[d] = desk
	}
	for c := range desks * clientsPerDesk {
		w.clients = append(w.clients, newClient(w, c, rand.New(rand.NewPCG(uint64(seed), uint64(c)+2))))
	}
	return w
}

func (w *world) run() report {
	ctx := context.Background()
	if err := w.define(ctx); err != nil {
		w.report.err = err
		return w.report
	}
	var all sync.WaitGroup
	for _, c := range w.clients {
		all.Go(func() { c.run(ctx) })
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	w.report.err = w.drive(ctx, done)
	for _, c := range w.clients {
		w.report.ops += len(c.ops)
	}
	if w.report.err == nil {
		w.report.err = w.finish(ctx)
	}
	return w.report
}

func (w *world) define(ctx context.Context) error {
	desk, err := booking.New(booking.Config{Store: w.store, Now: func() time.Time { return dawn.Add(-time.Hour) }})
	if err != nil {
		return err
	}
	for _, set := range sets {
		for _, u := range set {
			if _, err := desk.Do(ctx, booking.Define{Unit: u}); err != nil {
				return err
			}
		}
	}
	return nil
}

// drive is the adversary: it picks who goes on and what happens to them until all are done. After
// a violation it lets everybody finish without looking further.
func (w *world) drive(ctx context.Context, done chan struct{}) (err error) {
	for {
		synctest.Wait()
		if err == nil && w.gate.took() > 0 {
			err = w.rules.check(ctx, w.latest())
		}
		select {
		case <-done:
			return err
		default:
		}
		w.mu.Lock()
		w.step++
		w.mu.Unlock()
		waiting := w.gate.waiting()
		what := w.rng.IntN(100)
		switch {
		case len(waiting) == 0 || what < 5:
			time.Sleep(100 * time.Millisecond) // who pauses after a conflict comes back
		case what < 15:
			w.turnClock()
		case what < 22:
			if readErr := w.rules.follow(ctx, w.rng); err == nil {
				err = readErr
			}
		case what < 24:
			c := w.clients[w.rng.IntN(len(w.clients))]
			if c.giveUp() {
				w.note("caller gave up", "client %d", c.id)
			}
		default:
			p := waiting[w.rng.IntN(len(waiting))]
			v := w.judge(p)
			if v != verdictGo {
				w.note(string(v), "client %d", p.client)
			} else {
				w.note("", "client %d goes on: %s", p.client, p.what)
			}
			w.gate.release(p, v)
		}
	}
}

func (w *world) judge(p *parked) verdict {
	what := w.rng.IntN(100)
	switch {
	case p.what == "load" && what < 3:
		return verdictLoad
	case p.what == "commit" && what < 8:
		return verdictBefore
	case p.what == "commit" && what < 20:
		return verdictAfter
	case p.what == "commit" && what < 24:
		return verdictConflict
	}
	return verdictGo
}

// turnClock moves time on for all, or sets one desk's clock right or wrong: by so much that desks
// disagree by more than they tolerate, now and then.
func (w *world) turnClock() {
	d, kind := w.rng.IntN(desks), w.rng.IntN(10)
	w.mu.Lock()
	before := w.clocks[d]
	if kind < 6 {
		w.now = w.now.Add(time.Duration(w.rng.IntN(4*60)) * time.Second)
	} else {
		w.wrong[d] = time.Duration(w.rng.IntN(75*60)-35*60) * time.Second
	}
	for d := range w.clocks {
		w.clocks[d] = w.now.Add(w.wrong[d])
		for _, c := range w.clients {
			c.sees(d, w.clocks[d])
		}
	}
	after := w.clocks[d]
	w.mu.Unlock()
	switch {
	case kind < 6:
		w.note("", "time goes on: %s", after.Format(time.TimeOnly))
	case after.Before(before):
		w.note("clock stepped back", "desk %d: %s", d, after.Format(time.TimeOnly))
	default:
		w.note("clock jumped ahead", "desk %d: %s", d, after.Format(time.TimeOnly))
	}
}

// latest is the clock that is furthest ahead.
func (w *world) latest() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	t := w.clocks[0]
	for _, c := range w.clocks {
		if c.After(t) {
			t = c
		}
	}
	return t
}

func (w *world) note(fault, format string, args ...any) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if fault != "" {
		w.report.faults[fault]++
		format = fault + ": " + format
	}
	w.report.steps = append(w.report.steps, fmt.Sprintf("%4d ", w.step)+fmt.Sprintf(format, args...))
}

// finish checks what is known only in the end: every follower has caught up, every answer was
// true, and there is an order of all operations that explains them.
func (w *world) finish(ctx context.Context) error {
	if err := w.rules.check(ctx, w.latest()); err != nil {
		return err
	}
	if err := w.rules.caughtUp(ctx); err != nil {
		return err
	}
	histories := make([][]*op, len(sets))
	for _, c := range w.clients {
		for _, o := range c.ops {
			if err := o.complete(w.rules.byAuthor[o.id]); err != nil {
				return err
			}
			histories[o.set] = append(histories[o.set], o)
		}
	}
	for set, history := range histories {
		if set != wild {
			if err := linearizable(sets[set], history); err != nil {
				return err
			}
		}
	}
	return nil
}
