//go:build unix

package notify_test

import (
	"syscall"
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
