package main

import (
	"context"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/shopspring/decimal"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/notify"
)

// A network is a fake of the messengers, the SMS centre and the listing sites. It knows nothing of
// package notify's rules: it has its own price list and its own books.
type network struct {
	clock    *show.Clock
	rnd      *rand.Rand
	doubtful string // the phone to which a desk writes that is killed

	mu      sync.Mutex
	log     []letter
	copies  map[string]int
	post    []arriving
	heard   []heard
	shows   map[string]string // what a site shows, by address
	outages int
}

type arriving struct {
	at time.Time
	r  notify.Receipt
}

// A heard message is what the network told of one: delivered when, read when.
type heard struct {
	id              notify.MessageID
	channel         notify.ChannelID
	delivered, read time.Time
}

// Send implements notify.Channel.
func (n *network) Send(_ context.Context, o notify.Outgoing) notify.Receipt {
	n.mu.Lock()
	defer n.mu.Unlock()
	now := n.clock.Now()
	if o.Channel == "site" {
		return n.site(o, now)
	}
	n.log = append(n.log, letter{o, now})
	n.copies[o.Key()]++
	switch guest := o.Address[len(o.Address)-1]; {
	case o.Channel == "whatsapp" && strings.ContainsRune("0369", rune(guest)) && o.Address != n.doubtful:
		return notify.Receipt{Failed: notify.FailureUnreachable, Code: "131026"} // no WhatsApp
	case o.Channel == "viber" && strings.ContainsRune("34567", rune(guest)):
		return notify.Receipt{Failed: notify.FailureUnreachable, Code: "6"}
	}
	r := notify.Receipt{Level: notify.LevelAccepted, External: "ext:" + o.Key()}
	h := heard{id: o.ID, channel: o.Channel, delivered: now.Add(time.Duration(1+n.rnd.IntN(8)) * time.Minute)}
	receipts := []arriving{{h.delivered, notify.Receipt{Channel: o.Channel, External: r.External, Level: notify.LevelDelivered, At: h.delivered}}}
	if o.Channel != "sms" && n.rnd.IntN(4) > 0 {
		h.read = h.delivered.Add(time.Duration(n.rnd.IntN(300)) * time.Minute)
		receipts = append(receipts, arriving{h.read, notify.Receipt{Channel: o.Channel, External: r.External, Level: notify.LevelRead, At: h.read}})
	}
	if o.Address == n.doubtful { // the webhook names our key: the answer was never committed
		receipts[0].r.ID, receipts[0].r.Step = o.ID, o.Step
		receipts = receipts[:1]
		h.read = h.delivered
		read := receipts[0]
		read.r.Level = notify.LevelRead
		receipts = append(receipts, read)
	}
	n.heard = append(n.heard, h)
	n.post = append(n.post, receipts...)
	if n.rnd.IntN(3) == 0 {
		n.post = append(n.post, receipts[0]) // twice
	}
	return r
}

// site is a listing site. The northern one is away from the tenth day on, for half a day: at times
// it refuses, at times it acts and does not answer.
func (n *network) site(o notify.Outgoing, now time.Time) notify.Receipt {
	day := now.Sub(time.Date(2026, 6, 10, 0, 0, 0, 0, time.UTC))
	if strings.HasSuffix(o.Address, "@north") && day >= 0 && day < 12*time.Hour {
		n.outages++
		if n.rnd.IntN(2) == 0 {
			return notify.Receipt{Failed: notify.FailureBusy, Code: "503"}
		}
		n.shows[o.Address] = o.Body
		return notify.Receipt{}
	}
	n.shows[o.Address] = o.Body
	return notify.Receipt{Level: notify.LevelAccepted}
}

// deliver returns the receipts that have arrived by now, the late ones first.
func (n *network) deliver(now time.Time) []notify.Receipt {
	n.mu.Lock()
	defer n.mu.Unlock()
	var due []arriving
	n.post = slices.DeleteFunc(n.post, func(a arriving) bool {
		if a.at.After(now) {
			return false
		}
		due = append(due, a)
		return true
	})
	slices.SortStableFunc(due, func(a, b arriving) int { return b.at.Compare(a.at) })
	var receipts []notify.Receipt
	for _, a := range due {
		receipts = append(receipts, a.r)
	}
	return receipts
}

// bill adds up what was delivered, and for SMS taken, by the network's price list in kopecks, and
// what the same messages would have cost by SMS alone.
func (n *network) bill() (cascade, smsAlone decimal.Decimal) {
	parts := func(body string) int64 {
		units, alone, each := len([]rune(body)), 160, 153
		if strings.ContainsFunc(body, func(r rune) bool { return r > 127 }) {
			alone, each = 70, 67
		}
		if units <= alone {
			return 1
		}
		return int64((units + each - 1) / each)
	}
	var kopecks, alone int64
	texts := map[notify.MessageID]string{}
	delivered := map[string]bool{}
	for _, h := range n.heard {
		delivered[string(h.id)+string(h.channel)] = true
	}
	for _, l := range n.log {
		if had, ok := texts[l.ID]; !ok || l.Channel == "sms" && had != l.Body {
			texts[l.ID] = l.Body
		}
		if !delivered[string(l.ID)+string(l.Channel)] {
			continue
		}
		switch l.Channel {
		case "whatsapp":
			kopecks += 90
			if strings.Contains(string(l.ID), "|feedback|") {
				kopecks += 510
			}
		case "viber":
			kopecks += 190
		case "sms":
			kopecks += 480 * parts(l.Body)
		}
	}
	for _, body := range texts {
		alone += 480 * parts(body)
	}
	return decimal.New(kopecks, -2), decimal.New(alone, -2)
}

// unread counts messages that were delivered to a messenger and not read within its alert.
func (n *network) unread() int {
	quarter := func(t time.Time) time.Time { return t.Add(15*time.Minute - 1).Truncate(15 * time.Minute) } // when the desk hears of it
	count := 0
	for _, h := range n.heard {
		if h.channel != "sms" && (h.read.IsZero() || quarter(h.read).After(quarter(h.delivered.Add(3*time.Hour)))) {
			count++
		}
	}
	return count
}
