package show

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tenure-go/tenure/forecast/chart"
)

// Page writes the sections as one HTML file into the folder of -out, and checks that each chart can be
// drawn by a program that knows nothing of how it was made (rsvg-convert of librsvg). Without -out it
// writes nothing and only draws. Where the program is not installed, that check is left out; with
// CI=true it fails.
func (s *Story) Page(name string, sections ...chart.Section) error {
	charts := 0
	_, missing := exec.LookPath("rsvg-convert")
	for _, section := range sections {
		for _, svg := range section.Charts {
			charts++
			if missing != nil {
				continue
			}
			draw := exec.Command("rsvg-convert", "--format", "png")
			draw.Stdin = bytes.NewReader([]byte(svg))
			if png, err := draw.Output(); err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) {
				s.Add("chart drawn by rsvg-convert", "график рисует rsvg-convert", false, "%s: %v", section.Title, err)
			}
		}
	}
	if missing == nil || os.Getenv("CI") == "true" {
		s.Add("charts drawn by rsvg-convert", "графики рисует rsvg-convert", missing == nil && charts > 0, "%d", charts)
	}
	var page bytes.Buffer
	if err := chart.Page(&page, sections...); err != nil {
		return err
	}
	return s.File(name, page.Bytes())
}

// File writes a file into the folder of -out; without -out it does nothing.
func (s *Story) File(name string, content []byte) error {
	if s.Out == "" {
		return nil
	}
	file := filepath.Join(s.Out, name)
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return err
	}
	if err := os.WriteFile(file, content, 0o666); err != nil {
		return err
	}
	s.Say("written: %s", "записан %s", file)
	return nil
}
