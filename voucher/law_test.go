package voucher_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/voucher"
)

// The laws about numbers, each as a property over random histories: commands of two desks over one
// store that conflicts, crashes and loses answers, under a clock that steps back.

var errCrash = errors.New("crashed")

// A faulty store fails as it is told to.
type faulty struct {
	*voucher.Memory
	fault   string // of the next Commit
	between func() // runs once between the next Load of counters and its Commit
}

func (f *faulty) Load(ctx context.Context, q voucher.Query) ([]voucher.Aggregate, error) {
	as, err := f.Memory.Load(ctx, q)
	if run := f.between; run != nil && len(q.Counters) > 0 {
		f.between = nil
		run()
	}
	return as, err
}

func (f *faulty) Commit(ctx context.Context, c voucher.Change) error {
	fault := f.fault
	f.fault = ""
	switch fault {
	case "crash before":
		return errCrash
	case "conflict":
		return fmt.Errorf("another was faster: %w", store.ErrConflict)
	case "crash after":
		if err := f.Memory.Commit(ctx, c); err != nil {
			return err
		}
		return errCrash
	}
	return f.Memory.Commit(ctx, c)
}

// A done is a command with its first answer.
type done struct {
	what   string
	run    func(*voucher.Desk) ([]voucher.Voucher, error)
	answer []voucher.Voucher
}

// A world is a history as its users saw it.
type world struct {
	store   *faulty
	desk    *voucher.Desk // over the faulty store
	other   *voucher.Desk // over the store itself
	now     time.Time
	count   int
	done    []done
	batches [][]voucher.Voucher // what Issue answered
	moves   []move
}

// A move is a reissue with what was there before.
type move struct {
	before, after voucher.Voucher
	item          voucher.Item
}

func newWorld(t *rapid.T) *world {
	w := &world{store: &faulty{Memory: voucher.NewMemory()}, now: time.Date(2021, 5, 1, 22, 30, 0, 0, time.UTC)}
	config := voucher.Config{Store: w.store, Now: func() time.Time { return w.now }, Zone: "Asia/Almaty",
		Series: map[voucher.SeriesID]string{"": "{seq:2}{dd}{mm}{yy}", "B": "B{seq:1}{dd}{mm}{yy}"}}
	var err error
	w.desk, err = voucher.New(config)
	require.NoError(t, err)
	config.Store = w.store.Memory
	w.other, err = voucher.New(config)
	require.NoError(t, err)
	return w
}

func (w *world) id(prefix string) voucher.CommandID {
	w.count++
	return voucher.CommandID(fmt.Sprint(prefix, w.count))
}

func (w *world) item(t *rapid.T, reservation string) voucher.Item {
	i := voucher.Item{Reservation: voucher.ReservationID(reservation), TripStart: june8 + date.Date(rapid.IntRange(0, 2).Draw(t, "trip"))}
	i.TripEnd = i.TripStart + date.Date(rapid.IntRange(0, 3).Draw(t, "nights"))
	i.Manager = rapid.SampledFrom([]voucher.ManagerID{"", "m1", "m2"}).Draw(t, "manager")
	if rapid.Bool().Draw(t, "valued") {
		i.Values = voucher.Values{"tour": voucher.Text(rapid.StringMatching(`[a-zА-Я<&"\n]{0,5}`).Draw(t, "tour"))}
	}
	return i
}

// do runs a command until its outcome is known: who meets a crash repeats it with the same ID.
func (w *world) do(t *rapid.T, what string, run func(*voucher.Desk) ([]voucher.Voucher, error)) ([]voucher.Voucher, bool) {
	w.store.fault = rapid.SampledFrom([]string{"", "", "", "", "", "", "", "conflict", "crash before", "crash after"}).Draw(t, "fault")
	if rapid.IntRange(0, 4).Draw(t, "interleave") == 0 {
		item, id := w.item(t, fmt.Sprint("other-", w.count)), w.id("other")
		w.store.between = func() {
			vs, err := w.other.Issue(t.Context(), voucher.Issue{ID: id, Items: []voucher.Item{item}})
			require.NoError(t, err)
			w.batches = append(w.batches, vs)
		}
	}
	for {
		vs, err := run(w.desk)
		if errors.Is(err, errCrash) {
			continue
		}
		w.store.fault, w.store.between = "", nil
		var refused *voucher.RefusedError
		var taken *voucher.TakenError
		if errors.As(err, &refused) || errors.As(err, &taken) {
			return nil, false
		}
		require.NoError(t, err, what)
		w.done = append(w.done, done{what, run, vs})
		return vs, true
	}
}

