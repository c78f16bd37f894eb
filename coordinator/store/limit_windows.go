package store

import (
	"fmt"
	"math"

	"golang.org/x/sys/windows"
)

// fileSizeLimit returns math.MaxUint64: Windows has no such limit.
func fileSizeLimit() uint64 { return math.MaxUint64 }

// FreeSpace returns the bytes that this user may still write to the disk of a folder.
func FreeSpace(folder string) (uint64, error) {
	path, err := windows.UTF16PtrFromString(folder)
	if err != nil {
		return 0, err
	}
	var free uint64
	if err := windows.GetDiskFreeSpaceEx(path, &free, nil, nil); err != nil {
		return 0, fmt.Errorf("read the free space: %w", err)
	}
	return free, nil
}
