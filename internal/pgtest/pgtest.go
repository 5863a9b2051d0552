// Package pgtest gives tests a PostgreSQL of their own.
//
//	pool, err := pgxpool.New(ctx, pgtest.URL(t))
//
// The server is the one that TENURE_TEST_POSTGRES names (a postgres:// URL whose user may create
// schemas); else a private one, made from the installed binaries of PostgreSQL 15 or newer: it
// lives in a temporary folder, listens on a Unix socket there, forgets durability for speed, and
// ends with the test process, however that ends. Its default collation is a language's, not the
// bytes', where the binaries allow it: an ORDER BY that forgets its collation shows.
//
// Where there is neither, tests skip, and say what they missed; with CI=true they fail.
package pgtest

import (
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
)

// ErrNone is what [Open] wraps where it finds no PostgreSQL.
var ErrNone = errors.New("pgtest: no PostgreSQL here: set TENURE_TEST_POSTGRES, or install PostgreSQL 15 or newer")

// URL returns the URL of an empty schema made for this test, as pgx and psql read it; search_path
// names that schema alone. The schema is dropped when the test ends: close connections by a later
// t.Cleanup.
func URL(t testing.TB) string {
	t.Helper()
	url, drop, err := Open()
	switch verdict(err, os.Getenv("CI")) {
	case "skip":
		t.Skip(err)
	case "fail":
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := drop(); err != nil {
			t.Error(err)
		}
	})
	return url
}

func verdict(err error, ci string) string {
	switch {
	case err == nil:
		return ""
	case errors.Is(err, ErrNone) && ci != "true":
		return "skip"
	default:
		return "fail"
	}
}

// Open is [URL] for programs: it returns the URL of an empty schema and what drops it.
func Open() (url string, drop func() error, err error) {
	s, err := running()
	if err != nil {
		return "", nil, err
	}
	return s.open()
}

// running is the process's server.
var running = sync.OnceValues(func() (*server, error) {
	if base := os.Getenv("TENURE_TEST_POSTGRES"); base != "" {
		return named(base)
	}
	return private()
})

type server struct {
	base *url.URL
	psql string
	own  bool     // it ends with this process, schemas and all
	hold *os.File // the server stops when this end of a pipe closes
}

// named is the server of a URL.
func named(base string) (*server, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return nil, errors.New("pgtest: TENURE_TEST_POSTGRES must be a postgres:// URL")
	}
	psql, err := exec.LookPath("psql")
	for _, dir := range folders() {
		if err == nil {
			break
		}
		psql, err = exec.LookPath(filepath.Join(dir, "psql"))
	}
	if err != nil {
		return nil, fmt.Errorf("pgtest: TENURE_TEST_POSTGRES is set, but its schemas are made with psql: %w", err)
	}
	return &server{base: u, psql: psql}, nil
}

func (s *server) open() (string, func() error, error) {
	name := "tenure_" + strings.ToLower(rand.Text())
	if err := s.run("create schema " + name); err != nil {
		return "", nil, err
	}
	drop := func() error {
		return s.run("set lock_timeout = '10s'; set client_min_messages = warning; drop schema " + name + " cascade")
	}
	if s.own {
		drop = func() error { return nil }
	}
	return s.at("-csearch_path=" + name), drop, nil
}

// at is the server's URL with one more startup option.
func (s *server) at(option string) string {
	u := *s.base
	q := u.Query()
	q.Set("options", strings.TrimSpace(q.Get("options")+" "+option))
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20") // psql reads a plus as a plus
	return u.String()
}

func (s *server) run(sql string) error {
	cmd := exec.Command(s.psql, "-X", "-q", "-w", "-v", "ON_ERROR_STOP=1", "-d", s.base.String(), "-c", sql)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("pgtest: %s: %w: %s", sql, err, out)
	}
	return nil
}

// folders are where systems' packages put PostgreSQL's programs, which are often not on PATH.
func folders() []string {
	var dirs []string
	for _, pattern := range []string{
		"/usr/lib/postgresql/*/bin",                          // Debian, Ubuntu
		"/usr/pgsql-*/bin",                                   // the project's own packages for RHEL, SUSE
		"/usr/lib/postgresql*/bin",                           // SUSE, Gentoo
		"/usr/libexec/postgresql*",                           // Alpine
		"/opt/homebrew/opt/postgresql@*/bin",                 // Homebrew
		"/usr/local/opt/postgresql@*/bin",                    // Homebrew on Intel
		"/Applications/Postgres.app/Contents/Versions/*/bin", // Postgres.app
		"/opt/local/lib/postgresql*/bin",                     // MacPorts
		"/usr/local/pgsql/bin",                               // built from source
	} {
		found, _ := filepath.Glob(pattern)
		dirs = append(dirs, found...)
	}
	return dirs
}
