package notify

import (
	"bytes"
	"encoding"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// maxRules is how long a file of rules may be, in bytes.
const maxRules = 8 << 20

// Read takes rules from JSON. Keys are the fields' names in snake_case, durations are written
// "24h" or "90s", clocks "22:00", amounts as strings or numbers, levels and anchors by name. An
// unknown or repeated key, a value of another type and text behind the rules are a [RowError]
// with line and column. Read does not check what the rules say: see [Check].
func Read(r io.Reader) (Rules, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxRules+1))
	if err != nil {
		return Rules{}, fmt.Errorf("notify: read rules: %w", err)
	}
	if len(text) > maxRules {
		return Rules{}, &InvalidError{Field: "rules", Value: fmt.Sprintf("%d bytes", len(text)), Why: fmt.Sprintf("longer than %d bytes", maxRules)}
	}
	d := decoder{text: text, json: json.NewDecoder(bytes.NewReader(text))}
	d.json.UseNumber()
	if !utf8.Valid(text) {
		return Rules{}, d.fail("rules", "", "not UTF-8")
	}
	var rules Rules
	if err := d.value("rules", reflect.ValueOf(&rules).Elem()); err != nil {
		return Rules{}, err
	}
	if _, err := d.json.Token(); !errors.Is(err, io.EOF) {
		return Rules{}, d.fail("rules", "", "text behind the end")
	}
	return rules, nil
}

// A decoder reads JSON into a value of a known shape, strictly.
type decoder struct {
	text  []byte
	json  *json.Decoder
	start int64 // of the last token
}

// fail tells where the last token began.
func (d *decoder) fail(path, value, why string) error {
	read := d.text[:d.start]
	line := 1 + bytes.Count(read, []byte("\n"))
	return &RowError{Line: line, Column: len(read) - bytes.LastIndexByte(read, '\n'), Field: path, Value: value, Why: why}
}

func (d *decoder) token(path string) (json.Token, error) {
	rest := d.text[d.json.InputOffset():]
	d.start = int64(len(d.text) - len(bytes.TrimLeft(rest, " \t\r\n,:")))
	tok, err := d.json.Token()
	if err != nil {
		why := err.Error()
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			why = "the text ends here"
		}
		return nil, d.fail(path, "", why)
	}
	return tok, nil
}

func (d *decoder) value(path string, to reflect.Value) error {
	tok, err := d.token(path)
	if err != nil {
		return err
	}
	switch to.Kind() {
	case reflect.Struct:
		if _, scalar := to.Addr().Interface().(encoding.TextUnmarshaler); !scalar {
			return d.object(path, tok, to)
		}
	case reflect.Slice:
		return d.array(path, tok, to)
	}
	return d.scalar(path, tok, to)
}

func (d *decoder) object(path string, tok json.Token, to reflect.Value) error {
	if tok != json.Delim('{') {
		return d.fail(path, fmt.Sprint(tok), "want an object")
	}
	fields := map[string]int{}
	var known []string
	for i := range to.NumField() {
		name, _, _ := strings.Cut(to.Type().Field(i).Tag.Get("json"), ",")
		fields[name] = i
		known = append(known, name)
	}
	seen := map[string]bool{}
	for d.json.More() {
		tok, err := d.token(path)
		if err != nil {
			return err
		}
		name, _ := tok.(string)
		i, ok := fields[name]
		switch {
		case !ok:
			why := "unknown key"
			if near := nearest(name, known); near != "" {
				why += fmt.Sprintf("; did you mean %q?", near)
			}
			return d.fail(path, name, why)
		case seen[name]:
			return d.fail(path, name, "the key occurs twice")
		}
		seen[name] = true
		if err := d.value(path+"."+name, to.Field(i)); err != nil {
			return err
		}
	}
	_, err := d.token(path)
	return err
}

func (d *decoder) array(path string, tok json.Token, to reflect.Value) error {
	if tok != json.Delim('[') {
		return d.fail(path, fmt.Sprint(tok), "want a list")
	}
	for d.json.More() {
		item := reflect.New(to.Type().Elem()).Elem()
		if err := d.value(fmt.Sprintf("%s[%d]", path, to.Len()), item); err != nil {
			return err
		}
		to.Set(reflect.Append(to, item))
	}
	_, err := d.token(path)
	return err
}

func (d *decoder) scalar(path string, tok json.Token, to reflect.Value) error {
	text, isText := tok.(string)
	number, isNumber := tok.(json.Number)
	if flag, ok := tok.(bool); ok && to.Kind() == reflect.Bool {
		to.SetBool(flag)
		return nil
	}
	target := to.Addr().Interface()
	if unmarshaler, ok := target.(encoding.TextUnmarshaler); ok && (isText || isNumber) {
		if isNumber {
			text = number.String()
		}
		// A short text with a huge exponent ("1e999999999") would take all memory once it is added up.
		if len(text) > 64 || strings.ContainsAny(text, "eE") && isAmount(text) {
			return d.fail(path, text, "too long, or with an exponent")
		}
		if err := unmarshaler.UnmarshalText([]byte(text)); err != nil {
			return d.fail(path, text, err.Error())
		}
		return nil
	}
	switch {
	case to.Type() == reflect.TypeFor[time.Duration]() && isText:
		span, err := time.ParseDuration(text)
		if err != nil {
			return d.fail(path, text, `want a duration such as "24h" or "90s"`)
		}
		to.SetInt(int64(span))
		return nil
	case to.Type() == reflect.TypeFor[time.Duration]():
		return d.fail(path, fmt.Sprint(tok), `want a duration such as "24h" or "90s"`)
	case to.Kind() == reflect.String && isText:
		to.SetString(text)
		return nil
	case to.Kind() == reflect.Int && isNumber:
		n, err := strconv.Atoi(number.String())
		if err != nil || n > math.MaxInt32 || n < math.MinInt32 {
			return d.fail(path, number.String(), "want a whole number")
		}
		to.SetInt(int64(n))
		return nil
	}
	return d.fail(path, fmt.Sprint(tok), "want a "+to.Kind().String())
}

// isAmount tells a number from a name.
func isAmount(text string) bool { return strings.ContainsAny(text[:1], "0123456789+-.") }
