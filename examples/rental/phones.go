package main

import (
	"context"
	"sync"
	"time"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
)

// phones are the guests' phones: a fake messenger whose messages arrive and are read at once.
type phones struct {
	clock *show.Clock

	mu  sync.Mutex
	log []letter
}

// A letter is what a phone has shown, and when.
type letter struct {
	notify.Outgoing
	at time.Time
}

// Send implements notify.Channel.
func (p *phones) Send(_ context.Context, o notify.Outgoing) notify.Receipt {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.log = append(p.log, letter{o, p.clock.Now()})
	return notify.Receipt{Level: notify.LevelRead, External: o.Key()}
}
