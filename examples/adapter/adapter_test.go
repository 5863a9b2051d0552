package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/bookingtest"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

func TestStore(t *testing.T) {
	t.Parallel()
	bookingtest.TestStore(t, func(*testing.T) booking.Store { return NewStore(&strict{}) })
}

func TestFeed(t *testing.T) {
	t.Parallel()
	bookingtest.TestFeed(t, func(*testing.T) (booking.Store, booking.Feed) {
		s := NewStore(&strict{})
		return s, s
	})
}

func TestDue(t *testing.T) {
	t.Parallel()
	bookingtest.TestDue(t, func(*testing.T) (booking.Store, booking.Due) {
		s := NewStore(&strict{})
		return s, s
	})
}

func TestTx(t *testing.T) {
	t.Parallel()
	bookingtest.TestTx(t, func(*testing.T) bookingtest.Tx {
		kv := &strict{}
		s := NewStore(kv)
		return bookingtest.Tx{
			Store: s,
			InTx: func(ctx context.Context, fn func(context.Context, booking.Store, func(string) error) error) error {
				return s.InTx(ctx, func(tx KV) error {
					return fn(ctx, NewStore(tx), func(text string) error {
						_, err := tx.Swap(ctx, nil, []Put{{"own\x00" + text, text}})
						return err
					})
				})
			},
			Own: func(ctx context.Context) ([]string, error) {
				pairs, err := kv.Range(ctx, "own\x00", "own\x01", 1000)
				var texts []string
				for _, p := range pairs {
					texts = append(texts, p.Value)
				}
				return texts, err
			},
		}
	})
}

func BenchmarkStore(b *testing.B) {
	bookingtest.BenchmarkStore(b, func(*testing.B) booking.Store { return NewStore(&Map{}) })
}

// strict is a Map with the bounds of databases that this adapter is meant for: etcd takes 128
// operations at once, and no key twice.
type strict struct{ Map }

func (s *strict) Swap(ctx context.Context, had []Stamp, changes []Put) (bool, error) {
	keys := map[string]bool{}
	for _, c := range changes {
		keys[c.Key] = true
	}
	if len(keys) < len(changes) || len(had)+len(changes) > 128 {
		return false, fmt.Errorf("a swap of %d changes of %d keys, on %d conditions", len(changes), len(keys), len(had))
	}
	return s.Map.Swap(ctx, had, changes)
}

// The suites tell a broken database from a sound one, by the case named.
func TestFaults(t *testing.T) {
	t.Parallel()
	tests := []struct {
		fault, caught string
		kv            *faulty
	}{
		{"a revision is only 0 or 1", "a write changes the version", &faulty{get: func(p []Pair) {
			for i := range p {
				p[i].Rev = min(1, p[i].Rev)
			}
		}}},
		{"values lose their case", "hostile texts", &faulty{get: func(p []Pair) {
			for i := range p {
				p[i].Value = strings.ReplaceAll(p[i].Value, `"holder":"A"`, `"holder":"a"`)
			}
		}}},
		{"a range begins at its end", "each once, in order", &faulty{list: slices.Reverse[[]Pair]}},
		{"a range knows no order", "order", &faulty{list: slices.Reverse[[]Pair]}},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			s := NewStore(tt.kv)
			cases := slices.Concat(bookingtest.Cases(s), bookingtest.FeedCases(s, s), bookingtest.DueCases(s, s))
			i := slices.IndexFunc(cases, func(c storetest.Case) bool { return c.Name == tt.caught })
			require.GreaterOrEqual(t, i, 0)
			require.Error(t, cases[i].Run(t.Context()), cases[i].Rule)
		})
	}
}

// faulty is a Map that changes what it answers.
type faulty struct {
	Map
	get, list func([]Pair)
}

func (f *faulty) Get(ctx context.Context, keys ...string) ([]Pair, error) {
	pairs, err := f.Map.Get(ctx, keys...)
	if f.get != nil {
		f.get(pairs)
	}
	return pairs, err
}

func (f *faulty) Range(ctx context.Context, from, to string, limit int) ([]Pair, error) {
	pairs, err := f.Map.Range(ctx, from, to, limit)
	if f.list != nil {
		f.list(pairs)
	}
	return pairs, err
}

// newDesk returns a desk over a KV, with its clock at start, and units ready for holds.
func newDesk(t *testing.T, kv KV, units ...booking.UnitID) *booking.Desk {
	t.Helper()
	desk, err := booking.New(booking.Config{Store: NewStore(kv), Now: func() time.Time { return start }})
	require.NoError(t, err)
	for _, u := range units {
		_, err := desk.Do(t.Context(), booking.Define{Unit: booking.Unit{ID: u}})
		require.NoError(t, err)
	}
	return desk
}

