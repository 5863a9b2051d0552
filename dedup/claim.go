package dedup

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// A ClaimState says where a partner's claim stands. As text: "held", "confirmed", "lapsed",
// "refused", "superseded".
type ClaimState uint8

// The states.
const (
	ClaimHeld       ClaimState = iota // valid until To
	ClaimConfirmed                    // by the customer, valid until To
	ClaimLapsed                       // was valid until To
	ClaimRefused                      // never was valid: Reasons tell why
	ClaimSuperseded                   // was granted on a card of its own; another card's earlier claim won
)

var claimNames = [...]string{"held", "confirmed", "lapsed", "refused", "superseded"}

func (s ClaimState) String() string { return name(claimNames[:], s) }

// MarshalText returns the state as text.
func (s ClaimState) MarshalText() ([]byte, error) { return []byte(s.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (s *ClaimState) UnmarshalText(text []byte) (err error) {
	*s, err = parseName[ClaimState](claimNames[:], "state", text)
	return err
}

// A Claim is the protection that a partner's filing has, as of now.
type Claim struct {
	Touch    TouchID
	Partner  PartnerID
	Scope    string // "" covers all
	State    ClaimState
	From, To time.Time // zero if refused
	Reasons  []Reason
}

// A Dispute is two claims to one customer that were both granted, because at the time he was two
// cards.
type Dispute struct {
	Claims  [2]Claim  // the earlier first
	Touches [2]Touch  // the filings, with their values as typed
	Key     Key       // that both have; "" if other inquiries join them
	At      time.Time // of the later filing
	Rule    Rule      // what made the two one customer
	Settled TouchID   // the award; "": open
}

// A filing is what claims are judged by: a touch with what is known of it.
type filing struct {
	*StoredTouch
	identified bool // by a key that is not shared
	keys       []Key
	ruled      bool // a Same ruling is on it
	answered   bool // it was filed before, and its filing answered
}

// answers tell which claim each filing made or renewed.
type answers []answer

type answer struct {
	filing TouchID
	claim  int
}

// to returns the claim that a filing made or renewed.
func (a answers) to(id TouchID) (int, bool) {
	for i := range a {
		if a[i].filing == id {
			return a[i].claim, true
		}
	}
	return 0, false
}

// judge goes through a card's history and returns its claims, its disputes, and for each filing
// which claim it made or renewed.
func judge(history []filing, p ClaimPolicy, now time.Time) (claims []Claim, disputes []Dispute, of answers) {
	slices.SortFunc(history, func(a, b filing) int {
		return cmp.Or(a.Received.Compare(b.Received), strings.Compare(string(a.ID), string(b.ID)))
	})
	by := func(id TouchID) filing {
		return history[slices.IndexFunc(history, func(f filing) bool { return f.ID == id })]
	}
	var own []filing
	valid := func(scope string, at time.Time, want func(*Claim) bool) int {
		return slices.IndexFunc(claims, func(c Claim) bool {
			return (c.State == ClaimHeld || c.State == ClaimConfirmed) && at.Before(c.To) && overlap(c.Scope, scope) && (want == nil || want(&c))
		})
	}
	for _, f := range history {
		at, scope, partner := f.Received, f.Source.Scope, f.Source.Partner
		switch {
		case f.Echo || f.Kind == TouchSent || f.Kind == TouchCorrect:
		case f.Kind == TouchConfirm:
			i := valid(scope, at, func(c *Claim) bool { return c.Partner == partner || partner == "" && c.Touch == f.Follows })
			if i >= 0 && claims[i].State == ClaimHeld {
				c := &claims[i]
				c.State, c.To = ClaimConfirmed, c.From.Add(p.Window)
				if p.Confirmed > 0 {
					c.To = at.Add(p.Confirmed)
				}
			}
		case f.Kind == TouchAward:
			award(claims, disputes, f, p)
		case partner == "":
			if valid(scope, at, nil) < 0 {
				own = append(own, f)
			}
		default:
			if i := valid(scope, at, func(c *Claim) bool { return c.Partner == partner }); i >= 0 {
				of = append(of, answer{f.ID, i})
				continue
			}
			c := Claim{Touch: f.ID, Partner: partner, Scope: scope, From: at, To: at.Add(p.Window)}
			if p.ConfirmWithin > 0 {
				c.To = at.Add(min(p.Window, p.ConfirmWithin))
			}
			holder := valid(scope, at, nil)
			contact := slices.IndexFunc(own, func(o filing) bool {
				return overlap(o.Source.Scope, scope) && p.OwnBlock > 0 && !o.Received.Add(p.OwnBlock).Before(at)
			})
			switch {
			case !f.identified:
				c.refuse(anonymity)
			case holder >= 0 && f.granted():
				c.State = ClaimSuperseded
				c.Reasons = []Reason{{Code: ReasonMerged, Touch: claims[holder].Touch}}
				disputes = append(disputes, dispute(claims[holder], c, by(claims[holder].Touch), f))
			case holder >= 0:
				c.refuse(Reason{Code: ReasonTaken, Field: "Source.Scope", Value: scope, Touch: claims[holder].Touch})
			case contact >= 0:
				c.refuse(Reason{Code: ReasonOwnClient, Field: "Received", Value: stamp(own[contact].Received), Touch: own[contact].ID})
			}
			of = append(of, answer{f.ID, len(claims)})
			claims = append(claims, c)
		}
	}
	for i := range claims {
		if c := &claims[i]; (c.State == ClaimHeld || c.State == ClaimConfirmed) && !now.Before(c.To) {
			c.State = ClaimLapsed
			c.Reasons = append(slices.Clip(c.Reasons), Reason{Code: ReasonLapsed, Field: "To", Value: stamp(c.To)})
		}
	}
	for i := range disputes {
		for j := range disputes[i].Claims {
			c := &disputes[i].Claims[j]
			i, _ := of.to(c.Touch)
			*c = claims[i]
		}
	}
	return claims, disputes, of
}

func overlap(a, b string) bool { return a == b || a == "" || b == "" }

func (c *Claim) refuse(r Reason) {
	c.State, c.From, c.To, c.Reasons = ClaimRefused, time.Time{}, time.Time{}, []Reason{r}
}

// granted reports whether a filing was not refused when it came. While it is being filed it is not
// granted yet.
func (f filing) granted() bool {
	return f.answered && !slices.ContainsFunc(f.Reasons, func(r Reason) bool {
		return r.Code == ReasonTaken || r.Code == ReasonOwnClient || r.Code == ReasonNoIdentity
	})
}

// award gives the customer to the partner that f names, and settles what was in dispute.
func award(claims []Claim, disputes []Dispute, f filing, p ClaimPolicy) {
	winner := -1
	for i := range claims {
		c := &claims[i]
		if !overlap(c.Scope, f.Source.Scope) {
			continue
		}
		if c.Partner == f.Source.Partner {
			if !c.has(ReasonNoIdentity) {
				winner = i
			}
		} else if c.State != ClaimRefused {
			c.State, c.Reasons = ClaimSuperseded, []Reason{{Code: ReasonAwarded, Touch: f.ID}}
		}
	}
	if winner >= 0 {
		c := &claims[winner]
		term := p.Confirmed
		if term == 0 {
			term = p.Window
		}
		if c.From.IsZero() {
			c.From = f.Received
		}
		c.State, c.Reasons = ClaimConfirmed, []Reason{{Code: ReasonAwarded, Touch: f.ID}}
		if to := f.Received.Add(term); c.To.Before(to) {
			c.To = to
		}
	}
	for i := range disputes {
		if d := &disputes[i]; d.Settled == "" && overlap(d.Claims[0].Scope, f.Source.Scope) {
			d.Settled = f.ID
		}
	}
}

func (c *Claim) has(code ReasonCode) bool {
	return slices.ContainsFunc(c.Reasons, func(r Reason) bool { return r.Code == code })
}

func dispute(first, second Claim, a, b filing) Dispute {
	d := Dispute{Claims: [2]Claim{first, second}, Touches: [2]Touch{a.Touch, b.Touch}, At: b.Received, Rule: RuleKey}
	for _, k := range a.keys {
		if slices.Contains(b.keys, k) {
			d.Key = k
			break
		}
	}
	if d.Key == "" && (a.ruled || b.ruled) {
		d.Rule = RuleSame
	}
	return d
}
