// Package deduptable keeps the touches, keys, traces and rulings of package dedup in the tables of
// any SQL store.
//
// Use it through pgdedup or litededup. Each row is the document of its key. Beside them lie three
// lists of IDs: the touches of a trace, the traces on a card, the touches of a partner.
package deduptable

import (
	"context"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/tenure-go/tenure/dedup"
	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
)

// Part names the tables of package dedup.
var Part = table.Part{Name: "dedup", Version: 1}

// A Store keeps cards in a database, with their feed and the list of partners' touches: a
// dedup.Store, dedup.Feed and dedup.Finder.
type Store struct {
	rows
	db table.DB
}

// New returns the store over a database's tables.
func New(db table.DB) *Store { return &Store{rows{db}, db} }

// In returns the store over the tables of a caller's transaction.
func In(tx table.Tables) dedup.Store { return rows{tx} }

var (
	ofTrace   = Part.Expand(`select id from {touch} where trace = $1`)
	latest    = Part.Expand(`select id, micros, moment from {touch} where trace = $1 order by micros desc, id desc limit 1`)
	ofCard    = Part.Expand(`select trace from {card} where card = $1`)
	listTouch = Part.Expand(`insert into {touch} (trace, id, micros, moment, received, kind, channel) values ($1, $2, $3, $4, $5, $6, $7)
		on conflict (trace, id) do update set micros = excluded.micros, moment = excluded.moment, received = excluded.received,
			kind = excluded.kind, channel = excluded.channel`)
	unlistTouch = Part.Expand(`delete from {touch} where trace = $1 and id = $2`)
	listCard    = Part.Expand(`insert into {card} (card, trace) values ($1, $2) on conflict (card, trace) do nothing`)
	unlistCard  = Part.Expand(`delete from {card} where card = $1 and trace = $2`)
	listFiling  = Part.Expand(`insert into {filing} (partner, micros, id, scope, received) values ($1, $2, $3, $4, $5)
		on conflict (partner, micros, id) do nothing`)
	page = `(micros > $1 or micros = $1 and id > $2) and micros >= $3 and micros < $4 and ($5 = '' or scope = $5)
		order by micros, id limit $6`
	find      = Part.Expand(`select id, micros from {filing} where ` + page)
	findTheir = Part.Expand(`select id, micros from {filing} where partner = $7 and ` + page)
)

// Since is dedup.Feed's.
func (s *Store) Since(ctx context.Context, after store.Cursor, limit int) ([]dedup.Event, store.Cursor, error) {
	return table.Since[dedup.Event](ctx, s.db, after, limit)
}

// Find is dedup.Finder's.
func (s *Store) Find(ctx context.Context, f dedup.Filter, after store.Cursor, limit int) ([]dedup.TouchID, store.Cursor, error) {
	from, err := dedup.ParseFound(after)
	if err != nil {
		return nil, after, err
	}
	begin, earliest, last := int64(math.MinInt64), int64(math.MinInt64), int64(math.MaxInt64)
	if after != "" {
		begin = from.Received.UnixMicro()
	}
	if !f.From.IsZero() {
		earliest = f.From.UnixMicro()
	}
	if !f.To.IsZero() {
		last = f.To.UnixMicro()
	}
	read := table.Read{SQL: find, Args: []any{begin, string(from.ID), earliest, last, f.Scope, max(limit, 0)}}
	if f.Partner != "" {
		read.SQL, read.Args = findTheir, append(read.Args, string(f.Partner))
	}
	next := after
	ids, err := table.Reread(ctx, func(ctx context.Context) ([]dedup.TouchID, error) {
		var ids []dedup.TouchID
		read.Row = func(scan func(dest ...any) error) error {
			var id string
			var micros int64
			if err := scan(&id, &micros); err != nil {
				return err
			}
			ids = append(ids, dedup.TouchID(id))
			next = dedup.Found{Received: time.UnixMicro(micros).UTC(), ID: dedup.TouchID(id)}.Cursor()
			return nil
		}
		return ids, s.tables.Read(ctx, nil, read)
	})
	if err != nil {
		return nil, after, err
	}
	return ids, next, nil
}

// rows is a dedup.Store over either kind of tables.
type rows struct{ tables table.Tables }

// A load collects what one Load returns: the rows asked for, then round by round what they name.
type load struct {
	tables table.Tables
	lock   bool
	out    []dedup.Aggregate
	place  map[store.Key]int // of a row in out
	next   []store.Key       // to be read in the next round
	seen   []string          // traces whose latest touch is to be read too
}

