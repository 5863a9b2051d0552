// Package vouchertable keeps the vouchers and counters of package voucher in the tables of any SQL
// store.
//
// Use it through pgvoucher or litevoucher. A voucher's row lies with its trip start. The document of
// a reservation's key names its vouchers, that of a series' key is the counter.
package vouchertable

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
	"github.com/tenure-go/tenure/voucher"
)

// Part names the tables of package voucher.
var Part = table.Part{Name: "voucher", Version: 1}

// A Store keeps vouchers in a database, finds them, and tells what happened: a voucher.Store,
// voucher.Finder and voucher.Feed.
type Store struct {
	rows
	db table.DB
}

// New returns the store over a database's tables.
func New(db table.DB) *Store { return &Store{rows{db}, db} }

// In returns the store over the tables of a caller's transaction.
func In(tx table.Tables) voucher.Store { return rows{tx} }

// Since is voucher.Feed's.
func (s *Store) Since(ctx context.Context, after store.Cursor, limit int) ([]voucher.Event, store.Cursor, error) {
	return table.Since[voucher.Event](ctx, s.db, after, limit)
}

var (
	byID  = Part.Expand(`select doc from {row} where trip_start = $1 and series = $2 and seq = $3 and id = $4`)
	found = Part.Expand(`select doc from {row} where `)
	order = ` order by trip_start, series, seq, id limit `
)

// upserts are statements that write several rows of one trip start at once, the most first.
var upserts = []upsert{newUpsert(64), newUpsert(8), newUpsert(1)}

type upsert struct {
	rows int
	sql  string
}

func newUpsert(rows int) upsert {
	columns := []string{"trip_start", "series", "seq", "id", "number", "state", "reservation", "partner", "manager", "trip_end", "issued", "doc"}
	tuples := make([]string, rows)
	for i := range tuples {
		args := make([]string, len(columns))
		for j := range args {
			args[j] = fmt.Sprintf("$%d", i*len(columns)+j+1)
		}
		tuples[i] = "(" + strings.Join(args, ", ") + ")"
	}
	return upsert{rows, Part.Expand("insert into {row} (" + strings.Join(columns, ", ") + ") values " + strings.Join(tuples, ", ") +
		` on conflict (trip_start, series, seq, id) do update set state = excluded.state, partner = excluded.partner, manager = excluded.manager,
			trip_end = excluded.trip_end, issued = excluded.issued, doc = excluded.doc`)}
}

// rows is a voucher.Store over either kind of tables.
type rows struct{ tables table.Tables }

func (s rows) Load(ctx context.Context, q voucher.Query) ([]voucher.Aggregate, error) {
	reservations := slices.Clone(q.Reservations)
	owners, err := s.vouchers(ctx, q.Vouchers)
	if err != nil {
		return nil, err
	}
	for _, v := range owners {
		reservations = append(reservations, v.Item.Reservation)
	}
	slices.Sort(reservations)
	reservations = slices.Compact(reservations)
	counters := slices.Clone(q.Counters)
	slices.SortFunc(counters, voucher.CounterKey.Compare)
	counters = slices.Compact(counters)

	aggregates := make([]voucher.Aggregate, len(reservations)+len(counters))
	var ids []voucher.VoucherID
	var reads []table.Read
	var lock []store.Key
	for i := range aggregates {
		a := &aggregates[i]
		var holding []voucher.VoucherID
		var into any = &holding
		if i < len(reservations) {
			a.Key = reservations[i].Key()
		} else {
			into = &a.Counter
			a.Counter.CounterKey = counters[i-len(reservations)]
			a.Key = a.Counter.CounterKey.Key()
		}
		if q.Lock {
			lock = append(lock, a.Key)
		}
		reads = append(reads, Part.ReadKey(a.Key, func(version int64, doc string) error {
			a.Version = version
			if doc == "" {
				return nil
			}
			err := decode(doc, into)
			ids = append(ids, holding...)
			return err
		}))
	}
	if len(reads) == 0 {
		return nil, nil
	}
	if err := s.tables.Read(ctx, lock, reads...); err != nil {
		return nil, err
	}
	vouchers, err := s.vouchers(ctx, ids) // read after their key, so as new as its version or newer
	if err != nil {
		return nil, err
	}
	for _, v := range vouchers {
		at, _ := slices.BinarySearch(reservations, v.Item.Reservation)
		aggregates[at].Vouchers = append(aggregates[at].Vouchers, v)
	}
	for i := range aggregates {
		slices.SortFunc(aggregates[i].Vouchers, voucher.Voucher.Compare)
	}
	return aggregates, nil
}

// vouchers reads those that exist, one statement each, in one round trip.
func (s rows) vouchers(ctx context.Context, ids []voucher.VoucherID) ([]voucher.Voucher, error) {
	var found []voucher.Voucher
	var reads []table.Read
	for _, id := range ids {
		if n, ok := id.Number(); ok {
			reads = append(reads, table.Read{SQL: byID, Args: []any{n.TripStart().String(), string(n.Series()), n.Seq(), string(id)}, Row: collect(&found)})
		}
	}
	if len(reads) == 0 {
		return nil, nil
	}
	return found, s.tables.Read(ctx, nil, reads...)
}

func collect(into *[]voucher.Voucher) func(scan func(dest ...any) error) error {
	return func(scan func(dest ...any) error) error {
		var doc string
		if err := scan(&doc); err != nil {
			return err
		}
		var v voucher.Voucher
		if err := decode(doc, &v); err != nil {
			return err
		}
		*into = append(*into, v)
		return nil
	}
}

