package credentials

import (
	"os"
	"path/filepath"
	"runtime"
)

// writePrivately makes a file that its owner alone can read: whole, in place of
// an old one, or not at all.
func writePrivately(path string, body []byte) (err error) {
	// CreateTemp gives mode 0600. A coordinator removes drafts of this name that a
	// killed one has left.
	draft, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+".*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			_ = draft.Close()
			_ = os.Remove(draft.Name())
		}
	}()
	if _, err := draft.Write(body); err != nil {
		return err
	}
	if err := draft.Sync(); err != nil {
		return err
	}
	if err := draft.Close(); err != nil {
		return err
	}
	return os.Rename(draft.Name(), path)
}

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
