// Package realdata opens the real data sets that tests and benchmarks replay.
//
// The sets are not part of the project: they lie in shared/data beside the checkout, or where
// TENURE_DATA points. A test that needs one skips, saying so, where it is absent.
package realdata

import (
	"bytes"
	"compress/gzip"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// Dir is the folder of the data sets, or "" if there is none here.
func Dir() string {
	if dir := os.Getenv("TENURE_DATA"); dir != "" {
		return dir
	}
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			data := filepath.Join(filepath.Dir(dir), "shared", "data")
			if _, err := os.Stat(data); err != nil {
				return ""
			}
			return data
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// Read returns the content of the set's file, unpacked if its name ends in .gz. It skips the
// test where the data are absent.
func Read(t testing.TB, name string) []byte {
	t.Helper()
	dir := Dir()
	if dir == "" {
		t.Skipf("real data %s: no shared/data beside this checkout and TENURE_DATA is not set", name)
	}
	raw, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
	if os.IsNotExist(err) {
		t.Skipf("real data %s: not found in the data folder", name)
	}
	if err != nil {
		t.Fatalf("real data %s: %v", name, err)
	}
	if !strings.HasSuffix(name, ".gz") {
		return raw
	}
	zr, err := gzip.NewReader(bytes.NewReader(raw))
	if err != nil {
		t.Fatalf("real data %s: %v", name, err)
	}
	text, err := io.ReadAll(zr)
	if err != nil {
		t.Fatalf("real data %s: %v", name, err)
	}
	return text
}
