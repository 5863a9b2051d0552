package notifytest_test

import (
	"context"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/notify/notifytest"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// broken is a store in memory with one promise broken.
type broken struct {
	*notify.Memory
	load   func(notify.Query, []notify.Aggregate) []notify.Aggregate
	commit func(notify.Change) notify.Change
	due    func(now time.Time, limit int) (time.Time, int, func([]store.Key) []store.Key)
	since  func(events []notify.Event, next store.Cursor, after store.Cursor) ([]notify.Event, store.Cursor)
	find   func([]notify.Delivery) []notify.Delivery
	filter func(notify.Filter) notify.Filter
}

func (b *broken) Load(ctx context.Context, q notify.Query) ([]notify.Aggregate, error) {
	loaded, err := b.Memory.Load(ctx, q)
	if b.load != nil {
		loaded = b.load(q, loaded)
	}
	return loaded, err
}

func (b *broken) Commit(ctx context.Context, c notify.Change) error {
	if b.commit != nil {
		c = b.commit(c)
	}
	return b.Memory.Commit(ctx, c)
}

func (b *broken) Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
	after := func(keys []store.Key) []store.Key { return keys }
	if b.due != nil {
		now, limit, after = b.due(now, limit)
	}
	keys, err := b.Memory.Due(ctx, now, limit)
	return after(keys), err
}

func (b *broken) Since(ctx context.Context, after store.Cursor, limit int) ([]notify.Event, store.Cursor, error) {
	events, next, err := b.Memory.Since(ctx, after, limit)
	if b.since != nil {
		events, next = b.since(events, next, after)
	}
	return events, next, err
}

func (b *broken) Find(ctx context.Context, f notify.Filter, after notify.MessageID, limit int) ([]notify.Delivery, error) {
	if b.filter != nil {
		f = b.filter(f)
	}
	found, err := b.Memory.Find(ctx, f, after, limit)
	if b.find != nil {
		found = b.find(found)
	}
	return found, err
}

// onTheWayIn changes each row that is committed.
func onTheWayIn(change func(*notify.Aggregate)) func(*broken) {
	return func(b *broken) {
		b.commit = func(c notify.Change) notify.Change {
			c.Rows = slices.Clone(c.Rows)
			for i := range c.Rows {
				c.Rows[i] = c.Rows[i].Clone()
				change(&c.Rows[i])
			}
			return c
		}
	}
}

func delivery(change func(*notify.Delivery)) func(*broken) {
	return onTheWayIn(func(a *notify.Aggregate) {
		if a.Delivery != nil {
			change(a.Delivery)
		}
	})
}

