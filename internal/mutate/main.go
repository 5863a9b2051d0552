// Command mutate shows that the tests of package booking can fail: it plants named one-line faults
// in a copy, one at a time, and names the test that catches each.
//
//	go run ./internal/mutate
//
// It exits with 1 if a fault is not caught, or no longer fits the source.
package main

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
)

// A fault is a change of one line that a careless hand could make.
type fault struct {
	name     string
	file     string
	old, new string
}

var faults = []fault{
	{"overlap counts touching spans", "booking/span.go", "return s.from < o.to && o.from < s.to }", "return s.from <= o.to && o.from <= s.to }"},
	{"a hold still blocks at its deadline", "booking/settle.go", "if due, ok := b.due(e.Reservation); ok && !due.After(b.now) && (next.IsZero()", "if due, ok := b.due(e.Reservation); ok && due.Before(b.now) && (next.IsZero()"},
	{"capacity is off by one", "booking/book.go", "return peak(b.buffer) <= p.Unit.Capacity", "return peak(b.buffer) <= p.Unit.Capacity+1"},
	{"what ends still counts when the next begins", "booking/profile.go", "return cmp.Compare(a.by, b.by) // what ends makes room for what begins", "return cmp.Compare(b.by, a.by)"},
	{"turnover is forgotten", "booking/unit.go", "s.to += int64(u.Turnover.Nights) * day", "s.to += 0 * int64(u.Turnover.Nights) * day"},
	{"equal priority preempts", "booking/decide.go", "v.State == StateHeld && v.Priority < e.Priority &&", "v.State == StateHeld && v.Priority <= e.Priority &&"},
	{"the last to join is promoted first", "booking/settle.go", "cmp.Compare(b.Priority, a.Priority), a.Joined.Compare(b.Joined)", "cmp.Compare(b.Priority, a.Priority), b.Joined.Compare(a.Joined)"},
	{"nobody is promoted by a cancellation", "booking/decide.go", "	d.note(e, kindOf(s))\n	d.freed = true", "	d.note(e, kindOf(s))"},
	{"a closed unit promotes", "booking/settle.go", "if b.anyClosed(e.Claims) || !b.fits(e) {", "if !b.fits(e) {"},
	{"a repeat with another holder passes", "booking/decide.go", "case e.Holder != r.Holder:", "case false:"},
	{"extend forgets the limit", "booking/decide.go", "deadline.After(latest) {", "deadline.After(latest.Add(time.Hour)) {"},
	{"an early departure frees nothing", "booking/stay.go", "min(c.Span.to, end)); to < c.Span.to {", "c.Span.to); to < c.Span.to {"},
	{"the past of a guest can change", "booking/stay.go", "if e.State == StateCheckedIn && (!sameClaims(", "if e.State == StateQueued && (!sameClaims("},
	{"room is not judged for what moved", "booking/stay.go", "		d.placed = append(d.placed, e)\n	}\n	d.note(e, KindMoved)", "	}\n	d.note(e, KindMoved)"},
	{"a commit that was overtaken is written", "booking/memory.go", "if version != g.Version {", "if version > g.Version+1 {"},
	{"a waiting guest waits past arrival", "booking/settle.go", "return first, !first.IsZero()", "return first.Add(24 * time.Hour), !first.IsZero()"},
	{"a signpost is not left", "booking/stay.go", "if !e.on(u) && !slices.Contains(e.left, u) {", "if false {"},
	{"desk time stands still", "booking/decide.go", "return deskTime(now, kept, time.Microsecond)", "return now.UTC().Truncate(time.Microsecond)"},
	{"a gap of the wall clock goes back", "booking/unit.go", "	return before\n}", "	return after\n}"},
	{"the index ignores deadlines", "booking/index/index.go", "due := len(x.due) > 0 && !x.due[0].at.After(now)", "due := false"},
}

func main() {
	only := flag.String("only", "", "plant only the faults whose names contain this")
	flag.Parse()
	if err := run(*only); err != nil {
		fmt.Fprintln(os.Stderr, "mutate:", err)
		os.Exit(1)
	}
}

func run(only string) error {
	root, err := moduleRoot()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "mutate-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	if err := copyModule(root, dir); err != nil {
		return err
	}
	if out, ok := test(dir); !ok {
		return fmt.Errorf("the tests fail without any fault:\n%s", out)
	}
	planted, missed := 0, 0
	for _, f := range faults {
		if !strings.Contains(f.name, only) {
			continue
		}
		by, err := plant(dir, f)
		if err != nil {
			return err
		}
		planted++
		if by == "" {
			missed++
			by = "NOT CAUGHT"
		}
		fmt.Printf("%-45s %s\n", f.name, by)
	}
	if missed > 0 {
		return fmt.Errorf("%d of %d faults were not caught", missed, planted)
	}
	fmt.Printf("%d faults, all caught\n", planted)
	return nil
}

func moduleRoot() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/tenure-go/tenure").Output()
	if err != nil {
		return "", errors.New("run it from within the module")
	}
	return strings.TrimSpace(string(out)), nil
}

// copyModule copies what the tests of booking need.
func copyModule(from, to string) error {
	for _, name := range []string{"go.mod", "go.sum", "booking", "store/store.go", "store/retry.go", "store/storetest"} {
		err := filepath.WalkDir(filepath.Join(from, name), func(path string, d fs.DirEntry, err error) error {
			if err != nil {
				return err
			}
			rel, err := filepath.Rel(from, path)
			if err != nil || d.IsDir() {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			target := filepath.Join(to, rel)
			if err := os.MkdirAll(filepath.Dir(target), 0o755); err != nil {
				return err
			}
			return os.WriteFile(target, text, 0o644)
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// plant tests the module with the fault, and returns the test that caught it.
func plant(dir string, f fault) (caughtBy string, err error) {
	path := filepath.Join(dir, filepath.FromSlash(f.file))
	text, err := os.ReadFile(path)
	if err != nil {
		return "", err
	}
	if n := bytes.Count(text, []byte(f.old)); n != 1 {
		return "", fmt.Errorf("fault %q fits %d places of %s, not one", f.name, n, f.file)
	}
	defer func() { err = errors.Join(err, os.WriteFile(path, text, 0o644)) }()
	if err := os.WriteFile(path, bytes.Replace(text, []byte(f.old), []byte(f.new), 1), 0o644); err != nil {
		return "", err
	}
	out, ok := test(dir)
	if ok {
		return "", nil
	}
	if m := failed.FindSubmatch(out); m != nil {
		return string(m[1]), nil
	}
	return "", fmt.Errorf("fault %q does not compile:\n%s", f.name, out)
}

var failed = regexp.MustCompile(`(?m)^--- FAIL: (\S+)`)

func test(dir string) (out []byte, ok bool) {
	cmd := exec.Command("go", "test", "-count=1", "-vet=off", "-failfast", "-skip", "TestThousand", "./booking", "./booking/index", "./booking/bookingtest")
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "GOFLAGS=")
	out, err := cmd.CombinedOutput()
	return out, err == nil
}
