package postgres

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/tenure-go/tenure/store"
)

// InTx runs fn in a transaction of the database's default isolation and commits it. On a conflict,
// fn's or PostgreSQL's own, it rolls back, waits a little and runs fn again, up to
// [store.MaxTries] times, so whatever fn does outside the transaction may happen more than once.
// Any other error of fn rolls back and is returned. If the answer to COMMIT is lost, the outcome is
// unknown and is not retried: repeat the whole with the same IDs.
//
// Transactions may name keys in any order: within fn a lock is waited for 100 ms at most, less than
// PostgreSQL takes to see a deadlock, and a repeated attempt begins by locking, in key order and for
// as long as it takes, the keys that were named in those before it.
func InTx(ctx context.Context, db DB, fn func(tx pgx.Tx) error) error {
	var retry store.Retry
	locks := make(locks)
	return retry.Do(ctx, nil, func(ctx context.Context) error {
		options := pgx.TxOptions{}
		if len(locks) == 0 {
			options.BeginQuery = "begin; " + haste // one round trip
		}
		tx, err := db.BeginTx(ctx, options)
		if err != nil {
			return explain(ctx, err)
		}
		defer tx.Rollback(ctx) // after Commit it does nothing
		if len(locks) > 0 {
			if err := locks.take(ctx, tx); err != nil {
				return err
			}
		}
		if err := fn(&transaction{tx, locks}); err != nil {
			return explain(ctx, err)
		}
		return explain(ctx, tx.Commit(ctx))
	})
}

const haste = "set local lock_timeout = '100ms'"

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
func (l locks) take(ctx context.Context, tx pgx.Tx) error {
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
