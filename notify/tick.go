package notify

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/tenure-go/tenure/store"
)

// Tick moves on up to limit deliveries whose time has come, and returns how many it moved. Call it
// again and again, from as many processes as you like. It returns when all that it sent is
// answered or timed out; what went wrong with some keeps none of the others.
func (d *Desk) Tick(ctx context.Context, due Due, limit int) (int, error) {
	if d.inside {
		return 0, fmt.Errorf("notify: Tick inside a transaction: %w", errors.ErrUnsupported)
	}
	keys, err := due.Due(ctx, instant(d.now()), limit)
	if err != nil {
		return 0, err
	}
	var (
		wait   sync.WaitGroup
		mu     sync.Mutex
		moved  int
		failed []error
		queue  = make(chan store.Key)
	)
	for range min(d.workers, len(keys)) {
		wait.Go(func() {
			for k := range queue {
				did, err := d.move(ctx, MessageID(k.ID))
				mu.Lock()
				if did {
					moved++
				}
				if err != nil {
					failed = append(failed, fmt.Errorf("%s: %w", k.ID, err))
				}
				mu.Unlock()
			}
		})
	}
feed:
	for _, k := range keys {
		if k.Kind != KindDelivery {
			continue
		}
		select {
		case queue <- k:
		case <-ctx.Done():
			failed = append(failed, context.Cause(ctx))
			break feed
		}
	}
	close(queue)
	wait.Wait()
	return moved, errors.Join(failed...)
}

// move claims what is due of a delivery, sends it, and commits the answer.
func (d *Desk) move(ctx context.Context, id MessageID) (moved bool, err error) {
	var out *Outgoing
	var ready attachments
	err = d.do(ctx, []store.Key{deliveryKey(id)}, func(ctx context.Context) error {
		moved, out, err = d.claim(ctx, id, &ready)
		return err
	})
	if err != nil || out == nil {
		return moved && err == nil, err
	}
	limit := d.lease / 2
	if out.TTL > 0 {
		limit = min(limit, out.TTL)
	}
	sending, cancel := context.WithTimeout(ctx, limit)
	r := d.channels[out.Channel].Send(sending, *out)
	cancel()
	r.ID, r.Step, r.Channel = out.ID, out.Step, out.Channel
	r.External, r.Code = clean(r.External), clean(r.Code)
	if r.Failed == FailureDenied {
		d.rates.pause(out.Channel, instant(d.now()))
	}
	// It was sent, so what came of it is committed even if the caller has given up meanwhile.
	answering, cancel := context.WithTimeout(context.WithoutCancel(ctx), d.lease)
	defer cancel()
	return true, d.receive(answering, r)
}

// clean makes a provider's text one that a store can keep.
func clean(s string) string {
	s = strings.ReplaceAll(strings.ToValidUTF8(s, "?"), "\x00", "?")
	if len(s) > maxName {
		s = strings.ToValidUTF8(s[:maxName], "")
	}
	return s
}

// claim commits what Advance makes of a delivery. Attachments are fetched before, and once.
func (d *Desk) claim(ctx context.Context, id MessageID, ready *attachments) (moved bool, out *Outgoing, err error) {
	peek, err := d.Delivery(ctx, id)
	if err != nil {
		return false, nil, err
	}
	b, err := d.load(ctx, keysOf(&peek.Message))
	if err != nil {
		return false, nil, err
	}
	had := *b.delivery(id)
	if had.Thread != peek.Thread || had.mismatch(peek.Message) != nil {
		return false, nil, fmt.Errorf("notify: %s was replaced: %w", id, store.ErrConflict)
	}
	now := instant(d.now())
	if had.Wake.IsZero() || now.Before(had.Wake) {
		return false, nil, nil
	}
	next, events := d.inThread(b, had, now)
	if events == nil {
		next, out, events = d.engine.Advance(had, b.facts(had.To), now)
	}
	if out != nil {
		if at := d.rates.when(out.Channel, d.engine.channels[out.Channel].PerMinute, now); at.After(now) {
			out = nil
			next, events = postpone(had, at, "rate", now)
		}
	}
	if out != nil && len(out.Attach) > 0 {
		switch ref, err := ready.fetch(ctx, out.Attach, d.attach); {
		case errors.Is(err, ErrGone):
			out = nil
			next, events = gone(had, ref, now)
		case err != nil:
			out = nil
			next, events = postpone(had, now.Add(backoff(id, had.tried()+1, int(had.Seq), attachAgain)), clean(err.Error()), now)
		default:
			out.Data = ready.data
		}
	}
	if len(events) == 0 {
		return false, nil, nil
	}
	b.put(next, events)
	for _, k := range keysOf(&had.Message) {
		switch k.Kind {
		case KindThread:
			b.write(b.rows[k])
		case KindAddress:
			b.compare(k)
		}
	}
	return true, out, b.commit(ctx, d.store)
}

