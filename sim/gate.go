package main

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/store"
)

// A verdict is what the adversary does to whom it lets go on.
type verdict string

const (
	verdictGo       verdict = ""
	verdictBefore   verdict = "error before commit"
	verdictAfter    verdict = "error after commit: outcome unknown"
	verdictLoad     verdict = "error on load"
	verdictConflict verdict = "conflict for no reason"
)

// errInjected is what a caller sees of a fault: it cannot tell what took effect.
var errInjected = errors.New("connection lost")

// A gate stops every client at each step until the adversary lets it go on.
type gate struct {
	mu      sync.Mutex
	parked  []*parked
	commits int // that took effect
}

type parked struct {
	client int
	what   string
	pass   chan verdict
}

func (g *gate) stop(client int, what string) verdict {
	p := &parked{client, what, make(chan verdict)}
	g.mu.Lock()
	g.parked = append(g.parked, p)
	g.mu.Unlock()
	return <-p.pass
}

// waiting returns who is stopped, in an order that does not depend on who came first.
func (g *gate) waiting() []*parked {
	g.mu.Lock()
	defer g.mu.Unlock()
	slices.SortFunc(g.parked, func(a, b *parked) int { return cmp.Compare(a.client, b.client) })
	return slices.Clone(g.parked)
}

func (g *gate) release(p *parked, v verdict) {
	g.mu.Lock()
	g.parked = slices.DeleteFunc(g.parked, func(o *parked) bool { return o == p })
	g.mu.Unlock()
	p.pass <- v
}

func (g *gate) committed() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.commits++
}

// took returns how many commits took effect since it was last asked.
func (g *gate) took() int {
	g.mu.Lock()
	defer g.mu.Unlock()
	n := g.commits
	g.commits = 0
	return n
}

type clientKey struct{}

// A gated store stops before each call, and suffers what the verdict says.
type gated struct {
	booking.Store
	gate *gate
}

func (s gated) stop(ctx context.Context, what string) verdict {
	client, _ := ctx.Value(clientKey{}).(int)
	return s.gate.stop(client, what)
}

func (s gated) Load(ctx context.Context, q booking.Query) ([]booking.Calendar, error) {
	if s.stop(ctx, "load") == verdictLoad {
		return nil, errInjected
	}
	return s.Store.Load(ctx, q)
}

func (s gated) Commit(ctx context.Context, c booking.Change) error {
	v := s.stop(ctx, "commit")
	switch v {
	case verdictBefore:
		return errInjected
	case verdictConflict:
		return store.ErrConflict
	}
	if err := s.Store.Commit(ctx, c); err != nil {
		return err
	}
	s.gate.committed()
	if v == verdictAfter {
		return errInjected
	}
	return nil
}
