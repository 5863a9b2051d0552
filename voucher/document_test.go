package voucher

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"strings"
	"testing"
	"testing/fstest"
	"unicode"

	"github.com/rickb777/date/v2"
	"github.com/shopspring/decimal"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"pgregory.net/rapid"
)

func label(party Party) Label {
	return Label{Party: party, Title: map[string]string{"en": "Title", "ru": "Название"}}
}

var schema = []Field{
	{ID: "client", Required: true, Label: label("client")},
	{ID: "note", Label: label("manager")},
	{ID: "price", Type: TypeAmount, Required: true, Label: label("accounts")},
	{ID: "day", Type: TypeDate, Required: true, Label: label("manager")},
	{ID: "count", Type: TypeInt, Label: label("manager")},
	{ID: "vip", Type: TypeYes, Label: label("manager")},
	{ID: "tourists", Type: TypeList, Required: true, Label: label("client"), Fields: []Field{
		{ID: "name", Required: true, Label: label("client")}, {ID: "phone", Label: label("client")}}},
}

const required = `{{.client}} {{.price}} {{.day}} {{range .tourists}}{{.name}} {{end}}`

func template(body string) Template {
	return Template{ID: "t", Version: 1, Lang: "ru", Kind: KindHTML, Body: body, Fields: schema}
}

