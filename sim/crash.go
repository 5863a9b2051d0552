package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"

	"github.com/tenure-go/tenure/booking"
)

// A crash: a process books into a file and is killed in the middle, several times; after each the
// file is opened again. What it was answered must be there, what must always hold must hold, and
// the next process repeats the requests from the start.

const (
	crashes      = 3
	crashWriters = 4
	crashHolds   = 400 // of each writer; few get that far
)

func tryCrash(seed int64) report {
	r := report{store: "sqlite, killed", faults: map[string]int{"process killed": crashes}}
	dir, err := os.MkdirTemp("", "tenure-crash-")
	if err != nil {
		return report{err: err}
	}
	defer os.RemoveAll(dir)
	rng := rand.New(rand.NewPCG(uint64(seed), 0))
	file := filepath.Join(dir, "office.db")
	granted := make(map[booking.ReservationID]bool)
	for range crashes {
		n, err := crashOnce(file, 5+rng.IntN(120), granted)
		r.ops += n
		if err == nil {
			err = reopened(file, granted)
		}
		if err != nil {
			r.err = err
			return r
		}
	}
	return r
}

// crashOnce lets a process write until it has answered so many requests, and kills it.
func crashOnce(file string, answers int, granted map[booking.ReservationID]bool) (n int, err error) {
	child := exec.Command(os.Args[0], "-child", file)
	child.Env = append(os.Environ(), childEnv+"="+file)
	child.Stderr = os.Stderr
	out, err := child.StdoutPipe()
	if err != nil {
		return 0, err
	}
	if err := child.Start(); err != nil {
		return 0, err
	}
	lines := bufio.NewScanner(out)
	for n < answers && lines.Scan() {
		if id, ok := strings.CutPrefix(lines.Text(), "granted "); ok {
			granted[booking.ReservationID(id)] = true
			n++
		}
	}
	if err := child.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return n, err
	}
	_, _ = io.Copy(io.Discard, out)
	_ = child.Wait() // it was killed
	if n == 0 {
		return 0, errors.New("the process that writes gave no answer")
	}
	return n, nil
}

// childEnv names the file for the test binary, which has flags of its own.
const childEnv = "TENURE_SIM_CHILD"

// write is the process that is killed. Two writers want each night.
func write(file string, out io.Writer) error {
	ctx := context.Background()
	db, s, err := openFile(ctx, file)
	if err != nil {
		return err
	}
	defer db.Close()
	desk, err := booking.New(booking.Config{Store: s})
	if err != nil {
		return err
	}
	var defs []booking.Command
	for _, u := range sets[0] {
		defs = append(defs, booking.Define{Unit: u})
	}
	if _, err := desk.Do(ctx, defs...); err != nil {
		return err
	}
	var all sync.WaitGroup
	errs := make([]error, crashWriters)
	var mu sync.Mutex
	for w := range crashWriters {
		all.Go(func() {
			for n := range crashHolds {
				id := booking.ReservationID(fmt.Sprintf("writer-%d-%d", w, n))
				span := nights(2*n, 2*n+2)
				h := booking.Hold{ID: id, Unit: sets[0][w%2].ID, Span: span, Holder: string(id), By: string(id)}
				if n%3 == 0 {
					h.And = []booking.Claim{{Unit: sets[0][(w+1)%2].ID, Span: span}}
				}
				_, err := desk.Hold(ctx, h)
				if err == nil {
					_, err = desk.Confirm(ctx, booking.Confirm{Ref: booking.Ref{Unit: h.Unit, ID: id}, By: string(id)})
				}
				if errors.Is(err, booking.ErrTaken) {
					continue
				}
				if err != nil {
					errs[w] = err
					return
				}
				mu.Lock()
				fmt.Fprintf(out, "granted %s\n", id)
				mu.Unlock()
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// reopened looks at what a killed process left.
func reopened(file string, granted map[booking.ReservationID]bool) error {
	ctx := context.Background()
	db, s, err := openFile(ctx, file)
	if err != nil {
		return err
	}
	defer db.Close()
	var answer string
	if err := db.QueryRowContext(ctx, "pragma integrity_check").Scan(&answer); err != nil || answer != "ok" {
		return violation("the file is whole", "%s %v", answer, err)
	}
	k := newChecker(stage{store: s, feed: s, due: s})
	k.units = sets[0]
	if err := k.check(ctx, dawn); err != nil {
		return err
	}
	for id := range granted {
		found := false
		for at, r := range k.folded {
			found = found || at.id == id && r.State == booking.StateConfirmed
		}
		if !found {
			return violation("what was granted outlives a crash", "%s is gone", id)
		}
	}
	return nil
}
