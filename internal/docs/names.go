package docs

import (
	"fmt"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// A House is what the repository holds: the folders with Go files, and the tests in them.
type House struct {
	Root     string
	Tests    map[string][]string // by folder, "." for the root: functions named as tests are
	Packages map[string][]string // by folder with more than tests in it: the folders that it imports
}

var test = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz|Benchmark|Example)\w*)[(\[]`)

// Survey reads the repository, whose packages' paths begin with module.
func Survey(root, module string) (*House, error) {
	h := &House{root, map[string][]string{}, map[string][]string{}}
	return h, fs.WalkDir(os.DirFS(root), ".", func(file string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if name := entry.Name(); entry.IsDir() && len(name) > 1 && (name[0] == '.' || name == "testdata") {
			return fs.SkipDir
		}
		if path.Ext(file) != ".go" {
			return nil
		}
		text, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
		if err != nil {
			return err
		}
		dir := path.Dir(file)
		h.Tests[dir] = append(h.Tests[dir], "")
		for _, m := range test.FindAllStringSubmatch(string(text), -1) {
			h.Tests[dir] = append(h.Tests[dir], m[1])
		}
		if strings.HasSuffix(file, "_test.go") {
			return nil
		}
		parsed, err := parser.ParseFile(token.NewFileSet(), file, text, parser.ImportsOnly)
		if err != nil {
			return err
		}
		if h.Packages[dir] == nil {
			h.Packages[dir] = []string{}
		}
		for _, i := range parsed.Imports {
			if to, ok := strings.CutPrefix(strings.Trim(i.Path.Value, `"`), module+"/"); ok {
				h.Packages[dir] = append(h.Packages[dir], to)
			}
		}
		return nil
	})
}

// Imports maps the names of the house's packages to their paths; of two of one name the shorter
// path is meant.
func (h *House) Imports(module string) map[string]string {
	imports := map[string]string{}
	for dir := range h.Packages {
		name, full := path.Base(dir), path.Join(module, dir)
		if had := imports[name]; had == "" || len(full) < len(had) {
			imports[name] = full
		}
	}
	return imports
}

// in returns the tests in the folders that a pattern of the go command names: "./booking",
// "./bench/...", "work"; false if there are no such folders.
func (h *House) in(pattern string) ([]string, bool) {
	dir, deep := strings.CutSuffix(pattern, "/...")
	dir = path.Clean(dir)
	if pattern == "work" {
		dir, deep = ".", true
	}
	var tests []string
	found := false
	for folder, its := range h.Tests {
		if folder == dir || deep && (dir == "." || strings.HasPrefix(folder, dir+"/")) {
			tests, found = append(tests, its...), true
		}
	}
	return tests, found
}

var (
	code    = regexp.MustCompile("`([^`]+)`")
	named   = regexp.MustCompile(`\b(?:Test|Fuzz|Benchmark|Example)[A-Z]\w*`)
	word    = regexp.MustCompile(`[\w/-]+`)
	link    = regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
	command = regexp.MustCompile(`^(?:\w+=\S* )*go (?:run|test|vet|build) `)
	field   = regexp.MustCompile(`'[^']*'|\S+`)
)

// Check returns what a page names that the house does not hold: a test that is in none of the
// folders that its line names, a command whose package or test does not exist, a link to no file.
func (h *House) Check(p Page) []error {
	var errs []error
	fenced := false
	for i, line := range strings.Split(p.Text, "\n") {
		where := fmt.Sprintf("%s:%d", p.Name, i+1)
		fail := func(format string, args ...any) {
			errs = append(errs, fmt.Errorf(where+": "+format, args...))
		}
		spans := []string{strings.TrimSpace(line)}
		for _, m := range code.FindAllStringSubmatch(line, -1) {
			spans = append(spans, strings.ReplaceAll(m[1], `\|`, "|"))
		}
		for _, span := range spans {
			if command.MatchString(span) {
				if err := h.command(span); err != nil {
					fail("%w", err)
				}
			}
		}
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		if fenced {
			continue
		}
		for _, test := range named.FindAllString(line, -1) {
			if !h.names(line, test) {
				fail("%s is in no folder that the line names", test)
			}
		}
		for _, m := range link.FindAllStringSubmatch(line, -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(h.Root, filepath.FromSlash(path.Join(path.Dir(p.Name), m[1])))); err != nil {
				fail("link to %s: no such file", m[1])
			}
		}
	}
	return errs
}

// names reports whether the line names a folder, or one above it, that holds the test.
func (h *House) names(line, test string) bool {
	for _, w := range word.FindAllString(line, -1) {
		for folder, tests := range h.Tests {
			if !slices.Contains(tests, test) {
				continue
			}
			w := strings.TrimLeft(w, "/")
			if strings.HasPrefix(folder+"/", w+"/") || strings.HasSuffix("/"+folder, "/"+w) {
				return true
			}
		}
	}
	return false
}

// command checks a go command: its packages exist, and -run and -bench match a test of theirs.
func (h *House) command(line string) error {
	line, _, _ = strings.Cut(line, " #")
	fields := field.FindAllString(command.ReplaceAllString(line, ""), -1)
	wanted := map[string]string{}
	var tests []string
	packages := 0
	for i, f := range fields {
		f = strings.Trim(f, "'")
		switch {
		case f == "-run" || f == "-bench":
			if i+1 < len(fields) {
				wanted[f] = strings.Trim(fields[i+1], "'")
			}
		case strings.HasPrefix(f, "./") || f == "work" || f == ".":
			its, ok := h.in(f)
			if !ok {
				return fmt.Errorf("%s: there is no package %s", line, f)
			}
			packages++
			tests = append(tests, its...)
		}
	}
	if packages == 0 {
		return fmt.Errorf("%s: names no package", line)
	}
	for flag, pattern := range wanted {
		if pattern == "^$" || pattern == "." {
			continue
		}
		pattern, _, _ = strings.Cut(pattern, "/")
		re, err := regexp.Compile(pattern)
		if err != nil {
			return fmt.Errorf("%s: %w", line, err)
		}
		if !slices.ContainsFunc(tests, func(t string) bool {
			return t != "" && strings.HasPrefix(t, "Benchmark") == (flag == "-bench") && re.MatchString(t)
		}) {
			return fmt.Errorf("%s: no test matches %s %s", line, flag, pattern)
		}
	}
	return nil
}
