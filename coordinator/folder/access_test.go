package folder

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"spiqsweep/deploy/needs"
	"spiqsweep/sweep/atomicfile"
)

// drafts counts the drafts below a folder.
func drafts(t *testing.T, folder string) (n int) {
	t.Helper()
	err := filepath.WalkDir(folder, func(path string, _ os.DirEntry, err error) error {
		if atomicfile.Target(filepath.Base(path)) != "" {
			n++
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// TestFixOfALock checks that another folder is advised only where it would help.
func TestFixOfALock(t *testing.T) {
	for cause, want := range map[error]string{
		syscall.EMFILE: "raise it (`ulimit -n`)",
		syscall.ENOSPC: "free some space, or name another folder with --out",
		syscall.EIO:    "input/output error: name another folder with --out",
	} {
		got := withFix(t.TempDir(), &os.PathError{Op: "open", Path: ".lock", Err: cause}).Error()
		if !strings.HasSuffix(got, want) {
			t.Errorf("%v: %q, want %q", cause, got, want)
		}
	}
}

// TestLockOfAnUnchangeableFolder checks that a folder whose files cannot be replaced is
// refused before anything is written to it, with the reason and the fix in one line.
func TestLockOfAnUnchangeableFolder(t *testing.T) {
	for name, forbid := range map[string]func(testing.TB, string){
		"unwritable":  needs.Unwritable,
		"append-only": func(t testing.TB, folder string) { needs.Attribute(t, folder, "a") },
	} {
		t.Run(name, func(t *testing.T) {
			f := Folder(t.TempDir())
			lock, err := f.Lock()
			if err != nil {
				t.Fatal(err)
			}
			if err := lock.Close(); err != nil {
				t.Fatal(err)
			}
			forbid(t, string(f))
			for range 2 {
				_, err = f.Lock()
				if err == nil || !errors.Is(err, os.ErrPermission) || strings.Contains(err.Error(), "\n") ||
					!strings.Contains(err.Error(), "output folder "+string(f)+": its files cannot be replaced: ") ||
					!strings.Contains(err.Error(), ", or name another folder with --out") {
					t.Errorf("Lock = %v, want the reason and the fix in one line", err)
				}
			}
			if err := f.SetIdentity("x"); !errors.Is(err, os.ErrPermission) {
				t.Errorf("SetIdentity = %v, want %v", err, os.ErrPermission)
			}
			if n := drafts(t, string(f)); n > 0 {
				t.Errorf("%d drafts were left", n)
			}
		})
	}
}

// TestUnchangeableSubfolders checks that refreshes in which a folder of figures or models
// can only grow are Problems of that folder, and leave at most one draft in it.
func TestUnchangeableSubfolders(t *testing.T) {
	for _, holdsFiles := range []bool{false, true} {
		t.Run(fmt.Sprint(holdsFiles), func(t *testing.T) {
			_, v := planned(t)
			for _, name := range []string{figuresFolder, modelsFolder} {
				path := v.folder.Path(name)
				if err := os.MkdirAll(path, 0o700); err != nil {
					t.Fatal(err)
				}
				if holdsFiles {
					if err := os.WriteFile(filepath.Join(path, "S1.svg"), nil, 0o600); err != nil {
						t.Fatal(err)
					}
				}
				needs.Attribute(t, path, "a")
			}
			most := 2
			if holdsFiles {
				most = 0
			}
			for range 3 {
				if err := v.Refresh(t.Context(), NoLimit); err != nil {
					t.Fatal(err)
				}
				problems := v.Problems()
				if len(problems) != 2 {
					t.Fatalf("problems %+v, want one for each folder", problems)
				}
				for _, p := range problems {
					if want := "its files cannot be replaced: operation not permitted"; !strings.HasPrefix(p.Reason, want) || !strings.Contains(p.Reason, "`chattr -i -a "+p.File+"`") {
						t.Errorf("%s: %s, want %q and the fix", p.File, p.Reason, want)
					}
				}
				if n := drafts(t, string(v.folder)); n > most {
					t.Errorf("%d drafts were left, want at most %d", n, most)
				}
			}
		})
	}
}

// TestProblemNamesTheFileOnce checks that the reason of a Problem is one line without the
// path of the file, and has the fix.
func TestProblemNamesTheFileOnce(t *testing.T) {
	v := viewOf(t, nil)
	for name, err := range map[string]error{
		"full disk":     syscall.ENOSPC,
		"limit":         syscall.EFBIG,
		"joined errors": errors.Join(errors.New("one"), errors.New("two")),
	} {
		path := v.folder.Path("results.csv")
		if noted := v.write("results.csv", func(io.Writer) error {
			found, globErr := filepath.Glob(v.folder.Path(".results.csv.*"))
			if globErr != nil || len(found) != 1 {
				t.Fatalf("drafts %q, %v", found, globErr)
			}
			if errno := syscall.Errno(0); errors.As(err, &errno) {
				return fmt.Errorf("write the table: %w", &os.PathError{Op: "write", Path: found[0], Err: err})
			}
			return err
		}); noted != nil {
			t.Fatal(noted)
		}
		problems := v.Problems()
		if len(problems) != 1 || problems[0].File != path {
			t.Fatalf("problems %+v", problems)
		}
		want := map[string]string{
			"full disk":     "no space left on device: the disk or the quota is full: free some space",
			"limit":         "file too large: a file may not grow",
			"joined errors": "one; two",
		}[name]
		if reason := problems[0].Reason; !strings.HasPrefix(reason, want) || strings.Contains(reason, path) || strings.Contains(reason, "\n") {
			t.Errorf("%s: reason %q, want %q", name, reason, want)
		}
	}
	if n := drafts(t, string(v.folder)); n > 0 {
		t.Errorf("%d drafts were left", n)
	}
}
