package region

import (
	"slices"
	"strings"
)

// A territory is what the place cells of a register row say.
type territory struct {
	subdivisions       []Subdivision
	district, locality string
	nationwide         bool
	known              bool // nationwide, a subdivision, or a place that has none (Baikonur)
	differs            bool // the two cells name different subdivisions
}

// readTerritory reads the cells Регион and Территория ГАР. The second holds where it is given;
// the first may still name the locality.
func readTerritory(region, gar string) territory {
	if gar == "" || gar == "-" {
		return readCell(region)
	}
	t := readCell(gar)
	if region == "" || region == "-" {
		return t
	}
	old := readCell(region)
	t.differs = old.known && !slices.Equal(old.subdivisions, t.subdivisions)
	if !t.differs && len(t.subdivisions) == 1 {
		if t.locality == "" {
			t.locality = old.locality
		}
		if t.district == "" {
			t.district = old.district
		}
	}
	return t
}

// readCell reads one cell: "г. Норильск|г.о. город Норильск|Красноярский край", "Улан - Удэ
// |Республика Бурятия", "г. Москва * Московская область".
func readCell(cell string) territory {
	if strings.Contains(cell, "Российская Федерация") {
		return territory{nationwide: true, known: true}
	}
	t := territory{}
	for piece := range strings.SplitSeq(cell, ",") {
		if i := strings.LastIndexByte(piece, '|'); i >= 0 {
			piece = piece[i+1:]
		}
		for part := range strings.SplitSeq(piece, " * ") {
			for name := range strings.SplitSeq(part, " и ") {
				if s, ok := subjectKeys[subjectKey(name)]; ok {
					t.subdivisions = append(t.subdivisions, s)
				}
			}
		}
	}
	slices.Sort(t.subdivisions)
	t.subdivisions = slices.Compact(t.subdivisions)
	switch len(t.subdivisions) {
	case 0:
		if strings.TrimSpace(cell) == "Байконур" {
			t.locality, t.known = "Байконур", true
		}
		return t
	case 1:
		t.known = true
		if !strings.ContainsAny(cell, ",*") {
			t.readLocal(cell)
		}
		if t.locality == "" {
			t.locality = t.subdivisions[0].city()
		}
		return t
	}
	t.known = true
	return t
}

// readLocal finds the locality and the district in the segments before the subject.
func (t *territory) readLocal(cell string) {
	segments := strings.Split(cell, "|")
	segments = segments[:len(segments)-1]
	typed := false
	for i, s := range segments {
		segments[i] = strings.ReplaceAll(strings.TrimSpace(s), " - ", "-")
		if name, kind := localName(segments[i]); kind != 0 {
			typed = true
			if kind == localLocality && t.locality == "" {
				t.locality = name
			}
			if kind == localDistrict && t.district == "" {
				t.district = name
			}
		}
	}
	if typed || len(segments) == 0 {
		return
	}
	switch first := segments[0]; {
	case isSubject(first):
	case len(segments) > 1:
		t.locality = first
		if !isSubject(segments[1]) {
			t.district = segments[1]
		}
	case strings.HasSuffix(first, "ский") || strings.HasSuffix(first, "цкий"):
		t.district = first
	default:
		t.locality = first
	}
}

// isSubject reports whether a segment names a subject, as an old one inside another does.
func isSubject(segment string) bool {
	_, ok := subjectKeys[subjectKey(segment)]
	return ok
}

const (
	localLocality = iota + 1
	localDistrict
)

// localName strips the word for a kind of place from a segment. The kind is 0 if there is none.
func localName(segment string) (name string, kind int) {
	for _, prefix := range [...]string{"г.о. город ", "г. ", "город ", "пгт ", "пгт. ", "рп ", "рп. ", "с. ", "п. "} {
		if name, ok := strings.CutPrefix(segment, prefix); ok {
			return name, localLocality
		}
	}
	for _, prefix := range [...]string{"м.р-н ", "р-н "} {
		if name, ok := strings.CutPrefix(segment, prefix); ok {
			return name, localDistrict
		}
	}
	for _, suffix := range [...]string{" м.р-н", " м.о.", " р-н", " район"} {
		if name, ok := strings.CutSuffix(segment, suffix); ok {
			return name, localDistrict
		}
	}
	return segment, 0
}
