package dedup

import (
	"slices"
	"strconv"
)

// A Ruling is what a person decides where the rules cannot know. As text: "same", "different",
// "shared", "personal", "withdraw".
type Ruling uint8

// The rulings.
const (
	RulingSame      Ruling = iota // the touches in A are one person's
	RulingDifferent               // no touch in A is by the person of any touch in B
	RulingShared                  // Key is an office's and never links
	RulingPersonal                // Key is a person's, whatever it looks like
	RulingWithdraw                // the ruling Undo is as if it had never been made
	rulingErase                   // keeps the ID of an erasure
)

var rulingNames = [...]string{"same", "different", "shared", "personal", "withdraw", "erase"}

func (r Ruling) String() string { return name(rulingNames[:], r) }

// MarshalText returns the ruling as text.
func (r Ruling) MarshalText() ([]byte, error) { return []byte(r.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (r *Ruling) UnmarshalText(text []byte) (err error) {
	*r, err = parseName[Ruling](rulingNames[:], "ruling", text)
	return err
}

// Decide is a ruling. It outlives all later touches until a RulingWithdraw names it.
type Decide struct {
	ID     DecisionID `json:"id"`
	Ruling Ruling     `json:"ruling"`
	A      []TouchID  `json:"a,omitempty"`
	B      []TouchID  `json:"b,omitempty"`
	Key    Key        `json:"key,omitempty"`
	Undo   DecisionID `json:"undo,omitempty"`
	By     string     `json:"by,omitempty"`
	Why    string     `json:"why,omitempty"`
}

// check rejects a ruling that says too little or too much.
func (d *Decide) check(r *Reader) error {
	if err := validID("ID", string(d.ID)); err != nil {
		return err
	}
	for _, id := range slices.Concat(d.A, d.B) {
		if err := validID("A, B", string(id)); err != nil {
			return err
		}
	}
	switch d.Ruling {
	case RulingSame:
		if len(d.A) < 2 || len(d.B) > 0 {
			return &InvalidError{Field: "A", Value: strconv.Itoa(len(d.A)), Why: "needs two touches or more, and B none"}
		}
	case RulingDifferent:
		if len(d.A) == 0 || len(d.B) == 0 {
			return &InvalidError{Field: "B", Value: strconv.Itoa(len(d.B)), Why: "needs a touch on either side"}
		}
		for _, id := range d.A {
			if slices.Contains(d.B, id) {
				return &InvalidError{Field: "B", Value: string(id), Why: "is on both sides"}
			}
		}
	case RulingShared, RulingPersonal:
		if !r.canonical(d.Key) {
			return &InvalidError{Field: "Key", Value: string(d.Key), Why: "is not a key as Reading.Key has it"}
		}
	case RulingWithdraw:
		if err := validID("Undo", string(d.Undo)); err != nil {
			return err
		}
	default:
		return &InvalidError{Field: "Ruling", Value: d.Ruling.String(), Why: "is none"}
	}
	return nil
}

// canonical reports whether k is a key that a touch could have.
func (r *Reader) canonical(k Key) bool {
	if unreadable, ok := unreadable("Key", string(k)); ok || unreadable.Code != "" {
		return false
	}
	switch k.Kind() {
	case KindPhone:
		p := r.Phones(nil, string(k[len("tel:"):]))
		return len(p) == 1 && p[0].Key() == k
	case KindEmail:
		m := r.Emails(nil, string(k[len("mailto:"):]))
		return len(m) == 1 && m[0].Key() == k
	}
	system, value, ok := cutExternal(k)
	return ok && externalKey(system, value) == k
}

// same compares two rulings but for their IDs, and names the field that differs.
func (d *Decide) same(o *Decide) error {
	differs := func(field string, had, got string) error {
		if had == got {
			return nil
		}
		return &MismatchError{ID: string(d.ID), Field: field, Had: had, Got: got}
	}
	join := func(ids []TouchID) (s string) {
		for _, id := range ids {
			s += strconv.Quote(string(id))
		}
		return s
	}
	for _, err := range []error{
		differs("Ruling", d.Ruling.String(), o.Ruling.String()), differs("A", join(d.A), join(o.A)), differs("B", join(d.B), join(o.B)),
		differs("Key", string(d.Key), string(o.Key)), differs("Undo", string(d.Undo), string(o.Undo)),
		differs("By", d.By, o.By), differs("Why", d.Why, o.Why),
	} {
		if err != nil {
			return err
		}
	}
	return nil
}

// A Bond ties a trace to a ruling about its touches.
type Bond struct {
	Decision DecisionID `json:"decision"`
	Ruling   Ruling     `json:"ruling"`          // RulingSame or RulingDifferent
	B        bool       `json:"b,omitempty"`     // on side B
	Peers    []TraceID  `json:"peers,omitempty"` // the traces that RulingSame unites
}

func compareBonds(a, b []Bond) int {
	return slices.CompareFunc(a, b, func(x, y Bond) int {
		switch {
		case x.Decision != y.Decision:
			if x.Decision < y.Decision {
				return -1
			}
			return 1
		case x.B != y.B:
			if !x.B {
				return -1
			}
			return 1
		}
		return 0
	})
}