func TestCheckFindsWhatMayPrintABlank(t *testing.T) {
	t.Parallel()
	for body, want := range map[string]string{
		// accepted
		required: "",
		required + `{{with .note}}{{.}}{{end}}{{if .note}}{{.note}}{{end}}`:                                     "",
		required + `{{if and .note .count}}{{.note}}{{words .count}}{{else if .vip}}{{.vip}}{{end}}`:            "",
		required + `{{money .price}}{{.price | words}}{{date .day}}{{join .tourists "name" ", "}}`:              "",
		required + `{{if eq .client "x"}}x{{else}}y{{end}}{{if not .vip}}no{{end}}{{if or .vip .note}}a{{end}}`: "",
		`{{.client}} {{.price}} {{.day}} {{join .tourists "name" ", "}}`:                                        "",
		`{{if .vip}}` + required + `{{else}}` + required + `{{end}}`:                                            "",
		`{{with .client}}{{.}}{{end}}{{.price}}{{.day}}{{range .tourists}}{{with .name}}{{.}}{{end}}{{end}}`:    "",
		required + `{{range .tourists}}{{with .phone}}{{.}}{{end}}{{$.client}}{{else}}none{{end}}`:              "",
		required + `{{/* a comment */}}<!-- another -->`:                                                        "",
		`<html><head><title>{{.client}}</title><style>p{color:red}</style></head>` + required:                   "",
		// refused, with the place
		required + `{{.note}}`:                                                                               "unguarded 1:",
		"\n\n  {{.clien}}":                                                                                   "unknown_field 3:",
		required + `{{if .vip}}{{.note}}{{end}}`:                                                             "unguarded",
		required + `{{if or .note .vip}}{{.note}}{{end}}`:                                                    "unguarded",
		required + `{{if not .note}}{{.note}}{{end}}`:                                                        "unguarded",
		required + `{{with .note}}{{end}}{{.note}}`:                                                          "unguarded",
		required + `{{range .tourists}}{{.phone}}{{end}}`:                                                    "unguarded",
		required + `{{range .tourists}}{{.client}}{{end}}`:                                                   "unknown_field",
		required + `{{range .tourists}}{{range $.tourists}}{{.name}}{{end}}{{end}}`:                          "wrong_type",
		required + `{{join .tourists "phone" ", "}}`:                                                         "unguarded",
		required + `{{join .tourists .client ", "}}`:                                                         "cannot_check",
		required + `{{join .client "name" ", "}}`:                                                            "wrong_type",
		`{{.price}} {{.day}} {{range .tourists}}{{.name}}{{end}}`:                                            "never_printed 1:1 client",
		`{{.client}} {{.price}} {{.day}} {{range .tourists}}x{{end}}`:                                        "never_printed 1:1 tourists.name",
		`{{.client}} {{.price}} {{.day}}`:                                                                    "never_printed",
		`{{if .vip}}` + required + `{{end}}`:                                                                 "never_printed",
		`<html><head><title>{{.client}}</title></head>{{.price}}{{.day}}{{range .tourists}}{{.name}}{{end}}`: "never_printed",
		required + `{{money .client}}`:                                                                       "wrong_type",
		required + `{{date .price}}`:                                                                         "wrong_type",
		required + `{{words .client}}`:                                                                       "wrong_type",
		required + `{{.tourists}}`:                                                                           "prints_list",
		required + `{{range .client}}{{end}}`:                                                                "wrong_type",
		required + `{{$x := .client}}{{$x}}`:                                                                 "cannot_check",
		required + `{{range $i, $t := .tourists}}{{end}}`:                                                    "cannot_check",
		required + `{{printf "%s" .client}}`:                                                                 "unknown_function",
		required + `{{.client | html}}`:                                                                      "unknown_function",
		required + `{{escape .client}}`:                                                                      "unknown_function",
		required + `{{"text"}}`:                                                                              "cannot_check",
		required + `{{.client.Name}}`:                                                                        "cannot_check",
		required + `{{.}}`:                                                                                   "cannot_check",
		required + `{{$}}`:                                                                                   "cannot_check",
		required + `{{len .client}}`:                                                                         "unknown_function",
		required + `{{if len .client}}{{end}}`:                                                               "cannot_check",
		required + `{{if eq .price 5}}{{end}}`:                                                               "wrong_type",
		required + `{{if gt .count 5}}{{end}}`:                                                               "cannot_check",
		required + `{{define "x"}}{{end}}`:                                                                   "cannot_check",
		required + `{{template "x"}}`:                                                                        "cannot_check",
		required + `{{block "x" .}}{{end}}`:                                                                  "cannot_check",
		required + `{{range .tourists}}{{break}}{{end}}`:                                                     "cannot_check",
		required + "\n<a href=\"{{.client}}\">":                                                              "value_in_tag 2:",
		required + `<p {{.client}}>`:                                                                         "value_in_tag",
		required + `<p title="{{.client}}">x</p>`:                                                            "value_in_tag",
		required + `<{{.client}}>`:                                                                           "value_in_tag",
		required + `<!-- {{.client}} -->`:                                                                    "value_in_tag",
		required + `<script>var x = {{.client}}</script>`:                                                    "value_in_script",
		required + `<style>p{color:{{.client}}}</style>`:                                                     "value_in_style",
		required + `<noscript>{{.client}}</noscript>`:                                                        "value_in_element",
		required + `{{if .vip}}<p title="{{end}}`:                                                            "does_not_render",
		required + `<p title="`:                                                                              "does_not_render",
		"{{.client":                                                                                          "syntax 1:",
		"\n{{if .vip}}":                                                                                      "syntax 2:",
		"{{end}}":                                                                                            "syntax",
		"":                                                                                                   "",
		"\x00":                                                                                               "control_character 1:1",
		strings.Repeat("x", maxBody+1):                                                                       "body_too_long 1:1",
	} {
		problems := Check(template(body))
		if body == "" {
			require.NotEmpty(t, problems, "nothing printed")
			continue
		}
		if want == "" {
			require.Empty(t, problems, body)
			continue
		}
		require.NotEmpty(t, problems, body)
		found := false
		for _, p := range problems {
			found = found || strings.HasPrefix(fmt.Sprintf("%s %d:%d %s", p.Code, p.Line, p.Column, p.Field), want)
			require.NotEqual(t, p.Text("en"), p.Text("ru"))
			require.Contains(t, p.Text("ru"), fmt.Sprintf("%d:%d: ", p.Line, p.Column))
		}
		require.True(t, found, "%s: got %v, want %s", body, problems, want)
		_, err := Compile(template(body))
		var config *ConfigError
		require.ErrorAs(t, err, &config)
	}
}

