package postgres

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/jackc/pgx/v5"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
)

// statements are a part's guards. Each names one key.
//
// On a pool a guard must fail its whole batch by itself, without an answer from the client: it
// divides by the number of rows that held, 0 if its version is gone.
type statements struct {
	absent              string // makes a row to lock for a key that has none
	share, update       string // lock, and return the version
	compare             string // fails unless the version holds
	create, createBare  string // write a key that was absent
	replace, bump, drop string // write a key that was there
}

func write(p table.Part) statements {
	if s, ok := written.Load(p); ok {
		return s.(statements)
	}
	held := func(name, change string) string {
		return p.Expand("with " + name + " as (" + change + " returning 1) select 1/(select count(*)::int from " + name + ")")
	}
	s := statements{
		absent:  p.Expand(`insert into {key} (id, kind, version) values ($1, $2, 0) on conflict do nothing`),
		share:   p.Expand(`select version from {key} where id = $1 and kind = $2 for share`),
		update:  p.Expand(`select version from {key} where id = $1 and kind = $2 for update`),
		compare: p.Expand(`with k as (select version from {key} where id = $1 and kind = $2 for share) select 1/(select count(*)::int from k where version = $3)`),
		create: held("k", `insert into {key} as old (id, kind, version, due, doc) values ($1, $2, $3, $4, $5)
			on conflict (id, kind) do update set version = excluded.version, due = excluded.due, doc = excluded.doc where old.version = 0`),
		createBare: held("k", `insert into {key} as old (id, kind, version) values ($1, $2, $3)
			on conflict (id, kind) do update set version = excluded.version where old.version = 0`),
		replace: held("k", `update {key} set version = $4, due = $5, doc = $6 where id = $1 and kind = $2 and version = $3`),
		bump:    held("k", `update {key} set version = $4 where id = $1 and kind = $2 and version = $3`),
		drop:    held("k", `delete from {key} where id = $1 and kind = $2 and version = $3`),
	}
	written.Store(p, s)
	return s
}

// written keeps each part's statements: they are asked for in every transaction, and are always the same.
var written sync.Map

// queue adds what a guard whose version must hold does.
func (s statements) queue(b *pgx.Batch, g table.Step) {
	switch {
	case !g.Write:
		if g.Version == 0 {
			b.Queue(s.absent, g.ID, g.Kind)
		}
		guard(b, g.Key, s.compare, g.ID, g.Kind, g.Version)
	case g.Forget:
		guard(b, g.Key, s.drop, g.ID, g.Kind, g.Version)
	case g.Version == 0 && g.Put:
		guard(b, g.Key, s.create, g.ID, g.Kind, g.Next, g.Due, g.Doc)
	case g.Version == 0:
		guard(b, g.Key, s.createBare, g.ID, g.Kind, g.Next)
	case g.Put:
		guard(b, g.Key, s.replace, g.ID, g.Kind, g.Version, g.Next, g.Due, g.Doc)
	default:
		guard(b, g.Key, s.bump, g.ID, g.Kind, g.Version, g.Next)
	}
}

func guard(b *pgx.Batch, key store.Key, sql string, args ...any) {
	b.Queue(sql, args...).QueryRow(func(row pgx.Row) error {
		var one int
		err := row.Scan(&one)
		if code(err) == divisionByZero {
			return conflict(key)
		}
		return err
	})
}

func conflict(key store.Key) error {
	return fmt.Errorf("%v: %w", key, store.ErrConflict)
}

// pool is a part's tables in a database. A batch without BEGIN is one transaction.
type pool struct {
	db         DB
	part       table.Part
	statements statements
	retry      store.Retry
}

func (p *pool) Read(ctx context.Context, _ []store.Key, reads ...table.Read) error {
	b := &pgx.Batch{}
	queue(b, reads)
	return send(ctx, p.db, b)
}

// Commit is repeated where PostgreSQL gave up though no guard had failed, as it may when others only
// read: whether the versions still hold is for the guards to say.
func (p *pool) Commit(ctx context.Context, w *table.Write) error {
	steps, rest, err := w.Plan(p.part)
	if err != nil {
		return err
	}
	var overtaken error
	err = p.retry.Do(ctx, nil, func(ctx context.Context) error {
		b := &pgx.Batch{}
		for _, g := range steps {
			p.statements.queue(b, g)
		}
		for _, s := range rest {
			b.Queue(s.SQL, s.Args...)
		}
		err := send(ctx, p.db, b)
		if errors.Is(err, store.ErrConflict) && code(err) == "" {
			overtaken = err
			return nil
		}
		return err
	})
	return cmp.Or(overtaken, err)
}