// attachAgain is how long a message waits whose attachment could not be fetched.
const attachAgain = time.Minute

// inThread decides what the order of the thread says about a delivery whose time has come: that it
// is overtaken, that it must wait for one in flight, or nothing.
func (d *Desk) inThread(b *batch, had Delivery, now time.Time) (Delivery, []Event) {
	if had.Thread == "" || had.State != StatePending {
		return had, nil
	}
	if had.Rev < b.rows[threadKey(had.Thread)].Rev {
		if at := d.settled(had, now); at.After(now) {
			return postpone(had, at, "thread", now)
		}
		return end(had, StateSuperseded, "", "", now)
	}
	for _, lower := range b.pending(had.Thread) {
		if lower.Rev >= had.Rev {
			continue
		}
		if at := d.settled(lower, now); at.After(now) {
			return postpone(had, at, "thread", now)
		}
		b.put(end(lower, StateSuperseded, "", "", now))
	}
	return had, nil
}

// settled is when a delivery's unanswered send can no longer act; now if there is none.
func (d *Desk) settled(dl Delivery, now time.Time) time.Time {
	s := dl.inFlight()
	if s == nil {
		return now
	}
	settle := DefaultSettle
	if ch := d.engine.channels[s.Channel]; ch != nil {
		settle = ch.Settle
	}
	return s.Sent.Add(max(settle, d.lease))
}

// attachments are fetched once for a send, however often its claim is tried.
type attachments struct {
	of   []Attachment
	data [][]byte
}

func (a *attachments) fetch(ctx context.Context, of []Attachment, get func(context.Context, string) ([]byte, error)) (ref string, err error) {
	if a.data != nil && slices.Equal(a.of, of) {
		return "", nil
	}
	data := make([][]byte, len(of))
	for i, x := range of {
		if data[i], err = get(ctx, x.Ref); err != nil {
			return x.Ref, err
		}
	}
	a.of, a.data = of, data
	return "", nil
}

// Receive joins receipts to their deliveries, each in a commit of its own, and returns what went
// wrong with any. One with a provider's ID that nobody knows is kept for 10 days and joined when
// the answer to the send tells whose it is.
func (d *Desk) Receive(ctx context.Context, receipts ...Receipt) error {
	var failed []error
	for _, r := range receipts {
		failed = append(failed, d.receive(ctx, r))
	}
	return errors.Join(failed...)
}

func (d *Desk) receive(ctx context.Context, r Receipt) error {
	if err := r.check(); err != nil {
		return err
	}
	var keys []store.Key
	if r.ID != "" {
		keys = append(keys, deliveryKey(r.ID))
	}
	if r.External != "" {
		keys = append(keys, externalKey(r.Channel, r.External))
	}
	return d.do(ctx, keys, func(ctx context.Context) error { return d.join(ctx, r, keys) })
}

func (r Receipt) check() error {
	if r.ID == "" && r.External == "" {
		return &InvalidError{Field: "receipt", Why: "neither ID nor External"}
	}
	if r.External != "" {
		if err := checkName("channel", string(r.Channel)); err != nil {
			return err
		}
	}
	for field, text := range map[string]string{"external": r.External, "id": string(r.ID), "code": r.Code} {
		if err := checkText(field, text, maxName); err != nil {
			return err
		}
	}
	if r.Level > LevelRead || r.Failed > FailureDenied {
		return &InvalidError{Field: "level", Value: r.Level.String() + ", " + r.Failed.String(), Why: "no such level or failure"}
	}
	return nil
}

