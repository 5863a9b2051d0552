package main

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"maps"
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

const (
	workers = 16 // how many desks sell the rooms at once
	party   = 4  // for how many guests each asks at once
)

// A replay is a season, day by day: every booking of the input asks for a room from one of many
// goroutines, guests arrive, leave, cancel or do not come. What it knows of its guests it knows from
// the feed, so that it can be interrupted at any moment and go on.
type replay struct {
	*show.Story
	desk   *booking.Desk
	prefix string // of its units
	rooms  map[string]int
	guests []guest
	days   days
	byID   map[booking.ReservationID]*guest
	check  *ledger // follows the feed too, and knows nothing of booking's rules
	cursor store.Cursor

	mu       sync.Mutex
	progress progress
	refused  []booked // of the day
	examples []string // a few refusals in words
	commands int
	spent    time.Duration
}

// A guest is a booking on its way through the desk.
type guest struct {
	booked
	queues bool          // would rather wait than be refused
	state  booking.State // as the feed says; 0: not booked yet
}

// progress is what a replay keeps beside the bookings: a refusal leaves no trace in a calendar.
type progress struct {
	Day     date.Date // the last whole one
	Refused int
	Wrong   int // refusals for which the ledger found no full night
	Nowhere int // guests who arrived to no room
}

const (
	markOf   = "season of"
	markDay  = "season day"
	markSold = "season sold" // how far the feed of bookings had come
)

// season replays the input through one desk. rooms is how many there are, in per cent of the demand.
func season(ctx context.Context, s *show.Story, percent int) error {
	if percent < 1 || percent > 100 {
		return &show.UsageError{Why: fmt.Sprintf("-rooms %d: must be from 1 to 100", percent)}
	}
	all, err := readBookings(s)
	if err != nil {
		return err
	}
	kept, noNight, sameDay := sift(all)
	s.Say("%s bookings; %s were for no night and %s ended on the day they were made, which leaves %s",
		"Броней: %s; из них без ночей %s, отменены в день заказа %s; остаётся %s", number(s, len(all)), number(s, noNight), number(s, sameDay), number(s, len(kept)))
	if len(kept) == 0 {
		return &show.UsageError{Why: s.T("no booking is left to replay", "не осталось броней, которые можно проиграть")}
	}
	r, err := newReplay(ctx, s, kept, percent)
	if err != nil {
		return err
	}
	if err := r.play(ctx); err != nil {
		return err
	}
	fixed := firstFit(kept, r.rooms)
	r.tell(fixed, percent)
	r.facts(percent)
	return s.Mark(ctx, markSold, string(r.cursor))
}

func newReplay(ctx context.Context, s *show.Story, kept []booked, percent int) (*replay, error) {
	r := &replay{Story: s, prefix: fmt.Sprintf("season-%d/", s.Run), rooms: demand(kept), days: byDay(kept), byID: make(map[booking.ReservationID]*guest)}
	total, input := 0, fnv.New64a()
	for pool, n := range r.rooms {
		r.rooms[pool] = max(1, n*percent/100)
		total += r.rooms[pool]
	}
	r.guests = make([]guest, len(kept))
	for i, b := range kept {
		fmt.Fprintln(input, b)
		r.guests[i] = guest{booked: b, queues: percent < 100 && i%2 == 1}
		r.byID[b.id()] = &r.guests[i]
	}
	r.check = newLedger(r.rooms)
	s.Say("%d rooms in %d pools, which is %d %% of the highest demand", "Номеров: %d, категорий: %d; это %d %% наибольшего спроса", total, len(r.rooms), percent)

	// A season that is played a second time from the middle of a day finds clocks that are ahead of it.
	var err error
	if r.desk, err = booking.New(booking.Config{Store: s.Booking, Now: s.Clock.Now, MaxSkew: 24 * time.Hour}); err != nil {
		return nil, err
	}
	of := fmt.Sprintf("%d %% %x", percent, input.Sum64())
	begun, err := s.Marked(ctx, markOf)
	switch {
	case err != nil:
		return nil, err
	case begun == "":
		return r, s.Mark(ctx, markOf, of)
	case begun != of:
		return nil, &show.UsageError{Why: s.T("the database holds an unfinished season of another -in or -rooms: give the same, or name another database",
			"в базе незаконченный сезон с другими -in или -rooms: укажите те же или другую базу")}
	}
	last, err := s.Marked(ctx, markDay)
	if err == nil && last != "" {
		_, err = fmt.Sscan(last, &r.progress.Day, &r.progress.Refused, &r.progress.Wrong, &r.progress.Nowhere)
	}
	return r, err
}

func (b booked) id() booking.ReservationID { return booking.ReservationID(fmt.Sprint("row-", b.line)) }

