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

// What a coordinator may replace in its output folder is settled here: regular
// files, by a rename. Anything else that has the name of a table, a figure or a
// model is left alone, as is a file that the system does not let it replace: the
// new content goes beside it, as NAME.new.EXT, and the run says so at its end.

// Who may read a file: all whom the umask lets, or its owner alone.
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

// write makes a file whole or leaves the old one: it is filled beside its place,
// then renamed. If the file cannot be replaced, the error is a *NotReplacedError.
func (f Folder) write(name string, fill func(io.Writer) error) error {
	return f.replace(name, public, true, fill)
}

// writePrivate is write for a file that its owner alone can read.
func (f Folder) writePrivate(name string, fill func(io.Writer) error) error {
	return f.replace(name, private, true, fill)
}

// writeUnsynced is write for files that are made again at every start: after a
// power cut, one may be empty until then.
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

// put renames a draft to the name of its file, or to one beside it.
func (f Folder) put(draft, name string) error {
	extension := filepath.Ext(name)
	beside := strings.TrimSuffix(name, extension) + ".new" + extension
	cause := f.rename(draft, name)
	if cause == nil {
		if f.irregular(beside) == "" { // of a run that could not replace the file
			_ = os.Remove(f.Path(beside))
		}
		return nil
	}
	if err := f.rename(draft, beside); err != nil {
		return fmt.Errorf("write %s: %w", f.Path(name), errors.Join(cause, err))
	}
	return fmt.Errorf("write %s: %w", f.Path(name), &NotReplacedError{WrittenTo: f.Path(beside), Cause: cause})
}

// rename puts a draft in the place of a regular file, or of none.
func (f Folder) rename(draft, name string) error {
	if kind := f.irregular(name); kind != "" {
		return errors.New("it is " + kind)
	}
	err := os.Rename(draft, f.Path(name))
	if linked := (*os.LinkError)(nil); errors.As(err, &linked) {
		return linked.Err // the draft's name tells nobody anything
	}
	return err
}

// written matches the names of the files that are written by a rename: here, and in
// proto/credentials.
var written = regexp.MustCompile(`^(results|summary|comparison|axes|attempts|completeness|sweep|run|store|worker|operator|coordinator|ca|ca-key|S1[^/]*|[0-9a-f]{64})\.(csv|json|hcl|id|url|pem|svg|pdf|png)$`)

// oldDraft matches the names that earlier versions gave to drafts of credentials.
var oldDraft = regexp.MustCompile(`^((worker|operator|coordinator)\.json|ca(-key)?\.pem)\.[0-9]+\.tmp$`)

// removeDrafts removes what writers left behind that were killed. The folder must
// be locked.
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
