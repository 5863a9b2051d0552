package notify

import (
	"sync"
	"time"
)

// pauseFor is how long a desk leaves a channel alone whose provider does not serve it.
const pauseFor = 10 * time.Minute

// rates keeps one desk below what each channel takes.
type rates struct {
	mu    sync.Mutex
	lanes map[ChannelID]*lane
}

type lane struct {
	sent   []time.Time // the last sends, as many as a minute takes, in a ring
	oldest int
	later  time.Time // up to where turned-away messages are spread
	paused time.Time
}

func newRates() *rates { return &rates{lanes: map[ChannelID]*lane{}} }

func (r *rates) lane(id ChannelID) *lane {
	if r.lanes[id] == nil {
		r.lanes[id] = &lane{}
	}
	return r.lanes[id]
}

// when takes a place for a send at now, or says when to come back.
func (r *rates) when(id ChannelID, perMinute int, now time.Time) time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	l := r.lane(id)
	if now.Before(l.paused) {
		return l.paused
	}
	if perMinute <= 0 {
		return now
	}
	if len(l.sent) != perMinute {
		l.sent, l.oldest = make([]time.Time, perMinute), 0
	}
	if free := l.sent[l.oldest].Add(time.Minute); free.After(now) {
		at := latest(l.later, free)
		l.later = at.Add(time.Minute / time.Duration(perMinute))
		return at
	}
	l.sent[l.oldest] = now
	l.oldest = (l.oldest + 1) % perMinute
	return now
}

func (r *rates) pause(id ChannelID, now time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.lane(id).paused = now.Add(pauseFor)
}
