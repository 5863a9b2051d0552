package dedup

import (
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
// A store may return more than asked, and should: the traces on each key asked for, and the keys of
// these traces. It saves the desk from asking again.
type Query struct {
	Keys    []store.Key
	Cards   []CardID  // the traces on these cards
	History []TraceID // the touches of these traces
	Latest  []TraceID // of each of these traces the touch with the greatest (Received, ID)
	Lock    bool      // a Commit follows
}

// An Aggregate is a row with its version. Of the pointers the one of its key's kind is set, none if
// Version is 0.
type Aggregate struct {
	Key      store.Key
	Version  int64
	Touch    *StoredTouch
	Use      *KeyUse
	Trace    *Trace
	Decision *Decide
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
	Born     time.Time `json:"born"`              // when its first touch was stored
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
