package ical

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2"
)

// A State is what is believed of one feed. The caller keeps it beside the bookings. The zero value is
// a feed that was never read. It is a value: nothing in it is changed by a [Reconcile] that took it.
type State struct {
	Items      []Item         `json:"items,omitempty"`      // by From, To, UID
	Tag        string         `json:"tag,omitempty"`        // the last complete answer's ETag
	LastGood   time.Time      `json:"last_good,omitzero"`   // the last complete answer
	DoubtSince time.Time      `json:"doubt_since,omitzero"` // since when the feed is empty, or has lost most of its stays
	Lives      map[string]int `json:"lives,omitempty"`      // the keys that were ever given, and how many lives were named after each
}

// An Item is a stay or a window that is believed to be in the feed.
type Item struct {
	Key  string    `json:"key"` // names it for life: use it as the reservation's ID. At most 256 bytes, none a control character
	UID  string    `json:"uid,omitempty"`
	Kind Kind      `json:"kind"`
	From date.Date `json:"from"`
	To   date.Date `json:"to"`

	Rev         int       `json:"rev"`                // grows with every change of dates
	Sequence    int       `json:"sequence,omitempty"` // the highest seen
	Missed      int       `json:"missed,omitempty"`   // complete polls in a row without it that were not in doubt
	MissedSince time.Time `json:"missed_since,omitzero"`
}

func (it *Item) missing() bool { return !it.MissedSince.IsZero() }

func compareItems(a, b Item) int {
	return cmp.Or(cmp.Compare(a.From, b.From), cmp.Compare(a.To, b.To), cmp.Compare(a.UID, b.UID), cmp.Compare(a.Key, b.Key))
}

// A Range is the nights [From, To).
type Range struct {
	From date.Date `json:"from"`
	To   date.Date `json:"to"`
}

// A Policy says how much a feed is believed. The zero value is usable.
type Policy struct {
	// Misses is how many complete polls in a row must lack an item before it is cancelled. They are
	// polls, not hours: poll at the channel's own pace, every 15 to 180 minutes.
	// Defaults to 2.
	Misses int `json:"misses,omitempty"`

	// EmptyFor is how long a feed is doubted that is empty or lost most of its stays at once.
	// Below zero it is not doubted.
	// Defaults to 24 hours.
	EmptyFor time.Duration `json:"empty_for,omitempty"`

	// Zone is where "today" is: the unit's own, so that a booking is not over here and to come there.
	// One that is not known is UTC.
	// Defaults to "UTC".
	Zone string `json:"zone,omitempty"`

	// Own is the domain of the UIDs that we export.
	// Defaults to none.
	Own string `json:"own,omitempty"`

	// Sent is what we last exported to this channel; see [Sent]. It counts from today on, and ranges
	// that touch count as one too.
	Sent []Range `json:"sent,omitempty"`

	// Classify tells stays from windows.
	// Defaults to KindWindow for a Summary that says nothing but that the nights are not available,
	// such as "Airbnb (Not available)", "Not available" or "Blocked", in any case of letters; else
	// KindStay. "CLOSED - Not available" is a stay: on Booking.com a booking looks like that.
	Classify func(Event) Kind `json:"-"`
}

func (p Policy) withDefaults() Policy {
	if p.Misses <= 0 {
		p.Misses = 2
	}
	if p.EmptyFor == 0 {
		p.EmptyFor = 24 * time.Hour
	}
	return p
}

var windowSummaries = [...]string{"airbnb (not available)", "not available", "unavailable", "blocked", "not available (blocked)"}

func (p *Policy) kind(e *Event) Kind {
	if p.Classify != nil {
		return p.Classify(*e)
	}
	summary := strings.TrimSpace(e.Summary)
	for _, s := range windowSummaries {
		if strings.EqualFold(s, summary) {
			return KindWindow
		}
	}
	return KindStay
}

// own reports whether a UID is in our domain.
func (p *Policy) own(uid string) bool {
	at := len(uid) - len(p.Own) - 1
	return p.Own != "" && at >= 0 && uid[at] == '@' && strings.EqualFold(uid[at+1:], p.Own)
}

func (p *Policy) zone() *time.Location {
	if zone, ok := location(p.Zone); ok {
		return zone
	}
	return time.UTC
}

// A Plan is what changed. Apply Cancel, Move and Add in this order and in one commit, so that what
// comes finds the room of what goes. As package booking's commands they are Cancel, Move with Wait
// and Block with Wait: a channel's booking that clashes with ours is then recorded as waiting and
// shown, never lost, never on top.
type Plan struct {
	Cancel []Item  `json:"cancel,omitempty"`
	Move   []Moved `json:"move,omitempty"`
	Add    []Item  `json:"add,omitempty"`
	Aged   []Item  `json:"aged,omitempty"`  // over: no longer looked for. Nothing to do
	Doubt  []Doubt `json:"doubt,omitempty"` // for a person to see
	Echo   []Event `json:"echo,omitempty"`  // our own, and what we sent. Nothing to do
}

// Moved is an item on other dates.
type Moved struct {
	Was Item `json:"was"`
	Now Item `json:"now"`
}

// A Doubt is an item that stays as it is although the poll does not bear it out.
type Doubt struct {
	Item Item      `json:"item"`
	Code DoubtCode `json:"code"`
}

// A DoubtCode says why there is a [Doubt].
type DoubtCode string

const (
	DoubtMissed     DoubtCode = "missed"      // absent, but not often enough yet
	DoubtEmptyFeed  DoubtCode = "empty_feed"  // the feed is empty
	DoubtMassDrop   DoubtCode = "mass_drop"   // most stays to come are absent at once
	DoubtFailedPoll DoubtCode = "failed_poll" // the poll failed; State.LastGood says since when nothing is known
	DoubtInStay     DoubtCode = "in_stay"     // absent, but it had begun when it went missing
	DoubtUnreadable DoubtCode = "unreadable"  // absent, but an event that may be it could not be read
	DoubtOlderCopy  DoubtCode = "older_copy"  // the event has a lower SEQUENCE than was seen before

	// DoubtEndedHere is the caller's to add: the channel moved what was ended on our side. Reconcile
	// cannot know that.
	DoubtEndedHere DoubtCode = "ended_here"
)

var doubtTexts = map[DoubtCode][2]string{
	DoubtMissed:     {"is not in the feed", "нет в ленте"},
	DoubtEmptyFeed:  {"the feed is empty", "лента пуста"},
	DoubtMassDrop:   {"most stays vanished at once", "большинство броней пропало разом"},
	DoubtFailedPoll: {"the poll failed", "опрос не удался"},
	DoubtInStay:     {"has begun and is not in the feed", "уже началось, а в ленте его нет"},
	DoubtUnreadable: {"an event cannot be read", "событие не читается"},
	DoubtOlderCopy:  {"the feed shows an older copy", "в ленте более старая копия"},
	DoubtEndedHere:  {"the channel moved what has ended here", "канал перенёс то, что у нас уже закончилось"},
}

// Text says it in a language: "en" or "ru".
func (d Doubt) Text(lang string) string {
	why := string(d.Code)
	if texts, ok := doubtTexts[d.Code]; ok {
		why = choose(texts, lang)
	}
	return d.Item.Key + " " + d.Item.From.String() + "/" + d.Item.To.String() + ": " + why
}

// sorted reports whether the items stand as Reconcile left them.
func (s *State) sorted() bool {
	return slices.IsSortedFunc(s.Items, compareItems)
}
