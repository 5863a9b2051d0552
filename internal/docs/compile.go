package docs

import (
	"encoding/json"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// Compile builds blocks in the module in dir, each as a package of its own that is laid over the
// module's files, and returns what the compiler says, by the lines of the pages. Imports maps the
// names of packages to their paths.
func Compile(dir string, imports map[string]string, blocks []Block) error {
	temp, err := os.MkdirTemp("", "docs-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(temp)
	overlay := map[string]map[string]string{"Replace": {}}
	args := []string{"build", "-o", os.DevNull, "-overlay", filepath.Join(temp, "overlay.json")}
	for i, b := range blocks {
		source, err := b.source(imports)
		if err != nil {
			return err
		}
		file := filepath.Join(temp, fmt.Sprintf("block%d.go", i))
		if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
			return err
		}
		name := fmt.Sprintf("block%d", i)
		overlay["Replace"][filepath.Join(dir, name, "block.go")] = file
		args = append(args, "./"+name)
	}
	text, err := json.Marshal(overlay)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(temp, "overlay.json"), text, 0o600); err != nil {
		return err
	}
	build := exec.Command("go", args...)
	build.Dir = dir
	if out, err := build.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

// source makes a file of the block. A //line directive makes the compiler speak of the page.
func (b Block) source(imports map[string]string) (string, error) {
	given, ok := strings.CutPrefix(b.Note, "given ")
	if b.Note != "" && !ok {
		return "", fmt.Errorf("%s: a block is \"from\" a file or \"given\" parameters, not %q", b.Where(), b.Note)
	}
	given = strings.Join([]string{"ctx context.Context", given}, ", ")
	line := fmt.Sprintf("//line %s:%d\n", b.Page, b.Line)

	if _, err := parser.ParseFile(token.NewFileSet(), "", b.Text, parser.ImportsOnly); err == nil {
		return line + b.Text, nil
	}
	source := "package block\n" + line + b.Text
	file, err := parser.ParseFile(token.NewFileSet(), "", source, 0)
	if err == nil {
		return importing(file, source, imports), nil
	}
	function := func(tail string) string {
		return "package block\nfunc _(" + given + ") {\n" + line + b.Text + tail + "}\n"
	}
	file, err = parser.ParseFile(token.NewFileSet(), b.Where(), function(""), 0)
	if err != nil {
		return "", fmt.Errorf("%s: neither declarations nor statements: %w", b.Where(), err)
	}
	var tail strings.Builder
	for _, name := range declared(file) {
		fmt.Fprintf(&tail, "_ = %s\n", name) // a fragment need not use what it declares
	}
	return importing(file, function(tail.String()), imports), nil
}

// importing adds the imports for the names that the file does not declare.
func importing(file *ast.File, source string, imports map[string]string) string {
	paths := map[string]bool{}
	for _, name := range file.Unresolved {
		if path := imports[name.Name]; path != "" {
			paths[path] = true
		}
	}
	clause := "package block\n"
	for _, path := range slices.Sorted(maps.Keys(paths)) {
		clause += fmt.Sprintf("import %q\n", path)
	}
	return clause + strings.TrimPrefix(source, "package block\n")
}

// declared returns the variables of the outermost block of the file's function.
func declared(file *ast.File) []string {
	var names []string
	add := func(e ast.Expr) {
		if id, ok := e.(*ast.Ident); ok && id.Name != "_" && !slices.Contains(names, id.Name) {
			names = append(names, id.Name)
		}
	}
	for _, s := range file.Decls[0].(*ast.FuncDecl).Body.List {
		switch s := s.(type) {
		case *ast.AssignStmt:
			if s.Tok == token.DEFINE {
				for _, e := range s.Lhs {
					add(e)
				}
			}
		case *ast.DeclStmt:
			for _, spec := range s.Decl.(*ast.GenDecl).Specs {
				if v, ok := spec.(*ast.ValueSpec); ok {
					for _, name := range v.Names {
						add(name)
					}
				}
			}
		}
	}
	return names
}
