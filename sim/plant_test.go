package main

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
)

// A faulty store is a store whose Load or Commit is another.
type faulty struct {
	booking.Store
	load   func(ctx context.Context, s booking.Store, q booking.Query) ([]booking.Calendar, error)
	commit func(ctx context.Context, s booking.Store, c booking.Change) error
}

func (f faulty) Load(ctx context.Context, q booking.Query) ([]booking.Calendar, error) {
	if f.load == nil {
		return f.Store.Load(ctx, q)
	}
	return f.load(ctx, f.Store, q)
}

func (f faulty) Commit(ctx context.Context, c booking.Change) error {
	if f.commit == nil {
		return f.Store.Commit(ctx, c)
	}
	return f.commit(ctx, f.Store, c)
}

// overruled gives all guards the versions that hold now.
func overruled(ctx context.Context, s booking.Store, c booking.Change) (booking.Change, error) {
	c.Guards = slices.Clone(c.Guards)
	for i, g := range c.Guards {
		cals, err := s.Load(ctx, booking.Query{Units: []booking.UnitID{booking.UnitID(g.ID)}})
		if err != nil {
			return c, err
		}
		c.Guards[i].Version = cals[0].Version
	}
	return c, nil
}

// The simulation is worth something only if it finds faults: each of these, put into a store that
// has none, must be found within a few seeds.
var plants = map[string]func(*stage){
	"lost guard": func(s *stage) {
		s.store = faulty{Store: s.store, commit: func(ctx context.Context, inner booking.Store, c booking.Change) error {
			c, err := overruled(ctx, inner, c)
			if err != nil {
				return err
			}
			return inner.Commit(ctx, c)
		}}
	},
	"retry of an unknown outcome": func(s *stage) {
		s.plant = func(inner booking.Store) booking.Store {
			return faulty{Store: inner, commit: func(ctx context.Context, _ booking.Store, c booking.Change) error {
				err := inner.Commit(ctx, c)
				if errors.Is(err, errInjected) {
					if c, err = overruled(ctx, s.store, c); err == nil { // behind the gate
						err = inner.Commit(ctx, c)
					}
				}
				return err
			}}
		}
	},
	"half a commit": func(s *stage) {
		s.plant = func(inner booking.Store) booking.Store {
			return faulty{Store: inner, commit: func(ctx context.Context, _ booking.Store, c booking.Change) error {
				for _, g := range c.Guards {
					part := booking.Change{Guards: []store.Guard{g}}
					for _, h := range c.Heads {
						if string(h.Unit.ID) == g.ID {
							part.Heads = append(part.Heads, h)
						}
					}
					for _, r := range c.Rows {
						if string(r.Unit) == g.ID {
							part.Rows = append(part.Rows, r)
						}
					}
					for _, e := range c.Events {
						if e.Key == g.Key {
							part.Events = append(part.Events, e)
						}
					}
					if err := inner.Commit(ctx, part); err != nil {
						return err
					}
				}
				return nil
			}}
		}
	},
	"old rows under a new version": func(s *stage) {
		s.plant = func(inner booking.Store) booking.Store {
			old := make(map[booking.UnitID][]booking.Reservation)
			loads := 0
			return faulty{Store: inner, load: func(ctx context.Context, _ booking.Store, q booking.Query) ([]booking.Calendar, error) {
				cals, err := inner.Load(ctx, q)
				for i := range cals {
					u := cals[i].Unit.ID
					if loads++; loads%4 == 0 && old[u] != nil {
						cals[i].Reservations = slices.Clone(old[u])
					} else {
						old[u] = slices.Clone(cals[i].Reservations)
					}
				}
				return cals, err
			}}
		}
	},
	"answered before it was written": func(s *stage) {
		s.plant = func(inner booking.Store) booking.Store {
			return faulty{Store: inner, commit: func(ctx context.Context, _ booking.Store, c booking.Change) error {
				if err := inner.Commit(ctx, c); !errors.Is(err, errInjected) {
					return err
				}
				return nil
			}}
		}
	},
	"window without its edge": func(s *stage) {
		s.plant = func(inner booking.Store) booking.Store {
			return faulty{Store: inner, load: func(ctx context.Context, _ booking.Store, q booking.Query) ([]booking.Calendar, error) {
				cals, err := inner.Load(ctx, q)
				for i := range cals {
					cals[i].Reservations = slices.DeleteFunc(cals[i].Reservations, func(r booking.Reservation) bool {
						return len(r.Claims) > 0 && !q.Window.Empty() && !q.Window.Contains(r.Claims[0].Span) && !slices.Contains(q.IDs, r.ID)
					})
				}
				return cals, err
			}}
		}
	},
	"event lost": func(s *stage) {
		s.plant = func(inner booking.Store) booking.Store {
			commits := 0
			return faulty{Store: inner, commit: func(ctx context.Context, _ booking.Store, c booking.Change) error {
				if commits++; commits%5 == 0 {
					c.Events = c.Events[1:]
				}
				return inner.Commit(ctx, c)
			}}
		}
	},
	"deadlines cut to the minute": func(s *stage) {
		s.store = faulty{Store: s.store, load: func(ctx context.Context, inner booking.Store, q booking.Query) ([]booking.Calendar, error) {
			cals, err := inner.Load(ctx, q)
			for _, c := range cals {
				for i := range c.Reservations {
					c.Reservations[i].Deadline = c.Reservations[i].Deadline.Truncate(time.Minute)
				}
			}
			return cals, err
		}}
	},
	"feed by insert order": func(s *stage) {
		f := &insertOrder{Feed: s.feed, numbers: make(map[eventKey]int64)}
		s.feed = f
		s.plant = func(inner booking.Store) booking.Store {
			return faulty{Store: inner, commit: func(ctx context.Context, _ booking.Store, c booking.Change) error {
				for _, e := range c.Events { // as a sequence does: numbered when written, seen when committed
					f.next++
					f.numbers[eventKey{e.Key, e.Seq}] = f.next
				}
				return inner.Commit(ctx, c)
			}}
		}
	},
	"page that skips": func(s *stage) { s.feed = skipping{s.feed} },
}

