package app

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"spiqsweep/coordinator/folder"
	"spiqsweep/coordinator/queue"
)

// TestUndoKeepsASharedParent checks that a failed Open keeps a parent folder that it
// created but that holds another folder by now.
func TestUndoKeepsASharedParent(t *testing.T) {
	t.Parallel()
	runs := filepath.Join(t.TempDir(), "runs")
	a := &App{folder: folder.Folder(filepath.Join(runs, "mine")), created: runs}
	if err := a.lockFolder(); err != nil {
		t.Fatal(err)
	}
	other := filepath.Join(runs, "other", "results.csv")
	if err := os.Mkdir(filepath.Dir(other), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(other, []byte("task\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a.undo()
	if _, err := os.Stat(other); err != nil {
		t.Errorf("the results in the other folder: %v", err)
	}
	if _, err := os.Stat(a.Folder()); !os.IsNotExist(err) {
		t.Errorf("the folder of the failed Open: %v, want it gone", err)
	}
}

// TestALockedFolderNamesACommandThatWorks checks the quoting of the name.
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

// TestUndoKeepsTheFolderOfTheNextCoordinator checks that a coordinator that waits for the folder of a
// failed Open gets the folder.
func TestUndoKeepsTheFolderOfTheNextCoordinator(t *testing.T) {
	t.Parallel()
	for range 50 {
		path := filepath.Join(t.TempDir(), "out")
		a := &App{folder: folder.Folder(path), created: path}
		if err := a.lockFolder(); err != nil {
			t.Fatal(err)
		}
		locked := make(chan error)
		b := &App{folder: a.folder}
		go func() {
			for {
				err := b.lockFolder()
				if !errors.Is(err, folder.ErrInUse) {
					locked <- err
					return
				}
			}
		}()
		a.undo()
		if err := <-locked; err != nil {
			t.Fatal(err)
		}
		held, err := b.lock.(*os.File).Stat()
		if err != nil {
			t.Fatal(err)
		}
		if file, err := os.Stat(b.folder.Path(".lock")); err != nil || !os.SameFile(held, file) {
			t.Error("the folder of the second coordinator is gone")
		}
		if err := b.Close(); err != nil {
			t.Error(err)
		}
	}
}

// TestPollPause checks the pause after a slow poll, which is bounded: a frozen
// coordinator may have delayed it.
func TestPollPause(t *testing.T) {
	t.Parallel()
	for took, want := range map[time.Duration]time.Duration{
		0: pollEvery, 100 * time.Millisecond: 2 * time.Second, 10 * time.Second: longestPollPause,
	} {
		if got := pollPause(pollEvery, took); got != want {
			t.Errorf("after a poll of %v: %v, want %v", took, got, want)
		}
	}
}

// TestNothingRunsWithoutAWorker checks that unfinished tasks of a verification count as
// running only if a worker holds them.
func TestNothingRunsWithoutAWorker(t *testing.T) {
	t.Parallel()
	v := Verification{Chosen: 5}
	s := queue.Status{Counts: queue.Counts{Planned: 9, Done: 9, Verifying: 3}}
	if p := v.progress(s, 0); p.Counts.Running() != 0 {
		t.Errorf("%d tasks run without a worker", p.Counts.Running())
	}
	s.Workers, s.Workforce.Slots = []queue.Worker{{Running: make([]queue.Running, 1)}}, 4
	p := v.progress(s, 0)
	if diff := cmp.Diff(queue.Counts{Planned: 5, Done: 2, Leased: 1, Pending: 2}, p.Counts); diff != "" || p.Counts.Running() != 1 {
		t.Errorf("%d run, counts (-want +got):\n%s", p.Counts.Running(), diff)
	}
}
