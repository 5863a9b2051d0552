package region

import (
	"cmp"
	"slices"
	"strings"
	"time"
	"unicode"
)

// An OfficeID names an office of the caller's.
type OfficeID string

// An Area is a subdivision, or one locality of it; "" is all of it that no other area names.
type Area struct {
	Subdivision Subdivision
	Locality    string
}

// An Office serves areas: a branch, a credit department, a partner.
type Office struct {
	ID       OfficeID
	Name     string
	Address  string // where customers are met
	Calendar string // the ID of its calendar of meetings
	Zone     string // IANA, "" if it does not matter
	Serves   []Area
}

// A Directory finds the office for a place. It never changes; a nil Directory has no offices.
type Directory struct {
	offices  []Office // by ID
	byArea   map[Area]*Office
	fallback *Office
}

// NewDirectory makes a directory; fallback, if not "", is the office for every place that none
// serves. All that is wrong is one [*ConfigError]: blank and repeated IDs, areas without a code and areas of two
// offices, unknown zones and an unknown fallback. Rows are counted from 0; the fallback is the row after the last.
func NewDirectory(offices []Office, fallback OfficeID) (*Directory, error) {
	problems := &ConfigError{}
	d := &Directory{byArea: map[Area]*Office{}}
	seen := map[OfficeID]*Office{}
	for i := range offices {
		o := offices[i]
		o.Serves = slices.Clone(o.Serves)
		switch {
		case strings.TrimSpace(string(o.ID)) == "":
			problems.add(i, "id", "", "empty")
		case seen[o.ID] != nil:
			problems.add(i, "id", string(o.ID), "duplicate")
		}
		if !knownZone(o.Zone) {
			problems.add(i, "zone", o.Zone, "unknown")
		}
		for _, a := range o.Serves {
			key := a.key()
			switch had := d.byArea[key]; {
			case !wellFormed(a.Subdivision):
				problems.add(i, "serves", string(a.Subdivision), "unknown")
			case had != nil && had.ID != o.ID:
				problems.add(i, "serves", strings.TrimSpace(string(a.Subdivision)+" "+a.Locality), "taken")
			default:
				d.byArea[key] = &o
			}
		}
		seen[o.ID] = &o
		d.offices = append(d.offices, o)
	}
	if fallback != "" {
		if d.fallback = seen[fallback]; d.fallback == nil {
			problems.add(len(offices), "fallback", string(fallback), "unknown")
		}
	}
	if err := problems.orNil(); err != nil {
		return nil, err
	}
	slices.SortFunc(d.offices, func(a, b Office) int { return cmp.Compare(a.ID, b.ID) })
	return d, nil
}

// knownZone reports whether zone is "", one of the tables', or known to the host.
func knownZone(zone string) bool {
	if zone == "" {
		return true
	}
	for _, in := range infos {
		if slices.Contains(in.zones, zone) {
			return true
		}
	}
	_, err := time.LoadLocation(zone)
	return err == nil && zone != "Local"
}

// wellFormed reports whether s may be a code of ISO 3166-2, of a country known here or not.
func wellFormed(s Subdivision) bool {
	if infos[s] != nil {
		return true
	}
	country, rest, ok := strings.Cut(string(s), "-")
	if !ok || len(country) != 2 || len(rest) == 0 || len(rest) > 3 || country == "RU" || country == "KZ" || country == "BY" {
		return false
	}
	for _, c := range country + rest {
		if (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// key is the area with its locality as all its spellings have it.
func (a Area) key() Area { return Area{a.Subdivision, localityKey(a.Locality)} }

// localityKey is what the spellings of a locality have in common: "г. Королёв", "королев".
func localityKey(name string) string {
	name, _ = localName(strings.TrimSpace(name))
	return strings.Map(func(r rune) rune {
		switch r = unicode.ToLower(r); r {
		case 'ё':
			return 'е'
		case ' ', '-', '–', '\u2011', '\u00a0':
			return -1
		}
		return r
	}, name)
}

// Office is the office for a place. The office of a locality goes before that of its subdivision.
// Of an ambiguous place it is the one office that all candidates share, if they do.
func (d *Directory) Office(p Place) (Office, Match) {
	if d == nil {
		return Office{}, MatchNone
	}
	var found *Office
	match := MatchNone
	for i, s := range p.Subdivisions {
		o, m := d.serving(s, p.Locality)
		switch {
		case i == 0:
			found, match = o, m
		case o != found:
			return Office{}, MatchAmbiguous
		default:
			match = min(match, m)
		}
	}
	switch {
	case found != nil:
		return found.copy(), match
	case d.fallback != nil:
		return d.fallback.copy(), MatchFallback
	}
	return Office{}, MatchNone
}

// serving is the office of one subdivision; a city is its own locality.
func (d *Directory) serving(s Subdivision, locality string) (*Office, Match) {
	if locality == "" {
		locality = s.city()
	}
	if locality != "" {
		if o := d.byArea[Area{s, locality}.key()]; o != nil {
			return o, MatchLocality
		}
	}
	if o := d.byArea[Area{Subdivision: s}]; o != nil {
		return o, MatchSubdivision
	}
	return nil, MatchNone
}

func (o *Office) copy() Office {
	c := *o
	c.Serves = slices.Clone(o.Serves)
	return c
}

// In returns the offices that serve a subdivision or a locality of it, by ID: the partners to
// visit on a trip there.
func (d *Directory) In(s Subdivision) []Office {
	if d == nil {
		return nil
	}
	var in []Office
	for i := range d.offices {
		if slices.ContainsFunc(d.offices[i].Serves, func(a Area) bool { return a.Subdivision == s }) {
			in = append(in, d.offices[i].copy())
		}
	}
	return in
}

// byID is the office with this ID, nil if there is none.
func (d *Directory) byID(id OfficeID) *Office {
	if d == nil {
		return nil
	}
	i, ok := slices.BinarySearchFunc(d.offices, id, func(o Office, id OfficeID) int { return cmp.Compare(o.ID, id) })
	if !ok {
		return nil
	}
	return &d.offices[i]
}

// A Key is where a place is counted in a report. Every place has exactly one: not to know is a
// key, and so is "Moscow or its oblast".
type Key struct {
	Office   OfficeID
	Country  string // of the subdivisions' codes, if they are known
	Region   string // the codes, joined by ","
	Locality string
}

// Key is the place's key, with the office of [Directory.Office].
func (d *Directory) Key(p Place) Key {
	office, _ := d.Office(p)
	k := Key{Office: office.ID, Country: p.Country, Region: joinCodes(p.Subdivisions), Locality: strings.TrimSpace(p.Locality)}
	if len(p.Subdivisions) > 0 {
		q := PlaceOf(p.Locality, p.Subdivisions...)
		k.Country, k.Region, k.Locality = q.Country, joinCodes(q.Subdivisions), q.Locality
	}
	return k
}

// place is the key as a place.
func (k Key) place() Place {
	p := Place{Country: k.Country, Locality: k.Locality}
	if k.Region != "" {
		for code := range strings.SplitSeq(k.Region, ",") {
			p.Subdivisions = append(p.Subdivisions, Subdivision(code))
		}
	}
	return p
}

// Label names the key's place for a reader of lang, "en" or "ru".
func (k Key) Label(lang string) string { return k.place().Label(lang) }

// Compare orders keys by office, country, region and locality, the unknown ones first.
func (k Key) Compare(o Key) int {
	return cmp.Or(cmp.Compare(k.Office, o.Office), cmp.Compare(k.Country, o.Country),
		cmp.Compare(k.Region, o.Region), cmp.Compare(k.Locality, o.Locality))
}
