package folder

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"unicode"

	"spiqsweep/proto/credentials"
	"spiqsweep/simulator/inputfile"
)

// CoordinatorFile holds operator credentials of the remote coordinator that the sweep was
// submitted to.
const CoordinatorFile = "coordinator.json"

// StoreURLFile holds the URL of the store, if it is not in the folder. Only its owner can
// read it, since the URL may contain a password.
const StoreURLFile = "store.url"

// maxNoteBytes bounds the size of files that hold one value.
const maxNoteBytes = 1 << 16

// StoreURL returns the URL of the store: the given one, else the recorded one, else
// that of sweep.db in the folder.
func (f Folder) StoreURL(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if !f.Has(StoreURLFile) {
		return f.Path(storeFile), nil
	}
	body, err := inputfile.Read(f.Path(StoreURLFile), maxNoteBytes)
	if err != nil {
		return "", &InputError{fmt.Errorf("read the URL of the store: %w", err)}
	}
	url := strings.TrimSpace(string(body))
	if url == "" || strings.ContainsFunc(url, unicode.IsControl) {
		return "", BadInput("%s must hold one line, the path or the URL of the store: correct it, or name the store with --store", f.Path(StoreURLFile))
	}
	return url, nil
}

// StoreSource returns " (from …)" with the file that names the store, or "" if the user or
// the folder alone does.
func (f Folder) StoreSource(given string) string {
	if given != "" || !f.Has(StoreURLFile) {
		return ""
	}
	return " (from " + f.Path(StoreURLFile) + ")"
}

// Unopened explains why the store, the given one or that of the folder, could not be
// opened. The error keeps fs.ErrNotExist.
func (f Folder) Unopened(given string, err error) error {
	source := f.StoreSource(given)
	fix := "name the folder of a sweep with --out, or the store with --store"
	switch {
	case !errors.Is(err, fs.ErrNotExist):
		return BadInput("open the store%s: %w", source, err)
	case source != "":
		fix = "put the store back, correct " + f.Path(StoreURLFile) + ", or name the store with --store"
	case given != "":
		fix = "name another with --store"
	case f.Has(IdentityFile):
		fix = "put it back, or name the store with --store"
	}
	return BadInput("open the store%s: %w: %s", source, err, fix)
}

// RecordStore records the URL of a store for later commands, which may run in another
// working directory. It does nothing if the URL is "".
func (f Folder) RecordStore(given string) error {
	if given == "" {
		return nil
	}
	if !strings.Contains(given, "://") {
		path, err := filepath.Abs(given)
		if err != nil {
			return fmt.Errorf("record the store: %w", err)
		}
		given = path
	}
	return f.writePrivate(StoreURLFile, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, given)
		return err
	})
}

// Coordinator returns operator credentials of the remote coordinator that runs the
// sweep of the folder, or the zero value.
func (f Folder) Coordinator() (credentials.File, error) {
	if !f.Has(CoordinatorFile) {
		return credentials.File{}, nil
	}
	file, err := credentials.Load(f.Path(CoordinatorFile))
	if err != nil {
		return credentials.File{}, &InputError{fmt.Errorf("%w; or run the sweep's grid again with --coordinator and its operator.json, which writes %s anew", err, CoordinatorFile)}
	}
	return file, nil
}

// Serves reports whether a server has used the folder.
func (f Folder) Serves() bool { return f.Has(OperatorFile) }

// Has reports whether the folder holds a file of that name.
func (f Folder) Has(name string) bool {
	_, err := os.Stat(f.Path(name))
	return err == nil
}
