package voucher

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	htmltemplate "html/template"
	"io"
	"strings"
	texttemplate "text/template"
	"text/template/parse"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
)

// A Document is a template that was found to print its fields whole. It does not change and
// serves any number of goroutines.
type Document struct {
	template Template
	html     *htmltemplate.Template
	sheet    *texttemplate.Template
}

// A Printed says what was printed, to be kept with the paper.
type Printed struct {
	Template TemplateRef
	SHA256   [32]byte // of the bytes written
	Values   Values   // the template's fields that had a value
}

// Check returns what is wrong with a template, each fault with its line and column in the body:
// a field that is not declared, or used against its type; a required field that may go
// unprinted; an optional one that may print a blank; whatever else cannot be checked.
func Check(t Template) Problems {
	_, problems := compile(t)
	return problems
}

// Compile makes a document of a template. A template with problems is a [ConfigError].
//
// A document that compiled renders every set of values its own Check has no reason against,
// prints each required value, and lets none add an element, a line or a label.
func Compile(t Template) (*Document, error) {
	d, problems := compile(t)
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return d, nil
}

// maxBody is the size of the longest body, in bytes.
const maxBody = 1 << 20

func compile(t Template) (*Document, Problems) {
	if t.Kind == "" {
		t.Kind = KindHTML
	}
	ps := t.checkHead()
	if len(t.Body) > maxBody {
		return nil, append(ps, Problem{Code: "body_too_long", Line: 1, Column: 1, Want: fmt.Sprint(maxBody)})
	}
	root, problem := parseBody(t.Body)
	if problem != nil {
		return nil, append(ps, *problem)
	}
	ps = append(ps, checkBody(t, root)...)
	if len(ps) > 0 {
		return nil, ps
	}
	d := &Document{template: t}
	var err error
	if t.Kind == KindHTML {
		d.html, err = htmltemplate.New(string(t.ID)).Funcs(functions(t.Lang)).Parse(t.Body)
	} else {
		d.sheet, err = texttemplate.New(string(t.ID)).Funcs(functions(t.Lang)).Parse(t.Body)
		if err == nil {
			escapeSheet(d.sheet.Tree, d.sheet.Root)
		}
	}
	if err == nil {
		err = d.try()
	}
	if err != nil {
		return nil, Problems{{Code: "does_not_render", Line: errorLine(err.Error()), Column: 1, Got: err.Error()}}
	}
	return d, nil
}

func (t Template) checkHead() Problems {
	var ps Problems
	add := func(code, field, got, want string) {
		ps = append(ps, Problem{Code: code, Field: field, Got: got, Want: want})
	}
	if reason := badID(string(t.ID)); reason != "" || t.ID == "" {
		add("identifier", "id", string(t.ID), "")
	}
	if t.Version < 1 {
		add("version", "version", fmt.Sprint(t.Version), "1")
	}
	if t.Lang != "en" && t.Lang != "ru" {
		add("language", "lang", t.Lang, "en, ru")
	}
	if t.Kind != KindHTML && t.Kind != KindSheet {
		add("kind", "kind", string(t.Kind), "html, sheet")
	}
	if t.First != 0 && t.Last != 0 && t.Last < t.First {
		add("last_before_first", "last", t.Last.String(), t.First.String())
	}
	return append(ps, checkFields(t.Fields, "fields", false)...)
}

// try renders samples of the schema: html/template escapes at the first run only, and an entry
// without text shows only then.
func (d *Document) try() error {
	for _, all := range []bool{true, false} {
		vs := sample(d.template.Fields, all)
		if d.sheet == nil {
			if _, err := d.execute(vs); err != nil {
				return err
			}
			continue
		}
		s, err := d.Sheet(vs)
		if err != nil {
			return err
		}
		for _, l := range s.Lines {
			if l.Kind != LineRule && l.Text == "" || l.Kind == LineEntry && l.Label == "" {
				return fmt.Errorf("a line prints nothing beside %q", l.Label+l.Text)
			}
		}
		if len(s.Lines) == 0 {
			return fmt.Errorf("nothing is printed")
		}
	}
	return nil
}

