package folder

import (
	"errors"
	"os"
	"syscall"
)

// sharingViolation is ERROR_SHARING_VIOLATION.
const sharingViolation syscall.Errno = 32

// lockExclusively opens a file that one process at a time can hold, by sharing it with
// no other process. The system releases it when the process ends.
func lockExclusively(path string) (*os.File, error) {
	name, err := syscall.UTF16PtrFromString(path)
	if err != nil {
		return nil, err
	}
	handle, err := syscall.CreateFile(name, syscall.GENERIC_READ|syscall.GENERIC_WRITE, 0, nil,
		syscall.OPEN_ALWAYS, syscall.FILE_ATTRIBUTE_NORMAL, 0)
	if errors.Is(err, sharingViolation) {
		return nil, ErrInUse
	}
	if err != nil {
		return nil, &os.PathError{Op: "open", Path: path, Err: err}
	}
	return os.NewFile(uintptr(handle), path), nil
}

// checkRemovable returns nil: without removing a file, nothing is known.
func checkRemovable(string) error { return nil }

// fileID returns 0: Folder.Is compares paths alone.
func fileID(os.FileInfo) (inode, device uint64) { return 0, 0 }
