package docs

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func page(lines ...string) Page { return Page{"docs/page.md", strings.Join(lines, "\n")} }

func TestCompileFinds(t *testing.T) {
	t.Parallel()
	_, imports := survey(t)
	dir, err := filepath.Abs(filepath.Join(root, "examples"))
	require.NoError(t, err)
	tests := []struct {
		name  string
		lines []string
		says  string // "" if the block is sound
	}{
		{"sound statements", []string{"<!-- given desk *booking.Desk -->", "```go", `r, err := desk.Reservation(ctx, booking.Ref{Unit: "flat-12", ID: "lead-71"})`, "```"}, ""},
		{"sound declarations", []string{"```go", "type mine struct{ booking.Store }", "", "func (m mine) Twice() error { return errors.Join(store.ErrConflict) }", "```"}, ""},
		{"a sound file", []string{"```go", "// A comment.", "package main", "", "import \"fmt\"", "", "func main() { fmt.Println() }", "```"}, ""},
		{"a file without its import", []string{"```go", "package main", "", "func main() { fmt.Println() }", "```"}, "docs/page.md:4: undefined: fmt"},
		{"no such function", []string{"text", "```go", "desk, err := booking.Open(booking.Config{})", "```"}, "docs/page.md:3: undefined: booking.Open"},
		{"no such method", []string{"<!-- given desk *booking.Desk -->", "```go", "", "desk.Reserve(ctx)", "```"}, "docs/page.md:4: desk.Reserve undefined"},
		{"no such field", []string{"```go", "h := booking.Hold{Flat: 12}", "```"}, "docs/page.md:2: unknown field Flat"},
		{"another type", []string{"```go", "var u booking.UnitID = 12", "```"}, "docs/page.md:2: cannot use 12"},
		{"no such package", []string{"```go", "desk, err := bookings.New(bookings.Config{})", "```"}, "docs/page.md:2: undefined: bookings"},
		{"nothing given", []string{"```go", "err := desk.Tick(ctx, due, 10)", "```"}, "docs/page.md:2: undefined: desk"},
		{"given for another block", []string{"<!-- given desk *booking.Desk -->", "", "```go", "desk.In(nil)", "```"}, "docs/page.md:4: undefined: desk"},
		{"not Go", []string{"```go", "hold the flat", "```"}, "docs/page.md:2: neither declarations nor statements"},
		{"a comment of another kind", []string{"<!-- see above -->", "```go", "", "```"}, "docs/page.md:3: a block is"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			blocks := page(tt.lines...).Blocks()
			require.Len(t, blocks, 1)
			err := Compile(dir, imports, blocks)
			if tt.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestLabelledFinds(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ lang, text, says string }{
		{"go", "desk.In(tx)\n", ""},
		{"", "go run ./sim\n", ""},
		{"", "desk, err := booking.New(c)\n", "docs/page.md:2: this is Go"},
		{"json", `{"stages": []}`, ""},
		{"json", `{"stages": [}`, "docs/page.md:2: not JSON"},
		{"golang", "desk.In(tx)\n", `docs/page.md:2: nothing checks blocks of "golang"`},
	} {
		err := Block{Page: "docs/page.md", Line: 2, Lang: tt.lang, Text: tt.text}.Labelled()
		if tt.says == "" {
			require.NoError(t, err, tt.text)
			continue
		}
		require.ErrorContains(t, err, tt.says)
	}
}

func TestShowsFinds(t *testing.T) {
	t.Parallel()
	const source = "package p\n\nfunc f() {\n\tone()\n\n\ttwo()\n\tthree()\n}\n\nfunc g() {}\n"
	tests := []struct {
		name, block, says string
	}{
		{"whole", "func f() {\n\tone()\n\ttwo()\n\tthree()\n}\n", ""},
		{"another indentation and empty lines", "one()\n\ntwo()\n", ""},
		{"with lines left out", "func f() {\n\t// ...\n\tthree()\n}\n...\nfunc g() {}\n", ""},
		{"a beginning that comes twice", "}\nfunc g() {}\n", ""},
		{"a line is missing in the block", "one()\nthree()\n", `docs/page.md:3: "three()" is not in the source`},
		{"a line is missing in the source", "one()\nfour()\n", `docs/page.md:3: "four()"`},
		{"in another order", "two()\n...\none()\n", `docs/page.md:4: "one()"`},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			err := Block{Page: "docs/page.md", Line: 2, Text: tt.block}.Shows(source)
			if tt.says == "" {
				require.NoError(t, err)
				return
			}
			require.ErrorContains(t, err, tt.says)
		})
	}
}

