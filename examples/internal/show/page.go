package show

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"

	"github.com/tenure-go/tenure/forecast/chart"
)

// Page writes the sections as one HTML file into the folder, and checks that each chart can be drawn
// by a program that knows nothing of how it was made (rsvg-convert of librsvg). With no folder it
// writes nothing and only draws. Where the program is not installed, that check is left out;
// with CI=true it fails.
func Page(c *Checks, dir, name string, sections ...chart.Section) error {
	charts := 0
	_, missing := exec.LookPath("rsvg-convert")
	for _, s := range sections {
		for _, svg := range s.Charts {
			charts++
			if missing != nil {
				continue
			}
			draw := exec.Command("rsvg-convert", "--format", "png")
			draw.Stdin = bytes.NewReader([]byte(svg))
			if png, err := draw.Output(); err != nil || !bytes.HasPrefix(png, []byte("\x89PNG")) {
				c.Add("chart drawn by rsvg-convert", false, "%s: %v", s.Title, err)
			}
		}
	}
	if missing == nil || os.Getenv("CI") == "true" {
		c.Add("charts drawn by rsvg-convert", missing == nil && charts > 0, "%d", charts)
	}
	var page bytes.Buffer
	if err := chart.Page(&page, sections...); err != nil {
		return err
	}
	if dir == "" {
		return nil
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, page.Bytes(), 0o666); err != nil {
		return err
	}
	fmt.Println("page:", file)
	return nil
}
