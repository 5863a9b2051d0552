package storetest_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
)

func TestReference(t *testing.T) {
	t.Parallel()
	storetest.Run(t, fixture(newShelf()))
}

// Whatever a package lacks, the cases that remain pass on a store that could do it.
func TestReferenceWithLess(t *testing.T) {
	t.Parallel()
	all := len(storetest.Cases(fixture(newShelf())))
	for lacks := range storetest.NoAmount << 1 {
		f := fixture(newShelf())
		f.Lacks = lacks
		if lacks&storetest.NoSeveral != 0 {
			f.Store = single(newShelf())
		}
		f.ID = func(kind, id string) string { return kind + "/2026-07-01/" + id }
		cases := storetest.Cases(f)
		if lacks != 0 {
			require.Less(t, len(cases), all)
		}
		for _, c := range cases {
			require.NoError(t, c.Run(t.Context()), "%b %s: %s", lacks, c.Name, c.Rule)
		}
	}
}

func TestNamesAndRules(t *testing.T) {
	t.Parallel()
	seen := make(map[string]bool)
	for _, lacks := range []storetest.Lacks{0, storetest.NoSeveral} {
		f := fixture(newShelf())
		f.Lacks = lacks
		for _, c := range storetest.Cases(f) {
			require.True(t, strings.HasSuffix(c.Rule, "."), c.Name)
			require.Equal(t, strings.ToLower(c.Name[:1]), c.Name[:1])
			seen[c.Name] = true
		}
	}
	for _, m := range mutants {
		require.True(t, seen[m.caught], "%s names no case: %q", m.name, m.caught)
	}
	for name := range seen {
		require.True(t, slices.ContainsFunc(mutants, func(m mutant) bool { return m.caught == name }), "no mutant proves %q", name)
	}
}

// A mutant is a store that breaks one promise; caught is the case that must see it.
type mutant struct {
	name, caught string
	lacks        storetest.Lacks
	breakIt      func(*shelf)
}

