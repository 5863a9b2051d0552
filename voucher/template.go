package voucher

import (
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/rickb777/date/v2"

	"github.com/tenure-go/tenure/internal/strictjson"
)

type (
	// A TemplateID names a document through all its versions and languages.
	TemplateID string

	// A Party is whose turn it is: "client", "manager", "partner", "bank", "registrar",
	// "accounts", or the caller's own.
	Party string
)

// The parties of the packs that come with the package.
const (
	PartyClient    Party = "client"
	PartyManager   Party = "manager"
	PartyPartner   Party = "partner"
	PartyBank      Party = "bank"
	PartyRegistrar Party = "registrar"
	PartyAccounts  Party = "accounts"
)

// A Label says whose turn a thing is and how it is called, by language ("en", "ru").
type Label struct {
	Party Party             `json:"party,omitempty"`
	Title map[string]string `json:"title,omitempty"`
}

// A Field is a value that a document prints.
type Field struct {
	ID       FieldID   `json:"id"` // letters, digits and _, a letter first
	Type     FieldType `json:"type,omitempty"`
	Required bool      `json:"required,omitempty"`
	Label
	Fields []Field `json:"fields,omitempty"` // of each element of a TypeList; no lists among them
}

// A Kind says how a template's body is written.
type Kind string

const (
	// KindHTML is html/template; "" is the same.
	KindHTML Kind = "html"

	// KindSheet is text/template whose lines are "# title", "label :: value", "---" or a
	// paragraph: simple enough for HTML and PDF alike.
	KindSheet Kind = "sheet"
)

// A Template is one wording of a document, in force from First to Last, both included; a zero
// date leaves that end open.
//
// The body may print fields ({{.client}}), guard them ({{if .note}}, {{with .note}}), repeat a
// list ({{range .tourists}}{{.name}}{{end}}, with $ for the whole), and use these functions: date
// (a long date), money, words (an amount or a number in words), join (of a list: {{join .tourists
// "name" ", "}}), and in conditions eq, not, and, or. An optional field is printed only under an
// if or with that asks for it. Anything else is a problem, as it could print a blank.
//
// What a [Voucher] adds to its values may be declared like any other field: number, issued,
// revision, reservation, trip_start, trip_end, partner, manager.
type Template struct {
	ID          TemplateID
	Version     int    // from 1
	Lang        string // "ru" or "en": how values read
	Kind        Kind
	First, Last date.Date
	Body        string // 1 MiB at most
	Fields      []Field
}

// A TemplateRef names a wording.
type TemplateRef struct {
	ID      TemplateID `json:"id"`
	Version int        `json:"version"`
}

// Ref returns the template's name and version.
func (t Template) Ref() TemplateRef { return TemplateRef{t.ID, t.Version} }

// InForce reports whether the wording may be signed on the day.
func (t Template) InForce(day date.Date) bool {
	return (t.First == 0 || t.First <= day) && (t.Last == 0 || day <= t.Last)
}

type schemaJSON struct {
	First  isoDay  `json:"first"`
	Last   isoDay  `json:"last"`
	Fields []Field `json:"fields"`
}

var (
	bodyName   = regexp.MustCompile(`^(.+)\.v([1-9][0-9]{0,8})\.(ru|en)\.(html|sheet)$`)
	schemaName = regexp.MustCompile(`^(.+)\.v([1-9][0-9]{0,8})\.json$`)
)