func (w *world) issue(t *rapid.T) {
	cmd := voucher.Issue{ID: w.id("issue"), Series: rapid.SampledFrom([]voucher.SeriesID{"", "B"}).Draw(t, "series"), By: "m"}
	names := rapid.SliceOfNDistinct(rapid.StringMatching(`R[0-9]`), 1, 4, rapid.ID[string]).Draw(t, "reservations")
	for _, name := range names {
		cmd.Items = append(cmd.Items, w.item(t, name))
	}
	if vs, ok := w.do(t, "issue", func(d *voucher.Desk) ([]voucher.Voucher, error) { return d.Issue(t.Context(), cmd) }); ok {
		w.batches = append(w.batches, vs)
	}
}

// pick draws a voucher that exists.
func (w *world) pick(t *rapid.T) voucher.Voucher {
	all := w.all(t)
	if len(all) == 0 {
		t.Skip("no voucher yet")
	}
	return rapid.SampledFrom(all).Draw(t, "voucher")
}

func (w *world) reissue(t *rapid.T) {
	before := w.pick(t)
	cmd := voucher.Reissue{Ref: before.Ref(), ID: w.id("reissue"), Item: w.item(t, string(before.Item.Reservation)), By: "m", Why: "changed"}
	vs, ok := w.do(t, "reissue", func(d *voucher.Desk) ([]voucher.Voucher, error) {
		v, err := d.Reissue(t.Context(), cmd)
		return []voucher.Voucher{v}, err
	})
	if ok {
		w.moves = append(w.moves, move{before, vs[0], cmd.Item})
	}
	if before.State == voucher.StateVoid {
		require.False(t, ok, "a void voucher was reissued")
	}
}

func (w *world) void(t *rapid.T) {
	v := w.pick(t)
	cmd := voucher.Void{Ref: v.Ref(), By: "m"}
	w.do(t, "void", func(d *voucher.Desk) ([]voucher.Voucher, error) {
		v, err := d.Void(t.Context(), cmd)
		return []voucher.Voucher{v}, err
	})
}

func (w *world) adopt(t *rapid.T) {
	item := w.item(t, rapid.StringMatching(`R[0-9]`).Draw(t, "reservation"))
	number := fmt.Sprintf("%02d%s", rapid.IntRange(1, 30).Draw(t, "seq"), item.TripStart.Format("020106"))
	if rapid.Bool().Draw(t, "text") {
		number = rapid.StringMatching(`old[0-9]`).Draw(t, "number")
	}
	cmd := voucher.Adopt{ID: w.id("adopt"), Number: number, Item: item, Issued: date.New(2021, 3, 1), By: "m"}
	w.do(t, "adopt", func(d *voucher.Desk) ([]voucher.Voucher, error) {
		v, err := d.Adopt(t.Context(), cmd)
		return []voucher.Voucher{v}, err
	})
}

func (w *world) clock(t *rapid.T) {
	w.now = w.now.Add(time.Duration(rapid.IntRange(-600, 600).Draw(t, "minutes")) * time.Minute)
}

func (w *world) all(t *rapid.T) []voucher.Voucher {
	var all []voucher.Voucher
	for v, err := range voucher.All(t.Context(), w.store, voucher.Filter{}) {
		require.NoError(t, err)
		all = append(all, v)
	}
	return all
}

func (w *world) events(t *rapid.T) []voucher.Event {
	events, _, err := w.store.Since(t.Context(), "", 1_000_000)
	require.NoError(t, err)
	return events
}

