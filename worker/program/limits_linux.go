package program

import (
	"fmt"
	"io"
	"os"
	"syscall"
)

// LeastAddressSpace is the smallest limit of the address space, in bytes, under
// which the programs start. Go reserves more than a gigabyte of addresses, of which
// it uses some percent, and threads and files add to it; a reservation that fails
// later ends the program with a trace of Go's in the middle of its work.
const LeastAddressSpace = 2_500_000_000

// RequireAddressSpace ends the program, with one sentence and the exit code of bad
// usage, if it is started under a smaller limit. Call it before anything else: under
// some 1.3 GB, Go may fail even before.
func RequireAddressSpace(name string, stderr io.Writer) {
	var limit syscall.Rlimit
	if syscall.Getrlimit(syscall.RLIMIT_AS, &limit) != nil {
		return // unknown: try
	}
	if sentence := addressSpace(limit.Cur); sentence != "" {
		fmt.Fprintf(stderr, "%s: %s\n", name, sentence)
		os.Exit(2)
	}
}

// addressSpace says what is wrong with a limit in bytes, or returns "".
func addressSpace(limit uint64) string {
	if limit >= LeastAddressSpace {
		return ""
	}
	return fmt.Sprintf("the limit of the address space is %.1f GB (ulimit -v, or h_vmem of Grid Engine): it must be 2.5 GB or more, "+
		"though a process uses some 100 MB of memory: raise it, or limit the resident memory instead", float64(limit)/1e9)
}