// Every promise of the suites, broken on purpose, is found out.
func TestBrokenStores(t *testing.T) {
	t.Parallel()
	store1 := func(b *broken) []storetest.Case { return notifytest.Cases(b) }
	due := func(b *broken) []storetest.Case { return notifytest.DueCases(b, b) }
	feed := func(b *broken) []storetest.Case { return notifytest.FeedCases(b, b) }
	find := func(b *broken) []storetest.Case { return notifytest.FindCases(b, b) }
	for _, c := range []struct {
		name    string
		breakIt func(*broken)
		cases   func(*broken) []storetest.Case
		caught  string
	}{
		{"reason lost", delivery(func(d *notify.Delivery) { d.Steps[0].Skipped = nil }), store1, "delivery"},
		{"wake cut to milliseconds", delivery(func(d *notify.Delivery) { d.Wake = d.Wake.Truncate(time.Millisecond) }), store1, "delivery"},
		{"attachments lost", delivery(func(d *notify.Delivery) { d.Attach = nil }), store1, "delivery"},
		{"HTML in variables escaped", delivery(func(d *notify.Delivery) {
			if _, ok := d.Vars["code"]; ok {
				d.Vars["code"] = "&lt;4711&gt;&amp;"
			}
		}), store1, "delivery"},
		{"threads bring nothing", func(b *broken) {
			b.load = func(q notify.Query, loaded []notify.Aggregate) []notify.Aggregate {
				return slices.DeleteFunc(loaded, func(a notify.Aggregate) bool { return !slices.Contains(q.Keys, a.Key) })
			}
		}, store1, "pending"},
		{"a thread brings one only", func(b *broken) {
			b.load = func(q notify.Query, loaded []notify.Aggregate) []notify.Aggregate {
				n := 0
				return slices.DeleteFunc(loaded, func(a notify.Aggregate) bool {
					if slices.Contains(q.Keys, a.Key) {
						return false
					}
					n++
					return n > 1
				})
			}
		}, store1, "pending"},
		{"only what is due is pending", func(b *broken) {
			b.load = func(q notify.Query, loaded []notify.Aggregate) []notify.Aggregate {
				return slices.DeleteFunc(loaded, func(a notify.Aggregate) bool {
					return !slices.Contains(q.Keys, a.Key) && a.Delivery.Wake.IsZero()
				})
			}
		}, store1, "pending"},
		{"the ended are brought too", delivery(func(d *notify.Delivery) {
			if d.State == notify.StateSuperseded {
				d.State = notify.StatePending
			}
		}), store1, "ended"},
		{"moved deliveries stay behind", delivery(func(d *notify.Delivery) {
			if n := len(d.Thread); n > 0 && d.Thread[n-1] == 'x' {
				d.Thread = d.Thread[:n-1]
			}
		}), store1, "ended"},
		{"threads without case", delivery(func(d *notify.Delivery) {
			if n := len(d.Thread); n > 0 && d.Thread[n-1] == 'A' {
				d.Thread = d.Thread[:n-1] + "a"
			}
		}), store1, "several threads"},
		{"only one waits", onTheWayIn(func(a *notify.Aggregate) { a.Waiting = a.Waiting[:min(1, len(a.Waiting))] }), store1, "external"},
		{"whose it is, lost", onTheWayIn(func(a *notify.Aggregate) { a.Message = "" }), store1, "external"},
		{"facts without category", onTheWayIn(func(a *notify.Aggregate) {
			for i := range a.Facts {
				a.Facts[i].Category = ""
			}
		}), store1, "facts"},
		{"thread revisions lost", onTheWayIn(func(a *notify.Aggregate) {
			if a.Kind == notify.KindThread {
				a.Rev = 0
			}
		}), store1, "all kinds: load returns all it was asked for"},
		{"claims lost", delivery(func(d *notify.Delivery) {
			if len(d.Steps) == 1 {
				d.Steps[0].Sent = time.Time{}
			}
		}), store1, "desk"},

		{"due only after the instant", func(b *broken) {
			b.due = func(now time.Time, limit int) (time.Time, int, func([]store.Key) []store.Key) {
				return now.Add(-1), limit, func(k []store.Key) []store.Key { return k }
			}
		}, due, "order"},
		{"due without a limit", func(b *broken) {
			b.due = func(now time.Time, _ int) (time.Time, int, func([]store.Key) []store.Key) {
				return now, 99, func(k []store.Key) []store.Key { return k }
			}
		}, due, "order"},
		{"due in no order", func(b *broken) {
			b.due = func(now time.Time, limit int) (time.Time, int, func([]store.Key) []store.Key) {
				return now, limit, func(k []store.Key) []store.Key { slices.Reverse(k); return k }
			}
		}, due, "order"},
		{"only pending ones are due", delivery(func(d *notify.Delivery) {
			if d.State != notify.StatePending {
				d.Wake = time.Time{}
			}
		}), due, "a reached delivery may be due"},
		{"an old Wake stays", delivery(func(d *notify.Delivery) {
			if d.Wake.IsZero() && d.ID == "B" {
				d.Wake = time.Unix(0, 0)
			}
		}), due, "again"},

		{"events lost", func(b *broken) {
			b.commit = func(c notify.Change) notify.Change {
				if len(c.Events) > 0 && c.Events[0].Seq == 2 {
					c.Events = nil
				}
				return c
			}
		}, feed, "order"},
		{"the feed ignores its limit", func(b *broken) {
			b.since = func(events []notify.Event, next, after store.Cursor) ([]notify.Event, store.Cursor) {
				all, end, _ := b.Memory.Since(context.Background(), after, 1000)
				return all, end
			}
		}, feed, "order"},
		{"the cursor stands still at the end", func(b *broken) {
			b.since = func(events []notify.Event, next, after store.Cursor) ([]notify.Event, store.Cursor) {
				if len(events) == 0 {
					return events, ""
				}
				return events, next
			}
		}, feed, "order"},
		{"receipts not kept in events", func(b *broken) {
			b.since = func(events []notify.Event, next, _ store.Cursor) ([]notify.Event, store.Cursor) {
				for i := range events {
					events[i].Receipt = nil
				}
				return events, next
			}
		}, feed, "exact"},

		{"states not looked at", func(b *broken) { b.filter = func(f notify.Filter) notify.Filter { f.State = nil; return f } }, find, "filters"},
		{"recipients not looked at", func(b *broken) { b.filter = func(f notify.Filter) notify.Filter { f.Recipient = ""; return f } }, find, "filters"},
		{"threads not looked at", func(b *broken) { b.filter = func(f notify.Filter) notify.Filter { f.Thread = ""; return f } }, find, "filters"},
		{"found in no order", func(b *broken) {
			b.find = func(d []notify.Delivery) []notify.Delivery { slices.Reverse(d); return d }
		}, find, "filters"},
		{"a page too short", func(b *broken) {
			b.find = func(d []notify.Delivery) []notify.Delivery { return d[:min(1, len(d))] }
		}, find, "pages"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			b := &broken{Memory: notify.NewMemory()}
			c.breakIt(b)
			var caught []string
			for _, x := range c.cases(b) {
				if x.Run(t.Context()) != nil {
					caught = append(caught, x.Name)
				}
			}
			require.Contains(t, caught, c.caught)
		})
	}
}

