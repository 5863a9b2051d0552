package show

import (
	"fmt"
	"io"
	"os"
	"strings"
)

// A Bar shows how far a long work has come, on a terminal; elsewhere it is silent.
type Bar struct {
	w           io.Writer
	done, total int
	shown       int
}

// NewBar returns a bar for so many pieces of work.
func NewBar(f *os.File, total int) *Bar {
	b := &Bar{total: max(1, total), shown: -1}
	if info, err := f.Stat(); err == nil && info.Mode()&os.ModeCharDevice != 0 {
		b.w = f
	}
	return b
}

// Add says that n more pieces are done.
func (b *Bar) Add(n int) {
	b.done += n
	percent := min(100, 100*b.done/b.total)
	if b.w == nil || percent == b.shown {
		return
	}
	b.shown = percent
	fmt.Fprintf(b.w, "\r[%-50s] %3d %%", strings.Repeat("=", percent/2), percent)
}

// Done wipes the bar.
func (b *Bar) Done() {
	if b.w != nil {
		fmt.Fprintf(b.w, "\r%60s\r", "")
	}
}
