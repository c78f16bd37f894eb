package folder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"

	"spiqsweep/simulator/inputfile"
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

// writeError is a failure to write a file of the folder.
type writeError struct {
	path  string
	cause error
}

func (e *writeError) Error() string { return "write " + e.path + ": " + e.reason() }

func (e *writeError) Unwrap() error { return e.cause }

// reason returns the cause without the path of the file, with the fix if one is known.
func (e *writeError) reason() string {
	reason := strings.TrimPrefix(e.cause.Error(), "write "+e.path+": ")
	if advice := inputfile.AdviseWrite(e.path, e.cause); advice != "" {
		reason += ": " + advice
	}
	return reason
}

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
		return &writeError{place, fmt.Errorf("%s is %s", filepath.Dir(place), kind)}
	}
	if filepath.Dir(name) == "." {
		if err := checkRemovable(f.Path(lockFile)); err != nil {
			return &writeError{place, err}
		}
	}
	draft, err := atomicfile.Fill(place, mode, sync, func(w io.Writer) error { return recovering(func() error { return fill(w) }) })
	if err != nil {
		return &writeError{place, err}
	}
	if err := f.put(draft, name); err != nil {
		return &writeError{place, err}
	}
	return nil
}

// put renames a draft to the name of its file, or to NAME.new.EXT, or removes it.
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
		if err.Error() != cause.Error() {
			cause = fmt.Errorf("%w; and for %s: %w", cause, substitute, err)
		}
		return atomicfile.Discard(draft, cause)
	}
	return &NotReplacedError{WrittenTo: f.Path(substitute), Cause: cause}
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

// checkChangeable returns an error unless this process can create, rename and remove
// files in a folder: in one that can only grow, drafts would pile up.
func (f Folder) checkChangeable(name string) error {
	path := f.Path(name)
	found, err := tryRemoval(path)
	if err == nil && !found {
		var draft string
		if draft, err = atomicfile.Fill(filepath.Join(path, completenessFile), private, false, func(io.Writer) error { return nil }); err == nil {
			if err = os.Remove(draft); err != nil {
				err = fmt.Errorf("%w; %s stays", reasonOf(err), draft)
			}
		}
	}
	if err == nil {
		return nil
	}
	return fmt.Errorf("its files cannot be replaced: %w", inputfile.Explain(path, reasonOf(err)))
}

// tryRemoval applies checkRemovable to the first files of a folder until one could be
// removed. It reports whether there are files, with the reason if none could be.
func tryRemoval(path string) (found bool, err error) {
	folder, err := os.Open(path)
	if err != nil {
		return false, err
	}
	defer folder.Close()
	entries, err := folder.ReadDir(16)
	if err != nil && !errors.Is(err, io.EOF) {
		return false, err
	}
	err = nil
	for _, entry := range entries {
		if !entry.Type().IsRegular() {
			continue
		}
		if found, err = true, checkRemovable(filepath.Join(path, entry.Name())); err == nil {
			break
		}
	}
	return found, err
}

// reasonOf returns the system's reason of an error of the file system, without the path.
func reasonOf(err error) error {
	if at := (*os.PathError)(nil); errors.As(err, &at) {
		return at.Err
	}
	return err
}

// written matches the names of the files that this package and proto/credentials write
// by a rename.
var written = regexp.MustCompile(`^(results|summary|comparison|axes|claims|attempts|completeness|sweep|run|store|worker|operator|coordinator|ca|ca-key|S?[0-9]+(-[^/]*)?|[0-9a-f]{64})\.(csv|md|json|hcl|id|url|pem|svg|pdf|png)$`)

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