var mutants = []mutant{
	{name: "load stops at three", caught: "load returns all it was asked for", breakIt: func(s *shelf) {
		s.load = func(ctx context.Context, w want) ([]box, error) {
			w.Keys = w.Keys[:min(3, len(w.Keys))]
			return s.doLoad(ctx, w)
		}
	}},
	{name: "load reads versions after rows", caught: "rows are as new as their version", breakIt: func(s *shelf) {
		s.load = func(ctx context.Context, w want) ([]box, error) {
			boxes, err := s.doLoad(ctx, w)
			yieldOften()
			s.mu.Lock()
			defer s.mu.Unlock()
			for i, b := range boxes {
				boxes[i].Version = s.version(b.Key)
			}
			return boxes, err
		}
	}},
	{name: "compared, then locked", caught: "rows are as new as their version", breakIt: compareThenLock(func(store.Guard) bool { return true })},
	{name: "creators not locked out", caught: "of many creators one wins", breakIt: compareThenLock(func(g store.Guard) bool { return g.Write && g.Version == 0 })},
	{name: "a duplicate key is no conflict", caught: "of many creators one wins", breakIt: func(s *shelf) {
		s.no = func(g store.Guard) error {
			if g.Write && g.Version == 0 {
				return errors.New("duplicate key value violates unique constraint")
			}
			return store.ErrConflict
		}
	}},
	{name: "version not changed", caught: "a write changes the version", breakIt: func(s *shelf) {
		s.next = func(last int64) int64 { return max(last, 1) }
	}},
	{name: "version repeats", caught: "a write changes the version", breakIt: func(s *shelf) {
		s.next = func(last int64) int64 { return last%8 + 1 }
	}},
	{name: "same text, same version", caught: "a write changes the version", breakIt: func(s *shelf) {
		s.apply = func(s *shelf, e edit) {
			e.Boxes = slices.DeleteFunc(slices.Clone(e.Boxes), func(b box) bool {
				had := s.docs[b.Key]
				return had != nil && had.Text == b.Doc.Text
			})
			s.write(e)
		}
	}},
	{name: "conflict not wrapped", caught: "an overtaken write conflicts", breakIt: func(s *shelf) {
		s.no = func(g store.Guard) error { return fmt.Errorf("%v: %v", g.Key, store.ErrConflict) }
	}},
	{name: "an older version is enough", caught: "an overtaken write conflicts", breakIt: func(s *shelf) {
		s.holds = func(g store.Guard, have int64) bool { return g.Version >= have }
	}},
	{name: "compares ignored", caught: "an overtaken compare conflicts", breakIt: func(s *shelf) {
		s.holds = func(g store.Guard, have int64) bool { return !g.Write || g.Version == have }
	}},
	{name: "no write, no compare", caught: "an overtaken compare conflicts", breakIt: func(s *shelf) {
		s.commit = func(ctx context.Context, e edit) error {
			if len(e.Boxes)+len(e.Forget) == 0 {
				return nil
			}
			return s.doCommit(ctx, e)
		}
	}},
	{name: "a compare changes the version", caught: "a compare leaves the version", breakIt: func(s *shelf) {
		s.apply = func(s *shelf, e edit) {
			for _, g := range e.Guards {
				if !g.Write {
					s.bump(g.Key)
				}
			}
			s.write(e)
		}
	}},
	{name: "compares not locked", caught: "write skew", breakIt: compareThenLock(func(g store.Guard) bool { return !g.Write })},
	{name: "absence not locked", caught: "write skew over absent keys", breakIt: compareThenLock(func(g store.Guard) bool { return !g.Write && g.Version == 0 })},
	{name: "absence not guarded", caught: "absence is version 0", breakIt: func(s *shelf) {
		s.holds = func(g store.Guard, have int64) bool { return g.Write && g.Version == 0 || g.Version == have }
	}},
	{name: "an absent key takes any guard", caught: "absence is version 0", breakIt: func(s *shelf) {
		s.holds = func(g store.Guard, have int64) bool { return have == 0 || g.Version == have }
	}},
	{name: "absence not compared", caught: "absence is compared", breakIt: func(s *shelf) {
		s.holds = func(g store.Guard, have int64) bool { return !g.Write && g.Version == 0 || g.Version == have }
	}},
	{name: "a compare creates", caught: "absence is compared", breakIt: func(s *shelf) {
		s.apply = func(s *shelf, e edit) {
			for _, g := range e.Guards {
				if !g.Write && g.Version == 0 {
					s.put(box{Key: g.Key, Doc: &doc{At: new(time.Time)}})
				}
			}
			s.write(e)
		}
	}},
	{name: "only the first is written", caught: "several keys commit together", breakIt: func(s *shelf) {
		s.apply = func(s *shelf, e edit) {
			e.Boxes = e.Boxes[:min(1, len(e.Boxes))]
			s.write(e)
		}
	}},
	{name: "only the first guard is compared", caught: "every guard is compared", breakIt: compareOnly(func(guards []store.Guard) []store.Guard { return guards[:1] })},
	{name: "only the last guard is compared", caught: "every guard is compared", breakIt: compareOnly(func(guards []store.Guard) []store.Guard { return guards[len(guards)-1:] })},
	{name: "only the least key is compared", caught: "every guard is compared", breakIt: compareOnly(func(guards []store.Guard) []store.Guard {
		return []store.Guard{slices.MinFunc(guards, func(a, b store.Guard) int { return a.Compare(b.Key) })}
	})},
	{name: "written before compared", caught: "a conflict writes nothing", breakIt: func(s *shelf) {
		s.commit = func(ctx context.Context, e edit) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if err := s.done(ctx); err != nil {
				return err
			}
			for i, g := range e.Guards {
				if err := s.compare(e.Guards[i : i+1]); err != nil {
					return err
				}
				for _, b := range e.Boxes {
					if b.Key == g.Key {
						s.put(b)
					}
				}
			}
			for _, k := range e.Forget {
				s.forget(k)
			}
			return nil
		}
	}},
	{name: "a conflict changes versions", caught: "a conflict writes nothing", breakIt: func(s *shelf) {
		s.commit = func(ctx context.Context, e edit) error {
			err := s.doCommit(ctx, e)
			if errors.Is(err, store.ErrConflict) {
				s.mu.Lock()
				defer s.mu.Unlock()
				for _, g := range e.Guards {
					if g.Version != 0 && g.Version == s.version(g.Key) {
						s.bump(g.Key)
					}
				}
			}
			return err
		}
	}},
	{name: "keys locked as named", caught: "opposite key orders", breakIt: func(s *shelf) {
		var mu sync.Mutex
		locks := make(map[store.Key]*sync.Mutex)
		lock := func(k store.Key) *sync.Mutex {
			mu.Lock()
			defer mu.Unlock()
			if locks[k] == nil {
				locks[k] = new(sync.Mutex)
			}
			return locks[k]
		}
		s.commit = func(ctx context.Context, e edit) error {
			for i, g := range e.Guards {
				l := lock(g.Key)
				if i == 0 {
					l.Lock()
				} else if !l.TryLock() {
					return errors.New("deadlock detected")
				}
				defer l.Unlock()
				yieldOften()
			}
			return s.doCommit(ctx, e)
		}
	}},
	{name: "several keys written by a store of one", caught: "several keys are refused", lacks: storetest.NoSeveral, breakIt: func(*shelf) {}},
	{name: "several keys refused too late", caught: "several keys are refused", lacks: storetest.NoSeveral, breakIt: func(s *shelf) {
		s.commit = func(ctx context.Context, e edit) error {
			if len(e.Guards) > 1 {
				return errors.Join(s.doCommit(ctx, e), errors.ErrUnsupported)
			}
			return s.doCommit(ctx, e)
		}
	}},
	{name: "time cut to seconds", caught: "times come back exactly", breakIt: onTheWayIn(func(d *doc) { *d.At = d.At.Truncate(time.Second) })},
	{name: "time as a float", caught: "times come back exactly", breakIt: onTheWayIn(func(d *doc) {
		*d.At = time.UnixMicro(int64(float64(d.At.UnixMicro()))).UTC()
	})},
	{name: "time as nanoseconds", caught: "times come back exactly", breakIt: onTheWayIn(func(d *doc) {
		*d.At = time.Unix(0, d.At.UnixNano()).UTC()
	})},
	{name: "time in a zone", caught: "times come back exactly", breakIt: onTheWayIn(func(d *doc) { *d.At = d.At.In(time.FixedZone("MSK", 3*60*60)) })},
	{name: "amount as a float", caught: "amounts come back exactly", breakIt: onTheWayIn(func(d *doc) {
		f, err := strconv.ParseFloat(d.Amount, 64)
		if err == nil {
			d.Amount = strconv.FormatFloat(f, 'f', -1, 64)
		}
	})},
	{name: "text trimmed", caught: "texts come back exactly", breakIt: onTheWayIn(func(d *doc) { set(d, strings.TrimSpace(d.Text)) })},
	{name: "text unescaped", caught: "texts come back exactly", breakIt: onTheWayIn(func(d *doc) { set(d, strings.ReplaceAll(d.Text, `\n`, "\n")) })},
	{name: "text cut", caught: "texts come back exactly", breakIt: onTheWayIn(func(d *doc) { set(d, d.Text[:min(255, len(d.Text))]) })},
	{name: "keys without case", caught: "keys are compared byte by byte", breakIt: func(s *shelf) {
		s.fold = func(k store.Key) store.Key { return store.Key{Kind: k.Kind, ID: strings.ToLower(k.ID)} }
	}},
	{name: "keys without spaces", caught: "keys are compared byte by byte", breakIt: func(s *shelf) {
		s.fold = func(k store.Key) store.Key { return store.Key{Kind: k.Kind, ID: strings.TrimRight(k.ID, " ")} }
	}},
	{name: "keys without kind", caught: "keys are compared byte by byte", breakIt: func(s *shelf) {
		s.fold = func(k store.Key) store.Key { return store.Key{ID: k.ID} }
	}},
	{name: "a done context writes", caught: "a done context writes nothing", breakIt: func(s *shelf) {
		s.done = func(context.Context) error { return nil }
	}},
	{name: "a done context is seen too late", caught: "a done context writes nothing", breakIt: func(s *shelf) {
		s.commit = func(ctx context.Context, e edit) error {
			if err := s.doCommit(context.WithoutCancel(ctx), e); err != nil {
				return err
			}
			return context.Cause(ctx)
		}
	}},
	{name: "the cause is lost", caught: "a done context writes nothing", breakIt: func(s *shelf) {
		s.done = context.Context.Err
	}},
	{name: "load hands out its own", caught: "what Load returned is the caller's", breakIt: func(s *shelf) {
		s.load = func(ctx context.Context, w want) ([]box, error) {
			boxes, err := s.doLoad(ctx, w)
			s.mu.Lock()
			defer s.mu.Unlock()
			for i, b := range boxes {
				boxes[i].Doc = s.docs[b.Key]
			}
			return boxes, err
		}
	}},
	{name: "load hands out its own tags", caught: "what Load returned is the caller's", breakIt: func(s *shelf) {
		s.load = func(ctx context.Context, w want) ([]box, error) {
			boxes, err := s.doLoad(ctx, w)
			s.mu.Lock()
			defer s.mu.Unlock()
			for i, b := range boxes {
				if b.Doc != nil {
					boxes[i].Doc.Tags = s.docs[b.Key].Tags[:1:1]
				}
			}
			return boxes, err
		}
	}},
	{name: "rows change in place", caught: "what Load returned is the caller's", breakIt: func(s *shelf) {
		s.copy = func(d *doc) *doc { return d }
		s.apply = func(s *shelf, e edit) {
			for i, b := range e.Boxes {
				if had := s.docs[b.Key]; had != nil {
					*had = *clone(b.Doc)
					e.Boxes[i].Doc = had
				}
			}
			s.write(e)
		}
	}},
	{name: "commit keeps what it was given", caught: "what Commit was given is the caller's", breakIt: func(s *shelf) {
		s.apply = func(s *shelf, e edit) {
			s.write(e)
			for _, b := range e.Boxes {
				s.docs[b.Key] = b.Doc
			}
		}
	}},
	{name: "commit sorts what it was given", caught: "what Commit was given is the caller's", breakIt: func(s *shelf) {
		s.apply = func(s *shelf, e edit) {
			slices.SortFunc(e.Guards, func(a, b store.Guard) int { return a.Compare(b.Key) })
			s.write(e)
		}
	}},
	{name: "commit stamps what it was given", caught: "what Commit was given is the caller's", breakIt: func(s *shelf) {
		s.apply = func(s *shelf, e edit) {
			s.write(e)
			for i, b := range e.Boxes {
				e.Boxes[i].Version = s.version(b.Key)
			}
		}
	}},
	{name: "erasure does nothing", caught: "an erased key is absent", breakIt: func(s *shelf) {
		s.apply = func(s *shelf, e edit) {
			e.Forget = nil
			s.write(e)
		}
	}},
	{name: "erasure without a guard", caught: "an erased key is absent", breakIt: func(s *shelf) {
		s.commit = func(ctx context.Context, e edit) error {
			if len(e.Guards) == 1 && len(e.Forget) == 1 && s.done(ctx) == nil {
				s.mu.Lock()
				defer s.mu.Unlock()
				s.forget(e.Forget[0])
				return nil
			}
			return s.doCommit(ctx, e)
		}
	}},
	{name: "erasure restarts at 1", caught: "a version never comes back", breakIt: func(s *shelf) {
		s.apply = func(s *shelf, e edit) {
			s.write(e)
			for _, k := range e.Forget {
				delete(s.last, k)
			}
		}
	}},
	{name: "erasure keeps the version", caught: "an erased key is absent", breakIt: func(s *shelf) {
		s.apply = func(s *shelf, e edit) {
			for _, k := range e.Forget {
				s.docs[k] = &doc{At: new(time.Time)}
			}
			e.Forget = nil
			s.write(e)
		}
	}},
	{name: "what was erased takes old guards", caught: "a guard from before an erasure conflicts", breakIt: func(s *shelf) {
		s.holds = func(g store.Guard, have int64) bool {
			return g.Version == have || have == 0 && g.Version == s.last[g.Key]
		}
	}},
	{name: "erased before compared", caught: "an erasure stands or falls with its commit", breakIt: func(s *shelf) {
		s.commit = func(ctx context.Context, e edit) error {
			if err := s.doCommit(ctx, e); len(e.Guards) == 1 || err == nil {
				return err
			}
			s.mu.Lock()
			defer s.mu.Unlock()
			for _, k := range e.Forget {
				s.forget(k)
			}
			return store.ErrConflict
		}
	}},
}