// sample returns values that pass Check: all fields, or the required ones alone.
func sample(fields []Field, all bool) Values {
	vs := Values{}
	for _, f := range fields {
		if !f.Required && !all {
			continue
		}
		switch f.kind() {
		case TypeText:
			vs[f.ID] = Text("Текст & <text>")
		case TypeInt:
			vs[f.ID] = Int(21)
		case TypeAmount:
			vs[f.ID] = Amount(decimal.New(123450, -2), "RUB")
		case TypeDate:
			vs[f.ID] = Day(date.New(2021, 6, 8))
		case TypeMoment:
			vs[f.ID] = Moment(date.New(2021, 6, 8).MidnightUTC(), "UTC")
		case TypeYes:
			vs[f.ID] = Yes(all)
		case TypeList:
			vs[f.ID] = List(sample(f.Fields, all), sample(f.Fields, all))
		}
	}
	return vs
}

// Template returns the template the document was made of.
func (d *Document) Template() Template { return d.template }

// Check returns every reason against printing the values: required and missing, of another type,
// not fit to be printed, not declared (see [Document.Select]). What a voucher brings along (number, issued, ...) need not
// be declared. An empty result means that the document renders whole.
func (d *Document) Check(vs Values) []Reason {
	reasons := inspectFields(d.template.Fields, vs, "")
	reasons = append(reasons, undeclared(vs, "", d.template.Fields)...)
	return sortReasons(reasons)
}

// inspectFields lists what is missing, of another type or unprintable among declared fields.
func inspectFields(fields []Field, vs Values, prefix FieldID) []Reason {
	var rs []Reason
	for _, f := range fields {
		v := vs[f.ID]
		r := Reason{Party: f.Party, Field: prefix + f.ID, Title: f.Title}
		switch code, got, want := v.fault(); {
		case v.blank():
			if f.Required {
				r.Code, r.Want = "missing", string(f.kind())
				rs = append(rs, r)
			}
		case v.kind != f.kind():
			r.Code, r.Got, r.Want = "wrong_type", string(v.kind), string(f.kind())
			rs = append(rs, r)
		case code != "":
			r.Code, r.Got, r.Want = code, got, want
			rs = append(rs, r)
		}
		if v.kind == TypeList && f.kind() == TypeList {
			for i, e := range v.elements {
				at := FieldID(fmt.Sprintf("%s%s[%d].", prefix, f.ID, i+1))
				rs = append(rs, inspectFields(f.Fields, e, at)...)
			}
		}
	}
	return rs
}

// undeclared lists the values that none of the schemas knows.
func undeclared(vs Values, prefix FieldID, schemas ...[]Field) []Reason {
	var rs []Reason
	for id, v := range vs {
		if _, ok := given[id]; ok && prefix == "" {
			continue
		}
		var inner [][]Field
		known := false
		for _, fields := range schemas {
			for _, f := range fields {
				if f.ID == id {
					known, inner = true, append(inner, f.Fields)
				}
			}
		}
		if !known {
			rs = append(rs, Reason{Code: "undeclared", Party: PartyManager, Field: prefix + id})
			continue
		}
		for i, e := range v.elements {
			rs = append(rs, undeclared(e, FieldID(fmt.Sprintf("%s%s[%d].", prefix, id, i+1)), inner...)...)
		}
	}
	return rs
}

// Render writes the document as HTML. Values that [Document.Check] has a reason against are a
// [RefusedError], and nothing is written: a page is whole or not there.
func (d *Document) Render(w io.Writer, vs Values) (Printed, error) {
	page, err := d.page(vs)
	if err != nil {
		return Printed{}, err
	}
	if _, err := w.Write(page); err != nil {
		return Printed{}, fmt.Errorf("voucher: write %s: %w", d.template.ID, err)
	}
	return Printed{d.template.Ref(), sha256.Sum256(page), d.Select(vs)}, nil
}

func (d *Document) page(vs Values) ([]byte, error) {
	if d.sheet != nil {
		s, err := d.Sheet(vs)
		if err != nil {
			return nil, err
		}
		return s.html(d.template.Lang), nil
	}
	if reasons := d.Check(vs); len(reasons) > 0 {
		return nil, &RefusedError{reasons}
	}
	return d.execute(vs)
}

// Select returns the values that the document prints, out of a dossier's that serve several papers.
func (d *Document) Select(vs Values) Values {
	out := Values{}
	for _, f := range d.template.Fields {
		if v := vs[f.ID]; !v.blank() {
			out[f.ID] = v
		}
	}
	return out.clone()
}

