package main

import (
	"encoding/json"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"net/http"
	"slices"
	"strings"
)

// shown are the functions that each panel's "code" shows, the main one first.
var shown = map[string][]string{
	"chessboard": {"hold", "cells", "bring", "race", "change"},
	"floors":     {"front", "cells", "bring"},
	"deals":      {"explain", "command", "line"},
	"cards":      {"rule", "sheetOf"},
	"messages":   {"Send", "holdLetter", "stayLetters", "letter", "plugs"},
	"money":      {"forecasts", "promises", "booked"},
	"clock":      {"tick", "live", "step", "porter"},
	"live":       {"follow", "catchUp", "take", "stream"},
	"desks":      {"desks", "flat", "seed", "play"},
	"refusals":   {"refuse", "newNo", "guarded", "bounded"},
}

type listing struct {
	Panel   string
	Panels  []string
	Sources []source
}

type source struct {
	File  string
	Line  int
	Lines []codeLine
}

type codeLine struct {
	Number int
	Tokens []codeToken
}

type codeToken struct{ Class, Text string } // k keyword, s string, c comment, n number; "" the rest

// sources are the functions of this program by name, read from the source that is embedded in it.
var sources = readSources()

func readSources() map[string]source {
	found := map[string]source{}
	names, err := fs.Glob(files, "*.go")
	if err != nil {
		panic(err) // the pattern is a constant
	}
	for _, name := range names {
		text, err := fs.ReadFile(files, name)
		if err != nil || strings.HasSuffix(name, "_test.go") {
			continue
		}
		set := token.NewFileSet()
		file, err := parser.ParseFile(set, name, text, parser.ParseComments)
		if err != nil {
			continue // it is compiled in, so it parses
		}
		for _, decl := range file.Decls {
			f, ok := decl.(*ast.FuncDecl)
			if !ok {
				continue
			}
			from := f.Pos()
			if f.Doc != nil {
				from = f.Doc.Pos()
			}
			start, end := set.Position(from), set.Position(f.End())
			found[f.Name.Name] = source{File: name, Line: start.Line, Lines: coloured(string(text[start.Offset:end.Offset]), start.Line)}
		}
	}
	return found
}

// coloured cuts Go source into lines of tokens.
func coloured(text string, line int) []codeLine {
	set := token.NewFileSet()
	file := set.AddFile("", -1, len(text))
	var scan scanner.Scanner
	scan.Init(file, []byte(text), func(token.Position, string) {}, scanner.ScanComments)
	lines := []codeLine{{Number: line}}
	put := func(class, text string) {
		for i, part := range strings.Split(text, "\n") {
			if i > 0 {
				line++
				lines = append(lines, codeLine{Number: line})
			}
			if part != "" {
				last := &lines[len(lines)-1]
				last.Tokens = append(last.Tokens, codeToken{class, part})
			}
		}
	}
	done := 0
	for {
		pos, tok, lit := scan.Scan()
		if tok == token.EOF {
			put("", text[done:])
			return lines
		}
		at := file.Offset(pos)
		if tok == token.SEMICOLON && lit == "\n" {
			continue
		}
		if lit == "" {
			lit = tok.String()
		}
		put("", text[done:at])
		put(classOfToken(tok), text[at:min(at+len(lit), len(text))])
		done = min(at+len(lit), len(text))
	}
}

func classOfToken(t token.Token) string {
	switch {
	case t.IsKeyword():
		return "k"
	case t == token.COMMENT:
		return "c"
	case t == token.STRING || t == token.CHAR:
		return "s"
	case t == token.INT || t == token.FLOAT:
		return "n"
	}
	return ""
}

// code shows the Go lines behind a panel.
func (s *server) code(w http.ResponseWriter, r *http.Request) error {
	p := s.page(r, "code")
	l := listing{Panel: r.PathValue("panel"), Panels: []string{"chessboard", "floors", "deals", "cards", "messages", "money", "clock", "live", "desks", "refusals"}}
	if !slices.Contains(l.Panels, l.Panel) {
		return notFound
	}
	for _, name := range shown[l.Panel] {
		l.Sources = append(l.Sources, sources[name])
	}
	return s.show(w, r, p.with(l))
}

func writeJSON(w http.ResponseWriter, data any) error {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	return json.NewEncoder(w).Encode(data)
}