// far is a provider in memory with a channel before it, one of whose duties may be broken.
func far(m notifytest.Mood, breakIt func(next notify.Channel) notify.Channel) notifytest.Far {
	var took atomic.Int64
	honest := channelFunc(func(ctx context.Context, o notify.Outgoing) notify.Receipt {
		if ctx.Err() != nil {
			return notify.Receipt{Failed: notify.FailureBusy}
		}
		for _, c := range o.Address + o.Subject {
			if c == '\r' || c == '\n' {
				return notify.Receipt{Failed: notify.FailureRefused}
			}
		}
		switch m {
		case notifytest.Busy:
			return notify.Receipt{Failed: notify.FailureBusy}
		case notifytest.Refuses:
			return notify.Receipt{Failed: notify.FailureRefused}
		case notifytest.Denies:
			return notify.Receipt{Failed: notify.FailureDenied}
		case notifytest.Away:
			return notify.Receipt{Failed: notify.FailureBusy}
		}
		took.Add(1)
		switch m {
		case notifytest.Hangs:
			<-ctx.Done()
			return notify.Receipt{}
		case notifytest.Cuts:
			return notify.Receipt{}
		}
		return notify.Receipt{Level: notify.LevelAccepted, External: o.Key()}
	})
	var ch notify.Channel = honest
	if breakIt != nil {
		ch = breakIt(honest)
	}
	return notifytest.Far{Channel: ch, Address: "a@example.com", Took: func() int { return int(took.Load()) }}
}

type channelFunc func(context.Context, notify.Outgoing) notify.Receipt

func (f channelFunc) Send(ctx context.Context, o notify.Outgoing) notify.Receipt { return f(ctx, o) }

var allMoods = []notifytest.Mood{notifytest.Accepts, notifytest.Busy, notifytest.Refuses, notifytest.Denies, notifytest.Hangs, notifytest.Cuts, notifytest.Away}

