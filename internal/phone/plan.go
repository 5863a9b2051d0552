package phone

import (
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// assigned lists the three-digit codes of +7 that are in use, but for 900 to 999, which are all
// mobile: the area codes and service codes of the Russian plan, those of Kazakhstan (7xx).
const assigned = `
301 302 336 341 342 343 345 346 347 349 351 352 353 365 381 382 383 384 385 388 390 391 394 395
401 411 413 415 416 421 423 424 426 427 471 472 473 474 475 481 482 483 484 485 486 487 491 492 493 494 495 496 498 499
800 801 802 803 804 805 806 807 808 809 811 812 813 814 815 816 817 818 820 821 831 833 834 835 836
840 841 842 843 844 845 846 847 848 851 855 856 857 860 861 862 863 865 866 867 869 871 872 873 877 878 879
700 701 702 705 706 707 708 710 711 712 713 714 715 716 717 718 721 722 723 724 725 726 727 728 729
747 750 751 760 761 762 763 764 771 775 776 777 778 785`

type code struct {
	grade Grade
	line  Line
}

// codes is what the first three digits of a number of +7 tell.
var codes = func() (t [1000]code) {
	for ndc := range t {
		switch ndc / 100 {
		case 3, 4, 6, 7, 8:
			t[ndc] = code{GradeUnassigned, LineUnknown}
		case 9:
			t[ndc] = code{GradeUsable, LineMobile}
		}
	}
	for f := range strings.FieldsSeq(assigned) {
		ndc := int(f[0]-'0')*100 + int(f[1]-'0')*10 + int(f[2]-'0')
		c := code{GradeUsable, LineFixed}
		switch {
		case ndc == 800:
			c = code{GradeTollFree, LineTollFree}
		case ndc/10 == 80:
			c = code{GradeTollFree, LineNonGeographic}
		case ndc/10 == 75 || ndc/10 == 76:
			c.line = LineNonGeographic
		case ndc/10 == 70 || ndc/10 == 74 || ndc/10 == 77 || ndc/10 == 78:
			c.line = LineMobile
		}
		t[ndc] = c
	}
	return t
}()

// AssignedNDC reports whether numbers of +7 that begin with the three digits ndc are in use.
func AssignedNDC(ndc int) bool {
	return ndc >= 0 && ndc < len(codes) && (codes[ndc].grade == GradeUsable || codes[ndc].grade == GradeTollFree)
}

// classify7 tells what the ten-digit number nsn of +7 is; GradeInvalid if no plan has it.
func classify7(nsn uint64) (grade Grade, country string, line Line) {
	c := codes[nsn/10_000_000%1000]
	country = "RU"
	if first := nsn / 1_000_000_000; first == 6 || first == 7 {
		country = "KZ"
	}
	return c.grade, country, c.line
}

// seven reads d as a number of +7, and returns its ten digits as an integer. The first group of
// digits, firstLen long, tells a trunk prefix written apart.
func seven(d []byte, plus bool, firstLen int) (nsn uint64, ok bool) {
	lead := byte(0)
	if firstLen == 1 {
		lead = d[0]
	}
	switch n := len(d); {
	case n == 13 && !plus && d[0] == 0 && d[1] == 0 && d[2] == 7: // 007 …
		d = d[3:]
	case n == 14 && !plus && d[0] == 8 && d[1] == 1 && d[2] == 0 && d[3] == 7: // 8~10 7 …
		d = d[4:]
	case n == 12 && (d[0] == 7 && (d[1] == 7 || d[1] == 8)): // +7 8 916 …, +7 7 916 …
		if nsn = integer(d[2:]); !AssignedNDC(int(nsn / 10_000_000)) {
			return 0, false
		}
		d = d[2:]
	case n == 11 && d[0] == 7:
		d = d[1:]
	case n == 11 && d[0] == 8 && (!plus || lead == 8 || d[1] == 9 || d[1] == 3): // no plan is +89 or +83
		d = d[1:]
	case n == 10 && !plus && lead != 7 && lead != 8:
		// One digit of "8 916 123-45-67" may be missing.
		if nsn = integer(d); (d[0] == 7 || d[0] == 8) && !AssignedNDC(int(nsn/10_000_000)) {
			return 0, false
		}
	default:
		return 0, false
	}
	nsn = integer(d)
	grade, _, _ := classify7(nsn)
	return nsn, grade != GradeInvalid
}

func integer(d []byte) (v uint64) {
	for _, c := range d {
		v = v*10 + uint64(c)
	}
	return v
}

// resolve reads the digits d, each 0 to 9, as one number.
func (s Scanner) resolve(d []byte, plus bool, firstLen int) Number {
	// The rules of +7 are for those who write there, and for whoever writes its code.
	if s.plus7() || plus {
		if nsn, ok := seven(d, plus, firstLen); ok {
			grade, country, line := classify7(nsn)
			return Number{Grade: grade, Line: line, Country: country, E164: 7e10 + nsn, CodeLen: 1}
		}
	}
	switch {
	case len(d) < 3:
		return Number{Why: WhyTooShort}
	case len(d) > 20:
		return Number{Why: WhyTooLong}
	case plus:
		return foreign("+", d, "")
	case !s.plus7():
		if n := foreign("", d, s.region); n.whole() {
			return n
		} else if m := bareInternational(d); m.whole() {
			return m
		} else {
			return n
		}
	case len(d) > 10 && d[0] == 0 && d[1] == 0:
		return foreign("+", d[2:], "")
	case len(d) > 10 && d[0] == 8 && d[1] == 1 && d[2] == 0:
		return foreign("+", d[3:], "")
	}
	if n := bareInternational(d); n.whole() {
		return n
	}
	switch {
	case len(d) < 10 || len(d) == 10 && (d[0] == 7 || d[0] == 8):
		return Number{Why: WhyTooShort}
	case len(d) > 11:
		return Number{Why: WhyTooLong}
	}
	return Number{Why: WhyInvalid}
}

// bareInternational reads d as a number with its calling code and no plus sign, as telephone
// exchanges write it, for +7 and the countries around whose codes no number there begins with.
func bareInternational(d []byte) Number {
	if len(d) == 11 && d[0] == 7 {
		if nsn, ok := seven(d, true, len(d)); ok {
			grade, country, line := classify7(nsn)
			return Number{Grade: grade, Line: line, Country: country, E164: 7e10 + nsn, CodeLen: 1}
		}
	}
	if len(d) == 11 || len(d) == 12 {
		switch integer(d[:3]) {
		case 373, 374, 375, 380, 992, 993, 994, 995, 996, 998:
			return foreign("+", d, "")
		}
	}
	return Number{Why: WhyInvalid}
}

// foreign asks phonenumbers for the number that prefix and d are in region.
func foreign(prefix string, d []byte, region string) Number {
	if prefix == "+" && len(d) > 0 && d[0] == 7 { // every number of +7 was read above
		switch {
		case len(d) < 11:
			return Number{Why: WhyTooShort}
		case len(d) > 11:
			return Number{Why: WhyTooLong}
		}
		return Number{Why: WhyInvalid}
	}
	var buf [maxDigits + 1]byte
	b := append(buf[:0], prefix...)
	for _, c := range d {
		b = append(b, '0'+c)
	}
	p, err := phonenumbers.Parse(string(b), region)
	switch err {
	case nil:
	case phonenumbers.ErrInvalidCountryCode:
		return Number{Why: WhyUnknownCountry}
	case phonenumbers.ErrTooShortNSN, phonenumbers.ErrTooShortAfterIDD:
		return Number{Why: WhyTooShort}
	case phonenumbers.ErrNumTooLong:
		return Number{Why: WhyTooLong}
	default:
		return Number{Why: WhyInvalid}
	}
	kind := phonenumbers.GetNumberType(p)
	if kind == phonenumbers.UNKNOWN {
		switch phonenumbers.IsPossibleNumberWithReason(p) {
		case phonenumbers.TOO_SHORT:
			return Number{Why: WhyTooShort}
		case phonenumbers.TOO_LONG:
			return Number{Why: WhyTooLong}
		}
		return Number{Why: WhyInvalid}
	}
	cc := uint64(p.GetCountryCode())
	n := Number{Grade: GradeUsable, Line: lines[kind], Country: countryOf(p)}
	if n.Line == LineTollFree || kind == phonenumbers.PREMIUM_RATE || kind == phonenumbers.SHARED_COST {
		n.Grade = GradeTollFree
	}
	for v := cc; v > 0; v /= 10 {
		n.CodeLen++
	}
	n.E164 = cc
	for _, c := range phonenumbers.GetNationalSignificantNumber(p) {
		n.E164 = n.E164*10 + uint64(c-'0')
	}
	return n
}

var lines = map[phonenumbers.PhoneNumberType]Line{
	phonenumbers.FIXED_LINE:           LineFixed,
	phonenumbers.MOBILE:               LineMobile,
	phonenumbers.PAGER:                LineMobile,
	phonenumbers.FIXED_LINE_OR_MOBILE: LineFixedOrMobile,
	phonenumbers.TOLL_FREE:            LineTollFree,
	phonenumbers.PREMIUM_RATE:         LineNonGeographic,
	phonenumbers.SHARED_COST:          LineNonGeographic,
	phonenumbers.VOIP:                 LineNonGeographic,
	phonenumbers.PERSONAL_NUMBER:      LineNonGeographic,
	phonenumbers.UAN:                  LineNonGeographic,
	phonenumbers.VOICEMAIL:            LineNonGeographic,
}

// countryOf returns the country whose plan issued p, "" for a code that belongs to none.
func countryOf(p *phonenumbers.PhoneNumber) string {
	region := phonenumbers.GetRegionCodeForNumber(p)
	if len(region) != 2 || region == "ZZ" {
		return ""
	}
	return region
}

func knownRegion(region string) bool { return phonenumbers.GetCountryCodeForRegion(region) != 0 }

// LineOf7 tells the kind of line of the ten-digit number nsn of +7.
func LineOf7(nsn uint64) Line {
	_, _, line := classify7(nsn)
	return line
}
