package dedup

import "github.com/tenure-go/tenure/internal/phone"

// A Phone is one telephone number of a field.
type Phone struct {
	Grade Grade
	Raw   string // what was read
	Ext   string // the extension's digits, "" if there is none
	e164  uint64
}

// Phones appends every number in raw to dst, in their order. What holds digits but is no number
// is there with GradeInvalid.
func (r *Reader) Phones(dst []Phone, raw string) []Phone {
	var buf [4]phone.Number
	for _, n := range r.scanner.Append(buf[:0], raw) {
		p := Phone{Raw: raw[n.Start:n.End], Ext: n.Ext, e164: n.E164}
		switch {
		case r.noPhone[n.E164] && n.E164 != 0:
			p.Grade = GradePlaceholder
		case n.Grade == phone.GradeUsable:
			p.Grade = GradeUsable
		case n.Grade == phone.GradeTollFree:
			p.Grade = GradeTollFree
		case n.Grade == phone.GradeMasked:
			p.Grade = GradeMasked
		}
		dst = append(dst, p)
	}
	return dst
}

// String is the number in E.164 with its extension after ";ext=", "" if there is no number.
func (p Phone) String() string {
	var buf [64]byte
	return string(p.append(buf[:0]))
}

// Key returns the number's key, "" if there is no number.
func (p Phone) Key() Key {
	if p.e164 == 0 {
		return ""
	}
	var buf [64]byte
	return Key(p.append(append(buf[:0], "tel:"...)))
}

func (p Phone) append(b []byte) []byte {
	if p.e164 == 0 {
		return b
	}
	b = phone.Number{E164: p.e164}.AppendE164(b)
	if p.Ext != "" {
		b = append(append(b, ";ext="...), p.Ext...)
	}
	return b
}
