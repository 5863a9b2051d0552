package strictjson_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/tenure-go/tenure/internal/strictjson"
)

type label struct {
	Title map[string]string `json:"title"`
}

type document struct {
	Name  string    `json:"name"`
	Count int       `json:"count"`
	Made  time.Time `json:"made"`
	Lines []line    `json:"lines"`
	label
	label2 // an embedded struct without tags adds nothing
}

type label2 struct{ Untagged string }

type line struct {
	ID string `json:"id"`
	Label
}

type Label struct {
	Party string `json:"party"`
}

func TestPlaces(t *testing.T) {
	t.Parallel()
	var d document
	places, fault := strictjson.Decode([]byte("{\"name\": \"ё\", \"count\": 3,\n \"lines\": [{\"id\": \"a\"},\n  {\"party\": \"b\"}]}"), &d)
	require.Nil(t, fault)
	require.Equal(t, document{Name: "ё", Count: 3, Lines: []line{{ID: "a"}, {Label: Label{Party: "b"}}}}, d)
	require.Equal(t, strictjson.Place{Line: 1, Column: 24}, places["count"], "columns count characters")
	require.Equal(t, strictjson.Place{Line: 3, Column: 3}, places["lines[1]"])
	require.Equal(t, strictjson.Place{Line: 3, Column: 13}, places["lines[1].party"])
}

func TestFaults(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, path   string
		why          strictjson.Why
		line, column int
	}{
		{`{"nam": "x"}`, "nam", strictjson.UnknownKey, 1, 2},
		{`{"Name": "x"}`, "Name", strictjson.UnknownKey, 1, 2},
		{`{"Untagged": "x"}`, "Untagged", strictjson.UnknownKey, 1, 2},
		{`{"name": "x",` + "\n" + `"name": "y"}`, "name", strictjson.Twice, 2, 1},
		{`{"title": {"en": "x", "en": "y"}}`, "title.en", strictjson.Twice, 1, 23},
		{`{"count": "3"}`, "count", strictjson.WrongType, 1, 11},
		{`{"count": 1e400}`, "count", strictjson.WrongType, 1, 11},
		{`{"count": null}`, "count", strictjson.WrongType, 1, 11},
		{`{"lines": {}}`, "lines", strictjson.WrongType, 1, 11},
		{`{"name": []}`, "name", strictjson.WrongType, 1, 10},
		{`{"made": "yesterday"}`, "made", strictjson.WrongType, 1, 10},
		{`[]`, "", strictjson.WrongType, 1, 1},
		{`{} x`, "", strictjson.Trailing, 1, 4},
		{`{"name": tru}`, "name", strictjson.Syntax, 1, 10},
		{`{"name" "x"}`, "name", strictjson.Syntax, 1, 9},
		{``, "", strictjson.Syntax, 1, 1},
		{`{"lines": [`, "lines", strictjson.Syntax, 1, 12},
	} {
		var d document
		places, fault := strictjson.Decode([]byte(c.text), &d)
		require.NotNil(t, fault, c.text)
		require.Nil(t, places)
		require.Equal(t, c.why, fault.Why, c.text)
		require.Equal(t, strictjson.Place{Line: c.line, Column: c.column}, fault.Place, c.text)
		if c.why != strictjson.Syntax {
			require.Equal(t, c.path, fault.Path, c.text)
		}
	}
}

// What it reads, encoding/json reads alike; what encoding/json cannot read, it does not.
func FuzzDecode(f *testing.F) {
	f.Add([]byte(`{"name": "ё", "count": 3, "lines": [{"id": "a"}], "title": {"en": "x"}}`))
	f.Add([]byte(`{"count": "3"} `))
	f.Fuzz(func(t *testing.T, text []byte) {
		var got, want document
		_, fault := strictjson.Decode(text, &got)
		err := json.Unmarshal(text, &want)
		if fault == nil {
			require.NoError(t, err)
			require.Equal(t, want, got)
			return
		}
		require.GreaterOrEqual(t, fault.Line, 1)
		require.GreaterOrEqual(t, fault.Column, 1)
		require.LessOrEqual(t, fault.Line, strings.Count(string(text), "\n")+1)
	})
}