func TestHonestChannel(t *testing.T) {
	notifytest.TestChannel(t, func(_ testing.TB, m notifytest.Mood) notifytest.Far { return far(m, nil) }, allMoods...)
}

func TestBrokenChannels(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name    string
		breakIt func(next notify.Channel) notify.Channel
		caught  string
	}{
		{"sends twice", func(next notify.Channel) notify.Channel {
			return channelFunc(func(ctx context.Context, o notify.Outgoing) notify.Receipt {
				next.Send(ctx, o)
				return next.Send(ctx, o)
			})
		}, "accepts"},
		{"repeats when unsure", func(next notify.Channel) notify.Channel {
			return channelFunc(func(ctx context.Context, o notify.Outgoing) notify.Receipt {
				r := next.Send(ctx, o)
				if r.Level == 0 && r.Failed == 0 {
					r = next.Send(context.WithoutCancel(ctx), o)
				}
				return r
			})
		}, "cuts"},
		{"unsure is a failure", func(next notify.Channel) notify.Channel {
			return channelFunc(func(ctx context.Context, o notify.Outgoing) notify.Receipt {
				r := next.Send(ctx, o)
				if r.Level == 0 && r.Failed == 0 {
					r.Failed = notify.FailureBusy
				}
				return r
			})
		}, "hangs"},
		{"unsure is accepted", func(next notify.Channel) notify.Channel {
			return channelFunc(func(ctx context.Context, o notify.Outgoing) notify.Receipt {
				r := next.Send(ctx, o)
				if r.Failed == 0 {
					r.Level = notify.LevelAccepted
				}
				return r
			})
		}, "cuts"},
		{"every no is the same", func(next notify.Channel) notify.Channel {
			return channelFunc(func(ctx context.Context, o notify.Outgoing) notify.Receipt {
				r := next.Send(ctx, o)
				if r.Failed != 0 {
					r.Failed = notify.FailureRefused
				}
				return r
			})
		}, "busy"},
		{"a provider away is for good", func(next notify.Channel) notify.Channel {
			return channelFunc(func(ctx context.Context, o notify.Outgoing) notify.Receipt {
				r := next.Send(ctx, o)
				if r.Failed != 0 {
					r.Failed = notify.FailureRefused
				}
				return r
			})
		}, "away"},
		{"line breaks pass", func(next notify.Channel) notify.Channel {
			return channelFunc(func(ctx context.Context, o notify.Outgoing) notify.Receipt {
				o.Address, o.Subject = "a", "s"
				return next.Send(ctx, o)
			})
		}, "line breaks"},
		{"the context is not looked at", func(next notify.Channel) notify.Channel {
			return channelFunc(func(ctx context.Context, o notify.Outgoing) notify.Receipt {
				return next.Send(context.WithoutCancel(ctx), o)
			})
		}, "a done context"},
		{"one ID for all", func(next notify.Channel) notify.Channel {
			return channelFunc(func(ctx context.Context, o notify.Outgoing) notify.Receipt {
				r := next.Send(ctx, o)
				r.External = "id"
				return r
			})
		}, "many at once"},
		{"variables altered", func(next notify.Channel) notify.Channel {
			return channelFunc(func(ctx context.Context, o notify.Outgoing) notify.Receipt {
				o.Vars["code"] = "****"
				return next.Send(ctx, o)
			})
		}, "what it was given"},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			moods := allMoods
			if c.caught == "a done context" {
				moods = allMoods[:1] // it would hang for as long as the suite is patient
			}
			if c.name == "repeats when unsure" {
				moods = []notifytest.Mood{notifytest.Cuts}
			}
			var caught []string
			for _, x := range notifytest.ChannelCases(func(m notifytest.Mood) notifytest.Far { return far(m, c.breakIt) }, moods...) {
				if x.Run(t.Context()) != nil {
					caught = append(caught, x.Name)
				}
			}
			require.Contains(t, caught, c.caught)
		})
	}
}
