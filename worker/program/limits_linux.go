package program

import (
	"fmt"
	"io"
	"os"

	"golang.org/x/sys/unix"
)

// LeastAddressSpace is the smallest limit of the address space, in bytes, under
// which the programs start. Go reserves more than a gigabyte of addresses, of which
// it uses some percent, and threads and files add to it; a reservation that fails
// later ends the program with a trace of Go's in the middle of its work.
const LeastAddressSpace = 2_500_000_000

// LeastThreads is the smallest limit of a user's processes and threads under which
// the programs start: a coordinator with a local worker has some twenty threads, and
// Go ends a program that cannot have another one.
const LeastThreads = 32

// RequireLimits ends the program, with one sentence and the exit code of bad usage,
// if it is started under limits that it cannot work with. Call it before anything
// else: under some 1.3 GB of address space, Go may fail even before.
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

// threads says what is wrong with a limit, or returns "".
func threads(limit uint64) string {
	if limit >= LeastThreads {
		return ""
	}
	return fmt.Sprintf("the limit of processes and threads is %d (ulimit -u): it must be %d or more, and ten more for each local worker", limit, LeastThreads)
}

// addressSpace says what is wrong with a limit in bytes, or returns "".
func addressSpace(limit uint64) string {
	if limit >= LeastAddressSpace {
		return ""
	}
	return fmt.Sprintf("the limit of the address space is %.1f GB (ulimit -v, or h_vmem of Grid Engine): it must be 2.5 GB or more, "+
		"though a process uses some 100 MB of memory: raise it, or limit the resident memory instead", float64(limit)/1e9)
}
