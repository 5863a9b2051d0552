package booking_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"testing"
	"time"

	"github.com/rickb777/date/v2"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/booking/index"
	"github.com/tenure-go/tenure/store"
)

func isError(err, target error) bool { return errors.Is(err, target) }

// A rig runs the desk and the model side by side.
type rig struct {
	mem   *booking.Memory
	desk  *booking.Desk
	model *model
	now   int // minutes since base
	next  int // for new IDs

	index  *index.Index // follows the feed
	cursor store.Cursor
}

func newRig(t *rapid.T) *rig {
	r := &rig{mem: booking.NewMemory(), model: &model{units: map[string]*modelUnit{}}, now: 9 * 60, index: index.New(june-10, 200)}
	var err error
	r.desk, err = booking.New(booking.Config{Store: r.mem, Now: func() time.Time { return at(r.now) }})
	require.NoError(t, err)
	r.define(t, "a", modelUnit{capacity: 1})
	r.define(t, "b", modelUnit{capacity: 2})
	r.define(t, "c", modelUnit{capacity: 1, turnover: 1})
	return r
}

func (r *rig) define(t *rapid.T, id string, u modelUnit) {
	_, err := r.do(t, booking.Define{Unit: booking.Unit{ID: booking.UnitID(id), Capacity: u.capacity, Closed: u.closed,
		Turnover: booking.Turnover{Nights: u.turnover}, Zone: "Europe/Moscow", TTL: modelTTL * time.Minute, MaxHold: modelMax * time.Minute,
		Rules: booking.Rules{MinNights: u.min, MaxNights: u.max}}})
	old := r.model.units[id]
	r.model.units[id] = &u
	ahead := 0
	for night := r.model.today(r.now); night <= horizon; night++ {
		ahead = max(ahead, r.model.used(id, night, nil))
	}
	if ahead > u.capacity {
		r.model.units[id] = old
		require.ErrorIs(t, err, booking.ErrTaken)
		return
	}
	if errors.Is(err, booking.ErrTaken) { // a guest's room is above the new capacity: the model has no rooms
		r.model.units[id] = old
		return
	}
	require.NoError(t, err)
	r.model.promote(r.now)
}

// do carries out commands. Law 5: a refusal leaves no trace.
func (r *rig) do(t *rapid.T, cmds ...booking.Command) (booking.Result, error) {
	before := r.told(t)
	r.pure(t, cmds)
	res, err := r.desk.Do(context.Background(), cmds...)
	if err != nil || res.Replayed {
		require.Equal(t, before, r.told(t), "%v: %v", cmds, err)
	}
	return res, err
}

// pure: a decision changes nothing of what it was given.
func (r *rig) pure(t *rapid.T, cmds []booking.Command) {
	q := booking.Query{Units: []booking.UnitID{"a", "b", "c"}, Window: booking.NightsFrom(june - 30)}
	for _, m := range r.model.all {
		q.IDs = append(q.IDs, booking.ReservationID(m.id))
	}
	q.IDs = append(q.IDs, booking.ReservationID("r"+strconv.Itoa(r.next-1)))
	cals, err := r.mem.Load(context.Background(), q)
	require.NoError(t, err)
	untouched, err := r.mem.Load(context.Background(), q)
	require.NoError(t, err)
	_, _ = booking.Decide(cals, at(r.now), cmds...)
	_, _ = booking.At(at(r.now), cals...)
	require.Equal(t, untouched, cals)
}

func (r *rig) told(t *rapid.T) int {
	events, _, err := r.mem.Since(context.Background(), "", 1<<30)
	require.NoError(t, err)
	return len(events)
}

func claimsOf(claims []modelClaim) []booking.Claim {
	out := make([]booking.Claim, len(claims))
	for i, c := range claims {
		s := booking.NightsFrom(june + date.Date(c.from))
		if c.to != horizon {
			s, _ = booking.Nights(june+date.Date(c.from), june+date.Date(c.to))
		}
		out[i] = booking.Claim{Unit: booking.UnitID(c.unit), Span: s, Count: c.count}
	}
	return out
}

func (r *rig) drawClaims(t *rapid.T) []modelClaim {
	n := 1
	if rapid.IntRange(0, 3).Draw(t, "group") == 0 {
		n = rapid.IntRange(2, 3).Draw(t, "claims")
	}
	claims := make([]modelClaim, n)
	for i := range claims {
		from := r.model.today(r.now) + rapid.IntRange(-1, 6).Draw(t, "from")
		to := from + rapid.IntRange(1, 4).Draw(t, "nights")
		if rapid.IntRange(0, 19).Draw(t, "sale") == 0 {
			to = horizon
		}
		count := 1
		unit := rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "unit")
		if unit == "b" {
			count = rapid.IntRange(1, 2).Draw(t, "count")
		}
		claims[i] = modelClaim{unit: unit, from: from, to: to, count: count}
	}
	return claims
}

