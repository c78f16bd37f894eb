package app

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"spiqsweep/proto/credentials"
	"spiqsweep/simulator/inputfile"
)

// coordinatorFile says where the folder's sweep was submitted to: the
// credentials of an operator there. A folder without it has its sweep in a store
// of its own.
const coordinatorFile = "coordinator.json"

// storeURLFile says where the store is that the folder was run with, if it is not
// its own. Its owner alone can read it: there may be a password in it.
const storeURLFile = "store.url"

// maxNoteBytes bounds the files of one line in the output folder.
const maxNoteBytes = 1 << 16

// storeURL is where the store is: as given, else as the folder remembers, else
// in the folder.
func (f folder) storeURL(given string) (string, error) {
	if given != "" {
		return given, nil
	}
	if !f.has(storeURLFile) {
		return f.path(storeFile), nil
	}
	body, err := inputfile.Read(f.path(storeURLFile), maxNoteBytes)
	if err != nil {
		return "", &InputError{fmt.Errorf("read where the store is: %w", err)}
	}
	return strings.TrimSpace(string(body)), nil
}

// rememberStore keeps the URL that was given, so that the next command needs not
// be told. A file is remembered from wherever that is started.
func (f folder) rememberStore(given string) error {
	if given == "" {
		return nil
	}
	if !strings.Contains(given, "://") {
		path, err := filepath.Abs(given)
		if err != nil {
			return fmt.Errorf("remember the store: %w", err)
		}
		given = path
	}
	return f.writePrivate(storeURLFile, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, given)
		return err
	})
}

// coordinator is who keeps the folder's sweep elsewhere: without a token, nobody.
func (f folder) coordinator() (credentials.File, error) {
	if !f.has(coordinatorFile) {
		return credentials.File{}, nil
	}
	file, err := credentials.Load(f.path(coordinatorFile))
	if err != nil {
		return credentials.File{}, &InputError{err}
	}
	return file, nil
}

// serves says whether a coordinator without a grid has been in the folder.
func (f folder) serves() bool { return f.has(operatorFile) }

func (f folder) has(name string) bool {
	_, err := os.Stat(f.path(name))
	return err == nil
}