func (r *replay) ref(g *guest) booking.Ref {
	return booking.Ref{Unit: booking.UnitID(r.prefix + g.pool), ID: g.id()}
}

// play goes on after the last whole day. What of the next day was done before the program was
// interrupted is asked for again under the same IDs, and is not done twice.
func (r *replay) play(ctx context.Context) error {
	bar := show.NewBar(os.Stderr, len(r.guests))
	defer bar.Done()
	left := slices.Clone(r.days.dates)
	for len(left) > 0 && left[0] <= r.progress.Day {
		bar.Add(len(r.days.made[left[0]]))
		left = left[1:]
	}
	if len(left) > 0 {
		r.Clock.Set(left[0].MidnightUTC())
		if err := r.define(ctx); err != nil {
			return err
		}
	}
	if err := r.follow(ctx); err != nil {
		return err
	}
	for _, day := range left {
		if err := r.playDay(ctx, day); err != nil {
			return err
		}
		bar.Add(len(r.days.made[day]))
	}
	return nil
}

func (r *replay) define(ctx context.Context) error {
	for pool, n := range r.rooms {
		unit := booking.Unit{ID: booking.UnitID(r.prefix + pool), Capacity: n, Zone: "Europe/Lisbon"}
		if _, err := r.desk.Do(ctx, booking.Define{Unit: unit, By: "rental"}); err != nil {
			return err
		}
	}
	return nil
}

func (r *replay) playDay(ctx context.Context, day date.Date) error {
	started := time.Now()
	steps := []struct {
		hour int
		do   func(context.Context) error
	}{
		{10, func(ctx context.Context) error { return r.each(ctx, r.days.ended[day], r.end) }},
		{12, func(ctx context.Context) error { return r.book(ctx, r.days.made[day]) }},
		{15, func(ctx context.Context) error { return r.each(ctx, r.days.arriving[day], r.arrive) }},
	}
	for _, step := range steps {
		r.Clock.Set(day.MidnightUTC().Add(time.Duration(step.hour) * time.Hour))
		if _, err := r.desk.Tick(ctx, ours{r.Booking, r.prefix}, len(r.rooms)); err != nil {
			return err
		}
		if err := step.do(ctx); err != nil {
			return err
		}
		if err := r.follow(ctx); err != nil {
			return err
		}
	}
	p := &r.progress
	p.Day = day
	r.spent += time.Since(started)
	return r.Mark(ctx, markDay, fmt.Sprintln(int(p.Day), p.Refused, p.Wrong, p.Nowhere))
}

// book lets the day's guests ask for their rooms at sixteen desks at once, those who want the same nights
// at the same moment.
func (r *replay) book(ctx context.Context, made []int) error {
	var parties [][]*guest
	for _, guests := range r.byPool(made, func(*guest) bool { return true }) {
		parties = slices.AppendSeq(parties, slices.Chunk(guests, party))
	}
	return together(workers, parties, func(guests []*guest) error { return r.ask(ctx, guests) })
}

// ask asks for a room for each of the guests, in one commit that also confirms what they get. If one of
// them is refused, each asks for himself.
func (r *replay) ask(ctx context.Context, guests []*guest) error {
	var cmds []booking.Command
	for _, g := range guests {
		span, err := booking.Nights(g.arrival, g.departure)
		if err != nil {
			return err
		}
		hold := booking.Hold{ID: g.id(), Unit: r.ref(g).Unit, Span: span, Holder: fmt.Sprint("guest-", g.line)}
		if g.queues {
			hold.Policy = booking.PolicyQueue
			cmds = append(cmds, hold) // it may wait, and what waits cannot be confirmed
			continue
		}
		cmds = append(cmds, hold, booking.Confirm{Ref: r.ref(g)})
	}
	r.count(len(cmds))
	res, err := r.desk.Do(ctx, cmds...)
	var taken *booking.TakenError
	switch {
	case errors.As(err, &taken) && len(guests) > 1:
		for i := range guests {
			if err := r.ask(ctx, guests[i:i+1]); err != nil {
				return err
			}
		}
		return nil
	case errors.As(err, &taken):
		r.refuse(guests[0], taken)
		return nil
	case err != nil:
		return err
	}
	waits := make(map[booking.ReservationID]bool)
	for _, got := range res.All {
		waits[got.ID] = got.State == booking.StateQueued
		if got.State == booking.StateHeld {
			r.count(1)
			if _, err := r.desk.Confirm(ctx, booking.Confirm{Ref: got.Ref()}); err != nil {
				return err
			}
		}
	}
	for _, g := range guests {
		if !waits[g.id()] {
			if err := r.promise(g); err != nil {
				return err
			}
		}
	}
	return nil
}

func (r *replay) count(commands int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.commands += commands
}