// pick returns a reservation of the model and a reference to it by a unit that knows it.
func (r *rig) pick(t *rapid.T) (*modelRes, booking.Ref) {
	if len(r.model.all) == 0 {
		t.Skip("no reservation yet")
	}
	recent := r.model.all[max(0, len(r.model.all)-8):]
	m := rapid.SampledFrom(recent).Draw(t, "reservation")
	var known []string
	for u := range m.been {
		known = append(known, u)
	}
	slices.Sort(known)
	return m, booking.Ref{Unit: booking.UnitID(rapid.SampledFrom(known).Draw(t, "by")), ID: booking.ReservationID(m.id)}
}

func (r *rig) hold(t *rapid.T) {
	id := "r" + strconv.Itoa(r.next)
	if rapid.IntRange(0, 9).Draw(t, "repeat") == 0 && r.next > 0 {
		id = "r" + strconv.Itoa(rapid.IntRange(max(0, r.next-4), r.next-1).Draw(t, "id"))
	} else {
		r.next++
	}
	claims := r.drawClaims(t)
	if known := r.model.know(claims[0].unit, id); known != nil && rapid.Bool().Draw(t, "same") {
		claims = known.asked
	}
	out := claimsOf(claims)
	if rapid.IntRange(0, 5).Draw(t, "block") == 0 {
		wait := rapid.Bool().Draw(t, "wait")
		policy := booking.PolicyReject
		if wait {
			policy = booking.PolicyQueue
		}
		_, err := r.do(t, booking.Block{ID: booking.ReservationID(id), Unit: out[0].Unit, Span: out[0].Span, Count: out[0].Count, And: out[1:], Wait: wait})
		_, want := r.model.hold(r.now, id, claims, "", 0, 0, policy, true, r.now)
		require.Equal(t, want, errorKind(err), "block %s %v: %v", id, out, err)
		return
	}
	policy := rapid.SampledFrom([]booking.Policy{booking.PolicyReject, booking.PolicyQueue, booking.PolicyPreempt}).Draw(t, "policy")
	priority := rapid.IntRange(0, 2).Draw(t, "priority")
	ttl := rapid.SampledFrom([]int{0, 5, 40, 3000}).Draw(t, "ttl")
	holder := rapid.SampledFrom([]string{"x", "y"}).Draw(t, "holder")
	_, err := r.do(t, booking.Hold{ID: booking.ReservationID(id), Unit: out[0].Unit, Span: out[0].Span, Count: out[0].Count, And: out[1:],
		Holder: holder, TTL: time.Duration(ttl) * time.Minute, Priority: priority, Policy: policy})
	_, want := r.model.hold(r.now, id, claims, holder, ttl, priority, policy, false, r.now)
	require.Equal(t, want, errorKind(err), "hold %s %v: %v", id, out, err)
}

func (r *rig) verb(verb string) func(*rapid.T) {
	return func(t *rapid.T) {
		m, ref := r.pick(t)
		cmds := map[string]booking.Command{"confirm": booking.Confirm{Ref: ref}, "cancel": booking.Cancel{Ref: ref}, "check_in": booking.CheckIn{Ref: ref},
			"check_out": booking.CheckOut{Ref: ref}, "no_show": booking.NoShow{Ref: ref}}
		_, err := r.do(t, cmds[verb])
		require.Equal(t, r.model.step(r.now, verb, m), errorKind(err), "%s %s: %v", verb, ref, err)
	}
}

func (r *rig) extend(t *rapid.T) {
	m, ref := r.pick(t)
	ttl := rapid.SampledFrom([]int{5, 30, 119, 121}).Draw(t, "ttl")
	_, err := r.do(t, booking.Extend{Ref: ref, TTL: time.Duration(ttl) * time.Minute})
	require.Equal(t, r.model.extend(r.now, m, ttl), errorKind(err), "extend %s: %v", ref, err)
}

func (r *rig) move(t *rapid.T) {
	m, ref := r.pick(t)
	if m.state == "checked_in" {
		t.Skip("see TestMoveGuest")
	}
	claims := r.drawClaims(t)
	wait := rapid.IntRange(0, 3).Draw(t, "wait") == 0
	_, err := r.do(t, booking.Move{Ref: ref, Claims: claimsOf(claims), Wait: wait})
	want := r.model.move(r.now, map[*modelRes][]modelClaim{m: claims}, []*modelRes{m}, wait)
	require.Equal(t, want, errorKind(err), "move %s to %v: %v", ref, claims, err)
}

