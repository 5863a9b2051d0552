// Package notify gets the right message to a person or a site, once, on the cheapest channel that
// reaches.
//
// A guest must get the reminder once, in time, in their own zone, and never for a cancelled stay.
// Receipts come late, twice and out of order; a send may time out and arrive all the same. A
// listing site needs the last status of a unit, in order, through outages. A [Desk] does that over
// any [Store]:
//
//	desk, err := notify.New(notify.Config{Store: mem, Rules: ready.Rules(), Channels: channels})
//	_, err = desk.Send(ctx, notify.Message{ID: "stay-1|welcome", Template: "received", To: guest, Vars: vars})
//	_, err = desk.Post(ctx, notify.Occasion{ID: "stay-1", Kind: "stay", Start: in, End: out, To: guest, Vars: vars}) // all its reminders
//	_, err = desk.Tick(ctx, mem, 100) // again and again
//	d, err := desk.Delivery(ctx, "stay-1|welcome") // d.State, d.Steps: channel, level, cost, or why skipped
//
// # Cascades
//
// A [Plan] is a list of steps. A step is sent and waits Within for its Until; if that does not come
// the next step's turn comes. A step that is not possible (no address, no consent, a closed
// session window, too little time) is skipped, and its [StepReport] says why. How long the
// provider may try is cut to the step, so that a message given up here does not arrive after the
// next channel has sent it too.
//
// A send has three outcomes: it went, it failed, or nobody knows. The third is never sent again on
// its channel, unless the channel is idempotent: it waits like an accepted one, then the cascade
// goes on.
//
// # Occasions
//
// Reminders are not stored ahead of time as jobs. They follow from an [Occasion] as it is now: post
// it whole after each change, and what is unsent becomes what the occasion says.
//
// # Threads
//
// Messages about one thing carry a Thread and a Rev. No lower Rev is sent after a higher one, one
// is in flight at a time, and what is overtaken is superseded: the receiver ends with the last.
//
// # Crashes
//
// A step is claimed in a commit before it is sent, and the answer is committed after. A process
// that dies between leaves an unknown outcome, never a second message.
package notify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/tenure-go/tenure/store"
)

// Config holds what a Desk needs. Store, Rules and a Channel for each of theirs are required.
type Config struct {
	Store    Store
	Rules    Rules
	Channels map[ChannelID]Channel

	// Now tells the time.
	// Defaults to time.Now.
	Now func() time.Time

	// Attach fetches an attachment when its message is sent. [ErrGone] says that the message
	// must not be sent any more; any other error puts it off.
	// Defaults to a function that knows no attachment, so that a message with one waits.
	Attach func(ctx context.Context, ref string) ([]byte, error)

	// Lease is how long a send may take. A claim older than that has an unknown outcome.
	// Defaults to 1 minute.
	Lease time.Duration

	// Workers is how many messages one Tick sends at a time.
	// Defaults to 8.
	Workers int

	// StopWords are inbound texts that opt out, whatever their case.
	// Defaults to none.
	StopWords []string
}

// What Config fields default to.
const (
	DefaultLease   = time.Minute
	DefaultWorkers = 8
)

// keepReceipts is how long a receipt that nobody knows is kept.
const keepReceipts = 10 * 24 * time.Hour

// maxReceipts is how many such receipts of one provider's ID are kept.
const maxReceipts = 32

// A Desk takes messages and occasions, sends what is due, and joins what is heard of it. It is safe
// for concurrent use; several desks, in several processes, may work over one store.
type Desk struct {
	engine   *Engine
	store    Store
	channels map[ChannelID]Channel
	now      func() time.Time
	attach   func(ctx context.Context, ref string) ([]byte, error)
	lease    time.Duration
	workers  int
	stop     []string
	retry    *store.Retry
	rates    *rates
	inside   bool // in the caller's transaction: one attempt
}

// New returns a desk. Faulty rules, and a channel without its Channel, are a [ConfigError] with
// all problems.
func New(c Config) (*Desk, error) {
	problems := Check(c.Rules)
	for i, spec := range c.Rules.Channels {
		if c.Channels[spec.ID] == nil {
			problems = append(problems, Problem{ProblemNoChannel, fmt.Sprintf("channels[%d]", i), []string{string(spec.ID)}})
		}
	}
	if c.Store == nil {
		problems = append(problems, Problem{Code: ProblemMissingConfig, Path: "Store"})
	}
	if c.Lease < 0 || c.Workers < 0 {
		problems = append(problems, Problem{ProblemNumber, "Lease, Workers", []string{c.Lease.String(), fmt.Sprint(c.Workers)}})
	}
	if len(problems) > 0 {
		return nil, &ConfigError{Problems: problems}
	}
	engine, err := Compile(c.Rules)
	if err != nil {
		return nil, err
	}
	d := &Desk{
		engine: engine, store: c.Store, channels: maps.Clone(c.Channels), now: c.Now, attach: c.Attach,
		lease: c.Lease, workers: c.Workers, stop: slices.Clone(c.StopWords), retry: &store.Retry{}, rates: newRates(),
	}
	if d.now == nil {
		d.now = time.Now
	}
	if d.attach == nil {
		d.attach = func(context.Context, string) ([]byte, error) {
			return nil, errors.New("notify: Config.Attach is not set")
		}
	}
	if d.lease == 0 {
		d.lease = DefaultLease
	}
	if d.workers == 0 {
		d.workers = DefaultWorkers
	}
	engine.lease = d.lease
	return d, nil
}

