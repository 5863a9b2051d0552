// Package storetest proves that a store keeps the promises of package store.
//
// Whoever writes a storage adapter must exclude lost updates, write skew, half-written changes, a
// version that comes back after an erasure, a deadlock, a truncated time; and each package's store
// must keep the same promises. This suite holds them as named cases. It sees any package's store
// through a [Fixture]: versioned keys, each with a [Value].
//
// # Proving a store
//
// A package writes its fixture once, as three functions: a query for keys, a change from guards
// and values, and what an aggregate holds. Its own suite (bookingtest, deduptest, ...) runs it for
// every adapter:
//
//	func TestStore(t *testing.T) {
//		storetest.Run(t, storetest.Fixture[booking.Query, booking.Calendar, booking.Change]{
//			Store:  open(t), // an adapter's, on a fresh database
//			Kinds:  []string{"unit"},
//			Lacks:  storetest.NoErase | storetest.NoAmount,
//			Query:  func(keys []store.Key, lock bool) booking.Query { ... },
//			Change: func(steps []storetest.Step) booking.Change { ... },
//			Row:    func(c booking.Calendar) storetest.Row { ... },
//		})
//	}
//
// The store need not be empty: each run mints keys of its own. A case that fails prints its rule.
//
// # A suite of one's own
//
// A [Case] returns an error, so that it can itself be tried on stores that are broken on purpose.
// A package's suite lists its own cases beside [Cases] and runs all by [RunCases].
//
// The suite may miss a broken store; what it reports is broken.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A Fixture shows a package's store as versioned keys that hold a [Value] each. Its functions must
// build what they return anew in each call: the suite overwrites it.
type Fixture[Query, Aggregate, Change any] struct {
	Store store.Store[Query, Aggregate, Change]

	// Kinds are the kinds of key to try, one or more. Cases with several keys use them in turn.
	Kinds []string

	// ID turns an ID of the suite's into one that the package takes for that kind; different IDs
	// must stay different. Defaults to the same ID.
	ID func(kind, id string) string

	// Lacks says what the package or the store cannot do. Defaults to nothing: all is tried.
	Lacks Lacks

	// Query asks for these keys; lock says that a commit follows.
	Query func(keys []store.Key, lock bool) Query

	// Change is made of the guards of these steps, in this order, and of what they write.
	Change func(steps []Step) Change

	// Row is what an aggregate holds, under the key that Query was given.
	Row func(Aggregate) Row
}

// A Value is what the suite keeps under a key, in whatever columns suit the package.
type Value struct {
	Text   string    // digits, unless a case is about texts; never empty
	At     time.Time // UTC, whole microseconds
	Amount string    // a decimal number without trailing zeros
}

// A Step is a guard and what happens to its key. A guard that says Write has a Value to keep, or
// Erase; any other has neither.
type Step struct {
	store.Guard
	Value Value
	Erase bool // nothing is kept under the key any more
}

// A Row is a key as a store returned it. If nothing is kept there, Value.Text is empty.
type Row struct {
	store.Key
	Version int64
	Value   Value
}

// String shows what the step does.
func (s Step) String() string {
	switch {
	case !s.Write:
		return fmt.Sprintf("compare %v@%d", s.Key, s.Version)
	case s.Erase:
		return fmt.Sprintf("erase %v@%d", s.Key, s.Version)
	default:
		return fmt.Sprintf("put %v@%d=%.40q", s.Key, s.Version, s.Value.Text)
	}
}

// String shows the key, its version and its text.
func (r Row) String() string { return fmt.Sprintf("%v@%d=%.40q", r.Key, r.Version, r.Value.Text) }

// Lacks is a set of abilities that a package or a store does without.
type Lacks uint

const (
	NoErase   Lacks = 1 << iota // no key can be erased
	NoCompare                   // every guard says Write
	NoSeveral                   // one guard a commit; more must be refused by an error wrapping errors.ErrUnsupported
	NoText                      // Value.Text can only be a number from 1 up
	NoTime                      // Value.At is not kept
	NoAmount                    // Value.Amount is not kept
)

// A Case tries one rule.
type Case struct {
	Name string
	Rule string                      // what the store promises
	Run  func(context.Context) error // nil, or how the rule was broken
}

// Run runs all cases for the fixture as subtests.
func Run[Query, Aggregate, Change any](t *testing.T, f Fixture[Query, Aggregate, Change]) {
	t.Helper()
	RunCases(t, Cases(f))
}

// RunCases runs each case as a subtest, one after the other. One that fails prints its rule.
func RunCases(t *testing.T, cases []Case) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.Name, func(t *testing.T) {
			if err := c.Run(t.Context()); err != nil {
				t.Errorf("%v\nrule: %s", err, c.Rule)
			}
		})
	}
}

// Cases returns the cases that apply to the fixture.
func Cases[Query, Aggregate, Change any](f Fixture[Query, Aggregate, Change]) []Case {
	var cases []Case
	for _, r := range rules {
		if f.Lacks&r.needs != 0 || f.Lacks&r.without != r.without {
			continue
		}
		cases = append(cases, Case{Name: r.name, Rule: r.rule, Run: func(ctx context.Context) error {
			if len(f.Kinds) == 0 {
				return errors.New("the fixture names no kind of key")
			}
			ctx, cancel := context.WithTimeoutCause(ctx, patience, fmt.Errorf("no end in sight after %v: a deadlock?", patience))
			defer cancel()
			return r.run(ctx, newTrial(f))
		}})
	}
	return cases
}

// patience is how long a case may take: some would else wait for a deadlock for ever.
const patience = 2 * time.Minute

// A rule is a case before it knows its fixture.
type rule struct {
	name, rule string
	needs      Lacks // it cannot be tried where these lack
	without    Lacks // it can be tried only where these lack
	run        func(context.Context, *trial) error
}

var rules = slices.Concat(loadRules, guardRules, absenceRules, severalRules, valueRules, ownerRules, contextRules, eraseRules)
