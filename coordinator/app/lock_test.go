package app

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"spiqsweep/sweep/table"
)

// TestUndoSparesANeighbour fails an Open while another coordinator has begun
// in the folder above, which this one made.
func TestUndoSparesANeighbour(t *testing.T) {
	t.Parallel()
	runs := filepath.Join(t.TempDir(), "runs")
	a := &App{folder: folder(filepath.Join(runs, "mine")), created: runs}
	if err := a.lockFolder(); err != nil {
		t.Fatal(err)
	}
	neighbour := filepath.Join(runs, "other", "results.csv")
	if err := os.Mkdir(filepath.Dir(neighbour), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(neighbour, []byte("task\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.undo()
	if _, err := os.Stat(neighbour); err != nil {
		t.Errorf("the neighbour's results: %v", err)
	}
	if _, err := os.Stat(a.Folder()); !os.IsNotExist(err) {
		t.Errorf("the folder of the failed Open: %v, want it gone", err)
	}
}

// TestALockedFolderNamesACommandThatWorks: whatever is in the folder's name.
func TestALockedFolderNamesACommandThatWorks(t *testing.T) {
	t.Chdir(t.TempDir())
	a, b := &App{folder: "it's $HOME"}, &App{folder: "it's $HOME"}
	if err := a.lockFolder(); err != nil {
		t.Fatal(err)
	}
	defer a.Close()
	const want = "see `coordinator status --out 'it'\\''s $HOME'`"
	if err := b.lockFolder(); err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("error is %v, want one that ends with %s", err, want)
	}
}

// TestUndoTakesNoOthersFolder: a coordinator that waits for a folder which an Open
// that failed removes has the folder afterwards.
func TestUndoTakesNoOthersFolder(t *testing.T) {
	t.Parallel()
	for range 50 {
		path := filepath.Join(t.TempDir(), "out")
		a := &App{folder: folder(path), created: path}
		if err := a.lockFolder(); err != nil {
			t.Fatal(err)
		}
		locked := make(chan error)
		b := &App{folder: a.folder}
		go func() {
			for {
				err := b.lockFolder()
				if !errors.Is(err, ErrInUse) {
					locked <- err
					return
				}
			}
		}()
		a.undo()
		if err := <-locked; err != nil {
			t.Fatal(err)
		}
		if file, ok := b.lock.(*os.File); !ok || !sameFile(file, b.folder.path(lockFile)) {
			t.Error("the folder of the second coordinator is gone")
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestLocalWorkersAreKnownWhereverTheFolderIs, in the folder's own store.
func TestLocalWorkersAreKnownWhereverTheFolderIs(t *testing.T) {
	t.Parallel()
	if a, b := kinshipOf("here", "here/sweep.db", ""), kinshipOf("there", "there/sweep.db", ""); a != b {
		t.Errorf("local workers of a moved folder end in %q and %q", a, b)
	}
	const shared = "postgres://host/db"
	if a, b := kinshipOf("here", shared, ""), kinshipOf("there", shared, ""); a == b {
		t.Errorf("local workers of two coordinators of one store both end in %q", a)
	}
}

// TestAPanicOfAViewIsAProblem: it is noted, and the rows go to the other readers.
func TestAPanicOfAViewIsAProblem(t *testing.T) {
	t.Parallel()
	v := viewOf(t, nil)
	if err := v.write(resultsFile, func(io.Writer) error { panic("of a view") }); err != nil {
		t.Error(err)
	}
	if got := v.problems.list(); len(got) != 1 || !strings.Contains(got[0].Reason, "of a view") {
		t.Errorf("problems are %+v", got)
	}
	read := 0
	err := spread(func(yield func(table.Row, error) bool) { yield(table.Row{}, nil) },
		func(table.Rows) error { panic("of a reader") },
		func(rows table.Rows) error {
			for _, err := range rows {
				if err != nil {
					return err
				}
				read++
			}
			return nil
		})
	if err == nil || !strings.Contains(err.Error(), "of a reader") || read != 1 {
		t.Errorf("error is %v, %d rows were read", err, read)
	}
	if err := v.write(resultsFile, func(io.Writer) error { return nil }); err != nil || len(v.problems.list()) != 0 {
		t.Errorf("after it could be written: %v, %+v", err, v.problems.list())
	}
}