// In returns the desk over a store that is bound to the caller's transaction. It makes one attempt
// and never retries; it cannot Tick, for a message must not leave before its claim is committed.
func (d *Desk) In(s Store) *Desk {
	in := *d
	in.store, in.inside = s, true
	return &in
}

// Send takes messages, all in one commit or none. Nothing leaves before the next Tick. A message
// that was taken before is returned as it now is; with other content it is a [MismatchError].
func (d *Desk) Send(ctx context.Context, messages ...Message) ([]Delivery, error) {
	var keys []store.Key
	messages = slices.Clone(messages)
	for i, m := range messages {
		messages[i] = m.normal()
		if _, err := d.engine.accept(messages[i]); err != nil {
			return nil, err
		}
		keys = append(keys, keysOf(&messages[i])...)
	}
	var sent []Delivery
	err := d.do(ctx, keys, func(ctx context.Context) error {
		b, err := d.load(ctx, keys)
		if err != nil {
			return err
		}
		now := instant(d.now())
		sent = sent[:0]
		for _, m := range messages {
			taken, err := d.take(b, m, now)
			if err != nil {
				return err
			}
			sent = append(sent, taken)
		}
		return b.commit(ctx, d.store)
	})
	if err != nil {
		return nil, err
	}
	return sent, nil
}

func (d *Desk) take(b *batch, m Message, now time.Time) (Delivery, error) {
	if had := b.delivery(m.ID); had != nil {
		return *had, had.mismatch(m)
	}
	taken, events := d.engine.lay(Delivery{}, m, EventStarted, b.facts(m.To), now)
	if m.Thread != "" {
		thread := b.rows[threadKey(m.Thread)]
		switch {
		case m.Rev < thread.Rev:
			b.put(taken, events)
			taken, events = end(taken, StateSuperseded, m.By, m.Why, now)
		case m.Rev > thread.Rev:
			thread.Rev = m.Rev
			for _, lower := range b.pending(m.Thread) {
				if lower.Rev < m.Rev && lower.inFlight() == nil {
					b.put(end(lower, StateSuperseded, m.By, m.Why, now))
				}
			}
		}
		b.write(thread) // what is pending in it changes
	}
	b.put(taken, events)
	return taken, nil
}

// Post makes what is unsent in the occasions' threads what follows from the occasions as they are
// now, all in one commit or none. It returns the deliveries that it names or changed, by ID. A
// message already on its way goes on if the occasion still says so. An occasion older than its
// thread changes nothing.
func (d *Desk) Post(ctx context.Context, occasions ...Occasion) ([]Delivery, error) {
	var threads []store.Key
	for _, o := range occasions {
		if err := o.check(); err != nil {
			return nil, err
		}
		threads = append(threads, threadKey(o.thread()))
	}
	var posted []Delivery
	err := d.do(ctx, threads, func(ctx context.Context) error {
		now := instant(d.now())
		keys := slices.Clone(threads)
		for _, o := range occasions {
			for _, m := range d.engine.derive(o, now) {
				keys = append(keys, keysOf(&m.Message)...)
			}
		}
		b, err := d.load(ctx, keys)
		if err != nil {
			return err
		}
		named := map[MessageID]bool{}
		for _, o := range occasions {
			if err := d.post(b, o, named, now); err != nil {
				return err
			}
		}
		posted = posted[:0]
		for _, id := range slices.Sorted(maps.Keys(named)) {
			if has := b.delivery(id); has != nil {
				posted = append(posted, *has)
			}
		}
		return b.commit(ctx, d.store)
	})
	if err != nil {
		return nil, err
	}
	return posted, nil
}