func TestCheckReadsTheSchema(t *testing.T) {
	t.Parallel()
	for want, fields := range map[string][]Field{
		"identifier":       {{ID: "9x", Label: label("m")}},
		"twice":            {{ID: "a", Label: label("m")}, {ID: "a", Label: label("m")}},
		"no_party":         {{ID: "a", Label: Label{Title: label("m").Title}}},
		"no_title":         {{ID: "a", Label: Label{Party: "m", Title: map[string]string{"en": "x"}}}},
		"field_type":       {{ID: "a", Type: "number", Label: label("m")}},
		"fields_of_scalar": {{ID: "a", Fields: schema[:1], Label: label("m")}},
		"empty_list":       {{ID: "a", Type: TypeList, Label: label("m")}},
		"nested_list":      {{ID: "a", Type: TypeList, Label: label("m"), Fields: []Field{{ID: "b", Type: TypeList, Label: label("m"), Fields: schema[:1]}}}},
		"given_type":       {{ID: "issued", Label: label("m")}},
	} {
		problems := Check(Template{ID: "t", Version: 1, Lang: "ru", Body: "x", Fields: fields})
		require.NotEmpty(t, problems, want)
		require.Equal(t, want, problems[0].Code)
	}
	for want, template := range map[string]Template{
		"identifier":        {Version: 1, Lang: "ru", Body: "x"},
		"version":           {ID: "t", Lang: "ru", Body: "x"},
		"language":          {ID: "t", Version: 1, Lang: "de", Body: "x"},
		"kind":              {ID: "t", Version: 1, Lang: "ru", Kind: "pdf", Body: "x"},
		"last_before_first": {ID: "t", Version: 1, Lang: "ru", Body: "x", First: 10, Last: 9},
	} {
		require.Equal(t, want, Check(template)[0].Code)
	}
}

// text returns the words a reader of the page sees, and the page's elements in order.
func text(t require.TestingT, page string) (words, elements string) {
	root, err := html.Parse(strings.NewReader(page))
	require.NoError(t, err)
	var w, e strings.Builder
	var walk func(*html.Node)
	walk = func(n *html.Node) {
		switch {
		case n.Type == html.TextNode:
			w.WriteString(n.Data)
		case n.Type == html.ElementNode && (n.Data == "style" || n.Data == "title" || n.Data == "script"):
			e.WriteString(n.Data + " ")
			return
		default:
			e.WriteString(fmt.Sprintf("%d%s%v ", n.Type, n.Data, n.Attr))
		}
		for c := n.FirstChild; c != nil; c = c.NextSibling {
			walk(c)
		}
	}
	walk(root)
	return strings.Join(strings.Fields(w.String()), " "), e.String()
}

// drawSchema makes fields of all types; list fields have fields of their own.
func drawSchema(t *rapid.T) []Field {
	fields := drawFields(t, "f", []FieldType{"", TypeText, TypeInt, TypeAmount, TypeDate, TypeMoment, TypeYes}, 5)
	if rapid.Bool().Draw(t, "list") {
		list := Field{ID: "list", Type: TypeList, Required: rapid.Bool().Draw(t, "list required"), Label: label("client")}
		list.Fields = drawFields(t, "e", []FieldType{TypeText, TypeAmount}, 2)
		fields = append(fields, list)
	}
	return fields
}

func drawFields(t *rapid.T, prefix string, types []FieldType, most int) []Field {
	fields := make([]Field, rapid.IntRange(1, most).Draw(t, "fields"))
	for i := range fields {
		fields[i] = Field{ID: FieldID(fmt.Sprint(prefix, i)), Type: rapid.SampledFrom(types).Draw(t, "type"), Required: rapid.Bool().Draw(t, "required"), Label: label("client")}
	}
	return fields
}

// drawBody prints every field, in a way of many.
func drawBody(t *rapid.T, fields []Field, kind Kind) string {
	around := map[Kind][]string{
		KindHTML:  {"%s ", "<p>%s</p>", "<table><tr><td>%s</td></tr></table>", "<b title=x>%s</b>", "&lt;%s", "<div class='a'>\n%s</div>"},
		KindSheet: {"\n# %s\n", "\nlabel :: %s\n", "\n%s :: text\n", "\nparagraph %s\n", "\na: %s - b\n", "\n%s\n"},
	}[kind]
	var b strings.Builder
	for _, f := range fields {
		dot := "." + string(f.ID)
		if f.kind() == TypeList {
			body := drawBody(t, f.Fields, kind)
			if f.Required || rapid.Bool().Draw(t, "printed") {
				fmt.Fprintf(&b, "{{range %s}}%s{{end}}", dot, body)
			}
			continue
		}
		print := "{{" + dot + "}}"
		switch rapid.IntRange(0, 3).Draw(t, "form") {
		case 1:
			switch f.kind() {
			case TypeAmount:
				print = rapid.SampledFrom([]string{"{{money " + dot + "}}", "{{words " + dot + "}}", "{{" + dot + " | money}}"}).Draw(t, "function")
			case TypeInt:
				print = "{{words " + dot + "}}"
			case TypeDate, TypeMoment:
				print = "{{date " + dot + "}}"
			}
		case 2:
			if f.Required && f.kind() != TypeYes {
				print = "{{with " + dot + "}}{{.}}{{end}}"
			}
		}
		print = fmt.Sprintf(rapid.SampledFrom(around).Draw(t, "around"), print)
		if !f.Required {
			print = "{{if " + dot + "}}" + print + "{{end}}"
		}
		b.WriteString(print)
	}
	if kind == KindSheet {
		b.WriteString("\n---\nthe end\n")
	}
	return b.String()
}

