package pipeline

import (
	"time"

	"github.com/tenure-go/tenure/pipeline/worktime"
)

// IDs are compared byte by byte.
type (
	PipelineID string
	StageID    string
	FieldID    string
	Action     string
	Role       string
	ActorID    string
	CaseID     string
	CardID     string
	CommandID  string
	PoolID     string
)

// Roles that need no list: the case's owner, gateways of the outside world, and the clock.
const (
	RoleOwner  Role = "owner"
	RoleIntake Role = "intake"
	RoleTimer  Role = "timer"
)

// Fields that every case has. An [Edit] must name them: "*" does not mean them.
const (
	FieldOwner FieldID = "owner" // an ActorID; "" is back in the queue
	FieldPool  FieldID = "pool"  // a PoolID
	FieldCards FieldID = "cards" // set by an Open only; intake may always
)

// Rules are what a team loads: definitions and routes from JSON, conditions and calendars in Go.
type Rules struct {
	Definitions []Definition `json:"definitions"`
	Routes      []Route      `json:"routes"`

	// Conditions are predicates that moves name. They must be pure.
	Conditions map[string]func(Case, Actor) bool `json:"-"`

	// Calendars are the business times that timers name.
	Calendars map[string]*worktime.Calendar `json:"-"`

	places map[string]place // by path, of what was read
}

// A Definition is one version of a pipeline. A case keeps the version it was opened with; new
// ones take the newest. Cases open at the first stage.
type Definition struct {
	ID      PipelineID        `json:"id"`
	Version int               `json:"version"`
	Title   map[string]string `json:"title"`
	Claim   []Role            `json:"claim"`   // may take an ownerless case
	Parties []string          `json:"parties"` // whose turn it can be; the first is us
	Fields  []Field           `json:"fields"`
	Stages  []Stage           `json:"stages"`
	Moves   []Move            `json:"moves"`
	Edits   []Edit            `json:"edits"`
	Sides   []Side            `json:"sides"`
	Timers  []Timer           `json:"timers"`
	Copies  []Copy            `json:"copies"`
}

// Kinds of field.
const (
	KindText   = "text"   // up to 4,096 bytes
	KindNumber = "number" // decimal digits: -12.50
	KindDate   = "date"   // 2026-05-31
	KindTime   = "time"   // an instant, RFC 3339
	KindChoice = "choice" // one of Values
	KindCheck  = "check"  // "yes" or ""
)

// A Field is something a case knows.
type Field struct {
	ID     FieldID           `json:"id"`
	Kind   string            `json:"kind"`
	Title  map[string]string `json:"title"`
	Values []string          `json:"values"` // of a choice
	Party  string            `json:"party"`  // who gives it. Defaults to us.
	Link   string            `json:"link"`   // a URL with fields in braces: https://fssp.example/?name={name}; see Case.Link
}

// A Stage is where a case stands.
type Stage struct {
	ID    StageID           `json:"id"`
	Title map[string]string `json:"title"`
	Final string            `json:"final"` // won or lost; "" is an open stage
	Enter []Need            `json:"enter"` // what every move into it needs, forward or back
	Emit  []string          `json:"emit"`  // told to the caller on entry, as events
}

// Outcomes of a final stage.
const (
	Won  = "won"
	Lost = "lost"
)

// A Move is an action that takes a case from one of its stages to another.
type Move struct {
	Action     Action            `json:"action"`
	Title      map[string]string `json:"title"`
	From       []StageID         `json:"from"` // "*": every open stage; a final one must be named
	To         StageID           `json:"to"`
	Roles      []Role            `json:"roles"`
	Needs      []Need            `json:"needs"`
	Conditions []string          `json:"conditions"`
	Copies     []string          `json:"copies"`
}

// A Need wants a field filled or ticked, or to be one of Is; only when When holds, if given.
type Need struct {
	Field FieldID  `json:"field"`
	Is    []string `json:"is"`
	When  *Need    `json:"when"`
}

// An Edit says who may change fields, and at which stages. A field in no Edit is nobody's.
type Edit struct {
	Fields []FieldID `json:"fields"` // "*": all of the definition's
	Roles  []Role    `json:"roles"`
	In     []StageID `json:"in"` // empty: everywhere
}

// A Side is a process beside the stages: actions open:ID and close:ID.
type Side struct {
	ID     string            `json:"id"`
	Title  map[string]string `json:"title"`
	Open   []Role            `json:"open"`
	Close  []Role            `json:"close"`
	Needs  []Need            `json:"needs"`  // to close it
	Blocks []Action          `json:"blocks"` // while it is open; "*": every move
	Party  string            `json:"party"`  // whose turn it is while it is open. Defaults to us.
}

// A Timer is a clock of a case. At the deadline is still in time; after it the timer is breached:
// To is told and Do is done by the role timer.
//
// Start and Stop name events: "opened", "inquired", "touched", "responded", "closed",
// "entered STAGE", "set FIELD", "side_opened SIDE", "side_closed SIDE". Start "date FIELD" counts
// from what the field says, and anew when that changes; Within may then be negative, and a date
// begins at midnight UTC. Without Stop a clock that an entry started ends when the stage is left,
// any other when the case is closed. A further inquiry or touch does not restart a running clock; another entry or
// setting does.
type Timer struct {
	ID       string        `json:"id"`
	Start    string        `json:"start"`
	Stop     string        `json:"stop"`
	Within   time.Duration `json:"within"`   // in JSON as Go spells it: "30s", "72h"
	Calendar string        `json:"calendar"` // business time. Defaults to all time.
	Pause    []string      `json:"pause"`    // it stands still while the turn is with one of these parties
	To       Role          `json:"to"`
	Do       Action        `json:"do"` // an action, or "reassign": back to the pool for another member
}

// DoReassign is what a [Timer] does to give a case to another member of its pool.
const DoReassign Action = "reassign"

// A Copy opens a case in another pipeline, in the commit of the move that names it. The new
// case is called source/copy, and there is one however often the move is made.
type Copy struct {
	ID     string     `json:"id"`
	To     PipelineID `json:"to"`
	Fields []FieldID  `json:"fields"` // taken along
	Pool   PoolID     `json:"pool"`
	By     FieldID    `json:"by"`     // its value is the region by which members are chosen
	Assign bool       `json:"assign"` // to one member in turn; else a conversation lists all of them
}

// A Route says where a lead goes. The first whose lists all match takes it; one without lists
// takes all.
type Route struct {
	ID       string             `json:"id"`
	Channels []string           `json:"channels"`
	Forms    []string           `json:"forms"`
	Sites    []string           `json:"sites"`
	Groups   []string           `json:"groups"`
	Listings []string           `json:"listings"`
	Regions  []string           `json:"regions"`
	Pipeline PipelineID         `json:"pipeline"`
	Pool     PoolID             `json:"pool"`
	Set      map[FieldID]string `json:"set"`
}

func (r *Route) lists() [6][]string {
	return [6][]string{r.Channels, r.Forms, r.Sites, r.Groups, r.Listings, r.Regions}
}

// An Actor is who commands: a person or a gateway, with the roles it has now.
type Actor struct {
	ID    ActorID `json:"id"`
	Roles []Role  `json:"roles"`
}
