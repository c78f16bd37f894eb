package atomicfile_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"spiqsweep/sweep/atomicfile"
)

func entries(t *testing.T, folder string) []string {
	t.Helper()
	found, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range found {
		names = append(names, entry.Name())
	}
	return names
}

func TestWriteReplacesAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "file.json")
	for _, body := range []string{"first, and longer", "second"} {
		if err := atomicfile.Write(path, 0o600, []byte(body)); err != nil {
			t.Fatal(err)
		}
		if got, err := os.ReadFile(path); err != nil || string(got) != body {
			t.Errorf("the file holds %q, %v, want %q", got, err, body)
		}
	}
	if names := entries(t, filepath.Dir(path)); len(names) != 1 {
		t.Errorf("the folder holds %q, want the file alone", names)
	}
}

// TestRemoveDrafts checks that a file's abandoned drafts are removed, and nothing else.
func TestRemoveDrafts(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "file.json")
	draft := func(of string, age time.Duration) string {
		made, err := atomicfile.Fill(filepath.Join(folder, of), 0o600, false, func(io.Writer) error { return nil })
		if err != nil {
			t.Fatal(err)
		}
		changed := time.Now().Add(-age)
		if err := os.Chtimes(made, changed, changed); err != nil {
			t.Fatal(err)
		}
		return filepath.Base(made)
	}
	if err := atomicfile.Write(path, 0o600, nil); err != nil {
		t.Fatal(err)
	}
	draft("file.json", 2*time.Hour)
	want := []string{"file.json", draft("other.json", 2*time.Hour), draft("file.json", time.Minute)}
	atomicfile.RemoveDrafts(folder, func(name string) bool { return name == "file.json" })
	slices.Sort(want)
	if got := entries(t, folder); !slices.Equal(got, want) {
		t.Errorf("the folder holds %q, want %q", got, want)
	}
}

func TestAFailedWriteLeavesNoDraft(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	path := filepath.Join(folder, "file.json")
	fault := errors.New("fault")
	if _, err := atomicfile.Fill(path, 0o600, false, func(io.Writer) error { return fault }); !errors.Is(err, fault) {
		t.Errorf("error is %v, want %v", err, fault)
	}
	if names := entries(t, folder); len(names) != 0 {
		t.Errorf("the folder holds %q after a failed Fill", names)
	}
	if err := os.MkdirAll(filepath.Join(path, "held"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := atomicfile.Write(path, 0o600, nil); err == nil {
		t.Error("Write replaced a folder that holds something")
	}
	if names := entries(t, folder); len(names) != 1 {
		t.Errorf("the folder holds %q after a failed Write", names)
	}
}

func TestTargetRecognisesDrafts(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	draft, err := atomicfile.Fill(filepath.Join(folder, "sweep.id"), 0o600, true, func(io.Writer) error { return nil })
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{filepath.Base(draft): "sweep.id", "sweep.id": "", ".lock": "", ".sweep.id.x": ""} {
		if got := atomicfile.Target(name); got != want {
			t.Errorf("Target(%q) = %q, want %q", name, got, want)
		}
	}
}

// TestErrorsNameTheFile checks that an error of the file system names the file once, in one
// line, whichever step fails, and never the draft.
func TestErrorsNameTheFile(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	occupied := filepath.Join(folder, "occupied")
	if err := os.MkdirAll(filepath.Join(occupied, "held"), 0o700); err != nil {
		t.Fatal(err)
	}
	wrapping := func(io.Writer) error { // as a writer on a full disk that adds its own words
		return fmt.Errorf("write the figure: %w", &fs.PathError{Op: "write", Path: draftIn(t, folder), Err: syscall.ENOSPC})
	}
	_, full := atomicfile.Fill(filepath.Join(folder, "full"), 0o600, true, wrapping)
	for path, err := range map[string]error{
		filepath.Join(folder, "missing", "file"): atomicfile.Write(filepath.Join(folder, "missing", "file"), 0o600, nil),
		occupied:                                 atomicfile.Write(occupied, 0o600, nil),
		filepath.Join(folder, "full"):            full,
	} {
		var at *fs.PathError
		if !errors.As(err, &at) || at.Path != path || err.Error() != "write "+path+": "+at.Err.Error() {
			t.Errorf("%s: %v, want one PathError of the file", path, err)
		}
	}
}

// draftIn returns the path of the only draft in a folder.
func draftIn(t *testing.T, folder string) string {
	t.Helper()
	for _, name := range entries(t, folder) {
		if atomicfile.Target(name) != "" {
			return filepath.Join(folder, name)
		}
	}
	t.Fatal("there is no draft")
	return ""
}
