package pipeline

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxRules is how much JSON Read takes.
const maxRules = 1 << 20

// A place is where something was read.
type place struct{ line, column int }

// Read reads definitions and routes. The JSON is strict: an unknown or repeated key, a value of
// the wrong kind and anything after the end are errors, as is a file over 1 MiB: a [*ConfigError]
// with the line and column of each. An error of r comes back wrapped.
func Read(r io.Reader) (Rules, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxRules+1))
	if err != nil {
		return Rules{}, fmt.Errorf("pipeline: read rules: %w", err)
	}
	d := decoder{text: text, places: make(map[string]place)}
	if len(text) > maxRules {
		d.fail(maxRules, "", "too_large")
		return Rules{}, &ConfigError{d.problems}
	}
	if !utf8.Valid(text) {
		d.fail(invalidAt(text), "", "syntax")
		return Rules{}, &ConfigError{d.problems}
	}
	d.json = json.NewDecoder(bytes.NewReader(text))
	d.json.UseNumber()
	var rules Rules
	if d.value(reflect.ValueOf(&rules).Elem(), "", 0) {
		if _, err := d.json.Token(); err != io.EOF {
			d.syntax(err, "")
		}
	}
	if len(d.problems) > 0 {
		return Rules{}, &ConfigError{d.problems}
	}
	rules.places = d.places
	return rules, nil
}

func invalidAt(text []byte) int {
	at := 0
	for at < len(text) {
		r, size := utf8.DecodeRune(text[at:])
		if r == utf8.RuneError && size == 1 {
			break
		}
		at += size
	}
	return at
}

type decoder struct {
	text     []byte
	json     *json.Decoder
	places   map[string]place
	problems Problems

	// where the last offset was, so that places are found in one pass
	offset int
	at     place
}

// maxDepth bounds nesting; a Need within a Need is the only one that a file chooses.
const maxDepth = 32

// value reads the next value into v. It is false when the text cannot be read on.
func (d *decoder) value(v reflect.Value, path string, depth int) bool {
	token, err := d.json.Token()
	if err != nil {
		return d.syntax(err, path)
	}
	start := d.start()
	d.places[path] = d.place(start)
	if token == nil { // null is the zero value
		return true
	}
	if depth > maxDepth {
		d.fail(start, path, "too_complex")
		return false
	}
	for v.Kind() == reflect.Pointer {
		v.Set(reflect.New(v.Type().Elem()))
		v = v.Elem()
	}
	switch t := token.(type) {
	case json.Delim:
		switch {
		case t == '{' && (v.Kind() == reflect.Struct || v.Kind() == reflect.Map):
			return d.object(v, path, depth)
		case t == '[' && v.Kind() == reflect.Slice:
			return d.array(v, path, depth)
		}
		d.fail(start, path, "wrong_type")
		return d.skip(path)
	case string:
		if v.Type() == reflect.TypeFor[time.Duration]() {
			if within, err := time.ParseDuration(t); err == nil {
				v.SetInt(int64(within))
				return true
			}
		} else if v.Kind() == reflect.String {
			v.SetString(t)
			return true
		}
	case bool:
		if v.Kind() == reflect.Bool {
			v.SetBool(t)
			return true
		}
	case json.Number:
		if n, err := strconv.ParseInt(t.String(), 10, 32); err == nil && v.Kind() == reflect.Int {
			v.SetInt(n)
			return true
		}
	}
	d.fail(start, path, "wrong_type", fmt.Sprint(token))
	return true
}

