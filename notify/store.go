package notify

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/tenure-go/tenure/store"
)

// Kinds of keys.
const (
	KindDelivery = "delivery" // a message's ID
	KindAddress  = "address"  // channel|address
	KindThread   = "thread"   // a thread's ID
	KindExternal = "external" // channel|provider's ID
)

func deliveryKey(id MessageID) store.Key { return store.Key{Kind: KindDelivery, ID: string(id)} }
func threadKey(id ThreadID) store.Key    { return store.Key{Kind: KindThread, ID: string(id)} }
func addressKey(ch ChannelID, address string) store.Key {
	return store.Key{Kind: KindAddress, ID: string(ch) + "|" + address}
}
func externalKey(ch ChannelID, id string) store.Key {
	return store.Key{Kind: KindExternal, ID: string(ch) + "|" + id}
}

// A Store keeps deliveries, what is known of addresses, threads, and the providers' IDs. The
// duties are those of [store.Store]; package notifytest proves them.
type Store = store.Store[Query, Aggregate, Change]

// A Query asks for aggregates by key. For a thread Load also returns its deliveries that are
// pending, each as the aggregate of its own key, as of the thread's version or newer.
type Query struct {
	Keys []store.Key
	Lock bool // a Commit follows
}

// An Aggregate is what is kept under a key. Which fields count depends on the kind.
type Aggregate struct {
	store.Key
	Version int64

	Delivery *Delivery // delivery
	Facts    []Fact    // address
	Rev      int64     // thread: the highest so far; address: its events so far
	Message  MessageID // external: whose it is
	Waiting  []Receipt // external: those that came before anybody knew whose
}

// A Change is written whole or not at all. Rows replace what their keys held; each has a guard
// that says Write. A commit that makes a delivery pending writes its thread too.
type Change struct {
	Guards []store.Guard
	Rows   []Aggregate
	Events []Event
}

// Due lists deliveries whose Wake has come, the longest waiting first, then by ID.
type Due interface {
	Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error)
}

// A Feed lists events in an order that never changes: after a cursor, limit at most.
type Feed interface {
	Since(ctx context.Context, after store.Cursor, limit int) ([]Event, store.Cursor, error)
}

// A Filter selects deliveries; what is zero selects all.
type Filter struct {
	Thread    ThreadID
	Recipient string // Recipient.ID
	State     *State
}

// Match reports whether d is selected.
func (f Filter) Match(d *Delivery) bool {
	return (f.Thread == "" || f.Thread == d.Thread) && (f.Recipient == "" || f.Recipient == d.To.ID) && (f.State == nil || *f.State == d.State)
}

// A Finder lists deliveries by ID, byte by byte: those after an ID, limit at most.
type Finder interface {
	Find(ctx context.Context, f Filter, after MessageID, limit int) ([]Delivery, error)
}

// Clone returns a copy of a that shares nothing with it. It is for stores that keep values.
func (a Aggregate) Clone() Aggregate {
	if a.Delivery != nil {
		d := a.Delivery.Clone()
		a.Delivery = &d
	}
	a.Facts, a.Waiting = slices.Clone(a.Facts), slices.Clone(a.Waiting)
	return a
}

// Clone returns a copy of d that shares nothing with it.
func (d Delivery) Clone() Delivery {
	d.Message = d.Message.clone()
	d.Steps = cloneSteps(d.Steps)
	return d
}

// Clone returns a copy of e that shares nothing with it.
func (e Event) Clone() Event {
	e.Receipt, e.Message, e.Fact = clonePointer(e.Receipt), clonePointer(e.Message), clonePointer(e.Fact)
	if e.Message != nil {
		*e.Message = e.Message.clone()
	}
	e.Steps = cloneSteps(e.Steps)
	return e
}

func (m Message) clone() Message {
	m.Vars, m.To.Addresses = maps.Clone(m.Vars), maps.Clone(m.To.Addresses)
	m.Attach = slices.Clone(m.Attach)
	return m
}

func cloneSteps(steps []StepReport) []StepReport {
	steps = slices.Clone(steps)
	for i := range steps {
		steps[i].Skipped = clonePointer(steps[i].Skipped)
	}
	return steps
}

func clonePointer[T any](p *T) *T {
	if p == nil {
		return nil
	}
	v := *p
	return &v
}
