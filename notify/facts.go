package notify

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// known sums up what is known of one address for one category.
type known struct {
	inbound, reachable, unreachable, consent, optOut time.Time
}

func sumUp(facts []Fact, channel ChannelID, address string, category CategoryID) (k known) {
	for i := range facts {
		f := &facts[i]
		if f.Channel != channel || f.Address != address || f.Category != "" && f.Category != category {
			continue
		}
		switch f.Kind {
		case FactInbound:
			k.inbound = latest(k.inbound, f.At)
		case FactReachable:
			k.reachable = latest(k.reachable, f.At)
		case FactUnreachable:
			k.unreachable = latest(k.unreachable, f.At)
		case FactConsent:
			k.consent = latest(k.consent, f.At)
		case FactOptOut:
			k.optOut = latest(k.optOut, f.At)
		}
	}
	return k
}

// unreachableUntil is when the evidence against the address expires; zero if there is none.
func (k known) unreachableUntil(forget time.Duration) time.Time {
	if k.unreachable.IsZero() || !latest(k.reachable, k.inbound).Before(k.unreachable) {
		return time.Time{}
	}
	return k.unreachable.Add(forget)
}

func (k known) optedOut() bool  { return !k.optOut.IsZero() && !k.consent.After(k.optOut) }
func (k known) consented() bool { return k.consent.After(k.optOut) }

// windowOpen reports whether the recipient wrote less than a window before t.
func (k known) windowOpen(window time.Duration, t time.Time) bool {
	return window == 0 || !k.inbound.IsZero() && t.Before(k.inbound.Add(window))
}

// check is what holds of every fact.
func (f Fact) check() error {
	if err := checkName("channel", string(f.Channel)); err != nil {
		return err
	}
	if err := checkName("address", f.Address); err != nil {
		return err
	}
	if err := checkText("category", string(f.Category), maxName); err != nil {
		return err
	}
	return checkText("text", f.Text, maxText)
}

// isStop reports whether an inbound text is one of the stop words, whatever its case.
func isStop(text string, words []string) bool {
	text = strings.Trim(text, " \t\r\n.!\"'«»")
	return slices.ContainsFunc(words, func(w string) bool { return strings.EqualFold(w, text) })
}

// learn adds f to what is known, in which each kind and category occurs once, with its newest
// moment. It is not new if the same or a newer one was there.
func learn(facts []Fact, f Fact) (all []Fact, new bool) {
	f.Text = "" // what was said is the inbox's to keep
	i, had := slices.BinarySearchFunc(facts, f, func(a, b Fact) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Category, b.Category))
	})
	switch {
	case !had:
		return slices.Insert(slices.Clone(facts), i, f), true
	case !facts[i].At.Before(f.At):
		return facts, false
	}
	all = slices.Clone(facts)
	all[i].At = f.At
	return all, true
}
