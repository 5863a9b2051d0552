package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/booking"
	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/store"
)

// workers is how many goroutines ask for rooms at once.
const workers = 16

// A season is the replay of a file of bookings, day by day, through one desk.
type season struct {
	desk  *booking.Desk
	feed  booking.Feed
	due   booking.Due
	clock *show.Clock
	out   io.Writer

	stays  []*guest
	rooms  map[string]int // by pool
	check  *ledger        // follows the feed, and knows nothing of booking's rules
	cursor store.Cursor

	mu       sync.Mutex
	counts   map[string]int // of what happened
	refusals []refusal      // of the day
	unfull   int            // refusals for which the ledger found no full night
	examples []string       // a few refusals in words
	commands int
	spent    time.Duration
}

// A guest is a stay on its way through the desk.
type guest struct {
	stay
	queue  bool // would rather wait than be refused
	ref    booking.Ref
	made   bool // has or had a reservation
	waited bool
}

type refusal struct {
	pool               string
	arrival, departure date.Date
}

// play runs the season of the stays and adds its facts to checks.
func play(ctx context.Context, out io.Writer, s stores, stays []stay, percent int, checks *show.Checks) error {
	replayed, noNight, sameDay := sift(stays)
	fmt.Fprintf(out, "%s rows, %s without a night, %s ended the day they were made\n", group(len(stays)), group(noNight), group(sameDay))
	if len(replayed) == 0 {
		return errors.New("no row is left to replay")
	}
	clock := show.NewClock(replayed[0].stay.made.MidnightUTC())
	desk, err := booking.New(booking.Config{Store: s.store, Now: clock.Now})
	if err != nil {
		return err
	}
	rooms, total := demand(replayed), 0
	for pool, n := range rooms {
		rooms[pool] = max(1, n*percent/100)
		total += rooms[pool]
	}
	fmt.Fprintf(out, "%s holds, %d pools, %d rooms", group(len(replayed)), len(rooms), total)
	if percent < 100 {
		fmt.Fprintf(out, " (%d %% of the highest demand)", percent)
	}
	fmt.Fprintln(out)
	se := &season{desk: desk, feed: s.feed, due: s.due, clock: clock, out: out, stays: replayed, rooms: rooms, check: newLedger(rooms), counts: make(map[string]int)}
	for i, g := range replayed {
		g.queue = percent < 100 && i%2 == 1
	}
	if err := se.run(ctx); err != nil {
		return err
	}
	fixed := firstFit(replayed, rooms)
	se.report(fixed)
	se.facts(checks, percent, fixed)
	return nil
}

// sift leaves out the rows that need no room.
func sift(stays []stay) (kept []*guest, noNight, sameDay int) {
	for _, s := range stays {
		switch {
		case s.departure <= s.arrival:
			noNight++
		case s.ended <= s.made:
			sameDay++
		default:
			if s.status == "Check-Out" { // who is said to have left on arrival leaves the next morning
				s.ended = max(s.ended, s.arrival+1)
			}
			kept = append(kept, &guest{stay: s})
		}
	}
	slices.SortStableFunc(kept, func(a, b *guest) int { return int(a.stay.made - b.stay.made) })
	return kept, noNight, sameDay
}

// demand is the most rooms of each pool that are ever taken for one night.
func demand(stays []*guest) map[string]int {
	most := make(map[string]int)
	taken := make(map[night]int)
	eachDay(stays, func(_ date.Date, ended, made []*guest) {
		for _, g := range ended {
			for d := freedFrom(g); d < g.departure; d++ {
				taken[night{g.pool, d}]--
			}
		}
		for _, g := range made {
			for d := g.arrival; d < g.departure; d++ {
				taken[night{g.pool, d}]++
				most[g.pool] = max(most[g.pool], taken[night{g.pool, d}])
			}
		}
	})
	return most
}

type night struct {
	pool string
	date date.Date
}

// freedFrom is the first night that the end of a stay frees.
func freedFrom(g *guest) date.Date {
	if g.status == "Check-Out" {
		return g.ended
	}
	return g.arrival
}

// eachDay calls f for every day on which something happens.
func eachDay(stays []*guest, f func(day date.Date, ended, made []*guest)) {
	ended, made := make(map[date.Date][]*guest), make(map[date.Date][]*guest)
	var days []date.Date
	for _, g := range stays {
		made[g.stay.made] = append(made[g.stay.made], g)
		ended[g.ended] = append(ended[g.ended], g)
		days = append(days, g.stay.made, g.ended)
	}
	slices.Sort(days)
	for _, d := range slices.Compact(days) {
		f(d, ended[d], made[d])
	}
}

