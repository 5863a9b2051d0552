package voucher

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"text/template/parse"
	"unicode/utf8"

	"golang.org/x/net/html"
)

// What a template's body may say, checked on its parse tree.

var errorLineText = regexp.MustCompile(`^(?:html/)?template: ?[^:]*:(\d+)`)

// errorLine finds the line in an error of the template packages, 1 if there is none.
func errorLine(text string) int {
	if m := errorLineText.FindStringSubmatch(text[strings.Index(text+"template:", "template:"):]); m != nil {
		if n, err := strconv.Atoi(m[1]); err == nil && n > 0 {
			return n
		}
	}
	return 1
}

func parseBody(body string) (*parse.ListNode, *Problem) {
	if at := strings.IndexFunc(body, func(r rune) bool { return r == utf8.RuneError || r < ' ' && !strings.ContainsRune("\n\r\t", r) }); at >= 0 {
		line, column := position(body, at)
		return nil, &Problem{Code: "control_character", Line: line, Column: column}
	}
	tree := parse.New("body")
	tree.Mode = parse.SkipFuncCheck
	trees := map[string]*parse.Tree{}
	if _, err := tree.Parse(body, "", "", trees); err != nil {
		_, why, _ := strings.Cut(strings.TrimPrefix(err.Error(), "template: "), ": ")
		return nil, &Problem{Code: "syntax", Line: errorLine(err.Error()), Column: 1, Got: why}
	}
	for name := range trees {
		if name != "body" {
			line, column := position(body, max(0, strings.Index(body, name)))
			return nil, &Problem{Code: "cannot_check", Line: line, Column: column, Got: "define"}
		}
	}
	if tree.Root == nil {
		return nil, &Problem{Code: "empty_body", Line: 1, Column: 1}
	}
	return tree.Root, nil
}

// position turns a byte offset into line and column, from 1, the column in characters.
func position(body string, at int) (line, column int) {
	before := body[:min(at, len(body))]
	return strings.Count(before, "\n") + 1, utf8.RuneCountInString(before[strings.LastIndexByte(before, '\n')+1:]) + 1
}

// checkBody returns the faults of a parsed body, in the order of the text.
func checkBody(t Template, root *parse.ListNode) Problems {
	c := &checker{body: t.Body, fields: t.Fields}
	if t.Kind == KindHTML {
		c.placeActions(root)
	}
	printed := c.list(root, scope{fields: t.Fields, sure: set{}})
	for _, f := range t.Fields {
		c.requirePrinted(f, "", printed)
		if f.Required && f.kind() == TypeList {
			for _, inner := range f.Fields {
				c.requirePrinted(inner, string(f.ID)+".", printed)
			}
		}
	}
	slices.SortStableFunc(c.problems, func(a, b Problem) int { return cmp.Or(a.Line-b.Line, a.Column-b.Column) })
	return c.problems
}

type set map[string]bool

func (s set) with(o set) set {
	out := make(set, len(s)+len(o))
	for k := range s {
		out[k] = true
	}
	for k := range o {
		out[k] = true
	}
	return out
}

func (s set) common(o set) set {
	out := set{}
	for k := range s {
		if o[k] {
			out[k] = true
		}
	}
	return out
}

type checker struct {
	body     string
	fields   []Field
	hidden   map[parse.Pos]bool // actions that no reader sees
	problems Problems
}

// A scope is what the dot stands for, and which optional values are sure to be there.
type scope struct {
	fields []Field // the root or an element, unless value
	prefix string  // "tourists." in an element
	value  *Field  // inside a with: a value
	path   string  // of the value
	sure   set
}

func (c *checker) add(at parse.Pos, code, field, got, want string) {
	line, column := position(c.body, int(at))
	c.problems = append(c.problems, Problem{Code: code, Line: line, Column: column, Field: field, Got: got, Want: want})
}

func (c *checker) requirePrinted(f Field, prefix string, printed set) {
	if f.Required && !printed[prefix+string(f.ID)] {
		c.add(0, "never_printed", prefix+string(f.ID), "", "")
	}
}