func (r *replay) refuse(g *guest, why *booking.TakenError) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.refused = append(r.refused, g.booked)
	if len(r.examples) < 3 {
		r.examples = append(r.examples, strings.ReplaceAll(why.Text(r.Lang), r.prefix, ""))
	}
}

// promise tells a guest that he has a room: after the commit.
func (r *replay) promise(g *guest) error {
	return r.Promise("booked %s %s %s %s", r.ref(g).Unit, g.id(), g.arrival, g.departure)
}

// byPool returns those of the guests who need it, a pool together and in order of arrival.
func (r *replay) byPool(who []int, needs func(*guest) bool) [][]*guest {
	pools := make(map[string][]*guest)
	for _, i := range who {
		if g := &r.guests[i]; needs(g) {
			pools[g.pool] = append(pools[g.pool], g)
		}
	}
	var all [][]*guest
	for _, pool := range slices.Sorted(maps.Keys(pools)) {
		slices.SortStableFunc(pools[pool], func(a, b *guest) int { return int(a.arrival - b.arrival) })
		all = append(all, pools[pool])
	}
	return all
}

// end is what a guest does at the end, nil if he has no room to leave.
func (r *replay) end(g *guest) booking.Command {
	switch {
	case g.state == 0 || g.state == booking.StateExpired || g.state == booking.StateQueued && g.status != cancelled:
		return nil // was refused, or waited in vain
	case g.status == leftHouse:
		return booking.CheckOut{Ref: r.ref(g)}
	case g.status == cancelled:
		return booking.Cancel{Ref: r.ref(g)}
	}
	return booking.NoShow{Ref: r.ref(g)}
}

// arrive checks a guest in, if he has a room.
func (r *replay) arrive(g *guest) booking.Command {
	if g.state == 0 || g.state == booking.StateExpired || g.state == booking.StateQueued {
		return nil
	}
	return booking.CheckIn{Ref: r.ref(g)}
}

// each carries out one command for each of the guests: those of a pool whose stays lie near one another
// in one commit, which has to read the weeks around them and not the whole calendar.
func (r *replay) each(ctx context.Context, who []int, command func(*guest) booking.Command) error {
	pools := r.byPool(who, func(g *guest) bool { return command(g) != nil })
	return together(len(pools), pools, func(guests []*guest) error {
		for len(guests) > 0 {
			n := near(guests)
			if err := r.atOnce(ctx, guests[:n], command); err != nil {
				return err
			}
			guests = guests[n:]
		}
		return nil
	})
}

// near is how many of the guests, who are in the order of arrival, have no gap of two weeks between them.
func near(guests []*guest) int {
	until := guests[0].departure
	for i, g := range guests {
		if g.arrival > until+14 {
			return i
		}
		until = max(until, g.departure)
	}
	return len(guests)
}

// atOnce carries out the guests' commands in one commit. Where that is refused because one finds no
// room, each goes by itself.
func (r *replay) atOnce(ctx context.Context, guests []*guest, command func(*guest) booking.Command) error {
	var cmds []booking.Command
	for _, g := range guests {
		cmds = append(cmds, command(g))
	}
	r.count(len(cmds))
	_, err := r.desk.Do(ctx, cmds...)
	if !errors.Is(err, booking.ErrTaken) {
		return err
	}
	for _, cmd := range cmds {
		if _, err := r.desk.Do(ctx, cmd); errors.Is(err, booking.ErrTaken) {
			r.mu.Lock()
			r.progress.Nowhere++
			r.mu.Unlock()
		} else if err != nil {
			return err
		}
	}
	return nil
}

