//go:build unix

package pgtest

import (
	"bufio"
	"bytes"
	_ "embed"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
)

// oldest is the oldest major version that the stores are tested on.
const oldest = 15

// keeper makes a server and ends it when its standard input does, which is when this process
// ends: also killed, it leaves no server and no folder behind.
//
//go:embed keeper.sh
var keeper string

// private starts a server that ends with this process.
func private() (*server, error) {
	bin, err := newest(programs())
	if err != nil {
		return nil, err
	}
	psql, err := exec.LookPath(filepath.Join(bin, "psql"))
	if err != nil {
		if psql, err = exec.LookPath("psql"); err != nil {
			return nil, fmt.Errorf("%w: found %s without psql", ErrNone, bin)
		}
	}
	stdin, hold, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer stdin.Close()
	cmd := exec.Command("/bin/sh", "-c", keeper, "pgtest", bin)
	cmd.Dir = "/"                                         // where any user may be
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} // an interrupt at the terminal is not for it
	if os.Geteuid() == 0 {
		if cmd.SysProcAttr.Credential, err = other(); err != nil {
			return nil, err
		}
	}
	var stderr bytes.Buffer
	cmd.Stdin, cmd.Stderr = stdin, &stderr
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("pgtest: %w", err)
	}
	dir, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		hold.Close()
		return nil, fmt.Errorf("pgtest: %s did not start: %w: %s", bin, errors.Join(err, cmd.Wait()), &stderr)
	}
	base := &url.URL{Scheme: "postgres", User: url.User("postgres"), Path: "/postgres"}
	base.RawQuery = url.Values{"host": {strings.TrimSuffix(dir, "\n")}}.Encode()
	return &server{base: base, psql: psql, own: true, hold: hold}, nil
}

// other is whom the server runs as when this process is root, which PostgreSQL refuses to be.
func other() (*syscall.Credential, error) {
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, errors.New("pgtest: run as root, and there is no user postgres or nobody to run the server as")
}

// programs lists the folders that may hold PostgreSQL's programs; what is on PATH comes first.
func programs() []string {
	dirs := folders()
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if initdb, err = filepath.EvalSymlinks(initdb); err == nil {
			dirs = append([]string{filepath.Dir(initdb)}, dirs...)
		}
	}
	return dirs
}

// newest returns the folder with the newest programs; the first of several.
func newest(dirs []string) (string, error) {
	best, major := "", oldest-1
	for _, dir := range dirs {
		if _, err := exec.LookPath(filepath.Join(dir, "pg_ctl")); err != nil {
			continue
		}
		out, err := exec.Command(filepath.Join(dir, "initdb"), "--version").Output()
		if err != nil {
			continue
		}
		if v := version(string(out)); v > major {
			best, major = dir, v
		}
	}
	if best == "" {
		return "", ErrNone
	}
	return best, nil
}

// version returns the major version in "initdb (PostgreSQL) 15.14 (Debian ...)"; 0 if there is none.
func version(text string) int {
	_, rest, _ := strings.Cut(text, "(PostgreSQL) ")
	end := strings.IndexFunc(rest, func(r rune) bool { return r < '0' || r > '9' })
	if end < 0 {
		end = len(rest)
	}
	n, _ := strconv.Atoi(rest[:end])
	return n
}