// Since reads first, in one round trip and without a lock; only where the page is not full and
// events wait for a number it locks the feed, numbers them and reads again. The lock is a
// statement of its own: a statement sees what was committed before it began, not what was
// committed while it waited.
func (p *pool) Since(ctx context.Context, after store.Cursor, limit int) ([]string, store.Cursor, error) {
	position, err := table.ParseCursor(after)
	if err != nil {
		return nil, "", err
	}
	var page *table.Pager
	err = p.retry.Do(ctx, nil, func(ctx context.Context) error {
		pending := false
		page = table.NewPager(position, limit)
		err := p.Read(ctx, nil,
			table.Read{SQL: p.part.Expand(table.Pending), Row: func(func(...any) error) error {
				pending = true
				return nil
			}},
			page.Read(p.part))
		if err != nil || !pending || page.Full() {
			return err
		}
		page = table.NewPager(position, limit)
		b := &pgx.Batch{}
		b.Queue(p.part.Expand(`select n from {feed} for update`))
		b.Queue(p.part.Expand(table.Number))
		b.Queue(p.part.Expand(table.Advance))
		queue(b, []table.Read{page.Read(p.part)})
		return send(ctx, p.db, b)
	})
	if err != nil {
		return nil, "", err
	}
	return page.Result()
}

// joined is a part's tables within a caller's transaction.
type joined struct {
	tx         pgx.Tx
	part       table.Part
	statements statements
	locks      locks
	held       map[store.Key]int64 // versions of the keys that this transaction has locked
}

// Read makes a row at version 0 for each key to lock that is absent, so that two who are to create
// it wait for each other instead of meeting in a conflict.
func (j *joined) Read(ctx context.Context, lock []store.Key, reads ...table.Read) error {
	b := &pgx.Batch{}
	for _, key := range slices.SortedFunc(slices.Values(lock), store.Key.Compare) {
		j.lock(b, store.Guard{Key: key, Write: true})
	}
	queue(b, reads)
	return send(ctx, j.tx, b)
}

// lock queues the lock of a guard's key.
func (j *joined) lock(b *pgx.Batch, g store.Guard) {
	held := lock{sql: j.statements.share}
	if g.Version == 0 {
		held.absent = j.statements.absent
		b.Queue(held.absent, g.ID, g.Kind)
	}
	if g.Write {
		held.sql, held.update = j.statements.update, true
	}
	j.locks.add(lockName{j.part.Name, g.Key}, held)
	b.Queue(held.sql, g.ID, g.Kind).Query(func(rows pgx.Rows) error {
		version := int64(0)
		err := each(rows, func(scan func(dest ...any) error) error { return scan(&version) })
		j.held[g.Key] = version
		return err
	})
}

// Commit locks what Read has not locked, and compares, so that a conflict leaves the transaction
// usable; then it writes.
func (j *joined) Commit(ctx context.Context, w *table.Write) error {
	steps, rest, err := w.Plan(j.part)
	if err != nil {
		return err
	}
	lock, change := &pgx.Batch{}, &pgx.Batch{}
	for _, g := range steps {
		if _, ok := j.held[g.Key]; !ok {
			j.lock(lock, g.Guard)
		}
		if g.Write {
			j.statements.queue(change, g)
		}
	}
	if err := send(ctx, j.tx, lock); err != nil {
		return err
	}
	for _, g := range steps {
		held := j.held[g.Key]
		delete(j.held, g.Key) // what is written has another version, and a share lock is none to write under
		if held != g.Version {
			err = conflict(g.Key)
		}
	}
	if err != nil {
		return err
	}
	for _, s := range rest {
		change.Queue(s.SQL, s.Args...)
	}
	return send(ctx, j.tx, change)
}

func queue(b *pgx.Batch, reads []table.Read) {
	for _, r := range reads {
		b.Queue(r.SQL, r.Args...).Query(func(rows pgx.Rows) error { return each(rows, r.Row) })
	}
}

func each(rows pgx.Rows, row func(scan func(dest ...any) error) error) error {
	defer rows.Close()
	for rows.Next() {
		if err := row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

func send(ctx context.Context, db interface {
	SendBatch(ctx context.Context, b *pgx.Batch) pgx.BatchResults
}, b *pgx.Batch) error {
	if b.Len() == 0 {
		return nil
	}
	if err := db.SendBatch(ctx, b).Close(); err != nil {
		return fmt.Errorf("postgres: %w", explain(ctx, err))
	}
	return nil
}
