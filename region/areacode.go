package region

import (
	"slices"
	"strconv"
	"strings"

	"github.com/nyaruka/phonenumbers"
)

// russianAreaCodes: the first three digits of a geographic Russian number and the subdivision,
// without RU-. Source: the register; its edition of 2014 is compared with it by a test. Google's
// libphonenumber has 495 and 496 swapped.
const russianAreaCodes = `
301 BU 302 ZAB 341 UD 342 PER 343 SVE 345 TYU 346 KHM 347 BA 349 YAN 351 CHE 352 KGN 353 ORE 365 UA-43 381 OMS 382 TOM 383 NVS
384 KEM 385 ALT 388 AL 390 KK 391 KYA 394 TY 395 IRK
401 KGD 411 SA 413 MAG 415 KAM 416 AMU 421 KHA 423 PRI 424 SAK 426 YEV 427 CHU 471 KRS 472 BEL 473 VOR 474 LIP 475 TAM 481 SMO
482 TVE 483 BRY 484 KLU 485 YAR 486 ORL 487 TUL 491 RYA 492 VLA 493 IVA 494 KOS 495 MOW 496 MOS 498 MOS 499 MOW
811 PSK 812 SPE 813 LEN 814 KR 815 MUR 816 NGR 817 VLG 818 ARK 820 VLG 821 KO 831 NIZ 833 KIR 834 MO 835 CU 836 ME
840 GE-AB 841 PNZ 842 ULY 843 TA 844 VGG 845 SAR 846 SAM 847 KL 848 SAM 851 AST 855 TA 856 UA-14 857 UA-09
860 UA-65 861 KDA 862 KDA 863 ROS 865 STA 866 KB 867 SE 869 UA-40 871 CE 872 DA 873 IN 877 AD 878 KC 879 STA`

// areaCodes has the place of every geographic code of the Russian plan; nil for no such code.
var areaCodes = func() (t [1000]*Place) {
	f := strings.Fields(russianAreaCodes)
	for i := 0; i < len(f); i += 2 {
		code, s := f[i+1], Subdivision("RU-"+f[i+1])
		if strings.Contains(code, "-") {
			s = Subdivision(code)
		}
		ndc, _ := strconv.Atoi(f[i])
		t[ndc] = russianPlace(s)
	}
	t[336] = &Place{Country: "RU", Locality: "Байконур"} // leased: no code, no zone
	return t
}()

// nenets is 81853, inside Arkhangelsk's 818.
var nenets = russianPlace("RU-NEN")

// russianPlace is a subdivision as the place of a number that the Russian plan issued.
func russianPlace(s Subdivision) *Place {
	p := PlaceOf("", s)
	p.Country = "RU"
	return &p
}

// areaOf is the place that the geographic Russian number nsn names by its first digits.
func areaOf(nsn uint64) *Place {
	switch p := areaCodes[nsn/1e7]; nsn / 1e5 {
	case 81853:
		return nenets
	default:
		return p
	}
}

// yakutZones narrows the zones of Sakha, which has three clocks, by the first five digits of a
// number or, where they say nothing, by its district. Source: IANA tzdata and the districts' own areas.
func yakutZones(nsn uint64, district string) []string {
	switch nsn / 1e5 {
	case 41150, 41155, 41156, 41157, 41158, 41159:
		return srednekolymsk
	case 41154:
		return ustNera
	case 41165, 41166:
		return vladivostok
	case 41140, 41141, 41153:
		return khandyga
	}
	switch district {
	case "Момский", "Верхнеколымский", "Среднеколымский", "Нижнеколымский", "Аллаиховский", "Абыйский":
		return srednekolymsk
	case "Оймяконский":
		return ustNera
	case "Верхоянский", "Усть-Янский":
		return vladivostok
	case "Усть-Майский", "Томпонский":
		return khandyga
	}
	if nsn/1e7 == 411 || district != "" {
		return yakutsk
	}
	return Subdivision("RU-SA").Zones()
}

var (
	srednekolymsk = []string{"Asia/Srednekolymsk"}
	ustNera       = []string{"Asia/Ust-Nera"}
	vladivostok   = []string{"Asia/Vladivostok"}
	khandyga      = []string{"Asia/Khandyga"}
	yakutsk       = []string{"Asia/Yakutsk"}
)

// kazakhPrefixes and belarusPrefixes: the longest prefix of the national number decides. Sources:
// the numbering plans as listed in libphonenumber's geocoding texts, with the subdivisions of 2022.
// 727 25 is Almaty's, though those texts name a village.
const (
	kazakhPrefixes = `
710 62 71031 35 71033 35 71036 35 71037 35 71038 35 71039 35 711 27 712 23 713 15 714 39 715 59 716 11 717 11 7172 71 718 55 721 35 722 10
723 63 72333 10 72345 10 72347 10 72348 10 72351 10 72353 10 724 43 725 61 7252 79 726 31 727 19 7272 75 7273 75 7279 75 728 33 729 47`
	belarusPrefixes = `15 HR 16 BR 17 HM 171 MI 174 MI 176 MI 177 MI 179 MI 21 VI 22 MA 23 HO`
)

var (
	kazakhAreas  = prefixTable("KZ-", kazakhPrefixes)
	belarusAreas = prefixTable("BY-", belarusPrefixes)
)

func prefixTable(country, text string) map[string]*Place {
	m := map[string]*Place{}
	f := strings.Fields(text)
	for i := 0; i < len(f); i += 2 {
		p := PlaceOf("", Subdivision(country+f[i+1]))
		m[f[i]] = &p
	}
	return m
}

// longest finds the entry for the longest prefix of the national number, "" and nil if none.
func longest(m map[string]*Place, national string) (string, *Place) {
	for n := min(5, len(national)); n >= 2; n-- {
		if p := m[national[:n]]; p != nil {
			return national[:n], p
		}
	}
	return "", nil
}

// withoutText lists the prefixes of fixed lines in Kazakhstan and Belarus for which phonenumbers
// has no Russian text. Asking about them would load its English ones: 14 MiB.
var withoutText = []string{
	"771059", "771159", "771559", "771634", "771659", "771661", "772259", "772349", "772359", "772559", "772561", "772659", "772859", "772959",
	"3752335",
}

// namedPlace returns the district or the locality of a fixed line of Kazakhstan or Belarus, from
// phonenumbers' Russian texts.
func namedPlace(code int32, nsn uint64) (district, locality string) {
	p := &phonenumbers.PhoneNumber{CountryCode: &code, NationalNumber: &nsn}
	digits := strconv.Itoa(int(code)) + strconv.FormatUint(nsn, 10)
	if slices.ContainsFunc(withoutText, func(prefix string) bool { return strings.HasPrefix(digits, prefix) }) ||
		phonenumbers.GetNumberType(p) != phonenumbers.FIXED_LINE {
		return "", ""
	}
	text, err := phonenumbers.GetGeocodingForNumber(p, "ru")
	if err != nil {
		return "", ""
	}
	text, _, _ = strings.Cut(text, ",")
	if i := strings.IndexByte(text, '('); i > 0 {
		text = text[:i]
	}
	text = strings.TrimSpace(text)
	for _, suffix := range []string{" р-н", " р-он"} {
		if d, ok := strings.CutSuffix(text, suffix); ok {
			return d, ""
		}
	}
	if strings.Contains(text, "/") || strings.HasSuffix(text, "область") {
		return "", ""
	}
	return "", text
}
