package dedup

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// A Reading is what one value of a touch was read as.
type Reading struct {
	Field string // "Phone", "Email", "Identifiers[0]"
	Raw   string
	Kind  Kind
	Grade Grade
	Key   Key   // "" if nothing can be read
	Class Class // what the key proved to be so far
}

// evidence is what a touch says of the person.
type evidence struct {
	keys     []Key  // usable ones, sorted
	boards   []Key  // numbers that were seen with an extension: switchboards
	name     string // the reading of the name
	readings []Reading
	reasons  []Reason
}

// read reads a touch.
func (r *Reader) read(t *Touch) evidence {
	var e evidence
	r.readInto(&e, t)
	return e
}

// readInto reads a touch into e, which is empty.
func (r *Reader) readInto(e *evidence, t *Touch) {
	if values := len(t.Identifiers) + min(len(t.Phone), 1) + min(len(t.Email), 1); values > 0 {
		e.readings, e.keys = make([]Reading, 0, values), slices.Grow(e.keys, values)
	}
	if t.impossible() {
		e.reasons = append(e.reasons, Reason{Code: ReasonTime, Field: "At", Value: stamp(t.At)})
	}
	if unreadable, ok := unreadable("Name", t.Name); ok {
		e.reasons = append(e.reasons, unreadable)
	} else if t.Name != "" {
		e.name = r.name(t.Name).String()
	}
	if t.Phone != "" {
		r.readPhones(e, "Phone", t.Phone)
	}
	if t.Email != "" {
		r.readEmails(e, "Email", t.Email)
	}
	for i, id := range t.Identifiers {
		field := "Identifiers[" + strconv.Itoa(i) + "]"
		switch id.Kind {
		case KindPhone:
			r.readPhones(e, field, id.Raw)
		case KindEmail:
			r.readEmails(e, field, id.Raw)
		default:
			readExternal(e, field, id)
		}
	}
	if len(e.readings) > maxIdentifiers {
		e.keys, e.boards = nil, nil
		e.reasons = append(e.reasons, Reason{Code: ReasonTooMany, Field: "Identifiers", Value: strconv.Itoa(len(e.readings))})
		return
	}
	slices.Sort(e.keys)
	e.keys = slices.Compact(e.keys)
}

func (r *Reader) readPhones(e *evidence, field, raw string) {
	if reason, ok := unreadable(field, raw); ok {
		e.refuse(reason, KindPhone)
		return
	}
	var buf [4]Phone
	phones := r.Phones(buf[:0], raw)
	for _, p := range phones {
		key := p.Key()
		e.add(Reading{Field: field, Raw: p.Raw, Kind: KindPhone, Grade: p.Grade, Key: key})
		if p.Grade == GradeUsable && p.Ext != "" {
			e.boards = append(e.boards, key.base())
		}
	}
	if len(phones) == 0 {
		e.add(Reading{Field: field, Raw: raw, Kind: KindPhone})
	}
}

func (r *Reader) readEmails(e *evidence, field, raw string) {
	if reason, ok := unreadable(field, raw); ok {
		e.refuse(reason, KindEmail)
		return
	}
	var buf [4]Email
	emails := r.Emails(buf[:0], raw)
	for _, m := range emails {
		e.add(Reading{Field: field, Raw: m.Raw, Kind: KindEmail, Grade: m.Grade, Key: m.Key()})
	}
	if len(emails) == 0 {
		e.add(Reading{Field: field, Raw: raw, Kind: KindEmail})
	}
}

func readExternal(e *evidence, field string, id Identifier) {
	value := strings.TrimSpace(id.Raw)
	switch reason, ok := unreadable(field, id.Raw); {
	case ok:
		e.refuse(reason, KindExternal)
	case strings.TrimSpace(id.System) == "" || len(id.System) > maxValue || !utf8.ValidString(id.System):
		e.refuse(Reason{Code: ReasonSystem, Field: field, Value: id.Raw}, KindExternal)
	case value == "" || strings.ContainsFunc(value, func(c rune) bool { return c < ' ' }):
		e.add(Reading{Field: field, Raw: id.Raw, Kind: KindExternal})
	default:
		e.add(Reading{Field: field, Raw: id.Raw, Kind: KindExternal, Grade: GradeUsable, Key: externalKey(id.System, value)})
	}
}

func (e *evidence) add(r Reading) {
	e.readings = append(e.readings, r)
	if r.Grade == GradeUsable {
		e.keys = append(e.keys, r.Key)
		return
	}
	e.reasons = append(e.reasons, Reason{Code: ReasonCode(r.Grade.String()), Field: r.Field, Value: r.Raw})
}

func (e *evidence) refuse(r Reason, kind Kind) {
	e.readings = append(e.readings, Reading{Field: r.Field, Raw: r.Value, Kind: kind})
	e.reasons = append(e.reasons, r)
}

// unreadable reports what makes a whole value unreadable.
func unreadable(field, value string) (Reason, bool) {
	switch {
	case len(value) > maxValue:
		return Reason{Code: ReasonTooLong, Field: field, Value: strings.ToValidUTF8(value[:maxValue], "")}, true
	case !utf8.ValidString(value):
		return Reason{Code: ReasonEncoding, Field: field, Value: value}, true
	}
	return Reason{}, false
}

// silent reports whether the touch carries no evidence by its nature.
func (t *Touch) silent() bool { return t.Follows != "" || t.Kind == TouchSent }

// A Mark notes that a record of an outside base was written by us (Sent) or came in, and what it
// said.
type Mark struct {
	Touch    TouchID   `json:"touch"`
	Received time.Time `json:"received"`
	Hash     string    `json:"hash"`
	Sent     bool      `json:"sent,omitempty"`
}

// mark is what t leaves on the external keys it has.
func (t *Touch) mark(e *evidence) Mark {
	sum := sha256.New()
	write := func(s string) { sum.Write([]byte(strconv.Quote(s))) }
	write(strings.Join(strings.Fields(t.Name), " "))
	values := make([]string, 0, len(e.readings))
	for _, r := range e.readings {
		switch {
		case r.Key != "":
			values = append(values, string(r.Key))
		default:
			values = append(values, r.Raw)
		}
	}
	slices.Sort(values)
	for _, v := range slices.Compact(values) {
		write(v)
	}
	plain := Touch{Fields: t.Fields}
	for _, c := range plain.content() {
		if strings.HasPrefix(c.field, "Fields") {
			write(c.value)
		}
	}
	return Mark{Touch: t.ID, Received: t.Received, Hash: hex.EncodeToString(sum.Sum(nil)[:12]), Sent: t.Kind == TouchSent}
}

// echoes returns the touches that only bring back what we had written ourselves, each with the
// touch that wrote it: what a mark says equals what we wrote last, and nothing else came between.
func echoes(marks []Mark) map[TouchID]TouchID {
	var found map[TouchID]TouchID
	marks = slices.SortedFunc(slices.Values(marks), compareMarks)
	var sent TouchID
	written := ""
	for _, m := range marks {
		switch {
		case m.Sent:
			written, sent = m.Hash, m.Touch
		case written == "":
		case m.Hash == written:
			if found == nil {
				found = make(map[TouchID]TouchID)
			}
			found[m.Touch] = sent
		default:
			written = ""
		}
	}
	return found
}

func compareMarks(a, b Mark) int {
	return cmp.Or(a.Received.Compare(b.Received), strings.Compare(string(a.Touch), string(b.Touch)))
}
