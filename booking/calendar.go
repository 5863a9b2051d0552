package booking

// A Calendar is one unit's state as a store loaded it, or as [At] or a [Desk] brought it to an
// instant: its Clock.
type Calendar struct {
	Head
	Version      int64           `json:"version"`         // the store's; 0: never defined
	Window       Span            `json:"window,omitzero"` // what was loaded: every live row that overlaps it by its bounds,
	IDs          []ReservationID `json:"ids,omitempty"`   // and the rows of these
	Reservations []Reservation   `json:"reservations,omitempty"`

	profile *profile // of what is taken; nil on a calendar that was not built here
}
