package notify

import (
	"fmt"
	"slices"
	"strings"
)

// A Level is how far a step has come. Levels are a join: a higher one implies all below it.
type Level uint8

const (
	LevelUnknown   Level = iota // no answer yet, or none at all
	LevelAccepted               // the provider took the message
	LevelSent                   // it left the provider
	LevelDelivered              // it is on the recipient's device
	LevelRead                   // it was opened
)

var levelNames = []string{"unknown", "accepted", "sent", "delivered", "read"}

// String returns the name in snake_case.
func (l Level) String() string { return nameOf(levelNames, l) }

// MarshalText writes the name.
func (l Level) MarshalText() ([]byte, error) { return marshalName(levelNames, l) }

// UnmarshalText reads a name that MarshalText wrote.
func (l *Level) UnmarshalText(text []byte) error { return parseName(levelNames, text, l) }

// A Failure is why a try did not get through. It counts only below [LevelDelivered].
type Failure uint8

const (
	FailureNone        Failure = iota
	FailureBusy                // not now: the same step is tried again
	FailureUnreachable         // this address cannot be reached on this channel
	FailureRefused             // the provider will not send this message
	FailureDenied              // the provider will not serve us: bad credentials, no money
)

var failureNames = []string{"none", "busy", "unreachable", "refused", "denied"}

// String returns the name in snake_case.
func (f Failure) String() string { return nameOf(failureNames, f) }

// MarshalText writes the name.
func (f Failure) MarshalText() ([]byte, error) { return marshalName(failureNames, f) }

// UnmarshalText reads a name that MarshalText wrote.
func (f *Failure) UnmarshalText(text []byte) error { return parseName(failureNames, text, f) }

// A State is where a delivery stands.
type State uint8

const (
	StatePending    State = iota // a step may still start
	StateReached                 // a step came as far as it had to
	StateUnread                  // delivered, and unread for so long that somebody should know
	StateDead                    // no step is left: a dead letter, its Steps say why
	StateCancelled               // withdrawn
	StateSuperseded              // a newer revision of its thread took its place
)

var stateNames = []string{"pending", "reached", "unread", "dead", "cancelled", "superseded"}

// String returns the name in snake_case.
func (s State) String() string { return nameOf(stateNames, s) }

// MarshalText writes the name.
func (s State) MarshalText() ([]byte, error) { return marshalName(stateNames, s) }

// UnmarshalText reads a name that MarshalText wrote.
func (s *State) UnmarshalText(text []byte) error { return parseName(stateNames, text, s) }

// ended reports whether receipts no longer change the state.
func (s State) ended() bool { return s == StateCancelled || s == StateSuperseded }

// An Anchor is a moment of an occasion that reminders count from.
type Anchor uint8

const (
	AnchorNone  Anchor = iota // as a deadline: none
	AnchorMade                // when the occasion came about
	AnchorStart               // when it starts: check-in, the meeting, the trip
	AnchorEnd                 // when it ends
)

var anchorNames = []string{"none", "made", "start", "end"}

// String returns the name in snake_case.
func (a Anchor) String() string { return nameOf(anchorNames, a) }

// MarshalText writes the name.
func (a Anchor) MarshalText() ([]byte, error) { return marshalName(anchorNames, a) }

// UnmarshalText reads a name that MarshalText wrote.
func (a *Anchor) UnmarshalText(text []byte) error { return parseName(anchorNames, text, a) }

// A FactKind says what became known of an address.
type FactKind uint8

const (
	FactInbound     FactKind = iota // the recipient wrote: the session window opens
	FactOptOut                      // no more of this category, or of any
	FactConsent                     // this category, or any, is welcome
	FactReachable                   // something arrived there
	FactUnreachable                 // nothing can arrive there, as of now
)

var factNames = []string{"inbound", "opt_out", "consent", "reachable", "unreachable"}

// String returns the name in snake_case.
func (k FactKind) String() string { return nameOf(factNames, k) }

// MarshalText writes the name.
func (k FactKind) MarshalText() ([]byte, error) { return marshalName(factNames, k) }

// UnmarshalText reads a name that MarshalText wrote.
func (k *FactKind) UnmarshalText(text []byte) error { return parseName(factNames, text, k) }

func nameOf[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("%T(%d)", v, uint8(v))
}

func marshalName[T ~uint8](names []string, v T) ([]byte, error) {
	if int(v) < len(names) {
		return []byte(names[v]), nil
	}
	return nil, fmt.Errorf("%T(%d) has no name", v, uint8(v))
}

func parseName[T ~uint8](names []string, text []byte, to *T) error {
	i := slices.Index(names, string(text))
	if i < 0 {
		return fmt.Errorf("want one of %s", strings.Join(names, ", "))
	}
	*to = T(i)
	return nil
}
