package docs

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	root   = "../.."
	module = "github.com/tenure-go/tenure"
)

// outside is what pages may use besides the house's own packages.
var outside = map[string]string{
	"context": "context", "errors": "errors", "fmt": "fmt", "io": "io", "http": "net/http", "os": "os", "testing": "testing", "time": "time",
	"date": "github.com/rickb777/date/v2", "clock": "github.com/rickb777/date/v2/clock", "decimal": "github.com/shopspring/decimal",
	"pgx": "github.com/jackc/pgx/v5", "pgxpool": "github.com/jackc/pgx/v5/pgxpool",
}

// pages are the manuals: every Markdown file at the root and in docs.
func pages(t *testing.T) []Page {
	t.Helper()
	var all []Page
	for _, pattern := range []string{"*.md", "docs/*.md"} {
		files, err := filepath.Glob(filepath.Join(root, pattern))
		require.NoError(t, err)
		for _, file := range files {
			text, err := os.ReadFile(file)
			require.NoError(t, err)
			name, err := filepath.Rel(root, file)
			require.NoError(t, err)
			all = append(all, Page{filepath.ToSlash(name), string(text)})
		}
	}
	require.NotEmpty(t, all)
	return all
}

func survey(t *testing.T) (*House, map[string]string) {
	t.Helper()
	house, err := Survey(root, module)
	require.NoError(t, err)
	imports := house.Imports(module)
	maps.Copy(imports, outside)
	return house, imports
}

// Every Go block of every page stands in a file of the repository, or compiles.
func TestBlocks(t *testing.T) {
	t.Parallel()
	_, imports := survey(t)
	var compiled []Block
	for _, p := range pages(t) {
		for _, b := range p.Blocks() {
			require.NoError(t, b.Labelled())
			if b.Lang != "go" {
				continue
			}
			file, ok := strings.CutPrefix(b.Note, "from ")
			if !ok {
				compiled = append(compiled, b)
				continue
			}
			source, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(file)))
			require.NoError(t, err, b.Where())
			require.NoError(t, b.Shows(string(source)))
		}
	}
	dir, err := filepath.Abs(filepath.Join(root, "examples"))
	require.NoError(t, err)
	require.NotEmpty(t, compiled)
	require.NoError(t, Compile(dir, imports, compiled))
}

// The picture of the house is what the imports say.
func TestPicture(t *testing.T) {
	t.Parallel()
	house, _ := survey(t)
	all := pages(t)
	i := slices.IndexFunc(all, func(p Page) bool { return p.Name == "docs/architecture.md" })
	blocks := slices.DeleteFunc(all[i].Blocks(), func(b Block) bool { return b.Lang != "mermaid" })
	require.Len(t, blocks, 1)
	picture, err := ParsePicture(blocks[0].Text)
	require.NoError(t, err)
	require.Empty(t, picture.Compare(house.Packages))
}

// Every test, package, command and file that a page names exists.
func TestNames(t *testing.T) {
	t.Parallel()
	house, _ := survey(t)
	for _, p := range pages(t) {
		for _, err := range house.Check(p) {
			t.Error(err)
		}
	}
}