func (r *rig) swap(t *rapid.T) {
	a, refA := r.pick(t)
	b, refB := r.pick(t)
	if a == b || a.state == "checked_in" || b.state == "checked_in" {
		t.Skip("nothing to swap")
	}
	to := func(of *modelRes) []modelClaim {
		claims := slices.Clone(of.claims)
		for i := range claims {
			claims[i].busy, claims[i].placed = 0, false
		}
		return claims
	}
	toA, toB := to(b), to(a)
	_, err := r.do(t, booking.Move{Ref: refA, Claims: claimsOf(toA)}, booking.Move{Ref: refB, Claims: claimsOf(toB)})
	want := r.model.move(r.now, map[*modelRes][]modelClaim{a: toA, b: toB}, []*modelRes{a, b}, false)
	require.Equal(t, want, errorKind(err), "swap %s %s: %v", refA, refB, err)
}

func (r *rig) rehold(t *rapid.T) {
	m, ref := r.pick(t)
	if m.state != "expired" && m.state != "cancelled" && m.state != "no_show" {
		t.Skip("not ended")
	}
	id := "r" + strconv.Itoa(r.next)
	r.next++
	old, err := r.desk.Reservation(context.Background(), ref)
	require.NoError(t, err)
	joined := r.now
	if old.Unseen {
		joined = m.joined
	}
	policy := rapid.SampledFrom([]booking.Policy{booking.PolicyReject, booking.PolicyQueue, booking.PolicyPreempt}).Draw(t, "policy")
	claims := slices.Clone(m.claims)
	for i := range claims {
		claims[i].busy, claims[i].placed = 0, false
	}
	_, err = r.do(t, booking.Rehold{ID: booking.ReservationID(id), Ref: ref, Policy: policy})
	_, want := r.model.hold(r.now, id, claims, m.holder, m.ttl, m.priority, policy, m.block, joined)
	require.Equal(t, want, errorKind(err), "rehold %s: %v", ref, err)
}

func (r *rig) redefine(t *rapid.T) {
	r.define(t, rapid.SampledFrom([]string{"a", "b", "c"}).Draw(t, "unit"), modelUnit{
		capacity: rapid.IntRange(1, 3).Draw(t, "capacity"), turnover: rapid.IntRange(0, 2).Draw(t, "turnover"),
		min: rapid.IntRange(0, 2).Draw(t, "min"), max: rapid.SampledFrom([]int{0, 3}).Draw(t, "max"),
		closed: rapid.IntRange(0, 3).Draw(t, "closed") == 0})
}

func (r *rig) clock(t *rapid.T) {
	r.now += rapid.SampledFrom([]int{1, 4, 5, 14, 15, 16, 61, 400, 1440}).Draw(t, "minutes")
	r.model.lapse(r.now)
}

func (r *rig) tick(t *rapid.T) {
	_, err := r.desk.Tick(context.Background(), r.mem, 10)
	require.NoError(t, err)
	keys, err := r.mem.Due(context.Background(), at(r.now), 10)
	require.NoError(t, err)
	require.Empty(t, keys, "a Tick leaves nothing due")
}

// same holds the desk to the model: every reservation, every night.
func (r *rig) same(t *rapid.T) {
	r.model.lapse(r.now)
	ctx := context.Background()
	for _, m := range r.model.all {
		for unit := range m.been {
			got, err := r.desk.Reservation(ctx, booking.Ref{Unit: booking.UnitID(unit), ID: booking.ReservationID(m.id)})
			require.NoError(t, err)
			require.Equal(t, m.state, got.State.String(), m.id)
			requireNear(t, m.since, got.Since, "since of "+m.id)
			requireNear(t, m.joined, got.Joined, "joined of "+m.id)
			if m.state == "held" {
				requireNear(t, m.deadline, got.Deadline, "deadline of "+m.id)
			}
			want := claimsOf(m.claims)
			require.Len(t, got.Claims, len(want), m.id)
			for i, c := range got.Claims {
				require.Equal(t, want[i], booking.Claim{Unit: c.Unit, Span: c.Span, Count: c.Count}, m.id)
				require.Equal(t, m.claims[i].placed && (m.state == "checked_in" || m.state == "checked_out"), len(c.Places) > 0, "places of %s: %v", m.id, c)
			}
		}
	}
	r.sameCopies(t)
	r.sameIndex(t)
	today := r.model.today(r.now)
	window, err := booking.Nights(june+date.Date(today-2), june+date.Date(today+15))
	require.NoError(t, err)
	cals, err := r.desk.Calendar(ctx, window, "a", "b", "c")
	require.NoError(t, err)
	for _, c := range cals {
		r.sameCalendar(t, &c, today)
	}
}

