// Package pipelinetable keeps the cases of package pipeline in the tables of any SQL store.
//
// Use it through pgpipeline or litepipeline. A case's record and a pool's turns are the documents
// of their keys; what cases are found by lies in columns beside them.
package pipelinetable

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/tenure-go/tenure/pipeline"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
)

// Part names the tables of package pipeline.
var Part = table.Part{Name: "pipeline", Version: 1}

// A Store keeps cases in a database: a pipeline.Store, pipeline.Feed, pipeline.Due, pipeline.Find
// and pipeline.History.
type Store struct {
	Cases
	db table.DB
}

// New returns the store over a database's tables.
func New(db table.DB) *Store { return &Store{Cases{db}, db} }

// In returns the store over the tables of a caller's transaction.
func In(tx table.Tables) *Cases { return &Cases{tx} }

// Since is pipeline.Feed's.
func (s *Store) Since(ctx context.Context, after store.Cursor, limit int) ([]pipeline.Event, store.Cursor, error) {
	return table.Since[pipeline.Event](ctx, s.db, after, limit)
}

// Due is pipeline.Due's.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
	return table.Due(ctx, s.db, Part, now, limit)
}

// Cases is what a store can do in a transaction too: a pipeline.Store, pipeline.Find and
// pipeline.History.
type Cases struct{ tables table.Tables }

var (
	byCard = Part.Expand(`select id from {card} where card = $1`)
	byDone = Part.Expand(`select doc from {event} where id = $1 and kind = 'case'
		and seq >= (select first from {command} where id = $1 and command = $2)
		and seq <= (select last from {command} where id = $1 and command = $2) order by seq`)
	since = Part.Expand(`select doc from {event} where id = $1 and kind = 'case' and seq > $2 order by seq limit $3`)

	putCase = Part.Expand(`insert into {case} (id, pipeline, stage, owner, pool, opened, open) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (id) do update set stage = excluded.stage, owner = excluded.owner, pool = excluded.pool, open = excluded.open`)
	putCard    = Part.Expand(`insert into {card} (card, id) values ($1, $2) on conflict (card, id) do nothing`)
	putCommand = Part.Expand(`insert into {command} (id, command, first, last) values ($1, $2, $3, $4)
		on conflict (id, command) do update set last = excluded.last`)
)

// Load is pipeline.Store's: one round trip for keys, one more for cards.
func (s *Cases) Load(ctx context.Context, q pipeline.Query) ([]pipeline.Aggregate, error) {
	keys := append([]store.Key(nil), q.Keys...)
	if len(q.Cards) > 0 {
		known := make(map[store.Key]bool)
		for _, key := range keys {
			known[key] = true
		}
		var reads []table.Read
		for _, card := range q.Cards {
			reads = append(reads, table.Read{SQL: byCard, Args: []any{string(card)}, Row: func(scan func(dest ...any) error) error {
				key := store.Key{Kind: pipeline.KeyCase}
				if err := scan(&key.ID); err != nil {
					return err
				}
				if !known[key] {
					known[key] = true
					keys = append(keys, key)
				}
				return nil
			}})
		}
		if err := s.tables.Read(ctx, nil, reads...); err != nil {
			return nil, err
		}
	}
	out := make([]pipeline.Aggregate, len(keys))
	var lock []store.Key
	var reads []table.Read
	for i, key := range keys {
		a := &out[i]
		a.Key = key
		if q.Lock {
			lock = append(lock, key)
		}
		reads = append(reads, Part.ReadKey(key, func(version int64, doc string) error {
			a.Version = version
			return decode(doc, a)
		}))
		if key.Kind == pipeline.KeyCase && q.Command != "" {
			reads = append(reads, table.Read{SQL: byDone, Args: []any{key.ID, string(q.Command)}, Row: events(&a.Done, q.Command)})
		}
	}
	if len(reads) == 0 {
		return nil, nil
	}
	if err := s.tables.Read(ctx, lock, reads...); err != nil {
		return nil, err
	}
	return out, nil
}