type eventKey struct {
	key store.Key
	seq int64
}

// insertOrder is a feed that orders by a number drawn before the commit.
type insertOrder struct {
	booking.Feed
	next    int64
	numbers map[eventKey]int64
}

func (f *insertOrder) Since(ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
	all, _, err := f.Feed.Since(ctx, "", math.MaxInt32)
	if err != nil {
		return nil, "", err
	}
	from, _ := strconv.ParseInt(string(after), 10, 64)
	number := func(i int) int64 {
		if n, ok := f.numbers[eventKey{all[i].Key, all[i].Seq}]; ok {
			return n + 1000
		}
		return int64(i) + 1
	}
	order := make([]int, 0, len(all))
	for i := range all {
		if number(i) > from {
			order = append(order, i)
		}
	}
	slices.SortFunc(order, func(a, b int) int { return int(number(a) - number(b)) })
	var page []booking.Event
	for _, i := range order[:min(limit, len(order))] {
		page, after = append(page, all[i]), store.Cursor(strconv.FormatInt(number(i), 10))
	}
	return page, after, nil
}

// skipping loses the event after a page of three.
type skipping struct{ booking.Feed }

func (f skipping) Since(ctx context.Context, after store.Cursor, limit int) ([]booking.Event, store.Cursor, error) {
	events, next, err := f.Feed.Since(ctx, after, limit)
	if err == nil && len(events) == 3 && limit == 3 {
		if _, further, err := f.Feed.Since(ctx, next, 1); err == nil && further != "" {
			next = further
		}
	}
	return events, next, err
}

func TestPlantedFaultsAreFound(t *testing.T) {
	t.Parallel()
	for name, plant := range plants {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			const within = 40
			for seed := int64(1); seed <= within; seed++ {
				r := simulate(t, func() (stage, error) {
					s := openMemory()
					plant(&s)
					return s, nil
				}, seed)
				if r.err != nil {
					require.ErrorIs(t, r.err, errFound)
					t.Logf("seed %d: %.160v", seed, r.err)
					return
				}
			}
			t.Errorf("not found within %d seeds", within)
		})
	}
}