// sameIndex: law 11. A follower of the feed finds what a hold that follows at once would get.
func (r *rig) sameIndex(t *rapid.T) {
	events, cursor, err := r.mem.Since(context.Background(), r.cursor, 1<<20)
	require.NoError(t, err)
	require.NoError(t, r.index.Apply(events...))
	require.NoError(t, r.index.Apply(events...), "what is known changes nothing")
	r.cursor = cursor
	today := r.model.today(r.now)
	var set index.Set
	for i := range 9 {
		from, nights, count := today+i, 1+(i+r.now)%3, 1+(i+r.now/7)%3
		span := nightSpan(from, from+nights)
		require.True(t, r.index.Free(&set, span, count, at(r.now)))
		free := slices.Sorted(set.All())
		for _, id := range []string{"a", "b", "c"} {
			require.Equal(t, r.model.free(id, from, from+nights) >= count, slices.Contains(free, booking.UnitID(id)), "%s %v x%d", id, span, count)
			if r.model.used(id, from, nil) < r.model.units[id].capacity && !r.model.units[id].closed {
				require.Equal(t, booking.StatusFree, r.index.Status(booking.UnitID(id), nightSpan(from, from+1), at(r.now)))
			}
		}
	}
	sale := booking.NightsFrom(june + date.Date(today+1))
	require.True(t, r.index.Free(&set, sale, 1, at(r.now)))
	for _, id := range []string{"a", "b", "c"} {
		require.Equal(t, r.model.free(id, today+1, horizon) > 0, slices.Contains(slices.Collect(set.All()), booking.UnitID(id)), "sale of %s", id)
	}
}

// sameCopies: law 7. At no commit does part of a reservation stand otherwise than the rest.
func (r *rig) sameCopies(t *rapid.T) {
	q := booking.Query{Units: []booking.UnitID{"a", "b", "c"}}
	for _, m := range r.model.all {
		q.IDs = append(q.IDs, booking.ReservationID(m.id))
	}
	cals, err := r.mem.Load(context.Background(), q)
	require.NoError(t, err)
	type key struct {
		id    booking.ReservationID
		first booking.UnitID
	}
	seen := map[key]booking.Reservation{}
	for _, c := range cals {
		for _, res := range c.Reservations {
			on := func(claim booking.Claim) bool { return claim.Unit == c.Unit.ID }
			if !slices.ContainsFunc(res.Claims, on) {
				continue
			}
			k := key{res.ID, res.Claims[0].Unit}
			if other, ok := seen[k]; ok {
				require.Equal(t, other, res)
			}
			seen[k] = res
		}
	}
}

func (r *rig) sameCalendar(t *rapid.T, c *booking.Calendar, today int) {
	id := string(c.Unit.ID)
	u := r.model.units[id]
	for i, day := range c.Days(june+date.Date(today-2), june+date.Date(today+9)) {
		night := today - 2 + i
		require.True(t, day.Known)
		require.LessOrEqual(t, day.Held+day.Confirmed+day.Sold+day.Blocked, max(u.capacity, r.model.used(id, night, nil)), "law 1")
		want := max(0, u.capacity-r.model.used(id, night, nil))
		if u.closed {
			want = 0
		}
		require.Equal(t, want, day.Free, "%s night %d", id, night)
	}
	for i := range 9 {
		from, nights, count := today+i, 1+(i+r.now)%3, 1+(i+r.now/7)%2
		span, _ := booking.Nights(june+date.Date(from), june+date.Date(from+nights))
		free, known := c.Free(span)
		require.True(t, known)
		require.Equal(t, r.model.free(id, from, from+nights), free, "%s %v", id, span)
		next, ok := c.NextFree(span, count)
		_, windowEnd := c.Window.Bounds() // it may have grown beyond what was asked
		end := int(min(windowEnd/86_400_000_000-int64(june-date.New(1970, 1, 1)), horizon))
		for start := from; ; start++ {
			if start+nights+u.turnover > end || u.closed {
				require.True(t, !ok || end == horizon, "%s: next %v after %v", id, next, span)
				break
			}
			if r.model.free(id, start, start+nights) >= count {
				want, _ := booking.Nights(june+date.Date(start), june+date.Date(start+nights))
				require.True(t, ok, "%s %v", id, span)
				require.Equal(t, want, next)
				break
			}
		}
	}
	r.samePlan(t, c, today)
}