// counters are all rows of this world.
func (w *world) counters(t *rapid.T) map[voucher.CounterKey]voucher.Counter {
	rows := map[voucher.CounterKey]voucher.Counter{}
	for _, series := range []voucher.SeriesID{"", "B"} {
		for i := range date.Date(3) {
			as, err := w.store.Memory.Load(t.Context(), voucher.Query{Counters: []voucher.CounterKey{{TripStart: june8 + i, Series: series}}})
			require.NoError(t, err)
			rows[as[0].Counter.CounterKey] = as[0].Counter
		}
	}
	return rows
}

// always checks a law in the course of random histories and at their end.
func always(t *testing.T, law func(t *rapid.T, w *world)) {
	rapid.Check(t, func(t *rapid.T) {
		w, steps := newWorld(t), 0
		t.Repeat(map[string]func(*rapid.T){
			"issue": w.issue, "issue again": w.issue, "reissue": w.reissue, "void": w.void, "adopt": w.adopt, "clock": w.clock,
			"": func(t *rapid.T) {
				if steps++; steps%8 == 0 {
					law(t, w)
				}
			},
		})
		law(t, w)
	})
}

type place struct {
	series voucher.SeriesID
	trip   date.Date
	seq    int64
}

func placeOf(v voucher.Voucher) place {
	return place{v.Number.Series(), v.Number.TripStart(), v.Number.Seq()}
}

// Law 2: no two vouchers share series, trip start and place, nor does any command answer a number
// that another voucher has.
func TestNoNumberTwice(t *testing.T) {
	t.Parallel()
	always(t, func(t *rapid.T, w *world) {
		owner, id := map[place]voucher.ReservationID{}, map[place]voucher.VoucherID{}
		see := func(v voucher.Voucher) {
			p := placeOf(v)
			if p.seq == 0 {
				return
			}
			if had, ok := owner[p]; ok {
				require.Equal(t, had, v.Item.Reservation, "%v was given twice", p)
				require.Equal(t, id[p], v.ID)
			}
			owner[p], id[p] = v.Item.Reservation, v.ID
		}
		texts := map[string]bool{}
		for _, v := range w.all(t) {
			see(v)
			if v.Number.Seq() > 0 {
				require.False(t, texts[v.Text], "%s is printed on two vouchers", v.Text)
				texts[v.Text] = true
			}
		}
		for _, d := range w.done {
			for _, v := range d.answer {
				see(v)
			}
		}
	})
}

// Law 3: every place in (Adopted, Last] has exactly one voucher, whatever conflicted or crashed.
func TestNoGap(t *testing.T) {
	t.Parallel()
	always(t, func(t *rapid.T, w *world) {
		has := map[place]int{}
		for _, v := range w.all(t) {
			has[placeOf(v)]++
		}
		for key, row := range w.counters(t) {
			for seq := row.Adopted + 1; seq <= row.Last; seq++ {
				require.Equal(t, 1, has[place{key.Series, key.TripStart, seq}], "place %d of %v", seq, row)
			}
			for p := range has {
				if p.series == key.Series && p.trip == key.TripStart {
					require.LessOrEqual(t, p.seq, row.Last)
				}
			}
		}
	})
}

// Law 4: Last never falls, and a void number is never given again.
func TestCountersNeverFall(t *testing.T) {
	t.Parallel()
	type seen struct {
		last map[voucher.CounterKey]voucher.Counter
		void map[voucher.VoucherID]voucher.ReservationID
	}
	before := map[*world]seen{}
	always(t, func(t *rapid.T, w *world) {
		was, ok := before[w]
		if !ok {
			clear(before) // the world before is over
			was = seen{map[voucher.CounterKey]voucher.Counter{}, map[voucher.VoucherID]voucher.ReservationID{}}
			before[w] = was
		}
		for key, row := range w.counters(t) {
			require.GreaterOrEqual(t, row.Last, was.last[key].Last)
			require.GreaterOrEqual(t, row.Adopted, was.last[key].Adopted)
			was.last[key] = row
		}
		for _, v := range w.all(t) {
			if of, ok := was.void[v.ID]; ok {
				require.Equal(t, voucher.StateVoid, v.State, "%s came back", v.ID)
				require.Equal(t, of, v.Item.Reservation)
			}
			if v.State == voucher.StateVoid {
				was.void[v.ID] = v.Item.Reservation
			}
		}
	})
}

