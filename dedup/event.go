package dedup

import (
	"time"

	"github.com/tenure-go/tenure/store"
)

// An EventKind says what happened.
type EventKind string

// The kinds. Folding the events of kind attached, moved, merged and split gives each touch's card:
// attached and moved put Touch on Card; merged puts every touch on Was, and every one that is
// attached to Was later, on Card; split ends that for Card. The last event of kind claim tells where
// a touch's claim stands, but for a lapse: that is a matter of time alone.
const (
	EventAttached EventKind = "attached"
	EventMoved    EventKind = "moved"
	EventMerged   EventKind = "merged"
	EventSplit    EventKind = "split"
	EventClass    EventKind = "class"   // a key of Touch was found to be what Rule says
	EventDecided  EventKind = "decided" // a ruling was made
	EventErased   EventKind = "erased"
	EventClaim    EventKind = "claim"   // the claim of Touch is now what Rule says: a ClaimState, or RuleNone
	EventDispute  EventKind = "dispute" // the claims of Touch and of the touch Was exclude one another
)

// RuleNone is said of a touch that makes no claim any more: it renews another one, or is an echo.
const RuleNone Rule = "none"

// An Event is something that happened to a touch or card. It holds no personal value.
type Event struct {
	Key     store.Key `json:"key"` // of the touch or ruling that brought it about
	Seq     int64     `json:"seq"` // from 1, within Key
	At      time.Time `json:"at"`
	Kind    EventKind `json:"kind"`
	By      string    `json:"by,omitempty"`
	Why     string    `json:"why,omitempty"`
	Command string    `json:"command"` // "ingest", "import", "decide", "erase"
	Touch   TouchID   `json:"touch,omitempty"`
	Card    CardID    `json:"card,omitempty"`
	Was     CardID    `json:"was,omitempty"` // the card before
	Rule    Rule      `json:"rule,omitempty"`
}
