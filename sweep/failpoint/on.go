//go:build failpoint

package failpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
)

var (
	chosen = parse(os.Getenv("SPIQSWEEP_FAILPOINT"))
	visits atomic.Int64
)

// Reach kills or freezes the process, without any clean-up, if it is called for the
// chosen place and visit.
func Reach(name string) {
	if name != chosen.place || visits.Add(1) != chosen.visit {
		return
	}
	if chosen.freezes {
		freeze()
		return
	}
	if self, err := os.FindProcess(os.Getpid()); err == nil {
		_ = self.Kill()
	}
	select {} // the kill is asynchronous
}

// choice is the content of the environment variable.
type choice struct {
	place   string
	visit   int64
	freezes bool
}

func parse(setting string) choice {
	setting, freezes := strings.CutSuffix(setting, ":freeze")
	place, count, counted := strings.Cut(setting, "@")
	c := choice{place: place, visit: 1, freezes: freezes}
	if !counted {
		return c
	}
	n, err := strconv.ParseInt(count, 10, 64)
	if err != nil {
		panic("SPIQSWEEP_FAILPOINT: " + err.Error())
	}
	c.visit = n
	return c
}
