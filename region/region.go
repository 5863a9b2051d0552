// Package region tells, from a phone number, the region, the office and the customer's clock.
//
// A lead is a phone number and nothing else. Which region is it from, which office answers, what
// time is it there, which advertisement was dialled? A [Detector] answers from the official
// numbering plan, says how sure it is and why not surer, and never guesses:
//
//	d, err := region.New(region.Config{})
//	r, err := d.Detect("8 395 221-23-45")
//	fmt.Println(r.Label("ru"), r.Zones) // Иркутская область [Asia/Irkutsk]
//
// A Russian mobile answers only "Russia", without a zone, until you have the register. Download
// DEF-9xx.csv, and the ABC-*.csv for towns, with a browser from the open data of the Ministry of
// Digital Development, https://opendata.digital.gov.ru/registry/numeric/downloads, then:
//
//	plan, _, err := region.ReadRegistry(region.RegistryConfig{}, file) // several files, one plan
//	d, err := region.New(region.Config{Plan: plan})
//
// The answer is where the number was issued, not where its owner is: people move, and numbers
// move between operators.
//
// # From the number to the record
//
// [Detector.Resolve] weighs what is known of a lead: the customer's own word, the number that was
// dialled ([DIDs]), the number that called. A [Directory] finds the office for a place, and [Fill]
// writes what is certain into the blank fields of a record. [Tour] orders visits.
//
// # The plan
//
// [Plan.AppendBinary] writes a plan as a small file and [OpenPlan] reads it, so that a service
// need not ship the register. For a new edition make a new Detector and swap it behind an atomic
// pointer. This package downloads nothing.
//
// # What is known
//
// Of +7 (Russia, Kazakhstan): the subdivision of every area code, and what the plan adds. Of
// Belarus: subdivisions and localities of fixed lines. Of other countries: the country, and its
// time zones if they are at most five. Everything here is immutable and safe for concurrent use;
// slices returned are shared and read-only. Time zones need tzdata of 2024a or later.
package region

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"

	"github.com/tenure-go/tenure/internal/phone"
)

// Config holds what a Detector knows besides the built-in tables.
type Config struct {
	// Plan places the ranges of +7.
	// Defaults to none: area codes only.
	Plan *Plan

	// DIDs are the numbers that customers dial.
	// Defaults to none.
	DIDs *DIDs

	// DefaultCountry is the ISO 3166-1 alpha-2 code of the country to which numbers without "+" belong.
	// Defaults to "RU".
	DefaultCountry string
}

// A Detector places phone numbers.
type Detector struct {
	plan  *Plan
	dids  *DIDs
	scan  phone.Scanner
	seven bool // numbers without "+" may be read as of +7
}

// New returns a Detector, or an [*InvalidError] if no numbering plan is known for DefaultCountry.
func New(c Config) (*Detector, error) {
	if c.DefaultCountry == "" {
		c.DefaultCountry = "RU"
	}
	scan, ok := phone.NewScanner(c.DefaultCountry)
	if !ok {
		return nil, &InvalidError{Field: "country", Value: c.DefaultCountry, Why: "unknown"}
	}
	return &Detector{
		plan: c.Plan, dids: c.DIDs, scan: scan,
		seven: c.DefaultCountry == "RU" || c.DefaultCountry == "KZ",
	}, nil
}

// A Result is what a number tells.
type Result struct {
	Place
	E164     string // "+73952212345"
	NDC      string // its area or network code, the first digits after the calling code; of +7 and +375 only
	Operator string // to whom the range was issued, as registered: for the reader, never a key
	Line     Line
	Source   Source // what the place comes from
	Reason   Reason // why it is not narrower
}

// Detect places the one number that the text holds, in any of the forms in which people and
// exchanges write it. Text that holds none or several is an [*InvalidError]; a number of which
// little is known is not, and its Reason tells why.
func (d *Detector) Detect(number string) (Result, error) {
	if d.seven {
		if nsn, ok := phone.Seven(number); ok && startsInSeven(nsn) {
			return d.place7(nsn), nil
		}
	}
	n, why := single(d.scan, number)
	if why != "" {
		return Result{Reason: ReasonBadNumber}, &InvalidError{Field: "number", Value: number, Why: why}
	}
	if n.CodeLen == 1 && n.E164/1e10 == 7 {
		return d.place7(n.E164 % 1e10), nil
	}
	return placeForeign(n), nil
}

// maxText is the most bytes that a text with one number may have: a field, not a document.
const maxText = 1024

// single is the one number in text; else why there is none.
func single(scan phone.Scanner, text string) (phone.Number, string) {
	if len(text) > maxText {
		return phone.Number{}, "too_long"
	}
	var buf [4]phone.Number
	var found phone.Number
	why := "not_a_number"
	for i, n := range scan.Append(buf[:0], text) {
		switch {
		case n.E164 == 0:
			if i == 0 {
				why = whyNot(n)
			}
		case found.E164 == 0 || found.E164 == n.E164:
			found = n
		default:
			return phone.Number{}, "several"
		}
	}
	if found.E164 == 0 {
		return found, why
	}
	return found, ""
}

func whyNot(n phone.Number) string {
	switch n.Why {
	case phone.WhyTooShort:
		return "too_short"
	case phone.WhyTooLong:
		return "too_long"
	case phone.WhyUnknownCountry:
		return "unknown_country"
	case phone.WhyInvalid:
		return "invalid"
	}
	return "not_a_number" // hidden digits, or letters among them
}

// startsInSeven reports whether some plan of +7 has numbers that begin like nsn.
func startsInSeven(nsn uint64) bool {
	first := nsn / 1e9
	return first == 9 || first == 3 || first == 4 || first >= 6
}

