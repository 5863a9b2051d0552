package dedup

import (
	"cmp"
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/tenure-go/tenure/store"
)

// A Store keeps touches, keys, traces and rulings. Its duties are those of package store; package
// deduptest proves them.
type Store = store.Store[Query, Aggregate, Change]

// The kinds of a row's store.Key.
const (
	RowTouch    = "touch"    // ID: a TouchID
	RowKey      = "key"      // a Key
	RowTrace    = "trace"    // a TraceID
	RowDecision = "decision" // a DecisionID
)

// A Query names what to load. A key that was never written is answered with Version 0.
//
// An identifier's key brings along, unless Bare, the traces on it, each with Latest set, so that a touch costs few
// round trips; and if it is not shared, the keys of these traces.
type Query struct {
	Keys    []store.Key // of any kind
	Cards   []CardID    // the traces on these cards
	History []TraceID   // the touches of these traces; a trace gets another version with each that comes or goes
	Lock    bool        // a Commit follows

	// Bare says that Keys need bring nothing along.
	Bare bool

	// Ahead is a hint: what hangs together with Keys by keys that are not shared will be asked for
	// next, with its touches. A store with round trips may bring it along, as far as it likes, each
	// trace whose touches are all there marked Whole.
	Ahead bool
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

	// Latest is set on a trace that a key brought along: its latest touch, by (Received, ID).
	Latest *Latest

	// Whole says that the touches of this trace are here too, read after it was.
	Whole bool
}

// A Latest is what is known at a glance of a trace's latest touch.
type Latest struct {
	ID       TouchID
	Received time.Time
	When     time.Time
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
	Trace   TraceID   `json:"trace,omitempty"` // what it is part of; "" while only awaited
	Root    TouchID   `json:"root,omitempty"`  // the touch whose evidence places it; "": its own
	Stored  time.Time `json:"stored"`          // when it was first kept
	Echo    bool      `json:"echo,omitempty"`  // it only brought back what we had written: its values do not count
	Erased  bool      `json:"erased,omitempty"`
	Reasons []Reason  `json:"reasons,omitempty"`
	Awaited []TouchID `json:"awaited,omitempty"` // touches that follow this one and came before it
}

// plainTouch is StoredTouch with the usual JSON.
type plainTouch StoredTouch

// MarshalJSON writes the touch as JSON. What is not UTF-8, and so cannot be JSON, goes as base64 of
// a form of this package's own.
func (st StoredTouch) MarshalJSON() ([]byte, error) {
	for _, c := range st.content() {
		if !utf8.ValidString(c.value) && c.field != "Data" {
			return json.Marshal(opaque{st.ID, encode(func(c *coder) { c.touch(&st) })})
		}
	}
	return json.Marshal(plainTouch(st))
}

// UnmarshalJSON reads what MarshalJSON wrote.
func (st *StoredTouch) UnmarshalJSON(doc []byte) error {
	var o opaque
	if err := json.Unmarshal(doc, &o); err == nil && o.Bytes != nil {
		c := coder{in: string(o.Bytes)}
		if c.touch(st); c.bad {
			return &InvalidError{Field: "touch", Value: string(o.ID), Why: "cannot be read back"}
		}
		return nil
	}
	return json.Unmarshal(doc, (*plainTouch)(st))
}

type opaque struct {
	ID    TouchID `json:"id"`
	Bytes []byte  `json:"bytes"`
}

// A KeyUse is what is known of a key.
type KeyUse struct {
	Traces      []TraceID    `json:"traces,omitempty"` // that have it; empty once Full
	Peers       [][]Key      `json:"peers,omitempty"`  // of each of Traces: its other keys
	Class       Class        `json:"class"`
	Ruled       bool         `json:"ruled,omitempty"` // Class is by the rulings in Rulings
	Rulings     []DecisionID `json:"rulings,omitempty"`
	Full        bool         `json:"full,omitempty"`        // shared for good
	Switchboard bool         `json:"switchboard,omitempty"` // seen with an extension
	Proved      bool         `json:"proved,omitempty"`      // shared by traces that were erased since
	Since       time.Time    `json:"since,omitzero"`        // the earliest First of erased traces
	Marks       []Mark       `json:"marks,omitempty"`       // of external keys that we wrote to: the latest 64
}

// leave takes a trace off the list.
func (u *KeyUse) leave(id TraceID) {
	if i := slices.Index(u.Traces, id); i >= 0 {
		u.Traces = slices.Delete(slices.Clone(u.Traces), i, i+1)
		u.Peers = slices.Delete(slices.Clone(u.Peers), i, i+1)
	}
}

// A Trace is a set of touches with the same evidence.
type Trace struct {
	Keys     []Key     `json:"keys,omitempty"`    // sorted
	Name     string    `json:"name,omitempty"`    // the reading
	First    time.Time `json:"first"`             // its earliest touch
	Card     CardID    `json:"card,omitempty"`    // "": its touches lie apart
	Aliases  []CardID  `json:"aliases,omitempty"` // further IDs of that card
	Claimed  bool      `json:"claimed,omitempty"` // that card has partners' touches
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
	At    time.Time `json:"at"`   // when that happened which places it
	Born  time.Time `json:"born"` // when it was stored
}

// A Change is one commit: guards, the rows to write in full, the keys to forget, the events.
type Change struct {
	Guards []store.Guard
	Rows   []Aggregate // Version is ignored
	Forget []store.Key // absent from now on
	Unlist []Listing   // that no longer hold, also of what is forgotten
	Events []Event
}

// A Listing is a row that is found under another one's ID: a touch under its trace, a trace under its
// card.
type Listing struct {
	Key   store.Key
	Under string
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
