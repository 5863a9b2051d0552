package booking

import (
	"context"
	"time"

	"github.com/tenure-go/tenure/store"
)

// KindUnit is the kind of every key of this package: a unit's calendar is what is guarded.
const KindUnit = "unit"

// A Store keeps calendars. Besides the duties of package store:
//
// Load returns one calendar for each of q.Units, in any order; one that was never defined has
// Version 0 and only its ID. It holds every row that q asks for: those of q.IDs in whatever state,
// and every live row whose Busy overlaps q.Window by [Span.Bounds]. The calendar's Window is
// q.Window or wider, its IDs are q.IDs. With q.Lock, units are locked in the order of their IDs
// where a transaction can lock.
//
// Commit writes heads, replaces rows by their key (Unit, ID) and appends events. A calendar's
// version may be anything that fits package store's rule 2.
type Store = store.Store[Query, Calendar, Change]

// A Query says what of which calendars to load.
type Query struct {
	Units  []UnitID        `json:"units"`
	IDs    []ReservationID `json:"ids,omitempty"`   // rows in any state, on whichever of the units they are
	Window Span            `json:"window,omitzero"` // live rows outside may be left out; empty: all may
	Lock   bool            `json:"lock,omitempty"`  // a Commit of these units may follow
}

// A Head is what a calendar has besides its rows.
type Head struct {
	Unit  Unit      `json:"unit"`
	Seq   int64     `json:"seq"`   // events so far
	Clock time.Time `json:"clock"` // of the last commit
}

// A Row is a reservation as one unit's calendar keeps it, by (Unit, Reservation.ID). Of a
// reservation on several units each keeps a copy; on a unit that it has left the row is a signpost
// to its present ones.
type Row struct {
	Unit        UnitID      `json:"unit"`
	Reservation Reservation `json:"reservation"`

	// What a store may index:
	Busy     Span      `json:"busy,omitzero"`     // hull of its claims here; empty on a signpost
	Live     bool      `json:"live,omitempty"`    // takes up room here or waits for it
	Deadline time.Time `json:"deadline,omitzero"` // when something falls due: the end of a hold, the arrival of what waits
}

// A Change is one commit. Guards with Write are the units in Heads.
type Change struct {
	Guards []store.Guard `json:"guards"`
	Heads  []Head        `json:"heads,omitempty"`
	Rows   []Row         `json:"rows,omitempty"`
	Events []Event       `json:"events,omitempty"`
}

// Empty reports whether there is nothing to commit.
func (c Change) Empty() bool { return len(c.Heads) == 0 }

// An Event records one change on one unit. A reservation on several units has one on each: act on
// that of its first claim.
type Event struct {
	Key  store.Key `json:"key"` // KindUnit and the unit's ID
	Seq  int64     `json:"seq"` // 1, 2, 3 ... on each unit
	At   time.Time `json:"at"`  // of the commit, by the calendar's clock
	Kind Kind      `json:"kind"`

	By      string `json:"by,omitempty"`
	Why     string `json:"why,omitempty"`
	Command string `json:"command,omitempty"` // the verb; "" for what came by time alone

	Tags        map[string]string `json:"tags,omitempty"` // the unit's
	Reservation *Reservation      `json:"reservation,omitempty"`
	Unit        *Unit             `json:"unit,omitempty"` // of KindDefined
}

// A Kind says what happened: the state that a reservation entered, or another change of it.
type Kind string

const (
	KindQueued     Kind = "queued"
	KindHeld       Kind = "held"
	KindConfirmed  Kind = "confirmed"
	KindCheckedIn  Kind = "checked_in"
	KindCheckedOut Kind = "checked_out"
	KindBlocked    Kind = "blocked"
	KindExpired    Kind = "expired"
	KindCancelled  Kind = "cancelled"
	KindNoShow     Kind = "no_show"
	KindExtended   Kind = "extended"
	KindMoved      Kind = "moved" // also to another room at check-in, given again
	KindDefined    Kind = "defined"
	KindReset      Kind = "reset"
)

// A Due finds calendars where something fell due: keys of units with a live row whose Deadline is
// not after now, the earliest first, at most limit.
type Due interface {
	Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error)
}

// A Feed gives the events of all units to followers, none skipped and each once: at most limit
// events after the cursor, and the cursor behind them. The events of one unit come in the order
// of their Seq. A cursor of a state that the store no longer has is [store.ErrRewound].
type Feed interface {
	Since(ctx context.Context, after store.Cursor, limit int) ([]Event, store.Cursor, error)
}