// Sheet fills a document of [KindSheet]. Values that [Document.Check] has a reason against are a
// [RefusedError]; a document of another kind is an [InvalidError].
func (d *Document) Sheet(vs Values) (Sheet, error) {
	if d.sheet == nil {
		return Sheet{}, &InvalidError{Field: "kind", Value: string(d.template.Kind), Why: "not_a_sheet"}
	}
	if reasons := d.Check(vs); len(reasons) > 0 {
		return Sheet{}, &RefusedError{reasons}
	}
	text, err := d.execute(vs)
	if err != nil {
		return Sheet{}, err
	}
	return parseSheet(string(text)), nil
}

func (d *Document) execute(vs Values) ([]byte, error) {
	var b bytes.Buffer
	var err error
	if data := view(d.template.Fields, vs, d.template.Lang); d.html != nil {
		err = d.html.Execute(&b, data)
	} else {
		err = d.sheet.Execute(&b, data)
	}
	if err != nil {
		return nil, fmt.Errorf("voucher: render %s: %w", d.template.ID, err)
	}
	return b.Bytes(), nil
}

// A shown is a value as a template meets it: there, whatever it holds.
type shown struct {
	value Value
	lang  string
}

func (s shown) String() string { return s.value.show(s.lang) }

// yesEn and yesRu are the values that a condition judges by what they hold.
type (
	yesEn bool
	yesRu bool
)

func (y yesEn) String() string { return Yes(bool(y)).show("en") }
func (y yesRu) String() string { return Yes(bool(y)).show("ru") }

// view returns the fields as a template meets them: nil where there is nothing to print.
func view(fields []Field, vs Values, lang string) map[string]any {
	data := make(map[string]any, len(fields))
	for _, f := range fields {
		v := vs[f.ID]
		switch {
		case v.blank():
			data[string(f.ID)] = nil
		case v.kind == TypeList:
			elements := make([]map[string]any, len(v.elements))
			for i, e := range v.elements {
				elements[i] = view(f.Fields, e, lang)
			}
			data[string(f.ID)] = elements
		case v.kind == TypeYes && lang == "ru":
			data[string(f.ID)] = yesRu(v.number == 1)
		case v.kind == TypeYes:
			data[string(f.ID)] = yesEn(v.number == 1)
		default:
			data[string(f.ID)] = shown{v, lang}
		}
	}
	return data
}

// functions are what a body may call; checkBody has seen to the types.
func functions(lang string) map[string]any {
	return map[string]any{
		"date": func(s shown) string {
			if s.value.kind == TypeMoment {
				return longDate(date.NewAt(s.value.local()), lang)
			}
			return longDate(date.Date(s.value.number), lang)
		},
		"money": func(s shown) string { return money(s.value.amount, s.value.text, lang) },
		"words": func(s shown) string {
			if s.value.kind == TypeInt {
				return intWords(s.value.number, lang)
			}
			return amountWords(s.value.amount, s.value.text, lang)
		},
		"join": func(list []map[string]any, field, sep string) string {
			texts := make([]string, len(list))
			for i, e := range list {
				texts[i] = fmt.Sprint(e[field])
			}
			return strings.Join(texts, sep)
		},
		"eq": func(got, want any) bool {
			s, ok := got.(shown)
			return ok && s.value.String() == fmt.Sprint(want)
		},
		"escape": func(v any) string { return escapeValue(fmt.Sprint(v)) },
	}
}

// escapeSheet appends escape to every action of a sheet's body, as html/template does with its
// own escapers.
func escapeSheet(tree *parse.Tree, list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, n := range list.Nodes {
		switch n := n.(type) {
		case *parse.ActionNode:
			call := parse.NewIdentifier("escape").SetTree(tree).SetPos(n.Pos)
			n.Pipe.Cmds = append(n.Pipe.Cmds, &parse.CommandNode{NodeType: parse.NodeCommand, Pos: n.Pos, Args: []parse.Node{call}})
		case *parse.IfNode:
			escapeSheet(tree, n.List)
			escapeSheet(tree, n.ElseList)
		case *parse.WithNode:
			escapeSheet(tree, n.List)
			escapeSheet(tree, n.ElseList)
		case *parse.RangeNode:
			escapeSheet(tree, n.List)
			escapeSheet(tree, n.ElseList)
		}
	}
}
