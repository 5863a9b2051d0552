package notify

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A batch is one attempt: what was loaded, what it becomes, and what that depends on.
type batch struct {
	rows   map[store.Key]Aggregate // as loaded, then as changed
	guards map[store.Key]bool      // true: written; false: compared
	events []Event
}

// keysOf are the keys that decisions about m are made on.
func keysOf(m *Message) []store.Key {
	keys := []store.Key{deliveryKey(m.ID)}
	if m.Thread != "" {
		keys = append(keys, threadKey(m.Thread))
	}
	for _, ch := range slices.Sorted(maps.Keys(m.To.Addresses)) {
		keys = append(keys, addressKey(ch, m.To.Addresses[ch]))
	}
	return keys
}

func (d *Desk) load(ctx context.Context, keys []store.Key) (*batch, error) {
	keys = slices.SortedFunc(slices.Values(keys), store.Key.Compare)
	keys = slices.Compact(keys)
	loaded, err := d.store.Load(ctx, Query{Keys: keys, Lock: true})
	if err != nil {
		return nil, err
	}
	b := &batch{rows: make(map[store.Key]Aggregate, len(loaded)), guards: map[store.Key]bool{}}
	for _, a := range loaded {
		b.rows[a.Key] = a
	}
	for _, k := range keys {
		if _, ok := b.rows[k]; !ok {
			return nil, fmt.Errorf("notify: the store did not load %s", k)
		}
	}
	return b, nil
}

func (b *batch) delivery(id MessageID) *Delivery { return b.rows[deliveryKey(id)].Delivery }

// pending are the deliveries of a thread that are, by ID.
func (b *batch) pending(id ThreadID) []Delivery {
	var found []Delivery
	for _, k := range slices.SortedFunc(maps.Keys(b.rows), store.Key.Compare) {
		if d := b.rows[k].Delivery; d != nil && d.Thread == id && d.State == StatePending {
			found = append(found, *d)
		}
	}
	return found
}

// facts are what is known of the addresses of a recipient.
func (b *batch) facts(to Recipient) []Fact {
	var facts []Fact
	for ch, address := range to.Addresses {
		facts = append(facts, b.rows[addressKey(ch, address)].Facts...)
	}
	return facts
}

// compare depends on a key that does not change here.
func (b *batch) compare(k store.Key) {
	if !b.guards[k] {
		b.guards[k] = false
	}
}

func (b *batch) write(a Aggregate) {
	b.guards[a.Key] = true
	b.rows[a.Key] = a
}

func (b *batch) put(d Delivery, events []Event) {
	a := b.rows[d.key()]
	a.Key, a.Delivery = d.key(), &d
	b.write(a)
	b.events = append(b.events, events...)
}

// learn adds a fact to its address, if it is new there.
func (b *batch) learn(f Fact, now time.Time) {
	a := b.rows[addressKey(f.Channel, f.Address)]
	facts, isNew := learn(a.Facts, f)
	if !isNew {
		return
	}
	a.Facts = facts
	a.Rev++
	b.write(a)
	b.events = append(b.events, Event{Key: a.Key, Seq: a.Rev, At: now, Kind: EventLearned, Fact: &f})
}

// commit writes what changed; nothing if nothing did.
func (b *batch) commit(ctx context.Context, s Store) error {
	var c Change
	written := false
	for _, k := range slices.SortedFunc(maps.Keys(b.guards), store.Key.Compare) {
		c.Guards = append(c.Guards, store.Guard{Key: k, Version: b.rows[k].Version, Write: b.guards[k]})
		if b.guards[k] {
			c.Rows = append(c.Rows, b.rows[k])
			written = true
		}
	}
	if !written {
		return nil
	}
	c.Events = b.events
	return s.Commit(ctx, c)
}
