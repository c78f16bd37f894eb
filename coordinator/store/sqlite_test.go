package store_test

import (
	"bufio"
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"spiqsweep/coordinator/queue"
	"spiqsweep/coordinator/queue/queuetest"
	"spiqsweep/coordinator/store"
	"spiqsweep/deploy/needs"
)

var ctx = context.Background()

// TestOpenForeignFile checks that each path that is not a store is refused with its own
// message and left unchanged.
func TestOpenForeignFile(t *testing.T) {
	dir := t.TempDir()
	path := func(name string) string { return filepath.Join(dir, name) }
	foreign, err := sql.Open("sqlite", path("foreign.db"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := foreign.ExecContext(ctx, "CREATE TABLE bookmarks (url TEXT)"); err != nil {
		t.Fatal(err)
	}
	if err := foreign.Close(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(
		os.WriteFile(path("notes.txt"), bytes.Repeat([]byte("These are my notes.\n"), 100), 0o644),
		os.WriteFile(path("empty.db"), nil, 0o644),
		os.Mkdir(path("folder"), 0o755),
	); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]string{
		"foreign.db":         "database of another program",
		"notes.txt":          "not an SQLite database",
		"folder":             "is a folder: name a file in it",
		"missing/sweep.db":   "there is no folder",
		"notes.txt/sweep.db": "is not a folder",
	} {
		before, _ := os.ReadFile(path(name))
		for access, open := range map[string]func(context.Context, string, ...store.Option) (queue.Store, error){"writing": store.Open, "reading": store.OpenReadOnly} {
			_, err := open(ctx, path(name))
			missing := access == "reading" && errors.Is(err, fs.ErrNotExist)
			if err == nil || !missing && !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "\n") {
				t.Errorf("%s, for %s: %v, want %q", name, access, err, want)
			}
		}
		if after, _ := os.ReadFile(path(name)); !bytes.Equal(before, after) {
			t.Errorf("%s was changed", name)
		}
	}
	_, err = store.OpenReadOnly(ctx, path("empty.db"))
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "its log") {
		t.Errorf("an empty file, for reading: %v", err)
	}
	if err := open(t, path("empty.db")).Close(); err != nil {
		t.Errorf("an empty file is a new store: %v", err)
	}
}

// TestCopyWithoutLog copies the file without its log. A copy of a new store must be valid,
// one made after a plan must have the plan, and one made some seconds after a commit must
// have the commit.
func TestCopyWithoutLog(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "sweep.db")
	clock := queuetest.NewClock()
	s := open(t, path, store.WithClock(clock.Now))
	defer s.Close()
	q := queue.New(s, queue.Policy{})
	copies := 0
	has := func(look func(*queue.Queue) error) error {
		t.Helper()
		copies++
		body, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		alone := filepath.Join(dir, fmt.Sprint("copy", copies, ".db"))
		if err := os.WriteFile(alone, body, 0o644); err != nil {
			t.Fatal(err)
		}
		c, err := store.OpenReadOnly(ctx, alone)
		if err != nil {
			t.Fatalf("copy %d: %v", copies, err)
		}
		defer c.Close()
		return look(queue.New(c, queue.Policy{}))
	}
	if err := has(func(q *queue.Queue) error { _, err := q.Sweeps(ctx); return err }); err != nil {
		t.Errorf("new: %v", err)
	}
	if _, err := q.Plan(ctx, queuetest.Sweep("A"), queuetest.Stream(queuetest.Plan(0, 3, 1))); err != nil {
		t.Fatal(err)
	}
	planned := func(q *queue.Queue) error {
		status, err := q.Status(ctx, "A")
		if err == nil && status.Counts.Planned != 3 {
			err = fmt.Errorf("counts %+v", status.Counts)
		}
		return err
	}
	waitForWriter(t, s)
	if err := has(planned); err != nil {
		t.Errorf("after a plan: %v", err)
	}
	recorded := func(q *queue.Queue) error { _, err := q.Recording(ctx, "digest"); return err }
	if err := q.PutRecording(ctx, "digest", make([]byte, 1000)); err != nil {
		t.Fatal(err)
	}
	waitForWriter(t, s)
	if err := has(recorded); !errors.Is(err, queue.ErrUnknown) {
		t.Errorf("immediately after a commit: %v: want %v, since each copy of the log costs time", err, queue.ErrUnknown)
	}
	clock.Advance(5 * time.Second)
	if err := q.Tick(ctx); err != nil {
		t.Fatal(err)
	}
	waitForWriter(t, s)
	if err := has(recorded); err != nil {
		t.Errorf("some seconds after a commit: %v", err)
	}
}

