package main

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/tenure-go/tenure/store"
)

// ours is what is due of the names in which a prefix stands: other runs, whose clocks stand elsewhere,
// may be kept in the same database.
type ours struct {
	due interface {
		Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error)
	}
	prefix string
}

// Due implements the Due of packages booking, pipeline and notify.
func (o ours) Due(ctx context.Context, now time.Time, limit int) ([]store.Key, error) {
	for ask := limit; ; ask *= 4 {
		keys, err := o.due.Due(ctx, now, ask)
		all := len(keys) < ask
		keys = slices.DeleteFunc(keys, func(k store.Key) bool { return !strings.Contains(k.ID, o.prefix) })
		if err != nil || all || len(keys) >= limit {
			return keys[:min(limit, len(keys))], err
		}
	}
}