var hostile = []string{
	"<script>alert(1)</script>", "</td></tr></table><h1>", "\"><img src=x onerror=alert(1)>", "{{.f0}}", "# title", "a :: b", "---", "\\", "\\:: ", "\n# x\n",
	"a\n\nlabel :: b", "\u2028# x", "&amp;&lt;", "<!--", "-->", "]]>", "javascript:alert(1)", "<", "&", "'\"`", ":: ::", "\t#", "x\n---\ny", "Ёлка №1 ₽ 😀",
}

func drawText(t *rapid.T) string {
	return rapid.OneOf(rapid.SampledFrom(hostile), rapid.StringOfN(rapid.RuneFrom([]rune("aЯ <>&\"'\\:#-\n{}=`/;"), unicode.Letter, unicode.Sm), 1, 12, -1)).Draw(t, "text")
}

func drawValue(t *rapid.T, f Field) Value {
	switch f.kind() {
	case TypeInt:
		return Int(rapid.Int64().Draw(t, "int"))
	case TypeAmount:
		return Amount(decimal.New(rapid.Int64Range(-1e14, 1e14).Draw(t, "cents"), -2), rapid.SampledFrom([]string{"RUB", "KZT", "UAH", "XTS", "CHF"}).Draw(t, "currency"))
	case TypeDate:
		return Day(date.New(rapid.IntRange(1, 9999).Draw(t, "year"), 1, 2))
	case TypeMoment:
		return Moment(date.New(rapid.IntRange(2, 9998).Draw(t, "year"), 1, 1).MidnightUTC(), rapid.SampledFrom([]string{"", "Asia/Almaty", "America/New_York"}).Draw(t, "zone"))
	case TypeYes:
		return Yes(rapid.Bool().Draw(t, "yes"))
	case TypeList:
		elements := make([]Values, rapid.IntRange(1, 3).Draw(t, "elements"))
		for i := range elements {
			elements[i] = drawValues(t, f.Fields)
		}
		return List(elements...)
	}
	for {
		if v := Text(drawText(t)); !v.blank() {
			return v
		}
	}
}

func drawValues(t *rapid.T, fields []Field) Values {
	vs := Values{}
	for _, f := range fields {
		if f.Required || rapid.Bool().Draw(t, "given") {
			vs[f.ID] = drawValue(t, f)
		}
	}
	return vs
}

// tame returns values of the same shape that nobody could object to.
func tamed(fields []Field, vs Values) Values {
	out := Values{}
	for _, f := range fields {
		v := vs[f.ID]
		switch {
		case v.blank():
		case v.kind == TypeText:
			out[f.ID] = Text("x")
		case v.kind == TypeList:
			var elements []Values
			for _, e := range v.elements {
				elements = append(elements, tamed(f.Fields, e))
			}
			out[f.ID] = List(elements...)
		default:
			out[f.ID] = v
		}
	}
	return out
}

