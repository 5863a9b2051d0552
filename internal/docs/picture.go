package docs

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
)

// A Picture is a flowchart of folders: which of them are drawn, in which group, and the arrows
// between folders and groups.
type Picture struct {
	Folders map[string]string // by the name in the picture: a folder
	Groups  map[string]string // by the name in the picture: the group it is in
	Arrows  []Arrow
}

// An Arrow goes from a folder or a group to another.
type Arrow struct{ From, To string }

var (
	group  = regexp.MustCompile(`^subgraph (\w+)\["[^"\]]+"\]$`)
	folder = regexp.MustCompile(`^(\w+)\["([\w/]+)"\]$`)
	arrow  = regexp.MustCompile(`^(\w+) --> (\w+)$`)
)

// ParsePicture reads the part of Mermaid's language that such a picture needs; everything else is an
// error.
func ParsePicture(text string) (*Picture, error) {
	p := &Picture{Folders: map[string]string{}, Groups: map[string]string{}}
	names := map[string]bool{}
	within, open := "", false
	for i, line := range strings.Split(strings.TrimSpace(text), "\n") {
		line = strings.TrimSpace(line)
		fail := func(why string) error { return fmt.Errorf("line %d, %q: %s", i+1, line, why) }
		define := func(name string) error {
			if names[name] {
				return fail("defined twice")
			}
			names[name] = true
			return nil
		}
		if i == 0 {
			if line != "flowchart TD" {
				return nil, fail("not a flowchart")
			}
			continue
		}
		if line == "end" {
			if !open {
				return nil, fail("ends nothing")
			}
			within, open = "", false
		} else if m := group.FindStringSubmatch(line); m != nil {
			if open {
				return nil, fail("a group in a group")
			}
			if err := define(m[1]); err != nil {
				return nil, err
			}
			within, open = m[1], true
		} else if m := folder.FindStringSubmatch(line); m != nil {
			if err := define(m[1]); err != nil {
				return nil, err
			}
			p.Folders[m[1]], p.Groups[m[1]] = m[2], within
		} else if m := arrow.FindStringSubmatch(line); m != nil {
			if !names[m[1]] || !names[m[2]] {
				return nil, fail("an arrow to what is not drawn")
			}
			p.Arrows = append(p.Arrows, Arrow{m[1], m[2]})
		} else {
			return nil, fail("neither a group, a folder, an arrow nor an end")
		}
	}
	if open {
		return nil, fmt.Errorf("group %s has no end", within)
	}
	return p, nil
}

// Compare holds the picture to the imports between folders: each that crosses from one drawn folder
// to another must follow an arrow between them or their groups, and each arrow must be followed.
func (p *Picture) Compare(imports map[string][]string) []error {
	var errs []error
	followed := map[Arrow]bool{}
	for from, its := range imports {
		a := p.drawn(from)
		for _, to := range its {
			b := p.drawn(to)
			if a == "" || b == "" {
				errs = append(errs, fmt.Errorf("%s imports %s: not both are drawn", from, to))
			}
			if a == b {
				continue
			}
			found := false
			for _, arrow := range []Arrow{{a, b}, {p.Groups[a], p.Groups[b]}, {a, p.Groups[b]}, {p.Groups[a], b}} {
				if slices.Contains(p.Arrows, arrow) {
					found, followed[arrow] = true, true
				}
			}
			if !found {
				errs = append(errs, fmt.Errorf("%s imports %s, and no arrow says so", from, to))
			}
		}
	}
	for _, arrow := range p.Arrows {
		if !followed[arrow] {
			errs = append(errs, fmt.Errorf("%s --> %s: nothing imports that way", arrow.From, arrow.To))
		}
	}
	return errs
}

// drawn is the name of the drawn folder that a folder lies in, the innermost.
func (p *Picture) drawn(dir string) string {
	best := ""
	for name, folder := range p.Folders {
		if strings.HasPrefix(dir+"/", folder+"/") && (best == "" || len(folder) > len(p.Folders[best])) {
			best = name
		}
	}
	return best
}
