package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"time"
)

// retryLockAfter is the pause before a lock that others have is tried again.
const retryLockAfter = 20 * time.Millisecond

// ErrInUse reports that another coordinator works in the folder.
var ErrInUse = errors.New("in use by another coordinator")

// isNew reports whether a folder that is locked holds the lock alone.
func (f Folder) IsNew() bool {
	entries, err := os.ReadDir(string(f))
	return err == nil && len(entries) == 1 && entries[0].Name() == lockFile
}

// Undo removes what a failed start has made, and releases the lock. created is the
// topmost folder that the start created, or "" if the output folder existed before.
// The lock is released last: a coordinator that waits for it finds that its lock file
// was removed. A parent folder that another coordinator uses by now stays.
func (f Folder) Undo(lock io.Closer, created string) {
	if created != "" {
		f.removeCreated(created)
	}
	_ = lock.Close()
	if created != "" && runtime.GOOS == "windows" { // where an open file cannot be removed
		_ = errors.Join(os.Remove(f.Path(lockFile)), os.Remove(string(f)))
	}
}

// removeCreated empties the output folder and removes it and its empty parents, up to
// created.
func (f Folder) removeCreated(created string) {
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return
	}
	for _, entry := range entries {
		if entry.Name() != lockFile {
			_ = os.RemoveAll(f.Path(entry.Name()))
		}
	}
	path := filepath.Clean(string(f))
	fault := errors.Join(os.Remove(f.Path(lockFile)), os.Remove(path))
	for path != created && fault == nil {
		path = filepath.Dir(path)
		fault = os.Remove(path)
	}
}

// lockWithin is lock, for which it waits a little.
func (f Folder) LockWithin(ctx context.Context, patience time.Duration) (io.Closer, error) {
	deadline := time.Now().Add(patience)
	for {
		lock, err := f.Lock()
		if err == nil {
			return lock, nil
		}
		if !errors.Is(err, ErrInUse) || time.Now().After(deadline) || ctx.Err() != nil {
			return nil, &InputError{err}
		}
		time.Sleep(retryLockAfter)
	}
}

// lock creates the folder if need be and takes it for this process, until the
// returned file is closed or the process ends, however it ends. The folder is not
// writable by others, whatever the umask: it holds keys.
func (f Folder) Lock() (io.Closer, error) {
	for {
		if err := os.MkdirAll(string(f), 0o755); err != nil {
			return nil, fmt.Errorf("create the output folder: %w: give another with --out", err)
		}
		if err := f.checkOwnFiles(); err != nil {
			return nil, err
		}
		file, err := lockExclusively(f.Path(lockFile))
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue // the folder was removed since it was made
		case errors.Is(err, ErrInUse):
			return nil, fmt.Errorf("lock the output folder %s: %w", f, err)
		case err != nil:
			return nil, fmt.Errorf("lock the output folder %s: %w: give another with --out", f, err)
		case !sameFile(file, f.Path(lockFile)):
			// Its holder has removed the folder: the lock is of a file that nobody finds.
			_ = file.Close()
			continue
		}
		return file, nil
	}
}

// sameFile reports whether an open file is the one at a path.
func sameFile(file *os.File, path string) bool {
	open, err := file.Stat()
	if err != nil {
		return false
	}
	there, err := os.Lstat(path)
	return err == nil && os.SameFile(open, there)
}