// list returns the fields that are printed whatever the values are.
func (c *checker) list(list *parse.ListNode, s scope) set {
	printed := set{}
	if list == nil {
		return printed
	}
	for _, n := range list.Nodes {
		var more set
		switch n := n.(type) {
		case *parse.TextNode, *parse.CommentNode:
		case *parse.ActionNode:
			more = c.action(n, s)
		case *parse.IfNode:
			more = c.branch(&n.BranchNode, s)
		case *parse.WithNode:
			more = c.branch(&n.BranchNode, s)
		case *parse.RangeNode:
			more = c.repeat(n, s)
		default:
			c.add(n.Position(), "cannot_check", "", nodeText(n), "")
		}
		for k := range more {
			printed[k] = true
		}
	}
	return printed
}

func nodeText(n parse.Node) string { return shorten(n.String()) }

// A meaning is what a part of a pipeline stands for.
type meaning struct {
	kind   FieldType // "" if it is not known
	fields []Field   // of a list
	field  *Field    // where it is a field, or made of one
	path   string
}

func (c *checker) action(n *parse.ActionNode, s scope) set {
	m, ok := c.pipe(n.Pipe, s)
	if !ok {
		return nil
	}
	if m.kind == TypeList {
		c.add(n.Pos, "prints_list", m.path, "", "range, join")
		return nil
	}
	if m.field == nil {
		c.add(n.Pos, "cannot_check", "", nodeText(n), "")
		return nil
	}
	list := "" // whose elements a join prints
	if s.prefix == "" {
		list, _, _ = strings.Cut(m.path, ".")
	}
	if !m.field.Required && !s.sure[m.path] && !s.sure[list] {
		c.add(n.Pos, "unguarded", m.path, "", "{{with ."+string(m.field.ID)+"}}")
		return nil
	}
	if c.hidden[n.Pos] {
		return nil
	}
	return set{m.path: true, list: true}
}

// pipe returns what a printed pipeline stands for: a field, sent through functions.
func (c *checker) pipe(p *parse.PipeNode, s scope) (meaning, bool) {
	if len(p.Decl) > 0 {
		c.add(p.Pos, "cannot_check", "", nodeText(p), "")
		return meaning{}, false
	}
	var m meaning
	for i, cmd := range p.Cmds {
		args := cmd.Args
		name, isCall := args[0].(*parse.IdentifierNode)
		if !isCall {
			if i > 0 || len(args) > 1 {
				c.add(cmd.Pos, "cannot_check", "", nodeText(cmd), "")
				return meaning{}, false
			}
			var ok bool
			if m, ok = c.operand(args[0], s); !ok {
				return meaning{}, false
			}
			continue
		}
		args = args[1:]
		if !slices.Contains([]string{"date", "money", "words", "join"}, name.Ident) {
			c.add(name.Pos, "unknown_function", "", name.Ident, "date, money, words, join")
			return meaning{}, false
		}
		if i == 0 {
			if len(args) == 0 {
				c.add(cmd.Pos, "cannot_check", "", nodeText(cmd), "")
				return meaning{}, false
			}
			var ok bool
			if m, ok = c.operand(args[0], s); !ok {
				return meaning{}, false
			}
			args = args[1:]
		}
		var ok bool
		if m, ok = c.call(name, m, args); !ok {
			return meaning{}, false
		}
	}
	return m, true
}

// call returns what a function makes of its operand.
func (c *checker) call(name *parse.IdentifierNode, m meaning, args []parse.Node) (meaning, bool) {
	var wants string
	ok := false
	switch name.Ident {
	case "date":
		wants, ok = "date, moment", m.kind == TypeDate || m.kind == TypeMoment
	case "money":
		wants, ok = "amount", m.kind == TypeAmount
	case "words":
		wants, ok = "amount, int", m.kind == TypeAmount || m.kind == TypeInt
	case "join":
		return c.join(name, m, args)
	}
	switch {
	case m.field == nil || len(args) > 0:
		c.add(name.Pos, "cannot_check", m.path, name.Ident, "")
		return m, false
	case !ok:
		c.add(name.Pos, "wrong_type", m.path, string(m.kind), wants)
		return m, false
	}
	m.kind = TypeText
	return m, true
}

func (c *checker) join(name *parse.IdentifierNode, m meaning, args []parse.Node) (meaning, bool) {
	if m.kind != TypeList {
		c.add(name.Pos, "wrong_type", m.path, string(m.kind), string(TypeList))
		return m, false
	}
	var texts []string
	for _, a := range args {
		if text, ok := a.(*parse.StringNode); ok {
			texts = append(texts, text.Text)
		}
	}
	if len(args) != 2 || len(texts) != 2 {
		c.add(name.Pos, "cannot_check", m.path, "join", `{{join .list "field" ", "}}`)
		return m, false
	}
	for i, f := range m.fields {
		if string(f.ID) == texts[0] {
			if !f.Required {
				c.add(name.Pos, "unguarded", m.path+"."+texts[0], "", "")
				return m, false
			}
			// The list is the field that has to be there; what is printed is its element's.
			return meaning{kind: TypeText, field: joined(m.field, &m.fields[i]), path: m.path + "." + texts[0]}, true
		}
	}
	c.add(name.Pos, "unknown_field", m.path+"."+texts[0], "", "")
	return m, false
}