// firstFit counts the bookings that would be refused if each were given a fixed room, the first
// that is free, when it is made.
func firstFit(stays []*guest, rooms map[string]int) (refused int) {
	type cell struct {
		night
		room int
	}
	taken := make(map[cell]bool)
	given := make(map[*guest]int)
	eachDay(stays, func(_ date.Date, ended, made []*guest) {
		for _, g := range ended {
			if room, ok := given[g]; ok {
				for d := freedFrom(g); d < g.departure; d++ {
					delete(taken, cell{night{g.pool, d}, room})
				}
			}
		}
	next:
		for _, g := range made {
			for room := 1; room <= rooms[g.pool]; room++ {
				free := true
				for d := g.arrival; d < g.departure && free; d++ {
					free = !taken[cell{night{g.pool, d}, room}]
				}
				if !free {
					continue
				}
				given[g] = room
				for d := g.arrival; d < g.departure; d++ {
					taken[cell{night{g.pool, d}, room}] = true
				}
				continue next
			}
			refused++
		}
	})
	return refused
}

func (s *season) run(ctx context.Context) error {
	for pool, n := range s.rooms {
		unit := booking.Unit{ID: booking.UnitID(pool), Capacity: n, Zone: "Europe/Lisbon"}
		if _, err := s.desk.Do(ctx, booking.Define{Unit: unit, By: "example"}); err != nil {
			return err
		}
	}
	arrivals := make(map[date.Date][]*guest)
	ended, made := make(map[date.Date][]*guest), make(map[date.Date][]*guest)
	var days []date.Date
	for _, g := range s.stays {
		made[g.stay.made] = append(made[g.stay.made], g)
		ended[g.ended] = append(ended[g.ended], g)
		days = append(days, g.stay.made, g.ended, g.arrival)
		if g.status == "Check-Out" {
			arrivals[g.arrival] = append(arrivals[g.arrival], g)
		}
	}
	slices.Sort(days)
	days = slices.Compact(days)
	bar := show.NewBar(os.Stderr, len(s.stays))
	for _, d := range days {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		started := time.Now()
		steps := []struct {
			hour int
			who  []*guest
			do   func(context.Context, *guest) error
		}{{10, ended[d], s.end}, {12, made[d], s.book}, {15, arrivals[d], s.arrive}}
		for _, step := range steps {
			s.clock.Set(d.MidnightUTC().Add(time.Duration(step.hour) * time.Hour))
			if _, err := s.desk.Tick(ctx, s.due, len(s.rooms)); err != nil {
				return err
			}
			if err := s.together(ctx, step.who, step.do); err != nil {
				return err
			}
			if err := s.follow(ctx); err != nil {
				return err
			}
		}
		s.spent += time.Since(started)
		bar.Add(len(made[d]))
	}
	bar.Done()
	return nil
}

