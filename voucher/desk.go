package voucher

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/store"
)

// Config holds what a Desk needs. Only Store is required.
type Config struct {
	Store Store

	// Now tells the time. It may step back: what follows on something is never dated before it.
	// Defaults to time.Now.
	Now func() time.Time

	// Zone is the IANA zone of the office: its today, and its date of issue.
	// Defaults to "UTC".
	Zone string

	// Series are the patterns of numbers, see [NewFormat]. An ID holds no slash; no two series
	// may have one pattern, as they would write the same numbers.
	// Defaults to {"": "{seq:2}{dd}{mm}{yy}"}.
	Series map[SeriesID]string

	// Documents are what is printed: the values must pass the wording in force of each before a
	// number is given.
	// Defaults to none: any values will do.
	Documents []*Document

	// Validators are what else must hold first, on values alone: not Fresh, Wording, or with
	// Papers. A field that only they name (confirmed, paid) need not be in a document.
	// Defaults to none.
	Validators []Validator

	// Tries is how often a command is tried when other commits overtake it.
	// Defaults to 64.
	Tries int
}

// An Issue gives numbers to Items, all in a row per trip start in the order asked, or to none.
type Issue struct {
	ID        CommandID
	Items     []Item // 1 to 10,000, each of another reservation
	Series    SeriesID
	Backdated bool // a trip that has begun is meant
	By, Why   string
}

// A Reissue replaces what a voucher was given for.
type Reissue struct {
	Ref       Ref
	ID        CommandID
	Item      Item // whole; an empty Reservation is the voucher's
	Backdated bool // a trip that has begun is meant
	By, Why   string
}

// A Void withdraws a voucher. Its number stays taken.
type Void struct {
	Ref     Ref
	By, Why string
}

// An Adopt takes in a number that was given elsewhere. A number that the series' pattern cannot
// read is kept as text, outside the counters.
type Adopt struct {
	ID      CommandID
	Number  string // 100 bytes at most
	Item    Item
	Series  SeriesID
	Issued  date.Date
	By, Why string
}

// A Desk gives out numbers. It is safe for any number of goroutines.
type Desk struct {
	store Store
	now   func() time.Time
	rules *rules
	tries int
	retry *store.Retry // nil: one attempt, in the caller's transaction
}