func TestCheckFinds(t *testing.T) {
	t.Parallel()
	house, _ := survey(t)
	tests := []struct {
		name, line, says string
	}{
		{"a test in its package", "`TestCheckFinds` in internal/docs", ""},
		{"a test below the folder", "`TestCheckFinds` in [internal](../internal)", ""},
		{"a test by the end of its folder", "`TestAtTwice` in booking", ""},
		{"no such test", "`TestThatNobodyWrote` in booking", "TestThatNobodyWrote is in no folder"},
		{"a test of another package", "`TestAtTwice` in dedup", "TestAtTwice is in no folder"},
		{"no package named", "`TestAtTwice` shows it", "TestAtTwice is in no folder"},
		{"a program", "    go run ./examples/quickstart  # sixty lines", ""},
		{"a program with arguments", "`go run ./sim -seeds 10`", ""},
		{"no such program", "go run ./examples/hotel", "there is no package ./examples/hotel"},
		{"no such program, in a sentence", "run `go run ./examples/hotel`.", "there is no package ./examples/hotel"},
		{"a test by its pattern", "`go test -run 'CheckFinds\\|Nothing' ./internal/...`", ""},
		{"no test of the pattern", "`go test -run CheckFound ./internal/...`", "no test matches -run CheckFound"},
		{"a benchmark is no test", "`go test -run '^$' -bench AtTwice ./booking`", "no test matches -bench AtTwice"},
		{"no package", "`go test -v`", "names no package"},
		{"a link", "[booking](../booking)", ""},
		{"a link to nowhere", "[booking](../bookings)", "link to ../bookings: no such file"},
		{"a link elsewhere", "[Go](https://go.dev/doc)", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			errs := house.Check(page("", tt.line))
			if tt.says == "" {
				require.Empty(t, errs)
				return
			}
			require.Len(t, errs, 1)
			require.ErrorContains(t, errs[0], "docs/page.md:2: ")
			require.ErrorContains(t, errs[0], tt.says)
		})
	}
}

func TestPictureFinds(t *testing.T) {
	t.Parallel()
	const sound = "flowchart TD\nsubgraph packages[\"packages\"]\nbooking[\"booking\"]\ndedup[\"dedup\"]\nend\nstore[\"store\"]\npackages --> store\n"
	imports := map[string][]string{"booking": {"store"}, "booking/index": {"booking"}, "dedup": {}}
	picture, err := ParsePicture(sound)
	require.NoError(t, err)
	require.Empty(t, picture.Compare(imports))

	tests := []struct {
		name, dir, imports, says string
	}{
		{"packages that know one another", "booking", "dedup", "booking imports dedup, and no arrow says so"},
		{"against the arrow", "store", "booking", "store imports booking, and no arrow says so"},
		{"a folder that is not drawn", "booking", "region", "booking imports region: not both are drawn"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			more := maps.Clone(imports)
			more[tt.dir] = append(slices.Clone(more[tt.dir]), tt.imports)
			require.ErrorContains(t, errors.Join(picture.Compare(more)...), tt.says)
		})
	}
	t.Run("an arrow that nothing follows", func(t *testing.T) {
		t.Parallel()
		require.ErrorContains(t, errors.Join(picture.Compare(map[string][]string{"booking": {}})...), "packages --> store: nothing imports that way")
	})

	for text, says := range map[string]string{
		"graph LR\n":                                                                 "not a flowchart",
		strings.Replace(sound, "end\n", "", 1):                                       "has no end",
		strings.Replace(sound, "end\n", "end\nend\n", 1):                             "ends nothing",
		strings.Replace(sound, "--> store", "--> shop", 1):                           "an arrow to what is not drawn",
		strings.Replace(sound, "-->", "->", 1):                                       "neither a group",
		strings.Replace(sound, `dedup["dedup"]`, `booking["dedup"]`, 1):              "defined twice",
		strings.Replace(sound, "booking[", "subgraph other[\"other\"]\nbooking[", 1): "a group in a group",
	} {
		_, err := ParsePicture(text)
		require.ErrorContains(t, err, says)
	}
}
