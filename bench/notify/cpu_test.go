//go:build unix

package notify_test

import (
	"syscall"
	"testing"
	"time"
)

// cpu is the processor time that this process has used, the collector's included: what a decision
// costs on a machine that others use too.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// perSecond reports how many decisions a second of one core makes.
func perSecond(b *testing.B, since time.Duration) {
	if used := cpu() - since; used > 0 {
		b.ReportMetric(float64(b.N)/used.Seconds(), "decisions/cpu-s")
	}
}
