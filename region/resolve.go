package region

import "strings"
import "time"

// An Inquiry is what is known of a lead when it appears.
type Inquiry struct {
	Explicit Place     // what the customer said, or what the caller's record has
	Called   string    // the number dialled, in any form, or its last digits
	Caller   string    // the customer's number
	At       time.Time // when; picks the row of a dialled number. Zero: undated rows only
}

// Evidence is one thing that speaks for a place.
type Evidence struct {
	Source Source
	Place  Place  // blank if it names none
	Reason Reason // why it is not narrower
}

// A Verdict is what an inquiry comes to.
type Verdict struct {
	Place             // of the most trusted evidence that names any, whole: evidence is not mixed
	Source   Source   // of that evidence
	Route    Route    // what the dialled number means
	Routed   bool     // whether the dialled number is known
	Caller   Result   // what the customer's number tells
	Clock    []string // the customer's time zones: by their word, else by their number; never the dialled number's
	Evidence []Evidence
	Conflict bool // some evidence and the winner have no subdivision in common
}

// Resolve weighs the evidence for where a lead belongs: an explicit answer beats the dialled
// number, that beats an area code, that beats a mobile range. All of it is kept, the most trusted
// first. Resolve never fails: a number that cannot be read is evidence with that Reason.
func (d *Detector) Resolve(q Inquiry) Verdict {
	var v Verdict
	explicit := q.Explicit.filled()
	if !explicit.blank() {
		v.Evidence = append(v.Evidence, Evidence{Source: SourceExplicit, Place: explicit})
		v.Clock = explicit.Zones
	}
	if strings.TrimSpace(q.Called) != "" {
		v.Route, v.Routed = d.dids.Route(q.Called, q.At)
		e := Evidence{Source: SourceDID, Place: v.Route.Place}
		if !v.Routed {
			e.Reason = ReasonUnresolved
		}
		v.Evidence = append(v.Evidence, e)
	}
	if strings.TrimSpace(q.Caller) != "" {
		v.Caller, _ = d.Detect(q.Caller) // its Reason says that it is no number
		v.Evidence = append(v.Evidence, Evidence{Source: v.Caller.Source, Place: v.Caller.Place, Reason: v.Caller.Reason})
		if len(v.Clock) == 0 {
			v.Clock = v.Caller.Zones
		}
	}
	for _, e := range v.Evidence {
		switch {
		case e.Place.blank():
		case v.Source == SourceNone:
			v.Place, v.Source = e.Place, e.Source
		case contradict(v.Place, e.Place):
			v.Conflict = true
		}
	}
	return v
}

// contradict reports whether two places cannot both be right.
func contradict(p, q Place) bool {
	if len(p.Subdivisions) > 0 && len(q.Subdivisions) > 0 {
		return !p.shares(q)
	}
	return p.Country != "" && q.Country != "" && p.Country != q.Country
}