// samePlan: law 13. Everybody has as many rooms as claimed, and no room is used twice.
func (r *rig) samePlan(t *rapid.T, c *booking.Calendar, today int) {
	plan := c.Plan()
	used := map[[2]int]string{}
	for _, res := range c.Reservations {
		places := plan[res.ID]
		for _, claim := range res.Claims {
			if claim.Unit != c.Unit.ID || len(places) == 0 {
				continue
			}
			arrival, departure := claim.Busy.Dates()
			if departure <= june+date.Date(today) {
				continue
			}
			mine := places[:claim.Count]
			places = places[claim.Count:]
			if len(claim.Places) > 0 {
				require.Equal(t, claim.Places, mine, "a guest keeps the room")
			}
			for _, place := range mine {
				require.Positive(t, place, "%s of %s", res.ID, c.Unit.ID)
				for d := max(arrival, june+date.Date(today)); d < min(departure, june+date.Date(today+30)); d++ {
					key := [2]int{place, int(d)}
					require.Empty(t, used[key], "room %d on %s: %s and %s", place, d, used[key], res.ID)
					used[key] = string(res.ID)
				}
			}
		}
		require.Empty(t, places)
	}
}

// requireNear compares instants to the minute: a desk's own time may be microseconds ahead.
func requireNear(t *rapid.T, want int, got time.Time, what string) {
	require.WithinDuration(t, at(want), got, time.Second, what)
}

// Laws 1 to 5, 8, 9, 11 and 13: whatever is done, in whatever order, the desk answers as the model
// does, and every reservation and every night are as the model has them.
func TestDeskIsModel(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		r := newRig(t)
		// A minute passes before every action, so that desk time is Now.
		later := func(action func(*rapid.T)) func(*rapid.T) {
			return func(t *rapid.T) { r.now++; r.model.lapse(r.now); action(t) }
		}
		actions := map[string]func(*rapid.T){
			"hold": r.hold, "hold again": r.hold, "confirm": r.verb("confirm"), "cancel": r.verb("cancel"), "check in": r.verb("check_in"),
			"check out": r.verb("check_out"), "no show": r.verb("no_show"), "extend": r.extend, "move": r.move, "swap": r.swap,
			"rehold": r.rehold, "define": r.redefine, "clock": r.clock, "tick": r.tick,
		}
		for name, action := range actions {
			actions[name] = later(action)
		}
		actions[""] = r.same
		t.Repeat(actions)
		requireFold(t, r.mem, r.mem, "a", "b", "c")
	})
}

// Law 10: folding a unit's events gives its calendar, and every change is told once.
func requireFold(t require.TestingT, s booking.Store, feed booking.Feed, units ...booking.UnitID) {
	ctx := context.Background()
	var after store.Cursor
	seqs := map[booking.UnitID]int64{}
	folded := map[booking.UnitID]map[booking.ReservationID]booking.Reservation{}
	defined := map[booking.UnitID]booking.Unit{}
	for {
		events, next, err := feed.Since(ctx, after, 7)
		require.NoError(t, err)
		if len(events) == 0 {
			break
		}
		for _, e := range events {
			u := booking.UnitID(e.Key.ID)
			seqs[u]++
			require.Equal(t, seqs[u], e.Seq, "seq of %s", u)
			if e.Unit != nil {
				defined[u] = *e.Unit
			}
			if e.Reservation != nil {
				if folded[u] == nil {
					folded[u] = map[booking.ReservationID]booking.Reservation{}
				}
				old, had := folded[u][e.Reservation.ID]
				require.True(t, !had || old.Rev < e.Reservation.Rev, "%s is told twice", e.Reservation.ID)
				require.False(t, had && old.State.Ended(), "law 4: what has ended never changes")
				folded[u][e.Reservation.ID] = *e.Reservation
			}
		}
		after = next
	}
	for _, u := range units {
		var ids []booking.ReservationID
		for id := range folded[u] {
			ids = append(ids, id)
		}
		cals, err := s.Load(ctx, booking.Query{Units: []booking.UnitID{u}, IDs: ids})
		require.NoError(t, err)
		require.Equal(t, seqs[u], cals[0].Seq)
		require.Equal(t, defined[u], cals[0].Unit)
		require.Len(t, cals[0].Reservations, len(ids))
		for _, r := range cals[0].Reservations {
			require.Equal(t, folded[u][r.ID], r, fmt.Sprint(u, r.ID))
		}
	}
}