func july(t *testing.T, from, to int) booking.Span {
	t.Helper()
	span, err := booking.Nights(date.New(2027, time.July, from), date.New(2027, time.July, to))
	require.NoError(t, err)
	return span
}

// What has ended is found by its ID, and burdens no later decision.
func TestDocumentForgetsWhatEnded(t *testing.T) {
	t.Parallel()
	kv := &Map{}
	desk := newDesk(t, kv, "flat-12")
	size := func() int {
		pairs, err := kv.Get(t.Context(), unitKey("flat-12"))
		require.NoError(t, err)
		return len(pairs[0].Value)
	}
	small := size()
	for i := range 200 {
		id := booking.ReservationID(fmt.Sprint("lead-", i))
		hold, err := desk.Hold(t.Context(), booking.Hold{ID: id, Unit: "flat-12", Span: july(t, 1, 8)})
		require.NoError(t, err)
		_, err = desk.Cancel(t.Context(), booking.Cancel{Ref: hold.Ref()})
		require.NoError(t, err)
	}
	require.Less(t, size(), small+20, "the counter and the clock have more digits, and that is all")
	r, err := desk.Reservation(t.Context(), booking.Ref{Unit: "flat-12", ID: "lead-0"})
	require.NoError(t, err)
	require.Equal(t, booking.StateCancelled, r.State)
}

// A stay that is moved to another unit and back is on each unit once, and never twice.
func TestMovedAwayAndBack(t *testing.T) {
	t.Parallel()
	desk := newDesk(t, &strict{}, "flat-12", "flat-13")
	stay, err := desk.Hold(t.Context(), booking.Hold{ID: "lead-71", Unit: "flat-12", Span: july(t, 1, 8)})
	require.NoError(t, err)
	for _, u := range []booking.UnitID{"flat-13", "flat-12", "flat-13"} {
		stay, err = desk.Do(t.Context(), booking.Move{Ref: booking.Ref{Unit: "flat-12", ID: "lead-71"}, Claims: []booking.Claim{{Unit: u, Span: july(t, 1, 8)}}})
		require.NoError(t, err)
		cals, err := desk.Calendar(t.Context(), july(t, 1, 31), "flat-12", "flat-13")
		require.NoError(t, err)
		for _, cal := range cals {
			want := 0
			if cal.Unit.ID == u {
				want = 1
			}
			require.Len(t, cal.Reservations, want, "%s while the stay is on %s", cal.Unit.ID, u)
		}
	}
	require.Equal(t, booking.UnitID("flat-13"), stay.Ref().Unit)
}

// lossy is a Map whose answer to every second Swap is lost, though it was made.
type lossy struct {
	Map
	swaps int
}

func (l *lossy) Swap(ctx context.Context, had []Stamp, changes []Put) (bool, error) {
	swapped, err := l.Map.Swap(ctx, had, changes)
	if l.swaps++; l.swaps%2 == 0 {
		return false, errors.New("connection reset")
	}
	return swapped, err
}

// Whoever did not hear the answer asks again and meets his own hold.
func TestLostAnswer(t *testing.T) {
	t.Parallel()
	desk := newDesk(t, &lossy{}, "flat-12")
	hold := booking.Hold{ID: "lead-71", Unit: "flat-12", Span: july(t, 1, 8)}
	_, err := desk.Hold(t.Context(), hold)
	require.ErrorContains(t, err, "connection reset")
	again, err := desk.Hold(t.Context(), hold)
	require.NoError(t, err)
	require.True(t, again.Replayed)
}

