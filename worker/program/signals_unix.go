//go:build unix

package program

import (
	"os"
	"syscall"
)

// warnings are the signals by which batch systems announce the end of a job.
var warnings = []os.Signal{syscall.SIGUSR1, syscall.SIGUSR2}
