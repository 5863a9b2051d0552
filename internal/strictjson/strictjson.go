// Package strictjson reads JSON that people wrote: an unknown key, a repeated key, a wrong type or
// something after the end is a fault with its line, column and path.
package strictjson

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode/utf8"
)

// A Why is the code of a fault.
type Why string

// The faults.
const (
	Syntax     Why = "syntax"      // not JSON
	UnknownKey Why = "unknown_key" // a key that means nothing there
	Twice      Why = "twice"       // a key written twice in one object
	WrongType  Why = "wrong_type"  // a value that does not fit
	Trailing   Why = "trailing"    // something after the end
	TooDeep    Why = "too_deep"    // nested beyond any use
)

// maxDepth is far deeper than any file that a person writes.
const maxDepth = 100

// A Fault is the first thing that keeps a document from being read.
type Fault struct {
	Place
	Path string // "validators[2].kind"
	Got  string
	Why  Why
}

// A Place is a position in the text, from 1; the column counts characters.
type Place struct{ Line, Column int }

// Decode reads data into the struct that into points to, by its json tags. It returns where each
// value stands, by path, or the first fault.
func Decode(data []byte, into any) (map[string]Place, *Fault) {
	w := &walker{data: data, dec: json.NewDecoder(bytes.NewReader(data)), places: map[string]Place{}}
	w.dec.UseNumber()
	if f := w.value("", reflect.TypeOf(into).Elem(), 0); f != nil {
		return nil, f
	}
	if at := w.next(); at < len(data) {
		return nil, w.fault(at, "", "", Trailing)
	}
	if err := json.Unmarshal(data, into); err != nil {
		return nil, w.fault(0, "", err.Error(), WrongType)
	}
	return w.places, nil
}

type walker struct {
	data   []byte
	dec    *json.Decoder
	places map[string]Place

	counted int   // up to here the text was counted
	last    Place // from 0
}

// next returns where the next token begins.
func (w *walker) next() int {
	at := int(w.dec.InputOffset())
	for at < len(w.data) && strings.IndexByte(" \t\r\n,:", w.data[at]) >= 0 {
		at++
	}
	return at
}

func (w *walker) fault(at int, path, got string, why Why) *Fault {
	return &Fault{w.place(at), path, got, why}
}

// place counts on from where it was asked last, so that a whole text is counted once.
func (w *walker) place(at int) Place {
	at = min(at, len(w.data))
	if at < w.counted {
		w.counted, w.last = 0, Place{}
	}
	for _, c := range w.data[w.counted:at] {
		switch {
		case c == '\n':
			w.last = Place{Line: w.last.Line + 1}
		case utf8.RuneStart(c):
			w.last.Column++
		}
	}
	w.counted = at
	return Place{w.last.Line + 1, w.last.Column + 1}
}

// token reads one token, or says what is wrong with it.
func (w *walker) token(path string) (json.Token, int, *Fault) {
	at := w.next()
	tok, err := w.dec.Token()
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &syntax):
		return nil, at, w.fault(max(at, int(syntax.Offset)-1), path, syntax.Error(), Syntax)
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		return nil, at, w.fault(len(w.data), path, "the end", Syntax)
	case err != nil:
		return nil, at, w.fault(at, path, err.Error(), Syntax)
	}
	return tok, at, nil
}

// value walks one value that has to fit t. A nil t fits anything.
func (w *walker) value(path string, t reflect.Type, depth int) *Fault {
	tok, at, f := w.token(path)
	if f != nil {
		return f
	}
	w.places[path] = w.place(at)
	if depth > maxDepth {
		return w.fault(at, path, "", TooDeep)
	}
	whole := t != nil && readsItself(t)
	inner := t
	for inner != nil && inner.Kind() == reflect.Pointer {
		inner = inner.Elem()
	}
	if whole {
		inner = nil
	}
	switch tok {
	case json.Delim('{'):
		f = w.object(path, inner, at, depth)
	case json.Delim('['):
		f = w.array(path, inner, at, depth)
	default:
		whole = t != nil
	}
	if f != nil || !whole {
		return f
	}
	raw := w.data[at:w.dec.InputOffset()]
	if err := json.Unmarshal(raw, reflect.New(t).Interface()); err != nil || tok == nil {
		return w.fault(at, path, string(raw), WrongType)
	}
	return nil
}

func (w *walker) object(path string, t reflect.Type, at, depth int) *Fault {
	if t != nil && t.Kind() != reflect.Struct && t.Kind() != reflect.Map {
		return w.fault(at, path, "{", WrongType)
	}
	seen := map[string]bool{}
	for w.dec.More() {
		tok, at, f := w.token(path)
		if f != nil {
			return f
		}
		key, _ := tok.(string)
		inside := strings.TrimPrefix(path+"."+key, ".")
		if seen[key] {
			return w.fault(at, inside, key, Twice)
		}
		seen[key] = true
		var of reflect.Type
		if t != nil && t.Kind() == reflect.Map {
			of = t.Elem()
		} else if t != nil {
			if of = field(t, key); of == nil {
				return w.fault(at, inside, key, UnknownKey)
			}
		}
		if f := w.value(inside, of, depth+1); f != nil {
			return f
		}
	}
	_, _, f := w.token(path)
	return f
}

func (w *walker) array(path string, t reflect.Type, at, depth int) *Fault {
	var of reflect.Type
	if t != nil {
		if t.Kind() != reflect.Slice && t.Kind() != reflect.Array {
			return w.fault(at, path, "[", WrongType)
		}
		of = t.Elem()
	}
	for i := 0; w.dec.More(); i++ {
		if f := w.value(fmt.Sprintf("%s[%d]", path, i), of, depth+1); f != nil {
			return f
		}
	}
	_, _, f := w.token(path)
	return f
}

// field returns the type of the field with the key, which has to be spelled exactly; nil if there
// is none.
func field(t reflect.Type, key string) reflect.Type {
	for _, f := range reflect.VisibleFields(t) {
		name, _, _ := strings.Cut(f.Tag.Get("json"), ",")
		if name == key && key != "" && key != "-" {
			return f.Type
		}
	}
	return nil
}

var (
	jsonReader = reflect.TypeFor[json.Unmarshaler]()
	textReader = reflect.TypeFor[encoding.TextUnmarshaler]()
)

func readsItself(t reflect.Type) bool {
	p := reflect.PointerTo(t)
	return p.Implements(jsonReader) || p.Implements(textReader)
}
