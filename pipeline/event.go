package pipeline

import (
	"time"

	"github.com/tenure-go/tenure/store"
)

// Kinds of key.
const (
	KeyCase = "case"
	KeyPool = "pool"
	KeySlot = "slot" // keeps two leads of one card from opening two cases
)

// An EventKind says what happened.
type EventKind string

const (
	EventOpened       EventKind = "opened"       // Name: the pipeline. From: its version. To: the first stage. Open: the lead, if it has no event before
	EventInquired     EventKind = "inquired"     // Name: the channel
	EventTouched      EventKind = "touched"      // Name: its kind; "missed_" before it, if it came in and was not answered. To: the channel
	EventResponded    EventKind = "responded"    // the first answer to an inquiry. To: the channel
	EventSet          EventKind = "set"          // Name: the field. From, To: what it held and holds; equal where a newer outside revision confirmed it
	EventMoved        EventKind = "moved"        // Name: the action. From, To: stages
	EventEmitted      EventKind = "emitted"      // Name: what the stage tells the caller
	EventSideOpened   EventKind = "side_opened"  // Name: the side process
	EventSideClosed   EventKind = "side_closed"  // Name: the side process
	EventTurn         EventKind = "turn"         // From, To: parties
	EventBreached     EventKind = "breached"     // Name: the timer. To: the role that is told. At: the deadline
	EventWithdrawn    EventKind = "withdrawn"    // Name: the timer whose breach a late report cured
	EventCopied       EventKind = "copied"       // Name: the copy. To: the case it opened
	EventConversation EventKind = "conversation" // Name: the pool. Actors: all who take part
	EventClosed       EventKind = "closed"       // Name: won or lost
)

// An Event is one line of a case's history. Folding all of them gives the case.
type Event struct {
	Key      store.Key `json:"key"`
	Seq      int64     `json:"seq"` // from 1; the case's Rev after it
	At       time.Time `json:"at"`
	Kind     EventKind `json:"kind"`
	By       ActorID   `json:"by,omitempty"`
	Why      string    `json:"why,omitempty"`
	Command  CommandID `json:"command,omitempty"`
	Recorded time.Time `json:"recorded"` // when it was decided; later than At for what is reported late
	Name     string    `json:"name,omitempty"`
	From     string    `json:"from,omitempty"`
	To       string    `json:"to,omitempty"`
	Actors   []ActorID `json:"actors,omitempty"` // who was assigned, rung, or takes part
	Data     *Command  `json:"data,omitempty"`   // the command, on its first event; none for a bare action
	Open     *Open     `json:"open,omitempty"`   // the opening, on its first event
	Retry    time.Time `json:"retry,omitzero"`   // of a lead nobody could take: when somebody may
}

// An Open tells of an inquiry, or of a case of the outside world.
//
// With Case it updates that case if it is known, else creates it. Without, it joins the oldest
// open case of its Cards in that pipeline, else opens one.
type Open struct {
	ID        CommandID          `json:"id,omitempty"`
	Case      CaseID             `json:"case,omitempty"`     // the outside number
	Pipeline  PipelineID         `json:"pipeline,omitempty"` // Defaults to what the first matching Route says.
	Pool      PoolID             `json:"pool,omitempty"`     // Defaults to the Route's, if Pipeline was left to it.
	Cards     []CardID           `json:"cards,omitempty"`
	Channel   string             `json:"channel,omitempty"`
	Form      string             `json:"form,omitempty"`
	Site      string             `json:"site,omitempty"`
	Group     string             `json:"group,omitempty"` // of a dialled number
	Listing   string             `json:"listing,omitempty"`
	Region    string             `json:"region,omitempty"`
	Skills    []string           `json:"skills,omitempty"` // that who takes it must have
	Set       map[FieldID]string `json:"set,omitempty"`
	SourceRev int64              `json:"source_rev,omitempty"` // of the outside system; 0: the last received wins
	At        time.Time          `json:"at,omitzero"`          // Defaults to now.
	By        Actor              `json:"by"`
	Why       string             `json:"why,omitempty"`
}

// A Command changes one case: it sets fields, records a touch, does an action, in this order; all
// or nothing.
type Command struct {
	ID        CommandID          `json:"id,omitempty"`
	Case      CaseID             `json:"case,omitempty"`
	Rev       int64              `json:"rev,omitempty"` // the Rev it was made for; 0: any
	Action    Action             `json:"action,omitempty"`
	Set       map[FieldID]string `json:"set,omitempty"`        // "" clears, "yes" ticks; [FieldOwner] assigns
	SourceRev int64              `json:"source_rev,omitempty"` // of the outside system; then what may not be set is kept and reported
	Touch     *Touch             `json:"touch,omitempty"`
	At        time.Time          `json:"at,omitzero"` // when it was, not before the last move. Defaults to now.
	By        Actor              `json:"by"`
	Why       string             `json:"why,omitempty"`
}

// bare reports whether the command's first event says all of it.
func (c *Command) bare() bool {
	return c.Set == nil && c.Touch == nil && c.Rev == 0 && c.SourceRev == 0 && c.At.IsZero()
}

// A Touch is a call, a message, a visit.
type Touch struct {
	Kind     string `json:"kind"`
	Channel  string `json:"channel,omitempty"`
	Ref      string `json:"ref,omitempty"` // the caller's, such as a recording
	Out      bool   `json:"out,omitempty"`
	Answered bool   `json:"answered,omitempty"`
}

// A Changed is a field that a command wrote, or why it did not.
type Changed struct {
	Field    FieldID
	From, To string
	Kept     string // if not written: stale (an older revision), conflict (the same with other content), role
}

// Why a field was kept.
const (
	KeptStale    = "stale"
	KeptConflict = "conflict"
	KeptRole     = "role"
)