// waitForWriter waits until the writer has finished the commits before, with their
// checkpoints.
func waitForWriter(t *testing.T, s queue.Store) {
	t.Helper()
	if err := s.View(ctx, func(queue.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
}

func TestInUse(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweep.db")
	s := open(t, path)
	for name, again := range map[string]func() (queue.Store, error){
		"for writing": func() (queue.Store, error) { return store.Open(ctx, path) },
		"for reading": func() (queue.Store, error) { return store.OpenReadOnly(ctx, path) },
	} {
		began := time.Now()
		_, err := again()
		if !errors.Is(err, store.ErrInUse) || !strings.Contains(err.Error(), fmt.Sprintf("process %d on", os.Getpid())) {
			t.Errorf("a second Open %s: %v", name, err)
		}
		if waited := time.Since(began); waited > 5*time.Second {
			t.Errorf("refused after %v: want immediately", waited)
		}
	}
	if err := queue.New(s, queue.Policy{}).PutRecording(ctx, "digest", []byte("x")); err != nil {
		t.Errorf("the first coordinator after the refusals: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(path + "?*")
	if err != nil || len(left) > 0 {
		t.Errorf("closing left %v, %v", left, err)
	}
}

// TestArchived checks that a complete store is read in a folder that cannot be changed,
// and that one with a log is refused with the cause and the fix.
func TestArchived(t *testing.T) {
	folder := t.TempDir()
	path := filepath.Join(folder, "sweep.db")
	s := open(t, path)
	if _, err := queue.New(s, queue.Policy{}).Plan(ctx, queuetest.Sweep("A"), queuetest.Stream(queuetest.Plan(0, 3, 1))); err != nil {
		t.Fatal(err)
	}
	copied := t.TempDir()
	for _, name := range []string{"sweep.db", "sweep.db-wal"} {
		body, err := os.ReadFile(filepath.Join(folder, name))
		if err != nil || len(body) == 0 {
			t.Fatalf("%s: %d bytes, %v", name, len(body), err)
		}
		if err := os.WriteFile(filepath.Join(copied, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	needs.Unwritable(t, folder)
	needs.Unwritable(t, copied)
	before, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	if s, err = store.OpenReadOnly(ctx, path); err != nil {
		t.Fatal(err)
	}
	if status, err := queue.New(s, queue.Policy{}).Status(ctx, "A"); err != nil || status.Counts.Pending != 3 {
		t.Errorf("status: %+v, %v", status.Counts, err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	if after, err := os.ReadDir(folder); err != nil || len(after) != len(before) {
		t.Errorf("reading left %v, %v", after, err)
	}
	for at, open := range map[string]func(context.Context, string, ...store.Option) (queue.Store, error){
		folder: store.Open, copied: store.OpenReadOnly,
	} {
		_, err := open(ctx, filepath.Join(at, "sweep.db"))
		if want := at + " is not writable: "; !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "ch") {
			t.Errorf("%v: want %q with the fix", err, want)
		}
	}
}

func TestReadOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweep.db")
	if _, err := store.OpenReadOnly(ctx, path); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("OpenReadOnly of a missing file = %v: want %v", err, fs.ErrNotExist)
	}
	s := open(t, path)
	q := queue.New(s, queue.Policy{})
	if _, err := q.Plan(ctx, queuetest.Sweep("A"), queuetest.Stream(queuetest.Plan(0, 3, 1))); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s, err := store.OpenReadOnly(ctx, path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	q = queue.New(s, queue.Policy{})
	if status, err := q.Status(ctx, "A"); err != nil || status.Counts.Pending != 3 {
		t.Errorf("status: %+v, %v", status.Counts, err)
	}
	if err := q.PutRecording(ctx, "digest", nil); err == nil {
		t.Error("a write succeeded in a store that is open for reading")
	}
}

// TestReopen checks that a reopened store has everything that it had before.
func TestReopen(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweep.db")
	clock := queuetest.NewClock()
	s := open(t, path, store.WithClock(clock.Now))
	for round := range 3 {
		f := queuetest.NewFixture(t, func(func() time.Time) queue.Store { return s }, queue.Policy{})
		if round == 0 {
			f.Plan("A", queuetest.Plan(0, 12, 10))
		}
		w := f.Worker(2)
		w.ID = strconv.Itoa(round)
		a := w.Sync().Assignments
		w.Start(a[0].Lease, 10)
		w.Checkpoint(a[0].Lease, 10)
		w.Sync(queuetest.Finished(a[1].Lease, 0))
		before := dump(t, f)
		f.Close()
		s = open(t, path, store.WithClock(clock.Now))
		f.Store.Store = s
		f.Restart()
		if after := dump(t, f); after != before {
			t.Fatalf("before:\n%s\nafter:\n%s", before, after)
		}
		clock.Advance(time.Second)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func dump(t *testing.T, f *queuetest.Fixture) string {
	t.Helper()
	text := fmt.Sprintf("%+v\n", f.Status("A"))
	for _, row := range f.Rows("A") {
		text += fmt.Sprintf("%+v\n%+v\n", row, f.Attempts(row.Task.ID))
	}
	return text
}

// victimPath is the environment variable that makes this test program a coordinator to be
// killed.
const victimPath = "SPIQSWEEP_STORE_VICTIM"

// victim commits until it is killed, and prints the number of each acknowledged commit.
func victim(path string) {
	s, err := store.Open(ctx, path)
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	q := queue.New(s, queue.Policy{})
	for i := 0; ; i++ {
		if err := q.PutRecording(ctx, strconv.Itoa(i), make([]byte, 1000)); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println(i)
	}
}

// TestKilled kills a coordinator during its commits. The next coordinator must not be
// refused, and must find every acknowledged commit.
func TestKilled(t *testing.T) {
	path := filepath.Join(t.TempDir(), "sweep.db")
	for round := range 3 {
		c := exec.Command(os.Args[0])
		c.Env = append(os.Environ(), victimPath+"="+path)
		out, err := c.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		last := -1
		for lines := bufio.NewScanner(out); lines.Scan(); {
			if last, err = strconv.Atoi(lines.Text()); err != nil {
				t.Fatalf("the victim printed %q", lines.Text())
			}
			if last == 0 {
				if _, err := store.Open(ctx, path); !errors.Is(err, store.ErrInUse) ||
					!strings.Contains(err.Error(), fmt.Sprintf("process %d on", c.Process.Pid)) {
					t.Errorf("a second Open: %v", err)
				}
			}
			if last == 20*(round+1) {
				break
			}
		}
		if err := c.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = c.Wait() // it was killed
		var s queue.Store
		if round == 1 {
			s, err = store.OpenReadOnly(ctx, path) // also recovers the log
		} else {
			s, err = store.Open(ctx, path)
		}
		if err != nil {
			t.Fatal(err)
		}
		for next := 0; next <= last; next++ {
			if _, err := queue.New(s, queue.Policy{}).Recording(ctx, strconv.Itoa(next)); err != nil {
				t.Errorf("commit %d of %d was acknowledged: %v", next, last, err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

func TestDamagedFile(t *testing.T) {
	dir := t.TempDir()
	whole := filepath.Join(dir, "whole.db")
	s := open(t, whole)
	q := queue.New(s, queue.Policy{})
	if _, err := q.Plan(ctx, queuetest.Sweep("A"), queuetest.Stream(queuetest.Plan(0, 200, 1))); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	body, err := os.ReadFile(whole)
	if err != nil {
		t.Fatal(err)
	}
	damage := func(change func([]byte) []byte) string {
		path := filepath.Join(dir, "damaged.db")
		if err := os.WriteFile(path, change(append([]byte(nil), body...)), 0o644); err != nil {
			t.Fatal(err)
		}
		return path
	}
	for name, change := range map[string]func([]byte) []byte{
		"another file": func([]byte) []byte { return []byte(strings.Repeat("results,of,something,else\n", 1000)) },
		"its head":     func(b []byte) []byte { copy(b[:16], "no longer a head"); return b },
		"its middle": func(b []byte) []byte {
			for i := 4096; i < len(b); i++ {
				b[i] ^= 0x5a
			}
			return b
		},
		"its end": func(b []byte) []byte { return b[:len(b)/2] },
	} {
		t.Run(name, func(t *testing.T) {
			s, err := store.Open(ctx, damage(change))
			if err == nil {
				for _, rowErr := range queue.New(s, queue.Policy{}).Rows(ctx, "A") {
					if err = rowErr; err != nil {
						break
					}
				}
				defer s.Close()
			}
			if !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), "damaged") || !strings.Contains(err.Error(), "restore a copy") ||
				strings.Contains(err.Error(), "malformed") || strings.Contains(err.Error(), "file is not a database") {
				t.Errorf("error = %v: want one that says in plain words that the file is damaged", err)
			}
		})
	}
}

func TestUnusablePaths(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{filepath.Join(dir, "missing", "sweep.db"), filepath.Join(file, "sweep.db"), dir} {
		_, err := store.Open(ctx, path)
		if !errors.Is(err, queue.ErrUnavailable) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "name a") {
			t.Errorf("Open(%q) = %v", path, err)
		}
	}
}
