package dedup

import (
	"net/url"
	"strings"
)

// A Key is an identifier in its canonical form: "tel:+74951234567;ext=12" (RFC 3966),
// "mailto:ivan@gmail.com", "ext:whatsapp:4915…". Equal keys are one telephone, mailbox or account,
// however they were typed.
type Key string

// Kind tells a telephone, a mailbox or an account in another system.
func (k Key) Kind() Kind {
	switch {
	case strings.HasPrefix(string(k), "tel:"):
		return KindPhone
	case strings.HasPrefix(string(k), "mailto:"):
		return KindEmail
	}
	return KindExternal
}

// base returns the switchboard's number of a key with an extension, "" of any other key.
func (k Key) base() Key {
	if i := strings.Index(string(k), ";ext="); i > 0 && k.Kind() == KindPhone {
		return k[:i]
	}
	return ""
}

// externalKey returns the key of an account in another system.
func externalKey(system, value string) Key {
	return Key("ext:" + strings.ReplaceAll(url.PathEscape(system), ":", "%3A") + ":" + value)
}

// cutExternal takes an external key apart.
func cutExternal(k Key) (system, value string, ok bool) {
	rest, ok := strings.CutPrefix(string(k), "ext:")
	if !ok {
		return "", "", false
	}
	escaped, value, ok := strings.Cut(rest, ":")
	system, err := url.PathUnescape(escaped)
	return system, value, ok && err == nil && value != ""
}

// A Kind is what an identifier is. As text: "phone", "email", "external".
type Kind uint8

// The kinds.
const (
	KindPhone Kind = iota
	KindEmail
	KindExternal // an account in the system that Identifier.System names
)

var kindNames = [...]string{"phone", "email", "external"}

func (k Kind) String() string { return name(kindNames[:], k) }

// MarshalText returns the kind as text.
func (k Kind) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (k *Kind) UnmarshalText(text []byte) (err error) {
	*k, err = parseName[Kind](kindNames[:], "kind", text)
	return err
}

// A Grade says what a value is good for. Only GradeUsable links inquiries.
type Grade uint8

// The grades.
const (
	GradeInvalid     Grade = iota // no number or address can be read
	GradeUsable                   // reaches one line or mailbox
	GradeTollFree                 // a service's number: toll-free, premium or shared cost
	GradePlaceholder              // what people write where they have nothing to write
	GradeRole                     // the mailbox of a function: info@, sales@
	GradeMasked                   // partly hidden: +7 (995) ***-**-27
)

var gradeNames = [...]string{"invalid", "usable", "toll_free", "placeholder", "role", "masked"}

func (g Grade) String() string { return name(gradeNames[:], g) }

// MarshalText returns the grade as text.
func (g Grade) MarshalText() ([]byte, error) { return []byte(g.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (g *Grade) UnmarshalText(text []byte) (err error) {
	*g, err = parseName[Grade](gradeNames[:], "grade", text)
	return err
}

// A Class is what a key proved to be.
type Class uint8

// The classes.
const (
	ClassPersonal  Class = iota // one card has it
	ClassContested              // several cards have it: a family's phone, a number that changed hands
	ClassShared                 // it belongs to an office, not to a person: it never links
)

var classNames = [...]string{"personal", "contested", "shared"}

func (c Class) String() string { return name(classNames[:], c) }

// MarshalText returns the class as text.
func (c Class) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (c *Class) UnmarshalText(text []byte) (err error) {
	*c, err = parseName[Class](classNames[:], "class", text)
	return err
}

func name[T ~uint8](names []string, v T) string {
	if int(v) < len(names) {
		return names[v]
	}
	return "unknown"
}

func parseName[T ~uint8](names []string, field string, text []byte) (T, error) {
	for i, n := range names {
		if n == string(text) {
			return T(i), nil
		}
	}
	return 0, &InvalidError{Field: field, Value: string(text), Why: "is none of " + strings.Join(names, ", ")}
}