// Load is dedup.Store's.
func (r rows) Load(ctx context.Context, q dedup.Query) ([]dedup.Aggregate, error) {
	l := &load{tables: r.tables, lock: q.Lock, place: make(map[store.Key]int)}
	for _, k := range q.Keys {
		l.want(k)
	}
	var lists []table.Read
	for _, card := range q.Cards {
		lists = append(lists, l.list(ofCard, string(card), dedup.RowTrace))
	}
	for _, trace := range q.History {
		lists = append(lists, l.list(ofTrace, string(trace), dedup.RowTouch))
	}
	asked := len(q.Keys)
	if err := l.round(ctx, lists); err != nil {
		return nil, err
	}
	// The traces on the keys, and what the lists named.
	uses := len(l.out)
	for i := range l.out[:min(asked, uses)] {
		if u := l.out[i].Use; u != nil {
			for _, id := range u.Traces {
				l.want(store.Key{Kind: dedup.RowTrace, ID: string(id)})
				l.seen = append(l.seen, string(id))
			}
		}
	}
	if err := l.round(ctx, nil); err != nil {
		return nil, err
	}
	// The keys of the traces on keys that are not shared.
	for i := range l.out[:uses] {
		u := l.out[i].Use
		if u == nil || u.Class == dedup.ClassShared {
			continue
		}
		for _, id := range u.Traces {
			at, ok := l.place[store.Key{Kind: dedup.RowTrace, ID: string(id)}]
			if !ok || l.out[at].Trace == nil {
				continue
			}
			for _, k := range l.out[at].Trace.Keys {
				l.want(store.Key{Kind: dedup.RowKey, ID: string(k)})
			}
		}
	}
	if err := l.round(ctx, nil); err != nil {
		return nil, err
	}
	return l.out, nil
}

// want notes a row to be read, once.
func (l *load) want(k store.Key) {
	if _, ok := l.place[k]; ok {
		return
	}
	l.place[k] = len(l.out)
	l.out = append(l.out, dedup.Aggregate{Key: k})
	l.next = append(l.next, k)
}

// list reads IDs of rows, to be read in the next round.
func (l *load) list(sql, id, kind string) table.Read {
	return table.Read{SQL: sql, Args: []any{id}, Row: func(scan func(dest ...any) error) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		l.want(store.Key{Kind: kind, ID: id})
		return nil
	}}
}

// round reads what is wanted so far, in one round trip.
func (l *load) round(ctx context.Context, lists []table.Read) error {
	keys, seen := l.next, l.seen
	l.next, l.seen = nil, nil
	if len(keys)+len(seen)+len(lists) == 0 {
		return nil
	}
	// Rows are placed before anything is read: a read that is repeated finds them where they were.
	reads := make([]table.Read, 0, len(keys)+len(seen)+len(lists))
	var lock []store.Key
	for _, k := range keys {
		at := l.place[k]
		if l.lock {
			lock = append(lock, k)
		}
		reads = append(reads, Part.ReadKey(k, func(version int64, doc string) error {
			a := &l.out[at]
			a.Version = version
			return decode(a, doc)
		}))
	}
	for _, trace := range seen {
		at := l.place[store.Key{Kind: dedup.RowTrace, ID: trace}]
		reads = append(reads, table.Read{SQL: latest, Args: []any{trace}, Row: func(scan func(dest ...any) error) error {
			var id string
			var received, moment int64
			if err := scan(&id, &received, &moment); err != nil {
				return err
			}
			l.out[at].Latest = &dedup.Latest{ID: dedup.TouchID(id), Received: time.UnixMicro(received).UTC(), When: time.UnixMicro(moment).UTC()}
			return nil
		}})
	}
	return l.tables.Read(ctx, lock, append(reads, lists...)...)
}

func decode(a *dedup.Aggregate, doc string) error {
	if doc == "" {
		return nil
	}
	var row any
	switch a.Key.Kind {
	case dedup.RowTouch:
		a.Touch = new(dedup.StoredTouch)
		row = a.Touch
	case dedup.RowKey:
		a.Use = new(dedup.KeyUse)
		row = a.Use
	case dedup.RowTrace:
		a.Trace = new(dedup.Trace)
		row = a.Trace
	default:
		a.Decision = new(dedup.StoredDecision)
		row = a.Decision
	}
	if err := json.Unmarshal([]byte(doc), row); err != nil {
		return fmt.Errorf("deduptable: the document of %v cannot be read: %w", a.Key, err)
	}
	return nil
}

// Commit is dedup.Store's.
func (r rows) Commit(ctx context.Context, c dedup.Change) error {
	w := &table.Write{Guards: c.Guards}
	for _, l := range c.Unlist {
		if l.Key.Kind == dedup.RowTouch {
			w.Exec(unlistTouch, l.Under, l.Key.ID)
		} else {
			w.Exec(unlistCard, l.Under, l.Key.ID)
		}
	}
	for _, a := range c.Rows {
		var never time.Time
		switch {
		case a.Touch != nil:
			w.Put(a.Key, never, a.Touch)
			listed(w, a.Touch)
		case a.Trace != nil:
			w.Put(a.Key, never, a.Trace)
			if a.Trace.Card != "" {
				w.Exec(listCard, string(a.Trace.Card), a.Key.ID)
			}
		case a.Use != nil:
			w.Put(a.Key, never, a.Use)
		case a.Decision != nil:
			w.Put(a.Key, never, a.Decision)
		}
	}
	for _, k := range c.Forget {
		w.Forget(k)
	}
	for _, e := range c.Events {
		w.Append(e.Key, e.Seq, e.At, e)
	}
	return r.tables.Commit(ctx, w)
}

// listed lists a touch under its trace and its partner.
func listed(w *table.Write, t *dedup.StoredTouch) {
	if t.Trace == "" {
		return
	}
	id, micros := string(t.ID), t.Received.UnixMicro()
	w.Exec(listTouch, string(t.Trace), id, micros, t.When().UnixMicro(), t.Received, column(string(t.Kind)), column(t.Source.Channel))
	if t.Source.Partner != "" {
		w.Exec(listFiling, column(string(t.Source.Partner)), micros, id, column(t.Source.Scope), t.Received)
	}
}

// column makes any bytes a text that every database takes.
func column(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
