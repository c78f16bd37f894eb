//go:build unix

package main

import (
	"errors"
	"os"

	"golang.org/x/sys/unix"
)

// exitWithReader ends the program when the reader of a pipe does, as in `| head -1`, and not only
// with the next line, which may be hours away.
func exitWithReader(out *os.File) {
	info, err := out.Stat()
	if err != nil || info.Mode()&os.ModeNamedPipe == 0 {
		return
	}
	go func() {
		for {
			// POLLERR is reported without being asked for: the pipe has no reader.
			ready := []unix.PollFd{{Fd: int32(out.Fd())}}
			switch _, err := unix.Poll(ready, -1); {
			case errors.Is(err, unix.EINTR):
				continue
			case err == nil && ready[0].Revents&unix.POLLERR != 0:
				_, _ = out.WriteString("\n") // which nobody reads: the program ends by SIGPIPE
			}
			return
		}
	}()
}
