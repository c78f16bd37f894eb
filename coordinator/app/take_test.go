package app

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
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
