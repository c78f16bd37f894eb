//go:build unix

package inputfile

import (
	"io/fs"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// CheckWritable returns the system's reason why this process cannot write to the file,
// or create files in the folder, at path; nil if it can. It changes nothing.
func CheckWritable(path string) error {
	if err := unix.Access(path, unix.W_OK); err != nil {
		return err
	}
	// The system allows access to an append-only file, but not to write at any place of it.
	if info, err := os.Stat(path); err == nil && info.Mode().IsRegular() && isUnchangeable(path) {
		return syscall.EPERM
	}
	return nil
}

// ownerOf returns the user ID of a file's owner, if the system reports it.
func ownerOf(info fs.FileInfo) (id int, known bool) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid), true
	}
	return 0, false
}
