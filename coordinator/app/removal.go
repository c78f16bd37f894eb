package app

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	"spiqsweep/coordinator/store"
)

// openFile is the SQLite file that a store has open; the zero value is none.
// Who removes it does not disturb the store: what is written goes nowhere.
type openFile struct {
	path string
	info os.FileInfo
}

// newOpenFile is the file of a store that has just been opened.
func newOpenFile(url string) openFile {
	if store.Shared(url) {
		return openFile{}
	}
	path := strings.TrimPrefix(url, "sqlite://")
	info, err := os.Stat(path)
	if err != nil {
		return openFile{}
	}
	return openFile{path, info}
}

// removed says whether another file, or none, is in its place by now.
func (f openFile) removed() bool {
	if f.info == nil {
		return false
	}
	info, err := os.Stat(f.path)
	return os.IsNotExist(err) || err == nil && !os.SameFile(f.info, info)
}

// storeRemoved adds to how a run has ended that its store is gone.
func (a *App) storeRemoved(last Progress, err error) error {
	removed := fmt.Sprintf("the store %s was removed while the sweep ran", a.host.file.path)
	switch {
	case err == nil:
		return fmt.Errorf("%s: the tables in %s are complete, but nothing can be resumed or verified", removed, a.folder)
	case errors.Is(err, context.Canceled):
		return fmt.Errorf("%s: interrupted with %d of %d tasks done, and nothing can be resumed or verified", removed, last.Counts.Done, last.Counts.Planned)
	default:
		return errors.Join(err, errors.New(removed))
	}
}
