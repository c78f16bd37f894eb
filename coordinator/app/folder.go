package app

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/google/uuid"

	"spiqsweep/simulator/inputfile"
)

// The files of an output folder.
const (
	resultsFile      = "results.csv"
	summaryFile      = "summary.csv"
	comparisonFile   = "comparison.csv"
	attemptsFile     = "attempts.csv"
	completenessFile = "completeness.json" // of results.csv
	figuresFolder    = "figures"
	modelsFolder     = "models"
	gridFile         = "sweep.hcl"
	storeFile        = "sweep.db"
	identityFile     = "sweep.id"
	workerFile       = "worker.json"
	operatorFile     = "operator.json"
	authorityFile    = "ca.pem"
	authorityKeyFile = "ca-key.pem"
	lockFile         = ".lock"
)

// lockAgain is the pause before a lock that others have is tried again.
const lockAgain = 20 * time.Millisecond

// ErrInUse says that another coordinator works in the folder.
var ErrInUse = errors.New("in use by another coordinator")

// folder is the output folder of a sweep: a view of the store, but for the
// sweep's identity, the credentials and (by default) the store itself.
type folder string

func (f folder) path(elements ...string) string {
	return filepath.Join(append([]string{string(f)}, elements...)...)
}

// missing is the topmost folder of the path that does not exist, "" if all do.
// A file in its place is an error.
func (f folder) missing() (missing string, err error) {
	for path := filepath.Clean(string(f)); ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.IsDir():
			return "", fmt.Errorf("%s is a file", path)
		case err == nil:
			return missing, nil
		case !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
			return "", err
		}
		missing = path
	}
}

// spares refuses a folder that holds other people's files: a sweep would write
// among them, and over some. What a coordinator leaves that was killed before
// its sweep had an identity is no hindrance, nor are hidden files.
func (f folder) spares() error {
	if id, err := f.identity(); id != "" || err != nil {
		return err
	}
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return &InputError{fmt.Errorf("output folder: %w", err)}
	}
	for _, entry := range entries {
		if name := entry.Name(); !strings.HasPrefix(name, ".") && !strings.HasPrefix(name, storeFile) {
			return badInput("output folder %s holds %s but no sweep: name a new or empty folder with --out", f, name)
		}
	}
	return nil
}

// sparesServer refuses a folder that holds other people's files likewise. That of
// a sweep may be served.
func (f folder) sparesServer() error {
	if f.serves() {
		return nil
	}
	return f.spares()
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
		time.Sleep(lockAgain)
	}
}

// lock creates the folder if need be and takes it for this process, until the
// returned file is closed or the process ends, however it ends.
func (f folder) lock() (io.Closer, error) {
	if err := os.MkdirAll(string(f), 0o777); err != nil {
		return nil, fmt.Errorf("create the output folder: %w: give another with --out", err)
	}
	file, err := lockExclusively(f.path(lockFile))
	switch {
	case errors.Is(err, ErrInUse):
		return nil, fmt.Errorf("lock the output folder %s: %w", f, err)
	case err != nil:
		return nil, fmt.Errorf("lock the output folder %s: %w: give another with --out", f, err)
	}
	return file, nil
}

// identity returns the ID of the folder's sweep, or "" if there is none yet.
func (f folder) identity() (string, error) {
	body, err := inputfile.Read(f.path(identityFile), maxNoteBytes)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the sweep's identity: %w", err)
	}
	id := strings.TrimSpace(string(body))
	if _, err := uuid.Parse(id); err != nil {
		return "", fmt.Errorf("read the sweep's identity from %s: %q: %w", f.path(identityFile), id, err)
	}
	return id, nil
}

// newIdentity gives the folder a new sweep.
func (f folder) newIdentity() (string, error) {
	id := uuid.NewString()
	err := f.write(identityFile, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, id)
		return err
	})
	return id, err
}

// write makes a file whole or leaves the old one: it is filled beside its
// place, then renamed. A file that cannot be replaced, since another program
// holds it open, is left alone; the new content stays beside it, and the error
// is a *BesideError.
func (f folder) write(name string, fill func(io.Writer) error) error {
	return f.writeAs(name, public, fill)
}

// Who may read a file: everybody, or its owner alone.
const (
	public  os.FileMode = 0o644
	private os.FileMode = 0o600
)

func (f folder) writeAs(name string, mode os.FileMode, fill func(io.Writer) error) error {
	return f.replace(name, mode, fill, (*os.File).Sync)
}

// writeUnsynced is write for files that are made again at every start: after a
// power cut, one may be empty until then.
func (f folder) writeUnsynced(name string, fill func(io.Writer) error) error {
	return f.replace(name, public, fill, func(*os.File) error { return nil })
}

func (f folder) replace(name string, mode os.FileMode, fill func(io.Writer) error, sync func(*os.File) error) (err error) {
	place := f.path(name)
	defer func() {
		if err != nil {
			err = fmt.Errorf("write %s: %w", place, err)
		}
	}()
	draft, err := os.CreateTemp(filepath.Dir(place), "."+filepath.Base(place)+".*")
	if err != nil {
		return err
	}
	defer os.Remove(draft.Name()) // after the rename there is nothing of that name
	buffered := bufio.NewWriterSize(draft, 1<<16)
	err = errors.Join(fill(buffered), buffered.Flush(), draft.Chmod(mode), sync(draft), draft.Close())
	if err != nil {
		return err
	}
	if err := os.Rename(draft.Name(), place); err != nil {
		return f.writeBeside(draft.Name(), place, err)
	}
	return nil
}

// BesideError says that a file could not be replaced and where its new content is.
type BesideError struct {
	Beside string
	Cause  error
}

func (e *BesideError) Error() string {
	return fmt.Sprintf("it cannot be replaced (%v): the new content is in %s", e.Cause, e.Beside)
}

func (e *BesideError) Unwrap() error { return e.Cause }

func (f folder) writeBeside(draft, place string, cause error) error {
	extension := filepath.Ext(place)
	beside := strings.TrimSuffix(place, extension) + ".new" + extension
	if err := os.Rename(draft, beside); err != nil {
		return errors.Join(cause, err)
	}
	return &BesideError{Beside: beside, Cause: cause}
}
