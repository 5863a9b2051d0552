// Package store holds what every storage contract of tenure shares.
//
// A domain package decides; a store keeps. Two methods are enough for that: Load hands out
// aggregates with their versions, Commit writes a change if those versions still hold. Each
// package that keeps state names its own [Store] with its own query, aggregate and change types;
// the duties below are the same for all, and package storetest proves them.
//
// # What an adapter promises
//
//  1. Load's rows are at least as new as the version it returns. It may return more than asked,
//     never less.
//  2. A guard with Write changes its key's version, and a version never repeats for a key, also
//     after its rows were erased. A guard without Write leaves the version, so what is merely
//     read is no hot spot; yet of two commits that each compare what the other writes, one fails.
//     Absence is version 0 and is guarded like any other.
//  3. Versions are compared before anything is written.
//  4. Several guards commit atomically. A store that locks does so in key order, whatever order
//     they are given in. A store that cannot commit several refuses them by an error wrapping
//     [errors.ErrUnsupported].
//  5. A conflict wraps [ErrConflict], whatever the database calls it.
//  6. Times and decimals come back exactly. Keys are case-sensitive and ordered byte by byte.
//  7. Under a done context nothing is written, and the error wraps the context's cause. An
//     unknown outcome is an ordinary error: the caller repeats with the same ID and meets its own
//     result.
//  8. What Load returns is the caller's to keep, and what Commit was given stays the caller's. A
//     store reads no clock, starts no goroutine and runs no migration.
//
// # Where to begin
//
// For a database that speaks SQL, package table has most of a store. For any other, docs/adapters.md
// builds one in 350 lines over keys with compare-and-swap. A version is whatever the database has
// that changes with each write and never comes back: a revision of the whole database, or a counter
// kept beside the rows that outlives them. A Commit that reads the versions, compares them and then
// writes must be held to them again by the write itself: between the two anything may happen.
package store

import (
	"cmp"
	"context"
	"errors"
	"strings"
)

// A Store keeps one package's aggregates. It makes no decisions and reads no clock.
type Store[Query, Aggregate, Change any] interface {
	// Load returns the aggregates asked for, each with a version (0: never written).
	Load(ctx context.Context, q Query) ([]Aggregate, error)

	// Commit applies all of c if every guard's version still holds. Otherwise it must write
	// nothing and return an error wrapping [ErrConflict]. A key whose guard says Write gets a
	// version it never had; any other guarded key keeps its own. It does not repeat: the core
	// loads anew, decides anew and calls it again.
	Commit(ctx context.Context, c Change) error
}

var (
	// ErrConflict is what a Commit wraps when a guard's version no longer holds.
	ErrConflict = errors.New("store: overtaken by another commit")

	// ErrRewound is what a feed wraps when a cursor names an event that the store does not
	// have as it was: an older state was restored, and the follower must start anew.
	ErrRewound = errors.New("store: the feed was rewound")
)

// A Key names an aggregate: its kind within the package ("unit", "card") and its ID.
type Key struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
}

// Compare orders keys by kind, then ID, byte by byte: the order in which stores lock.
func (k Key) Compare(o Key) int {
	return cmp.Or(strings.Compare(k.Kind, o.Kind), strings.Compare(k.ID, o.ID))
}

// String returns kind/id.
func (k Key) String() string { return k.Kind + "/" + k.ID }

// A Guard holds a commit to the version of a key that the decision was made on.
type Guard struct {
	Key
	Version int64 `json:"version"`         // 0: the key was absent
	Write   bool  `json:"write,omitempty"` // the key's rows change, so its version must; else it is only compared
}

// A Cursor is a follower's place in a feed or a listing. "" is the beginning; the rest is the
// store's own.
type Cursor string
