package dedup

import (
	"encoding/binary"
	"slices"
	"time"

	"maps"
)

// A coder writes rows as bytes, or reads them back: each row's fields are listed once, for both.
// What is read are pieces of the one string, so it costs few allocations, and what is kept is a
// fraction of the structs.
type coder struct {
	writing bool
	out     []byte
	in      string
	bad     bool // the input ended early
}

func encode(write func(*coder)) []byte {
	c := coder{writing: true}
	write(&c)
	return c.out
}

func (c *coder) uint(v *uint64) {
	if c.writing {
		if *v < 0x80 {
			c.out = append(c.out, byte(*v))
		} else {
			c.out = binary.AppendUvarint(c.out, *v)
		}
		return
	}
	if len(c.in) > 0 && c.in[0] < 0x80 {
		*v, c.in = uint64(c.in[0]), c.in[1:]
		return
	}
	*v = 0
	for shift := 0; shift < 64 && len(c.in) > 0; shift += 7 {
		b := c.in[0]
		c.in = c.in[1:]
		*v |= uint64(b&0x7f) << shift
		if b < 0x80 {
			return
		}
	}
	c.bad = true
}

func number[T ~int | ~int64 | ~uint8](c *coder, v *T) {
	u := uint64(*v)
	if c.uint(&u); !c.writing { // what is written is the caller's, who may be reading it
		*v = T(u)
	}
}

func (c *coder) bool(v *bool) {
	u := uint64(0)
	if *v {
		u = 1
	}
	if c.uint(&u); !c.writing {
		*v = u != 0
	}
}

func text[S ~string](c *coder, s *S) {
	n := uint64(len(*s))
	c.uint(&n)
	if c.writing {
		c.out = append(c.out, *s...)
		return
	}
	if n > uint64(len(c.in)) {
		c.bad, n = true, uint64(len(c.in))
	}
	*s, c.in = S(c.in[:n]), c.in[n:]
}

// again is text for a value that mostly equals another one.
func again[S, O ~string](c *coder, s *S, other O) {
	same := string(*s) == string(other)
	c.bool(&same)
	switch {
	case !same:
		text(c, s)
	case !c.writing:
		*s = S(other)
	}
}

// word is text for a value that is mostly one of a few.
func word[S ~string](c *coder, s *S, known []string) {
	i := uint64(slices.Index(known, string(*s)) + 1)
	c.uint(&i)
	switch {
	case i == 0:
		text(c, s)
	case !c.writing && i <= uint64(len(known)):
		*s = S(known[i-1])
	case !c.writing:
		c.bad = true
	}
}

func (c *coder) bytes(b *[]byte) {
	s := ""
	if c.writing {
		s = string(*b)
	}
	text(c, &s)
	if !c.writing && s != "" {
		*b = []byte(s)
	}
}

// time keeps microseconds; 0 is the zero time.
func (c *coder) time(t *time.Time) {
	var u uint64
	if c.writing && !t.IsZero() {
		micros := t.UnixMicro()
		u = (uint64(micros)<<1 ^ uint64(micros>>63)) + 1
	}
	c.uint(&u)
	if c.writing {
		return
	}
	if *t = (time.Time{}); u != 0 {
		u--
		*t = time.UnixMicro(int64(u>>1) ^ -int64(u&1)).UTC()
	}
}

// list is a slice. What is read goes into the room that s has, if it is empty and large enough.
func list[T any](c *coder, s *[]T, item func(*coder, *T)) {
	n := uint64(len(*s))
	c.uint(&n)
	if !c.writing {
		room := *s
		*s = nil
		if n > uint64(len(c.in)) {
			c.bad = true
			return
		}
		switch {
		case n == 0:
		case len(room) == 0 && n <= uint64(cap(room)):
			*s = room[:n]
		default:
			*s = make([]T, n)
		}
	}
	for i := range *s {
		item(c, &(*s)[i])
	}
}

var (
	kindWords    = []string{"", "call", "missed", "message", "visit", "booking", "confirm", "award", "correct", "sent"}
	channelWords = []string{"", "site", "call", "partner", "classified", "messenger", "office", "avito", "cian"}
	eventWords   = []string{string(EventAttached), string(EventMoved), string(EventMerged), string(EventSplit), string(EventClass),
		string(EventDecided), string(EventErased), string(EventClaim), string(EventDispute)}
	commandWords = []string{"ingest", "import", "decide", "erase"}
	ruleWords    = []string{"", string(RuleTrace), string(RuleKey), string(RuleFollows)}
	storeWords   = []string{RowTouch, RowKey, RowTrace, RowDecision}
	systemWords  = []string{""}
)

