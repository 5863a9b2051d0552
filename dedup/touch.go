package dedup

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"maps"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

type (
	// A TouchID names a touch: the caller's ID of the form, message or call.
	TouchID string
	// A CardID names a card. It is the ID of the touch that founded it, and always resolves to
	// the card on which that touch lies now.
	CardID string
	// A PartnerID names an agency or agent.
	PartnerID string
	// A DecisionID names a ruling.
	DecisionID string
)

// A TouchKind says how someone got in touch. Beside those below any name of the caller's own will do.
type TouchKind string

// The kinds.
const (
	TouchInquiry TouchKind = ""        // a form, a lead of a classified site
	TouchCall    TouchKind = "call"    // answered; a recording may be in Data or Fields
	TouchMissed  TouchKind = "missed"  // a call nobody answered
	TouchMessage TouchKind = "message" // in a messenger or by mail
	TouchVisit   TouchKind = "visit"
	TouchBooking TouchKind = "booking"
	TouchConfirm TouchKind = "confirm" // he confirms that the partner brought him
	TouchAward   TouchKind = "award"   // settles a dispute in favour of Source.Partner
	TouchCorrect TouchKind = "correct" // what an employee wrote on the card: wins over all others
	TouchSent    TouchKind = "sent"    // what we wrote to an outside base
)

// An Identifier is one value by which someone may be known.
type Identifier struct {
	Kind   Kind   `json:"kind"`
	Raw    string `json:"raw"`              // as typed
	System string `json:"system,omitempty"` // of KindExternal: "whatsapp", "old-base"
}

// A Source says where a touch came from.
type Source struct {
	Channel  string    `json:"channel,omitempty"`  // "site", "avito", "office"
	Campaign string    `json:"campaign,omitempty"` // of the advertisement
	Line     string    `json:"line,omitempty"`     // the number dialled
	Scope    string    `json:"scope,omitempty"`    // what it is about, as far as claims go: a project. "" is all
	Partner  PartnerID `json:"partner,omitempty"`  // who brought him
}

// A Touch is one inquiry, message, call or visit: an immutable fact.
type Touch struct {
	// ID is the caller's. Defaults to a hash of the content.
	ID TouchID `json:"id"`

	// Follows names a touch or card on whose card this one lies, whatever it says itself.
	Follows TouchID `json:"follows,omitempty"`

	Kind TouchKind `json:"kind,omitempty"`

	// At is when it happened. Defaults to Received. A partner's touch stands at Received.
	At time.Time `json:"at"`

	// Received is when it reached us. Defaults to Config.Now.
	Received time.Time `json:"received"`

	Source Source `json:"source"`

	// Name, Phone and Email are as typed: a field may hold several numbers or none. Name is a
	// person's; a company's goes to Fields.
	Name  string `json:"name,omitempty"`
	Phone string `json:"phone,omitempty"`
	Email string `json:"email,omitempty"`

	Identifiers []Identifier      `json:"identifiers,omitempty"` // further ones
	Fields      map[string]string `json:"fields,omitempty"`      // whatever else was said: budget, comment
	Data        []byte            `json:"data,omitempty"`        // the raw message

	By  string `json:"by,omitempty"` // who entered it
	Why string `json:"why,omitempty"`
}

const (
	maxValue       = 256     // bytes of a name or an identifier
	maxID          = 256     // bytes of an ID
	maxTouch       = 1 << 20 // bytes of a touch
	maxIdentifiers = 16
)

var earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)

// prepare checks what a touch must have, and gives it the ID and times it lacks.
func (t *Touch) prepare(now time.Time) (Reason, error) {
	if size := t.size(); size > maxTouch {
		return Reason{}, &InvalidError{Field: "touch", Value: string(t.ID), Why: "has " + strconv.Itoa(size) + " bytes, the limit is 1 MiB"}
	}
	if t.ID == "" {
		t.ID = t.hash()
	}
	if err := validID("ID", string(t.ID)); err != nil {
		return Reason{}, err
	}
	if t.Follows != "" {
		if err := validID("Follows", string(t.Follows)); err != nil {
			return Reason{}, err
		}
	}
	t.At, t.Received = instant(t.At), instant(t.Received)
	var reason Reason
	if t.Received.IsZero() {
		t.Received = now
	} else if t.Received.Before(earliest) || t.Received.After(now.Add(24*time.Hour)) {
		reason = Reason{Code: ReasonTime, Field: "Received", Value: stamp(t.Received)}
		t.Received = now
	}
	if t.At.IsZero() {
		t.At = t.Received
	}
	return reason, nil
}

