//go:build unix

package store

import (
	"fmt"
	"math"

	"golang.org/x/sys/unix"
)

// fileSizeLimit returns the size in bytes beyond which this process cannot extend a file,
// math.MaxUint64 if there is none.
func fileSizeLimit() uint64 {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_FSIZE, &limit); err != nil || limit.Cur == unix.RLIM_INFINITY {
		return math.MaxUint64
	}
	return uint64(limit.Cur) //nolint:unconvert // an int64 on FreeBSD
}

// FreeSpace returns the bytes that this user may still write to the disk of a folder.
func FreeSpace(folder string) (uint64, error) {
	var s unix.Statfs_t
	if err := unix.Statfs(folder, &s); err != nil {
		return 0, fmt.Errorf("read the free space: %w", err)
	}
	return s.Bavail * uint64(s.Bsize), nil
}
