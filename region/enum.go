package region

import (
	"fmt"

	"github.com/tenure-go/tenure/internal/phone"
)

// Precision is how narrow a [Place] is.
type Precision uint8

// The precisions, each narrower than the one before.
const (
	PrecisionNone Precision = iota
	PrecisionCountry
	PrecisionSubdivision
	PrecisionLocality
)

// A Line is the kind of line behind a number.
type Line uint8

// The kinds of line.
const (
	LineUnknown       = Line(phone.LineUnknown)
	LineFixed         = Line(phone.LineFixed)
	LineMobile        = Line(phone.LineMobile)
	LineFixedOrMobile = Line(phone.LineFixedOrMobile)
	LineTollFree      = Line(phone.LineTollFree)
	LineNonGeographic = Line(phone.LineNonGeographic) // shared cost, premium, VoIP, personal
)

// A Source is what a place was learnt from. A greater one is trusted more.
type Source uint8

// The sources, the most trusted last.
const (
	SourceNone        Source = iota
	SourceCountry            // the calling code
	SourceMobileRange        // the register's range of a mobile number
	SourceAreaCode           // a geographic area code
	SourceDID                // the number that was dialled
	SourceExplicit           // the customer's own word, or the caller's record
)

// A Reason says why a place is not narrower.
type Reason uint8

// The reasons.
const (
	ReasonNone                Reason = iota
	ReasonNoPlan                     // the register was not given: see [Config].Plan
	ReasonNotInPlan                  // the register lists no such number; normal for new ones
	ReasonNationwide                 // the range serves the whole country
	ReasonSeveralSubdivisions        // the range serves more than one
	ReasonNonGeographic              // toll-free and other numbers without a place
	ReasonUnresolved                 // its place could not be read, or the dialled number is in no row
	ReasonNoTable                    // this package has no table of the country
	ReasonBadNumber                  // not a number: the error of Detect tells
)

// A Match says how an office was found.
type Match uint8

// The matches.
const (
	MatchNone        Match = iota // no office serves the place
	MatchAmbiguous                // the place's candidates have different offices
	MatchFallback                 // the office for all that is left
	MatchSubdivision              // it serves the subdivision
	MatchLocality                 // it serves the locality
)

// Why says what [Fill] did to a field.
type Why uint8

// The outcomes. Only WhyWritten changed the record.
const (
	WhyWritten     Why = iota
	WhyAlreadySet      // it was not blank
	WhyUnknown         // nothing is known for it
	WhyAmbiguous       // more than one value is possible
	WhyContradicts     // the value known belongs to another place than the record's
)

var (
	precisionNames = []string{"none", "country", "subdivision", "locality"}
	lineNames      = []string{"unknown", "fixed", "mobile", "fixed_or_mobile", "toll_free", "non_geographic"} // as in internal/phone
	sourceNames    = []string{"none", "country", "mobile_range", "area_code", "did", "explicit"}
	reasonNames    = []string{"none", "no_plan", "not_in_plan", "nationwide", "several_subdivisions", "non_geographic", "unresolved", "no_table", "bad_number"}
	matchNames     = []string{"none", "ambiguous", "fallback", "subdivision", "locality"}
	whyNames       = []string{"written", "already_set", "unknown", "ambiguous", "contradicts"}
)

// String is the precision in snake_case.
func (p Precision) String() string { return enumString(precisionNames, p) }

// String is the kind of line in snake_case.
func (l Line) String() string { return enumString(lineNames, l) }

// String is the source in snake_case.
func (s Source) String() string { return enumString(sourceNames, s) }

// String is the reason in snake_case.
func (r Reason) String() string { return enumString(reasonNames, r) }

// String is the match in snake_case.
func (m Match) String() string { return enumString(matchNames, m) }

// String is the outcome in snake_case.
func (w Why) String() string { return enumString(whyNames, w) }

// MarshalText is String.
func (p Precision) MarshalText() ([]byte, error) { return []byte(p.String()), nil }

// MarshalText is String.
func (l Line) MarshalText() ([]byte, error) { return []byte(l.String()), nil }

// MarshalText is String.
func (s Source) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// MarshalText is String.
func (r Reason) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// MarshalText is String.
func (m Match) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// MarshalText is String.
func (w Why) MarshalText() ([]byte, error) { return []byte(w.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (p *Precision) UnmarshalText(b []byte) error { return enumParse(precisionNames, p, b) }

// UnmarshalText reads what MarshalText wrote.
func (l *Line) UnmarshalText(b []byte) error { return enumParse(lineNames, l, b) }

// UnmarshalText reads what MarshalText wrote.
func (s *Source) UnmarshalText(b []byte) error { return enumParse(sourceNames, s, b) }

// UnmarshalText reads what MarshalText wrote.
func (r *Reason) UnmarshalText(b []byte) error { return enumParse(reasonNames, r, b) }

// UnmarshalText reads what MarshalText wrote.
func (m *Match) UnmarshalText(b []byte) error { return enumParse(matchNames, m, b) }

// UnmarshalText reads what MarshalText wrote.
func (w *Why) UnmarshalText(b []byte) error { return enumParse(whyNames, w, b) }

func enumString[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return fmt.Sprintf("%d", uint8(v))
}

func enumParse[T ~uint8](names []string, v *T, text []byte) error {
	for i, name := range names {
		if name == string(text) {
			*v = T(i)
			return nil
		}
	}
	return &InvalidError{Field: fmt.Sprintf("%T", *v)[len("region."):], Value: string(text), Why: "unknown"}
}

// Text is the reason for a reader of lang, "en" or "ru"; "" for ReasonNone.
func (r Reason) Text(lang string) string {
	if int(r) >= len(reasonTexts) {
		return r.String()
	}
	if isRussian(lang) {
		return reasonTexts[r][1]
	}
	return reasonTexts[r][0]
}

var reasonTexts = [...][2]string{
	ReasonNone:                {"", ""},
	ReasonNoPlan:              {"the register of the numbering plan is not loaded", "реестр плана нумерации не загружен"},
	ReasonNotInPlan:           {"the register lists no such number", "в реестре такого номера нет"},
	ReasonNationwide:          {"the number's range serves the whole country", "диапазон номера — на всю страну"},
	ReasonSeveralSubdivisions: {"the number's range serves several regions", "диапазон номера — на несколько регионов"},
	ReasonNonGeographic:       {"the number belongs to no place", "номер не привязан к месту"},
	ReasonUnresolved:          {"its place could not be read", "место прочитать не удалось"},
	ReasonNoTable:             {"no table of this country's regions", "таблицы регионов этой страны нет"},
	ReasonBadNumber:           {"this is not one telephone number", "это не один телефонный номер"},
}