// join is one attempt to join a receipt to its delivery.
func (d *Desk) join(ctx context.Context, r Receipt, keys []store.Key) error {
	peek, err := d.store.Load(ctx, Query{Keys: keys})
	if err != nil {
		return err
	}
	var had *Delivery
	for _, a := range peek {
		switch {
		case a.Kind == KindDelivery && a.Delivery != nil && a.Delivery.ID == r.ID:
			had = a.Delivery
		case a.Kind == KindExternal && a.Message != "" && r.ID == "":
			found, err := d.Delivery(ctx, a.Message)
			if err != nil {
				return err
			}
			had = &found
		}
	}
	now := instant(d.now())
	if r.At = instant(r.At); r.At.IsZero() || r.At.After(now) {
		r.At = now
	}
	if had == nil {
		return d.keep(ctx, r, now)
	}
	all := keysOf(&had.Message)
	external := externalKey(r.Channel, r.External)
	if r.External != "" {
		all = append(all, external)
	}
	b, err := d.load(ctx, all)
	if err != nil {
		return err
	}
	joined := *b.delivery(had.ID)
	receipts := []Receipt{r}
	if r.External != "" && b.rows[external].Message == "" {
		a := b.rows[external]
		receipts = append(receipts, fresh(a.Waiting, now)...)
		a.Message, a.Waiting = joined.ID, nil
		b.write(a)
	}
	changed := false
	for _, r := range receipts {
		var events []Event
		if joined, events = d.engine.Receive(joined, r, now); len(events) > 0 {
			b.put(joined, events)
			changed = true
			d.witness(b, joined, r, now)
		}
	}
	if changed {
		d.answered(b, joined, now)
	}
	return b.commit(ctx, d.store)
}

// keep puts a receipt by until somebody knows whose it is.
func (d *Desk) keep(ctx context.Context, r Receipt, now time.Time) error {
	if r.External == "" {
		return &UnknownError{Kind: KindDelivery, ID: string(r.ID)}
	}
	key := externalKey(r.Channel, r.External)
	b, err := d.load(ctx, []store.Key{key})
	if err != nil {
		return err
	}
	a := b.rows[key]
	if a.Message != "" {
		return fmt.Errorf("notify: %s became known: %w", key, store.ErrConflict)
	}
	a.Waiting = fresh(a.Waiting, now)
	for _, w := range a.Waiting {
		same := w
		same.At = r.At
		if same == r {
			return nil
		}
	}
	if len(a.Waiting) < maxReceipts {
		a.Waiting = append(a.Waiting, r)
		b.write(a)
	}
	return b.commit(ctx, d.store)
}

// fresh are the receipts that are not too old to be joined.
func fresh(receipts []Receipt, now time.Time) []Receipt {
	var kept []Receipt
	for _, r := range receipts {
		if now.Before(r.At.Add(keepReceipts)) {
			kept = append(kept, r)
		}
	}
	return kept
}

// witness learns from a receipt whether its address can be reached.
func (d *Desk) witness(b *batch, dl Delivery, r Receipt, now time.Time) {
	k := dl.find(r)
	if k < 0 {
		return
	}
	f := Fact{Channel: dl.Steps[k].Channel, Address: dl.To.Addresses[dl.Steps[k].Channel], At: r.At}
	if f.Address == "" {
		return
	}
	switch {
	case r.Level >= LevelDelivered:
		f.Kind = FactReachable
		known := sumUp(b.rows[addressKey(f.Channel, f.Address)].Facts, f.Channel, f.Address, "")
		if known.unreachable.IsZero() {
			return // nothing to refute: an address that always works is not written
		}
	case r.Failed == FailureUnreachable:
		f.Kind = FactUnreachable
	default:
		return
	}
	b.learn(f, now)
}

// answered lets the thread go on after a delivery of it was answered.
func (d *Desk) answered(b *batch, dl Delivery, now time.Time) {
	if dl.Thread == "" || dl.inFlight() != nil {
		return
	}
	if thread := b.rows[threadKey(dl.Thread)]; dl.State == StatePending && dl.Rev < thread.Rev {
		b.put(end(dl, StateSuperseded, "", "", now))
		b.write(thread)
	}
	for _, higher := range b.pending(dl.Thread) {
		if higher.Rev > dl.Rev && higher.tried() < 0 && higher.Wake.After(now) && !d.engine.moment(&higher, nil, now).at.After(now) {
			b.put(postpone(higher, now, "thread", now))
			b.write(b.rows[threadKey(dl.Thread)])
		}
	}
}