// Law 5: a batch gets consecutive places per date in the order asked, or writes nothing.
func TestBatchesAreInARowOrNothing(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"issue": func(t *rapid.T) {
				batches, events := len(w.batches), len(w.events(t))
				w.issue(t)
				written := 0
				for _, batch := range w.batches[batches:] {
					written += len(batch)
					next := map[date.Date]int64{}
					for _, v := range batch {
						trip := v.Item.TripStart
						if next[trip] > 0 {
							require.Equal(t, next[trip], v.Number.Seq(), "batch %v", batch)
						}
						next[trip] = v.Number.Seq() + 1
					}
				}
				require.Len(t, w.events(t), events+written, "what was not granted was written")
			},
			"void": w.void, "adopt": w.adopt,
		})
	})
}

// Law 6: a reservation has at most one live voucher.
func TestOneLiveVoucher(t *testing.T) {
	t.Parallel()
	always(t, func(t *rapid.T, w *world) {
		live := map[voucher.ReservationID]int{}
		for _, v := range w.all(t) {
			if v.State == voucher.StateIssued {
				live[v.Item.Reservation]++
				require.Equal(t, 1, live[v.Item.Reservation], "of %s", v.Item.Reservation)
			}
		}
	})
}

// Law 7: a repeated command answers what it answered first, and writes nothing; with other content
// it names the field.
func TestRepeatedCommands(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		t.Repeat(map[string]func(*rapid.T){
			"issue": w.issue, "reissue": w.reissue, "void": w.void, "adopt": w.adopt, "clock": w.clock,
			"repeat": func(t *rapid.T) {
				if len(w.done) == 0 {
					t.Skip("nothing was done yet")
				}
				d := rapid.SampledFrom(w.done).Draw(t, "done")
				events := w.events(t)
				answer, err := d.run(w.desk)
				require.NoError(t, err)
				if d.what == "void" { // has no ID: it answers the void voucher as it is
					require.Equal(t, voucher.StateVoid, answer[0].State)
					require.Equal(t, d.answer[0].ID, answer[0].ID)
				} else {
					require.Equal(t, d.answer, answer)
				}
				require.Equal(t, events, w.events(t))
			},
			"same ID, other content": func(t *rapid.T) {
				if len(w.batches) == 0 {
					t.Skip("nothing was issued yet")
				}
				batch := rapid.SampledFrom(w.batches).Draw(t, "batch")
				v := rapid.SampledFrom(batch).Draw(t, "voucher")
				cmd := voucher.Issue{ID: v.Revisions[0].Command, Series: v.Number.Series(), By: v.Revisions[0].By}
				for _, b := range batch {
					cmd.Items = append(cmd.Items, b.Item)
				}
				item := &cmd.Items[rapid.IntRange(0, len(batch)-1).Draw(t, "item")]
				field := rapid.SampledFrom([]string{"trip_start", "trip_end", "partner", "manager", "values.x", "by", "why", "items", "series"}).Draw(t, "field")
				switch field {
				case "trip_start":
					item.TripStart--
				case "trip_end":
					item.TripEnd++
				case "partner":
					item.Partner += "x"
				case "manager":
					item.Manager += "x"
				case "values.x":
					item.Values = voucher.Values{"x": voucher.Yes(true)}
					for id, value := range v.Item.Values {
						if item.Reservation == v.Item.Reservation {
							item.Values[id] = value
						}
					}
					if item.Reservation != v.Item.Reservation {
						return
					}
				case "by":
					cmd.By += "x"
				case "why":
					cmd.Why += "x"
				case "items":
					cmd.Items = append(cmd.Items, w.item(t, "one more"))
				case "series":
					cmd.Series = map[voucher.SeriesID]voucher.SeriesID{"": "B", "B": ""}[cmd.Series]
				}
				_, err := w.desk.Issue(t.Context(), cmd)
				var mismatch *voucher.MismatchError
				require.ErrorAs(t, err, &mismatch)
				require.Equal(t, field, mismatch.Field)
				require.NotEqual(t, mismatch.Had, mismatch.Got)
			},
		})
	})
}