func (d *decoder) object(v reflect.Value, path string, depth int) bool {
	seen := make(map[string]bool)
	if v.Kind() == reflect.Map {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for d.json.More() {
		token, err := d.json.Token()
		if err != nil {
			return d.syntax(err, path)
		}
		key, ok := token.(string)
		if !ok {
			return d.syntax(errors.New("no key"), path)
		}
		start := d.start()
		inner := key
		if path != "" {
			inner = path + "." + key
		}
		if seen[key] {
			d.fail(start, inner, "duplicate_key", key)
			if !d.skipValue(inner) {
				return false
			}
			continue
		}
		seen[key] = true
		if v.Kind() == reflect.Map {
			item := reflect.New(v.Type().Elem()).Elem()
			if !d.value(item, inner, depth+1) {
				return false
			}
			v.SetMapIndex(reflect.ValueOf(key).Convert(v.Type().Key()), item)
			continue
		}
		field, names := jsonField(v, key)
		if !field.IsValid() {
			d.fail(start, inner, "unknown_key", append([]string{key}, nearest(key, names)...)...)
			if !d.skipValue(inner) {
				return false
			}
			continue
		}
		if !d.value(field, inner, depth+1) {
			return false
		}
	}
	_, err := d.json.Token()
	return err == nil || d.syntax(err, path)
}

// jsonField finds the field with exactly that JSON name.
func jsonField(v reflect.Value, key string) (reflect.Value, []string) {
	var names []string
	for i := range v.NumField() {
		name := v.Type().Field(i).Tag.Get("json")
		if name == "" || name == "-" {
			continue
		}
		if name == key {
			return v.Field(i), nil
		}
		names = append(names, name)
	}
	return reflect.Value{}, names
}

func (d *decoder) array(v reflect.Value, path string, depth int) bool {
	v.Set(reflect.MakeSlice(v.Type(), 0, 0))
	for i := 0; d.json.More(); i++ {
		item := reflect.New(v.Type().Elem()).Elem()
		if !d.value(item, fmt.Sprintf("%s[%d]", path, i), depth+1) {
			return false
		}
		v.Set(reflect.Append(v, item))
	}
	_, err := d.json.Token()
	return err == nil || d.syntax(err, path)
}

// skip reads to the end of the object or array just begun.
func (d *decoder) skip(path string) bool {
	for depth := 1; depth > 0; {
		token, err := d.json.Token()
		if err != nil {
			return d.syntax(err, path)
		}
		switch token {
		case json.Delim('{'), json.Delim('['):
			depth++
		case json.Delim('}'), json.Delim(']'):
			depth--
		}
	}
	return true
}

func (d *decoder) skipValue(path string) bool {
	token, err := d.json.Token()
	if err != nil {
		return d.syntax(err, path)
	}
	if token == json.Delim('{') || token == json.Delim('[') {
		return d.skip(path)
	}
	return true
}

// start is where the token just read begins: the decoder tells only where it ends.
func (d *decoder) start() int {
	end := int(d.json.InputOffset())
	at := end - 1
	switch c := d.text[at]; {
	case c == '"':
		for at--; at >= 0; at-- {
			if d.text[at] != '"' {
				continue
			}
			slashes := 0
			for at-1-slashes >= 0 && d.text[at-1-slashes] == '\\' {
				slashes++
			}
			if slashes%2 == 0 {
				break
			}
		}
	case strings.IndexByte("{[}]", c) < 0:
		for at > 0 && strings.IndexByte(" \t\r\n,:[{", d.text[at-1]) < 0 {
			at--
		}
	}
	return max(at, 0)
}

func (d *decoder) syntax(err error, path string) bool {
	offset := int(d.json.InputOffset())
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) && int(syntax.Offset) > offset {
		offset = int(syntax.Offset) - 1 // it counts the byte that is wrong, InputOffset does not
	} else if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		offset = len(d.text)
	}
	d.fail(offset, path, "syntax")
	return false
}

func (d *decoder) fail(offset int, path, code string, names ...string) {
	p := d.place(offset)
	d.problems = append(d.problems, Problem{Code: code, Path: path, Line: p.line, Column: p.column, Names: names})
}

// place is the line and column of an offset, both from 1, the column in characters.
func (d *decoder) place(offset int) place {
	offset = min(offset, len(d.text))
	if d.at == (place{}) || offset < d.offset {
		d.at, d.offset = place{1, 1}, 0
	}
	for _, r := range string(d.text[d.offset:offset]) {
		d.at.column++
		if r == '\n' {
			d.at = place{d.at.line + 1, 1}
		}
	}
	d.offset = offset
	return d.at
}

// nearest lists up to three names spelled most like the given one, at most a third of its letters
// apart.
func nearest[S ~string](name string, names []S) []string {
	type near struct {
		name string
		far  int
	}
	var found []near
	for _, n := range names[:min(len(names), 2*maxParts)] {
		if far := distance(name, string(n)); far <= max(1, len([]rune(name))/3) {
			found = append(found, near{string(n), far})
		}
	}
	var out []string
	for far := 0; len(out) < 3 && far <= len(name); far++ {
		for _, n := range found {
			if n.far == far && len(out) < 3 {
				out = append(out, n.name)
			}
		}
	}
	return out
}

// distance is Levenshtein's with swapped neighbours as one change, of the first 64 characters.
func distance(a, b string) int {
	ra, rb := []rune(a), []rune(b)
	ra, rb = ra[:min(len(ra), 64)], rb[:min(len(rb), 64)]
	var rows [3][65]int // of the character before the last, the last, and this one
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i, x := range ra {
		rows[2][0] = i + 1
		for j, y := range rb {
			cost := rows[1][j]
			if x != y {
				cost++
			}
			cost = min(cost, rows[2][j]+1, rows[1][j+1]+1)
			if i > 0 && j > 0 && x == rb[j-1] && ra[i-1] == y {
				cost = min(cost, rows[0][j-1]+1)
			}
			rows[2][j+1] = cost
		}
		rows[0], rows[1] = rows[1], rows[2]
	}
	return rows[1][len(rb)]
}
