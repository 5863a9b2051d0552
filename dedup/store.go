package dedup

import (
	"cmp"
	"context"
	"strconv"
	"strings"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A Store keeps touches, keys, traces and rulings. Its duties are those of package store; package
// deduptest proves them.
type Store = store.Store[Query, Aggregate, Change]

// The kinds of store.Key.
const (
	kindTouch    = "touch"    // ID: a TouchID
	kindKey      = "key"      // a Key
	kindTrace    = "trace"    // a TraceID
	kindDecision = "decision" // a DecisionID
)

// A Query names what to load. A key that was never written is answered with Version 0.
//
// An identifier's key brings along the traces on it, so that a touch costs few round trips; and if
// it is not shared, for each of these traces: its keys, the traces on its card, and its latest
// touch, by (Received, ID).
type Query struct {
	Keys    []store.Key // of any kind
	Cards   []CardID    // the traces on these cards
	History []TraceID   // the touches of these traces
	Lock    bool        // a Commit follows
}

// An Aggregate is a row with its version. Of the pointers the one of its key's kind is set, none if
// Version is 0.
type Aggregate struct {
	Key      store.Key
	Version  int64
	Touch    *StoredTouch
	Use      *KeyUse
	Trace    *Trace
	Decision *StoredDecision
}

// A StoredDecision is a ruling as it is kept.
type StoredDecision struct {
	Decide
	Withdrawn DecisionID `json:"withdrawn,omitempty"` // by which it was
	Touch     TouchID    `json:"touch,omitempty"`     // of an erasure: the card's
	Made      time.Time  `json:"made"`
}

// A StoredTouch is a touch as it is kept.
type StoredTouch struct {
	Touch
	Trace   TraceID   // what it is part of; "" while only awaited
	Root    TouchID   // the touch whose evidence places it; "": its own
	Stored  time.Time // when it was first kept
	Echo    bool      // it only brought back what we had written: its values do not count
	Erased  bool      // its values were erased
	Reasons []Reason
	Awaited []TouchID // touches that follow this one and came before it
}

// A KeyUse is what is known of a key.
type KeyUse struct {
	Traces      []TraceID    `json:"traces,omitempty"` // that have it; empty once Full
	Class       Class        `json:"class"`
	Ruled       bool         `json:"ruled,omitempty"` // Class is by the rulings in Rulings
	Rulings     []DecisionID `json:"rulings,omitempty"`
	Full        bool         `json:"full,omitempty"`        // shared for good
	Switchboard bool         `json:"switchboard,omitempty"` // seen with an extension
	Proved      bool         `json:"proved,omitempty"`      // shared by traces that were erased since
	Since       time.Time    `json:"since,omitzero"`        // the earliest First of erased traces
	Marks       []Mark       `json:"marks,omitempty"`       // of external keys that we wrote to: the latest 64
}

// A Trace is a set of touches with the same evidence.
type Trace struct {
	Keys     []Key     `json:"keys,omitempty"` // sorted
	Name     string    `json:"name,omitempty"` // the reading
	First    time.Time `json:"first"`          // its earliest touch
	Card     CardID    `json:"card,omitempty"` // "": its touches lie apart
	Founders []Founder `json:"founders,omitempty"`
	Bonds    []Bond    `json:"bonds,omitempty"`
	Filings  int       `json:"filings,omitempty"` // partners' touches and what judges them
	Lead     TouchID   `json:"lead"`              // its first-arrived touch
	Born     time.Time `json:"born"`              // when that was stored
	Changed  time.Time `json:"changed"`           // when it was last written
	Erased   time.Time `json:"erased,omitzero"`
}

// A Founder is a touch that founded a card.
type Founder struct {
	Touch TouchID   `json:"touch"`
	At    time.Time `json:"at"`   // when the touch happened
	Born  time.Time `json:"born"` // when it was stored
}

// A Change is one commit: guards, the rows to write in full, the keys to forget, the events.
type Change struct {
	Guards []store.Guard
	Rows   []Aggregate // Version is ignored
	Forget []store.Key // absent from now on
	Events []Event
}

// A Feed hands out the events of a store in the order in which they became visible.
type Feed interface {
	// Since returns up to limit events after the cursor, and the cursor behind them. A cursor that
	// names an event which the store does not have as it was is an error wrapping
	// store.ErrRewound.
	Since(ctx context.Context, after store.Cursor, limit int) ([]Event, store.Cursor, error)
}

// A Finder lists partners' touches.
type Finder interface {
	// Find returns up to limit touches that f selects, ordered by (Received, ID), and the cursor
	// behind them.
	Find(ctx context.Context, f Filter, after store.Cursor, limit int) ([]TouchID, store.Cursor, error)
}

// Found is a place in the list of a Finder.
type Found struct {
	Received time.Time
	ID       TouchID
}

// Cursor returns the cursor behind this place.
func (f Found) Cursor() store.Cursor {
	return store.Cursor(strconv.FormatInt(f.Received.UnixMicro(), 10) + " " + string(f.ID))
}

// ParseFound returns the place that a cursor stands behind; the zero Found for "".
func ParseFound(c store.Cursor) (Found, error) {
	if c == "" {
		return Found{}, nil
	}
	micros, id, ok := strings.Cut(string(c), " ")
	n, err := strconv.ParseInt(micros, 10, 64)
	if !ok || err != nil {
		return Found{}, &InvalidError{Field: "after", Value: string(c), Why: "is no cursor of this list"}
	}
	return Found{time.UnixMicro(n).UTC(), TouchID(id)}, nil
}

func (f Found) compare(o Found) int {
	return cmp.Or(f.Received.Compare(o.Received), strings.Compare(string(f.ID), string(o.ID)))
}