// together does something with all of them, from so many goroutines at once.
func together[T any](goroutines int, all []T, do func(T) error) error {
	var wg sync.WaitGroup
	errs := make([]error, goroutines)
	for w := range goroutines {
		wg.Go(func() {
			for i := w; i < len(all) && errs[w] == nil; i += goroutines {
				errs[w] = do(all[i])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}

// follow reads the feed: guests and ledger take in every event, and who waited and was offered a room
// confirms the offer.
func (r *replay) follow(ctx context.Context) error {
	for {
		events, cursor, err := r.Booking.Since(ctx, r.cursor, 1000)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		r.cursor = cursor
		var offered []*guest
		for _, e := range events {
			pool, ok := strings.CutPrefix(e.Key.ID, r.prefix)
			if !ok {
				continue // another chapter's, or an earlier run's
			}
			r.check.apply(pool, e)
			if e.Reservation == nil {
				continue
			}
			g := r.byID[e.Reservation.ID]
			g.state = e.Reservation.State
			if e.Kind == booking.KindHeld && e.Command != "hold" {
				offered = append(offered, g)
			}
		}
		for _, g := range offered {
			if g.state != booking.StateHeld {
				continue // cancelled since, or confirmed before the program was interrupted
			}
			r.count(1)
			_, err := r.desk.Confirm(ctx, booking.Confirm{Ref: r.ref(g)})
			if errors.Is(err, booking.ErrRefused) {
				continue // the offer has lapsed
			}
			if err == nil {
				err = r.promise(g)
			}
			if err != nil {
				return err
			}
		}
	}
	for _, b := range r.refused {
		r.progress.Refused++
		if !r.check.full(b) {
			r.progress.Wrong++
		}
	}
	r.refused = r.refused[:0]
	return nil
}

// tell prints the season. With too few rooms it is up to the goroutines who asks first, so that then
// the numbers go where all goes that differs from run to run.
func (r *replay) tell(fixed, percent int) {
	w, ways := r.W, r.check.ways
	if percent < 100 {
		r.W = r.Errs
		defer func() { r.W = w }()
	}
	r.Say("%d desks sold at once: %s bookings got a room at once, %s waited for one (and %s of them got it), %s were refused",
		"Продавали разом %d стоек: сразу получили номер %s, ждали %s (дождались %s), отказано %s",
		workers, number(r.Story, ways["granted"]), number(r.Story, ways["queued"]), number(r.Story, ways["held"]-ways["granted"]), number(r.Story, r.progress.Refused))
	for _, text := range r.examples {
		r.Say("  for example: %s", "  например: %s", text)
	}
	r.Say("%s guests came and %s left; %s bookings were cancelled, %s guests did not come", "Гостей приехало %s, уехало %s; отменили %s, не приехали %s",
		number(r.Story, ways["checked_in"]), number(r.Story, ways["checked_out"]), number(r.Story, ways["cancelled"]), number(r.Story, ways["no_show"]))
	r.Say("Had each booking been given its room number when it was made, %s would have been refused: a pool gives numbers at the door",
		"Если бы номер комнаты давали при заказе, отказать пришлось бы %s раз: здесь его дают у двери", number(r.Story, fixed))
	r.Say("How full the house was, week by week: . nobody, 1 to 9 tenths, # full", "Как был заполнен дом, неделя за неделей: . пусто, 1–9 десятых, # полон")
	for _, line := range r.check.weeks(r.T("rooms", "номеров")) {
		r.Say("  %s", "  %s", line)
	}
	if seconds := r.spent.Seconds(); seconds > 0 {
		fmt.Fprintf(r.Errs, r.T("%s commands from %d goroutines in %.1f s, %s a second\n", "%s команд из %d горутин за %.1f с, %s в секунду\n"),
			number(r.Story, r.commands), workers, seconds, number(r.Story, int(float64(r.commands)/seconds)))
	}
}

// facts compares the ledger of the feed with the input.
func (r *replay) facts(percent int) {
	count, nights := make(map[string]int), 0
	for i := range r.guests {
		g := &r.guests[i]
		if count[g.status]++; g.status == leftHouse {
			nights += int(g.ended - g.arrival)
		}
	}
	p, ways, asked := r.progress, r.check.ways, len(r.guests)
	answered := ways["granted"] + ways["queued"] + p.Refused
	r.Add("season: requests that were granted, queued or refused", "сезон: каждая просьба получила ответ", answered == asked, "%s", of(r.Story, answered, asked))
	r.Add("season: nights sold twice, by a ledger of the feed", "сезон: ночи, проданные дважды, по журналу событий", r.check.over == 0, "%d", r.check.over)
	r.Add("season: wrong refusals, on no full night", "сезон: отказы без занятой ночи", p.Wrong == 0, "%s", of(r.Story, p.Wrong, asked))
	r.Add("season: guests who arrived to no room", "сезон: гости, которым не нашлось номера", p.Nowhere == 0, "%s", of(r.Story, p.Nowhere, count[leftHouse]))
	r.Add("season: events told twice or skipped", "сезон: события, рассказанные дважды или пропущенные", r.check.gaps == 0, "%d", r.check.gaps)
	if percent < 100 {
		return
	}
	r.Add("season: refused or kept waiting, though there are rooms for all", "сезон: отказано или велено ждать, хотя номеров хватает", p.Refused == 0 && ways["queued"] == 0, "%d", p.Refused+ways["queued"])
	ended := []int{ways["checked_out"], ways["cancelled"], ways["no_show"]}
	r.Add("season: departures, cancellations and no-shows are those of the input", "сезон: выезды, отмены и незаезды те же, что в данных",
		slices.Equal(ended, []int{count[leftHouse], count[cancelled], count[noShow]}), "%s, %s, %s", number(r.Story, ended[0]), number(r.Story, ended[1]), number(r.Story, ended[2]))
	r.Add("season: nights slept are those of the input", "сезон: прожитые ночи те же, что в данных", r.check.sleptNights() == nights, "%s", of(r.Story, r.check.sleptNights(), nights))
}