// Events whose numbering got no answer are not numbered twice.
func TestLostNumbering(t *testing.T) {
	t.Parallel()
	kv := &lossy{}
	s := NewStore(kv)
	newDesk(t, kv, "flat-12")
	_, _, err := s.Since(t.Context(), "", 10)
	require.ErrorContains(t, err, "connection reset")
	events, _, err := s.Since(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
}

// A restored backup is told from what a follower has read.
func TestRestoredBackup(t *testing.T) {
	t.Parallel()
	kv := &Map{}
	desk, s := newDesk(t, kv, "flat-12"), NewStore(kv)
	events, backed, err := s.Since(t.Context(), "", 10)
	require.NoError(t, err)
	require.Len(t, events, 1)
	backup := maps.Clone(kv.pairs)
	_, err = desk.Hold(t.Context(), booking.Hold{ID: "lead-71", Unit: "flat-12", Span: july(t, 1, 8)})
	require.NoError(t, err)
	_, ahead, err := s.Since(t.Context(), backed, 10)
	require.NoError(t, err)

	kv.pairs = backup
	_, _, err = s.Since(t.Context(), ahead, 10)
	require.ErrorIs(t, err, store.ErrRewound, "the event is not there")
	_, err = desk.Hold(t.Context(), booking.Hold{ID: "lead-72", Unit: "flat-12", Span: july(t, 1, 8)})
	require.NoError(t, err)
	events, _, err = s.Since(t.Context(), backed, 10)
	require.NoError(t, err, "what was read before the backup is as it was")
	require.Len(t, events, 1)
	_, _, err = s.Since(t.Context(), ahead, 10)
	require.ErrorIs(t, err, store.ErrRewound, "another event is in its place")
}

// In a transaction there is a store, and neither a feed nor a list of what is due.
func TestTransactionHasNoRange(t *testing.T) {
	t.Parallel()
	require.NoError(t, NewStore(&Map{}).InTx(t.Context(), func(tx KV) error {
		_, _, err := NewStore(tx).Since(t.Context(), "", 10)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		_, err = NewStore(tx).Due(t.Context(), start, 10)
		require.ErrorIs(t, err, errors.ErrUnsupported)
		return nil
	}))
}

// A refusal that was made on what changed meanwhile is no answer: the transaction is repeated.
func TestRefusalIsCheckedToo(t *testing.T) {
	t.Parallel()
	kv := &Map{}
	desk := newDesk(t, kv, "flat-12")
	first, err := desk.Hold(t.Context(), booking.Hold{ID: "lead-71", Unit: "flat-12", Span: july(t, 1, 8)})
	require.NoError(t, err)
	tries := 0
	require.NoError(t, NewStore(kv).InTx(t.Context(), func(tx KV) error {
		tries++
		_, err := desk.In(NewStore(tx)).Hold(t.Context(), booking.Hold{ID: "lead-72", Unit: "flat-12", Span: july(t, 1, 8)})
		if tries == 1 {
			require.ErrorIs(t, err, booking.ErrTaken)
			_, cancelled := desk.Cancel(t.Context(), booking.Cancel{Ref: first.Ref()})
			require.NoError(t, cancelled)
		}
		return err
	}))
	require.Equal(t, 2, tries)
}

// What cannot be read is an error, never an empty calendar that could be sold again.
func TestDamage(t *testing.T) {
	t.Parallel()
	kv := &Map{}
	desk := newDesk(t, kv, "flat-12")
	_, err := kv.Swap(t.Context(), nil, []Put{{unitKey("flat-12"), "{"}})
	require.NoError(t, err)
	_, err = desk.Hold(t.Context(), booking.Hold{ID: "lead-71", Unit: "flat-12", Span: july(t, 1, 8)})
	require.ErrorContains(t, err, "flat-12")
	require.ErrorContains(t, err, "unexpected end of JSON")
}

// The program's story, whole, and each of its facts.
func TestProgram(t *testing.T) {
	t.Parallel()
	for lang, line := range map[string]string{
		"en": "lead-72 is refused: flat-12 is taken on 2027-07-10/2027-07-17",
		"ru": "lead-72 получает отказ: flat-12 ",
	} {
		var told strings.Builder
		s := &show.Story{W: &told, Lang: lang, Clock: show.NewClock(start)}
		require.NoError(t, run(t.Context(), s, &Map{}))
		require.Len(t, s.Facts(), 11)
		for _, f := range s.Facts() {
			require.True(t, f.OK, "%s: %s", f.What, f.Found)
		}
		require.Contains(t, told.String(), line)
	}
}

// The audit finds what it looks for.
func TestAuditFinds(t *testing.T) {
	t.Parallel()
	replace := func(old, new string) func(*Map) {
		return func(kv *Map) {
			p := kv.pairs[unitKey("flat-12")]
			p.Value = strings.ReplaceAll(p.Value, old, new)
			kv.pairs[p.Key] = p
		}
	}
	tests := []struct {
		fault string
		spoil func(*Map)
		fails string
	}{
		{"a night is sold twice", replace("2027-08-01/2027-08-08", "2027-07-16/2027-07-20"), "nights that are taken twice"},
		{"a state that no event told of", replace(`"confirmed"`, `"blocked"`), "what the events tell is what the calendars hold"},
		{"an event is lost", func(kv *Map) { delete(kv.pairs, placeKey(12)) }, "events skipped, doubled or out of order"},
		{"a deadline is in no index", func(kv *Map) {
			maps.DeleteFunc(kv.pairs, func(key string, _ Pair) bool { return strings.HasPrefix(key, "due\x00") })
		}, "units with a deadline are in the index of what falls due"},
	}
	for _, tt := range tests {
		t.Run(tt.fault, func(t *testing.T) {
			t.Parallel()
			kv := &Map{}
			s := &show.Story{W: io.Discard, Clock: show.NewClock(start)}
			require.NoError(t, run(t.Context(), s, kv))
			tt.spoil(kv)
			var found show.Checks
			require.NoError(t, audit(t.Context(), kv, &found))
			i := slices.IndexFunc(found.Facts(), func(f show.Fact) bool { return f.What == tt.fails })
			require.GreaterOrEqual(t, i, 0)
			require.False(t, found.Facts()[i].OK)
		})
	}
}

// Whatever is asked, in whatever order, a desk over the adapter answers, tells and keeps what one over
// memory does.
func TestLikeMemory(t *testing.T) {
	t.Parallel()
	units := []booking.UnitID{"flat-12", "flat-13", "pool"}
	for seed := range uint64(8) {
		rng := rand.New(rand.NewPCG(seed, 0))
		clock := show.NewClock(start)
		kept, memory := NewStore(&strict{}), booking.NewMemory()
		var desks [2]*booking.Desk
		for i, s := range []booking.Store{kept, memory} {
			var err error
			desks[i], err = booking.New(booking.Config{Store: s, Now: clock.Now})
			require.NoError(t, err)
		}
		both := func(cmds ...booking.Command) {
			var answers, errs [2]string
			for i, desk := range desks {
				r, err := desk.Do(t.Context(), cmds...)
				text, marshalErr := json.Marshal(r)
				require.NoError(t, marshalErr)
				answers[i], errs[i] = string(text), fmt.Sprint(err)
			}
			require.Equal(t, errs[1], errs[0], "seed %d: %+v", seed, cmds)
			require.Equal(t, answers[1], answers[0], "seed %d: %+v", seed, cmds)
		}
		for i, u := range units {
			both(booking.Define{Unit: booking.Unit{ID: u, Capacity: 1 + i, Turnover: booking.Turnover{Nights: i % 2}}})
		}
		unit := func() booking.UnitID { return units[rng.IntN(len(units))] }
		id := func() booking.ReservationID { return booking.ReservationID(fmt.Sprint("r-", rng.IntN(40))) }
		ref := func() booking.Ref { return booking.Ref{Unit: unit(), ID: id()} }
		span := func() booking.Span {
			first := 1 + rng.IntN(20)
			return july(t, first, first+1+rng.IntN(6))
		}
		for range 150 {
			switch rng.IntN(8) {
			case 0, 1, 2:
				hold := booking.Hold{ID: id(), Unit: unit(), Span: span(), Priority: rng.IntN(3), Policy: booking.Policy(rng.IntN(3))}
				if other := unit(); rng.IntN(4) == 0 && other != hold.Unit {
					hold.And = []booking.Claim{{Unit: other, Span: span()}}
				}
				both(hold)
			case 3:
				both(booking.Confirm{Ref: ref()})
			case 4:
				both(booking.Cancel{Ref: ref()})
			case 5:
				both(booking.Move{Ref: ref(), Claims: []booking.Claim{{Unit: unit(), Span: span()}}})
			case 6:
				clock.Advance(time.Duration(rng.IntN(20)) * time.Minute)
			case 7:
				for i, due := range []booking.Due{kept, memory} {
					_, err := desks[i].Tick(t.Context(), due, 10)
					require.NoError(t, err)
				}
			}
		}
		for _, u := range units {
			mine, err := desks[0].Calendar(t.Context(), july(t, 1, 31), u)
			require.NoError(t, err)
			its, err := desks[1].Calendar(t.Context(), july(t, 1, 31), u)
			require.NoError(t, err)
			require.Equal(t, its[0].Days(date.New(2027, time.July, 1), date.New(2027, time.July, 31)), mine[0].Days(date.New(2027, time.July, 1), date.New(2027, time.July, 31)))
		}
		heard := map[string][2][]string{}
		for i, feed := range []booking.Feed{kept, memory} {
			events, _, err := feed.Since(t.Context(), "", 10_000)
			require.NoError(t, err)
			for _, e := range events {
				text, err := json.Marshal(e)
				require.NoError(t, err)
				of := heard[e.Key.ID]
				of[i] = append(of[i], string(text))
				heard[e.Key.ID] = of
			}
		}
		require.Len(t, heard, len(units))
		for u, of := range heard {
			require.Equal(t, of[1], of[0], "seed %d: the events of %s", seed, u)
		}
	}
}
