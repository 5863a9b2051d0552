package postgres

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/tenure-go/tenure/store"
)

// InTx runs fn in a transaction of the database's default isolation and commits it. On a conflict,
// fn's or PostgreSQL's own, it rolls back, waits a little and runs fn again, up to
// [store.MaxTries] times, so whatever fn does outside the transaction may happen more than once.
// Any other error of fn rolls back and is returned. If the answer to COMMIT is lost, the outcome is
// unknown and is not retried: repeat the whole with the same IDs.
//
// Transactions may name keys in any order. Within fn a lock is waited for 100 ms at most, less than
// PostgreSQL takes to see a deadlock; the attempts after one that waited in vain begin by locking, in
// key order and for as long as it takes, the keys that were named before. Where that helps nothing,
// as the lock that is waited for is on the caller's own rows, each attempt waits twice as long. After
// a mere conflict nothing is locked beforehand: a row that many take last, such as a counter, must
// not be held for the whole of a transaction.
func InTx(ctx context.Context, db DB, fn func(tx pgx.Tx) error) error {
	var retry store.Retry
	locks := make(locks)
	patience, named := 100*time.Millisecond, -1
	waited := false // in vain, for a lock
	return retry.Do(ctx, nil, func(ctx context.Context) (err error) {
		defer func() { waited = waited || code(err) == deadlockDetected || code(err) == lockNotAvailable }()
		if waited && named == len(locks) {
			patience = min(2*patience, 10*time.Second)
		}
		named = len(locks)
		haste := fmt.Sprintf("set local lock_timeout = '%dms'", patience.Milliseconds())
		options := pgx.TxOptions{}
		if !waited {
			options.BeginQuery = "begin; " + haste // one round trip
		}
		tx, err := db.BeginTx(ctx, options)
		if err != nil {
			return explain(ctx, err)
		}
		defer tx.Rollback(ctx) // after Commit it does nothing
		if waited {
			if err := locks.take(ctx, tx, haste); err != nil {
				return err
			}
		}
		if err := fn(&transaction{tx, locks}); err != nil {
			return explain(ctx, err)
		}
		return explain(ctx, tx.Commit(ctx))
	})
}

// A transaction is InTx's: it remembers which keys were named in it.
type transaction struct {
	pgx.Tx
	locks locks
}

// locks are the keys that a transaction named. A nil map remembers nothing.
type locks map[lockName]lock

type lockName struct {
	part string
	key  store.Key
}

type lock struct {
	sql    string
	update bool   // else share
	absent string // makes a row to lock for a key that has none, or ""
}

// add remembers a key by the strongest lock it was given.
func (l locks) add(name lockName, with lock) {
	if l == nil {
		return
	}
	had := l[name]
	if with.absent == "" {
		with.absent = had.absent
	}
	if had.update {
		with = lock{had.sql, true, with.absent}
	}
	l[name] = with
}

// take locks all keys in order; only what follows is in haste.
func (l locks) take(ctx context.Context, tx pgx.Tx, haste string) error {
	b := &pgx.Batch{}
	for _, name := range slices.SortedFunc(maps.Keys(l), func(a, b lockName) int {
		return cmp.Or(strings.Compare(a.part, b.part), a.key.Compare(b.key))
	}) {
		if absent := l[name].absent; absent != "" {
			b.Queue(absent, name.key.ID, name.key.Kind)
		}
		b.Queue(l[name].sql, name.key.ID, name.key.Kind)
	}
	b.Queue(haste)
	return send(ctx, tx, b)
}
