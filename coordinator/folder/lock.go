package folder

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"spiqsweep/simulator/inputfile"
)

// retryLockAfter is the pause before another attempt to take a lock.
const retryLockAfter = 20 * time.Millisecond

// ErrInUse reports that another coordinator uses the folder.
var ErrInUse = errors.New("in use by another coordinator")

// IsNew reports whether a locked folder holds the lock file alone.
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

// LockWithin is Lock, but waits for the lock.
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

// Lock locks the folder for this process, until the result is closed or the process ends.
// It creates the folder if it does not exist. Others cannot write to the folder, whatever
// the umask: it holds keys. It fails if files in the folder cannot be replaced.
func (f Folder) Lock() (io.Closer, error) {
	for {
		if err := os.MkdirAll(string(f), 0o755); err != nil {
			return nil, fmt.Errorf("create the output folder: %w", withFix(string(f), err))
		}
		if err := f.checkOwnFiles(); err != nil {
			return nil, err
		}
		file, err := lockExclusively(f.Path(lockFile))
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue // another process removed the folder
		case errors.Is(err, ErrInUse):
			return nil, fmt.Errorf("lock the output folder %s: %w", f, err)
		case err != nil:
			return nil, fmt.Errorf("lock the output folder %s: %w", f, withFix(f.Path(lockFile), err))
		case !sameFile(file, f.Path(lockFile)):
			// The last holder has removed the lock file: no other process would find it.
			_ = file.Close()
			continue
		}
		if err := checkRemovable(f.Path(lockFile)); err != nil {
			_ = file.Close()
			return nil, fmt.Errorf("output folder %s: its files cannot be replaced: %w", f, withFix(string(f), err))
		}
		return file, nil
	}
}

// withFix adds to an error of the file system at a path what the user can do about it.
func withFix(path string, err error) error {
	const another = "name another folder with --out"
	if errors.Is(err, syscall.EMFILE) || errors.Is(err, syscall.ENFILE) {
		return inputfile.Explain(path, err)
	}
	if advice := inputfile.Advise(path, err); advice != "" {
		return fmt.Errorf("%w: %s, or %s", err, advice, another)
	}
	return fmt.Errorf("%w: %s", err, another)
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
