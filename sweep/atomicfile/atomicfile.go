package atomicfile

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"time"
)

// Write replaces the file at path with body, after body has reached the disk. The
// mode is that of the new file, less the umask. If Write fails, an old file stays
// as it was.
func Write(path string, mode fs.FileMode, body []byte) error {
	return Stream(path, mode, func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	})
}

// Stream is Write of what fill writes.
func Stream(path string, mode fs.FileMode, fill func(io.Writer) error) error {
	draft, err := Fill(path, mode, true, fill)
	if err != nil {
		return err
	}
	if err := os.Rename(draft, path); err != nil {
		return Discard(draft, ofFile(path, draft, err))
	}
	return nil
}

// Discard removes a draft that could not become its file, and returns the reason, which
// names the draft if it stays.
func Discard(draft string, reason error) error {
	if os.Remove(draft) != nil {
		return fmt.Errorf("%w; %s cannot be removed either", reason, draft)
	}
	return reason
}

// ofFile replaces an error of the file system for a draft with one for its file.
func ofFile(path, draft string, err error) error {
	var linked *os.LinkError
	var at *fs.PathError
	switch {
	case errors.As(err, &linked) && linked.Old == draft:
		return &fs.PathError{Op: "write", Path: path, Err: linked.Err}
	case errors.As(err, &at) && at.Path == draft:
		return &fs.PathError{Op: "write", Path: path, Err: at.Err}
	default:
		return err
	}
}

// Fill writes what fill writes to a new draft next to path and returns the draft's
// path, for the caller to rename or to remove. If Fill fails, there is no draft.
// Without sync, the draft may be empty after a power failure.
func Fill(path string, mode fs.FileMode, sync bool, fill func(io.Writer) error) (draft string, err error) {
	file, err := create(path, mode)
	if err != nil {
		return "", err
	}
	buffered := bufio.NewWriterSize(file, 1<<16)
	err = fill(buffered)
	if err == nil {
		err = buffered.Flush()
	}
	if err == nil && sync {
		err = file.Sync()
	}
	if closed := file.Close(); err == nil {
		err = closed
	}
	if err != nil {
		return "", Discard(file.Name(), ofFile(path, file.Name(), err))
	}
	return file.Name(), nil
}

// create opens a new draft next to path.
func create(path string, mode fs.FileMode) (*os.File, error) {
	for {
		name := fmt.Sprintf(".%s.%d", filepath.Base(path), rand.Uint64())
		draft := filepath.Join(filepath.Dir(path), name)
		file, err := os.OpenFile(draft, os.O_RDWR|os.O_CREATE|os.O_EXCL, mode)
		if err == nil {
			return file, nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, ofFile(path, draft, err)
		}
	}
}

// abandonedAfter is how long a draft must be unchanged before RemoveDrafts removes it: long
// enough that no process still writes it.
const abandonedAfter = time.Hour

// RemoveDrafts removes drafts in a folder that killed processes left for files with the
// given kind of name: those that nobody has changed for an hour. Other processes may
// write to the folder. Drafts that cannot be removed stay.
func RemoveDrafts(folder string, isTarget func(name string) bool) {
	entries, _ := os.ReadDir(folder)
	for _, entry := range entries {
		target := Target(entry.Name())
		if target == "" || !isTarget(target) || !entry.Type().IsRegular() {
			continue
		}
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > abandonedAfter {
			_ = os.Remove(filepath.Join(folder, entry.Name()))
		}
	}
}

var draftName = regexp.MustCompile(`^\.(.+)\.[0-9]+$`)

// Target returns the name of the file that a draft with this name was written for,
// or "" if the name is not that of a draft.
func Target(name string) string {
	if match := draftName.FindStringSubmatch(name); match != nil {
		return match[1]
	}
	return ""
}
