// Package deduptable keeps the touches, keys, traces and rulings of package dedup in the tables of
// any SQL store.
//
// Use it through pgdedup or litededup. Each row is the document of its key. Beside them lie three
// lists: the touches of a trace, with their documents; the traces on a card and the touches of a
// partner, by their IDs.
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
var Part = table.Part{Name: "dedup", Version: 2}

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
	ofTrace   = Part.Expand(`select id, version, doc from {touch} where trace = $1`)
	seen      = Part.Expand(`select id, micros, moment from {touch} where trace = $1 order by micros desc, id desc limit 1`)
	ofCard    = Part.Expand(`select trace from {card} where card = $1`)
	listTouch = Part.Expand(`insert into {touch} (trace, id, micros, moment, received, kind, channel, version, doc)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
		on conflict (trace, id) do update set micros = excluded.micros, moment = excluded.moment, received = excluded.received,
			kind = excluded.kind, channel = excluded.channel, version = excluded.version, doc = excluded.doc`)
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
	latest []string          // traces whose latest touch is to be read too
	whole  []string          // traces whose touches are to be read too
}

// hops is how far Load goes for what hangs together with the keys asked for, unless it must.
const hops = 2

// Load is dedup.Store's.
func (r rows) Load(ctx context.Context, q dedup.Query) ([]dedup.Aggregate, error) {
	l := &load{tables: r.tables, lock: q.Lock, place: make(map[store.Key]int)}
	for _, k := range q.Keys {
		l.want(k)
		if q.Ahead && k.Kind == dedup.RowTrace {
			l.touches(k)
		}
	}
	for _, trace := range q.History {
		l.whole = append(l.whole, string(trace))
	}
	var cards []table.Read
	for _, card := range q.Cards {
		cards = append(cards, l.ofCard(string(card)))
	}
	asked := len(q.Keys)
	if err := l.round(ctx, cards); err != nil {
		return nil, err
	}
	// The traces on the keys, and the keys of the traces on keys that are not shared.
	uses := len(l.out)
	if q.Bare && !q.Ahead {
		asked = 0
	}
	for i := range min(asked, uses) {
		l.around(i, !q.Bare, q.Ahead)
	}
	if err := l.round(ctx, nil); err != nil {
		return nil, err
	}
	if !q.Bare {
		for i := range min(asked, uses) {
			l.keysOf(i)
		}
	}
	for hop, from := 1, min(asked, uses); q.Ahead && hop < hops; hop++ {
		to := len(l.out)
		for i := from; i < to; i++ {
			l.around(i, false, true)
		}
		from = to
		if err := l.round(ctx, nil); err != nil {
			return nil, err
		}
	}
	return l.out, l.round(ctx, nil)
}

// touches wants the touches of a trace that is wanted.
func (l *load) touches(trace store.Key) {
	if a := &l.out[l.place[trace]]; !a.Whole {
		a.Whole = true
		l.whole = append(l.whole, trace.ID)
	}
}

// keysOf wants the keys of the traces on a key that is not shared, should it not have named them.
func (l *load) keysOf(i int) {
	u := l.out[i].Use
	if u == nil || u.Class == dedup.ClassShared {
		return
	}
	for _, id := range u.Traces {
		if tr := l.out[l.place[store.Key{Kind: dedup.RowTrace, ID: string(id)}]].Trace; tr != nil {
			for _, k := range tr.Keys {
				l.want(store.Key{Kind: dedup.RowKey, ID: string(k)})
			}
		}
	}
}

// around wants what a row that was read names: the traces on a key and, if it is not shared, their
// keys and touches.
func (l *load) around(i int, latest, whole bool) {
	u := l.out[i].Use
	if u == nil || !latest && u.Class == dedup.ClassShared {
		return
	}
	for t, id := range u.Traces {
		trace := store.Key{Kind: dedup.RowTrace, ID: string(id)}
		l.want(trace)
		if latest {
			l.latest = append(l.latest, string(id))
		}
		if u.Class == dedup.ClassShared {
			continue
		}
		if whole {
			l.touches(trace)
		}
		if t < len(u.Peers) {
			for _, k := range u.Peers[t] {
				l.want(store.Key{Kind: dedup.RowKey, ID: string(k)})
			}
		}
	}
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

// ofCard reads the IDs of the traces on a card, to be read in the next round.
func (l *load) ofCard(card string) table.Read {
	return table.Read{SQL: ofCard, Args: []any{card}, Row: func(scan func(dest ...any) error) error {
		var id string
		if err := scan(&id); err != nil {
			return err
		}
		l.want(store.Key{Kind: dedup.RowTrace, ID: id})
		return nil
	}}
}

// ofTrace reads the touches of a trace.
func (l *load) ofTrace(trace string) table.Read {
	return table.Read{SQL: ofTrace, Args: []any{trace}, Row: func(scan func(dest ...any) error) error {
		var id, doc string
		var version int64
		if err := scan(&id, &version, &doc); err != nil {
			return err
		}
		k := store.Key{Kind: dedup.RowTouch, ID: id}
		at, ok := l.place[k]
		if !ok {
			at = len(l.out)
			l.place[k] = at
			l.out = append(l.out, dedup.Aggregate{Key: k})
		}
		l.out[at].Version = version
		return decode(&l.out[at], doc)
	}}
}

// round reads what is wanted so far, in one round trip.
func (l *load) round(ctx context.Context, cards []table.Read) error {
	keys, latest, whole := l.next, l.latest, l.whole
	l.next, l.latest, l.whole = nil, nil, nil
	if len(keys)+len(latest)+len(whole)+len(cards) == 0 {
		return nil
	}
	// Rows are placed before anything is read: a read that is repeated finds them where they were.
	reads := make([]table.Read, 0, len(keys)+len(latest)+len(whole)+len(cards))
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
	for _, trace := range latest {
		at := l.place[store.Key{Kind: dedup.RowTrace, ID: trace}]
		reads = append(reads, table.Read{SQL: seen, Args: []any{trace}, Row: func(scan func(dest ...any) error) error {
			var id string
			var received, moment int64
			if err := scan(&id, &received, &moment); err != nil {
				return err
			}
			l.out[at].Latest = &dedup.Latest{ID: dedup.TouchID(id), Received: time.UnixMicro(received).UTC(), When: time.UnixMicro(moment).UTC()}
			return nil
		}})
	}
	// A trace's touches are read behind it: they are at least as new as its version.
	for _, trace := range whole {
		reads = append(reads, l.ofTrace(trace))
	}
	return l.tables.Read(ctx, lock, append(reads, cards...)...)
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
	w.Exec(listTouch, string(t.Trace), id, micros, t.When().UnixMicro(), t.Received, column(string(t.Kind)), column(t.Source.Channel),
		table.VersionOf(store.Key{Kind: dedup.RowTouch, ID: id}), w.JSON(t))
	if t.Source.Partner != "" {
		w.Exec(listFiling, column(string(t.Source.Partner)), micros, id, column(t.Source.Scope), t.Received)
	}
}

// column makes any bytes a text that every database takes.
func column(s string) string {
	return strings.ReplaceAll(strings.ToValidUTF8(s, "\uFFFD"), "\x00", "\uFFFD")
}
