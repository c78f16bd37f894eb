//go:build failpoint && unix

package failpoint

import (
	"os"
	"syscall"
)

// freeze stops the process until it gets a SIGCONT.
func freeze() { _ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) }