func (d *Desk) post(b *batch, o Occasion, named map[MessageID]bool, now time.Time) error {
	thread := b.rows[threadKey(o.thread())]
	if o.Rev < thread.Rev {
		return nil
	}
	had := map[MessageID]Delivery{}
	for _, p := range b.pending(o.thread()) {
		had[p.ID] = p
	}
	for _, m := range d.engine.derive(o, now) {
		named[m.ID] = true
		if known := b.delivery(m.ID); known != nil {
			had[m.ID] = *known
		}
	}
	changed, events, err := d.engine.post(o, had, b.facts, now)
	if err != nil {
		return err
	}
	for _, c := range changed {
		named[c.ID] = true
		b.put(c, nil)
	}
	b.events = append(b.events, events...)
	if o.Rev > thread.Rev || len(changed) > 0 {
		thread.Rev = o.Rev
		b.write(thread)
	}
	return nil
}

// Delivery returns a message's delivery as it is now.
func (d *Desk) Delivery(ctx context.Context, id MessageID) (Delivery, error) {
	loaded, err := d.store.Load(ctx, Query{Keys: []store.Key{deliveryKey(id)}})
	if err != nil {
		return Delivery{}, err
	}
	for _, a := range loaded {
		if a.Key == deliveryKey(id) && a.Delivery != nil {
			return *a.Delivery, nil
		}
	}
	return Delivery{}, &UnknownError{Kind: KindDelivery, ID: string(id)}
}

// Force sends a message on a channel by hand: see [Force].
func (d *Desk) Force(ctx context.Context, f Force) (Delivery, error) {
	return d.change(ctx, f.ID, func(b *batch, had Delivery, now time.Time) (Delivery, []Event, error) {
		return d.engine.force(had, f, b.facts(had.To), now)
	})
}

// Cancel withdraws a message that has not ended: no further step is sent. A message that has
// reached, or is dead, is a [RefusedError]; one that is cancelled stays so.
func (d *Desk) Cancel(ctx context.Context, c Cancel) (Delivery, error) {
	return d.change(ctx, c.ID, func(_ *batch, had Delivery, now time.Time) (Delivery, []Event, error) {
		return d.engine.cancel(had, c, now)
	})
}

// change commits what decide makes of one delivery.
func (d *Desk) change(ctx context.Context, id MessageID, decide func(*batch, Delivery, time.Time) (Delivery, []Event, error)) (Delivery, error) {
	var changed Delivery
	err := d.do(ctx, []store.Key{deliveryKey(id)}, func(ctx context.Context) error {
		had, err := d.Delivery(ctx, id)
		if err != nil {
			return err
		}
		b, err := d.load(ctx, keysOf(&had.Message))
		if err != nil {
			return err
		}
		var events []Event
		changed, events, err = decide(b, *b.delivery(id), instant(d.now()))
		if err != nil {
			return err
		}
		if len(events) > 0 {
			b.put(changed, events)
			if changed.Thread != "" {
				b.write(b.rows[threadKey(changed.Thread)])
			}
		}
		return b.commit(ctx, d.store)
	})
	if err != nil {
		return Delivery{}, err
	}
	return changed, nil
}

// Learn adds facts about addresses, each in a commit of its own, and returns what went wrong with
// any. An inbound message whose text is a stop word also opts out.
func (d *Desk) Learn(ctx context.Context, facts ...Fact) error {
	var failed []error
	for _, f := range facts {
		failed = append(failed, d.learn(ctx, f))
	}
	return errors.Join(failed...)
}

func (d *Desk) learn(ctx context.Context, f Fact) error {
	if err := f.check(); err != nil {
		return err
	}
	if f.Category != "" && d.engine.categories[f.Category] == nil {
		return unknown("category", f.Category, d.engine.categories)
	}
	now := instant(d.now())
	f.At = instant(f.At)
	if f.At.IsZero() || f.At.After(now) {
		f.At = now
	}
	news := []Fact{f}
	if f.Kind == FactInbound && isStop(f.Text, d.stop) {
		news = append(news, Fact{Channel: f.Channel, Address: f.Address, Kind: FactOptOut, At: f.At})
	}
	key := addressKey(f.Channel, f.Address)
	return d.do(ctx, []store.Key{key}, func(ctx context.Context) error {
		b, err := d.load(ctx, []store.Key{key})
		if err != nil {
			return err
		}
		for _, f := range news {
			b.learn(f, now)
		}
		return b.commit(ctx, d.store)
	})
}

// do makes attempts until one meets no conflict; a single one in a caller's transaction.
func (d *Desk) do(ctx context.Context, keys []store.Key, attempt func(context.Context) error) error {
	if d.inside {
		return attempt(ctx)
	}
	var own []store.Key // addresses are only compared: no need to take turns
	for _, k := range keys {
		if k.Kind != KindAddress || len(keys) == 1 {
			own = append(own, k)
		}
	}
	return d.retry.Do(ctx, own, attempt)
}