func (c *coder) touch(t *StoredTouch) {
	text(c, &t.ID)
	again(c, &t.Trace, t.ID)
	c.time(&t.Received)
	c.time(&t.At)
	c.time(&t.Stored)
	word(c, &t.Kind, kindWords)
	word(c, &t.Source.Channel, channelWords)
	text(c, &t.Name)
	text(c, &t.Phone)
	text(c, &t.Email)
	rest := t.Follows != "" || t.Source.Campaign != "" || t.Source.Line != "" || t.Source.Scope != "" || t.Source.Partner != "" ||
		t.Identifiers != nil || t.Fields != nil || t.Data != nil || t.By != "" || t.Why != "" || t.Root != "" || t.Echo || t.Erased ||
		t.Reasons != nil || t.Awaited != nil
	if c.bool(&rest); !rest {
		return
	}
	text(c, &t.Follows)
	text(c, &t.Source.Campaign)
	text(c, &t.Source.Line)
	text(c, &t.Source.Scope)
	text(c, &t.Source.Partner)
	list(c, &t.Identifiers, func(c *coder, id *Identifier) {
		number(c, &id.Kind)
		text(c, &id.Raw)
		word(c, &id.System, systemWords)
	})
	c.fields(&t.Fields)
	c.bytes(&t.Data)
	text(c, &t.By)
	text(c, &t.Why)
	text(c, &t.Root)
	c.bool(&t.Echo)
	c.bool(&t.Erased)
	list(c, &t.Reasons, func(c *coder, r *Reason) {
		text(c, &r.Code)
		text(c, &r.Field)
		text(c, &r.Value)
		text(c, &r.Touch)
	})
	list(c, &t.Awaited, text[TouchID])
}

func (c *coder) fields(m *map[string]string) {
	var keys []string
	if len(*m) > 0 {
		keys = slices.Sorted(maps.Keys(*m))
	}
	list(c, &keys, text[string])
	if !c.writing {
		*m = nil
		if len(keys) > 0 {
			*m = make(map[string]string, len(keys))
		}
	}
	for _, k := range keys {
		v := (*m)[k]
		text(c, &v)
		if !c.writing {
			(*m)[k] = v
		}
	}
}

func (c *coder) use(u *KeyUse) {
	list(c, &u.Traces, text[TraceID])
	list(c, &u.Peers, keys)
	number(c, &u.Class)
	rest := u.Ruled || u.Rulings != nil || u.Full || u.Switchboard || u.Proved || !u.Since.IsZero() || u.Marks != nil
	if c.bool(&rest); !rest {
		return
	}
	c.bool(&u.Ruled)
	list(c, &u.Rulings, text[DecisionID])
	c.bool(&u.Full)
	c.bool(&u.Switchboard)
	c.bool(&u.Proved)
	c.time(&u.Since)
	list(c, &u.Marks, func(c *coder, m *Mark) {
		text(c, &m.Touch)
		c.time(&m.Received)
		text(c, &m.Hash)
		c.bool(&m.Sent)
	})
}

func keys(c *coder, k *[]Key) { list(c, k, text[Key]) }

func (c *coder) trace(t *Trace) {
	list(c, &t.Keys, text[Key])
	text(c, &t.Name)
	c.time(&t.First)
	text(c, &t.Card)
	again(c, &t.Lead, t.Card)
	c.time(&t.Born)
	c.time(&t.Changed)
	list(c, &t.Founders, func(c *coder, f *Founder) {
		again(c, &f.Touch, t.Card)
		c.time(&f.At)
		c.time(&f.Born)
	})
	rest := t.Aliases != nil || t.Claimed || t.Bonds != nil || t.Filings != 0 || !t.Erased.IsZero()
	if c.bool(&rest); !rest {
		return
	}
	list(c, &t.Aliases, text[CardID])
	c.bool(&t.Claimed)
	list(c, &t.Bonds, func(c *coder, b *Bond) {
		text(c, &b.Decision)
		number(c, &b.Ruling)
		c.bool(&b.B)
		list(c, &b.Peers, text[TraceID])
	})
	number(c, &t.Filings)
	c.time(&t.Erased)
}

func (c *coder) decision(d *StoredDecision) {
	text(c, &d.ID)
	number(c, &d.Ruling)
	list(c, &d.A, text[TouchID])
	list(c, &d.B, text[TouchID])
	text(c, &d.Key)
	text(c, &d.Undo)
	text(c, &d.By)
	text(c, &d.Why)
	text(c, &d.Withdrawn)
	text(c, &d.Touch)
	c.time(&d.Made)
}

func (c *coder) event(e *Event) {
	word(c, &e.Key.Kind, storeWords)
	text(c, &e.Key.ID)
	number(c, &e.Seq)
	c.time(&e.At)
	word(c, &e.Kind, eventWords)
	word(c, &e.Command, commandWords)
	word(c, &e.Rule, ruleWords)
	again(c, &e.Touch, e.Key.ID)
	again(c, &e.Card, e.Touch)
	text(c, &e.Was)
	text(c, &e.By)
	text(c, &e.Why)
}
