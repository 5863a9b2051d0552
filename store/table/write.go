package table

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A Write is one commit: guards, and what changes if they hold. Fill Guards, call the methods in
// any order, and hand it to [Tables.Commit], which reports what they could not do.
type Write struct {
	Guards []store.Guard

	puts    map[store.Key]put
	forgets map[store.Key]bool
	rows    []Statement
	events  []event
	err     error
}

type put struct {
	due time.Time
	doc string
}

type event struct {
	key store.Key
	seq int64
	at  time.Time
	doc string
}

// A Statement is one INSERT, UPDATE or DELETE.
type Statement struct {
	SQL  string
	Args []any
}

// Put replaces the document of a key whose guard says Write, and the time at which [Due] lists it
// (zero: never). A key that is written without Put keeps both.
func (w *Write) Put(key store.Key, due time.Time, doc any) {
	if w.puts == nil {
		w.puts = make(map[store.Key]put)
	}
	w.puts[key] = put{due, w.JSON(doc)}
}

// Forget makes a key whose guard says Write absent, as if it had never been written. The versions
// it will have later are none of those it had.
func (w *Write) Forget(key store.Key) {
	if w.forgets == nil {
		w.forgets = make(map[store.Key]bool)
	}
	w.forgets[key] = true
}

// Exec adds a statement on the part's own rows; sql is already expanded. Statements run in the
// order given, after all guards.
func (w *Write) Exec(sql string, args ...any) {
	w.rows = append(w.rows, Statement{sql, args})
}

// Append adds an event of a key whose guard says Write; seq numbers the events of the key.
func (w *Write) Append(key store.Key, seq int64, at time.Time, doc any) {
	w.events = append(w.events, event{key, seq, at, w.JSON(doc)})
}

// A VersionOf, as an argument of Exec, stands for the version that the key has after this commit. Its
// guard says Write.
type VersionOf store.Key

// JSON returns v as a document for Exec.
func (w *Write) JSON(v any) string {
	doc, err := json.Marshal(v)
	if err != nil && w.err == nil {
		w.err = fmt.Errorf("table: a document cannot be written: %w", err)
	}
	return string(doc)
}

// A Step is what a database does about one guard.
type Step struct {
	store.Guard
	Next   int64  // the version after a Write
	Forget bool   // the key's row goes
	Put    bool   // Due and Doc are new
	Due    any    // a time.Time or nil
	Doc    string // JSON
}

// Plan is for an implementation of [Tables]: the guards in key order, and the statements to run
// once all of them hold.
func (w *Write) Plan(p Part) ([]Step, []Statement, error) {
	if w.err != nil {
		return nil, nil, w.err
	}
	steps := make([]Step, len(w.Guards))
	writes := make(map[store.Key]bool)
	for i, g := range w.Guards {
		steps[i] = Step{Guard: g, Next: g.Version + 1, Forget: w.forgets[g.Key]}
		if g.Version == 0 {
			// Rows may be erased and come back: a random start never repeats a version.
			steps[i].Next = 1 + rand.Int64N(1<<62)
			if steps[i].Forget { // what is absent stays absent
				steps[i].Forget, steps[i].Write = false, false
			}
		}
		if put, ok := w.puts[g.Key]; ok {
			steps[i].Put, steps[i].Doc = true, put.doc
			if !put.due.IsZero() {
				steps[i].Due = put.due
			}
		}
		writes[g.Key] = g.Write
	}
	slices.SortFunc(steps, func(a, b Step) int { return a.Key.Compare(b.Key) })
	for i := 1; i < len(steps); i++ {
		if steps[i].Key == steps[i-1].Key {
			return nil, nil, fmt.Errorf("table: two guards for %v", steps[i].Key)
		}
	}
	unguarded := func(key store.Key) error {
		if writes[key] {
			return nil
		}
		return fmt.Errorf("table: %v changes without a guard that says Write", key)
	}
	for key := range w.puts {
		if err := unguarded(key); err != nil {
			return nil, nil, err
		}
	}
	for key := range w.forgets {
		if err := unguarded(key); err != nil {
			return nil, nil, err
		}
	}
	rest := slices.Clone(w.rows)
	for i, row := range rest {
		for j, arg := range row.Args {
			key, ok := arg.(VersionOf)
			if !ok {
				continue
			}
			if err := unguarded(store.Key(key)); err != nil {
				return nil, nil, err
			}
			at, _ := slices.BinarySearchFunc(steps, store.Key(key), func(s Step, k store.Key) int { return s.Key.Compare(k) })
			rest[i].Args = slices.Clone(rest[i].Args)
			rest[i].Args[j] = steps[at].Next
		}
	}
	insert := p.Expand(`insert into {event} (id, kind, seq, at, doc) values ($1, $2, $3, $4, $5)`)
	for _, e := range w.events {
		if err := unguarded(e.key); err != nil {
			return nil, nil, err
		}
		rest = append(rest, Statement{insert, []any{e.key.ID, e.key.Kind, e.seq, e.at, e.doc}})
	}
	return steps, rest, nil
}
