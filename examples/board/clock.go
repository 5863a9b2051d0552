package main

import (
	"context"
	"errors"
	"log"
	"sync"
	"time"
)

var (
	// opening is where the clock stands at first: a Monday, ten in the morning in Irkutsk.
	opening = time.Date(2026, 6, 8, 2, 0, 0, 0, time.UTC)

	// closing is where it stops: the production calendar ends with the year.
	closing = time.Date(2026, 12, 20, 2, 0, 0, 0, time.UTC)
)

// paces are how many seconds of the house pass in one of ours.
var paces = map[string]time.Duration{"pause": 0, "play": 1, "fast": 60, "faster": 3600}

// A clock is the Config.Now of every desk. It stands, or runs at a pace.
type clock struct {
	mu   sync.Mutex
	at   time.Time // what it showed
	set  time.Time // when, by the wall
	pace time.Duration
}

func newClock(at time.Time) *clock { return &clock{at: at.UTC(), set: time.Now()} }

// Now tells the house's time.
func (c *clock) Now() time.Time {
	now, _ := c.read()
	return now
}

func (c *clock) read() (time.Time, time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.at.Add(time.Since(c.set) * c.pace)
	if now.After(closing) {
		return closing, 0
	}
	return now.Truncate(time.Microsecond), c.pace
}

// put sets the clock to an instant, without changing its pace.
func (c *clock) put(at time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.set = at.UTC(), time.Now()
}

func (c *clock) run(pace time.Duration) {
	now := c.Now()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at, c.set, c.pace = now, time.Now(), pace
}

var (
	errMoving = &refusal{Code: "clock_moving", En: "somebody is moving the clock at this moment: try again", Ru: "часы как раз переводят: попробуйте ещё раз"}
	errYear   = &refusal{Code: "year_over", En: "the year is over: start the program again for a new one", Ru: "год закончился: запустите программу заново"}
)

// live is the only loop of the program: while the clock runs it lets the desks do what is due. What
// fails is due at the next beat too.
func (h *house) live(ctx context.Context) {
	beat := time.NewTicker(200 * time.Millisecond)
	defer beat.Stop()
	last := h.clock.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-beat.C:
		}
		now := h.clock.Now()
		if now.Equal(last) || !h.beat.TryLock() {
			continue
		}
		err := h.tick(ctx)
		h.beat.Unlock()
		if err != nil {
			if ctx.Err() == nil {
				log.Printf("the clock's beat: %v", err)
			}
			continue
		}
		last = now
	}
}

// tick lets every desk record and send what fell due by now. No answer of a desk waits for it.
func (h *house) tick(ctx context.Context) error {
	if _, err := h.units.Tick(ctx, h.bookings, 500); err != nil {
		return err
	}
	if err := h.porter(ctx); err != nil {
		return err
	}
	if _, err := h.deals.Tick(ctx, h.cases, 500); err != nil {
		return err
	}
	if err := h.post.Receive(ctx, h.net.deliver(h.clock.Now())...); err != nil {
		return err
	}
	return h.sendDue(ctx)
}

// sendDue sends the letters whose time has come, each over as many channels as it takes.
func (h *house) sendDue(ctx context.Context) error {
	for {
		if n, err := h.post.Tick(ctx, h.letters, 200); n == 0 || err != nil {
			return errors.Join(err, h.follow(ctx))
		}
	}
}

// step moves the clock on by hours, one at a time, so that what follows from one another happens
// in its order.
func (h *house) step(ctx context.Context, hours int) error {
	if !h.beat.TryLock() {
		return errMoving
	}
	defer h.beat.Unlock()
	for range hours {
		now := h.clock.Now()
		if !now.Before(closing) {
			return errYear
		}
		h.clock.put(now.Add(time.Hour))
		if err := h.tick(ctx); err != nil {
			return err
		}
	}
	return nil
}