// ReadTemplates reads every template below the root of the file system: a body
// ID.vVERSION.LANG.html (or .sheet) beside its schema ID.vVERSION.json, which holds "first",
// "last" and "fields". Other JSON files are left alone. The result is sorted by ID, version and
// language; each passed [Check].
//
// A malformed schema is a [RowError]; all faults of all bodies come as one [ConfigError].
func ReadTemplates(fsys fs.FS) ([]Template, error) {
	var bodies, schemas []string
	err := fs.WalkDir(fsys, ".", func(name string, d fs.DirEntry, err error) error {
		base := path.Base(name)
		switch {
		case err != nil || d.IsDir():
		case bodyName.MatchString(base):
			bodies = append(bodies, name)
		case strings.HasSuffix(base, ".html") || strings.HasSuffix(base, ".sheet"):
			return &RowError{File: name, Line: 1, Column: 1, Why: "file_name"}
		case schemaName.MatchString(base):
			schemas = append(schemas, name)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var templates []Template
	var problems Problems
	used := map[string]bool{}
	for _, name := range bodies {
		m := bodyName.FindStringSubmatch(path.Base(name))
		version, _ := strconv.Atoi(m[2]) // nine digits at most
		schema := path.Join(path.Dir(name), m[1]+".v"+m[2]+".json")
		if !slices.Contains(schemas, schema) {
			problems = append(problems, Problem{Code: "no_schema", File: name, Line: 1, Column: 1, Want: schema})
			continue
		}
		used[schema] = true
		read, err := readSchema(fsys, schema)
		if err != nil {
			return nil, err
		}
		body, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, fmt.Errorf("voucher: %w", err)
		}
		t := Template{TemplateID(m[1]), version, m[3], Kind(m[4]), date.Date(read.First), date.Date(read.Last), string(body), read.Fields}
		for _, p := range Check(t) {
			p.File = name
			if p.Line == 0 {
				p.File = schema
			}
			problems = append(problems, p)
		}
		templates = append(templates, t)
	}
	for _, schema := range schemas {
		if !used[schema] {
			problems = append(problems, Problem{Code: "no_body", File: schema, Line: 1, Column: 1})
		}
	}
	slices.SortFunc(templates, Template.compare)
	for i := 1; i < len(templates); i++ {
		if a, b := templates[i-1], templates[i]; a.compare(b) == 0 {
			problems = append(problems, Problem{Code: "twice", Field: fmt.Sprintf("%s.v%d.%s", b.ID, b.Version, b.Lang)})
		}
	}
	if err := problems.Err(); err != nil {
		return nil, err
	}
	return templates, nil
}

func readSchema(fsys fs.FS, name string) (schemaJSON, error) {
	raw, err := fs.ReadFile(fsys, name)
	if err != nil {
		return schemaJSON{}, fmt.Errorf("voucher: %w", err)
	}
	var s schemaJSON
	if _, fault := strictjson.Decode(raw, &s); fault != nil {
		return schemaJSON{}, rowError(name, fault)
	}
	return s, nil
}

func rowError(file string, f *strictjson.Fault) *RowError {
	return &RowError{File: file, Line: f.Line, Column: f.Column, Field: f.Path, Value: f.Got, Why: string(f.Why)}
}

func (t Template) compare(o Template) int {
	if c := strings.Compare(string(t.ID), string(o.ID)); c != 0 {
		return c
	}
	if t.Version != o.Version {
		return t.Version - o.Version
	}
	return strings.Compare(t.Lang, o.Lang)
}

// given are the fields that a voucher brings along, with their types.
var given = map[FieldID]FieldType{
	"number": TypeText, "issued": TypeDate, "revision": TypeInt, "reservation": TypeText,
	"trip_start": TypeDate, "trip_end": TypeDate, "partner": TypeText, "manager": TypeText,
}

func (f Field) kind() FieldType {
	if f.Type == "" {
		return TypeText
	}
	return f.Type
}

var identifier = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_]{0,63}$`)

// checkFields lists the faults of a schema; where is the path of the fields in it.
func checkFields(fields []Field, where string, nested bool) Problems {
	var ps Problems
	seen := map[FieldID]bool{}
	for i, f := range fields {
		at := fmt.Sprintf("%s[%d]", where, i)
		add := func(code, got, want string) {
			ps = append(ps, Problem{Code: code, Field: at, Got: got, Want: want})
		}
		if !identifier.MatchString(string(f.ID)) {
			add("identifier", string(f.ID), "")
		}
		if seen[f.ID] {
			add("twice", string(f.ID), "")
		}
		seen[f.ID] = true
		switch f.kind() {
		case TypeText, TypeInt, TypeAmount, TypeDate, TypeMoment, TypeYes:
			if len(f.Fields) > 0 {
				add("fields_of_scalar", string(f.ID), "")
			}
		case TypeList:
			if nested {
				add("nested_list", string(f.ID), "")
			} else if len(f.Fields) == 0 {
				add("empty_list", string(f.ID), "")
			}
			ps = append(ps, checkFields(f.Fields, at+".fields", true)...)
		default:
			add("field_type", string(f.Type), "text, int, amount, date, moment, yes, list")
		}
		if want, ok := given[f.ID]; ok && !nested && f.kind() != want {
			add("given_type", string(f.kind()), string(want))
		}
		ps = append(ps, f.Label.check(at)...)
	}
	return ps
}

func (l Label) check(at string) Problems {
	var ps Problems
	if l.Party == "" {
		ps = append(ps, Problem{Code: "no_party", Field: at})
	}
	for _, lang := range []string{"en", "ru"} {
		if strings.TrimSpace(l.Title[lang]) == "" {
			ps = append(ps, Problem{Code: "no_title", Field: at, Want: lang})
		}
	}
	return ps
}
