//go:build unix

package inputfile

import (
	"io/fs"
	"syscall"

	"golang.org/x/sys/unix"
)

// CheckWritable returns the system's reason why this process cannot write to the file,
// or create files in the folder, at path; nil if it can. It changes nothing.
func CheckWritable(path string) error { return unix.Access(path, unix.W_OK) }

// ownerOf returns the user ID of a file's owner, if the system reports it.
func ownerOf(info fs.FileInfo) (id int, known bool) {
	if stat, ok := info.Sys().(*syscall.Stat_t); ok {
		return int(stat.Uid), true
	}
	return 0, false
}
