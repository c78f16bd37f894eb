//go:build unix

package doctor

import (
	"fmt"

	"golang.org/x/sys/unix"
)

// limits checks the limit of open files. The programs check the others before they start.
func limits(workers int) []Finding {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		return nil
	}
	least := uint64(leastFiles + 8*workers)
	if limit.Cur < least {
		return []Finding{problem("open files", fmt.Sprintf("at most %d (ulimit -n)", limit.Cur), fmt.Sprintf("raise it to %d or more: ulimit -n %d", least, least))}
	}
	return []Finding{ok("open files", fmt.Sprintf("at most %d (ulimit -n)", limit.Cur))}
}
