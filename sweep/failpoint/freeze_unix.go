//go:build failpoint && unix

package failpoint

import (
	"os"
	"syscall"
)

// freeze stops the process until it receives SIGCONT.
func freeze() { _ = syscall.Kill(os.Getpid(), syscall.SIGSTOP) }
