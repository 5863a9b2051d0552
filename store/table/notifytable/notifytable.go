// Package notifytable keeps the deliveries of package notify in the tables of any SQL store.
//
// Use it through pgnotify or litenotify. Every aggregate is the document of its key; two tables
// beside them say what deliveries are found by, and which ones a thread may still send.
package notifytable

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/tenure-go/tenure/notify"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
)

// Part names the tables of package notify.
var Part = table.Part{Name: "notify", Version: 1}

// A Store keeps deliveries in a database, with their feed, what is due and what is found: a
// notify.Store, notify.Feed, notify.Due and notify.Finder.
type Store struct {
	aggregates
	db table.DB
}

// New returns the store over a database's tables.
func New(db table.DB) *Store { return &Store{aggregates{db}, db} }

// In returns the store over the tables of a caller's transaction.
func In(tx table.Tables) notify.Store { return aggregates{tx} }

// Load is notify.Store's.
func (s *Store) Load(ctx context.Context, q notify.Query) ([]notify.Aggregate, error) {
	return table.Reread(ctx, func(ctx context.Context) ([]notify.Aggregate, error) { return s.aggregates.Load(ctx, q) })
}

// Since is notify.Feed's.
func (s *Store) Since(ctx context.Context, after store.Cursor, limit int) ([]notify.Event, store.Cursor, error) {
	return table.Since[notify.Event](ctx, s.db, after, limit)
}

// Due is notify.Due's.
func (s *Store) Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
	return table.Reread(ctx, func(ctx context.Context) ([]store.Key, error) {
		return table.Due(ctx, s.db, Part, now, limit)
	})
}

// Find is notify.Finder's.
func (s *Store) Find(ctx context.Context, f notify.Filter, after notify.MessageID, limit int) ([]notify.Delivery, error) {
	where := Part.Expand(`select k.doc from {delivery} as d join {key} as k on k.id = d.id and k.kind = '` + notify.KindDelivery + `' where d.id > $1`)
	args := []any{string(after)}
	add := func(condition string, value any) {
		args = append(args, value)
		where += fmt.Sprintf(condition, len(args))
	}
	if f.Thread != "" {
		add(` and d.thread = $%d`, string(f.Thread))
	}
	if f.Recipient != "" {
		add(` and d.recipient = $%d`, f.Recipient)
	}
	if f.State != nil {
		add(` and d.state = $%d`, f.State.String())
	}
	add(` order by d.id limit $%d`, max(limit, 0))
	return table.Reread(ctx, func(ctx context.Context) (found []notify.Delivery, err error) {
		err = s.db.Read(ctx, nil, table.Read{SQL: where, Args: args, Row: func(scan func(dest ...any) error) error {
			var doc string
			if err := scan(&doc); err != nil {
				return err
			}
			var d notify.Delivery
			if err := decode(doc, &d); err != nil {
				return err
			}
			found = append(found, d)
			return nil
		}})
		return found, err
	})
}

var (
	pending = Part.Expand(`select id from {pending} where thread = $1`)
	found   = Part.Expand(`insert into {delivery} (id, recipient, thread, state) values ($1, $2, $3, $4)
		on conflict (id) do update set recipient = excluded.recipient, thread = excluded.thread, state = excluded.state`)
	enter = Part.Expand(`insert into {pending} (thread, id) values ($1, $2) on conflict (thread, id) do nothing`)
	leave = Part.Expand(`delete from {pending} where thread = $1 and id = $2`)
)

type aggregates struct{ tables table.Tables }

// Load takes a second round trip only where a thread has pending deliveries that were not asked
// for by key.
func (s aggregates) Load(ctx context.Context, q notify.Query) ([]notify.Aggregate, error) {
	loaded := make([]notify.Aggregate, len(q.Keys))
	asked := make(map[store.Key]bool, len(q.Keys))
	var lock []store.Key
	var reads []table.Read
	var members []string
	for i, k := range q.Keys {
		loaded[i].Key, asked[k] = k, true
		if q.Lock {
			lock = append(lock, k)
		}
		reads = append(reads, readKey(&loaded[i]))
		if k.Kind != notify.KindThread {
			continue
		}
		reads = append(reads, table.Read{SQL: pending, Args: []any{k.ID}, Row: func(scan func(dest ...any) error) error {
			var id string
			err := scan(&id)
			members = append(members, id)
			return err
		}})
	}
	if err := s.tables.Read(ctx, lock, reads...); err != nil {
		return nil, err
	}
	more := make([]notify.Aggregate, 0, len(members))
	reads = nil
	for _, id := range members {
		k := store.Key{Kind: notify.KindDelivery, ID: id}
		if asked[k] {
			continue
		}
		asked[k] = true
		more = append(more, notify.Aggregate{Key: k})
		reads = append(reads, readKey(&more[len(more)-1]))
	}
	if len(reads) == 0 {
		return loaded, nil
	}
	if err := s.tables.Read(ctx, nil, reads...); err != nil {
		return nil, err
	}
	for _, a := range more {
		// A delivery that has ended or moved since, or long ago to another thread, is not one of them.
		if a.Delivery != nil && a.Delivery.State == notify.StatePending && asked[store.Key{Kind: notify.KindThread, ID: string(a.Delivery.Thread)}] {
			loaded = append(loaded, a)
		}
	}
	return loaded, nil
}

// A document is what is kept of an aggregate that is no delivery.
type document struct {
	Facts   []notify.Fact    `json:"facts,omitempty"`
	Rev     int64            `json:"rev,omitempty"`
	Message notify.MessageID `json:"message,omitempty"`
	Waiting []notify.Receipt `json:"waiting,omitempty"`
}

func readKey(a *notify.Aggregate) table.Read {
	return Part.ReadKey(a.Key, func(version int64, doc string) error {
		a.Version = version
		switch {
		case doc == "": // written without content
			return nil
		case a.Kind == notify.KindDelivery:
			a.Delivery = &notify.Delivery{}
			return decode(doc, a.Delivery)
		}
		var d document
		err := decode(doc, &d)
		a.Facts, a.Rev, a.Message, a.Waiting = d.Facts, d.Rev, d.Message, d.Waiting
		return err
	})
}

func (s aggregates) Commit(ctx context.Context, change notify.Change) error {
	w := &table.Write{Guards: change.Guards}
	for _, a := range change.Rows {
		d := a.Delivery
		if d == nil {
			w.Put(a.Key, time.Time{}, document{a.Facts, a.Rev, a.Message, a.Waiting})
			continue
		}
		w.Put(a.Key, d.Wake, d)
		w.Exec(found, string(d.ID), d.To.ID, string(d.Thread), d.State.String())
		switch {
		case d.Thread == "":
		case d.State == notify.StatePending:
			w.Exec(enter, string(d.Thread), string(d.ID))
		default:
			w.Exec(leave, string(d.Thread), string(d.ID))
		}
	}
	for _, e := range change.Events {
		w.Append(e.Key, e.Seq, e.At, e)
	}
	return s.tables.Commit(ctx, w)
}

func decode(doc string, v any) error {
	if err := json.Unmarshal([]byte(doc), v); err != nil {
		return fmt.Errorf("notifytable: a document cannot be read: %w", err)
	}
	return nil
}