func (s rows) Commit(ctx context.Context, c voucher.Change) error {
	w := &table.Write{Guards: c.Guards}
	days := map[date.Date][]voucher.Voucher{}
	for _, v := range c.Vouchers {
		days[v.Number.TripStart()] = append(days[v.Number.TripStart()], v)
	}
	for _, day := range slices.Sorted(maps.Keys(days)) {
		vouchers := days[day]
		for _, u := range upserts {
			for ; len(vouchers) >= u.rows; vouchers = vouchers[u.rows:] {
				var args []any
				for _, v := range vouchers[:u.rows] {
					args = append(args, columns(w, v)...)
				}
				w.Exec(u.sql, args...)
			}
		}
	}
	for _, h := range c.Holdings {
		w.Put(h.Reservation.Key(), time.Time{}, h.Vouchers)
	}
	for _, row := range c.Counters {
		w.Put(row.CounterKey.Key(), time.Time{}, row)
	}
	for _, e := range c.Events {
		w.Append(e.Key, e.Seq, e.At, e)
	}
	return s.tables.Commit(ctx, w)
}

// columns are the values of a voucher's row.
func columns(w *table.Write, v voucher.Voucher) []any {
	return []any{v.Number.TripStart().String(), string(v.Number.Series()), v.Number.Seq(), string(v.ID),
		voucher.PlainNumber(v.Text), string(v.State), string(v.Item.Reservation), string(v.Item.Partner), string(v.Item.Manager),
		v.Item.TripEnd.String(), v.Issued.String(), w.JSON(v)}
}

// Find is voucher.Finder's.
func (s *Store) Find(ctx context.Context, f voucher.Filter, after store.Cursor, limit int) ([]voucher.Voucher, store.Cursor, error) {
	place, err := f.From(after, limit)
	if err != nil {
		return nil, "", err
	}
	var all []voucher.Voucher
	if f.Reservation != "" {
		all, err = s.of(ctx, f, place)
	} else {
		sql, args := search(f, place, limit+1)
		err = s.db.Read(ctx, nil, table.Read{SQL: sql, Args: args, Row: collect(&all)})
	}
	if err != nil {
		return nil, "", err
	}
	if len(all) <= limit {
		return all, "", nil
	}
	return all[:limit], store.Cursor(all[limit-1].ID), nil
}

// of looks through the few vouchers of one reservation, by its key.
func (s *Store) of(ctx context.Context, f voucher.Filter, after voucher.Place) ([]voucher.Voucher, error) {
	aggregates, err := s.Load(ctx, voucher.Query{Reservations: []voucher.ReservationID{f.Reservation}})
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(aggregates[0].Vouchers, func(v voucher.Voucher) bool {
		return !f.Match(v) || voucher.Place{Number: v.Number, ID: v.ID}.Compare(after) <= 0
	}), nil
}

// search writes the filter as SQL, but for the reservation.
func search(f voucher.Filter, after voucher.Place, limit int) (string, []any) {
	var where []string
	var args []any
	arg := func(v any) string {
		args = append(args, v)
		return fmt.Sprintf("$%d", len(args))
	}
	add := func(column, op string, v any) { where = append(where, column+" "+op+" "+arg(v)) }
	if after.ID != "" {
		where = append(where, fmt.Sprintf("(trip_start, series, seq, id) > (%s, %s, %s, %s)",
			arg(after.TripStart().String()), arg(string(after.Series())), arg(after.Seq()), arg(string(after.ID))))
	}
	if f.Number != "" {
		add("number", "=", voucher.PlainNumber(f.Number))
	}
	if prefix := voucher.PlainNumber(f.Prefix); prefix != "" {
		add("number", ">=", prefix)
		if end := successor(prefix); end != "" {
			add("number", "<", end)
		}
	}
	for _, d := range []struct {
		dates       voucher.Dates
		first, last string // the columns of what has to share a day with them
	}{{f.Trip, "trip_start", "trip_start"}, {f.Issued, "issued", "issued"}, {f.Valid, "trip_start", "trip_end"}} {
		if d.dates.First != 0 {
			add(d.last, ">=", day(d.dates.First))
		}
		if d.dates.Last != 0 {
			add(d.first, "<=", day(d.dates.Last))
		}
	}
	for _, c := range []struct{ column, value string }{
		{"manager", string(f.Manager)}, {"partner", string(f.Partner)},
	} {
		if c.value != "" {
			add(c.column, "=", c.value)
		}
	}
	either := func(column string, n int, value func(i int) string) {
		if n == 0 {
			return
		}
		terms := make([]string, n)
		for i := range n {
			terms[i] = column + " = " + arg(value(i))
		}
		where = append(where, "("+strings.Join(terms, " or ")+")")
	}
	either("series", len(f.Series), func(i int) string { return string(f.Series[i]) })
	either("state", len(f.States), func(i int) string { return string(f.States[i]) })
	if len(where) == 0 {
		where = append(where, "true")
	}
	return found + strings.Join(where, " and ") + order + arg(limit), args
}

// day writes a date so that it compares as text with those that are stored, which have four digits
// of year.
func day(d date.Date) string {
	switch y := d.Year(); {
	case y < 1:
		return ""
	case y > 9999:
		return "A"
	}
	return d.String()
}

// successor returns the first text behind all that begin with the prefix, "" if there is none.
func successor(prefix string) string {
	runes := []rune(prefix)
	for len(runes) > 0 {
		last := runes[len(runes)-1] + 1
		runes = runes[:len(runes)-1]
		if last == 0xD800 {
			last = 0xE000 // surrogates are no characters
		}
		if last <= utf8.MaxRune {
			return string(append(runes, last))
		}
	}
	return ""
}

func decode(doc string, v any) error {
	if err := json.Unmarshal([]byte(doc), v); err != nil {
		return fmt.Errorf("vouchertable: a document cannot be read: %w", err)
	}
	return nil
}
