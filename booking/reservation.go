package booking

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A ReservationID names a reservation on its units: UTF-8 of 1 to 256 bytes without NUL, compared
// byte by byte. The caller chooses it: a command repeated with the same ID and content meets its
// own result.
type ReservationID string

// A State is where a reservation stands.
type State uint8

const (
	StateQueued     State = iota + 1 // waits for room, until arrival
	StateHeld                        // has the unit until its deadline
	StateConfirmed                   // has the unit for good
	StateCheckedIn                   // the guest is there
	StateCheckedOut                  // the guest has left; turnover may go on. Ended
	StateBlocked                     // maintenance, owner, an outside booking
	StateExpired                     // nobody confirmed in time, or arrival came while it waited. Ended
	StateCancelled                   // ended
	StateNoShow                      // the guest did not come. Ended
)

var stateNames = []string{"", "queued", "held", "confirmed", "checked_in", "checked_out", "blocked", "expired", "cancelled", "no_show"}

// String returns the state as snake_case text; "" for the zero value.
func (s State) String() string { return nameOf(stateNames, s) }

// MarshalText writes the state as String does.
func (s State) MarshalText() ([]byte, error) { return marshalName(stateNames, "state", s) }

// UnmarshalText reads what MarshalText wrote.
func (s *State) UnmarshalText(text []byte) error { return unmarshalName(stateNames, "state", s, text) }

// Ended reports whether the state never changes again.
func (s State) Ended() bool {
	return s == StateCheckedOut || s == StateExpired || s == StateCancelled || s == StateNoShow
}

// takes reports whether a reservation in this state takes up its Busy.
func (s State) takes() bool {
	switch s {
	case StateHeld, StateConfirmed, StateCheckedIn, StateCheckedOut, StateBlocked:
		return true
	}
	return false
}

// A Claim is a part of a reservation: places of one unit for one span. A caller sets the first
// three fields; the rest is filled in and ignored in commands.
type Claim struct {
	Unit  UnitID `json:"unit"`
	Span  Span   `json:"span"`
	Count int    `json:"count"` // places. Defaults to 1.

	Places []int `json:"places,omitempty"` // rooms, 1 to Capacity, from check-in
	Busy   Span  `json:"busy,omitzero"`    // Span and the turnover that the unit had when it was claimed
}

// asked is the claim as a caller wrote it.
func (c Claim) asked() Claim { return Claim{Unit: c.Unit, Span: c.Span, Count: orDefault(c.Count, 1)} }

func compareClaims(a, b Claim) int {
	return cmp.Or(strings.Compare(string(a.Unit), string(b.Unit)), cmp.Compare(a.Span.axis, b.Span.axis),
		cmp.Compare(a.Span.from, b.Span.from), cmp.Compare(a.Span.to, b.Span.to), cmp.Compare(a.Count, b.Count))
}

// sameClaims reports whether both ask for the same places, in whatever order.
func sameClaims(a, b []Claim) bool {
	if len(a) != len(b) {
		return false
	}
	same := func(a, b Claim) bool { return compareClaims(a, b) == 0 }
	return slices.EqualFunc(a, b, same) ||
		slices.EqualFunc(slices.SortedFunc(slices.Values(a), compareClaims), slices.SortedFunc(slices.Values(b), compareClaims), same)
}

// A Reservation is claims with one state and one deadline.
type Reservation struct {
	ID     ReservationID `json:"id"`
	Asked  []Claim       `json:"asked"`  // as it was first asked for
	Claims []Claim       `json:"claims"` // as it stands
	State  State         `json:"state"`
	Since  time.Time     `json:"since"` // when it entered the state

	Deadline time.Time     `json:"deadline,omitzero"` // of a hold
	TTL      time.Duration `json:"ttl,omitempty"`     // as asked for; 0: the unit's

	Priority int       `json:"priority,omitempty"`
	Joined   time.Time `json:"joined"` // when it was made: its place among its equals in a queue

	Holder string `json:"holder,omitempty"` // the caller's: a card, a person
	Source string `json:"source,omitempty"` // the caller's: a channel, a campaign

	Block  bool  `json:"block,omitempty"`  // made by [Block]
	Unseen bool  `json:"unseen,omitempty"` // an offer that no commit has announced yet, or that lapsed before one did
	Rev    int64 `json:"rev"`              // grows with every change
}

// A Ref points at a reservation: any unit it was ever on, and its ID there. Rev 0 means any; else
// the command is refused if the reservation has changed since.
type Ref struct {
	Unit UnitID        `json:"unit"`
	ID   ReservationID `json:"id"`
	Rev  int64         `json:"rev,omitempty"`
}

// String returns unit/id.
func (r Ref) String() string { return string(r.Unit) + "/" + string(r.ID) }

// Ref returns the reservation's own reference, as of this revision.
func (r Reservation) Ref() Ref {
	ref := Ref{ID: r.ID, Rev: r.Rev}
	if len(r.Claims) > 0 {
		ref.Unit = r.Claims[0].Unit
	}
	return ref
}

// Blocks reports whether the reservation takes up the Busy of its claims at an instant, if nothing
// but time has passed since: a hold does so before its deadline.
func (r *Reservation) Blocks(now time.Time) bool {
	return r.State.takes() && (r.State != StateHeld || now.Before(r.Deadline))
}

// on reports whether the reservation has a claim on the unit. The row of a reservation on a unit
// that it has left is a signpost to its present ones.
func (r *Reservation) on(u UnitID) bool {
	for i := range r.Claims {
		if r.Claims[i].Unit == u {
			return true
		}
	}
	return false
}

// clone returns a copy that shares nothing with r.
func (r Reservation) clone() Reservation {
	room := make(claimRoom, 0, len(r.Asked)+len(r.Claims))
	r.Asked, r.Claims = room.clone(r.Asked), room.clone(r.Claims)
	return r
}

// claimRoom is one allocation for the claims of several lists.
type claimRoom []Claim

// clone returns a copy of the claims that lies in the room, which must be large enough.
func (room *claimRoom) clone(claims []Claim) []Claim {
	if claims == nil {
		return nil
	}
	start := len(*room)
	*room = append(*room, claims...)
	own := (*room)[start:len(*room):len(*room)]
	for i := range own {
		own[i].Places = slices.Clone(own[i].Places)
	}
	return own
}

func cloneClaims(claims []Claim) []Claim {
	claims = slices.Clone(claims)
	for i := range claims {
		claims[i].Places = slices.Clone(claims[i].Places)
	}
	return claims
}

// busyOn is the hull of what the reservation takes up on the unit; empty on a signpost.
func (r *Reservation) busyOn(u UnitID) Span {
	var hull Span
	for i := range r.Claims {
		if c := &r.Claims[i]; c.Unit == u {
			hull = hull.hull(c.Busy)
		}
	}
	return hull
}

// live reports whether the reservation takes up room or waits for it.
func (r *Reservation) live() bool { return r.State == StateQueued || r.State.takes() }
