package booking

import (
	"fmt"
	"strconv"
	"time"
	"unicode/utf8"
)

// A Command is one of the verbs below. Each ends with By, who says so, and Why; both stand on the
// events.
type Command interface {
	verb() string
	check() error
	author() (by, why string)
}

// Define makes a unit, or changes one. What the unit has promised stays: a capacity below it is
// a [TakenError].
type Define struct {
	Unit    Unit
	By, Why string
}

// Hold takes a unit until a deadline; with And, several units or spans together or none.
type Hold struct {
	ID    ReservationID // empty: one is minted, and the command is not repeatable
	Unit  UnitID
	Span  Span
	Count int     // Defaults to 1.
	And   []Claim // what else belongs to it

	Holder   string
	TTL      time.Duration // Defaults to the shortest TTL of the units.
	Priority int           // Higher goes first. Not below 0.
	Policy   Policy        // what to do if there is no room. Defaults to PolicyReject.
	Source   string
	By, Why  string
}

// A Policy says what a hold does that finds no room.
type Policy uint8

const (
	PolicyReject  Policy = iota // is refused
	PolicyQueue                 // waits
	PolicyPreempt               // sends holds of lower priority back to the queue if that makes room; else waits
)

var policyNames = []string{"reject", "queue", "preempt"}

// String returns "reject", "queue" or "preempt".
func (p Policy) String() string { return nameOf(policyNames, p) }

// MarshalText writes the policy as String does.
func (p Policy) MarshalText() ([]byte, error) { return marshalName(policyNames, "policy", p) }

// UnmarshalText reads what MarshalText wrote.
func (p *Policy) UnmarshalText(text []byte) error {
	return unmarshalName(policyNames, "policy", p, text)
}

// Block takes a unit without a guest of ours: maintenance, the owner, a booking made elsewhere.
type Block struct {
	ID      ReservationID
	Unit    UnitID
	Span    Span
	Count   int // Defaults to 1.
	And     []Claim
	Source  string
	Wait    bool // if there is no room it is recorded as waiting, not refused
	By, Why string
}

// Rehold makes a new hold, under a new ID, of what an ended one had. Of an offer that lapsed
// unseen it keeps the place in the queue.
type Rehold struct {
	ID      ReservationID
	Ref     Ref
	TTL     time.Duration // Defaults to the old one's.
	Policy  Policy
	By, Why string
}

// Extend sets the deadline of a hold to TTL from now, at most the unit's MaxHold after it was
// granted. A deadline that is later already stays.
type Extend struct {
	Ref     Ref
	TTL     time.Duration
	By, Why string
}

// Confirm makes a live hold the holder's for good. It is never refused for room.
type Confirm struct {
	Ref     Ref
	By, Why string
}

// Cancel ends what has not begun; what waits for the room gets it in the same commit.
type Cancel struct {
	Ref     Ref
	By, Why string
}

// CheckIn records the arrival, on its day or later, and gives the claim on the Ref's unit its
// places: these, or any that are free. Given again, other places move the guest to them.
type CheckIn struct {
	Ref     Ref
	Places  []int // as many as the claim's count; empty: any
	By, Why string
}

// CheckOut records the departure. An early one frees the rest.
type CheckOut struct {
	Ref     Ref
	By, Why string
}

// NoShow ends a confirmed stay whose guest did not come, on its day or later, and frees all.
type NoShow struct {
	Ref     Ref
	By, Why string
}

// Move puts a reservation on other dates, units or counts; both are changed at once or nothing
// is. The nights before today of a guest who is there cannot change.
type Move struct {
	Ref     Ref
	Claims  []Claim // all that it shall have
	Wait    bool    // of a block only: if there is no room it waits
	By, Why string
}

// Reset sets a calendar's clock, which ran ahead, to now.
type Reset struct {
	Unit    UnitID
	By, Why string
}

// lapse is the command of Tick: it records what is due on a unit.
type lapse struct{ Unit UnitID }

func (Define) verb() string   { return "define" }
func (Hold) verb() string     { return "hold" }
func (Block) verb() string    { return "block" }
func (Rehold) verb() string   { return "rehold" }
func (Extend) verb() string   { return "extend" }
func (Confirm) verb() string  { return "confirm" }
func (Cancel) verb() string   { return "cancel" }
func (CheckIn) verb() string  { return "check_in" }
func (CheckOut) verb() string { return "check_out" }
func (NoShow) verb() string   { return "no_show" }
func (Move) verb() string     { return "move" }
func (Reset) verb() string    { return "reset" }
func (lapse) verb() string    { return "" }

