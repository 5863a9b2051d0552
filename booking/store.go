package booking

import (
	"context"
	"time"

	"github.com/tenure-go/tenure/store"
)

// KindUnit is the kind of every key of this package: a unit's calendar is what is guarded.
const KindUnit = "unit"

// A Store keeps calendars; docs/adapters.md writes one step by step, and package bookingtest proves
// it. Besides the duties of package store:
//
// Load returns one calendar for each of q.Units, in any order; one that was never defined has
// Version 0 and, of its head, only the ID. It holds every row that q asks for, once and in any
// order: those of q.IDs in whatever state, as far as the unit has them, and every live row whose
// Busy overlaps q.Window by [Span.Bounds]. The calendar's Window is q.Window or wider, its IDs are
// q.IDs. The live rows of a calendar's window are all as of one moment, because a refusal is given
// on them as they are; different calendars may be of different moments, which a Desk finds out by
// their versions. With q.Lock, units are locked in the order of their IDs where a transaction can
// lock; elsewhere it means nothing.
//
// Commit writes heads, replaces rows by their key (Unit, Reservation.ID) and appends events. Every
// unit with a head, a row or an event has one guard that says Write, and every such guard a head.
// A row that stops being live is kept for ever, to be found by its ID. A calendar's version may be
// anything that fits package store's rule 2: nobody counts it.
//
// IDs are UTF-8 of 1 to 256 bytes without NUL, so NUL may part them in a composed key. A [Head],
// a [Row] and an [Event] read back from their encoding/json form are what they were: a store may
// keep documents, and index what Row puts beside the reservation.
type Store = store.Store[Query, Calendar, Change]

// A Query says what of which calendars to load.
type Query struct {
	Units  []UnitID        `json:"units"`           // none twice
	IDs    []ReservationID `json:"ids,omitempty"`   // rows in any state, on whichever of the units they are; none twice
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

// A Change is one commit. Guards with Write are the units in Heads; the other guards are units that
// were only read. No guard, head or row comes twice.
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
// not after now, each once, the earliest first and then by ID, at most limit; none for a limit of 0
// or less.
//
// It is a scan over all units, so it belongs to a database and not to a store in a transaction.
type Due interface {
	Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error)
}

// A Feed gives the events of all units to followers, none skipped and each once: at most limit
// events after the cursor, and the cursor behind them; none for a limit of 0 or less. Where there
// are none, the cursor comes back as it was.
//
// The events of one unit come in the order of their Seq; those of different units in any order that
// stays as it is. What a commit that began earlier adds later must not land behind a cursor that
// was given already: number events when they can be seen, not when they are written. A cursor of a
// state that the store no longer has, or that it never gave, is [store.ErrRewound].
type Feed interface {
	Since(ctx context.Context, after store.Cursor, limit int) ([]Event, store.Cursor, error)
}
