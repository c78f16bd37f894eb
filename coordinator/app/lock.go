package app

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

// takeFolder locks the folder and opens the address, if others are to call here.
// A folder that does not exist is created only once the address is known to be good.
func (a *App) takeFolder() error {
	missing, err := a.folder.missing()
	if err != nil {
		return badInput("output folder %s: %w", a.folder, err)
	}
	if missing == "" {
		if err := a.folder.checkForeign(); err != nil {
			return err
		}
		if err := a.lockFolder(); err != nil {
			return err
		}
	}
	if a.host != nil {
		if err := a.host.openDoor(); err != nil {
			return err
		}
	}
	if missing != "" {
		if err := a.lockFolder(); err != nil {
			return err
		}
		if a.folder.isNew() {
			a.created = missing
		}
	}
	// Another coordinator may have worked in the folder since it was looked at.
	return a.folder.checkForeign()
}

func (a *App) lockFolder() error {
	lock, err := a.folder.lock()
	switch {
	case errors.Is(err, ErrInUse):
		return badInput("%w: see `%s`", err, CommandLine("coordinator", "status", "--out", a.Folder()))
	case err != nil:
		return &InputError{err}
	}
	a.lock = lock
	return nil
}

// isNew reports whether a folder that is locked holds the lock alone.
func (f folder) isNew() bool {
	entries, err := os.ReadDir(string(f))
	return err == nil && len(entries) == 1 && entries[0].Name() == lockFile
}

// undo leaves nothing of an Open that failed. The output folder is emptied while it
// is locked, and the lock goes last: a coordinator that waits for it finds that its
// lock is of a file that is gone. A folder that holds another sweep by now stays.
func (a *App) undo() {
	lock := a.lock
	a.lock = nil
	_ = a.Close()
	if lock == nil {
		return
	}
	if a.created != "" {
		a.removeCreated()
	}
	_ = lock.Close()
	if a.created != "" && runtime.GOOS == "windows" { // where a file that is open stays
		_ = errors.Join(os.Remove(a.folder.path(lockFile)), os.Remove(string(a.folder)))
	}
}

// removeCreated removes what the Open has made, and then the folders that are empty.
func (a *App) removeCreated() {
	entries, err := os.ReadDir(string(a.folder))
	if err != nil {
		return
	}
	for _, entry := range entries {
		if entry.Name() != lockFile {
			_ = os.RemoveAll(a.folder.path(entry.Name()))
		}
	}
	path := filepath.Clean(string(a.folder))
	fault := errors.Join(os.Remove(a.folder.path(lockFile)), os.Remove(path))
	for path != a.created && fault == nil {
		path = filepath.Dir(path)
		fault = os.Remove(path)
	}
}

// lockWithin is lock, for which it waits a little.
func (f folder) lockWithin(ctx context.Context, patience time.Duration) (io.Closer, error) {
	deadline := time.Now().Add(patience)
	for {
		lock, err := f.lock()
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
func (f folder) lock() (io.Closer, error) {
	for {
		if err := os.MkdirAll(string(f), 0o755); err != nil {
			return nil, fmt.Errorf("create the output folder: %w: give another with --out", err)
		}
		if err := f.checkOwnFiles(); err != nil {
			return nil, err
		}
		file, err := lockExclusively(f.path(lockFile))
		switch {
		case errors.Is(err, os.ErrNotExist):
			continue // the folder was removed since it was made
		case errors.Is(err, ErrInUse):
			return nil, fmt.Errorf("lock the output folder %s: %w", f, err)
		case err != nil:
			return nil, fmt.Errorf("lock the output folder %s: %w: give another with --out", f, err)
		case !sameFile(file, f.path(lockFile)):
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
