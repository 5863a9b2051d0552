package table_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/table"
)

var part = table.Part{Name: "booking", Version: 1}

func key(id string) store.Key { return store.Key{Kind: "unit", ID: id} }

func TestExpand(t *testing.T) {
	t.Parallel()
	require.Equal(t, "select tenure_booking_event.n from tenure_booking_event, tenure_booking_row",
		part.Expand("select {event}.n from {event}, {row}"))
}

func TestPlan(t *testing.T) {
	t.Parallel()
	noon := time.Date(2027, 7, 1, 12, 0, 0, 0, time.UTC)
	w := &table.Write{Guards: []store.Guard{
		{Key: key("c"), Version: 3, Write: true},
		{Key: key("B"), Version: 5},
		{Key: key("a"), Write: true},
		{Key: store.Key{Kind: "card", ID: "z"}, Version: 9, Write: true},
		{Key: key("d"), Write: true},
	}}
	w.Put(key("a"), noon, "first")
	w.Put(key("c"), time.Time{}, "fourth")
	w.Forget(store.Key{Kind: "card", ID: "z"})
	w.Forget(key("d"))
	w.Exec("delete", 1)
	w.Append(key("c"), 4, noon, map[string]int{"n": 1})
	steps, rest, err := w.Plan(part)
	require.NoError(t, err)
	random := steps[2].Next
	require.Positive(t, random)
	steps[4].Next = 0
	require.Equal(t, []table.Step{
		{Guard: store.Guard{Key: store.Key{Kind: "card", ID: "z"}, Version: 9, Write: true}, Next: 10, Forget: true},
		{Guard: store.Guard{Key: key("B"), Version: 5}, Next: 6},
		{Guard: store.Guard{Key: key("a"), Write: true}, Next: random, Put: true, Due: noon, Doc: `"first"`},
		{Guard: store.Guard{Key: key("c"), Version: 3, Write: true}, Next: 4, Put: true, Doc: `"fourth"`},
		{Guard: store.Guard{Key: key("d")}}, // what is absent is forgotten already
	}, steps, "in key order")
	require.Equal(t, []table.Statement{
		{SQL: "delete", Args: []any{1}},
		{
			SQL:  "insert into tenure_booking_event (id, kind, seq, at, doc) values ($1, $2, $3, $4, $5)",
			Args: []any{"c", "unit", int64(4), noon, `{"n":1}`},
		},
	}, rest)

	again, _, err := w.Plan(part)
	require.NoError(t, err)
	require.NotEqual(t, random, again[2].Next, "a first version is random")
}

func TestPlanRefuses(t *testing.T) {
	t.Parallel()
	for want, fill := range map[string]func(w *table.Write){
		"unit/read changes without a guard":       func(w *table.Write) { w.Put(key("read"), time.Time{}, 1) },
		"unit/none changes without a guard":       func(w *table.Write) { w.Forget(key("none")) },
		"unit/other changes without a guard":      func(w *table.Write) { w.Append(key("other"), 1, time.Time{}, 1) },
		"two guards for unit/read":                func(w *table.Write) { w.Guards = append(w.Guards, w.Guards[0]) },
		"a document cannot be written: json: uns": func(w *table.Write) { w.Exec("insert", w.JSON(make(chan int))) },
	} {
		w := &table.Write{Guards: []store.Guard{{Key: key("read"), Version: 1}}}
		fill(w)
		_, _, err := w.Plan(part)
		require.ErrorContains(t, err, want)
	}
}

func TestParseCursor(t *testing.T) {
	t.Parallel()
	p, err := table.ParseCursor("12-abc")
	require.NoError(t, err)
	require.Equal(t, table.Position{N: 12, Hash: "abc"}, p)
	p, err = table.ParseCursor("")
	require.NoError(t, err)
	require.Zero(t, p)
	for _, bad := range []store.Cursor{"-", "12", "0-abc", "-3-abc", "x-abc", "99999999999999999999-a"} {
		_, err := table.ParseCursor(bad)
		require.ErrorIs(t, err, store.ErrRewound, bad)
	}
}

func TestSchemaErrorSaysWhatToDo(t *testing.T) {
	t.Parallel()
	missing := &table.SchemaError{Store: "sqlite", Part: "booking", Want: 1}
	require.Equal(t, `sqlite: schema "booking" version 1 is missing (found 0): run sqlite.Apply(ctx, db, "booking"), or apply schema/booking.sql of sqlite.Schema`, missing.Error())
	require.Contains(t, missing.Text("ru"), `вызовите sqlite.Apply(ctx, db, "booking")`)
	newer := &table.SchemaError{Store: "postgres", Part: "booking", Want: 1, Got: 2}
	require.Contains(t, newer.Error(), "upgrade the library")
	require.Contains(t, newer.Text("ru"), "обновите библиотеку")
}

func FuzzParseCursor(f *testing.F) {
	for _, c := range []string{"", "1-a", "12-0123456789abcdef", "-", "0-a", "9223372036854775808-a"} {
		f.Add(c)
	}
	f.Fuzz(func(t *testing.T, c string) {
		p, err := table.ParseCursor(store.Cursor(c))
		switch {
		case err != nil:
			require.ErrorIs(t, err, store.ErrRewound)
		case c == "":
			require.Zero(t, p)
		default:
			require.Positive(t, p.N)
		}
	})
}
