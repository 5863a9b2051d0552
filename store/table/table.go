// Package table is the shape in which SQL stores keep a package's aggregates, whatever the
// database.
//
// Every domain package with state has one store written in SQL, and every database has its own way
// to guard a version, lock a key and number a feed. This package stands between the two, so that
// neither is written twice: store/sqlite and store/postgres implement [Tables] and [DB] for any
// [Part], and a part's own package (bookingtable, ...) says which rows it reads and writes.
//
// # What a part has
//
// Each part owns a few tables, named after it. Three are the same everywhere, here for "booking":
//
//	tenure_booking_key    one row per guarded key: kind, id, version, due, and a document
//	tenure_booking_event  the events, per key and seq; n is the place in the feed, null until numbered
//	tenure_booking_feed   one row: how many events are numbered
//
// Whatever else the part needs (rows to be found by their dates, a person's tasks) are tables of
// its own beside them. Documents are JSON text; the columns beside them are there to be searched
// and to be read by people, and are never read back.
//
// # How to add a part
//
//  1. Write schema/NAME.sql for store/postgres and for store/sqlite, on the model of booking.sql:
//     the three tables, then your own, then the line that records the version. The shard key comes
//     first in every primary key; text that is compared or ordered is collate "C" on PostgreSQL.
//  2. Write package NAMEtable on the model of bookingtable. Load is one call of Read: one [Read] per
//     statement, all in one round trip, each naming one key by equality; [Part.ReadKey] reads a
//     key's version and document. Commit fills a [Write] (Guards, then Put, Forget, Exec, Append)
//     and hands it over; every decision about versions, locks and conflicts is taken there.
//     Since is [Since], Due is [Due] or a Read of your own. Outside of a transaction wrap what only
//     reads in [Reread].
//  3. Write pgNAME and liteNAME: New and In, a few lines each.
//  4. Run the package's suite and storetest over both.
//
// SQL given to Read and Exec runs on both databases: parameters are $1, $2, ...; a parameter is a
// string, integer, bool, time.Time or nil; "on conflict (...) do update set x = excluded.x" upserts;
// {key}, {event}, {feed} and {NAME} stand for the part's own tables (see [Part.Expand]). One
// statement names one key: a list of keys is a list of statements.
//
// # What no part does
//
// No sequence, no max, no lock over several keys in one statement, no clock, no migration. A key's
// rows change only under a guard with Write.
package table

import (
	"context"
	"regexp"
	"time"

	"github.com/tenure-go/tenure/store"
)

// A Part names one package's tables and the version of their schema.
type Part struct {
	Name    string // "booking": the tables are tenure_booking_...
	Version int
}

var placeholder = regexp.MustCompile(`\{(\w+)\}`)

// Expand replaces {x} by the name of the part's table x: {event} by tenure_booking_event.
func (p Part) Expand(sql string) string {
	return placeholder.ReplaceAllString(sql, "tenure_"+p.Name+"_$1")
}

// Tables are a part's tables in a database, or in a caller's transaction.
type Tables interface {
	// Read runs the reads in order, in one round trip where the database has round trips. In a
	// caller's transaction it first locks the keys in lock, in key order, so that the Commit that
	// follows is not overtaken; elsewhere lock does nothing.
	Read(ctx context.Context, lock []store.Key, reads ...Read) error

	// Commit applies w if every guard's version still holds; otherwise it writes nothing and
	// returns an error wrapping store.ErrConflict.
	Commit(ctx context.Context, w *Write) error
}

// A DB is a part's tables in a database, with the feed of its events.
type DB interface {
	Tables

	// Since returns the documents of up to limit events after the cursor, and the cursor behind
	// them. It first numbers the events that have no place in the feed yet.
	Since(ctx context.Context, after store.Cursor, limit int) ([]string, store.Cursor, error)
}

// A Read is one SELECT. Its SQL is already expanded.
type Read struct {
	SQL  string
	Args []any

	// Row is called for each row; scan takes pointers to string, int64 and bool, or to pointers
	// to these where a column may be null.
	Row func(scan func(dest ...any) error) error
}

// ReadKey reads the version and the document of a key. found is not called for an absent key; doc
// is "" if the key was written without a document.
func (p Part) ReadKey(key store.Key, found func(version int64, doc string) error) Read {
	return Read{
		SQL:  p.Expand(`select version, coalesce(doc, '') from {key} where id = $1 and kind = $2 and version > 0`),
		Args: []any{key.ID, key.Kind},
		Row: func(scan func(dest ...any) error) error {
			var version int64
			var doc string
			if err := scan(&version, &doc); err != nil {
				return err
			}
			return found(version, doc)
		},
	}
}

// Reread repeats a read of a [DB] that met a conflict: at SERIALIZABLE PostgreSQL may refuse even
// reads. read must begin anew each time. It is not for a caller's transaction, which is over then.
func Reread[T any](ctx context.Context, read func(ctx context.Context) (T, error)) (result T, err error) {
	var retry store.Retry
	err = retry.Do(ctx, nil, func(ctx context.Context) error {
		result, err = read(ctx)
		return err
	})
	return result, err
}

// Due returns up to limit keys whose due time, as given to [Write.Put], has come, the earliest
// first.
func Due(ctx context.Context, t Tables, p Part, now time.Time, limit int) ([]store.Key, error) {
	return DueBy(ctx, t, Read{
		SQL:  p.Expand(`select kind, id from {key} where due <= $1 order by due, id, kind limit $2`),
		Args: []any{now, max(limit, 0)},
	})
}

// DueBy returns the keys that r selects as (kind, id), for a part whose deadlines lie in rows of
// its own.
func DueBy(ctx context.Context, t Tables, r Read) ([]store.Key, error) {
	var keys []store.Key
	r.Row = func(scan func(dest ...any) error) error {
		var k store.Key
		if err := scan(&k.Kind, &k.ID); err != nil {
			return err
		}
		keys = append(keys, k)
		return nil
	}
	err := t.Read(ctx, nil, r)
	return keys, err
}
