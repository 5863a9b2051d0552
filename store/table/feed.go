package table

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"strings"

	"github.com/tenure-go/tenure/store"
)

// Since reads a part's feed and decodes its events.
func Since[Event any](ctx context.Context, db DB, after store.Cursor, limit int) ([]Event, store.Cursor, error) {
	docs, next, err := db.Since(ctx, after, limit)
	if err != nil {
		return nil, after, err
	}
	events := make([]Event, len(docs))
	for i, doc := range docs {
		if err := json.Unmarshal([]byte(doc), &events[i]); err != nil {
			return nil, after, fmt.Errorf("table: an event cannot be read: %w", err)
		}
	}
	return events, next, nil
}

// The SQL of the feed, the same on every database. A database runs Pending and Page first; only if
// fewer than limit events came and some are pending it locks the feed's row in its own way and
// runs Number, Advance and Page in one transaction.
//
// Nothing is numbered before it is visible, so no cursor skips a transaction that commits late. The
// order is (At, key, seq), except that a key whose clock was set back keeps the order of its events.
const (
	Pending = `select 1 from {event} where n is null limit 1`

	Number = `with pending as (
	select id, kind, seq, max(at) over (partition by id, kind order by seq) as moment
	from {event} where n is null
), placed as (
	select id, kind, seq, row_number() over (order by moment, id, kind, seq) as place from pending
)
update {event} as e set n = placed.place + (select n from {feed})
from placed where e.id = placed.id and e.kind = placed.kind and e.seq = placed.seq`

	Advance = `update {feed} set n = n + (select count(*) from {event} as e where e.n > {feed}.n)`

	Page = `select n, id, kind, seq, doc from {event} where n >= $1 order by n limit $2`
)

// A Position is a cursor taken apart. The zero Position is the feed's beginning.
type Position struct {
	N    int64  // the event's place in the feed, from 1
	Hash string // of the event
}

// ParseCursor takes a cursor apart. One that no feed gave is store.ErrRewound: it names no event here.
func ParseCursor(c store.Cursor) (Position, error) {
	if c == "" {
		return Position{}, nil
	}
	n, hash, ok := strings.Cut(string(c), "-")
	place, err := strconv.ParseInt(n, 10, 64)
	if !ok || err != nil || place < 1 {
		return Position{}, fmt.Errorf("%q is not a cursor of this feed: pass one that Since returned, or \"\" to begin: %w", c, store.ErrRewound)
	}
	return Position{place, hash}, nil
}

// A Pager collects the rows of [Page] that lie behind a cursor.
type Pager struct {
	after Position
	limit int
	seen  bool // the event that the cursor names is as it was
	last  Position
	docs  []string
}

// NewPager begins a page of up to limit events behind a position.
func NewPager(after Position, limit int) *Pager {
	return &Pager{after: after, limit: min(max(limit, 0), math.MaxInt32), seen: after.N == 0, last: after}
}

// Read returns the statement that fills the pager.
func (g *Pager) Read(p Part) Read {
	return Read{SQL: p.Expand(Page), Args: []any{max(g.after.N, 1), g.limit + 1}, Row: g.row}
}

// Full reports whether the page holds all that was asked for.
func (g *Pager) Full() bool { return len(g.docs) == g.limit }

// Result returns the documents and the cursor behind them. A cursor whose event is not there, or
// is another one, is store.ErrRewound.
func (g *Pager) Result() ([]string, store.Cursor, error) {
	if !g.seen {
		return nil, "", fmt.Errorf("event %d is not the one this follower has seen: start anew: %w", g.after.N, store.ErrRewound)
	}
	if g.last.N == 0 {
		return nil, "", nil
	}
	return g.docs, store.Cursor(fmt.Sprintf("%d-%s", g.last.N, g.last.Hash)), nil
}

func (g *Pager) row(scan func(dest ...any) error) error {
	var n, seq int64
	var id, kind, doc string
	if err := scan(&n, &id, &kind, &seq, &doc); err != nil {
		return err
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%q %q %d %s", kind, id, seq, doc))
	here := Position{n, hex.EncodeToString(sum[:8])}
	switch {
	case n == g.after.N:
		g.seen = here == g.after
	case g.seen && !g.Full():
		g.docs, g.last = append(g.docs, doc), here
	}
	return nil
}
