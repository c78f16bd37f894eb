package limits

import (
	"fmt"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// leastThreads is the smallest limit of a user's processes and threads under which the programs
// start. A coordinator with a local worker has about twenty threads, and Go crashes if it cannot
// start another.
const leastThreads = 32

// memoryLimit is a limit of the system on a kind of memory.
type memoryLimit struct {
	resource int
	least    uint64 // bytes under which the programs start
	name     string
	setBy    string // commands and options that set it
	remedy   string
}

// memoryLimits are those that the programs need. Go reserves more than 1 GB of addresses, and
// crashes if a later reservation fails. A coordinator that runs a small sweep writes to more than
// 130 MB of its data segment.
var memoryLimits = []memoryLimit{
	{
		unix.RLIMIT_AS, 2_500_000_000, "address space", "ulimit -v, or h_vmem of Grid Engine",
		"though a process uses some 100 MB of memory: raise it, or limit the resident memory instead",
	},
	{
		unix.RLIMIT_DATA, 200_000_000, "data segment", "ulimit -d, or h_data of Grid Engine",
		"and more for a large recording or sweep: raise it, or limit the resident memory instead",
	},
}

func init() {
	sentence := ""
	var limit unix.Rlimit
	for _, m := range memoryLimits {
		if sentence == "" && unix.Getrlimit(m.resource, &limit) == nil { // else unknown: try
			sentence = m.tooSmall(limit.Cur)
		}
	}
	if sentence == "" && os.Geteuid() != 0 && unix.Getrlimit(unix.RLIMIT_NPROC, &limit) == nil {
		sentence = threads(limit.Cur)
	}
	if sentence != "" {
		fmt.Fprintf(os.Stderr, "%s: %s\n", filepath.Base(os.Args[0]), sentence)
		os.Exit(2)
	}
}

// threads returns why a limit is too small, or "".
func threads(limit uint64) string {
	if limit >= leastThreads {
		return ""
	}
	return fmt.Sprintf("the limit of processes and threads is %d (ulimit -u): it must be %d or more, and ten more for each local worker", limit, leastThreads)
}

// tooSmall returns why a limit in bytes is too small, or "".
func (m memoryLimit) tooSmall(limit uint64) string {
	if limit >= m.least {
		return ""
	}
	return fmt.Sprintf("the limit of the %s is %d MB (%s): it must be %d MB or more, %s", m.name, limit/1e6, m.setBy, m.least/1e6, m.remedy)
}