// together does something for all guests, from many goroutines at once.
func (s *season) together(ctx context.Context, guests []*guest, do func(context.Context, *guest) error) error {
	var wg sync.WaitGroup
	errs := make([]error, workers)
	for w := range min(workers, len(guests)) {
		wg.Go(func() {
			for i := w; i < len(guests) && errs[w] == nil; i += workers {
				errs[w] = do(ctx, guests[i])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

func (s *season) count(what string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.counts[what]++
	s.commands++
}

// book asks for a room and confirms what it gets.
func (s *season) book(ctx context.Context, g *guest) error {
	span, err := booking.Nights(g.arrival, g.departure)
	if err != nil {
		return err
	}
	hold := booking.Hold{ID: booking.ReservationID(fmt.Sprint("row-", g.line)), Unit: booking.UnitID(g.pool), Span: span, Holder: fmt.Sprint("guest-", g.line)}
	if g.queue {
		hold.Policy = booking.PolicyQueue
	}
	res, err := s.desk.Hold(ctx, hold)
	var taken *booking.TakenError
	switch {
	case errors.As(err, &taken):
		s.count("refused")
		s.mu.Lock()
		defer s.mu.Unlock()
		s.refusals = append(s.refusals, refusal{g.pool, g.arrival, g.departure})
		if len(s.examples) < 3 {
			s.examples = append(s.examples, taken.Text("en"))
		}
		return nil
	case err != nil:
		return err
	}
	g.ref, g.made = booking.Ref{Unit: hold.Unit, ID: res.ID}, true
	if res.State == booking.StateQueued {
		g.waited = true
		s.count("queued")
		return nil
	}
	s.count("granted")
	if _, err := s.desk.Confirm(ctx, booking.Confirm{Ref: res.Ref()}); err != nil {
		return err
	}
	s.count("confirmed")
	return nil
}

// end carries out a departure, a cancellation or a no-show.
func (s *season) end(ctx context.Context, g *guest) error {
	if !g.made {
		return nil
	}
	var cmd booking.Command
	switch g.status {
	case "Check-Out":
		cmd = booking.CheckOut{Ref: g.ref}
	case "Canceled":
		cmd = booking.Cancel{Ref: g.ref}
	default:
		cmd = booking.NoShow{Ref: g.ref}
	}
	_, err := s.desk.Do(ctx, cmd)
	if errors.Is(err, booking.ErrRefused) && g.waited {
		s.count("never got a room") // who waited in vain has nothing to end
		return nil
	}
	if err == nil {
		s.count(g.status)
	}
	return err
}

// arrive checks a guest in.
func (s *season) arrive(ctx context.Context, g *guest) error {
	if !g.made {
		return nil
	}
	_, err := s.desk.Do(ctx, booking.CheckIn{Ref: g.ref})
	switch {
	case err == nil:
		s.count("arrived")
	case errors.Is(err, booking.ErrRefused) && g.waited:
		s.count("still waiting on arrival")
		return nil
	case errors.Is(err, booking.ErrTaken):
		s.count("arrived to no room")
		return nil
	}
	return err
}

// follow reads the feed: the ledger takes in every event, and who was promoted confirms the offer.
func (s *season) follow(ctx context.Context) error {
	for {
		events, cursor, err := s.feed.Since(ctx, s.cursor, 1000)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		s.cursor = cursor
		for _, e := range events {
			s.check.apply(e)
			if e.Kind != booking.KindHeld || e.Command == "hold" {
				continue
			}
			ref := booking.Ref{Unit: booking.UnitID(e.Key.ID), ID: e.Reservation.ID}
			_, err := s.desk.Confirm(ctx, booking.Confirm{Ref: ref})
			if errors.Is(err, booking.ErrRefused) {
				continue // cancelled since, on the same day
			}
			if err != nil {
				return err
			}
			s.count("promoted")
		}
	}
	for _, r := range s.refusals {
		if !s.check.full(r.pool, r.arrival, r.departure) {
			s.unfull++
		}
	}
	s.refusals = s.refusals[:0]
	return nil
}

func (s *season) report(fixed int) {
	fmt.Fprintf(s.out, "granted %s, queued %s (of these promoted %s), refused %s\n", group(s.counts["granted"]), group(s.counts["queued"]), group(s.counts["promoted"]), group(s.counts["refused"]))
	for _, text := range s.examples {
		fmt.Fprintln(s.out, "  refused:", text)
	}
	fmt.Fprintf(s.out, "arrivals %s, departures %s, cancellations %s, no-shows %s\n",
		group(s.counts["arrived"]), group(s.counts["Check-Out"]), group(s.counts["Canceled"]), group(s.counts["No-Show"]))
	fmt.Fprintf(s.out, "rooms fixed at booking (first fit) would have refused %d\n", fixed)
	fmt.Fprintf(s.out, "%s commands from %d goroutines, %s a second\n\n", group(s.commands), workers, group(int(float64(s.commands)/s.spent.Seconds())))
	fmt.Fprintln(s.out, "occupancy by pool and week, each sign a week: . none, 1 to 9 tenths, # full")
	for _, line := range s.check.weeks() {
		fmt.Fprintln(s.out, "  "+line)
	}
	fmt.Fprintln(s.out)
}

func (s *season) facts(checks *show.Checks, percent, fixed int) {
	asked := len(s.stays)
	sum := s.counts["granted"] + s.counts["queued"] + s.counts["refused"]
	checks.Add("every hold is granted, queued or refused", sum == asked, "%s of %s", group(sum), group(asked))
	checks.Add("overlaps, by a ledger of the feed", s.check.over == 0, "%d in %s events", s.check.over, group(s.check.events))
	checks.Add("guests who arrived to no room", s.counts["arrived to no room"] == 0, "%d of %s", s.counts["arrived to no room"], group(s.counts["arrived"]))
	checks.Add("events told twice or skipped", s.check.gaps == 0, "%d", s.check.gaps)
	checks.Add("refusals on a night that the ledger finds full", s.unfull == 0, "%s of %s", group(s.counts["refused"]-s.unfull), group(s.counts["refused"]))
	if percent >= 100 {
		checks.Add("a pool as large as its demand refuses nobody", s.counts["refused"] == 0 && s.counts["queued"] == 0, "%d refused, %d queued", s.counts["refused"], s.counts["queued"])
	}
}

// group writes a number with commas between thousands.
func group(n int) string {
	text := fmt.Sprint(n)
	for i := len(text) - 3; i > 0; i -= 3 {
		text = text[:i] + "," + text[i:]
	}
	return strings.TrimPrefix(text, ",")
}
