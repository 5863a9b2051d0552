package booking

import (
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"github.com/tenure-go/tenure/store"
)

// Config holds what a Desk needs. Only Store is required.
type Config struct {
	Store Store

	// Now tells the time. It may step back: a Desk never does.
	// Defaults to time.Now.
	Now func() time.Time

	// Tags are closed lists of values by tag, such as the complexes and their buildings, that
	// Define checks by; a tag that is not listed is unknown.
	// Defaults to any.
	Tags map[string][]string

	// MaxSkew is how far a calendar's clock may be ahead of Now before a command is a ClockError.
	// Defaults to 1 hour.
	MaxSkew time.Duration
}

// A Desk takes commands and answers questions over a Store. It may be used by any number of
// goroutines, and there may be any number of desks over one store.
type Desk struct {
	config Config
	single bool // one attempt, in the caller's transaction
	retry  *store.Retry
	lanes  *lanes
}

// New returns a Desk. What is wrong with the configuration is a [ConfigError].
func New(c Config) (*Desk, error) {
	var problems []Problem
	if c.Store == nil {
		problems = append(problems, Problem{Field: "Store", Why: WhyMissing})
	}
	if c.MaxSkew < 0 {
		problems = append(problems, Problem{Field: "MaxSkew", Why: WhyNegative})
	}
	if len(problems) > 0 {
		return nil, &ConfigError{Problems: problems}
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	c.MaxSkew = orDefault(c.MaxSkew, time.Hour)
	return &Desk{config: c, retry: new(store.Retry), lanes: new(lanes)}, nil
}

// In returns a desk over a store that lives in the caller's transaction, such as pgbooking.In(tx).
// It makes one attempt: what it did stands or falls with the transaction, and a conflict is an
// error wrapping [store.ErrConflict] that the caller's own retry answers.
func (d *Desk) In(s Store) *Desk {
	c := d.config
	c.Store = s
	return &Desk{config: c, single: true}
}

// Do carries out commands in one commit: all or none. Room for what moves is judged at the end, so
// two Moves are a swap. A nil error means granted: nothing waits unless a command asked for it.
//
// A "no" is a [TakenError] or a [RefusedError]. If ctx ends while a commit is under way the
// outcome is unknown: repeat the command with the same ID and meet its result.
func (d *Desk) Do(ctx context.Context, cmds ...Command) (Result, error) {
	if len(cmds) == 0 {
		return Result{Replayed: true}, nil
	}
	c := newCall(cmds...)
	for i := range c.cmds {
		c.cmds[i] = minted(c.cmds[i])
	}
	for _, cmd := range c.cmds {
		if err := checkCommand(cmd); err != nil {
			return Result{}, err
		}
		if def, ok := cmd.(Define); ok {
			if err := d.checkTags(def.Unit.Tags); err != nil {
				return Result{}, err
			}
		}
	}
	c.ask()
	return d.run(ctx, c)
}

// Hold carries out one hold; see [Desk.Do].
func (d *Desk) Hold(ctx context.Context, c Hold) (Result, error) { return d.Do(ctx, c) }

// Confirm confirms one hold; see [Desk.Do].
func (d *Desk) Confirm(ctx context.Context, c Confirm) (Result, error) { return d.Do(ctx, c) }

// Cancel cancels one reservation; see [Desk.Do].
func (d *Desk) Cancel(ctx context.Context, c Cancel) (Result, error) { return d.Do(ctx, c) }

// minted gives an ID to a command that came without.
func minted(cmd Command) Command {
	switch c := cmd.(type) {
	case Hold:
		if c.ID == "" {
			c.ID = ReservationID(rand.Text())
			return c
		}
	case Block:
		if c.ID == "" {
			c.ID = ReservationID(rand.Text())
			return c
		}
	case Rehold:
		if c.ID == "" {
			c.ID = ReservationID(rand.Text())
			return c
		}
	}
	return cmd
}

func (d *Desk) checkTags(tags map[string]string) error {
	if d.config.Tags == nil {
		return nil
	}
	for tag, value := range tags {
		values, ok := d.config.Tags[tag]
		if !ok {
			var names []string
			for name := range d.config.Tags {
				names = append(names, name)
			}
			slices.Sort(names)
			return &UnknownError{Kind: "tag", ID: tag, Nearest: nearest(tag, names)}
		}
		if !slices.Contains(values, value) {
			return &UnknownError{Kind: "value of tag", ID: tag + "=" + value, Nearest: nearest(value, values)}
		}
	}
	return nil
}

// slack widens the first window by the turnover that most units have at most, so that one Load is
// enough.
var slack = map[Axis]int64{AxisNights: 2 * day, AxisTimes: day / 12}

// queryOf is q and what commands load at first: their units, their IDs there, and what they shall have.
func queryOf(cmds []Command, q Query) Query {
	unit := func(u UnitID) {
		if !slices.Contains(q.Units, u) {
			q.Units = append(q.Units, u)
		}
	}
	id := func(id ReservationID) {
		if !slices.Contains(q.IDs, id) {
			q.IDs = append(q.IDs, id)
		}
	}
	claims := func(cs ...Claim) {
		for _, c := range cs {
			unit(c.Unit)
			s := c.Span
			if !s.Forever() {
				s.to += slack[s.axis]
			}
			q.Window = q.Window.hull(s)
		}
	}
	ref := func(r Ref) { unit(r.Unit); id(r.ID) }
	for _, cmd := range cmds {
		switch c := cmd.(type) {
		case Define:
			unit(c.Unit.ID)
		case Hold:
			id(c.ID)
			claims(Claim{Unit: c.Unit, Span: c.Span})
			claims(c.And...)
		case Block:
			id(c.ID)
			claims(Claim{Unit: c.Unit, Span: c.Span})
			claims(c.And...)
		case Rehold:
			ref(c.Ref)
			id(c.ID)
		case Extend:
			ref(c.Ref)
		case Confirm:
			ref(c.Ref)
		case Cancel:
			ref(c.Ref)
		case CheckIn:
			ref(c.Ref)
		case CheckOut:
			ref(c.Ref)
		case NoShow:
			ref(c.Ref)
		case Move:
			ref(c.Ref)
			claims(c.Claims...)
		case Reset:
			unit(c.Unit)
		case lapse:
			unit(c.Unit)
		}
	}
	slices.Sort(q.Units)
	return q
}

// maxLoads bounds how often one decision may ask for more.
const maxLoads = 64

// load asks the store, and holds it to what was asked: one calendar for each unit.
func (d *Desk) load(ctx context.Context, q Query) ([]Calendar, error) {
	cals, err := d.config.Store.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	if len(cals) != len(q.Units) {
		return nil, errors.New("booking: the store returned another number of calendars than was asked for")
	}
	for i := range cals {
		if !slices.Contains(q.Units, cals[i].Unit.ID) || !cals[i].Window.covers(q.Window) {
			return nil, errors.New("booking: the store returned another calendar than was asked for")
		}
		cals[i].Window, cals[i].IDs = q.Window, q.IDs
	}
	return cals, nil
}

// unchanged reports whether the calendars still have the versions that they were read with: a
// question over several units is answered only of one moment.
func (d *Desk) unchanged(ctx context.Context, cals []Calendar) (bool, error) {
	if len(cals) < 2 {
		return true, nil
	}
	q := Query{}
	for i := range cals {
		q.Units = append(q.Units, cals[i].Unit.ID)
	}
	slices.Sort(q.Units)
	again, err := d.load(ctx, q)
	if err != nil {
		return false, err
	}
	for i := range again {
		same := func(c Calendar) bool { return c.Unit.ID == again[i].Unit.ID && c.Version == again[i].Version }
		if !slices.ContainsFunc(cals, same) {
			return false, nil
		}
	}
	return true, nil
}

// read loads calendars and brings them to now, all of one moment.
func (d *Desk) read(ctx context.Context, q Query) ([]Calendar, error) {
	for range maxLoads {
		loaded, err := d.load(ctx, q)
		if err != nil {
			return nil, err
		}
		cals, need := At(d.config.Now(), loaded...)
		if need != nil {
			q = *need
			continue
		}
		same, err := d.unchanged(ctx, loaded)
		if err != nil {
			return nil, err
		}
		if same {
			return cals, nil
		}
	}
	return nil, store.ErrConflict
}

// Calendar returns the calendars of units over a window, on either axis, as they are now: of one
// moment, in the order asked for.
func (d *Desk) Calendar(ctx context.Context, window Span, units ...UnitID) ([]Calendar, error) {
	if window.Empty() {
		return nil, &InvalidError{Field: "window", Value: window.String(), Why: WhyEmpty}
	}
	q := Query{Units: slices.Clone(units)}
	for _, u := range units {
		var k checker
		if k.name("unit", string(u)); k.err != nil {
			return nil, k.err
		}
	}
	slices.Sort(q.Units)
	q.Units = slices.Compact(q.Units)
	if len(q.Units) == 0 {
		return nil, nil
	}
	// Calendars of the other axis take part by their zones' days, which lie a day around UTC's.
	q.Window = Span{window.axis, max(window.from-day, dayOf(minDate)), window.to}
	if !window.Forever() {
		q.Window.to = max(window.to, min(window.to+day, dayOf(maxDate)))
	}
	cals, err := d.read(ctx, q)
	if err != nil {
		return nil, err
	}
	asked := make([]Calendar, len(units))
	for i, u := range units {
		j := slices.IndexFunc(cals, func(c Calendar) bool { return c.Unit.ID == u })
		if cals[j].Version == 0 {
			return nil, &UnknownError{Kind: KindUnit, ID: string(u)}
		}
		asked[i] = cals[j]
	}
	return asked, nil
}

// Reservation returns a reservation as it is now. Its Ref may name any unit that it was ever on;
// the revision is ignored.
func (d *Desk) Reservation(ctx context.Context, r Ref) (Reservation, error) {
	var k checker
	if k.ref(Ref{Unit: r.Unit, ID: r.ID}); k.err != nil {
		return Reservation{}, k.err
	}
	q := Query{Units: []UnitID{r.Unit}, IDs: []ReservationID{r.ID}}
	for range maxLoads {
		cals, err := d.read(ctx, q)
		if err != nil {
			return Reservation{}, err
		}
		b := openBook(cals, cals[0].Clock)
		e := b.find(r.Unit, r.ID)
		switch {
		case b.asked:
			q = *b.missing()
		case e == nil && b.page(r.Unit).version == 0:
			return Reservation{}, &UnknownError{Kind: KindUnit, ID: string(r.Unit)}
		case e == nil:
			return Reservation{}, &UnknownError{Kind: "reservation", ID: r.String()}
		default:
			return e.clone(), nil
		}
	}
	return Reservation{}, store.ErrConflict
}

// Tick records what fell due by now on at most limit units that due finds, and returns how many
// reservations changed. It decides nothing: every answer is the same before and after; what is
// announced by events is announced earlier. Call it again and again, more often than the shortest
// TTL. An error on one unit does not keep the others from their turn.
func (d *Desk) Tick(ctx context.Context, due Due, limit int) (int, error) {
	changed, left, err := d.tick(ctx, due, limit, nil, Span{})
	if len(left) == 0 {
		return changed, err
	}
	// What is still due where nothing was found lies further back than a lapse looks at first.
	more, _, furtherErr := d.tick(ctx, due, limit, left, Span{AxisTimes, -forever, forever})
	return changed + more, errors.Join(err, furtherErr)
}

// tick lets what is due lapse, on units among those given, if any, within a window at least. It
// also returns the units on which nothing was found.
func (d *Desk) tick(ctx context.Context, due Due, limit int, among []store.Key, window Span) (changed int, left []store.Key, err error) {
	keys, err := due.Due(ctx, d.config.Now().UTC().Truncate(time.Microsecond), limit)
	if err != nil {
		return 0, nil, err
	}
	var errs []error
	for _, k := range keys {
		if among != nil && !slices.Contains(among, k) {
			continue
		}
		c := newCall(lapse{UnitID(k.ID)})
		c.ask()
		c.query.Window = window
		res, err := d.run(ctx, c)
		switch {
		case err == nil && len(res.Side) == 0:
			left = append(left, k)
		case err != nil:
			errs = append(errs, err)
		}
		changed += len(res.Side)
		if ctx.Err() != nil {
			break
		}
	}
	return changed, left, errors.Join(errs...)
}
