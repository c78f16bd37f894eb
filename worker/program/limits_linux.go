package program

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// LeastAddressSpace is the smallest limit of the address space, in bytes, under which the
// programs start. Go reserves more than 1 GB of addresses, and crashes if a later reservation
// fails.
const LeastAddressSpace = 2_500_000_000

// LeastThreads is the smallest limit of a user's processes and threads under which the programs
// start. A coordinator with a local worker has about twenty threads, and Go crashes if it cannot
// start another.
const LeastThreads = 32

// RequireLimits exits with a message and code 2 if the limits of the system are too small. It
// must be called first: with less than about 1.3 GB of address space, Go may crash earlier.
func RequireLimits(name string, stderr io.Writer) {
	sentence := ""
	var limit unix.Rlimit
	if unix.Getrlimit(unix.RLIMIT_AS, &limit) == nil { // else unknown: try
		sentence = addressSpace(limit.Cur)
	}
	if sentence == "" && os.Geteuid() != 0 && unix.Getrlimit(unix.RLIMIT_NPROC, &limit) == nil {
		sentence = threads(limit.Cur)
	}
	if sentence != "" {
		fmt.Fprintf(stderr, "%s: %s\n", name, sentence)
		os.Exit(2)
	}
}

// threads returns why a limit is too small, or "".
func threads(limit uint64) string {
	if limit >= LeastThreads {
		return ""
	}
	return fmt.Sprintf("the limit of processes and threads is %d (ulimit -u): it must be %d or more, and ten more for each local worker", limit, LeastThreads)
}

// addressSpace returns why a limit in bytes is too small, or "".
func addressSpace(limit uint64) string {
	if limit >= LeastAddressSpace {
		return ""
	}
	return fmt.Sprintf("the limit of the address space is %.1f GB (ulimit -v, or h_vmem of Grid Engine): it must be 2.5 GB or more, "+
		"though a process uses some 100 MB of memory: raise it, or limit the resident memory instead", float64(limit)/1e9)
}
