package dedup

import (
	"cmp"
	"context"
	"errors"
	"iter"
	"slices"

	"github.com/tenure-go/tenure/store"
)

// ImportOptions tells how to take a base in. The zero value does.
type ImportOptions struct {
	// Batch is how many rows one commit takes.
	// Defaults to 500.
	Batch int

	// Skip is how many rows to pass over: ImportReport.Next of an import that was cut short.
	// Defaults to 0.
	Skip int

	// DryRun reports what an import would do, and writes nothing.
	DryRun bool
}

// An ImportReport tells what an import did.
type ImportReport struct {
	Rows       int           // taken in, Repeats included
	Created    int           // founded a card
	Attached   int           // joined a card
	Repeats    int           // were there before
	Duplicates int           // joined a card that another row of this import is on
	Shared     []Key         // keys found shared
	Keyless    map[Grade]int // rows without a usable identifier, by the best grade of what they have
	Bad        []*RowError   // rows passed over
	Next       int           // rows done: where to go on
}

// Import takes rows in, a batch at a time. A row that the source yields as a *RowError, or that
// Ingest would refuse, is counted in Bad and passed over; any other error ends the import, and
// Next tells where to go on. A row taken in twice is a Repeat, so going on too early does no harm.
func (d *Desk) Import(ctx context.Context, rows iter.Seq2[Touch, error], o ImportOptions) (ImportReport, error) {
	if o.Batch <= 0 {
		o.Batch = 500
	}
	if o.DryRun {
		dry := *d
		dry.config.Store = newOverlay(d.config.Store)
		d = &dry
	}
	im := importing{desk: d, cards: make(map[CardID]bool), shared: make(map[Key]bool)}
	im.report.Keyless = make(map[Grade]int)
	n := 0 // rows read
	err := func() error {
		for t, err := range rows {
			n++
			if n <= o.Skip {
				im.report.Next = n
				continue
			}
			var bad *RowError
			switch {
			case errors.As(err, &bad):
				im.report.Bad = append(im.report.Bad, bad)
			case err != nil:
				return errors.Join(err, im.flush(ctx))
			default:
				a, err := d.arrive(t)
				if err != nil {
					im.bad(n, err)
					break
				}
				im.batch, im.lines = append(im.batch, a), append(im.lines, n)
			}
			if len(im.batch) == o.Batch {
				if err := im.flush(ctx); err != nil {
					return err
				}
			}
			if len(im.batch) == 0 {
				im.report.Next = n
			}
		}
		if err := im.flush(ctx); err != nil {
			return err
		}
		im.report.Next = n
		return nil
	}()
	for k := range im.shared {
		im.report.Shared = append(im.report.Shared, k)
	}
	slices.Sort(im.report.Shared)
	slices.SortStableFunc(im.report.Bad, func(a, b *RowError) int { return cmp.Compare(a.Line, b.Line) })
	return im.report, err
}

type importing struct {
	desk   *Desk
	batch  []*arrival
	lines  []int
	report ImportReport
	cards  map[CardID]bool
	shared map[Key]bool
}

// flush takes the batch in.
func (im *importing) flush(ctx context.Context) error {
	if len(im.batch) == 0 {
		return nil
	}
	err := im.take(ctx, im.batch, im.lines)
	if errors.Is(err, ErrTooLarge) {
		// One of them joins too much: only that one is to stay alone.
		for i, a := range im.batch {
			err = im.take(ctx, []*arrival{a}, im.lines[i:i+1])
			if errors.Is(err, ErrTooLarge) {
				a.isolate()
				err = im.take(ctx, []*arrival{a}, im.lines[i:i+1])
			}
			if err != nil {
				return err
			}
		}
	}
	if err != nil {
		return err
	}
	im.report.Next = im.lines[len(im.lines)-1]
	im.batch, im.lines = nil, nil
	return nil
}

