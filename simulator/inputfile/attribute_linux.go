package inputfile

import "golang.org/x/sys/unix"

// isUnchangeable reports whether a file or folder is immutable or append-only (chattr(1)).
func isUnchangeable(path string) bool {
	var s unix.Statx_t
	err := unix.Statx(unix.AT_FDCWD, path, 0, unix.STATX_BASIC_STATS, &s)
	return err == nil && s.Attributes&(unix.STATX_ATTR_IMMUTABLE|unix.STATX_ATTR_APPEND) != 0
}