// Commit is pipeline.Store's.
func (s *Cases) Commit(ctx context.Context, c pipeline.Change) error {
	w := &table.Write{Guards: c.Guards}
	for _, a := range c.Rows {
		r := a.Case
		if r == nil {
			w.Put(a.Key, time.Time{}, a)
			continue
		}
		w.Put(a.Key, r.Wake, a)
		w.Exec(putCase, string(r.ID), string(r.Pipeline), string(r.Stage), string(r.Owner), string(r.Pool), r.Opened, r.Closed.IsZero())
		for _, card := range r.Cards {
			w.Exec(putCard, string(card), string(r.ID))
		}
	}
	type command struct {
		key store.Key
		id  pipeline.CommandID
	}
	spans := make(map[command][2]int64)
	var order []command
	for _, e := range c.Events {
		w.Append(e.Key, e.Seq, e.At, e)
		if e.Command == "" {
			continue
		}
		k := command{e.Key, e.Command}
		span, known := spans[k]
		if !known {
			span[0] = e.Seq
			order = append(order, k)
		}
		span[1] = e.Seq
		spans[k] = span
	}
	for _, k := range order {
		w.Exec(putCommand, k.key.ID, string(k.id), spans[k][0], spans[k][1])
	}
	return s.tables.Commit(ctx, w)
}

// Find is pipeline.Find's.
func (s *Cases) Find(ctx context.Context, f pipeline.Filter, after pipeline.CaseID, limit int) ([]pipeline.Record, error) {
	var out []pipeline.Record
	for len(out) < limit {
		page, err := s.page(ctx, f, after, limit-len(out))
		if err != nil {
			return nil, err
		}
		for _, r := range page {
			after = r.ID
			if f.Matches(&r) { // a link to a card may be an old one
				out = append(out, r)
			}
		}
		if len(page) == 0 {
			break
		}
	}
	return out, nil
}

func (s *Cases) page(ctx context.Context, f pipeline.Filter, after pipeline.CaseID, limit int) (page []pipeline.Record, err error) {
	var where []string
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	equal := func(column, value string) {
		if value != "" {
			where = append(where, "c."+column+" = "+arg(value))
		}
	}
	equal("pipeline", string(f.Pipeline))
	equal("stage", string(f.Stage))
	equal("owner", string(f.Owner))
	if f.Pool != "" {
		equal("pool", string(f.Pool))
		where = append(where, "c.owner = ''")
	}
	if f.Open {
		where = append(where, "c.open")
	}
	if len(f.Cards) > 0 {
		var cards []string
		for _, card := range f.Cards {
			cards = append(cards, "card = "+arg(string(card)))
		}
		where = append(where, "c.id in (select id from {card} where "+strings.Join(cards, " or ")+")")
	}
	if after != "" {
		id := arg(string(after))
		where = append(where, "(c.opened, c.id) > ((select opened from {case} where id = "+id+"), "+id+")")
	}
	if len(where) == 0 {
		where = append(where, "1 = 1")
	}
	sql := "select k.doc from {case} c join {key} k on k.id = c.id and k.kind = 'case' where " +
		strings.Join(where, " and ") + " order by c.opened, c.id limit " + arg(limit)
	err = s.tables.Read(ctx, nil, table.Read{SQL: Part.Expand(sql), Args: args, Row: func(scan func(dest ...any) error) error {
		var doc string
		var a pipeline.Aggregate
		if err := scan(&doc); err != nil {
			return err
		}
		if err := decode(doc, &a); err != nil {
			return err
		}
		if a.Case != nil {
			page = append(page, *a.Case)
		}
		return nil
	}})
	return page, err
}

// History is pipeline.History's.
func (s *Cases) History(ctx context.Context, id pipeline.CaseID, after int64, limit int) ([]pipeline.Event, error) {
	var out []pipeline.Event
	err := s.tables.Read(ctx, nil, table.Read{SQL: since, Args: []any{string(id), after, max(limit, 0)}, Row: events(&out, "")})
	return out, err
}

// events reads events, of one command if it is given: others may lie between a command's.
func events(out *[]pipeline.Event, command pipeline.CommandID) func(scan func(dest ...any) error) error {
	return func(scan func(dest ...any) error) error {
		var doc string
		if err := scan(&doc); err != nil {
			return err
		}
		var e pipeline.Event
		if err := decode(doc, &e); err != nil {
			return err
		}
		if command == "" || e.Command == command {
			*out = append(*out, e)
		}
		return nil
	}
}

// decode leaves v as it is where a key has no document.
func decode(doc string, v any) error {
	if doc == "" {
		return nil
	}
	if err := json.Unmarshal([]byte(doc), v); err != nil {
		return fmt.Errorf("pipelinetable: a document cannot be read: %w", err)
	}
	return nil
}