// Law 8: with the same trip start a reissue keeps the number and counts the revision; with another
// it voids the old voucher and links a new one both ways.
func TestReissueKeepsOrMoves(t *testing.T) {
	t.Parallel()
	always(t, func(t *rapid.T, w *world) {
		for _, m := range w.moves {
			if m.item.TripStart == m.before.Item.TripStart {
				require.Equal(t, m.before.ID, m.after.ID)
				require.Equal(t, m.before.Text, m.after.Text)
				require.Equal(t, m.before.Rev+1, m.after.Rev)
				require.Len(t, m.after.Revisions, int(m.after.Rev))
			} else {
				require.NotEqual(t, m.before.ID, m.after.ID)
				require.Equal(t, int64(1), m.after.Rev)
				require.Equal(t, m.before.ID, m.after.Replaces)
				old, err := w.other.Voucher(t.Context(), m.before.ID)
				require.NoError(t, err)
				require.Equal(t, voucher.StateVoid, old.State)
				require.Equal(t, m.after.ID, old.ReplacedBy)
				require.Equal(t, m.before.Text, old.Text)
			}
			require.Equal(t, m.item, m.after.Item)
			require.Equal(t, m.before.Number.Series(), m.after.Number.Series())
		}
		w.moves = nil // each is looked at once
	})
}

// Law 9: the fold of the events is the state, whatever their order.
func TestFoldIsTheState(t *testing.T) {
	t.Parallel()
	always(t, func(t *rapid.T, w *world) {
		events := w.events(t)
		seqs := map[store.Key]int64{}
		for _, e := range events {
			seqs[e.Key]++
			require.Equal(t, seqs[e.Key], e.Seq)
		}
		if len(events) > 0 {
			events = rapid.Permutation(events).Draw(t, "order")
		}
		vouchers, rows := voucher.Fold(events)
		require.Equal(t, w.all(t), slices.Clip(vouchers))
		stored := w.counters(t)
		for _, row := range rows {
			require.Equal(t, stored[row.CounterKey], row)
			delete(stored, row.CounterKey)
		}
		for _, row := range stored {
			require.Zero(t, row.Last)
		}
	})
}

// Law 12: paging with any limit yields every match that was there at the start once, in order,
// while others insert.
func TestPagesWhileOthersInsert(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		w := newWorld(t)
		steps := rapid.IntRange(1, 12).Draw(t, "steps")
		for range steps {
			w.issue(t)
		}
		filter := rapid.SampledFrom([]voucher.Filter{{}, {Series: []voucher.SeriesID{"B"}}, {Manager: "m1"}, {Trip: voucher.Dates{First: june8 + 1}}, {Prefix: "0"}}).Draw(t, "filter")
		var want []voucher.VoucherID
		for _, v := range w.all(t) {
			if filter.Match(v) {
				want = append(want, v.ID)
			}
		}
		limit := rapid.IntRange(1, 5).Draw(t, "limit")
		var got []voucher.Voucher
		var after store.Cursor
		for {
			page, next, err := w.store.Find(t.Context(), filter, after, limit)
			require.NoError(t, err)
			require.LessOrEqual(t, len(page), limit)
			got = append(got, page...)
			if after = next; next == "" {
				break
			}
			if w.count < 60 {
				w.issue(t)
			}
		}
		for i := 1; i < len(got); i++ {
			require.Negative(t, got[i-1].Compare(got[i]), "in order, once")
		}
		var met []voucher.VoucherID
		for _, v := range got {
			require.True(t, filter.Match(v))
			if slices.Contains(want, v.ID) {
				met = append(met, v.ID)
			}
		}
		require.Equal(t, want, met)
	})
}
