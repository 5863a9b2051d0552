package dedup

import (
	"context"
	"slices"

	"github.com/tenure-go/tenure/store"
)

// Decide makes a ruling, and returns what changed by it. The same ruling again changes nothing and
// returns no events; with other content it is a *MismatchError. A ruling that contradicts one in
// force is a *ContradictionError, one on a key that is shared for good a *FullError, one that would
// make more than MaxReplay inquiries hang together a *TooLargeError.
func (d *Desk) Decide(ctx context.Context, ruling Decide) ([]Event, error) {
	if err := ruling.check(d.config.Reader); err != nil {
		return nil, err
	}
	var events []Event
	err := d.run(ctx, []store.Key{decisionKey(ruling.ID)}, func(ctx context.Context) error {
		w := d.newWork("decide", true)
		defer w.free()
		w.cause, w.by, w.why = decisionKey(ruling.ID), ruling.By, ruling.Why
		if err := w.decide(ctx, &ruling); err != nil {
			return w.because(ctx, err)
		}
		if err := w.commit(ctx); err != nil {
			return err
		}
		events = w.events
		return nil
	})
	return events, err
}

func (w *work) decide(ctx context.Context, d *Decide) error {
	if err := w.need(ctx, decisionKey(d.ID)); err != nil {
		return err
	}
	row := w.decisions.at(d.ID)
	row.used = true
	if row.now != nil {
		return row.now.same(d)
	}
	*row.edit() = StoredDecision{Decide: *d, Made: w.stamp}
	var err error
	switch d.Ruling {
	case RulingSame, RulingDifferent:
		err = w.tie(ctx, d)
	case RulingShared, RulingPersonal:
		err = w.declare(ctx, d)
	case RulingWithdraw:
		err = w.withdraw(ctx, d)
	}
	if err != nil {
		return err
	}
	w.emit(Event{Kind: EventDecided, Rule: Rule(d.Ruling.String())})
	return w.outcome(ctx)
}

// outcome settles, and notes what moved.
func (w *work) outcome(ctx context.Context) error {
	if err := w.settle(ctx); err != nil {
		return err
	}
	if err := w.moves(ctx); err != nil {
		return err
	}
	if err := w.claims(ctx); err != nil {
		return err
	}
	w.finish()
	return nil
}

// tie binds the touches that a ruling names.
func (w *work) tie(ctx context.Context, d *Decide) error {
	var affected []DecisionID
	for side, ids := range [2][]TouchID{d.A, d.B} {
		for _, id := range ids {
			st, err := w.stored(ctx, id)
			if err != nil {
				return err
			}
			switch {
			case st == nil:
				return &UnknownError{Kind: "touch", ID: string(id)}
			case !w.trace(st.Trace).Erased.IsZero():
				return &InvalidError{Field: "A, B", Value: string(id), Why: "was erased"}
			}
			root := st.root()
			if err := w.bind(ctx, root, []Bond{{Decision: d.ID, Ruling: d.Ruling, B: side == 1}}); err != nil {
				return err
			}
			affected = append(affected, w.sames(w.touch(root).Trace)...)
		}
	}
	if err := w.repeer(ctx, affected); err != nil {
		return err
	}
	with, err := w.contradicted(ctx, d)
	if err != nil {
		return err
	}
	if with != "" {
		return &ContradictionError{Decision: d.ID, With: with}
	}
	return nil
}

// sames returns the Same rulings on a trace.
func (w *work) sames(id TraceID) []DecisionID {
	var ids []DecisionID
	for _, b := range w.trace(id).Bonds {
		if b.Ruling == RulingSame {
			ids = append(ids, b.Decision)
		}
	}
	return ids
}

// repeer lists in each trace that a Same ruling binds the others.
func (w *work) repeer(ctx context.Context, rulings []DecisionID) error {
	slices.Sort(rulings)
	for _, id := range slices.Compact(rulings) {
		if err := w.need(ctx, decisionKey(id)); err != nil {
			return err
		}
		row := w.decisions.at(id)
		if row.now == nil || row.now.Withdrawn != "" {
			continue
		}
		var traces []TraceID
		for _, touch := range row.now.A {
			st, err := w.stored(ctx, touch)
			if err != nil {
				return err
			}
			if st != nil && !slices.Contains(traces, st.Trace) {
				traces = append(traces, st.Trace)
			}
		}
		slices.Sort(traces)
		for _, trace := range traces {
			bonds := slices.Clone(w.trace(trace).Bonds)
			for i := range bonds {
				if bonds[i].Decision == id && !slices.Equal(bonds[i].Peers, traces) {
					bonds[i].Peers = traces
					w.editTrace(trace).Bonds = bonds
				}
			}
		}
	}
	return nil
}

