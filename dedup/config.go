package dedup

import (
	"strconv"
	"sync"
	"time"
)

// Config holds what a Desk needs. Only Store is required.
type Config struct {
	Store Store

	// Now tells the time.
	// Defaults to time.Now.
	Now func() time.Time

	// Reader reads phones, e-mails and names.
	// Defaults to one that reads as in Russia.
	Reader *Reader

	// MaxNames is how many different given names a key may show before it is shared.
	// Defaults to 3.
	MaxNames int

	// MaxPeers is how many e-mails a phone, or phones an e-mail, may show before it is shared.
	// Defaults to 5.
	MaxPeers int

	// MaxTraces is how many different inquiries a key may show before it is shared for good.
	// Defaults to 64.
	MaxTraces int

	// MaxReplay is how many different inquiries may hang together by their keys. A touch that
	// would make it more stays alone.
	// Defaults to 4096.
	MaxReplay int

	// Claims are the partners' terms.
	Claims ClaimPolicy

	// Golden tells by field which value the card's record keeps: "name", "phone", "email", or a
	// name in Touch.Fields. A touch of TouchCorrect wins over all others.
	// Defaults to KeepLatest for each.
	Golden map[string]Keep
}

// A ClaimPolicy holds the terms on which partners are protected. A zero duration but Window's
// switches its rule off.
type ClaimPolicy struct {
	// Window is how long a claim holds from its filing.
	// Defaults to 30 days.
	Window time.Duration

	// ConfirmWithin is how soon the customer must confirm the partner, or the claim lapses.
	// Defaults to never: no confirmation is needed.
	ConfirmWithin time.Duration

	// Confirmed is how long a claim holds from its confirmation.
	// Defaults to the rest of Window.
	Confirmed time.Duration

	// OwnBlock is how long after he came himself a customer cannot be claimed.
	// Defaults to 0: he always can.
	OwnBlock time.Duration
}

// Keep tells which of several values a card's record keeps. As text: "latest", "first".
type Keep uint8

// The ways.
const (
	KeepLatest Keep = iota
	KeepFirst
)

var keepNames = [...]string{"latest", "first"}

func (k Keep) String() string { return name(keepNames[:], k) }

var russian = sync.OnceValue(func() *Reader {
	r, err := NewReader(ReaderConfig{})
	if err != nil {
		panic("dedup: the embedded lists are faulty: " + err.Error())
	}
	return r
})

// fill sets the defaults. Its error is a *ConfigError.
func (c *Config) fill() error {
	var problems []Problem
	count := func(field string, v *int, def int) {
		if *v < 0 {
			problems = append(problems, Problem{Code: ProblemNegative, Field: field, Value: strconv.Itoa(*v)})
		}
		if *v == 0 {
			*v = def
		}
	}
	count("MaxNames", &c.MaxNames, 3)
	count("MaxPeers", &c.MaxPeers, 5)
	count("MaxTraces", &c.MaxTraces, 64)
	count("MaxReplay", &c.MaxReplay, 4096)
	for _, d := range []struct {
		field string
		v     time.Duration
	}{
		{"Claims.Window", c.Claims.Window}, {"Claims.ConfirmWithin", c.Claims.ConfirmWithin},
		{"Claims.Confirmed", c.Claims.Confirmed}, {"Claims.OwnBlock", c.Claims.OwnBlock},
	} {
		if d.v < 0 {
			problems = append(problems, Problem{Code: ProblemNegative, Field: d.field, Value: d.v.String()})
		}
	}
	for field, keep := range c.Golden {
		if int(keep) >= len(keepNames) {
			problems = append(problems, Problem{Code: ProblemKeep, Field: "Golden." + field, Value: strconv.Itoa(int(keep))})
		}
	}
	if problems != nil {
		return &ConfigError{Problems: problems}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Reader == nil {
		c.Reader = russian()
	}
	if c.Claims.Window == 0 {
		c.Claims.Window = 30 * 24 * time.Hour
	}
	return nil
}

func (c *Config) limits() limits { return limits{c.MaxNames, c.MaxPeers, c.MaxTraces} }