// joined is a required field if the list and its elements' field are.
func joined(list, element *Field) *Field {
	f := *element
	f.Required = list.Required && element.Required
	return &f
}

// operand returns what a field, the dot or $.field stands for.
func (c *checker) operand(n parse.Node, s scope) (meaning, bool) {
	switch n := n.(type) {
	case *parse.DotNode:
		if s.value != nil {
			return meaning{s.value.kind(), s.value.Fields, s.value, s.path}, true
		}
	case *parse.FieldNode:
		if s.value == nil && len(n.Ident) == 1 {
			return c.lookup(n.Pos, n.Ident[0], s.fields, s.prefix)
		}
	case *parse.VariableNode:
		if len(n.Ident) == 2 && n.Ident[0] == "$" {
			return c.lookup(n.Pos, n.Ident[1], c.fields, "")
		}
	case *parse.PipeNode:
		return c.pipe(n, s)
	}
	c.add(n.Position(), "cannot_check", "", nodeText(n), "")
	return meaning{}, false
}

func (c *checker) lookup(at parse.Pos, name string, fields []Field, prefix string) (meaning, bool) {
	ids := make([]string, len(fields))
	for i := range fields {
		f := &fields[i]
		if string(f.ID) == name {
			return meaning{f.kind(), f.Fields, f, prefix + name}, true
		}
		ids[i] = string(f.ID)
	}
	c.add(at, "unknown_field", prefix+name, "", nearest(name, ids))
	return meaning{}, false
}

// branch checks an if or a with, and returns what both ways print.
func (c *checker) branch(n *parse.BranchNode, s scope) set {
	inner, otherwise := s, s
	always := false
	if n.NodeType == parse.NodeWith {
		m, ok := c.pipe(n.Pipe, s)
		if !ok || m.field == nil {
			if ok {
				c.add(n.Pos, "cannot_check", "", nodeText(n.Pipe), "")
			}
			return nil
		}
		if len(n.Pipe.Cmds) > 1 || len(n.Pipe.Cmds[0].Args) > 1 {
			c.add(n.Pos, "cannot_check", "", nodeText(n.Pipe), "")
			return nil
		}
		inner = scope{value: m.field, path: m.path, sure: s.sure.with(set{m.path: true})}
		always = m.field.Required && m.kind != TypeYes
	} else {
		sure, isAlways, ok := c.condition(n.Pipe, s)
		if !ok {
			return nil
		}
		inner.sure, always = s.sure.with(sure), isAlways
	}
	printed := c.list(n.List, inner)
	other := c.list(n.ElseList, otherwise)
	if always {
		return printed
	}
	return printed.common(other)
}

// condition returns which fields are sure to be there where it holds, and whether it always does.
func (c *checker) condition(n parse.Node, s scope) (sure set, always, ok bool) {
	var args []parse.Node
	switch n := n.(type) {
	case *parse.PipeNode:
		if len(n.Cmds) != 1 || len(n.Decl) > 0 {
			c.add(n.Pos, "cannot_check", "", nodeText(n), "")
			return nil, false, false
		}
		args = n.Cmds[0].Args
	default:
		args = []parse.Node{n}
	}
	name, isCall := args[0].(*parse.IdentifierNode)
	if !isCall {
		if len(args) == 1 {
			if p, ok := args[0].(*parse.PipeNode); ok {
				return c.condition(p, s)
			}
			m, ok := c.operand(args[0], s)
			return set{m.path: true}, ok && m.field.Required && m.kind != TypeYes, ok
		}
		c.add(n.Position(), "cannot_check", "", nodeText(n), "")
		return nil, false, false
	}
	args = args[1:]
	switch {
	case name.Ident == "eq" && len(args) == 2:
		return c.equality(name, args, s)
	case name.Ident == "not" && len(args) == 1, (name.Ident == "and" || name.Ident == "or") && len(args) > 0:
		sure, always = set{}, name.Ident == "and"
		for i, a := range args {
			part, whole, ok := c.condition(a, s)
			if !ok {
				return nil, false, false
			}
			switch {
			case name.Ident == "and":
				sure, always = sure.with(part), always && whole
			case name.Ident == "or" && i == 0:
				sure, always = part, whole
			case name.Ident == "or":
				sure, always = sure.common(part), always || whole
			}
			if name.Ident == "and" {
				s.sure = sure.with(s.sure)
			}
		}
		return sure, always, true
	}
	c.add(name.Pos, "cannot_check", "", nodeText(n), "eq, not, and, or")
	return nil, false, false
}