// take commits arrivals together and counts them.
func (im *importing) take(ctx context.Context, batch []*arrival, lines []int) error {
	var results []Result
	err := im.desk.run(ctx, nil, func(ctx context.Context) error {
		w := im.desk.newWork("import", true)
		defer w.free()
		for _, a := range batch {
			a.reset()
		}
		results = results[:0]
		err := w.ingest(ctx, batch)
		if len(batch) == 1 && errors.Is(err, ErrMismatch) {
			batch[0].err = err
			return nil
		}
		if err != nil {
			return w.because(ctx, err)
		}
		if err := w.commit(ctx); err != nil {
			return err
		}
		w.events = nil // the feed has them; a row's result need not
		for _, a := range batch {
			if a.err == nil {
				results = append(results, w.result(a))
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	for i, a := range batch {
		if a.err != nil {
			im.bad(lines[i], a.err)
			continue
		}
		im.count(&results[0])
		results = results[1:]
	}
	return nil
}

func (im *importing) count(res *Result) {
	r := &im.report
	r.Rows++
	switch {
	case res.Repeat:
		r.Repeats++
	case res.Created:
		r.Created++
	default:
		r.Attached++
	}
	if im.cards[res.Card] && !res.Repeat {
		r.Duplicates++
	}
	im.cards[res.Card] = true
	best, usable := GradeInvalid, false
	for _, reading := range res.Readings {
		usable = usable || reading.Grade == GradeUsable
		best = max(best, reading.Grade)
		if reading.Class == ClassShared {
			im.shared[reading.Key] = true
		}
	}
	if !usable {
		r.Keyless[best]++
	}
}

// bad notes a row that was refused.
func (im *importing) bad(line int, err error) {
	row := &RowError{Line: line, Why: err.Error()}
	var invalid *InvalidError
	var mismatch *MismatchError
	switch {
	case errors.As(err, &invalid):
		row.Field, row.Value, row.Why = invalid.Field, invalid.Value, invalid.Why
	case errors.As(err, &mismatch):
		row.Field, row.Value, row.Why = mismatch.Field, mismatch.Got, "is known as "+clip(mismatch.Had)+" for "+clip(mismatch.ID)
	}
	im.report.Bad = append(im.report.Bad, row)
}

// An overlay is a Store that keeps what is written to itself and reads the rest from another one.
type overlay struct {
	base   Store
	own    *Memory
	gone   map[store.Key]bool
	stored map[store.Key]bool
}

func newOverlay(base Store) *overlay {
	own := NewMemory()
	own.version = 1 << 34 // apart from the base's versions
	return &overlay{base: base, own: own, gone: make(map[store.Key]bool), stored: make(map[store.Key]bool)}
}

func (o *overlay) Load(ctx context.Context, q Query) ([]Aggregate, error) {
	q.Lock = false
	rows, err := o.base.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	own, err := o.own.Load(ctx, q)
	if err != nil {
		return nil, err
	}
	var hidden []store.Key // rows of the base that were written since
	keep := rows[:0]
	for _, a := range rows {
		switch {
		case o.stored[a.Key]:
			hidden = append(hidden, a.Key)
		case o.gone[a.Key]:
			keep = append(keep, Aggregate{Key: a.Key})
		default:
			keep = append(keep, a)
		}
	}
	for _, a := range own {
		if o.stored[a.Key] {
			keep = append(keep, a)
		}
	}
	more, err := o.own.Load(ctx, Query{Keys: hidden})
	if err != nil {
		return nil, err
	}
	for _, a := range more {
		if o.stored[a.Key] {
			keep = append(keep, a)
		}
	}
	return keep, nil
}

func (o *overlay) Commit(ctx context.Context, c Change) error {
	for i := range c.Guards {
		g := &c.Guards[i]
		g.Version = o.own.versionOf(g.Key)
	}
	for _, a := range c.Rows {
		o.stored[a.Key] = true
		delete(o.gone, a.Key)
	}
	for _, k := range c.Forget {
		delete(o.stored, k)
		o.gone[k] = true
	}
	return o.own.Commit(ctx, c)
}
