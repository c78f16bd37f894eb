//go:build failpoint

package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

var (
	place, fatalVisit = parse(os.Getenv("SPIQSWEEP_FAILPOINT"))
	visits            atomic.Int64
)

// Reach kills the process, without any clean-up, if name is the chosen place
// and this is the fatal visit.
func Reach(name string) {
	if name != place || visits.Add(1) != fatalVisit {
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {} // the kill is asynchronous: go no further
}

func parse(setting string) (string, int64) {
	name, count, counted := strings.Cut(setting, "@")
	if !counted {
		return name, 1
	}
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		panic("SPIQSWEEP_FAILPOINT: " + err.Error())
	}
	return name, n
}