// place7 places the ten-digit national number of +7.
func (d *Detector) place7(nsn uint64) Result {
	var digits [12]byte
	e164 := string(strconv.AppendUint(append(digits[:0], '+'), 7e10+nsn, 10))
	r := Result{E164: e164, NDC: e164[2:5]}
	switch nsn / 1e9 {
	case 9:
		r.Line = LineMobile
		d.placeByRange(&r, nsn)
	case 6, 7:
		placeKazakh(&r, nsn)
	default:
		d.placeByArea(&r, nsn)
	}
	return r
}

// placeByRange places a Russian number that only the register can place.
func (d *Detector) placeByRange(r *Result, nsn uint64) {
	r.Country, r.Source = "RU", SourceCountry
	rec := d.plan.find(nsn)
	switch {
	case d.plan == nil:
		r.Reason = ReasonNoPlan
		return
	case rec == nil:
		r.Reason = ReasonNotInPlan
		return
	}
	r.Operator = rec.Operator
	if len(rec.Subdivisions) > 0 {
		r.Place, r.Source = rec.place(), SourceMobileRange
	}
	switch {
	case len(rec.Subdivisions) > 1:
		r.Reason = ReasonSeveralSubdivisions
	case rec.Nationwide:
		r.Reason = ReasonNationwide
	case len(rec.Subdivisions) == 0:
		r.Reason = ReasonUnresolved
	}
}

// placeByArea places a Russian number by its area code. The register may narrow that, not
// contradict it: an old edition has districts where they no longer belong.
func (d *Detector) placeByArea(r *Result, nsn uint64) {
	if ndc := nsn / 1e7; ndc/10 == 80 {
		r.Country, r.Source, r.Reason, r.Line = "RU", SourceCountry, ReasonNonGeographic, LineNonGeographic
		if ndc == 800 {
			r.Line = LineTollFree
		}
		return
	}
	area := areaOf(nsn)
	if area == nil { // a code newer than this package
		d.placeByRange(r, nsn)
		if r.Source == SourceMobileRange {
			r.Source, r.Line = SourceAreaCode, LineFixed
		}
		return
	}
	r.Place, r.Source, r.Line = *area, SourceAreaCode, LineFixed
	rec := d.plan.find(nsn)
	switch {
	case rec != nil && (rec.place().shares(*area) || len(area.Subdivisions) == 0):
		r.District, r.Operator = rec.District, rec.Operator
		if len(rec.Subdivisions) == 1 && rec.Locality != "" {
			r.Locality = rec.Locality
		}
	case rec == nil && r.Locality == "" && d.plan.covers(nsn/1e7):
		r.Reason = ReasonNotInPlan
	case rec == nil && r.Locality == "":
		r.Reason = ReasonNoPlan
	}
	if nsn/1e7 == 411 {
		r.Zones = yakutZones(nsn, r.District)
	}
}

var kazakhZones = Zones("KZ")

// placeKazakh places a number of +7 6 or +7 7. All of Kazakhstan has kept one time since
// 2024-03-01, so its mobiles have a clock too.
func placeKazakh(r *Result, nsn uint64) {
	r.Country, r.Zones, r.Source = "KZ", kazakhZones, SourceCountry
	_, area := longest(kazakhAreas, r.E164[2:])
	switch line := phone.LineOf7(nsn); {
	case area != nil:
		r.Place, r.Source, r.Line = *area, SourceAreaCode, LineFixed
		r.narrow(7, nsn)
	case line == phone.LineMobile:
		r.Line, r.Reason = LineMobile, ReasonNationwide
	case line == phone.LineNonGeographic:
		r.Line, r.Reason, r.Zones = LineNonGeographic, ReasonNonGeographic, nil
	default:
		r.Reason = ReasonNotInPlan
	}
}

// narrow adds the district or the locality of a fixed line of Kazakhstan or Belarus.
func (r *Result) narrow(code int32, nsn uint64) {
	if r.Locality == "" {
		r.District, r.Locality = namedPlace(code, nsn)
	}
}

// placeForeign places a number of another plan than +7.
func placeForeign(n phone.Number) Result {
	r := Result{E164: n.String(), Line: Line(n.Line), Source: SourceCountry, Reason: ReasonNoTable}
	r.Country = n.Country
	switch {
	case n.Country == "":
		r.Source, r.Reason = SourceNone, ReasonNonGeographic
		return r
	case n.Country == "BY":
		r.Zones = Zones("BY")
		nsn, _ := n.NSN()
		prefix, area := longest(belarusAreas, r.E164[4:])
		switch {
		case n.Line == phone.LineFixed && area != nil:
			r.Place, r.Source, r.NDC, r.Reason = *area, SourceAreaCode, prefix, ReasonNone
			r.narrow(375, nsn)
		case n.Line == phone.LineMobile:
			r.NDC, r.Reason = r.E164[4:6], ReasonNationwide
		default:
			r.Reason, r.Zones = ReasonNonGeographic, nil
		}
		return r
	case n.Grade == phone.GradeTollFree || n.Line == phone.LineNonGeographic:
		r.Reason = ReasonNonGeographic
		return r
	}
	r.Zones = countryClock(r.E164)
	return r
}

// maxZones is the most time zones that a number of another country may have and still say
// something about the hour there.
const maxZones = 5

// countryClock is the zones of a number as phonenumbers has them, none if they are too many.
func countryClock(e164 string) []string {
	zones, err := phonenumbers.GetTimezonesForPrefix(e164)
	if err != nil || len(zones) > maxZones || slices.Contains(zones, phonenumbers.UNKNOWN_TIMEZONE) {
		return nil
	}
	zones = slices.Clone(zones)
	slices.SortFunc(zones, strings.Compare)
	return zones
}
