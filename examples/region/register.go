package main

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	_ "embed"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/tenure-go/tenure/examples/internal/show"
	"github.com/tenure-go/tenure/region"
)

// madeUp has rows in the register's form. Its ranges and operators are invented.
//
//go:embed register.csv
var madeUp []byte

// register makes the plan of the register's files, or opens one, and packs it.
func (n *numbers) register(_ context.Context, s *show.Story) (err error) {
	names, contents := []string{s.T("made-up rows", "выдуманные строки")}, [][]byte{madeUp}
	if s.Input() != "" {
		names, contents = strings.Split(s.Input(), ","), nil
		for _, name := range names {
			b, err := readFile(name)
			if err != nil {
				return &show.UsageError{Why: err.Error()}
			}
			contents = append(contents, b)
		}
	}
	if strings.HasSuffix(s.Input(), ".plan") {
		if n.plan, err = region.OpenPlan(contents[0]); err != nil {
			return &show.UsageError{Why: s.Input() + ": " + text(err, s.Lang)}
		}
	} else if err := n.read(s, names, contents); err != nil {
		return err
	}
	return n.pack(s)
}

// read makes a plan of files of the register. A row that cannot be read is told and left out.
func (n *numbers) read(s *show.Story, names []string, contents [][]byte) error {
	files := make([]io.Reader, len(contents))
	for i, b := range contents {
		files[i] = bytes.NewReader(b)
	}
	plan, reports, err := region.ReadRegistry(region.RegistryConfig{}, files...)
	if err != nil {
		return &show.UsageError{Why: strings.Join(names, ",") + ": " + text(err, s.Lang)}
	}
	n.plan = plan
	rows, bad := 0, 0
	for i, r := range reports {
		s.Say("%s: rows %d, codes %d, numbers %d. Rows of several regions %d, of the whole country %d, of no known place %d, overlapping others %d.",
			"%s: строк %d, кодов %d, номеров %d. Строк на несколько регионов %d, на всю страну %d, без известного места %d; пересекаются с другими %d.",
			names[i], r.Rows, r.Codes, r.Numbers, r.SeveralPlaces, r.Nationwide, r.Unresolved, r.Overlaps)
		for _, row := range r.Bad[:min(len(r.Bad), 20)] {
			fmt.Fprintf(s.Errs, "%s: %s\n", names[i], row.Text(s.Lang))
		}
		if r.BadRows > 0 {
			fmt.Fprintf(s.Errs, s.T("%s: %d rows cannot be read; a right row is %s\n", "%s: строк, которые не прочесть: %d; верная строка: %s\n"), names[i], r.BadRows, "914;4300000;5299999;1000000;Даурия;-;Забайкальский край;0")
		}
		rows, bad = rows+r.Rows, bad+r.BadRows
	}
	return n.checkRegister(s, contents, rows, bad)
}

// checkRegister reads the files anew, as columns of digits, and asks the plan for the first and the
// last number of every row, and for the numbers beside them.
func (n *numbers) checkRegister(s *show.Story, contents [][]byte, rows, bad int) error {
	lines := 0
	var ranges []region.Range
	for _, content := range contents {
		for i, line := range strings.Split(string(content), "\n") {
			if i == 0 || strings.TrimSpace(line) == "" {
				continue
			}
			lines++
			f := strings.Split(line, ";")
			if len(f) < 3 {
				continue
			}
			var cells [3]uint64 // code, from, to
			var errs [3]error
			for i := range cells {
				cells[i], errs[i] = strconv.ParseUint(strings.Trim(f[i], "\" \r"), 10, 32)
			}
			if r := (region.Range{First: cells[0]*1e7 + cells[1], Last: cells[0]*1e7 + cells[2]}); errors.Join(errs[:]...) == nil && r.First <= r.Last {
				ranges = append(ranges, r)
			}
		}
	}
	slices.SortFunc(ranges, func(a, b region.Range) int { return cmp.Compare(a.First, b.First) })
	found, gaps, filled := 0, 0, 0
	end := uint64(0) // of all ranges so far
	for _, r := range ranges {
		_, first := n.plan.Lookup(r.First)
		_, last := n.plan.Lookup(r.Last)
		if first && last {
			found++
		}
		if end > 0 && r.First > end+1 {
			gaps++
			if _, ok := n.plan.Lookup(end + 1); ok {
				filled++
			}
		}
		end = max(end, r.Last)
	}
	s.Add("each line of the register is taken or reported", "каждая строка реестра принята или названа", rows+bad == lines, s.T("%d and %d of %d", "%d и %d из %d"), rows, bad, lines)
	s.Add("each row's first and last number is in the plan", "первый и последний номер каждой строки есть в плане", found == len(ranges) && found >= rows, s.T("%d of %d rows", "%d из %d строк"), found, len(ranges))
	s.Add("no number of a gap is in the plan", "ни одного номера из промежутков в плане нет", filled == 0, s.T("%d of %d gaps", "%d из %d промежутков"), filled, gaps)
	return nil
}

// pack writes the plan as a service can ship it, and opens it again.
func (n *numbers) pack(s *show.Story) error {
	packed, err := n.plan.AppendBinary(nil)
	if err != nil {
		return err
	}
	opened, err := region.OpenPlan(packed)
	if err != nil {
		return err
	}
	ranges, differ := 0, 0
	for r, here := range n.plan.All() {
		ranges++
		if there, ok := opened.Lookup(r.First); !ok || !slices.Equal(there.Subdivisions, here.Subdivisions) || there.Locality != here.Locality || there.Operator != here.Operator {
			differ++
		}
	}
	s.Say("As a plan for a service to ship: %d ranges in %d bytes.", "План, который поставляют со службой: диапазонов %d, байт %d.", ranges, len(packed))
	s.Add("the packed plan says the same", "упакованный план говорит то же", differ == 0 && ranges > 0, s.T("%d of %d ranges differ", "различаются %d из %d диапазонов"), differ, ranges)
	if n.compile == "" {
		return nil
	}
	if err := os.WriteFile(n.compile, packed, 0o644); err != nil {
		return &show.UsageError{Why: err.Error()}
	}
	s.Say("written: %s", "записан %s", n.compile)
	return nil
}

// readFile reads a file, unpacked if it is gzip.
func readFile(name string) ([]byte, error) {
	b, err := os.ReadFile(name)
	if err != nil || !bytes.HasPrefix(b, []byte{0x1f, 0x8b}) {
		return b, err
	}
	zr, err := gzip.NewReader(bytes.NewReader(b))
	if err == nil {
		b, err = io.ReadAll(zr)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return b, nil
}

// text is an error of package region for a reader.
func text(err error, lang string) string {
	var known interface{ Text(string) string }
	if errors.As(err, &known) {
		return known.Text(lang)
	}
	return err.Error()
}
