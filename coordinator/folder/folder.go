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
	claimsFile       = "claims.csv"
	claimsTextFile   = "claims.md"
	attemptsFile     = "attempts.csv"
	completenessFile = "completeness.json" // describes results.csv
	figuresFolder    = "figures"
	modelsFolder     = "models"
	GridFile         = "sweep.hcl"
	storeFile        = "sweep.db"
	IdentityFile     = "sweep.id"
	WorkerFile       = "worker.json"
	OperatorFile     = "operator.json"
	AuthorityFile    = "ca.pem"
	AuthorityKeyFile = "ca-key.pem"
	SlurmFolder      = "slurm" // scripts, logs and IDs of jobs: see package slurm
	lockFile         = ".lock"
)

// storeFiles are the files of a SQLite store in the folder. SQLite writes them in place.
var storeFiles = []string{storeFile, storeFile + "-wal", storeFile + "-shm", storeFile + "-journal", storeFile + ".owner"}

// ownFiles are the files that a coordinator needs: it reads, locks or writes them before
// the sweep runs.
var ownFiles = append([]string{
	lockFile, IdentityFile, GridFile, runFile, StoreURLFile, CoordinatorFile,
	WorkerFile, OperatorFile, AuthorityFile, AuthorityKeyFile,
}, storeFiles...)

// Folder is the path of the output folder of a sweep.
type Folder string

// Path returns the path of a file in the folder.
func (f Folder) Path(elements ...string) string {
	return filepath.Join(append([]string{string(f)}, elements...)...)
}

// Missing returns the topmost folder of the path that does not exist, or "" if all exist.
// It returns an *InputError, with the fix, if a part of the path is a file or if this user
// may not look into the folder.
func (f Folder) Missing() (missing string, err error) {
	for path := filepath.Clean(string(f)); ; path = filepath.Dir(path) {
		info, err := os.Stat(path)
		switch {
		case err == nil && !info.IsDir():
			kind := "is a file, not a folder"
			if !info.Mode().IsRegular() {
				kind = "is not a folder"
			}
			return "", BadInput("output folder %s: %s %s: %s", f, path, kind, instead(path))
		case err == nil && missing == "":
			if _, err := os.Stat(f.Path(IdentityFile)); errors.Is(err, os.ErrPermission) {
				return "", BadInput("output folder %s: %w", f, inputfile.Explain(f.Path(IdentityFile), err))
			}
			return "", nil
		case err == nil:
			return missing, nil
		case !errors.Is(err, os.ErrNotExist) && !errors.Is(err, syscall.ENOTDIR):
			return "", BadInput("output folder %s: %w", f, inputfile.Explain(path, err))
		}
		missing = path
	}
}

// instead returns what to give instead of a file's path as the output folder.
func instead(file string) string {
	switch holds := Folder(filepath.Dir(file)); {
	case holds.Has(IdentityFile):
		return fmt.Sprintf("give the folder of the sweep, --out %s", holds)
	case filepath.Ext(file) == ".hcl":
		return fmt.Sprintf("give a grid with --grid %s, and with --out the folder of its sweep", file)
	default:
		return "give the path of a folder with --out"
	}
}

// checkOwnFiles rejects a folder in which one of ownFiles is not a regular file: through
// a link, the coordinator would lock or write a file outside the folder.
func (f Folder) checkOwnFiles() error {
	for _, name := range ownFiles {
		if kind := f.irregular(name); kind != "" {
			return BadInput("output folder %s: %s is %s, and must be a regular file: move it away, or name another folder with --out", f, name, kind)
		}
	}
	return nil
}

// irregular describes what a name in the folder is, or returns "" for a regular file or
// nothing.
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

// CheckForeign rejects a folder that holds other files than those of a sweep: the sweep
// would overwrite some of them. It ignores hidden files, the scripts of a job that is to
// run the sweep, and the store of a coordinator that was killed before it wrote sweep.id.
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
		return nil // the sweep is searched in the store
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, ".") || name == SlurmFolder && entry.IsDir() || slices.Contains(storeFiles, name) {
			continue
		}
		if f.Serves() {
			return BadInput("output folder %s belongs to `coordinator serve`: submit a sweep to it with --coordinator %s, or name another folder with --out",
				f, f.Path(OperatorFile))
		}
		return BadInput("output folder %s holds %s but no sweep: name a new or empty folder with --out", f, name)
	}
	return nil
}

// CheckForeignServer is CheckForeign for a server, which may use the folder of a sweep.
func (f Folder) CheckForeignServer() error {
	if f.Serves() {
		return nil
	}
	return f.CheckForeign()
}

// LostIdentity reports whether the folder is that of a sweep and sweep.id is missing.
func (f Folder) LostIdentity() bool {
	return !f.Has(IdentityFile) && f.Has(GridFile) && (f.HasStore() || f.Has(CoordinatorFile))
}

// HasStore reports whether the folder holds a store, or the URL of one.
func (f Folder) HasStore() bool { return f.Has(storeFile) || f.Has(StoreURLFile) }

// IsStarting reports whether a run has locked the folder and not yet planned a sweep in it. It is
// also true after such a run was killed.
func (f Folder) IsStarting() bool {
	return f.Has(lockFile) && !f.Has(IdentityFile) && !f.Serves() && !f.LostIdentity()
}

// Identity returns the ID of the folder's sweep, or "" if there is none yet.
func (f Folder) Identity() (string, error) {
	body, err := inputfile.Read(f.Path(IdentityFile), maxNoteBytes)
	if errors.Is(err, os.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("read the ID of the sweep: %w", err)
	}
	id := strings.TrimSpace(string(body))
	if _, err := uuid.Parse(id); err != nil {
		return "", fmt.Errorf("read the ID of the sweep from %s: %.80q: must be a UUID of 36 characters: `%s` lists the sweeps of the folder's store; write the ID of this one into the file",
			f.Path(IdentityFile), id, CommandLine("coordinator", "list", "--out", string(f)))
	}
	return id, nil
}

// SetIdentity records the sweep of the folder.
func (f Folder) SetIdentity(id string) error {
	return f.write(IdentityFile, func(w io.Writer) error {
		_, err := fmt.Fprintln(w, id)
		return err
	})
}

// Location describes where the folder is, or returns nil if that is unknown.
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
	inode, device := fileID(info)
	return &credentials.Folder{Host: host, Path: path, Inode: inode, Device: device}
}

// Is reports whether the folder is the described one: at the same path of the same
// machine, or moved or mounted under another path. A copy is not.
func (f Folder) Is(described credentials.Folder) bool {
	info, err := os.Stat(string(f))
	if err != nil {
		return false
	}
	host, unnamed := os.Hostname()
	isHere := unnamed == nil && host == described.Host
	if inode, device := fileID(info); inode != 0 && inode == described.Inode && (!isHere || described.Device == 0 || device == described.Device) {
		return true // other machines number devices differently
	}
	there, err := os.Stat(described.Path)
	return err == nil && isHere && os.SameFile(info, there)
}