// New returns a desk, or a [ConfigError] with all that is wrong.
func New(c Config) (*Desk, error) {
	var ps Problems
	add := func(code, field, got string) { ps = append(ps, Problem{Code: code, Field: field, Got: got}) }
	if c.Store == nil {
		add("no_store", "Store", "")
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Zone == "" {
		c.Zone = "UTC"
	}
	zone, err := time.LoadLocation(c.Zone)
	if err != nil || c.Zone == "Local" {
		add("zone", "Zone", c.Zone)
	}
	if c.Tries == 0 {
		c.Tries = 64
	}
	if c.Tries < 0 {
		add("negative", "Tries", fmt.Sprint(c.Tries))
	}
	if c.Series == nil {
		c.Series = map[SeriesID]string{"": "{seq:2}{dd}{mm}{yy}"}
	}
	r := &rules{zone: zone, formats: map[SeriesID]*Format{}, documents: slices.Clone(c.Documents), validators: slices.Clone(c.Validators)}
	patterns := map[string]SeriesID{}
	for _, id := range slices.Sorted(maps.Keys(c.Series)) {
		field := fmt.Sprintf("Series[%q]", id)
		if strings.Contains(string(id), "/") || badID(string(id)) != "" {
			add("identifier", field, string(id))
		}
		f, err := NewFormat(id, c.Series[id])
		var invalid *InvalidError
		if errors.As(err, &invalid) {
			ps = append(ps, Problem{Code: invalid.Why, Field: field, Got: invalid.Value, Line: 1, Column: invalid.Position})
			continue
		}
		if other, ok := patterns[PlainNumber(f.pattern)]; ok {
			ps = append(ps, Problem{Code: "same_pattern", Field: field, Got: string(other)})
		}
		patterns[PlainNumber(f.pattern)] = id
		r.formats[id] = f
	}
	named := map[string]bool{}
	for i, d := range c.Documents {
		field := fmt.Sprintf("Documents[%d]", i)
		if d == nil {
			add("empty", field, "")
			continue
		}
		name := d.template.Ref().String() + "." + d.template.Lang
		if named[name] {
			add("twice", field, name)
		}
		named[name] = true
	}
	for i, v := range c.Validators {
		at := fmt.Sprintf("Validators[%d]", i)
		if v.Kind == Fresh || v.Kind == Wording || len(v.Papers) > 0 {
			add("not_on_values", at, string(v.Kind))
		}
		ps = append(ps, v.check(at, nil, false)...)
		for _, id := range v.Fields {
			list, inner, nested := id.split()
			f := Field{ID: list}
			if nested {
				f.Fields = []Field{{ID: inner}}
			}
			r.extra = append(r.extra, f)
		}
	}
	if err := ps.Err(); err != nil {
		return nil, err
	}
	return &Desk{store: c.Store, now: c.Now, rules: r, tries: c.Tries, retry: new(store.Retry)}, nil
}

// In returns the desk over a store inside the caller's transaction. It makes one attempt: a
// conflict is the caller's to retry, with the whole transaction. Issue last: the counter stays
// locked until the commit.
func (d *Desk) In(s Store) *Desk {
	in := *d
	in.store, in.retry = s, nil
	return &in
}

// Issue gives numbers, to all items or to none: it returns the vouchers in the order asked. All
// that is against it comes as one [RefusedError]. Repeated, it answers what it answered first.
func (d *Desk) Issue(ctx context.Context, cmd Issue) ([]Voucher, error) {
	if err := cmp.Or(checkID(cmd.ID), checkWho(cmd.By, cmd.Why), checkItems(cmd.Items...)); err != nil {
		return nil, err
	}
	q := Query{Lock: true}
	var keys []store.Key
	for _, item := range cmd.Items {
		q.Reservations = append(q.Reservations, item.Reservation)
		keys = append(keys, item.Reservation.Key(), CounterKey{item.TripStart, cmd.Series}.Key())
	}
	var answer []Voucher
	err := d.attempt(ctx, keys, func(ctx context.Context) error {
		loaded, err := d.reservations(ctx, q)
		if err != nil {
			return err
		}
		p, done, err := d.rules.issue(cmd, loaded, d.now())
		if p == nil {
			answer = done
			return err
		}
		answer, err = d.commit(ctx, p)
		return err
	})
	if err != nil {
		return nil, err
	}
	return answer, nil
}

// Preview returns the reasons that Issue would refuse the command for, none if it would not. It
// writes nothing, and Issue may still find otherwise.
func (d *Desk) Preview(ctx context.Context, cmd Issue) ([]Reason, error) {
	if err := cmp.Or(checkID(cmd.ID), checkWho(cmd.By, cmd.Why), checkItems(cmd.Items...)); err != nil {
		return nil, err
	}
	var q Query
	for _, item := range cmd.Items {
		q.Reservations = append(q.Reservations, item.Reservation)
	}
	loaded, err := d.reservations(ctx, q)
	if err != nil {
		return nil, err
	}
	_, _, err = d.rules.issue(cmd, loaded, d.now())
	var refused *RefusedError
	if errors.As(err, &refused) {
		return refused.Reasons, nil
	}
	return nil, err
}

// Reissue replaces what a voucher was given for. With the same trip start the voucher keeps its
// number and gets its next revision. With another it is void, and a new number of that day is
// linked to it both ways: that voucher is returned.
func (d *Desk) Reissue(ctx context.Context, cmd Reissue) (Voucher, error) {
	err := cmp.Or(checkID(cmd.ID), checkWho(cmd.By, cmd.Why))
	if cmd.Item.Reservation != "" {
		err = cmp.Or(err, checkItems(cmd.Item))
	}
	if err != nil {
		return Voucher{}, err
	}
	return d.change(ctx, cmd.Ref.ID, func(loaded map[ReservationID]Aggregate) (*plan, *Voucher, error) {
		return d.rules.reissue(cmd, loaded, d.now())
	})
}

// Void withdraws a voucher: it stays, and so does its number, which is never given again. A void
// voucher is returned as it is.
func (d *Desk) Void(ctx context.Context, cmd Void) (Voucher, error) {
	if err := checkWho(cmd.By, cmd.Why); err != nil {
		return Voucher{}, err
	}
	return d.change(ctx, cmd.Ref.ID, func(loaded map[ReservationID]Aggregate) (*plan, *Voucher, error) {
		return d.rules.void(cmd, loaded, d.now())
	})
}

// change runs a decision on one voucher that exists.
func (d *Desk) change(ctx context.Context, id VoucherID, decide func(map[ReservationID]Aggregate) (*plan, *Voucher, error)) (Voucher, error) {
	if _, ok := id.Number(); !ok {
		return Voucher{}, &UnknownError{Kind: "voucher", ID: string(id)}
	}
	var answer Voucher
	err := d.attempt(ctx, []store.Key{{Kind: "voucher", ID: string(id)}}, func(ctx context.Context) error {
		loaded, err := d.reservations(ctx, Query{Vouchers: []VoucherID{id}, Lock: true})
		if err != nil {
			return err
		}
		p, done, err := decide(loaded)
		if err != nil {
			return err
		}
		if p == nil {
			answer = *done
			return nil
		}
		vs, err := d.commit(ctx, p)
		if err == nil {
			answer = vs[len(vs)-1]
		}
		return err
	})
	if err != nil {
		return Voucher{}, err
	}
	return answer, nil
}

// Adopt takes in a number that was given elsewhere, before this desk or beside it, and raises the
// counter past it. A number that belongs to another reservation is a [TakenError]. Documents and
// validators do not judge what was printed long ago.
func (d *Desk) Adopt(ctx context.Context, cmd Adopt) (Voucher, error) {
	if err := cmp.Or(checkID(cmd.ID), checkWho(cmd.By, cmd.Why), checkItems(cmd.Item)); err != nil {
		return Voucher{}, err
	}
	why := badID(cmd.Number)
	switch {
	case len(cmd.Number) > 100:
		why = "too_long"
	case PlainNumber(cmd.Number) == "":
		why = "empty"
	}
	if why != "" {
		return Voucher{}, &InvalidError{Field: "number", Value: cmd.Number, Why: why}
	}
	var answer Voucher
	keys := []store.Key{cmd.Item.Reservation.Key(), CounterKey{cmd.Item.TripStart, cmd.Series}.Key()}
	err := d.attempt(ctx, keys, func(ctx context.Context) error {
		loaded, err := d.reservations(ctx, Query{Reservations: []ReservationID{cmd.Item.Reservation}, Lock: true})
		if err != nil {
			return err
		}
		p, done, err := d.rules.adopt(cmd, loaded, d.now())
		if err != nil {
			return err
		}
		if p == nil {
			answer = *done
			return nil
		}
		vs, err := d.commit(ctx, p)
		if err == nil {
			answer = vs[0]
		}
		return err
	})
	if err != nil {
		return Voucher{}, err
	}
	return answer, nil
}

// Voucher returns a voucher, or an [UnknownError].
func (d *Desk) Voucher(ctx context.Context, id VoucherID) (Voucher, error) {
	if _, ok := id.Number(); !ok {
		return Voucher{}, &UnknownError{Kind: "voucher", ID: string(id)}
	}
	loaded, err := d.reservations(ctx, Query{Vouchers: []VoucherID{id}})
	if err != nil {
		return Voucher{}, err
	}
	v, _, err := find(Ref{ID: id}, loaded)
	return v, err
}

func (d *Desk) reservations(ctx context.Context, q Query) (map[ReservationID]Aggregate, error) {
	slices.Sort(q.Reservations)
	q.Reservations = slices.Compact(q.Reservations)
	as, err := d.store.Load(ctx, q)
	if err != nil {
		return nil, fmt.Errorf("voucher: load: %w", err)
	}
	loaded := make(map[ReservationID]Aggregate, len(as))
	for _, a := range as {
		if a.Kind == KindReservation {
			loaded[ReservationID(a.ID)] = a
		}
	}
	return loaded, nil
}

// commit takes the numbers, last of all, and writes. Whoever took a number from a row changed its
// version, so a number that is free after the row was read is free when it is written.
func (d *Desk) commit(ctx context.Context, p *plan) ([]Voucher, error) {
	counters := map[CounterKey]Aggregate{}
	if rows := p.rows(); len(rows) > 0 {
		as, err := d.store.Load(ctx, Query{Counters: rows, Lock: true})
		if err != nil {
			return nil, fmt.Errorf("voucher: load counters: %w", err)
		}
		for _, a := range as {
			if a.Kind == KindSeries {
				counters[a.Counter.CounterKey] = a
			}
		}
	}
	if p.adopted {
		id := p.drafts[0].ID
		loaded, err := d.reservations(ctx, Query{Vouchers: []VoucherID{id}})
		if err != nil {
			return nil, err
		}
		if v, _, err := find(Ref{ID: id}, loaded); err == nil {
			return nil, &TakenError{Number: v.Text, By: v.Item.Reservation}
		}
	}
	c, answer, err := p.commit(counters, d.rules.formats)
	if err != nil {
		return nil, err
	}
	if err := d.store.Commit(ctx, c); err != nil {
		return nil, fmt.Errorf("voucher: commit: %w", err)
	}
	return answer, nil
}

// attempt runs a command once inside a caller's transaction, else up to the desk's tries.
func (d *Desk) attempt(ctx context.Context, keys []store.Key, run func(context.Context) error) error {
	if d.retry == nil {
		return run(ctx)
	}
	tries := 0
	var last error
	for tries < d.tries {
		last = d.retry.Do(ctx, keys, func(ctx context.Context) error {
			if tries++; tries > d.tries {
				return errGaveUp
			}
			return run(ctx)
		})
		if !errors.Is(last, store.ErrConflict) {
			break
		}
	}
	if errors.Is(last, errGaveUp) {
		return fmt.Errorf("voucher: %d tries: %w", d.tries, store.ErrConflict)
	}
	return last
}

var errGaveUp = errors.New("voucher: no tries left")
