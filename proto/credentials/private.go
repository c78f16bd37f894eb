package credentials

import (
	"os"
	"runtime"

	"spiqsweep/sweep/atomicfile"
)

// writePrivate replaces the file at path with one that only its owner can read.
func writePrivate(path string, body []byte) error { return atomicfile.Write(path, 0o600, body) }

// Exposed says what is wrong with a credentials file that others than its owner
// can read, and what mends it; "" if nothing is, or the system does not tell.
func Exposed(path string) string {
	if !exposed(path) {
		return ""
	}
	return path + " can be read by others, who may act with its token: `chmod 600 " + path + "`"
}

func exposed(path string) bool {
	info, err := os.Stat(path)
	return err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0
}
