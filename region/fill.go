package region

import (
	"slices"
	"strings"
)

// A Record is what [Fill] can fill of a deal, a card or an inquiry of the caller's. A field of
// white space is blank.
type Record struct {
	Country       string
	Subdivision   Subdivision
	Locality      string
	Zone          string // the customer's clock
	Office        OfficeID
	MeetingPlace  string // the office's address
	Calendar      string // the office's calendar
	Group         GroupID
	Page, Channel string
}

// A Field tells what Fill did to one field, and why.
type Field struct {
	Name   string // in snake_case: "meeting_place"
	Value  string // what was written, what is there, or what could not be written
	Source Source // of the value; SourceExplicit for what follows from the record itself
	Why    Why
}

// Fill writes what is certain into the blank fields of r, and tells of every field what became of
// it. It never writes over anything, nor from an ambiguous place, nor from the fallback office,
// nor what contradicts the record: office, meeting place and calendar follow the record's own
// subdivision once it has one, and meeting place and calendar its own office. To fill twice is to
// fill once. Where an ambiguous place has one office all the same, [Directory.Office] tells it.
func Fill(r Record, v Verdict, d *Directory) (Record, []Field) {
	f := filling{before: r, after: r, verdict: v, directory: d}
	f.place()
	f.zone()
	f.office()
	f.route()
	return f.after, f.fields
}

type filling struct {
	before, after Record
	verdict       Verdict
	directory     *Directory
	fields        []Field
}

// set fills a field if it is blank and nothing speaks against it: why is WhyWritten unless
// something does.
func set[T ~string](f *filling, name string, field *T, value T, source Source, why Why) {
	switch {
	case !isBlank(*field):
		value, source, why = *field, SourceExplicit, WhyAlreadySet
	case why != WhyAmbiguous && isBlank(value):
		why = WhyUnknown
	}
	switch why {
	case WhyWritten:
		*field = value
	case WhyUnknown:
		value, source = "", SourceNone
	}
	f.fields = append(f.fields, Field{name, string(value), source, why})
}

func isBlank[T ~string](s T) bool { return strings.TrimSpace(string(s)) == "" }

// place fills country, subdivision and locality.
func (f *filling) place() {
	p, source, r := f.verdict.Place, f.verdict.Source, f.before
	why := WhyWritten
	switch {
	case p.Ambiguous():
		why = WhyAmbiguous
	case !agrees(r, p):
		why = WhyContradicts
	case !isBlank(r.Locality) && isBlank(r.Subdivision) && p.Locality == "":
		why = WhyUnknown // whether the record's town lies there
	}
	set(f, "country", &f.after.Country, p.Country, source, why)
	set(f, "subdivision", &f.after.Subdivision, Subdivision(joinCodes(p.Subdivisions)), source, why)
	set(f, "locality", &f.after.Locality, p.Locality, source, why)
}

// agrees reports whether a record may lie in p.
func agrees(r Record, p Place) bool {
	if !isBlank(r.Country) && p.Country != "" && strings.TrimSpace(r.Country) != p.Country {
		return false
	}
	if s := r.Subdivision; !isBlank(s) {
		if len(p.Subdivisions) > 0 {
			if !slices.Contains(p.Subdivisions, s) {
				return false
			}
		} else if c := s.country(); p.Country != "" && p.Country != c && (p.Country != "RU" || c != "UA" && c != "GE") {
			return false
		}
	}
	return isBlank(r.Locality) || p.Locality == "" || localityKey(r.Locality) == localityKey(p.Locality)
}

// zone fills the customer's clock, which may tick elsewhere than in the place asked about.
func (f *filling) zone() {
	v := f.verdict
	source, from := v.Caller.Source, v.Caller.Place
	if v.Source == SourceExplicit && len(v.Zones) > 0 {
		source, from = SourceExplicit, v.Place
	}
	why := WhyWritten
	switch {
	case len(v.Clock) == 0:
		why = WhyUnknown
	case len(v.Clock) > 1 || v.Ambiguous():
		why = WhyAmbiguous
	case !agrees(f.before, from):
		why = WhyContradicts
	}
	set(f, "zone", &f.after.Zone, strings.Join(v.Clock, ","), source, why)
}

// office fills the office, and what follows from it.
func (f *filling) office() {
	r, v := f.before, f.verdict
	var o Office
	why, source := WhyUnknown, v.Source
	switch {
	case !isBlank(f.after.Subdivision):
		if !isBlank(r.Subdivision) {
			source = SourceExplicit
		}
		if found, match := f.directory.Office(PlaceOf(f.after.Locality, f.after.Subdivision)); match >= MatchSubdivision {
			o, why = found, WhyWritten
			if !isBlank(r.Calendar) && o.Calendar != "" && o.Calendar != r.Calendar {
				why = WhyContradicts
			}
		}
	case v.Ambiguous():
		why = WhyAmbiguous
	case !agrees(r, v.Place):
		why = WhyContradicts
	}
	set(f, "office", &f.after.Office, o.ID, source, why)

	// Meeting place and calendar are those of the record's office, unless that serves another place.
	if !isBlank(r.Office) {
		switch own := f.directory.byID(r.Office); {
		case o.ID != "" && o.ID != r.Office:
			why = WhyContradicts
		case own == nil:
			why = WhyUnknown
		default:
			o, source, why = *own, SourceExplicit, WhyWritten
		}
	}
	set(f, "meeting_place", &f.after.MeetingPlace, o.Address, source, why)
	set(f, "calendar", &f.after.Calendar, o.Calendar, source, why)
}

// route fills what the dialled number means. The landing page belongs to its topic.
func (f *filling) route() {
	route, why := f.verdict.Route, WhyWritten
	if !f.verdict.Routed {
		why = WhyUnknown
	}
	set(f, "group", &f.after.Group, route.Group, SourceDID, why)
	page := why
	if g := f.before.Group; why == WhyWritten && !isBlank(g) && g != route.Group {
		page = WhyContradicts
	}
	set(f, "page", &f.after.Page, route.Page, SourceDID, page)
	set(f, "channel", &f.after.Channel, route.Channel, SourceDID, why)
}
