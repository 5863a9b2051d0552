package storetest_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

// A shelf is the reference: a store in memory that keeps every promise, with each step in a field
// of its own, so that a mutant can break one.
type shelf struct {
	mu   sync.Mutex
	docs map[store.Key]*doc
	last map[store.Key]int64 // the last version, also of what was erased

	load   func(context.Context, want) ([]box, error)
	commit func(context.Context, edit) error
	done   func(context.Context) error          // why a context lets nothing be done
	fold   func(store.Key) store.Key            // the key as the map knows it
	holds  func(g store.Guard, have int64) bool // whether a guard does
	next   func(last int64) int64               // the version after this one
	copy   func(*doc) *doc                      // on the way in and out
	apply  func(*shelf, edit)                   // writes what was compared
	no     func(store.Guard) error              // the conflict
}

type (
	want struct {
		Keys []store.Key
		Lock bool
	}
	doc struct {
		Text   string
		Tags   []string // the text again
		At     *time.Time
		Amount string
	}
	box struct {
		Key     store.Key
		Version int64
		Doc     *doc
	}
	edit struct {
		Guards []store.Guard
		Boxes  []box
		Forget []store.Key
	}
)

func newShelf() *shelf {
	s := &shelf{docs: make(map[store.Key]*doc), last: make(map[store.Key]int64)}
	s.load, s.commit, s.done, s.copy = s.doLoad, s.doCommit, context.Cause, clone
	s.fold = func(k store.Key) store.Key { return k }
	s.holds = func(g store.Guard, have int64) bool { return g.Version == have }
	s.next = func(last int64) int64 { return last + 1 }
	s.no = func(g store.Guard) error { return fmt.Errorf("%v: %w", g.Key, store.ErrConflict) }
	s.apply = (*shelf).write
	return s
}

func (s *shelf) Load(ctx context.Context, w want) ([]box, error) { return s.load(ctx, w) }
func (s *shelf) Commit(ctx context.Context, e edit) error        { return s.commit(ctx, e) }

func (s *shelf) doLoad(ctx context.Context, w want) ([]box, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.done(ctx); err != nil {
		return nil, err
	}
	var boxes []box
	for _, k := range w.Keys {
		boxes = append(boxes, box{Key: k, Version: s.version(k), Doc: s.copy(s.docs[s.fold(k)])})
	}
	return boxes, nil
}

func (s *shelf) doCommit(ctx context.Context, e edit) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.done(ctx); err != nil {
		return err
	}
	if err := s.compare(e.Guards); err != nil {
		return err
	}
	s.apply(s, e)
	return nil
}

func (s *shelf) compare(guards []store.Guard) error {
	for _, g := range guards {
		if !s.holds(g, s.version(g.Key)) {
			return s.no(g)
		}
	}
	return nil
}

func (s *shelf) write(e edit) {
	for _, b := range e.Boxes {
		s.put(b)
	}
	for _, k := range e.Forget {
		s.forget(k)
	}
}

func (s *shelf) put(b box) {
	s.bump(b.Key)
	s.docs[s.fold(b.Key)] = s.copy(b.Doc)
}

func (s *shelf) bump(k store.Key) { s.last[s.fold(k)] = s.next(s.last[s.fold(k)]) }

func (s *shelf) forget(k store.Key) { delete(s.docs, s.fold(k)) }

func (s *shelf) version(k store.Key) int64 {
	if s.docs[s.fold(k)] == nil {
		return 0
	}
	return s.last[s.fold(k)]
}

func clone(d *doc) *doc {
	if d == nil {
		return nil
	}
	at := *d.At
	return &doc{Text: d.Text, Tags: slices.Clone(d.Tags), At: &at, Amount: d.Amount}
}

// fixture shows a shelf to the suite.
func fixture(s *shelf) storetest.Fixture[want, box, edit] {
	return storetest.Fixture[want, box, edit]{
		Store: s,
		Kinds: []string{"doc", "Doc", "a"},
		Query: func(keys []store.Key, lock bool) want { return want{keys, lock} },
		Change: func(steps []storetest.Step) edit {
			var e edit
			for _, st := range steps {
				e.Guards = append(e.Guards, st.Guard)
				switch {
				case st.Erase:
					e.Forget = append(e.Forget, st.Key)
				case st.Write:
					v := st.Value
					e.Boxes = append(e.Boxes, box{Key: st.Key, Doc: &doc{Text: v.Text, Tags: []string{v.Text}, At: &v.At, Amount: v.Amount}})
				}
			}
			return e
		},
		Row: func(b box) storetest.Row {
			r := storetest.Row{Key: b.Key, Version: b.Version}
			if d := b.Doc; d != nil {
				r.Value = storetest.Value{Text: d.Text, At: *d.At, Amount: d.Amount}
				if !slices.Equal(d.Tags, []string{d.Text}) {
					r.Value.Text = fmt.Sprintf("%q, tagged %q", d.Text, d.Tags)
				}
			}
			return r
		},
	}
}
