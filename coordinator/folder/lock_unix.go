//go:build unix

package folder

import (
	"errors"
	"os"
	"syscall"
)

// lockExclusively opens a file that one process at a time can hold. The system releases
// the lock when the process ends.
func lockExclusively(path string) (*os.File, error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		_ = file.Close()
		if errors.Is(err, syscall.EWOULDBLOCK) {
			return nil, ErrInUse
		}
		return nil, &os.PathError{Op: "flock", Path: path, Err: err}
	}
	return file, nil
}

// checkRemovable returns the system's reason why a file cannot be removed from its folder,
// nil if there is none. It removes nothing: the file is no folder, but Linux first checks
// whether the folder that holds it may change.
func checkRemovable(path string) error {
	err := syscall.Rmdir(path)
	if errors.Is(err, os.ErrPermission) || errors.Is(err, syscall.EROFS) {
		return err
	}
	return nil
}

// fileID returns the inode of a file and the device of its file system, or 0 if they are
// unknown. A file keeps its inode when it is moved within the file system; a copy has
// another one.
func fileID(info os.FileInfo) (inode, device uint64) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return stat.Ino, uint64(stat.Dev) //nolint:unconvert // an int32 on macOS
	}
	return 0, 0
}
