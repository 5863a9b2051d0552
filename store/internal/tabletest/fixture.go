package tabletest

import (
	"context"
	"encoding/json"
	"time"

	"github.com/tenure-go/tenure/store"
	"github.com/tenure-go/tenure/store/storetest"
	"github.com/tenure-go/tenure/store/table"
)

// Values keeps values of package storetest, one under each key.
type Values struct{ table.Tables }

// A Query asks for keys.
type Query struct {
	Keys []store.Key
	Lock bool
}

// Load is store.Store's.
func (v Values) Load(ctx context.Context, q Query) ([]storetest.Row, error) {
	return table.Reread(ctx, func(ctx context.Context) ([]storetest.Row, error) {
		rows := make([]storetest.Row, len(q.Keys))
		var lock []store.Key
		var reads []table.Read
		for i, key := range q.Keys {
			rows[i].Key = key
			if q.Lock {
				lock = append(lock, key)
			}
			reads = append(reads, Part.ReadKey(key, func(version int64, doc string) error {
				rows[i].Version = version
				return json.Unmarshal([]byte(doc), &rows[i].Value)
			}))
		}
		return rows, v.Read(ctx, lock, reads...)
	})
}

// Commit is store.Store's.
func (v Values) Commit(ctx context.Context, steps []storetest.Step) error {
	w := &table.Write{}
	for _, s := range steps {
		w.Guards = append(w.Guards, s.Guard)
		switch {
		case s.Erase:
			w.Forget(s.Key)
		case s.Write:
			w.Put(s.Key, time.Time{}, s.Value)
		}
	}
	return v.Tables.Commit(ctx, w)
}

// Fixture shows tables to package storetest: they lack nothing.
func Fixture(tables table.Tables) storetest.Fixture[Query, storetest.Row, []storetest.Step] {
	return storetest.Fixture[Query, storetest.Row, []storetest.Step]{
		Store:  Values{tables},
		Kinds:  []string{"unit", "card"},
		Query:  func(keys []store.Key, lock bool) Query { return Query{keys, lock} },
		Change: func(steps []storetest.Step) []storetest.Step { return steps },
		Row:    func(r storetest.Row) storetest.Row { return r },
	}
}
