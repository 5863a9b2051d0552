package tabletest

import (
	"context"
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
)

// In shows a caller's transactions as tables: each call is a transaction of its own, run by inTx,
// and a conflict is not retried.
type In func(ctx context.Context, fn func(table.Tables) error) error

var errStop = errors.New("a conflict, kept from the retry")

// Read is table.Tables's.
func (in In) Read(ctx context.Context, lock []store.Key, reads ...table.Read) error {
	return in.once(ctx, func(t table.Tables) error { return t.Read(ctx, lock, reads...) })
}

// Commit is table.Tables's.
func (in In) Commit(ctx context.Context, w *table.Write) error {
	return in.once(ctx, func(t table.Tables) error { return t.Commit(ctx, w) })
}

func (in In) once(ctx context.Context, fn func(table.Tables) error) error {
	var conflict error
	err := in(ctx, func(t table.Tables) error {
		err := fn(t)
		if errors.Is(err, store.ErrConflict) {
			conflict = err
			return errStop
		}
		return err
	})
	if errors.Is(err, errStop) {
		return conflict
	}
	return err
}

var (
	barred = regexp.MustCompile(`\b(nextval|currval|setval|serial|generated|autoincrement|last_insert_rowid)\b|advisory|\bmax *\(|` +
		`\block table\b|txid|xact|xmin|\bany *\(|\bin *\(`)
	oneKey  = regexp.MustCompile(`^(with k as \()?(select|update|delete) [^;]*?\bwhere \w+ = \$\d+\b`)
	insert  = regexp.MustCompile(`^(with k as \()?insert into \w+( as \w+)? \(\w+, [^)]*\) values \(\$1, `)
	control = regexp.MustCompile(`^(begin|begin; set local lock_timeout = '\d+ms'|commit; begin immediate|commit|rollback|set local lock_timeout = '\d+ms')$`)
	touch   = regexp.MustCompile(`^update tenure_\w+_feed set n = n where false$`)
)

// CheckStatement says what is wrong with a statement that Load or Commit sent. Each must find its
// rows on one shard: no sequence, no max, no advisory lock, no lock or search over several keys,
// and the shard key named by equality, first.
func CheckStatement(sql string) error {
	flat := strings.ToLower(strings.Join(strings.Fields(sql), " "))
	switch {
	case barred.MatchString(flat):
		return fmt.Errorf("%q in %s", barred.FindString(flat), flat)
	case oneKey.MatchString(flat), insert.MatchString(flat), control.MatchString(flat), touch.MatchString(flat):
		return nil
	}
	return fmt.Errorf("no key is named by equality, first: %s", flat)
}
