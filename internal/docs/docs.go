// Package docs holds README.md and docs/*.md to the code: their tests fail when a page shows code
// that does not compile, or names a test, a package, a command or a file that does not exist.
//
// # Code blocks
//
// An HTML comment on the line before a Go block says how it is held:
//
//	<!-- from examples/adapter/kv.go -->    its lines stand in that file, one after the other; "..." skips some
//	<!-- given span booking.Span -->        it is the body of a function with these parameters
//
// A block without a comment is the body of a function of nothing. Every one is given ctx as well. A
// block of declarations is compiled as a file; their imports are found by the names that are used. A
// block with a package clause is compiled as it stands.
package docs

import (
	"encoding/json"
	"fmt"
	"go/parser"
	"go/token"
	"regexp"
	"strings"
)

// A Page is a Markdown file.
type Page struct {
	Name string // by its path from the repository's root, with slashes
	Text string
}

// A Block is a fenced piece of a page.
type Block struct {
	Page string
	Line int    // of the first line within the fence, from 1
	Lang string // "go", "sh", "" ...
	Note string // of the HTML comment before it
	Text string
}

// Where says where the block begins, as compilers do.
func (b Block) Where() string { return fmt.Sprintf("%s:%d", b.Page, b.Line) }

var comment = regexp.MustCompile(`^<!--\s*(.*?)\s*-->$`)

// Blocks returns the fenced blocks of a page.
func (p Page) Blocks() []Block {
	var blocks []Block
	var open *Block
	note := ""
	for i, line := range strings.Split(p.Text, "\n") {
		fence, isFence := strings.CutPrefix(strings.TrimSpace(line), "```")
		switch {
		case isFence && open == nil:
			open = &Block{Page: p.Name, Line: i + 2, Lang: fence, Note: note}
		case isFence:
			blocks = append(blocks, *open)
			open, note = nil, ""
		case open != nil:
			open.Text += line + "\n"
		default:
			note = ""
			if m := comment.FindStringSubmatch(line); m != nil {
				note = m[1]
			}
		}
	}
	return blocks
}

// Labelled checks that the block says rightly what it is, so that no Go escapes the compiler.
func (b Block) Labelled() error {
	switch b.Lang {
	case "go", "sh", "sql", "mermaid":
		return nil
	case "json":
		if !json.Valid([]byte(b.Text)) {
			return fmt.Errorf("%s: not JSON", b.Where())
		}
		return nil
	case "":
		_, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc _() {\n"+b.Text+"}", 0)
		if err == nil && strings.TrimSpace(b.Text) != "" {
			return fmt.Errorf("%s: this is Go: label it so", b.Where())
		}
		return nil
	}
	return fmt.Errorf("%s: nothing checks blocks of %q", b.Where(), b.Lang)
}

// Shows checks a block that is taken from a file: its lines must stand there one after the other,
// whatever their indentation and the empty lines between them. A line that is only "..." (or
// "// ...") stands for any lines that are left out.
func (b Block) Shows(source string) error {
	rest := nonempty(source)
	run := make([]line, 0)
	for _, l := range append(nonempty(b.Text), line{text: "..."}) {
		if strings.TrimPrefix(l.text, "// ") != "..." {
			run = append(run, l)
			continue
		}
		from, length := longest(rest, run)
		if length < len(run) {
			missing := run[length]
			return fmt.Errorf("%s:%d: %q is not in the source, or not there", b.Page, b.Line+missing.n, missing.text)
		}
		rest, run = rest[from+length:], run[:0]
	}
	return nil
}

// A line is text without its indentation, and its number from 0.
type line struct {
	text string
	n    int
}

func nonempty(text string) []line {
	var lines []line
	for n, l := range strings.Split(text, "\n") {
		if l = strings.TrimSpace(l); l != "" {
			lines = append(lines, line{l, n})
		}
	}
	return lines
}

// longest returns where most of the first lines of a run stand in the source, and how many.
func longest(source, run []line) (from, length int) {
	for i := range source {
		n := 0
		for n < len(run) && i+n < len(source) && source[i+n].text == run[n].text {
			n++
		}
		if n > length {
			from, length = i, n
		}
	}
	return from, length
}
