package doctor

import (
	"fmt"

	"golang.org/x/sys/windows"
)

// freeSpace returns the bytes that this user may still write to the disk of a folder.
func freeSpace(folder string) (uint64, error) {
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

// limits returns no finding: Windows has no limits of a user.
func limits(int) []Finding { return nil }
