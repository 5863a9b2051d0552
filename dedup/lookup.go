package dedup

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A Match is a card that has an identifier.
type Match struct {
	Key     Key
	Class   Class
	Card    CardID    // "": the key is shared and tells nobody
	Since   time.Time // when the card's first inquiry with it came
	Current bool      // a touch without a name would lie here now
}

// Lookup tells who is calling: the cards that have any of the identifiers, for each key the latest
// owner first. What cannot be read or is not known matches nothing.
func (d *Desk) Lookup(ctx context.Context, ids ...Identifier) ([]Match, error) {
	probe := Touch{Identifiers: ids}
	e := d.config.Reader.read(&probe)
	if len(e.keys) == 0 {
		return nil, nil
	}
	var matches []Match
	err := d.read(ctx, nil, func(ctx context.Context, w *work) error {
		matches = nil
		keys := make([]store.Key, len(e.keys))
		for i, k := range e.keys {
			keys[i] = useKey(k)
		}
		if err := w.need(ctx, keys...); err != nil {
			return err
		}
		for _, k := range e.keys {
			u := w.use(k)
			switch {
			case u == nil:
			case u.Class == ClassShared:
				matches = append(matches, Match{Key: k, Class: ClassShared})
			default:
				found, err := w.owners(ctx, k, u)
				if err != nil {
					return err
				}
				matches = append(matches, found...)
			}
		}
		return nil
	})
	return matches, err
}

// owners returns the cards that have a key.
func (w *work) owners(ctx context.Context, k Key, u *KeyUse) ([]Match, error) {
	for _, id := range u.Traces {
		if err := w.need(ctx, traceKey(id)); err != nil {
			return nil, err
		}
	}
	var found []Match
	current := CardID("")
	if h := w.holder(u, w.now, after); h != nil {
		current = h.Card
	}
	for _, id := range u.Traces {
		tr := w.trace(id)
		if tr == nil || tr.Card == "" {
			continue
		}
		if i := slices.IndexFunc(found, func(m Match) bool { return m.Card == tr.Card }); i < 0 {
			found = append(found, Match{Key: k, Class: u.Class, Card: tr.Card, Since: tr.First, Current: tr.Card == current || current == ""})
		} else if tr.First.Before(found[i].Since) {
			found[i].Since = tr.First
		}
	}
	slices.SortFunc(found, func(a, b Match) int {
		if a.Current != b.Current {
			if a.Current {
				return -1
			}
			return 1
		}
		return cmp.Or(b.Since.Compare(a.Since), strings.Compare(string(a.Card), string(b.Card)))
	})
	return found, nil
}