func (c Define) author() (by, why string)   { return c.By, c.Why }
func (c Hold) author() (by, why string)     { return c.By, c.Why }
func (c Block) author() (by, why string)    { return c.By, c.Why }
func (c Rehold) author() (by, why string)   { return c.By, c.Why }
func (c Extend) author() (by, why string)   { return c.By, c.Why }
func (c Confirm) author() (by, why string)  { return c.By, c.Why }
func (c Cancel) author() (by, why string)   { return c.By, c.Why }
func (c CheckIn) author() (by, why string)  { return c.By, c.Why }
func (c CheckOut) author() (by, why string) { return c.By, c.Why }
func (c NoShow) author() (by, why string)   { return c.By, c.Why }
func (c Move) author() (by, why string)     { return c.By, c.Why }
func (c Reset) author() (by, why string)    { return c.By, c.Why }
func (lapse) author() (by, why string)      { return "", "" }

const (
	maxText   = 256
	maxClaims = 500
	maxCount  = 1_000_000
)

// checkCommand refuses what no store can help: nothing, a pointer to a command, a faulty field.
func checkCommand(cmd Command) error {
	switch cmd.(type) {
	case nil:
		return &InvalidError{Field: "command", Why: WhyMissing}
	case Define, Hold, Block, Rehold, Extend, Confirm, Cancel, CheckIn, CheckOut, NoShow, Move, Reset:
		return cmd.check()
	}
	return &InvalidError{Field: "command", Value: fmt.Sprintf("%T", cmd), Why: WhySyntax}
}

// A checker collects the first fault of a command's fields.
type checker struct{ err error }

func (k *checker) fail(field, value string, why Why) {
	if k.err == nil {
		k.err = &InvalidError{Field: field, Value: value, Why: why}
	}
}

func (k *checker) text(field, s string) {
	switch {
	case len(s) > maxText:
		k.fail(field, s[:maxText], WhyLong)
	case !utf8.ValidString(s):
		k.fail(field, s, WhyUTF8)
	default:
		for i := range len(s) {
			if s[i] == 0 {
				k.fail(field, s, WhyNUL)
			}
		}
	}
}

func (k *checker) name(field, s string) {
	if s == "" {
		k.fail(field, s, WhyMissing)
	}
	k.text(field, s)
}

func (k *checker) number(field string, n int64, limit int64) {
	switch {
	case n < 0:
		k.fail(field, strconv.FormatInt(n, 10), WhyNegative)
	case n > limit:
		k.fail(field, strconv.FormatInt(n, 10), WhyRange)
	}
}

func (k *checker) duration(field string, d time.Duration) {
	if d < 0 {
		k.fail(field, d.String(), WhyNegative)
	} else if d > time.Duration(maxSpan)*time.Microsecond {
		k.fail(field, d.String(), WhyRange)
	}
}

func (k *checker) author(by, why string) error {
	k.text("by", by)
	k.text("why", why)
	return k.err
}

func (k *checker) ref(r Ref) {
	k.name("ref.unit", string(r.Unit))
	k.name("ref.id", string(r.ID))
	k.number("ref.rev", r.Rev, int64(forever))
}

func (k *checker) claim(field string, c Claim) {
	k.name(field+"unit", string(c.Unit))
	k.number(field+"count", int64(c.Count), maxCount)
	switch s := c.Span; {
	case s.Empty():
		k.fail(field+"span", s.String(), WhyEmpty)
	case !s.Forever() && s.to-s.from > maxSpan:
		k.fail(field+"span", s.String(), WhyRange)
	}
}

func (k *checker) claims(field string, claims []Claim, limit int) {
	if len(claims) > limit {
		k.fail("claims", strconv.Itoa(len(claims)), WhyRange)
		return
	}
	for i, c := range claims {
		k.claim(field+"["+strconv.Itoa(i)+"].", c)
	}
}