// validID rejects what stores cannot compare byte by byte and people cannot read.
func validID(field, id string) error {
	switch {
	case id == "":
		return &InvalidError{Field: field, Value: id, Why: "is required"}
	case len(id) > maxID:
		return &InvalidError{Field: field, Value: id, Why: "is longer than 256 bytes"}
	case !utf8.ValidString(id) || hasControl(id):
		return &InvalidError{Field: field, Value: id, Why: "must be UTF-8 without control characters"}
	}
	return nil
}

func hasControl(s string) bool {
	for i := range len(s) {
		if s[i] < ' ' {
			return true
		}
	}
	return false
}

// instant is t as stores keep it; the zero time stays zero.
func instant(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Microsecond)
}

// When is the moment at which a touch stands: At, or Received for a partner's touch and where At is
// impossible. It decides whose key it was then.
func (t *Touch) When() time.Time {
	if t.Source.Partner != "" || t.impossible() {
		return t.Received
	}
	return t.At
}

func (t *Touch) impossible() bool {
	return t.At.Before(earliest) || t.At.After(t.Received.Add(24*time.Hour))
}

func (t *Touch) size() int {
	n := len(t.ID) + len(t.Follows) + len(t.Kind) + len(t.Source.Channel) + len(t.Source.Campaign) + len(t.Source.Line) +
		len(t.Source.Scope) + len(t.Source.Partner) + len(t.Name) + len(t.Phone) + len(t.Email) + len(t.Data) + len(t.By) + len(t.Why)
	for _, id := range t.Identifiers {
		n += len(id.Raw) + len(id.System)
	}
	for k, v := range t.Fields {
		n += len(k) + len(v)
	}
	return n
}

// hash is an ID for a touch whose source gives none.
func (t *Touch) hash() TouchID {
	sum := sha256.New()
	for _, s := range t.content() {
		var size [8]byte
		binary.BigEndian.PutUint64(size[:], uint64(len(s.value)))
		sum.Write(size[:])
		sum.Write([]byte(s.value))
	}
	return TouchID("sha256:" + hex.EncodeToString(sum.Sum(nil)))
}

type content struct{ field, value string }

// content lists all that a touch says, but for its ID.
func (t *Touch) content() []content {
	c := []content{
		{"Follows", string(t.Follows)}, {"Kind", string(t.Kind)}, {"At", stamp(t.At)}, {"Received", stamp(t.Received)},
		{"Source.Channel", t.Source.Channel}, {"Source.Campaign", t.Source.Campaign}, {"Source.Line", t.Source.Line},
		{"Source.Scope", t.Source.Scope}, {"Source.Partner", string(t.Source.Partner)},
		{"Name", t.Name}, {"Phone", t.Phone}, {"Email", t.Email}, {"Data", string(t.Data)}, {"By", t.By}, {"Why", t.Why},
		{"Identifiers", strconv.Itoa(len(t.Identifiers))},
	}
	for _, id := range t.Identifiers {
		c = append(c, content{"Identifiers", id.Kind.String()}, content{"Identifiers", id.System}, content{"Identifiers", id.Raw})
	}
	for _, k := range slices.Sorted(maps.Keys(t.Fields)) {
		c = append(c, content{"Fields", k}, content{"Fields." + k, t.Fields[k]})
	}
	return c
}

func stamp(t time.Time) string {
	if t.IsZero() {
		return ""
	}
	return instant(t).Format(time.RFC3339Nano)
}

// sameContent returns a MismatchError if got, a touch as it was given again, says something else
// than had. Times that were left to us both times are equal.
func sameContent(had, got Touch) error {
	if got.Received.IsZero() || stamp(got.Received) == stamp(had.Received) {
		got.Received = had.Received
	}
	if got.At.IsZero() {
		got.At = had.At
	}
	a, b := had.content(), got.content()
	for i := range max(len(a), len(b)) {
		var x, y content
		if i < len(a) {
			x = a[i]
		}
		if i < len(b) {
			y = b[i]
		}
		if x != y {
			field := x.field
			if field == "" || y.field != "" && y.field < field {
				field = y.field
			}
			return &MismatchError{ID: string(had.ID), Field: field, Had: x.value, Got: y.value}
		}
	}
	return nil
}