func (c *checker) equality(name *parse.IdentifierNode, args []parse.Node, s scope) (set, bool, bool) {
	m, ok := c.operand(args[0], s)
	if !ok {
		return nil, false, false
	}
	_, isText := args[1].(*parse.StringNode)
	number, isNumber := args[1].(*parse.NumberNode)
	if isText && m.kind == TypeText || isNumber && number.IsInt && m.kind == TypeInt {
		return set{m.path: true}, false, true
	}
	c.add(name.Pos, "wrong_type", m.path, string(m.kind), `eq .text "…", eq .int 1`)
	return nil, false, false
}

// repeat checks a range. A required list has an element, so what its body prints is printed.
func (c *checker) repeat(n *parse.RangeNode, s scope) set {
	m, ok := c.pipe(n.Pipe, s)
	if !ok {
		return nil
	}
	if m.kind != TypeList || s.prefix != "" {
		c.add(n.Pos, "wrong_type", m.path, string(m.kind), string(TypeList))
		return nil
	}
	printed := c.list(n.List, scope{fields: m.fields, prefix: m.path + ".", sure: s.sure})
	other := c.list(n.ElseList, s)
	if m.field.Required || s.sure[m.path] {
		printed[m.path] = true
		return printed
	}
	return printed.common(other)
}

// placeActions finds where in the HTML each action stands. A value is text between tags; inside a
// tag, a script, a style or a comment it is a problem, and in the page's title no reader sees it.
func (c *checker) placeActions(root *parse.ListNode) {
	mark := "tenure0"
	for i := 1; strings.Contains(strings.ToLower(c.body), mark); i++ {
		mark = fmt.Sprintf("tenure%d", i)
	}
	var page strings.Builder
	var actions []*parse.ActionNode
	var walk func(*parse.ListNode)
	walk = func(list *parse.ListNode) {
		if list == nil {
			return
		}
		for _, n := range list.Nodes {
			switch n := n.(type) {
			case *parse.TextNode:
				page.Write(n.Text)
			case *parse.ActionNode:
				fmt.Fprintf(&page, "%sx%dx", mark, len(actions))
				actions = append(actions, n)
			case *parse.IfNode:
				walk(n.List)
				walk(n.ElseList)
			case *parse.WithNode:
				walk(n.List)
				walk(n.ElseList)
			case *parse.RangeNode:
				walk(n.List)
				walk(n.ElseList)
			}
		}
	}
	walk(root)
	marks := regexp.MustCompile(mark + `x(\d+)x`)
	c.hidden = map[parse.Pos]bool{}
	tokens := html.NewTokenizer(strings.NewReader(page.String()))
	inside := ""
	for {
		kind := tokens.Next()
		if kind == html.ErrorToken {
			return
		}
		raw := string(tokens.Raw())
		for _, m := range marks.FindAllStringSubmatch(strings.ToLower(raw), -1) {
			i, err := strconv.Atoi(m[1])
			if err != nil || i >= len(actions) {
				continue
			}
			a := actions[i]
			switch {
			case kind != html.TextToken:
				c.add(a.Pos, "value_in_tag", "", nodeText(a), "")
			case inside == "title" || inside == "textarea":
				c.hidden[a.Pos] = true
			case inside != "":
				c.add(a.Pos, "value_in_"+inside, "", nodeText(a), "")
			}
		}
		switch kind {
		case html.StartTagToken:
			inside = rawElement(tokens.Token().Data)
		case html.EndTagToken:
			inside = ""
		}
	}
}

// rawElement returns the element's name if its content is no ordinary text.
func rawElement(name string) string {
	switch name {
	case "title", "textarea", "script", "style":
		return name
	case "iframe", "noembed", "noframes", "noscript", "plaintext", "xmp":
		return "element"
	}
	return ""
}