func (c Define) check() error {
	var k checker
	u := c.Unit
	k.name("unit.id", string(u.ID))
	if u.Axis > AxisTimes {
		k.fail("unit.axis", u.Axis.String(), WhySyntax)
	}
	k.number("unit.capacity", int64(u.Capacity), maxCount)
	k.number("unit.tags", int64(len(u.Tags)), 64)
	for name, value := range u.Tags {
		k.name("unit.tags", name)
		k.text("unit.tags."+name, value)
	}
	k.number("unit.turnover.nights", int64(u.Turnover.Nights), 366)
	k.duration("unit.turnover.time", u.Turnover.Time)
	k.text("unit.zone", u.Zone)
	if u.Zone != "" {
		if _, err := time.LoadLocation(u.Zone); err != nil || u.Zone == "Local" {
			k.fail("unit.zone", u.Zone, WhyZone)
		}
	}
	const lastClock = 24 * time.Hour
	k.number("unit.check_in", int64(u.CheckIn), int64(lastClock))
	k.number("unit.check_out", int64(u.CheckOut), int64(lastClock))
	k.duration("unit.ttl", u.TTL)
	k.duration("unit.max_hold", u.MaxHold)
	k.number("unit.rules.min_nights", int64(u.Rules.MinNights), maxCount)
	k.number("unit.rules.max_nights", int64(u.Rules.MaxNights), maxCount)
	k.duration("unit.rules.notice", u.Rules.Notice)
	return k.author(c.By, c.Why)
}

func (c Hold) check() error {
	var k checker
	k.name("id", string(c.ID))
	k.claim("", Claim{Unit: c.Unit, Span: c.Span, Count: c.Count})
	k.claims("and", c.And, maxClaims-1)
	k.text("holder", c.Holder)
	k.text("source", c.Source)
	k.duration("ttl", c.TTL)
	k.number("priority", int64(c.Priority), int64(forever))
	if c.Policy > PolicyPreempt {
		k.fail("policy", c.Policy.String(), WhySyntax)
	}
	return k.author(c.By, c.Why)
}

func (c Block) check() error {
	var k checker
	k.name("id", string(c.ID))
	k.claim("", Claim{Unit: c.Unit, Span: c.Span, Count: c.Count})
	k.claims("and", c.And, maxClaims-1)
	k.text("source", c.Source)
	return k.author(c.By, c.Why)
}

func (c Rehold) check() error {
	var k checker
	k.name("id", string(c.ID))
	k.ref(c.Ref)
	k.duration("ttl", c.TTL)
	if c.Policy > PolicyPreempt {
		k.fail("policy", c.Policy.String(), WhySyntax)
	}
	return k.author(c.By, c.Why)
}

func (c Extend) check() error {
	var k checker
	k.ref(c.Ref)
	k.duration("ttl", c.TTL)
	if c.TTL == 0 {
		k.fail("ttl", "0", WhyMissing)
	}
	return k.author(c.By, c.Why)
}

func (c Confirm) check() error  { return checkRef(c.Ref, c.By, c.Why) }
func (c Cancel) check() error   { return checkRef(c.Ref, c.By, c.Why) }
func (c CheckOut) check() error { return checkRef(c.Ref, c.By, c.Why) }
func (c NoShow) check() error   { return checkRef(c.Ref, c.By, c.Why) }

func checkRef(r Ref, by, why string) error {
	var k checker
	k.ref(r)
	return k.author(by, why)
}

func (c CheckIn) check() error {
	var k checker
	k.ref(c.Ref)
	for i, p := range c.Places {
		if p < 1 || p > maxCount {
			k.fail("places", strconv.Itoa(p), WhyRange)
		}
		for _, q := range c.Places[:i] {
			if p == q {
				k.fail("places", strconv.Itoa(p), WhyTwice)
			}
		}
		if i == maxClaims {
			k.fail("places", strconv.Itoa(len(c.Places)), WhyRange)
			break
		}
	}
	return k.author(c.By, c.Why)
}

func (c Move) check() error {
	var k checker
	k.ref(c.Ref)
	if len(c.Claims) == 0 {
		k.fail("claims", "", WhyMissing)
	}
	k.claims("claims", c.Claims, maxClaims)
	return k.author(c.By, c.Why)
}

func (c Reset) check() error {
	var k checker
	k.name("unit", string(c.Unit))
	return k.author(c.By, c.Why)
}

func (lapse) check() error { return nil }