func TestMutants(t *testing.T) {
	t.Parallel()
	for _, m := range mutants {
		t.Run(m.name, func(t *testing.T) {
			t.Parallel()
			s := newShelf()
			m.breakIt(s)
			f := fixture(s)
			f.Lacks = m.lacks
			cases := storetest.Cases(f)
			at := slices.IndexFunc(cases, func(c storetest.Case) bool { return c.Name == m.caught })
			require.GreaterOrEqual(t, at, 0)
			err := cases[at].Run(t.Context())
			require.Error(t, err)
			t.Log(err)
		})
	}
}

// compareThenLock compares some guards before it locks, so that others may commit in between.
func compareThenLock(early func(store.Guard) bool) func(*shelf) {
	return func(s *shelf) {
		s.commit = func(ctx context.Context, e edit) error {
			if err := s.done(ctx); err != nil {
				return err
			}
			var before, after []store.Guard
			for _, g := range e.Guards {
				if early(g) {
					before = append(before, g)
				} else {
					after = append(after, g)
				}
			}
			s.mu.Lock()
			err := s.compare(before)
			s.mu.Unlock()
			if err != nil {
				return err
			}
			yieldOften()
			s.mu.Lock()
			defer s.mu.Unlock()
			if err := s.compare(after); err != nil {
				return err
			}
			s.apply(s, e)
			return nil
		}
	}
}