// Law 10: what Compile and Check accept renders whole, every required value printed; a required
// field dropped is one reason with its ID; no value adds an element, a line or a label.
func TestDocumentsAreNeverBlank(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		kind := rapid.SampledFrom([]Kind{KindHTML, KindSheet}).Draw(t, "kind")
		tpl := Template{ID: "t", Version: 1, Lang: rapid.SampledFrom([]string{"ru", "en"}).Draw(t, "lang"), Kind: kind, Fields: drawSchema(t)}
		tpl.Body = drawBody(t, tpl.Fields, kind)
		d, err := Compile(tpl)
		require.NoError(t, err, tpl.Body)
		vs := drawValues(t, tpl.Fields)
		require.Empty(t, d.Check(vs))
		var page, plain bytes.Buffer
		printed, err := d.Render(&page, vs)
		require.NoError(t, err)
		require.Equal(t, sha256.Sum256(page.Bytes()), printed.SHA256)
		require.True(t, printed.Values.Equal(vs))
		_, err = d.Render(&plain, tamed(tpl.Fields, vs))
		require.NoError(t, err)
		words, elements := text(t, page.String())
		_, calm := text(t, plain.String())
		require.Equal(t, calm, elements, "a value changed the page")
		require.NotContains(t, words, "<no value>")
		for _, f := range tpl.Fields {
			if f.Required {
				requireShown(t, words, f, vs[f.ID], tpl.Lang)
			}
		}
		if kind == KindSheet {
			rough, err := d.Sheet(vs)
			require.NoError(t, err)
			calm, err := d.Sheet(tamed(tpl.Fields, vs))
			require.NoError(t, err)
			require.Len(t, rough.Lines, len(calm.Lines))
			for i, line := range rough.Lines {
				require.Equal(t, calm.Lines[i].Kind, line.Kind, "a value changed line %d: %+v", i, line)
				require.NotContains(t, line.Text+line.Label, "\n")
			}
		}
		for _, f := range tpl.Fields {
			if !f.Required {
				continue
			}
			without := vs.clone()
			delete(without, f.ID)
			reasons := d.Check(without)
			require.Len(t, reasons, 1)
			require.Equal(t, f.ID, reasons[0].Field)
			require.Equal(t, "missing", reasons[0].Code)
			require.Equal(t, f.Party, reasons[0].Party)
			_, err := d.Render(&page, without)
			require.ErrorIs(t, err, ErrRefused)
		}
	})
}

// requireShown looks for any of the forms in which a template may print the value.
func requireShown(t *rapid.T, words string, f Field, v Value, lang string) {
	if f.kind() == TypeList {
		for _, e := range v.elements {
			for _, inner := range f.Fields {
				if inner.Required {
					requireShown(t, words, inner, e[inner.ID], lang)
				}
			}
		}
		return
	}
	forms := []string{v.show(lang)}
	switch f.kind() {
	case TypeAmount:
		forms = append(forms, amountWords(v.amount, v.text, lang))
	case TypeInt:
		forms = append(forms, intWords(v.number, lang))
	case TypeDate:
		forms = append(forms, longDate(date.Date(v.number), lang))
	case TypeMoment:
		forms = append(forms, longDate(date.NewAt(v.local()), lang))
	}
	for _, form := range forms {
		clean := strings.Map(func(r rune) rune {
			if r == '\u2028' || r == '\u2029' {
				return ' '
			}
			return r
		}, form)
		if strings.Contains(words, strings.Join(strings.Fields(form), " ")) || strings.Contains(words, strings.Join(strings.Fields(clean), " ")) {
			return
		}
	}
	t.Fatalf("%s is not printed: %q is none of %q", f.ID, words, forms)
}

func TestDocumentCheckListsAllAtOnce(t *testing.T) {
	t.Parallel()
	d, err := Compile(template(required))
	require.NoError(t, err)
	reasons := d.Check(Values{
		"client": Text("  "), "price": Text("12"), "day": Day(date.Max()), "note": Text("a\x00"), "surplus": Int(1), "number": Text("any"),
		"tourists": List(Values{"name": Text("A")}, Values{"phone": Text("1"), "extra": Int(2)}),
	})
	var got []string
	for _, r := range reasons {
		got = append(got, string(r.Field)+" "+r.Code)
		require.NotEmpty(t, r.Party)
		require.NotEqual(t, r.Text("en"), r.Text("ru"))
		require.Contains(t, r.Text("ru"), string(r.Field))
	}
	require.Equal(t, []string{"client missing", "day year", "note control_character", "price wrong_type", "surplus undeclared", "tourists[2].extra undeclared", "tourists[2].name missing"}, got)
	_, err = d.Sheet(Values{})
	var invalid *InvalidError
	require.ErrorAs(t, err, &invalid)
}