// contradicted returns the ruling in force that d contradicts, "" if none: a Different one between
// touches that are one person's by Same rulings.
func (w *work) contradicted(ctx context.Context, d *Decide) (DecisionID, error) {
	via := make(map[TraceID]DecisionID) // by which ruling a trace was reached
	var queue []TraceID
	for _, id := range d.A {
		root := w.touch(id).root()
		if trace := w.touch(root).Trace; via[trace] == "" {
			via[trace] = d.ID
			queue = append(queue, trace)
		}
	}
	type end struct {
		id DecisionID
		b  bool
	}
	ends := make(map[end]DecisionID)
	for len(queue) > 0 {
		at := queue[0]
		queue = queue[1:]
		if err := w.need(ctx, traceKey(at)); err != nil {
			return "", err
		}
		tr := w.trace(at)
		if tr == nil {
			return "", errTorn
		}
		for _, b := range tr.Bonds {
			if b.Ruling == RulingDifferent {
				if by, ok := ends[end{b.Decision, !b.B}]; ok && (d.Ruling == RulingSame || b.Decision == d.ID) {
					if b.Decision == d.ID {
						if by == d.ID {
							by = via[at]
						}
						return by, nil
					}
					return b.Decision, nil
				}
				ends[end{b.Decision, b.B}] = via[at]
				continue
			}
			for _, peer := range b.Peers {
				if via[peer] == "" {
					via[peer] = b.Decision
					queue = append(queue, peer)
				}
			}
		}
	}
	return "", nil
}

// declare rules on a key.
func (w *work) declare(ctx context.Context, d *Decide) error {
	if err := w.need(ctx, useKey(d.Key)); err != nil {
		return err
	}
	class := ClassShared
	if d.Ruling == RulingPersonal {
		class = ClassPersonal
	}
	u := w.use(d.Key)
	if u != nil && u.Ruled && (u.Class == ClassShared) != (class == ClassShared) {
		return &ContradictionError{Decision: d.ID, With: u.Rulings[0]}
	}
	if u != nil && u.Full && class == ClassPersonal {
		return &FullError{Key: d.Key}
	}
	row := w.editUse(d.Key)
	row.Ruled, row.Rulings = true, append(slices.Clip(row.Rulings), d.ID)
	if !row.Full && !(class == ClassPersonal && row.Class == ClassContested) {
		row.Class = class
	}
	w.changed = append(w.changed, d.Key)
	return nil
}

// withdraw makes a ruling as if it had never been made.
func (w *work) withdraw(ctx context.Context, d *Decide) error {
	if err := w.need(ctx, decisionKey(d.Undo)); err != nil {
		return err
	}
	row := w.decisions.at(d.Undo)
	row.used = true
	if row.now == nil {
		return &UnknownError{Kind: "decision", ID: string(d.Undo)}
	}
	if r := row.now.Ruling; r == RulingWithdraw || r == rulingErase {
		return &InvalidError{Field: "Undo", Value: string(d.Undo), Why: "cannot be withdrawn"}
	}
	if row.now.Withdrawn != "" {
		return &UnknownError{Kind: "decision", ID: string(d.Undo)}
	}
	undone := row.edit()
	undone.Withdrawn = d.ID
	if undone.Key != "" {
		if err := w.need(ctx, useKey(undone.Key)); err != nil {
			return err
		}
		u := w.editUse(undone.Key)
		u.Rulings = slices.DeleteFunc(slices.Clone(u.Rulings), func(id DecisionID) bool { return id == d.Undo })
		u.Ruled = len(u.Rulings) > 0
		w.changed = append(w.changed, undone.Key)
		return nil
	}
	var affected []DecisionID
	for _, id := range slices.Concat(undone.A, undone.B) {
		st, err := w.stored(ctx, id)
		if err != nil {
			return err
		}
		if st == nil || !w.trace(st.Trace).Erased.IsZero() {
			continue
		}
		root := st.root()
		w.fresh = append(w.fresh, w.trace(w.touch(root).Trace).peers()...) // what it held together is settled anew
		affected = append(affected, w.sames(w.touch(root).Trace)...)
		bonds := slices.DeleteFunc(slices.Clone(w.trace(w.touch(root).Trace).Bonds), func(b Bond) bool { return b.Decision == d.Undo })
		if len(bonds) == len(w.trace(w.touch(root).Trace).Bonds) {
			continue
		}
		if err := w.rebind(ctx, root, bonds); err != nil {
			return err
		}
	}
	return w.repeer(ctx, affected)
}

// peers returns the traces that Same rulings unite with tr.
func (tr *Trace) peers() []TraceID {
	var ids []TraceID
	for _, b := range tr.Bonds {
		ids = append(ids, b.Peers...)
	}
	return ids
}
