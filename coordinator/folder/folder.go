package folder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/google/uuid"

	"spiqsweep/proto/credentials"
	"spiqsweep/simulator/inputfile"
)

// The files of an output folder.
const (
	resultsFile      = "results.csv"
	summaryFile      = "summary.csv"
	comparisonFile   = "comparison.csv"
	axesFile         = "axes.csv"
	attemptsFile     = "attempts.csv"
	completenessFile = "completeness.json" // of results.csv
	figuresFolder    = "figures"
	modelsFolder     = "models"
	GridFile         = "sweep.hcl"
	storeFile        = "sweep.db"
	IdentityFile     = "sweep.id"
	WorkerFile       = "worker.json"
	OperatorFile     = "operator.json"
	AuthorityFile    = "ca.pem"
	AuthorityKeyFile = "ca-key.pem"
	lockFile         = ".lock"
)

// storeFiles are the files of a store in the folder, which SQLite writes in place.
var storeFiles = []string{storeFile, storeFile + "-wal", storeFile + "-shm", storeFile + "-journal", storeFile + ".owner"}

// ownFiles are the files that a coordinator cannot do without: it reads them, locks
// them or writes them before the sweep runs.
var ownFiles = append([]string{
	lockFile, IdentityFile, GridFile, runFile, StoreURLFile, CoordinatorFile,
	WorkerFile, OperatorFile, AuthorityFile, AuthorityKeyFile,
}, storeFiles...)

// folder is the output folder of a sweep: a view of the store, but for the
// sweep's identity, the credentials and (by default) the store itself.
type Folder string

func (f Folder) Path(elements ...string) string {
	return filepath.Join(append([]string{string(f)}, elements...)...)
}

// missing is the topmost folder of the path that does not exist, "" if all do.
// A file in its place is an error.
func (f Folder) Missing() (missing string, err error) {
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

// checkOwnFiles refuses a folder in which something else than a regular file has
// the name of a file that a coordinator needs: what is written or locked there
// would be somewhere else.
func (f Folder) checkOwnFiles() error {
	for _, name := range ownFiles {
		if kind := f.irregular(name); kind != "" {
			return BadInput("output folder %s: %s is %s where a coordinator keeps a file of its own: move it away, or name another folder with --out", f, name, kind)
		}
	}
	return nil
}

// irregular says what has a name in the folder; "" for a regular file or nothing.
func (f Folder) irregular(name string) string {
	info, err := os.Lstat(f.Path(name))
	switch {
	case err != nil || info.Mode().IsRegular():
		return ""
	case info.IsDir():
		return "a directory"
	case info.Mode()&os.ModeSymlink != 0:
		return "a symbolic link"
	default:
		return "neither a file nor a folder"
	}
}

// checkForeign refuses a folder that holds other people's files: a sweep would
// write among them, and over some. Hidden files are no hindrance, nor is what a
// coordinator leaves that was killed before its sweep had an identity.
func (f Folder) CheckForeign() error {
	switch id, err := f.Identity(); {
	case err != nil:
		return &InputError{err}
	case id != "":
		return nil
	}
	entries, err := os.ReadDir(string(f))
	if err != nil {
		return &InputError{fmt.Errorf("output folder: %w", err)}
	}
	if f.LostIdentity() {
		return nil // the sweep is looked for in the store
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || slices.Contains(storeFiles, name) {
			continue
		}
		if f.Serves() {
			return BadInput("output folder %s is of `coordinator serve`: submit a sweep to it with --coordinator %s, or name another folder with --out",
				f, f.Path(OperatorFile))
		}
		return BadInput("output folder %s holds %s but no sweep: name a new or empty folder with --out", f, name)
	}
	return nil
}

// checkForeignServer is checkForeign for `serve`, which may work in the folder of a sweep.
func (f Folder) CheckForeignServer() error {
	if f.Serves() {
		return nil
	}
	return f.CheckForeign()
}

// lostIdentity reports whether the folder is that of a sweep, but for its sweep.id.
func (f Folder) LostIdentity() bool {
	return !f.Has(IdentityFile) && f.Has(GridFile) && (f.Has(storeFile) || f.Has(StoreURLFile) || f.Has(CoordinatorFile))
}

// identity returns the ID of the folder's sweep, or "" if there is none yet.
func (f Folder) Identity() (string, error) {
	body, err := inputfile.Read(f.Path(IdentityFile), maxNoteBytes)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the sweep's identity: %w", err)
	}
	id := strings.TrimSpace(string(body))
	if _, err := uuid.Parse(id); err != nil {
		return "", fmt.Errorf("read the sweep's identity from %s: %.80q: %w: `%s` names the sweeps of the folder's store; write the ID of this one into the file",
			f.Path(IdentityFile), id, err, CommandLine("coordinator", "list", "--out", string(f)))
	}
	return id, nil
}

// setIdentity makes a sweep the folder's.
func (f Folder) SetIdentity(id string) error {
	return f.write(IdentityFile, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, id)
		return err
	})
}

// whereabouts describes where the folder is; nil if the system does not tell.
func (f Folder) Location() *credentials.Folder {
	host, err := os.Hostname()
	if err != nil {
		return nil
	}
	path, err := filepath.Abs(string(f))
	if err != nil {
		return nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return nil
	}
	return &credentials.Folder{Host: host, Path: path, Inode: inodeOf(info)}
}

// isFolder reports whether a folder is the one that was described: at the same path
// of the same machine, or the same one moved or mounted elsewhere. A copy is not.
func (f Folder) Is(described credentials.Folder) bool {
	info, err := os.Stat(string(f))
	if err != nil {
		return false
	}
	if inode := inodeOf(info); inode != 0 && inode == described.Inode {
		return true
	}
	there, err := os.Stat(described.Path)
	host, unnamed := os.Hostname()
	return err == nil && unnamed == nil && host == described.Host && os.SameFile(info, there)
}
