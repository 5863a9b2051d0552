// Package show is what the example programs share: a clock that the program moves, and a table
// of checked facts at the end.
package show

import (
	"fmt"
	"io"
	"sync"
	"text/tabwriter"
	"time"
)

// A Clock tells the time that the program says, so that days pass in a second.
type Clock struct {
	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands at start.
func NewClock(start time.Time) *Clock { return &Clock{now: start.UTC()} }

// Now is the Config.Now of every desk.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Set moves the clock to t, which may lie in the past.
func (c *Clock) Set(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = t.UTC()
}

// Advance moves the clock on by d.
func (c *Clock) Advance(d time.Duration) { c.Set(c.Now().Add(d)) }

// Checks is the table of facts that a program ends with. Each fact must be computed by other
// code than the code that did the work.
type Checks struct {
	rows   []check
	failed int
}

type check struct {
	what, got string
	ok        bool
}

// Add records a fact: what was checked, whether it held, and what was found.
func (c *Checks) Add(what string, ok bool, got string, args ...any) {
	c.rows = append(c.rows, check{what, fmt.Sprintf(got, args...), ok})
	if !ok {
		c.failed++
	}
}

// Print writes the table and returns the exit status: 0 if every check passed, else 1.
func (c *Checks) Print(w io.Writer) int {
	tw := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(tw, "CHECK\tRESULT\tFOUND")
	for _, r := range c.rows {
		verdict := "passed"
		if !r.ok {
			verdict = "FAILED"
		}
		fmt.Fprintf(tw, "%s\t%s\t%s\n", r.what, verdict, r.got)
	}
	_ = tw.Flush()
	if c.failed > 0 {
		fmt.Fprintf(w, "%d of %d checks failed\n", c.failed, len(c.rows))
		return 1
	}
	fmt.Fprintf(w, "all %d checks passed\n", len(c.rows))
	return 0
}
