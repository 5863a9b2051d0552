package main

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/ready"
)

// A network stands for the providers of all channels. It takes what is sent, and lets its receipts
// come minutes later; a channel whose plug is pulled takes nothing.
type network struct {
	now     func() time.Time
	mu      sync.Mutex
	pulled  map[notify.ChannelID]bool
	late    []notify.Receipt // on their way, At is when they come
	counter int
}

func newNetwork(now func() time.Time) *network {
	return &network{now: now, pulled: map[notify.ChannelID]bool{}}
}

func (n *network) channels() map[notify.ChannelID]notify.Channel {
	all := map[notify.ChannelID]notify.Channel{}
	for _, c := range ready.Rules().Channels {
		all[c.ID] = n
	}
	return all
}

// Send implements notify.Channel.
func (n *network) Send(_ context.Context, o notify.Outgoing) notify.Receipt {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.pulled[o.Channel] {
		return notify.Receipt{Failed: notify.FailureRefused, Code: "no_line"}
	}
	n.counter++
	external := fmt.Sprintf("%s-%d", o.Channel, n.counter)
	n.promise(o, external)
	return notify.Receipt{External: external, Level: notify.LevelAccepted}
}

// promise plans the receipts of a message by its number: most are read, some only delivered, and
// some telephones are off, so that the next channel's turn comes.
func (n *network) promise(o notify.Outgoing, external string) {
	if o.Channel == "email" || o.Channel == "site" {
		return // they report no more than that they took it
	}
	habit := 0
	for _, b := range o.Address + string(o.ID) {
		habit = (habit*31 + int(b)) % 100
	}
	later := func(level notify.Level, after time.Duration) {
		n.late = append(n.late, notify.Receipt{Channel: o.Channel, External: external, Level: level, At: n.now().Add(after)})
	}
	if o.Channel == "whatsapp" && habit < 12 {
		return
	}
	later(notify.LevelDelivered, time.Duration(20+habit)*time.Second)
	if o.Channel != "sms" && habit >= 30 {
		later(notify.LevelRead, time.Duration(2+habit/4)*time.Minute)
	}
}

// deliver returns the receipts that have come by now.
func (n *network) deliver(now time.Time) []notify.Receipt {
	n.mu.Lock()
	defer n.mu.Unlock()
	var due []notify.Receipt
	n.late = slices.DeleteFunc(n.late, func(r notify.Receipt) bool {
		come := !r.At.After(now)
		if come {
			due = append(due, r)
		}
		return come
	})
	return due
}

// pull takes a channel's plug out, or puts it back.
func (n *network) pull(c notify.ChannelID, out bool) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.pulled[c] = out
}

func (n *network) isPulled(c notify.ChannelID) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.pulled[c]
}