func TestReadTemplates(t *testing.T) {
	t.Parallel()
	good := `{"first": "2021-01-01", "fields": [{"id": "client", "required": true, "party": "client", "title": {"en": "Client", "ru": "Клиент"}}]}`
	read := func(files map[string]string) ([]Template, error) {
		fsys := fstest.MapFS{}
		for name, text := range files {
			fsys[name] = &fstest.MapFile{Data: []byte(text)}
		}
		return ReadTemplates(fsys)
	}
	ts, err := read(map[string]string{"a/x.v2.json": good, "a/x.v2.ru.html": "{{.client}}", "a/x.v2.en.sheet": "# {{.client}}", "pack.json": "not read"})
	require.NoError(t, err)
	require.Len(t, ts, 2)
	require.Equal(t, Template{ID: "x", Version: 2, Lang: "en", Kind: KindSheet, First: date.New(2021, 1, 1), Body: "# {{.client}}", Fields: ts[0].Fields}, ts[0])

	for _, c := range []struct {
		schema, file, why string
		line, column      int
	}{
		{"{\n  \"fist\": \"2021-01-01\"}", "a/x.v1.json", "unknown_key", 2, 3},
		{"{\"fields\": [\n{\"id\": 5}]}", "a/x.v1.json", "wrong_type", 2, 8},
		{"{\"fields\": [{\"id\": \"ы\", \"id\": \"b\"}]}", "a/x.v1.json", "twice", 1, 25},
		{"{\"first\": \"2021-02-30\"}", "a/x.v1.json", "wrong_type", 1, 11},
		{"{\"first\": null}", "a/x.v1.json", "wrong_type", 1, 11},
		{"{} {}", "a/x.v1.json", "trailing", 1, 4},
		{"{\"fields\": [}", "a/x.v1.json", "syntax", 1, 13},
		{"{\"fields\": ", "a/x.v1.json", "syntax", 1, 12},
		{"", "a/x.v1.json", "syntax", 1, 1},
		{strings.Repeat("[", 2000), "a/x.v1.json", "wrong_type", 1, 1},
	} {
		_, err := read(map[string]string{"a/x.v1.json": c.schema, "a/x.v1.ru.html": "x"})
		var row *RowError
		require.ErrorAs(t, err, &row, c.schema)
		require.Equal(t, []any{c.file, c.why, c.line, c.column}, []any{row.File, row.Why, row.Line, row.Column}, c.schema)
		require.Contains(t, row.Text("ru"), fmt.Sprintf("%s:%d:%d: ", c.file, c.line, c.column))
	}
	_, err = read(map[string]string{"a/x.v1.json": good, "a/x.v1.ru.html": "\n {{.nobody}}", "b.v1.ru.sheet": "x", "c.v1.json": good})
	var config *ConfigError
	require.ErrorAs(t, err, &config)
	require.Equal(t, "a/x.v1.ru.html:1:1: client: a required field may go unprinted; a/x.v1.ru.html:2:4: nobody: there is no such field; "+
		"b.v1.ru.sheet:1:1: has no schema beside it (needed: b.v1.json); c.v1.json:1:1: has no body beside it", config.Text("en"))
	for _, name := range []string{"x.html", "x.v0.ru.html", "x.v1.de.sheet", "x.v1.html"} {
		_, err := read(map[string]string{name: "x"})
		var row *RowError
		require.ErrorAs(t, err, &row, name)
		require.Equal(t, "file_name", row.Why)
	}
}

func FuzzTemplate(f *testing.F) {
	f.Add(required, true, "x")
	f.Add(required+`{{with .note}}{{.}}{{end}}`, true, "<b>")
	f.Add("# {{.client}}\n{{.price}} :: {{.day}}\n{{range .tourists}}\na :: {{.name}}\n{{end}}", false, "a :: b\n# c")
	f.Add(`<title>{{.client}}</title>`+required+`<script>x</script>{{if eq .client "x"}}<p>{{end}}`, true, "&")
	f.Fuzz(func(t *testing.T, body string, asHTML bool, client string) {
		tpl := template(body)
		if !asHTML {
			tpl.Kind = KindSheet
		}
		d, err := Compile(tpl)
		if err != nil {
			var config *ConfigError
			require.ErrorAs(t, err, &config)
			for _, p := range config.Problems {
				require.NotEqual(t, p.Code, p.Text("en"))
				require.Positive(t, p.Line)
				require.Positive(t, p.Column)
			}
			return
		}
		vs := sample(schema, true)
		vs["client"] = Text(client)
		if len(d.Check(vs)) > 0 {
			return
		}
		var page bytes.Buffer
		_, err = d.Render(&page, vs)
		require.NoError(t, err)
		words, _ := text(t, page.String())
		require.Contains(t, words, "1 234,50", "the price is printed")
	})
}
