package agent

import (
	"os"
	"runtime"
)

// UseCores keeps Go's own threads from competing for cores that belong to
// other processes: one for each slot, and one more so that calls are answered
// while every slot computes. Who sets GOMAXPROCS knows better. For programs
// that are a worker and nothing else.
func UseCores(slots int) {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(slots + 1)
	}
}
