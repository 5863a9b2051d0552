package region

import (
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/language/display"
)

// A Place is where something is, as narrowly as it is known. The zero Place is nowhere.
type Place struct {
	Country            string        // ISO 3166-1 alpha-2; of a number of +7 the country whose plan issued it
	Subdivisions       []Subdivision // sorted set: none known, one, or the candidates (Moscow and its oblast)
	District, Locality string        // in the language of their source, without "г." or "р-н"
	Zones              []string      // IANA time zones, sorted set
}

// PlaceOf is the place with this locality ("" if unknown) and these subdivisions, with country and
// time zones from the tables. A subdivision that is a city is its own locality.
func PlaceOf(locality string, s ...Subdivision) Place {
	p := Place{Locality: strings.TrimSpace(locality)}
	if len(s) == 0 {
		return p
	}
	p.Subdivisions = slices.Clone(s)
	slices.Sort(p.Subdivisions)
	p.Subdivisions = slices.Compact(p.Subdivisions)
	p.Country = p.Subdivisions[0].country()
	for _, s := range p.Subdivisions {
		p.Zones = append(p.Zones, s.Zones()...)
		if s.country() != p.Country {
			p.Country = ""
		}
	}
	slices.Sort(p.Zones)
	p.Zones = slices.Compact(p.Zones)
	if p.Locality == "" && len(p.Subdivisions) == 1 {
		p.Locality = p.Subdivisions[0].city()
	}
	return p
}

// Precision is how narrow the place is. It is read off the fields, so it cannot lie; it does not
// say whether there are several candidates, which [Place.Ambiguous] does.
func (p Place) Precision() Precision {
	switch {
	case p.Locality != "":
		return PrecisionLocality
	case len(p.Subdivisions) > 0:
		return PrecisionSubdivision
	case p.Country != "":
		return PrecisionCountry
	}
	return PrecisionNone
}

// Ambiguous reports whether the place may be in more than one subdivision.
func (p Place) Ambiguous() bool { return len(p.Subdivisions) > 1 }

// Location is the clock of the place at an instant: there is one if all its time zones have the
// same offset then. It is false too where the host has no time zone data that knows the zones; a
// program that imports time/tzdata always has them.
func (p Place) Location(at time.Time) (*time.Location, bool) {
	var found *time.Location
	var offset int
	for _, name := range p.Zones {
		loc, err := time.LoadLocation(name)
		if err != nil {
			return nil, false
		}
		_, o := at.In(loc).Zone()
		if found == nil {
			found, offset = loc, o
		} else if o != offset {
			return nil, false
		}
	}
	return found, found != nil
}

// Label names the place for a reader of lang, "en" or "ru": "Иркутская область, Братск", "Москва
// или Московская область", "Россия".
func (p Place) Label(lang string) string {
	if len(p.Subdivisions) == 0 {
		switch {
		case p.Locality != "":
			return p.Locality
		case p.Country != "":
			return countryName(p.Country, lang)
		case isRussian(lang):
			return "неизвестно"
		}
		return "unknown"
	}
	or := " or "
	if isRussian(lang) {
		or = " или "
	}
	names := make([]string, len(p.Subdivisions))
	for i, s := range p.Subdivisions {
		names[i] = s.Name(lang)
	}
	if len(names) > 1 && p.Subdivisions[0].city() == "" { // the city before its oblast
		for i, s := range p.Subdivisions {
			if s.city() != "" {
				names[0], names[i] = names[i], names[0]
				break
			}
		}
	}
	label := strings.Join(names, or)
	switch {
	case p.Locality != "" && (p.Ambiguous() || p.Locality != p.Subdivisions[0].city()):
		label += ", " + p.Locality
	case p.Locality == "" && p.District != "" && isRussian(lang):
		label += ", " + p.District + " район"
	}
	return label
}

func countryName(country, lang string) string {
	region, err := language.ParseRegion(country)
	if err != nil {
		return country
	}
	names := display.Regions(language.English)
	if isRussian(lang) {
		names = display.Regions(language.Russian)
	}
	return names.Name(region)
}

// blank reports whether nothing is known of the place.
func (p Place) blank() bool {
	return p.Precision() == PrecisionNone && p.District == "" && len(p.Zones) == 0
}

// filled is p with what the tables add to a place that its caller wrote by hand.
func (p Place) filled() Place {
	if len(p.Subdivisions) == 0 {
		if p.Locality == "" && len(p.Zones) == 0 && (p.Country == "BY" || p.Country == "KZ") { // one civil time
			p.Zones = Zones(p.Country)
		}
		return p
	}
	q := PlaceOf(p.Locality, p.Subdivisions...)
	q.District = p.District
	if p.Country != "" {
		q.Country = p.Country
	}
	if len(p.Zones) > 0 {
		q.Zones = p.Zones
	}
	return q
}

// shares reports whether the two places have a subdivision in common.
func (p Place) shares(q Place) bool {
	for _, s := range p.Subdivisions {
		if slices.Contains(q.Subdivisions, s) {
			return true
		}
	}
	return false
}