func compareOnly(some func([]store.Guard) []store.Guard) func(*shelf) {
	return func(s *shelf) {
		s.commit = func(ctx context.Context, e edit) error {
			s.mu.Lock()
			defer s.mu.Unlock()
			if err := s.done(ctx); err != nil {
				return err
			}
			if err := s.compare(some(e.Guards)); err != nil {
				return err
			}
			s.apply(s, e)
			return nil
		}
	}
}

func onTheWayIn(change func(*doc)) func(*shelf) {
	return func(s *shelf) {
		s.copy = func(d *doc) *doc {
			d = clone(d)
			if d != nil {
				change(d)
			}
			return d
		}
	}
}

func set(d *doc, text string) { d.Text, d.Tags = text, []string{text} }

// single makes a shelf a store that commits one key at a time.
func single(s *shelf) *shelf {
	s.commit = func(ctx context.Context, e edit) error {
		if len(e.Guards) > 1 {
			return fmt.Errorf("%d keys at once: %w", len(e.Guards), errors.ErrUnsupported)
		}
		return s.doCommit(ctx, e)
	}
	return s
}

func yieldOften() {
	for range 20 {
		runtime.Gosched()
	}
}

// TestFailurePrintsRule runs this test binary once more, on a broken store.
func TestFailurePrintsRule(t *testing.T) {
	if os.Getenv("STORETEST_BROKEN") != "" {
		s := newShelf()
		s.next = func(int64) int64 { return 1 }
		storetest.Run(t, fixture(s))
		return
	}
	t.Parallel()
	cmd := exec.Command(os.Args[0], "-test.run=^TestFailurePrintsRule$")
	cmd.Env = append(os.Environ(), "STORETEST_BROKEN=1")
	out, err := cmd.CombinedOutput()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	require.Contains(t, string(out), "--- FAIL: TestFailurePrintsRule/a_write_changes_the_version")
	require.Contains(t, string(out), "rule: A guard with Write gives its key a version that it never had.")
}

func TestFixtureWithoutKinds(t *testing.T) {
	t.Parallel()
	f := fixture(newShelf())
	f.Kinds = nil
	for _, c := range storetest.Cases(f) {
		require.ErrorContains(t, c.Run(t.Context()), "no kind of key")
	}
}
