package folder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"spiqsweep/sweep/atomicfile"
)

// A coordinator replaces only regular files in its output folder, by a rename. If a
// table, a figure or a model is anything else, or the system does not let the
// coordinator replace it, the new content goes to NAME.new.EXT, and the run reports it.

// Modes of files, less the umask.
const (
	public  os.FileMode = 0o666
	private os.FileMode = 0o600
)

// NotReplacedError reports that a file could not be replaced, and where its new content is.
type NotReplacedError struct {
	WrittenTo string
	Cause     error
}

func (e *NotReplacedError) Error() string {
	return fmt.Sprintf("it cannot be replaced (%v): the new content is in %s", e.Cause, e.WrittenTo)
}

func (e *NotReplacedError) Unwrap() error { return e.Cause }

// write replaces a file whole or leaves the old one. If the file cannot be replaced, the
// error is a *NotReplacedError.
func (f Folder) write(name string, fill func(io.Writer) error) error {
	return f.replace(name, public, true, fill)
}

// writePrivate is write for a file that only its owner can read.
func (f Folder) writePrivate(name string, fill func(io.Writer) error) error {
	return f.replace(name, private, true, fill)
}

// writeUnsynced is write for files that every start writes again: after a power failure,
// the file may be empty until then.
func (f Folder) writeUnsynced(name string, fill func(io.Writer) error) error {
	return f.replace(name, public, false, fill)
}

func (f Folder) replace(name string, mode os.FileMode, sync bool, fill func(io.Writer) error) (err error) {
	place := f.Path(name)
	if kind := f.irregular(filepath.Dir(name)); filepath.Dir(name) != "." && kind != "" && kind != "a directory" {
		return fmt.Errorf("write %s: %s is %s", place, filepath.Dir(place), kind)
	}
	draft, err := atomicfile.Fill(place, mode, sync, func(w io.Writer) error { return recovering(func() error { return fill(w) }) })
	if err != nil {
		return fmt.Errorf("write %s: %w", place, err)
	}
	defer os.Remove(draft) // after the rename, no file has this name
	return f.put(draft, name)
}

// put renames a draft to the name of its file, or to NAME.new.EXT.
func (f Folder) put(draft, name string) error {
	extension := filepath.Ext(name)
	substitute := strings.TrimSuffix(name, extension) + ".new" + extension
	cause := f.rename(draft, name)
	if cause == nil {
		if f.irregular(substitute) == "" { // a leftover of a run that could not replace the file
			_ = os.Remove(f.Path(substitute))
		}
		return nil
	}
	if err := f.rename(draft, substitute); err != nil {
		return fmt.Errorf("write %s: %w", f.Path(name), errors.Join(cause, err))
	}
	return fmt.Errorf("write %s: %w", f.Path(name), &NotReplacedError{WrittenTo: f.Path(substitute), Cause: cause})
}

// rename renames a draft to a name that is a regular file or does not exist.
func (f Folder) rename(draft, name string) error {
	if kind := f.irregular(name); kind != "" {
		return errors.New("it is " + kind)
	}
	err := os.Rename(draft, f.Path(name))
	if linked := (*os.LinkError)(nil); errors.As(err, &linked) {
		return linked.Err // without the name of the draft
	}
	return err
}

// written matches the names of the files that this package and proto/credentials write
// by a rename.
var written = regexp.MustCompile(`^(results|summary|comparison|axes|attempts|completeness|sweep|run|store|worker|operator|coordinator|ca|ca-key|S1[^/]*|[0-9a-f]{64})\.(csv|json|hcl|id|url|pem|svg|pdf|png)$`)

// oldDraft matches the names that earlier versions gave to drafts of credentials.
var oldDraft = regexp.MustCompile(`^((worker|operator|coordinator)\.json|ca(-key)?\.pem)\.[0-9]+\.tmp$`)

// RemoveDrafts removes the drafts of processes that were killed. The folder must be
// locked.
func (f Folder) RemoveDrafts() {
	for _, name := range []string{".", figuresFolder, modelsFolder} {
		if kind := f.irregular(name); name != "." && kind != "a directory" {
			continue
		}
		entries, _ := os.ReadDir(f.Path(name))
		for _, entry := range entries {
			isDraft := written.MatchString(atomicfile.Target(entry.Name())) || oldDraft.MatchString(entry.Name())
			if isDraft && entry.Type().IsRegular() {
				_ = os.Remove(f.Path(name, entry.Name()))
			}
		}
	}
}
