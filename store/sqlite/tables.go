package sqlite

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
)

// Tables returns a part's tables in a database. It fails with a *[table.SchemaError] where they are
// missing or of another version, and where the file may not be written.
func Tables(ctx context.Context, db *DB, part table.Part) (table.DB, error) {
	have, err := version(ctx, db, part.Name)
	if err != nil {
		return nil, fmt.Errorf("sqlite: check the schema: %w", explain(ctx, err))
	}
	if have != part.Version {
		return nil, &table.SchemaError{Store: "sqlite", Part: part.Name, Want: part.Version, Got: have}
	}
	// A file that may not be written shows it only to who writes.
	err = db.write(ctx, func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, part.Expand(touch))
		return err
	})
	if err != nil && !errors.Is(err, store.ErrConflict) {
		return nil, fmt.Errorf("sqlite: %w", err)
	}
	return &pool{db: db, part: part}, nil
}

// Join returns a part's tables within a transaction. It makes no check: Tables did.
func Join(tx *sql.Tx, part table.Part) table.Tables { return &joined{tx: tx, part: part} }

// pool is a part's tables in a database.
type pool struct {
	db   *DB
	part table.Part
}

// Read runs in one transaction, so that all it sees is of one moment.
func (p *pool) Read(ctx context.Context, _ []store.Key, reads ...table.Read) error {
	tx, err := p.db.BeginTx(ctx, &sql.TxOptions{ReadOnly: true})
	if err != nil {
		return fail(ctx, err)
	}
	defer tx.Rollback()
	return fail(ctx, read(ctx, tx, reads))
}

func (p *pool) Commit(ctx context.Context, w *table.Write) error {
	return fail(ctx, p.db.write(ctx, func(tx *sql.Tx) error { return commit(ctx, tx, p.part, w) }))
}

// Since takes the write lock only where the page is not full and events wait for a number.
func (p *pool) Since(ctx context.Context, after store.Cursor, limit int) ([]string, store.Cursor, error) {
	position, err := table.ParseCursor(after)
	if err != nil {
		return nil, "", err
	}
	pending := false
	page := table.NewPager(position, limit)
	err = p.Read(ctx, nil,
		table.Read{SQL: p.part.Expand(table.Pending), Row: func(func(...any) error) error {
			pending = true
			return nil
		}},
		page.Read(p.part))
	if err != nil {
		return nil, "", err
	}
	if pending && !page.Full() {
		err = InTx(ctx, p.db, func(tx *sql.Tx) error {
			page = table.NewPager(position, limit)
			for _, statement := range []string{table.Number, table.Advance} {
				if _, err := tx.ExecContext(ctx, p.part.Expand(statement)); err != nil {
					return err
				}
			}
			return read(ctx, tx, []table.Read{page.Read(p.part)})
		})
		if err != nil {
			return nil, "", fail(ctx, err)
		}
	}
	return page.Result()
}

// joined is a part's tables within a caller's transaction.
type joined struct {
	tx   *sql.Tx
	part table.Part
}

// touch takes the write lock and changes nothing. A caller's transaction that has read before
// another committed cannot have the lock any more: that is a conflict, and the transaction is over.
const touch = `update {feed} set n = n where false`

func (j *joined) Read(ctx context.Context, lock []store.Key, reads ...table.Read) error {
	if len(lock) > 0 {
		if _, err := j.tx.ExecContext(ctx, j.part.Expand(touch)); err != nil {
			return fail(ctx, err)
		}
	}
	return fail(ctx, read(ctx, j.tx, reads))
}

func (j *joined) Commit(ctx context.Context, w *table.Write) error {
	if _, err := j.tx.ExecContext(ctx, j.part.Expand(touch)); err != nil {
		return fail(ctx, err)
	}
	return fail(ctx, commit(ctx, j.tx, j.part, w))
}

// commit compares all versions, then writes. The transaction has the write lock, so nothing moves
// in between.
func commit(ctx context.Context, tx *sql.Tx, part table.Part, w *table.Write) error {
	steps, rest, err := w.Plan(part)
	if err != nil {
		return err
	}
	version := part.Expand(`select version from {key} where id = $1 and kind = $2`)
	for _, g := range steps {
		var have int64
		err := tx.QueryRowContext(ctx, version, g.ID, g.Kind).Scan(&have)
		if err != nil && !errors.Is(err, sql.ErrNoRows) {
			return err
		}
		if have != g.Version {
			return fmt.Errorf("%v: %w", g.Key, store.ErrConflict)
		}
	}
	var all []table.Statement
	for _, g := range steps {
		if s, ok := change(part, g); ok {
			all = append(all, s)
		}
	}
	for _, s := range append(all, rest...) {
		if _, err := tx.ExecContext(ctx, s.SQL, arguments(s.Args)...); err != nil {
			return err
		}
	}
	return nil
}

// change is what becomes of a guarded key's row.
func change(part table.Part, g table.Step) (s table.Statement, ok bool) {
	switch {
	case !g.Write:
		return s, false
	case g.Forget:
		s = table.Statement{SQL: `delete from {key} where id = $1 and kind = $2`, Args: []any{g.ID, g.Kind}}
	case g.Put:
		s = table.Statement{
			SQL: `insert into {key} (id, kind, version, due, doc) values ($1, $2, $3, $4, $5)
				on conflict (id, kind) do update set version = excluded.version, due = excluded.due, doc = excluded.doc`,
			Args: []any{g.ID, g.Kind, g.Next, g.Due, g.Doc},
		}
	default:
		s = table.Statement{
			SQL: `insert into {key} (id, kind, version) values ($1, $2, $3)
				on conflict (id, kind) do update set version = excluded.version`,
			Args: []any{g.ID, g.Kind, g.Next},
		}
	}
	s.SQL = part.Expand(s.SQL)
	return s, true
}

func read(ctx context.Context, tx *sql.Tx, reads []table.Read) error {
	for _, r := range reads {
		if err := readOne(ctx, tx, r); err != nil {
			return err
		}
	}
	return nil
}

func readOne(ctx context.Context, tx *sql.Tx, r table.Read) error {
	rows, err := tx.QueryContext(ctx, r.SQL, arguments(r.Args)...)
	if err != nil {
		return err
	}
	defer rows.Close()
	for rows.Next() {
		if err := r.Row(rows.Scan); err != nil {
			return err
		}
	}
	return rows.Err()
}

// arguments writes times as text of one width, which sorts as they do.
func arguments(args []any) []any {
	out := make([]any, len(args))
	for i, a := range args {
		if t, ok := a.(time.Time); ok {
			a = t.UTC().Format("2006-01-02T15:04:05.000000Z")
		}
		out[i] = a
	}
	return out
}

func fail(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("sqlite: %w", explain(ctx, err))
}
