package dedup

import (
	"time"

	"github.com/tenure-go/tenure/store"
)

// An EventKind says what happened.
type EventKind string

// The kinds. Folding the events of kind attached, moved, merged and split gives each touch's card:
// attached and moved put Touch on Card; merged puts every touch on Was, and every one that is
// attached to Was later, on Card; split ends that for Card.
const (
	EventAttached EventKind = "attached"
	EventMoved    EventKind = "moved"
	EventMerged   EventKind = "merged"
	EventSplit    EventKind = "split"
	EventClass    EventKind = "class"   // a key of Touch was found to be what Rule says
	EventDecided  EventKind = "decided" // a ruling was made
	EventErased   EventKind = "erased"
	EventClaim    EventKind = "claim"   // the claim of Touch is now what Rule says
	EventDispute  EventKind = "dispute" // the claims of Touch and of the touch Was exclude one another
)

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
