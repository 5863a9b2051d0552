package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"
)

// A hub hands what changed to the open browsers. Who is slow misses nothing: what came meanwhile is
// put together.
type hub struct {
	mu        sync.Mutex
	listeners map[*listener]bool
}

// A listener is one open event stream.
type listener struct {
	wake    chan struct{}
	mu      sync.Mutex
	pending changed
	any     bool
}

const (
	maxListeners = 512
	most         = 200 // IDs of a kind in one event; beyond it the browser asks for all
)

func (h *hub) listen() (*listener, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if len(h.listeners) >= maxListeners {
		return nil, &refusal{Status: http.StatusTooManyRequests, Code: "too_many_streams", En: "too many open boards", Ru: "слишком много открытых досок"}
	}
	if h.listeners == nil {
		h.listeners = map[*listener]bool{}
	}
	l := &listener{wake: make(chan struct{}, 1)}
	h.listeners[l] = true
	return l, nil
}

func (h *hub) leave(l *listener) {
	h.mu.Lock()
	defer h.mu.Unlock()
	delete(h.listeners, l)
}

func (h *hub) tell(c changed) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners {
		l.add(c)
	}
}

func (l *listener) add(c changed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p := &l.pending
	p.Units, p.Deals = join(p.Units, c.Units), join(p.Deals, c.Deals)
	p.Cards, p.Letters = join(p.Cards, c.Cards), join(p.Letters, c.Letters)
	l.any = true
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

func (l *listener) take() (changed, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c, any := l.pending, l.any
	l.pending, l.any = changed{}, false
	return c, any
}

// join adds what is new, up to one more than is told.
func join[ID comparable](had, more []ID) []ID {
	for _, id := range more {
		if len(had) > most {
			return had
		}
		known := false
		for _, h := range had {
			known = known || h == id
		}
		if !known {
			had = append(had, id)
		}
	}
	return had
}

// stream is the server-sent events of one browser: what changed, at most four times a second, and
// how the clock runs.
func (s *server) stream(w http.ResponseWriter, r *http.Request) error {
	l, err := s.h.view.hub.listen()
	if err != nil {
		return err
	}
	defer s.h.view.hub.leave(l)
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	out := http.NewResponseController(w)
	if err := out.SetReadDeadline(time.Time{}); err != nil {
		return err
	}
	pulse := time.NewTicker(5 * time.Second)
	defer pulse.Stop()
	for {
		if err := out.SetWriteDeadline(time.Now().Add(10 * time.Second)); err != nil {
			return nil
		}
		if c, any := l.take(); any {
			if err := send(w, "changed", c); err != nil {
				return nil
			}
		}
		if err := send(w, "clock", s.clockState()); err != nil {
			return nil
		}
		if err := out.Flush(); err != nil {
			return nil
		}
		select {
		case <-r.Context().Done():
			return nil
		case <-s.over:
			return nil
		case <-pulse.C:
			continue
		case <-l.wake:
		}
		select { // let more come
		case <-r.Context().Done():
			return nil
		case <-time.After(250 * time.Millisecond):
		}
	}
}

type clockState struct {
	Now  int64 `json:"now"` // milliseconds since 1970
	Pace int64 `json:"pace"`
}

func (s *server) clockState() clockState {
	now, pace := s.h.clock.read()
	return clockState{now.UnixMilli(), int64(pace)}
}

func send(w http.ResponseWriter, event string, data any) error {
	text, err := json.Marshal(data)
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", event, text)
	return err
}
